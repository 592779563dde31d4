-- The views only read.  A write is refused for the statement, also if it meets
-- no row: the server asks a statement's trigger only where one for rows stands
-- beside it, which therefore never has to refuse.

CREATE FUNCTION restate.refuse_write() RETURNS trigger
  LANGUAGE C VOLATILE PARALLEL SAFE
  AS 'MODULE_PATHNAME', 'restate_refuse_write';
REVOKE ALL ON FUNCTION restate.refuse_write() FROM PUBLIC;
COMMENT ON FUNCTION restate.refuse_write() IS
'The trigger of every view: raises 55000, the server''s own for a view that cannot be written to. Its three arguments are the hints on INSERT, UPDATE and DELETE: what to call instead.';

DO $do$
DECLARE
  kind record;
  view regclass;
BEGIN
  FOR kind IN
    SELECT * FROM (VALUES
      ('{restate.sys_invocation, restate.sys_invocation_status, restate.sys_invocation_state, restate.sys_idempotency, restate_api.invocations}'::regclass[],
        'restate_import_invocation() loads an invocation, restate_restart_as_new() makes one of a completed one.',
        'restate_cancel(), restate_kill(), restate_pause() and restate_resume() change what becomes of an invocation.',
        'restate_purge() removes a completed invocation, restate_delete_invocation() cancels, kills or purges one.'),
      ('{restate.sys_journal, restate.sys_journal_events, restate_api.journal, restate_api.journal_events}',
        'restate_import_invocation() loads an invocation with its journal; what executes invocations appends to tables restate.journal and restate.journal_event.',
        'An entry stays as it is: restate_restart_as_new() makes an invocation whose journal begins with the same entries.',
        'restate_purge_journal() removes the journal of a completed invocation with its events, restate_purge() the whole invocation.'),
      ('{restate.sys_inbox, restate_api.inbox}',
        'restate_import_invocation() loads an invocation that waits, restate_restart_as_new() makes one where the object key is held.',
        'The order of an inbox stays as it is: restate_cancel() and restate_kill() remove an invocation from it.',
        'restate_cancel() and restate_kill() remove an invocation that waits.'),
      ('{restate.sys_keyed_service_status, restate_api.keyed_service_status}',
        'An object key is held by the first invocation that starts on it: restate_import_invocation(), restate_restart_as_new().',
        'restate_cancel() and restate_kill() end the invocation that holds an object key.',
        'restate_cancel() and restate_kill() end the invocation that holds an object key.'),
      ('{restate.sys_deployment, restate.sys_service, restate.admin_deployment, restate.admin_deployments, restate.admin_service, restate.admin_services, restate.admin_service_handlers, restate.admin_handler, restate.admin_service_openapi, restate_api.deployments, restate_api.services}',
        'restate_register_deployment() registers a deployment, and with it the services that it serves.',
        'restate_register_deployment() makes the next revision of a service, with the option force on the same endpoint; restate_update_deployment() changes where a deployment is and what it serves, restate_modify_service() options of a service.',
        'restate_remove_deployment() removes a deployment, and with it its revisions of services.'),
      ('{restate.state, restate.sys_promise, restate_api.state, restate_api.promises}',
        'restate_modify_state() changes the state of an object or workflow, restate_resolve_promise() completes a promise; else what executes invocations changes them.',
        'restate_modify_state() changes the state of an object or workflow, restate_resolve_promise() completes a promise; else what executes invocations changes them.',
        'restate_purge() of a completed workflow run removes its state and promises; what executes invocations changes the rest, in tables restate.object_state and restate.promise.'),
      ('{restate.sys_audit, restate_api.audit}',
        'Each operation that takes effect adds a row, with restate_admin.reason in it.',
        'A row of the audit stays as it is.',
        'restate_purge_audit() removes the rows from before a time.'),
      ('{restate.sys_stuck, restate.stuck_elsewhere, restate_api.stuck}',
        'restate_explain() tells of an invocation what it waits for; what is late is told by where invocations stand.',
        'restate_resume(), restate_cancel(), restate_kill() and restate_release() have something go on, or end it.',
        'restate_resume(), restate_cancel(), restate_kill() and restate_release() have something go on, or end it.'),
      ('{restate.sys_deployment_blocker, restate_api.deployment_blockers}',
        'restate_register_deployment() registers a deployment; what it is needed for is told by where invocations stand.',
        'restate_resume() takes a paused or suspended invocation to another deployment, restate_cancel() and restate_kill() end one.',
        'restate_resume() takes a paused or suspended invocation to another deployment, restate_cancel() and restate_kill() end one.'),
      ('{restate.sys_bulk_job, restate_api.bulk_jobs}',
        'restate_bulk_start() starts a bulk job.',
        'restate_bulk_run() runs a batch of a bulk job; restate_bulk_pause(), restate_bulk_resume() and restate_bulk_abort() change what becomes of it.',
        'restate_bulk_abort() ends a bulk job, whose row stays.')
    ) AS k (views, on_insert, on_update, on_delete)
  LOOP
    FOREACH view IN ARRAY kind.views LOOP
      EXECUTE format('CREATE TRIGGER only_reads BEFORE INSERT OR UPDATE OR DELETE ON %s EXECUTE FUNCTION restate.refuse_write(%L, %L, %L)',
        view, kind.on_insert, kind.on_update, kind.on_delete);
      EXECUTE format('CREATE TRIGGER only_reads_row INSTEAD OF INSERT OR UPDATE OR DELETE ON %s FOR EACH ROW EXECUTE FUNCTION restate.refuse_write()',
        view);
    END LOOP;
  END LOOP;
END
$do$;
