/*
 * leaving.h
 *		The gateway ends before what it runs does: others are given that at once.
 */
#ifndef RESTATE_GATEWAY_LEAVING_H
#define RESTATE_GATEWAY_LEAVING_H

#include "pool.h"

extern bool leaving_start(Pool *pool);

/*
 * Resets what runs, has what it has sent before pushed, and gives the attempts back.  To
 * be called when nothing more is claimed.
 */
extern void leaving_begin(void);

/* Whether that has begun, and not ended. */
extern bool leaving_is_under_way(void);

extern void leaving_stop(void);

#endif /* RESTATE_GATEWAY_LEAVING_H */
