/*
 * unit.c
 *		The invocations of a unit of work, and locking those that are named.
 */
#include "postgres.h"

#include "access/xact.h"
#include "utils/builtins.h"
#include "utils/memutils.h"

#include "compat.h"
#include "unit.h"

static void *allocate(void *context, size_t size);
static int compare_id_datums(const void *a, const void *b);
static void lock_one(Unit *unit, StoreStatement statement, const RestateInvocationId *id);

/*
 * Makes an empty unit in the current memory context.
 */
void
unit_init(Unit *unit, const Asked *asked)
{
	HASHCTL ctl = {
		.keysize = sizeof(RestateInvocationId),
		.entrysize = sizeof(Invocation),
		.hcxt = CurrentMemoryContext};

	memset(unit, 0, sizeof(*unit));
	unit->context = CurrentMemoryContext;
	unit->at = GetCurrentTransactionStartTimestamp();
	unit->asked = *asked;
	unit->changes.arena = (Arena){allocate, CurrentMemoryContext};
	unit->invocations = hash_create("restate_admin unit of work", 16, &ctl,
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
 * and the unit as it was.
 */
bool
unit_lock_simply(Unit *unit, Reach reach, const RestateInvocationId *ids, int count)
{
	static const StoreStatement one[] = {
		[REACH_ROW] = STORE_LOCK_ONE,
		[REACH_KEY] = STORE_LOCK_ONE_TO_RESTART,
		[REACH_CANCEL] = STORE_LOCK_ONE_TO_CANCEL};

	if (reach == REACH_KILL || (count > 1 && reach != REACH_ROW))
		return false;
	for (int i = 0; i < count; i++)
		(void) unit_enter(unit, &ids[i]);
	if (count == 1)
	{
		StoreStatement statement = one[reach];

		if (reach == REACH_ROW && unit->asked.deployment != DEPLOYMENT_KEEP)
			statement = STORE_LOCK_ONE_WITH_DEPLOYMENT;
		if (reach == REACH_KEY && unit->asked.last_index > 0)
			statement = STORE_LOCK_ONE_TO_RESTART_WITHIN;
		lock_one(unit, statement, &ids[0]);
		return reach == REACH_ROW || unit_find(unit, &ids[0])->exists;
	}
	unit_lock_rows(unit);
	return true;
}

/*
 * Locks one invocation with the statement, if it finds it.
 */
static void
lock_one(Unit *unit, StoreStatement statement, const RestateInvocationId *id)
{
	StoreCall call;
	uint64 rows;

	store_call(&call, statement);
	store_arg(&call, InvocationIdGetDatum(id));
	store_arg(&call, Int64GetDatum((int64) restate_id_partition_key(id)));
	if (statement != STORE_LOCK_ONE && statement != STORE_LOCK_ONE_TO_CANCEL)
		unit_add_asked(unit, &call);
	if (statement == STORE_LOCK_ONE_TO_RESTART_WITHIN)
		store_arg(&call, Int64GetDatum(unit->asked.last_index));
	rows = store_execute(&call);
	unit_read_facts(unit, rows);
	if (statement == STORE_LOCK_ONE_TO_RESTART_WITHIN && rows == 1 && DatumGetBool(store_value(0, UNIT_IS_CURRENT_COLUMN)))
		unit_read_prefix(unit, unit_find(unit, id), 0, UNIT_FIRST_PREFIX_COLUMN);
}

/*
 * Locks an invocation that is killed without anything else: of no object key,
 * without a caller and without callees.  Returns false if it is not such a
 * one, with nothing locked; sets is_current to whether the callees were read
 * as they are, for they are read before the lock is waited for.
 */
bool
unit_lock_alone(Unit *unit, const RestateInvocationId *id, bool *is_current)
{
	StoreCall call;
	uint64 rows;

	store_call(&call, STORE_LOCK_ONE_TO_KILL);
	store_arg(&call, InvocationIdGetDatum(id));
	store_arg(&call, Int64GetDatum((int64) restate_id_partition_key(id)));
	rows = store_execute(&call);
	unit_read_facts(unit, rows);
	*is_current = rows == 1 && DatumGetBool(store_value(0, UNIT_IS_CURRENT_COLUMN));
	return rows == 1;
}

/*
 * Adds the arguments deployment mode and deployment id.
 */
void
unit_add_asked(Unit *unit, StoreCall *call)
{
	static const char *const modes[] = {
		[DEPLOYMENT_KEEP] = "keep",
		[DEPLOYMENT_LATEST] = "latest",
		[DEPLOYMENT_ID] = "id"};

	store_arg(call, CStringGetTextDatum(modes[unit->asked.deployment]));
	if (unit->asked.deployment == DEPLOYMENT_ID)
		store_arg(call, DeploymentIdGetDatum(&unit->asked.deployment_id));
	else
		store_arg_null(call);
}

/*
 * Adds the invocation's id and partition key to two columns.
 */
void
unit_add_id(const Invocation *invocation, StoreColumn *ids, StoreColumn *partition_keys)
{
	store_column_add(ids, InvocationIdGetDatum(&invocation->id));
	store_column_add(partition_keys, Int64GetDatum(invocation->partition_key));
}

/*
 * Locks the rows of all invocations of the unit in the order of their ids,
 * and reads the facts again.  Where the table is distributed a lock can span
 * no two partition keys, so there it takes a statement each.
 */
void
unit_lock_rows(Unit *unit)
{
	StoreCall call;
	StoreColumn ids = {0};
	StoreColumn partition_keys = {0};
	HASH_SEQ_STATUS scan;
	Invocation *invocation;
	bool with_deployment = unit->asked.deployment != DEPLOYMENT_KEEP;

	hash_seq_init(&scan, unit->invocations);
	while ((invocation = hash_seq_search(&scan)) != NULL)
	{
		unit_add_id(invocation, &ids, &partition_keys);
	}
	if (store_is_distributed())
	{
		qsort(ids.values, ids.count, sizeof(Datum), compare_id_datums);
		for (int i = 0; i < ids.count; i++)
			lock_one(unit, with_deployment ? STORE_LOCK_ONE_WITH_DEPLOYMENT : STORE_LOCK_ONE,
					 DatumGetInvocationId(ids.values[i]));
		return;
	}
	store_call(&call, with_deployment ? STORE_LOCK_MANY_WITH_DEPLOYMENT : STORE_LOCK_MANY);
	store_arg_column(&call, &ids);
	store_arg_column(&call, &partition_keys);
	if (with_deployment)
		unit_add_asked(unit, &call);
	unit_read_facts(unit, store_execute(&call));
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
 * Returns the invocation of that id, or NULL if the unit does not have it.
 */
Invocation *
unit_find(Unit *unit, const RestateInvocationId *id)
{
	return hash_search(unit->invocations, id, HASH_FIND, NULL);
}

/*
 * Returns the invocation of that id, added without facts if the unit does not
 * have it yet.
 */
Invocation *
unit_enter(Unit *unit, const RestateInvocationId *id)
{
	bool found;
	Invocation *invocation = hash_search(unit->invocations, id, HASH_ENTER, &found);

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
unit_read_facts(Unit *unit, uint64 rows)
{
	MemoryContext old = MemoryContextSwitchTo(unit->context);

	for (uint64 row = 0; row < rows; row++)
	{
		RestateInvocationId id;
		Invocation *i;
		Facts facts;

		(void) store_invocation_id(row, UNIT_ID_COLUMN, &id);
		i = unit_enter(unit, &id);
		facts_read(store_value(row, UNIT_FACTS_COLUMN), &facts, &i->service_name, &i->service_key);
		i->exists = true;
		i->status = facts.status;
		i->journal_size = facts.journal_size;
		i->journal_commands_size = facts.journal_commands_size;
		i->pause_requested = facts.pause_requested;
		i->facts = facts;
	}
	MemoryContextSwitchTo(old);
}
