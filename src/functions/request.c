/*
 * request.c
 *		Reads the parameters of operations, the invocation aside, and refuses a
 *		malformed one with the documented category.
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/json.h"

#include "functions/request.h"
#include "types/compat.h"
#include "types/id_fault.h"
#include "types/limits.h"

static const bool takes[OPERATION_COUNT][PARAMETER_COUNT] = {
	[OPERATION_DELETE_CANCEL] = {[PARAMETER_MODE] = true},
	[OPERATION_RESTART_AS_NEW] =
		{[PARAMETER_FROM] = true, [PARAMETER_DEPLOYMENT] = true, [PARAMETER_REQUEST_ID] = true},
	[OPERATION_RESUME] = {[PARAMETER_DEPLOYMENT] = true}};

static RestateRefusal read_mode(Request *request, const char *mode, StringInfo parameters);
static RestateRefusal read_from(Request *request, const Parameters *given, StringInfo parameters);
static RestateRefusal read_point(Request *request, const Parameters *given, StringInfo parameters);
static RestateRefusal read_deployment(Request *request, const char *deployment,
									  StringInfo parameters);
static RestateRefusal read_request_id(Request *request, const char *request_id,
									  StringInfo parameters);
static void add_text_parameter(StringInfo parameters, const char *name, const char *value);
static void begin_parameter(StringInfo parameters, const char *name);
static Request request_of_any(FunctionCallInfo fcinfo, const char *at);
static Request request_given(Operation operation, const Parameters *given);
static char *text_argument(FunctionCallInfo fcinfo, int arg);

/*
 * Returns whether the operation takes the parameter; of delete, whose mode says
 * which operation it is, as OPERATION_DELETE_CANCEL.
 */
bool
request_takes(Operation operation, Parameter parameter)
{
	return takes[operation][parameter];
}

/*
 * Returns the operation that the text argument names, of delete
 * OPERATION_DELETE_CANCEL.  Raises that there is none.
 */
Operation
request_operation(FunctionCallInfo fcinfo, int arg)
{
	Operation operation;
	char *name = text_argument(fcinfo, arg);

	if (name == NULL)
		restate_raise(
			restate_refusal(RESTATE_INVALID_QUERY_PARAMETER, "operation must not be null"));
	if (!operation_of_name(name, &operation))
		restate_raise(restate_refusal(RESTATE_INVALID_QUERY_PARAMETER, "invalid operation %s",
									  restate_quote_text(name)));
	return operation;
}

/*
 * Reads the parameters that the operation takes into the request; a delete's
 * mode says which operation it is.  Returns what is refused of them, or
 * RESTATE_OK.
 */
RestateRefusal
request_read(Request *request, Operation operation, const Parameters *given)
{
	StringInfoData parameters;
	RestateRefusal refusal = {.category = RESTATE_OK};

	*request = (Request){.operation = operation, .parameters = "{}"};
	initStringInfo(&parameters);
	switch (operation)
	{
		case OPERATION_DELETE_CANCEL:
		case OPERATION_DELETE_KILL:
		case OPERATION_DELETE_PURGE:
			refusal = read_mode(request, given->mode, &parameters);
			break;
		case OPERATION_RESTART_AS_NEW:
			request->asked.deployment = DEPLOYMENT_LATEST;
			refusal = read_from(request, given, &parameters);
			if (refusal.category == RESTATE_OK)
				refusal = read_point(request, given, &parameters);
			if (refusal.category == RESTATE_OK)
				refusal = read_request_id(request, given->request_id, &parameters);
			if (refusal.category == RESTATE_OK)
				refusal = read_deployment(request, given->deployment, &parameters);
			break;
		case OPERATION_RESUME:
			refusal = read_deployment(request, given->deployment, &parameters);
			break;
		default:
			break;
	}
	if (parameters.len > 0)
	{
		appendStringInfoChar(&parameters, '}');
		request->parameters = parameters.data;
	}
	return refusal;
}

/*
 * Returns a request of an operation without parameters.
 */
Request
request_of(Operation operation)
{
	Request request = {.operation = operation, .parameters = "{}"};

	return request;
}

/*
 * Returns the request of a delete, whose argument 1 is the mode.
 */
Request
request_to_delete(FunctionCallInfo fcinfo)
{
	Parameters given = {.mode = text_argument(fcinfo, 1)};

	return request_given(OPERATION_DELETE_CANCEL, &given);
}

/*
 * Returns the request of a restart: from, deployment (the latest if null), request
 * id, and the point in place of from.
 */
Request
request_to_restart(FunctionCallInfo fcinfo)
{
	Parameters given = {
		.has_from = !PG_ARGISNULL(1),
		.deployment = text_argument(fcinfo, 2),
		.request_id = text_argument(fcinfo, 3),
		.at = PG_NARGS() > 4 ? text_argument(fcinfo, 4) : NULL};

	if (given.has_from)
		given.from = PG_GETARG_INT64(1);
	return request_given(OPERATION_RESTART_AS_NEW, &given);
}

/*
 * Returns the request of a restart that is to be looked at before: from, deployment (the
 * latest if null), and the point in place of from.
 */
Request
request_to_preview(FunctionCallInfo fcinfo)
{
	Parameters given = {
		.has_from = !PG_ARGISNULL(1),
		.deployment = text_argument(fcinfo, 2),
		.at = text_argument(fcinfo, 3)};

	if (given.has_from)
		given.from = PG_GETARG_INT64(1);
	return request_given(OPERATION_RESTART_AS_NEW, &given);
}

/*
 * Returns the request of a restart at the point of argument 1; raises that there is none.
 */
Request
request_at_point(FunctionCallInfo fcinfo)
{
	Parameters given = {.at = text_argument(fcinfo, 1)};

	if (given.at == NULL)
		restate_raise(restate_refusal(RESTATE_INVALID_QUERY_PARAMETER, "at must not be null"));
	return request_given(OPERATION_RESTART_AS_NEW, &given);
}

/*
 * Returns the request of a resume: deployment, kept if null.
 */
Request
request_to_resume(FunctionCallInfo fcinfo)
{
	Parameters given = {.deployment = text_argument(fcinfo, 1)};

	return request_given(OPERATION_RESUME, &given);
}

/*
 * Returns the request of a dry run: operation, ids, mode, from and deployment.
 * Raises that a parameter is given that the operation does not take.
 */
Request
request_to_try(FunctionCallInfo fcinfo)
{
	return request_of_any(fcinfo, NULL);
}

/*
 * Returns the request of a bulk job: operation, ids, mode, from, deployment, and the
 * point in place of from.  Raises that a parameter is given that the operation does not
 * take.
 */
Request
request_of_job(FunctionCallInfo fcinfo)
{
	return request_of_any(fcinfo, text_argument(fcinfo, 5));
}

/*
 * Returns the request of the operation that argument 0 names, with mode, from and
 * deployment as arguments 2 to 4, and the point that stands for from.
 */
static Request
request_of_any(FunctionCallInfo fcinfo, const char *at)
{
	static const char *const names[] = {
		[PARAMETER_MODE] = "mode",
		[PARAMETER_FROM] = "from",
		[PARAMETER_DEPLOYMENT] = "deployment"};
	Operation operation = request_operation(fcinfo, 0);
	Parameters given = {.mode = PG_ARGISNULL(2) && operation == OPERATION_DELETE_CANCEL ?
									"cancel" :
									text_argument(fcinfo, 2),
						.has_from = !PG_ARGISNULL(3),
						.deployment = text_argument(fcinfo, 4),
						.at = at};

	for (int i = 0; i < (int) lengthof(names); i++)
		if (!PG_ARGISNULL(2 + i) && !request_takes(operation, (Parameter) i))
			restate_raise(restate_refusal(RESTATE_INVALID_QUERY_PARAMETER, "%s does not take %s",
										  operation_name(operation), names[i]));
	/* the point stands for the index */
	if (at && !request_takes(operation, PARAMETER_FROM))
		restate_raise(restate_refusal(RESTATE_INVALID_QUERY_PARAMETER, "%s does not take at",
									  operation_name(operation)));
	if (given.has_from)
		given.from = PG_GETARG_INT64(3);
	return request_given(operation, &given);
}

/*
 * Returns the request with the parameters given; raises what is refused.
 */
static Request
request_given(Operation operation, const Parameters *given)
{
	Request request;
	RestateRefusal refusal = request_read(&request, operation, given);

	if (refusal.category != RESTATE_OK)
		restate_raise(refusal);
	return request;
}

/*
 * Returns argument 0, the id of an invocation; raises that it is null.
 */
RestateInvocationId
request_id_argument(FunctionCallInfo fcinfo)
{
	if (PG_ARGISNULL(0))
		restate_raise(
			restate_refusal(RESTATE_INVALID_INVOCATION_ID, "invocation id must not be null"));
	return *PG_GETARG_INVOCATION_ID(0);
}

/*
 * Returns the targets of an argument, an array of ids; none for null.  Raises that
 * they are too many.
 */
Target *
request_targets(FunctionCallInfo fcinfo, int arg, int *count)
{
	ArrayType *array;
	Datum *ids;
	bool *nulls;
	Target *targets;

	*count = 0;
	if (PG_ARGISNULL(arg))
		return NULL;
	array = PG_GETARG_ARRAYTYPE_P(arg);
	*count = ArrayGetNItems(ARR_NDIM(array), ARR_DIMS(array));
	if (*count > RESTATE_BATCH_MAX)
		restate_raise(restate_refusal(RESTATE_BATCH_TOO_LARGE,
									  "a batch of %d invocations is too large", *count));
	deconstruct_array(array, ARR_ELEMTYPE(array), sizeof(RestateInvocationId), false, TYPALIGN_CHAR,
					  &ids, &nulls, count);
	targets = palloc0_array(Target, Max(*count, 1));
	for (int i = 0; i < *count; i++)
	{
		targets[i].is_null = nulls[i];
		if (!nulls[i])
			targets[i].id = *DatumGetInvocationId(ids[i]);
	}
	return targets;
}

/*
 * Returns a text argument, NULL for null.
 */
static char *
text_argument(FunctionCallInfo fcinfo, int arg)
{
	return PG_ARGISNULL(arg) ? NULL : text_to_cstring(PG_GETARG_TEXT_PP(arg));
}

/*
 * Reads the mode of a delete: cancel, kill or purge.
 */
static RestateRefusal
read_mode(Request *request, const char *mode, StringInfo parameters)
{
	static const struct
	{
		const char *name;
		const char *other_name;
		Operation operation;
	} modes[] = {
		{"cancel", "Cancel", OPERATION_DELETE_CANCEL},
		{"kill", "Kill", OPERATION_DELETE_KILL},
		{"purge", "Purge", OPERATION_DELETE_PURGE},
	};

	if (mode == NULL)
		return restate_refusal(RESTATE_INVALID_QUERY_PARAMETER, "mode must not be null");
	for (int i = 0; i < (int) lengthof(modes); i++)
	{
		if (strcmp(mode, modes[i].name) == 0 || strcmp(mode, modes[i].other_name) == 0)
		{
			request->operation = modes[i].operation;
			add_text_parameter(parameters, "mode", modes[i].name);
			return (RestateRefusal){.category = RESTATE_OK};
		}
	}
	return restate_refusal(RESTATE_INVALID_QUERY_PARAMETER, "invalid mode %s",
						   restate_quote_text(mode));
}

/*
 * Reads the index to restart from, 0 for null.
 */
static RestateRefusal
read_from(Request *request, const Parameters *given, StringInfo parameters)
{
	if (given->has_from)
	{
		if (given->from < 0 || given->from > RESTATE_INDEX_MAX)
			return restate_refusal(RESTATE_INVALID_QUERY_PARAMETER, "invalid from " INT64_FORMAT,
								   given->from);
		request->asked.last_index = given->from;
		begin_parameter(parameters, "from");
		appendStringInfo(parameters, INT64_FORMAT, given->from);
	}
	return (RestateRefusal){.category = RESTATE_OK};
}

/*
 * Reads the point to restart at, which stands for the index to restart from.
 */
static RestateRefusal
read_point(Request *request, const Parameters *given, StringInfo parameters)
{
	RestartPoint *point;
	RestateRefusal refusal;

	if (given->at == NULL)
		return (RestateRefusal){.category = RESTATE_OK};
	if (given->has_from)
		return restate_refusal(RESTATE_INVALID_QUERY_PARAMETER,
							   "from and at must not both be given");
	point = palloc_object(RestartPoint);
	refusal = restart_point_read(given->at, point);
	request->point = point;
	add_text_parameter(parameters, "at", given->at);
	return refusal;
}

/*
 * Reads the deployment: keep, latest or an id.
 */
static RestateRefusal
read_deployment(Request *request, const char *deployment, StringInfo parameters)
{
	if (deployment == NULL)
		return (RestateRefusal){.category = RESTATE_OK};
	if (strcmp(deployment, "keep") == 0 || strcmp(deployment, "Keep") == 0)
		request->asked.deployment = DEPLOYMENT_KEEP;
	else if (strcmp(deployment, "latest") == 0 || strcmp(deployment, "Latest") == 0)
		request->asked.deployment = DEPLOYMENT_LATEST;
	else if (restate_parse_deployment_id(deployment, &request->asked.deployment_id))
		request->asked.deployment = DEPLOYMENT_ID;
	else
	{
		char fault[RESTATE_ID_FAULT_SIZE];

		restate_describe_deployment_id_fault(deployment, strlen(deployment), fault);
		return restate_refusal(
			RESTATE_INVALID_DEPLOYMENT_ID,
			"invalid deployment %s: it is neither keep nor latest, and no id: %s",
			restate_quote_text(deployment), fault);
	}
	add_text_parameter(parameters, "deployment", deployment);
	return (RestateRefusal){.category = RESTATE_OK};
}

/*
 * Reads the request id.
 */
static RestateRefusal
read_request_id(Request *request, const char *request_id, StringInfo parameters)
{
	if (request_id == NULL)
		return (RestateRefusal){.category = RESTATE_OK};
	if (request_id[0] == '\0' || strlen(request_id) > RESTATE_REQUEST_ID_MAX_BYTES)
		return restate_refusal(RESTATE_INVALID_QUERY_PARAMETER,
							   "invalid request_id: it must have 1 to %d bytes",
							   RESTATE_REQUEST_ID_MAX_BYTES);
	request->asked.request_id = request_id;
	add_text_parameter(parameters, "request_id", request_id);
	return (RestateRefusal){.category = RESTATE_OK};
}

/*
 * Adds a text to the parameters as the audit shows them.
 */
static void
add_text_parameter(StringInfo parameters, const char *name, const char *value)
{
	begin_parameter(parameters, name);
	escape_json(parameters, value);
}

/*
 * Starts the next of the parameters.
 */
static void
begin_parameter(StringInfo parameters, const char *name)
{
	appendStringInfo(parameters, "%s\"%s\": ", parameters->len == 0 ? "{" : ", ", name);
}
