-- A batch does what single calls do one after the other: the same answers, the
-- same tables, the same audit.  On random sets of invocations that call and
-- queue behind each other, and on the sets that are most at risk.
BEGIN;
\ir ../conformance/world.sql

SELECT setseed(0.4711) \g /dev/null
SELECT deploy('dpA', '[5,8)', '{Svc,Obj,Wf}'), deploy('dpB', '[6,8)', '{Svc,Obj}'), deploy('dpOld', '[5,6)') \g /dev/null

-- what is run over each set: the arguments after the first
CREATE TABLE operation (operation text, arguments text);
INSERT INTO operation VALUES
  ('purge_journal', ''), ('purge', ''), ('cancel', ''), ('kill', ''), ('pause', ''), ('resume', ''),
  ('resume', ', ''latest'''), ('resume', ', dp(''dpOld'')::text'),
  ('delete_invocation', ''), ('delete_invocation', ', ''kill'''), ('delete_invocation', ', ''Purge'''),
  ('restart_as_new', ''), ('restart_as_new', ', 2'), ('restart_as_new', ', 1, ''keep'', ''again'''),
  ('restart_as_new', ', 0, dp(''dpOld'')::text');

-- a set: the invocations to make, and the labels to run over
CREATE TABLE invocation_set (name text PRIMARY KEY, made jsonb, labels text[]);

-- The entries of one that made these calls, of which some are answered.
CREATE FUNCTION calling(callees int, answered boolean) RETURNS jsonb LANGUAGE sql IMMUTABLE AS $$
  SELECT '["Command: Input", "Command: Run ''a'' completion_id=100", "Notification: Run for=100"]'::jsonb || coalesce(jsonb_agg(line ORDER BY n, part), '[]')
  FROM generate_series(1, callees) AS n
  CROSS JOIN LATERAL (VALUES
    (1, CASE WHEN n % 3 = 0 THEN format('Command: OneWayCall invocation_id_completion_id=%s', 2 * n)
      ELSE format('Command: Call invocation_id_completion_id=%s result_completion_id=%s', 2 * n, 2 * n + 1) END),
    (2, format('Notification: CallInvocationId for=%s', 2 * n)),
    (3, CASE WHEN answered AND n % 3 <> 0 THEN format('Notification: Call for=%s', 2 * n + 1) END)) AS l (part, line)
  WHERE line IS NOT NULL
$$;

-- A random set.
CREATE FUNCTION random_set(size int) RETURNS jsonb LANGUAGE plpgsql AS $$
DECLARE
  result jsonb := '[]';
  one jsonb;
  target text;
  status text;
  caller int;
  held jsonb := '{}';
BEGIN
  FOR i IN 1..size LOOP
    target := (ARRAY['Svc/steps', 'Svc/steps', 'Svc/steps', 'Obj/k1/steps', 'Obj/k1/steps', 'Obj/k2/steps', 'Obj/k2/peek', format('Wf/w%s/run', i)])[1 + floor(random() * 8)];
    status := (ARRAY['running', 'ready', 'suspended', 'backing-off', 'paused', 'scheduled', 'completed', 'completed', 'pending', 'pending'])[1 + floor(random() * 10)];
    IF status = 'pending' AND target !~ '^Obj.*steps$' THEN
      status := 'suspended';
    END IF;
    IF target ~ '^Obj.*steps$' THEN
      -- the first that can hold the key does, the rest wait
      IF held ? target THEN
        status := CASE WHEN status IN ('completed', 'scheduled') THEN status ELSE 'pending' END;
      ELSIF status NOT IN ('completed', 'scheduled') THEN
        status := CASE WHEN status = 'pending' THEN 'running' ELSE status END;
        held := held || jsonb_build_object(target, i);
      END IF;
    END IF;
    one := jsonb_build_object('label', 'i' || i, 'target', target, 'status', status,
      'completion_retention', CASE WHEN random() < 0.2 THEN 'PT0S' ELSE 'P1D' END,
      'journal_retention', CASE WHEN random() < 0.3 THEN 'PT0S' ELSE 'P1D' END,
      'pause_requested', status = 'running' AND random() < 0.3,
      'waits_for_cancel', random() < 0.6, 'answered', random() < 0.2,
      'has_journal', random() < 0.8, 'pinned', random() < 0.8);
    caller := 1 + floor(random() * i * 1.3);
    IF caller < i AND result -> (caller - 1) ->> 'status' NOT IN ('pending', 'scheduled') THEN
      one := one || jsonb_build_object('caller', 'i' || caller);
    END IF;
    result := result || jsonb_build_array(one);
  END LOOP;
  RETURN result;
END $$;

-- Makes the invocations of a set.
CREATE FUNCTION make_set(made jsonb) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
  m jsonb;
  callee record;
  part text[];
  facts jsonb;
  callees int;
BEGIN
  FOR m IN SELECT * FROM jsonb_array_elements(made) LOOP
    part := string_to_array(m ->> 'target', '/');
    PERFORM name_it(m ->> 'label', CASE WHEN part[1] = 'Wf' THEN restate_workflow_invocation_id('Wf', part[2])::text
      WHEN cardinality(part) = 3 THEN restate_keyed_invocation_id(part[2])::text ELSE restate_new_invocation_id()::text END);
  END LOOP;
  PERFORM name_it('unknown', restate_new_invocation_id()::text);
  FOR m IN SELECT * FROM jsonb_array_elements(made) LOOP
    callees := (SELECT count(*) FROM jsonb_array_elements(made) AS c WHERE c -> 'caller' = m -> 'label');
    facts := selected(m, '{completion_retention,journal_retention,pause_requested}');
    IF m ->> 'status' NOT IN ('pending', 'scheduled') THEN
      IF m ->> 'pinned' IS DISTINCT FROM 'false' THEN
        facts := facts || jsonb_build_object('pinned_deployment_id', dp('dpA'), 'pinned_service_protocol_version', 6);
      END IF;
      IF m ->> 'status' <> 'completed' OR m ->> 'has_journal' IS DISTINCT FROM 'false' OR callees > 0 THEN
        facts := facts || jsonb_build_object('journal', calling(callees, m -> 'answered' = 'true'));
      END IF;
      IF m ->> 'status' = 'suspended' THEN
        facts := facts || jsonb_build_object(
          'suspended_waiting_for_completions', (SELECT coalesce(jsonb_agg(2 * n + 1), '[]') FROM generate_series(1, callees) AS n
            WHERE n % 3 <> 0 AND m -> 'answered' IS DISTINCT FROM 'true'),
          'suspended_waiting_for_signals', CASE WHEN m -> 'waits_for_cancel' = 'true' THEN '[1]' ELSE '[17]' END::jsonb);
      END IF;
    END IF;
    IF m ? 'caller' THEN
      facts := facts || jsonb_build_object('invoked_by', 'service', 'invoked_by_id', inv(m ->> 'caller'));
    END IF;
    PERFORM make(m ->> 'label', m ->> 'target', m ->> 'status', facts);
  END LOOP;
  -- the callees that the journals speak of are these
  FOR callee IN
    SELECT c ->> 'label' AS label, c ->> 'caller' AS caller, row_number() OVER (PARTITION BY c -> 'caller' ORDER BY n) AS n
    FROM jsonb_array_elements(made) WITH ORDINALITY AS t (c, n) WHERE c ? 'caller'
  LOOP
    UPDATE restate.journal AS j SET invoked_id = inv(callee.label)
      WHERE j.id = inv(callee.caller) AND j.completion_id = 2 * callee.n AND j.invoked_id IS NOT NULL;
  END LOOP;
END $$;

CREATE FUNCTION selected(facts jsonb, keys text[]) RETURNS jsonb LANGUAGE sql IMMUTABLE AS $$
  SELECT coalesce(jsonb_object_agg(key, value), '{}') FROM jsonb_each(facts) WHERE key = ANY (keys)
$$;

-- All that came of an operation.
CREATE TABLE result (answers text, changes text, audit text, broken text);

CREATE FUNCTION take_result(answers jsonb) RETURNS result LANGUAGE plpgsql AS $$
DECLARE
  r result;
  a jsonb;
BEGIN
  -- a restart is named by the first that it answers
  FOR a IN SELECT * FROM jsonb_array_elements(answers) LOOP
    IF a ->> 'new_id' IS NOT NULL AND NOT EXISTS (SELECT FROM label WHERE id = a ->> 'new_id') THEN
      PERFORM name_it('new' || (a ->> 'ordinality'), a ->> 'new_id');
    END IF;
  END LOOP;
  r.answers := (SELECT string_agg(labelled(e::text), E'\n' ORDER BY n) FROM jsonb_array_elements(answers) WITH ORDINALITY AS t (e, n));
  -- a key that nobody ever held is as good as none: a refused restart can leave one
  r.changes := ltrim(regexp_replace(changes(), E' random_seed=-?\\d+|(^|\n)\\+ key [^\n]*: next_sequence_number=0(?=\n|$)', '', 'g'), E'\n');
  r.audit := (SELECT string_agg(labelled(format('%s %s %s %s %s %s', a2.operation, a2.id, a2.parameters, a2.outcome, a2.new_id, a2.caused_by)), E'\n' ORDER BY audit_id)
    FROM restate.audit AS a2);
  r.broken := broken();
  RETURN r;
END $$;

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

-- the sets at risk
\set parent '{"label": "parent", "target": "Svc/steps", "status": "suspended"}'
\set child '{"label": "child", "target": "Obj/k/steps", "status": "running", "caller": "parent"}'
\set grandchild '{"label": "grandchild", "target": "Svc/steps", "status": "paused", "caller": "child"}'
\set next '{"label": "next", "target": "Obj/k/steps", "status": "pending"}'
\set last '{"label": "last", "target": "Obj/k/steps", "status": "pending", "caller": "parent"}'
\set family '[' :parent ',' :child ',' :grandchild ',' :next ',' :last ']'
INSERT INTO invocation_set VALUES
  ('parent before child', :'family', '{parent,child}'),
  ('child before parent', :'family', '{child,parent}'),
  ('grandchild first', :'family', '{grandchild,child,parent}'),
  ('holder before inboxed', :'family', '{child,next}'),
  ('inboxed before holder', :'family', '{next,child}'),
  ('the whole inbox from behind', :'family', '{last,next,child}'),
  ('the whole inbox in order', :'family', '{child,next,last}'),
  ('all of it twice, nulls and unknown ids between', :'family', '{child,NULL,child,next,unknown,last,last,unknown,parent,NULL,parent,next,grandchild,grandchild}'),
  ('no elements', :'family', '{}'),
  ('null only', :'family', '{NULL,NULL}'),
  ('two completed of one object key', '[{"label": "a", "target": "Obj/k/steps", "status": "completed"}, {"label": "b", "target": "Obj/k/steps", "status": "completed"}]', '{b,a,a,b}'),
  ('two completed of one object key that is held', '[{"label": "a", "target": "Obj/k/steps", "status": "completed"}, {"label": "b", "target": "Obj/k/steps", "status": "completed"}, {"label": "h", "target": "Obj/k/steps", "status": "running"}, {"label": "q", "target": "Obj/k/steps", "status": "pending"}]', '{b,h,a,a,q,b}'),
  ('keeping nothing', '[{"label": "h", "target": "Obj/k/steps", "status": "running", "completion_retention": "PT0S"}, {"label": "q", "target": "Obj/k/steps", "status": "pending", "completion_retention": "PT0S"}, {"label": "r", "target": "Obj/k/steps", "status": "pending", "journal_retention": "PT0S"}]', '{h,q,r,h}');

INSERT INTO invocation_set
SELECT format('random %s', n), random_set(6 + n % 9), '{}' FROM generate_series(1, 14) AS n;
UPDATE invocation_set SET labels = ARRAY(
  SELECT CASE WHEN r < 0.06 THEN NULL WHEN r < 0.1 THEN 'unknown' ELSE 'i' || (1 + floor(random() * jsonb_array_length(made))) END
  FROM (SELECT random() AS r FROM generate_series(1, jsonb_array_length(made) + 4)) AS t)
WHERE name LIKE 'random %';

INSERT INTO compared SELECT c.* FROM invocation_set AS s CROSS JOIN LATERAL compare_set(s) AS c;

-- many elements

SELECT count(make('m' || n, CASE n % 3 WHEN 0 THEN 'Obj/m' || n || '/steps' ELSE 'Svc/steps' END, CASE n % 2 WHEN 0 THEN 'completed' ELSE 'running' END,
  jsonb_build_object('journal', calling(0, false)))) AS made FROM generate_series(1, 1000) AS n \gset
CREATE TABLE many (ids restate_invocation_id[]);
INSERT INTO many SELECT array_agg(inv('m' || (1 + (n * 7) % 1100)) ORDER BY n) FROM generate_series(1, 2000) AS n;

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
    FROM (SELECT t.id, i.status = 'completed' AND i.completion_failure IS NULL AS completed, row_number() OVER (PARTITION BY t.id ORDER BY n) > 1 AS again
      FROM many CROSS JOIN LATERAL unnest(ids) WITH ORDINALITY AS t (id, n) LEFT JOIN restate.invocation AS i ON i.id = t.id) AS x
    WHERE id IS NULL OR completed IS NOT NULL),
  'many: each is killed once, failing ones fail alone');
SELECT is((SELECT count(DISTINCT new_id) FROM restate_restart_as_new_batch((SELECT ids FROM many)) WHERE ok),
  (SELECT count(*) FROM many CROSS JOIN LATERAL unnest(ids) AS t (id) JOIN restate.invocation AS i ON i.id = t.id WHERE i.journal_size > 0),
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
