-- What the part life works on: a service whose handlers are registered, attempts that
-- run, invocations that are ready, sleep or have completed.
SELECT FROM restate_register_deployment('worker:life',
  '{"services": [{"name": "Life", "ty": "SERVICE", "handlers": [{"name": "run"}]}]}');

-- attempts by number; raw has the bytes of the id
CREATE TABLE bench.attempt (
  n bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, id restate_invocation_id NOT NULL, attempt bigint NOT NULL,
  partition_key bigint GENERATED ALWAYS AS (restate_partition_key_of_id(id)) STORED,
  raw bytea GENERATED ALWAYS AS (restate_invocation_id_send(id)) STORED);

-- The least that a step can be: a row that is updated in place, and two that are added.
CREATE TABLE bench.floor_invocation (id bytea PRIMARY KEY, attempt bigint NOT NULL, entries bigint NOT NULL,
  commands bigint NOT NULL, last_entry_at timestamptz) WITH (fillfactor = 85);
CREATE TABLE bench.floor_journal (id bytea, index bigint, appended_at timestamptz, payload bytea, PRIMARY KEY (id, index));

-- Starts so many attempts; returns the number of the first.
CREATE FUNCTION bench.start_attempts(count bigint) RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE
  first bigint;
BEGIN
  WITH started AS (
    INSERT INTO bench.attempt (id, attempt)
      SELECT s.id, s.attempt FROM generate_series(1, start_attempts.count) AS n
      CROSS JOIN LATERAL restate_submit('Life', 'run', convert_to(n::text, 'UTF8'), claim_for => 'life') AS s
      RETURNING n, raw, attempt),
  copied AS (INSERT INTO bench.floor_invocation SELECT raw, attempt, 1, 1, now() FROM started)
  SELECT min(n) INTO first FROM started;
  RETURN first;
END $$;

-- Adds so many invocations, of a status: ready; completed, without a journal; or
-- suspended, on a sleep that is over.
CREATE FUNCTION bench.add_invocations(count bigint, status text) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
  CREATE TEMP TABLE added ON COMMIT DROP AS
    SELECT s.id, restate_partition_key_of_id(s.id) AS partition_key
    FROM (SELECT restate_new_invocation_id() AS id FROM generate_series(1, add_invocations.count) OFFSET 0) AS s;
  INSERT INTO restate.invocation (id, partition_key, status, target_service_name, target_handler_name, target_service_ty,
      invoked_by, journal_size, journal_commands_size, running_at, completed_at, completion_result, modified_at,
      suspended_waiting_for_completions)
    SELECT a.id, a.partition_key, add_invocations.status, 'Life', 'run', 'service', 'ingress', s.size, s.size,
      now(), s.completed_at, s.result, now(), s.awaited
    FROM added AS a, (VALUES
      ('ready', 1, NULL::timestamptz, NULL, NULL::bigint[]), ('completed', 0, now(), 'success', NULL),
      ('suspended', 2, NULL, NULL, '{1}')) AS s (status, size, completed_at, result, awaited)
    WHERE s.status = add_invocations.status;
  INSERT INTO restate.journal (id, partition_key, index, entry_type, name, completion_id, meta, payload)
    SELECT a.id, a.partition_key, e.index, e.entry_type::restate.entry_type, '', e.completion_id, e.meta::jsonb, e.payload
    FROM added AS a, (VALUES
      ('ready', 0, 'Command: Input', NULL::bigint, '{"headers": []}', 'input'::bytea),
      ('suspended', 0, 'Command: Input', NULL, '{"headers": []}', 'input'),
      ('suspended', 1, 'Command: Sleep', 1, '{"wake_up_time": 1}', NULL))
      AS e (status, index, entry_type, completion_id, meta, payload)
    WHERE e.status = add_invocations.status;
  INSERT INTO restate.runnable (service_name, ready_at, id, partition_key)
    SELECT 'Life', now(), a.id, a.partition_key FROM added AS a WHERE add_invocations.status = 'ready';
  INSERT INTO restate.timer (due_at, kind, id, completion_id, partition_key)
    SELECT now() - interval '1 second', 'sleep', a.id, 1, a.partition_key FROM added AS a
    WHERE add_invocations.status = 'suspended';
  DROP TABLE added;
END $$;

-- Adds so many timers that are due in a year.
CREATE FUNCTION bench.add_timers(count bigint) RETURNS void LANGUAGE sql
BEGIN ATOMIC
  INSERT INTO restate.timer (due_at, kind, id, completion_id, partition_key)
    SELECT now() + interval '1 year' + n * interval '1 second', 'sleep', s.id, 1, restate_partition_key_of_id(s.id)
    FROM generate_series(1, add_timers.count) AS n, LATERAL (SELECT restate_new_invocation_id() AS id WHERE n > 0 OFFSET 0) AS s;
END;
