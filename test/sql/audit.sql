-- What restate.audit records: a row for each effect, with who, what and why.
SELECT restate_import_invocation(jsonb_build_object('id', CASE WHEN starts_with(name, 'of') THEN 'inv_1dceKvwtEc2n' ELSE 'inv_100000000000' END
      || lpad(name, 22, '0'), 'status', status, 'completion_result', CASE status WHEN 'completed' THEN 'success' END,
    'target_service_name', CASE WHEN starts_with(name, 'of') THEN 'Obj' ELSE 'Svc' END,
    'target_service_key', CASE WHEN starts_with(name, 'of') THEN 'a' END, 'target_handler_name', 'run',
    'target_service_ty', CASE WHEN starts_with(name, 'of') THEN 'virtual_object' ELSE 'service' END,
    'target_handler_ty', CASE WHEN starts_with(name, 'of') THEN 'exclusive' END),
  CASE WHEN status = 'completed' THEN jsonb '[{"index": 0, "entry_json": {"Command": {"Input": {"headers": [], "payload": [1], "name": ""}}}}]'
  WHEN name = 'parent' THEN jsonb '[{"index": 0, "entry_json": {"Command": {"Input": {"headers": [], "payload": [1], "name": ""}}}},
    {"index": 1, "entry_json": {"Command": {"Call": {"request": {"invocation_id": "inv_10000000000000000000000000000child",
      "invocation_target": {"Service": {"name": "Svc", "handler": "run"}}, "parameter": [], "headers": []},
      "invocation_id_completion_id": 1, "result_completion_id": 2, "name": ""}}}},
    {"index": 2, "entry_json": {"Command": {"OneWayCall": {"request": {"invocation_id": "inv_1dceKvwtEc2n0000000000000000ofnext",
      "invocation_target": {"VirtualObject": {"name": "Obj", "key": "a", "handler": "run", "handler_ty": "Exclusive"}}, "parameter": [], "headers": []},
      "invoke_time": 0, "invocation_id_completion_id": 3, "name": ""}}}}]' END)
FROM (VALUES ('done', 'completed'), ('gone', 'completed'), ('running', 'running'), ('paused', 'paused'), ('scheduled', 'scheduled'),
  ('parent', 'running'), ('child', 'running'), ('ofholder', 'running'), ('ofnext', 'pending')) AS v (name, status) \g /dev/null
CREATE VIEW record AS
SELECT operation, replace(right(id::text, 22), '0', '') AS id, parameters, outcome, new_id IS NOT NULL AS new,
       replace(right(caused_by::text, 22), '0', '') AS caused_by, claimed_subject AS subject, reason
FROM restate.sys_audit ORDER BY audit_id;

-- every operation that took effect, once
SELECT restate_purge_journal('inv_100000000000000000000000000000done'),
       restate_purge_journal('inv_100000000000000000000000000000done'),
       restate_delete_invocation('inv_1000000000000000000000000scheduled', 'purge'),
       restate_delete_invocation('inv_1000000000000000000000000scheduled', 'Cancel'),
       restate_delete_invocation('inv_100000000000000000000000000000gone', 'purge'),
       restate_pause('inv_100000000000000000000000000running'), restate_pause('inv_100000000000000000000000000running'),
       restate_resume('inv_100000000000000000000000000running'), restate_resume('inv_100000000000000000000000000running', 'keep'),
       restate_resume('inv_1000000000000000000000000000paused', 'Keep'),
       restate_pause('inv_1000000000000000000000000000paused'), restate_pause('inv_1000000000000000000000000000paused'),
       restate_cancel('inv_1000000000000000000000000000paused'), restate_kill('inv_1000000000000000000000000000paused'),
       restate_restart_as_new('inv_1000000000000000000000000000paused', 0, request_id => E'monday "é"\n') IS NOT NULL AS restarted,
       restate_restart_as_new('inv_1000000000000000000000000000paused', 0, request_id => E'monday "é"\n') IS NOT NULL AS again,
       restate_purge('inv_1000000000000000000000000000paused') \gx
SELECT * FROM record;
-- what is refused or rolled back leaves no trace
TRUNCATE restate.audit;
SELECT restate_purge('inv_100000000000000000000000000running');
BEGIN;
SELECT restate_purge('inv_100000000000000000000000000000done');
SELECT count(*) FROM record;
ROLLBACK;
SELECT count(*) FROM record;

-- a kill says which of its victims were named, and through whom the others were reached
SELECT restate_kill('inv_1000000000000000000000000000parent');
SELECT * FROM record;
-- as do batches
TRUNCATE restate.audit;
SELECT ordinality, category, outcome FROM restate_delete_invocation_batch(ARRAY['inv_1dceKvwtEc2n00000000000000ofholder',
  'inv_1000000000000000000000000000parent', 'inv_100000000000000000000000000running']::restate_invocation_id[], 'kill');
SELECT ordinality, outcome FROM restate_restart_as_new_batch(ARRAY['inv_100000000000000000000000000running', 'inv_1000000000000000000000000000parent',
  'inv_100000000000000000000000000running']::restate_invocation_id[], request_id => 'all');
SELECT * FROM record;
SELECT count(DISTINCT at) AS times FROM restate.sys_audit WHERE operation = 'delete_invocation';
-- the rows outlive the invocation, and lead from a restart to its original
SELECT restate_purge('inv_1000000000000000000000000000parent');
SELECT a.operation, a.outcome, i.status AS of_new FROM restate.sys_audit a LEFT JOIN restate.sys_invocation i ON i.id = a.new_id
WHERE a.id = 'inv_1000000000000000000000000000parent' ORDER BY a.audit_id;

-- why: as the session says it
TRUNCATE restate.audit;
CREATE FUNCTION touch() RETURNS text LANGUAGE sql
RETURN restate_cancel((SELECT id FROM restate.invocation WHERE status = 'ready' ORDER BY id LIMIT 1));
SET restate_admin.reason = E'ticket "42"\nsecond line é';
SELECT touch();
BEGIN;
SET LOCAL restate_admin.reason = 'for this transaction';
SELECT touch();
COMMIT;
SELECT touch();
SET restate_admin.reason = '';
SELECT touch();
SELECT id IS NOT NULL AS id, reason FROM record;
-- for whom: the subject of the claims that PostgREST hands on
TRUNCATE restate.audit;
SELECT set_config('request.jwt.claims', claims, false) IS NOT NULL AND touch() = 'signalled' AS done
FROM (VALUES (1, '{"sub": "alice", "role": "operator"}'), (2, '{"role": "operator"}'), (3, '{"act": {"sub": "mallory"}, "sub": "bob"}'),
  (4, '{"sub": 7}'), (5, '{"sub": null}'), (6, '["sub", "carol"]'), (7, 'sub'), (8, '{"sub": "half'), (9, ''), (10, '{"sub": "Zo\u00eb \"the\" \n"}'),
  (11, '{"sub": {"sub": "nested"}}'), (12, '[{"sub": "listed"}]'), (13, '{"sub": "first", "sub": "second"}'), (14, '{"sub": ["a"]}'), (15, '{"sub": ""}')) AS v (n, claims)
ORDER BY n \g /dev/null
SELECT row_number() OVER (ORDER BY audit_id) AS n, claimed_subject FROM restate.sys_audit ORDER BY audit_id;
-- claims that are nested as no token's are fail no call
SELECT set_config('request.jwt.claims', '{"sub": "deep", "more": ' || repeat('[', 100000) || repeat(']', 100000) || '}', false) IS NOT NULL AND touch() = 'signalled' AS done;
SELECT set_config('request.jwt.claims', '{"sub": "quoted \" [[[", "more": "' || repeat('[', 1000) || '"}', false) IS NOT NULL AND touch() = 'signalled' AS done;
SELECT subject FROM record OFFSET (SELECT count(*) - 2 FROM record);
RESET request.jwt.claims;

-- off is for superusers
TRUNCATE restate.audit;
SET restate_admin.audit = off;
SELECT touch();
SELECT restate_kill((SELECT id FROM restate.invocation WHERE status = 'ready' ORDER BY id LIMIT 1));
SELECT count(*) FROM record;
-- but of a restart with a request id, which is held against it when it is repeated
SELECT id AS ended FROM restate.invocation WHERE status = 'completed' AND journal_size > 0 ORDER BY id LIMIT 1 \gset
SELECT restate_restart_as_new(:'ended', request_id => 'unaudited') IS NOT NULL AS restarted;
\set VERBOSITY sqlstate
SELECT restate_restart_as_new(:'ended', 1, request_id => 'unaudited');
\set VERBOSITY default
SELECT operation, parameters FROM restate.audit ORDER BY audit_id DESC LIMIT 1;
RESET restate_admin.audit;
SELECT touch();
SELECT count(*) FROM record;

-- the numbers of the rows are of the time, and rise in a session, also after one that was rolled back
SELECT count(*) FILTER (WHERE id <= before) AS not_after, min(id >> 11) > max(id >> 11) - 60000000 AS of_one_minute,
  abs(extract(epoch FROM timestamptz '2000-01-01 00:00:00Z' + (max(id) >> 11) * interval '1 microsecond' - now())) < 60 AS of_this
FROM (SELECT id, lag(id) OVER (ORDER BY n) AS before FROM (SELECT n, restate.new_audit_id() AS id FROM generate_series(1, 20000) AS n OFFSET 0) AS m) AS l;
BEGIN;
SELECT touch();
SELECT max(audit_id) AS undone FROM restate.audit \gset
ROLLBACK;
SELECT touch();
SELECT max(audit_id) > :undone AS after_that FROM restate.audit;
-- those of a batch are in its order, and after those that a sequence gave
TRUNCATE restate.audit;
SELECT array_agg(id ORDER BY random()) AS shuffled FROM restate.invocation WHERE status = 'ready' \gset
SELECT outcome, count(*) FROM restate_cancel_batch(:'shuffled') GROUP BY outcome;
SELECT array_agg(id ORDER BY audit_id) = :'shuffled' AS in_order FROM restate.audit;
INSERT INTO restate.audit SELECT (jsonb_populate_record(a, '{"audit_id": 1000000000000, "operation": "of a sequence"}')).* FROM restate.audit AS a LIMIT 1;
SELECT operation FROM record LIMIT 1;

-- old rows are purged: those from before a time, and nothing else; a purge leaves none
TRUNCATE restate.audit;
SELECT restate_restart_as_new(:'ended', request_id => 'purged') AS restart \gset
SELECT touch(), touch();
UPDATE restate.audit SET at = now() - interval '2 days' WHERE operation = 'restart_as_new';
SELECT restate_purge_audit('-infinity'), restate_purge_audit((SELECT at FROM restate.audit WHERE operation = 'restart_as_new')) AS as_old,
  restate_purge_audit(now() - interval '1 day') AS older;
SELECT operation, count(*) FROM record GROUP BY operation;
SELECT restate_purge_audit(NULL);
-- a restart whose row is gone is found by its request id, whatever it was made of
SELECT restate_restart_as_new(:'ended', request_id => 'purged') = :'restart' AS same, restate_restart_as_new(:'ended', 1, request_id => 'purged') = :'restart' AS same_too;
SELECT ok, new_id = :'restart' AS same FROM restate_restart_as_new_batch(ARRAY[:'ended']::restate_invocation_id[], request_id => 'purged');
SELECT count(*) FROM restate.invocation WHERE restarted_from = :'ended' AND request_id = 'purged';
-- a row that a trigger keeps makes the purge fail
CREATE FUNCTION keep() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END';
CREATE TRIGGER keep BEFORE DELETE ON restate.audit FOR EACH ROW WHEN (OLD.operation = 'cancel') EXECUTE FUNCTION keep();
SELECT restate_purge_audit('infinity');
DROP FUNCTION keep CASCADE;
SELECT restate_purge_audit('infinity') = 2 AS both, count(*) FROM restate.audit;
SELECT name, context, vartype, setting FROM pg_settings WHERE name LIKE 'restate\_admin.%' ORDER BY name;
SET restate_admin.reasons = 'misspelt';

SELECT * FROM restate_verify();
TRUNCATE restate.invocation, restate.runnable, restate.timer, restate.waiter, restate.journal, restate.journal_event, restate.object_key, restate.audit;
DROP VIEW record;
DROP FUNCTION touch;
