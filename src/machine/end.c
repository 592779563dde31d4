/*
 * end.c
 *		Ending invocations that have not completed: cancel asks them to end,
 *		kill ends them and their callees.
 */
#include "machine/machine.h"

static const char *const killed_failure = "[409] killed";
static const char *const cancelled_failure = "[409] cancelled";
static const EntryResult killed = {FAILURE_META(409, "killed"), {NULL, 0}};
static const EntryResult cancelled = {FAILURE_META(409, "cancelled"), {NULL, 0}};
static const Signal cancel_signal = {CANCEL_SIGNAL, NULL, {VOID_META, {NULL, 0}}};

static Verdict remove_unstarted(Changes *changes, Invocation *invocation, const char *failure,
								const EntryResult *result);

/*
 * Cancels an invocation: one that has not started is removed, another gets the
 * signal to end, for which it is resumed if paused, and woken if suspended on
 * it.
 */
Verdict
machine_cancel(Changes *changes, Invocation *invocation)
{
	if (invocation->status == STATUS_COMPLETED)
		return machine_refused(REFUSED_COMPLETED);
	if (!machine_has_started(invocation))
		return remove_unstarted(changes, invocation, cancelled_failure, &cancelled);
	if (invocation->status == STATUS_PAUSED)
	{
		machine_set_status(changes, invocation, STATUS_READY);
		invocation->attempt_count = 0;
	}
	return machine_signal(changes, invocation, &cancel_signal);
}

/*
 * Kills one invocation: removes it if it has not started, else completes it
 * with the failure.  Its callees are another step.
 */
Verdict
machine_kill(Changes *changes, Invocation *invocation)
{
	if (invocation->status == STATUS_COMPLETED)
		return machine_refused(REFUSED_COMPLETED);
	if (!machine_has_started(invocation))
		return remove_unstarted(changes, invocation, killed_failure, &killed);
	invocation->has_news = invocation->status == STATUS_RUNNING;
	machine_finish(changes, invocation, killed_failure, &killed);
	return machine_done("killed");
}

/*
 * Kills the callees in the journal of an invocation that was killed, and theirs
 * in turn, in the order of the calls; passes over those that are gone or have
 * completed.  What is done to each is noted.
 */
void
machine_kill_callees(Changes *changes, Invocation *invocation)
{
	/* callers whose callees are next, in the order in which they were killed */
	typedef struct Killed
	{
		struct Killed *next;
		Invocation *invocation;
	} Killed;
	Killed first = {NULL, invocation};
	Killed *last = &first;

	for (Killed *killed = &first; killed; killed = killed->next)
	{
		for (int i = 0; i < killed->invocation->ncallees; i++)
		{
			Invocation *callee = killed->invocation->callees[i];
			bool started = machine_has_started(callee);
			Effect effect = {.id = callee->id, .has_cause = true, .cause = invocation->id};

			if (!callee->exists || callee->status == STATUS_COMPLETED)
				continue;
			effect.outcome = machine_kill(changes, callee).outcome;
			machine_note(changes, &effect);
			if (!started)
				continue;
			last->next = changes->arena.allocate(changes->arena.owner, sizeof(*last));
			last = last->next;
			*last = (Killed){NULL, callee};
		}
	}
}

/*
 * Removes an invocation that has not started, and answers who waits for it.
 */
static Verdict
remove_unstarted(Changes *changes, Invocation *invocation, const char *failure,
				 const EntryResult *result)
{
	if (invocation->status == STATUS_SCHEDULED && invocation->scheduled_start_at != 0)
		machine_drop_timer(changes, invocation, TIMER_SCHEDULE, invocation->scheduled_start_at);
	invocation->failure = failure;
	invocation->result = result;
	machine_answer_waiters(changes, invocation, result);
	machine_remove(invocation);
	return machine_done("removed");
}
