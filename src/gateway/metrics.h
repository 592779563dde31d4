/*
 * metrics.h
 *		What the gateway counts, in the Prometheus text format.
 */
#ifndef RESTATE_GATEWAY_METRICS_H
#define RESTATE_GATEWAY_METRICS_H

#include "buffer.h"
#include "exchange.h"
#include "lanes.h"
#include "pool.h"

extern void metrics_count(const Exchange *exchange, double seconds);
/* There may be no lanes, and no queries. */
extern void metrics_render(Buffer *buffer, const Pool *operations, const Lanes *lanes,
						   const Pool *queries);

#endif /* RESTATE_GATEWAY_METRICS_H */
