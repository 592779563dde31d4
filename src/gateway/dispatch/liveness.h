/*
 * liveness.h
 *		Says that the workers live, and hears what others bring to their attempts.
 */
#ifndef RESTATE_GATEWAY_LIVENESS_H
#define RESTATE_GATEWAY_LIVENESS_H

#include "pool.h"

extern bool liveness_start(Pool *pool, const char *conninfo);

/* There is another worker. */
extern void liveness_renew(void);

/* Whether the session is there that is told of what others bring. */
extern bool liveness_hears(void);

/* Says and hears nothing more; frees what there is, when nothing is under way. */
extern void liveness_stop(void);
extern void liveness_free(void);

#endif /* RESTATE_GATEWAY_LIVENESS_H */
