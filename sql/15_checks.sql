-- The rules that a row of a table holds by itself: one function a table, because
-- the server reads a table's CHECK constraints back from text in each statement
-- that writes, and reads one call faster than what it stands for.  A function is
-- handed the columns that the rules are about, one by one, and names the rule that
-- the row breaks; nothing but its arguments decides, so that a restore can load
-- the tables in any order.

CREATE FUNCTION restate.rules(OUT relation text, OUT rule text, OUT words text) RETURNS SETOF record
  LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE ROWS 36
  AS 'MODULE_PATHNAME', 'restate_rules';
COMMENT ON FUNCTION restate.rules() IS
'The rules that a row of a table holds by itself. relation: the table in schema restate. rule: the name, which is the constraint name of the error. words: what is demanded, which is the message of the error.';

CREATE FUNCTION restate.check_deployment(
    ty text, min_service_protocol_version integer, max_service_protocol_version integer)
  RETURNS boolean
  LANGUAGE C IMMUTABLE CALLED ON NULL INPUT PARALLEL SAFE
  AS 'MODULE_PATHNAME', 'restate_check_deployment';
COMMENT ON FUNCTION restate.check_deployment(text, integer, integer) IS
'True for a row of restate.deployment that keeps its rules, which restate.rules lists. For another: check_violation with the words and the name of the first, by name, that it breaks.';

CREATE FUNCTION restate.check_service_revision(
    service_name text, revision bigint, ty text, handlers jsonb, settings jsonb)
  RETURNS boolean
  LANGUAGE C IMMUTABLE CALLED ON NULL INPUT PARALLEL SAFE
  AS 'MODULE_PATHNAME', 'restate_check_service_revision';
COMMENT ON FUNCTION restate.check_service_revision(text, bigint, text, jsonb, jsonb) IS
'True for a row of restate.service_revision that keeps its rules, which restate.rules lists. For another: check_violation with the words and the name of the first, by name, that it breaks.';

CREATE FUNCTION restate.check_invocation(
    id restate_invocation_id, partition_key bigint, status text, target_service_key text,
    target_service_ty text, target_handler_ty text, invoked_by text,
    restarted_from restate_invocation_id, request_id text, pinned_deployment_id restate_deployment_id,
    pinned_service_protocol_version integer, journal_size bigint, journal_commands_size bigint,
    completion_retention interval, journal_retention interval,
    suspended_waiting_for_completions bigint[], suspended_waiting_for_signals bigint[],
    inbox_sequence_number bigint, retry_count bigint, completion_result text,
    completion_failure text, input_headers jsonb, idempotency_key text,
    completed_at timestamptz)
  RETURNS boolean
  LANGUAGE C IMMUTABLE CALLED ON NULL INPUT PARALLEL SAFE
  AS 'MODULE_PATHNAME', 'restate_check_invocation';
COMMENT ON FUNCTION restate.check_invocation(restate_invocation_id, bigint, text, text, text, text, text, restate_invocation_id, text, restate_deployment_id, integer, bigint, bigint, interval, interval, bigint[], bigint[], bigint, bigint, text, text, jsonb, text, timestamptz) IS
'True for a row of restate.invocation that keeps its rules, which restate.rules lists. For another: check_violation with the words and the name of the first, by name, that it breaks.';

CREATE FUNCTION restate.check_journal(
    id restate_invocation_id, partition_key bigint, index bigint, completion_id bigint,
    result_completion_id bigint, signal_index bigint, meta jsonb)
  RETURNS boolean
  LANGUAGE C IMMUTABLE CALLED ON NULL INPUT PARALLEL SAFE
  AS 'MODULE_PATHNAME', 'restate_check_journal';
COMMENT ON FUNCTION restate.check_journal(restate_invocation_id, bigint, bigint, bigint, bigint, bigint, jsonb) IS
'True for a row of restate.journal that keeps its rules, which restate.rules lists. For another: check_violation with the words and the name of the first, by name, that it breaks.';

CREATE FUNCTION restate.check_journal_event(
    id restate_invocation_id, partition_key bigint, event_index bigint,
    after_journal_entry_index bigint, event_json jsonb)
  RETURNS boolean
  LANGUAGE C IMMUTABLE CALLED ON NULL INPUT PARALLEL SAFE
  AS 'MODULE_PATHNAME', 'restate_check_journal_event';
COMMENT ON FUNCTION restate.check_journal_event(restate_invocation_id, bigint, bigint, bigint, jsonb) IS
'True for a row of restate.journal_event that keeps its rules, which restate.rules lists. For another: check_violation with the words and the name of the first, by name, that it breaks.';

CREATE FUNCTION restate.check_object_key(service_key text, partition_key bigint) RETURNS boolean
  LANGUAGE C IMMUTABLE CALLED ON NULL INPUT PARALLEL SAFE
  AS 'MODULE_PATHNAME', 'restate_check_object_key';
COMMENT ON FUNCTION restate.check_object_key(text, bigint) IS
'True for a row of restate.object_key that keeps its rules, which restate.rules lists. For another: check_violation with the words and the name of the first, by name, that it breaks.';

CREATE FUNCTION restate.check_object_state(service_key text, partition_key bigint, key text) RETURNS boolean
  LANGUAGE C IMMUTABLE CALLED ON NULL INPUT PARALLEL SAFE
  AS 'MODULE_PATHNAME', 'restate_check_object_state';
COMMENT ON FUNCTION restate.check_object_state(text, bigint, text) IS
'True for a row of restate.object_state that keeps its rules, which restate.rules lists. For another: check_violation with the words and the name of the first, by name, that it breaks.';

CREATE FUNCTION restate.check_promise(
    service_key text, partition_key bigint, completed boolean,
    completion_success_value bytea, completion_failure text, key text)
  RETURNS boolean
  LANGUAGE C IMMUTABLE CALLED ON NULL INPUT PARALLEL SAFE
  AS 'MODULE_PATHNAME', 'restate_check_promise';
COMMENT ON FUNCTION restate.check_promise(text, bigint, boolean, bytea, text, text) IS
'True for a row of restate.promise that keeps its rules, which restate.rules lists. For another: check_violation with the words and the name of the first, by name, that it breaks.';

CREATE FUNCTION restate.check_audit(partition_key bigint, id restate_invocation_id, parameters jsonb)
  RETURNS boolean
  LANGUAGE C IMMUTABLE CALLED ON NULL INPUT PARALLEL SAFE
  AS 'MODULE_PATHNAME', 'restate_check_audit';
COMMENT ON FUNCTION restate.check_audit(bigint, restate_invocation_id, jsonb) IS
'True for a row of restate.audit that keeps its rules, which restate.rules lists. For another: check_violation with the words and the name of the first, by name, that it breaks.';
