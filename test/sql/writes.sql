-- What an operation writes is written, or the operation fails and changes
-- nothing: a trigger that returns NULL, or the old row, and a row security
-- policy keep the server from writing, of which it says nothing.
INSERT INTO restate.deployment (id, ty, endpoint, min_service_protocol_version, max_service_protocol_version)
VALUES ('dp_10000000000000000000old', 'http', 'http://old', 5, 7);
INSERT INTO restate.service_revision (service_name, revision, deployment_id, ty, handlers)
VALUES ('Svc', 1, 'dp_10000000000000000000old', 'service', '[{"name": "run"}]'),
  ('Obj', 1, 'dp_10000000000000000000old', 'virtual_object', '[{"name": "run", "ty": "Exclusive"}]');
SELECT restate_import_invocation(jsonb_strip_nulls(jsonb_build_object(
    'id', CASE WHEN key = 'w' THEN restate_workflow_invocation_id('Wf', 'w')::text
      ELSE CASE key WHEN 'a' THEN 'inv_1dceKvwtEc2n' WHEN 'b' THEN 'inv_174rq2A9bm3T' ELSE 'inv_100000000000' END || lpad(name, 22, '0') END,
    'status', status, 'completion_result', CASE status WHEN 'completed' THEN 'success' END,
    'target_service_name', CASE WHEN key = 'w' THEN 'Wf' WHEN key IS NULL THEN 'Svc' ELSE 'Obj' END, 'target_service_key', key,
    'target_handler_name', 'run', 'target_service_ty', CASE WHEN key = 'w' THEN 'workflow' WHEN key IS NULL THEN 'service' ELSE 'virtual_object' END,
    'target_handler_ty', CASE WHEN key IN ('a', 'b') THEN 'exclusive' END,
    'pinned_deployment_id', 'dp_10000000000000000000old', 'pinned_service_protocol_version', 6,
    'invoked_by', CASE name WHEN 'child' THEN 'service' END, 'invoked_by_id', CASE name WHEN 'child' THEN 'inv_1000000000000000000000000000parent' END)),
  CASE WHEN name = 'parent' THEN jsonb '[{"index": 0, "entry_json": {"Command": {"Input": {"headers": [], "payload": [1], "name": ""}}}},
      {"index": 1, "entry_json": {"Command": {"Call": {"request": {"invocation_id": "inv_10000000000000000000000000000child",
        "invocation_target": {"Service": {"name": "Svc", "handler": "run"}}, "parameter": [], "headers": []},
        "invocation_id_completion_id": 1, "result_completion_id": 2, "name": ""}}}}]'
    WHEN status = 'completed' THEN jsonb '[{"index": 0, "entry_json": {"Command": {"Input": {"headers": [], "payload": [1], "name": ""}}}},
      {"index": 1, "entry_json": {"Command": {"Run": {"completion_id": 1, "name": "r"}}}},
      {"index": 2, "entry_json": {"Notification": {"Completion": {"Run": {"completion_id": 1, "result": {"Success": [2]}}}}}},
      {"index": 3, "entry_json": {"Command": {"Output": {"result": {"Success": [0, 255]}, "name": ""}}}}]' END)
FROM (VALUES ('done', 'completed', NULL), ('running', 'running', NULL), ('ready', 'ready', NULL), ('paused', 'paused', NULL),
  ('scheduled', 'scheduled', NULL), ('parent', 'running', NULL), ('child', 'running', NULL),
  ('holder', 'running', 'a'), ('next', 'pending', 'a'), ('last', 'pending', 'a'), ('finished', 'completed', 'b'), ('workflow', 'completed', 'w')) AS v (name, status, key) \g /dev/null
INSERT INTO restate.object_state (service_name, service_key, key, partition_key, value)
SELECT 'Wf', 'w', 'k', partition_key, 'v' FROM restate.invocation WHERE target_service_name = 'Wf';
INSERT INTO restate.promise (service_name, service_key, key, partition_key)
SELECT 'Wf', 'w', 'p', partition_key FROM restate.invocation WHERE target_service_name = 'Wf';
INSERT INTO restate.journal_event (id, partition_key, event_index, after_journal_entry_index, event_type, event_json)
SELECT id, partition_key, 0, 1, 'TransientError', '{}' FROM restate.invocation WHERE status = 'completed';

CREATE FUNCTION of(name text) RETURNS restate_invocation_id LANGUAGE sql AS $$
  SELECT id FROM restate.invocation WHERE CASE name WHEN 'workflow' THEN target_service_name = 'Wf' ELSE id::text LIKE '%0' || name END
    AND restarted_from IS NULL $$;
CREATE TABLE call (n serial, sql text);
INSERT INTO call (sql) VALUES
  ($$restate_purge_journal(of('done'))$$), ($$restate_purge(of('done'))$$), ($$restate_purge(of('workflow'))$$),
  ($$restate_delete_invocation(of('done'), 'purge')$$), ($$restate_restart_as_new(of('done'))$$),
  ($$restate_restart_as_new(of('done'), 1, 'keep', 'once')$$), ($$restate_restart_as_new(of('finished'))$$),
  ($$restate_pause(of('ready'))$$), ($$restate_pause(of('running'))$$), ($$restate_resume(of('paused'))$$),
  ($$restate_cancel(of('running'))$$), ($$restate_cancel(of('paused'))$$), ($$restate_cancel(of('scheduled'))$$), ($$restate_cancel(of('next'))$$),
  ($$restate_kill(of('running'))$$), ($$restate_kill(of('child'))$$), ($$restate_kill(of('parent'))$$), ($$restate_kill(of('holder'))$$),
  ($$(SELECT count(*) FROM restate_kill_batch(ARRAY[of('holder'), of('parent'), of('last')]))$$),
  ($$(SELECT count(*) FROM restate_restart_as_new_batch(ARRAY[of('finished'), of('done'), of('finished')]))$$),
  ($$(SELECT count(*) FROM restate_purge_batch(ARRAY[of('finished'), of('done')]))$$),
  ($$(SELECT count(*) FROM restate_pause_batch(ARRAY[of('ready'), of('running')]))$$);

CREATE TABLE touched (what text);
CREATE FUNCTION note() RETURNS trigger LANGUAGE plpgsql SET search_path = public AS $$
BEGIN
  INSERT INTO touched VALUES (TG_OP || ' ' || TG_TABLE_NAME);
  RETURN NULL;
END $$;
CREATE FUNCTION nothing() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END';
CREATE FUNCTION as_it_was() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN OLD; END';
CREATE FUNCTION contents() RETURNS text LANGUAGE plpgsql AS $$
DECLARE
  relation regclass;
  part text;
  whole text := '';
BEGIN
  FOR relation IN SELECT oid FROM pg_class WHERE relnamespace = 'restate'::regnamespace AND relkind = 'r' ORDER BY relname LOOP
    EXECUTE format('SELECT md5(string_agg(t::text, $1 ORDER BY t::text)) FROM %s AS t', relation) INTO part USING ',';
    whole := whole || coalesce(part, '-');
  END LOOP;
  RETURN whole;
END $$;

-- Runs a call with triggers of a kind, and rolls all of it back; returns what
-- rows it wrote, or its error.
CREATE FUNCTION try(call text, kind text, target text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
  result text;
  relation text;
  event text;
  told text;
BEGIN
  FOR relation, event IN SELECT r.relname, e FROM pg_class AS r, unnest(ARRAY['INSERT', 'UPDATE', 'DELETE']) AS e
    WHERE r.relnamespace = 'restate'::regnamespace AND r.relkind = 'r' AND (target IS NULL OR e || ' ' || r.relname = target) LOOP
    EXECUTE format('CREATE TRIGGER %I %s %s ON restate.%I FOR EACH ROW EXECUTE FUNCTION public.%I()',
      kind || event, CASE kind WHEN 'note' THEN 'AFTER' ELSE 'BEFORE' END, event, relation, kind);
  END LOOP;
  BEGIN
    EXECUTE 'SELECT ' || call INTO result;
    SELECT coalesce('wrote ' || string_agg(DISTINCT what, ', ' ORDER BY what), 'wrote nothing') INTO result FROM touched;
  EXCEPTION WHEN OTHERS THEN
    GET STACKED DIAGNOSTICS told = PG_EXCEPTION_DETAIL;
    result := SQLSTATE || ' ' || SQLERRM || ': ' || regexp_replace(told, '\d+ rows?', 'N rows');
  END;
  RAISE SQLSTATE 'ZZ000' USING MESSAGE = result;
EXCEPTION WHEN SQLSTATE 'ZZ000' THEN
  RETURN SQLERRM;
END $$;

SELECT contents() AS before \gset
-- what each call writes
SELECT n, sql, try(sql, 'note', NULL) FROM call ORDER BY n;
-- without any one of these it fails: no line is here that wrote something
CREATE TABLE tried AS
SELECT c.n, w.what, k.kind, try(c.sql, k.kind, w.what) AS result
FROM call AS c, LATERAL unnest(string_to_array(substr(try(c.sql, 'note', NULL), 7), ', ')) AS w (what),
  unnest(ARRAY['nothing', 'as_it_was']) AS k (kind)
WHERE k.kind = 'nothing' OR w.what LIKE 'UPDATE %';
SELECT * FROM tried WHERE result NOT LIKE '09000 could not write all that the operation changes: Statement %';
SELECT count(*) > 80 AS many, count(DISTINCT what) AS kinds FROM tried;
SELECT DISTINCT what, kind, result FROM tried ORDER BY what, kind, result;
SELECT contents() = :'before' AS unchanged;
-- the error says where to look
CREATE TRIGGER t BEFORE DELETE ON restate.journal FOR EACH ROW WHEN (OLD.index = 2) EXECUTE FUNCTION nothing();
SELECT restate_purge_journal(of('done'));
SELECT restate_purge_journal_batch(ARRAY[of('done'), of('finished')]);
DROP TRIGGER t ON restate.journal;
-- nor does a trigger that changes the row into another
CREATE FUNCTION elsewhere() RETURNS trigger LANGUAGE plpgsql AS $$BEGIN NEW.status := 'ready'; RETURN NEW; END$$;
CREATE TRIGGER t BEFORE UPDATE ON restate.invocation FOR EACH ROW EXECUTE FUNCTION elsewhere();
SELECT restate_pause(of('ready'));
DROP TRIGGER t ON restate.invocation;
-- a policy that hides rows from the write alone, where the owner is bound by it
CREATE ROLE restate_test_writer;
GRANT USAGE ON SCHEMA restate TO restate_test_writer;
GRANT ALL ON ALL TABLES IN SCHEMA restate TO restate_test_writer;
GRANT EXECUTE ON ALL FUNCTIONS IN SCHEMA restate TO restate_test_writer;
ALTER TABLE restate.journal ENABLE ROW LEVEL SECURITY;
CREATE POLICY reads ON restate.journal FOR SELECT USING (true);
CREATE POLICY appends ON restate.journal FOR INSERT WITH CHECK (true);
CREATE POLICY deletes ON restate.journal FOR DELETE USING (index <> 3);
BEGIN;
ALTER FUNCTION restate_purge_journal(restate_invocation_id) OWNER TO restate_test_writer;
SELECT restate_purge_journal(of('done'));
ROLLBACK;
BEGIN;
DROP POLICY deletes ON restate.journal;
ALTER FUNCTION restate_purge(restate_invocation_id) OWNER TO restate_test_writer;
SELECT restate_purge(of('done'));
ROLLBACK;
ALTER TABLE restate.journal DISABLE ROW LEVEL SECURITY;
-- of what is all deleted, however much it is
CREATE POLICY reads ON restate.journal_event FOR SELECT USING (true);
CREATE POLICY reads ON restate.object_state FOR SELECT USING (true);
CREATE POLICY reads ON restate.promise FOR SELECT USING (true);
BEGIN;
ALTER FUNCTION restate_purge(restate_invocation_id) OWNER TO restate_test_writer;
SAVEPOINT s;
ALTER TABLE restate.journal_event ENABLE ROW LEVEL SECURITY;
SELECT restate_purge(of('done'));
ROLLBACK TO s;
ALTER TABLE restate.object_state ENABLE ROW LEVEL SECURITY;
SELECT restate_purge(of('workflow'));
ROLLBACK TO s;
ALTER TABLE restate.promise ENABLE ROW LEVEL SECURITY;
SELECT restate_purge(of('workflow'));
ROLLBACK TO s;
SELECT restate_purge(of('workflow')), restate_purge(of('done'));
ROLLBACK;
DROP POLICY reads ON restate.journal_event;
DROP POLICY reads ON restate.object_state;
DROP POLICY reads ON restate.promise;
DROP POLICY reads ON restate.journal;
DROP POLICY appends ON restate.journal;
DROP POLICY deletes ON restate.journal;
SELECT contents() = :'before' AS unchanged;
SELECT restate_purge_journal(of('done'));
SELECT * FROM restate_verify();
DROP OWNED BY restate_test_writer;
DROP ROLE restate_test_writer;
TRUNCATE restate.invocation, restate.runnable, restate.timer, restate.waiter, restate.journal, restate.journal_event, restate.object_key, restate.object_state, restate.promise, restate.audit,
  restate.deployment, restate.service_revision;
DROP TABLE call, touched, tried;
DROP FUNCTION of, note, nothing, as_it_was, elsewhere, contents, try;
