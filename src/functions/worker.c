/*
 * worker.c
 *		The SQL functions of those who execute invocations.
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "fmgr.h"
#include "funcapi.h"
#include "lib/qunique.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/guc.h"
#include "utils/jsonb.h"
#include "utils/timestamp.h"
#include "utils/tuplestore.h"

#include "functions/arguments.h"
#include "types/compat.h"
#include "types/limits.h"
#include "types/outcome.h"
#include "types/retention.h"
#include "worker/worker.h"

static Caller caller_of(FunctionCallInfo fcinfo);
static const int64 *numbers_of(FunctionCallInfo fcinfo, int argument, int *count);
static const char *const *names_of(FunctionCallInfo fcinfo, int argument, int *count);
static RestateInvocationId *ids_of(ArrayType *array, int *count);
static int compare_ids(const void *a, const void *b);
static void put_claimed(FunctionCallInfo fcinfo, const Claimed *claimed, int count);
static void put_attempts(FunctionCallInfo fcinfo, const ArrayType *ids, bool frames);
static const ArrayType *array_of_ids(const Claimed *claimed, int count);
static Datum answers_array(const Answer *answers);

/*
 * restate_claim(worker, services, max, deployments, frames): returns a row for each attempt
 * that is started, with what it begins with.
 */
PG_FUNCTION_INFO_V1(restate_claim);
Datum
restate_claim(PG_FUNCTION_ARGS)
{
	Claim claim = {
		.worker_name = argument_name(fcinfo, 0, "worker"),
		.services = PG_ARGISNULL(1) ? NULL : PG_GETARG_ARRAYTYPE_P(1),
		.max = argument_max(fcinfo, 2),
		.deployments = PG_ARGISNULL(3) ? NULL : PG_GETARG_ARRAYTYPE_P(3)};
	Claimed *claimed;
	int guc_level;
	int count;

	if (!claim.services && !claim.deployments)
		argument_refuse("services", "must be given, or deployments");
	InitMaterializedSRF(fcinfo, 0);
	guc_level = workset_begin();
	claimed = worker_claim(&claim, &count);
	put_attempts(fcinfo, array_of_ids(claimed, count), !PG_ARGISNULL(4) && PG_GETARG_BOOL(4));
	AtEOXact_GUC(false, guc_level);
	return (Datum) 0;
}

/*
 * restate.read_attempts(ids, frames): returns a row for each, with what it begins with.
 */
PG_FUNCTION_INFO_V1(restate_read_attempts);
Datum
restate_read_attempts(PG_FUNCTION_ARGS)
{
	int guc_level;

	InitMaterializedSRF(fcinfo, 0);
	if (PG_ARGISNULL(0))
		return (Datum) 0;
	guc_level = workset_begin();
	put_attempts(fcinfo, PG_GETARG_ARRAYTYPE_P(0), !PG_ARGISNULL(1) && PG_GETARG_BOOL(1));
	AtEOXact_GUC(false, guc_level);
	return (Datum) 0;
}

/*
 * Puts what attempts begin with, as JSON or as frames, into the result of a function.
 */
static void
put_attempts(FunctionCallInfo fcinfo, const ArrayType *ids, bool frames)
{
	ReturnSetInfo *result = (ReturnSetInfo *) fcinfo->resultinfo;
	Datum values[STORE_MAX_COLUMNS];
	bool nulls[STORE_MAX_COLUMNS];
	StoreCall call;
	uint64 rows;

	if (ArrayGetNItems(ARR_NDIM(ids), ARR_DIMS(ids)) == 0)
		return;
	store_call(&call, STORE_READ_ATTEMPTS);
	store_add_attempts(&call, &(StoreAttempts){.ids = ids, .frames = frames});
	rows = store_execute(&call);
	if (rows > 0 && store_row_columns()->natts != result->setDesc->natts)
		elog(ERROR, "statement \"%s\" returns %d columns", store_def(&call)->name, store_row_columns()->natts);
	for (uint64 row = 0; row < rows; row++)
	{
		store_row_or_nulls(row, values, nulls);
		tuplestore_putvalues(result->setResult, result->setDesc, values, nulls);
	}
}

/*
 * Returns the ids of attempts as an array.
 */
static const ArrayType *
array_of_ids(const Claimed *claimed, int count)
{
	Datum *ids = palloc_array(Datum, Max(count, 1));

	for (int i = 0; i < count; i++)
		ids[i] = InvocationIdGetDatum(&claimed[i].id);
	return construct_array(ids, count, store_type_oid(STORE_INVOCATION_ID), sizeof(RestateInvocationId), false,
						   TYPALIGN_CHAR);
}

/*
 * restate.start_attempts(worker, ids): returns rows of id, attempt.
 */
PG_FUNCTION_INFO_V1(restate_start_attempts);
Datum
restate_start_attempts(PG_FUNCTION_ARGS)
{
	Claimed *claimed;
	RestateInvocationId *ids;
	int guc_level;
	int count;

	ids = ids_of(PG_GETARG_ARRAYTYPE_P(1), &count);
	InitMaterializedSRF(fcinfo, 0);
	guc_level = workset_begin();
	claimed = worker_start(argument_required_text(fcinfo, 0, "worker"), ids, &count);
	AtEOXact_GUC(false, guc_level);
	put_claimed(fcinfo, claimed, count);
	return (Datum) 0;
}

/*
 * restate_append(id, attempt, first_command, entries): returns a row for each entry:
 * ordinality, index, repeated, answers.
 */
PG_FUNCTION_INFO_V1(restate_append);
Datum
restate_append(PG_FUNCTION_ARGS)
{
	ReturnSetInfo *result = (ReturnSetInfo *) fcinfo->resultinfo;
	Caller caller = caller_of(fcinfo);
	SentEntry *sent;
	int guc_level;
	int count;

	if (PG_ARGISNULL(2) || PG_ARGISNULL(3))
		argument_refuse(PG_ARGISNULL(2) ? "first_command" : "entries", "must not be null");
	InitMaterializedSRF(fcinfo, 0);
	guc_level = workset_begin();
	sent = sent_read_json(PG_GETARG_ARRAYTYPE_P(3), &count);
	worker_append(&caller, PG_GETARG_INT64(2), sent, count);
	AtEOXact_GUC(false, guc_level);
	for (int i = 0; i < count; i++)
	{
		const Entry *entry = &sent[i].entry;
		Datum values[] = {Int32GetDatum(i + 1), Int64GetDatum(entry->index),
						  BoolGetDatum(entry->repeated), answers_array(sent[i].answers)};
		bool nulls[] = {false, false, false, sent[i].answers == NULL};

		tuplestore_putvalues(result->setResult, result->setDesc, values, nulls);
	}
	return (Datum) 0;
}

/*
 * Returns the answers as an array of JSON objects with index and entry_json; 0 if there
 * are none.
 */
static Datum
answers_array(const Answer *answers)
{
	ArrayBuildState *array = NULL;

	for (const Answer *answer = answers; answer; answer = answer->next)
	{
		StringInfoData json;

		initStringInfo(&json);
		appendStringInfo(&json, "{\"index\": " INT64_FORMAT ", \"entry_json\": ", answer->index);
		restate_render_columns(&json, &answer->columns);
		appendStringInfoChar(&json, '}');
		array = accumArrayResult(array, JsonbPGetDatum(store_jsonb(json.data)), false, JSONBOID,
								 CurrentMemoryContext);
	}
	return array ? makeArrayResult(array, CurrentMemoryContext) : (Datum) 0;
}

/*
 * restate_suspend(id, attempt, completions, signals, names, known): returns the outcome.
 */
PG_FUNCTION_INFO_V1(restate_suspend);
Datum
restate_suspend(PG_FUNCTION_ARGS)
{
	Caller caller = caller_of(fcinfo);
	Awaited *awaited = palloc0_object(Awaited);
	const char *outcome;
	int guc_level;

	awaited->completions = numbers_of(fcinfo, 2, &awaited->ncompletions);
	awaited->signals = numbers_of(fcinfo, 3, &awaited->nsignals);
	awaited->names = names_of(fcinfo, 4, &awaited->nnames);
	if (PG_ARGISNULL(5) || PG_GETARG_INT64(5) < 0)
		argument_refuse("known", "must be the number of entries that the attempt has been given");
	guc_level = workset_begin();
	outcome = worker_suspend(&caller, awaited, PG_GETARG_INT64(5));
	AtEOXact_GUC(false, guc_level);
	PG_RETURN_TEXT_P(cstring_to_text(outcome));
}

/*
 * restate_complete(id, attempt, first_command, entries): returns the outcome.
 */
PG_FUNCTION_INFO_V1(restate_complete);
Datum
restate_complete(PG_FUNCTION_ARGS)
{
	Caller caller = caller_of(fcinfo);
	SentEntry *sent = NULL;
	const char *outcome;
	int guc_level;
	int count = 0;

	guc_level = workset_begin();
	if (!PG_ARGISNULL(3))
		sent = sent_read_json(PG_GETARG_ARRAYTYPE_P(3), &count);
	if (count > 0 && PG_ARGISNULL(2))
		argument_refuse("first_command", "must not be null where there are entries");
	outcome =
		worker_complete(&caller, PG_ARGISNULL(2) ? 0 : PG_GETARG_INT64(2), sent, count);
	AtEOXact_GUC(false, guc_level);
	PG_RETURN_TEXT_P(cstring_to_text(outcome));
}

/*
 * restate_fail_attempt(id, attempt, message, code, error_code, retry_after,
 * command_index, command_name, command_type, server): returns the outcome.
 */
PG_FUNCTION_INFO_V1(restate_fail_attempt);
Datum
restate_fail_attempt(PG_FUNCTION_ARGS)
{
	Caller caller = caller_of(fcinfo);
	const char *message = argument_required_text(fcinfo, 2, "message");
	int32 code = PG_ARGISNULL(3) ? 500 : PG_GETARG_INT32(3);
	Failure *failure = palloc0_object(Failure);
	const char *outcome;
	int guc_level;

	if (code < 0 || code > PG_UINT16_MAX)
		argument_refuse("code", "must be from 0 to 65535");
	failure->text = psprintf("[%d] %s", code, message);
	failure->shown = results_show_failure(code, message, NULL);
	failure->error_code = argument_text(fcinfo, 4);
	failure->result = results_of_failure(failure->text, NULL);
	failure->retry_after = PG_ARGISNULL(5) ? -1 : retention_length(PG_GETARG_INTERVAL_P(5));
	failure->related_command_index = PG_ARGISNULL(6) ? -1 : PG_GETARG_INT64(6);
	failure->related_command_name = argument_text(fcinfo, 7);
	failure->related_command_type = argument_text(fcinfo, 8);
	caller.server = argument_text(fcinfo, 9);
	guc_level = workset_begin();
	outcome = worker_fail(&caller, failure);
	AtEOXact_GUC(false, guc_level);
	PG_RETURN_TEXT_P(cstring_to_text(outcome));
}

/*
 * restate_adopt(ids): returns how many were adopted.
 */
PG_FUNCTION_INFO_V1(restate_adopt);
Datum
restate_adopt(PG_FUNCTION_ARGS)
{
	RestateInvocationId *ids;
	int64 adopted;
	int guc_level;
	int count;

	if (PG_ARGISNULL(0))
		PG_RETURN_INT64(0);
	ids = ids_of(PG_GETARG_ARRAYTYPE_P(0), &count);
	guc_level = workset_begin();
	adopted = worker_adopt(ids, count);
	AtEOXact_GUC(false, guc_level);
	PG_RETURN_INT64(adopted);
}

/*
 * restate.give_back(worker, max): returns how many attempts were given back.
 */
PG_FUNCTION_INFO_V1(restate_give_back);
Datum
restate_give_back(PG_FUNCTION_ARGS)
{
	const char *worker_name = argument_name(fcinfo, 0, "worker");
	int64 max = argument_max(fcinfo, 1);
	int64 given;
	int guc_level;

	guc_level = workset_begin();
	given = worker_leave(worker_name, max);
	AtEOXact_GUC(false, guc_level);
	PG_RETURN_INT64(given);
}

/*
 * restate.fire_timers(max, silence): returns how much was done.
 */
PG_FUNCTION_INFO_V1(restate_fire_timers);
Datum
restate_fire_timers(PG_FUNCTION_ARGS)
{
	int64 max = argument_max(fcinfo, 0);
	int64 done;
	int guc_level;

	if (PG_ARGISNULL(1))
		argument_refuse("silence", "must not be null");
	guc_level = workset_begin();
	done = worker_tick(max, retention_length(PG_GETARG_INTERVAL_P(1)));
	AtEOXact_GUC(false, guc_level);
	PG_RETURN_INT64(done);
}

/*
 * Returns the attempt that arguments 0 and 1 name.
 */
static Caller
caller_of(FunctionCallInfo fcinfo)
{
	if (PG_ARGISNULL(0))
		restate_raise(
			restate_refusal(RESTATE_INVALID_INVOCATION_ID, "invocation id must not be null"));
	if (PG_ARGISNULL(1))
		argument_refuse("attempt", "must not be null");
	return (Caller){*PG_GETARG_INVOCATION_ID(0), PG_GETARG_INT64(1), NULL};
}

/*
 * Puts attempts that were started into the result of a function.
 */
static void
put_claimed(FunctionCallInfo fcinfo, const Claimed *claimed, int count)
{
	ReturnSetInfo *result = (ReturnSetInfo *) fcinfo->resultinfo;

	for (int i = 0; i < count; i++)
	{
		Datum values[] = {InvocationIdGetDatum(&claimed[i].id), Int64GetDatum(claimed[i].attempt)};
		bool nulls[] = {false, false};

		tuplestore_putvalues(result->setResult, result->setDesc, values, nulls);
	}
}

/*
 * Returns the numbers of an array argument, each an index of the journal's; none for
 * null.
 */
static const int64 *
numbers_of(FunctionCallInfo fcinfo, int argument, int *count)
{
	Datum *values;
	bool *nulls;
	int64 *result;

	*count = 0;
	if (PG_ARGISNULL(argument))
		return NULL;
	deconstruct_array(PG_GETARG_ARRAYTYPE_P(argument), INT8OID, sizeof(int64), true,
					  TYPALIGN_DOUBLE, &values, &nulls, count);
	result = palloc_array(int64, Max(*count, 1));
	for (int i = 0; i < *count; i++)
	{
		result[i] = DatumGetInt64(values[i]);
		if (nulls[i] || result[i] < 0 || result[i] > RESTATE_INDEX_MAX)
			argument_refuse(argument == 2 ? "completions" : "signals",
							"must be whole numbers from 0 to " RESTATE_LIMIT_TEXT(RESTATE_INDEX_MAX));
	}
	return result;
}

/*
 * Returns the ids of an array, each once, in their order, without those that are null.
 */
static RestateInvocationId *
ids_of(ArrayType *array, int *count)
{
	Datum *values;
	bool *nulls;
	RestateInvocationId *ids;
	int size;

	deconstruct_array(array, ARR_ELEMTYPE(array), sizeof(RestateInvocationId), false,
					  TYPALIGN_CHAR, &values, &nulls, &size);
	ids = palloc_array(RestateInvocationId, Max(size, 1));
	*count = 0;
	for (int i = 0; i < size; i++)
		if (!nulls[i])
			ids[(*count)++] = *DatumGetInvocationId(values[i]);
	qsort(ids, (size_t) *count, sizeof(*ids), compare_ids);
	*count = (int) qunique(ids, (size_t) *count, sizeof(*ids), compare_ids);
	return ids;
}

/*
 * Orders ids, for qsort() and qunique().
 */
static int
compare_ids(const void *a, const void *b)
{
	return restate_invocation_id_compare(a, b);
}

/*
 * Returns the texts of an array argument; none for null.
 */
static const char *const *
names_of(FunctionCallInfo fcinfo, int argument, int *count)
{
	Datum *values;
	bool *nulls;
	const char **result;

	*count = 0;
	if (PG_ARGISNULL(argument))
		return NULL;
	deconstruct_array(PG_GETARG_ARRAYTYPE_P(argument), TEXTOID, -1, false, TYPALIGN_INT, &values,
					  &nulls, count);
	result = palloc_array(const char *, Max(*count, 1));
	for (int i = 0; i < *count; i++)
	{
		if (nulls[i])
			argument_refuse("names", "must not have a null");
		result[i] = TextDatumGetCString(values[i]);
	}
	return result;
}
