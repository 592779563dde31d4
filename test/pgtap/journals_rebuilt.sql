-- Recorded journals, made again: what the recorded handlers did is done through the
-- worker's functions, in the order of the entries, and what came to them from outside
-- comes in its turn.  sys_journal must then be what it was on the real server.  Each
-- journal is made three times: by one attempt that goes on, by one that is suspended
-- whenever it waits, and by one that fails, dies or loses a reply at each step.
-- journals.json was read from the real server's sys_journal; exchanges.json was written
-- from the frames that it and its SDK exchanged.
BEGIN;

\set journals `cat test/conformance/journals.json`
\set exchanges `cat test/conformance/exchanges.json`
CREATE TEMP TABLE recorded AS
SELECT r ->> 'name' AS name, r -> 'original' AS original, r -> 'restarts' AS restarts
FROM (VALUES (:'journals'::jsonb), (:'exchanges'::jsonb)) AS f (content) CROSS JOIN LATERAL jsonb_array_elements(f.content) AS r;

-- The one departure: a result that answers a call and an attachment of one invocation
-- came to the attachment first there.  Here answers come in the order of the questions.
UPDATE recorded SET original = jsonb_set(original, '{journal}', (
  SELECT jsonb_agg(e || jsonb_build_object('index', CASE e ->> 'index' WHEN '4' THEN 5 WHEN '5' THEN 4 ELSE (e ->> 'index')::int END))
  FROM jsonb_array_elements(original -> 'journal') AS e))
WHERE name = 'callmore';

CREATE TEMP TABLE made (name text, way text, journal jsonb, expected jsonb, facts jsonb, broken text, restarts jsonb);

SELECT plan(2 + (SELECT count(*) * 9 FROM recorded)::int + (SELECT count(*) FROM recorded WHERE restarts IS NOT NULL)::int);

-- every target that was recorded, of the kind that it is
SELECT created AS registered FROM restate_register_deployment('worker:w', jsonb_build_object('services', (
  SELECT jsonb_agg(jsonb_build_object('name', s.name, 'ty', s.ty, 'handlers', s.handlers))
  FROM (
    SELECT t.name, CASE t.ty WHEN 'service' THEN 'SERVICE' WHEN 'virtual_object' THEN 'VIRTUAL_OBJECT' ELSE 'WORKFLOW' END AS ty,
      jsonb_agg(DISTINCT jsonb_build_object('name', t.handler, 'retryPolicyInitialInterval', 0)
        || CASE WHEN (t.name, t.handler) IN (('wf', 'approve'), ('counter', 'get')) THEN '{"ty": "SHARED"}'::jsonb ELSE '{}' END) AS handlers
    FROM (
      SELECT original #>> '{status,target_service_name}', original #>> '{status,target_service_ty}', original #>> '{status,target_handler_name}' FROM recorded
      UNION
      SELECT v.target ->> 'name', CASE v.kind WHEN 'Service' THEN 'service' WHEN 'VirtualObject' THEN 'virtual_object' ELSE 'workflow' END, v.target ->> 'handler'
      FROM recorded CROSS JOIN LATERAL jsonb_array_elements(original -> 'journal') AS e
      CROSS JOIN LATERAL jsonb_path_query((e ->> 'entry_json')::jsonb, '$.Command.*.request.invocation_target') AS c
      CROSS JOIN LATERAL jsonb_each(c) AS v (kind, target)) AS t (name, ty, handler)
    GROUP BY 1, 2) AS s))) \gset
SELECT ok(:'registered', 'what was recorded is registered');
SELECT is((SELECT string_agg(DISTINCT e ->> 'entry_type', ', ' ORDER BY e ->> 'entry_type') FROM recorded CROSS JOIN LATERAL jsonb_array_elements(original -> 'journal') AS e),
  'Command: AttachInvocation, Command: Call, Command: CompletePromise, Command: GetEagerState, Command: GetLazyState, Command: GetLazyStateKeys, '
  'Command: GetPromise, Command: Input, Command: OneWayCall, Command: Output, Command: Run, Command: SetState, Command: Sleep, '
  'Notification: AttachInvocation, Notification: Call, Notification: CallInvocationId, Notification: CompletePromise, Notification: GetLazyState, '
  'Notification: GetLazyStateKeys, Notification: GetPromise, Notification: Run, Notification: Signal, Notification: Sleep', 'the entries that were recorded');

CREATE FUNCTION pg_temp.bytes(value jsonb) RETURNS bytea LANGUAGE sql AS $$
  SELECT coalesce(decode(string_agg(lpad(to_hex(b::int), 2, '0'), '' ORDER BY n), 'hex'), '') FROM jsonb_array_elements_text(value) WITH ORDINALITY AS a (b, n)
$$;

-- Starts an attempt of the invocation, whatever it takes, and returns it.
CREATE FUNCTION pg_temp.attempt(wanted restate_invocation_id) RETURNS bigint LANGUAGE plpgsql AS $$
BEGIN
  UPDATE restate.timer SET due_at = now() - interval '1 s' WHERE id = wanted AND kind = 'retry';
  UPDATE restate.invocation SET next_retry_at = now() - interval '1 s' WHERE id = wanted AND status = 'backing-off';
  PERFORM restate_tick();
  PERFORM restate_claim('w', (SELECT array_agg(target_service_name) FROM restate.invocation WHERE id = wanted), 100);
  -- it may have been claimed along with another
  RETURN (SELECT i.attempt FROM restate.invocation AS i WHERE i.id = wanted AND i.status = 'running');
END $$;

-- The journal as sys_journal shows it, without the span of calls, which not all of the
-- recorded ones have.
CREATE FUNCTION pg_temp.journal(wanted restate_invocation_id) RETURNS jsonb LANGUAGE sql AS $$
  SELECT jsonb_agg(jsonb_build_object('index', j.index, 'version', j.version, 'entry_type', j.entry_type, 'name', j.name,
    'entry_json', j.entry_json::jsonb #- '{Command,Call,request,span_context}' #- '{Command,OneWayCall,request,span_context}',
    'entry_lite_json', j.entry_lite_json::jsonb) ORDER BY j.index)
  FROM restate.sys_journal AS j WHERE j.id = wanted
$$;

-- The recorded journal with what cannot be the same replaced: ids of callees by those
-- that they have here, times by those that were sent, and the words of a failure that
-- is the store's own.  What was not recorded is taken to be right.
CREATE FUNCTION pg_temp.expected(recorded jsonb, sent jsonb, ids jsonb, here jsonb) RETURNS jsonb LANGUAGE plpgsql AS $$
DECLARE
  e jsonb; entry jsonb; lite jsonb; ours jsonb; said text;
  result jsonb = '[]';
  k text; v text;
BEGIN
  FOR e IN SELECT x FROM jsonb_array_elements(recorded) AS x ORDER BY (x ->> 'index')::int LOOP
    entry := coalesce(sent -> ((e ->> 'entry_json')::jsonb #>> '{}'), (e ->> 'entry_json')::jsonb);
    ours := (SELECT x FROM jsonb_array_elements(here) AS x WHERE x -> 'index' = e -> 'index');
    said := entry::text;
    FOR k, v IN SELECT * FROM jsonb_each_text(ids) LOOP
      said := replace(said, k, v);
    END LOOP;
    entry := said::jsonb #- '{Command,Call,request,span_context}' #- '{Command,OneWayCall,request,span_context}';
    IF e ->> 'entry_type' = 'Notification: CompletePromise' AND entry #> '{Notification,Completion,CompletePromise,result,Failure}' IS NOT NULL THEN
      entry := jsonb_set(entry, '{Notification,Completion,CompletePromise,result,Failure,message}',
        ours #> '{entry_json,Notification,Completion,CompletePromise,result,Failure,message}');
    END IF;
    lite := CASE WHEN e ? 'entry_lite_json' THEN (e ->> 'entry_lite_json')::jsonb ELSE ours -> 'entry_lite_json' END;
    said := lite::text;
    FOR k, v IN SELECT * FROM jsonb_each_text(ids) LOOP
      said := replace(said, k, v);
    END LOOP;
    lite := said::jsonb;
    IF lite #> '{Command,Sleep,wake_up_time}' IS NOT NULL THEN
      lite := jsonb_set(lite, '{Command,Sleep,wake_up_time}', entry #> '{Command,Sleep,wake_up_time}');
    END IF;
    IF lite #> '{Command,OneWayCall,invoke_time}' IS NOT NULL THEN
      lite := jsonb_set(lite, '{Command,OneWayCall,invoke_time}', entry #> '{Command,OneWayCall,invoke_time}');
    END IF;
    result := result || jsonb_build_object('index', e -> 'index', 'version', coalesce(e -> 'version', '2'), 'entry_type', e ->> 'entry_type', 'name', e ->> 'name',
      'entry_json', entry, 'entry_lite_json', lite);
  END LOOP;
  RETURN result;
END $$;

-- Makes a recorded journal again and takes it back.  Ways: on, suspended, lost.
CREATE FUNCTION pg_temp.rebuild(r recorded, way text) RETURNS made LANGUAGE plpgsql AS $$
DECLARE
  result made := (r.name, way, NULL, NULL, NULL, NULL, NULL);
  facts jsonb = r.original -> 'status';
  journal jsonb = r.original -> 'journal';
  in_an_hour CONSTANT bigint = floor(extract(epoch FROM now() + interval '1 h') * 1000);
  ids jsonb = '{}';
  sent jsonb = '{}';
  mine restate_invocation_id; fence bigint; commands bigint = 1;
  other restate_invocation_id; other_fence bigint;
  e jsonb; entry jsonb; kind text; body jsonb; bare jsonb; here bigint; waits bigint[]; signals bigint[]; outcome jsonb;
  restart jsonb; again restate_invocation_id;
BEGIN
  body := (SELECT (x ->> 'entry_json')::jsonb #> '{Command,Input}' FROM jsonb_array_elements(journal) AS x WHERE x -> 'index' = '0');
  SELECT s.id, s.attempt INTO mine, fence FROM restate_submit(facts ->> 'target_service_name', facts ->> 'target_handler_name',
    pg_temp.bytes(body -> 'payload'), facts ->> 'target_service_key', body -> 'headers', facts ->> 'idempotency_key', NULL, 'w') AS s;
  -- a promise that was completed before
  IF (SELECT bool_or(x #>> '{entry_type}' = 'Notification: CompletePromise' AND x ->> 'entry_json' LIKE '%Failure%') FROM jsonb_array_elements(journal) AS x) THEN
    PERFORM restate_resolve_promise(facts ->> 'target_service_name', facts ->> 'target_service_key', 'approved', 'x');
  END IF;
  FOR e IN SELECT x FROM jsonb_array_elements(journal) AS x WHERE x -> 'index' <> '0' ORDER BY (x ->> 'index')::int LOOP
    entry := (e ->> 'entry_json')::jsonb;
    kind := substring(e ->> 'entry_type' FROM ': (.*)');
    here := (SELECT journal_size FROM restate.invocation WHERE id = mine);
    IF entry ? 'Command' THEN
      -- times to come, as they were to come then; who is called is not known before
      entry := CASE kind WHEN 'Sleep' THEN jsonb_set(entry, '{Command,Sleep,wake_up_time}', to_jsonb(in_an_hour))
        WHEN 'OneWayCall' THEN jsonb_set(entry, '{Command,OneWayCall,invoke_time}', to_jsonb(in_an_hour)) ELSE entry END;
      sent := jsonb_set(sent, ARRAY[(e ->> 'entry_json')::jsonb #>> '{}'], entry);
      bare := entry #- ARRAY['Command', kind, 'request', 'invocation_id'] #- ARRAY['Command', kind, 'request', 'completion_retention_duration']
        #- ARRAY['Command', kind, 'request', 'journal_retention_duration'];
      IF kind = 'AttachInvocation' THEN
        bare := jsonb_set(bare, '{Command,AttachInvocation,target,InvocationId}', ids -> (bare #>> '{Command,AttachInvocation,target,InvocationId}'));
      END IF;
      IF way = 'lost' AND kind = 'Output' THEN
        PERFORM restate_append(mine, fence, commands, ARRAY[bare]);
        PERFORM restate_complete(mine, fence, commands, ARRAY[bare]);
      ELSIF kind = 'Output' THEN
        PERFORM restate_complete(mine, fence, commands, ARRAY[bare]);
      ELSE
        PERFORM restate_append(mine, fence, commands, ARRAY[bare]);
        IF way = 'lost' THEN
          PERFORM restate_append(mine, fence, commands, ARRAY[bare]);
        END IF;
      END IF;
      commands := commands + 1;
      IF entry #> ARRAY['Command', kind, 'request'] IS NOT NULL THEN
        SELECT ids || jsonb_build_object(entry #>> ARRAY['Command', kind, 'request', 'invocation_id'], j.invoked_id) INTO ids
          FROM restate.journal AS j WHERE j.id = mine AND j.invoked_id IS NOT NULL AND restate.is_command(j.entry_type) ORDER BY j.index DESC LIMIT 1;
      END IF;
    ELSIF here > (e ->> 'index')::bigint THEN
      -- it has come with its command
      CONTINUE;
    ELSIF kind = 'Run' THEN
      PERFORM restate_append(mine, fence, commands, ARRAY[entry]);
      IF way = 'lost' THEN
        PERFORM restate_append(mine, fence, commands, ARRAY[entry]);
      END IF;
    ELSE
      -- it comes from outside
      body := coalesce(entry #> ARRAY['Notification', 'Completion', kind], entry #> '{Notification,Signal}');
      outcome := body -> 'result';
      IF way = 'suspended' THEN
        waits := CASE WHEN kind <> 'Signal' THEN ARRAY[(body ->> 'completion_id')::bigint] END;
        signals := CASE WHEN kind = 'Signal' THEN ARRAY[(body #>> '{id,Index}')::bigint, 1] ELSE '{1}' END;
        ASSERT restate_suspend(mine, fence, waits, signals, NULL, here) = 'suspended', 'it does not wait';
      END IF;
      CASE kind
        WHEN 'Sleep' THEN
          UPDATE restate.timer AS t SET due_at = now() - interval '1 s' WHERE t.id = mine AND t.kind = 'sleep' AND t.completion_id = (body ->> 'completion_id')::bigint;
          PERFORM restate_tick();
        WHEN 'GetPromise' THEN
          PERFORM restate_resolve_promise(facts ->> 'target_service_name', facts ->> 'target_service_key', 'approved', pg_temp.bytes(outcome -> 'Success'));
        WHEN 'Signal' THEN
          IF body #>> '{id,Index}' = '1' THEN
            PERFORM restate_cancel(mine);
          ELSE
            PERFORM restate_resolve_awakeable(restate_awakeable_id(mine, (body #>> '{id,Index}')::bigint), pg_temp.bytes(outcome -> 'Success'));
          END IF;
        ELSE
          -- the result of another
          SELECT coalesce(c.invoked_id, (c.meta #>> '{target,InvocationId}')::restate_invocation_id) INTO STRICT other FROM restate.journal AS c
            WHERE c.id = mine AND restate.is_command(c.entry_type) AND (body ->> 'completion_id')::bigint IN (c.completion_id, c.result_completion_id);
          SELECT pg_temp.attempt(other) INTO STRICT other_fence;
          PERFORM restate_complete(other, other_fence, 1, ARRAY[jsonb_build_object('Command', jsonb_build_object('Output', jsonb_build_object('result', outcome, 'name', '')))]);
      END CASE;
      IF way = 'suspended' THEN
        fence := pg_temp.attempt(mine);
        ASSERT fence IS NOT NULL, 'it does not wake';
      END IF;
    END IF;
    IF way = 'lost' AND kind <> 'Output' THEN
      -- every second attempt fails, the others are of workers that fall silent
      IF (e ->> 'index')::int % 2 = 0 THEN
        PERFORM restate_fail_attempt(mine, fence, 'it fails');
      ELSE
        UPDATE restate.worker SET last_seen = now() - interval '1 h';
        UPDATE restate.invocation SET last_start_at = last_start_at - interval '1 h' WHERE id = mine;
        PERFORM restate_tick();
      END IF;
      fence := pg_temp.attempt(mine);
      ASSERT fence IS NOT NULL, 'it does not go on';
    END IF;
  END LOOP;
  IF facts ->> 'completion_failure' = '[409] killed' THEN
    PERFORM restate_kill(mine);
  ELSIF facts ->> 'status' = 'invoked' THEN
    PERFORM restate_fail_attempt(mine, fence, 'it fails', retry_after => '1 h');
  END IF;

  result.journal := pg_temp.journal(mine);
  result.expected := pg_temp.expected(journal, sent, ids, result.journal);
  -- of what was recorded all that is not an id, a time, the deployment, or the real server's version
  result.facts := (SELECT jsonb_object_agg(f.key, jsonb_build_array(f.value, to_jsonb(i) -> f.key))
    FROM restate.sys_invocation_status AS i
    CROSS JOIN LATERAL jsonb_each(facts || jsonb_strip_nulls(jsonb_build_object(
      'completion_retention', (facts ->> 'completion_retention')::interval, 'journal_retention', (facts ->> 'journal_retention')::interval))) AS f
    WHERE i.id = mine AND f.key NOT IN ('id', 'partition_key', 'pk', 'pinned_deployment_id', 'created_using_restate_version') AND f.key !~ '_at$');
  result.broken := (SELECT string_agg(concat_ws(' ', v.problem, v.id, v.detail), '; ') FROM restate_verify() AS v);
  -- and each restart that was recorded, of this one
  FOR restart IN SELECT x FROM jsonb_array_elements(coalesce(r.restarts, '[]')) AS x WHERE x -> 'status' = '200' LOOP
    again := restate_restart_as_new(mine, (restart ->> 'from')::bigint);
    IF pg_temp.journal(again) IS DISTINCT FROM pg_temp.expected(restart -> 'new_journal', sent, ids, pg_temp.journal(again)) THEN
      result.restarts := coalesce(result.restarts, '[]') || jsonb_build_array(restart -> 'from');
    END IF;
  END LOOP;
  RAISE EXCEPTION USING ERRCODE = 'UNDO0';
EXCEPTION WHEN SQLSTATE 'UNDO0' THEN
  RETURN result;
END $$;

INSERT INTO made SELECT m.* FROM recorded AS r CROSS JOIN unnest(ARRAY['on', 'suspended', 'lost']) AS w (way) CROSS JOIN LATERAL pg_temp.rebuild(r, w.way) AS m;

-- The entries that differ, ours and the recorded one.
CREATE FUNCTION pg_temp.difference(ours jsonb, theirs jsonb) RETURNS text LANGUAGE sql AS $$
  SELECT string_agg(concat_ws(' ', 'has', o.e, 'not', t.e), '; ' ORDER BY coalesce(o.e, t.e) -> 'index')
  FROM jsonb_array_elements(ours) AS o (e) FULL JOIN jsonb_array_elements(theirs) AS t (e) ON o.e -> 'index' = t.e -> 'index'
  WHERE o.e IS DISTINCT FROM t.e
$$;

SELECT is(pg_temp.difference(journal, expected), NULL, format('%s, %s: the journal is the recorded one', name, way)) FROM made ORDER BY name, way;
SELECT is((SELECT jsonb_object_agg(f.key, f.value) FROM jsonb_each(facts) AS f WHERE f.value -> 0 IS DISTINCT FROM f.value -> 1), NULL,
  format('%s, %s: so are its facts', name, way)) FROM made ORDER BY name, way;
SELECT is(broken, NULL, format('%s, %s: all is well', name, way)) FROM made ORDER BY name, way;
SELECT is(string_agg(m.restarts::text, '; '), NULL, format('%s: each restart of it has the recorded journal', m.name))
FROM made AS m JOIN recorded AS r USING (name) WHERE r.restarts IS NOT NULL GROUP BY m.name ORDER BY m.name;

SELECT * FROM finish();
ROLLBACK;
