/*
 * op_end.c
 *		Ending invocations that have not completed: cancel asks them to end,
 *		kill ends them and their callees.
 */
#include "postgres.h"

#include "miscadmin.h"

#include "audit.h"
#include "operation.h"

/* the signal that asks a handler to end */
#define CANCEL_SIGNAL_INDEX 1

#define KILLED_FAILURE "[409] killed"
#define KILLED_META	   "{\"result\": {\"Failure\": {\"code\": 409, \"message\": \"killed\"}}}"
#define CANCELLED_META "{\"result\": {\"Failure\": {\"code\": 409, \"message\": \"cancelled\"}}}"

static const char *kill_one(Unit *unit, Invocation *invocation);
static void kill_callees(Unit *unit, Invocation *invocation, const RestateInvocationId *cause);

/*
 * Returns whether the invocation waits for its time or in an inbox.
 */
static bool
has_not_started(const Invocation *invocation)
{
	return invocation->status == STATUS_PENDING || invocation->status == STATUS_SCHEDULED;
}

/*
 * Removes an invocation that has not started, and answers its caller.
 */
static void
remove_unstarted(Unit *unit, Invocation *invocation, const char *failure_meta)
{
	unit_answer_caller(unit, invocation, failure_meta);
	unit_remove(unit, invocation);
}

/*
 * Cancels an invocation: one that has not started is removed, another gets the
 * signal to end, for which it is resumed if paused, and woken if suspended on
 * it.  Refuses one that has completed.
 */
void
operation_cancel(Unit *unit, const Request *request, Element *element, Invocation *invocation)
{
	if (invocation->status == STATUS_COMPLETED)
		element_refuse(element, RESTATE_ALREADY_COMPLETED, "invocation %s has completed already");
	else if (has_not_started(invocation))
	{
		remove_unstarted(unit, invocation, CANCELLED_META);
		element_succeed(unit, element, "removed", true);
	}
	else
	{
		unit_append(unit, invocation, "Notification: Signal", -1, CANCEL_SIGNAL_INDEX,
					"{\"result\": \"Void\"}");
		if (invocation->status == STATUS_PAUSED ||
			(invocation->status == STATUS_SUSPENDED && invocation->facts.awaits_cancel))
			unit_set_status(unit, invocation, STATUS_READY);
		element_succeed(unit, element, "signalled", true);
	}
}

/*
 * Kills an invocation with its callees.  Refuses one that has completed.
 */
void
operation_kill(Unit *unit, const Request *request, Element *element, Invocation *invocation)
{
	if (invocation->status == STATUS_COMPLETED)
		element_refuse(element, RESTATE_ALREADY_COMPLETED, "invocation %s has completed already");
	else
	{
		bool started = !has_not_started(invocation);

		element_succeed(unit, element, kill_one(unit, invocation), true);
		if (started)
			kill_callees(unit, invocation, &element->id);
	}
}

/*
 * Kills one invocation: removes it if it has not started, else completes it
 * with the failure, drops what is not retained, frees its object key for the
 * next in the inbox, and answers its caller.  Returns what was done.
 */
static const char *
kill_one(Unit *unit, Invocation *invocation)
{
	if (has_not_started(invocation))
	{
		remove_unstarted(unit, invocation, KILLED_META);
		return "removed";
	}
	unit_set_status(unit, invocation, STATUS_COMPLETED);
	invocation->pause_requested = false;
	invocation->failure = KILLED_FAILURE;
	unit_release_key(unit, invocation);
	unit_answer_caller(unit, invocation, KILLED_META);
	if (!invocation->facts.keeps_result)
		unit_remove(unit, invocation);
	else if (!invocation->facts.keeps_journal)
		unit_purge_journal(invocation);
	return "killed";
}

/*
 * Kills the callees in the invocation's journal, and theirs in turn, in the
 * order of the calls; passes over those that are gone or have completed.
 */
static void
kill_callees(Unit *unit, Invocation *invocation, const RestateInvocationId *cause)
{
	List *callers = list_make1(invocation);

	while (callers != NIL)
	{
		Invocation *caller = linitial(callers);
		ListCell *cell;

		CHECK_FOR_INTERRUPTS();
		callers = list_delete_first(callers);
		foreach (cell, caller->callees)
		{
			Invocation *callee = lfirst(cell);
			const char *outcome;
			bool started;

			if (!callee->exists || callee->status == STATUS_COMPLETED)
				continue;
			started = !has_not_started(callee);
			outcome = kill_one(unit, callee);
			audit_note(unit, &(AuditEffect){.id = callee->id, .outcome = outcome, .has_cause = true, .cause = *cause});
			if (started)
				callers = lappend(callers, callee);
		}
	}
}
