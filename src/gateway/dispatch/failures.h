/*
 * failures.h
 *		Tells the database of attempts that have failed otherwise than by what the
 *		handler says.
 */
#ifndef RESTATE_GATEWAY_FAILURES_H
#define RESTATE_GATEWAY_FAILURES_H

#include "dispatch/attempt.h"
#include "pool.h"

extern bool failures_start(Pool *pool);
extern void failures_add(Attempt *attempt);
extern void failures_forget(Attempt *attempt);
extern void failures_stop(void);

#endif /* RESTATE_GATEWAY_FAILURES_H */
