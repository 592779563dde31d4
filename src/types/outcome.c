/*
 * outcome.c
 *		The tables of refusals and of outcomes, and how a refusal becomes an
 *		error.
 */
#include "postgres.h"

#include <stdarg.h>

#include "fmgr.h"
#include "lib/stringinfo.h"
#include "mb/pg_wchar.h"
#include "utils/builtins.h"

#include "types/limits.h"
#include "types/outcome.h"

/* user text quoted in a message: characters kept of it */
#define QUOTED_TEXT_MAX 64

typedef struct Category
{
	const char *name;
	int http_status;
	const char *detail;
	const char *hint;
} Category;

static const Category categories[RESTATE_CATEGORY_COUNT] = {
	[RESTATE_OK] = {"ok", 200, "", ""},
	[RESTATE_INVALID_INVOCATION_ID] =
		{"invalid_invocation_id", 400,
		 "An invocation id is inv_1 followed by 33 base62 characters, 38 in all.",
		 "Copy the id from restate.sys_invocation."},
	[RESTATE_INVALID_DEPLOYMENT_ID] =
		{"invalid_deployment_id", 400,
		 "A deployment is named by its id (dp_1 followed by 22 base62 characters), by keep or by latest.",
		 "Copy the id from restate.sys_deployment."},
	[RESTATE_INVALID_QUERY_PARAMETER] =
		{"invalid_query_parameter", 400, "The value is not one that the parameter takes.",
		 "mode is cancel, kill or purge; from is a whole number from 0 to " RESTATE_LIMIT_TEXT(
			 RESTATE_INDEX_MAX) "; a request_id has 1 to " RESTATE_LIMIT_TEXT(RESTATE_REQUEST_ID_MAX_BYTES) " bytes."},
	[RESTATE_INVALID_BODY] = {"invalid_body", 422, "The document does not have the expected form.",
							  "Compare it with the form that the function's comment describes."},
	[RESTATE_BATCH_TOO_LARGE] =
		{"batch_too_large", 400,
		 "A batch takes at most " RESTATE_LIMIT_TEXT(
			 RESTATE_BATCH_MAX) " invocations, over HTTP " RESTATE_LIMIT_TEXT(RESTATE_HTTP_BATCH_MAX) ".",
		 "Run it in parts."},
	[RESTATE_INVOCATION_NOT_FOUND] =
		{"invocation_not_found", 404,
		 "No invocation with this id exists, or it is no longer retained.",
		 "Look for it in restate.sys_invocation."},
	[RESTATE_NOT_STARTED] =
		{"not_started", 425,
		 "The invocation is scheduled, or waits in the inbox of its object key.",
		 "Wait until it has started, or cancel it, which removes it for good."},
	[RESTATE_STILL_RUNNING] = {"still_running", 409,
							   "Only a completed invocation can be restarted as new.",
							   "Wait until it has completed, or kill it first: a kill cannot be undone, but what was killed can be restarted as long as its journal is kept."},
	[RESTATE_NOT_COMPLETED] = {"not_completed", 409, "Only a completed invocation can be purged.",
							   "Wait until it has completed, or kill it first; neither a kill nor a purge can be undone."},
	[RESTATE_ALREADY_COMPLETED] =
		{"already_completed", 409,
		 "The invocation has completed: there is nothing left to stop or resume.",
		 "Use restate_restart_as_new to run it again, or restate_purge to remove it, which cannot be undone."},
	[RESTATE_NOT_RUNNING] =
		{"not_running", 409,
		 "Only an invocation that has started and has not completed can be paused.",
		 "See its status in restate.sys_invocation."},
	[RESTATE_INPUT_NOT_AVAILABLE] =
		{"input_not_available", 410,
		 "The journal, and with it the input, was purged or never retained.",
		 "What is purged does not come back. Set a journal retention for the service to keep journals after completion."},
	[RESTATE_RESTART_NOT_SUPPORTED] =
		{"restart_not_supported", 422,
		 "Workflows cannot be restarted, nor a journal prefix of an invocation that was never pinned or is pinned to a service protocol older than 6.",
		 "Of an invocation that is not of a workflow, restart from 0."},
	[RESTATE_REQUEST_ID_CONFLICT] =
		{"request_id_conflict", 409,
		 "A restart with this request_id exists that kept the journal up to another index, or began on another deployment.",
		 "Repeat the call with the index and deployment that it had, or give a new restart a request_id of its own."},
	[RESTATE_DEPLOYMENT_NOT_CHANGEABLE] =
		{"deployment_not_changeable", 409,
		 "The deployment can be changed only of an invocation that is pinned to one and is completed, paused or suspended.",
		 "Leave the deployment out."},
	[RESTATE_DEPLOYMENT_NOT_FOUND] =
		{"deployment_not_found", 400,
		 "No such deployment is registered, or none serves the invocation's service.",
		 "See restate.sys_deployment and restate.sys_service."},
	[RESTATE_DEPLOYMENT_INCOMPATIBLE] =
		{"deployment_incompatible", 400,
		 "The deployment does not support the service protocol that the invocation is pinned to.",
		 "Choose a deployment whose protocol range includes it, or keep."},
	[RESTATE_JOURNAL_PREFIX_INCOMPLETE] =
		{"journal_prefix_incomplete", 400,
		 "A command up to the index asked for has a completion that the journal does not hold.",
		 "Restart from an index before that command."},
	[RESTATE_JOURNAL_INDEX_OUT_OF_RANGE] = {"journal_index_out_of_range", 400,
											"The index asked for lies past the end of the journal.",
											"See the indexes in restate.sys_journal."},
	[RESTATE_RESTART_POINT_NOT_FOUND] =
		{"restart_point_not_found", 422,
		 "The journal has nothing that the point could be: no command that failed, none of that name, or no entry so early.",
		 "See the commands in restate.sys_journal, or restart from an index."},
	[RESTATE_ATTEMPT_LOST] =
		{"attempt_lost", 409,
		 "Another attempt has begun, or the invocation does not run any more: it was killed, paused, completed or removed.",
		 "Give the attempt up: nothing that it does counts."},
	[RESTATE_JOURNAL_MISMATCH] =
		{"journal_mismatch", 409,
		 "What the attempt sends is not what the journal has at its place.",
		 "The handler's code has changed, or is not deterministic: run it on the deployment that it began on, or restart it as new."},
	[RESTATE_COMMAND_NOT_ALLOWED] =
		{"command_not_allowed", 422,
		 "The handler is not of a kind that may do this, or it is not done in this way.",
		 "Read the message; the attempt can go on without it, or fail."},
	[RESTATE_HANDLER_NOT_FOUND] =
		{"handler_not_found", 404,
		 "No registered deployment serves the service that is called, or the service has no such handler.",
		 "See restate.sys_service; register the deployment."},
	[RESTATE_BREAKING_CHANGE] =
		{"breaking_change", 409,
		 "Callers of the latest revision of a service would miss a handler, or find the service to be of another kind.",
		 "Keep the handlers and the kind, or give the service another name; the option breaking registers it all the same."},
	[RESTATE_DEPLOYMENT_IN_USE] =
		{"deployment_in_use", 409,
		 "Invocations that have not completed are pinned to the deployment.",
		 "Wait until they have completed, or cancel them; with force it is removed all the same, and they run again only once they are resumed on another deployment."},
	[RESTATE_UNKNOWN_DEPLOYMENT] = {"unknown_deployment", 404,
									"No deployment with this id is registered.",
									"Look for it in restate.sys_deployment."},
	[RESTATE_BULK_JOB_NOT_FOUND] = {"bulk_job_not_found", 404, "There is no bulk job with this id.",
									"See restate.sys_bulk_job."},
	[RESTATE_BULK_JOB_ENDED] = {"bulk_job_ended", 409,
								"A bulk job that is done or was aborted stays as it is.",
								"Start another with restate_bulk_start."},
	[RESTATE_UNSUPPORTED_PROTOCOL] =
		{"unsupported_protocol", 422,
		 "The deployment speaks no version of the service protocol that is spoken here: 5 or 6.",
		 "Use a newer release of its SDK, or an older one."},
	[RESTATE_RESERVED_NAME] = {"reserved_name", 422,
							   "Names that begin with restate, and openapi, are taken.",
							   "Give the service another name."},
	[RESTATE_SERVICE_NOT_FOUND] = {"service_not_found", 404,
								   "No registered deployment serves a service of this name.",
								   "Look for it in restate.sys_service."},
	[RESTATE_SERVICE_NOT_SUITED] =
		{"service_not_suited", 400, "The service is not of a kind that has this.",
		 "Virtual objects and workflows have state; the run of a workflow alone has a workflow_completion_retention."},
	[RESTATE_STATE_VERSION_MISMATCH] =
		{"state_version_mismatch", 409,
		 "The state has changed since the version was computed that the change is meant for.",
		 "Read the state again, or leave the version out to replace whatever there is."},
	[RESTATE_CITUS_NOT_READY] =
		{"citus_not_ready", 409, "The tables can be distributed over the nodes of a Citus cluster only.",
		 "Run it on the coordinator of one, with both extensions on every node."},
	[RESTATE_READ_ONLY] = {"read_only", 503, "This server is a standby.",
						   "Send operations to the primary."},
};

/* What a successful operation did, and the status that answers it over HTTP. */
static const struct
{
	const char *operation;
	const char *outcome;
	int http_status;
} outcomes[] = {
	{"purge_journal", "purged", 200},
	{"purge_journal", "unchanged", 200},
	{"delete_invocation", "signalled", 202},
	{"delete_invocation", "removed", 202},
	{"delete_invocation", "killed", 202},
	{"delete_invocation", "purged", 202},
	{"delete_invocation", "unchanged", 202},
	{"restart_as_new", "restarted", 200},
	{"restart_as_new", "unchanged", 200},
	{"cancel", "signalled", 202},
	{"cancel", "removed", 200},
	{"kill", "killed", 200},
	{"kill", "removed", 200},
	{"purge", "purged", 200},
	{"pause", "paused", 202},
	{"pause", "pausing", 202},
	{"pause", "unchanged", 200},
	{"resume", "resumed", 200},
	{"resume", "unchanged", 200},
};

/*
 * Returns the category's public name, as documented and recorded.
 */
const char *
restate_category_name(RestateCategory category)
{
	return categories[category].name;
}

/*
 * Returns the HTTP status of the category.
 */
int
restate_category_http_status(RestateCategory category)
{
	return categories[category].http_status;
}

/*
 * Returns the SQLSTATE of the category: PT and the HTTP status.
 */
int
restate_category_sqlstate(RestateCategory category)
{
	int status = categories[category].http_status;

	return MAKE_SQLSTATE('P', 'T', '0' + status / 100,
						 '0' + status / 10 % 10, '0' + status % 10);
}

/*
 * Returns a sentence on what the category means.
 */
const char *
restate_category_detail(RestateCategory category)
{
	return categories[category].detail;
}

/*
 * Returns a sentence on what to do about it.
 */
const char *
restate_category_hint(RestateCategory category)
{
	return categories[category].hint;
}

/*
 * Returns the HTTP status that the outcome of an operation is documented with,
 * or 0 where the operation has no such outcome.
 */
int
restate_outcome_http_status(const char *operation, const char *outcome)
{
	for (int i = 0; i < (int) lengthof(outcomes); i++)
		if (strcmp(operation, outcomes[i].operation) == 0 &&
			strcmp(outcome, outcomes[i].outcome) == 0)
			return outcomes[i].http_status;
	return 0;
}

PG_FUNCTION_INFO_V1(restate_http_status);

/*
 * Returns the HTTP status for the outcome of an operation, null where there
 * is no such outcome.
 */
Datum
restate_http_status(PG_FUNCTION_ARGS)
{
	int status = restate_outcome_http_status(text_to_cstring(PG_GETARG_TEXT_PP(0)),
											 text_to_cstring(PG_GETARG_TEXT_PP(1)));

	if (status == 0)
		PG_RETURN_NULL();
	PG_RETURN_INT32(status);
}

/*
 * Returns user text fit to stand in a one-line message, in double quotes: the
 * beginning of a long one, each character outside printable ASCII escaped.
 */
char *
restate_quote_text(const char *text)
{
	StringInfoData buf;
	int kept = 0;

	initStringInfo(&buf);
	appendStringInfoChar(&buf, '"');
	for (const char *p = text; *p; kept++)
	{
		int len = pg_mblen(p);

		if (kept == QUOTED_TEXT_MAX)
		{
			appendStringInfoString(&buf, "...");
			break;
		}
		if (len == 1 && *p >= 0x20 && *p < 0x7f && *p != '"' && *p != '\\')
			appendStringInfoChar(&buf, *p);
		else
			for (int i = 0; i < len && p[i]; i++)
				appendStringInfo(&buf, "\\x%02x", (unsigned char) p[i]);
		for (int i = 0; i < len && *p; i++)
			p++;
	}
	appendStringInfoChar(&buf, '"');
	return buf.data;
}

/*
 * Returns a refusal with its message, made in the current memory context.
 */
RestateRefusal
restate_refusal(RestateCategory category, const char *fmt, ...)
{
	RestateRefusal refusal = {.category = category};
	StringInfoData buf;

	initStringInfo(&buf);
	for (;;)
	{
		va_list args;
		int needed;

		va_start(args, fmt);
		needed = appendStringInfoVA(&buf, fmt, args);
		va_end(args);
		if (needed == 0)
			break;
		enlargeStringInfo(&buf, needed);
	}
	refusal.message = buf.data;
	return refusal;
}

/*
 * Adds the category's SQLSTATE, detail, hint and constraint name to the error
 * being built.  Returns 0, as ereport's auxiliaries do.
 */
int
restate_err_category(RestateCategory category)
{
	errcode(restate_category_sqlstate(category));
	errdetail("%s: %s", restate_category_name(category), restate_category_detail(category));
	errhint("%s", restate_category_hint(category));
	err_generic_string(PG_DIAG_CONSTRAINT_NAME, restate_category_name(category));
	return 0;
}

/*
 * Raises the refusal as an error of its category.
 */
void
restate_raise(RestateRefusal refusal)
{
	ereport(ERROR,
			(errmsg("%s", refusal.message),
			 restate_err_category(refusal.category),
			 refusal.hint ? errhint("%s", refusal.hint) : 0));
}

/*
 * Returns whether an error is a refusal that was raised; then sets it, with the error's
 * own message and the hint of its category.
 */
bool
restate_is_refusal(const ErrorData *error, RestateRefusal *refusal)
{
	for (int category = RESTATE_OK + 1; category < RESTATE_CATEGORY_COUNT; category++)
		if (error->constraint_name &&
			error->sqlerrcode == restate_category_sqlstate((RestateCategory) category) &&
			strcmp(error->constraint_name, categories[category].name) == 0)
		{
			*refusal = (RestateRefusal){(RestateCategory) category, error->message, NULL};
			return true;
		}
	return false;
}
