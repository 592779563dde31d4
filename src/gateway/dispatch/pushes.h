/*
 * pushes.h
 *		What handlers have sent goes to the database, of many attempts together.
 */
#ifndef RESTATE_GATEWAY_PUSHES_H
#define RESTATE_GATEWAY_PUSHES_H

#include "dispatch/attempt.h"
#include "pool.h"

extern bool pushes_start(Pool *pool);

/* Has what there is of an attempt pushed, with what else is to be at that moment. */
extern void pushes_add(Attempt *attempt);

/* It is no longer to be pushed; one that is being is told of nothing. */
extern void pushes_forget(Attempt *attempt);

/* Whether none is under way, and none waits. */
extern bool pushes_are_idle(void);

/* Begins no more; frees what there is, when none is under way. */
extern void pushes_stop(void);
extern void pushes_free(void);

#endif /* RESTATE_GATEWAY_PUSHES_H */
