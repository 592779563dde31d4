-- The competitor: purge_journal, restart_as_new and delete kill in PL/pgSQL, as
-- they would be written well.  Static SQL by primary keys; the same locks in
-- the same order, checks, errors, rows and audit as the extension's own
-- functions.  bench/calls.pl compares what both leave behind before it times them.

-- Raises the error of a category.
CREATE FUNCTION bench.refuse(status text, category text, message text) RETURNS void LANGUAGE plpgsql
  SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  RAISE EXCEPTION USING ERRCODE = 'PT' || status, CONSTRAINT = category, MESSAGE = message, DETAIL = category;
END $$;

-- The sub of JSON claims; null where there is none or they are no JSON.
CREATE FUNCTION bench.subject_of(claims text) RETURNS text LANGUAGE plpgsql
  SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  RETURN CASE jsonb_typeof(claims::jsonb -> 'sub') WHEN 'string' THEN claims::jsonb ->> 'sub' END;
EXCEPTION
  WHEN data_exception THEN RETURN NULL;
END $$;

CREATE FUNCTION bench.purge_journal(target restate_invocation_id) RETURNS text
  LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  key CONSTANT bigint := restate_partition_key_of_id(target);
  claims text;
  subject text;
  status_found text;
  size bigint;
BEGIN
  IF target IS NULL THEN
    PERFORM bench.refuse('400', 'invalid_invocation_id', 'invocation id must not be null');
  ELSIF pg_is_in_recovery() THEN
    PERFORM bench.refuse('503', 'read_only', 'cannot run restate_admin operations on a standby');
  END IF;
  SELECT i.status, i.journal_size INTO status_found, size
    FROM restate.invocation AS i WHERE i.id = target AND i.partition_key = key FOR UPDATE;
  IF NOT FOUND THEN
    PERFORM bench.refuse('404', 'invocation_not_found', format('invocation %s not found', target));
  ELSIF status_found <> 'completed' THEN
    PERFORM bench.refuse('409', 'not_completed', format('invocation %s has not completed', target));
  ELSIF size = 0 THEN
    RETURN 'unchanged';
  END IF;

  DELETE FROM restate.journal AS j WHERE j.id = target AND j.partition_key = key;
  DELETE FROM restate.journal_event AS e WHERE e.id = target AND e.partition_key = key;
  UPDATE restate.invocation AS i SET journal_size = 0, journal_commands_size = 0
    WHERE i.id = target AND i.partition_key = key;
  IF current_setting('restate_admin.audit')::boolean THEN
    claims := current_setting('request.jwt.claims', true);
    IF claims <> '' THEN
      subject := bench.subject_of(claims);
    END IF;
    INSERT INTO restate.audit (id, partition_key, at, operation, parameters, outcome, role_name, session_user_name,
        claimed_subject, reason)
      VALUES (target, key, now(), 'purge_journal', '{}', 'purged',
        CASE current_setting('role') WHEN 'none' THEN session_user ELSE current_setting('role') END, session_user,
        subject, nullif(current_setting('restate_admin.reason'), ''));
  END IF;
  RETURN 'purged';
END $$;

-- Whether the text is the id of a deployment.
CREATE FUNCTION bench.is_deployment_id(deployment text) RETURNS boolean LANGUAGE plpgsql
  SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  PERFORM deployment::restate_deployment_id;
  RETURN true;
EXCEPTION
  WHEN data_exception OR SQLSTATE 'PT400' THEN RETURN false;
END $$;

CREATE FUNCTION bench.restart_as_new(target restate_invocation_id, "from" bigint DEFAULT NULL,
    deployment text DEFAULT NULL, request_id text DEFAULT NULL) RETURNS restate_invocation_id
  LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_column
DECLARE
  key CONSTANT bigint := restate_partition_key_of_id(target);
  kept CONSTANT bigint := coalesce("from", 0);
  choice CONSTANT text := lower(coalesce(deployment, 'latest'));
  request CONSTANT text := request_id;
  new_id restate_invocation_id;
  status_found text;
  service text;
  object text;
  service_type text;
  handler_type text;
  pinned restate_deployment_id;
  protocol integer;
  size bigint;
  chosen restate_deployment_id;
  min_protocol integer;
  max_protocol integer;
  commands bigint := 0;
  incomplete boolean;
  later bigint[];
  place bigint;
  new_status text := 'ready';
  claims text;
  subject text;
BEGIN
  IF kept NOT BETWEEN 0 AND 4294967295 THEN
    PERFORM bench.refuse('400', 'invalid_query_parameter', format('invalid from %s', kept));
  ELSIF octet_length(request) NOT BETWEEN 1 AND 255 THEN
    PERFORM bench.refuse('400', 'invalid_query_parameter', 'invalid request_id: it must have 1 to 255 bytes');
  ELSIF choice NOT IN ('latest', 'keep') AND NOT bench.is_deployment_id(deployment) THEN
    PERFORM bench.refuse('400', 'invalid_deployment_id', format('invalid deployment "%s"', deployment));
  ELSIF target IS NULL THEN
    PERFORM bench.refuse('400', 'invalid_invocation_id', 'invocation id must not be null');
  ELSIF pg_is_in_recovery() THEN
    PERFORM bench.refuse('503', 'read_only', 'cannot run restate_admin operations on a standby');
  END IF;

  SELECT i.status, i.target_service_name, i.target_service_ty, i.pinned_deployment_id,
      i.pinned_service_protocol_version, i.journal_size
    INTO status_found, service, service_type, pinned, protocol, size
    FROM restate.invocation AS i
    WHERE i.id = target AND i.partition_key = key AND i.target_handler_ty IS DISTINCT FROM 'exclusive'
    FOR UPDATE;
  IF NOT FOUND THEN
    -- the object key comes before the invocation; a target never changes
    SELECT i.target_service_name, i.target_service_key INTO service, object
      FROM restate.invocation AS i WHERE i.id = target AND i.partition_key = key;
    IF FOUND THEN
      INSERT INTO restate.object_key (service_name, service_key, partition_key) VALUES (service, object, key)
        ON CONFLICT DO NOTHING;
      PERFORM FROM restate.object_key AS k
        WHERE k.service_name = service COLLATE "C" AND k.service_key = object AND k.partition_key = key FOR UPDATE;
      SELECT i.status, i.target_service_ty, i.target_handler_ty, i.pinned_deployment_id,
          i.pinned_service_protocol_version, i.journal_size
        INTO status_found, service_type, handler_type, pinned, protocol, size
        FROM restate.invocation AS i WHERE i.id = target AND i.partition_key = key FOR UPDATE;
    END IF;
  END IF;

  IF request IS NOT NULL THEN
    SELECT r.id INTO new_id FROM restate.invocation AS r
      WHERE r.restarted_from = target AND r.partition_key = key AND r.request_id = request;
    IF FOUND THEN
      RETURN new_id;
    END IF;
  END IF;
  IF status_found IS NULL THEN
    PERFORM bench.refuse('404', 'invocation_not_found', format('invocation %s not found', target));
  ELSIF status_found IN ('pending', 'scheduled') THEN
    PERFORM bench.refuse('425', 'not_started', format('invocation %s has not started', target));
  ELSIF status_found <> 'completed' THEN
    PERFORM bench.refuse('409', 'still_running', format('invocation %s is still running', target));
  ELSIF size = 0 THEN
    PERFORM bench.refuse('410', 'input_not_available', format('the input of invocation %s is no longer available', target));
  ELSIF service_type = 'workflow' THEN
    PERFORM bench.refuse('422', 'restart_not_supported', format('invocation %s is of a workflow', target));
  ELSIF pinned IS NULL AND kept > 0 THEN
    PERFORM bench.refuse('422', 'restart_not_supported',
      format('invocation %s was never pinned to a deployment: it can be restarted from 0 only', target));
  ELSIF pinned IS NULL AND choice <> 'latest' THEN
    PERFORM bench.refuse('409', 'deployment_not_changeable', format('invocation %s was never pinned to a deployment', target));
  ELSIF kept > 0 AND protocol < 6 THEN
    PERFORM bench.refuse('422', 'restart_not_supported',
      format('the service protocol of invocation %s is too old to restart it from within its journal', target));
  END IF;
  IF pinned IS NOT NULL AND choice = 'keep' THEN
    chosen := pinned;
  ELSIF pinned IS NOT NULL THEN
    IF choice = 'latest' THEN
      SELECT d.id, d.min_service_protocol_version, d.max_service_protocol_version
        INTO chosen, min_protocol, max_protocol
        FROM restate.service_revision AS s JOIN restate.deployment AS d ON d.id = s.deployment_id
        WHERE s.service_name = service ORDER BY s.revision DESC LIMIT 1;
    ELSE
      SELECT d.id, d.min_service_protocol_version, d.max_service_protocol_version
        INTO chosen, min_protocol, max_protocol
        FROM restate.deployment AS d WHERE d.id = deployment::restate_deployment_id;
    END IF;
    IF NOT FOUND THEN
      PERFORM bench.refuse('400', 'deployment_not_found', format('no deployment for invocation %s', target));
    ELSIF protocol NOT BETWEEN min_protocol AND max_protocol THEN
      PERFORM bench.refuse('400', 'deployment_incompatible',
        format('the deployment does not support the service protocol of invocation %s', target));
    END IF;
  END IF;
  IF kept >= size THEN
    PERFORM bench.refuse('400', 'journal_index_out_of_range',
      format('the index lies past the journal of invocation %s', target));
  ELSIF kept > 0 THEN
    -- each completion by itself: joined, they are scanned over and over
    SELECT count(*), bool_or(c.completion_id IS NOT NULL AND n.index IS NULL
        OR c.result_completion_id IS NOT NULL AND r.index IS NULL),
        array_agg(n.index) FILTER (WHERE n.index > kept) || array_agg(r.index) FILTER (WHERE r.index > kept)
      INTO commands, incomplete, later
      FROM restate.journal AS c
      LEFT JOIN LATERAL (SELECT j.index FROM restate.journal AS j
        WHERE j.id = target AND j.partition_key = key AND j.completion_id = c.completion_id
          AND j.entry_type >= 'Notification: Run' LIMIT 1) AS n ON true
      LEFT JOIN LATERAL (SELECT j.index FROM restate.journal AS j
        WHERE j.id = target AND j.partition_key = key AND j.completion_id = c.result_completion_id
          AND j.entry_type >= 'Notification: Run' LIMIT 1) AS r ON true
      WHERE c.id = target AND c.partition_key = key AND c.index BETWEEN 1 AND kept
        AND c.entry_type < 'Notification: Run';
    IF incomplete THEN
      PERFORM bench.refuse('400', 'journal_prefix_incomplete',
        format('the journal of invocation %s lacks a completion before the index', target));
    END IF;
  END IF;

  new_id := restate_new_invocation_id(key);
  IF handler_type = 'exclusive' THEN
    UPDATE restate.object_key AS k
      SET holder = coalesce(k.holder, new_id),
        next_sequence_number = k.next_sequence_number + (k.holder IS NOT NULL)::int
      WHERE k.service_name = service COLLATE "C" AND k.service_key = object AND k.partition_key = key
      RETURNING CASE WHEN k.holder <> new_id THEN k.next_sequence_number - 1 END INTO place;
    IF place IS NOT NULL THEN
      new_status := 'pending';
    END IF;
  END IF;
  INSERT INTO restate.journal (id, partition_key, index, appended_at, completion_id, result_completion_id,
      signal_index, entry_type, version, invoked_id, name, signal_name, meta, payload)
    SELECT new_id, key, j.index, j.appended_at, j.completion_id, j.result_completion_id, j.signal_index,
      j.entry_type, j.version, j.invoked_id, j.name, j.signal_name, j.meta, j.payload
    FROM restate.journal AS j WHERE j.id = target AND j.partition_key = key AND j.index BETWEEN 0 AND kept;
  IF later IS NOT NULL THEN
    INSERT INTO restate.journal (id, partition_key, index, appended_at, completion_id, result_completion_id,
        signal_index, entry_type, version, invoked_id, name, signal_name, meta, payload)
      SELECT new_id, key, kept + l.place, j.appended_at, j.completion_id, j.result_completion_id, j.signal_index,
        j.entry_type, j.version, j.invoked_id, j.name, j.signal_name, j.meta, j.payload
      FROM (SELECT u.index, row_number() OVER (ORDER BY u.index) AS place FROM unnest(later) AS u (index)) AS l
      JOIN restate.journal AS j ON j.id = target AND j.partition_key = key AND j.index = l.index;
  END IF;
  INSERT INTO restate.invocation (id, partition_key, status, target_service_name, target_service_key,
      target_handler_name, target_service_ty, target_handler_ty, invoked_by, restarted_from, request_id,
      pinned_deployment_id, pinned_service_protocol_version, journal_size, journal_commands_size, created_at,
      created_using_restate_version, modified_at, inboxed_at, running_at, completion_retention, journal_retention,
      inbox_sequence_number, random_seed)
    SELECT new_id, key, new_status, i.target_service_name, i.target_service_key, i.target_handler_name,
      i.target_service_ty, i.target_handler_ty, 'restart_as_new', target, request, chosen,
      i.pinned_service_protocol_version, kept + 1 + coalesce(cardinality(later), 0), 1 + commands, now(),
      i.created_using_restate_version, now(), CASE WHEN new_status = 'pending' THEN now() END,
      CASE WHEN new_status <> 'pending' THEN now() END, i.completion_retention, i.journal_retention, place,
      CASE WHEN kept > 0 THEN i.random_seed ELSE restate_random_seed() END
    FROM restate.invocation AS i WHERE i.id = target AND i.partition_key = key;
  IF new_status = 'ready' THEN
    INSERT INTO restate.runnable (service_name, deployment_id, ready_at, id, partition_key)
      VALUES (service, coalesce(chosen, restate.no_deployment()), now(), new_id, key);
    IF current_setting('restate_admin.notify') = 'all' THEN
      NOTIFY restate_runnable;
    END IF;
  END IF;
  IF current_setting('restate_admin.audit')::boolean THEN
    claims := current_setting('request.jwt.claims', true);
    IF claims <> '' THEN
      subject := bench.subject_of(claims);
    END IF;
    INSERT INTO restate.audit (id, partition_key, at, operation, parameters, outcome, new_id, role_name,
        session_user_name, claimed_subject, reason)
      VALUES (target, key, now(), 'restart_as_new',
        jsonb_strip_nulls(jsonb_build_object('from', "from", 'deployment', deployment, 'request_id', request))
          || CASE WHEN request IS NULL THEN '{}' ELSE jsonb_build_object('resolved_deployment', chosen) END,
        'restarted', new_id,
        CASE current_setting('role') WHEN 'none' THEN session_user ELSE current_setting('role') END, session_user,
        subject, nullif(current_setting('restate_admin.reason'), ''));
  END IF;
  RETURN new_id;
END $$;

-- The invocations that a kill of the target reaches: the target and, of those
-- that have started and not completed, the callees, theirs in turn and so on.
CREATE FUNCTION bench.reach(target restate_invocation_id) RETURNS restate_invocation_id[]
  LANGUAGE plpgsql VOLATILE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  found restate_invocation_id[] := ARRAY[target];
  frontier restate_invocation_id[] := found;
BEGIN
  LOOP
    frontier := ARRAY(
      SELECT DISTINCT j.invoked_id
      FROM unnest(frontier) AS f (id)
      JOIN restate.invocation AS i ON i.id = f.id AND i.partition_key = restate_partition_key_of_id(f.id)
        AND i.status NOT IN ('pending', 'scheduled', 'completed')
      JOIN restate.journal AS j ON j.id = i.id AND j.partition_key = i.partition_key
        AND j.invoked_id IS NOT NULL AND j.entry_type IN ('Command: Call', 'Command: OneWayCall')
      WHERE j.invoked_id <> ALL (found));
    EXIT WHEN cardinality(frontier) = 0;
    found := found || frontier;
  END LOOP;
  RETURN found;
END $$;

-- Kills one invocation of those that are locked.  Returns what was done, null
-- for one that is gone or has completed.
CREATE FUNCTION bench.kill_one(victim restate_invocation_id) RETURNS text
  LANGUAGE plpgsql VOLATILE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  part CONSTANT bigint := restate_partition_key_of_id(victim);
  started boolean;
  was record;
  next restate_invocation_id;
  waiting record;
  brought record;
BEGIN
  SELECT i.status, i.target_service_name, i.target_service_key, i.target_service_ty, i.target_handler_ty,
      i.completion_retention, i.journal_retention, i.journal_size, i.modified_at, i.has_waiters, i.is_foreign,
      i.pinned_deployment_id
    INTO was FROM restate.invocation AS i WHERE i.id = victim AND i.partition_key = part;
  IF NOT FOUND OR was.status = 'completed' THEN
    RETURN NULL;
  END IF;
  started := was.status NOT IN ('pending', 'scheduled');

  IF was.status = 'ready' AND was.is_foreign IS NOT TRUE THEN
    DELETE FROM restate.runnable AS r WHERE r.service_name = was.target_service_name COLLATE "C"
      AND r.deployment_id = coalesce(was.pinned_deployment_id, restate.no_deployment())
      AND r.ready_at = was.modified_at AND r.id = victim AND r.partition_key = part;
  END IF;
  IF was.has_waiters THEN
    FOR waiting IN
      WITH gone AS (
        DELETE FROM restate.waiter AS w WHERE w.target = victim AND w.partition_key = part
        RETURNING w.caller, w.completion_id,
          CASE w.kind WHEN 'call' THEN 'Notification: Call' ELSE 'Notification: AttachInvocation' END AS entry_type)
      SELECT g.caller, array_agg(g.completion_id ORDER BY g.completion_id) AS awaited,
        array_agg(g.entry_type ORDER BY g.completion_id) AS entry_types
      FROM gone AS g GROUP BY g.caller
    LOOP
      UPDATE restate.invocation AS i
        SET journal_size = i.journal_size + cardinality(waiting.awaited),
          status = CASE WHEN w.woken THEN 'ready' ELSE i.status END,
          modified_at = CASE WHEN w.woken THEN now() ELSE i.modified_at END,
          running_at = coalesce(i.running_at, now()),
          last_entry_at = CASE WHEN i.is_foreign THEN i.last_entry_at ELSE now() END,
          suspended_waiting_for_completions = CASE WHEN NOT w.woken THEN i.suspended_waiting_for_completions END,
          suspended_waiting_for_signals = CASE WHEN NOT w.woken THEN i.suspended_waiting_for_signals END,
          suspended_waiting_for_names = CASE WHEN NOT w.woken THEN i.suspended_waiting_for_names END,
          next_retry_at = CASE WHEN NOT w.woken THEN i.next_retry_at END
        FROM (SELECT o.id, o.partition_key, o.status = 'suspended'
              AND coalesce(o.suspended_waiting_for_completions && waiting.awaited, false) AS woken
            FROM restate.invocation AS o
            WHERE o.id = waiting.caller AND o.partition_key = restate_partition_key_of_id(waiting.caller)
              AND o.status <> 'completed') AS w
        WHERE i.id = w.id AND i.partition_key = w.partition_key
        RETURNING i.journal_size, i.target_service_name, i.pinned_deployment_id,
          w.woken AND i.is_foreign IS NOT TRUE AS runnable INTO brought;
      CONTINUE WHEN NOT FOUND;
      INSERT INTO restate.journal (id, partition_key, index, appended_at, entry_type, completion_id, meta)
        SELECT waiting.caller, restate_partition_key_of_id(waiting.caller),
          brought.journal_size - cardinality(waiting.awaited) + a.place - 1, now(), a.entry_type::restate.entry_type, a.completion_id,
          '{"result": {"Failure": {"code": 409, "message": "killed"}}}'
        FROM unnest(waiting.awaited, waiting.entry_types) WITH ORDINALITY AS a (completion_id, entry_type, place);
      IF brought.runnable THEN
        INSERT INTO restate.runnable (service_name, deployment_id, ready_at, id, partition_key)
          VALUES (brought.target_service_name, coalesce(brought.pinned_deployment_id, restate.no_deployment()), now(), waiting.caller, restate_partition_key_of_id(waiting.caller));
      END IF;
    END LOOP;
  END IF;

  IF NOT started OR was.completion_retention = '0' THEN
    DELETE FROM restate.journal AS j WHERE j.id = victim AND j.partition_key = part;
    DELETE FROM restate.journal_event AS e WHERE e.id = victim AND e.partition_key = part;
    DELETE FROM restate.invocation AS i WHERE i.id = victim AND i.partition_key = part;
    IF started AND was.target_handler_ty = 'workflow' THEN
      DELETE FROM restate.object_state AS s WHERE s.service_name = was.target_service_name COLLATE "C"
        AND s.service_key = was.target_service_key AND s.partition_key = part;
      DELETE FROM restate.promise AS p WHERE p.service_name = was.target_service_name COLLATE "C"
        AND p.service_key = was.target_service_key AND p.partition_key = part;
    END IF;
  ELSE
    UPDATE restate.invocation AS i
      SET status = 'completed', modified_at = now(), completed_at = now(), completion_result = 'failure',
        completion_failure = '[409] killed', pause_requested = false,
        suspended_waiting_for_completions = NULL, suspended_waiting_for_signals = NULL, suspended_waiting_for_names = NULL,
        attempt = NULL, worker_name = NULL, attempt_count = NULL, entry_retry_count = NULL, last_entry_at = NULL,
        running_at = coalesce(i.running_at, now()), next_retry_at = NULL, input_headers = NULL, input_payload = NULL,
        journal_size = CASE WHEN k.journal THEN i.journal_size ELSE 0 END,
        journal_commands_size = CASE WHEN k.journal THEN i.journal_commands_size ELSE 0 END,
        retry_count = CASE WHEN k.attempts THEN i.retry_count END,
        last_start_at = CASE WHEN k.attempts THEN i.last_start_at END,
        last_attempt_deployment_id = CASE WHEN k.attempts THEN i.last_attempt_deployment_id END,
        last_attempt_server = CASE WHEN k.attempts THEN i.last_attempt_server END,
        last_failure = CASE WHEN k.attempts THEN i.last_failure END,
        last_failure_error_code = CASE WHEN k.attempts THEN i.last_failure_error_code END,
        last_failure_related_command_index = CASE WHEN k.attempts THEN i.last_failure_related_command_index END,
        last_failure_related_command_name = CASE WHEN k.attempts THEN i.last_failure_related_command_name END,
        last_failure_related_command_type = CASE WHEN k.attempts THEN i.last_failure_related_command_type END
      FROM (SELECT was.journal_retention > '0' AS journal, was.status = 'paused' AS attempts) AS k
      WHERE i.id = victim AND i.partition_key = part;
    IF was.journal_retention = '0' THEN
      DELETE FROM restate.journal AS j WHERE j.id = victim AND j.partition_key = part;
      DELETE FROM restate.journal_event AS e WHERE e.id = victim AND e.partition_key = part;
    END IF;
    INSERT INTO restate.timer (due_at, kind, id, completion_id, partition_key)
      SELECT d.due_at, 'expiry', victim, -1, part
      FROM least(restate.kept_until(now(), was.completion_retention),
        CASE WHEN was.journal_size > 0 AND was.journal_retention > '0'
          THEN restate.kept_until(now(), was.journal_retention) END) AS d (due_at)
      WHERE d.due_at < 'infinity';
  END IF;

  IF started AND was.target_handler_ty = 'exclusive' THEN
    SELECT i.id INTO next FROM restate.invocation AS i
      WHERE i.status = 'pending' AND i.target_service_name = was.target_service_name COLLATE "C"
        AND i.target_service_key = was.target_service_key AND i.partition_key = part
      ORDER BY i.inbox_sequence_number LIMIT 1;
    UPDATE restate.object_key AS k SET holder = next
      WHERE k.service_name = was.target_service_name COLLATE "C" AND k.service_key = was.target_service_key
        AND k.partition_key = part AND k.holder = victim;
    IF FOUND AND next IS NOT NULL THEN
      INSERT INTO restate.journal (id, partition_key, index, appended_at, entry_type, name, meta, payload)
        SELECT i.id, i.partition_key, 0, now(), 'Command: Input', '',
          jsonb_build_object('headers', coalesce(i.input_headers, '[]')), coalesce(i.input_payload, '')
        FROM restate.invocation AS i WHERE i.id = next AND i.partition_key = part AND i.journal_size = 0;
      UPDATE restate.invocation AS i
        SET status = 'ready', modified_at = now(), running_at = coalesce(i.running_at, now()),
          last_entry_at = CASE WHEN i.is_foreign OR i.journal_size > 0 THEN i.last_entry_at ELSE now() END,
          journal_size = greatest(i.journal_size, 1), journal_commands_size = greatest(i.journal_commands_size, 1),
          inbox_sequence_number = NULL, input_headers = NULL, input_payload = NULL, next_retry_at = NULL
        WHERE i.id = next AND i.partition_key = part
        RETURNING i.is_foreign, i.pinned_deployment_id INTO brought;
      IF brought.is_foreign IS NOT TRUE THEN
        INSERT INTO restate.runnable (service_name, deployment_id, ready_at, id, partition_key)
          VALUES (was.target_service_name, coalesce(brought.pinned_deployment_id, restate.no_deployment()), now(), next, part);
      END IF;
    END IF;
  END IF;
  RETURN CASE WHEN started THEN 'killed' ELSE 'removed' END;
END $$;

-- Object keys are locked before invocations, those by their ids.  What is in
-- reach is found first, locked, and found again: if it grew meanwhile, the
-- locks are given back by the block's rollback.
CREATE FUNCTION bench.delete_kill(target restate_invocation_id) RETURNS text
  LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  key CONSTANT bigint := restate_partition_key_of_id(target);
  audited CONSTANT boolean := current_setting('restate_admin.audit');
  role_of_call CONSTANT text := CASE current_setting('role') WHEN 'none' THEN session_user ELSE current_setting('role') END;
  reason_of_call CONSTANT text := nullif(current_setting('restate_admin.reason'), '');
  claims CONSTANT text := current_setting('request.jwt.claims', true);
  subject CONSTANT text := CASE WHEN claims <> '' THEN bench.subject_of(claims) END;
  reached restate_invocation_id[];
  locked restate_invocation_id[];
  status_found text;
  found_callees boolean := false;
  did text;
  did_to_victim text;
  killed restate_invocation_id[];
  callers restate_invocation_id[];
  victim restate_invocation_id;
BEGIN
  IF target IS NULL THEN
    PERFORM bench.refuse('400', 'invalid_invocation_id', 'invocation id must not be null');
  ELSIF pg_is_in_recovery() THEN
    PERFORM bench.refuse('503', 'read_only', 'cannot run restate_admin operations on a standby');
  END IF;
  FOR try IN 1 .. 20 LOOP
    BEGIN
      -- one that is alone needs one lock: it has no key, and nobody to answer
      IF NOT found_callees THEN
        SELECT i.status INTO status_found FROM restate.invocation AS i
          WHERE i.id = target AND i.partition_key = key AND i.has_waiters IS NOT TRUE
            AND i.target_handler_ty IS DISTINCT FROM 'exclusive'
          FOR UPDATE;
        IF FOUND THEN
          IF status_found = 'completed' THEN
            PERFORM bench.refuse('409', 'already_completed', format('invocation %s has completed already', target));
          ELSIF EXISTS (SELECT FROM restate.journal AS j WHERE j.id = target AND j.partition_key = key
              AND j.invoked_id IS NOT NULL AND j.entry_type IN ('Command: Call', 'Command: OneWayCall')) THEN
            found_callees := true;
            RAISE EXCEPTION USING ERRCODE = 'BENCH';
          END IF;
          did := bench.kill_one(target);
          IF audited THEN
            INSERT INTO restate.audit (id, partition_key, at, operation, parameters, outcome, role_name,
                session_user_name, claimed_subject, reason)
              VALUES (target, key, now(), 'delete_invocation', '{"mode": "kill"}', did, role_of_call, session_user,
                subject, reason_of_call);
          END IF;
          EXIT;
        END IF;
      END IF;

      reached := bench.reach(target);
      PERFORM FROM restate.object_key AS k
        JOIN restate.invocation AS i ON i.target_service_name COLLATE "C" = k.service_name
          AND i.target_service_key = k.service_key AND i.partition_key = k.partition_key
        WHERE i.id = ANY (reached) AND i.status <> 'completed' AND i.target_handler_ty = 'exclusive'
        ORDER BY k.service_name COLLATE "C", k.service_key COLLATE "C"
        FOR UPDATE OF k;
      -- with those that wait, and as many of an inbox as may come to start
      locked := ARRAY(
        SELECT w.caller FROM restate.invocation AS i
          JOIN restate.waiter AS w ON w.target = i.id AND w.partition_key = i.partition_key
          WHERE i.id = ANY (reached) AND i.has_waiters AND i.status <> 'completed'
        UNION
        SELECT p.id
          FROM (SELECT DISTINCT i.target_service_name AS service, i.target_service_key AS object, i.partition_key
            FROM restate.invocation AS i
            WHERE i.id = ANY (reached) AND i.status <> 'completed' AND i.target_handler_ty = 'exclusive') AS k
          CROSS JOIN LATERAL (SELECT p.id FROM restate.invocation AS p
            WHERE p.status = 'pending' AND p.target_service_name = k.service COLLATE "C" AND p.target_service_key = k.object
              AND p.partition_key = k.partition_key
            ORDER BY p.inbox_sequence_number LIMIT cardinality(reached) + 1) AS p);
      PERFORM FROM restate.invocation AS i WHERE i.id = ANY (reached || locked) ORDER BY i.id FOR UPDATE;
      SELECT i.status INTO status_found FROM restate.invocation AS i WHERE i.id = target AND i.partition_key = key;
      IF NOT FOUND THEN
        status_found := NULL;
      END IF;
      IF NOT bench.reach(target) <@ reached OR EXISTS (SELECT FROM restate.invocation AS i
          JOIN restate.waiter AS w ON w.target = i.id AND w.partition_key = i.partition_key
          WHERE i.id = ANY (reached) AND i.has_waiters AND i.status <> 'completed'
            AND w.caller <> ALL (reached || locked)) THEN
        RAISE EXCEPTION USING ERRCODE = 'BENCH';
      END IF;

      IF status_found IS NULL THEN
        PERFORM bench.refuse('404', 'invocation_not_found', format('invocation %s not found', target));
      ELSIF status_found = 'completed' THEN
        PERFORM bench.refuse('409', 'already_completed', format('invocation %s has completed already', target));
      END IF;
      did := bench.kill_one(target);
      IF audited THEN
        INSERT INTO restate.audit (id, partition_key, at, operation, parameters, outcome, role_name,
            session_user_name, claimed_subject, reason)
          VALUES (target, key, now(), 'delete_invocation', '{"mode": "kill"}', did, role_of_call, session_user,
            subject, reason_of_call);
      END IF;
      callers := ARRAY[target];
      killed := callers;
      WHILE cardinality(callers) > 0 LOOP
        callers := ARRAY(
          SELECT c.invoked_id FROM (
            SELECT DISTINCT ON (j.invoked_id) j.invoked_id, a.place, j.index
            FROM unnest(callers) WITH ORDINALITY AS a (id, place)
            JOIN restate.journal AS j ON j.id = a.id AND j.partition_key = restate_partition_key_of_id(a.id)
              AND j.invoked_id IS NOT NULL AND j.entry_type IN ('Command: Call', 'Command: OneWayCall')
            WHERE j.invoked_id = ANY (reached) AND j.invoked_id <> ALL (killed)
            ORDER BY j.invoked_id, a.place, j.index) AS c
          ORDER BY c.place, c.index);
        killed := killed || callers;
        FOREACH victim IN ARRAY callers LOOP
          did_to_victim := bench.kill_one(victim);
          CONTINUE WHEN did_to_victim IS NULL OR NOT audited;
          INSERT INTO restate.audit (id, partition_key, at, operation, parameters, outcome, caused_by, role_name,
              session_user_name, claimed_subject, reason)
            VALUES (victim, restate_partition_key_of_id(victim), now(), 'delete_invocation', '{"mode": "kill"}', did_to_victim,
              target, role_of_call, session_user, subject, reason_of_call);
        END LOOP;
      END LOOP;
      EXIT;
    EXCEPTION
      WHEN SQLSTATE 'BENCH' THEN NULL;
    END;
  END LOOP;
  IF did IS NULL THEN
    RAISE serialization_failure USING MESSAGE = 'could not lock the invocations: more kept coming within reach';
  END IF;
  RETURN did;
END $$;
