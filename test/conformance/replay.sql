-- Replays recorded exchanges in SQL.  Included after world.sql and rules.sql,
-- which says what is compared; the recorded lines stand in the table recorded
-- (n, line).

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

-- What a recorded line asks for.
CREATE FUNCTION understood(n int, line jsonb) RETURNS request LANGUAGE plpgsql AS $$
DECLARE
  r request;
  method CONSTANT text := line #>> '{request,method}';
  path CONSTANT text := regexp_replace(split_part(line #>> '{request,path}', '?', 1), '^(http://[^/]*)?(/v[23](?=/))?', '');
  query CONSTANT text := coalesce(line #>> '{request,query}', substring(line #>> '{request,path}' FROM '\?(.*)$'));
  body CONSTANT jsonb := line #> '{request,body}';
  part text[];
BEGIN
  r.n := n;
  r.name := line ->> 'case';
  r.batch := false;
  r.parameters := '{}';

  part := regexp_match(path, '^/internal/invocations_batch_operations/([a-z-]+)$');
  IF method = 'POST' AND part[1] IN (SELECT operation FROM answer WHERE operation <> 'delete') THEN
    r.batch := true;
    r.operation := part[1];
    IF jsonb_typeof(body) = 'string' THEN
      -- recorded in short
      r.ids := (SELECT array_agg('{inv:unknown}'::text) FROM generate_series(1, substring(body #>> '{}' FROM '^(\d+) x unknown id')::int));
    ELSIF jsonb_typeof(body -> 'invocation_ids') = 'array' AND NOT body @? '$.invocation_ids[*] ? (@.type() != "string")'
      AND coalesce(jsonb_typeof(body -> 'deployment'), 'null') IN ('string', 'null')
    THEN
      r.ids := ARRAY(SELECT jsonb_array_elements_text(body -> 'invocation_ids'));
      r.deployment := body ->> 'deployment';
    END IF;
    r.not_in_sql := not_in_sql(line, r);
    RETURN r;
  END IF;

  part := regexp_match(path, '^/invocations/([^/\s]*)(?:/([a-z-]+))?$');
  IF part IS NOT NULL AND method = (CASE WHEN part[2] IS NULL THEN 'DELETE' ELSE 'PATCH' END)
    AND part <> '{"",NULL}' AND coalesce(part[2], 'delete') IN (SELECT operation FROM answer WHERE part[2] IS DISTINCT FROM 'delete')
  THEN
    r.operation := coalesce(part[2], 'delete');
    r.id := percent_decoded(part[1]);
    r.parameters := (SELECT coalesce(jsonb_object_agg(p.key, p.values), '{}') FROM (
      SELECT key, jsonb_agg(value) FROM query_parameters(query)
      WHERE key = ANY (CASE r.operation WHEN 'delete' THEN '{mode}' WHEN 'restart-as-new' THEN '{from,deployment}'
        WHEN 'resume' THEN '{deployment}' ELSE '{}' END::text[])
      GROUP BY key) AS p (key, values));
    r.mode := r.parameters #>> '{mode,0}';
    r."from" := substring(r.parameters #>> '{from,0}' FROM '^(?!-0$)[+-]?\d{1,17}$')::bigint;
    r.deployment := r.parameters #>> '{deployment,0}';
  END IF;
  r.not_in_sql := not_in_sql(line, r);
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

-- An id that was recorded by the number of its label alone, though nothing is
-- known of it: one at a bound, or, where it was refused as malformed, one that
-- has the right form and too large a number.
CREATE FUNCTION odd_id(label text, malformed boolean) RETURNS text LANGUAGE sql IMMUTABLE AS $$
  WITH bound (pk, uuid) AS (VALUES (2::numeric ^ 64, 2::numeric ^ 128))
  SELECT 'inv_1' || CASE WHEN malformed THEN (ARRAY[
        base62(pk, 11) || base62(1, 22), base62(1, 11) || base62(uuid, 22), repeat('Z', 11) || base62(1, 22),
        base62(1, 11) || repeat('Z', 22), repeat('Z', 33), repeat('z', 33)])[1 + number % 6]
      ELSE (ARRAY[base62(pk - 1, 11) || base62(uuid - 1, 22), repeat('0', 33), base62(pk - 1, 11) || base62(0, 22)])[1 + number % 3] END
  FROM bound, (SELECT substring(label FROM '\d+')::int) AS l (number)
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
  PERFORM make(label, target, facts ->> 'view_status', resolved(facts::text)::jsonb
    || CASE WHEN state ~ 'shared handler' THEN '{"target_handler_ty": "shared"}' ELSE '{}' END::jsonb);
END $$;

-- Registers the deployments that the recording names by their labels, with its
-- services and the one of this line.
CREATE FUNCTION deploy_recorded(line jsonb) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
  gone CONSTANT boolean := line ->> 'state' LIKE '%no deployment serves%';
  service CONSTANT text := split_part(line #>> '{before,target}', '/', 1);
  services text[] := '{Svc,Obj,Wf}';
BEGIN
  IF service <> ALL (services || '{OldSvc}'::text[]) THEN
    services := services || service;
  END IF;
  PERFORM deploy('{dp:A}', '[5,8)', services), deploy('{dp:B}', '[5,8)', services), deploy('{dp:DEAD}', '[5,8)'),
    deploy('{dp:V5}', '[5,6)', CASE WHEN gone THEN '{}' ELSE '{OldSvc}'::text[] END);
  -- one that also serves the old service, where a newer one was recorded
  IF NOT gone AND (line::text LIKE '%{dp:OldNew}%' OR line::text LIKE '%{dp:TMP}%') THEN
    PERFORM deploy('{dp:OldNew}', '[5,8)', '{OldSvc}');
  END IF;
  -- {dp:TMP} and {dp:unknown} are not registered
END $$;

-- the replay

-- Makes what a line about one invocation needs: the id that it is sent for, and
-- the facts before; what is wrong with those already.
CREATE FUNCTION prepare_single(line jsonb, r request, OUT id text, OUT before jsonb, OUT wrong text) LANGUAGE plpgsql AS $$
DECLARE
  label CONSTANT text := substring(r.id FROM '\{[^}]*\}');
  -- the recording has it by its id and by this label, though without facts: it
  -- had completed and its journal had been purged
  good_label CONSTANT text := '{inv:good}';
  good CONSTANT text := 'inv_1gVAx3ge6Eil58M0RjFbGk5lopT1TgLedX';
BEGIN
  before := recorded_facts(line -> 'before');
  IF before ->> 'exists' = 'true' THEN
    PERFORM make_recorded(label, line -> 'before', line ->> 'state');
  ELSIF label = good_label OR starts_with(r.id, good) THEN
    PERFORM name_it(good_label, good), make(good_label, 'Svc/steps', 'completed');
    before := facts(good::restate_invocation_id);
  ELSIF label LIKE '{inv#%' THEN
    PERFORM name_it(label, odd_id(label, coalesce(line #>> '{expect,category}', line #>> '{recorded,category}') = 'invalid_invocation_id'));
  END IF;
  id := resolved(r.id);
  IF line ? 'before' THEN
    wrong := 'the fixture: ' || differences(facts(id::restate_invocation_id), before);
  END IF;
  PERFORM remember();
END $$;

-- What is not as recorded after an operation succeeded: outcome is what it
-- returned, or "restarted".
CREATE FUNCTION wrong_success(line jsonb, r request, id text, before jsonb, outcome text, new_id text) RETURNS text LANGUAGE sql AS $$
  SELECT CASE WHEN outcome = 'restarted' THEN
      concat_ws('; ', nullif(wrong_restart(line, r, before, new_id::restate_invocation_id), ''),
        nullif(wrong_after(facts(id::restate_invocation_id), coalesce(recorded_facts(line -> 'after'), before)), ''))
    ELSE wrong_effect(line, r, id::restate_invocation_id, before, outcome) END
$$;

-- What is not as recorded after a request was refused: nothing is to have changed.
CREATE FUNCTION wrong_refusal(line jsonb, id text) RETURNS text LANGUAGE sql AS $$
  SELECT concat_ws('; ', 'changed ' || nullif(changes(), ''),
    CASE WHEN line ? 'after' THEN nullif(wrong_after(facts(id::restate_invocation_id), recorded_facts(line -> 'after')), '') END)
$$;

-- Replays a line about one invocation: what is not as recorded, '' if nothing.
CREATE FUNCTION replay_single(line jsonb, r request, OUT wrong text, OUT departed boolean) LANGUAGE plpgsql AS $$
DECLARE
  id text;
  before jsonb;
  result jsonb;
  want jsonb;
  outcome text;
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
  want := wanted(line, r, before);
  departed := want ? 'departed';
  outcome := CASE WHEN r.operation = 'restart-as-new' THEN 'restarted' ELSE result ->> 'value' END;
  wrong := concat_ws('; ', wrong, differences(answer_of(r, result, outcome), want - 'departed'), nullif(CASE
    WHEN want ->> 'category' IS NOT NULL THEN
      concat_ws('; ', wrong_error(result, want ->> 'category', CASE WHEN want ->> 'category' NOT LIKE 'invalid\_%' THEN id ELSE '' END),
        nullif(wrong_refusal(line, id), ''))
    WHEN result ? 'category' THEN format('refused: %s', result)
    ELSE wrong_success(line, r, id, before, outcome, result ->> 'value')
    END, ''), nullif(broken(), ''));
END $$;

-- What stands for an invocation in a state that the recording has no facts of.
CREATE FUNCTION typical(state text) RETURNS jsonb LANGUAGE sql IMMUTABLE AS $$
  SELECT jsonb_build_object('state', state, 'before', jsonb_build_object('exists', true,
      'target', CASE WHEN state LIKE 'workflow%' THEN 'Wf/typical/run' WHEN state LIKE 'object%' OR s = 'pending' THEN 'Obj/typical/steps' ELSE 'Svc/steps' END,
      'view_status', s, 'invoked_by', 'ingress',
      'journal', CASE WHEN s IN ('pending', 'scheduled') OR state ~ 'no-journal|purged' THEN '[]' ELSE '["0: v2 Command: Input"]' END::jsonb)
    || CASE WHEN s NOT IN ('pending', 'scheduled') THEN '{"pinned_deployment_id": "{dp:A}", "pinned_service_protocol_version": 6}' ELSE '{}' END::jsonb
    || CASE WHEN s = 'suspended' THEN '{"suspended_waiting_for_completions": [], "suspended_waiting_for_signals": [1]}' ELSE '{}' END::jsonb
    || CASE WHEN s = 'scheduled' THEN '{"scheduled_start_at": true}' ELSE '{}' END::jsonb)
  FROM (SELECT CASE substring(state FROM 'completed|running|backing-off|paused|suspended|scheduled|inboxed')
      WHEN 'inboxed' THEN 'pending' ELSE substring(state FROM 'completed|running|backing-off|paused|suspended|scheduled') END) AS t (s)
  WHERE s IS NOT NULL
$$;

-- Makes what a line about many needs.  A label is that of a state, or a letter
-- for one in the state that is recorded; if that names none, in one that the
-- operation is for.
CREATE FUNCTION prepare_batch(line jsonb, r request) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
  l text;
  template jsonb;
  state text;
BEGIN
  FOR l IN SELECT DISTINCT m[1] FROM regexp_matches(line #>> '{request,body}', '(\{inv:[^{}"]*\})', 'g') AS m LOOP
    CONTINUE WHEN l = '{inv:unknown}';
    state := CASE WHEN l ~ '^\{inv:[a-z]\}$' THEN line ->> 'state' ELSE substring(l FROM '^\{inv:(.*)\}') END;
    SELECT c.line INTO template FROM recorded AS c
      WHERE c.line #>> '{before,exists}' = 'true' AND (c.line ->> 'state' = state
        OR state = 'completed' AND c.line ->> 'state' LIKE 'completed-success%' AND c.line #>> '{before,pinned_deployment_id}' = '{dp:A}')
      ORDER BY c.line ->> 'state' <> state, c.n LIMIT 1;
    template := coalesce(template, typical(state),
      typical(CASE WHEN r.operation IN ('restart-as-new', 'purge', 'purge-journal') THEN 'completed' ELSE 'suspended' END));
    PERFORM make_recorded(l, template -> 'before', template ->> 'state');
  END LOOP;
  PERFORM remember();
END $$;

-- What is not as recorded of a batch's answer, its ids labelled.
CREATE FUNCTION wrong_batch(line jsonb, r request, answer jsonb) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
  want CONSTANT jsonb := line #> '{recorded,body}';
  restarted CONSTANT restate_invocation_id[] := CASE WHEN r.operation = 'restart-as-new' THEN
    ARRAY(SELECT inv(s ->> 'old_invocation_id') FROM jsonb_array_elements(answer -> 'succeeded') AS s) END;
BEGIN
  RETURN concat_ws('; ', differences(comparable_lists(CASE WHEN want ? 'failed_len' THEN jsonb_build_object(
        'succeeded_len', jsonb_array_length(answer -> 'succeeded'), 'failed_len', jsonb_array_length(answer -> 'failed'),
        'first_failed', answer #> '{failed,0}')
      ELSE answer END), comparable_lists(want)),
    (SELECT 'the error lacks the id: ' || (f ->> 'error') FROM jsonb_array_elements(answer -> 'failed') AS f
      WHERE position(f ->> 'invocation_id' IN f ->> 'error') = 0 LIMIT 1),
    CASE WHEN (SELECT count(*) FROM restate.invocation AS i WHERE i.restarted_from = ANY (restarted)) <> jsonb_array_length(answer -> 'succeeded')
        AND r.operation = 'restart-as-new'
      THEN 'another number of restarts' END);
END $$;

-- Replays a line about many.
CREATE FUNCTION replay_batch(line jsonb, r request, OUT wrong text, OUT departed boolean) LANGUAGE plpgsql AS $$
DECLARE
  result jsonb;
  want CONSTANT jsonb := wanted(line, r, NULL);
BEGIN
  departed := want ? 'departed';
  PERFORM prepare_batch(line, r);
  result := call(format('SELECT coalesce(jsonb_agg(to_jsonb(b) ORDER BY b.ordinality), ''[]'') FROM restate_%s_batch(%L%s) AS b',
    replace(r.operation, '-', '_'), ARRAY(SELECT resolved(id) FROM unnest(r.ids) AS id),
    CASE WHEN r.deployment IS NOT NULL THEN format(', deployment => %L', resolved(r.deployment)) END));
  wrong := concat_ws('; ', differences(answer_of(r, result, NULL), want - 'departed'), nullif(CASE
    WHEN want ->> 'category' IS NOT NULL THEN
      -- the whole call is refused for an id or a deployment
      concat_ws('; ', wrong_error(result, CASE want ->> 'category' WHEN 'invalid_body' THEN 'invalid_invocation_id' ELSE want ->> 'category' END),
        'changed ' || nullif(changes(), ''))
    WHEN result ? 'category' THEN format('refused: %s', result)
    ELSE (SELECT concat_ws('; ', nullif(wrong_batch(line, r, jsonb_build_object(
          'succeeded', coalesce(jsonb_agg(CASE WHEN b ? 'new_id' AND b ->> 'new_id' IS NOT NULL
              THEN jsonb_build_object('old_invocation_id', labelled(b ->> 'id'), 'new_invocation_id', b -> 'new_id')
              ELSE to_jsonb(labelled(b ->> 'id')) END ORDER BY n) FILTER (WHERE b ->> 'ok' = 'true'), '[]'),
          'failed', coalesce(jsonb_agg(jsonb_build_object('invocation_id', labelled(b ->> 'id'), 'error', labelled(b ->> 'message'))
              ORDER BY n) FILTER (WHERE b ->> 'ok' = 'false'), '[]'))), ''),
          string_agg('unknown category ' || coalesce(b ->> 'category', 'null'), '; ')
            FILTER (WHERE b ->> 'ok' = 'false' AND b ->> 'category' NOT IN (SELECT c.name FROM category AS c)))
      FROM jsonb_array_elements((result ->> 'value')::jsonb) WITH ORDINALITY AS t (b, n))
    END, ''), nullif(broken(), ''));
END $$;

-- Replays a line, and takes back all that it did.
CREATE FUNCTION replay(line jsonb, r request, OUT wrong text, OUT departed boolean) LANGUAGE plpgsql AS $$
BEGIN
  PERFORM deploy_recorded(line);
  IF r.batch THEN
    SELECT * INTO wrong, departed FROM replay_batch(line, r);
  ELSE
    SELECT * INTO wrong, departed FROM replay_single(line, r);
  END IF;
  RAISE EXCEPTION USING ERRCODE = 'UNDO0';
EXCEPTION
  WHEN SQLSTATE 'UNDO0' THEN NULL;
  WHEN OTHERS THEN wrong := 'the replay failed: ' || SQLERRM;
END $$;
