-- What queries written for Restate's own tables use and PostgreSQL has not.
-- The gateway looks here first for the names in a query; nothing else does.

CREATE SCHEMA restate_query;
COMMENT ON SCHEMA restate_query IS
'Names in queries that are written for Restate''s server, which PostgreSQL lacks or has for something else.';

CREATE DOMAIN restate_query.string AS text;
COMMENT ON DOMAIN restate_query.string IS
'Text by the name that Restate''s queries have for it, as in CAST(NULL AS STRING).';

CREATE FUNCTION restate_query.first_value_step(state internal, value anyelement) RETURNS internal
  LANGUAGE C IMMUTABLE CALLED ON NULL INPUT PARALLEL SAFE
  AS 'MODULE_PATHNAME', 'restate_first_value_step';
COMMENT ON FUNCTION restate_query.first_value_step(internal, anyelement) IS
'Keeps the first value that an aggregate is given, null or not. Behind first_value; cannot be called.';

CREATE FUNCTION restate_query.last_value_step(state internal, value anyelement) RETURNS internal
  LANGUAGE C IMMUTABLE CALLED ON NULL INPUT PARALLEL SAFE
  AS 'MODULE_PATHNAME', 'restate_last_value_step';
COMMENT ON FUNCTION restate_query.last_value_step(internal, anyelement) IS
'Keeps the last value that an aggregate is given, null or not. Behind last_value; cannot be called.';

CREATE FUNCTION restate_query.kept_value(state internal, value anyelement) RETURNS anyelement
  LANGUAGE C IMMUTABLE CALLED ON NULL INPUT PARALLEL SAFE
  AS 'MODULE_PATHNAME', 'restate_kept_value';
COMMENT ON FUNCTION restate_query.kept_value(internal, anyelement) IS
'The value that an aggregate has kept; null if it was given none. Behind first_value and last_value; cannot be called.';

CREATE AGGREGATE restate_query.first_value(value anyelement) (
  SFUNC = restate_query.first_value_step, STYPE = internal,
  FINALFUNC = restate_query.kept_value, FINALFUNC_EXTRA, PARALLEL = SAFE);
COMMENT ON AGGREGATE restate_query.first_value(anyelement) IS
'The value in the first row of a group, by the ORDER BY within the call, null if it is null there or there is no row. Over a window it is what the server''s own first_value is.';

CREATE AGGREGATE restate_query.last_value(value anyelement) (
  SFUNC = restate_query.last_value_step, STYPE = internal,
  FINALFUNC = restate_query.kept_value, FINALFUNC_EXTRA, PARALLEL = SAFE);
COMMENT ON AGGREGATE restate_query.last_value(anyelement) IS
'The value in the last row of a group, by the ORDER BY within the call, null if it is null there or there is no row. Over a window it is what the server''s own last_value is.';

