/*
 * results.h
 *		Asks the database for the results of the requests that wait, of many in
 *		one call.
 */
#ifndef RESTATE_GATEWAY_RESULTS_H
#define RESTATE_GATEWAY_RESULTS_H

#include "ingress.h"
#include "pool.h"

/* Asks with the sessions of the pool, and is told of each result by waiting_answer. */
extern void results_start(Pool *pool, int request_timeout);
extern void results_stop(void);

/* Has those be asked for in time that are in patience's lines. */
extern void results_await(void);

/* Forgets one that is being asked for. */
extern void results_forget(Ingress *ingress);

#endif /* RESTATE_GATEWAY_RESULTS_H */
