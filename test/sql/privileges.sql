-- Who may do what.
SELECT restate_import_invocation(jsonb_build_object('id', 'inv_1' || lpad(name, 33, '0'), 'status', status,
    'completion_result', CASE status WHEN 'completed' THEN 'success' END,
    'target_service_name', 'Svc', 'target_handler_name', 'run', 'target_service_ty', 'service'),
  '[{"index": 0, "entry_json": {"Command": {"Input": {"headers": [], "payload": [52, 50], "name": ""}}}}]')
FROM (VALUES ('done', 'completed'), ('finished', 'completed'), ('unheard', 'completed'),
 ('running', 'running'), ('busy', 'running'), ('slow', 'running'))
  AS v (name, status) \g /dev/null
INSERT INTO restate.object_state (service_name, service_key, key, partition_key, value)
VALUES ('Obj', 'a', 'balance', restate_partition_key_of_key('a'), '42');
CREATE ROLE restate_test_purger LOGIN;
CREATE ROLE restate_test_reader LOGIN;
CREATE ROLE restate_test_nobody LOGIN;
CREATE ROLE restate_test_owner;
CREATE ROLE restate_test_app NOLOGIN;

-- what everybody has: the types with their operators, and functions that look at their arguments only
SELECT count(*) AS functions_that_act FROM pg_proc p
WHERE (proname LIKE 'restate%' AND pronamespace = 'pg_catalog'::regnamespace OR pronamespace = 'restate'::regnamespace)
  AND prosecdef AND has_function_privilege('restate_test_nobody', oid, 'EXECUTE');
SELECT count(*) AS relations FROM pg_class WHERE relnamespace = 'restate'::regnamespace
  AND has_table_privilege('restate_test_nobody', oid, 'SELECT, INSERT, UPDATE, DELETE, TRUNCATE, REFERENCES, TRIGGER');
SELECT has_schema_privilege('restate_test_nobody', 'restate', 'USAGE, CREATE') AS schema_restate;
SET SESSION AUTHORIZATION restate_test_nobody;
SELECT restate_invocation_id 'inv_1000000000000000000000000000000abc' < 'inv_1000000000000000000000000000000abd' AS type_is_public;
SELECT restate_kill('inv_100000000000000000000000000running');
SELECT * FROM restate_purge_batch('{}');
SELECT * FROM restate_verify();
SELECT restate_purge_audit('-infinity');
SELECT restate_import_invocation('{}');
SELECT count(*) FROM restate.sys_invocation;
SELECT count(*) FROM restate.invocation;
RESET SESSION AUTHORIZATION;

-- operators on ids need no right to the schema that has the functions behind them: not for who sees one view alone
CREATE VIEW seen_by_all AS SELECT id, status FROM restate.sys_invocation;
CREATE TABLE noted (id restate_invocation_id PRIMARY KEY, deployment restate_deployment_id) PARTITION BY HASH (id);
CREATE TABLE noted_0 PARTITION OF noted FOR VALUES WITH (MODULUS 1, REMAINDER 0);
GRANT SELECT ON seen_by_all TO restate_test_nobody;
GRANT SELECT, INSERT ON noted TO restate_test_nobody;
SET SESSION AUTHORIZATION restate_test_nobody;
SELECT id, status FROM seen_by_all WHERE id = 'inv_100000000000000000000000000running';
SELECT id FROM seen_by_all WHERE id = 'inv_100000000000000000000000000running'::text;
SELECT id FROM seen_by_all WHERE id::text = ANY (ARRAY['inv_100000000000000000000000000running', 'x']);
SELECT id FROM seen_by_all WHERE id IN ('inv_100000000000000000000000000running', 'inv_100000000000000000000000000000busy') ORDER BY id DESC;
SELECT id FROM seen_by_all WHERE id LIKE '%running' AND id ~ 'r.nning$' AND NOT id ^@ 'dp_';
INSERT INTO noted SELECT id, 'dp_17vd9cnbTaGkyORdBSqu98Z' FROM seen_by_all;
COPY noted FROM stdin;
inv_100000000000000000000000000written	dp_17vd9cnbTaGkyORdBSqu98Z
\.
SELECT count(DISTINCT id) AS ids, count(DISTINCT deployment) AS deployments, max(n) AS most
FROM (SELECT id, deployment, count(*) OVER (PARTITION BY deployment ORDER BY id) AS n FROM noted) AS n;
SET enable_seqscan = off;
SET enable_hashjoin = off;
SELECT count(*) FROM noted JOIN seen_by_all USING (id) WHERE noted.id > 'inv_100000000000000000000000000000busy';
SELECT count(*) FROM noted AS a JOIN noted AS b USING (id) WHERE a.id = b.id::text;
SET enable_hashjoin = on;
SET enable_mergejoin = off;
SET enable_nestloop = off;
SELECT count(*) FROM noted JOIN seen_by_all USING (id) WHERE deployment LIKE 'dp%';
RESET ALL;
SELECT restate.invocation_id_eq(id, id) FROM seen_by_all;
RESET SESSION AUTHORIZATION;
DROP TABLE noted;
DROP VIEW seen_by_all;

-- an operator: EXECUTE on one function is enough for it, and for nothing else
GRANT EXECUTE ON FUNCTION restate_purge_journal(restate_invocation_id) TO restate_test_purger;
SET SESSION AUTHORIZATION restate_test_purger;
SELECT restate_purge_journal('inv_100000000000000000000000000000done');
SELECT restate_purge_journal('inv_100000000000000000000000000running');
SELECT restate_purge_journal(id) FROM restate.sys_invocation;
SELECT * FROM restate_purge_journal_batch(ARRAY['inv_100000000000000000000000000000done']::restate_invocation_id[]);
SELECT restate_purge('inv_100000000000000000000000000000done');
SELECT restate_kill('inv_100000000000000000000000000running');
SELECT restate_restart_as_new('inv_10000000000000000000000000finished');
DELETE FROM restate.journal;
SELECT * FROM restate.sys_audit;
SET restate_admin.audit = off;
SET restate_admin.reason = 'spring cleaning';
SELECT restate_purge_journal('inv_10000000000000000000000000finished');
RESET restate_admin.reason;
RESET SESSION AUTHORIZATION;
-- nor does who purges the audit need a right to it
GRANT EXECUTE ON FUNCTION restate_purge_audit(timestamptz) TO restate_test_purger;
SET SESSION AUTHORIZATION restate_test_purger;
SELECT restate_purge_audit('-infinity');
RESET SESSION AUTHORIZATION;
-- nor can a setting be smuggled in before the library is loaded
SELECT current_user AS me \gset
\c
SET SESSION AUTHORIZATION restate_test_purger;
SET restate_admin.audit = off;
SELECT restate_purge_journal('inv_100000000000000000000000000unheard');
SHOW restate_admin.audit;
\c - :me

-- a reader: sees, and changes nothing
GRANT USAGE ON SCHEMA restate TO restate_test_reader;
DO $$
DECLARE
  view regclass;
BEGIN
  FOR view IN SELECT oid::regclass FROM pg_class WHERE relnamespace = 'restate'::regnamespace AND relkind = 'v' LOOP
    EXECUTE format('GRANT SELECT ON %s TO restate_test_reader', view);
  END LOOP;
END $$;
SET SESSION AUTHORIZATION restate_test_reader;
SELECT id, status FROM restate.sys_invocation WHERE id >= 'inv_100000000000000000000000000000done' ORDER BY id;
SELECT j.id, j.index, j.entry_json, j.entry_lite_json, j.completed FROM restate.sys_journal j
JOIN restate.sys_invocation i USING (id) WHERE i.status = 'running' ORDER BY j.id LIMIT 1;
SELECT id, count(*) FROM restate.sys_journal GROUP BY id HAVING id <> 'inv_100000000000000000000000000running' ORDER BY id;
SELECT partition_key, value_utf8 FROM restate.state;
SELECT count(*) FROM restate.sys_promise;
SELECT count(*) FROM restate.sys_inbox, restate.sys_keyed_service_status, restate.sys_deployment, restate.sys_service, restate.sys_journal_events;
SELECT operation, id, outcome, role_name, reason FROM restate.sys_audit ORDER BY audit_id;
SELECT count(*) FROM restate.invocation;
SELECT count(*) FROM restate.journal;
SELECT count(*) FROM restate.object_state;
UPDATE restate.sys_invocation SET status = 'completed';
DELETE FROM restate.sys_audit;
SELECT restate_kill('inv_100000000000000000000000000running');
SELECT * FROM restate_verify();
RESET SESSION AUTHORIZATION;

-- who did it: the role that called, and the role that logged in
GRANT restate_test_app TO restate_test_purger;
GRANT EXECUTE ON FUNCTION restate_cancel(restate_invocation_id) TO restate_test_app, restate_test_purger;
SET SESSION AUTHORIZATION restate_test_purger;
SELECT restate_cancel('inv_100000000000000000000000000running');
SET ROLE restate_test_app;
SELECT restate_cancel('inv_100000000000000000000000000running');
RESET ROLE;
RESET SESSION AUTHORIZATION;
SELECT role_name, session_user_name FROM restate.sys_audit WHERE operation = 'cancel' ORDER BY audit_id;
-- an application's own function, with its owner's rights, does not hide its caller
CREATE FUNCTION stop(id restate_invocation_id) RETURNS text LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, pg_temp
RETURN restate_kill(id);
ALTER FUNCTION stop OWNER TO restate_test_app;
REVOKE ALL ON FUNCTION stop FROM PUBLIC;
GRANT EXECUTE ON FUNCTION stop TO restate_test_nobody;
SET SESSION AUTHORIZATION restate_test_nobody;
\set SHOW_CONTEXT never
SELECT stop('inv_100000000000000000000000000000busy');
\set SHOW_CONTEXT errors
RESET SESSION AUTHORIZATION;
GRANT EXECUTE ON FUNCTION restate_kill(restate_invocation_id) TO restate_test_app;
SET SESSION AUTHORIZATION restate_test_nobody;
SELECT stop('inv_100000000000000000000000000000busy');
SELECT restate_kill('inv_100000000000000000000000000000slow');
RESET SESSION AUTHORIZATION;
SELECT role_name, session_user_name FROM restate.sys_audit WHERE operation = 'kill';
DROP FUNCTION stop;

-- only what compares and hashes is trusted to leak nothing
SELECT count(*) FROM pg_proc WHERE proleakproof AND (proname LIKE 'restate%' OR pronamespace = 'restate'::regnamespace)
  AND proname !~ '_(lt|le|eq|ne|ge|gt|cmp|hash|hash_extended)(_text|_invocation_id|_deployment_id)?$';

-- the owner need not be a superuser
BEGIN;
GRANT CREATE, USAGE ON SCHEMA restate TO restate_test_owner;
GRANT CREATE ON SCHEMA pg_catalog TO restate_test_owner;
DO $$
DECLARE
  object record;
BEGIN
  FOR object IN SELECT CASE relkind WHEN 'v' THEN 'VIEW' ELSE 'TABLE' END AS kind, oid::regclass::text AS name
    FROM pg_class WHERE relnamespace = 'restate'::regnamespace AND relkind IN ('r', 'v')
    UNION ALL SELECT 'FUNCTION', p.oid::regprocedure::text
    FROM pg_proc p JOIN pg_depend d ON d.classid = 'pg_proc'::regclass AND d.objid = p.oid AND d.deptype = 'e'
    JOIN pg_extension e ON e.oid = d.refobjid AND e.extname = 'restate_admin' WHERE p.prosecdef
  LOOP
    EXECUTE format('ALTER %s %s OWNER TO restate_test_owner', object.kind, object.name);
  END LOOP;
END $$;
REVOKE CREATE ON SCHEMA pg_catalog, restate FROM restate_test_owner;
SET LOCAL SESSION AUTHORIZATION restate_test_purger;
SELECT restate_purge_journal('inv_10000000000000000000000000finished');
SELECT restate_cancel('inv_100000000000000000000000000000slow');
SET LOCAL SESSION AUTHORIZATION restate_test_reader;
SELECT count(*) FROM restate.sys_journal;
SET LOCAL SESSION AUTHORIZATION restate_test_owner;
SELECT restate_restart_as_new(restate_import_invocation('{"id": "inv_10000000000000000000000000imported", "status": "completed", "completion_result": "success",
  "target_service_name": "Svc", "target_handler_name": "run", "target_service_ty": "service"}',
  '[{"index": 0, "entry_json": {"Command": {"Input": {"headers": [], "payload": [], "name": ""}}}}]'), request_id => 'once') IS NOT NULL AS restarted;
SELECT outcome FROM restate_kill_batch(ARRAY(SELECT id FROM restate.sys_invocation WHERE status <> 'completed')) ORDER BY 1;
SELECT restate_purge_journal('inv_10000000000000000000000000imported');
SELECT outcome FROM restate_purge_batch(ARRAY(SELECT id FROM restate.sys_invocation)) ORDER BY 1;
SELECT * FROM restate_verify();
RESET SESSION AUTHORIZATION;
ROLLBACK;

-- a joined call gives no right of its own
GRANT EXECUTE ON FUNCTION restate_joined TO restate_test_purger, restate_test_nobody;
SET SESSION AUTHORIZATION restate_test_nobody;
SELECT restate_joined('purge_journal', '{inv_100000000000000000000000000000busy}');
SELECT * FROM restate_joined('delete_invocation', '{inv_100000000000000000000000000000busy}', modes => '{kill}');
SELECT * FROM restate_joined('restart_as_new', '{inv_100000000000000000000000000000busy}');
SELECT * FROM restate_joined('cancel', '{inv_100000000000000000000000000000busy}');
SELECT * FROM restate_joined('kill', '{}');
SELECT * FROM restate_joined('purge', NULL);
SELECT * FROM restate_joined('pause', '{inv_100000000000000000000000000000busy}');
SELECT * FROM restate_joined('resume', '{inv_100000000000000000000000000000busy}');
SET SESSION AUTHORIZATION restate_test_purger;
SELECT status, outcome FROM restate_joined('purge_journal', '{inv_100000000000000000000000000000busy}');
SELECT status, outcome FROM restate_joined('cancel', '{inv_100000000000000000000000000000slow}');
SELECT * FROM restate_joined('kill', '{inv_100000000000000000000000000000slow}');
-- it is the role in force that needs it
SET ROLE restate_test_app;
SELECT * FROM restate_joined('kill', '{inv_100000000000000000000000000000slow}');
RESET ROLE;
RESET SESSION AUTHORIZATION;
GRANT EXECUTE ON FUNCTION restate_joined TO restate_test_app;
SET SESSION AUTHORIZATION restate_test_purger;
SET ROLE restate_test_app;
SELECT * FROM restate_joined('purge_journal', '{inv_100000000000000000000000000000slow}');
SELECT status, outcome FROM restate_joined('kill', '{inv_1000000000000000000000000000absent}');
RESET ROLE;
RESET SESSION AUTHORIZATION;
SELECT operation, role_name, session_user_name FROM restate.sys_audit ORDER BY audit_id DESC LIMIT 1;

SELECT * FROM restate_verify();
TRUNCATE restate.invocation, restate.runnable, restate.timer, restate.waiter, restate.journal, restate.journal_event, restate.object_key, restate.object_state, restate.audit;
DROP OWNED BY restate_test_purger, restate_test_reader, restate_test_nobody, restate_test_owner, restate_test_app;
DROP ROLE restate_test_purger, restate_test_reader, restate_test_nobody, restate_test_owner, restate_test_app;
