/*
 * push_call.h
 *		One call that pushes what attempts have sent: its arguments, and what its answer
 *		tells them.
 */
#ifndef RESTATE_GATEWAY_PUSH_CALL_H
#define RESTATE_GATEWAY_PUSH_CALL_H

#include <libpq-fe.h>

#include "buffer.h"
#include "dispatch/attempt.h"
#include "pool.h"

/* how many attempts one has, at most */
#define MOST_ATTEMPTS 1000

enum
{
	PARAM_IDS,
	PARAM_ATTEMPTS,
	PARAM_FRAMES,
	PARAM_COMMANDS,
	PARAM_KNOWN,
	PARAM_SERVERS,
	PUSH_PARAMS,
	PARAM_WORKER = PUSH_PARAMS,
	PARAM_MOST,
	PARAM_DEPLOYMENTS,
	PARAMS
};

enum
{
	COLUMN_ORDINALITY,
	COLUMN_OK,
	COLUMN_CATEGORY,
	COLUMN_MESSAGE,
	COLUMN_ERROR_CODE,
	COLUMN_REPLY,
	COLUMN_COMMANDS,
	COLUMN_ENTRIES,
	COLUMN_STATUS,
	COLUMN_RESULT,
	COLUMN_SEED,
	COLUMN_MADE_READY,
	/* of those that may start something */
	COLUMN_ID,
	COLUMN_KNOWN_BEFORE,
	COLUMN_CLAIMED /* the first of those of an attempt that was started */
};

typedef struct Push
{
	Task task; /* first: of a task the push is known */
	bool is_running;
	Attempt *members[MOST_ATTEMPTS]; /* NULL: it is gone */
	int count;
	Buffer arrays[PARAMS];
	const char *params[PARAMS];
	int lengths[PARAMS];
	int offered;	/* slots for what it makes ready */
	PGresult *rows; /* the answer, which holds once the call has ended */
	char sqlstate[6];
	char error[256];
	bool is_open; /* whether it was taken: the error does not tell */
} Push;

/* push_call.c: makes the arguments, returns false where memory has run out; and sends the call */
extern bool push_make(Push *push);
extern bool push_send(Push *push);

/* Ends the offer to run what it makes ready, if there is one, and starts what was claimed. */
extern void push_end_offer(Push *push, const PGresult *rows, bool is_known);

/*
 * push_answer.c: tells each attempt what has become of what it has sent, and others what has
 * come to them by it.
 */
extern void push_tell(Push *push, const PGresult *rows);

#endif /* RESTATE_GATEWAY_PUSH_CALL_H */
