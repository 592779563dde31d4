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

CREATE FUNCTION restate.api_request_id() RETURNS text
  LANGUAGE sql STABLE PARALLEL SAFE
  SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
  SELECT nullif(current_setting('request.headers', true), '')::json ->> 'idempotency-key';
END;
COMMENT ON FUNCTION restate.api_request_id() IS
'The request_id of a restart: the header Idempotency-Key of the request that PostgREST serves. Null without one.';

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
    invocation_id::restate_invocation_id, restate.api_index("from"), deployment, restate.api_request_id()));
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
    deployment => restate.api_batch_deployment(deployment), request_id => restate.api_request_id()) AS b;
END;
REVOKE ALL ON FUNCTION restate_api.restart_as_new_batch(jsonb, jsonb) FROM PUBLIC;
COMMENT ON FUNCTION restate_api.restart_as_new_batch(jsonb, jsonb) IS
'Restarts many completed invocations as new

POST /internal/invocations_batch_operations/restart-as-new: the header Idempotency-Key is the request_id of each. Answered 200 with {"succeeded": [{"old_invocation_id", "new_invocation_id"}], "failed": [{"invocation_id", "error"}]}.';

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

-- what is registered, and the state of objects

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

-- what can be read

CREATE VIEW restate_api.invocations AS
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
REVOKE ALL ON restate_api.invocations FROM PUBLIC;
COMMENT ON VIEW restate_api.invocations IS
'The invocations: restate.sys_invocation.';

CREATE VIEW restate_api.journal AS
SELECT j.partition_key, j.id, j.index, j.entry_type, j.name, j.completed, j.invoked_id, j.invoked_target,
  j.sleep_wakeup_at::restate.instant, j.promise_name, j.payload_length, j.version,
  j.entry_json, j.entry_lite_json, j.appended_at::restate.instant,
  j.completion_id, j.result_completion_id, j.raw
FROM restate.sys_journal j;
REVOKE ALL ON restate_api.journal FROM PUBLIC;
COMMENT ON VIEW restate_api.journal IS
'The journal entries: restate.sys_journal.';

CREATE VIEW restate_api.journal_events AS
SELECT e.partition_key, e.id, e.after_journal_entry_index, e.appended_at::restate.instant, e.event_type, e.event_json
FROM restate.sys_journal_events e;
REVOKE ALL ON restate_api.journal_events FROM PUBLIC;
COMMENT ON VIEW restate_api.journal_events IS
'What happened beside the journals: restate.sys_journal_events.';

CREATE VIEW restate_api.inbox AS
SELECT i.partition_key, i.service_name, i.service_key, i.id, i.sequence_number, i.created_at::restate.instant
FROM restate.sys_inbox i;
REVOKE ALL ON restate_api.inbox FROM PUBLIC;
COMMENT ON VIEW restate_api.inbox IS
'The invocations that wait for their object key: restate.sys_inbox.';

CREATE VIEW restate_api.keyed_service_status AS SELECT * FROM restate.sys_keyed_service_status;
REVOKE ALL ON restate_api.keyed_service_status FROM PUBLIC;
COMMENT ON VIEW restate_api.keyed_service_status IS
'The object keys that an invocation holds: restate.sys_keyed_service_status.';

CREATE VIEW restate_api.deployments AS
SELECT d.id, d.ty, d.endpoint, d.created_at::restate.instant, d.min_service_protocol_version, d.max_service_protocol_version,
  d.in_flight, d.drained
FROM restate.sys_deployment d;
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

CREATE VIEW restate_api.audit AS
SELECT a.audit_id, a.at::restate.instant, a.operation, a.id, a.parameters, a.outcome, a.new_id, a.caused_by,
  a.role_name, a.session_user_name, a.claimed_subject, a.reason
FROM restate.sys_audit a;
REVOKE ALL ON restate_api.audit FROM PUBLIC;
COMMENT ON VIEW restate_api.audit IS
'The operations that took effect: restate.sys_audit.';

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
