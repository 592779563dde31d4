-- The documented filters reach the tables through an index, from the views.
SET client_min_messages TO warning;
INSERT INTO restate.invocation (id, partition_key, status, target_service_name, target_service_key, target_handler_name, target_service_ty,
  target_handler_ty, invoked_by, restarted_from, journal_size, journal_commands_size, completion_result, completed_at, inbox_sequence_number)
SELECT v.id, restate_partition_key_of_id(v.id), v.status, v.service, v.key, 'run', CASE WHEN v.key IS NULL THEN 'service' ELSE 'virtual_object' END,
  CASE WHEN v.key IS NOT NULL THEN 'exclusive' END, CASE WHEN v.n % 10 = 7 THEN 'restart_as_new' ELSE 'ingress' END,
  CASE WHEN v.n % 10 = 7 THEN (left(v.id::text, 16) || lpad('original', 22, '0'))::restate_invocation_id END,
  CASE WHEN v.status = 'pending' THEN 0 ELSE 10 END, CASE WHEN v.status = 'pending' THEN 0 ELSE 6 END,
  CASE v.status WHEN 'completed' THEN 'success' END, CASE v.status WHEN 'completed' THEN now() END,
  CASE v.status WHEN 'pending' THEN v.n END
FROM (SELECT n, restate_workflow_invocation_id('plans', n::text) AS id,
        'Svc' || n % 8 AS service, NULL AS key,
        CASE WHEN n % 50 = 1 THEN 'running' WHEN n % 50 = 2 THEN 'backing-off' ELSE 'completed' END AS status
      FROM generate_series(1, 16000) AS n
      UNION ALL
      -- of an object, the id begins with the partition key of its key
      SELECT n, (left(restate_workflow_invocation_id('Obj', 'key' || n % 400)::text, 16) || lpad(n::text, 22, '0'))::restate_invocation_id,
        'Obj', 'key' || n % 400, CASE WHEN n > 19600 THEN 'running' WHEN n > 19000 THEN 'pending' ELSE 'completed' END
      FROM generate_series(16001, 20000) AS n) AS v;
INSERT INTO restate.journal (id, partition_key, index, entry_type, completion_id)
SELECT i.id, i.partition_key, e.index, CASE WHEN e.index = 0 THEN 'Command: Input' WHEN e.index = 9 THEN 'Command: Output'
    WHEN e.index % 2 = 1 THEN 'Command: Run' ELSE 'Notification: Run' END::restate.entry_type,
  CASE WHEN e.index BETWEEN 1 AND 8 THEN (e.index + 1) / 2 END
FROM restate.invocation AS i, generate_series(0, 9) AS e (index) WHERE i.journal_size = 10;
INSERT INTO restate.object_key (service_name, service_key, partition_key, holder, next_sequence_number)
SELECT target_service_name, target_service_key, partition_key, id, 100000 FROM restate.invocation
WHERE target_handler_ty = 'exclusive' AND status = 'running';
INSERT INTO restate.object_state (service_name, service_key, key, partition_key, value)
SELECT 'Obj', 'key' || n, 'value' || k, restate_partition_key_of_key('key' || n), 'v' FROM generate_series(0, 399) AS n, generate_series(1, 20) AS k;
INSERT INTO restate.promise (service_name, service_key, key, partition_key)
SELECT 'Wf', 'key' || n, 'promise', restate_partition_key_of_key('key' || n) FROM generate_series(1, 5000) AS n;
INSERT INTO restate.journal_event (id, partition_key, event_index, after_journal_entry_index, event_type, event_json)
SELECT id, partition_key, 0, 0, 'TransientError', '{}' FROM restate.invocation WHERE status IN ('running', 'backing-off', 'completed');
INSERT INTO restate.audit (id, partition_key, at, operation, parameters, outcome, role_name, session_user_name)
SELECT id, partition_key, now(), 'purge', '{}', 'purged', 'somebody', 'somebody' FROM restate.invocation;
ANALYZE restate.invocation, restate.journal, restate.object_key, restate.object_state, restate.promise, restate.journal_event, restate.audit;
SELECT * FROM restate_verify();
SELECT count(*) AS invocations, count(*) FILTER (WHERE status <> 'completed') AS in_flight FROM restate.invocation;
SELECT count(*) AS entries FROM restate.journal;

-- the indexes that a plan uses, and the tables that it reads whole
CREATE FUNCTION plan(query text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
  plan jsonb;
BEGIN
  EXECUTE 'EXPLAIN (FORMAT JSON) ' || query INTO plan;
  RETURN (SELECT string_agg(DISTINCT use, ', ' ORDER BY use) FROM (
    SELECT jsonb_path_query(plan, 'strict $.**."Index Name"') #>> '{}'
    UNION ALL
    SELECT 'WHOLE ' || (jsonb_path_query(plan, 'strict $.** ? (@."Node Type" like_regex "Seq Scan")."Relation Name"') #>> '{}')) AS s (use));
END $$;
\pset format unaligned
\pset tuples_only on
SELECT replace(query, repeat('long', 4000), 'long...'), E'\n  ' || plan(query) FROM (VALUES
  (1, $$SELECT * FROM restate.sys_invocation WHERE id = 'inv_1000000000000000000000000000absent'$$),
  (2, $$SELECT * FROM restate.sys_invocation_status WHERE id = 'inv_1000000000000000000000000000absent'$$),
  (3, $$SELECT * FROM restate.sys_invocation WHERE id IN ('inv_1000000000000000000000000000absent', 'inv_100000000000000000000000000000gone')$$),
  (4, $$SELECT * FROM restate.sys_invocation WHERE status = 'running'$$),
  (5, $$SELECT * FROM restate.sys_invocation WHERE status IN ('pending', 'scheduled', 'ready', 'running', 'backing-off', 'suspended', 'paused')$$),
  (6, $$SELECT * FROM restate.sys_invocation WHERE status <> 'completed' ORDER BY created_at$$),
  (7, $$SELECT * FROM restate.sys_invocation WHERE status = 'backing-off' AND target_service_name = 'Svc2'$$),
  (8, $$SELECT * FROM restate.sys_invocation WHERE target_service_name = 'Obj' AND target_service_key = 'key17'$$),
  (9, $$SELECT * FROM restate.sys_invocation WHERE target_service_name = 'Absent'$$),
  (10, $$SELECT * FROM restate.sys_invocation WHERE target_service_name = 'Obj' AND target_service_key = 'key17' AND target_handler_name = 'run' AND status = 'completed'$$),
  (11, $$SELECT * FROM restate.sys_invocation WHERE restarted_from = 'inv_1000000000000000000000000000absent'$$),
  (12, $$SELECT * FROM restate.sys_journal WHERE id = 'inv_1000000000000000000000000000absent'$$),
  (13, $$SELECT * FROM restate.sys_journal WHERE id = 'inv_1000000000000000000000000000absent' ORDER BY index$$),
  (14, $$SELECT * FROM restate.sys_journal WHERE id = 'inv_1000000000000000000000000000absent' AND index = 3$$),
  (15, $$SELECT * FROM restate.sys_journal WHERE id = 'inv_1000000000000000000000000000absent' AND index BETWEEN 2 AND 4$$),
  (16, $$SELECT * FROM restate.sys_journal_events WHERE id = 'inv_1000000000000000000000000000absent'$$),
  (17, $$SELECT * FROM restate.sys_inbox WHERE service_name = 'Obj' AND service_key = 'key17' ORDER BY sequence_number$$),
  (18, $$SELECT * FROM restate.sys_keyed_service_status WHERE service_name = 'Obj' AND service_key = 'key17'$$),
  (19, $$SELECT * FROM restate.state WHERE service_name = 'Obj' AND service_key = 'key17'$$),
  (20, $$SELECT * FROM restate.state WHERE service_name = 'Obj' AND service_key = 'key17' AND key = 'value3'$$),
  (21, $$SELECT * FROM restate.sys_promise WHERE service_name = 'Wf' AND service_key = 'key17'$$),
  (22, $$SELECT * FROM restate.sys_audit WHERE id = 'inv_1000000000000000000000000000absent'$$),
  (23, $$SELECT * FROM restate.sys_audit ORDER BY audit_id DESC LIMIT 10$$),
  (24, $$SELECT j.* FROM restate.sys_journal j JOIN restate.sys_invocation i USING (id) WHERE i.id = 'inv_1000000000000000000000000000absent'$$),
  (25, $$SELECT i.id, k.invocation_id FROM restate.sys_inbox i JOIN restate.sys_keyed_service_status k USING (service_name, service_key)
    WHERE service_name = 'Obj' AND service_key = 'key17'$$),
  -- by text, as a driver's parameter or a column of a caller's is
  (26, $$SELECT * FROM restate.sys_invocation WHERE id = 'inv_1000000000000000000000000000absent'::text$$),
  (27, $$SELECT * FROM restate.sys_invocation_status WHERE id = 'no id'::varchar$$),
  (28, $$SELECT * FROM restate.sys_invocation WHERE id = ANY ('{inv_1000000000000000000000000000absent,no id}'::text[])$$),
  (29, $$SELECT * FROM restate.sys_invocation WHERE id IN ('inv_1000000000000000000000000000absent'::text, 'no id'::text)$$),
  (30, $$SELECT * FROM restate.sys_journal WHERE id = 'inv_1000000000000000000000000000absent'::text AND index = 3$$),
  (31, $$SELECT * FROM restate.sys_journal_events WHERE id = 'inv_1000000000000000000000000000absent'::text$$),
  (32, $$SELECT * FROM restate.sys_audit WHERE id = 'inv_1000000000000000000000000000absent'::text$$),
  (33, $$SELECT * FROM restate.sys_invocation WHERE restarted_from = 'inv_1000000000000000000000000000absent'::text$$),
  (34, $$SELECT i.* FROM (VALUES ('inv_1000000000000000000000000000absent'::text), ('no id')) AS v (id) JOIN restate.sys_invocation i ON i.id = v.id$$),
  (35, $$SELECT j.* FROM restate.sys_journal j JOIN restate.sys_invocation i USING (id) WHERE i.id = 'inv_1000000000000000000000000000absent'::text$$),
  -- what is in flight, in the ways to ask for it; no other way reads that index
  (36, $$SELECT * FROM restate_api.invocations WHERE status = 'running'::varchar OR status = 'paused' AND target_handler_name = 'run'$$),
  (37, $$SELECT * FROM restate.sys_invocation WHERE status NOT IN ('completed', 'paused')$$),
  (38, $$SELECT * FROM restate.sys_invocation WHERE NOT (status = 'completed')$$),
  (39, $$SELECT count(*) FROM (VALUES ('Svc1')) AS v (name) LEFT JOIN restate.sys_invocation i ON i.target_handler_name = v.name AND i.status = 'running'$$),
  (40, $$SELECT count(*) FROM restate.sys_deployment d WHERE EXISTS (SELECT FROM restate.sys_invocation i WHERE i.status = 'paused' AND i.last_attempt_server = d.endpoint)$$),
  (41, $$SELECT count(*) FROM restate.sys_invocation i LEFT JOIN restate.sys_deployment d ON d.id = i.last_attempt_deployment_id AND i.status = 'running'$$),
  (42, $$SELECT count(i.modified_at) FROM restate.sys_invocation i LEFT JOIN LATERAL (SELECT 1 WHERE i.status = 'running') AS x ON true$$),
  (43, $$SELECT count(*) FROM restate.sys_invocation WHERE status = 'running' OR trace_id = 'x'$$),
  (44, $$SELECT count(*) FROM restate.sys_invocation WHERE lower(status) = 'running'$$),
  (45, $$SELECT count(*) FROM restate.sys_invocation WHERE status = 'completed'$$),
  -- through the views for PostgREST, whose times have a type of their own
  (46, $$SELECT * FROM restate_api.invocations WHERE id = 'inv_1000000000000000000000000000absent'$$),
  (47, $$SELECT * FROM restate_api.invocations WHERE status <> 'completed' ORDER BY created_at$$),
  (48, $$SELECT * FROM restate_api.journal WHERE id = 'inv_1000000000000000000000000000absent' ORDER BY index$$),
  (49, $$SELECT * FROM restate_api.journal_events WHERE id = 'inv_1000000000000000000000000000absent'$$),
  (50, $$SELECT * FROM restate_api.inbox WHERE service_name = 'Obj' AND service_key = 'key17' ORDER BY sequence_number$$),
  (51, $$SELECT * FROM restate_api.audit WHERE id = 'inv_1000000000000000000000000000absent'$$),
  -- by a key longer than an entry of a btree can be, and by the beginning of one
  (52, format($$SELECT * FROM restate.sys_invocation WHERE target_service_key = %L$$, repeat('long', 4000))),
  (53, format($$SELECT * FROM restate.state WHERE service_name = 'Obj' AND service_key = %L$$, repeat('long', 4000))),
  (54, $$SELECT * FROM restate.sys_invocation WHERE target_service_key LIKE 'key17%'$$),
  (55, $$SELECT * FROM restate.sys_promise WHERE service_key ^@ 'key17'$$)
) AS s (n, query) ORDER BY n;

-- with parameters, whichever values they will have
SET plan_cache_mode = force_generic_plan;
PREPARE by_id (text) AS SELECT * FROM restate.sys_invocation WHERE id = $1::restate_invocation_id;
SELECT plan($$EXECUTE by_id ('inv_1000000000000000000000000000absent')$$);
PREPARE journal (restate_invocation_id) AS SELECT * FROM restate.sys_journal WHERE id = $1 ORDER BY index;
SELECT plan($$EXECUTE journal ('inv_1000000000000000000000000000absent')$$);
PREPARE object (text, text) AS SELECT * FROM restate.sys_invocation WHERE target_service_name = $1 AND target_service_key = $2;
SELECT plan($$EXECUTE object ('Obj', 'key17')$$);
PREPARE many (restate_invocation_id[]) AS SELECT * FROM restate.sys_invocation WHERE id = ANY ($1);
SELECT plan($$EXECUTE many ('{inv_1000000000000000000000000000absent}')$$);
-- and what is in flight with the status that they have
SET plan_cache_mode = force_custom_plan;
PREPARE by_status (text) AS SELECT * FROM restate.sys_invocation WHERE status = $1;
SELECT plan($$EXECUTE by_status ('running')$$), plan($$EXECUTE by_status ('completed')$$);
RESET plan_cache_mode;
-- an index on a time, for filters and for the order
BEGIN;
CREATE INDEX by_time ON restate.invocation (created_at);
CREATE INDEX by_retention ON restate.invocation (completion_retention);
SELECT plan($$SELECT * FROM restate_api.invocations WHERE created_at > '2100-01-01T00:00:00Z'$$);
SELECT plan($$SELECT * FROM restate_api.invocations WHERE created_at > now() + interval '1 day'$$);
SELECT plan($$SELECT * FROM restate_api.invocations ORDER BY created_at DESC LIMIT 10$$);
SELECT plan($$SELECT max(created_at) FROM restate_api.invocations$$);
SELECT plan($$SELECT * FROM restate_api.invocations WHERE completion_retention = 'PT1S'$$);
SELECT plan($$SELECT * FROM restate_api.audit WHERE at > '2100-01-01T00:00:00Z'$$);
ROLLBACK;
-- this is what the test would show
SELECT plan($$SELECT * FROM restate.sys_invocation WHERE trace_id = 'x'$$);
-- restate_verify() reads no large table in a loop, with statistics or without
CREATE FUNCTION looped_over(query text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
  plan jsonb;
BEGIN
  EXECUTE 'EXPLAIN (FORMAT JSON) ' || query INTO plan;
  RETURN (SELECT coalesce(string_agg(DISTINCT n.name #>> '{}', ', '), 'nothing')
    FROM jsonb_path_query(plan, 'strict $.** ? (@."Node Type" == "Nested Loop").Plans[1].** ? (@."Node Type" like_regex "Seq Scan")."Relation Name"') AS n (name)
    WHERE n.name #>> '{}' NOT IN ('deployment', 'service_revision'));
END $$;
SELECT looped_over(prosrc) FROM pg_proc WHERE oid = 'restate_verify()'::regprocedure;
BEGIN;
DELETE FROM pg_statistic WHERE starelid IN (SELECT oid FROM pg_class WHERE relnamespace = 'restate'::regnamespace);
SELECT looped_over(prosrc) FROM pg_proc WHERE oid = 'restate_verify()'::regprocedure;
ROLLBACK;
-- this is what the test would show
SELECT looped_over('SELECT FROM restate.journal_event a JOIN restate.journal_event b ON a.event_type < b.event_type');
DROP FUNCTION looped_over;
\pset tuples_only off
\pset format aligned

DEALLOCATE ALL;
TRUNCATE restate.invocation, restate.runnable, restate.timer, restate.waiter, restate.journal, restate.journal_event, restate.object_key, restate.object_state, restate.promise, restate.audit;
DROP FUNCTION plan;
