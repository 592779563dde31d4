/*
 * awaited.c
 *		What suspended invocations wait for, which decides whether an answer wakes
 *		them.
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "utils/array.h"
#include "utils/builtins.h"

#include "workset/workset.h"

static const Awaited nothing;

static void enter(StoreCall *call, Invocation *invocation);
static const int64 *numbers(const ArrayType *array, int *count);
static const char *const *names(const ArrayType *array, int *count);

/*
 * Reads what those wait for that are suspended, and wait for the result of another
 * of the working set; or what all wait for that are suspended.
 */
void
workset_read_awaited(Workset *workset, bool of_all)
{
	StoreCall call;
	HASH_SEQ_STATUS scan;
	Invocation *invocation;

	store_call(&call, STORE_READ_AWAITED);
	hash_seq_init(&scan, workset->invocations);
	while ((invocation = hash_seq_search(&scan)) != NULL)
	{
		if (of_all)
			enter(&call, invocation);
		for (const Waiter *waiter = invocation->waiters; waiter; waiter = waiter->next)
			enter(&call, waiter->caller);
	}
	if (call.count == 0)
		return;
	for (uint64 rows = store_execute(&call), row = 0; row < rows; row++)
	{
		StoreFoundAwaited found;
		Awaited *awaited = MemoryContextAllocZero(workset->context, sizeof(Awaited));

		store_read_awaited(row, &found);
		awaited->completions = numbers(found.completions, &awaited->ncompletions);
		awaited->signals = numbers(found.signals, &awaited->nsignals);
		awaited->names = names(found.names, &awaited->nnames);
		workset_find(workset, found.id)->awaited = awaited;
	}
}

/*
 * Adds the invocation to the call, if it is suspended and not known to wait for
 * anything.
 */
static void
enter(StoreCall *call, Invocation *invocation)
{
	if (!invocation->exists || invocation->status != STATUS_SUSPENDED || invocation->awaited)
		return;
	invocation->awaited = &nothing;
	workset_add_id(call, invocation);
}

/*
 * Returns a copy of the numbers of an array, none if it is null.
 */
static const int64 *
numbers(const ArrayType *array, int *count)
{
	Datum *values;
	int64 *result;

	*count = 0;
	if (array == NULL)
		return NULL;
	deconstruct_array(unconstify(ArrayType *, array), INT8OID, sizeof(int64), true, TYPALIGN_DOUBLE,
					  &values, NULL, count);
	result = palloc_array(int64, Max(*count, 1));
	for (int i = 0; i < *count; i++)
		result[i] = DatumGetInt64(values[i]);
	return result;
}

/*
 * Returns a copy of the texts of an array, none if it is null.
 */
static const char *const *
names(const ArrayType *array, int *count)
{
	Datum *values;
	const char **result;

	*count = 0;
	if (array == NULL)
		return NULL;
	deconstruct_array(unconstify(ArrayType *, array), TEXTOID, -1, false, TYPALIGN_INT, &values,
					  NULL, count);
	result = palloc_array(const char *, Max(*count, 1));
	for (int i = 0; i < *count; i++)
		result[i] = TextDatumGetCString(values[i]);
	return result;
}
