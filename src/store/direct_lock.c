/*
 * direct_lock.c
 *		Locks invocations without the executor.
 */
#include "postgres.h"

#include "access/genam.h"
#include "access/heapam.h"
#include "access/table.h"
#include "access/tableam.h"
#include "access/xact.h"
#include "catalog/pg_type.h"
#include "executor/executor.h"
#include "utils/array.h"
#include "utils/snapmgr.h"

#include "store/direct.h"
#include "store/direct_tables.h"
#include "types/compat.h"
#include "types/facts.h"
#include "types/text_equals.h"

/* How a statement locks invocations. */
typedef struct Locking
{
	bool is_of_one;	   /* its row is the same for all */
	bool skips_locked; /* what others have locked is passed over */
	bool to_end;	   /* only one that ends alone */
} Locking;

static bool lock_rows(const StoreCall *call, const Locking *locking, uint64 *rows);
static int compare_rows(const void *a, const void *b, void *call);
static bool lock_row(Relation relation, const Datum *key, const Locking *locking, TupleTableSlot *slot);
static bool ends_alone(HeapTuple row, TupleDesc columns);
static Datum column(TupleTableSlot *slot, int column, bool *isnull);
static bool awaits_cancel(TupleTableSlot *slot);

/*
 * Runs a statement that locks or reads invocations, if that can be done here; returns
 * whether it was, and how many rows it has.
 */
bool
direct_read(const StoreCall *call, uint64 *rows)
{
	switch (call->statement)
	{
		case STORE_LOCK_ONE:
			return lock_rows(call, &(Locking){.is_of_one = true}, rows);
		case STORE_LOCK_ONE_TO_END:
			return lock_rows(call, &(Locking){.is_of_one = true, .skips_locked = true, .to_end = true}, rows);
		case STORE_LOCK_MANY:
			return lock_rows(call, &(Locking){0}, rows);
		case STORE_LOCK_FREE:
			return lock_rows(call, &(Locking){.skips_locked = true}, rows);
		case STORE_LOCK_READY:
			return direct_lock_ready(call, rows);
		case STORE_READ_RUNNABLE:
			return direct_read_runnable(call, rows);
		default:
			return false;
	}
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
		Datum key[] = {
			locking->is_of_one ? call->of_all[0].value : call->values[places[i]],
			locking->is_of_one ? call->of_all[1].value : call->values[call->allocated + places[i]]};

		if (!lock_row(relation, key, locking, slot))
			continue;
		values[2 * *rows] = key[0];
		values[2 * *rows + 1] = direct_facts(slot, NULL);
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
lock_row(Relation relation, const Datum *key, const Locking *locking, TupleTableSlot *slot)
{
	SysScanDesc scan = table_begin_scan(&invocation_table, relation, key);
	HeapTuple row = systable_getnext(scan);
	bool result = false;

	if (row && (!locking->to_end || ends_alone(row, RelationGetDescr(relation))))
	{
		ItemPointerData place = row->t_self;
		int flags = TUPLE_LOCK_FLAG_LOCK_UPDATE_IN_PROGRESS;
		TM_FailureData failure;

		if (!IsolationUsesXactSnapshot())
			flags |= TUPLE_LOCK_FLAG_FIND_LAST_VERSION;
		result = direct_is_locked(table_tuple_lock(relation, &place, GetActiveSnapshot(), slot,
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
bool
direct_is_locked(TM_Result result)
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
 * Returns the facts of the invocation in the slot, with those of a deployment; NULL: none.
 */
Datum
direct_facts(TupleTableSlot *slot, const Deployment *deployment)
{
	LOCAL_FCINFO(facts, FACT_COUNT);

	InitFunctionCallInfoData(*facts, NULL, FACT_COUNT, InvalidOid, NULL, NULL);
	slot_getallattrs(slot);
	for (int i = 0; i < FACT_COUNT; i++)
	{
		facts->args[i].isnull = true;
		if (invocation_has_column(i))
			facts->args[i].value = column(slot, i, &facts->args[i].isnull);
	}
	if (deployment)
	{
		facts->args[FACT_deployment_id] = (NullableDatum){.value = DeploymentIdGetDatum(&deployment->id)};
		facts->args[FACT_min_protocol_version] = (NullableDatum){.value = Int32GetDatum(deployment->min_protocol_version)};
		facts->args[FACT_max_protocol_version] = (NullableDatum){.value = Int32GetDatum(deployment->max_protocol_version)};
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
