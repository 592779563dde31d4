\echo Use "ALTER EXTENSION restate_admin UPDATE TO '0.2.0'" to load this file. \quit
SET LOCAL search_path TO pg_catalog, pg_temp;

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
