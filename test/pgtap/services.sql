-- What operators change of services, and of the state of objects: what is stored, what
-- waits for a key that is held, and what the audit has of it.
BEGIN;
SELECT no_plan();
SET LOCAL client_min_messages = warning;

-- What a statement returns, or its error with category and message.
CREATE FUNCTION pg_temp.told(statement text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
  state text; category text; message text; result text;
BEGIN
  EXECUTE statement INTO result;
  RETURN result;
EXCEPTION WHEN OTHERS THEN
  GET STACKED DIAGNOSTICS state = RETURNED_SQLSTATE, category = CONSTRAINT_NAME, message = MESSAGE_TEXT;
  RETURN concat_ws(' ', state, nullif(category, ''), message);
END $$;

SELECT is((SELECT created FROM restate_register_deployment('worker:w', '{"services": [
  {"name": "Counter", "ty": "VIRTUAL_OBJECT", "handlers": [{"name": "add"}, {"name": "get", "ty": "SHARED"}]},
  {"name": "Flow", "ty": "WORKFLOW", "handlers": [{"name": "run"}]},
  {"name": "Plain", "ty": "SERVICE", "handlers": [{"name": "x", "ingressPrivate": true}, {"name": "y", "abortTimeout": 5000}]}]}')), true, 'a deployment');

-- options of a service

-- The options of a service that differ from how they were, as it is shown.
CREATE TEMP TABLE was AS SELECT s.name, s.document FROM restate.admin_service AS s;
CREATE FUNCTION pg_temp.changed(service text) RETURNS jsonb LANGUAGE sql AS $$
  SELECT coalesce(jsonb_object_agg(n.key, n.value), '{}')
  FROM restate.admin_service AS s JOIN was AS w USING (name), jsonb_each(s.document) AS n
  WHERE s.name = service AND n.value IS DISTINCT FROM w.document -> n.key
$$;
SELECT is(restate_modify_service('Counter', '{}'), document, 'without options a service is told') FROM was WHERE name = 'Counter';
SELECT is(count(*), 0::bigint, 'and the audit has nothing of it') FROM restate.sys_audit WHERE operation = 'modify_service';
CREATE TEMP TABLE told AS SELECT restate_modify_service('Counter', options::jsonb) AS document
FROM unnest('{"{\"idempotency_retention\": \"2h\"}","{\"journal_retention\": \"PT3H\", \"inactivity_timeout\": \"1500ms\"}","{\"abort_timeout\": \"30days\", \"public\": null}"}'::text[]) AS options;
SELECT is((SELECT document FROM told OFFSET 2), (SELECT s.document FROM restate.admin_service AS s WHERE s.name = 'Counter'), 'what is returned is what is shown');
SELECT is(pg_temp.changed('Counter'), '{"idempotency_retention": "2h", "journal_retention": "3h", "inactivity_timeout": "1s 500ms", "abort_timeout": "30d"}', 'and what was changed');
SELECT is(to_jsonb(h), jsonb '{"idempotency": "02:00:00", "journal": "03:00:00", "inactivity": "00:00:01.5", "abort": "30 days"}', 'it holds for what is submitted')
FROM (SELECT idempotency_retention AS idempotency, journal_retention AS journal, inactivity_timeout AS inactivity, abort_timeout AS abort FROM restate.handler_of('Counter', 'add')) AS h;
SELECT isnt(restate_modify_service('Flow', '{"workflow_completion_retention": "4h"}'), NULL, 'a workflow');
SELECT is(pg_temp.changed('Flow'), '{"workflow_completion_retention": "4h"}', 'keeps its results so long');
SELECT isnt(restate_modify_service('Plain', '{"public": false}'), NULL, 'a service');
SELECT is(pg_temp.changed('Plain') -> 'public', 'false', 'is private then');
SELECT is((SELECT h.public FROM restate.handler_of('Plain', 'y') AS h), false, 'with its handlers');
SELECT isnt(restate_modify_service('Plain', '{"public": true, "abort_timeout": "1m"}'), NULL, 'and public again');
SELECT is(string_agg(format('%s %s %s', handler, h.public, h.abort_timeout), ', ' ORDER BY handler), 'x f 00:01:00, y t 00:00:05', 'but for a handler that says otherwise')
FROM (VALUES ('x'), ('y')) AS v (handler), restate.handler_of('Plain', handler) AS h;
SELECT is(pg_temp.told(format('SELECT restate_modify_service(%L, %L)', service, options)), refused, coalesce(options, 'null'))
FROM (VALUES ('Nope', '{"public": true}', 'PT404 service_not_found no such service: "Nope"'), (NULL, '{}', 'PT404 service_not_found no such service: "null"'),
  ('Counter', '[]', 'PT422 invalid_body the options must be a JSON object'), ('Counter', '{"other": 1}', 'PT422 invalid_body the options has an unknown field: "other"'),
  ('Counter', '{"public": "no"}', 'PT422 invalid_body public of the options must be true or false, and is: "no"'),
  ('Counter', '{"abort_timeout": 5}', 'PT422 invalid_body abort_timeout of the options must be a string, and is: "5"'),
  ('Counter', '{"abort_timeout": "5"}', 'PT422 invalid_body abort_timeout must be a duration, such as 30s, 12h or 2days, and is: "5"'),
  ('Counter', '{"abort_timeout": "soon"}', 'PT422 invalid_body abort_timeout must be a duration, such as 30s, 12h or 2days, and is: "soon"'),
  ('Counter', '{"abort_timeout": "-1s"}', 'PT422 invalid_body abort_timeout must be a duration, such as 30s, 12h or 2days, and is: "-1s"'),
  ('Counter', '{"abort_timeout": "1s ago"}', 'PT422 invalid_body abort_timeout must be a duration, such as 30s, 12h or 2days, and is: "1s ago"'),
  ('Counter', '{"abort_timeout": "1 month"}', 'PT422 invalid_body abort_timeout must be a duration, such as 30s, 12h or 2days, and is: "1 month"'),
  ('Counter', '{"abort_timeout": "1y 2w"}', 'PT422 invalid_body abort_timeout must be a duration, such as 30s, 12h or 2days, and is: "1y 2w"'),
  ('Counter', '{"abort_timeout": "99999999999999999 days"}', 'PT422 invalid_body abort_timeout must be a duration, such as 30s, 12h or 2days, and is: "99999999999999999 days"'),
  ('Counter', '{"workflow_completion_retention": "1h"}', 'PT400 service_not_suited workflow_completion_retention is for workflows, and this is none: "Counter"'))
  AS v (service, options, refused);
SELECT is(jsonb_agg(jsonb_build_array(id, outcome, parameters) ORDER BY audit_id) -> 0, '[null, "modified", {"service": "Counter", "revision": 1, "options": {"idempotency_retention": "2h"}}]', 'the audit has the options')
FROM restate.sys_audit WHERE operation = 'modify_service';
SELECT is((SELECT max(revision) FROM restate.service_revision), 1::bigint, 'there is no other revision');

-- state

-- The state of an object; text of it as text.
CREATE FUNCTION pg_temp.state(service text, object text) RETURNS text LANGUAGE sql AS $$
  SELECT coalesce(string_agg(format('%s=%s', s.key, coalesce(s.value_utf8, s.value::text)), ' ' ORDER BY s.key COLLATE "C"), 'none')
  FROM restate.state AS s WHERE s.service_name = service AND s.service_key = object
$$;
-- Changes one that is said in the same words.
CREATE FUNCTION pg_temp.modify(service text, object text, said text, version text DEFAULT NULL) RETURNS text LANGUAGE sql VOLATILE AS $$
  SELECT pg_temp.told(format('SELECT restate_modify_state(%L, %L, %L, %L, %L)', service, object,
    (SELECT coalesce(array_agg(split_part(w, '=', 1)), '{}') FROM unnest(string_to_array(said, ' ')) AS w),
    (SELECT coalesce(array_agg(convert_to(split_part(w, '=', 2), 'UTF8')), '{}') FROM unnest(string_to_array(said, ' ')) AS w), version))
$$;
SELECT is(pg_temp.modify('Counter', 'a', 'y=2 x=1'), 'changed', 'the state of an object that has none');
SELECT is(pg_temp.state('Counter', 'a'), 'x=1 y=2', 'is what is given');
SELECT is(pg_temp.modify('Counter', 'a', 'x=1 y=2'), 'unchanged', 'once more changes nothing');
SELECT is(pg_temp.modify('Counter', 'a', 'x=3 z='), 'changed', 'another');
SELECT is(pg_temp.state('Counter', 'a'), 'x=3 z=', 'takes its place, and a value may be empty');
SELECT is(restate_modify_state('Counter', 'a', '{x}', ARRAY['\x00ff80'::bytea]), 'changed', 'bytes');
SELECT is(pg_temp.state('Counter', 'a'), 'x=\x00ff80', 'of any kind');
SELECT is(restate_modify_state('Counter', 'a', '{}', '{}'), 'changed', 'an empty state');
SELECT is(pg_temp.state('Counter', 'a'), 'none', 'leaves none');
SELECT is(pg_temp.modify('Flow', 'w', 'x=1'), 'changed', 'a workflow has state too');
SELECT is(pg_temp.state('Flow', 'w'), 'x=1', 'of its own');
SELECT is((SELECT count(*) FROM restate.object_key WHERE service_name = 'Flow'), 0::bigint, 'without a key to hold');
SELECT is(pg_temp.told(statement), refused, statement)
FROM (VALUES
  ($$SELECT restate_modify_state('Plain', 'a', '{}', '{}')$$, 'PT400 service_not_suited this service has no state: "Plain"'),
  ($$SELECT restate_modify_state('Nope', 'a', '{}', '{}')$$, 'PT404 service_not_found no such service: "Nope"'),
  ($$SELECT restate_modify_state(NULL, 'a', '{}', '{}')$$, 'PT400 invalid_query_parameter service, key, keys and values must not be null'),
  ($$SELECT restate_modify_state('Counter', NULL, '{}', '{}')$$, 'PT400 invalid_query_parameter service, key, keys and values must not be null'),
  ($$SELECT restate_modify_state('Counter', 'a', NULL, '{}')$$, 'PT400 invalid_query_parameter service, key, keys and values must not be null'),
  ($$SELECT restate_modify_state('Counter', 'a', '{x}', '{}')$$, 'PT400 invalid_query_parameter keys and values must have as many elements, none of them null'),
  ($$SELECT restate_modify_state('Counter', 'a', '{NULL}', '{a}')$$, 'PT400 invalid_query_parameter keys and values must have as many elements, none of them null'),
  ($$SELECT restate_modify_state('Counter', 'a', '{x}', '{NULL}')$$, 'PT400 invalid_query_parameter keys and values must have as many elements, none of them null'),
  ($$SELECT restate_modify_state('Counter', 'a', '{x,y,x}', '{a,b,c}')$$, 'PT400 invalid_query_parameter keys has "x" twice')) AS v (statement, refused);

-- a version

SELECT is(pg_temp.modify('Counter', 'v', 'a=1 b=2', restate.state_version('{}', '{}')), 'changed', 'the version of no state');
SELECT is(pg_temp.modify('Counter', 'v', 'a=2', restate.state_version('{}', '{}')), 'PT409 state_version_mismatch the state of Counter/"v" is another by now', 'which has another since');
SELECT is(pg_temp.state('Counter', 'v'), 'a=1 b=2', 'and stays as it is');
SELECT is(pg_temp.modify('Counter', 'v', 'a=2', restate.state_version('{b,a}', ARRAY['2', '1']::bytea[])), 'changed', 'its own, in any order');

-- a key that is held

CREATE TEMP TABLE held AS SELECT 1 AS n, s.* FROM restate_submit('Counter', 'add', '1', 'h', claim_for => 'w') AS s;
INSERT INTO held SELECT 2, s.* FROM restate_submit('Counter', 'add', '1', 'h', claim_for => 'w') AS s;
SELECT is(pg_temp.modify('Counter', 'h', 'a=1 c=1'), 'queued', 'a change waits behind one that is in the inbox');
SELECT is(pg_temp.modify('Counter', 'h', 'a=2', restate.state_version('{a,c}', ARRAY['1', '1']::bytea[])), 'queued', 'and another behind that');
INSERT INTO held SELECT 3, s.* FROM restate_submit('Counter', 'add', '1', 'h', claim_for => 'w') AS s;
SELECT is(pg_temp.modify('Counter', 'h', 'a=3', 'of another'), 'queued', 'one of another version');
SELECT is(pg_temp.modify('Counter', 'h', ''), 'queued', 'one that leaves nothing');
SELECT is(pg_temp.state('Counter', 'h'), 'none', 'nothing has changed');
SELECT is((SELECT string_agg(problem, ' ') FROM restate_verify()), NULL, 'all is well');
SELECT is(pg_temp.told(format('SELECT restate_complete(%L, %s, 1, %L)', id, attempt, ARRAY[jsonb '{"Command": {"SetState": {"key": "a", "value": [57], "name": ""}}}',
  '{"Command": {"Output": {"result": {"Success": []}, "name": ""}}}'])), 'completed', 'the holder ends') FROM held WHERE n = 1;
SELECT is(pg_temp.state('Counter', 'h'), 'a=9', 'with state of its own: the next in the inbox comes before the changes');
SELECT is(restate_kill((SELECT id FROM held WHERE n = 2)), 'killed', 'that is killed');
SELECT is(pg_temp.state('Counter', 'h'), 'a=2', 'and the changes before the third are done, in their order');
SELECT is((SELECT status FROM restate.sys_invocation WHERE id = held.id), 'ready', 'which is next') FROM held WHERE n = 3;
SELECT is(count(*), 2::bigint, 'the others wait') FROM restate.queued_state;
SELECT is(restate_kill((SELECT id FROM held WHERE n = 3)), 'killed', 'the last one ends');
SELECT is(pg_temp.state('Counter', 'h'), 'none', 'and the last change is done');
SELECT is(count(*), 0::bigint, 'nothing waits') FROM restate.queued_state;
SELECT is(to_jsonb(k) - '{partition_key}'::text[], '{"service_name": "Counter", "service_key": "h", "holder": null, "next_sequence_number": 6, "has_queued_state": null}', 'the key is free')
FROM restate.object_key AS k WHERE k.service_key = 'h';
SELECT is(pg_temp.modify('Counter', 'h', 'a=4'), 'changed', 'and a change is done at once');
SELECT is(string_agg(format('%s %s %s', outcome, parameters -> 'entries', coalesce(parameters ->> 'place', '-')), '; ' ORDER BY audit_id),
  'queued ["a", "c"] 1; queued ["a"] 2; queued ["a"] 4; queued [] 5; changed ["a", "c"] 1; changed ["a"] 2; passed_over ["a"] 4; changed [] 5; changed ["a"] -', 'the audit tells what became of each')
FROM restate.sys_audit WHERE operation = 'modify_state' AND parameters ->> 'key' = 'h';
SELECT is((SELECT string_agg(problem, ' ') FROM restate_verify()), NULL, 'all is well');

-- deployments in the audit

SELECT is(count(*), 1::bigint, 'a registration is in the audit') FROM restate.sys_audit
WHERE operation = 'register_deployment' AND outcome = 'registered' AND parameters - 'deployment' = '{"endpoint": "worker:w", "services": {"Flow": 1, "Plain": 1, "Counter": 1}}';
SELECT is((restate_register_deployment('worker:w', '{"services": []}', '{"force": true, "dry_run": true}')).document -> 'services', '[]', 'a dry run tells what would be');
SELECT is(count(*), 3::bigint, 'and it is not') FROM restate.sys_service;
SELECT is(restate_remove_deployment((SELECT id FROM restate.deployment)), 'removed', 'a removal');
SELECT is(count(*), 1::bigint, 'too') FROM restate.sys_audit WHERE operation = 'remove_deployment' AND outcome = 'removed' AND parameters - 'deployment' = '{"endpoint": "worker:w"}';
SELECT is(count(*), 1::bigint, 'and of a dry run there is none') FROM restate.sys_audit WHERE operation = 'register_deployment';

SELECT * FROM finish();
ROLLBACK;
