/*
 * submit.c
 *		The SQL functions of those who have something executed: they submit it, and bring
 *		what it waits for.
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "fmgr.h"
#include "funcapi.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/guc.h"
#include "utils/jsonb.h"
#include "utils/timestamp.h"

#include "functions/arguments.h"
#include "types/compat.h"
#include "types/entry_check.h"
#include "types/id_generate.h"
#include "types/key.h"
#include "types/limits.h"
#include "types/outcome.h"
#include "worker/worker.h"

/* the signals below are the protocol's own */
#define FIRST_AWAKEABLE 17

static Datum submit(FunctionCallInfo fcinfo, const char *awaited_by, const ArrayType *runs_on);
static const char *headers_of(FunctionCallInfo fcinfo, int argument);
static EntryResult result_of(FunctionCallInfo fcinfo, int argument);

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
	return submit(fcinfo, argument_text(fcinfo, 8),
				  PG_ARGISNULL(9) ? NULL : PG_GETARG_ARRAYTYPE_P(9));
}

/*
 * Submits what the arguments ask for; returns the row.
 */
static Datum
submit(FunctionCallInfo fcinfo, const char *awaited_by, const ArrayType *runs_on)
{
	Order order = {
		.service_name = argument_required_text(fcinfo, 0, "service"),
		.handler_name = argument_required_text(fcinfo, 1, "handler"),
		.service_key = argument_text(fcinfo, 3),
		.headers = "[]",
		.idempotency_key = argument_text(fcinfo, 5),
		.worker_name = PG_ARGISNULL(7) ? NULL : argument_name(fcinfo, 7, "claim_for"),
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
	if (!PG_ARGISNULL(6))
	{
		order.start_at = PG_GETARG_TIMESTAMPTZ(6);
		if (TIMESTAMP_NOT_FINITE(order.start_at))
			argument_refuse("run_at", "must be finite");
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
 * restate_signal(id, name, value, failure, code, index): returns the outcome.
 */
PG_FUNCTION_INFO_V1(restate_signal);
Datum
restate_signal(PG_FUNCTION_ARGS)
{
	Signal signal = {.index = -1, .name = argument_text(fcinfo, 1)};
	const char *outcome;
	int guc_level;

	if (PG_ARGISNULL(0))
		restate_raise(
			restate_refusal(RESTATE_INVALID_INVOCATION_ID, "invocation id must not be null"));
	if (PG_ARGISNULL(1) == PG_ARGISNULL(5))
		argument_refuse("name", "must be given, or index, but not both");
	if (!PG_ARGISNULL(5))
		signal.index = PG_GETARG_INT64(5);
	if (signal.index != -1 && (signal.index < 1 || signal.index > RESTATE_INDEX_MAX))
		argument_refuse("index", "must be from 1 to " RESTATE_LIMIT_TEXT(RESTATE_INDEX_MAX));
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
		argument_refuse("signal", "must be from " CppAsString2(FIRST_AWAKEABLE) " to " RESTATE_LIMIT_TEXT(RESTATE_INDEX_MAX));
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
	const char *awakeable = argument_required_text(fcinfo, 0, "awakeable");
	RestateAwakeableId decoded;
	RestateInvocationId id;
	Signal signal = {.index = -1};
	const char *outcome;
	int guc_level;

	if (restate_decode_awakeable_id(awakeable, strlen(awakeable), &decoded) != RESTATE_ID_OK ||
		decoded.is_entry)
		argument_refuse("awakeable", "must be the id of an awakeable, which begins with sign_1");
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
		argument_name(fcinfo, 0, "service"),
		argument_required_text(fcinfo, 1, "key")};
	const char *promise = argument_required_text(fcinfo, 2, "promise");
	EntryResult result = result_of(fcinfo, 3);
	const char *outcome;
	int guc_level;

	restate_require_key("key", PG_GETARG_TEXT_PP(1));
	restate_require_key("promise", PG_GETARG_TEXT_PP(2));
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
	const char *failure = argument_text(fcinfo, argument + 1);
	int32 code = PG_ARGISNULL(argument + 2) ? 500 : PG_GETARG_INT32(argument + 2);
	const bytea *value;

	if (code < 0 || code > PG_UINT16_MAX)
		argument_refuse("code", "must be from 0 to 65535");
	if (failure)
		return results_of_failure(psprintf("[%d] %s", code, failure), NULL);
	if (PG_ARGISNULL(argument))
		return (EntryResult){VALUE_META, {"", 0}};
	value = PG_GETARG_BYTEA_PP(argument);
	return (EntryResult){VALUE_META, {VARDATA_ANY(value), VARSIZE_ANY_EXHDR(value)}};
}
