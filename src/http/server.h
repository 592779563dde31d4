/*
 * server.h
 *		The HTTP server.
 */
#ifndef RESTATE_HTTP_SERVER_H
#define RESTATE_HTTP_SERVER_H

#include <stdbool.h>

#include "options.h"
#include "pool.h"

/* Listens, and hands exchanges to the pools.  queries may be NULL. */
extern bool server_start(const Options *options, Pool *operations, Pool *queries);

/* Accepts no more, waits for what is under way, and stops. */
extern void server_stop(int timeout);

/* What the pools call when an exchange is answered. */
extern void server_exchange_done(Exchange *exchange);

#endif /* RESTATE_HTTP_SERVER_H */
