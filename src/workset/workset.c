/*
 * workset.c
 *		The invocations of a working set, and locking those that are named.
 */
#include "postgres.h"

#include "access/xact.h"
#include "utils/builtins.h"
#include "utils/memutils.h"

#include "types/compat.h"
#include "workset/workset.h"

static void *allocate(void *context, size_t size);
static int compare_id_datums(const void *a, const void *b);
static void lock_one(Workset *workset, StoreStatement statement, const RestateInvocationId *id);

/*
 * Makes an empty working set in the current memory context.
 */
void
workset_init(Workset *workset, const Asked *asked)
{
	HASHCTL ctl = {
		.keysize = sizeof(RestateInvocationId),
		.entrysize = sizeof(Invocation),
		.hcxt = CurrentMemoryContext};

	memset(workset, 0, sizeof(*workset));
	workset->context = CurrentMemoryContext;
	workset->at = GetCurrentTransactionStartTimestamp();
	workset->asked = *asked;
	workset->changes.arena = (Arena){allocate, CurrentMemoryContext};
	workset->changes.now = workset->at;
	workset->invocations = hash_create("restate_admin working set", 16, &ctl,
									   HASH_ELEM | HASH_BLOBS | HASH_CONTEXT);
}

/*
 * Allocates in a memory context, for the machine.
 */
static void *
allocate(void *context, size_t size)
{
	return MemoryContextAlloc(context, size);
}

/*
 * Locks the named invocations and reads the facts, where nothing but their
 * rows must be locked.  Returns false where more must, with nothing locked
 * and the working set as it was.
 */
bool
workset_lock_simply(Workset *workset, Reach reach, const RestateInvocationId *ids, int count)
{
	static const StoreStatement one[] = {
		[REACH_ROW] = STORE_LOCK_ONE,
		[REACH_KEY] = STORE_LOCK_ONE_TO_RESTART,
		[REACH_CANCEL] = STORE_LOCK_ONE_TO_CANCEL};

	if (reach == REACH_KILL || (count > 1 && reach != REACH_ROW))
		return false;
	for (int i = 0; i < count; i++)
		(void) workset_enter(workset, &ids[i]);
	if (count == 1)
	{
		StoreStatement statement = one[reach];

		if (reach == REACH_ROW && workset->asked.deployment != DEPLOYMENT_KEEP)
			statement = STORE_LOCK_ONE_WITH_DEPLOYMENT;
		if (reach == REACH_KEY && workset->asked.last_index > 0)
			statement = STORE_LOCK_ONE_TO_RESTART_WITHIN;
		lock_one(workset, statement, &ids[0]);
		return reach == REACH_ROW || workset_find(workset, &ids[0])->exists;
	}
	workset_lock_rows(workset);
	return true;
}

/*
 * Locks one invocation with the statement, if it finds it.
 */
static void
lock_one(Workset *workset, StoreStatement statement, const RestateInvocationId *id)
{
	StoreCall call;
	uint64 rows;

	store_call(&call, statement);
	store_arg(&call, InvocationIdGetDatum(id));
	store_arg(&call, Int64GetDatum((int64) restate_id_partition_key(id)));
	if (statement != STORE_LOCK_ONE && statement != STORE_LOCK_ONE_TO_CANCEL)
		workset_add_asked(workset, &call);
	if (statement == STORE_LOCK_ONE_TO_RESTART_WITHIN)
		store_arg(&call, Int64GetDatum(workset->asked.last_index));
	rows = store_execute(&call);
	workset_read_facts(workset, rows);
	if (statement == STORE_LOCK_ONE_TO_RESTART_WITHIN && rows == 1 && DatumGetBool(store_value(0, WORKSET_IS_CURRENT_COLUMN)))
		workset_read_prefix(workset, workset_find(workset, id), 0, WORKSET_FIRST_PREFIX_COLUMN);
}

/*
 * Locks an invocation that is killed without anything else: of no object key,
 * without a caller and without callees.  Returns false if it is not such a
 * one, with nothing locked; sets is_current to whether the callees were read
 * as they are, for they are read before the lock is waited for.
 */
bool
workset_lock_alone(Workset *workset, const RestateInvocationId *id, bool *is_current)
{
	StoreCall call;
	uint64 rows;

	store_call(&call, STORE_LOCK_ONE_TO_KILL);
	store_arg(&call, InvocationIdGetDatum(id));
	store_arg(&call, Int64GetDatum((int64) restate_id_partition_key(id)));
	rows = store_execute(&call);
	workset_read_facts(workset, rows);
	*is_current = rows == 1 && DatumGetBool(store_value(0, WORKSET_IS_CURRENT_COLUMN));
	return rows == 1;
}

/*
 * Adds the arguments deployment mode and deployment id.
 */
void
workset_add_asked(Workset *workset, StoreCall *call)
{
	static const char *const modes[] = {
		[DEPLOYMENT_KEEP] = "keep",
		[DEPLOYMENT_LATEST] = "latest",
		[DEPLOYMENT_ID] = "id"};

	store_arg(call, CStringGetTextDatum(modes[workset->asked.deployment]));
	if (workset->asked.deployment == DEPLOYMENT_ID)
		store_arg(call, DeploymentIdGetDatum(&workset->asked.deployment_id));
	else
		store_arg_null(call);
}

/*
 * Adds the invocation's id and partition key to two columns.
 */
void
workset_add_id(const Invocation *invocation, StoreColumn *ids, StoreColumn *partition_keys)
{
	store_column_add(ids, InvocationIdGetDatum(&invocation->id));
	store_column_add(partition_keys, Int64GetDatum(invocation->partition_key));
}

/*
 * Locks the rows of all invocations of the working set in the order of their ids,
 * and reads the facts again.  Where the table is distributed a lock can span
 * no two partition keys, so there it takes a statement each.
 */
void
workset_lock_rows(Workset *workset)
{
	StoreCall call;
	StoreColumn ids = {0};
	StoreColumn partition_keys = {0};
	HASH_SEQ_STATUS scan;
	Invocation *invocation;
	bool with_deployment = workset->asked.deployment != DEPLOYMENT_KEEP;

	hash_seq_init(&scan, workset->invocations);
	while ((invocation = hash_seq_search(&scan)) != NULL)
	{
		workset_add_id(invocation, &ids, &partition_keys);
	}
	if (store_is_distributed())
	{
		qsort(ids.values, ids.count, sizeof(Datum), compare_id_datums);
		for (int i = 0; i < ids.count; i++)
			lock_one(workset, with_deployment ? STORE_LOCK_ONE_WITH_DEPLOYMENT : STORE_LOCK_ONE,
					 DatumGetInvocationId(ids.values[i]));
		return;
	}
	store_call(&call, with_deployment ? STORE_LOCK_MANY_WITH_DEPLOYMENT : STORE_LOCK_MANY);
	store_arg_column(&call, &ids);
	store_arg_column(&call, &partition_keys);
	if (with_deployment)
		workset_add_asked(workset, &call);
	workset_read_facts(workset, store_execute(&call));
}

/*
 * Orders invocation ids, for qsort().
 */
static int
compare_id_datums(const void *a, const void *b)
{
	return restate_invocation_id_compare(DatumGetInvocationId(*(const Datum *) a),
										 DatumGetInvocationId(*(const Datum *) b));
}

/*
 * Returns the invocation of that id, or NULL if the working set does not have it.
 */
Invocation *
workset_find(Workset *workset, const RestateInvocationId *id)
{
	return hash_search(workset->invocations, id, HASH_FIND, NULL);
}

/*
 * Returns the invocation of that id, added without facts if the working set does not
 * have it yet.
 */
Invocation *
workset_enter(Workset *workset, const RestateInvocationId *id)
{
	bool found;
	Invocation *invocation = hash_search(workset->invocations, id, HASH_ENTER, &found);

	if (!found)
	{
		memset(invocation, 0, sizeof(*invocation));
		invocation->id = *id;
		invocation->partition_key = (int64) restate_id_partition_key(id);
	}
	return invocation;
}

/*
 * Reads the facts of the last result into the invocations that it names.
 * What was worked out beside them (object keys, callees) stays.
 */
void
workset_read_facts(Workset *workset, uint64 rows)
{
	MemoryContext old = MemoryContextSwitchTo(workset->context);

	for (uint64 row = 0; row < rows; row++)
	{
		RestateInvocationId id;
		Invocation *i;
		Facts facts;

		(void) store_invocation_id(row, WORKSET_ID_COLUMN, &id);
		i = workset_enter(workset, &id);
		facts_read(store_value(row, WORKSET_FACTS_COLUMN), &facts, &i->service_name, &i->service_key);
		i->exists = true;
		i->status = facts.status;
		i->journal_size = facts.journal_size;
		i->journal_commands_size = facts.journal_commands_size;
		i->pause_requested = facts.pause_requested;
		i->facts = facts;
	}
	MemoryContextSwitchTo(old);
}
