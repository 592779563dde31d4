-- Requests as PostgREST makes them: logged in as the authenticator, each in a
-- transaction with the role of its token.
\set QUIET on
\getenv abs_srcdir PG_ABS_SRCDIR
\set roles :abs_srcdir '/../examples/postgrest/roles.sql'
\set ECHO none
\i :roles
\set ECHO all
SELECT restate_import_invocation(jsonb_build_object('id', 'inv_1' || lpad(name, 33, '0'), 'status', status,
    'completion_result', CASE status WHEN 'completed' THEN 'success' END,
    'target_service_name', 'Svc', 'target_handler_name', 'run', 'target_service_ty', 'service'),
  '[{"index": 0, "entry_json": {"Command": {"Input": {"headers": [], "payload": [52, 50], "name": ""}}}}]')
FROM (VALUES ('done', 'completed'), ('running', 'running'), ('busy', 'running')) AS v (name, status) \g /dev/null
SET SESSION AUTHORIZATION restate_authenticator;
\pset footer off
\pset null '(null)'

-- who has not said who he is can do nothing
SELECT restate_api.kill('inv_100000000000000000000000000running');
SELECT count(*) FROM restate_api.invocations;

-- an operation without a body: its status is in a setting
BEGIN;
SET LOCAL ROLE restate_web_operator;
SELECT set_config('request.jwt.claims', '{"role": "restate_web_operator", "sub": "alice"}', true),
  set_config('request.headers', '{"host": "localhost"}', true), set_config('request.method', 'POST', true) \g /dev/null
SELECT restate_api.cancel(invocation_id := 'inv_100000000000000000000000000running');
SELECT current_setting('response.status', true) AS status, current_setting('response.headers', true) AS headers;
COMMIT;
SELECT current_setting('response.status', true) = '' AS gone_with_the_transaction;

-- a restart has one, and is done once for each idempotency key
BEGIN;
SET LOCAL ROLE restate_web_operator;
SELECT set_config('request.headers', '{"idempotency-key": "monday"}', true) \g /dev/null
SELECT restate_api.restart_as_new(invocation_id := 'inv_100000000000000000000000000000done', "from" := '0') AS first \gset
SELECT jsonb_object_keys(:'first');
SELECT restate_api.restart_as_new(invocation_id := 'inv_100000000000000000000000000000done') = :'first' AS the_same_again;
COMMIT;

-- many
BEGIN;
SET LOCAL ROLE restate_web_operator;
SELECT jsonb_pretty(restate_api.kill_batch(
  '["inv_100000000000000000000000000000busy", "inv_100000000000000000000000000000done", "inv_100000000000000000000000000000none"]'));
COMMIT;

-- errors: PostgREST makes the status of the code, the reason of the message
CREATE FUNCTION pg_temp.refused(call text) RETURNS TABLE (code text, message text, details text, hint text) LANGUAGE plpgsql AS $$
BEGIN
  EXECUTE 'SELECT ' || call;
EXCEPTION WHEN OTHERS THEN
  GET STACKED DIAGNOSTICS code = RETURNED_SQLSTATE, message = MESSAGE_TEXT, details = PG_EXCEPTION_DETAIL, hint = PG_EXCEPTION_HINT;
  RETURN NEXT;
END $$;
\x on
SET ROLE restate_web_operator;
SELECT * FROM pg_temp.refused($$restate_api.kill('inv_100000000000000000000000000000none')$$);
SELECT * FROM pg_temp.refused($$restate_api.kill('inv_1<script>')$$);
SELECT * FROM pg_temp.refused($$restate_api.restart_as_new('inv_100000000000000000000000000000done', '')$$);
SELECT * FROM pg_temp.refused($$restate_api.delete_invocation('inv_100000000000000000000000000000done', 'KILL')$$);
SELECT * FROM pg_temp.refused($$restate_api.kill_batch('["x"]')$$);
SELECT * FROM pg_temp.refused($$restate_api.kill_batch((SELECT jsonb_agg(text 'inv_100000000000000000000000000000none') FROM generate_series(1, 1001)))$$);
SELECT * FROM pg_temp.refused('(SELECT count(*) FROM restate_api.invocations)');
\x off

-- a reader
SET ROLE restate_web_reader;
SELECT id, status, completion_failure FROM restate_api.invocations WHERE invoked_by <> 'restart_as_new' ORDER BY id;
SELECT index, entry_type, entry_json FROM restate_api.journal WHERE id = 'inv_100000000000000000000000000running';
SELECT operation, id, outcome, role_name, session_user_name, claimed_subject FROM restate_api.audit ORDER BY audit_id;
SELECT * FROM pg_temp.refused($$restate_api.kill('inv_100000000000000000000000000running')$$);
SELECT * FROM pg_temp.refused('(SELECT count(*) FROM restate.sys_invocation)');
RESET ROLE;
RESET SESSION AUTHORIZATION;
SELECT * FROM restate_verify();
-- times and durations in binary copies are the server's types
\getenv builddir PG_ABS_BUILDDIR
\set file :builddir '/results/api.copy'
CREATE TABLE server_types (at timestamptz, lasts interval);
CREATE TABLE own_types (at restate.instant, lasts restate.duration);
INSERT INTO server_types VALUES ('2024-01-01 00:00:00.25+00', '1 day'), ('infinity', '-1 s'), ('0044-03-15 00:00:00+00 BC', '1 mon 1 day 1 s');
COPY server_types TO :'file' (FORMAT binary);
COPY own_types FROM :'file' (FORMAT binary);
SELECT * FROM own_types;
COPY own_types TO :'file' (FORMAT binary);
COPY server_types FROM :'file' (FORMAT binary);
SELECT count(*), count(DISTINCT (at, interval_send(lasts))) FROM server_types;
COPY (SELECT int8 '9223371331200000001' + 1, interval '0') TO :'file' (FORMAT binary);
\set VERBOSITY sqlstate
COPY own_types FROM :'file' (FORMAT binary);
\set VERBOSITY default
DROP TABLE server_types, own_types;
TRUNCATE restate.invocation, restate.runnable, restate.timer, restate.waiter, restate.journal, restate.journal_event, restate.object_key, restate.audit;
DROP OWNED BY restate_web_reader, restate_web_operator, restate_authenticator;
DROP ROLE restate_web_reader, restate_web_operator, restate_authenticator;
