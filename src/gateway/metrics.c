/*
 * metrics.c
 *		Counts answers by route and status, and how long they took; writes what this and
 *		others have counted.
 */
#include "metrics.h"

#include <stdio.h>

#include "asks.h"
#include "backlog.h"
#include "bodies.h"
#include "clock.h"
#include "deploy/client.h"
#include "dispatch/dispatcher.h"
#include "handlers.h"
#include "ingress.h"
#include "metric_text.h"
#include "routes.h"
#include "waiting.h"

#define MAX_ROUTES	 64
#define MAX_STATUSES 24

/* the last one counts requests that no route matched */
typedef struct RouteMetrics
{
	int statuses[MAX_STATUSES];
	unsigned long counts[MAX_STATUSES];
	Histogram durations;
} RouteMetrics;

static RouteMetrics metrics[MAX_ROUTES + 1];
/* those that are in no table of the Admin API, behind those that are */
static const Route *others[MAX_ROUTES];
static int nothers;

static int route_index(const Exchange *exchange);
static const Route *counted_at(int i);
static const char *pattern_at(int i);
static const char *method_at(int i);
static void render_routes(Buffer *buffer);
static void render_pools(Buffer *buffer, const Pool *operations, const Lanes *lanes,
						 const Pool *queries);
static void render_lanes(Buffer *buffer, const LanesCounts *counts);
static void render_clock(Buffer *buffer, const ClockCounts *clock);
static void render_listening(Buffer *buffer);

/*
 * Returns where the exchange's route is counted.
 */
static int
route_index(const Exchange *exchange)
{
	for (int i = 0; i < route_count() && i < MAX_ROUTES; i++)
		if (route_at(i) == exchange->route)
			return i;
	for (int i = 0; i < nothers; i++)
		if (others[i] == exchange->route)
			return route_count() + i;
	if (exchange->route == NULL || route_count() + nothers >= MAX_ROUTES)
		return MAX_ROUTES;
	others[nothers] = exchange->route;
	return route_count() + nothers++;
}

/*
 * Counts an exchange that was answered.
 */
void
metrics_count(const Exchange *exchange, double seconds)
{
	RouteMetrics *m = &metrics[route_index(exchange)];
	Handler *handler = ingress_called(exchange);

	for (int i = 0; i < MAX_STATUSES; i++)
	{
		if (m->statuses[i] != 0 && m->statuses[i] != exchange->status)
			continue;
		m->statuses[i] = exchange->status;
		m->counts[i]++;
		break;
	}
	histogram_add(&m->durations, seconds);
	if (handler)
		handler_count_call(handler, seconds);
}

/*
 * Returns the route that is counted there, or NULL.
 */
static const Route *
counted_at(int i)
{
	if (i < route_count())
		return route_at(i);
	return i < route_count() + nothers ? others[i - route_count()] : NULL;
}

/*
 * Returns the pattern of a route, as a label.
 */
static const char *
pattern_at(int i)
{
	const Route *route = counted_at(i);

	return route ? route->pattern : "none";
}

/*
 * Returns the method of a route, as a label.
 */
static const char *
method_at(int i)
{
	const Route *route = counted_at(i);

	return route ? route->method : "other";
}

/*
 * Writes all metrics.
 */
void
metrics_render(Buffer *buffer, const Pool *operations, const Lanes *lanes, const Pool *queries)
{
	render_routes(buffer);
	metric_single(buffer, "restate_gateway_request_body_bytes", "gauge",
				  "Memory that bodies of requests take.", (unsigned long) bodies_held());
	render_pools(buffer, operations, lanes, queries);
	if (lanes)
		render_lanes(buffer, lanes_counts(lanes));
	if (clock_counts())
		render_clock(buffer, clock_counts());
	dispatcher_render(buffer);
	if (waiting_name()[0])
	{
		metric_single(buffer, "restate_gateway_waiting_requests", "gauge",
					  "Requests to the ingress that wait for a result.",
					  (unsigned long) waiting_count());
		handlers_render_calls(buffer);
	}
	render_listening(buffer);
	asks_render(buffer);
	backlog_render(buffer);
}

/*
 * Writes what was answered, and how long that took.
 */
static void
render_routes(Buffer *buffer)
{
	char labels[256];

	metric_head(buffer, "restate_gateway_requests_total", "counter", "Requests answered.");
	for (int i = 0; i <= MAX_ROUTES; i++)
		for (int s = 0; s < MAX_STATUSES && metrics[i].statuses[s]; s++)
			buffer_printf(
				buffer,
				"restate_gateway_requests_total{method=\"%s\",route=\"%s\",status=\"%d\"} %lu\n",
				method_at(i), pattern_at(i), metrics[i].statuses[s], metrics[i].counts[s]);
	metric_head(buffer, "restate_gateway_request_duration_seconds", "histogram",
				"Time from request to answer.");
	for (int i = 0; i <= MAX_ROUTES; i++)
	{
		if (metrics[i].durations.count == 0)
			continue;
		snprintf(labels, sizeof(labels), "method=\"%s\",route=\"%s\"", method_at(i), pattern_at(i));
		metric_histogram(buffer, "restate_gateway_request_duration_seconds", labels,
						 &metrics[i].durations);
	}
}

/*
 * Writes what the pools are doing; lanes are sessions of the operations' pool.
 */
static void
render_pools(Buffer *buffer, const Pool *operations, const Lanes *lanes, const Pool *queries)
{
	static const char connected[] = "restate_gateway_pool_connected";
	static const char waiting[] = "restate_gateway_pool_waiting";

	metric_head(buffer, connected, "gauge", "Database connections open.");
	metric_value(buffer, connected, "pool=\"operations\"",
				 (unsigned long) pool_connected(operations) + (unsigned long) (lanes ? lanes_connected(lanes) : 0));
	if (queries)
		metric_value(buffer, connected, "pool=\"queries\"",
					 (unsigned long) pool_connected(queries));
	metric_head(buffer, waiting, "gauge", "Requests that wait for a connection.");
	metric_value(buffer, waiting, "pool=\"operations\"",
				 (unsigned long) pool_waiting(operations) + (unsigned long) (lanes ? lanes_waiting(lanes) : 0));
	if (queries)
		metric_value(buffer, waiting, "pool=\"queries\"", (unsigned long) pool_waiting(queries));
}

/*
 * Writes how much went together.
 */
static void
render_lanes(Buffer *buffer, const LanesCounts *counts)
{
	static const char alone[] = "restate_gateway_joined_alone_total";

	metric_single(buffer, "restate_gateway_joined_calls_total", "counter",
				  "Calls that carried out what waited.", counts->calls);
	metric_single(buffer, "restate_gateway_joined_requests_total", "counter",
				  "Requests in these calls.", counts->requests);
	metric_head(buffer, alone, "counter", "Requests that were sent alone after such a call.");
	metric_value(buffer, alone, "reason=\"busy\"", counts->busy);
	metric_value(buffer, alone, "reason=\"failed\"", counts->failed);
}

/*
 * Writes what the clock has done.
 */
static void
render_clock(Buffer *buffer, const ClockCounts *clock)
{
	metric_single(buffer, "restate_gateway_clock_ticks_total", "counter", "Calls of restate_tick.",
				  clock->ticks);
	metric_single(buffer, "restate_gateway_clock_fired_total", "counter", "What these have done.",
				  clock->fired);
	metric_single(buffer, "restate_gateway_clock_batches_total", "counter", "Batches of bulk jobs.",
				  clock->batches);
	metric_single(buffer, "restate_gateway_clock_batch_invocations_total", "counter",
				  "Invocations that had their turn in these.", clock->dealt);
	metric_single(buffer, "restate_gateway_clock_failures_total", "counter",
				  "Calls of the clock that failed.", clock->failures);
}

/*
 * Writes whether the sessions are there that are told of what others do.
 */
static void
render_listening(Buffer *buffer)
{
	static const char name[] = "restate_gateway_listening";

	if (!waiting_name()[0] && !dispatcher_runs())
		return;
	metric_head(buffer, name, "gauge",
				"Whether the session is there that is told of what others do.");
	if (waiting_name()[0])
		metric_value(buffer, name, "for=\"ingress\"", waiting_is_told());
	if (dispatcher_runs())
		metric_value(buffer, name, "for=\"dispatcher\"", dispatcher_hears());
}
