/*
 * hand_over.c
 *		Starts at once what a call makes ready, for who calls: the rows are locked
 *		already, and nothing has to be looked for among all that is ready.
 */
#include "postgres.h"

#include "types/compat.h"
#include "types/id_generate.h"
#include "worker/worker.h"

/* Where those start that are ready of a service and pinned to a deployment, or to none. */
typedef struct Lane
{
	const char *service_name;
	RestateDeploymentId deployment_id;
	bool is_open;
	RestateDeploymentId starts_on;
	int32 min_protocol_version;
	int32 max_protocol_version;
} Lane;

static List *find_ready(Workset *workset);
static bool is_new_ready(const Invocation *invocation);
static List *read_lanes(const List *ready, const Claim *claim);
static Lane *find_lane(const List *lanes, const char *service_name,
					   const RestateDeploymentId *deployment_id);
static const RestateDeploymentId *pinned_to(const Invocation *invocation);
static bool start(Workset *workset, Invocation *invocation, const Lane *lane,
				  const char *worker_name);

/*
 * Starts an attempt on what has become ready in the working set, which is not written yet,
 * up to as many as are claimed and on the deployments that are named; returns the ids of
 * those, and has made_runnable say whether something ready is left.  Where the tables are on
 * several nodes nothing is started.
 */
List *
worker_hand_over(Workset *workset, const Claim *claim)
{
	List *started = NIL;
	List *ready;
	List *lanes;
	ListCell *cell;

	if (!workset->changes.made_runnable || store_is_distributed())
		return NIL;
	ready = find_ready(workset);
	lanes = read_lanes(ready, claim);
	foreach (cell, ready)
	{
		Invocation *invocation = lfirst(cell);
		const Lane *lane = find_lane(lanes, invocation->service_name, pinned_to(invocation));

		if (list_length(started) < claim->max && lane && lane->is_open &&
			start(workset, invocation, lane, claim->worker_name))
			started = lappend(started, &invocation->id);
	}
	workset->changes.made_runnable = list_length(started) < list_length(ready);
	if (started != NIL)
		worker_see(workset, claim->worker_name);
	return started;
}

/*
 * Returns the invocations that have become ready.
 */
static List *
find_ready(Workset *workset)
{
	HASH_SEQ_STATUS scan;
	Invocation *invocation;
	List *ready = NIL;

	hash_seq_init(&scan, workset->invocations);
	while ((invocation = hash_seq_search(&scan)) != NULL)
		if (is_new_ready(invocation))
			ready = lappend(ready, invocation);
	return ready;
}

/*
 * Returns whether the invocation is ready, and was not, and runs here.
 */
static bool
is_new_ready(const Invocation *invocation)
{
	return invocation->exists && invocation->status == STATUS_READY && !invocation->is_foreign &&
		   (invocation->created || invocation->facts.status != STATUS_READY);
}

/*
 * Returns where what is ready starts.
 */
static List *
read_lanes(const List *ready, const Claim *claim)
{
	List *lanes = NIL;
	StoreCall call;
	ListCell *cell;

	store_call(&call, STORE_READ_STARTABLE);
	foreach (cell, ready)
	{
		const Invocation *invocation = lfirst(cell);
		Lane *lane;

		if (find_lane(lanes, invocation->service_name, pinned_to(invocation)))
			continue;
		lane = palloc0_object(Lane);
		lane->service_name = invocation->service_name;
		lane->deployment_id = *pinned_to(invocation);
		lanes = lappend(lanes, lane);
		store_add_startable(&call, &(StoreStartable){
									   .service_name = lane->service_name,
									   .deployment_id = &lane->deployment_id,
									   .deployments = claim->deployments});
	}
	if (lanes == NIL)
		return NIL;
	for (uint64 rows = store_execute(&call), row = 0; row < rows; row++)
	{
		StoreFoundStartable found;
		Lane *lane;

		store_read_startable(row, &found);
		lane = find_lane(lanes, found.service_name, found.deployment_id);
		if (lane == NULL)
			elog(ERROR, "a deployment that nothing was asked of");
		lane->is_open = true;
		lane->starts_on = *found.starts_on;
		lane->min_protocol_version = (int32) found.min_protocol_version;
		lane->max_protocol_version = (int32) found.max_protocol_version;
	}
	return lanes;
}

/*
 * Returns the lane of a service and of those pinned to the deployment, or NULL.
 */
static Lane *
find_lane(const List *lanes, const char *service_name, const RestateDeploymentId *deployment_id)
{
	ListCell *cell;

	foreach (cell, lanes)
	{
		Lane *lane = lfirst(cell);

		if (strcmp(lane->service_name, service_name) == 0 &&
			restate_deployment_id_compare(&lane->deployment_id, deployment_id) == 0)
			return lane;
	}
	return NULL;
}

/*
 * Returns the deployment that the invocation is pinned to, or that which stands for none.
 */
static const RestateDeploymentId *
pinned_to(const Invocation *invocation)
{
	return invocation->facts.is_pinned ? &invocation->facts.pinned_deployment_id :
										 &restate_no_deployment;
}

/*
 * Starts an attempt on the invocation; returns whether it could.
 */
static bool
start(Workset *workset, Invocation *invocation, const Lane *lane, const char *worker_name)
{
	invocation->facts.deployment_found = true;
	invocation->facts.deployment_id = lane->starts_on;
	invocation->facts.min_protocol_version = lane->min_protocol_version;
	invocation->facts.max_protocol_version = lane->max_protocol_version;
	if (!machine_start_attempt(&workset->changes, invocation,
							   (int64) (restate_random_bits() | 1))
			 .took_effect)
		return false;
	invocation->worker_name = worker_name;
	return true;
}
