/*
 * metrics.c
 *		Counts answers by route and status, and how long they took.
 */
#include "metrics.h"

#include "clock.h"
#include "dispatch/dispatcher.h"
#include "routes.h"
#include "waiting.h"

#define MAX_ROUTES	 64
#define MAX_STATUSES 24

static const double bounds[] = {0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1,
								0.25, 0.5, 1, 2.5, 5, 10};

#define NBOUNDS (sizeof(bounds) / sizeof(*bounds))

/* the last one counts requests that no route matched */
typedef struct RouteMetrics
{
	int statuses[MAX_STATUSES];
	unsigned long counts[MAX_STATUSES];
	unsigned long buckets[NBOUNDS + 1];
	unsigned long count;
	double sum;
} RouteMetrics;

static RouteMetrics metrics[MAX_ROUTES + 1];
/* those that are in no table of the Admin API, behind those that are */
static const Route *others[MAX_ROUTES];
static int nothers;

static int route_index(const Exchange *exchange);
static const Route *counted_at(int i);
static const char *pattern_at(int i);
static const char *method_at(int i);
static void render_pools(Buffer *buffer, const Pool *operations, const Lanes *lanes,
						 const Pool *queries);
static void render_lanes(Buffer *buffer, const LanesCounts *counts);
static void render_clock(Buffer *buffer, const ClockCounts *clock);

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
	size_t bucket = 0;

	while (bucket < NBOUNDS && seconds > bounds[bucket])
		bucket++;
	for (int i = 0; i < MAX_STATUSES; i++)
	{
		if (m->statuses[i] != 0 && m->statuses[i] != exchange->status)
			continue;
		m->statuses[i] = exchange->status;
		m->counts[i]++;
		break;
	}
	m->buckets[bucket]++;
	m->count++;
	m->sum += seconds;
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
	buffer_add_text(buffer, "# HELP restate_gateway_requests_total Requests answered.\n"
							"# TYPE restate_gateway_requests_total counter\n");
	for (int i = 0; i <= MAX_ROUTES; i++)
		for (int s = 0; s < MAX_STATUSES && metrics[i].statuses[s]; s++)
			buffer_printf(
				buffer,
				"restate_gateway_requests_total{method=\"%s\",route=\"%s\",status=\"%d\"} %lu\n",
				method_at(i), pattern_at(i),
				metrics[i].statuses[s], metrics[i].counts[s]);
	buffer_add_text(
		buffer, "# HELP restate_gateway_request_duration_seconds Time from request to answer.\n"
				"# TYPE restate_gateway_request_duration_seconds histogram\n");
	for (int i = 0; i <= MAX_ROUTES; i++)
	{
		unsigned long cumulated = 0;
		const char *method = method_at(i);

		if (metrics[i].count == 0)
			continue;
		for (size_t b = 0; b <= NBOUNDS; b++)
		{
			cumulated += metrics[i].buckets[b];
			buffer_printf(
				buffer,
				"restate_gateway_request_duration_seconds_bucket{method=\"%s\",route=\"%s\",le=\"",
				method, pattern_at(i));
			if (b < NBOUNDS)
				buffer_printf(buffer, "%g\"} %lu\n", bounds[b], cumulated);
			else
				buffer_printf(buffer, "+Inf\"} %lu\n", cumulated);
		}
		buffer_printf(
			buffer,
			"restate_gateway_request_duration_seconds_sum{method=\"%s\",route=\"%s\"} %.6f\n"
			"restate_gateway_request_duration_seconds_count{method=\"%s\",route=\"%s\"} %lu\n",
			method, pattern_at(i), metrics[i].sum, method, pattern_at(i), metrics[i].count);
	}

	render_pools(buffer, operations, lanes, queries);
	if (lanes)
		render_lanes(buffer, lanes_counts(lanes));
	if (clock_counts())
		render_clock(buffer, clock_counts());
	dispatcher_render(buffer);
	if (waiting_name()[0])
		buffer_printf(
			buffer,
			"# HELP restate_gateway_waiting_requests Requests to the ingress that wait for a result.\n"
			"# TYPE restate_gateway_waiting_requests gauge\n"
			"restate_gateway_waiting_requests %d\n",
			waiting_count());
}

/*
 * Writes what the pools are doing; lanes are sessions of the operations' pool.
 */
static void
render_pools(Buffer *buffer, const Pool *operations, const Lanes *lanes, const Pool *queries)
{
	buffer_printf(buffer,
				  "# HELP restate_gateway_pool_connected Database connections open.\n"
				  "# TYPE restate_gateway_pool_connected gauge\n"
				  "restate_gateway_pool_connected{pool=\"operations\"} %d\n",
				  pool_connected(operations) + (lanes ? lanes_connected(lanes) : 0));
	if (queries)
		buffer_printf(buffer, "restate_gateway_pool_connected{pool=\"queries\"} %d\n",
					  pool_connected(queries));
	buffer_printf(buffer,
				  "# HELP restate_gateway_pool_waiting Requests that wait for a connection.\n"
				  "# TYPE restate_gateway_pool_waiting gauge\n"
				  "restate_gateway_pool_waiting{pool=\"operations\"} %d\n",
				  pool_waiting(operations) + (lanes ? lanes_waiting(lanes) : 0));
	if (queries)
		buffer_printf(buffer, "restate_gateway_pool_waiting{pool=\"queries\"} %d\n",
					  pool_waiting(queries));
}

/*
 * Writes how much went together.
 */
static void
render_lanes(Buffer *buffer, const LanesCounts *counts)
{
	buffer_printf(
		buffer,
		"# HELP restate_gateway_joined_calls_total Calls that carried out what waited.\n"
		"# TYPE restate_gateway_joined_calls_total counter\n"
		"restate_gateway_joined_calls_total %lu\n"
		"# HELP restate_gateway_joined_requests_total Requests in these calls.\n"
		"# TYPE restate_gateway_joined_requests_total counter\n"
		"restate_gateway_joined_requests_total %lu\n"
		"# HELP restate_gateway_joined_alone_total Requests that were sent alone after such a call.\n"
		"# TYPE restate_gateway_joined_alone_total counter\n"
		"restate_gateway_joined_alone_total{reason=\"busy\"} %lu\n"
		"restate_gateway_joined_alone_total{reason=\"failed\"} %lu\n",
		counts->calls, counts->requests, counts->busy, counts->failed);
}

/*
 * Writes what the clock has done.
 */
static void
render_clock(Buffer *buffer, const ClockCounts *clock)
{
	buffer_printf(
		buffer,
		"# HELP restate_gateway_clock_ticks_total Calls of restate_tick.\n"
		"# TYPE restate_gateway_clock_ticks_total counter\n"
		"restate_gateway_clock_ticks_total %lu\n"
		"# HELP restate_gateway_clock_fired_total What these have done.\n"
		"# TYPE restate_gateway_clock_fired_total counter\n"
		"restate_gateway_clock_fired_total %lu\n"
		"# HELP restate_gateway_clock_batches_total Batches of bulk jobs.\n"
		"# TYPE restate_gateway_clock_batches_total counter\n"
		"restate_gateway_clock_batches_total %lu\n"
		"# HELP restate_gateway_clock_batch_invocations_total Invocations that had their turn in these.\n"
		"# TYPE restate_gateway_clock_batch_invocations_total counter\n"
		"restate_gateway_clock_batch_invocations_total %lu\n"
		"# HELP restate_gateway_clock_failures_total Calls of the clock that failed.\n"
		"# TYPE restate_gateway_clock_failures_total counter\n"
		"restate_gateway_clock_failures_total %lu\n",
		clock->ticks, clock->fired, clock->batches, clock->dealt, clock->failures);
}
