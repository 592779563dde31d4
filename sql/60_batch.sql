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
    request_id text DEFAULT NULL, at text DEFAULT NULL)
  RETURNS TABLE (ordinality bigint, id restate_invocation_id, ok boolean, category text,
    message text, outcome text, new_id restate_invocation_id)
  LANGUAGE c VOLATILE SECURITY DEFINER PARALLEL UNSAFE ROWS 100
  AS 'MODULE_PATHNAME';
REVOKE ALL ON FUNCTION restate_restart_as_new_batch(restate_invocation_id[], bigint, text, text, text) FROM PUBLIC;
COMMENT ON FUNCTION restate_restart_as_new_batch(restate_invocation_id[], bigint, text, text, text) IS
'restate_restart_as_new on each element of ids, in order, all with the same parameters, at being found in the journal of each; a failing one fails alone. Returns a row for each: ok, and new_id or the category and message of the error.';
