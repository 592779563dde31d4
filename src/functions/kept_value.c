/*
 * kept_value.c
 *		The aggregates that keep one of the values they are given: the first,
 *		or the last.
 */
#include "postgres.h"

#include "fmgr.h"
#include "utils/datum.h"
#include "utils/lsyscache.h"

/* What an aggregate has been given so far. */
typedef struct KeptValue
{
	Datum value;
	bool is_null;
	bool by_value;
	int16 len;
} KeptValue;

static KeptValue *take(FunctionCallInfo fcinfo, bool replaces);

PG_FUNCTION_INFO_V1(restate_first_value_step);
PG_FUNCTION_INFO_V1(restate_last_value_step);
PG_FUNCTION_INFO_V1(restate_kept_value);

/*
 * Keeps the first value.
 */
Datum
restate_first_value_step(PG_FUNCTION_ARGS)
{
	PG_RETURN_POINTER(take(fcinfo, false));
}

/*
 * Keeps the last value.
 */
Datum
restate_last_value_step(PG_FUNCTION_ARGS)
{
	PG_RETURN_POINTER(take(fcinfo, true));
}

/*
 * Returns the value that was kept, or null where none was.
 */
Datum
restate_kept_value(PG_FUNCTION_ARGS)
{
	KeptValue *kept = PG_ARGISNULL(0) ? NULL : (KeptValue *) PG_GETARG_POINTER(0);

	if (kept == NULL || kept->is_null)
		PG_RETURN_NULL();
	PG_RETURN_DATUM(kept->value);
}

/*
 * Returns the state of the aggregate after a further value, which replaces
 * the one before it where it is said to.
 */
static KeptValue *
take(FunctionCallInfo fcinfo, bool replaces)
{
	KeptValue *kept = PG_ARGISNULL(0) ? NULL : (KeptValue *) PG_GETARG_POINTER(0);
	bool is_first = kept == NULL;
	MemoryContext context;
	MemoryContext caller;

	if (!AggCheckCallContext(fcinfo, &context))
		elog(ERROR, "an aggregate's function was called outside of one");
	if (!is_first && !replaces)
		return kept;
	caller = MemoryContextSwitchTo(context);
	if (is_first)
	{
		kept = palloc0(sizeof(*kept));
		get_typlenbyval(get_fn_expr_argtype(fcinfo->flinfo, 1), &kept->len, &kept->by_value);
	}
	else if (!kept->is_null && !kept->by_value)
		pfree(DatumGetPointer(kept->value));
	kept->is_null = PG_ARGISNULL(1);
	kept->value =
		kept->is_null ? (Datum) 0 : datumCopy(PG_GETARG_DATUM(1), kept->by_value, kept->len);
	MemoryContextSwitchTo(caller);
	return kept;
}
