/*
 * worker.c
 *		The SQL functions of those who execute invocations, and of those who have
 *		something executed.
 */
#include "postgres.h"

#include "access/htup_details.h"
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

#include "types/compat.h"
#include "types/entry_check.h"
#include "types/id_generate.h"
#include "types/limits.h"
#include "types/outcome.h"
#include "types/retention.h"
#include "worker/worker.h"

/* the most that one call takes */
#define MAX_CLAIMED 10000

/* the signals below are the protocol's own */
#define FIRST_AWAKEABLE 17

static Datum submit(FunctionCallInfo fcinfo, const char *awaited_by, const ArrayType *runs_on);
static Caller caller_of(FunctionCallInfo fcinfo);
static const char *text_or_null(FunctionCallInfo fcinfo, int argument);
static const char *required_text(FunctionCallInfo fcinfo, int argument, const char *name);
static const char *headers_of(FunctionCallInfo fcinfo, int argument);
pg_noreturn static void refuse_argument(const char *name, const char *words);
static const int64 *numbers_of(FunctionCallInfo fcinfo, int argument, int *count);
static const char *const *names_of(FunctionCallInfo fcinfo, int argument, int *count);
static RestateInvocationId *ids_of(ArrayType *array, int *count);
static int compare_ids(const void *a, const void *b);
static void put_claimed(FunctionCallInfo fcinfo, const Claimed *claimed, int count);
static EntryResult result_of(FunctionCallInfo fcinfo, int argument);
static Datum answers_array(const Answer *answers);
static int64 max_of(FunctionCallInfo fcinfo, int argument);

/*
 * restate_submit(service, handler, input, key, headers, idempotency_key, run_at,
 * claim_for): returns id, outcome, attempt.
 */
PG_FUNCTION_INFO_V1(restate_submit);
Datum
restate_submit(PG_FUNCTION_ARGS)
{
	return submit(fcinfo, NULL, NULL);
}

/*
 * restate.submit_awaited(service, handler, input, key, headers, idempotency_key, run_at,
 * claim_for, awaited_by, runs_on): returns id, outcome, attempt, random_seed,
 * made_ready, deployment, protocol_version.
 */
PG_FUNCTION_INFO_V1(restate_submit_awaited);
Datum
restate_submit_awaited(PG_FUNCTION_ARGS)
{
	return submit(fcinfo, text_or_null(fcinfo, 8),
				  PG_ARGISNULL(9) ? NULL : PG_GETARG_ARRAYTYPE_P(9));
}

/*
 * Submits what the arguments ask for; returns the row.
 */
static Datum
submit(FunctionCallInfo fcinfo, const char *awaited_by, const ArrayType *runs_on)
{
	Order order = {
		.service_name = required_text(fcinfo, 0, "service"),
		.handler_name = required_text(fcinfo, 1, "handler"),
		.service_key = text_or_null(fcinfo, 3),
		.headers = "[]",
		.idempotency_key = text_or_null(fcinfo, 5),
		.worker_name = text_or_null(fcinfo, 7),
		.runs_on = runs_on,
		.awaited_by = awaited_by};
	int guc_level;
	Submitted submitted;
	TupleDesc desc;
	Datum values[7];
	bool nulls[7] = {false};

	order.input = (Bytes){"", 0};
	if (!PG_ARGISNULL(2))
	{
		const bytea *input = PG_GETARG_BYTEA_PP(2);

		order.input = (Bytes){VARDATA_ANY(input), VARSIZE_ANY_EXHDR(input)};
	}
	if (!PG_ARGISNULL(4))
		order.headers = headers_of(fcinfo, 4);
	if (order.worker_name && order.worker_name[0] == '\0')
		refuse_argument("claim_for", "must not be empty");
	if (!PG_ARGISNULL(6))
	{
		order.start_at = PG_GETARG_TIMESTAMPTZ(6);
		if (TIMESTAMP_NOT_FINITE(order.start_at))
			refuse_argument("run_at", "must be finite");
	}
	if (get_call_result_type(fcinfo, NULL, &desc) != TYPEFUNC_COMPOSITE)
		elog(ERROR, "a function that submits has an unexpected result type");
	guc_level = workset_begin();
	submitted = worker_submit(&order);
	AtEOXact_GUC(false, guc_level);
	values[0] = InvocationIdGetDatum(&submitted.id);
	values[1] = CStringGetTextDatum(submitted.outcome);
	values[2] = Int64GetDatum(submitted.attempt);
	nulls[2] = submitted.attempt == 0;
	values[3] = Int64GetDatum(submitted.seed);
	values[4] = BoolGetDatum(submitted.made_ready);
	nulls[5] = nulls[6] = submitted.attempt == 0;
	values[5] = PointerGetDatum(submitted.deployment_id);
	values[6] = Int32GetDatum(submitted.protocol_version);
	PG_RETURN_DATUM(HeapTupleGetDatum(heap_form_tuple(BlessTupleDesc(desc), values, nulls)));
}

/*
 * restate.claim_attempts(worker, services, max, deployments): returns rows of id,
 * attempt.
 */
PG_FUNCTION_INFO_V1(restate_claim_attempts);
Datum
restate_claim_attempts(PG_FUNCTION_ARGS)
{
	Claim claim = {
		.worker_name = required_text(fcinfo, 0, "worker"),
		.services = PG_ARGISNULL(1) ? NULL : PG_GETARG_ARRAYTYPE_P(1),
		.max = max_of(fcinfo, 2),
		.deployments = PG_ARGISNULL(3) ? NULL : PG_GETARG_ARRAYTYPE_P(3)};
	Claimed *claimed;
	int guc_level;
	int count;

	if (claim.worker_name[0] == '\0')
		refuse_argument("worker", "must not be null or empty");
	if (!claim.services && !claim.deployments)
		refuse_argument("services", "must be given, or deployments");
	InitMaterializedSRF(fcinfo, 0);
	guc_level = workset_begin();
	claimed = worker_claim(&claim, &count);
	AtEOXact_GUC(false, guc_level);
	put_claimed(fcinfo, claimed, count);
	return (Datum) 0;
}

/*
 * restate.runnable_of(shard_key, services, deployments, max, depth): returns rows of
 * service_name, deployment_id, ready_at, id, is_beyond.
 */
PG_FUNCTION_INFO_V1(restate_runnable_of);
Datum
restate_runnable_of(PG_FUNCTION_ARGS)
{
	ReturnSetInfo *result = (ReturnSetInfo *) fcinfo->resultinfo;
	Claim claim = {
		.services = PG_ARGISNULL(1) ? NULL : PG_GETARG_ARRAYTYPE_P(1),
		.deployments = PG_ARGISNULL(2) ? NULL : PG_GETARG_ARRAYTYPE_P(2),
		.max = PG_GETARG_INT64(3)};
	int guc_level;
	uint64 rows;

	InitMaterializedSRF(fcinfo, 0);
	guc_level = workset_begin();
	rows = shards_read_here(&claim, PG_GETARG_INT64(4), PG_GETARG_INT64(0));
	AtEOXact_GUC(false, guc_level);
	for (uint64 row = 0; row < rows; row++)
	{
		StoreFoundRunnable found;
		Datum values[5];
		bool nulls[5] = {false};

		store_read_runnable(row, &found);
		values[0] = CStringGetTextDatum(found.service_name);
		values[1] = DeploymentIdGetDatum(found.deployment_id);
		values[2] = TimestampTzGetDatum(found.ready_at);
		values[3] = InvocationIdGetDatum(found.id);
		values[4] = BoolGetDatum(found.is_beyond);
		tuplestore_putvalues(result->setResult, result->setDesc, values, nulls);
	}
	return (Datum) 0;
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
	claimed = worker_start(required_text(fcinfo, 0, "worker"), ids, &count);
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
		refuse_argument(PG_ARGISNULL(2) ? "first_command" : "entries", "must not be null");
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
		refuse_argument("known", "must be the number of entries that the attempt has been given");
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
		refuse_argument("first_command", "must not be null where there are entries");
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
	const char *message = required_text(fcinfo, 2, "message");
	int32 code = PG_ARGISNULL(3) ? 500 : PG_GETARG_INT32(3);
	Failure *failure = palloc0_object(Failure);
	const char *outcome;
	int guc_level;

	if (code < 0 || code > PG_UINT16_MAX)
		refuse_argument("code", "must be from 0 to 65535");
	failure->text = psprintf("[%d] %s", code, message);
	failure->shown = results_show_failure(code, message, NULL);
	failure->error_code = text_or_null(fcinfo, 4);
	failure->result = results_of_failure(failure->text, NULL);
	failure->retry_after = PG_ARGISNULL(5) ? -1 : retention_length(PG_GETARG_INTERVAL_P(5));
	failure->related_command_index = PG_ARGISNULL(6) ? -1 : PG_GETARG_INT64(6);
	failure->related_command_name = text_or_null(fcinfo, 7);
	failure->related_command_type = text_or_null(fcinfo, 8);
	caller.server = text_or_null(fcinfo, 9);
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
	const char *worker_name = text_or_null(fcinfo, 0);
	int64 max = max_of(fcinfo, 1);
	int64 given;
	int guc_level;

	if (worker_name == NULL || worker_name[0] == '\0')
		refuse_argument("worker", "must not be null or empty");
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
	int64 max = max_of(fcinfo, 0);
	int64 done;
	int guc_level;

	if (PG_ARGISNULL(1))
		refuse_argument("silence", "must not be null");
	guc_level = workset_begin();
	done = worker_tick(max, retention_length(PG_GETARG_INTERVAL_P(1)));
	AtEOXact_GUC(false, guc_level);
	PG_RETURN_INT64(done);
}

/*
 * restate_signal(id, name, value, failure, code, index): returns the outcome.
 */
PG_FUNCTION_INFO_V1(restate_signal);
Datum
restate_signal(PG_FUNCTION_ARGS)
{
	Signal signal = {.index = -1, .name = text_or_null(fcinfo, 1)};
	const char *outcome;
	int guc_level;

	if (PG_ARGISNULL(0))
		restate_raise(
			restate_refusal(RESTATE_INVALID_INVOCATION_ID, "invocation id must not be null"));
	if (PG_ARGISNULL(1) == PG_ARGISNULL(5))
		refuse_argument("name", "must be given, or index, but not both");
	if (!PG_ARGISNULL(5))
		signal.index = PG_GETARG_INT64(5);
	if (signal.index != -1 && (signal.index < 1 || signal.index > RESTATE_INDEX_MAX))
		refuse_argument("index", "must be from 1 to " RESTATE_LIMIT_TEXT(RESTATE_INDEX_MAX));
	signal.result = result_of(fcinfo, 2);
	guc_level = workset_begin();
	outcome = worker_signal(PG_GETARG_INVOCATION_ID(0), &signal);
	AtEOXact_GUC(false, guc_level);
	PG_RETURN_TEXT_P(cstring_to_text(outcome));
}

/*
 * restate_awakeable_id(id, signal): returns the text of the id of an awakeable.
 */
PG_FUNCTION_INFO_V1(restate_awakeable_id);
Datum
restate_awakeable_id(PG_FUNCTION_ARGS)
{
	int64 signal = PG_GETARG_INT64(1);
	RestateAwakeableId id = {.invocation_id = *PG_GETARG_INVOCATION_ID(0), .index = (uint32) signal};
	char text[RESTATE_AWAKEABLE_ID_CHARS + 1];

	if (signal < FIRST_AWAKEABLE || signal > RESTATE_INDEX_MAX)
		refuse_argument("signal", "must be from " CppAsString2(FIRST_AWAKEABLE) " to " RESTATE_LIMIT_TEXT(RESTATE_INDEX_MAX));
	restate_encode_awakeable_id(&id, text);
	PG_RETURN_TEXT_P(cstring_to_text(text));
}

/*
 * restate.complete_awakeable(awakeable, value, failure, code): returns the outcome.
 */
PG_FUNCTION_INFO_V1(restate_complete_awakeable);
Datum
restate_complete_awakeable(PG_FUNCTION_ARGS)
{
	const char *awakeable = required_text(fcinfo, 0, "awakeable");
	RestateAwakeableId decoded;
	RestateInvocationId id;
	Signal signal = {.index = -1};
	const char *outcome;
	int guc_level;

	if (restate_decode_awakeable_id(awakeable, strlen(awakeable), &decoded) != RESTATE_ID_OK ||
		decoded.is_entry)
		refuse_argument("awakeable", "must be the id of an awakeable, which begins with sign_1");
	id = decoded.invocation_id;
	signal.index = decoded.index;
	signal.result = result_of(fcinfo, 1);
	guc_level = workset_begin();
	outcome = worker_signal(&id, &signal);
	AtEOXact_GUC(false, guc_level);
	PG_RETURN_TEXT_P(cstring_to_text(outcome));
}

/*
 * restate.complete_promise(service, key, promise, value, failure, code): returns the
 * outcome.
 */
PG_FUNCTION_INFO_V1(restate_complete_promise);
Datum
restate_complete_promise(PG_FUNCTION_ARGS)
{
	ObjectKeyName workflow = {
		required_text(fcinfo, 0, "service"),
		required_text(fcinfo, 1, "key")};
	const char *promise = required_text(fcinfo, 2, "promise");
	EntryResult result = result_of(fcinfo, 3);
	const char *outcome;
	int guc_level;

	guc_level = workset_begin();
	outcome = worker_complete_promise(&workflow,
									  (int64) restate_key_partition(PG_GETARG_TEXT_PP(1)), promise,
									  &result);
	AtEOXact_GUC(false, guc_level);
	PG_RETURN_TEXT_P(cstring_to_text(outcome));
}

/*
 * Returns what the arguments value, failure and code, from that one on, bring: a failure
 * if there is one, else the value, which is empty for null.
 */
static EntryResult
result_of(FunctionCallInfo fcinfo, int argument)
{
	const char *failure = text_or_null(fcinfo, argument + 1);
	int32 code = PG_ARGISNULL(argument + 2) ? 500 : PG_GETARG_INT32(argument + 2);
	const bytea *value;

	if (code < 0 || code > PG_UINT16_MAX)
		refuse_argument("code", "must be from 0 to 65535");
	if (failure)
		return results_of_failure(psprintf("[%d] %s", code, failure), NULL);
	if (PG_ARGISNULL(argument))
		return (EntryResult){VALUE_META, {"", 0}};
	value = PG_GETARG_BYTEA_PP(argument);
	return (EntryResult){VALUE_META, {VARDATA_ANY(value), VARSIZE_ANY_EXHDR(value)}};
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
		refuse_argument("attempt", "must not be null");
	return (Caller){*PG_GETARG_INVOCATION_ID(0), PG_GETARG_INT64(1), NULL};
}

/*
 * Returns a text argument, or NULL.
 */
static const char *
text_or_null(FunctionCallInfo fcinfo, int argument)
{
	return PG_ARGISNULL(argument) ? NULL : text_to_cstring(PG_GETARG_TEXT_PP(argument));
}

/*
 * Returns a text argument, which must not be null.
 */
static const char *
required_text(FunctionCallInfo fcinfo, int argument, const char *name)
{
	if (PG_ARGISNULL(argument))
		refuse_argument(name, "must not be null");
	return text_or_null(fcinfo, argument);
}

/*
 * Returns the text of the headers of an input.  Raises invalid_body for what are none.
 */
static const char *
headers_of(FunctionCallInfo fcinfo, int argument)
{
	Jsonb *headers = PG_GETARG_JSONB_P(argument);
	RestateFieldPlace place = {restate_entry_shape_of_label(entry_type_names[COMMAND_INPUT]),
							   "headers"};
	JsonbValue value;

	JsonbToJsonbValue(headers, &value);
	restate_check_field(place, FIELD_HEADERS, &value);
	return JsonbToCString(NULL, &headers->root, VARSIZE(headers));
}

/*
 * Raises that an argument cannot be.
 */
static void
refuse_argument(const char *name, const char *words)
{
	restate_raise(restate_refusal(RESTATE_INVALID_QUERY_PARAMETER, "%s %s", name, words));
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
 * Returns how many are asked for at most.
 */
static int64
max_of(FunctionCallInfo fcinfo, int argument)
{
	int64 max = PG_ARGISNULL(argument) ? 0 : PG_GETARG_INT32(argument);

	if (max < 1 || max > MAX_CLAIMED)
		refuse_argument("max", "must be from 1 to " CppAsString2(MAX_CLAIMED));
	return max;
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
			refuse_argument(argument == 2 ? "completions" : "signals",
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
			refuse_argument("names", "must not have a null");
		result[i] = TextDatumGetCString(values[i]);
	}
	return result;
}
