-- What the benchmarks work on: invocations of a service, with journals of a
-- given length.  Loaded into a new database with the extension.
CREATE SCHEMA bench;

INSERT INTO restate.deployment (id, ty, endpoint, min_service_protocol_version, max_service_protocol_version)
  VALUES ('dp_16C3gfXSZuAiqpgqthkN1Sh', 'http', 'http://bench', 5, 7);
INSERT INTO restate.service_revision (service_name, revision, deployment_id, ty)
  VALUES ('Greeter', 1, 'dp_16C3gfXSZuAiqpgqthkN1Sh', 'service');

-- the invocations by number
CREATE TABLE bench.target (
  n bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, id restate_invocation_id NOT NULL, partition_key bigint NOT NULL);

-- Makes invocations and notes them; returns the number of the first.  A
-- journal has its input, steps of a Run and its completion, and of one that has
-- completed the output: an even number of entries then, at least two.  One that
-- runs has an entry less.  Payloads do not compress.
CREATE FUNCTION bench.prepare(count bigint, status text, entries bigint, bytes bigint) RETURNS bigint
  LANGUAGE plpgsql AS $$
DECLARE
  first bigint;
  last bigint;
  steps CONSTANT bigint := (entries - 2) / 2;
  payload CONSTANT bytea := (SELECT substring(string_agg(decode(md5(i::text), 'hex'), '') FOR prepare.bytes::integer)
    FROM generate_series(1, 1 + prepare.bytes / 16) AS i);
BEGIN
  ASSERT entries >= 2 AND entries % 2 = 0, 'a journal has an even number of entries';
  WITH made AS (
    INSERT INTO bench.target (id, partition_key)
      SELECT s.id, restate_partition_key_of_id(s.id)
      FROM (SELECT restate_new_invocation_id() AS id FROM generate_series(1, prepare.count) OFFSET 0) AS s
      ORDER BY s.id
      RETURNING n)
  SELECT min(n), max(n) INTO first, last FROM made;
  INSERT INTO restate.invocation (id, partition_key, status, target_service_name, target_handler_name,
      target_service_ty, invoked_by, pinned_deployment_id, pinned_service_protocol_version,
      journal_size, journal_commands_size, running_at, completed_at, completion_result, completion_payload)
    SELECT t.id, t.partition_key, prepare.status, 'Greeter', 'greet', 'service', 'ingress',
      'dp_16C3gfXSZuAiqpgqthkN1Sh', 6, entries - (prepare.status <> 'completed')::int,
      1 + steps + (prepare.status = 'completed')::int, now(), CASE WHEN prepare.status = 'completed' THEN now() END,
      CASE WHEN prepare.status = 'completed' THEN 'success' END,
      CASE WHEN prepare.status = 'completed' THEN payload END
    FROM bench.target AS t WHERE t.n BETWEEN first AND last ORDER BY t.n;
  INSERT INTO restate.journal (id, partition_key, index, entry_type, completion_id, name, meta, payload)
    SELECT t.id, t.partition_key, e.index, e.entry_type, e.completion_id, '', e.meta, payload
    FROM bench.target AS t
    CROSS JOIN LATERAL (
      SELECT 0 AS index, 'Command: Input'::restate.entry_type AS entry_type, NULL::bigint AS completion_id,
        '{"headers": []}'::jsonb AS meta
      UNION ALL
      SELECT i, CASE WHEN i % 2 = 1 THEN 'Command: Run' ELSE 'Notification: Run' END::restate.entry_type,
        (i + 1) / 2, '{}' FROM generate_series(1, 2 * steps) AS i
      UNION ALL SELECT 2 * steps + 1, 'Command: Output', NULL, '{}' WHERE prepare.status = 'completed') AS e
    WHERE t.n BETWEEN first AND last
    ORDER BY t.n, e.index;
  RETURN first;
END $$;

-- What there is of the invocations from a first one on, their restarts and the
-- audit of both, without what differs between twins.
CREATE FUNCTION bench.trace(first bigint, count bigint) RETURNS SETOF text LANGUAGE sql
BEGIN ATOMIC
  WITH named AS (
    SELECT t.id, t.partition_key, 'target ' || t.n - trace.first AS name FROM bench.target AS t
    WHERE t.n BETWEEN trace.first AND trace.first + trace.count - 1
    UNION ALL
    SELECT i.id, i.partition_key, 'restart of ' || t.n - trace.first
    FROM restate.invocation AS i JOIN bench.target AS t ON i.restarted_from = t.id
    WHERE t.n BETWEEN trace.first AND trace.first + trace.count - 1)
  SELECT format('invocation %s %s', n.name, to_jsonb(i) - ARRAY['id', 'partition_key', 'restarted_from', 'random_seed',
      'created_at', 'modified_at', 'running_at', 'completed_at']
      || jsonb_build_object('same seed', i.random_seed = o.random_seed,
        'modified', i.modified_at > i.created_at, 'started', i.running_at IS NOT NULL,
        'completed', i.completed_at > i.created_at))
    FROM named AS n JOIN restate.invocation AS i ON i.id = n.id
    LEFT JOIN restate.invocation AS o ON o.id = i.restarted_from
  UNION ALL
  SELECT format('journal %s %s', n.name, to_jsonb(j) - ARRAY['id', 'partition_key', 'appended_at'])
    FROM named AS n JOIN restate.journal AS j ON j.id = n.id
  UNION ALL
  SELECT format('runnable %s of %s %s', n.name, r.service_name, r.ready_at = i.modified_at)
    FROM named AS n JOIN restate.runnable AS r ON r.id = n.id AND r.partition_key = n.partition_key
    JOIN restate.invocation AS i ON i.id = n.id
  UNION ALL
  SELECT format('timer %s %s %s %s', n.name, t.kind, t.completion_id, t.due_at - i.completed_at)
    FROM named AS n JOIN restate.timer AS t ON t.id = n.id AND t.partition_key = n.partition_key
    JOIN restate.invocation AS i ON i.id = n.id
  UNION ALL
  SELECT format('audit %s %s %s', n.name, r.name, to_jsonb(a) - ARRAY['audit_id', 'id', 'new_id', 'partition_key', 'at'])
    FROM named AS n JOIN restate.audit AS a ON a.id = n.id LEFT JOIN named AS r ON r.id = a.new_id
  ORDER BY 1;
END;

-- Runs the statements one after the other, again and again: after one time that
-- is not counted so many groups of them, each on the next invocations, whose
-- first number it gets as $1 and whose count as $2.  Returns the milliseconds for
-- each of those.
CREATE FUNCTION bench.time_in_transaction(statements text[], first bigint, count bigint, groups bigint)
  RETURNS TABLE (place integer, ms double precision) LANGUAGE plpgsql AS $$
DECLARE
  next bigint := first;
  done bigint;
  started timestamptz;
BEGIN
  FOR i IN 0 .. groups LOOP
    FOR s IN 1 .. cardinality(statements) LOOP
      started := clock_timestamp();
      EXECUTE statements[s] INTO done USING next, count;
      ms := extract(epoch FROM clock_timestamp() - started) * 1000 / count;
      ASSERT done = count, 'not every call was made';
      next := next + count;
      place := s;
      IF i > 0 THEN
        RETURN NEXT;
      END IF;
    END LOOP;
  END LOOP;
END $$;
