-- Bulk jobs: starting, running, pausing, resuming and aborting them.

CREATE FUNCTION restate.add_counts(a jsonb, b jsonb) RETURNS jsonb
  LANGUAGE sql IMMUTABLE CALLED ON NULL INPUT PARALLEL SAFE
  SET search_path = pg_catalog, pg_temp
AS $function$
  SELECT coalesce(jsonb_object_agg(c.key, c.n), '{}')
  FROM (
    SELECT e.key, sum(e.value::bigint) AS n
    FROM (SELECT * FROM jsonb_each_text($1) UNION ALL SELECT * FROM jsonb_each_text($2)) AS e
    GROUP BY e.key) AS c
$function$;
REVOKE ALL ON FUNCTION restate.add_counts(jsonb, jsonb) FROM PUBLIC;
COMMENT ON FUNCTION restate.add_counts(jsonb, jsonb) IS
'The sums of two objects of whole numbers, field by field; null is none.';

CREATE FUNCTION restate.operate_in_bulk(
    asked restate.bulk_job, ids restate_invocation_id[], dry_run boolean,
    OUT done bigint, OUT failed bigint, OUT outcomes jsonb, OUT failures jsonb, OUT examples jsonb)
  LANGUAGE sql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
  SET search_path = pg_catalog, pg_temp
AS $function$
  WITH r AS MATERIALIZED (
    SELECT r.* FROM restate.operate_on(($1).operation, $2, ($1).options ->> 'mode', (($1).options ->> 'from')::numeric::bigint,
      ($1).options ->> 'deployment', ($1).options ->> 'at', ($1).job, $3) AS r
    -- a dry run has others that would change behind these
    WHERE r.ordinality IS NOT NULL)
  SELECT count(*) FILTER (WHERE r.ok), count(*) FILTER (WHERE NOT r.ok),
    (SELECT coalesce(jsonb_object_agg(o.outcome, o.n), '{}')
      FROM (SELECT r.outcome, count(*) AS n FROM r WHERE r.ok GROUP BY r.outcome) AS o),
    (SELECT coalesce(jsonb_object_agg(f.category, f.n), '{}')
      FROM (SELECT r.category, count(*) AS n FROM r WHERE NOT r.ok GROUP BY r.category) AS f),
    (SELECT coalesce(jsonb_object_agg(e.category, jsonb_build_object('id', e.id, 'message', e.message)), '{}')
      FROM (SELECT DISTINCT ON (r.category) r.category, r.id, r.message FROM r WHERE NOT r.ok ORDER BY r.category, r.ordinality) AS e)
  FROM r
$function$;
REVOKE ALL ON FUNCTION restate.operate_in_bulk(restate.bulk_job, restate_invocation_id[], boolean) FROM PUBLIC;
COMMENT ON FUNCTION restate.operate_in_bulk(restate.bulk_job, restate_invocation_id[], boolean) IS
'Runs the operation of a bulk job on invocations, or with dry_run only tells what it would do: how many succeed and fail, by outcome and by category, and the first that failed of each category.';

CREATE FUNCTION restate_bulk_start(operation text, filter jsonb, options jsonb DEFAULT '{}', reason text DEFAULT NULL)
  RETURNS TABLE (job uuid, state text, matched bigint, done bigint, failed bigint, outcomes jsonb, failures jsonb)
  LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT SECURITY DEFINER PARALLEL UNSAFE ROWS 1
  -- the filter is part of the plan, for its indexes to be used
  SET search_path = pg_catalog, pg_temp SET plan_cache_mode = force_custom_plan
AS $function$
#variable_conflict use_column
DECLARE
  wanted CONSTANT record := restate.read_bulk_options($1, $3);
  read CONSTANT record := restate.read_bulk_filter($2);
  f CONSTANT restate.bulk_filter := read.asked;
  who CONSTANT record := restate.asking();
  j restate.bulk_job;
  part restate_invocation_id[];
  told record;
BEGIN
  j.operation := $1;
  j.filter := read.shown;
  j.options := coalesce($3, '{}') - 'dry_run';
  j.created_at := now();
  matched := 0;
  IF wanted.dry_run THEN
    done := 0;
    failed := 0;
    outcomes := '{}';
    failures := '{}';
    FOR part IN
      SELECT array_agg(m.id ORDER BY m.id)
      FROM (
        SELECT i.id, (row_number() OVER (ORDER BY i.id) - 1) / 1000 AS part
        FROM restate.invocation AS i
        WHERE restate.bulk_matches(f, j.created_at, i.target_service_name, i.target_handler_name, i.target_service_key,
          i.status, i.created_at, i.completed_at, i.pinned_deployment_id, i.completion_failure, i.last_failure)) AS m
      GROUP BY m.part
    LOOP
      told := restate.operate_in_bulk(j, part, true);
      matched := matched + cardinality(part);
      done := done + told.done;
      failed := failed + told.failed;
      outcomes := restate.add_counts(outcomes, told.outcomes);
      failures := restate.add_counts(failures, told.failures);
    END LOOP;
    state := 'dry_run';
    RETURN NEXT;
    RETURN;
  END IF;

  IF pg_is_in_recovery() THEN
    PERFORM restate.refuse('read_only', 'cannot start a bulk job on a standby');
  END IF;
  job := gen_random_uuid();
  INSERT INTO restate.bulk_target (job, id, partition_key)
    SELECT job, i.id, i.partition_key
    FROM restate.invocation AS i
    WHERE restate.bulk_matches(f, j.created_at, i.target_service_name, i.target_handler_name, i.target_service_key,
      i.status, i.created_at, i.completed_at, i.pinned_deployment_id, i.completion_failure, i.last_failure)
    ORDER BY i.id;
  GET DIAGNOSTICS matched = ROW_COUNT;
  state := CASE WHEN matched = 0 THEN 'done' ELSE 'running' END;
  INSERT INTO restate.bulk_job (job, operation, filter, options, reason, role_name, session_user_name, claimed_subject,
      state, created_at, ended_at, matched, next_due_at)
    VALUES (job, j.operation, j.filter, j.options, coalesce($4, who.reason), who.role_name, who.session_user_name,
      who.claimed_subject, state::restate.bulk_state, j.created_at, CASE WHEN matched = 0 THEN j.created_at END, matched,
      CASE WHEN matched > 0 THEN j.created_at END);
  PERFORM restate.audit_bulk_job('bulk_start', state, job, jsonb_build_object(
    'operation', j.operation, 'filter', j.filter, 'options', j.options, 'matched', matched), coalesce($4, who.reason));
  done := 0;
  failed := 0;
  outcomes := '{}';
  failures := '{}';
  RETURN NEXT;
END
$function$;
REVOKE ALL ON FUNCTION restate_bulk_start(text, jsonb, jsonb, text) FROM PUBLIC;
COMMENT ON FUNCTION restate_bulk_start(text, jsonb, jsonb, text) IS
'Starts a bulk job: an operation on all that a filter matches now, done in batches by restate_bulk_run() or restate_bulk_next(). operation: purge_journal, delete_invocation, restart_as_new, cancel, kill, purge, pause or resume. filter: an object of service, handler, key_prefix, status (of sys_invocation or sys_invocation_status, or an array of them), created_before, created_after, completed_before, completed_after (times; after is from that time on), deployment (an id that it is pinned to) and failure (a pattern of LIKE for the failure that it completed with, or of the last attempt); all that are given must hold; {"all": true} for every invocation. options: mode of delete_invocation; from, at and deployment of restart_as_new; deployment of resume; dry_run. reason: for the audit, of the job and of each invocation; restate_admin.reason if null. What was created later than the transaction began is not in the job, nor what it makes itself; an invocation that does not match any more when its turn comes is passed over. Returns a row: the job, its state, running, or done where nothing matches; how many matched. With dry_run the state is dry_run, there is no job and nothing is kept: done and failed, outcomes and failures tell what it would do, by outcome and by category, each 1000 by themselves as of now. dry_run runs on a standby too. Errors: invalid_query_parameter 400, invalid_deployment_id 400, read_only 503.';

CREATE FUNCTION restate.bulk_candidates(
    asked restate.bulk_job, batch integer, OUT chosen restate_invocation_id[], OUT matching restate_invocation_id[])
  LANGUAGE plpgsql STABLE CALLED ON NULL INPUT PARALLEL UNSAFE
  -- by keys, in their order, whatever the statistics say
  SET search_path = pg_catalog, pg_temp SET plan_cache_mode = force_custom_plan
  SET enable_seqscan = off SET enable_bitmapscan = off SET enable_sort = off SET jit = off
AS $function$
DECLARE
  f CONSTANT restate.bulk_filter := (restate.read_bulk_filter(asked.filter)).asked;
BEGIN
  chosen := ARRAY(
    SELECT t.id FROM restate.bulk_target AS t
    WHERE t.job = asked.job AND (asked.last_id IS NULL OR t.id > asked.last_id)
    ORDER BY t.id LIMIT batch);
  matching := ARRAY(
    WITH i AS MATERIALIZED (
      SELECT i.id, i.target_service_name, i.target_handler_name, i.target_service_key, i.status, i.created_at, i.completed_at,
        i.pinned_deployment_id, i.completion_failure, i.last_failure
      FROM restate.invocation AS i
      WHERE i.id = ANY (chosen))
    SELECT i.id FROM i
    WHERE restate.bulk_matches(f, asked.created_at, i.target_service_name, i.target_handler_name, i.target_service_key,
      i.status, i.created_at, i.completed_at, i.pinned_deployment_id, i.completion_failure, i.last_failure)
    ORDER BY i.id);
END
$function$;
REVOKE ALL ON FUNCTION restate.bulk_candidates(restate.bulk_job, integer) FROM PUBLIC;
COMMENT ON FUNCTION restate.bulk_candidates(restate.bulk_job, integer) IS
'The invocations that are next in the set of a bulk job, and those of them that still match.';

CREATE FUNCTION restate.free_invocations(ids restate_invocation_id[]) RETURNS restate_invocation_id[]
  LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
  SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
  asked restate_invocation_id;
  free restate_invocation_id[] := '{}';
BEGIN
  BEGIN
    IF restate.is_distributed() THEN
      -- a lock names one partition
      FOREACH asked IN ARRAY $1 LOOP
        PERFORM FROM restate.invocation AS i
          WHERE i.id = asked AND i.partition_key = restate_partition_key_of_id(asked) FOR UPDATE SKIP LOCKED;
        IF FOUND THEN
          free := free || asked;
        END IF;
      END LOOP;
    ELSE
      free := ARRAY(SELECT l.id FROM (
        SELECT i.id FROM restate.invocation AS i WHERE i.id = ANY ($1) ORDER BY i.id FOR UPDATE SKIP LOCKED) AS l);
    END IF;
    -- lets go of what was locked
    RAISE EXCEPTION SQLSTATE 'RB000';
  EXCEPTION WHEN SQLSTATE 'RB000' THEN
    RETURN free;
  END;
END
$function$;
REVOKE ALL ON FUNCTION restate.free_invocations(restate_invocation_id[]) FROM PUBLIC;
COMMENT ON FUNCTION restate.free_invocations(restate_invocation_id[]) IS
'Those of the invocations whose rows nobody else has locked at this moment. None is locked after it.';

CREATE FUNCTION restate.run_bulk_batch(
    asked restate.bulk_job, batch integer, OUT since restate_invocation_id, OUT until restate_invocation_id,
    OUT locked restate_invocation_id[], OUT dealt bigint, OUT done bigint,
    OUT failed bigint, OUT passed_over bigint, OUT outcomes jsonb, OUT failures jsonb, OUT examples jsonb)
  LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
  SET search_path = pg_catalog, pg_temp SET lock_timeout = '250ms' SET restate_admin.reason = ''
AS $function$
DECLARE
  -- so often a set is gone through for what is locked, which takes half a minute
  rounds CONSTANT integer := 10;
  candidates CONSTANT record := restate.bulk_candidates(asked, batch);
  chosen restate_invocation_id[] := candidates.chosen;
  tried restate_invocation_id[] := candidates.matching;
  free restate_invocation_id[];
  told record;
  sqlstate_of_error text;
  message_of_error text;
BEGIN
  PERFORM set_config('restate_admin.reason', coalesce(asked.reason, ''), true);
  locked := '{}';
  done := 0;
  failed := 0;
  outcomes := '{}';
  failures := '{}';
  examples := '{}';
  -- Locks are waited for only while this holds none of invocations: what fails is undone,
  -- and after one call that succeeds there is no other.
  WHILE cardinality(tried) > 0 LOOP
    BEGIN
      told := restate.operate_in_bulk(asked, tried, false);
      done := told.done;
      failed := told.failed;
      outcomes := told.outcomes;
      failures := told.failures;
      examples := told.examples;
      EXIT;
    EXCEPTION WHEN OTHERS THEN
      GET STACKED DIAGNOSTICS sqlstate_of_error = RETURNED_SQLSTATE, message_of_error = MESSAGE_TEXT;
      -- what another attempt of the whole transaction may not meet, or none would mend
      IF sqlstate_of_error ~ '^(08|25|40|42|53|55000|57|58|PT)' THEN
        RAISE;
      END IF;
    END;
    IF sqlstate_of_error = '55P03' AND locked = '{}' THEN
      free := restate.free_invocations(tried);
      locked := ARRAY(SELECT t FROM unnest(tried) AS t EXCEPT SELECT t FROM unnest(free) AS t ORDER BY t);
      IF locked <> '{}' THEN
        tried := free;
        CONTINUE;
      END IF;
    END IF;
    -- the batch ends in the middle of what was tried, the rest is the next one's
    until := tried[(cardinality(tried) + 1) / 2];
    chosen := ARRAY(SELECT t FROM unnest(chosen) AS t WHERE t <= until ORDER BY t);
    locked := ARRAY(SELECT t FROM unnest(locked) AS t WHERE t <= until);
    IF cardinality(tried) > 1 THEN
      tried := tried[:(cardinality(tried) + 1) / 2];
    ELSIF sqlstate_of_error = '55P03' THEN
      locked := locked || tried;
      tried := '{}';
    ELSE
      failed := 1;
      failures := jsonb_build_object(sqlstate_of_error, 1);
      examples := jsonb_build_object(sqlstate_of_error, jsonb_build_object('id', tried[1], 'message', message_of_error));
      EXIT;
    END IF;
  END LOOP;

  IF asked.round >= rounds AND locked <> '{}' THEN
    failed := failed + cardinality(locked);
    failures := failures || jsonb_build_object('locked', cardinality(locked));
    examples := examples || jsonb_build_object('locked', jsonb_build_object('id', locked[1],
      'message', format('others have kept invocation %s locked', locked[1])));
    locked := '{}';
  END IF;
  since := chosen[1];
  until := chosen[cardinality(chosen)];
  dealt := cardinality(chosen) - cardinality(locked);
  passed_over := dealt - done - failed;
END
$function$;
REVOKE ALL ON FUNCTION restate.run_bulk_batch(restate.bulk_job, integer) FROM PUBLIC;
COMMENT ON FUNCTION restate.run_bulk_batch(restate.bulk_job, integer) IS
'Has the operation of a bulk job decide on the invocations that are next. since, until: the first and the last of those that were looked at; locked: which of them others have locked, so that they are put off; dealt: how many have had their turn. An error that is none of ours is that of one invocation, whose category is its SQLSTATE.';

CREATE FUNCTION restate_bulk_run(job uuid, batch integer DEFAULT 1000)
  RETURNS TABLE (state text, done bigint, failed bigint, passed_over bigint, put_off bigint, remaining bigint, next_due_at timestamptz)
  LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT SECURITY DEFINER PARALLEL UNSAFE ROWS 1
  SET search_path = pg_catalog, pg_temp
AS $function$
#variable_conflict use_column
DECLARE
  begun CONSTANT timestamptz := clock_timestamp();
  j restate.bulk_job;
  told record;
  round_ends boolean;
  ended timestamptz;
BEGIN
  IF $2 IS NULL OR $2 NOT BETWEEN 1 AND 10000 THEN
    PERFORM restate.refuse('invalid_query_parameter', 'batch must be from 1 to 10000');
  END IF;
  IF $1 IS NULL THEN
    PERFORM restate.refuse('bulk_job_not_found', 'bulk job null not found');
  END IF;
  IF pg_is_in_recovery() THEN
    PERFORM restate.refuse('read_only', 'cannot run a bulk job on a standby');
  END IF;
  done := 0;
  failed := 0;
  passed_over := 0;
  put_off := 0;
  SELECT b.* INTO j FROM restate.bulk_job AS b WHERE b.job = $1 FOR UPDATE SKIP LOCKED;
  IF NOT FOUND THEN
    -- another has it, or there is none
    SELECT b.state, b.remaining, b.next_due_at INTO state, remaining, next_due_at
      FROM restate_bulk_jobs($1) AS b;
    RETURN NEXT;
    RETURN;
  END IF;
  IF j.state = 'running' AND j.next_due_at <= begun THEN
    told := restate.run_bulk_batch(j, $2);
    DELETE FROM restate.bulk_target AS t
      WHERE t.job = j.job AND t.id >= told.since AND t.id <= told.until AND t.id <> ALL (told.locked);
    done := told.done;
    failed := told.failed;
    passed_over := told.passed_over;
    put_off := cardinality(told.locked);

    j.rate_from := CASE WHEN j.rate_since IS NULL THEN j.done + j.failed + j.passed_over ELSE j.rate_from END;
    j.rate_since := coalesce(j.rate_since, begun);
    j.done := j.done + done;
    j.failed := j.failed + failed;
    j.passed_over := j.passed_over + passed_over;
    remaining := j.matched - j.done - j.failed - j.passed_over;
    IF told.until IS NULL AND j.last_id IS NULL THEN
      -- nothing of the set is there any more
      j.passed_over := j.passed_over + remaining;
      remaining := 0;
    END IF;
    round_ends := told.until IS NULL;
    IF round_ends THEN
      j.last_id := NULL;
      j.round := j.round + 1;
    ELSE
      j.last_id := told.until;
    END IF;
    j.put_off := CASE WHEN j.round = 0 THEN j.put_off + put_off ELSE remaining END;
    j.state := CASE WHEN remaining = 0 THEN 'done' ELSE 'running' END;
    j.next_due_at := CASE
      WHEN remaining = 0 THEN NULL
      WHEN round_ends THEN begun + least(interval '0.1 s' * 2 ^ j.round, interval '5 s')
      ELSE j.next_due_at END;
    ended := clock_timestamp();
    UPDATE restate.bulk_job AS b
      SET state = j.state, started_at = coalesce(b.started_at, begun), ended_at = CASE WHEN remaining = 0 THEN ended END,
        done = j.done, failed = j.failed, passed_over = j.passed_over, put_off = j.put_off,
        outcomes = restate.add_counts(b.outcomes, told.outcomes), failures = restate.add_counts(b.failures, told.failures),
        examples = told.examples || b.examples, batches = b.batches + 1,
        last_batch_at = ended, last_batch_size = told.dealt,
        rate_since = j.rate_since, rate_from = j.rate_from, next_due_at = j.next_due_at, last_id = j.last_id, round = j.round
      WHERE b.job = j.job;
    IF remaining = 0 THEN
      PERFORM restate.audit_end_of_bulk_job(j.job);
    END IF;
  END IF;
  state := j.state;
  remaining := j.matched - j.done - j.failed - j.passed_over;
  next_due_at := j.next_due_at;
  RETURN NEXT;
END
$function$;
REVOKE ALL ON FUNCTION restate_bulk_run(uuid, integer) FROM PUBLIC;
COMMENT ON FUNCTION restate_bulk_run(uuid, integer) IS
'Runs a batch of a bulk job, in the transaction of the call. batch: of how many invocations at most, 1 to 10000. Returns a row: the state that the job is in after it; of how many in this batch the operation succeeded (done) and failed, how many were passed over, since they are gone or do not match any more, and put off, since others have them locked; how many remain; and from when on there is something to do, null if the job does not run. What was put off is tried again and again, for half a minute at least, and then fails as locked. A batch may end early, and does nothing where the job does not run, is not due, or another runs it at this moment: nothing is done twice. Errors: bulk_job_not_found 404, invalid_query_parameter 400, read_only 503; 40001 and what else may pass undoes the batch.';

CREATE FUNCTION restate_bulk_next(batch integer DEFAULT 1000)
  RETURNS TABLE (job uuid, state text, done bigint, failed bigint, passed_over bigint, put_off bigint, remaining bigint, next_due_at timestamptz)
  LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT SECURITY DEFINER PARALLEL UNSAFE ROWS 1
  SET search_path = pg_catalog, pg_temp
AS $function$
#variable_conflict use_column
DECLARE
  due uuid;
  again timestamptz;
  sqlstate_of_error text;
  message_of_error text;
BEGIN
  IF pg_is_in_recovery() THEN
    PERFORM restate.refuse('read_only', 'cannot run a bulk job on a standby');
  END IF;
  SELECT b.job INTO due FROM restate.bulk_job AS b
    WHERE b.state = 'running' AND b.next_due_at <= clock_timestamp()
    ORDER BY b.last_batch_at NULLS FIRST, b.created_at, b.job LIMIT 1 FOR UPDATE SKIP LOCKED;
  IF FOUND THEN
    BEGIN
      RETURN QUERY SELECT due, r.* FROM restate_bulk_run(due, $1) AS r;
    EXCEPTION WHEN OTHERS THEN
      GET STACKED DIAGNOSTICS sqlstate_of_error = RETURNED_SQLSTATE, message_of_error = MESSAGE_TEXT;
      IF sqlstate_of_error = 'PT400' THEN
        RAISE;
      END IF;
      -- the others have their turn before it is tried again
      RAISE WARNING 'a batch of bulk job % failed: %', due, message_of_error USING ERRCODE = sqlstate_of_error;
      again := clock_timestamp() + interval '10 s';
      UPDATE restate.bulk_job AS b
        SET next_due_at = again,
          examples = jsonb_build_object(sqlstate_of_error, jsonb_build_object('id', NULL, 'message', message_of_error)) || b.examples
        WHERE b.job = due;
      RETURN QUERY SELECT due, b.state, 0::bigint, 0::bigint, 0::bigint, 0::bigint, b.remaining, b.next_due_at FROM restate_bulk_jobs(due) AS b;
    END;
  END IF;
END
$function$;
REVOKE ALL ON FUNCTION restate_bulk_next(integer) FROM PUBLIC;
COMMENT ON FUNCTION restate_bulk_next(integer) IS
'Runs a batch of the bulk job that has waited longest for one, of those that are due and that nobody else runs: for whoever runs them all. Returns the job and the row of restate_bulk_run(), or none where no job is due. A batch that fails as a whole is undone, with a warning, and tried again after ten seconds, so that other jobs have their turn. batch: as there. Errors: invalid_query_parameter 400, read_only 503.';

CREATE FUNCTION restate.audit_end_of_bulk_job(job uuid) RETURNS void
  LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
  SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
  b restate.sys_bulk_job;
BEGIN
  SELECT j.* INTO STRICT b FROM restate.sys_bulk_job AS j WHERE j.job = $1;
  PERFORM restate.audit_bulk_job('bulk_end', b.state, b.job, jsonb_build_object('operation', b.operation, 'matched', b.matched,
    'done', b.done, 'failed', b.failed, 'passed_over', b.passed_over, 'remaining', b.remaining,
    'outcomes', b.outcomes, 'failures', b.failures), b.reason);
END
$function$;
REVOKE ALL ON FUNCTION restate.audit_end_of_bulk_job(uuid) FROM PUBLIC;
COMMENT ON FUNCTION restate.audit_end_of_bulk_job(uuid) IS
'Notes in the audit how a bulk job has ended, with its counts.';

CREATE FUNCTION restate.lock_bulk_job(job uuid) RETURNS restate.bulk_state
  LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
  SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
  found_state restate.bulk_state;
BEGIN
  IF pg_is_in_recovery() THEN
    PERFORM restate.refuse('read_only', 'cannot change a bulk job on a standby');
  END IF;
  SELECT b.state INTO found_state FROM restate.bulk_job AS b WHERE b.job = $1 FOR UPDATE;
  IF NOT FOUND THEN
    PERFORM restate.refuse('bulk_job_not_found', format('bulk job %s not found', coalesce($1::text, 'null')));
  END IF;
  RETURN found_state;
END
$function$;
REVOKE ALL ON FUNCTION restate.lock_bulk_job(uuid) FROM PUBLIC;
COMMENT ON FUNCTION restate.lock_bulk_job(uuid) IS
'Locks a bulk job, once the batch that runs has ended, and returns its state. Errors: bulk_job_not_found 404, read_only 503.';

CREATE FUNCTION restate_bulk_pause(job uuid) RETURNS text
  LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT SECURITY DEFINER PARALLEL UNSAFE
  SET search_path = pg_catalog, pg_temp
AS $function$
BEGIN
  CASE restate.lock_bulk_job($1)
    WHEN 'running' THEN
      UPDATE restate.bulk_job AS b SET state = 'paused', next_due_at = NULL WHERE b.job = $1;
      PERFORM restate.audit_bulk_job('bulk_pause', 'paused', $1, '{}', (restate.asking()).reason);
      RETURN 'paused';
    WHEN 'paused' THEN
      RETURN 'unchanged';
    ELSE
      PERFORM restate.refuse('bulk_job_ended', format('bulk job %s has ended', $1));
  END CASE;
END
$function$;
REVOKE ALL ON FUNCTION restate_bulk_pause(uuid) FROM PUBLIC;
COMMENT ON FUNCTION restate_bulk_pause(uuid) IS
'Pauses a bulk job, once the batch that runs has ended: none is run until it is resumed. paused, or unchanged if it was. Errors: bulk_job_not_found 404, bulk_job_ended 409, read_only 503.';

CREATE FUNCTION restate_bulk_resume(job uuid) RETURNS text
  LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT SECURITY DEFINER PARALLEL UNSAFE
  SET search_path = pg_catalog, pg_temp
AS $function$
BEGIN
  CASE restate.lock_bulk_job($1)
    WHEN 'paused' THEN
      UPDATE restate.bulk_job AS b SET state = 'running', next_due_at = now(), rate_since = NULL, rate_from = NULL WHERE b.job = $1;
      PERFORM restate.audit_bulk_job('bulk_resume', 'running', $1, '{}', (restate.asking()).reason);
      RETURN 'resumed';
    WHEN 'running' THEN
      RETURN 'unchanged';
    ELSE
      PERFORM restate.refuse('bulk_job_ended', format('bulk job %s has ended', $1));
  END CASE;
END
$function$;
REVOKE ALL ON FUNCTION restate_bulk_resume(uuid) FROM PUBLIC;
COMMENT ON FUNCTION restate_bulk_resume(uuid) IS
'Resumes a bulk job that was paused. resumed, or unchanged if it was running. Errors: bulk_job_not_found 404, bulk_job_ended 409, read_only 503.';

CREATE FUNCTION restate_bulk_abort(job uuid) RETURNS text
  LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT SECURITY DEFINER PARALLEL UNSAFE
  SET search_path = pg_catalog, pg_temp
AS $function$
BEGIN
  CASE restate.lock_bulk_job($1)
    WHEN 'aborted' THEN
      RETURN 'unchanged';
    WHEN 'done' THEN
      PERFORM restate.refuse('bulk_job_ended', format('bulk job %s has ended', $1));
    ELSE
      UPDATE restate.bulk_job AS b SET state = 'aborted', ended_at = now(), next_due_at = NULL WHERE b.job = $1;
      DELETE FROM restate.bulk_target AS t WHERE t.job = $1;
      PERFORM restate.audit_end_of_bulk_job($1);
      RETURN 'aborted';
  END CASE;
END
$function$;
REVOKE ALL ON FUNCTION restate_bulk_abort(uuid) FROM PUBLIC;
COMMENT ON FUNCTION restate_bulk_abort(uuid) IS
'Aborts a bulk job, once the batch that runs has ended: what has had its turn stays done, the rest never has it. aborted, or unchanged if it was. Errors: bulk_job_not_found 404, bulk_job_ended 409 for one with all done, read_only 503.';
