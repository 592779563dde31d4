/*
 * op_pause.c
 *		Pausing invocations that have started, and resuming them.
 */
#include "postgres.h"

#include "utils/builtins.h"

#include "operation.h"
#include "store.h"

/* A deployment that a resume asks for. */
typedef struct Deployment
{
	bool		found;
	RestateDeploymentId id;
	int64		min_protocol_version;
	int64		max_protocol_version;
} Deployment;

static bool can_change_deployment(const Invocation *invocation);
static Deployment *read_deployments(const Request *request, const Element *elements, int count);
static bool change_deployment(const Request *request, Element *element, const Deployment *deployment);

/*
 * Pauses invocations: one between attempts at once, one in an attempt when
 * that ends.  Refuses those that have not started or have completed.
 */
void
run_pause(Unit *unit, const Request *request, Element *elements, int count)
{
	for (int i = 0; i < count; i++)
	{
		Element    *element = &elements[i];
		Invocation *invocation = element->invocation;

		if (!element_found(element))
			continue;
		switch (invocation->status)
		{
			case STATUS_PENDING:
			case STATUS_SCHEDULED:
			case STATUS_COMPLETED:
				element_refuse(element, RESTATE_NOT_RUNNING, "invocation %s is not running");
				break;
			case STATUS_RUNNING:
				invocation->changed |= !invocation->pause_requested;
				element_succeed(unit, element, "pausing", !invocation->pause_requested);
				invocation->pause_requested = true;
				break;
			case STATUS_READY:
			case STATUS_BACKING_OFF:
				unit_set_status(unit, invocation, STATUS_PAUSED);
				element_succeed(unit, element, "paused", true);
				break;
			case STATUS_SUSPENDED:
			case STATUS_PAUSED:
				element_succeed(unit, element, "unchanged", false);
				break;
		}
	}
}

/*
 * Resumes invocations that are paused, suspended or waiting for a retry, on
 * another deployment if asked to; takes back a pause that is still pending.
 * Refuses those that have not started or have completed, and a deployment
 * that they cannot change to.
 */
void
run_resume(Unit *unit, const Request *request, Element *elements, int count)
{
	Deployment *deployments = read_deployments(request, elements, count);

	for (int i = 0; i < count; i++)
	{
		Element    *element = &elements[i];
		Invocation *invocation = element->invocation;

		if (!element_found(element))
			continue;
		switch (invocation->status)
		{
			case STATUS_PENDING:
			case STATUS_SCHEDULED:
				element_refuse(element, RESTATE_NOT_STARTED, "invocation %s has not started");
				break;
			case STATUS_COMPLETED:
				element_refuse(element, RESTATE_ALREADY_COMPLETED, "invocation %s has completed already");
				break;
			case STATUS_READY:
			case STATUS_RUNNING:
				if (!change_deployment(request, element, &deployments[i]))
					break;
				invocation->changed |= invocation->pause_requested;
				element_succeed(unit, element, invocation->pause_requested ? "resumed" : "unchanged",
								invocation->pause_requested);
				invocation->pause_requested = false;
				break;
			case STATUS_BACKING_OFF:
			case STATUS_SUSPENDED:
			case STATUS_PAUSED:
				if (!change_deployment(request, element, &deployments[i]))
					break;
				unit_set_status(unit, invocation, STATUS_READY);
				element_succeed(unit, element, "resumed", true);
				break;
		}
	}
}

/*
 * Returns whether the invocation stands still with a pinned deployment.
 */
static bool
can_change_deployment(const Invocation *invocation)
{
	return invocation->is_pinned &&
		(invocation->status == STATUS_PAUSED || invocation->status == STATUS_SUSPENDED);
}

/*
 * Reads the deployments asked for, an array element for each invocation:
 * filled only where the invocation can change to it.
 */
static Deployment *
read_deployments(const Request *request, const Element *elements, int count)
{
	Deployment *deployments = palloc0(sizeof(Deployment) * Max(count, 1));
	StoreCall	call;
	StoreColumn services = {0};
	int			row = 0;

	if (request->deployment < DEPLOYMENT_LATEST)
		return deployments;
	for (int i = 0; i < count; i++)
		if (elements[i].invocation && can_change_deployment(elements[i].invocation))
			store_column_add(&services, CStringGetTextDatum(elements[i].invocation->service_name));
	if (services.count == 0)
		return deployments;
	store_call(&call, STORE_READ_DEPLOYMENTS);
	if (request->deployment == DEPLOYMENT_ID)
		store_arg(&call, DeploymentIdGetDatum(&request->deployment_id));
	else
		store_arg_null(&call);
	store_arg_array(&call, &services);
	(void) store_execute(&call);
	for (int i = 0; i < count; i++)
	{
		Deployment *deployment = &deployments[i];

		if (!elements[i].invocation || !can_change_deployment(elements[i].invocation))
			continue;
		deployment->found = !store_is_null(row, 1);
		if (deployment->found)
		{
			memcpy(&deployment->id, DatumGetPointer(store_value(row, 1)), sizeof(deployment->id));
			deployment->min_protocol_version = DatumGetInt64(store_value(row, 2));
			deployment->max_protocol_version = DatumGetInt64(store_value(row, 3));
		}
		row++;
	}
	return deployments;
}

/*
 * Moves the invocation to the deployment asked for; returns false where it
 * refuses.  To keep the pinned one is always possible, and one that was never
 * pinned goes to the latest anyway.
 */
static bool
change_deployment(const Request *request, Element *element, const Deployment *deployment)
{
	Invocation *invocation = element->invocation;

	if (request->deployment < DEPLOYMENT_LATEST)
		return true;
	if (!can_change_deployment(invocation))
	{
		if (invocation->status == STATUS_PAUSED || invocation->status == STATUS_SUSPENDED)
			if (request->deployment == DEPLOYMENT_LATEST)
				return true;
		element_refuse(element, RESTATE_DEPLOYMENT_NOT_CHANGEABLE,
					   "the deployment of invocation %s cannot be changed now");
	}
	else if (!deployment->found)
		element_refuse(element, RESTATE_DEPLOYMENT_NOT_FOUND,
					   "no deployment to resume invocation %s on");
	else if (invocation->protocol_version < deployment->min_protocol_version ||
			 invocation->protocol_version > deployment->max_protocol_version)
		element_refuse(element, RESTATE_DEPLOYMENT_INCOMPATIBLE,
					   "the deployment does not support the service protocol of invocation %s");
	else
	{
		invocation->set_deployment = true;
		invocation->deployment_id = deployment->id;
		return true;
	}
	return false;
}
