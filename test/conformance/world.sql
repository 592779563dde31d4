-- What the conformance tests share: fixtures with names instead of ids, calls
-- with every field of their errors, and what a call changed in the tables.
-- To be included in a transaction that is rolled back.

\set QUIET on
SET LOCAL client_min_messages = warning;
CREATE SCHEMA conformance;
SET LOCAL search_path = conformance, public;
SET LOCAL timezone = 'UTC';
-- restate_verify() says that it is costly, which over small tables it is not
SET LOCAL jit = off;

-- names

CREATE TABLE label (label text PRIMARY KEY, id text NOT NULL UNIQUE);

CREATE FUNCTION name_it(label text, id text) RETURNS text LANGUAGE sql AS $$
  INSERT INTO label AS l (label, id) VALUES ($1, $2)
    ON CONFLICT ON CONSTRAINT label_pkey DO UPDATE SET id = excluded.id
    RETURNING l.id
$$;

-- VOLATILE: a name given in the same statement counts
CREATE FUNCTION inv(label text) RETURNS restate_invocation_id LANGUAGE sql VOLATILE AS $$
  SELECT id::restate_invocation_id FROM label WHERE label.label = $1
$$;

CREATE FUNCTION dp(label text) RETURNS restate_deployment_id LANGUAGE sql VOLATILE AS $$
  SELECT id::restate_deployment_id FROM label WHERE label.label = $1
$$;

-- SQL with the ids of names in place of inv('name'), which a node that has a shard cannot
-- look up; what has no name yet stays.
CREATE FUNCTION with_ids(sql text) RETURNS text LANGUAGE plpgsql STABLE AS $$
DECLARE
  l label;
BEGIN
  FOR l IN SELECT * FROM label WHERE position(format('inv(%L)', label.label) IN with_ids.sql) > 0 LOOP
    sql := replace(sql, format('inv(%L)', l.label), format('%L::restate_invocation_id', l.id));
  END LOOP;
  RETURN sql;
END $$;

-- The text with names in place of the ids that have one.
CREATE FUNCTION labelled(text) RETURNS text LANGUAGE plpgsql STABLE AS $$
DECLARE
  result text := $1;
  l label;
BEGIN
  IF result ~ '(inv|dp)_1' THEN
    FOR l IN SELECT * FROM label WHERE position(label.id IN result) > 0 LOOP
      result := replace(result, l.id, l.label);
    END LOOP;
  END IF;
  RETURN result;
END $$;

-- fixtures

-- A journal entry's JSON, from a line such as "Command: Run 'a' completion_id=1".
-- A Call or OneWayCall and the notification of its callee's id get the callee.
CREATE FUNCTION entry_json(line text, callee restate_invocation_id) RETURNS jsonb LANGUAGE sql STABLE AS $$
  WITH l AS (
    SELECT (regexp_match(line, '^(Command|Notification): (\w+)'))[1] AS class,
      (regexp_match(line, '^(Command|Notification): (\w+)'))[2] AS kind,
      (regexp_match(line, '''(.*)'''))[1] AS name,
      (regexp_match(line, '(?:for|invocation_id_completion_id| completion_id)=(\d+)'))[1]::bigint AS completion_id,
      (regexp_match(line, 'result_completion_id=(\d+)'))[1]::bigint AS result_completion_id,
      (regexp_match(line, 'SignalIndex=(\d+)'))[1]::bigint AS signal_index,
      jsonb_build_object('Success', jsonb_build_array(34, 111, 107, 34)) AS success
  ), request AS (
    SELECT jsonb_build_object('invocation_id', callee, 'invocation_target',
      '{"Service": {"name": "Svc", "handler": "echo"}}'::jsonb, 'parameter', '[49]'::jsonb, 'headers', '[]'::jsonb,
      'idempotency_key', NULL) AS request
  )
  SELECT CASE l.class
    WHEN 'Command' THEN jsonb_build_object('Command', jsonb_build_object(l.kind,
      jsonb_build_object('name', coalesce(l.name, '')) || CASE l.kind
        WHEN 'Input' THEN '{"headers": [{"name": "h", "value": "v"}], "payload": [49]}'
        WHEN 'Output' THEN jsonb_build_object('result', l.success)
        WHEN 'Run' THEN jsonb_build_object('completion_id', l.completion_id)
        WHEN 'Sleep' THEN jsonb_build_object('completion_id', l.completion_id, 'wake_up_time', 1795226701127)
        WHEN 'Call' THEN jsonb_build_object('request', r.request,
          'invocation_id_completion_id', l.completion_id, 'result_completion_id', l.result_completion_id)
        WHEN 'OneWayCall' THEN jsonb_build_object('request', r.request, 'invoke_time', 0,
          'invocation_id_completion_id', l.completion_id)
        WHEN 'CompleteAwakeable' THEN jsonb_build_object('id', 'prom_1x', 'result', l.success)
        WHEN 'GetEagerState' THEN jsonb_build_object('key', 'k', 'result', l.success)
        WHEN 'GetEagerStateKeys' THEN '{"state_keys": ["k"]}'
        WHEN 'GetLazyState' THEN jsonb_build_object('key', 'k', 'completion_id', l.completion_id)
        WHEN 'GetLazyStateKeys' THEN jsonb_build_object('completion_id', l.completion_id)
        WHEN 'SetState' THEN '{"key": "k", "value": [49]}'
        WHEN 'ClearState' THEN '{"key": "k"}'
        WHEN 'ClearAllState' THEN '{}'
        WHEN 'GetPromise' THEN jsonb_build_object('key', 'k', 'completion_id', l.completion_id)
      END::jsonb))
    WHEN 'Notification' THEN CASE l.kind
      WHEN 'Signal' THEN jsonb_build_object('Notification', jsonb_build_object('Signal',
        jsonb_build_object('id', jsonb_build_object('Index', l.signal_index), 'result', 'Void')))
      ELSE jsonb_build_object('Notification', jsonb_build_object('Completion', jsonb_build_object(l.kind,
        jsonb_build_object('completion_id', l.completion_id) || CASE l.kind
          WHEN 'Sleep' THEN '{}'
          WHEN 'CallInvocationId' THEN jsonb_build_object('invocation_id', callee)
          WHEN 'GetLazyStateKeys' THEN '{"state_keys": ["k"]}'
          ELSE jsonb_build_object('result', l.success)
        END::jsonb)))
      END
    END
  FROM l, request AS r
$$;

-- The journal of such lines, "3: v2 " in front of each or not, as an import
-- takes it.  Callees are named "callee" and the completion id of the call;
-- those without a name get an id.
CREATE FUNCTION journal_json(lines text[]) RETURNS jsonb LANGUAGE sql VOLATILE AS $$
  WITH line AS (
    SELECT n - 1 AS index, regexp_replace(regexp_replace(l, '^\d+: v\d+ ', ''), '^Input$', 'Command: Input') AS line
    FROM unnest(lines) WITH ORDINALITY AS u (l, n)
  ), callee AS (
    SELECT c.completion_id, coalesce(inv('callee' || c.completion_id), restate_new_invocation_id()) AS id
    FROM (SELECT DISTINCT substring(line FROM '(?:Call invocation_id_completion_id|OneWayCall invocation_id_completion_id|CallInvocationId for)=(\d+)')
      FROM line) AS c (completion_id)
    WHERE c.completion_id IS NOT NULL
  )
  SELECT jsonb_agg(jsonb_build_object('index', l.index, 'appended_at', '2026-01-02 00:00:00Z',
    'entry_json', entry_json(l.line, c.id)) ORDER BY l.index)
  FROM line AS l
  LEFT JOIN callee AS c ON c.completion_id
    = substring(l.line FROM '(?:Call invocation_id_completion_id|OneWayCall invocation_id_completion_id|CallInvocationId for)=(\d+)')
$$;

-- What a handler of these services is registered as, by its name.
CREATE FUNCTION handler_ty(service_ty text, handler text) RETURNS text LANGUAGE sql IMMUTABLE AS $$
  SELECT CASE
    WHEN service_ty = 'service' THEN NULL
    WHEN service_ty = 'workflow' THEN CASE handler WHEN 'run' THEN 'workflow' ELSE 'shared' END
    ELSE CASE WHEN handler IN ('peek', 'status') THEN 'shared' ELSE 'exclusive' END END
$$;

-- Makes an invocation that has these facts and names it.  target is
-- Svc/handler, Obj/key/handler or Wf/key/handler; facts that are true stand for
-- a time; journal holds lines.
CREATE FUNCTION make(label text, target text, status text, facts jsonb DEFAULT '{}')
  RETURNS restate_invocation_id LANGUAGE plpgsql AS $$
DECLARE
  entries bigint;
  commands bigint;
  part CONSTANT text[] := string_to_array(target, '/');
  keyed CONSTANT boolean := cardinality(part) = 3;
  service_ty CONSTANT text := CASE WHEN NOT keyed THEN 'service' WHEN part[1] LIKE 'Wf%' THEN 'workflow' ELSE 'virtual_object' END;
  lines text[] := ARRAY(SELECT jsonb_array_elements_text(facts -> 'journal'));
  made restate_invocation_id;
  document jsonb;
BEGIN
  made := coalesce(inv(make.label), CASE
    WHEN service_ty = 'workflow' AND part[3] = 'run' THEN restate_workflow_invocation_id(part[1], part[2])
    WHEN keyed THEN restate_keyed_invocation_id(part[2])
    ELSE restate_new_invocation_id() END);
  PERFORM name_it(make.label, made::text);
  IF lines = '{}' AND status NOT IN ('pending', 'scheduled', 'completed') THEN
    lines := '{Command: Input}';
  END IF;
  SELECT jsonb_build_object('id', made, 'status', status,
      'target_service_name', part[1], 'target_handler_name', part[cardinality(part)],
      'target_service_ty', service_ty,
      'created_at', '2026-01-01 00:00:00Z', 'modified_at', '2026-01-03 00:00:00Z')
    || CASE WHEN keyed THEN jsonb_build_object('target_service_key', part[2]) ELSE '{}' END
    || CASE WHEN keyed THEN jsonb_build_object('target_handler_ty', handler_ty(service_ty, part[3])) ELSE '{}' END
    || CASE WHEN status = 'completed' THEN '{"completion_result": "success", "completed_at": true}' ELSE '{}' END::jsonb
    || CASE WHEN status NOT IN ('pending', 'scheduled') THEN '{"running_at": true}' ELSE '{}' END::jsonb
    || (facts - ARRAY['journal', 'status', 'view_status', 'target', 'exists', 'pause_requested'])
    INTO document;
  SELECT jsonb_object_agg(key, CASE WHEN value <> 'true' THEN value
      WHEN key = 'scheduled_start_at' THEN '"2099-01-01 00:00:00Z"' ELSE '"2026-01-03 00:00:00Z"' END)
    INTO document FROM jsonb_each(document);
  PERFORM restate_import_invocation(document,
    CASE WHEN lines <> '{}' AND status <> 'pending' THEN journal_json(lines) END);
  IF status = 'pending' AND lines <> '{}' THEN
    INSERT INTO restate.journal (id, partition_key, index, appended_at, entry_type, completion_id,
        result_completion_id, invoked_id, name, signal_index, signal_name, meta, payload)
      SELECT made, restate_partition_key_of_id(made), (e ->> 'index')::bigint, (e ->> 'appended_at')::timestamptz, p.entry_type,
        p.completion_id, p.result_completion_id, p.invoked_id, p.name, p.signal_index, p.signal_name, p.meta, p.payload
      FROM jsonb_array_elements(journal_json(lines)) AS e
      CROSS JOIN LATERAL restate.parse_entry(e -> 'entry_json') AS p;
    SELECT count(*), count(*) FILTER (WHERE j.entry_type < 'Notification: Run') INTO entries, commands FROM restate.journal AS j WHERE j.id = made;
    UPDATE restate.invocation AS i SET input_headers = NULL, input_payload = NULL, journal_size = entries, journal_commands_size = commands
      WHERE i.id = made;
  END IF;
  IF lines[1] ~ 'v1 ' THEN
    UPDATE restate.journal AS j SET version = 1 WHERE j.id = made AND j.index = 0;
  END IF;
  IF facts -> 'pause_requested' = 'true' THEN
    UPDATE restate.invocation AS i SET pause_requested = true WHERE i.id = made;
  END IF;
  RETURN made;
END $$;

-- Registers a deployment under a name, at the next revision of each service.
CREATE FUNCTION deploy(label text, protocols int4range, services text[] DEFAULT '{}')
  RETURNS restate_deployment_id LANGUAGE plpgsql AS $$
DECLARE
  made CONSTANT restate_deployment_id := coalesce(dp($1), restate_new_deployment_id());
BEGIN
  PERFORM name_it($1, made::text);
  INSERT INTO restate.deployment (id, ty, endpoint, min_service_protocol_version, max_service_protocol_version)
    VALUES (made, 'http', 'http://localhost:9080', lower(protocols), upper(protocols) - 1);
  INSERT INTO restate.service_revision (service_name, revision, deployment_id, ty, handlers)
    SELECT s, coalesce((SELECT max(revision) FROM restate.service_revision WHERE service_name = s), 0) + 1, made, ty,
      CASE ty
        WHEN 'workflow' THEN '[{"name": "run", "ty": "Workflow"}, {"name": "status", "ty": "Shared"}]'
        WHEN 'virtual_object' THEN '[{"name": "steps", "ty": "Exclusive"}, {"name": "peek", "ty": "Shared"}]'
        ELSE '[{"name": "steps"}]' END::jsonb
    FROM unnest(services) AS s
    CROSS JOIN LATERAL (SELECT CASE WHEN s LIKE 'Wf%' THEN 'workflow' WHEN s LIKE 'Obj%' THEN 'virtual_object' ELSE 'service' END) AS t (ty);
  RETURN made;
END $$;

-- calls

-- Runs an expression, or a query of one value: that as text, or all there is to an error.
CREATE FUNCTION call(expression text) RETURNS jsonb LANGUAGE plpgsql AS $$
DECLARE
  value text;
  e record;
  sqlstate_ text; category text; message text; detail text; hint text;
BEGIN
  EXECUTE 'SELECT (' || with_ids(expression) || ')::text' INTO value;
  RETURN jsonb_build_object('value', value);
EXCEPTION WHEN OTHERS THEN
  GET STACKED DIAGNOSTICS sqlstate_ = RETURNED_SQLSTATE, category = CONSTRAINT_NAME,
    message = MESSAGE_TEXT, detail = PG_EXCEPTION_DETAIL, hint = PG_EXCEPTION_HINT;
  RETURN jsonb_build_object('sqlstate', sqlstate_, 'category', category, 'message', message,
    'detail', detail, 'hint', hint);
END $$;

-- the categories with their documented statuses
CREATE TABLE category (name text PRIMARY KEY, status int NOT NULL);
INSERT INTO category VALUES
  ('invalid_invocation_id', 400), ('invalid_deployment_id', 400), ('invalid_query_parameter', 400),
  ('invocation_not_found', 404), ('not_started', 425), ('still_running', 409), ('not_completed', 409),
  ('already_completed', 409), ('not_running', 409), ('input_not_available', 410),
  ('restart_not_supported', 422), ('request_id_conflict', 409), ('deployment_not_changeable', 409), ('deployment_not_found', 400),
  ('deployment_incompatible', 400), ('journal_prefix_incomplete', 400), ('journal_index_out_of_range', 400);

-- What is wrong with an error, the result of call(), for one of this category
-- about this id; null if it is all as it should be.
CREATE FUNCTION wrong_error(result jsonb, category text, id text DEFAULT '') RETURNS text LANGUAGE sql STABLE AS $$
  SELECT string_agg(w, '; ') FROM (VALUES
    (CASE WHEN result ? 'value' THEN 'no error but ' || coalesce(result ->> 'value', 'null') END),
    (CASE WHEN result ->> 'category' <> category THEN format('category %s: %s', result ->> 'category', result ->> 'message') END),
    (CASE WHEN result ->> 'sqlstate' <> 'PT' || (SELECT c.status FROM category AS c WHERE c.name = $2)
      THEN 'SQLSTATE ' || (result ->> 'sqlstate') END),
    (CASE WHEN (SELECT c.status FROM category AS c WHERE c.name = $2) IS NULL THEN 'unknown category ' || category END),
    (CASE WHEN NOT starts_with(result ->> 'detail', category || ': ') OR length(result ->> 'detail') < length(category) + 10
      THEN 'DETAIL ' || (result ->> 'detail') END),
    (CASE WHEN length(result ->> 'hint') < 10 THEN 'HINT ' || (result ->> 'hint') END),
    (CASE WHEN position(id IN result ->> 'message') = 0 THEN 'the message lacks the id: ' || (result ->> 'message') END),
    (CASE WHEN result ->> 'message' !~ '^[ -~]+$' THEN 'the message is not one line of printable ASCII' END)
  ) AS t (w)
$$;

-- the tables, and what changed in them

CREATE FUNCTION world() RETURNS TABLE (object text, field text, value text) LANGUAGE plpgsql STABLE AS $$
BEGIN
  RETURN QUERY
  SELECT o.object, f.key,
    CASE WHEN f.key LIKE '%\_at' AND f.value #>> '{}' <> '' AND (f.value #>> '{}')::timestamptz = now() THEN 'now'
      WHEN f.value #>> '{}' ~ '(inv|dp)_1' THEN labelled(f.value #>> '{}')
      ELSE f.value #>> '{}' END
  FROM (SELECT labelled(o.object), o.fields FROM (
    SELECT 'invocation ' || i.id, to_jsonb(i) - ARRAY['id'] FROM restate.invocation AS i
    UNION ALL SELECT format('journal %s/%s', j.id, j.index), to_jsonb(j) - ARRAY['id', 'index'] FROM restate.journal AS j
    UNION ALL SELECT format('event %s/%s', e.id, e.event_index), to_jsonb(e) - ARRAY['id', 'event_index'] FROM restate.journal_event AS e
    UNION ALL SELECT format('key %s/%s', k.service_name, k.service_key), to_jsonb(k) - ARRAY['service_name', 'service_key'] FROM restate.object_key AS k
    UNION ALL SELECT format('state %s/%s/%s', s.service_name, s.service_key, s.key), to_jsonb(s) - ARRAY['service_name', 'service_key', 'key']
      FROM restate.object_state AS s
    UNION ALL SELECT format('promise %s/%s/%s', p.service_name, p.service_key, p.key), to_jsonb(p) - ARRAY['service_name', 'service_key', 'key']
      FROM restate.promise AS p
    UNION ALL SELECT format('deployment %s', d.id), to_jsonb(d) FROM restate.deployment AS d
    UNION ALL SELECT format('revision %s/%s', r.service_name, r.revision), to_jsonb(r) FROM restate.service_revision AS r
  ) AS o (object, fields) OFFSET 0) AS o (object, fields)
  CROSS JOIN LATERAL jsonb_each(o.fields) AS f
  WHERE f.key <> 'partition_key' AND f.value <> 'null';
END $$;

CREATE TABLE world_before (object text, field text, value text);

CREATE FUNCTION remember() RETURNS void LANGUAGE plpgsql AS $$
BEGIN
  DELETE FROM world_before;
  INSERT INTO world_before SELECT * FROM world();
END $$;

-- What is different from what was remembered: a line for each object, "-" if it
-- is gone, "+" with its fields if it is new, "~" with the fields that changed.
CREATE FUNCTION changes() RETURNS text LANGUAGE plpgsql STABLE AS $$
BEGIN
  RETURN (
  WITH after AS MATERIALIZED (SELECT * FROM world()),
  field AS (
    SELECT object, field, b.value AS value_before, a.value AS value_after
    FROM world_before AS b FULL JOIN after AS a USING (object, field)
    WHERE a.value IS DISTINCT FROM b.value
  ), object AS (
    SELECT f.object,
      CASE WHEN NOT EXISTS (SELECT FROM after AS a WHERE a.object = f.object) THEN '- ' || f.object
        ELSE CASE WHEN EXISTS (SELECT FROM world_before AS b WHERE b.object = f.object) THEN '~ ' ELSE '+ ' END
          || f.object || ': ' || string_agg(f.field || '=' || coalesce(f.value_after, ''), ' ' ORDER BY f.field)
      END AS line
    FROM field AS f GROUP BY f.object
  )
  SELECT coalesce(string_agg(line, E'\n' ORDER BY object.object COLLATE "C"), '') FROM object);
END $$;

-- The journal as lines: "3: v2 Command: Run 'a' completion_id=1".
CREATE FUNCTION journal_lines(id restate_invocation_id) RETURNS text[] LANGUAGE plpgsql STABLE AS $$
BEGIN
  RETURN (
  SELECT coalesce(array_agg(format('%s: v%s %s%s%s', j.index, j.version,
    j.entry_type,
    CASE WHEN j.entry_type = 'Command: Run' AND j.name <> '' THEN format(' ''%s''', j.name) END,
    CASE
      WHEN j.entry_type = 'Notification: Signal' THEN ' SignalIndex=' || j.signal_index
      WHEN j.entry_type >= 'Notification: Run' THEN ' for=' || j.completion_id
      WHEN j.entry_type = 'Command: Call'
        THEN format(' invocation_id_completion_id=%s result_completion_id=%s', j.completion_id, j.result_completion_id)
      WHEN j.entry_type = 'Command: OneWayCall' THEN ' invocation_id_completion_id=' || j.completion_id
      ELSE ' completion_id=' || j.completion_id
    END) ORDER BY j.index), '{}')
  FROM restate.journal AS j WHERE j.id = $1);
END $$;

-- The facts of an invocation, as the recording names them.
CREATE FUNCTION facts(id restate_invocation_id) RETURNS jsonb LANGUAGE plpgsql STABLE AS $$
DECLARE
  i restate.sys_invocation;
  s restate.sys_invocation_status;
BEGIN
  SELECT v.* INTO i FROM restate.sys_invocation AS v WHERE v.id = $1;
  IF NOT FOUND THEN
    RETURN '{"exists": false, "journal": []}';
  END IF;
  SELECT v.* INTO STRICT s FROM restate.sys_invocation_status AS v WHERE v.id = $1;
  RETURN labelled(jsonb_strip_nulls(jsonb_build_object(
    'exists', true, 'view_status', i.status, 'status', s.status,
    'completion_result', i.completion_result, 'completion_failure', i.completion_failure,
    'target', i.target, 'idempotency_key', i.idempotency_key, 'invoked_by', i.invoked_by, 'invoked_by_id', i.invoked_by_id,
    'invoked_by_service_name', i.invoked_by_service_name, 'invoked_by_target', i.invoked_by_target,
    'restarted_from', i.restarted_from,
    'pinned_deployment_id', i.pinned_deployment_id, 'pinned_service_protocol_version', i.pinned_service_protocol_version,
    'journal_size', i.journal_size, 'journal_commands_size', i.journal_commands_size,
    'completion_retention', i.completion_retention, 'journal_retention', i.journal_retention,
    'created_using_restate_version', i.created_using_restate_version)
    || jsonb_build_object(
    'suspended_waiting_for_completions', i.suspended_waiting_for_completions,
    'suspended_waiting_for_signals', i.suspended_waiting_for_signals,
    'running_at', nullif(i.running_at IS NOT NULL, false), 'completed_at', nullif(i.completed_at IS NOT NULL, false),
    'scheduled_at', nullif(i.scheduled_at IS NOT NULL, false), 'scheduled_start_at', nullif(i.scheduled_start_at IS NOT NULL, false),
    'inboxed_at', nullif(i.inboxed_at IS NOT NULL, false),
    'retry_count', i.retry_count, 'last_failure', i.last_failure, 'last_failure_error_code', i.last_failure_error_code,
    'last_attempt_deployment_id', i.last_attempt_deployment_id,
    'last_failure_related_command_index', i.last_failure_related_command_index,
    'last_failure_related_command_type', i.last_failure_related_command_type,
    'journal', journal_lines(i.id)))::text)::jsonb;
END $$;

-- What restate_verify() finds, in one line.
CREATE FUNCTION broken() RETURNS text LANGUAGE sql STABLE AS $$
  SELECT coalesce(string_agg(format('%s %s: %s', problem, labelled(id::text), detail), '; '), '') FROM restate_verify()
$$;

-- What an expression gives and changes after some statements, all of it taken
-- back: a line for its value or category, then those of changes(), then what is
-- broken, if anything is.
CREATE FUNCTION effect(statements text, expression text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
  result jsonb;
  statement text;
  told text;
BEGIN
  FOREACH statement IN ARRAY regexp_split_to_array(statements, ';\s*') LOOP
    EXECUTE with_ids(statement);
  END LOOP;
  PERFORM remember();
  result := call(expression);
  IF result ? 'category' THEN
    told := concat_ws(': ', result ->> 'category', wrong_error(result, result ->> 'category'));
  ELSE
    told := labelled(result ->> 'value');
  END IF;
  told := concat_ws(E'\n', told, nullif(changes(), ''), nullif(broken(), ''));
  RAISE EXCEPTION USING ERRCODE = 'UNDO0';
EXCEPTION WHEN SQLSTATE 'UNDO0' THEN
  RETURN told;
END $$;
