-- What an import makes of its documents: of which kind a handler is, restarts
-- that wait, and that nothing comes of one that would break an invariant.
BEGIN;
SELECT no_plan();

-- The error of a statement, its category and message with ids as ID; or what
-- it returns.
CREATE FUNCTION pg_temp.told(statement text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
  state text; category text; message text; hint text; result text;
BEGIN
  EXECUTE statement INTO result;
  RETURN result;
EXCEPTION WHEN OTHERS THEN
  GET STACKED DIAGNOSTICS state = RETURNED_SQLSTATE, category = CONSTRAINT_NAME, message = MESSAGE_TEXT, hint = PG_EXCEPTION_HINT;
  RETURN concat_ws(' ', state, nullif(category, ''), regexp_replace(message, '(inv|dp)_1\w+', 'ID', 'g'), CASE WHEN state NOT LIKE 'PT%' THEN hint END);
END $$;

-- An invocation of a service, an object or a workflow, all by the name of its
-- service, with the facts given; without those, ready.
CREATE FUNCTION pg_temp.load(facts jsonb, journal jsonb DEFAULT NULL) RETURNS restate_invocation_id LANGUAGE sql AS $$
  SELECT restate_import_invocation(jsonb_build_object('target_service_name', 'Svc', 'target_handler_name', 'run', 'status', 'ready')
    || CASE WHEN facts ->> 'target_service_name' LIKE 'Obj%' OR facts ->> 'target_service_name' LIKE 'Wf%'
      THEN jsonb_build_object('id', restate_keyed_invocation_id('k'), 'target_service_key', 'k',
        'target_service_ty', CASE WHEN facts ->> 'target_service_name' LIKE 'Wf%' THEN 'workflow' ELSE 'virtual_object' END)
      ELSE jsonb_build_object('id', restate_new_invocation_id(), 'target_service_ty', 'service') END
    || CASE facts ->> 'status' WHEN 'completed' THEN '{"completion_result": "success"}' ELSE '{}' END::jsonb || facts, journal)
$$;

-- The same, and then its row.
CREATE FUNCTION pg_temp.loaded(facts jsonb) RETURNS restate.invocation LANGUAGE plpgsql AS $$
DECLARE
  made CONSTANT restate_invocation_id := pg_temp.load(facts);
BEGIN
  RETURN (SELECT i FROM restate.invocation AS i WHERE i.id = made);
END $$;

-- of which kind a handler is

INSERT INTO restate.deployment (id, ty, endpoint, min_service_protocol_version, max_service_protocol_version)
SELECT id::restate_deployment_id, 'http', 'http://' || id, 5, 6 FROM unnest('{dp_1000000000000000000000a,dp_1000000000000000000000b}'::text[]) AS id;
INSERT INTO restate.service_revision (service_name, revision, deployment_id, ty, handlers) VALUES
  ('Obj', 1, 'dp_1000000000000000000000a', 'virtual_object', '[{"name": "moved", "ty": "Shared"}, {"name": "dropped", "ty": "SHARED"}, {"name": "plain"}, {"name": "odd", "ty": "Unheard"}]'),
  ('Obj', 2, 'dp_1000000000000000000000b', 'virtual_object', '[1, null, {"ty": "Shared"}, {"name": "moved", "ty": "Exclusive"}, {"name": "added", "ty": "shared"}, {"name": "null", "ty": null}, {"name": "both", "ty": "Shared"}]'),
  ('Obj', 3, 'dp_1000000000000000000gone', 'virtual_object', '[{"name": "moved", "ty": "Shared"}, {"name": "both", "ty": "Exclusive"}, {"name": "only", "ty": "EXCLUSIVE"}]'),
  ('ObjOnce', 1, 'dp_1000000000000000000000a', 'service', '[{"name": "run", "ty": "Shared"}]'),
  ('ObjBare', 1, 'dp_1000000000000000000000a', 'virtual_object', '[]'),
  ('Wf', 1, 'dp_1000000000000000000000a', 'workflow', '[{"name": "run", "ty": "Shared"}, {"name": "ask", "ty": "Workflow"}]');

SELECT is(pg_temp.told(format($$SELECT target_handler_ty FROM pg_temp.loaded(%L)$$,
    jsonb_build_object('target_service_name', service, 'target_handler_name', handler, 'status', status) || more)), ty,
  format('%s/%s, %s%s: %s', service, handler, status, CASE WHEN more <> '{}' THEN ' ' || more::text END, rule))
FROM (VALUES
  ('Obj', 'moved', '{}'::jsonb, 'exclusive', 'what the latest says that is registered'),
  ('Obj', 'moved', '{"pinned_deployment_id": "dp_1000000000000000000000a", "pinned_service_protocol_version": 6}', 'shared', 'what the pinned one says'),
  ('Obj', 'moved', '{"target_handler_ty": "shared"}', 'shared', 'what the document says'),
  ('Obj', 'dropped', '{}', 'shared', 'what the last says that had it'),
  ('Obj', 'dropped', '{"pinned_deployment_id": "dp_1000000000000000000000b", "pinned_service_protocol_version": 6}', 'shared', 'so if the pinned one has it not'),
  ('Obj', 'added', '{"pinned_deployment_id": "dp_1000000000000000000000a", "pinned_service_protocol_version": 6}', 'shared', 'what a later one says'),
  ('Obj', 'plain', '{}', 'exclusive', 'the default'), ('Obj', 'null', '{}', 'exclusive', 'the default'),
  ('Obj', 'both', '{}', 'shared', 'one that is registered before a later one'), ('Obj', 'only', '{}', 'exclusive', 'one that is gone where no other tells')
) AS v (service, handler, more, ty, rule), unnest('{completed,scheduled}'::text[]) AS s (status);
SELECT is(pg_temp.told(format($$SELECT pg_temp.load(%L)$$, jsonb_build_object('target_service_name', service, 'target_handler_name', handler, 'status', status))),
  'PT422 invalid_body invocation ID may be exclusive or shared: add target_handler_ty, or register a deployment with the handler',
  format('%s/%s, %s: nothing tells', service, handler, status))
FROM (VALUES ('Obj', 'odd'), ('Obj', 'none'), ('ObjOnce', 'run'), ('ObjBare', 'run'), ('ObjNone', 'run')) AS v (service, handler),
  unnest('{ready,completed,scheduled,pending}'::text[]) AS s (status);
SELECT is(pg_temp.told(format($$SELECT target_handler_ty FROM pg_temp.loaded(%L)$$,
    jsonb_build_object('target_service_name', 'Wf', 'target_handler_name', handler, 'id', id) || more)), ty, format('a workflow, %s %s', handler, ty))
FROM (VALUES ('run', restate_workflow_invocation_id('Wf', 'k'), '{}'::jsonb, 'workflow'), ('ask', restate_keyed_invocation_id('k'), '{}', 'shared')) AS v (handler, id, more, ty);

-- a shared one, imported, leaves the key to its holder, and so does its restart
SELECT pg_temp.load('{"target_service_name": "Obj", "target_handler_name": "plain", "status": "running"}') AS holder \gset
SELECT restate_restart_as_new(pg_temp.load('{"target_service_name": "Obj", "target_handler_name": "added", "status": "completed"}',
  '[{"index": 0, "entry_json": {"Command": {"Input": {"headers": [], "payload": [], "name": ""}}}}]')) AS restart \gset
SELECT is((SELECT status || ' ' || target_handler_ty FROM restate.invocation WHERE id = :'restart'), 'ready shared', 'the restart of a shared one starts');
SELECT is((SELECT holder FROM restate.object_key WHERE service_name = 'Obj'), :'holder', 'beside the holder of the key');

-- a restart that waits has its journal already, and starts with it

\set journal '[{"index": 0, "appended_at": "2026-01-01Z", "entry_json": {"Command": {"Input": {"headers": [{"name": "a", "value": "b"}], "payload": [1, 2], "name": ""}}}}, {"index": 1, "appended_at": "2026-01-02Z", "entry_json": {"Command": {"Run": {"completion_id": 1, "name": "a"}}}}, {"index": 2, "appended_at": "2026-01-03Z", "entry_json": {"Notification": {"Completion": {"Run": {"completion_id": 1, "result": {"Success": [7]}}}}}}]'
SELECT restate_keyed_invocation_id('k') AS original \gset
SELECT pg_temp.load(jsonb_build_object('target_service_name', 'Obj', 'target_handler_name', 'plain', 'status', status,
  'invoked_by', 'restart_as_new', 'restarted_from', :'original'), :'journal') AS waiting FROM (VALUES ('inboxed')) AS v (status) \gset
CREATE TEMP TABLE before AS SELECT * FROM restate.journal WHERE id = :'waiting';
SELECT is((SELECT concat_ws(' ', status, inbox_sequence_number, journal_size, journal_commands_size, num_nulls(input_headers, input_payload))
  FROM restate.invocation WHERE id = :'waiting'), 'pending 0 3 2 2', 'it waits, with its journal and sizes');
SELECT is((SELECT count(*) FROM before), 3::bigint, 'all of it');
SELECT is(restate_kill(:'holder'), 'killed', 'the holder is killed');
SELECT is((SELECT concat_ws(' ', status, inbox_sequence_number, journal_size, journal_commands_size) FROM restate.invocation WHERE id = :'waiting'),
  'ready 3 2', 'it starts');
SELECT set_eq(format('SELECT * FROM restate.journal WHERE id = %L', :'waiting'), 'SELECT * FROM before', 'with nothing lost and nothing added');
SELECT is((SELECT holder FROM restate.object_key WHERE service_name = 'Obj'), :'waiting', 'as the holder');
SELECT is(pg_temp.told(format('SELECT pg_temp.load(%L, %L)', jsonb_build_object('target_service_name', 'Obj', 'target_handler_name', 'plain', 'status', status), :'journal')),
  'PT422 invalid_body invocation ID has not started, but has a journal', status || ': another has none')
FROM unnest('{pending,scheduled}'::text[]) AS s (status);
SELECT is(pg_temp.told(format($$SELECT journal_size FROM pg_temp.loaded(%L)$$, jsonb_build_object('target_service_name', 'Obj', 'target_handler_name', 'plain',
  'status', 'pending', 'invoked_by', 'restart_as_new', 'restarted_from', :'original', 'input_payload', '[3]'::jsonb))), '0', 'a restart may come without it');

-- no import creates what restate_verify reports

CREATE FUNCTION pg_temp.input() RETURNS jsonb LANGUAGE sql IMMUTABLE AS $$ SELECT '{"Command": {"Input": {"headers": [], "payload": [], "name": ""}}}'::jsonb $$;
CREATE FUNCTION pg_temp.journal(VARIADIC entries jsonb[]) RETURNS jsonb LANGUAGE sql IMMUTABLE AS $$
  SELECT jsonb_agg(jsonb_build_object('index', n - 1, 'entry_json', e) ORDER BY n) FROM unnest(pg_temp.input() || entries) WITH ORDINALITY AS u (e, n)
$$;
CREATE FUNCTION pg_temp.run(n bigint) RETURNS jsonb LANGUAGE sql IMMUTABLE AS $$
  SELECT jsonb_build_object('Command', jsonb_build_object('Run', jsonb_build_object('completion_id', n, 'name', ''))) $$;
CREATE FUNCTION pg_temp.ran(n bigint) RETURNS jsonb LANGUAGE sql IMMUTABLE AS $$
  SELECT jsonb_build_object('Notification', jsonb_build_object('Completion', jsonb_build_object('Run',
    jsonb_build_object('completion_id', n, 'result', '{"Success": []}'::jsonb)))) $$;
CREATE FUNCTION pg_temp.call() RETURNS jsonb LANGUAGE sql IMMUTABLE AS $$
  SELECT '{"Command": {"Call": {"request": {"invocation_id": "inv_1klTLrqq7Xg96nsHVH6rhLKzxlUVpEmFe9", "invocation_target": {"Service": {"name": "a", "handler": "b"}},
    "parameter": []}, "invocation_id_completion_id": 1, "result_completion_id": 2, "name": ""}}}'::jsonb $$;

SELECT restate_new_invocation_id() AS orphan \gset
INSERT INTO restate.journal_event (id, partition_key, event_index, after_journal_entry_index, event_type, event_json)
VALUES (:'orphan', restate_partition_key_of_id(:'orphan'::restate_invocation_id), 0, 0, 'x', '{}');
SELECT is(pg_temp.told(format('SELECT pg_temp.load(%L, %L)', facts, journal)), 'PT422 invalid_body ' || told, told)
FROM (VALUES
  ('{"target_service_name": "Obj", "target_handler_name": "plain", "status": "pending", "id": "inv_1000000000000000000000000000000000"}'::jsonb, NULL::jsonb, 'invocation ID has an id that is not of its target_service_key'),
  ('{"target_service_name": "Obj7", "target_handler_ty": "exclusive", "status": "pending"}', NULL, 'invocation ID is pending, but nobody holds its object key: import the holder first'),
  ('{"target_service_name": "Obj", "target_handler_name": "added", "status": "pending"}', NULL, 'invocation ID is pending, but not on an exclusive handler of a virtual object'),
  ('{"target_service_name": "Obj", "target_handler_name": "plain"}', NULL, 'invocation ID cannot hold its object key, which another holds'),
  ('{"invoked_by": "restart_as_new", "restarted_from": "inv_1000000000000000000000000000000000", "status": "completed"}', NULL, 'invocation ID has an id that is not in the partition of its restarted_from'),
  ('{"pinned_deployment_id": "dp_1000000000000000000gone", "pinned_service_protocol_version": 6}', NULL, 'invocation ID is in flight, but its pinned_deployment_id is not registered: register it first'),
  ('{"status": "scheduled", "pinned_deployment_id": "dp_1000000000000000000gone", "pinned_service_protocol_version": 6}', NULL, 'invocation ID is in flight, but its pinned_deployment_id is not registered: register it first'),
  ('{"status": "suspended"}', NULL, 'invocation ID is suspended, but waits for no completion and no signal'),
  ('{"status": "suspended", "suspended_waiting_for_completions": [], "suspended_waiting_for_signals": []}', NULL, 'invocation ID is suspended, but waits for no completion and no signal'),
  ('{"status": "suspended", "suspended_waiting_for_completions": [2, 1]}', pg_temp.journal(pg_temp.run(1), pg_temp.run(2), pg_temp.ran(1)), 'the journal of invocation ID has completion 1, for which the invocation is suspended'),
  ('{"status": "suspended", "suspended_waiting_for_completions": [1]}', pg_temp.journal(pg_temp.run(1), pg_temp.ran(1)), 'the journal of invocation ID has completion 1, for which the invocation is suspended'),
  ('{}', pg_temp.journal(pg_temp.run(1), pg_temp.ran(1), pg_temp.ran(1)), 'the journal of invocation ID brings completion 1 more than once'),
  ('{"status": "completed"}', pg_temp.journal(pg_temp.run(1), pg_temp.ran(1), pg_temp.run(2), pg_temp.ran(2), pg_temp.ran(1)), 'the journal of invocation ID brings completion 1 more than once'),
  ('{}', pg_temp.journal(pg_temp.ran(1)), 'the journal of invocation ID brings completion 1, for which no command before it waits'),
  ('{}', pg_temp.journal(pg_temp.ran(1), pg_temp.run(1)), 'the journal of invocation ID brings completion 1, for which no command before it waits'),
  ('{}', pg_temp.journal(pg_temp.call(), pg_temp.ran(3)), 'the journal of invocation ID brings completion 3, for which no command before it waits'),
  ('{}', pg_temp.journal(pg_temp.run(1), pg_temp.input()), 'the journal of invocation ID: "has Command: Input at index 2"'),
  ('{}', jsonb_build_array(jsonb_build_object('index', 0, 'entry_json', pg_temp.run(1))), 'the journal of invocation ID: "has Command: Run at index 0"'),
  (jsonb_build_object('id', :'orphan'), NULL, 'invocation ID has a journal or events already, without being there itself')
) AS v (facts, journal, told);
SELECT ok(pg_temp.load('{"status": "suspended", "suspended_waiting_for_completions": [2]}', pg_temp.journal(pg_temp.call(), pg_temp.ran(1))) IS NOT NULL, 'a completion of two is no other');
SELECT ok(pg_temp.load('{"status": "completed", "pinned_deployment_id": "dp_1000000000000000000gone", "pinned_service_protocol_version": 6}') IS NOT NULL, 'what has completed needs no deployment');
SELECT is(pg_temp.told(format('SELECT pg_temp.load(%L)', jsonb_build_object('id', :'waiting', 'target_service_name', 'Obj', 'target_handler_name', 'plain'))),
  'PT422 invalid_body invocation ID exists already', 'an id is imported once');
DELETE FROM restate.journal_event WHERE id = :'orphan';

-- a rule of a table is told in words

SELECT is(pg_temp.told(format('SELECT pg_temp.load(%L)', facts)), 'PT422 invalid_body invocation ID breaks a rule: '
  || (SELECT r.words FROM restate.rules() AS r WHERE r.relation = 'invocation' AND r.rule = v.rule), facts)
FROM (VALUES ('{"retry_count": -1}', 'invocation_retry_count_check'), ('{"invoked_by": "nobody"}', 'invocation_invoked_by_check'),
  ('{"journal_retention": "PT-1S"}', 'invocation_retention_check'), ('{"target_handler_ty": "shared"}', 'invocation_target_check'),
  ('{"target_service_ty": "lambda"}', 'invocation_target_check'), ('{"completion_result": "failure"}', 'invocation_completion_check'),
  ('{"pinned_service_protocol_version": 6}', 'invocation_pinned_check')) AS v (facts, rule);
SAVEPOINT own;
UPDATE restate.invocation SET trace_id = '';
ALTER TABLE restate.invocation ADD CONSTRAINT own CHECK (trace_id <> 'x'), ADD CONSTRAINT invocation_status_check CHECK (trace_id <> 'y'), ALTER trace_id SET NOT NULL;
SELECT is(pg_temp.told($$SELECT pg_temp.load('{"trace_id": "x"}')$$), 'PT422 invalid_body invocation ID does not satisfy: "own"', 'a rule of the user''s own by its name');
SELECT is(pg_temp.told($$SELECT pg_temp.load('{"trace_id": "y"}')$$), 'PT422 invalid_body invocation ID does not satisfy: "invocation_status_check"', 'even if that is the name of one of ours');
SELECT is(pg_temp.told($$SELECT pg_temp.load('{}')$$), 'PT422 invalid_body invocation ID has no: "trace_id"', 'what is missing by its name');
ROLLBACK TO own;
SELECT alike(pg_temp.told(format('SELECT pg_temp.load(%L)', jsonb_build_object('target_service_name', (SELECT string_agg(md5(g::text), '') FROM generate_series(1, 200) AS g)))),
  'PT422 invalid_body invocation ID is more than can be stored: %', 'what no index holds');

-- what a trigger suppresses is an error, and nothing stays

CREATE FUNCTION pg_temp.suppress() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  -- with an argument the second entry alone
  IF TG_NARGS = 1 AND to_jsonb(NEW) ->> 'index' <> '1' THEN
    RETURN NEW;
  END IF;
  RETURN NULL;
END $$;
CREATE FUNCTION pg_temp.suppressed(trigger_ text, facts jsonb) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
  told text;
  rows bigint := (SELECT count(*) FROM restate.invocation) + (SELECT count(*) FROM restate.journal) + (SELECT sum(next_sequence_number) + count(*) FROM restate.object_key);
BEGIN
  EXECUTE format(trigger_, '');
  told := pg_temp.told(format('SELECT pg_temp.load(%L, %L)', facts, CASE WHEN facts ->> 'status' IS DISTINCT FROM 'pending' THEN pg_temp.journal(pg_temp.run(1)) END));
  IF rows <> (SELECT count(*) FROM restate.invocation) + (SELECT count(*) FROM restate.journal) + (SELECT sum(next_sequence_number) + count(*) FROM restate.object_key) THEN
    told := told || ', but something stays';
  END IF;
  RAISE EXCEPTION USING ERRCODE = 'UNDO0';
EXCEPTION WHEN SQLSTATE 'UNDO0' THEN
  RETURN told;
END $$;
SELECT is(pg_temp.suppressed('CREATE TRIGGER suppress BEFORE ' || events || ' FOR EACH ROW EXECUTE FUNCTION pg_temp.suppress(' || args || ')', facts),
  '09000 could not write ' || what || ' ID: a trigger or row security policy suppressed rows See the triggers and policies on the tables of schema restate: none may suppress a row.',
  events || ' ' || args)
FROM (VALUES
  ('INSERT ON restate.invocation', '', '{}'::jsonb, 'invocation'), ('INSERT ON restate.journal', '', '{}', 'the journal of invocation'),
  ('INSERT ON restate.journal', '1', '{}', 'the journal of invocation')) AS v (events, args, facts, what);
\set unwritten '09000 could not write all that the operation changes Look for triggers and row security policies on the tables of schema restate, and run restate_verify().'
SELECT is(pg_temp.suppressed('CREATE TRIGGER suppress BEFORE ' || events || ' FOR EACH ROW EXECUTE FUNCTION pg_temp.suppress()', facts), :'unwritten', events)
FROM (VALUES
  ('INSERT ON restate.object_key', '{"target_service_name": "Obj8", "target_handler_ty": "exclusive"}'::jsonb),
  ('UPDATE ON restate.object_key', '{"target_service_name": "Obj", "target_handler_name": "plain", "status": "pending"}')) AS v (events, facts);
UPDATE restate.object_key SET holder = NULL WHERE service_name = 'Obj';
SELECT is(pg_temp.suppressed('CREATE TRIGGER suppress BEFORE UPDATE ON restate.object_key FOR EACH ROW EXECUTE FUNCTION pg_temp.suppress()',
    '{"target_service_name": "Obj", "target_handler_name": "plain"}'),
  :'unwritten', 'a free key');
UPDATE restate.object_key SET holder = :'waiting' WHERE service_name = 'Obj';

-- so is what a policy hides from an owner who is not above policies
CREATE ROLE restate_test_owner;
SELECT pg_temp.load('{"target_service_name": "Obj9", "target_handler_ty": "exclusive"}') AS hidden \gset
INSERT INTO restate.object_key (service_name, service_key, partition_key) VALUES ('Obj7', 'k', restate_partition_key_of_key('k'));
DO $$
DECLARE
  t text;
BEGIN
  GRANT CREATE, USAGE ON SCHEMA restate TO restate_test_owner;
  GRANT CREATE ON SCHEMA pg_catalog TO restate_test_owner;
  FOREACH t IN ARRAY '{deployment,service_revision,invocation,journal,journal_event,object_key}'::text[] LOOP
    EXECUTE format('ALTER TABLE restate.%I OWNER TO restate_test_owner', t);
    EXECUTE format('ALTER TABLE restate.%I FORCE ROW LEVEL SECURITY', t);
    EXECUTE format('CREATE POLICY lets_pass ON restate.%I USING (true)', t);
  END LOOP;
  ALTER FUNCTION restate_import_invocation(jsonb, jsonb) OWNER TO restate_test_owner;
  ALTER FUNCTION restate.take_imported_key(restate_invocation_id, text, text, text) OWNER TO restate_test_owner;
  ALTER FUNCTION restate.registered_handler_ty(text, text, text, restate_deployment_id) OWNER TO restate_test_owner;
END $$;
CREATE FUNCTION pg_temp.under_policy(command text, tab text, facts jsonb) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
  told text;
BEGIN
  EXECUTE format('ALTER TABLE restate.%I ENABLE ROW LEVEL SECURITY', tab);
  EXECUTE format('CREATE POLICY hides ON restate.%I AS RESTRICTIVE FOR %s', tab,
    command || CASE command WHEN 'INSERT' THEN ' WITH CHECK (false)' ELSE ' USING (false)' END);
  told := pg_temp.told(format('SELECT pg_temp.load(%L)', facts));
  RAISE EXCEPTION USING ERRCODE = 'UNDO0';
EXCEPTION WHEN SQLSTATE 'UNDO0' THEN
  RETURN told;
END $$;
SELECT matches(pg_temp.under_policy(command, tab, facts), '^' || told, command || ' on ' || tab || ' under a policy')
FROM (VALUES
  ('INSERT', 'invocation', '{}'::jsonb, '42501 '), ('INSERT', 'journal', '{}', '42501 '), ('SELECT', 'journal', '{}', '42501 '),
  ('INSERT', 'object_key', '{"target_service_name": "Obj8", "target_handler_ty": "exclusive"}', '42501 '),
  ('SELECT', 'object_key', '{"target_service_name": "Obj9", "target_handler_ty": "exclusive"}', '42501 '),
  -- some servers say that the policy refuses the row, others find none to write
  ('UPDATE', 'object_key', '{"target_service_name": "Obj7", "target_handler_ty": "exclusive"}', '(42501|09000) '),
  ('UPDATE', 'object_key', '{"target_service_name": "Obj9", "target_handler_ty": "exclusive", "status": "pending"}', '(42501|09000) '),
  ('SELECT', 'invocation', jsonb_build_object('id', :'hidden', 'target_service_name', 'Obj9', 'target_handler_ty', 'shared'), 'PT422 invalid_body invocation ID has a journal ')
) AS v (command, tab, facts, told);

DELETE FROM restate.object_key WHERE service_name = 'Obj7';
SELECT is_empty('SELECT problem, detail FROM restate_verify() WHERE problem <> ''revision_without_deployment''', 'all is well');
SELECT * FROM finish();
ROLLBACK;
