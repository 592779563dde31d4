-- A dry run tells what the operation then does: the same answers, the same other
-- invocations, over random sets and those most at risk.  It changes nothing.
BEGIN;
\ir ../conformance/world.sql
\ir ../conformance/sets.sql

CREATE TABLE tried (name text PRIMARY KEY, operation text, mode text, "from" bigint, deployment text);
INSERT INTO tried (name, operation) SELECT o, o FROM unnest('{purge_journal,purge,cancel,kill,pause,resume,restart_as_new,delete_invocation}'::text[]) AS o;
INSERT INTO tried VALUES
  ('resume on the latest', 'resume', NULL, NULL, 'latest'),
  ('resume on the old one', 'resume', NULL, NULL, dp('dpOld')::text),
  ('delete: kill', 'delete_invocation', 'kill', NULL, NULL),
  ('delete: purge', 'delete_invocation', 'purge', NULL, NULL),
  ('restart from 2', 'restart_as_new', NULL, 2, NULL),
  ('restart from 3, kept', 'restart_as_new', NULL, 3, 'keep'),
  ('restart on the old one', 'restart_as_new', NULL, 0, dp('dpOld')::text);

-- The statement that does it, with the columns that a dry run has of what is named.
CREATE FUNCTION doing(t tried) RETURNS text LANGUAGE sql AS $$
  SELECT format('SELECT ordinality, id, ok, category, message, outcome FROM restate_%s_batch($1%s)', t.operation, CASE t.operation
    WHEN 'delete_invocation' THEN format(', %L', coalesce(t.mode, 'cancel'))
    WHEN 'resume' THEN format(', %L', t.deployment)
    WHEN 'restart_as_new' THEN format(', %L, %L', t."from", t.deployment)
    ELSE '' END)
$$;

CREATE FUNCTION rows_of(statement text, ids restate_invocation_id[]) RETURNS jsonb LANGUAGE plpgsql AS $$
DECLARE
  result jsonb;
BEGIN
  EXECUTE format('SELECT coalesce(jsonb_agg(to_jsonb(s) ORDER BY s), ''[]'') FROM (%s) AS s', statement) INTO result USING ids;
  RETURN result;
END $$;

-- each invocation as it is, and its journal
CREATE VIEW state AS
SELECT i.id, to_jsonb(i) AS invocation, (SELECT count(*) FROM restate.journal AS j WHERE j.id = i.id) AS entries FROM restate.invocation AS i;

CREATE TABLE compared (name text, tried text, what text, told jsonb, done jsonb);
CREATE TABLE before (id restate_invocation_id, invocation jsonb, entries bigint);

-- What is told of the set and what is done, which is taken back.
CREATE FUNCTION compare_one(name text, t tried, ids restate_invocation_id[]) RETURNS SETOF compared LANGUAGE plpgsql AS $$
DECLARE
  kept compared[] := '{}';
  trial text := format('restate_dry_run(%L, $1, %L, %L, %L)', t.operation, t.mode, t."from", t.deployment);
  told jsonb;
  others jsonb;
  caused jsonb;
BEGIN
  DELETE FROM before;
  INSERT INTO before SELECT * FROM state;
  told := rows_of('SELECT ordinality, id, ok, category, message, outcome FROM ' || trial || ' WHERE ordinality IS NOT NULL', ids);
  others := rows_of('SELECT id FROM ' || trial || ' WHERE ordinality IS NULL', ids);
  caused := rows_of('SELECT id, outcome, caused_by FROM ' || trial || ' WHERE caused_by IS NOT NULL', ids);
  kept := kept || ROW (name, t.name, 'what a dry run changes', '[]',
    (SELECT coalesce(jsonb_agg(s), '[]') FROM (SELECT * FROM state EXCEPT SELECT * FROM before) AS s))::compared;
  kept := kept || ROW (name, t.name, 'the answers', told, rows_of(doing(t), ids))::compared;
  kept := kept || ROW (name, t.name, 'the others that change', others, rows_of(
    'SELECT b.id FROM before AS b LEFT JOIN state AS s USING (id) WHERE b.id <> ALL (array_remove($1, NULL))
      AND (s.invocation, s.entries) IS DISTINCT FROM (b.invocation, b.entries)', ids))::compared;
  kept := kept || ROW (name, t.name, 'those reached through another', caused,
    rows_of('SELECT id, outcome, caused_by FROM restate.audit WHERE caused_by IS NOT NULL AND id <> ALL (array_remove($1, NULL))', ids))::compared;
  RAISE EXCEPTION USING ERRCODE = 'UNDO0';
EXCEPTION WHEN SQLSTATE 'UNDO0' THEN
  RETURN QUERY SELECT * FROM unnest(kept);
END $$;

CREATE FUNCTION compare_set(s invocation_set) RETURNS SETOF compared LANGUAGE plpgsql AS $$
DECLARE
  kept compared[] := '{}';
  ids restate_invocation_id[];
BEGIN
  BEGIN
    PERFORM make_set(s.made);
    ids := ARRAY(SELECT inv(l) FROM unnest(s.labels) WITH ORDINALITY AS t (l, n) ORDER BY n);
    kept := ARRAY(SELECT c FROM tried AS t, compare_one(s.name, t, ids) AS c);
    -- one by one, too: a batch sees what the ones before have done
    kept := kept || ARRAY(SELECT c FROM tried AS t, unnest(ids) WITH ORDINALITY AS u (id, n), compare_one(s.name || ', only ' || n, t, ARRAY[u.id]) AS c
      WHERE n <= 8 AND t.operation IN ('kill', 'restart_as_new', 'cancel'));
    RAISE EXCEPTION USING ERRCODE = 'UNDO0';
  EXCEPTION WHEN SQLSTATE 'UNDO0' THEN NULL;
  END;
  RETURN QUERY SELECT * FROM unnest(kept);
END $$;
INSERT INTO compared SELECT c.* FROM invocation_set AS s, compare_set(s) AS c;

SELECT plan((SELECT count(*)::int FROM compared) + 12);
SELECT cmp_ok((SELECT count(*) FROM compared WHERE what LIKE 'the others%' AND done <> '[]'), '>=', 20::bigint, 'many change others');
SELECT cmp_ok((SELECT count(*) FROM compared WHERE what LIKE 'those%' AND done <> '[]'), '>=', 10::bigint, 'many reach others');
SELECT is(told, done, format('%s, %s: %s', tried, name, what)) FROM compared;

-- what is refused as a whole
CREATE FUNCTION refusal(call text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
  category text;
  message text;
BEGIN
  EXECUTE 'SELECT count(*) FROM ' || call;
  RETURN 'none';
EXCEPTION WHEN OTHERS THEN
  GET STACKED DIAGNOSTICS category = CONSTRAINT_NAME, message = MESSAGE_TEXT;
  RETURN concat_ws(' ', sqlstate, category, message);
END $$;
SELECT is(refusal($$restate_dry_run(NULL, '{}')$$), 'PT400 invalid_query_parameter operation must not be null', 'no operation');
SELECT is(refusal($$restate_dry_run('explode', '{}')$$), 'PT400 invalid_query_parameter invalid operation "explode"', 'another operation');
SELECT is(refusal($$restate_dry_run('purge', '{}', mode => 'kill')$$), 'PT400 invalid_query_parameter purge does not take mode', 'a parameter of another');
SELECT is(refusal($$restate_dry_run('kill', '{}', "from" => 1)$$), 'PT400 invalid_query_parameter kill does not take from', 'another parameter of another');
SELECT is(refusal($$restate_dry_run('pause', '{}', deployment => 'keep')$$), 'PT400 invalid_query_parameter pause does not take deployment', 'and another');
SELECT is(refusal($$restate_dry_run('restart_as_new', '{}', "from" => -1)$$), 'PT400 invalid_query_parameter invalid from -1', 'a value out of range');
SELECT is(refusal($$restate_dry_run('restart_as_new', '{}', deployment => 'nowhere')$$),
  'PT400 invalid_deployment_id invalid deployment "nowhere": it is neither keep nor latest, and no id: it does not begin with dp_1', 'no deployment');
SELECT is((SELECT count(*) FROM restate_dry_run('purge', NULL)), 0::bigint, 'of no ids nothing is told');
SELECT results_eq($$SELECT ordinality, id::text, ok, category FROM restate_dry_run('purge', '{NULL,inv_1000000000000000000000000000absent}')$$,
  $$VALUES (1::bigint, NULL::text, false, 'invalid_invocation_id'), (2, 'inv_1000000000000000000000000000absent', false, 'invocation_not_found')$$, 'an id that is null, and one that is not there');
SET LOCAL transaction_read_only = on;
SELECT is((SELECT count(*) FROM restate_dry_run('kill', '{inv_1000000000000000000000000000absent}')), 1::bigint, 'in a read-only transaction too');

SELECT * FROM finish();
ROLLBACK;
