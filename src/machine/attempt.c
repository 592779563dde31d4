/*
 * attempt.c
 *		How an attempt ends: suspended, failed, completed, or taken from a worker
 *		that is gone.  Only the current attempt of an invocation ends it.
 */
#include "machine/machine.h"

#include <string.h>

static bool pause_if_requested(Changes *changes, Invocation *invocation);
static int64_t retry_delay(const RetryPolicy *policy, int64_t attempts);
static bool is_as_before(const Invocation *invocation, const Failure *failure);
static bool is_same_message(const char *a, const char *b);

/*
 * Returns whether the attempt is the one that runs.
 */
bool
machine_is_current(const Invocation *invocation, int64_t attempt)
{
	return invocation->exists && invocation->status == STATUS_RUNNING &&
		   invocation->attempt == attempt;
}

/*
 * Suspends an invocation whose attempt waits for any of what it names, having
 * been given the first known entries of the journal.  Where something of that
 * has arrived it is ready to go on at once.
 */
Verdict
machine_suspend(Changes *changes, Invocation *invocation, int64_t attempt, const Awaited *awaited,
				int64_t known)
{
	if (!machine_is_current(invocation, attempt))
		return machine_refused(REFUSED_ATTEMPT_LOST);
	if (machine_awaits_nothing(awaited))
		return machine_refused(REFUSED_AWAITS_NOTHING);
	invocation->attempt_count = 0;
	if (pause_if_requested(changes, invocation))
		return machine_done("paused");
	if (machine_has_arrived(invocation, awaited, known))
	{
		machine_set_status(changes, invocation, STATUS_READY);
		return machine_done("ready");
	}
	machine_set_status(changes, invocation, STATUS_SUSPENDED);
	invocation->awaited = awaited;
	return machine_done("suspended");
}

/*
 * Returns whether there is nothing that could wake a suspended invocation.
 */
bool
machine_awaits_nothing(const Awaited *awaited)
{
	return awaited->ncompletions + awaited->nsignals + awaited->nnames == 0;
}

/*
 * Ends an attempt that has failed.  The invocation tries again after a while;
 * if the policy has no more attempts for it, it is paused or completes with
 * the failure.
 */
Verdict
machine_fail_attempt(Changes *changes, Invocation *invocation, int64_t attempt,
					 const Failure *failure, const RetryPolicy *policy)
{
	int64_t delay;

	if (!machine_is_current(invocation, attempt))
		return machine_refused(REFUSED_ATTEMPT_LOST);
	invocation->attempt_failure = failure;
	invocation->is_new_failure = !is_as_before(invocation, failure);
	invocation->entry_retry_count += !failure->is_of_deployment;
	if (pause_if_requested(changes, invocation))
		return machine_done("paused");
	if (invocation->attempt_count >= policy->max_attempts)
	{
		if (policy->kills)
		{
			machine_finish(changes, invocation, failure->text, &failure->result);
			return machine_done("completed");
		}
		machine_set_status(changes, invocation, STATUS_PAUSED);
		return machine_done("paused");
	}
	delay = failure->retry_after >= 0 ? failure->retry_after :
										retry_delay(policy, invocation->attempt_count);
	machine_set_status(changes, invocation, STATUS_BACKING_OFF);
	invocation->next_retry_at = machine_time_after(changes->now, delay);
	machine_set_timer(changes, invocation, TIMER_RETRY, invocation->next_retry_at, -1);
	return machine_done("backing-off");
}

/*
 * Completes an invocation with the last output of its journal.
 */
Verdict
machine_complete(Changes *changes, Invocation *invocation, int64_t attempt)
{
	const Outcome *output = invocation->output;

	if (!machine_is_current(invocation, attempt))
		return machine_refused(REFUSED_ATTEMPT_LOST);
	if (output == NULL)
		return machine_refused(REFUSED_NO_OUTPUT);
	machine_finish(changes, invocation, output->failure, &output->result);
	return machine_done("completed");
}

/*
 * Takes the attempt from a worker that is gone: another can start one at once.
 */
Verdict
machine_take_over(Changes *changes, Invocation *invocation, int64_t attempt)
{
	if (!machine_is_current(invocation, attempt))
		return machine_refused(REFUSED_ATTEMPT_LOST);
	return machine_end_attempt(changes, invocation);
}

/*
 * Ends what runs without a word of it: another attempt can be started at once, unless a
 * pause was asked for.
 */
Verdict
machine_end_attempt(Changes *changes, Invocation *invocation)
{
	if (pause_if_requested(changes, invocation))
		return machine_done("paused");
	machine_set_status(changes, invocation, STATUS_READY);
	return machine_done("ready");
}

/*
 * Pauses the invocation at the end of its attempt if that was asked for;
 * returns whether it was.
 */
static bool
pause_if_requested(Changes *changes, Invocation *invocation)
{
	if (!invocation->pause_requested)
		return false;
	invocation->pause_requested = false;
	machine_set_status(changes, invocation, STATUS_PAUSED);
	return true;
}

/*
 * Returns how long to wait after that many attempts, one or more.
 */
static int64_t
retry_delay(const RetryPolicy *policy, int64_t attempts)
{
	double delay = (double) policy->initial_interval;
	double most = (double) policy->max_interval;

	if (policy->factor != 1)
		for (int64_t i = 1; i < attempts && delay >= 1 && delay < most; i++)
			delay *= policy->factor;
	return delay < most ? (int64_t) delay : policy->max_interval;
}

/*
 * Returns whether the attempt before this one has failed alike, and this one
 * has got no further.
 */
static bool
is_as_before(const Invocation *invocation, const Failure *failure)
{
	return (invocation->attempt_count > 1 || invocation->entry_retry_count > 0) &&
		   invocation->last_entry_at <= invocation->last_start_at &&
		   invocation->last_failure &&
		   is_same_message(invocation->last_failure->shown, failure->shown) &&
		   machine_same_text(invocation->last_failure->error_code, failure->error_code);
}

/*
 * Returns whether two failures say the same in their first lines: the stack that may
 * follow tells how far a handler was replayed, too.
 */
static bool
is_same_message(const char *a, const char *b)
{
	size_t len;

	if (a == NULL || b == NULL)
		return a == b;
	len = strcspn(a, "\n");
	return strcspn(b, "\n") == len && memcmp(a, b, len) == 0;
}
