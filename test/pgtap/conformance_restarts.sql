-- Recorded restarts: completed invocations restarted at every index of their
-- journals.  The journals of the new ones must be the recorded ones, entry by
-- entry, and so must their facts.
BEGIN;
\ir ../conformance/world.sql

\set content `cat test/conformance/journals.json`
CREATE TABLE recorded AS
SELECT r ->> 'name' AS name, r #>> '{original,id}' AS id, r -> 'original' AS original, t.restart,
  (t.restart ->> 'from')::bigint AS "from", (t.restart ->> 'status')::int AS status
FROM jsonb_array_elements(:'content') AS r
CROSS JOIN LATERAL jsonb_array_elements(r -> 'restarts') AS t (restart);

-- one that every restart went to, and the one that all were pinned to before
INSERT INTO restate.deployment (id, ty, endpoint, min_service_protocol_version, max_service_protocol_version)
SELECT DISTINCT d.id::restate_deployment_id, 'http', 'http://localhost:9080', 5, 7
FROM recorded CROSS JOIN LATERAL (VALUES (original #>> '{status,pinned_deployment_id}'), (restart #>> '{new_status,pinned_deployment_id}')) AS d (id)
WHERE d.id IS NOT NULL;

SELECT restate_import_invocation(original -> 'status' || CASE WHEN original #>> '{status,target_service_ty}' = 'service' THEN '{}'
    ELSE jsonb_build_object('target_handler_ty', handler_ty(original #>> '{status,target_service_ty}', original #>> '{status,target_handler_name}')) END,
  original -> 'journal')
FROM (SELECT DISTINCT original FROM recorded) AS o \g /dev/null

CREATE FUNCTION entries(id restate_invocation_id) RETURNS jsonb LANGUAGE plpgsql STABLE AS $$
BEGIN
  RETURN (
  SELECT jsonb_agg(jsonb_build_object('index', j.index, 'version', j.version, 'entry_type', j.entry_type, 'name', j.name,
    'entry_json', j.entry_json::jsonb, 'entry_lite_json', j.entry_lite_json::jsonb, 'appended_at', j.appended_at) ORDER BY j.index)
  FROM restate.sys_journal AS j WHERE j.id = entries.id);
END $$;

CREATE FUNCTION recorded_entries(restart jsonb) RETURNS jsonb LANGUAGE sql STABLE AS $$
  SELECT jsonb_agg(jsonb_build_object('index', e -> 'index', 'version', e -> 'version', 'entry_type', e ->> 'entry_type', 'name', e ->> 'name',
    'entry_json', (e ->> 'entry_json')::jsonb, 'entry_lite_json', (e ->> 'entry_lite_json')::jsonb,
    'appended_at', (e ->> 'appended_at')::timestamptz) ORDER BY (e ->> 'index')::int)
  FROM jsonb_array_elements(restart -> 'new_journal') AS e
$$;

-- The facts that a restart decides on.
CREATE FUNCTION decided(facts jsonb) RETURNS jsonb LANGUAGE sql STABLE AS $$
  SELECT jsonb_object_agg(f.key, f.value) || jsonb_build_object(
    'completion_retention', (facts ->> 'completion_retention')::interval, 'journal_retention', (facts ->> 'journal_retention')::interval)
  FROM jsonb_each(facts) AS f
  WHERE f.key = ANY ('{status,target,target_service_name,target_service_key,target_handler_name,target_service_ty,invoked_by,restarted_from,
    pinned_deployment_id,pinned_service_protocol_version,journal_size,journal_commands_size,created_using_restate_version}') AND f.value <> 'null'
$$;

CREATE TABLE restarted (name text, "from" bigint, result jsonb, entries jsonb, facts jsonb, same_seed boolean, changes text, broken text);

-- Restarts as recorded, and takes it back.
CREATE FUNCTION restart(r recorded) RETURNS restarted LANGUAGE plpgsql AS $$
DECLARE
  result restarted := (r.name, r."from", NULL, NULL, NULL, NULL, NULL, NULL);
  status restate.sys_invocation_status;
  new_id restate_invocation_id;
BEGIN
  PERFORM remember();
  result.result := call(format('restate_restart_as_new(%L, %L, %L)', r.id, r."from",
    coalesce(r.restart #>> '{new_status,pinned_deployment_id}', 'keep')));
  new_id := result.result ->> 'value';
  result.entries := entries(new_id);
  SELECT s.* INTO status FROM restate.sys_invocation_status AS s WHERE s.id = new_id;
  result.facts := decided(to_jsonb(status));
  result.same_seed := (SELECT count(DISTINCT i.random_seed) = 1 FROM restate.invocation AS i WHERE i.id IN (new_id, r.id::restate_invocation_id));
  -- of what changed, all that is not the new invocation's
  result.changes := (SELECT string_agg(line, '; ') FROM regexp_split_to_table(changes(), '\n') AS line
    WHERE position(new_id::text IN line) = 0 AND line <> '' OR new_id IS NULL AND line <> '');
  result.broken := broken();
  RAISE EXCEPTION USING ERRCODE = 'UNDO0';
EXCEPTION WHEN SQLSTATE 'UNDO0' THEN
  RETURN result;
END $$;

INSERT INTO restarted SELECT t.* FROM recorded AS r CROSS JOIN LATERAL restart(r) AS t;

-- the example of the documentation of restarts

CREATE TABLE example ("from" bigint, copied int[], size bigint, commands bigint);
INSERT INTO example VALUES
  (0, '{0}', 1, 1), (1, '{0,1,7}', 3, 2), (2, '{0,1,2,3,6,7}', 6, 3), (3, '{0,1,2,3,6,7}', 6, 3),
  (4, '{0,1,2,3,4,5,6,7}', 8, 4), (5, '{0,1,2,3,4,5,6,7}', 8, 4), (6, '{0,1,2,3,4,5,6,7}', 8, 4), (7, '{0,1,2,3,4,5,6,7}', 8, 4),
  (8, '{0,1,2,3,4,5,6,7,8,9}', 10, 5), (9, '{0,1,2,3,4,5,6,7,8,9}', 10, 5), (10, '{0,1,2,3,4,5,6,7,8,9,10}', 11, 6), (11, NULL, NULL, NULL);

SELECT deploy('dp', '[6,7)', '{Svc,Obj}') \g /dev/null
\set pinned 'jsonb_build_object(''pinned_deployment_id'', dp(''dp''), ''pinned_service_protocol_version'', 6)'
SELECT make('example', 'Svc/steps', 'completed', :pinned || '{"journal": ["Command: Input", "Command: Sleep completion_id=1",
  "Command: Call invocation_id_completion_id=2 result_completion_id=3", "Notification: CallInvocationId for=2",
  "Command: Run completion_id=4", "Notification: Run for=4", "Notification: Call for=3", "Notification: Sleep for=1",
  "Command: Run completion_id=5", "Notification: Run for=5", "Command: Output"]}') \g /dev/null
-- each entry has a time of its own, to tell it by
SELECT inv('example') AS example \gset
UPDATE restate.journal SET appended_at = to_timestamp(1767225600 + index * 60) WHERE id = :'example';

CREATE FUNCTION restart_example("from" bigint) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
  result jsonb := call(format('restate_restart_as_new(inv(''example''), %s)', "from"));
  new_id restate_invocation_id := result ->> 'value';
BEGIN
  IF new_id IS NULL THEN
    RETURN result ->> 'category';
  END IF;
  RETURN (SELECT format('%s, %s/%s',
      array_agg(extract(minutes FROM j.appended_at - '2026-01-01'::timestamptz)::int ORDER BY j.index), i.journal_size, i.journal_commands_size)
    FROM restate.journal AS j JOIN restate.invocation AS i ON i.id = j.id AND i.partition_key = j.partition_key WHERE j.id = new_id GROUP BY i.journal_size, i.journal_commands_size);
END $$;

-- what else a prefix can hold

SELECT make('odd', 'Svc/steps', 'completed', :pinned || '{"journal": ["Command: Input", "Notification: Signal SignalIndex=17",
  "Command: OneWayCall invocation_id_completion_id=1", "Command: SetState", "Notification: CallInvocationId for=1",
  "Notification: Signal SignalIndex=1", "Command: Call invocation_id_completion_id=2 result_completion_id=3",
  "Notification: CallInvocationId for=2", "Command: GetPromise completion_id=4", "Command: Output"]}') \g /dev/null
INSERT INTO restate.journal_event (id, partition_key, event_index, after_journal_entry_index, event_type, event_json)
VALUES (inv('odd'), restate_partition_key_of_id(inv('odd')), 0, 0, 'TransientError', '{}');

CREATE FUNCTION restart_odd("from" bigint) RETURNS text[] LANGUAGE plpgsql AS $$
DECLARE
  result jsonb := call(format('restate_restart_as_new(inv(''odd''), %s)', "from"));
BEGIN
  RETURN CASE WHEN result ? 'category' THEN ARRAY[result ->> 'category']
    ELSE journal_lines((result ->> 'value')::restate_invocation_id) END;
END $$;

SELECT plan((SELECT count(*) * 4 + count(*) FILTER (WHERE status = 200) * 2 FROM recorded)::int + 25);

SELECT isnt((SELECT count(*) FROM recorded), 0::bigint, 'the recorded restarts are loaded');
SELECT is((SELECT count(*) FROM restarted), (SELECT count(*) FROM recorded), 'every one of them is repeated');

SELECT is(
  coalesce(t.result ->> 'category', 'restarted') || coalesce(': ' || CASE WHEN t.result ? 'category' THEN
    wrong_error(t.result, t.result ->> 'category', r.id) END, ''),
  CASE WHEN r.status = 200 THEN 'restarted'
    WHEN r."from" >= (r.original #>> '{status,journal_size}')::int THEN 'journal_index_out_of_range'
    ELSE 'journal_prefix_incomplete' END,
  format('%s from %s: %s', r.name, r."from", CASE WHEN r.status = 200 THEN 'is restarted' ELSE 'is refused' END))
FROM recorded AS r JOIN restarted AS t USING (name, "from") ORDER BY r.name, r."from";

SELECT is(t.entries, recorded_entries(r.restart), format('%s from %s: the journal is the recorded one', r.name, r."from"))
FROM recorded AS r JOIN restarted AS t USING (name, "from") ORDER BY r.name, r."from";

SELECT is(
  (SELECT jsonb_agg(e -> 'appended_at' ORDER BY (e ->> 'index')::int) FROM jsonb_array_elements(t.entries) AS e),
  (SELECT jsonb_agg((o.e ->> 'appended_at')::timestamptz ORDER BY k.n)
    FROM jsonb_array_elements(r.restart -> 'raw_equal') WITH ORDINALITY AS k (index, n)
    JOIN jsonb_array_elements(r.original -> 'journal') AS o (e) ON o.e -> 'index' = k.index),
  format('%s from %s: the entries have the times of those they are copies of', r.name, r."from"))
FROM recorded AS r JOIN restarted AS t USING (name, "from") WHERE r.status = 200 ORDER BY r.name, r."from";

SELECT is(t.facts, decided(r.restart -> 'new_status'), format('%s from %s: the facts are the recorded ones', r.name, r."from"))
FROM recorded AS r JOIN restarted AS t USING (name, "from") ORDER BY r.name, r."from";

SELECT is(t.same_seed, r."from" > 0, format('%s from %s: the random seed is %s', r.name, r."from",
  CASE WHEN r."from" > 0 THEN 'the original''s' ELSE 'new' END))
FROM recorded AS r JOIN restarted AS t USING (name, "from") WHERE r.status = 200 ORDER BY r.name, r."from";

SELECT is(concat_ws('; ', CASE WHEN r.original #>> '{status,target_service_ty}' = 'service' OR r.status <> 200 THEN t.changes
    ELSE nullif(regexp_replace(t.changes, '^\+ key [^;]*$', ''), '') END, nullif(t.broken, '')), '',
  format('%s from %s: nothing else changes, nothing is broken', r.name, r."from"))
FROM recorded AS r JOIN restarted AS t USING (name, "from") ORDER BY r.name, r."from";

SELECT is((SELECT count(*) FROM recorded AS r
  CROSS JOIN LATERAL jsonb_array_elements(r.restart -> 'appended_at_kept') AS k WHERE k <> 'true'), 0::bigint,
  'every recorded copy kept its time');

SELECT is(restart_example("from"), CASE WHEN size IS NULL THEN 'journal_index_out_of_range' ELSE format('%s, %s/%s', copied, size, commands) END,
  format('the example from %s', "from"))
FROM example ORDER BY "from";

SELECT is(restart_odd(0), '{0: v2 Command: Input}', 'from the input alone');
SELECT is(restart_odd(1), '{0: v2 Command: Input,1: v2 Notification: Signal SignalIndex=17}',
  'a signal in the prefix is copied');
SELECT is(restart_odd(2), '{0: v2 Command: Input,1: v2 Notification: Signal SignalIndex=17,2: v2 Command: OneWayCall invocation_id_completion_id=1,3: v2 Notification: CallInvocationId for=1}',
  'of the rest the completion is copied that the prefix lacks');
SELECT is(restart_odd(5), '{0: v2 Command: Input,1: v2 Notification: Signal SignalIndex=17,2: v2 Command: OneWayCall invocation_id_completion_id=1,3: v2 Command: SetState,4: v2 Notification: CallInvocationId for=1,5: v2 Notification: Signal SignalIndex=1}',
  'a completion in the prefix is not copied twice');
SELECT is(restart_odd(6), '{journal_prefix_incomplete}', 'a call in the prefix without its result is refused');
SELECT is(restart_odd(9), '{journal_prefix_incomplete}', 'so is all that follows it');
SELECT is(restart_odd(10), '{journal_index_out_of_range}', 'an index past the end is refused as that, even so');
SELECT is((SELECT count(*) FROM restate.journal_event WHERE id <> inv('odd')), 0::bigint, 'no event is copied');

SELECT is((SELECT count(*) FROM restate.invocation WHERE restarted_from IS NOT NULL), 11 + 4::bigint,
  'the refused ones made nothing');
SELECT is_empty('SELECT * FROM restate_verify()', 'nothing is broken at the end');

SELECT * FROM finish();
ROLLBACK;
