/*
 * op_single.c
 *		The operations that look at one invocation at a time: the machine
 *		decides, the element says how it went.
 */
#include "postgres.h"

#include "operation.h"

static bool settle(Unit *unit, Element *element, Verdict verdict);

/*
 * Purges the journal of a completed invocation.
 */
void
operation_purge_journal(Unit *unit, const Request *request, Element *element, Invocation *invocation)
{
	(void) settle(unit, element, machine_purge_journal(invocation));
}

/*
 * Removes a completed invocation.  A delete leaves another untouched where a
 * purge refuses.
 */
void
operation_purge(Unit *unit, const Request *request, Element *element, Invocation *invocation)
{
	Verdict verdict = machine_purge(invocation);

	if (verdict.refusal == REFUSED_NOT_COMPLETED && request->operation == OPERATION_DELETE_PURGE)
		verdict = machine_unchanged();
	(void) settle(unit, element, verdict);
}

/*
 * Cancels an invocation that has not completed.
 */
void
operation_cancel(Unit *unit, const Request *request, Element *element, Invocation *invocation)
{
	(void) settle(unit, element, machine_cancel(&unit->changes, invocation));
}

/*
 * Kills an invocation that has not completed, with its callees if it has
 * started.
 */
void
operation_kill(Unit *unit, const Request *request, Element *element, Invocation *invocation)
{
	bool has_callees = machine_has_started(invocation);

	if (settle(unit, element, machine_kill(&unit->changes, invocation)) && has_callees)
		machine_kill_callees(&unit->changes, invocation);
}

/*
 * Pauses an invocation that has started and not completed.
 */
void
operation_pause(Unit *unit, const Request *request, Element *element, Invocation *invocation)
{
	(void) settle(unit, element, machine_pause(&unit->changes, invocation));
}

/*
 * Resumes an invocation that has started and not completed.
 */
void
operation_resume(Unit *unit, const Request *request, Element *element, Invocation *invocation)
{
	(void) settle(unit, element, machine_resume(&unit->changes, invocation, &request->asked));
}

/*
 * Notes on the element how it went, and for the audit if it took effect;
 * returns whether it was not refused.
 */
static bool
settle(Unit *unit, Element *element, Verdict verdict)
{
	if (verdict.refusal != NOT_REFUSED)
		element_refuse(element, verdict.refusal);
	else
		element_succeed(unit, element, verdict.outcome, verdict.took_effect);
	return verdict.refusal == NOT_REFUSED;
}
