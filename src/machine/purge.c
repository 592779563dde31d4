/*
 * purge.c
 *		Purging completed invocations: the journal alone, or all there is.
 */
#include "machine/machine.h"

/*
 * Purges the journal of a completed invocation; what else is known of it
 * stays.
 */
Verdict
machine_purge_journal(Invocation *invocation)
{
	if (invocation->status != STATUS_COMPLETED)
		return machine_refused(REFUSED_NOT_COMPLETED);
	if (invocation->journal_size == 0)
		return machine_unchanged();
	machine_drop_journal(invocation);
	return machine_done("purged");
}

/*
 * Removes a completed invocation.
 */
Verdict
machine_purge(Invocation *invocation)
{
	if (invocation->status != STATUS_COMPLETED)
		return machine_refused(REFUSED_NOT_COMPLETED);
	machine_remove(invocation);
	return machine_done("purged");
}
