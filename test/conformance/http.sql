-- Replays recorded exchanges over HTTP, one after the other: prepare_case()
-- makes the fixtures of one and says what to send, the caller commits, sends it
-- and hands the answer to wrong_answer().  Included after replay.sql.

CREATE TABLE prepared (n int, id text, before jsonb, wrong text);

-- Registers the deployments and services that were listed.
CREATE FUNCTION register_recorded() RETURNS void LANGUAGE plpgsql AS $$
DECLARE
  deployments CONSTANT jsonb := (SELECT resolved(line #>> '{recorded,body,deployments}') FROM recorded WHERE line ->> 'case' = 'get-deployments');
  services CONSTANT jsonb := (SELECT resolved(line #>> '{recorded,body,services}') FROM recorded WHERE line ->> 'case' = 'get-services');
BEGIN
  INSERT INTO restate.deployment (id, ty, endpoint, created_at, min_service_protocol_version, max_service_protocol_version, sdk_version, http_version)
    SELECT (d ->> 'id')::restate_deployment_id, 'http', d ->> 'uri', now() - n * interval '1 s', (d ->> 'min_protocol_version')::int,
      (d ->> 'max_protocol_version')::int, d ->> 'sdk_version', d ->> 'http_version'
    FROM jsonb_array_elements(deployments) WITH ORDINALITY AS t (d, n);
  INSERT INTO restate.service_revision (service_name, revision, deployment_id, ty, public, handlers, idempotency_retention,
      journal_retention, workflow_completion_retention, settings)
    SELECT r ->> 'name', (r ->> 'revision')::bigint, (d ->> 'id')::restate_deployment_id,
      CASE s ->> 'ty' WHEN 'Service' THEN 'service' WHEN 'VirtualObject' THEN 'virtual_object' ELSE 'workflow' END,
      (s ->> 'public')::boolean, s -> 'handlers', (s ->> 'idempotency_retention')::interval, (s ->> 'journal_retention')::interval,
      (s ->> 'workflow_completion_retention')::interval,
      s - '{name,ty,public,handlers,deployment_id,revision,idempotency_retention,journal_retention,workflow_completion_retention}'::text[]
    FROM jsonb_array_elements(deployments) AS d
    CROSS JOIN LATERAL jsonb_array_elements(d -> 'services') AS r
    JOIN jsonb_array_elements(services) AS s ON s ->> 'name' = r ->> 'name';
END $$;

-- Makes the tables hold what the line needs, and nothing else; returns what is
-- to be sent.
CREATE FUNCTION prepare_case(number int) RETURNS jsonb LANGUAGE plpgsql AS $$
DECLARE
  line CONSTANT jsonb := (SELECT c.line FROM recorded AS c WHERE c.n = number);
  r CONSTANT request := (SELECT q FROM request AS q WHERE q.n = number);
  p prepared;
  t text;
BEGIN
  DELETE FROM prepared;
  DELETE FROM label;
  FOREACH t IN ARRAY '{audit,journal_event,journal,invocation,object_state,promise,object_key,service_revision,deployment}'::text[] LOOP
    EXECUTE format('DELETE FROM restate.%I', t);
  END LOOP;
  p.n := number;
  IF line ->> 'case' IN ('get-deployments', 'get-services') THEN
    PERFORM register_recorded(), remember();
  ELSE
    PERFORM deploy_recorded(line);
    IF r.batch THEN
      p.wrong := prepare_batch(line, r);
    ELSE
      SELECT s.id, s.before, s.wrong INTO p.id, p.before, p.wrong FROM prepare_single(line, r) AS s;
    END IF;
  END IF;
  INSERT INTO prepared SELECT p.*;
  RETURN jsonb_build_object(
    'path', resolved(line #>> '{request,path}'),
    'query', resolved(line #>> '{request,query}'),
    'body', CASE WHEN jsonb_typeof(line #> '{request,body}') = 'string' THEN line #>> '{request,body}'
      ELSE resolved((line #> '{request,body}')::text) END,
    'unknown', resolved('{inv:unknown}'));
END $$;

-- What is wrong with the answer and with what happened; '' if nothing.  body is
-- null where there was none.
CREATE FUNCTION wrong_answer(status int, body jsonb) RETURNS text LANGUAGE plpgsql AS $$
#variable_conflict use_variable
DECLARE
  p CONSTANT prepared := (SELECT q FROM prepared AS q);
  line CONSTANT jsonb := (SELECT c.line FROM recorded AS c WHERE c.n = p.n);
  r CONSTANT request := (SELECT q FROM request AS q WHERE q.n = p.n);
  want_category text;
  want_status int;
BEGIN
  SELECT w.category, w.status INTO want_category, want_status FROM wanted(line, r, p.before) AS w;
  IF r.batch AND r.ids && '{"{inv:unknown}zzz"}' THEN
    -- an id is exactly its characters
    want_category := 'invalid_body';
    want_status := 422;
  END IF;
  RETURN concat_ws('; ', p.wrong,
    CASE WHEN status <> want_status THEN format('status %s, want %s', status, want_status) END,
    CASE WHEN want_category IS DISTINCT FROM body ->> 'restate_code' AND line #>> '{request,method}' <> 'HEAD'
      THEN format('category %s, want %s', body ->> 'restate_code', want_category) END,
    nullif(CASE
      WHEN want_category IS NOT NULL OR r.operation IS NULL OR status >= 300 THEN
        concat_ws('; ', CASE WHEN changes() <> '' THEN 'changed ' || changes() END,
          CASE WHEN want_category = (SELECT c.name FROM category AS c WHERE c.name = want_category AND c.name NOT LIKE 'invalid\_%')
              AND position(p.id IN body ->> 'message') = 0
            THEN 'the message lacks the id: ' || (body ->> 'message') END)
      WHEN r.batch THEN
        wrong_batch(line, r,
          (SELECT coalesce(jsonb_agg(labelled(coalesce(s ->> 'old_invocation_id', s #>> '{}')) ORDER BY n), '[]')
            FROM jsonb_array_elements(body -> 'succeeded') WITH ORDINALITY AS t (s, n)),
          (SELECT coalesce(jsonb_agg(labelled(f ->> 'invocation_id') ORDER BY n)
              FILTER (WHERE position(f ->> 'invocation_id' IN f ->> 'error') > 0), '[]')
            FROM jsonb_array_elements(body -> 'failed') WITH ORDINALITY AS t (f, n)))
      WHEN r.operation = 'restart-as-new' THEN
        wrong_success(line, r, p.id, p.before, status, body ->> 'new_invocation_id')
      ELSE
        -- what was done is in the audit, but for nothing
        wrong_success(line, r, p.id, p.before, status, coalesce(
          (SELECT a.outcome FROM restate.audit AS a WHERE a.id = p.id::restate_invocation_id AND a.caused_by IS NULL), 'unchanged'))
    END, ''),
    nullif(broken(), ''));
END $$;
