-- What calls.pl lets both the extension and its competitor do before it times
-- them: the cases that the timed calls do not meet.  Loaded after plpgsql.sql.

-- the cast of a scene, by name
CREATE TABLE bench.role (name text PRIMARY KEY, id restate_invocation_id NOT NULL);

CREATE FUNCTION bench.id_of(name text) RETURNS restate_invocation_id LANGUAGE sql STABLE
RETURN (SELECT r.id FROM bench.role AS r WHERE r.name = id_of.name);

-- Makes one invocation of the cast, from JSON with the columns that matter.
CREATE FUNCTION bench.enter(name text, of jsonb) RETURNS void LANGUAGE plpgsql AS $$
#variable_conflict use_variable
DECLARE
  key CONSTANT text := of ->> 'target_service_key';
  id CONSTANT restate_invocation_id := CASE WHEN key IS NULL THEN restate_new_invocation_id()
    ELSE restate_keyed_invocation_id(key) END;
BEGIN
  INSERT INTO bench.role VALUES (name, id);
  INSERT INTO restate.invocation SELECT * FROM jsonb_populate_record(NULL::restate.invocation,
    jsonb_build_object('id', id, 'partition_key', restate_partition_key_of_id(id), 'target_service_name', 'Greeter',
      'target_handler_name', 'greet', 'target_service_ty', 'service', 'invoked_by', 'ingress', 'random_seed', 42,
      'journal_size', 0, 'journal_commands_size', 0, 'created_at', '2020-01-01', 'modified_at', '2020-01-02',
      'completion_retention', '1 day', 'journal_retention', '1 day', 'pause_requested', false,
      'pinned_deployment_id', 'dp_16C3gfXSZuAiqpgqthkN1Sh', 'pinned_service_protocol_version', 6) || of);
END $$;

-- Appends entries to a journal: the type, its completions and the callee.
CREATE FUNCTION bench.append(name text, entry_type text, completion_id bigint DEFAULT NULL,
    result_completion_id bigint DEFAULT NULL, callee text DEFAULT NULL) RETURNS void LANGUAGE sql
BEGIN ATOMIC
  INSERT INTO restate.journal (id, partition_key, index, appended_at, entry_type, completion_id,
      result_completion_id, invoked_id, name, payload)
    SELECT i.id, i.partition_key, i.journal_size, '2020-01-01', entry_type::restate.entry_type, completion_id,
      result_completion_id, bench.id_of(callee), '', 'x'
    FROM restate.invocation AS i WHERE i.id = bench.id_of(append.name);
  UPDATE restate.invocation AS i
    SET journal_size = i.journal_size + 1,
      journal_commands_size = i.journal_commands_size + (entry_type LIKE 'Command%')::int
    WHERE i.id = bench.id_of(append.name);
END;

-- A kill reaches: a caller that waits, an object key with an inbox, callees in
-- every state and theirs.
CREATE FUNCTION bench.set_scene() RETURNS void LANGUAGE plpgsql AS $$
DECLARE
  one record;
BEGIN
  PERFORM bench.enter('caller', '{"status": "suspended", "suspended_waiting_for_completions": [2]}');
  PERFORM bench.enter('victim', jsonb_build_object('status', 'running', 'target_service_name', 'Cart',
    'target_service_key', 'k', 'target_service_ty', 'virtual_object', 'target_handler_ty', 'exclusive',
    'invoked_by', 'service', 'invoked_by_id', bench.id_of('caller'), 'retry_count', 2, 'last_failure', 'x',
    'next_retry_at', '2020-01-03', 'pause_requested', true));
  INSERT INTO restate.object_key VALUES ('Cart', 'k', restate_partition_key_of_key('k'), bench.id_of('victim'), 2);
  FOR one IN SELECT * FROM (VALUES ('waiting 1', 0, NULL), ('waiting 2', 1, '\x6869')) AS w (name, place, input) LOOP
    PERFORM bench.enter(one.name, jsonb_build_object('status', 'pending', 'target_service_name', 'Cart',
      'target_service_key', 'k', 'target_service_ty', 'virtual_object', 'target_handler_ty', 'exclusive',
      'inbox_sequence_number', one.place, 'inboxed_at', '2020-01-02', 'input_payload', one.input));
  END LOOP;
  FOR one IN SELECT * FROM (VALUES
      ('running', '{"status": "running"}'::jsonb),
      ('scheduled', '{"status": "scheduled"}'),
      ('done', '{"status": "completed", "completion_result": "success", "completed_at": "2020-01-02"}'),
      ('forgotten', '{"status": "backing-off", "completion_retention": "0"}'),
      ('bare', '{"status": "paused", "journal_retention": "0", "retry_count": 3, "last_failure": "y"}'),
      ('workflow', '{"status": "running", "completion_retention": "0", "target_service_name": "Signup",
        "target_service_key": "u", "target_service_ty": "workflow", "target_handler_ty": "workflow"}')) AS c (name, facts) LOOP
    PERFORM bench.enter(one.name, one.facts || jsonb_build_object('invoked_by', 'service',
      'invoked_by_id', bench.id_of('victim')));
    CONTINUE WHEN one.name = 'scheduled';
    PERFORM bench.append(one.name, 'Command: Input');
  END LOOP;
  INSERT INTO restate.object_state VALUES ('Signup', 'u', 's', restate_partition_key_of_key('u'), 'x');
  INSERT INTO restate.promise VALUES ('Signup', 'u', 'p', restate_partition_key_of_key('u'));
  PERFORM bench.enter('grandchild', jsonb_build_object('status', 'running', 'invoked_by', 'service',
    'invoked_by_id', bench.id_of('running')));
  PERFORM bench.append('grandchild', 'Command: Input');
  PERFORM bench.append('running', 'Command: Call', 1, 2, 'grandchild');
  PERFORM bench.append('running', 'Notification: CallInvocationId', 1, NULL, 'grandchild');
  PERFORM bench.append('caller', 'Command: Input');
  PERFORM bench.append('caller', 'Command: Call', 1, 2, 'victim');
  PERFORM bench.append('caller', 'Notification: CallInvocationId', 1, NULL, 'victim');
  PERFORM bench.append('victim', 'Command: Input');
  PERFORM bench.append('victim', 'Command: Call', 1, 2, 'running');
  PERFORM bench.append('victim', 'Command: OneWayCall', 3, NULL, 'scheduled');
  PERFORM bench.append('victim', 'Command: Call', 4, 5, 'done');
  PERFORM bench.append('victim', 'Command: Call', 6, 7, 'forgotten');
  PERFORM bench.append('victim', 'Command: Call', 8, 9, 'bare');
  PERFORM bench.append('victim', 'Command: Call', 10, 11, 'workflow');

  -- to restart: commands whose completions come late, and in another order
  PERFORM bench.enter('finished', '{"status": "completed", "completion_result": "success", "completed_at": "2020-01-02"}');
  PERFORM bench.append('finished', 'Command: Input');
  PERFORM bench.append('finished', 'Command: Run', 1);
  PERFORM bench.append('finished', 'Command: Call', 2, 3, 'done');
  PERFORM bench.append('finished', 'Command: Sleep', 4);
  PERFORM bench.append('finished', 'Notification: Sleep', 4);
  PERFORM bench.append('finished', 'Notification: Call', 3);
  PERFORM bench.append('finished', 'Notification: Run', 1);
  PERFORM bench.append('finished', 'Notification: CallInvocationId', 2, NULL, 'done');
  PERFORM bench.append('finished', 'Command: Run', 5);
  PERFORM bench.enter('cart', '{"status": "completed", "completion_result": "success", "completed_at": "2020-01-02", "target_service_name": "Cart",
    "target_service_key": "k", "target_service_ty": "virtual_object", "target_handler_ty": "exclusive",
    "pinned_deployment_id": null, "pinned_service_protocol_version": null}');
  PERFORM bench.append('cart', 'Command: Input');
  PERFORM bench.enter('old', '{"status": "completed", "completion_result": "success", "completed_at": "2020-01-02", "pinned_service_protocol_version": 4}');
  PERFORM bench.append('old', 'Command: Input');
  PERFORM bench.append('old', 'Command: Output');
  PERFORM bench.enter('purged', '{"status": "completed", "completion_result": "success", "completed_at": "2020-01-02"}');
  PERFORM bench.enter('signup', '{"status": "completed", "completion_result": "success", "completed_at": "2020-01-02", "target_service_name": "Signup",
    "target_service_key": "v", "target_service_ty": "workflow", "target_handler_ty": "workflow"}');
  PERFORM bench.append('signup', 'Command: Input');
  INSERT INTO bench.role VALUES ('nobody', restate_new_invocation_id());
  PERFORM restate.add_waiters(NULL);
END $$;

-- Runs a call and returns what it returned, or state and category of its error:
-- the words may differ.
CREATE FUNCTION bench.outcome_of(call text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
  result text;
  category text;
BEGIN
  EXECUTE 'SELECT ' || call INTO result;
  RETURN result;
EXCEPTION
  WHEN OTHERS THEN
    GET STACKED DIAGNOSTICS category = CONSTRAINT_NAME;
    RETURN concat_ws(' ', SQLSTATE, category);
END $$;

-- Plays the scene with functions of those names and returns all there is then,
-- with the names of the cast instead of ids.
CREATE FUNCTION bench.play(purge_journal text, restart_as_new text, kill text) RETURNS SETOF text LANGUAGE plpgsql AS $$
DECLARE
  line text;
  r record;
BEGIN
  TRUNCATE bench.role;
  PERFORM bench.set_scene();
  CREATE TEMPORARY TABLE told ON COMMIT DROP AS
    SELECT c.n, bench.outcome_of(format('%s(%L%s)', CASE c.operation
        WHEN 'purge_journal' THEN purge_journal WHEN 'restart' THEN restart_as_new ELSE kill END,
        bench.id_of(c.on), c.arguments)) AS line
    FROM (VALUES
      (1, 'kill', 'victim', ''), (2, 'kill', 'victim', ''), (3, 'kill', 'nobody', ''), (4, 'kill', 'waiting 2', ''),
      (5, 'restart', 'finished', ', 3'), (6, 'restart', 'finished', ', 2, ''keep'', ''again'''),
      (7, 'restart', 'finished', ', 2, ''keep'', ''again'''), (8, 'restart', 'finished', ', 8'),
      (9, 'restart', 'finished', ', 9'), (10, 'restart', 'finished', ', 0, ''dp_16C3gfXSZuAiqpgqthkN1Sh'''),
      (11, 'restart', 'finished', ', -1'), (12, 'restart', 'finished', ', 0, ''dp_nonsense'''),
      (13, 'restart', 'finished', ', NULL, NULL, '''''), (14, 'restart', 'cart', ''), (15, 'restart', 'cart', ', 1'),
      (16, 'restart', 'cart', ', 0, ''keep'''), (17, 'restart', 'old', ', 1'), (18, 'restart', 'old', ''),
      (19, 'restart', 'purged', ''), (20, 'restart', 'signup', ''), (21, 'restart', 'grandchild', ''),
      (22, 'restart', 'waiting 1', ''), (23, 'restart', 'nobody', ''), (24, 'restart', 'caller', ''),
      (25, 'purge_journal', 'caller', ''), (26, 'purge_journal', 'nobody', ''), (27, 'purge_journal', 'purged', ''),
      (28, 'purge_journal', 'done', ''), (29, 'purge_journal', 'done', '')) AS c (n, operation, "on", arguments)
    ORDER BY c.n;
  FOR r IN SELECT i.id, o.name, row_number() OVER (PARTITION BY o.name ORDER BY i.journal_size, i.request_id) AS place
      FROM restate.invocation AS i JOIN bench.role AS o ON o.id = i.restarted_from LOOP
    INSERT INTO bench.role VALUES ('restart ' || r.place || ' of ' || r.name, r.id);
  END LOOP;
  FOR line IN
    SELECT concat_ws(' ', 'told', t.n, t.line) FROM told AS t
    UNION ALL SELECT concat('invocation ', to_jsonb(i) - ARRAY['partition_key', 'random_seed']
        || jsonb_build_object('seeded', i.random_seed = 42))
      FROM restate.invocation AS i JOIN bench.role AS o ON o.id = i.id
    UNION ALL SELECT concat('journal ', to_jsonb(j) - 'partition_key')
      FROM restate.journal AS j JOIN bench.role AS o ON o.id = j.id
    UNION ALL SELECT concat('runnable ', to_jsonb(u) - 'partition_key')
      FROM restate.runnable AS u JOIN bench.role AS o ON o.id = u.id
    UNION ALL SELECT concat('timer ', to_jsonb(t) - ARRAY['partition_key', 'due_at'], ' ', t.due_at - now())
      FROM restate.timer AS t JOIN bench.role AS o ON o.id = t.id
    UNION ALL SELECT concat('waiter ', to_jsonb(w) - 'partition_key')
      FROM restate.waiter AS w JOIN bench.role AS o ON o.id = w.target
    UNION ALL SELECT concat('key ', to_jsonb(k)) FROM restate.object_key AS k
    UNION ALL SELECT concat('state ', to_jsonb(s)) FROM restate.object_state AS s
    UNION ALL SELECT concat('promise ', to_jsonb(p)) FROM restate.promise AS p
    UNION ALL SELECT concat('audit ', row_number() OVER (ORDER BY a.audit_id), ' ', to_jsonb(a) - ARRAY['audit_id', 'partition_key'])
      FROM restate.audit AS a JOIN bench.role AS o ON o.id = a.id
  LOOP
    FOR r IN SELECT o.name, o.id FROM bench.role AS o LOOP
      line := replace(line, r.id::text, r.name);
    END LOOP;
    RETURN NEXT replace(line, to_json(now()) #>> '{}', 'now');
  END LOOP;
END $$;

-- the extension's own, with one argument like its competitor
CREATE FUNCTION bench.kill_by_ours(target restate_invocation_id) RETURNS text LANGUAGE sql
RETURN restate_delete_invocation(target, 'kill');
