/*
 * client.h
 *		Requests to what serves handlers: a deployment at a URI, over HTTP/2 or
 *		HTTP/1.1, in TLS where the URI says https.
 *
 * All of it is in the loop's thread and waits for nothing.  An Endpoint is made
 * for a URI; calls are started on it and go over its connections, which it opens
 * as they are needed: over one, as streams, in HTTP/2, or more where the peer takes
 * fewer streams; over one each in HTTP/1.1.
 * A call can be a plain request with an answer (fetch.h is simpler for that), or
 * send and receive at the same time for as long as it lasts.
 *
 * No event of a call is told before call_start has returned.  In each of them
 * the call may be reset, or its endpoint freed, and after the last one, ended, the
 * call is its owner's again, to be freed or started anew.
 *
 * In TLS the deployment has to show a certificate that is good for its host, by what
 * tls_configure says (tls.h); without one there is no connection.
 */
#ifndef RESTATE_GATEWAY_CLIENT_H
#define RESTATE_GATEWAY_CLIENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "buffer.h"
#include "loop.h"

typedef struct Endpoint Endpoint;
typedef struct Call Call;

typedef enum EndpointHttp
{
	ENDPOINT_HTTP2, /* nothing else: without TLS it is known to be spoken, in TLS it is agreed on */
	ENDPOINT_HTTP1,
	ENDPOINT_ANY /* what is agreed on in TLS, HTTP/2 if it can be; without TLS, HTTP/2 */
} EndpointHttp;

typedef struct EndpointConfig
{
	const char *uri; /* http[s]://HOST[:PORT][/PATH]; copied */
	EndpointHttp http;
	int most_calls; /* at the same time; what is started beyond waits */
	int connect_ms; /* how long it may take to reach it; 0: what is usual */
} EndpointConfig;

/* How a call has ended. */
typedef enum CallEnd
{
	CALL_COMPLETE,	  /* the answer has */
	CALL_UNREACHABLE, /* nothing of it was sent: there is no connection, or none that can be trusted */
	CALL_NOT_HTTP2,	  /* what is there does not speak HTTP/2: it may be HTTP/1.1 only */
	CALL_BROKEN,	  /* it was sent, in part at least; the connection or the stream broke */
	CALL_MALFORMED,	  /* what came back is no HTTP */
	CALL_LATE,		  /* its deadline is over */
	CALL_NO_MEMORY
} CallEnd;

typedef struct CallHeader
{
	const char *name; /* in lower case */
	const char *value;
} CallHeader;

/* What a call tells; those but the last may be NULL. */
typedef struct CallEvents
{
	/* a header of the answer, its name in lower case */
	void (*header)(Call *call, const char *name, const char *value);
	void (*head)(Call *call); /* all headers were told, and call->status is there */
	/* a piece of the body; more comes only as far as call_took says that it may */
	void (*data)(Call *call, const char *bytes, size_t len);
	/* the last one; why: one line for people, with the system's words where there are some */
	void (*ended)(Call *call, CallEnd how, const char *why);
} CallEvents;

/* Zeroed before it is filled in; the part below is the client's. */
struct Call
{
	const CallEvents *events;
	void *owner;
	const char *method;
	const char *path;		   /* from / on; appended to that of the URI */
	const CallHeader *headers; /* these and all texts stay the owner's, until it has ended */
	int nheaders;
	int64_t deadline; /* by loop_now, for all of it; 0: none */
	int status;		  /* of the answer; 0: not there yet */

	Endpoint *endpoint; /* NULL: it has not started, or has ended */
	struct Link *link;	/* the connection that it is on; NULL: it waits for one */
	Call *previous;
	Call *next;
	Timer timer;
	int32_t stream;
	bool is_finished; /* no more will be given to be sent */
	bool is_head_told;
	Buffer out; /* to be sent, from sent on */
	size_t sent;
	size_t untaken; /* bytes of the answer that were told and not taken */
};

/* Returns NULL, and in *error why, where the URI is none of ours or memory has run out. */
extern Endpoint *endpoint_new(const EndpointConfig *config, const char **error);

/* Ends its connections and forgets its calls, which are told nothing; may be called in an event. */
extern void endpoint_free(Endpoint *endpoint);

/* The same at once, for when the loop has ended. */
extern void endpoint_stop(Endpoint *endpoint);

/* Whether it is HTTP/1.1 that is spoken: known for ENDPOINT_ANY when a connection was made. */
extern bool endpoint_is_http1(const Endpoint *endpoint);

/* Calls that are on connections, and calls that wait for one. */
extern int endpoint_calls(const Endpoint *endpoint);

/* Connections to all endpoints that are open, and calls that are on them. */
extern int endpoints_connected(void);
extern int endpoints_streams(void);

/*
 * Starts a call.  Returns NULL, or why it is not started: memory has run out, or a
 * header cannot be sent.
 */
extern const char *call_start(Endpoint *endpoint, Call *call);

/* Has bytes sent when the other side takes them; returns false where memory has run out. */
extern bool call_send(Call *call, const char *bytes, size_t len);

/* Ends what is sent; the answer may still come. */
extern void call_finish(Call *call);

/* How much of what was given to be sent the other side has not taken yet. */
extern size_t call_unsent(const Call *call);

/* The same of all calls together. */
extern size_t calls_unsent(void);

/* So much of the answer has been dealt with: as much more may come. */
extern void call_took(Call *call, size_t len);

/* Ends a call that nobody waits for, in HTTP/2 with RST_STREAM (CANCEL); it is told nothing more. */
extern void call_reset(Call *call);

#endif /* RESTATE_GATEWAY_CLIENT_H */
