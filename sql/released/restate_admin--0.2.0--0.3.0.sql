\echo Use "ALTER EXTENSION restate_admin UPDATE TO '0.3.0'" to load this file. \quit
SET LOCAL search_path TO pg_catalog, pg_temp;

-- Ids and their partition keys.

-- The rules of rows and entries.

-- Views.

COMMENT ON COLUMN restate.invocation.last_failure_related_command_index IS
'Which command the last failure is about, counted among the commands of the journal alone, the input being 0. It is no journal index.';

CREATE OR REPLACE VIEW restate.sys_invocation AS
SELECT restate_partition_key_unsigned(i.partition_key) AS partition_key,
  i.id,
  concat_ws('/', i.target_service_name, i.target_service_key, i.target_handler_name) AS target,
  i.target_service_name, i.target_service_key, i.target_handler_name, i.target_service_ty,
  i.idempotency_key,
  i.invoked_by, i.invoked_by_service_name, i.invoked_by_id, i.invoked_by_subscription_id, i.invoked_by_target,
  i.restarted_from,
  CASE WHEN i.status NOT IN ('scheduled', 'pending') THEN i.pinned_deployment_id END AS pinned_deployment_id,
  CASE WHEN i.status NOT IN ('scheduled', 'pending') THEN i.pinned_service_protocol_version END
    AS pinned_service_protocol_version,
  i.trace_id,
  CASE WHEN i.status NOT IN ('scheduled', 'pending') THEN i.journal_size END AS journal_size,
  CASE WHEN i.status NOT IN ('scheduled', 'pending') THEN i.journal_commands_size END AS journal_commands_size,
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
FROM restate.invocation i;
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

CREATE OR REPLACE VIEW restate.sys_invocation_status AS
SELECT restate_partition_key_unsigned(i.partition_key) AS partition_key,
  i.id,
  CASE i.status
    WHEN 'pending' THEN 'inboxed'
    WHEN 'ready' THEN 'invoked'
    WHEN 'running' THEN 'invoked'
    WHEN 'backing-off' THEN 'invoked'
    ELSE i.status
  END AS status,
  i.completion_result, i.completion_failure,
  concat_ws('/', i.target_service_name, i.target_service_key, i.target_handler_name) AS target,
  i.target_service_name, i.target_service_key, i.target_handler_name, i.target_service_ty,
  i.idempotency_key,
  i.invoked_by, i.invoked_by_service_name, i.invoked_by_id, i.invoked_by_subscription_id, i.invoked_by_target,
  i.restarted_from,
  CASE WHEN i.status NOT IN ('scheduled', 'pending') THEN i.pinned_deployment_id END AS pinned_deployment_id,
  CASE WHEN i.status NOT IN ('scheduled', 'pending') THEN i.pinned_service_protocol_version END
    AS pinned_service_protocol_version,
  i.trace_id,
  CASE WHEN i.status NOT IN ('scheduled', 'pending') THEN i.journal_size END AS journal_size,
  CASE WHEN i.status NOT IN ('scheduled', 'pending') THEN i.journal_commands_size END AS journal_commands_size,
  i.created_at, i.created_using_restate_version, i.modified_at, i.inboxed_at,
  i.scheduled_at, i.scheduled_start_at, i.running_at, i.completed_at,
  i.completion_retention, i.journal_retention,
  i.suspended_waiting_for_completions, i.suspended_waiting_for_signals
FROM restate.invocation i;
COMMENT ON COLUMN restate.sys_invocation_status.pinned_deployment_id IS
'The deployment that runs it; null before it has started.';
COMMENT ON COLUMN restate.sys_invocation_status.pinned_service_protocol_version IS
'The version of the service protocol that it runs with; null before it has started.';
COMMENT ON COLUMN restate.sys_invocation_status.journal_size IS
'The entries of its journal; null before it has started.';
COMMENT ON COLUMN restate.sys_invocation_status.journal_commands_size IS
'The commands among them; null before it has started.';

CREATE OR REPLACE VIEW restate.sys_journal AS
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
  j.completion_id, j.result_completion_id
FROM restate.journal j;
COMMENT ON COLUMN restate.sys_journal.completion_id IS
'On a command the completion it waits for, a call''s first, which brings the id of the callee; on a notification the one it brings.';
COMMENT ON COLUMN restate.sys_journal.result_completion_id IS
'The second completion that a Call waits for, its result; null elsewhere.';

CREATE OR REPLACE VIEW restate.sys_inbox WITH (security_barrier) AS
SELECT restate_partition_key_unsigned(i.partition_key) AS partition_key,
  i.target_service_name AS service_name, i.target_service_key AS service_key,
  i.id, i.inbox_sequence_number AS sequence_number, NULL::timestamptz AS created_at
FROM restate.invocation i
WHERE i.status = 'pending';
COMMENT ON COLUMN restate.sys_inbox.created_at IS
'Always null, as in Restate: sys_invocation has it.';

ALTER VIEW restate.sys_keyed_service_status SET (security_barrier);
ALTER VIEW restate.sys_service SET (security_barrier);
ALTER VIEW restate.admin_service SET (security_barrier);

CREATE OR REPLACE VIEW restate_api.invocations AS SELECT * FROM restate.sys_invocation;
CREATE OR REPLACE VIEW restate_api.journal AS SELECT * FROM restate.sys_journal;

CREATE FUNCTION restate.refuse_write() RETURNS trigger
  LANGUAGE C VOLATILE PARALLEL SAFE
  AS 'MODULE_PATHNAME', 'restate_refuse_write';
REVOKE ALL ON FUNCTION restate.refuse_write() FROM PUBLIC;
COMMENT ON FUNCTION restate.refuse_write() IS
'The trigger of every view: raises 55000, the server''s own for a view that cannot be written to. Its three arguments are the hints on INSERT, UPDATE and DELETE: what to call instead.';

DO $do$
DECLARE
  kind record;
  view regclass;
BEGIN
  FOR kind IN
    SELECT * FROM (VALUES
      ('{restate.sys_invocation, restate.sys_invocation_status, restate_api.invocations}'::regclass[],
        'restate_import_invocation() loads an invocation, restate_restart_as_new() makes one of a completed one.',
        'restate_cancel(), restate_kill(), restate_pause() and restate_resume() change what becomes of an invocation.',
        'restate_purge() removes a completed invocation, restate_delete_invocation() cancels, kills or purges one.'),
      ('{restate.sys_journal, restate.sys_journal_events, restate_api.journal, restate_api.journal_events}',
        'restate_import_invocation() loads an invocation with its journal; what executes invocations appends to tables restate.journal and restate.journal_event.',
        'An entry stays as it is: restate_restart_as_new() makes an invocation whose journal begins with the same entries.',
        'restate_purge_journal() removes the journal of a completed invocation with its events, restate_purge() the whole invocation.'),
      ('{restate.sys_inbox, restate_api.inbox}',
        'restate_import_invocation() loads an invocation that waits, restate_restart_as_new() makes one where the object key is held.',
        'The order of an inbox stays as it is: restate_cancel() and restate_kill() remove an invocation from it.',
        'restate_cancel() and restate_kill() remove an invocation that waits.'),
      ('{restate.sys_keyed_service_status, restate_api.keyed_service_status}',
        'An object key is held by the first invocation that starts on it: restate_import_invocation(), restate_restart_as_new().',
        'restate_cancel() and restate_kill() end the invocation that holds an object key.',
        'restate_cancel() and restate_kill() end the invocation that holds an object key.'),
      ('{restate.sys_deployment, restate.sys_service, restate.admin_deployment, restate.admin_deployments, restate.admin_service, restate.admin_services, restate_api.deployments, restate_api.services}',
        'What registers deployments changes their rows: insert into tables restate.deployment and restate.service_revision.',
        'What registers deployments changes their rows: insert the next revision into table restate.service_revision.',
        'What registers deployments changes their rows: delete from tables restate.service_revision and restate.deployment.'),
      ('{restate.state, restate.sys_promise, restate_api.state, restate_api.promises}',
        'What executes invocations changes these rows, in tables restate.object_state and restate.promise.',
        'What executes invocations changes these rows, in tables restate.object_state and restate.promise.',
        'restate_purge() of a completed workflow run removes its state and promises; what executes invocations changes the rest, in tables restate.object_state and restate.promise.'),
      ('{restate.sys_audit, restate_api.audit}',
        'Each operation that takes effect adds a row, with restate_admin.reason in it.',
        'A row of the audit stays as it is.',
        'Delete rows that are old enough from table restate.audit.')
    ) AS k (views, on_insert, on_update, on_delete)
  LOOP
    FOREACH view IN ARRAY kind.views LOOP
      EXECUTE format('CREATE TRIGGER only_reads BEFORE INSERT OR UPDATE OR DELETE ON %s EXECUTE FUNCTION restate.refuse_write(%L, %L, %L)',
        view, kind.on_insert, kind.on_update, kind.on_delete);
      EXECUTE format('CREATE TRIGGER only_reads_row INSTEAD OF INSERT OR UPDATE OR DELETE ON %s FOR EACH ROW EXECUTE FUNCTION restate.refuse_write()',
        view);
    END LOOP;
  END LOOP;
END
$do$;

-- Operations.

-- HTTP.

-- Verification.

CREATE OR REPLACE FUNCTION restate_verify()
  RETURNS TABLE (problem text, id restate_invocation_id, detail text)
  LANGUAGE sql STABLE SECURITY DEFINER PARALLEL RESTRICTED COST 100000 ROWS 10
  SET search_path = pg_catalog, pg_temp
AS $function$
  -- Every join and grouping is by the partition key, for tables distributed by
  -- it.  What can be large is scanned in order of the table, grouped, or joined
  -- by equality of keys, never a loop in a loop: with or without statistics a
  -- step takes the memory that work_mem allows, and disk beyond that.
  SELECT p.problem, coalesce(i.id, c.id), p.detail
  FROM restate.invocation i
  FULL JOIN (
    SELECT j.id, j.partition_key, count(*) AS size,
      count(*) FILTER (WHERE j.entry_type < 'Notification: Run') AS commands_size,
      min(j.index) AS first, max(j.index) AS last
    FROM restate.journal j
    GROUP BY j.id, j.partition_key
  ) AS c ON c.id = i.id AND c.partition_key = i.partition_key
  CROSS JOIN LATERAL (
    SELECT 'journal_without_invocation', format('%s entries', c.size)
    WHERE i.id IS NULL
    UNION ALL
    SELECT 'journal_size', format('the row says %s and %s commands, the journal has %s and %s', i.journal_size,
      i.journal_commands_size, coalesce(c.size, 0), coalesce(c.commands_size, 0))
    WHERE i.journal_size <> coalesce(c.size, 0) OR i.journal_commands_size <> coalesce(c.commands_size, 0)
    UNION ALL
    SELECT 'journal_gap', format('%s entries from index %s to %s', c.size, c.first, c.last)
    WHERE c.first <> 0 OR c.last <> c.size - 1
  ) AS p(problem, detail)
  UNION ALL
  SELECT 'events_without_invocation', e.id, format('%s events', count(*))
  FROM restate.journal_event e
  LEFT JOIN restate.invocation i ON i.id = e.id AND i.partition_key = e.partition_key
  WHERE i.id IS NULL
  GROUP BY e.id, e.partition_key
  UNION ALL
  SELECT 'input_misplaced', j.id, format('%s at index %s', j.entry_type, j.index)
  FROM restate.journal j
  WHERE (j.index = 0) <> (j.entry_type = 'Command: Input')
  UNION ALL
  SELECT 'input_missing', i.id, format('%s without a journal', i.status)
  FROM restate.invocation i
  WHERE i.status NOT IN ('pending', 'scheduled', 'completed') AND i.journal_size = 0
  UNION ALL
  -- Who asks for a completion, that it arrives, and who is suspended on it.
  -- Signals 1 to 16 are sent again and again, to be taken in their order: that
  -- one has arrived does not tell whether another is waited for.  Each signal
  -- from 17 on belongs to one awakeable.
  SELECT p.problem, a.id, p.detail
  FROM (
    SELECT s.id, s.partition_key, s.completion_id, s.signal_index, min(s.asked) AS asked,
      min(s.arrived) AS arrived, count(s.arrived) AS arrivals, bool_or(s.awaited) AS awaited
    FROM (
      SELECT j.id, j.partition_key, j.completion_id, NULL::bigint AS signal_index,
        CASE WHEN j.entry_type < 'Notification: Run' THEN j.index END AS asked,
        CASE WHEN j.entry_type >= 'Notification: Run' THEN j.index END AS arrived, false AS awaited
      FROM restate.journal j
      WHERE j.completion_id IS NOT NULL
      UNION ALL
      SELECT j.id, j.partition_key, j.result_completion_id, NULL, j.index, NULL, false
      FROM restate.journal j
      WHERE j.entry_type < 'Notification: Run' AND j.result_completion_id IS NOT NULL
      UNION ALL
      SELECT j.id, j.partition_key, NULL, j.signal_index, NULL, j.index, false
      FROM restate.journal j
      WHERE j.entry_type = 'Notification: Signal' AND j.signal_index >= 17
      UNION ALL
      SELECT i.id, i.partition_key, w.completion_id, NULL, NULL, NULL, true
      FROM restate.invocation i
      CROSS JOIN LATERAL unnest(i.suspended_waiting_for_completions) AS w(completion_id)
      WHERE i.status = 'suspended'
      UNION ALL
      SELECT i.id, i.partition_key, NULL, w.signal_index, NULL, NULL, true
      FROM restate.invocation i
      CROSS JOIN LATERAL unnest(i.suspended_waiting_for_signals) AS w(signal_index)
      WHERE i.status = 'suspended'
    ) AS s
    GROUP BY s.id, s.partition_key, s.completion_id, s.signal_index
    HAVING count(s.arrived) > 0
  ) AS a
  CROSS JOIN LATERAL (
    SELECT 'completion_repeated', format('completion %s arrived %s times', a.completion_id, a.arrivals)
    WHERE a.completion_id IS NOT NULL AND a.arrivals > 1
    UNION ALL
    SELECT 'completion_unasked', format('no command waits for completion %s at index %s', a.completion_id, a.arrived)
    WHERE a.completion_id IS NOT NULL AND (a.asked IS NULL OR a.asked > a.arrived)
    UNION ALL
    SELECT 'wakeup_lost', format('suspended on %s %s, which arrived at index %s',
      CASE WHEN a.completion_id IS NULL THEN 'signal' ELSE 'completion' END, coalesce(a.completion_id, a.signal_index), a.arrived)
    WHERE a.awaited
  ) AS p(problem, detail)
  UNION ALL
  SELECT 'suspended_on_nothing', i.id, 'suspended, and waits for no completion and no signal'
  FROM restate.invocation i
  WHERE i.status = 'suspended' AND coalesce(cardinality(i.suspended_waiting_for_completions), 0) = 0
    AND coalesce(cardinality(i.suspended_waiting_for_signals), 0) = 0
  UNION ALL
  SELECT 'pause_left', i.id, format('%s, though a pause waits for its attempt to end', i.status)
  FROM restate.invocation i
  WHERE i.pause_requested AND i.status NOT IN ('ready', 'running')
  UNION ALL
  -- A restart with keep may be pinned to what is removed: one that was never
  -- attempted still waits for that deployment, or to be resumed on another.
  SELECT 'pinned_without_deployment', i.id, format('%s on %s, which is not registered', i.status, i.pinned_deployment_id)
  FROM restate.invocation i
  LEFT JOIN restate.deployment d ON d.id = i.pinned_deployment_id
  WHERE i.status <> 'completed' AND i.pinned_deployment_id IS NOT NULL AND d.id IS NULL
    AND (i.restarted_from IS NULL OR i.last_start_at IS NOT NULL)
  UNION ALL
  SELECT 'entry_malformed', j.id, format('%s at index %s has the wrong ids', j.entry_type, j.index)
  FROM restate.journal j
  WHERE (j.completion_id IS NOT NULL) <> (j.entry_type IN (
      'Command: Run', 'Command: Sleep', 'Command: Call', 'Command: OneWayCall',
      'Command: AttachInvocation', 'Command: GetInvocationOutput', 'Command: GetLazyState',
      'Command: GetLazyStateKeys', 'Command: GetPromise', 'Command: PeekPromise',
      'Command: CompletePromise')
      OR j.entry_type >= 'Notification: Run' AND j.entry_type <> 'Notification: Signal')
    OR (j.result_completion_id IS NOT NULL) <> (j.entry_type = 'Command: Call')
    OR (j.invoked_id IS NOT NULL) <> (j.entry_type IN (
      'Command: Call', 'Command: OneWayCall', 'Notification: CallInvocationId'))
  UNION ALL
  SELECT 'key_held_by_other', k.holder,
    format('%s/%s is held by an invocation that cannot hold it', k.service_name, k.service_key)
  FROM restate.object_key k
  LEFT JOIN restate.invocation i ON i.id = k.holder AND i.partition_key = k.partition_key
    AND i.target_handler_ty = 'exclusive' AND i.status NOT IN ('pending', 'scheduled', 'completed')
    AND i.target_service_name = k.service_name AND i.target_service_key = k.service_key
  WHERE k.holder IS NOT NULL AND i.id IS NULL
  UNION ALL
  SELECT 'key_not_held', i.id,
    format('%s without holding %s/%s', i.status, i.target_service_name, i.target_service_key)
  FROM restate.invocation i
  LEFT JOIN restate.object_key k ON k.partition_key = i.partition_key AND k.holder = i.id
    AND k.service_name = i.target_service_name AND k.service_key = i.target_service_key
  WHERE i.target_handler_ty = 'exclusive' AND i.status NOT IN ('pending', 'scheduled', 'completed')
    AND k.holder IS NULL
  UNION ALL
  SELECT 'inbox_stalled', i.id,
    format('waits for %s/%s, which nobody holds', i.target_service_name, i.target_service_key)
  FROM restate.invocation i
  LEFT JOIN restate.object_key k ON k.partition_key = i.partition_key
    AND k.service_name = i.target_service_name AND k.service_key = i.target_service_key
  WHERE i.target_handler_ty = 'exclusive' AND i.status = 'pending' AND k.holder IS NULL
  UNION ALL
  SELECT 'inbox_order', i.id,
    format('sequence number %s is not before the next, %s', i.inbox_sequence_number, k.next_sequence_number)
  FROM restate.invocation i
  JOIN restate.object_key k ON k.partition_key = i.partition_key
    AND k.service_name = i.target_service_name AND k.service_key = i.target_service_key
  WHERE i.status = 'pending' AND i.inbox_sequence_number >= k.next_sequence_number
  UNION ALL
  SELECT 'inbox_without_key', i.id, 'pending, though its handler takes no object key'
  FROM restate.invocation i
  WHERE i.status = 'pending' AND i.target_handler_ty IS DISTINCT FROM 'exclusive'
  UNION ALL
  SELECT 'restart_moved', i.id, 'its partition key is not that of the original'
  FROM restate.invocation i
  WHERE i.restarted_from IS NOT NULL AND restate_partition_key(i.restarted_from) <> i.partition_key
  UNION ALL
  SELECT 'key_moved', i.id, 'its partition key is not that of its service key'
  FROM restate.invocation i
  WHERE i.target_service_key IS NOT NULL
    AND i.partition_key <> restate_partition_key(i.target_service_key)
  UNION ALL
  SELECT 'revision_without_deployment', NULL, format('revision %s of %s is on %s, which is not registered',
    s.revision, s.service_name, s.deployment_id)
  FROM restate.service_revision s
  LEFT JOIN restate.deployment d ON d.id = s.deployment_id
  WHERE d.id IS NULL
$function$;
COMMENT ON FUNCTION restate_verify() IS
'Returns a row for each broken invariant: orphans, sizes, gaps, completions, suspensions, pauses, deployments, holders of object keys, inboxes. Empty when all is well. Reads every row of the tables, in the memory that work_mem allows for each step.';

-- Import.
