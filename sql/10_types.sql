-- The types of ids, in pg_catalog with their operators, so that they resolve
-- under every search_path.  The functions behind them, which nobody calls by
-- name, are in the schema restate, where they are in no one's way.
--
-- Text and binary forms stand one to one: an id has exactly one text, and
-- every 24 (or 16) bytes are an id.  Only what compares and hashes is
-- LEAKPROOF: input names the text that it refuses.

CREATE SCHEMA restate;
COMMENT ON SCHEMA restate IS
'Durable invocations, their journals, and the sys_* views for introspection.';

CREATE TYPE restate_invocation_id;

CREATE FUNCTION restate.invocation_id_in(cstring) RETURNS restate_invocation_id
  LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE
  AS 'MODULE_PATHNAME', 'restate_invocation_id_in';
COMMENT ON FUNCTION restate.invocation_id_in(cstring) IS
'Reads the text of an invocation id, exactly 38 characters. Error: invalid_invocation_id.';

CREATE FUNCTION restate.invocation_id_out(restate_invocation_id) RETURNS cstring
  LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE
  AS 'MODULE_PATHNAME', 'restate_invocation_id_out';
COMMENT ON FUNCTION restate.invocation_id_out(restate_invocation_id) IS
'Writes the text of an invocation id.';

CREATE FUNCTION restate.invocation_id_recv(internal) RETURNS restate_invocation_id
  LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE
  AS 'MODULE_PATHNAME', 'restate_invocation_id_recv';
COMMENT ON FUNCTION restate.invocation_id_recv(internal) IS
'Reads the binary form of an invocation id, exactly 24 bytes. Error: invalid_binary_representation.';

CREATE FUNCTION restate_invocation_id_send(restate_invocation_id) RETURNS bytea
  LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE
  AS 'MODULE_PATHNAME', 'restate_invocation_id_send';
COMMENT ON FUNCTION restate_invocation_id_send(restate_invocation_id) IS
'Writes the binary form of an invocation id, 24 bytes.';

CREATE TYPE restate_invocation_id (
  INPUT = restate.invocation_id_in,
  OUTPUT = restate.invocation_id_out,
  RECEIVE = restate.invocation_id_recv,
  SEND = restate_invocation_id_send,
  INTERNALLENGTH = 24,
  ALIGNMENT = char
);
COMMENT ON TYPE restate_invocation_id IS
'An invocation id, inv_1 and 33 base62 characters: a partition key of 64 bits and a uuid of 128. Text that is malformed is the error invalid_invocation_id (PT400). Its binary form is 24 bytes, big-endian.';

CREATE FUNCTION restate.invocation_id_lt(restate_invocation_id, restate_invocation_id) RETURNS boolean
  LANGUAGE C IMMUTABLE STRICT LEAKPROOF PARALLEL SAFE
  AS 'MODULE_PATHNAME', 'restate_invocation_id_lt';
COMMENT ON FUNCTION restate.invocation_id_lt(restate_invocation_id, restate_invocation_id) IS
'Whether the first invocation id is less than the second. Behind the operator <.';

CREATE FUNCTION restate.invocation_id_le(restate_invocation_id, restate_invocation_id) RETURNS boolean
  LANGUAGE C IMMUTABLE STRICT LEAKPROOF PARALLEL SAFE
  AS 'MODULE_PATHNAME', 'restate_invocation_id_le';
COMMENT ON FUNCTION restate.invocation_id_le(restate_invocation_id, restate_invocation_id) IS
'Whether the first invocation id is less than or equal to the second. Behind the operator <=.';

CREATE FUNCTION restate.invocation_id_eq(restate_invocation_id, restate_invocation_id) RETURNS boolean
  LANGUAGE C IMMUTABLE STRICT LEAKPROOF PARALLEL SAFE
  AS 'MODULE_PATHNAME', 'restate_invocation_id_eq';
COMMENT ON FUNCTION restate.invocation_id_eq(restate_invocation_id, restate_invocation_id) IS
'Whether the first invocation id equals the second. Behind the operator =.';

CREATE FUNCTION restate.invocation_id_ne(restate_invocation_id, restate_invocation_id) RETURNS boolean
  LANGUAGE C IMMUTABLE STRICT LEAKPROOF PARALLEL SAFE
  AS 'MODULE_PATHNAME', 'restate_invocation_id_ne';
COMMENT ON FUNCTION restate.invocation_id_ne(restate_invocation_id, restate_invocation_id) IS
'Whether the first invocation id differs from the second. Behind the operator <>.';

CREATE FUNCTION restate.invocation_id_ge(restate_invocation_id, restate_invocation_id) RETURNS boolean
  LANGUAGE C IMMUTABLE STRICT LEAKPROOF PARALLEL SAFE
  AS 'MODULE_PATHNAME', 'restate_invocation_id_ge';
COMMENT ON FUNCTION restate.invocation_id_ge(restate_invocation_id, restate_invocation_id) IS
'Whether the first invocation id is greater than or equal to the second. Behind the operator >=.';

CREATE FUNCTION restate.invocation_id_gt(restate_invocation_id, restate_invocation_id) RETURNS boolean
  LANGUAGE C IMMUTABLE STRICT LEAKPROOF PARALLEL SAFE
  AS 'MODULE_PATHNAME', 'restate_invocation_id_gt';
COMMENT ON FUNCTION restate.invocation_id_gt(restate_invocation_id, restate_invocation_id) IS
'Whether the first invocation id is greater than the second. Behind the operator >.';

CREATE FUNCTION restate.invocation_id_cmp(restate_invocation_id, restate_invocation_id) RETURNS integer
  LANGUAGE C IMMUTABLE STRICT LEAKPROOF PARALLEL SAFE
  AS 'MODULE_PATHNAME', 'restate_invocation_id_cmp';
COMMENT ON FUNCTION restate.invocation_id_cmp(restate_invocation_id, restate_invocation_id) IS
'Compares two invocation ids, partition key first, then uuid: below, at or above 0. For btree indexes.';

CREATE FUNCTION restate.invocation_id_sortsupport(internal) RETURNS void
  LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE
  AS 'MODULE_PATHNAME', 'restate_invocation_id_sortsupport';
COMMENT ON FUNCTION restate.invocation_id_sortsupport(internal) IS
'Makes sorting invocation ids fast. For btree indexes and sorts.';

CREATE FUNCTION restate.invocation_id_hash(restate_invocation_id) RETURNS integer
  LANGUAGE C IMMUTABLE STRICT LEAKPROOF PARALLEL SAFE
  AS 'MODULE_PATHNAME', 'restate_invocation_id_hash';
COMMENT ON FUNCTION restate.invocation_id_hash(restate_invocation_id) IS
'The hash of an invocation id. For hash indexes and joins.';

CREATE FUNCTION restate.invocation_id_hash_extended(restate_invocation_id, bigint) RETURNS bigint
  LANGUAGE C IMMUTABLE STRICT LEAKPROOF PARALLEL SAFE
  AS 'MODULE_PATHNAME', 'restate_invocation_id_hash_extended';
COMMENT ON FUNCTION restate.invocation_id_hash_extended(restate_invocation_id, bigint) IS
'The 64-bit hash of an invocation id with the seed given. For hash partitions.';

CREATE OPERATOR < (
  LEFTARG = restate_invocation_id, RIGHTARG = restate_invocation_id, FUNCTION = restate.invocation_id_lt,
  COMMUTATOR = >, NEGATOR = >=, RESTRICT = scalarltsel, JOIN = scalarltjoinsel
);
COMMENT ON OPERATOR < (restate_invocation_id, restate_invocation_id) IS
'is less than';

CREATE OPERATOR <= (
  LEFTARG = restate_invocation_id, RIGHTARG = restate_invocation_id, FUNCTION = restate.invocation_id_le,
  COMMUTATOR = >=, NEGATOR = >, RESTRICT = scalarlesel, JOIN = scalarlejoinsel
);
COMMENT ON OPERATOR <= (restate_invocation_id, restate_invocation_id) IS
'is less than or equal to';

CREATE OPERATOR = (
  LEFTARG = restate_invocation_id, RIGHTARG = restate_invocation_id, FUNCTION = restate.invocation_id_eq,
  COMMUTATOR = =, NEGATOR = <>, RESTRICT = eqsel, JOIN = eqjoinsel,
  HASHES, MERGES
);
COMMENT ON OPERATOR = (restate_invocation_id, restate_invocation_id) IS
'equals';

CREATE OPERATOR <> (
  LEFTARG = restate_invocation_id, RIGHTARG = restate_invocation_id, FUNCTION = restate.invocation_id_ne,
  COMMUTATOR = <>, NEGATOR = =, RESTRICT = neqsel, JOIN = neqjoinsel
);
COMMENT ON OPERATOR <> (restate_invocation_id, restate_invocation_id) IS
'differs from';

CREATE OPERATOR >= (
  LEFTARG = restate_invocation_id, RIGHTARG = restate_invocation_id, FUNCTION = restate.invocation_id_ge,
  COMMUTATOR = <=, NEGATOR = <, RESTRICT = scalargesel, JOIN = scalargejoinsel
);
COMMENT ON OPERATOR >= (restate_invocation_id, restate_invocation_id) IS
'is greater than or equal to';

CREATE OPERATOR > (
  LEFTARG = restate_invocation_id, RIGHTARG = restate_invocation_id, FUNCTION = restate.invocation_id_gt,
  COMMUTATOR = <, NEGATOR = <=, RESTRICT = scalargtsel, JOIN = scalargtjoinsel
);
COMMENT ON OPERATOR > (restate_invocation_id, restate_invocation_id) IS
'is greater than';

CREATE OPERATOR CLASS restate_invocation_id_ops DEFAULT FOR TYPE restate_invocation_id USING btree AS
  OPERATOR 1 <, OPERATOR 2 <=, OPERATOR 3 =, OPERATOR 4 >=, OPERATOR 5 >,
  FUNCTION 1 restate.invocation_id_cmp(restate_invocation_id, restate_invocation_id),
  FUNCTION 2 restate.invocation_id_sortsupport(internal),
  FUNCTION 4 btequalimage(oid);
COMMENT ON OPERATOR CLASS restate_invocation_id_ops USING btree IS
'orders invocation ids, partition key first, then uuid';

CREATE OPERATOR CLASS restate_invocation_id_ops DEFAULT FOR TYPE restate_invocation_id USING hash AS
  OPERATOR 1 =,
  FUNCTION 1 restate.invocation_id_hash(restate_invocation_id),
  FUNCTION 2 restate.invocation_id_hash_extended(restate_invocation_id, bigint);
COMMENT ON OPERATOR CLASS restate_invocation_id_ops USING hash IS
'hashes invocation ids';

CREATE TYPE restate_deployment_id;

CREATE FUNCTION restate.deployment_id_in(cstring) RETURNS restate_deployment_id
  LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE
  AS 'MODULE_PATHNAME', 'restate_deployment_id_in';
COMMENT ON FUNCTION restate.deployment_id_in(cstring) IS
'Reads the text of a deployment id, exactly 26 characters. Error: invalid_deployment_id.';

CREATE FUNCTION restate.deployment_id_out(restate_deployment_id) RETURNS cstring
  LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE
  AS 'MODULE_PATHNAME', 'restate_deployment_id_out';
COMMENT ON FUNCTION restate.deployment_id_out(restate_deployment_id) IS
'Writes the text of a deployment id.';

CREATE FUNCTION restate.deployment_id_recv(internal) RETURNS restate_deployment_id
  LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE
  AS 'MODULE_PATHNAME', 'restate_deployment_id_recv';
COMMENT ON FUNCTION restate.deployment_id_recv(internal) IS
'Reads the binary form of a deployment id, exactly 16 bytes. Error: invalid_binary_representation.';

CREATE FUNCTION restate_deployment_id_send(restate_deployment_id) RETURNS bytea
  LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE
  AS 'MODULE_PATHNAME', 'restate_deployment_id_send';
COMMENT ON FUNCTION restate_deployment_id_send(restate_deployment_id) IS
'Writes the binary form of a deployment id, 16 bytes.';

CREATE TYPE restate_deployment_id (
  INPUT = restate.deployment_id_in,
  OUTPUT = restate.deployment_id_out,
  RECEIVE = restate.deployment_id_recv,
  SEND = restate_deployment_id_send,
  INTERNALLENGTH = 16,
  ALIGNMENT = char
);
COMMENT ON TYPE restate_deployment_id IS
'A deployment id, dp_1 and 22 base62 characters: a uuid of 128 bits. Text that is malformed is the error invalid_deployment_id (PT400). Its binary form is 16 bytes, big-endian.';

CREATE FUNCTION restate.deployment_id_lt(restate_deployment_id, restate_deployment_id) RETURNS boolean
  LANGUAGE C IMMUTABLE STRICT LEAKPROOF PARALLEL SAFE
  AS 'MODULE_PATHNAME', 'restate_deployment_id_lt';
COMMENT ON FUNCTION restate.deployment_id_lt(restate_deployment_id, restate_deployment_id) IS
'Whether the first deployment id is less than the second. Behind the operator <.';

CREATE FUNCTION restate.deployment_id_le(restate_deployment_id, restate_deployment_id) RETURNS boolean
  LANGUAGE C IMMUTABLE STRICT LEAKPROOF PARALLEL SAFE
  AS 'MODULE_PATHNAME', 'restate_deployment_id_le';
COMMENT ON FUNCTION restate.deployment_id_le(restate_deployment_id, restate_deployment_id) IS
'Whether the first deployment id is less than or equal to the second. Behind the operator <=.';

CREATE FUNCTION restate.deployment_id_eq(restate_deployment_id, restate_deployment_id) RETURNS boolean
  LANGUAGE C IMMUTABLE STRICT LEAKPROOF PARALLEL SAFE
  AS 'MODULE_PATHNAME', 'restate_deployment_id_eq';
COMMENT ON FUNCTION restate.deployment_id_eq(restate_deployment_id, restate_deployment_id) IS
'Whether the first deployment id equals the second. Behind the operator =.';

CREATE FUNCTION restate.deployment_id_ne(restate_deployment_id, restate_deployment_id) RETURNS boolean
  LANGUAGE C IMMUTABLE STRICT LEAKPROOF PARALLEL SAFE
  AS 'MODULE_PATHNAME', 'restate_deployment_id_ne';
COMMENT ON FUNCTION restate.deployment_id_ne(restate_deployment_id, restate_deployment_id) IS
'Whether the first deployment id differs from the second. Behind the operator <>.';

CREATE FUNCTION restate.deployment_id_ge(restate_deployment_id, restate_deployment_id) RETURNS boolean
  LANGUAGE C IMMUTABLE STRICT LEAKPROOF PARALLEL SAFE
  AS 'MODULE_PATHNAME', 'restate_deployment_id_ge';
COMMENT ON FUNCTION restate.deployment_id_ge(restate_deployment_id, restate_deployment_id) IS
'Whether the first deployment id is greater than or equal to the second. Behind the operator >=.';

CREATE FUNCTION restate.deployment_id_gt(restate_deployment_id, restate_deployment_id) RETURNS boolean
  LANGUAGE C IMMUTABLE STRICT LEAKPROOF PARALLEL SAFE
  AS 'MODULE_PATHNAME', 'restate_deployment_id_gt';
COMMENT ON FUNCTION restate.deployment_id_gt(restate_deployment_id, restate_deployment_id) IS
'Whether the first deployment id is greater than the second. Behind the operator >.';

CREATE FUNCTION restate.deployment_id_cmp(restate_deployment_id, restate_deployment_id) RETURNS integer
  LANGUAGE C IMMUTABLE STRICT LEAKPROOF PARALLEL SAFE
  AS 'MODULE_PATHNAME', 'restate_deployment_id_cmp';
COMMENT ON FUNCTION restate.deployment_id_cmp(restate_deployment_id, restate_deployment_id) IS
'Compares two deployment ids, by their bytes: below, at or above 0. For btree indexes.';

CREATE FUNCTION restate.deployment_id_sortsupport(internal) RETURNS void
  LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE
  AS 'MODULE_PATHNAME', 'restate_deployment_id_sortsupport';
COMMENT ON FUNCTION restate.deployment_id_sortsupport(internal) IS
'Makes sorting deployment ids fast. For btree indexes and sorts.';

CREATE FUNCTION restate.deployment_id_hash(restate_deployment_id) RETURNS integer
  LANGUAGE C IMMUTABLE STRICT LEAKPROOF PARALLEL SAFE
  AS 'MODULE_PATHNAME', 'restate_deployment_id_hash';
COMMENT ON FUNCTION restate.deployment_id_hash(restate_deployment_id) IS
'The hash of a deployment id. For hash indexes and joins.';

CREATE FUNCTION restate.deployment_id_hash_extended(restate_deployment_id, bigint) RETURNS bigint
  LANGUAGE C IMMUTABLE STRICT LEAKPROOF PARALLEL SAFE
  AS 'MODULE_PATHNAME', 'restate_deployment_id_hash_extended';
COMMENT ON FUNCTION restate.deployment_id_hash_extended(restate_deployment_id, bigint) IS
'The 64-bit hash of a deployment id with the seed given. For hash partitions.';

CREATE OPERATOR < (
  LEFTARG = restate_deployment_id, RIGHTARG = restate_deployment_id, FUNCTION = restate.deployment_id_lt,
  COMMUTATOR = >, NEGATOR = >=, RESTRICT = scalarltsel, JOIN = scalarltjoinsel
);
COMMENT ON OPERATOR < (restate_deployment_id, restate_deployment_id) IS
'is less than';

CREATE OPERATOR <= (
  LEFTARG = restate_deployment_id, RIGHTARG = restate_deployment_id, FUNCTION = restate.deployment_id_le,
  COMMUTATOR = >=, NEGATOR = >, RESTRICT = scalarlesel, JOIN = scalarlejoinsel
);
COMMENT ON OPERATOR <= (restate_deployment_id, restate_deployment_id) IS
'is less than or equal to';

CREATE OPERATOR = (
  LEFTARG = restate_deployment_id, RIGHTARG = restate_deployment_id, FUNCTION = restate.deployment_id_eq,
  COMMUTATOR = =, NEGATOR = <>, RESTRICT = eqsel, JOIN = eqjoinsel,
  HASHES, MERGES
);
COMMENT ON OPERATOR = (restate_deployment_id, restate_deployment_id) IS
'equals';

CREATE OPERATOR <> (
  LEFTARG = restate_deployment_id, RIGHTARG = restate_deployment_id, FUNCTION = restate.deployment_id_ne,
  COMMUTATOR = <>, NEGATOR = =, RESTRICT = neqsel, JOIN = neqjoinsel
);
COMMENT ON OPERATOR <> (restate_deployment_id, restate_deployment_id) IS
'differs from';

CREATE OPERATOR >= (
  LEFTARG = restate_deployment_id, RIGHTARG = restate_deployment_id, FUNCTION = restate.deployment_id_ge,
  COMMUTATOR = <=, NEGATOR = <, RESTRICT = scalargesel, JOIN = scalargejoinsel
);
COMMENT ON OPERATOR >= (restate_deployment_id, restate_deployment_id) IS
'is greater than or equal to';

CREATE OPERATOR > (
  LEFTARG = restate_deployment_id, RIGHTARG = restate_deployment_id, FUNCTION = restate.deployment_id_gt,
  COMMUTATOR = <, NEGATOR = <=, RESTRICT = scalargtsel, JOIN = scalargtjoinsel
);
COMMENT ON OPERATOR > (restate_deployment_id, restate_deployment_id) IS
'is greater than';

CREATE OPERATOR CLASS restate_deployment_id_ops DEFAULT FOR TYPE restate_deployment_id USING btree AS
  OPERATOR 1 <, OPERATOR 2 <=, OPERATOR 3 =, OPERATOR 4 >=, OPERATOR 5 >,
  FUNCTION 1 restate.deployment_id_cmp(restate_deployment_id, restate_deployment_id),
  FUNCTION 2 restate.deployment_id_sortsupport(internal),
  FUNCTION 4 btequalimage(oid);
COMMENT ON OPERATOR CLASS restate_deployment_id_ops USING btree IS
'orders deployment ids, by their bytes';

CREATE OPERATOR CLASS restate_deployment_id_ops DEFAULT FOR TYPE restate_deployment_id USING hash AS
  OPERATOR 1 =,
  FUNCTION 1 restate.deployment_id_hash(restate_deployment_id),
  FUNCTION 2 restate.deployment_id_hash_extended(restate_deployment_id, bigint);
COMMENT ON OPERATOR CLASS restate_deployment_id_ops USING hash IS
'hashes deployment ids';

-- What is in an id.

CREATE FUNCTION restate_partition_key_of_id(id restate_invocation_id) RETURNS bigint
  LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE
  AS 'MODULE_PATHNAME', 'restate_partition_key_of_id';
COMMENT ON FUNCTION restate_partition_key_of_id(restate_invocation_id) IS
'The partition key of an invocation: the first 64 bits of the id, as a signed number (restate_partition_key_unsigned shows it unsigned). id: the invocation. Null: null.';

CREATE FUNCTION restate_partition_key_of_key(service_key text) RETURNS bigint
  LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE
  AS 'MODULE_PATHNAME', 'restate_partition_key_of_text';
COMMENT ON FUNCTION restate_partition_key_of_key(text) IS
'The partition key of every invocation of an object key or workflow key: XXH3-64 of the key in UTF-8 and a byte 0xFF, as a signed number. service_key: the key, of any service. Null: null. Errors: those of the conversion to UTF-8.';

-- The old names, for one release.  A literal given to them is taken for text,
-- the text of an id too: the wrong key, and no word of it.

CREATE FUNCTION restate_partition_key(id restate_invocation_id) RETURNS bigint
  LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE
  AS 'MODULE_PATHNAME', 'restate_old_partition_key_of_id';
COMMENT ON FUNCTION restate_partition_key(restate_invocation_id) IS
'Deprecated: restate_partition_key_of_id by its old name, which goes with the next release. The first call in a session gives a warning. id: the invocation. Null: null.';

CREATE FUNCTION restate_partition_key(service_key text) RETURNS bigint
  LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE
  AS 'MODULE_PATHNAME', 'restate_old_partition_key_of_text';
COMMENT ON FUNCTION restate_partition_key(text) IS
'Deprecated: restate_partition_key_of_key by its old name, which goes with the next release. A literal is taken for an object key, even if it is the text of an id. The first call in a session gives a warning. service_key: the key, of any service. Null: null. Errors: those of the conversion to UTF-8.';

CREATE FUNCTION restate_partition_key_unsigned(partition_key bigint) RETURNS numeric
  LANGUAGE SQL IMMUTABLE PARALLEL SAFE
  RETURN CASE WHEN partition_key < 0
    THEN partition_key::numeric + 18446744073709551616
    ELSE partition_key::numeric END;
COMMENT ON FUNCTION restate_partition_key_unsigned(bigint) IS
'The partition key as Restate shows it, from 0 to 18446744073709551615. partition_key: the same 64 bits as a signed number. Null: null.';

-- New ids.  Ids from the clock grow within a session, which is why they are
-- not made in parallel workers.

CREATE FUNCTION restate_new_invocation_id() RETURNS restate_invocation_id
  LANGUAGE C VOLATILE STRICT PARALLEL RESTRICTED
  AS 'MODULE_PATHNAME', 'restate_new_invocation_id';
COMMENT ON FUNCTION restate_new_invocation_id() IS
'A new id for an invocation of a plain service without idempotency key: a random partition key, and a uuid from the clock (48 bits of milliseconds since 1970, then 80 random bits) that is greater than each before it in this session. Error: system_error if the random source fails.';

CREATE FUNCTION restate_new_invocation_id(partition_key bigint) RETURNS restate_invocation_id
  LANGUAGE C VOLATILE STRICT PARALLEL RESTRICTED
  AS 'MODULE_PATHNAME', 'restate_new_invocation_id_in_partition';
COMMENT ON FUNCTION restate_new_invocation_id(bigint) IS
'A new id for an invocation in the partition of another, as a restart is. partition_key: the partition key to keep, as a signed number. Null: null. Error: system_error if the random source fails.';

CREATE FUNCTION restate_keyed_invocation_id(service_key text) RETURNS restate_invocation_id
  LANGUAGE C VOLATILE STRICT PARALLEL RESTRICTED
  AS 'MODULE_PATHNAME', 'restate_keyed_invocation_id';
COMMENT ON FUNCTION restate_keyed_invocation_id(text) IS
'A new id for an invocation of a virtual object, or of a shared handler of a workflow: the partition key of the key, and a uuid from the clock. service_key: the object key or workflow key. Null: null. Errors: system_error if the random source fails, those of the conversion to UTF-8.';

CREATE FUNCTION restate_new_deployment_id() RETURNS restate_deployment_id
  LANGUAGE C VOLATILE STRICT PARALLEL RESTRICTED
  AS 'MODULE_PATHNAME', 'restate_new_deployment_id';
COMMENT ON FUNCTION restate_new_deployment_id() IS
'A new id for a deployment: a uuid from the clock that is greater than each before it in this session. Error: system_error if the random source fails.';

-- Ids that follow from what they stand for.

CREATE FUNCTION restate_workflow_invocation_id(service_name text, workflow_key text)
  RETURNS restate_invocation_id
  LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE
  AS 'MODULE_PATHNAME', 'restate_workflow_invocation_id';
COMMENT ON FUNCTION restate_workflow_invocation_id(text, text) IS
'The id of the one run of a workflow: the partition key of its key, and the first 16 bytes of SHA-256 of wf,SERVICE,KEY. service_name: the workflow service. workflow_key: its key. Anything null: null. Errors: those of the conversion to UTF-8.';

CREATE FUNCTION restate_idempotent_invocation_id(
    service_name text, service_key text, handler_name text, idempotency_key text)
  RETURNS restate_invocation_id
  LANGUAGE C IMMUTABLE CALLED ON NULL INPUT PARALLEL SAFE
  AS 'MODULE_PATHNAME', 'restate_idempotent_invocation_id';
COMMENT ON FUNCTION restate_idempotent_invocation_id(text, text, text, text) IS
'The id of a call with an idempotency key: the first 16 bytes of SHA-256 of ik,SERVICE,HANDLER,IDEMPOTENCYKEY in the partition of the idempotency key; of an object, ik,SERVICE,KEY,HANDLER,IDEMPOTENCYKEY in the partition of the object key. service_name, handler_name: the target. service_key: the object key, null for a plain service. idempotency_key: the caller''s. Any other than service_key null: null. Errors: those of the conversion to UTF-8.';

CREATE FUNCTION restate_random_seed() RETURNS bigint
  LANGUAGE C VOLATILE STRICT PARALLEL SAFE
  AS 'MODULE_PATHNAME', 'restate_random_seed';
COMMENT ON FUNCTION restate_random_seed() IS
'64 strong random bits, as a signed number: the seed of an invocation''s random choices. Error: system_error if the random source fails.';
