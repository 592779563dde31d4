-- The introspection views, with the names and columns of Restate's own
-- tables, null where those are null; what they have beside that comes last.
-- A view shows partition keys unsigned and timestamps with their time zone;
-- ids compare with plain strings.  One that leaves rows out is a security
-- barrier: no function in a query sees them.
--
-- Commands and notifications are told apart by the comparison that
-- restate.is_command() stands for: a call of it costs the planner more, in each
-- query of a view.

CREATE FUNCTION restate.utf8_or_null(value bytea) RETURNS text
  LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE
  AS 'MODULE_PATHNAME', 'restate_utf8_or_null';
COMMENT ON FUNCTION restate.utf8_or_null(bytea) IS
'The bytes as text, or null where they are not UTF-8 text that the database can hold.';

CREATE FUNCTION restate.status_support(internal) RETURNS internal
  LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE
  AS 'MODULE_PATHNAME', 'restate_status_support';
REVOKE ALL ON FUNCTION restate.status_support(internal) FROM PUBLIC;
COMMENT ON FUNCTION restate.status_support(internal) IS
'The planner''s support function of restate.narrowed_by_status.';

CREATE FUNCTION restate.narrowed_by_status(status text, completed_at timestamptz) RETURNS boolean
  LANGUAGE c IMMUTABLE CALLED ON NULL INPUT PARALLEL SAFE COST 1
  SUPPORT restate.status_support
  AS 'MODULE_PATHNAME', 'restate_narrowed_by_status';
COMMENT ON FUNCTION restate.narrowed_by_status(text, timestamptz) IS
'True of every invocation. A view with it among its conditions reads the index of what is in flight where a query of it asks for statuses other than completed. status, completed_at: the columns of restate.invocation.';

CREATE VIEW restate.sys_invocation AS
SELECT restate_partition_key_unsigned(i.partition_key) AS partition_key,
  i.id,
  concat_ws('/', i.target_service_name, i.target_service_key, i.target_handler_name) AS target,
  i.target_service_name, i.target_service_key, i.target_handler_name, i.target_service_ty,
  i.idempotency_key,
  i.invoked_by, i.invoked_by_service_name, i.invoked_by_id, i.invoked_by_subscription_id, i.invoked_by_target,
  i.restarted_from,
  CASE WHEN restate.has_started(i.status) THEN i.pinned_deployment_id END AS pinned_deployment_id,
  CASE WHEN restate.has_started(i.status) THEN i.pinned_service_protocol_version END
    AS pinned_service_protocol_version,
  i.trace_id,
  CASE WHEN restate.has_started(i.status) THEN i.journal_size END AS journal_size,
  CASE WHEN restate.has_started(i.status) THEN i.journal_commands_size END AS journal_commands_size,
  i.created_at, i.created_using_restate_version, i.modified_at, i.inboxed_at,
  i.scheduled_at, i.scheduled_start_at, i.running_at, i.completed_at,
  i.completion_retention, i.journal_retention,
  i.suspended_waiting_for_completions, i.suspended_waiting_for_signals,
  i.retry_count, i.last_start_at, i.next_retry_at,
  i.last_attempt_deployment_id, i.last_attempt_server,
  i.last_failure, i.last_failure_error_code,
  NULL::bigint AS last_failure_related_entry_index, NULL::text AS last_failure_related_entry_name,
  NULL::text AS last_failure_related_entry_type,
  i.last_failure_related_command_index, i.last_failure_related_command_name, i.last_failure_related_command_type,
  i.status, i.completion_result, i.completion_failure,
  CASE WHEN i.last_failure_related_command_index >= 0 THEN
    (SELECT j.index FROM restate.journal j
      WHERE j.id = i.id AND j.partition_key = i.partition_key AND j.entry_type < 'Notification: Run'
      ORDER BY j.index OFFSET i.last_failure_related_command_index LIMIT 1)
  END AS last_failure_related_journal_index
FROM restate.invocation i
WHERE restate.narrowed_by_status(i.status, i.completed_at);
REVOKE ALL ON restate.sys_invocation FROM PUBLIC;
COMMENT ON VIEW restate.sys_invocation IS
'The invocations. status is one of pending, scheduled, ready, running, backing-off, suspended, paused, completed.';
COMMENT ON COLUMN restate.sys_invocation.pinned_deployment_id IS
'The deployment that runs it; null before it has started.';
COMMENT ON COLUMN restate.sys_invocation.pinned_service_protocol_version IS
'The version of the service protocol that it runs with; null before it has started.';
COMMENT ON COLUMN restate.sys_invocation.journal_size IS
'The entries of its journal; null before it has started.';
COMMENT ON COLUMN restate.sys_invocation.journal_commands_size IS
'The commands among them; null before it has started.';
COMMENT ON COLUMN restate.sys_invocation.last_failure_related_entry_index IS
'Always null, as in Restate, which has only the command''s; so are the name and the type.';
COMMENT ON COLUMN restate.sys_invocation.last_failure_related_command_index IS
'Which command the last failure is about, counted among the commands of the journal alone, the input being 0. It is no journal index.';
COMMENT ON COLUMN restate.sys_invocation.last_failure_related_journal_index IS
'The journal index of the command that last_failure_related_command_index counts; null if the journal has no such command yet. restate_restart_as_new takes indexes of this kind.';

CREATE VIEW restate.sys_invocation_status AS
SELECT restate_partition_key_unsigned(i.partition_key) AS partition_key,
  i.id,
  restate.coarse_status(i.status) AS status,
  i.completion_result, i.completion_failure,
  concat_ws('/', i.target_service_name, i.target_service_key, i.target_handler_name) AS target,
  i.target_service_name, i.target_service_key, i.target_handler_name, i.target_service_ty,
  i.idempotency_key,
  i.invoked_by, i.invoked_by_service_name, i.invoked_by_id, i.invoked_by_subscription_id, i.invoked_by_target,
  i.restarted_from,
  CASE WHEN restate.has_started(i.status) THEN i.pinned_deployment_id END AS pinned_deployment_id,
  CASE WHEN restate.has_started(i.status) THEN i.pinned_service_protocol_version END
    AS pinned_service_protocol_version,
  i.trace_id,
  CASE WHEN restate.has_started(i.status) THEN i.journal_size END AS journal_size,
  CASE WHEN restate.has_started(i.status) THEN i.journal_commands_size END AS journal_commands_size,
  i.created_at, i.created_using_restate_version, i.modified_at, i.inboxed_at,
  i.scheduled_at, i.scheduled_start_at, i.running_at, i.completed_at,
  i.completion_retention, i.journal_retention,
  i.suspended_waiting_for_completions, i.suspended_waiting_for_signals
FROM restate.invocation i;
REVOKE ALL ON restate.sys_invocation_status FROM PUBLIC;
COMMENT ON VIEW restate.sys_invocation_status IS
'The invocations with the coarse status: inboxed, scheduled, invoked, suspended, paused, completed.';
COMMENT ON COLUMN restate.sys_invocation_status.pinned_deployment_id IS
'The deployment that runs it; null before it has started.';
COMMENT ON COLUMN restate.sys_invocation_status.pinned_service_protocol_version IS
'The version of the service protocol that it runs with; null before it has started.';
COMMENT ON COLUMN restate.sys_invocation_status.journal_size IS
'The entries of its journal; null before it has started.';
COMMENT ON COLUMN restate.sys_invocation_status.journal_commands_size IS
'The commands among them; null before it has started.';

CREATE VIEW restate.sys_journal AS
SELECT restate_partition_key_unsigned(j.partition_key) AS partition_key,
  j.id,
  j.index,
  j.entry_type::text AS entry_type,
  j.name,
  CASE WHEN j.entry_type < 'Notification: Run' AND j.completion_id IS NOT NULL THEN
    EXISTS (SELECT FROM restate.journal n
      WHERE n.id = j.id AND n.partition_key = j.partition_key
        AND n.completion_id = coalesce(j.result_completion_id, j.completion_id)
        AND n.entry_type >= 'Notification: Run')
  END AS completed,
  j.invoked_id,
  restate.invoked_target(j.entry_type, j.meta) AS invoked_target,
  restate.sleep_wakeup_at(j.entry_type, j.meta) AS sleep_wakeup_at,
  restate.promise_name(j.entry_type, j.meta) AS promise_name,
  octet_length(j.payload) AS payload_length,
  j.version,
  restate.entry_json(j.entry_type, j.name, j.completion_id, j.result_completion_id, j.invoked_id,
    j.signal_index, j.signal_name, j.meta, j.payload) AS entry_json,
  restate.entry_lite_json(j.entry_type, j.name, j.completion_id, j.result_completion_id, j.invoked_id,
    j.signal_index, j.signal_name, j.meta) AS entry_lite_json,
  j.appended_at,
  j.completion_id, j.result_completion_id,
  NULL::bytea AS raw
FROM restate.journal j;
REVOKE ALL ON restate.sys_journal FROM PUBLIC;
COMMENT ON VIEW restate.sys_journal IS
'The journal entries. completed tells of a command whether its (last) completion has arrived.';
COMMENT ON COLUMN restate.sys_journal.completion_id IS
'On a command the completion it waits for, a call''s first, which brings the id of the callee; on a notification the one it brings.';
COMMENT ON COLUMN restate.sys_journal.result_completion_id IS
'The second completion that a Call waits for, its result; null elsewhere.';
COMMENT ON COLUMN restate.sys_journal.raw IS
'Always null: an entry is kept as what it holds, not as the bytes of the protocol.';

CREATE VIEW restate.sys_journal_events AS
SELECT restate_partition_key_unsigned(e.partition_key) AS partition_key,
  e.id, e.after_journal_entry_index, e.appended_at, e.event_type, e.event_json::text AS event_json
FROM restate.journal_event e;
REVOKE ALL ON restate.sys_journal_events FROM PUBLIC;
COMMENT ON VIEW restate.sys_journal_events IS
'What happened beside the journals.';

CREATE VIEW restate.sys_inbox WITH (security_barrier) AS
SELECT restate_partition_key_unsigned(i.partition_key) AS partition_key,
  i.target_service_name AS service_name, i.target_service_key AS service_key,
  i.id, i.inbox_sequence_number AS sequence_number, NULL::timestamptz AS created_at
FROM restate.invocation i
WHERE i.inbox_sequence_number IS NOT NULL;
REVOKE ALL ON restate.sys_inbox FROM PUBLIC;
COMMENT ON VIEW restate.sys_inbox IS
'The invocations that wait for their object key, in the order of sequence_number.';
COMMENT ON COLUMN restate.sys_inbox.created_at IS
'Always null, as in Restate: sys_invocation has it.';

CREATE VIEW restate.sys_invocation_state WITH (security_barrier) AS
SELECT restate_partition_key_unsigned(i.partition_key) AS partition_key,
  i.id, i.status = 'running' AS in_flight,
  i.retry_count, i.last_start_at, i.last_attempt_deployment_id, i.last_attempt_server, i.next_retry_at,
  i.last_failure, i.last_failure_error_code,
  i.last_failure_related_command_index, i.last_failure_related_command_name, i.last_failure_related_command_type,
  NULL::bigint AS last_failure_related_entry_index, NULL::text AS last_failure_related_entry_name,
  NULL::text AS last_failure_related_entry_type
FROM restate.invocation i
WHERE i.completed_at IS NULL AND i.status IN ('running', 'backing-off');
REVOKE ALL ON restate.sys_invocation_state FROM PUBLIC;
COMMENT ON VIEW restate.sys_invocation_state IS
'The invocations that are being attempted: those that run and those that back off.';
COMMENT ON COLUMN restate.sys_invocation_state.in_flight IS
'Whether an attempt runs; else the next one is waited for.';
COMMENT ON COLUMN restate.sys_invocation_state.last_failure_related_entry_index IS
'Always null, as in Restate, which has only the command''s; so are the name and the type.';

CREATE VIEW restate.sys_idempotency WITH (security_barrier) AS
SELECT restate_partition_key_unsigned(i.partition_key) AS partition_key,
  i.target_service_name AS service_name, i.target_service_key AS service_key, i.target_handler_name AS service_handler,
  i.idempotency_key, i.id AS invocation_id
FROM restate.invocation i
WHERE i.idempotency_key IS NOT NULL;
REVOKE ALL ON restate.sys_idempotency FROM PUBLIC;
COMMENT ON VIEW restate.sys_idempotency IS
'The idempotency keys that are in use, and the invocation that each led to.';

CREATE VIEW restate.sys_keyed_service_status WITH (security_barrier) AS
SELECT restate_partition_key_unsigned(k.partition_key) AS partition_key,
  k.service_name, k.service_key, k.holder AS invocation_id
FROM restate.object_key k
WHERE k.holder IS NOT NULL;
REVOKE ALL ON restate.sys_keyed_service_status FROM PUBLIC;
COMMENT ON VIEW restate.sys_keyed_service_status IS
'The object keys that an invocation holds.';

CREATE VIEW restate.sys_deployment WITH (security_barrier) AS
SELECT d.id, d.ty, d.endpoint, d.created_at, d.min_service_protocol_version, d.max_service_protocol_version,
  coalesce(p.in_flight, 0) AS in_flight,
  p.in_flight IS NULL AND NOT EXISTS (
    SELECT FROM restate.service_revision s
    WHERE s.deployment_id = d.id AND NOT EXISTS (
      SELECT FROM restate.service_revision n
      JOIN restate.deployment o ON o.id = n.deployment_id
      WHERE n.service_name = s.service_name AND n.revision > s.revision)) AS drained
FROM restate.deployment d
-- what is in flight is read once, and only where a query asks for either column
LEFT JOIN (
  SELECT i.pinned_deployment_id, count(*) AS in_flight
  FROM restate.invocation i
  WHERE i.completed_at IS NULL AND i.pinned_deployment_id IS NOT NULL
  GROUP BY i.pinned_deployment_id) AS p ON p.pinned_deployment_id = d.id;
REVOKE ALL ON restate.sys_deployment FROM PUBLIC;
COMMENT ON VIEW restate.sys_deployment IS
'The registered deployments.';

-- The latest revision is the highest whose deployment is registered.  The
-- statements that lock an invocation and look for the deployment of its service's
-- latest revision say so themselves, to find it through the primary key.
CREATE VIEW restate.sys_service WITH (security_barrier) AS
SELECT DISTINCT ON (s.service_name) s.service_name AS name, s.revision, s.public, s.ty, s.deployment_id
FROM restate.service_revision s
JOIN restate.deployment d ON d.id = s.deployment_id
ORDER BY s.service_name, s.revision DESC;
REVOKE ALL ON restate.sys_service FROM PUBLIC;
COMMENT ON VIEW restate.sys_service IS
'The services, each at its latest revision.';

CREATE VIEW restate.state AS
SELECT restate_partition_key_unsigned(s.partition_key) AS partition_key,
  s.service_name, s.service_key, s.key, octet_length(s.key) AS key_length,
  restate.utf8_or_null(s.value) AS value_utf8, s.value, octet_length(s.value) AS value_length
FROM restate.object_state s;
REVOKE ALL ON restate.state FROM PUBLIC;
COMMENT ON VIEW restate.state IS
'The state of virtual objects and workflows.';

CREATE VIEW restate.sys_promise AS
SELECT restate_partition_key_unsigned(p.partition_key) AS partition_key,
  p.service_name, p.service_key, p.key, p.completed,
  p.completion_success_value, restate.utf8_or_null(p.completion_success_value) AS completion_success_value_utf8,
  p.completion_failure
FROM restate.promise p;
REVOKE ALL ON restate.sys_promise FROM PUBLIC;
COMMENT ON VIEW restate.sys_promise IS
'The durable promises of workflows.';

CREATE VIEW restate.sys_audit AS
SELECT a.audit_id, a.at, a.operation, a.id, a.parameters, a.outcome, a.new_id, a.caused_by,
  a.role_name, a.session_user_name, a.claimed_subject, a.reason
FROM restate.audit a;
REVOKE ALL ON restate.sys_audit FROM PUBLIC;
COMMENT ON VIEW restate.sys_audit IS
'The operations that took effect: when, by whom, on what, with which outcome and why.';
