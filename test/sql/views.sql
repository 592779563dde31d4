-- The introspection views, asked as Restate's own tables are.
SELECT table_name, string_agg(column_name || ' ' || coalesce(domain_name, CASE data_type WHEN 'USER-DEFINED' THEN udt_name
    WHEN 'ARRAY' THEN substr(udt_name, 2) || '[]' WHEN 'timestamp with time zone' THEN 'timestamptz' ELSE data_type END), E'\n'
    ORDER BY ordinal_position) AS columns
FROM information_schema.columns JOIN information_schema.views USING (table_schema, table_name)
WHERE table_schema = 'restate' AND (table_name LIKE 'sys\_%' OR table_name = 'state') GROUP BY table_name ORDER BY table_name COLLATE "C";

INSERT INTO restate.deployment (id, ty, endpoint, created_at, min_service_protocol_version, max_service_protocol_version)
VALUES ('dp_10000000000000000000old', 'http', 'http://old', '2026-01-01Z', 5, 6),
       ('dp_10000000000000000000new', 'lambda', 'arn:aws:lambda:eu-central-1:1:function:new:1', '2026-02-01Z', 5, 7);
INSERT INTO restate.service_revision (service_name, revision, deployment_id, ty, public)
VALUES ('Svc', 1, 'dp_10000000000000000000old', 'service', true), ('Svc', 2, 'dp_10000000000000000000new', 'service', false),
       ('Obj', 1, 'dp_10000000000000000000old', 'virtual_object', true);
SELECT restate_import_invocation('{"id": "inv_1lYGhA16ahyf000000000000000000done", "status": "completed", "completion_result": "failure",
  "completion_failure": "[500] broken", "target_service_name": "Svc", "target_handler_name": "run", "target_service_ty": "service",
  "pinned_deployment_id": "dp_10000000000000000000old", "pinned_service_protocol_version": 6, "idempotency_key": "ik",
  "created_at": "2026-03-01T10:00:00Z", "completed_at": "2026-03-01T10:00:05Z", "trace_id": "0af7651916cd43dd8448eb211c80319c"}',
  '[{"index": 0, "entry_json": {"Command": {"Input": {"headers": [], "payload": [123, 125], "name": ""}}}},
    {"index": 1, "entry_json": {"Command": {"Sleep": {"wake_up_time": 1772359200000, "completion_id": 1, "name": "a while"}}}},
    {"index": 2, "entry_json": {"Notification": {"Completion": {"Sleep": {"completion_id": 1}}}}},
    {"index": 3, "entry_json": {"Command": {"Call": {"request": {"invocation_id": "inv_1dceKvwtEc2n0000000000000000holder",
       "invocation_target": {"VirtualObject": {"name": "Obj", "key": "a", "handler": "add", "handler_ty": "Exclusive"}},
       "parameter": [], "headers": []}, "invocation_id_completion_id": 2, "result_completion_id": 3, "name": ""}}}},
    {"index": 4, "entry_json": {"Notification": {"Completion": {"CallInvocationId":
       {"completion_id": 2, "invocation_id": "inv_1dceKvwtEc2n0000000000000000holder"}}}}},
    {"index": 5, "entry_json": {"Command": {"GetPromise": {"key": "p", "completion_id": 4, "name": ""}}}},
    {"index": 6, "entry_json": {"Command": {"Output": {"result": {"Failure": {"code": 500, "message": "broken"}}, "name": ""}}}}]'),
  restate_import_invocation('{"id": "inv_1dceKvwtEc2n0000000000000000holder", "status": "backing-off", "retry_count": 7,
  "target_service_name": "Obj", "target_service_key": "a", "target_handler_name": "add", "target_service_ty": "virtual_object",
  "target_handler_ty": "exclusive",
  "invoked_by": "service", "invoked_by_id": "inv_1lYGhA16ahyf000000000000000000done", "invoked_by_service_name": "Svc",
  "invoked_by_target": "Svc/run", "last_failure": "no route to host", "last_failure_error_code": "RT0010",
  "created_at": "2026-03-01T10:00:01Z"}'),
  restate_import_invocation('{"id": "inv_1dceKvwtEc2n000000000000000second1", "status": "pending", "created_at": "2026-03-02T00:00:00Z",
  "target_service_name": "Obj", "target_service_key": "a", "target_handler_name": "add", "target_service_ty": "virtual_object",
  "target_handler_ty": "exclusive"}'),
  restate_import_invocation('{"id": "inv_1dceKvwtEc2n0000000000000000third1", "status": "inboxed", "created_at": "2026-03-03T00:00:00Z",
  "target_service_name": "Obj", "target_service_key": "a", "target_handler_name": "add", "target_service_ty": "virtual_object",
  "target_handler_ty": "exclusive"}'),
  restate_import_invocation('{"id": "inv_1dceKvwtEc2n0000000000000000shared", "status": "running", "target_handler_ty": "shared",
  "target_service_name": "Obj", "target_service_key": "a", "target_handler_name": "get", "target_service_ty": "virtual_object"}'),
  restate_import_invocation('{"id": "inv_1000000000000000000000000scheduled", "status": "scheduled", "scheduled_start_at": "2027-01-01T00:00:00Z",
  "target_service_name": "Svc", "target_handler_name": "run", "target_service_ty": "service"}'),
  restate_import_invocation('{"id": "inv_1000000000000000000000000suspended", "status": "suspended",
  "suspended_waiting_for_completions": [2, 4294967295], "suspended_waiting_for_signals": [1, 17],
  "target_service_name": "Svc", "target_handler_name": "run", "target_service_ty": "service"}'),
  restate_import_invocation('{"id": "inv_1000000000000000000000000000paused", "status": "paused",
  "target_service_name": "Svc", "target_handler_name": "run", "target_service_ty": "service"}'),
  restate_import_invocation('{"id": "inv_10000000000000000000000000000ready", "status": "invoked",
  "target_service_name": "Svc", "target_handler_name": "run", "target_service_ty": "service"}') \g /dev/null
INSERT INTO restate.object_state (service_name, service_key, key, partition_key, value)
SELECT 'Obj', 'a', key, restate_partition_key_of_key('a'), value
FROM (VALUES ('balance', '42'::bytea), ('photo', '\xffd8'), ('name', 'Zoë'), ('nul', '\x6100'), ('none', '')) AS v (key, value);
INSERT INTO restate.promise (service_name, service_key, key, partition_key, completed, completion_success_value, completion_failure)
SELECT 'Wf', 'a', key, restate_partition_key_of_key('a'), completed, value, failure
FROM (VALUES ('waiting', false, NULL::bytea, NULL), ('kept', true, '"yes"', NULL), ('binary', true, '\xff', NULL),
             ('broken', true, NULL, '[409] no')) AS v (key, completed, value, failure);
INSERT INTO restate.journal_event (id, partition_key, event_index, after_journal_entry_index, appended_at, event_type, event_json)
VALUES ('inv_1dceKvwtEc2n0000000000000000holder', restate_partition_key_of_key('a'), 0, 0, '2026-03-01T10:00:02Z', 'TransientError',
  '{"error_code": 500, "error_message": "no route to host"}');
SET search_path TO restate;
SET timezone TO 'UTC';
SET datestyle TO ISO;

-- invocations by status, coarse and fine
SELECT i.id, i.target, i.status, s.status AS coarse
FROM sys_invocation i JOIN sys_invocation_status s USING (id) ORDER BY i.id;
SELECT id, retry_count, last_failure, last_failure_error_code FROM sys_invocation
WHERE status = 'backing-off' AND retry_count > 5;
SELECT count(*) FROM sys_invocation WHERE status IN ('running', 'ready', 'pending', 'scheduled', 'suspended', 'backing-off', 'paused');
SELECT id, suspended_waiting_for_completions, suspended_waiting_for_signals FROM sys_invocation WHERE status = 'suspended';
-- by target
SELECT id, target_service_ty, target_handler_name FROM sys_invocation
WHERE target_service_name = 'Obj' AND target_service_key = 'a' ORDER BY id;
SELECT target, count(*) FROM sys_invocation GROUP BY target ORDER BY count(*) DESC, target;
-- by id, and by time
SELECT partition_key, id, idempotency_key, invoked_by, completion_result, completion_failure, completed_at - created_at AS took,
       trace_id, journal_size, journal_commands_size, completion_retention, journal_retention
FROM sys_invocation WHERE id = 'inv_1lYGhA16ahyf000000000000000000done';
SELECT id FROM sys_invocation WHERE created_at < '2026-03-02' ORDER BY created_at;
SELECT id, scheduled_start_at FROM sys_invocation_status WHERE status = 'scheduled';
-- what has not started has neither journal nor deployment, also if it will have
BEGIN;
SELECT restate_kill('inv_1dceKvwtEc2n0000000000000000shared');
UPDATE restate.invocation SET target_handler_ty = 'exclusive' WHERE id = 'inv_1dceKvwtEc2n0000000000000000shared';
SELECT restate_restart_as_new('inv_1dceKvwtEc2n0000000000000000shared') AS queued \gset
UPDATE restate.invocation SET pinned_deployment_id = 'dp_10000000000000000000old', pinned_service_protocol_version = 6 WHERE id = :'queued';
SELECT journal_size, journal_commands_size, pinned_deployment_id, pinned_service_protocol_version FROM restate.invocation WHERE id = :'queued';
\pset null NULL
SELECT status, journal_size, journal_commands_size, pinned_deployment_id, pinned_service_protocol_version
FROM sys_invocation WHERE id IN (:'queued', 'inv_1000000000000000000000000scheduled', 'inv_10000000000000000000000000000ready') ORDER BY status COLLATE "C";
SELECT status, journal_size, journal_commands_size, pinned_deployment_id, pinned_service_protocol_version
FROM sys_invocation_status WHERE id IN (:'queued', 'inv_1000000000000000000000000scheduled', 'inv_10000000000000000000000000000ready') ORDER BY status COLLATE "C";
ROLLBACK;
-- the command that a failure is about: counted among the commands, and in the journal
CREATE FUNCTION public.failed_at(command bigint, OUT command_index bigint, OUT journal_index bigint, OUT entry_index bigint) LANGUAGE plpgsql AS $$
BEGIN
  UPDATE restate.invocation SET last_failure_related_command_index = command WHERE id = 'inv_1lYGhA16ahyf000000000000000000done';
  SELECT i.last_failure_related_command_index, i.last_failure_related_journal_index, i.last_failure_related_entry_index
    INTO command_index, journal_index, entry_index
    FROM restate.sys_invocation AS i WHERE i.id = 'inv_1lYGhA16ahyf000000000000000000done';
END $$;
SELECT f.* FROM unnest('{0, 1, 2, 3, 4, 5, 9223372036854775807, -1, NULL}'::bigint[]) WITH ORDINALITY AS c (command, n), public.failed_at(command) AS f ORDER BY n;
DROP FUNCTION public.failed_at;
\pset null ''
-- who called whom
SELECT id, invoked_by, invoked_by_service_name, invoked_by_target FROM sys_invocation
WHERE invoked_by_id = 'inv_1lYGhA16ahyf000000000000000000done';
SELECT j.index, j.entry_type, j.invoked_target, j.completed, i.status
FROM sys_journal j LEFT JOIN sys_invocation i ON i.id = j.invoked_id
WHERE j.id = 'inv_1lYGhA16ahyf000000000000000000done' ORDER BY j.index;
SELECT DISTINCT i.id, i.target FROM sys_journal j JOIN sys_invocation i ON j.id = i.id
WHERE j.invoked_id = 'inv_1dceKvwtEc2n0000000000000000holder';
-- journals
SELECT index, name, sleep_wakeup_at, promise_name, payload_length, version, entry_json
FROM sys_journal WHERE id = 'inv_1lYGhA16ahyf000000000000000000done' AND entry_type LIKE 'Command: %' ORDER BY index;
SELECT index, entry_type, completion_id, result_completion_id FROM sys_journal WHERE id = 'inv_1lYGhA16ahyf000000000000000000done' ORDER BY index;
SELECT index, entry_lite_json FROM sys_journal WHERE id = 'inv_1lYGhA16ahyf000000000000000000done' AND entry_type LIKE 'Notification: %' ORDER BY index;
SELECT id, after_journal_entry_index, appended_at, event_type, event_json::jsonb ->> 'error_message' AS message FROM sys_journal_events;
-- objects: who holds a key, who waits for it
SELECT invocation_id FROM sys_keyed_service_status WHERE service_name = 'Obj' AND service_key = 'a';
SELECT sequence_number, id, created_at FROM sys_inbox WHERE service_name = 'Obj' AND service_key = 'a' ORDER BY sequence_number;
SELECT k.service_key, i.status, count(w.id) AS waiting
FROM sys_keyed_service_status k JOIN sys_invocation i ON i.id = k.invocation_id
LEFT JOIN sys_inbox w USING (service_name, service_key) GROUP BY 1, 2;
SELECT DISTINCT partition_key FROM sys_inbox;
-- state and promises
SELECT key, key_length, value_utf8, value, value_length FROM state WHERE service_name = 'Obj' AND service_key = 'a' ORDER BY key;
SELECT service_key FROM state WHERE service_name = 'Obj' AND key = 'balance' AND value_utf8::int > 40;
SELECT key, completed, completion_success_value, completion_success_value_utf8, completion_failure FROM sys_promise ORDER BY key;
-- deployments and services
SELECT * FROM sys_deployment ORDER BY created_at;
SELECT * FROM sys_service ORDER BY name;
SELECT s.name, d.endpoint FROM sys_service s JOIN sys_deployment d ON d.id = s.deployment_id ORDER BY s.name;
SELECT d.id, count(i.id) FROM sys_deployment d LEFT JOIN sys_invocation i ON i.pinned_deployment_id = d.id GROUP BY d.id ORDER BY d.id;

-- a partition key is unsigned, and the same in every view
SELECT partition_key, pg_typeof(partition_key) FROM sys_invocation WHERE id = 'inv_1lYGhA16ahyf000000000000000000done';
SELECT count(*) FILTER (WHERE partition_key < 0 OR partition_key > 18446744073709551615) AS outside, max(partition_key) AS largest
FROM (SELECT partition_key FROM sys_invocation UNION ALL SELECT partition_key FROM sys_invocation_status
      UNION ALL SELECT partition_key FROM sys_journal UNION ALL SELECT partition_key FROM state
      UNION ALL SELECT partition_key FROM sys_promise UNION ALL SELECT partition_key FROM sys_keyed_service_status) AS p;
SELECT count(*) FROM sys_journal j JOIN sys_invocation i USING (partition_key, id);
-- an id that is none is an error, not an empty answer
SELECT id FROM sys_invocation WHERE id = 'inv_1';
-- restarts name their original
SELECT restate_purge_journal('inv_1lYGhA16ahyf000000000000000000done');
SELECT journal_size, status FROM sys_invocation WHERE id = 'inv_1lYGhA16ahyf000000000000000000done';
SELECT count(*) FROM sys_journal WHERE id = 'inv_1lYGhA16ahyf000000000000000000done';
SELECT restate_kill('inv_1000000000000000000000000suspended'), restate_restart_as_new('inv_1000000000000000000000000suspended') IS NOT NULL AS restarted;
SELECT restarted_from, invoked_by, status FROM sys_invocation WHERE restarted_from IS NOT NULL;
SELECT audit_id > 0 AS numbered, operation, id, outcome, new_id IS NOT NULL AS has_new FROM sys_audit ORDER BY audit_id;

-- a view that leaves rows out shows them to no function in the query
BEGIN;
INSERT INTO restate.object_key (service_name, service_key, partition_key) VALUES ('Obj', 'free', restate_partition_key_of_key('free'));
INSERT INTO restate.service_revision (service_name, revision, deployment_id, ty) VALUES ('Gone', 1, restate_new_deployment_id(), 'service');
SET LOCAL enable_indexscan = off;
SET LOCAL enable_bitmapscan = off;
SET LOCAL enable_hashjoin = off;
SET LOCAL enable_mergejoin = off;
CREATE FUNCTION public.see(text) RETURNS boolean LANGUAGE plpgsql STABLE COST 0.0001 AS $$
BEGIN
  PERFORM set_config('views.seen', current_setting('views.seen') || ',' || $1, true);
  RETURN true;
END $$;
CREATE FUNCTION public.seen_beyond(view regclass, value text, OUT shown bigint, OUT hidden text) LANGUAGE plpgsql AS $$
BEGIN
  PERFORM set_config('views.seen', '', true);
  EXECUTE format('SELECT count(*) FROM %s WHERE public.see(%s)', view, value) INTO shown;
  EXECUTE format('SELECT string_agg(DISTINCT seen, '', '') FROM regexp_split_to_table(substr(current_setting(''views.seen''), 2), '','') AS seen'
    ' WHERE seen NOT IN (SELECT %s FROM %s)', value, view) INTO hidden;
END $$;
SELECT view, s.* FROM (VALUES ('restate.sys_inbox', 'service_name'), ('restate.sys_keyed_service_status', 'service_key'), ('restate.sys_service', 'name'),
  ('restate.admin_service', 'name'), ('restate_api.inbox', 'service_name'), ('restate_api.keyed_service_status', 'service_key'), ('restate_api.services', 'name'))
  AS v (view, value), public.seen_beyond(view, value) AS s;
-- this is what the test would show
ALTER VIEW sys_service RESET (security_barrier);
ALTER VIEW restate.admin_service RESET (security_barrier);
SELECT view, s.* FROM (VALUES ('restate.sys_service', 'name'), ('restate.admin_service', 'name')) AS v (view, value),
  public.seen_beyond(view, value) AS s;
ROLLBACK;

-- what is being attempted, and the idempotency keys that are in use
SELECT * FROM restate.sys_invocation_state ORDER BY id \gx
SELECT * FROM restate.sys_idempotency;
SELECT count(*) AS entries, count(raw) AS raw FROM restate.sys_journal;

-- views only read, whoever asks; the refusal says what to call
DELETE FROM sys_invocation WHERE id = 'inv_1lYGhA16ahyf000000000000000000done';
UPDATE sys_invocation SET status = 'paused' WHERE false;
INSERT INTO sys_invocation (id) VALUES ('inv_1lYGhA16ahyf000000000000000000done');
DELETE FROM restate_api.journal;
UPDATE sys_inbox SET sequence_number = 0;
DELETE FROM sys_keyed_service_status;
INSERT INTO sys_deployment (id) VALUES (restate_new_deployment_id());
DELETE FROM state;
DELETE FROM sys_audit;
COPY sys_invocation (id) FROM stdin;
inv_1lYGhA16ahyf000000000000000000done
\.

RESET timezone;
RESET datestyle;
RESET search_path;
SELECT * FROM restate_verify();
TRUNCATE restate.invocation, restate.runnable, restate.timer, restate.waiter, restate.journal, restate.journal_event, restate.object_key, restate.object_state, restate.promise,
  restate.audit, restate.deployment, restate.service_revision;
-- the statuses, in the order of life, and what else is the name of one
SELECT name, restate.has_started(name), restate.coarse_status(name), restate.status_of(name)
FROM (VALUES ('pending'), ('scheduled'), ('ready'), ('running'), ('backing-off'), ('suspended'), ('paused'), ('completed'),
  ('inboxed'), ('invoked'), ('Ready'), (''), (NULL)) AS s (name);
