-- The rules that a row of a table holds by itself: one function a rule, because
-- the server reads a table's CHECK constraints back from text in each INSERT and
-- UPDATE, and a call reads faster than what it stands for.  The words for the one
-- who breaks a rule are the constraint's comment (25_rules.sql), which the
-- function raises.

CREATE FUNCTION restate.check_status(
    status text, inbox_sequence_number bigint,
    suspended_waiting_for_completions bigint[], suspended_waiting_for_signals bigint[])
  RETURNS boolean
  LANGUAGE C IMMUTABLE CALLED ON NULL INPUT PARALLEL SAFE
  AS 'MODULE_PATHNAME', 'restate_check_status';
COMMENT ON FUNCTION restate.check_status(text, bigint, bigint[], bigint[]) IS
'Whether the status is one, with a place in the inbox exactly if it is pending, and with what it waits for only if it is suspended. If not: check_violation, with the comment of the constraint, or false where that has none.';

CREATE FUNCTION restate.check_completion(status text, completion_result text, completion_failure text)
  RETURNS boolean
  LANGUAGE C IMMUTABLE CALLED ON NULL INPUT PARALLEL SAFE
  AS 'MODULE_PATHNAME', 'restate_check_completion';
COMMENT ON FUNCTION restate.check_completion(text, text, text) IS
'Whether there is a result, success or failure, exactly if the status is completed, and a failure exactly with that result. If not: check_violation, with the comment of the constraint, or false where that has none.';

CREATE FUNCTION restate.check_target(target_service_ty text, target_service_key text, target_handler_ty text)
  RETURNS boolean
  LANGUAGE C IMMUTABLE CALLED ON NULL INPUT PARALLEL SAFE
  AS 'MODULE_PATHNAME', 'restate_check_target';
COMMENT ON FUNCTION restate.check_target(text, text, text) IS
'Whether the kind of service is one, and key and kind of handler are there exactly if it has them: exclusive or shared for a virtual object, workflow or shared for a workflow. If not: check_violation, with the comment of the constraint, or false where that has none.';

CREATE FUNCTION restate.check_invoked_by(invoked_by text, restarted_from restate_invocation_id, request_id text)
  RETURNS boolean
  LANGUAGE C IMMUTABLE CALLED ON NULL INPUT PARALLEL SAFE
  AS 'MODULE_PATHNAME', 'restate_check_invoked_by';
COMMENT ON FUNCTION restate.check_invoked_by(text, restate_invocation_id, text) IS
'Whether the origin is ingress, service, subscription or restart_as_new, with an original exactly for the last, and a request id at most there. If not: check_violation, with the comment of the constraint, or false where that has none.';

CREATE FUNCTION restate.check_pinned(
    pinned_deployment_id restate_deployment_id, pinned_service_protocol_version integer)
  RETURNS boolean
  LANGUAGE C IMMUTABLE CALLED ON NULL INPUT PARALLEL SAFE
  AS 'MODULE_PATHNAME', 'restate_check_pinned';
COMMENT ON FUNCTION restate.check_pinned(restate_deployment_id, integer) IS
'Whether a deployment and a protocol version, 1 or more, are both there or neither. If not: check_violation, with the comment of the constraint, or false where that has none.';

CREATE FUNCTION restate.check_journal_size(journal_size bigint, journal_commands_size bigint)
  RETURNS boolean
  LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE
  AS 'MODULE_PATHNAME', 'restate_check_journal_size';
COMMENT ON FUNCTION restate.check_journal_size(bigint, bigint) IS
'Whether a journal can have so many entries, up to 4294967296, and so many of them be commands. If not: check_violation, with the comment of the constraint, or false where that has none. Null: null.';

CREATE FUNCTION restate.check_retention(completion_retention interval, journal_retention interval)
  RETURNS boolean
  LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE
  AS 'MODULE_PATHNAME', 'restate_check_retention';
COMMENT ON FUNCTION restate.check_retention(interval, interval) IS
'Whether neither retention is negative. If not: check_violation, with the comment of the constraint, or false where that has none. Null: null.';

CREATE FUNCTION restate.check_entry_numbers(
    index bigint, completion_id bigint, result_completion_id bigint, signal_index bigint)
  RETURNS boolean
  LANGUAGE C IMMUTABLE CALLED ON NULL INPUT PARALLEL SAFE
  AS 'MODULE_PATHNAME', 'restate_check_entry_numbers';
COMMENT ON FUNCTION restate.check_entry_numbers(bigint, bigint, bigint, bigint) IS
'Whether each is null or from 0 to 4294967295. If not: check_violation, with the comment of the constraint, or false where that has none.';

CREATE FUNCTION restate.check_json_object(value jsonb) RETURNS boolean
  LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE
  AS 'MODULE_PATHNAME', 'restate_check_json_object';
COMMENT ON FUNCTION restate.check_json_object(jsonb) IS
'Whether it is a JSON object; reads only the start of a long one. If not: check_violation, with the comment of the constraint, or false where that has none. Null: null.';

CREATE FUNCTION restate.check_json_array(value jsonb) RETURNS boolean
  LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE
  AS 'MODULE_PATHNAME', 'restate_check_json_array';
COMMENT ON FUNCTION restate.check_json_array(jsonb) IS
'Whether it is a JSON array; reads only the start of a long one. If not: check_violation, with the comment of the constraint, or false where that has none. Null: null.';
