-- The extension as an object of the database: installed, dropped, made again,
-- and what hangs on it.
CREATE FUNCTION loaded(name text) RETURNS text LANGUAGE plpgsql AS $$
BEGIN
  RETURN restate_import_invocation(jsonb_build_object('id', 'inv_1' || lpad(name, 33, '0'), 'status', 'running', 'target_service_name', 'Svc',
    'target_handler_name', 'run', 'target_service_ty', 'service'));
END $$;

-- operations before and after, in one session and through what it has prepared
PREPARE stop (text) AS SELECT restate_kill($1::restate_invocation_id);
CREATE FUNCTION again(name text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
  answer text;
BEGIN
  EXECUTE 'SELECT restate_restart_as_new($1::restate_invocation_id, request_id => $2) IS NOT NULL' INTO answer USING 'inv_1' || lpad(name, 33, '0'), name;
  RETURN answer;
END $$;
SELECT loaded('before');
EXECUTE stop ('inv_1000000000000000000000000000before');
SELECT again('before');
DROP EXTENSION restate_admin;
\set VERBOSITY sqlstate
SELECT restate_kill('inv_1000000000000000000000000000before');
EXECUTE stop ('inv_1000000000000000000000000000before');
\set VERBOSITY default
SELECT count(*) FROM pg_namespace WHERE nspname IN ('restate', 'restate_api');
SELECT count(*) FROM pg_proc WHERE proname LIKE 'restate%';
CREATE EXTENSION restate_admin;
SELECT loaded('after');
EXECUTE stop ('inv_10000000000000000000000000000after');
SELECT again('after');
SELECT restate_purge('inv_10000000000000000000000000000after');
SELECT again('after');
SELECT operation, outcome, count(*) FROM restate.sys_audit GROUP BY operation, outcome ORDER BY min(audit_id);
SELECT * FROM restate_verify();
-- and in a transaction that is rolled back
BEGIN;
DROP EXTENSION restate_admin;
CREATE EXTENSION restate_admin;
SELECT loaded('within');
EXECUTE stop ('inv_1000000000000000000000000000within');
ROLLBACK;
SELECT loaded('without');
EXECUTE stop ('inv_100000000000000000000000000without');
SELECT count(*) FROM restate.sys_invocation WHERE id = 'inv_1000000000000000000000000000within';

-- it goes to its own schemas, whatever the search path
CREATE SCHEMA mine;
DROP EXTENSION restate_admin;
SET search_path TO mine;
CREATE EXTENSION restate_admin;
SELECT count(*) FROM pg_catalog.pg_class WHERE relnamespace = 'mine'::regnamespace;
SELECT public.loaded('mine');
SELECT restate_kill('inv_100000000000000000000000000000mine');
SET search_path TO '';
SELECT restate_purge('inv_100000000000000000000000000000mine');
RESET search_path;
SELECT n.nspname AS schema, count(*) > 0 AS some FROM pg_depend d JOIN pg_extension e ON e.oid = d.refobjid AND e.extname = 'restate_admin'
JOIN pg_class c ON d.classid = 'pg_class'::regclass AND d.objid = c.oid JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE d.deptype = 'e' GROUP BY 1 ORDER BY 1;
DROP EXTENSION restate_admin;
CREATE EXTENSION restate_admin SCHEMA mine;
\set VERBOSITY sqlstate
CREATE EXTENSION restate_admin VERSION '9999';
\set VERBOSITY default
CREATE SCHEMA restate;
-- since 18 the context tells the line of the script
\set SHOW_CONTEXT never
CREATE EXTENSION restate_admin;
\set SHOW_CONTEXT errors
DROP SCHEMA restate;
SELECT count(*) FROM pg_type WHERE typname LIKE '%restate%';
CREATE EXTENSION restate_admin;
ALTER EXTENSION restate_admin SET SCHEMA mine;
DROP SCHEMA mine;

-- no way leads to another version
\set VERBOSITY sqlstate
ALTER EXTENSION restate_admin UPDATE TO '9999';
ALTER EXTENSION restate_admin UPDATE;
\set VERBOSITY default
SELECT extrelocatable FROM pg_extension WHERE extname = 'restate_admin';

-- a library of another version than the SQL says so, once a session has to find out
CREATE FUNCTION attempt() RETURNS TABLE (state text, message text, hint text) LANGUAGE plpgsql AS $$
BEGIN
  PERFORM restate_kill('inv_1000000000000000000000000000absent');
EXCEPTION WHEN OTHERS THEN
  GET STACKED DIAGNOSTICS state = RETURNED_SQLSTATE, message = MESSAGE_TEXT, hint = PG_EXCEPTION_HINT;
  message := regexp_replace(message, 'library is version \S+', 'library is version NEW');
  RETURN NEXT;
END $$;
\c
BEGIN;
UPDATE pg_extension SET extversion = '0.0.1' WHERE extname = 'restate_admin';
\x on
SELECT * FROM attempt();
ROLLBACK;
SELECT * FROM attempt();
\x off
-- a session without the extension
\c
BEGIN;
DELETE FROM pg_extension WHERE extname = 'restate_admin';
SELECT message FROM attempt();
ROLLBACK;

-- tables of the user's own
CREATE TABLE orders (
  number integer PRIMARY KEY,
  invocation restate_invocation_id NOT NULL UNIQUE DEFAULT restate_new_invocation_id(),
  partition_key bigint GENERATED ALWAYS AS (restate_partition_key_of_id(invocation)) STORED,
  retries restate_invocation_id[] NOT NULL DEFAULT '{}',
  deployment restate_deployment_id
);
CREATE TABLE shipments (invocation restate_invocation_id REFERENCES orders (invocation) ON UPDATE CASCADE) PARTITION BY HASH (invocation);
CREATE TABLE shipments_0 PARTITION OF shipments FOR VALUES WITH (MODULUS 2, REMAINDER 0);
CREATE TABLE shipments_1 PARTITION OF shipments FOR VALUES WITH (MODULUS 2, REMAINDER 1);
CREATE DOMAIN order_id AS restate_invocation_id CHECK (VALUE > 'inv_1000000000000000000000000000000000');
CREATE TYPE order_key AS (number integer, id order_id);
SELECT loaded('order');
INSERT INTO orders (number, invocation, deployment) VALUES (1, 'inv_10000000000000000000000000000order', 'dp_17vd9cnbTaGkyORdBSqu98Z');
INSERT INTO orders (number, invocation) VALUES (2, 'inv_1000000000000000000000000000absent');
INSERT INTO orders (number) SELECT generate_series(3, 1000);
INSERT INTO shipments SELECT invocation FROM orders;
ANALYZE orders;
SELECT number, partition_key, deployment FROM orders WHERE invocation = 'inv_10000000000000000000000000000order';
SELECT 'inv_1000000000000000000000000000000000'::order_id;
SELECT ROW(1, 'inv_10000000000000000000000000000order')::order_key;
-- a trigger that runs an operation, and an operation undone with its row
CREATE FUNCTION stop_order() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  PERFORM restate_kill(OLD.invocation);
  UPDATE orders SET retries = retries || restate_restart_as_new(OLD.invocation) WHERE number = OLD.number;
  RETURN NULL;
END $$;
CREATE TRIGGER stop_order AFTER UPDATE OF deployment ON orders FOR EACH ROW EXECUTE FUNCTION stop_order();
\set SHOW_CONTEXT never
UPDATE orders SET deployment = NULL WHERE number = 2;
\set SHOW_CONTEXT errors
UPDATE orders SET deployment = NULL WHERE number = 1;
SELECT i.status, j.status AS of_retry FROM orders o JOIN restate.sys_invocation i ON i.id = o.invocation
JOIN restate.sys_invocation j ON j.id = ANY (o.retries);
-- procedures that commit between operations
DO $$
DECLARE
  i restate_invocation_id;
BEGIN
  FOR i IN SELECT id FROM restate.invocation WHERE status = 'ready' LOOP
    PERFORM restate_kill(i);
    COMMIT;
    PERFORM restate_purge(i);
    ROLLBACK;
  END LOOP;
END $$;
SELECT status, count(*) FROM restate.sys_invocation GROUP BY status;
-- they are what a drop would take along
\set VERBOSITY sqlstate
DROP EXTENSION restate_admin;
\set VERBOSITY default
DROP FUNCTION attempt, loaded, again;
DROP TABLE shipments, orders;
DROP FUNCTION stop_order;
DROP TYPE order_key;
DROP DOMAIN order_id;
SELECT * FROM restate_verify();
TRUNCATE restate.invocation, restate.runnable, restate.timer, restate.waiter, restate.journal, restate.journal_event, restate.object_key, restate.audit;
