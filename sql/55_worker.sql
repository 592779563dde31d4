-- What has something executed, and what executes it: see doc/runtime.md.

CREATE FUNCTION restate.microseconds(duration interval) RETURNS bigint
  LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE
  AS 'MODULE_PATHNAME', 'restate_microseconds';
COMMENT ON FUNCTION restate.microseconds(interval) IS
'The length of a duration, whose days have 24 hours and whose months have 30 days; 0 for one below zero. Null: null.';

CREATE FUNCTION restate_submit(
    service text, handler text, input bytea DEFAULT NULL, key text DEFAULT NULL, headers jsonb DEFAULT NULL,
    idempotency_key text DEFAULT NULL, run_at timestamptz DEFAULT NULL, claim_for text DEFAULT NULL,
    OUT id restate_invocation_id, OUT outcome text, OUT attempt bigint)
  LANGUAGE C VOLATILE CALLED ON NULL INPUT SECURITY DEFINER PARALLEL UNSAFE
  AS 'MODULE_PATHNAME', 'restate_submit';
REVOKE ALL ON FUNCTION restate_submit(text, text, bytea, text, jsonb, text, timestamptz, text) FROM PUBLIC;
COMMENT ON FUNCTION restate_submit(text, text, bytea, text, jsonb, text, timestamptz, text) IS
'Submits an invocation, in the transaction of the caller. service, handler: the target, which a deployment must serve. input: its bytes. key: of a virtual object or a workflow. headers: a JSON array of objects with name and value. idempotency_key: with the same one the same invocation is meant. run_at: when it starts, if that is later than now. claim_for: the worker that gets its first attempt at once, if it can start. id: the invocation. outcome: accepted, or previously_accepted if there was one of that idempotency key, or a run of that workflow. attempt: of claim_for, else null. Errors: handler_not_found 404, invalid_body 400 for a key that there must be or must not, invalid_query_parameter 400, read_only 503.';

CREATE FUNCTION restate_heartbeat(worker text) RETURNS void
  LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT SECURITY DEFINER PARALLEL UNSAFE
  SET search_path = pg_catalog, pg_temp
AS $function$
BEGIN
  IF coalesce(octet_length($1), 0) NOT BETWEEN 1 AND 255 THEN
    PERFORM restate.refuse('invalid_query_parameter', 'worker must have 1 to 255 bytes');
  END IF;
  INSERT INTO restate.worker AS w (name, last_seen) VALUES ($1, clock_timestamp())
    ON CONFLICT (name) DO UPDATE SET last_seen = greatest(w.last_seen, excluded.last_seen);
END
$function$;
REVOKE ALL ON FUNCTION restate_heartbeat(text) FROM PUBLIC;
COMMENT ON FUNCTION restate_heartbeat(text) IS
'Says that a worker lives. worker: its name, of 1 to 255 bytes. One that is silent for longer than restate_tick() allows loses its attempts. Error: invalid_query_parameter 400.';

CREATE FUNCTION restate.give_back(worker text, max integer) RETURNS bigint
  LANGUAGE C VOLATILE CALLED ON NULL INPUT SECURITY DEFINER PARALLEL UNSAFE
  AS 'MODULE_PATHNAME', 'restate_give_back';
REVOKE ALL ON FUNCTION restate.give_back(text, integer) FROM PUBLIC;
COMMENT ON FUNCTION restate.give_back(text, integer) IS
'Ends attempts of a worker: for restate_leave().';

CREATE FUNCTION restate_leave(worker text, max integer DEFAULT 1000) RETURNS bigint
  LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT SECURITY DEFINER PARALLEL UNSAFE
  SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
  given bigint := restate.give_back($1, $2);
BEGIN
  -- the row is locked after the invocations, as claims do, and what it runs is read once it is
  IF given < $2 AND current_setting('transaction_isolation') = 'read committed' THEN
    PERFORM FROM restate.worker AS w WHERE w.name = $1 FOR UPDATE;
    DELETE FROM restate.worker AS w
      WHERE w.name = $1 AND NOT EXISTS (SELECT FROM restate.invocation AS i
        WHERE i.worker_name = w.name AND i.completed_at IS NULL AND i.status = 'running');
  END IF;
  RETURN given;
END
$function$;
REVOKE ALL ON FUNCTION restate_leave(text, integer) FROM PUBLIC;
COMMENT ON FUNCTION restate_leave(text, integer) IS
'Says that a worker ends: what it runs still is ready for other workers at once, without a failed attempt, or paused where that was asked for; what it sends of that later is refused (attempt_lost). To be called when it claims no more. worker: its name, which it may use again. max: of attempts, 1 to 10000. Returns how many attempts it has lost by that; where it is max there may be more, and it is called again. Errors: invalid_query_parameter 400, read_only 503.';

CREATE FUNCTION restate_worker_channel(worker text) RETURNS text
  LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
  RETURN 'restate_worker_' || md5(worker);
COMMENT ON FUNCTION restate_worker_channel(text) IS
'The channel to LISTEN on for what others bring to the attempts of a worker: an entry of the journal, a kill, a request to pause. The payload of a notification is the invocation''s id: restate_fetch() tells what came. worker: its name. Null: null.';

CREATE FUNCTION restate_awakeable_id(id restate_invocation_id, signal bigint) RETURNS text
  LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE
  AS 'MODULE_PATHNAME', 'restate_awakeable_id';
COMMENT ON FUNCTION restate_awakeable_id(restate_invocation_id, bigint) IS
'The id of an awakeable, for who is to resolve or reject it. id: the invocation that waits. signal: the number of the signal that it waits for, from 17 up. Any argument null: null. Error: invalid_query_parameter 400 for a number below 17 or above 2^32-1.';

CREATE FUNCTION restate.attempts_of(ids restate_invocation_id[], frames boolean)
  RETURNS TABLE (id restate_invocation_id, attempt bigint, service text, handler text, key text,
    deployment restate_deployment_id, protocol_version integer, attempts bigint, random_seed bigint,
    commands bigint, journal jsonb[], input bytea, state_keys text[], state_values bytea[],
    entry_retries bigint, last_entry_at timestamptz, inactivity_timeout interval, abort_timeout interval,
    entries bigint, request bytea)
  LANGUAGE sql STABLE CALLED ON NULL INPUT PARALLEL SAFE ROWS 10
AS $function$
  -- without a setting of its own, so that its callers plan it as a part of their query
  SELECT a.id, a.attempt, a.target_service_name, a.target_handler_name, a.target_service_key, a.pinned_deployment_id,
    a.pinned_service_protocol_version, a.attempt_count, a.random_seed, a.journal_commands_size, j.entries, j.input,
    s.state_keys, s.state_values, coalesce(a.entry_retry_count, 0), a.last_entry_at, o.inactivity_timeout, o.abort_timeout,
    a.journal_size, CASE WHEN $2 THEN restate.start_frame(a.id, a.journal_size, a.target_service_key, s.state_keys, s.state_values,
      a.entry_retry_count, floor(extract(epoch FROM now() - a.last_entry_at) * 1000)::bigint, a.random_seed) || j.frames END
  FROM unnest($1) WITH ORDINALITY AS c (id, place)
  JOIN restate.invocation AS a ON a.id = c.id AND a.partition_key = restate_partition_key_of_id(c.id)
  LEFT JOIN LATERAL (
    SELECT h.inactivity_timeout, h.abort_timeout, h.enable_lazy_state
    FROM restate.handler_of(a.target_service_name, a.target_handler_name, a.pinned_deployment_id) AS h OFFSET 0) AS o ON true
  CROSS JOIN LATERAL (
    SELECT array_agg(jsonb_build_object('index', e.index, 'entry_json', restate.entry_json(e.entry_type, e.name,
        e.completion_id, e.result_completion_id, e.invoked_id, e.signal_index, e.signal_name, e.meta, e.payload)::jsonb)
        ORDER BY e.index) FILTER (WHERE $2 IS NOT TRUE) AS entries,
      (array_agg(e.payload) FILTER (WHERE e.index = 0))[1] AS input,
      CASE WHEN count(*) = count(f.frame) THEN string_agg(f.frame, '' ORDER BY e.index) END AS frames
    FROM restate.journal AS e
    CROSS JOIN LATERAL (SELECT CASE WHEN $2 THEN restate.entry_frame(e.entry_type, e.name, e.completion_id,
      e.result_completion_id, e.invoked_id, e.signal_index, e.signal_name, e.meta, e.payload) END OFFSET 0) AS f (frame)
    WHERE e.id = a.id AND e.partition_key = a.partition_key) AS j
  LEFT JOIN LATERAL (
    SELECT coalesce(array_agg(t.key ORDER BY t.key COLLATE "C"), '{}') AS state_keys,
      coalesce(array_agg(t.value ORDER BY t.key COLLATE "C"), '{}') AS state_values,
      coalesce(sum(octet_length(t.key) + octet_length(t.value)), 0) AS size
    FROM restate.object_state AS t
    WHERE t.service_name = a.target_service_name COLLATE "C" AND t.service_key = a.target_service_key
      AND t.partition_key = a.partition_key) AS s
    ON a.target_service_key IS NOT NULL AND o.enable_lazy_state IS NOT TRUE AND s.size <= 1048576
  ORDER BY c.place
$function$;
REVOKE ALL ON FUNCTION restate.attempts_of(restate_invocation_id[], boolean) FROM PUBLIC;
COMMENT ON FUNCTION restate.attempts_of(restate_invocation_id[], boolean) IS
'What an attempt begins with: for restate_claim() and restate_complete_and_claim().';

CREATE FUNCTION restate.attempts_on_nodes(ids restate_invocation_id[], frames boolean)
  RETURNS TABLE (id restate_invocation_id, attempt bigint, service text, handler text, key text,
    deployment restate_deployment_id, protocol_version integer, attempts bigint, random_seed bigint,
    commands bigint, journal jsonb[], input bytea, state_keys text[], state_values bytea[],
    entry_retries bigint, last_entry_at timestamptz, inactivity_timeout interval, abort_timeout interval,
    entries bigint, request bytea)
  LANGUAGE plpgsql STABLE CALLED ON NULL INPUT PARALLEL SAFE ROWS 10
  SET search_path = pg_catalog, pg_temp
AS $function$
#variable_conflict use_variable
DECLARE
  partition bigint;
  is_lazy boolean;
  bodies bytea[];
BEGIN
  FOREACH id IN ARRAY ids LOOP
    partition := restate_partition_key_of_id(id);
    SELECT a.attempt, a.target_service_name, a.target_handler_name, a.target_service_key, a.pinned_deployment_id,
        a.pinned_service_protocol_version, a.attempt_count, a.random_seed, a.journal_commands_size,
        coalesce(a.entry_retry_count, 0), a.last_entry_at, a.journal_size
      INTO attempt, service, handler, key, deployment, protocol_version, attempts, random_seed, commands, entry_retries, last_entry_at, entries
      FROM restate.invocation AS a
      WHERE a.id = attempts_on_nodes.id AND a.partition_key = partition;
    SELECT h.inactivity_timeout, h.abort_timeout, h.enable_lazy_state INTO inactivity_timeout, abort_timeout, is_lazy
      FROM restate.handler_on_nodes(service, handler, deployment) AS h;
    SELECT array_agg(jsonb_build_object('index', e.index, 'entry_json', restate.entry_json(e.entry_type, e.name,
          e.completion_id, e.result_completion_id, e.invoked_id, e.signal_index, e.signal_name, e.meta, e.payload)::jsonb)
          ORDER BY e.index) FILTER (WHERE frames IS NOT TRUE),
        (array_agg(e.payload) FILTER (WHERE e.index = 0))[1],
        array_agg(restate.entry_frame(e.entry_type, e.name, e.completion_id, e.result_completion_id, e.invoked_id,
          e.signal_index, e.signal_name, e.meta, e.payload) ORDER BY e.index) FILTER (WHERE frames)
      INTO journal, input, bodies
      FROM restate.journal AS e
      WHERE e.id = attempts_on_nodes.id AND e.partition_key = partition;
    state_keys := NULL;
    state_values := NULL;
    IF key IS NOT NULL AND is_lazy IS NOT TRUE THEN
      SELECT coalesce(array_agg(t.key ORDER BY t.key COLLATE "C"), '{}'), coalesce(array_agg(t.value ORDER BY t.key COLLATE "C"), '{}')
        INTO state_keys, state_values
        FROM restate.object_state AS t
        WHERE t.service_name = service COLLATE "C" AND t.service_key = attempts_on_nodes.key AND t.partition_key = partition
        HAVING coalesce(sum(octet_length(t.key) + octet_length(t.value)), 0) <= 1048576;
    END IF;
    request := NULL;
    IF frames AND array_position(bodies, NULL) IS NULL THEN
      request := restate.start_frame(id, entries, key, state_keys, state_values, nullif(entry_retries, 0),
        floor(extract(epoch FROM now() - last_entry_at) * 1000)::bigint, random_seed)
        || (SELECT string_agg(b.frame, '' ORDER BY b.place) FROM unnest(bodies) WITH ORDINALITY AS b (frame, place));
    END IF;
    RETURN NEXT;
  END LOOP;
END
$function$;
REVOKE ALL ON FUNCTION restate.attempts_on_nodes(restate_invocation_id[], boolean) FROM PUBLIC;
COMMENT ON FUNCTION restate.attempts_on_nodes(restate_invocation_id[], boolean) IS
'As restate.attempts_of(), where the tables are distributed over nodes: each is read by itself, by statements that go to its node alone.';

CREATE FUNCTION restate.read_attempts(ids restate_invocation_id[], frames boolean)
  RETURNS TABLE (id restate_invocation_id, attempt bigint, service text, handler text, key text,
    deployment restate_deployment_id, protocol_version integer, attempts bigint, random_seed bigint,
    commands bigint, journal jsonb[], input bytea, state_keys text[], state_values bytea[],
    entry_retries bigint, last_entry_at timestamptz, inactivity_timeout interval, abort_timeout interval,
    entries bigint, request bytea)
  LANGUAGE C VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE ROWS 10
  AS 'MODULE_PATHNAME', 'restate_read_attempts';
REVOKE ALL ON FUNCTION restate.read_attempts(restate_invocation_id[], boolean) FROM PUBLIC;
COMMENT ON FUNCTION restate.read_attempts(restate_invocation_id[], boolean) IS
'restate.attempts_of(), or where the tables are distributed over nodes attempts_on_nodes(), by a plan that is kept: one that is made for the ids takes longer to make than to run.';

CREATE FUNCTION restate_claim(
    worker text, services text[] DEFAULT NULL, max integer DEFAULT 1, deployments restate_deployment_id[] DEFAULT NULL,
    frames boolean DEFAULT false)
  RETURNS TABLE (id restate_invocation_id, attempt bigint, service text, handler text, key text,
    deployment restate_deployment_id, protocol_version integer, attempts bigint, random_seed bigint,
    commands bigint, journal jsonb[], input bytea, state_keys text[], state_values bytea[],
    entry_retries bigint, last_entry_at timestamptz, inactivity_timeout interval, abort_timeout interval,
    entries bigint, request bytea)
  LANGUAGE C VOLATILE CALLED ON NULL INPUT SECURITY DEFINER PARALLEL UNSAFE ROWS 10
  AS 'MODULE_PATHNAME', 'restate_claim';
REVOKE ALL ON FUNCTION restate_claim(text, text[], integer, restate_deployment_id[], boolean) FROM PUBLIC;
COMMENT ON FUNCTION restate_claim(text, text[], integer, restate_deployment_id[], boolean) IS
'Starts an attempt on up to max invocations that are ready, the oldest first, and returns a row for each. worker: a name of the caller''s choice, of 1 to 255 bytes, which restate_heartbeat() keeps alive. services: of which it runs the handlers; each gets its share of max first. max: 1 to 10000. deployments: those that it runs, of the services, or without services of all that they serve; null: any. attempt: what every later call about it carries. attempts: how many there have been since it was last suspended or resumed. commands: how many commands the journal has, the input being the first. journal: an object with index and entry_json for each entry, as sys_journal has it. input: the bytes of the input. entries: how many the journal has. frames: whether the journal comes as frames of the service protocol instead, in request: the Start message, with the state, and all entries, with which a request to a handler of Restate''s SDKs begins; null if an entry fits no frame. protocol_version: which version to speak. state_keys, state_values: the state of a virtual object or workflow, in the order of its keys; null for a service, and where the state is to be read by GetLazyState: its handler says so, or it is larger than 1 MiB. entry_retries: attempts that have failed since the last entry, last_entry_at: when that came. inactivity_timeout, abort_timeout: of the handler. What another transaction has locked is passed over, and so are services that are held. Errors: invalid_query_parameter 400, read_only 503.';

CREATE FUNCTION restate_append(id restate_invocation_id, attempt bigint, first_command bigint, entries jsonb[])
  RETURNS TABLE (ordinality integer, index bigint, repeated boolean, answers jsonb[])
  LANGUAGE C VOLATILE CALLED ON NULL INPUT SECURITY DEFINER PARALLEL UNSAFE ROWS 3
  AS 'MODULE_PATHNAME', 'restate_append';
REVOKE ALL ON FUNCTION restate_append(restate_invocation_id, bigint, bigint, jsonb[]) FROM PUBLIC;
COMMENT ON FUNCTION restate_append(restate_invocation_id, bigint, bigint, jsonb[]) IS
'Appends entries to the journal of a running attempt, and does what they are for; all of them or none. first_command: the number of the first command among these, counted among the commands of the journal, the input being 0. A command that the journal has already under its number is a repetition, which must be equal; nothing is done again. entries: each as sys_journal shows entry_json. Of notifications an attempt appends the results of its runs alone. The id of a callee is not known before, and left out. A row for each: ordinality, its index in the journal, whether the journal had it, and answers: the completions that have come of it, but for those among entries, as objects with index and entry_json. Errors: attempt_lost 409 where it is not the running attempt, journal_mismatch 409, command_not_allowed 409, handler_not_found 404, invocation_not_found 404, invalid_body 400.';

CREATE FUNCTION restate_suspend(
    id restate_invocation_id, attempt bigint, completions bigint[], signals bigint[], names text[], known bigint)
  RETURNS text
  LANGUAGE C VOLATILE CALLED ON NULL INPUT SECURITY DEFINER PARALLEL UNSAFE
  AS 'MODULE_PATHNAME', 'restate_suspend';
REVOKE ALL ON FUNCTION restate_suspend(restate_invocation_id, bigint, bigint[], bigint[], text[], bigint) FROM PUBLIC;
COMMENT ON FUNCTION restate_suspend(restate_invocation_id, bigint, bigint[], bigint[], text[], bigint) IS
'Ends an attempt that waits for any of these: completions, signals by their index, signals by their name; each array may be null. known: how many entries of the journal the attempt has been given, so that a signal that came since then counts. suspended; ready, where something of it has come already; or paused, where that was asked for. Errors: attempt_lost 409, command_not_allowed 409 for one that waits for nothing, invocation_not_found 404, invalid_query_parameter 400.';

CREATE FUNCTION restate_complete(
    id restate_invocation_id, attempt bigint, first_command bigint DEFAULT NULL, entries jsonb[] DEFAULT NULL)
  RETURNS text
  LANGUAGE C VOLATILE CALLED ON NULL INPUT SECURITY DEFINER PARALLEL UNSAFE
  AS 'MODULE_PATHNAME', 'restate_complete';
REVOKE ALL ON FUNCTION restate_complete(restate_invocation_id, bigint, bigint, jsonb[]) FROM PUBLIC;
COMMENT ON FUNCTION restate_complete(restate_invocation_id, bigint, bigint, jsonb[]) IS
'Completes an invocation with the last Output of its journal: frees its object key for the next, answers who waits for the result, and drops what is not retained. first_command, entries: what is appended before, as restate_append() does; the Output can be among it. Returns completed. Errors: attempt_lost 409, command_not_allowed 409 without an Output, and those of restate_append().';

CREATE FUNCTION restate.start_attempts(worker text, ids restate_invocation_id[])
  RETURNS TABLE (id restate_invocation_id, attempt bigint)
  LANGUAGE C VOLATILE CALLED ON NULL INPUT SECURITY DEFINER PARALLEL UNSAFE ROWS 1
  AS 'MODULE_PATHNAME', 'restate_start_attempts';
REVOKE ALL ON FUNCTION restate.start_attempts(text, restate_invocation_id[]) FROM PUBLIC;
COMMENT ON FUNCTION restate.start_attempts(text, restate_invocation_id[]) IS
'Starts attempts of those that are ready: for restate_complete_and_claim().';

CREATE FUNCTION restate_complete_and_claim(
    id restate_invocation_id, attempt bigint, worker text, first_command bigint DEFAULT NULL, entries jsonb[] DEFAULT NULL,
    frames boolean DEFAULT false)
  RETURNS TABLE (next_id restate_invocation_id, next_attempt bigint, service text, handler text, key text,
    deployment restate_deployment_id, protocol_version integer, attempts bigint, random_seed bigint,
    commands bigint, journal jsonb[], input bytea, state_keys text[], state_values bytea[],
    entry_retries bigint, last_entry_at timestamptz, inactivity_timeout interval, abort_timeout interval,
    next_entries bigint, request bytea)
  LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT SECURITY DEFINER PARALLEL UNSAFE ROWS 1
  SET search_path = pg_catalog, pg_temp
AS $function$
#variable_conflict use_column
DECLARE
  completed record;
  next restate_invocation_id;
  claimed restate_invocation_id[];
BEGIN
  IF coalesce(octet_length($3), 0) NOT BETWEEN 1 AND 255 THEN
    PERFORM restate.refuse('invalid_query_parameter', 'worker must have 1 to 255 bytes');
  END IF;
  SELECT i.target_service_name AS service_name, i.target_service_key AS service_key, i.partition_key INTO completed
    FROM restate.invocation AS i
    WHERE i.id = $1 AND i.partition_key = restate_partition_key_of_id($1) AND i.target_handler_ty = 'exclusive';
  PERFORM restate_complete($1, $2, $4, $5);
  SELECT k.holder INTO next
    FROM restate.object_key AS k
    WHERE k.partition_key = completed.partition_key AND k.service_name = completed.service_name COLLATE "C"
      AND restate.indexed_key(k.service_key) = restate.indexed_key(completed.service_key)
      AND NOT EXISTS (SELECT FROM restate.held_service AS h WHERE h.service_name = completed.service_name);
  IF next IS NULL THEN
    RETURN;
  END IF;
  SELECT array_agg(c.id) INTO claimed FROM restate.start_attempts($3, ARRAY[next]) AS c;
  IF claimed IS NULL THEN
    RETURN;
  END IF;
  RETURN QUERY SELECT * FROM restate.read_attempts(claimed, $6);
END
$function$;
REVOKE ALL ON FUNCTION restate_complete_and_claim(restate_invocation_id, bigint, text, bigint, jsonb[], boolean) FROM PUBLIC;
COMMENT ON FUNCTION restate_complete_and_claim(restate_invocation_id, bigint, text, bigint, jsonb[], boolean) IS
'Completes an invocation as restate_complete() does, and starts an attempt on the next in the inbox of its object key, if there is one that is ready and its service is not held. worker: who runs that. frames: as of restate_claim(). Returns its row, as restate_claim() does, with its id, attempt and entries as next_id, next_attempt and next_entries; or none. Errors: those of restate_complete(), and invalid_query_parameter 400 without a worker.';

CREATE FUNCTION restate_fail_attempt(
    id restate_invocation_id, attempt bigint, message text, code integer DEFAULT 500, error_code text DEFAULT NULL,
    retry_after interval DEFAULT NULL, command_index bigint DEFAULT NULL, command_name text DEFAULT NULL,
    command_type text DEFAULT NULL, server text DEFAULT NULL)
  RETURNS text
  LANGUAGE C VOLATILE CALLED ON NULL INPUT SECURITY DEFINER PARALLEL UNSAFE
  AS 'MODULE_PATHNAME', 'restate_fail_attempt';
REVOKE ALL ON FUNCTION restate_fail_attempt(restate_invocation_id, bigint, text, integer, text, interval, bigint, text, text, text) FROM PUBLIC;
COMMENT ON FUNCTION restate_fail_attempt(restate_invocation_id, bigint, text, integer, text, interval, bigint, text, text, text) IS
'Ends an attempt that has failed, by the retry policy of its handler: backing-off, until the next one; paused or completed, by the failure, after the last one that the policy has; or paused, where that was asked for. message, code: of the failure, shown as [code] message in the result, and with a name of the code in last_failure. error_code: of Restate''s documentation. retry_after: when to try again, in place of what the policy says. command_index, command_name, command_type: of the command that it is about. server: the SDK that has answered, as restate-sdk-typescript/1.17.2, shown as last_attempt_server; null: as it was. Errors: attempt_lost 409, invocation_not_found 404, invalid_query_parameter 400.';

CREATE FUNCTION restate.fire_timers(max integer, silence interval) RETURNS bigint
  LANGUAGE C VOLATILE CALLED ON NULL INPUT SECURITY DEFINER PARALLEL UNSAFE
  AS 'MODULE_PATHNAME', 'restate_fire_timers';
REVOKE ALL ON FUNCTION restate.fire_timers(integer, interval) FROM PUBLIC;
COMMENT ON FUNCTION restate.fire_timers(integer, interval) IS
'Does what is due: for restate_tick().';

CREATE FUNCTION restate.worker_silence() RETURNS interval
  LANGUAGE SQL IMMUTABLE PARALLEL SAFE
  RETURN interval '10 seconds';
COMMENT ON FUNCTION restate.worker_silence() IS
'How long a worker may not be heard of before restate_tick() takes its attempts, where nothing else is said.';

CREATE FUNCTION restate.bulk_job_retention() RETURNS interval
  LANGUAGE SQL IMMUTABLE PARALLEL SAFE
  RETURN interval '30 days';
COMMENT ON FUNCTION restate.bulk_job_retention() IS
'How long restate_tick() leaves the row of a bulk job that has ended.';

CREATE FUNCTION restate_tick(
    max integer DEFAULT 1000, silence interval DEFAULT restate.worker_silence(), OUT done bigint, OUT next_due timestamptz)
  LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT SECURITY DEFINER PARALLEL UNSAFE
  SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
  silent text[];
  running text[];
  -- no worker is silent for longer, and a time that far back can be told
  longest CONSTANT interval := least(greatest($2, interval '0'), interval '1000 years');
BEGIN
  done := restate.fire_timers($1, $2);
  -- Workers that are not heard of, and run nothing any more.  One that is just heard of is
  -- passed over.  Who claims locks the row: what such a worker runs is seen by a statement
  -- that begins once it is locked here, and by none that began before.  Where the tables
  -- are on several nodes it locks none, and has a minute to commit instead.
  IF current_setting('transaction_isolation') = 'read committed' THEN
    SELECT array_agg(l.name) INTO silent FROM (
      SELECT w.name FROM restate.worker AS w
      WHERE w.last_seen < now() - CASE WHEN restate.is_distributed() THEN greatest(longest, interval '1 minute') ELSE longest END
      ORDER BY w.name FOR UPDATE SKIP LOCKED) AS l;
    IF silent IS NOT NULL THEN
      running := ARRAY(SELECT DISTINCT i.worker_name FROM restate.invocation AS i
        WHERE i.worker_name = ANY (silent) AND i.completed_at IS NULL AND i.status = 'running');
      DELETE FROM restate.worker AS w WHERE w.name = ANY (silent) AND w.name <> ALL (running);
    END IF;
    -- results that nobody has come for
    IF EXISTS (SELECT 1 FROM restate.undelivered_result AS u WHERE u.completed_at < now() - restate.delivery_time() LIMIT 1) THEN
      DELETE FROM restate.undelivered_result AS u WHERE u.completed_at < now() - restate.delivery_time();
    END IF;
    -- and what has become of bulk jobs, which the audit has too
    IF current_setting('restate_admin.retention')::boolean THEN
      DELETE FROM restate.bulk_job AS b WHERE b.ended_at < now() - restate.bulk_job_retention();
    END IF;
  END IF;
  next_due := least((SELECT min(t.due_at) FROM restate.timer AS t WHERE t.kind = 'sleep'),
    (SELECT min(t.due_at) FROM restate.timer AS t WHERE t.kind = 'schedule'),
    (SELECT min(t.due_at) FROM restate.timer AS t WHERE t.kind = 'retry'),
    CASE WHEN current_setting('restate_admin.retention')::boolean THEN (SELECT min(t.due_at) FROM restate.timer AS t WHERE t.kind = 'expiry') END);
END
$function$;
REVOKE ALL ON FUNCTION restate_tick(integer, interval) FROM PUBLIC;
COMMENT ON FUNCTION restate_tick(integer, interval) IS
'Does what is due, the longest first: sleeps end, scheduled invocations start, retries become ready, what was retained long enough goes, bulk jobs that have ended among it; and takes the attempts of workers that were silent. max: of timers and of attempts, 1 to 10000. silence: how long a worker may not be heard of. done: how much that changed. next_due: when to call it again, which has passed where more is due; null if nothing is. With restate_admin.retention off nothing of what is retained goes. What another transaction has locked is passed over, so that several can run side by side. Errors: invalid_query_parameter 400, read_only 503.';

CREATE FUNCTION restate_hold(service text, reason text DEFAULT NULL) RETURNS text
  LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT SECURITY DEFINER PARALLEL UNSAFE
  SET search_path = pg_catalog, pg_temp
AS $function$
BEGIN
  IF coalesce(octet_length($1), 0) NOT BETWEEN 1 AND 255 THEN
    PERFORM restate.refuse('invalid_query_parameter', 'service must have 1 to 255 bytes');
  END IF;
  INSERT INTO restate.held_service (service_name, reason, held_at, role_name) VALUES ($1, $2, now(), session_user)
    ON CONFLICT (service_name) DO NOTHING;
  RETURN CASE WHEN FOUND THEN 'held' ELSE 'unchanged' END;
END
$function$;
REVOKE ALL ON FUNCTION restate_hold(text, text) FROM PUBLIC;
COMMENT ON FUNCTION restate_hold(text, text) IS
'Holds a service: nothing of it is claimed, also what comes later, until restate_release(). What runs goes on. service: its name, of 1 to 255 bytes, which need not be registered. held, or unchanged if it was. Error: invalid_query_parameter 400.';

CREATE FUNCTION restate_release(service text) RETURNS text
  LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT SECURITY DEFINER PARALLEL UNSAFE
  SET search_path = pg_catalog, pg_temp
AS $function$
BEGIN
  DELETE FROM restate.held_service AS h WHERE h.service_name = $1;
  RETURN CASE WHEN FOUND THEN 'released' ELSE 'unchanged' END;
END
$function$;
REVOKE ALL ON FUNCTION restate_release(text) FROM PUBLIC;
COMMENT ON FUNCTION restate_release(text) IS
'Releases a service that restate_hold() holds. released, or unchanged if it was not held.';

CREATE FUNCTION restate_output(id restate_invocation_id, OUT status text, OUT value bytea, OUT failure text)
  LANGUAGE plpgsql STABLE CALLED ON NULL INPUT SECURITY DEFINER PARALLEL RESTRICTED
  SET search_path = pg_catalog, pg_temp
AS $function$
BEGIN
  SELECT i.status, i.completion_payload, i.completion_failure INTO status, value, failure
    FROM restate.invocation AS i
    WHERE i.id = $1 AND i.partition_key = restate_partition_key_of_id($1);
  IF NOT FOUND THEN
    PERFORM restate.refuse('invocation_not_found', format('invocation %s not found', coalesce($1::text, 'null')));
  END IF;
END
$function$;
REVOKE ALL ON FUNCTION restate_output(restate_invocation_id) FROM PUBLIC;
COMMENT ON FUNCTION restate_output(restate_invocation_id) IS
'The result of an invocation, if it has one by now. status: completed, or what it is in. value: of a success; failure: [code] message. Error: invocation_not_found 404.';

CREATE FUNCTION restate_wait(id restate_invocation_id, timeout interval DEFAULT '10 seconds',
    OUT status text, OUT value bytea, OUT failure text)
  LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT SECURITY DEFINER PARALLEL UNSAFE
  SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
  -- nobody waits for longer, and a time that far ahead can be told
  until CONSTANT timestamptz := clock_timestamp() + least(greatest($2, interval '0'), interval '1000 years');
  pause double precision := 0.001;
BEGIN
  IF current_setting('transaction_isolation') NOT IN ('read committed', 'read uncommitted') THEN
    PERFORM restate.refuse('invalid_query_parameter',
      'restate_wait() sees what others commit, which takes a transaction that is READ COMMITTED');
  END IF;
  LOOP
    SELECT o.status, o.value, o.failure INTO status, value, failure FROM restate_output($1) AS o;
    EXIT WHEN status = 'completed' OR clock_timestamp() >= until;
    PERFORM pg_sleep(least(pause, extract(epoch FROM until - clock_timestamp())));
    pause := least(pause * 2, 0.1);
  END LOOP;
END
$function$;
REVOKE ALL ON FUNCTION restate_wait(restate_invocation_id, interval) FROM PUBLIC;
COMMENT ON FUNCTION restate_wait(restate_invocation_id, interval) IS
'The result of an invocation, waited for up to the timeout; status tells whether there is one. It looks again and again, at least ten times a second, and keeps no lock meanwhile. What is submitted in the same transaction starts only after that has committed. Errors: invocation_not_found 404, invalid_query_parameter 400 in a transaction of another level than READ COMMITTED.';

CREATE FUNCTION restate_fetch(id restate_invocation_id, attempt bigint, after bigint, frames boolean DEFAULT false)
  RETURNS TABLE (index bigint, entry_json jsonb, frame bytea)
  LANGUAGE plpgsql STABLE CALLED ON NULL INPUT SECURITY DEFINER PARALLEL RESTRICTED ROWS 5
  SET search_path = pg_catalog, pg_temp
AS $function$
BEGIN
  PERFORM FROM restate.invocation AS i
    WHERE i.id = $1 AND i.partition_key = restate_partition_key_of_id($1) AND i.status = 'running' AND i.attempt = $2;
  IF NOT FOUND THEN
    PERFORM restate.refuse('attempt_lost', format('the attempt is not the current one of invocation %s', coalesce($1::text, 'null')));
  END IF;
  RETURN QUERY
    SELECT e.index, CASE WHEN $4 IS NOT TRUE THEN restate.entry_json(e.entry_type, e.name, e.completion_id,
        e.result_completion_id, e.invoked_id, e.signal_index, e.signal_name, e.meta, e.payload)::jsonb END,
      CASE WHEN $4 THEN restate.entry_frame(e.entry_type, e.name, e.completion_id, e.result_completion_id, e.invoked_id,
        e.signal_index, e.signal_name, e.meta, e.payload) END
    FROM restate.journal AS e
    WHERE e.id = $1 AND e.partition_key = restate_partition_key_of_id($1) AND e.index > $3
      AND ($4 IS NOT TRUE OR NOT restate.is_command(e.entry_type))
    ORDER BY e.index;
END
$function$;
REVOKE ALL ON FUNCTION restate_fetch(restate_invocation_id, bigint, bigint, boolean) FROM PUBLIC;
COMMENT ON FUNCTION restate_fetch(restate_invocation_id, bigint, bigint, boolean) IS
'The entries of a running attempt''s journal behind an index: what others have appended meanwhile, such as completions and signals. after: the index of the last entry that the attempt knows. frames: whether only notifications come, each as a frame of the service protocol in place of entry_json. Error: attempt_lost 409.';

CREATE FUNCTION restate_signal(id restate_invocation_id, name text DEFAULT NULL, value bytea DEFAULT NULL,
    failure text DEFAULT NULL, code integer DEFAULT 500, index bigint DEFAULT NULL)
  RETURNS text
  LANGUAGE C VOLATILE CALLED ON NULL INPUT SECURITY DEFINER PARALLEL UNSAFE
  AS 'MODULE_PATHNAME', 'restate_signal';
REVOKE ALL ON FUNCTION restate_signal(restate_invocation_id, text, bytea, text, integer, bigint) FROM PUBLIC;
COMMENT ON FUNCTION restate_signal(restate_invocation_id, text, bytea, text, integer, bigint) IS
'Brings a signal to an invocation that has started and not completed, and wakes it if it is suspended on that. name, or index: which signal. value: its bytes; failure, code: that it is a failure instead. signalled, or unchanged where the invocation does not take it. Errors: invocation_not_found 404, invalid_invocation_id 400, invalid_query_parameter 400, read_only 503.';

CREATE FUNCTION restate.complete_awakeable(awakeable text, value bytea, failure text, code integer)
  RETURNS text
  LANGUAGE C VOLATILE CALLED ON NULL INPUT SECURITY DEFINER PARALLEL UNSAFE
  AS 'MODULE_PATHNAME', 'restate_complete_awakeable';
REVOKE ALL ON FUNCTION restate.complete_awakeable(text, bytea, text, integer) FROM PUBLIC;
COMMENT ON FUNCTION restate.complete_awakeable(text, bytea, text, integer) IS
'Brings the result of an awakeable: for restate_resolve_awakeable() and restate_reject_awakeable().';

CREATE FUNCTION restate_resolve_awakeable(awakeable text, value bytea DEFAULT NULL) RETURNS text
  LANGUAGE sql VOLATILE CALLED ON NULL INPUT SECURITY DEFINER PARALLEL UNSAFE
  SET search_path = pg_catalog, pg_temp
  AS 'SELECT restate.complete_awakeable($1, $2, NULL, NULL)';
REVOKE ALL ON FUNCTION restate_resolve_awakeable(text, bytea) FROM PUBLIC;
COMMENT ON FUNCTION restate_resolve_awakeable(text, bytea) IS
'Resolves an awakeable. awakeable: its id, sign_1 and more. value: the bytes that it is resolved with. signalled, or unchanged where its invocation does not take it any more. Errors: invocation_not_found 404, invalid_query_parameter 400.';

CREATE FUNCTION restate_reject_awakeable(awakeable text, failure text, code integer DEFAULT 500) RETURNS text
  LANGUAGE sql VOLATILE CALLED ON NULL INPUT SECURITY DEFINER PARALLEL UNSAFE
  SET search_path = pg_catalog, pg_temp
  AS 'SELECT restate.complete_awakeable($1, NULL, coalesce($2, ''''), $3)';
REVOKE ALL ON FUNCTION restate_reject_awakeable(text, text, integer) FROM PUBLIC;
COMMENT ON FUNCTION restate_reject_awakeable(text, text, integer) IS
'Rejects an awakeable with a failure. awakeable: its id. failure, code: what it is rejected with. As restate_resolve_awakeable() otherwise.';

CREATE FUNCTION restate.complete_promise(service text, key text, promise text, value bytea, failure text, code integer)
  RETURNS text
  LANGUAGE C VOLATILE CALLED ON NULL INPUT SECURITY DEFINER PARALLEL UNSAFE
  AS 'MODULE_PATHNAME', 'restate_complete_promise';
REVOKE ALL ON FUNCTION restate.complete_promise(text, text, text, bytea, text, integer) FROM PUBLIC;
COMMENT ON FUNCTION restate.complete_promise(text, text, text, bytea, text, integer) IS
'Completes a promise: for restate_resolve_promise() and restate_reject_promise().';

CREATE FUNCTION restate_resolve_promise(service text, key text, promise text, value bytea DEFAULT NULL) RETURNS text
  LANGUAGE sql VOLATILE CALLED ON NULL INPUT SECURITY DEFINER PARALLEL UNSAFE
  SET search_path = pg_catalog, pg_temp
  AS 'SELECT restate.complete_promise($1, $2, $3, $4, NULL, NULL)';
REVOKE ALL ON FUNCTION restate_resolve_promise(text, text, text, bytea) FROM PUBLIC;
COMMENT ON FUNCTION restate_resolve_promise(text, text, text, bytea) IS
'Resolves a promise of a workflow, for all who wait for it. service, key: the workflow, which need not have run yet. promise: its name. value: the bytes that it is resolved with. completed, or unchanged if it was completed before. Errors: invalid_query_parameter 400, read_only 503.';

CREATE FUNCTION restate_reject_promise(service text, key text, promise text, failure text, code integer DEFAULT 500) RETURNS text
  LANGUAGE sql VOLATILE CALLED ON NULL INPUT SECURITY DEFINER PARALLEL UNSAFE
  SET search_path = pg_catalog, pg_temp
  AS 'SELECT restate.complete_promise($1, $2, $3, NULL, coalesce($4, ''''), $5)';
REVOKE ALL ON FUNCTION restate_reject_promise(text, text, text, text, integer) FROM PUBLIC;
COMMENT ON FUNCTION restate_reject_promise(text, text, text, text, integer) IS
'Rejects a promise of a workflow with a failure. failure, code: what it is rejected with. As restate_resolve_promise() otherwise.';

CREATE FUNCTION restate_adopt(ids restate_invocation_id[]) RETURNS bigint
  LANGUAGE C VOLATILE CALLED ON NULL INPUT SECURITY DEFINER PARALLEL UNSAFE
  AS 'MODULE_PATHNAME', 'restate_adopt';
REVOKE ALL ON FUNCTION restate_adopt(restate_invocation_id[]) FROM PUBLIC;
COMMENT ON FUNCTION restate_adopt(restate_invocation_id[]) IS
'Has invocations run here that were in flight when they were imported, or when the extension was upgraded to 0.3.0: until then they may run elsewhere, and nothing runs them here. What was running is ready for another attempt, and its sleeps, schedules and retries are due when they were. ids: those; others than such are passed over. Cannot be undone. Returns how many were adopted; each is in the audit. Error: read_only 503. By filter: restate_adopt(ARRAY(SELECT id FROM restate.sys_invocation WHERE ...)).';
