/*
 * handlers.h
 *		What is counted of each handler: its attempts and their steps, the calls of it,
 *		and how long they took.
 */
#ifndef RESTATE_GATEWAY_HANDLERS_H
#define RESTATE_GATEWAY_HANDLERS_H

#include <stddef.h>

#include "buffer.h"

/* How an attempt has ended. */
typedef enum AttemptOutcome
{
	ATTEMPT_COMPLETED,
	ATTEMPT_SUSPENDED, /* or ready again at once */
	ATTEMPT_FAILED,
	ATTEMPT_LOST,		/* it is another's, or its invocation has ended by something else */
	ATTEMPT_GIVEN_BACK, /* the gateway ends, another starts it anew */
	ATTEMPT_OUTCOMES
} AttemptOutcome;

/* Of one handler; it stays where it is for as long as the gateway runs. */
typedef struct Handler Handler;

/*
 * Returns where a handler that is registered is counted: those that there is no room for
 * are counted as one.
 */
extern Handler *handler_find(const char *service, size_t service_len, const char *handler,
							 size_t handler_len);

extern void handler_count_attempt(Handler *handler, AttemptOutcome outcome, double seconds);
extern void handler_count_steps(Handler *handler, unsigned long steps);

/* A call of it over the ingress, from the request to the answer. */
extern void handler_count_call(Handler *handler, double seconds);

/* Writes the metrics of attempts, where handlers are run here, and of calls. */
extern void handlers_render_attempts(Buffer *buffer);
extern void handlers_render_calls(Buffer *buffer);

extern void handlers_free(void);

#endif /* RESTATE_GATEWAY_HANDLERS_H */
