-- The statuses of invocations, of which the C sources have the one table.

CREATE FUNCTION restate.has_started(status text) RETURNS boolean
  LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE
  AS 'MODULE_PATHNAME', 'restate_has_started';
COMMENT ON FUNCTION restate.has_started(text) IS
'Whether an invocation of that status has started: it waits for its time or in an inbox no longer. status: that of restate.invocation. Null, or no status: null.';

CREATE FUNCTION restate.coarse_status(status text) RETURNS text
  LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE
  AS 'MODULE_PATHNAME', 'restate_coarse_status';
COMMENT ON FUNCTION restate.coarse_status(text) IS
'The status as sys_invocation_status has it: inboxed for pending, invoked for ready, running and backing-off. status: that of restate.invocation. Null, or no status: null.';

CREATE FUNCTION restate.status_of(name text) RETURNS text
  LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE
  AS 'MODULE_PATHNAME', 'restate_status_of';
COMMENT ON FUNCTION restate.status_of(text) IS
'The status of that name, or, for a coarse one, the first that has it: pending for inboxed, ready for invoked. name: a status of sys_invocation or of sys_invocation_status. Null, or no status: null.';
