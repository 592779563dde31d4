/*
 * op_pause.c
 *		Pausing invocations that have started, and resuming them.
 */
#include "postgres.h"

#include "operation.h"

static bool stands_still(const Invocation *invocation);
static bool change_deployment(const Request *request, Element *element);

/*
 * Pauses an invocation: between attempts at once, in an attempt when that
 * ends.  Refuses one that has not started or has completed.
 */
void
operation_pause(Unit *unit, const Request *request, Element *element, Invocation *invocation)
{
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

/*
 * Resumes an invocation that is paused, suspended or waiting for a retry, on
 * another deployment if asked to; takes back a pause that is still pending.
 * Refuses one that has not started or has completed, and a deployment that it
 * cannot change to.
 */
void
operation_resume(Unit *unit, const Request *request, Element *element, Invocation *invocation)
{
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
			if (!change_deployment(request, element))
				break;
			invocation->changed |= invocation->pause_requested;
			element_succeed(unit, element, invocation->pause_requested ? "resumed" : "unchanged",
							invocation->pause_requested);
			invocation->pause_requested = false;
			break;
		case STATUS_BACKING_OFF:
		case STATUS_SUSPENDED:
		case STATUS_PAUSED:
			if (!change_deployment(request, element))
				break;
			unit_set_status(unit, invocation, STATUS_READY);
			element_succeed(unit, element, "resumed", true);
			break;
	}
}

/*
 * Returns whether the invocation waits for nothing but to be resumed or woken.
 */
static bool
stands_still(const Invocation *invocation)
{
	return invocation->status == STATUS_PAUSED || invocation->status == STATUS_SUSPENDED;
}

/*
 * Moves the invocation to the deployment asked for; returns false where it
 * refuses.  To keep the pinned one is always possible, and one that was never
 * pinned goes to the latest anyway.
 */
static bool
change_deployment(const Request *request, Element *element)
{
	Invocation *invocation = element->invocation;

	if (request->asked.deployment == DEPLOYMENT_KEEP)
		return true;
	if (!stands_still(invocation) ||
		(!invocation->facts.is_pinned && request->asked.deployment == DEPLOYMENT_ID))
		element_refuse(element, RESTATE_DEPLOYMENT_NOT_CHANGEABLE,
					   "the deployment of invocation %s cannot be changed now");
	else if (!invocation->facts.is_pinned)
		return true;
	else if (element_finds_deployment(element))
	{
		invocation->set_deployment = true;
		return true;
	}
	return false;
}
