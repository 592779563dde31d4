-- A million invocations, of which two thousand are in flight, with what belongs to them.
INSERT INTO restate.deployment (id, ty, endpoint, min_service_protocol_version, max_service_protocol_version)
VALUES ('dp_10000000000000000000old', 'http', 'http://old', 5, 6), ('dp_10000000000000000000new', 'http', 'http://new', 5, 7);
INSERT INTO restate.service_revision (service_name, revision, deployment_id, ty, handlers)
SELECT 'Svc' || n, r, CASE r WHEN 1 THEN 'dp_10000000000000000000old' ELSE 'dp_10000000000000000000new' END::restate_deployment_id, 'service', '[{"name": "run"}]'::jsonb
FROM generate_series(0, 7) AS n, generate_series(1, 2) AS r
UNION ALL SELECT 'Obj', 1, 'dp_10000000000000000000new', 'virtual_object', '[{"name": "run"}]';

-- each 500th is in flight, each 50th has its journal, each 100th is a restart, each 10th is of an object
INSERT INTO restate.invocation (id, partition_key, status, target_service_name, target_service_key, target_handler_name, target_service_ty, target_handler_ty,
  invoked_by, restarted_from, journal_size, journal_commands_size, completion_result, created_at, modified_at, inboxed_at, completed_at, inbox_sequence_number,
  next_retry_at, pinned_deployment_id, pinned_service_protocol_version, suspended_waiting_for_completions)
SELECT v.id, restate_partition_key_of_id(v.id), v.status, v.service, v.key, 'run', CASE WHEN v.key IS NULL THEN 'service' ELSE 'virtual_object' END,
  CASE WHEN v.key IS NOT NULL THEN 'exclusive' END, CASE WHEN v.is_restart THEN 'restart_as_new' ELSE 'ingress' END,
  CASE WHEN v.is_restart THEN (left(v.id::text, 16) || lpad('original', 22, '0'))::restate_invocation_id END,
  CASE WHEN v.has_journal THEN 10 ELSE 0 END, CASE WHEN v.has_journal THEN 6 ELSE 0 END, CASE v.status WHEN 'completed' THEN 'success' END,
  v.at, v.at, CASE v.status WHEN 'pending' THEN v.at END, CASE v.status WHEN 'completed' THEN v.at + interval '1 minute' END, CASE v.status WHEN 'pending' THEN v.n END,
  CASE v.status WHEN 'backing-off' THEN now() + interval '1 hour' END, CASE WHEN v.has_journal THEN 'dp_10000000000000000000old'::restate_deployment_id END,
  CASE WHEN v.has_journal THEN 6 END, CASE v.status WHEN 'suspended' THEN '{6}'::bigint[] END
FROM (SELECT n, n % 100 = 50 AS is_restart, n % 50 = 0 AND (n % 500 > 0 OR n / 500 % 8 <> 4) AS has_journal, now() - n * interval '2 seconds' AS at,
    CASE WHEN n % 500 > 0 THEN 'completed' ELSE (ARRAY['running', 'backing-off', 'suspended', 'ready', 'pending', 'suspended', 'paused', 'running'])[n / 500 % 8 + 1] END AS status,
    CASE WHEN is_object THEN 'Obj' ELSE 'Svc' || n % 8 END AS service, CASE WHEN is_object THEN key END AS key,
    CASE WHEN is_object THEN (left(restate_workflow_invocation_id('Obj', key)::text, 16) || lpad(n::text, 22, '0'))::restate_invocation_id
      ELSE restate_workflow_invocation_id('million', n::text) END AS id
  FROM generate_series(1, 1000000) AS n,
    LATERAL (SELECT n % 500 > 0 AND n % 10 = 7 OR n % 500 = 0 AND n / 500 % 8 >= 4 AS is_object, 
      CASE WHEN n % 500 > 0 THEN 'key' || n % 5000 WHEN n / 500 % 8 < 6 THEN 'busy' || n / 4000 ELSE 'own' || n / 500 END AS key) AS o) AS v;
INSERT INTO restate.journal (id, partition_key, index, entry_type, completion_id, invoked_id, name)
SELECT i.id, i.partition_key, e.index, e.entry_type::restate.entry_type, CASE WHEN e.index BETWEEN 1 AND 8 THEN (e.index + 1) / 2 END,
  CASE WHEN e.index IN (5, 6) THEN restate_workflow_invocation_id('called', i.id::text) END, CASE e.entry_type WHEN 'Command: Run' THEN 'step' ELSE '' END
FROM restate.invocation AS i,
  unnest('{Command: Input,Command: Run,Notification: Run,Command: Run,Notification: Run,Command: OneWayCall,Notification: CallInvocationId,Command: Run,Notification: Run,Command: Output}'::text[])
  WITH ORDINALITY AS t (entry_type, ordinality), LATERAL (SELECT t.entry_type, t.ordinality - 1 AS index) AS e
WHERE i.journal_size = 10;
INSERT INTO restate.object_key (service_name, service_key, partition_key, holder, next_sequence_number)
SELECT DISTINCT ON (target_service_key) 'Obj', target_service_key, partition_key, CASE WHEN status NOT IN ('completed', 'pending') THEN id END, 10000000
FROM restate.invocation WHERE target_service_name = 'Obj' ORDER BY target_service_key, status IN ('completed', 'pending');
INSERT INTO restate.audit (id, partition_key, at, operation, parameters, outcome, new_id, role_name, session_user_name)
SELECT coalesce(restarted_from, id), partition_key, created_at, CASE WHEN restarted_from IS NULL THEN 'pause' ELSE 'restart_as_new' END, '{}', 'done',
  CASE WHEN restarted_from IS NOT NULL THEN id END, 'somebody', 'somebody' FROM restate.invocation WHERE journal_size > 0;
INSERT INTO restate.journal_event (id, partition_key, event_index, after_journal_entry_index, event_type, event_json)
SELECT id, partition_key, 0, 0, 'TransientError', '{}' FROM restate.invocation WHERE journal_size > 0;
INSERT INTO restate.runnable (service_name, deployment_id, ready_at, id, partition_key)
SELECT target_service_name, pinned_deployment_id, modified_at, id, partition_key FROM restate.invocation WHERE completed_at IS NULL AND status = 'ready';
INSERT INTO restate.held_service VALUES ('Svc4', 'too slow', now() - interval '1 hour', 'somebody');
-- each that has completed expires some day, and some sleep
INSERT INTO restate.timer (kind, due_at, id, completion_id, partition_key)
SELECT 'expiry', completed_at + interval '60 days', id, -1, partition_key FROM restate.invocation WHERE completed_at IS NOT NULL ORDER BY completed_at;
INSERT INTO restate.timer (kind, due_at, id, completion_id, partition_key)
SELECT 'sleep', now() + interval '1 day', id, 5, partition_key FROM restate.invocation WHERE completed_at IS NULL AND status = 'suspended';
VACUUM ANALYZE;
