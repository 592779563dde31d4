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
