/*
 * dry_run.c
 *		What an operation would do, without doing it.
 */
#include "postgres.h"

#include "fmgr.h"
#include "funcapi.h"
#include "utils/builtins.h"
#include "utils/tuplestore.h"

#include "admin/operation.h"
#include "functions/request.h"
#include "functions/row.h"
#include "types/compat.h"

static void put_target(ReturnSetInfo *result, int ordinality, const Target *target);
static void put_effect(ReturnSetInfo *result, const Effect *effect);

/*
 * restate_dry_run(operation, ids, mode, from, deployment): returns a row for each id,
 * in its order, and then one for each other invocation that would change:
 * ordinality, id, ok, category, message, outcome, caused_by.
 */
PG_FUNCTION_INFO_V1(restate_dry_run);
Datum
restate_dry_run(PG_FUNCTION_ARGS)
{
	ReturnSetInfo *result = (ReturnSetInfo *) fcinfo->resultinfo;
	Request request = request_to_try(fcinfo);
	int count;
	Target *targets;
	ListCell *cell;
	List *effects;

	InitMaterializedSRF(fcinfo, 0);
	targets = request_targets(fcinfo, 1, &count);
	effects = operation_try(&request, targets, count);
	for (int i = 0; i < count; i++)
		put_target(result, i + 1, &targets[i]);
	foreach (cell, effects)
		put_effect(result, lfirst(cell));
	return (Datum) 0;
}

/*
 * Adds the row of one target to the result.
 */
static void
put_target(ReturnSetInfo *result, int ordinality, const Target *target)
{
	Datum values[ROW_COLUMNS] = {0};
	bool nulls[ROW_COLUMNS] = {[6] = true};

	row_fill(values, nulls, ordinality, target);
	tuplestore_putvalues(result->setResult, result->setDesc, values, nulls);
	row_free(values, nulls);
}

/*
 * Adds the row of an invocation that was not named.
 */
static void
put_effect(ReturnSetInfo *result, const Effect *effect)
{
	Datum values[ROW_COLUMNS] = {0};
	bool nulls[ROW_COLUMNS] = {[0] = true, [3] = true, [4] = true, [6] = !effect->has_cause};

	values[1] = InvocationIdGetDatum(&effect->id);
	values[2] = BoolGetDatum(true);
	values[5] = CStringGetTextDatum(effect->outcome);
	values[6] = InvocationIdGetDatum(&effect->cause);
	tuplestore_putvalues(result->setResult, result->setDesc, values, nulls);
}
