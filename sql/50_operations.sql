-- The operations: one row of Restate's Admin API each, on one invocation and
-- on many.  They run with the owner's rights, so that EXECUTE on one is all
-- that an operator needs, and under a search path of their own.

-- What operations read of an invocation and of the deployment asked for, as
-- one value for the library alone.
CREATE FUNCTION restate.facts(
    status text, target_service_name text, target_service_key text, target_service_ty text,
    target_handler_ty text, journal_size bigint, journal_commands_size bigint, pause_requested boolean,
    pinned_deployment_id restate_deployment_id, pinned_service_protocol_version integer,
    completion_retention interval, journal_retention interval, awaits_cancel boolean,
    inbox_sequence_number bigint, invoked_by_id restate_invocation_id,
    deployment_id restate_deployment_id, min_service_protocol_version integer, max_service_protocol_version integer,
    modified_at timestamptz, scheduled_start_at timestamptz, next_retry_at timestamptz, retained_from timestamptz,
    last_start_at timestamptz, last_entry_at timestamptz, attempt bigint, retry_count bigint,
    entry_retry_count bigint, has_waiters boolean, is_foreign boolean, random_seed bigint,
    asked_completion_id bigint, awaited_by text[], worker_name text)
  RETURNS bytea
  LANGUAGE C IMMUTABLE CALLED ON NULL INPUT PARALLEL SAFE
  AS 'MODULE_PATHNAME', 'restate_facts';
COMMENT ON FUNCTION restate.facts(text, text, text, text, text, bigint, bigint, boolean, restate_deployment_id,
  integer, interval, interval, boolean, bigint, restate_invocation_id, restate_deployment_id, integer, integer,
  timestamptz, timestamptz, timestamptz, timestamptz, timestamptz, timestamptz, bigint, bigint, bigint, boolean, boolean, bigint, bigint,
  text[], text) IS
'The facts that operations decide on, in the form of the library''s memory: for the library''s own statements.';

CREATE FUNCTION restate.was_written(statement text, as_asked boolean) RETURNS boolean
  LANGUAGE C IMMUTABLE CALLED ON NULL INPUT PARALLEL SAFE
  AS 'MODULE_PATHNAME', 'restate_was_written';
COMMENT ON FUNCTION restate.was_written(text, boolean) IS
'Returns true, or raises triggered_action_exception, 09000, where a row that a statement wrote is not as it was asked for: for the library''s own statements.';

CREATE FUNCTION restate_purge_journal(id restate_invocation_id)
  RETURNS text
  LANGUAGE c VOLATILE SECURITY DEFINER PARALLEL UNSAFE
  AS 'MODULE_PATHNAME';
REVOKE ALL ON FUNCTION restate_purge_journal(restate_invocation_id) FROM PUBLIC;
COMMENT ON FUNCTION restate_purge_journal(restate_invocation_id) IS
'Purges the journal of a completed invocation and keeps everything else that is known of it. Repeatable. Cannot be undone, and what has no journal cannot be restarted: restate_dry_run() tells before what it would do. Returns purged, or unchanged where there is no journal. Errors: invalid_invocation_id 400, invocation_not_found 404, not_completed 409. Source: PATCH /invocations/{id}/purge-journal.';

CREATE FUNCTION restate_delete_invocation(id restate_invocation_id, mode text DEFAULT 'cancel')
  RETURNS text
  LANGUAGE c VOLATILE SECURITY DEFINER PARALLEL UNSAFE
  AS 'MODULE_PATHNAME';
REVOKE ALL ON FUNCTION restate_delete_invocation(restate_invocation_id, text) FROM PUBLIC;
COMMENT ON FUNCTION restate_delete_invocation(restate_invocation_id, text) IS
'Deletes an invocation: mode cancel asks it to end, kill ends it with its callees, purge removes it if it has completed and leaves it untouched if not. None of it can be undone: restate_dry_run() tells before what it would do. Returns signalled, removed, killed, purged or unchanged. Errors: invalid_query_parameter 400, invalid_invocation_id 400, invocation_not_found 404, already_completed 409. Source: DELETE /invocations/{id}.';

CREATE FUNCTION restate_cancel(id restate_invocation_id)
  RETURNS text
  LANGUAGE c VOLATILE SECURITY DEFINER PARALLEL UNSAFE
  AS 'MODULE_PATHNAME';
REVOKE ALL ON FUNCTION restate_cancel(restate_invocation_id) FROM PUBLIC;
COMMENT ON FUNCTION restate_cancel(restate_invocation_id) IS
'Cancels an invocation: the handler gets the cancel signal and answers it; one that has not started is removed. Cannot be undone: restate_dry_run() tells before what it would do. Returns signalled or removed. Errors: invalid_invocation_id 400, invocation_not_found 404, already_completed 409. Source: PATCH /invocations/{id}/cancel.';

CREATE FUNCTION restate_kill(id restate_invocation_id)
  RETURNS text
  LANGUAGE c VOLATILE SECURITY DEFINER PARALLEL UNSAFE
  AS 'MODULE_PATHNAME';
REVOKE ALL ON FUNCTION restate_kill(restate_invocation_id) FROM PUBLIC;
COMMENT ON FUNCTION restate_kill(restate_invocation_id) IS
'Kills an invocation and its callees, frees its object key and starts the next in the inbox; one that has not started is removed. Cannot be undone, but what was killed, callees too, can be restarted as new as long as its journal is kept: restate_dry_run() tells before what it would do. Returns killed or removed. Errors: invalid_invocation_id 400, invocation_not_found 404, already_completed 409. Source: PATCH /invocations/{id}/kill.';

CREATE FUNCTION restate_purge(id restate_invocation_id)
  RETURNS text
  LANGUAGE c VOLATILE SECURITY DEFINER PARALLEL UNSAFE
  AS 'MODULE_PATHNAME';
REVOKE ALL ON FUNCTION restate_purge(restate_invocation_id) FROM PUBLIC;
COMMENT ON FUNCTION restate_purge(restate_invocation_id) IS
'Removes a completed invocation with its journal; of a workflow run its state and promises too. Cannot be undone, unless what restate_import_invocation() takes was kept: restate_dry_run() tells before what it would do. Returns purged. Errors: invalid_invocation_id 400, invocation_not_found 404, not_completed 409. Source: PATCH /invocations/{id}/purge.';

CREATE FUNCTION restate_pause(id restate_invocation_id)
  RETURNS text
  LANGUAGE c VOLATILE SECURITY DEFINER PARALLEL UNSAFE
  AS 'MODULE_PATHNAME';
REVOKE ALL ON FUNCTION restate_pause(restate_invocation_id) FROM PUBLIC;
COMMENT ON FUNCTION restate_pause(restate_invocation_id) IS
'Pauses an invocation: at once between attempts, at its end during an attempt. restate_resume() undoes it. Returns paused, pausing or unchanged. Errors: invalid_invocation_id 400, invocation_not_found 404, not_running 409. Source: PATCH /invocations/{id}/pause.';

CREATE FUNCTION restate_resume(id restate_invocation_id, deployment text DEFAULT NULL)
  RETURNS text
  LANGUAGE c VOLATILE SECURITY DEFINER PARALLEL UNSAFE
  AS 'MODULE_PATHNAME';
REVOKE ALL ON FUNCTION restate_resume(restate_invocation_id, text) FROM PUBLIC;
COMMENT ON FUNCTION restate_resume(restate_invocation_id, text) IS
'Resumes an invocation that is paused, suspended or waiting for a retry, on deployment (keep, latest or an id; null keeps) if it stands still. restate_pause() stops it again, after the attempt that may run. Returns resumed or unchanged. Errors: invalid_deployment_id 400, invalid_invocation_id 400, invocation_not_found 404, not_started 425, already_completed 409, deployment_not_changeable 409, deployment_not_found 400, deployment_incompatible 400. Source: PATCH /invocations/{id}/resume.';

CREATE FUNCTION restate_restart_as_new(id restate_invocation_id, "from" bigint DEFAULT NULL, deployment text DEFAULT NULL,
    request_id text DEFAULT NULL, at text DEFAULT NULL)
  RETURNS restate_invocation_id
  LANGUAGE c VOLATILE SECURITY DEFINER PARALLEL UNSAFE
  AS 'MODULE_PATHNAME';
REVOKE ALL ON FUNCTION restate_restart_as_new(restate_invocation_id, bigint, text, text, text) FROM PUBLIC;
COMMENT ON FUNCTION restate_restart_as_new(restate_invocation_id, bigint, text, text, text) IS
'Restarts a completed invocation as new, with the journal up to index "from" (0 to 4294967295, null for 0: the input alone) and the completions that its commands still lack, on deployment (keep, latest or an id; null for latest). With a request_id (1 to 255 bytes) the same call gives the same new invocation. at: what happened there, in place of the index, as restate_restart_point() takes it: last_failure, last_completed, name:NAME, name:NAME#2 or time:2026-11-30T03:00:00Z. restate_preview_restart() tells before what it would do. The original stays as it is; the new one can be killed and purged, but what it has done by then is done. Returns the new id. Errors: invalid_query_parameter 400, invalid_deployment_id 400, invalid_invocation_id 400, invocation_not_found 404, not_started 425, still_running 409, input_not_available 410, restart_not_supported 422, deployment_not_changeable 409, deployment_not_found 400, deployment_incompatible 400, journal_index_out_of_range 400, journal_prefix_incomplete 400, restart_point_not_found 422. Source: PATCH /invocations/{id}/restart-as-new.';

CREATE FUNCTION restate_http_status(operation text, outcome text) RETURNS integer
  LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE
  AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION restate_http_status(text, text) IS
'The HTTP status that the outcome of an operation (purge_journal, delete_invocation, restart_as_new, cancel, kill, purge, pause, resume) is documented with; null where it has no such outcome.';
