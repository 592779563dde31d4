/*
 * direct.c
 *		Statements on a few rows, each found by its key, done without the executor: what a
 *		step of an invocation locks and writes.
 *
 * What they do is what their texts in locks.c and work.c say, which run where a table is
 * not plain: see tables.c.
 */
#include "postgres.h"

#include "access/genam.h"
#include "access/heapam.h"
#include "access/table.h"
#include "access/tableam.h"
#include "access/xact.h"
#include "catalog/pg_type.h"
#include "executor/executor.h"
#include "parser/parse_func.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/snapmgr.h"

#include "store/facts_list.h"
#include "store/reads.h"
#include "store/tables.h"
#include "store/work.h"
#include "types/compat.h"
#include "types/facts.h"
#include "types/status.h"
#include "types/text_equals.h"

/* the most rows that are added to a table at once */
#define MAX_AT_ONCE 1000

/*
 * The columns of restate.invocation that are used: the arguments of restate.facts(), with
 * no name those that are none, and more.
 */
#define FACT_NUMBER(name)			   FACT_##name,
#define FACT_NUMBER_OF(name, sql)	   FACT_##name,
#define FACT_COLUMN_NAME(name)		   #name,
#define FACT_NO_COLUMN_NAME(name, sql) NULL,
enum
{
	FACTS_BEFORE_DEPLOYMENT(FACT_NUMBER, FACT_NUMBER_OF)
		FACT_deployment_id,
	FACT_min_protocol_version,
	FACT_max_protocol_version,
	FACTS_BEHIND_DEPLOYMENT(FACT_NUMBER, FACT_NUMBER_OF)
		FACTS_LAST(FACT_NUMBER)
			FACT_COUNT,
	COLUMN_id = FACT_COUNT,
	COLUMN_partition_key,
	COLUMN_suspended_waiting_for_signals,
	COLUMN_retained_from,
	COLUMN_completed_at,
	COLUMN_last_attempt_server,
	COLUMN_COUNT
};
static const char *const invocation_columns[COLUMN_COUNT] = {
	FACTS_BEFORE_DEPLOYMENT(FACT_COLUMN_NAME, FACT_NO_COLUMN_NAME)
		NULL,
	NULL, NULL,
	FACTS_BEHIND_DEPLOYMENT(FACT_COLUMN_NAME, FACT_NO_COLUMN_NAME)
		FACTS_LAST(FACT_COLUMN_NAME) "id",
	"partition_key", "suspended_waiting_for_signals", "retained_from", "completed_at", "last_attempt_server"};

/* those of restate.journal, in the order of the parameters of an append */
static const char *const journal_columns[] = {
	"id", "partition_key", "index", "entry_type", "name", "completion_id", "result_completion_id",
	"invoked_id", "signal_index", "signal_name", "meta", "payload", "appended_at"};
#define JOURNAL_ENTRY_TYPE 3

/* How a statement locks invocations. */
typedef struct Locking
{
	bool is_of_one;	   /* its row is the same for all */
	bool skips_locked; /* what others have locked is passed over */
	bool to_end;	   /* only one that ends alone */
} Locking;

/* A table that rows are written to. */
typedef struct Writing
{
	Relation relation;
	EState *estate;
	ResultRelInfo *result;
} Writing;

static bool invocation_fits(const Table *table);
static bool journal_fits(const Table *table);

static Table invocation_table = {
	.name = "invocation",
	.columns = invocation_columns,
	.ncolumns = COLUMN_COUNT,
	.fits = invocation_fits};
static Table journal_table = {
	.name = "journal",
	.columns = journal_columns,
	.ncolumns = lengthof(journal_columns),
	.gets_rows = true,
	.fits = journal_fits};

static bool lock_rows(const StoreCall *call, const Locking *locking, uint64 *rows);
static int compare_rows(const void *a, const void *b, void *call);
static bool lock_row(Relation relation, Datum id, Datum partition_key, const Locking *locking,
					 TupleTableSlot *slot);
static bool is_locked(TM_Result result);
static SysScanDesc begin_scan(Relation relation, Datum id, Datum partition_key);
static bool ends_alone(HeapTuple row, TupleDesc columns);
static Datum facts_of(TupleTableSlot *slot);
static Datum column(TupleTableSlot *slot, int column, bool *isnull);
static bool awaits_cancel(TupleTableSlot *slot);
static bool write_step(const StoreCall *const *calls, int count, StoreWritten *parts);
static Writing begin_writing(Relation relation);
static void end_writing(Writing *writing);
static void insert_indexes(Writing *writing, TupleTableSlot *slot, bool is_update, RestateIndexesToUpdate which);
static int64 advance(const StoreCall *call, Relation relation);
static bool advance_row(const StoreCall *call, int row, Writing *writing, TupleTableSlot *before, TupleTableSlot *after);
static void set_column(TupleTableSlot *slot, int column, Datum value, bool isnull);
static int64 append(const StoreCall *call, Relation relation);
static void fill_entry(const StoreCall *call, int row, TupleTableSlot *slot);

/*
 * Runs the calls as store_execute_whole() does, if that can be done without a statement;
 * returns whether it was.
 */
bool
store_execute_directly(const StoreCall *const *calls, int count, StoreWritten *parts, uint64 *rows)
{
	if (store_is_distributed())
		return false;
	if (parts)
	{
		*rows = 0;
		return write_step(calls, count, parts);
	}
	switch (calls[0]->statement)
	{
		case STORE_LOCK_ONE:
			return lock_rows(calls[0], &(Locking){.is_of_one = true}, rows);
		case STORE_LOCK_ONE_TO_END:
			return lock_rows(calls[0], &(Locking){.is_of_one = true, .skips_locked = true, .to_end = true}, rows);
		case STORE_LOCK_MANY:
			return lock_rows(calls[0], &(Locking){0}, rows);
		case STORE_LOCK_FREE:
			return lock_rows(calls[0], &(Locking){.skips_locked = true}, rows);
		default:
			return false;
	}
}

/*
 * Returns whether restate.facts() takes the columns as they are.
 */
static bool
invocation_fits(const Table *table)
{
	Oid function = LookupFuncName(list_make2(makeString("restate"), makeString("facts")), -1, NULL, true);
	Oid *arguments;
	int count;

	if (!OidIsValid(function))
		return false;
	(void) get_func_signature(function, &arguments, &count);
	if (count != FACT_COUNT)
		return false;
	for (int i = 0; i < FACT_COUNT; i++)
		if (table->columns[i] && table->types[i] != arguments[i])
			return false;
	return OidIsValid(table->primary_key) &&
		   table->types[COLUMN_id] == store_type_oid(STORE_INVOCATION_ID) &&
		   table->types[COLUMN_partition_key] == INT8OID &&
		   table->types[COLUMN_suspended_waiting_for_signals] == INT8ARRAYOID &&
		   table->types[COLUMN_retained_from] == TIMESTAMPTZOID &&
		   table->types[COLUMN_completed_at] == TIMESTAMPTZOID &&
		   table->types[COLUMN_last_attempt_server] == TEXTOID;
}

/*
 * Returns whether an append has what the columns take.
 */
static bool
journal_fits(const Table *table)
{
	Assert(store_form_append.nparams == lengthof(journal_columns));
	for (int i = 0; i < table->ncolumns; i++)
		if (i == JOURNAL_ENTRY_TYPE ? get_typtype(table->types[i]) != TYPTYPE_ENUM :
									  table->types[i] != store_type_oid(store_form_append.params[i].type))
			return false;
	return true;
}

/*
 * Locks the invocations of a call in the order of their ids, and keeps the id and the
 * facts of each as a row of the last result, without a deployment; returns whether it
 * did.
 */
static bool
lock_rows(const StoreCall *call, const Locking *locking, uint64 *rows)
{
	int count = locking->is_of_one ? 1 : call->count;
	Relation relation = table_open_plain(&invocation_table, RowShareLock, ACL_SELECT | ACL_UPDATE);
	TupleTableSlot *slot;
	int *places;
	Datum *values;

	if (relation == NULL)
		return false;
	CommandCounterIncrement();
	PushActiveSnapshot(GetTransactionSnapshot());
	slot = table_slot_create(relation, NULL);
	places = palloc_array(int, count);
	values = palloc_array(Datum, 2 * count);
	for (int i = 0; i < count; i++)
		places[i] = i;
	if (count > 1)
		qsort_arg(places, (size_t) count, sizeof(*places), compare_rows, unconstify(StoreCall *, call));
	*rows = 0;
	for (int i = 0; i < count; i++)
	{
		Datum id = locking->is_of_one ? call->of_all[0].value : call->values[places[i]];
		Datum partition_key =
			locking->is_of_one ? call->of_all[1].value : call->values[call->allocated + places[i]];

		if (!lock_row(relation, id, partition_key, locking, slot))
			continue;
		values[2 * *rows] = id;
		values[2 * *rows + 1] = facts_of(slot);
		(*rows)++;
	}
	ExecDropSingleTupleTableSlot(slot);
	PopActiveSnapshot();
	table_close(relation, NoLock);
	store_give_rows(values, 2, *rows);
	return true;
}

/*
 * Orders rows of a call by their ids, for qsort_arg().
 */
static int
compare_rows(const void *a, const void *b, void *call)
{
	const Datum *ids = ((const StoreCall *) call)->values;

	return restate_invocation_id_compare(DatumGetInvocationId(ids[*(const int *) a]),
										 DatumGetInvocationId(ids[*(const int *) b]));
}

/*
 * Locks an invocation as SELECT FOR UPDATE does, and puts it as it is by then into the
 * slot; returns whether it did.
 */
static bool
lock_row(Relation relation, Datum id, Datum partition_key, const Locking *locking,
		 TupleTableSlot *slot)
{
	SysScanDesc scan = begin_scan(relation, id, partition_key);
	HeapTuple row = systable_getnext(scan);
	bool result = false;

	if (row && (!locking->to_end || ends_alone(row, RelationGetDescr(relation))))
	{
		ItemPointerData place = row->t_self;
		int flags = TUPLE_LOCK_FLAG_LOCK_UPDATE_IN_PROGRESS;
		TM_FailureData failure;

		if (!IsolationUsesXactSnapshot())
			flags |= TUPLE_LOCK_FLAG_FIND_LAST_VERSION;
		result = is_locked(table_tuple_lock(relation, &place, GetActiveSnapshot(), slot,
											GetCurrentCommandId(true), LockTupleExclusive,
											locking->skips_locked ? LockWaitSkip : LockWaitBlock, flags, &failure));
		if (result && locking->to_end && failure.traversed)
		{
			bool must_free;
			HeapTuple now = ExecFetchSlotHeapTuple(slot, false, &must_free);

			result = ends_alone(now, RelationGetDescr(relation));
		}
	}
	systable_endscan(scan);
	return result;
}

/*
 * Returns whether a row was locked; not, where it is gone or locked by others.  Raises
 * a serialization failure where the transaction does not see what became of it.
 */
static bool
is_locked(TM_Result result)
{
	switch (result)
	{
		case TM_Ok:
			return true;
		case TM_SelfModified:
		case TM_WouldBlock:
			return false;
		case TM_Updated:
		case TM_Deleted:
			if (IsolationUsesXactSnapshot())
				ereport(ERROR, (errcode(ERRCODE_T_R_SERIALIZATION_FAILURE),
								errmsg("could not serialize access due to concurrent update")));
			if (result == TM_Deleted)
				return false;
			break;
		default:
			break;
	}
	elog(ERROR, "unexpected result of a lock: %d", (int) result);
}

/*
 * Begins to look for an invocation by its key.
 */
static SysScanDesc
begin_scan(Relation relation, Datum id, Datum partition_key)
{
	const Table *table = &invocation_table;
	ScanKeyData key[2];

	ScanKeyInit(&key[0], table->attributes[COLUMN_id], BTEqualStrategyNumber, table->same_id, id);
	ScanKeyInit(&key[1], table->attributes[COLUMN_partition_key], BTEqualStrategyNumber,
				table->same_partition_key, partition_key);
	return systable_beginscan(relation, table->primary_key, true, GetActiveSnapshot(), 2, key);
}

/*
 * Returns whether the end of an invocation concerns nobody else: it has no object key to
 * free, and nobody waits for it.
 */
static bool
ends_alone(HeapTuple row, TupleDesc columns)
{
	const AttrNumber *attributes = invocation_table.attributes;
	bool isnull;
	Datum value = heap_getattr(row, attributes[FACT_target_handler_ty], columns, &isnull);

	if (!isnull && text_equals(DatumGetTextPP(value), "exclusive"))
		return false;
	value = heap_getattr(row, attributes[FACT_has_waiters], columns, &isnull);
	return isnull || !DatumGetBool(value);
}

/*
 * Returns the facts of the invocation in the slot.
 */
static Datum
facts_of(TupleTableSlot *slot)
{
	LOCAL_FCINFO(facts, FACT_COUNT);

	InitFunctionCallInfoData(*facts, NULL, FACT_COUNT, InvalidOid, NULL, NULL);
	slot_getallattrs(slot);
	for (int i = 0; i < FACT_COUNT; i++)
	{
		facts->args[i].isnull = true;
		if (invocation_columns[i])
			facts->args[i].value = column(slot, i, &facts->args[i].isnull);
	}
	facts->args[FACT_awaits_cancel] = (NullableDatum){.value = BoolGetDatum(awaits_cancel(slot))};
	facts->args[FACT_kept_from].value = column(slot, COLUMN_retained_from, &facts->args[FACT_kept_from].isnull);
	if (facts->args[FACT_kept_from].isnull)
		facts->args[FACT_kept_from].value =
			column(slot, COLUMN_completed_at, &facts->args[FACT_kept_from].isnull);
	return restate_facts(facts);
}

/*
 * Returns the value of a column of the invocation in the slot.
 */
static Datum
column(TupleTableSlot *slot, int column, bool *isnull)
{
	int place = invocation_table.attributes[column] - 1;

	*isnull = slot->tts_isnull[place];
	return slot->tts_values[place];
}

/*
 * Returns whether the invocation in the slot is suspended until it is cancelled, or
 * something else comes.
 */
static bool
awaits_cancel(TupleTableSlot *slot)
{
	bool isnull;
	Datum signals = column(slot, COLUMN_suspended_waiting_for_signals, &isnull);
	Datum *values;
	bool *nulls;
	int count;

	if (isnull)
		return false;
	deconstruct_array(DatumGetArrayTypeP(signals), INT8OID, sizeof(int64), FLOAT8PASSBYVAL,
					  TYPALIGN_DOUBLE, &values, &nulls, &count);
	for (int i = 0; i < count; i++)
		if (!nulls[i] && DatumGetInt64(values[i]) == 1)
			return true;
	return false;
}

/*
 * Writes the parts of the work, and notes of each what it did, if they are those of a
 * step; returns whether they are.
 */
static bool
write_step(const StoreCall *const *calls, int count, StoreWritten *parts)
{
	Relation relations[2];
	int opened = 0;

	if (count > (int) lengthof(relations))
		return false;
	for (int i = 0; i < count; i++)
		if (calls[i]->statement != STORE_ADVANCE && calls[i]->statement != STORE_APPEND)
			return false;
	for (; opened < count; opened++)
	{
		relations[opened] = calls[opened]->statement == STORE_ADVANCE ?
								table_open_plain(&invocation_table, RowExclusiveLock, ACL_SELECT | ACL_UPDATE) :
								table_open_plain(&journal_table, RowExclusiveLock, ACL_INSERT);
		if (relations[opened] == NULL)
			break;
	}
	if (opened == count)
	{
		CommandCounterIncrement();
		PushActiveSnapshot(GetTransactionSnapshot());
		for (int i = 0; i < count; i++)
		{
			parts[i] = (StoreWritten){.is_counted = true};
			parts[i].written = parts[i].found =
				calls[i]->statement == STORE_ADVANCE ? advance(calls[i], relations[i]) : append(calls[i], relations[i]);
		}
		PopActiveSnapshot();
		CommandCounterIncrement();
	}
	for (int i = 0; i < opened; i++)
		table_close(relations[i], NoLock);
	return opened == count;
}

/*
 * Begins to write rows.
 */
static Writing
begin_writing(Relation relation)
{
	Writing writing = {relation, CreateExecutorState(), makeNode(ResultRelInfo)};

	InitResultRelInfo(writing.result, relation, 0, NULL, 0);
	store_give_checks(writing.estate, writing.result);
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
	FreeExecutorState(writing->estate);
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
 * Notes how far the invocations of a call are whose attempts run on; returns how many
 * there were.
 */
static int64
advance(const StoreCall *call, Relation relation)
{
	Writing writing = begin_writing(relation);
	TupleTableSlot *before = MakeSingleTupleTableSlot(RelationGetDescr(relation), &TTSOpsHeapTuple);
	TupleTableSlot *after = MakeSingleTupleTableSlot(RelationGetDescr(relation), &TTSOpsVirtual);
	int64 written = 0;

	CheckCmdReplicaIdentity(relation, CMD_UPDATE);
	for (int row = 0; row < call->count; row++)
		written += advance_row(call, row, &writing, before, after);
	ExecDropSingleTupleTableSlot(after);
	ExecDropSingleTupleTableSlot(before);
	end_writing(&writing);
	return written;
}

/*
 * Notes it of one; returns whether it is there, and its attempt the one that runs.
 */
static bool
advance_row(const StoreCall *call, int row, Writing *writing, TupleTableSlot *before, TupleTableSlot *after)
{
#define PARAMETER(i) call->values[(i) *call->allocated + row], call->nulls[(i) *call->allocated + row]
	SysScanDesc scan = begin_scan(writing->relation, call->values[row], call->values[call->allocated + row]);
	HeapTuple tuple = systable_getnext(scan);
	bool is_current = false;

	if (tuple)
	{
		bool isnull;
		Datum attempt;

		ExecStoreHeapTuple(tuple, before, false);
		slot_getallattrs(before);
		attempt = column(before, FACT_attempt, &isnull);
		is_current = !isnull && DatumGetInt64(attempt) == DatumGetInt64(call->values[4 * call->allocated + row]) &&
					 text_equals(DatumGetTextPP(column(before, FACT_status, &isnull)), restate_status_name(STATUS_RUNNING));
	}
	if (is_current)
	{
		RestateIndexesToUpdate which;

		ExecClearTuple(after);
		memcpy(after->tts_values, before->tts_values, sizeof(Datum) * (Size) before->tts_nvalid);
		memcpy(after->tts_isnull, before->tts_isnull, sizeof(bool) * (Size) before->tts_nvalid);
		set_column(after, FACT_journal_size, PARAMETER(2));
		set_column(after, FACT_journal_commands_size, PARAMETER(3));
		set_column(after, FACT_asked_completion_id, PARAMETER(5));
		set_column(after, FACT_entry_retry_count, (Datum) 0, true);
		set_column(after, FACT_last_entry_at, call->of_all[7].value, call->of_all[7].isnull);
		if (!call->nulls[6 * call->allocated + row])
			set_column(after, COLUMN_last_attempt_server, PARAMETER(6));
		ExecStoreVirtualTuple(after);
		after->tts_tableOid = RelationGetRelid(writing->relation);
		ExecConstraints(writing->result, after, writing->estate);
		simple_table_tuple_update(writing->relation, &tuple->t_self, after, GetActiveSnapshot(), &which);
		if (restate_updates_indexes(which))
			insert_indexes(writing, after, true, which);
		ExecClearTuple(before);
	}
	systable_endscan(scan);
	return is_current;
#undef PARAMETER
}

/*
 * Sets a column of an invocation in a slot.
 */
static void
set_column(TupleTableSlot *slot, int column, Datum value, bool isnull)
{
	int place = invocation_table.attributes[column] - 1;

	slot->tts_values[place] = value;
	slot->tts_isnull[place] = isnull;
}

/*
 * Appends the entries of a call to journals; returns how many there are.
 */
static int64
append(const StoreCall *call, Relation relation)
{
	Writing writing = begin_writing(relation);
	int most = Min(call->count, MAX_AT_ONCE);
	TupleTableSlot **slots = palloc_array(TupleTableSlot *, most);

	for (int i = 0; i < most; i++)
		slots[i] = MakeSingleTupleTableSlot(RelationGetDescr(relation), &TTSOpsVirtual);
	for (int done = 0; done < call->count; done += most)
	{
		int count = Min(most, call->count - done);

		for (int i = 0; i < count; i++)
		{
			fill_entry(call, done + i, slots[i]);
			slots[i]->tts_tableOid = RelationGetRelid(relation);
			ExecConstraints(writing.result, slots[i], writing.estate);
		}
		table_multi_insert(relation, slots, count, GetCurrentCommandId(true), 0, NULL);
		for (int i = 0; i < count; i++)
			insert_indexes(&writing, slots[i], false, RESTATE_ALL_INDEXES);
	}
	for (int i = 0; i < most; i++)
		ExecDropSingleTupleTableSlot(slots[i]);
	end_writing(&writing);
	return call->count;
}

/*
 * Puts an entry into a slot.
 */
static void
fill_entry(const StoreCall *call, int row, TupleTableSlot *slot)
{
	const Table *table = &journal_table;
	int last = table->ncolumns - 1;

	ExecClearTuple(slot);
	memcpy(slot->tts_values, table->defaults, sizeof(Datum) * (Size) table->natts);
	memcpy(slot->tts_isnull, table->default_nulls, sizeof(bool) * (Size) table->natts);
	for (int i = 0; i < table->ncolumns; i++)
	{
		int place = table->attributes[i] - 1;

		slot->tts_values[place] = i < last ? call->values[i * call->allocated + row] : call->of_all[i].value;
		slot->tts_isnull[place] = i < last ? call->nulls[i * call->allocated + row] : call->of_all[i].isnull;
		if (i == JOURNAL_ENTRY_TYPE)
			slot->tts_values[place] =
				DirectFunctionCall2(enum_in, CStringGetDatum(TextDatumGetCString(slot->tts_values[place])),
									ObjectIdGetDatum(table->types[i]));
	}
	ExecStoreVirtualTuple(slot);
}
