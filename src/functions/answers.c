/*
 * answers.c
 *		What operators ask before they act.  Nothing is locked or changed.
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "catalog/pg_type.h"
#include "fmgr.h"
#include "funcapi.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/jsonb.h"
#include "utils/tuplestore.h"

#include "admin/preview.h"
#include "functions/explain_as.h"
#include "functions/request.h"
#include "types/compat.h"

/* the columns of a preview */
#define PREVIEW_COLUMNS 18

static void put_preview(Datum *values, bool *nulls, const Preview *preview);
static void put_command(Datum *values, bool *nulls, bool exists, const StoreFoundCommand *command);
static Datum number_array(const int64 *numbers, int count);
static void read_explanation(FunctionCallInfo fcinfo, Explanation *explanation);

/*
 * restate_explain(id): returns what is to be said of an invocation, as text.
 */
PG_FUNCTION_INFO_V1(restate_explain);
Datum
restate_explain(PG_FUNCTION_ARGS)
{
	Explanation explanation;

	read_explanation(fcinfo, &explanation);
	PG_RETURN_TEXT_P(cstring_to_text(explain_as_text(&explanation)));
}

/*
 * restate_explain_json(id): returns the same as JSON.
 */
PG_FUNCTION_INFO_V1(restate_explain_json);
Datum
restate_explain_json(PG_FUNCTION_ARGS)
{
	Explanation explanation;

	read_explanation(fcinfo, &explanation);
	return DirectFunctionCall1(jsonb_in, CStringGetDatum(explain_as_json(&explanation)));
}

/*
 * Explains the invocation of argument 0; raises that there is none.
 */
static void
read_explanation(FunctionCallInfo fcinfo, Explanation *explanation)
{
	RestateInvocationId id = request_id_argument(fcinfo);
	RestateRefusal refusal = explain(&id, explanation);

	if (refusal.category != RESTATE_OK)
		restate_raise(refusal);
}

/*
 * restate_preview_restart(id, from, deployment, at): returns a row of what the restart
 * would do.  Raises that there is no such invocation, and what is wrong with the other
 * arguments.
 */
PG_FUNCTION_INFO_V1(restate_preview_restart);
Datum
restate_preview_restart(PG_FUNCTION_ARGS)
{
	ReturnSetInfo *result = (ReturnSetInfo *) fcinfo->resultinfo;
	Request request = request_to_preview(fcinfo);
	RestateInvocationId id = request_id_argument(fcinfo);
	Datum values[PREVIEW_COLUMNS] = {0};
	bool nulls[PREVIEW_COLUMNS];
	Preview preview;

	InitMaterializedSRF(fcinfo, 0);
	preview_restart(&request, &id, &preview);
	if (!preview.target.invocation->exists)
		restate_raise(preview.target.refusal);
	memset(nulls, true, sizeof(nulls));
	put_preview(values, nulls, &preview);
	tuplestore_putvalues(result->setResult, result->setDesc, values, nulls);
	return (Datum) 0;
}

/*
 * Puts a preview into a row, all of whose columns are null.
 */
static void
put_preview(Datum *values, bool *nulls, const Preview *preview)
{
	const Target *target = &preview->target;
	const Invocation *invocation = target->invocation;
	bool ok = target->refusal.category == RESTATE_OK;

	values[0] = BoolGetDatum(ok);
	values[1] = Int64GetDatum(target->last_index);
	nulls[0] = false;
	nulls[1] = target->refusal.category == RESTATE_RESTART_POINT_NOT_FOUND;
	if (ok)
	{
		values[2] = Int64GetDatum(target->last_index + 1);
		values[3] = number_array(invocation->suffix, invocation->suffix_size);
		values[4] = Int64GetDatum(preview->runs_again);
		nulls[2] = nulls[3] = nulls[4] = false;
		put_command(&values[5], &nulls[5], preview->has_first, &preview->first);
		values[8] = CStringGetTextDatum(restate_status_name(target->restart.status));
		nulls[8] = false;
		values[9] = DeploymentIdGetDatum(&preview->deployment_id);
		nulls[9] = !preview->has_deployment;
		values[10] = Int64GetDatum(preview->revision);
		nulls[10] = preview->revision == 0;
		return;
	}
	values[11] = CStringGetTextDatum(restate_category_name(target->refusal.category));
	values[12] = CStringGetTextDatum(target->refusal.message);
	values[13] =
		CStringGetTextDatum(target->refusal.hint ? target->refusal.hint :
												   restate_category_hint(target->refusal.category));
	nulls[11] = nulls[12] = nulls[13] = false;
	put_command(&values[14], &nulls[14], preview->has_lacking, &preview->lacking);
	values[17] = Int64GetDatum(preview->nearest);
	nulls[17] = !preview->has_nearest;
}

/*
 * Puts a command into three columns: index, type and name, which is null if it is empty.
 */
static void
put_command(Datum *values, bool *nulls, bool exists, const StoreFoundCommand *command)
{
	if (!exists)
		return;
	values[0] = Int64GetDatum(command->index);
	values[1] = CStringGetTextDatum(command->entry_type);
	nulls[0] = nulls[1] = false;
	nulls[2] = command->name == NULL || command->name[0] == '\0';
	if (!nulls[2])
		values[2] = CStringGetTextDatum(command->name);
}

/*
 * Returns an array of the numbers.
 */
static Datum
number_array(const int64 *numbers, int count)
{
	Datum *elements = palloc_array(Datum, Max(count, 1));

	for (int i = 0; i < count; i++)
		elements[i] = Int64GetDatum(numbers[i]);
	return PointerGetDatum(
		construct_array(elements, count, INT8OID, sizeof(int64), FLOAT8PASSBYVAL, TYPALIGN_DOUBLE));
}

/*
 * restate_restart_point(id, at): returns the index that a restart at the point keeps
 * last.  Raises why there is none.
 */
PG_FUNCTION_INFO_V1(restate_restart_point);
Datum
restate_restart_point(PG_FUNCTION_ARGS)
{
	Request request = request_at_point(fcinfo);
	RestateInvocationId id = request_id_argument(fcinfo);
	int64 last_index;
	RestateRefusal refusal = restart_point_of(request.point, &id, &last_index);

	if (refusal.category != RESTATE_OK)
		restate_raise(refusal);
	PG_RETURN_INT64(last_index);
}
