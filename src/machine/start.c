/*
 * start.c
 *		Starting an attempt: a worker takes an invocation that can run.
 */
#include "machine/machine.h"

/* the service protocols that are spoken */
#define OLDEST_PROTOCOL_VERSION 5
#define NEWEST_PROTOCOL_VERSION 6

static bool can_run(const Changes *changes, const Invocation *invocation);
static Refusal pin(Invocation *invocation);

/*
 * Starts an attempt on an invocation that is ready, or whose next retry is
 * due; there is nothing to start otherwise.  The attempt's number, not 0, is
 * the fence for all that is done in its name.  The first one pins the
 * invocation to the deployment that was found for it, and is refused without
 * one.
 */
Verdict
machine_start_attempt(Changes *changes, Invocation *invocation, int64_t attempt)
{
	if (!can_run(changes, invocation))
		return machine_unchanged();
	if (!invocation->facts.is_pinned)
	{
		Refusal refusal = pin(invocation);

		if (refusal != NOT_REFUSED)
			return machine_refused(refusal);
	}
	machine_begin_journal(changes, invocation);
	machine_set_status(changes, invocation, STATUS_RUNNING);
	invocation->attempt = attempt;
	invocation->attempt_started = true;
	invocation->last_start_at = changes->now;
	invocation->attempt_count++;
	return machine_done("running");
}

/*
 * Returns whether an attempt can be started now.
 */
static bool
can_run(const Changes *changes, const Invocation *invocation)
{
	if (!invocation->exists)
		return false;
	return invocation->status == STATUS_READY ||
		   (invocation->status == STATUS_BACKING_OFF && invocation->next_retry_at <= changes->now);
}

/*
 * Pins the invocation to the deployment that was found, in the newest service
 * protocol that both sides speak, or returns why not.
 */
static Refusal
pin(Invocation *invocation)
{
	const Facts *facts = &invocation->facts;
	int32_t version = facts->max_protocol_version;

	if (!facts->deployment_found)
		return REFUSED_NO_DEPLOYMENT;
	if (version > NEWEST_PROTOCOL_VERSION)
		version = NEWEST_PROTOCOL_VERSION;
	if (version < OLDEST_PROTOCOL_VERSION || version < facts->min_protocol_version)
		return REFUSED_INCOMPATIBLE;
	invocation->set_deployment = true;
	invocation->set_protocol_version = version;
	return NOT_REFUSED;
}
