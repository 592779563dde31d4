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

CREATE FUNCTION restate.push_and_start(
    ids restate_invocation_id[], attempts bigint[], frames bytea[], first_commands bigint[], known bigint[], servers text[],
    worker text, max integer, deployments restate_deployment_id[])
  RETURNS TABLE (ordinality bigint, id restate_invocation_id, ok boolean, category text, message text, error_code text,
    reply bytea, commands bigint, entries bigint, status text, next_retry_at timestamptz, result bytea, seed bigint,
    made_ready boolean, known_before bigint)
  LANGUAGE C VOLATILE CALLED ON NULL INPUT SECURITY DEFINER PARALLEL UNSAFE ROWS 10
  AS 'MODULE_PATHNAME', 'restate_push_and_start';
REVOKE ALL ON FUNCTION restate.push_and_start(
  restate_invocation_id[], bigint[], bytea[], bigint[], bigint[], text[], text, integer, restate_deployment_id[]) FROM PUBLIC;
COMMENT ON FUNCTION restate.push_and_start(
  restate_invocation_id[], bigint[], bytea[], bigint[], bigint[], text[], text, integer, restate_deployment_id[]) IS
'What restate_push_and_claim() does, but that of an attempt that was started there is its id alone.';

CREATE FUNCTION restate_push_and_claim(
    ids restate_invocation_id[], attempts bigint[], frames bytea[], first_commands bigint[], known bigint[], servers text[],
    worker text, max integer, deployments restate_deployment_id[])
  RETURNS TABLE (ordinality bigint, id restate_invocation_id, ok boolean, category text, message text, error_code text,
    reply bytea, commands bigint, entries bigint, status text, next_retry_at timestamptz, result bytea, seed bigint,
    made_ready boolean, known_before bigint, attempt bigint, service text, handler text, deployment restate_deployment_id,
    protocol_version integer, attempt_count bigint, inactivity_timeout interval, abort_timeout interval, request bytea)
  LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT SECURITY DEFINER PARALLEL UNSAFE ROWS 10
  SET search_path = pg_catalog, pg_temp
AS $function$
#variable_conflict use_column
DECLARE
  started restate_invocation_id[];
BEGIN
  FOR ordinality, id, ok, category, message, error_code, reply, commands, entries, status, next_retry_at, result, seed, made_ready,
      known_before IN
    SELECT p.* FROM restate.push_and_start($1, $2, $3, $4, $5, $6, $7, $8, $9) AS p
  LOOP
    IF ordinality IS NULL AND known_before IS NULL THEN
      started := array_append(started, id);
    ELSE
      RETURN NEXT;
    END IF;
  END LOOP;
  IF started IS NOT NULL THEN
    RETURN QUERY SELECT NULL::bigint, a.id, NULL::boolean, NULL, NULL, NULL, NULL::bytea, a.commands, a.entries, NULL, NULL::timestamptz,
        NULL::bytea, NULL::bigint, NULL::boolean, NULL::bigint, a.attempt, a.service, a.handler, a.deployment, a.protocol_version, a.attempts,
        a.inactivity_timeout, a.abort_timeout, a.request
      FROM restate.read_attempts(started, true) AS a;
  END IF;
END
$function$;
REVOKE ALL ON FUNCTION restate_push_and_claim(
  restate_invocation_id[], bigint[], bytea[], bigint[], bigint[], text[], text, integer, restate_deployment_id[]) FROM PUBLIC;
COMMENT ON FUNCTION restate_push_and_claim(
  restate_invocation_id[], bigint[], bytea[], bigint[], bigint[], text[], text, integer, restate_deployment_id[]) IS
'restate_push(), and in the same transaction an attempt on each invocation that becomes ready by it: a callee, the next of an object, a caller that was suspended. ids, attempts, frames, first_commands, known, servers: of restate_push(). worker: who runs them. max: how many at most, 1 to 10000. deployments: on which; of what starts on others, or is of a service that is held, nothing is started. The rows of restate_push(), of which made_ready says whether something has become ready and was not started; then, without an ordinality, one for each other attempt of the worker whose journal something has come to by the call: id, reply, the frames of that, known_before and entries, how many entries the journal had before and has now; restate_push() notifies the worker instead. Then one for each attempt that was started: id, attempt, service, handler, deployment, protocol_version, attempt_count (attempts of restate_claim()), inactivity_timeout, abort_timeout, commands, entries and request, in frames. Where Citus distributes the tables none is started. Errors: those of restate_push(), and invalid_query_parameter 400 for a worker, max or deployments that cannot be.';
