/*
 * import.c
 *		Invocations that come from elsewhere in the midst of their lives: they are taken
 *		in as they are, foreign, and run here once they are adopted.
 */
#include "machine/machine.h"

#include <string.h>

/*
 * Takes in an invocation, with the status and all else that it has been given: one that
 * waits in an inbox goes to its end, one that has started on an object key holds
 * it, and retention counts from now.  Returns false, with nothing changed, if the
 * key is another's, or one waits for a key that nobody else holds.
 */
bool
machine_import(Changes *changes, Invocation *invocation)
{
	ObjectKey *key = invocation->object_key;
	bool is_held = key && key->has_holder && memcmp(&key->holder, &invocation->id, sizeof(key->holder)) != 0;
	bool is_pending = invocation->status == STATUS_PENDING;
	bool takes_key =
		key &&
		(is_pending || (machine_has_started(invocation) && invocation->status != STATUS_COMPLETED));

	if (takes_key && is_held != is_pending)
		return false;
	invocation->exists = invocation->created = invocation->changed = true;
	invocation->is_foreign = invocation->status != STATUS_COMPLETED;
	if (takes_key && (is_pending || !key->has_holder) &&
		!machine_take_key(key, &invocation->id, &invocation->inbox_sequence_number))
		machine_enter_inbox(changes, invocation);
	if (invocation->status == STATUS_COMPLETED)
	{
		invocation->retained_from = changes->now;
		machine_set_expiry(changes, invocation);
	}
	return true;
}

/*
 * Has a foreign invocation run here from now on.  An attempt that ran elsewhere is
 * over, as that of a worker that is gone; what it waits for is due when it was: the
 * sleeps are those of its journal that have not ended.
 */
Verdict
machine_adopt(Changes *changes, Invocation *invocation, const Timer *sleeps, int nsleeps)
{
	if (!invocation->exists || !invocation->is_foreign || invocation->status == STATUS_COMPLETED)
		return machine_unchanged();
	invocation->is_foreign = false;
	invocation->changed = true;
	switch (invocation->status)
	{
		case STATUS_RUNNING:
			machine_end_attempt(changes, invocation);
			break;
		case STATUS_READY:
			changes->made_runnable = true;
			break;
		case STATUS_SCHEDULED:
			machine_set_timer(changes, invocation, TIMER_SCHEDULE,
							  invocation->scheduled_start_at ? invocation->scheduled_start_at :
															   changes->now,
							  -1);
			break;
		case STATUS_BACKING_OFF:
			if (invocation->next_retry_at == 0)
				invocation->next_retry_at = changes->now;
			machine_set_timer(changes, invocation, TIMER_RETRY, invocation->next_retry_at, -1);
			break;
		default:
			break;
	}
	for (int i = 0; i < nsleeps; i++)
		machine_set_timer(changes, invocation, TIMER_SLEEP, sleeps[i].due_at,
						  sleeps[i].completion_id);
	return machine_done("adopted");
}
