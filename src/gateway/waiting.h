/*
 * waiting.h
 *		The requests that wait for results.
 *
 * One that waits holds neither a session nor a thread: it is in a table, by the id of
 * the invocation.  When the database notifies of an id, or after a while, the results
 * of many are asked for in one call.
 */
#ifndef RESTATE_GATEWAY_WAITING_H
#define RESTATE_GATEWAY_WAITING_H

#include <stdbool.h>

#include "dispatch/attempt.h"
#include "ingress.h"

/* Begins to listen, in a session of its own, and to ask with those of the pool. */
extern bool waiting_start(Pool *pool, const char *conninfo, int request_timeout);
extern void waiting_stop(void);

/* The name of this gateway, under which it waits: another with each start. */
extern const char *waiting_name(void);

/* Has the exchange wait for the result of its invocation. */
extern void waiting_add(Exchange *exchange);

/* An invocation has ended, or may have: its result is asked for at once. */
extern void waiting_look(const char *id);

/* The same, with the value that it has completed with, or NULL where that is not known. */
extern void waiting_is_over(const char *id, const AttemptResult *result);

/* Answers one that waits with the result of its invocation. */
extern void waiting_answer(Ingress *ingress, const char *value, size_t len, int status,
						   bool is_failure);

/* The client has gone; returns whether the exchange waited, which it does no more. */
extern bool waiting_leave(Exchange *exchange);

/* Takes out one that is freed. */
extern void waiting_forget(Ingress *ingress);

/* Answers all that nothing more will come. */
extern void waiting_give_up(void);

extern int waiting_count(void);

/* Whether the session is there that is told of results. */
extern bool waiting_is_told(void);

#endif /* RESTATE_GATEWAY_WAITING_H */
