/*
 * metrics.h
 *		What the gateway counts, in the Prometheus text format.
 */
#ifndef RESTATE_GATEWAY_METRICS_H
#define RESTATE_GATEWAY_METRICS_H

#include "buffer.h"
#include "exchange.h"
#include "pool.h"

extern void metrics_count(const Exchange *exchange, double seconds);
extern void metrics_render(Buffer *buffer, Pool *operations, Pool *queries);

#endif /* RESTATE_GATEWAY_METRICS_H */
