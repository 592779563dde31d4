/*
 * operations.c
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

#include "admin/operation.h"
#include "functions/request.h"
#include "functions/row.h"
#include "types/compat.h"
#include "types/limits.h"

static Target run_one(FunctionCallInfo fcinfo, const Request *request);
static Datum run_batch(FunctionCallInfo fcinfo, const Request *request);
static void put_row(ReturnSetInfo *result, int ordinality, const Target *target);

/* an operation of one name over one invocation and over many */
#define OPERATION_FUNCTIONS(name, request_expr)            \
	PG_FUNCTION_INFO_V1(restate_##name);                   \
	PG_FUNCTION_INFO_V1(restate_##name##_batch);           \
	Datum restate_##name(PG_FUNCTION_ARGS)                 \
	{                                                      \
		Request request = request_expr;                    \
		Target target = run_one(fcinfo, &request);         \
                                                           \
		PG_RETURN_TEXT_P(cstring_to_text(target.outcome)); \
	}                                                      \
	Datum restate_##name##_batch(PG_FUNCTION_ARGS)         \
	{                                                      \
		Request request = request_expr;                    \
                                                           \
		return run_batch(fcinfo, &request);                \
	}                                                      \
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
	Target target = run_one(fcinfo, &request);
	RestateInvocationId *new_id = palloc_object(RestateInvocationId);

	*new_id = target.new_id;
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
static Target
run_one(FunctionCallInfo fcinfo, const Request *request)
{
	Target target = {0};

	target.is_null = PG_ARGISNULL(0);
	if (!target.is_null)
		target.id = *PG_GETARG_INVOCATION_ID(0);
	operation_run(request, &target, 1);
	if (target.refusal.category != RESTATE_OK)
		restate_raise(target.refusal);
	return target;
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
	Target *targets;
	int count;

	InitMaterializedSRF(fcinfo, 0);
	targets = request_targets(fcinfo, 0, &count);
	operation_run(request, targets, count);
	for (int i = 0; i < count; i++)
		put_row(result, i + 1, &targets[i]);
	return (Datum) 0;
}

/*
 * Adds the row of one target to the result.
 */
static void
put_row(ReturnSetInfo *result, int ordinality, const Target *target)
{
	Datum values[ROW_COLUMNS] = {0};
	bool nulls[ROW_COLUMNS] = {0};

	row_fill(values, nulls, ordinality, target);
	values[6] = InvocationIdGetDatum(&target->new_id);
	nulls[6] = !target->has_new_id || target->refusal.category != RESTATE_OK;
	tuplestore_putvalues(result->setResult, result->setDesc, values, nulls);
	row_free(values, nulls);
}
