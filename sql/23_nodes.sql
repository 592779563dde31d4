-- What the same statements need to run on one server and where Citus distributes the
-- tables over nodes.

CREATE FUNCTION restate.is_distributed() RETURNS boolean
  LANGUAGE C STABLE PARALLEL SAFE
  AS 'MODULE_PATHNAME', 'restate_is_distributed';
REVOKE ALL ON FUNCTION restate.is_distributed() FROM PUBLIC;
COMMENT ON FUNCTION restate.is_distributed() IS
'Whether Citus distributes the tables over nodes.';

CREATE FUNCTION restate.run_on_shard(partition_key bigint, request bytea, "rows" bigint) RETURNS bytea
  LANGUAGE C VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
  AS 'MODULE_PATHNAME', 'restate_run_on_shard';
REVOKE ALL ON FUNCTION restate.run_on_shard(bigint, bytea, bigint) FROM PUBLIC;
COMMENT ON FUNCTION restate.run_on_shard(bigint, bytea, bigint) IS
'Runs statements of the operations on the shard that a partition key is in, on the node that has it, with the rights of its caller: for other nodes, which ask in a form of their own. Error: 55000 for a node with another version.';

-- A cast from text is not immutable, whatever the type; a shard takes nothing else of a column.

CREATE FUNCTION restate.read_numbers(value text) RETURNS bigint[]
  LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE
  AS 'MODULE_PATHNAME', 'restate_read_text';
COMMENT ON FUNCTION restate.read_numbers(text) IS
'The numbers that a text has in the form of an array. Null: null. Error: 22P02 for another form.';

CREATE FUNCTION restate.read_names(value text) RETURNS text[]
  LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE
  AS 'MODULE_PATHNAME', 'restate_read_text';
COMMENT ON FUNCTION restate.read_names(text) IS
'The texts that a text has in the form of an array. Null: null. Error: 22P02 for another form.';

CREATE FUNCTION restate.read_timer_kind(value text) RETURNS restate.timer_kind
  LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE
  AS 'MODULE_PATHNAME', 'restate_read_text';
COMMENT ON FUNCTION restate.read_timer_kind(text) IS
'The kind of timer of that name. Null: null. Error: 22P02 for another name.';
