/*
 * reads.h
 *		The routes that only read.
 */
#ifndef RESTATE_GATEWAY_READS_H
#define RESTATE_GATEWAY_READS_H

#include <libpq-fe.h>

#include "exchange.h"
#include "lanes.h"
#include "pool.h"

extern void reads_configure(Pool *operations, Lanes *lanes, Pool *queries);
extern void reads_tell_ingress(const char *url);

extern void prepare_version(Exchange *exchange);
extern void prepare_openapi(Exchange *exchange);
extern void prepare_metrics(Exchange *exchange);
extern void prepare_deployment(Exchange *exchange);
extern void prepare_stuck(Exchange *exchange);
extern void prepare_service(Exchange *exchange);
extern void prepare_handler(Exchange *exchange);
extern void prepare_subscriptions(Exchange *exchange);
extern void prepare_subscription(Exchange *exchange);
extern void prepare_not_built(Exchange *exchange);
extern void prepare_nothing(Exchange *exchange);
extern void answer_document(Exchange *exchange, const PGresult *result);

#endif /* RESTATE_GATEWAY_READS_H */
