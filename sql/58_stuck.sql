-- What is late by its own measure, and what a deployment is still needed for.  Both
-- views read what is in flight, by its index, and what belongs to it by keys.

CREATE FUNCTION restate.stuck_after(reason text) RETURNS interval
  LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
  RETURN CASE reason
    WHEN 'unclaimed' THEN interval '1 minute'
    WHEN 'unserved' THEN interval '1 minute'
    WHEN 'overdue' THEN interval '1 minute'
    WHEN 'retrying' THEN interval '10 minutes'
    WHEN 'paused' THEN interval '10 minutes'
    WHEN 'key_blocked' THEN interval '10 minutes'
    WHEN 'service_held' THEN interval '10 minutes'
    WHEN 'not_adopted' THEN interval '1 hour'
    WHEN 'worker_silent' THEN restate.worker_silence()
    -- what does not mend by itself is late at once
    WHEN 'worker_gone' THEN interval '0'
    WHEN 'deployment_gone' THEN interval '0'
    WHEN 'callee_gone' THEN interval '0' END;
COMMENT ON FUNCTION restate.stuck_after(text) IS
'How long something may last before restate.sys_stuck has it. reason: as there. Null: for another reason.';

CREATE FUNCTION restate.define_stuck_elsewhere(of_nodes boolean) RETURNS void
  LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
  SET search_path = pg_catalog, pg_temp
AS $function$
BEGIN
  EXECUTE 'CREATE OR REPLACE VIEW restate.stuck_elsewhere WITH (security_barrier) AS ' || CASE WHEN of_nodes THEN $view$
    SELECT e.reason, e.id, e.target COLLATE "C", e.status, e.since, e.age, e.detail, e.target_service_name COLLATE "C", e.target_service_key,
      e.target_handler_name, e.deployment_id, e.worker_name, e.related_id, e.waiting, e.retry_count, e.last_failure
    FROM restate.stuck_elsewhere_of_nodes() AS e
  $view$ ELSE $view$
    -- suspended on a call whose callee is not there: the result never comes
    SELECT 'callee_gone' AS reason, i.id, concat_ws('/', i.target_service_name, i.target_service_key, i.target_handler_name) AS target,
      i.status, i.modified_at AS since, now() - i.modified_at AS age,
      format('it waits for %s, called at index %s, which is not there', c.invoked_id, c.index) AS detail,
      i.target_service_name, i.target_service_key, i.target_handler_name, i.pinned_deployment_id AS deployment_id, i.worker_name,
      c.invoked_id AS related_id, NULL::bigint AS waiting,
      i.retry_count, i.last_failure
    FROM restate.invocation i
    CROSS JOIN LATERAL (
      SELECT j.invoked_id, j.index FROM restate.journal j
      WHERE j.id = i.id AND j.partition_key = i.partition_key AND j.invoked_id IS NOT NULL
        AND j.entry_type = 'Command: Call' AND j.result_completion_id = ANY (i.suspended_waiting_for_completions)
        AND NOT EXISTS (SELECT FROM restate.invocation e
          WHERE e.id = j.invoked_id AND e.partition_key = restate_partition_key_of_id(j.invoked_id))
      ORDER BY j.index LIMIT 1) AS c
    WHERE i.completed_at IS NULL AND i.status = 'suspended' AND cardinality(i.suspended_waiting_for_completions) > 0
      AND i.is_foreign IS NOT TRUE AND i.modified_at <= now() - restate.stuck_after('callee_gone')
    UNION ALL
    -- a service is held, and something of it could run
    SELECT 'service_held', NULL, h.service_name, NULL, h.held_at, now() - h.held_at,
      concat_ws(': ', 'held by ' || h.role_name, h.reason),
      h.service_name, NULL, NULL, NULL, NULL, NULL, r.waiting, NULL, NULL
    FROM restate.held_service h
    CROSS JOIN LATERAL (
      SELECT count(*) FROM (SELECT FROM restate.runnable r WHERE r.service_name = h.service_name LIMIT 1000) AS r) AS r (waiting)
    WHERE r.waiting > 0 AND h.held_at <= now() - restate.stuck_after('service_held')
  $view$ END;
END
$function$;
REVOKE ALL ON FUNCTION restate.define_stuck_elsewhere(boolean) FROM PUBLIC;
COMMENT ON FUNCTION restate.define_stuck_elsewhere(boolean) IS
'Gives restate.stuck_elsewhere the form that reads tables of one server, or that of distributed ones. of_nodes: which.';
SELECT restate.define_stuck_elsewhere(of_nodes => false);
REVOKE ALL ON restate.stuck_elsewhere FROM PUBLIC;
COMMENT ON VIEW restate.stuck_elsewhere IS
'Of restate.sys_stuck what takes more than the partition of an invocation. Where the tables are distributed restate_distribute() puts restate.stuck_elsewhere_of_nodes() in its place.';

CREATE VIEW restate.sys_stuck WITH (security_barrier) AS
-- what the row of an invocation says
SELECT s.reason, i.id,
  concat_ws('/', i.target_service_name, i.target_service_key, i.target_handler_name) AS target,
  i.status, s.since, now() - s.since AS age,
  CASE s.reason
    WHEN 'unclaimed' THEN 'ready, and no worker claims it'
    WHEN 'unserved' THEN 'ready, and no registered deployment serves its service'
    WHEN 'overdue' THEN CASE i.status WHEN 'scheduled' THEN 'its start' ELSE 'its next attempt' END
      || ' is due, and no restate_tick() has come to it'
    WHEN 'retrying' THEN format('%s failed since it last got on: %s',
      CASE coalesce(i.entry_retry_count, 0) WHEN 0 THEN 'its attempts have' WHEN 1 THEN '1 attempt has'
        ELSE i.entry_retry_count || ' attempts have' END, coalesce(split_part(i.last_failure, E'\n', 1), 'no failure is known'))
    WHEN 'paused' THEN coalesce('it waits to be resumed, after ' || CASE WHEN i.entry_retry_count > 0 THEN split_part(i.last_failure, E'\n', 1) END,
      'it waits to be resumed')
    WHEN 'worker_silent' THEN format('worker %s is not heard of, and no restate_tick() has taken the attempt', i.worker_name)
    WHEN 'worker_gone' THEN format('worker %s is not known, so that no restate_tick() takes the attempt', coalesce(i.worker_name, 'of no name'))
    WHEN 'deployment_gone' THEN format('it is pinned to %s, which is not registered', i.pinned_deployment_id)
    WHEN 'not_adopted' THEN 'it was in flight when it came, and nothing runs it here before restate_adopt()' END AS detail,
  i.target_service_name, i.target_service_key, i.target_handler_name,
  i.pinned_deployment_id AS deployment_id, i.worker_name, NULL::restate_invocation_id AS related_id, NULL::bigint AS waiting,
  i.retry_count, i.last_failure
FROM restate.invocation i
LEFT JOIN restate.deployment d ON d.id = i.pinned_deployment_id
LEFT JOIN restate.worker w ON w.name = i.worker_name COLLATE "C"
LEFT JOIN restate.held_service h ON h.service_name = i.target_service_name COLLATE "C"
LEFT JOIN restate.sys_service l ON l.name = i.target_service_name
CROSS JOIN LATERAL (SELECT coalesce(i.last_entry_at, i.running_at, i.created_at)) AS p (progress_at)
CROSS JOIN LATERAL (SELECT i.status = 'ready' AND i.pinned_deployment_id IS NULL AND l.name IS NULL) AS u (is_unserved)
CROSS JOIN LATERAL (VALUES
  ('unclaimed', CASE WHEN i.status = 'ready' AND h.service_name IS NULL AND NOT u.is_unserved
    AND (i.pinned_deployment_id IS NULL OR d.id IS NOT NULL) THEN i.modified_at END),
  ('unserved', CASE WHEN u.is_unserved THEN i.modified_at END),
  ('overdue', CASE i.status WHEN 'backing-off' THEN i.next_retry_at WHEN 'scheduled' THEN i.scheduled_start_at END),
  ('retrying', CASE WHEN i.status = 'backing-off' OR i.status IN ('ready', 'running') AND i.entry_retry_count > 0
    THEN p.progress_at END),
  ('paused', CASE WHEN i.status = 'paused' THEN CASE WHEN i.entry_retry_count > 0 THEN p.progress_at ELSE i.modified_at END END),
  ('worker_silent', CASE WHEN i.status = 'running' THEN w.last_seen END),
  ('worker_gone', CASE WHEN i.status = 'running' AND i.attempt IS NOT NULL AND w.name IS NULL THEN i.modified_at END),
  ('deployment_gone', CASE WHEN i.pinned_deployment_id IS NOT NULL AND d.id IS NULL THEN i.modified_at END),
  ('not_adopted', i.modified_at)) AS s (reason, since)
WHERE i.completed_at IS NULL AND s.since <= now() - restate.stuck_after(s.reason)
  AND (s.reason = 'not_adopted') = (i.is_foreign IS TRUE)
UNION ALL
-- sleeps, each invocation once
SELECT 'overdue', i.id, concat_ws('/', i.target_service_name, i.target_service_key, i.target_handler_name),
  i.status, t.since, now() - t.since,
  CASE t.sleeps WHEN 1 THEN 'a sleep is' ELSE t.sleeps || ' sleeps are' END || ' over, and no restate_tick() has come to it',
  i.target_service_name, i.target_service_key, i.target_handler_name, i.pinned_deployment_id, i.worker_name, NULL, NULL,
  i.retry_count, i.last_failure
FROM (
  SELECT t.id, t.partition_key, t.seed, min(t.due_at) AS since, count(*) AS sleeps
  FROM restate.timer t
  WHERE t.kind = 'sleep' AND t.due_at <= now() - restate.stuck_after('overdue')
  GROUP BY t.id, t.partition_key, t.seed) AS t
JOIN restate.invocation i ON i.id = t.id AND i.partition_key = t.partition_key
WHERE i.completed_at IS NULL AND i.status <> 'backing-off' AND (t.seed = 0 OR t.seed = i.random_seed)
UNION ALL
-- the holder of an object key stands still, and others wait
SELECT 'key_blocked', i.id, concat_ws('/', i.target_service_name, i.target_service_key, i.target_handler_name),
  i.status, s.since, now() - s.since,
  format('%s, and others wait for its object key, the first since %s', i.status, to_char(n.inboxed_at AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI:SS "UTC"')),
  i.target_service_name, i.target_service_key, i.target_handler_name, i.pinned_deployment_id, i.worker_name, n.id,
  (SELECT count(*) FROM (SELECT FROM restate.invocation w
    WHERE w.inbox_sequence_number IS NOT NULL AND w.partition_key = i.partition_key
      AND w.target_service_name = i.target_service_name COLLATE "C"
      AND restate.indexed_key(w.target_service_key) = restate.indexed_key(i.target_service_key) LIMIT 1000) AS w),
  i.retry_count, i.last_failure
FROM restate.invocation i
CROSS JOIN LATERAL (
  SELECT w.id, coalesce(w.inboxed_at, w.created_at) AS inboxed_at FROM restate.invocation w
  WHERE w.inbox_sequence_number IS NOT NULL AND w.partition_key = i.partition_key
    AND w.target_service_name = i.target_service_name COLLATE "C"
    AND restate.indexed_key(w.target_service_key) = restate.indexed_key(i.target_service_key)
  ORDER BY w.inbox_sequence_number LIMIT 1) AS n
CROSS JOIN LATERAL (SELECT greatest(i.modified_at, n.inboxed_at)) AS s (since)
WHERE i.completed_at IS NULL AND i.target_handler_ty = 'exclusive' AND i.status IN ('suspended', 'paused', 'backing-off')
  AND i.is_foreign IS NOT TRUE AND s.since <= now() - restate.stuck_after('key_blocked')
UNION ALL
-- what the tables of other partitions say
SELECT e.reason, e.id, e.target, e.status, e.since, e.age, e.detail, e.target_service_name, e.target_service_key, e.target_handler_name,
  e.deployment_id, e.worker_name, e.related_id, e.waiting, e.retry_count, e.last_failure
FROM restate.stuck_elsewhere e;
REVOKE ALL ON restate.sys_stuck FROM PUBLIC;
COMMENT ON VIEW restate.sys_stuck IS
'What is late by its own measure, a row for each invocation and reason: the oldest first with ORDER BY since. How late is restate.stuck_after(reason). A filter on id, on target_service_name or on reason reads less.';
COMMENT ON COLUMN restate.sys_stuck.reason IS
'unclaimed: ready, and no worker claims it. unserved: ready, and no registered deployment serves its service. overdue: a start, a retry or the end of a sleep is due, and no restate_tick() has done it. retrying: its attempts fail since it last got on. paused: it waits for restate_resume(). key_blocked: it holds an object key and stands still, suspended, paused or backing-off, while others wait for the key. callee_gone: suspended on the result of a call whose callee is not there. worker_silent: its worker is not heard of, and no restate_tick() has taken the attempt. worker_gone: its worker has no row, so that none takes it. deployment_gone: pinned to a deployment that is not registered. service_held: restate_hold() keeps its service, and something of it is ready; a row for each service. not_adopted: in flight when it was imported or upgraded, and not adopted since.';
COMMENT ON COLUMN restate.sys_stuck.id IS 'The invocation; of key_blocked the one that holds the key. Null of service_held.';
COMMENT ON COLUMN restate.sys_stuck.target IS 'Service, key if it has one, and handler, between slashes; of service_held the service.';
COMMENT ON COLUMN restate.sys_stuck.status IS 'The status of the invocation. Null of service_held.';
COMMENT ON COLUMN restate.sys_stuck.since IS
'Since when: of unclaimed and unserved it is ready, of overdue the time that was due, of retrying the last entry of its journal came, and so of one that is paused after failures; of key_blocked both it stands still and another waits; of worker_silent the worker was last heard of; of service_held it is held; of the others its status last changed.';
COMMENT ON COLUMN restate.sys_stuck.age IS 'How long ago that is.';
COMMENT ON COLUMN restate.sys_stuck.detail IS 'The same in words, with what belongs to it: a failure, a worker, a deployment, a callee, who holds the service and why.';
COMMENT ON COLUMN restate.sys_stuck.target_service_name IS 'The service that is invoked, or held.';
COMMENT ON COLUMN restate.sys_stuck.target_service_key IS 'The key of the virtual object or workflow; null for a service.';
COMMENT ON COLUMN restate.sys_stuck.target_handler_name IS 'The handler that is invoked.';
COMMENT ON COLUMN restate.sys_stuck.deployment_id IS 'The deployment that it is pinned to.';
COMMENT ON COLUMN restate.sys_stuck.worker_name IS 'The worker that runs its attempt.';
COMMENT ON COLUMN restate.sys_stuck.related_id IS 'Of key_blocked the first that waits for the key; of callee_gone the callee; else null.';
COMMENT ON COLUMN restate.sys_stuck.waiting IS 'Of key_blocked how many wait for the key, of service_held how many are ready, at most 1000; else null.';
COMMENT ON COLUMN restate.sys_stuck.retry_count IS 'The attempts since it last got on, as sys_invocation has it.';
COMMENT ON COLUMN restate.sys_stuck.last_failure IS 'Why the last attempt failed.';

-- The columns of what is a part of it are what those of the whole are.
DO $do$
DECLARE
  shown record;
BEGIN
  FOR shown IN
    SELECT a.attname AS column_name, col_description(a.attrelid, a.attnum) AS said
    FROM pg_attribute AS a
    WHERE a.attrelid = 'restate.sys_stuck'::regclass AND a.attnum > 0
  LOOP
    EXECUTE format('COMMENT ON COLUMN restate.stuck_elsewhere.%I IS %L', shown.column_name, shown.said);
  END LOOP;
END
$do$;

CREATE VIEW restate.sys_deployment_blocker WITH (security_barrier) AS
SELECT i.pinned_deployment_id AS deployment_id, 'pinned' AS blocker, i.target_service_name AS service_name, i.status,
  count(*) AS count, min(i.created_at) AS oldest_at, (array_agg(i.id ORDER BY i.created_at, i.id))[1] AS oldest_id
FROM restate.invocation i
WHERE i.completed_at IS NULL AND i.pinned_deployment_id IS NOT NULL
GROUP BY i.pinned_deployment_id, i.target_service_name, i.status
UNION ALL
SELECT l.deployment_id, 'unpinned', i.target_service_name, i.status, count(*), min(i.created_at),
  (array_agg(i.id ORDER BY i.created_at, i.id))[1]
FROM restate.invocation i
JOIN restate.sys_service l ON l.name = i.target_service_name
WHERE i.completed_at IS NULL AND i.pinned_deployment_id IS NULL
GROUP BY l.deployment_id, i.target_service_name, i.status
UNION ALL
SELECT l.deployment_id, 'latest', l.name, NULL, NULL, NULL, NULL
FROM restate.sys_service l;
REVOKE ALL ON restate.sys_deployment_blocker FROM PUBLIC;
COMMENT ON VIEW restate.sys_deployment_blocker IS
'What deployments are still needed for: those that have no row are drained. A deployment that is not registered any more has rows of what is pinned to it.';
COMMENT ON COLUMN restate.sys_deployment_blocker.deployment_id IS 'The deployment.';
COMMENT ON COLUMN restate.sys_deployment_blocker.blocker IS
'pinned: invocations that have not completed are pinned to it, and run nowhere else unless they are resumed on another. unpinned: invocations that have not begun will run on it, the latest of their service. latest: it serves the latest revision of the service, and gets what comes.';
COMMENT ON COLUMN restate.sys_deployment_blocker.service_name IS 'The service.';
COMMENT ON COLUMN restate.sys_deployment_blocker.status IS 'The status of these invocations. Null of latest.';
COMMENT ON COLUMN restate.sys_deployment_blocker.count IS 'How many there are. Null of latest.';
COMMENT ON COLUMN restate.sys_deployment_blocker.oldest_at IS 'When the oldest of them was created. Null of latest.';
COMMENT ON COLUMN restate.sys_deployment_blocker.oldest_id IS 'The oldest of them. Null of latest.';

CREATE FUNCTION restate_backlog(most integer DEFAULT 10000)
  RETURNS TABLE (kind text, name text, amount bigint)
  LANGUAGE plpgsql STABLE CALLED ON NULL INPUT SECURITY DEFINER PARALLEL RESTRICTED ROWS 20
  -- each count ends at its bound, which a scan of a whole table does not
  SET search_path = pg_catalog, pg_temp SET enable_seqscan = off SET enable_bitmapscan = off
AS $function$
BEGIN
  IF $1 IS NULL OR $1 < 1 THEN
    PERFORM restate.refuse('invalid_query_parameter', 'most must be at least 1');
  END IF;
  IF restate.is_distributed() THEN
    -- each shard counts what it has: an end to that would be one of all shards
    RETURN QUERY
      SELECT 'ready', r.service_name::text, least(r.amount, $1)
      FROM (SELECT r.service_name, count(*) AS amount FROM restate.runnable AS r GROUP BY r.service_name ORDER BY r.service_name LIMIT 1000) AS r
      UNION ALL
      SELECT 'inbox', NULL, least(count(*), $1) FROM restate.invocation AS i WHERE i.inbox_sequence_number IS NOT NULL
      UNION ALL
      SELECT l.lateness, k.kind::text, least(coalesce(sum(t.amount) FILTER (WHERE l.since = interval '0' OR t.is_late), 0), $1)::bigint
      FROM unnest(enum_range(NULL::restate.timer_kind)) AS k (kind)
      CROSS JOIN (VALUES ('due', interval '0'), ('late', interval '1 second')) AS l (lateness, since)
      LEFT JOIN (
        SELECT t.kind, t.due_at <= now() - interval '1 second' AS is_late, count(*) AS amount
        FROM restate.timer AS t WHERE t.due_at <= now() GROUP BY 1, 2) AS t ON t.kind = k.kind
      GROUP BY l.lateness, l.since, k.kind;
    RETURN;
  END IF;
  RETURN QUERY
    -- the services of which something is ready, each found behind the one before
    WITH RECURSIVE service (service_name, place) AS (
      (SELECT r.service_name, 1 FROM restate.runnable AS r ORDER BY r.service_name LIMIT 1)
      UNION ALL
      SELECT n.service_name, s.place + 1
      FROM service AS s
      CROSS JOIN LATERAL (
        SELECT r.service_name FROM restate.runnable AS r WHERE r.service_name > s.service_name
        ORDER BY r.service_name LIMIT 1) AS n
      WHERE s.place < 1000)
    SELECT 'ready', s.service_name::text, (
      SELECT count(*) FROM (SELECT FROM restate.runnable AS r WHERE r.service_name = s.service_name LIMIT $1) AS f)
    FROM service AS s
    UNION ALL
    SELECT 'inbox', NULL, count(*)
    FROM (SELECT FROM restate.invocation AS i WHERE i.inbox_sequence_number IS NOT NULL LIMIT $1) AS f
    UNION ALL
    SELECT l.lateness, k.kind::text, (
      SELECT count(*) FROM (SELECT FROM restate.timer AS t WHERE t.kind = k.kind AND t.due_at <= now() - l.since LIMIT $1) AS f)
    FROM unnest(enum_range(NULL::restate.timer_kind)) AS k (kind)
    CROSS JOIN (VALUES ('due', interval '0'), ('late', interval '1 second')) AS l (lateness, since);
END
$function$;
REVOKE ALL ON FUNCTION restate_backlog(integer) FROM PUBLIC;
COMMENT ON FUNCTION restate_backlog(integer) IS
'What waits: a row for each kind of it, without locks. kind, name: ready, the invocations of a service, its name, that no worker has claimed, for up to 1000 services that have some; inbox, those that wait for their object key; due, the timers of a kind (sleep, schedule, retry, expiry) whose time has come and that no restate_tick() has done, and late, those of them that have been due for more than a second. amount: how many, most at most. Its cost is bounded by most and the number of rows that it returns, but where Citus distributes the tables, where all is counted. Error: invalid_query_parameter 400.';
