/*
 * request.c
 *		Reads the parameters of operations, the first argument aside, and
 *		raises an error of the documented category for a malformed one.
 */
#include "postgres.h"

#include "utils/builtins.h"
#include "utils/json.h"

#include "id_fault.h"
#include "request.h"

#define MAX_FROM PG_UINT32_MAX

/* as long as an index entry surely holds */
#define MAX_REQUEST_ID_BYTES 255

static void read_from(Request *request, FunctionCallInfo fcinfo, int arg, StringInfo parameters);
static void read_deployment(Request *request, FunctionCallInfo fcinfo, int arg, StringInfo parameters);
static void read_request_id(Request *request, FunctionCallInfo fcinfo, int arg, StringInfo parameters);
static void add_text_parameter(StringInfo parameters, const char *name, const char *value);
static void begin_parameter(StringInfo parameters, const char *name);
static void finish_parameters(Request *request, StringInfo parameters);

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
	char *mode;

	if (PG_ARGISNULL(1))
		restate_raise(restate_refusal(RESTATE_INVALID_QUERY_PARAMETER, "mode must not be null"));
	mode = text_to_cstring(PG_GETARG_TEXT_PP(1));
	for (int i = 0; i < (int) lengthof(modes); i++)
	{
		if (strcmp(mode, modes[i].name) == 0 || strcmp(mode, modes[i].other_name) == 0)
		{
			Request request = request_of(modes[i].operation);
			StringInfoData parameters;

			initStringInfo(&parameters);
			add_text_parameter(&parameters, "mode", modes[i].name);
			finish_parameters(&request, &parameters);
			return request;
		}
	}
	restate_raise(restate_refusal(RESTATE_INVALID_QUERY_PARAMETER, "invalid mode %s", restate_quote_text(mode)));
	pg_unreachable();
}

/*
 * Returns the request of a restart: from, deployment (the latest if null) and
 * request id.
 */
Request
request_to_restart(FunctionCallInfo fcinfo)
{
	Request request = request_of(OPERATION_RESTART_AS_NEW);
	StringInfoData parameters;

	request.asked.deployment = DEPLOYMENT_LATEST;
	initStringInfo(&parameters);
	read_from(&request, fcinfo, 1, &parameters);
	read_request_id(&request, fcinfo, 3, &parameters);
	read_deployment(&request, fcinfo, 2, &parameters);
	finish_parameters(&request, &parameters);
	return request;
}

/*
 * Returns the request of a resume: deployment, kept if null.
 */
Request
request_to_resume(FunctionCallInfo fcinfo)
{
	Request request = request_of(OPERATION_RESUME);
	StringInfoData parameters;

	initStringInfo(&parameters);
	read_deployment(&request, fcinfo, 1, &parameters);
	finish_parameters(&request, &parameters);
	return request;
}

/*
 * Reads the index to restart from: an unsigned 32-bit number, 0 for null.
 */
static void
read_from(Request *request, FunctionCallInfo fcinfo, int arg, StringInfo parameters)
{
	if (PG_ARGISNULL(arg))
		return;
	request->asked.last_index = PG_GETARG_INT64(arg);
	if (request->asked.last_index < 0 || request->asked.last_index > (int64) MAX_FROM)
		restate_raise(restate_refusal(RESTATE_INVALID_QUERY_PARAMETER,
									  "invalid from " INT64_FORMAT, request->asked.last_index));
	begin_parameter(parameters, "from");
	appendStringInfo(parameters, INT64_FORMAT, request->asked.last_index);
}

/*
 * Reads the deployment: keep, latest or an id.
 */
static void
read_deployment(Request *request, FunctionCallInfo fcinfo, int arg, StringInfo parameters)
{
	char *deployment;

	if (PG_ARGISNULL(arg))
		return;
	deployment = text_to_cstring(PG_GETARG_TEXT_PP(arg));
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
		restate_raise(restate_refusal(RESTATE_INVALID_DEPLOYMENT_ID,
									  "invalid deployment %s: it is neither keep nor latest, and no id: %s",
									  restate_quote_text(deployment), fault));
	}
	add_text_parameter(parameters, "deployment", deployment);
}

/*
 * Reads the request id.
 */
static void
read_request_id(Request *request, FunctionCallInfo fcinfo, int arg, StringInfo parameters)
{
	char *request_id;

	if (PG_ARGISNULL(arg))
		return;
	request_id = text_to_cstring(PG_GETARG_TEXT_PP(arg));
	if (request_id[0] == '\0' || strlen(request_id) > MAX_REQUEST_ID_BYTES)
		restate_raise(restate_refusal(RESTATE_INVALID_QUERY_PARAMETER,
									  "invalid request_id: it must have 1 to %d bytes", MAX_REQUEST_ID_BYTES));
	request->asked.request_id = request_id;
	add_text_parameter(parameters, "request_id", request_id);
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

/*
 * Closes the parameters.
 */
static void
finish_parameters(Request *request, StringInfo parameters)
{
	appendStringInfoString(parameters, parameters->len == 0 ? "{}" : "}");
	request->parameters = parameters->data;
}
