-- What the tables of sql/22 have of invocations that come from elsewhere: imported,
-- upgraded, adopted.

CREATE FUNCTION restate.kept_until(at timestamptz, retention interval) RETURNS timestamptz
  LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE
  AS 'MODULE_PATHNAME', 'restate_kept_until';
COMMENT ON FUNCTION restate.kept_until(timestamptz, interval) IS
'When what is kept that long from a time on goes. A day has 24 hours and a month 30 days, whatever the time zone. Infinity, where it is more than a timestamp can hold. Any argument null: null.';

CREATE FUNCTION restate.attached_to(meta jsonb) RETURNS restate_invocation_id
  LANGUAGE sql STABLE CALLED ON NULL INPUT PARALLEL SAFE
  RETURN coalesce(
    (meta #>> '{target,InvocationId}')::restate_invocation_id,
    restate_workflow_invocation_id(meta #>> '{target,Workflow,service_name}', meta #>> '{target,Workflow,key}'),
    restate_idempotent_invocation_id(meta #>> '{target,IdempotentRequest,service_name}',
      meta #>> '{target,IdempotentRequest,service_key}', meta #>> '{target,IdempotentRequest,service_handler}',
      meta #>> '{target,IdempotentRequest,idempotency_key}'));
COMMENT ON FUNCTION restate.attached_to(jsonb) IS
'The invocation that an AttachInvocation is about. meta: as in restate.journal. Null: of what names none.';

CREATE FUNCTION restate.may_be_called_by(
    caller restate_invocation_id, invoked_by_id restate_invocation_id, idempotency_key text, target_handler_ty text)
  RETURNS boolean
  LANGUAGE sql IMMUTABLE CALLED ON NULL INPUT PARALLEL SAFE
  RETURN coalesce(caller = invoked_by_id, false) OR idempotency_key IS NOT NULL OR coalesce(target_handler_ty = 'workflow', false);
COMMENT ON FUNCTION restate.may_be_called_by(restate_invocation_id, restate_invocation_id, text, text) IS
'Whether a call of the caller can have made the invocation of which the other arguments are the columns, or have joined it: what has an idempotency key, or is the run of a workflow, is joined.';

CREATE FUNCTION restate.add_waiters(callers restate_invocation_id[]) RETURNS void
  LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT SECURITY DEFINER PARALLEL UNSAFE
  SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
  waiting record;
BEGIN
  -- who waits is known where it is, whether it can be answered where its target is
  FOR waiting IN
    SELECT i.id, i.random_seed, c.target, c.completion_id, c.kind
    FROM (
      SELECT c.id, c.partition_key, c.completed_at, c.journal_size, c.random_seed FROM restate.invocation AS c WHERE $1 IS NULL
      UNION ALL
      SELECT c.id, c.partition_key, c.completed_at, c.journal_size, c.random_seed FROM restate.invocation AS c WHERE c.id = ANY ($1)
    ) AS i
    JOIN LATERAL (
      SELECT j.id, j.partition_key, j.invoked_id AS target, j.result_completion_id AS completion_id, 'call' AS kind
      FROM restate.journal AS j
      WHERE j.id = i.id AND j.partition_key = i.partition_key AND j.entry_type = 'Command: Call'
      UNION ALL
      SELECT j.id, j.partition_key, restate.attached_to(j.meta), j.completion_id, 'attach'
      FROM restate.journal AS j
      WHERE j.id = i.id AND j.partition_key = i.partition_key AND j.entry_type = 'Command: AttachInvocation'
    ) AS c ON c.partition_key = i.partition_key
    WHERE i.completed_at IS NULL AND i.journal_size > 0 AND c.target IS NOT NULL
      AND NOT EXISTS (SELECT FROM restate.journal AS n
        WHERE n.id = i.id AND n.partition_key = i.partition_key AND n.completion_id = c.completion_id
          AND NOT restate.is_command(n.entry_type))
  LOOP
    CONTINUE WHEN EXISTS (SELECT FROM restate.invocation AS t
      WHERE t.id = waiting.target AND t.partition_key = restate_partition_key_of_id(waiting.target) AND (t.completed_at IS NOT NULL
        OR waiting.kind = 'call' AND NOT restate.may_be_called_by(waiting.id, t.invoked_by_id, t.idempotency_key, t.target_handler_ty)));
    INSERT INTO restate.waiter (target, caller, completion_id, kind, partition_key, caller_seed)
      VALUES (waiting.target, waiting.id, waiting.completion_id, waiting.kind::restate.waiter_kind,
        restate_partition_key_of_id(waiting.target), waiting.random_seed)
      ON CONFLICT DO NOTHING;
    IF FOUND THEN
      UPDATE restate.invocation AS t SET has_waiters = true
        WHERE t.id = waiting.target AND t.partition_key = restate_partition_key_of_id(waiting.target) AND t.has_waiters IS NOT TRUE;
    END IF;
  END LOOP;
END
$function$;
REVOKE ALL ON FUNCTION restate.add_waiters(restate_invocation_id[]) FROM PUBLIC;
COMMENT ON FUNCTION restate.add_waiters(restate_invocation_id[]) IS
'Writes down for whom invocations wait that were not written by the functions: what their journals call or attach to, and have no result of. callers: those that wait, or null for all in flight.';

CREATE FUNCTION restate.add_expiry(ids restate_invocation_id[]) RETURNS void
  LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT SECURITY DEFINER PARALLEL UNSAFE
  SET search_path = pg_catalog, pg_temp
AS $function$
BEGIN
  INSERT INTO restate.timer (due_at, kind, id, completion_id, partition_key)
  SELECT restate.kept_until(now(), i.completion_retention), 'expiry', i.id, -1, i.partition_key
  FROM (
    SELECT c.id, c.partition_key, c.completed_at, c.completion_retention FROM restate.invocation AS c WHERE $1 IS NULL
    UNION ALL
    SELECT c.id, c.partition_key, c.completed_at, c.completion_retention FROM restate.invocation AS c WHERE c.id = ANY ($1)
  ) AS i
  WHERE i.completed_at IS NOT NULL AND i.completion_retention > interval '0' AND restate.kept_until(now(), i.completion_retention) < 'infinity'
  ON CONFLICT DO NOTHING;
END
$function$;
REVOKE ALL ON FUNCTION restate.add_expiry(restate_invocation_id[]) FROM PUBLIC;
COMMENT ON FUNCTION restate.add_expiry(restate_invocation_id[]) IS
'Sets when completed invocations go that were not completed by the functions: their retention counts from now, and their journals go with their results. ids: those, or null for all.';
