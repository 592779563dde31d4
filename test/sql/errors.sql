-- Every category of error, with the fields that a program reads: the
-- SQLSTATE carries the HTTP status, the constraint name the category.

-- Runs a statement and returns its error; what goes well is undone.
CREATE FUNCTION refusal(statement text)
RETURNS TABLE (state text, category text, message text, detail text, hint text) LANGUAGE plpgsql AS $$
BEGIN
  EXECUTE statement;
  RAISE EXCEPTION USING ERRCODE = 'PT200', CONSTRAINT = 'done', MESSAGE = 'done';
EXCEPTION WHEN OTHERS THEN
  GET STACKED DIAGNOSTICS state = RETURNED_SQLSTATE, category = CONSTRAINT_NAME, message = MESSAGE_TEXT,
    detail = PG_EXCEPTION_DETAIL, hint = PG_EXCEPTION_HINT;
  RETURN NEXT;
END $$;

INSERT INTO restate.deployment (id, ty, endpoint, min_service_protocol_version, max_service_protocol_version)
VALUES ('dp_10000000000000000000new', 'http', 'http://new', 7, 7), ('dp_1000000000000000000gone', 'http', 'http://gone', 5, 7);
INSERT INTO restate.service_revision (service_name, revision, deployment_id, ty)
VALUES ('Svc', 1, 'dp_10000000000000000000new', 'service');

-- what each stands for is its name; pinned to a deployment that is gone
CREATE TABLE loaded (name text, id restate_invocation_id);
INSERT INTO loaded
SELECT name, restate_import_invocation(jsonb_build_object(
    'id', 'inv_1' || lpad(name, 33, '0'), 'status', status, 'target_service_name', service,
    'target_service_key', CASE service WHEN 'Svc' THEN NULL WHEN 'None' THEN NULL ELSE 'a' END, 'target_handler_name', 'run',
    'target_service_ty', CASE service WHEN 'Wf' THEN 'workflow' ELSE 'service' END,
    'completion_result', CASE WHEN status = 'completed' THEN 'success' END,
    'pinned_deployment_id', CASE WHEN protocol IS NOT NULL THEN 'dp_1000000000000000000gone' END,
    'pinned_service_protocol_version', protocol), journal)
FROM (VALUES
  ('running', 'running', 'Svc', 6, NULL),
  ('scheduled', 'scheduled', 'Svc', NULL, NULL),
  ('paused', 'paused', 'Svc', 6, NULL),
  ('elsewhere', 'paused', 'None', 6, NULL),
  ('nopin', 'paused', 'Svc', NULL, NULL),
  ('empty', 'completed', 'Svc', 6, NULL),
  ('done', 'completed', 'Svc', 6, '[{"index": 0, "entry_json": {"Command": {"Input": {"headers": [], "payload": [], "name": ""}}}},
    {"index": 1, "entry_json": {"Command": {"Run": {"completion_id": 1, "name": ""}}}}]'::jsonb),
  ('early', 'completed', 'Svc', NULL, '[{"index": 0, "entry_json": {"Command": {"Input": {"headers": [], "payload": [], "name": ""}}}}]'),
  ('dated', 'completed', 'Svc', 5, '[{"index": 0, "entry_json": {"Command": {"Input": {"headers": [], "payload": [], "name": ""}}}}]'),
  ('nowhere', 'completed', 'None', 6, '[{"index": 0, "entry_json": {"Command": {"Input": {"headers": [], "payload": [], "name": ""}}}}]')
) AS v (name, status, service, protocol, journal);
INSERT INTO loaded
SELECT 'workflow', restate_import_invocation(jsonb_build_object('id', restate_workflow_invocation_id('Wf', 'a'), 'status', 'completed',
  'completion_result', 'success', 'target_service_name', 'Wf', 'target_service_key', 'a', 'target_handler_name', 'run',
  'target_service_ty', 'workflow'), '[{"index": 0, "entry_json": {"Command": {"Input": {"headers": [], "payload": [], "name": ""}}}}]');
DELETE FROM restate.deployment WHERE id = 'dp_1000000000000000000gone';

-- one of each
\x on
\pset format unaligned
SELECT e.* FROM (VALUES
  (1, $$SELECT restate_purge('abc')$$),
  (2, $$SELECT restate_purge(NULL)$$),
  (3, $$SELECT restate_resume('inv_1000000000000000000000000000paused', 'newest')$$),
  (4, $$SELECT restate_delete_invocation('inv_100000000000000000000000000running', 'erase')$$),
  (5, $$SELECT restate_delete_invocation('inv_100000000000000000000000000running', NULL)$$),
  (6, $$SELECT restate_restart_as_new('inv_100000000000000000000000000000done', -1)$$),
  (7, $$SELECT restate_restart_as_new('inv_100000000000000000000000000000done', 4294967296)$$),
  (8, $$SELECT restate_restart_as_new('inv_100000000000000000000000000000done', request_id => '')$$),
  (9, $$SELECT restate_import_invocation('[]')$$),
  (10, $$SELECT restate_purge('inv_1000000000000000000000000000absent')$$),
  (11, $$SELECT restate_restart_as_new('inv_1000000000000000000000000scheduled')$$),
  (12, $$SELECT restate_restart_as_new('inv_100000000000000000000000000running')$$),
  (13, $$SELECT restate_purge('inv_100000000000000000000000000running')$$),
  (14, $$SELECT restate_kill('inv_100000000000000000000000000000done')$$),
  (15, $$SELECT restate_pause('inv_1000000000000000000000000scheduled')$$),
  (16, $$SELECT restate_restart_as_new('inv_10000000000000000000000000000empty')$$),
  (17, $$SELECT restate_restart_as_new(restate_workflow_invocation_id('Wf', 'a'))$$),
  (18, $$SELECT restate_restart_as_new('inv_10000000000000000000000000000early', 1)$$),
  (19, $$SELECT restate_restart_as_new('inv_10000000000000000000000000000dated', 1)$$),
  (20, $$SELECT restate_restart_as_new('inv_10000000000000000000000000000early', deployment => 'keep')$$),
  (21, $$SELECT restate_resume('inv_100000000000000000000000000running', 'latest')$$),
  (22, $$SELECT restate_restart_as_new('inv_100000000000000000000000000nowhere')$$),
  (23, $$SELECT restate_restart_as_new('inv_100000000000000000000000000000done', deployment => 'latest')$$),
  (24, $$SELECT restate_restart_as_new('inv_100000000000000000000000000000done', 1, 'keep')$$),
  (25, $$SELECT restate_restart_as_new('inv_100000000000000000000000000000done', 2, 'keep')$$)
) AS s (n, statement), refusal(statement) AS e ORDER BY n;
\x off

-- which operation is refused what, state by state
CREATE TABLE attempt AS
SELECT l.name, l.id, o.name || o.arguments AS operation, e.*
FROM (VALUES ('purge_journal', ''), ('delete_invocation', $$, 'cancel'$$), ('delete_invocation', $$, 'kill'$$),
  ('delete_invocation', $$, 'purge'$$), ('cancel', ''), ('kill', ''), ('purge', ''), ('pause', ''), ('resume', ''),
  ('resume', $$, 'latest'$$), ('resume', $$, 'keep'$$), ('resume', $$, 'dp_1000000000000000000gone'$$),
  ('restart_as_new', ''), ('restart_as_new', $$, 1$$), ('restart_as_new', $$, 99, 'keep'$$),
  ('restart_as_new', $$, 0, 'dp_1000000000000000000gone'$$)) AS o (name, arguments)
CROSS JOIN (TABLE loaded UNION ALL SELECT 'absent', 'inv_1000000000000000000000000000absent') AS l (name, id)
CROSS JOIN LATERAL refusal(format('SELECT restate_%s(%L%s)', o.name, l.id, o.arguments)) AS e;
SELECT name, operation, state, category FROM attempt
WHERE category <> 'done' ORDER BY name COLLATE "C", operation COLLATE "C";
-- what is possible
SELECT name, string_agg(operation, '; ' ORDER BY operation COLLATE "C") AS operations
FROM attempt WHERE category = 'done' GROUP BY name ORDER BY name COLLATE "C";
-- each message is one line with the id in it, the detail begins with the category
SELECT count(*) > 80 AS some,
  count(*) FILTER (WHERE message ~ '[^ -~]' OR position(id::text IN message) = 0) AS odd_messages,
  count(*) FILTER (WHERE NOT starts_with(detail, category || ': ') OR detail ~ '[^ -~]') AS odd_details,
  count(*) FILTER (WHERE hint = '' OR hint ~ '[^ -~]') AS odd_hints
FROM attempt WHERE category <> 'done';

-- what the user wrote: at most 64 characters of it, escaped, on one line
SELECT message FROM (VALUES
  (1, $$SELECT restate_delete_invocation('inv_100000000000000000000000000running', repeat('long', 1000))$$),
  (2, $$SELECT restate_delete_invocation('inv_100000000000000000000000000running', E'a\r\nb\t"c"\\d\x7f')$$),
  (3, $$SELECT restate_delete_invocation('inv_100000000000000000000000000running', repeat('é', 65))$$),
  (4, $$SELECT restate_delete_invocation('inv_100000000000000000000000000running', '取消')$$),
  (5, $$SELECT restate_resume('inv_1000000000000000000000000000paused', repeat('é', 64))$$),
  (6, $$SELECT restate_resume('inv_1000000000000000000000000000paused', E'dp_1\n')$$),
  (7, $$SELECT restate_restart_as_new('inv_100000000000000000000000000000done', request_id => repeat('é', 128))$$),
  (8, $$SELECT restate_cancel(E'inv_1000000000000000000000000000paused\n')$$),
  (9, $$SELECT restate_cancel('invé_1')$$),
  (10, $$SELECT restate_import_invocation(jsonb_build_object('id', repeat(E'é\n', 100)))$$)
) AS s (n, statement), refusal(statement) AS e ORDER BY n;

-- a request id is 1 to 255 bytes
BEGIN;
INSERT INTO restate.deployment (id, ty, endpoint, min_service_protocol_version, max_service_protocol_version)
VALUES ('dp_10000000000000000000six', 'http', 'http://six', 6, 6);
SELECT restate_restart_as_new('inv_100000000000000000000000000000done', 0, 'dp_10000000000000000000six', repeat('x', 255)) IS NOT NULL AS restarted;
SELECT restate_restart_as_new('inv_100000000000000000000000000000done', 0, 'dp_10000000000000000000six', repeat('é', 127)) IS NOT NULL AS restarted;
ROLLBACK;

-- at psql
SELECT restate_kill('inv_100000000000000000000000000000done');
SELECT restate_kill('somebody');

SELECT count(*) FROM restate.audit;
-- nothing is broken but what was loaded so
SELECT * FROM restate_verify() ORDER BY id;
-- a batch has a limit; below it the size is no matter
SELECT restate_pause_batch(array_fill('inv_100000000000000000000000000unknown'::restate_invocation_id, ARRAY[1000001]));
SELECT restate_restart_as_new_batch(array_fill(NULL::restate_invocation_id, ARRAY[12000000]));
SELECT count(*), count(DISTINCT category) AS categories, min(category) AS category
FROM restate_kill_batch(array_fill('inv_100000000000000000000000000unknown'::restate_invocation_id, ARRAY[1000000]));
TRUNCATE restate.invocation, restate.runnable, restate.timer, restate.waiter, restate.journal, restate.journal_event, restate.object_key, restate.audit, restate.deployment, restate.service_revision;
DROP TABLE loaded, attempt;
DROP FUNCTION refusal;
