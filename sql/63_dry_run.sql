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
