-- Where a deployment that is registered is, and what it serves, changed under its id.

CREATE FUNCTION restate_update_deployment(id restate_deployment_id, options jsonb, manifest jsonb DEFAULT NULL)
  RETURNS jsonb
  LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
  SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $function$
#variable_conflict use_variable
DECLARE
  sent CONSTANT jsonb := nullif($3, 'null');
  given CONSTANT jsonb := jsonb_strip_nulls(coalesce($2, '{}'));
  at CONSTANT text := CASE WHEN given ? 'endpoint' THEN restate.registered_endpoint(given ->> 'endpoint') END;
  overwrites boolean;
  had restate.deployment;
  registered restate.deployment;
  document jsonb;
BEGIN
  PERFORM restate.check_fields(given, '{"endpoint": "text", "additional_headers": "texts", "use_http_11": "flag",
    "overwrite": "flag", "dry_run": "flag", "sdk_version": "text"}', 'the options');
  overwrites := coalesce((given ->> 'overwrite')::boolean, false);
  IF overwrites AND sent IS NULL THEN
    PERFORM restate.refuse_body('the option overwrite needs a manifest');
  END IF;
  IF overwrites THEN
    PERFORM restate.check_manifest(sent);
  ELSIF sent IS NOT NULL THEN
    PERFORM restate.check_manifest_versions(sent);
  END IF;
  IF $1 IS NULL THEN
    PERFORM restate.refuse('invalid_deployment_id', 'the deployment id is null');
  END IF;
  PERFORM restate.lock_deployments();
  SELECT * INTO had FROM restate.deployment AS d WHERE d.id = $1;
  IF NOT FOUND THEN
    PERFORM restate.refuse('unknown_deployment', format('deployment %s is not registered', $1));
  END IF;
  registered := had;
  registered.endpoint := coalesce(at, had.endpoint);
  registered.is_moved := had.is_moved IS TRUE OR registered.endpoint <> had.endpoint;
  IF (at LIKE 'http%') <> (had.ty = 'http') THEN
    PERFORM restate.refuse('deployment_incompatible', format('deployment %s is at an endpoint of another kind than', $1), at,
      detail => 'An update of a deployment leaves what is spoken with it.', hint => 'Register it as another deployment.');
  END IF;
  IF had.ty <> 'http' AND (given -> 'use_http_11' = 'true' OR coalesce(given -> 'additional_headers', '{}') <> '{}') THEN
    PERFORM restate.refuse('deployment_incompatible', format('deployment %s is not asked over HTTP', $1),
      detail => 'The options use_http_11 and additional_headers are for endpoints of HTTP alone.', hint => 'Leave them out.');
  END IF;
  registered.additional_headers := coalesce(given -> 'additional_headers', had.additional_headers);
  IF given ? 'use_http_11' AND had.ty = 'http' THEN
    registered.http_version := CASE WHEN (given -> 'use_http_11')::boolean THEN 'HTTP/1.1' ELSE 'HTTP/2.0' END;
  END IF;
  IF sent IS NOT NULL THEN
    -- what runs there goes on in the version that it has begun with
    SELECT v.low, v.high INTO STRICT registered.min_service_protocol_version, registered.max_service_protocol_version
      FROM restate.manifest_versions(sent) AS v;
    IF (registered.min_service_protocol_version, registered.max_service_protocol_version)
      <> (had.min_service_protocol_version, had.max_service_protocol_version)
    THEN
      PERFORM restate.refuse('deployment_incompatible', format(
        'deployment %s speaks versions %s to %s of the service protocol, and would speak %s to %s', $1,
        had.min_service_protocol_version, had.max_service_protocol_version,
        registered.min_service_protocol_version, registered.max_service_protocol_version),
        detail => 'An update of a deployment leaves the versions that it speaks.',
        hint => 'Register it as another deployment.');
    END IF;
    registered.sdk_version := coalesce(given ->> 'sdk_version', had.sdk_version);
    IF had.ty = 'http' THEN
      registered.protocol_type := CASE sent ->> 'protocolMode' WHEN 'REQUEST_RESPONSE' THEN 'RequestResponse' ELSE 'BidiStream' END;
    END IF;
  END IF;
  IF overwrites THEN
    registered.manifest := sent;
  END IF;

  BEGIN
    IF registered IS DISTINCT FROM had THEN
      PERFORM restate.put_deployment(registered);
    END IF;
    IF overwrites THEN
      PERFORM restate.put_services(registered, true);
    END IF;
    SELECT d.document INTO STRICT document FROM restate.admin_deployment AS d WHERE d.id = $1;
    IF coalesce((given ->> 'dry_run')::boolean, false) THEN
      RAISE EXCEPTION USING ERRCODE = 'PT200';
    END IF;
  EXCEPTION WHEN SQLSTATE 'PT200' THEN
    -- what would be was told, and is not
    RETURN document;
  END;
  PERFORM restate.note('update_deployment', jsonb_build_object('deployment', $1, 'endpoint', registered.endpoint, 'overwrite', overwrites,
      'services', (SELECT coalesce(jsonb_object_agg(s ->> 'name', s -> 'revision'), '{}') FROM jsonb_array_elements(document -> 'services') AS s)),
    'changed');
  RETURN document;
END
$function$;
REVOKE ALL ON FUNCTION restate_update_deployment(restate_deployment_id, jsonb, jsonb) FROM PUBLIC;
COMMENT ON FUNCTION restate_update_deployment(restate_deployment_id, jsonb, jsonb) IS
'Changes a deployment under its id, also while invocations are pinned to it, and returns it as GET /deployments/{id} shows it. options: endpoint, of the kind that it has, and perhaps that of another deployment; additional_headers, an object of strings in place of those that it has; use_http_11; sdk_version; overwrite, dry_run; what is missing or null stays as it is. manifest: the discovery document of what is at the endpoint, or null. Its versions of the service protocol must be those that the deployment has. With overwrite the deployment serves what it says from then on, whatever is lost by that: a service that it has served keeps its revision, another gets its next one, and what operators have changed of them is as the manifest says. Without overwrite the services stay as they are. dry_run tells what would be returned, or refused, and changes nothing. Errors: invalid_deployment_id 400 for null, unknown_deployment 404, invalid_body 422, unsupported_protocol 422, reserved_name 422, deployment_incompatible 400, read_only 503.';
