/*
 * unit.c
 *		The invocations of a unit of work, and the changes made to them.
 */
#include "postgres.h"

#include "access/xact.h"
#include "utils/builtins.h"
#include "utils/memutils.h"

#include "compat.h"
#include "unit.h"

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
	unit->invocations = hash_create("restate_admin unit of work", 16, &ctl,
									HASH_ELEM | HASH_BLOBS | HASH_CONTEXT);
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

/*
 * Appends an entry to the invocation's journal.
 */
void
unit_append(Unit *unit, Invocation *invocation, const char *entry_type,
			int64 completion_id, int64 signal_index, const char *meta)
{
	MemoryContext old = MemoryContextSwitchTo(unit->context);
	JournalAppend *append = palloc_object(JournalAppend);

	append->index = invocation->journal_size++;
	append->entry_type = entry_type;
	append->completion_id = completion_id;
	append->signal_index = signal_index;
	append->meta = meta;
	invocation->appends = lappend(invocation->appends, append);
	invocation->changed = true;
	MemoryContextSwitchTo(old);
}

/*
 * Moves the invocation to a status.
 */
void
unit_set_status(Unit *unit, Invocation *invocation, Status status)
{
	if (status == STATUS_READY && invocation->status != STATUS_READY)
		unit->made_runnable = true;
	invocation->status = status;
	invocation->changed = true;
}

/*
 * Drops the journal of a completed invocation.
 */
void
unit_purge_journal(Invocation *invocation)
{
	invocation->journal_purged = true;
	invocation->journal_size = 0;
	invocation->journal_commands_size = 0;
	invocation->appends = NIL;
}

/*
 * Removes the invocation with all that is its own; one that waits in an inbox
 * leaves it.
 */
void
unit_remove(Unit *unit, Invocation *invocation)
{
	MemoryContext old = MemoryContextSwitchTo(unit->context);

	if (invocation->object_key)
		invocation->object_key->inbox = list_delete_ptr(invocation->object_key->inbox, invocation);
	invocation->exists = false;
	invocation->removed = true;
	MemoryContextSwitchTo(old);
}

/*
 * Frees the object key that the invocation holds, if it does, and starts the
 * first of the key's inbox.
 */
void
unit_release_key(Unit *unit, Invocation *invocation)
{
	ObjectKey *key = invocation->object_key;
	Invocation *next;

	if (key == NULL || !key->has_holder ||
		memcmp(&key->holder, &invocation->id, sizeof(key->holder)) != 0)
		return;
	key->changed = true;
	key->has_holder = key->inbox != NIL;
	if (!key->has_holder)
		return;
	next = linitial(key->inbox);
	key->inbox = list_delete_first(key->inbox);
	key->holder = next->id;
	unit_set_status(unit, next, STATUS_READY);
	if (next->journal_size == 0)
	{
		next->started = true;
		next->journal_size = next->journal_commands_size = 1;
	}
}

/*
 * Brings the failure of a callee to the call that waits for it, and wakes the
 * caller if it is suspended on that.
 */
void
unit_answer_caller(Unit *unit, Invocation *callee, const char *failure_meta)
{
	ListCell *cell;

	foreach (cell, callee->awaited_calls)
	{
		AwaitedCall *call = lfirst(cell);
		Invocation *caller = call->caller;

		if (call->answered || !caller->exists || caller->status == STATUS_COMPLETED)
			continue;
		call->answered = true;
		unit_append(unit, caller, "Notification: Call", call->result_completion_id, -1, failure_meta);
		if (caller->status == STATUS_SUSPENDED && call->is_suspended_on_it)
			unit_set_status(unit, caller, STATUS_READY);
	}
}
