-- What no recorded case reaches: rows that contradict each other, calls that
-- lead nowhere, texts at their limits.
BEGIN;
\ir ../conformance/world.sql
SELECT no_plan() \g /dev/null

CREATE FUNCTION key_holder(service text, key text) RETURNS text LANGUAGE plpgsql AS $$
BEGIN
  RETURN (
  SELECT labelled(k.holder::text) FROM restate.object_key AS k WHERE (k.service_name, k.service_key) = (service, key));
END $$;

-- The outcomes of a batch, or the categories, in order.
CREATE FUNCTION outcomes(batch text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
  told text;
BEGIN
  EXECUTE 'SELECT string_agg(coalesce(outcome, category), '' '' ORDER BY ordinality) FROM ' || batch INTO told;
  RETURN told;
END $$;

-- object keys

SELECT make('free', 'Obj/free/s', 'running'), make('taken', 'Obj/taken/s', 'running'), make('holder', 'Obj/other/s', 'running'),
  make('waiting', 'Obj/taken/s', 'pending') \g /dev/null
UPDATE restate.object_key SET holder = NULL WHERE service_key = 'free';
SELECT inv('holder') AS holder \gset
UPDATE restate.object_key SET holder = :'holder' WHERE service_key = 'taken';
SELECT is(restate_kill(inv('free')), 'killed', 'an invocation can be killed though nobody holds its object key');
SELECT is(key_holder('Obj', 'free'), NULL, 'and the key stays free');
SELECT is(restate_kill(inv('taken')), 'killed', 'an invocation can be killed though another holds its object key');
SELECT is(key_holder('Obj', 'taken'), 'holder', 'and the other keeps it');
SELECT is(status, 'pending', 'so that nothing starts') FROM restate.invocation WHERE id = inv('waiting');

SELECT make('here', 'Obj/same/s', 'running'), make('next here', 'Obj/same/s', 'pending'), make('there', 'Obj2/same/s', 'running'),
  make('next there', 'Obj2/same/s', 'pending'), make('far', 'Obj2/far/s', 'running') \g /dev/null
SELECT is(outcomes('restate_kill_batch(ARRAY[inv(''there''), inv(''far''), inv(''here'')])'), 'killed killed killed',
  'a batch can kill in several services that have an object key of the same name');
SELECT is(key_holder('Obj', 'same') || ', ' || key_holder('Obj2', 'same'), 'next here, next there', 'and the next of each inbox starts');

-- callers

SELECT name_it('nobody', restate_new_invocation_id()::text) \g /dev/null
SELECT make(label, 'Svc/s', status, jsonb_build_object('invoked_by', 'service', 'invoked_by_id', inv('nobody'),
  'suspended_waiting_for_signals', CASE status WHEN 'suspended' THEN jsonb '[1]' END))
FROM (VALUES ('orphan', 'running'), ('second orphan', 'suspended'), ('scheduled orphan', 'scheduled')) AS v (label, status) \g /dev/null
SELECT is(outcomes('restate_kill_batch(ARRAY[inv(''orphan''), inv(''second orphan'')])'), 'killed killed',
  'invocations can be killed whose caller is gone');
SELECT is(restate_cancel(inv('scheduled orphan')), 'removed', 'and one that has not started can be cancelled');

-- texts

SELECT unnest(ARRAY[is(wrong_error(e, 'invalid_query_parameter'), NULL, 'a text of which no character is ASCII is refused like any other'),
  cmp_ok(length(e ->> 'message'), '>', 1024, 'and shown as far as the longest text is')])
FROM call('restate_delete_invocation(inv(''nobody''), repeat(''😀'', 1000))') AS e;
SELECT unnest(ARRAY[is(wrong_error(e, 'invalid_query_parameter'), NULL, 'a control character in a text is shown escaped'),
  matches(e ->> 'message', '"a\\x0ab\\x22"', 'as its bytes')])
FROM call($$restate_delete_invocation(inv('nobody'), E'a\nb"')$$) AS e;

SELECT throws_ok(format($$UPDATE restate.invocation SET status = 'asleep' WHERE id IN (%L, %L)$$, inv('nobody'), inv('holder')), '23514', NULL,
  'a status that is none cannot be stored');

-- ids of deployments

SELECT results_eq(
  $$SELECT a < b, a <= b, a = b, a <> b, a >= b, a > b
    FROM (VALUES ('dp_10000000000000000000000'::restate_deployment_id, 'dp_10000000000000000000001'::restate_deployment_id),
      ('dp_10000000000000000000001', 'dp_10000000000000000000000'), ('dp_10000000000000000000001', 'dp_10000000000000000000001')) AS v (a, b)$$,
  $$VALUES (true, true, false, true, false, false), (false, false, false, true, true, true), (false, true, true, false, true, false)$$,
  'the comparisons of deployment ids agree');

-- sorting

SET LOCAL work_mem = '128MB';
CREATE TABLE many AS SELECT restate_new_invocation_id() AS id FROM generate_series(1, 300000);
SELECT is((SELECT count(*) FROM (SELECT id, lag(id) OVER (ORDER BY id) AS before FROM many) AS s WHERE id <= before), 0::bigint,
  'many ids of as many partition keys are sorted');

-- journal entries

SELECT is(call(format('restate.parse_entry(%L)', entry)) ->> 'category', 'invalid_body', rule)
FROM (VALUES
  ('{"Command":{"Call":{"request":{"invocation_id":"inv_1klTLrqq7Xg96nsHVH6rhLKzxlUVpEmFe9","invocation_target":"Svc/s","parameter":[]},"invocation_id_completion_id":1,"result_completion_id":2,"name":""}}}', 'the target of a call is an object'),
  ('{"Command":{"Call":{"request":{"invocation_id":"inv_1klTLrqq7Xg96nsHVH6rhLKzxlUVpEmFe9","invocation_target":{"Service":{"name":"a","handler":"b"},"Workflow":{}},"parameter":[]},"invocation_id_completion_id":1,"result_completion_id":2,"name":""}}}', 'of one kind'),
  ('{"Command":{"Call":{"request":{"invocation_id":"inv_1klTLrqq7Xg96nsHVH6rhLKzxlUVpEmFe9","invocation_target":{"Svc":{"name":"a","handler":"b"}},"parameter":[]},"invocation_id_completion_id":1,"result_completion_id":2,"name":""}}}', 'that there is'),
  ('{"Command":{"Call":{"request":{"invocation_id":"inv_1klTLrqq7Xg96nsHVH6rhLKzxlUVpEmFe9","invocation_target":{"Service":{"handler":"b"}},"parameter":[]},"invocation_id_completion_id":1,"result_completion_id":2,"name":""}}}', 'with a service'),
  ('{"Command":{"Call":{"request":{"invocation_id":"inv_1klTLrqq7Xg96nsHVH6rhLKzxlUVpEmFe9","invocation_target":{"Service":{"name":"a","handler":1}},"parameter":[]},"invocation_id_completion_id":1,"result_completion_id":2,"name":""}}}', 'and a handler'),
  ('{"Command":{"Call":{"request":{"invocation_id":"inv_1klTLrqq7Xg96nsHVH6rhLKzxlUVpEmFe9","invocation_target":{"Service":{"name":"a","handler":"b"}},"parameter":[],"idempotency_key":7},"invocation_id_completion_id":1,"result_completion_id":2,"name":""}}}', 'an idempotency key is text'),
  ('{"Command":{"AttachInvocation":{"target":"x","completion_id":1,"name":""}}}', 'what is attached to is an object'),
  ('{"Command":{"AttachInvocation":{"target":{"Workflow":"x"},"completion_id":1,"name":""}}}', 'and a workflow is one'),
  ('{"Command":{"Input":{"headers":{},"payload":[],"name":""}}}', 'headers are an array'),
  ('{"Command":{"GetEagerState":{"key":"k","result":{"Failure":{"code":500,"message":"no"}},"name":""}}}', 'state cannot fail')
) AS v (entry, rule);
SELECT is((restate.parse_entry('{"Command":{"AttachInvocation":{"target":{"IdempotentRequest":{}},"completion_id":1,"name":""}}}')).entry_type::text,
  'Command: AttachInvocation', 'an idempotent request can be attached to');

-- What is missing in the columns of an entry, or of another form than it has
-- there, is left out.
SELECT unnest(ARRAY[is(restate.entry_json('Command: Call', NULL, NULL, 3, NULL, NULL, NULL, meta, NULL)::jsonb #> '{Command,Call,request,invocation_id}', NULL,
    'the entry of a call without its callee is shown for ' || coalesce(meta::text, 'no meta')),
  isnt(restate.entry_lite_json('Command: Call', NULL, NULL, 3, NULL, NULL, NULL, meta), NULL, 'and in short')])
FROM (VALUES ('{}'::jsonb), ('{"request": 5}'), ('[]'), ('5'), (NULL)) AS v (meta);
SELECT is(restate.entry_lite_json('Command: Output', 'n', NULL, NULL, NULL, NULL, NULL, meta)::jsonb #>> '{Command,Output,result}', want,
  'a result of ' || meta::text || ' is shown')
FROM (VALUES ('{}'::jsonb, 'Success'), ('{"result": {}}', '{}'), ('{"result": 5}', '5'), ('{"result": []}', '[]'),
  ('{"result": {"Failure": {}}}', 'Failure'), ('{"result": "Void"}', 'Void')) AS v (meta, want);

SELECT * FROM finish();
ROLLBACK;
