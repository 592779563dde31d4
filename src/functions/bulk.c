/*
 * bulk.c
 *		What bulk jobs, which are written in SQL, have from here: an operation
 *		of which only the name is known, and who asks for it.
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "fmgr.h"
#include "funcapi.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/tuplestore.h"
#include "utils/uuid.h"

#include "admin/operation.h"
#include "functions/request.h"
#include "functions/row.h"
#include "types/compat.h"
#include "types/settings.h"
#include "workset/claims.h"

/* the argument of restate.operate_on that says whether it is a dry run, and the job */
enum
{
	ARG_JOB = 6,
	ARG_DRY_RUN
};

static const char *with_job(FunctionCallInfo fcinfo, const char *parameters);
static void put_text(Datum *values, bool *nulls, int column, const char *text);

/*
 * restate.operate_on(operation, ids, mode, from, deployment, at, job, dry_run):
 * returns a row for each id, in its order: ordinality, id, ok, category, message,
 * outcome.
 */
PG_FUNCTION_INFO_V1(restate_operate_on);
Datum
restate_operate_on(PG_FUNCTION_ARGS)
{
	ReturnSetInfo *result = (ReturnSetInfo *) fcinfo->resultinfo;
	Request request = request_of_job(fcinfo);
	int count;
	Target *targets;

	InitMaterializedSRF(fcinfo, 0);
	targets = request_targets(fcinfo, 1, &count);
	request.parameters = with_job(fcinfo, request.parameters);
	if (PG_GETARG_BOOL(ARG_DRY_RUN))
		(void) operation_try(&request, targets, count);
	else
		operation_run(&request, targets, count);
	for (int i = 0; i < count; i++)
	{
		Datum values[ROW_COLUMNS] = {0};
		bool nulls[ROW_COLUMNS] = {0};

		row_fill(values, nulls, i + 1, &targets[i]);
		tuplestore_putvalues(result->setResult, result->setDesc, values, nulls);
		row_free(values, nulls);
	}
	return (Datum) 0;
}

/*
 * Returns the parameters, an object as the audit shows it, with the job first.
 */
static const char *
with_job(FunctionCallInfo fcinfo, const char *parameters)
{
	const char *job;

	if (PG_ARGISNULL(ARG_JOB))
		return parameters;
	job = DatumGetCString(DirectFunctionCall1(uuid_out, PG_GETARG_DATUM(ARG_JOB)));
	return psprintf("{\"job\": \"%s\"%s%s", job, parameters[1] == '}' ? "" : ", ", parameters + 1);
}

/*
 * restate.asking(): returns the role in force, who logged in, the subject and the
 * reason that the session claims, and whether the audit is written, as a record.
 */
PG_FUNCTION_INFO_V1(restate_asking);
Datum
restate_asking(PG_FUNCTION_ARGS)
{
	TupleDesc columns;
	Datum values[5] = {0};
	bool nulls[5] = {0};

	if (get_call_result_type(fcinfo, NULL, &columns) != TYPEFUNC_COMPOSITE)
		elog(ERROR, "restate.asking must return a row");
	put_text(values, nulls, 0, GetUserNameFromId(GetOuterUserId(), true));
	put_text(values, nulls, 1, GetUserNameFromId(GetSessionUserId(), true));
	put_text(values, nulls, 2, claimed_subject());
	put_text(values, nulls, 3, restate_reason && restate_reason[0] ? restate_reason : NULL);
	values[4] = BoolGetDatum(restate_audit);
	PG_RETURN_DATUM(HeapTupleGetDatum(heap_form_tuple(BlessTupleDesc(columns), values, nulls)));
}

/*
 * Sets a column to a text, or to null.
 */
static void
put_text(Datum *values, bool *nulls, int column, const char *text)
{
	nulls[column] = text == NULL;
	if (text)
		values[column] = CStringGetTextDatum(text);
}
