-- The invariants that no constraint can state, each as a query for what
-- breaks it.  The body is text: pg_upgrade creates functions before operator
-- classes, without which a parsed one cannot be read that groups by ids.

CREATE FUNCTION restate_verify()
  RETURNS TABLE (problem text, id restate_invocation_id, detail text)
  LANGUAGE sql STABLE SECURITY DEFINER PARALLEL RESTRICTED COST 100000 ROWS 10
  SET search_path = pg_catalog, pg_temp
AS $function$
  -- Every join and grouping is by the partition key, for tables distributed by
  -- it.  What can be large is scanned in order of the table, grouped, or joined
  -- by equality of keys, never a loop in a loop: with or without statistics a
  -- step takes the memory that work_mem allows, and disk beyond that.
  SELECT p.problem, coalesce(i.id, c.id), p.detail
  FROM restate.invocation i
  FULL JOIN (
    SELECT j.id, j.partition_key, count(*) AS size,
      count(*) FILTER (WHERE restate.is_command(j.entry_type)) AS commands_size,
      min(j.index) AS first, max(j.index) AS last,
      max(greatest(j.completion_id, j.result_completion_id)) FILTER (WHERE restate.is_command(j.entry_type)) AS asked
    FROM restate.journal j
    GROUP BY j.id, j.partition_key
  ) AS c ON c.id = i.id AND c.partition_key = i.partition_key
  CROSS JOIN LATERAL unnest(
    ARRAY['journal_without_invocation', 'journal_size', 'journal_gap', 'asked_wrong'],
    ARRAY[
      CASE WHEN i.id IS NULL THEN format('%s entries', c.size) END,
      CASE WHEN i.journal_size <> coalesce(c.size, 0) OR i.journal_commands_size <> coalesce(c.commands_size, 0)
        THEN format('the row says %s and %s commands, the journal has %s and %s', i.journal_size,
          i.journal_commands_size, coalesce(c.size, 0), coalesce(c.commands_size, 0)) END,
      CASE WHEN c.first <> 0 OR c.last <> c.size - 1
        THEN format('%s entries from index %s to %s', c.size, c.first, c.last) END,
      -- the next command is numbered by it
      CASE WHEN i.completed_at IS NULL AND i.asked_completion_id <> coalesce(c.asked, -1) AND c.size > 0
        THEN format('the row says that completion %s was asked for last, the journal says %s', i.asked_completion_id, coalesce(c.asked, -1)) END
    ]) AS p(problem, detail)
  WHERE p.detail IS NOT NULL
  UNION ALL
  SELECT 'events_without_invocation', e.id, format('%s events', count(*))
  FROM restate.journal_event e
  LEFT JOIN restate.invocation i ON i.id = e.id AND i.partition_key = e.partition_key
  WHERE i.id IS NULL
  GROUP BY e.id, e.partition_key
  UNION ALL
  SELECT 'input_misplaced', j.id, format('%s at index %s', j.entry_type, j.index)
  FROM restate.journal j
  WHERE (j.index = 0) <> (j.entry_type = 'Command: Input')
  UNION ALL
  SELECT 'input_missing', i.id, format('%s without a journal', i.status)
  FROM restate.invocation i
  WHERE i.completed_at IS NULL AND restate.has_started(i.status) AND i.journal_size = 0
  UNION ALL
  -- Who asks for a completion, that it arrives, and who is suspended on it.
  -- Signals 1 to 16 are sent again and again, to be taken in their order: that
  -- one has arrived does not tell whether another is waited for.  Each signal
  -- from 17 on belongs to one awakeable.
  SELECT p.problem, p.id, p.detail
  FROM (
    SELECT s.id,
      unnest(ARRAY['completion_repeated', 'completion_unasked', 'wakeup_lost']) AS problem,
      unnest(ARRAY[
        CASE WHEN s.completion_id IS NOT NULL AND count(s.arrived) > 1
          THEN format('completion %s arrived %s times', s.completion_id, count(s.arrived)) END,
        CASE WHEN s.completion_id IS NOT NULL AND (min(s.asked) IS NULL OR min(s.asked) > min(s.arrived))
          THEN format('no command waits for completion %s at index %s', s.completion_id, min(s.arrived)) END,
        CASE WHEN bool_or(s.awaited) THEN format('suspended on %s %s, which arrived at index %s',
          CASE WHEN s.completion_id IS NULL THEN 'signal' ELSE 'completion' END,
          coalesce(s.completion_id, s.signal_index), min(s.arrived)) END
      ]) AS detail
    FROM (
      SELECT j.id, j.partition_key, j.completion_id, NULL::bigint AS signal_index,
        CASE WHEN restate.is_command(j.entry_type) THEN j.index END AS asked,
        CASE WHEN NOT restate.is_command(j.entry_type) THEN j.index END AS arrived, false AS awaited
      FROM restate.journal j
      WHERE j.completion_id IS NOT NULL
      UNION ALL
      SELECT j.id, j.partition_key, j.result_completion_id, NULL, j.index, NULL, false
      FROM restate.journal j
      WHERE restate.is_command(j.entry_type) AND j.result_completion_id IS NOT NULL
      UNION ALL
      SELECT j.id, j.partition_key, NULL, j.signal_index, NULL, j.index, false
      FROM restate.journal j
      WHERE j.entry_type = 'Notification: Signal' AND j.signal_index >= 17
      UNION ALL
      SELECT i.id, i.partition_key, w.completion_id, NULL, NULL, NULL, true
      FROM restate.invocation i
      CROSS JOIN LATERAL unnest(i.suspended_waiting_for_completions) AS w(completion_id)
      WHERE i.completed_at IS NULL AND i.status = 'suspended'
      UNION ALL
      SELECT i.id, i.partition_key, NULL, w.signal_index, NULL, NULL, true
      FROM restate.invocation i
      CROSS JOIN LATERAL unnest(i.suspended_waiting_for_signals) AS w(signal_index)
      WHERE i.completed_at IS NULL AND i.status = 'suspended'
    ) AS s
    GROUP BY s.id, s.partition_key, s.completion_id, s.signal_index
    HAVING count(s.arrived) > 0
  ) AS p
  WHERE p.detail IS NOT NULL
  UNION ALL
  -- What an invocation waits for comes by a row: the end of a sleep by its timer, a
  -- result by who waits for it; what else a command asks for came with the command.
  -- Run is up to the attempt, and a promise goes with its workflow.  Of what no worker
  -- has started here nothing is known.  Who waits is in the partition of the target, so
  -- those rows are brought together first.
  SELECT 'answer_lost', l.id, p.detail
  FROM (
    WITH waiting AS MATERIALIZED (SELECT w.caller, w.completion_id FROM restate.waiter w)
    SELECT a.id, a.partition_key, a.entry_type, a.index, a.completion_id
    FROM (
      SELECT s.id, s.partition_key, s.completion_id, min(s.entry_type) AS entry_type, min(s.index) AS index
      FROM (
        SELECT j.id, j.partition_key, j.completion_id, j.index,
          CASE WHEN restate.is_command(j.entry_type) AND j.entry_type NOT IN ('Command: Run', 'Command: GetPromise')
            AND restate.sleep_wakeup_at(j.entry_type, j.meta) IS DISTINCT FROM 'infinity' THEN j.entry_type END AS entry_type,
          NOT restate.is_command(j.entry_type) AS comes
        FROM restate.journal j
        WHERE j.completion_id IS NOT NULL
        UNION ALL
        SELECT j.id, j.partition_key, j.result_completion_id, j.index, j.entry_type, false
        FROM restate.journal j
        WHERE restate.is_command(j.entry_type) AND j.result_completion_id IS NOT NULL
        UNION ALL
        SELECT t.id, t.partition_key, t.completion_id, NULL, NULL, true
        FROM restate.timer t
        WHERE t.kind = 'sleep'
      ) AS s
      GROUP BY s.id, s.partition_key, s.completion_id
      HAVING count(s.entry_type) > 0 AND NOT bool_or(s.comes)
    ) AS a
    LEFT JOIN waiting w ON w.caller = a.id AND w.completion_id = a.completion_id
    WHERE w.caller IS NULL
  ) AS l
  FULL JOIN (
    SELECT i.id, i.partition_key
    FROM restate.invocation i
    WHERE i.completed_at IS NULL AND i.is_foreign IS NOT TRUE AND i.last_start_at IS NOT NULL
  ) AS i ON i.id = l.id AND i.partition_key = l.partition_key
  CROSS JOIN LATERAL unnest(ARRAY[CASE WHEN i.id IS NOT NULL AND l.id IS NOT NULL
    THEN format('%s at index %s waits for completion %s, which nothing brings', l.entry_type, l.index, l.completion_id) END]) AS p(detail)
  WHERE p.detail IS NOT NULL
  UNION ALL
  SELECT 'suspended_on_nothing', i.id, 'suspended, and waits for no completion and no signal'
  FROM restate.invocation i
  WHERE i.completed_at IS NULL AND i.status = 'suspended' AND coalesce(cardinality(i.suspended_waiting_for_completions), 0) = 0
    AND coalesce(cardinality(i.suspended_waiting_for_signals), 0) = 0
    AND coalesce(cardinality(i.suspended_waiting_for_names), 0) = 0
  UNION ALL
  SELECT 'pause_left', i.id, format('%s, though a pause waits for its attempt to end', i.status)
  FROM restate.invocation i
  WHERE i.pause_requested AND i.status NOT IN ('ready', 'running')
  UNION ALL
  -- A restart with keep may be pinned to what is removed: one that was never
  -- attempted still waits for that deployment, or to be resumed on another.
  SELECT 'pinned_without_deployment', i.id, format('%s on %s, which is not registered', i.status, i.pinned_deployment_id)
  FROM restate.invocation i
  LEFT JOIN restate.deployment d ON d.id = i.pinned_deployment_id
  WHERE i.completed_at IS NULL AND i.pinned_deployment_id IS NOT NULL AND d.id IS NULL
    AND (i.restarted_from IS NULL OR i.last_start_at IS NOT NULL)
  UNION ALL
  SELECT 'entry_malformed', j.id, format('%s at index %s has the wrong ids', j.entry_type, j.index)
  FROM restate.journal j
  WHERE NOT restate.entry_ids_fit(j.entry_type, j.completion_id, j.result_completion_id, j.invoked_id)
  UNION ALL
  SELECT 'key_held_by_other', k.holder,
    format('%s/%s is held by an invocation that cannot hold it', k.service_name, k.service_key)
  FROM restate.object_key k
  LEFT JOIN restate.invocation i ON i.id = k.holder AND i.partition_key = k.partition_key
    AND i.target_handler_ty = 'exclusive' AND i.completed_at IS NULL AND restate.has_started(i.status)
    AND i.target_service_name = k.service_name AND i.target_service_key = k.service_key
  WHERE k.holder IS NOT NULL AND i.id IS NULL
  UNION ALL
  SELECT 'key_not_held', i.id,
    format('%s without holding %s/%s', i.status, i.target_service_name, i.target_service_key)
  FROM restate.invocation i
  LEFT JOIN restate.object_key k ON k.partition_key = i.partition_key AND k.holder = i.id
    AND k.service_name = i.target_service_name AND k.service_key = i.target_service_key
  WHERE i.completed_at IS NULL AND i.target_handler_ty = 'exclusive' AND restate.has_started(i.status)
    AND k.holder IS NULL
  UNION ALL
  SELECT 'inbox_stalled', i.id,
    format('waits for %s/%s, which nobody holds', i.target_service_name, i.target_service_key)
  FROM restate.invocation i
  LEFT JOIN restate.object_key k ON k.partition_key = i.partition_key
    AND k.service_name = i.target_service_name AND k.service_key = i.target_service_key
  WHERE i.target_handler_ty = 'exclusive' AND i.inbox_sequence_number IS NOT NULL AND k.holder IS NULL
  UNION ALL
  SELECT 'inbox_order', i.id,
    format('sequence number %s is not before the next, %s', i.inbox_sequence_number, k.next_sequence_number)
  FROM restate.invocation i
  JOIN restate.object_key k ON k.partition_key = i.partition_key
    AND k.service_name = i.target_service_name AND k.service_key = i.target_service_key
  WHERE i.inbox_sequence_number >= k.next_sequence_number
  UNION ALL
  SELECT 'inbox_without_key', i.id, 'pending, though its handler takes no object key'
  FROM restate.invocation i
  WHERE i.inbox_sequence_number IS NOT NULL AND i.target_handler_ty IS DISTINCT FROM 'exclusive'
  UNION ALL
  SELECT 'restart_moved', i.id, 'its partition key is not that of the original'
  FROM restate.invocation i
  WHERE i.restarted_from IS NOT NULL AND restate_partition_key_of_id(i.restarted_from) <> i.partition_key
  UNION ALL
  SELECT 'key_moved', i.id, 'its partition key is not that of its service key'
  FROM restate.invocation i
  WHERE i.target_service_key IS NOT NULL
    AND i.partition_key <> restate_partition_key_of_key(i.target_service_key)
  UNION ALL
  -- What is ready and not foreign can be claimed, once, and nothing else.
  SELECT 'runnable_wrong', coalesce(r.id, i.id), CASE
    WHEN r.id IS NULL THEN format('ready since %s, but cannot be claimed', i.modified_at)
    WHEN i.id IS NULL THEN format('can be claimed since %s, though it is not there, not ready since then or not on that deployment', r.ready_at) END
  FROM (
    SELECT i.id, i.partition_key, i.target_service_name, i.pinned_deployment_id, i.modified_at
    FROM restate.invocation i
    WHERE i.completed_at IS NULL AND i.status = 'ready' AND i.is_foreign IS NOT TRUE
  ) AS i
  FULL JOIN restate.runnable r ON r.id = i.id AND r.partition_key = i.partition_key
    AND r.service_name = i.target_service_name AND r.ready_at = i.modified_at
    AND r.deployment_id = coalesce(i.pinned_deployment_id, restate.no_deployment())
  WHERE r.id IS NULL OR i.id IS NULL
  UNION ALL
  SELECT 'waiter_wrong', w.target, format('%s waits for its result with completion %s, %s', w.caller, w.completion_id, CASE
    WHEN t.completed_at IS NOT NULL THEN 'and has not got it'
    ELSE 'but does not say that somebody waits' END)
  FROM restate.waiter w
  JOIN restate.invocation t ON t.id = w.target AND t.partition_key = w.partition_key
  WHERE t.has_waiters IS NOT TRUE OR t.completed_at IS NOT NULL
  UNION ALL
  SELECT 'promise_waiter_wrong', w.caller, format('waits with completion %s for promise %s of %s/%s, which is completed',
    w.completion_id, w.key, w.service_name, w.service_key)
  FROM restate.promise_waiter w
  JOIN restate.promise p ON p.partition_key = w.partition_key AND p.service_name = w.service_name
    AND p.service_key = w.service_key AND p.key = w.key
  WHERE p.completed
  UNION ALL
  -- What is to go on by itself does so by a timer; one too many finds nothing to do.
  SELECT 'timer_missing', i.id, format('%s, but no %s is due at %s', i.status, i.kind, i.due_at)
  FROM (
    SELECT i.id, i.partition_key, i.status, 'schedule'::restate.timer_kind AS kind, i.scheduled_start_at AS due_at
    FROM restate.invocation i
    WHERE i.completed_at IS NULL AND i.is_foreign IS NOT TRUE AND i.status = 'scheduled' AND i.scheduled_start_at IS NOT NULL
    UNION ALL
    SELECT i.id, i.partition_key, i.status, 'retry', i.next_retry_at
    FROM restate.invocation i
    WHERE i.completed_at IS NULL AND i.is_foreign IS NOT TRUE AND i.status = 'backing-off' AND i.last_start_at IS NOT NULL
  ) AS i
  LEFT JOIN restate.timer t ON t.id = i.id AND t.partition_key = i.partition_key AND t.kind = i.kind AND t.due_at = i.due_at
  WHERE t.id IS NULL
  UNION ALL
  SELECT 'attempt_wrong', i.id, CASE WHEN i.attempt IS NULL THEN 'running without an attempt, which nothing ends' ELSE format('%s with an attempt', i.status) END
  FROM restate.invocation i
  WHERE i.completed_at IS NULL AND CASE WHEN i.attempt IS NULL THEN i.status = 'running' AND i.is_foreign IS NOT TRUE AND i.last_start_at IS NOT NULL ELSE i.status <> 'running' END
  UNION ALL
  SELECT 'result_early', u.id, format('%s, though a result of it is kept for who waits', i.status)
  FROM restate.undelivered_result u
  JOIN restate.invocation i ON i.id = u.id AND i.partition_key = u.partition_key AND i.random_seed = u.random_seed
  WHERE i.completed_at IS NULL
  UNION ALL
  -- The tick takes attempts by the rows of workers, and keeps the row of one that runs something.
  SELECT 'worker_missing', i.id, format('worker %s runs it and has no row, so that its attempt is never taken', coalesce(i.worker_name, 'of no name'))
  FROM restate.invocation i
  LEFT JOIN restate.worker w ON w.name = i.worker_name COLLATE "C"
  WHERE i.completed_at IS NULL AND i.status = 'running' AND i.attempt IS NOT NULL AND i.is_foreign IS NOT TRUE AND w.name IS NULL
  UNION ALL
  -- a change of a state waits for who holds the key, and is found through its row
  SELECT 'queued_state_stalled', NULL, format('a change of the state of %s/%s waits, %s', q.service_name, q.service_key, CASE
    WHEN k.holder IS NULL THEN 'though nobody holds the key'
    WHEN k.has_queued_state IS NOT TRUE THEN 'and the key does not say so'
    ELSE format('with sequence number %s, which is not before the next, %s', q.sequence_number, k.next_sequence_number) END)
  FROM restate.queued_state q
  LEFT JOIN restate.object_key k ON k.partition_key = q.partition_key
    AND k.service_name = q.service_name AND k.service_key = q.service_key
  WHERE k.holder IS NULL OR k.has_queued_state IS NOT TRUE OR q.sequence_number >= k.next_sequence_number
  UNION ALL
  SELECT 'revision_without_deployment', NULL, format('revision %s of %s is on %s, which is not registered',
    s.revision, s.service_name, s.deployment_id)
  FROM restate.service_revision s
  LEFT JOIN restate.deployment d ON d.id = s.deployment_id
  WHERE d.id IS NULL
  UNION ALL
  -- What is left of a bulk job's set is what has not had its turn.
  SELECT 'bulk_job_wrong', NULL, CASE
    WHEN b.job IS NULL THEN format('bulk job %s is not there, but %s invocations are left of its set', t.job, t.size)
    ELSE format('bulk job %s is %s with %s invocations remaining, and %s are left of its set', b.job, b.state, b.remaining, coalesce(t.size, 0)) END
  FROM restate.sys_bulk_job b
  FULL JOIN (SELECT t.job, count(*) AS size FROM restate.bulk_target t GROUP BY t.job) AS t ON t.job = b.job
  WHERE coalesce(t.size, 0) <> CASE WHEN b.state IN ('running', 'paused') THEN b.remaining ELSE 0 END
$function$;
REVOKE ALL ON FUNCTION restate_verify() FROM PUBLIC;
COMMENT ON FUNCTION restate_verify() IS
'Returns a row for each broken invariant: orphans, sizes, gaps, completions, suspensions, pauses, deployments, holders of object keys, inboxes, what can be claimed, who runs it, who waits for whom, timers, results, what is left of bulk jobs. Empty when all is well. Reads every row of the tables, in the memory that work_mem allows for each step.';
