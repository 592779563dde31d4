/*
 * timer.c
 *		The timers of invocations: what is set, what is no longer needed, and what
 *		becomes of an invocation when one is due.
 */
#include "machine/machine.h"

static void change_timer(Changes *changes, Invocation *invocation, const Timer *timer,
						 bool is_removed);
static bool waits_for(const Invocation *invocation, const Timer *retry);
static Verdict retry(Changes *changes, Invocation *invocation);

/*
 * Sets a timer of the invocation.
 */
void
machine_set_timer(Changes *changes, Invocation *invocation, TimerKind kind, int64_t due_at,
				  int64_t completion_id)
{
	int64_t seed = kind == TIMER_SLEEP ? invocation->facts.random_seed : 0;

	change_timer(changes, invocation, &(Timer){kind, due_at, completion_id, seed}, false);
}

/*
 * Removes the timer of that kind, other than a sleep, that is due at the time
 * given.
 */
void
machine_drop_timer(Changes *changes, Invocation *invocation, TimerKind kind, int64_t due_at)
{
	change_timer(changes, invocation, &(Timer){kind, due_at, -1, 0}, true);
}

/*
 * Notes that a timer is to be there, or is not.  One that was not written yet
 * is taken back.
 */
static void
change_timer(Changes *changes, Invocation *invocation, const Timer *timer, bool is_removed)
{
	TimerChange **last = &invocation->timers;

	for (; *last; last = &(*last)->next)
	{
		const TimerChange *change = *last;

		if (change->is_removed != is_removed && change->timer.kind == timer->kind &&
			change->timer.due_at == timer->due_at &&
			change->timer.completion_id == timer->completion_id)
		{
			*last = change->next;
			return;
		}
	}
	*last = changes->arena.allocate(changes->arena.owner, sizeof(**last));
	**last = (TimerChange){.timer = *timer, .is_removed = is_removed};
}

/*
 * Does what the timer is for, if it is due: a sleep ends, a scheduled
 * invocation starts, a failed one is ready to be tried again, what was
 * retained long enough goes.  The timer is no more; where the invocation is
 * gone, or has gone on, that is all.
 */
Verdict
machine_fire(Changes *changes, Invocation *invocation, const Timer *timer)
{
	static const EntryResult slept = {SLEPT_META, {NULL, 0}};

	if (timer->due_at > changes->now)
		return machine_unchanged();
	if (timer->kind == TIMER_RETRY && waits_for(invocation, timer))
		return retry(changes, invocation);
	change_timer(changes, invocation, timer, true);
	switch (timer->kind)
	{
		case TIMER_SLEEP:
			if (!machine_is_same(invocation, timer->seed))
				return machine_unchanged();
			return machine_complete_entry(changes, invocation, NOTIFICATION_SLEEP,
										  timer->completion_id, &slept);
		case TIMER_SCHEDULE:
			return machine_start_scheduled(changes, invocation);
		case TIMER_EXPIRY:
			return machine_expire(changes, invocation);
		case TIMER_RETRY:
			break;
	}
	return machine_unchanged();
}

/*
 * Returns whether the retry is the one that the invocation waits for.
 */
static bool
waits_for(const Invocation *invocation, const Timer *retry)
{
	return invocation->exists && invocation->status == STATUS_BACKING_OFF &&
		   invocation->next_retry_at == retry->due_at;
}

/*
 * Makes an invocation ready whose next retry is due; leaving its back-off
 * removes the timer.
 */
static Verdict
retry(Changes *changes, Invocation *invocation)
{
	machine_set_status(changes, invocation, STATUS_READY);
	return machine_done("ready");
}
