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
  restate_resume_batch, restate_dry_run
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
  restate.sys_audit
TO restate_reader;

-- A runtime: the data, but neither the operations nor the audit.
CREATE ROLE restate_runtime NOLOGIN;
GRANT USAGE ON SCHEMA restate TO restate_runtime;
GRANT SELECT, INSERT, UPDATE, DELETE ON
  restate.invocation, restate.journal, restate.journal_event,
  restate.object_key, restate.object_state, restate.promise
TO restate_runtime;
GRANT SELECT ON restate.deployment, restate.service_revision TO restate_runtime;
