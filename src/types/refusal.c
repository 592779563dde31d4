/*
 * refusal.c
 *		The table of refusals.
 */
#include "types/refusal.h"

#include <stddef.h>

#define RESUME_OR_KILL \
	"Let it go on with restate_resume, or end it with restate_kill, which cannot be undone; then it can be restarted."

const RefusalDef refusals[REFUSAL_COUNT] = {
	[NOT_REFUSED] = {RESTATE_OK, "", NULL, NULL},
	[REFUSED_NOT_FOUND] = {RESTATE_INVOCATION_NOT_FOUND, "invocation %s not found", NULL, NULL},
	[REFUSED_NOT_STARTED] = {RESTATE_NOT_STARTED, "invocation %s has not started", NULL, NULL},
	[REFUSED_NOT_RUNNING] = {RESTATE_NOT_RUNNING, "invocation %s is not running", NULL, NULL},
	[REFUSED_NOT_COMPLETED] = {RESTATE_NOT_COMPLETED, "invocation %s has not completed", NULL, NULL},
	[REFUSED_COMPLETED] = {RESTATE_ALREADY_COMPLETED, "invocation %s has completed already", NULL, NULL},
	[REFUSED_PAUSED] = {RESTATE_STILL_RUNNING,
						"invocation %s is paused: resume it, or kill it first", RESUME_OR_KILL, NULL},
	[REFUSED_BACKING_OFF] =
		{RESTATE_STILL_RUNNING,
		 "invocation %s waits for its next attempt: resume it, or kill it first", RESUME_OR_KILL, NULL},
	[REFUSED_STILL_RUNNING] = {RESTATE_STILL_RUNNING, "invocation %s is still running", NULL, NULL},
	[REFUSED_NO_JOURNAL] = {RESTATE_INPUT_NOT_AVAILABLE,
							"the input of invocation %s is no longer available", NULL, NULL},
	[REFUSED_WORKFLOW] = {RESTATE_RESTART_NOT_SUPPORTED, "invocation %s is of a workflow", NULL, NULL},
	[REFUSED_NEVER_PINNED_FROM] =
		{RESTATE_RESTART_NOT_SUPPORTED,
		 "invocation %s was never pinned to a deployment: it can be restarted from 0 only", NULL, NULL},
	[REFUSED_NEVER_PINNED] = {RESTATE_DEPLOYMENT_NOT_CHANGEABLE,
							  "invocation %s was never pinned to a deployment", NULL, NULL},
	[REFUSED_OLD_PROTOCOL] =
		{RESTATE_RESTART_NOT_SUPPORTED,
		 "the service protocol of invocation %s is too old to restart it from within its journal",
		 NULL, NULL},
	[REFUSED_DEPLOYMENT_NOW] = {RESTATE_DEPLOYMENT_NOT_CHANGEABLE,
								"the deployment of invocation %s cannot be changed now", NULL, NULL},
	[REFUSED_NO_DEPLOYMENT] = {RESTATE_DEPLOYMENT_NOT_FOUND, "no deployment for invocation %s",
							   NULL, NULL},
	[REFUSED_INCOMPATIBLE] =
		{RESTATE_DEPLOYMENT_INCOMPATIBLE,
		 "the deployment does not support the service protocol of invocation %s", NULL, NULL},
	[REFUSED_PAST_JOURNAL] = {RESTATE_JOURNAL_INDEX_OUT_OF_RANGE,
							  "the index lies past the journal of invocation %s", NULL, NULL},
	[REFUSED_INCOMPLETE_PREFIX] = {RESTATE_JOURNAL_PREFIX_INCOMPLETE,
								   "the journal of invocation %s lacks a completion", NULL, NULL},
	[REFUSED_OTHER_REQUEST] =
		{RESTATE_REQUEST_ID_CONFLICT,
		 "the request_id has restarted invocation %s from another index or on another deployment",
		 NULL, NULL},
	[REFUSED_ATTEMPT_LOST] = {RESTATE_ATTEMPT_LOST,
							  "the attempt is not the current one of invocation %s", NULL, NULL},
	[REFUSED_OTHER_COMMAND] = {RESTATE_JOURNAL_MISMATCH,
							   "a command differs from the one in the journal of invocation %s",
							   NULL, RESTATE_ERROR_MISMATCH},
	[REFUSED_COMMAND_GAP] = {RESTATE_JOURNAL_MISMATCH,
							 "the commands do not follow those in the journal of invocation %s",
							 NULL, RESTATE_ERROR_MISMATCH},
	[REFUSED_COMPLETED_BEFORE] = {RESTATE_JOURNAL_MISMATCH,
								  "the journal of invocation %s has the completion already", NULL, RESTATE_ERROR_MISMATCH},
	[REFUSED_NO_RUN] = {RESTATE_JOURNAL_MISMATCH,
						"the journal of invocation %s has no run with the completion", NULL, RESTATE_ERROR_PROTOCOL},
	[REFUSED_ASKED_BEFORE] =
		{RESTATE_JOURNAL_MISMATCH,
		 "a command asks for a completion that does not follow those of invocation %s", NULL,
		 RESTATE_ERROR_PROTOCOL},
	[REFUSED_NOT_APPENDED] =
		{RESTATE_COMMAND_NOT_ALLOWED,
		 "an attempt of invocation %s appends commands and the results of runs alone", NULL, RESTATE_ERROR_PROTOCOL},
	[REFUSED_NO_STATE] = {RESTATE_COMMAND_NOT_ALLOWED,
						  "invocation %s is of a service, which has no state", NULL, RESTATE_ERROR_NOT_ALLOWED},
	[REFUSED_STATE_READ_ONLY] = {RESTATE_COMMAND_NOT_ALLOWED,
								 "invocation %s is of a shared handler, which cannot change state",
								 NULL, RESTATE_ERROR_NOT_ALLOWED},
	[REFUSED_NO_PROMISES] = {RESTATE_COMMAND_NOT_ALLOWED,
							 "invocation %s is not of a workflow: it has no promises", NULL, RESTATE_ERROR_NOT_ALLOWED},
	[REFUSED_EMPTY_IDEMPOTENCY_KEY] =
		{RESTATE_COMMAND_NOT_ALLOWED,
		 "invocation %s cannot have an empty idempotency key, nor call with one", NULL, RESTATE_ERROR_NOT_ALLOWED},
	[REFUSED_NO_HANDLER] = {RESTATE_HANDLER_NOT_FOUND,
							"invocation %s calls a handler that is not registered", NULL, RESTATE_ERROR_NO_HANDLER},
	[REFUSED_AWAITS_NOTHING] = {RESTATE_COMMAND_NOT_ALLOWED,
								"invocation %s cannot be suspended: it waits for nothing", NULL, RESTATE_ERROR_PROTOCOL},
	[REFUSED_NO_OUTPUT] = {RESTATE_COMMAND_NOT_ALLOWED,
						   "invocation %s cannot complete: it has no output", NULL, RESTATE_ERROR_PROTOCOL},
	[REFUSED_STATE_VERSION] = {RESTATE_STATE_VERSION_MISMATCH, "the state of %s is another by now", NULL, NULL},
};
