-- Replays recorded exchanges in SQL.  Included after world.sql; the recorded
-- lines stand in the table recorded (n, line).

-- what was asked

-- The text without percent escapes, those that are none left as they are.
-- Null if SQL has no text for it: bytes that are not UTF-8, or a NUL.
CREATE FUNCTION percent_decoded(text) RETURNS text LANGUAGE plpgsql IMMUTABLE AS $$
DECLARE
  bytes bytea := '';
  part text[];
BEGIN
  FOR part IN SELECT regexp_matches($1, '%([0-9A-Fa-f]{2})|(%|[^%]+)', 'g') LOOP
    bytes := bytes || CASE WHEN part[1] IS NOT NULL THEN decode(part[1], 'hex') ELSE convert_to(part[2], 'UTF8') END;
  END LOOP;
  RETURN convert_from(bytes, 'UTF8');
EXCEPTION WHEN character_not_in_repertoire OR untranslatable_character THEN
  RETURN NULL;
END $$;

-- The parameters of a query; of an operation it takes mode, from and deployment.
CREATE FUNCTION query_parameters(query text) RETURNS TABLE (key text, value text) LANGUAGE sql IMMUTABLE AS $$
  SELECT percent_decoded(replace(split_part(p, '=', 1), '+', ' ')),
    percent_decoded(replace(CASE WHEN position('=' IN p) > 0 THEN substr(p, position('=' IN p) + 1) ELSE '' END, '+', ' '))
  FROM regexp_split_to_table(ltrim(coalesce(query, ''), '?'), '&') AS p
  WHERE p <> ''
$$;

CREATE TABLE request (
  n int PRIMARY KEY,
  name text NOT NULL,
  skipped text,          -- why SQL cannot express it
  operation text,
  batch boolean NOT NULL DEFAULT false,
  id text,               -- ids are as recorded: with labels for ids
  ids text[],
  mode text, "from" bigint, deployment text
);

-- How a recorded line is expressed in SQL, or why it is not.
CREATE FUNCTION understood(n int, line jsonb) RETURNS request LANGUAGE plpgsql AS $$
DECLARE
  r request;
  q record;
  method CONSTANT text := line #>> '{request,method}';
  path text := line #>> '{request,path}';
  query text := line #>> '{request,query}';
  body CONSTANT jsonb := line #> '{request,body}';
  part text[];
  category CONSTANT text := coalesce(line #>> '{expect,category}', line #>> '{recorded,category}', '');
BEGIN
  r.n := n;
  r.name := line ->> 'case';
  r.batch := false;

  part := regexp_match(path, '^/internal/invocations_batch_operations/([a-z-]+)$');
  IF part IS NOT NULL AND method = 'POST' AND part[1] <> 'nope' THEN
    r.batch := true;
    r.operation := part[1];
    IF jsonb_typeof(body) = 'string' AND body #>> '{}' ~ '^\d+ x unknown id' THEN
      IF category <> '' THEN
        r.skipped := 'the limits of a batch body';
      ELSE
        r.ids := array_fill('{inv:unknown}'::text, ARRAY[substring(body #>> '{}' FROM '^\d+')::int]);
      END IF;
    ELSIF line #> '{request,headers}' IS NOT NULL OR category = 'unsupported_media_type' THEN
      r.skipped := 'the content type or syntax of a batch body';
      r.ids := '{}';
    ELSIF category = 'invalid_body' OR jsonb_typeof(body) IS DISTINCT FROM 'object'
      OR jsonb_typeof(body -> 'invocation_ids') IS DISTINCT FROM 'array'
      OR body - ARRAY['invocation_ids', 'deployment'] <> '{}'
      OR jsonb_typeof(body -> 'deployment') NOT IN ('string', 'null')
    THEN
      r.skipped := 'the shape of a batch body';
      r.ids := ARRAY(SELECT m[1] FROM regexp_matches(body::text, '(\{inv:[^{}"]*\})', 'g') AS m);
    ELSE
      r.ids := ARRAY(SELECT jsonb_array_elements_text(body -> 'invocation_ids'));
      r.deployment := body ->> 'deployment';
    END IF;
    RETURN r;
  END IF;

  IF position('?' IN path) > 0 THEN
    query := substr(path, position('?' IN path));
    path := split_part(path, '?', 1);
  END IF;
  IF path ~ '^/v[23]/' THEN
    r.skipped := 'version prefixes';
    path := substr(path, 4);
  END IF;
  part := regexp_match(path, '^/invocations/([^/]*)(?:/(purge-journal|restart-as-new|kill|cancel|purge|pause|resume))?$');
  r.skipped := coalesce(CASE
    WHEN category IN ('method_not_allowed', 'route_not_found', 'unsupported_api_version') THEN 'routes and methods'
  END, r.skipped, CASE
    WHEN part IS NULL OR r.name LIKE 'raw-no-host' THEN 'the form of a request line, or another resource'
    WHEN method <> CASE WHEN part[2] IS NULL THEN 'DELETE' ELSE 'PATCH' END THEN 'routes and methods'
    WHEN r.name ~ '^(accept|body)-' THEN 'headers and bodies that are ignored'
    WHEN r.name ~ '^query-' THEN 'query parameters that are ignored'
    WHEN r.name ~ '^order-' THEN 'a malformed id beside a malformed parameter'
    WHEN category = 'other' THEN 'the form of a request line, or another resource'
  END);
  IF part IS NULL OR r.skipped = 'routes and methods' THEN
    RETURN r;
  END IF;
  r.operation := coalesce(part[2], 'delete');
  r.id := percent_decoded(part[1]);
  IF r.id IS NULL THEN
    r.skipped := coalesce(r.skipped, 'text that is not UTF-8 or has a NUL');
    RETURN r;
  END IF;

  FOR q IN SELECT p.key, min(p.value) AS value, count(*), bool_or(p.value IS NULL) AS undecoded
    FROM query_parameters(query) AS p WHERE p.key IN ('mode', 'from', 'deployment') GROUP BY p.key
  LOOP
    r.skipped := coalesce(r.skipped, CASE
      WHEN q.count > 1 THEN 'a parameter given twice'
      WHEN q.undecoded THEN 'text that is not UTF-8 or has a NUL'
      WHEN q.key = 'from' AND (q.value !~ '^[+-]?\d+$' OR q.value = '-0' OR length(q.value) > 18) THEN 'a "from" that is no bigint'
    END);
    CONTINUE WHEN q.count > 1 OR q.undecoded OR q.key = 'from' AND q.value !~ '^\+?\d{1,18}$' AND r.skipped IS NOT NULL;
    CASE q.key
      WHEN 'mode' THEN r.mode := q.value;
      WHEN 'from' THEN r."from" := q.value::bigint;
      WHEN 'deployment' THEN r.deployment := q.value;
    END CASE;
  END LOOP;
  RETURN r;
END $$;

-- ids that are recorded by a label although they are malformed or at a bound

CREATE FUNCTION base62(value numeric, width int) RETURNS text LANGUAGE plpgsql IMMUTABLE AS $$
DECLARE
  rest numeric := value;
  result text := '';
BEGIN
  FOR i IN 1..width LOOP
    result := substr('0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ', (rest % 62)::int + 1, 1) || result;
    rest := div(rest, 62);
  END LOOP;
  RETURN result;
END $$;

CREATE FUNCTION odd_id(name text) RETURNS text LANGUAGE sql IMMUTABLE AS $$
  WITH good (body) AS (VALUES ('gVAx3ge6Eil58M0RjFbGk5lopT1TgLedX'))
  SELECT 'inv_1' || CASE substring(name FROM '^badid-(?:purge-journal|delete|restart-as-new)-(.*)$')
      WHEN 'max-pk-max-uuid' THEN base62(2::numeric ^ 64 - 1, 11) || base62(2::numeric ^ 128 - 1, 22)
      WHEN 'zero-pk-zero-uuid' THEN repeat('0', 33)
      WHEN 'overflow-pk-by-1' THEN base62(2::numeric ^ 64, 11) || substr(body, 12)
      WHEN 'overflow-pk-ZZZ' THEN repeat('Z', 11) || substr(body, 12)
      WHEN 'overflow-uuid-by-1' THEN left(body, 11) || base62(2::numeric ^ 128, 22)
      WHEN 'overflow-uuid-ZZZ' THEN left(body, 11) || repeat('Z', 22)
      WHEN 'overflow-all-ZZZ' THEN repeat('Z', 33)
      WHEN 'all-z-lower' THEN repeat('z', 33)
      WHEN 'case-flip-body' THEN translate(body, 'abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ',
        'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz')
      WHEN 'lower-body' THEN lower(body)
      WHEN 'upper-body' THEN upper(body)
    END
  FROM good
$$;

-- the fixtures of a line

-- The facts with labels replaced by ids.
CREATE FUNCTION resolved(facts text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
  result text := facts;
  l text;
BEGIN
  FOR l IN SELECT DISTINCT m[1] FROM regexp_matches(facts, '\{(?:inv|dp|new)[:#][^{}"]*\}', 'g') AS m LOOP
    IF NOT EXISTS (SELECT FROM label WHERE label.label = l) THEN
      PERFORM name_it(l, CASE WHEN l LIKE '{dp:%' THEN restate_new_deployment_id()::text ELSE restate_new_invocation_id()::text END);
    END IF;
    result := replace(result, l, (SELECT label.id FROM label WHERE label.label = l));
  END LOOP;
  RETURN result;
END $$;

-- Makes the invocation that a line's label stands for, as recorded.
CREATE FUNCTION make_recorded(label text, facts jsonb, state text) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
  target CONSTANT text := facts ->> 'target';
BEGIN
  IF facts ->> 'view_status' = 'pending' OR state ~ 'key (currently )?locked' THEN
    PERFORM make('holder', regexp_replace(target, '[^/]*$', 'steps'), 'running');
  END IF;
  IF facts ? 'restarted_from' THEN
    PERFORM name_it(facts ->> 'restarted_from', restate_keyed_invocation_id(split_part(target, '/', 2))::text);
  END IF;
  PERFORM make(label, target, facts ->> 'view_status', resolved(facts::text)::jsonb);
END $$;

CREATE FUNCTION deploy_recorded(line jsonb) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
  gone CONSTANT boolean := line ->> 'state' LIKE '%no deployment serves%';
BEGIN
  PERFORM deploy('{dp:A}', '[5,8)', '{Svc,Obj,Wf}'), deploy('{dp:B}', '[5,8)', '{Svc,Obj,Wf}'), deploy('{dp:DEAD}', '[5,8)'),
    deploy('{dp:V5}', '[5,6)', CASE WHEN gone THEN '{}' ELSE '{OldSvc}'::text[] END);
  -- one that also serves the old service, where a newer one was recorded
  IF NOT gone AND (line::text LIKE '%{dp:OldNew}%' OR line::text LIKE '%{dp:TMP}%') THEN
    PERFORM deploy('{dp:OldNew}', '[5,8)', '{OldSvc}');
  END IF;
  -- {dp:TMP} and {dp:unknown} are not registered
END $$;

-- what came of it

-- The facts of an invocation, as the recording names them.
CREATE FUNCTION facts(id restate_invocation_id) RETURNS jsonb LANGUAGE sql STABLE AS $$
  SELECT coalesce((SELECT labelled(jsonb_strip_nulls(jsonb_build_object(
    'exists', true, 'view_status', i.status, 'status', s.status,
    'completion_result', i.completion_result, 'completion_failure', i.completion_failure,
    'target', i.target, 'idempotency_key', i.idempotency_key, 'invoked_by', i.invoked_by, 'invoked_by_id', i.invoked_by_id,
    'invoked_by_service_name', i.invoked_by_service_name, 'invoked_by_target', i.invoked_by_target,
    'restarted_from', i.restarted_from,
    'pinned_deployment_id', i.pinned_deployment_id, 'pinned_service_protocol_version', i.pinned_service_protocol_version,
    'journal_size', CASE WHEN i.status NOT IN ('pending', 'scheduled') THEN i.journal_size END,
    'journal_commands_size', CASE WHEN i.status NOT IN ('pending', 'scheduled') THEN i.journal_commands_size END,
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
    'journal', journal_lines(i.id)))::text)::jsonb
  FROM restate.sys_invocation AS i JOIN restate.sys_invocation_status AS s USING (id)
  WHERE i.id = facts.id), '{"exists": false, "journal": []}')
$$;

-- Recorded facts in the form of facts().  A "v1 Input" is a Command: Input
-- here, and counts as one.
CREATE FUNCTION recorded_facts(facts jsonb) RETURNS jsonb LANGUAGE sql IMMUTABLE AS $$
  SELECT facts || CASE WHEN facts ? 'completion_retention' THEN jsonb_build_object(
      'completion_retention', (facts ->> 'completion_retention')::interval,
      'journal_retention', (facts ->> 'journal_retention')::interval) ELSE '{}' END
    || CASE WHEN facts #>> '{journal,0}' = '0: v1 Input' THEN jsonb_build_object(
      'journal_commands_size', (facts ->> 'journal_commands_size')::int + 1,
      'journal', jsonb_set(facts -> 'journal', '{0}', '"0: v1 Command: Input"')) ELSE '{}' END
$$;

-- In what the facts differ, "key: have x, want y"; null if in nothing.
CREATE FUNCTION differences(have jsonb, want jsonb) RETURNS text LANGUAGE sql IMMUTABLE AS $$
  SELECT string_agg(format('%s: have %s, want %s', key, coalesce(h.value::text, 'nothing'), coalesce(w.value::text, 'nothing')), '; ')
  FROM jsonb_each(have) AS h FULL JOIN jsonb_each(want) AS w USING (key)
  WHERE h.value IS DISTINCT FROM w.value
$$;

CREATE FUNCTION selected(facts jsonb, keys text[]) RETURNS jsonb LANGUAGE sql IMMUTABLE AS $$
  SELECT coalesce(jsonb_object_agg(key, value), '{}') FROM jsonb_each(facts) WHERE key = ANY (keys)
$$;

-- Whether the lines begin with those others.
CREATE FUNCTION begins_with(lines jsonb, others jsonb) RETURNS boolean LANGUAGE sql IMMUTABLE AS $$
  SELECT bool_and(o.line = lines -> (o.n::int - 1)) AND count(*) > 0
  FROM jsonb_array_elements(others) WITH ORDINALITY AS o (line, n)
$$;

-- The lines that a restart copies: those up to "from", and of the rest the
-- completions that commands among them wait for.
CREATE FUNCTION copied_lines(lines jsonb, "from" bigint) RETURNS jsonb LANGUAGE sql IMMUTABLE AS $$
  WITH l AS (
    SELECT n - 1 AS index, regexp_replace(line, '^\d+: ', '') AS line
    FROM jsonb_array_elements_text(lines) WITH ORDINALITY AS t (line, n)
  ), awaited AS (
    SELECT m[1] AS completion_id
    FROM l CROSS JOIN LATERAL regexp_matches(l.line, 'completion_id=(\d+)', 'g') AS m
    WHERE l.index BETWEEN 1 AND "from"
  ), copied AS (
    SELECT l.line, row_number() OVER (ORDER BY l.index) - 1 AS index FROM l
    WHERE l.index <= "from" OR substring(l.line FROM ' for=(\d+)') IN (SELECT completion_id FROM awaited)
  )
  SELECT jsonb_agg(format('%s: %s', index, line) ORDER BY index) FROM copied
$$;

-- the status that the Admin API answers an outcome with
CREATE TABLE answer (operation text, outcome text, status int, PRIMARY KEY (operation, outcome));
INSERT INTO answer VALUES
  ('purge-journal', 'purged', 200), ('purge-journal', 'unchanged', 200),
  ('delete', 'signalled', 202), ('delete', 'removed', 202), ('delete', 'killed', 202), ('delete', 'purged', 202), ('delete', 'unchanged', 202),
  ('cancel', 'signalled', 202), ('cancel', 'removed', 200), ('kill', 'killed', 200), ('kill', 'removed', 200), ('purge', 'purged', 200),
  ('pause', 'pausing', 202), ('pause', 'paused', 202), ('pause', 'unchanged', 200),
  ('resume', 'resumed', 200), ('resume', 'unchanged', 200);

-- What is not as recorded of the new invocation of a restart.
CREATE FUNCTION wrong_restart(line jsonb, r request, original jsonb, new_id restate_invocation_id)
  RETURNS text LANGUAGE plpgsql AS $$
DECLARE
  have CONSTANT jsonb := facts(new_id);
  want jsonb := recorded_facts(line -> 'after_new');
  copied CONSTANT jsonb := copied_lines(original -> 'journal', coalesce(r."from", 0));
  keys text[] := '{target,invoked_by,restarted_from,completion_retention,journal_retention,created_using_restate_version}';
BEGIN
  -- nothing was recorded of one that went to a dead deployment, and a queued
  -- one does not show its deployment; one never pinned is pinned by the runtime
  want := coalesce(want, selected(original, keys)
    || jsonb_build_object('invoked_by', 'restart_as_new', 'restarted_from', r.id));
  IF want ? 'pinned_deployment_id' AND original ? 'pinned_deployment_id' THEN
    keys := keys || '{pinned_deployment_id,pinned_service_protocol_version}'::text[];
  ELSIF r.deployment LIKE '{dp:%' THEN
    keys := keys || '{pinned_deployment_id,pinned_service_protocol_version}'::text[];
    want := want || selected(original, '{pinned_service_protocol_version}') || jsonb_build_object('pinned_deployment_id', r.deployment);
  END IF;
  -- labels that are mere numbers do not name the same in all parts of a line
  IF r.id LIKE '{inv#%' THEN
    want := want || jsonb_build_object('restarted_from', r.id);
  END IF;
  RETURN concat_ws('; ',
    differences(selected(have, keys), selected(want, keys)),
    differences(selected(have, '{view_status,journal}'), jsonb_build_object('journal', copied, 'view_status',
      CASE WHEN want ->> 'view_status' = 'pending' THEN 'pending' ELSE 'ready' END)),
    -- an Input that was kept as version 1 is rewritten by the runtime
    CASE WHEN want ? 'journal' AND NOT begins_with(want -> 'journal', replace((have -> 'journal')::text, '"0: v1 ', '"0: v2 ')::jsonb)
      THEN format('the recorded journal %s does not begin with %s', want -> 'journal', have -> 'journal') END,
    CASE WHEN have ? 'journal_size' AND (have ->> 'journal_size')::int <> jsonb_array_length(copied)
      THEN 'journal_size ' || (have ->> 'journal_size') END,
    CASE WHEN want ->> 'view_status' = 'pending' AND have ? 'running_at' THEN 'running_at of one that waits' END,
    CASE WHEN restate_partition_key_of_id(new_id) <> (SELECT restate_partition_key_of_id(i.restarted_from) FROM restate.invocation AS i WHERE i.id = new_id)
      THEN 'another partition key' END,
    CASE WHEN (SELECT n.random_seed = o.random_seed FROM restate.invocation AS n JOIN restate.invocation AS o ON o.id = n.restarted_from
      WHERE n.id = new_id) <> (coalesce(r."from", 0) > 0) THEN 'random_seed' END);
END $$;

-- What is not as recorded after a call that succeeded with this outcome.
CREATE FUNCTION wrong_effect(line jsonb, r request, id restate_invocation_id, before jsonb, outcome text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
  have CONSTANT jsonb := facts(id);
  after CONSTANT jsonb := coalesce(recorded_facts(line -> 'after'), before);
  started CONSTANT boolean := before ->> 'view_status' NOT IN ('completed', 'pending', 'scheduled');
  want jsonb;
BEGIN
  -- The runtime had already reacted to what it was asked by cancel and resume,
  -- and went on with what was untouched.
  CASE outcome
    WHEN 'unchanged', 'pausing' THEN want := CASE WHEN started THEN before ELSE after END;
    WHEN 'purged', 'removed', 'paused' THEN want := after;
    WHEN 'killed' THEN want := after;
    WHEN 'signalled' THEN
      want := before || jsonb_build_object('journal_size', (before ->> 'journal_size')::int + 1,
        'journal', before -> 'journal' || to_jsonb(format('%s: v2 Notification: Signal SignalIndex=1', jsonb_array_length(before -> 'journal'))));
    WHEN 'resumed' THEN
      want := before || selected(after, '{pinned_deployment_id,pinned_service_protocol_version}');
  END CASE;
  IF outcome = 'resumed' OR outcome = 'signalled' AND (before ->> 'view_status' = 'paused'
    OR before ->> 'view_status' = 'suspended' AND before -> 'suspended_waiting_for_signals' @> '1')
  THEN
    want := want - ARRAY['suspended_waiting_for_completions', 'suspended_waiting_for_signals']
      || '{"view_status": "ready", "status": "invoked"}';
  END IF;
  RETURN concat_ws('; ', differences(have, want),
    CASE WHEN outcome IN ('resumed', 'signalled') AND NOT begins_with(after -> 'journal', have -> 'journal')
      AND have #>> '{journal,0}' NOT LIKE '%v1%'
      THEN format('the recorded journal %s does not begin with %s', after -> 'journal', have -> 'journal') END,
    CASE WHEN outcome = 'unchanged' AND changes() <> '' THEN 'changed ' || changes() END);
END $$;

-- Makes what a line about one invocation needs: the id that it is sent for, and
-- the facts before; what is wrong with those already.
CREATE FUNCTION prepare_single(line jsonb, r request, OUT id text, OUT before jsonb, OUT wrong text) LANGUAGE plpgsql AS $$
DECLARE
  label CONSTANT text := substring(r.id FROM '\{[^}]*\}');
  good CONSTANT text := 'inv_1gVAx3ge6Eil58M0RjFbGk5lopT1TgLedX';
BEGIN
  before := recorded_facts(line -> 'before');
  IF label LIKE '{inv#%' AND r.name LIKE 'badid-%' THEN
    PERFORM name_it(label, odd_id(r.name));
  ELSIF before ->> 'exists' = 'true' THEN
    PERFORM make_recorded(label, line -> 'before', line ->> 'state');
  ELSIF label = '{inv:good}' OR r.id = good THEN
    -- nothing was recorded of it but that its journal had been purged
    PERFORM name_it('{inv:good}', good);
    PERFORM make('{inv:good}', 'Svc/steps', 'completed');
  END IF;
  id := resolved(r.id);
  IF coalesce(label, '') <> '{inv:good}' AND line ? 'before' THEN
    wrong := 'the fixture: ' || differences(facts(inv(label)), before);
  ELSIF inv('{inv:good}') IS NOT NULL THEN
    before := facts(good::restate_invocation_id);
  END IF;
  PERFORM remember();
END $$;

-- The category and the status that a line wants, and whether one of the
-- documented departures explains it, though the line does not say so itself.
CREATE FUNCTION wanted(line jsonb, r request, before jsonb, OUT category text, OUT status int, OUT departed boolean)
  LANGUAGE plpgsql STABLE AS $$
DECLARE
  label CONSTANT text := substring(r.id FROM '\{[^}]*\}');
  recorded_category CONSTANT text := coalesce(line #>> '{expect,category}', line #>> '{recorded,category}');
BEGIN
  category := CASE
    WHEN label = '{inv:good}' AND r.id <> label AND coalesce(recorded_category, '') NOT LIKE 'invalid%' THEN 'invalid_invocation_id'
    WHEN recorded_category IS NOT NULL OR r.operation <> 'delete' THEN recorded_category
    WHEN r.operation IS NULL THEN NULL
    WHEN before IS NULL OR before ->> 'exists' = 'false' THEN 'invocation_not_found'
    WHEN before ->> 'status' = 'completed' AND lower(coalesce(r.mode, 'cancel')) <> 'purge' THEN 'already_completed'
  END;
  departed := category IS DISTINCT FROM recorded_category;
  status := CASE WHEN departed THEN (SELECT c.status FROM category AS c WHERE c.name = category)
    ELSE coalesce(line #>> '{expect,status}', line #>> '{recorded,status}')::int END;
END $$;

-- What is not as recorded after an operation succeeded: result is the outcome,
-- or the new id.
CREATE FUNCTION wrong_success(line jsonb, r request, id text, before jsonb, status int, result text) RETURNS text LANGUAGE plpgsql AS $$
BEGIN
  IF r.operation = 'restart-as-new' THEN
    RETURN concat_ws('; ', CASE WHEN status <> 200 THEN 'status' END,
      wrong_restart(line, r, before, result::restate_invocation_id),
      differences(facts(id::restate_invocation_id), recorded_facts(line -> 'after')));
  END IF;
  RETURN concat_ws('; ', CASE WHEN status IS DISTINCT FROM
      (SELECT a.status FROM answer AS a WHERE a.operation = r.operation AND a.outcome = result)
    THEN format('outcome %s for a status %s', result, status) END,
    wrong_effect(line, r, id::restate_invocation_id, before, result));
END $$;

-- Replays a line about one invocation: what is not as recorded, '' if nothing.
CREATE FUNCTION replay_single(line jsonb, r request, OUT wrong text, OUT departed boolean) LANGUAGE plpgsql AS $$
DECLARE
  id text;
  before jsonb;
  result jsonb;
  want_category text;
  want_status int;
BEGIN
  SELECT p.id, p.before, p.wrong INTO id, before, wrong FROM prepare_single(line, r) AS p;
  result := call(CASE r.operation
    WHEN 'purge-journal' THEN format('restate_purge_journal(%L)', id)
    WHEN 'delete' THEN CASE WHEN r.mode IS NULL THEN format('restate_delete_invocation(%L)', id)
      ELSE format('restate_delete_invocation(%L, %L)', id, r.mode) END
    WHEN 'restart-as-new' THEN format('restate_restart_as_new(%L, %L, %L)', id, r."from", resolved(r.deployment))
    WHEN 'resume' THEN format('restate_resume(%L, %L)', id, resolved(r.deployment))
    ELSE format('restate_%s(%L)', r.operation, id)
  END);
  SELECT w.category, w.status, w.departed INTO want_category, want_status, departed FROM wanted(line, r, before) AS w;
  wrong := concat_ws('; ', wrong, CASE
    WHEN want_category IS NOT NULL THEN
      concat_ws('; ', wrong_error(result, want_category, CASE WHEN want_category NOT LIKE 'invalid\_%' THEN id ELSE '' END),
        CASE WHEN want_status <> (SELECT status FROM category WHERE name = want_category) THEN 'status ' || want_status END,
        CASE WHEN changes() <> '' THEN 'changed ' || changes() END)
    WHEN result ? 'category' THEN
      format('refused: %s', result)
    ELSE
      nullif(wrong_success(line, r, id, before, want_status, result ->> 'value'), '')
    END, nullif(broken(), ''));
END $$;

-- Makes what a line about many needs.  A label is that of a state, or a letter
-- for one in the state that is recorded.  Returns what is wrong with that.
CREATE FUNCTION prepare_batch(line jsonb, r request) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
  l text;
  template jsonb;
BEGIN
  FOR l IN SELECT DISTINCT id FROM unnest(r.ids) AS id LOOP
    SELECT c.line INTO template FROM recorded AS c
      WHERE c.line ->> 'state' = CASE
          WHEN l !~ '^\{inv:[a-z]\}$' THEN substring(l FROM '^\{inv:(.*)\}')
          WHEN r.operation = 'restart-as-new' THEN 'completed-success (pinned dp:A, latest dp:B)'
          ELSE 'suspended' END
        AND c.line -> 'before' ->> 'exists' = 'true'
      ORDER BY c.n LIMIT 1;
    IF template IS NOT NULL THEN
      PERFORM make_recorded(l, template -> 'before', template ->> 'state');
    ELSIF l NOT LIKE '{inv:unknown}%' THEN
      RETURN 'no fixture for ' || l;
    END IF;
  END LOOP;
  PERFORM remember();
  RETURN NULL;
END $$;

-- What is not as recorded of the ids, in their order, that succeeded and failed.
CREATE FUNCTION wrong_batch(line jsonb, r request, succeeded jsonb, failed jsonb) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
  want CONSTANT jsonb := line #> '{recorded,body}';
BEGIN
  IF want ? 'failed_len' THEN
    RETURN concat_ws('; ', differences(
      jsonb_build_object('succeeded_len', jsonb_array_length(succeeded), 'failed_len', jsonb_array_length(failed)),
      want - 'first_failed'), nullif(broken(), ''));
  END IF;
  RETURN concat_ws('; ', differences(
      jsonb_build_object('succeeded', succeeded, 'failed', failed),
      jsonb_build_object(
        'succeeded', (SELECT coalesce(jsonb_agg(coalesce(s ->> 'old_invocation_id', s #>> '{}') ORDER BY n), '[]')
          FROM jsonb_array_elements(want -> 'succeeded') WITH ORDINALITY AS t (s, n)),
        'failed', (SELECT coalesce(jsonb_agg(f ->> 'invocation_id' ORDER BY n), '[]')
          FROM jsonb_array_elements(want -> 'failed') WITH ORDINALITY AS t (f, n)))),
    CASE WHEN r.operation = 'restart-as-new' AND (SELECT count(*) FROM restate.invocation WHERE restarted_from IS NOT NULL)
      <> jsonb_array_length(succeeded) THEN 'another number of restarts' END,
    nullif(broken(), ''));
END $$;

-- Replays a line about many.
CREATE FUNCTION replay_batch(line jsonb, r request) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
  result jsonb;
  have_succeeded jsonb;
  have_failed jsonb;
  wrong text := prepare_batch(line, r);
BEGIN
  IF wrong IS NOT NULL THEN
    RETURN wrong;
  END IF;
  result := call(format('SELECT coalesce(jsonb_agg(to_jsonb(b) ORDER BY b.ordinality), ''[]'') FROM restate_%s_batch(%L%s) AS b',
    replace(r.operation, '-', '_'), ARRAY(SELECT resolved(id) FROM unnest(r.ids) AS id),
    CASE WHEN r.deployment IS NOT NULL THEN format(', deployment => %L', resolved(r.deployment)) END));
  IF result ? 'category' THEN
    -- ids are cast before the call: what follows one is refused there
    RETURN concat_ws('; ', wrong_error(result, CASE WHEN r.ids && '{"{inv:unknown}zzz"}' THEN 'invalid_invocation_id'
        ELSE line #>> '{recorded,category}' END),
      CASE WHEN changes() <> '' THEN 'changed ' || changes() END);
  ELSIF line #>> '{recorded,category}' IS NOT NULL THEN
    RETURN 'not refused';
  END IF;
  SELECT coalesce(jsonb_agg(labelled(b ->> 'id') ORDER BY n) FILTER (WHERE b ->> 'ok' = 'true'), '[]'),
      coalesce(jsonb_agg(labelled(b ->> 'id') ORDER BY n) FILTER (WHERE b ->> 'ok' = 'false'
        AND (SELECT count(*) FROM category WHERE name = b ->> 'category') = 1
        AND position(b ->> 'id' IN b ->> 'message') > 0), '[]')
    INTO have_succeeded, have_failed
    FROM jsonb_array_elements((result ->> 'value')::jsonb) WITH ORDINALITY AS t (b, n);
  RETURN wrong_batch(line, r, have_succeeded, have_failed);
END $$;

-- Replays a line, and takes back all that it did.
CREATE FUNCTION replay(line jsonb, r request, OUT wrong text, OUT departed boolean) LANGUAGE plpgsql AS $$
BEGIN
  PERFORM deploy_recorded(line);
  IF r.batch THEN
    wrong := replay_batch(line, r);
    departed := r.ids && '{"{inv:unknown}zzz"}';
  ELSE
    SELECT * INTO wrong, departed FROM replay_single(line, r);
  END IF;
  RAISE EXCEPTION USING ERRCODE = 'UNDO0';
EXCEPTION
  WHEN SQLSTATE 'UNDO0' THEN NULL;
  WHEN OTHERS THEN wrong := 'the replay failed: ' || SQLERRM;
END $$;
