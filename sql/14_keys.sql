-- The keys that callers choose: how long they may be, and what stands for one in
-- an index, whose entries cannot be as long.

CREATE FUNCTION restate.indexed_key(key text) RETURNS bytea
  LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE
  AS 'MODULE_PATHNAME', 'restate_indexed_key';
COMMENT ON FUNCTION restate.indexed_key(text) IS
'What stands in an index for a key: its bytes up to 255 of them, else the first 224 and SHA-256 of all. Equal for equal keys alone. Null: null.';

CREATE FUNCTION restate.indexed_key(service_key text, key text) RETURNS bytea
  LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE
  AS 'MODULE_PATHNAME', 'restate_indexed_keys';
COMMENT ON FUNCTION restate.indexed_key(text, text) IS
'What stands in an index for the key of a state or promise and that of its object: both, with a zero byte between, up to 255 bytes, else the first 224 and SHA-256 of all. Equal for equal keys alone. Anything null: null.';
