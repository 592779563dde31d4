-- A batch does what single calls do one after the other: the same answers, the
-- same tables, the same audit.  On random sets of invocations that call and
-- queue behind each other, and on the sets that are most at risk.
BEGIN;
\ir ../conformance/world.sql

\ir ../conformance/sets.sql

-- what is run over each set: the arguments after the first
CREATE TABLE operation (operation text, arguments text);
INSERT INTO operation VALUES
  ('purge_journal', ''), ('purge', ''), ('cancel', ''), ('kill', ''), ('pause', ''), ('resume', ''),
  ('resume', ', ''latest'''), ('resume', ', dp(''dpOld'')::text'),
  ('delete_invocation', ''), ('delete_invocation', ', ''kill'''), ('delete_invocation', ', ''Purge'''),
  ('restart_as_new', ''), ('restart_as_new', ', 2'), ('restart_as_new', ', 1, ''keep'', ''again'''),
  ('restart_as_new', ', 0, dp(''dpOld'')::text');

CREATE FUNCTION run_batch(operation text, arguments text, ids restate_invocation_id[]) RETURNS result LANGUAGE plpgsql AS $$
DECLARE
  answers jsonb;
  r result;
BEGIN
  EXECUTE format('SELECT coalesce(jsonb_agg(to_jsonb(b) ORDER BY b.n), ''[]'') FROM restate_%s_batch($1%s) WITH ORDINALITY AS b (ordinality, id, ok, category, message, outcome, new_id, n)',
    operation, arguments) INTO answers USING ids;
  IF operation = 'restart_as_new' THEN
    -- a single call does not tell whether it had been made before
    answers := (SELECT jsonb_agg(CASE WHEN e ->> 'outcome' IN ('restarted', 'unchanged') THEN e || '{"outcome": "made"}' ELSE e END ORDER BY n)
      FROM jsonb_array_elements(answers) WITH ORDINALITY AS t (e, n));
  END IF;
  answers := (SELECT jsonb_agg(e - 'n' ORDER BY n) FROM jsonb_array_elements(answers) WITH ORDINALITY AS t (e, n));
  r := take_result(answers);
  RAISE EXCEPTION USING ERRCODE = 'UNDO0';
EXCEPTION WHEN SQLSTATE 'UNDO0' THEN
  RETURN r;
END $$;

CREATE FUNCTION run_singly(operation text, arguments text, ids restate_invocation_id[]) RETURNS result LANGUAGE plpgsql AS $$
DECLARE
  answers jsonb := '[]';
  answer jsonb;
  r result;
BEGIN
  FOR i IN 1..coalesce(cardinality(ids), 0) LOOP
    answer := call(format('restate_%s(%L::restate_invocation_id%s)', operation, ids[i], arguments));
    answers := answers || jsonb_build_array(jsonb_build_object('ordinality', i, 'id', ids[i], 'ok', answer ? 'value',
      'category', answer -> 'category', 'message', answer -> 'message',
      'outcome', CASE WHEN operation = 'restart_as_new' AND answer ? 'value' THEN 'made' ELSE answer ->> 'value' END,
      'new_id', CASE WHEN operation = 'restart_as_new' THEN answer ->> 'value' END));
  END LOOP;
  r := take_result(answers);
  RAISE EXCEPTION USING ERRCODE = 'UNDO0';
EXCEPTION WHEN SQLSTATE 'UNDO0' THEN
  RETURN r;
END $$;

CREATE TABLE compared (name text, operation text, arguments text, batch result, singly result);

-- Runs all operations over a set in both ways, and takes the set back.
CREATE FUNCTION compare_set(s invocation_set) RETURNS SETOF compared LANGUAGE plpgsql AS $$
DECLARE
  o operation;
  kept compared[] := '{}';
  ids restate_invocation_id[];
BEGIN
  BEGIN
    PERFORM make_set(s.made);
    PERFORM remember();
    ids := ARRAY(SELECT inv(l) FROM unnest(s.labels) WITH ORDINALITY AS t (l, n) ORDER BY n);
    FOR o IN SELECT * FROM operation LOOP
      kept := kept || ROW (s.name, o.operation, o.arguments, run_batch(o.operation, o.arguments, ids), run_singly(o.operation, o.arguments, ids))::compared;
    END LOOP;
    IF broken() <> '' THEN
      RAISE 'the set % is broken: %', s.name, broken();
    END IF;
    RAISE EXCEPTION USING ERRCODE = 'UNDO0';
  EXCEPTION WHEN SQLSTATE 'UNDO0' THEN NULL;
  END;
  RETURN QUERY SELECT * FROM unnest(kept);
END $$;

INSERT INTO compared SELECT c.* FROM invocation_set AS s CROSS JOIN LATERAL compare_set(s) AS c;

-- many elements

SELECT count(make('m' || n, CASE n % 3 WHEN 0 THEN 'Obj/m' || n || '/steps' ELSE 'Svc/steps' END, CASE n % 2 WHEN 0 THEN 'completed' ELSE 'running' END,
  jsonb_build_object('journal', calling(0, false)))) AS made FROM generate_series(1, 1000) AS n \gset
CREATE TABLE many (ids restate_invocation_id[]);
INSERT INTO many SELECT array_agg(inv('m' || (1 + (n * 7) % 1100)) ORDER BY n) FROM generate_series(1, 2000) AS n;
CREATE TABLE many_before AS
SELECT t.id, t.n, i.status = 'completed' AS completed
FROM (SELECT u.id, u.n FROM many CROSS JOIN LATERAL unnest(ids) WITH ORDINALITY AS u (id, n)) AS t
LEFT JOIN (SELECT id, status FROM restate.invocation OFFSET 0) AS i ON i.id = t.id;

SELECT plan((SELECT count(*) FROM compared)::int * 4 + 24);

SELECT is((SELECT count(*) FROM compared), (SELECT count(*) FROM invocation_set) * (SELECT count(*) FROM operation),
  'every operation was run over every set');
SELECT is_empty($$SELECT name FROM compared GROUP BY name, operation, arguments HAVING count(*) > 1$$, 'once each');
SELECT cmp_ok((SELECT count(*) FROM compared WHERE (batch).changes <> ''), '>=', 230::bigint, 'most of them change something');
SELECT cmp_ok((SELECT count(DISTINCT (e ->> 'outcome', e ->> 'category')) FROM compared
  CROSS JOIN LATERAL regexp_split_to_table((batch).answers, E'\n') AS l CROSS JOIN LATERAL jsonb(l) AS e), '>=', 18::bigint,
  'they meet most outcomes and refusals');

SELECT is((batch).answers, (singly).answers, format('%s%s, %s: the answers', operation, arguments, name)) FROM compared ORDER BY name, operation, arguments;
SELECT is((batch).changes, (singly).changes, format('%s%s, %s: the tables', operation, arguments, name)) FROM compared ORDER BY name, operation, arguments;
SELECT is((batch).audit, (singly).audit, format('%s%s, %s: the audit', operation, arguments, name)) FROM compared ORDER BY name, operation, arguments;
SELECT is((batch).broken, '', format('%s%s, %s: nothing is broken', operation, arguments, name)) FROM compared ORDER BY name, operation, arguments;

SELECT is_empty(format('SELECT * FROM restate_%s_batch(NULL)', o), format('%s: no rows for a null array', o)) FROM unnest(
  '{purge_journal,purge,cancel,kill,pause,resume,delete_invocation,restart_as_new}'::text[]) AS o;

SELECT is_empty($$SELECT * FROM restate_verify()$$, 'nothing is broken before the many');
SELECT results_eq(
  $$SELECT ordinality, id FROM restate_purge_journal_batch((SELECT ids FROM many))$$,
  $$SELECT n, id FROM many CROSS JOIN LATERAL unnest(ids) WITH ORDINALITY AS t (id, n) ORDER BY n$$,
  'many: a row for each, in the order of the array');
SELECT is((SELECT string_agg(format('%s %s', k, n), ', ' ORDER BY k) FROM (
    SELECT coalesce(outcome, category) AS k, count(*) AS n FROM restate_kill_batch((SELECT ids FROM many)) GROUP BY 1) AS t),
  (SELECT format('already_completed %s, invalid_invocation_id %s, killed %s', count(*) FILTER (WHERE id IS NOT NULL AND (completed OR again)),
      count(*) FILTER (WHERE id IS NULL), count(*) FILTER (WHERE NOT completed AND NOT again))
    FROM (SELECT id, completed, row_number() OVER (PARTITION BY id ORDER BY n) > 1 AS again FROM many_before) AS x
    WHERE id IS NULL OR completed IS NOT NULL),
  'many: each is killed once, failing ones fail alone');
SELECT is((SELECT count(DISTINCT new_id) FROM restate_restart_as_new_batch((SELECT ids FROM many)) WHERE ok),
  (SELECT count(*) FROM many_before AS m JOIN (SELECT id, journal_size FROM restate.invocation OFFSET 0) AS i ON i.id = m.id WHERE i.journal_size > 0),
  'many: each restart makes a new one');
SELECT is((SELECT count(*) FROM restate_purge_batch((SELECT ids FROM many)) WHERE outcome = 'purged'), 1000::bigint, 'many: all are purged');
SELECT is((SELECT count(*) FROM restate.invocation WHERE restarted_from IS NULL), 0::bigint, 'many: all are gone');
SELECT lives_ok($$SELECT * FROM restate_kill_batch(array_fill(restate_new_invocation_id(), ARRAY[20000]))$$, 'one unknown id 20,000 times');

-- what concerns the whole call fails as a whole
SELECT is(wrong_error(call($$SELECT count(*) FROM restate_delete_invocation_batch('{}', 'x')$$), 'invalid_query_parameter'), NULL, 'a malformed mode fails even with no element');
SELECT is(wrong_error(call($$SELECT count(*) FROM restate_restart_as_new_batch('{}', -1)$$), 'invalid_query_parameter'), NULL, 'so does a malformed from');
SELECT is(wrong_error(call($$SELECT count(*) FROM restate_resume_batch('{}', 'x')$$), 'invalid_deployment_id'), NULL, 'so does a malformed deployment');
SELECT is(wrong_error(call($$SELECT count(*) FROM restate_kill_batch('{inv_1abc}')$$), 'invalid_invocation_id'), NULL, 'and a malformed id');

SELECT is_empty('SELECT * FROM restate_verify()', 'nothing is broken at the end');

SELECT * FROM finish();
ROLLBACK;
