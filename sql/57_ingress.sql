-- The ingress: what requests over HTTP ask for that call handlers, or wait for results.
-- Each is one call, which decides and returns the answer, or that it is to be waited for.

CREATE FUNCTION restate.submit_awaited(
    service text, handler text, input bytea, key text, headers jsonb, idempotency_key text, run_at timestamptz,
    claim_for text, awaited_by text, runs_on restate_deployment_id[],
    OUT id restate_invocation_id, OUT outcome text, OUT attempt bigint, OUT random_seed bigint,
    OUT made_ready boolean, OUT deployment restate_deployment_id, OUT protocol_version integer)
  LANGUAGE C VOLATILE CALLED ON NULL INPUT SECURITY DEFINER PARALLEL UNSAFE
  AS 'MODULE_PATHNAME', 'restate_submit_awaited';
REVOKE ALL ON FUNCTION restate.submit_awaited(text, text, bytea, text, jsonb, text, timestamptz, text, text, restate_deployment_id[]) FROM PUBLIC;
COMMENT ON FUNCTION restate.submit_awaited(text, text, bytea, text, jsonb, text, timestamptz, text, text, restate_deployment_id[]) IS
'As restate_submit(), for restate_ingress_submit(). awaited_by: the gateway at which a request waits for the result; null: none. runs_on: the deployments that claim_for runs handlers of; null: any. random_seed: of the invocation, if it is new. made_ready: it is new and can be claimed. deployment, protocol_version: of the attempt.';

CREATE FUNCTION restate_ingress_channel(gateway text) RETURNS text
  LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
  RETURN 'restate_ingress_' || md5(gateway);
COMMENT ON FUNCTION restate_ingress_channel(text) IS
'The channel to LISTEN on for the results that requests of a gateway wait for. The payload of a notification is the id of the invocation that has completed: restate_ingress_results() has the result. gateway: its name. Null: null.';

-- what is in a request

CREATE FUNCTION restate.delay_of(delay text) RETURNS interval
  LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE
  SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
  iso CONSTANT text[] := regexp_match(delay, '^[+]?P(?:([0-9]+)W)?(?:([0-9]+)D)?(?:T(?=[0-9])(?:([0-9]+(?:[.,][0-9]+(?=H$))?)H)?(?:([0-9]+(?:[.,][0-9]+(?=M$))?)M)?(?:([0-9]+(?:[.,][0-9]+)?)S)?)?$', 'i');
  seconds_of CONSTANT numeric[] := '{604800, 86400, 3600, 60, 1, 0.001, 0.000001, 0.000000001}';
  units CONSTANT text[] := ARRAY['w(?:(?:ee)?ks?)?', 'd(?:ays?)?', 'h(?:(?:ou)?rs?)?', 'm(?:in(?:ute)?s?)?', 's(?:ec(?:ond)?s?)?',
    'm(?:s(?:ecs?)?|illis?|illiseconds?)', '[uµμ]s(?:ecs?)?|micros?|microseconds?', 'ns(?:ecs?)?|nanos?|nanoseconds?'];
  rest text := regexp_replace(regexp_replace(delay, '^[+]', ''), '[[:space:]]+$', '');
  parts text[];
  unit integer := 0;
  next integer;
  total numeric := 0;
BEGIN
  -- more digits than a number can have are none
  IF length(delay) > 255 THEN
    RETURN NULL;
  END IF;
  IF iso IS NOT NULL THEN
    IF num_nulls(VARIADIC iso) = 5 THEN
      RETURN NULL;
    END IF;
    SELECT sum(replace(i.part, ',', '.')::numeric * seconds_of[i.place]) INTO total FROM unnest(iso) WITH ORDINALITY AS i (part, place);
  ELSIF rest ~ '^[0-9]+:[0-9]+:[0-9]+(?:[.,][0-9]+)?$' THEN
    parts := string_to_array(replace(rest, ',', '.'), ':');
    total := parts[1]::numeric * 3600 + parts[2]::numeric * 60 + parts[3]::numeric;
  ELSIF rest <> '0' THEN
    -- units from the largest to the smallest, each once; a fraction stands in the last
    LOOP
      parts := regexp_match(rest, '^([0-9]+(?:[.,][0-9]+)?)[[:space:]]*([a-zµμ]+)(,?[[:space:]]+|)(.*)$');
      EXIT WHEN parts IS NULL;
      SELECT min(u.place) INTO next FROM unnest(units) WITH ORDINALITY AS u (pattern, place) WHERE parts[2] ~ ('^(?:' || u.pattern || ')$');
      IF next IS NULL OR next <= unit OR (parts[1] ~ '[.,]' AND (parts[4] <> '' OR next < 3)) OR (parts[4] = '' AND parts[3] <> '') THEN
        RETURN NULL;
      END IF;
      unit := next;
      total := total + replace(parts[1], ',', '.')::numeric * seconds_of[unit];
      rest := parts[4];
      EXIT WHEN rest = '';
    END LOOP;
    IF rest <> '' OR unit = 0 THEN
      RETURN NULL;
    END IF;
  END IF;
  IF total > 100000000000 THEN
    RETURN NULL;
  END IF;
  RETURN (trunc(total * 1000) * 1000)::bigint * interval '1 microsecond';
END
$function$;
COMMENT ON FUNCTION restate.delay_of(text) IS
'The length of a delay, in whole milliseconds: an ISO 8601 duration such as PT2S, numbers with units such as 2s, 60 sec, 1h 30m, or hours, minutes and seconds such as 0:0:2. Weeks are the largest unit, and a fraction can stand in the last one that is not larger than an hour. Null for what is none, is below zero, or longer than 3,000 years.';

CREATE FUNCTION restate.input_fault(rules jsonb, content_type text, is_empty boolean) RETURNS text
  LANGUAGE plpgsql IMMUTABLE CALLED ON NULL INPUT PARALLEL SAFE
  SET search_path = pg_catalog, pg_temp
AS $function$
-- in this language, since what is written in SQL is planned again in each transaction
DECLARE
  is_required CONSTANT boolean := coalesce((rules -> 'required')::boolean, false);
  wanted CONSTANT text := CASE WHEN rules IS NULL THEN '*/*' ELSE rules ->> 'contentType' END;
  given text;
BEGIN
  IF NOT is_required AND is_empty AND content_type IS NULL THEN
    RETURN NULL;
  ELSIF wanted IS NULL AND is_required THEN
    RETURN 'the handler asks for a body, but of no content type: it takes none';
  ELSIF wanted IS NULL THEN
    RETURN 'the handler takes neither a body nor a content-type';
  ELSIF content_type IS NULL THEN
    RETURN 'the handler takes a body with a content-type, and there is none';
  END IF;
  IF wanted <> '*/*' THEN
    given := btrim(split_part(content_type, ';', 1));
    IF (CASE WHEN wanted LIKE '%/*' THEN NOT starts_with(given, rtrim(wanted, '*')) ELSE given <> wanted END) THEN
      RETURN format('the handler takes a body of content-type %s', wanted);
    END IF;
  END IF;
  IF is_empty AND coalesce((rules -> 'hasSchema')::boolean, false) THEN
    RETURN 'the handler takes a body that is not empty';
  END IF;
  RETURN NULL;
END
$function$;
COMMENT ON FUNCTION restate.input_fault(jsonb, text, boolean) IS
'Why a handler does not take a body. rules: its input, as in restate.service_revision.bodies; null: it takes any. content_type: of the request, null without one. is_empty: the body is. Null: it takes it.';

-- what is in an answer

CREATE FUNCTION restate.message_document(message text) RETURNS bytea
  LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
  RETURN convert_to('{"message":' || to_json(message) || '}', 'UTF8');
COMMENT ON FUNCTION restate.message_document(text) IS
'The body of an answer that says why something is not done.';

CREATE FUNCTION restate.failure_document(code text, message text, metadata jsonb DEFAULT NULL) RETURNS bytea
  LANGUAGE sql IMMUTABLE CALLED ON NULL INPUT PARALLEL SAFE
  RETURN convert_to(format('{"code":%s,"message":%s%s}', code, to_json(message), (
    SELECT ',"metadata":{' || string_agg(to_json(m.pair ->> 'key') || ':' || to_json(m.pair ->> 'value'), ',' ORDER BY m.place) || '}'
    FROM jsonb_array_elements(metadata) WITH ORDINALITY AS m (pair, place))), 'UTF8');
COMMENT ON FUNCTION restate.failure_document(text, text, jsonb) IS
'The body of an answer that is a failure. metadata: an array of objects with key and value, or null.';

CREATE FUNCTION restate.result_answer(
    failure text, metadata jsonb, value bytea, OUT status integer, OUT answer bytea, OUT is_failure boolean)
  LANGUAGE plpgsql IMMUTABLE CALLED ON NULL INPUT PARALLEL SAFE
  SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
  parts text[];
BEGIN
  is_failure := $1 IS NOT NULL;
  IF NOT is_failure THEN
    status := 200;
    answer := coalesce($3, '');
    RETURN;
  END IF;
  parts := coalesce(regexp_match($1, '^[[]([0-9]{1,9})[]] (.*)$'), ARRAY['500', $1]);
  status := CASE WHEN parts[1]::integer BETWEEN 200 AND 999 THEN parts[1]::integer ELSE 500 END;
  answer := restate.failure_document(parts[1], parts[2], $2);
END
$function$;
COMMENT ON FUNCTION restate.result_answer(text, jsonb, bytea) IS
'What a request is answered that asks for a result: the value, with status 200, or the failure, with its code, or 500 if that is no status. failure, metadata, value: as in restate.invocation.';

CREATE FUNCTION restate.execution_time(at timestamptz) RETURNS text
  LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
  RETURN to_char(at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"000Z"');
COMMENT ON FUNCTION restate.execution_time(timestamptz) IS
'A time as answers to a send have it, with nanoseconds.';

CREATE FUNCTION restate.expiry_time(at timestamptz) RETURNS text
  LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
  RETURN CASE WHEN at < 'infinity' THEN to_char(at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"+00:00"') END;
COMMENT ON FUNCTION restate.expiry_time(timestamptz) IS
'A time as the header idempotency-expires has it. Null for infinity.';

-- what requests ask for

CREATE FUNCTION restate.await_result(
    id restate_invocation_id, gateway text, handler_output jsonb, wait boolean,
    OUT status integer, OUT answer bytea, OUT answer_type text, OUT typed_if_empty boolean, OUT expires text, OUT seed bigint)
  LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
  SET search_path = pg_catalog, pg_temp
AS $function$
#variable_conflict use_variable
DECLARE
  one record;
  output jsonb := handler_output;
  is_failure boolean;
BEGIN
  -- Once more where it completes before it is noted who waits.
  FOR i IN 1 .. 2 LOOP
    SELECT n.completed_at, n.completion_failure, n.completion_failure_metadata, n.completion_payload, n.completion_retention,
        n.retained_from, n.random_seed, n.awaited_by, n.target_service_name, n.target_handler_name INTO one
      FROM restate.invocation AS n
      WHERE n.id = $1 AND n.partition_key = restate_partition_key_of_id($1);
    EXIT WHEN NOT FOUND OR one.completed_at IS NOT NULL OR NOT wait OR gateway = ANY (one.awaited_by);
    UPDATE restate.invocation AS n SET awaited_by = array_append(n.awaited_by, gateway)
      WHERE n.id = $1 AND n.partition_key = restate_partition_key_of_id($1) AND n.completed_at IS NULL
        AND gateway <> ALL (coalesce(n.awaited_by, '{}'));
    EXIT WHEN FOUND;
  END LOOP;
  IF one.random_seed IS NULL THEN
    status := 404;
    RETURN;
  END IF;
  IF output IS NULL THEN
    SELECT coalesce(h.body -> 'output', jsonb '{"contentType": "application/json"}') INTO output
      FROM restate.handler_on_nodes(one.target_service_name, one.target_handler_name) AS h;
  END IF;
  answer_type := output ->> 'contentType';
  typed_if_empty := coalesce((output -> 'setContentTypeIfEmpty')::boolean, false);
  seed := one.random_seed;
  IF one.completed_at IS NOT NULL THEN
    SELECT r.status, r.answer, r.is_failure INTO status, answer, is_failure
      FROM restate.result_answer(one.completion_failure, one.completion_failure_metadata, one.completion_payload) AS r;
    IF is_failure THEN
      answer_type := 'application/json';
      typed_if_empty := true;
    END IF;
    expires := restate.expiry_time(restate.kept_until(coalesce(one.retained_from, one.completed_at), one.completion_retention));
  END IF;
END
$function$;
REVOKE ALL ON FUNCTION restate.await_result(restate_invocation_id, text, jsonb, boolean) FROM PUBLIC;
COMMENT ON FUNCTION restate.await_result(restate_invocation_id, text, jsonb, boolean) IS
'The result of an invocation as the answer to a request. gateway: where it is to be waited for, which is noted if wait says so and there is none yet. handler_output: what the handler says of its output; null: that is looked up. status: 404 if there is no such invocation, null if it has no result yet. answer_type: the content-type of the answer, typed_if_empty: of an empty one too. seed: the random_seed of the invocation.';

CREATE FUNCTION restate_ingress_submit(
    path text[], key text, method text, delay text, content_type text, headers jsonb, bad_header text,
    idempotency_key text, input bytea, is_too_large boolean, gateway text, claim_for text DEFAULT NULL,
    runs_on restate_deployment_id[] DEFAULT NULL,
    OUT status integer, OUT answer bytea, OUT answer_type text, OUT typed_if_empty boolean,
    OUT id text, OUT expires text, OUT seed bigint, OUT attempt bigint,
    OUT service text, OUT handler text, OUT deployment restate_deployment_id, OUT protocol_version integer, OUT attempts bigint,
    OUT inactivity_timeout interval, OUT abort_timeout interval, OUT commands bigint, OUT entries bigint, OUT request bytea,
    OUT made_ready boolean)
  LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT SECURITY DEFINER PARALLEL UNSAFE
  SET search_path = pg_catalog, pg_temp
AS $function$
#variable_conflict use_variable
DECLARE
  parts CONSTANT integer := coalesce(cardinality(path), 0);
  service_key text;
  found_handler record;
  is_send boolean;
  at timestamptz;
  submitted record;
  message text;
BEGIN
  service := coalesce(path[1], '');
  typed_if_empty := true;
  answer_type := 'application/json';
  -- of which kind the service is says what its path is
  SELECT r.ty INTO found_handler
    FROM restate.service_revision AS r
    WHERE r.service_name = service AND EXISTS (SELECT FROM restate.deployment AS d WHERE d.id = r.deployment_id)
    ORDER BY r.revision DESC LIMIT 1;
  IF NOT FOUND THEN
    status := 404;
    answer := restate.message_document(format('no deployment serves a service %s', to_json(left(service, 64))));
    RETURN;
  END IF;
  IF found_handler.ty <> 'service' THEN
    handler := path[3];
    service_key := key;
    is_send := parts = 4;
  ELSE
    handler := path[2];
    is_send := parts = 3;
  END IF;
  IF coalesce(handler, '') = '' OR parts > (CASE found_handler.ty WHEN 'service' THEN 3 ELSE 4 END) OR (is_send AND path[parts] <> 'send') THEN
    message := 'the path is neither SERVICE/HANDLER nor OBJECT/KEY/HANDLER, as the service has it, with /send after it or not';
  ELSIF found_handler.ty <> 'service' AND key IS NULL THEN
    message := 'the key in the path is not UTF-8, or has a NUL';
  END IF;
  IF message IS NOT NULL THEN
    status := 400;
    answer := restate.message_document(message);
    RETURN;
  END IF;

  SELECT h.handler_ty, h.public, h.inactivity_timeout, h.abort_timeout, h.body -> 'input' AS input,
      coalesce(h.body -> 'output', '{"contentType": "application/json"}') AS output INTO found_handler
    FROM restate.handler_on_nodes(service, handler) AS h;
  IF NOT FOUND THEN
    status := 404;
    answer := restate.message_document(format('service %s has no handler %s', service, to_json(left(handler, 64))));
    RETURN;
  END IF;
  IF NOT found_handler.public THEN
    message := 'the service, or its handler, is private: it can be called by other handlers alone';
  ELSIF bad_header = 'idempotency-key' THEN
    message := 'header idempotency-key has bytes other than those of printable ASCII';
  ELSIF idempotency_key IS NOT NULL AND found_handler.handler_ty IS NOT DISTINCT FROM 'workflow' THEN
    message := 'the run of a workflow takes no idempotency-key: its key makes it one';
  ELSIF idempotency_key = '' THEN
    message := 'header idempotency-key is empty';
  END IF;
  IF message IS NULL AND method NOT IN ('GET', 'POST') THEN
    status := 405;
    answer := restate.message_document('a handler is called with POST or GET');
    RETURN;
  END IF;
  IF message IS NULL AND is_too_large THEN
    status := 413;
    answer := restate.message_document('the body is too large');
    RETURN;
  END IF;
  message := coalesce(message, restate.input_fault(found_handler.input, content_type, octet_length(input) = 0));
  IF message IS NULL AND delay IS NOT NULL THEN
    at := date_trunc('milliseconds', now()) + restate.delay_of(delay);
    message := CASE WHEN at IS NULL THEN 'delay must be an ISO 8601 duration, or numbers with units of weeks down to nanoseconds'
      WHEN NOT is_send THEN 'a call takes no delay; a send does' END;
  END IF;
  IF message IS NULL AND bad_header IS NOT NULL THEN
    message := format('header %s has bytes other than those of printable ASCII', bad_header);
  END IF;
  IF message IS NOT NULL THEN
    status := 400;
    answer := restate.message_document(message);
    RETURN;
  END IF;

  SELECT s.* INTO submitted
    FROM restate.submit_awaited(service, handler, input, service_key, headers, idempotency_key, at, claim_for,
      CASE WHEN NOT is_send THEN gateway END, runs_on) AS s;
  id := submitted.id;
  attempt := submitted.attempt;
  made_ready := submitted.made_ready;
  IF attempt IS NOT NULL AND service_key IS NULL THEN
    -- as restate.attempts_of() has it, but nothing has to be read: the journal is the input, and a service has no state
    deployment := submitted.deployment;
    protocol_version := submitted.protocol_version;
    attempts := 1;
    inactivity_timeout := found_handler.inactivity_timeout;
    abort_timeout := found_handler.abort_timeout;
    commands := 1;
    entries := 1;
    request := restate.start_frame(submitted.id, 1, NULL, NULL, NULL, 0, 0, submitted.random_seed)
      || restate.entry_frame('Command: Input', '', NULL, NULL, NULL, NULL, NULL, jsonb_build_object('headers', coalesce(headers, '[]')),
        coalesce(input, ''));
  ELSIF attempt IS NOT NULL AND restate.is_distributed() THEN
    SELECT a.deployment, a.protocol_version, a.attempts, a.inactivity_timeout, a.abort_timeout, a.commands, a.entries, a.request
      INTO deployment, protocol_version, attempts, inactivity_timeout, abort_timeout, commands, entries, request
      FROM restate.attempts_on_nodes(ARRAY[submitted.id], true) AS a;
  ELSIF attempt IS NOT NULL THEN
    SELECT a.deployment, a.protocol_version, a.attempts, a.inactivity_timeout, a.abort_timeout, a.commands, a.entries, a.request
      INTO deployment, protocol_version, attempts, inactivity_timeout, abort_timeout, commands, entries, request
      FROM restate.attempts_of(ARRAY[submitted.id], true) AS a;
  END IF;
  IF is_send THEN
    IF submitted.outcome <> 'accepted' THEN
      SELECT i.scheduled_start_at INTO at
        FROM restate.invocation AS i
        WHERE i.id = submitted.id AND i.partition_key = restate_partition_key_of_id(submitted.id);
    END IF;
    status := 202;
    answer := convert_to(format('{"invocationId":"%s"%s,"status":"%s"}', id, ',"executionTime":"' || restate.execution_time(at) || '"',
      CASE submitted.outcome WHEN 'accepted' THEN 'Accepted' ELSE 'PreviouslyAccepted' END), 'UTF8');
  ELSIF submitted.outcome <> 'accepted' AND found_handler.handler_ty IS NOT DISTINCT FROM 'workflow' THEN
    status := 409;
    answer := restate.failure_document('409', 'the workflow of this key runs already, or has run');
  ELSIF submitted.outcome = 'accepted' THEN
    answer_type := found_handler.output ->> 'contentType';
    typed_if_empty := coalesce((found_handler.output -> 'setContentTypeIfEmpty')::boolean, false);
    seed := submitted.random_seed;
  ELSE
    SELECT r.* INTO status, answer, answer_type, typed_if_empty, expires, seed
      FROM restate.await_result(submitted.id, gateway, found_handler.output, true) AS r;
    IF status = 404 THEN
      -- it has ended meanwhile, and is not kept
      SELECT r.status, r.answer, CASE WHEN r.is_failure THEN 'application/json' ELSE found_handler.output ->> 'contentType' END, true
        INTO status, answer, answer_type, typed_if_empty
        FROM restate.undelivered_result AS u
        CROSS JOIN LATERAL restate.result_answer(u.failure, u.failure_metadata, u.value) AS r
        WHERE u.id = submitted.id AND u.partition_key = restate_partition_key_of_id(submitted.id)
        ORDER BY u.completed_at DESC LIMIT 1;
      IF NOT FOUND THEN
        status := 404;
        answer := restate.failure_document('404', 'the invocation has ended, and its result was not kept');
        answer_type := 'application/json';
        typed_if_empty := true;
      END IF;
    END IF;
  END IF;
END
$function$;
REVOKE ALL ON FUNCTION restate_ingress_submit(text[], text, text, text, text, jsonb, text, text, bytea, boolean, text, text, restate_deployment_id[]) FROM PUBLIC;
COMMENT ON FUNCTION restate_ingress_submit(text[], text, text, text, text, jsonb, text, text, bytea, boolean, text, text, restate_deployment_id[]) IS
'Calls a handler, or sends to it, as a request to the ingress asks for. path: the segments of its path as they were sent, SERVICE/HANDLER or OBJECT/KEY/HANDLER, then send or nothing. key: the second of them, decoded; null if that is no text. method: of the request. delay: after which a send starts, or null. content_type: of the request, null without one. headers: for the input, a JSON array of objects with name and value. bad_header: the first that has other bytes than printable ASCII, or null. idempotency_key: the header, or null. input: the body. is_too_large: it is larger than the gateway takes. gateway: the one at which the request waits. claim_for: the worker that gets its first attempt at once, if it can start, and on one of the deployments runs_on; null: on any. status: of the answer; null: the result is not there yet, and restate_ingress_results() will have it. answer: its body. answer_type: its content-type, null for none, typed_if_empty: whether an empty answer has it too. id: of the invocation, null where none was found or made. expires: how long the result of one that had completed before is kept. seed: for restate_ingress_results(). attempt: of claim_for, else null; with it service, handler, deployment, protocol_version, attempts, inactivity_timeout, abort_timeout, commands, entries and request, as restate_claim() returns them with frames. made_ready: the invocation is new and can be claimed; null of what is refused. What is refused is an answer, too; errors: those of restate_submit().';

CREATE FUNCTION restate_ingress_submit_joined(
    paths text[], keys text[], methods text[], content_types text[], headers text[], bad_headers text[], inputs bytea[], gateway text,
    claim_for text DEFAULT NULL, runs_on restate_deployment_id[] DEFAULT NULL, claims integer DEFAULT 0)
  RETURNS TABLE (ordinality integer, status integer, answer bytea, answer_type text, typed_if_empty boolean,
    id text, expires text, seed bigint, attempt bigint,
    service text, handler text, deployment restate_deployment_id, protocol_version integer, attempts bigint,
    inactivity_timeout interval, abort_timeout interval, commands bigint, entries bigint, request bytea, made_ready boolean)
  LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT SECURITY DEFINER PARALLEL UNSAFE ROWS 10
  SET search_path = pg_catalog, pg_temp
  SET lock_timeout = '250ms'
AS $function$
#variable_conflict use_column
DECLARE
  one integer;
  path text[];
  claims_left integer := $11;
BEGIN
  -- in the order in which the keys of objects are locked
  FOR one IN SELECT n FROM generate_subscripts($1, 1) AS n
    ORDER BY ($1[n]::text[])[1] COLLATE "C", $2[n] COLLATE "C", n
  LOOP
    path := $1[one]::text[];
    -- one of a workflow may wait for the row of its run: those are locked after all keys
    CONTINUE WHEN cardinality(path) > 2
      AND EXISTS (SELECT FROM restate.service_revision AS r WHERE r.service_name = path[1] AND r.ty = 'workflow');
    RETURN QUERY SELECT one, s.*
      FROM restate_ingress_submit(path, $2[one], $3[one], NULL, $4[one], $5[one]::jsonb, $6[one], NULL, $7[one], false, $8,
        CASE WHEN claims_left > 0 THEN $9 END, $10) AS s;
    claims_left := claims_left - 1;
    -- where the tables are on several nodes, one transaction is on one of them
    EXIT WHEN restate.is_distributed();
  END LOOP;
END
$function$;
REVOKE ALL ON FUNCTION restate_ingress_submit_joined(text[], text[], text[], text[], text[], text[], bytea[], text, text, restate_deployment_id[], integer) FROM PUBLIC;
COMMENT ON FUNCTION restate_ingress_submit_joined(text[], text[], text[], text[], text[], text[], bytea[], text, text, restate_deployment_id[], integer) IS
'Several calls of restate_ingress_submit() in one transaction, of requests without an idempotency key and a delay. paths, keys, methods, content_types, headers, bad_headers, inputs: of each request, paths and headers as text. gateway, claim_for, runs_on: of all. claims: how many of them claim_for gets at most. A row for each but those of workflows, which are to be submitted alone, as where Citus distributes the tables all but one are; ordinality: which, from 1. An error of one is the error of all: then none of them is submitted. So is waiting for a lock longer than 250 ms.';

CREATE FUNCTION restate_ingress_attach(
    path text[], method text, gateway text,
    OUT status integer, OUT answer bytea, OUT answer_type text, OUT typed_if_empty boolean,
    OUT id text, OUT expires text, OUT seed bigint)
  LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT SECURITY DEFINER PARALLEL UNSAFE
  SET search_path = pg_catalog, pg_temp
AS $function$
#variable_conflict use_variable
DECLARE
  parts CONSTANT integer := coalesce(cardinality(path), 0);
  verb CONSTANT text := path[parts];
  service_ty text;
  target restate_invocation_id;
  message text;
BEGIN
  typed_if_empty := true;
  answer_type := 'application/json';
  IF array_position(path, NULL) IS NOT NULL THEN
    message := 'the path is not UTF-8, or has a NUL';
  ELSIF path[1] = 'workflow' THEN
    IF parts < 4 THEN
      message := 'the path must be workflow/NAME/KEY/attach, or output in place of attach';
    END IF;
  ELSIF parts <= 3 AND verb IN ('attach', 'output') AND parts = 3 THEN
    NULL;
  ELSIF parts < 3 THEN
    message := 'the path must be invocation/ID/attach or invocation/SERVICE/HANDLER/IDEMPOTENCY-KEY/attach, with the key after an object, or output in place of attach';
  ELSE
    SELECT r.ty INTO service_ty
      FROM restate.service_revision AS r
      WHERE r.service_name = path[2] AND EXISTS (SELECT FROM restate.deployment AS d WHERE d.id = r.deployment_id)
      ORDER BY r.revision DESC LIMIT 1;
    IF NOT FOUND THEN
      status := 404;
      answer := restate.message_document(format('no deployment serves a service %s', to_json(left(path[2], 64))));
      RETURN;
    END IF;
    IF parts < (CASE service_ty WHEN 'service' THEN 5 ELSE 6 END) THEN
      message := 'the path must be invocation/SERVICE/HANDLER/IDEMPOTENCY-KEY/attach, with the key after an object, or output in place of attach';
    END IF;
  END IF;
  IF message IS NULL AND (verb NOT IN ('attach', 'output')
    OR parts > CASE WHEN path[1] = 'workflow' THEN 4 WHEN service_ty IS NULL THEN 3 WHEN service_ty = 'service' THEN 5 ELSE 6 END)
  THEN
    status := 404;
    answer := restate.message_document('nothing is served here');
    RETURN;
  END IF;
  IF message IS NULL AND method <> 'GET' THEN
    status := 405;
    answer := restate.message_document('a result is asked for with GET');
    RETURN;
  END IF;
  IF message IS NOT NULL THEN
    status := 400;
    answer := restate.message_document(message);
    RETURN;
  END IF;
  target := CASE
    WHEN path[1] = 'workflow' THEN restate_workflow_invocation_id(path[2], path[3])
    WHEN service_ty IS NULL THEN path[2]::restate_invocation_id
    WHEN service_ty = 'service' THEN restate_idempotent_invocation_id(path[2], NULL, path[3], path[4])
    ELSE restate_idempotent_invocation_id(path[2], path[3], path[4], path[5]) END;
  SELECT r.* INTO status, answer, answer_type, typed_if_empty, expires, seed
    FROM restate.await_result(target, gateway, NULL, verb = 'attach') AS r;
  id := target;
  IF status = 404 AND answer IS NULL THEN
    answer_type := 'application/json';
    typed_if_empty := true;
    answer := CASE verb WHEN 'attach' THEN restate.failure_document('404', 'there is no such invocation')
      ELSE restate.message_document('there is no such invocation') END;
    IF verb = 'output' THEN
      id := NULL;
    END IF;
  ELSIF status IS NULL AND verb = 'output' THEN
    status := 470;
    answer_type := 'application/json';
    typed_if_empty := true;
    answer := restate.message_document('the invocation has not completed yet');
    id := NULL;
  END IF;
END
$function$;
REVOKE ALL ON FUNCTION restate_ingress_attach(text[], text, text) FROM PUBLIC;
COMMENT ON FUNCTION restate_ingress_attach(text[], text, text) IS
'Waits for a result, or looks whether there is one, as a request to the ingress asks for. path: the segments of its path behind /restate, decoded: invocation/ID, invocation/SERVICE[/KEY]/HANDLER/IDEMPOTENCY-KEY or workflow/NAME/KEY, then attach or output. method, gateway: as of restate_ingress_submit(), and so is what it returns. output never waits: without a result its status is 470. Error: invalid_invocation_id 400.';

CREATE FUNCTION restate_ingress_results(ids restate_invocation_id[], seeds bigint[])
  RETURNS TABLE (place integer, status integer, answer bytea, is_failure boolean)
  LANGUAGE plpgsql STABLE CALLED ON NULL INPUT SECURITY DEFINER PARALLEL RESTRICTED ROWS 10
  SET search_path = pg_catalog, pg_temp
  SET enable_seqscan = off
  SET enable_hashjoin = off
  SET enable_mergejoin = off
AS $function$
-- in this language, since what is written in SQL is planned again in each call
#variable_conflict use_variable
DECLARE
  gone CONSTANT text := '[404] the invocation is gone, and with it its result';
  most CONSTANT bigint := 16777216;
  one record;
  number bigint := 0;
  up_to bigint := 0;
BEGIN
  IF NOT restate.is_distributed() THEN
    RETURN QUERY WITH w AS MATERIALIZED (
      SELECT u.id, u.seed, u.place, restate_partition_key_of_id(u.id) AS partition_key
      FROM unnest($1, $2) WITH ORDINALITY AS u (id, seed, place)),
    done AS MATERIALIZED (
      SELECT w.place, i.completion_failure AS failure, i.completion_failure_metadata AS metadata, i.completion_payload AS value
      FROM w
      JOIN restate.invocation AS i ON i.id = w.id AND i.partition_key = w.partition_key
      WHERE i.random_seed = w.seed AND i.completed_at IS NOT NULL
      UNION ALL
      SELECT w.place, u.failure, u.failure_metadata, u.value
      FROM w
      JOIN restate.undelivered_result AS u ON u.id = w.id AND u.random_seed = w.seed AND u.partition_key = w.partition_key
      UNION ALL
      SELECT w.place, gone, NULL::jsonb, NULL::bytea
      FROM w
      WHERE NOT EXISTS (SELECT FROM restate.invocation AS i WHERE i.id = w.id AND i.partition_key = w.partition_key AND i.random_seed = w.seed)
        AND NOT EXISTS (SELECT FROM restate.undelivered_result AS u
          WHERE u.id = w.id AND u.random_seed = w.seed AND u.partition_key = w.partition_key)),
    -- no more than fits in memory: the rest is there when it is asked for again
    part AS (
      SELECT d.*, sum(octet_length(d.value)) OVER (ORDER BY d.place) AS up_to, row_number() OVER (ORDER BY d.place) AS number
      FROM done AS d)
    SELECT p.place::integer, r.status, r.answer, r.is_failure
    FROM part AS p
    LEFT JOIN LATERAL restate.result_answer(p.failure, p.metadata, p.value) AS r ON p.number = 1 OR coalesce(p.up_to, 0) <= most;
    RETURN;
  END IF;

  -- where the tables are on several nodes, each by a statement that goes to its node alone
  FOR i IN 1 .. coalesce(cardinality(ids), 0) LOOP
    SELECT n.completed_at, n.completion_failure AS failure, n.completion_failure_metadata AS metadata, n.completion_payload AS value INTO one
      FROM restate.invocation AS n
      WHERE n.id = ids[i] AND n.partition_key = restate_partition_key_of_id(ids[i]) AND n.random_seed = seeds[i];
    CONTINUE WHEN FOUND AND one.completed_at IS NULL;
    IF NOT FOUND THEN
      SELECT u.completed_at, u.failure, u.failure_metadata AS metadata, u.value INTO one
        FROM restate.undelivered_result AS u
        WHERE u.id = ids[i] AND u.random_seed = seeds[i] AND u.partition_key = restate_partition_key_of_id(ids[i]);
      IF NOT FOUND THEN
        one.failure := gone;
      END IF;
    END IF;
    number := number + 1;
    up_to := up_to + coalesce(octet_length(one.value), 0);
    place := i;
    IF number = 1 OR up_to <= most THEN
      SELECT r.status, r.answer, r.is_failure INTO status, answer, is_failure
        FROM restate.result_answer(one.failure, one.metadata, one.value) AS r;
    ELSE
      status := NULL;
      answer := NULL;
      is_failure := NULL;
    END IF;
    RETURN NEXT;
  END LOOP;
END
$function$;
REVOKE ALL ON FUNCTION restate_ingress_results(restate_invocation_id[], bigint[]) FROM PUBLIC;
COMMENT ON FUNCTION restate_ingress_results(restate_invocation_id[], bigint[]) IS
'The results, of those that have one, of invocations that requests wait for. ids; seeds: what restate_ingress_submit() or restate_ingress_attach() returned with each. A row for each that has ended: place: which of the ids, from 1. status, answer: of the answer; null where more than 16 MiB came before, so that it must be asked for again. is_failure: the answer is JSON that describes a failure. One that is gone without a result is a failure of code 404.';

CREATE FUNCTION restate_ingress_health() RETURNS jsonb
  LANGUAGE sql STABLE SECURITY DEFINER PARALLEL RESTRICTED
  SET search_path = pg_catalog, pg_temp
AS $function$
  SELECT jsonb_build_object('services', coalesce(jsonb_agg(DISTINCT r.service_name), '[]'))
  FROM restate.service_revision AS r
  WHERE EXISTS (SELECT FROM restate.deployment AS d WHERE d.id = r.deployment_id)
$function$;
REVOKE ALL ON FUNCTION restate_ingress_health() FROM PUBLIC;
COMMENT ON FUNCTION restate_ingress_health() IS
'The services that can be called, as GET /restate/health of the ingress has them.';

CREATE FUNCTION restate_ingress_awakeable(awakeable text, verb text, value bytea, failure text, OUT status integer, OUT answer bytea)
  LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT SECURITY DEFINER PARALLEL UNSAFE
  SET search_path = pg_catalog, pg_temp
AS $function$
BEGIN
  status := 202;
  IF $2 = 'resolve' THEN
    PERFORM restate_resolve_awakeable($1, $3);
  ELSE
    PERFORM restate_reject_awakeable($1, $4);
  END IF;
EXCEPTION WHEN SQLSTATE 'PT404' THEN
  -- it is too late, as for one that has completed
  RETURN;
END
$function$;
REVOKE ALL ON FUNCTION restate_ingress_awakeable(text, text, bytea, text) FROM PUBLIC;
COMMENT ON FUNCTION restate_ingress_awakeable(text, text, bytea, text) IS
'Resolves or rejects an awakeable, as a request to the ingress asks for. awakeable: its id. verb: resolve, or reject. value: what it is resolved with; failure: what it is rejected with, with code 500. status: of the answer, 202 also where it is too late. Errors: those of restate_resolve_awakeable(), but for invocation_not_found.';
