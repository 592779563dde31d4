-- Loading an invocation from its introspection form: a row of sys_invocation
-- or sys_invocation_status, and the rows of sys_journal, as JSON.

CREATE FUNCTION restate_import_invocation(invocation jsonb, journal jsonb DEFAULT NULL)
  RETURNS restate_invocation_id
  LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
  SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $function$
#variable_conflict use_variable
DECLARE
  document CONSTANT jsonb := $1;
  entries jsonb := $2;
  row restate.invocation;
  input record;
  entry_count bigint := 0;
  command_count bigint := 0;
  output bytea;
  wrong text;
  broken text;
BEGIN
  IF jsonb_typeof(document) IS DISTINCT FROM 'object' THEN
    PERFORM restate.refuse_body('the invocation must be a JSON object');
  END IF;
  IF jsonb_typeof(entries) = 'null' THEN
    entries := NULL;
  END IF;
  IF jsonb_typeof(entries) <> 'array' THEN
    PERFORM restate.refuse_body('the journal must be a JSON array');
  END IF;

  -- The columns have the names of the document.  What only this server knows
  -- is not taken from it, nor what is derived here.
  row := jsonb_populate_record(NULL::restate.invocation, document - ARRAY[
    'partition_key', 'journal_size', 'journal_commands_size', 'inbox_sequence_number',
    'request_id', 'pause_requested', 'completion_payload', 'input_headers', 'input_payload']);
  IF row.id IS NULL THEN
    PERFORM restate.refuse_body('the invocation has no id');
  END IF;
  row.partition_key := restate_partition_key_of_id(row.id);
  row.status := CASE row.status
    WHEN 'invoked' THEN 'ready'
    WHEN 'inboxed' THEN 'pending'
    ELSE row.status END;
  wrong := CASE
    WHEN row.status IS NULL OR row.status NOT IN ('pending', 'scheduled', 'ready', 'running',
      'backing-off', 'suspended', 'paused', 'completed')
      THEN 'has an unknown status'
    WHEN row.target_service_name IS NULL OR row.target_handler_name IS NULL
      OR row.target_service_ty IS NULL
      THEN 'has no target_service_name, target_handler_name or target_service_ty'
    WHEN row.target_service_key IS NOT NULL
      AND restate_partition_key_of_key(row.target_service_key) <> row.partition_key
      THEN 'has an id that is not of its target_service_key'
    WHEN EXISTS (SELECT FROM restate.invocation AS i
      WHERE i.id = row.id AND i.partition_key = row.partition_key)
      THEN 'exists already'
  END;

  row.target_handler_ty := coalesce(row.target_handler_ty, CASE row.target_service_ty
    WHEN 'virtual_object' THEN 'exclusive'
    WHEN 'workflow' THEN CASE
      WHEN row.id = restate_workflow_invocation_id(row.target_service_name, row.target_service_key)
      THEN 'workflow' ELSE 'shared' END
  END);
  wrong := coalesce(wrong, CASE
    WHEN row.status = 'pending' AND (row.target_service_ty, row.target_handler_ty)
      IS DISTINCT FROM ('virtual_object', 'exclusive')
      THEN 'is pending, but not on an exclusive handler of a virtual object'
    WHEN row.status = 'completed' AND row.completion_result IS NULL
      THEN 'is completed, but has no completion_result'
    WHEN row.status IN ('pending', 'scheduled') AND jsonb_array_length(entries) > 0
      THEN 'has not started, but has a journal'
  END);
  IF wrong IS NOT NULL THEN
    PERFORM restate.refuse_body(format('invocation %s %s', row.id, wrong));
  END IF;

  IF row.status = 'suspended' THEN
    IF NOT (0 <= ALL (row.suspended_waiting_for_completions || row.suspended_waiting_for_signals)
        AND 4294967295 >= ALL (row.suspended_waiting_for_completions || row.suspended_waiting_for_signals))
      OR array_position(row.suspended_waiting_for_completions || row.suspended_waiting_for_signals, NULL) > 0
    THEN
      PERFORM restate.refuse_body(format(
        'invocation %s waits for something that is no whole number from 0 to 4294967295', row.id));
    END IF;
  ELSE
    row.suspended_waiting_for_completions := NULL;
    row.suspended_waiting_for_signals := NULL;
  END IF;

  -- An input that no journal holds has the form of the entry that would.
  IF row.status <> 'completed' AND coalesce(jsonb_array_length(entries), 0) = 0 THEN
    entries := jsonb_build_array(jsonb_build_object(
      'index', 0,
      'entry_json', jsonb_build_object('Command', jsonb_build_object('Input', jsonb_build_object(
        'headers', coalesce(document -> 'input_headers', '[]'),
        'payload', coalesce(document -> 'input_payload', '[]'),
        'name', '')))));
  END IF;
  IF row.status IN ('pending', 'scheduled') THEN
    SELECT * INTO STRICT input FROM restate.parse_entry(entries #> '{0,entry_json}');
    row.input_headers := input.meta -> 'headers';
    row.input_payload := input.payload;
    entries := NULL;
  END IF;

  -- The journal is dense, begins with the input, and says what it holds.
  SELECT CASE
      WHEN bool_or(jsonb_typeof(e) <> 'object') THEN 'has an element that is no object'
      WHEN bool_or(coalesce(jsonb_typeof(e -> 'entry_json') NOT IN ('string', 'object'), true))
        THEN 'has an entry without entry_json'
      WHEN bool_or(coalesce(jsonb_typeof(e -> 'index') <> 'number', true))
        OR count(DISTINCT e -> 'index') <> count(*)
        OR min((e ->> 'index')::numeric) <> 0
        OR max((e ->> 'index')::numeric) <> count(*) - 1
        OR bool_or((e ->> 'index')::numeric % 1 <> 0)
        THEN 'has a gap in its indexes, or does not begin at 0'
      WHEN bool_or(coalesce(e ->> 'version', '2') <> '2') THEN 'has an entry of a version other than 2'
    END
    INTO wrong
    FROM jsonb_array_elements(entries) AS j (e);
  IF wrong IS NOT NULL THEN
    PERFORM restate.refuse_body(format('the journal of invocation %s %s', row.id, wrong));
  END IF;

  -- An object key before the invocation, and that before its journal.
  IF row.target_handler_ty = 'exclusive' AND row.status = 'pending' THEN
    INSERT INTO restate.object_key AS k (service_name, service_key, partition_key, next_sequence_number)
      VALUES (row.target_service_name, row.target_service_key, row.partition_key, 1)
      ON CONFLICT (service_name, service_key, partition_key)
        DO UPDATE SET next_sequence_number = k.next_sequence_number + 1
      RETURNING k.next_sequence_number - 1 INTO row.inbox_sequence_number;
  ELSIF row.target_handler_ty = 'exclusive' AND row.status NOT IN ('scheduled', 'completed') THEN
    INSERT INTO restate.object_key AS k (service_name, service_key, partition_key, holder)
      VALUES (row.target_service_name, row.target_service_key, row.partition_key, row.id)
      ON CONFLICT (service_name, service_key, partition_key)
        DO UPDATE SET holder = excluded.holder WHERE k.holder IS NULL;
    IF NOT FOUND THEN
      PERFORM restate.refuse_body(format(
        'invocation %s cannot hold its object key, which another holds', row.id));
    END IF;
  END IF;

  row.invoked_by := coalesce(row.invoked_by, 'ingress');
  row.created_at := coalesce(row.created_at, now());
  row.modified_at := coalesce(row.modified_at, row.created_at);
  row.completion_retention := coalesce(row.completion_retention, '1 day');
  row.journal_retention := coalesce(row.journal_retention, '1 day');
  row.random_seed := coalesce(row.random_seed, restate_random_seed());
  row.pause_requested := false;
  row.journal_size := 0;
  row.journal_commands_size := 0;
  IF row.status = 'completed' THEN
    row.completed_at := coalesce(row.completed_at, row.modified_at);
  END IF;

  IF entries IS NOT NULL THEN
    WITH appended AS (
      INSERT INTO restate.journal (id, partition_key, index, appended_at, completion_id,
          result_completion_id, signal_index, entry_type, version, invoked_id, name,
          signal_name, meta, payload)
        SELECT row.id, row.partition_key, (j.e ->> 'index')::bigint,
            coalesce((j.e ->> 'appended_at')::timestamptz, row.created_at), p.completion_id,
            p.result_completion_id, p.signal_index, p.entry_type, 2, p.invoked_id, p.name,
            p.signal_name, p.meta, p.payload
          FROM jsonb_array_elements(entries) AS j (e)
          CROSS JOIN LATERAL restate.parse_entry(
            CASE jsonb_typeof(j.e -> 'entry_json')
              WHEN 'string' THEN (j.e ->> 'entry_json')::jsonb
              ELSE j.e -> 'entry_json' END) AS p
        RETURNING index, entry_type, meta, payload)
    SELECT count(*),
        count(*) FILTER (WHERE a.entry_type < 'Notification: Run'),
        (array_agg(a.payload ORDER BY a.index DESC)
          FILTER (WHERE a.entry_type = 'Command: Output' AND NOT a.meta ? 'result'))[1],
        (array_agg(format('entry %s says %s but is %s', a.index, j.e ->> 'entry_type', a.entry_type))
          FILTER (WHERE j.e ->> 'entry_type' <> a.entry_type::text))[1],
        (array_agg(format('begins with %s', a.entry_type))
          FILTER (WHERE a.index = 0 AND a.entry_type <> 'Command: Input'))[1]
      INTO STRICT entry_count, command_count, output, wrong, broken
      FROM appended AS a
      JOIN jsonb_array_elements(entries) AS j (e) ON (j.e ->> 'index')::bigint = a.index;
    IF coalesce(wrong, broken) IS NOT NULL THEN
      PERFORM restate.refuse_body(format('the journal of invocation %s', row.id), coalesce(wrong, broken));
    END IF;
    row.journal_size := entry_count;
    row.journal_commands_size := command_count;
  END IF;
  IF row.completion_result = 'success' THEN
    row.completion_payload := output;
  END IF;

  INSERT INTO restate.invocation SELECT (row).*;
  RETURN row.id;
EXCEPTION
  WHEN data_exception OR integrity_constraint_violation THEN
    GET STACKED DIAGNOSTICS wrong = CONSTRAINT_NAME, broken = MESSAGE_TEXT;
    PERFORM restate.refuse_body(
      coalesce('invocation ' || row.id, 'the invocation')
        || CASE wrong WHEN '' THEN ' cannot be read' ELSE ' does not satisfy' END,
      coalesce(nullif(wrong, ''), broken));
END
$function$;
REVOKE ALL ON FUNCTION restate_import_invocation(jsonb, jsonb) FROM PUBLIC;
COMMENT ON FUNCTION restate_import_invocation(jsonb, jsonb) IS
'Loads one invocation and returns its id. invocation: a row of sys_invocation or sys_invocation_status as JSON; keys it does not know are ignored. Needed: id, status, target_service_name, target_handler_name, target_service_ty, target_service_key for virtual objects and workflows, and what the status implies (completion_result). invoked becomes ready, inboxed becomes pending; retentions are intervals, ISO 8601 among them. target_handler_ty, if absent, is taken to be exclusive for a virtual object, and for a workflow to be workflow if the id is that of the run of its key, otherwise shared. journal: an array of sys_journal rows as JSON, of which index, entry_type, entry_json (text or object) and appended_at are read; sizes and the success value are taken from it. An invocation in flight that comes without one gets the input alone, from the optional keys input_headers and input_payload (as in an Input entry); so does one that has not started. An exclusive one that has started becomes the holder of its object key, a pending one goes to the end of its inbox. Errors: invalid_body (also if the id exists), invalid_invocation_id, invalid_deployment_id; nothing is changed then.';
