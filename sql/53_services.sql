-- What operators change of a service that is registered.

CREATE FUNCTION restate.note(operation text, parameters jsonb, outcome text) RETURNS void
  LANGUAGE C VOLATILE STRICT PARALLEL UNSAFE
  AS 'MODULE_PATHNAME', 'restate_note';
REVOKE ALL ON FUNCTION restate.note(text, jsonb, text) FROM PUBLIC;
COMMENT ON FUNCTION restate.note(text, jsonb, text) IS
'Adds to the audit what was done to a deployment or a service, which parameters name. Error: read_only 503.';

CREATE FUNCTION restate.given_duration(options jsonb, field text) RETURNS interval
  LANGUAGE plpgsql STABLE STRICT PARALLEL SAFE
  SET search_path = pg_catalog, pg_temp SET IntervalStyle = 'postgres'
AS $function$
DECLARE
  duration interval;
BEGIN
  IF options ->> field ~ '[0-9] *[a-zA-Z]' OR options ->> field ~ '^ *P' THEN
    BEGIN
      duration := (options ->> field)::interval;
    EXCEPTION WHEN data_exception THEN
      NULL;
    END;
  END IF;
  IF duration IS NULL OR extract(epoch FROM duration) NOT BETWEEN 0 AND 9007199254740 OR extract(year FROM duration) <> 0
    OR extract(month FROM duration) <> 0
  THEN
    PERFORM restate.refuse_body(format('%s must be a duration, such as 30s, 12h or 2days, and is', field), options ->> field);
  END IF;
  RETURN restate.microseconds(duration) * interval '1 microsecond';
END
$function$;
COMMENT ON FUNCTION restate.given_duration(jsonb, text) IS
'A field of options that is a duration in words or in ISO 8601, of days and what is shorter: nobody knows how long a month is. Raises invalid_body for another, or one below zero; null where the field is missing or null.';

CREATE FUNCTION restate_modify_service(service text, options jsonb) RETURNS jsonb
  LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
  SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
  given CONSTANT jsonb := jsonb_strip_nulls(coalesce($2, '{}'));
  retentions CONSTANT text[] := '{idempotency_retention, journal_retention, workflow_completion_retention}';
  timeouts CONSTANT text[] := '{inactivity_timeout, abort_timeout}';
  latest restate.service_revision;
  field text;
  durations jsonb := '{}';
BEGIN
  PERFORM restate.check_fields(given, '{"public": "flag", "idempotency_retention": "text", "journal_retention": "text",
    "workflow_completion_retention": "text", "inactivity_timeout": "text", "abort_timeout": "text"}', 'the options');
  FOREACH field IN ARRAY retentions || timeouts LOOP
    IF given ? field THEN
      durations := durations || jsonb_build_object(field, restate.duration_text(restate.given_duration(given, field)));
    END IF;
  END LOOP;
  PERFORM restate.lock_deployments();
  SELECT r.* INTO latest
    FROM restate.sys_service AS s
    JOIN restate.service_revision AS r ON r.service_name = s.name AND r.revision = s.revision
    WHERE s.name = $1;
  IF NOT FOUND THEN
    PERFORM restate.refuse('service_not_found', 'no such service', coalesce($1, 'null'));
  END IF;
  IF given ? 'workflow_completion_retention' AND latest.ty <> 'workflow' THEN
    PERFORM restate.refuse('service_not_suited', 'workflow_completion_retention is for workflows, and this is none', $1);
  END IF;
  IF given <> '{}' THEN
    -- nobody else changes it meanwhile
    latest.public := coalesce((given ->> 'public')::boolean, latest.public);
    IF given ? 'public' THEN
      -- a handler that is public is so because its service is
      latest.handlers := (
        SELECT coalesce(jsonb_agg(CASE WHEN h.handler -> 'public' = 'true' THEN h.handler - 'public' ELSE h.handler END ORDER BY h.place), '[]')
        FROM jsonb_array_elements(latest.handlers) WITH ORDINALITY AS h (handler, place));
    END IF;
    latest.idempotency_retention := coalesce((durations ->> 'idempotency_retention')::interval, latest.idempotency_retention);
    latest.journal_retention := coalesce((durations ->> 'journal_retention')::interval, latest.journal_retention);
    latest.workflow_completion_retention := coalesce((durations ->> 'workflow_completion_retention')::interval, latest.workflow_completion_retention);
    latest.settings := latest.settings || (durations - retentions);
    UPDATE restate.service_revision AS r
      SET public = latest.public, handlers = latest.handlers, idempotency_retention = latest.idempotency_retention,
        journal_retention = latest.journal_retention, workflow_completion_retention = latest.workflow_completion_retention,
        settings = latest.settings
      WHERE r.service_name = latest.service_name AND r.revision = latest.revision;
    IF NOT FOUND THEN
      PERFORM restate.not_written(format('revision %s of service %s', latest.revision, latest.service_name));
    END IF;
    PERFORM restate.note('modify_service', jsonb_build_object('service', $1, 'revision', latest.revision, 'options', given), 'modified');
  END IF;
  RETURN restate.service_document(latest.service_name, latest.revision, latest.deployment_id, latest.ty, latest.public, latest.handlers,
    latest.idempotency_retention, latest.journal_retention, latest.workflow_completion_retention, latest.settings);
END
$function$;
REVOKE ALL ON FUNCTION restate_modify_service(text, jsonb) FROM PUBLIC;
COMMENT ON FUNCTION restate_modify_service(text, jsonb) IS
'Changes options of a service, in its latest revision: what is submitted from then on has the new ones. service: its name. options: an object with any of public; idempotency_retention, journal_retention, workflow_completion_retention, inactivity_timeout and abort_timeout, durations such as 30s, 12h, 2days or PT12H; what is missing or null stays as it is. What handlers say of themselves goes before. Returns the service as GET /services/{name} shows it. Registering the deployment anew with force brings back what its manifest says. Errors: service_not_found 404, invalid_body 422, service_not_suited 400 for workflow_completion_retention of what is no workflow, read_only 503.';
