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
