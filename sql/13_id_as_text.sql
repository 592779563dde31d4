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
