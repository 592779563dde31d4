/*
 * lock_reached.c
 *		Finds everything that operations can reach from the invocations they
 *		name, and locks it in one order: object keys by (service, key), then
 *		invocations by id.
 *
 * What is in reach is found with plain reads, locked, and found again: a
 * callee may have been called while the locks were waited for.  A target and
 * a caller never change, so these need no second look, and an inbox is read
 * when its object key is locked already.
 */
#include "postgres.h"

#include "common/hashfn.h"
#include "utils/builtins.h"

#include "types/compat.h"
#include "workset/workset.h"

static void read_reached(Workset *workset, Reach reach, List *frontier);
static void enter_callers(Workset *workset, Reach reach, List *frontier);
static List *read_callees(Workset *workset, List *callers, bool record);
static bool can_have_callees(const Invocation *invocation);
static void find_object_keys(Workset *workset, Reach reach);
static uint32 hash_object_key_name(const void *name, Size keysize);
static int match_object_key_names(const void *a, const void *b, Size keysize);
static bool lock_object_keys(Workset *workset, Reach reach);
static bool lock_keys(Workset *workset, const List *keys, bool needed);
static int compare_object_keys(const ListCell *a, const ListCell *b);
static void call_on_keys(StoreCall *call, StoreStatement statement, const List *keys);
static void read_inboxes(Workset *workset);
static void add_invocation(Workset *workset, Invocation ***invocations, int *count, Invocation *invocation);
static int compare_inbox_places(const void *a, const void *b);
static bool reach_grew(Workset *workset, Reach reach);
static void link_workset(Workset *workset, Reach reach);
static void read_awaited_calls(Workset *workset);

/*
 * Locks the named invocations and all that is in reach of them.  Returns
 * false if the reach grew meanwhile, or an object key went that is needed.
 */
bool
workset_lock_reached(Workset *workset, Reach reach, const RestateInvocationId *ids, int count)
{
	List *frontier = NIL;
	HASH_SEQ_STATUS scan;
	Invocation *invocation;
	bool is_current;

	if (reach == REACH_KILL && count == 1 && workset_lock_alone(workset, &ids[0], &is_current))
		return is_current;
	for (int i = 0; i < count; i++)
	{
		invocation = workset_enter(workset, &ids[i]);
		if (!invocation->within_reach)
			frontier = lappend(frontier, invocation);
		invocation->within_reach = true;
	}

	read_reached(workset, reach, frontier);
	find_object_keys(workset, reach);
	if (!lock_object_keys(workset, reach))
		return false;
	if (reach == REACH_KILL)
		read_inboxes(workset);

	/* what the plain reads said is forgotten: the locked rows tell */
	hash_seq_init(&scan, workset->invocations);
	while ((invocation = hash_seq_search(&scan)) != NULL)
	{
		invocation->existed = invocation->exists;
		invocation->exists = false;
	}
	workset_lock_rows(workset);
	if (reach_grew(workset, reach))
		return false;
	link_workset(workset, reach);
	return true;
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
		enter_callers(workset, reach, frontier);
		frontier = entered;
	}
}

/*
 * Adds the callers that may have to be answered to the working set.  Their own facts
 * come with the locks: nothing is reached through them.
 */
static void
enter_callers(Workset *workset, Reach reach, List *frontier)
{
	ListCell *cell;

	foreach (cell, frontier)
	{
		Invocation *invocation = lfirst(cell);

		if (!invocation->exists || !invocation->facts.has_caller || invocation->status == STATUS_COMPLETED)
			continue;
		if (reach == REACH_CANCEL && invocation->status > STATUS_SCHEDULED)
			continue;
		(void) workset_enter(workset, &invocation->facts.caller_id);
	}
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
			ObjectKey *key = workset_find_object_key(workset, invocation->service_name, invocation->service_key, true);

			key->partition_key = invocation->partition_key;
			key->inbox_wanted++;
		}
}

/*
 * Returns the working set's object key of that name; one that it does not have yet
 * is added if asked to, else NULL is returned.
 */
ObjectKey *
workset_find_object_key(Workset *workset, const char *service_name, const char *service_key, bool add)
{
	ObjectKeyName name = {service_name, service_key};
	ObjectKey *key;
	bool found;

	if (workset->object_keys_by_name == NULL)
	{
		HASHCTL ctl = {
			.keysize = sizeof(ObjectKeyName),
			.entrysize = sizeof(ObjectKey),
			.hash = hash_object_key_name,
			.match = match_object_key_names,
			.hcxt = workset->context};

		workset->object_keys_by_name = hash_create("restate_admin object keys", 16, &ctl,
												   HASH_ELEM | HASH_FUNCTION | HASH_COMPARE | HASH_CONTEXT);
	}
	key = hash_search(workset->object_keys_by_name, &name, add ? HASH_ENTER : HASH_FIND, &found);
	if (add && !found)
	{
		memset(key, 0, sizeof(*key));
		key->name = name;
		key->inbox_wanted = 1;
		workset->object_keys = lappend(workset->object_keys, key);
	}
	return key;
}

/*
 * Hashes the name of an object key, for dynahash.
 */
static uint32
hash_object_key_name(const void *name, Size keysize)
{
	const ObjectKeyName *key_name = name;

	return hash_combine(string_hash(key_name->service_name, strlen(key_name->service_name) + 1),
						string_hash(key_name->service_key, strlen(key_name->service_key) + 1));
}

/*
 * Compares two names of object keys, for dynahash: 0 if they are equal.
 */
static int
match_object_key_names(const void *a, const void *b, Size keysize)
{
	const ObjectKeyName *first = a;
	const ObjectKeyName *second = b;

	return strcmp(first->service_key, second->service_key) != 0 ||
		   strcmp(first->service_name, second->service_name) != 0;
}

/*
 * Starts a call on the object keys.
 */
static void
call_on_keys(StoreCall *call, StoreStatement statement, const List *keys)
{
	ListCell *cell;

	store_call(call, statement);
	foreach (cell, keys)
	{
		const ObjectKey *key = lfirst(cell);

		store_add_key(call, &(StoreKey){
								.service_name = key->name.service_name,
								.service_key = key->name.service_key,
								.partition_key = key->partition_key});
	}
}

/*
 * Locks the working set's object keys and reads who holds them.  A restart needs
 * them all; others pass over one that was never made.  Returns false if they
 * cannot be locked in their order any more.
 */
static bool
lock_object_keys(Workset *workset, Reach reach)
{
	bool needed = reach == REACH_KEY;

	if (store_is_distributed())
	{
		List *ordered = list_copy(workset->object_keys);
		ListCell *cell;

		list_sort(ordered, compare_object_keys);
		foreach (cell, ordered)
			if (!lock_keys(workset, list_make1(lfirst(cell)), needed))
				return false;
		return true;
	}
	return workset->object_keys == NIL || lock_keys(workset, workset->object_keys, needed);
}

/*
 * Locks the object keys, all in one statement: if one is needed and missing,
 * in one that makes it in its turn.  Returns false if one that is needed went
 * while it was waited for, when those after it are locked.
 */
static bool
lock_keys(Workset *workset, const List *keys, bool needed)
{
	StoreCall call;
	int missing;

	if (needed)
	{
		missing = workset_read_locked_keys(workset, keys, STORE_LOCK_KEYS_IF_ALL);
		if (missing < list_length(keys))
			return missing == 0;
		call_on_keys(&call, STORE_CREATE_KEYS, keys);
		(void) store_execute(&call);
	}
	missing = workset_read_locked_keys(workset, keys, STORE_LOCK_KEYS);
	if (needed && missing > 0)
		store_not_written("create object keys", missing);
	return true;
}

/*
 * Runs a statement that locks the object keys and reads who holds them;
 * returns how many it has not found.
 */
int
workset_read_locked_keys(Workset *workset, const List *keys, StoreStatement statement)
{
	StoreCall call;
	uint64 rows;

	call_on_keys(&call, statement, keys);
	rows = store_execute(&call);
	for (uint64 row = 0; row < rows; row++)
	{
		StoreFoundKey found;
		ObjectKey *key;

		store_read_key(row, &found);
		key = workset_find_object_key(workset, found.service_name, found.service_key, false);
		key->locked = true;
		key->has_holder = found.holder != NULL;
		if (found.holder)
			key->holder = *found.holder;
		key->next_sequence_number = found.next_sequence_number;
	}
	return list_length(keys) - (int) rows;
}

/*
 * Orders object keys by (service, key), bytewise as the lock statement does,
 * for list_sort().
 */
static int
compare_object_keys(const ListCell *a, const ListCell *b)
{
	const ObjectKeyName *first = &((const ObjectKey *) lfirst(a))->name;
	const ObjectKeyName *second = &((const ObjectKey *) lfirst(b))->name;
	int services = strcmp(first->service_name, second->service_name);

	return services != 0 ? services : strcmp(first->service_key, second->service_key);
}

/*
 * Adds the first of each locked key's inbox to the working set: as many as can come
 * to start if every invocation of the working set on that key ends.
 */
static void
read_inboxes(Workset *workset)
{
	StoreCall call;
	ListCell *cell;
	uint64 rows;

	if (workset->object_keys == NIL)
		return;
	store_call(&call, STORE_READ_INBOXES);
	foreach (cell, workset->object_keys)
	{
		const ObjectKey *key = lfirst(cell);

		store_add_inbox(&call, &(StoreInbox){
								   .service_name = key->name.service_name,
								   .service_key = key->name.service_key,
								   .partition_key = key->partition_key,
								   .size = key->inbox_wanted});
	}
	rows = store_execute(&call);
	for (uint64 row = 0; row < rows; row++)
	{
		StoreFoundId found;

		store_read_id(row, &found);
		(void) workset_enter(workset, found.id);
	}
}

/*
 * Returns whether the locked rows reach further than what was read before:
 * an invocation has appeared, or has called another.  Notes the callees.
 */
static bool
reach_grew(Workset *workset, Reach reach)
{
	HASH_SEQ_STATUS scan;
	Invocation *invocation;
	List *callers = NIL;

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
	}
	return read_callees(workset, callers, true) != NIL;
}

/*
 * Connects what was locked: invocations with their object keys, keys with
 * their inboxes, callees with the calls that wait for them.
 */
static void
link_workset(Workset *workset, Reach reach)
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
			add_invocation(workset, &invocation->object_key->inbox, &invocation->object_key->inbox_size, invocation);
	}
	foreach (cell, workset->object_keys)
	{
		ObjectKey *key = lfirst(cell);

		if (key->inbox_size > 1)
			qsort(key->inbox, (size_t) key->inbox_size, sizeof(Invocation *), compare_inbox_places);
	}
	if (reach != REACH_KEY)
		read_awaited_calls(workset);
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

/*
 * Reads the calls in the working set's journals that wait for one of its
 * invocations.
 */
static void
read_awaited_calls(Workset *workset)
{
	StoreCall call;
	HASH_SEQ_STATUS scan;
	Invocation *invocation;

	store_call(&call, STORE_READ_AWAITED_CALLS);
	hash_seq_init(&scan, workset->invocations);
	while ((invocation = hash_seq_search(&scan)) != NULL)
	{
		Invocation *caller;

		if (!invocation->exists || !invocation->facts.has_caller || invocation->status == STATUS_COMPLETED)
			continue;
		caller = workset_find(workset, &invocation->facts.caller_id);
		if (caller == NULL || !caller->exists || caller->status == STATUS_COMPLETED)
			continue;
		store_add_caller(&call, &(StoreCaller){
									.id = &caller->id,
									.partition_key = caller->partition_key,
									.callee = &invocation->id});
	}
	if (call.count == 0)
		return;
	/* from the last on, so that each list has the order of the rows */
	for (uint64 row = store_execute(&call); row-- > 0;)
	{
		Waiter *waiter = MemoryContextAllocZero(workset->context, sizeof(Waiter));
		StoreFoundAwaitedCall found;

		store_read_awaited_call(row, &found);
		waiter->caller = workset_find(workset, found.id);
		waiter->result_completion_id = found.result_completion_id;
		waiter->is_suspended_on_it = found.is_suspended_on_it;
		invocation = workset_find(workset, found.invoked_id);
		waiter->next = invocation->waiters;
		invocation->waiters = waiter;
	}
}
