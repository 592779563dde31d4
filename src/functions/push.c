/*
 * push.c
 *		restate_push and restate.push_and_start: what attempts send in frames of the
 *		service protocol.
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "fmgr.h"
#include "funcapi.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/guc.h"
#include "utils/timestamp.h"
#include "utils/tuplestore.h"

#include "functions/arguments.h"
#include "types/compat.h"
#include "types/limits.h"
#include "types/outcome.h"
#include "worker/worker.h"

/* of restate.push_and_start; restate_push has all but the last */
#define PUSH_COLUMNS 15

/* the arguments that both have */
#define PUSH_ARGUMENTS 6

/* An array argument. */
typedef struct Elements
{
	Datum *values;
	bool *nulls;
	int count;
} Elements;

static PushAnswer push(FunctionCallInfo fcinfo, const Claim *claim);
static Elements elements_of(FunctionCallInfo fcinfo, int argument, bool is_fixed);
static int64 number_at(const Elements *numbers, int i, Pushed *pushed, const char *name);
static void read_element(const Elements *arguments, int i, Pushed *pushed);
static void put_row(ReturnSetInfo *result, int ordinality, const Pushed *pushed, bool is_null,
					bool made_ready);
static void put_started(ReturnSetInfo *result, const RestateInvocationId *id);
static void put_news(ReturnSetInfo *result, const PushNews *news);

/*
 * restate_push(ids, attempts, frames, first_commands, known, servers): returns a row for
 * each element.
 */
PG_FUNCTION_INFO_V1(restate_push);
Datum
restate_push(PG_FUNCTION_ARGS)
{
	(void) push(fcinfo, NULL);
	return (Datum) 0;
}

/*
 * restate.push_and_start(ids, attempts, frames, first_commands, known, servers, worker, max,
 * deployments): returns a row for each element, then one for each attempt of the worker that
 * something has come to, which has known, and one for each that was started, which has an id
 * alone.
 */
PG_FUNCTION_INFO_V1(restate_push_and_start);
Datum
restate_push_and_start(PG_FUNCTION_ARGS)
{
	ReturnSetInfo *result = (ReturnSetInfo *) fcinfo->resultinfo;
	Claim claim = {
		.worker_name = argument_name(fcinfo, PUSH_ARGUMENTS, "worker"),
		.max = argument_max(fcinfo, PUSH_ARGUMENTS + 1),
		.deployments = PG_ARGISNULL(PUSH_ARGUMENTS + 2) ?
						   NULL :
						   PG_GETARG_ARRAYTYPE_P(PUSH_ARGUMENTS + 2)};
	PushAnswer answer;
	ListCell *cell;

	if (claim.deployments == NULL)
		argument_refuse("deployments", "must not be null");
	answer = push(fcinfo, &claim);
	foreach (cell, answer.news)
		put_news(result, lfirst(cell));
	foreach (cell, answer.started)
		put_started(result, lfirst(cell));
	return (Datum) 0;
}

/*
 * Takes what the arguments say that attempts have sent, and returns a row for each.
 */
static PushAnswer
push(FunctionCallInfo fcinfo, const Claim *claim)
{
	static const char *const names[PUSH_ARGUMENTS] = {"ids", "attempts", "frames", "first_commands", "known", "servers"};
	ReturnSetInfo *result = (ReturnSetInfo *) fcinfo->resultinfo;
	Elements arguments[lengthof(names)] = {{0}};
	Pushed *pushed;
	PushAnswer answer;
	int count;
	int guc_level;

	InitMaterializedSRF(fcinfo, 0);
	for (int i = 0; i < (int) lengthof(names); i++)
		arguments[i] = elements_of(fcinfo, i, i == 0);
	count = arguments[0].count;
	for (int i = 1; i < (int) lengthof(names); i++)
		if ((i < 3 || !PG_ARGISNULL(i)) && arguments[i].count != count)
			restate_raise(restate_refusal(RESTATE_INVALID_QUERY_PARAMETER,
										  "%s must have as many elements as ids", names[i]));
	if (count > RESTATE_BATCH_MAX)
		restate_raise(restate_refusal(RESTATE_BATCH_TOO_LARGE, "%d attempts are more than one call takes", count));
	guc_level = workset_begin();
	pushed = palloc0_array(Pushed, Max(count, 1));
	for (int i = 0; i < count; i++)
		read_element(arguments, i, &pushed[i]);
	answer = worker_push(pushed, count, claim);
	AtEOXact_GUC(false, guc_level);
	for (int i = 0; i < count; i++)
		put_row(result, i + 1, &pushed[i], arguments[0].nulls[i], answer.made_ready);
	return answer;
}

/*
 * Returns the elements of an array argument, none if it is null.
 */
static Elements
elements_of(FunctionCallInfo fcinfo, int argument, bool is_fixed)
{
	Elements elements = {0};
	ArrayType *array;
	Oid type;

	if (PG_ARGISNULL(argument))
		return elements;
	array = PG_GETARG_ARRAYTYPE_P(argument);
	type = ARR_ELEMTYPE(array);
	if (is_fixed)
		deconstruct_array(array, type, sizeof(RestateInvocationId), false, TYPALIGN_CHAR,
						  &elements.values, &elements.nulls, &elements.count);
	else if (type == INT8OID)
		deconstruct_array(array, type, sizeof(int64), FLOAT8PASSBYVAL, TYPALIGN_DOUBLE,
						  &elements.values, &elements.nulls, &elements.count);
	else
		deconstruct_array(array, type, -1, false, TYPALIGN_INT, &elements.values, &elements.nulls,
						  &elements.count);
	return elements;
}

/*
 * Returns the number of an element, -1 if it has none; refuses the element for one below
 * zero.
 */
static int64
number_at(const Elements *numbers, int i, Pushed *pushed, const char *name)
{
	int64 number;

	if (numbers->count == 0 || numbers->nulls[i])
		return -1;
	number = DatumGetInt64(numbers->values[i]);
	if (number < 0 && pushed->refusal.category == RESTATE_OK)
		pushed->refusal =
			restate_refusal(RESTATE_INVALID_QUERY_PARAMETER, "%s must not be below 0", name);
	return number;
}

/*
 * Reads what is sent of one attempt, or refuses it.
 */
static void
read_element(const Elements *arguments, int i, Pushed *pushed)
{
	if (arguments[0].nulls[i])
		pushed->refusal =
			restate_refusal(RESTATE_INVALID_INVOCATION_ID, "invocation id must not be null");
	else
	{
		pushed->caller.id = *DatumGetInvocationId(arguments[0].values[i]);
		if (arguments[1].nulls[i] || arguments[2].nulls[i])
			pushed->refusal = restate_refusal(RESTATE_INVALID_QUERY_PARAMETER, "%s must not be null",
											  arguments[1].nulls[i] ? "attempt" : "frames");
	}
	pushed->first_command = number_at(&arguments[3], i, pushed, "first_command");
	pushed->known = number_at(&arguments[4], i, pushed, "known");
	if (pushed->refusal.category != RESTATE_OK)
		return;
	pushed->caller.attempt = DatumGetInt64(arguments[1].values[i]);
	if (arguments[5].count > 0 && !arguments[5].nulls[i] &&
		VARSIZE_ANY_EXHDR(DatumGetPointer(arguments[5].values[i])) > 0)
		pushed->caller.server = TextDatumGetCString(arguments[5].values[i]);
	pushed->frames = DatumGetByteaPP(arguments[2].values[i]);
}

/*
 * Adds the row of one attempt: ordinality, id, ok, category, message, error_code, reply,
 * commands, entries, status, next_retry_at, result, seed, made_ready.
 */
static void
put_row(ReturnSetInfo *result, int ordinality, const Pushed *pushed, bool is_null, bool made_ready)
{
	bool ok = pushed->refusal.category == RESTATE_OK;
	Datum values[PUSH_COLUMNS] = {Int64GetDatum(ordinality), InvocationIdGetDatum(&pushed->caller.id), BoolGetDatum(ok)};
	bool nulls[PUSH_COLUMNS] = {false, is_null, false, ok, ok, [PUSH_COLUMNS - 1] = true};

	if (!ok)
	{
		values[3] = CStringGetTextDatum(restate_category_name(pushed->refusal.category));
		values[4] = CStringGetTextDatum(pushed->refusal.message);
	}
	nulls[5] = pushed->error_code == NULL;
	if (!nulls[5])
		values[5] = CStringGetTextDatum(pushed->error_code);
	nulls[6] = !ok || pushed->reply == NULL;
	values[6] = PointerGetDatum(pushed->reply);
	nulls[7] = nulls[8] = !ok;
	values[7] = Int64GetDatum(pushed->commands);
	values[8] = Int64GetDatum(pushed->entries);
	nulls[9] = !ok || pushed->status == NULL;
	if (!nulls[9])
		values[9] = CStringGetTextDatum(pushed->status);
	nulls[10] = nulls[9] || pushed->next_retry_at == 0;
	values[10] = TimestampTzGetDatum(pushed->next_retry_at);
	nulls[11] = nulls[12] = !ok || pushed->result == NULL;
	values[11] = PointerGetDatum(pushed->result);
	values[12] = Int64GetDatum(pushed->seed);
	values[13] = BoolGetDatum(made_ready);
	tuplestore_putvalues(result->setResult, result->setDesc, values, nulls);
}

/*
 * Adds the row of an attempt that was started.
 */
static void
put_started(ReturnSetInfo *result, const RestateInvocationId *id)
{
	Datum values[PUSH_COLUMNS] = {[1] = InvocationIdGetDatum(id)};
	bool nulls[PUSH_COLUMNS];

	memset(nulls, true, sizeof(nulls));
	nulls[1] = false;
	tuplestore_putvalues(result->setResult, result->setDesc, values, nulls);
}

/*
 * Adds the row of an attempt that something has come to: id, reply, entries, known.
 */
static void
put_news(ReturnSetInfo *result, const PushNews *news)
{
	Datum values[PUSH_COLUMNS] = {
		[1] = InvocationIdGetDatum(&news->id),
		[6] = PointerGetDatum(news->reply),
		[8] = Int64GetDatum(news->entries),
		[14] = Int64GetDatum(news->known)};
	bool nulls[PUSH_COLUMNS];

	memset(nulls, true, sizeof(nulls));
	nulls[1] = nulls[6] = nulls[8] = nulls[14] = false;
	tuplestore_putvalues(result->setResult, result->setDesc, values, nulls);
}
