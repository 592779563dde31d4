/*
 * restart.c
 *		Restarting completed invocations as new, from any journal entry.
 */
#include "machine/machine.h"

#include <string.h>

/* the first service protocol whose journals can be copied in part */
#define MIN_PREFIX_PROTOCOL_VERSION 6

static Refusal state_refuses(const Invocation *invocation);
static const RestateDeploymentId *resolved_deployment(const Invocation *invocation,
													  const Asked *asked);

/*
 * Returns why the invocation cannot be restarted as is asked for, the first
 * reason in the documented order.  What the journal has of the prefix must
 * have been read where there is a journal.
 */
Refusal
machine_may_restart(const Invocation *invocation, const Asked *asked)
{
	const Facts *facts = &invocation->facts;
	Refusal refusal = state_refuses(invocation);

	if (refusal != NOT_REFUSED)
		return refusal;
	if (!facts->is_pinned && asked->last_index > 0)
		return REFUSED_NEVER_PINNED_FROM;
	if (!facts->is_pinned && asked->deployment != DEPLOYMENT_LATEST)
		return REFUSED_NEVER_PINNED;
	if (facts->is_pinned && asked->last_index > 0 &&
		facts->protocol_version < MIN_PREFIX_PROTOCOL_VERSION)
		return REFUSED_OLD_PROTOCOL;
	if (facts->is_pinned && asked->deployment != DEPLOYMENT_KEEP)
		refusal = machine_finds_deployment(invocation);
	if (refusal != NOT_REFUSED)
		return refusal;
	if (asked->last_index >= invocation->journal_size)
		return REFUSED_PAST_JOURNAL;
	if (invocation->suffix_size < invocation->missing_size)
		return REFUSED_INCOMPLETE_PREFIX;
	return NOT_REFUSED;
}

/*
 * Returns why the state that the invocation is in does not allow a restart.
 */
static Refusal
state_refuses(const Invocation *invocation)
{
	switch (invocation->status)
	{
		case STATUS_PENDING:
		case STATUS_SCHEDULED:
			return REFUSED_NOT_STARTED;
		case STATUS_PAUSED:
			return REFUSED_PAUSED;
		case STATUS_BACKING_OFF:
			return REFUSED_BACKING_OFF;
		case STATUS_READY:
		case STATUS_RUNNING:
		case STATUS_SUSPENDED:
			return REFUSED_STILL_RUNNING;
		case STATUS_COMPLETED:
			break;
	}
	if (invocation->journal_size == 0)
		return REFUSED_NO_JOURNAL;
	return invocation->facts.is_workflow ? REFUSED_WORKFLOW : NOT_REFUSED;
}

/*
 * Works out the restart of an invocation that may be restarted, and places it.
 */
void
machine_restart(Changes *changes, const Invocation *invocation, const Asked *asked,
				const RestateInvocationId *new_id, Restart *restart)
{
	restart->deployment_id = resolved_deployment(invocation, asked);
	restart->journal_size = asked->last_index + 1 + invocation->suffix_size;
	/* the input is a command too */
	restart->journal_commands_size = 1 + invocation->prefix_commands;
	restart->inbox_sequence_number = 0;
	restart->status =
		machine_place(changes, invocation->object_key, new_id, &restart->inbox_sequence_number);
}

/*
 * Returns whether the restart that the request id has made before was of
 * another index or on another deployment than is asked for now; where that is
 * not known any more, as of an original that is gone, not.
 */
bool
machine_restarted_otherwise(const Invocation *invocation, const Asked *asked)
{
	const Restarted *restarted = &invocation->restarted;
	const RestateDeploymentId *deployment_id;

	if (!restarted->is_recorded)
		return false;
	if (restarted->last_index != asked->last_index)
		return true;
	if (!restarted->deployment_is_recorded)
		return false;
	if (asked->deployment == DEPLOYMENT_ID)
		deployment_id = &asked->deployment_id;
	else if (!invocation->exists)
		return false;
	else
	{
		deployment_id = resolved_deployment(invocation, asked);
		if (deployment_id == NULL && invocation->facts.is_pinned)
			return false;
	}
	if (deployment_id == NULL || !restarted->has_deployment)
		return deployment_id != NULL || restarted->has_deployment;
	return memcmp(deployment_id, &restarted->deployment_id, sizeof(*deployment_id)) != 0;
}

/*
 * Returns the deployment that a restart of the invocation begins on; NULL for
 * one that was never pinned, or where none is found.
 */
static const RestateDeploymentId *
resolved_deployment(const Invocation *invocation, const Asked *asked)
{
	if (!invocation->facts.is_pinned)
		return NULL;
	if (asked->deployment == DEPLOYMENT_KEEP)
		return &invocation->facts.pinned_deployment_id;
	return invocation->facts.deployment_found ? &invocation->facts.deployment_id : NULL;
}
