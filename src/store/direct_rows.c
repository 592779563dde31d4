/*
 * direct_rows.c
 *		The rows that statements write without the executor, but those of invocations, and by
 *		which keys they are found, from the parameters of their calls: what the texts in
 *		work.c say of each column.
 */
#include "postgres.h"

#include "store/direct.h"
#include "store/direct_tables.h"
#include "store/work.h"
#include "types/compat.h"

/* the numbers of the parameters of each form */
#define RUN_PARAM(type, name)  RUN_##name,
#define TIME_PARAM(type, name) TIME_##name,
#define WAIT_PARAM(type, name) WAIT_##name,
enum
{
	STORE_RUNNABLE(RUN_PARAM, RUN_PARAM)
};
enum
{
	STORE_TIMERS(TIME_PARAM, TIME_PARAM)
};
enum
{
	STORE_WAITERS(WAIT_PARAM, WAIT_PARAM)
};

static void runnable_key(const StoreCall *call, int row, Datum *key);

/*
 * Puts an entry of a journal into a slot: STORE_APPEND.
 */
void
row_append(const StoreCall *call, int row, TupleTableSlot *slot)
{
	const Table *table = &journal_table;

	row_begin(table, slot);
	for (int i = 0; i < table->ncolumns; i++)
	{
		NullableDatum value = row_param(call, row, i);

		if (i == JOURNAL_ENTRY_TYPE)
			value.value = column_enum(table, i, value.value);
		column_set(table, slot, i, value);
	}
	ExecStoreVirtualTuple(slot);
}

/*
 * Puts a place among those that can run into a slot: STORE_ADD_RUNNABLE.
 */
void
row_add_runnable(const StoreCall *call, int row, TupleTableSlot *slot)
{
	Datum key[RUNNABLE_COUNT];

	runnable_key(call, row, key);
	row_begin(&runnable_table, slot);
	for (int i = 0; i < RUNNABLE_COUNT; i++)
		column_set(&runnable_table, slot, i, (NullableDatum){.value = key[i]});
	ExecStoreVirtualTuple(slot);
}

/*
 * Puts a timer into a slot: STORE_SET_TIMERS.
 */
void
row_set_timer(const StoreCall *call, int row, TupleTableSlot *slot)
{
	Datum key[TIMER_COUNT];

	row_timer_key(call, row, key);
	row_begin(&timer_table, slot);
	for (int i = 0; i < TIMER_seed; i++)
		column_set(&timer_table, slot, i, (NullableDatum){.value = key[i]});
	column_set(&timer_table, slot, TIMER_seed, row_param(call, row, TIME_seed));
	ExecStoreVirtualTuple(slot);
}

/*
 * Puts one who waits for a result into a slot: STORE_ADD_WAITERS.
 */
void
row_add_waiter(const StoreCall *call, int row, TupleTableSlot *slot)
{
	NullableDatum kind = row_param(call, row, WAIT_kind);
	Datum key[WAITER_kind];

	row_waiter_key(call, row, key);
	row_begin(&waiter_table, slot);
	for (int i = 0; i < WAITER_kind; i++)
		column_set(&waiter_table, slot, i, (NullableDatum){.value = key[i]});
	kind.value = column_enum(&waiter_table, WAITER_kind, kind.value);
	column_set(&waiter_table, slot, WAITER_kind, kind);
	column_set(&waiter_table, slot, WAITER_caller_seed, row_param(call, row, WAIT_caller_seed));
	ExecStoreVirtualTuple(slot);
}

/*
 * The same of a place among those that can run.
 */
static void
runnable_key(const StoreCall *call, int row, Datum *key)
{
	key[RUNNABLE_service_name] = row_param(call, row, RUN_service_name).value;
	key[RUNNABLE_deployment_id] = row_param(call, row, RUN_deployment_id).value;
	key[RUNNABLE_ready_at] = row_param(call, row, RUN_ready_at).value;
	key[RUNNABLE_id] = row_param(call, row, RUN_id).value;
	key[RUNNABLE_partition_key] = row_param(call, row, RUN_partition_key).value;
}

/*
 * Sets what a scan looks for to find a place among those that can run; returns of how many
 * columns.
 */
int
row_find_runnable(const StoreCall *call, int row, ScanKey keys)
{
	Datum key[RUNNABLE_COUNT];

	runnable_key(call, row, key);
	for (int i = 0; i < RUNNABLE_COUNT; i++)
		table_init_key(&runnable_table, &keys[i], i, false, key[i]);
	return RUNNABLE_COUNT;
}

/*
 * The same of all who wait for the result of an invocation.
 */
int
row_find_waiters(const StoreCall *call, int row, ScanKey keys)
{
	Datum key[2];

	row_invocation_key(call, row, key);
	table_init_key(&waiter_table, &keys[0], WAITER_target, false, key[0]);
	table_init_key(&waiter_table, &keys[1], WAITER_partition_key, false, key[1]);
	return 2;
}

/*
 * Sets the primary key of one who waits.
 */
void
row_waiter_key(const StoreCall *call, int row, Datum *key)
{
	key[WAITER_target] = row_param(call, row, WAIT_id).value;
	key[WAITER_caller] = row_param(call, row, WAIT_caller).value;
	key[WAITER_completion_id] = row_param(call, row, WAIT_completion_id).value;
	key[WAITER_partition_key] = row_param(call, row, WAIT_partition_key).value;
}

/*
 * The same of a timer.
 */
void
row_timer_key(const StoreCall *call, int row, Datum *key)
{
	key[TIMER_kind] = column_enum(&timer_table, TIMER_kind, row_param(call, row, TIME_kind).value);
	key[TIMER_due_at] = row_param(call, row, TIME_due_at).value;
	key[TIMER_id] = row_param(call, row, TIME_id).value;
	key[TIMER_completion_id] = row_param(call, row, TIME_completion_id).value;
	key[TIMER_partition_key] = row_param(call, row, TIME_partition_key).value;
}

/*
 * Begins a new row: each column has what it has if nothing is said.
 */
void
row_begin(const Table *table, TupleTableSlot *slot)
{
	ExecClearTuple(slot);
	memcpy(slot->tts_values, table->defaults, sizeof(Datum) * (Size) table->natts);
	memcpy(slot->tts_isnull, table->default_nulls, sizeof(bool) * (Size) table->natts);
}

/*
 * Returns a parameter of a row of a call, or of all its rows.
 */
NullableDatum
row_param(const StoreCall *call, int row, int parameter)
{
	int place = parameter * call->allocated + row;

	if (parameter >= store_def(call)->form->ncolumns)
		return call->of_all[parameter];
	return (NullableDatum){call->values[place], call->nulls[place]};
}
