-- Bulk jobs: what a filter matches, what is refused, that each operation does what its
-- batch function does, in batches, and what is told and recorded of it.
BEGIN;
\ir ../conformance/world.sql

INSERT INTO category VALUES ('bulk_job_not_found', 404), ('bulk_job_ended', 409);
SELECT deploy('old', '[5,7)', '{Svc,Obj,Wf}'), deploy('new', '[5,8)', '{Svc,Obj,Wf}') \g /dev/null
\set on_old 'jsonb_build_object(\'pinned_deployment_id\', dp(\'old\'), \'pinned_service_protocol_version\', 6)'
SELECT
  make('done', 'Svc/run', 'completed', :on_old || '{"created_at": "2026-01-01T00:00:00Z", "completed_at": "2026-01-02T00:00:00Z", "journal": ["Command: Input", "Command: Run ''a'' completion_id=1", "Notification: Run for=1", "Command: Output"]}'),
  make('later', 'Svc/run', 'completed', '{"created_at": "2026-02-01T00:00:00Z", "completed_at": "2026-02-03T00:00:00Z", "journal": ["Command: Input"]}'),
  make('purged', 'Svc/other', 'completed', '{"created_at": "2026-01-01T00:00:00Z"}'),
  make('failed', 'Svc/other', 'completed', '{"completion_result": "failure", "completion_failure": "[500] no 100% of it", "journal": ["Command: Input", "Command: Output"]}'),
  make('running', 'Svc/run', 'running'),
  make('retrying', 'Svc/run', 'backing-off', :on_old || '{"last_failure": "[500] not yet", "retry_count": 3}'),
  make('paused', 'Svc/run', 'paused', :on_old),
  make('suspended', 'Svc/run', 'suspended', '{"suspended_waiting_for_signals": [1]}'),
  make('scheduled', 'Svc/run', 'scheduled'),
  make('holder', 'Obj/k-1/run', 'running'), make('waiting', 'Obj/k-1/run', 'pending'),
  make('other key', 'Obj/k-2/run', 'running'), make('of an object', 'Obj/l/run', 'completed', '{"journal": ["Command: Input"]}'),
  make('workflow', 'Wf/k-1/run', 'completed') \g /dev/null

-- The names of a job's set, of an operation that changes nothing meanwhile, taken back.
CREATE FUNCTION matched(filter jsonb) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
  started record;
  told text;
BEGIN
  SELECT * INTO started FROM restate_bulk_start('pause', filter);
  SELECT string_agg(labelled(t.id::text), ', ' ORDER BY labelled(t.id::text)) INTO told FROM restate.bulk_target AS t WHERE t.job = started.job;
  IF (SELECT count(*) FROM restate.bulk_target AS t WHERE t.job = started.job) <> started.matched
    OR (SELECT d.matched FROM restate_bulk_start('pause', filter, '{"dry_run": true}') AS d) <> started.matched
  THEN
    told := told || ', and another count';
  END IF;
  RAISE EXCEPTION USING ERRCODE = 'UNDO0';
EXCEPTION WHEN SQLSTATE 'UNDO0' THEN
  RETURN coalesce(told, 'nothing');
END $$;

CREATE TABLE filter (n int GENERATED ALWAYS AS IDENTITY, filter jsonb, want text);
INSERT INTO filter (filter, want) VALUES
  ('{"service": "Svc"}', 'done, failed, later, paused, purged, retrying, running, scheduled, suspended'),
  ('{"service": "Svc", "handler": "other"}', 'failed, purged'), ('{"handler": "other"}', 'failed, purged'), ('{"service": "None"}', 'nothing'),
  ('{"key_prefix": "k-"}', 'holder, other key, waiting, workflow'), ('{"key_prefix": "k-", "service": "Obj"}', 'holder, other key, waiting'),
  ('{"key_prefix": "k-1"}', 'holder, waiting, workflow'), ('{"key_prefix": "%"}', 'nothing'),
  ('{"status": "completed"}', 'done, failed, later, of an object, purged, workflow'),
  ('{"status": "paused"}', 'paused'), ('{"status": ["paused", "suspended"]}', 'paused, suspended'),
  ('{"status": "invoked"}', 'holder, other key, retrying, running'), ('{"status": "running"}', 'holder, other key, running'),
  ('{"status": "inboxed"}', 'waiting'), ('{"status": ["pending", "inboxed", "scheduled"]}', 'scheduled, waiting'),
  ('{"status": ["completed", "paused"], "service": "Svc"}', 'done, failed, later, paused, purged'),
  ('{"created_before": "2026-02-01T00:00:00Z", "status": "completed", "service": "Svc"}', 'done, failed, purged'),
  ('{"created_after": "2026-02-01T00:00:00Z"}', 'later'), ('{"created_after": "2026-02-01T00:00:00.000001Z"}', 'nothing'),
  ('{"created_after": "2026-02-01T01:00:00+01:00", "created_before": "2026-02-01T00:00:01Z"}', 'later'),
  ('{"completed_before": "2026-01-03T00:00:00Z"}', 'done'), ('{"completed_before": "2026-01-03T00:00:01Z", "service": "Svc"}', 'done, failed, purged'),
  ('{"completed_after": "2026-01-03T00:00:01Z"}', 'later'),
  (jsonb_build_object('deployment', dp('old')), 'done, paused, retrying'), (jsonb_build_object('deployment', dp('new')), 'nothing'),
  ('{"failure": "[500]%"}', 'failed, retrying'), ('{"failure": "%not yet"}', 'retrying'), ('{"failure": "%100\\% of%"}', 'failed'),
  ('{"failure": "%100\\%"}', 'nothing'), ('{"failure": "not yet"}', 'nothing'), ('{"failure": "%", "status": "completed"}', 'failed'),
  ('{"all": true}', 'done, failed, holder, later, of an object, other key, paused, purged, retrying, running, scheduled, suspended, waiting, workflow');

-- what is refused, and with which words
CREATE TABLE refused (n int GENERATED ALWAYS AS IDENTITY, operation text, filter jsonb, options jsonb, category text, words text);
INSERT INTO refused (operation, filter, options, category, words) VALUES
  (NULL, '{"all": true}', '{}', 'invalid_query_parameter', 'operation must not be null'),
  ('stop', '{"all": true}', '{}', 'invalid_query_parameter', 'invalid operation stop'),
  ('cancel', NULL, '{}', 'invalid_query_parameter', 'the filter must be an object'),
  ('cancel', '[]', '{}', 'invalid_query_parameter', 'the filter must be an object'),
  ('cancel', 'null', '{}', 'invalid_query_parameter', 'the filter must be an object'),
  ('cancel', '{}', '{}', 'invalid_query_parameter', 'the filter is empty'),
  ('cancel', '{"all": false}', '{}', 'invalid_query_parameter', 'all of the filter must be true, and the only field'),
  ('cancel', '{"all": "true"}', '{}', 'invalid_query_parameter', 'all of the filter must be true, and the only field'),
  ('cancel', '{"all": true, "service": "Svc"}', '{}', 'invalid_query_parameter', 'all of the filter must be true, and the only field'),
  ('cancel', '{"Service": "Svc"}', '{}', 'invalid_query_parameter', 'the filter has an unknown field: Service'),
  ('cancel', '{"service": "Svc", "id": "x"}', '{}', 'invalid_query_parameter', 'the filter has an unknown field: id'),
  ('cancel', '{"service": ""}', '{}', 'invalid_query_parameter', 'service of the filter must be a text that is not empty'),
  ('cancel', '{"service": null}', '{}', 'invalid_query_parameter', 'service of the filter must be a text that is not empty'),
  ('cancel', '{"service": ["Svc"]}', '{}', 'invalid_query_parameter', 'service of the filter must be a text that is not empty'),
  ('cancel', '{"handler": 1}', '{}', 'invalid_query_parameter', 'handler of the filter must be a text that is not empty'),
  ('cancel', '{"key_prefix": ""}', '{}', 'invalid_query_parameter', 'key_prefix of the filter must be a text that is not empty'),
  ('cancel', '{"status": "gone"}', '{}', 'invalid_query_parameter', 'no invocation has the status: gone'),
  ('cancel', '{"status": "Completed"}', '{}', 'invalid_query_parameter', 'no invocation has the status: Completed'),
  ('cancel', '{"status": ["paused", "x"]}', '{}', 'invalid_query_parameter', 'no invocation has the status: x'),
  ('cancel', '{"status": []}', '{}', 'invalid_query_parameter', 'status of the filter must be a status or an array of them'),
  ('cancel', '{"status": ["paused", 1]}', '{}', 'invalid_query_parameter', 'status of the filter must be a status or an array of them'),
  ('cancel', '{"status": ["paused", null]}', '{}', 'invalid_query_parameter', 'status of the filter must be a status or an array of them'),
  ('cancel', '{"status": {"is": "paused"}}', '{}', 'invalid_query_parameter', 'status of the filter must be a text that is not empty'),
  ('cancel', '{"created_before": "soon"}', '{}', 'invalid_query_parameter', 'created_before of the filter must be a time, and is: soon'),
  ('cancel', '{"created_after": 1790000000}', '{}', 'invalid_query_parameter', 'created_after of the filter must be a text that is not empty'),
  ('cancel', '{"completed_before": "infinity"}', '{}', 'invalid_query_parameter', 'completed_before of the filter must be a time, and is: infinity'),
  ('cancel', '{"completed_after": "2026-13-01"}', '{}', 'invalid_query_parameter', 'completed_after of the filter must be a time, and is: 2026-13-01'),
  ('cancel', '{"created_before": "2026-01-01T00:00:00Z", "created_after": "2026-01-01T01:00:00+01:00"}', '{}', 'invalid_query_parameter', 'the filter has a time before which something must be that is not later than the one after which it must be'),
  ('cancel', '{"completed_before": "2026-01-01", "completed_after": "2026-01-02"}', '{}', 'invalid_query_parameter', 'the filter has a time before which something must be that is not later than the one after which it must be'),
  ('cancel', '{"completed_before": "2026-01-01", "status": ["running", "paused"]}', '{}', 'invalid_query_parameter', 'the filter asks when invocations completed, and for statuses of which none is completed'),
  ('cancel', '{"deployment": "latest"}', '{}', 'invalid_deployment_id', ''),
  ('cancel', '{"deployment": 1}', '{}', 'invalid_query_parameter', 'deployment of the filter must be a text that is not empty'),
  ('cancel', '{"failure": "50\\"}', '{}', 'invalid_query_parameter', 'failure of the filter must not end with a single backslash'),
  ('cancel', '{"failure": ["%"]}', '{}', 'invalid_query_parameter', 'failure of the filter must be a text that is not empty'),
  ('cancel', '{"all": true}', '[]', 'invalid_query_parameter', 'the options must be an object'),
  ('cancel', '{"all": true}', 'null', 'invalid_query_parameter', 'the options must be an object'),
  ('cancel', '{"all": true}', '{"speed": 1}', 'invalid_query_parameter', 'the options have an unknown field: speed'),
  ('cancel', '{"all": true}', '{"dry_run": "yes"}', 'invalid_query_parameter', 'dry_run of the options must be true or false, and is: yes'),
  ('cancel', '{"all": true}', '{"dry_run": null}', 'invalid_query_parameter', 'dry_run of the options must be true or false, and is'),
  ('cancel', '{"all": true}', '{"mode": "kill"}', 'invalid_query_parameter', 'cancel does not take mode'),
  ('purge', '{"all": true}', '{"from": 1}', 'invalid_query_parameter', 'purge does not take from'),
  ('purge', '{"all": true}', '{"deployment": "keep"}', 'invalid_query_parameter', 'purge does not take deployment'),
  ('resume', '{"all": true}', '{"at": "last_failure"}', 'invalid_query_parameter', 'resume does not take at'),
  ('resume', '{"all": true}', '{"deployment": "x"}', 'invalid_deployment_id', ''),
  ('delete_invocation', '{"all": true}', '{"mode": "stop"}', 'invalid_query_parameter', 'invalid mode stop'),
  ('delete_invocation', '{"all": true}', '{"mode": 1}', 'invalid_query_parameter', 'mode of the options must be a text, and is: 1'),
  ('restart_as_new', '{"all": true}', '{"from": -1}', 'invalid_query_parameter', 'from of the options must be the index of a journal entry, and is: -1'),
  ('restart_as_new', '{"all": true}', '{"from": 4294967296}', 'invalid_query_parameter', 'from of the options must be the index of a journal entry, and is: 4294967296'),
  ('restart_as_new', '{"all": true}', '{"from": 1.5}', 'invalid_query_parameter', 'from of the options must be the index of a journal entry, and is: 1.5'),
  ('restart_as_new', '{"all": true}', '{"from": "1"}', 'invalid_query_parameter', 'from of the options must be the index of a journal entry, and is: 1'),
  ('restart_as_new', '{"all": true}', '{"from": 1, "at": "last_failure"}', 'invalid_query_parameter', 'from and at must not both be given'),
  ('restart_as_new', '{"all": true}', '{"at": "somewhere"}', 'invalid_query_parameter', ''),
  ('restart_as_new', '{"all": true}', '{"request_id": "x"}', 'invalid_query_parameter', 'the options have an unknown field: request_id');

-- Runs a job to its end in batches of so many; returns how it went.
CREATE FUNCTION run_job(job uuid, batch int) RETURNS restate.sys_bulk_job LANGUAGE plpgsql AS $$
DECLARE
  result restate.sys_bulk_job;
BEGIN
  FOR i IN 1 .. 50 LOOP
    SELECT * INTO result FROM restate.sys_bulk_job AS b WHERE b.job = run_job.job;
    EXIT WHEN result.state <> 'running';
    PERFORM FROM restate_bulk_run(run_job.job, batch);
  END LOOP;
  RETURN result;
END $$;

CREATE TABLE operation (n int GENERATED ALWAYS AS IDENTITY, operation text, options jsonb, batch text);
INSERT INTO operation (operation, options, batch) VALUES
  ('purge_journal', '{}', 'restate_purge_journal_batch($1)'), ('purge', '{}', 'restate_purge_batch($1)'),
  ('cancel', '{}', 'restate_cancel_batch($1)'), ('kill', '{}', 'restate_kill_batch($1)'),
  ('pause', '{}', 'restate_pause_batch($1)'), ('resume', '{}', 'restate_resume_batch($1)'),
  ('resume', '{"deployment": "latest"}', 'restate_resume_batch($1, ''latest'')'),
  ('delete_invocation', '{}', 'restate_delete_invocation_batch($1)'),
  ('delete_invocation', '{"mode": "kill"}', 'restate_delete_invocation_batch($1, ''kill'')'),
  ('delete_invocation', '{"mode": "purge"}', 'restate_delete_invocation_batch($1, ''purge'')'),
  ('restart_as_new', '{}', 'restate_restart_as_new_batch($1)'),
  ('restart_as_new', '{"from": 2.0, "deployment": "keep"}', 'restate_restart_as_new_batch($1, 2, ''keep'')'),
  ('restart_as_new', '{"at": "name:a"}', 'restate_restart_as_new_batch($1, at => ''name:a'')');

-- The statement, as a job in batches of two, or as the batch function over the same in
-- the order of their ids: how many came out how, and what changed; taken back.
CREATE FUNCTION outcome_of(o operation, as_job boolean) RETURNS jsonb LANGUAGE plpgsql AS $$
DECLARE
  told jsonb;
  made restate.sys_bulk_job;
BEGIN
  PERFORM remember();
  IF as_job THEN
    made := run_job((restate_bulk_start(o.operation, '{"all": true}', o.options)).job, 2);
    told := jsonb_build_object('outcomes', made.outcomes, 'failures', made.failures);
    IF made.state <> 'done' OR made.done + made.failed <> 14 OR made.batches <> 7 OR made.progress <> 1 THEN
      told := told || jsonb_build_object('wrong', to_jsonb(made));
    END IF;
  ELSE
    EXECUTE format($q$WITH r AS MATERIALIZED (SELECT * FROM %s)
      SELECT jsonb_build_object('outcomes', (SELECT coalesce(jsonb_object_agg(s.outcome, s.n), '{}') FROM (SELECT outcome, count(*) AS n FROM r WHERE ok GROUP BY 1) AS s),
        'failures', (SELECT coalesce(jsonb_object_agg(s.category, s.n), '{}') FROM (SELECT category, count(*) AS n FROM r WHERE NOT ok GROUP BY 1) AS s))$q$, o.batch)
      USING ARRAY(SELECT id FROM restate.invocation ORDER BY id) INTO told;
  END IF;
  -- a restart has an id of its own each time
  told := told || jsonb_build_object('changes', CASE o.operation
    WHEN 'restart_as_new' THEN (SELECT count(*) FROM restate.invocation WHERE restarted_from IS NOT NULL)::text ELSE changes() END,
    'broken', broken());
  RAISE EXCEPTION USING ERRCODE = 'UNDO0';
EXCEPTION WHEN SQLSTATE 'UNDO0' THEN
  RETURN told;
END $$;

SELECT plan((SELECT count(*) FROM filter)::int + (SELECT count(*) FROM refused)::int + 2 * (SELECT count(*) FROM operation)::int + 68);

SELECT is(matched(f.filter), f.want, f.filter::text) FROM filter AS f ORDER BY f.n;

SELECT is(coalesce(wrong_error(c, r.category), CASE WHEN r.words <> '' THEN replace(c ->> 'message', '"', '') ELSE r.words END), r.words, coalesce(r.operation, 'null') || ' ' || coalesce(r.filter::text, 'null') || ' ' || r.options)
FROM refused AS r, LATERAL call(format('SELECT b FROM restate_bulk_start(%L, %L, %L) AS b', r.operation, r.filter, r.options)) AS c ORDER BY r.n;

SELECT is(outcome_of(o, true), outcome_of(o, false), format('a job of %s %s does what the batch function does', o.operation, o.options)) FROM operation AS o ORDER BY o.n;
-- in one dry run, of all at once
SELECT is(to_jsonb(d) - ARRAY['job', 'matched', 'done', 'failed', 'state'], outcome_of(o, false) - ARRAY['changes', 'broken'], format('a dry run of %s %s tells that', o.operation, o.options))
FROM operation AS o, LATERAL restate_bulk_start(o.operation, '{"all": true}', o.options || '{"dry_run": true}') AS d ORDER BY o.n;

-- a dry run keeps nothing
SELECT is(to_jsonb(d), '{"job": null, "state": "dry_run", "matched": 6, "done": 6, "failed": 0, "outcomes": {"purged": 6}, "failures": {}}', 'a dry run counts')
FROM restate_bulk_start('purge', '{"status": "completed"}', '{"dry_run": true}') AS d;
SELECT is((SELECT count(*) FROM restate.bulk_job) + (SELECT count(*) FROM restate.bulk_target) + (SELECT count(*) FROM restate.audit WHERE operation ~ 'bulk'), 0::bigint, 'and keeps nothing');

-- one job, step by step
SET LOCAL restate_admin.reason = 'of the session';
SELECT job AS first_job FROM restate_bulk_start('purge_journal', '{"service": "Svc", "created_before": "2026-06-01 02:00+02"}', reason => 'journals of old') \gset
SET LOCAL restate_admin.reason = '';
SELECT is((SELECT jsonb_build_object('filter', filter, 'options', options, 'state', state, 'matched', matched, 'remaining', remaining, 'progress', progress, 'reason', reason, 'role', role_name, 'rate', rate, 'left', seconds_left) FROM restate.sys_bulk_job),
  jsonb_build_object('filter', '{"service": "Svc", "created_before": "2026-06-01T00:00:00.000000Z"}'::jsonb, 'options', '{}'::jsonb, 'state', 'running', 'matched', 9, 'remaining', 9,
    'progress', 0, 'reason', 'journals of old', 'role', current_user, 'rate', NULL, 'left', NULL), 'a job that was started');
SELECT is((SELECT jsonb_build_object('op', operation, 'outcome', outcome, 'id', id, 'parameters', parameters, 'reason', reason) FROM restate.sys_audit WHERE operation ~ 'bulk'),
  jsonb_build_object('op', 'bulk_start', 'outcome', 'running', 'id', NULL, 'reason', 'journals of old', 'parameters',
    jsonb_build_object('job', :'first_job', 'operation', 'purge_journal', 'filter', '{"service": "Svc", "created_before": "2026-06-01T00:00:00.000000Z"}'::jsonb, 'options', '{}'::jsonb, 'matched', 9)), 'and is in the audit');
SELECT is(to_jsonb(r) - 'next_due_at', '{"state": "running", "done": 1, "failed": 3, "passed_over": 0, "put_off": 0, "remaining": 5}'::jsonb || jsonb_build_object('done', r.done, 'failed', 4 - r.done), 'a batch of four') FROM restate_bulk_run(:'first_job', 4) AS r;
SELECT ok(progress = round(4 / 9.0, 4) AND rate > 0 AND seconds_left >= 0 AND batches = 1 AND last_batch_size = 4 AND started_at >= created_at AND last_batch_at >= started_at AND ended_at IS NULL, 'is told of')
FROM restate.sys_bulk_job WHERE job = :'first_job';
SELECT make('too late', 'Svc/run', 'completed') \g /dev/null
SELECT is(to_jsonb(run_job(:'first_job', 4)) - '{role_name,session_user_name,created_at,started_at,ended_at,last_batch_at,rate,examples,filter}'::text[], jsonb_build_object('job', :'first_job', 'operation', 'purge_journal', 'options', '{}'::jsonb,
  'reason', 'journals of old', 'claimed_subject', NULL, 'state', 'done', 'matched', 9, 'done', 4, 'failed', 5, 'passed_over', 0, 'remaining', 0, 'put_off', 0, 'outcomes', '{"purged": 3, "unchanged": 1}'::jsonb,
  'failures', '{"not_completed": 5}'::jsonb, 'progress', 1, 'seconds_left', NULL, 'batches', 3, 'last_batch_size', 1, 'next_due_at', NULL), 'the rest of it; what came later is not in it');
SELECT is((SELECT array_agg(e.key) FROM restate.sys_bulk_job, jsonb_each(examples) AS e WHERE job = :'first_job'), '{not_completed}', 'of each category there is an example');
SELECT matches((SELECT labelled((examples -> 'not_completed')::text) FROM restate.sys_bulk_job WHERE job = :'first_job'), '^{"id": "[a-z]+", "message": "invocation [a-z]+ has not completed"}$', 'with its message');
SELECT is((SELECT jsonb_agg(jsonb_build_object('name', labelled(id::text), 'parameters', parameters, 'reason', reason) ORDER BY labelled(id::text)) FROM restate.sys_audit WHERE operation = 'purge_journal'),
  (SELECT jsonb_agg(jsonb_build_object('name', n, 'parameters', jsonb_build_object('job', :'first_job'), 'reason', 'journals of old')) FROM unnest('{done,failed,later}'::text[]) AS n), 'each that was done is in the audit, with the job and its reason');
SELECT is((SELECT parameters FROM restate.sys_audit WHERE operation = 'bulk_end' AND outcome = 'done' AND id IS NULL), jsonb_build_object('job', :'first_job', 'operation', 'purge_journal', 'matched', 9, 'done', 4, 'failed', 5, 'passed_over', 0,
  'remaining', 0, 'outcomes', '{"purged": 3, "unchanged": 1}'::jsonb, 'failures', '{"not_completed": 5}'::jsonb), 'and so is its end');
SELECT is(to_jsonb(r) - 'next_due_at', '{"state": "done", "done": 0, "failed": 0, "passed_over": 0, "put_off": 0, "remaining": 0}', 'one that has ended does nothing') FROM restate_bulk_run(:'first_job') AS r;
SELECT is((SELECT count(*) FROM restate.bulk_target), 0::bigint, 'nothing is left of its set');

-- the reason of the session; nothing to do
SET LOCAL restate_admin.reason = 'of the session';
SELECT is(to_jsonb(r) - 'job', '{"state": "done", "matched": 0, "done": 0, "failed": 0, "outcomes": {}, "failures": {}}', 'a job that matches nothing is done') FROM restate_bulk_start('cancel', '{"service": "None"}') AS r;
SELECT is((SELECT state || ' ' || progress || ' ' || reason || ' ' || (ended_at = created_at) FROM restate.sys_bulk_job WHERE operation = 'cancel'), 'done 1 of the session true', 'and has ended');
SET LOCAL restate_admin.reason = '';

-- what changes before its turn comes
SELECT job FROM restate_bulk_start('kill', '{"service": "Svc", "status": ["paused", "suspended", "backing-off"]}') \gset
SELECT restate_resume(inv('paused')) \g /dev/null
SELECT restate_kill(inv('suspended')), restate_purge(inv('suspended')) \g /dev/null
SELECT is(to_jsonb(b) -> 'outcomes' || jsonb_build_object('passed_over', b.passed_over, 'done', b.done, 'failed', b.failed, 'state', b.state), '{"killed": 1, "done": 1, "failed": 0, "passed_over": 2, "state": "done"}', 'what does not match any more, or is gone, is passed over')
FROM run_job(:'job', 10) AS b;
SELECT is((SELECT status FROM restate.invocation WHERE id = inv('paused')), 'ready', 'and stays as it is');

SELECT job FROM restate_bulk_start('purge', '{"service": "Wf"}') \gset
UPDATE restate.invocation SET created_at = now() + interval '1 second' WHERE id = inv('workflow');
SELECT is(b.passed_over || ' ' || b.done, '1 0', 'another that has got the id since is passed over') FROM run_job(:'job', 10) AS b;
UPDATE restate.invocation SET created_at = '2026-01-01' WHERE id = inv('workflow');

-- a restart, whose restarts match too
SELECT job, matched FROM restate_bulk_start('restart_as_new', '{"service": "Obj", "status": "completed"}') \gset
SELECT is((run_job(:'job', 1)).outcomes, '{"restarted": 1}', 'restarts are made once');
SELECT is((SELECT count(*) FROM restate.invocation WHERE restarted_from IS NOT NULL), 1::bigint, 'of each');
SELECT is((SELECT parameters ->> 'job' FROM restate.sys_audit WHERE operation = 'restart_as_new'), :'job', 'and recorded with the job');

-- pause, resume, abort
SELECT job FROM restate_bulk_start('purge', '{"status": "completed"}') \gset
SET LOCAL restate_admin.reason = 'lunch';
SELECT is(restate_bulk_pause(:'job'), 'paused', 'a job is paused');
SET LOCAL restate_admin.reason = '';
SELECT is((SELECT reason FROM restate.sys_audit WHERE operation = 'bulk_pause'), 'lunch', 'for the reason of who does that');
SELECT is(restate_bulk_pause(:'job'), 'unchanged', 'once');
SELECT is(to_jsonb(r), '{"state": "paused", "done": 0, "failed": 0, "passed_over": 0, "put_off": 0, "remaining": 8, "next_due_at": null}', 'one that is paused does nothing') FROM restate_bulk_run(:'job') AS r;
SELECT is_empty($$SELECT * FROM restate_bulk_next()$$, 'and is not due');
SELECT is(restate_bulk_resume(:'job'), 'resumed', 'it is resumed');
SELECT is(restate_bulk_resume(:'job'), 'unchanged', 'once');
SELECT is((SELECT done FROM restate_bulk_run(:'job', 3)), 3::bigint, 'and goes on');
SELECT is(restate_bulk_pause(:'job') || restate_bulk_abort(:'job'), 'pausedaborted', 'also one that is paused is aborted');
SELECT is(restate_bulk_abort(:'job'), 'unchanged', 'once');
SELECT is((SELECT state || ' ' || done || ' ' || remaining || ' ' || (ended_at IS NOT NULL) || ' ' || (next_due_at IS NULL) || ' ' || (seconds_left IS NULL) FROM restate.sys_bulk_job WHERE job = :'job'), 'aborted 3 5 true true true', 'what it has done stays done');
SELECT is((SELECT done FROM restate_bulk_run(:'job')), 0::bigint, 'and the rest is not done');
SELECT is((SELECT string_agg(operation || ' ' || outcome, ', ' ORDER BY audit_id) FROM restate.sys_audit WHERE operation ~ 'bulk' AND parameters ->> 'job' = :'job'),
  'bulk_start running, bulk_pause paused, bulk_resume running, bulk_pause paused, bulk_end aborted', 'all of that is in the audit');
SELECT is(wrong_error(call(format('restate_bulk_%s(%L)', verb, :'job')), 'bulk_job_ended') , NULL, 'one that was aborted has ended: ' || verb) FROM unnest('{pause,resume}'::text[]) AS verb;
SELECT is(call(format('restate_bulk_%s(%L)', verb, :'first_job')) ->> 'category', 'bulk_job_ended', 'and so has one that is done: ' || verb) FROM unnest('{pause,resume,abort}'::text[]) AS verb;
SELECT is(call(format(q, '00000000-0000-0000-0000-000000000000')) ->> 'category', 'bulk_job_not_found', 'there is no such job: ' || q)
FROM unnest('{restate_bulk_pause(%L),restate_bulk_resume(%L),restate_bulk_abort(%L),SELECT state FROM restate_bulk_run(%L),SELECT state FROM restate_bulk_jobs(%L)}'::text[]) AS q;
SELECT is(call(format(q, NULL)) ->> 'category', 'bulk_job_not_found', 'nor one of null: ' || q)
FROM unnest('{restate_bulk_pause(%L),restate_bulk_abort(%L),SELECT state FROM restate_bulk_run(%L)}'::text[]) AS q;
SELECT is(call(format('SELECT state FROM restate_bulk_run(%L, %s)', :'job', n)) ->> 'message', 'batch must be from 1 to 10000', 'no batch of ' || n) FROM unnest(ARRAY['0', '-1', '10001', 'null']) AS n;

-- an error that is none of the operation's is that of one invocation
CREATE FUNCTION refuse_some() RETURNS trigger LANGUAGE plpgsql SET search_path = conformance, pg_temp AS $$
BEGIN
  IF OLD.id = conformance.inv('refused') THEN
    RAISE EXCEPTION 'not this one';
  END IF;
  RETURN OLD;
END $$;
CREATE TRIGGER refuse_some BEFORE DELETE ON restate.invocation FOR EACH ROW EXECUTE FUNCTION refuse_some();
SELECT make('refused', 'Svc/other', 'completed'), count(make('more ' || n, 'Svc/other', 'completed')) FROM generate_series(1, 9) AS n \g /dev/null
SELECT job FROM restate_bulk_start('purge', '{"handler": "other"}') \gset
SELECT is(to_jsonb(b) -> 'outcomes' || b.failures || jsonb_build_object('state', b.state, 'remaining', b.remaining), jsonb_build_object('purged', b.matched - 1, 'P0001', 1, 'state', 'done', 'remaining', 0), 'what a trigger refuses is one that failed')
FROM run_job(:'job', 100) AS b;
SELECT is((SELECT labelled(examples ->> 'P0001') FROM restate.sys_bulk_job WHERE job = :'job'), '{"id": "refused", "message": "not this one"}', 'with its message');
DROP TRIGGER refuse_some ON restate.invocation;

-- whose turn it is
SELECT job AS one FROM restate_bulk_start('purge_journal', '{"all": true}') \gset
SELECT job AS two FROM restate_bulk_start('pause', '{"all": true}') \gset
SELECT is((SELECT array_agg(CASE r.job WHEN :'one' THEN 1 ELSE 2 END ORDER BY n) FROM generate_series(1, 6) AS n CROSS JOIN LATERAL restate_bulk_next(n - n + 1) AS r) IN ('{1,2,1,2,1,2}', '{2,1,2,1,2,1}'), true, 'jobs take turns');
SELECT is((SELECT array_agg(state) FROM (SELECT state FROM restate_bulk_jobs() LIMIT 2) AS b), '{running,running}', 'those that run are shown first');
SELECT is((SELECT count(*) FROM restate_bulk_jobs()), (SELECT count(*) FROM restate.bulk_job), 'and all of them');

-- one that fails as a whole lets the others have their turn
CREATE FUNCTION fail_all() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF OLD.target_handler_name = 'fails' THEN
    RAISE EXCEPTION 'not now' USING ERRCODE = '40001';
  END IF;
  RETURN OLD;
END $$;
CREATE TRIGGER fail_all BEFORE DELETE ON restate.invocation FOR EACH ROW EXECUTE FUNCTION fail_all();
SELECT make('fails ' || n, 'Svc/fails', 'completed') FROM generate_series(1, 3) AS n \g /dev/null
SELECT job AS three FROM restate_bulk_start('purge', '{"handler": "fails"}') \gset
SET LOCAL client_min_messages = error;
SELECT clock_timestamp() AS begun \gset
SELECT is((SELECT r.job::text FROM restate_bulk_next(1000) AS r), :'three', 'a batch fails');
SET LOCAL client_min_messages = warning;
SELECT is((SELECT jsonb_build_object('done', b.done, 'remaining', b.remaining, 'why', b.examples #>> '{40001,message}', 'waits', b.next_due_at > :'begun'::timestamptz + interval '500 ms')
  FROM restate.sys_bulk_job AS b WHERE b.job = :'three'), '{"done": 0, "remaining": 3, "why": "not now", "waits": true}', 'it is undone, and tried again later');
UPDATE restate.bulk_job SET next_due_at = now() + interval '1 hour' WHERE job = :'three';
SELECT is((SELECT string_agg(r.state, ' ') FROM generate_series(1, 2) AS n CROSS JOIN LATERAL restate_bulk_next(n - n + 1000) AS r), 'done done', 'which lets other jobs have their turn');
DROP TRIGGER fail_all ON restate.invocation;

-- who may
CREATE ROLE job_operator;
GRANT USAGE ON SCHEMA conformance TO job_operator;
GRANT EXECUTE ON FUNCTION restate_bulk_start, restate_bulk_next, restate_bulk_jobs TO job_operator;
SET LOCAL ROLE job_operator;
SELECT is((SELECT state FROM restate_bulk_start('purge_journal', '{"handler": "run"}')), 'running', 'EXECUTE is all that it takes to start a job');
SELECT isnt((SELECT job FROM restate_bulk_next(1)), NULL, 'and to run one, whosever it is');
SELECT throws_ok($$SELECT * FROM restate_bulk_abort('00000000-0000-0000-0000-000000000000')$$, '42501', NULL, 'which is none for the others');
SELECT throws_ok($$SELECT * FROM restate.sys_bulk_job$$, '42501', NULL, 'nor to read the view');
SELECT is((SELECT count(*) FROM restate_bulk_jobs() WHERE role_name = 'job_operator'), 1::bigint, 'the job is the role''s');
RESET ROLE;
SELECT is(broken(), '', 'nothing is broken');

-- how long what has become of them is there
SELECT restate_bulk_abort(job) FROM restate.sys_bulk_job WHERE state IN ('running', 'paused') \g /dev/null
SELECT job AS going FROM restate_bulk_start('purge_journal', '{"handler": "run"}') \gset
UPDATE restate.bulk_job SET created_at = created_at - interval '40 days', ended_at = ended_at - restate.bulk_job_retention() + CASE WHEN job = :'three' THEN interval '1 hour' ELSE interval '-1 hour' END;
SET LOCAL restate_admin.retention = off;
SELECT restate_tick() \g /dev/null
SELECT cmp_ok((SELECT count(*) FROM restate.bulk_job), '>', 2::bigint, 'jobs stay where nothing is to go');
SET LOCAL restate_admin.retention = on;
SELECT restate_tick() \g /dev/null
SELECT is((SELECT string_agg(CASE job WHEN :'three' THEN 'ended lately' WHEN :'going' THEN 'goes on' ELSE state::text END, ', ' ORDER BY job = :'going') FROM restate.bulk_job),
  'ended lately, goes on', 'those that ended long ago go, whenever they were started');
SELECT is(broken(), '', 'and nothing of them is left');

SELECT * FROM finish();
ROLLBACK;
