/*
 * reach.c
 *		Finds everything that operations can reach from the invocations they
 *		name, with plain reads.
 *
 * A target and a caller never change, so these need no second look once all is
 * locked; a callee may have been called meanwhile.
 */
#include "postgres.h"

#include "types/compat.h"
#include "workset/workset.h"

static void read_reached(Workset *workset, Reach reach, List *frontier);
static bool enter_callers(Workset *workset, Reach reach, const List *frontier, bool record);
static bool answers_waiters(const Invocation *invocation, Reach reach);
static bool can_have_callees(const Invocation *invocation);
static List *read_callees(Workset *workset, List *callers, bool record);
static void find_object_keys(Workset *workset, Reach reach);
static void add_invocation(Workset *workset, Invocation ***invocations, int *count,
						   Invocation *invocation);
static int compare_inbox_places(const void *a, const void *b);

/*
 * Enters the named invocations, those that are reached from them and the callers
 * that may have to be answered, and notes their object keys.
 */
void
workset_find_reached(Workset *workset, Reach reach, const RestateInvocationId *ids, int count)
{
	List *frontier = NIL;

	for (int i = 0; i < count; i++)
	{
		Invocation *invocation = workset_enter(workset, &ids[i]);

		if (!invocation->within_reach)
			frontier = lappend(frontier, invocation);
		invocation->within_reach = true;
	}
	if (reach == REACH_ROW)
		return;
	read_reached(workset, reach, frontier);
	find_object_keys(workset, reach);
}

/*
 * Reads the facts of the invocations, and of those reached from them, without
 * a lock.
 */
static void
read_reached(Workset *workset, Reach reach, List *frontier)
{
	while (frontier != NIL)
	{
		StoreCall call;
		List *entered = NIL;
		List *callers = NIL;
		ListCell *cell;

		store_call(&call, STORE_READ_MANY);
		foreach (cell, frontier)
			workset_add_id(&call, lfirst(cell));
		workset_read_facts(workset, store_execute(&call));

		if (reach == REACH_KEY)
			return;
		if (reach == REACH_KILL)
		{
			foreach (cell, frontier)
				if (can_have_callees(lfirst(cell)))
					callers = lappend(callers, lfirst(cell));
			entered = read_callees(workset, callers, false);
		}
		(void) enter_callers(workset, reach, frontier, false);
		frontier = entered;
	}
}

/*
 * Adds those that wait for the results of the invocations, and may have to be
 * answered, to the working set; returns whether there was one that it did not have.
 * Notes on each invocation who waits for it if asked to.  Their own facts come with
 * the locks: nothing is reached through them.
 */
static bool
enter_callers(Workset *workset, Reach reach, const List *invocations, bool record)
{
	StoreCall call;
	ListCell *cell;
	long before = hash_get_num_entries(workset->invocations);

	store_call(&call, STORE_READ_WAITERS);
	foreach (cell, invocations)
		if (answers_waiters(lfirst(cell), reach))
			workset_add_id(&call, lfirst(cell));
	if (call.count == 0)
		return false;
	/* from the last on, so that each list has the order of the rows */
	for (uint64 row = store_execute(&call); row-- > 0;)
	{
		StoreFoundWaiter found;
		Invocation *caller;
		Invocation *target;
		Waiter *waiter;

		store_read_waiter(row, &found);
		caller = workset_enter(workset, found.caller);
		if (!record)
			continue;
		target = workset_find(workset, found.target);
		waiter = MemoryContextAllocZero(workset->context, sizeof(Waiter));
		waiter->kind = found.is_call ? WAITER_CALL : WAITER_ATTACH;
		waiter->caller = caller;
		waiter->caller_seed = found.caller_seed;
		waiter->result_completion_id = found.completion_id;
		waiter->next = target->waiters;
		target->waiters = waiter;
	}
	return hash_get_num_entries(workset->invocations) > before;
}

/*
 * Returns whether the operations can give the invocation a result, for which
 * others wait.
 */
static bool
answers_waiters(const Invocation *invocation, Reach reach)
{
	return invocation->exists && invocation->facts.has_waiters &&
		   invocation->status != STATUS_COMPLETED &&
		   (reach != REACH_CANCEL || !status_has_started(invocation->status));
}

/*
 * Returns whether a kill of the invocation can go on to its callees.  A restart
 * that waits in an inbox has some, and is started if its batch kills the holder
 * first.
 */
static bool
can_have_callees(const Invocation *invocation)
{
	return invocation->exists && invocation->within_reach &&
		   invocation->journal_size > 0 &&
		   invocation->status != STATUS_COMPLETED;
}

/*
 * Reads the callees in the journals of the invocations.  Returns those that
 * come within reach by it; notes on each caller whom it called if asked to.
 */
static List *
read_callees(Workset *workset, List *callers, bool record)
{
	StoreCall call;
	List *entered = NIL;
	ListCell *cell;
	uint64 rows;

	if (callers == NIL)
		return NIL;
	store_call(&call, STORE_READ_CALLEES);
	foreach (cell, callers)
		workset_add_id(&call, lfirst(cell));
	rows = store_execute(&call);
	for (uint64 row = 0; row < rows; row++)
	{
		StoreFoundCallee found;
		Invocation *callee;

		store_read_callee(row, &found);
		callee = workset_enter(workset, found.invoked_id);
		if (!callee->within_reach)
			entered = lappend(entered, callee);
		callee->within_reach = true;
		if (record)
		{
			Invocation *caller = workset_find(workset, found.id);

			add_invocation(workset, &caller->callees, &caller->ncallees, callee);
		}
	}
	return entered;
}

/*
 * Notes the object keys of the invocations, each with the share of its inbox
 * that the operations can come to need.
 */
static void
find_object_keys(Workset *workset, Reach reach)
{
	HASH_SEQ_STATUS scan;
	Invocation *invocation;

	hash_seq_init(&scan, workset->invocations);
	while ((invocation = hash_seq_search(&scan)) != NULL)
		if (invocation->exists && invocation->facts.is_exclusive &&
			(reach == REACH_KEY || invocation->status != STATUS_COMPLETED))
		{
			ObjectKey *key = workset_find_object_key(workset, invocation->service_name,
													 invocation->service_key, true);

			key->partition_key = invocation->partition_key;
			key->inbox_wanted++;
		}
}

/*
 * Returns whether the locked rows reach further than what was read before: an
 * invocation has appeared, has called another or is waited for by one more.  Notes
 * the callees, and who waits.
 */
bool
workset_reach_grew(Workset *workset, Reach reach)
{
	HASH_SEQ_STATUS scan;
	Invocation *invocation;
	List *callers = NIL;
	List *targets = NIL;
	bool grew;

	hash_seq_init(&scan, workset->invocations);
	while ((invocation = hash_seq_search(&scan)) != NULL)
	{
		if (invocation->within_reach && invocation->exists && !invocation->existed)
		{
			hash_seq_term(&scan);
			return true;
		}
		if (reach == REACH_KILL && can_have_callees(invocation))
			callers = lappend(callers, invocation);
		if (reach != REACH_KEY && invocation->within_reach)
			targets = lappend(targets, invocation);
	}
	grew = read_callees(workset, callers, true) != NIL;
	grew |= enter_callers(workset, reach, targets, true);
	return grew;
}

/*
 * Connects what was read: invocations with their object keys, keys with
 * their inboxes, and reads what suspended callers wait for.
 */
void
workset_link(Workset *workset, Reach reach)
{
	HASH_SEQ_STATUS scan;
	Invocation *invocation;
	ListCell *cell;

	hash_seq_init(&scan, workset->invocations);
	while ((invocation = hash_seq_search(&scan)) != NULL)
	{
		if (!invocation->exists || !invocation->facts.is_exclusive)
			continue;
		if (workset->object_keys != NIL)
			invocation->object_key = workset_find_object_key(workset, invocation->service_name,
															 invocation->service_key, false);
		if (invocation->object_key && !invocation->object_key->locked)
			invocation->object_key = NULL;
		if (invocation->object_key && invocation->status == STATUS_PENDING)
			add_invocation(workset, &invocation->object_key->inbox,
						   &invocation->object_key->inbox_size, invocation);
	}
	foreach (cell, workset->object_keys)
	{
		ObjectKey *key = lfirst(cell);

		if (key->inbox_size > 1)
			qsort(key->inbox, (size_t) key->inbox_size, sizeof(Invocation *), compare_inbox_places);
	}
	if (reach != REACH_KEY)
		workset_read_awaited(workset, reach == REACH_END);
}

/*
 * Adds the invocation to an array of them, whose size is doubled when it is a
 * power of two.
 */
static void
add_invocation(Workset *workset, Invocation ***invocations, int *count, Invocation *invocation)
{
	if (*count == 0)
		*invocations = MemoryContextAlloc(workset->context, sizeof(Invocation *));
	else if ((*count & (*count - 1)) == 0)
		*invocations = repalloc(*invocations, 2 * (Size) *count * sizeof(Invocation *));
	(*invocations)[(*count)++] = invocation;
}

/*
 * Orders invocations by their place in the inbox, for qsort().
 */
static int
compare_inbox_places(const void *a, const void *b)
{
	const Invocation *first = *(Invocation *const *) a;
	const Invocation *second = *(Invocation *const *) b;

	return (first->facts.inbox_sequence_number > second->facts.inbox_sequence_number) -
		   (first->facts.inbox_sequence_number < second->facts.inbox_sequence_number);
}
