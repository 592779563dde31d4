/*
 * backlog.h
 *		What waits in the database, for the metrics.
 */
#ifndef RESTATE_GATEWAY_BACKLOG_H
#define RESTATE_GATEWAY_BACKLOG_H

#include "buffer.h"
#include "pool.h"

/* Asks with the pool's sessions; returns false where memory has run out. */
extern bool backlog_start(Pool *pool);
extern void backlog_stop(void);

/*
 * Writes what was last found, if that is not long ago, and has it asked for anew for a
 * while.
 */
extern void backlog_render(Buffer *buffer);

#endif /* RESTATE_GATEWAY_BACKLOG_H */
