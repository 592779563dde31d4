-- Roles for those who work with the tables, to be run once in the database that
-- has the extension, as its owner and with CREATEROLE; leave out what you do not
-- want to give.

-- Operators: every operation, and nothing to read.
CREATE ROLE restate_operator NOLOGIN;
GRANT EXECUTE ON FUNCTION
  restate_purge_journal, restate_delete_invocation, restate_restart_as_new,
  restate_cancel, restate_kill, restate_purge, restate_pause, restate_resume,
  restate_purge_journal_batch, restate_delete_invocation_batch, restate_restart_as_new_batch,
  restate_cancel_batch, restate_kill_batch, restate_purge_batch, restate_pause_batch,
  restate_resume_batch, restate_dry_run, restate_explain, restate_explain_json,
  restate_preview_restart, restate_restart_point, restate_lineage, restate_call_tree, restate_hold, restate_release, restate_adopt,
  restate_bulk_start, restate_bulk_run, restate_bulk_next, restate_bulk_pause, restate_bulk_resume, restate_bulk_abort,
  restate_bulk_jobs, restate_modify_service, restate_modify_state
TO restate_operator;

-- Readers: every view.  Payloads are in sys_journal, state and sys_promise, and
-- who did what is in sys_audit.
CREATE ROLE restate_reader NOLOGIN;
GRANT USAGE ON SCHEMA restate TO restate_reader;
GRANT SELECT ON
  restate.sys_invocation, restate.sys_invocation_status,
  restate.sys_invocation_state, restate.sys_idempotency, restate.sys_journal,
  restate.sys_journal_events, restate.sys_inbox, restate.sys_keyed_service_status,
  restate.sys_deployment, restate.sys_service, restate.sys_promise, restate.state,
  restate.sys_audit, restate.sys_stuck, restate.sys_deployment_blocker, restate.sys_bulk_job
TO restate_reader;

-- Workers: what executes invocations, and nothing to read.
CREATE ROLE restate_worker NOLOGIN;
GRANT EXECUTE ON FUNCTION
  restate_claim, restate_append, restate_push, restate_push_and_claim, restate_suspend, restate_complete,
  restate_complete_and_claim, restate_fail_attempt,
  restate_fetch, restate_heartbeat, restate_leave, restate_tick
TO restate_worker;

-- Applications: what has something executed, and brings what it waits for.
CREATE ROLE restate_client NOLOGIN;
GRANT EXECUTE ON FUNCTION
  restate_submit, restate_output, restate_wait, restate_signal,
  restate_resolve_awakeable, restate_reject_awakeable, restate_resolve_promise, restate_reject_promise
TO restate_client;
