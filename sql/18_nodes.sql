-- Whether the tables are distributed over nodes: what cannot be one statement both there
-- and on one server asks first.

CREATE FUNCTION restate.is_distributed() RETURNS boolean
  LANGUAGE C STABLE PARALLEL SAFE
  AS 'MODULE_PATHNAME', 'restate_is_distributed';
REVOKE ALL ON FUNCTION restate.is_distributed() FROM PUBLIC;
COMMENT ON FUNCTION restate.is_distributed() IS
'Whether Citus distributes the tables over nodes.';
