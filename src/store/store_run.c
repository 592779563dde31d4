/*
 * store_run.c
 *		Runs a plan, and keeps the rows that it returns.
 *
 * SPI would choose the plan anew in each execution, by the caller's settings:
 * here the plan that is handed in is the one that runs.
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "access/xact.h"
#include "executor/executor.h"
#include "executor/instrument.h"
#include "executor/tuptable.h"
#include "nodes/execnodes.h"
#include "tcop/dest.h"
#include "utils/snapmgr.h"

#include "store/store.h"
#include "types/compat.h"

/* the rows of an execution */
typedef struct Rows
{
	Datum *values; /* in place of the rest but for the count: of no execution */
	int ncolumns;
	TupleDesc desc;
	HeapTuple *tuples;
	uint64 count;
	uint64 allocated;
} Rows;

/* what the executor sends its rows to */
typedef struct Receiver
{
	DestReceiver destination;
	MemoryContext context;
	Rows rows;
} Receiver;

/* what all statements see; NULL: each what is there when it begins */
static Snapshot held;

/* of the execution that ended last; its memory is of the context it was run in */
static Rows last;

static void run_parts(QueryDesc *query, StoreWritten *parts, int count);
static void run_part(EState *estate, ModifyTableState *node);
static void begin_part(PlanState *writer);
static StoreWritten written_by(const PlanState *writer, uint64 rows);
static void start_rows(DestReceiver *self, int operation, TupleDesc desc);
static bool receive_row(TupleTableSlot *slot, DestReceiver *self);
static void keep(Rows *rows, HeapTuple tuple);
static void end_rows(DestReceiver *self);

/*
 * Runs the plan with these parameters, seeing what was done in the transaction
 * before it, and returns how many rows it returned.  They are kept in the current
 * memory context, after those of the last result if it goes on; the number is that
 * of all.  Of work, it tells what each part did.
 */
uint64
store_run(const CachedPlanSource *source, const CachedPlan *plan, ParamListInfo params,
		  bool goes_on, StoreWritten *parts, int count)
{
	Receiver receiver = {
		.destination = {
			.receiveSlot = receive_row,
			.rStartup = start_rows,
			.rShutdown = end_rows,
			.rDestroy = end_rows,
			.mydest = DestNone},
		.context = CurrentMemoryContext,
		.rows = goes_on ? last : (Rows){0}};
	QueryDesc *query;

	Assert(list_length(plan->stmt_list) == 1);
	CommandCounterIncrement();
	PushActiveSnapshot(held ? held : GetTransactionSnapshot());
	query = CreateQueryDesc(linitial_node(PlannedStmt, plan->stmt_list), source->query_string,
							GetActiveSnapshot(), InvalidSnapshot, &receiver.destination,
							params, NULL, 0);
	ExecutorStart(query, 0);
	if (parts)
		run_parts(query, parts, count);
	else
		restate_executor_run(query);
	ExecutorFinish(query);
	ExecutorEnd(query);
	FreeQueryDesc(query);
	PopActiveSnapshot();
	CommandCounterIncrement();
	last = receiver.rows;
	return last.count;
}

/*
 * Has all statements see the tables as they are now, until store_release_snapshot: for
 * who only reads.
 */
void
store_hold_snapshot(void)
{
	CommandCounterIncrement();
	held = RegisterSnapshot(GetTransactionSnapshot());
}

/*
 * Ends what store_hold_snapshot began.
 */
void
store_release_snapshot(void)
{
	UnregisterSnapshot(held);
	held = NULL;
}

/*
 * Runs the parts of the work and notes what each did: the last is the statement
 * itself, the others are its WITH queries.  ExecutorFinish() would run those
 * too, but count nothing.
 */
static void
run_parts(QueryDesc *query, StoreWritten *parts, int count)
{
	EState *estate = query->estate;
	int part = 0;
	ListCell *cell;

	begin_part(query->planstate);
	restate_executor_run(query);
	parts[count - 1] = written_by(query->planstate, estate->es_processed);

	foreach (cell, estate->es_subplanstates)
	{
		PlanState *node = lfirst(cell);
		uint64 before = estate->es_processed;

		if (!IsA(node, ModifyTableState))
			continue;
		if (part == count - 1)
			elog(ERROR, "unexpected part of the work");
		begin_part(node);
		run_part(estate, castNode(ModifyTableState, node));
		parts[part++] = written_by(node, estate->es_processed - before);
	}
	if (part != count - 1)
		elog(ERROR, "%d of %d parts of the work are there", part + 1, count);
}

/*
 * Runs a part of the work to its end, and has it count what it writes.
 */
static void
run_part(EState *estate, ModifyTableState *node)
{
	MemoryContext old = MemoryContextSwitchTo(estate->es_query_cxt);
	TupleTableSlot *row;

	node->canSetTag = true;
	do
	{
		ResetPerTupleExprContext(estate);
		row = ExecProcNode(&node->ps);
	} while (!TupIsNull(row));
	MemoryContextSwitchTo(old);
}

/*
 * Begins a part of the work: has the node that finds what another writes count it.
 */
static void
begin_part(PlanState *writer)
{
	if (!IsA(writer, ModifyTableState))
		return;
	outerPlanState(writer)->instrument = restate_node_instrumentation();
	for (int i = 0; i < castNode(ModifyTableState, writer)->mt_nrels; i++)
		store_give_checks(writer->state, &castNode(ModifyTableState, writer)->resultRelInfo[i]);
}

/*
 * Returns what a part of the work did, that has written as many rows.  A node of
 * another engine does not say how many it found.
 */
static StoreWritten
written_by(const PlanState *writer, uint64 rows)
{
	StoreWritten part = {.written = (int64) rows, .is_counted = IsA(writer, ModifyTableState)};

	if (part.is_counted)
	{
		RestateNodeInstrumentation *found = outerPlanState(writer)->instrument;

		InstrEndLoop(found);
		part.found = (int64) found->ntuples;
	}
	return part;
}

/*
 * Begins the rows of an execution.
 */
static void
start_rows(DestReceiver *self, int operation, TupleDesc desc)
{
	Receiver *receiver = (Receiver *) self;
	MemoryContext old = MemoryContextSwitchTo(receiver->context);

	receiver->rows.desc = CreateTupleDescCopy(desc);
	MemoryContextSwitchTo(old);
}

/*
 * Keeps a row.
 */
static bool
receive_row(TupleTableSlot *slot, DestReceiver *self)
{
	Receiver *receiver = (Receiver *) self;
	MemoryContext old = MemoryContextSwitchTo(receiver->context);

	keep(&receiver->rows, ExecCopySlotHeapTuple(slot));
	MemoryContextSwitchTo(old);
	return true;
}

/*
 * Adds a row to the rows.
 */
static void
keep(Rows *rows, HeapTuple tuple)
{
	if (rows->count == rows->allocated)
	{
		rows->allocated = Max(8, rows->allocated * 2);
		rows->tuples = rows->tuples == NULL ?
						   palloc_array(HeapTuple, rows->allocated) :
						   repalloc_huge(rows->tuples, rows->allocated * sizeof(HeapTuple));
	}
	rows->tuples[rows->count++] = tuple;
}

/*
 * Ends the rows: there is nothing to do.
 */
static void
end_rows(DestReceiver *self)
{
}

/*
 * Makes these values the last result, so many rows of as many columns, one after the
 * other.  They are in the current memory context.
 */
void
store_give_rows(Datum *values, int ncolumns, uint64 count)
{
	last = (Rows){.values = values, .ncolumns = ncolumns, .count = count};
}

/*
 * Gives the first values of a row of the last result, 0 for null and for what
 * its statement has left out.  Those by reference live as long as the result.
 */
void
store_row(uint64 row, Datum *values, int count)
{
	bool isnull;

	if (last.values)
	{
		for (int i = 0; i < count; i++)
			values[i] = i < last.ncolumns ? last.values[row * (uint64) last.ncolumns + (uint64) i] : (Datum) 0;
		return;
	}
	for (int i = 0; i < count; i++)
		values[i] = i < last.desc->natts ?
						heap_getattr(last.tuples[row], i + 1, last.desc, &isnull) :
						(Datum) 0;
}

/*
 * Gives all values of a row of the last result, and which are null.
 */
void
store_row_or_nulls(uint64 row, Datum *values, bool *nulls)
{
	heap_deform_tuple(last.tuples[row], last.desc, values, nulls);
}

/*
 * Returns the columns of the last result.
 */
TupleDesc
store_row_columns(void)
{
	return last.desc;
}

/*
 * Begins a result with these columns that is not of an execution here, unless it goes on
 * with the last.
 */
void
store_begin_rows(TupleDesc columns, bool goes_on)
{
	if (!goes_on)
		last = (Rows){.desc = columns};
}

/*
 * Adds a row to the last result.
 */
void
store_put_row(const Datum *values, const bool *nulls)
{
	keep(&last, heap_form_tuple(last.desc, unconstify(Datum *, values), unconstify(bool *, nulls)));
}

/*
 * Returns how many rows the last result has.
 */
uint64
store_rows(void)
{
	return last.count;
}
