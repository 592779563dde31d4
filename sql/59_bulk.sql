-- Bulk jobs: one operation on all that a filter matches, in batches that are
-- transactions of their own.
--
-- A job's set is written down when it is started, one row of restate.bulk_target an
-- invocation: what comes later is not in it, nor what the job itself makes.  A batch
-- takes the next of these rows in the order of their ids, has the operation decide on
-- what still matches, and removes the rows with that, so that nothing is done twice.
-- What others have locked stays for a later round.

CREATE TYPE restate.bulk_state AS ENUM ('running', 'paused', 'aborted', 'done');
COMMENT ON TYPE restate.bulk_state IS
'Where a bulk job stands: it is to be run, it is stopped, or it has ended, early or with all done.';

CREATE TABLE restate.bulk_job (
  job uuid PRIMARY KEY,
  operation text NOT NULL,
  filter jsonb NOT NULL,
  options jsonb NOT NULL,
  reason text,
  role_name text NOT NULL,
  session_user_name text NOT NULL,
  claimed_subject text,
  state restate.bulk_state NOT NULL,
  created_at timestamptz NOT NULL,
  started_at timestamptz,
  ended_at timestamptz,
  matched bigint NOT NULL,
  done bigint NOT NULL DEFAULT 0,
  failed bigint NOT NULL DEFAULT 0,
  passed_over bigint NOT NULL DEFAULT 0,
  put_off bigint NOT NULL DEFAULT 0,
  outcomes jsonb NOT NULL DEFAULT '{}',
  failures jsonb NOT NULL DEFAULT '{}',
  examples jsonb NOT NULL DEFAULT '{}',
  batches bigint NOT NULL DEFAULT 0,
  last_batch_at timestamptz,
  last_batch_size bigint,
  rate_since timestamptz,
  rate_from bigint,
  next_due_at timestamptz,
  last_id restate_invocation_id,
  round integer NOT NULL DEFAULT 0
) WITH (fillfactor = 50);
REVOKE ALL ON restate.bulk_job FROM PUBLIC;
CREATE INDEX bulk_job_running_idx ON restate.bulk_job (created_at) WHERE state = 'running';
COMMENT ON TABLE restate.bulk_job IS
'The bulk jobs, those that have ended too: restate_tick() removes these after restate.bulk_job_retention(). Read them through restate.sys_bulk_job.';
COMMENT ON COLUMN restate.bulk_job.rate_since IS
'Since when its rate is measured: the beginning of the first batch since it was started or resumed; null before.';
COMMENT ON COLUMN restate.bulk_job.rate_from IS
'How many had been dealt with by then.';
COMMENT ON COLUMN restate.bulk_job.last_id IS
'The last of its set that a batch of this round has looked at; null before the first.';
COMMENT ON COLUMN restate.bulk_job.round IS
'How often the set was gone through: again and again while some of it is locked.';

CREATE TABLE restate.bulk_target (
  job uuid NOT NULL,
  id restate_invocation_id NOT NULL,
  partition_key bigint NOT NULL,
  PRIMARY KEY (job, id, partition_key)
);
REVOKE ALL ON restate.bulk_target FROM PUBLIC;
COMMENT ON TABLE restate.bulk_target IS
'What is left of the sets of bulk jobs: an invocation that a job is still to deal with.';

-- what a job is asked for

CREATE TYPE restate.bulk_filter AS (
  service text,
  handler text,
  key_prefix text,
  statuses text[],
  in_flight boolean,
  created_before timestamptz,
  created_after timestamptz,
  completed_before timestamptz,
  completed_after timestamptz,
  deployment restate_deployment_id,
  failure text);
COMMENT ON TYPE restate.bulk_filter IS
'The filter of a bulk job as restate.read_bulk_filter() reads it; what is null does not narrow it.';

CREATE FUNCTION restate.bulk_matches(
    filter restate.bulk_filter, started_at timestamptz, service text, handler text, key text, status text,
    created_at timestamptz, completed_at timestamptz, deployment restate_deployment_id, failure text, last_failure text)
  RETURNS boolean
  LANGUAGE sql IMMUTABLE CALLED ON NULL INPUT PARALLEL SAFE
  RETURN created_at <= started_at
    AND ((filter).service IS NULL OR service = (filter).service)
    AND ((filter).handler IS NULL OR handler = (filter).handler)
    AND ((filter).key_prefix IS NULL OR key ^@ (filter).key_prefix)
    AND ((filter).in_flight IS NULL OR (completed_at IS NULL) = (filter).in_flight)
    AND ((filter).statuses IS NULL OR status = ANY ((filter).statuses)
      OR restate.coarse_status(status) = ANY ((filter).statuses))
    AND ((filter).created_before IS NULL OR created_at < (filter).created_before)
    AND ((filter).created_after IS NULL OR created_at >= (filter).created_after)
    AND ((filter).completed_before IS NULL OR completed_at < (filter).completed_before)
    AND ((filter).completed_after IS NULL OR completed_at >= (filter).completed_after)
    AND ((filter).deployment IS NULL OR deployment = (filter).deployment)
    AND ((filter).failure IS NULL OR failure LIKE (filter).failure OR last_failure LIKE (filter).failure);
REVOKE ALL ON FUNCTION restate.bulk_matches(restate.bulk_filter, timestamptz, text, text, text, text, timestamptz, timestamptz,
  restate_deployment_id, text, text) FROM PUBLIC;
COMMENT ON FUNCTION restate.bulk_matches(restate.bulk_filter, timestamptz, text, text, text, text, timestamptz, timestamptz,
  restate_deployment_id, text, text) IS
'Whether an invocation, of which these are columns, is in the set of a bulk job that was started then. The planner puts the expression in place of the call, so that a filter that is known serves with its indexes.';

CREATE FUNCTION restate.read_bulk_time(field text, value text) RETURNS timestamptz
  LANGUAGE plpgsql STABLE CALLED ON NULL INPUT PARALLEL SAFE
  SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
  at timestamptz;
BEGIN
  BEGIN
    at := value::timestamptz;
  EXCEPTION WHEN data_exception THEN
    at := 'infinity';
  END;
  IF NOT isfinite(at) THEN
    PERFORM restate.refuse('invalid_query_parameter', format('%s of the filter must be a time, and is', field), value);
  END IF;
  RETURN at;
END
$function$;
REVOKE ALL ON FUNCTION restate.read_bulk_time(text, text) FROM PUBLIC;
COMMENT ON FUNCTION restate.read_bulk_time(text, text) IS
'The time in a field of a bulk job''s filter. Error: invalid_query_parameter 400.';

CREATE FUNCTION restate.read_bulk_filter(filter jsonb, OUT asked restate.bulk_filter, OUT shown jsonb)
  LANGUAGE plpgsql STABLE CALLED ON NULL INPUT PARALLEL SAFE
  SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
  field record;
  word text;
BEGIN
  shown := '{}';
  IF jsonb_typeof($1) IS DISTINCT FROM 'object' THEN
    PERFORM restate.refuse('invalid_query_parameter', 'the filter must be an object');
  END IF;
  IF $1 = '{}' THEN
    PERFORM restate.refuse('invalid_query_parameter', 'the filter is empty',
      hint => 'The filter {"all": true} matches every invocation.');
  END IF;
  FOR field IN SELECT f.key, f.value, jsonb_typeof(f.value) AS is_a, f.value #>> '{}' AS text FROM jsonb_each($1) AS f LOOP
    shown := jsonb_set(shown, ARRAY[field.key], field.value);
    IF field.key = 'all' THEN
      IF field.value <> 'true' OR $1 <> '{"all": true}' THEN
        PERFORM restate.refuse('invalid_query_parameter', 'all of the filter must be true, and the only field');
      END IF;
      CONTINUE;
    END IF;
    IF field.key NOT IN ('service', 'handler', 'key_prefix', 'status', 'created_before', 'created_after',
      'completed_before', 'completed_after', 'deployment', 'failure')
    THEN
      PERFORM restate.refuse('invalid_query_parameter', 'the filter has an unknown field', field.key);
    END IF;
    IF field.key = 'status' AND field.is_a = 'array' THEN
      IF field.value = '[]' OR jsonb_path_exists(field.value, 'strict $[*] ? (@.type() != "string")') THEN
        PERFORM restate.refuse('invalid_query_parameter', 'status of the filter must be a status or an array of them');
      END IF;
      asked.statuses := ARRAY(SELECT s FROM jsonb_array_elements_text(field.value) AS s);
    ELSIF field.is_a <> 'string' OR field.text = '' THEN
      PERFORM restate.refuse('invalid_query_parameter', format('%s of the filter must be a text that is not empty', field.key));
    END IF;
    CASE field.key
      WHEN 'service' THEN asked.service := field.text;
      WHEN 'handler' THEN asked.handler := field.text;
      WHEN 'key_prefix' THEN asked.key_prefix := field.text;
      WHEN 'status' THEN
        IF field.is_a = 'string' THEN
          asked.statuses := ARRAY[field.text];
        END IF;
        FOREACH word IN ARRAY asked.statuses LOOP
          IF restate.status_of(word) IS NULL THEN
            PERFORM restate.refuse('invalid_query_parameter', 'no invocation has the status', word);
          END IF;
        END LOOP;
        asked.in_flight := CASE
          WHEN 'completed' <> ALL (asked.statuses) THEN true
          WHEN 'completed' = ALL (asked.statuses) THEN false END;
      WHEN 'created_before' THEN asked.created_before := restate.read_bulk_time(field.key, field.text);
      WHEN 'created_after' THEN asked.created_after := restate.read_bulk_time(field.key, field.text);
      WHEN 'completed_before' THEN asked.completed_before := restate.read_bulk_time(field.key, field.text);
      WHEN 'completed_after' THEN asked.completed_after := restate.read_bulk_time(field.key, field.text);
      WHEN 'deployment' THEN asked.deployment := field.text;
      WHEN 'failure' THEN
        -- what LIKE would raise, and only once it gets there
        IF field.text ~ E'^([^\\\\]|\\\\.)*\\\\$' THEN
          PERFORM restate.refuse('invalid_query_parameter', 'failure of the filter must not end with a single backslash');
        END IF;
        asked.failure := field.text;
    END CASE;
    IF field.key ~ '_(before|after)$' THEN
      -- whoever runs a batch may have another time zone
      shown := jsonb_set(shown, ARRAY[field.key], to_jsonb(restate.timestamp_text(restate.read_bulk_time(field.key, field.text))));
    END IF;
  END LOOP;

  IF asked.created_after >= asked.created_before OR asked.completed_after >= asked.completed_before THEN
    PERFORM restate.refuse('invalid_query_parameter', 'the filter has a time before which something must be that is not later than the one after which it must be');
  END IF;
  IF asked.in_flight AND (asked.completed_before IS NOT NULL OR asked.completed_after IS NOT NULL) THEN
    PERFORM restate.refuse('invalid_query_parameter', 'the filter asks when invocations completed, and for statuses of which none is completed');
  END IF;
END
$function$;
REVOKE ALL ON FUNCTION restate.read_bulk_filter(jsonb) FROM PUBLIC;
COMMENT ON FUNCTION restate.read_bulk_filter(jsonb) IS
'Reads the filter of a bulk job. asked: what it asks for; shown: the same as an object, with times in UTC. Errors: invalid_query_parameter 400, invalid_deployment_id 400.';

CREATE FUNCTION restate.read_bulk_options(
    operation text, options jsonb, OUT mode text, OUT from_index bigint, OUT deployment text, OUT at text, OUT dry_run boolean)
  LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
  SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
  field record;
BEGIN
  dry_run := false;
  IF jsonb_typeof(coalesce($2, '{}')) <> 'object' THEN
    PERFORM restate.refuse('invalid_query_parameter', 'the options must be an object');
  END IF;
  FOR field IN SELECT f.key, jsonb_typeof(f.value) AS is_a, f.value #>> '{}' AS text FROM jsonb_each($2) AS f LOOP
    IF field.key = 'dry_run' AND field.is_a = 'boolean' THEN
      dry_run := field.text;
    ELSIF field.key = 'from' AND field.is_a = 'number' AND field.text::numeric % 1 = 0
      AND field.text::numeric BETWEEN 0 AND restate.index_max()
    THEN
      from_index := field.text::numeric;
    ELSIF field.key IN ('mode', 'deployment', 'at') AND field.is_a = 'string' THEN
      mode := CASE field.key WHEN 'mode' THEN field.text ELSE mode END;
      deployment := CASE field.key WHEN 'deployment' THEN field.text ELSE deployment END;
      at := CASE field.key WHEN 'at' THEN field.text ELSE at END;
    ELSIF field.key IN ('dry_run', 'from', 'mode', 'deployment', 'at') THEN
      PERFORM restate.refuse('invalid_query_parameter', format('%s of the options must be %s, and is', field.key,
        CASE field.key WHEN 'dry_run' THEN 'true or false' WHEN 'from' THEN 'the index of a journal entry' ELSE 'a text' END), field.text);
    ELSE
      PERFORM restate.refuse('invalid_query_parameter', 'the options have an unknown field', field.key);
    END IF;
  END LOOP;
  -- on no invocation: the operation judges its parameters
  PERFORM FROM restate.operate_on($1, '{}', mode, from_index, deployment, at, NULL, true);
END
$function$;
REVOKE ALL ON FUNCTION restate.read_bulk_options(text, jsonb) FROM PUBLIC;
COMMENT ON FUNCTION restate.read_bulk_options(text, jsonb) IS
'Reads the options of a bulk job, which are the parameters of its operation and dry_run. Errors: invalid_query_parameter 400, invalid_deployment_id 400.';

CREATE FUNCTION restate.operate_on(
    operation text, ids restate_invocation_id[], mode text, "from" bigint, deployment text, at text, job uuid, dry_run boolean)
  RETURNS TABLE (ordinality bigint, id restate_invocation_id, ok boolean, category text, message text, outcome text)
  LANGUAGE c VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE ROWS 1000
  AS 'MODULE_PATHNAME', 'restate_operate_on';
REVOKE ALL ON FUNCTION restate.operate_on(text, restate_invocation_id[], text, bigint, text, text, uuid, boolean) FROM PUBLIC;
COMMENT ON FUNCTION restate.operate_on(text, restate_invocation_id[], text, bigint, text, text, uuid, boolean) IS
'Runs an operation on invocations for a bulk job, whose id the audit has among the parameters, as the batch function of the operation does, and returns a row for each, in order. dry_run: only tells what it would do, as restate_dry_run() does.';

CREATE FUNCTION restate.asking(
    OUT role_name text, OUT session_user_name text, OUT claimed_subject text, OUT reason text, OUT is_audited boolean)
  LANGUAGE c VOLATILE PARALLEL RESTRICTED
  AS 'MODULE_PATHNAME', 'restate_asking';
REVOKE ALL ON FUNCTION restate.asking() FROM PUBLIC;
COMMENT ON FUNCTION restate.asking() IS
'Who asks, and why, as the audit has it: the role in force outside SECURITY DEFINER functions, who logged in, the subject and the reason that the session claims; the reason is null where it is empty. is_audited: whether the audit is written.';

CREATE FUNCTION restate.audit_bulk_job(operation text, outcome text, job uuid, parameters jsonb, reason text) RETURNS void
  LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
  SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
  who CONSTANT record := restate.asking();
BEGIN
  IF who.is_audited THEN
    -- of no invocation, and so of no partition
    INSERT INTO restate.audit (partition_key, id, at, operation, parameters, outcome, role_name, session_user_name, claimed_subject, reason)
      VALUES (0, NULL, now(), $1, jsonb_build_object('job', $3) || $4, $2, who.role_name, who.session_user_name, who.claimed_subject, $5);
  END IF;
END
$function$;
REVOKE ALL ON FUNCTION restate.audit_bulk_job(text, text, uuid, jsonb, text) FROM PUBLIC;
COMMENT ON FUNCTION restate.audit_bulk_job(text, text, uuid, jsonb, text) IS
'Adds a row about a bulk job to the audit, which is about no invocation.';

-- what is told of jobs

CREATE VIEW restate.sys_bulk_job AS
SELECT b.job, b.operation, b.filter, b.options, b.reason, b.role_name, b.session_user_name, b.claimed_subject,
  b.state::text AS state, b.created_at, b.started_at, b.ended_at,
  b.matched, b.done, b.failed, b.passed_over, b.matched - d.dealt AS remaining, b.put_off, b.outcomes, b.failures, b.examples,
  CASE WHEN b.matched = 0 THEN 1 ELSE round(d.dealt::numeric / b.matched, 4) END AS progress,
  round(r.rate, 1) AS rate,
  CASE WHEN b.state = 'running' THEN ceil((b.matched - d.dealt) / nullif(r.rate, 0))::bigint END AS seconds_left,
  b.batches, b.last_batch_at, b.last_batch_size, b.next_due_at
FROM restate.bulk_job b
CROSS JOIN LATERAL (SELECT b.done + b.failed + b.passed_over) AS d (dealt)
CROSS JOIN LATERAL (
  SELECT (d.dealt - b.rate_from) / nullif(extract(epoch FROM b.last_batch_at - b.rate_since), 0)) AS r (rate);
REVOKE ALL ON restate.sys_bulk_job FROM PUBLIC;
COMMENT ON VIEW restate.sys_bulk_job IS
'The bulk jobs, those that have ended too: what each was asked for, how far it is and how fast it goes.';
COMMENT ON COLUMN restate.sys_bulk_job.job IS 'Its id.';
COMMENT ON COLUMN restate.sys_bulk_job.operation IS 'What is done to each invocation.';
COMMENT ON COLUMN restate.sys_bulk_job.filter IS 'What it was asked to match, with times in UTC.';
COMMENT ON COLUMN restate.sys_bulk_job.options IS 'The parameters of the operation.';
COMMENT ON COLUMN restate.sys_bulk_job.reason IS 'Why, as whoever started it said.';
COMMENT ON COLUMN restate.sys_bulk_job.role_name IS 'The role that started it.';
COMMENT ON COLUMN restate.sys_bulk_job.session_user_name IS 'Who had logged in then.';
COMMENT ON COLUMN restate.sys_bulk_job.claimed_subject IS 'The sub of request.jwt.claims then.';
COMMENT ON COLUMN restate.sys_bulk_job.state IS 'running, also while nobody runs it; paused; aborted; done.';
COMMENT ON COLUMN restate.sys_bulk_job.created_at IS 'When it was started, and its set written down.';
COMMENT ON COLUMN restate.sys_bulk_job.started_at IS 'When its first batch began.';
COMMENT ON COLUMN restate.sys_bulk_job.ended_at IS 'When it was done or aborted.';
COMMENT ON COLUMN restate.sys_bulk_job.matched IS 'How many invocations are in its set.';
COMMENT ON COLUMN restate.sys_bulk_job.done IS 'Of how many of these the operation succeeded.';
COMMENT ON COLUMN restate.sys_bulk_job.failed IS 'Of how many it was refused, or failed.';
COMMENT ON COLUMN restate.sys_bulk_job.passed_over IS 'How many were gone, or did not match any more, when their turn came.';
COMMENT ON COLUMN restate.sys_bulk_job.remaining IS 'How many have not had their turn; of a job that was aborted they never have.';
COMMENT ON COLUMN restate.sys_bulk_job.put_off IS 'How many of these were locked by others when it was their turn.';
COMMENT ON COLUMN restate.sys_bulk_job.outcomes IS 'How many there are of each outcome.';
COMMENT ON COLUMN restate.sys_bulk_job.failures IS 'How many failed with each category of error; locked: others kept them locked all the time; an SQLSTATE: an error that is none of ours.';
COMMENT ON COLUMN restate.sys_bulk_job.examples IS 'Of each category the first that failed: its id and the message; without an id, the error that undid a whole batch.';
COMMENT ON COLUMN restate.sys_bulk_job.progress IS 'The part of its set that has had its turn, from 0 to 1.';
COMMENT ON COLUMN restate.sys_bulk_job.rate IS 'How many have their turn in a second, since it was started or resumed; null before the first batch.';
COMMENT ON COLUMN restate.sys_bulk_job.seconds_left IS 'How long the rest takes at that rate; null if it is not running.';
COMMENT ON COLUMN restate.sys_bulk_job.batches IS 'How many batches it has had.';
COMMENT ON COLUMN restate.sys_bulk_job.last_batch_at IS 'When the last one ended.';
COMMENT ON COLUMN restate.sys_bulk_job.last_batch_size IS 'How many had their turn in that.';
COMMENT ON COLUMN restate.sys_bulk_job.next_due_at IS 'From when on the next batch can be run; null if it is not running.';

CREATE FUNCTION restate_bulk_jobs(job uuid DEFAULT NULL) RETURNS SETOF restate.sys_bulk_job
  LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT SECURITY DEFINER PARALLEL RESTRICTED ROWS 10
  SET search_path = pg_catalog, pg_temp
AS $function$
BEGIN
  IF $1 IS NULL THEN
    RETURN QUERY SELECT v.* FROM restate.sys_bulk_job AS v WHERE v.ended_at IS NULL ORDER BY v.created_at DESC, v.job;
    RETURN QUERY SELECT v.* FROM restate.sys_bulk_job AS v WHERE v.ended_at IS NOT NULL ORDER BY v.ended_at DESC, v.job LIMIT 100;
    RETURN;
  END IF;
  RETURN QUERY SELECT v.* FROM restate.sys_bulk_job AS v WHERE v.job = $1;
  IF NOT FOUND THEN
    PERFORM restate.refuse('bulk_job_not_found', format('bulk job %s not found', $1));
  END IF;
END
$function$;
REVOKE ALL ON FUNCTION restate_bulk_jobs(uuid) FROM PUBLIC;
COMMENT ON FUNCTION restate_bulk_jobs(uuid) IS
'Shows a bulk job, or, for null, those that have not ended, the newest first, and then the 100 that ended last. The columns are those of restate.sys_bulk_job. Runs on a standby too. Error: bulk_job_not_found 404.';
