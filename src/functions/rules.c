/*
 * rules.c
 *		The rules that a row of a table holds by itself, in words.
 *
 * What is told to who breaks one, and what SQL asks for, is here and nowhere
 * else.
 */
#include "postgres.h"

#include "fmgr.h"
#include "funcapi.h"
#include "lib/stringinfo.h"
#include "utils/builtins.h"
#include "utils/tuplestore.h"

#include "functions/rules.h"
#include "types/limits.h"

#define KEY_OF_ID  "partition_key must be that of the id"
#define KEY_OF_KEY "partition_key must be that of the service_key"

#define INDEX_LIMIT RESTATE_LIMIT_TEXT(RESTATE_INDEX_MAX)

#define KEY_LENGTH		   RESTATE_LIMIT_TEXT(RESTATE_KEY_MAX_BYTES) " bytes in UTF-8"
#define KEY_AND_ITS_LENGTH "service_key and key must have at most " KEY_LENGTH

static const struct
{
	const char *table;
	const char *name;
	const char *words;
} rules[] = {
	[RULE_AUDIT_PARAMETERS] = {"audit", "audit_parameters_check",
							   "parameters must be a JSON object"},
	[RULE_AUDIT_PARTITION_KEY] = {"audit", "audit_partition_key_check", KEY_OF_ID},
	[RULE_DEPLOYMENT_VERSIONS] =
		{"deployment", "deployment_check",
		 "max_service_protocol_version must not be below min_service_protocol_version"},
	[RULE_DEPLOYMENT_MIN_VERSION] = {"deployment", "deployment_min_service_protocol_version_check",
									 "min_service_protocol_version must be 1 or more"},
	[RULE_DEPLOYMENT_TY] = {"deployment", "deployment_ty_check",
							"ty must be http, lambda or worker"},
	[RULE_INVOCATION_COMPLETED_AT] = {"invocation", "invocation_completed_at_check",
									  "completed_at is set once completed, and only then"},
	[RULE_INVOCATION_COMPLETION] =
		{"invocation", "invocation_completion_check",
		 "completion_result must be success or failure once completed, and null before; "
		 "completion_failure is set with failure, and only then"},
	[RULE_INVOCATION_INPUT_HEADERS] = {"invocation", "invocation_input_headers_check",
									   "input_headers must be a JSON array"},
	[RULE_INVOCATION_INVOKED_BY] =
		{"invocation", "invocation_invoked_by_check",
		 "invoked_by must be ingress, service, subscription or restart_as_new; "
		 "restarted_from is set with restart_as_new, and only then, and request_id at most then"},
	[RULE_INVOCATION_JOURNAL] =
		{"invocation", "invocation_journal_check",
		 "journal_size must be from 0 to " RESTATE_LIMIT_TEXT(
			 RESTATE_JOURNAL_SIZE_MAX) ", and journal_commands_size from 0 to journal_size"},
	[RULE_INVOCATION_KEYS] = {"invocation", "invocation_keys_check",
							  "target_service_key and idempotency_key must have at most " KEY_LENGTH
							  ", and request_id at most " RESTATE_LIMIT_TEXT(
								  RESTATE_REQUEST_ID_MAX_BYTES) " bytes"},
	[RULE_INVOCATION_PARTITION_KEY] = {"invocation", "invocation_partition_key_check", KEY_OF_ID},
	[RULE_INVOCATION_PINNED] =
		{"invocation", "invocation_pinned_check",
		 "pinned_deployment_id and pinned_service_protocol_version must both be set or neither, "
		 "and the version must be 1 or more"},
	[RULE_INVOCATION_RETENTION] =
		{"invocation", "invocation_retention_check",
		 "completion_retention and journal_retention must not be negative"},
	[RULE_INVOCATION_RETRY_COUNT] = {"invocation", "invocation_retry_count_check",
									 "retry_count must be 0 or more"},
	[RULE_INVOCATION_STATUS] =
		{"invocation", "invocation_status_check",
		 "status must be pending, scheduled, ready, running, backing-off, suspended, paused "
		 "or completed; inbox_sequence_number is set while pending, and only then, and "
		 "suspended_waiting_for_completions and suspended_waiting_for_signals only while suspended"},
	[RULE_INVOCATION_TARGET] = {"invocation", "invocation_target_check",
								"target_service_ty must be service, virtual_object or workflow; "
								"target_handler_ty and target_service_key are null for a service; "
								"a virtual_object has a key and is exclusive or shared, "
								"a workflow has a key and is workflow or shared"},
	[RULE_JOURNAL_META] = {"journal", "journal_meta_check", "meta must be a JSON object"},
	[RULE_JOURNAL_NUMBERS] = {"journal", "journal_numbers_check",
							  "index, completion_id, result_completion_id and signal_index "
							  "must be from 0 to " INDEX_LIMIT},
	[RULE_JOURNAL_PARTITION_KEY] = {"journal", "journal_partition_key_check", KEY_OF_ID},
	[RULE_JOURNAL_EVENT_AFTER_INDEX] = {"journal_event",
										"journal_event_after_journal_entry_index_check",
										"after_journal_entry_index must be from 0 to " INDEX_LIMIT},
	[RULE_JOURNAL_EVENT_INDEX] = {"journal_event", "journal_event_event_index_check",
								  "event_index must be 0 or more"},
	[RULE_JOURNAL_EVENT_JSON] = {"journal_event", "journal_event_event_json_check",
								 "event_json must be a JSON object"},
	[RULE_JOURNAL_EVENT_PARTITION_KEY] = {"journal_event", "journal_event_partition_key_check",
										  KEY_OF_ID},
	[RULE_OBJECT_KEY_KEYS] = {"object_key", "object_key_keys_check",
							  "service_key must have at most " KEY_LENGTH},
	[RULE_OBJECT_KEY_PARTITION_KEY] = {"object_key", "object_key_partition_key_check", KEY_OF_KEY},
	[RULE_OBJECT_STATE_KEYS] = {"object_state", "object_state_keys_check", KEY_AND_ITS_LENGTH},
	[RULE_OBJECT_STATE_PARTITION_KEY] = {"object_state", "object_state_partition_key_check",
										 KEY_OF_KEY},
	[RULE_PROMISE_COMPLETED] =
		{"promise", "promise_completed_check",
		 "completed must be true with a completion_success_value or a completion_failure, "
		 "one of them, and false with neither"},
	[RULE_PROMISE_KEYS] = {"promise", "promise_keys_check", KEY_AND_ITS_LENGTH},
	[RULE_PROMISE_PARTITION_KEY] = {"promise", "promise_partition_key_check", KEY_OF_KEY},
	[RULE_SERVICE_REVISION_HANDLERS] = {"service_revision", "service_revision_handlers_check",
										"handlers must be a JSON array"},
	[RULE_SERVICE_REVISION_REVISION] = {"service_revision", "service_revision_revision_check",
										"revision must be 1 or more"},
	[RULE_SERVICE_REVISION_SERVICE_NAME] = {"service_revision",
											"service_revision_service_name_check",
											"service_name must not be empty"},
	[RULE_SERVICE_REVISION_SETTINGS] = {"service_revision", "service_revision_settings_check",
										"settings must be a JSON object"},
	[RULE_SERVICE_REVISION_TY] = {"service_revision", "service_revision_ty_check",
								  "ty must be service, virtual_object or workflow"},
};

PG_FUNCTION_INFO_V1(restate_rules);

/*
 * Raises check_violation: the rule in words, and in the detail what the row
 * has.  The error names the rule where the server would name a constraint.
 */
void
rule_broken(Rule rule, const char *fmt, ...)
{
	StringInfoData values;

	initStringInfo(&values);
	for (;;)
	{
		va_list args;
		int needed;

		va_start(args, fmt);
		needed = appendStringInfoVA(&values, fmt, args);
		va_end(args);
		if (needed == 0)
			break;
		enlargeStringInfo(&values, needed);
	}
	ereport(ERROR,
			(errcode(ERRCODE_CHECK_VIOLATION),
			 errmsg("%s", rules[rule].words),
			 errdetail("The row has %s.", values.data),
			 err_generic_string(PG_DIAG_SCHEMA_NAME, "restate"),
			 err_generic_string(PG_DIAG_TABLE_NAME, rules[rule].table),
			 err_generic_string(PG_DIAG_CONSTRAINT_NAME, rules[rule].name)));
}

/*
 * rules(): returns the table, the name and the words of each rule.
 */
Datum
restate_rules(PG_FUNCTION_ARGS)
{
	ReturnSetInfo *result = (ReturnSetInfo *) fcinfo->resultinfo;

	InitMaterializedSRF(fcinfo, 0);
	for (int i = 0; i < (int) lengthof(rules); i++)
	{
		Datum values[] = {CStringGetTextDatum(rules[i].table), CStringGetTextDatum(rules[i].name),
						  CStringGetTextDatum(rules[i].words)};
		bool nulls[lengthof(values)] = {0};

		tuplestore_putvalues(result->setResult, result->setDesc, values, nulls);
	}
	return (Datum) 0;
}
