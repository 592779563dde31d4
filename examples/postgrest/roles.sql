-- The roles for PostgREST, to be run once by a superuser or the extension's
-- owner in the database that has the extension.

-- PostgREST logs in as this role, which can do nothing but become one of the
-- others.  Give it a password, or let it in by peer authentication.
CREATE ROLE restate_authenticator LOGIN NOINHERIT NOCREATEDB NOCREATEROLE;

-- A reader sees everything and changes nothing.  Payloads are in journal and
-- state, and who did what is in audit: leave out what is not for all readers.
CREATE ROLE restate_web_reader NOLOGIN;
GRANT USAGE ON SCHEMA restate_api TO restate_web_reader;
GRANT SELECT ON restate_api.invocations, restate_api.journal, restate_api.journal_events,
  restate_api.inbox, restate_api.keyed_service_status, restate_api.deployments,
  restate_api.services, restate_api.state, restate_api.promises, restate_api.audit,
  restate_api.stuck, restate_api.deployment_blockers, restate_api.bulk_jobs
  TO restate_web_reader;

-- An operator runs the operations, asks what they would do, and reads nothing else.
CREATE ROLE restate_web_operator NOLOGIN;
GRANT USAGE ON SCHEMA restate_api TO restate_web_operator;
GRANT EXECUTE ON FUNCTION
  restate_api.purge_journal(text), restate_api.purge_journal_batch(jsonb),
  restate_api.delete_invocation(text, text),
  restate_api.restart_as_new(text, text, text), restate_api.restart_as_new_batch(jsonb, jsonb),
  restate_api.cancel(text), restate_api.cancel_batch(jsonb),
  restate_api.kill(text), restate_api.kill_batch(jsonb),
  restate_api.purge(text), restate_api.purge_batch(jsonb),
  restate_api.pause(text), restate_api.pause_batch(jsonb),
  restate_api.resume(text, text), restate_api.resume_batch(jsonb, jsonb),
  restate_api.explain(text), restate_api.preview_restart(text, text, text, text),
  restate_api.restart_point(text, text), restate_api.lineage(text), restate_api.call_tree(text),
  restate_api.bulk_start(text, jsonb, jsonb, text), restate_api.bulk_run(uuid, integer),
  restate_api.bulk_pause(uuid), restate_api.bulk_resume(uuid), restate_api.bulk_abort(uuid),
  restate_api.modify_service(text, boolean, text, text, text, text, text),
  restate_api.modify_state(text, text, jsonb, text)
  TO restate_web_operator;

-- The role named in a token is the one that PostgREST becomes.  A role that is
-- a member of both, granted likewise, may do both.
GRANT restate_web_reader, restate_web_operator TO restate_authenticator;

-- A time without a zone is one in UTC, and so is what a query computes.
ALTER ROLE restate_authenticator SET timezone = 'UTC';
ALTER ROLE restate_authenticator SET intervalstyle = 'iso_8601';
