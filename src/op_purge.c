/*
 * op_purge.c
 *		Purging completed invocations: the journal alone, or all there is.
 */
#include "postgres.h"

#include "operation.h"

/*
 * Purges the journals of completed invocations; what else is known of them
 * stays.  Refuses those that have not completed.
 */
void
run_purge_journal(Unit *unit, const Request *request, Element *elements, int count)
{
	for (int i = 0; i < count; i++)
	{
		Element *element = &elements[i];
		Invocation *invocation = element_found(element);

		if (invocation == NULL)
			continue;
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
}

/*
 * Removes completed invocations.  Refuses those that have not completed,
 * which a delete leaves untouched instead.
 */
void
run_purge(Unit *unit, const Request *request, Element *elements, int count)
{
	for (int i = 0; i < count; i++)
	{
		Element *element = &elements[i];
		Invocation *invocation = element_found(element);

		if (invocation == NULL)
			continue;
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
}
