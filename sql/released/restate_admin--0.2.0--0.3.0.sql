\echo Use "ALTER EXTENSION restate_admin UPDATE TO '0.3.0'" to load this file. \quit
SET LOCAL search_path TO pg_catalog, pg_temp;

-- Where Citus has distributed the tables they are taken back first: it hands on a change
-- of a distributed table with all of a script around it.

CREATE FUNCTION restate.gather() RETURNS TABLE (object text, outcome text)
  LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE ROWS 20
  SET search_path = pg_catalog, pg_temp SET client_min_messages = warning
AS $function$
DECLARE
  tables CONSTANT regclass[] := ARRAY(
    SELECT p.logicalrelid
    FROM pg_catalog.pg_dist_partition AS p
    JOIN pg_depend AS d ON d.classid = 'pg_class'::regclass AND d.objid = p.logicalrelid AND d.deptype = 'e'
    JOIN pg_extension AS e ON d.refclassid = 'pg_extension'::regclass AND e.oid = d.refobjid AND e.extname = 'restate_admin'
    ORDER BY p.logicalrelid::text);
  known record;
  trigger name;
  rows bigint;
BEGIN
  IF tables = '{}' THEN
    RETURN;
  END IF;
  -- on every node, before any is read
  EXECUTE format('LOCK TABLE %s IN ACCESS EXCLUSIVE MODE', array_to_string(tables, ', '));
  -- what is read over several connections to a node cannot be dropped over one of them
  PERFORM set_config('citus.multi_shard_modify_mode', 'sequential', true);
  FOR known IN
    SELECT c.oid, c.oid::regclass::text AS name, s.nspname::text AS schema, c.relname::text AS relation, (
      SELECT string_agg(quote_ident(a.attname), ', ' ORDER BY a.attnum)
      FROM pg_attribute AS a WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped AND a.attgenerated = '') AS columns
    FROM unnest(tables) WITH ORDINALITY AS t (oid, place)
    JOIN pg_class AS c ON c.oid = t.oid
    JOIN pg_namespace AS s ON s.oid = c.relnamespace
    ORDER BY t.place
  LOOP
    EXECUTE format('CREATE TEMPORARY TABLE gathered_rows AS SELECT %s FROM %s', known.columns, known.name);
    -- as when the table is dropped, which itself stays, on every node
    PERFORM pg_catalog.master_remove_distributed_table_metadata_from_workers(known.oid, known.schema, known.relation);
    PERFORM pg_catalog.citus_drop_all_shards(known.oid, known.schema, known.relation);
    PERFORM pg_catalog.master_remove_partition_metadata(known.oid, known.schema, known.relation);
    FOR trigger IN
      SELECT t.tgname FROM pg_trigger AS t WHERE t.tgrelid = known.oid AND t.tgfoid = 'pg_catalog.citus_truncate_trigger()'::regprocedure
    LOOP
      EXECUTE format('DROP TRIGGER %I ON %s', trigger, known.name);
    END LOOP;
    -- what create_distributed_table() has copied to the shards may have been left here
    EXECUTE format('TRUNCATE %s', known.name);
    EXECUTE format('INSERT INTO %1$s (%2$s) OVERRIDING SYSTEM VALUE SELECT %2$s FROM pg_temp.gathered_rows', known.name, known.columns);
    GET DIAGNOSTICS rows = ROW_COUNT;
    DROP TABLE pg_temp.gathered_rows;
    object := known.name;
    outcome := rows || ' rows';
    RETURN NEXT;
  END LOOP;
END
$function$;
REVOKE ALL ON FUNCTION restate.gather() FROM PUBLIC;
COMMENT ON FUNCTION restate.gather() IS
'Takes the tables that Citus distributes back to the coordinator, with what is in them, for restate_undistribute() and for updates of what was distributed. Returns a row for each: object, outcome: how many rows it has.';
DO $do$
DECLARE
  gathered bigint;
BEGIN
  IF to_regclass('pg_catalog.pg_dist_partition') IS NOT NULL THEN
    SELECT count(*) INTO gathered FROM restate.gather();
    IF gathered > 0 THEN
      RAISE WARNING 'the tables were distributed over nodes, and are on this one now'
        USING HINT = 'restate_distribute() distributes them.';
    END IF;
  END IF;
END
$do$;

-- Nobody else uses the tables until the end, which are locked in the order in which
-- operations lock their rows.
LOCK TABLE restate.object_key, restate.object_state, restate.promise, restate.invocation, restate.journal,
  restate.journal_event, restate.audit, restate.deployment, restate.service_revision;

-- What is behind the types of ids and their operators, and is called by nobody
-- by name, goes to the schema.

DO $do$
DECLARE
  moved regprocedure;
  old_name text;
BEGIN
  FOR moved, old_name IN
    SELECT oid, proname FROM pg_proc
    WHERE pronamespace = 'pg_catalog'::regnamespace
      AND proname ~ '^restate_(invocation|deployment)_id_(in|out|recv|lt|le|eq|ne|ge|gt|cmp|sortsupport|hash|hash_extended)$'
  LOOP
    EXECUTE format('ALTER FUNCTION %s SET SCHEMA restate', moved);
    EXECUTE format('ALTER FUNCTION %s RENAME TO %I', moved, substr(old_name, length('restate_') + 1));
  END LOOP;
END
$do$;

-- Ids and their partition keys.

-- Renamed, so that checks, and whatever a user built on them, go on with the
-- functions that they have.
ALTER FUNCTION restate_partition_key(restate_invocation_id) RENAME TO restate_partition_key_of_id;
COMMENT ON FUNCTION restate_partition_key_of_id(restate_invocation_id) IS
'The partition key of an invocation: the first 64 bits of the id, as a signed number (restate_partition_key_unsigned shows it unsigned). id: the invocation. Null: null.';
ALTER FUNCTION restate_partition_key(text) RENAME TO restate_partition_key_of_key;
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

-- Ids compared with text.
--
-- One order holds ids of both kinds and every text.  A text that is an id
-- stands as that id.  Another stands by its bytes: before all invocation ids
-- if it sorts before inv_1, else after them all, and likewise before or after
-- all deployment ids, by dp_1.  It equals no id.  No text is an error.
--
-- Equality is not marked MERGES: its operands have different collations, which
-- the planner does not reckon with in one class of equal expressions.

-- Text with text, as ids compare.  These operators are for indexes and joins,
-- which sort and hash the texts that they compare with ids.

CREATE FUNCTION restate.id_text_lt(text, text) RETURNS boolean
  LANGUAGE C IMMUTABLE STRICT LEAKPROOF PARALLEL SAFE
  AS 'MODULE_PATHNAME', 'restate_id_text_lt';
COMMENT ON FUNCTION restate.id_text_lt(text, text) IS
'Whether the first text is less than the second in the order of ids and texts. Behind the operator #<#.';

CREATE FUNCTION restate.id_text_le(text, text) RETURNS boolean
  LANGUAGE C IMMUTABLE STRICT LEAKPROOF PARALLEL SAFE
  AS 'MODULE_PATHNAME', 'restate_id_text_le';
COMMENT ON FUNCTION restate.id_text_le(text, text) IS
'Whether the first text is less than or equal to the second in the order of ids and texts. Behind the operator #<=#.';

CREATE FUNCTION restate.id_text_eq(text, text) RETURNS boolean
  LANGUAGE C IMMUTABLE STRICT LEAKPROOF PARALLEL SAFE
  AS 'MODULE_PATHNAME', 'restate_id_text_eq';
COMMENT ON FUNCTION restate.id_text_eq(text, text) IS
'Whether the first text equals the second in the order of ids and texts. Behind the operator #=#.';

CREATE FUNCTION restate.id_text_ne(text, text) RETURNS boolean
  LANGUAGE C IMMUTABLE STRICT LEAKPROOF PARALLEL SAFE
  AS 'MODULE_PATHNAME', 'restate_id_text_ne';
COMMENT ON FUNCTION restate.id_text_ne(text, text) IS
'Whether the first text differs from the second in the order of ids and texts. Behind the operator #<>#.';

CREATE FUNCTION restate.id_text_ge(text, text) RETURNS boolean
  LANGUAGE C IMMUTABLE STRICT LEAKPROOF PARALLEL SAFE
  AS 'MODULE_PATHNAME', 'restate_id_text_ge';
COMMENT ON FUNCTION restate.id_text_ge(text, text) IS
'Whether the first text is greater than or equal to the second in the order of ids and texts. Behind the operator #>=#.';

CREATE FUNCTION restate.id_text_gt(text, text) RETURNS boolean
  LANGUAGE C IMMUTABLE STRICT LEAKPROOF PARALLEL SAFE
  AS 'MODULE_PATHNAME', 'restate_id_text_gt';
COMMENT ON FUNCTION restate.id_text_gt(text, text) IS
'Whether the first text is greater than the second in the order of ids and texts. Behind the operator #>#.';

CREATE FUNCTION restate.id_text_cmp(text, text) RETURNS integer
  LANGUAGE C IMMUTABLE STRICT LEAKPROOF PARALLEL SAFE
  AS 'MODULE_PATHNAME', 'restate_id_text_cmp';
COMMENT ON FUNCTION restate.id_text_cmp(text, text) IS
'Compares two texts in the order of ids and texts: below, at or above 0. For btree indexes.';

CREATE FUNCTION restate.id_text_hash(text) RETURNS integer
  LANGUAGE C IMMUTABLE STRICT LEAKPROOF PARALLEL SAFE
  AS 'MODULE_PATHNAME', 'restate_id_text_hash';
COMMENT ON FUNCTION restate.id_text_hash(text) IS
'The hash of a text: of the id that it is, else of its bytes. For hash indexes and joins.';

CREATE FUNCTION restate.id_text_hash_extended(text, bigint) RETURNS bigint
  LANGUAGE C IMMUTABLE STRICT LEAKPROOF PARALLEL SAFE
  AS 'MODULE_PATHNAME', 'restate_id_text_hash_extended';
COMMENT ON FUNCTION restate.id_text_hash_extended(text, bigint) IS
'The 64-bit hash of a text with the seed given: of the id that it is, else of its bytes. For hash partitions.';

CREATE OPERATOR #<# (
  LEFTARG = text, RIGHTARG = text, FUNCTION = restate.id_text_lt,
  COMMUTATOR = #>#, NEGATOR = #>=#, RESTRICT = scalarltsel, JOIN = scalarltjoinsel
);
COMMENT ON OPERATOR #<# (text, text) IS
'is less than, in the order of ids and texts';

CREATE OPERATOR #<=# (
  LEFTARG = text, RIGHTARG = text, FUNCTION = restate.id_text_le,
  COMMUTATOR = #>=#, NEGATOR = #>#, RESTRICT = scalarlesel, JOIN = scalarlejoinsel
);
COMMENT ON OPERATOR #<=# (text, text) IS
'is less than or equal to, in the order of ids and texts';

CREATE OPERATOR #=# (
  LEFTARG = text, RIGHTARG = text, FUNCTION = restate.id_text_eq,
  COMMUTATOR = #=#, NEGATOR = #<>#, RESTRICT = eqsel, JOIN = eqjoinsel,
  HASHES
);
COMMENT ON OPERATOR #=# (text, text) IS
'equals, in the order of ids and texts';

CREATE OPERATOR #<># (
  LEFTARG = text, RIGHTARG = text, FUNCTION = restate.id_text_ne,
  COMMUTATOR = #<>#, NEGATOR = #=#, RESTRICT = neqsel, JOIN = neqjoinsel
);
COMMENT ON OPERATOR #<># (text, text) IS
'differs from, in the order of ids and texts';

CREATE OPERATOR #>=# (
  LEFTARG = text, RIGHTARG = text, FUNCTION = restate.id_text_ge,
  COMMUTATOR = #<=#, NEGATOR = #<#, RESTRICT = scalargesel, JOIN = scalargejoinsel
);
COMMENT ON OPERATOR #>=# (text, text) IS
'is greater than or equal to, in the order of ids and texts';

CREATE OPERATOR #># (
  LEFTARG = text, RIGHTARG = text, FUNCTION = restate.id_text_gt,
  COMMUTATOR = #<#, NEGATOR = #<=#, RESTRICT = scalargtsel, JOIN = scalargtjoinsel
);
COMMENT ON OPERATOR #># (text, text) IS
'is greater than, in the order of ids and texts';

-- Invocation ids with text.

CREATE FUNCTION restate.invocation_id_lt_text(restate_invocation_id, text) RETURNS boolean
  LANGUAGE C IMMUTABLE STRICT LEAKPROOF PARALLEL SAFE
  AS 'MODULE_PATHNAME', 'restate_invocation_id_lt_text';
COMMENT ON FUNCTION restate.invocation_id_lt_text(restate_invocation_id, text) IS
'Whether the invocation id is less than the text. Behind the operator <.';

CREATE FUNCTION restate.invocation_id_le_text(restate_invocation_id, text) RETURNS boolean
  LANGUAGE C IMMUTABLE STRICT LEAKPROOF PARALLEL SAFE
  AS 'MODULE_PATHNAME', 'restate_invocation_id_le_text';
COMMENT ON FUNCTION restate.invocation_id_le_text(restate_invocation_id, text) IS
'Whether the invocation id is less than or equal to the text. Behind the operator <=.';

CREATE FUNCTION restate.invocation_id_eq_text(restate_invocation_id, text) RETURNS boolean
  LANGUAGE C IMMUTABLE STRICT LEAKPROOF PARALLEL SAFE
  AS 'MODULE_PATHNAME', 'restate_invocation_id_eq_text';
COMMENT ON FUNCTION restate.invocation_id_eq_text(restate_invocation_id, text) IS
'Whether the invocation id equals the text. Behind the operator =.';

CREATE FUNCTION restate.invocation_id_ne_text(restate_invocation_id, text) RETURNS boolean
  LANGUAGE C IMMUTABLE STRICT LEAKPROOF PARALLEL SAFE
  AS 'MODULE_PATHNAME', 'restate_invocation_id_ne_text';
COMMENT ON FUNCTION restate.invocation_id_ne_text(restate_invocation_id, text) IS
'Whether the invocation id differs from the text. Behind the operator <>.';

CREATE FUNCTION restate.invocation_id_ge_text(restate_invocation_id, text) RETURNS boolean
  LANGUAGE C IMMUTABLE STRICT LEAKPROOF PARALLEL SAFE
  AS 'MODULE_PATHNAME', 'restate_invocation_id_ge_text';
COMMENT ON FUNCTION restate.invocation_id_ge_text(restate_invocation_id, text) IS
'Whether the invocation id is greater than or equal to the text. Behind the operator >=.';

CREATE FUNCTION restate.invocation_id_gt_text(restate_invocation_id, text) RETURNS boolean
  LANGUAGE C IMMUTABLE STRICT LEAKPROOF PARALLEL SAFE
  AS 'MODULE_PATHNAME', 'restate_invocation_id_gt_text';
COMMENT ON FUNCTION restate.invocation_id_gt_text(restate_invocation_id, text) IS
'Whether the invocation id is greater than the text. Behind the operator >.';

CREATE FUNCTION restate.text_lt_invocation_id(text, restate_invocation_id) RETURNS boolean
  LANGUAGE C IMMUTABLE STRICT LEAKPROOF PARALLEL SAFE
  AS 'MODULE_PATHNAME', 'restate_text_lt_invocation_id';
COMMENT ON FUNCTION restate.text_lt_invocation_id(text, restate_invocation_id) IS
'Whether the text is less than the invocation id. Behind the operator <.';

CREATE FUNCTION restate.text_le_invocation_id(text, restate_invocation_id) RETURNS boolean
  LANGUAGE C IMMUTABLE STRICT LEAKPROOF PARALLEL SAFE
  AS 'MODULE_PATHNAME', 'restate_text_le_invocation_id';
COMMENT ON FUNCTION restate.text_le_invocation_id(text, restate_invocation_id) IS
'Whether the text is less than or equal to the invocation id. Behind the operator <=.';

CREATE FUNCTION restate.text_eq_invocation_id(text, restate_invocation_id) RETURNS boolean
  LANGUAGE C IMMUTABLE STRICT LEAKPROOF PARALLEL SAFE
  AS 'MODULE_PATHNAME', 'restate_text_eq_invocation_id';
COMMENT ON FUNCTION restate.text_eq_invocation_id(text, restate_invocation_id) IS
'Whether the text equals the invocation id. Behind the operator =.';

CREATE FUNCTION restate.text_ne_invocation_id(text, restate_invocation_id) RETURNS boolean
  LANGUAGE C IMMUTABLE STRICT LEAKPROOF PARALLEL SAFE
  AS 'MODULE_PATHNAME', 'restate_text_ne_invocation_id';
COMMENT ON FUNCTION restate.text_ne_invocation_id(text, restate_invocation_id) IS
'Whether the text differs from the invocation id. Behind the operator <>.';

CREATE FUNCTION restate.text_ge_invocation_id(text, restate_invocation_id) RETURNS boolean
  LANGUAGE C IMMUTABLE STRICT LEAKPROOF PARALLEL SAFE
  AS 'MODULE_PATHNAME', 'restate_text_ge_invocation_id';
COMMENT ON FUNCTION restate.text_ge_invocation_id(text, restate_invocation_id) IS
'Whether the text is greater than or equal to the invocation id. Behind the operator >=.';

CREATE FUNCTION restate.text_gt_invocation_id(text, restate_invocation_id) RETURNS boolean
  LANGUAGE C IMMUTABLE STRICT LEAKPROOF PARALLEL SAFE
  AS 'MODULE_PATHNAME', 'restate_text_gt_invocation_id';
COMMENT ON FUNCTION restate.text_gt_invocation_id(text, restate_invocation_id) IS
'Whether the text is greater than the invocation id. Behind the operator >.';

CREATE FUNCTION restate.invocation_id_cmp_text(restate_invocation_id, text) RETURNS integer
  LANGUAGE C IMMUTABLE STRICT LEAKPROOF PARALLEL SAFE
  AS 'MODULE_PATHNAME', 'restate_invocation_id_cmp_text';
COMMENT ON FUNCTION restate.invocation_id_cmp_text(restate_invocation_id, text) IS
'Compares an invocation id with a text: below, at or above 0. For btree indexes.';

CREATE FUNCTION restate.text_cmp_invocation_id(text, restate_invocation_id) RETURNS integer
  LANGUAGE C IMMUTABLE STRICT LEAKPROOF PARALLEL SAFE
  AS 'MODULE_PATHNAME', 'restate_text_cmp_invocation_id';
COMMENT ON FUNCTION restate.text_cmp_invocation_id(text, restate_invocation_id) IS
'Compares a text with an invocation id: below, at or above 0. For btree indexes.';

CREATE OPERATOR < (
  LEFTARG = restate_invocation_id, RIGHTARG = text, FUNCTION = restate.invocation_id_lt_text,
  COMMUTATOR = >, NEGATOR = >=, RESTRICT = scalarltsel, JOIN = scalarltjoinsel
);
COMMENT ON OPERATOR < (restate_invocation_id, text) IS
'is less than';

CREATE OPERATOR <= (
  LEFTARG = restate_invocation_id, RIGHTARG = text, FUNCTION = restate.invocation_id_le_text,
  COMMUTATOR = >=, NEGATOR = >, RESTRICT = scalarlesel, JOIN = scalarlejoinsel
);
COMMENT ON OPERATOR <= (restate_invocation_id, text) IS
'is less than or equal to';

CREATE OPERATOR = (
  LEFTARG = restate_invocation_id, RIGHTARG = text, FUNCTION = restate.invocation_id_eq_text,
  COMMUTATOR = =, NEGATOR = <>, RESTRICT = eqsel, JOIN = eqjoinsel,
  HASHES
);
COMMENT ON OPERATOR = (restate_invocation_id, text) IS
'equals; a text that is no id equals none';

CREATE OPERATOR <> (
  LEFTARG = restate_invocation_id, RIGHTARG = text, FUNCTION = restate.invocation_id_ne_text,
  COMMUTATOR = <>, NEGATOR = =, RESTRICT = neqsel, JOIN = neqjoinsel
);
COMMENT ON OPERATOR <> (restate_invocation_id, text) IS
'differs from';

CREATE OPERATOR >= (
  LEFTARG = restate_invocation_id, RIGHTARG = text, FUNCTION = restate.invocation_id_ge_text,
  COMMUTATOR = <=, NEGATOR = <, RESTRICT = scalargesel, JOIN = scalargejoinsel
);
COMMENT ON OPERATOR >= (restate_invocation_id, text) IS
'is greater than or equal to';

CREATE OPERATOR > (
  LEFTARG = restate_invocation_id, RIGHTARG = text, FUNCTION = restate.invocation_id_gt_text,
  COMMUTATOR = <, NEGATOR = <=, RESTRICT = scalargtsel, JOIN = scalargtjoinsel
);
COMMENT ON OPERATOR > (restate_invocation_id, text) IS
'is greater than';

CREATE OPERATOR < (
  LEFTARG = text, RIGHTARG = restate_invocation_id, FUNCTION = restate.text_lt_invocation_id,
  COMMUTATOR = >, NEGATOR = >=, RESTRICT = scalarltsel, JOIN = scalarltjoinsel
);
COMMENT ON OPERATOR < (text, restate_invocation_id) IS
'is less than';

CREATE OPERATOR <= (
  LEFTARG = text, RIGHTARG = restate_invocation_id, FUNCTION = restate.text_le_invocation_id,
  COMMUTATOR = >=, NEGATOR = >, RESTRICT = scalarlesel, JOIN = scalarlejoinsel
);
COMMENT ON OPERATOR <= (text, restate_invocation_id) IS
'is less than or equal to';

CREATE OPERATOR = (
  LEFTARG = text, RIGHTARG = restate_invocation_id, FUNCTION = restate.text_eq_invocation_id,
  COMMUTATOR = =, NEGATOR = <>, RESTRICT = eqsel, JOIN = eqjoinsel,
  HASHES
);
COMMENT ON OPERATOR = (text, restate_invocation_id) IS
'equals; a text that is no id equals none';

CREATE OPERATOR <> (
  LEFTARG = text, RIGHTARG = restate_invocation_id, FUNCTION = restate.text_ne_invocation_id,
  COMMUTATOR = <>, NEGATOR = =, RESTRICT = neqsel, JOIN = neqjoinsel
);
COMMENT ON OPERATOR <> (text, restate_invocation_id) IS
'differs from';

CREATE OPERATOR >= (
  LEFTARG = text, RIGHTARG = restate_invocation_id, FUNCTION = restate.text_ge_invocation_id,
  COMMUTATOR = <=, NEGATOR = <, RESTRICT = scalargesel, JOIN = scalargejoinsel
);
COMMENT ON OPERATOR >= (text, restate_invocation_id) IS
'is greater than or equal to';

CREATE OPERATOR > (
  LEFTARG = text, RIGHTARG = restate_invocation_id, FUNCTION = restate.text_gt_invocation_id,
  COMMUTATOR = <, NEGATOR = <=, RESTRICT = scalargtsel, JOIN = scalargtjoinsel
);
COMMENT ON OPERATOR > (text, restate_invocation_id) IS
'is greater than';

ALTER OPERATOR FAMILY restate_invocation_id_ops USING btree ADD
  OPERATOR 1 < (restate_invocation_id, text), OPERATOR 2 <= (restate_invocation_id, text), OPERATOR 3 = (restate_invocation_id, text),
  OPERATOR 4 >= (restate_invocation_id, text), OPERATOR 5 > (restate_invocation_id, text),
  OPERATOR 1 < (text, restate_invocation_id), OPERATOR 2 <= (text, restate_invocation_id), OPERATOR 3 = (text, restate_invocation_id),
  OPERATOR 4 >= (text, restate_invocation_id), OPERATOR 5 > (text, restate_invocation_id),
  OPERATOR 1 #<# (text, text), OPERATOR 2 #<=# (text, text), OPERATOR 3 #=# (text, text),
  OPERATOR 4 #>=# (text, text), OPERATOR 5 #># (text, text),
  FUNCTION 1 (restate_invocation_id, text) restate.invocation_id_cmp_text(restate_invocation_id, text),
  FUNCTION 1 (text, restate_invocation_id) restate.text_cmp_invocation_id(text, restate_invocation_id),
  FUNCTION 1 (text, text) restate.id_text_cmp(text, text);

ALTER OPERATOR FAMILY restate_invocation_id_ops USING hash ADD
  OPERATOR 1 = (restate_invocation_id, text), OPERATOR 1 = (text, restate_invocation_id), OPERATOR 1 #=# (text, text),
  FUNCTION 1 (text, text) restate.id_text_hash(text),
  FUNCTION 2 (text, text) restate.id_text_hash_extended(text, bigint);

-- Deployment ids with text.

CREATE FUNCTION restate.deployment_id_lt_text(restate_deployment_id, text) RETURNS boolean
  LANGUAGE C IMMUTABLE STRICT LEAKPROOF PARALLEL SAFE
  AS 'MODULE_PATHNAME', 'restate_deployment_id_lt_text';
COMMENT ON FUNCTION restate.deployment_id_lt_text(restate_deployment_id, text) IS
'Whether the deployment id is less than the text. Behind the operator <.';

CREATE FUNCTION restate.deployment_id_le_text(restate_deployment_id, text) RETURNS boolean
  LANGUAGE C IMMUTABLE STRICT LEAKPROOF PARALLEL SAFE
  AS 'MODULE_PATHNAME', 'restate_deployment_id_le_text';
COMMENT ON FUNCTION restate.deployment_id_le_text(restate_deployment_id, text) IS
'Whether the deployment id is less than or equal to the text. Behind the operator <=.';

CREATE FUNCTION restate.deployment_id_eq_text(restate_deployment_id, text) RETURNS boolean
  LANGUAGE C IMMUTABLE STRICT LEAKPROOF PARALLEL SAFE
  AS 'MODULE_PATHNAME', 'restate_deployment_id_eq_text';
COMMENT ON FUNCTION restate.deployment_id_eq_text(restate_deployment_id, text) IS
'Whether the deployment id equals the text. Behind the operator =.';

CREATE FUNCTION restate.deployment_id_ne_text(restate_deployment_id, text) RETURNS boolean
  LANGUAGE C IMMUTABLE STRICT LEAKPROOF PARALLEL SAFE
  AS 'MODULE_PATHNAME', 'restate_deployment_id_ne_text';
COMMENT ON FUNCTION restate.deployment_id_ne_text(restate_deployment_id, text) IS
'Whether the deployment id differs from the text. Behind the operator <>.';

CREATE FUNCTION restate.deployment_id_ge_text(restate_deployment_id, text) RETURNS boolean
  LANGUAGE C IMMUTABLE STRICT LEAKPROOF PARALLEL SAFE
  AS 'MODULE_PATHNAME', 'restate_deployment_id_ge_text';
COMMENT ON FUNCTION restate.deployment_id_ge_text(restate_deployment_id, text) IS
'Whether the deployment id is greater than or equal to the text. Behind the operator >=.';

CREATE FUNCTION restate.deployment_id_gt_text(restate_deployment_id, text) RETURNS boolean
  LANGUAGE C IMMUTABLE STRICT LEAKPROOF PARALLEL SAFE
  AS 'MODULE_PATHNAME', 'restate_deployment_id_gt_text';
COMMENT ON FUNCTION restate.deployment_id_gt_text(restate_deployment_id, text) IS
'Whether the deployment id is greater than the text. Behind the operator >.';

CREATE FUNCTION restate.text_lt_deployment_id(text, restate_deployment_id) RETURNS boolean
  LANGUAGE C IMMUTABLE STRICT LEAKPROOF PARALLEL SAFE
  AS 'MODULE_PATHNAME', 'restate_text_lt_deployment_id';
COMMENT ON FUNCTION restate.text_lt_deployment_id(text, restate_deployment_id) IS
'Whether the text is less than the deployment id. Behind the operator <.';

CREATE FUNCTION restate.text_le_deployment_id(text, restate_deployment_id) RETURNS boolean
  LANGUAGE C IMMUTABLE STRICT LEAKPROOF PARALLEL SAFE
  AS 'MODULE_PATHNAME', 'restate_text_le_deployment_id';
COMMENT ON FUNCTION restate.text_le_deployment_id(text, restate_deployment_id) IS
'Whether the text is less than or equal to the deployment id. Behind the operator <=.';

CREATE FUNCTION restate.text_eq_deployment_id(text, restate_deployment_id) RETURNS boolean
  LANGUAGE C IMMUTABLE STRICT LEAKPROOF PARALLEL SAFE
  AS 'MODULE_PATHNAME', 'restate_text_eq_deployment_id';
COMMENT ON FUNCTION restate.text_eq_deployment_id(text, restate_deployment_id) IS
'Whether the text equals the deployment id. Behind the operator =.';

CREATE FUNCTION restate.text_ne_deployment_id(text, restate_deployment_id) RETURNS boolean
  LANGUAGE C IMMUTABLE STRICT LEAKPROOF PARALLEL SAFE
  AS 'MODULE_PATHNAME', 'restate_text_ne_deployment_id';
COMMENT ON FUNCTION restate.text_ne_deployment_id(text, restate_deployment_id) IS
'Whether the text differs from the deployment id. Behind the operator <>.';

CREATE FUNCTION restate.text_ge_deployment_id(text, restate_deployment_id) RETURNS boolean
  LANGUAGE C IMMUTABLE STRICT LEAKPROOF PARALLEL SAFE
  AS 'MODULE_PATHNAME', 'restate_text_ge_deployment_id';
COMMENT ON FUNCTION restate.text_ge_deployment_id(text, restate_deployment_id) IS
'Whether the text is greater than or equal to the deployment id. Behind the operator >=.';

CREATE FUNCTION restate.text_gt_deployment_id(text, restate_deployment_id) RETURNS boolean
  LANGUAGE C IMMUTABLE STRICT LEAKPROOF PARALLEL SAFE
  AS 'MODULE_PATHNAME', 'restate_text_gt_deployment_id';
COMMENT ON FUNCTION restate.text_gt_deployment_id(text, restate_deployment_id) IS
'Whether the text is greater than the deployment id. Behind the operator >.';

CREATE FUNCTION restate.deployment_id_cmp_text(restate_deployment_id, text) RETURNS integer
  LANGUAGE C IMMUTABLE STRICT LEAKPROOF PARALLEL SAFE
  AS 'MODULE_PATHNAME', 'restate_deployment_id_cmp_text';
COMMENT ON FUNCTION restate.deployment_id_cmp_text(restate_deployment_id, text) IS
'Compares a deployment id with a text: below, at or above 0. For btree indexes.';

CREATE FUNCTION restate.text_cmp_deployment_id(text, restate_deployment_id) RETURNS integer
  LANGUAGE C IMMUTABLE STRICT LEAKPROOF PARALLEL SAFE
  AS 'MODULE_PATHNAME', 'restate_text_cmp_deployment_id';
COMMENT ON FUNCTION restate.text_cmp_deployment_id(text, restate_deployment_id) IS
'Compares a text with a deployment id: below, at or above 0. For btree indexes.';

CREATE OPERATOR < (
  LEFTARG = restate_deployment_id, RIGHTARG = text, FUNCTION = restate.deployment_id_lt_text,
  COMMUTATOR = >, NEGATOR = >=, RESTRICT = scalarltsel, JOIN = scalarltjoinsel
);
COMMENT ON OPERATOR < (restate_deployment_id, text) IS
'is less than';

CREATE OPERATOR <= (
  LEFTARG = restate_deployment_id, RIGHTARG = text, FUNCTION = restate.deployment_id_le_text,
  COMMUTATOR = >=, NEGATOR = >, RESTRICT = scalarlesel, JOIN = scalarlejoinsel
);
COMMENT ON OPERATOR <= (restate_deployment_id, text) IS
'is less than or equal to';

CREATE OPERATOR = (
  LEFTARG = restate_deployment_id, RIGHTARG = text, FUNCTION = restate.deployment_id_eq_text,
  COMMUTATOR = =, NEGATOR = <>, RESTRICT = eqsel, JOIN = eqjoinsel,
  HASHES
);
COMMENT ON OPERATOR = (restate_deployment_id, text) IS
'equals; a text that is no id equals none';

CREATE OPERATOR <> (
  LEFTARG = restate_deployment_id, RIGHTARG = text, FUNCTION = restate.deployment_id_ne_text,
  COMMUTATOR = <>, NEGATOR = =, RESTRICT = neqsel, JOIN = neqjoinsel
);
COMMENT ON OPERATOR <> (restate_deployment_id, text) IS
'differs from';

CREATE OPERATOR >= (
  LEFTARG = restate_deployment_id, RIGHTARG = text, FUNCTION = restate.deployment_id_ge_text,
  COMMUTATOR = <=, NEGATOR = <, RESTRICT = scalargesel, JOIN = scalargejoinsel
);
COMMENT ON OPERATOR >= (restate_deployment_id, text) IS
'is greater than or equal to';

CREATE OPERATOR > (
  LEFTARG = restate_deployment_id, RIGHTARG = text, FUNCTION = restate.deployment_id_gt_text,
  COMMUTATOR = <, NEGATOR = <=, RESTRICT = scalargtsel, JOIN = scalargtjoinsel
);
COMMENT ON OPERATOR > (restate_deployment_id, text) IS
'is greater than';

CREATE OPERATOR < (
  LEFTARG = text, RIGHTARG = restate_deployment_id, FUNCTION = restate.text_lt_deployment_id,
  COMMUTATOR = >, NEGATOR = >=, RESTRICT = scalarltsel, JOIN = scalarltjoinsel
);
COMMENT ON OPERATOR < (text, restate_deployment_id) IS
'is less than';

CREATE OPERATOR <= (
  LEFTARG = text, RIGHTARG = restate_deployment_id, FUNCTION = restate.text_le_deployment_id,
  COMMUTATOR = >=, NEGATOR = >, RESTRICT = scalarlesel, JOIN = scalarlejoinsel
);
COMMENT ON OPERATOR <= (text, restate_deployment_id) IS
'is less than or equal to';

CREATE OPERATOR = (
  LEFTARG = text, RIGHTARG = restate_deployment_id, FUNCTION = restate.text_eq_deployment_id,
  COMMUTATOR = =, NEGATOR = <>, RESTRICT = eqsel, JOIN = eqjoinsel,
  HASHES
);
COMMENT ON OPERATOR = (text, restate_deployment_id) IS
'equals; a text that is no id equals none';

CREATE OPERATOR <> (
  LEFTARG = text, RIGHTARG = restate_deployment_id, FUNCTION = restate.text_ne_deployment_id,
  COMMUTATOR = <>, NEGATOR = =, RESTRICT = neqsel, JOIN = neqjoinsel
);
COMMENT ON OPERATOR <> (text, restate_deployment_id) IS
'differs from';

CREATE OPERATOR >= (
  LEFTARG = text, RIGHTARG = restate_deployment_id, FUNCTION = restate.text_ge_deployment_id,
  COMMUTATOR = <=, NEGATOR = <, RESTRICT = scalargesel, JOIN = scalargejoinsel
);
COMMENT ON OPERATOR >= (text, restate_deployment_id) IS
'is greater than or equal to';

CREATE OPERATOR > (
  LEFTARG = text, RIGHTARG = restate_deployment_id, FUNCTION = restate.text_gt_deployment_id,
  COMMUTATOR = <, NEGATOR = <=, RESTRICT = scalargtsel, JOIN = scalargtjoinsel
);
COMMENT ON OPERATOR > (text, restate_deployment_id) IS
'is greater than';

ALTER OPERATOR FAMILY restate_deployment_id_ops USING btree ADD
  OPERATOR 1 < (restate_deployment_id, text), OPERATOR 2 <= (restate_deployment_id, text), OPERATOR 3 = (restate_deployment_id, text),
  OPERATOR 4 >= (restate_deployment_id, text), OPERATOR 5 > (restate_deployment_id, text),
  OPERATOR 1 < (text, restate_deployment_id), OPERATOR 2 <= (text, restate_deployment_id), OPERATOR 3 = (text, restate_deployment_id),
  OPERATOR 4 >= (text, restate_deployment_id), OPERATOR 5 > (text, restate_deployment_id),
  OPERATOR 1 #<# (text, text), OPERATOR 2 #<=# (text, text), OPERATOR 3 #=# (text, text),
  OPERATOR 4 #>=# (text, text), OPERATOR 5 #># (text, text),
  FUNCTION 1 (restate_deployment_id, text) restate.deployment_id_cmp_text(restate_deployment_id, text),
  FUNCTION 1 (text, restate_deployment_id) restate.text_cmp_deployment_id(text, restate_deployment_id),
  FUNCTION 1 (text, text) restate.id_text_cmp(text, text);

ALTER OPERATOR FAMILY restate_deployment_id_ops USING hash ADD
  OPERATOR 1 = (restate_deployment_id, text), OPERATOR 1 = (text, restate_deployment_id), OPERATOR 1 #=# (text, text),
  FUNCTION 1 (text, text) restate.id_text_hash(text),
  FUNCTION 2 (text, text) restate.id_text_hash_extended(text, bigint);

-- Ids as text, and text as ids.

-- Patterns, on the text of an id.  The planner puts the expression in place of
-- the function, which an index on the text of the id can serve.

CREATE FUNCTION restate.invocation_id_like(id restate_invocation_id, pattern text) RETURNS boolean
  LANGUAGE SQL IMMUTABLE STRICT PARALLEL SAFE
  RETURN id::text LIKE pattern;
COMMENT ON FUNCTION restate.invocation_id_like(restate_invocation_id, text) IS
'Whether the text of the invocation id is like the pattern. Behind the operator ~~. Error: that of an invalid pattern.';

CREATE OPERATOR ~~ (
  LEFTARG = restate_invocation_id, RIGHTARG = text, FUNCTION = restate.invocation_id_like,
  NEGATOR = !~~, RESTRICT = likesel, JOIN = likejoinsel
);
COMMENT ON OPERATOR ~~ (restate_invocation_id, text) IS
'is like the pattern';

CREATE FUNCTION restate.invocation_id_not_like(id restate_invocation_id, pattern text) RETURNS boolean
  LANGUAGE SQL IMMUTABLE STRICT PARALLEL SAFE
  RETURN id::text NOT LIKE pattern;
COMMENT ON FUNCTION restate.invocation_id_not_like(restate_invocation_id, text) IS
'Whether the text of the invocation id is not like the pattern. Behind the operator !~~. Error: that of an invalid pattern.';

CREATE OPERATOR !~~ (
  LEFTARG = restate_invocation_id, RIGHTARG = text, FUNCTION = restate.invocation_id_not_like,
  NEGATOR = ~~, RESTRICT = nlikesel, JOIN = nlikejoinsel
);
COMMENT ON OPERATOR !~~ (restate_invocation_id, text) IS
'is not like the pattern';

CREATE FUNCTION restate.invocation_id_ilike(id restate_invocation_id, pattern text) RETURNS boolean
  LANGUAGE SQL IMMUTABLE STRICT PARALLEL SAFE
  RETURN id::text ILIKE pattern;
COMMENT ON FUNCTION restate.invocation_id_ilike(restate_invocation_id, text) IS
'Whether the text of the invocation id is like the pattern, in any case. Behind the operator ~~*. Error: that of an invalid pattern.';

CREATE OPERATOR ~~* (
  LEFTARG = restate_invocation_id, RIGHTARG = text, FUNCTION = restate.invocation_id_ilike,
  NEGATOR = !~~*, RESTRICT = iclikesel, JOIN = iclikejoinsel
);
COMMENT ON OPERATOR ~~* (restate_invocation_id, text) IS
'is like the pattern, in any case';

CREATE FUNCTION restate.invocation_id_not_ilike(id restate_invocation_id, pattern text) RETURNS boolean
  LANGUAGE SQL IMMUTABLE STRICT PARALLEL SAFE
  RETURN id::text NOT ILIKE pattern;
COMMENT ON FUNCTION restate.invocation_id_not_ilike(restate_invocation_id, text) IS
'Whether the text of the invocation id is not like the pattern, in any case. Behind the operator !~~*. Error: that of an invalid pattern.';

CREATE OPERATOR !~~* (
  LEFTARG = restate_invocation_id, RIGHTARG = text, FUNCTION = restate.invocation_id_not_ilike,
  NEGATOR = ~~*, RESTRICT = icnlikesel, JOIN = icnlikejoinsel
);
COMMENT ON OPERATOR !~~* (restate_invocation_id, text) IS
'is not like the pattern, in any case';

CREATE FUNCTION restate.invocation_id_regex(id restate_invocation_id, pattern text) RETURNS boolean
  LANGUAGE SQL IMMUTABLE STRICT PARALLEL SAFE
  RETURN id::text ~ pattern;
COMMENT ON FUNCTION restate.invocation_id_regex(restate_invocation_id, text) IS
'Whether the text of the invocation id matches the regular expression. Behind the operator ~. Error: that of an invalid pattern.';

CREATE OPERATOR ~ (
  LEFTARG = restate_invocation_id, RIGHTARG = text, FUNCTION = restate.invocation_id_regex,
  NEGATOR = !~, RESTRICT = regexeqsel, JOIN = regexeqjoinsel
);
COMMENT ON OPERATOR ~ (restate_invocation_id, text) IS
'matches the regular expression';

CREATE FUNCTION restate.invocation_id_not_regex(id restate_invocation_id, pattern text) RETURNS boolean
  LANGUAGE SQL IMMUTABLE STRICT PARALLEL SAFE
  RETURN id::text !~ pattern;
COMMENT ON FUNCTION restate.invocation_id_not_regex(restate_invocation_id, text) IS
'Whether the text of the invocation id does not match the regular expression. Behind the operator !~. Error: that of an invalid pattern.';

CREATE OPERATOR !~ (
  LEFTARG = restate_invocation_id, RIGHTARG = text, FUNCTION = restate.invocation_id_not_regex,
  NEGATOR = ~, RESTRICT = regexnesel, JOIN = regexnejoinsel
);
COMMENT ON OPERATOR !~ (restate_invocation_id, text) IS
'does not match the regular expression';

CREATE FUNCTION restate.invocation_id_iregex(id restate_invocation_id, pattern text) RETURNS boolean
  LANGUAGE SQL IMMUTABLE STRICT PARALLEL SAFE
  RETURN id::text ~* pattern;
COMMENT ON FUNCTION restate.invocation_id_iregex(restate_invocation_id, text) IS
'Whether the text of the invocation id matches the regular expression, in any case. Behind the operator ~*. Error: that of an invalid pattern.';

CREATE OPERATOR ~* (
  LEFTARG = restate_invocation_id, RIGHTARG = text, FUNCTION = restate.invocation_id_iregex,
  NEGATOR = !~*, RESTRICT = icregexeqsel, JOIN = icregexeqjoinsel
);
COMMENT ON OPERATOR ~* (restate_invocation_id, text) IS
'matches the regular expression, in any case';

CREATE FUNCTION restate.invocation_id_not_iregex(id restate_invocation_id, pattern text) RETURNS boolean
  LANGUAGE SQL IMMUTABLE STRICT PARALLEL SAFE
  RETURN id::text !~* pattern;
COMMENT ON FUNCTION restate.invocation_id_not_iregex(restate_invocation_id, text) IS
'Whether the text of the invocation id does not match the regular expression, in any case. Behind the operator !~*. Error: that of an invalid pattern.';

CREATE OPERATOR !~* (
  LEFTARG = restate_invocation_id, RIGHTARG = text, FUNCTION = restate.invocation_id_not_iregex,
  NEGATOR = ~*, RESTRICT = icregexnesel, JOIN = icregexnejoinsel
);
COMMENT ON OPERATOR !~* (restate_invocation_id, text) IS
'does not match the regular expression, in any case';

CREATE FUNCTION restate.invocation_id_starts_with(id restate_invocation_id, prefix text) RETURNS boolean
  LANGUAGE SQL IMMUTABLE STRICT PARALLEL SAFE
  RETURN id::text ^@ prefix;
COMMENT ON FUNCTION restate.invocation_id_starts_with(restate_invocation_id, text) IS
'Whether the text of the invocation id begins with the text. Behind the operator ^@.';

CREATE OPERATOR ^@ (
  LEFTARG = restate_invocation_id, RIGHTARG = text, FUNCTION = restate.invocation_id_starts_with,
  RESTRICT = prefixsel, JOIN = prefixjoinsel
);
COMMENT ON OPERATOR ^@ (restate_invocation_id, text) IS
'begins with the text';

CREATE FUNCTION restate.deployment_id_like(id restate_deployment_id, pattern text) RETURNS boolean
  LANGUAGE SQL IMMUTABLE STRICT PARALLEL SAFE
  RETURN id::text LIKE pattern;
COMMENT ON FUNCTION restate.deployment_id_like(restate_deployment_id, text) IS
'Whether the text of the deployment id is like the pattern. Behind the operator ~~. Error: that of an invalid pattern.';

CREATE OPERATOR ~~ (
  LEFTARG = restate_deployment_id, RIGHTARG = text, FUNCTION = restate.deployment_id_like,
  NEGATOR = !~~, RESTRICT = likesel, JOIN = likejoinsel
);
COMMENT ON OPERATOR ~~ (restate_deployment_id, text) IS
'is like the pattern';

CREATE FUNCTION restate.deployment_id_not_like(id restate_deployment_id, pattern text) RETURNS boolean
  LANGUAGE SQL IMMUTABLE STRICT PARALLEL SAFE
  RETURN id::text NOT LIKE pattern;
COMMENT ON FUNCTION restate.deployment_id_not_like(restate_deployment_id, text) IS
'Whether the text of the deployment id is not like the pattern. Behind the operator !~~. Error: that of an invalid pattern.';

CREATE OPERATOR !~~ (
  LEFTARG = restate_deployment_id, RIGHTARG = text, FUNCTION = restate.deployment_id_not_like,
  NEGATOR = ~~, RESTRICT = nlikesel, JOIN = nlikejoinsel
);
COMMENT ON OPERATOR !~~ (restate_deployment_id, text) IS
'is not like the pattern';

CREATE FUNCTION restate.deployment_id_ilike(id restate_deployment_id, pattern text) RETURNS boolean
  LANGUAGE SQL IMMUTABLE STRICT PARALLEL SAFE
  RETURN id::text ILIKE pattern;
COMMENT ON FUNCTION restate.deployment_id_ilike(restate_deployment_id, text) IS
'Whether the text of the deployment id is like the pattern, in any case. Behind the operator ~~*. Error: that of an invalid pattern.';

CREATE OPERATOR ~~* (
  LEFTARG = restate_deployment_id, RIGHTARG = text, FUNCTION = restate.deployment_id_ilike,
  NEGATOR = !~~*, RESTRICT = iclikesel, JOIN = iclikejoinsel
);
COMMENT ON OPERATOR ~~* (restate_deployment_id, text) IS
'is like the pattern, in any case';

CREATE FUNCTION restate.deployment_id_not_ilike(id restate_deployment_id, pattern text) RETURNS boolean
  LANGUAGE SQL IMMUTABLE STRICT PARALLEL SAFE
  RETURN id::text NOT ILIKE pattern;
COMMENT ON FUNCTION restate.deployment_id_not_ilike(restate_deployment_id, text) IS
'Whether the text of the deployment id is not like the pattern, in any case. Behind the operator !~~*. Error: that of an invalid pattern.';

CREATE OPERATOR !~~* (
  LEFTARG = restate_deployment_id, RIGHTARG = text, FUNCTION = restate.deployment_id_not_ilike,
  NEGATOR = ~~*, RESTRICT = icnlikesel, JOIN = icnlikejoinsel
);
COMMENT ON OPERATOR !~~* (restate_deployment_id, text) IS
'is not like the pattern, in any case';

CREATE FUNCTION restate.deployment_id_regex(id restate_deployment_id, pattern text) RETURNS boolean
  LANGUAGE SQL IMMUTABLE STRICT PARALLEL SAFE
  RETURN id::text ~ pattern;
COMMENT ON FUNCTION restate.deployment_id_regex(restate_deployment_id, text) IS
'Whether the text of the deployment id matches the regular expression. Behind the operator ~. Error: that of an invalid pattern.';

CREATE OPERATOR ~ (
  LEFTARG = restate_deployment_id, RIGHTARG = text, FUNCTION = restate.deployment_id_regex,
  NEGATOR = !~, RESTRICT = regexeqsel, JOIN = regexeqjoinsel
);
COMMENT ON OPERATOR ~ (restate_deployment_id, text) IS
'matches the regular expression';

CREATE FUNCTION restate.deployment_id_not_regex(id restate_deployment_id, pattern text) RETURNS boolean
  LANGUAGE SQL IMMUTABLE STRICT PARALLEL SAFE
  RETURN id::text !~ pattern;
COMMENT ON FUNCTION restate.deployment_id_not_regex(restate_deployment_id, text) IS
'Whether the text of the deployment id does not match the regular expression. Behind the operator !~. Error: that of an invalid pattern.';

CREATE OPERATOR !~ (
  LEFTARG = restate_deployment_id, RIGHTARG = text, FUNCTION = restate.deployment_id_not_regex,
  NEGATOR = ~, RESTRICT = regexnesel, JOIN = regexnejoinsel
);
COMMENT ON OPERATOR !~ (restate_deployment_id, text) IS
'does not match the regular expression';

CREATE FUNCTION restate.deployment_id_iregex(id restate_deployment_id, pattern text) RETURNS boolean
  LANGUAGE SQL IMMUTABLE STRICT PARALLEL SAFE
  RETURN id::text ~* pattern;
COMMENT ON FUNCTION restate.deployment_id_iregex(restate_deployment_id, text) IS
'Whether the text of the deployment id matches the regular expression, in any case. Behind the operator ~*. Error: that of an invalid pattern.';

CREATE OPERATOR ~* (
  LEFTARG = restate_deployment_id, RIGHTARG = text, FUNCTION = restate.deployment_id_iregex,
  NEGATOR = !~*, RESTRICT = icregexeqsel, JOIN = icregexeqjoinsel
);
COMMENT ON OPERATOR ~* (restate_deployment_id, text) IS
'matches the regular expression, in any case';

CREATE FUNCTION restate.deployment_id_not_iregex(id restate_deployment_id, pattern text) RETURNS boolean
  LANGUAGE SQL IMMUTABLE STRICT PARALLEL SAFE
  RETURN id::text !~* pattern;
COMMENT ON FUNCTION restate.deployment_id_not_iregex(restate_deployment_id, text) IS
'Whether the text of the deployment id does not match the regular expression, in any case. Behind the operator !~*. Error: that of an invalid pattern.';

CREATE OPERATOR !~* (
  LEFTARG = restate_deployment_id, RIGHTARG = text, FUNCTION = restate.deployment_id_not_iregex,
  NEGATOR = ~*, RESTRICT = icregexnesel, JOIN = icregexnejoinsel
);
COMMENT ON OPERATOR !~* (restate_deployment_id, text) IS
'does not match the regular expression, in any case';

CREATE FUNCTION restate.deployment_id_starts_with(id restate_deployment_id, prefix text) RETURNS boolean
  LANGUAGE SQL IMMUTABLE STRICT PARALLEL SAFE
  RETURN id::text ^@ prefix;
COMMENT ON FUNCTION restate.deployment_id_starts_with(restate_deployment_id, text) IS
'Whether the text of the deployment id begins with the text. Behind the operator ^@.';

CREATE OPERATOR ^@ (
  LEFTARG = restate_deployment_id, RIGHTARG = text, FUNCTION = restate.deployment_id_starts_with,
  RESTRICT = prefixsel, JOIN = prefixjoinsel
);
COMMENT ON OPERATOR ^@ (restate_deployment_id, text) IS
'begins with the text';

-- A text where an id is asked for, as a parameter or a column of a caller's is,
-- is read as an id: it finds the functions that take one.  Malformed text is
-- the error of the type.  No id becomes text by itself, which would leave
-- operators to choose from, of || for one.

CREATE CAST (text AS restate_invocation_id) WITH INOUT AS IMPLICIT;
COMMENT ON CAST (text AS restate_invocation_id) IS
'reads the text of an invocation id; error: invalid_invocation_id';

CREATE CAST (varchar AS restate_invocation_id) WITH INOUT AS IMPLICIT;
COMMENT ON CAST (varchar AS restate_invocation_id) IS
'reads the text of an invocation id; error: invalid_invocation_id';

CREATE CAST (bpchar AS restate_invocation_id) WITH INOUT AS IMPLICIT;
COMMENT ON CAST (bpchar AS restate_invocation_id) IS
'reads the text of an invocation id; error: invalid_invocation_id';

CREATE CAST (text AS restate_deployment_id) WITH INOUT AS IMPLICIT;
COMMENT ON CAST (text AS restate_deployment_id) IS
'reads the text of a deployment id; error: invalid_deployment_id';

CREATE CAST (varchar AS restate_deployment_id) WITH INOUT AS IMPLICIT;
COMMENT ON CAST (varchar AS restate_deployment_id) IS
'reads the text of a deployment id; error: invalid_deployment_id';

CREATE CAST (bpchar AS restate_deployment_id) WITH INOUT AS IMPLICIT;
COMMENT ON CAST (bpchar AS restate_deployment_id) IS
'reads the text of a deployment id; error: invalid_deployment_id';

-- Keys of any length up to 16 KiB: what an index has of one.

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

-- Entries.

CREATE FUNCTION restate.storable_json(document text) RETURNS jsonb
  LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 20
  AS 'MODULE_PATHNAME', 'restate_storable_json_function';
COMMENT ON FUNCTION restate.storable_json(text) IS
'The JSON as jsonb, with U+FFFD in place of each escape of a character that no text can hold: \u0000, and a surrogate without its other half, in values and in keys. Where the database''s encoding is not UTF8, what that encoding lacks is replaced too, all by a question mark. document: the JSON. Null: null. Error: invalid_body for what is no JSON, or is more than jsonb holds.';

CREATE FUNCTION restate.parse_entry(
  entry_json text,
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
  AS 'MODULE_PATHNAME', 'restate_parse_entry_text';
COMMENT ON FUNCTION restate.parse_entry(text) IS
'The same of an entry''s JSON as text, which a literal without a type is: with a replacement for what no text can hold, as restate.storable_json makes. Errors: invalid_body, invalid_invocation_id for a malformed id in it.';

CREATE FUNCTION restate.parse_entry(
  entry_json json,
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
  AS 'MODULE_PATHNAME', 'restate_parse_entry_text';
COMMENT ON FUNCTION restate.parse_entry(json) IS
'The same of an entry''s JSON as json, whose escapes the server has not read: with a replacement for what no text can hold, as restate.storable_json makes. Errors: invalid_body, invalid_invocation_id for a malformed id in it.';

-- What a status and a type of entry is, the largest index, and how long is kept
-- what nothing else is said of: each has one function, which views, verification
-- and import call.

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

CREATE FUNCTION restate.is_command(entry_type restate.entry_type) RETURNS boolean
  LANGUAGE SQL IMMUTABLE STRICT PARALLEL SAFE
  RETURN entry_type < 'Notification: Run';
COMMENT ON FUNCTION restate.is_command(restate.entry_type) IS
'Whether entries of the type are commands, which a handler issues, and not notifications, which it receives. The planner puts the comparison in place of the call. Null: null.';

CREATE FUNCTION restate.entry_ids_fit(
  entry_type restate.entry_type,
  completion_id bigint,
  result_completion_id bigint,
  invoked_id restate_invocation_id)
  RETURNS boolean
  LANGUAGE C STABLE CALLED ON NULL INPUT PARALLEL SAFE
  AS 'MODULE_PATHNAME', 'restate_entry_ids_fit';
COMMENT ON FUNCTION restate.entry_ids_fit(restate.entry_type, bigint, bigint, restate_invocation_id) IS
'Whether an entry of the type has exactly those of the ids that are not null. The arguments: the columns of restate.journal. Null without an entry type.';

CREATE FUNCTION restate.index_max() RETURNS bigint
  LANGUAGE C IMMUTABLE PARALLEL SAFE
  AS 'MODULE_PATHNAME', 'restate_index_max';
COMMENT ON FUNCTION restate.index_max() IS
'The largest index of a journal entry, a completion or a signal.';

CREATE FUNCTION restate.default_retention() RETURNS interval
  LANGUAGE SQL IMMUTABLE PARALLEL SAFE
  RETURN interval '1 day';
COMMENT ON FUNCTION restate.default_retention() IS
'How long the result and the journal of a completed invocation are kept where nothing else is said.';

ALTER TABLE restate.invocation
  ALTER COLUMN completion_retention SET DEFAULT restate.default_retention(),
  ALTER COLUMN journal_retention SET DEFAULT restate.default_retention();

-- The rules of rows: one constraint and one function a table in place of many,
-- whose names and words are those of restate.rules().  Every constraint is added
-- in a statement of its own, and reads its table once, which nobody else can use
-- meanwhile.

CREATE FUNCTION restate.rules(OUT relation text, OUT rule text, OUT words text) RETURNS SETOF record
  LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE ROWS 36
  AS 'MODULE_PATHNAME', 'restate_rules';
COMMENT ON FUNCTION restate.rules() IS
'The rules that a row of a table holds by itself. relation: the table in schema restate. rule: the name, which is the constraint name of the error. words: what is demanded, which is the message of the error.';

-- deployment

CREATE FUNCTION restate.check_deployment(
    ty text, min_service_protocol_version integer, max_service_protocol_version integer)
  RETURNS boolean
  LANGUAGE C IMMUTABLE CALLED ON NULL INPUT PARALLEL SAFE
  AS 'MODULE_PATHNAME', 'restate_check_deployment';
COMMENT ON FUNCTION restate.check_deployment(text, integer, integer) IS
'True for a row of restate.deployment that keeps its rules, which restate.rules lists. For another: check_violation with the words and the name of the first, by name, that it breaks.';
ALTER TABLE restate.deployment
  DROP CONSTRAINT deployment_ty_check,
  DROP CONSTRAINT deployment_min_service_protocol_version_check,
  DROP CONSTRAINT deployment_check;
ALTER TABLE restate.deployment ADD CONSTRAINT deployment_rules CHECK (restate.check_deployment(
    ty, min_service_protocol_version, max_service_protocol_version));
COMMENT ON CONSTRAINT deployment_rules ON restate.deployment IS
'The rules of a row, which restate.rules lists; the error names the rule that is broken.';

-- service_revision

CREATE FUNCTION restate.check_service_revision(
    service_name text, revision bigint, ty text, handlers jsonb, settings jsonb)
  RETURNS boolean
  LANGUAGE C IMMUTABLE CALLED ON NULL INPUT PARALLEL SAFE
  AS 'MODULE_PATHNAME', 'restate_check_service_revision';
COMMENT ON FUNCTION restate.check_service_revision(text, bigint, text, jsonb, jsonb) IS
'True for a row of restate.service_revision that keeps its rules, which restate.rules lists. For another: check_violation with the words and the name of the first, by name, that it breaks.';
ALTER TABLE restate.service_revision
  DROP CONSTRAINT service_revision_service_name_check,
  DROP CONSTRAINT service_revision_revision_check,
  DROP CONSTRAINT service_revision_ty_check,
  DROP CONSTRAINT service_revision_handlers_check,
  DROP CONSTRAINT service_revision_settings_check;
ALTER TABLE restate.service_revision ADD CONSTRAINT service_revision_rules CHECK (restate.check_service_revision(
    service_name, revision, ty, handlers, settings));
COMMENT ON CONSTRAINT service_revision_rules ON restate.service_revision IS
'The rules of a row, which restate.rules lists; the error names the rule that is broken.';

-- invocation

CREATE FUNCTION restate.check_invocation(
    id restate_invocation_id, partition_key bigint, status text, target_service_key text,
    target_service_ty text, target_handler_ty text, invoked_by text,
    restarted_from restate_invocation_id, request_id text, pinned_deployment_id restate_deployment_id,
    pinned_service_protocol_version integer, journal_size bigint, journal_commands_size bigint,
    completion_retention interval, journal_retention interval,
    suspended_waiting_for_completions bigint[], suspended_waiting_for_signals bigint[],
    inbox_sequence_number bigint, retry_count bigint, completion_result text,
    completion_failure text, input_headers jsonb, idempotency_key text,
    completed_at timestamptz)
  RETURNS boolean
  LANGUAGE C IMMUTABLE CALLED ON NULL INPUT PARALLEL SAFE
  AS 'MODULE_PATHNAME', 'restate_check_invocation';
COMMENT ON FUNCTION restate.check_invocation(restate_invocation_id, bigint, text, text, text, text, text, restate_invocation_id, text, restate_deployment_id, integer, bigint, bigint, interval, interval, bigint[], bigint[], bigint, bigint, text, text, jsonb, text, timestamptz) IS
'True for a row of restate.invocation that keeps its rules, which restate.rules lists. For another: check_violation with the words and the name of the first, by name, that it breaks.';
ALTER TABLE restate.invocation
  DROP CONSTRAINT invocation_partition_key_check,
  DROP CONSTRAINT invocation_status_check,
  DROP CONSTRAINT invocation_completion_check,
  DROP CONSTRAINT invocation_target_check,
  DROP CONSTRAINT invocation_invoked_by_check,
  DROP CONSTRAINT invocation_pinned_check,
  DROP CONSTRAINT invocation_journal_check,
  DROP CONSTRAINT invocation_retention_check,
  DROP CONSTRAINT invocation_retry_count_check,
  DROP CONSTRAINT invocation_input_headers_check;
-- rows written past the functions may lack the time
UPDATE restate.invocation SET completed_at = modified_at WHERE status = 'completed' AND completed_at IS NULL;
UPDATE restate.invocation SET completed_at = NULL WHERE status <> 'completed' AND completed_at IS NOT NULL;
ALTER TABLE restate.invocation ADD CONSTRAINT invocation_rules CHECK (restate.check_invocation(
    id, partition_key, status, target_service_key, target_service_ty, target_handler_ty,
    invoked_by, restarted_from, request_id, pinned_deployment_id, pinned_service_protocol_version,
    journal_size, journal_commands_size, completion_retention, journal_retention,
    suspended_waiting_for_completions, suspended_waiting_for_signals, inbox_sequence_number,
    retry_count, completion_result, completion_failure, input_headers, idempotency_key, completed_at));
COMMENT ON CONSTRAINT invocation_rules ON restate.invocation IS
'The rules of a row, which restate.rules lists; the error names the rule that is broken.';

-- journal

CREATE FUNCTION restate.check_journal(
    id restate_invocation_id, partition_key bigint, index bigint, completion_id bigint,
    result_completion_id bigint, signal_index bigint, meta jsonb)
  RETURNS boolean
  LANGUAGE C IMMUTABLE CALLED ON NULL INPUT PARALLEL SAFE
  AS 'MODULE_PATHNAME', 'restate_check_journal';
COMMENT ON FUNCTION restate.check_journal(restate_invocation_id, bigint, bigint, bigint, bigint, bigint, jsonb) IS
'True for a row of restate.journal that keeps its rules, which restate.rules lists. For another: check_violation with the words and the name of the first, by name, that it breaks.';
ALTER TABLE restate.journal
  DROP CONSTRAINT journal_partition_key_check,
  DROP CONSTRAINT journal_numbers_check,
  DROP CONSTRAINT journal_meta_check;
ALTER TABLE restate.journal ADD CONSTRAINT journal_rules CHECK (restate.check_journal(
    id, partition_key, index, completion_id, result_completion_id, signal_index, meta));
COMMENT ON CONSTRAINT journal_rules ON restate.journal IS
'The rules of a row, which restate.rules lists; the error names the rule that is broken.';

-- journal_event

CREATE FUNCTION restate.check_journal_event(
    id restate_invocation_id, partition_key bigint, event_index bigint,
    after_journal_entry_index bigint, event_json jsonb)
  RETURNS boolean
  LANGUAGE C IMMUTABLE CALLED ON NULL INPUT PARALLEL SAFE
  AS 'MODULE_PATHNAME', 'restate_check_journal_event';
COMMENT ON FUNCTION restate.check_journal_event(restate_invocation_id, bigint, bigint, bigint, jsonb) IS
'True for a row of restate.journal_event that keeps its rules, which restate.rules lists. For another: check_violation with the words and the name of the first, by name, that it breaks.';
ALTER TABLE restate.journal_event
  DROP CONSTRAINT journal_event_partition_key_check,
  DROP CONSTRAINT journal_event_event_index_check,
  DROP CONSTRAINT journal_event_after_journal_entry_index_check,
  DROP CONSTRAINT journal_event_event_json_check;
ALTER TABLE restate.journal_event ADD CONSTRAINT journal_event_rules CHECK (restate.check_journal_event(
    id, partition_key, event_index, after_journal_entry_index, event_json));
COMMENT ON CONSTRAINT journal_event_rules ON restate.journal_event IS
'The rules of a row, which restate.rules lists; the error names the rule that is broken.';

-- object_key

CREATE FUNCTION restate.check_object_key(service_key text, partition_key bigint) RETURNS boolean
  LANGUAGE C IMMUTABLE CALLED ON NULL INPUT PARALLEL SAFE
  AS 'MODULE_PATHNAME', 'restate_check_object_key';
COMMENT ON FUNCTION restate.check_object_key(text, bigint) IS
'True for a row of restate.object_key that keeps its rules, which restate.rules lists. For another: check_violation with the words and the name of the first, by name, that it breaks.';
ALTER TABLE restate.object_key
  DROP CONSTRAINT object_key_partition_key_check;
ALTER TABLE restate.object_key ADD COLUMN has_queued_state boolean;
COMMENT ON COLUMN restate.object_key.has_queued_state IS
'Whether restate.queued_state may have rows of this key. Null: it has none.';
ALTER TABLE restate.object_key ADD CONSTRAINT object_key_rules CHECK (restate.check_object_key(service_key, partition_key));
COMMENT ON CONSTRAINT object_key_rules ON restate.object_key IS
'The rules of a row, which restate.rules lists; the error names the rule that is broken.';

-- object_state

CREATE FUNCTION restate.check_object_state(service_key text, partition_key bigint, key text) RETURNS boolean
  LANGUAGE C IMMUTABLE CALLED ON NULL INPUT PARALLEL SAFE
  AS 'MODULE_PATHNAME', 'restate_check_object_state';
COMMENT ON FUNCTION restate.check_object_state(text, bigint, text) IS
'True for a row of restate.object_state that keeps its rules, which restate.rules lists. For another: check_violation with the words and the name of the first, by name, that it breaks.';
ALTER TABLE restate.object_state
  DROP CONSTRAINT object_state_partition_key_check;
ALTER TABLE restate.object_state ADD CONSTRAINT object_state_rules CHECK (
  restate.check_object_state(service_key, partition_key, key));
COMMENT ON CONSTRAINT object_state_rules ON restate.object_state IS
'The rules of a row, which restate.rules lists; the error names the rule that is broken.';

-- promise

CREATE FUNCTION restate.check_promise(
    service_key text, partition_key bigint, completed boolean,
    completion_success_value bytea, completion_failure text, key text)
  RETURNS boolean
  LANGUAGE C IMMUTABLE CALLED ON NULL INPUT PARALLEL SAFE
  AS 'MODULE_PATHNAME', 'restate_check_promise';
COMMENT ON FUNCTION restate.check_promise(text, bigint, boolean, bytea, text, text) IS
'True for a row of restate.promise that keeps its rules, which restate.rules lists. For another: check_violation with the words and the name of the first, by name, that it breaks.';
ALTER TABLE restate.promise
  DROP CONSTRAINT promise_partition_key_check,
  DROP CONSTRAINT promise_completed_check;
ALTER TABLE restate.promise ADD CONSTRAINT promise_rules CHECK (restate.check_promise(
    service_key, partition_key, completed, completion_success_value, completion_failure, key));
COMMENT ON CONSTRAINT promise_rules ON restate.promise IS
'The rules of a row, which restate.rules lists; the error names the rule that is broken.';

-- audit

CREATE FUNCTION restate.check_audit(partition_key bigint, id restate_invocation_id, parameters jsonb)
  RETURNS boolean
  LANGUAGE C IMMUTABLE CALLED ON NULL INPUT PARALLEL SAFE
  AS 'MODULE_PATHNAME', 'restate_check_audit';
COMMENT ON FUNCTION restate.check_audit(bigint, restate_invocation_id, jsonb) IS
'True for a row of restate.audit that keeps its rules, which restate.rules lists. For another: check_violation with the words and the name of the first, by name, that it breaks.';
ALTER TABLE restate.audit
  DROP CONSTRAINT audit_partition_key_check,
  DROP CONSTRAINT audit_parameters_check;
ALTER TABLE restate.audit ADD CONSTRAINT audit_rules CHECK (restate.check_audit(partition_key, id, parameters));
COMMENT ON COLUMN restate.audit.id IS
'The invocation; null for what was done with a bulk job, a deployment, a service or the state of an object, which parameters name.';
COMMENT ON CONSTRAINT audit_rules ON restate.audit IS
'The rules of a row, which restate.rules lists; the error names the rule that is broken.';

-- what only the old constraints have called

DROP FUNCTION restate.check_status(text, bigint, bigint[], bigint[]);
DROP FUNCTION restate.check_completion(text, text, text);
DROP FUNCTION restate.check_target(text, text, text);
DROP FUNCTION restate.check_invoked_by(text, restate_invocation_id, text);
DROP FUNCTION restate.check_pinned(restate_deployment_id, integer);
DROP FUNCTION restate.check_journal_size(bigint, bigint);
DROP FUNCTION restate.check_retention(interval, interval);
DROP FUNCTION restate.check_entry_numbers(bigint, bigint, bigint, bigint);
DROP FUNCTION restate.check_json_object(jsonb);
DROP FUNCTION restate.check_json_array(jsonb);

-- The status leaves the indexes, so that its changes are HOT.

DROP INDEX restate.invocation_in_flight_idx, restate.invocation_inbox_idx, restate.invocation_restarted_from_idx,
  restate.invocation_target_idx;
CREATE INDEX invocation_in_flight_idx ON restate.invocation (target_service_name)
  WHERE completed_at IS NULL;

-- Keys longer than an entry of a btree can be.

CREATE UNIQUE INDEX invocation_inbox_idx ON restate.invocation
  (partition_key, target_service_name COLLATE "C", inbox_sequence_number, restate.indexed_key(target_service_key))
  WHERE inbox_sequence_number IS NOT NULL;
CREATE UNIQUE INDEX invocation_restarted_from_idx ON restate.invocation
  (restarted_from, request_id COLLATE "C", partition_key)
  WHERE restarted_from IS NOT NULL;
CREATE INDEX invocation_target_idx ON restate.invocation (target_service_name, target_handler_name);
CREATE INDEX invocation_target_key_idx ON restate.invocation USING spgist (target_service_key)
  WHERE target_service_key IS NOT NULL;

ALTER TABLE restate.object_key DROP CONSTRAINT object_key_pkey;
ALTER TABLE restate.object_key REPLICA IDENTITY FULL;
CREATE UNIQUE INDEX object_key_unique_idx ON restate.object_key
  (partition_key, service_name COLLATE "C", restate.indexed_key(service_key));
CREATE INDEX object_key_service_key_idx ON restate.object_key USING spgist (service_key);

ALTER TABLE restate.object_state DROP CONSTRAINT object_state_pkey;
ALTER TABLE restate.object_state REPLICA IDENTITY FULL;
CREATE UNIQUE INDEX object_state_unique_idx ON restate.object_state
  (partition_key, service_name COLLATE "C", restate.indexed_key(service_key, key));
CREATE INDEX object_state_service_key_idx ON restate.object_state USING spgist (service_key);

ALTER TABLE restate.promise DROP CONSTRAINT promise_pkey;
ALTER TABLE restate.promise REPLICA IDENTITY FULL;
CREATE UNIQUE INDEX promise_unique_idx ON restate.promise
  (partition_key, service_name COLLATE "C", restate.indexed_key(service_key, key));
CREATE INDEX promise_service_key_idx ON restate.promise USING spgist (service_key);

-- Deployments: what is registered, by which functions further below.

CREATE FUNCTION restate.default_settings() RETURNS jsonb
  LANGUAGE SQL IMMUTABLE PARALLEL SAFE
  RETURN jsonb '{"inactivity_timeout": "1m", "abort_timeout": "10m", "enable_lazy_state": false,
    "retry_policy": {"initial_interval": "500ms", "exponentiation_factor": 2.0, "max_attempts": 70, "max_interval": "1m",
      "on_max_attempts": "Pause"}}';
COMMENT ON FUNCTION restate.default_settings() IS
'The settings of a service that says nothing of them, as the Admin API shows them. Retentions are apart, in restate.default_retention.';

CREATE FUNCTION restate.handler_ty(service_ty text, registered text) RETURNS text
  LANGUAGE SQL IMMUTABLE CALLED ON NULL INPUT PARALLEL SAFE
  RETURN CASE WHEN service_ty = 'service' THEN NULL
    WHEN registered IS NOT NULL THEN lower(registered)
    WHEN service_ty = 'virtual_object' THEN 'exclusive'
    ELSE service_ty END;
COMMENT ON FUNCTION restate.handler_ty(text, text) IS
'Of which kind a handler is, as restate.invocation.target_handler_ty: null for a service; else what it is registered as, which is exclusive on a virtual object and the run on a workflow where nothing is said.';

CREATE FUNCTION restate.default_duration(path text[]) RETURNS interval
  LANGUAGE SQL IMMUTABLE STRICT PARALLEL SAFE
  RETURN (restate.default_settings() #>> path)::interval;
COMMENT ON FUNCTION restate.default_duration(text[]) IS
'A duration of restate.default_settings, by its path. Of a constant path it is a constant of the plan.';

CREATE FUNCTION restate.handler_options(handlers jsonb, settings jsonb) RETURNS jsonb
  LANGUAGE SQL IMMUTABLE CALLED ON NULL INPUT PARALLEL SAFE
  RETURN (
    WITH service AS (
      SELECT o.settings, coalesce(nullif(o.settings -> 'retry_policy', 'null'), '{}') AS retry_policy
      FROM (SELECT CASE jsonb_typeof($2) WHEN 'object' THEN $2 ELSE '{}' END) AS o (settings)
    ), handler AS (
      SELECT h.handler, coalesce(nullif(h.handler -> 'retry_policy', 'null'), '{}') AS retry_policy, h.place
      FROM jsonb_array_elements(CASE jsonb_typeof($1) WHEN 'array' THEN $1 ELSE '[]' END) WITH ORDINALITY AS h (handler, place)
      WHERE jsonb_typeof(h.handler) = 'object' AND h.handler ->> 'name' IS NOT NULL)
    SELECT jsonb_build_object(
      'service', (
        SELECT coalesce(jsonb_object_agg(e.key, e.value), '{}')
        FROM service AS s, jsonb_each(s.settings) AS e
        WHERE e.key IN ('idempotency_retention', 'journal_retention', 'workflow_completion_retention')),
      'handlers', (
        SELECT coalesce(jsonb_object_agg(h.handler ->> 'name', (
            SELECT coalesce(jsonb_object_agg(e.key, e.value), '{}')
            FROM (
              SELECT e.key, e.value, restate.default_settings() -> e.key
              FROM jsonb_each(s.settings || jsonb_strip_nulls(h.handler)) AS e
              WHERE e.key IN ('inactivity_timeout', 'abort_timeout', 'enable_lazy_state')
              UNION ALL
              SELECT e.key, e.value, NULL
              FROM jsonb_each(h.handler) AS e
              WHERE e.key IN ('ty', 'public', 'idempotency_retention', 'journal_retention')
              UNION ALL
              -- null is without end of a service, and nothing of a handler
              SELECT 'retry_policy', jsonb_object_agg(e.key, e.value), NULL
              FROM jsonb_each(s.retry_policy || jsonb_strip_nulls(h.retry_policy)) AS e
              WHERE e.value IS DISTINCT FROM restate.default_settings() -> 'retry_policy' -> e.key
              HAVING count(*) > 0) AS e (key, value, by_default)
            WHERE e.value IS DISTINCT FROM e.by_default) ORDER BY h.place DESC), '{}')
        FROM handler AS h, service AS s)));
COMMENT ON FUNCTION restate.handler_options(jsonb, jsonb) IS
'What of a revision''s handlers and settings holds for invocations, where it is not the default: {"service": {its retentions}, "handlers": {name: {what holds for the handler}}}. What a handler says goes before what its service says; of several handlers of a name the first counts.';

ALTER TABLE restate.deployment
  ADD COLUMN protocol_type text,
  ADD COLUMN additional_headers jsonb,
  ADD COLUMN metadata jsonb,
  ADD COLUMN manifest jsonb,
  ADD COLUMN is_moved boolean;
-- one deployment an endpoint, of those that are where they were registered
CREATE UNIQUE INDEX deployment_registered_idx ON restate.deployment (endpoint) WHERE manifest IS NOT NULL AND is_moved IS NOT TRUE;
COMMENT ON COLUMN restate.deployment.protocol_type IS
'BidiStream or RequestResponse, of an endpoint of HTTP; null is BidiStream.';
COMMENT ON COLUMN restate.deployment.additional_headers IS
'The headers that each request to the endpoint has, an object of strings.';
COMMENT ON COLUMN restate.deployment.metadata IS
'What who registered it noted, an object of strings.';
COMMENT ON COLUMN restate.deployment.manifest IS
'The manifest that its services are of, as it came; null for a row that restate_register_deployment did not write.';
COMMENT ON COLUMN restate.deployment.is_moved IS
'Whether restate_update_deployment has brought it to another endpoint, which may be that of another deployment. Null: it has not.';
-- The function has no parsed body that uses the table's row type while the table is
-- written anew; it gets its own again further below.
CREATE OR REPLACE FUNCTION restate.service_document(service restate.service_revision) RETURNS jsonb
  LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
  AS 'SELECT NULL::jsonb';
ALTER TABLE restate.service_revision
  ADD COLUMN options jsonb GENERATED ALWAYS AS (restate.handler_options(handlers, settings)) STORED,
  ADD COLUMN bodies jsonb;
COMMENT ON COLUMN restate.service_revision.bodies IS
'What the handlers say of their input and output, but for the schemas: {name: {"input": .., "output": ..}} as restate.manifest_bodies has it; null where nothing is known.';
COMMENT ON COLUMN restate.service_revision.options IS
'What of handlers and settings holds for invocations, as restate.handler_options puts it together: what restate.handler_of reads, whatever else the handlers say of themselves.';

CREATE OR REPLACE VIEW restate.sys_deployment WITH (security_barrier) AS
SELECT d.id, d.ty, d.endpoint, d.created_at, d.min_service_protocol_version, d.max_service_protocol_version,
  coalesce(p.in_flight, 0) AS in_flight,
  p.in_flight IS NULL AND NOT EXISTS (
    SELECT FROM restate.service_revision s
    WHERE s.deployment_id = d.id AND NOT EXISTS (
      SELECT FROM restate.service_revision n
      JOIN restate.deployment o ON o.id = n.deployment_id
      WHERE n.service_name = s.service_name AND n.revision > s.revision)) AS drained
FROM restate.deployment d
-- what is in flight is read once, and only where a query asks for either column
LEFT JOIN (
  SELECT i.pinned_deployment_id, count(*) AS in_flight
  FROM restate.invocation i
  WHERE i.completed_at IS NULL AND i.pinned_deployment_id IS NOT NULL
  GROUP BY i.pinned_deployment_id) AS p ON p.pinned_deployment_id = d.id;

-- Deployments: what registers and removes them, and what a submit asks about a
-- handler.  A manifest is the discovery document that an SDK serves, or a short
-- one written by hand; it is kept as it came, and shown by the Admin API as
-- revisions of services.

CREATE FUNCTION restate.refuse(
    category text, message text, quoted text DEFAULT NULL, detail text DEFAULT NULL, hint text DEFAULT NULL)
  RETURNS void
  LANGUAGE C VOLATILE CALLED ON NULL INPUT PARALLEL SAFE
  AS 'MODULE_PATHNAME', 'restate_refuse';
COMMENT ON FUNCTION restate.refuse(text, text, text, text, text) IS
'Raises an error of a category with a message, one line of printable ASCII, and after it a text that is quoted and escaped. detail, hint: in place of the category''s own. Returns never.';

-- what a manifest may have in it

CREATE FUNCTION restate.check_fields(document jsonb, kinds jsonb, place text)
  RETURNS void
  LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL SAFE
  SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
  field record;
  kind jsonb;
  number numeric;
  wanted text;
BEGIN
  IF jsonb_typeof(document) IS DISTINCT FROM 'object' THEN
    PERFORM restate.refuse_body(place || ' must be a JSON object');
  END IF;
  FOR field IN SELECT e.key, e.value, jsonb_typeof(e.value) AS is_a FROM jsonb_each(document) AS e LOOP
    kind := kinds -> field.key;
    IF kind IS NULL THEN
      PERFORM restate.refuse_body(place || ' has an unknown field', field.key);
    END IF;
    CONTINUE WHEN field.is_a = 'null';
    number := CASE field.is_a WHEN 'number' THEN field.value #>> '{}' END;
    wanted := CASE
      WHEN jsonb_typeof(kind) = 'array' THEN CASE WHEN field.is_a = 'string' AND kind @> field.value THEN NULL
        ELSE (SELECT string_agg(k.word, ' or ' ORDER BY k.place) FROM jsonb_array_elements_text(kind) WITH ORDINALITY AS k (word, place)) END
      ELSE CASE kind #>> '{}'
        WHEN 'text' THEN CASE WHEN field.is_a = 'string' THEN NULL ELSE 'a string' END
        WHEN 'flag' THEN CASE WHEN field.is_a = 'boolean' THEN NULL ELSE 'true or false' END
        WHEN 'list' THEN CASE WHEN field.is_a = 'array' THEN NULL ELSE 'an array' END
        WHEN 'object' THEN CASE WHEN field.is_a = 'object' THEN NULL ELSE 'an object' END
        WHEN 'texts' THEN CASE WHEN field.is_a = 'object'
          AND NOT jsonb_path_exists(field.value, 'strict $.* ? (@.type() != "string")') THEN NULL ELSE 'an object of strings' END
        WHEN 'duration' THEN CASE WHEN number BETWEEN 0 AND 9007199254740991 AND number % 1 = 0 THEN NULL
          ELSE 'a whole number of milliseconds from 0 to 9007199254740991' END
        WHEN 'count' THEN CASE WHEN number BETWEEN 0 AND 9007199254740991 AND number % 1 = 0 THEN NULL
          ELSE 'a whole number from 0 to 9007199254740991' END
        WHEN 'version' THEN CASE WHEN number BETWEEN 1 AND 2147483647 AND number % 1 = 0 THEN NULL
          ELSE 'a whole number from 1 to 2147483647' END
        WHEN 'factor' THEN CASE WHEN number > 0 AND number <= 1000000 THEN NULL
          ELSE 'a number above 0, up to 1000000' END
      END
    END;
    IF wanted IS NOT NULL THEN
      PERFORM restate.refuse_body(format('%s of %s must be %s, and is', field.key, place, wanted), field.value #>> '{}');
    END IF;
  END LOOP;
END
$function$;
COMMENT ON FUNCTION restate.check_fields(jsonb, jsonb, text) IS
'Raises invalid_body unless the document is an object whose fields are known and of their kind, or null. kinds: an object with each field that there may be, and what it is: text, flag, list, object, texts (an object of strings), duration (milliseconds), count, version, factor, any, or an array of the words that it may be. place: what the document is, for the message.';

CREATE FUNCTION restate.check_manifest_versions(manifest jsonb)
  RETURNS void
  LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL SAFE
  SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
  low integer;
  high integer;
BEGIN
  IF pg_column_size(manifest) > 4194304 THEN
    PERFORM restate.refuse_body('the manifest has more than 4194304 bytes');
  END IF;
  PERFORM restate.check_fields(manifest, '{"protocolMode": ["BIDI_STREAM", "REQUEST_RESPONSE"], "minProtocolVersion": "version",
    "maxProtocolVersion": "version", "services": "list", "lambdaCompression": "any"}', 'the manifest');
  IF coalesce(manifest -> 'services', 'null') = 'null' THEN
    PERFORM restate.refuse_body('the manifest has no services');
  END IF;
  SELECT v.low, v.high INTO STRICT low, high FROM restate.manifest_versions(manifest) AS v (low, high);
  IF low > high THEN
    PERFORM restate.refuse_body(format('the manifest has a minProtocolVersion, %s, above its maxProtocolVersion, %s', low, high));
  END IF;
  IF high < 5 OR low > 6 THEN
    PERFORM restate.refuse('unsupported_protocol', format(
      'the manifest speaks versions %s to %s of the service protocol: 5 or 6 must be among them', low, high));
  END IF;
END
$function$;
COMMENT ON FUNCTION restate.check_manifest_versions(jsonb) IS
'Raises invalid_body or unsupported_protocol unless the document is a manifest of what speaks a version of the service protocol that is known here. What it says of services is not looked at.';

CREATE FUNCTION restate.check_manifest(manifest jsonb)
  RETURNS void
  LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL SAFE
  SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
  options CONSTANT jsonb := '{"documentation": "text", "metadata": "texts", "inactivityTimeout": "duration",
    "abortTimeout": "duration", "journalRetention": "duration", "idempotencyRetention": "duration",
    "enableLazyState": "flag", "ingressPrivate": "flag", "retryPolicyInitialInterval": "duration",
    "retryPolicyMaxInterval": "duration", "retryPolicyMaxAttempts": "count",
    "retryPolicyExponentiationFactor": "factor", "retryPolicyOnMaxAttempts": ["PAUSE", "KILL"]}';
  of_service CONSTANT jsonb := options || '{"name": "text", "ty": ["SERVICE", "VIRTUAL_OBJECT", "WORKFLOW"], "handlers": "list"}';
  of_handler CONSTANT jsonb := options || '{"name": "text", "input": "object", "output": "object",
    "workflowCompletionRetention": "duration"}';
  handler_types CONSTANT jsonb := '{"SERVICE": ["SHARED"], "VIRTUAL_OBJECT": ["EXCLUSIVE", "SHARED"], "WORKFLOW": ["WORKFLOW", "SHARED"]}';
  service record;
  handler record;
  place text;
  twice text;
  runs bigint;
BEGIN
  PERFORM restate.check_manifest_versions(manifest);
  FOR service IN
    SELECT s.value, s.place - 1 AS place FROM jsonb_array_elements(manifest -> 'services') WITH ORDINALITY AS s (value, place) ORDER BY s.place
  LOOP
    place := format('services[%s]', service.place);
    PERFORM restate.check_fields(service.value, of_service, place);
    IF coalesce(service.value ->> 'name', '') !~ '^([a-zA-Z]|_[a-zA-Z0-9])[a-zA-Z0-9._-]{0,253}$' THEN
      PERFORM restate.refuse_body(format('the name of %s must have a letter, then letters, digits, dots, - and _, 255 in all, and is', place),
        coalesce(service.value ->> 'name', 'null'));
    END IF;
    IF service.value ->> 'name' ~* '^(restate|openapi$)' THEN
      PERFORM restate.refuse('reserved_name', format('the name of %s is reserved', place), service.value ->> 'name');
    END IF;
    place := format('%s, %s,', place, service.value ->> 'name');
    IF coalesce(service.value -> 'ty', 'null') = 'null' THEN
      PERFORM restate.refuse_body(place || ' has no ty');
    END IF;
    IF coalesce(service.value -> 'handlers', 'null') = 'null' THEN
      PERFORM restate.refuse_body(place || ' has no handlers');
    END IF;

    FOR handler IN
      SELECT h.value, h.place - 1 AS place FROM jsonb_array_elements(service.value -> 'handlers') WITH ORDINALITY AS h (value, place) ORDER BY h.place
    LOOP
      place := format('services[%s].handlers[%s]', service.place, handler.place);
      PERFORM restate.check_fields(handler.value,
        of_handler || jsonb_build_object('ty', handler_types -> (service.value ->> 'ty')), place);
      IF coalesce(handler.value ->> 'name', '') !~ '^([a-zA-Z]|_[a-zA-Z0-9])[a-zA-Z0-9_]{0,253}$' THEN
        PERFORM restate.refuse_body(format('the name of %s must have a letter, then letters, digits and _, 255 in all, and is', place),
          coalesce(handler.value ->> 'name', 'null'));
      END IF;
      place := format('%s, %s of %s,', place, handler.value ->> 'name', service.value ->> 'name');
      IF handler.value ->> 'workflowCompletionRetention' IS NOT NULL
        AND (service.value ->> 'ty', coalesce(handler.value ->> 'ty', 'WORKFLOW')) <> ('WORKFLOW', 'WORKFLOW')
      THEN
        PERFORM restate.refuse_body(place || ' has a workflowCompletionRetention, but is not the run of a workflow');
      END IF;
      IF service.value -> 'ingressPrivate' = 'true' AND handler.value -> 'ingressPrivate' = 'false' THEN
        PERFORM restate.refuse_body(place || ' cannot be public in a private service');
      END IF;
      IF handler.value ->> 'input' IS NOT NULL THEN
        PERFORM restate.check_fields(handler.value -> 'input',
          '{"required": "flag", "contentType": "text", "jsonSchema": "any"}', 'input of ' || place);
      END IF;
      IF handler.value ->> 'output' IS NOT NULL THEN
        PERFORM restate.check_fields(handler.value -> 'output',
          '{"contentType": "text", "setContentTypeIfEmpty": "flag", "jsonSchema": "any"}', 'output of ' || place);
      END IF;
    END LOOP;

    SELECT min(h.name) INTO twice
      FROM (SELECT e ->> 'name' FROM jsonb_array_elements(service.value -> 'handlers') AS e GROUP BY 1 HAVING count(*) > 1) AS h (name);
    IF twice IS NOT NULL THEN
      PERFORM restate.refuse_body(format('services[%s], %s, has more than one handler of a name', service.place, service.value ->> 'name'), twice);
    END IF;
    SELECT count(*) INTO runs
      FROM jsonb_array_elements(service.value -> 'handlers') AS e
      WHERE service.value ->> 'ty' = 'WORKFLOW' AND coalesce(e ->> 'ty', 'WORKFLOW') = 'WORKFLOW';
    IF runs > 1 THEN
      PERFORM restate.refuse_body(format('services[%s], %s, has %s handlers that are the run of the workflow: give the others the ty SHARED',
        service.place, service.value ->> 'name', runs));
    END IF;
  END LOOP;

  SELECT min(s.name) INTO twice
    FROM (SELECT e ->> 'name' FROM jsonb_array_elements(manifest -> 'services') AS e GROUP BY 1 HAVING count(*) > 1) AS s (name);
  IF twice IS NOT NULL THEN
    PERFORM restate.refuse_body('the manifest has more than one service of a name', twice);
  END IF;
END
$function$;
COMMENT ON FUNCTION restate.check_manifest(jsonb) IS
'Raises invalid_body, unsupported_protocol or reserved_name unless the document is a manifest that can be registered, and says what is wrong and where.';

CREATE FUNCTION restate.registered_endpoint(endpoint text)
  RETURNS text
  LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL SAFE
  SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
  parts CONSTANT text[] := regexp_match(endpoint, '^(https?)://([][A-Za-z0-9._~%:-]+)(/[^[:space:]?#]*)?$', 'i');
BEGIN
  IF length(endpoint) > 2000 THEN
    PERFORM restate.refuse_body('the endpoint has more than 2000 characters');
  END IF;
  IF parts IS NOT NULL THEN
    RETURN lower(parts[1]) || '://' || lower(parts[2]) || coalesce(parts[3], '/');
  END IF;
  IF endpoint ~ '^worker:[A-Za-z0-9_][A-Za-z0-9._-]{0,254}$' THEN
    RETURN endpoint;
  END IF;
  PERFORM restate.refuse_body('the endpoint must be worker:NAME, http://... or https://... without query, fragment and user, and is',
    coalesce(endpoint, 'null'));
END
$function$;
COMMENT ON FUNCTION restate.registered_endpoint(text) IS
'The endpoint of a deployment as it is kept: scheme and host in lower case, and a path, if only a slash. Raises invalid_body for what is no endpoint.';

-- a manifest as the Admin API shows it

CREATE FUNCTION restate.manifest_versions(manifest jsonb, OUT low integer, OUT high integer) RETURNS record
  LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
  RETURN ROW(coalesce((manifest ->> 'minProtocolVersion')::numeric::integer, 5),
    coalesce((manifest ->> 'maxProtocolVersion')::numeric::integer, 6));
COMMENT ON FUNCTION restate.manifest_versions(jsonb) IS
'The versions of the service protocol that a manifest says are spoken, 5 to 6 where it says nothing.';

CREATE FUNCTION restate.milliseconds(field text) RETURNS interval
  LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
  RETURN field::numeric::bigint * interval '1 millisecond';
COMMENT ON FUNCTION restate.milliseconds(text) IS
'A duration of a manifest, in milliseconds, as an interval.';

CREATE FUNCTION restate.manifest_options(source jsonb, what text, is_request_response boolean) RETURNS jsonb
  LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
  RETURN jsonb_strip_nulls(jsonb_build_object(
    'documentation', source -> 'documentation',
    'metadata', source -> 'metadata',
    'inactivity_timeout', CASE WHEN NOT is_request_response THEN restate.duration_text(restate.milliseconds(source ->> 'inactivityTimeout')) END,
    'abort_timeout', restate.duration_text(restate.milliseconds(source ->> 'abortTimeout')),
    'enable_lazy_state', source -> 'enableLazyState',
    'info', CASE WHEN is_request_response AND source ->> 'inactivityTimeout' IS NOT NULL THEN jsonb_build_array(jsonb_build_object(
      'code', 'RT0021',
      'message', format('The inactivity timeout of the %s, %s, has no effect: its deployment answers only once it has the whole request.',
        what, restate.duration_text(restate.milliseconds(source ->> 'inactivityTimeout'))))) END));
COMMENT ON FUNCTION restate.manifest_options(jsonb, text, boolean) IS
'What a service or a handler of a manifest says of itself, under the names of the Admin API. Retentions and the retry policy are not among it. what: service or handler. is_request_response: as of restate.manifest_handler; then info says of an inactivity timeout that it has no effect.';

CREATE FUNCTION restate.manifest_retry_policy(source jsonb) RETURNS jsonb
  LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
  RETURN jsonb_strip_nulls(jsonb_build_object(
    'initial_interval', restate.duration_text(restate.milliseconds(source ->> 'retryPolicyInitialInterval')),
    'exponentiation_factor', source -> 'retryPolicyExponentiationFactor',
    'max_interval', restate.duration_text(restate.milliseconds(source ->> 'retryPolicyMaxInterval')),
    -- the first attempt is one
    'max_attempts', greatest((source ->> 'retryPolicyMaxAttempts')::numeric::bigint, CASE WHEN source ->> 'retryPolicyMaxAttempts' IS NOT NULL THEN 1 END),
    'on_max_attempts', initcap(source ->> 'retryPolicyOnMaxAttempts')));
COMMENT ON FUNCTION restate.manifest_retry_policy(jsonb) IS
'What a service or a handler of a manifest says of retries, under the names of the Admin API.';

CREATE FUNCTION restate.body_description(body jsonb, absent text) RETURNS text
  LANGUAGE sql IMMUTABLE CALLED ON NULL INPUT PARALLEL SAFE
  RETURN CASE
    WHEN coalesce(body, 'null') = 'null' THEN absent
    WHEN body ->> 'contentType' IS NULL THEN CASE WHEN body -> 'required' = 'true' THEN '*/*' ELSE 'none' END
    WHEN coalesce(body -> 'jsonSchema', 'null') = 'null' THEN
      CASE WHEN body -> 'setContentTypeIfEmpty' = 'true' THEN 'optional ' ELSE '' END || (body ->> 'contentType')
    ELSE 'JSON' || coalesce(' ''' || nullif(body #>> '{jsonSchema,title}', '') || '''',
      ' ' || CASE jsonb_typeof(body #> '{jsonSchema,type}') WHEN 'string' THEN body #>> '{jsonSchema,type}' END, '')
  END;
COMMENT ON FUNCTION restate.body_description(jsonb, text) IS
'The input or the output of a handler of a manifest in a few words, as the Admin API has them. absent: what is said where the manifest says nothing.';

CREATE FUNCTION restate.manifest_handler(handler jsonb, service jsonb, is_request_response boolean) RETURNS jsonb
  LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
  RETURN jsonb_build_object(
      'name', handler -> 'name',
      'input_description', restate.body_description(handler -> 'input', '*/*'),
      'output_description', restate.body_description(handler -> 'output', 'application/json'),
      -- what the service says holds where it is null
      'retry_policy', jsonb '{"max_attempts": null}' || restate.manifest_retry_policy(handler))
    || CASE service ->> 'ty' WHEN 'SERVICE' THEN '{}'
      ELSE jsonb_build_object('ty', initcap(restate.handler_ty(lower(service ->> 'ty'), handler ->> 'ty'))) END
    -- else it is as its service is
    || CASE WHEN handler -> 'ingressPrivate' = 'true' THEN jsonb '{"public": false}' ELSE '{}' END
    || restate.manifest_options(handler, 'handler', is_request_response)
    || jsonb_strip_nulls(jsonb_build_object(
      'idempotency_retention', restate.duration_text(restate.milliseconds(handler ->> 'idempotencyRetention')),
      'journal_retention', restate.duration_text(restate.milliseconds(handler ->> 'journalRetention'))))
    || CASE WHEN handler #>> '{input,contentType}' IS NOT NULL AND handler #>> '{input,jsonSchema}' IS NOT NULL
      THEN jsonb_build_object('input_json_schema', handler #> '{input,jsonSchema}') ELSE '{}' END
    || CASE WHEN handler #>> '{output,contentType}' IS NOT NULL AND handler #>> '{output,jsonSchema}' IS NOT NULL
      THEN jsonb_build_object('output_json_schema', handler #> '{output,jsonSchema}') ELSE '{}' END;
COMMENT ON FUNCTION restate.manifest_handler(jsonb, jsonb, boolean) IS
'A handler of a manifest as the Admin API shows it. service: the service that it is of. is_request_response: whether the endpoint answers only once it has the whole request, where no inactivity is waited for.';

CREATE FUNCTION restate.manifest_bodies(service jsonb) RETURNS jsonb
  LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
  RETURN (
    SELECT jsonb_object_agg(h.handler ->> 'name', jsonb_strip_nulls(jsonb_build_object(
      'input', nullif(h.handler -> 'input', 'null') - 'jsonSchema'
        || CASE WHEN h.handler #>> '{input,jsonSchema}' IS NOT NULL THEN jsonb '{"hasSchema": true}' ELSE '{}' END,
      'output', nullif(h.handler -> 'output', 'null') - 'jsonSchema')))
    FROM jsonb_array_elements(service -> 'handlers') AS h (handler)
    WHERE h.handler ->> 'input' IS NOT NULL OR h.handler ->> 'output' IS NOT NULL);
COMMENT ON FUNCTION restate.manifest_bodies(jsonb) IS
'What the handlers of a service of a manifest say of their input and output, with hasSchema in place of a schema. Null: none says anything.';

CREATE FUNCTION restate.manifest_revision(service jsonb, is_request_response boolean) RETURNS restate.service_revision
  LANGUAGE sql STABLE STRICT PARALLEL SAFE
  RETURN jsonb_populate_record(NULL::restate.service_revision, jsonb_build_object(
    'service_name', service -> 'name',
    'ty', lower(service ->> 'ty'),
    'public', NOT coalesce((service ->> 'ingressPrivate')::boolean, false),
    'handlers', (
      SELECT coalesce(jsonb_agg(restate.manifest_handler(h.handler, service, is_request_response)
        ORDER BY h.handler ->> 'name' COLLATE "C"), '[]')
      FROM jsonb_array_elements(service -> 'handlers') AS h (handler)),
    'idempotency_retention', restate.milliseconds(service ->> 'idempotencyRetention'),
    'journal_retention', restate.milliseconds(service ->> 'journalRetention'),
    'workflow_completion_retention', (
      SELECT restate.milliseconds(max(h.handler ->> 'workflowCompletionRetention'))
      FROM jsonb_array_elements(service -> 'handlers') AS h (handler)),
    'bodies', restate.manifest_bodies(service),
    'settings', restate.manifest_options(service, 'service', is_request_response)
      || CASE WHEN is_request_response THEN jsonb '{"inactivity_timeout": "0s"}' ELSE '{}' END
      || jsonb_build_object('retry_policy',
        (restate.default_settings() -> 'retry_policy') || restate.manifest_retry_policy(service))));
COMMENT ON FUNCTION restate.manifest_revision(jsonb, boolean) IS
'A service of a manifest as a row of restate.service_revision, without revision and deployment. is_request_response: as of restate.manifest_handler.';

-- registering and removing

CREATE FUNCTION restate.lock_deployments() RETURNS void
  LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
  SET search_path = pg_catalog, pg_temp
AS $function$
BEGIN
  IF pg_is_in_recovery() THEN
    PERFORM restate.refuse('read_only', 'cannot change deployments on a standby');
  END IF;
  LOCK TABLE restate.deployment IN SHARE ROW EXCLUSIVE MODE;
END
$function$;
REVOKE ALL ON FUNCTION restate.lock_deployments() FROM PUBLIC;
COMMENT ON FUNCTION restate.lock_deployments() IS
'Waits until no other transaction is changing deployments, and keeps others from it until this one ends. Reading goes on. Error: read_only 503.';

CREATE FUNCTION restate.put_deployment(registered restate.deployment)
  RETURNS void
  LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
  SET search_path = pg_catalog, pg_temp
AS $function$
BEGIN
  INSERT INTO restate.deployment AS d SELECT registered.*
    ON CONFLICT ON CONSTRAINT deployment_pkey DO UPDATE SET ty = excluded.ty, endpoint = excluded.endpoint,
      min_service_protocol_version = excluded.min_service_protocol_version,
      max_service_protocol_version = excluded.max_service_protocol_version, sdk_version = excluded.sdk_version,
      http_version = excluded.http_version, protocol_type = excluded.protocol_type,
      additional_headers = excluded.additional_headers, metadata = excluded.metadata, manifest = excluded.manifest,
      is_moved = excluded.is_moved;
  IF NOT FOUND THEN
    PERFORM restate.not_written(format('deployment %s', registered.id));
  END IF;
END
$function$;
REVOKE ALL ON FUNCTION restate.put_deployment(restate.deployment) FROM PUBLIC;
COMMENT ON FUNCTION restate.put_deployment(restate.deployment) IS
'Writes a deployment as it is to be, without its services. For who has locked the deployments.';

CREATE FUNCTION restate.put_services(registered restate.deployment, in_place boolean)
  RETURNS void
  LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
  SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
  service jsonb;
  defined restate.service_revision;
  had restate.service_revision;
  served CONSTANT text[] := ARRAY(SELECT s.value ->> 'name' FROM jsonb_array_elements(registered.manifest -> 'services') AS s (value));
BEGIN
  -- What the deployment served before, and does not in this form, it serves no more.
  FOR service IN SELECT s.value FROM jsonb_array_elements(registered.manifest -> 'services') WITH ORDINALITY AS s (value, place) ORDER BY s.place LOOP
    defined := restate.manifest_revision(service, registered.protocol_type IS NOT DISTINCT FROM 'RequestResponse');
    SELECT * INTO had
      FROM restate.service_revision AS r
      WHERE r.service_name = defined.service_name AND r.deployment_id = registered.id
      ORDER BY r.revision DESC LIMIT 1;
    CONTINUE WHEN (had.ty, had.public, had.handlers, had.idempotency_retention, had.journal_retention,
        had.workflow_completion_retention, had.settings, had.bodies)
      IS NOT DISTINCT FROM (defined.ty, defined.public, defined.handlers, defined.idempotency_retention, defined.journal_retention,
        defined.workflow_completion_retention, defined.settings, defined.bodies);
    IF in_place AND had.revision IS NOT NULL THEN
      defined.revision := had.revision;
    ELSE
      SELECT coalesce(max(r.revision), 0) + 1 INTO STRICT defined.revision
        FROM restate.service_revision AS r
        WHERE r.service_name = defined.service_name;
    END IF;
    DELETE FROM restate.service_revision AS r WHERE r.service_name = defined.service_name AND r.deployment_id = registered.id;
    INSERT INTO restate.service_revision (service_name, revision, deployment_id, ty, public, handlers, idempotency_retention,
        journal_retention, workflow_completion_retention, settings, bodies)
      VALUES (defined.service_name, defined.revision, registered.id, defined.ty, defined.public, defined.handlers, defined.idempotency_retention,
        defined.journal_retention, defined.workflow_completion_retention, defined.settings, defined.bodies);
    IF NOT FOUND THEN
      PERFORM restate.not_written(format('revision %s of service %s', defined.revision, defined.service_name));
    END IF;
  END LOOP;
  DELETE FROM restate.service_revision AS r
    WHERE r.deployment_id = registered.id AND r.service_name <> ALL (served);
END
$function$;
REVOKE ALL ON FUNCTION restate.put_services(restate.deployment, boolean) FROM PUBLIC;
COMMENT ON FUNCTION restate.put_services(restate.deployment, boolean) IS
'Has a deployment serve what its manifest says and nothing else: a service that it does not serve, or not in this form, gets its next revision; with in_place one that it serves keeps its revision. For who has locked the deployments.';

CREATE FUNCTION restate_register_deployment(
    endpoint text, manifest jsonb, options jsonb DEFAULT '{}', OUT id restate_deployment_id, OUT created boolean,
    OUT document jsonb)
  RETURNS record
  LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
  SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $function$
#variable_conflict use_variable
DECLARE
  sent CONSTANT jsonb := $2;
  given CONSTANT jsonb := coalesce($3, '{}');
  at CONSTANT text := restate.registered_endpoint($1);
  is_http CONSTANT boolean := at LIKE 'http%';
  is_request_response CONSTANT boolean := is_http AND $2 ->> 'protocolMode' IS NOT DISTINCT FROM 'REQUEST_RESPONSE';
  force boolean;
  registered restate.deployment;
  service jsonb;
  had restate.service_revision;
  missing text;
BEGIN
  PERFORM restate.check_fields(given, '{"force": "flag", "breaking": "flag", "dry_run": "flag", "additional_headers": "texts",
    "use_http_11": "flag", "metadata": "texts", "sdk_version": "text"}', 'the options');
  IF NOT is_http AND (given -> 'use_http_11' = 'true' OR coalesce(nullif(given -> 'additional_headers', 'null'), '{}') <> '{}') THEN
    PERFORM restate.refuse_body('the options use_http_11 and additional_headers are for endpoints of HTTP alone');
  END IF;
  PERFORM restate.check_manifest(sent);
  force := coalesce((given ->> 'force')::boolean, false);
  PERFORM restate.lock_deployments();

  SELECT * INTO registered
    FROM restate.deployment AS d
    WHERE d.endpoint IN (at, $1)
    ORDER BY d.created_at DESC, d.id LIMIT 1;
  created := registered.id IS NULL;
  id := coalesce(registered.id, restate_new_deployment_id());
  IF NOT created AND NOT force THEN
    document := (SELECT d.document FROM restate.admin_deployment AS d WHERE d.id = registered.id);
    RETURN;
  END IF;

  -- Callers of the latest revision find all that they call in the next one.
  IF NOT force AND NOT coalesce((given ->> 'breaking')::boolean, false) THEN
    FOR service IN SELECT s.value FROM jsonb_array_elements(sent -> 'services') WITH ORDINALITY AS s (value, place) ORDER BY s.place LOOP
      SELECT r.* INTO had
        FROM restate.sys_service AS l
        JOIN restate.service_revision AS r ON r.service_name = l.name AND r.revision = l.revision
        WHERE l.name = service ->> 'name';
      IF lower(service ->> 'ty') <> had.ty THEN
        PERFORM restate.refuse('breaking_change', format('service %s is a %s in its revision %s, and would be a %s',
          had.service_name, had.ty, had.revision, lower(service ->> 'ty')));
      END IF;
      SELECT string_agg(h.name, ', ' ORDER BY h.name COLLATE "C") INTO missing
        FROM (SELECT jsonb_object_keys(had.options -> 'handlers')) AS h (name)
        WHERE NOT service -> 'handlers' @> jsonb_build_array(jsonb_build_object('name', h.name));
      IF missing IS NOT NULL THEN
        PERFORM restate.refuse('breaking_change', format('service %s would lose handlers of its revision %s',
          had.service_name, had.revision), missing);
      END IF;
    END LOOP;
  END IF;

  registered.id := id;
  registered.ty := CASE WHEN is_http THEN 'http' ELSE 'worker' END;
  registered.endpoint := at;
  registered.created_at := coalesce(registered.created_at, now());
  SELECT v.low, v.high INTO STRICT registered.min_service_protocol_version, registered.max_service_protocol_version
    FROM restate.manifest_versions(sent) AS v;
  registered.sdk_version := given ->> 'sdk_version';
  registered.http_version := CASE WHEN is_http THEN CASE WHEN given -> 'use_http_11' = 'true' THEN 'HTTP/1.1' ELSE 'HTTP/2.0' END END;
  registered.protocol_type := CASE WHEN is_http THEN CASE WHEN is_request_response THEN 'RequestResponse' ELSE 'BidiStream' END END;
  registered.additional_headers := coalesce(nullif(given -> 'additional_headers', 'null'), '{}');
  registered.metadata := coalesce(nullif(given -> 'metadata', 'null'), '{}');
  registered.manifest := sent;

  BEGIN
    PERFORM restate.put_deployment(registered);
    PERFORM restate.put_services(registered, false);
    SELECT d.document INTO STRICT document FROM restate.admin_deployment AS d WHERE d.id = registered.id;
    IF coalesce((given ->> 'dry_run')::boolean, false) THEN
      RAISE EXCEPTION USING ERRCODE = 'PT200';
    END IF;
  EXCEPTION WHEN SQLSTATE 'PT200' THEN
    -- what would be was told, and is not
    RETURN;
  END;
  PERFORM restate.note('register_deployment', jsonb_build_object('deployment', id, 'endpoint', at,
      'services', (SELECT coalesce(jsonb_object_agg(s ->> 'name', s -> 'revision'), '{}') FROM jsonb_array_elements(document -> 'services') AS s)),
    CASE WHEN created THEN 'registered' ELSE 'changed' END);
EXCEPTION WHEN unique_violation THEN
  -- one that a snapshot from before the lock does not have
  RAISE EXCEPTION USING ERRCODE = 'serialization_failure',
    MESSAGE = 'could not register the deployment: another registration came first',
    HINT = 'Repeat the transaction.';
END
$function$;
REVOKE ALL ON FUNCTION restate_register_deployment(text, jsonb, jsonb) FROM PUBLIC;
COMMENT ON FUNCTION restate_register_deployment(text, jsonb, jsonb) IS
'Registers what serves handlers, and returns its id, whether that is new, and the deployment as GET /deployments/{id} shows it. endpoint: worker:NAME, or the URI of an SDK''s endpoint, http or https. manifest: the discovery document, of which {"services": [{"name", "ty": SERVICE|VIRTUAL_OBJECT|WORKFLOW, "handlers": [{"name"}]}]} is enough; a handler without ty is exclusive on an object and the run on a workflow. options: additional_headers and metadata, objects of strings; use_http_11; sdk_version; force, breaking, dry_run. Each service gets its next revision. An endpoint that is registered keeps its id: without force nothing changes, with it a service that differs gets its next revision, and one that the manifest has no more is served no more. A handler of the latest revision that is missing, or another ty of the service, takes breaking or force. dry_run tells what would be returned, or refused, and changes nothing; the id of what would be new is not kept. One registration or removal at a time; others wait. Errors: invalid_body 422, unsupported_protocol 422, reserved_name 422, breaking_change 409, read_only 503; 40001 where another came first in a transaction that has seen less.';

CREATE FUNCTION restate_update_deployment(id restate_deployment_id, options jsonb, manifest jsonb DEFAULT NULL)
  RETURNS jsonb
  LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
  SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $function$
#variable_conflict use_variable
DECLARE
  sent CONSTANT jsonb := nullif($3, 'null');
  given CONSTANT jsonb := jsonb_strip_nulls(coalesce($2, '{}'));
  at CONSTANT text := CASE WHEN given ? 'endpoint' THEN restate.registered_endpoint(given ->> 'endpoint') END;
  overwrites boolean;
  had restate.deployment;
  registered restate.deployment;
  document jsonb;
BEGIN
  PERFORM restate.check_fields(given, '{"endpoint": "text", "additional_headers": "texts", "use_http_11": "flag",
    "overwrite": "flag", "dry_run": "flag", "sdk_version": "text"}', 'the options');
  overwrites := coalesce((given ->> 'overwrite')::boolean, false);
  IF overwrites AND sent IS NULL THEN
    PERFORM restate.refuse_body('the option overwrite needs a manifest');
  END IF;
  IF overwrites THEN
    PERFORM restate.check_manifest(sent);
  ELSIF sent IS NOT NULL THEN
    PERFORM restate.check_manifest_versions(sent);
  END IF;
  IF $1 IS NULL THEN
    PERFORM restate.refuse('invalid_deployment_id', 'the deployment id is null');
  END IF;
  PERFORM restate.lock_deployments();
  SELECT * INTO had FROM restate.deployment AS d WHERE d.id = $1;
  IF NOT FOUND THEN
    PERFORM restate.refuse('unknown_deployment', format('deployment %s is not registered', $1));
  END IF;
  registered := had;
  registered.endpoint := coalesce(at, had.endpoint);
  registered.is_moved := had.is_moved IS TRUE OR registered.endpoint <> had.endpoint;
  IF (at LIKE 'http%') <> (had.ty = 'http') THEN
    PERFORM restate.refuse('deployment_incompatible', format('deployment %s is at an endpoint of another kind than', $1), at,
      detail => 'An update of a deployment leaves what is spoken with it.', hint => 'Register it as another deployment.');
  END IF;
  IF had.ty <> 'http' AND (given -> 'use_http_11' = 'true' OR coalesce(given -> 'additional_headers', '{}') <> '{}') THEN
    PERFORM restate.refuse('deployment_incompatible', format('deployment %s is not asked over HTTP', $1),
      detail => 'The options use_http_11 and additional_headers are for endpoints of HTTP alone.', hint => 'Leave them out.');
  END IF;
  registered.additional_headers := coalesce(given -> 'additional_headers', had.additional_headers);
  IF given ? 'use_http_11' AND had.ty = 'http' THEN
    registered.http_version := CASE WHEN (given -> 'use_http_11')::boolean THEN 'HTTP/1.1' ELSE 'HTTP/2.0' END;
  END IF;
  IF sent IS NOT NULL THEN
    -- what runs there goes on in the version that it has begun with
    SELECT v.low, v.high INTO STRICT registered.min_service_protocol_version, registered.max_service_protocol_version
      FROM restate.manifest_versions(sent) AS v;
    IF (registered.min_service_protocol_version, registered.max_service_protocol_version)
      <> (had.min_service_protocol_version, had.max_service_protocol_version)
    THEN
      PERFORM restate.refuse('deployment_incompatible', format(
        'deployment %s speaks versions %s to %s of the service protocol, and would speak %s to %s', $1,
        had.min_service_protocol_version, had.max_service_protocol_version,
        registered.min_service_protocol_version, registered.max_service_protocol_version),
        detail => 'An update of a deployment leaves the versions that it speaks.',
        hint => 'Register it as another deployment.');
    END IF;
    registered.sdk_version := coalesce(given ->> 'sdk_version', had.sdk_version);
    IF had.ty = 'http' THEN
      registered.protocol_type := CASE sent ->> 'protocolMode' WHEN 'REQUEST_RESPONSE' THEN 'RequestResponse' ELSE 'BidiStream' END;
    END IF;
  END IF;
  IF overwrites THEN
    registered.manifest := sent;
  END IF;

  BEGIN
    IF registered IS DISTINCT FROM had THEN
      PERFORM restate.put_deployment(registered);
    END IF;
    IF overwrites THEN
      PERFORM restate.put_services(registered, true);
    END IF;
    SELECT d.document INTO STRICT document FROM restate.admin_deployment AS d WHERE d.id = $1;
    IF coalesce((given ->> 'dry_run')::boolean, false) THEN
      RAISE EXCEPTION USING ERRCODE = 'PT200';
    END IF;
  EXCEPTION WHEN SQLSTATE 'PT200' THEN
    -- what would be was told, and is not
    RETURN document;
  END;
  PERFORM restate.note('update_deployment', jsonb_build_object('deployment', $1, 'endpoint', registered.endpoint, 'overwrite', overwrites,
      'services', (SELECT coalesce(jsonb_object_agg(s ->> 'name', s -> 'revision'), '{}') FROM jsonb_array_elements(document -> 'services') AS s)),
    'changed');
  RETURN document;
END
$function$;
REVOKE ALL ON FUNCTION restate_update_deployment(restate_deployment_id, jsonb, jsonb) FROM PUBLIC;
COMMENT ON FUNCTION restate_update_deployment(restate_deployment_id, jsonb, jsonb) IS
'Changes a deployment under its id, also while invocations are pinned to it, and returns it as GET /deployments/{id} shows it. options: endpoint, of the kind that it has, and perhaps that of another deployment; additional_headers, an object of strings in place of those that it has; use_http_11; sdk_version; overwrite, dry_run; what is missing or null stays as it is. manifest: the discovery document of what is at the endpoint, or null. Its versions of the service protocol must be those that the deployment has. With overwrite the deployment serves what it says from then on, whatever is lost by that: a service that it has served keeps its revision, another gets its next one, and what operators have changed of them is as the manifest says. Without overwrite the services stay as they are. dry_run tells what would be returned, or refused, and changes nothing. Errors: invalid_deployment_id 400 for null, unknown_deployment 404, invalid_body 422, unsupported_protocol 422, reserved_name 422, deployment_incompatible 400, read_only 503.';

CREATE FUNCTION restate_remove_deployment(id restate_deployment_id, force boolean DEFAULT false)
  RETURNS text
  LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
  SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
  endpoint text;
  pinned bigint;
  first_ones text;
BEGIN
  IF $1 IS NULL THEN
    PERFORM restate.refuse('invalid_deployment_id', 'the deployment id is null');
  END IF;
  PERFORM restate.lock_deployments();
  SELECT d.endpoint INTO endpoint FROM restate.deployment AS d WHERE d.id = $1;
  IF NOT FOUND THEN
    PERFORM restate.refuse('unknown_deployment', format('deployment %s is not registered', $1));
  END IF;
  IF $2 IS NOT TRUE THEN
    SELECT count(*) INTO STRICT pinned
      FROM restate.invocation AS i
      WHERE i.completed_at IS NULL AND i.pinned_deployment_id = $1;
    IF pinned > 0 THEN
      SELECT string_agg(i.id::text, ', ' ORDER BY i.id) INTO first_ones
        FROM (SELECT n.id FROM restate.invocation AS n
          WHERE n.completed_at IS NULL AND n.pinned_deployment_id = $1 ORDER BY n.id LIMIT 10) AS i;
      PERFORM restate.refuse('deployment_in_use',
        format('deployment %s is in use by %s invocation%s', $1, pinned, CASE pinned WHEN 1 THEN '' ELSE 's' END),
        detail => format('Not completed, and pinned to it, %s: %s.',
          CASE WHEN pinned > 10 THEN format('are %s, the first of them', pinned) WHEN pinned > 1 THEN format('are %s', pinned) ELSE 'is' END,
          first_ones));
    END IF;
  END IF;
  DELETE FROM restate.service_revision AS r WHERE r.deployment_id = $1;
  DELETE FROM restate.deployment AS d WHERE d.id = $1;
  IF NOT FOUND THEN
    PERFORM restate.not_written(format('deployment %s', $1));
  END IF;
  PERFORM restate.note('remove_deployment', jsonb_build_object('deployment', $1, 'endpoint', endpoint), 'removed');
  RETURN 'removed';
END
$function$;
REVOKE ALL ON FUNCTION restate_remove_deployment(restate_deployment_id, boolean) FROM PUBLIC;
COMMENT ON FUNCTION restate_remove_deployment(restate_deployment_id, boolean) IS
'Removes a deployment and its revisions of services, each of which is served by its latest other revision, if there is one; returns removed. Without force only if no invocation that has not completed is pinned to it; with force such ones stay as they are, and run again once they are resumed on another. Cannot be undone: registered again it has another id; restate.sys_deployment_blocker tells before what it is needed for. Errors: invalid_deployment_id 400 for null, unknown_deployment 404, deployment_in_use 409, whose detail has how many there are and the first ten ids, read_only 503.';

-- What operators change of a service that is registered, and the state of an object.

CREATE FUNCTION restate.note(operation text, parameters jsonb, outcome text) RETURNS void
  LANGUAGE C VOLATILE STRICT PARALLEL UNSAFE
  AS 'MODULE_PATHNAME', 'restate_note';
REVOKE ALL ON FUNCTION restate.note(text, jsonb, text) FROM PUBLIC;
COMMENT ON FUNCTION restate.note(text, jsonb, text) IS
'Adds to the audit what was done to a deployment or a service, which parameters name. Error: read_only 503.';

CREATE FUNCTION restate.given_duration(options jsonb, field text) RETURNS interval
  LANGUAGE plpgsql STABLE STRICT PARALLEL SAFE
  SET search_path = pg_catalog, pg_temp SET IntervalStyle = 'postgres'
AS $function$
DECLARE
  duration interval;
BEGIN
  IF options ->> field ~ '[0-9] *[a-zA-Z]' OR options ->> field ~ '^ *P' THEN
    BEGIN
      duration := (options ->> field)::interval;
    EXCEPTION WHEN data_exception THEN
      NULL;
    END;
  END IF;
  IF duration IS NULL OR extract(epoch FROM duration) NOT BETWEEN 0 AND 9007199254740 OR extract(year FROM duration) <> 0
    OR extract(month FROM duration) <> 0
  THEN
    PERFORM restate.refuse_body(format('%s must be a duration, such as 30s, 12h or 2days, and is', field), options ->> field);
  END IF;
  RETURN restate.microseconds(duration) * interval '1 microsecond';
END
$function$;
COMMENT ON FUNCTION restate.given_duration(jsonb, text) IS
'A field of options that is a duration in words or in ISO 8601, of days and what is shorter: nobody knows how long a month is. Raises invalid_body for another, or one below zero; null where the field is missing or null.';

CREATE FUNCTION restate_modify_service(service text, options jsonb) RETURNS jsonb
  LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
  SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
  given CONSTANT jsonb := jsonb_strip_nulls(coalesce($2, '{}'));
  retentions CONSTANT text[] := '{idempotency_retention, journal_retention, workflow_completion_retention}';
  timeouts CONSTANT text[] := '{inactivity_timeout, abort_timeout}';
  latest restate.service_revision;
  field text;
  durations jsonb := '{}';
BEGIN
  PERFORM restate.check_fields(given, '{"public": "flag", "idempotency_retention": "text", "journal_retention": "text",
    "workflow_completion_retention": "text", "inactivity_timeout": "text", "abort_timeout": "text"}', 'the options');
  FOREACH field IN ARRAY retentions || timeouts LOOP
    IF given ? field THEN
      durations := durations || jsonb_build_object(field, restate.duration_text(restate.given_duration(given, field)));
    END IF;
  END LOOP;
  PERFORM restate.lock_deployments();
  SELECT r.* INTO latest
    FROM restate.sys_service AS s
    JOIN restate.service_revision AS r ON r.service_name = s.name AND r.revision = s.revision
    WHERE s.name = $1;
  IF NOT FOUND THEN
    PERFORM restate.refuse('service_not_found', 'no such service', coalesce($1, 'null'));
  END IF;
  IF given ? 'workflow_completion_retention' AND latest.ty <> 'workflow' THEN
    PERFORM restate.refuse('service_not_suited', 'workflow_completion_retention is for workflows, and this is none', $1);
  END IF;
  IF given <> '{}' THEN
    -- nobody else changes it meanwhile
    latest.public := coalesce((given ->> 'public')::boolean, latest.public);
    IF given ? 'public' THEN
      -- a handler that is public is so because its service is
      latest.handlers := (
        SELECT coalesce(jsonb_agg(CASE WHEN h.handler -> 'public' = 'true' THEN h.handler - 'public' ELSE h.handler END ORDER BY h.place), '[]')
        FROM jsonb_array_elements(latest.handlers) WITH ORDINALITY AS h (handler, place));
    END IF;
    latest.idempotency_retention := coalesce((durations ->> 'idempotency_retention')::interval, latest.idempotency_retention);
    latest.journal_retention := coalesce((durations ->> 'journal_retention')::interval, latest.journal_retention);
    latest.workflow_completion_retention := coalesce((durations ->> 'workflow_completion_retention')::interval, latest.workflow_completion_retention);
    latest.settings := latest.settings || (durations - retentions);
    UPDATE restate.service_revision AS r
      SET public = latest.public, handlers = latest.handlers, idempotency_retention = latest.idempotency_retention,
        journal_retention = latest.journal_retention, workflow_completion_retention = latest.workflow_completion_retention,
        settings = latest.settings
      WHERE r.service_name = latest.service_name AND r.revision = latest.revision;
    IF NOT FOUND THEN
      PERFORM restate.not_written(format('revision %s of service %s', latest.revision, latest.service_name));
    END IF;
    PERFORM restate.note('modify_service', jsonb_build_object('service', $1, 'revision', latest.revision, 'options', given), 'modified');
  END IF;
  RETURN restate.service_document(latest.service_name, latest.revision, latest.deployment_id, latest.ty, latest.public, latest.handlers,
    latest.idempotency_retention, latest.journal_retention, latest.workflow_completion_retention, latest.settings);
END
$function$;
REVOKE ALL ON FUNCTION restate_modify_service(text, jsonb) FROM PUBLIC;
COMMENT ON FUNCTION restate_modify_service(text, jsonb) IS
'Changes options of a service, in its latest revision: what is submitted from then on has the new ones. service: its name. options: an object with any of public; idempotency_retention, journal_retention, workflow_completion_retention, inactivity_timeout and abort_timeout, durations such as 30s, 12h, 2days or PT12H; what is missing or null stays as it is. What handlers say of themselves goes before. Returns the service as GET /services/{name} shows it. Registering the deployment anew with force brings back what its manifest says. Errors: service_not_found 404, invalid_body 422, service_not_suited 400 for workflow_completion_retention of what is no workflow, read_only 503.';

CREATE FUNCTION restate.modify_state(service text, key text, is_workflow boolean, keys text[], "values" bytea[], version text)
  RETURNS text
  LANGUAGE C VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
  AS 'MODULE_PATHNAME', 'restate_modify_state';
REVOKE ALL ON FUNCTION restate.modify_state(text, text, boolean, text[], bytea[], text) FROM PUBLIC;
COMMENT ON FUNCTION restate.modify_state(text, text, boolean, text[], bytea[], text) IS
'Changes the state of an object or workflow: for restate_modify_state(), which has looked at what it is given. Only version may be null.';

CREATE FUNCTION restate.state_version(keys text[], "values" bytea[]) RETURNS text
  LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE
  AS 'MODULE_PATHNAME', 'restate_state_version';
COMMENT ON FUNCTION restate.state_version(text[], bytea[]) IS
'The version of a state with these keys, each with the value at its place.';

CREATE FUNCTION restate_modify_state(service text, key text, keys text[], "values" bytea[], version text DEFAULT NULL)
  RETURNS text
  LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
  SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
  ty text;
BEGIN
  IF pg_is_in_recovery() THEN
    PERFORM restate.refuse('read_only', 'cannot change the state of an object on a standby');
  END IF;
  IF $1 IS NULL OR $2 IS NULL OR $3 IS NULL OR $4 IS NULL THEN
    PERFORM restate.refuse('invalid_query_parameter', 'service, key, keys and values must not be null',
      hint => 'Empty arrays leave the object no state.');
  END IF;
  IF cardinality($3) <> cardinality($4) OR array_position($3, NULL) IS NOT NULL OR array_position($4, NULL) IS NOT NULL THEN
    PERFORM restate.refuse('invalid_query_parameter', 'keys and values must have as many elements, none of them null',
      hint => 'Each key has the value at its place.');
  END IF;
  SELECT s.ty INTO ty FROM restate.sys_service AS s WHERE s.name = $1;
  IF NOT FOUND THEN
    PERFORM restate.refuse('service_not_found', 'no such service', $1);
  END IF;
  IF ty = 'service' THEN
    PERFORM restate.refuse('service_not_suited', 'this service has no state', $1);
  END IF;
  RETURN restate.modify_state($1, $2, ty = 'workflow', $3, $4, $5);
END
$function$;
REVOKE ALL ON FUNCTION restate_modify_state(text, text, text[], bytea[], text) FROM PUBLIC;
COMMENT ON FUNCTION restate_modify_state(text, text, text[], bytea[], text) IS
'Puts another state in place of all that an object or workflow has. service, key: which. keys, values: the new state, each key with the value at its place; what is not among them goes. version: of the state that the change is meant for, as Restate''s command line computes it; null: any. changed; unchanged, if it was so; or queued, where an invocation holds the key of the object: then the change is done when that and those before it in the inbox have completed, and passed over if the state has another version by then, which the audit tells. Errors: service_not_found 404, service_not_suited 400 for one without state, state_version_mismatch 409, invalid_query_parameter 400, read_only 503.';

-- what holds for the invocations of a handler

CREATE FUNCTION restate.handler_terms(
    handler_name text, ty text, public boolean, idempotency_retention interval, journal_retention interval,
    workflow_completion_retention interval, options jsonb)
  RETURNS TABLE (handler_ty text, is_public boolean, completion_retained interval, idempotency_retained interval,
    journal_retained interval, inactivity_timeout interval, abort_timeout interval, enable_lazy_state boolean,
    retry_initial_interval interval, retry_factor double precision, retry_max_interval interval,
    retry_max_attempts bigint, retry_on_max_attempts text)
  LANGUAGE sql STABLE CALLED ON NULL INPUT PARALLEL SAFE ROWS 1
BEGIN ATOMIC
  SELECT k.ty, coalesce((h.own ->> 'public')::boolean, handler_terms.public),
    CASE WHEN k.ty = 'workflow' THEN coalesce(handler_terms.workflow_completion_retention,
      (h.service ->> 'workflow_completion_retention')::interval, restate.default_retention()) ELSE k.idempotency_retention END,
    k.idempotency_retention,
    coalesce((h.own ->> 'journal_retention')::interval, handler_terms.journal_retention,
      (h.service ->> 'journal_retention')::interval, restate.default_retention()),
    coalesce((h.own ->> 'inactivity_timeout')::interval, restate.default_duration('{inactivity_timeout}')),
    coalesce((h.own ->> 'abort_timeout')::interval, restate.default_duration('{abort_timeout}')),
    coalesce((h.own -> 'enable_lazy_state')::boolean, (restate.default_settings() -> 'enable_lazy_state')::boolean),
    coalesce((h.retry ->> 'initial_interval')::interval, restate.default_duration('{retry_policy, initial_interval}')),
    coalesce((h.retry -> 'exponentiation_factor')::double precision,
      (restate.default_settings() #> '{retry_policy, exponentiation_factor}')::double precision),
    coalesce((h.retry ->> 'max_interval')::interval, restate.default_duration('{retry_policy, max_interval}')),
    CASE WHEN h.retry ? 'max_attempts' THEN nullif(h.retry -> 'max_attempts', 'null')::bigint
      ELSE (restate.default_settings() #> '{retry_policy, max_attempts}')::bigint END,
    lower(coalesce(h.retry ->> 'on_max_attempts', restate.default_settings() #>> '{retry_policy, on_max_attempts}'))
  -- apart, so that each is read once
  FROM (
    SELECT handler_terms.options #> ARRAY['handlers', handler_terms.handler_name],
      handler_terms.options #> ARRAY['handlers', handler_terms.handler_name, 'retry_policy'],
      handler_terms.options -> 'service' OFFSET 0) AS h (own, retry, service)
  CROSS JOIN LATERAL (
    SELECT restate.handler_ty(handler_terms.ty, h.own ->> 'ty'), coalesce((h.own ->> 'idempotency_retention')::interval,
      handler_terms.idempotency_retention, (h.service ->> 'idempotency_retention')::interval, restate.default_retention())
    OFFSET 0) AS k (ty, idempotency_retention)
  WHERE h.own IS NOT NULL;
END;
COMMENT ON FUNCTION restate.handler_terms(text, text, boolean, interval, interval, interval, jsonb) IS
'What holds for the invocations of a handler, of columns of the revision of its service: for restate.handler_of() and handler_on_nodes(), which say what each is. No row if the revision has no such handler.';

CREATE FUNCTION restate.handler_of(
    service_name text, handler_name text, on_deployment restate_deployment_id DEFAULT NULL)
  RETURNS TABLE (revision bigint, deployment_id restate_deployment_id, service_ty text, handler_ty text, public boolean,
    completion_retention interval, idempotency_retention interval, journal_retention interval,
    inactivity_timeout interval, abort_timeout interval, enable_lazy_state boolean,
    retry_initial_interval interval, retry_factor double precision, retry_max_interval interval,
    retry_max_attempts bigint, retry_on_max_attempts text, min_protocol_version integer, max_protocol_version integer,
    body jsonb)
  LANGUAGE sql STABLE CALLED ON NULL INPUT PARALLEL SAFE ROWS 1
BEGIN ATOMIC
  SELECT s.revision, s.deployment_id, s.ty, t.handler_ty, t.is_public, t.completion_retained, t.idempotency_retained,
    t.journal_retained, t.inactivity_timeout, t.abort_timeout, t.enable_lazy_state, t.retry_initial_interval, t.retry_factor,
    t.retry_max_interval, t.retry_max_attempts, t.retry_on_max_attempts, s.min_service_protocol_version,
    s.max_service_protocol_version, s.bodies -> handler_of.handler_name
  FROM (
    SELECT r.revision, r.deployment_id, r.ty, r.public, r.idempotency_retention, r.journal_retention,
      r.workflow_completion_retention, r.options, r.bodies, d.min_service_protocol_version, d.max_service_protocol_version
    FROM restate.service_revision AS r
    JOIN restate.deployment AS d ON d.id = r.deployment_id
    WHERE r.service_name = handler_of.service_name
      AND (handler_of.on_deployment IS NULL OR r.deployment_id = handler_of.on_deployment)
    ORDER BY r.revision DESC LIMIT 1) AS s
  CROSS JOIN LATERAL restate.handler_terms(handler_of.handler_name, s.ty, s.public, s.idempotency_retention, s.journal_retention,
    s.workflow_completion_retention, s.options) AS t;
END;
REVOKE ALL ON FUNCTION restate.handler_of(text, text, restate_deployment_id) FROM PUBLIC;
COMMENT ON FUNCTION restate.handler_of(text, text, restate_deployment_id) IS
'What holds for the invocations of a handler, in one row, of the latest revision of its service whose deployment is registered; with on_deployment, of the newest that this one serves. No row if there is no such revision, or it has no such handler. What the handler says goes before what its service says, and that before the default. handler_ty: as restate.invocation.target_handler_ty. completion_retention: of the result, with an idempotency key or of a workflow''s run. retry_max_attempts: null is without end. retry_on_max_attempts: pause or kill. body: what it says of its input and output, as restate.service_revision.bodies has it. It reads with the rights of its caller.';

CREATE FUNCTION restate.handler_on_nodes(
    service_name text, handler_name text, on_deployment restate_deployment_id DEFAULT NULL)
  RETURNS TABLE (revision bigint, deployment_id restate_deployment_id, service_ty text, handler_ty text, public boolean,
    completion_retention interval, idempotency_retention interval, journal_retention interval,
    inactivity_timeout interval, abort_timeout interval, enable_lazy_state boolean,
    retry_initial_interval interval, retry_factor double precision, retry_max_interval interval,
    retry_max_attempts bigint, retry_on_max_attempts text, min_protocol_version integer, max_protocol_version integer,
    body jsonb)
  LANGUAGE plpgsql STABLE CALLED ON NULL INPUT PARALLEL SAFE ROWS 1
  SET search_path = pg_catalog, pg_temp
AS $function$
#variable_conflict use_column
DECLARE
  s record;
BEGIN
  -- a function of SQL could not be planned where the tables are on several nodes
  SELECT r.revision, r.deployment_id, r.ty, r.public, r.idempotency_retention, r.journal_retention,
    r.workflow_completion_retention, r.options, r.bodies, d.min_service_protocol_version, d.max_service_protocol_version
    INTO s
    FROM restate.service_revision AS r
    JOIN restate.deployment AS d ON d.id = r.deployment_id
    WHERE r.service_name = $1 AND ($3 IS NULL OR r.deployment_id = $3)
    ORDER BY r.revision DESC LIMIT 1;
  IF NOT FOUND THEN
    RETURN;
  END IF;
  RETURN QUERY SELECT s.revision, s.deployment_id, s.ty, t.handler_ty, t.is_public, t.completion_retained, t.idempotency_retained,
    t.journal_retained, t.inactivity_timeout, t.abort_timeout, t.enable_lazy_state, t.retry_initial_interval, t.retry_factor,
    t.retry_max_interval, t.retry_max_attempts, t.retry_on_max_attempts, s.min_service_protocol_version,
    s.max_service_protocol_version, s.bodies -> $2
    FROM restate.handler_terms($2, s.ty, s.public, s.idempotency_retention, s.journal_retention,
    s.workflow_completion_retention, s.options) AS t;
END
$function$;
REVOKE ALL ON FUNCTION restate.handler_on_nodes(text, text, restate_deployment_id) FROM PUBLIC;
COMMENT ON FUNCTION restate.handler_on_nodes(text, text, restate_deployment_id) IS
'As restate.handler_of(), also where the tables are distributed over nodes. It is no part of the query that calls it: for a single handler.';

-- Views.

COMMENT ON COLUMN restate.invocation.last_failure_related_command_index IS
'Which command the last failure is about, counted among the commands of the journal alone, the input being 0. It is no journal index.';

CREATE FUNCTION restate.status_support(internal) RETURNS internal
  LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE
  AS 'MODULE_PATHNAME', 'restate_status_support';
REVOKE ALL ON FUNCTION restate.status_support(internal) FROM PUBLIC;
COMMENT ON FUNCTION restate.status_support(internal) IS
'The planner''s support function of restate.narrowed_by_status.';

CREATE FUNCTION restate.narrowed_by_status(status text, completed_at timestamptz) RETURNS boolean
  LANGUAGE c IMMUTABLE CALLED ON NULL INPUT PARALLEL SAFE COST 1
  SUPPORT restate.status_support
  AS 'MODULE_PATHNAME', 'restate_narrowed_by_status';
COMMENT ON FUNCTION restate.narrowed_by_status(text, timestamptz) IS
'True of every invocation. A view with it among its conditions reads the index of what is in flight where a query of it asks for statuses other than completed. status, completed_at: the columns of restate.invocation.';

CREATE OR REPLACE VIEW restate.sys_invocation AS
SELECT restate_partition_key_unsigned(i.partition_key) AS partition_key,
  i.id,
  concat_ws('/', i.target_service_name, i.target_service_key, i.target_handler_name) AS target,
  i.target_service_name, i.target_service_key, i.target_handler_name, i.target_service_ty,
  i.idempotency_key,
  i.invoked_by, i.invoked_by_service_name, i.invoked_by_id, i.invoked_by_subscription_id, i.invoked_by_target,
  i.restarted_from,
  CASE WHEN restate.has_started(i.status) THEN i.pinned_deployment_id END AS pinned_deployment_id,
  CASE WHEN restate.has_started(i.status) THEN i.pinned_service_protocol_version END
    AS pinned_service_protocol_version,
  i.trace_id,
  CASE WHEN restate.has_started(i.status) THEN i.journal_size END AS journal_size,
  CASE WHEN restate.has_started(i.status) THEN i.journal_commands_size END AS journal_commands_size,
  i.created_at, i.created_using_restate_version, i.modified_at, i.inboxed_at,
  i.scheduled_at, i.scheduled_start_at, i.running_at, i.completed_at,
  i.completion_retention, i.journal_retention,
  i.suspended_waiting_for_completions, i.suspended_waiting_for_signals,
  i.retry_count, i.last_start_at, i.next_retry_at,
  i.last_attempt_deployment_id, i.last_attempt_server,
  i.last_failure, i.last_failure_error_code,
  NULL::bigint AS last_failure_related_entry_index, NULL::text AS last_failure_related_entry_name,
  NULL::text AS last_failure_related_entry_type,
  i.last_failure_related_command_index, i.last_failure_related_command_name, i.last_failure_related_command_type,
  i.status, i.completion_result, i.completion_failure,
  CASE WHEN i.last_failure_related_command_index >= 0 THEN
    (SELECT j.index FROM restate.journal j
      WHERE j.id = i.id AND j.partition_key = i.partition_key AND j.entry_type < 'Notification: Run'
      ORDER BY j.index OFFSET i.last_failure_related_command_index LIMIT 1)
  END AS last_failure_related_journal_index
FROM restate.invocation i
WHERE restate.narrowed_by_status(i.status, i.completed_at);
COMMENT ON COLUMN restate.sys_invocation.pinned_deployment_id IS
'The deployment that runs it; null before it has started.';
COMMENT ON COLUMN restate.sys_invocation.pinned_service_protocol_version IS
'The version of the service protocol that it runs with; null before it has started.';
COMMENT ON COLUMN restate.sys_invocation.journal_size IS
'The entries of its journal; null before it has started.';
COMMENT ON COLUMN restate.sys_invocation.journal_commands_size IS
'The commands among them; null before it has started.';
COMMENT ON COLUMN restate.sys_invocation.last_failure_related_entry_index IS
'Always null, as in Restate, which has only the command''s; so are the name and the type.';
COMMENT ON COLUMN restate.sys_invocation.last_failure_related_command_index IS
'Which command the last failure is about, counted among the commands of the journal alone, the input being 0. It is no journal index.';
COMMENT ON COLUMN restate.sys_invocation.last_failure_related_journal_index IS
'The journal index of the command that last_failure_related_command_index counts; null if the journal has no such command yet. restate_restart_as_new takes indexes of this kind.';

CREATE OR REPLACE VIEW restate.sys_invocation_status AS
SELECT restate_partition_key_unsigned(i.partition_key) AS partition_key,
  i.id,
  restate.coarse_status(i.status) AS status,
  i.completion_result, i.completion_failure,
  concat_ws('/', i.target_service_name, i.target_service_key, i.target_handler_name) AS target,
  i.target_service_name, i.target_service_key, i.target_handler_name, i.target_service_ty,
  i.idempotency_key,
  i.invoked_by, i.invoked_by_service_name, i.invoked_by_id, i.invoked_by_subscription_id, i.invoked_by_target,
  i.restarted_from,
  CASE WHEN restate.has_started(i.status) THEN i.pinned_deployment_id END AS pinned_deployment_id,
  CASE WHEN restate.has_started(i.status) THEN i.pinned_service_protocol_version END
    AS pinned_service_protocol_version,
  i.trace_id,
  CASE WHEN restate.has_started(i.status) THEN i.journal_size END AS journal_size,
  CASE WHEN restate.has_started(i.status) THEN i.journal_commands_size END AS journal_commands_size,
  i.created_at, i.created_using_restate_version, i.modified_at, i.inboxed_at,
  i.scheduled_at, i.scheduled_start_at, i.running_at, i.completed_at,
  i.completion_retention, i.journal_retention,
  i.suspended_waiting_for_completions, i.suspended_waiting_for_signals
FROM restate.invocation i;
COMMENT ON COLUMN restate.sys_invocation_status.pinned_deployment_id IS
'The deployment that runs it; null before it has started.';
COMMENT ON COLUMN restate.sys_invocation_status.pinned_service_protocol_version IS
'The version of the service protocol that it runs with; null before it has started.';
COMMENT ON COLUMN restate.sys_invocation_status.journal_size IS
'The entries of its journal; null before it has started.';
COMMENT ON COLUMN restate.sys_invocation_status.journal_commands_size IS
'The commands among them; null before it has started.';

CREATE OR REPLACE VIEW restate.sys_journal AS
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
  j.appended_at,
  j.completion_id, j.result_completion_id,
  NULL::bytea AS raw
FROM restate.journal j;
COMMENT ON COLUMN restate.sys_journal.completion_id IS
'On a command the completion it waits for, a call''s first, which brings the id of the callee; on a notification the one it brings.';
COMMENT ON COLUMN restate.sys_journal.result_completion_id IS
'The second completion that a Call waits for, its result; null elsewhere.';
COMMENT ON COLUMN restate.sys_journal.raw IS
'Always null: an entry is kept as what it holds, not as the bytes of the protocol.';

CREATE OR REPLACE VIEW restate.sys_inbox WITH (security_barrier) AS
SELECT restate_partition_key_unsigned(i.partition_key) AS partition_key,
  i.target_service_name AS service_name, i.target_service_key AS service_key,
  i.id, i.inbox_sequence_number AS sequence_number, NULL::timestamptz AS created_at
FROM restate.invocation i
WHERE i.inbox_sequence_number IS NOT NULL;
COMMENT ON COLUMN restate.sys_inbox.created_at IS
'Always null, as in Restate: sys_invocation has it.';

CREATE VIEW restate.sys_invocation_state WITH (security_barrier) AS
SELECT restate_partition_key_unsigned(i.partition_key) AS partition_key,
  i.id, i.status = 'running' AS in_flight,
  i.retry_count, i.last_start_at, i.last_attempt_deployment_id, i.last_attempt_server, i.next_retry_at,
  i.last_failure, i.last_failure_error_code,
  i.last_failure_related_command_index, i.last_failure_related_command_name, i.last_failure_related_command_type,
  NULL::bigint AS last_failure_related_entry_index, NULL::text AS last_failure_related_entry_name,
  NULL::text AS last_failure_related_entry_type
FROM restate.invocation i
WHERE i.completed_at IS NULL AND i.status IN ('running', 'backing-off');
REVOKE ALL ON restate.sys_invocation_state FROM PUBLIC;
COMMENT ON VIEW restate.sys_invocation_state IS
'The invocations that are being attempted: those that run and those that back off.';
COMMENT ON COLUMN restate.sys_invocation_state.in_flight IS
'Whether an attempt runs; else the next one is waited for.';
COMMENT ON COLUMN restate.sys_invocation_state.last_failure_related_entry_index IS
'Always null, as in Restate, which has only the command''s; so are the name and the type.';

CREATE VIEW restate.sys_idempotency WITH (security_barrier) AS
SELECT restate_partition_key_unsigned(i.partition_key) AS partition_key,
  i.target_service_name AS service_name, i.target_service_key AS service_key, i.target_handler_name AS service_handler,
  i.idempotency_key, i.id AS invocation_id
FROM restate.invocation i
WHERE i.idempotency_key IS NOT NULL;
REVOKE ALL ON restate.sys_idempotency FROM PUBLIC;
COMMENT ON VIEW restate.sys_idempotency IS
'The idempotency keys that are in use, and the invocation that each led to.';

ALTER VIEW restate.sys_keyed_service_status SET (security_barrier);
ALTER VIEW restate.sys_service SET (security_barrier);

-- what is shown of retention is what holds by default, and a row comes by its columns
CREATE FUNCTION restate.service_document(
    service_name text, revision bigint, deployment_id restate_deployment_id, ty text, public boolean, handlers jsonb,
    idempotency_retention interval, journal_retention interval, workflow_completion_retention interval, settings jsonb)
  RETURNS jsonb
  LANGUAGE sql IMMUTABLE CALLED ON NULL INPUT PARALLEL SAFE
  RETURN
    -- what the API requires has its documented default where neither a column
    -- nor the settings say otherwise
    jsonb_build_object(
      'idempotency_retention', restate.duration_text(restate.default_retention()),
      'journal_retention', restate.duration_text(restate.default_retention()))
    || restate.default_settings()
    || CASE ty WHEN 'workflow' THEN jsonb_build_object(
      'workflow_completion_retention', restate.duration_text(restate.default_retention())) ELSE '{}' END
    || settings
    || jsonb_strip_nulls(jsonb_build_object(
      'name', service_name,
      'ty', CASE ty WHEN 'service' THEN 'Service' WHEN 'virtual_object' THEN 'VirtualObject' ELSE 'Workflow' END,
      'deployment_id', deployment_id,
      'revision', revision,
      'public', public,
      'idempotency_retention', restate.duration_text(idempotency_retention),
      'workflow_completion_retention', restate.duration_text(workflow_completion_retention),
      'journal_retention', restate.duration_text(journal_retention)))
    || jsonb_build_object('handlers', (
      SELECT coalesce(jsonb_agg(jsonb_build_object(
          'public', public, 'input_description', 'any', 'output_description', 'any') || h.handler
        ORDER BY h.place), '[]')
      FROM jsonb_array_elements(handlers) WITH ORDINALITY AS h(handler, place)
      WHERE jsonb_typeof(h.handler) = 'object'));
COMMENT ON FUNCTION restate.service_document(text, bigint, restate_deployment_id, text, boolean, jsonb, interval, interval, interval, jsonb) IS
'A revision of a service as the document of GET /services/{name}: columns first, then settings, then the documented defaults of fields that the API requires. The arguments are its columns: a row of a shard is of another type than one of the table.';

-- the latest revision is that of sys_service
CREATE OR REPLACE VIEW restate.admin_service WITH (security_barrier) AS
SELECT s.name, restate.service_document(r.service_name, r.revision, r.deployment_id, r.ty, r.public, r.handlers,
  r.idempotency_retention, r.journal_retention, r.workflow_completion_retention, r.settings) AS document
FROM restate.sys_service s
JOIN restate.service_revision r ON r.service_name = s.name AND r.revision = s.revision;
CREATE OR REPLACE VIEW restate.admin_deployment AS
SELECT d.id, d.created_at,
  jsonb_strip_nulls(jsonb_build_object(
    'id', d.id,
    'uri', CASE WHEN d.ty <> 'lambda' THEN d.endpoint END,
    'arn', CASE d.ty WHEN 'lambda' THEN d.endpoint END,
    -- of a worker too, which speaks none of it: clients of the API ask for them
    'protocol_type', CASE WHEN d.ty <> 'lambda' THEN coalesce(d.protocol_type, 'BidiStream') END,
    'http_version', CASE WHEN d.ty <> 'lambda' THEN coalesce(d.http_version, 'HTTP/2.0') END,
    'additional_headers', nullif(d.additional_headers, '{}'),
    'metadata', nullif(d.metadata, '{}'),
    'created_at', restate.timestamp_text(d.created_at),
    'min_protocol_version', d.min_service_protocol_version,
    'max_protocol_version', d.max_service_protocol_version,
    'sdk_version', d.sdk_version))
  || jsonb_build_object('services', (
    SELECT coalesce(jsonb_agg(restate.service_document(s.service_name, s.revision, s.deployment_id, s.ty, s.public, s.handlers,
      s.idempotency_retention, s.journal_retention, s.workflow_completion_retention, s.settings) ORDER BY s.service_name, s.revision), '[]')
    FROM restate.service_revision s
    WHERE s.deployment_id = d.id)) AS document
FROM restate.deployment d;
DROP FUNCTION restate.service_document(restate.service_revision);

CREATE VIEW restate.admin_service_handlers AS
SELECT s.name, jsonb_build_object('handlers', s.document -> 'handlers') AS document
FROM restate.admin_service s;
REVOKE ALL ON restate.admin_service_handlers FROM PUBLIC;
COMMENT ON VIEW restate.admin_service_handlers IS
'The handlers of each service at its latest revision, as the document of GET /services/{name}/handlers.';

CREATE VIEW restate.admin_handler AS
SELECT s.name AS service_name, h.handler ->> 'name' AS name, h.handler AS document
FROM restate.admin_service s
CROSS JOIN LATERAL jsonb_array_elements(s.document -> 'handlers') AS h(handler);
REVOKE ALL ON restate.admin_handler FROM PUBLIC;
COMMENT ON VIEW restate.admin_handler IS
'Each handler of each service at its latest revision, as the document of GET /services/{name}/handlers/{handler}.';

COMMENT ON COLUMN restate.admin_service_handlers.name IS 'The name of the service.';
COMMENT ON COLUMN restate.admin_service_handlers.document IS 'The handlers as GET /services/{name}/handlers shows them.';
COMMENT ON COLUMN restate.admin_handler.service_name IS 'The name of the service.';
COMMENT ON COLUMN restate.admin_handler.name IS 'The name of the handler.';
COMMENT ON COLUMN restate.admin_handler.document IS 'The handler as GET /services/{name}/handlers/{handler} shows it.';

CREATE FUNCTION restate.openapi_content(description text, schema jsonb) RETURNS jsonb
  LANGUAGE sql IMMUTABLE CALLED ON NULL INPUT PARALLEL SAFE
  RETURN jsonb_build_object(
    CASE WHEN description ~ '^(optional )?[^ ]+/[^ ]+$' THEN regexp_replace(description, '^optional ', '')
      WHEN schema IS NOT NULL THEN 'application/json'
      ELSE '*/*' END,
    CASE WHEN schema IS NULL THEN '{}' ELSE jsonb_build_object('schema', schema) END);
COMMENT ON FUNCTION restate.openapi_content(text, jsonb) IS
'The content of a body in OpenAPI, from the description of a handler''s input or output and its JSON schema, null for none.';

CREATE FUNCTION restate.service_openapi(service jsonb) RETURNS jsonb
  LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
  RETURN (
    WITH facts AS (
      SELECT service ->> 'name' AS name, service ->> 'ty' AS ty,
        '/' || (service ->> 'name') || CASE WHEN service ->> 'ty' <> 'Service' THEN '/{key}' ELSE '' END AS path,
        CASE WHEN service ->> 'ty' <> 'Service' THEN jsonb '[{"$ref": "#/components/parameters/key"}]' ELSE '[]' END AS key),
    handlers AS (
      SELECT h.handler ->> 'name' AS name, coalesce(h.handler ->> 'documentation', '') AS documentation,
        h.handler ->> 'ty' = 'Workflow' AS is_run, f.ty <> 'Workflow' AS is_idempotent,
        f.name AS service, f.path, f.key,
        CASE WHEN h.handler ->> 'input_description' <> 'none' THEN jsonb_build_object('requestBody', jsonb_build_object(
          'content', restate.openapi_content(h.handler ->> 'input_description', h.handler -> 'input_json_schema'))) ELSE '{}' END AS body,
        jsonb_build_object('description', 'The result of the handler.')
          || CASE WHEN h.handler ->> 'output_description' <> 'none' THEN jsonb_build_object(
          'content', restate.openapi_content(h.handler ->> 'output_description', h.handler -> 'output_json_schema')) ELSE '{}' END AS output
      FROM facts f, jsonb_array_elements(service -> 'handlers') AS h(handler)),
    paths AS (
      SELECT format('%s/%s', path, name) AS path, jsonb_build_object('post', body || jsonb_build_object(
          'operationId', name, 'summary', name,
          'description', concat_ws(' ', nullif(documentation, ''), format('Calls %s of %s and waits for its result.', name, service)),
          'parameters', key || CASE WHEN is_idempotent THEN jsonb '[{"$ref": "#/components/parameters/idempotencyKeyHeader"}]' ELSE '[]' END,
          'responses', jsonb_build_object('200', output, 'default', jsonb '{"$ref": "#/components/responses/Failure"}'))) AS item
      FROM handlers
      UNION ALL
      SELECT format('%s/%s/send', path, name), jsonb_build_object('post', body || jsonb_build_object(
          'operationId', name || 'Send', 'summary', name, 'tags', jsonb '["Send"]',
          'description', format('Has %s of %s run, and does not wait for it.', name, service),
          'parameters', key || CASE WHEN is_idempotent THEN jsonb '[{"$ref": "#/components/parameters/idempotencyKeyHeader"}]' ELSE '[]' END
            || jsonb '[{"$ref": "#/components/parameters/delay"}]',
          'responses', jsonb '{"200": {"$ref": "#/components/responses/Send"}, "202": {"$ref": "#/components/responses/Send"}, "default": {"$ref": "#/components/responses/Failure"}}'))
      FROM handlers
      UNION ALL
      SELECT CASE WHEN is_run THEN format('/restate/workflow%s/%s', path, a.how)
          ELSE format('/restate/invocation%s/%s/{idempotencyKey}/%s', path, name, a.how) END,
        jsonb_build_object('get', jsonb_build_object(
          'operationId', name || a.suffix, 'summary', name, 'tags', jsonb_build_array(a.tag),
          'description', format(a.description, service, name),
          'parameters', key || CASE WHEN is_run THEN '[]' ELSE jsonb '[{"$ref": "#/components/parameters/idempotencyKeyPath"}]' END,
          'responses', jsonb_build_object('200', output, '404', jsonb '{"$ref": "#/components/responses/NotFound"}',
              'default', jsonb '{"$ref": "#/components/responses/Failure"}')
            || CASE a.how WHEN 'output' THEN jsonb '{"470": {"$ref": "#/components/responses/NotReady"}}' ELSE '{}' END))
      FROM handlers
      CROSS JOIN (VALUES
        ('attach', 'Attach', 'Attach', 'Waits for the result of an invocation of %2$s of %1$s that was begun before.'),
        ('output', 'Output', 'Get Output', 'Gets the result of an invocation of %2$s of %1$s, if it is there.')) AS a(how, suffix, tag, description)
      WHERE is_run OR is_idempotent)
    SELECT jsonb_build_object(
      'openapi', '3.1.0',
      'info', jsonb_strip_nulls(jsonb_build_object(
        'title', name, 'version', service ->> 'revision', 'description', service ->> 'documentation')),
      'tags', jsonb '[{"name": "Send", "description": "Have a handler run"}, {"name": "Attach", "description": "Wait for a result"}, {"name": "Get Output", "description": "Look for a result"}]',
      'paths', (SELECT coalesce(jsonb_object_agg(p.path, p.item), '{}') FROM paths p),
      'components', jsonb '{
        "parameters": {
          "key": {"name": "key", "in": "path", "required": true, "schema": {"type": "string"}},
          "idempotencyKeyHeader": {"name": "idempotency-key", "in": "header", "required": false, "schema": {"type": "string"},
            "description": "Requests with the same key are one invocation."},
          "idempotencyKeyPath": {"name": "idempotencyKey", "in": "path", "required": true, "schema": {"type": "string"},
            "description": "The idempotency key that the invocation was begun with."},
          "delay": {"name": "delay", "in": "query", "required": false, "schema": {"type": "string"},
            "description": "How long to wait before it runs, as a duration."}
        },
        "responses": {
          "Send": {"description": "It runs, or will.", "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Sent"}}}},
          "NotFound": {"description": "There is no such invocation.", "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Failure"}}}},
          "NotReady": {"description": "It has not completed.", "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Failure"}}}},
          "Failure": {"description": "The handler failed, or the request was refused.", "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Failure"}}}}
        },
        "schemas": {
          "Sent": {"type": "object", "required": ["invocationId", "status"], "properties": {
            "invocationId": {"type": "string"},
            "status": {"type": "string", "enum": ["Accepted", "PreviouslyAccepted"]},
            "executionTime": {"type": "string", "format": "date-time", "description": "When it runs, if that was delayed."}}},
          "Failure": {"type": "object", "required": ["message"], "properties": {
            "code": {"type": "integer"},
            "message": {"type": "string"},
            "stacktrace": {"type": "string"},
            "metadata": {"type": "object", "additionalProperties": {"type": "string"}}}}
        }
      }')
    FROM facts);
COMMENT ON FUNCTION restate.service_openapi(jsonb) IS
'The OpenAPI document of a service, from the document of GET /services/{name}: the requests with which an ingress calls its handlers, has them run, and looks for their results.';

CREATE VIEW restate.admin_service_openapi AS
SELECT s.name, restate.service_openapi(s.document) AS document
FROM restate.admin_service s;
REVOKE ALL ON restate.admin_service_openapi FROM PUBLIC;
COMMENT ON VIEW restate.admin_service_openapi IS
'Each service at its latest revision, as the document of GET /services/{name}/openapi.';
COMMENT ON COLUMN restate.admin_service_openapi.name IS 'The name of the service.';
COMMENT ON COLUMN restate.admin_service_openapi.document IS 'What GET /services/{name}/openapi shows.';

-- How PostgREST's answers spell times and durations.

CREATE TYPE restate.instant;

CREATE FUNCTION restate.instant_in(cstring, oid, integer) RETURNS restate.instant
  LANGUAGE internal STABLE STRICT PARALLEL SAFE
  AS 'timestamptz_in';
COMMENT ON FUNCTION restate.instant_in(cstring, oid, integer) IS
'Reads a time: whatever timestamptz reads, with its errors.';

CREATE FUNCTION restate.instant_out(restate.instant) RETURNS cstring
  LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE
  AS 'MODULE_PATHNAME', 'restate_instant_out';
COMMENT ON FUNCTION restate.instant_out(restate.instant) IS
'Writes a time in RFC 3339, in UTC, whatever the session''s settings.';

CREATE FUNCTION restate.instant_recv(internal, oid, integer) RETURNS restate.instant
  LANGUAGE internal IMMUTABLE STRICT PARALLEL SAFE
  AS 'timestamptz_recv';
COMMENT ON FUNCTION restate.instant_recv(internal, oid, integer) IS
'Reads the binary form of a time, which is that of timestamptz.';

CREATE FUNCTION restate.instant_send(restate.instant) RETURNS bytea
  LANGUAGE internal IMMUTABLE STRICT PARALLEL SAFE
  AS 'timestamptz_send';
COMMENT ON FUNCTION restate.instant_send(restate.instant) IS
'Writes the binary form of a time, which is that of timestamptz.';

CREATE TYPE restate.instant (
  INPUT = restate.instant_in,
  OUTPUT = restate.instant_out,
  RECEIVE = restate.instant_recv,
  SEND = restate.instant_send,
  LIKE = timestamptz,
  CATEGORY = 'D'
);
COMMENT ON TYPE restate.instant IS
'A timestamptz whose text is RFC 3339 in UTC, 2026-11-28T22:54:37.317Z, with as many digits of its microseconds as there are. infinity and years before Christ are as timestamptz has them.';

CREATE CAST (restate.instant AS timestamptz) WITHOUT FUNCTION AS IMPLICIT;
COMMENT ON CAST (restate.instant AS timestamptz) IS
'The same moment: what timestamptz has is there for a time too.';

CREATE CAST (timestamptz AS restate.instant) WITHOUT FUNCTION AS ASSIGNMENT;
COMMENT ON CAST (timestamptz AS restate.instant) IS
'The same moment.';

-- functions of their own: a dump may have a cast before the one that it would need

CREATE FUNCTION restate.instant_timestamp(restate.instant) RETURNS timestamp
  LANGUAGE internal STABLE STRICT PARALLEL SAFE
  AS 'timestamptz_timestamp';
COMMENT ON FUNCTION restate.instant_timestamp(restate.instant) IS
'Date and time of day of a time in the sessions time zone, as of timestamptz.';

CREATE FUNCTION restate.instant_date(restate.instant) RETURNS date
  LANGUAGE internal STABLE STRICT PARALLEL SAFE
  AS 'timestamptz_date';
COMMENT ON FUNCTION restate.instant_date(restate.instant) IS
'The date of a time in the sessions time zone, as of timestamptz.';

CREATE FUNCTION restate.instant_time(restate.instant) RETURNS time
  LANGUAGE internal STABLE STRICT PARALLEL SAFE
  AS 'timestamptz_time';
COMMENT ON FUNCTION restate.instant_time(restate.instant) IS
'The time of day of a time in the sessions time zone, as of timestamptz.';

CREATE CAST (restate.instant AS timestamp) WITH FUNCTION restate.instant_timestamp(restate.instant) AS ASSIGNMENT;
COMMENT ON CAST (restate.instant AS timestamp) IS
'Date and time of day in the session''s time zone, as of timestamptz.';

CREATE CAST (restate.instant AS date) WITH FUNCTION restate.instant_date(restate.instant) AS ASSIGNMENT;
COMMENT ON CAST (restate.instant AS date) IS
'The date in the session''s time zone, as of timestamptz.';

CREATE CAST (restate.instant AS time) WITH FUNCTION restate.instant_time(restate.instant) AS ASSIGNMENT;
COMMENT ON CAST (restate.instant AS time) IS
'The time of day in the session''s time zone, as of timestamptz.';

CREATE FUNCTION restate.instant_timetz(restate.instant) RETURNS timetz
  LANGUAGE internal STABLE STRICT PARALLEL SAFE
  AS 'timestamptz_timetz';
COMMENT ON FUNCTION restate.instant_timetz(restate.instant) IS
'The time of day of a time with its zone, as of timestamptz.';

CREATE CAST (restate.instant AS timetz) WITH FUNCTION restate.instant_timetz(restate.instant) AS ASSIGNMENT;
COMMENT ON CAST (restate.instant AS timetz) IS
'The time of day in the session''s time zone with that zone, as of timestamptz.';

CREATE TYPE restate.duration;

CREATE FUNCTION restate.duration_in(cstring, oid, integer) RETURNS restate.duration
  LANGUAGE c STABLE STRICT PARALLEL SAFE
  AS 'MODULE_PATHNAME', 'restate_duration_in';
COMMENT ON FUNCTION restate.duration_in(cstring, oid, integer) IS
'Reads a duration: whatever interval reads, with its errors, and a length with a sign before all of it (-PT5S).';

CREATE FUNCTION restate.duration_out(restate.duration) RETURNS cstring
  LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE
  AS 'MODULE_PATHNAME', 'restate_duration_out';
COMMENT ON FUNCTION restate.duration_out(restate.duration) IS
'Writes a duration as its length in seconds, in ISO 8601, whatever the session''s settings.';

CREATE FUNCTION restate.duration_recv(internal, oid, integer) RETURNS restate.duration
  LANGUAGE internal IMMUTABLE STRICT PARALLEL SAFE
  AS 'interval_recv';
COMMENT ON FUNCTION restate.duration_recv(internal, oid, integer) IS
'Reads the binary form of a duration, which is that of interval.';

CREATE FUNCTION restate.duration_send(restate.duration) RETURNS bytea
  LANGUAGE internal IMMUTABLE STRICT PARALLEL SAFE
  AS 'interval_send';
COMMENT ON FUNCTION restate.duration_send(restate.duration) IS
'Writes the binary form of a duration, which is that of interval.';

CREATE TYPE restate.duration (
  INPUT = restate.duration_in,
  OUTPUT = restate.duration_out,
  RECEIVE = restate.duration_recv,
  SEND = restate.duration_send,
  LIKE = interval,
  CATEGORY = 'T'
);
COMMENT ON TYPE restate.duration IS
'An interval whose text is its length in seconds, PT86400S, with as many digits of its microseconds as there are, or P0D for none; a day has 24 hours. One with months or years, which has no length, is as interval has it in ISO 8601 style.';

CREATE CAST (restate.duration AS interval) WITHOUT FUNCTION AS IMPLICIT;
COMMENT ON CAST (restate.duration AS interval) IS
'The same duration: what interval has is there for a duration too.';

CREATE CAST (interval AS restate.duration) WITHOUT FUNCTION AS ASSIGNMENT;
COMMENT ON CAST (interval AS restate.duration) IS
'The same duration.';

CREATE FUNCTION restate.duration_time(restate.duration) RETURNS time
  LANGUAGE internal IMMUTABLE STRICT PARALLEL SAFE
  AS 'interval_time';
COMMENT ON FUNCTION restate.duration_time(restate.duration) IS
'The time of day so long after midnight, as of interval.';

CREATE CAST (restate.duration AS time) WITH FUNCTION restate.duration_time(restate.duration) AS ASSIGNMENT;
COMMENT ON CAST (restate.duration AS time) IS
'What is left of a duration without its days, as of interval.';

-- A column cannot be given another type, so that the views which have one of
-- these are made anew, and take over who owns the old ones and what is granted
-- on them.  That is set as it was, without GRANT: what a script grants is the
-- extension's, and a dump leaves it out.

CREATE VIEW restate_api.new_invocations AS
SELECT i.partition_key, i.id, i.target,
  i.target_service_name, i.target_service_key, i.target_handler_name, i.target_service_ty,
  i.idempotency_key,
  i.invoked_by, i.invoked_by_service_name, i.invoked_by_id, i.invoked_by_subscription_id, i.invoked_by_target,
  i.restarted_from, i.pinned_deployment_id, i.pinned_service_protocol_version, i.trace_id,
  i.journal_size, i.journal_commands_size,
  i.created_at::restate.instant, i.created_using_restate_version, i.modified_at::restate.instant,
  i.inboxed_at::restate.instant, i.scheduled_at::restate.instant, i.scheduled_start_at::restate.instant,
  i.running_at::restate.instant, i.completed_at::restate.instant,
  i.completion_retention::restate.duration, i.journal_retention::restate.duration,
  i.suspended_waiting_for_completions, i.suspended_waiting_for_signals,
  i.retry_count, i.last_start_at::restate.instant, i.next_retry_at::restate.instant,
  i.last_attempt_deployment_id, i.last_attempt_server,
  i.last_failure, i.last_failure_error_code,
  i.last_failure_related_entry_index, i.last_failure_related_entry_name, i.last_failure_related_entry_type,
  i.last_failure_related_command_index, i.last_failure_related_command_name, i.last_failure_related_command_type,
  i.status, i.completion_result, i.completion_failure,
  i.last_failure_related_journal_index
FROM restate.sys_invocation i;
REVOKE ALL ON restate_api.new_invocations FROM PUBLIC;
COMMENT ON VIEW restate_api.new_invocations IS
'The invocations: restate.sys_invocation.';

CREATE VIEW restate_api.new_journal AS
SELECT j.partition_key, j.id, j.index, j.entry_type, j.name, j.completed, j.invoked_id, j.invoked_target,
  j.sleep_wakeup_at::restate.instant, j.promise_name, j.payload_length, j.version,
  j.entry_json, j.entry_lite_json, j.appended_at::restate.instant,
  j.completion_id, j.result_completion_id, j.raw
FROM restate.sys_journal j;
REVOKE ALL ON restate_api.new_journal FROM PUBLIC;
COMMENT ON VIEW restate_api.new_journal IS
'The journal entries: restate.sys_journal.';

CREATE VIEW restate_api.new_journal_events AS
SELECT e.partition_key, e.id, e.after_journal_entry_index, e.appended_at::restate.instant, e.event_type, e.event_json
FROM restate.sys_journal_events e;
REVOKE ALL ON restate_api.new_journal_events FROM PUBLIC;
COMMENT ON VIEW restate_api.new_journal_events IS
'What happened beside the journals: restate.sys_journal_events.';

CREATE VIEW restate_api.new_inbox AS
SELECT i.partition_key, i.service_name, i.service_key, i.id, i.sequence_number, i.created_at::restate.instant
FROM restate.sys_inbox i;
REVOKE ALL ON restate_api.new_inbox FROM PUBLIC;
COMMENT ON VIEW restate_api.new_inbox IS
'The invocations that wait for their object key: restate.sys_inbox.';

CREATE VIEW restate_api.new_deployments AS
SELECT d.id, d.ty, d.endpoint, d.created_at::restate.instant, d.min_service_protocol_version, d.max_service_protocol_version,
  d.in_flight, d.drained
FROM restate.sys_deployment d;
REVOKE ALL ON restate_api.new_deployments FROM PUBLIC;
COMMENT ON VIEW restate_api.new_deployments IS
'The registered deployments: restate.sys_deployment.';

CREATE VIEW restate_api.new_audit AS
SELECT a.audit_id, a.at::restate.instant, a.operation, a.id, a.parameters, a.outcome, a.new_id, a.caused_by,
  a.role_name, a.session_user_name, a.claimed_subject, a.reason
FROM restate.sys_audit a;
REVOKE ALL ON restate_api.new_audit FROM PUBLIC;
COMMENT ON VIEW restate_api.new_audit IS
'The operations that took effect: restate.sys_audit.';

DO $do$
DECLARE
  view record;
  built text;
BEGIN
  FOR view IN
    SELECT n.oid::regclass AS name, o.oid AS old, n.oid AS new, o.relowner::regrole AS owner, o.relacl AS acl
    FROM unnest('{invocations, journal, journal_events, inbox, deployments, audit}'::name[]) AS v (name)
    JOIN pg_class AS o ON o.relnamespace = 'restate_api'::regnamespace AND o.relname = v.name
    JOIN pg_class AS n ON n.relnamespace = 'restate_api'::regnamespace AND n.relname = 'new_' || v.name
  LOOP
    EXECUTE format('ALTER VIEW %s OWNER TO %s', view.name, view.owner);
    UPDATE pg_class SET relacl = view.acl WHERE oid = view.new;
    UPDATE pg_attribute AS n SET attacl = o.attacl
    FROM pg_attribute AS o
    WHERE n.attrelid = view.new AND o.attrelid = view.old AND o.attnum = n.attnum AND o.attacl IS NOT NULL;
    UPDATE pg_shdepend SET objid = view.new
    WHERE dbid = (SELECT oid FROM pg_database WHERE datname = current_database())
      AND classid = 'pg_class'::regclass AND objid = view.old AND deptype = 'a';
  END LOOP;
  DROP VIEW restate_api.invocations, restate_api.journal, restate_api.journal_events, restate_api.inbox, restate_api.deployments,
    restate_api.audit;
EXCEPTION WHEN dependent_objects_still_exist THEN
  GET STACKED DIAGNOSTICS built = PG_EXCEPTION_DETAIL;
  RAISE EXCEPTION USING ERRCODE = 'dependent_objects_still_exist',
    MESSAGE = 'views of schema restate_api get columns of other types, and other objects are built on them',
    DETAIL = built,
    HINT = 'Keep the definitions of these objects, drop them, update, and create them again.';
END
$do$;
ALTER VIEW restate_api.new_invocations RENAME TO invocations;
ALTER VIEW restate_api.new_journal RENAME TO journal;
ALTER VIEW restate_api.new_journal_events RENAME TO journal_events;
ALTER VIEW restate_api.new_inbox RENAME TO inbox;
ALTER VIEW restate_api.new_deployments RENAME TO deployments;
ALTER VIEW restate_api.new_audit RENAME TO audit;

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

CREATE FUNCTION restate.refuse_write() RETURNS trigger
  LANGUAGE C VOLATILE PARALLEL SAFE
  AS 'MODULE_PATHNAME', 'restate_refuse_write';
REVOKE ALL ON FUNCTION restate.refuse_write() FROM PUBLIC;
COMMENT ON FUNCTION restate.refuse_write() IS
'The trigger of every view: raises 55000, the server''s own for a view that cannot be written to. Its three arguments are the hints on INSERT, UPDATE and DELETE: what to call instead.';

DO $do$
DECLARE
  kind record;
  view regclass;
BEGIN
  FOR kind IN
    SELECT * FROM (VALUES
      ('{restate.sys_invocation, restate.sys_invocation_status, restate.sys_invocation_state, restate.sys_idempotency, restate_api.invocations}'::regclass[],
        'restate_import_invocation() loads an invocation, restate_restart_as_new() makes one of a completed one.',
        'restate_cancel(), restate_kill(), restate_pause() and restate_resume() change what becomes of an invocation.',
        'restate_purge() removes a completed invocation, restate_delete_invocation() cancels, kills or purges one.'),
      ('{restate.sys_journal, restate.sys_journal_events, restate_api.journal, restate_api.journal_events}',
        'restate_import_invocation() loads an invocation with its journal; what executes invocations appends to tables restate.journal and restate.journal_event.',
        'An entry stays as it is: restate_restart_as_new() makes an invocation whose journal begins with the same entries.',
        'restate_purge_journal() removes the journal of a completed invocation with its events, restate_purge() the whole invocation.'),
      ('{restate.sys_inbox, restate_api.inbox}',
        'restate_import_invocation() loads an invocation that waits, restate_restart_as_new() makes one where the object key is held.',
        'The order of an inbox stays as it is: restate_cancel() and restate_kill() remove an invocation from it.',
        'restate_cancel() and restate_kill() remove an invocation that waits.'),
      ('{restate.sys_keyed_service_status, restate_api.keyed_service_status}',
        'An object key is held by the first invocation that starts on it: restate_import_invocation(), restate_restart_as_new().',
        'restate_cancel() and restate_kill() end the invocation that holds an object key.',
        'restate_cancel() and restate_kill() end the invocation that holds an object key.'),
      ('{restate.sys_deployment, restate.sys_service, restate.admin_deployment, restate.admin_deployments, restate.admin_service, restate.admin_services, restate.admin_service_handlers, restate.admin_handler, restate.admin_service_openapi, restate_api.deployments, restate_api.services}',
        'restate_register_deployment() registers a deployment, and with it the services that it serves.',
        'restate_register_deployment() makes the next revision of a service, with the option force on the same endpoint; restate_update_deployment() changes where a deployment is and what it serves, restate_modify_service() options of a service.',
        'restate_remove_deployment() removes a deployment, and with it its revisions of services.'),
      ('{restate.state, restate.sys_promise, restate_api.state, restate_api.promises}',
        'restate_modify_state() changes the state of an object or workflow, restate_resolve_promise() completes a promise; else what executes invocations changes them.',
        'restate_modify_state() changes the state of an object or workflow, restate_resolve_promise() completes a promise; else what executes invocations changes them.',
        'restate_purge() of a completed workflow run removes its state and promises; what executes invocations changes the rest, in tables restate.object_state and restate.promise.'),
      ('{restate.sys_audit, restate_api.audit}',
        'Each operation that takes effect adds a row, with restate_admin.reason in it.',
        'A row of the audit stays as it is.',
        'restate_purge_audit() removes the rows from before a time.')
    ) AS k (views, on_insert, on_update, on_delete)
  LOOP
    FOREACH view IN ARRAY kind.views LOOP
      EXECUTE format('CREATE TRIGGER only_reads BEFORE INSERT OR UPDATE OR DELETE ON %s EXECUTE FUNCTION restate.refuse_write(%L, %L, %L)',
        view, kind.on_insert, kind.on_update, kind.on_delete);
      EXECUTE format('CREATE TRIGGER only_reads_row INSTEAD OF INSERT OR UPDATE OR DELETE ON %s FOR EACH ROW EXECUTE FUNCTION restate.refuse_write()',
        view);
    END LOOP;
  END LOOP;
END
$do$;

-- Operations.

CREATE FUNCTION restate.was_written(statement text, as_asked boolean) RETURNS boolean
  LANGUAGE C IMMUTABLE CALLED ON NULL INPUT PARALLEL SAFE
  AS 'MODULE_PATHNAME', 'restate_was_written';
COMMENT ON FUNCTION restate.was_written(text, boolean) IS
'Returns true, or raises triggered_action_exception, 09000, where a row that a statement wrote is not as it was asked for: for the library''s own statements.';

-- One operation on several invocations for callers who know nothing of each
-- other: what the gateway joins.

CREATE FUNCTION restate_joined(operation text, ids restate_invocation_id[], modes text[] DEFAULT NULL,
    froms bigint[] DEFAULT NULL, deployments text[] DEFAULT NULL, request_ids text[] DEFAULT NULL,
    subjects text[] DEFAULT NULL, reasons text[] DEFAULT NULL)
  RETURNS TABLE (ordinality bigint, id restate_invocation_id, status integer, category text,
    message text, outcome text, new_id restate_invocation_id)
  LANGUAGE c VOLATILE SECURITY DEFINER PARALLEL UNSAFE ROWS 100
  AS 'MODULE_PATHNAME';
REVOKE ALL ON FUNCTION restate_joined(text, restate_invocation_id[], text[], bigint[], text[], text[], text[], text[]) FROM PUBLIC;
COMMENT ON FUNCTION restate_joined(text, restate_invocation_id[], text[], bigint[], text[], text[], text[], text[]) IS
'Runs operation (purge_journal, delete_invocation, restart_as_new, cancel, kill, purge, pause or resume) on each of at most 1000 ids, as calls of their own would, and waits for no lock. modes, froms, deployments and request_ids are the parameters of each, subjects and reasons what the audit records of each: arrays as long as ids, or null for nulls alone; a null subject or reason is what the session''s settings say. Returns a row for each, in order: status, the HTTP status; outcome, and new_id of a restart; or the category and message of the error. Where status is null, nothing was done: the invocation or its object key is locked, or the id stands earlier in ids, or the operation must change other invocations or make an object key. Needs EXECUTE on the function of the operation too, for the role in force. Errors that concern all: invalid_query_parameter 400 for another operation, a parameter that it does not take or an array of another length, batch_too_large 400, read_only 503.';

-- A restart takes another argument.  The old functions stay until nothing of ours calls
-- them; what was granted on them is granted on the new ones.

ALTER FUNCTION restate_restart_as_new(restate_invocation_id, bigint, text, text) RENAME TO restate_old_restart_as_new;
ALTER FUNCTION restate_restart_as_new_batch(restate_invocation_id[], bigint, text, text) RENAME TO restate_old_restart_as_new_batch;

CREATE FUNCTION restate_restart_as_new(id restate_invocation_id, "from" bigint DEFAULT NULL, deployment text DEFAULT NULL,
    request_id text DEFAULT NULL, at text DEFAULT NULL)
  RETURNS restate_invocation_id
  LANGUAGE c VOLATILE SECURITY DEFINER PARALLEL UNSAFE
  AS 'MODULE_PATHNAME';
REVOKE ALL ON FUNCTION restate_restart_as_new(restate_invocation_id, bigint, text, text, text) FROM PUBLIC;
COMMENT ON FUNCTION restate_restart_as_new(restate_invocation_id, bigint, text, text, text) IS
'Restarts a completed invocation as new, with the journal up to index "from" (0 to 4294967295, null for 0: the input alone) and the completions that its commands still lack, on deployment (keep, latest or an id; null for latest). With a request_id (1 to 255 bytes) the same call gives the same new invocation. at: what happened there, in place of the index, as restate_restart_point() takes it: last_failure, last_completed, name:NAME, name:NAME#2 or time:2026-11-30T03:00:00Z. restate_preview_restart() tells before what it would do. The original stays as it is; the new one can be killed and purged, but what it has done by then is done. Returns the new id. Errors: invalid_query_parameter 400, invalid_deployment_id 400, invalid_invocation_id 400, invocation_not_found 404, not_started 425, still_running 409, input_not_available 410, restart_not_supported 422, deployment_not_changeable 409, deployment_not_found 400, deployment_incompatible 400, journal_index_out_of_range 400, journal_prefix_incomplete 400, restart_point_not_found 422. Source: PATCH /invocations/{id}/restart-as-new.';

CREATE FUNCTION restate_restart_as_new_batch(ids restate_invocation_id[], "from" bigint DEFAULT NULL, deployment text DEFAULT NULL,
    request_id text DEFAULT NULL, at text DEFAULT NULL)
  RETURNS TABLE (ordinality bigint, id restate_invocation_id, ok boolean, category text,
    message text, outcome text, new_id restate_invocation_id)
  LANGUAGE c VOLATILE SECURITY DEFINER PARALLEL UNSAFE ROWS 100
  AS 'MODULE_PATHNAME';
REVOKE ALL ON FUNCTION restate_restart_as_new_batch(restate_invocation_id[], bigint, text, text, text) FROM PUBLIC;
COMMENT ON FUNCTION restate_restart_as_new_batch(restate_invocation_id[], bigint, text, text, text) IS
'restate_restart_as_new on each element of ids, in order, all with the same parameters, at being found in the journal of each; a failing one fails alone. Returns a row for each: ok, and new_id or the category and message of the error.';

-- What operators ask before they act.  It locks and changes nothing, and also runs in
-- a read-only transaction and on a standby.

CREATE FUNCTION restate_explain(id restate_invocation_id) RETURNS text
  LANGUAGE c VOLATILE SECURITY DEFINER PARALLEL UNSAFE
  AS 'MODULE_PATHNAME';
REVOKE ALL ON FUNCTION restate_explain(restate_invocation_id) FROM PUBLIC;
COMMENT ON FUNCTION restate_explain(restate_invocation_id) IS
'Explains an invocation in lines to read: what it is, where it stands and since when, what it waits for, whether its worker is alive, what comes next and when, how long it is kept, and of each operation whether it would succeed now, with its outcome, or why not. Times are in UTC. It says what restate_explain_json() says. Runs on a standby too. Errors: invalid_invocation_id 400, invocation_not_found 404.';

CREATE FUNCTION restate_explain_json(id restate_invocation_id) RETURNS jsonb
  LANGUAGE c VOLATILE SECURITY DEFINER PARALLEL UNSAFE
  AS 'MODULE_PATHNAME';
REVOKE ALL ON FUNCTION restate_explain_json(restate_invocation_id) FROM PUBLIC;
COMMENT ON FUNCTION restate_explain_json(restate_invocation_id) IS
'Explains an invocation as an object. at: as of when. id, target, service_type, handler_type, idempotency_key, created_at, invoked_by {kind, id, target}, restarted_from, deployment {id, endpoint, revision, protocol_version, is_registered}: what it is. status, since, journal_size, journal_commands_size, pause_requested, is_foreign, held {since, reason}, attempt {since, worker, worker_seen_at, worker_is_alive}, retry_count, last_failure {message, error_code, command_index among the commands, command_type, command_name}, result {result, failure}: where it stands. waits_for: an array of at most 20, waits_for_more says that there are others; each has for, which is object_key (service, key, holder, ahead: at most 1000), start or retry (at), worker (service), operator, command (index in the journal, type, name, callee, at, promise), completion (completion_id) or signal (index or name, awakeable); holder and callee have id, target, status and since. Of one that is suspended these are what it is suspended on, else commands among the last 500 entries that lack a completion. next {text, at}. retention {result, journal, result_until, journal_until}. operations: an array with operation, mode, ok, outcome, category, message: what each would do now, a restart from 0 on the latest deployment. Times are in RFC 3339; what there is none of is null. Runs on a standby too. Errors: invalid_invocation_id 400, invocation_not_found 404.';

CREATE FUNCTION restate_preview_restart(id restate_invocation_id, "from" bigint DEFAULT NULL, deployment text DEFAULT NULL,
    at text DEFAULT NULL)
  RETURNS TABLE (ok boolean, from_index bigint, copied bigint, completions bigint[], runs_again bigint,
    first_index bigint, first_type text, first_name text, status text, deployment_id restate_deployment_id, revision bigint,
    category text, message text, hint text, lacking_index bigint, lacking_type text, lacking_name text, nearest bigint)
  LANGUAGE c VOLATILE SECURITY DEFINER PARALLEL UNSAFE ROWS 1
  AS 'MODULE_PATHNAME';
REVOKE ALL ON FUNCTION restate_preview_restart(restate_invocation_id, bigint, text, text) FROM PUBLIC;
COMMENT ON FUNCTION restate_preview_restart(restate_invocation_id, bigint, text, text) IS
'Tells in one row what restate_restart_as_new() with these arguments would do now: that function itself decides. ok: whether it would restart it. from_index: the last index that is kept, of at too. Where it is ok: copied, how many entries are copied, those from index 0 to from_index; completions, the indexes of those that come later in the journal and are copied too; runs_again, how many commands run again; first_index, first_type and first_name, the first of them; status, ready or pending, that it begins with; deployment_id and revision of the service, where it runs, of one that was never pinned the latest now. Where it is not: category, message and hint of the error; lacking_index, lacking_type and lacking_name, the first command that lacks its completion; nearest, the nearest index that works, which lies below from_index, null if none does. Runs on a standby too. Errors: invalid_query_parameter 400, invalid_deployment_id 400, invalid_invocation_id 400, invocation_not_found 404.';

CREATE FUNCTION restate_restart_point(id restate_invocation_id, at text) RETURNS bigint
  LANGUAGE c VOLATILE CALLED ON NULL INPUT SECURITY DEFINER PARALLEL UNSAFE
  AS 'MODULE_PATHNAME';
REVOKE ALL ON FUNCTION restate_restart_point(restate_invocation_id, text) FROM PUBLIC;
COMMENT ON FUNCTION restate_restart_point(restate_invocation_id, text) IS
'Finds the index to restart an invocation from, the "from" of restate_restart_as_new(), by what happened there. at: last_failure, before the last command that has failed, or that the last failed attempt was about; last_completed, behind the last entry before the first command that lacks a completion or is the output; name:NAME, before the first command of that name, name:NAME#2 before the second; time:2026-11-30T03:00:00Z, behind the last entry from that time or before. Before a command is to keep what lies before it, so that it is the first that runs again. A restart from the index works on the deployment that the invocation is pinned to; why one would not is the error. Runs on a standby too. Errors: restart_point_not_found 422, and those of restate_restart_as_new().';

CREATE FUNCTION restate_lineage(id restate_invocation_id)
  RETURNS TABLE (depth bigint, id restate_invocation_id, restarted_from restate_invocation_id, status text, from_index bigint,
    deployment_id restate_deployment_id, restarted_at timestamptz, role_name text, claimed_subject text, reason text, is_self boolean)
  LANGUAGE c VOLATILE SECURITY DEFINER PARALLEL UNSAFE ROWS 10
  AS 'MODULE_PATHNAME';
REVOKE ALL ON FUNCTION restate_lineage(restate_invocation_id) FROM PUBLIC;
COMMENT ON FUNCTION restate_lineage(restate_invocation_id) IS
'Shows the tree of restarts that an invocation is in, from the first original on, each before its restarts: at most 1000. Of what is gone, the audit tells as long as it has its rows. depth: from the first original, which is 0. restarted_from: what it is a restart of, null of the first. status: null of one that is gone. from_index: the last index that it kept; role_name, claimed_subject and reason: who restarted it and why; null where the audit has nothing of it. deployment_id: where it runs, or was to run if that was recorded. restarted_at: when it was made, null of the first. is_self: whether it is the one asked for. Runs on a standby too. Errors: invalid_invocation_id 400, invocation_not_found 404 for one that neither the tables nor the audit have.';

CREATE FUNCTION restate_call_tree(id restate_invocation_id)
  RETURNS TABLE (depth bigint, relation text, id restate_invocation_id, caller restate_invocation_id, target text, status text,
    command_index bigint, created_at timestamptz)
  LANGUAGE c VOLATILE SECURITY DEFINER PARALLEL UNSAFE ROWS 10
  AS 'MODULE_PATHNAME';
REVOKE ALL ON FUNCTION restate_call_tree(restate_invocation_id) FROM PUBLIC;
COMMENT ON FUNCTION restate_call_tree(restate_invocation_id) IS
'Shows who has called an invocation, from the first caller on, then the invocation, then whom it has called and they in turn, each before its callees: at most 1000, and where there are more the nearest. depth: below 0 of callers, 0 of the one asked for, above 0 of callees. relation: caller, self, call, or send for a one-way call. caller: who has called it; of one that was called more than once the first that was found. target, status and created_at: status and created_at are null of one that is gone. command_index: the index, in the journal of the caller, of the command that has called it, null where that journal is gone. Runs on a standby too. Errors: invalid_invocation_id 400, invocation_not_found 404.';

-- What cannot be undone says so.

COMMENT ON FUNCTION restate_purge_journal(restate_invocation_id) IS
'Purges the journal of a completed invocation and keeps everything else that is known of it. Repeatable. Cannot be undone, and what has no journal cannot be restarted: restate_dry_run() tells before what it would do. Returns purged, or unchanged where there is no journal. Errors: invalid_invocation_id 400, invocation_not_found 404, not_completed 409. Source: PATCH /invocations/{id}/purge-journal.';

COMMENT ON FUNCTION restate_delete_invocation(restate_invocation_id, text) IS
'Deletes an invocation: mode cancel asks it to end, kill ends it with its callees, purge removes it if it has completed and leaves it untouched if not. None of it can be undone: restate_dry_run() tells before what it would do. Returns signalled, removed, killed, purged or unchanged. Errors: invalid_query_parameter 400, invalid_invocation_id 400, invocation_not_found 404, already_completed 409. Source: DELETE /invocations/{id}.';

COMMENT ON FUNCTION restate_cancel(restate_invocation_id) IS
'Cancels an invocation: the handler gets the cancel signal and answers it; one that has not started is removed. Cannot be undone: restate_dry_run() tells before what it would do. Returns signalled or removed. Errors: invalid_invocation_id 400, invocation_not_found 404, already_completed 409. Source: PATCH /invocations/{id}/cancel.';

COMMENT ON FUNCTION restate_kill(restate_invocation_id) IS
'Kills an invocation and its callees, frees its object key and starts the next in the inbox; one that has not started is removed. Cannot be undone, but what was killed, callees too, can be restarted as new as long as its journal is kept: restate_dry_run() tells before what it would do. Returns killed or removed. Errors: invalid_invocation_id 400, invocation_not_found 404, already_completed 409. Source: PATCH /invocations/{id}/kill.';

COMMENT ON FUNCTION restate_purge(restate_invocation_id) IS
'Removes a completed invocation with its journal; of a workflow run its state and promises too. Cannot be undone, unless what restate_import_invocation() takes was kept: restate_dry_run() tells before what it would do. Returns purged. Errors: invalid_invocation_id 400, invocation_not_found 404, not_completed 409. Source: PATCH /invocations/{id}/purge.';

COMMENT ON FUNCTION restate_pause(restate_invocation_id) IS
'Pauses an invocation: at once between attempts, at its end during an attempt. restate_resume() undoes it. Returns paused, pausing or unchanged. Errors: invalid_invocation_id 400, invocation_not_found 404, not_running 409. Source: PATCH /invocations/{id}/pause.';

COMMENT ON FUNCTION restate_resume(restate_invocation_id, text) IS
'Resumes an invocation that is paused, suspended or waiting for a retry, on deployment (keep, latest or an id; null keeps) if it stands still. restate_pause() stops it again, after the attempt that may run. Returns resumed or unchanged. Errors: invalid_deployment_id 400, invalid_invocation_id 400, invocation_not_found 404, not_started 425, already_completed 409, deployment_not_changeable 409, deployment_not_found 400, deployment_incompatible 400. Source: PATCH /invocations/{id}/resume.';

-- What an operation would do, without doing it.

CREATE FUNCTION restate_dry_run(operation text, ids restate_invocation_id[], mode text DEFAULT NULL,
    "from" bigint DEFAULT NULL, deployment text DEFAULT NULL)
  RETURNS TABLE (ordinality bigint, id restate_invocation_id, ok boolean, category text, message text,
    outcome text, caused_by restate_invocation_id)
  LANGUAGE c VOLATILE SECURITY DEFINER PARALLEL UNSAFE ROWS 100
  AS 'MODULE_PATHNAME';
REVOKE ALL ON FUNCTION restate_dry_run(text, restate_invocation_id[], text, bigint, text) FROM PUBLIC;
COMMENT ON FUNCTION restate_dry_run(text, restate_invocation_id[], text, bigint, text) IS
'Tells what an operation would do now, and does nothing: it locks and writes nothing, and also runs in a read-only transaction and on a standby. operation: purge_journal, delete_invocation, restart_as_new, cancel, kill, purge, pause or resume. ids: the invocations. mode, from, deployment: the parameters of the operation, null for its default. Returns a row for each id, in order, as the batch function of the operation would, and then one without ordinality for each other invocation that would change, with what would become of it as outcome: killed or removed, with the id through which it is reached in caused_by; started, as the next of an inbox; answered, as the caller of one that ends. All is read as of one moment. Errors that concern all: invalid_query_parameter 400 for another operation or a parameter that it does not take, invalid_deployment_id 400, batch_too_large 400.';

-- HTTP.

CREATE FUNCTION restate.api_request_id() RETURNS text
  LANGUAGE sql STABLE PARALLEL SAFE
  SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
  SELECT nullif(current_setting('request.headers', true), '')::json ->> 'idempotency-key';
END;
COMMENT ON FUNCTION restate.api_request_id() IS
'The request_id of a restart: the header Idempotency-Key of the request that PostgREST serves. Null without one.';

CREATE OR REPLACE FUNCTION restate_api.restart_as_new(invocation_id text, "from" text DEFAULT NULL, deployment text DEFAULT NULL)
  RETURNS jsonb
  LANGUAGE sql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
  SECURITY DEFINER SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
  -- judged before the id is
  SELECT restate.api_index("from");
  SELECT jsonb_build_object('new_invocation_id', restate_restart_as_new(
    invocation_id::restate_invocation_id, restate.api_index("from"), deployment, restate.api_request_id()));
END;
COMMENT ON FUNCTION restate_api.restart_as_new(text, text, text) IS
'Restarts a completed invocation as new

PATCH /invocations/{id}/restart-as-new: restate_restart_as_new from a journal index, on deployment keep, latest or an id; the header Idempotency-Key is its request_id. Answered 200 with {"new_invocation_id"}.';

CREATE OR REPLACE FUNCTION restate_api.restart_as_new_batch(invocation_ids jsonb DEFAULT NULL, deployment jsonb DEFAULT NULL)
  RETURNS jsonb
  LANGUAGE sql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
  SECURITY DEFINER SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
  SELECT restate.api_batch_answer(jsonb_agg(b ORDER BY b.ordinality))
  FROM restate_restart_as_new_batch(restate.api_batch_ids(invocation_ids),
    deployment => restate.api_batch_deployment(deployment), request_id => restate.api_request_id()) AS b;
END;
COMMENT ON FUNCTION restate_api.restart_as_new_batch(jsonb, jsonb) IS
'Restarts many completed invocations as new

POST /internal/invocations_batch_operations/restart-as-new: the header Idempotency-Key is the request_id of each. Answered 200 with {"succeeded": [{"old_invocation_id", "new_invocation_id"}], "failed": [{"invocation_id", "error"}]}.';

DO $do$
DECLARE
  replaced record;
  built text;
BEGIN
  FOR replaced IN
    SELECT n.oid::regprocedure AS name, o.oid AS old, n.oid AS new, o.proowner::regrole AS owner, o.proacl AS acl
    FROM unnest('{restart_as_new, restart_as_new_batch}'::name[]) AS v (name)
    JOIN pg_proc AS o ON o.pronamespace = 'pg_catalog'::regnamespace AND o.proname = 'restate_old_' || v.name
    JOIN pg_proc AS n ON n.pronamespace = 'pg_catalog'::regnamespace AND n.proname = 'restate_' || v.name
  LOOP
    EXECUTE format('ALTER FUNCTION %s OWNER TO %s', replaced.name, replaced.owner);
    UPDATE pg_proc SET proacl = replaced.acl WHERE oid = replaced.new;
    UPDATE pg_shdepend SET objid = replaced.new
    WHERE dbid = (SELECT oid FROM pg_database WHERE datname = current_database())
      AND classid = 'pg_proc'::regclass AND objid = replaced.old AND deptype = 'a';
  END LOOP;
  DROP FUNCTION restate_old_restart_as_new(restate_invocation_id, bigint, text, text),
    restate_old_restart_as_new_batch(restate_invocation_id[], bigint, text, text);
EXCEPTION WHEN dependent_objects_still_exist THEN
  GET STACKED DIAGNOSTICS built = PG_EXCEPTION_DETAIL;
  RAISE EXCEPTION USING ERRCODE = 'dependent_objects_still_exist',
    MESSAGE = 'restate_restart_as_new and restate_restart_as_new_batch get another argument, and other objects are built on them',
    DETAIL = built,
    HINT = 'Keep the definitions of these objects, drop them, update, and create them again.';
END
$do$;

-- what operators ask before they act

CREATE FUNCTION restate_api.explain(invocation_id text) RETURNS jsonb
  LANGUAGE sql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
  SECURITY DEFINER SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
  SELECT restate_explain_json(invocation_id::restate_invocation_id);
END;
REVOKE ALL ON FUNCTION restate_api.explain(text) FROM PUBLIC;
COMMENT ON FUNCTION restate_api.explain(text) IS
'Explains an invocation

What it waits for, what comes next, and what each operation would do now: restate_explain_json.';

CREATE FUNCTION restate_api.preview_restart(invocation_id text, "from" text DEFAULT NULL, deployment text DEFAULT NULL,
    at text DEFAULT NULL)
  RETURNS jsonb
  LANGUAGE sql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
  SECURITY DEFINER SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
  -- judged before the id is
  SELECT restate.api_index("from");
  SELECT to_jsonb(p) FROM restate_preview_restart(
    invocation_id::restate_invocation_id, restate.api_index("from"), deployment, at) AS p;
END;
REVOKE ALL ON FUNCTION restate_api.preview_restart(text, text, text, text) FROM PUBLIC;
COMMENT ON FUNCTION restate_api.preview_restart(text, text, text, text) IS
'Tells what a restart would do

What it would keep and run again, or why it would be refused: restate_preview_restart.';

CREATE FUNCTION restate_api.restart_point(invocation_id text, at text) RETURNS jsonb
  LANGUAGE sql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
  SECURITY DEFINER SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
  SELECT jsonb_build_object('from', restate_restart_point(invocation_id::restate_invocation_id, at));
END;
REVOKE ALL ON FUNCTION restate_api.restart_point(text, text) FROM PUBLIC;
COMMENT ON FUNCTION restate_api.restart_point(text, text) IS
'Finds the index to restart from

By the last failure, a command''s name or a time: restate_restart_point, answered with {"from"}.';

CREATE FUNCTION restate_api.lineage(invocation_id text)
  RETURNS TABLE (depth bigint, id restate_invocation_id, restarted_from restate_invocation_id, status text, from_index bigint,
    deployment_id restate_deployment_id, restarted_at restate.instant, role_name text, claimed_subject text, reason text,
    is_self boolean)
  LANGUAGE sql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE ROWS 10
  SECURITY DEFINER SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
  SELECT l.depth, l.id, l.restarted_from, l.status, l.from_index, l.deployment_id, l.restarted_at::restate.instant,
    l.role_name, l.claimed_subject, l.reason, l.is_self
  FROM restate_lineage(invocation_id::restate_invocation_id) AS l;
END;
REVOKE ALL ON FUNCTION restate_api.lineage(text) FROM PUBLIC;
COMMENT ON FUNCTION restate_api.lineage(text) IS
'Shows the tree of restarts

A row for each invocation, also those that are gone: restate_lineage.';

CREATE FUNCTION restate_api.call_tree(invocation_id text)
  RETURNS TABLE (depth bigint, relation text, id restate_invocation_id, caller restate_invocation_id, target text, status text,
    command_index bigint, created_at restate.instant)
  LANGUAGE sql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE ROWS 10
  SECURITY DEFINER SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
  SELECT t.depth, t.relation, t.id, t.caller, t.target, t.status, t.command_index, t.created_at::restate.instant
  FROM restate_call_tree(invocation_id::restate_invocation_id) AS t;
END;
REVOKE ALL ON FUNCTION restate_api.call_tree(text) FROM PUBLIC;
COMMENT ON FUNCTION restate_api.call_tree(text) IS
'Shows callers and callees

A row for each invocation: restate_call_tree.';

-- The numbers of the audit's rows come from the clock.  The sequence that they
-- came from is no member any more, nor dumped, before it goes with the identity.

CREATE FUNCTION restate.new_audit_id() RETURNS bigint
  LANGUAGE C VOLATILE STRICT PARALLEL RESTRICTED
  AS 'MODULE_PATHNAME', 'restate_new_audit_id';
COMMENT ON FUNCTION restate.new_audit_id() IS
'A new number for a row of the audit: 52 bits of microseconds since 2000, then 11 bits of the backend, and greater than each before it in this session. Backends of one server that live at the same time make different ones, as long as there can be no more than 2,048 of them. Error: sequence_generator_limit_exceeded, 2200H, after the year 2142.';

ALTER EXTENSION restate_admin DROP SEQUENCE restate.audit_audit_id_seq;
ALTER TABLE restate.audit
  ALTER COLUMN audit_id DROP IDENTITY,
  ALTER COLUMN audit_id SET DEFAULT restate.new_audit_id(),
  ALTER COLUMN id DROP NOT NULL;
COMMENT ON COLUMN restate.audit.audit_id IS
'Orders the rows by the time at which they were made, as restate.new_audit_id() makes it. Rows of before 0.3.0 have small numbers, from a sequence.';

-- what a restart is of, also when that is gone
CREATE INDEX audit_new_id_idx ON restate.audit (new_id) WHERE new_id IS NOT NULL;

CREATE FUNCTION restate_purge_audit(before timestamptz)
  RETURNS bigint
  LANGUAGE c VOLATILE CALLED ON NULL INPUT SECURITY DEFINER PARALLEL UNSAFE
  AS 'MODULE_PATHNAME';
REVOKE ALL ON FUNCTION restate_purge_audit(timestamptz) FROM PUBLIC;
COMMENT ON FUNCTION restate_purge_audit(timestamptz) IS
'Removes the rows of the audit of transactions that began before a time, and returns how many those were. Cannot be undone. Leaves no row itself. A restart whose row is gone is still found by its request_id, but what it was made of is not held against the call any more. Errors: invalid_query_parameter 400 for null, read_only 503, triggered_action_exception if a trigger or policy keeps a row.';

-- What is in flight: who can run, what is due when, who waits for whom, and who
-- runs.  An invocation that was in flight before may run elsewhere, and is foreign
-- here until it is adopted.  Of what has completed, retention counts from now.

ALTER TABLE restate.invocation
  ADD COLUMN attempt bigint,
  ADD COLUMN worker_name text,
  ADD COLUMN attempt_count bigint,
  ADD COLUMN entry_retry_count bigint,
  ADD COLUMN last_entry_at timestamptz,
  ADD COLUMN suspended_waiting_for_names text[],
  ADD COLUMN retained_from timestamptz,
  ADD COLUMN completion_failure_metadata jsonb,
  ADD COLUMN has_waiters boolean,
  ADD COLUMN is_foreign boolean,
  ADD COLUMN asked_completion_id bigint,
  ADD COLUMN awaited_by text[];
COMMENT ON COLUMN restate.invocation.awaited_by IS
'The gateways that have had requests waiting for its result. Null: none.';
COMMENT ON COLUMN restate.invocation.attempt IS
'The attempt that is running, a random number: what is done in its name carries it. Null where none runs, or one elsewhere.';
COMMENT ON COLUMN restate.invocation.worker_name IS
'The worker that runs the attempt.';
COMMENT ON COLUMN restate.invocation.attempt_count IS
'How many attempts there have been since it was last suspended or resumed: what the retry policy counts. Null: none. retry_count goes on when it is resumed, and begins again when it is suspended.';
COMMENT ON COLUMN restate.invocation.entry_retry_count IS
'How many attempts have failed since the last entry of the journal. Null: none.';
COMMENT ON COLUMN restate.invocation.last_entry_at IS
'When an attempt, or what it waits for, last appended an entry.';
COMMENT ON COLUMN restate.invocation.suspended_waiting_for_names IS
'The signals by name that a suspended invocation waits for.';
COMMENT ON COLUMN restate.invocation.retained_from IS
'From when retention counts, if not from completed_at.';
COMMENT ON COLUMN restate.invocation.completion_failure_metadata IS
'What the failure says beside its code and message: an array of objects with key and value.';
COMMENT ON COLUMN restate.invocation.has_waiters IS
'Whether restate.waiter may have rows of who waits for its result. Null: it has none.';
COMMENT ON COLUMN restate.invocation.is_foreign IS
'It was in flight when it was imported or upgraded: it may run elsewhere, and nothing runs it here until it is adopted. Null: it was not.';
COMMENT ON COLUMN restate.invocation.asked_completion_id IS
'The last completion that a command of its journal has asked for, which is the highest; -1 for none. Null: the journal tells.';

CREATE FUNCTION restate.no_deployment() RETURNS restate_deployment_id
  LANGUAGE sql IMMUTABLE PARALLEL SAFE
  RETURN 'dp_10000000000000000000000'::restate_deployment_id;
COMMENT ON FUNCTION restate.no_deployment() IS
'The id that stands for the deployment of what is not pinned to one: the lowest, which no deployment has.';

CREATE TABLE restate.runnable (
  service_name text COLLATE "C" NOT NULL,
  deployment_id restate_deployment_id NOT NULL DEFAULT restate.no_deployment(),
  ready_at timestamptz NOT NULL,
  id restate_invocation_id NOT NULL,
  partition_key bigint NOT NULL,
  PRIMARY KEY (service_name, deployment_id, ready_at, id, partition_key)
);
REVOKE ALL ON restate.runnable FROM PUBLIC;
COMMENT ON TABLE restate.runnable IS
'The invocations that are ready, in the order in which they became so: what workers claim. One row for each of status ready that is not foreign.';
COMMENT ON COLUMN restate.runnable.deployment_id IS
'The deployment that it is pinned to, or restate.no_deployment().';
COMMENT ON COLUMN restate.runnable.ready_at IS
'Since when it is ready, as modified_at of restate.invocation has it.';

-- types, for a check is read back from its text in each write
CREATE TYPE restate.timer_kind AS ENUM ('sleep', 'schedule', 'retry', 'expiry');
COMMENT ON TYPE restate.timer_kind IS
'What is due: the end of a sleep, a start, a retry, or the end of a retention.';
CREATE TYPE restate.waiter_kind AS ENUM ('call', 'attach');
COMMENT ON TYPE restate.waiter_kind IS
'How somebody waits for a result: it has called, or is attached.';

CREATE TABLE restate.timer (
  kind restate.timer_kind NOT NULL,
  due_at timestamptz NOT NULL,
  id restate_invocation_id NOT NULL,
  completion_id bigint NOT NULL,
  partition_key bigint NOT NULL,
  seed bigint NOT NULL DEFAULT 0,
  PRIMARY KEY (kind, due_at, id, completion_id, partition_key)
);
REVOKE ALL ON restate.timer FROM PUBLIC;
COMMENT ON TABLE restate.timer IS
'What is due when. One whose invocation is gone, or has gone on, finds nothing to do.';
COMMENT ON COLUMN restate.timer.kind IS
'sleep: a Sleep ends. schedule: the start that was asked for. retry: the next attempt. expiry: the journal, or the invocation, was kept long enough.';
COMMENT ON COLUMN restate.timer.completion_id IS
'Of a sleep the completion that ends it, otherwise -1.';
COMMENT ON COLUMN restate.timer.seed IS
'Of a sleep the random_seed of its invocation: another that has got the same id since does not sleep. 0: not known.';

CREATE TABLE restate.waiter (
  target restate_invocation_id NOT NULL,
  caller restate_invocation_id NOT NULL,
  completion_id bigint NOT NULL,
  kind restate.waiter_kind NOT NULL,
  partition_key bigint NOT NULL,
  caller_seed bigint NOT NULL DEFAULT 0,
  PRIMARY KEY (target, caller, completion_id, partition_key)
);
REVOKE ALL ON restate.waiter FROM PUBLIC;
COMMENT ON TABLE restate.waiter IS
'Who waits for the result of an invocation, in the partition of that one: its callers, and those attached to it.';
COMMENT ON COLUMN restate.waiter.completion_id IS
'The completion, in the journal of the caller, that the result becomes.';
COMMENT ON COLUMN restate.waiter.caller_seed IS
'The random_seed of the caller: another that has got the same id since does not wait. 0: not known.';

CREATE TABLE restate.promise_waiter (
  service_name text NOT NULL,
  service_key text NOT NULL,
  key text NOT NULL,
  partition_key bigint NOT NULL,
  caller restate_invocation_id NOT NULL,
  completion_id bigint NOT NULL,
  caller_seed bigint NOT NULL DEFAULT 0
);
REVOKE ALL ON restate.promise_waiter FROM PUBLIC;
ALTER TABLE restate.promise_waiter REPLICA IDENTITY FULL;
CREATE UNIQUE INDEX promise_waiter_unique_idx ON restate.promise_waiter
  (partition_key, service_name COLLATE "C", restate.indexed_key(service_key, key), caller, completion_id);
COMMENT ON TABLE restate.promise_waiter IS
'Who waits for a promise of a workflow.';
COMMENT ON COLUMN restate.promise_waiter.completion_id IS
'The completion, in the journal of the caller, that the promise becomes.';
COMMENT ON COLUMN restate.promise_waiter.caller_seed IS
'As in restate.waiter.';

CREATE TABLE restate.queued_state (
  service_name text NOT NULL,
  service_key text NOT NULL,
  partition_key bigint NOT NULL,
  sequence_number bigint NOT NULL,
  state jsonb NOT NULL,
  version text,
  queued_at timestamptz NOT NULL
);
REVOKE ALL ON restate.queued_state FROM PUBLIC;
ALTER TABLE restate.queued_state REPLICA IDENTITY FULL;
CREATE UNIQUE INDEX queued_state_unique_idx ON restate.queued_state
  (partition_key, service_name COLLATE "C", restate.indexed_key(service_key), sequence_number);
COMMENT ON TABLE restate.queued_state IS
'The changes of the state of objects that wait until an invocation frees the key: restate_modify_state made them.';
COMMENT ON COLUMN restate.queued_state.sequence_number IS
'The place in the inbox of the object key, among the invocations that wait there.';
COMMENT ON COLUMN restate.queued_state.state IS
'What the state is to be: an object with each value in hex.';
COMMENT ON COLUMN restate.queued_state.version IS
'The version of the state that the change is meant for; null: any.';

CREATE TABLE restate.worker (
  name text COLLATE "C" PRIMARY KEY,
  last_seen timestamptz NOT NULL
) WITH (fillfactor = 50);
REVOKE ALL ON restate.worker FROM PUBLIC;
COMMENT ON TABLE restate.worker IS
'The programs that run attempts, and when each was last heard of.';

CREATE TABLE restate.held_service (
  service_name text COLLATE "C" PRIMARY KEY,
  reason text,
  held_at timestamptz NOT NULL,
  role_name text NOT NULL
);
REVOKE ALL ON restate.held_service FROM PUBLIC;
COMMENT ON TABLE restate.held_service IS
'The services of which nothing is claimed.';

SELECT pg_catalog.pg_extension_config_dump('restate.runnable', '');
SELECT pg_catalog.pg_extension_config_dump('restate.timer', '');
SELECT pg_catalog.pg_extension_config_dump('restate.waiter', '');
SELECT pg_catalog.pg_extension_config_dump('restate.promise_waiter', '');
SELECT pg_catalog.pg_extension_config_dump('restate.queued_state', '');
SELECT pg_catalog.pg_extension_config_dump('restate.worker', '');
SELECT pg_catalog.pg_extension_config_dump('restate.held_service', '');
CREATE FUNCTION restate.delivery_time() RETURNS interval
  LANGUAGE SQL IMMUTABLE PARALLEL SAFE
  RETURN interval '1 minute';
COMMENT ON FUNCTION restate.delivery_time() IS
'How long a result is kept for the requests that wait for it, where nothing else keeps it.';

CREATE TABLE restate.undelivered_result (
  id restate_invocation_id NOT NULL,
  partition_key bigint NOT NULL,
  random_seed bigint NOT NULL,
  completed_at timestamptz NOT NULL,
  failure text,
  failure_metadata jsonb,
  value bytea,
  PRIMARY KEY (id, random_seed, partition_key)
);
REVOKE ALL ON restate.undelivered_result FROM PUBLIC;
CREATE INDEX undelivered_result_completed_at_idx ON restate.undelivered_result (completed_at);
COMMENT ON TABLE restate.undelivered_result IS
'The results of invocations that were removed as they ended, while requests waited for them: those of a retention of zero, and those that were cancelled or killed before their start. restate_tick() removes what is older than restate.delivery_time().';
COMMENT ON COLUMN restate.undelivered_result.random_seed IS
'Of the invocation: another may have got the same id since.';
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
SELECT pg_catalog.pg_extension_config_dump('restate.undelivered_result', '');

DROP FUNCTION restate.facts(text, text, text, text, text, bigint, bigint, boolean, restate_deployment_id,
  integer, interval, interval, boolean, bigint, restate_invocation_id, restate_deployment_id, integer, integer);
CREATE FUNCTION restate.facts(
    status text, target_service_name text, target_service_key text, target_service_ty text,
    target_handler_ty text, journal_size bigint, journal_commands_size bigint, pause_requested boolean,
    pinned_deployment_id restate_deployment_id, pinned_service_protocol_version integer,
    completion_retention interval, journal_retention interval, awaits_cancel boolean,
    inbox_sequence_number bigint, invoked_by_id restate_invocation_id,
    deployment_id restate_deployment_id, min_service_protocol_version integer, max_service_protocol_version integer,
    modified_at timestamptz, scheduled_start_at timestamptz, next_retry_at timestamptz, retained_from timestamptz,
    last_start_at timestamptz, last_entry_at timestamptz, attempt bigint, retry_count bigint,
    entry_retry_count bigint, has_waiters boolean, is_foreign boolean, random_seed bigint,
    asked_completion_id bigint, awaited_by text[], worker_name text)
  RETURNS bytea
  LANGUAGE C IMMUTABLE CALLED ON NULL INPUT PARALLEL SAFE
  AS 'MODULE_PATHNAME', 'restate_facts';
COMMENT ON FUNCTION restate.facts(text, text, text, text, text, bigint, bigint, boolean, restate_deployment_id,
  integer, interval, interval, boolean, bigint, restate_invocation_id, restate_deployment_id, integer, integer,
  timestamptz, timestamptz, timestamptz, timestamptz, timestamptz, timestamptz, bigint, bigint, bigint, boolean, boolean, bigint, bigint,
  text[], text) IS
'The facts that operations decide on, in the form of the library''s memory: for the library''s own statements.';

CREATE FUNCTION restate.kept_until(at timestamptz, retention interval) RETURNS timestamptz
  LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE
  AS 'MODULE_PATHNAME', 'restate_kept_until';
COMMENT ON FUNCTION restate.kept_until(timestamptz, interval) IS
'When what is kept that long from a time on goes. A day has 24 hours and a month 30 days, whatever the time zone. Infinity, where it is more than a timestamp can hold. Any argument null: null.';

CREATE FUNCTION restate.attached_to(meta jsonb) RETURNS restate_invocation_id
  LANGUAGE sql STABLE CALLED ON NULL INPUT PARALLEL SAFE
  RETURN coalesce(
    (meta #>> '{target,InvocationId}')::restate_invocation_id,
    restate_workflow_invocation_id(meta #>> '{target,Workflow,service_name}', meta #>> '{target,Workflow,key}'),
    restate_idempotent_invocation_id(meta #>> '{target,IdempotentRequest,service_name}',
      meta #>> '{target,IdempotentRequest,service_key}', meta #>> '{target,IdempotentRequest,service_handler}',
      meta #>> '{target,IdempotentRequest,idempotency_key}'));
COMMENT ON FUNCTION restate.attached_to(jsonb) IS
'The invocation that an AttachInvocation is about. meta: as in restate.journal. Null: of what names none.';

CREATE FUNCTION restate.may_be_called_by(
    caller restate_invocation_id, invoked_by_id restate_invocation_id, idempotency_key text, target_handler_ty text)
  RETURNS boolean
  LANGUAGE sql IMMUTABLE CALLED ON NULL INPUT PARALLEL SAFE
  RETURN coalesce(caller = invoked_by_id, false) OR idempotency_key IS NOT NULL OR coalesce(target_handler_ty = 'workflow', false);
COMMENT ON FUNCTION restate.may_be_called_by(restate_invocation_id, restate_invocation_id, text, text) IS
'Whether a call of the caller can have made the invocation of which the other arguments are the columns, or have joined it: what has an idempotency key, or is the run of a workflow, is joined.';

CREATE FUNCTION restate.add_waiters(callers restate_invocation_id[]) RETURNS void
  LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT SECURITY DEFINER PARALLEL UNSAFE
  SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
  waiting record;
BEGIN
  -- who waits is known where it is, whether it can be answered where its target is
  FOR waiting IN
    SELECT i.id, i.random_seed, c.target, c.completion_id, c.kind
    FROM (
      SELECT c.id, c.partition_key, c.completed_at, c.journal_size, c.random_seed FROM restate.invocation AS c WHERE $1 IS NULL
      UNION ALL
      SELECT c.id, c.partition_key, c.completed_at, c.journal_size, c.random_seed FROM restate.invocation AS c WHERE c.id = ANY ($1)
    ) AS i
    JOIN LATERAL (
      SELECT j.id, j.partition_key, j.invoked_id AS target, j.result_completion_id AS completion_id, 'call' AS kind
      FROM restate.journal AS j
      WHERE j.id = i.id AND j.partition_key = i.partition_key AND j.entry_type = 'Command: Call'
      UNION ALL
      SELECT j.id, j.partition_key, restate.attached_to(j.meta), j.completion_id, 'attach'
      FROM restate.journal AS j
      WHERE j.id = i.id AND j.partition_key = i.partition_key AND j.entry_type = 'Command: AttachInvocation'
    ) AS c ON c.partition_key = i.partition_key
    WHERE i.completed_at IS NULL AND i.journal_size > 0 AND c.target IS NOT NULL
      AND NOT EXISTS (SELECT FROM restate.journal AS n
        WHERE n.id = i.id AND n.partition_key = i.partition_key AND n.completion_id = c.completion_id
          AND NOT restate.is_command(n.entry_type))
  LOOP
    CONTINUE WHEN EXISTS (SELECT FROM restate.invocation AS t
      WHERE t.id = waiting.target AND t.partition_key = restate_partition_key_of_id(waiting.target) AND (t.completed_at IS NOT NULL
        OR waiting.kind = 'call' AND NOT restate.may_be_called_by(waiting.id, t.invoked_by_id, t.idempotency_key, t.target_handler_ty)));
    INSERT INTO restate.waiter (target, caller, completion_id, kind, partition_key, caller_seed)
      VALUES (waiting.target, waiting.id, waiting.completion_id, waiting.kind::restate.waiter_kind,
        restate_partition_key_of_id(waiting.target), waiting.random_seed)
      ON CONFLICT DO NOTHING;
    IF FOUND THEN
      UPDATE restate.invocation AS t SET has_waiters = true
        WHERE t.id = waiting.target AND t.partition_key = restate_partition_key_of_id(waiting.target) AND t.has_waiters IS NOT TRUE;
    END IF;
  END LOOP;
END
$function$;
REVOKE ALL ON FUNCTION restate.add_waiters(restate_invocation_id[]) FROM PUBLIC;
COMMENT ON FUNCTION restate.add_waiters(restate_invocation_id[]) IS
'Writes down for whom invocations wait that were not written by the functions: what their journals call or attach to, and have no result of. callers: those that wait, or null for all in flight.';

CREATE FUNCTION restate.add_expiry(ids restate_invocation_id[]) RETURNS void
  LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT SECURITY DEFINER PARALLEL UNSAFE
  SET search_path = pg_catalog, pg_temp
AS $function$
BEGIN
  INSERT INTO restate.timer (due_at, kind, id, completion_id, partition_key)
  SELECT restate.kept_until(now(), i.completion_retention), 'expiry', i.id, -1, i.partition_key
  FROM (
    SELECT c.id, c.partition_key, c.completed_at, c.completion_retention FROM restate.invocation AS c WHERE $1 IS NULL
    UNION ALL
    SELECT c.id, c.partition_key, c.completed_at, c.completion_retention FROM restate.invocation AS c WHERE c.id = ANY ($1)
  ) AS i
  WHERE i.completed_at IS NOT NULL AND i.completion_retention > interval '0' AND restate.kept_until(now(), i.completion_retention) < 'infinity'
  ON CONFLICT DO NOTHING;
END
$function$;
REVOKE ALL ON FUNCTION restate.add_expiry(restate_invocation_id[]) FROM PUBLIC;
COMMENT ON FUNCTION restate.add_expiry(restate_invocation_id[]) IS
'Sets when completed invocations go that were not completed by the functions: their retention counts from now, and their journals go with their results. ids: those, or null for all.';

UPDATE restate.invocation SET is_foreign = true WHERE completed_at IS NULL;
SELECT restate.add_waiters(NULL);
SELECT restate.add_expiry(NULL);
DO $do$
DECLARE
  expiring bigint; first timestamptz; last timestamptz;
BEGIN
  SELECT count(*), min(t.due_at), max(t.due_at) INTO expiring, first, last FROM restate.timer AS t WHERE t.kind = 'expiry';
  IF expiring > 0 THEN
    RAISE WARNING '% completed invocations will be removed by restate_tick(), from % to %: their retention counts from now',
      expiring, date_trunc('second', first), date_trunc('second', last)
      USING HINT = 'Set restate_admin.retention to off to keep them.';
  END IF;
END $do$;

-- What has something executed, and what executes it: see doc/runtime.md.

CREATE FUNCTION restate.microseconds(duration interval) RETURNS bigint
  LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE
  AS 'MODULE_PATHNAME', 'restate_microseconds';
COMMENT ON FUNCTION restate.microseconds(interval) IS
'The length of a duration, whose days have 24 hours and whose months have 30 days; 0 for one below zero. Null: null.';

CREATE FUNCTION restate_submit(
    service text, handler text, input bytea DEFAULT NULL, key text DEFAULT NULL, headers jsonb DEFAULT NULL,
    idempotency_key text DEFAULT NULL, run_at timestamptz DEFAULT NULL, claim_for text DEFAULT NULL,
    OUT id restate_invocation_id, OUT outcome text, OUT attempt bigint)
  LANGUAGE C VOLATILE CALLED ON NULL INPUT SECURITY DEFINER PARALLEL UNSAFE
  AS 'MODULE_PATHNAME', 'restate_submit';
REVOKE ALL ON FUNCTION restate_submit(text, text, bytea, text, jsonb, text, timestamptz, text) FROM PUBLIC;
COMMENT ON FUNCTION restate_submit(text, text, bytea, text, jsonb, text, timestamptz, text) IS
'Submits an invocation, in the transaction of the caller. service, handler: the target, which a deployment must serve. input: its bytes. key: of a virtual object or a workflow. headers: a JSON array of objects with name and value. idempotency_key: with the same one the same invocation is meant. run_at: when it starts, if that is later than now. claim_for: the worker that gets its first attempt at once, if it can start. id: the invocation. outcome: accepted, or previously_accepted if there was one of that idempotency key, or a run of that workflow. attempt: of claim_for, else null. Errors: handler_not_found 404, invalid_body 400 for a key that there must be or must not, invalid_query_parameter 400, read_only 503.';

CREATE FUNCTION restate_heartbeat(worker text) RETURNS void
  LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT SECURITY DEFINER PARALLEL UNSAFE
  SET search_path = pg_catalog, pg_temp
AS $function$
BEGIN
  IF coalesce(octet_length($1), 0) NOT BETWEEN 1 AND 255 THEN
    PERFORM restate.refuse('invalid_query_parameter', 'worker must have 1 to 255 bytes');
  END IF;
  INSERT INTO restate.worker AS w (name, last_seen) VALUES ($1, clock_timestamp())
    ON CONFLICT (name) DO UPDATE SET last_seen = greatest(w.last_seen, excluded.last_seen);
END
$function$;
REVOKE ALL ON FUNCTION restate_heartbeat(text) FROM PUBLIC;
COMMENT ON FUNCTION restate_heartbeat(text) IS
'Says that a worker lives. worker: its name, of 1 to 255 bytes. One that is silent for longer than restate_tick() allows loses its attempts. Error: invalid_query_parameter 400.';

CREATE FUNCTION restate.give_back(worker text, max integer) RETURNS bigint
  LANGUAGE C VOLATILE CALLED ON NULL INPUT SECURITY DEFINER PARALLEL UNSAFE
  AS 'MODULE_PATHNAME', 'restate_give_back';
REVOKE ALL ON FUNCTION restate.give_back(text, integer) FROM PUBLIC;
COMMENT ON FUNCTION restate.give_back(text, integer) IS
'Ends attempts of a worker: for restate_leave().';

CREATE FUNCTION restate_leave(worker text, max integer DEFAULT 1000) RETURNS bigint
  LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT SECURITY DEFINER PARALLEL UNSAFE
  SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
  given bigint := restate.give_back($1, $2);
BEGIN
  -- the row is locked after the invocations, as claims do, and what it runs is read once it is
  IF given < $2 AND current_setting('transaction_isolation') = 'read committed' THEN
    PERFORM FROM restate.worker AS w WHERE w.name = $1 FOR UPDATE;
    DELETE FROM restate.worker AS w
      WHERE w.name = $1 AND NOT EXISTS (SELECT FROM restate.invocation AS i
        WHERE i.worker_name = w.name AND i.completed_at IS NULL AND i.status = 'running');
  END IF;
  RETURN given;
END
$function$;
REVOKE ALL ON FUNCTION restate_leave(text, integer) FROM PUBLIC;
COMMENT ON FUNCTION restate_leave(text, integer) IS
'Says that a worker ends: what it runs still is ready for other workers at once, without a failed attempt, or paused where that was asked for; what it sends of that later is refused (attempt_lost). To be called when it claims no more. worker: its name, which it may use again. max: of attempts, 1 to 10000. Returns how many attempts it has lost by that; where it is max there may be more, and it is called again. Errors: invalid_query_parameter 400, read_only 503.';

CREATE FUNCTION restate_worker_channel(worker text) RETURNS text
  LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
  RETURN 'restate_worker_' || md5(worker);
COMMENT ON FUNCTION restate_worker_channel(text) IS
'The channel to LISTEN on for what others bring to the attempts of a worker: an entry of the journal, a kill, a request to pause. The payload of a notification is the invocation''s id: restate_fetch() tells what came. worker: its name. Null: null.';

CREATE FUNCTION restate_awakeable_id(id restate_invocation_id, signal bigint) RETURNS text
  LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE
  AS 'MODULE_PATHNAME', 'restate_awakeable_id';
COMMENT ON FUNCTION restate_awakeable_id(restate_invocation_id, bigint) IS
'The id of an awakeable, for who is to resolve or reject it. id: the invocation that waits. signal: the number of the signal that it waits for, from 17 up. Any argument null: null. Error: invalid_query_parameter 400 for a number below 17 or above 2^32-1.';

CREATE FUNCTION restate.attempts_of(ids restate_invocation_id[], frames boolean)
  RETURNS TABLE (id restate_invocation_id, attempt bigint, service text, handler text, key text,
    deployment restate_deployment_id, protocol_version integer, attempts bigint, random_seed bigint,
    commands bigint, journal jsonb[], input bytea, state_keys text[], state_values bytea[],
    entry_retries bigint, last_entry_at timestamptz, inactivity_timeout interval, abort_timeout interval,
    entries bigint, request bytea)
  LANGUAGE sql STABLE CALLED ON NULL INPUT PARALLEL SAFE ROWS 10
AS $function$
  -- without a setting of its own, so that its callers plan it as a part of their query
  SELECT a.id, a.attempt, a.target_service_name, a.target_handler_name, a.target_service_key, a.pinned_deployment_id,
    a.pinned_service_protocol_version, a.attempt_count, a.random_seed, a.journal_commands_size, j.entries, j.input,
    s.state_keys, s.state_values, coalesce(a.entry_retry_count, 0), a.last_entry_at, o.inactivity_timeout, o.abort_timeout,
    a.journal_size, CASE WHEN $2 THEN restate.start_frame(a.id, a.journal_size, a.target_service_key, s.state_keys, s.state_values,
      a.entry_retry_count, floor(extract(epoch FROM now() - a.last_entry_at) * 1000)::bigint, a.random_seed) || j.frames END
  FROM unnest($1) WITH ORDINALITY AS c (id, place)
  JOIN restate.invocation AS a ON a.id = c.id AND a.partition_key = restate_partition_key_of_id(c.id)
  LEFT JOIN LATERAL (
    SELECT h.inactivity_timeout, h.abort_timeout, h.enable_lazy_state
    FROM restate.handler_of(a.target_service_name, a.target_handler_name, a.pinned_deployment_id) AS h OFFSET 0) AS o ON true
  CROSS JOIN LATERAL (
    SELECT array_agg(jsonb_build_object('index', e.index, 'entry_json', restate.entry_json(e.entry_type, e.name,
        e.completion_id, e.result_completion_id, e.invoked_id, e.signal_index, e.signal_name, e.meta, e.payload)::jsonb)
        ORDER BY e.index) FILTER (WHERE $2 IS NOT TRUE) AS entries,
      (array_agg(e.payload) FILTER (WHERE e.index = 0))[1] AS input,
      CASE WHEN count(*) = count(f.frame) THEN string_agg(f.frame, '' ORDER BY e.index) END AS frames
    FROM restate.journal AS e
    CROSS JOIN LATERAL (SELECT CASE WHEN $2 THEN restate.entry_frame(e.entry_type, e.name, e.completion_id,
      e.result_completion_id, e.invoked_id, e.signal_index, e.signal_name, e.meta, e.payload) END OFFSET 0) AS f (frame)
    WHERE e.id = a.id AND e.partition_key = a.partition_key) AS j
  LEFT JOIN LATERAL (
    SELECT coalesce(array_agg(t.key ORDER BY t.key COLLATE "C"), '{}') AS state_keys,
      coalesce(array_agg(t.value ORDER BY t.key COLLATE "C"), '{}') AS state_values,
      coalesce(sum(octet_length(t.key) + octet_length(t.value)), 0) AS size
    FROM restate.object_state AS t
    WHERE t.service_name = a.target_service_name COLLATE "C" AND t.service_key = a.target_service_key
      AND t.partition_key = a.partition_key) AS s
    ON a.target_service_key IS NOT NULL AND o.enable_lazy_state IS NOT TRUE AND s.size <= 1048576
  ORDER BY c.place
$function$;
REVOKE ALL ON FUNCTION restate.attempts_of(restate_invocation_id[], boolean) FROM PUBLIC;
COMMENT ON FUNCTION restate.attempts_of(restate_invocation_id[], boolean) IS
'What an attempt begins with: for restate_claim() and restate_complete_and_claim().';

CREATE FUNCTION restate.attempts_on_nodes(ids restate_invocation_id[], frames boolean)
  RETURNS TABLE (id restate_invocation_id, attempt bigint, service text, handler text, key text,
    deployment restate_deployment_id, protocol_version integer, attempts bigint, random_seed bigint,
    commands bigint, journal jsonb[], input bytea, state_keys text[], state_values bytea[],
    entry_retries bigint, last_entry_at timestamptz, inactivity_timeout interval, abort_timeout interval,
    entries bigint, request bytea)
  LANGUAGE plpgsql STABLE CALLED ON NULL INPUT PARALLEL SAFE ROWS 10
  SET search_path = pg_catalog, pg_temp
AS $function$
#variable_conflict use_variable
DECLARE
  partition bigint;
  is_lazy boolean;
  bodies bytea[];
BEGIN
  FOREACH id IN ARRAY ids LOOP
    partition := restate_partition_key_of_id(id);
    SELECT a.attempt, a.target_service_name, a.target_handler_name, a.target_service_key, a.pinned_deployment_id,
        a.pinned_service_protocol_version, a.attempt_count, a.random_seed, a.journal_commands_size,
        coalesce(a.entry_retry_count, 0), a.last_entry_at, a.journal_size
      INTO attempt, service, handler, key, deployment, protocol_version, attempts, random_seed, commands, entry_retries, last_entry_at, entries
      FROM restate.invocation AS a
      WHERE a.id = attempts_on_nodes.id AND a.partition_key = partition;
    SELECT h.inactivity_timeout, h.abort_timeout, h.enable_lazy_state INTO inactivity_timeout, abort_timeout, is_lazy
      FROM restate.handler_on_nodes(service, handler, deployment) AS h;
    SELECT array_agg(jsonb_build_object('index', e.index, 'entry_json', restate.entry_json(e.entry_type, e.name,
          e.completion_id, e.result_completion_id, e.invoked_id, e.signal_index, e.signal_name, e.meta, e.payload)::jsonb)
          ORDER BY e.index) FILTER (WHERE frames IS NOT TRUE),
        (array_agg(e.payload) FILTER (WHERE e.index = 0))[1],
        array_agg(restate.entry_frame(e.entry_type, e.name, e.completion_id, e.result_completion_id, e.invoked_id,
          e.signal_index, e.signal_name, e.meta, e.payload) ORDER BY e.index) FILTER (WHERE frames)
      INTO journal, input, bodies
      FROM restate.journal AS e
      WHERE e.id = attempts_on_nodes.id AND e.partition_key = partition;
    state_keys := NULL;
    state_values := NULL;
    IF key IS NOT NULL AND is_lazy IS NOT TRUE THEN
      SELECT coalesce(array_agg(t.key ORDER BY t.key COLLATE "C"), '{}'), coalesce(array_agg(t.value ORDER BY t.key COLLATE "C"), '{}')
        INTO state_keys, state_values
        FROM restate.object_state AS t
        WHERE t.service_name = service COLLATE "C" AND t.service_key = attempts_on_nodes.key AND t.partition_key = partition
        HAVING coalesce(sum(octet_length(t.key) + octet_length(t.value)), 0) <= 1048576;
    END IF;
    request := NULL;
    IF frames AND array_position(bodies, NULL) IS NULL THEN
      request := restate.start_frame(id, entries, key, state_keys, state_values, nullif(entry_retries, 0),
        floor(extract(epoch FROM now() - last_entry_at) * 1000)::bigint, random_seed)
        || (SELECT string_agg(b.frame, '' ORDER BY b.place) FROM unnest(bodies) WITH ORDINALITY AS b (frame, place));
    END IF;
    RETURN NEXT;
  END LOOP;
END
$function$;
REVOKE ALL ON FUNCTION restate.attempts_on_nodes(restate_invocation_id[], boolean) FROM PUBLIC;
COMMENT ON FUNCTION restate.attempts_on_nodes(restate_invocation_id[], boolean) IS
'As restate.attempts_of(), where the tables are distributed over nodes: each is read by itself, by statements that go to its node alone.';

CREATE FUNCTION restate.read_attempts(ids restate_invocation_id[], frames boolean)
  RETURNS TABLE (id restate_invocation_id, attempt bigint, service text, handler text, key text,
    deployment restate_deployment_id, protocol_version integer, attempts bigint, random_seed bigint,
    commands bigint, journal jsonb[], input bytea, state_keys text[], state_values bytea[],
    entry_retries bigint, last_entry_at timestamptz, inactivity_timeout interval, abort_timeout interval,
    entries bigint, request bytea)
  LANGUAGE C VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE ROWS 10
  AS 'MODULE_PATHNAME', 'restate_read_attempts';
REVOKE ALL ON FUNCTION restate.read_attempts(restate_invocation_id[], boolean) FROM PUBLIC;
COMMENT ON FUNCTION restate.read_attempts(restate_invocation_id[], boolean) IS
'restate.attempts_of(), or where the tables are distributed over nodes attempts_on_nodes(), by a plan that is kept: one that is made for the ids takes longer to make than to run.';

CREATE FUNCTION restate_claim(
    worker text, services text[] DEFAULT NULL, max integer DEFAULT 1, deployments restate_deployment_id[] DEFAULT NULL,
    frames boolean DEFAULT false)
  RETURNS TABLE (id restate_invocation_id, attempt bigint, service text, handler text, key text,
    deployment restate_deployment_id, protocol_version integer, attempts bigint, random_seed bigint,
    commands bigint, journal jsonb[], input bytea, state_keys text[], state_values bytea[],
    entry_retries bigint, last_entry_at timestamptz, inactivity_timeout interval, abort_timeout interval,
    entries bigint, request bytea)
  LANGUAGE C VOLATILE CALLED ON NULL INPUT SECURITY DEFINER PARALLEL UNSAFE ROWS 10
  AS 'MODULE_PATHNAME', 'restate_claim';
REVOKE ALL ON FUNCTION restate_claim(text, text[], integer, restate_deployment_id[], boolean) FROM PUBLIC;
COMMENT ON FUNCTION restate_claim(text, text[], integer, restate_deployment_id[], boolean) IS
'Starts an attempt on up to max invocations that are ready, the oldest first, and returns a row for each. worker: a name of the caller''s choice, of 1 to 255 bytes, which restate_heartbeat() keeps alive. services: of which it runs the handlers; each gets its share of max first. max: 1 to 10000. deployments: those that it runs, of the services, or without services of all that they serve; null: any. attempt: what every later call about it carries. attempts: how many there have been since it was last suspended or resumed. commands: how many commands the journal has, the input being the first. journal: an object with index and entry_json for each entry, as sys_journal has it. input: the bytes of the input. entries: how many the journal has. frames: whether the journal comes as frames of the service protocol instead, in request: the Start message, with the state, and all entries, with which a request to a handler of Restate''s SDKs begins; null if an entry fits no frame. protocol_version: which version to speak. state_keys, state_values: the state of a virtual object or workflow, in the order of its keys; null for a service, and where the state is to be read by GetLazyState: its handler says so, or it is larger than 1 MiB. entry_retries: attempts that have failed since the last entry, last_entry_at: when that came. inactivity_timeout, abort_timeout: of the handler. What another transaction has locked is passed over, and so are services that are held. Errors: invalid_query_parameter 400, read_only 503.';

CREATE FUNCTION restate_append(id restate_invocation_id, attempt bigint, first_command bigint, entries jsonb[])
  RETURNS TABLE (ordinality integer, index bigint, repeated boolean, answers jsonb[])
  LANGUAGE C VOLATILE CALLED ON NULL INPUT SECURITY DEFINER PARALLEL UNSAFE ROWS 3
  AS 'MODULE_PATHNAME', 'restate_append';
REVOKE ALL ON FUNCTION restate_append(restate_invocation_id, bigint, bigint, jsonb[]) FROM PUBLIC;
COMMENT ON FUNCTION restate_append(restate_invocation_id, bigint, bigint, jsonb[]) IS
'Appends entries to the journal of a running attempt, and does what they are for; all of them or none. first_command: the number of the first command among these, counted among the commands of the journal, the input being 0. A command that the journal has already under its number is a repetition, which must be equal; nothing is done again. entries: each as sys_journal shows entry_json. Of notifications an attempt appends the results of its runs alone. The id of a callee is not known before, and left out. A row for each: ordinality, its index in the journal, whether the journal had it, and answers: the completions that have come of it, but for those among entries, as objects with index and entry_json. Errors: attempt_lost 409 where it is not the running attempt, journal_mismatch 409, command_not_allowed 409, handler_not_found 404, invocation_not_found 404, invalid_body 400.';

CREATE FUNCTION restate_suspend(
    id restate_invocation_id, attempt bigint, completions bigint[], signals bigint[], names text[], known bigint)
  RETURNS text
  LANGUAGE C VOLATILE CALLED ON NULL INPUT SECURITY DEFINER PARALLEL UNSAFE
  AS 'MODULE_PATHNAME', 'restate_suspend';
REVOKE ALL ON FUNCTION restate_suspend(restate_invocation_id, bigint, bigint[], bigint[], text[], bigint) FROM PUBLIC;
COMMENT ON FUNCTION restate_suspend(restate_invocation_id, bigint, bigint[], bigint[], text[], bigint) IS
'Ends an attempt that waits for any of these: completions, signals by their index, signals by their name; each array may be null. known: how many entries of the journal the attempt has been given, so that a signal that came since then counts. suspended; ready, where something of it has come already; or paused, where that was asked for. Errors: attempt_lost 409, command_not_allowed 409 for one that waits for nothing, invocation_not_found 404, invalid_query_parameter 400.';

CREATE FUNCTION restate_complete(
    id restate_invocation_id, attempt bigint, first_command bigint DEFAULT NULL, entries jsonb[] DEFAULT NULL)
  RETURNS text
  LANGUAGE C VOLATILE CALLED ON NULL INPUT SECURITY DEFINER PARALLEL UNSAFE
  AS 'MODULE_PATHNAME', 'restate_complete';
REVOKE ALL ON FUNCTION restate_complete(restate_invocation_id, bigint, bigint, jsonb[]) FROM PUBLIC;
COMMENT ON FUNCTION restate_complete(restate_invocation_id, bigint, bigint, jsonb[]) IS
'Completes an invocation with the last Output of its journal: frees its object key for the next, answers who waits for the result, and drops what is not retained. first_command, entries: what is appended before, as restate_append() does; the Output can be among it. Returns completed. Errors: attempt_lost 409, command_not_allowed 409 without an Output, and those of restate_append().';

CREATE FUNCTION restate.start_attempts(worker text, ids restate_invocation_id[])
  RETURNS TABLE (id restate_invocation_id, attempt bigint)
  LANGUAGE C VOLATILE CALLED ON NULL INPUT SECURITY DEFINER PARALLEL UNSAFE ROWS 1
  AS 'MODULE_PATHNAME', 'restate_start_attempts';
REVOKE ALL ON FUNCTION restate.start_attempts(text, restate_invocation_id[]) FROM PUBLIC;
COMMENT ON FUNCTION restate.start_attempts(text, restate_invocation_id[]) IS
'Starts attempts of those that are ready: for restate_complete_and_claim().';

CREATE FUNCTION restate_complete_and_claim(
    id restate_invocation_id, attempt bigint, worker text, first_command bigint DEFAULT NULL, entries jsonb[] DEFAULT NULL,
    frames boolean DEFAULT false)
  RETURNS TABLE (next_id restate_invocation_id, next_attempt bigint, service text, handler text, key text,
    deployment restate_deployment_id, protocol_version integer, attempts bigint, random_seed bigint,
    commands bigint, journal jsonb[], input bytea, state_keys text[], state_values bytea[],
    entry_retries bigint, last_entry_at timestamptz, inactivity_timeout interval, abort_timeout interval,
    next_entries bigint, request bytea)
  LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT SECURITY DEFINER PARALLEL UNSAFE ROWS 1
  SET search_path = pg_catalog, pg_temp
AS $function$
#variable_conflict use_column
DECLARE
  completed record;
  next restate_invocation_id;
  claimed restate_invocation_id[];
BEGIN
  IF coalesce(octet_length($3), 0) NOT BETWEEN 1 AND 255 THEN
    PERFORM restate.refuse('invalid_query_parameter', 'worker must have 1 to 255 bytes');
  END IF;
  SELECT i.target_service_name AS service_name, i.target_service_key AS service_key, i.partition_key INTO completed
    FROM restate.invocation AS i
    WHERE i.id = $1 AND i.partition_key = restate_partition_key_of_id($1) AND i.target_handler_ty = 'exclusive';
  PERFORM restate_complete($1, $2, $4, $5);
  SELECT k.holder INTO next
    FROM restate.object_key AS k
    WHERE k.partition_key = completed.partition_key AND k.service_name = completed.service_name COLLATE "C"
      AND restate.indexed_key(k.service_key) = restate.indexed_key(completed.service_key)
      AND NOT EXISTS (SELECT FROM restate.held_service AS h WHERE h.service_name = completed.service_name);
  IF next IS NULL THEN
    RETURN;
  END IF;
  SELECT array_agg(c.id) INTO claimed FROM restate.start_attempts($3, ARRAY[next]) AS c;
  IF claimed IS NULL THEN
    RETURN;
  END IF;
  RETURN QUERY SELECT * FROM restate.read_attempts(claimed, $6);
END
$function$;
REVOKE ALL ON FUNCTION restate_complete_and_claim(restate_invocation_id, bigint, text, bigint, jsonb[], boolean) FROM PUBLIC;
COMMENT ON FUNCTION restate_complete_and_claim(restate_invocation_id, bigint, text, bigint, jsonb[], boolean) IS
'Completes an invocation as restate_complete() does, and starts an attempt on the next in the inbox of its object key, if there is one that is ready and its service is not held. worker: who runs that. frames: as of restate_claim(). Returns its row, as restate_claim() does, with its id, attempt and entries as next_id, next_attempt and next_entries; or none. Errors: those of restate_complete(), and invalid_query_parameter 400 without a worker.';

CREATE FUNCTION restate_fail_attempt(
    id restate_invocation_id, attempt bigint, message text, code integer DEFAULT 500, error_code text DEFAULT NULL,
    retry_after interval DEFAULT NULL, command_index bigint DEFAULT NULL, command_name text DEFAULT NULL,
    command_type text DEFAULT NULL, server text DEFAULT NULL)
  RETURNS text
  LANGUAGE C VOLATILE CALLED ON NULL INPUT SECURITY DEFINER PARALLEL UNSAFE
  AS 'MODULE_PATHNAME', 'restate_fail_attempt';
REVOKE ALL ON FUNCTION restate_fail_attempt(restate_invocation_id, bigint, text, integer, text, interval, bigint, text, text, text) FROM PUBLIC;
COMMENT ON FUNCTION restate_fail_attempt(restate_invocation_id, bigint, text, integer, text, interval, bigint, text, text, text) IS
'Ends an attempt that has failed, by the retry policy of its handler: backing-off, until the next one; paused or completed, by the failure, after the last one that the policy has; or paused, where that was asked for. message, code: of the failure, shown as [code] message in the result, and with a name of the code in last_failure. error_code: of Restate''s documentation. retry_after: when to try again, in place of what the policy says. command_index, command_name, command_type: of the command that it is about. server: the SDK that has answered, as restate-sdk-typescript/1.17.2, shown as last_attempt_server; null: as it was. Errors: attempt_lost 409, invocation_not_found 404, invalid_query_parameter 400.';

CREATE FUNCTION restate.fire_timers(max integer, silence interval) RETURNS bigint
  LANGUAGE C VOLATILE CALLED ON NULL INPUT SECURITY DEFINER PARALLEL UNSAFE
  AS 'MODULE_PATHNAME', 'restate_fire_timers';
REVOKE ALL ON FUNCTION restate.fire_timers(integer, interval) FROM PUBLIC;
COMMENT ON FUNCTION restate.fire_timers(integer, interval) IS
'Does what is due: for restate_tick().';

CREATE FUNCTION restate.worker_silence() RETURNS interval
  LANGUAGE SQL IMMUTABLE PARALLEL SAFE
  RETURN interval '10 seconds';
COMMENT ON FUNCTION restate.worker_silence() IS
'How long a worker may not be heard of before restate_tick() takes its attempts, where nothing else is said.';

CREATE FUNCTION restate.bulk_job_retention() RETURNS interval
  LANGUAGE SQL IMMUTABLE PARALLEL SAFE
  RETURN interval '30 days';
COMMENT ON FUNCTION restate.bulk_job_retention() IS
'How long restate_tick() leaves the row of a bulk job that has ended.';

CREATE FUNCTION restate_tick(
    max integer DEFAULT 1000, silence interval DEFAULT restate.worker_silence(), OUT done bigint, OUT next_due timestamptz)
  LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT SECURITY DEFINER PARALLEL UNSAFE
  SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
  silent text[];
  running text[];
  -- no worker is silent for longer, and a time that far back can be told
  longest CONSTANT interval := least(greatest($2, interval '0'), interval '1000 years');
BEGIN
  done := restate.fire_timers($1, $2);
  -- Workers that are not heard of, and run nothing any more.  One that is just heard of is
  -- passed over.  Who claims locks the row: what such a worker runs is seen by a statement
  -- that begins once it is locked here, and by none that began before.  Where the tables
  -- are on several nodes it locks none, and has a minute to commit instead.
  IF current_setting('transaction_isolation') = 'read committed' THEN
    SELECT array_agg(l.name) INTO silent FROM (
      SELECT w.name FROM restate.worker AS w
      WHERE w.last_seen < now() - CASE WHEN restate.is_distributed() THEN greatest(longest, interval '1 minute') ELSE longest END
      ORDER BY w.name FOR UPDATE SKIP LOCKED) AS l;
    IF silent IS NOT NULL THEN
      running := ARRAY(SELECT DISTINCT i.worker_name FROM restate.invocation AS i
        WHERE i.worker_name = ANY (silent) AND i.completed_at IS NULL AND i.status = 'running');
      DELETE FROM restate.worker AS w WHERE w.name = ANY (silent) AND w.name <> ALL (running);
    END IF;
    -- results that nobody has come for
    IF EXISTS (SELECT 1 FROM restate.undelivered_result AS u WHERE u.completed_at < now() - restate.delivery_time() LIMIT 1) THEN
      DELETE FROM restate.undelivered_result AS u WHERE u.completed_at < now() - restate.delivery_time();
    END IF;
    -- and what has become of bulk jobs, which the audit has too
    IF current_setting('restate_admin.retention')::boolean THEN
      DELETE FROM restate.bulk_job AS b WHERE b.ended_at < now() - restate.bulk_job_retention();
    END IF;
  END IF;
  next_due := least((SELECT min(t.due_at) FROM restate.timer AS t WHERE t.kind = 'sleep'),
    (SELECT min(t.due_at) FROM restate.timer AS t WHERE t.kind = 'schedule'),
    (SELECT min(t.due_at) FROM restate.timer AS t WHERE t.kind = 'retry'),
    CASE WHEN current_setting('restate_admin.retention')::boolean THEN (SELECT min(t.due_at) FROM restate.timer AS t WHERE t.kind = 'expiry') END);
END
$function$;
REVOKE ALL ON FUNCTION restate_tick(integer, interval) FROM PUBLIC;
COMMENT ON FUNCTION restate_tick(integer, interval) IS
'Does what is due, the longest first: sleeps end, scheduled invocations start, retries become ready, what was retained long enough goes, bulk jobs that have ended among it; and takes the attempts of workers that were silent. max: of timers and of attempts, 1 to 10000. silence: how long a worker may not be heard of. done: how much that changed. next_due: when to call it again, which has passed where more is due; null if nothing is. With restate_admin.retention off nothing of what is retained goes. What another transaction has locked is passed over, so that several can run side by side. Errors: invalid_query_parameter 400, read_only 503.';

CREATE FUNCTION restate_hold(service text, reason text DEFAULT NULL) RETURNS text
  LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT SECURITY DEFINER PARALLEL UNSAFE
  SET search_path = pg_catalog, pg_temp
AS $function$
BEGIN
  IF coalesce(octet_length($1), 0) NOT BETWEEN 1 AND 255 THEN
    PERFORM restate.refuse('invalid_query_parameter', 'service must have 1 to 255 bytes');
  END IF;
  INSERT INTO restate.held_service (service_name, reason, held_at, role_name) VALUES ($1, $2, now(), session_user)
    ON CONFLICT (service_name) DO NOTHING;
  RETURN CASE WHEN FOUND THEN 'held' ELSE 'unchanged' END;
END
$function$;
REVOKE ALL ON FUNCTION restate_hold(text, text) FROM PUBLIC;
COMMENT ON FUNCTION restate_hold(text, text) IS
'Holds a service: nothing of it is claimed, also what comes later, until restate_release(). What runs goes on. service: its name, of 1 to 255 bytes, which need not be registered. held, or unchanged if it was. Error: invalid_query_parameter 400.';

CREATE FUNCTION restate_release(service text) RETURNS text
  LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT SECURITY DEFINER PARALLEL UNSAFE
  SET search_path = pg_catalog, pg_temp
AS $function$
BEGIN
  DELETE FROM restate.held_service AS h WHERE h.service_name = $1;
  RETURN CASE WHEN FOUND THEN 'released' ELSE 'unchanged' END;
END
$function$;
REVOKE ALL ON FUNCTION restate_release(text) FROM PUBLIC;
COMMENT ON FUNCTION restate_release(text) IS
'Releases a service that restate_hold() holds. released, or unchanged if it was not held.';

CREATE FUNCTION restate_output(id restate_invocation_id, OUT status text, OUT value bytea, OUT failure text)
  LANGUAGE plpgsql STABLE CALLED ON NULL INPUT SECURITY DEFINER PARALLEL RESTRICTED
  SET search_path = pg_catalog, pg_temp
AS $function$
BEGIN
  SELECT i.status, i.completion_payload, i.completion_failure INTO status, value, failure
    FROM restate.invocation AS i
    WHERE i.id = $1 AND i.partition_key = restate_partition_key_of_id($1);
  IF NOT FOUND THEN
    PERFORM restate.refuse('invocation_not_found', format('invocation %s not found', coalesce($1::text, 'null')));
  END IF;
END
$function$;
REVOKE ALL ON FUNCTION restate_output(restate_invocation_id) FROM PUBLIC;
COMMENT ON FUNCTION restate_output(restate_invocation_id) IS
'The result of an invocation, if it has one by now. status: completed, or what it is in. value: of a success; failure: [code] message. Error: invocation_not_found 404.';

CREATE FUNCTION restate_wait(id restate_invocation_id, timeout interval DEFAULT '10 seconds',
    OUT status text, OUT value bytea, OUT failure text)
  LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT SECURITY DEFINER PARALLEL UNSAFE
  SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
  -- nobody waits for longer, and a time that far ahead can be told
  until CONSTANT timestamptz := clock_timestamp() + least(greatest($2, interval '0'), interval '1000 years');
  pause double precision := 0.001;
BEGIN
  IF current_setting('transaction_isolation') NOT IN ('read committed', 'read uncommitted') THEN
    PERFORM restate.refuse('invalid_query_parameter',
      'restate_wait() sees what others commit, which takes a transaction that is READ COMMITTED');
  END IF;
  LOOP
    SELECT o.status, o.value, o.failure INTO status, value, failure FROM restate_output($1) AS o;
    EXIT WHEN status = 'completed' OR clock_timestamp() >= until;
    PERFORM pg_sleep(least(pause, extract(epoch FROM until - clock_timestamp())));
    pause := least(pause * 2, 0.1);
  END LOOP;
END
$function$;
REVOKE ALL ON FUNCTION restate_wait(restate_invocation_id, interval) FROM PUBLIC;
COMMENT ON FUNCTION restate_wait(restate_invocation_id, interval) IS
'The result of an invocation, waited for up to the timeout; status tells whether there is one. It looks again and again, at least ten times a second, and keeps no lock meanwhile. What is submitted in the same transaction starts only after that has committed. Errors: invocation_not_found 404, invalid_query_parameter 400 in a transaction of another level than READ COMMITTED.';

CREATE FUNCTION restate_fetch(id restate_invocation_id, attempt bigint, after bigint, frames boolean DEFAULT false)
  RETURNS TABLE (index bigint, entry_json jsonb, frame bytea)
  LANGUAGE plpgsql STABLE CALLED ON NULL INPUT SECURITY DEFINER PARALLEL RESTRICTED ROWS 5
  SET search_path = pg_catalog, pg_temp
AS $function$
BEGIN
  PERFORM FROM restate.invocation AS i
    WHERE i.id = $1 AND i.partition_key = restate_partition_key_of_id($1) AND i.status = 'running' AND i.attempt = $2;
  IF NOT FOUND THEN
    PERFORM restate.refuse('attempt_lost', format('the attempt is not the current one of invocation %s', coalesce($1::text, 'null')));
  END IF;
  RETURN QUERY
    SELECT e.index, CASE WHEN $4 IS NOT TRUE THEN restate.entry_json(e.entry_type, e.name, e.completion_id,
        e.result_completion_id, e.invoked_id, e.signal_index, e.signal_name, e.meta, e.payload)::jsonb END,
      CASE WHEN $4 THEN restate.entry_frame(e.entry_type, e.name, e.completion_id, e.result_completion_id, e.invoked_id,
        e.signal_index, e.signal_name, e.meta, e.payload) END
    FROM restate.journal AS e
    WHERE e.id = $1 AND e.partition_key = restate_partition_key_of_id($1) AND e.index > $3
      AND ($4 IS NOT TRUE OR NOT restate.is_command(e.entry_type))
    ORDER BY e.index;
END
$function$;
REVOKE ALL ON FUNCTION restate_fetch(restate_invocation_id, bigint, bigint, boolean) FROM PUBLIC;
COMMENT ON FUNCTION restate_fetch(restate_invocation_id, bigint, bigint, boolean) IS
'The entries of a running attempt''s journal behind an index: what others have appended meanwhile, such as completions and signals. after: the index of the last entry that the attempt knows. frames: whether only notifications come, each as a frame of the service protocol in place of entry_json. Error: attempt_lost 409.';

CREATE FUNCTION restate_signal(id restate_invocation_id, name text DEFAULT NULL, value bytea DEFAULT NULL,
    failure text DEFAULT NULL, code integer DEFAULT 500, index bigint DEFAULT NULL)
  RETURNS text
  LANGUAGE C VOLATILE CALLED ON NULL INPUT SECURITY DEFINER PARALLEL UNSAFE
  AS 'MODULE_PATHNAME', 'restate_signal';
REVOKE ALL ON FUNCTION restate_signal(restate_invocation_id, text, bytea, text, integer, bigint) FROM PUBLIC;
COMMENT ON FUNCTION restate_signal(restate_invocation_id, text, bytea, text, integer, bigint) IS
'Brings a signal to an invocation that has started and not completed, and wakes it if it is suspended on that. name, or index: which signal. value: its bytes; failure, code: that it is a failure instead. signalled, or unchanged where the invocation does not take it. Errors: invocation_not_found 404, invalid_invocation_id 400, invalid_query_parameter 400, read_only 503.';

CREATE FUNCTION restate.complete_awakeable(awakeable text, value bytea, failure text, code integer)
  RETURNS text
  LANGUAGE C VOLATILE CALLED ON NULL INPUT SECURITY DEFINER PARALLEL UNSAFE
  AS 'MODULE_PATHNAME', 'restate_complete_awakeable';
REVOKE ALL ON FUNCTION restate.complete_awakeable(text, bytea, text, integer) FROM PUBLIC;
COMMENT ON FUNCTION restate.complete_awakeable(text, bytea, text, integer) IS
'Brings the result of an awakeable: for restate_resolve_awakeable() and restate_reject_awakeable().';

CREATE FUNCTION restate_resolve_awakeable(awakeable text, value bytea DEFAULT NULL) RETURNS text
  LANGUAGE sql VOLATILE CALLED ON NULL INPUT SECURITY DEFINER PARALLEL UNSAFE
  SET search_path = pg_catalog, pg_temp
  AS 'SELECT restate.complete_awakeable($1, $2, NULL, NULL)';
REVOKE ALL ON FUNCTION restate_resolve_awakeable(text, bytea) FROM PUBLIC;
COMMENT ON FUNCTION restate_resolve_awakeable(text, bytea) IS
'Resolves an awakeable. awakeable: its id, sign_1 and more. value: the bytes that it is resolved with. signalled, or unchanged where its invocation does not take it any more. Errors: invocation_not_found 404, invalid_query_parameter 400.';

CREATE FUNCTION restate_reject_awakeable(awakeable text, failure text, code integer DEFAULT 500) RETURNS text
  LANGUAGE sql VOLATILE CALLED ON NULL INPUT SECURITY DEFINER PARALLEL UNSAFE
  SET search_path = pg_catalog, pg_temp
  AS 'SELECT restate.complete_awakeable($1, NULL, coalesce($2, ''''), $3)';
REVOKE ALL ON FUNCTION restate_reject_awakeable(text, text, integer) FROM PUBLIC;
COMMENT ON FUNCTION restate_reject_awakeable(text, text, integer) IS
'Rejects an awakeable with a failure. awakeable: its id. failure, code: what it is rejected with. As restate_resolve_awakeable() otherwise.';

CREATE FUNCTION restate.complete_promise(service text, key text, promise text, value bytea, failure text, code integer)
  RETURNS text
  LANGUAGE C VOLATILE CALLED ON NULL INPUT SECURITY DEFINER PARALLEL UNSAFE
  AS 'MODULE_PATHNAME', 'restate_complete_promise';
REVOKE ALL ON FUNCTION restate.complete_promise(text, text, text, bytea, text, integer) FROM PUBLIC;
COMMENT ON FUNCTION restate.complete_promise(text, text, text, bytea, text, integer) IS
'Completes a promise: for restate_resolve_promise() and restate_reject_promise().';

CREATE FUNCTION restate_resolve_promise(service text, key text, promise text, value bytea DEFAULT NULL) RETURNS text
  LANGUAGE sql VOLATILE CALLED ON NULL INPUT SECURITY DEFINER PARALLEL UNSAFE
  SET search_path = pg_catalog, pg_temp
  AS 'SELECT restate.complete_promise($1, $2, $3, $4, NULL, NULL)';
REVOKE ALL ON FUNCTION restate_resolve_promise(text, text, text, bytea) FROM PUBLIC;
COMMENT ON FUNCTION restate_resolve_promise(text, text, text, bytea) IS
'Resolves a promise of a workflow, for all who wait for it. service, key: the workflow, which need not have run yet. promise: its name. value: the bytes that it is resolved with. completed, or unchanged if it was completed before. Errors: invalid_query_parameter 400, read_only 503.';

CREATE FUNCTION restate_reject_promise(service text, key text, promise text, failure text, code integer DEFAULT 500) RETURNS text
  LANGUAGE sql VOLATILE CALLED ON NULL INPUT SECURITY DEFINER PARALLEL UNSAFE
  SET search_path = pg_catalog, pg_temp
  AS 'SELECT restate.complete_promise($1, $2, $3, NULL, coalesce($4, ''''), $5)';
REVOKE ALL ON FUNCTION restate_reject_promise(text, text, text, text, integer) FROM PUBLIC;
COMMENT ON FUNCTION restate_reject_promise(text, text, text, text, integer) IS
'Rejects a promise of a workflow with a failure. failure, code: what it is rejected with. As restate_resolve_promise() otherwise.';

CREATE FUNCTION restate_adopt(ids restate_invocation_id[]) RETURNS bigint
  LANGUAGE C VOLATILE CALLED ON NULL INPUT SECURITY DEFINER PARALLEL UNSAFE
  AS 'MODULE_PATHNAME', 'restate_adopt';
REVOKE ALL ON FUNCTION restate_adopt(restate_invocation_id[]) FROM PUBLIC;
COMMENT ON FUNCTION restate_adopt(restate_invocation_id[]) IS
'Has invocations run here that were in flight when they were imported, or when the extension was upgraded to 0.3.0: until then they may run elsewhere, and nothing runs them here. What was running is ready for another attempt, and its sleeps, schedules and retries are due when they were. ids: those; others than such are passed over. Cannot be undone. Returns how many were adopted; each is in the audit. Error: read_only 503. By filter: restate_adopt(ARRAY(SELECT id FROM restate.sys_invocation WHERE ...)).';

-- The frames of the service protocol, for those who run handlers written with Restate's SDKs.

CREATE FUNCTION restate.entry_frame(
    entry_type restate.entry_type, name text, completion_id bigint, result_completion_id bigint,
    invoked_id restate_invocation_id, signal_index bigint, signal_name text, meta jsonb, payload bytea)
  RETURNS bytea
  LANGUAGE C IMMUTABLE CALLED ON NULL INPUT PARALLEL SAFE COST 10
  AS 'MODULE_PATHNAME', 'restate_entry_frame';
REVOKE ALL ON FUNCTION restate.entry_frame(
  restate.entry_type, text, bigint, bigint, restate_invocation_id, bigint, text, jsonb, bytea) FROM PUBLIC;
COMMENT ON FUNCTION restate.entry_frame(
  restate.entry_type, text, bigint, bigint, restate_invocation_id, bigint, text, jsonb, bytea) IS
'A journal entry as a frame of the service protocol, from its columns. Null for what no frame can have: one has at most 32 MiB. Characters that UTF-8 does not have are question marks.';

CREATE FUNCTION restate.start_frame(
    id restate_invocation_id, known_entries bigint, key text, state_keys text[], state_values bytea[],
    retry_count bigint, since_last bigint, random_seed bigint)
  RETURNS bytea
  LANGUAGE C IMMUTABLE CALLED ON NULL INPUT PARALLEL SAFE COST 10
  AS 'MODULE_PATHNAME', 'restate_start_frame';
REVOKE ALL ON FUNCTION restate.start_frame(
  restate_invocation_id, bigint, text, text[], bytea[], bigint, bigint, bigint) FROM PUBLIC;
COMMENT ON FUNCTION restate.start_frame(
  restate_invocation_id, bigint, text, text[], bytea[], bigint, bigint, bigint) IS
'The Start message of the service protocol, which goes before the entries of an attempt. known_entries: how many of them follow. key: of an object or workflow. state_keys, state_values: all of its state; null where the handler asks for it. retry_count, since_last: how many attempts have failed since the last entry, and how many milliseconds that is ago. Null for what no frame can have.';

CREATE FUNCTION restate_push(
    ids restate_invocation_id[], attempts bigint[], frames bytea[], first_commands bigint[] DEFAULT NULL,
    known bigint[] DEFAULT NULL, servers text[] DEFAULT NULL)
  RETURNS TABLE (ordinality bigint, id restate_invocation_id, ok boolean, category text, message text, error_code text,
    reply bytea, commands bigint, entries bigint, status text, next_retry_at timestamptz, result bytea, seed bigint,
    made_ready boolean)
  LANGUAGE C VOLATILE CALLED ON NULL INPUT SECURITY DEFINER PARALLEL UNSAFE ROWS 10
  AS 'MODULE_PATHNAME', 'restate_push';
REVOKE ALL ON FUNCTION restate_push(restate_invocation_id[], bigint[], bytea[], bigint[], bigint[], text[]) FROM PUBLIC;
COMMENT ON FUNCTION restate_push(restate_invocation_id[], bigint[], bytea[], bigint[], bigint[], text[]) IS
'Takes what attempts have sent in frames of the service protocol, versions 5 and 6, as restate_append() takes JSON: commands, and the results of runs. End, Suspension or Error ends its attempt; what is behind it is ignored. ids, attempts, frames: of each attempt whole frames, up to 10000. first_commands: the number of the first command of each, counted among those of the journal, the input being 0, so that what was sent before is recognised; null: all are new. known: how many entries of the journal each attempt has been given; null: not told. servers: the SDK that answers each, as restate-sdk-typescript/1.17.2, shown as last_attempt_server; null or empty: as it was. A row for each, in their order, as if one after the other: each attempt''s frames are taken as a whole or refused, and then nothing of them is done. ok; category, message: why it is refused. error_code: what restate_fail_attempt() takes for an attempt that fails by that; null for one that is lost; of what is taken the code of the Error, if it ends with one. reply: frames for the handler, in the order of the journal: with known, all notifications from there on, else those that came of this call; null where the attempt has ended. commands, entries: how many the journal has now; the next call has them as first_commands and known. status: of the invocation, where the attempt has ended: completed, suspended, ready (something that a Suspension waits for is there), backing-off or paused; where it goes on, null, or pausing: restate_pause() was called, so the handler should be told that no more will come, to suspend; next_retry_at: of backing-off. result: the value that it has completed with, where a request to an ingress waits for that, with the seed that restate_ingress_submit() returned; null of a failure, too. made_ready: whether something has become ready by the call, of whatever invocation. Without known, every signal that the journal has wakes a Suspension that names it. Categories: attempt_lost, invocation_not_found, journal_mismatch, command_not_allowed, handler_not_found, invalid_body, invalid_invocation_id, invalid_query_parameter. Errors: invalid_query_parameter 400 for arrays of different lengths, batch_too_large 400, read_only 503.';

CREATE FUNCTION restate.push_and_start(
    ids restate_invocation_id[], attempts bigint[], frames bytea[], first_commands bigint[], known bigint[], servers text[],
    worker text, max integer, deployments restate_deployment_id[])
  RETURNS TABLE (ordinality bigint, id restate_invocation_id, ok boolean, category text, message text, error_code text,
    reply bytea, commands bigint, entries bigint, status text, next_retry_at timestamptz, result bytea, seed bigint,
    made_ready boolean, known_before bigint)
  LANGUAGE C VOLATILE CALLED ON NULL INPUT SECURITY DEFINER PARALLEL UNSAFE ROWS 10
  AS 'MODULE_PATHNAME', 'restate_push_and_start';
REVOKE ALL ON FUNCTION restate.push_and_start(
  restate_invocation_id[], bigint[], bytea[], bigint[], bigint[], text[], text, integer, restate_deployment_id[]) FROM PUBLIC;
COMMENT ON FUNCTION restate.push_and_start(
  restate_invocation_id[], bigint[], bytea[], bigint[], bigint[], text[], text, integer, restate_deployment_id[]) IS
'What restate_push_and_claim() does, but that of an attempt that was started there is its id alone.';

CREATE FUNCTION restate_push_and_claim(
    ids restate_invocation_id[], attempts bigint[], frames bytea[], first_commands bigint[], known bigint[], servers text[],
    worker text, max integer, deployments restate_deployment_id[])
  RETURNS TABLE (ordinality bigint, id restate_invocation_id, ok boolean, category text, message text, error_code text,
    reply bytea, commands bigint, entries bigint, status text, next_retry_at timestamptz, result bytea, seed bigint,
    made_ready boolean, known_before bigint, attempt bigint, service text, handler text, deployment restate_deployment_id,
    protocol_version integer, attempt_count bigint, inactivity_timeout interval, abort_timeout interval, request bytea)
  LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT SECURITY DEFINER PARALLEL UNSAFE ROWS 10
  SET search_path = pg_catalog, pg_temp
AS $function$
#variable_conflict use_column
DECLARE
  started restate_invocation_id[];
BEGIN
  FOR ordinality, id, ok, category, message, error_code, reply, commands, entries, status, next_retry_at, result, seed, made_ready,
      known_before IN
    SELECT p.* FROM restate.push_and_start($1, $2, $3, $4, $5, $6, $7, $8, $9) AS p
  LOOP
    IF ordinality IS NULL AND known_before IS NULL THEN
      started := array_append(started, id);
    ELSE
      RETURN NEXT;
    END IF;
  END LOOP;
  IF started IS NOT NULL THEN
    RETURN QUERY SELECT NULL::bigint, a.id, NULL::boolean, NULL, NULL, NULL, NULL::bytea, a.commands, a.entries, NULL, NULL::timestamptz,
        NULL::bytea, NULL::bigint, NULL::boolean, NULL::bigint, a.attempt, a.service, a.handler, a.deployment, a.protocol_version, a.attempts,
        a.inactivity_timeout, a.abort_timeout, a.request
      FROM restate.read_attempts(started, true) AS a;
  END IF;
END
$function$;
REVOKE ALL ON FUNCTION restate_push_and_claim(
  restate_invocation_id[], bigint[], bytea[], bigint[], bigint[], text[], text, integer, restate_deployment_id[]) FROM PUBLIC;
COMMENT ON FUNCTION restate_push_and_claim(
  restate_invocation_id[], bigint[], bytea[], bigint[], bigint[], text[], text, integer, restate_deployment_id[]) IS
'restate_push(), and in the same transaction an attempt on each invocation that becomes ready by it: a callee, the next of an object, a caller that was suspended. ids, attempts, frames, first_commands, known, servers: of restate_push(). worker: who runs them. max: how many at most, 1 to 10000. deployments: on which; of what starts on others, or is of a service that is held, nothing is started. The rows of restate_push(), of which made_ready says whether something has become ready and was not started; then, without an ordinality, one for each other attempt of the worker whose journal something has come to by the call: id, reply, the frames of that, known_before and entries, how many entries the journal had before and has now; restate_push() notifies the worker instead. Then one for each attempt that was started: id, attempt, service, handler, deployment, protocol_version, attempt_count (attempts of restate_claim()), inactivity_timeout, abort_timeout, commands, entries and request, in frames. Where Citus distributes the tables none is started. Errors: those of restate_push(), and invalid_query_parameter 400 for a worker, max or deployments that cannot be.';

-- What is late by its own measure, and what a deployment is still needed for.  Both
-- views read what is in flight, by its index, and what belongs to it by keys.

CREATE FUNCTION restate.stuck_after(reason text) RETURNS interval
  LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
  RETURN CASE reason
    WHEN 'unclaimed' THEN interval '1 minute'
    WHEN 'unserved' THEN interval '1 minute'
    WHEN 'overdue' THEN interval '1 minute'
    WHEN 'retrying' THEN interval '10 minutes'
    WHEN 'paused' THEN interval '10 minutes'
    WHEN 'key_blocked' THEN interval '10 minutes'
    WHEN 'service_held' THEN interval '10 minutes'
    WHEN 'not_adopted' THEN interval '1 hour'
    WHEN 'worker_silent' THEN restate.worker_silence()
    -- what does not mend by itself is late at once
    WHEN 'worker_gone' THEN interval '0'
    WHEN 'deployment_gone' THEN interval '0'
    WHEN 'callee_gone' THEN interval '0' END;
COMMENT ON FUNCTION restate.stuck_after(text) IS
'How long something may last before restate.sys_stuck has it. reason: as there. Null: for another reason.';

CREATE FUNCTION restate.define_stuck_elsewhere(of_nodes boolean) RETURNS void
  LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
  SET search_path = pg_catalog, pg_temp
AS $function$
BEGIN
  EXECUTE 'CREATE OR REPLACE VIEW restate.stuck_elsewhere WITH (security_barrier) AS ' || CASE WHEN of_nodes THEN $view$
    SELECT e.reason, e.id, e.target COLLATE "C", e.status, e.since, e.age, e.detail, e.target_service_name COLLATE "C", e.target_service_key,
      e.target_handler_name, e.deployment_id, e.worker_name, e.related_id, e.waiting, e.retry_count, e.last_failure
    FROM restate.stuck_elsewhere_of_nodes() AS e
  $view$ ELSE $view$
    -- suspended on a call whose callee is not there: the result never comes
    SELECT 'callee_gone' AS reason, i.id, concat_ws('/', i.target_service_name, i.target_service_key, i.target_handler_name) AS target,
      i.status, i.modified_at AS since, now() - i.modified_at AS age,
      format('it waits for %s, called at index %s, which is not there', c.invoked_id, c.index) AS detail,
      i.target_service_name, i.target_service_key, i.target_handler_name, i.pinned_deployment_id AS deployment_id, i.worker_name,
      c.invoked_id AS related_id, NULL::bigint AS waiting,
      i.retry_count, i.last_failure
    FROM restate.invocation i
    CROSS JOIN LATERAL (
      SELECT j.invoked_id, j.index FROM restate.journal j
      WHERE j.id = i.id AND j.partition_key = i.partition_key AND j.invoked_id IS NOT NULL
        AND j.entry_type = 'Command: Call' AND j.result_completion_id = ANY (i.suspended_waiting_for_completions)
        AND NOT EXISTS (SELECT FROM restate.invocation e
          WHERE e.id = j.invoked_id AND e.partition_key = restate_partition_key_of_id(j.invoked_id))
      ORDER BY j.index LIMIT 1) AS c
    WHERE i.completed_at IS NULL AND i.status = 'suspended' AND cardinality(i.suspended_waiting_for_completions) > 0
      AND i.is_foreign IS NOT TRUE AND i.modified_at <= now() - restate.stuck_after('callee_gone')
    UNION ALL
    -- a service is held, and something of it could run
    SELECT 'service_held', NULL, h.service_name, NULL, h.held_at, now() - h.held_at,
      concat_ws(': ', 'held by ' || h.role_name, h.reason),
      h.service_name, NULL, NULL, NULL, NULL, NULL, r.waiting, NULL, NULL
    FROM restate.held_service h
    CROSS JOIN LATERAL (
      SELECT count(*) FROM (SELECT FROM restate.runnable r WHERE r.service_name = h.service_name LIMIT 1000) AS r) AS r (waiting)
    WHERE r.waiting > 0 AND h.held_at <= now() - restate.stuck_after('service_held')
  $view$ END;
END
$function$;
REVOKE ALL ON FUNCTION restate.define_stuck_elsewhere(boolean) FROM PUBLIC;
COMMENT ON FUNCTION restate.define_stuck_elsewhere(boolean) IS
'Gives restate.stuck_elsewhere the form that reads tables of one server, or that of distributed ones. of_nodes: which.';
SELECT restate.define_stuck_elsewhere(of_nodes => false);
REVOKE ALL ON restate.stuck_elsewhere FROM PUBLIC;
COMMENT ON VIEW restate.stuck_elsewhere IS
'Of restate.sys_stuck what takes more than the partition of an invocation. Where the tables are distributed restate_distribute() puts restate.stuck_elsewhere_of_nodes() in its place.';

CREATE VIEW restate.sys_stuck WITH (security_barrier) AS
-- what the row of an invocation says
SELECT s.reason, i.id,
  concat_ws('/', i.target_service_name, i.target_service_key, i.target_handler_name) AS target,
  i.status, s.since, now() - s.since AS age,
  CASE s.reason
    WHEN 'unclaimed' THEN 'ready, and no worker claims it'
    WHEN 'unserved' THEN 'ready, and no registered deployment serves its service'
    WHEN 'overdue' THEN CASE i.status WHEN 'scheduled' THEN 'its start' ELSE 'its next attempt' END
      || ' is due, and no restate_tick() has come to it'
    WHEN 'retrying' THEN format('%s failed since it last got on: %s',
      CASE coalesce(i.entry_retry_count, 0) WHEN 0 THEN 'its attempts have' WHEN 1 THEN '1 attempt has'
        ELSE i.entry_retry_count || ' attempts have' END, coalesce(split_part(i.last_failure, E'\n', 1), 'no failure is known'))
    WHEN 'paused' THEN coalesce('it waits to be resumed, after ' || CASE WHEN i.entry_retry_count > 0 THEN split_part(i.last_failure, E'\n', 1) END,
      'it waits to be resumed')
    WHEN 'worker_silent' THEN format('worker %s is not heard of, and no restate_tick() has taken the attempt', i.worker_name)
    WHEN 'worker_gone' THEN format('worker %s is not known, so that no restate_tick() takes the attempt', coalesce(i.worker_name, 'of no name'))
    WHEN 'deployment_gone' THEN format('it is pinned to %s, which is not registered', i.pinned_deployment_id)
    WHEN 'not_adopted' THEN 'it was in flight when it came, and nothing runs it here before restate_adopt()' END AS detail,
  i.target_service_name, i.target_service_key, i.target_handler_name,
  i.pinned_deployment_id AS deployment_id, i.worker_name, NULL::restate_invocation_id AS related_id, NULL::bigint AS waiting,
  i.retry_count, i.last_failure
FROM restate.invocation i
LEFT JOIN restate.deployment d ON d.id = i.pinned_deployment_id
LEFT JOIN restate.worker w ON w.name = i.worker_name COLLATE "C"
LEFT JOIN restate.held_service h ON h.service_name = i.target_service_name COLLATE "C"
LEFT JOIN restate.sys_service l ON l.name = i.target_service_name
CROSS JOIN LATERAL (SELECT coalesce(i.last_entry_at, i.running_at, i.created_at)) AS p (progress_at)
CROSS JOIN LATERAL (SELECT i.status = 'ready' AND i.pinned_deployment_id IS NULL AND l.name IS NULL) AS u (is_unserved)
CROSS JOIN LATERAL (VALUES
  ('unclaimed', CASE WHEN i.status = 'ready' AND h.service_name IS NULL AND NOT u.is_unserved
    AND (i.pinned_deployment_id IS NULL OR d.id IS NOT NULL) THEN i.modified_at END),
  ('unserved', CASE WHEN u.is_unserved THEN i.modified_at END),
  ('overdue', CASE i.status WHEN 'backing-off' THEN i.next_retry_at WHEN 'scheduled' THEN i.scheduled_start_at END),
  ('retrying', CASE WHEN i.status = 'backing-off' OR i.status IN ('ready', 'running') AND i.entry_retry_count > 0
    THEN p.progress_at END),
  ('paused', CASE WHEN i.status = 'paused' THEN CASE WHEN i.entry_retry_count > 0 THEN p.progress_at ELSE i.modified_at END END),
  ('worker_silent', CASE WHEN i.status = 'running' THEN w.last_seen END),
  ('worker_gone', CASE WHEN i.status = 'running' AND i.attempt IS NOT NULL AND w.name IS NULL THEN i.modified_at END),
  ('deployment_gone', CASE WHEN i.pinned_deployment_id IS NOT NULL AND d.id IS NULL THEN i.modified_at END),
  ('not_adopted', i.modified_at)) AS s (reason, since)
WHERE i.completed_at IS NULL AND s.since <= now() - restate.stuck_after(s.reason)
  AND (s.reason = 'not_adopted') = (i.is_foreign IS TRUE)
UNION ALL
-- sleeps, each invocation once
SELECT 'overdue', i.id, concat_ws('/', i.target_service_name, i.target_service_key, i.target_handler_name),
  i.status, t.since, now() - t.since,
  CASE t.sleeps WHEN 1 THEN 'a sleep is' ELSE t.sleeps || ' sleeps are' END || ' over, and no restate_tick() has come to it',
  i.target_service_name, i.target_service_key, i.target_handler_name, i.pinned_deployment_id, i.worker_name, NULL, NULL,
  i.retry_count, i.last_failure
FROM (
  SELECT t.id, t.partition_key, t.seed, min(t.due_at) AS since, count(*) AS sleeps
  FROM restate.timer t
  WHERE t.kind = 'sleep' AND t.due_at <= now() - restate.stuck_after('overdue')
  GROUP BY t.id, t.partition_key, t.seed) AS t
JOIN restate.invocation i ON i.id = t.id AND i.partition_key = t.partition_key
WHERE i.completed_at IS NULL AND i.status <> 'backing-off' AND (t.seed = 0 OR t.seed = i.random_seed)
UNION ALL
-- the holder of an object key stands still, and others wait
SELECT 'key_blocked', i.id, concat_ws('/', i.target_service_name, i.target_service_key, i.target_handler_name),
  i.status, s.since, now() - s.since,
  format('%s, and others wait for its object key, the first since %s', i.status, to_char(n.inboxed_at AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI:SS "UTC"')),
  i.target_service_name, i.target_service_key, i.target_handler_name, i.pinned_deployment_id, i.worker_name, n.id,
  (SELECT count(*) FROM (SELECT FROM restate.invocation w
    WHERE w.inbox_sequence_number IS NOT NULL AND w.partition_key = i.partition_key
      AND w.target_service_name = i.target_service_name COLLATE "C"
      AND restate.indexed_key(w.target_service_key) = restate.indexed_key(i.target_service_key) LIMIT 1000) AS w),
  i.retry_count, i.last_failure
FROM restate.invocation i
CROSS JOIN LATERAL (
  SELECT w.id, coalesce(w.inboxed_at, w.created_at) AS inboxed_at FROM restate.invocation w
  WHERE w.inbox_sequence_number IS NOT NULL AND w.partition_key = i.partition_key
    AND w.target_service_name = i.target_service_name COLLATE "C"
    AND restate.indexed_key(w.target_service_key) = restate.indexed_key(i.target_service_key)
  ORDER BY w.inbox_sequence_number LIMIT 1) AS n
CROSS JOIN LATERAL (SELECT greatest(i.modified_at, n.inboxed_at)) AS s (since)
WHERE i.completed_at IS NULL AND i.target_handler_ty = 'exclusive' AND i.status IN ('suspended', 'paused', 'backing-off')
  AND i.is_foreign IS NOT TRUE AND s.since <= now() - restate.stuck_after('key_blocked')
UNION ALL
-- what the tables of other partitions say
SELECT e.reason, e.id, e.target, e.status, e.since, e.age, e.detail, e.target_service_name, e.target_service_key, e.target_handler_name,
  e.deployment_id, e.worker_name, e.related_id, e.waiting, e.retry_count, e.last_failure
FROM restate.stuck_elsewhere e;
REVOKE ALL ON restate.sys_stuck FROM PUBLIC;
COMMENT ON VIEW restate.sys_stuck IS
'What is late by its own measure, a row for each invocation and reason: the oldest first with ORDER BY since. How late is restate.stuck_after(reason). A filter on id, on target_service_name or on reason reads less.';
COMMENT ON COLUMN restate.sys_stuck.reason IS
'unclaimed: ready, and no worker claims it. unserved: ready, and no registered deployment serves its service. overdue: a start, a retry or the end of a sleep is due, and no restate_tick() has done it. retrying: its attempts fail since it last got on. paused: it waits for restate_resume(). key_blocked: it holds an object key and stands still, suspended, paused or backing-off, while others wait for the key. callee_gone: suspended on the result of a call whose callee is not there. worker_silent: its worker is not heard of, and no restate_tick() has taken the attempt. worker_gone: its worker has no row, so that none takes it. deployment_gone: pinned to a deployment that is not registered. service_held: restate_hold() keeps its service, and something of it is ready; a row for each service. not_adopted: in flight when it was imported or upgraded, and not adopted since.';
COMMENT ON COLUMN restate.sys_stuck.id IS 'The invocation; of key_blocked the one that holds the key. Null of service_held.';
COMMENT ON COLUMN restate.sys_stuck.target IS 'Service, key if it has one, and handler, between slashes; of service_held the service.';
COMMENT ON COLUMN restate.sys_stuck.status IS 'The status of the invocation. Null of service_held.';
COMMENT ON COLUMN restate.sys_stuck.since IS
'Since when: of unclaimed and unserved it is ready, of overdue the time that was due, of retrying the last entry of its journal came, and so of one that is paused after failures; of key_blocked both it stands still and another waits; of worker_silent the worker was last heard of; of service_held it is held; of the others its status last changed.';
COMMENT ON COLUMN restate.sys_stuck.age IS 'How long ago that is.';
COMMENT ON COLUMN restate.sys_stuck.detail IS 'The same in words, with what belongs to it: a failure, a worker, a deployment, a callee, who holds the service and why.';
COMMENT ON COLUMN restate.sys_stuck.target_service_name IS 'The service that is invoked, or held.';
COMMENT ON COLUMN restate.sys_stuck.target_service_key IS 'The key of the virtual object or workflow; null for a service.';
COMMENT ON COLUMN restate.sys_stuck.target_handler_name IS 'The handler that is invoked.';
COMMENT ON COLUMN restate.sys_stuck.deployment_id IS 'The deployment that it is pinned to.';
COMMENT ON COLUMN restate.sys_stuck.worker_name IS 'The worker that runs its attempt.';
COMMENT ON COLUMN restate.sys_stuck.related_id IS 'Of key_blocked the first that waits for the key; of callee_gone the callee; else null.';
COMMENT ON COLUMN restate.sys_stuck.waiting IS 'Of key_blocked how many wait for the key, of service_held how many are ready, at most 1000; else null.';
COMMENT ON COLUMN restate.sys_stuck.retry_count IS 'The attempts since it last got on, as sys_invocation has it.';
COMMENT ON COLUMN restate.sys_stuck.last_failure IS 'Why the last attempt failed.';

-- The columns of what is a part of it are what those of the whole are.
DO $do$
DECLARE
  shown record;
BEGIN
  FOR shown IN
    SELECT a.attname AS column_name, col_description(a.attrelid, a.attnum) AS said
    FROM pg_attribute AS a
    WHERE a.attrelid = 'restate.sys_stuck'::regclass AND a.attnum > 0
  LOOP
    EXECUTE format('COMMENT ON COLUMN restate.stuck_elsewhere.%I IS %L', shown.column_name, shown.said);
  END LOOP;
END
$do$;

CREATE VIEW restate.sys_deployment_blocker WITH (security_barrier) AS
SELECT i.pinned_deployment_id AS deployment_id, 'pinned' AS blocker, i.target_service_name AS service_name, i.status,
  count(*) AS count, min(i.created_at) AS oldest_at, (array_agg(i.id ORDER BY i.created_at, i.id))[1] AS oldest_id
FROM restate.invocation i
WHERE i.completed_at IS NULL AND i.pinned_deployment_id IS NOT NULL
GROUP BY i.pinned_deployment_id, i.target_service_name, i.status
UNION ALL
SELECT l.deployment_id, 'unpinned', i.target_service_name, i.status, count(*), min(i.created_at),
  (array_agg(i.id ORDER BY i.created_at, i.id))[1]
FROM restate.invocation i
JOIN restate.sys_service l ON l.name = i.target_service_name
WHERE i.completed_at IS NULL AND i.pinned_deployment_id IS NULL
GROUP BY l.deployment_id, i.target_service_name, i.status
UNION ALL
SELECT l.deployment_id, 'latest', l.name, NULL, NULL, NULL, NULL
FROM restate.sys_service l;
REVOKE ALL ON restate.sys_deployment_blocker FROM PUBLIC;
COMMENT ON VIEW restate.sys_deployment_blocker IS
'What deployments are still needed for: those that have no row are drained. A deployment that is not registered any more has rows of what is pinned to it.';
COMMENT ON COLUMN restate.sys_deployment_blocker.deployment_id IS 'The deployment.';
COMMENT ON COLUMN restate.sys_deployment_blocker.blocker IS
'pinned: invocations that have not completed are pinned to it, and run nowhere else unless they are resumed on another. unpinned: invocations that have not begun will run on it, the latest of their service. latest: it serves the latest revision of the service, and gets what comes.';
COMMENT ON COLUMN restate.sys_deployment_blocker.service_name IS 'The service.';
COMMENT ON COLUMN restate.sys_deployment_blocker.status IS 'The status of these invocations. Null of latest.';
COMMENT ON COLUMN restate.sys_deployment_blocker.count IS 'How many there are. Null of latest.';
COMMENT ON COLUMN restate.sys_deployment_blocker.oldest_at IS 'When the oldest of them was created. Null of latest.';
COMMENT ON COLUMN restate.sys_deployment_blocker.oldest_id IS 'The oldest of them. Null of latest.';

CREATE FUNCTION restate_backlog(most integer DEFAULT 10000)
  RETURNS TABLE (kind text, name text, amount bigint)
  LANGUAGE plpgsql STABLE CALLED ON NULL INPUT SECURITY DEFINER PARALLEL RESTRICTED ROWS 20
  -- each count ends at its bound, which a scan of a whole table does not
  SET search_path = pg_catalog, pg_temp SET enable_seqscan = off SET enable_bitmapscan = off
AS $function$
BEGIN
  IF $1 IS NULL OR $1 < 1 THEN
    PERFORM restate.refuse('invalid_query_parameter', 'most must be at least 1');
  END IF;
  IF restate.is_distributed() THEN
    -- each shard counts what it has: an end to that would be one of all shards
    RETURN QUERY
      SELECT 'ready', r.service_name::text, least(r.amount, $1)
      FROM (SELECT r.service_name, count(*) AS amount FROM restate.runnable AS r GROUP BY r.service_name ORDER BY r.service_name LIMIT 1000) AS r
      UNION ALL
      SELECT 'inbox', NULL, least(count(*), $1) FROM restate.invocation AS i WHERE i.inbox_sequence_number IS NOT NULL
      UNION ALL
      SELECT l.lateness, k.kind::text, least(coalesce(sum(t.amount) FILTER (WHERE l.since = interval '0' OR t.is_late), 0), $1)::bigint
      FROM unnest(enum_range(NULL::restate.timer_kind)) AS k (kind)
      CROSS JOIN (VALUES ('due', interval '0'), ('late', interval '1 second')) AS l (lateness, since)
      LEFT JOIN (
        SELECT t.kind, t.due_at <= now() - interval '1 second' AS is_late, count(*) AS amount
        FROM restate.timer AS t WHERE t.due_at <= now() GROUP BY 1, 2) AS t ON t.kind = k.kind
      GROUP BY l.lateness, l.since, k.kind;
    RETURN;
  END IF;
  RETURN QUERY
    -- the services of which something is ready, each found behind the one before
    WITH RECURSIVE service (service_name, place) AS (
      (SELECT r.service_name, 1 FROM restate.runnable AS r ORDER BY r.service_name LIMIT 1)
      UNION ALL
      SELECT n.service_name, s.place + 1
      FROM service AS s
      CROSS JOIN LATERAL (
        SELECT r.service_name FROM restate.runnable AS r WHERE r.service_name > s.service_name
        ORDER BY r.service_name LIMIT 1) AS n
      WHERE s.place < 1000)
    SELECT 'ready', s.service_name::text, (
      SELECT count(*) FROM (SELECT FROM restate.runnable AS r WHERE r.service_name = s.service_name LIMIT $1) AS f)
    FROM service AS s
    UNION ALL
    SELECT 'inbox', NULL, count(*)
    FROM (SELECT FROM restate.invocation AS i WHERE i.inbox_sequence_number IS NOT NULL LIMIT $1) AS f
    UNION ALL
    SELECT l.lateness, k.kind::text, (
      SELECT count(*) FROM (SELECT FROM restate.timer AS t WHERE t.kind = k.kind AND t.due_at <= now() - l.since LIMIT $1) AS f)
    FROM unnest(enum_range(NULL::restate.timer_kind)) AS k (kind)
    CROSS JOIN (VALUES ('due', interval '0'), ('late', interval '1 second')) AS l (lateness, since);
END
$function$;
REVOKE ALL ON FUNCTION restate_backlog(integer) FROM PUBLIC;
COMMENT ON FUNCTION restate_backlog(integer) IS
'What waits: a row for each kind of it, without locks. kind, name: ready, the invocations of a service, its name, that no worker has claimed, for up to 1000 services that have some; inbox, those that wait for their object key; due, the timers of a kind (sleep, schedule, retry, expiry) whose time has come and that no restate_tick() has done, and late, those of them that have been due for more than a second. amount: how many, most at most. Its cost is bounded by most and the number of rows that it returns, but where Citus distributes the tables, where all is counted. Error: invalid_query_parameter 400.';

CREATE VIEW restate_api.stuck AS
SELECT s.reason, s.id, s.target, s.status, s.since::restate.instant, s.age::restate.duration, s.detail,
  s.target_service_name, s.target_service_key, s.target_handler_name, s.deployment_id, s.worker_name, s.related_id, s.waiting,
  s.retry_count, s.last_failure
FROM restate.sys_stuck s;
REVOKE ALL ON restate_api.stuck FROM PUBLIC;
COMMENT ON VIEW restate_api.stuck IS
'What is late by its own measure: restate.sys_stuck.';

CREATE VIEW restate_api.deployment_blockers AS
SELECT b.deployment_id, b.blocker, b.service_name, b.status, b.count, b.oldest_at::restate.instant, b.oldest_id
FROM restate.sys_deployment_blocker b;
REVOKE ALL ON restate_api.deployment_blockers FROM PUBLIC;
COMMENT ON VIEW restate_api.deployment_blockers IS
'What deployments are still needed for: restate.sys_deployment_blocker.';

DO $do$
DECLARE
  kind record;
  view regclass;
BEGIN
  FOR kind IN
    SELECT * FROM (VALUES
      ('{restate.sys_stuck, restate.stuck_elsewhere, restate_api.stuck}'::regclass[],
        'restate_explain() tells of an invocation what it waits for; what is late is told by where invocations stand.',
        'restate_resume(), restate_cancel(), restate_kill() and restate_release() have something go on, or end it.',
        'restate_resume(), restate_cancel(), restate_kill() and restate_release() have something go on, or end it.'),
      ('{restate.sys_deployment_blocker, restate_api.deployment_blockers}',
        'restate_register_deployment() registers a deployment; what it is needed for is told by where invocations stand.',
        'restate_resume() takes a paused or suspended invocation to another deployment, restate_cancel() and restate_kill() end one.',
        'restate_resume() takes a paused or suspended invocation to another deployment, restate_cancel() and restate_kill() end one.')
    ) AS k (views, on_insert, on_update, on_delete)
  LOOP
    FOREACH view IN ARRAY kind.views LOOP
      EXECUTE format('CREATE TRIGGER only_reads BEFORE INSERT OR UPDATE OR DELETE ON %s EXECUTE FUNCTION restate.refuse_write(%L, %L, %L)',
        view, kind.on_insert, kind.on_update, kind.on_delete);
      EXECUTE format('CREATE TRIGGER only_reads_row INSTEAD OF INSERT OR UPDATE OR DELETE ON %s FOR EACH ROW EXECUTE FUNCTION restate.refuse_write()',
        view);
    END LOOP;
  END LOOP;
END
$do$;

-- Bulk jobs: one operation on all that a filter matches, in batches that are
-- transactions of their own.
--
-- A job's set is written down when it is started, one row of restate.bulk_target an
-- invocation: what comes later is not in it, nor what the job itself makes.  A batch
-- takes the next of these rows in the order of their ids, has the operation decide on
-- what still matches, and removes the rows with that, so that nothing is done twice.
-- What others have locked stays for a later round.

CREATE TYPE restate.bulk_state AS ENUM ('running', 'paused', 'aborted', 'done');
COMMENT ON TYPE restate.bulk_state IS
'Where a bulk job stands: it is to be run, it is stopped, or it has ended, early or with all done.';

CREATE TABLE restate.bulk_job (
  job uuid PRIMARY KEY,
  operation text NOT NULL,
  filter jsonb NOT NULL,
  options jsonb NOT NULL,
  reason text,
  role_name text NOT NULL,
  session_user_name text NOT NULL,
  claimed_subject text,
  state restate.bulk_state NOT NULL,
  created_at timestamptz NOT NULL,
  started_at timestamptz,
  ended_at timestamptz,
  matched bigint NOT NULL,
  done bigint NOT NULL DEFAULT 0,
  failed bigint NOT NULL DEFAULT 0,
  passed_over bigint NOT NULL DEFAULT 0,
  put_off bigint NOT NULL DEFAULT 0,
  outcomes jsonb NOT NULL DEFAULT '{}',
  failures jsonb NOT NULL DEFAULT '{}',
  examples jsonb NOT NULL DEFAULT '{}',
  batches bigint NOT NULL DEFAULT 0,
  last_batch_at timestamptz,
  last_batch_size bigint,
  rate_since timestamptz,
  rate_from bigint,
  next_due_at timestamptz,
  last_id restate_invocation_id,
  round integer NOT NULL DEFAULT 0
) WITH (fillfactor = 50);
REVOKE ALL ON restate.bulk_job FROM PUBLIC;
CREATE INDEX bulk_job_running_idx ON restate.bulk_job (created_at) WHERE state = 'running';
COMMENT ON TABLE restate.bulk_job IS
'The bulk jobs, those that have ended too: restate_tick() removes these after restate.bulk_job_retention(). Read them through restate.sys_bulk_job.';
COMMENT ON COLUMN restate.bulk_job.rate_since IS
'Since when its rate is measured: the beginning of the first batch since it was started or resumed; null before.';
COMMENT ON COLUMN restate.bulk_job.rate_from IS
'How many had been dealt with by then.';
COMMENT ON COLUMN restate.bulk_job.last_id IS
'The last of its set that a batch of this round has looked at; null before the first.';
COMMENT ON COLUMN restate.bulk_job.round IS
'How often the set was gone through: again and again while some of it is locked.';

CREATE TABLE restate.bulk_target (
  job uuid NOT NULL,
  id restate_invocation_id NOT NULL,
  partition_key bigint NOT NULL,
  PRIMARY KEY (job, id, partition_key)
);
REVOKE ALL ON restate.bulk_target FROM PUBLIC;
COMMENT ON TABLE restate.bulk_target IS
'What is left of the sets of bulk jobs: an invocation that a job is still to deal with.';

-- what a job is asked for

CREATE TYPE restate.bulk_filter AS (
  service text,
  handler text,
  key_prefix text,
  statuses text[],
  in_flight boolean,
  created_before timestamptz,
  created_after timestamptz,
  completed_before timestamptz,
  completed_after timestamptz,
  deployment restate_deployment_id,
  failure text);
COMMENT ON TYPE restate.bulk_filter IS
'The filter of a bulk job as restate.read_bulk_filter() reads it; what is null does not narrow it.';

CREATE FUNCTION restate.bulk_matches(
    filter restate.bulk_filter, started_at timestamptz, service text, handler text, key text, status text,
    created_at timestamptz, completed_at timestamptz, deployment restate_deployment_id, failure text, last_failure text)
  RETURNS boolean
  LANGUAGE sql IMMUTABLE CALLED ON NULL INPUT PARALLEL SAFE
  RETURN created_at <= started_at
    AND ((filter).service IS NULL OR service = (filter).service)
    AND ((filter).handler IS NULL OR handler = (filter).handler)
    AND ((filter).key_prefix IS NULL OR key ^@ (filter).key_prefix)
    AND ((filter).in_flight IS NULL OR (completed_at IS NULL) = (filter).in_flight)
    AND ((filter).statuses IS NULL OR status = ANY ((filter).statuses)
      OR restate.coarse_status(status) = ANY ((filter).statuses))
    AND ((filter).created_before IS NULL OR created_at < (filter).created_before)
    AND ((filter).created_after IS NULL OR created_at >= (filter).created_after)
    AND ((filter).completed_before IS NULL OR completed_at < (filter).completed_before)
    AND ((filter).completed_after IS NULL OR completed_at >= (filter).completed_after)
    AND ((filter).deployment IS NULL OR deployment = (filter).deployment)
    AND ((filter).failure IS NULL OR failure LIKE (filter).failure OR last_failure LIKE (filter).failure);
REVOKE ALL ON FUNCTION restate.bulk_matches(restate.bulk_filter, timestamptz, text, text, text, text, timestamptz, timestamptz,
  restate_deployment_id, text, text) FROM PUBLIC;
COMMENT ON FUNCTION restate.bulk_matches(restate.bulk_filter, timestamptz, text, text, text, text, timestamptz, timestamptz,
  restate_deployment_id, text, text) IS
'Whether an invocation, of which these are columns, is in the set of a bulk job that was started then. The planner puts the expression in place of the call, so that a filter that is known serves with its indexes.';

CREATE FUNCTION restate.read_bulk_time(field text, value text) RETURNS timestamptz
  LANGUAGE plpgsql STABLE CALLED ON NULL INPUT PARALLEL SAFE
  SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
  at timestamptz;
BEGIN
  BEGIN
    at := value::timestamptz;
  EXCEPTION WHEN data_exception THEN
    at := 'infinity';
  END;
  IF NOT isfinite(at) THEN
    PERFORM restate.refuse('invalid_query_parameter', format('%s of the filter must be a time, and is', field), value);
  END IF;
  RETURN at;
END
$function$;
REVOKE ALL ON FUNCTION restate.read_bulk_time(text, text) FROM PUBLIC;
COMMENT ON FUNCTION restate.read_bulk_time(text, text) IS
'The time in a field of a bulk job''s filter. Error: invalid_query_parameter 400.';

CREATE FUNCTION restate.read_bulk_filter(filter jsonb, OUT asked restate.bulk_filter, OUT shown jsonb)
  LANGUAGE plpgsql STABLE CALLED ON NULL INPUT PARALLEL SAFE
  SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
  field record;
  word text;
BEGIN
  shown := '{}';
  IF jsonb_typeof($1) IS DISTINCT FROM 'object' THEN
    PERFORM restate.refuse('invalid_query_parameter', 'the filter must be an object');
  END IF;
  IF $1 = '{}' THEN
    PERFORM restate.refuse('invalid_query_parameter', 'the filter is empty',
      hint => 'The filter {"all": true} matches every invocation.');
  END IF;
  FOR field IN SELECT f.key, f.value, jsonb_typeof(f.value) AS is_a, f.value #>> '{}' AS text FROM jsonb_each($1) AS f LOOP
    shown := jsonb_set(shown, ARRAY[field.key], field.value);
    IF field.key = 'all' THEN
      IF field.value <> 'true' OR $1 <> '{"all": true}' THEN
        PERFORM restate.refuse('invalid_query_parameter', 'all of the filter must be true, and the only field');
      END IF;
      CONTINUE;
    END IF;
    IF field.key NOT IN ('service', 'handler', 'key_prefix', 'status', 'created_before', 'created_after',
      'completed_before', 'completed_after', 'deployment', 'failure')
    THEN
      PERFORM restate.refuse('invalid_query_parameter', 'the filter has an unknown field', field.key);
    END IF;
    IF field.key = 'status' AND field.is_a = 'array' THEN
      IF field.value = '[]' OR jsonb_path_exists(field.value, 'strict $[*] ? (@.type() != "string")') THEN
        PERFORM restate.refuse('invalid_query_parameter', 'status of the filter must be a status or an array of them');
      END IF;
      asked.statuses := ARRAY(SELECT s FROM jsonb_array_elements_text(field.value) AS s);
    ELSIF field.is_a <> 'string' OR field.text = '' THEN
      PERFORM restate.refuse('invalid_query_parameter', format('%s of the filter must be a text that is not empty', field.key));
    END IF;
    CASE field.key
      WHEN 'service' THEN asked.service := field.text;
      WHEN 'handler' THEN asked.handler := field.text;
      WHEN 'key_prefix' THEN asked.key_prefix := field.text;
      WHEN 'status' THEN
        IF field.is_a = 'string' THEN
          asked.statuses := ARRAY[field.text];
        END IF;
        FOREACH word IN ARRAY asked.statuses LOOP
          IF restate.status_of(word) IS NULL THEN
            PERFORM restate.refuse('invalid_query_parameter', 'no invocation has the status', word);
          END IF;
        END LOOP;
        asked.in_flight := CASE
          WHEN 'completed' <> ALL (asked.statuses) THEN true
          WHEN 'completed' = ALL (asked.statuses) THEN false END;
      WHEN 'created_before' THEN asked.created_before := restate.read_bulk_time(field.key, field.text);
      WHEN 'created_after' THEN asked.created_after := restate.read_bulk_time(field.key, field.text);
      WHEN 'completed_before' THEN asked.completed_before := restate.read_bulk_time(field.key, field.text);
      WHEN 'completed_after' THEN asked.completed_after := restate.read_bulk_time(field.key, field.text);
      WHEN 'deployment' THEN asked.deployment := field.text;
      WHEN 'failure' THEN
        -- what LIKE would raise, and only once it gets there
        IF field.text ~ E'^([^\\\\]|\\\\.)*\\\\$' THEN
          PERFORM restate.refuse('invalid_query_parameter', 'failure of the filter must not end with a single backslash');
        END IF;
        asked.failure := field.text;
    END CASE;
    IF field.key ~ '_(before|after)$' THEN
      -- whoever runs a batch may have another time zone
      shown := jsonb_set(shown, ARRAY[field.key], to_jsonb(restate.timestamp_text(restate.read_bulk_time(field.key, field.text))));
    END IF;
  END LOOP;

  IF asked.created_after >= asked.created_before OR asked.completed_after >= asked.completed_before THEN
    PERFORM restate.refuse('invalid_query_parameter', 'the filter has a time before which something must be that is not later than the one after which it must be');
  END IF;
  IF asked.in_flight AND (asked.completed_before IS NOT NULL OR asked.completed_after IS NOT NULL) THEN
    PERFORM restate.refuse('invalid_query_parameter', 'the filter asks when invocations completed, and for statuses of which none is completed');
  END IF;
END
$function$;
REVOKE ALL ON FUNCTION restate.read_bulk_filter(jsonb) FROM PUBLIC;
COMMENT ON FUNCTION restate.read_bulk_filter(jsonb) IS
'Reads the filter of a bulk job. asked: what it asks for; shown: the same as an object, with times in UTC. Errors: invalid_query_parameter 400, invalid_deployment_id 400.';

CREATE FUNCTION restate.read_bulk_options(
    operation text, options jsonb, OUT mode text, OUT from_index bigint, OUT deployment text, OUT at text, OUT dry_run boolean)
  LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
  SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
  field record;
BEGIN
  dry_run := false;
  IF jsonb_typeof(coalesce($2, '{}')) <> 'object' THEN
    PERFORM restate.refuse('invalid_query_parameter', 'the options must be an object');
  END IF;
  FOR field IN SELECT f.key, jsonb_typeof(f.value) AS is_a, f.value #>> '{}' AS text FROM jsonb_each($2) AS f LOOP
    IF field.key = 'dry_run' AND field.is_a = 'boolean' THEN
      dry_run := field.text;
    ELSIF field.key = 'from' AND field.is_a = 'number' AND field.text::numeric % 1 = 0
      AND field.text::numeric BETWEEN 0 AND restate.index_max()
    THEN
      from_index := field.text::numeric;
    ELSIF field.key IN ('mode', 'deployment', 'at') AND field.is_a = 'string' THEN
      mode := CASE field.key WHEN 'mode' THEN field.text ELSE mode END;
      deployment := CASE field.key WHEN 'deployment' THEN field.text ELSE deployment END;
      at := CASE field.key WHEN 'at' THEN field.text ELSE at END;
    ELSIF field.key IN ('dry_run', 'from', 'mode', 'deployment', 'at') THEN
      PERFORM restate.refuse('invalid_query_parameter', format('%s of the options must be %s, and is', field.key,
        CASE field.key WHEN 'dry_run' THEN 'true or false' WHEN 'from' THEN 'the index of a journal entry' ELSE 'a text' END), field.text);
    ELSE
      PERFORM restate.refuse('invalid_query_parameter', 'the options have an unknown field', field.key);
    END IF;
  END LOOP;
  -- on no invocation: the operation judges its parameters
  PERFORM FROM restate.operate_on($1, '{}', mode, from_index, deployment, at, NULL, true);
END
$function$;
REVOKE ALL ON FUNCTION restate.read_bulk_options(text, jsonb) FROM PUBLIC;
COMMENT ON FUNCTION restate.read_bulk_options(text, jsonb) IS
'Reads the options of a bulk job, which are the parameters of its operation and dry_run. Errors: invalid_query_parameter 400, invalid_deployment_id 400.';

CREATE FUNCTION restate.operate_on(
    operation text, ids restate_invocation_id[], mode text, "from" bigint, deployment text, at text, job uuid, dry_run boolean)
  RETURNS TABLE (ordinality bigint, id restate_invocation_id, ok boolean, category text, message text, outcome text)
  LANGUAGE c VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE ROWS 1000
  AS 'MODULE_PATHNAME', 'restate_operate_on';
REVOKE ALL ON FUNCTION restate.operate_on(text, restate_invocation_id[], text, bigint, text, text, uuid, boolean) FROM PUBLIC;
COMMENT ON FUNCTION restate.operate_on(text, restate_invocation_id[], text, bigint, text, text, uuid, boolean) IS
'Runs an operation on invocations for a bulk job, whose id the audit has among the parameters, as the batch function of the operation does, and returns a row for each, in order. dry_run: only tells what it would do, as restate_dry_run() does.';

CREATE FUNCTION restate.asking(
    OUT role_name text, OUT session_user_name text, OUT claimed_subject text, OUT reason text, OUT is_audited boolean)
  LANGUAGE c VOLATILE PARALLEL RESTRICTED
  AS 'MODULE_PATHNAME', 'restate_asking';
REVOKE ALL ON FUNCTION restate.asking() FROM PUBLIC;
COMMENT ON FUNCTION restate.asking() IS
'Who asks, and why, as the audit has it: the role in force outside SECURITY DEFINER functions, who logged in, the subject and the reason that the session claims; the reason is null where it is empty. is_audited: whether the audit is written.';

CREATE FUNCTION restate.audit_bulk_job(operation text, outcome text, job uuid, parameters jsonb, reason text) RETURNS void
  LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
  SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
  who CONSTANT record := restate.asking();
BEGIN
  IF who.is_audited THEN
    -- of no invocation, and so of no partition
    INSERT INTO restate.audit (partition_key, id, at, operation, parameters, outcome, role_name, session_user_name, claimed_subject, reason)
      VALUES (0, NULL, now(), $1, jsonb_build_object('job', $3) || $4, $2, who.role_name, who.session_user_name, who.claimed_subject, $5);
  END IF;
END
$function$;
REVOKE ALL ON FUNCTION restate.audit_bulk_job(text, text, uuid, jsonb, text) FROM PUBLIC;
COMMENT ON FUNCTION restate.audit_bulk_job(text, text, uuid, jsonb, text) IS
'Adds a row about a bulk job to the audit, which is about no invocation.';

-- what is told of jobs

CREATE VIEW restate.sys_bulk_job AS
SELECT b.job, b.operation, b.filter, b.options, b.reason, b.role_name, b.session_user_name, b.claimed_subject,
  b.state::text AS state, b.created_at, b.started_at, b.ended_at,
  b.matched, b.done, b.failed, b.passed_over, b.matched - d.dealt AS remaining, b.put_off, b.outcomes, b.failures, b.examples,
  CASE WHEN b.matched = 0 THEN 1 ELSE round(d.dealt::numeric / b.matched, 4) END AS progress,
  round(r.rate, 1) AS rate,
  CASE WHEN b.state = 'running' THEN ceil((b.matched - d.dealt) / nullif(r.rate, 0))::bigint END AS seconds_left,
  b.batches, b.last_batch_at, b.last_batch_size, b.next_due_at
FROM restate.bulk_job b
CROSS JOIN LATERAL (SELECT b.done + b.failed + b.passed_over) AS d (dealt)
CROSS JOIN LATERAL (
  SELECT (d.dealt - b.rate_from) / nullif(extract(epoch FROM b.last_batch_at - b.rate_since), 0)) AS r (rate);
REVOKE ALL ON restate.sys_bulk_job FROM PUBLIC;
COMMENT ON VIEW restate.sys_bulk_job IS
'The bulk jobs, those that have ended too: what each was asked for, how far it is and how fast it goes.';
COMMENT ON COLUMN restate.sys_bulk_job.job IS 'Its id.';
COMMENT ON COLUMN restate.sys_bulk_job.operation IS 'What is done to each invocation.';
COMMENT ON COLUMN restate.sys_bulk_job.filter IS 'What it was asked to match, with times in UTC.';
COMMENT ON COLUMN restate.sys_bulk_job.options IS 'The parameters of the operation.';
COMMENT ON COLUMN restate.sys_bulk_job.reason IS 'Why, as whoever started it said.';
COMMENT ON COLUMN restate.sys_bulk_job.role_name IS 'The role that started it.';
COMMENT ON COLUMN restate.sys_bulk_job.session_user_name IS 'Who had logged in then.';
COMMENT ON COLUMN restate.sys_bulk_job.claimed_subject IS 'The sub of request.jwt.claims then.';
COMMENT ON COLUMN restate.sys_bulk_job.state IS 'running, also while nobody runs it; paused; aborted; done.';
COMMENT ON COLUMN restate.sys_bulk_job.created_at IS 'When it was started, and its set written down.';
COMMENT ON COLUMN restate.sys_bulk_job.started_at IS 'When its first batch began.';
COMMENT ON COLUMN restate.sys_bulk_job.ended_at IS 'When it was done or aborted.';
COMMENT ON COLUMN restate.sys_bulk_job.matched IS 'How many invocations are in its set.';
COMMENT ON COLUMN restate.sys_bulk_job.done IS 'Of how many of these the operation succeeded.';
COMMENT ON COLUMN restate.sys_bulk_job.failed IS 'Of how many it was refused, or failed.';
COMMENT ON COLUMN restate.sys_bulk_job.passed_over IS 'How many were gone, or did not match any more, when their turn came.';
COMMENT ON COLUMN restate.sys_bulk_job.remaining IS 'How many have not had their turn; of a job that was aborted they never have.';
COMMENT ON COLUMN restate.sys_bulk_job.put_off IS 'How many of these were locked by others when it was their turn.';
COMMENT ON COLUMN restate.sys_bulk_job.outcomes IS 'How many there are of each outcome.';
COMMENT ON COLUMN restate.sys_bulk_job.failures IS 'How many failed with each category of error; locked: others kept them locked all the time; an SQLSTATE: an error that is none of ours.';
COMMENT ON COLUMN restate.sys_bulk_job.examples IS 'Of each category the first that failed: its id and the message; without an id, the error that undid a whole batch.';
COMMENT ON COLUMN restate.sys_bulk_job.progress IS 'The part of its set that has had its turn, from 0 to 1.';
COMMENT ON COLUMN restate.sys_bulk_job.rate IS 'How many have their turn in a second, since it was started or resumed; null before the first batch.';
COMMENT ON COLUMN restate.sys_bulk_job.seconds_left IS 'How long the rest takes at that rate; null if it is not running.';
COMMENT ON COLUMN restate.sys_bulk_job.batches IS 'How many batches it has had.';
COMMENT ON COLUMN restate.sys_bulk_job.last_batch_at IS 'When the last one ended.';
COMMENT ON COLUMN restate.sys_bulk_job.last_batch_size IS 'How many had their turn in that.';
COMMENT ON COLUMN restate.sys_bulk_job.next_due_at IS 'From when on the next batch can be run; null if it is not running.';

CREATE FUNCTION restate_bulk_jobs(job uuid DEFAULT NULL) RETURNS SETOF restate.sys_bulk_job
  LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT SECURITY DEFINER PARALLEL RESTRICTED ROWS 10
  SET search_path = pg_catalog, pg_temp
AS $function$
BEGIN
  IF $1 IS NULL THEN
    RETURN QUERY SELECT v.* FROM restate.sys_bulk_job AS v WHERE v.ended_at IS NULL ORDER BY v.created_at DESC, v.job;
    RETURN QUERY SELECT v.* FROM restate.sys_bulk_job AS v WHERE v.ended_at IS NOT NULL ORDER BY v.ended_at DESC, v.job LIMIT 100;
    RETURN;
  END IF;
  RETURN QUERY SELECT v.* FROM restate.sys_bulk_job AS v WHERE v.job = $1;
  IF NOT FOUND THEN
    PERFORM restate.refuse('bulk_job_not_found', format('bulk job %s not found', $1));
  END IF;
END
$function$;
REVOKE ALL ON FUNCTION restate_bulk_jobs(uuid) FROM PUBLIC;
COMMENT ON FUNCTION restate_bulk_jobs(uuid) IS
'Shows a bulk job, or, for null, those that have not ended, the newest first, and then the 100 that ended last. The columns are those of restate.sys_bulk_job. Runs on a standby too. Error: bulk_job_not_found 404.';

CREATE FUNCTION restate.add_counts(a jsonb, b jsonb) RETURNS jsonb
  LANGUAGE sql IMMUTABLE CALLED ON NULL INPUT PARALLEL SAFE
  SET search_path = pg_catalog, pg_temp
AS $function$
  SELECT coalesce(jsonb_object_agg(c.key, c.n), '{}')
  FROM (
    SELECT e.key, sum(e.value::bigint) AS n
    FROM (SELECT * FROM jsonb_each_text($1) UNION ALL SELECT * FROM jsonb_each_text($2)) AS e
    GROUP BY e.key) AS c
$function$;
REVOKE ALL ON FUNCTION restate.add_counts(jsonb, jsonb) FROM PUBLIC;
COMMENT ON FUNCTION restate.add_counts(jsonb, jsonb) IS
'The sums of two objects of whole numbers, field by field; null is none.';

CREATE FUNCTION restate.operate_in_bulk(
    asked restate.bulk_job, ids restate_invocation_id[], dry_run boolean,
    OUT done bigint, OUT failed bigint, OUT outcomes jsonb, OUT failures jsonb, OUT examples jsonb)
  LANGUAGE sql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
  SET search_path = pg_catalog, pg_temp
AS $function$
  WITH r AS MATERIALIZED (
    SELECT r.* FROM restate.operate_on(($1).operation, $2, ($1).options ->> 'mode', (($1).options ->> 'from')::numeric::bigint,
      ($1).options ->> 'deployment', ($1).options ->> 'at', ($1).job, $3) AS r
    -- a dry run has others that would change behind these
    WHERE r.ordinality IS NOT NULL)
  SELECT count(*) FILTER (WHERE r.ok), count(*) FILTER (WHERE NOT r.ok),
    (SELECT coalesce(jsonb_object_agg(o.outcome, o.n), '{}')
      FROM (SELECT r.outcome, count(*) AS n FROM r WHERE r.ok GROUP BY r.outcome) AS o),
    (SELECT coalesce(jsonb_object_agg(f.category, f.n), '{}')
      FROM (SELECT r.category, count(*) AS n FROM r WHERE NOT r.ok GROUP BY r.category) AS f),
    (SELECT coalesce(jsonb_object_agg(e.category, jsonb_build_object('id', e.id, 'message', e.message)), '{}')
      FROM (SELECT DISTINCT ON (r.category) r.category, r.id, r.message FROM r WHERE NOT r.ok ORDER BY r.category, r.ordinality) AS e)
  FROM r
$function$;
REVOKE ALL ON FUNCTION restate.operate_in_bulk(restate.bulk_job, restate_invocation_id[], boolean) FROM PUBLIC;
COMMENT ON FUNCTION restate.operate_in_bulk(restate.bulk_job, restate_invocation_id[], boolean) IS
'Runs the operation of a bulk job on invocations, or with dry_run only tells what it would do: how many succeed and fail, by outcome and by category, and the first that failed of each category.';

CREATE FUNCTION restate_bulk_start(operation text, filter jsonb, options jsonb DEFAULT '{}', reason text DEFAULT NULL)
  RETURNS TABLE (job uuid, state text, matched bigint, done bigint, failed bigint, outcomes jsonb, failures jsonb)
  LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT SECURITY DEFINER PARALLEL UNSAFE ROWS 1
  -- the filter is part of the plan, for its indexes to be used
  SET search_path = pg_catalog, pg_temp SET plan_cache_mode = force_custom_plan
AS $function$
#variable_conflict use_column
DECLARE
  wanted CONSTANT record := restate.read_bulk_options($1, $3);
  read CONSTANT record := restate.read_bulk_filter($2);
  f CONSTANT restate.bulk_filter := read.asked;
  who CONSTANT record := restate.asking();
  j restate.bulk_job;
  part restate_invocation_id[];
  told record;
BEGIN
  j.operation := $1;
  j.filter := read.shown;
  j.options := coalesce($3, '{}') - 'dry_run';
  j.created_at := now();
  matched := 0;
  IF wanted.dry_run THEN
    done := 0;
    failed := 0;
    outcomes := '{}';
    failures := '{}';
    FOR part IN
      SELECT array_agg(m.id ORDER BY m.id)
      FROM (
        SELECT i.id, (row_number() OVER (ORDER BY i.id) - 1) / 1000 AS part
        FROM restate.invocation AS i
        WHERE restate.bulk_matches(f, j.created_at, i.target_service_name, i.target_handler_name, i.target_service_key,
          i.status, i.created_at, i.completed_at, i.pinned_deployment_id, i.completion_failure, i.last_failure)) AS m
      GROUP BY m.part
    LOOP
      told := restate.operate_in_bulk(j, part, true);
      matched := matched + cardinality(part);
      done := done + told.done;
      failed := failed + told.failed;
      outcomes := restate.add_counts(outcomes, told.outcomes);
      failures := restate.add_counts(failures, told.failures);
    END LOOP;
    state := 'dry_run';
    RETURN NEXT;
    RETURN;
  END IF;

  IF pg_is_in_recovery() THEN
    PERFORM restate.refuse('read_only', 'cannot start a bulk job on a standby');
  END IF;
  job := gen_random_uuid();
  INSERT INTO restate.bulk_target (job, id, partition_key)
    SELECT job, i.id, i.partition_key
    FROM restate.invocation AS i
    WHERE restate.bulk_matches(f, j.created_at, i.target_service_name, i.target_handler_name, i.target_service_key,
      i.status, i.created_at, i.completed_at, i.pinned_deployment_id, i.completion_failure, i.last_failure)
    ORDER BY i.id;
  GET DIAGNOSTICS matched = ROW_COUNT;
  state := CASE WHEN matched = 0 THEN 'done' ELSE 'running' END;
  INSERT INTO restate.bulk_job (job, operation, filter, options, reason, role_name, session_user_name, claimed_subject,
      state, created_at, ended_at, matched, next_due_at)
    VALUES (job, j.operation, j.filter, j.options, coalesce($4, who.reason), who.role_name, who.session_user_name,
      who.claimed_subject, state::restate.bulk_state, j.created_at, CASE WHEN matched = 0 THEN j.created_at END, matched,
      CASE WHEN matched > 0 THEN j.created_at END);
  PERFORM restate.audit_bulk_job('bulk_start', state, job, jsonb_build_object(
    'operation', j.operation, 'filter', j.filter, 'options', j.options, 'matched', matched), coalesce($4, who.reason));
  done := 0;
  failed := 0;
  outcomes := '{}';
  failures := '{}';
  RETURN NEXT;
END
$function$;
REVOKE ALL ON FUNCTION restate_bulk_start(text, jsonb, jsonb, text) FROM PUBLIC;
COMMENT ON FUNCTION restate_bulk_start(text, jsonb, jsonb, text) IS
'Starts a bulk job: an operation on all that a filter matches now, done in batches by restate_bulk_run() or restate_bulk_next(). operation: purge_journal, delete_invocation, restart_as_new, cancel, kill, purge, pause or resume. filter: an object of service, handler, key_prefix, status (of sys_invocation or sys_invocation_status, or an array of them), created_before, created_after, completed_before, completed_after (times; after is from that time on), deployment (an id that it is pinned to) and failure (a pattern of LIKE for the failure that it completed with, or of the last attempt); all that are given must hold; {"all": true} for every invocation. options: mode of delete_invocation; from, at and deployment of restart_as_new; deployment of resume; dry_run. reason: for the audit, of the job and of each invocation; restate_admin.reason if null. What was created later than the transaction began is not in the job, nor what it makes itself; an invocation that does not match any more when its turn comes is passed over. Returns a row: the job, its state, running, or done where nothing matches; how many matched. With dry_run the state is dry_run, there is no job and nothing is kept: done and failed, outcomes and failures tell what it would do, by outcome and by category, each 1000 by themselves as of now. dry_run runs on a standby too. Errors: invalid_query_parameter 400, invalid_deployment_id 400, read_only 503.';

CREATE FUNCTION restate.bulk_candidates(
    asked restate.bulk_job, batch integer, OUT chosen restate_invocation_id[], OUT matching restate_invocation_id[])
  LANGUAGE plpgsql STABLE CALLED ON NULL INPUT PARALLEL UNSAFE
  -- by keys, in their order, whatever the statistics say
  SET search_path = pg_catalog, pg_temp SET plan_cache_mode = force_custom_plan
  SET enable_seqscan = off SET enable_bitmapscan = off SET enable_sort = off SET jit = off
AS $function$
DECLARE
  f CONSTANT restate.bulk_filter := (restate.read_bulk_filter(asked.filter)).asked;
BEGIN
  chosen := ARRAY(
    SELECT t.id FROM restate.bulk_target AS t
    WHERE t.job = asked.job AND (asked.last_id IS NULL OR t.id > asked.last_id)
    ORDER BY t.id LIMIT batch);
  matching := ARRAY(
    WITH i AS MATERIALIZED (
      SELECT i.id, i.target_service_name, i.target_handler_name, i.target_service_key, i.status, i.created_at, i.completed_at,
        i.pinned_deployment_id, i.completion_failure, i.last_failure
      FROM restate.invocation AS i
      WHERE i.id = ANY (chosen))
    SELECT i.id FROM i
    WHERE restate.bulk_matches(f, asked.created_at, i.target_service_name, i.target_handler_name, i.target_service_key,
      i.status, i.created_at, i.completed_at, i.pinned_deployment_id, i.completion_failure, i.last_failure)
    ORDER BY i.id);
END
$function$;
REVOKE ALL ON FUNCTION restate.bulk_candidates(restate.bulk_job, integer) FROM PUBLIC;
COMMENT ON FUNCTION restate.bulk_candidates(restate.bulk_job, integer) IS
'The invocations that are next in the set of a bulk job, and those of them that still match.';

CREATE FUNCTION restate.free_invocations(ids restate_invocation_id[]) RETURNS restate_invocation_id[]
  LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
  SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
  asked restate_invocation_id;
  free restate_invocation_id[] := '{}';
BEGIN
  BEGIN
    IF restate.is_distributed() THEN
      -- a lock names one partition
      FOREACH asked IN ARRAY $1 LOOP
        PERFORM FROM restate.invocation AS i
          WHERE i.id = asked AND i.partition_key = restate_partition_key_of_id(asked) FOR UPDATE SKIP LOCKED;
        IF FOUND THEN
          free := free || asked;
        END IF;
      END LOOP;
    ELSE
      free := ARRAY(SELECT l.id FROM (
        SELECT i.id FROM restate.invocation AS i WHERE i.id = ANY ($1) ORDER BY i.id FOR UPDATE SKIP LOCKED) AS l);
    END IF;
    -- lets go of what was locked
    RAISE EXCEPTION SQLSTATE 'RB000';
  EXCEPTION WHEN SQLSTATE 'RB000' THEN
    RETURN free;
  END;
END
$function$;
REVOKE ALL ON FUNCTION restate.free_invocations(restate_invocation_id[]) FROM PUBLIC;
COMMENT ON FUNCTION restate.free_invocations(restate_invocation_id[]) IS
'Those of the invocations whose rows nobody else has locked at this moment. None is locked after it.';

CREATE FUNCTION restate.run_bulk_batch(
    asked restate.bulk_job, batch integer, OUT since restate_invocation_id, OUT until restate_invocation_id,
    OUT locked restate_invocation_id[], OUT dealt bigint, OUT done bigint,
    OUT failed bigint, OUT passed_over bigint, OUT outcomes jsonb, OUT failures jsonb, OUT examples jsonb)
  LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
  SET search_path = pg_catalog, pg_temp SET lock_timeout = '250ms' SET restate_admin.reason = ''
AS $function$
DECLARE
  -- so often a set is gone through for what is locked, which takes half a minute
  rounds CONSTANT integer := 10;
  candidates CONSTANT record := restate.bulk_candidates(asked, batch);
  chosen restate_invocation_id[] := candidates.chosen;
  tried restate_invocation_id[] := candidates.matching;
  free restate_invocation_id[];
  told record;
  sqlstate_of_error text;
  message_of_error text;
BEGIN
  PERFORM set_config('restate_admin.reason', coalesce(asked.reason, ''), true);
  locked := '{}';
  done := 0;
  failed := 0;
  outcomes := '{}';
  failures := '{}';
  examples := '{}';
  -- Locks are waited for only while this holds none of invocations: what fails is undone,
  -- and after one call that succeeds there is no other.
  WHILE cardinality(tried) > 0 LOOP
    BEGIN
      told := restate.operate_in_bulk(asked, tried, false);
      done := told.done;
      failed := told.failed;
      outcomes := told.outcomes;
      failures := told.failures;
      examples := told.examples;
      EXIT;
    EXCEPTION WHEN OTHERS THEN
      GET STACKED DIAGNOSTICS sqlstate_of_error = RETURNED_SQLSTATE, message_of_error = MESSAGE_TEXT;
      -- what another attempt of the whole transaction may not meet, or none would mend
      IF sqlstate_of_error ~ '^(08|25|40|42|53|55000|57|58|PT)' THEN
        RAISE;
      END IF;
    END;
    IF sqlstate_of_error = '55P03' AND locked = '{}' THEN
      free := restate.free_invocations(tried);
      locked := ARRAY(SELECT t FROM unnest(tried) AS t EXCEPT SELECT t FROM unnest(free) AS t ORDER BY t);
      IF locked <> '{}' THEN
        tried := free;
        CONTINUE;
      END IF;
    END IF;
    -- the batch ends in the middle of what was tried, the rest is the next one's
    until := tried[(cardinality(tried) + 1) / 2];
    chosen := ARRAY(SELECT t FROM unnest(chosen) AS t WHERE t <= until ORDER BY t);
    locked := ARRAY(SELECT t FROM unnest(locked) AS t WHERE t <= until);
    IF cardinality(tried) > 1 THEN
      tried := tried[:(cardinality(tried) + 1) / 2];
    ELSIF sqlstate_of_error = '55P03' THEN
      locked := locked || tried;
      tried := '{}';
    ELSE
      failed := 1;
      failures := jsonb_build_object(sqlstate_of_error, 1);
      examples := jsonb_build_object(sqlstate_of_error, jsonb_build_object('id', tried[1], 'message', message_of_error));
      EXIT;
    END IF;
  END LOOP;

  IF asked.round >= rounds AND locked <> '{}' THEN
    failed := failed + cardinality(locked);
    failures := failures || jsonb_build_object('locked', cardinality(locked));
    examples := examples || jsonb_build_object('locked', jsonb_build_object('id', locked[1],
      'message', format('others have kept invocation %s locked', locked[1])));
    locked := '{}';
  END IF;
  since := chosen[1];
  until := chosen[cardinality(chosen)];
  dealt := cardinality(chosen) - cardinality(locked);
  passed_over := dealt - done - failed;
END
$function$;
REVOKE ALL ON FUNCTION restate.run_bulk_batch(restate.bulk_job, integer) FROM PUBLIC;
COMMENT ON FUNCTION restate.run_bulk_batch(restate.bulk_job, integer) IS
'Has the operation of a bulk job decide on the invocations that are next. since, until: the first and the last of those that were looked at; locked: which of them others have locked, so that they are put off; dealt: how many have had their turn. An error that is none of ours is that of one invocation, whose category is its SQLSTATE.';

CREATE FUNCTION restate_bulk_run(job uuid, batch integer DEFAULT 1000)
  RETURNS TABLE (state text, done bigint, failed bigint, passed_over bigint, put_off bigint, remaining bigint, next_due_at timestamptz)
  LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT SECURITY DEFINER PARALLEL UNSAFE ROWS 1
  SET search_path = pg_catalog, pg_temp
AS $function$
#variable_conflict use_column
DECLARE
  begun CONSTANT timestamptz := clock_timestamp();
  j restate.bulk_job;
  told record;
  round_ends boolean;
  ended timestamptz;
BEGIN
  IF $2 IS NULL OR $2 NOT BETWEEN 1 AND 10000 THEN
    PERFORM restate.refuse('invalid_query_parameter', 'batch must be from 1 to 10000');
  END IF;
  IF $1 IS NULL THEN
    PERFORM restate.refuse('bulk_job_not_found', 'bulk job null not found');
  END IF;
  IF pg_is_in_recovery() THEN
    PERFORM restate.refuse('read_only', 'cannot run a bulk job on a standby');
  END IF;
  done := 0;
  failed := 0;
  passed_over := 0;
  put_off := 0;
  SELECT b.* INTO j FROM restate.bulk_job AS b WHERE b.job = $1 FOR UPDATE SKIP LOCKED;
  IF NOT FOUND THEN
    -- another has it, or there is none
    SELECT b.state, b.remaining, b.next_due_at INTO state, remaining, next_due_at
      FROM restate_bulk_jobs($1) AS b;
    RETURN NEXT;
    RETURN;
  END IF;
  IF j.state = 'running' AND j.next_due_at <= begun THEN
    told := restate.run_bulk_batch(j, $2);
    DELETE FROM restate.bulk_target AS t
      WHERE t.job = j.job AND t.id >= told.since AND t.id <= told.until AND t.id <> ALL (told.locked);
    done := told.done;
    failed := told.failed;
    passed_over := told.passed_over;
    put_off := cardinality(told.locked);

    j.rate_from := CASE WHEN j.rate_since IS NULL THEN j.done + j.failed + j.passed_over ELSE j.rate_from END;
    j.rate_since := coalesce(j.rate_since, begun);
    j.done := j.done + done;
    j.failed := j.failed + failed;
    j.passed_over := j.passed_over + passed_over;
    remaining := j.matched - j.done - j.failed - j.passed_over;
    IF told.until IS NULL AND j.last_id IS NULL THEN
      -- nothing of the set is there any more
      j.passed_over := j.passed_over + remaining;
      remaining := 0;
    END IF;
    round_ends := told.until IS NULL;
    IF round_ends THEN
      j.last_id := NULL;
      j.round := j.round + 1;
    ELSE
      j.last_id := told.until;
    END IF;
    j.put_off := CASE WHEN j.round = 0 THEN j.put_off + put_off ELSE remaining END;
    j.state := CASE WHEN remaining = 0 THEN 'done' ELSE 'running' END;
    j.next_due_at := CASE
      WHEN remaining = 0 THEN NULL
      WHEN round_ends THEN begun + least(interval '0.1 s' * 2 ^ j.round, interval '5 s')
      ELSE j.next_due_at END;
    ended := clock_timestamp();
    UPDATE restate.bulk_job AS b
      SET state = j.state, started_at = coalesce(b.started_at, begun), ended_at = CASE WHEN remaining = 0 THEN ended END,
        done = j.done, failed = j.failed, passed_over = j.passed_over, put_off = j.put_off,
        outcomes = restate.add_counts(b.outcomes, told.outcomes), failures = restate.add_counts(b.failures, told.failures),
        examples = told.examples || b.examples, batches = b.batches + 1,
        last_batch_at = ended, last_batch_size = told.dealt,
        rate_since = j.rate_since, rate_from = j.rate_from, next_due_at = j.next_due_at, last_id = j.last_id, round = j.round
      WHERE b.job = j.job;
    IF remaining = 0 THEN
      PERFORM restate.audit_end_of_bulk_job(j.job);
    END IF;
  END IF;
  state := j.state;
  remaining := j.matched - j.done - j.failed - j.passed_over;
  next_due_at := j.next_due_at;
  RETURN NEXT;
END
$function$;
REVOKE ALL ON FUNCTION restate_bulk_run(uuid, integer) FROM PUBLIC;
COMMENT ON FUNCTION restate_bulk_run(uuid, integer) IS
'Runs a batch of a bulk job, in the transaction of the call. batch: of how many invocations at most, 1 to 10000. Returns a row: the state that the job is in after it; of how many in this batch the operation succeeded (done) and failed, how many were passed over, since they are gone or do not match any more, and put off, since others have them locked; how many remain; and from when on there is something to do, null if the job does not run. What was put off is tried again and again, for half a minute at least, and then fails as locked. A batch may end early, and does nothing where the job does not run, is not due, or another runs it at this moment: nothing is done twice. Errors: bulk_job_not_found 404, invalid_query_parameter 400, read_only 503; 40001 and what else may pass undoes the batch.';

CREATE FUNCTION restate_bulk_next(batch integer DEFAULT 1000)
  RETURNS TABLE (job uuid, state text, done bigint, failed bigint, passed_over bigint, put_off bigint, remaining bigint, next_due_at timestamptz)
  LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT SECURITY DEFINER PARALLEL UNSAFE ROWS 1
  SET search_path = pg_catalog, pg_temp
AS $function$
#variable_conflict use_column
DECLARE
  due uuid;
  again timestamptz;
  sqlstate_of_error text;
  message_of_error text;
BEGIN
  IF pg_is_in_recovery() THEN
    PERFORM restate.refuse('read_only', 'cannot run a bulk job on a standby');
  END IF;
  SELECT b.job INTO due FROM restate.bulk_job AS b
    WHERE b.state = 'running' AND b.next_due_at <= clock_timestamp()
    ORDER BY b.last_batch_at NULLS FIRST, b.created_at, b.job LIMIT 1 FOR UPDATE SKIP LOCKED;
  IF FOUND THEN
    BEGIN
      RETURN QUERY SELECT due, r.* FROM restate_bulk_run(due, $1) AS r;
    EXCEPTION WHEN OTHERS THEN
      GET STACKED DIAGNOSTICS sqlstate_of_error = RETURNED_SQLSTATE, message_of_error = MESSAGE_TEXT;
      IF sqlstate_of_error = 'PT400' THEN
        RAISE;
      END IF;
      -- the others have their turn before it is tried again
      RAISE WARNING 'a batch of bulk job % failed: %', due, message_of_error USING ERRCODE = sqlstate_of_error;
      again := clock_timestamp() + interval '10 s';
      UPDATE restate.bulk_job AS b
        SET next_due_at = again,
          examples = jsonb_build_object(sqlstate_of_error, jsonb_build_object('id', NULL, 'message', message_of_error)) || b.examples
        WHERE b.job = due;
      RETURN QUERY SELECT due, b.state, 0::bigint, 0::bigint, 0::bigint, 0::bigint, b.remaining, b.next_due_at FROM restate_bulk_jobs(due) AS b;
    END;
  END IF;
END
$function$;
REVOKE ALL ON FUNCTION restate_bulk_next(integer) FROM PUBLIC;
COMMENT ON FUNCTION restate_bulk_next(integer) IS
'Runs a batch of the bulk job that has waited longest for one, of those that are due and that nobody else runs: for whoever runs them all. Returns the job and the row of restate_bulk_run(), or none where no job is due. A batch that fails as a whole is undone, with a warning, and tried again after ten seconds, so that other jobs have their turn. batch: as there. Errors: invalid_query_parameter 400, read_only 503.';

CREATE FUNCTION restate.audit_end_of_bulk_job(job uuid) RETURNS void
  LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
  SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
  b restate.sys_bulk_job;
BEGIN
  SELECT j.* INTO STRICT b FROM restate.sys_bulk_job AS j WHERE j.job = $1;
  PERFORM restate.audit_bulk_job('bulk_end', b.state, b.job, jsonb_build_object('operation', b.operation, 'matched', b.matched,
    'done', b.done, 'failed', b.failed, 'passed_over', b.passed_over, 'remaining', b.remaining,
    'outcomes', b.outcomes, 'failures', b.failures), b.reason);
END
$function$;
REVOKE ALL ON FUNCTION restate.audit_end_of_bulk_job(uuid) FROM PUBLIC;
COMMENT ON FUNCTION restate.audit_end_of_bulk_job(uuid) IS
'Notes in the audit how a bulk job has ended, with its counts.';

CREATE FUNCTION restate.lock_bulk_job(job uuid) RETURNS restate.bulk_state
  LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
  SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
  found_state restate.bulk_state;
BEGIN
  IF pg_is_in_recovery() THEN
    PERFORM restate.refuse('read_only', 'cannot change a bulk job on a standby');
  END IF;
  SELECT b.state INTO found_state FROM restate.bulk_job AS b WHERE b.job = $1 FOR UPDATE;
  IF NOT FOUND THEN
    PERFORM restate.refuse('bulk_job_not_found', format('bulk job %s not found', coalesce($1::text, 'null')));
  END IF;
  RETURN found_state;
END
$function$;
REVOKE ALL ON FUNCTION restate.lock_bulk_job(uuid) FROM PUBLIC;
COMMENT ON FUNCTION restate.lock_bulk_job(uuid) IS
'Locks a bulk job, once the batch that runs has ended, and returns its state. Errors: bulk_job_not_found 404, read_only 503.';

CREATE FUNCTION restate_bulk_pause(job uuid) RETURNS text
  LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT SECURITY DEFINER PARALLEL UNSAFE
  SET search_path = pg_catalog, pg_temp
AS $function$
BEGIN
  CASE restate.lock_bulk_job($1)
    WHEN 'running' THEN
      UPDATE restate.bulk_job AS b SET state = 'paused', next_due_at = NULL WHERE b.job = $1;
      PERFORM restate.audit_bulk_job('bulk_pause', 'paused', $1, '{}', (restate.asking()).reason);
      RETURN 'paused';
    WHEN 'paused' THEN
      RETURN 'unchanged';
    ELSE
      PERFORM restate.refuse('bulk_job_ended', format('bulk job %s has ended', $1));
  END CASE;
END
$function$;
REVOKE ALL ON FUNCTION restate_bulk_pause(uuid) FROM PUBLIC;
COMMENT ON FUNCTION restate_bulk_pause(uuid) IS
'Pauses a bulk job, once the batch that runs has ended: none is run until it is resumed. paused, or unchanged if it was. Errors: bulk_job_not_found 404, bulk_job_ended 409, read_only 503.';

CREATE FUNCTION restate_bulk_resume(job uuid) RETURNS text
  LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT SECURITY DEFINER PARALLEL UNSAFE
  SET search_path = pg_catalog, pg_temp
AS $function$
BEGIN
  CASE restate.lock_bulk_job($1)
    WHEN 'paused' THEN
      UPDATE restate.bulk_job AS b SET state = 'running', next_due_at = now(), rate_since = NULL, rate_from = NULL WHERE b.job = $1;
      PERFORM restate.audit_bulk_job('bulk_resume', 'running', $1, '{}', (restate.asking()).reason);
      RETURN 'resumed';
    WHEN 'running' THEN
      RETURN 'unchanged';
    ELSE
      PERFORM restate.refuse('bulk_job_ended', format('bulk job %s has ended', $1));
  END CASE;
END
$function$;
REVOKE ALL ON FUNCTION restate_bulk_resume(uuid) FROM PUBLIC;
COMMENT ON FUNCTION restate_bulk_resume(uuid) IS
'Resumes a bulk job that was paused. resumed, or unchanged if it was running. Errors: bulk_job_not_found 404, bulk_job_ended 409, read_only 503.';

CREATE FUNCTION restate_bulk_abort(job uuid) RETURNS text
  LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT SECURITY DEFINER PARALLEL UNSAFE
  SET search_path = pg_catalog, pg_temp
AS $function$
BEGIN
  CASE restate.lock_bulk_job($1)
    WHEN 'aborted' THEN
      RETURN 'unchanged';
    WHEN 'done' THEN
      PERFORM restate.refuse('bulk_job_ended', format('bulk job %s has ended', $1));
    ELSE
      UPDATE restate.bulk_job AS b SET state = 'aborted', ended_at = now(), next_due_at = NULL WHERE b.job = $1;
      DELETE FROM restate.bulk_target AS t WHERE t.job = $1;
      PERFORM restate.audit_end_of_bulk_job($1);
      RETURN 'aborted';
  END CASE;
END
$function$;
REVOKE ALL ON FUNCTION restate_bulk_abort(uuid) FROM PUBLIC;
COMMENT ON FUNCTION restate_bulk_abort(uuid) IS
'Aborts a bulk job, once the batch that runs has ended: what has had its turn stays done, the rest never has it. aborted, or unchanged if it was. Errors: bulk_job_not_found 404, bulk_job_ended 409 for one with all done, read_only 503.';

SELECT pg_catalog.pg_extension_config_dump('restate.bulk_job', '');
SELECT pg_catalog.pg_extension_config_dump('restate.bulk_target', '');

-- bulk jobs; each call is answered with the job

CREATE FUNCTION restate.api_bulk_job(job uuid) RETURNS jsonb
  LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
  SET search_path = pg_catalog, pg_temp
AS $function$
BEGIN
  RETURN (SELECT to_jsonb(b) FROM restate_api.bulk_jobs AS b WHERE b.job = $1);
END
$function$;
REVOKE ALL ON FUNCTION restate.api_bulk_job(uuid) FROM PUBLIC;
COMMENT ON FUNCTION restate.api_bulk_job(uuid) IS
'A bulk job as it is by now, as the row of restate_api.bulk_jobs.';

CREATE FUNCTION restate_api.bulk_start(operation text, filter jsonb, options jsonb DEFAULT NULL, reason text DEFAULT NULL)
  RETURNS jsonb
  LANGUAGE sql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
  SECURITY DEFINER SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
  SELECT CASE
      WHEN s.job IS NULL THEN to_jsonb(s)
      WHEN set_config('response.status', '201', true) IS NOT NULL THEN restate.api_bulk_job(s.job) END
  FROM restate_bulk_start(operation, filter, options, reason) AS s;
END;
REVOKE ALL ON FUNCTION restate_api.bulk_start(text, jsonb, jsonb, text) FROM PUBLIC;
COMMENT ON FUNCTION restate_api.bulk_start(text, jsonb, jsonb, text) IS
'Starts a bulk job

One operation on all that a filter matches: restate_bulk_start, answered 201 with the job, or 200 with what it would do where the options ask for a dry run.';

CREATE FUNCTION restate_api.bulk_run(job uuid, batch integer DEFAULT 1000) RETURNS jsonb
  LANGUAGE sql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
  SECURITY DEFINER SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
  SELECT FROM restate_bulk_run(job, batch);
  SELECT restate.api_bulk_job(job);
END;
REVOKE ALL ON FUNCTION restate_api.bulk_run(uuid, integer) FROM PUBLIC;
COMMENT ON FUNCTION restate_api.bulk_run(uuid, integer) IS
'Runs a batch of a bulk job

Of at most so many invocations: restate_bulk_run.';

CREATE FUNCTION restate_api.bulk_pause(job uuid) RETURNS jsonb
  LANGUAGE sql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
  SECURITY DEFINER SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
  SELECT restate_bulk_pause(job);
  SELECT restate.api_bulk_job(job);
END;
REVOKE ALL ON FUNCTION restate_api.bulk_pause(uuid) FROM PUBLIC;
COMMENT ON FUNCTION restate_api.bulk_pause(uuid) IS
'Pauses a bulk job

Once the batch that runs has ended: restate_bulk_pause.';

CREATE FUNCTION restate_api.bulk_resume(job uuid) RETURNS jsonb
  LANGUAGE sql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
  SECURITY DEFINER SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
  SELECT restate_bulk_resume(job);
  SELECT restate.api_bulk_job(job);
END;
REVOKE ALL ON FUNCTION restate_api.bulk_resume(uuid) FROM PUBLIC;
COMMENT ON FUNCTION restate_api.bulk_resume(uuid) IS
'Resumes a bulk job

Where it was paused: restate_bulk_resume.';

CREATE FUNCTION restate_api.bulk_abort(job uuid) RETURNS jsonb
  LANGUAGE sql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
  SECURITY DEFINER SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
  SELECT restate_bulk_abort(job);
  SELECT restate.api_bulk_job(job);
END;
REVOKE ALL ON FUNCTION restate_api.bulk_abort(uuid) FROM PUBLIC;
COMMENT ON FUNCTION restate_api.bulk_abort(uuid) IS
'Aborts a bulk job

What has had its turn stays done: restate_bulk_abort.';

CREATE FUNCTION restate_api.modify_service(service text, public boolean DEFAULT NULL, idempotency_retention text DEFAULT NULL,
    journal_retention text DEFAULT NULL, workflow_completion_retention text DEFAULT NULL, inactivity_timeout text DEFAULT NULL,
    abort_timeout text DEFAULT NULL)
  RETURNS jsonb
  LANGUAGE sql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
  SECURITY DEFINER SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
  SELECT restate_modify_service(service, jsonb_build_object('public', public, 'idempotency_retention', idempotency_retention,
    'journal_retention', journal_retention, 'workflow_completion_retention', workflow_completion_retention,
    'inactivity_timeout', inactivity_timeout, 'abort_timeout', abort_timeout));
END;
REVOKE ALL ON FUNCTION restate_api.modify_service(text, boolean, text, text, text, text, text) FROM PUBLIC;
COMMENT ON FUNCTION restate_api.modify_service(text, boolean, text, text, text, text, text) IS
'Changes a service

PATCH /services/{name}: restate_modify_service; what is missing or null stays. Answered 200 with the service.';

CREATE FUNCTION restate.api_state_value(value jsonb) RETURNS bytea
  LANGUAGE plpgsql IMMUTABLE CALLED ON NULL INPUT PARALLEL SAFE
  SET search_path = pg_catalog, pg_temp
AS $function$
BEGIN
  IF jsonb_typeof(value) = 'string' THEN
    RETURN convert_to(value #>> '{}', 'UTF8');
  END IF;
  IF jsonb_typeof(value) IS DISTINCT FROM 'array'
    OR jsonb_path_exists(value, 'strict $[*] ? (@.type() != "number" || @ < 0 || @ > 255 || @ != @.floor())')
  THEN
    PERFORM restate.refuse_body('each value of new_state must be a text or an array of bytes, from 0 to 255');
  END IF;
  RETURN (SELECT coalesce(decode(string_agg(lpad(to_hex(b.byte::numeric::integer), 2, '0'), '' ORDER BY b.place), 'hex'), '')
    FROM jsonb_array_elements_text(value) WITH ORDINALITY AS b (byte, place));
END
$function$;
COMMENT ON FUNCTION restate.api_state_value(jsonb) IS
'The bytes of a value of a state, which clients send as an array of them or as text. Errors: invalid_body 422.';

CREATE FUNCTION restate_api.modify_state(service text, object_key text, new_state jsonb, version text DEFAULT NULL) RETURNS void
  LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
  SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
  keys text[];
  bytes bytea[];
BEGIN
  IF jsonb_typeof(new_state) IS DISTINCT FROM 'object' THEN
    PERFORM restate.refuse_body('new_state must be an object');
  END IF;
  SELECT coalesce(array_agg(e.key), '{}'), coalesce(array_agg(restate.api_state_value(e.value)), '{}') INTO keys, bytes
    FROM jsonb_each(new_state) AS e;
  PERFORM restate_modify_state(service, object_key, keys, bytes, version);
  PERFORM set_config('response.status', '202', true);
END
$function$;
REVOKE ALL ON FUNCTION restate_api.modify_state(text, text, jsonb, text) FROM PUBLIC;
COMMENT ON FUNCTION restate_api.modify_state(text, text, jsonb, text) IS
'Puts another state in place of an object''s or workflow''s

POST /services/{name}/state: restate_modify_state. new_state: an object with each key''s value, an array of bytes or a text. Answered 202 without a body, also where the change waits until nobody holds the key.';

CREATE VIEW restate_api.bulk_jobs AS
SELECT b.job, b.operation, b.filter, b.options, b.reason, b.role_name, b.session_user_name, b.claimed_subject, b.state,
  b.created_at::restate.instant, b.started_at::restate.instant, b.ended_at::restate.instant,
  b.matched, b.done, b.failed, b.passed_over, b.remaining, b.put_off, b.outcomes, b.failures, b.examples,
  b.progress, b.rate, b.seconds_left, b.batches, b.last_batch_at::restate.instant, b.last_batch_size,
  b.next_due_at::restate.instant
FROM restate.sys_bulk_job b;
REVOKE ALL ON restate_api.bulk_jobs FROM PUBLIC;
COMMENT ON VIEW restate_api.bulk_jobs IS
'The bulk jobs: restate.sys_bulk_job.';

CREATE TRIGGER only_reads BEFORE INSERT OR UPDATE OR DELETE ON restate.sys_bulk_job EXECUTE FUNCTION restate.refuse_write(
  'restate_bulk_start() starts a bulk job.',
  'restate_bulk_run() runs a batch of a bulk job; restate_bulk_pause(), restate_bulk_resume() and restate_bulk_abort() change what becomes of it.',
  'restate_bulk_abort() ends a bulk job, whose row stays.');
CREATE TRIGGER only_reads_row INSTEAD OF INSERT OR UPDATE OR DELETE ON restate.sys_bulk_job FOR EACH ROW EXECUTE FUNCTION restate.refuse_write();
CREATE TRIGGER only_reads BEFORE INSERT OR UPDATE OR DELETE ON restate_api.bulk_jobs EXECUTE FUNCTION restate.refuse_write(
  'restate_bulk_start() starts a bulk job.',
  'restate_bulk_run() runs a batch of a bulk job; restate_bulk_pause(), restate_bulk_resume() and restate_bulk_abort() change what becomes of it.',
  'restate_bulk_abort() ends a bulk job, whose row stays.');
CREATE TRIGGER only_reads_row INSTEAD OF INSERT OR UPDATE OR DELETE ON restate_api.bulk_jobs FOR EACH ROW EXECUTE FUNCTION restate.refuse_write();

-- Verification.

CREATE OR REPLACE FUNCTION restate_verify()
  RETURNS TABLE (problem text, id restate_invocation_id, detail text)
  LANGUAGE sql STABLE SECURITY DEFINER PARALLEL RESTRICTED COST 100000 ROWS 10
  SET search_path = pg_catalog, pg_temp
AS $function$
  -- Every join and grouping is by the partition key, for tables distributed by
  -- it.  What can be large is scanned in order of the table, grouped, or joined
  -- by equality of keys, never a loop in a loop: with or without statistics a
  -- step takes the memory that work_mem allows, and disk beyond that.
  SELECT p.problem, coalesce(i.id, c.id), p.detail
  FROM restate.invocation i
  FULL JOIN (
    SELECT j.id, j.partition_key, count(*) AS size,
      count(*) FILTER (WHERE restate.is_command(j.entry_type)) AS commands_size,
      min(j.index) AS first, max(j.index) AS last,
      max(greatest(j.completion_id, j.result_completion_id)) FILTER (WHERE restate.is_command(j.entry_type)) AS asked
    FROM restate.journal j
    GROUP BY j.id, j.partition_key
  ) AS c ON c.id = i.id AND c.partition_key = i.partition_key
  CROSS JOIN LATERAL unnest(
    ARRAY['journal_without_invocation', 'journal_size', 'journal_gap', 'asked_wrong'],
    ARRAY[
      CASE WHEN i.id IS NULL THEN format('%s entries', c.size) END,
      CASE WHEN i.journal_size <> coalesce(c.size, 0) OR i.journal_commands_size <> coalesce(c.commands_size, 0)
        THEN format('the row says %s and %s commands, the journal has %s and %s', i.journal_size,
          i.journal_commands_size, coalesce(c.size, 0), coalesce(c.commands_size, 0)) END,
      CASE WHEN c.first <> 0 OR c.last <> c.size - 1
        THEN format('%s entries from index %s to %s', c.size, c.first, c.last) END,
      -- the next command is numbered by it
      CASE WHEN i.completed_at IS NULL AND i.asked_completion_id <> coalesce(c.asked, -1) AND c.size > 0
        THEN format('the row says that completion %s was asked for last, the journal says %s', i.asked_completion_id, coalesce(c.asked, -1)) END
    ]) AS p(problem, detail)
  WHERE p.detail IS NOT NULL
  UNION ALL
  SELECT 'events_without_invocation', e.id, format('%s events', count(*))
  FROM restate.journal_event e
  LEFT JOIN restate.invocation i ON i.id = e.id AND i.partition_key = e.partition_key
  WHERE i.id IS NULL
  GROUP BY e.id, e.partition_key
  UNION ALL
  SELECT 'input_misplaced', j.id, format('%s at index %s', j.entry_type, j.index)
  FROM restate.journal j
  WHERE (j.index = 0) <> (j.entry_type = 'Command: Input')
  UNION ALL
  SELECT 'input_missing', i.id, format('%s without a journal', i.status)
  FROM restate.invocation i
  WHERE i.completed_at IS NULL AND restate.has_started(i.status) AND i.journal_size = 0
  UNION ALL
  -- Who asks for a completion, that it arrives, and who is suspended on it.
  -- Signals 1 to 16 are sent again and again, to be taken in their order: that
  -- one has arrived does not tell whether another is waited for.  Each signal
  -- from 17 on belongs to one awakeable.
  SELECT p.problem, p.id, p.detail
  FROM (
    SELECT s.id,
      unnest(ARRAY['completion_repeated', 'completion_unasked', 'wakeup_lost']) AS problem,
      unnest(ARRAY[
        CASE WHEN s.completion_id IS NOT NULL AND count(s.arrived) > 1
          THEN format('completion %s arrived %s times', s.completion_id, count(s.arrived)) END,
        CASE WHEN s.completion_id IS NOT NULL AND (min(s.asked) IS NULL OR min(s.asked) > min(s.arrived))
          THEN format('no command waits for completion %s at index %s', s.completion_id, min(s.arrived)) END,
        CASE WHEN bool_or(s.awaited) THEN format('suspended on %s %s, which arrived at index %s',
          CASE WHEN s.completion_id IS NULL THEN 'signal' ELSE 'completion' END,
          coalesce(s.completion_id, s.signal_index), min(s.arrived)) END
      ]) AS detail
    FROM (
      SELECT j.id, j.partition_key, j.completion_id, NULL::bigint AS signal_index,
        CASE WHEN restate.is_command(j.entry_type) THEN j.index END AS asked,
        CASE WHEN NOT restate.is_command(j.entry_type) THEN j.index END AS arrived, false AS awaited
      FROM restate.journal j
      WHERE j.completion_id IS NOT NULL
      UNION ALL
      SELECT j.id, j.partition_key, j.result_completion_id, NULL, j.index, NULL, false
      FROM restate.journal j
      WHERE restate.is_command(j.entry_type) AND j.result_completion_id IS NOT NULL
      UNION ALL
      SELECT j.id, j.partition_key, NULL, j.signal_index, NULL, j.index, false
      FROM restate.journal j
      WHERE j.entry_type = 'Notification: Signal' AND j.signal_index >= 17
      UNION ALL
      SELECT i.id, i.partition_key, w.completion_id, NULL, NULL, NULL, true
      FROM restate.invocation i
      CROSS JOIN LATERAL unnest(i.suspended_waiting_for_completions) AS w(completion_id)
      WHERE i.completed_at IS NULL AND i.status = 'suspended'
      UNION ALL
      SELECT i.id, i.partition_key, NULL, w.signal_index, NULL, NULL, true
      FROM restate.invocation i
      CROSS JOIN LATERAL unnest(i.suspended_waiting_for_signals) AS w(signal_index)
      WHERE i.completed_at IS NULL AND i.status = 'suspended'
    ) AS s
    GROUP BY s.id, s.partition_key, s.completion_id, s.signal_index
    HAVING count(s.arrived) > 0
  ) AS p
  WHERE p.detail IS NOT NULL
  UNION ALL
  -- What an invocation waits for comes by a row: the end of a sleep by its timer, a
  -- result by who waits for it; what else a command asks for came with the command.
  -- Run is up to the attempt, and a promise goes with its workflow.  Of what no worker
  -- has started here nothing is known.  Who waits is in the partition of the target, so
  -- those rows are brought together first.
  SELECT 'answer_lost', l.id, p.detail
  FROM (
    WITH waiting AS MATERIALIZED (SELECT w.caller, w.completion_id FROM restate.waiter w)
    SELECT a.id, a.partition_key, a.entry_type, a.index, a.completion_id
    FROM (
      SELECT s.id, s.partition_key, s.completion_id, min(s.entry_type) AS entry_type, min(s.index) AS index
      FROM (
        SELECT j.id, j.partition_key, j.completion_id, j.index,
          CASE WHEN restate.is_command(j.entry_type) AND j.entry_type NOT IN ('Command: Run', 'Command: GetPromise')
            AND restate.sleep_wakeup_at(j.entry_type, j.meta) IS DISTINCT FROM 'infinity' THEN j.entry_type END AS entry_type,
          NOT restate.is_command(j.entry_type) AS comes
        FROM restate.journal j
        WHERE j.completion_id IS NOT NULL
        UNION ALL
        SELECT j.id, j.partition_key, j.result_completion_id, j.index, j.entry_type, false
        FROM restate.journal j
        WHERE restate.is_command(j.entry_type) AND j.result_completion_id IS NOT NULL
        UNION ALL
        SELECT t.id, t.partition_key, t.completion_id, NULL, NULL, true
        FROM restate.timer t
        WHERE t.kind = 'sleep'
      ) AS s
      GROUP BY s.id, s.partition_key, s.completion_id
      HAVING count(s.entry_type) > 0 AND NOT bool_or(s.comes)
    ) AS a
    LEFT JOIN waiting w ON w.caller = a.id AND w.completion_id = a.completion_id
    WHERE w.caller IS NULL
  ) AS l
  FULL JOIN (
    SELECT i.id, i.partition_key
    FROM restate.invocation i
    WHERE i.completed_at IS NULL AND i.is_foreign IS NOT TRUE AND i.last_start_at IS NOT NULL
  ) AS i ON i.id = l.id AND i.partition_key = l.partition_key
  CROSS JOIN LATERAL unnest(ARRAY[CASE WHEN i.id IS NOT NULL AND l.id IS NOT NULL
    THEN format('%s at index %s waits for completion %s, which nothing brings', l.entry_type, l.index, l.completion_id) END]) AS p(detail)
  WHERE p.detail IS NOT NULL
  UNION ALL
  SELECT 'suspended_on_nothing', i.id, 'suspended, and waits for no completion and no signal'
  FROM restate.invocation i
  WHERE i.completed_at IS NULL AND i.status = 'suspended' AND coalesce(cardinality(i.suspended_waiting_for_completions), 0) = 0
    AND coalesce(cardinality(i.suspended_waiting_for_signals), 0) = 0
    AND coalesce(cardinality(i.suspended_waiting_for_names), 0) = 0
  UNION ALL
  SELECT 'pause_left', i.id, format('%s, though a pause waits for its attempt to end', i.status)
  FROM restate.invocation i
  WHERE i.pause_requested AND i.status NOT IN ('ready', 'running')
  UNION ALL
  -- A restart with keep may be pinned to what is removed: one that was never
  -- attempted still waits for that deployment, or to be resumed on another.
  SELECT 'pinned_without_deployment', i.id, format('%s on %s, which is not registered', i.status, i.pinned_deployment_id)
  FROM restate.invocation i
  LEFT JOIN restate.deployment d ON d.id = i.pinned_deployment_id
  WHERE i.completed_at IS NULL AND i.pinned_deployment_id IS NOT NULL AND d.id IS NULL
    AND (i.restarted_from IS NULL OR i.last_start_at IS NOT NULL)
  UNION ALL
  SELECT 'entry_malformed', j.id, format('%s at index %s has the wrong ids', j.entry_type, j.index)
  FROM restate.journal j
  WHERE NOT restate.entry_ids_fit(j.entry_type, j.completion_id, j.result_completion_id, j.invoked_id)
  UNION ALL
  SELECT 'key_held_by_other', k.holder,
    format('%s/%s is held by an invocation that cannot hold it', k.service_name, k.service_key)
  FROM restate.object_key k
  LEFT JOIN restate.invocation i ON i.id = k.holder AND i.partition_key = k.partition_key
    AND i.target_handler_ty = 'exclusive' AND i.completed_at IS NULL AND restate.has_started(i.status)
    AND i.target_service_name = k.service_name AND i.target_service_key = k.service_key
  WHERE k.holder IS NOT NULL AND i.id IS NULL
  UNION ALL
  SELECT 'key_not_held', i.id,
    format('%s without holding %s/%s', i.status, i.target_service_name, i.target_service_key)
  FROM restate.invocation i
  LEFT JOIN restate.object_key k ON k.partition_key = i.partition_key AND k.holder = i.id
    AND k.service_name = i.target_service_name AND k.service_key = i.target_service_key
  WHERE i.completed_at IS NULL AND i.target_handler_ty = 'exclusive' AND restate.has_started(i.status)
    AND k.holder IS NULL
  UNION ALL
  SELECT 'inbox_stalled', i.id,
    format('waits for %s/%s, which nobody holds', i.target_service_name, i.target_service_key)
  FROM restate.invocation i
  LEFT JOIN restate.object_key k ON k.partition_key = i.partition_key
    AND k.service_name = i.target_service_name AND k.service_key = i.target_service_key
  WHERE i.target_handler_ty = 'exclusive' AND i.inbox_sequence_number IS NOT NULL AND k.holder IS NULL
  UNION ALL
  SELECT 'inbox_order', i.id,
    format('sequence number %s is not before the next, %s', i.inbox_sequence_number, k.next_sequence_number)
  FROM restate.invocation i
  JOIN restate.object_key k ON k.partition_key = i.partition_key
    AND k.service_name = i.target_service_name AND k.service_key = i.target_service_key
  WHERE i.inbox_sequence_number >= k.next_sequence_number
  UNION ALL
  SELECT 'inbox_without_key', i.id, 'pending, though its handler takes no object key'
  FROM restate.invocation i
  WHERE i.inbox_sequence_number IS NOT NULL AND i.target_handler_ty IS DISTINCT FROM 'exclusive'
  UNION ALL
  SELECT 'restart_moved', i.id, 'its partition key is not that of the original'
  FROM restate.invocation i
  WHERE i.restarted_from IS NOT NULL AND restate_partition_key_of_id(i.restarted_from) <> i.partition_key
  UNION ALL
  SELECT 'key_moved', i.id, 'its partition key is not that of its service key'
  FROM restate.invocation i
  WHERE i.target_service_key IS NOT NULL
    AND i.partition_key <> restate_partition_key_of_key(i.target_service_key)
  UNION ALL
  -- What is ready and not foreign can be claimed, once, and nothing else.
  SELECT 'runnable_wrong', coalesce(r.id, i.id), CASE
    WHEN r.id IS NULL THEN format('ready since %s, but cannot be claimed', i.modified_at)
    WHEN i.id IS NULL THEN format('can be claimed since %s, though it is not there, not ready since then or not on that deployment', r.ready_at) END
  FROM (
    SELECT i.id, i.partition_key, i.target_service_name, i.pinned_deployment_id, i.modified_at
    FROM restate.invocation i
    WHERE i.completed_at IS NULL AND i.status = 'ready' AND i.is_foreign IS NOT TRUE
  ) AS i
  FULL JOIN restate.runnable r ON r.id = i.id AND r.partition_key = i.partition_key
    AND r.service_name = i.target_service_name AND r.ready_at = i.modified_at
    AND r.deployment_id = coalesce(i.pinned_deployment_id, restate.no_deployment())
  WHERE r.id IS NULL OR i.id IS NULL
  UNION ALL
  SELECT 'waiter_wrong', w.target, format('%s waits for its result with completion %s, %s', w.caller, w.completion_id, CASE
    WHEN t.completed_at IS NOT NULL THEN 'and has not got it'
    ELSE 'but does not say that somebody waits' END)
  FROM restate.waiter w
  JOIN restate.invocation t ON t.id = w.target AND t.partition_key = w.partition_key
  WHERE t.has_waiters IS NOT TRUE OR t.completed_at IS NOT NULL
  UNION ALL
  SELECT 'promise_waiter_wrong', w.caller, format('waits with completion %s for promise %s of %s/%s, which is completed',
    w.completion_id, w.key, w.service_name, w.service_key)
  FROM restate.promise_waiter w
  JOIN restate.promise p ON p.partition_key = w.partition_key AND p.service_name = w.service_name
    AND p.service_key = w.service_key AND p.key = w.key
  WHERE p.completed
  UNION ALL
  -- What is to go on by itself does so by a timer; one too many finds nothing to do.
  SELECT 'timer_missing', i.id, format('%s, but no %s is due at %s', i.status, i.kind, i.due_at)
  FROM (
    SELECT i.id, i.partition_key, i.status, 'schedule'::restate.timer_kind AS kind, i.scheduled_start_at AS due_at
    FROM restate.invocation i
    WHERE i.completed_at IS NULL AND i.is_foreign IS NOT TRUE AND i.status = 'scheduled' AND i.scheduled_start_at IS NOT NULL
    UNION ALL
    SELECT i.id, i.partition_key, i.status, 'retry', i.next_retry_at
    FROM restate.invocation i
    WHERE i.completed_at IS NULL AND i.is_foreign IS NOT TRUE AND i.status = 'backing-off' AND i.last_start_at IS NOT NULL
  ) AS i
  LEFT JOIN restate.timer t ON t.id = i.id AND t.partition_key = i.partition_key AND t.kind = i.kind AND t.due_at = i.due_at
  WHERE t.id IS NULL
  UNION ALL
  SELECT 'attempt_wrong', i.id, CASE WHEN i.attempt IS NULL THEN 'running without an attempt, which nothing ends' ELSE format('%s with an attempt', i.status) END
  FROM restate.invocation i
  WHERE i.completed_at IS NULL AND CASE WHEN i.attempt IS NULL THEN i.status = 'running' AND i.is_foreign IS NOT TRUE AND i.last_start_at IS NOT NULL ELSE i.status <> 'running' END
  UNION ALL
  SELECT 'result_early', u.id, format('%s, though a result of it is kept for who waits', i.status)
  FROM restate.undelivered_result u
  JOIN restate.invocation i ON i.id = u.id AND i.partition_key = u.partition_key AND i.random_seed = u.random_seed
  WHERE i.completed_at IS NULL
  UNION ALL
  -- The tick takes attempts by the rows of workers, and keeps the row of one that runs something.
  SELECT 'worker_missing', i.id, format('worker %s runs it and has no row, so that its attempt is never taken', coalesce(i.worker_name, 'of no name'))
  FROM restate.invocation i
  LEFT JOIN restate.worker w ON w.name = i.worker_name COLLATE "C"
  WHERE i.completed_at IS NULL AND i.status = 'running' AND i.attempt IS NOT NULL AND i.is_foreign IS NOT TRUE AND w.name IS NULL
  UNION ALL
  -- a change of a state waits for who holds the key, and is found through its row
  SELECT 'queued_state_stalled', NULL, format('a change of the state of %s/%s waits, %s', q.service_name, q.service_key, CASE
    WHEN k.holder IS NULL THEN 'though nobody holds the key'
    WHEN k.has_queued_state IS NOT TRUE THEN 'and the key does not say so'
    ELSE format('with sequence number %s, which is not before the next, %s', q.sequence_number, k.next_sequence_number) END)
  FROM restate.queued_state q
  LEFT JOIN restate.object_key k ON k.partition_key = q.partition_key
    AND k.service_name = q.service_name AND k.service_key = q.service_key
  WHERE k.holder IS NULL OR k.has_queued_state IS NOT TRUE OR q.sequence_number >= k.next_sequence_number
  UNION ALL
  SELECT 'revision_without_deployment', NULL, format('revision %s of %s is on %s, which is not registered',
    s.revision, s.service_name, s.deployment_id)
  FROM restate.service_revision s
  LEFT JOIN restate.deployment d ON d.id = s.deployment_id
  WHERE d.id IS NULL
  UNION ALL
  -- What is left of a bulk job's set is what has not had its turn.
  SELECT 'bulk_job_wrong', NULL, CASE
    WHEN b.job IS NULL THEN format('bulk job %s is not there, but %s invocations are left of its set', t.job, t.size)
    ELSE format('bulk job %s is %s with %s invocations remaining, and %s are left of its set', b.job, b.state, b.remaining, coalesce(t.size, 0)) END
  FROM restate.sys_bulk_job b
  FULL JOIN (SELECT t.job, count(*) AS size FROM restate.bulk_target t GROUP BY t.job) AS t ON t.job = b.job
  WHERE coalesce(t.size, 0) <> CASE WHEN b.state IN ('running', 'paused') THEN b.remaining ELSE 0 END
$function$;
COMMENT ON FUNCTION restate_verify() IS
'Returns a row for each broken invariant: orphans, sizes, gaps, completions, suspensions, pauses, deployments, holders of object keys, inboxes, what can be claimed, who runs it, who waits for whom, timers, results, what is left of bulk jobs. Empty when all is well. Reads every row of the tables, in the memory that work_mem allows for each step.';

-- Import.

CREATE FUNCTION restate.registered_handler_ty(
    service_name text, service_ty text, handler_name text, deployment_id restate_deployment_id)
  RETURNS text
  LANGUAGE plpgsql STABLE CALLED ON NULL INPUT PARALLEL SAFE
  SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $function$
BEGIN
  RETURN (SELECT h.ty
  FROM restate.service_revision AS s
  LEFT JOIN restate.deployment AS d ON d.id = s.deployment_id
  CROSS JOIN LATERAL jsonb_array_elements(s.handlers) WITH ORDINALITY AS l (handler, place)
  CROSS JOIN LATERAL (SELECT restate.handler_ty(s.ty, l.handler ->> 'ty')) AS h (ty)
  WHERE s.service_name = $1 AND s.ty = $2 AND l.handler ->> 'name' = $3
    AND h.ty IN (restate.handler_ty(s.ty, NULL), 'shared')
  ORDER BY s.deployment_id = $4 DESC NULLS LAST, d.id IS NULL, s.revision DESC, l.place
  LIMIT 1);
END
$function$;
REVOKE ALL ON FUNCTION restate.registered_handler_ty(text, text, text, restate_deployment_id) FROM PUBLIC;
COMMENT ON FUNCTION restate.registered_handler_ty(text, text, text, restate_deployment_id) IS
'Of which kind a handler of a virtual object or workflow is registered: exclusive, workflow or shared. service_name, service_ty, handler_name: the target. deployment_id: the deployment it is pinned to, or null. Told by a revision on that deployment, otherwise by the latest whose deployment is registered, otherwise by the latest; a revision without the handler, or of another kind of service, tells nothing. A handler without ty is exclusive on a virtual object and the run on a workflow, as it is in a discovery document. Null where nothing tells.';

CREATE FUNCTION restate.not_written(what text) RETURNS void
  LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL SAFE
  SET search_path = pg_catalog, pg_temp
AS $function$
BEGIN
  RAISE EXCEPTION USING ERRCODE = 'triggered_action_exception',
    MESSAGE = format('could not write %s: a trigger or row security policy suppressed rows', what),
    HINT = 'See the triggers and policies on the tables of schema restate: none may suppress a row.';
END
$function$;
COMMENT ON FUNCTION restate.not_written(text) IS
'Raises triggered_action_exception: fewer rows were written than there were to write. what: what they are. Returns never.';

CREATE FUNCTION restate.take_imported_key(
    id restate_invocation_id, status text, service_name text, service_key text, OUT is_taken boolean, OUT place bigint)
  LANGUAGE C VOLATILE STRICT PARALLEL UNSAFE
  AS 'MODULE_PATHNAME', 'restate_take_imported_key';
REVOKE ALL ON FUNCTION restate.take_imported_key(restate_invocation_id, text, text, text) FROM PUBLIC;
COMMENT ON FUNCTION restate.take_imported_key(restate_invocation_id, text, text, text) IS
'Has an invocation that is imported hold its object key, or wait in its inbox: for restate_import_invocation().';

CREATE OR REPLACE FUNCTION restate_import_invocation(invocation jsonb, journal jsonb DEFAULT NULL)
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
  is_taken boolean;
  entry_count bigint := 0;
  command_count bigint := 0;
  output bytea;
  wrong text;
  broken text;
  misplaced text;
  waits boolean := false;
  table_name text;
  column_name text;
  constraint_name text;
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
    'request_id', 'pause_requested', 'completion_payload', 'input_headers', 'input_payload',
    'attempt', 'worker_name', 'attempt_count', 'entry_retry_count', 'last_entry_at', 'suspended_waiting_for_names',
    'retained_from', 'completion_failure_metadata', 'has_waiters', 'is_foreign', 'asked_completion_id']);
  IF row.id IS NULL THEN
    PERFORM restate.refuse_body('the invocation has no id');
  END IF;
  -- what is derived from a key takes no longer one
  PERFORM restate.check_object_key(row.target_service_key, NULL);
  row.partition_key := restate_partition_key_of_id(row.id);
  row.status := restate.status_of(row.status);
  wrong := CASE
    WHEN row.status IS NULL
      THEN 'has an unknown status'
    WHEN row.target_service_name IS NULL OR row.target_handler_name IS NULL
      OR row.target_service_ty IS NULL
      THEN 'has no target_service_name, target_handler_name or target_service_ty'
    WHEN row.target_service_key IS NOT NULL
      AND restate_partition_key_of_key(row.target_service_key) <> row.partition_key
      THEN 'has an id that is not of its target_service_key'
    WHEN restate_partition_key_of_id(row.restarted_from) <> row.partition_key
      THEN 'has an id that is not in the partition of its restarted_from'
    WHEN EXISTS (SELECT FROM restate.invocation AS i
      WHERE i.id = row.id AND i.partition_key = row.partition_key)
      THEN 'exists already'
    -- entries that come would meet those that are there
    WHEN coalesce(jsonb_array_length(entries), 0) = 0 AND EXISTS (SELECT FROM restate.journal AS j
        WHERE j.id = row.id AND j.partition_key = row.partition_key)
      OR EXISTS (SELECT FROM restate.journal_event AS e
        WHERE e.id = row.id AND e.partition_key = row.partition_key)
      THEN 'has a journal or events already, without being there itself'
  END;

  -- Whether it takes its object key decides on everything below.
  row.target_handler_ty := coalesce(row.target_handler_ty, CASE row.target_service_ty
    WHEN 'virtual_object' THEN restate.registered_handler_ty(row.target_service_name,
      row.target_service_ty, row.target_handler_name, row.pinned_deployment_id)
    WHEN 'workflow' THEN CASE
      WHEN row.id = restate_workflow_invocation_id(row.target_service_name, row.target_service_key)
      THEN 'workflow' ELSE 'shared' END
  END);
  wrong := coalesce(wrong, CASE
    WHEN row.target_service_ty = 'virtual_object' AND row.target_handler_ty IS NULL
      THEN 'may be exclusive or shared: add target_handler_ty, or register a deployment with the handler'
    WHEN row.status = 'pending' AND (row.target_service_ty, row.target_handler_ty)
      IS DISTINCT FROM ('virtual_object', 'exclusive')
      THEN 'is pending, but not on an exclusive handler of a virtual object'
    WHEN row.status = 'completed' AND row.completion_result IS NULL
      THEN 'is completed, but has no completion_result'
    WHEN (row.status = 'scheduled' OR row.status = 'pending' AND row.restarted_from IS NULL)
      AND jsonb_array_length(entries) > 0
      THEN 'has not started, but has a journal'
    WHEN row.status <> 'completed' AND row.pinned_deployment_id IS NOT NULL
      AND NOT EXISTS (SELECT FROM restate.deployment AS d WHERE d.id = row.pinned_deployment_id)
      THEN 'is in flight, but its pinned_deployment_id is not registered: register it first'
  END);
  IF wrong IS NOT NULL THEN
    PERFORM restate.refuse_body(format('invocation %s %s', row.id, wrong));
  END IF;

  IF row.status = 'suspended' THEN
    IF NOT (0 <= ALL (row.suspended_waiting_for_completions || row.suspended_waiting_for_signals)
        AND restate.index_max() >= ALL (row.suspended_waiting_for_completions || row.suspended_waiting_for_signals))
      OR array_position(row.suspended_waiting_for_completions || row.suspended_waiting_for_signals, NULL) > 0
    THEN
      PERFORM restate.refuse_body(format(
        'invocation %s waits for something that is no whole number from 0 to %s', row.id, restate.index_max()));
    END IF;
    IF coalesce(cardinality(row.suspended_waiting_for_completions), 0)
      + coalesce(cardinality(row.suspended_waiting_for_signals), 0) = 0
    THEN
      PERFORM restate.refuse_body(format(
        'invocation %s is suspended, but waits for no completion and no signal', row.id));
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
    IF NOT restate.has_started(row.status) THEN
      SELECT * INTO STRICT input FROM restate.parse_entry(entries #> '{0,entry_json}');
      row.input_headers := input.meta -> 'headers';
      row.input_payload := input.payload;
      entries := NULL;
    END IF;
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
  IF row.target_handler_ty = 'exclusive' AND row.status NOT IN ('scheduled', 'completed') THEN
    SELECT k.is_taken, k.place INTO STRICT is_taken, row.inbox_sequence_number
      FROM restate.take_imported_key(row.id, row.status, row.target_service_name, row.target_service_key) AS k;
    IF NOT is_taken THEN
      PERFORM restate.refuse_body(format(CASE row.status
        WHEN 'pending' THEN 'invocation %s is pending, but nobody holds its object key: import the holder first'
        ELSE 'invocation %s cannot hold its object key, which another holds' END, row.id));
    END IF;
  END IF;

  row.invoked_by := coalesce(row.invoked_by, 'ingress');
  row.created_at := coalesce(row.created_at, now());
  row.modified_at := coalesce(row.modified_at, row.created_at);
  row.completion_retention := coalesce(row.completion_retention, restate.default_retention());
  row.journal_retention := coalesce(row.journal_retention, restate.default_retention());
  row.random_seed := coalesce(row.random_seed, restate_random_seed());
  row.pause_requested := false;
  row.journal_size := 0;
  row.journal_commands_size := 0;
  IF row.status = 'completed' THEN
    row.completed_at := coalesce(row.completed_at, row.modified_at);
  END IF;

  IF entries IS NOT NULL THEN
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
            WHEN 'string' THEN restate.storable_json(j.e ->> 'entry_json')
            ELSE j.e -> 'entry_json' END) AS p;
    GET DIAGNOSTICS entry_count = ROW_COUNT;
    IF entry_count <> jsonb_array_length(entries) THEN
      PERFORM restate.not_written(format('the journal of invocation %s', row.id));
    END IF;
    WITH appended AS (
      SELECT a.index, a.entry_type, a.completion_id, a.result_completion_id, a.meta, a.payload
        FROM restate.journal AS a
        WHERE a.id = row.id AND a.partition_key = row.partition_key
    ), completion AS (
      SELECT w.completion_id, min(a.index) FILTER (WHERE restate.is_command(a.entry_type)) AS asked_at,
          min(a.index) FILTER (WHERE NOT restate.is_command(a.entry_type)) AS arrived_at,
          count(*) FILTER (WHERE NOT restate.is_command(a.entry_type)) AS arrivals
        FROM appended AS a
        CROSS JOIN LATERAL unnest(ARRAY[a.completion_id, a.result_completion_id]) AS w (completion_id)
        WHERE w.completion_id IS NOT NULL
        GROUP BY w.completion_id)
    SELECT count(*),
        count(*) FILTER (WHERE restate.is_command(a.entry_type)),
        (array_agg(a.payload ORDER BY a.index DESC)
          FILTER (WHERE a.entry_type = 'Command: Output' AND NOT a.meta ? 'result'))[1],
        (array_agg(format('entry %s says %s but is %s', a.index, j.e ->> 'entry_type', a.entry_type))
          FILTER (WHERE j.e ->> 'entry_type' <> a.entry_type::text))[1],
        (array_agg(format('has %s at index %s', a.entry_type, a.index) ORDER BY a.index)
          FILTER (WHERE (a.index = 0) <> (a.entry_type = 'Command: Input')))[1],
        -- A completion comes once, after the command that waits for it, and ends the wait.
        (SELECT CASE
              WHEN c.arrivals > 1 THEN format('brings completion %s more than once', c.completion_id)
              WHEN c.asked_at < c.arrived_at THEN format('has completion %s, for which the invocation is suspended', c.completion_id)
              ELSE format('brings completion %s, for which no command before it waits', c.completion_id)
            END
          FROM completion AS c
          WHERE c.arrivals > 1 OR c.arrived_at < coalesce(c.asked_at, c.arrived_at + 1)
            OR c.arrivals > 0 AND c.completion_id = ANY (row.suspended_waiting_for_completions)
          ORDER BY c.arrived_at LIMIT 1),
        coalesce(bool_or(a.entry_type IN ('Command: Call', 'Command: AttachInvocation')), false)
      INTO STRICT entry_count, command_count, output, wrong, broken, misplaced, waits
      FROM appended AS a
      JOIN jsonb_array_elements(entries) AS j (e) ON (j.e ->> 'index')::bigint = a.index;
    IF coalesce(wrong, broken) IS NOT NULL THEN
      PERFORM restate.refuse_body(format('the journal of invocation %s', row.id), coalesce(wrong, broken));
    END IF;
    IF misplaced IS NOT NULL THEN
      PERFORM restate.refuse_body(format('the journal of invocation %s %s', row.id, misplaced));
    END IF;
    row.journal_size := entry_count;
    row.journal_commands_size := command_count;
  END IF;
  IF row.completion_result = 'success' THEN
    row.completion_payload := output;
  END IF;

  -- it may run elsewhere, and others may wait for it already
  row.is_foreign := nullif(row.status <> 'completed', false);
  DELETE FROM restate.waiter AS w
    WHERE w.target = row.id AND w.partition_key = row.partition_key AND (row.status = 'completed' OR w.kind = 'call'
      AND NOT restate.may_be_called_by(w.caller, row.invoked_by_id, row.idempotency_key, row.target_handler_ty));
  row.has_waiters := nullif(EXISTS (SELECT FROM restate.waiter AS w
    WHERE w.target = row.id AND w.partition_key = row.partition_key), false);
  INSERT INTO restate.invocation SELECT (row).*;
  IF NOT FOUND THEN
    PERFORM restate.not_written(format('invocation %s', row.id));
  END IF;
  IF row.status = 'completed' THEN
    PERFORM restate.add_expiry(ARRAY[row.id]);
  ELSIF waits THEN
    PERFORM restate.add_waiters(ARRAY[row.id]);
  END IF;
  RETURN row.id;
EXCEPTION
  WHEN data_exception OR integrity_constraint_violation OR program_limit_exceeded THEN
    GET STACKED DIAGNOSTICS broken = MESSAGE_TEXT, table_name = TABLE_NAME,
      column_name = COLUMN_NAME, constraint_name = CONSTRAINT_NAME;
    -- A constraint of a user's own may have the name of a rule, not its words.
    wrong := (SELECT r.words FROM restate.rules() AS r
      WHERE r.relation = table_name AND r.rule = constraint_name AND r.words = broken);
    IF wrong IS NOT NULL THEN
      wrong := 'breaks a rule: ' || wrong;
    ELSIF constraint_name IN ('invocation_pkey', 'journal_pkey') THEN
      wrong := 'exists already';
    END IF;
    IF wrong IS NOT NULL THEN
      PERFORM restate.refuse_body(format('invocation %s %s', row.id, wrong));
    END IF;
    PERFORM restate.refuse_body(coalesce('invocation ' || row.id, 'the invocation') || CASE
        WHEN sqlstate LIKE '54%' THEN ' is more than can be stored'
        WHEN constraint_name <> '' THEN ' does not satisfy'
        WHEN column_name <> '' THEN ' has no'
        ELSE ' cannot be read' END,
      CASE WHEN sqlstate LIKE '54%' THEN broken
        ELSE coalesce(nullif(constraint_name, ''), nullif(column_name, ''), broken) END);
END
$function$;
COMMENT ON FUNCTION restate_import_invocation(jsonb, jsonb) IS
'Loads one invocation and returns its id. invocation: a row of sys_invocation or sys_invocation_status as JSON; keys it does not know are ignored. Needed: id, status, target_service_name, target_handler_name, target_service_ty, target_service_key for virtual objects and workflows, and what the status implies (completion_result, suspended_waiting_for_completions or suspended_waiting_for_signals). invoked becomes ready, inboxed becomes pending; retentions are intervals, ISO 8601 among them. target_handler_ty, if absent: of a virtual object what the handler is registered as, first on the pinned deployment, then in the latest revision that has it, and the import is refused where none has; of a workflow, workflow if the id is that of the run of its key, otherwise shared. A deployment that one in flight is pinned to must be registered. journal: an array of sys_journal rows as JSON, of which index, entry_type, entry_json (text or object) and appended_at are read; sizes and the success value are taken from it. An invocation in flight that comes without one gets the input alone, from the optional keys input_headers and input_payload (as in an Input entry); so does one that has not started, which has no journal unless it is a pending restart. An exclusive one that has started becomes the holder of its object key, a pending one goes to the end of its inbox, and needs a holder before it. Escapes in entry_json of what no text can hold are replaced, as restate.storable_json does. What restate_verify would report is refused. Errors: invalid_body (also if the id exists), invalid_invocation_id, invalid_deployment_id, triggered_action_exception if a trigger or policy suppresses a row; nothing is changed then.';

-- The same of text and of json, in which no escape has been refused yet.  They
-- read the text and call the above, as whoever calls them: EXECUTE on that one
-- is what it takes.

CREATE FUNCTION restate_import_invocation(invocation text, journal text DEFAULT NULL)
  RETURNS restate_invocation_id
  LANGUAGE sql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
  RETURN restate_import_invocation(restate.storable_json(invocation), restate.storable_json(journal));
COMMENT ON FUNCTION restate_import_invocation(text, text) IS
'The same of JSON as text, which literals without a type are, with a replacement for what no text can hold, as restate.storable_json makes. It takes EXECUTE on restate_import_invocation(jsonb, jsonb). Errors: as of that; invalid_body for what is no JSON.';

CREATE FUNCTION restate_import_invocation(invocation json, journal json DEFAULT NULL)
  RETURNS restate_invocation_id
  LANGUAGE sql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
  RETURN restate_import_invocation(restate.storable_json(invocation::text), restate.storable_json(journal::text));
COMMENT ON FUNCTION restate_import_invocation(json, json) IS
'The same of json, with a replacement for what no text can hold, as restate.storable_json makes. It takes EXECUTE on restate_import_invocation(jsonb, jsonb). Errors: as of that.';

CREATE FUNCTION restate_import_invocation(invocation jsonb, journal text)
  RETURNS restate_invocation_id
  LANGUAGE sql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
  RETURN restate_import_invocation(invocation, restate.storable_json(journal));
COMMENT ON FUNCTION restate_import_invocation(jsonb, text) IS
'The same with the journal as text, which a literal without a type is. It takes EXECUTE on restate_import_invocation(jsonb, jsonb). Errors: as of that; invalid_body for what is no JSON.';

CREATE FUNCTION restate_import_invocation(invocation text, journal jsonb)
  RETURNS restate_invocation_id
  LANGUAGE sql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
  RETURN restate_import_invocation(restate.storable_json(invocation), journal);
COMMENT ON FUNCTION restate_import_invocation(text, jsonb) IS
'The same with the invocation as text, which a literal without a type is. It takes EXECUTE on restate_import_invocation(jsonb, jsonb). Errors: as of that; invalid_body for what is no JSON.';
-- Columns of views.

COMMENT ON COLUMN restate.sys_invocation.partition_key IS 'The partition key of the id, unsigned.';
COMMENT ON COLUMN restate.sys_invocation.id IS 'The id of the invocation.';
COMMENT ON COLUMN restate.sys_invocation.target IS 'Service, key if it has one, and handler, between slashes.';
COMMENT ON COLUMN restate.sys_invocation.target_service_name IS 'The service that is invoked.';
COMMENT ON COLUMN restate.sys_invocation.target_service_key IS 'The key of the virtual object or workflow; null for a service.';
COMMENT ON COLUMN restate.sys_invocation.target_handler_name IS 'The handler that is invoked.';
COMMENT ON COLUMN restate.sys_invocation.target_service_ty IS 'service, virtual_object or workflow.';
COMMENT ON COLUMN restate.sys_invocation.idempotency_key IS 'The key that its caller sent, if any.';
COMMENT ON COLUMN restate.sys_invocation.invoked_by IS 'ingress, service, subscription or restart_as_new.';
COMMENT ON COLUMN restate.sys_invocation.invoked_by_service_name IS 'The service of the calling invocation, if invoked_by is service.';
COMMENT ON COLUMN restate.sys_invocation.invoked_by_id IS 'The calling invocation, if invoked_by is service.';
COMMENT ON COLUMN restate.sys_invocation.invoked_by_subscription_id IS 'The subscription, if invoked_by is subscription.';
COMMENT ON COLUMN restate.sys_invocation.invoked_by_target IS 'The target of the calling invocation.';
COMMENT ON COLUMN restate.sys_invocation.restarted_from IS 'The invocation that it is a restart of.';
COMMENT ON COLUMN restate.sys_invocation.trace_id IS 'The trace that it belongs to.';
COMMENT ON COLUMN restate.sys_invocation.created_at IS 'When it was created.';
COMMENT ON COLUMN restate.sys_invocation.created_using_restate_version IS 'The version of what created it.';
COMMENT ON COLUMN restate.sys_invocation.modified_at IS 'When its status last changed.';
COMMENT ON COLUMN restate.sys_invocation.inboxed_at IS 'When it began to wait for its object key.';
COMMENT ON COLUMN restate.sys_invocation.scheduled_at IS 'When it was put off to a later time.';
COMMENT ON COLUMN restate.sys_invocation.scheduled_start_at IS 'The time that it was put off to.';
COMMENT ON COLUMN restate.sys_invocation.running_at IS 'When it first became ready.';
COMMENT ON COLUMN restate.sys_invocation.completed_at IS 'When it completed.';
COMMENT ON COLUMN restate.sys_invocation.completion_retention IS 'How long it is to be kept after its completion; by whom is up to you.';
COMMENT ON COLUMN restate.sys_invocation.journal_retention IS 'How long its journal is to be kept after its completion; zero keeps none.';
COMMENT ON COLUMN restate.sys_invocation.suspended_waiting_for_completions IS 'The completion ids that it is suspended for.';
COMMENT ON COLUMN restate.sys_invocation.suspended_waiting_for_signals IS 'The indexes of the signals that it is suspended for; 1 is cancel.';
COMMENT ON COLUMN restate.sys_invocation.retry_count IS 'The attempts since it last got on.';
COMMENT ON COLUMN restate.sys_invocation.last_start_at IS 'When the last attempt began.';
COMMENT ON COLUMN restate.sys_invocation.next_retry_at IS 'When the next attempt is due.';
COMMENT ON COLUMN restate.sys_invocation.last_attempt_deployment_id IS 'The deployment of the last attempt.';
COMMENT ON COLUMN restate.sys_invocation.last_attempt_server IS 'The SDK of the last attempt.';
COMMENT ON COLUMN restate.sys_invocation.last_failure IS 'Why the last attempt failed.';
COMMENT ON COLUMN restate.sys_invocation.last_failure_error_code IS 'The code of that error.';
COMMENT ON COLUMN restate.sys_invocation.status IS 'pending, scheduled, ready, running, backing-off, suspended, paused or completed.';
COMMENT ON COLUMN restate.sys_invocation.completion_result IS 'success or failure, of a completed one.';
COMMENT ON COLUMN restate.sys_invocation.completion_failure IS 'The failure, of one that completed with it.';

COMMENT ON COLUMN restate.sys_invocation_status.partition_key IS 'The partition key of the id, unsigned.';
COMMENT ON COLUMN restate.sys_invocation_status.id IS 'The id of the invocation.';
COMMENT ON COLUMN restate.sys_invocation_status.status IS 'inboxed, scheduled, invoked, suspended, paused or completed.';
COMMENT ON COLUMN restate.sys_invocation_status.completion_result IS 'success or failure, of a completed one.';
COMMENT ON COLUMN restate.sys_invocation_status.completion_failure IS 'The failure, of one that completed with it.';
COMMENT ON COLUMN restate.sys_invocation_status.target IS 'Service, key if it has one, and handler, between slashes.';
COMMENT ON COLUMN restate.sys_invocation_status.target_service_name IS 'The service that is invoked.';
COMMENT ON COLUMN restate.sys_invocation_status.target_service_key IS 'The key of the virtual object or workflow; null for a service.';
COMMENT ON COLUMN restate.sys_invocation_status.target_handler_name IS 'The handler that is invoked.';
COMMENT ON COLUMN restate.sys_invocation_status.target_service_ty IS 'service, virtual_object or workflow.';
COMMENT ON COLUMN restate.sys_invocation_status.idempotency_key IS 'The key that its caller sent, if any.';
COMMENT ON COLUMN restate.sys_invocation_status.invoked_by IS 'ingress, service, subscription or restart_as_new.';
COMMENT ON COLUMN restate.sys_invocation_status.invoked_by_service_name IS 'The service of the calling invocation, if invoked_by is service.';
COMMENT ON COLUMN restate.sys_invocation_status.invoked_by_id IS 'The calling invocation, if invoked_by is service.';
COMMENT ON COLUMN restate.sys_invocation_status.invoked_by_subscription_id IS 'The subscription, if invoked_by is subscription.';
COMMENT ON COLUMN restate.sys_invocation_status.invoked_by_target IS 'The target of the calling invocation.';
COMMENT ON COLUMN restate.sys_invocation_status.restarted_from IS 'The invocation that it is a restart of.';
COMMENT ON COLUMN restate.sys_invocation_status.trace_id IS 'The trace that it belongs to.';
COMMENT ON COLUMN restate.sys_invocation_status.created_at IS 'When it was created.';
COMMENT ON COLUMN restate.sys_invocation_status.created_using_restate_version IS 'The version of what created it.';
COMMENT ON COLUMN restate.sys_invocation_status.modified_at IS 'When its status last changed.';
COMMENT ON COLUMN restate.sys_invocation_status.inboxed_at IS 'When it began to wait for its object key.';
COMMENT ON COLUMN restate.sys_invocation_status.scheduled_at IS 'When it was put off to a later time.';
COMMENT ON COLUMN restate.sys_invocation_status.scheduled_start_at IS 'The time that it was put off to.';
COMMENT ON COLUMN restate.sys_invocation_status.running_at IS 'When it first became ready.';
COMMENT ON COLUMN restate.sys_invocation_status.completed_at IS 'When it completed.';
COMMENT ON COLUMN restate.sys_invocation_status.completion_retention IS 'How long it is to be kept after its completion; by whom is up to you.';
COMMENT ON COLUMN restate.sys_invocation_status.journal_retention IS 'How long its journal is to be kept after its completion; zero keeps none.';
COMMENT ON COLUMN restate.sys_invocation_status.suspended_waiting_for_completions IS 'The completion ids that it is suspended for.';
COMMENT ON COLUMN restate.sys_invocation_status.suspended_waiting_for_signals IS 'The indexes of the signals that it is suspended for; 1 is cancel.';

COMMENT ON COLUMN restate.sys_journal.partition_key IS 'The partition key of the id, unsigned.';
COMMENT ON COLUMN restate.sys_journal.id IS 'The invocation whose journal it is.';
COMMENT ON COLUMN restate.sys_journal.index IS 'The place of the entry, from 0; restate_restart_as_new takes it.';
COMMENT ON COLUMN restate.sys_journal.entry_type IS 'Command: or Notification: and what it is.';
COMMENT ON COLUMN restate.sys_journal.name IS 'The name that the handler gave to it.';
COMMENT ON COLUMN restate.sys_journal.completed IS 'Of a command, whether its completion has arrived; null for what needs none.';
COMMENT ON COLUMN restate.sys_journal.invoked_id IS 'The invocation that a call or send began.';
COMMENT ON COLUMN restate.sys_journal.invoked_target IS 'The target of that.';
COMMENT ON COLUMN restate.sys_journal.sleep_wakeup_at IS 'When a sleep ends.';
COMMENT ON COLUMN restate.sys_journal.promise_name IS 'The promise that a command is about.';
COMMENT ON COLUMN restate.sys_journal.payload_length IS 'The bytes of its payload.';
COMMENT ON COLUMN restate.sys_journal.version IS 'The version of the journals form.';
COMMENT ON COLUMN restate.sys_journal.entry_json IS 'The entry as JSON, payload included.';
COMMENT ON COLUMN restate.sys_journal.entry_lite_json IS 'The entry as JSON without its payload.';
COMMENT ON COLUMN restate.sys_journal.appended_at IS 'When it was appended.';

COMMENT ON COLUMN restate.sys_journal_events.partition_key IS 'The partition key of the id, unsigned.';
COMMENT ON COLUMN restate.sys_journal_events.id IS 'The invocation.';
COMMENT ON COLUMN restate.sys_journal_events.after_journal_entry_index IS 'The entry after which it happened.';
COMMENT ON COLUMN restate.sys_journal_events.appended_at IS 'When it happened.';
COMMENT ON COLUMN restate.sys_journal_events.event_type IS 'What it is.';
COMMENT ON COLUMN restate.sys_journal_events.event_json IS 'The event as JSON.';

COMMENT ON COLUMN restate.sys_inbox.partition_key IS 'The partition key of the id, unsigned.';
COMMENT ON COLUMN restate.sys_inbox.service_name IS 'The virtual object.';
COMMENT ON COLUMN restate.sys_inbox.service_key IS 'The key that is waited for.';
COMMENT ON COLUMN restate.sys_inbox.id IS 'The invocation that waits.';
COMMENT ON COLUMN restate.sys_inbox.sequence_number IS 'Its place: the lowest is next.';
COMMENT ON COLUMN restate.sys_inbox.created_at IS 'When it was created.';

COMMENT ON COLUMN restate.sys_invocation_state.partition_key IS 'The partition key of the id, unsigned.';
COMMENT ON COLUMN restate.sys_invocation_state.id IS 'The invocation.';
COMMENT ON COLUMN restate.sys_invocation_state.retry_count IS 'The attempts since it last got on.';
COMMENT ON COLUMN restate.sys_invocation_state.last_start_at IS 'When the last attempt began.';
COMMENT ON COLUMN restate.sys_invocation_state.last_attempt_deployment_id IS 'The deployment of the last attempt.';
COMMENT ON COLUMN restate.sys_invocation_state.last_attempt_server IS 'The SDK of the last attempt.';
COMMENT ON COLUMN restate.sys_invocation_state.next_retry_at IS 'When the next attempt is due.';
COMMENT ON COLUMN restate.sys_invocation_state.last_failure IS 'Why the last attempt failed.';
COMMENT ON COLUMN restate.sys_invocation_state.last_failure_error_code IS 'The code of that error.';
COMMENT ON COLUMN restate.sys_invocation_state.last_failure_related_command_index IS 'Which command the last failure is about, counted as in sys_invocation.';
COMMENT ON COLUMN restate.sys_invocation_state.last_failure_related_command_name IS 'The name of that command.';
COMMENT ON COLUMN restate.sys_invocation_state.last_failure_related_command_type IS 'The entry type of that command.';
COMMENT ON COLUMN restate.sys_invocation_state.last_failure_related_entry_name IS 'Null here, as the index beside it.';
COMMENT ON COLUMN restate.sys_invocation_state.last_failure_related_entry_type IS 'Null here, as the index beside it.';

COMMENT ON COLUMN restate.sys_idempotency.partition_key IS 'The partition key of the id, unsigned.';
COMMENT ON COLUMN restate.sys_idempotency.service_name IS 'The service that is invoked.';
COMMENT ON COLUMN restate.sys_idempotency.service_key IS 'The key of the virtual object or workflow; null for a service.';
COMMENT ON COLUMN restate.sys_idempotency.service_handler IS 'The handler that is invoked.';
COMMENT ON COLUMN restate.sys_idempotency.idempotency_key IS 'The key that its caller sent.';
COMMENT ON COLUMN restate.sys_idempotency.invocation_id IS 'The invocation.';

COMMENT ON COLUMN restate.sys_keyed_service_status.partition_key IS 'The partition key of the object key, unsigned.';
COMMENT ON COLUMN restate.sys_keyed_service_status.service_name IS 'The virtual object.';
COMMENT ON COLUMN restate.sys_keyed_service_status.service_key IS 'The key.';
COMMENT ON COLUMN restate.sys_keyed_service_status.invocation_id IS 'The invocation that holds it.';

COMMENT ON COLUMN restate.sys_deployment.id IS 'The deployments id.';
COMMENT ON COLUMN restate.sys_deployment.ty IS 'http, lambda or worker.';
COMMENT ON COLUMN restate.sys_deployment.endpoint IS 'Where it is reached.';
COMMENT ON COLUMN restate.sys_deployment.created_at IS 'When it was registered.';
COMMENT ON COLUMN restate.sys_deployment.min_service_protocol_version IS 'The lowest version of the service protocol that it speaks.';
COMMENT ON COLUMN restate.sys_deployment.max_service_protocol_version IS 'The highest.';
COMMENT ON COLUMN restate.sys_deployment.in_flight IS 'How many invocations that have not completed are pinned to it.';
COMMENT ON COLUMN restate.sys_deployment.drained IS 'Whether nothing needs it: none in flight is pinned to it, and it serves the latest revision of no service.';

COMMENT ON COLUMN restate.sys_service.name IS 'The service.';
COMMENT ON COLUMN restate.sys_service.revision IS 'Its latest revision.';
COMMENT ON COLUMN restate.sys_service.public IS 'Whether it can be invoked from outside.';
COMMENT ON COLUMN restate.sys_service.ty IS 'service, virtual_object or workflow.';
COMMENT ON COLUMN restate.sys_service.deployment_id IS 'The deployment of that revision.';

COMMENT ON COLUMN restate.state.partition_key IS 'The partition key of the object key, unsigned.';
COMMENT ON COLUMN restate.state.service_name IS 'The virtual object or workflow.';
COMMENT ON COLUMN restate.state.service_key IS 'Its key.';
COMMENT ON COLUMN restate.state.key IS 'The name of the entry.';
COMMENT ON COLUMN restate.state.key_length IS 'The bytes of that name.';
COMMENT ON COLUMN restate.state.value_utf8 IS 'The value as text; null if it is no UTF-8.';
COMMENT ON COLUMN restate.state.value IS 'The value.';
COMMENT ON COLUMN restate.state.value_length IS 'The bytes of the value.';

COMMENT ON COLUMN restate.sys_promise.partition_key IS 'The partition key of the workflows key, unsigned.';
COMMENT ON COLUMN restate.sys_promise.service_name IS 'The workflow.';
COMMENT ON COLUMN restate.sys_promise.service_key IS 'Its key.';
COMMENT ON COLUMN restate.sys_promise.key IS 'The name of the promise.';
COMMENT ON COLUMN restate.sys_promise.completed IS 'Whether it is.';
COMMENT ON COLUMN restate.sys_promise.completion_success_value IS 'What it was completed with.';
COMMENT ON COLUMN restate.sys_promise.completion_success_value_utf8 IS 'The same as text; null if it is no UTF-8.';
COMMENT ON COLUMN restate.sys_promise.completion_failure IS 'The failure that it was completed with.';

COMMENT ON COLUMN restate.sys_audit.audit_id IS 'The row; later ones are higher.';
COMMENT ON COLUMN restate.sys_audit.at IS 'When the transaction began.';
COMMENT ON COLUMN restate.sys_audit.operation IS 'What was called.';
COMMENT ON COLUMN restate.sys_audit.id IS 'The invocation that was changed; null of what was done with a bulk job.';
COMMENT ON COLUMN restate.sys_audit.parameters IS 'What it was called with.';
COMMENT ON COLUMN restate.sys_audit.outcome IS 'What was done.';
COMMENT ON COLUMN restate.sys_audit.new_id IS 'The invocation that a restart made.';
COMMENT ON COLUMN restate.sys_audit.caused_by IS 'The invocation that was named, where the operation reached this one through it.';
COMMENT ON COLUMN restate.sys_audit.role_name IS 'The role in force, as SET ROLE left it.';
COMMENT ON COLUMN restate.sys_audit.session_user_name IS 'Who logged in.';
COMMENT ON COLUMN restate.sys_audit.claimed_subject IS 'The sub of request.jwt.claims: what the session says.';
COMMENT ON COLUMN restate.sys_audit.reason IS 'restate_admin.reason: what the session says.';

COMMENT ON COLUMN restate.sys_invocation.last_failure_related_command_name IS 'The name of that command.';
COMMENT ON COLUMN restate.sys_invocation.last_failure_related_command_type IS 'The entry type of that command.';
COMMENT ON COLUMN restate.sys_invocation.last_failure_related_entry_name IS 'Null here, as the index beside it.';
COMMENT ON COLUMN restate.sys_invocation.last_failure_related_entry_type IS 'Null here, as the index beside it.';
COMMENT ON COLUMN restate.admin_service.name IS 'The name of the service.';
COMMENT ON COLUMN restate.admin_service.document IS 'The service as GET /services/{name} shows it.';
COMMENT ON COLUMN restate.admin_services.document IS 'The services as GET /services shows them.';
COMMENT ON COLUMN restate.admin_deployment.id IS 'The id of the deployment.';
COMMENT ON COLUMN restate.admin_deployment.created_at IS 'When it was registered.';
COMMENT ON COLUMN restate.admin_deployment.document IS 'The deployment as GET /deployments/{id} shows it.';
COMMENT ON COLUMN restate.admin_deployments.document IS 'The deployments as GET /deployments shows them.';

-- The columns of the views for PostgREST say what those say that they show.
DO $do$
DECLARE
  shown record;
BEGIN
  FOR shown IN
    SELECT v.name AS api_view, a.attname AS column_name, col_description(a.attrelid, a.attnum) AS said
    FROM (VALUES ('invocations', 'sys_invocation'), ('journal', 'sys_journal'), ('journal_events', 'sys_journal_events'),
        ('inbox', 'sys_inbox'), ('keyed_service_status', 'sys_keyed_service_status'), ('deployments', 'sys_deployment'),
        ('services', 'sys_service'), ('state', 'state'), ('promises', 'sys_promise'), ('audit', 'sys_audit'),
        ('stuck', 'sys_stuck'), ('deployment_blockers', 'sys_deployment_blocker'), ('bulk_jobs', 'sys_bulk_job')) AS v (name, source)
    JOIN pg_class AS c ON c.relnamespace = 'restate'::regnamespace AND c.relname = v.source
    JOIN pg_attribute AS a ON a.attrelid = c.oid AND a.attnum > 0
  LOOP
    EXECUTE format('COMMENT ON COLUMN restate_api.%I.%I IS %L', shown.api_view, shown.column_name, shown.said);
  END LOOP;
END
$do$;

-- The ingress: what requests over HTTP ask for that call handlers, or wait for results.
-- Each is one call, which decides and returns the answer, or that it is to be waited for.

CREATE FUNCTION restate.submit_awaited(
    service text, handler text, input bytea, key text, headers jsonb, idempotency_key text, run_at timestamptz,
    claim_for text, awaited_by text, runs_on restate_deployment_id[],
    OUT id restate_invocation_id, OUT outcome text, OUT attempt bigint, OUT random_seed bigint,
    OUT made_ready boolean, OUT deployment restate_deployment_id, OUT protocol_version integer)
  LANGUAGE C VOLATILE CALLED ON NULL INPUT SECURITY DEFINER PARALLEL UNSAFE
  AS 'MODULE_PATHNAME', 'restate_submit_awaited';
REVOKE ALL ON FUNCTION restate.submit_awaited(text, text, bytea, text, jsonb, text, timestamptz, text, text, restate_deployment_id[]) FROM PUBLIC;
COMMENT ON FUNCTION restate.submit_awaited(text, text, bytea, text, jsonb, text, timestamptz, text, text, restate_deployment_id[]) IS
'As restate_submit(), for restate_ingress_submit(). awaited_by: the gateway at which a request waits for the result; null: none. runs_on: the deployments that claim_for runs handlers of; null: any. random_seed: of the invocation, if it is new. made_ready: it is new and can be claimed. deployment, protocol_version: of the attempt.';

CREATE FUNCTION restate_ingress_channel(gateway text) RETURNS text
  LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
  RETURN 'restate_ingress_' || md5(gateway);
COMMENT ON FUNCTION restate_ingress_channel(text) IS
'The channel to LISTEN on for the results that requests of a gateway wait for. The payload of a notification is the id of the invocation that has completed: restate_ingress_results() has the result. gateway: its name. Null: null.';

-- what is in a request

CREATE FUNCTION restate.delay_of(delay text) RETURNS interval
  LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE
  SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
  iso CONSTANT text[] := regexp_match(delay, '^[+]?P(?:([0-9]+)W)?(?:([0-9]+)D)?(?:T(?=[0-9])(?:([0-9]+(?:[.,][0-9]+(?=H$))?)H)?(?:([0-9]+(?:[.,][0-9]+(?=M$))?)M)?(?:([0-9]+(?:[.,][0-9]+)?)S)?)?$', 'i');
  seconds_of CONSTANT numeric[] := '{604800, 86400, 3600, 60, 1, 0.001, 0.000001, 0.000000001}';
  units CONSTANT text[] := ARRAY['w(?:(?:ee)?ks?)?', 'd(?:ays?)?', 'h(?:(?:ou)?rs?)?', 'm(?:in(?:ute)?s?)?', 's(?:ec(?:ond)?s?)?',
    'm(?:s(?:ecs?)?|illis?|illiseconds?)', '[uµμ]s(?:ecs?)?|micros?|microseconds?', 'ns(?:ecs?)?|nanos?|nanoseconds?'];
  rest text := regexp_replace(regexp_replace(delay, '^[+]', ''), '[[:space:]]+$', '');
  parts text[];
  unit integer := 0;
  next integer;
  total numeric := 0;
BEGIN
  -- more digits than a number can have are none
  IF length(delay) > 255 THEN
    RETURN NULL;
  END IF;
  IF iso IS NOT NULL THEN
    IF num_nulls(VARIADIC iso) = 5 THEN
      RETURN NULL;
    END IF;
    SELECT sum(replace(i.part, ',', '.')::numeric * seconds_of[i.place]) INTO total FROM unnest(iso) WITH ORDINALITY AS i (part, place);
  ELSIF rest ~ '^[0-9]+:[0-9]+:[0-9]+(?:[.,][0-9]+)?$' THEN
    parts := string_to_array(replace(rest, ',', '.'), ':');
    total := parts[1]::numeric * 3600 + parts[2]::numeric * 60 + parts[3]::numeric;
  ELSIF rest <> '0' THEN
    -- units from the largest to the smallest, each once; a fraction stands in the last
    LOOP
      parts := regexp_match(rest, '^([0-9]+(?:[.,][0-9]+)?)[[:space:]]*([a-zµμ]+)(,?[[:space:]]+|)(.*)$');
      EXIT WHEN parts IS NULL;
      SELECT min(u.place) INTO next FROM unnest(units) WITH ORDINALITY AS u (pattern, place) WHERE parts[2] ~ ('^(?:' || u.pattern || ')$');
      IF next IS NULL OR next <= unit OR (parts[1] ~ '[.,]' AND (parts[4] <> '' OR next < 3)) OR (parts[4] = '' AND parts[3] <> '') THEN
        RETURN NULL;
      END IF;
      unit := next;
      total := total + replace(parts[1], ',', '.')::numeric * seconds_of[unit];
      rest := parts[4];
      EXIT WHEN rest = '';
    END LOOP;
    IF rest <> '' OR unit = 0 THEN
      RETURN NULL;
    END IF;
  END IF;
  IF total > 100000000000 THEN
    RETURN NULL;
  END IF;
  RETURN (trunc(total * 1000) * 1000)::bigint * interval '1 microsecond';
END
$function$;
COMMENT ON FUNCTION restate.delay_of(text) IS
'The length of a delay, in whole milliseconds: an ISO 8601 duration such as PT2S, numbers with units such as 2s, 60 sec, 1h 30m, or hours, minutes and seconds such as 0:0:2. Weeks are the largest unit, and a fraction can stand in the last one that is not larger than an hour. Null for what is none, is below zero, or longer than 3,000 years.';

CREATE FUNCTION restate.input_fault(rules jsonb, content_type text, is_empty boolean) RETURNS text
  LANGUAGE plpgsql IMMUTABLE CALLED ON NULL INPUT PARALLEL SAFE
  SET search_path = pg_catalog, pg_temp
AS $function$
-- in this language, since what is written in SQL is planned again in each transaction
DECLARE
  is_required CONSTANT boolean := coalesce((rules -> 'required')::boolean, false);
  wanted CONSTANT text := CASE WHEN rules IS NULL THEN '*/*' ELSE rules ->> 'contentType' END;
  given text;
BEGIN
  IF NOT is_required AND is_empty AND content_type IS NULL THEN
    RETURN NULL;
  ELSIF wanted IS NULL AND is_required THEN
    RETURN 'the handler asks for a body, but of no content type: it takes none';
  ELSIF wanted IS NULL THEN
    RETURN 'the handler takes neither a body nor a content-type';
  ELSIF content_type IS NULL THEN
    RETURN 'the handler takes a body with a content-type, and there is none';
  END IF;
  IF wanted <> '*/*' THEN
    given := btrim(split_part(content_type, ';', 1));
    IF (CASE WHEN wanted LIKE '%/*' THEN NOT starts_with(given, rtrim(wanted, '*')) ELSE given <> wanted END) THEN
      RETURN format('the handler takes a body of content-type %s', wanted);
    END IF;
  END IF;
  IF is_empty AND coalesce((rules -> 'hasSchema')::boolean, false) THEN
    RETURN 'the handler takes a body that is not empty';
  END IF;
  RETURN NULL;
END
$function$;
COMMENT ON FUNCTION restate.input_fault(jsonb, text, boolean) IS
'Why a handler does not take a body. rules: its input, as in restate.service_revision.bodies; null: it takes any. content_type: of the request, null without one. is_empty: the body is. Null: it takes it.';

-- what is in an answer

CREATE FUNCTION restate.message_document(message text) RETURNS bytea
  LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
  RETURN convert_to('{"message":' || to_json(message) || '}', 'UTF8');
COMMENT ON FUNCTION restate.message_document(text) IS
'The body of an answer that says why something is not done.';

CREATE FUNCTION restate.failure_document(code text, message text, metadata jsonb DEFAULT NULL) RETURNS bytea
  LANGUAGE sql IMMUTABLE CALLED ON NULL INPUT PARALLEL SAFE
  RETURN convert_to(format('{"code":%s,"message":%s%s}', code, to_json(message), (
    SELECT ',"metadata":{' || string_agg(to_json(m.pair ->> 'key') || ':' || to_json(m.pair ->> 'value'), ',' ORDER BY m.place) || '}'
    FROM jsonb_array_elements(metadata) WITH ORDINALITY AS m (pair, place))), 'UTF8');
COMMENT ON FUNCTION restate.failure_document(text, text, jsonb) IS
'The body of an answer that is a failure. metadata: an array of objects with key and value, or null.';

CREATE FUNCTION restate.result_answer(
    failure text, metadata jsonb, value bytea, OUT status integer, OUT answer bytea, OUT is_failure boolean)
  LANGUAGE plpgsql IMMUTABLE CALLED ON NULL INPUT PARALLEL SAFE
  SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
  parts text[];
BEGIN
  is_failure := $1 IS NOT NULL;
  IF NOT is_failure THEN
    status := 200;
    answer := coalesce($3, '');
    RETURN;
  END IF;
  parts := coalesce(regexp_match($1, '^[[]([0-9]{1,9})[]] (.*)$'), ARRAY['500', $1]);
  status := CASE WHEN parts[1]::integer BETWEEN 200 AND 999 THEN parts[1]::integer ELSE 500 END;
  answer := restate.failure_document(parts[1], parts[2], $2);
END
$function$;
COMMENT ON FUNCTION restate.result_answer(text, jsonb, bytea) IS
'What a request is answered that asks for a result: the value, with status 200, or the failure, with its code, or 500 if that is no status. failure, metadata, value: as in restate.invocation.';

CREATE FUNCTION restate.execution_time(at timestamptz) RETURNS text
  LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
  RETURN to_char(at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"000Z"');
COMMENT ON FUNCTION restate.execution_time(timestamptz) IS
'A time as answers to a send have it, with nanoseconds.';

CREATE FUNCTION restate.expiry_time(at timestamptz) RETURNS text
  LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
  RETURN CASE WHEN at < 'infinity' THEN to_char(at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"+00:00"') END;
COMMENT ON FUNCTION restate.expiry_time(timestamptz) IS
'A time as the header idempotency-expires has it. Null for infinity.';

-- what requests ask for

CREATE FUNCTION restate.await_result(
    id restate_invocation_id, gateway text, handler_output jsonb, wait boolean,
    OUT status integer, OUT answer bytea, OUT answer_type text, OUT typed_if_empty boolean, OUT expires text, OUT seed bigint)
  LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
  SET search_path = pg_catalog, pg_temp
AS $function$
#variable_conflict use_variable
DECLARE
  one record;
  output jsonb := handler_output;
  is_failure boolean;
BEGIN
  -- Once more where it completes before it is noted who waits.
  FOR i IN 1 .. 2 LOOP
    SELECT n.completed_at, n.completion_failure, n.completion_failure_metadata, n.completion_payload, n.completion_retention,
        n.retained_from, n.random_seed, n.awaited_by, n.target_service_name, n.target_handler_name INTO one
      FROM restate.invocation AS n
      WHERE n.id = $1 AND n.partition_key = restate_partition_key_of_id($1);
    EXIT WHEN NOT FOUND OR one.completed_at IS NOT NULL OR NOT wait OR gateway = ANY (one.awaited_by);
    UPDATE restate.invocation AS n SET awaited_by = array_append(n.awaited_by, gateway)
      WHERE n.id = $1 AND n.partition_key = restate_partition_key_of_id($1) AND n.completed_at IS NULL
        AND gateway <> ALL (coalesce(n.awaited_by, '{}'));
    EXIT WHEN FOUND;
  END LOOP;
  IF one.random_seed IS NULL THEN
    status := 404;
    RETURN;
  END IF;
  IF output IS NULL THEN
    SELECT coalesce(h.body -> 'output', jsonb '{"contentType": "application/json"}') INTO output
      FROM restate.handler_on_nodes(one.target_service_name, one.target_handler_name) AS h;
  END IF;
  answer_type := output ->> 'contentType';
  typed_if_empty := coalesce((output -> 'setContentTypeIfEmpty')::boolean, false);
  seed := one.random_seed;
  IF one.completed_at IS NOT NULL THEN
    SELECT r.status, r.answer, r.is_failure INTO status, answer, is_failure
      FROM restate.result_answer(one.completion_failure, one.completion_failure_metadata, one.completion_payload) AS r;
    IF is_failure THEN
      answer_type := 'application/json';
      typed_if_empty := true;
    END IF;
    expires := restate.expiry_time(restate.kept_until(coalesce(one.retained_from, one.completed_at), one.completion_retention));
  END IF;
END
$function$;
REVOKE ALL ON FUNCTION restate.await_result(restate_invocation_id, text, jsonb, boolean) FROM PUBLIC;
COMMENT ON FUNCTION restate.await_result(restate_invocation_id, text, jsonb, boolean) IS
'The result of an invocation as the answer to a request. gateway: where it is to be waited for, which is noted if wait says so and there is none yet. handler_output: what the handler says of its output; null: that is looked up. status: 404 if there is no such invocation, null if it has no result yet. answer_type: the content-type of the answer, typed_if_empty: of an empty one too. seed: the random_seed of the invocation.';

CREATE FUNCTION restate_ingress_submit(
    path text[], key text, method text, delay text, content_type text, headers jsonb, bad_header text,
    idempotency_key text, input bytea, is_too_large boolean, gateway text, claim_for text DEFAULT NULL,
    runs_on restate_deployment_id[] DEFAULT NULL,
    OUT status integer, OUT answer bytea, OUT answer_type text, OUT typed_if_empty boolean,
    OUT id text, OUT expires text, OUT seed bigint, OUT attempt bigint,
    OUT service text, OUT handler text, OUT deployment restate_deployment_id, OUT protocol_version integer, OUT attempts bigint,
    OUT inactivity_timeout interval, OUT abort_timeout interval, OUT commands bigint, OUT entries bigint, OUT request bytea,
    OUT made_ready boolean)
  LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT SECURITY DEFINER PARALLEL UNSAFE
  SET search_path = pg_catalog, pg_temp
AS $function$
#variable_conflict use_variable
DECLARE
  parts CONSTANT integer := coalesce(cardinality(path), 0);
  service_key text;
  found_handler record;
  is_send boolean;
  at timestamptz;
  submitted record;
  message text;
BEGIN
  service := coalesce(path[1], '');
  typed_if_empty := true;
  answer_type := 'application/json';
  -- of which kind the service is says what its path is
  SELECT r.ty INTO found_handler
    FROM restate.service_revision AS r
    WHERE r.service_name = service AND EXISTS (SELECT FROM restate.deployment AS d WHERE d.id = r.deployment_id)
    ORDER BY r.revision DESC LIMIT 1;
  IF NOT FOUND THEN
    status := 404;
    answer := restate.message_document(format('no deployment serves a service %s', to_json(left(service, 64))));
    RETURN;
  END IF;
  IF found_handler.ty <> 'service' THEN
    handler := path[3];
    service_key := key;
    is_send := parts = 4;
  ELSE
    handler := path[2];
    is_send := parts = 3;
  END IF;
  IF coalesce(handler, '') = '' OR parts > (CASE found_handler.ty WHEN 'service' THEN 3 ELSE 4 END) OR (is_send AND path[parts] <> 'send') THEN
    message := 'the path is neither SERVICE/HANDLER nor OBJECT/KEY/HANDLER, as the service has it, with /send after it or not';
  ELSIF found_handler.ty <> 'service' AND key IS NULL THEN
    message := 'the key in the path is not UTF-8, or has a NUL';
  END IF;
  IF message IS NOT NULL THEN
    status := 400;
    answer := restate.message_document(message);
    RETURN;
  END IF;

  SELECT h.handler_ty, h.public, h.inactivity_timeout, h.abort_timeout, h.body -> 'input' AS input,
      coalesce(h.body -> 'output', '{"contentType": "application/json"}') AS output INTO found_handler
    FROM restate.handler_on_nodes(service, handler) AS h;
  IF NOT FOUND THEN
    status := 404;
    answer := restate.message_document(format('service %s has no handler %s', service, to_json(left(handler, 64))));
    RETURN;
  END IF;
  IF NOT found_handler.public THEN
    message := 'the service, or its handler, is private: it can be called by other handlers alone';
  ELSIF bad_header = 'idempotency-key' THEN
    message := 'header idempotency-key has bytes other than those of printable ASCII';
  ELSIF idempotency_key IS NOT NULL AND found_handler.handler_ty IS NOT DISTINCT FROM 'workflow' THEN
    message := 'the run of a workflow takes no idempotency-key: its key makes it one';
  ELSIF idempotency_key = '' THEN
    message := 'header idempotency-key is empty';
  END IF;
  IF message IS NULL AND method NOT IN ('GET', 'POST') THEN
    status := 405;
    answer := restate.message_document('a handler is called with POST or GET');
    RETURN;
  END IF;
  IF message IS NULL AND is_too_large THEN
    status := 413;
    answer := restate.message_document('the body is too large');
    RETURN;
  END IF;
  message := coalesce(message, restate.input_fault(found_handler.input, content_type, octet_length(input) = 0));
  IF message IS NULL AND delay IS NOT NULL THEN
    at := date_trunc('milliseconds', now()) + restate.delay_of(delay);
    message := CASE WHEN at IS NULL THEN 'delay must be an ISO 8601 duration, or numbers with units of weeks down to nanoseconds'
      WHEN NOT is_send THEN 'a call takes no delay; a send does' END;
  END IF;
  IF message IS NULL AND bad_header IS NOT NULL THEN
    message := format('header %s has bytes other than those of printable ASCII', bad_header);
  END IF;
  IF message IS NOT NULL THEN
    status := 400;
    answer := restate.message_document(message);
    RETURN;
  END IF;

  SELECT s.* INTO submitted
    FROM restate.submit_awaited(service, handler, input, service_key, headers, idempotency_key, at, claim_for,
      CASE WHEN NOT is_send THEN gateway END, runs_on) AS s;
  id := submitted.id;
  attempt := submitted.attempt;
  made_ready := submitted.made_ready;
  IF attempt IS NOT NULL AND service_key IS NULL THEN
    -- as restate.attempts_of() has it, but nothing has to be read: the journal is the input, and a service has no state
    deployment := submitted.deployment;
    protocol_version := submitted.protocol_version;
    attempts := 1;
    inactivity_timeout := found_handler.inactivity_timeout;
    abort_timeout := found_handler.abort_timeout;
    commands := 1;
    entries := 1;
    request := restate.start_frame(submitted.id, 1, NULL, NULL, NULL, 0, 0, submitted.random_seed)
      || restate.entry_frame('Command: Input', '', NULL, NULL, NULL, NULL, NULL, jsonb_build_object('headers', coalesce(headers, '[]')),
        coalesce(input, ''));
  ELSIF attempt IS NOT NULL AND restate.is_distributed() THEN
    SELECT a.deployment, a.protocol_version, a.attempts, a.inactivity_timeout, a.abort_timeout, a.commands, a.entries, a.request
      INTO deployment, protocol_version, attempts, inactivity_timeout, abort_timeout, commands, entries, request
      FROM restate.attempts_on_nodes(ARRAY[submitted.id], true) AS a;
  ELSIF attempt IS NOT NULL THEN
    SELECT a.deployment, a.protocol_version, a.attempts, a.inactivity_timeout, a.abort_timeout, a.commands, a.entries, a.request
      INTO deployment, protocol_version, attempts, inactivity_timeout, abort_timeout, commands, entries, request
      FROM restate.attempts_of(ARRAY[submitted.id], true) AS a;
  END IF;
  IF is_send THEN
    IF submitted.outcome <> 'accepted' THEN
      SELECT i.scheduled_start_at INTO at
        FROM restate.invocation AS i
        WHERE i.id = submitted.id AND i.partition_key = restate_partition_key_of_id(submitted.id);
    END IF;
    status := 202;
    answer := convert_to(format('{"invocationId":"%s"%s,"status":"%s"}', id, ',"executionTime":"' || restate.execution_time(at) || '"',
      CASE submitted.outcome WHEN 'accepted' THEN 'Accepted' ELSE 'PreviouslyAccepted' END), 'UTF8');
  ELSIF submitted.outcome <> 'accepted' AND found_handler.handler_ty IS NOT DISTINCT FROM 'workflow' THEN
    status := 409;
    answer := restate.failure_document('409', 'the workflow of this key runs already, or has run');
  ELSIF submitted.outcome = 'accepted' THEN
    answer_type := found_handler.output ->> 'contentType';
    typed_if_empty := coalesce((found_handler.output -> 'setContentTypeIfEmpty')::boolean, false);
    seed := submitted.random_seed;
  ELSE
    SELECT r.* INTO status, answer, answer_type, typed_if_empty, expires, seed
      FROM restate.await_result(submitted.id, gateway, found_handler.output, true) AS r;
    IF status = 404 THEN
      -- it has ended meanwhile, and is not kept
      SELECT r.status, r.answer, CASE WHEN r.is_failure THEN 'application/json' ELSE found_handler.output ->> 'contentType' END, true
        INTO status, answer, answer_type, typed_if_empty
        FROM restate.undelivered_result AS u
        CROSS JOIN LATERAL restate.result_answer(u.failure, u.failure_metadata, u.value) AS r
        WHERE u.id = submitted.id AND u.partition_key = restate_partition_key_of_id(submitted.id)
        ORDER BY u.completed_at DESC LIMIT 1;
      IF NOT FOUND THEN
        status := 404;
        answer := restate.failure_document('404', 'the invocation has ended, and its result was not kept');
        answer_type := 'application/json';
        typed_if_empty := true;
      END IF;
    END IF;
  END IF;
END
$function$;
REVOKE ALL ON FUNCTION restate_ingress_submit(text[], text, text, text, text, jsonb, text, text, bytea, boolean, text, text, restate_deployment_id[]) FROM PUBLIC;
COMMENT ON FUNCTION restate_ingress_submit(text[], text, text, text, text, jsonb, text, text, bytea, boolean, text, text, restate_deployment_id[]) IS
'Calls a handler, or sends to it, as a request to the ingress asks for. path: the segments of its path as they were sent, SERVICE/HANDLER or OBJECT/KEY/HANDLER, then send or nothing. key: the second of them, decoded; null if that is no text. method: of the request. delay: after which a send starts, or null. content_type: of the request, null without one. headers: for the input, a JSON array of objects with name and value. bad_header: the first that has other bytes than printable ASCII, or null. idempotency_key: the header, or null. input: the body. is_too_large: it is larger than the gateway takes. gateway: the one at which the request waits. claim_for: the worker that gets its first attempt at once, if it can start, and on one of the deployments runs_on; null: on any. status: of the answer; null: the result is not there yet, and restate_ingress_results() will have it. answer: its body. answer_type: its content-type, null for none, typed_if_empty: whether an empty answer has it too. id: of the invocation, null where none was found or made. expires: how long the result of one that had completed before is kept. seed: for restate_ingress_results(). attempt: of claim_for, else null; with it service, handler, deployment, protocol_version, attempts, inactivity_timeout, abort_timeout, commands, entries and request, as restate_claim() returns them with frames. made_ready: the invocation is new and can be claimed; null of what is refused. What is refused is an answer, too; errors: those of restate_submit().';

CREATE FUNCTION restate_ingress_submit_joined(
    paths text[], keys text[], methods text[], content_types text[], headers text[], bad_headers text[], inputs bytea[], gateway text,
    claim_for text DEFAULT NULL, runs_on restate_deployment_id[] DEFAULT NULL, claims integer DEFAULT 0)
  RETURNS TABLE (ordinality integer, status integer, answer bytea, answer_type text, typed_if_empty boolean,
    id text, expires text, seed bigint, attempt bigint,
    service text, handler text, deployment restate_deployment_id, protocol_version integer, attempts bigint,
    inactivity_timeout interval, abort_timeout interval, commands bigint, entries bigint, request bytea, made_ready boolean)
  LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT SECURITY DEFINER PARALLEL UNSAFE ROWS 10
  SET search_path = pg_catalog, pg_temp
  SET lock_timeout = '250ms'
AS $function$
#variable_conflict use_column
DECLARE
  one integer;
  path text[];
  claims_left integer := $11;
BEGIN
  -- in the order in which the keys of objects are locked
  FOR one IN SELECT n FROM generate_subscripts($1, 1) AS n
    ORDER BY ($1[n]::text[])[1] COLLATE "C", $2[n] COLLATE "C", n
  LOOP
    path := $1[one]::text[];
    -- one of a workflow may wait for the row of its run: those are locked after all keys
    CONTINUE WHEN cardinality(path) > 2
      AND EXISTS (SELECT FROM restate.service_revision AS r WHERE r.service_name = path[1] AND r.ty = 'workflow');
    RETURN QUERY SELECT one, s.*
      FROM restate_ingress_submit(path, $2[one], $3[one], NULL, $4[one], $5[one]::jsonb, $6[one], NULL, $7[one], false, $8,
        CASE WHEN claims_left > 0 THEN $9 END, $10) AS s;
    claims_left := claims_left - 1;
    -- where the tables are on several nodes, one transaction is on one of them
    EXIT WHEN restate.is_distributed();
  END LOOP;
END
$function$;
REVOKE ALL ON FUNCTION restate_ingress_submit_joined(text[], text[], text[], text[], text[], text[], bytea[], text, text, restate_deployment_id[], integer) FROM PUBLIC;
COMMENT ON FUNCTION restate_ingress_submit_joined(text[], text[], text[], text[], text[], text[], bytea[], text, text, restate_deployment_id[], integer) IS
'Several calls of restate_ingress_submit() in one transaction, of requests without an idempotency key and a delay. paths, keys, methods, content_types, headers, bad_headers, inputs: of each request, paths and headers as text. gateway, claim_for, runs_on: of all. claims: how many of them claim_for gets at most. A row for each but those of workflows, which are to be submitted alone, as where Citus distributes the tables all but one are; ordinality: which, from 1. An error of one is the error of all: then none of them is submitted. So is waiting for a lock longer than 250 ms.';

CREATE FUNCTION restate_ingress_attach(
    path text[], method text, gateway text,
    OUT status integer, OUT answer bytea, OUT answer_type text, OUT typed_if_empty boolean,
    OUT id text, OUT expires text, OUT seed bigint)
  LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT SECURITY DEFINER PARALLEL UNSAFE
  SET search_path = pg_catalog, pg_temp
AS $function$
#variable_conflict use_variable
DECLARE
  parts CONSTANT integer := coalesce(cardinality(path), 0);
  verb CONSTANT text := path[parts];
  service_ty text;
  target restate_invocation_id;
  message text;
BEGIN
  typed_if_empty := true;
  answer_type := 'application/json';
  IF array_position(path, NULL) IS NOT NULL THEN
    message := 'the path is not UTF-8, or has a NUL';
  ELSIF path[1] = 'workflow' THEN
    IF parts < 4 THEN
      message := 'the path must be workflow/NAME/KEY/attach, or output in place of attach';
    END IF;
  ELSIF parts <= 3 AND verb IN ('attach', 'output') AND parts = 3 THEN
    NULL;
  ELSIF parts < 3 THEN
    message := 'the path must be invocation/ID/attach or invocation/SERVICE/HANDLER/IDEMPOTENCY-KEY/attach, with the key after an object, or output in place of attach';
  ELSE
    SELECT r.ty INTO service_ty
      FROM restate.service_revision AS r
      WHERE r.service_name = path[2] AND EXISTS (SELECT FROM restate.deployment AS d WHERE d.id = r.deployment_id)
      ORDER BY r.revision DESC LIMIT 1;
    IF NOT FOUND THEN
      status := 404;
      answer := restate.message_document(format('no deployment serves a service %s', to_json(left(path[2], 64))));
      RETURN;
    END IF;
    IF parts < (CASE service_ty WHEN 'service' THEN 5 ELSE 6 END) THEN
      message := 'the path must be invocation/SERVICE/HANDLER/IDEMPOTENCY-KEY/attach, with the key after an object, or output in place of attach';
    END IF;
  END IF;
  IF message IS NULL AND (verb NOT IN ('attach', 'output')
    OR parts > CASE WHEN path[1] = 'workflow' THEN 4 WHEN service_ty IS NULL THEN 3 WHEN service_ty = 'service' THEN 5 ELSE 6 END)
  THEN
    status := 404;
    answer := restate.message_document('nothing is served here');
    RETURN;
  END IF;
  IF message IS NULL AND method <> 'GET' THEN
    status := 405;
    answer := restate.message_document('a result is asked for with GET');
    RETURN;
  END IF;
  IF message IS NOT NULL THEN
    status := 400;
    answer := restate.message_document(message);
    RETURN;
  END IF;
  target := CASE
    WHEN path[1] = 'workflow' THEN restate_workflow_invocation_id(path[2], path[3])
    WHEN service_ty IS NULL THEN path[2]::restate_invocation_id
    WHEN service_ty = 'service' THEN restate_idempotent_invocation_id(path[2], NULL, path[3], path[4])
    ELSE restate_idempotent_invocation_id(path[2], path[3], path[4], path[5]) END;
  SELECT r.* INTO status, answer, answer_type, typed_if_empty, expires, seed
    FROM restate.await_result(target, gateway, NULL, verb = 'attach') AS r;
  id := target;
  IF status = 404 AND answer IS NULL THEN
    answer_type := 'application/json';
    typed_if_empty := true;
    answer := CASE verb WHEN 'attach' THEN restate.failure_document('404', 'there is no such invocation')
      ELSE restate.message_document('there is no such invocation') END;
    IF verb = 'output' THEN
      id := NULL;
    END IF;
  ELSIF status IS NULL AND verb = 'output' THEN
    status := 470;
    answer_type := 'application/json';
    typed_if_empty := true;
    answer := restate.message_document('the invocation has not completed yet');
    id := NULL;
  END IF;
END
$function$;
REVOKE ALL ON FUNCTION restate_ingress_attach(text[], text, text) FROM PUBLIC;
COMMENT ON FUNCTION restate_ingress_attach(text[], text, text) IS
'Waits for a result, or looks whether there is one, as a request to the ingress asks for. path: the segments of its path behind /restate, decoded: invocation/ID, invocation/SERVICE[/KEY]/HANDLER/IDEMPOTENCY-KEY or workflow/NAME/KEY, then attach or output. method, gateway: as of restate_ingress_submit(), and so is what it returns. output never waits: without a result its status is 470. Error: invalid_invocation_id 400.';

CREATE FUNCTION restate_ingress_results(ids restate_invocation_id[], seeds bigint[])
  RETURNS TABLE (place integer, status integer, answer bytea, is_failure boolean)
  LANGUAGE plpgsql STABLE CALLED ON NULL INPUT SECURITY DEFINER PARALLEL RESTRICTED ROWS 10
  SET search_path = pg_catalog, pg_temp
  SET enable_seqscan = off
  SET enable_hashjoin = off
  SET enable_mergejoin = off
AS $function$
-- in this language, since what is written in SQL is planned again in each call
#variable_conflict use_variable
DECLARE
  gone CONSTANT text := '[404] the invocation is gone, and with it its result';
  most CONSTANT bigint := 16777216;
  one record;
  number bigint := 0;
  up_to bigint := 0;
BEGIN
  IF NOT restate.is_distributed() THEN
    RETURN QUERY WITH w AS MATERIALIZED (
      SELECT u.id, u.seed, u.place, restate_partition_key_of_id(u.id) AS partition_key
      FROM unnest($1, $2) WITH ORDINALITY AS u (id, seed, place)),
    done AS MATERIALIZED (
      SELECT w.place, i.completion_failure AS failure, i.completion_failure_metadata AS metadata, i.completion_payload AS value
      FROM w
      JOIN restate.invocation AS i ON i.id = w.id AND i.partition_key = w.partition_key
      WHERE i.random_seed = w.seed AND i.completed_at IS NOT NULL
      UNION ALL
      SELECT w.place, u.failure, u.failure_metadata, u.value
      FROM w
      JOIN restate.undelivered_result AS u ON u.id = w.id AND u.random_seed = w.seed AND u.partition_key = w.partition_key
      UNION ALL
      SELECT w.place, gone, NULL::jsonb, NULL::bytea
      FROM w
      WHERE NOT EXISTS (SELECT FROM restate.invocation AS i WHERE i.id = w.id AND i.partition_key = w.partition_key AND i.random_seed = w.seed)
        AND NOT EXISTS (SELECT FROM restate.undelivered_result AS u
          WHERE u.id = w.id AND u.random_seed = w.seed AND u.partition_key = w.partition_key)),
    -- no more than fits in memory: the rest is there when it is asked for again
    part AS (
      SELECT d.*, sum(octet_length(d.value)) OVER (ORDER BY d.place) AS up_to, row_number() OVER (ORDER BY d.place) AS number
      FROM done AS d)
    SELECT p.place::integer, r.status, r.answer, r.is_failure
    FROM part AS p
    LEFT JOIN LATERAL restate.result_answer(p.failure, p.metadata, p.value) AS r ON p.number = 1 OR coalesce(p.up_to, 0) <= most;
    RETURN;
  END IF;

  -- where the tables are on several nodes, each by a statement that goes to its node alone
  FOR i IN 1 .. coalesce(cardinality(ids), 0) LOOP
    SELECT n.completed_at, n.completion_failure AS failure, n.completion_failure_metadata AS metadata, n.completion_payload AS value INTO one
      FROM restate.invocation AS n
      WHERE n.id = ids[i] AND n.partition_key = restate_partition_key_of_id(ids[i]) AND n.random_seed = seeds[i];
    CONTINUE WHEN FOUND AND one.completed_at IS NULL;
    IF NOT FOUND THEN
      SELECT u.completed_at, u.failure, u.failure_metadata AS metadata, u.value INTO one
        FROM restate.undelivered_result AS u
        WHERE u.id = ids[i] AND u.random_seed = seeds[i] AND u.partition_key = restate_partition_key_of_id(ids[i]);
      IF NOT FOUND THEN
        one.failure := gone;
      END IF;
    END IF;
    number := number + 1;
    up_to := up_to + coalesce(octet_length(one.value), 0);
    place := i;
    IF number = 1 OR up_to <= most THEN
      SELECT r.status, r.answer, r.is_failure INTO status, answer, is_failure
        FROM restate.result_answer(one.failure, one.metadata, one.value) AS r;
    ELSE
      status := NULL;
      answer := NULL;
      is_failure := NULL;
    END IF;
    RETURN NEXT;
  END LOOP;
END
$function$;
REVOKE ALL ON FUNCTION restate_ingress_results(restate_invocation_id[], bigint[]) FROM PUBLIC;
COMMENT ON FUNCTION restate_ingress_results(restate_invocation_id[], bigint[]) IS
'The results, of those that have one, of invocations that requests wait for. ids; seeds: what restate_ingress_submit() or restate_ingress_attach() returned with each. A row for each that has ended: place: which of the ids, from 1. status, answer: of the answer; null where more than 16 MiB came before, so that it must be asked for again. is_failure: the answer is JSON that describes a failure. One that is gone without a result is a failure of code 404.';

CREATE FUNCTION restate_ingress_health() RETURNS jsonb
  LANGUAGE sql STABLE SECURITY DEFINER PARALLEL RESTRICTED
  SET search_path = pg_catalog, pg_temp
AS $function$
  SELECT jsonb_build_object('services', coalesce(jsonb_agg(DISTINCT r.service_name), '[]'))
  FROM restate.service_revision AS r
  WHERE EXISTS (SELECT FROM restate.deployment AS d WHERE d.id = r.deployment_id)
$function$;
REVOKE ALL ON FUNCTION restate_ingress_health() FROM PUBLIC;
COMMENT ON FUNCTION restate_ingress_health() IS
'The services that can be called, as GET /restate/health of the ingress has them.';

CREATE FUNCTION restate_ingress_awakeable(awakeable text, verb text, value bytea, failure text, OUT status integer, OUT answer bytea)
  LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT SECURITY DEFINER PARALLEL UNSAFE
  SET search_path = pg_catalog, pg_temp
AS $function$
BEGIN
  status := 202;
  IF $2 = 'resolve' THEN
    PERFORM restate_resolve_awakeable($1, $3);
  ELSE
    PERFORM restate_reject_awakeable($1, $4);
  END IF;
EXCEPTION WHEN SQLSTATE 'PT404' THEN
  -- it is too late, as for one that has completed
  RETURN;
END
$function$;
REVOKE ALL ON FUNCTION restate_ingress_awakeable(text, text, bytea, text) FROM PUBLIC;
COMMENT ON FUNCTION restate_ingress_awakeable(text, text, bytea, text) IS
'Resolves or rejects an awakeable, as a request to the ingress asks for. awakeable: its id. verb: resolve, or reject. value: what it is resolved with; failure: what it is rejected with, with code 500. status: of the answer, 202 also where it is too late. Errors: those of restate_resolve_awakeable(), but for invocation_not_found.';
-- Distributing the tables over the nodes of a Citus cluster: see doc/citus.md.

CREATE FUNCTION restate.stuck_elsewhere_of_nodes()
  RETURNS TABLE (reason text, id restate_invocation_id, target text, status text, since timestamptz, age interval, detail text,
    target_service_name text, target_service_key text, target_handler_name text, deployment_id restate_deployment_id,
    worker_name text, related_id restate_invocation_id, waiting bigint, retry_count bigint, last_failure text)
  LANGUAGE plpgsql STABLE PARALLEL UNSAFE ROWS 10
  SET search_path = pg_catalog, pg_temp
AS $function$
#variable_conflict use_column
BEGIN
  RETURN QUERY
    WITH c AS MATERIALIZED (
      SELECT i.id, i.partition_key, i.status, i.modified_at, i.target_service_name, i.target_service_key, i.target_handler_name,
        i.pinned_deployment_id, i.worker_name, i.retry_count, i.last_failure, j.invoked_id, j.index,
        restate_partition_key_of_id(j.invoked_id) AS invoked_key
      FROM restate.invocation AS i
      JOIN restate.journal AS j ON j.id = i.id AND j.partition_key = i.partition_key
      WHERE i.completed_at IS NULL AND i.status = 'suspended' AND cardinality(i.suspended_waiting_for_completions) > 0
        AND i.is_foreign IS NOT TRUE AND i.modified_at <= now() - restate.stuck_after('callee_gone')
        AND j.invoked_id IS NOT NULL AND j.entry_type = 'Command: Call' AND j.result_completion_id = ANY (i.suspended_waiting_for_completions)),
    e AS MATERIALIZED (
      SELECT DISTINCT e.id
      FROM restate.invocation AS e
      JOIN c ON e.id = c.invoked_id AND e.partition_key = c.invoked_key)
    SELECT DISTINCT ON (c.id) 'callee_gone', c.id, concat_ws('/', c.target_service_name, c.target_service_key, c.target_handler_name),
      c.status, c.modified_at, now() - c.modified_at, format('it waits for %s, called at index %s, which is not there', c.invoked_id, c.index),
      c.target_service_name, c.target_service_key, c.target_handler_name, c.pinned_deployment_id, c.worker_name,
      c.invoked_id, NULL::bigint, c.retry_count, c.last_failure
    FROM c
    LEFT JOIN e ON e.id = c.invoked_id
    WHERE e.id IS NULL
    ORDER BY c.id, c.index;
  RETURN QUERY
    SELECT 'service_held', NULL::restate_invocation_id, h.service_name, NULL::text, h.held_at, now() - h.held_at,
      concat_ws(': ', 'held by ' || h.role_name, h.reason), h.service_name, NULL::text, NULL::text, NULL::restate_deployment_id,
      NULL::text, NULL::restate_invocation_id, r.waiting, NULL::bigint, NULL::text
    FROM restate.held_service AS h
    JOIN (
      SELECT r.service_name, least(count(*), 1000) AS waiting FROM restate.runnable AS r GROUP BY r.service_name) AS r
      ON r.service_name = h.service_name
    WHERE h.held_at <= now() - restate.stuck_after('service_held');
END
$function$;
COMMENT ON FUNCTION restate.stuck_elsewhere_of_nodes() IS
'The rows of restate.stuck_elsewhere where the tables are distributed. It reads with the rights of its caller.';

CREATE FUNCTION restate.on_workers(command text) RETURNS void
  LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
  SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
  failed record;
BEGIN
  -- each worker keeps it to itself
  SELECT r.nodename, r.nodeport, r.result INTO failed
    FROM pg_catalog.run_command_on_workers(format('DO %L',
      format('BEGIN PERFORM set_config(''citus.enable_ddl_propagation'', ''off'', true); EXECUTE %L; END', command))) AS r
    WHERE NOT r.success LIMIT 1;
  IF FOUND THEN
    PERFORM restate.refuse('citus_not_ready', format('worker %s:%s refused what every node needs', failed.nodename, failed.nodeport), failed.result,
      hint => 'Have both extensions on it in the versions of this node, and repeat.');
  END IF;
END
$function$;
REVOKE ALL ON FUNCTION restate.on_workers(text) FROM PUBLIC;
COMMENT ON FUNCTION restate.on_workers(text) IS
'Runs a command on each worker of a Citus cluster, for restate_distribute(). Error: citus_not_ready 409.';

CREATE FUNCTION restate_distribute() RETURNS TABLE (object text, outcome text)
  LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE ROWS 20
  -- what Citus says of each table is in the rows
  SET search_path = pg_catalog, pg_temp SET client_min_messages = warning
AS $function$
#variable_conflict use_column
DECLARE
  known record;
  missing record;
  given text;
BEGIN
  IF to_regclass('pg_catalog.pg_dist_partition') IS NULL THEN
    PERFORM restate.refuse('citus_not_ready', 'extension citus is not installed in this database');
  END IF;
  IF NOT pg_catalog.citus_is_coordinator() THEN
    PERFORM restate.refuse('citus_not_ready', 'this node is not the coordinator');
  END IF;
  IF NOT EXISTS (SELECT FROM pg_catalog.pg_dist_node AS n WHERE n.groupid = 0) THEN
    PERFORM restate.refuse('citus_not_ready', 'the coordinator is not known to itself',
      hint => 'Run citus_set_coordinator_host() with an address that the workers reach it at.');
  END IF;

  IF NOT EXISTS (SELECT FROM pg_catalog.pg_dist_node AS n WHERE n.shouldhaveshards) THEN
    PERFORM restate.refuse('citus_not_ready', 'no node keeps shards',
      hint => 'Add workers with citus_add_node(), or have the coordinator keep shards with citus_set_node_property().');
  END IF;

  -- what has a partition key goes by it, all of one key to the same node; what has none
  -- is small, and on every node, to be joined there
  FOR known IN
    SELECT c.oid, format('%I.%I', s.nspname, c.relname) AS name, p.partmethod,
      EXISTS (SELECT FROM pg_attribute AS a WHERE a.attrelid = c.oid AND a.attname = 'partition_key') AS has_key
    FROM pg_class AS c
    JOIN pg_namespace AS s ON s.oid = c.relnamespace
    JOIN pg_depend AS d ON d.classid = 'pg_class'::regclass AND d.objid = c.oid AND d.deptype = 'e'
    JOIN pg_extension AS e ON d.refclassid = 'pg_extension'::regclass AND e.oid = d.refobjid AND e.extname = 'restate_admin'
    LEFT JOIN pg_catalog.pg_dist_partition AS p ON p.logicalrelid = c.oid
    WHERE c.relkind = 'r'
    ORDER BY has_key, c.oid <> 'restate.invocation'::regclass, c.relname
  LOOP
    object := known.name;
    outcome := 'unchanged';
    IF known.partmethod IS NULL THEN
      IF NOT known.has_key THEN
        PERFORM pg_catalog.create_reference_table(known.oid);
        outcome := 'on every node';
      ELSE
        PERFORM pg_catalog.create_distributed_table(known.oid, 'partition_key', colocate_with =>
          CASE known.oid WHEN 'restate.invocation'::regclass THEN 'none' ELSE 'restate.invocation' END);
        outcome := 'by partition_key';
      END IF;
      -- the rows are in the shards by now; what they were copied from would be dumped with them
      PERFORM pg_catalog.truncate_local_data_after_distributing_table(known.oid);
    END IF;
    RETURN NEXT;
  END LOOP;

  -- what takes more than one partition has another form there
  IF pg_get_viewdef('restate.stuck_elsewhere'::regclass) !~ 'of_nodes' THEN
    PERFORM restate.define_stuck_elsewhere(of_nodes => true);
    object := 'restate.stuck_elsewhere';
    outcome := 'by the nodes';
    RETURN NEXT;
  END IF;
  PERFORM restate.on_workers('SELECT restate.define_stuck_elsewhere(of_nodes => true)');

  -- A reader of a view reads the shards with rights of its own, and the names of what the
  -- view calls.
  FOR missing IN
    WITH RECURSIVE read (view, relation) AS (
      SELECT w.ev_class, r.refobjid
      FROM pg_rewrite AS w
      JOIN pg_depend AS r ON r.classid = 'pg_rewrite'::regclass AND r.objid = w.oid AND r.refclassid = 'pg_class'::regclass AND r.refobjid <> w.ev_class
      JOIN pg_depend AS d ON d.classid = 'pg_class'::regclass AND d.objid = w.ev_class AND d.deptype = 'e'
      JOIN pg_extension AS e ON d.refclassid = 'pg_extension'::regclass AND e.oid = d.refobjid AND e.extname = 'restate_admin'
      UNION
      SELECT read.view, r.refobjid
      FROM read
      JOIN pg_rewrite AS w ON w.ev_class = read.relation
      JOIN pg_depend AS r ON r.classid = 'pg_rewrite'::regclass AND r.objid = w.oid AND r.refclassid = 'pg_class'::regclass AND r.refobjid <> w.ev_class
    ), reader (role, view) AS (
      SELECT a.grantee, v.oid
      FROM pg_class AS v
      CROSS JOIN LATERAL aclexplode(v.relacl) AS a
      WHERE a.privilege_type = 'SELECT' AND a.grantee <> v.relowner
    ), wanted (role, what) AS (
      SELECT DISTINCT g.role, 'SELECT ON ' || t.oid::regclass
      FROM reader AS g
      JOIN read ON read.view = g.view
      JOIN pg_class AS t ON t.oid = read.relation AND t.relkind = 'r'
      WHERE NOT EXISTS (SELECT FROM aclexplode(t.relacl) AS a WHERE a.privilege_type = 'SELECT' AND a.grantee = g.role)
      UNION
      -- what the function reads that stands for a view
      SELECT g.role, 'SELECT ON ' || t.oid::regclass
      FROM reader AS g
      JOIN read ON read.view = g.view AND read.relation = 'restate.stuck_elsewhere'::regclass
      JOIN pg_class AS t ON t.oid = ANY ('{restate.invocation, restate.journal, restate.held_service, restate.runnable}'::regclass[])
      WHERE NOT EXISTS (SELECT FROM aclexplode(t.relacl) AS a WHERE a.privilege_type = 'SELECT' AND a.grantee = g.role)
      UNION
      SELECT g.role, 'USAGE ON SCHEMA restate'
      FROM reader AS g
      JOIN read ON read.view = g.view
      JOIN pg_namespace AS s ON s.nspname = 'restate'
      WHERE NOT EXISTS (SELECT FROM aclexplode(s.nspacl) AS a WHERE a.privilege_type = 'USAGE' AND a.grantee = g.role)
    )
    SELECT w.what, CASE w.role WHEN 0 THEN 'PUBLIC' ELSE w.role::regrole::text END AS role FROM wanted AS w ORDER BY 2, 1
  LOOP
    EXECUTE format('GRANT %s TO %s', missing.what, missing.role);
    object := missing.what;
    outcome := 'granted to ' || missing.role;
    RETURN NEXT;
  END LOOP;

  -- Citus hands on what is granted on tables; the rest a worker has to be told.
  given := (
    WITH member AS (
      SELECT d.classid, d.objid
      FROM pg_depend AS d
      JOIN pg_extension AS e ON d.refclassid = 'pg_extension'::regclass AND e.oid = d.refobjid AND e.extname = 'restate_admin'
      WHERE d.deptype = 'e'
    ), granted (what, privilege, role) AS (
      SELECT format('SCHEMA %I', s.nspname), a.privilege_type, a.grantee
      FROM member AS m
      JOIN pg_namespace AS s ON m.classid = 'pg_namespace'::regclass AND s.oid = m.objid
      CROSS JOIN LATERAL aclexplode(s.nspacl) AS a
      WHERE a.grantee <> s.nspowner
      UNION ALL
      SELECT c.oid::regclass::text, a.privilege_type, a.grantee
      FROM member AS m
      JOIN pg_class AS c ON m.classid = 'pg_class'::regclass AND c.oid = m.objid AND c.relkind = 'v'
      CROSS JOIN LATERAL aclexplode(c.relacl) AS a
      WHERE a.grantee <> c.relowner
      UNION ALL
      SELECT 'FUNCTION ' || p.oid::regprocedure, a.privilege_type, a.grantee
      FROM member AS m
      JOIN pg_proc AS p ON m.classid = 'pg_proc'::regclass AND p.oid = m.objid AND p.prokind = 'f'
      CROSS JOIN LATERAL aclexplode(p.proacl) AS a
      WHERE a.grantee NOT IN (p.proowner, 0)
    )
    SELECT string_agg(format('GRANT %s ON %s TO %s;', g.privilege, g.what, CASE g.role WHEN 0 THEN 'PUBLIC' ELSE g.role::regrole::text END), ' ')
    FROM granted AS g);
  IF given IS NOT NULL THEN
    PERFORM restate.on_workers(given);
  END IF;
END
$function$;
REVOKE ALL ON FUNCTION restate_distribute() FROM PUBLIC;
COMMENT ON FUNCTION restate_distribute() IS
'Distributes the tables over the nodes of a Citus cluster, with what is in them: what has a partition_key by it, those of one partition on one node; the others, which are small, on every node. Run on the coordinator, by the owner of the tables, while nothing else works with them. Whoever may read a view gets SELECT on the tables that it reads, since Citus reads them with the rights of the reader, and what is granted on functions, views and schemas here is granted on the workers. Returns a row for each table, and for each thing that it granted: object; outcome: by partition_key, on every node, unchanged, or to whom it was granted. Safe to run again, which a new node and a new grant take. restate_undistribute() undoes it. Error: citus_not_ready 409.';

CREATE FUNCTION restate_undistribute() RETURNS TABLE (object text, outcome text)
  LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE ROWS 20
  SET search_path = pg_catalog, pg_temp
AS $function$
BEGIN
  IF to_regclass('pg_catalog.pg_dist_partition') IS NULL THEN
    PERFORM restate.refuse('citus_not_ready', 'extension citus is not installed in this database');
  END IF;
  IF NOT pg_catalog.citus_is_coordinator() THEN
    PERFORM restate.refuse('citus_not_ready', 'this node is not the coordinator');
  END IF;
  RETURN QUERY SELECT g.object, g.outcome FROM restate.gather() AS g;
  PERFORM restate.define_stuck_elsewhere(of_nodes => false);
END
$function$;
REVOKE ALL ON FUNCTION restate_undistribute() FROM PUBLIC;
COMMENT ON FUNCTION restate_undistribute() IS
'Undoes restate_distribute(): takes the tables back to the coordinator, with what is in them, in one transaction. Run there, by the owner of the tables; whoever uses them waits. It writes all rows twice, and needs the room. What was granted stays. Returns a row for each table: object; outcome: how many rows it has; none where nothing is distributed. Error: citus_not_ready 409.';
