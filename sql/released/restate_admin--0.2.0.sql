\echo Use "CREATE EXTENSION restate_admin" to load this file. \quit
SET LOCAL search_path TO pg_catalog, pg_temp;

-- The types of ids, in pg_catalog with their operators, so that they resolve
-- under every search_path.
--
-- Text and binary forms stand one to one: an id has exactly one text, and
-- every 24 (or 16) bytes are an id.  Only what compares and hashes is
-- LEAKPROOF: input names the text that it refuses.

CREATE TYPE restate_invocation_id;

CREATE FUNCTION restate_invocation_id_in(cstring) RETURNS restate_invocation_id
  LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE
  AS 'MODULE_PATHNAME', 'restate_invocation_id_in';
COMMENT ON FUNCTION restate_invocation_id_in(cstring) IS
'Reads the text of an invocation id, exactly 38 characters. Error: invalid_invocation_id.';

CREATE FUNCTION restate_invocation_id_out(restate_invocation_id) RETURNS cstring
  LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE
  AS 'MODULE_PATHNAME', 'restate_invocation_id_out';
COMMENT ON FUNCTION restate_invocation_id_out(restate_invocation_id) IS
'Writes the text of an invocation id.';

CREATE FUNCTION restate_invocation_id_recv(internal) RETURNS restate_invocation_id
  LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE
  AS 'MODULE_PATHNAME', 'restate_invocation_id_recv';
COMMENT ON FUNCTION restate_invocation_id_recv(internal) IS
'Reads the binary form of an invocation id, exactly 24 bytes. Error: invalid_binary_representation.';

CREATE FUNCTION restate_invocation_id_send(restate_invocation_id) RETURNS bytea
  LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE
  AS 'MODULE_PATHNAME', 'restate_invocation_id_send';
COMMENT ON FUNCTION restate_invocation_id_send(restate_invocation_id) IS
'Writes the binary form of an invocation id, 24 bytes.';

CREATE TYPE restate_invocation_id (
  INPUT = restate_invocation_id_in,
  OUTPUT = restate_invocation_id_out,
  RECEIVE = restate_invocation_id_recv,
  SEND = restate_invocation_id_send,
  INTERNALLENGTH = 24,
  ALIGNMENT = char
);
COMMENT ON TYPE restate_invocation_id IS
'An invocation id, inv_1 and 33 base62 characters: a partition key of 64 bits and a uuid of 128. Text that is malformed is the error invalid_invocation_id (PT400). Its binary form is 24 bytes, big-endian.';

CREATE FUNCTION restate_invocation_id_lt(restate_invocation_id, restate_invocation_id) RETURNS boolean
  LANGUAGE C IMMUTABLE STRICT LEAKPROOF PARALLEL SAFE
  AS 'MODULE_PATHNAME', 'restate_invocation_id_lt';
COMMENT ON FUNCTION restate_invocation_id_lt(restate_invocation_id, restate_invocation_id) IS
'Whether the first invocation id is less than the second. Behind the operator <.';

CREATE FUNCTION restate_invocation_id_le(restate_invocation_id, restate_invocation_id) RETURNS boolean
  LANGUAGE C IMMUTABLE STRICT LEAKPROOF PARALLEL SAFE
  AS 'MODULE_PATHNAME', 'restate_invocation_id_le';
COMMENT ON FUNCTION restate_invocation_id_le(restate_invocation_id, restate_invocation_id) IS
'Whether the first invocation id is less than or equal to the second. Behind the operator <=.';

CREATE FUNCTION restate_invocation_id_eq(restate_invocation_id, restate_invocation_id) RETURNS boolean
  LANGUAGE C IMMUTABLE STRICT LEAKPROOF PARALLEL SAFE
  AS 'MODULE_PATHNAME', 'restate_invocation_id_eq';
COMMENT ON FUNCTION restate_invocation_id_eq(restate_invocation_id, restate_invocation_id) IS
'Whether the first invocation id equals the second. Behind the operator =.';

CREATE FUNCTION restate_invocation_id_ne(restate_invocation_id, restate_invocation_id) RETURNS boolean
  LANGUAGE C IMMUTABLE STRICT LEAKPROOF PARALLEL SAFE
  AS 'MODULE_PATHNAME', 'restate_invocation_id_ne';
COMMENT ON FUNCTION restate_invocation_id_ne(restate_invocation_id, restate_invocation_id) IS
'Whether the first invocation id differs from the second. Behind the operator <>.';

CREATE FUNCTION restate_invocation_id_ge(restate_invocation_id, restate_invocation_id) RETURNS boolean
  LANGUAGE C IMMUTABLE STRICT LEAKPROOF PARALLEL SAFE
  AS 'MODULE_PATHNAME', 'restate_invocation_id_ge';
COMMENT ON FUNCTION restate_invocation_id_ge(restate_invocation_id, restate_invocation_id) IS
'Whether the first invocation id is greater than or equal to the second. Behind the operator >=.';

CREATE FUNCTION restate_invocation_id_gt(restate_invocation_id, restate_invocation_id) RETURNS boolean
  LANGUAGE C IMMUTABLE STRICT LEAKPROOF PARALLEL SAFE
  AS 'MODULE_PATHNAME', 'restate_invocation_id_gt';
COMMENT ON FUNCTION restate_invocation_id_gt(restate_invocation_id, restate_invocation_id) IS
'Whether the first invocation id is greater than the second. Behind the operator >.';

CREATE FUNCTION restate_invocation_id_cmp(restate_invocation_id, restate_invocation_id) RETURNS integer
  LANGUAGE C IMMUTABLE STRICT LEAKPROOF PARALLEL SAFE
  AS 'MODULE_PATHNAME', 'restate_invocation_id_cmp';
COMMENT ON FUNCTION restate_invocation_id_cmp(restate_invocation_id, restate_invocation_id) IS
'Compares two invocation ids, partition key first, then uuid: below, at or above 0. For btree indexes.';

CREATE FUNCTION restate_invocation_id_sortsupport(internal) RETURNS void
  LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE
  AS 'MODULE_PATHNAME', 'restate_invocation_id_sortsupport';
COMMENT ON FUNCTION restate_invocation_id_sortsupport(internal) IS
'Makes sorting invocation ids fast. For btree indexes and sorts.';

CREATE FUNCTION restate_invocation_id_hash(restate_invocation_id) RETURNS integer
  LANGUAGE C IMMUTABLE STRICT LEAKPROOF PARALLEL SAFE
  AS 'MODULE_PATHNAME', 'restate_invocation_id_hash';
COMMENT ON FUNCTION restate_invocation_id_hash(restate_invocation_id) IS
'The hash of an invocation id. For hash indexes and joins.';

CREATE FUNCTION restate_invocation_id_hash_extended(restate_invocation_id, bigint) RETURNS bigint
  LANGUAGE C IMMUTABLE STRICT LEAKPROOF PARALLEL SAFE
  AS 'MODULE_PATHNAME', 'restate_invocation_id_hash_extended';
COMMENT ON FUNCTION restate_invocation_id_hash_extended(restate_invocation_id, bigint) IS
'The 64-bit hash of an invocation id with the seed given. For hash partitions.';

CREATE OPERATOR < (
  LEFTARG = restate_invocation_id, RIGHTARG = restate_invocation_id, FUNCTION = restate_invocation_id_lt,
  COMMUTATOR = >, NEGATOR = >=, RESTRICT = scalarltsel, JOIN = scalarltjoinsel
);
COMMENT ON OPERATOR < (restate_invocation_id, restate_invocation_id) IS
'is less than';

CREATE OPERATOR <= (
  LEFTARG = restate_invocation_id, RIGHTARG = restate_invocation_id, FUNCTION = restate_invocation_id_le,
  COMMUTATOR = >=, NEGATOR = >, RESTRICT = scalarlesel, JOIN = scalarlejoinsel
);
COMMENT ON OPERATOR <= (restate_invocation_id, restate_invocation_id) IS
'is less than or equal to';

CREATE OPERATOR = (
  LEFTARG = restate_invocation_id, RIGHTARG = restate_invocation_id, FUNCTION = restate_invocation_id_eq,
  COMMUTATOR = =, NEGATOR = <>, RESTRICT = eqsel, JOIN = eqjoinsel,
  HASHES, MERGES
);
COMMENT ON OPERATOR = (restate_invocation_id, restate_invocation_id) IS
'equals';

CREATE OPERATOR <> (
  LEFTARG = restate_invocation_id, RIGHTARG = restate_invocation_id, FUNCTION = restate_invocation_id_ne,
  COMMUTATOR = <>, NEGATOR = =, RESTRICT = neqsel, JOIN = neqjoinsel
);
COMMENT ON OPERATOR <> (restate_invocation_id, restate_invocation_id) IS
'differs from';

CREATE OPERATOR >= (
  LEFTARG = restate_invocation_id, RIGHTARG = restate_invocation_id, FUNCTION = restate_invocation_id_ge,
  COMMUTATOR = <=, NEGATOR = <, RESTRICT = scalargesel, JOIN = scalargejoinsel
);
COMMENT ON OPERATOR >= (restate_invocation_id, restate_invocation_id) IS
'is greater than or equal to';

CREATE OPERATOR > (
  LEFTARG = restate_invocation_id, RIGHTARG = restate_invocation_id, FUNCTION = restate_invocation_id_gt,
  COMMUTATOR = <, NEGATOR = <=, RESTRICT = scalargtsel, JOIN = scalargtjoinsel
);
COMMENT ON OPERATOR > (restate_invocation_id, restate_invocation_id) IS
'is greater than';

CREATE OPERATOR CLASS restate_invocation_id_ops DEFAULT FOR TYPE restate_invocation_id USING btree AS
  OPERATOR 1 <, OPERATOR 2 <=, OPERATOR 3 =, OPERATOR 4 >=, OPERATOR 5 >,
  FUNCTION 1 restate_invocation_id_cmp(restate_invocation_id, restate_invocation_id),
  FUNCTION 2 restate_invocation_id_sortsupport(internal),
  FUNCTION 4 btequalimage(oid);
COMMENT ON OPERATOR CLASS restate_invocation_id_ops USING btree IS
'orders invocation ids, partition key first, then uuid';

CREATE OPERATOR CLASS restate_invocation_id_ops DEFAULT FOR TYPE restate_invocation_id USING hash AS
  OPERATOR 1 =,
  FUNCTION 1 restate_invocation_id_hash(restate_invocation_id),
  FUNCTION 2 restate_invocation_id_hash_extended(restate_invocation_id, bigint);
COMMENT ON OPERATOR CLASS restate_invocation_id_ops USING hash IS
'hashes invocation ids';

CREATE TYPE restate_deployment_id;

CREATE FUNCTION restate_deployment_id_in(cstring) RETURNS restate_deployment_id
  LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE
  AS 'MODULE_PATHNAME', 'restate_deployment_id_in';
COMMENT ON FUNCTION restate_deployment_id_in(cstring) IS
'Reads the text of a deployment id, exactly 26 characters. Error: invalid_deployment_id.';

CREATE FUNCTION restate_deployment_id_out(restate_deployment_id) RETURNS cstring
  LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE
  AS 'MODULE_PATHNAME', 'restate_deployment_id_out';
COMMENT ON FUNCTION restate_deployment_id_out(restate_deployment_id) IS
'Writes the text of a deployment id.';

CREATE FUNCTION restate_deployment_id_recv(internal) RETURNS restate_deployment_id
  LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE
  AS 'MODULE_PATHNAME', 'restate_deployment_id_recv';
COMMENT ON FUNCTION restate_deployment_id_recv(internal) IS
'Reads the binary form of a deployment id, exactly 16 bytes. Error: invalid_binary_representation.';

CREATE FUNCTION restate_deployment_id_send(restate_deployment_id) RETURNS bytea
  LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE
  AS 'MODULE_PATHNAME', 'restate_deployment_id_send';
COMMENT ON FUNCTION restate_deployment_id_send(restate_deployment_id) IS
'Writes the binary form of a deployment id, 16 bytes.';

CREATE TYPE restate_deployment_id (
  INPUT = restate_deployment_id_in,
  OUTPUT = restate_deployment_id_out,
  RECEIVE = restate_deployment_id_recv,
  SEND = restate_deployment_id_send,
  INTERNALLENGTH = 16,
  ALIGNMENT = char
);
COMMENT ON TYPE restate_deployment_id IS
'A deployment id, dp_1 and 22 base62 characters: a uuid of 128 bits. Text that is malformed is the error invalid_deployment_id (PT400). Its binary form is 16 bytes, big-endian.';

CREATE FUNCTION restate_deployment_id_lt(restate_deployment_id, restate_deployment_id) RETURNS boolean
  LANGUAGE C IMMUTABLE STRICT LEAKPROOF PARALLEL SAFE
  AS 'MODULE_PATHNAME', 'restate_deployment_id_lt';
COMMENT ON FUNCTION restate_deployment_id_lt(restate_deployment_id, restate_deployment_id) IS
'Whether the first deployment id is less than the second. Behind the operator <.';

CREATE FUNCTION restate_deployment_id_le(restate_deployment_id, restate_deployment_id) RETURNS boolean
  LANGUAGE C IMMUTABLE STRICT LEAKPROOF PARALLEL SAFE
  AS 'MODULE_PATHNAME', 'restate_deployment_id_le';
COMMENT ON FUNCTION restate_deployment_id_le(restate_deployment_id, restate_deployment_id) IS
'Whether the first deployment id is less than or equal to the second. Behind the operator <=.';

CREATE FUNCTION restate_deployment_id_eq(restate_deployment_id, restate_deployment_id) RETURNS boolean
  LANGUAGE C IMMUTABLE STRICT LEAKPROOF PARALLEL SAFE
  AS 'MODULE_PATHNAME', 'restate_deployment_id_eq';
COMMENT ON FUNCTION restate_deployment_id_eq(restate_deployment_id, restate_deployment_id) IS
'Whether the first deployment id equals the second. Behind the operator =.';

CREATE FUNCTION restate_deployment_id_ne(restate_deployment_id, restate_deployment_id) RETURNS boolean
  LANGUAGE C IMMUTABLE STRICT LEAKPROOF PARALLEL SAFE
  AS 'MODULE_PATHNAME', 'restate_deployment_id_ne';
COMMENT ON FUNCTION restate_deployment_id_ne(restate_deployment_id, restate_deployment_id) IS
'Whether the first deployment id differs from the second. Behind the operator <>.';

CREATE FUNCTION restate_deployment_id_ge(restate_deployment_id, restate_deployment_id) RETURNS boolean
  LANGUAGE C IMMUTABLE STRICT LEAKPROOF PARALLEL SAFE
  AS 'MODULE_PATHNAME', 'restate_deployment_id_ge';
COMMENT ON FUNCTION restate_deployment_id_ge(restate_deployment_id, restate_deployment_id) IS
'Whether the first deployment id is greater than or equal to the second. Behind the operator >=.';

CREATE FUNCTION restate_deployment_id_gt(restate_deployment_id, restate_deployment_id) RETURNS boolean
  LANGUAGE C IMMUTABLE STRICT LEAKPROOF PARALLEL SAFE
  AS 'MODULE_PATHNAME', 'restate_deployment_id_gt';
COMMENT ON FUNCTION restate_deployment_id_gt(restate_deployment_id, restate_deployment_id) IS
'Whether the first deployment id is greater than the second. Behind the operator >.';

CREATE FUNCTION restate_deployment_id_cmp(restate_deployment_id, restate_deployment_id) RETURNS integer
  LANGUAGE C IMMUTABLE STRICT LEAKPROOF PARALLEL SAFE
  AS 'MODULE_PATHNAME', 'restate_deployment_id_cmp';
COMMENT ON FUNCTION restate_deployment_id_cmp(restate_deployment_id, restate_deployment_id) IS
'Compares two deployment ids, by their bytes: below, at or above 0. For btree indexes.';

CREATE FUNCTION restate_deployment_id_sortsupport(internal) RETURNS void
  LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE
  AS 'MODULE_PATHNAME', 'restate_deployment_id_sortsupport';
COMMENT ON FUNCTION restate_deployment_id_sortsupport(internal) IS
'Makes sorting deployment ids fast. For btree indexes and sorts.';

CREATE FUNCTION restate_deployment_id_hash(restate_deployment_id) RETURNS integer
  LANGUAGE C IMMUTABLE STRICT LEAKPROOF PARALLEL SAFE
  AS 'MODULE_PATHNAME', 'restate_deployment_id_hash';
COMMENT ON FUNCTION restate_deployment_id_hash(restate_deployment_id) IS
'The hash of a deployment id. For hash indexes and joins.';

CREATE FUNCTION restate_deployment_id_hash_extended(restate_deployment_id, bigint) RETURNS bigint
  LANGUAGE C IMMUTABLE STRICT LEAKPROOF PARALLEL SAFE
  AS 'MODULE_PATHNAME', 'restate_deployment_id_hash_extended';
COMMENT ON FUNCTION restate_deployment_id_hash_extended(restate_deployment_id, bigint) IS
'The 64-bit hash of a deployment id with the seed given. For hash partitions.';

CREATE OPERATOR < (
  LEFTARG = restate_deployment_id, RIGHTARG = restate_deployment_id, FUNCTION = restate_deployment_id_lt,
  COMMUTATOR = >, NEGATOR = >=, RESTRICT = scalarltsel, JOIN = scalarltjoinsel
);
COMMENT ON OPERATOR < (restate_deployment_id, restate_deployment_id) IS
'is less than';

CREATE OPERATOR <= (
  LEFTARG = restate_deployment_id, RIGHTARG = restate_deployment_id, FUNCTION = restate_deployment_id_le,
  COMMUTATOR = >=, NEGATOR = >, RESTRICT = scalarlesel, JOIN = scalarlejoinsel
);
COMMENT ON OPERATOR <= (restate_deployment_id, restate_deployment_id) IS
'is less than or equal to';

CREATE OPERATOR = (
  LEFTARG = restate_deployment_id, RIGHTARG = restate_deployment_id, FUNCTION = restate_deployment_id_eq,
  COMMUTATOR = =, NEGATOR = <>, RESTRICT = eqsel, JOIN = eqjoinsel,
  HASHES, MERGES
);
COMMENT ON OPERATOR = (restate_deployment_id, restate_deployment_id) IS
'equals';

CREATE OPERATOR <> (
  LEFTARG = restate_deployment_id, RIGHTARG = restate_deployment_id, FUNCTION = restate_deployment_id_ne,
  COMMUTATOR = <>, NEGATOR = =, RESTRICT = neqsel, JOIN = neqjoinsel
);
COMMENT ON OPERATOR <> (restate_deployment_id, restate_deployment_id) IS
'differs from';

CREATE OPERATOR >= (
  LEFTARG = restate_deployment_id, RIGHTARG = restate_deployment_id, FUNCTION = restate_deployment_id_ge,
  COMMUTATOR = <=, NEGATOR = <, RESTRICT = scalargesel, JOIN = scalargejoinsel
);
COMMENT ON OPERATOR >= (restate_deployment_id, restate_deployment_id) IS
'is greater than or equal to';

CREATE OPERATOR > (
  LEFTARG = restate_deployment_id, RIGHTARG = restate_deployment_id, FUNCTION = restate_deployment_id_gt,
  COMMUTATOR = <, NEGATOR = <=, RESTRICT = scalargtsel, JOIN = scalargtjoinsel
);
COMMENT ON OPERATOR > (restate_deployment_id, restate_deployment_id) IS
'is greater than';

CREATE OPERATOR CLASS restate_deployment_id_ops DEFAULT FOR TYPE restate_deployment_id USING btree AS
  OPERATOR 1 <, OPERATOR 2 <=, OPERATOR 3 =, OPERATOR 4 >=, OPERATOR 5 >,
  FUNCTION 1 restate_deployment_id_cmp(restate_deployment_id, restate_deployment_id),
  FUNCTION 2 restate_deployment_id_sortsupport(internal),
  FUNCTION 4 btequalimage(oid);
COMMENT ON OPERATOR CLASS restate_deployment_id_ops USING btree IS
'orders deployment ids, by their bytes';

CREATE OPERATOR CLASS restate_deployment_id_ops DEFAULT FOR TYPE restate_deployment_id USING hash AS
  OPERATOR 1 =,
  FUNCTION 1 restate_deployment_id_hash(restate_deployment_id),
  FUNCTION 2 restate_deployment_id_hash_extended(restate_deployment_id, bigint);
COMMENT ON OPERATOR CLASS restate_deployment_id_ops USING hash IS
'hashes deployment ids';

-- What is in an id.

CREATE FUNCTION restate_partition_key(id restate_invocation_id) RETURNS bigint
  LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE
  AS 'MODULE_PATHNAME', 'restate_partition_key_of_id';
COMMENT ON FUNCTION restate_partition_key(restate_invocation_id) IS
'The partition key of an invocation: the first 64 bits of the id, as a signed number (restate_partition_key_unsigned shows it unsigned). A literal needs its type, restate_partition_key(restate_invocation_id ''inv_1…''): without it, it is taken for an object key. id: the invocation. Null: null.';

CREATE FUNCTION restate_partition_key(service_key text) RETURNS bigint
  LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE
  AS 'MODULE_PATHNAME', 'restate_partition_key_of_text';
COMMENT ON FUNCTION restate_partition_key(text) IS
'The partition key of every invocation of an object key or workflow key: XXH3-64 of the key in UTF-8 and a byte 0xFF, as a signed number. service_key: the key, of any service. Null: null. Errors: those of the conversion to UTF-8.';

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
-- The schema, and the rules that a row of its tables holds by itself: one
-- function a rule, because the server reads a table's CHECK constraints back
-- from text in each INSERT and UPDATE, and a call reads faster than what it
-- stands for.

CREATE SCHEMA restate;
COMMENT ON SCHEMA restate IS
'Durable invocations, their journals, and the sys_* views for introspection.';

CREATE FUNCTION restate.check_status(
    status text, inbox_sequence_number bigint,
    suspended_waiting_for_completions bigint[], suspended_waiting_for_signals bigint[])
  RETURNS boolean
  LANGUAGE C IMMUTABLE CALLED ON NULL INPUT PARALLEL SAFE
  AS 'MODULE_PATHNAME', 'restate_check_status';
COMMENT ON FUNCTION restate.check_status(text, bigint, bigint[], bigint[]) IS
'Whether the status is one, with a place in the inbox exactly if it is pending, and with what it waits for only if it is suspended.';

CREATE FUNCTION restate.check_completion(status text, completion_result text, completion_failure text)
  RETURNS boolean
  LANGUAGE C IMMUTABLE CALLED ON NULL INPUT PARALLEL SAFE
  AS 'MODULE_PATHNAME', 'restate_check_completion';
COMMENT ON FUNCTION restate.check_completion(text, text, text) IS
'Whether there is a result, success or failure, exactly if the status is completed, and a failure exactly with that result.';

CREATE FUNCTION restate.check_target(target_service_ty text, target_service_key text, target_handler_ty text)
  RETURNS boolean
  LANGUAGE C IMMUTABLE CALLED ON NULL INPUT PARALLEL SAFE
  AS 'MODULE_PATHNAME', 'restate_check_target';
COMMENT ON FUNCTION restate.check_target(text, text, text) IS
'Whether the kind of service is one, and key and kind of handler are there exactly if it has them: exclusive or shared for a virtual object, workflow or shared for a workflow.';

CREATE FUNCTION restate.check_invoked_by(invoked_by text, restarted_from restate_invocation_id, request_id text)
  RETURNS boolean
  LANGUAGE C IMMUTABLE CALLED ON NULL INPUT PARALLEL SAFE
  AS 'MODULE_PATHNAME', 'restate_check_invoked_by';
COMMENT ON FUNCTION restate.check_invoked_by(text, restate_invocation_id, text) IS
'Whether the origin is ingress, service, subscription or restart_as_new, with an original exactly for the last, and a request id at most there.';

CREATE FUNCTION restate.check_pinned(
    pinned_deployment_id restate_deployment_id, pinned_service_protocol_version integer)
  RETURNS boolean
  LANGUAGE C IMMUTABLE CALLED ON NULL INPUT PARALLEL SAFE
  AS 'MODULE_PATHNAME', 'restate_check_pinned';
COMMENT ON FUNCTION restate.check_pinned(restate_deployment_id, integer) IS
'Whether a deployment and a protocol version, 1 or more, are both there or neither.';

CREATE FUNCTION restate.check_journal_size(journal_size bigint, journal_commands_size bigint)
  RETURNS boolean
  LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE
  AS 'MODULE_PATHNAME', 'restate_check_journal_size';
COMMENT ON FUNCTION restate.check_journal_size(bigint, bigint) IS
'Whether a journal can have so many entries, up to 4294967296, and so many of them be commands. Null: null.';

CREATE FUNCTION restate.check_retention(completion_retention interval, journal_retention interval)
  RETURNS boolean
  LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE
  AS 'MODULE_PATHNAME', 'restate_check_retention';
COMMENT ON FUNCTION restate.check_retention(interval, interval) IS
'Whether neither retention is negative. Null: null.';

CREATE FUNCTION restate.check_entry_numbers(
    index bigint, completion_id bigint, result_completion_id bigint, signal_index bigint)
  RETURNS boolean
  LANGUAGE C IMMUTABLE CALLED ON NULL INPUT PARALLEL SAFE
  AS 'MODULE_PATHNAME', 'restate_check_entry_numbers';
COMMENT ON FUNCTION restate.check_entry_numbers(bigint, bigint, bigint, bigint) IS
'Whether each is null or from 0 to 4294967295.';

CREATE FUNCTION restate.check_json_object(value jsonb) RETURNS boolean
  LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE
  AS 'MODULE_PATHNAME', 'restate_check_json_object';
COMMENT ON FUNCTION restate.check_json_object(jsonb) IS
'Whether it is a JSON object; reads only the start of a long one. Null: null.';

CREATE FUNCTION restate.check_json_array(value jsonb) RETURNS boolean
  LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE
  AS 'MODULE_PATHNAME', 'restate_check_json_array';
COMMENT ON FUNCTION restate.check_json_array(jsonb) IS
'Whether it is a JSON array; reads only the start of a long one. Null: null.';
-- The data: deployments and the services they serve, invocations and their
-- journals, object keys, state and promises, and the audit.
--
-- partition_key, the id's first 64 bits as a signed number, stands in every
-- per-invocation table and at the end of its primary key, so that the tables
-- can be distributed by it.  Nothing here has a trigger, and nothing on the
-- path of a journal append has a foreign key.

CREATE TYPE restate.entry_type AS ENUM (
  'Command: Input', 'Command: Output', 'Command: Run', 'Command: Sleep',
  'Command: Call', 'Command: OneWayCall', 'Command: SendSignal',
  'Command: AttachInvocation', 'Command: GetInvocationOutput',
  'Command: CompleteAwakeable', 'Command: GetEagerState',
  'Command: GetEagerStateKeys', 'Command: GetLazyState',
  'Command: GetLazyStateKeys', 'Command: SetState', 'Command: ClearState',
  'Command: ClearAllState', 'Command: GetPromise', 'Command: PeekPromise',
  'Command: CompletePromise',
  'Notification: Run', 'Notification: Sleep', 'Notification: Call',
  'Notification: CallInvocationId', 'Notification: AttachInvocation',
  'Notification: GetInvocationOutput', 'Notification: GetLazyState',
  'Notification: GetLazyStateKeys', 'Notification: GetPromise',
  'Notification: PeekPromise', 'Notification: CompletePromise',
  'Notification: Signal');
COMMENT ON TYPE restate.entry_type IS
'The kinds of journal entry: commands a handler issued, notifications it received. The commands sort first.';

CREATE TABLE restate.deployment (
  id restate_deployment_id PRIMARY KEY,
  ty text NOT NULL CHECK (ty IN ('http', 'lambda')),
  endpoint text NOT NULL,
  created_at timestamptz NOT NULL DEFAULT now(),
  min_service_protocol_version integer NOT NULL CHECK (min_service_protocol_version > 0),
  max_service_protocol_version integer NOT NULL,
  sdk_version text,
  http_version text,
  CHECK (max_service_protocol_version >= min_service_protocol_version)
);
REVOKE ALL ON restate.deployment FROM PUBLIC;
COMMENT ON TABLE restate.deployment IS
'The registered deployments: endpoints that serve handlers.';

CREATE TABLE restate.service_revision (
  service_name text NOT NULL CHECK (service_name <> ''),
  revision bigint NOT NULL CHECK (revision > 0),
  deployment_id restate_deployment_id NOT NULL,
  ty text NOT NULL CHECK (ty IN ('service', 'virtual_object', 'workflow')),
  public boolean NOT NULL DEFAULT true,
  handlers jsonb NOT NULL DEFAULT '[]' CHECK (jsonb_typeof(handlers) = 'array'),
  idempotency_retention interval,
  journal_retention interval,
  workflow_completion_retention interval,
  settings jsonb NOT NULL DEFAULT '{}' CHECK (jsonb_typeof(settings) = 'object'),
  PRIMARY KEY (service_name, revision)
);
REVOKE ALL ON restate.service_revision FROM PUBLIC;
CREATE INDEX service_revision_deployment_id_idx ON restate.service_revision (deployment_id);
COMMENT ON TABLE restate.service_revision IS
'Which deployment serves a service: one row a revision, the highest being the latest.';
COMMENT ON COLUMN restate.service_revision.deployment_id IS
'The deployment that serves this revision. No foreign key: a parallel pg_restore loads the tables in any order. A revision whose deployment is gone serves nothing.';
COMMENT ON COLUMN restate.service_revision.handlers IS
'The handlers as the Admin API shows them: an array of objects with name, ty and so on.';
COMMENT ON COLUMN restate.service_revision.settings IS
'Further fields of the service as the Admin API shows it, such as inactivity_timeout.';

CREATE TABLE restate.invocation (
  id restate_invocation_id NOT NULL,
  partition_key bigint NOT NULL,
  status text NOT NULL,
  target_service_name text NOT NULL,
  target_service_key text,
  target_handler_name text NOT NULL,
  target_service_ty text NOT NULL,
  target_handler_ty text,
  idempotency_key text,
  invoked_by text NOT NULL,
  invoked_by_id restate_invocation_id,
  invoked_by_service_name text,
  invoked_by_target text,
  invoked_by_subscription_id text,
  restarted_from restate_invocation_id,
  request_id text,
  pinned_deployment_id restate_deployment_id,
  pinned_service_protocol_version integer,
  journal_size bigint NOT NULL DEFAULT 0,
  journal_commands_size bigint NOT NULL DEFAULT 0,
  created_at timestamptz NOT NULL DEFAULT now(),
  created_using_restate_version text,
  modified_at timestamptz NOT NULL DEFAULT now(),
  inboxed_at timestamptz,
  scheduled_at timestamptz,
  scheduled_start_at timestamptz,
  running_at timestamptz,
  completed_at timestamptz,
  completion_retention interval NOT NULL DEFAULT '1 day',
  journal_retention interval NOT NULL DEFAULT '1 day',
  -- what a suspended invocation waits for, each a u32
  suspended_waiting_for_completions bigint[],
  suspended_waiting_for_signals bigint[],
  inbox_sequence_number bigint,
  pause_requested boolean NOT NULL DEFAULT false,
  retry_count bigint CHECK (retry_count >= 0),
  last_start_at timestamptz,
  next_retry_at timestamptz,
  last_attempt_deployment_id restate_deployment_id,
  last_attempt_server text,
  last_failure text,
  last_failure_error_code text,
  last_failure_related_command_index bigint,
  last_failure_related_command_name text,
  last_failure_related_command_type text,
  completion_result text,
  completion_failure text,
  completion_payload bytea,
  random_seed bigint NOT NULL DEFAULT restate_random_seed(),
  trace_id text,
  -- the input of an invocation that has not started: no journal holds it yet
  input_headers jsonb CHECK (restate.check_json_array(input_headers)),
  input_payload bytea,

  PRIMARY KEY (id, partition_key),
  CONSTRAINT invocation_partition_key_check CHECK (partition_key = restate_partition_key(id)),
  CONSTRAINT invocation_status_check CHECK (restate.check_status(status, inbox_sequence_number,
    suspended_waiting_for_completions, suspended_waiting_for_signals)),
  CONSTRAINT invocation_completion_check CHECK (
    restate.check_completion(status, completion_result, completion_failure)),
  CONSTRAINT invocation_target_check CHECK (
    restate.check_target(target_service_ty, target_service_key, target_handler_ty)),
  CONSTRAINT invocation_invoked_by_check CHECK (
    restate.check_invoked_by(invoked_by, restarted_from, request_id)),
  CONSTRAINT invocation_pinned_check CHECK (
    restate.check_pinned(pinned_deployment_id, pinned_service_protocol_version)),
  CONSTRAINT invocation_journal_check CHECK (
    restate.check_journal_size(journal_size, journal_commands_size)),
  CONSTRAINT invocation_retention_check CHECK (
    restate.check_retention(completion_retention, journal_retention))
) WITH (fillfactor = 85);
REVOKE ALL ON restate.invocation FROM PUBLIC;
COMMENT ON TABLE restate.invocation IS
'One row an invocation, with the columns of Restate''s sys_invocation under their names.';
COMMENT ON COLUMN restate.invocation.target_handler_ty IS
'exclusive or shared for a virtual object, workflow (the run) or shared for a workflow, null for a service.';
COMMENT ON COLUMN restate.invocation.request_id IS
'What makes a restart repeatable: one restart of an original carries it.';
COMMENT ON COLUMN restate.invocation.inbox_sequence_number IS
'The place in the inbox of the object key, while pending.';
COMMENT ON COLUMN restate.invocation.pause_requested IS
'A pause waits for the attempt that is running to end.';

-- the inbox of an object key, first in first out
CREATE UNIQUE INDEX invocation_inbox_idx ON restate.invocation
  (target_service_name, target_service_key, inbox_sequence_number, partition_key)
  WHERE status = 'pending';
-- what is not completed, for operators and runtimes
CREATE INDEX invocation_in_flight_idx ON restate.invocation (status, target_service_name)
  WHERE status <> 'completed';
-- the restarts of an original, no two with the same request id
CREATE UNIQUE INDEX invocation_restarted_from_idx ON restate.invocation
  (restarted_from, request_id, partition_key)
  WHERE restarted_from IS NOT NULL;
-- the invocations of a service, and of one object key
CREATE INDEX invocation_target_idx ON restate.invocation
  (target_service_name, target_service_key, target_handler_name);

CREATE TABLE restate.journal (
  id restate_invocation_id NOT NULL,
  partition_key bigint NOT NULL,
  index bigint NOT NULL,
  appended_at timestamptz NOT NULL DEFAULT now(),
  completion_id bigint,
  result_completion_id bigint,
  signal_index bigint,
  entry_type restate.entry_type NOT NULL,
  version integer NOT NULL DEFAULT 2,
  invoked_id restate_invocation_id,
  name text,
  signal_name text,
  meta jsonb NOT NULL DEFAULT '{}' CHECK (restate.check_json_object(meta)),
  payload bytea,
  PRIMARY KEY (id, index, partition_key),
  CONSTRAINT journal_partition_key_check CHECK (partition_key = restate_partition_key(id)),
  CONSTRAINT journal_numbers_check CHECK (
    restate.check_entry_numbers(index, completion_id, result_completion_id, signal_index))
);
REVOKE ALL ON restate.journal FROM PUBLIC;
-- the completion that a command waits for
CREATE INDEX journal_completion_idx ON restate.journal (id, completion_id, partition_key)
  WHERE completion_id IS NOT NULL AND entry_type >= 'Notification: Run';
-- whom an invocation called
CREATE INDEX journal_invoked_idx ON restate.journal (id, invoked_id, partition_key)
  WHERE invoked_id IS NOT NULL;
COMMENT ON TABLE restate.journal IS
'The journal entries of each invocation: the input at index 0, then commands and notifications without a gap.';
COMMENT ON COLUMN restate.journal.completion_id IS
'On a command the completion it waits for, on a notification the one it brings.';
COMMENT ON COLUMN restate.journal.result_completion_id IS
'The second completion of a Call, its result; the first brings the id of the callee.';
COMMENT ON COLUMN restate.journal.meta IS
'The entry without its bytes and without what has a column of its own.';

CREATE TABLE restate.journal_event (
  id restate_invocation_id NOT NULL,
  partition_key bigint NOT NULL,
  event_index bigint NOT NULL CHECK (event_index >= 0),
  after_journal_entry_index bigint NOT NULL CHECK (after_journal_entry_index BETWEEN 0 AND 4294967295),
  appended_at timestamptz NOT NULL DEFAULT now(),
  event_type text NOT NULL,
  event_json jsonb NOT NULL CHECK (jsonb_typeof(event_json) = 'object'),
  PRIMARY KEY (id, event_index, partition_key),
  CONSTRAINT journal_event_partition_key_check CHECK (partition_key = restate_partition_key(id))
);
REVOKE ALL ON restate.journal_event FROM PUBLIC;
COMMENT ON TABLE restate.journal_event IS
'What happened beside the journal, such as a failed attempt. Never copied by a restart.';

CREATE TABLE restate.object_key (
  service_name text NOT NULL,
  service_key text NOT NULL,
  partition_key bigint NOT NULL,
  holder restate_invocation_id,
  next_sequence_number bigint NOT NULL DEFAULT 0,
  PRIMARY KEY (service_name, service_key, partition_key),
  CONSTRAINT object_key_partition_key_check CHECK (partition_key = restate_partition_key(service_key))
) WITH (fillfactor = 70);
REVOKE ALL ON restate.object_key FROM PUBLIC;
COMMENT ON TABLE restate.object_key IS
'The keys of virtual objects: who holds each, and the counter that orders its inbox.';

CREATE TABLE restate.object_state (
  service_name text NOT NULL,
  service_key text NOT NULL,
  key text NOT NULL,
  partition_key bigint NOT NULL,
  value bytea NOT NULL,
  PRIMARY KEY (service_name, service_key, key, partition_key),
  CONSTRAINT object_state_partition_key_check CHECK (partition_key = restate_partition_key(service_key))
);
REVOKE ALL ON restate.object_state FROM PUBLIC;
COMMENT ON TABLE restate.object_state IS
'The state of virtual objects and workflows. Read it through restate.state.';

CREATE TABLE restate.promise (
  service_name text NOT NULL,
  service_key text NOT NULL,
  key text NOT NULL,
  partition_key bigint NOT NULL,
  completed boolean NOT NULL DEFAULT false,
  completion_success_value bytea,
  completion_failure text,
  PRIMARY KEY (service_name, service_key, key, partition_key),
  CONSTRAINT promise_partition_key_check CHECK (partition_key = restate_partition_key(service_key)),
  CONSTRAINT promise_completed_check CHECK (
    completed = (completion_success_value IS NOT NULL OR completion_failure IS NOT NULL)
    AND (completion_success_value IS NULL OR completion_failure IS NULL))
);
REVOKE ALL ON restate.promise FROM PUBLIC;
COMMENT ON TABLE restate.promise IS
'The durable promises of workflows.';

CREATE TABLE restate.audit (
  audit_id bigint GENERATED BY DEFAULT AS IDENTITY,
  partition_key bigint NOT NULL,
  id restate_invocation_id NOT NULL,
  at timestamptz NOT NULL,
  operation text NOT NULL,
  parameters jsonb NOT NULL CHECK (restate.check_json_object(parameters)),
  outcome text NOT NULL,
  new_id restate_invocation_id,
  caused_by restate_invocation_id,
  role_name text NOT NULL,
  session_user_name text NOT NULL,
  claimed_subject text,
  reason text,
  PRIMARY KEY (audit_id, partition_key),
  CONSTRAINT audit_partition_key_check CHECK (partition_key = restate_partition_key(id))
);
REVOKE ALL ON restate.audit FROM PUBLIC;
CREATE INDEX audit_id_idx ON restate.audit (id);
CREATE INDEX audit_at_idx ON restate.audit USING brin (at);
COMMENT ON TABLE restate.audit IS
'One row for every operation that took effect, written in its transaction. Rows outlive the invocation.';
COMMENT ON COLUMN restate.audit.claimed_subject IS
'The sub of request.jwt.claims. Whoever can set that setting can claim any subject.';
COMMENT ON COLUMN restate.audit.caused_by IS
'The invocation that the operation named, where it reached this one through it.';
-- Journal entries: their JSON, taken apart for restate.journal and put
-- together again for the views.  Which part of an entry goes where is one
-- table, in the C sources.
--
-- STABLE, not IMMUTABLE: the values of restate.entry_type are looked up in the
-- catalog, as enum input and output do.  None of these reads a table.

CREATE FUNCTION restate.parse_entry(
  entry_json jsonb,
  OUT entry_type restate.entry_type,
  OUT name text,
  OUT completion_id bigint,
  OUT result_completion_id bigint,
  OUT invoked_id restate_invocation_id,
  OUT signal_index bigint,
  OUT signal_name text,
  OUT meta jsonb,
  OUT payload bytea)
  LANGUAGE C STABLE STRICT PARALLEL SAFE COST 20
  AS 'MODULE_PATHNAME', 'restate_parse_entry';
COMMENT ON FUNCTION restate.parse_entry(jsonb) IS
'Takes a journal entry''s JSON apart into the columns of restate.journal. The entry is {"Command":{KIND:{...}}}, {"Notification":{"Completion":{KIND:{...}}}} or {"Notification":{"Signal":{...}}}, with the fields of Restate''s entry_json; bytes are arrays of whole numbers from 0 to 255. meta is the fields without the bytes and without what has a column: a Success leaves nothing there, Void and Failure stay, as do fields of unknown name. Errors: invalid_body, invalid_invocation_id for a malformed id in it.';

CREATE FUNCTION restate.entry_json(
  entry_type restate.entry_type,
  name text,
  completion_id bigint,
  result_completion_id bigint,
  invoked_id restate_invocation_id,
  signal_index bigint,
  signal_name text,
  meta jsonb,
  payload bytea)
  RETURNS text
  LANGUAGE C STABLE CALLED ON NULL INPUT PARALLEL SAFE COST 100
  AS 'MODULE_PATHNAME', 'restate_entry_json';
COMMENT ON FUNCTION restate.entry_json(restate.entry_type, text, bigint, bigint, restate_invocation_id, bigint, text, jsonb, bytea) IS
'Puts a journal entry''s JSON together from the columns of restate.journal: the inverse of restate.parse_entry. What is null is left out; null without an entry type.';

CREATE FUNCTION restate.entry_lite_json(
  entry_type restate.entry_type,
  name text,
  completion_id bigint,
  result_completion_id bigint,
  invoked_id restate_invocation_id,
  signal_index bigint,
  signal_name text,
  meta jsonb)
  RETURNS text
  LANGUAGE C STABLE CALLED ON NULL INPUT PARALLEL SAFE COST 20
  AS 'MODULE_PATHNAME', 'restate_entry_lite_json';
COMMENT ON FUNCTION restate.entry_lite_json(restate.entry_type, text, bigint, bigint, restate_invocation_id, bigint, text, jsonb) IS
'A journal entry''s JSON without bytes, headers and other detail: ids, keys, times, targets, and of a result the name of its variant. Reads no payload. Null without an entry type.';

CREATE FUNCTION restate.invoked_target(entry_type restate.entry_type, meta jsonb)
  RETURNS text
  LANGUAGE SQL IMMUTABLE CALLED ON NULL INPUT PARALLEL SAFE
  RETURN CASE WHEN entry_type IN ('Command: Call', 'Command: OneWayCall') THEN
    coalesce(
      (meta #>> '{request,invocation_target,Service,name}') || '/'
        || (meta #>> '{request,invocation_target,Service,handler}'),
      (meta #>> '{request,invocation_target,VirtualObject,name}') || '/'
        || (meta #>> '{request,invocation_target,VirtualObject,key}') || '/'
        || (meta #>> '{request,invocation_target,VirtualObject,handler}'),
      (meta #>> '{request,invocation_target,Workflow,name}') || '/'
        || (meta #>> '{request,invocation_target,Workflow,key}') || '/'
        || (meta #>> '{request,invocation_target,Workflow,handler}'))
  END;
COMMENT ON FUNCTION restate.invoked_target(restate.entry_type, jsonb) IS
'The target of a Call or OneWayCall, from the entry''s meta: service/handler, or service/key/handler. Null for other entries.';

CREATE FUNCTION restate.sleep_wakeup_at(entry_type restate.entry_type, meta jsonb)
  RETURNS timestamptz
  LANGUAGE SQL IMMUTABLE CALLED ON NULL INPUT PARALLEL SAFE
  RETURN CASE
    WHEN entry_type <> 'Command: Sleep' OR jsonb_typeof(meta -> 'wake_up_time') <> 'number' THEN NULL
    -- the last second that a timestamp can hold
    WHEN (meta ->> 'wake_up_time')::numeric > 9224318015999000 THEN 'infinity'::timestamptz
    ELSE to_timestamp((meta ->> 'wake_up_time')::double precision / 1000)
  END;
COMMENT ON FUNCTION restate.sleep_wakeup_at(restate.entry_type, jsonb) IS
'When a Sleep ends, from the entry''s meta; infinity beyond what a timestamp can hold. Null for other entries.';

CREATE FUNCTION restate.promise_name(entry_type restate.entry_type, meta jsonb)
  RETURNS text
  LANGUAGE SQL IMMUTABLE CALLED ON NULL INPUT PARALLEL SAFE
  RETURN CASE WHEN entry_type IN ('Command: GetPromise', 'Command: PeekPromise', 'Command: CompletePromise')
    THEN meta ->> 'key' END;
COMMENT ON FUNCTION restate.promise_name(restate.entry_type, jsonb) IS
'The promise that a command is about, from the entry''s meta. Null for other entries.';

CREATE FUNCTION restate.refuse_body(message text, quoted text DEFAULT NULL)
  RETURNS void
  LANGUAGE C VOLATILE CALLED ON NULL INPUT PARALLEL SAFE
  AS 'MODULE_PATHNAME', 'restate_refuse_body';
COMMENT ON FUNCTION restate.refuse_body(text, text) IS
'Raises the error invalid_body with a message, and after it a text that is quoted and escaped. Returns never.';
-- The introspection views, with the names and columns of Restate's own
-- tables.  A view shows partition keys unsigned and timestamps with their
-- time zone; ids compare with plain strings.

CREATE FUNCTION restate.utf8_or_null(value bytea) RETURNS text
  LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE
  AS 'MODULE_PATHNAME', 'restate_utf8_or_null';
COMMENT ON FUNCTION restate.utf8_or_null(bytea) IS
'The bytes as text, or null where they are not UTF-8 text that the database can hold.';

CREATE VIEW restate.sys_invocation AS
SELECT restate_partition_key_unsigned(i.partition_key) AS partition_key,
  i.id,
  concat_ws('/', i.target_service_name, i.target_service_key, i.target_handler_name) AS target,
  i.target_service_name, i.target_service_key, i.target_handler_name, i.target_service_ty,
  i.idempotency_key,
  i.invoked_by, i.invoked_by_service_name, i.invoked_by_id, i.invoked_by_subscription_id, i.invoked_by_target,
  i.restarted_from,
  i.pinned_deployment_id, i.pinned_service_protocol_version,
  i.trace_id,
  i.journal_size, i.journal_commands_size,
  i.created_at, i.created_using_restate_version, i.modified_at, i.inboxed_at,
  i.scheduled_at, i.scheduled_start_at, i.running_at, i.completed_at,
  i.completion_retention, i.journal_retention,
  i.suspended_waiting_for_completions, i.suspended_waiting_for_signals,
  i.retry_count, i.last_start_at, i.next_retry_at,
  i.last_attempt_deployment_id, i.last_attempt_server,
  i.last_failure, i.last_failure_error_code,
  i.last_failure_related_command_index AS last_failure_related_entry_index,
  i.last_failure_related_command_name AS last_failure_related_entry_name,
  i.last_failure_related_command_type AS last_failure_related_entry_type,
  i.last_failure_related_command_index, i.last_failure_related_command_name, i.last_failure_related_command_type,
  i.status, i.completion_result, i.completion_failure
FROM restate.invocation i;
REVOKE ALL ON restate.sys_invocation FROM PUBLIC;
COMMENT ON VIEW restate.sys_invocation IS
'The invocations. status is one of pending, scheduled, ready, running, backing-off, suspended, paused, completed.';

CREATE VIEW restate.sys_invocation_status AS
SELECT restate_partition_key_unsigned(i.partition_key) AS partition_key,
  i.id,
  CASE i.status
    WHEN 'pending' THEN 'inboxed'
    WHEN 'ready' THEN 'invoked'
    WHEN 'running' THEN 'invoked'
    WHEN 'backing-off' THEN 'invoked'
    ELSE i.status
  END AS status,
  i.completion_result, i.completion_failure,
  concat_ws('/', i.target_service_name, i.target_service_key, i.target_handler_name) AS target,
  i.target_service_name, i.target_service_key, i.target_handler_name, i.target_service_ty,
  i.idempotency_key,
  i.invoked_by, i.invoked_by_service_name, i.invoked_by_id, i.invoked_by_subscription_id, i.invoked_by_target,
  i.restarted_from,
  i.pinned_deployment_id, i.pinned_service_protocol_version,
  i.trace_id,
  i.journal_size, i.journal_commands_size,
  i.created_at, i.created_using_restate_version, i.modified_at, i.inboxed_at,
  i.scheduled_at, i.scheduled_start_at, i.running_at, i.completed_at,
  i.completion_retention, i.journal_retention,
  i.suspended_waiting_for_completions, i.suspended_waiting_for_signals
FROM restate.invocation i;
REVOKE ALL ON restate.sys_invocation_status FROM PUBLIC;
COMMENT ON VIEW restate.sys_invocation_status IS
'The invocations with the coarse status: inboxed, scheduled, invoked, suspended, paused, completed.';

CREATE VIEW restate.sys_journal AS
SELECT restate_partition_key_unsigned(j.partition_key) AS partition_key,
  j.id,
  j.index,
  j.entry_type::text AS entry_type,
  j.name,
  CASE WHEN j.entry_type < 'Notification: Run' AND j.completion_id IS NOT NULL THEN
    EXISTS (SELECT FROM restate.journal n
      WHERE n.id = j.id AND n.partition_key = j.partition_key
        AND n.completion_id = coalesce(j.result_completion_id, j.completion_id)
        AND n.entry_type >= 'Notification: Run')
  END AS completed,
  j.invoked_id,
  restate.invoked_target(j.entry_type, j.meta) AS invoked_target,
  restate.sleep_wakeup_at(j.entry_type, j.meta) AS sleep_wakeup_at,
  restate.promise_name(j.entry_type, j.meta) AS promise_name,
  octet_length(j.payload) AS payload_length,
  j.version,
  restate.entry_json(j.entry_type, j.name, j.completion_id, j.result_completion_id, j.invoked_id,
    j.signal_index, j.signal_name, j.meta, j.payload) AS entry_json,
  restate.entry_lite_json(j.entry_type, j.name, j.completion_id, j.result_completion_id, j.invoked_id,
    j.signal_index, j.signal_name, j.meta) AS entry_lite_json,
  j.appended_at
FROM restate.journal j;
REVOKE ALL ON restate.sys_journal FROM PUBLIC;
COMMENT ON VIEW restate.sys_journal IS
'The journal entries. completed tells of a command whether its (last) completion has arrived.';

CREATE VIEW restate.sys_journal_events AS
SELECT restate_partition_key_unsigned(e.partition_key) AS partition_key,
  e.id, e.after_journal_entry_index, e.appended_at, e.event_type, e.event_json::text AS event_json
FROM restate.journal_event e;
REVOKE ALL ON restate.sys_journal_events FROM PUBLIC;
COMMENT ON VIEW restate.sys_journal_events IS
'What happened beside the journals.';

CREATE VIEW restate.sys_inbox AS
SELECT restate_partition_key_unsigned(i.partition_key) AS partition_key,
  i.target_service_name AS service_name, i.target_service_key AS service_key,
  i.id, i.inbox_sequence_number AS sequence_number, i.created_at
FROM restate.invocation i
WHERE i.status = 'pending';
REVOKE ALL ON restate.sys_inbox FROM PUBLIC;
COMMENT ON VIEW restate.sys_inbox IS
'The invocations that wait for their object key, in the order of sequence_number.';

CREATE VIEW restate.sys_keyed_service_status AS
SELECT restate_partition_key_unsigned(k.partition_key) AS partition_key,
  k.service_name, k.service_key, k.holder AS invocation_id
FROM restate.object_key k
WHERE k.holder IS NOT NULL;
REVOKE ALL ON restate.sys_keyed_service_status FROM PUBLIC;
COMMENT ON VIEW restate.sys_keyed_service_status IS
'The object keys that an invocation holds.';

CREATE VIEW restate.sys_deployment AS
SELECT d.id, d.ty, d.endpoint, d.created_at, d.min_service_protocol_version, d.max_service_protocol_version
FROM restate.deployment d;
REVOKE ALL ON restate.sys_deployment FROM PUBLIC;
COMMENT ON VIEW restate.sys_deployment IS
'The registered deployments.';

CREATE VIEW restate.sys_service AS
SELECT DISTINCT ON (s.service_name) s.service_name AS name, s.revision, s.public, s.ty, s.deployment_id
FROM restate.service_revision s
JOIN restate.deployment d ON d.id = s.deployment_id
ORDER BY s.service_name, s.revision DESC;
REVOKE ALL ON restate.sys_service FROM PUBLIC;
COMMENT ON VIEW restate.sys_service IS
'The services, each at its latest revision.';

CREATE VIEW restate.state AS
SELECT restate_partition_key_unsigned(s.partition_key) AS partition_key,
  s.service_name, s.service_key, s.key, octet_length(s.key) AS key_length,
  restate.utf8_or_null(s.value) AS value_utf8, s.value, octet_length(s.value) AS value_length
FROM restate.object_state s;
REVOKE ALL ON restate.state FROM PUBLIC;
COMMENT ON VIEW restate.state IS
'The state of virtual objects and workflows.';

CREATE VIEW restate.sys_promise AS
SELECT restate_partition_key_unsigned(p.partition_key) AS partition_key,
  p.service_name, p.service_key, p.key, p.completed,
  p.completion_success_value, restate.utf8_or_null(p.completion_success_value) AS completion_success_value_utf8,
  p.completion_failure
FROM restate.promise p;
REVOKE ALL ON restate.sys_promise FROM PUBLIC;
COMMENT ON VIEW restate.sys_promise IS
'The durable promises of workflows.';

CREATE VIEW restate.sys_audit AS
SELECT a.audit_id, a.at, a.operation, a.id, a.parameters, a.outcome, a.new_id, a.caused_by,
  a.role_name, a.session_user_name, a.claimed_subject, a.reason
FROM restate.audit a;
REVOKE ALL ON restate.sys_audit FROM PUBLIC;
COMMENT ON VIEW restate.sys_audit IS
'The operations that took effect: when, by whom, on what, with which outcome and why.';
-- The operations: one row of Restate's Admin API each, on one invocation and
-- on many.  They run with the owner's rights, so that EXECUTE on one is all
-- that an operator needs, and under a search path of their own.

-- What operations read of an invocation and of the deployment asked for, as
-- one value for the library alone.
CREATE FUNCTION restate.facts(
    status text, target_service_name text, target_service_key text, target_service_ty text,
    target_handler_ty text, journal_size bigint, journal_commands_size bigint, pause_requested boolean,
    pinned_deployment_id restate_deployment_id, pinned_service_protocol_version integer,
    completion_retention interval, journal_retention interval, awaits_cancel boolean,
    inbox_sequence_number bigint, invoked_by_id restate_invocation_id,
    deployment_id restate_deployment_id, min_service_protocol_version integer, max_service_protocol_version integer)
  RETURNS bytea
  LANGUAGE C IMMUTABLE CALLED ON NULL INPUT PARALLEL SAFE
  AS 'MODULE_PATHNAME', 'restate_facts';
COMMENT ON FUNCTION restate.facts(text, text, text, text, text, bigint, bigint, boolean, restate_deployment_id,
  integer, interval, interval, boolean, bigint, restate_invocation_id, restate_deployment_id, integer, integer) IS
'The facts that operations decide on, in the form of the library''s memory: for the library''s own statements.';

CREATE FUNCTION restate_purge_journal(id restate_invocation_id)
  RETURNS text
  LANGUAGE c VOLATILE SECURITY DEFINER PARALLEL UNSAFE
  AS 'MODULE_PATHNAME';
REVOKE ALL ON FUNCTION restate_purge_journal(restate_invocation_id) FROM PUBLIC;
COMMENT ON FUNCTION restate_purge_journal(restate_invocation_id) IS
'Purges the journal of a completed invocation and keeps everything else that is known of it. Repeatable. Returns purged, or unchanged where there is no journal. Errors: invalid_invocation_id 400, invocation_not_found 404, not_completed 409. Source: PATCH /invocations/{id}/purge-journal.';

CREATE FUNCTION restate_delete_invocation(id restate_invocation_id, mode text DEFAULT 'cancel')
  RETURNS text
  LANGUAGE c VOLATILE SECURITY DEFINER PARALLEL UNSAFE
  AS 'MODULE_PATHNAME';
REVOKE ALL ON FUNCTION restate_delete_invocation(restate_invocation_id, text) FROM PUBLIC;
COMMENT ON FUNCTION restate_delete_invocation(restate_invocation_id, text) IS
'Deletes an invocation: mode cancel asks it to end, kill ends it with its callees, purge removes it if it has completed and leaves it untouched if not. Returns signalled, removed, killed, purged or unchanged. Errors: invalid_query_parameter 400, invalid_invocation_id 400, invocation_not_found 404, already_completed 409. Source: DELETE /invocations/{id}.';

CREATE FUNCTION restate_cancel(id restate_invocation_id)
  RETURNS text
  LANGUAGE c VOLATILE SECURITY DEFINER PARALLEL UNSAFE
  AS 'MODULE_PATHNAME';
REVOKE ALL ON FUNCTION restate_cancel(restate_invocation_id) FROM PUBLIC;
COMMENT ON FUNCTION restate_cancel(restate_invocation_id) IS
'Cancels an invocation: the handler gets the cancel signal and answers it; one that has not started is removed. Returns signalled or removed. Errors: invalid_invocation_id 400, invocation_not_found 404, already_completed 409. Source: PATCH /invocations/{id}/cancel.';

CREATE FUNCTION restate_kill(id restate_invocation_id)
  RETURNS text
  LANGUAGE c VOLATILE SECURITY DEFINER PARALLEL UNSAFE
  AS 'MODULE_PATHNAME';
REVOKE ALL ON FUNCTION restate_kill(restate_invocation_id) FROM PUBLIC;
COMMENT ON FUNCTION restate_kill(restate_invocation_id) IS
'Kills an invocation and its callees, frees its object key and starts the next in the inbox; one that has not started is removed. Returns killed or removed. Errors: invalid_invocation_id 400, invocation_not_found 404, already_completed 409. Source: PATCH /invocations/{id}/kill.';

CREATE FUNCTION restate_purge(id restate_invocation_id)
  RETURNS text
  LANGUAGE c VOLATILE SECURITY DEFINER PARALLEL UNSAFE
  AS 'MODULE_PATHNAME';
REVOKE ALL ON FUNCTION restate_purge(restate_invocation_id) FROM PUBLIC;
COMMENT ON FUNCTION restate_purge(restate_invocation_id) IS
'Removes a completed invocation with its journal; of a workflow run its state and promises too. Returns purged. Errors: invalid_invocation_id 400, invocation_not_found 404, not_completed 409. Source: PATCH /invocations/{id}/purge.';

CREATE FUNCTION restate_pause(id restate_invocation_id)
  RETURNS text
  LANGUAGE c VOLATILE SECURITY DEFINER PARALLEL UNSAFE
  AS 'MODULE_PATHNAME';
REVOKE ALL ON FUNCTION restate_pause(restate_invocation_id) FROM PUBLIC;
COMMENT ON FUNCTION restate_pause(restate_invocation_id) IS
'Pauses an invocation: at once between attempts, at its end during an attempt. Returns paused, pausing or unchanged. Errors: invalid_invocation_id 400, invocation_not_found 404, not_running 409. Source: PATCH /invocations/{id}/pause.';

CREATE FUNCTION restate_resume(id restate_invocation_id, deployment text DEFAULT NULL)
  RETURNS text
  LANGUAGE c VOLATILE SECURITY DEFINER PARALLEL UNSAFE
  AS 'MODULE_PATHNAME';
REVOKE ALL ON FUNCTION restate_resume(restate_invocation_id, text) FROM PUBLIC;
COMMENT ON FUNCTION restate_resume(restate_invocation_id, text) IS
'Resumes an invocation that is paused, suspended or waiting for a retry, on deployment (keep, latest or an id; null keeps) if it stands still. Returns resumed or unchanged. Errors: invalid_deployment_id 400, invalid_invocation_id 400, invocation_not_found 404, not_started 425, already_completed 409, deployment_not_changeable 409, deployment_not_found 400, deployment_incompatible 400. Source: PATCH /invocations/{id}/resume.';

CREATE FUNCTION restate_restart_as_new(id restate_invocation_id, "from" bigint DEFAULT NULL, deployment text DEFAULT NULL,
    request_id text DEFAULT NULL)
  RETURNS restate_invocation_id
  LANGUAGE c VOLATILE SECURITY DEFINER PARALLEL UNSAFE
  AS 'MODULE_PATHNAME';
REVOKE ALL ON FUNCTION restate_restart_as_new(restate_invocation_id, bigint, text, text) FROM PUBLIC;
COMMENT ON FUNCTION restate_restart_as_new(restate_invocation_id, bigint, text, text) IS
'Restarts a completed invocation as new, with the journal up to index "from" (0 to 4294967295, null for 0: the input alone) and the completions that its commands still lack, on deployment (keep, latest or an id; null for latest). With a request_id (1 to 255 bytes) the same call gives the same new invocation. Returns the new id. Errors: invalid_query_parameter 400, invalid_deployment_id 400, invalid_invocation_id 400, invocation_not_found 404, not_started 425, still_running 409, input_not_available 410, restart_not_supported 422, deployment_not_changeable 409, deployment_not_found 400, deployment_incompatible 400, journal_index_out_of_range 400, journal_prefix_incomplete 400. Source: PATCH /invocations/{id}/restart-as-new.';

CREATE FUNCTION restate_http_status(operation text, outcome text) RETURNS integer
  LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE
  AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION restate_http_status(text, text) IS
'The HTTP status that the outcome of an operation (purge_journal, delete_invocation, restart_as_new, cancel, kill, purge, pause, resume) is documented with; null where it has no such outcome.';
-- The operations on many invocations at once: a row for each element of the
-- array, in its order, with the result of doing one after the other.

CREATE FUNCTION restate_purge_journal_batch(ids restate_invocation_id[])
  RETURNS TABLE (ordinality bigint, id restate_invocation_id, ok boolean, category text,
    message text, outcome text, new_id restate_invocation_id)
  LANGUAGE c VOLATILE SECURITY DEFINER PARALLEL UNSAFE ROWS 100
  AS 'MODULE_PATHNAME';
REVOKE ALL ON FUNCTION restate_purge_journal_batch(restate_invocation_id[]) FROM PUBLIC;
COMMENT ON FUNCTION restate_purge_journal_batch(restate_invocation_id[]) IS
'restate_purge_journal on each element of ids, in order; a failing one fails alone. Returns a row for each: ok, and outcome or the category and message of the error.';

CREATE FUNCTION restate_delete_invocation_batch(ids restate_invocation_id[], mode text DEFAULT 'cancel')
  RETURNS TABLE (ordinality bigint, id restate_invocation_id, ok boolean, category text,
    message text, outcome text, new_id restate_invocation_id)
  LANGUAGE c VOLATILE SECURITY DEFINER PARALLEL UNSAFE ROWS 100
  AS 'MODULE_PATHNAME';
REVOKE ALL ON FUNCTION restate_delete_invocation_batch(restate_invocation_id[], text) FROM PUBLIC;
COMMENT ON FUNCTION restate_delete_invocation_batch(restate_invocation_id[], text) IS
'restate_delete_invocation on each element of ids, in order; a failing one fails alone. Returns a row for each: ok, and outcome or the category and message of the error.';

CREATE FUNCTION restate_cancel_batch(ids restate_invocation_id[])
  RETURNS TABLE (ordinality bigint, id restate_invocation_id, ok boolean, category text,
    message text, outcome text, new_id restate_invocation_id)
  LANGUAGE c VOLATILE SECURITY DEFINER PARALLEL UNSAFE ROWS 100
  AS 'MODULE_PATHNAME';
REVOKE ALL ON FUNCTION restate_cancel_batch(restate_invocation_id[]) FROM PUBLIC;
COMMENT ON FUNCTION restate_cancel_batch(restate_invocation_id[]) IS
'restate_cancel on each element of ids, in order; a failing one fails alone. Returns a row for each: ok, and outcome or the category and message of the error.';

CREATE FUNCTION restate_kill_batch(ids restate_invocation_id[])
  RETURNS TABLE (ordinality bigint, id restate_invocation_id, ok boolean, category text,
    message text, outcome text, new_id restate_invocation_id)
  LANGUAGE c VOLATILE SECURITY DEFINER PARALLEL UNSAFE ROWS 100
  AS 'MODULE_PATHNAME';
REVOKE ALL ON FUNCTION restate_kill_batch(restate_invocation_id[]) FROM PUBLIC;
COMMENT ON FUNCTION restate_kill_batch(restate_invocation_id[]) IS
'restate_kill on each element of ids, in order; a failing one fails alone. Returns a row for each: ok, and outcome or the category and message of the error.';

CREATE FUNCTION restate_purge_batch(ids restate_invocation_id[])
  RETURNS TABLE (ordinality bigint, id restate_invocation_id, ok boolean, category text,
    message text, outcome text, new_id restate_invocation_id)
  LANGUAGE c VOLATILE SECURITY DEFINER PARALLEL UNSAFE ROWS 100
  AS 'MODULE_PATHNAME';
REVOKE ALL ON FUNCTION restate_purge_batch(restate_invocation_id[]) FROM PUBLIC;
COMMENT ON FUNCTION restate_purge_batch(restate_invocation_id[]) IS
'restate_purge on each element of ids, in order; a failing one fails alone. Returns a row for each: ok, and outcome or the category and message of the error.';

CREATE FUNCTION restate_pause_batch(ids restate_invocation_id[])
  RETURNS TABLE (ordinality bigint, id restate_invocation_id, ok boolean, category text,
    message text, outcome text, new_id restate_invocation_id)
  LANGUAGE c VOLATILE SECURITY DEFINER PARALLEL UNSAFE ROWS 100
  AS 'MODULE_PATHNAME';
REVOKE ALL ON FUNCTION restate_pause_batch(restate_invocation_id[]) FROM PUBLIC;
COMMENT ON FUNCTION restate_pause_batch(restate_invocation_id[]) IS
'restate_pause on each element of ids, in order; a failing one fails alone. Returns a row for each: ok, and outcome or the category and message of the error.';

CREATE FUNCTION restate_resume_batch(ids restate_invocation_id[], deployment text DEFAULT NULL)
  RETURNS TABLE (ordinality bigint, id restate_invocation_id, ok boolean, category text,
    message text, outcome text, new_id restate_invocation_id)
  LANGUAGE c VOLATILE SECURITY DEFINER PARALLEL UNSAFE ROWS 100
  AS 'MODULE_PATHNAME';
REVOKE ALL ON FUNCTION restate_resume_batch(restate_invocation_id[], text) FROM PUBLIC;
COMMENT ON FUNCTION restate_resume_batch(restate_invocation_id[], text) IS
'restate_resume on each element of ids, in order; a failing one fails alone. Returns a row for each: ok, and outcome or the category and message of the error.';

CREATE FUNCTION restate_restart_as_new_batch(ids restate_invocation_id[], "from" bigint DEFAULT NULL, deployment text DEFAULT NULL,
    request_id text DEFAULT NULL)
  RETURNS TABLE (ordinality bigint, id restate_invocation_id, ok boolean, category text,
    message text, outcome text, new_id restate_invocation_id)
  LANGUAGE c VOLATILE SECURITY DEFINER PARALLEL UNSAFE ROWS 100
  AS 'MODULE_PATHNAME';
REVOKE ALL ON FUNCTION restate_restart_as_new_batch(restate_invocation_id[], bigint, text, text) FROM PUBLIC;
COMMENT ON FUNCTION restate_restart_as_new_batch(restate_invocation_id[], bigint, text, text) IS
'restate_restart_as_new on each element of ids, in order, all with the same parameters; a failing one fails alone. Returns a row for each: ok, and new_id or the category and message of the error.';
-- What PostgREST exposes: a function for each operation, with the argument
-- names of the Admin API, and the views to read from.  The functions run with
-- the owner's rights: EXECUTE on them, and USAGE on the schema, is all that an
-- operator needs.  One that returns void has an empty body, and says in
-- response.status what its outcome is documented with.

CREATE SCHEMA restate_api;
COMMENT ON SCHEMA restate_api IS
'Restate''s Admin API for PostgREST: the operations as functions, the invocations and what belongs to them as views.';

-- reading what clients send

CREATE FUNCTION restate.api_index(value text) RETURNS bigint
  LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE
  AS 'MODULE_PATHNAME', 'restate_api_index';
COMMENT ON FUNCTION restate.api_index(text) IS
'The journal index that a query parameter stands for: digits, after a plus sign perhaps, of a number up to 4294967295. Null for null. Errors: invalid_query_parameter 400.';

CREATE FUNCTION restate.api_batch_ids(invocation_ids jsonb) RETURNS restate_invocation_id[]
  LANGUAGE c IMMUTABLE CALLED ON NULL INPUT PARALLEL SAFE
  AS 'MODULE_PATHNAME', 'restate_api_batch_ids';
COMMENT ON FUNCTION restate.api_batch_ids(jsonb) IS
'The ids of a batch, from an array of at most 1000 strings. Errors: invalid_body 422 also for a malformed id, batch_too_large 400.';

CREATE FUNCTION restate.api_batch_deployment(deployment jsonb) RETURNS text
  LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE
  AS 'MODULE_PATHNAME', 'restate_api_batch_deployment';
COMMENT ON FUNCTION restate.api_batch_deployment(jsonb) IS
'The deployment of a batch as text, from a string or the object {"Keep": null} or {"Latest": null}. Null for null. Errors: invalid_body 422.';

CREATE FUNCTION restate.api_batch_answer(rows jsonb) RETURNS jsonb
  LANGUAGE sql STABLE CALLED ON NULL INPUT PARALLEL SAFE
  SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
  SELECT jsonb_build_object(
    'succeeded', coalesce(jsonb_agg(
      CASE WHEN r.value ->> 'new_id' IS NULL THEN r.value -> 'id'
        ELSE jsonb_build_object('old_invocation_id', r.value -> 'id', 'new_invocation_id', r.value -> 'new_id')
      END ORDER BY r.n) FILTER (WHERE (r.value ->> 'ok')::boolean), '[]'),
    'failed', coalesce(jsonb_agg(
      jsonb_build_object('invocation_id', r.value -> 'id', 'error', r.value -> 'message')
      ORDER BY r.n) FILTER (WHERE NOT (r.value ->> 'ok')::boolean), '[]'))
  FROM jsonb_array_elements(rows) WITH ORDINALITY AS r(value, n);
END;
COMMENT ON FUNCTION restate.api_batch_answer(jsonb) IS
'The document that a batch is answered with, from the array of its rows in their order, null for none.';

-- one invocation

CREATE FUNCTION restate_api.purge_journal(invocation_id text) RETURNS void
  LANGUAGE sql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
  SECURITY DEFINER SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
  SELECT set_config('response.status', restate_http_status('purge_journal',
    restate_purge_journal(invocation_id::restate_invocation_id))::text, true);
END;
REVOKE ALL ON FUNCTION restate_api.purge_journal(text) FROM PUBLIC;
COMMENT ON FUNCTION restate_api.purge_journal(text) IS
'Purges the journal of a completed invocation

PATCH /invocations/{id}/purge-journal: restate_purge_journal, answered 200 without a body.';

CREATE FUNCTION restate_api.delete_invocation(invocation_id text, mode text DEFAULT 'cancel') RETURNS void
  LANGUAGE sql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
  SECURITY DEFINER SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
  -- over no invocation: judges the mode before the id is
  SELECT FROM restate_delete_invocation_batch(NULL, mode);
  SELECT set_config('response.status', restate_http_status('delete_invocation',
    restate_delete_invocation(invocation_id::restate_invocation_id, mode))::text, true);
END;
REVOKE ALL ON FUNCTION restate_api.delete_invocation(text, text) FROM PUBLIC;
COMMENT ON FUNCTION restate_api.delete_invocation(text, text) IS
'Cancels, kills or purges an invocation

DELETE /invocations/{id}: restate_delete_invocation with mode cancel, kill or purge, answered 202 without a body.';

CREATE FUNCTION restate_api.restart_as_new(invocation_id text, "from" text DEFAULT NULL, deployment text DEFAULT NULL)
  RETURNS jsonb
  LANGUAGE sql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
  SECURITY DEFINER SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
  -- judged before the id is
  SELECT restate.api_index("from");
  SELECT jsonb_build_object('new_invocation_id', restate_restart_as_new(
    invocation_id::restate_invocation_id, restate.api_index("from"), deployment,
    nullif(current_setting('request.headers', true), '')::json ->> 'idempotency-key'));
END;
REVOKE ALL ON FUNCTION restate_api.restart_as_new(text, text, text) FROM PUBLIC;
COMMENT ON FUNCTION restate_api.restart_as_new(text, text, text) IS
'Restarts a completed invocation as new

PATCH /invocations/{id}/restart-as-new: restate_restart_as_new from a journal index, on deployment keep, latest or an id; the header Idempotency-Key is its request_id. Answered 200 with {"new_invocation_id"}.';

CREATE FUNCTION restate_api.kill(invocation_id text) RETURNS void
  LANGUAGE sql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
  SECURITY DEFINER SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
  SELECT set_config('response.status', restate_http_status('kill',
    restate_kill(invocation_id::restate_invocation_id))::text, true);
END;
REVOKE ALL ON FUNCTION restate_api.kill(text) FROM PUBLIC;
COMMENT ON FUNCTION restate_api.kill(text) IS
'Kills an invocation and its callees

PATCH /invocations/{id}/kill: restate_kill, answered 200 without a body.';

CREATE FUNCTION restate_api.cancel(invocation_id text) RETURNS void
  LANGUAGE sql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
  SECURITY DEFINER SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
  SELECT set_config('response.status', restate_http_status('cancel',
    restate_cancel(invocation_id::restate_invocation_id))::text, true);
END;
REVOKE ALL ON FUNCTION restate_api.cancel(text) FROM PUBLIC;
COMMENT ON FUNCTION restate_api.cancel(text) IS
'Cancels an invocation

PATCH /invocations/{id}/cancel: restate_cancel, answered without a body: 202 where it was signalled, 200 where it had not started and was removed.';

CREATE FUNCTION restate_api.purge(invocation_id text) RETURNS void
  LANGUAGE sql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
  SECURITY DEFINER SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
  SELECT set_config('response.status', restate_http_status('purge',
    restate_purge(invocation_id::restate_invocation_id))::text, true);
END;
REVOKE ALL ON FUNCTION restate_api.purge(text) FROM PUBLIC;
COMMENT ON FUNCTION restate_api.purge(text) IS
'Purges a completed invocation

PATCH /invocations/{id}/purge: restate_purge, answered 200 without a body.';

CREATE FUNCTION restate_api.pause(invocation_id text) RETURNS void
  LANGUAGE sql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
  SECURITY DEFINER SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
  SELECT set_config('response.status', restate_http_status('pause',
    restate_pause(invocation_id::restate_invocation_id))::text, true);
END;
REVOKE ALL ON FUNCTION restate_api.pause(text) FROM PUBLIC;
COMMENT ON FUNCTION restate_api.pause(text) IS
'Pauses an invocation

PATCH /invocations/{id}/pause: restate_pause, answered without a body: 202 where it is or will be paused, 200 where it stood still already.';

CREATE FUNCTION restate_api.resume(invocation_id text, deployment text DEFAULT NULL) RETURNS void
  LANGUAGE sql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
  SECURITY DEFINER SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
  SELECT set_config('response.status', restate_http_status('resume',
    restate_resume(invocation_id::restate_invocation_id, deployment))::text, true);
END;
REVOKE ALL ON FUNCTION restate_api.resume(text, text) FROM PUBLIC;
COMMENT ON FUNCTION restate_api.resume(text, text) IS
'Resumes an invocation

PATCH /invocations/{id}/resume: restate_resume on deployment keep, latest or an id, answered 200 without a body.';

-- many: the arguments are JSON, for that their form is judged here; without
-- invocation_ids they are refused for what is missing

CREATE FUNCTION restate_api.purge_journal_batch(invocation_ids jsonb DEFAULT NULL) RETURNS jsonb
  LANGUAGE sql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
  SECURITY DEFINER SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
  SELECT restate.api_batch_answer(jsonb_agg(b ORDER BY b.ordinality))
  FROM restate_purge_journal_batch(restate.api_batch_ids(invocation_ids)) AS b;
END;
REVOKE ALL ON FUNCTION restate_api.purge_journal_batch(jsonb) FROM PUBLIC;
COMMENT ON FUNCTION restate_api.purge_journal_batch(jsonb) IS
'Purges the journals of many invocations

POST /internal/invocations_batch_operations/purge-journal: answered 200 with {"succeeded": [id], "failed": [{"invocation_id", "error"}]}.';

CREATE FUNCTION restate_api.restart_as_new_batch(invocation_ids jsonb DEFAULT NULL, deployment jsonb DEFAULT NULL)
  RETURNS jsonb
  LANGUAGE sql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
  SECURITY DEFINER SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
  SELECT restate.api_batch_answer(jsonb_agg(b ORDER BY b.ordinality))
  FROM restate_restart_as_new_batch(restate.api_batch_ids(invocation_ids),
    deployment => restate.api_batch_deployment(deployment)) AS b;
END;
REVOKE ALL ON FUNCTION restate_api.restart_as_new_batch(jsonb, jsonb) FROM PUBLIC;
COMMENT ON FUNCTION restate_api.restart_as_new_batch(jsonb, jsonb) IS
'Restarts many completed invocations as new

POST /internal/invocations_batch_operations/restart-as-new: answered 200 with {"succeeded": [{"old_invocation_id", "new_invocation_id"}], "failed": [{"invocation_id", "error"}]}.';

CREATE FUNCTION restate_api.kill_batch(invocation_ids jsonb DEFAULT NULL) RETURNS jsonb
  LANGUAGE sql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
  SECURITY DEFINER SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
  SELECT restate.api_batch_answer(jsonb_agg(b ORDER BY b.ordinality))
  FROM restate_kill_batch(restate.api_batch_ids(invocation_ids)) AS b;
END;
REVOKE ALL ON FUNCTION restate_api.kill_batch(jsonb) FROM PUBLIC;
COMMENT ON FUNCTION restate_api.kill_batch(jsonb) IS
'Kills many invocations

POST /internal/invocations_batch_operations/kill: answered 200 with {"succeeded": [id], "failed": [{"invocation_id", "error"}]}.';

CREATE FUNCTION restate_api.cancel_batch(invocation_ids jsonb DEFAULT NULL) RETURNS jsonb
  LANGUAGE sql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
  SECURITY DEFINER SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
  SELECT restate.api_batch_answer(jsonb_agg(b ORDER BY b.ordinality))
  FROM restate_cancel_batch(restate.api_batch_ids(invocation_ids)) AS b;
END;
REVOKE ALL ON FUNCTION restate_api.cancel_batch(jsonb) FROM PUBLIC;
COMMENT ON FUNCTION restate_api.cancel_batch(jsonb) IS
'Cancels many invocations

POST /internal/invocations_batch_operations/cancel: answered 200 with {"succeeded": [id], "failed": [{"invocation_id", "error"}]}.';

CREATE FUNCTION restate_api.purge_batch(invocation_ids jsonb DEFAULT NULL) RETURNS jsonb
  LANGUAGE sql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
  SECURITY DEFINER SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
  SELECT restate.api_batch_answer(jsonb_agg(b ORDER BY b.ordinality))
  FROM restate_purge_batch(restate.api_batch_ids(invocation_ids)) AS b;
END;
REVOKE ALL ON FUNCTION restate_api.purge_batch(jsonb) FROM PUBLIC;
COMMENT ON FUNCTION restate_api.purge_batch(jsonb) IS
'Purges many completed invocations

POST /internal/invocations_batch_operations/purge: answered 200 with {"succeeded": [id], "failed": [{"invocation_id", "error"}]}.';

CREATE FUNCTION restate_api.pause_batch(invocation_ids jsonb DEFAULT NULL) RETURNS jsonb
  LANGUAGE sql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
  SECURITY DEFINER SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
  SELECT restate.api_batch_answer(jsonb_agg(b ORDER BY b.ordinality))
  FROM restate_pause_batch(restate.api_batch_ids(invocation_ids)) AS b;
END;
REVOKE ALL ON FUNCTION restate_api.pause_batch(jsonb) FROM PUBLIC;
COMMENT ON FUNCTION restate_api.pause_batch(jsonb) IS
'Pauses many invocations

POST /internal/invocations_batch_operations/pause: answered 200 with {"succeeded": [id], "failed": [{"invocation_id", "error"}]}.';

CREATE FUNCTION restate_api.resume_batch(invocation_ids jsonb DEFAULT NULL, deployment jsonb DEFAULT NULL)
  RETURNS jsonb
  LANGUAGE sql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
  SECURITY DEFINER SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
  SELECT restate.api_batch_answer(jsonb_agg(b ORDER BY b.ordinality))
  FROM restate_resume_batch(restate.api_batch_ids(invocation_ids),
    restate.api_batch_deployment(deployment)) AS b;
END;
REVOKE ALL ON FUNCTION restate_api.resume_batch(jsonb, jsonb) FROM PUBLIC;
COMMENT ON FUNCTION restate_api.resume_batch(jsonb, jsonb) IS
'Resumes many invocations

POST /internal/invocations_batch_operations/resume: answered 200 with {"succeeded": [id], "failed": [{"invocation_id", "error"}]}.';

-- what can be read

CREATE VIEW restate_api.invocations AS SELECT * FROM restate.sys_invocation;
REVOKE ALL ON restate_api.invocations FROM PUBLIC;
COMMENT ON VIEW restate_api.invocations IS
'The invocations: restate.sys_invocation.';

CREATE VIEW restate_api.journal AS SELECT * FROM restate.sys_journal;
REVOKE ALL ON restate_api.journal FROM PUBLIC;
COMMENT ON VIEW restate_api.journal IS
'The journal entries: restate.sys_journal.';

CREATE VIEW restate_api.journal_events AS SELECT * FROM restate.sys_journal_events;
REVOKE ALL ON restate_api.journal_events FROM PUBLIC;
COMMENT ON VIEW restate_api.journal_events IS
'What happened beside the journals: restate.sys_journal_events.';

CREATE VIEW restate_api.inbox AS SELECT * FROM restate.sys_inbox;
REVOKE ALL ON restate_api.inbox FROM PUBLIC;
COMMENT ON VIEW restate_api.inbox IS
'The invocations that wait for their object key: restate.sys_inbox.';

CREATE VIEW restate_api.keyed_service_status AS SELECT * FROM restate.sys_keyed_service_status;
REVOKE ALL ON restate_api.keyed_service_status FROM PUBLIC;
COMMENT ON VIEW restate_api.keyed_service_status IS
'The object keys that an invocation holds: restate.sys_keyed_service_status.';

CREATE VIEW restate_api.deployments AS SELECT * FROM restate.sys_deployment;
REVOKE ALL ON restate_api.deployments FROM PUBLIC;
COMMENT ON VIEW restate_api.deployments IS
'The registered deployments: restate.sys_deployment.';

CREATE VIEW restate_api.services AS SELECT * FROM restate.sys_service;
REVOKE ALL ON restate_api.services FROM PUBLIC;
COMMENT ON VIEW restate_api.services IS
'The services, each at its latest revision: restate.sys_service.';

CREATE VIEW restate_api.state AS SELECT * FROM restate.state;
REVOKE ALL ON restate_api.state FROM PUBLIC;
COMMENT ON VIEW restate_api.state IS
'The state of virtual objects and workflows: restate.state.';

CREATE VIEW restate_api.promises AS SELECT * FROM restate.sys_promise;
REVOKE ALL ON restate_api.promises FROM PUBLIC;
COMMENT ON VIEW restate_api.promises IS
'The durable promises of workflows: restate.sys_promise.';

CREATE VIEW restate_api.audit AS SELECT * FROM restate.sys_audit;
REVOKE ALL ON restate_api.audit FROM PUBLIC;
COMMENT ON VIEW restate_api.audit IS
'The operations that took effect: restate.sys_audit.';
-- What the gateway reads: deployments and services as the documents that the
-- Admin API answers with.

CREATE FUNCTION restate.duration_text(duration interval) RETURNS text
  LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
  RETURN (
    SELECT coalesce(string_agg(n || unit, ' ' ORDER BY place) FILTER (WHERE n > 0), '0s')
    FROM (SELECT round(extract(epoch FROM duration) * 1000)::bigint) AS d(ms)
    CROSS JOIN LATERAL (VALUES
      (1, ms / 86400000, 'd'), (2, ms / 3600000 % 24, 'h'), (3, ms / 60000 % 60, 'm'),
      (4, ms / 1000 % 60, 's'), (5, ms % 1000, 'ms')) AS p(place, n, unit));
COMMENT ON FUNCTION restate.duration_text(interval) IS
'A duration as the Admin API writes it: 1d, 10m, 1h 30m, 300ms.';

CREATE FUNCTION restate.timestamp_text(at timestamptz) RETURNS text
  LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
  RETURN to_char(at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"');
COMMENT ON FUNCTION restate.timestamp_text(timestamptz) IS
'A timestamp in RFC 3339, in UTC.';

CREATE FUNCTION restate.service_document(service restate.service_revision) RETURNS jsonb
  LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
  RETURN
    -- what the API requires has its documented default where neither a column
    -- nor the settings say otherwise
    jsonb_build_object(
      'idempotency_retention', '1d',
      'journal_retention', '1d',
      'inactivity_timeout', '1m',
      'abort_timeout', '10m',
      'enable_lazy_state', false)
    || CASE service.ty WHEN 'workflow' THEN jsonb '{"workflow_completion_retention": "1d"}' ELSE '{}' END
    || service.settings
    || jsonb_strip_nulls(jsonb_build_object(
      'name', service.service_name,
      'ty', CASE service.ty WHEN 'service' THEN 'Service' WHEN 'virtual_object' THEN 'VirtualObject' ELSE 'Workflow' END,
      'deployment_id', service.deployment_id,
      'revision', service.revision,
      'public', service.public,
      'idempotency_retention', restate.duration_text(service.idempotency_retention),
      'workflow_completion_retention', restate.duration_text(service.workflow_completion_retention),
      'journal_retention', restate.duration_text(service.journal_retention)))
    || jsonb_build_object('handlers', (
      SELECT coalesce(jsonb_agg(jsonb_build_object(
          'public', service.public, 'input_description', 'any', 'output_description', 'any') || h.handler
        ORDER BY h.place), '[]')
      FROM jsonb_array_elements(service.handlers) WITH ORDINALITY AS h(handler, place)
      WHERE jsonb_typeof(h.handler) = 'object'));
COMMENT ON FUNCTION restate.service_document(restate.service_revision) IS
'A revision of a service as the document of GET /services/{name}: columns first, then settings, then the documented defaults of fields that the API requires.';

CREATE VIEW restate.admin_service AS
SELECT s.service_name AS name, restate.service_document(s.revision) AS document
FROM (
  SELECT DISTINCT ON (r.service_name) r.service_name, r AS revision
  FROM restate.service_revision r
  JOIN restate.deployment d ON d.id = r.deployment_id
  ORDER BY r.service_name, r.revision DESC) AS s;
REVOKE ALL ON restate.admin_service FROM PUBLIC;
COMMENT ON VIEW restate.admin_service IS
'Each service at its latest revision, as the document of GET /services/{name}.';

CREATE VIEW restate.admin_services AS
SELECT jsonb_build_object('services', coalesce(jsonb_agg(s.document ORDER BY s.name), '[]')) AS document
FROM restate.admin_service s;
REVOKE ALL ON restate.admin_services FROM PUBLIC;
COMMENT ON VIEW restate.admin_services IS
'The document of GET /services.';

CREATE VIEW restate.admin_deployment AS
SELECT d.id, d.created_at,
  jsonb_strip_nulls(jsonb_build_object(
    'id', d.id,
    'uri', CASE d.ty WHEN 'http' THEN d.endpoint END,
    'arn', CASE d.ty WHEN 'lambda' THEN d.endpoint END,
    'protocol_type', CASE d.ty WHEN 'http' THEN 'BidiStream' END,
    'http_version', CASE d.ty WHEN 'http' THEN coalesce(d.http_version, 'HTTP/2.0') END,
    'created_at', restate.timestamp_text(d.created_at),
    'min_protocol_version', d.min_service_protocol_version,
    'max_protocol_version', d.max_service_protocol_version,
    'sdk_version', d.sdk_version))
  || jsonb_build_object('services', (
    SELECT coalesce(jsonb_agg(restate.service_document(s) ORDER BY s.service_name, s.revision), '[]')
    FROM restate.service_revision s
    WHERE s.deployment_id = d.id)) AS document
FROM restate.deployment d;
REVOKE ALL ON restate.admin_deployment FROM PUBLIC;
COMMENT ON VIEW restate.admin_deployment IS
'Each deployment, as the document of GET /deployments/{id}.';

CREATE VIEW restate.admin_deployments AS
SELECT jsonb_build_object('deployments', coalesce(jsonb_agg(d.document || jsonb_build_object('services', (
    SELECT coalesce(jsonb_agg(jsonb_build_object('name', s.service -> 'name', 'revision', s.service -> 'revision')
      ORDER BY s.place), '[]')
    FROM jsonb_array_elements(d.document -> 'services') WITH ORDINALITY AS s(service, place)))
  ORDER BY d.created_at DESC, d.id), '[]')) AS document
FROM restate.admin_deployment d;
REVOKE ALL ON restate.admin_deployments FROM PUBLIC;
COMMENT ON VIEW restate.admin_deployments IS
'The document of GET /deployments, the newest first.';
-- The invariants that no constraint can state, each as a query for what
-- breaks it.  The body is text: pg_upgrade creates functions before operator
-- classes, without which a parsed one cannot be read that groups by ids.

CREATE FUNCTION restate_verify()
  RETURNS TABLE (problem text, id restate_invocation_id, detail text)
  LANGUAGE sql STABLE SECURITY DEFINER PARALLEL RESTRICTED COST 100000 ROWS 10
  SET search_path = pg_catalog, pg_temp
AS $function$
  -- Every join is on the partition key, for tables distributed by it.
  SELECT 'journal_without_invocation', j.id, format('%s entries', count(*))
  FROM restate.journal j
  LEFT JOIN restate.invocation i ON i.id = j.id AND i.partition_key = j.partition_key
  WHERE i.id IS NULL
  GROUP BY j.id, j.partition_key
  UNION ALL
  SELECT 'events_without_invocation', e.id, format('%s events', count(*))
  FROM restate.journal_event e
  LEFT JOIN restate.invocation i ON i.id = e.id AND i.partition_key = e.partition_key
  WHERE i.id IS NULL
  GROUP BY e.id, e.partition_key
  UNION ALL
  SELECT 'journal_size', i.id,
    format('the row says %s and %s commands, the journal has %s and %s', i.journal_size,
      i.journal_commands_size, coalesce(c.size, 0), coalesce(c.commands_size, 0))
  FROM restate.invocation i
  LEFT JOIN (
    SELECT j.id, j.partition_key, count(*) AS size,
      count(*) FILTER (WHERE j.entry_type < 'Notification: Run') AS commands_size
    FROM restate.journal j
    GROUP BY j.id, j.partition_key
  ) AS c ON c.id = i.id AND c.partition_key = i.partition_key
  WHERE i.journal_size <> coalesce(c.size, 0)
    OR i.journal_commands_size <> coalesce(c.commands_size, 0)
  UNION ALL
  SELECT 'journal_gap', j.id, format('%s entries from index %s to %s', count(*), min(j.index), max(j.index))
  FROM restate.journal j
  GROUP BY j.id, j.partition_key
  HAVING min(j.index) <> 0 OR max(j.index) <> count(*) - 1
  UNION ALL
  SELECT 'input_misplaced', j.id, format('%s at index %s', j.entry_type, j.index)
  FROM restate.journal j
  WHERE (j.index = 0) <> (j.entry_type = 'Command: Input')
  UNION ALL
  SELECT 'input_missing', i.id, format('%s without a journal', i.status)
  FROM restate.invocation i
  WHERE i.status NOT IN ('pending', 'scheduled', 'completed') AND i.journal_size = 0
  UNION ALL
  SELECT 'completion_repeated', j.id, format('completion %s arrived %s times', j.completion_id, count(*))
  FROM restate.journal j
  WHERE j.completion_id IS NOT NULL AND j.entry_type >= 'Notification: Run'
  GROUP BY j.id, j.partition_key, j.completion_id
  HAVING count(*) > 1
  UNION ALL
  SELECT 'completion_unasked', n.id, format('no command waits for completion %s at index %s', n.completion_id, n.index)
  FROM restate.journal n
  LEFT JOIN (
    SELECT j.id, j.partition_key, w.completion_id, min(j.index) AS index
    FROM restate.journal j
    CROSS JOIN LATERAL unnest(ARRAY[j.completion_id, j.result_completion_id]) AS w(completion_id)
    WHERE j.entry_type < 'Notification: Run' AND w.completion_id IS NOT NULL
    GROUP BY j.id, j.partition_key, w.completion_id
  ) AS c ON c.id = n.id AND c.partition_key = n.partition_key AND c.completion_id = n.completion_id
  WHERE n.completion_id IS NOT NULL AND n.entry_type >= 'Notification: Run'
    AND (c.index IS NULL OR c.index > n.index)
  UNION ALL
  SELECT 'entry_malformed', j.id, format('%s at index %s has the wrong ids', j.entry_type, j.index)
  FROM restate.journal j
  WHERE (j.completion_id IS NOT NULL) <> (j.entry_type IN (
      'Command: Run', 'Command: Sleep', 'Command: Call', 'Command: OneWayCall',
      'Command: AttachInvocation', 'Command: GetInvocationOutput', 'Command: GetLazyState',
      'Command: GetLazyStateKeys', 'Command: GetPromise', 'Command: PeekPromise',
      'Command: CompletePromise')
      OR j.entry_type >= 'Notification: Run' AND j.entry_type <> 'Notification: Signal')
    OR (j.result_completion_id IS NOT NULL) <> (j.entry_type = 'Command: Call')
    OR (j.invoked_id IS NOT NULL) <> (j.entry_type IN (
      'Command: Call', 'Command: OneWayCall', 'Notification: CallInvocationId'))
  UNION ALL
  SELECT 'key_held_by_other', k.holder,
    format('%s/%s is held by an invocation that cannot hold it', k.service_name, k.service_key)
  FROM restate.object_key k
  LEFT JOIN restate.invocation i ON i.id = k.holder AND i.partition_key = k.partition_key
    AND i.target_handler_ty = 'exclusive' AND i.status NOT IN ('pending', 'scheduled', 'completed')
    AND i.target_service_name = k.service_name AND i.target_service_key = k.service_key
  WHERE k.holder IS NOT NULL AND i.id IS NULL
  UNION ALL
  SELECT 'key_not_held', i.id,
    format('%s without holding %s/%s', i.status, i.target_service_name, i.target_service_key)
  FROM restate.invocation i
  LEFT JOIN restate.object_key k ON k.partition_key = i.partition_key AND k.holder = i.id
    AND k.service_name = i.target_service_name AND k.service_key = i.target_service_key
  WHERE i.target_handler_ty = 'exclusive' AND i.status NOT IN ('pending', 'scheduled', 'completed')
    AND k.holder IS NULL
  UNION ALL
  SELECT 'inbox_stalled', i.id,
    format('waits for %s/%s, which nobody holds', i.target_service_name, i.target_service_key)
  FROM restate.invocation i
  LEFT JOIN restate.object_key k ON k.partition_key = i.partition_key
    AND k.service_name = i.target_service_name AND k.service_key = i.target_service_key
  WHERE i.target_handler_ty = 'exclusive' AND i.status = 'pending' AND k.holder IS NULL
  UNION ALL
  SELECT 'inbox_order', i.id,
    format('sequence number %s is not before the next, %s', i.inbox_sequence_number, k.next_sequence_number)
  FROM restate.invocation i
  JOIN restate.object_key k ON k.partition_key = i.partition_key
    AND k.service_name = i.target_service_name AND k.service_key = i.target_service_key
  WHERE i.status = 'pending' AND i.inbox_sequence_number >= k.next_sequence_number
  UNION ALL
  SELECT 'inbox_without_key', i.id, 'pending, though its handler takes no object key'
  FROM restate.invocation i
  WHERE i.status = 'pending' AND i.target_handler_ty IS DISTINCT FROM 'exclusive'
  UNION ALL
  SELECT 'restart_moved', i.id, 'its partition key is not that of the original'
  FROM restate.invocation i
  WHERE i.restarted_from IS NOT NULL AND restate_partition_key(i.restarted_from) <> i.partition_key
  UNION ALL
  SELECT 'key_moved', i.id, 'its partition key is not that of its service key'
  FROM restate.invocation i
  WHERE i.target_service_key IS NOT NULL
    AND i.partition_key <> restate_partition_key(i.target_service_key)
  UNION ALL
  SELECT 'revision_without_deployment', NULL, format('revision %s of %s is on %s, which is not registered',
    s.revision, s.service_name, s.deployment_id)
  FROM restate.service_revision s
  LEFT JOIN restate.deployment d ON d.id = s.deployment_id
  WHERE d.id IS NULL
$function$;
REVOKE ALL ON FUNCTION restate_verify() FROM PUBLIC;
COMMENT ON FUNCTION restate_verify() IS
'Returns a row for each broken invariant: orphans, sizes, gaps, completions, holders of object keys, inboxes. Empty when all is well. Reads every row of the tables.';
-- Loading an invocation from its introspection form: a row of sys_invocation
-- or sys_invocation_status, and the rows of sys_journal, as JSON.

CREATE FUNCTION restate_import_invocation(invocation jsonb, journal jsonb DEFAULT NULL)
  RETURNS restate_invocation_id
  LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
  SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $function$
#variable_conflict use_variable
DECLARE
  document CONSTANT jsonb := $1;
  entries jsonb := $2;
  row restate.invocation;
  input record;
  entry_count bigint := 0;
  command_count bigint := 0;
  output bytea;
  wrong text;
  broken text;
BEGIN
  IF jsonb_typeof(document) IS DISTINCT FROM 'object' THEN
    PERFORM restate.refuse_body('the invocation must be a JSON object');
  END IF;
  IF jsonb_typeof(entries) = 'null' THEN
    entries := NULL;
  END IF;
  IF jsonb_typeof(entries) <> 'array' THEN
    PERFORM restate.refuse_body('the journal must be a JSON array');
  END IF;

  -- The columns have the names of the document.  What only this server knows
  -- is not taken from it, nor what is derived here.
  row := jsonb_populate_record(NULL::restate.invocation, document - ARRAY[
    'partition_key', 'journal_size', 'journal_commands_size', 'inbox_sequence_number',
    'request_id', 'pause_requested', 'completion_payload', 'input_headers', 'input_payload']);
  IF row.id IS NULL THEN
    PERFORM restate.refuse_body('the invocation has no id');
  END IF;
  row.partition_key := restate_partition_key(row.id);
  row.status := CASE row.status
    WHEN 'invoked' THEN 'ready'
    WHEN 'inboxed' THEN 'pending'
    ELSE row.status END;
  wrong := CASE
    WHEN row.status IS NULL OR row.status NOT IN ('pending', 'scheduled', 'ready', 'running',
      'backing-off', 'suspended', 'paused', 'completed')
      THEN 'has an unknown status'
    WHEN row.target_service_name IS NULL OR row.target_handler_name IS NULL
      OR row.target_service_ty IS NULL
      THEN 'has no target_service_name, target_handler_name or target_service_ty'
    WHEN row.target_service_key IS NOT NULL
      AND restate_partition_key(row.target_service_key) <> row.partition_key
      THEN 'has an id that is not of its target_service_key'
    WHEN EXISTS (SELECT FROM restate.invocation AS i
      WHERE i.id = row.id AND i.partition_key = row.partition_key)
      THEN 'exists already'
  END;

  row.target_handler_ty := coalesce(row.target_handler_ty, CASE row.target_service_ty
    WHEN 'virtual_object' THEN 'exclusive'
    WHEN 'workflow' THEN CASE
      WHEN row.id = restate_workflow_invocation_id(row.target_service_name, row.target_service_key)
      THEN 'workflow' ELSE 'shared' END
  END);
  wrong := coalesce(wrong, CASE
    WHEN row.status = 'pending' AND (row.target_service_ty, row.target_handler_ty)
      IS DISTINCT FROM ('virtual_object', 'exclusive')
      THEN 'is pending, but not on an exclusive handler of a virtual object'
    WHEN row.status = 'completed' AND row.completion_result IS NULL
      THEN 'is completed, but has no completion_result'
    WHEN row.status IN ('pending', 'scheduled') AND jsonb_array_length(entries) > 0
      THEN 'has not started, but has a journal'
  END);
  IF wrong IS NOT NULL THEN
    PERFORM restate.refuse_body(format('invocation %s %s', row.id, wrong));
  END IF;

  IF row.status = 'suspended' THEN
    IF NOT (0 <= ALL (row.suspended_waiting_for_completions || row.suspended_waiting_for_signals)
        AND 4294967295 >= ALL (row.suspended_waiting_for_completions || row.suspended_waiting_for_signals))
      OR array_position(row.suspended_waiting_for_completions || row.suspended_waiting_for_signals, NULL) > 0
    THEN
      PERFORM restate.refuse_body(format(
        'invocation %s waits for something that is no whole number from 0 to 4294967295', row.id));
    END IF;
  ELSE
    row.suspended_waiting_for_completions := NULL;
    row.suspended_waiting_for_signals := NULL;
  END IF;

  -- An input that no journal holds has the form of the entry that would.
  IF row.status <> 'completed' AND coalesce(jsonb_array_length(entries), 0) = 0 THEN
    entries := jsonb_build_array(jsonb_build_object(
      'index', 0,
      'entry_json', jsonb_build_object('Command', jsonb_build_object('Input', jsonb_build_object(
        'headers', coalesce(document -> 'input_headers', '[]'),
        'payload', coalesce(document -> 'input_payload', '[]'),
        'name', '')))));
  END IF;
  IF row.status IN ('pending', 'scheduled') THEN
    SELECT * INTO STRICT input FROM restate.parse_entry(entries #> '{0,entry_json}');
    row.input_headers := input.meta -> 'headers';
    row.input_payload := input.payload;
    entries := NULL;
  END IF;

  -- The journal is dense, begins with the input, and says what it holds.
  SELECT CASE
      WHEN bool_or(jsonb_typeof(e) <> 'object') THEN 'has an element that is no object'
      WHEN bool_or(coalesce(jsonb_typeof(e -> 'entry_json') NOT IN ('string', 'object'), true))
        THEN 'has an entry without entry_json'
      WHEN bool_or(coalesce(jsonb_typeof(e -> 'index') <> 'number', true))
        OR count(DISTINCT e -> 'index') <> count(*)
        OR min((e ->> 'index')::numeric) <> 0
        OR max((e ->> 'index')::numeric) <> count(*) - 1
        OR bool_or((e ->> 'index')::numeric % 1 <> 0)
        THEN 'has a gap in its indexes, or does not begin at 0'
      WHEN bool_or(coalesce(e ->> 'version', '2') <> '2') THEN 'has an entry of a version other than 2'
    END
    INTO wrong
    FROM jsonb_array_elements(entries) AS j (e);
  IF wrong IS NOT NULL THEN
    PERFORM restate.refuse_body(format('the journal of invocation %s %s', row.id, wrong));
  END IF;

  -- An object key before the invocation, and that before its journal.
  IF row.target_handler_ty = 'exclusive' AND row.status = 'pending' THEN
    INSERT INTO restate.object_key AS k (service_name, service_key, partition_key, next_sequence_number)
      VALUES (row.target_service_name, row.target_service_key, row.partition_key, 1)
      ON CONFLICT (service_name, service_key, partition_key)
        DO UPDATE SET next_sequence_number = k.next_sequence_number + 1
      RETURNING k.next_sequence_number - 1 INTO row.inbox_sequence_number;
  ELSIF row.target_handler_ty = 'exclusive' AND row.status NOT IN ('scheduled', 'completed') THEN
    INSERT INTO restate.object_key AS k (service_name, service_key, partition_key, holder)
      VALUES (row.target_service_name, row.target_service_key, row.partition_key, row.id)
      ON CONFLICT (service_name, service_key, partition_key)
        DO UPDATE SET holder = excluded.holder WHERE k.holder IS NULL;
    IF NOT FOUND THEN
      PERFORM restate.refuse_body(format(
        'invocation %s cannot hold its object key, which another holds', row.id));
    END IF;
  END IF;

  row.invoked_by := coalesce(row.invoked_by, 'ingress');
  row.created_at := coalesce(row.created_at, now());
  row.modified_at := coalesce(row.modified_at, row.created_at);
  row.completion_retention := coalesce(row.completion_retention, '1 day');
  row.journal_retention := coalesce(row.journal_retention, '1 day');
  row.random_seed := coalesce(row.random_seed, restate_random_seed());
  row.pause_requested := false;
  row.journal_size := 0;
  row.journal_commands_size := 0;
  IF row.status = 'completed' THEN
    row.completed_at := coalesce(row.completed_at, row.modified_at);
  END IF;

  IF entries IS NOT NULL THEN
    WITH appended AS (
      INSERT INTO restate.journal (id, partition_key, index, appended_at, completion_id,
          result_completion_id, signal_index, entry_type, version, invoked_id, name,
          signal_name, meta, payload)
        SELECT row.id, row.partition_key, (j.e ->> 'index')::bigint,
            coalesce((j.e ->> 'appended_at')::timestamptz, row.created_at), p.completion_id,
            p.result_completion_id, p.signal_index, p.entry_type, 2, p.invoked_id, p.name,
            p.signal_name, p.meta, p.payload
          FROM jsonb_array_elements(entries) AS j (e)
          CROSS JOIN LATERAL restate.parse_entry(
            CASE jsonb_typeof(j.e -> 'entry_json')
              WHEN 'string' THEN (j.e ->> 'entry_json')::jsonb
              ELSE j.e -> 'entry_json' END) AS p
        RETURNING index, entry_type, meta, payload)
    SELECT count(*),
        count(*) FILTER (WHERE a.entry_type < 'Notification: Run'),
        (array_agg(a.payload ORDER BY a.index DESC)
          FILTER (WHERE a.entry_type = 'Command: Output' AND NOT a.meta ? 'result'))[1],
        (array_agg(format('entry %s says %s but is %s', a.index, j.e ->> 'entry_type', a.entry_type))
          FILTER (WHERE j.e ->> 'entry_type' <> a.entry_type::text))[1],
        (array_agg(format('begins with %s', a.entry_type))
          FILTER (WHERE a.index = 0 AND a.entry_type <> 'Command: Input'))[1]
      INTO STRICT entry_count, command_count, output, wrong, broken
      FROM appended AS a
      JOIN jsonb_array_elements(entries) AS j (e) ON (j.e ->> 'index')::bigint = a.index;
    IF coalesce(wrong, broken) IS NOT NULL THEN
      PERFORM restate.refuse_body(format('the journal of invocation %s', row.id), coalesce(wrong, broken));
    END IF;
    row.journal_size := entry_count;
    row.journal_commands_size := command_count;
  END IF;
  IF row.completion_result = 'success' THEN
    row.completion_payload := output;
  END IF;

  INSERT INTO restate.invocation SELECT (row).*;
  RETURN row.id;
EXCEPTION
  WHEN data_exception OR integrity_constraint_violation THEN
    GET STACKED DIAGNOSTICS wrong = CONSTRAINT_NAME, broken = MESSAGE_TEXT;
    PERFORM restate.refuse_body(
      coalesce('invocation ' || row.id, 'the invocation')
        || CASE wrong WHEN '' THEN ' cannot be read' ELSE ' does not satisfy' END,
      coalesce(nullif(wrong, ''), broken));
END
$function$;
REVOKE ALL ON FUNCTION restate_import_invocation(jsonb, jsonb) FROM PUBLIC;
COMMENT ON FUNCTION restate_import_invocation(jsonb, jsonb) IS
'Loads one invocation and returns its id. invocation: a row of sys_invocation or sys_invocation_status as JSON; keys it does not know are ignored. Needed: id, status, target_service_name, target_handler_name, target_service_ty, target_service_key for virtual objects and workflows, and what the status implies (completion_result). invoked becomes ready, inboxed becomes pending; retentions are intervals, ISO 8601 among them. target_handler_ty, if absent, is taken to be exclusive for a virtual object, and for a workflow to be workflow if the id is that of the run of its key, otherwise shared. journal: an array of sys_journal rows as JSON, of which index, entry_type, entry_json (text or object) and appended_at are read; sizes and the success value are taken from it. An invocation in flight that comes without one gets the input alone, from the optional keys input_headers and input_payload (as in an Input entry); so does one that has not started. An exclusive one that has started becomes the holder of its object key, a pending one goes to the end of its inbox. Errors: invalid_body (also if the id exists), invalid_invocation_id, invalid_deployment_id; nothing is changed then.';
-- The rows of every table are the user's: pg_dump takes them along, and what
-- refers to a row follows the row.

SELECT pg_catalog.pg_extension_config_dump('restate.deployment', '');
SELECT pg_catalog.pg_extension_config_dump('restate.service_revision', '');
SELECT pg_catalog.pg_extension_config_dump('restate.invocation', '');
SELECT pg_catalog.pg_extension_config_dump('restate.journal', '');
SELECT pg_catalog.pg_extension_config_dump('restate.journal_event', '');
SELECT pg_catalog.pg_extension_config_dump('restate.object_key', '');
SELECT pg_catalog.pg_extension_config_dump('restate.object_state', '');
SELECT pg_catalog.pg_extension_config_dump('restate.promise', '');
SELECT pg_catalog.pg_extension_config_dump('restate.audit', '');
SELECT pg_catalog.pg_extension_config_dump('restate.audit_audit_id_seq', '');
