-- The data and the workloads of index_cost.sh, in a database of its own.
-- Payloads are 100 bytes: small ones make an index weigh more.
\set ON_ERROR_STOP on
\set QUIET on
CREATE EXTENSION restate_admin;
CREATE SCHEMA bench;
SET restate_admin.audit = off;

INSERT INTO restate.deployment (id, ty, endpoint, min_service_protocol_version, max_service_protocol_version)
  VALUES ('dp_16C3gfXSZuAiqpgqthkN1Sh', 'http', 'http://bench', 5, 7);
INSERT INTO restate.service_revision (service_name, revision, deployment_id, ty)
  SELECT s, 1, 'dp_16C3gfXSZuAiqpgqthkN1Sh', 'service' FROM unnest(ARRAY['Big', 'Small', 'Caller']) AS s;

CREATE TABLE bench.subject (
  role text, n bigint, id restate_invocation_id, PRIMARY KEY (role, n));

-- Makes count invocations and notes them under the role.
CREATE FUNCTION bench.make(role text, count bigint, status text, service text, key text DEFAULT NULL)
  RETURNS void LANGUAGE sql
BEGIN ATOMIC
  INSERT INTO bench.subject
    SELECT make.role, n, CASE WHEN make.key IS NULL THEN restate_new_invocation_id()
      ELSE restate_keyed_invocation_id(make.key) END
    FROM generate_series(1, make.count) AS n;
  INSERT INTO restate.invocation (id, partition_key, status, target_service_name, target_service_key,
      target_handler_name, target_service_ty, target_handler_ty, invoked_by, pinned_deployment_id,
      pinned_service_protocol_version, completion_result, completed_at, inbox_sequence_number)
    SELECT s.id, restate_partition_key_of_id(s.id), make.status, make.service, make.key, 'run',
      CASE WHEN make.key IS NULL THEN 'service' ELSE 'virtual_object' END,
      CASE WHEN make.key IS NOT NULL THEN 'exclusive' END,
      'ingress', 'dp_16C3gfXSZuAiqpgqthkN1Sh', 6,
      CASE WHEN make.status = 'completed' THEN 'success' END,
      CASE WHEN make.status = 'completed' THEN now() END,
      CASE WHEN make.status = 'pending' THEN s.n - 1 END
    FROM bench.subject AS s WHERE s.role = make.role;
END;

-- An entry of 100 bytes, appended with the sizes kept: what a runtime does.
CREATE FUNCTION bench.append(id restate_invocation_id, index bigint, entry_type restate.entry_type,
    completion_id bigint DEFAULT NULL, result_completion_id bigint DEFAULT NULL,
    invoked_id restate_invocation_id DEFAULT NULL)
  RETURNS void LANGUAGE plpgsql AS $$
#variable_conflict use_variable
BEGIN
  UPDATE restate.invocation AS i
    SET journal_size = i.journal_size + 1,
      journal_commands_size = i.journal_commands_size + CASE WHEN entry_type < 'Notification: Run' THEN 1 ELSE 0 END
    WHERE i.id = id AND i.partition_key = restate_partition_key_of_id(id);
  INSERT INTO restate.journal (id, partition_key, index, entry_type, completion_id, result_completion_id,
      invoked_id, name, payload)
    VALUES (id, restate_partition_key_of_id(id), index, entry_type, completion_id, result_completion_id,
      invoked_id, '', decode(repeat('61', 100), 'hex'));
END $$;

-- Fills a journal: the input, steps of a Run and its completion each, the
-- call if there is a callee, and the output of a completed one.
CREATE FUNCTION bench.fill(role text, steps bigint, callee_role text DEFAULT NULL) RETURNS void LANGUAGE sql
BEGIN ATOMIC
  INSERT INTO restate.journal (id, partition_key, index, entry_type, completion_id, result_completion_id,
      invoked_id, name, meta, payload)
    SELECT s.id, restate_partition_key_of_id(s.id), e.index, e.entry_type::restate.entry_type, e.c, e.r,
      CASE WHEN e.r IS NOT NULL OR e.entry_type LIKE '%InvocationId' THEN k.id END, '',
      CASE WHEN e.index = 0 THEN jsonb_build_object('headers', '[]'::jsonb) ELSE '{}' END,
      decode(repeat('61', 100), 'hex')
    FROM bench.subject AS s
    LEFT JOIN bench.subject AS k ON k.role = fill.callee_role AND k.n = s.n
    CROSS JOIN LATERAL (
      SELECT 0 AS index, 'Command: Input' AS entry_type, NULL::bigint AS c, NULL::bigint AS r
      UNION ALL SELECT 2 * n - 1, 'Command: Run', n, NULL FROM generate_series(1, fill.steps) AS n
      UNION ALL SELECT 2 * n, 'Notification: Run', n, NULL FROM generate_series(1, fill.steps) AS n
      UNION ALL SELECT 2 * fill.steps + 1, 'Command: Output', NULL, NULL WHERE fill.role IN ('big', 'small')
      UNION ALL SELECT 2 * fill.steps + 1, 'Command: Call', fill.steps + 1, fill.steps + 2 WHERE k.id IS NOT NULL
      UNION ALL SELECT 2 * fill.steps + 2, 'Notification: CallInvocationId', fill.steps + 1, NULL WHERE k.id IS NOT NULL
    ) AS e
    WHERE s.role = fill.role
    ORDER BY s.n, e.index;
  UPDATE restate.invocation AS i
    SET journal_size = j.size, journal_commands_size = j.commands
    FROM (SELECT j.id, count(*) AS size, count(*) FILTER (WHERE j.entry_type < 'Notification: Run') AS commands
          FROM restate.journal AS j GROUP BY j.id) AS j,
      bench.subject AS s
    WHERE i.id = j.id AND s.id = j.id AND s.role = fill.role;
END;

SELECT bench.make('big', 1, 'completed', 'Big');
SELECT bench.fill('big', 5000);
SELECT bench.make('small', 3000, 'completed', 'Small');
SELECT bench.fill('small', 5);
SELECT bench.make('called', 10, 'running', 'Small');
SELECT bench.fill('called', 1);
SELECT bench.make('caller', 10, 'running', 'Caller');
SELECT bench.fill('caller', 5000, 'called');
SELECT bench.make('running', 3000, 'running', 'Small');
SELECT bench.fill('running', 1);
SELECT bench.make('ready', 200, 'ready', 'Small');
SELECT bench.fill('ready', 1);
SELECT bench.make('holder', 1, 'running', 'Cart', 'busy');
SELECT bench.fill('holder', 1);
SELECT bench.make('waiting', 3000, 'pending', 'Cart', 'busy');
INSERT INTO restate.object_key (service_name, service_key, partition_key, holder, next_sequence_number)
  SELECT 'Cart', 'busy', restate_partition_key_of_key('busy'), s.id, 3000 FROM bench.subject AS s WHERE s.role = 'holder';

-- One that called 1,000 and waits for all of them.
SELECT bench.make('fan', 1, 'running', 'Caller');
SELECT bench.make('fanned', 1000, 'running', 'Small');
SELECT bench.fill('fanned', 1);
UPDATE restate.invocation AS i SET invoked_by = 'service', invoked_by_id = fan.id
  FROM bench.subject AS s, bench.subject AS fan
  WHERE i.id = s.id AND s.role = 'fanned' AND fan.role = 'fan';
INSERT INTO restate.journal (id, partition_key, index, entry_type, completion_id, result_completion_id, invoked_id)
  SELECT fan.id, restate_partition_key_of_id(fan.id), e.index, e.entry_type::restate.entry_type, e.c, e.r, s.id
  FROM bench.subject AS fan, bench.subject AS s
  CROSS JOIN LATERAL (VALUES (s.n, 'Command: Call', 2 * s.n, 2 * s.n + 1),
    (1000 + s.n, 'Notification: CallInvocationId', 2 * s.n, NULL)) AS e (index, entry_type, c, r)
  WHERE fan.role = 'fan' AND s.role = 'fanned';
SELECT bench.fill('fan', 0);

INSERT INTO restate.audit (partition_key, id, at, operation, parameters, outcome, role_name, session_user_name)
  SELECT restate_partition_key_of_id(s.id), s.id, now() - (50000 - a) * interval '1 minute', 'pause', '{}', 'paused', 'bench', 'bench'
  FROM generate_series(1, 50000) AS a JOIN bench.subject AS s ON s.role = 'small' AND s.n = 1 + a % 3000
  ORDER BY a;
DO $$
BEGIN
  ASSERT NOT EXISTS (SELECT FROM restate_verify()), 'restate_verify() finds problems';
END $$;
SET restate_admin.audit = on;

-- The workloads.  size is how much of it.

CREATE FUNCTION bench.append_state(size bigint) RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE one CONSTANT restate_invocation_id := (SELECT id FROM bench.subject WHERE role = 'running' AND n = 1);
BEGIN
  FOR i IN 0 .. size - 1 LOOP
    PERFORM bench.append(one, 1000000 + i, 'Command: SetState');
  END LOOP;
  RETURN size;
END $$;

CREATE FUNCTION bench.append_run(size bigint) RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE one CONSTANT restate_invocation_id := (SELECT id FROM bench.subject WHERE role = 'running' AND n = 2);
BEGIN
  FOR i IN 0 .. size - 1 BY 2 LOOP
    PERFORM bench.append(one, 1000000 + i, 'Command: Run', 1000000 + i);
    PERFORM bench.append(one, 1000001 + i, 'Notification: Run', 1000000 + i);
  END LOOP;
  RETURN size;
END $$;

CREATE FUNCTION bench.append_call(size bigint) RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE
  one CONSTANT restate_invocation_id := (SELECT id FROM bench.subject WHERE role = 'running' AND n = 3);
  callee restate_invocation_id;
BEGIN
  FOR i IN 0 .. size - 1 BY 3 LOOP
    callee := restate_new_invocation_id();
    PERFORM bench.append(one, 1000000 + i, 'Command: Call', 1000000 + i, 1000001 + i, callee);
    PERFORM bench.append(one, 1000001 + i, 'Notification: CallInvocationId', 1000000 + i, NULL, callee);
    PERFORM bench.append(one, 1000002 + i, 'Notification: Call', 1000001 + i);
  END LOOP;
  RETURN size;
END $$;

CREATE FUNCTION bench.create_ready(size bigint) RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE id restate_invocation_id;
BEGIN
  FOR i IN 1 .. size LOOP
    id := restate_new_invocation_id();
    INSERT INTO restate.invocation (id, partition_key, status, target_service_name, target_handler_name,
        target_service_ty, invoked_by)
      VALUES (id, restate_partition_key_of_id(id), 'ready', 'Small', 'run', 'service', 'ingress');
  END LOOP;
  RETURN size;
END $$;

CREATE FUNCTION bench.create_pending(size bigint) RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE id restate_invocation_id;
BEGIN
  FOR i IN 1 .. size LOOP
    id := restate_keyed_invocation_id('busy');
    INSERT INTO restate.invocation (id, partition_key, status, target_service_name, target_service_key,
        target_handler_name, target_service_ty, target_handler_ty, invoked_by, inbox_sequence_number)
      VALUES (id, restate_partition_key_of_id(id), 'pending', 'Cart', 'busy', 'run', 'virtual_object', 'exclusive',
        'ingress', 1000000 + i);
  END LOOP;
  RETURN size;
END $$;

CREATE FUNCTION bench.create_restarted(size bigint) RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE
  original CONSTANT restate_invocation_id := (SELECT s.id FROM bench.subject AS s WHERE s.role = 'small' AND s.n = 1);
  id restate_invocation_id;
BEGIN
  FOR i IN 1 .. size LOOP
    id := restate_new_invocation_id(restate_partition_key_of_id(original));
    INSERT INTO restate.invocation (id, partition_key, status, target_service_name, target_handler_name,
        target_service_ty, invoked_by, restarted_from, request_id)
      VALUES (id, restate_partition_key_of_id(id), 'ready', 'Small', 'run', 'service', 'restart_as_new', original, i);
  END LOOP;
  RETURN size;
END $$;

-- Through running, suspended, ready, running to completed.
CREATE FUNCTION bench.live(size bigint) RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE
  one restate_invocation_id;
  step text;
BEGIN
  FOR one IN SELECT id FROM bench.subject WHERE role = 'ready' AND n BETWEEN 11 AND 10 + size LOOP
    FOREACH step IN ARRAY ARRAY['running', 'suspended', 'ready', 'running', 'completed'] LOOP
      UPDATE restate.invocation AS i
        SET status = step, modified_at = now(), completion_result = CASE WHEN step = 'completed' THEN 'success' END,
          completed_at = CASE WHEN step = 'completed' THEN now() END
        WHERE i.id = one AND i.partition_key = restate_partition_key_of_id(one);
    END LOOP;
  END LOOP;
  RETURN size;
END $$;

CREATE FUNCTION bench.restart_small(size bigint) RETURNS bigint LANGUAGE sql AS $$
  SELECT count(restate_restart_as_new(id, 3)) FROM bench.subject WHERE role = 'small' AND n <= size;
$$;

CREATE FUNCTION bench.restart_big_at_3(size bigint) RETURNS bigint LANGUAGE sql AS $$
  SELECT count(restate_restart_as_new(id, 3)) FROM bench.subject, generate_series(1, size) WHERE role = 'big';
$$;

CREATE FUNCTION bench.restart_big_at_10000(size bigint) RETURNS bigint LANGUAGE sql AS $$
  SELECT count(restate_restart_as_new(id, 10000)) FROM bench.subject, generate_series(1, size) WHERE role = 'big';
$$;

CREATE FUNCTION bench.purge_small(size bigint) RETURNS bigint LANGUAGE sql AS $$
  SELECT count(restate_purge_journal(id)) FROM bench.subject WHERE role = 'small' AND n <= size;
$$;

CREATE FUNCTION bench.purge_big(size bigint) RETURNS bigint LANGUAGE sql AS $$
  SELECT count(restate_purge_journal(id)) FROM bench.subject, generate_series(1, size) WHERE role = 'big';
$$;

CREATE FUNCTION bench.kill_caller(size bigint) RETURNS bigint LANGUAGE sql AS $$
  SELECT count(restate_kill(id)) FROM bench.subject WHERE role = 'caller' AND n <= size;
$$;

CREATE FUNCTION bench.kill_callee(size bigint) RETURNS bigint LANGUAGE sql AS $$
  SELECT count(restate_kill(id)) FROM bench.subject WHERE role = 'called' AND n <= size;
$$;

CREATE FUNCTION bench.kill_fan(size bigint) RETURNS bigint LANGUAGE sql AS $$
  SELECT count(restate_kill(id)) FROM bench.subject WHERE role = 'fan' AND n <= size;
$$;

CREATE FUNCTION bench.kill_holder(size bigint) RETURNS bigint LANGUAGE plpgsql AS $$
BEGIN
  FOR i IN 1 .. size LOOP
    PERFORM restate_kill(k.holder) FROM restate.object_key AS k WHERE k.service_key = 'busy';
  END LOOP;
  RETURN size;
END $$;

CREATE FUNCTION bench.pause(size bigint) RETURNS bigint LANGUAGE sql AS $$
  SELECT count(restate_pause(id)) FROM bench.subject WHERE role = 'running' AND n <= size;
$$;

CREATE FUNCTION bench.see_completed(size bigint) RETURNS bigint LANGUAGE sql AS $$
  SELECT count(*) FROM bench.subject AS s JOIN restate.sys_journal AS j ON j.id = s.id
    WHERE s.role = 'small' AND s.n <= size AND j.completed;
$$;

CREATE FUNCTION bench.see_big_completed(size bigint) RETURNS bigint LANGUAGE sql AS $$
  SELECT count(*) FROM restate.sys_journal AS j
    WHERE j.id = (SELECT s.id FROM bench.subject AS s WHERE s.role = 'big') AND j.completed;
$$;

-- Whether one completion has arrived, which a runtime asks.
CREATE FUNCTION bench.find_completion(size bigint) RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE one CONSTANT restate_invocation_id := (SELECT id FROM bench.subject WHERE role = 'big');
BEGIN
  FOR i IN 1 .. size LOOP
    PERFORM FROM restate.journal AS j
      WHERE j.id = one AND j.partition_key = restate_partition_key_of_id(one) AND j.completion_id = 2500 + i
        AND j.entry_type >= 'Notification: Run';
  END LOOP;
  RETURN size;
END $$;

-- The completions that the commands up to an index of the big journal wait
-- for: each looked up in the index, and all of them in one scan without it.
CREATE FUNCTION bench.prefix_by_lookup(last bigint) RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE one CONSTANT restate_invocation_id := (SELECT id FROM bench.subject WHERE role = 'big');
BEGIN
  RETURN (SELECT count(n.index)
    FROM restate.journal AS c
    LEFT JOIN LATERAL (SELECT j.index FROM restate.journal AS j
      WHERE j.id = one AND j.partition_key = restate_partition_key_of_id(one) AND j.completion_id = c.completion_id
        AND j.completion_id IS NOT NULL AND j.entry_type >= 'Notification: Run' LIMIT 1) AS n ON true
    WHERE c.id = one AND c.partition_key = restate_partition_key_of_id(one) AND c.index BETWEEN 1 AND last
      AND c.entry_type < 'Notification: Run');
END $$;

CREATE FUNCTION bench.prefix_by_scan(last bigint) RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE one CONSTANT restate_invocation_id := (SELECT id FROM bench.subject WHERE role = 'big');
BEGIN
  RETURN (SELECT count(w.index)
    FROM (SELECT max(j.index) FILTER (WHERE j.entry_type >= 'Notification: Run') AS index
      FROM restate.journal AS j
      WHERE j.id = one AND j.partition_key = restate_partition_key_of_id(one) AND j.completion_id IS NOT NULL
      GROUP BY j.completion_id
      HAVING bool_or(j.index BETWEEN 1 AND last AND j.entry_type < 'Notification: Run')) AS w);
END $$;

CREATE FUNCTION bench.poll(size bigint) RETURNS bigint LANGUAGE plpgsql AS $$
BEGIN
  FOR i IN 1 .. size LOOP
    PERFORM FROM restate.invocation AS i WHERE i.status = 'ready' AND i.target_service_name = 'Small' LIMIT 10;
  END LOOP;
  RETURN size;
END $$;

CREATE FUNCTION bench.see_target(size bigint) RETURNS bigint LANGUAGE plpgsql AS $$
BEGIN
  FOR i IN 1 .. size LOOP
    PERFORM FROM restate.sys_invocation AS i WHERE i.target_service_name = 'Big';
  END LOOP;
  RETURN size;
END $$;

CREATE FUNCTION bench.see_audit_of_one(size bigint) RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE one CONSTANT restate_invocation_id := (SELECT s.id FROM bench.subject AS s WHERE s.role = 'small' AND s.n = 7);
BEGIN
  FOR i IN 1 .. size LOOP
    PERFORM FROM restate.sys_audit AS a WHERE a.id = one;
  END LOOP;
  RETURN size;
END $$;

CREATE FUNCTION bench.see_recent_audit(size bigint) RETURNS bigint LANGUAGE plpgsql AS $$
BEGIN
  FOR i IN 1 .. size LOOP
    PERFORM FROM restate.sys_audit AS a WHERE a.at > now() - interval '10 minutes';
  END LOOP;
  RETURN size;
END $$;

CREATE FUNCTION bench.add_events(size bigint) RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE one CONSTANT restate_invocation_id := (SELECT id FROM bench.subject WHERE role = 'running' AND n = 1);
BEGIN
  FOR i IN 0 .. size - 1 LOOP
    INSERT INTO restate.journal_event (id, partition_key, event_index, after_journal_entry_index, event_type, event_json)
      VALUES (one, restate_partition_key_of_id(one), i, 0, 'TransientError', '{"message": "connection refused"}');
  END LOOP;
  RETURN size;
END $$;

CREATE FUNCTION bench.add_keys(size bigint) RETURNS bigint LANGUAGE plpgsql AS $$
BEGIN
  FOR i IN 1 .. size LOOP
    INSERT INTO restate.object_key (service_name, service_key, partition_key)
      VALUES ('Cart', 'cart-' || i, restate_partition_key_of_key('cart-' || i));
  END LOOP;
  RETURN size;
END $$;

CREATE FUNCTION bench.add_state(size bigint) RETURNS bigint LANGUAGE plpgsql AS $$
BEGIN
  FOR i IN 1 .. size LOOP
    INSERT INTO restate.object_state (service_name, service_key, key, partition_key, value)
      VALUES ('Cart', 'cart-' || i, 'items', restate_partition_key_of_key('cart-' || i), decode(repeat('61', 100), 'hex'));
  END LOOP;
  RETURN size;
END $$;

CREATE FUNCTION bench.add_promises(size bigint) RETURNS bigint LANGUAGE plpgsql AS $$
BEGIN
  FOR i IN 1 .. size LOOP
    INSERT INTO restate.promise (service_name, service_key, key, partition_key)
      VALUES ('Signup', 'user-' || i, 'confirmed', restate_partition_key_of_key('user-' || i));
  END LOOP;
  RETURN size;
END $$;

CREATE FUNCTION bench.add_revisions(size bigint) RETURNS bigint LANGUAGE plpgsql AS $$
BEGIN
  FOR i IN 1 .. size LOOP
    INSERT INTO restate.service_revision (service_name, revision, deployment_id, ty)
      VALUES ('Other', i, 'dp_16C3gfXSZuAiqpgqthkN1Sh', 'service');
  END LOOP;
  RETURN size;
END $$;

CREATE FUNCTION bench.add_deployments(size bigint) RETURNS bigint LANGUAGE plpgsql AS $$
BEGIN
  FOR i IN 1 .. size LOOP
    INSERT INTO restate.deployment (id, ty, endpoint, min_service_protocol_version, max_service_protocol_version)
      VALUES (restate_new_deployment_id(), 'http', 'http://bench', 5, 7);
  END LOOP;
  RETURN size;
END $$;

-- Runs a workload and returns its microseconds and its bytes of WAL.  Caches
-- and plans are warmed by a run that is rolled back.
CREATE FUNCTION bench.measure(workload text, size bigint, OUT us double precision, OUT wal numeric)
  LANGUAGE plpgsql AS $$
DECLARE
  call CONSTANT text := format('SELECT bench.%I(%s)', workload, size);
  started timestamptz;
  lsn pg_lsn;
BEGIN
  BEGIN
    EXECUTE call;
    RAISE EXCEPTION USING ERRCODE = 'BENCH';
  EXCEPTION
    WHEN SQLSTATE 'BENCH' THEN NULL;
  END;
  lsn := pg_current_wal_insert_lsn();
  started := clock_timestamp();
  EXECUTE call;
  us := extract(epoch FROM clock_timestamp() - started) * 1000000;
  wal := pg_current_wal_insert_lsn() - lsn;
END $$;

CREATE TABLE bench.result (
  index text, workload text, round int, present boolean, us double precision, wal numeric);
VACUUM FULL ANALYZE;

-- Sizes as loaded; null for what is as good as empty.
CREATE TABLE bench.size AS
  SELECT i.indexrelid AS index,
    CASE WHEN c.reltuples > 1000 THEN pg_relation_size(i.indexrelid) / pg_table_size(i.indrelid)::numeric END AS part
  FROM pg_index AS i JOIN pg_class AS c ON c.oid = i.indrelid
  WHERE c.relnamespace = 'restate'::regnamespace;
