/*
 * batch.h
 *		The routes that run an operation on many invocations.
 */
#ifndef RESTATE_GATEWAY_BATCH_H
#define RESTATE_GATEWAY_BATCH_H

#include <libpq-fe.h>

#include "exchange.h"

#define BATCH_MAX_BODY ((size_t) 2 * 1024 * 1024)

extern void prepare_batch(Exchange *exchange);
extern void prepare_batch_on_deployment(Exchange *exchange);
extern void prepare_batch_of_restarts(Exchange *exchange);
extern void answer_batch(Exchange *exchange, const PGresult *result);

#endif /* RESTATE_GATEWAY_BATCH_H */
