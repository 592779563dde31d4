/*
 * functions.c
 *		The SQL functions: an operation on one invocation, which raises what it
 *		is refused for, and on many, which returns a row for each.
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "fmgr.h"
#include "funcapi.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/tuplestore.h"

#include "compat.h"
#include "operation.h"
#include "request.h"

static Element run_one(FunctionCallInfo fcinfo, const Request *request);
static Datum run_batch(FunctionCallInfo fcinfo, const Request *request);
static Element *read_elements(FunctionCallInfo fcinfo, int *count);
static void put_row(ReturnSetInfo *result, int ordinality, const Element *element);

/* an operation of one name over one invocation and over many */
#define OPERATION_FUNCTIONS(name, request_expr)             \
	PG_FUNCTION_INFO_V1(restate_##name);                    \
	PG_FUNCTION_INFO_V1(restate_##name##_batch);            \
	Datum restate_##name(PG_FUNCTION_ARGS)                  \
	{                                                       \
		Request request = request_expr;                     \
		Element element = run_one(fcinfo, &request);        \
                                                            \
		PG_RETURN_TEXT_P(cstring_to_text(element.outcome)); \
	}                                                       \
	Datum restate_##name##_batch(PG_FUNCTION_ARGS)          \
	{                                                       \
		Request request = request_expr;                     \
                                                            \
		return run_batch(fcinfo, &request);                 \
	}                                                       \
	extern Datum restate_##name(PG_FUNCTION_ARGS)

OPERATION_FUNCTIONS(purge_journal, request_of(OPERATION_PURGE_JOURNAL));
OPERATION_FUNCTIONS(delete_invocation, request_to_delete(fcinfo));
OPERATION_FUNCTIONS(cancel, request_of(OPERATION_CANCEL));
OPERATION_FUNCTIONS(kill, request_of(OPERATION_KILL));
OPERATION_FUNCTIONS(purge, request_of(OPERATION_PURGE));
OPERATION_FUNCTIONS(pause, request_of(OPERATION_PAUSE));
OPERATION_FUNCTIONS(resume, request_to_resume(fcinfo));

PG_FUNCTION_INFO_V1(restate_restart_as_new);
PG_FUNCTION_INFO_V1(restate_restart_as_new_batch);

/*
 * Restarts an invocation as new and returns the id of the new one.
 */
Datum
restate_restart_as_new(PG_FUNCTION_ARGS)
{
	Request request = request_to_restart(fcinfo);
	Element element = run_one(fcinfo, &request);
	RestateInvocationId *new_id = palloc_object(RestateInvocationId);

	*new_id = element.new_id;
	PG_RETURN_INVOCATION_ID(new_id);
}

/*
 * Restarts many invocations as new.
 */
Datum
restate_restart_as_new_batch(PG_FUNCTION_ARGS)
{
	Request request = request_to_restart(fcinfo);

	return run_batch(fcinfo, &request);
}

/*
 * Runs the operation on the invocation of argument 0 and returns how it went;
 * raises what it is refused for.
 */
static Element
run_one(FunctionCallInfo fcinfo, const Request *request)
{
	Element element = {0};

	element.is_null = PG_ARGISNULL(0);
	if (!element.is_null)
		element.id = *PG_GETARG_INVOCATION_ID(0);
	operation_run(request, &element, 1);
	if (element.refusal.category != RESTATE_OK)
		restate_raise(element.refusal);
	return element;
}

/*
 * Runs the operation on the invocations of argument 0, an array, and returns
 * a row for each in its order: ordinality, id, ok, category, message,
 * outcome, new_id.
 */
static Datum
run_batch(FunctionCallInfo fcinfo, const Request *request)
{
	ReturnSetInfo *result = (ReturnSetInfo *) fcinfo->resultinfo;
	Element *elements;
	int count;

	InitMaterializedSRF(fcinfo, 0);
	elements = read_elements(fcinfo, &count);
	operation_run(request, elements, count);
	for (int i = 0; i < count; i++)
		put_row(result, i + 1, &elements[i]);
	return (Datum) 0;
}

/*
 * Returns the elements of argument 0, none for a null array.  Raises that they
 * are too many.
 */
static Element *
read_elements(FunctionCallInfo fcinfo, int *count)
{
	ArrayType *array;
	Datum *ids;
	bool *nulls;
	Element *elements;

	*count = 0;
	if (PG_ARGISNULL(0))
		return NULL;
	array = PG_GETARG_ARRAYTYPE_P(0);
	*count = ArrayGetNItems(ARR_NDIM(array), ARR_DIMS(array));
	if (*count > RESTATE_BATCH_MAX)
		restate_raise(restate_refusal(RESTATE_BATCH_TOO_LARGE, "a batch of %d invocations is too large", *count));
	deconstruct_array(array, ARR_ELEMTYPE(array), sizeof(RestateInvocationId), false, TYPALIGN_CHAR,
					  &ids, &nulls, count);
	elements = palloc0_array(Element, Max(*count, 1));
	for (int i = 0; i < *count; i++)
	{
		elements[i].is_null = nulls[i];
		if (!nulls[i])
			elements[i].id = *DatumGetInvocationId(ids[i]);
	}
	return elements;
}

/*
 * Adds the row of one element to the result.
 */
static void
put_row(ReturnSetInfo *result, int ordinality, const Element *element)
{
	bool ok = element->refusal.category == RESTATE_OK;
	Datum values[7] = {0};
	bool nulls[7] = {0};

	values[0] = Int64GetDatum(ordinality);
	values[1] = InvocationIdGetDatum(&element->id);
	nulls[1] = element->is_null;
	values[2] = BoolGetDatum(ok);
	nulls[3] = nulls[4] = ok;
	nulls[5] = !ok;
	nulls[6] = !element->has_new_id || !ok;
	if (ok)
		values[5] = CStringGetTextDatum(element->outcome);
	else
	{
		values[3] = CStringGetTextDatum(restate_category_name(element->refusal.category));
		values[4] = CStringGetTextDatum(element->refusal.message);
	}
	values[6] = InvocationIdGetDatum(&element->new_id);
	tuplestore_putvalues(result->setResult, result->setDesc, values, nulls);
	if (ok)
		pfree(DatumGetPointer(values[5]));
	else
	{
		pfree(DatumGetPointer(values[3]));
		pfree(DatumGetPointer(values[4]));
	}
}
