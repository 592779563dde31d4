-- JSON with escapes of what no text can hold is taken all the same, by every
-- function that takes JSON from outside, with U+FFFD in their place.
BEGIN;
SELECT no_plan();

-- input, and what becomes of it
CREATE TEMP TABLE text_ (json text, becomes jsonb);
INSERT INTO text_ VALUES
  ('"a\u0000b"', '"a\ufffdb"'), ('"\u0000"', '"\ufffd"'), ('{"k\u0000": 1}', '{"k\ufffd": 1}'),
  ('["\u0000\u0000", {"a": {"\ud800": "\udfff"}}]', '["\ufffd\ufffd", {"a": {"\ufffd": "\ufffd"}}]'),
  -- halves of a pair, in every order
  ('"\ud83d"', '"\ufffd"'), ('"\uD83D"', '"\ufffd"'), ('"\ude00"', '"\ufffd"'), ('"\ud83d\ud83d\ude00"', '"\ufffd😀"'),
  ('"\ude00\ud83d"', '"\ufffd\ufffd"'), ('"\ud83d\u0000"', '"\ufffd\ufffd"'), ('"\ud83dx\ude00"', '"\ufffdx\ufffd"'),
  ('"\ud83d\\ude00"', E'"\ufffd\\\\ude00"'), ('"\ud83d\n\ude00"', '"\ufffd\n\ufffd"'), ('"\udbff\udfff\ud800\udc00"', '"\udbff\udfff\ud800\udc00"'),
  -- what is right stays
  ('"\ud83d\ude00 \u00e9 \uFFFD \u4e2d"', '"😀 é � 中"'), ('"\\u0000"', '"\\u0000"'), ('"\\\u0000"', '"\\\ufffd"'), ('"\\\\u0000"', '"\\\\u0000"'),
  ('"\"\u0000\""', '"\"\ufffd\""'), ('"\u005cu0000"', '"\\u0000"'), ('"u0000"', '"u0000"'), ('"\u0001\u001f"', '"\u0001\u001f"'),
  (' [1, true, null, "x"] ', '[1, true, null, "x"]'), ('"\/\b\f\n\r\t"', '"/\b\f\n\r\t"'),
  -- of two keys that become the same the last counts, as where they are written so
  ('{"a\u0000": 1, "a\ud800": 2}', '{"a\ufffd": 2}');
SELECT is(restate.storable_json(json), becomes, json) FROM text_;
-- wherever it stands, among many
SELECT is(restate.storable_json(to_json(repeat('x', n))::text), to_jsonb(repeat('x', n)), format('%s characters', n)) FROM generate_series(0, 3) AS n;
SELECT is((SELECT count(*) FROM generate_series(0, 300) AS n
  WHERE restate.storable_json('"' || repeat('a', n) || '\u0000' || repeat('\\', n) || '\ud800' || repeat('é', n) || '"')
    <> to_jsonb(repeat('a', n) || E'\ufffd' || repeat('\', n) || E'\ufffd' || repeat('é', n))), 0::bigint, 'anywhere in a text');
SELECT is(restate.storable_json(NULL), NULL, 'null');

-- what is no JSON is refused as such, never with an error of the server's own
CREATE TEMP TABLE broken (json text);
INSERT INTO broken VALUES (''), (' '), ('{'), ('"'), ('"\'), ('"\u'), ('"\u0'), ('"\u00g0"'), ('"\ud83d\u"'), ('"\ud83d\ude0"'), ('\u0000'), ('{"a": \u0000}'),
  ('nul'), ('"\x00"'), (E'"\n"'), (E'"\u0001"'), ('[1,]'), ('1e999999'), (repeat('[', 100000)), (repeat('{"a":', 100000)), ('{"a":1}}');
SELECT throws_ok(format('SELECT %s(%L)', f, json), 'PT422', NULL, format('%s of %s', f, to_json(left(json, 20))))
FROM broken, unnest('{restate.storable_json,restate.parse_entry,restate_import_invocation}'::text[]) AS f;
SELECT throws_ok(format('SELECT restate_import_invocation(%s, %L)', first, json), 'PT422', NULL, format('import of %s with journal %s', first, to_json(left(json, 20))))
FROM broken, unnest(ARRAY['jsonb_build_object()', '''{}''']) AS f (first);

-- an entry, as a literal, as text and as json
\set entry '{"Command": {"Run": {"completion_id": 1, "name": "re\\u0000serve", "mo\\ud800re": "\\u0000"}}}'
SELECT is(name, E're\ufffdserve', 'a literal') FROM restate.parse_entry('{"Command": {"Run": {"completion_id": 1, "name": "re\u0000serve"}}}');
SELECT is(e::text, E'("Command: Run",re\ufffdserve,1,,,,,"{""mo\ufffdre"": ""\ufffd""}",)', 'text') FROM restate.parse_entry(:'entry'::text) AS e;
SELECT is(e::text, E'("Command: Run",re\ufffdserve,1,,,,,"{""mo\ufffdre"": ""\ufffd""}",)', 'json') FROM restate.parse_entry(:'entry'::json) AS e;
SELECT is(name, 'x', 'jsonb') FROM restate.parse_entry('{"Command": {"Run": {"completion_id": 1, "name": "x"}}}'::jsonb);
PREPARE untyped AS SELECT name FROM restate.parse_entry($1);
SELECT results_eq(format('EXECUTE untyped(%L)', :'entry'), $$VALUES (E're\ufffdserve')$$, 'a parameter without a type');
SELECT is(restate.entry_json(e.entry_type, e.name, e.completion_id, e.result_completion_id, e.invoked_id, e.signal_index, e.signal_name, e.meta, e.payload)::jsonb
    #- '{Command,Call,request,span_context}',
  restate.storable_json(json), json)
FROM (VALUES
  ('{"Command": {"Input": {"headers": [{"name": "h\u0000", "value": "\u0000v"}], "payload": [0], "name": "\ud800"}}}'),
  ('{"Command": {"Output": {"result": {"Failure": {"code": 500, "message": "bad \u0000 byte"}}, "name": ""}}}'),
  ('{"Command": {"SetState": {"key": "\u0000", "value": [0], "name": ""}}}'),
  ('{"Command": {"GetEagerStateKeys": {"state_keys": ["a\u0000", "\udc00"], "name": ""}}}'),
  ('{"Command": {"Call": {"request": {"invocation_id": "inv_1klTLrqq7Xg96nsHVH6rhLKzxlUVpEmFe9", "invocation_target": {"VirtualObject": {"name": "\u0000", "key": "\ud800", "handler": "h\udfff"}}, "parameter": [], "headers": [], "idempotency_key": "\u0000"}, "invocation_id_completion_id": 1, "result_completion_id": 2, "name": "\u0000"}}}'),
  ('{"Notification": {"Signal": {"id": {"Name": "s\u0000"}, "result": {"Failure": {"code": 1, "message": "\ud800"}}}}}'),
  ('{"Notification": {"Completion": {"GetPromise": {"completion_id": 1, "result": {"Failure": {"code": 1, "message": "\u0000"}}}}}}')
) AS v (json), LATERAL restate.parse_entry(json) AS e;

-- an import, with what it takes in every form
\set journal '[{"index": 0, "entry_json": {"Command": {"Input": {"headers": [{"name": "a\\u0000", "value": ""}], "payload": [], "name": ""}}}}, {"index": 1, "entry_json": "{\\"Command\\": {\\"Output\\": {\\"result\\": {\\"Failure\\": {\\"code\\": 500, \\"message\\": \\"bad \\\\u0000 byte\\"}}, \\"name\\": \\"\\"}}}"}]'
CREATE FUNCTION pg_temp.document(n int) RETURNS text LANGUAGE sql AS $$
  SELECT format('{"id": "inv_1%s", "status": "completed", "completion_result": "failure", "completion_failure": "[500] bad \u0000 byte",
    "target_service_name": "Doors", "target_handler_name": "run", "target_service_ty": "service"}', lpad(n::text, 33, '0'))
$$;
SELECT lives_ok(format('SELECT restate_import_invocation(' || form || ')', pg_temp.document(n::int), :'journal'), 'an import of ' || form)
FROM unnest(ARRAY['%L, %L', '%L::text, %L::text', '%L::json, %L::json', '%L::json, %L', 'restate.storable_json(%L), %L',
  '%L, restate.storable_json(%L)', 'restate.storable_json(%L), restate.storable_json(%L)', 'journal => %2$L, invocation => %1$L']) WITH ORDINALITY AS f (form, n);
SELECT is(i.completion_failure || j.entries, E'[500] bad \ufffd byte{"headers": [{"name": "a\ufffd", "value": ""}]}{"result": {"Failure": {"code": 500, "message": "bad \ufffd byte"}}}',
  'what is stored of ' || i.id)
FROM restate.invocation AS i,
  LATERAL (SELECT string_agg(j.meta::text, '' ORDER BY j.index) AS entries FROM restate.journal AS j WHERE j.id = i.id) AS j
WHERE i.target_service_name = 'Doors';
SELECT is((SELECT count(*) FROM restate.invocation WHERE target_service_name = 'Doors'), 8::bigint, 'all of them');
SELECT throws_ok(format('SELECT restate_import_invocation(%L)', pg_temp.document(1)), 'PT422', NULL, 'the journal can be left out');

-- the right to import is asked for in one place
CREATE ROLE restate_test_loader;
SET LOCAL ROLE restate_test_loader;
SELECT throws_ok(format('SELECT restate_import_invocation(%s)', args), '42501', 'permission denied for function restate_import_invocation', args)
FROM unnest(ARRAY['''{}''', '''{}''::json', '''{}''::jsonb', '''{}''::jsonb, ''[]''', '''{}'', ''[]''::jsonb']) AS a (args);
RESET ROLE;
GRANT EXECUTE ON FUNCTION restate_import_invocation(jsonb, jsonb) TO restate_test_loader;
SET LOCAL ROLE restate_test_loader;
SELECT throws_ok(format('SELECT restate_import_invocation(%s)', args), 'PT422', 'the invocation has no id', args || ', granted')
FROM unnest(ARRAY['''{}''', '''{}''::json', '''{}''::jsonb', '''{}''::jsonb, ''[]''', '''{}'', ''[]''::jsonb']) AS a (args);
RESET ROLE;

SELECT is_empty('SELECT * FROM restate_verify()', 'all is well');
SELECT * FROM finish();
ROLLBACK;
