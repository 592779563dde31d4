/*
 * operations.h
 *		The routes that run an operation on one invocation.
 */
#ifndef RESTATE_GATEWAY_OPERATIONS_H
#define RESTATE_GATEWAY_OPERATIONS_H

#include <libpq-fe.h>
#include <stdbool.h>

#include "exchange.h"

extern void prepare_operation(Exchange *exchange);
extern void prepare_delete(Exchange *exchange);
extern void prepare_restart(Exchange *exchange);
extern bool take_from(Exchange *exchange, int arg);
extern void prepare_resume(Exchange *exchange);
extern void answer_operation(Exchange *exchange, const PGresult *result);
extern void answer_new_id(Exchange *exchange, const char *id);
extern void answer_restart(Exchange *exchange, const PGresult *result);

#endif /* RESTATE_GATEWAY_OPERATIONS_H */
