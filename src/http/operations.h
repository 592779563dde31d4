/*
 * operations.h
 *		The routes that run an operation on one invocation.
 */
#ifndef RESTATE_HTTP_OPERATIONS_H
#define RESTATE_HTTP_OPERATIONS_H

#include "exchange.h"
#include "pool.h"

extern void prepare_operation(Exchange *exchange);
extern void prepare_delete(Exchange *exchange);
extern void prepare_restart(Exchange *exchange);
extern void prepare_resume(Exchange *exchange);
extern void run_operation(Exchange *exchange, Session *session);
extern void run_restart(Exchange *exchange, Session *session);

#endif /* RESTATE_HTTP_OPERATIONS_H */
