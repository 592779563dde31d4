/*
 * asks.h
 *		Why the database is asked: whether something said that there may be news, or
 *		only time has passed.
 */
#ifndef RESTATE_GATEWAY_ASKS_H
#define RESTATE_GATEWAY_ASKS_H

#include "buffer.h"

/* What is asked for. */
typedef enum Ask
{
	ASK_CLAIM,	/* what is ready */
	ASK_RESULT, /* the result that a request waits for */
	ASK_TICK,	/* what is due */
	ASK_NEWS,	/* what others have brought to an attempt */
	ASKS
} Ask;

/* And why. */
typedef enum Reason
{
	REASON_OWN,		 /* for what this gateway has done itself, its start included */
	REASON_NOTIFIED, /* the database has notified */
	REASON_DUE,		 /* its time was known */
	REASON_MORE,	 /* there was something the last time */
	REASON_POLL,	 /* nothing said so */
	REASONS
} Reason;

/* So much was asked for, for that reason. */
extern void count_ask(Ask ask, Reason reason, int count);

extern void asks_render(Buffer *buffer);

/* How many seconds pass at most, when all is well, before it is asked for no other reason. */
extern void asks_configure(int poll_seconds);

/* So many milliseconds that are usual for that, in proportion. */
extern int poll_ms(int usual);

#endif /* RESTATE_GATEWAY_ASKS_H */
