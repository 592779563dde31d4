-- The roles that restate-gateway logs in as, with what it needs and no
-- more.  Run once in each database that has the extension, as its owner and
-- with CREATEROLE; how the roles log in (a password, peer) is left to you.

-- a role is of the whole server: another database may have made them.  What else a database
-- may have as its default, a request is to wait for a row, and not to fail because it has changed
DO $$
BEGIN
  IF to_regrole('restate_gateway') IS NULL THEN
    CREATE ROLE restate_gateway LOGIN;
    ALTER ROLE restate_gateway SET default_transaction_isolation = 'read committed';
  END IF;
  IF to_regrole('restate_gateway_reader') IS NULL THEN
    CREATE ROLE restate_gateway_reader LOGIN;
  END IF;
  IF to_regrole('restate_gateway_ingress') IS NULL THEN
    CREATE ROLE restate_gateway_ingress LOGIN;
    ALTER ROLE restate_gateway_ingress SET default_transaction_isolation = 'read committed';
  END IF;
END $$;

-- calls the operations, as --db
GRANT EXECUTE ON FUNCTION
  restate_purge_journal, restate_purge_journal_batch,
  restate_delete_invocation,
  restate_restart_as_new, restate_restart_as_new_batch,
  restate_cancel, restate_cancel_batch,
  restate_kill, restate_kill_batch,
  restate_purge, restate_purge_batch,
  restate_pause, restate_pause_batch,
  restate_resume, restate_resume_batch,
  -- what operators ask before they act
  restate_explain, restate_explain_json, restate_preview_restart, restate_restart_point,
  restate_lineage, restate_call_tree, restate_dry_run,
  -- bulk jobs
  restate_bulk_start, restate_bulk_run, restate_bulk_pause, restate_bulk_resume, restate_bulk_abort, restate_bulk_jobs,
  -- what is due and whose turn it is, with --clock
  restate_tick, restate_bulk_next,
  -- what waits, for the metrics
  restate_backlog,
  -- what is registered, and the state of objects
  restate_register_deployment, restate_update_deployment, restate_remove_deployment,
  restate_modify_service, restate_modify_state,
  -- several requests in one call; without it each has its own
  restate_joined
TO restate_gateway;

-- reads the views, as --query-db: runs what clients send to POST /query, so it
-- is a member of nothing and can read nothing else
GRANT USAGE ON SCHEMA restate, restate_query TO restate_gateway_reader;
GRANT SELECT ON
  restate.sys_invocation, restate.sys_invocation_status,
  restate.sys_invocation_state, restate.sys_idempotency,
  restate.sys_journal, restate.sys_journal_events,
  restate.sys_inbox, restate.sys_keyed_service_status,
  restate.sys_deployment, restate.sys_service,
  restate.sys_promise, restate.state, restate.sys_bulk_job,
  restate.sys_stuck, restate.sys_deployment_blocker,
  restate.admin_deployment, restate.admin_deployments,
  restate.admin_service, restate.admin_services,
  restate.admin_service_handlers, restate.admin_handler,
  restate.admin_service_openapi
TO restate_gateway_reader;

-- takes calls of handlers, as --ingress-db
GRANT EXECUTE ON FUNCTION
  restate_ingress_submit, restate_ingress_submit_joined, restate_ingress_attach, restate_ingress_results,
  restate_ingress_awakeable, restate_ingress_health
TO restate_gateway_ingress;
