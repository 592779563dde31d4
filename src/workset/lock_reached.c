/*
 * lock_reached.c
 *		Locks everything that operations can reach from the invocations they name,
 *		in one order: object keys by (service, key), then invocations by id; or reads
 *		it all without a lock.
 *
 * What is in reach is found with plain reads, locked, and found again: more may
 * have come within reach while the locks were waited for.  An inbox is read when
 * its object key is locked already.
 */
#include "postgres.h"

#include "workset/workset.h"

static void forget_plain_reads(Workset *workset);

/*
 * Locks the named invocations and all that is in reach of them.  Returns
 * false if the reach grew meanwhile, or an object key went that is needed.
 */
bool
workset_lock_reached(Workset *workset, Reach reach, const RestateInvocationId *ids, int count)
{
	bool is_current;

	if (reach == REACH_KILL && count == 1 && workset_lock_alone(workset, &ids[0], &is_current))
		return is_current;
	return workset_lock_reached_keys(workset, reach, ids, count) &&
		   workset_lock_reached_rows(workset, reach);
}

/*
 * Finds the named invocations and all that is in reach of them, and locks their object
 * keys; returns false if one went that is needed.
 */
bool
workset_lock_reached_keys(Workset *workset, Reach reach, const RestateInvocationId *ids, int count)
{
	workset_find_reached(workset, reach, ids, count);
	if (!workset_lock_object_keys(workset, reach))
		return false;
	if (reach >= REACH_END)
		workset_read_inboxes(workset);
	return true;
}

/*
 * Locks the invocations that were found, and what was entered since; returns false if
 * the reach grew meanwhile.
 */
bool
workset_lock_reached_rows(Workset *workset, Reach reach)
{
	forget_plain_reads(workset);
	workset_lock_rows(workset);
	if (workset_reach_grew(workset, reach))
		return false;
	workset_link(workset, reach);
	return true;
}

/*
 * Reads the named invocations and all that is in reach of them, and locks nothing:
 * for who wants to know what an operation would do.  The statements must see the
 * tables as of one moment.
 */
void
workset_read_reached(Workset *workset, Reach reach, const RestateInvocationId *ids, int count)
{
	workset_find_reached(workset, reach, ids, count);
	workset_read_object_keys(workset);
	if (reach >= REACH_END)
		workset_read_inboxes(workset);
	forget_plain_reads(workset);
	workset_read_rows(workset);
	(void) workset_reach_grew(workset, reach); /* which has the callees noted */
	workset_link(workset, reach);
}

/*
 * Reads the named invocation and nothing that is in reach of it, and locks nothing: for
 * who wants to know no more than whether an operation would be refused.
 */
void
workset_read_alone(Workset *workset, const RestateInvocationId *id)
{
	workset_enter(workset, id)->within_reach = true;
	workset_read_rows(workset);
}

/*
 * Forgets what the plain reads said of the invocations but that they exist: what is
 * read next tells.
 */
static void
forget_plain_reads(Workset *workset)
{
	HASH_SEQ_STATUS scan;
	Invocation *invocation;

	hash_seq_init(&scan, workset->invocations);
	while ((invocation = hash_seq_search(&scan)) != NULL)
	{
		invocation->existed = invocation->exists;
		workset_forget_facts(invocation);
	}
}
