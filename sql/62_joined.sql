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
