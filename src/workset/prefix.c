/*
 * prefix.c
 *		What a restart keeps of a journal: the entries up to an index, and the
 *		completions that their commands wait for and that come later.
 */
#include "postgres.h"

#include "catalog/pg_type_d.h"
#include "utils/array.h"

#include "types/compat.h"
#include "workset/workset.h"

static int64 *sorted_numbers(const ArrayType *array, int *count);
static int compare_numbers(const void *a, const void *b);
static void read_suffixes(Workset *workset, const List *invocations);

/*
 * Reads the journals of locked invocations, each up to the last index asked for.
 */
void
workset_read_prefixes(Workset *workset, const RestateInvocationId *ids, const int64 *last_indexes,
					  int count)
{
	StoreCall call;
	uint64 rows;

	store_call(&call, STORE_READ_PREFIXES);
	for (int i = 0; i < count; i++)
		store_add_prefix(&call, &(StorePrefix){
									.id = &ids[i],
									.partition_key = (int64) restate_id_partition_key(&ids[i]),
									.last_index = last_indexes[i]});
	rows = store_execute(&call);
	for (uint64 row = 0; row < rows; row++)
	{
		StoreFoundPrefix found;

		store_read_prefix(row, &found);
		workset_note_prefix(workset, workset_find(workset, found.id), found.commands, found.awaited,
							found.arrived);
	}
}

/*
 * Notes of a journal's prefix the number of its commands, and which of the
 * completions that they wait for have not arrived in it.
 */
void
workset_note_prefix(Workset *workset, Invocation *invocation, int64 commands,
					const ArrayType *awaited, const ArrayType *arrived)
{
	MemoryContext old = MemoryContextSwitchTo(workset->context);
	int nawaited;
	int narrived;
	int64 *wanted = sorted_numbers(awaited, &nawaited);
	int64 *there = sorted_numbers(arrived, &narrived);
	int next = 0;

	invocation->has_prefix = true;
	invocation->prefix_commands = commands;
	invocation->missing = wanted;
	invocation->missing_size = 0;
	for (int i = 0; i < nawaited; i++)
	{
		while (next < narrived && there[next] < wanted[i])
			next++;
		if (next == narrived || there[next] != wanted[i])
			invocation->missing[invocation->missing_size++] = wanted[i];
	}
	MemoryContextSwitchTo(old);
}

/*
 * Returns the numbers of an array, ascending; none for NULL.
 */
static int64 *
sorted_numbers(const ArrayType *array, int *count)
{
	Datum *values;
	int64 *numbers;

	*count = 0;
	if (array == NULL)
		return palloc_array(int64, 1);
	deconstruct_array(unconstify(ArrayType *, array), INT8OID, sizeof(int64),
					  FLOAT8PASSBYVAL, TYPALIGN_DOUBLE, &values, NULL, count);
	numbers = palloc_array(int64, *count);
	for (int i = 0; i < *count; i++)
		numbers[i] = DatumGetInt64(values[i]);
	qsort(numbers, *count, sizeof(int64), compare_numbers);
	return numbers;
}

/*
 * Orders numbers, for qsort().
 */
static int
compare_numbers(const void *a, const void *b)
{
	int64 first = *(const int64 *) a;
	int64 second = *(const int64 *) b;

	return (first > second) - (first < second);
}

/*
 * Finds what the prefixes of completed invocations miss further on in their
 * journals.
 */
void
workset_read_suffixes(Workset *workset)
{
	List *invocations = NIL;
	HASH_SEQ_STATUS scan;
	Invocation *invocation;

	hash_seq_init(&scan, workset->invocations);
	while ((invocation = hash_seq_search(&scan)) != NULL)
		if (invocation->missing_size > 0 && invocation->status == STATUS_COMPLETED)
			invocations = lappend(invocations, invocation);
	if (invocations != NIL)
		read_suffixes(workset, invocations);
}

/*
 * Finds the missing completions of the invocations, in one statement.
 */
static void
read_suffixes(Workset *workset, const List *invocations)
{
	StoreCall call;
	MemoryContext old;
	ListCell *cell;
	uint64 rows;

	store_call(&call, STORE_READ_COMPLETIONS);
	foreach (cell, invocations)
	{
		const Invocation *invocation = lfirst(cell);

		for (int i = 0; i < invocation->missing_size; i++)
			store_add_completion(&call, &(StoreCompletion){
											.id = &invocation->id,
											.partition_key = invocation->partition_key,
											.completion_id = invocation->missing[i]});
	}
	rows = store_execute(&call);

	old = MemoryContextSwitchTo(workset->context);
	for (uint64 row = 0; row < rows; row++)
	{
		StoreFoundCompletion found;
		Invocation *invocation;

		store_read_completion(row, &found);
		invocation = workset_find(workset, found.id);
		if (invocation->suffix == NULL)
			invocation->suffix = palloc_array(int64, invocation->missing_size);
		invocation->suffix[invocation->suffix_size++] = found.index;
	}
	foreach (cell, invocations)
	{
		Invocation *invocation = lfirst(cell);

		if (invocation->suffix_size > 0)
			qsort(invocation->suffix, invocation->suffix_size, sizeof(int64), compare_numbers);
	}
	MemoryContextSwitchTo(old);
}
