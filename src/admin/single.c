/*
 * single.c
 *		The operations that look at one invocation at a time: the machine
 *		decides, the target says how it went.
 */
#include "postgres.h"

#include "admin/operation.h"

static bool settle(Workset *workset, Target *target, Verdict verdict);

/*
 * Purges the journal of a completed invocation.
 */
void
operation_purge_journal(Workset *workset, const Request *request, Target *target,
						Invocation *invocation)
{
	(void) settle(workset, target, machine_purge_journal(invocation));
}

/*
 * Removes a completed invocation.  A delete leaves another untouched where a
 * purge refuses.
 */
void
operation_purge(Workset *workset, const Request *request, Target *target, Invocation *invocation)
{
	Verdict verdict = machine_purge(invocation);

	if (verdict.refusal == REFUSED_NOT_COMPLETED && request->operation == OPERATION_DELETE_PURGE)
		verdict = machine_unchanged();
	(void) settle(workset, target, verdict);
}

/*
 * Cancels an invocation that has not completed.
 */
void
operation_cancel(Workset *workset, const Request *request, Target *target, Invocation *invocation)
{
	(void) settle(workset, target, machine_cancel(&workset->changes, invocation));
}

/*
 * Kills an invocation that has not completed, with its callees if it has
 * started.
 */
void
operation_kill(Workset *workset, const Request *request, Target *target, Invocation *invocation)
{
	bool has_callees = machine_has_started(invocation);

	if (settle(workset, target, machine_kill(&workset->changes, invocation)) && has_callees)
		machine_kill_callees(&workset->changes, invocation);
}

/*
 * Pauses an invocation that has started and not completed.
 */
void
operation_pause(Workset *workset, const Request *request, Target *target, Invocation *invocation)
{
	(void) settle(workset, target, machine_pause(&workset->changes, invocation));
}

/*
 * Resumes an invocation that has started and not completed.
 */
void
operation_resume(Workset *workset, const Request *request, Target *target, Invocation *invocation)
{
	(void) settle(workset, target, machine_resume(&workset->changes, invocation, &request->asked));
}

/*
 * Notes on the target how it went, and for the audit if it took effect;
 * returns whether it was not refused.
 */
static bool
settle(Workset *workset, Target *target, Verdict verdict)
{
	if (verdict.refusal != NOT_REFUSED)
		target_refuse(target, verdict.refusal);
	else
		target_succeed(workset, target, verdict.outcome, verdict.took_effect);
	return verdict.refusal == NOT_REFUSED;
}
