/*
 * dispatcher.c
 *		Starts and ends what runs handlers.
 */
#include "dispatch/dispatcher.h"

#include "deploy/client.h"
#include "dispatch/attempt.h"
#include "dispatch/claims.h"
#include "dispatch/counts.h"
#include "dispatch/failures.h"
#include "dispatch/flow.h"
#include "dispatch/leaving.h"
#include "dispatch/liveness.h"
#include "dispatch/pushes.h"
#include "dispatch/workers.h"
#include "handlers.h"
#include "log.h"
#include "metric_text.h"

/* sessions: two pushes, two failures and a claim at a time, and the heartbeat, which must not wait */
#define SESSIONS 6

DispatchCounts dispatch_counts;

static Pool *pool;
static bool is_draining;

bool
dispatcher_start(const DispatcherConfig *config)
{
	PoolConfig sessions = {
		.slots = {.name = "worker", .conninfo = config->conninfo, .size = SESSIONS},
		.queue_limit = 2 * SESSIONS};

	pool = workers_renew(config->name) ? pool_start(&sessions) : NULL;
	if (pool == NULL)
		return false;
	served_configure(config->deployment_slots);
	attempts_configure(config->over, config->due);
	if (!pushes_start(pool) || !failures_start(pool) ||
		!flow_start(config->most_bytes) || !liveness_start(pool, config->conninfo) || !leaving_start(pool) ||
		!claims_start(pool, config->slots))
		return false;
	log_event(LOG_INFO, "event=dispatcher_started worker=%s slots=%d deployment_slots=%d",
			  workers_current()->name,
			  config->slots, config->deployment_slots);
	return true;
}

void
dispatcher_wake(void)
{
	if (pool && !is_draining)
		claims_wake(REASON_OWN);
}

Pool *
dispatcher_pool(void)
{
	return pool;
}

bool
dispatcher_runs(void)
{
	return pool != NULL;
}

bool
dispatcher_hears(void)
{
	return liveness_hears();
}

const char *
dispatcher_offer(Buffer *deployments, int *count)
{
	return pool ? claims_offer(deployments, count) : NULL;
}

void
dispatcher_end_offer(int count, const PGresult *rows, int column, bool is_known)
{
	/* it may be stopped by now */
	if (pool)
		claims_end_offer(count, rows, column, is_known);
}

void
dispatcher_render(Buffer *buffer)
{
	const DispatchCounts *counts = &dispatch_counts;

	if (pool == NULL)
		return;
	metric_single(buffer, "restate_gateway_attempts_running", "gauge", "Attempts under way.",
				  (unsigned long) attempts_counted());
	handlers_render_attempts(buffer);
	metric_single(buffer, "restate_gateway_deployment_connections", "gauge",
				  "Connections to deployments that are open.",
				  (unsigned long) endpoints_connected());
	metric_single(buffer, "restate_gateway_deployment_streams", "gauge",
				  "Requests to deployments that are under way on these.",
				  (unsigned long) endpoints_streams());
	metric_single(buffer, "restate_gateway_bytes_in_flight", "gauge",
				  "What handlers have sent and is not stored, and what waits to be sent to them.",
				  (unsigned long) flow_bytes());
	metric_single(buffer, "restate_gateway_claims_total", "counter",
				  "Calls that asked for what is ready.", counts->claims);
	metric_single(buffer, "restate_gateway_claimed_total", "counter", "Attempts that they gave.",
				  counts->claimed);
	metric_single(buffer, "restate_gateway_given_total", "counter",
				  "Attempts that came with what made them ready, a submit or a push.",
				  counts->given);
	metric_single(buffer, "restate_gateway_pushes_total", "counter",
				  "Calls that carried what handlers had sent.", counts->pushes);
	metric_single(buffer, "restate_gateway_pushed_total", "counter", "Attempts in these calls.",
				  counts->pushed);
}

void
dispatcher_drain(void)
{
	if (pool == NULL || is_draining)
		return;
	is_draining = true;
	claims_stop();
	attempts_drain();
}

void
dispatcher_give_back(void)
{
	if (pool == NULL || dispatcher_is_idle())
		return;
	dispatcher_drain();
	leaving_begin();
}

bool
dispatcher_is_idle(void)
{
	return attempts_all() == 0 && !claims_are_under_way() && !leaving_is_under_way();
}

void
dispatcher_stop(void)
{
	if (pool == NULL)
		return;
	dispatcher_drain();
	leaving_stop();
	liveness_stop();
	pushes_stop();
	failures_stop();
	pool_stop(pool);
	attempts_drop_all();
	flow_stop();
	pushes_free();
	claims_free();
	liveness_free();
	workers_free();
	served_free_all();
	pool = NULL;
}
