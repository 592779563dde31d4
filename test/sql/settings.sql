-- No setting but the search path is another while something of the user's can
-- run in an operation, and none after it; and still a row is found by its key,
-- in tables so small that the planner would read them whole.
SELECT restate_import_invocation(jsonb_build_object('id', 'inv_1' || lpad(name, 33, '0'), 'status', status,
    'completion_result', CASE status WHEN 'completed' THEN 'success' END,
    'target_service_name', 'Svc', 'target_handler_name', 'run', 'target_service_ty', 'service'))
FROM (VALUES ('ready', 'ready'), ('running', 'running'), ('paused', 'paused'), ('done', 'completed'), ('kept', 'completed')) AS v (name, status) \g /dev/null
INSERT INTO restate.journal (id, partition_key, index, entry_type)
SELECT id, partition_key, 0, 'Command: Input' FROM restate.invocation WHERE status = 'completed';
UPDATE restate.invocation SET journal_size = 1, journal_commands_size = 1 WHERE status = 'completed';
ANALYZE;
CREATE FUNCTION settings() RETURNS jsonb LANGUAGE sql SET search_path = pg_catalog
AS $$SELECT jsonb_object_agg(name, setting) FROM pg_settings WHERE name <> 'search_path'$$;
CREATE TABLE expected AS SELECT settings();
CREATE TABLE seen (at text, name text, setting text);
-- A trigger with a plan of its own, made in the operation and kept.
CREATE FUNCTION look() RETURNS trigger LANGUAGE plpgsql SET search_path = public AS $$
BEGIN
  INSERT INTO seen SELECT TG_WHEN || ' ' || TG_OP || ' of ' || TG_TABLE_NAME, s.key, s.value
  FROM expected AS e, jsonb_each_text(settings()) AS s WHERE s.value IS DISTINCT FROM e.settings ->> s.key;
  INSERT INTO seen SELECT 'look', 'count', count(*) FROM expected AS a JOIN expected AS b USING (settings);
  RETURN NEW;
END $$;
CREATE TRIGGER before BEFORE INSERT OR UPDATE ON restate.invocation FOR EACH ROW EXECUTE FUNCTION look();
CREATE TRIGGER after AFTER INSERT OR UPDATE ON restate.invocation FOR EACH ROW EXECUTE FUNCTION look();
CREATE TRIGGER before BEFORE INSERT OR UPDATE ON restate.journal FOR EACH ROW EXECUTE FUNCTION look();
CREATE TRIGGER after AFTER INSERT OR UPDATE ON restate.audit FOR EACH ROW EXECUTE FUNCTION look();
CREATE TRIGGER at_commit BEFORE INSERT OR UPDATE ON restate.audit FOR EACH ROW EXECUTE FUNCTION look();
-- how often a table has been read whole so far
CREATE VIEW read_whole AS
SELECT coalesce(sum(seq_scan), 0) AS read_whole FROM pg_stat_xact_user_tables WHERE schemaname = 'restate' AND relname IN ('invocation', 'journal');

\c
BEGIN;
SELECT read_whole AS before FROM read_whole \gset
SELECT restate_pause('inv_10000000000000000000000000000ready'), restate_resume('inv_1000000000000000000000000000paused'),
  restate_cancel('inv_100000000000000000000000000running'), restate_kill('inv_100000000000000000000000000running'),
  restate_purge_journal('inv_100000000000000000000000000000done'),
  restate_restart_as_new('inv_100000000000000000000000000000kept') IS NOT NULL AS restarted;
SELECT read_whole - :before AS read_whole FROM read_whole;
COMMIT;
-- again, with plans that are valid no more
ANALYZE;
BEGIN;
SELECT read_whole AS before FROM read_whole \gset
SELECT restate_resume('inv_10000000000000000000000000000ready'), restate_pause('inv_1000000000000000000000000000paused'),
  restate_restart_as_new('inv_100000000000000000000000000000kept') IS NOT NULL AS restarted;
SELECT count(*) FILTER (WHERE ok) AS ok FROM restate_pause_batch(ARRAY(SELECT id FROM restate.invocation WHERE status = 'ready'));
COMMIT;
BEGIN;
SELECT read_whole AS before FROM read_whole \gset
SELECT restate_restart_as_new('inv_100000000000000000000000000000kept') IS NOT NULL AS restarted;
SELECT read_whole - :before AS read_whole FROM read_whole;
COMMIT;
CREATE INDEX made_meanwhile ON restate.invocation (created_at);
BEGIN;
SELECT read_whole AS before FROM read_whole \gset
SELECT restate_restart_as_new('inv_100000000000000000000000000000kept') IS NOT NULL AS restarted,
  restate_purge('inv_100000000000000000000000000000done');
SELECT read_whole - :before AS read_whole FROM read_whole;
COMMIT;
DROP INDEX restate.made_meanwhile;
SELECT at, name, setting FROM seen WHERE at <> 'look';
SELECT count(*) > 20 AS looked FROM seen;
SELECT s.key, s.value FROM expected AS e, jsonb_each_text(settings()) AS s WHERE s.value IS DISTINCT FROM e.settings ->> s.key;
-- nor after an error that is caught
SET jit = on;
DO $$
BEGIN
  PERFORM restate_purge('inv_1000000000000000000000000000paused');
EXCEPTION WHEN OTHERS THEN
  RAISE NOTICE '%: enable_seqscan %, jit %, search_path %', SQLSTATE, current_setting('enable_seqscan'), current_setting('jit'), current_setting('search_path');
END $$;
SELECT * FROM restate_verify();
DROP TRIGGER before ON restate.invocation;
DROP TRIGGER after ON restate.invocation;
DROP TRIGGER before ON restate.journal;
DROP TRIGGER after ON restate.audit;
DROP TRIGGER at_commit ON restate.audit;
TRUNCATE restate.invocation, restate.runnable, restate.timer, restate.waiter, restate.journal, restate.journal_event, restate.object_key, restate.audit;
DROP VIEW read_whole;
DROP TABLE expected, seen;
DROP FUNCTION settings, look;
