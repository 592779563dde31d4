/*
 * joined.h
 *		Calls that carry out several requests: how lanes make them, and those of one
 *		operation.
 */
#ifndef RESTATE_GATEWAY_JOINED_H
#define RESTATE_GATEWAY_JOINED_H

#include "exchange.h"

/* no more go into one call, so that others need not wait long for its end; the call takes 1,000 */
#define JOINED_MOST 128

#define JOINED_MAX_ARGS 11

/* What was sent, until the call has ended. */
typedef struct JoinedCall
{
	Statement statement;
	Buffer literals[JOINED_MAX_ARGS]; /* of arrays */
	const char *params[JOINED_MAX_ARGS];
	int lengths[JOINED_MAX_ARGS];
	int offered;	 /* slots for attempts, to those who submit */
	PGresult *begun; /* the answer with such attempts, which holds once the call has ended; or NULL */
	bool is_unsure;	 /* whether there are any */
} JoinedCall;

/* How requests are joined. */
typedef struct JoinKind
{
	/* returns whether the exchange may go together with others, and whether two such may */
	bool (*takes)(const Exchange *exchange);
	bool (*fit)(const Exchange *one, const Exchange *other);
	/* makes the call, which is zero; returns false where memory has run out */
	bool (*make)(JoinedCall *call, Exchange *const *exchanges, int count);
	/*
	 * answers with what the call has returned.  What has no answer after that is
	 * busy: nothing of it was done
	 */
	void (*answer)(JoinedCall *call, Exchange *const *exchanges, int count, const PGresult *result);
	bool (*has_answer)(const Exchange *exchange);
	/* there is no answer yet: what it said does not hold */
	void (*take_back)(Exchange *exchange);
	/* the call has ended, or is made anew for TASK_WITHDRAWN; NULL: that does not matter */
	void (*ended)(JoinedCall *call, TaskEnd how);
} JoinKind;

/* Operations of one kind. */
extern const JoinKind joined_operations;

extern bool joined_has_answer(const Exchange *exchange);

/* Adds an element to an array's literal; NULL is null. */
extern void joined_add_element(Buffer *literal, int place, const char *text);

/* Frees what was made for it. */
extern void joined_free(JoinedCall *call);

#endif /* RESTATE_GATEWAY_JOINED_H */
