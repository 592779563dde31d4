/*
 * store_nodes.c
 *		Runs calls where the tables are distributed over nodes by the partition key.
 *
 * Rows of one partition are on one node, and a statement that is told so goes to
 * that node alone: a transaction of such statements commits there, without a second
 * phase.  A call on a few partitions is therefore one statement for each, in the order
 * of the keys, which is that of the ids; one on many is a statement to all nodes, unless
 * it is of a kind that cannot be.
 */
#include "postgres.h"

#include "store/store.h"

/* the most partitions that have a statement each where one to all nodes can be */
#define PARTITIONS_APART 8

/* a row of a call */
typedef struct Place
{
	uint64 partition_key;
	int row;
} Place;

static Place *in_order(const StoreCall *call, int column);
static int compare_places(const void *a, const void *b);
static int count_partitions(const Place *places, int count);
static int count_of_one(const StoreCall *call, const Place *places, int count);
static StoreCall part_of(const StoreCall *call, const Place *places, int count);
static void add_written(StoreWritten *whole, const StoreWritten *part);

/*
 * Runs a call and returns how many rows it returned, all of its statements together;
 * of work, notes what they did.
 */
uint64
store_execute_on_nodes(const StoreCall *call, StoreWritten *written)
{
	int column = store_partition_column(call);
	Place *places;
	uint64 rows = 0;

	if (call->count <= 1 || column < 0)
		return store_execute_whole(&call, 1, written);
	places = in_order(call, column);
	if (!store_def(call)->by_partition && count_partitions(places, call->count) > PARTITIONS_APART)
		return store_execute_whole(&call, 1, written);

	if (written)
		*written = (StoreWritten){.is_counted = true};
	for (int done = 0; done < call->count;)
	{
		int count = count_of_one(call, &places[done], call->count - done);
		StoreCall part = part_of(call, &places[done], count);
		const StoreCall *calls[] = {&part};
		StoreWritten by_part;

		part.goes_on = call->goes_on || done > 0;
		rows = store_execute_whole(calls, 1, written ? &by_part : NULL);
		if (written)
			add_written(written, &by_part);
		done += count;
	}
	return rows;
}

/*
 * Returns which column of the call's rows is their partition key, -1 if none is.
 */
int
store_partition_column(const StoreCall *call)
{
	const StoreForm *form = store_def(call)->form;

	for (int i = 0; i < form->ncolumns; i++)
		if (strcmp(form->params[i].name, "partition_key") == 0)
			return i;
	return -1;
}

/*
 * Returns the call's rows in the order of their partition keys, those of one as they
 * were added.
 */
static Place *
in_order(const StoreCall *call, int column)
{
	Place *places = palloc_array(Place, call->count);

	for (int i = 0; i < call->count; i++)
		places[i] = (Place){
			.partition_key = (uint64) DatumGetInt64(call->values[column * call->allocated + i]),
			.row = i};
	qsort(places, (size_t) call->count, sizeof(Place), compare_places);
	return places;
}

/*
 * Orders places by partition key and row, for qsort().
 */
static int
compare_places(const void *a, const void *b)
{
	const Place *first = a;
	const Place *second = b;

	if (first->partition_key != second->partition_key)
		return first->partition_key < second->partition_key ? -1 : 1;
	return first->row - second->row;
}

/*
 * Returns how many partitions the ordered places are of.
 */
static int
count_partitions(const Place *places, int count)
{
	int partitions = 0;

	for (int i = 0; i < count; i++)
		if (i == 0 || places[i].partition_key != places[i - 1].partition_key)
			partitions++;
	return partitions;
}

/*
 * Returns how many of the places, from the first on, one statement takes: all of its
 * partition, but of an insert no more than have values of their own.
 */
static int
count_of_one(const StoreCall *call, const Place *places, int count)
{
	int most = store_inserts_values(call) ? Min(count, STORE_INSERTED_APART) : count;
	int same = 1;

	while (same < most && places[same].partition_key == places[0].partition_key)
		same++;
	return same;
}

/*
 * Returns the call with these rows of one partition alone.
 */
static StoreCall
part_of(const StoreCall *call, const Place *places, int count)
{
	StoreCall part = *call;
	int ncolumns = store_def(call)->form->ncolumns;

	part.count = count;
	part.allocated = count;
	part.is_of_one = count > 1;
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
 * Adds what a part of the work did to what all of it did.
 */
static void
add_written(StoreWritten *whole, const StoreWritten *part)
{
	whole->found += part->found;
	whole->written += part->written;
	whole->is_counted &= part->is_counted;
	whole->is_filtered |= part->is_filtered;
}
