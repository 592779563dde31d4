/*
 * clock.c
 *		What time brings: sleeps end, scheduled invocations start, retries and
 *		retentions are due, workers are not heard of any more.
 */
#include "postgres.h"

#include "access/xact.h"
#include "catalog/pg_type.h"
#include "utils/builtins.h"
#include "utils/timestamp.h"

#include "types/compat.h"
#include "types/settings.h"
#include "worker/worker.h"

/* the kinds of timers that are fired, by their names in SQL */
static const char *const kinds[] = {
	[TIMER_SLEEP] = "sleep",
	[TIMER_SCHEDULE] = "schedule",
	[TIMER_RETRY] = "retry",
	[TIMER_EXPIRY] = "expiry"};

/* What is due of one invocation. */
typedef struct Due
{
	RestateInvocationId id;
	Timer timer;
} Due;

static int64 fire_alone(const Due *due, int count);
static int64 fire_schedules(const Due *due, int count);
static void read_sleeps(Workset *workset, const Due *due, int count);
static Due *read_due(int64 max, int *count);
static ArrayType *kinds_of_timers(int count);
static int compare_due(const void *a, const void *b);
static TimerKind kind_of(const char *name);

/*
 * Does what is due, up to so many timers, and takes their attempts from workers that
 * were not heard of for so many microseconds; returns how many changed something.
 * What is locked is passed over.
 */
int64
worker_tick(int64 max, int64 silence)
{
	Due *due;
	Due *alone;
	Due *schedules;
	int nalone = 0;
	int nschedules = 0;
	int rows;
	int64 done;

	due = read_due(max, &rows);
	alone = palloc_array(Due, Max(rows, 1));
	schedules = palloc_array(Due, Max(rows, 1));
	for (int i = 0; i < rows; i++)
		if (due[i].timer.kind == TIMER_SCHEDULE)
			schedules[nschedules++] = due[i];
		else
			alone[nalone++] = due[i];
	/* first those that may wait for an object key that another is about to make */
	done = fire_schedules(schedules, nschedules);
	done += fire_alone(alone, nalone);
	return done + worker_take_over(max, silence);
}

/*
 * Returns what is due, the longest first, no more than max.
 */
static Due *
read_due(int64 max, int *count)
{
	StoreCall call;
	Due *due;
	uint64 rows = 0;
	int nkinds = lengthof(kinds) - (restate_retention ? 0 : 1); /* retentions are the last */

	if (store_is_distributed())
		for (int i = 0; i < nkinds; i++)
		{
			store_call(&call, STORE_READ_DUE_OF_KIND);
			call.goes_on = i > 0;
			store_add_due_of_kind(&call, &(StoreDueOfKind){
											 .kind = kinds[i],
											 .before = GetCurrentTransactionStartTimestamp(),
											 .max = max});
			rows = store_execute(&call);
		}
	else
	{
		store_call(&call, STORE_READ_DUE);
		store_add_due(&call, &(StoreDue){
								 .kinds = kinds_of_timers(nkinds),
								 .before = GetCurrentTransactionStartTimestamp(),
								 .max = max});
		rows = store_execute(&call);
	}
	due = palloc_array(Due, Max(rows, 1));
	for (uint64 row = 0; row < rows; row++)
	{
		StoreFoundDue found;

		store_read_due(row, &found);
		due[row] = (Due){*found.id, {kind_of(found.kind), found.due_at, found.completion_id, found.seed}};
	}
	/* of several nodes those of each kind come together */
	if ((int64) rows > max)
		qsort(due, rows, sizeof(Due), compare_due);
	*count = (int) Min((int64) rows, max);
	return due;
}

/*
 * Returns the names of the first kinds of timers, an array of text.
 */
static ArrayType *
kinds_of_timers(int count)
{
	Datum names[lengthof(kinds)];

	for (int i = 0; i < count; i++)
		names[i] = CStringGetTextDatum(kinds[i]);
	return construct_array(names, count, TEXTOID, -1, false, TYPALIGN_INT);
}

/*
 * Orders what is due by its time, for qsort().
 */
static int
compare_due(const void *a, const void *b)
{
	TimestampTz first = ((const Due *) a)->timer.due_at;
	TimestampTz second = ((const Due *) b)->timer.due_at;

	return (first > second) - (first < second);
}

/*
 * Returns the kind of a timer by its name.
 */
static TimerKind
kind_of(const char *name)
{
	int kind = 0;

	while (strcmp(kinds[kind], name) != 0)
		kind++;
	return (TimerKind) kind;
}

/*
 * Fires timers that concern nobody but their invocations; returns how many changed
 * something.
 */
static int64
fire_alone(const Due *due, int count)
{
	RestateInvocationId *ids = palloc_array(RestateInvocationId, Max(count, 1));
	Workset workset;
	int64 done = 0;

	if (count == 0)
		return 0;
	for (int i = 0; i < count; i++)
		ids[i] = due[i].id;
	workset_init(&workset, NULL);
	workset_lock_free(&workset, REACH_ROW, ids, count);
	read_sleeps(&workset, due, count);
	workset_read_awaited(&workset, true);
	for (int i = 0; i < count; i++)
	{
		Invocation *invocation = workset_find(&workset, &due[i].id);

		if (!invocation->is_busy)
			done += machine_fire(&workset.changes, invocation, &due[i].timer).took_effect;
	}
	workset_write(&workset);
	return done;
}

/*
 * Reads which sleeps have their completion already.
 */
static void
read_sleeps(Workset *workset, const Due *due, int count)
{
	StoreCall call;

	store_call(&call, STORE_READ_ARRIVALS);
	for (int i = 0; i < count; i++)
	{
		const Invocation *invocation = workset_find(workset, &due[i].id);

		if (due[i].timer.kind == TIMER_SLEEP && invocation->exists && !invocation->is_busy)
			store_add_arrival(&call, &(StoreArrival){
										 .id = &invocation->id,
										 .partition_key = invocation->partition_key,
										 .completion_id = due[i].timer.completion_id});
	}
	if (call.count == 0)
		return;
	for (uint64 rows = store_execute(&call), row = 0; row < rows; row++)
	{
		StoreFoundArrival found;
		Invocation *invocation;
		JournalPart *part;
		Completion *completions;
		int known;

		store_read_arrival(row, &found);
		invocation = workset_find(workset, found.id);
		if (invocation->journal == NULL)
			invocation->journal = palloc0_object(JournalPart);
		part = unconstify(JournalPart *, invocation->journal);
		known = part->ncompletions;
		completions = palloc0_array(Completion, known + 1);
		if (known > 0)
			memcpy(completions, part->completions, sizeof(Completion) * (Size) known);
		completions[known] = (Completion){found.completion_id, found.index, {found.meta, {NULL, 0}}};
		part->completions = completions;
		part->ncompletions = known + 1;
	}
}

/*
 * Starts scheduled invocations, which may need their object keys; returns how many.
 */
static int64
fire_schedules(const Due *due, int count)
{
	RestateInvocationId *ids = palloc_array(RestateInvocationId, Max(count, 1));
	Workset workset;
	int64 done = 0;

	if (count == 0)
		return 0;
	for (int i = 0; i < count; i++)
		ids[i] = due[i].id;
	workset_init(&workset, NULL);
	workset_lock_free_to_start(&workset, ids, count);
	for (int i = 0; i < count; i++)
	{
		Invocation *invocation = workset_find(&workset, &due[i].id);

		if (!invocation->is_busy)
			done += machine_fire(&workset.changes, invocation, &due[i].timer).took_effect;
	}
	workset_write(&workset);
	return done;
}
