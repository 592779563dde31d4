-- The state of an object or workflow, changed from outside.

CREATE FUNCTION restate.modify_state(service text, key text, is_workflow boolean, keys text[], "values" bytea[], version text)
  RETURNS text
  LANGUAGE C VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
  AS 'MODULE_PATHNAME', 'restate_modify_state';
REVOKE ALL ON FUNCTION restate.modify_state(text, text, boolean, text[], bytea[], text) FROM PUBLIC;
COMMENT ON FUNCTION restate.modify_state(text, text, boolean, text[], bytea[], text) IS
'Changes the state of an object or workflow: for restate_modify_state(), which has looked at what it is given. Only version may be null.';

CREATE FUNCTION restate.state_version(keys text[], "values" bytea[]) RETURNS text
  LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE
  AS 'MODULE_PATHNAME', 'restate_state_version';
COMMENT ON FUNCTION restate.state_version(text[], bytea[]) IS
'The version of a state with these keys, each with the value at its place.';

CREATE FUNCTION restate_modify_state(service text, key text, keys text[], "values" bytea[], version text DEFAULT NULL)
  RETURNS text
  LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
  SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
  ty text;
BEGIN
  IF pg_is_in_recovery() THEN
    PERFORM restate.refuse('read_only', 'cannot change the state of an object on a standby');
  END IF;
  IF $1 IS NULL OR $2 IS NULL OR $3 IS NULL OR $4 IS NULL THEN
    PERFORM restate.refuse('invalid_query_parameter', 'service, key, keys and values must not be null',
      hint => 'Empty arrays leave the object no state.');
  END IF;
  IF cardinality($3) <> cardinality($4) OR array_position($3, NULL) IS NOT NULL OR array_position($4, NULL) IS NOT NULL THEN
    PERFORM restate.refuse('invalid_query_parameter', 'keys and values must have as many elements, none of them null',
      hint => 'Each key has the value at its place.');
  END IF;
  SELECT s.ty INTO ty FROM restate.sys_service AS s WHERE s.name = $1;
  IF NOT FOUND THEN
    PERFORM restate.refuse('service_not_found', 'no such service', $1);
  END IF;
  IF ty = 'service' THEN
    PERFORM restate.refuse('service_not_suited', 'this service has no state', $1);
  END IF;
  RETURN restate.modify_state($1, $2, ty = 'workflow', $3, $4, $5);
END
$function$;
REVOKE ALL ON FUNCTION restate_modify_state(text, text, text[], bytea[], text) FROM PUBLIC;
COMMENT ON FUNCTION restate_modify_state(text, text, text[], bytea[], text) IS
'Puts another state in place of all that an object or workflow has. service, key: which. keys, values: the new state, each key with the value at its place; what is not among them goes. version: of the state that the change is meant for, as Restate''s command line computes it; null: any. changed; unchanged, if it was so; or queued, where an invocation holds the key of the object: then the change is done when that and those before it in the inbox have completed, and passed over if the state has another version by then, which the audit tells. Errors: service_not_found 404, service_not_suited 400 for one without state, state_version_mismatch 409, invalid_query_parameter 400, read_only 503.';
