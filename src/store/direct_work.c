/*
 * direct_work.c
 *		Writes rows without the executor: all parts of the work, or none.
 */
#include "postgres.h"

#include "access/genam.h"
#include "access/heapam.h"
#include "access/table.h"
#include "access/tableam.h"
#include "access/xact.h"
#include "executor/executor.h"
#include "utils/snapmgr.h"
#include "utils/timestamp.h"

#include "store/direct.h"
#include "store/direct_tables.h"
#include "types/compat.h"

/* the most rows that are added to a table at once */
#define MAX_AT_ONCE 1000

/* the parameters of a call that tells of a worker */
#define SEEN_NAME 0
#define SEEN_AT	  1

/* A table that rows are written to. */
typedef struct Writing
{
	Table *table;
	Relation relation;
	EState *estate;
	ResultRelInfo *result;
} Writing;

/* How a part of the work is written: one of fill, change and find. */
typedef struct Way
{
	Table *table; /* NULL: only the statement does it */
	AclMode rights;
	bool (*fits)(const StoreCall *call, Relation relation); /* whether its rows can be written so */
	void (*fill)(const StoreCall *call, int row, TupleTableSlot *slot);
	bool (*change)(const StoreCall *call, int row, TupleTableSlot *before, TupleTableSlot *after);
	int (*find)(const StoreCall *call, int row, ScanKey keys); /* what is deleted */
} Way;

static const Way *way_of(const StoreCall *call);
static void write_part(const StoreCall *call, Relation relation, EState *estate, StoreWritten *part);
static bool are_new(const StoreCall *call, Relation relation);
static bool timers_are_new(const StoreCall *call, Relation relation);
static bool waiters_are_new(const StoreCall *call, Relation relation);
static bool has_none(const StoreCall *call, Relation relation, void (*find_key)(const StoreCall *call, int row, Datum *key));
static bool was_seen(const StoreCall *call, Relation relation);
static bool lock_worker(Relation relation, ItemPointerData place, LockTupleMode mode, LockWaitPolicy policy,
						TupleTableSlot *slot);
static bool is_recent(TupleTableSlot *slot, const StoreCall *call, int64 time);
static Writing begin_writing(Table *table, Relation relation, EState *estate);
static void end_writing(Writing *writing);
static void insert_indexes(Writing *writing, TupleTableSlot *slot, bool is_update, RestateIndexesToUpdate which);
static int64 insert_rows(const StoreCall *call, const Way *way, Writing *writing);
static int64 update_rows(const StoreCall *call, const Way *way, Writing *writing);
static bool update_row(const StoreCall *call, int row, const Way *way, Writing *writing, TupleTableSlot *before,
					   TupleTableSlot *after);
static void delete_rows(const StoreCall *call, const Way *way, Writing *writing, StoreWritten *part);

/*
 * Writes the parts of the work, and notes of each what it did, if that can be done here;
 * returns whether it was.
 */
bool
direct_write(const StoreCall *const *calls, int count, StoreWritten *parts)
{
	Relation relations[STORE_WORK_COUNT];
	bool fits = true;
	int opened = 0;

	for (int i = 0; i < count; i++)
		if (way_of(calls[i])->table == NULL)
			return false;
	for (; opened < count; opened++)
	{
		const Way *way = way_of(calls[opened]);

		relations[opened] = table_open_plain(way->table, RowExclusiveLock, way->rights);
		if (relations[opened] == NULL)
			break;
	}
	if (opened == count)
	{
		EState *estate;

		CommandCounterIncrement();
		PushActiveSnapshot(GetTransactionSnapshot());
		for (int i = 0; i < count && fits; i++)
			fits = way_of(calls[i])->fits == NULL || way_of(calls[i])->fits(calls[i], relations[i]);
		estate = fits ? CreateExecutorState() : NULL;
		for (int i = 0; i < count && fits; i++)
		{
			parts[i] = (StoreWritten){.is_counted = true};
			write_part(calls[i], relations[i], estate, &parts[i]);
		}
		if (estate)
			FreeExecutorState(estate);
		PopActiveSnapshot();
		CommandCounterIncrement();
	}
	for (int i = 0; i < opened; i++)
		table_close(relations[i], NoLock);
	return opened == count && fits;
}

/*
 * Returns how what a statement says is written.
 */
static const Way *
way_of(const StoreCall *call)
{
	static const Way ways[STORE_WORK_COUNT] = {
		[STORE_SUBMIT] = {&invocation_table, ACL_SELECT | ACL_INSERT, .fits = are_new, .fill = row_submit},
		[STORE_ADVANCE] = {&invocation_table, ACL_SELECT | ACL_UPDATE, .change = row_advance},
		[STORE_UPDATE] = {&invocation_table, ACL_SELECT | ACL_UPDATE, .change = row_update},
		[STORE_COMPLETE] = {&invocation_table, ACL_SELECT | ACL_UPDATE, .change = row_complete},
		[STORE_APPEND] = {&journal_table, ACL_INSERT, .fill = row_append},
		[STORE_ADD_RUNNABLE] = {&runnable_table, ACL_INSERT, .fill = row_add_runnable},
		[STORE_DROP_RUNNABLE] = {&runnable_table, ACL_SELECT | ACL_DELETE, .find = row_find_runnable},
		[STORE_SET_TIMERS] = {&timer_table, ACL_SELECT | ACL_INSERT | ACL_UPDATE, .fits = timers_are_new, .fill = row_set_timer},
		[STORE_ADD_WAITERS] = {&waiter_table, ACL_SELECT | ACL_INSERT | ACL_UPDATE, .fits = waiters_are_new, .fill = row_add_waiter},
		[STORE_DROP_WAITERS] = {&waiter_table, ACL_SELECT | ACL_DELETE, .find = row_find_waiters},
		[STORE_SEE_WORKERS] = {&worker_table, ACL_SELECT | ACL_INSERT | ACL_UPDATE, .fits = was_seen}};

	return &ways[call->statement];
}

/*
 * Writes a part of the work, and notes what it did.
 */
static void
write_part(const StoreCall *call, Relation relation, EState *estate, StoreWritten *part)
{
	const Way *way = way_of(call);
	Writing writing = begin_writing(way->table, relation, estate);

	if (way->fill)
		part->written = insert_rows(call, way, &writing);
	else if (way->change)
		part->written = update_rows(call, way, &writing);
	part->found = part->written;
	if (way->find)
		delete_rows(call, way, &writing, part);
	end_writing(&writing);
}

/*
 * Returns whether no invocation that is submitted can be there already.
 */
static bool
are_new(const StoreCall *call, Relation relation)
{
	for (int row = 0; row < call->count; row++)
		if (!row_is_new(call, row))
			return false;
	return true;
}

/*
 * Returns whether none of the timers is there already.
 */
static bool
timers_are_new(const StoreCall *call, Relation relation)
{
	return has_none(call, relation, row_timer_key);
}

/*
 * Returns whether none of those who wait is there already.
 */
static bool
waiters_are_new(const StoreCall *call, Relation relation)
{
	return has_none(call, relation, row_waiter_key);
}

/*
 * Returns whether the table has none of the rows.
 */
static bool
has_none(const StoreCall *call, Relation relation, void (*find_key)(const StoreCall *call, int row, Datum *key))
{
	bool is_there = false;

	for (int row = 0; row < call->count && !is_there; row++)
	{
		Datum key[TABLE_MAX_KEY];
		SysScanDesc scan;

		find_key(call, row, key);
		scan = table_begin_scan(way_of(call)->table, relation, key);
		is_there = HeapTupleIsValid(systable_getnext(scan));
		systable_endscan(scan);
	}
	return !is_there;
}

/*
 * Returns whether a worker was heard of a moment ago, or another transaction is noting that
 * it is, so that there is nothing to write; then its row is locked.  Those who see it at the
 * same time do not wait for the one that notes it.
 */
static bool
was_seen(const StoreCall *call, Relation relation)
{
	SysScanDesc scan = table_begin_scan(&worker_table, relation, &call->of_all[SEEN_NAME].value);
	TupleTableSlot *slot = table_slot_create(relation, NULL);
	HeapTuple row = systable_getnext(scan);
	bool result = false;

	if (row)
	{
		ItemPointerData place = row->t_self;

		ExecForceStoreHeapTuple(row, slot, false);
		result = is_recent(slot, call, USECS_PER_SEC) ||
				 (is_recent(slot, call, 2 * USECS_PER_SEC) &&
				  !lock_worker(relation, place, LockTupleNoKeyExclusive, LockWaitSkip, slot));
		result = result && lock_worker(relation, place, LockTupleKeyShare, LockWaitBlock, slot) &&
				 is_recent(slot, call, 2 * USECS_PER_SEC);
	}
	ExecDropSingleTupleTableSlot(slot);
	systable_endscan(scan);
	return result;
}

/*
 * Locks the row of a worker, and puts it as it is by then into the slot; returns whether it
 * did.
 */
static bool
lock_worker(Relation relation, ItemPointerData place, LockTupleMode mode, LockWaitPolicy policy, TupleTableSlot *slot)
{
	int flags = IsolationUsesXactSnapshot() ? 0 : TUPLE_LOCK_FLAG_FIND_LAST_VERSION;
	TM_FailureData failure;

	return direct_is_locked(table_tuple_lock(relation, &place, GetActiveSnapshot(), slot, GetCurrentCommandId(true),
											 mode, policy, flags, &failure));
}

/*
 * Returns whether the worker in the slot was heard of in that time before it is seen again.
 */
static bool
is_recent(TupleTableSlot *slot, const StoreCall *call, int64 time)
{
	slot_getallattrs(slot);
	return DatumGetTimestampTz(column_value(&worker_table, slot, WORKER_last_seen).value) >=
		   DatumGetTimestampTz(call->of_all[SEEN_AT].value) - time;
}

/*
 * Begins to write rows.
 */
static Writing
begin_writing(Table *table, Relation relation, EState *estate)
{
	Writing writing = {table, relation, estate, makeNode(ResultRelInfo)};

	InitResultRelInfo(writing.result, relation, 0, NULL, 0);
	store_give_checks(estate, writing.result);
	return writing;
}

/*
 * Ends it.
 */
static void
end_writing(Writing *writing)
{
	if (writing->result->ri_IndexRelationDescs)
		ExecCloseIndices(writing->result);
}

/*
 * Adds what the indexes have of the row in the slot, which was written.
 */
static void
insert_indexes(Writing *writing, TupleTableSlot *slot, bool is_update, RestateIndexesToUpdate which)
{
	if (writing->result->ri_IndexRelationDescs == NULL)
		ExecOpenIndices(writing->result, false);
	if (writing->result->ri_NumIndices > 0)
		list_free(restate_insert_indexes(writing->result, slot, writing->estate, is_update, which));
	ResetPerTupleExprContext(writing->estate);
}

/*
 * Adds the rows of a call; returns how many there are.
 */
static int64
insert_rows(const StoreCall *call, const Way *way, Writing *writing)
{
	int most = Min(call->count, MAX_AT_ONCE);
	TupleTableSlot **slots = palloc_array(TupleTableSlot *, most);
	Relation relation = writing->relation;

	for (int i = 0; i < most; i++)
		slots[i] = MakeSingleTupleTableSlot(RelationGetDescr(relation), &TTSOpsVirtual);
	for (int done = 0; done < call->count; done += most)
	{
		int count = Min(most, call->count - done);

		for (int i = 0; i < count; i++)
		{
			way->fill(call, done + i, slots[i]);
			slots[i]->tts_tableOid = RelationGetRelid(relation);
			ExecConstraints(writing->result, slots[i], writing->estate);
		}
		if (count == 1)
			table_tuple_insert(relation, slots[0], GetCurrentCommandId(true), 0, NULL);
		else
			table_multi_insert(relation, slots, count, GetCurrentCommandId(true), 0, NULL);
		for (int i = 0; i < count; i++)
			insert_indexes(writing, slots[i], false, RESTATE_ALL_INDEXES);
	}
	for (int i = 0; i < most; i++)
		ExecDropSingleTupleTableSlot(slots[i]);
	return call->count;
}

/*
 * Changes the invocations of a call, which are locked; returns how many of them are what
 * they were taken for.
 */
static int64
update_rows(const StoreCall *call, const Way *way, Writing *writing)
{
	TupleTableSlot *before = MakeSingleTupleTableSlot(RelationGetDescr(writing->relation), &TTSOpsHeapTuple);
	TupleTableSlot *after = MakeSingleTupleTableSlot(RelationGetDescr(writing->relation), &TTSOpsVirtual);
	int64 written = 0;

	CheckCmdReplicaIdentity(writing->relation, CMD_UPDATE);
	for (int row = 0; row < call->count; row++)
		written += update_row(call, row, way, writing, before, after);
	ExecDropSingleTupleTableSlot(after);
	ExecDropSingleTupleTableSlot(before);
	return written;
}

/*
 * Changes one; returns whether it is there, and what it was taken for.
 */
static bool
update_row(const StoreCall *call, int row, const Way *way, Writing *writing, TupleTableSlot *before,
		   TupleTableSlot *after)
{
	Datum key[TABLE_MAX_KEY];
	SysScanDesc scan;
	HeapTuple tuple;
	bool is_changed = false;

	row_invocation_key(call, row, key);
	scan = table_begin_scan(writing->table, writing->relation, key);
	tuple = systable_getnext(scan);
	if (tuple)
	{
		ExecStoreHeapTuple(tuple, before, false);
		slot_getallattrs(before);
		is_changed = way->change(call, row, before, after);
	}
	if (is_changed)
	{
		RestateIndexesToUpdate which;

		after->tts_tableOid = RelationGetRelid(writing->relation);
		ExecConstraints(writing->result, after, writing->estate);
		simple_table_tuple_update(writing->relation, &tuple->t_self, after, GetActiveSnapshot(), &which);
		if (restate_updates_indexes(which))
			insert_indexes(writing, after, true, which);
	}
	ExecClearTuple(before);
	systable_endscan(scan);
	return is_changed;
}

/*
 * Deletes the rows of a call, which are written under the locks of their invocations, and
 * notes how many there were.
 */
static void
delete_rows(const StoreCall *call, const Way *way, Writing *writing, StoreWritten *part)
{
	CheckCmdReplicaIdentity(writing->relation, CMD_DELETE);
	for (int row = 0; row < call->count; row++)
	{
		ScanKeyData keys[TABLE_MAX_KEY];
		int nkeys = way->find(call, row, keys);
		SysScanDesc scan =
			systable_beginscan(writing->relation, writing->table->primary_key, true, GetActiveSnapshot(), nkeys, keys);
		HeapTuple tuple;

		while ((tuple = systable_getnext(scan)) != NULL)
		{
			TM_FailureData failure;

			part->found++;
			part->written += direct_is_locked(table_tuple_delete(writing->relation, &tuple->t_self, GetCurrentCommandId(true),
																 GetActiveSnapshot(), InvalidSnapshot, true, &failure, false));
		}
		systable_endscan(scan);
	}
}
