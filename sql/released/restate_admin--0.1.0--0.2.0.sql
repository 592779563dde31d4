\echo Use "ALTER EXTENSION restate_admin UPDATE TO '0.2.0'" to load this file. \quit
SET LOCAL search_path TO pg_catalog, pg_temp;

-- Where Citus has distributed the tables they are taken back first: it hands on a change
-- of a distributed table with all of a script around it.
DO $do$
DECLARE
  tables regclass[];
  known record;
  trigger name;
BEGIN
  IF to_regclass('pg_catalog.pg_dist_partition') IS NULL THEN
    RETURN;
  END IF;
  tables := ARRAY(
    SELECT p.logicalrelid
    FROM pg_catalog.pg_dist_partition AS p
    JOIN pg_depend AS d ON d.classid = 'pg_class'::regclass AND d.objid = p.logicalrelid AND d.deptype = 'e'
    JOIN pg_extension AS e ON d.refclassid = 'pg_extension'::regclass AND e.oid = d.refobjid AND e.extname = 'restate_admin'
    ORDER BY p.logicalrelid::text);
  IF tables = '{}' THEN
    RETURN;
  END IF;
  -- on every node, before any is read
  EXECUTE format('LOCK TABLE %s IN ACCESS EXCLUSIVE MODE', array_to_string(tables, ', '));
  -- what is read over several connections to a node cannot be dropped over one of them
  PERFORM set_config('citus.multi_shard_modify_mode', 'sequential', true);
  FOR known IN
    SELECT c.oid, c.oid::regclass::text AS name, s.nspname::text AS schema, c.relname::text AS relation, (
      SELECT string_agg(quote_ident(a.attname), ', ' ORDER BY a.attnum)
      FROM pg_attribute AS a WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped AND a.attgenerated = '') AS columns
    FROM unnest(tables) WITH ORDINALITY AS t (oid, place)
    JOIN pg_class AS c ON c.oid = t.oid
    JOIN pg_namespace AS s ON s.oid = c.relnamespace
    ORDER BY t.place
  LOOP
    EXECUTE format('CREATE TEMPORARY TABLE gathered_rows AS SELECT %s FROM %s', known.columns, known.name);
    -- as when the table is dropped, which itself stays, on every node
    PERFORM pg_catalog.master_remove_distributed_table_metadata_from_workers(known.oid, known.schema, known.relation);
    PERFORM pg_catalog.citus_drop_all_shards(known.oid, known.schema, known.relation);
    PERFORM pg_catalog.master_remove_partition_metadata(known.oid, known.schema, known.relation);
    FOR trigger IN
      SELECT t.tgname FROM pg_trigger AS t WHERE t.tgrelid = known.oid AND t.tgfoid = 'pg_catalog.citus_truncate_trigger()'::regprocedure
    LOOP
      EXECUTE format('DROP TRIGGER %I ON %s', trigger, known.name);
    END LOOP;
    -- what create_distributed_table() has copied to the shards may have been left here
    EXECUTE format('TRUNCATE %s', known.name);
    EXECUTE format('INSERT INTO %1$s (%2$s) OVERRIDING SYSTEM VALUE SELECT %2$s FROM pg_temp.gathered_rows', known.name, known.columns);
    DROP TABLE pg_temp.gathered_rows;
  END LOOP;
  RAISE WARNING 'the tables were distributed over nodes, and are on this one now';
END
$do$;

-- The rules that rows hold by themselves become functions.

CREATE FUNCTION restate.check_status(
    status text, inbox_sequence_number bigint,
    suspended_waiting_for_completions bigint[], suspended_waiting_for_signals bigint[])
  RETURNS boolean
  LANGUAGE C IMMUTABLE CALLED ON NULL INPUT PARALLEL SAFE
  AS 'MODULE_PATHNAME', 'restate_check_status';
COMMENT ON FUNCTION restate.check_status(text, bigint, bigint[], bigint[]) IS
'Whether the status is one, with a place in the inbox exactly if it is pending, and with what it waits for only if it is suspended.';

CREATE FUNCTION restate.check_completion(status text, completion_result text, completion_failure text)
  RETURNS boolean
  LANGUAGE C IMMUTABLE CALLED ON NULL INPUT PARALLEL SAFE
  AS 'MODULE_PATHNAME', 'restate_check_completion';
COMMENT ON FUNCTION restate.check_completion(text, text, text) IS
'Whether there is a result, success or failure, exactly if the status is completed, and a failure exactly with that result.';

CREATE FUNCTION restate.check_target(target_service_ty text, target_service_key text, target_handler_ty text)
  RETURNS boolean
  LANGUAGE C IMMUTABLE CALLED ON NULL INPUT PARALLEL SAFE
  AS 'MODULE_PATHNAME', 'restate_check_target';
COMMENT ON FUNCTION restate.check_target(text, text, text) IS
'Whether the kind of service is one, and key and kind of handler are there exactly if it has them: exclusive or shared for a virtual object, workflow or shared for a workflow.';

CREATE FUNCTION restate.check_invoked_by(invoked_by text, restarted_from restate_invocation_id, request_id text)
  RETURNS boolean
  LANGUAGE C IMMUTABLE CALLED ON NULL INPUT PARALLEL SAFE
  AS 'MODULE_PATHNAME', 'restate_check_invoked_by';
COMMENT ON FUNCTION restate.check_invoked_by(text, restate_invocation_id, text) IS
'Whether the origin is ingress, service, subscription or restart_as_new, with an original exactly for the last, and a request id at most there.';

CREATE FUNCTION restate.check_pinned(
    pinned_deployment_id restate_deployment_id, pinned_service_protocol_version integer)
  RETURNS boolean
  LANGUAGE C IMMUTABLE CALLED ON NULL INPUT PARALLEL SAFE
  AS 'MODULE_PATHNAME', 'restate_check_pinned';
COMMENT ON FUNCTION restate.check_pinned(restate_deployment_id, integer) IS
'Whether a deployment and a protocol version, 1 or more, are both there or neither.';

CREATE FUNCTION restate.check_journal_size(journal_size bigint, journal_commands_size bigint)
  RETURNS boolean
  LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE
  AS 'MODULE_PATHNAME', 'restate_check_journal_size';
COMMENT ON FUNCTION restate.check_journal_size(bigint, bigint) IS
'Whether a journal can have so many entries, up to 4294967296, and so many of them be commands. Null: null.';

CREATE FUNCTION restate.check_retention(completion_retention interval, journal_retention interval)
  RETURNS boolean
  LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE
  AS 'MODULE_PATHNAME', 'restate_check_retention';
COMMENT ON FUNCTION restate.check_retention(interval, interval) IS
'Whether neither retention is negative. Null: null.';

CREATE FUNCTION restate.check_entry_numbers(
    index bigint, completion_id bigint, result_completion_id bigint, signal_index bigint)
  RETURNS boolean
  LANGUAGE C IMMUTABLE CALLED ON NULL INPUT PARALLEL SAFE
  AS 'MODULE_PATHNAME', 'restate_check_entry_numbers';
COMMENT ON FUNCTION restate.check_entry_numbers(bigint, bigint, bigint, bigint) IS
'Whether each is null or from 0 to 4294967295.';

CREATE FUNCTION restate.check_json_object(value jsonb) RETURNS boolean
  LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE
  AS 'MODULE_PATHNAME', 'restate_check_json_object';
COMMENT ON FUNCTION restate.check_json_object(jsonb) IS
'Whether it is a JSON object; reads only the start of a long one. Null: null.';

CREATE FUNCTION restate.check_json_array(value jsonb) RETURNS boolean
  LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE
  AS 'MODULE_PATHNAME', 'restate_check_json_array';
COMMENT ON FUNCTION restate.check_json_array(jsonb) IS
'Whether it is a JSON array; reads only the start of a long one. Null: null.';

ALTER TABLE restate.invocation
  DROP CONSTRAINT invocation_status_check,
  DROP CONSTRAINT invocation_inbox_check,
  DROP CONSTRAINT invocation_suspended_check,
  DROP CONSTRAINT invocation_completion_check,
  DROP CONSTRAINT invocation_completion_result_check,
  DROP CONSTRAINT invocation_target_check,
  DROP CONSTRAINT invocation_invoked_by_check,
  DROP CONSTRAINT invocation_restarted_check,
  DROP CONSTRAINT invocation_pinned_check,
  DROP CONSTRAINT invocation_pinned_service_protocol_version_check,
  DROP CONSTRAINT invocation_journal_check,
  DROP CONSTRAINT invocation_journal_size_check,
  DROP CONSTRAINT invocation_completion_retention_check,
  DROP CONSTRAINT invocation_journal_retention_check,
  DROP CONSTRAINT invocation_input_headers_check,
  ADD CONSTRAINT invocation_status_check CHECK (restate.check_status(status, inbox_sequence_number,
    suspended_waiting_for_completions, suspended_waiting_for_signals)),
  ADD CONSTRAINT invocation_completion_check CHECK (
    restate.check_completion(status, completion_result, completion_failure)),
  ADD CONSTRAINT invocation_target_check CHECK (
    restate.check_target(target_service_ty, target_service_key, target_handler_ty)),
  ADD CONSTRAINT invocation_invoked_by_check CHECK (
    restate.check_invoked_by(invoked_by, restarted_from, request_id)),
  ADD CONSTRAINT invocation_pinned_check CHECK (
    restate.check_pinned(pinned_deployment_id, pinned_service_protocol_version)),
  ADD CONSTRAINT invocation_journal_check CHECK (
    restate.check_journal_size(journal_size, journal_commands_size)),
  ADD CONSTRAINT invocation_retention_check CHECK (
    restate.check_retention(completion_retention, journal_retention)),
  ADD CONSTRAINT invocation_input_headers_check CHECK (restate.check_json_array(input_headers));

ALTER TABLE restate.journal
  DROP CONSTRAINT journal_index_check,
  DROP CONSTRAINT journal_completion_id_check,
  DROP CONSTRAINT journal_result_completion_id_check,
  DROP CONSTRAINT journal_signal_index_check,
  DROP CONSTRAINT journal_meta_check,
  ADD CONSTRAINT journal_numbers_check CHECK (
    restate.check_entry_numbers(index, completion_id, result_completion_id, signal_index)),
  ADD CONSTRAINT journal_meta_check CHECK (restate.check_json_object(meta));

ALTER TABLE restate.audit
  DROP CONSTRAINT audit_parameters_check,
  ADD CONSTRAINT audit_parameters_check CHECK (restate.check_json_object(parameters));

-- pg_upgrade could not create it with a parsed body, before the operator
-- classes that this groups by.
CREATE OR REPLACE FUNCTION restate_verify()
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
  WHERE i.restarted_from IS NOT NULL AND restate_partition_key(i.restarted_from) <> i.partition_key
  UNION ALL
  SELECT 'key_moved', i.id, 'its partition key is not that of its service key'
  FROM restate.invocation i
  WHERE i.target_service_key IS NOT NULL
    AND i.partition_key <> restate_partition_key(i.target_service_key)
  UNION ALL
  SELECT 'revision_without_deployment', NULL, format('revision %s of %s is on %s, which is not registered',
    s.revision, s.service_name, s.deployment_id)
  FROM restate.service_revision s
  LEFT JOIN restate.deployment d ON d.id = s.deployment_id
  WHERE d.id IS NULL
$function$;

-- What operations read of an invocation and of the deployment asked for, as
-- one value for the library alone.
CREATE FUNCTION restate.facts(
    status text, target_service_name text, target_service_key text, target_service_ty text,
    target_handler_ty text, journal_size bigint, journal_commands_size bigint, pause_requested boolean,
    pinned_deployment_id restate_deployment_id, pinned_service_protocol_version integer,
    completion_retention interval, journal_retention interval, awaits_cancel boolean,
    inbox_sequence_number bigint, invoked_by_id restate_invocation_id,
    deployment_id restate_deployment_id, min_service_protocol_version integer, max_service_protocol_version integer)
  RETURNS bytea
  LANGUAGE C IMMUTABLE CALLED ON NULL INPUT PARALLEL SAFE
  AS 'MODULE_PATHNAME', 'restate_facts';
COMMENT ON FUNCTION restate.facts(text, text, text, text, text, bigint, bigint, boolean, restate_deployment_id,
  integer, interval, interval, boolean, bigint, restate_invocation_id, restate_deployment_id, integer, integer) IS
'The facts that operations decide on, in the form of the library''s memory: for the library''s own statements.';
