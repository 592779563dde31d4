/*
 * joined.h
 *		The call that carries out several requests of one kind.
 */
#ifndef RESTATE_GATEWAY_JOINED_H
#define RESTATE_GATEWAY_JOINED_H

#include "exchange.h"

/* no more go into one call, so that others need not wait long for its end; the call takes 1,000 */
#define JOINED_MOST 128

#define JOINED_ARGS 8

/* What was sent, until the call has ended. */
typedef struct JoinedCall
{
	Buffer literals[JOINED_ARGS];
	const char *params[JOINED_ARGS];
} JoinedCall;

/* Returns whether the exchange may go together with others. */
extern bool joined_takes(const Exchange *exchange);

/* Returns whether two such exchanges may go together. */
extern bool joined_fit(const Exchange *one, const Exchange *other);

/* Makes the call; returns false where memory has run out.  It is to be freed in any case. */
extern bool joined_make(JoinedCall *call, Exchange *const *exchanges, int count);
extern bool joined_send(const JoinedCall *call, Session *session);
extern void joined_free(JoinedCall *call);

/*
 * Answers with what the call has returned.  What has no answer after that is
 * busy: nothing of it was done.
 */
extern void joined_answer(Exchange *const *exchanges, int count, const PGresult *result);

#endif /* RESTATE_GATEWAY_JOINED_H */
