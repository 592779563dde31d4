/*
 * work.c
 *		The statements that change the tables.
 *
 * An update makes sure that its rows are as asked for: a trigger may have put
 * back what was there.
 */
#include "postgres.h"

#include "store/sql.h"
#include "store/work.h"

/* one line a clause */
/* clang-format off */

#define JOURNAL_COLUMNS                                                                         \
	"id, partition_key, index, appended_at, completion_id, result_completion_id, signal_index," \
	" entry_type, version, invoked_id, name, signal_name, meta, payload"

#define JOURNAL_COPIED                                                         \
	" j.appended_at, j.completion_id, j.result_completion_id, j.signal_index," \
	" j.entry_type, j.version, j.invoked_id, j.name, j.signal_name, j.meta, j.payload"

#define WAITS(alias) alias ".status IN ('pending', 'scheduled')"

#define WAS_WRITTEN(name, condition) " RETURNING restate.was_written('" name "', " condition ")"

/* what is known of attempts stays until completion; of one paused even then */
#define OUTLIVES_COMPLETION "WHEN i.status = 'paused'"

const StoreStatementDef store_work[STORE_WORK_COUNT] = {
	/*
	 * The new invocations of restarts.  A restart with the same request id that
	 * the transaction cannot see, in a repeatable read, makes ON CONFLICT raise
	 * a serialization failure.
	 */
	[STORE_CREATE_RESTARTS] = {
		.name = "create restarts",
		.form = &store_form_restart,
		.sql = "INSERT INTO restate.invocation (id, partition_key, status, target_service_name,"
			" target_service_key, target_handler_name, target_service_ty, target_handler_ty, invoked_by,"
			" restarted_from, request_id, pinned_deployment_id, pinned_service_protocol_version, journal_size,"
			" journal_commands_size, created_at, created_using_restate_version, modified_at, inboxed_at,"
			" running_at, completion_retention, journal_retention, inbox_sequence_number, random_seed)"
			" SELECT v.new_id, i.partition_key, v.status, i.target_service_name, i.target_service_key,"
			" i.target_handler_name, i.target_service_ty, i.target_handler_ty, 'restart_as_new', i.id, {request_id},"
			" v.deployment_id, i.pinned_service_protocol_version, v.journal_size, v.journal_commands_size,"
			" {at}, i.created_using_restate_version, {at},"
			" CASE WHEN v.status = 'pending' THEN {at} END, CASE WHEN v.status <> 'pending' THEN {at} END,"
			" i.completion_retention, i.journal_retention, v.inbox_sequence_number,"
			" CASE WHEN {last_index} > 0 THEN i.random_seed ELSE v.random_seed END"
			" FROM {rows} JOIN restate.invocation i ON " IS_NAMED("i")
			" ON CONFLICT (restarted_from, request_id, partition_key) WHERE restarted_from IS NOT NULL DO NOTHING"},

	/* one of that id may be there, or come at the same time, as it was asked for before */
	[STORE_SUBMIT] = {
		.name = "submit",
		.form = &store_form_submission,
		.may_conflict = true,
		.sql = "INSERT INTO restate.invocation (id, partition_key, status, target_service_name, target_service_key,"
			" target_handler_name, target_service_ty, target_handler_ty, idempotency_key, invoked_by, invoked_by_id,"
			" invoked_by_service_name, invoked_by_target, pinned_deployment_id, pinned_service_protocol_version,"
			" journal_size, journal_commands_size, created_at, modified_at, inboxed_at, scheduled_at, scheduled_start_at,"
			" running_at, completion_retention, journal_retention, inbox_sequence_number, input_headers, input_payload,"
			" random_seed, attempt, worker_name, last_start_at, retry_count, attempt_count, last_attempt_deployment_id,"
			" last_entry_at, has_waiters, awaited_by)"
			" SELECT v.id, v.partition_key, v.status, v.service_name, v.service_key, v.handler_name, v.service_ty, v.handler_ty,"
			" v.idempotency_key, v.invoked_by, v.caller_id, v.caller_service_name, v.caller_target, v.deployment_id,"
			" v.protocol_version::integer, v.journal_size, v.journal_commands_size, {at}, {at},"
			" CASE WHEN v.status = 'pending' THEN {at} END, CASE WHEN v.scheduled_start_at IS NOT NULL THEN {at} END, v.scheduled_start_at,"
			" CASE WHEN NOT " WAITS("v") " THEN {at} END, v.completion_retention * interval '1 microsecond',"
			" v.journal_retention * interval '1 microsecond', v.inbox_sequence_number, v.input_headers, v.input_payload,"
			" v.random_seed, v.attempt, v.worker_name, CASE WHEN v.attempt IS NOT NULL THEN {at} END,"
			" CASE WHEN v.attempt IS NOT NULL THEN 1 END, CASE WHEN v.attempt IS NOT NULL THEN 1 END,"
			" CASE WHEN v.attempt IS NOT NULL THEN v.deployment_id END, CASE WHEN NOT " WAITS("v") " THEN {at} END,"
			" nullif(v.has_waiters, false), CASE WHEN v.awaited_by IS NOT NULL THEN ARRAY[v.awaited_by] END"
			" FROM {rows} ON CONFLICT (id, partition_key) DO NOTHING"},

	/* the journals of restarts, up to the last index that they keep */
	[STORE_COPY_JOURNALS] = {
		.name = "copy journals",
		.form = &store_form_journal_copy,
		.sql = "INSERT INTO restate.journal (" JOURNAL_COLUMNS ")"
			" SELECT v.new_id, j.partition_key, j.index," JOURNAL_COPIED
			" FROM {rows} JOIN restate.journal j ON " IS_NAMED("j")
			" AND j.index BETWEEN 0 AND {last_index}"},

	/* and the completions that they need from further on */
	[STORE_COPY_COMPLETIONS] = {
		.name = "copy completions",
		.form = &store_form_completion_copy,
		.sql = "INSERT INTO restate.journal (" JOURNAL_COLUMNS ")"
			" SELECT v.new_id, j.partition_key, v.new_index," JOURNAL_COPIED
			" FROM {rows} JOIN restate.journal j ON " IS_NAMED("j")
			" AND j.index = v.index"},

	/* what an element says of who asks and why goes before what the session says */
	[STORE_AUDIT] = {
		.name = "audit",
		.form = &store_form_audited,
		.sql = "INSERT INTO restate.audit (audit_id, id, partition_key, at, operation, parameters, outcome, new_id,"
			" caused_by, role_name, session_user_name, claimed_subject, reason)"
			" SELECT v.audit_id, v.id, v.partition_key, {at}, {operation}, v.parameters, v.outcome, v.new_id, v.caused_by, {role_name}, {session_user_name},"
			" coalesce(v.subject, {claimed_subject}), nullif(coalesce(v.reason, {session_reason}), '')"
			" FROM {rows}"},

	/* of all partitions; the index on at knows which pages have held rows as old */
	[STORE_PURGE_AUDIT] = {
		.left = STORE_COUNT_AUDIT,
		.name = "purge audit",
		.form = &store_form_audit_purge,
		.sql = "DELETE FROM restate.audit s WHERE s.at < {before}"},

	[STORE_DELETE_INVOCATIONS] = {
		.name = "delete invocations",
		.form = &store_form_removal,
		.sql = "DELETE FROM restate.invocation i USING {rows}"
			" WHERE " IS_NAMED("i") " AND i.status = v.status"},

	[STORE_DELETE_STATE] = {
		.name = "delete state",
		.form = &store_form_key,
		.left = STORE_COUNT_STATE,
		.sql = "DELETE FROM restate.object_state t USING {rows} WHERE "
			IS_KEY("t")},

	[STORE_DELETE_PROMISES] = {
		.name = "delete promises",
		.form = &store_form_key,
		.left = STORE_COUNT_PROMISES,
		.sql = "DELETE FROM restate.promise t USING {rows} WHERE " IS_KEY("t")},

	[STORE_DELETE_JOURNALS] = {
		.name = "delete journals",
		.form = &store_form_id,
		.sql = "DELETE FROM restate.journal j USING {rows} WHERE " IS_NAMED("j")},

	[STORE_DELETE_EVENTS] = {
		.name = "delete events",
		.form = &store_form_id,
		.left = STORE_COUNT_EVENTS,
		.sql = "DELETE FROM restate.journal_event e USING {rows} WHERE " IS_NAMED("e")},

	[STORE_CLEAR_JOURNAL_SIZES] = {
		.name = "clear journal sizes",
		.form = &store_form_id,
		.sql = "UPDATE restate.invocation i SET journal_size = 0, journal_commands_size = 0"
			" FROM {rows} WHERE " IS_NAMED("i") " AND i.status = 'completed'"
			WAS_WRITTEN("clear journal sizes", "i.journal_size = 0")},

	/* the input becomes the journal's first entry when an invocation starts */
	[STORE_START_JOURNALS] = {
		.name = "start journals",
		.form = &store_form_start,
		.sql = "INSERT INTO restate.journal (id, partition_key, index, appended_at, entry_type, name, meta, payload)"
			" SELECT i.id, i.partition_key, 0, {at}, 'Command: Input', '',"
			" pg_catalog.jsonb_build_object('headers', coalesce(i.input_headers, '[]')), coalesce(i.input_payload, '')"
			FROM_MANY},

	/* those that run on, with more entries: nothing that an index has changes */
	[STORE_ADVANCE] = {
		.name = "advance",
		.form = &store_form_advance,
		.sql = "UPDATE restate.invocation i SET journal_size = v.journal_size, journal_commands_size = v.journal_commands_size,"
			" asked_completion_id = v.asked, entry_retry_count = NULL, last_entry_at = {at},"
			" last_attempt_server = coalesce(v.server, i.last_attempt_server) FROM {rows}"
			" WHERE " IS_NAMED("i") " AND i.attempt = v.attempt AND i.status = 'running'"
			WAS_WRITTEN("advance", "i.journal_size = v.journal_size")},

	/*
	 * The invocations that go on, as they are to be, and the time.  Of an attempt
	 * what was not known before stays as it is where it is null.
	 */
	[STORE_UPDATE] = {
		.name = "update",
		.form = &store_form_update,
		.sql = "UPDATE restate.invocation i SET"
			" status = v.status,"
			" modified_at = CASE WHEN i.status = v.status AND v.last_start_at IS NULL THEN i.modified_at ELSE {at} END,"
			" journal_size = v.journal_size,"
			" journal_commands_size = v.journal_commands_size,"
			" pause_requested = v.pause_requested,"
			" pinned_deployment_id = coalesce(v.deployment_id, i.pinned_deployment_id),"
			" pinned_service_protocol_version = coalesce(v.protocol_version::integer, i.pinned_service_protocol_version),"
			" suspended_waiting_for_completions = CASE WHEN v.status = 'suspended' THEN coalesce(restate.read_numbers(v.completions), i.suspended_waiting_for_completions) END,"
			" suspended_waiting_for_signals = CASE WHEN v.status = 'suspended' THEN coalesce(restate.read_numbers(v.signals), i.suspended_waiting_for_signals) END,"
			" suspended_waiting_for_names = CASE WHEN v.status = 'suspended' THEN coalesce(restate.read_names(v.names), i.suspended_waiting_for_names) END,"
			" inbox_sequence_number = CASE WHEN v.status = 'pending' THEN coalesce(v.inbox_sequence_number, i.inbox_sequence_number) END,"
			" inboxed_at = CASE WHEN v.status = 'pending' THEN coalesce(i.inboxed_at, {at}) ELSE i.inboxed_at END,"
			" input_headers = CASE WHEN " WAITS("v") " THEN i.input_headers END,"
			" input_payload = CASE WHEN " WAITS("v") " THEN i.input_payload END,"
			" running_at = CASE WHEN NOT " WAITS("v") " THEN coalesce(i.running_at, {at}) END,"
			" next_retry_at = CASE WHEN v.status = i.status THEN coalesce(i.next_retry_at, v.next_retry_at) ELSE v.next_retry_at END,"
			" attempt = v.attempt,"
			" worker_name = CASE WHEN v.status = 'running' THEN coalesce(v.worker_name, i.worker_name) END,"
			" last_start_at = coalesce(v.last_start_at, i.last_start_at),"
			" last_attempt_deployment_id = CASE WHEN v.last_start_at IS NULL THEN i.last_attempt_deployment_id ELSE coalesce(v.deployment_id, i.pinned_deployment_id) END,"
			" retry_count = CASE WHEN v.last_start_at IS NOT NULL AND i.status = 'running' THEN v.attempt_count"
			" WHEN v.last_start_at IS NOT NULL THEN coalesce(i.retry_count, 0) + 1"
			" WHEN i.status <> 'running' OR v.status = 'running' OR v.attempt_count > 0 THEN i.retry_count END,"
			" attempt_count = nullif(v.attempt_count, 0),"
			" entry_retry_count = nullif(v.entry_retry_count, 0),"
			" last_entry_at = v.last_entry_at,"
			" last_attempt_server = coalesce(v.server, i.last_attempt_server),"
			" last_failure = coalesce(v.last_failure, i.last_failure),"
			" last_failure_error_code = CASE WHEN v.last_failure IS NULL THEN i.last_failure_error_code ELSE v.error_code END,"
			" last_failure_related_command_index = CASE WHEN v.last_failure IS NULL THEN i.last_failure_related_command_index ELSE v.command_index END,"
			" last_failure_related_command_name = CASE WHEN v.last_failure IS NULL THEN i.last_failure_related_command_name ELSE v.command_name END,"
			" last_failure_related_command_type = CASE WHEN v.last_failure IS NULL THEN i.last_failure_related_command_type ELSE v.command_type END,"
			" has_waiters = nullif(v.has_waiters, false),"
			" is_foreign = nullif(v.is_foreign, false),"
			" asked_completion_id = v.asked"
			" FROM {rows}"
			" WHERE " IS_NAMED("i") " AND i.status = v.status_was"
			WAS_WRITTEN("update", "i.status = v.status AND i.journal_size = v.journal_size AND i.pause_requested = v.pause_requested")},

	/* those that have started, completed by a value or a failure, and the time */
	[STORE_COMPLETE] = {
		.name = "complete",
		.form = &store_form_completed,
		.sql = "UPDATE restate.invocation i SET"
			" status = 'completed',"
			" modified_at = {at},"
			" journal_size = v.journal_size,"
			" journal_commands_size = v.journal_commands_size,"
			" pause_requested = false,"
			" suspended_waiting_for_completions = NULL,"
			" suspended_waiting_for_signals = NULL,"
			" suspended_waiting_for_names = NULL,"
			" inbox_sequence_number = NULL,"
			" input_headers = NULL,"
			" input_payload = NULL,"
			" running_at = coalesce(i.running_at, {at}),"
			" next_retry_at = NULL,"
			" attempt = NULL,"
			" worker_name = NULL,"
			" attempt_count = NULL,"
			" entry_retry_count = NULL,"
			" last_entry_at = NULL,"
			" retry_count = CASE " OUTLIVES_COMPLETION " THEN i.retry_count END,"
			" last_start_at = CASE " OUTLIVES_COMPLETION " THEN i.last_start_at END,"
			" last_attempt_deployment_id = CASE " OUTLIVES_COMPLETION " THEN i.last_attempt_deployment_id END,"
			" last_attempt_server = CASE " OUTLIVES_COMPLETION " THEN i.last_attempt_server END,"
			" last_failure = CASE " OUTLIVES_COMPLETION " THEN i.last_failure END,"
			" last_failure_error_code = CASE " OUTLIVES_COMPLETION " THEN i.last_failure_error_code END,"
			" last_failure_related_command_index = CASE " OUTLIVES_COMPLETION " THEN i.last_failure_related_command_index END,"
			" last_failure_related_command_name = CASE " OUTLIVES_COMPLETION " THEN i.last_failure_related_command_name END,"
			" last_failure_related_command_type = CASE " OUTLIVES_COMPLETION " THEN i.last_failure_related_command_type END,"
			" completed_at = {at},"
			" completion_result = CASE WHEN v.failure IS NULL THEN 'success' ELSE 'failure' END,"
			" completion_failure = v.failure,"
			" completion_failure_metadata = v.failure_metadata,"
			" completion_payload = v.value"
			" FROM {rows}"
			" WHERE " IS_NAMED("i") " AND i.status = v.status_was"
			WAS_WRITTEN("complete", "i.status = 'completed' AND i.journal_size = v.journal_size")},

	[STORE_APPEND] = {
		.name = "append",
		.form = &store_form_append,
		.sql = "INSERT INTO restate.journal (id, partition_key, index, appended_at, entry_type, name, completion_id,"
			" result_completion_id, invoked_id, signal_index, signal_name, meta, payload)"
			" SELECT v.id, v.partition_key, v.index, {at}, v.entry_type::restate.entry_type, v.name, v.completion_id,"
			" v.result_completion_id, v.invoked_id, v.signal_index, v.signal_name, v.meta, v.payload"
			" FROM {rows}"},

	[STORE_UPDATE_KEYS] = {
		.name = "update object keys",
		.form = &store_form_key_update,
		.sql = "UPDATE restate.object_key k SET holder = v.holder, next_sequence_number = v.next_sequence_number,"
			" has_queued_state = nullif(v.has_queued_state, false)"
			" FROM {rows} WHERE " IS_OBJECT_KEY("k")
			WAS_WRITTEN("update object keys", "k.holder IS NOT DISTINCT FROM v.holder AND k.next_sequence_number = v.next_sequence_number")},

	[STORE_ADD_RUNNABLE] = {
		.name = "add runnable",
		.form = &store_form_runnable,
		.sql = "INSERT INTO restate.runnable (service_name, deployment_id, ready_at, id, partition_key)"
			" SELECT v.service_name, v.deployment_id, v.ready_at, v.id, v.partition_key FROM {rows}"},

	/* those that are there: what was written past the functions has no place */
	[STORE_DROP_RUNNABLE] = {
		.name = "drop runnable",
		.form = &store_form_runnable,
		.left = STORE_COUNT_RUNNABLE,
		.sql = "DELETE FROM restate.runnable r USING {rows}"
			" WHERE " IS_RUNNABLE("r")},

	/*
	 * One that is there already is taken for written: an invocation that is gone
	 * has left it, and came again in the same transaction.
	 */
	[STORE_SET_TIMERS] = {
		.name = "set timers",
		.form = &store_form_timer,
		.sql = "INSERT INTO restate.timer (due_at, kind, id, completion_id, partition_key, seed)"
			" SELECT v.due_at, v.kind::restate.timer_kind, v.id, v.completion_id, v.partition_key, v.seed FROM {rows}"
			" ON CONFLICT (due_at, kind, id, completion_id, partition_key) DO UPDATE SET seed = excluded.seed"},

	/* those that are there: what was written past the functions has none */
	[STORE_DROP_TIMERS] = {
		.name = "drop timers",
		.form = &store_form_timer,
		.left = STORE_COUNT_TIMERS,
		.sql = "DELETE FROM restate.timer t USING {rows}"
			" WHERE " IS_TIMER("t")},

	/* one of an earlier caller of the same id may be left */
	[STORE_ADD_WAITERS] = {
		.name = "add waiters",
		.form = &store_form_waiter,
		.sql = "INSERT INTO restate.waiter (target, caller, completion_id, kind, partition_key, caller_seed)"
			" SELECT v.id, v.caller, v.completion_id, v.kind::restate.waiter_kind, v.partition_key, v.caller_seed FROM {rows}"
			" ON CONFLICT (target, caller, completion_id, partition_key)"
			" DO UPDATE SET kind = excluded.kind, caller_seed = excluded.caller_seed"},

	/* all that wait for a result, those too who are gone or have completed */
	[STORE_DROP_WAITERS] = {
		.name = "drop waiters",
		.form = &store_form_id,
		.left = STORE_COUNT_WAITERS,
		.sql = "DELETE FROM restate.waiter w USING {rows}"
			" WHERE " IS_WAITED_FOR("w")},

	[STORE_SET_STATE] = {
		.name = "set state",
		.form = &store_form_state_change,
		.sql = "INSERT INTO restate.object_state AS t (service_name, service_key, key, partition_key, value)"
			" SELECT v.service_name, v.service_key, v.key, v.partition_key, v.value FROM {rows}"
			" ON CONFLICT (partition_key, service_name, restate.indexed_key(service_key, key)) DO UPDATE SET value = excluded.value"},

	[STORE_CLEAR_STATE] = {
		.name = "clear state",
		.form = &store_form_state_change,
		.left = STORE_COUNT_CLEARED,
		.sql = "DELETE FROM restate.object_state t USING {rows} WHERE " IS_STATE("t")},

	[STORE_QUEUE_STATE] = {
		.name = "queue state",
		.form = &store_form_queued_state,
		.sql = "INSERT INTO restate.queued_state (service_name, service_key, partition_key, sequence_number, state, version, queued_at)"
			" SELECT v.service_name, v.service_key, v.partition_key, v.sequence_number, v.state, v.version, {at} FROM {rows}"},

	[STORE_DROP_QUEUED_STATE] = {
		.name = "drop queued state",
		.form = &store_form_queued_until,
		.left = STORE_COUNT_QUEUED_STATE,
		.sql = "DELETE FROM restate.queued_state t USING {rows} WHERE " IS_QUEUED("t")},

	[STORE_ADD_EVENTS] = {
		.name = "add events",
		.form = &store_form_event,
		.sql = "INSERT INTO restate.journal_event (id, partition_key, event_index, after_journal_entry_index, appended_at, event_type, event_json)"
			" SELECT v.id, v.partition_key, (SELECT coalesce(max(e.event_index) + 1, 0) FROM restate.journal_event e WHERE " IS_NAMED("e") "),"
			" v.journal_size - 1, {at}, v.event_type,"
			" coalesce(v.event_json, jsonb_strip_nulls(jsonb_build_object('ty', v.event_type, 'last_failure', (SELECT e.event_json - 'ty'"
			" FROM restate.journal_event e WHERE " IS_NAMED("e") " AND e.event_type = 'TransientError' ORDER BY e.event_index DESC LIMIT 1))))"
			" FROM {rows}"},

	[STORE_COMPLETE_PROMISES] = {
		.name = "complete promises",
		.form = &store_form_promise,
		.sql = "UPDATE restate.promise t SET completed = true, completion_success_value = v.value, completion_failure = v.failure"
			" FROM {rows} WHERE " IS_STATE("t") " AND NOT t.completed"
			WAS_WRITTEN("complete promises", "t.completed")},

	[STORE_ADD_PROMISE_WAITERS] = {
		.name = "add promise waiters",
		.form = &store_form_promise_waiter,
		.sql = "INSERT INTO restate.promise_waiter (service_name, service_key, key, partition_key, caller, completion_id, caller_seed)"
			" SELECT v.service_name, v.service_key, v.key, v.partition_key, v.caller, v.completion_id, v.caller_seed FROM {rows}"
			" ON CONFLICT (partition_key, service_name COLLATE \"C\", restate.indexed_key(service_key, key), caller, completion_id)"
			" DO UPDATE SET caller_seed = excluded.caller_seed"},

	/* all that wait for a promise, those too who are gone or have completed */
	[STORE_DROP_PROMISE_WAITERS] = {
		.name = "drop promise waiters",
		.form = &store_form_promise,
		.left = STORE_COUNT_PROMISE_WAITERS,
		.sql = "DELETE FROM restate.promise_waiter t USING {rows} WHERE " IS_STATE("t")},

	/* and of all promises of a workflow that goes */
	[STORE_DELETE_PROMISE_WAITERS] = {
		.name = "delete promise waiters",
		.form = &store_form_key,
		.left = STORE_COUNT_WORKFLOW_WAITERS,
		.sql = "DELETE FROM restate.promise_waiter t USING {rows} WHERE " IS_KEY("t")},

	/*
	 * That a worker lives which gets attempts.  The row of one that was heard of a moment
	 * ago is locked, so that it does not go meanwhile, in a mode in which others of the
	 * same worker do not wait.
	 */
	[STORE_SEE_WORKERS] = {
		.name = "see workers",
		.form = &store_form_worker,
		.may_conflict = true,
		.sql = "INSERT INTO restate.worker AS w (name, last_seen) SELECT {name}, {at}"
			" WHERE NOT EXISTS (SELECT FROM restate.worker x WHERE x.name = {name}"
			" AND x.last_seen >= {at} - interval '1 second' FOR KEY SHARE)"
			" ON CONFLICT (name) DO UPDATE SET last_seen = excluded.last_seen"
			" WHERE w.last_seen < excluded.last_seen - interval '1 second'",
		.sql_of_nodes = "INSERT INTO restate.worker AS w (name, last_seen) VALUES ({name}, {at})"
			" ON CONFLICT (name) DO UPDATE SET last_seen = greatest(w.last_seen, excluded.last_seen)"},

	[STORE_KEEP_UNDELIVERED] = {
		.name = "keep undelivered",
		.form = &store_form_undelivered,
		.sql = "INSERT INTO restate.undelivered_result (id, partition_key, random_seed, completed_at, failure, failure_metadata, value)"
			" SELECT v.id, v.partition_key, v.random_seed, {at}, v.failure, v.failure_metadata, v.value FROM {rows}"},
};
/* clang-format on */
