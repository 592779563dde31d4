/*
 * server.h
 *		The HTTP server.
 */
#ifndef RESTATE_HTTP_SERVER_H
#define RESTATE_HTTP_SERVER_H

#include <stdbool.h>

#include "options.h"
#include "pool.h"

/* Listens, and has exchanges served by the pools.  queries may be NULL. */
extern bool server_start(const Options *options, Pool *operations, Pool *queries);

/* Accepts no more, waits for what is under way, and stops. */
extern void server_stop(int timeout);

#endif /* RESTATE_HTTP_SERVER_H */
