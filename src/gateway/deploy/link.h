/*
 * link.h
 *		A connection to a deployment, and what the two ways of HTTP do with it.
 *		For the client itself; others include client.h.
 */
#ifndef RESTATE_GATEWAY_LINK_H
#define RESTATE_GATEWAY_LINK_H

#include "deploy/client.h"
#include "deploy/dial.h"
#include "deploy/tls.h"
#include "deploy/uri.h"

/* how much of an answer may be there that its owner has not taken */
#define LINK_WINDOW ((size_t) 256 * 1024)

typedef struct Link Link;

/* What is read and written over a connection. */
typedef struct LinkKind
{
	/* the socket is connected; returns false where memory has run out */
	bool (*open)(Link *link);
	/* a call is on the connection; returns false where memory has run out */
	bool (*begin)(Link *link, Call *call);
	/* the call has more to send, or has ended that */
	void (*more)(Link *link, Call *call);
	/* so much of its answer was taken */
	void (*took)(Link *link, Call *call, size_t len);
	/* nobody waits for the call; it is no longer the connection's */
	void (*reset)(Link *link, Call *call);
	/* the socket is ready */
	void (*ready)(Link *link, uint32_t events);
	/* sends what there is */
	void (*flush)(Link *link);
	/* frees what open has made, when nothing of it is in use any more */
	void (*free)(Link *link);
	/* whether it takes one more call */
	bool (*has_room)(const Link *link);
	bool has_streams; /* several calls at a time */
} LinkKind;

typedef enum LinkState
{
	LINK_DIALLING,
	LINK_SECURING, /* connected; TLS begins */
	LINK_OPEN,
	LINK_CLOSED /* it is freed in the endpoint's next turn */
} LinkState;

struct Link
{
	const LinkKind *kind;
	Endpoint *endpoint;
	Link *next; /* of the endpoint */
	LinkState state;
	Dial dial;
	Watch watch;
	Timer timer; /* TLS has not begun, nothing has come yet, or nothing is going on */
	int socket;
	Tls *tls;		   /* NULL: without */
	bool has_answered; /* in the way that is spoken on it */
	bool is_leaving;   /* it takes no more calls */
	bool has_news;	   /* there may be something to send */
	Call *calls;
	int ncalls;
	void *data; /* the kind's */
	Buffer out; /* bytes that the socket has not taken, from sent on */
	size_t sent;
};

extern const LinkKind link_http2;
extern const LinkKind link_http1;

extern const Uri *link_uri(const Link *link);

/* So much of what a call is to send was taken to be written. */
extern void link_sent(Call *call, size_t len);

/* Has the link flushed before the loop waits. */
extern void link_has_news(Link *link);

/*
 * Reads what has come, as recv does: -1 and EAGAIN where nothing has; for another error
 * link_error has the words.
 */
extern ssize_t link_read(Link *link, void *to, size_t room);

/* Returns what is wrong with the connection, after an error. */
extern const char *link_error(const Link *link);

/*
 * Sends what is in out; returns whether all of it is sent.  Otherwise the socket is
 * watched for room, or the link is closed.
 */
extern bool link_write(Link *link);

/* Watches the socket, for room too as long as something is left to write; reads: for what comes. */
extern bool link_watch(Link *link, bool reads);

/* What is spoken here is what is expected: the peer does not have to hurry any more. */
extern void link_answers(Link *link);

/* Takes a call off its connection; its end is to be told. */
extern void link_drop_call(Call *call);

/* Takes a call off its connection and tells its end. */
extern void link_end_call(Call *call, CallEnd how, const char *why);

/* Closes the link; its calls end so. */
extern void link_close(Link *link, CallEnd how, const char *why);

/* Says of a call that it has the headers of its answer, once. */
extern void link_tell_head(Call *call);

#endif /* RESTATE_GATEWAY_LINK_H */
