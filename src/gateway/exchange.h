/*
 * exchange.h
 *		One request and the answer to it.
 */
#ifndef RESTATE_GATEWAY_EXCHANGE_H
#define RESTATE_GATEWAY_EXCHANGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "buffer.h"
#include "pool.h"
#include "rows.h"
#include "url.h"

struct Ingress;
struct Listening;
struct MHD_Connection;
struct Port;
struct Route;
struct Stream;

#define EXCHANGE_MAX_ARGS 13

/* A header that an answer has beside those of all. */
typedef struct AnswerHeader
{
	const char *name; /* NULL ends them */
	const char *value;
} AnswerHeader;

typedef struct Exchange Exchange;
typedef struct Discovery Discovery;

struct Exchange
{
	Task task; /* first: of a task the exchange is known */
	struct MHD_Connection *connection;
	const struct Port *port;
	struct Listening *listening; /* where it has arrived */
	/* called when a task of it has ended and the answer is there; for a stream when there is more of it, too */
	void (*answered)(Exchange *exchange);
	/* has its call made, after what came before that */
	void (*go_on)(Exchange *exchange);
	int64_t started_us; /* on a clock that is never set */
	char *target;
	const char *target_end; /* of the text that it was copied from */
	char method[16];
	UrlTarget url;
	const struct Route *route;
	bool has_arrived; /* all of it */
	bool is_waiting;  /* for its task, the connection suspended */
	bool is_logged;
	bool
		lacks_chunks;  /* HTTP/1.0: what is sent without its length cannot be seen to be broken off */
	bool has_failed;   /* its memory ran out before it could be answered so */
	bool is_version_2; /* of the API: its path begins with that */
	bool is_left;	   /* its connection is closed: it is freed when its task has ended */

	/* decoded from the path; the id too, where there is one */
	char *path_parameter;
	size_t path_parameter_len;
	char *inner_parameter; /* further down the path */
	size_t inner_parameter_len;

	/* arguments of the SQL call, checked; NULL for null */
	char *args[EXCHANGE_MAX_ARGS];

	/* for the audit: who asks for it and why, where that is told; NULL if not */
	char *person;
	char *reason;

	Buffer body;
	size_t body_len;  /* what arrived, kept or not */
	size_t body_held; /* what is counted of it, in its buffer or as an argument */

	/* of POST /query: how far it is */
	int step;
	int casts; /* strings in it that were taken for an id and are none */
	Rows rows;
	struct Stream *stream; /* NULL: the answer is sent when it is whole */

	struct Ingress *ingress; /* what it is to the ingress, or NULL */

	Discovery *discovery; /* what a deployment is asked; NULL: none is, or it has answered */

	/* the answer */
	int status; /* 0: none yet */
	const char *content_type;
	Buffer answer;
	char allow[32]; /* the methods that are served; empty: that is not asked */
	char *location;
	bool retry_later;
	bool is_last; /* on its connection */

	/* a file as the answer */
	int file; /* -1: none, or its response's own by now */
	int64_t file_size;
	bool has_file;				 /* it counts as one that is being sent */
	char etag[64];				 /* empty: none */
	const AnswerHeader *headers; /* NULL: no others */
};

/* of discovery.h */
extern void discovery_free(Discovery *discovery);

extern Exchange *exchange_new(const char *target);
extern void exchange_free(Exchange *exchange);

/* The exchange whose task it is. */
extern Exchange *exchange_of(Task *task);

/*
 * Keeps a copy of the text as an argument of the call.  Returns false, and
 * answers, where memory has run out: without it the call would be another one.
 */
extern bool exchange_keep(Exchange *exchange, char **where, const char *text);

/* Keeps an open file as the answer's content; it is closed in the end. */
extern void exchange_keep_file(Exchange *exchange, int file, int64_t size);

/* How many exchanges have a file. */
extern int exchange_files(void);

/* Microseconds since the exchange began. */
extern int64_t exchange_duration(const Exchange *exchange);

/* There is no answer yet: what it said does not hold. */
extern void answer_take_back(Exchange *exchange);

extern void answer_empty(Exchange *exchange, int status);
extern void answer_json(Exchange *exchange, int status);
extern void answer_error(Exchange *exchange, int status, const char *category, const char *message);
extern void answer_out_of_memory(Exchange *exchange);

#endif /* RESTATE_GATEWAY_EXCHANGE_H */
