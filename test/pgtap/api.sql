-- Schema restate_api as PostgREST calls it: each request with its role, its
-- claims and headers in a transaction of its own, arguments out of a JSON
-- document, and the status that it makes of the result or the error.
BEGIN;
\ir ../conformance/world.sql
\ir ../../examples/postgrest/roles.sql

SELECT deploy('old', '[5,6)', '{Svc}'), deploy('pinned', '[5,8)', '{Svc}'), deploy('newest', '[6,8)', '{Svc,Obj,Wf}') \g /dev/null
SELECT name_it('unknown', restate_new_invocation_id()::text) \g /dev/null
\set pinned 'jsonb_build_object(''pinned_deployment_id'', dp(''pinned''), ''pinned_service_protocol_version'', 6)'
SELECT make('done', 'Svc/s', 'completed', :pinned || '{"journal": ["Command: Input", "Command: Run completion_id=1", "Notification: Run for=1", "Command: Output"]}'),
  make('finished', 'Svc/s', 'completed', :pinned || '{"journal": ["Command: Input"]}'),
  make('purged', 'Svc/s', 'completed', :pinned),
  make('workflow', 'Wf/w/run', 'completed', :pinned || '{"journal": ["Command: Input"]}'),
  make('running', 'Svc/s', 'running', :pinned), make('ready', 'Svc/s', 'ready', :pinned), make('backing_off', 'Svc/s', 'backing-off', :pinned),
  make('paused', 'Svc/s', 'paused', :pinned), make('suspended', 'Svc/s', 'suspended', :pinned || '{"suspended_waiting_for_signals": [1]}'),
  make('scheduled', 'Svc/s', 'scheduled'), make('holder', 'Obj/a/steps', 'running', :pinned), make('inboxed', 'Obj/a/steps', 'pending') \g /dev/null

-- What PostgREST answers a POST of the document with: status, body, and of an
-- error what it is made of.
CREATE FUNCTION post(function text, document json, role text DEFAULT 'restate_web_operator', headers json DEFAULT '{}',
    claims json DEFAULT '{"sub": "alice"}', read_only boolean DEFAULT false) RETURNS jsonb LANGUAGE plpgsql AS $$
DECLARE
  routine pg_proc;
  keys CONSTANT text[] := ARRAY(SELECT json_object_keys(document));
  body text;
  gucs text[];
  state text; message text; detail text; hint text;
BEGIN
  -- from its schema cache: the function that takes these arguments
  SELECT * INTO routine FROM pg_proc AS p WHERE pronamespace = 'restate_api'::regnamespace AND proname = function
    AND keys <@ p.proargnames AND p.proargnames[1:p.pronargs - p.pronargdefaults] <@ keys;
  IF NOT FOUND THEN
    RETURN '{"status": 404, "code": "PGRST202"}';
  END IF;
  IF read_only THEN
    SET LOCAL transaction_read_only = on;
  END IF;
  PERFORM set_config('search_path', '"restate_api", "public"', true), set_config('role', role, true),
    set_config('request.jwt.claims', (claims::jsonb || jsonb_build_object('role', role))::text, true),
    set_config('request.method', CASE WHEN read_only THEN 'GET' ELSE 'POST' END, true), set_config('request.path', '/rpc/' || function, true),
    set_config('request.headers', headers::text, true), set_config('request.cookies', '{}', true),
    set_config('response.status', '', true), set_config('response.headers', '', true);
  EXECUTE format($q$
      WITH pgrst_source AS (
        SELECT pgrst_call.pgrst_scalar FROM (SELECT $1 AS json_data) AS pgrst_payload, %s
          LATERAL (SELECT "restate_api".%I(%s) AS pgrst_scalar) AS pgrst_call)
      SELECT coalesce(json_agg(_postgrest_t.pgrst_scalar) -> 0, 'null')::text,
        ARRAY[nullif(current_setting('response.status', true), ''), nullif(current_setting('response.headers', true), '')]
      FROM (SELECT pgrst_scalar FROM pgrst_source) AS _postgrest_t $q$,
    (SELECT format('LATERAL (SELECT %s FROM json_to_record(pgrst_payload.json_data) AS _(%s) LIMIT 1) AS pgrst_body,', string_agg(format('%I', k), ', '),
        string_agg(format('%I %s', k, routine.proargtypes[array_position(routine.proargnames, k) - 1]::regtype), ', '))
      FROM unnest(keys) AS k HAVING count(*) > 0),
    function, (SELECT string_agg(format('%I := pgrst_body.%1$I', k), ', ') FROM unnest(keys) AS k))
  USING document INTO body, gucs;
  PERFORM set_config('role', 'none', true), set_config('search_path', 'conformance, public', true);
  RETURN jsonb_build_object('status', coalesce(gucs[1]::int, CASE WHEN routine.prorettype = 'void'::regtype THEN 204 ELSE 200 END))
    || CASE WHEN routine.prorettype <> 'void'::regtype THEN jsonb_build_object('body', body::jsonb) ELSE '{}' END
    || CASE WHEN gucs[2] IS NOT NULL THEN jsonb_build_object('headers', gucs[2]) ELSE '{}' END;
EXCEPTION
  WHEN SQLSTATE 'UNDO0' THEN RAISE;
  WHEN OTHERS THEN
    GET STACKED DIAGNOSTICS state = RETURNED_SQLSTATE, message = MESSAGE_TEXT, detail = PG_EXCEPTION_DETAIL, hint = PG_EXCEPTION_HINT;
    RETURN jsonb_build_object('status', CASE WHEN state LIKE 'PT___' THEN substr(state, 3)::int WHEN state = '42501' THEN 403
        WHEN state = '25006' THEN 405 WHEN state ~ '^(4|5[458]|XX)' THEN 500 ELSE 400 END,
      'code', state, 'message', message, 'details', detail, 'hint', hint);
END $$;

-- The answer in short: status, and the category or code of an error or the body.
CREATE FUNCTION short(answer jsonb) RETURNS text LANGUAGE sql VOLATILE AS $$
  SELECT concat_ws(' ', answer ->> 'status',
    CASE WHEN answer ->> 'code' LIKE 'PT%' THEN split_part(answer ->> 'details', ':', 1) ELSE answer ->> 'code' END,
    labelled((answer -> 'body')::text),
    CASE WHEN answer ->> 'code' LIKE 'PT%' AND (answer ->> 'code' <> 'PT' || (answer ->> 'status') OR length(answer ->> 'hint') < 10
      OR answer ->> 'message' !~ '^[ -~]+$' OR length(answer ->> 'message') > 400) THEN 'with a wrong error: ' || answer::text END)
$$;

-- The short answer and what changed, all of it taken back.
CREATE FUNCTION posted(function text, document json, role text DEFAULT 'restate_web_operator', headers json DEFAULT '{}') RETURNS text LANGUAGE plpgsql AS $$
DECLARE
  told text;
BEGIN
  PERFORM remember();
  told := short(post(function, document, role, headers));
  told := concat_ws(E'\n', told, nullif(changes(), ''), nullif(broken(), ''));
  RAISE EXCEPTION USING ERRCODE = 'UNDO0';
EXCEPTION WHEN SQLSTATE 'UNDO0' THEN
  RETURN told;
END $$;

CREATE FUNCTION args(label text, more jsonb DEFAULT '{}') RETURNS json LANGUAGE sql VOLATILE AS $$
  SELECT (jsonb_build_object('invocation_id', inv(label)) || more)::json
$$;

SELECT plan(748);

-- every operation on an invocation in every state, as documented

CREATE TABLE operation (n int GENERATED ALWAYS AS IDENTITY, name text, more jsonb DEFAULT '{}', call text);
INSERT INTO operation (name, more, call) VALUES
  ('purge_journal', '{}', 'restate_purge_journal(%L)'),
  ('delete_invocation', '{}', 'restate_delete_invocation(%L)'), ('delete_invocation', '{"mode": "kill"}', 'restate_delete_invocation(%L, ''kill'')'),
  ('delete_invocation', '{"mode": "purge"}', 'restate_delete_invocation(%L, ''purge'')'),
  ('restart_as_new', '{}', NULL), ('kill', '{}', 'restate_kill(%L)'), ('cancel', '{}', 'restate_cancel(%L)'), ('purge', '{}', 'restate_purge(%L)'),
  ('pause', '{}', 'restate_pause(%L)'), ('resume', '{}', 'restate_resume(%L)');
CREATE TABLE documented (state text, statuses int[]);
INSERT INTO documented VALUES
--               purge-journal, DELETE: cancel, kill, purge, restart, kill, cancel, purge, pause, resume
  ('done',        '{200,409,409,202,200,409,409,200,409,409}'),
  ('purged',      '{200,409,409,202,410,409,409,200,409,409}'),
  ('running',     '{409,202,202,202,409,200,202,409,202,200}'),
  ('ready',       '{409,202,202,202,409,200,202,409,202,200}'),
  ('suspended',   '{409,202,202,202,409,200,202,409,200,200}'),
  ('backing_off', '{409,202,202,202,409,200,202,409,202,200}'),
  ('paused',      '{409,202,202,202,409,200,202,409,200,200}'),
  ('scheduled',   '{409,202,202,202,425,200,200,409,409,425}'),
  ('inboxed',     '{409,202,202,202,425,200,200,409,409,425}'),
  ('workflow',    '{200,409,409,202,422,409,409,200,409,409}'),
  ('unknown',     '{404,404,404,404,404,404,404,404,404,404}');

SELECT is((posted(o.name, args(d.state, o.more)) ~ ('^' || d.statuses[o.n] || '\M'))::text || substr(posted(o.name, args(d.state, o.more)), 1, 3),
  'true' || d.statuses[o.n], format('%s%s of %s is %s', o.name, nullif(o.more::text, '{}'), d.state, d.statuses[o.n]))
FROM documented AS d, operation AS o ORDER BY d.state, o.n;

-- after the status comes what the SQL function does and says
SELECT is(regexp_replace(posted(o.name, args(d.state, o.more)), '^\d+ ?', ''),
  regexp_replace(effect('SELECT 1', format(o.call, inv(d.state))), '^(purged|unchanged|removed|killed|signalled|paused|pausing|resumed)\M', ''),
  format('%s%s of %s does what the SQL function does', o.name, nullif(o.more::text, '{}'), d.state))
FROM documented AS d, operation AS o WHERE o.call IS NOT NULL ORDER BY d.state, o.n;

SELECT is(post('pause', args('running')) ->> 'status', '202', 'a pause of a running one');
SELECT is(post('pause', args('running')) ->> 'status', '202', 'again');
SELECT is(post('resume', args('running')) ->> 'status', '200', 'taken back');
SELECT is(post(f, args('unknown')) -> 'body', NULL, format('%s has no body', f)) FROM unnest('{kill,purge}'::text[]) AS f;

-- one home for the statuses

SELECT is_empty(
  $$SELECT operation, outcome FROM (VALUES
      ('purge_journal', '{purged,unchanged}'::text[]), ('delete_invocation', '{signalled,removed,killed,purged,unchanged}'),
      ('restart_as_new', '{restarted,unchanged}'), ('cancel', '{signalled,removed}'), ('kill', '{killed,removed}'), ('purge', '{purged}'),
      ('pause', '{paused,pausing,unchanged}'), ('resume', '{resumed,unchanged}')) AS t (operation, outcomes),
    unnest(outcomes) AS a(outcome) WHERE restate_http_status(operation, outcome) IS NULL$$,
  'every outcome of an operation has a status');
SELECT is(restate_http_status(o, r), NULL, format('%s has no outcome %s', o, r)) FROM (VALUES ('kill', 'purged'), ('nothing', 'killed'), ('', '')) AS t (o, r);

-- ids: judged by the function, after what stands in the query

CREATE TABLE odd (n int GENERATED ALWAYS AS IDENTITY, function text, document json, want text);
INSERT INTO odd (function, document, want)
SELECT f, json_build_object('invocation_id', i), '400 invalid_invocation_id'
FROM unnest('{purge_journal,delete_invocation,restart_as_new,kill,cancel,purge,pause,resume}'::text[]) AS f,
  unnest(ARRAY['', 'abc', 'inv_1', ' ' || inv('done')::text, inv('done') || 'x', dp('old')::text, E'inv_\n', '''; DROP TABLE', repeat('x', 10000)]) AS i;
INSERT INTO odd (function, document, want)
SELECT f, '{"invocation_id": null}', '400 invalid_invocation_id' FROM unnest('{purge_journal,delete_invocation,restart_as_new,kill,cancel,purge,pause,resume}'::text[]) AS f;
INSERT INTO odd (function, document, want) VALUES
  ('kill', '{"invocation_id": 1}', '400 invalid_invocation_id'), ('kill', '{"invocation_id": ["a"]}', '400 invalid_invocation_id'),
  ('kill', '{"invocation_id": {}}', '400 invalid_invocation_id'), ('kill', '{"invocation_id": true}', '400 invalid_invocation_id'),
  ('kill', '{}', '404 PGRST202'), ('kill', '{"invocation_id": "a", "mode": "kill"}', '404 PGRST202'), ('kill', '{"id": "a"}', '404 PGRST202'),
  ('restart_as_new', '{"invocation_id": "abc", "from": "zzz"}', '400 invalid_query_parameter'),
  ('restart_as_new', '{"invocation_id": null, "from": ""}', '400 invalid_query_parameter'),
  ('restart_as_new', '{"invocation_id": "abc", "from": "1", "deployment": "zzz"}', '400 invalid_invocation_id'),
  ('restart_as_new', args('unknown', '{"deployment": "zzz"}'), '400 invalid_deployment_id'),
  ('restart_as_new', args('unknown', '{"deployment": ""}'), '400 invalid_deployment_id'),
  ('delete_invocation', '{"invocation_id": "abc", "mode": "zzz"}', '400 invalid_query_parameter'),
  ('delete_invocation', '{"invocation_id": null, "mode": ""}', '400 invalid_query_parameter'),
  ('delete_invocation', '{"invocation_id": null, "mode": null}', '400 invalid_query_parameter'),
  ('resume', '{"invocation_id": "abc", "deployment": "zzz"}', '400 invalid_invocation_id'),
  ('resume', args('paused', '{"deployment": ""}'), '400 invalid_deployment_id');
-- mode: one of six words
INSERT INTO odd (function, document, want)
SELECT 'delete_invocation', args('done', jsonb_build_object('mode', m)), '400 invalid_query_parameter'
FROM unnest(ARRAY['', 'CANCEL', 'kill ', ' purge', E'kill\n', 'kill,purge', 'null', '{cancel}']) AS m;
INSERT INTO odd (function, document, want)
SELECT 'delete_invocation', args('done', jsonb_build_object('mode', m)), '409 already_completed' FROM unnest('{cancel,Cancel,kill,Kill}'::text[]) AS m;
-- from: an unsigned 32-bit number
INSERT INTO odd (function, document, want)
SELECT 'restart_as_new', args('done', jsonb_build_object('from', f)), '400 invalid_query_parameter'
FROM unnest(ARRAY['', ' ', ' 1', '1 ', E'1\n', '-0', '-1', '+', '++1', '+-1', '1+', '1.0', '1e0', '0x1', '1_0', '1,0', 'null', 'true', 'NaN', 'Infinity', '{1}', '(1)',
  '4294967296', '04294967296', '9223372036854775807', '9223372036854775808', '18446744073709551616', repeat('9', 1000), E'\u0661', E'1\u00a0']) AS f;
INSERT INTO odd (function, document, want)
SELECT 'restart_as_new', args('done', jsonb_build_object('from', f)), '400 invalid_query_parameter'
FROM jsonb_array_elements('[-1, 1.0, 1.5, 4294967296, true, false, [], {}, [3], {"a": 3}, ["3", "4"]]') AS f;
INSERT INTO odd (function, document, want)
SELECT 'restart_as_new', args('done', jsonb_build_object('from', f)), '400 journal_index_out_of_range'
FROM unnest('{4,+4,0004,+0004,4294967295,00000000000000004294967295}'::text[]) AS f;
SELECT is(posted(function, document), want, format('%s(%s) is %s', function, left(replace(document::text, inv('done')::text, 'done'), 100), want)) FROM odd ORDER BY n;

-- restarts

CREATE FUNCTION restarted(document json, headers json DEFAULT '{}') RETURNS text LANGUAGE plpgsql AS $$
DECLARE
  answer CONSTANT jsonb := post('restart_as_new', document, headers => headers);
BEGIN
  IF answer ? 'code' THEN
    RETURN short(answer);
  END IF;
  RETURN (SELECT concat_ws(' ', answer ->> 'status', (SELECT string_agg(k, ',') FROM jsonb_object_keys(answer -> 'body') AS k), 'of ' || labelled(restarted_from::text),
      labelled(pinned_deployment_id::text), 'size ' || journal_size, 'once ' || request_id)
    FROM restate.invocation WHERE id = (answer -> 'body' ->> 'new_invocation_id')::restate_invocation_id);
END $$;
SELECT is(restarted(args('done', more)), want, format('a restart with %s', more)) FROM (VALUES
  ('{}'::jsonb, '200 new_invocation_id of done newest size 1'), ('{"from": null}', '200 new_invocation_id of done newest size 1'),
  ('{"from": "0"}', '200 new_invocation_id of done newest size 1'), ('{"from": "+0"}', '200 new_invocation_id of done newest size 1'),
  ('{"from": "3"}', '200 new_invocation_id of done newest size 4'), ('{"from": 3}', '200 new_invocation_id of done newest size 4'),
  ('{"from": "003"}', '200 new_invocation_id of done newest size 4'), ('{"from": "+3", "deployment": "keep"}', '200 new_invocation_id of done pinned size 4'),
  ('{"deployment": "Latest"}', '200 new_invocation_id of done newest size 1'), ('{"deployment": null}', '200 new_invocation_id of done newest size 1'),
  ('{"deployment": "old"}', '400 invalid_deployment_id')) AS t (more, want);
SELECT is(restarted(args('done', jsonb_build_object('deployment', dp('pinned')))), '200 new_invocation_id of done pinned size 1', 'a restart on a deployment''s id');
SELECT is(restarted(args('done', jsonb_build_object('deployment', dp('old')))), '400 deployment_incompatible', 'a restart on one that is too old');

SELECT is(restarted(args('done'), '{"idempotency-key": "a \" b"}'), '200 new_invocation_id of done newest size 1 once a " b', 'the header Idempotency-Key is the request id');
SELECT is(post('restart_as_new', args('done'), headers => '{"idempotency-key": "k", "x": "y"}') -> 'body', post('restart_as_new', args('done', '{"from": "+0"}'), headers => '{"idempotency-key": "k"}') -> 'body',
  'the same key gives the same restart');
SELECT is(restarted(args('done', '{"from": 3}'), '{"idempotency-key": "k"}'), '409 request_id_conflict', 'but not from another index');
SELECT is(restarted(args('done', '{"deployment": "keep"}'), '{"idempotency-key": "k"}'), '409 request_id_conflict', 'nor on another deployment');
SELECT isnt(post('restart_as_new', args('done'), headers => '{"idempotency-key": "k"}') -> 'body', post('restart_as_new', args('done'), headers => '{"idempotency-key": "l"}') -> 'body',
  'another gives another');
SELECT isnt(post('restart_as_new', args('done'), headers => '{"host": "k"}') -> 'body', post('restart_as_new', args('done'), headers => '{"host": "k"}') -> 'body', 'none gives another each time');
SELECT is(restarted(args('done'), '{"idempotency-key": ""}'), '400 invalid_query_parameter', 'an empty key is refused');
SELECT is(restarted(args('done'), json_build_object('idempotency-key', repeat('x', 256))), '400 invalid_query_parameter', 'a long key is refused');
SELECT is(posted('kill', args('running'), headers => '{"idempotency-key": ""}') ~ '^200', true, 'other operations do not look at it');
SELECT is((SELECT count(*) FROM restate.invocation WHERE restarted_from = inv('finished')), 0::bigint, 'nothing else was restarted');

-- batches

CREATE TABLE batch (n int GENERATED ALWAYS AS IDENTITY, document json, want text);
INSERT INTO batch (document, want)
SELECT d::json, '422 invalid_body' FROM unnest(ARRAY['{}', '{"invocation_ids": null}', '{"invocation_ids": "x"}', '{"invocation_ids": 1}', '{"invocation_ids": true}', '{"invocation_ids": {}}',
  '{"invocation_ids": {"0": "a"}}', '{"invocation_ids": [1]}', '{"invocation_ids": [null]}', '{"invocation_ids": [["a"]]}', '{"invocation_ids": [{}]}', '{"invocation_ids": [""]}',
  '{"invocation_ids": ["foo_1abc"]}', '{"invocation_ids": ["inv_1abc"]}', format('{"invocation_ids": ["%s"]}', dp('old')), format('{"invocation_ids": ["%s", "inv_1abc"]}', inv('done')),
  format('{"invocation_ids": ["%s "]}', inv('done')), format('{"invocation_ids": ["%s\n"]}', inv('done')), format('{"invocation_ids": ["%sé"]}', left(inv('done')::text, 37))]) AS d;
INSERT INTO batch (document, want) VALUES
  ('{"invocation_ids": []}', '200 {"failed": [], "succeeded": []}'),
  ('{"invocation_ids": [], "unknown": 1}', '404 PGRST202'),
  (json_build_object('invocation_ids', array_fill(inv('unknown'), ARRAY[1001])), '400 batch_too_large'),
  (json_build_object('invocation_ids', array_fill('x'::text, ARRAY[1001])), '422 invalid_body');
SELECT is(posted(f || '_batch', document), want, format('%s_batch of %s is %s', f, left(document::text, 60), want))
FROM batch, unnest('{purge_journal,restart_as_new,kill,cancel,purge,pause,resume}'::text[]) AS f ORDER BY f, n;
SELECT is(jsonb_array_length(post('kill_batch', json_build_object('invocation_ids', array_fill(inv('unknown'), ARRAY[1000]))) #> '{body,failed}'), 1000, 'a batch of 1000 is taken');

CREATE FUNCTION ids(VARIADIC labels text[]) RETURNS json LANGUAGE sql VOLATILE AS $$
  SELECT json_build_object('invocation_ids', json_agg(inv(l) ORDER BY n)) FROM unnest(labels) WITH ORDINALITY AS t (l, n)
$$;
CREATE FUNCTION batch_gives(function text, VARIADIC labels text[]) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
  answer jsonb;
BEGIN
  answer := post(function, ids(VARIADIC labels));
  PERFORM 1 / (CASE WHEN broken() = '' THEN 1 ELSE 0 END);
  RAISE EXCEPTION USING ERRCODE = 'UNDO0';
EXCEPTION WHEN SQLSTATE 'UNDO0' THEN
  RETURN (SELECT concat_ws(' ', answer ->> 'status', 'ok', labelled(coalesce(answer #> '{body,succeeded}', 'null')::text),
    'failed', (SELECT string_agg(labelled((f - 'error')::text), ' ') FROM jsonb_array_elements(answer #> '{body,failed}') AS f
      WHERE length(f ->> 'error') > 10 AND position(f ->> 'invocation_id' IN f ->> 'error') > 0)));
END $$;
SELECT is(batch_gives(function, VARIADIC labels), want, format('%s of %s', function, labels)) FROM (VALUES
  ('purge_journal_batch', '{done,running,purged,unknown}'::text[], '200 ok ["done", "purged"] failed {"invocation_id": "running"} {"invocation_id": "unknown"}'),
  ('kill_batch', '{running,done,running,scheduled}', '200 ok ["running", "scheduled"] failed {"invocation_id": "done"} {"invocation_id": "running"}'),
  ('cancel_batch', '{suspended,inboxed,done}', '200 ok ["suspended", "inboxed"] failed {"invocation_id": "done"}'),
  ('purge_batch', '{done,done,running}', '200 ok ["done"] failed {"invocation_id": "done"} {"invocation_id": "running"}'),
  ('pause_batch', '{running,paused,done}', '200 ok ["running", "paused"] failed {"invocation_id": "done"}'),
  ('resume_batch', '{paused,scheduled,done}', '200 ok ["paused"] failed {"invocation_id": "scheduled"} {"invocation_id": "done"}')) AS t (function, labels, want);

CREATE FUNCTION batch_restarts(document json) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
  answer CONSTANT jsonb := post('restart_as_new_batch', document);
BEGIN
  RETURN (SELECT concat_ws(' ', string_agg(concat_ws(' ', (SELECT string_agg(k, ',') FROM jsonb_object_keys(s) AS k), labelled(s ->> 'old_invocation_id'),
      'of ' || labelled(n.restarted_from::text), 'on ' || labelled(n.pinned_deployment_id::text)), '; ' ORDER BY o),
      jsonb_array_length(answer #> '{body,failed}') || ' failed')
    FROM jsonb_array_elements(answer #> '{body,succeeded}') WITH ORDINALITY AS t (s, o)
    LEFT JOIN restate.invocation AS n ON n.id = (s ->> 'new_invocation_id')::restate_invocation_id);
END $$;
SELECT is(batch_restarts(ids('finished', 'running', 'done')), 'new_invocation_id,old_invocation_id finished of finished on newest;'
  ' new_invocation_id,old_invocation_id done of done on newest 1 failed', 'a batch of restarts names the new ones');
SELECT is(batch_restarts((ids('done')::jsonb || jsonb_build_object('deployment', d))::json), coalesce('new_invocation_id,old_invocation_id done of done on ' || want || ' 0 failed', '1 failed'),
  format('a batch of restarts on %s', coalesce(labelled(d::text), 'null')))
FROM (VALUES ('"keep"'::jsonb, 'pinned'), ('"Keep"', 'pinned'), ('"Latest"', 'newest'), (NULL, 'newest'), ('{"Keep": null}', 'pinned'), ('{"Latest": null}', 'newest'),
  (to_jsonb(dp('pinned')), 'pinned'), (to_jsonb(dp('old')), NULL)) AS t (d, want);
SELECT is(post('restart_as_new_batch', ids('done', 'finished'), headers => '{"idempotency-key": "all"}') #> '{body,succeeded}',
  post('restart_as_new_batch', ids('done', 'finished'), headers => '{"idempotency-key": "all"}') #> '{body,succeeded}', 'the header is the request id of each in a batch');
SELECT is(post('restart_as_new_batch', (ids('done')::jsonb || '{"deployment": "keep"}')::json, headers => '{"idempotency-key": "all"}') #>> '{body,failed,0,error}' LIKE '%another deployment%', true,
  'which is refused for one on another deployment');
SELECT is(posted(f, (ids('done')::jsonb || jsonb_build_object('deployment', d))::json), want, format('%s on %s is %s', f, d, want))
FROM unnest('{restart_as_new_batch,resume_batch}'::text[]) AS f, (VALUES ('"zzz"'::jsonb, '400 invalid_deployment_id'), ('""', '400 invalid_deployment_id'), ('"KEEP"', '400 invalid_deployment_id'),
  ('5', '422 invalid_body'), ('true', '422 invalid_body'), ('["keep"]', '422 invalid_body'), ('{}', '422 invalid_body'), ('{"Id": "dp_1"}', '422 invalid_body'),
  ('{"keep": null}', '422 invalid_body'), ('{"Keep": 1}', '422 invalid_body'), ('{"Keep": null, "Latest": null}', '422 invalid_body')) AS t (d, want);

-- one role for each need

SELECT is(posted(f, (CASE WHEN f LIKE '%\_batch' THEN ids('running') WHEN f = 'restart_point' THEN args('running', '{"at": "last_failure"}')
    WHEN f = 'modify_service' THEN '{"service": "Obj"}' WHEN f = 'modify_state' THEN '{"service": "Obj", "object_key": "k", "new_state": {}}'
    WHEN f = 'bulk_start' THEN '{"operation": "kill", "filter": {"all": true}}' WHEN f LIKE 'bulk\_%' THEN '{"job": "00000000-0000-0000-0000-000000000000"}' ELSE args('running') END), role), '403 42501', format('%s may not call %s', role, f))
FROM (SELECT proname AS f FROM pg_proc WHERE pronamespace = 'restate_api'::regnamespace) AS p, unnest('{restate_web_reader,restate_authenticator}'::text[]) AS role ORDER BY role, f;
SELECT is(has_function_privilege('restate_web_operator', oid, 'EXECUTE'), true, format('restate_web_operator may call %s', proname)) FROM pg_proc WHERE pronamespace = 'restate_api'::regnamespace ORDER BY proname;
SELECT is(has_table_privilege('restate_web_reader', oid, 'SELECT') AND NOT has_table_privilege('restate_web_operator', oid, 'SELECT') AND NOT has_table_privilege('restate_authenticator', oid, 'SELECT')
    AND NOT has_table_privilege('restate_web_reader', oid, 'INSERT, UPDATE, DELETE, TRUNCATE'), true, format('restate_web_reader reads %s, nobody writes it', relname))
FROM pg_class WHERE relnamespace = 'restate_api'::regnamespace AND relkind = 'v' ORDER BY relname;
SELECT is_empty($$SELECT p.oid::regprocedure, r FROM pg_proc AS p, unnest('{restate_web_reader,restate_web_operator,restate_authenticator}'::text[]) AS r
  WHERE (p.pronamespace = 'restate'::regnamespace OR p.proname LIKE 'restate\_%') AND p.prosecdef AND has_function_privilege(r, p.oid, 'EXECUTE')$$,
  'none of them may call an operation but through its wrapper');
SELECT is_empty($$SELECT r FROM unnest('{restate_web_reader,restate_web_operator,restate_authenticator}'::text[]) AS r WHERE has_schema_privilege(r, 'restate', 'USAGE, CREATE') OR has_schema_privilege(r, 'restate_api', 'CREATE')$$,
  'none of them gets at the tables, or may create anything');
SELECT is_empty($$SELECT oid::regprocedure FROM pg_proc WHERE pronamespace = 'restate_api'::regnamespace
    AND NOT (prosecdef AND provolatile = 'v' AND 'search_path=pg_catalog, pg_temp' = ANY (proconfig))$$, 'each runs as its owner, under its own search path');

CREATE FUNCTION read_as(role text, query text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
  found text;
BEGIN
  PERFORM set_config('role', role, true), set_config('search_path', '"restate_api", "public"', true);
  EXECUTE query INTO found;
  PERFORM set_config('role', 'none', true), set_config('search_path', 'conformance, public', true);
  RETURN found;
EXCEPTION WHEN insufficient_privilege THEN
  RETURN 'denied';
END $$;
SELECT is(read_as('restate_web_reader', format('SELECT string_agg(status, '','') FROM restate_api.invocations WHERE "restate_api"."invocations"."id" = %L', inv('running'))), 'running', 'a reader finds an invocation by its id');
SELECT is(read_as('restate_web_reader', format('SELECT count(entry_json) FROM restate_api.journal WHERE id = %L', inv('done'))), '4', 'and its journal');
SELECT is(read_as('restate_web_reader', format('SELECT count(*) > -1 FROM restate_api.%I', relname)), 'true', format('a reader can read %s', relname)) FROM pg_class WHERE relnamespace = 'restate_api'::regnamespace AND relkind = 'v' ORDER BY relname;
SELECT is(read_as(role, query), 'denied', format('%s may not %s', role, query)) FROM (VALUES
  ('restate_web_operator', 'SELECT 1 FROM restate_api.invocations'), ('restate_web_operator', 'SELECT restate_kill(restate_new_invocation_id())'), ('restate_web_operator', 'SELECT 1 FROM restate.invocation'),
  ('restate_web_reader', 'SELECT 1 FROM restate.invocation'), ('restate_web_reader', 'SELECT restate_api.kill(''x'')'), ('restate_web_reader', 'DELETE FROM restate_api.invocations'),
  ('restate_authenticator', 'SELECT 1 FROM restate_api.invocations'), ('restate_authenticator', 'SELECT restate_api.kill(''x'')')) AS t (role, query);

-- who did it: the role that PostgREST became, and the subject of the token

SELECT is((SELECT short(post('purge', args('finished')))), '200', 'an operation is recorded');
SELECT is((SELECT concat_ws(' ', operation, outcome, role_name, session_user_name = session_user, claimed_subject) FROM restate.audit ORDER BY audit_id DESC LIMIT 1),
  'purge purged restate_web_operator t alice', 'with the role, not the owner, and the token''s subject');
-- a batch over no invocation, which judges the mode, is no operation
SELECT is((SELECT count(*) FROM restate.audit WHERE operation = 'delete_invocation'), 0::bigint, 'what was taken back, and what judges a mode, is not');

-- what operators leave lying about is not run

SELECT set_config('search_path', 'conformance, public', true) \g /dev/null
CREATE FUNCTION pg_temp.set_config(text, text, boolean) RETURNS text LANGUAGE plpgsql AS $$BEGIN RAISE EXCEPTION 'run as %', current_user; END$$;
CREATE FUNCTION pg_temp.restate_kill(restate_invocation_id) RETURNS text LANGUAGE plpgsql AS $$BEGIN RAISE EXCEPTION 'run as %', current_user; END$$;
CREATE FUNCTION public.restate_kill(text) RETURNS text LANGUAGE plpgsql AS $$BEGIN RAISE EXCEPTION 'run as %', current_user; END$$;
CREATE FUNCTION public.current_setting(text, boolean) RETURNS text LANGUAGE plpgsql AS $$BEGIN RAISE EXCEPTION 'run as %', current_user; END$$;
SELECT is(left(posted('kill', args('running')), 3), '200', 'no function of a caller''s is');

-- what is registered, and the state of objects

SELECT is(post('modify_service', '{"service": "Obj", "public": false, "journal_retention": "7d"}') #- '{body,handlers}' @> '{"status": 200, "body": {"name": "Obj", "public": false, "journal_retention": "7d"}}', true, 'a service is changed');
SELECT is(post('modify_service', '{"service": "Obj", "public": true}') @> '{"body": {"public": true, "journal_retention": "7d"}}', true, 'what is left out stays');
SELECT is(short(post('modify_service', '{"service": "Nope"}')), '404 service_not_found', 'one that there is not');
SELECT is(short(post('modify_service', '{"service": "Obj", "abort_timeout": "soon"}')), '422 invalid_body', 'a time that is none');
SELECT is(short(post('modify_service', '{"service": "Svc", "workflow_completion_retention": "1d"}')), '400 service_not_suited', 'an option of workflows alone');
SELECT is(short(post('modify_state', '{"service": "Obj", "object_key": "k", "new_state": {"a": [49, 0, 255], "b": "\u00e4", "c": []}}')), '202', 'a state is changed');
SELECT is((SELECT string_agg(concat_ws('=', s.key, encode(s.value, 'hex')), ' ' ORDER BY s.key) FROM restate.object_state AS s WHERE s.service_key = 'k'), 'a=3100ff b=c3a4 c=', 'to what was sent');
SELECT is(short(post('modify_state', '{"service": "Obj", "object_key": "k", "version": "other", "new_state": {}}')), '409 state_version_mismatch', 'a change that is meant for another version');
SELECT is(short(post('modify_state', '{"service": "Obj", "object_key": "k", "new_state": {}}')), '202', 'to none');
SELECT is((SELECT count(*) FROM restate.object_state AS s WHERE s.service_key = 'k'), 0::bigint, 'it has none then');
SELECT is(short(post('modify_state', json_build_object('service', 'Obj', 'object_key', 'k', 'new_state', state::json))), '422 invalid_body', state)
FROM (VALUES ('{"a": [256]}'), ('{"a": [-1]}'), ('{"a": [1.5]}'), ('{"a": ["1"]}'), ('{"a": [[1]]}'), ('{"a": 1}'), ('{"a": null}'), ('{"a": {}}'), ('[]'), ('null'), ('"a"')) AS v (state);
SELECT is(short(post('modify_state', '{"service": "Svc", "object_key": "k", "new_state": {}}')), '400 service_not_suited', 'of what has no state');
SELECT is(short(post('modify_state', '{"service": "Obj", "object_key": "k", "new_state": {}}', 'restate_web_reader')), '403 42501', 'a reader changes none');
SELECT is(short(post('modify_service', '{"service": "Obj"}', 'restate_web_reader')), '403 42501', 'nor a service');

-- GET runs in a transaction that is read only

SELECT is(short(post('kill', args('running'), read_only => true)), '405 25006', 'a GET of an operation changes nothing');

SELECT is_empty('SELECT * FROM restate_verify()', 'nothing is broken at the end');

SELECT * FROM finish();
ROLLBACK;
