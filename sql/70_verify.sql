-- The invariants that no constraint can state, each as a query for what
-- breaks it.  The body is text: pg_upgrade creates functions before operator
-- classes, without which a parsed one cannot be read that groups by ids.

CREATE FUNCTION restate_verify()
  RETURNS TABLE (problem text, id restate_invocation_id, detail text)
  LANGUAGE sql STABLE SECURITY DEFINER PARALLEL RESTRICTED COST 100000 ROWS 10
  SET search_path = pg_catalog, pg_temp
AS $function$
  -- Every join is on the partition key, for tables distributed by it.
  SELECT 'journal_without_invocation', j.id, format('%s entries', count(*))
  FROM restate.journal j
  LEFT JOIN restate.invocation i ON i.id = j.id AND i.partition_key = j.partition_key
  WHERE i.id IS NULL
  GROUP BY j.id, j.partition_key
  UNION ALL
  SELECT 'events_without_invocation', e.id, format('%s events', count(*))
  FROM restate.journal_event e
  LEFT JOIN restate.invocation i ON i.id = e.id AND i.partition_key = e.partition_key
  WHERE i.id IS NULL
  GROUP BY e.id, e.partition_key
  UNION ALL
  SELECT 'journal_size', i.id,
    format('the row says %s and %s commands, the journal has %s and %s', i.journal_size,
      i.journal_commands_size, coalesce(c.size, 0), coalesce(c.commands_size, 0))
  FROM restate.invocation i
  LEFT JOIN (
    SELECT j.id, j.partition_key, count(*) AS size,
      count(*) FILTER (WHERE j.entry_type < 'Notification: Run') AS commands_size
    FROM restate.journal j
    GROUP BY j.id, j.partition_key
  ) AS c ON c.id = i.id AND c.partition_key = i.partition_key
  WHERE i.journal_size <> coalesce(c.size, 0)
    OR i.journal_commands_size <> coalesce(c.commands_size, 0)
  UNION ALL
  SELECT 'journal_gap', j.id, format('%s entries from index %s to %s', count(*), min(j.index), max(j.index))
  FROM restate.journal j
  GROUP BY j.id, j.partition_key
  HAVING min(j.index) <> 0 OR max(j.index) <> count(*) - 1
  UNION ALL
  SELECT 'input_misplaced', j.id, format('%s at index %s', j.entry_type, j.index)
  FROM restate.journal j
  WHERE (j.index = 0) <> (j.entry_type = 'Command: Input')
  UNION ALL
  SELECT 'input_missing', i.id, format('%s without a journal', i.status)
  FROM restate.invocation i
  WHERE i.status NOT IN ('pending', 'scheduled', 'completed') AND i.journal_size = 0
  UNION ALL
  SELECT 'completion_repeated', j.id, format('completion %s arrived %s times', j.completion_id, count(*))
  FROM restate.journal j
  WHERE j.completion_id IS NOT NULL AND j.entry_type >= 'Notification: Run'
  GROUP BY j.id, j.partition_key, j.completion_id
  HAVING count(*) > 1
  UNION ALL
  SELECT 'completion_unasked', n.id, format('no command waits for completion %s at index %s', n.completion_id, n.index)
  FROM restate.journal n
  LEFT JOIN (
    SELECT j.id, j.partition_key, w.completion_id, min(j.index) AS index
    FROM restate.journal j
    CROSS JOIN LATERAL unnest(ARRAY[j.completion_id, j.result_completion_id]) AS w(completion_id)
    WHERE j.entry_type < 'Notification: Run' AND w.completion_id IS NOT NULL
    GROUP BY j.id, j.partition_key, w.completion_id
  ) AS c ON c.id = n.id AND c.partition_key = n.partition_key AND c.completion_id = n.completion_id
  WHERE n.completion_id IS NOT NULL AND n.entry_type >= 'Notification: Run'
    AND (c.index IS NULL OR c.index > n.index)
  UNION ALL
  SELECT 'entry_malformed', j.id, format('%s at index %s has the wrong ids', j.entry_type, j.index)
  FROM restate.journal j
  WHERE (j.completion_id IS NOT NULL) <> (j.entry_type IN (
      'Command: Run', 'Command: Sleep', 'Command: Call', 'Command: OneWayCall',
      'Command: AttachInvocation', 'Command: GetInvocationOutput', 'Command: GetLazyState',
      'Command: GetLazyStateKeys', 'Command: GetPromise', 'Command: PeekPromise',
      'Command: CompletePromise')
      OR j.entry_type >= 'Notification: Run' AND j.entry_type <> 'Notification: Signal')
    OR (j.result_completion_id IS NOT NULL) <> (j.entry_type = 'Command: Call')
    OR (j.invoked_id IS NOT NULL) <> (j.entry_type IN (
      'Command: Call', 'Command: OneWayCall', 'Notification: CallInvocationId'))
  UNION ALL
  SELECT 'key_held_by_other', k.holder,
    format('%s/%s is held by an invocation that cannot hold it', k.service_name, k.service_key)
  FROM restate.object_key k
  LEFT JOIN restate.invocation i ON i.id = k.holder AND i.partition_key = k.partition_key
    AND i.target_handler_ty = 'exclusive' AND i.status NOT IN ('pending', 'scheduled', 'completed')
    AND i.target_service_name = k.service_name AND i.target_service_key = k.service_key
  WHERE k.holder IS NOT NULL AND i.id IS NULL
  UNION ALL
  SELECT 'key_not_held', i.id,
    format('%s without holding %s/%s', i.status, i.target_service_name, i.target_service_key)
  FROM restate.invocation i
  LEFT JOIN restate.object_key k ON k.partition_key = i.partition_key AND k.holder = i.id
    AND k.service_name = i.target_service_name AND k.service_key = i.target_service_key
  WHERE i.target_handler_ty = 'exclusive' AND i.status NOT IN ('pending', 'scheduled', 'completed')
    AND k.holder IS NULL
  UNION ALL
  SELECT 'inbox_stalled', i.id,
    format('waits for %s/%s, which nobody holds', i.target_service_name, i.target_service_key)
  FROM restate.invocation i
  LEFT JOIN restate.object_key k ON k.partition_key = i.partition_key
    AND k.service_name = i.target_service_name AND k.service_key = i.target_service_key
  WHERE i.target_handler_ty = 'exclusive' AND i.status = 'pending' AND k.holder IS NULL
  UNION ALL
  SELECT 'inbox_order', i.id,
    format('sequence number %s is not before the next, %s', i.inbox_sequence_number, k.next_sequence_number)
  FROM restate.invocation i
  JOIN restate.object_key k ON k.partition_key = i.partition_key
    AND k.service_name = i.target_service_name AND k.service_key = i.target_service_key
  WHERE i.status = 'pending' AND i.inbox_sequence_number >= k.next_sequence_number
  UNION ALL
  SELECT 'inbox_without_key', i.id, 'pending, though its handler takes no object key'
  FROM restate.invocation i
  WHERE i.status = 'pending' AND i.target_handler_ty IS DISTINCT FROM 'exclusive'
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
  SELECT 'revision_without_deployment', NULL, format('revision %s of %s is on %s, which is not registered',
    s.revision, s.service_name, s.deployment_id)
  FROM restate.service_revision s
  LEFT JOIN restate.deployment d ON d.id = s.deployment_id
  WHERE d.id IS NULL
$function$;
REVOKE ALL ON FUNCTION restate_verify() FROM PUBLIC;
COMMENT ON FUNCTION restate_verify() IS
'Returns a row for each broken invariant: orphans, sizes, gaps, completions, holders of object keys, inboxes. Empty when all is well. Reads every row of the tables.';
