/*
 * pause.c
 *		Pausing invocations that have started, and resuming them.
 */
#include "machine/machine.h"

static Refusal change_deployment(Invocation *invocation, const Asked *asked);
static bool stands_still(const Invocation *invocation);

/*
 * Pauses an invocation: between attempts at once, in an attempt when that
 * ends.
 */
Verdict
machine_pause(Changes *changes, Invocation *invocation)
{
	switch (invocation->status)
	{
		case STATUS_PENDING:
		case STATUS_SCHEDULED:
		case STATUS_COMPLETED:
			return machine_refused(REFUSED_NOT_RUNNING);
		case STATUS_RUNNING:
		{
			Verdict verdict = {NOT_REFUSED, "pausing", !invocation->pause_requested};

			if (!invocation->pause_requested)
				invocation->changed = invocation->has_news = true;
			invocation->pause_requested = true;
			return verdict;
		}
		case STATUS_READY:
		case STATUS_BACKING_OFF:
			machine_set_status(changes, invocation, STATUS_PAUSED);
			return machine_done("paused");
		case STATUS_SUSPENDED:
		case STATUS_PAUSED:
			break;
	}
	return machine_unchanged();
}

/*
 * Resumes an invocation that is paused, suspended or waiting for a retry, on
 * another deployment if asked to; takes back a pause that is still pending.
 */
Verdict
machine_resume(Changes *changes, Invocation *invocation, const Asked *asked)
{
	Refusal refusal;

	if (invocation->status == STATUS_COMPLETED)
		return machine_refused(REFUSED_COMPLETED);
	if (!machine_has_started(invocation))
		return machine_refused(REFUSED_NOT_STARTED);
	refusal = change_deployment(invocation, asked);
	if (refusal != NOT_REFUSED)
		return machine_refused(refusal);
	if (invocation->status != STATUS_READY && invocation->status != STATUS_RUNNING)
	{
		machine_set_status(changes, invocation, STATUS_READY);
		invocation->attempt_count = 0;
		return machine_done("resumed");
	}
	if (!invocation->pause_requested)
		return machine_unchanged();
	invocation->changed = true;
	invocation->pause_requested = false;
	return machine_done("resumed");
}

/*
 * Moves the invocation to the deployment asked for, or returns why not.  To
 * keep the pinned one is always possible, and one that was never pinned goes
 * to the latest anyway.
 */
static Refusal
change_deployment(Invocation *invocation, const Asked *asked)
{
	Refusal refusal;

	if (asked->deployment == DEPLOYMENT_KEEP)
		return NOT_REFUSED;
	if (!stands_still(invocation) ||
		(!invocation->facts.is_pinned && asked->deployment == DEPLOYMENT_ID))
		return REFUSED_DEPLOYMENT_NOW;
	if (!invocation->facts.is_pinned)
		return NOT_REFUSED;
	refusal = machine_finds_deployment(invocation);
	invocation->set_deployment |= refusal == NOT_REFUSED;
	return refusal;
}

/*
 * Returns whether the invocation waits for nothing but to be resumed or woken.
 */
static bool
stands_still(const Invocation *invocation)
{
	return invocation->status == STATUS_PAUSED || invocation->status == STATUS_SUSPENDED;
}
