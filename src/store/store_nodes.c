/*
 * store_nodes.c
 *		Runs calls where the tables are distributed over nodes by the partition key.
 *
 * Rows of one shard are on one node.  What a call has of a shard is asked of that node in
 * one query, which runs a function there, restate.run_on_shard(): it runs the same
 * statements as on one server on the tables of the shard, work as one statement, and
 * keeps their plans.  So a call costs a query for each shard, and Citus plans none of its
 * statements.  All calls go from shard to shard in the order of their numbers, so that locks
 * are taken in one order.
 *
 * Citus cannot see that such a query locks or writes: it is told (store_touch.c).
 */
#include "postgres.h"

#include "fmgr.h"
#include "utils/guc.h"

#include "store/reads.h"
#include "store/store.h"
#include "types/compat.h"

/* A row of a call, and where it goes. */
typedef struct Place
{
	int64 shard; /* 0 where there is but one partition */
	int64 partition_key;
	int call;
	int row;
} Place;

static bool names_partition(const StoreStatementDef *def);
static int partition_parameter(const StoreForm *form);
static Place *find_places(StoreCall *const *calls, int count, int *nplaces);
static int add_places(Place *places, const StoreCall *call, int number);
static void find_shards(Place *places, int count);
static int compare_keys(const void *a, const void *b);
static int compare_places(const void *a, const void *b);
static int count_of_shard(const Place *places, int count);
static int64 lowest_key(const Place *places, int count);
static bool is_only_read(const StoreCall *call);
static int parts_of(StoreCall *const *calls, const Place *places, int count, StoreCall *parts,
					int *numbers);
static StoreCall part_of(const StoreCall *call, const Place *places, int count);
static const bytea *ask(int64 partition_key, StoreCall *calls, int count, bool is_work);
static bytea *run_here(int64 shard, StoreCall *calls, int count, bool is_work);

/* whether this process has run what Citus was asked to have run on a shard */
static bool ran_here = false;

/*
 * Returns whether the call is run by the nodes that have the shards of its rows.
 */
bool
store_goes_to_shards(const StoreCall *call)
{
	return store_is_distributed() && call->shard == 0 && names_partition(store_def(call));
}

/*
 * Returns whether the statement tells the partitions that it is about.
 */
static bool
names_partition(const StoreStatementDef *def)
{
	return !def->of_this_node && partition_parameter(def->form) >= 0;
}

/*
 * Returns which parameter is the partition key, -1 if none is.
 */
static int
partition_parameter(const StoreForm *form)
{
	for (int i = 0; i < form->nparams; i++)
		if (strcmp(form->params[i].name, "partition_key") == 0)
			return i;
	return -1;
}

/*
 * Runs a read, and returns how many rows it returned, of all shards together.
 */
uint64
store_execute_on_shards(const StoreCall *call)
{
	StoreCall *const calls[] = {unconstify(StoreCall *, call)};
	int nplaces;
	Place *places = find_places(calls, 1, &nplaces);
	List *answers = NIL;
	ListCell *cell;
	uint64 rows = 0;
	bool goes_on = call->goes_on;

	for (int done = 0; done < nplaces;)
	{
		int count = count_of_shard(&places[done], nplaces - done);
		int64 partition_key = lowest_key(&places[done], count);
		StoreCall part = part_of(call, &places[done], count);

		answers = lappend(answers, unconstify(bytea *, ask(partition_key, &part, 1, false)));
		done += count;
	}
	foreach (cell, answers)
	{
		rows = store_read_rows(call, lfirst(cell), goes_on);
		goes_on = true;
	}
	return rows;
}

/*
 * Runs the parts of the work: what they have of each shard as one statement, and then what
 * concerns no partition.  Notes what each did.
 */
void
store_write_on_shards(StoreCall *const *calls, int count, StoreWritten *parts)
{
	int nplaces;
	Place *places = find_places(calls, count, &nplaces);

	for (int i = 0; i < count; i++)
		parts[i] = (StoreWritten){.is_counted = true};
	for (int done = 0; done < nplaces;)
	{
		int here = count_of_shard(&places[done], nplaces - done);
		int64 partition_key = lowest_key(&places[done], here);
		StoreCall asked[STORE_WORK_COUNT];
		StoreWritten written[STORE_WORK_COUNT];
		int numbers[STORE_WORK_COUNT];
		int nasked = parts_of(calls, &places[done], here, asked, numbers);

		store_read_parts(ask(partition_key, asked, nasked, true), written, nasked);
		for (int i = 0; i < nasked; i++)
		{
			StoreWritten *part = &parts[numbers[i]];

			part->found += written[i].found;
			part->written += written[i].written;
			part->is_counted &= written[i].is_counted;
			part->is_filtered |= written[i].is_filtered;
		}
		done += here;
	}
	for (int i = 0; i < count; i++)
		if (!store_goes_to_shards(calls[i]))
			(void) store_execute_whole((const StoreCall *const *) &calls[i], 1, &parts[i]);
}

/*
 * Returns where the rows of the calls go, in the order of the shards, then of the calls,
 * and how many there are.  A call without rows of its own has one place.
 */
static Place *
find_places(StoreCall *const *calls, int count, int *nplaces)
{
	Place *places;
	Size most = 0;
	int found = 0;

	for (int i = 0; i < count; i++)
		most += (Size) Max(calls[i]->count, 1);
	places = palloc_array(Place, most);
	for (int i = 0; i < count; i++)
		if (store_goes_to_shards(calls[i]))
			found += add_places(&places[found], calls[i], i);
	find_shards(places, found);
	*nplaces = found;
	return places;
}

/*
 * Adds the places of a call; returns how many.
 */
static int
add_places(Place *places, const StoreCall *call, int number)
{
	const StoreForm *form = store_def(call)->form;
	int parameter = partition_parameter(form);

	if (parameter >= form->ncolumns)
	{
		places[0] = (Place){.partition_key = DatumGetInt64(call->of_all[parameter].value), .call = number};
		return 1;
	}
	for (int i = 0; i < call->count; i++)
		places[i] = (Place){
			.partition_key = DatumGetInt64(call->values[parameter * call->allocated + i]),
			.call = number,
			.row = i};
	return call->count;
}

/*
 * Finds the shards of the places and puts them in order.  Each partition is looked up once,
 * and none if there is but one.
 */
static void
find_shards(Place *places, int count)
{
	int64 *partition_keys = palloc_array(int64, Max(count, 1));
	int64 *shards;
	int found = 0;

	qsort(places, (size_t) count, sizeof(Place), compare_keys);
	for (int i = 0; i < count; i++)
		if (i == 0 || places[i].partition_key != places[i - 1].partition_key)
			partition_keys[found++] = places[i].partition_key;
	if (found > 1)
	{
		shards = store_shards_of(partition_keys, found);
		for (int i = 0, place = 0; i < count; i++)
		{
			if (places[i].partition_key != partition_keys[place])
				place++;
			places[i].shard = shards[place];
		}
	}
	qsort(places, (size_t) count, sizeof(Place), compare_places);
}

/*
 * Orders places by partition key, for qsort().
 */
static int
compare_keys(const void *a, const void *b)
{
	const Place *first = a;
	const Place *second = b;

	return (first->partition_key > second->partition_key) - (first->partition_key < second->partition_key);
}

/*
 * Orders places by shard, call and row, for qsort().
 */
static int
compare_places(const void *a, const void *b)
{
	const Place *first = a;
	const Place *second = b;

	if (first->shard != second->shard)
		return first->shard < second->shard ? -1 : 1;
	return first->call != second->call ? first->call - second->call : first->row - second->row;
}

/*
 * Returns how many of the places, from the first on, are of its shard.
 */
static int
count_of_shard(const Place *places, int count)
{
	int same = 1;

	while (same < count && places[same].shard == places[0].shard)
		same++;
	return same;
}

/*
 * Returns the lowest partition key of the places: most calls on the same invocations have
 * that in common.
 */
static int64
lowest_key(const Place *places, int count)
{
	int64 lowest = places[0].partition_key;

	for (int i = 1; i < count; i++)
		lowest = Min(lowest, places[i].partition_key);
	return lowest;
}

/*
 * Returns whether a call that is no work locks nothing either.
 */
static bool
is_only_read(const StoreCall *call)
{
	return call->statement >= STORE_LOCKS_END;
}

/*
 * Makes parts of the calls that the places of a shard are of, in their order, and notes of
 * which call each is; returns how many there are.
 */
static int
parts_of(StoreCall *const *calls, const Place *places, int count, StoreCall *parts, int *numbers)
{
	int nparts = 0;

	for (int done = 0; done < count;)
	{
		int number = places[done].call;
		int rows = 1;

		while (done + rows < count && places[done + rows].call == number)
			rows++;
		parts[nparts] = part_of(calls[number], &places[done], rows);
		numbers[nparts++] = number;
		done += rows;
	}
	return nparts;
}

/*
 * Returns the call with these rows alone.
 */
static StoreCall
part_of(const StoreCall *call, const Place *places, int count)
{
	StoreCall part = *call;
	int ncolumns = store_def(call)->form->ncolumns;

	if (ncolumns == 0 || count == call->count)
		return part;
	part.count = count;
	part.allocated = count;
	part.values = palloc_array(Datum, ncolumns * count);
	part.nulls = palloc_array(bool, ncolumns *count);
	for (int column = 0; column < ncolumns; column++)
		for (int i = 0; i < count; i++)
		{
			int from = column * call->allocated + places[i].row;

			part.values[column * count + i] = call->values[from];
			part.nulls[column * count + i] = call->nulls[from];
		}
	return part;
}

/*
 * Has the node that has the shard of the partition key run the calls, and Citus know if
 * these lock or write; returns its answer.  If this is known to be that node, it needs no
 * query.
 */
static const bytea *
ask(int64 partition_key, StoreCall *calls, int count, bool is_work)
{
	bool is_touched = is_work || !is_only_read(&calls[0]);
	const StoreFoundShardKey *touched_by = is_touched ? store_touch(partition_key) : NULL;
	int64 shard = store_shard_here(partition_key);
	StoreCall call;
	StoreFoundAnswer found;

	if (shard != 0)
		return run_here(shard, calls, count, is_work);
	ran_here = false;
	store_call(&call, touched_by ? STORE_ASK_AND_TOUCH_SHARD : STORE_ASK_SHARD);
	if (touched_by)
		call.key_of_shard = touched_by->partition_key;
	store_add_request(&call, &(StoreRequest){
								 .partition_key = partition_key,
								 .request = store_write_request(calls, count, is_work)});
	if (store_execute(&call) != 1)
		elog(ERROR, "a shard has not answered");
	store_read_answer(0, &found);
	if (ran_here)
		store_note_here(partition_key);
	return found.answer;
}

/*
 * Runs the calls on a shard that this node has; returns the answer.
 */
static bytea *
run_here(int64 shard, StoreCall *calls, int count, bool is_work)
{
	const StoreCall *asked[STORE_WORK_COUNT];
	StoreWritten parts[STORE_WORK_COUNT];

	for (int i = 0; i < count; i++)
	{
		calls[i].shard = shard;
		calls[i].goes_on = false;
		asked[i] = &calls[i];
	}
	if (!is_work)
		return store_write_rows(store_execute_whole(asked, 1, NULL));
	(void) store_execute_whole(asked, count, parts);
	return store_write_parts(parts, count);
}

/*
 * restate.run_on_shard(partition_key, request, rows): runs the calls that are asked for on
 * the shard of the partition key, which this node must have; returns the answer.  Rows is
 * what has the query that asks answered once.
 */
PG_FUNCTION_INFO_V1(restate_run_on_shard);
Datum
restate_run_on_shard(PG_FUNCTION_ARGS)
{
	int guc_level = NewGUCNestLevel();
	StoreCall *calls;
	bytea *answer;
	int64 shard;
	int count;
	bool is_work;

	if (PG_ARGISNULL(0) || PG_ARGISNULL(1))
		elog(ERROR, "a shard is asked for nothing");
	restate_restrict_search_path();
	store_begin();
	shard = store_know_shard_of(PG_GETARG_INT64(0));
	calls = store_read_request(PG_GETARG_BYTEA_PP(1), &count, &is_work);
	answer = run_here(shard, calls, count, is_work);
	ran_here = true;
	AtEOXact_GUC(false, guc_level);
	PG_RETURN_BYTEA_P(answer);
}
