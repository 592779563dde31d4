/*
 * lock_free.c
 *		Locks what is free of what is named, and waits for nobody: an
 *		invocation that another transaction has locked, or that cannot be
 *		changed without others, is passed over as busy.
 *
 * No lock is waited for, so it is no matter in which order they are taken.
 */
#include "postgres.h"

#include "workset/workset.h"

static List *lock_free(Workset *workset, StoreStatement statement, List *invocations);
static void read_all(Workset *workset, const List *invocations);
static bool is_changed_alone(const Invocation *invocation, Reach reach);
static List *with_free_keys(Workset *workset, const List *invocations);
static void add_keys(Workset *workset, const List *invocations);

/*
 * Locks the named invocations that are free, each with its object key where a
 * restart takes one, and notes which are busy.
 *
 * Most are locked by the first statement.  Of those that it has not found, a
 * plain read tells whether they exist: these are busy, unless the statement
 * asked for more than they need.
 */
void
workset_lock_free(Workset *workset, Reach reach, const RestateInvocationId *ids, int count)
{
	static const StoreStatement statements[] = {
		[REACH_ROW] = STORE_LOCK_FREE,
		[REACH_KEY] = STORE_LOCK_FREE_TO_RESTART,
		[REACH_CANCEL] = STORE_LOCK_FREE_TO_CANCEL,
		[REACH_KILL] = STORE_LOCK_FREE_TO_KILL};
	StoreStatement on_rows = workset->asked.deployment == DEPLOYMENT_KEEP ?
								 STORE_LOCK_FREE :
								 STORE_LOCK_FREE_WITH_DEPLOYMENT;
	List *left = NIL;
	List *again = NIL;
	ListCell *cell;

	for (int i = 0; i < count; i++)
		left = lappend(left, workset_enter(workset, &ids[i]));
	left = lock_free(workset, reach == REACH_ROW ? on_rows : statements[reach], left);
	read_all(workset, left);
	foreach (cell, left)
	{
		Invocation *invocation = lfirst(cell);

		invocation->is_busy = invocation->exists;
		if (invocation->is_busy && is_changed_alone(invocation, reach))
			again = lappend(again, invocation);
	}
	if (reach == REACH_KEY)
		again = with_free_keys(workset, again);
	(void) lock_free(workset, on_rows, again);
}

/*
 * Locks those of the named invocations that are free, each with the object key that
 * it needs to start, which is made where it is missing; notes which are busy.
 */
void
workset_lock_free_to_start(Workset *workset, const RestateInvocationId *ids, int count)
{
	List *all = NIL;
	List *keyed = NIL;
	List *free = NIL;
	ListCell *cell;

	for (int i = 0; i < count; i++)
		all = lappend(all, workset_enter(workset, &ids[i]));
	read_all(workset, all);
	foreach (cell, all)
	{
		Invocation *invocation = lfirst(cell);

		invocation->is_busy = true;
		if (invocation->exists && invocation->facts.is_exclusive)
			keyed = lappend(keyed, invocation);
		else
			free = lappend(free, invocation);
		/* what the lock finds counts */
		workset_forget_facts(invocation);
	}
	if (keyed != NIL)
	{
		add_keys(workset, keyed);
		free = list_concat(free, with_free_keys(workset, keyed));
	}
	(void) lock_free(workset, STORE_LOCK_FREE, free);
}

/*
 * Makes the object keys of the invocations that are missing.
 */
static void
add_keys(Workset *workset, const List *invocations)
{
	StoreCall call;
	ListCell *cell;

	store_call(&call, STORE_ADD_KEYS);
	foreach (cell, invocations)
	{
		const Invocation *invocation = lfirst(cell);

		store_add_key(&call, &(StoreKey){
								 .service_name = invocation->service_name,
								 .service_key = invocation->service_key,
								 .partition_key = invocation->partition_key});
	}
	(void) store_execute(&call);
}

/*
 * Runs a statement that locks the invocations, if they are free; returns those
 * that it has not locked, or not as they were when it read their journals.
 */
static List *
lock_free(Workset *workset, StoreStatement statement, List *invocations)
{
	StoreCall call;
	List *left = NIL;
	ListCell *cell;
	uint64 rows;

	if (invocations == NIL)
		return NIL;
	store_call(&call, statement);
	foreach (cell, invocations)
	{
		((Invocation *) lfirst(cell))->is_busy = true;
		workset_add_lock(workset, &call, lfirst(cell));
	}
	rows = store_execute(&call);
	for (uint64 row = 0; row < rows; row++)
	{
		StoreFoundInvocation found;
		Invocation *invocation = workset_read_invocation(workset, row, &found);

		invocation->is_busy = statement == STORE_LOCK_FREE_TO_KILL && !found.is_current;
	}
	foreach (cell, invocations)
		if (((Invocation *) lfirst(cell))->is_busy)
			left = lappend(left, lfirst(cell));
	return left;
}

/*
 * Reads the facts of the invocations that exist, without a lock.
 */
static void
read_all(Workset *workset, const List *invocations)
{
	StoreCall call;
	ListCell *cell;

	if (invocations == NIL)
		return;
	store_call(&call, STORE_READ_MANY);
	foreach (cell, invocations)
		workset_add_id(&call, lfirst(cell));
	workset_read_facts(workset, store_execute(&call));
}

/*
 * Returns whether the operation needs nothing but the row of the invocation,
 * which its statement has passed over, or nothing but that and its object key.
 */
static bool
is_changed_alone(const Invocation *invocation, Reach reach)
{
	return (reach == REACH_KILL && invocation->status == STATUS_COMPLETED) ||
		   (reach == REACH_KEY && invocation->facts.is_exclusive);
}

/*
 * Locks the object keys that are free; returns the invocations of these.
 */
static List *
with_free_keys(Workset *workset, const List *invocations)
{
	List *result = NIL;
	ListCell *cell;

	foreach (cell, invocations)
	{
		Invocation *invocation = lfirst(cell);

		invocation->object_key = workset_find_object_key(workset, invocation->service_name,
														 invocation->service_key, true);
		invocation->object_key->partition_key = invocation->partition_key;
	}
	if (workset->object_keys != NIL)
		(void) workset_read_keys(workset, workset->object_keys, STORE_LOCK_FREE_KEYS);
	foreach (cell, invocations)
		if (((Invocation *) lfirst(cell))->object_key->locked)
			result = lappend(result, lfirst(cell));
	return result;
}
