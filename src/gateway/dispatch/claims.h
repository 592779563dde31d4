/*
 * claims.h
 *		Takes what is ready, as far as there is room for it.
 */
#ifndef RESTATE_GATEWAY_CLAIMS_H
#define RESTATE_GATEWAY_CLAIMS_H

#include "asks.h"
#include "pool.h"

/* slots: how many attempts there may be. */
extern bool claims_start(Pool *pool, int slots);

/* Something may be ready, or there is room again. */
extern void claims_wake(Reason reason);

/* Whether a claim is under way. */
extern bool claims_is_running(void);

/* Claims no more; frees what there is, when none is under way. */
extern void claims_stop(void);
extern void claims_free(void);

#endif /* RESTATE_GATEWAY_CLAIMS_H */
