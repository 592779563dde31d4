-- Whatever a document holds, an import of it is refused with an error of the
-- documented categories, or leaves every invariant whole: valid documents of
-- every kind, changed at random in one to three places.
BEGIN;
SET LOCAL client_min_messages = warning;
SET LOCAL jit = off;
SELECT plan(5);

SELECT setseed(0.42) \g /dev/null

INSERT INTO restate.deployment (id, ty, endpoint, min_service_protocol_version, max_service_protocol_version)
VALUES ('dp_10000000000000000000new', 'http', 'http://new', 5, 6);
INSERT INTO restate.service_revision (service_name, revision, deployment_id, ty, handlers)
VALUES ('Obj', 1, 'dp_10000000000000000000new', 'virtual_object', '[{"name": "run"}, {"name": "peek", "ty": "Shared"}]');

CREATE TEMP TABLE outcome (n int, state text, category text, message text, document text, journal text);

-- One of some values.
CREATE FUNCTION pg_temp.one_of(VARIADIC choices text[]) RETURNS text LANGUAGE sql VOLATILE AS $$
  SELECT choices[1 + floor(random() * cardinality(choices))::int]
$$;

-- A valid document and its journal, of one of the kinds; each of three keys has
-- holders and inboxes as they come.
CREATE FUNCTION pg_temp.valid(OUT document jsonb, OUT journal jsonb) LANGUAGE plpgsql AS $$
DECLARE
  kind text := pg_temp.one_of('service', 'object', 'shared', 'waiting', 'restart', 'workflow', 'suspended', 'scheduled', 'completed');
  key text := pg_temp.one_of('a', 'b', 'c');
  status text := pg_temp.one_of('ready', 'running', 'backing-off', 'paused', 'completed');
BEGIN
  status := CASE kind WHEN 'waiting' THEN 'pending' WHEN 'restart' THEN 'inboxed' WHEN 'suspended' THEN kind WHEN 'scheduled' THEN kind
    WHEN 'completed' THEN kind ELSE status END;
  document := jsonb_strip_nulls(jsonb_build_object('status', status, 'target_handler_name', CASE kind WHEN 'shared' THEN 'peek' ELSE 'run' END,
    'completion_result', CASE status WHEN 'completed' THEN 'success' END,
    'suspended_waiting_for_completions', CASE status WHEN 'suspended' THEN jsonb '[3]' END,
    'created_at', '2026-01-01T00:00:00Z', 'journal_retention', 'PT1H', 'retry_count', 1, 'input_payload', jsonb '[1, 2]', 'input_headers', jsonb '[]'))
    || CASE WHEN kind IN ('object', 'shared', 'waiting', 'restart') THEN jsonb_build_object('id', restate_keyed_invocation_id(key),
        'target_service_name', 'Obj', 'target_service_key', key, 'target_service_ty', 'virtual_object')
      WHEN kind = 'workflow' THEN jsonb_build_object('id', restate_keyed_invocation_id(key),
        'target_service_name', 'Wf', 'target_service_key', key, 'target_service_ty', 'workflow')
      ELSE jsonb_build_object('id', restate_new_invocation_id(), 'target_service_name', 'Svc', 'target_service_ty', 'service',
        'pinned_deployment_id', 'dp_10000000000000000000new', 'pinned_service_protocol_version', 6) END
    || CASE kind WHEN 'restart' THEN jsonb_build_object('invoked_by', 'restart_as_new', 'restarted_from', restate_keyed_invocation_id(key)) ELSE '{}' END;
  journal := CASE WHEN kind NOT IN ('waiting', 'scheduled') AND random() < 0.8 THEN jsonb '[
    {"index": 0, "entry_json": {"Command": {"Input": {"headers": [{"name": "a", "value": "b"}], "payload": [1, 2], "name": ""}}}},
    {"index": 1, "entry_type": "Command: Run", "entry_json": {"Command": {"Run": {"completion_id": 1, "name": "r"}}}},
    {"index": 2, "entry_json": "{\"Command\": {\"Call\": {\"request\": {\"invocation_id\": \"inv_1klTLrqq7Xg96nsHVH6rhLKzxlUVpEmFe9\", \"invocation_target\": {\"Service\": {\"name\": \"a\", \"handler\": \"b\"}}, \"parameter\": []}, \"invocation_id_completion_id\": 2, \"result_completion_id\": 3, \"name\": \"\"}}}"},
    {"index": 3, "appended_at": "2026-01-01T00:00:01Z", "entry_json": {"Notification": {"Completion": {"Run": {"completion_id": 1, "result": {"Success": [1]}}}}}},
    {"index": 4, "entry_json": {"Notification": {"Signal": {"id": {"Index": 17}, "result": "Void"}}}},
    {"index": 5, "entry_json": {"Notification": {"Completion": {"CallInvocationId": {"completion_id": 2, "invocation_id": "inv_1klTLrqq7Xg96nsHVH6rhLKzxlUVpEmFe9"}}}}},
    {"index": 6, "entry_json": {"Command": {"Output": {"result": {"Success": [0]}, "name": ""}}}}]' END;
END $$;

-- A value that may fit or not.
CREATE FUNCTION pg_temp.value() RETURNS jsonb LANGUAGE sql VOLATILE AS $$
  SELECT pg_temp.one_of('null', 'true', '0', '1', '-1', '2.5', '3', '4294967295', '4294967296', '1e400', '99999999999999999999', '""', '"x"', '"é \"\\ "', '[]', '[1]',
    '[1, 2, 3]', '[[1]]', '[null]', '["a"]', '{}', '{"a": 1}', '"pending"', '"inboxed"', '"scheduled"', '"ready"', '"running"', '"suspended"', '"paused"', '"completed"', '"backing-off"',
    '"invoked"', '"service"', '"virtual_object"', '"workflow"', '"exclusive"', '"shared"', '"success"', '"failure"', '"restart_as_new"', '"ingress"', '"Obj"', '"Svc"', '"Wf"',
    '"a"', '"b"', '"run"', '"peek"', '"none"', '"2026-01-01"', '"infinity"', '"294277-01-01"', '"PT1S"', '"PT-1S"', '"1000000000 years"', '"dp_10000000000000000000new"', '"dp_1000000000000000000gone"',
    '"inv_1000000000000000000000000000000000"', '"inv_1dceKvwtEc2n0000000000000000000000"', '"inv_1"', '{"Command": {"Run": {"completion_id": 1, "name": ""}}}',
    '{"Notification": {"Completion": {"Run": {"completion_id": 1, "result": {"Success": []}}}}}', '{"Notification": {"Completion": {"Call": {"completion_id": 3, "result": {"Success": []}}}}}',
    '{"Command": {"Input": {"headers": [], "payload": [], "name": ""}}}', '"{\"Command\": {\"ClearAllState\": {\"name\": \"\\u0000\"}}}"', '"{\"Command\""', '"\\u0000"')::jsonb
$$;

-- The document with one change somewhere.
CREATE FUNCTION pg_temp.changed(document jsonb) RETURNS jsonb LANGUAGE plpgsql AS $$
DECLARE
  keys CONSTANT text[] := ARRAY(SELECT jsonb_object_keys(document)) || '{target_handler_ty,completion_failure,restarted_from,invoked_by,invoked_by_id,suspended_waiting_for_signals,
    suspended_waiting_for_completions,pinned_deployment_id,pinned_service_protocol_version,completion_retention,random_seed,next_retry_at,last_failure_related_command_index,
    inbox_sequence_number,journal_size,partition_key,trace_id,scheduled_start_at,unheard_of}'::text[];
  key CONSTANT text := pg_temp.one_of(VARIADIC keys);
BEGIN
  RETURN CASE WHEN random() < 0.3 THEN document - key ELSE document || jsonb_build_object(key, pg_temp.value()) END;
END $$;

-- The journal with one change somewhere.
CREATE FUNCTION pg_temp.changed_journal(journal jsonb) RETURNS jsonb LANGUAGE plpgsql AS $$
DECLARE
  n CONSTANT int := floor(random() * coalesce(jsonb_array_length(journal), 0))::int;
  m CONSTANT int := floor(random() * coalesce(jsonb_array_length(journal), 0))::int;
BEGIN
  RETURN CASE pg_temp.one_of('drop', 'repeat', 'swap', 'key', 'entry', 'entry', 'inside', 'whole')
    WHEN 'drop' THEN (SELECT jsonb_agg(CASE WHEN (e ->> 'index')::numeric > n THEN e || jsonb_build_object('index', (e ->> 'index')::numeric - 1) ELSE e END)
      FROM jsonb_array_elements(journal - n) AS j (e))
    WHEN 'repeat' THEN journal || jsonb_build_array((journal -> n) || jsonb_build_object('index', jsonb_array_length(journal)))
    WHEN 'swap' THEN jsonb_set(jsonb_set(journal, ARRAY[n::text, 'index'], journal #> ARRAY[m::text, 'index']), ARRAY[m::text, 'index'], journal #> ARRAY[n::text, 'index'])
    WHEN 'key' THEN jsonb_set(journal, ARRAY[n::text, pg_temp.one_of('index', 'entry_type', 'version', 'appended_at', 'entry_json')], pg_temp.value())
    WHEN 'entry' THEN jsonb_set(journal, ARRAY[n::text, 'entry_json'], pg_temp.value())
    WHEN 'inside' THEN jsonb_set(journal, ARRAY[n::text, 'entry_json', 'Command', 'Run', pg_temp.one_of('completion_id', 'name')], pg_temp.value())
    ELSE pg_temp.value() END;
EXCEPTION WHEN data_exception OR syntax_error_or_access_rule_violation THEN
  -- it was no journal any more
  RETURN journal;
END $$;

-- The text with a character changed, as often as not to one of JSON's own.
CREATE FUNCTION pg_temp.torn(document text) RETURNS text LANGUAGE sql VOLATILE AS $$
  SELECT overlay(document PLACING pg_temp.one_of('"', '\', '{', '}', '[', ']', ',', ':', '0', '\u0000', '\ud800', '\udc00', '\ud83d\ude00', 'é', '') FROM 1 + n FOR 1)
  FROM (SELECT floor(random() * length(document))::int) AS f (n)
$$;

DO $$
DECLARE
  document text;
  journal text;
  o outcome;
  valid record;
BEGIN
  FOR n IN 1 .. 2000 LOOP
    valid := pg_temp.valid();
    FOR change IN 1 .. floor(random() * 4)::int LOOP
      IF random() < 0.5 THEN
        valid.document := pg_temp.changed(valid.document);
      ELSE
        valid.journal := pg_temp.changed_journal(valid.journal);
      END IF;
      EXIT WHEN jsonb_typeof(valid.document) <> 'object' OR jsonb_typeof(valid.journal) <> 'array';
    END LOOP;
    document := valid.document;
    journal := valid.journal;
    IF random() < 0.1 THEN
      document := pg_temp.torn(document);
    END IF;
    IF random() < 0.1 THEN
      journal := pg_temp.torn(journal);
    END IF;
    o := (n, 'imported', NULL, NULL, document, journal);
    BEGIN
      PERFORM restate_import_invocation(document, journal);
      -- a key is freed now and then, by what its holder's end does
      IF n % 100 = 0 THEN
        PERFORM restate_kill(k.holder) FROM restate.object_key AS k WHERE k.holder IS NOT NULL;
      END IF;
    EXCEPTION WHEN OTHERS THEN
      GET STACKED DIAGNOSTICS o.state = RETURNED_SQLSTATE, o.category = CONSTRAINT_NAME, o.message = MESSAGE_TEXT;
    END;
    INSERT INTO outcome SELECT o.*;
    IF n % 250 = 0 THEN
      INSERT INTO outcome SELECT n, 'broken', v.problem, v.detail, NULL, NULL FROM restate_verify() AS v;
    END IF;
  END LOOP;
END $$;

SELECT is_empty($$SELECT * FROM outcome WHERE state NOT IN ('imported', 'broken')
    AND (state, category) NOT IN (('PT422', 'invalid_body'), ('PT400', 'invalid_invocation_id'), ('PT400', 'invalid_deployment_id'))$$,
  'no import fails with an error of another kind');
SELECT is_empty($$SELECT * FROM outcome WHERE state = 'broken'$$, 'nothing that is imported breaks an invariant');
SELECT is_empty($$SELECT * FROM outcome WHERE message ~ '[^ -~]'$$, 'every refusal is one line of ASCII');
SELECT cmp_ok((SELECT count(*) FROM outcome WHERE state = 'imported'), '>', 400::bigint, 'many are imported');
SELECT cmp_ok((SELECT count(DISTINCT regexp_replace(message, '(inv|dp)_1\w+|"[^"]*"|[0-9]+', '', 'g')) FROM outcome WHERE state LIKE 'PT%'), '>', 25::bigint,
  'and refused for many reasons');
SELECT diag(format('%s: %s', state, count(*))) FROM outcome GROUP BY state ORDER BY state;

SELECT * FROM finish();
ROLLBACK;
