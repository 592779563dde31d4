-- restate_backlog() tells how much waits, no more of each kind than it is asked for, without
-- reading a whole table.
BEGIN;
SET client_min_messages = warning;
SELECT no_plan();
CREATE FUNCTION pg_temp.told(most integer) RETURNS text LANGUAGE sql AS $$
  SELECT string_agg(concat_ws(' ', kind, name, amount), ', ' ORDER BY kind, name) FROM restate_backlog(most) WHERE amount > 0
$$;

SELECT is(pg_temp.told(10), NULL, 'where nothing waits all is 0');
SELECT results_eq('SELECT kind, name FROM restate_backlog() ORDER BY kind, name NULLS FIRST',
  $$VALUES ('due', 'expiry'), ('due', 'retry'), ('due', 'schedule'), ('due', 'sleep'), ('inbox', NULL), ('late', 'expiry'), ('late', 'retry'), ('late', 'schedule'), ('late', 'sleep')$$,
  'and told of each kind');

SELECT FROM restate_register_deployment('worker:w', $${"services": [
  {"name": "Plain", "ty": "SERVICE", "handlers": [{"name": "run"}]}, {"name": "Other", "ty": "SERVICE", "handlers": [{"name": "run"}]},
  {"name": "Keyed", "ty": "VIRTUAL_OBJECT", "handlers": [{"name": "run"}]}]}$$);
SELECT count(s.id) FROM generate_series(1, 5) AS n, LATERAL restate_submit('Plain', 'run', n::text::bytea) AS s \g /dev/null
SELECT s.id FROM restate_submit('Other', 'run') AS s \g /dev/null
SELECT count(s.id) FROM generate_series(1, 4) AS n, LATERAL restate_submit('Keyed', 'run', n::text::bytea, 'k') AS s \g /dev/null
SELECT count(s.id) FROM generate_series(1, 3) AS n, LATERAL restate_submit('Plain', 'run', n::text::bytea, run_at => now() + interval '1 hour') AS s \g /dev/null
SELECT is(pg_temp.told(100), 'inbox 3, ready Keyed 1, ready Other 1, ready Plain 5', 'what is ready by service, and who waits for a key');
UPDATE restate.timer SET due_at = now() - interval '1 minute' WHERE id = (SELECT id FROM restate.timer ORDER BY id LIMIT 1);
UPDATE restate.timer SET due_at = now() - interval '500 ms' WHERE id = (SELECT id FROM restate.timer WHERE due_at > now() ORDER BY id LIMIT 1);
SELECT is(pg_temp.told(100), 'due schedule 2, inbox 3, late schedule 1, ready Keyed 1, ready Other 1, ready Plain 5', 'timers that are due, and late by more than a second');
SELECT is(pg_temp.told(2), 'due schedule 2, inbox 2, late schedule 1, ready Keyed 1, ready Other 1, ready Plain 2', 'no more than it is asked for');

-- what it refuses
CREATE FUNCTION pg_temp.refused(most integer) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
  category text;
BEGIN
  PERFORM restate_backlog(most);
  RETURN 'not refused';
EXCEPTION WHEN OTHERS THEN
  GET STACKED DIAGNOSTICS category = CONSTRAINT_NAME;
  RETURN SQLSTATE || ' ' || category;
END $$;
SELECT is(pg_temp.refused(most), 'PT400 invalid_query_parameter', coalesce(most::text, 'null') || ' is refused') FROM (VALUES (0), (-1), (NULL)) AS v (most);

-- of 2,000 that are ready it counts no more than 100
SELECT count(s.id) FROM generate_series(1, 2000) AS n, LATERAL restate_submit('Other', 'run', n::text::bytea) AS s \g /dev/null
SELECT seq_tup_read + idx_tup_fetch AS rows FROM pg_stat_xact_user_tables WHERE relid = 'restate.runnable'::regclass \gset
SELECT is(pg_temp.told(100), 'due schedule 2, inbox 3, late schedule 1, ready Keyed 1, ready Other 100, ready Plain 5', 'of many that are ready');
SELECT cmp_ok((SELECT seq_tup_read + idx_tup_fetch FROM pg_stat_xact_user_tables WHERE relid = 'restate.runnable'::regclass) - :'rows', '<', 300::bigint, 'of which no more are read');

SELECT * FROM finish();
ROLLBACK;
