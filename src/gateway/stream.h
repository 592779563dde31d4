/*
 * stream.h
 *		An answer that is sent while its query still runs, as the rows come.
 *
 * What is ready stands in the exchange's answer.  The client takes it in its
 * own time: while it does not, the session is not read from, and the database
 * waits.
 */
#ifndef RESTATE_GATEWAY_STREAM_H
#define RESTATE_GATEWAY_STREAM_H

#include <libpq-fe.h>
#include <stdbool.h>
#include <stddef.h>

#include "arrow_rows.h"
#include "exchange.h"

typedef enum StreamState
{
	STREAM_GATHERS, /* nothing is sent: an error can still be the answer */
	STREAM_OPEN,	/* its beginning is sent */
	STREAM_COMPLETE,
	STREAM_BROKEN /* it ends without its end */
} StreamState;

typedef struct Stream
{
	StreamState state;
	bool is_whole;	 /* it is sent in one piece, as far as it fits into one */
	bool has_schema; /* in the answer */
	ArrowRows rows;
	size_t taken;	  /* of the answer: the client has it */
	int64_t taken_at; /* by loop_now */
	Timer stalled;	  /* set while the database waits: its session may be taken away */
} Stream;

/* Returns NULL where memory has run out; is_whole: nothing is sent before all of it is there. */
extern Stream *stream_new(bool is_whole);
extern void stream_free(Stream *stream);

/* Forgets all that came, which was not sent yet. */
extern void stream_restart(Stream *stream);

/* Returns whether the exchange's answer is a stream that was begun: its status is sent before its end is known. */
extern bool stream_has_begun(const Exchange *exchange);

/* Returns how many bytes wait for the client. */
extern size_t stream_ready(const Exchange *exchange);

/* Takes a row; returns what is wrong with it, or NULL. */
extern const char *stream_add(Exchange *exchange, const PGresult *row);

/* Ends the stream, all rows being there; returns false where memory has run out. */
extern bool stream_complete(Exchange *exchange);

/* Breaks off a stream that was begun; the log says why, which is no payload. */
extern void stream_break(Exchange *exchange, const char *why);

/* Copies what is ready to the client; returns how many bytes that are. */
extern size_t stream_take(Exchange *exchange, char *to, size_t room);

/* Breaks off the stream, if it is one: nobody reads it. */
extern void stream_leave(Exchange *exchange);

#endif /* RESTATE_GATEWAY_STREAM_H */
