/*
 * expire.c
 *		How long a completed invocation is kept: its result, and its journal for
 *		no longer than that.
 */
#include "machine/machine.h"

/*
 * Drops what is not kept of an invocation that completes, and sets the time
 * when the rest goes.
 */
void
machine_retain(Changes *changes, Invocation *invocation)
{
	if (!invocation->facts.keeps_result)
	{
		machine_remove(invocation);
		return;
	}
	if (!invocation->facts.keeps_journal)
		machine_drop_journal(invocation);
	machine_set_expiry(changes, invocation);
}

/*
 * Sets the timer for what of a completed invocation goes next: its journal, if
 * it has one, or all of it.
 */
void
machine_set_expiry(Changes *changes, Invocation *invocation)
{
	int64_t due_at = machine_expiry(invocation, invocation->result_retention);
	int64_t journal_due_at = machine_expiry(invocation, invocation->journal_retention);

	if (invocation->journal_size > 0 && journal_due_at < due_at)
		due_at = journal_due_at;
	if (due_at != TIME_NEVER)
		machine_set_timer(changes, invocation, TIMER_EXPIRY, due_at, -1);
}

/*
 * Removes a completed invocation, or its journal, that was kept long enough.
 */
Verdict
machine_expire(Changes *changes, Invocation *invocation)
{
	Verdict verdict = machine_unchanged();

	if (!invocation->exists || invocation->status != STATUS_COMPLETED)
		return verdict;
	if (machine_expiry(invocation, invocation->result_retention) <= changes->now)
	{
		machine_remove(invocation);
		return machine_done("removed");
	}
	if (invocation->journal_size > 0 &&
		machine_expiry(invocation, invocation->journal_retention) <= changes->now)
	{
		machine_drop_journal(invocation);
		verdict = machine_done("purged");
	}
	machine_set_expiry(changes, invocation);
	return verdict;
}

/*
 * Returns when that retention of a completed invocation ends.
 */
int64_t
machine_expiry(const Invocation *invocation, int64_t retention)
{
	return retention == 0 ? TIME_NEVER : machine_time_after(invocation->retained_from, retention);
}
