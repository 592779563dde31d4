/*
 * answers.c
 *		The statements that answer operators.
 *
 * Each finds what it reads by an index, and what it reads is bounded, but for a
 * journal: of one it may come to read all that lies behind the index it begins at.
 */
#include "postgres.h"

#include "store/answers.h"
#include "store/reads.h"
#include "store/sql.h"

#define ANSWER(statement) STORE_##statement - STORE_READS_END

/* one line a clause */
/* clang-format off */

#define TARGET "concat_ws('/', i.target_service_name, i.target_service_key, i.target_handler_name) AS target"

/* since when an invocation is in the state that it is in */
#define SINCE \
	"CASE i.status WHEN 'completed' THEN i.completed_at WHEN 'running' THEN coalesce(i.last_start_at, i.modified_at)" \
	" WHEN 'pending' THEN coalesce(i.inboxed_at, i.created_at) WHEN 'scheduled' THEN coalesce(i.scheduled_at, i.created_at)" \
	" ELSE i.modified_at END AS since"

#define BRIEF \
	"SELECT i.id, " TARGET ", i.status, " SINCE ", i.created_at, i.invoked_by_id, i.restarted_from," \
	" i.pinned_deployment_id AS deployment_id"

#define ASKING \
	"SELECT c.index, c.entry_type::text AS entry_type, c.name, coalesce(c.completion_id, -1) AS completion_id," \
	" coalesce(c.result_completion_id, -1) AS result_completion_id," \
	" coalesce(c.invoked_id, (c.meta -> 'target' ->> 'InvocationId')::restate_invocation_id) AS invoked_id," \
	" restate.invoked_target(c.entry_type, c.meta) AS invoked_target," \
	" restate.sleep_wakeup_at(c.entry_type, c.meta) AS wake_up_at, restate.promise_name(c.entry_type, c.meta) AS promise" \
	" FROM restate.journal c WHERE c.id = {id} AND c.partition_key = {partition_key} AND " IS_COMMAND("c")

#define COMMAND \
	"SELECT c.index, c.entry_type::text AS entry_type, c.name FROM restate.journal c" \
	" WHERE c.id = {id} AND c.partition_key = {partition_key}"

/* that a completion of the command is a failure */
#define FAILED(column) \
	"EXISTS (SELECT FROM restate.journal n WHERE n.id = {id} AND n.partition_key = {partition_key}" \
	" AND n.completion_id = c." column " AND " IS_COMPLETION("n") " AND n.meta -> 'result' -> 'Failure' IS NOT NULL)"

#define AUDITED \
	"SELECT s.id AS restarted_from, s.new_id AS id, coalesce((s.parameters ->> 'from')::bigint, 0) AS last_index," \
	" (s.parameters ->> 'resolved_deployment')::restate_deployment_id AS deployment_id, s.at, s.role_name," \
	" s.claimed_subject AS subject, s.reason FROM {rows} JOIN restate.audit s"

#define CALLS \
	"SELECT j.id, j.invoked_id, j.index, j.entry_type = 'Command: Call' AS is_call," \
	" restate.invoked_target(j.entry_type, j.meta) AS target" \
	" FROM {rows} JOIN restate.journal j ON " IS_NAMED("j")

const StoreStatementDef store_answers[STORE_STATEMENT_COUNT - STORE_READS_END] = {
	[ANSWER(READ_ABOUT)] = {
		.name = "read about",
		.form = &store_form_id, .result = &store_result_about,
		.sql = "SELECT i.id, " TARGET ", i.target_service_ty AS service_ty, i.target_handler_ty AS handler_ty,"
			" i.idempotency_key, i.invoked_by, i.invoked_by_id, i.invoked_by_target, i.restarted_from, d.endpoint,"
			" (SELECT max(r.revision) FROM restate.service_revision r WHERE r.service_name = i.target_service_name"
			" AND r.deployment_id = i.pinned_deployment_id) AS revision, i.created_at, " SINCE ","
			" i.suspended_waiting_for_completions AS completions, i.suspended_waiting_for_signals AS signals,"
			" i.suspended_waiting_for_names AS names, i.worker_name, w.last_seen AS worker_seen,"
			" w.last_seen >= now() - restate.worker_silence() AS worker_is_alive,"
			" coalesce(i.retry_count, 0) AS retry_count, i.last_failure, i.last_failure_error_code AS error_code,"
			" coalesce(i.last_failure_related_command_index, -1) AS related_index,"
			" i.last_failure_related_command_name AS related_name, i.last_failure_related_command_type AS related_type,"
			" i.completion_result, i.completion_failure, h.service_name IS NOT NULL AS is_held, h.reason AS held_reason, h.held_at"
			FROM_MANY
			" LEFT JOIN restate.deployment d ON d.id = i.pinned_deployment_id"
			" LEFT JOIN restate.worker w ON w.name = i.worker_name COLLATE \"C\""
			" LEFT JOIN restate.held_service h ON h.service_name = i.target_service_name COLLATE \"C\""},

	[ANSWER(READ_BRIEF)] = {
		.name = "read brief",
		.form = &store_form_id, .result = &store_result_brief,
		.sql = BRIEF FROM_MANY},

	/* the commands that ask for the completions, the last first */
	[ANSWER(READ_ASKING_COMMANDS)] = {
		.name = "read asking commands",
		.form = &store_form_asking_command, .result = &store_result_asking,
		.sql = ASKING " AND c.index >= {first} AND (c.completion_id = ANY ({completions}) OR c.result_completion_id = ANY ({completions}))"
			" ORDER BY c.index DESC LIMIT {max}"},

	/* the commands from an index on that lack a completion, the last first */
	[ANSWER(READ_OPEN_COMMANDS)] = {
		.name = "read open commands",
		.form = &store_form_asking_command, .result = &store_result_asking,
		.sql = ASKING " AND c.index >= {first} AND (" LACKS("completion_id") " OR " LACKS("result_completion_id") ")"
			" ORDER BY c.index DESC LIMIT {max}"},

	/* how many wait before a place in the inbox of an object key */
	[ANSWER(COUNT_AHEAD)] = {
		.name = "count ahead",
		.form = &store_form_inbox_place, .result = &store_result_count,
		.sql = "SELECT c.count FROM {rows} CROSS JOIN LATERAL (SELECT count(*) AS count FROM (SELECT FROM restate.invocation i"
			" WHERE i.inbox_sequence_number IS NOT NULL AND i.inbox_sequence_number < {before}"
			" AND i.target_service_name = v.service_name COLLATE \"C\""
			" AND restate.indexed_key(i.target_service_key) = restate.indexed_key(v.service_key)"
			" AND i.partition_key = v.partition_key LIMIT {max}) AS a) AS c"},

	/* the latest revision of a service on a deployment, null if it serves it not */
	[ANSWER(READ_REVISION)] = {
		.name = "read revision",
		.form = &store_form_revision, .result = &store_result_count,
		.sql = "SELECT max(r.revision) AS count FROM restate.service_revision r"
			" WHERE r.service_name = {service_name} AND r.deployment_id = {deployment_id}"},

	[ANSWER(READ_COMMAND_AFTER)] = {
		.name = "read command after",
		.form = &store_form_entry_asked, .result = &store_result_command,
		.sql = COMMAND " AND " IS_COMMAND("c") " AND c.index > {number} ORDER BY c.index LIMIT 1"},

	/* the command with that number among the commands, the input being 0 */
	[ANSWER(READ_NTH_COMMAND)] = {
		.name = "read nth command",
		.form = &store_form_entry_asked, .result = &store_result_command,
		.sql = COMMAND " AND " IS_COMMAND("c") " ORDER BY c.index LIMIT 1 OFFSET {number}"},

	[ANSWER(READ_NAMED_COMMAND)] = {
		.name = "read named command",
		.form = &store_form_entry_asked, .result = &store_result_command,
		.sql = COMMAND " AND " IS_COMMAND("c") " AND c.name = {name} COLLATE \"C\" ORDER BY c.index LIMIT 1 OFFSET {number}"},

	/* the last command that has a failure for its completion */
	[ANSWER(READ_FAILED_COMMAND)] = {
		.name = "read failed command",
		.form = &store_form_entry_asked, .result = &store_result_command,
		.sql = COMMAND " AND " IS_COMMAND("c") " AND (" FAILED("completion_id") " OR " FAILED("result_completion_id") ")"
			" ORDER BY c.index DESC LIMIT 1"},

	/* the first command that lacks a completion, or is an output */
	[ANSWER(READ_UNFINISHED_COMMAND)] = {
		.name = "read unfinished command",
		.form = &store_form_entry_asked, .result = &store_result_command,
		.sql = COMMAND " AND " IS_COMMAND("c") " AND c.index >= 1 AND (c.entry_type = 'Command: Output'"
			" OR " LACKS("completion_id") " OR " LACKS("result_completion_id") ") ORDER BY c.index LIMIT 1"},

	/* the last entry that was there at the time */
	[ANSWER(READ_ENTRY_AT)] = {
		.name = "read entry at",
		.form = &store_form_entry_asked, .result = &store_result_command,
		.sql = COMMAND " AND c.appended_at <= {at} ORDER BY c.index DESC LIMIT 1"},

	/* the restarts of invocations, the first first */
	[ANSWER(READ_RESTARTS)] = {
		.name = "read restarts",
		.form = &store_form_bounded_id, .result = &store_result_brief,
		.sql = BRIEF " FROM {rows} JOIN restate.invocation i ON i.restarted_from = v.id AND i.partition_key = v.partition_key"
			" ORDER BY i.created_at, i.id LIMIT {max}"},

	/* the same as the audit has them, also of what is gone */
	[ANSWER(READ_AUDITED_RESTARTS)] = {
		.name = "read audited restarts",
		.form = &store_form_bounded_id, .result = &store_result_audited,
		.sql = AUDITED " ON s.id = v.id AND s.partition_key = v.partition_key"
			" WHERE s.new_id IS NOT NULL AND s.operation = 'restart_as_new' ORDER BY s.audit_id LIMIT {max}"},

	/* of what invocations are restarts */
	[ANSWER(READ_AUDITED_ORIGINS)] = {
		.name = "read audited origins",
		.form = &store_form_id, .result = &store_result_audited,
		.sql = AUDITED " ON s.new_id = v.id AND s.partition_key = v.partition_key"},

	/* whether the audit has anything of invocations */
	[ANSWER(READ_AUDITED)] = {
		.name = "read audited",
		.form = &store_form_id, .result = &store_result_id,
		.sql = "SELECT s.id FROM {rows} JOIN restate.audit s ON s.id = v.id AND s.partition_key = v.partition_key LIMIT 1"},

	/* whom invocations have called */
	[ANSWER(READ_CALLS)] = {
		.name = "read calls",
		.form = &store_form_bounded_id, .result = &store_result_call,
		.sql = CALLS " WHERE " IS_CALL("j") " ORDER BY j.id, j.index LIMIT {max}"},

	/* by which command the caller has called */
	[ANSWER(READ_CALLING_COMMANDS)] = {
		.name = "read calling commands",
		.form = &store_form_calling_id, .result = &store_result_call,
		.sql = CALLS " AND j.invoked_id = v.invoked_id WHERE " IS_CALL("j") " ORDER BY j.index LIMIT 1"},
};
/* clang-format on */
