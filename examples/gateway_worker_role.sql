-- The role that restate-gateway runs handlers as, with --worker-db, and what it
-- needs and no more.  Run once in each database that has the extension, as its owner
-- and with CREATEROLE; how the role logs in (a password, peer) is left to you.

-- a role is of the whole server: another database may have made it
DO $$
BEGIN
  IF to_regrole('restate_gateway_worker') IS NULL THEN
    CREATE ROLE restate_gateway_worker LOGIN;
    -- whatever the database has as its default: what it claims and pushes is to wait for a row
    ALTER ROLE restate_gateway_worker SET default_transaction_isolation = 'read committed';
  END IF;
END $$;

-- claims what is ready, pushes what handlers answer
GRANT EXECUTE ON FUNCTION
  restate_claim, restate_push, restate_push_and_claim, restate_fail_attempt, restate_heartbeat, restate_leave
TO restate_gateway_worker;

-- reads where the deployments are
GRANT USAGE ON SCHEMA restate TO restate_gateway_worker;
GRANT SELECT ON restate.sys_deployment, restate.admin_deployment TO restate_gateway_worker;
