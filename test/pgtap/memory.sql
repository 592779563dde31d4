-- A session that calls an operation again and again, with success or not, has
-- no more memory in use afterwards than before.  The memory of a session is
-- that of its contexts, which only they know of: what is allocated in one and
-- never freed is no leak to any other tool.
--
-- Each call is a transaction of its own, or all are one.  Of several
-- measurements the middle one counts, in one transaction the least: caches grow
-- now and then, a leak always.
\set QUIET on
SET client_min_messages = warning;
SET jit = off;
CREATE SCHEMA memory;
SET search_path = memory, public;
SELECT no_plan() \g /dev/null

CREATE TABLE case_ (n int GENERATED ALWAYS AS IDENTITY, rule text, fails boolean, statements text[]);
CREATE TABLE result (n int, one_transaction boolean, growth bigint, errors bigint, calls bigint, rounds int);

-- An invocation that is imported, with a journal if it has started.
CREATE FUNCTION make(id restate_invocation_id, status text, facts jsonb DEFAULT '{}') RETURNS void LANGUAGE plpgsql AS $$
BEGIN
  PERFORM restate_import_invocation(jsonb_build_object('id', id, 'status', status, 'target_service_name', 'MemSvc', 'target_handler_name', 'run',
      'target_service_ty', 'service') || facts || CASE status WHEN 'completed' THEN jsonb '{"completion_result": "success"}'
      WHEN 'suspended' THEN '{"suspended_waiting_for_signals": [1]}' ELSE '{}' END,
    CASE WHEN status <> 'scheduled' THEN jsonb '[{"index": 0, "entry_json": {"Command": {"Input": {"headers": [], "payload": [1], "name": ""}}}},
      {"index": 1, "entry_json": {"Command": {"Run": {"completion_id": 1, "name": "r"}}}},
      {"index": 2, "entry_json": {"Notification": {"Completion": {"Run": {"completion_id": 1, "result": {"Success": [2]}}}}}}]' END);
END $$;

\set a '''inv_1000000000000000000000000000memory'''
\set b '''inv_100000000000000000000000000memory2'''
-- every id there is, for what is made anew
\set clean 'DELETE FROM restate.journal WHERE id IN (SELECT id FROM restate.invocation WHERE target_service_name = ''MemSvc''); DELETE FROM restate.journal_event WHERE id IN (SELECT id FROM restate.invocation WHERE target_service_name = ''MemSvc''); DELETE FROM restate.invocation WHERE target_service_name = ''MemSvc''; DELETE FROM restate.audit'

-- of what it runs nothing is kept
SELECT FROM restate_register_deployment('worker:m', '{"services": [{"name": "Brief", "ty": "SERVICE", "handlers": [{"name": "run", "journalRetention": 0, "idempotencyRetention": 0}]}]}') \g /dev/null

INSERT INTO case_ (rule, fails, statements)
SELECT rule, fails, CASE WHEN made IS NULL THEN ARRAY[statement] ELSE ARRAY[format('SELECT memory.make(%L, %L)', id, made), statement, clean] END
FROM (VALUES
  ('purge_journal', false, 'completed', 'SELECT restate_purge_journal(%1$L)'),
  ('purge_journal of one that runs', true, 'running', 'SELECT restate_purge_journal(%1$L)'),
  ('purge_journal of none', true, NULL, 'SELECT restate_purge_journal(%1$L)'),
  ('delete_invocation', false, 'running', 'SELECT restate_delete_invocation(%1$L)'),
  ('delete_invocation, kill', false, 'running', 'SELECT restate_delete_invocation(%1$L, ''kill'')'),
  ('delete_invocation, purge', false, 'completed', 'SELECT restate_delete_invocation(%1$L, ''purge'')'),
  ('delete_invocation in no mode', true, NULL, 'SELECT restate_delete_invocation(%1$L, ''no'')'),
  ('restart_as_new', false, 'completed', 'SELECT restate_restart_as_new(%1$L)'),
  ('restart_as_new once', false, 'completed', 'SELECT restate_restart_as_new(%1$L, request_id => ''once''); SELECT restate_restart_as_new(%1$L, request_id => ''once'')'),
  ('restart_as_new past the journal', true, 'completed', 'SELECT restate_restart_as_new(%1$L, 99)'),
  ('restart_as_new on no deployment', true, 'completed', 'SELECT restate_restart_as_new(%1$L, 0, ''dp_10000000000000000000new'')'),
  ('restart_as_new of one that runs', true, 'running', 'SELECT restate_restart_as_new(%1$L)'),
  ('cancel', false, 'running', 'SELECT restate_cancel(%1$L)'),
  ('cancel before the start', false, 'scheduled', 'SELECT restate_cancel(%1$L)'),
  ('cancel of a completed one', true, 'completed', 'SELECT restate_cancel(%1$L)'),
  ('kill', false, 'suspended', 'SELECT restate_kill(%1$L)'),
  ('kill of none', true, NULL, 'SELECT restate_kill(%1$L)'),
  ('purge', false, 'completed', 'SELECT restate_purge(%1$L)'),
  ('purge of one that runs', true, 'running', 'SELECT restate_purge(%1$L)'),
  ('pause and resume', false, 'ready', 'SELECT restate_pause(%1$L); SELECT restate_resume(%1$L)'),
  ('pause of a completed one', true, 'completed', 'SELECT restate_pause(%1$L)'),
  ('resume of a completed one', true, 'completed', 'SELECT restate_resume(%1$L)'),
  ('purge_journal_batch', false, 'completed', 'SELECT count(*) FROM restate_purge_journal_batch(ARRAY[%1$L, NULL, %2$L]::restate_invocation_id[])'),
  ('restart_as_new_batch', false, 'completed', 'SELECT count(*) FROM restate_restart_as_new_batch(ARRAY[%1$L, NULL, %2$L]::restate_invocation_id[])'),
  ('kill_batch', false, 'running', 'SELECT count(*) FROM restate_kill_batch(ARRAY[%1$L, NULL, %2$L]::restate_invocation_id[])'),
  ('kill_batch that is not read to its end', false, 'running', 'SELECT FROM restate_kill_batch(ARRAY[%1$L, NULL, %2$L]::restate_invocation_id[]) LIMIT 1'),
  ('purge_batch of none', false, NULL, 'SELECT count(*) FROM restate_purge_batch(ARRAY[%1$L, NULL, %2$L]::restate_invocation_id[])'),
  ('purge_audit', false, 'completed', 'SELECT restate_purge_journal(%1$L); SELECT restate_purge_audit(''infinity'')'),
  ('purge_audit before no time', true, NULL, 'SELECT restate_purge_audit(NULL)'),
  ('an operation that is rolled back', true, 'completed', 'DO $x$ BEGIN PERFORM restate_restart_as_new(%1$L); RAISE SQLSTATE ''PT000''; END $x$'),
  ('an id that is none', true, NULL, 'SELECT ''inv_1''::restate_invocation_id'),
  ('ids, read and written', false, NULL, 'SELECT %1$L::restate_invocation_id::text, restate_new_invocation_id(), restate_keyed_invocation_id(''k'')'),
  ('a journal, shown', false, 'completed', 'SELECT entry_json, entry_lite_json FROM restate.sys_journal'),
  ('an entry that is none', true, NULL, 'SELECT restate.parse_entry(''{"Command": {"Run": {}}}'')'),
  ('verify', false, 'completed', 'SELECT count(*) FROM restate_verify()'),
  ('push', false, NULL, 'SELECT p.ok FROM restate_submit(''Brief'', ''run'', claim_for => ''m'') AS s, restate_push(ARRAY[s.id], ARRAY[s.attempt], ARRAY[''\x041100000000000258010005000000000005080172013104010000000000027200'' || ''\x0003000000000000''::bytea]) AS p'),
  ('push of what is refused', false, NULL, 'SELECT count(*) FROM restate_push(ARRAY[%1$L, %1$L]::restate_invocation_id[], ''{1, 2}'', ARRAY[''\x0411000000000002580104'', ''\x00''::bytea])')
) AS v (rule, fails, made, statement_format)
CROSS JOIN LATERAL (SELECT :a AS id, format(statement_format, :a, :b) AS statement, :'clean' AS clean) AS f;

-- Runs the statements so often, each of them a transaction of its own if asked
-- to; returns how many raised one of our errors.
CREATE PROCEDURE again(statements text[], rounds int, commits boolean, INOUT errors bigint) LANGUAGE plpgsql AS $$
DECLARE
  statement text;
BEGIN
  FOR i IN 1..rounds LOOP
    FOREACH statement IN ARRAY statements LOOP
      BEGIN
        EXECUTE statement;
      EXCEPTION WHEN OTHERS THEN
        IF SQLSTATE NOT LIKE 'PT%' THEN
          RAISE;
        END IF;
        errors := errors + 1;
      END;
      IF commits THEN
        COMMIT;
      END IF;
    END LOOP;
  END LOOP;
END $$;

-- The contexts of the session by name; 18 tells of a parent by its path.
SELECT current_setting('server_version_num')::int >= 180000 AS has_path \gset
\if :has_path
CREATE VIEW context AS
WITH c AS MATERIALIZED (SELECT * FROM pg_backend_memory_contexts)
SELECT c.name, coalesce(p.name, '') AS parent, c.used_bytes
FROM c LEFT JOIN c AS p ON p.path = c.path[:cardinality(c.path) - 1];
\else
CREATE VIEW context AS
SELECT name, coalesce(parent, '') AS parent, used_bytes FROM pg_backend_memory_contexts;
\endif

-- What the session has in use, with or without what the server caches for its
-- life; but for its notes of the rows that one transaction both makes and changes.
CREATE FUNCTION in_use(caches boolean) RETURNS bigint LANGUAGE sql VOLATILE AS $$
  SELECT sum(used_bytes)::bigint FROM memory.context
  WHERE name <> 'Combo CIDs' AND (caches OR 'CacheMemoryContext' NOT IN (name, parent) AND parent NOT LIKE 'Cached%')
$$;

CREATE PROCEDURE measure(n int, statements text[], commits boolean) LANGUAGE plpgsql AS $$
DECLARE
  rounds CONSTANT int := 15;
  used bigint[] := '{}';
  errors bigint := 0;
  ignored bigint := 0;
BEGIN
  used := used || in_use(commits);
  CALL again(statements, 10, commits, ignored);
  FOR i IN 1..4 LOOP
    used := used || in_use(commits);
    CALL again(statements, rounds, commits, errors);
  END LOOP;
  INSERT INTO result SELECT n, NOT commits, percentile_disc(CASE WHEN commits THEN 0.5 ELSE 0 END) WITHIN GROUP (ORDER BY used[i] - used[i - 1]), errors, 4 * rounds, rounds
    FROM generate_series(3, 5) AS i;
END $$;

SELECT format('CALL measure(%s, %L, %L)', n, statements, commits) FROM case_, (VALUES (true), (false)) AS v (commits) ORDER BY n \gexec

SELECT is(errors, CASE WHEN fails THEN calls ELSE 0 END, format('%s %s', rule, CASE WHEN fails THEN 'fails each time' ELSE 'succeeds each time' END))
FROM result JOIN case_ USING (n) WHERE NOT one_transaction ORDER BY n;
-- the smallest piece of memory there is takes 16 bytes
SELECT cmp_ok(growth, '<', rounds * 16::bigint, format('and leaves no memory in use: %s', rule))
FROM result JOIN case_ USING (n) WHERE NOT one_transaction ORDER BY n;
SELECT cmp_ok(growth / rounds, '<', 400::bigint, format('nor within a transaction: %s', rule))
FROM result JOIN case_ USING (n) WHERE one_transaction ORDER BY n;
SELECT * FROM finish();
DROP SCHEMA memory CASCADE;
