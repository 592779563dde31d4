-- A joined call does what single calls do: the same answers, the same tables,
-- the same audit, each with the parameters, the subject and the reason of its
-- element.  What it leaves for a single call is what it must, and no more.
BEGIN;
\ir ../conformance/world.sql
\ir ../conformance/sets.sql

-- what is run over each set: each array's elements in turn, over and over
CREATE TABLE joint (name text PRIMARY KEY, operation text, modes text[], froms bigint[], deployments text[], request_ids text[]);
INSERT INTO joint (name, operation) SELECT o, o FROM unnest('{purge_journal,purge,cancel,kill,pause,resume,restart_as_new}'::text[]) AS o;
INSERT INTO joint VALUES
  ('resume on the latest', 'resume', NULL, NULL, '{latest}', NULL),
  ('resume on the old one', 'resume', NULL, NULL, ARRAY[dp('dpOld')::text], NULL),
  ('resume on several', 'resume', NULL, NULL, ARRAY[dp('dpB')::text, 'Keep', NULL, 'Latest', dp('dpOld')::text, 'nowhere'], NULL),
  ('delete: cancel', 'delete_invocation', '{cancel}', NULL, NULL, NULL),
  ('delete: kill', 'delete_invocation', '{kill}', NULL, NULL, NULL),
  ('delete: purge', 'delete_invocation', '{Purge}', NULL, NULL, NULL),
  ('delete: several', 'delete_invocation', '{purge,cancel,kill,NULL,Kill,Purge,destroy}', NULL, NULL, NULL),
  ('restart from 2', 'restart_as_new', NULL, '{2}', NULL, NULL),
  ('restart again', 'restart_as_new', NULL, '{1}', '{keep}', '{again}'),
  ('restart on the old one', 'restart_as_new', NULL, '{0}', ARRAY[dp('dpOld')::text], NULL),
  ('restart from several', 'restart_as_new', NULL, '{0,1,NULL,-1,3,5,4294967296}', '{latest,keep,NULL}', NULL),
  ('restart with request ids', 'restart_as_new', NULL, '{0,1}', '{keep,latest}', '{a,b,NULL,"",a}');

CREATE FUNCTION turn(elements anyarray, i int) RETURNS anyelement LANGUAGE sql IMMUTABLE AS $$
  SELECT elements[1 + (i - 1) % cardinality(elements)]
$$;

-- The elements of a call, with whether each must be left for a single call, and
-- the place that it has in the order in which they take effect.
CREATE TABLE element (i int PRIMARY KEY, id restate_invocation_id, mode text, "from" bigint, deployment text, request_id text,
  subject text, reason text, busy bool, place int);

-- Whether the element must be left: it is named again, or the operation reaches others.
CREATE FUNCTION is_busy(j joint, e element) RETURNS boolean LANGUAGE plpgsql AS $$
DECLARE
  invocation restate.invocation;
BEGIN
  IF EXISTS (SELECT FROM element AS b WHERE b.id = e.id AND b.i < e.i) THEN
    RETURN true;
  END IF;
  SELECT i.* INTO invocation FROM restate.invocation AS i WHERE i.id = e.id;
  IF NOT FOUND THEN
    RETURN false;
  ELSIF 'kill' IN (j.operation, lower(e.mode)) THEN
    PERFORM FROM restate.journal AS c WHERE c.id = e.id AND c.invoked_id IS NOT NULL AND c.entry_type IN ('Command: Call', 'Command: OneWayCall');
    RETURN invocation.status <> 'completed' AND (FOUND OR invocation.has_waiters IS TRUE OR invocation.target_handler_ty IS NOT DISTINCT FROM 'exclusive');
  ELSIF 'cancel' IN (j.operation, lower(e.mode)) THEN
    RETURN invocation.status IN ('pending', 'scheduled') AND (invocation.target_handler_ty IS NOT DISTINCT FROM 'exclusive' OR invocation.has_waiters IS TRUE);
  ELSIF j.operation = 'restart_as_new' THEN
    PERFORM FROM restate.object_key AS k WHERE k.service_name = invocation.target_service_name AND k.service_key = invocation.target_service_key;
    RETURN NOT FOUND AND invocation.target_handler_ty IS NOT DISTINCT FROM 'exclusive' AND coalesce(e."from", 0) BETWEEN 0 AND 4294967295
      AND e.request_id IS DISTINCT FROM '';
  END IF;
  RETURN false;
END $$;

CREATE FUNCTION fill_elements(j joint, ids restate_invocation_id[]) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
  e element;
BEGIN
  INSERT INTO element
  SELECT n, t.e, turn(j.modes, n), turn(j.froms, n), turn(j.deployments, n), turn(j.request_ids, n),
    turn('{ada,NULL,bob,""}'::text[], n), turn('{"ticket 1",NULL,""}'::text[], n)
  FROM unnest(ids) WITH ORDINALITY AS t (e, o) CROSS JOIN LATERAL (SELECT o::int) AS p (n);
  FOR e IN SELECT * FROM element LOOP
    UPDATE element AS m SET busy = is_busy(j, e) WHERE m.i = e.i;
  END LOOP;
  UPDATE element AS m SET place = o.place FROM (SELECT i, row_number() OVER (ORDER BY busy, CASE WHEN NOT busy THEN mode END NULLS FIRST,
    CASE WHEN NOT busy THEN "from" END NULLS FIRST, CASE WHEN NOT busy THEN deployment END COLLATE "C" NULLS FIRST,
    CASE WHEN NOT busy THEN request_id END COLLATE "C" NULLS FIRST, i) AS place FROM element) AS o WHERE o.i = m.i;
END $$;

-- The answer of a single call for the element, in the form of a joined one's.
CREATE FUNCTION call_one(j joint, e element) RETURNS jsonb LANGUAGE plpgsql AS $$
DECLARE
  answer jsonb;
  value text;
BEGIN
  PERFORM set_config('request.jwt.claims', coalesce(json_build_object('sub', e.subject)::text, ''), true) WHERE e.subject IS NOT NULL;
  PERFORM set_config('restate_admin.reason', e.reason, true) WHERE e.reason IS NOT NULL;
  answer := call(CASE j.operation
    WHEN 'delete_invocation' THEN format('restate_delete_invocation(%L::restate_invocation_id, %L)', e.id, e.mode)
    WHEN 'resume' THEN format('restate_resume(%L::restate_invocation_id, %L)', e.id, e.deployment)
    WHEN 'restart_as_new' THEN format('restate_restart_as_new(%L::restate_invocation_id, %L, %L, %L)', e.id, e."from", e.deployment, e.request_id)
    ELSE format('restate_%s(%L::restate_invocation_id)', j.operation, e.id) END);
  PERFORM set_config('request.jwt.claims', '{"sub": "of the session"}', true), set_config('restate_admin.reason', 'said by the session', true);
  value := answer ->> 'value';
  RETURN jsonb_build_object('ordinality', e.i, 'id', e.id, 'category', answer -> 'category', 'message', answer -> 'message',
    'status', coalesce(substr(answer ->> 'sqlstate', 3)::int, CASE j.operation WHEN 'restart_as_new' THEN 200 ELSE restate_http_status(j.operation, value) END),
    'outcome', CASE WHEN j.operation = 'restart_as_new' AND value IS NOT NULL THEN 'made' ELSE value END,
    'new_id', CASE j.operation WHEN 'restart_as_new' THEN value END);
END $$;

-- The answers of a joined call, and of single calls for what it leaves; those
-- that it left.
CREATE FUNCTION run_joined(j joint, ids restate_invocation_id[], OUT r result, OUT busy int[], OUT must int[]) LANGUAGE plpgsql AS $$
DECLARE
  answers jsonb;
  e element;
BEGIN
  DELETE FROM element;
  PERFORM fill_elements(j, ids);
  SELECT coalesce(jsonb_agg(to_jsonb(b) || CASE WHEN j.operation = 'restart_as_new' AND b.outcome IN ('restarted', 'unchanged')
      THEN '{"outcome": "made"}' ELSE '{}' END::jsonb ORDER BY b.ordinality), '[]') INTO answers
  FROM (SELECT array_agg(m.id ORDER BY i) AS ids, array_agg(mode ORDER BY i) AS modes, array_agg("from" ORDER BY i) AS froms,
      array_agg(deployment ORDER BY i) AS deployments, array_agg(request_id ORDER BY i) AS request_ids,
      array_agg(subject ORDER BY i) AS subjects, array_agg(reason ORDER BY i) AS reasons FROM element AS m) AS a
  CROSS JOIN LATERAL restate_joined(j.operation, a.ids, a.modes, a.froms, a.deployments, a.request_ids, a.subjects, a.reasons) AS b;
  busy := ARRAY(SELECT (a ->> 'ordinality')::int FROM jsonb_array_elements(answers) AS a WHERE a -> 'status' = 'null' ORDER BY 1);
  must := ARRAY(SELECT i FROM element AS m WHERE m.busy ORDER BY i);
  FOR e IN SELECT * FROM element WHERE i = ANY (run_joined.busy) ORDER BY i LOOP
    answers := jsonb_set(answers, ARRAY[(e.i - 1)::text], call_one(j, e));
  END LOOP;
  r := take_result(answers);
  RAISE EXCEPTION USING ERRCODE = 'UNDO0';
EXCEPTION WHEN SQLSTATE 'UNDO0' THEN
  RETURN;
END $$;

CREATE FUNCTION run_singly(j joint, ids restate_invocation_id[]) RETURNS result LANGUAGE plpgsql AS $$
DECLARE
  answers jsonb := '[]';
  e element;
  r result;
BEGIN
  DELETE FROM element;
  PERFORM fill_elements(j, ids);
  FOR e IN SELECT * FROM element ORDER BY place LOOP
    answers := answers || jsonb_build_array(call_one(j, e));
  END LOOP;
  r := take_result((SELECT coalesce(jsonb_agg(a ORDER BY (a ->> 'ordinality')::int), '[]') FROM jsonb_array_elements(answers) AS a));
  RAISE EXCEPTION USING ERRCODE = 'UNDO0';
EXCEPTION WHEN SQLSTATE 'UNDO0' THEN
  RETURN r;
END $$;

CREATE TABLE compared (name text, joint text, joined result, singly result, busy int[], must int[]);

-- Runs all of it over a set in both ways, and takes the set back.
CREATE FUNCTION compare_set(s invocation_set) RETURNS SETOF compared LANGUAGE plpgsql AS $$
DECLARE
  j joint;
  kept compared[] := '{}';
  ids restate_invocation_id[];
  ran record;
BEGIN
  BEGIN
    PERFORM make_set(s.made);
    PERFORM remember();
    ids := ARRAY(SELECT inv(l) FROM unnest(s.labels) WITH ORDINALITY AS t (l, n) ORDER BY n);
    FOR j IN SELECT * FROM joint LOOP
      ran := run_joined(j, ids);
      kept := kept || ROW (s.name, j.name, ran.r, run_singly(j, ids), ran.busy, ran.must)::compared;
    END LOOP;
    RAISE EXCEPTION USING ERRCODE = 'UNDO0';
  EXCEPTION WHEN SQLSTATE 'UNDO0' THEN NULL;
  END;
  RETURN QUERY SELECT * FROM unnest(kept);
END $$;

-- mostly each invocation once, since what is named again is left for a single call
UPDATE invocation_set SET labels = ARRAY(SELECT l FROM (SELECT l, min(n) AS n FROM unnest(labels) WITH ORDINALITY AS t (l, n) GROUP BY l) AS u ORDER BY n)
WHERE name !~ '[02468]$';
SET LOCAL request.jwt.claims = '{"sub": "of the session"}';
LOAD 'restate_admin';
SET LOCAL restate_admin.reason = 'said by the session';
INSERT INTO compared SELECT c.* FROM invocation_set AS s CROSS JOIN LATERAL compare_set(s) AS c;

SELECT plan((SELECT count(*) FROM compared)::int * 5 + 5);

SELECT is((SELECT count(*) FROM compared), (SELECT count(*) FROM invocation_set) * (SELECT count(*) FROM joint), 'everything was run over every set');
SELECT cmp_ok((SELECT count(*) FROM compared WHERE (joined).changes <> ''), '>=', 200::bigint, 'most of it changes something');
SELECT cmp_ok((SELECT count(DISTINCT (e ->> 'outcome', e ->> 'category')) FROM compared
  CROSS JOIN LATERAL regexp_split_to_table((joined).answers, E'\n') AS l CROSS JOIN LATERAL jsonb(l) AS e), '>=', 20::bigint,
  'most outcomes and refusals are met');
SELECT cmp_ok((SELECT sum(cardinality(must)) FROM compared), '>=', 500::bigint, 'some are left for a single call');
SELECT cmp_ok((SELECT count(DISTINCT m) FROM compared CROSS JOIN LATERAL regexp_matches((joined).audit, ' (ada|bob|of the session)? (ticket 1|said by the session)?(?=\n|$)', 'g') AS m), '>=', 6::bigint,
  'the audit has subjects and reasons of elements and of the session');

SELECT is((joined).answers, (singly).answers, format('%s, %s: the answers', joint, name)) FROM compared ORDER BY name, joint;
SELECT is((joined).changes, (singly).changes, format('%s, %s: the tables', joint, name)) FROM compared ORDER BY name, joint;
SELECT is((joined).audit, (singly).audit, format('%s, %s: the audit', joint, name)) FROM compared ORDER BY name, joint;
SELECT is((joined).broken, '', format('%s, %s: nothing is broken', joint, name)) FROM compared ORDER BY name, joint;
SELECT is(busy, must, format('%s, %s: what is left for a single call', joint, name)) FROM compared ORDER BY name, joint;

SELECT * FROM finish();
ROLLBACK;
