-- Journal entries: their JSON, taken apart for restate.journal and put
-- together again for the views.  Which part of an entry goes where is one
-- table, in the C sources.
--
-- What reads that table is STABLE, not IMMUTABLE: the values of
-- restate.entry_type are looked up in the catalog, as enum input and output do.
-- None of these reads a table of the database's.
--
-- jsonb refuses the escapes of characters that no text can hold, and a literal
-- that is to be jsonb is refused before any function sees it.  So what takes
-- JSON from outside takes it as text too, which is what the server makes of a
-- literal where both fit.

CREATE FUNCTION restate.is_command(entry_type restate.entry_type) RETURNS boolean
  LANGUAGE SQL IMMUTABLE STRICT PARALLEL SAFE
  RETURN entry_type < 'Notification: Run';
COMMENT ON FUNCTION restate.is_command(restate.entry_type) IS
'Whether entries of the type are commands, which a handler issues, and not notifications, which it receives. The planner puts the comparison in place of the call. Null: null.';

CREATE FUNCTION restate.index_max() RETURNS bigint
  LANGUAGE C IMMUTABLE PARALLEL SAFE
  AS 'MODULE_PATHNAME', 'restate_index_max';
COMMENT ON FUNCTION restate.index_max() IS
'The largest index of a journal entry, a completion or a signal.';

CREATE FUNCTION restate.storable_json(document text) RETURNS jsonb
  LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 20
  AS 'MODULE_PATHNAME', 'restate_storable_json_function';
COMMENT ON FUNCTION restate.storable_json(text) IS
'The JSON as jsonb, with U+FFFD in place of each escape of a character that no text can hold: \u0000, and a surrogate without its other half, in values and in keys. Where the database''s encoding is not UTF8, what that encoding lacks is replaced too, all by a question mark. document: the JSON. Null: null. Error: invalid_body for what is no JSON, or is more than jsonb holds.';

CREATE FUNCTION restate.parse_entry(
  entry_json jsonb,
  OUT entry_type restate.entry_type,
  OUT name text,
  OUT completion_id bigint,
  OUT result_completion_id bigint,
  OUT invoked_id restate_invocation_id,
  OUT signal_index bigint,
  OUT signal_name text,
  OUT meta jsonb,
  OUT payload bytea)
  LANGUAGE C STABLE STRICT PARALLEL SAFE COST 20
  AS 'MODULE_PATHNAME', 'restate_parse_entry';
COMMENT ON FUNCTION restate.parse_entry(jsonb) IS
'Takes a journal entry''s JSON apart into the columns of restate.journal. The entry is {"Command":{KIND:{...}}}, {"Notification":{"Completion":{KIND:{...}}}} or {"Notification":{"Signal":{...}}}, with the fields of Restate''s entry_json; bytes are arrays of whole numbers from 0 to 255. meta is the fields without the bytes and without what has a column: a Success leaves nothing there, Void and Failure stay, as do fields of unknown name. Errors: invalid_body, invalid_invocation_id for a malformed id in it.';

CREATE FUNCTION restate.parse_entry(
  entry_json text,
  OUT entry_type restate.entry_type,
  OUT name text,
  OUT completion_id bigint,
  OUT result_completion_id bigint,
  OUT invoked_id restate_invocation_id,
  OUT signal_index bigint,
  OUT signal_name text,
  OUT meta jsonb,
  OUT payload bytea)
  LANGUAGE C STABLE STRICT PARALLEL SAFE COST 20
  AS 'MODULE_PATHNAME', 'restate_parse_entry_text';
COMMENT ON FUNCTION restate.parse_entry(text) IS
'The same of an entry''s JSON as text, which a literal without a type is: with a replacement for what no text can hold, as restate.storable_json makes. Errors: invalid_body, invalid_invocation_id for a malformed id in it.';

CREATE FUNCTION restate.parse_entry(
  entry_json json,
  OUT entry_type restate.entry_type,
  OUT name text,
  OUT completion_id bigint,
  OUT result_completion_id bigint,
  OUT invoked_id restate_invocation_id,
  OUT signal_index bigint,
  OUT signal_name text,
  OUT meta jsonb,
  OUT payload bytea)
  LANGUAGE C STABLE STRICT PARALLEL SAFE COST 20
  AS 'MODULE_PATHNAME', 'restate_parse_entry_text';
COMMENT ON FUNCTION restate.parse_entry(json) IS
'The same of an entry''s JSON as json, whose escapes the server has not read: with a replacement for what no text can hold, as restate.storable_json makes. Errors: invalid_body, invalid_invocation_id for a malformed id in it.';

CREATE FUNCTION restate.entry_json(
  entry_type restate.entry_type,
  name text,
  completion_id bigint,
  result_completion_id bigint,
  invoked_id restate_invocation_id,
  signal_index bigint,
  signal_name text,
  meta jsonb,
  payload bytea)
  RETURNS text
  LANGUAGE C STABLE CALLED ON NULL INPUT PARALLEL SAFE COST 100
  AS 'MODULE_PATHNAME', 'restate_entry_json';
COMMENT ON FUNCTION restate.entry_json(restate.entry_type, text, bigint, bigint, restate_invocation_id, bigint, text, jsonb, bytea) IS
'Puts a journal entry''s JSON together from the columns of restate.journal: the inverse of restate.parse_entry. What is null is left out; null without an entry type.';

CREATE FUNCTION restate.entry_lite_json(
  entry_type restate.entry_type,
  name text,
  completion_id bigint,
  result_completion_id bigint,
  invoked_id restate_invocation_id,
  signal_index bigint,
  signal_name text,
  meta jsonb)
  RETURNS text
  LANGUAGE C STABLE CALLED ON NULL INPUT PARALLEL SAFE COST 20
  AS 'MODULE_PATHNAME', 'restate_entry_lite_json';
COMMENT ON FUNCTION restate.entry_lite_json(restate.entry_type, text, bigint, bigint, restate_invocation_id, bigint, text, jsonb) IS
'A journal entry''s JSON without bytes, headers and other detail: ids, keys, times, targets, and of a result the name of its variant. Reads no payload. Null without an entry type.';

CREATE FUNCTION restate.entry_ids_fit(
  entry_type restate.entry_type,
  completion_id bigint,
  result_completion_id bigint,
  invoked_id restate_invocation_id)
  RETURNS boolean
  LANGUAGE C STABLE CALLED ON NULL INPUT PARALLEL SAFE
  AS 'MODULE_PATHNAME', 'restate_entry_ids_fit';
COMMENT ON FUNCTION restate.entry_ids_fit(restate.entry_type, bigint, bigint, restate_invocation_id) IS
'Whether an entry of the type has exactly those of the ids that are not null. The arguments: the columns of restate.journal. Null without an entry type.';

CREATE FUNCTION restate.invoked_target(entry_type restate.entry_type, meta jsonb)
  RETURNS text
  LANGUAGE SQL IMMUTABLE CALLED ON NULL INPUT PARALLEL SAFE
  RETURN CASE WHEN entry_type IN ('Command: Call', 'Command: OneWayCall') THEN
    coalesce(
      (meta #>> '{request,invocation_target,Service,name}') || '/'
        || (meta #>> '{request,invocation_target,Service,handler}'),
      (meta #>> '{request,invocation_target,VirtualObject,name}') || '/'
        || (meta #>> '{request,invocation_target,VirtualObject,key}') || '/'
        || (meta #>> '{request,invocation_target,VirtualObject,handler}'),
      (meta #>> '{request,invocation_target,Workflow,name}') || '/'
        || (meta #>> '{request,invocation_target,Workflow,key}') || '/'
        || (meta #>> '{request,invocation_target,Workflow,handler}'))
  END;
COMMENT ON FUNCTION restate.invoked_target(restate.entry_type, jsonb) IS
'The target of a Call or OneWayCall, from the entry''s meta: service/handler, or service/key/handler. Null for other entries.';

CREATE FUNCTION restate.sleep_wakeup_at(entry_type restate.entry_type, meta jsonb)
  RETURNS timestamptz
  LANGUAGE SQL IMMUTABLE CALLED ON NULL INPUT PARALLEL SAFE
  RETURN CASE
    WHEN entry_type <> 'Command: Sleep' OR jsonb_typeof(meta -> 'wake_up_time') <> 'number' THEN NULL
    -- the last second that a timestamp can hold
    WHEN (meta ->> 'wake_up_time')::numeric > 9224318015999000 THEN 'infinity'::timestamptz
    ELSE to_timestamp((meta ->> 'wake_up_time')::double precision / 1000)
  END;
COMMENT ON FUNCTION restate.sleep_wakeup_at(restate.entry_type, jsonb) IS
'When a Sleep ends, from the entry''s meta; infinity beyond what a timestamp can hold. Null for other entries.';

CREATE FUNCTION restate.promise_name(entry_type restate.entry_type, meta jsonb)
  RETURNS text
  LANGUAGE SQL IMMUTABLE CALLED ON NULL INPUT PARALLEL SAFE
  RETURN CASE WHEN entry_type IN ('Command: GetPromise', 'Command: PeekPromise', 'Command: CompletePromise')
    THEN meta ->> 'key' END;
COMMENT ON FUNCTION restate.promise_name(restate.entry_type, jsonb) IS
'The promise that a command is about, from the entry''s meta. Null for other entries.';

CREATE FUNCTION restate.refuse_body(message text, quoted text DEFAULT NULL)
  RETURNS void
  LANGUAGE C VOLATILE CALLED ON NULL INPUT PARALLEL SAFE
  AS 'MODULE_PATHNAME', 'restate_refuse_body';
COMMENT ON FUNCTION restate.refuse_body(text, text) IS
'Raises the error invalid_body with a message, and after it a text that is quoted and escaped. Returns never.';
