-- A small runtime for the fault tests: functions that create invocations and
-- execute them step by step, each one transaction.  What each did is written
-- to load.log under a number as the audit's rows have it, made while the rows
-- are locked: log and audit together tell in which order all happened.

CREATE SCHEMA load;

CREATE TABLE load.log (
  seq bigint DEFAULT restate.new_audit_id(),
  tag text NOT NULL,
  action text NOT NULL,
  id restate_invocation_id NOT NULL,
  detail jsonb NOT NULL,
  PRIMARY KEY (seq, id)
);

INSERT INTO restate.deployment (id, ty, endpoint, min_service_protocol_version, max_service_protocol_version)
VALUES ('dp_10000000000000000000old', 'http', 'http://old', 5, 6), ('dp_10000000000000000000new', 'http', 'http://new', 5, 7);
INSERT INTO restate.service_revision (service_name, revision, deployment_id, ty)
SELECT s.name, d.revision, d.id::restate_deployment_id, s.ty
FROM (VALUES ('Job', 'service'), ('Cart', 'virtual_object'), ('Flow', 'workflow')) AS s (name, ty),
  (VALUES (1, 'dp_10000000000000000000old'), (2, 'dp_10000000000000000000new')) AS d (revision, id);

-- Locks an object key, made if there is none.
CREATE FUNCTION load.lock_key(key text) RETURNS restate.object_key LANGUAGE sql AS $$
  INSERT INTO restate.object_key AS k (service_name, service_key, partition_key)
  VALUES ('Cart', $1, restate_partition_key_of_key($1))
  ON CONFLICT (partition_key, service_name, restate.indexed_key(service_key)) DO UPDATE SET holder = k.holder
  RETURNING k.*
$$;

-- Gives invocations that are ready their place among what can be claimed, and
-- takes it from others.
CREATE FUNCTION load.place(VARIADIC ids restate_invocation_id[]) RETURNS void LANGUAGE sql AS $$
  DELETE FROM restate.runnable AS r WHERE r.id = ANY ($1)
    AND NOT EXISTS (SELECT FROM restate.invocation AS i
      WHERE i.id = r.id AND i.partition_key = r.partition_key AND i.status = 'ready' AND i.modified_at = r.ready_at
        AND r.deployment_id = coalesce(i.pinned_deployment_id, restate.no_deployment()));
  INSERT INTO restate.runnable (service_name, deployment_id, ready_at, id, partition_key)
  SELECT i.target_service_name, coalesce(i.pinned_deployment_id, restate.no_deployment()), i.modified_at, i.id, i.partition_key
  FROM restate.invocation AS i WHERE i.id = ANY ($1) AND i.status = 'ready'
  ON CONFLICT DO NOTHING
$$;

-- Creates an invocation: kind is service, scheduled, object, shared or
-- workflow; retention is all, no_journal or nothing.
CREATE FUNCTION load.add(kind text, key text, retention text, caller restate_invocation_id)
RETURNS restate_invocation_id LANGUAGE plpgsql AS $$
DECLARE
  new_id restate_invocation_id := CASE
    WHEN kind IN ('object', 'shared') THEN restate_keyed_invocation_id(key)
    WHEN kind = 'workflow' THEN restate_workflow_invocation_id('Flow', key)
    ELSE restate_new_invocation_id() END;
  started boolean := kind <> 'scheduled';
  place bigint;
  k restate.object_key;
BEGIN
  IF kind = 'object' THEN
    k := load.lock_key(key);
    IF k.holder IS NOT NULL THEN
      started := false;
      place := k.next_sequence_number;
    END IF;
    UPDATE restate.object_key AS o
    SET holder = coalesce(o.holder, new_id), next_sequence_number = o.next_sequence_number + (place IS NOT NULL)::int
    WHERE o.service_name = 'Cart' AND o.service_key = key AND o.partition_key = restate_partition_key_of_key(key);
  END IF;
  INSERT INTO restate.invocation (id, partition_key, status, target_service_name, target_service_key,
    target_handler_name, target_service_ty, target_handler_ty, invoked_by, invoked_by_id, journal_size,
    journal_commands_size, running_at, inboxed_at, inbox_sequence_number, scheduled_at, scheduled_start_at,
    input_headers, input_payload, completion_retention, journal_retention)
  VALUES (new_id, restate_partition_key_of_id(new_id),
    CASE WHEN started THEN 'ready' WHEN kind = 'object' THEN 'pending' ELSE 'scheduled' END,
    CASE kind WHEN 'object' THEN 'Cart' WHEN 'shared' THEN 'Cart' WHEN 'workflow' THEN 'Flow' ELSE 'Job' END,
    CASE WHEN kind IN ('object', 'shared', 'workflow') THEN key END, 'run',
    CASE kind WHEN 'object' THEN 'virtual_object' WHEN 'shared' THEN 'virtual_object' WHEN 'workflow' THEN 'workflow' ELSE 'service' END,
    CASE kind WHEN 'object' THEN 'exclusive' WHEN 'shared' THEN 'shared' WHEN 'workflow' THEN 'workflow' END,
    CASE WHEN caller IS NULL THEN 'ingress' ELSE 'service' END, caller, started::int, started::int,
    CASE WHEN started THEN now() END, CASE WHEN place IS NOT NULL THEN now() END, place,
    CASE WHEN kind = 'scheduled' THEN now() END, CASE WHEN kind = 'scheduled' THEN now() + interval '1 day' END,
    CASE WHEN NOT started THEN jsonb '[]' END, CASE WHEN NOT started THEN bytea 'input' END,
    CASE retention WHEN 'nothing' THEN interval '0' ELSE '1 day' END,
    CASE retention WHEN 'all' THEN interval '1 day' ELSE '0' END);
  IF started THEN
    INSERT INTO restate.journal (id, partition_key, index, entry_type, name, meta, payload)
    VALUES (new_id, restate_partition_key_of_id(new_id), 0, 'Command: Input', '', '{"headers": []}', 'input');
  END IF;
  IF kind = 'workflow' THEN
    INSERT INTO restate.object_state (service_name, service_key, key, partition_key, value)
    VALUES ('Flow', key, 'k', restate_partition_key_of_key(key), 'v');
    INSERT INTO restate.promise (service_name, service_key, key, partition_key)
    VALUES ('Flow', key, 'p', restate_partition_key_of_key(key));
  END IF;
  PERFORM load.place(new_id);
  RETURN new_id;
END $$;

CREATE FUNCTION load.create(tag text, kind text, key text, retention text)
RETURNS restate_invocation_id LANGUAGE plpgsql AS $$
DECLARE
  new_id restate_invocation_id := load.add(kind, key, retention, NULL);
BEGIN
  INSERT INTO load.log (tag, action, id, detail)
  VALUES (tag, 'create', new_id, jsonb_build_object('kind', kind, 'key', key, 'retention', retention));
  RETURN new_id;
END $$;

-- Appends entries, each in the form of load.entry().
CREATE FUNCTION load.append(target restate_invocation_id, VARIADIC entries text[]) RETURNS void LANGUAGE sql AS $$
  WITH entry AS (
    SELECT e.n, split_part(e.entry, '|', 1)::restate.entry_type AS entry_type,
      nullif(split_part(e.entry, '|', 2), '')::bigint AS completion_id,
      nullif(split_part(e.entry, '|', 3), '')::bigint AS result_completion_id,
      nullif(split_part(e.entry, '|', 4), '')::restate_invocation_id AS invoked_id
    FROM unnest($2) WITH ORDINALITY AS e (entry, n)
  ), sized AS (
    UPDATE restate.invocation AS i
    SET journal_size = i.journal_size + s.size, journal_commands_size = i.journal_commands_size + s.commands
    FROM (SELECT count(*) AS size, count(*) FILTER (WHERE entry_type < 'Notification: Run') AS commands FROM entry) AS s
    WHERE i.id = $1 AND i.partition_key = restate_partition_key_of_id($1)
    RETURNING i.journal_size - s.size AS before
  )
  INSERT INTO restate.journal (id, partition_key, index, entry_type, completion_id, result_completion_id, invoked_id, name, payload)
  SELECT $1, restate_partition_key_of_id($1), s.before + e.n - 1, e.entry_type, e.completion_id, e.result_completion_id, e.invoked_id,
    '', repeat('x', 40)::bytea
  FROM entry AS e, sized AS s
$$;

-- An entry as the tests write it.
CREATE FUNCTION load.entry(j restate.journal) RETURNS text LANGUAGE sql IMMUTABLE AS $$
  SELECT j.entry_type || '|' || coalesce(j.completion_id::text, '') || '|' || coalesce(j.result_completion_id::text, '')
    || '|' || coalesce(j.invoked_id::text, '') || '|' || coalesce(j.signal_index::text, '')
$$;

-- The completions that an invocation's commands have not got, ascending.
CREATE FUNCTION load.outstanding(target restate_invocation_id) RETURNS bigint[] LANGUAGE sql AS $$
  SELECT array_agg(w.completion_id ORDER BY w.completion_id)
  FROM restate.journal AS j, unnest(ARRAY[j.completion_id, j.result_completion_id]) AS w (completion_id)
  WHERE j.id = $1 AND j.entry_type < 'Notification: Run' AND w.completion_id IS NOT NULL
    AND NOT EXISTS (SELECT FROM restate.journal AS n
      WHERE n.id = j.id AND n.completion_id = w.completion_id AND n.entry_type >= 'Notification: Run')
$$;

-- Takes one step of an invocation, if it is in the state for that; returns
-- whether it was.  A call and a send create their callee, as detail says.
CREATE FUNCTION load.step(tag text, target restate_invocation_id, action text, detail jsonb)
RETURNS boolean LANGUAGE plpgsql AS $$
DECLARE
  i restate.invocation;
  row_id CONSTANT bigint := restate_partition_key_of_id(target);
  next restate.invocation;
  caller restate.invocation;
  callee restate_invocation_id;
  first bigint;
  waits bigint[];
  call record;
BEGIN
  SELECT * INTO i FROM restate.invocation AS v WHERE v.id = target AND v.partition_key = row_id;
  IF NOT FOUND THEN
    RETURN false;
  END IF;
  -- object keys before invocations, and these by their ids
  IF action IN ('call', 'send') AND detail ->> 'kind' = 'object' THEN
    PERFORM load.lock_key(detail ->> 'key');
  ELSIF action = 'finish' THEN
    IF i.target_handler_ty = 'exclusive' THEN
      PERFORM load.lock_key(i.target_service_key);
      SELECT v.* INTO next FROM restate.object_key AS k
      JOIN restate.invocation AS v ON v.status = 'pending' AND v.partition_key = k.partition_key
        AND v.target_service_name = k.service_name AND v.target_service_key = k.service_key
      WHERE k.service_name = 'Cart' AND k.service_key = i.target_service_key AND k.holder = target
      ORDER BY v.inbox_sequence_number LIMIT 1;
    END IF;
    PERFORM FROM restate.invocation AS v WHERE v.id IN (target, next.id, i.invoked_by_id) ORDER BY v.id FOR UPDATE;
  END IF;
  SELECT * INTO i FROM restate.invocation AS v WHERE v.id = target AND v.partition_key = row_id FOR UPDATE;
  IF NOT FOUND OR i.status <> (CASE action
    WHEN 'claim' THEN 'ready' WHEN 'start' THEN 'scheduled' WHEN 'retry' THEN 'backing-off' WHEN 'wake' THEN 'suspended'
    ELSE 'running' END)
  THEN
    RETURN false;
  END IF;

  first := 2 * i.journal_size + 1;
  CASE action
    WHEN 'claim' THEN
      UPDATE restate.invocation SET status = 'running', modified_at = now(), last_start_at = now(),
        retry_count = coalesce(retry_count, 0) + 1,
        pinned_deployment_id = coalesce(pinned_deployment_id, 'dp_10000000000000000000old'),
        pinned_service_protocol_version = coalesce(pinned_service_protocol_version, (detail ->> 'protocol')::int)
      WHERE id = target AND partition_key = row_id;
    WHEN 'start' THEN
      INSERT INTO restate.journal (id, partition_key, index, entry_type, name, meta, payload)
      VALUES (target, row_id, 0, 'Command: Input', '', jsonb_build_object('headers', i.input_headers), i.input_payload);
      UPDATE restate.invocation SET status = 'ready', modified_at = now(), running_at = now(), input_headers = NULL,
        input_payload = NULL, journal_size = 1, journal_commands_size = 1
      WHERE id = target AND partition_key = row_id;
    WHEN 'run' THEN
      PERFORM load.append(target, 'Command: Run|' || first || '|||', 'Notification: Run|' || first || '|||');
    WHEN 'sleep' THEN
      PERFORM load.append(target, 'Command: Sleep|' || first || '|||');
    WHEN 'call', 'send' THEN
      callee := load.add(detail ->> 'kind', detail ->> 'key', detail ->> 'retention', target);
      detail := detail || jsonb_build_object('callee', callee);
      PERFORM load.append(target,
        CASE action WHEN 'call' THEN 'Command: Call|' || first || '|' || first + 1
          ELSE 'Command: OneWayCall|' || first || '|' END || '|' || callee || '|',
        'Notification: CallInvocationId|' || first || '||' || callee || '|');
      PERFORM restate.add_waiters(ARRAY[target]);
    WHEN 'suspend' THEN
      waits := load.outstanding(target);
      UPDATE restate.invocation SET modified_at = now(), pause_requested = false,
        status = CASE WHEN i.pause_requested THEN 'paused' ELSE 'suspended' END,
        suspended_waiting_for_completions = CASE WHEN NOT i.pause_requested THEN waits END,
        suspended_waiting_for_signals = CASE WHEN NOT i.pause_requested THEN '{1}'::bigint[] END
      WHERE id = target AND partition_key = row_id;
    WHEN 'wake' THEN
      -- sleeps only: a callee answers for itself
      SELECT min(j.completion_id) INTO first FROM restate.journal AS j
      WHERE j.id = target AND j.entry_type = 'Command: Sleep' AND j.completion_id = ANY (i.suspended_waiting_for_completions);
      IF first IS NULL THEN
        RETURN false;
      END IF;
      PERFORM load.append(target, 'Notification: Sleep|' || first || '|||');
      UPDATE restate.invocation SET status = 'ready', modified_at = now(),
        suspended_waiting_for_completions = NULL, suspended_waiting_for_signals = NULL
      WHERE id = target AND partition_key = row_id;
    WHEN 'fail' THEN
      INSERT INTO restate.journal_event (id, partition_key, event_index, after_journal_entry_index, event_type, event_json)
      SELECT target, row_id, count(*), i.journal_size - 1, 'TransientError', '{"error_code": 500}'
      FROM restate.journal_event AS e WHERE e.id = target;
      UPDATE restate.invocation SET modified_at = now(), pause_requested = false, last_failure = 'failed',
        status = CASE WHEN i.pause_requested THEN 'paused' ELSE 'backing-off' END,
        next_retry_at = CASE WHEN NOT i.pause_requested THEN now() + interval '1 day' END
      WHERE id = target AND partition_key = row_id;
    WHEN 'retry' THEN
      UPDATE restate.invocation SET status = 'ready', modified_at = now(), next_retry_at = NULL
      WHERE id = target AND partition_key = row_id;
    WHEN 'finish' THEN
      PERFORM load.append(target, 'Command: Output||||');
      DELETE FROM restate.waiter AS w WHERE w.target = i.id AND w.partition_key = row_id;
      UPDATE restate.invocation SET has_waiters = NULL, status = 'completed', completion_result = 'success', completion_payload = 'done',
        completed_at = now(), modified_at = now(), pause_requested = false, retry_count = NULL, last_start_at = NULL,
        last_failure = NULL
      WHERE id = target AND partition_key = row_id;
      IF i.target_handler_ty = 'exclusive' THEN
        UPDATE restate.object_key SET holder = next.id
        WHERE service_name = 'Cart' AND service_key = i.target_service_key AND partition_key = row_id AND holder = target;
      END IF;
      IF next.id IS NOT NULL THEN
        IF next.journal_size = 0 THEN
          INSERT INTO restate.journal (id, partition_key, index, entry_type, name, meta, payload)
          VALUES (next.id, row_id, 0, 'Command: Input', '', jsonb_build_object('headers', next.input_headers), next.input_payload);
        END IF;
        UPDATE restate.invocation SET status = 'ready', running_at = now(), modified_at = now(), inbox_sequence_number = NULL,
          input_headers = NULL, input_payload = NULL, journal_size = greatest(journal_size, 1),
          journal_commands_size = greatest(journal_commands_size, 1)
        WHERE id = next.id AND partition_key = row_id;
      END IF;
      SELECT * INTO caller FROM restate.invocation AS v WHERE v.id = i.invoked_by_id AND v.status <> 'completed';
      FOR call IN
        SELECT j.result_completion_id FROM restate.journal AS j
        WHERE j.id = caller.id AND j.invoked_id = target AND j.entry_type = 'Command: Call'
          AND j.result_completion_id = ANY (load.outstanding(caller.id))
      LOOP
        PERFORM load.append(caller.id, 'Notification: Call|' || call.result_completion_id || '|||');
        UPDATE restate.invocation SET status = 'ready', modified_at = now(),
          suspended_waiting_for_completions = NULL, suspended_waiting_for_signals = NULL
        WHERE id = caller.id AND call.result_completion_id = ANY (caller.suspended_waiting_for_completions);
      END LOOP;
      IF i.completion_retention = '0' OR i.journal_retention = '0' THEN
        DELETE FROM restate.journal WHERE id = target;
        DELETE FROM restate.journal_event WHERE id = target;
      END IF;
      IF i.completion_retention = '0' THEN
        DELETE FROM restate.invocation WHERE id = target AND partition_key = row_id;
      ELSIF i.journal_retention = '0' THEN
        UPDATE restate.invocation SET journal_size = 0, journal_commands_size = 0 WHERE id = target AND partition_key = row_id;
      END IF;
  END CASE;
  PERFORM load.place(target, next.id, caller.id);
  INSERT INTO load.log (tag, action, id, detail) VALUES (tag, action, target, detail);
  RETURN true;
END $$;
