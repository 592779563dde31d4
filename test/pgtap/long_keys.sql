-- Keys of up to 16 KiB are stored, found and told apart, in every table and by
-- every operation; a longer one is refused in words.
BEGIN;
SELECT no_plan();

-- Text that does not compress, of so many bytes; each number its own.
CREATE FUNCTION pg_temp.noise(bytes integer, number integer) RETURNS text LANGUAGE sql IMMUTABLE AS $$
  SELECT left(string_agg(md5(number || '.' || n), '' ORDER BY n), bytes) FROM generate_series(0, bytes / 32) AS n
$$;

CREATE TEMP TABLE key (name text, value text);
INSERT INTO key VALUES
  ('of 255 bytes', pg_temp.noise(255, 1)),
  ('of 256 bytes', pg_temp.noise(256, 1)),
  ('of 6,400 bytes', pg_temp.noise(6400, 2)),
  ('of 16,384 bytes', pg_temp.noise(16384, 3)),
  ('of 16,384 bytes, equal in the first 8,000', pg_temp.noise(8000, 3) || pg_temp.noise(8384, 4)),
  ('of 16,384 bytes, equal but for the last', pg_temp.noise(16383, 3) || 'x'),
  ('of 16,384 bytes in 5,462 characters',
    (SELECT string_agg(chr(19968 + n * 7919 % 20000), '' ORDER BY n) FROM generate_series(1, 5461) AS n) || 'x'),
  ('of 16,384 bytes, all the same', repeat('x', 16384));
CREATE TEMP TABLE longer (name text, value text);
INSERT INTO longer VALUES
  ('of 16,385 bytes', pg_temp.noise(16385, 5)),
  ('of 16,386 bytes in 5,462 characters', (SELECT string_agg(chr(19968 + n * 7919 % 20000), '' ORDER BY n) FROM generate_series(1, 5462) AS n)),
  ('of 16,385 bytes, all the same', repeat('x', 16385));
SELECT is(octet_length(convert_to(value, 'UTF8')), replace((regexp_match(name, 'of ([\d,]+) bytes'))[1], ',', '')::integer, 'a key ' || name)
FROM (TABLE key UNION ALL TABLE longer) AS k;

-- Imports an invocation of an object's key.
CREATE FUNCTION pg_temp.load(key text, status text, more jsonb DEFAULT '{}') RETURNS restate_invocation_id LANGUAGE sql AS $$
  SELECT restate_import_invocation(jsonb_build_object('id', restate_keyed_invocation_id(key), 'status', status, 'target_service_name', 'Basket',
    'target_service_key', key, 'target_handler_name', 'add', 'target_service_ty', 'virtual_object', 'target_handler_ty', 'exclusive')
    || CASE status WHEN 'completed' THEN '{"completion_result": "success"}' ELSE '{}' END::jsonb || more)
$$;

-- The life of invocations of each key

CREATE TEMP TABLE made AS
SELECT name, value, pg_temp.load(value, 'ready') AS holder, NULL::restate_invocation_id AS done, NULL::restate_invocation_id AS first,
  NULL::restate_invocation_id AS second, NULL::restate_invocation_id AS restarted
FROM key;
UPDATE made SET done = pg_temp.load(value, 'completed',
  '{"journal_retention": "1 day", "idempotency_key": "k"}'::jsonb || jsonb_build_object('idempotency_key', value));
UPDATE made SET first = pg_temp.load(value, 'pending');
UPDATE made SET second = pg_temp.load(value, 'pending');

SELECT is((SELECT array_agg(i.id ORDER BY i.id) FROM restate.sys_invocation AS i WHERE i.target_service_key = m.value),
  (SELECT array_agg(u.id ORDER BY u.id) FROM unnest(ARRAY[holder, done, first, second]) AS u (id)), 'the invocations of a key ' || name)
FROM made AS m;
SELECT is((SELECT array_agg(i.id ORDER BY i.sequence_number) FROM restate.sys_inbox AS i WHERE i.service_name = 'Basket' AND i.service_key = m.value),
  ARRAY[first, second], 'the inbox of a key ' || name)
FROM made AS m;
SELECT is((SELECT array_agg(k.invocation_id) FROM restate.sys_keyed_service_status AS k WHERE k.service_name = 'Basket' AND k.service_key = m.value),
  ARRAY[holder], 'the holder of a key ' || name)
FROM made AS m;
SELECT is((SELECT invocation_id FROM restate.sys_idempotency AS i WHERE i.idempotency_key = m.value), done, 'an idempotency key ' || name)
FROM made AS m;
SELECT throws_ok(format('SELECT pg_temp.load(%L, %L)', value, 'running'), 'PT422', NULL, 'a second holder of a key ' || name)
FROM made;
SELECT is_empty('SELECT * FROM restate_verify()', 'all is well');

INSERT INTO restate.journal (id, partition_key, index, entry_type, name, meta)
SELECT done, restate_partition_key_of_id(done), 0, 'Command: Input', '', '{"headers": []}' FROM made;
UPDATE restate.invocation SET journal_size = 1, journal_commands_size = 1 WHERE id IN (SELECT done FROM made);
UPDATE made SET restarted = restate_restart_as_new(done, request_id => repeat('r', 255));
SELECT is(restate_restart_as_new(done, request_id => repeat('r', 255)), restarted, 'the same request id restarts the same, of a key ' || name)
FROM made;
SELECT is((SELECT array_agg(i.id ORDER BY i.sequence_number) FROM restate.sys_inbox AS i WHERE i.service_key = m.value),
  ARRAY[first, second, restarted], 'a restart goes to the end of the inbox of a key ' || name)
FROM made AS m;

SELECT is(restate_kill(holder), 'killed', 'kill releases a key ' || name) FROM made;
SELECT results_eq(format('SELECT status FROM restate.sys_invocation WHERE id = ANY (%L) ORDER BY array_position(%1$L::restate_invocation_id[], id)',
    ARRAY[holder, first, second, restarted]), '{completed,ready,pending,pending}'::text[], 'and hands it on, a key ' || name)
FROM made;
SELECT is(array_agg(DISTINCT b.outcome), '{killed}', 'all are killed at once')
FROM restate_kill_batch(ARRAY(SELECT first FROM made)) AS b;
SELECT is((SELECT k.invocation_id FROM restate.sys_keyed_service_status AS k WHERE k.service_key = m.value), second, 'the next holds a key ' || name)
FROM made AS m;
SELECT is_empty('SELECT * FROM restate_verify()', 'all is well, after operations');

-- States and promises

CREATE TEMP TABLE pair AS SELECT a.name || ', of an object ' || b.name AS name, a.value AS key, b.value AS service_key FROM key AS a, key AS b;
INSERT INTO restate.object_state (service_name, service_key, key, partition_key, value)
SELECT 'Basket', service_key, key, restate_partition_key_of_key(service_key), name::bytea FROM pair;
INSERT INTO restate.promise (service_name, service_key, key, partition_key)
SELECT 'Basket', service_key, key, restate_partition_key_of_key(service_key) FROM pair;
SELECT is((SELECT array_agg(s.value_utf8) FROM restate.state AS s WHERE s.service_name = 'Basket' AND s.service_key = p.service_key AND s.key = p.key),
  ARRAY[name], 'the state ' || name)
FROM pair AS p;
SELECT is((SELECT count(*) FROM restate.sys_promise AS s WHERE s.service_name = 'Basket' AND s.service_key = p.service_key AND s.key = p.key),
  1::bigint, 'the promise ' || name)
FROM pair AS p;
INSERT INTO restate.object_state AS s (service_name, service_key, key, partition_key, value)
SELECT 'Basket', service_key, key, restate_partition_key_of_key(service_key), 'new' FROM pair
ON CONFLICT (partition_key, service_name, restate.indexed_key(service_key, key)) DO UPDATE SET value = excluded.value;
SELECT is((SELECT count(*) FROM restate.state WHERE value_utf8 = 'new'), count(*), 'each state is written again') FROM pair;
SELECT is((SELECT count(*) FROM restate.state), count(*), 'and none beside it') FROM pair;
SELECT throws_ok(format('INSERT INTO restate.promise (service_name, service_key, key, partition_key) VALUES (%L, %L, %L, %L)',
  'Basket', service_key, key, restate_partition_key_of_key(service_key)), '23505', NULL, 'once only, a promise ' || name)
FROM pair;

-- a workflow run that is purged takes its own along, and only those

SELECT restate_import_invocation(jsonb_build_object('id', restate_workflow_invocation_id('Flow', value), 'status', 'completed', 'completion_result', 'success',
  'target_service_name', 'Flow', 'target_service_key', value, 'target_handler_name', 'run', 'target_service_ty', 'workflow')) FROM key \g /dev/null
INSERT INTO restate.object_state (service_name, service_key, key, partition_key, value)
SELECT 'Flow', service_key, key, restate_partition_key_of_key(service_key), '' FROM pair;
INSERT INTO restate.promise (service_name, service_key, key, partition_key)
SELECT 'Flow', service_key, key, restate_partition_key_of_key(service_key) FROM pair;
SELECT is(restate_purge(restate_workflow_invocation_id('Flow', value)), 'purged', 'purge of a run ' || name) FROM key WHERE name LIKE '%,384%';
SELECT results_eq('SELECT DISTINCT length(service_key) FROM ' || t || ' WHERE service_name = ''Flow'' ORDER BY 1', '{255,256,6400}'::integer[], 'what is left of ' || t)
FROM unnest('{restate.object_state,restate.promise}'::text[]) AS u (t);

-- What is too long

CREATE FUNCTION pg_temp.told(statement text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
  state text; category text; message text; detail text;
BEGIN
  EXECUTE statement;
  RETURN 'done';
EXCEPTION WHEN OTHERS THEN
  GET STACKED DIAGNOSTICS state = RETURNED_SQLSTATE, category = CONSTRAINT_NAME, message = MESSAGE_TEXT, detail = PG_EXCEPTION_DETAIL;
  RETURN concat_ws(' ', state, category, regexp_replace(message, 'inv_1\w+', 'ID'), CASE WHEN state NOT LIKE 'PT%' THEN detail END);
END $$;

SELECT is(pg_temp.told(format('SELECT ' || call, value)), 'PT400 invalid_query_parameter invalid ' || parameter || ': it must have at most 16384 bytes in UTF-8',
  call || ' with a key ' || name)
FROM longer, (VALUES ('service_key', 'restate_keyed_invocation_id(%L)'), ('workflow_key', 'restate_workflow_invocation_id(''Flow'', %L)'),
  ('service_key', 'restate_idempotent_invocation_id(''Basket'', %L, ''add'', ''k'')'),
  ('idempotency_key', 'restate_idempotent_invocation_id(''Basket'', NULL, ''add'', %L)')) AS c (parameter, call);

SELECT is(pg_temp.told(format('SELECT ' || call, value)), 'PT400 invalid_query_parameter invalid ' || parameter || ': it must have at most 16384 bytes in UTF-8',
  call || ' with one ' || name)
FROM longer, (VALUES ('key', 'restate_resolve_promise(''Flow'', %L, ''p'')'), ('promise', 'restate_resolve_promise(''Flow'', ''k'', %L)'),
  ('key', 'restate_reject_promise(''Flow'', %L, ''p'', ''no'')'), ('promise', 'restate_reject_promise(''Flow'', ''k'', %L, ''no'')')) AS c (parameter, call);

-- names of services and of workers

SELECT is(pg_temp.told(format(call, pg_temp.noise(256, 6))), 'PT400 invalid_query_parameter ' || parameter || ' must have 1 to 255 bytes', call || ' with a long name')
FROM (VALUES ('service', 'SELECT restate_hold(%L)'), ('service', 'SELECT restate_resolve_promise(%L, ''k'', ''p'')'), ('worker', 'SELECT restate_heartbeat(%L)'),
  ('worker', 'SELECT restate_leave(%L)'), ('worker', 'SELECT FROM restate_claim(%L, ''{Flow}'')'), ('claim_for', 'SELECT restate_submit(''Flow'', ''run'', claim_for => %L)'),
  ('worker', 'SELECT FROM restate_complete_and_claim(NULL, 1, %L)'), ('worker', 'SELECT FROM restate_push_and_claim(NULL, NULL, NULL, NULL, NULL, NULL, %L, 1, NULL)')) AS c (parameter, call);
SELECT is(pg_temp.told(format(call, pg_temp.noise(255, 6))), 'done', call || ' with one of 255 bytes')
FROM (VALUES ('SELECT restate_hold(%L)'), ('SELECT restate_resolve_promise(%L, ''k'', ''p'')'), ('SELECT restate_heartbeat(%L)')) AS c (call);

SELECT is(pg_temp.told(format($$SELECT restate_import_invocation(jsonb_build_object('id', restate_new_invocation_id(restate_partition_key_of_key(%1$L)),
    'status', %2$L, 'completion_result', 'success', 'target_service_name', 'Basket', 'target_service_key', %1$L, 'target_handler_name', 'add', 'target_service_ty', %3$L))$$,
    value, status, ty)),
  'PT422 invalid_body invocation ID breaks a rule: service_key must have at most 16384 bytes in UTF-8',
  format('import of a %s, %s, with a key %s', ty, status, name))
FROM longer, unnest('{virtual_object,workflow}'::text[]) AS t (ty), unnest('{ready,pending,completed}'::text[]) AS s (status);
SELECT is(pg_temp.told(format('SELECT pg_temp.load(''short'', ''completed'', jsonb_build_object(''idempotency_key'', %L::text))', value)),
  'PT422 invalid_body invocation ID breaks a rule: target_service_key and idempotency_key must have at most 16384 bytes in UTF-8, and request_id at most 255 bytes', 'import with an idempotency key ' || name)
FROM longer;

SELECT is(pg_temp.told(format('INSERT INTO restate.object_key (service_name, service_key, partition_key) VALUES (%L, %L, %L)',
    'Basket', value, restate_partition_key_of_key(value))),
  format('23514 object_key_keys_check service_key must have at most 16384 bytes in UTF-8 The row has one of %s bytes.', octet_length(convert_to(value, 'UTF8'))),
  'an object key ' || name)
FROM longer;
SELECT is(pg_temp.told(format('INSERT INTO restate.%I (service_name, service_key, key, partition_key%s) VALUES (%L, %L, %L, %L%s)', t,
    CASE t WHEN 'object_state' THEN ', value' END, 'Basket', k.service_key, k.key, restate_partition_key_of_key(k.service_key),
    CASE t WHEN 'object_state' THEN ', ''''' END)),
  format('23514 %s_keys_check service_key and key must have at most 16384 bytes in UTF-8 The row has one of %s bytes.', t,
    greatest(octet_length(convert_to(k.service_key, 'UTF8')), octet_length(convert_to(k.key, 'UTF8')))), format('%s %s', t, name))
FROM longer, unnest('{object_state,promise}'::text[]) AS t,
  LATERAL (VALUES (value, 'short'), ('short', value)) AS k (service_key, key);
SELECT is(pg_temp.told(format('UPDATE restate.invocation SET idempotency_key = %L WHERE id = %L', value, (SELECT done FROM made LIMIT 1))),
  '23514 invocation_keys_check target_service_key and idempotency_key must have at most 16384 bytes in UTF-8, and request_id at most 255 bytes The row has one of '
    || octet_length(convert_to(value, 'UTF8')) || ' bytes.', 'an idempotency key ' || name)
FROM longer;
SELECT is(pg_temp.told(format('UPDATE restate.invocation SET request_id = %L WHERE id = %L', repeat('r', 256), (SELECT restarted FROM made LIMIT 1))),
  '23514 invocation_keys_check target_service_key and idempotency_key must have at most 16384 bytes in UTF-8, and request_id at most 255 bytes The row has one of 256 bytes.',
  'a request id of 256 bytes');

-- Two keys that share a partition key, as whoever chooses keys can make them, are
-- two all the same: in copies of the tables that take any partition key.

CREATE TEMP TABLE object_key (LIKE restate.object_key INCLUDING INDEXES);
CREATE TEMP TABLE object_state (LIKE restate.object_state INCLUDING INDEXES);
CREATE TEMP TABLE promise (LIKE restate.promise INCLUDING INDEXES);
CREATE TEMP TABLE invocation (LIKE restate.invocation INCLUDING INDEXES INCLUDING DEFAULTS);
INSERT INTO object_key (service_name, service_key, partition_key, next_sequence_number) SELECT 'Basket', value, 0, 0 FROM key;
INSERT INTO object_state (service_name, service_key, key, partition_key, value) SELECT 'Basket', service_key, key, 0, '' FROM pair;
INSERT INTO promise (service_name, service_key, key, partition_key, completed) SELECT 'Basket', service_key, key, 0, false FROM pair;
INSERT INTO invocation (id, partition_key, status, target_service_name, target_service_key, target_handler_name, target_service_ty, invoked_by, inbox_sequence_number)
SELECT restate_new_invocation_id(0), 0, 'pending', 'Basket', value, 'add', 'virtual_object', 'ingress', 7 FROM key;
SELECT is((SELECT count(*) FROM object_key), count(*), 'all keys in one partition') FROM key;
SELECT throws_ok('INSERT INTO invocation SELECT (i).* FROM (SELECT i FROM invocation AS i LIMIT 1) AS one', '23505', NULL, 'a row twice');
SELECT throws_ok(format('INSERT INTO %I SELECT * FROM %1$I', t), '23505', NULL, 'a key of ' || t || ' twice')
FROM unnest('{object_key,object_state,promise}'::text[]) AS t;
SELECT throws_ok('UPDATE invocation SET target_service_key = ''k''', '23505', NULL, 'a place in an inbox twice');

-- What stands in an index

SELECT is(octet_length(restate.indexed_key(repeat('x', n))), CASE WHEN n <= 255 THEN n ELSE 256 END, format('of a key of %s bytes', n))
FROM unnest('{0,1,255,256,16384}'::integer[]) AS n;
SELECT is(octet_length(restate.indexed_key(repeat('x', n), repeat('y', m))), CASE WHEN n + m < 255 THEN n + m + 1 ELSE 256 END, format('of keys of %s and %s bytes', n, m))
FROM unnest('{0,1,253,254,16384}'::integer[]) AS n, unnest('{0,1,16384}'::integer[]) AS m;
SELECT isnt(restate.indexed_key('a', 'bc'), restate.indexed_key('ab', 'c'), 'where one key ends and the next begins');
SELECT is(count(DISTINCT restate.indexed_key(value)), count(*), 'each of them its own') FROM key;

SELECT * FROM finish();
ROLLBACK;
