-- Removing old rows of the audit.

CREATE FUNCTION restate_purge_audit(before timestamptz)
  RETURNS bigint
  LANGUAGE c VOLATILE CALLED ON NULL INPUT SECURITY DEFINER PARALLEL UNSAFE
  AS 'MODULE_PATHNAME';
REVOKE ALL ON FUNCTION restate_purge_audit(timestamptz) FROM PUBLIC;
COMMENT ON FUNCTION restate_purge_audit(timestamptz) IS
'Removes the rows of the audit of transactions that began before a time, and returns how many those were. Cannot be undone. Leaves no row itself. A restart whose row is gone is still found by its request_id, but what it was made of is not held against the call any more. Errors: invalid_query_parameter 400 for null, read_only 503, triggered_action_exception if a trigger or policy keeps a row.';
