/*
 * end.c
 *		Ending invocations that have not completed: cancel asks them to end,
 *		kill ends them and their callees.
 */
#include "machine/machine.h"

/* the signal that asks a handler to end */
#define CANCEL_SIGNAL_INDEX 1

#define KILLED_FAILURE "[409] killed"
#define KILLED_META	   "{\"result\": {\"Failure\": {\"code\": 409, \"message\": \"killed\"}}}"
#define CANCELLED_META "{\"result\": {\"Failure\": {\"code\": 409, \"message\": \"cancelled\"}}}"

static Verdict remove_unstarted(Changes *changes, Invocation *invocation, const char *failure_meta);

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
		return remove_unstarted(changes, invocation, CANCELLED_META);
	machine_append(changes, invocation, "Notification: Signal", -1, CANCEL_SIGNAL_INDEX, "{\"result\": \"Void\"}");
	if (invocation->status == STATUS_PAUSED ||
		(invocation->status == STATUS_SUSPENDED && invocation->facts.awaits_cancel))
		machine_set_status(changes, invocation, STATUS_READY);
	return machine_done("signalled");
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
		return remove_unstarted(changes, invocation, KILLED_META);
	machine_complete(changes, invocation, KILLED_FAILURE, KILLED_META);
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
 * Removes an invocation that has not started, and answers its caller.
 */
static Verdict
remove_unstarted(Changes *changes, Invocation *invocation, const char *failure_meta)
{
	machine_answer_caller(changes, invocation, failure_meta);
	machine_remove(invocation);
	return machine_done("removed");
}
