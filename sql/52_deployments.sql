-- Deployments: what registers and removes them, and what a submit asks about a
-- handler.  A manifest is the discovery document that an SDK serves, or a short
-- one written by hand; it is kept as it came, and shown by the Admin API as
-- revisions of services.

CREATE FUNCTION restate.refuse(
    category text, message text, quoted text DEFAULT NULL, detail text DEFAULT NULL, hint text DEFAULT NULL)
  RETURNS void
  LANGUAGE C VOLATILE CALLED ON NULL INPUT PARALLEL SAFE
  AS 'MODULE_PATHNAME', 'restate_refuse';
COMMENT ON FUNCTION restate.refuse(text, text, text, text, text) IS
'Raises an error of a category with a message, one line of printable ASCII, and after it a text that is quoted and escaped. detail, hint: in place of the category''s own. Returns never.';

-- what a manifest may have in it

CREATE FUNCTION restate.check_fields(document jsonb, kinds jsonb, place text)
  RETURNS void
  LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL SAFE
  SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
  field record;
  kind jsonb;
  number numeric;
  wanted text;
BEGIN
  IF jsonb_typeof(document) IS DISTINCT FROM 'object' THEN
    PERFORM restate.refuse_body(place || ' must be a JSON object');
  END IF;
  FOR field IN SELECT e.key, e.value, jsonb_typeof(e.value) AS is_a FROM jsonb_each(document) AS e LOOP
    kind := kinds -> field.key;
    IF kind IS NULL THEN
      PERFORM restate.refuse_body(place || ' has an unknown field', field.key);
    END IF;
    CONTINUE WHEN field.is_a = 'null';
    number := CASE field.is_a WHEN 'number' THEN field.value #>> '{}' END;
    wanted := CASE
      WHEN jsonb_typeof(kind) = 'array' THEN CASE WHEN field.is_a = 'string' AND kind @> field.value THEN NULL
        ELSE (SELECT string_agg(k.word, ' or ' ORDER BY k.place) FROM jsonb_array_elements_text(kind) WITH ORDINALITY AS k (word, place)) END
      ELSE CASE kind #>> '{}'
        WHEN 'text' THEN CASE WHEN field.is_a = 'string' THEN NULL ELSE 'a string' END
        WHEN 'flag' THEN CASE WHEN field.is_a = 'boolean' THEN NULL ELSE 'true or false' END
        WHEN 'list' THEN CASE WHEN field.is_a = 'array' THEN NULL ELSE 'an array' END
        WHEN 'object' THEN CASE WHEN field.is_a = 'object' THEN NULL ELSE 'an object' END
        WHEN 'texts' THEN CASE WHEN field.is_a = 'object'
          AND NOT jsonb_path_exists(field.value, 'strict $.* ? (@.type() != "string")') THEN NULL ELSE 'an object of strings' END
        WHEN 'duration' THEN CASE WHEN number BETWEEN 0 AND 9007199254740991 AND number % 1 = 0 THEN NULL
          ELSE 'a whole number of milliseconds from 0 to 9007199254740991' END
        WHEN 'count' THEN CASE WHEN number BETWEEN 0 AND 9007199254740991 AND number % 1 = 0 THEN NULL
          ELSE 'a whole number from 0 to 9007199254740991' END
        WHEN 'version' THEN CASE WHEN number BETWEEN 1 AND 2147483647 AND number % 1 = 0 THEN NULL
          ELSE 'a whole number from 1 to 2147483647' END
        WHEN 'factor' THEN CASE WHEN number > 0 AND number <= 1000000 THEN NULL
          ELSE 'a number above 0, up to 1000000' END
      END
    END;
    IF wanted IS NOT NULL THEN
      PERFORM restate.refuse_body(format('%s of %s must be %s, and is', field.key, place, wanted), field.value #>> '{}');
    END IF;
  END LOOP;
END
$function$;
COMMENT ON FUNCTION restate.check_fields(jsonb, jsonb, text) IS
'Raises invalid_body unless the document is an object whose fields are known and of their kind, or null. kinds: an object with each field that there may be, and what it is: text, flag, list, object, texts (an object of strings), duration (milliseconds), count, version, factor, any, or an array of the words that it may be. place: what the document is, for the message.';

CREATE FUNCTION restate.check_manifest_versions(manifest jsonb)
  RETURNS void
  LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL SAFE
  SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
  low integer;
  high integer;
BEGIN
  IF pg_column_size(manifest) > 4194304 THEN
    PERFORM restate.refuse_body('the manifest has more than 4194304 bytes');
  END IF;
  PERFORM restate.check_fields(manifest, '{"protocolMode": ["BIDI_STREAM", "REQUEST_RESPONSE"], "minProtocolVersion": "version",
    "maxProtocolVersion": "version", "services": "list", "lambdaCompression": "any"}', 'the manifest');
  IF coalesce(manifest -> 'services', 'null') = 'null' THEN
    PERFORM restate.refuse_body('the manifest has no services');
  END IF;
  SELECT v.low, v.high INTO STRICT low, high FROM restate.manifest_versions(manifest) AS v (low, high);
  IF low > high THEN
    PERFORM restate.refuse_body(format('the manifest has a minProtocolVersion, %s, above its maxProtocolVersion, %s', low, high));
  END IF;
  IF high < 5 OR low > 6 THEN
    PERFORM restate.refuse('unsupported_protocol', format(
      'the manifest speaks versions %s to %s of the service protocol: 5 or 6 must be among them', low, high));
  END IF;
END
$function$;
COMMENT ON FUNCTION restate.check_manifest_versions(jsonb) IS
'Raises invalid_body or unsupported_protocol unless the document is a manifest of what speaks a version of the service protocol that is known here. What it says of services is not looked at.';

CREATE FUNCTION restate.check_manifest(manifest jsonb)
  RETURNS void
  LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL SAFE
  SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
  options CONSTANT jsonb := '{"documentation": "text", "metadata": "texts", "inactivityTimeout": "duration",
    "abortTimeout": "duration", "journalRetention": "duration", "idempotencyRetention": "duration",
    "enableLazyState": "flag", "ingressPrivate": "flag", "retryPolicyInitialInterval": "duration",
    "retryPolicyMaxInterval": "duration", "retryPolicyMaxAttempts": "count",
    "retryPolicyExponentiationFactor": "factor", "retryPolicyOnMaxAttempts": ["PAUSE", "KILL"]}';
  of_service CONSTANT jsonb := options || '{"name": "text", "ty": ["SERVICE", "VIRTUAL_OBJECT", "WORKFLOW"], "handlers": "list"}';
  of_handler CONSTANT jsonb := options || '{"name": "text", "input": "object", "output": "object",
    "workflowCompletionRetention": "duration"}';
  handler_types CONSTANT jsonb := '{"SERVICE": ["SHARED"], "VIRTUAL_OBJECT": ["EXCLUSIVE", "SHARED"], "WORKFLOW": ["WORKFLOW", "SHARED"]}';
  service record;
  handler record;
  place text;
  twice text;
  runs bigint;
BEGIN
  PERFORM restate.check_manifest_versions(manifest);
  FOR service IN
    SELECT s.value, s.place - 1 AS place FROM jsonb_array_elements(manifest -> 'services') WITH ORDINALITY AS s (value, place) ORDER BY s.place
  LOOP
    place := format('services[%s]', service.place);
    PERFORM restate.check_fields(service.value, of_service, place);
    IF coalesce(service.value ->> 'name', '') !~ '^([a-zA-Z]|_[a-zA-Z0-9])[a-zA-Z0-9._-]{0,253}$' THEN
      PERFORM restate.refuse_body(format('the name of %s must have a letter, then letters, digits, dots, - and _, 255 in all, and is', place),
        coalesce(service.value ->> 'name', 'null'));
    END IF;
    IF service.value ->> 'name' ~* '^(restate|openapi$)' THEN
      PERFORM restate.refuse('reserved_name', format('the name of %s is reserved', place), service.value ->> 'name');
    END IF;
    place := format('%s, %s,', place, service.value ->> 'name');
    IF coalesce(service.value -> 'ty', 'null') = 'null' THEN
      PERFORM restate.refuse_body(place || ' has no ty');
    END IF;
    IF coalesce(service.value -> 'handlers', 'null') = 'null' THEN
      PERFORM restate.refuse_body(place || ' has no handlers');
    END IF;

    FOR handler IN
      SELECT h.value, h.place - 1 AS place FROM jsonb_array_elements(service.value -> 'handlers') WITH ORDINALITY AS h (value, place) ORDER BY h.place
    LOOP
      place := format('services[%s].handlers[%s]', service.place, handler.place);
      PERFORM restate.check_fields(handler.value,
        of_handler || jsonb_build_object('ty', handler_types -> (service.value ->> 'ty')), place);
      IF coalesce(handler.value ->> 'name', '') !~ '^([a-zA-Z]|_[a-zA-Z0-9])[a-zA-Z0-9_]{0,253}$' THEN
        PERFORM restate.refuse_body(format('the name of %s must have a letter, then letters, digits and _, 255 in all, and is', place),
          coalesce(handler.value ->> 'name', 'null'));
      END IF;
      place := format('%s, %s of %s,', place, handler.value ->> 'name', service.value ->> 'name');
      IF handler.value ->> 'workflowCompletionRetention' IS NOT NULL
        AND (service.value ->> 'ty', coalesce(handler.value ->> 'ty', 'WORKFLOW')) <> ('WORKFLOW', 'WORKFLOW')
      THEN
        PERFORM restate.refuse_body(place || ' has a workflowCompletionRetention, but is not the run of a workflow');
      END IF;
      IF service.value -> 'ingressPrivate' = 'true' AND handler.value -> 'ingressPrivate' = 'false' THEN
        PERFORM restate.refuse_body(place || ' cannot be public in a private service');
      END IF;
      IF handler.value ->> 'input' IS NOT NULL THEN
        PERFORM restate.check_fields(handler.value -> 'input',
          '{"required": "flag", "contentType": "text", "jsonSchema": "any"}', 'input of ' || place);
      END IF;
      IF handler.value ->> 'output' IS NOT NULL THEN
        PERFORM restate.check_fields(handler.value -> 'output',
          '{"contentType": "text", "setContentTypeIfEmpty": "flag", "jsonSchema": "any"}', 'output of ' || place);
      END IF;
    END LOOP;

    SELECT min(h.name) INTO twice
      FROM (SELECT e ->> 'name' FROM jsonb_array_elements(service.value -> 'handlers') AS e GROUP BY 1 HAVING count(*) > 1) AS h (name);
    IF twice IS NOT NULL THEN
      PERFORM restate.refuse_body(format('services[%s], %s, has more than one handler of a name', service.place, service.value ->> 'name'), twice);
    END IF;
    SELECT count(*) INTO runs
      FROM jsonb_array_elements(service.value -> 'handlers') AS e
      WHERE service.value ->> 'ty' = 'WORKFLOW' AND coalesce(e ->> 'ty', 'WORKFLOW') = 'WORKFLOW';
    IF runs > 1 THEN
      PERFORM restate.refuse_body(format('services[%s], %s, has %s handlers that are the run of the workflow: give the others the ty SHARED',
        service.place, service.value ->> 'name', runs));
    END IF;
  END LOOP;

  SELECT min(s.name) INTO twice
    FROM (SELECT e ->> 'name' FROM jsonb_array_elements(manifest -> 'services') AS e GROUP BY 1 HAVING count(*) > 1) AS s (name);
  IF twice IS NOT NULL THEN
    PERFORM restate.refuse_body('the manifest has more than one service of a name', twice);
  END IF;
END
$function$;
COMMENT ON FUNCTION restate.check_manifest(jsonb) IS
'Raises invalid_body, unsupported_protocol or reserved_name unless the document is a manifest that can be registered, and says what is wrong and where.';

CREATE FUNCTION restate.registered_endpoint(endpoint text)
  RETURNS text
  LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL SAFE
  SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
  parts CONSTANT text[] := regexp_match(endpoint, '^(https?)://([][A-Za-z0-9._~%:-]+)(/[^[:space:]?#]*)?$', 'i');
BEGIN
  IF length(endpoint) > 2000 THEN
    PERFORM restate.refuse_body('the endpoint has more than 2000 characters');
  END IF;
  IF parts IS NOT NULL THEN
    RETURN lower(parts[1]) || '://' || lower(parts[2]) || coalesce(parts[3], '/');
  END IF;
  IF endpoint ~ '^worker:[A-Za-z0-9_][A-Za-z0-9._-]{0,254}$' THEN
    RETURN endpoint;
  END IF;
  PERFORM restate.refuse_body('the endpoint must be worker:NAME, http://... or https://... without query, fragment and user, and is',
    coalesce(endpoint, 'null'));
END
$function$;
COMMENT ON FUNCTION restate.registered_endpoint(text) IS
'The endpoint of a deployment as it is kept: scheme and host in lower case, and a path, if only a slash. Raises invalid_body for what is no endpoint.';

-- a manifest as the Admin API shows it

CREATE FUNCTION restate.manifest_versions(manifest jsonb, OUT low integer, OUT high integer) RETURNS record
  LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
  RETURN ROW(coalesce((manifest ->> 'minProtocolVersion')::numeric::integer, 5),
    coalesce((manifest ->> 'maxProtocolVersion')::numeric::integer, 6));
COMMENT ON FUNCTION restate.manifest_versions(jsonb) IS
'The versions of the service protocol that a manifest says are spoken, 5 to 6 where it says nothing.';

CREATE FUNCTION restate.milliseconds(field text) RETURNS interval
  LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
  RETURN field::numeric::bigint * interval '1 millisecond';
COMMENT ON FUNCTION restate.milliseconds(text) IS
'A duration of a manifest, in milliseconds, as an interval.';

CREATE FUNCTION restate.manifest_options(source jsonb, what text, is_request_response boolean) RETURNS jsonb
  LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
  RETURN jsonb_strip_nulls(jsonb_build_object(
    'documentation', source -> 'documentation',
    'metadata', source -> 'metadata',
    'inactivity_timeout', CASE WHEN NOT is_request_response THEN restate.duration_text(restate.milliseconds(source ->> 'inactivityTimeout')) END,
    'abort_timeout', restate.duration_text(restate.milliseconds(source ->> 'abortTimeout')),
    'enable_lazy_state', source -> 'enableLazyState',
    'info', CASE WHEN is_request_response AND source ->> 'inactivityTimeout' IS NOT NULL THEN jsonb_build_array(jsonb_build_object(
      'code', 'RT0021',
      'message', format('The inactivity timeout of the %s, %s, has no effect: its deployment answers only once it has the whole request.',
        what, restate.duration_text(restate.milliseconds(source ->> 'inactivityTimeout'))))) END));
COMMENT ON FUNCTION restate.manifest_options(jsonb, text, boolean) IS
'What a service or a handler of a manifest says of itself, under the names of the Admin API. Retentions and the retry policy are not among it. what: service or handler. is_request_response: as of restate.manifest_handler; then info says of an inactivity timeout that it has no effect.';

CREATE FUNCTION restate.manifest_retry_policy(source jsonb) RETURNS jsonb
  LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
  RETURN jsonb_strip_nulls(jsonb_build_object(
    'initial_interval', restate.duration_text(restate.milliseconds(source ->> 'retryPolicyInitialInterval')),
    'exponentiation_factor', source -> 'retryPolicyExponentiationFactor',
    'max_interval', restate.duration_text(restate.milliseconds(source ->> 'retryPolicyMaxInterval')),
    -- the first attempt is one
    'max_attempts', greatest((source ->> 'retryPolicyMaxAttempts')::numeric::bigint, CASE WHEN source ->> 'retryPolicyMaxAttempts' IS NOT NULL THEN 1 END),
    'on_max_attempts', initcap(source ->> 'retryPolicyOnMaxAttempts')));
COMMENT ON FUNCTION restate.manifest_retry_policy(jsonb) IS
'What a service or a handler of a manifest says of retries, under the names of the Admin API.';

CREATE FUNCTION restate.body_description(body jsonb, absent text) RETURNS text
  LANGUAGE sql IMMUTABLE CALLED ON NULL INPUT PARALLEL SAFE
  RETURN CASE
    WHEN coalesce(body, 'null') = 'null' THEN absent
    WHEN body ->> 'contentType' IS NULL THEN CASE WHEN body -> 'required' = 'true' THEN '*/*' ELSE 'none' END
    WHEN coalesce(body -> 'jsonSchema', 'null') = 'null' THEN
      CASE WHEN body -> 'setContentTypeIfEmpty' = 'true' THEN 'optional ' ELSE '' END || (body ->> 'contentType')
    ELSE 'JSON' || coalesce(' ''' || nullif(body #>> '{jsonSchema,title}', '') || '''',
      ' ' || CASE jsonb_typeof(body #> '{jsonSchema,type}') WHEN 'string' THEN body #>> '{jsonSchema,type}' END, '')
  END;
COMMENT ON FUNCTION restate.body_description(jsonb, text) IS
'The input or the output of a handler of a manifest in a few words, as the Admin API has them. absent: what is said where the manifest says nothing.';

CREATE FUNCTION restate.manifest_handler(handler jsonb, service jsonb, is_request_response boolean) RETURNS jsonb
  LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
  RETURN jsonb_build_object(
      'name', handler -> 'name',
      'input_description', restate.body_description(handler -> 'input', '*/*'),
      'output_description', restate.body_description(handler -> 'output', 'application/json'),
      -- what the service says holds where it is null
      'retry_policy', jsonb '{"max_attempts": null}' || restate.manifest_retry_policy(handler))
    || CASE service ->> 'ty' WHEN 'SERVICE' THEN '{}'
      ELSE jsonb_build_object('ty', initcap(restate.handler_ty(lower(service ->> 'ty'), handler ->> 'ty'))) END
    -- else it is as its service is
    || CASE WHEN handler -> 'ingressPrivate' = 'true' THEN jsonb '{"public": false}' ELSE '{}' END
    || restate.manifest_options(handler, 'handler', is_request_response)
    || jsonb_strip_nulls(jsonb_build_object(
      'idempotency_retention', restate.duration_text(restate.milliseconds(handler ->> 'idempotencyRetention')),
      'journal_retention', restate.duration_text(restate.milliseconds(handler ->> 'journalRetention'))))
    || CASE WHEN handler #>> '{input,contentType}' IS NOT NULL AND handler #>> '{input,jsonSchema}' IS NOT NULL
      THEN jsonb_build_object('input_json_schema', handler #> '{input,jsonSchema}') ELSE '{}' END
    || CASE WHEN handler #>> '{output,contentType}' IS NOT NULL AND handler #>> '{output,jsonSchema}' IS NOT NULL
      THEN jsonb_build_object('output_json_schema', handler #> '{output,jsonSchema}') ELSE '{}' END;
COMMENT ON FUNCTION restate.manifest_handler(jsonb, jsonb, boolean) IS
'A handler of a manifest as the Admin API shows it. service: the service that it is of. is_request_response: whether the endpoint answers only once it has the whole request, where no inactivity is waited for.';

CREATE FUNCTION restate.manifest_bodies(service jsonb) RETURNS jsonb
  LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
  RETURN (
    SELECT jsonb_object_agg(h.handler ->> 'name', jsonb_strip_nulls(jsonb_build_object(
      'input', nullif(h.handler -> 'input', 'null') - 'jsonSchema'
        || CASE WHEN h.handler #>> '{input,jsonSchema}' IS NOT NULL THEN jsonb '{"hasSchema": true}' ELSE '{}' END,
      'output', nullif(h.handler -> 'output', 'null') - 'jsonSchema')))
    FROM jsonb_array_elements(service -> 'handlers') AS h (handler)
    WHERE h.handler ->> 'input' IS NOT NULL OR h.handler ->> 'output' IS NOT NULL);
COMMENT ON FUNCTION restate.manifest_bodies(jsonb) IS
'What the handlers of a service of a manifest say of their input and output, with hasSchema in place of a schema. Null: none says anything.';

CREATE FUNCTION restate.manifest_revision(service jsonb, is_request_response boolean) RETURNS restate.service_revision
  LANGUAGE sql STABLE STRICT PARALLEL SAFE
  RETURN jsonb_populate_record(NULL::restate.service_revision, jsonb_build_object(
    'service_name', service -> 'name',
    'ty', lower(service ->> 'ty'),
    'public', NOT coalesce((service ->> 'ingressPrivate')::boolean, false),
    'handlers', (
      SELECT coalesce(jsonb_agg(restate.manifest_handler(h.handler, service, is_request_response)
        ORDER BY h.handler ->> 'name' COLLATE "C"), '[]')
      FROM jsonb_array_elements(service -> 'handlers') AS h (handler)),
    'idempotency_retention', restate.milliseconds(service ->> 'idempotencyRetention'),
    'journal_retention', restate.milliseconds(service ->> 'journalRetention'),
    'workflow_completion_retention', (
      SELECT restate.milliseconds(max(h.handler ->> 'workflowCompletionRetention'))
      FROM jsonb_array_elements(service -> 'handlers') AS h (handler)),
    'bodies', restate.manifest_bodies(service),
    'settings', restate.manifest_options(service, 'service', is_request_response)
      || CASE WHEN is_request_response THEN jsonb '{"inactivity_timeout": "0s"}' ELSE '{}' END
      || jsonb_build_object('retry_policy',
        (restate.default_settings() -> 'retry_policy') || restate.manifest_retry_policy(service))));
COMMENT ON FUNCTION restate.manifest_revision(jsonb, boolean) IS
'A service of a manifest as a row of restate.service_revision, without revision and deployment. is_request_response: as of restate.manifest_handler.';

-- registering and removing

CREATE FUNCTION restate.lock_deployments() RETURNS void
  LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
  SET search_path = pg_catalog, pg_temp
AS $function$
BEGIN
  IF pg_is_in_recovery() THEN
    PERFORM restate.refuse('read_only', 'cannot change deployments on a standby');
  END IF;
  LOCK TABLE restate.deployment IN SHARE ROW EXCLUSIVE MODE;
END
$function$;
REVOKE ALL ON FUNCTION restate.lock_deployments() FROM PUBLIC;
COMMENT ON FUNCTION restate.lock_deployments() IS
'Waits until no other transaction is changing deployments, and keeps others from it until this one ends. Reading goes on. Error: read_only 503.';

CREATE FUNCTION restate.put_deployment(registered restate.deployment)
  RETURNS void
  LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
  SET search_path = pg_catalog, pg_temp
AS $function$
BEGIN
  INSERT INTO restate.deployment AS d SELECT registered.*
    ON CONFLICT ON CONSTRAINT deployment_pkey DO UPDATE SET ty = excluded.ty, endpoint = excluded.endpoint,
      min_service_protocol_version = excluded.min_service_protocol_version,
      max_service_protocol_version = excluded.max_service_protocol_version, sdk_version = excluded.sdk_version,
      http_version = excluded.http_version, protocol_type = excluded.protocol_type,
      additional_headers = excluded.additional_headers, metadata = excluded.metadata, manifest = excluded.manifest,
      is_moved = excluded.is_moved;
  IF NOT FOUND THEN
    PERFORM restate.not_written(format('deployment %s', registered.id));
  END IF;
END
$function$;
REVOKE ALL ON FUNCTION restate.put_deployment(restate.deployment) FROM PUBLIC;
COMMENT ON FUNCTION restate.put_deployment(restate.deployment) IS
'Writes a deployment as it is to be, without its services. For who has locked the deployments.';

CREATE FUNCTION restate.put_services(registered restate.deployment, in_place boolean)
  RETURNS void
  LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
  SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
  service jsonb;
  defined restate.service_revision;
  had restate.service_revision;
  served CONSTANT text[] := ARRAY(SELECT s.value ->> 'name' FROM jsonb_array_elements(registered.manifest -> 'services') AS s (value));
BEGIN
  -- What the deployment served before, and does not in this form, it serves no more.
  FOR service IN SELECT s.value FROM jsonb_array_elements(registered.manifest -> 'services') WITH ORDINALITY AS s (value, place) ORDER BY s.place LOOP
    defined := restate.manifest_revision(service, registered.protocol_type IS NOT DISTINCT FROM 'RequestResponse');
    SELECT * INTO had
      FROM restate.service_revision AS r
      WHERE r.service_name = defined.service_name AND r.deployment_id = registered.id
      ORDER BY r.revision DESC LIMIT 1;
    CONTINUE WHEN (had.ty, had.public, had.handlers, had.idempotency_retention, had.journal_retention,
        had.workflow_completion_retention, had.settings, had.bodies)
      IS NOT DISTINCT FROM (defined.ty, defined.public, defined.handlers, defined.idempotency_retention, defined.journal_retention,
        defined.workflow_completion_retention, defined.settings, defined.bodies);
    IF in_place AND had.revision IS NOT NULL THEN
      defined.revision := had.revision;
    ELSE
      SELECT coalesce(max(r.revision), 0) + 1 INTO STRICT defined.revision
        FROM restate.service_revision AS r
        WHERE r.service_name = defined.service_name;
    END IF;
    DELETE FROM restate.service_revision AS r WHERE r.service_name = defined.service_name AND r.deployment_id = registered.id;
    INSERT INTO restate.service_revision (service_name, revision, deployment_id, ty, public, handlers, idempotency_retention,
        journal_retention, workflow_completion_retention, settings, bodies)
      VALUES (defined.service_name, defined.revision, registered.id, defined.ty, defined.public, defined.handlers, defined.idempotency_retention,
        defined.journal_retention, defined.workflow_completion_retention, defined.settings, defined.bodies);
    IF NOT FOUND THEN
      PERFORM restate.not_written(format('revision %s of service %s', defined.revision, defined.service_name));
    END IF;
  END LOOP;
  DELETE FROM restate.service_revision AS r
    WHERE r.deployment_id = registered.id AND r.service_name <> ALL (served);
END
$function$;
REVOKE ALL ON FUNCTION restate.put_services(restate.deployment, boolean) FROM PUBLIC;
COMMENT ON FUNCTION restate.put_services(restate.deployment, boolean) IS
'Has a deployment serve what its manifest says and nothing else: a service that it does not serve, or not in this form, gets its next revision; with in_place one that it serves keeps its revision. For who has locked the deployments.';

CREATE FUNCTION restate_register_deployment(
    endpoint text, manifest jsonb, options jsonb DEFAULT '{}', OUT id restate_deployment_id, OUT created boolean,
    OUT document jsonb)
  RETURNS record
  LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
  SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $function$
#variable_conflict use_variable
DECLARE
  sent CONSTANT jsonb := $2;
  given CONSTANT jsonb := coalesce($3, '{}');
  at CONSTANT text := restate.registered_endpoint($1);
  is_http CONSTANT boolean := at LIKE 'http%';
  is_request_response CONSTANT boolean := is_http AND $2 ->> 'protocolMode' IS NOT DISTINCT FROM 'REQUEST_RESPONSE';
  force boolean;
  registered restate.deployment;
  service jsonb;
  had restate.service_revision;
  missing text;
BEGIN
  PERFORM restate.check_fields(given, '{"force": "flag", "breaking": "flag", "dry_run": "flag", "additional_headers": "texts",
    "use_http_11": "flag", "metadata": "texts", "sdk_version": "text"}', 'the options');
  IF NOT is_http AND (given -> 'use_http_11' = 'true' OR coalesce(nullif(given -> 'additional_headers', 'null'), '{}') <> '{}') THEN
    PERFORM restate.refuse_body('the options use_http_11 and additional_headers are for endpoints of HTTP alone');
  END IF;
  PERFORM restate.check_manifest(sent);
  force := coalesce((given ->> 'force')::boolean, false);
  PERFORM restate.lock_deployments();

  SELECT * INTO registered
    FROM restate.deployment AS d
    WHERE d.endpoint IN (at, $1)
    ORDER BY d.created_at DESC, d.id LIMIT 1;
  created := registered.id IS NULL;
  id := coalesce(registered.id, restate_new_deployment_id());
  IF NOT created AND NOT force THEN
    document := (SELECT d.document FROM restate.admin_deployment AS d WHERE d.id = registered.id);
    RETURN;
  END IF;

  -- Callers of the latest revision find all that they call in the next one.
  IF NOT force AND NOT coalesce((given ->> 'breaking')::boolean, false) THEN
    FOR service IN SELECT s.value FROM jsonb_array_elements(sent -> 'services') WITH ORDINALITY AS s (value, place) ORDER BY s.place LOOP
      SELECT r.* INTO had
        FROM restate.sys_service AS l
        JOIN restate.service_revision AS r ON r.service_name = l.name AND r.revision = l.revision
        WHERE l.name = service ->> 'name';
      IF lower(service ->> 'ty') <> had.ty THEN
        PERFORM restate.refuse('breaking_change', format('service %s is a %s in its revision %s, and would be a %s',
          had.service_name, had.ty, had.revision, lower(service ->> 'ty')));
      END IF;
      SELECT string_agg(h.name, ', ' ORDER BY h.name COLLATE "C") INTO missing
        FROM (SELECT jsonb_object_keys(had.options -> 'handlers')) AS h (name)
        WHERE NOT service -> 'handlers' @> jsonb_build_array(jsonb_build_object('name', h.name));
      IF missing IS NOT NULL THEN
        PERFORM restate.refuse('breaking_change', format('service %s would lose handlers of its revision %s',
          had.service_name, had.revision), missing);
      END IF;
    END LOOP;
  END IF;

  registered.id := id;
  registered.ty := CASE WHEN is_http THEN 'http' ELSE 'worker' END;
  registered.endpoint := at;
  registered.created_at := coalesce(registered.created_at, now());
  SELECT v.low, v.high INTO STRICT registered.min_service_protocol_version, registered.max_service_protocol_version
    FROM restate.manifest_versions(sent) AS v;
  registered.sdk_version := given ->> 'sdk_version';
  registered.http_version := CASE WHEN is_http THEN CASE WHEN given -> 'use_http_11' = 'true' THEN 'HTTP/1.1' ELSE 'HTTP/2.0' END END;
  registered.protocol_type := CASE WHEN is_http THEN CASE WHEN is_request_response THEN 'RequestResponse' ELSE 'BidiStream' END END;
  registered.additional_headers := coalesce(nullif(given -> 'additional_headers', 'null'), '{}');
  registered.metadata := coalesce(nullif(given -> 'metadata', 'null'), '{}');
  registered.manifest := sent;

  BEGIN
    PERFORM restate.put_deployment(registered);
    PERFORM restate.put_services(registered, false);
    SELECT d.document INTO STRICT document FROM restate.admin_deployment AS d WHERE d.id = registered.id;
    IF coalesce((given ->> 'dry_run')::boolean, false) THEN
      RAISE EXCEPTION USING ERRCODE = 'PT200';
    END IF;
  EXCEPTION WHEN SQLSTATE 'PT200' THEN
    -- what would be was told, and is not
    RETURN;
  END;
  PERFORM restate.note('register_deployment', jsonb_build_object('deployment', id, 'endpoint', at,
      'services', (SELECT coalesce(jsonb_object_agg(s ->> 'name', s -> 'revision'), '{}') FROM jsonb_array_elements(document -> 'services') AS s)),
    CASE WHEN created THEN 'registered' ELSE 'changed' END);
EXCEPTION WHEN unique_violation THEN
  -- one that a snapshot from before the lock does not have
  RAISE EXCEPTION USING ERRCODE = 'serialization_failure',
    MESSAGE = 'could not register the deployment: another registration came first',
    HINT = 'Repeat the transaction.';
END
$function$;
REVOKE ALL ON FUNCTION restate_register_deployment(text, jsonb, jsonb) FROM PUBLIC;
COMMENT ON FUNCTION restate_register_deployment(text, jsonb, jsonb) IS
'Registers what serves handlers, and returns its id, whether that is new, and the deployment as GET /deployments/{id} shows it. endpoint: worker:NAME, or the URI of an SDK''s endpoint, http or https. manifest: the discovery document, of which {"services": [{"name", "ty": SERVICE|VIRTUAL_OBJECT|WORKFLOW, "handlers": [{"name"}]}]} is enough; a handler without ty is exclusive on an object and the run on a workflow. options: additional_headers and metadata, objects of strings; use_http_11; sdk_version; force, breaking, dry_run. Each service gets its next revision. An endpoint that is registered keeps its id: without force nothing changes, with it a service that differs gets its next revision, and one that the manifest has no more is served no more. A handler of the latest revision that is missing, or another ty of the service, takes breaking or force. dry_run tells what would be returned, or refused, and changes nothing; the id of what would be new is not kept. One registration or removal at a time; others wait. Errors: invalid_body 422, unsupported_protocol 422, reserved_name 422, breaking_change 409, read_only 503; 40001 where another came first in a transaction that has seen less.';

CREATE FUNCTION restate_remove_deployment(id restate_deployment_id, force boolean DEFAULT false)
  RETURNS text
  LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
  SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
  endpoint text;
  pinned bigint;
  first_ones text;
BEGIN
  IF $1 IS NULL THEN
    PERFORM restate.refuse('invalid_deployment_id', 'the deployment id is null');
  END IF;
  PERFORM restate.lock_deployments();
  SELECT d.endpoint INTO endpoint FROM restate.deployment AS d WHERE d.id = $1;
  IF NOT FOUND THEN
    PERFORM restate.refuse('unknown_deployment', format('deployment %s is not registered', $1));
  END IF;
  IF $2 IS NOT TRUE THEN
    SELECT count(*) INTO STRICT pinned
      FROM restate.invocation AS i
      WHERE i.completed_at IS NULL AND i.pinned_deployment_id = $1;
    IF pinned > 0 THEN
      SELECT string_agg(i.id::text, ', ' ORDER BY i.id) INTO first_ones
        FROM (SELECT n.id FROM restate.invocation AS n
          WHERE n.completed_at IS NULL AND n.pinned_deployment_id = $1 ORDER BY n.id LIMIT 10) AS i;
      PERFORM restate.refuse('deployment_in_use',
        format('deployment %s is in use by %s invocation%s', $1, pinned, CASE pinned WHEN 1 THEN '' ELSE 's' END),
        detail => format('Not completed, and pinned to it, %s: %s.',
          CASE WHEN pinned > 10 THEN format('are %s, the first of them', pinned) WHEN pinned > 1 THEN format('are %s', pinned) ELSE 'is' END,
          first_ones));
    END IF;
  END IF;
  DELETE FROM restate.service_revision AS r WHERE r.deployment_id = $1;
  DELETE FROM restate.deployment AS d WHERE d.id = $1;
  IF NOT FOUND THEN
    PERFORM restate.not_written(format('deployment %s', $1));
  END IF;
  PERFORM restate.note('remove_deployment', jsonb_build_object('deployment', $1, 'endpoint', endpoint), 'removed');
  RETURN 'removed';
END
$function$;
REVOKE ALL ON FUNCTION restate_remove_deployment(restate_deployment_id, boolean) FROM PUBLIC;
COMMENT ON FUNCTION restate_remove_deployment(restate_deployment_id, boolean) IS
'Removes a deployment and its revisions of services, each of which is served by its latest other revision, if there is one; returns removed. Without force only if no invocation that has not completed is pinned to it; with force such ones stay as they are, and run again once they are resumed on another. Cannot be undone: registered again it has another id; restate.sys_deployment_blocker tells before what it is needed for. Errors: invalid_deployment_id 400 for null, unknown_deployment 404, deployment_in_use 409, whose detail has how many there are and the first ten ids, read_only 503.';

-- what holds for the invocations of a handler

CREATE FUNCTION restate.handler_terms(
    handler_name text, ty text, public boolean, idempotency_retention interval, journal_retention interval,
    workflow_completion_retention interval, options jsonb)
  RETURNS TABLE (handler_ty text, is_public boolean, completion_retained interval, idempotency_retained interval,
    journal_retained interval, inactivity_timeout interval, abort_timeout interval, enable_lazy_state boolean,
    retry_initial_interval interval, retry_factor double precision, retry_max_interval interval,
    retry_max_attempts bigint, retry_on_max_attempts text)
  LANGUAGE sql STABLE CALLED ON NULL INPUT PARALLEL SAFE ROWS 1
BEGIN ATOMIC
  SELECT k.ty, coalesce((h.own ->> 'public')::boolean, handler_terms.public),
    CASE WHEN k.ty = 'workflow' THEN coalesce(handler_terms.workflow_completion_retention,
      (h.service ->> 'workflow_completion_retention')::interval, restate.default_retention()) ELSE k.idempotency_retention END,
    k.idempotency_retention,
    coalesce((h.own ->> 'journal_retention')::interval, handler_terms.journal_retention,
      (h.service ->> 'journal_retention')::interval, restate.default_retention()),
    coalesce((h.own ->> 'inactivity_timeout')::interval, restate.default_duration('{inactivity_timeout}')),
    coalesce((h.own ->> 'abort_timeout')::interval, restate.default_duration('{abort_timeout}')),
    coalesce((h.own -> 'enable_lazy_state')::boolean, (restate.default_settings() -> 'enable_lazy_state')::boolean),
    coalesce((h.retry ->> 'initial_interval')::interval, restate.default_duration('{retry_policy, initial_interval}')),
    coalesce((h.retry -> 'exponentiation_factor')::double precision,
      (restate.default_settings() #> '{retry_policy, exponentiation_factor}')::double precision),
    coalesce((h.retry ->> 'max_interval')::interval, restate.default_duration('{retry_policy, max_interval}')),
    CASE WHEN h.retry ? 'max_attempts' THEN nullif(h.retry -> 'max_attempts', 'null')::bigint
      ELSE (restate.default_settings() #> '{retry_policy, max_attempts}')::bigint END,
    lower(coalesce(h.retry ->> 'on_max_attempts', restate.default_settings() #>> '{retry_policy, on_max_attempts}'))
  -- apart, so that each is read once
  FROM (
    SELECT handler_terms.options #> ARRAY['handlers', handler_terms.handler_name],
      handler_terms.options #> ARRAY['handlers', handler_terms.handler_name, 'retry_policy'],
      handler_terms.options -> 'service' OFFSET 0) AS h (own, retry, service)
  CROSS JOIN LATERAL (
    SELECT restate.handler_ty(handler_terms.ty, h.own ->> 'ty'), coalesce((h.own ->> 'idempotency_retention')::interval,
      handler_terms.idempotency_retention, (h.service ->> 'idempotency_retention')::interval, restate.default_retention())
    OFFSET 0) AS k (ty, idempotency_retention)
  WHERE h.own IS NOT NULL;
END;
COMMENT ON FUNCTION restate.handler_terms(text, text, boolean, interval, interval, interval, jsonb) IS
'What holds for the invocations of a handler, of columns of the revision of its service: for restate.handler_of() and handler_on_nodes(), which say what each is. No row if the revision has no such handler.';

CREATE FUNCTION restate.handler_of(
    service_name text, handler_name text, on_deployment restate_deployment_id DEFAULT NULL)
  RETURNS TABLE (revision bigint, deployment_id restate_deployment_id, service_ty text, handler_ty text, public boolean,
    completion_retention interval, idempotency_retention interval, journal_retention interval,
    inactivity_timeout interval, abort_timeout interval, enable_lazy_state boolean,
    retry_initial_interval interval, retry_factor double precision, retry_max_interval interval,
    retry_max_attempts bigint, retry_on_max_attempts text, min_protocol_version integer, max_protocol_version integer,
    body jsonb)
  LANGUAGE sql STABLE CALLED ON NULL INPUT PARALLEL SAFE ROWS 1
BEGIN ATOMIC
  SELECT s.revision, s.deployment_id, s.ty, t.handler_ty, t.is_public, t.completion_retained, t.idempotency_retained,
    t.journal_retained, t.inactivity_timeout, t.abort_timeout, t.enable_lazy_state, t.retry_initial_interval, t.retry_factor,
    t.retry_max_interval, t.retry_max_attempts, t.retry_on_max_attempts, s.min_service_protocol_version,
    s.max_service_protocol_version, s.bodies -> handler_of.handler_name
  FROM (
    SELECT r.revision, r.deployment_id, r.ty, r.public, r.idempotency_retention, r.journal_retention,
      r.workflow_completion_retention, r.options, r.bodies, d.min_service_protocol_version, d.max_service_protocol_version
    FROM restate.service_revision AS r
    JOIN restate.deployment AS d ON d.id = r.deployment_id
    WHERE r.service_name = handler_of.service_name
      AND (handler_of.on_deployment IS NULL OR r.deployment_id = handler_of.on_deployment)
    ORDER BY r.revision DESC LIMIT 1) AS s
  CROSS JOIN LATERAL restate.handler_terms(handler_of.handler_name, s.ty, s.public, s.idempotency_retention, s.journal_retention,
    s.workflow_completion_retention, s.options) AS t;
END;
REVOKE ALL ON FUNCTION restate.handler_of(text, text, restate_deployment_id) FROM PUBLIC;
COMMENT ON FUNCTION restate.handler_of(text, text, restate_deployment_id) IS
'What holds for the invocations of a handler, in one row, of the latest revision of its service whose deployment is registered; with on_deployment, of the newest that this one serves. No row if there is no such revision, or it has no such handler. What the handler says goes before what its service says, and that before the default. handler_ty: as restate.invocation.target_handler_ty. completion_retention: of the result, with an idempotency key or of a workflow''s run. retry_max_attempts: null is without end. retry_on_max_attempts: pause or kill. body: what it says of its input and output, as restate.service_revision.bodies has it. It reads with the rights of its caller.';

CREATE FUNCTION restate.handler_on_nodes(
    service_name text, handler_name text, on_deployment restate_deployment_id DEFAULT NULL)
  RETURNS TABLE (revision bigint, deployment_id restate_deployment_id, service_ty text, handler_ty text, public boolean,
    completion_retention interval, idempotency_retention interval, journal_retention interval,
    inactivity_timeout interval, abort_timeout interval, enable_lazy_state boolean,
    retry_initial_interval interval, retry_factor double precision, retry_max_interval interval,
    retry_max_attempts bigint, retry_on_max_attempts text, min_protocol_version integer, max_protocol_version integer,
    body jsonb)
  LANGUAGE plpgsql STABLE CALLED ON NULL INPUT PARALLEL SAFE ROWS 1
  SET search_path = pg_catalog, pg_temp
AS $function$
#variable_conflict use_column
DECLARE
  s record;
BEGIN
  -- a function of SQL could not be planned where the tables are on several nodes
  SELECT r.revision, r.deployment_id, r.ty, r.public, r.idempotency_retention, r.journal_retention,
    r.workflow_completion_retention, r.options, r.bodies, d.min_service_protocol_version, d.max_service_protocol_version
    INTO s
    FROM restate.service_revision AS r
    JOIN restate.deployment AS d ON d.id = r.deployment_id
    WHERE r.service_name = $1 AND ($3 IS NULL OR r.deployment_id = $3)
    ORDER BY r.revision DESC LIMIT 1;
  IF NOT FOUND THEN
    RETURN;
  END IF;
  RETURN QUERY SELECT s.revision, s.deployment_id, s.ty, t.handler_ty, t.is_public, t.completion_retained, t.idempotency_retained,
    t.journal_retained, t.inactivity_timeout, t.abort_timeout, t.enable_lazy_state, t.retry_initial_interval, t.retry_factor,
    t.retry_max_interval, t.retry_max_attempts, t.retry_on_max_attempts, s.min_service_protocol_version,
    s.max_service_protocol_version, s.bodies -> $2
    FROM restate.handler_terms($2, s.ty, s.public, s.idempotency_retention, s.journal_retention,
    s.workflow_completion_retention, s.options) AS t;
END
$function$;
REVOKE ALL ON FUNCTION restate.handler_on_nodes(text, text, restate_deployment_id) FROM PUBLIC;
COMMENT ON FUNCTION restate.handler_on_nodes(text, text, restate_deployment_id) IS
'As restate.handler_of(), also where the tables are distributed over nodes. It is no part of the query that calls it: for a single handler.';
