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
