-- The frames of the service protocol, for those who run handlers written with Restate's SDKs.

CREATE FUNCTION restate.entry_frame(
    entry_type restate.entry_type, name text, completion_id bigint, result_completion_id bigint,
    invoked_id restate_invocation_id, signal_index bigint, signal_name text, meta jsonb, payload bytea)
  RETURNS bytea
  LANGUAGE C IMMUTABLE CALLED ON NULL INPUT PARALLEL SAFE COST 10
  AS 'MODULE_PATHNAME', 'restate_entry_frame';
REVOKE ALL ON FUNCTION restate.entry_frame(
  restate.entry_type, text, bigint, bigint, restate_invocation_id, bigint, text, jsonb, bytea) FROM PUBLIC;
COMMENT ON FUNCTION restate.entry_frame(
  restate.entry_type, text, bigint, bigint, restate_invocation_id, bigint, text, jsonb, bytea) IS
'A journal entry as a frame of the service protocol, from its columns. Null for what no frame can have: one has at most 32 MiB. Characters that UTF-8 does not have are question marks.';

CREATE FUNCTION restate.start_frame(
    id restate_invocation_id, known_entries bigint, key text, state_keys text[], state_values bytea[],
    retry_count bigint, since_last bigint, random_seed bigint)
  RETURNS bytea
  LANGUAGE C IMMUTABLE CALLED ON NULL INPUT PARALLEL SAFE COST 10
  AS 'MODULE_PATHNAME', 'restate_start_frame';
REVOKE ALL ON FUNCTION restate.start_frame(
  restate_invocation_id, bigint, text, text[], bytea[], bigint, bigint, bigint) FROM PUBLIC;
COMMENT ON FUNCTION restate.start_frame(
  restate_invocation_id, bigint, text, text[], bytea[], bigint, bigint, bigint) IS
'The Start message of the service protocol, which goes before the entries of an attempt. known_entries: how many of them follow. key: of an object or workflow. state_keys, state_values: all of its state; null where the handler asks for it. retry_count, since_last: how many attempts have failed since the last entry, and how many milliseconds that is ago. Null for what no frame can have.';

CREATE FUNCTION restate_push(
    ids restate_invocation_id[], attempts bigint[], frames bytea[], first_commands bigint[] DEFAULT NULL,
    known bigint[] DEFAULT NULL, servers text[] DEFAULT NULL)
  RETURNS TABLE (ordinality bigint, id restate_invocation_id, ok boolean, category text, message text, error_code text,
    reply bytea, commands bigint, entries bigint, status text, next_retry_at timestamptz, result bytea, seed bigint,
    made_ready boolean)
  LANGUAGE C VOLATILE CALLED ON NULL INPUT SECURITY DEFINER PARALLEL UNSAFE ROWS 10
  AS 'MODULE_PATHNAME', 'restate_push';
REVOKE ALL ON FUNCTION restate_push(restate_invocation_id[], bigint[], bytea[], bigint[], bigint[], text[]) FROM PUBLIC;
COMMENT ON FUNCTION restate_push(restate_invocation_id[], bigint[], bytea[], bigint[], bigint[], text[]) IS
'Takes what attempts have sent in frames of the service protocol, versions 5 and 6, as restate_append() takes JSON: commands, and the results of runs. End, Suspension or Error ends its attempt; what is behind it is ignored. ids, attempts, frames: of each attempt whole frames, up to 10000. first_commands: the number of the first command of each, counted among those of the journal, the input being 0, so that what was sent before is recognised; null: all are new. known: how many entries of the journal each attempt has been given; null: not told. servers: the SDK that answers each, as restate-sdk-typescript/1.17.2, shown as last_attempt_server; null or empty: as it was. A row for each, in their order, as if one after the other: each attempt''s frames are taken as a whole or refused, and then nothing of them is done. ok; category, message: why it is refused. error_code: what restate_fail_attempt() takes for an attempt that fails by that; null for one that is lost; of what is taken the code of the Error, if it ends with one. reply: frames for the handler, in the order of the journal: with known, all notifications from there on, else those that came of this call; null where the attempt has ended. commands, entries: how many the journal has now; the next call has them as first_commands and known. status: of the invocation, where the attempt has ended: completed, suspended, ready (something that a Suspension waits for is there), backing-off or paused; where it goes on, null, or pausing: restate_pause() was called, so the handler should be told that no more will come, to suspend; next_retry_at: of backing-off. result: the value that it has completed with, where a request to an ingress waits for that, with the seed that restate_ingress_submit() returned; null of a failure, too. made_ready: whether something has become ready by the call, of whatever invocation. Without known, every signal that the journal has wakes a Suspension that names it. Categories: attempt_lost, invocation_not_found, journal_mismatch, command_not_allowed, handler_not_found, invalid_body, invalid_invocation_id, invalid_query_parameter. Errors: invalid_query_parameter 400 for arrays of different lengths, batch_too_large 400, read_only 503.';

CREATE FUNCTION restate_push_and_claim(
    ids restate_invocation_id[], attempts bigint[], frames bytea[], first_commands bigint[], known bigint[], servers text[],
    worker text, max integer, deployments restate_deployment_id[])
  RETURNS TABLE (ordinality bigint, id restate_invocation_id, ok boolean, category text, message text, error_code text,
    reply bytea, commands bigint, entries bigint, status text, next_retry_at timestamptz, result bytea, seed bigint,
    made_ready boolean, attempt bigint, service text, handler text, deployment restate_deployment_id, protocol_version integer, attempt_count bigint,
    inactivity_timeout interval, abort_timeout interval, request bytea)
  LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT SECURITY DEFINER PARALLEL UNSAFE ROWS 10
  SET search_path = pg_catalog, pg_temp
AS $function$
#variable_conflict use_column
DECLARE
  is_more boolean := false;
BEGIN
  FOR ordinality, id, ok, category, message, error_code, reply, commands, entries, status, next_retry_at, result, seed, made_ready IN
    SELECT p.* FROM restate_push($1, $2, $3, $4, $5, $6) AS p
  LOOP
    is_more := made_ready;
    RETURN NEXT;
  END LOOP;
  -- where the tables are on several nodes, what is ready is on any of them: it is claimed in a transaction of its own
  IF is_more AND NOT restate.is_distributed() THEN
    RETURN QUERY SELECT NULL::bigint, c.id, NULL::boolean, NULL, NULL, NULL, NULL::bytea, c.commands, c.entries, NULL, NULL::timestamptz,
        NULL::bytea, NULL::bigint, NULL::boolean, c.attempt, c.service, c.handler, c.deployment, c.protocol_version, c.attempts,
        c.inactivity_timeout, c.abort_timeout, c.request
      FROM restate_claim($7, NULL, $8, $9, true) AS c;
  END IF;
END
$function$;
REVOKE ALL ON FUNCTION restate_push_and_claim(
  restate_invocation_id[], bigint[], bytea[], bigint[], bigint[], text[], text, integer, restate_deployment_id[]) FROM PUBLIC;
COMMENT ON FUNCTION restate_push_and_claim(
  restate_invocation_id[], bigint[], bytea[], bigint[], bigint[], text[], text, integer, restate_deployment_id[]) IS
'restate_push(), and where something has become ready by it restate_claim() in the same transaction, with frames. ids, attempts, frames, first_commands, known, servers: of restate_push(). worker, max, deployments: of restate_claim(). The rows of restate_push(), and then, without an ordinality, one for each attempt that was started: id, attempt, service, handler, deployment, protocol_version, attempt_count (attempts of restate_claim()), inactivity_timeout, abort_timeout, commands, entries and request; none where Citus distributes the tables. Errors: those of both.';
