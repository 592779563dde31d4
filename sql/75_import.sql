-- Loading an invocation from its introspection form: a row of sys_invocation
-- or sys_invocation_status, and the rows of sys_journal, as JSON.

CREATE FUNCTION restate.registered_handler_ty(
    service_name text, service_ty text, handler_name text, deployment_id restate_deployment_id)
  RETURNS text
  LANGUAGE plpgsql STABLE CALLED ON NULL INPUT PARALLEL SAFE
  SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $function$
BEGIN
  RETURN (SELECT h.ty
  FROM restate.service_revision AS s
  LEFT JOIN restate.deployment AS d ON d.id = s.deployment_id
  CROSS JOIN LATERAL jsonb_array_elements(s.handlers) WITH ORDINALITY AS l (handler, place)
  CROSS JOIN LATERAL (SELECT restate.handler_ty(s.ty, l.handler ->> 'ty')) AS h (ty)
  WHERE s.service_name = $1 AND s.ty = $2 AND l.handler ->> 'name' = $3
    AND h.ty IN (restate.handler_ty(s.ty, NULL), 'shared')
  ORDER BY s.deployment_id = $4 DESC NULLS LAST, d.id IS NULL, s.revision DESC, l.place
  LIMIT 1);
END
$function$;
REVOKE ALL ON FUNCTION restate.registered_handler_ty(text, text, text, restate_deployment_id) FROM PUBLIC;
COMMENT ON FUNCTION restate.registered_handler_ty(text, text, text, restate_deployment_id) IS
'Of which kind a handler of a virtual object or workflow is registered: exclusive, workflow or shared. service_name, service_ty, handler_name: the target. deployment_id: the deployment it is pinned to, or null. Told by a revision on that deployment, otherwise by the latest whose deployment is registered, otherwise by the latest; a revision without the handler, or of another kind of service, tells nothing. A handler without ty is exclusive on a virtual object and the run on a workflow, as it is in a discovery document. Null where nothing tells.';

CREATE FUNCTION restate.not_written(what text) RETURNS void
  LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL SAFE
  SET search_path = pg_catalog, pg_temp
AS $function$
BEGIN
  RAISE EXCEPTION USING ERRCODE = 'triggered_action_exception',
    MESSAGE = format('could not write %s: a trigger or row security policy suppressed rows', what),
    HINT = 'See the triggers and policies on the tables of schema restate: none may suppress a row.';
END
$function$;
COMMENT ON FUNCTION restate.not_written(text) IS
'Raises triggered_action_exception: fewer rows were written than there were to write. what: what they are. Returns never.';

CREATE FUNCTION restate.take_imported_key(
    id restate_invocation_id, status text, service_name text, service_key text, OUT is_taken boolean, OUT place bigint)
  LANGUAGE C VOLATILE STRICT PARALLEL UNSAFE
  AS 'MODULE_PATHNAME', 'restate_take_imported_key';
REVOKE ALL ON FUNCTION restate.take_imported_key(restate_invocation_id, text, text, text) FROM PUBLIC;
COMMENT ON FUNCTION restate.take_imported_key(restate_invocation_id, text, text, text) IS
'Has an invocation that is imported hold its object key, or wait in its inbox: for restate_import_invocation().';

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
  is_taken boolean;
  entry_count bigint := 0;
  command_count bigint := 0;
  output bytea;
  wrong text;
  broken text;
  misplaced text;
  waits boolean := false;
  table_name text;
  column_name text;
  constraint_name text;
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
    'request_id', 'pause_requested', 'completion_payload', 'input_headers', 'input_payload',
    'attempt', 'worker_name', 'attempt_count', 'entry_retry_count', 'last_entry_at', 'suspended_waiting_for_names',
    'retained_from', 'completion_failure_metadata', 'has_waiters', 'is_foreign', 'asked_completion_id']);
  IF row.id IS NULL THEN
    PERFORM restate.refuse_body('the invocation has no id');
  END IF;
  -- what is derived from a key takes no longer one
  PERFORM restate.check_object_key(row.target_service_key, NULL);
  row.partition_key := restate_partition_key_of_id(row.id);
  row.status := restate.status_of(row.status);
  wrong := CASE
    WHEN row.status IS NULL
      THEN 'has an unknown status'
    WHEN row.target_service_name IS NULL OR row.target_handler_name IS NULL
      OR row.target_service_ty IS NULL
      THEN 'has no target_service_name, target_handler_name or target_service_ty'
    WHEN row.target_service_key IS NOT NULL
      AND restate_partition_key_of_key(row.target_service_key) <> row.partition_key
      THEN 'has an id that is not of its target_service_key'
    WHEN restate_partition_key_of_id(row.restarted_from) <> row.partition_key
      THEN 'has an id that is not in the partition of its restarted_from'
    WHEN EXISTS (SELECT FROM restate.invocation AS i
      WHERE i.id = row.id AND i.partition_key = row.partition_key)
      THEN 'exists already'
    -- entries that come would meet those that are there
    WHEN coalesce(jsonb_array_length(entries), 0) = 0 AND EXISTS (SELECT FROM restate.journal AS j
        WHERE j.id = row.id AND j.partition_key = row.partition_key)
      OR EXISTS (SELECT FROM restate.journal_event AS e
        WHERE e.id = row.id AND e.partition_key = row.partition_key)
      THEN 'has a journal or events already, without being there itself'
  END;

  -- Whether it takes its object key decides on everything below.
  row.target_handler_ty := coalesce(row.target_handler_ty, CASE row.target_service_ty
    WHEN 'virtual_object' THEN restate.registered_handler_ty(row.target_service_name,
      row.target_service_ty, row.target_handler_name, row.pinned_deployment_id)
    WHEN 'workflow' THEN CASE
      WHEN row.id = restate_workflow_invocation_id(row.target_service_name, row.target_service_key)
      THEN 'workflow' ELSE 'shared' END
  END);
  wrong := coalesce(wrong, CASE
    WHEN row.target_service_ty = 'virtual_object' AND row.target_handler_ty IS NULL
      THEN 'may be exclusive or shared: add target_handler_ty, or register a deployment with the handler'
    WHEN row.status = 'pending' AND (row.target_service_ty, row.target_handler_ty)
      IS DISTINCT FROM ('virtual_object', 'exclusive')
      THEN 'is pending, but not on an exclusive handler of a virtual object'
    WHEN row.status = 'completed' AND row.completion_result IS NULL
      THEN 'is completed, but has no completion_result'
    WHEN (row.status = 'scheduled' OR row.status = 'pending' AND row.restarted_from IS NULL)
      AND jsonb_array_length(entries) > 0
      THEN 'has not started, but has a journal'
    WHEN row.status <> 'completed' AND row.pinned_deployment_id IS NOT NULL
      AND NOT EXISTS (SELECT FROM restate.deployment AS d WHERE d.id = row.pinned_deployment_id)
      THEN 'is in flight, but its pinned_deployment_id is not registered: register it first'
  END);
  IF wrong IS NOT NULL THEN
    PERFORM restate.refuse_body(format('invocation %s %s', row.id, wrong));
  END IF;

  IF row.status = 'suspended' THEN
    IF NOT (0 <= ALL (row.suspended_waiting_for_completions || row.suspended_waiting_for_signals)
        AND restate.index_max() >= ALL (row.suspended_waiting_for_completions || row.suspended_waiting_for_signals))
      OR array_position(row.suspended_waiting_for_completions || row.suspended_waiting_for_signals, NULL) > 0
    THEN
      PERFORM restate.refuse_body(format(
        'invocation %s waits for something that is no whole number from 0 to %s', row.id, restate.index_max()));
    END IF;
    IF coalesce(cardinality(row.suspended_waiting_for_completions), 0)
      + coalesce(cardinality(row.suspended_waiting_for_signals), 0) = 0
    THEN
      PERFORM restate.refuse_body(format(
        'invocation %s is suspended, but waits for no completion and no signal', row.id));
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
    IF NOT restate.has_started(row.status) THEN
      SELECT * INTO STRICT input FROM restate.parse_entry(entries #> '{0,entry_json}');
      row.input_headers := input.meta -> 'headers';
      row.input_payload := input.payload;
      entries := NULL;
    END IF;
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
  IF row.target_handler_ty = 'exclusive' AND row.status NOT IN ('scheduled', 'completed') THEN
    SELECT k.is_taken, k.place INTO STRICT is_taken, row.inbox_sequence_number
      FROM restate.take_imported_key(row.id, row.status, row.target_service_name, row.target_service_key) AS k;
    IF NOT is_taken THEN
      PERFORM restate.refuse_body(format(CASE row.status
        WHEN 'pending' THEN 'invocation %s is pending, but nobody holds its object key: import the holder first'
        ELSE 'invocation %s cannot hold its object key, which another holds' END, row.id));
    END IF;
  END IF;

  row.invoked_by := coalesce(row.invoked_by, 'ingress');
  row.created_at := coalesce(row.created_at, now());
  row.modified_at := coalesce(row.modified_at, row.created_at);
  row.completion_retention := coalesce(row.completion_retention, restate.default_retention());
  row.journal_retention := coalesce(row.journal_retention, restate.default_retention());
  row.random_seed := coalesce(row.random_seed, restate_random_seed());
  row.pause_requested := false;
  row.journal_size := 0;
  row.journal_commands_size := 0;
  IF row.status = 'completed' THEN
    row.completed_at := coalesce(row.completed_at, row.modified_at);
  END IF;

  IF entries IS NOT NULL THEN
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
            WHEN 'string' THEN restate.storable_json(j.e ->> 'entry_json')
            ELSE j.e -> 'entry_json' END) AS p;
    GET DIAGNOSTICS entry_count = ROW_COUNT;
    IF entry_count <> jsonb_array_length(entries) THEN
      PERFORM restate.not_written(format('the journal of invocation %s', row.id));
    END IF;
    WITH appended AS (
      SELECT a.index, a.entry_type, a.completion_id, a.result_completion_id, a.meta, a.payload
        FROM restate.journal AS a
        WHERE a.id = row.id AND a.partition_key = row.partition_key
    ), completion AS (
      SELECT w.completion_id, min(a.index) FILTER (WHERE restate.is_command(a.entry_type)) AS asked_at,
          min(a.index) FILTER (WHERE NOT restate.is_command(a.entry_type)) AS arrived_at,
          count(*) FILTER (WHERE NOT restate.is_command(a.entry_type)) AS arrivals
        FROM appended AS a
        CROSS JOIN LATERAL unnest(ARRAY[a.completion_id, a.result_completion_id]) AS w (completion_id)
        WHERE w.completion_id IS NOT NULL
        GROUP BY w.completion_id)
    SELECT count(*),
        count(*) FILTER (WHERE restate.is_command(a.entry_type)),
        (array_agg(a.payload ORDER BY a.index DESC)
          FILTER (WHERE a.entry_type = 'Command: Output' AND NOT a.meta ? 'result'))[1],
        (array_agg(format('entry %s says %s but is %s', a.index, j.e ->> 'entry_type', a.entry_type))
          FILTER (WHERE j.e ->> 'entry_type' <> a.entry_type::text))[1],
        (array_agg(format('has %s at index %s', a.entry_type, a.index) ORDER BY a.index)
          FILTER (WHERE (a.index = 0) <> (a.entry_type = 'Command: Input')))[1],
        -- A completion comes once, after the command that waits for it, and ends the wait.
        (SELECT CASE
              WHEN c.arrivals > 1 THEN format('brings completion %s more than once', c.completion_id)
              WHEN c.asked_at < c.arrived_at THEN format('has completion %s, for which the invocation is suspended', c.completion_id)
              ELSE format('brings completion %s, for which no command before it waits', c.completion_id)
            END
          FROM completion AS c
          WHERE c.arrivals > 1 OR c.arrived_at < coalesce(c.asked_at, c.arrived_at + 1)
            OR c.arrivals > 0 AND c.completion_id = ANY (row.suspended_waiting_for_completions)
          ORDER BY c.arrived_at LIMIT 1),
        coalesce(bool_or(a.entry_type IN ('Command: Call', 'Command: AttachInvocation')), false)
      INTO STRICT entry_count, command_count, output, wrong, broken, misplaced, waits
      FROM appended AS a
      JOIN jsonb_array_elements(entries) AS j (e) ON (j.e ->> 'index')::bigint = a.index;
    IF coalesce(wrong, broken) IS NOT NULL THEN
      PERFORM restate.refuse_body(format('the journal of invocation %s', row.id), coalesce(wrong, broken));
    END IF;
    IF misplaced IS NOT NULL THEN
      PERFORM restate.refuse_body(format('the journal of invocation %s %s', row.id, misplaced));
    END IF;
    row.journal_size := entry_count;
    row.journal_commands_size := command_count;
  END IF;
  IF row.completion_result = 'success' THEN
    row.completion_payload := output;
  END IF;

  -- it may run elsewhere, and others may wait for it already
  row.is_foreign := nullif(row.status <> 'completed', false);
  DELETE FROM restate.waiter AS w
    WHERE w.target = row.id AND w.partition_key = row.partition_key AND (row.status = 'completed' OR w.kind = 'call'
      AND NOT restate.may_be_called_by(w.caller, row.invoked_by_id, row.idempotency_key, row.target_handler_ty));
  row.has_waiters := nullif(EXISTS (SELECT FROM restate.waiter AS w
    WHERE w.target = row.id AND w.partition_key = row.partition_key), false);
  INSERT INTO restate.invocation SELECT (row).*;
  IF NOT FOUND THEN
    PERFORM restate.not_written(format('invocation %s', row.id));
  END IF;
  IF row.status = 'completed' THEN
    PERFORM restate.add_expiry(ARRAY[row.id]);
  ELSIF waits THEN
    PERFORM restate.add_waiters(ARRAY[row.id]);
  END IF;
  RETURN row.id;
EXCEPTION
  WHEN data_exception OR integrity_constraint_violation OR program_limit_exceeded THEN
    GET STACKED DIAGNOSTICS broken = MESSAGE_TEXT, table_name = TABLE_NAME,
      column_name = COLUMN_NAME, constraint_name = CONSTRAINT_NAME;
    -- A constraint of a user's own may have the name of a rule, not its words.
    wrong := (SELECT r.words FROM restate.rules() AS r
      WHERE r.relation = table_name AND r.rule = constraint_name AND r.words = broken);
    IF wrong IS NOT NULL THEN
      wrong := 'breaks a rule: ' || wrong;
    ELSIF constraint_name IN ('invocation_pkey', 'journal_pkey') THEN
      wrong := 'exists already';
    END IF;
    IF wrong IS NOT NULL THEN
      PERFORM restate.refuse_body(format('invocation %s %s', row.id, wrong));
    END IF;
    PERFORM restate.refuse_body(coalesce('invocation ' || row.id, 'the invocation') || CASE
        WHEN sqlstate LIKE '54%' THEN ' is more than can be stored'
        WHEN constraint_name <> '' THEN ' does not satisfy'
        WHEN column_name <> '' THEN ' has no'
        ELSE ' cannot be read' END,
      CASE WHEN sqlstate LIKE '54%' THEN broken
        ELSE coalesce(nullif(constraint_name, ''), nullif(column_name, ''), broken) END);
END
$function$;
REVOKE ALL ON FUNCTION restate_import_invocation(jsonb, jsonb) FROM PUBLIC;
COMMENT ON FUNCTION restate_import_invocation(jsonb, jsonb) IS
'Loads one invocation and returns its id. invocation: a row of sys_invocation or sys_invocation_status as JSON; keys it does not know are ignored. Needed: id, status, target_service_name, target_handler_name, target_service_ty, target_service_key for virtual objects and workflows, and what the status implies (completion_result, suspended_waiting_for_completions or suspended_waiting_for_signals). invoked becomes ready, inboxed becomes pending; retentions are intervals, ISO 8601 among them. target_handler_ty, if absent: of a virtual object what the handler is registered as, first on the pinned deployment, then in the latest revision that has it, and the import is refused where none has; of a workflow, workflow if the id is that of the run of its key, otherwise shared. A deployment that one in flight is pinned to must be registered. journal: an array of sys_journal rows as JSON, of which index, entry_type, entry_json (text or object) and appended_at are read; sizes and the success value are taken from it. An invocation in flight that comes without one gets the input alone, from the optional keys input_headers and input_payload (as in an Input entry); so does one that has not started, which has no journal unless it is a pending restart. An exclusive one that has started becomes the holder of its object key, a pending one goes to the end of its inbox, and needs a holder before it. Escapes in entry_json of what no text can hold are replaced, as restate.storable_json does. What restate_verify would report is refused. Errors: invalid_body (also if the id exists), invalid_invocation_id, invalid_deployment_id, triggered_action_exception if a trigger or policy suppresses a row; nothing is changed then.';

-- The same of text and of json, in which no escape has been refused yet.  They
-- read the text and call the above, as whoever calls them: EXECUTE on that one
-- is what it takes.

CREATE FUNCTION restate_import_invocation(invocation text, journal text DEFAULT NULL)
  RETURNS restate_invocation_id
  LANGUAGE sql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
  RETURN restate_import_invocation(restate.storable_json(invocation), restate.storable_json(journal));
COMMENT ON FUNCTION restate_import_invocation(text, text) IS
'The same of JSON as text, which literals without a type are, with a replacement for what no text can hold, as restate.storable_json makes. It takes EXECUTE on restate_import_invocation(jsonb, jsonb). Errors: as of that; invalid_body for what is no JSON.';

CREATE FUNCTION restate_import_invocation(invocation json, journal json DEFAULT NULL)
  RETURNS restate_invocation_id
  LANGUAGE sql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
  RETURN restate_import_invocation(restate.storable_json(invocation::text), restate.storable_json(journal::text));
COMMENT ON FUNCTION restate_import_invocation(json, json) IS
'The same of json, with a replacement for what no text can hold, as restate.storable_json makes. It takes EXECUTE on restate_import_invocation(jsonb, jsonb). Errors: as of that.';

CREATE FUNCTION restate_import_invocation(invocation jsonb, journal text)
  RETURNS restate_invocation_id
  LANGUAGE sql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
  RETURN restate_import_invocation(invocation, restate.storable_json(journal));
COMMENT ON FUNCTION restate_import_invocation(jsonb, text) IS
'The same with the journal as text, which a literal without a type is. It takes EXECUTE on restate_import_invocation(jsonb, jsonb). Errors: as of that; invalid_body for what is no JSON.';

CREATE FUNCTION restate_import_invocation(invocation text, journal jsonb)
  RETURNS restate_invocation_id
  LANGUAGE sql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
  RETURN restate_import_invocation(restate.storable_json(invocation), journal);
COMMENT ON FUNCTION restate_import_invocation(text, jsonb) IS
'The same with the invocation as text, which a literal without a type is. It takes EXECUTE on restate_import_invocation(jsonb, jsonb). Errors: as of that; invalid_body for what is no JSON.';
