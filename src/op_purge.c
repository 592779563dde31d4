/*
 * op_purge.c
 *		Purging completed invocations: the journal alone, or all there is.
 */
#include "postgres.h"

#include "operation.h"

/*
 * Purges the journal of a completed invocation; what else is known of it
 * stays.  Refuses one that has not completed.
 */
void
operation_purge_journal(Unit *unit, const Request *request, Element *element, Invocation *invocation)
{
	if (invocation->status != STATUS_COMPLETED)
		element_refuse(element, RESTATE_NOT_COMPLETED, "invocation %s has not completed");
	else if (invocation->journal_size == 0)
		element_succeed(unit, element, "unchanged", false);
	else
	{
		unit_purge_journal(invocation);
		element_succeed(unit, element, "purged", true);
	}
}

/*
 * Removes a completed invocation.  Refuses one that has not completed, which
 * a delete leaves untouched instead.
 */
void
operation_purge(Unit *unit, const Request *request, Element *element, Invocation *invocation)
{
	if (invocation->status == STATUS_COMPLETED)
	{
		unit_remove(unit, invocation);
		element_succeed(unit, element, "purged", true);
	}
	else if (request->operation == OPERATION_DELETE_PURGE)
		element_succeed(unit, element, "unchanged", false);
	else
		element_refuse(element, RESTATE_NOT_COMPLETED, "invocation %s has not completed");
}
