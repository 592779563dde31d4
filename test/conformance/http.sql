-- Replays recorded exchanges over HTTP, one after the other: prepare_case()
-- makes the fixtures of one and says what to send, the caller commits, sends it
-- and hands the answer to wrong_answer().  Included after replay.sql.

CREATE TABLE prepared (n int, id text, before jsonb, wrong text);

-- Whether a line tells of deployments or services.
CREATE FUNCTION tells_of(line jsonb, what text) RETURNS boolean LANGUAGE sql IMMUTABLE AS $$
  SELECT line #>> '{request,path}' ~ ('^(/v[23])?/(' || what || ')(/[^/]+)?$') AND line #>> '{request,method}' = 'GET'
    AND jsonb_typeof(line #> '{recorded,body}') = 'object'
$$;

-- Those that lines tell of: all, where a line lists them, or the one.
CREATE FUNCTION told_of(what text) RETURNS jsonb LANGUAGE sql AS $$
  SELECT resolved(coalesce(line #> ARRAY['recorded', 'body', what], jsonb_build_array(line #> '{recorded,body}'))::text)::jsonb
  FROM recorded WHERE tells_of(line, what) ORDER BY line #> '{recorded,body}' ? what DESC, n LIMIT 1
$$;

-- Registers the deployments and services that were recorded, what is told of in
-- one of them alone with what that says of the other.
CREATE FUNCTION register_recorded() RETURNS void LANGUAGE plpgsql AS $$
DECLARE
  services CONSTANT jsonb := coalesce(told_of('services'), '[]');
  deployments CONSTANT jsonb := coalesce(told_of('deployments'),
    (SELECT jsonb_agg(jsonb_build_object('id', d.id, 'uri', 'http://unknown/', 'min_protocol_version', 5, 'max_protocol_version', 6, 'services', d.services))
      FROM (SELECT s ->> 'deployment_id', jsonb_agg(jsonb_build_object('name', s -> 'name', 'revision', s -> 'revision'))
        FROM jsonb_array_elements(services) AS s GROUP BY 1) AS d (id, services)));
BEGIN
  INSERT INTO restate.deployment (id, ty, endpoint, created_at, min_service_protocol_version, max_service_protocol_version, sdk_version, http_version)
    SELECT (d ->> 'id')::restate_deployment_id, 'http', d ->> 'uri', now() - n * interval '1 s', (d ->> 'min_protocol_version')::int,
      (d ->> 'max_protocol_version')::int, d ->> 'sdk_version', d ->> 'http_version'
    FROM jsonb_array_elements(deployments) WITH ORDINALITY AS t (d, n);
  INSERT INTO restate.service_revision (service_name, revision, deployment_id, ty, public, handlers, idempotency_retention,
      journal_retention, workflow_completion_retention, settings)
    SELECT r ->> 'name', (r ->> 'revision')::bigint, (d ->> 'id')::restate_deployment_id,
      CASE s ->> 'ty' WHEN 'VirtualObject' THEN 'virtual_object' WHEN 'Workflow' THEN 'workflow' ELSE 'service' END,
      coalesce((s ->> 'public')::boolean, true), coalesce(s -> 'handlers', '[]'), (s ->> 'idempotency_retention')::interval, (s ->> 'journal_retention')::interval,
      (s ->> 'workflow_completion_retention')::interval,
      coalesce(s - '{name,ty,public,handlers,deployment_id,revision,idempotency_retention,journal_retention,workflow_completion_retention}'::text[], '{}')
    FROM jsonb_array_elements(deployments) AS d
    CROSS JOIN LATERAL jsonb_array_elements(d -> 'services') AS r
    LEFT JOIN jsonb_array_elements(services) AS s ON s ->> 'name' = r ->> 'name';
END $$;

-- Makes the tables hold what the line needs, and nothing else; returns what is
-- to be sent, or what is wrong if there cannot be such tables.
CREATE FUNCTION prepare_case(number int) RETURNS jsonb LANGUAGE plpgsql AS $$
DECLARE
  line CONSTANT jsonb := (SELECT c.line FROM recorded AS c WHERE c.n = number);
  r CONSTANT request := (SELECT q FROM request AS q WHERE q.n = number);
  p prepared;
  t text;
BEGIN
  DELETE FROM prepared;
  DELETE FROM label;
  FOREACH t IN ARRAY '{runnable,timer,waiter,audit,journal_event,journal,invocation,object_state,promise,object_key,service_revision,deployment}'::text[] LOOP
    EXECUTE format('DELETE FROM restate.%I', t);
  END LOOP;
  p.n := number;
  BEGIN
    IF tells_of(line, 'deployments|services') THEN
      PERFORM register_recorded(), remember();
    ELSE
      PERFORM deploy_recorded(line);
      IF r.batch THEN
        PERFORM prepare_batch(line, r);
      ELSE
        SELECT s.id, s.before, s.wrong INTO p.id, p.before, p.wrong FROM prepare_single(line, r) AS s;
      END IF;
    END IF;
  EXCEPTION WHEN OTHERS THEN
    RETURN jsonb_build_object('wrong', 'the fixture: ' || SQLERRM);
  END;
  INSERT INTO prepared SELECT p.*;
  RETURN jsonb_build_object(
    'path', resolved(line #>> '{request,path}'),
    'query', resolved(line #>> '{request,query}'),
    'body', CASE WHEN jsonb_typeof(line #> '{request,body}') = 'string' THEN line #>> '{request,body}'
      ELSE resolved((line #> '{request,body}')::text) END,
    'unknown', resolved('{inv:unknown}'));
END $$;

-- What is wrong with the answer and with what happened; '' if nothing.  answer:
-- status, content_type, and body, null where there was none.
CREATE FUNCTION wrong_answer(answer jsonb) RETURNS text LANGUAGE plpgsql AS $$
#variable_conflict use_variable
DECLARE
  p CONSTANT prepared := (SELECT q FROM prepared AS q);
  line CONSTANT jsonb := (SELECT c.line FROM recorded AS c WHERE c.n = p.n);
  r CONSTANT request := (SELECT q FROM request AS q WHERE q.n = p.n);
  body CONSTANT jsonb := nullif(answer -> 'body', 'null');
  want jsonb := wanted(line, r, p.before) - 'departed';
  have jsonb := answer - 'body' || jsonb_build_object('category', body -> 'restate_code', 'keys', sorted_keys(body));
BEGIN
  -- of HEAD there are only the headers
  IF line #>> '{request,method}' = 'HEAD' THEN
    have := have - '{category,keys}'::text[];
    want := want - '{category,keys}'::text[];
  END IF;
  RETURN concat_ws('; ', p.wrong, differences(have, want), nullif(CASE
      WHEN want ->> 'category' IS NOT NULL OR r.operation IS NULL OR (answer ->> 'status')::int >= 300 THEN
        concat_ws('; ', CASE WHEN r.batch OR r.operation IS NULL THEN 'changed ' || nullif(changes(), '') ELSE nullif(wrong_refusal(line, p.id), '') END,
          CASE WHEN NOT r.batch AND want ->> 'category' IN (SELECT c.name FROM category AS c WHERE c.name NOT LIKE 'invalid\_%')
              AND position(p.id IN body ->> 'message') = 0
            THEN 'the message lacks the id: ' || (body ->> 'message') END)
      WHEN r.batch THEN wrong_batch(line, r, labelled(body::text)::jsonb)
      WHEN r.operation = 'restart-as-new' THEN
        wrong_success(line, r, p.id, p.before, 'restarted', body ->> 'new_invocation_id')
      ELSE
        -- what was done is in the audit, but for nothing
        wrong_success(line, r, p.id, p.before, coalesce(
          (SELECT a.outcome FROM restate.audit AS a WHERE a.id = p.id::restate_invocation_id AND a.caused_by IS NULL), 'unchanged'), NULL)
    END, ''),
    nullif(broken(), ''));
EXCEPTION WHEN OTHERS THEN
  RETURN 'it cannot be compared: ' || SQLERRM;
END $$;
