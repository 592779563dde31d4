/*
 * checks.c
 *		The rules that a row of the tables holds by itself.
 *
 * The server reads a table's CHECK constraints back from their stored text in
 * each statement that writes, and each constant, call and column is a node of
 * its own.  So a table has one constraint, a call of one function here, which
 * is handed each column that a rule is about once.  It returns true, or raises
 * check_violation in the words of the first rule, by name, that the row
 * breaks.
 *
 * The columns come one by one, never as a whole row: a shard of a distributed
 * table has another row type.  To extend a rule, add the column to the enum of
 * the table, to the function's arguments in 15_checks.sql and to the call in
 * 20_tables.sql.
 */
#include "postgres.h"

#include "fmgr.h"
#include "utils/builtins.h"
#include "utils/timestamp.h"

#include "functions/rules.h"
#include "functions/sound.h"
#include "types/id.h"
#include "types/id_generate.h"
#include "types/key.h"
#include "types/limits.h"
#include "types/outcome.h"

/* the arguments of each table's function */

enum
{
	AUDIT_PARTITION_KEY,
	AUDIT_ID,
	AUDIT_PARAMETERS
};

enum
{
	DEPLOYMENT_TY,
	DEPLOYMENT_MIN_VERSION,
	DEPLOYMENT_MAX_VERSION
};

enum
{
	INVOCATION_ID,
	INVOCATION_PARTITION_KEY,
	INVOCATION_STATUS,
	INVOCATION_TARGET_SERVICE_KEY,
	INVOCATION_TARGET_SERVICE_TY,
	INVOCATION_TARGET_HANDLER_TY,
	INVOCATION_INVOKED_BY,
	INVOCATION_RESTARTED_FROM,
	INVOCATION_REQUEST_ID,
	INVOCATION_PINNED_DEPLOYMENT_ID,
	INVOCATION_PINNED_VERSION,
	INVOCATION_JOURNAL_SIZE,
	INVOCATION_JOURNAL_COMMANDS_SIZE,
	INVOCATION_COMPLETION_RETENTION,
	INVOCATION_JOURNAL_RETENTION,
	INVOCATION_WAITS_FOR_COMPLETIONS,
	INVOCATION_WAITS_FOR_SIGNALS,
	INVOCATION_INBOX_NUMBER,
	INVOCATION_RETRY_COUNT,
	INVOCATION_COMPLETION_RESULT,
	INVOCATION_COMPLETION_FAILURE,
	INVOCATION_INPUT_HEADERS,
	INVOCATION_IDEMPOTENCY_KEY,
	INVOCATION_COMPLETED_AT
};

enum
{
	JOURNAL_ID,
	JOURNAL_PARTITION_KEY,
	JOURNAL_INDEX,
	JOURNAL_COMPLETION_ID,
	JOURNAL_RESULT_COMPLETION_ID,
	JOURNAL_SIGNAL_INDEX,
	JOURNAL_META
};

enum
{
	EVENT_ID,
	EVENT_PARTITION_KEY,
	EVENT_INDEX,
	EVENT_AFTER_INDEX,
	EVENT_JSON
};

enum
{
	KEY_SERVICE_KEY,
	KEY_PARTITION_KEY,
	KEY_OF_STATE
};

enum
{
	PROMISE_SERVICE_KEY,
	PROMISE_PARTITION_KEY,
	PROMISE_COMPLETED,
	PROMISE_SUCCESS,
	PROMISE_FAILURE,
	PROMISE_KEY
};

enum
{
	REVISION_SERVICE_NAME,
	REVISION_REVISION,
	REVISION_TY,
	REVISION_HANDLERS,
	REVISION_SETTINGS
};

PG_FUNCTION_INFO_V1(restate_check_audit);
PG_FUNCTION_INFO_V1(restate_check_deployment);
PG_FUNCTION_INFO_V1(restate_check_invocation);
PG_FUNCTION_INFO_V1(restate_check_journal);
PG_FUNCTION_INFO_V1(restate_check_journal_event);
PG_FUNCTION_INFO_V1(restate_check_object_key);
PG_FUNCTION_INFO_V1(restate_check_object_state);
PG_FUNCTION_INFO_V1(restate_check_promise);
PG_FUNCTION_INFO_V1(restate_check_service_revision);

/*
 * Returns whether there is a value, in words.
 */
static const char *
presence(Column column)
{
	return column->isnull ? "null" : "set";
}

/*
 * Returns a text fit to be shown.
 */
static const char *
quoted(Column column)
{
	return column->isnull ? "null" : restate_quote_text(TextDatumGetCString(column->value));
}

/*
 * Returns a bigint as text.
 */
static const char *
number(Column column)
{
	return column->isnull ? "null" : psprintf(INT64_FORMAT, DatumGetInt64(column->value));
}

/*
 * Returns an integer as text.
 */
static const char *
small_number(Column column)
{
	return column->isnull ? "null" : psprintf("%d", DatumGetInt32(column->value));
}

/*
 * Returns a boolean as text.
 */
static const char *
truth(Column column)
{
	if (column->isnull)
		return "null";
	return DatumGetBool(column->value) ? "true" : "false";
}

/*
 * Returns an interval, which is not null, as text.
 */
static const char *
interval_text(Column column)
{
	return DatumGetCString(DirectFunctionCall1(interval_out, column->value));
}

/*
 * Returns what a jsonb is, with its article.
 */
static const char *
jsonb_type(Column column)
{
	if (column_is_json_object(column))
		return "an object";
	return column_is_json_array(column) ? "an array" : "a single value";
}

/*
 * Raises the rule unless the partition key is that of the id, or either is
 * null.
 */
static void
check_key_of_id(Rule rule, Column partition_key, Column id)
{
	int64 wanted;

	if (partition_key->isnull || id->isnull)
		return;
	wanted = (int64) restate_id_partition_key(DatumGetInvocationId(id->value));
	if (DatumGetInt64(partition_key->value) != wanted)
		rule_broken(rule, "partition_key %s in place of " INT64_FORMAT,
					number(partition_key), wanted);
}

/*
 * Raises the rule unless the partition key is that of the service key, or
 * either is null.
 */
static void
check_key_of_key(Rule rule, Column partition_key, Column service_key)
{
	int64 wanted;

	if (partition_key->isnull || service_key->isnull)
		return;
	wanted = (int64) restate_key_partition(DatumGetTextPP(service_key->value));
	if (DatumGetInt64(partition_key->value) != wanted)
		rule_broken(rule, "partition_key %s in place of " INT64_FORMAT,
					number(partition_key), wanted);
}

/*
 * Raises the rule unless the keys that are not null, two at most and a request id,
 * are no longer than they may be.
 */
static void
check_lengths(Rule rule, Column key, Column second_key, Column request_id)
{
	const struct
	{
		Column column;
		Size max;
	} keys[] = {
		{key, RESTATE_KEY_MAX_BYTES},
		{second_key, RESTATE_KEY_MAX_BYTES},
		{request_id, RESTATE_REQUEST_ID_MAX_BYTES}};

	for (int i = 0; i < (int) lengthof(keys); i++)
	{
		Column column = keys[i].column;

		if (column && !column->isnull && restate_key_bytes(column->value) > keys[i].max)
			rule_broken(rule, "one of %zu bytes", restate_key_bytes(column->value));
	}
}

/*
 * check_audit: the rules of restate.audit.
 */
Datum
restate_check_audit(PG_FUNCTION_ARGS)
{
	Column row = fcinfo->args;

	if (!column_is_json_object(&row[AUDIT_PARAMETERS]))
		rule_broken(RULE_AUDIT_PARAMETERS, "%s for parameters", jsonb_type(&row[AUDIT_PARAMETERS]));
	check_key_of_id(RULE_AUDIT_PARTITION_KEY, &row[AUDIT_PARTITION_KEY], &row[AUDIT_ID]);
	PG_RETURN_BOOL(true);
}

/*
 * check_deployment: the rules of restate.deployment.
 */
Datum
restate_check_deployment(PG_FUNCTION_ARGS)
{
	Column row = fcinfo->args;
	Column ty = &row[DEPLOYMENT_TY];
	Column min = &row[DEPLOYMENT_MIN_VERSION];
	Column max = &row[DEPLOYMENT_MAX_VERSION];

	if (!min->isnull && !max->isnull && DatumGetInt32(max->value) < DatumGetInt32(min->value))
		rule_broken(RULE_DEPLOYMENT_VERSIONS,
					"min_service_protocol_version %s and max_service_protocol_version %s",
					small_number(min), small_number(max));
	if (!min->isnull && DatumGetInt32(min->value) <= 0)
		rule_broken(RULE_DEPLOYMENT_MIN_VERSION, "min_service_protocol_version %s",
					small_number(min));
	if (!ty->isnull && !column_is_text(ty, "http") && !column_is_text(ty, "lambda") &&
		!column_is_text(ty, "worker"))
		rule_broken(RULE_DEPLOYMENT_TY, "ty %s", quoted(ty));
	PG_RETURN_BOOL(true);
}

/*
 * check_invocation: the rules of restate.invocation.
 */
Datum
restate_check_invocation(PG_FUNCTION_ARGS)
{
	Column row = fcinfo->args;
	Column status = &row[INVOCATION_STATUS];

	if (column_is_text(status, "completed") == row[INVOCATION_COMPLETED_AT].isnull)
		rule_broken(RULE_INVOCATION_COMPLETED_AT, "status %s and completed_at %s",
					quoted(status), presence(&row[INVOCATION_COMPLETED_AT]));
	if (!completion_is_sound(status, &row[INVOCATION_COMPLETION_RESULT],
							 &row[INVOCATION_COMPLETION_FAILURE]))
		rule_broken(RULE_INVOCATION_COMPLETION,
					"status %s, completion_result %s and completion_failure %s",
					quoted(status), quoted(&row[INVOCATION_COMPLETION_RESULT]),
					presence(&row[INVOCATION_COMPLETION_FAILURE]));
	if (!column_is_json_array(&row[INVOCATION_INPUT_HEADERS]))
		rule_broken(RULE_INVOCATION_INPUT_HEADERS, "%s for input_headers",
					jsonb_type(&row[INVOCATION_INPUT_HEADERS]));
	if (!origin_is_sound(&row[INVOCATION_INVOKED_BY], &row[INVOCATION_RESTARTED_FROM],
						 &row[INVOCATION_REQUEST_ID]))
		rule_broken(RULE_INVOCATION_INVOKED_BY,
					"invoked_by %s, restarted_from %s and request_id %s",
					quoted(&row[INVOCATION_INVOKED_BY]), presence(&row[INVOCATION_RESTARTED_FROM]),
					presence(&row[INVOCATION_REQUEST_ID]));
	if (!journal_size_is_sound(&row[INVOCATION_JOURNAL_SIZE],
							   &row[INVOCATION_JOURNAL_COMMANDS_SIZE]))
		rule_broken(RULE_INVOCATION_JOURNAL, "journal_size %s and journal_commands_size %s",
					number(&row[INVOCATION_JOURNAL_SIZE]),
					number(&row[INVOCATION_JOURNAL_COMMANDS_SIZE]));
	check_lengths(RULE_INVOCATION_KEYS, &row[INVOCATION_TARGET_SERVICE_KEY],
				  &row[INVOCATION_IDEMPOTENCY_KEY], &row[INVOCATION_REQUEST_ID]);
	check_key_of_id(RULE_INVOCATION_PARTITION_KEY, &row[INVOCATION_PARTITION_KEY],
					&row[INVOCATION_ID]);
	if (!pinned_is_sound(&row[INVOCATION_PINNED_DEPLOYMENT_ID], &row[INVOCATION_PINNED_VERSION]))
		rule_broken(RULE_INVOCATION_PINNED,
					"pinned_deployment_id %s and pinned_service_protocol_version %s",
					presence(&row[INVOCATION_PINNED_DEPLOYMENT_ID]),
					small_number(&row[INVOCATION_PINNED_VERSION]));
	if (!retention_is_sound(&row[INVOCATION_COMPLETION_RETENTION],
							&row[INVOCATION_JOURNAL_RETENTION]))
		rule_broken(RULE_INVOCATION_RETENTION, "completion_retention %s and journal_retention %s",
					interval_text(&row[INVOCATION_COMPLETION_RETENTION]),
					interval_text(&row[INVOCATION_JOURNAL_RETENTION]));
	if (!column_is_at_least(&row[INVOCATION_RETRY_COUNT], 0))
		rule_broken(RULE_INVOCATION_RETRY_COUNT, "retry_count %s",
					number(&row[INVOCATION_RETRY_COUNT]));
	if (!status_is_sound(status, &row[INVOCATION_INBOX_NUMBER],
						 &row[INVOCATION_WAITS_FOR_COMPLETIONS],
						 &row[INVOCATION_WAITS_FOR_SIGNALS]))
		rule_broken(RULE_INVOCATION_STATUS,
					"status %s, inbox_sequence_number %s, suspended_waiting_for_completions %s and "
					"suspended_waiting_for_signals %s",
					quoted(status), presence(&row[INVOCATION_INBOX_NUMBER]),
					presence(&row[INVOCATION_WAITS_FOR_COMPLETIONS]),
					presence(&row[INVOCATION_WAITS_FOR_SIGNALS]));
	if (!target_is_sound(&row[INVOCATION_TARGET_SERVICE_TY], &row[INVOCATION_TARGET_SERVICE_KEY],
						 &row[INVOCATION_TARGET_HANDLER_TY]))
		rule_broken(RULE_INVOCATION_TARGET,
					"target_service_ty %s, target_service_key %s and target_handler_ty %s",
					quoted(&row[INVOCATION_TARGET_SERVICE_TY]),
					presence(&row[INVOCATION_TARGET_SERVICE_KEY]),
					quoted(&row[INVOCATION_TARGET_HANDLER_TY]));
	PG_RETURN_BOOL(true);
}

/*
 * check_journal: the rules of restate.journal.
 */
Datum
restate_check_journal(PG_FUNCTION_ARGS)
{
	Column row = fcinfo->args;

	if (!column_is_json_object(&row[JOURNAL_META]))
		rule_broken(RULE_JOURNAL_META, "%s for meta", jsonb_type(&row[JOURNAL_META]));
	if (!column_is_u32(&row[JOURNAL_INDEX]) || !column_is_u32(&row[JOURNAL_COMPLETION_ID]) ||
		!column_is_u32(&row[JOURNAL_RESULT_COMPLETION_ID]) ||
		!column_is_u32(&row[JOURNAL_SIGNAL_INDEX]))
		rule_broken(RULE_JOURNAL_NUMBERS,
					"index %s, completion_id %s, result_completion_id %s and signal_index %s",
					number(&row[JOURNAL_INDEX]), number(&row[JOURNAL_COMPLETION_ID]),
					number(&row[JOURNAL_RESULT_COMPLETION_ID]), number(&row[JOURNAL_SIGNAL_INDEX]));
	check_key_of_id(RULE_JOURNAL_PARTITION_KEY, &row[JOURNAL_PARTITION_KEY], &row[JOURNAL_ID]);
	PG_RETURN_BOOL(true);
}

/*
 * check_journal_event: the rules of restate.journal_event.
 */
Datum
restate_check_journal_event(PG_FUNCTION_ARGS)
{
	Column row = fcinfo->args;

	if (!column_is_u32(&row[EVENT_AFTER_INDEX]))
		rule_broken(RULE_JOURNAL_EVENT_AFTER_INDEX, "after_journal_entry_index %s",
					number(&row[EVENT_AFTER_INDEX]));
	if (!column_is_at_least(&row[EVENT_INDEX], 0))
		rule_broken(RULE_JOURNAL_EVENT_INDEX, "event_index %s", number(&row[EVENT_INDEX]));
	if (!column_is_json_object(&row[EVENT_JSON]))
		rule_broken(RULE_JOURNAL_EVENT_JSON, "%s for event_json", jsonb_type(&row[EVENT_JSON]));
	check_key_of_id(RULE_JOURNAL_EVENT_PARTITION_KEY, &row[EVENT_PARTITION_KEY], &row[EVENT_ID]);
	PG_RETURN_BOOL(true);
}

/*
 * check_object_key: the rules of restate.object_key.
 */
Datum
restate_check_object_key(PG_FUNCTION_ARGS)
{
	Column row = fcinfo->args;

	check_lengths(RULE_OBJECT_KEY_KEYS, &row[KEY_SERVICE_KEY], NULL, NULL);
	check_key_of_key(RULE_OBJECT_KEY_PARTITION_KEY, &row[KEY_PARTITION_KEY],
					 &row[KEY_SERVICE_KEY]);
	PG_RETURN_BOOL(true);
}

/*
 * check_object_state: the rules of restate.object_state.
 */
Datum
restate_check_object_state(PG_FUNCTION_ARGS)
{
	Column row = fcinfo->args;

	check_lengths(RULE_OBJECT_STATE_KEYS, &row[KEY_SERVICE_KEY], &row[KEY_OF_STATE], NULL);
	check_key_of_key(RULE_OBJECT_STATE_PARTITION_KEY, &row[KEY_PARTITION_KEY],
					 &row[KEY_SERVICE_KEY]);
	PG_RETURN_BOOL(true);
}

/*
 * check_promise: the rules of restate.promise.
 */
Datum
restate_check_promise(PG_FUNCTION_ARGS)
{
	Column row = fcinfo->args;
	Column completed = &row[PROMISE_COMPLETED];
	bool succeeded = !row[PROMISE_SUCCESS].isnull;
	bool failed = !row[PROMISE_FAILURE].isnull;

	if ((succeeded && failed) ||
		(!completed->isnull && DatumGetBool(completed->value) != (succeeded || failed)))
		rule_broken(RULE_PROMISE_COMPLETED,
					"completed %s, completion_success_value %s and completion_failure %s",
					truth(completed),
					presence(&row[PROMISE_SUCCESS]), presence(&row[PROMISE_FAILURE]));
	check_lengths(RULE_PROMISE_KEYS, &row[PROMISE_SERVICE_KEY], &row[PROMISE_KEY], NULL);
	check_key_of_key(RULE_PROMISE_PARTITION_KEY, &row[PROMISE_PARTITION_KEY],
					 &row[PROMISE_SERVICE_KEY]);
	PG_RETURN_BOOL(true);
}

/*
 * check_service_revision: the rules of restate.service_revision.
 */
Datum
restate_check_service_revision(PG_FUNCTION_ARGS)
{
	Column row = fcinfo->args;

	if (!column_is_json_array(&row[REVISION_HANDLERS]))
		rule_broken(RULE_SERVICE_REVISION_HANDLERS, "%s for handlers",
					jsonb_type(&row[REVISION_HANDLERS]));
	if (!column_is_at_least(&row[REVISION_REVISION], 1))
		rule_broken(RULE_SERVICE_REVISION_REVISION, "revision %s", number(&row[REVISION_REVISION]));
	if (column_is_text(&row[REVISION_SERVICE_NAME], ""))
		rule_broken(RULE_SERVICE_REVISION_SERVICE_NAME, "an empty service_name");
	if (!column_is_json_object(&row[REVISION_SETTINGS]))
		rule_broken(RULE_SERVICE_REVISION_SETTINGS, "%s for settings",
					jsonb_type(&row[REVISION_SETTINGS]));
	if (!column_is_service_ty(&row[REVISION_TY]))
		rule_broken(RULE_SERVICE_REVISION_TY, "ty %s", quoted(&row[REVISION_TY]));
	PG_RETURN_BOOL(true);
}
