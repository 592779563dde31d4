-- What workers call, and those who have something executed: submit, claim, append,
-- suspend, complete, fail, tick, heartbeat, hold.
BEGIN;
SELECT no_plan();
SET LOCAL client_min_messages = warning;

-- Invocations by name; of each the attempt that was started last.
CREATE TEMP TABLE named (name text PRIMARY KEY, id restate_invocation_id, attempt bigint);

-- VOLATILE: what the same statement has submitted counts.
CREATE FUNCTION pg_temp.id(text) RETURNS restate_invocation_id LANGUAGE sql VOLATILE AS $$
  SELECT n.id FROM named AS n WHERE n.name = $1
$$;

-- The text with names in place of ids.
CREATE FUNCTION pg_temp.labelled(said text) RETURNS text LANGUAGE plpgsql VOLATILE AS $$
DECLARE
  known named;
BEGIN
  FOR known IN SELECT * FROM named AS n WHERE position(n.id::text IN said) > 0 LOOP
    said := replace(said, known.id::text, known.name);
  END LOOP;
  RETURN said;
END $$;

-- What a statement returns, or the SQLSTATE and category of its error.
CREATE FUNCTION pg_temp.told(statement text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
  state text; category text; result text;
BEGIN
  EXECUTE statement INTO result;
  RETURN result;
EXCEPTION WHEN OTHERS THEN
  GET STACKED DIAGNOSTICS state = RETURNED_SQLSTATE, category = CONSTRAINT_NAME;
  RETURN concat_ws(' ', state, nullif(category, ''));
END $$;

-- Submits; the outcome, and of one that the worker got at once "and runs".
CREATE FUNCTION pg_temp.submit(name text, service text, handler text, key text DEFAULT NULL, idempotency_key text DEFAULT NULL,
    run_at timestamptz DEFAULT NULL, claim_for text DEFAULT 'w', input text DEFAULT '1') RETURNS text LANGUAGE plpgsql AS $$
DECLARE
  made record;
BEGIN
  SELECT * INTO made FROM restate_submit(service, handler, convert_to(input, 'UTF8'), key, NULL, idempotency_key, run_at, claim_for);
  INSERT INTO named AS n VALUES ($1, made.id, made.attempt) ON CONFLICT ON CONSTRAINT named_pkey
    DO UPDATE SET id = excluded.id, attempt = coalesce(excluded.attempt, n.attempt);
  RETURN concat_ws(' ', made.outcome, CASE WHEN made.attempt IS NOT NULL THEN 'and runs' END);
END $$;

-- Claims; who was claimed, in the order of their names, which those without one get
-- from their target.
CREATE FUNCTION pg_temp.claim(services text, max integer DEFAULT 1, worker text DEFAULT 'w') RETURNS text LANGUAGE plpgsql AS $$
DECLARE
  c record;
  said text[] = '{}';
BEGIN
  FOR c IN SELECT * FROM restate_claim(worker, string_to_array(services, ' '), max) LOOP
    INSERT INTO named SELECT concat_ws('/', c.service, c.key, c.handler), c.id WHERE NOT EXISTS (SELECT FROM named AS n WHERE n.id = c.id)
      ON CONFLICT ON CONSTRAINT named_pkey DO UPDATE SET id = excluded.id;
    UPDATE named SET attempt = c.attempt WHERE named.id = c.id;
    said := said || (SELECT n.name FROM named AS n WHERE n.id = c.id);
  END LOOP;
  RETURN (SELECT coalesce(string_agg(s, ' ' ORDER BY s COLLATE "C"), '') FROM unnest(said) AS s);
END $$;

-- The JSON of an entry that is said in words.
CREATE FUNCTION pg_temp.entry(said text) RETURNS jsonb LANGUAGE plpgsql AS $$
DECLARE
  w text[] = string_to_array(said, ' ');
  target text[];
  request jsonb;
BEGIN
  IF w[1] IN ('call', 'send') THEN
    target := string_to_array(w[2], '/');
    request := jsonb_build_object('parameter', '[49]'::jsonb, 'invocation_target', CASE
        WHEN cardinality(target) = 2 THEN jsonb_build_object('Service', jsonb_build_object('name', target[1], 'handler', target[2]))
        ELSE jsonb_build_object(CASE target[1] WHEN 'Flow' THEN 'Workflow' ELSE 'VirtualObject' END,
          jsonb_build_object('name', target[1], 'key', target[2], 'handler', target[3])) END)
      || CASE WHEN said ~ ' idem=' THEN jsonb_build_object('idempotency_key', substring(said FROM ' idem=(\S*)')) ELSE '{}' END;
  END IF;
  RETURN CASE WHEN w[1] = 'ran' THEN
    jsonb_build_object('Notification', jsonb_build_object('Completion', jsonb_build_object('Run', jsonb_build_object('completion_id', w[2]::int,
      'result', CASE w[3] WHEN 'fails' THEN '{"Failure": {"code": 400, "message": "no"}}' ELSE jsonb_build_object('Success', jsonb_build_array(w[3]::int)) END))))
  ELSE jsonb_build_object('Command', CASE w[1]
    WHEN 'run' THEN jsonb_build_object('Run', jsonb_build_object('completion_id', w[2]::int, 'name', coalesce(w[3], '')))
    WHEN 'sleep' THEN jsonb_build_object('Sleep', jsonb_build_object('completion_id', w[2]::int, 'name', '',
      'wake_up_time', floor(extract(epoch FROM now() + w[3]::interval) * 1000)::bigint))
    WHEN 'call' THEN jsonb_build_object('Call', jsonb_build_object('request', request, 'name', '',
      'invocation_id_completion_id', w[3]::int, 'result_completion_id', w[4]::int))
    WHEN 'send' THEN jsonb_build_object('OneWayCall', jsonb_build_object('request', request, 'name', '', 'invocation_id_completion_id', w[3]::int,
      'invoke_time', CASE WHEN w[4] ~ '^\d' THEN floor(extract(epoch FROM now() + w[4]::interval) * 1000)::bigint ELSE 0 END))
    WHEN 'output' THEN jsonb_build_object('Output', jsonb_build_object('name', '', 'result', CASE WHEN w[2] = 'fails'
      THEN '{"Failure": {"code": 409, "message": "no way", "metadata": [{"key": "a", "value": "b"}]}}'
      ELSE jsonb_build_object('Success', jsonb_build_array(w[2]::int)) END))
    WHEN 'set' THEN jsonb_build_object('SetState', jsonb_build_object('key', w[2], 'value', jsonb_build_array(w[3]::int), 'name', ''))
    WHEN 'clear' THEN jsonb_build_object('ClearState', jsonb_build_object('key', w[2], 'name', ''))
    WHEN 'clear-all' THEN '{"ClearAllState": {"name": ""}}'
    WHEN 'get' THEN jsonb_build_object('GetLazyState', jsonb_build_object('key', w[2], 'completion_id', w[3]::int, 'name', ''))
    WHEN 'keys' THEN jsonb_build_object('GetLazyStateKeys', jsonb_build_object('completion_id', w[2]::int, 'name', ''))
    WHEN 'eager' THEN jsonb_build_object('GetEagerState', jsonb_build_object('key', w[2], 'name', '', 'result', jsonb_build_object('Success', jsonb_build_array(w[3]::int))))
    WHEN 'attach' THEN jsonb_build_object('AttachInvocation', jsonb_build_object('target', jsonb_build_object('InvocationId', coalesce(pg_temp.id(w[2])::text, w[2])),
      'completion_id', w[3]::int, 'name', ''))
    WHEN 'result-of' THEN jsonb_build_object('GetInvocationOutput', jsonb_build_object('target', jsonb_build_object('InvocationId', coalesce(pg_temp.id(w[2])::text, w[2])),
      'completion_id', w[3]::int, 'name', ''))
    WHEN 'cancel' THEN jsonb_build_object('SendSignal', jsonb_build_object('target_invocation_id', coalesce(pg_temp.id(w[2])::text, w[2]),
      'signal_id', '{"Index": 1}'::jsonb, 'result', 'Void', 'name', ''))
    WHEN 'input' THEN '{"Input": {"headers": [], "payload": [1], "name": ""}}'
  END) END;
END $$;

CREATE FUNCTION pg_temp.entries(VARIADIC said text[]) RETURNS jsonb[] LANGUAGE sql AS $$
  SELECT array_agg(pg_temp.entry(s) ORDER BY n) FROM unnest(said) WITH ORDINALITY AS u (s, n)
$$;

-- What an entry brings, in short.
CREATE FUNCTION pg_temp.brought(entry jsonb) RETURNS text LANGUAGE sql AS $$
  SELECT coalesce(pg_temp.labelled(c.c ->> 'invocation_id'), CASE WHEN c.c -> 'result' = '"Void"' THEN 'void' WHEN c.c - 'completion_id' = '{}' THEN 'slept' END,
    (c.c #>> '{result,Failure,code}') || ' ' || (c.c #>> '{result,Failure,message}'), (c.c #>> '{result,Success}'), (c.c ->> 'state_keys'))
  FROM (SELECT v AS c FROM jsonb_each(entry #> '{Notification,Completion}') AS e (k, v)) AS c
$$;

-- Appends what is said; the index of each, with "again" for what the journal had
-- and what has answered it.
CREATE FUNCTION pg_temp.append(name text, first bigint, VARIADIC said text[]) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
  caller named;
  result text;
  state text; category text;
BEGIN
  SELECT * INTO caller FROM named AS n WHERE n.name = $1;
  SELECT string_agg(concat_ws(' ', a.index, CASE WHEN a.repeated THEN 'again' END,
      '-> ' || (SELECT string_agg(concat_ws(' ', x ->> 'index', pg_temp.brought(x -> 'entry_json')), ', ' ORDER BY o) FROM unnest(a.answers) WITH ORDINALITY AS u (x, o))),
      '; ' ORDER BY a.ordinality)
    INTO result FROM restate_append(caller.id, caller.attempt, first, pg_temp.entries(VARIADIC said)) AS a;
  RETURN result;
EXCEPTION WHEN OTHERS THEN
  GET STACKED DIAGNOSTICS state = RETURNED_SQLSTATE, category = CONSTRAINT_NAME;
  RETURN concat_ws(' ', state, nullif(category, ''));
END $$;

-- What the entry of that index brings, or the last entry.
CREATE FUNCTION pg_temp.brought_at(name text, at bigint DEFAULT NULL) RETURNS text LANGUAGE sql VOLATILE AS $$
  SELECT pg_temp.brought(j.entry_json::jsonb) FROM restate.sys_journal AS j WHERE j.id = pg_temp.id($1) AND j.index = coalesce(at, j.index) ORDER BY j.index DESC LIMIT 1
$$;

CREATE FUNCTION pg_temp.complete(name text, first bigint DEFAULT NULL, VARIADIC said text[] DEFAULT '{}') RETURNS text LANGUAGE sql AS $$
  SELECT pg_temp.told(format('SELECT restate_complete(%L, %s, %L, %L)', n.id, n.attempt, first, pg_temp.entries(VARIADIC said)))
  FROM named AS n WHERE n.name = $1
$$;

CREATE FUNCTION pg_temp.suspend(name text, completions text DEFAULT NULL, signals text DEFAULT NULL, known bigint DEFAULT 1000) RETURNS text LANGUAGE sql AS $$
  SELECT pg_temp.told(format('SELECT restate_suspend(%L, %s, %L, %L, NULL, %s)', n.id, n.attempt, completions, signals, known))
  FROM named AS n WHERE n.name = $1
$$;

CREATE FUNCTION pg_temp.fail(name text, message text DEFAULT 'oops', rest text DEFAULT '') RETURNS text LANGUAGE sql AS $$
  SELECT pg_temp.told(format('SELECT restate_fail_attempt(%L, %s, %L %s)', n.id, n.attempt, message, rest)) FROM named AS n WHERE n.name = $1
$$;

CREATE FUNCTION pg_temp.status(name text) RETURNS text LANGUAGE sql AS $$
  SELECT coalesce((SELECT i.status FROM restate.invocation AS i WHERE i.id = pg_temp.id($1)), 'gone')
$$;

CREATE FUNCTION pg_temp.output(name text) RETURNS text LANGUAGE sql AS $$
  SELECT pg_temp.told(format($q$SELECT concat_ws(' ', o.status, encode(o.value, 'hex'), o.failure) FROM restate_output(%L) AS o$q$, pg_temp.id($1)))
$$;

-- The journal in short.
CREATE FUNCTION pg_temp.journal(name text) RETURNS text LANGUAGE sql AS $$
  SELECT string_agg(CASE WHEN restate.is_command(j.entry_type) THEN concat_ws(' ', j.completion_id, regexp_replace(j.entry_type::text, '.*: ', ''))
    ELSE concat_ws(' ', '<' || regexp_replace(j.entry_type::text, '.*: ', ''), j.completion_id) END, ', ' ORDER BY j.index)
  FROM restate.journal AS j WHERE j.id = pg_temp.id($1)
$$;

-- Lets time pass: all that is to come is nearer by so much.
CREATE FUNCTION pg_temp.pass(length interval) RETURNS text LANGUAGE sql AS $$
  UPDATE restate.timer SET due_at = due_at - length;
  UPDATE restate.invocation SET next_retry_at = next_retry_at - length WHERE next_retry_at IS NOT NULL;
  UPDATE restate.invocation SET scheduled_start_at = scheduled_start_at - length WHERE scheduled_start_at IS NOT NULL;
  UPDATE restate.invocation SET completed_at = completed_at - length, retained_from = retained_from - length WHERE completed_at IS NOT NULL;
  SELECT ''
$$;

-- The kinds of the timers of an invocation, with the time until each.
CREATE FUNCTION pg_temp.timers(name text) RETURNS text LANGUAGE sql VOLATILE AS $$
  SELECT string_agg(t.kind || ' ' || (t.due_at - now()), ', ' ORDER BY t.due_at) FROM restate.timer AS t WHERE t.id = pg_temp.id($1)
$$;

CREATE FUNCTION pg_temp.tick(rest text DEFAULT '') RETURNS text LANGUAGE sql AS $$
  SELECT pg_temp.told(format('SELECT done FROM restate_tick(%s)', rest))
$$;

CREATE FUNCTION pg_temp.well(after text) RETURNS text LANGUAGE sql AS $$
  SELECT is((SELECT string_agg(concat_ws(' ', v.problem, pg_temp.labelled(v.id::text), v.detail), '; ') FROM restate_verify() AS v), NULL, 'all is well after ' || after)
$$;

SELECT FROM restate_register_deployment('worker:w', $m${"services": [
  {"name": "Order", "ty": "SERVICE", "handlers": [{"name": "run"}]},
  {"name": "Brief", "ty": "SERVICE", "handlers": [{"name": "run", "journalRetention": 0, "idempotencyRetention": 3600000}]},
  {"name": "Gone", "ty": "SERVICE", "handlers": [{"name": "run", "journalRetention": 0, "idempotencyRetention": 0}]},
  {"name": "Kept", "ty": "SERVICE", "handlers": [{"name": "run", "journalRetention": 7200000, "idempotencyRetention": 3600000}]},
  {"name": "Pausing", "ty": "SERVICE", "handlers": [{"name": "run", "retryPolicyInitialInterval": 1000, "retryPolicyExponentiationFactor": 3, "retryPolicyMaxInterval": 5000,
    "retryPolicyMaxAttempts": 4, "retryPolicyOnMaxAttempts": "PAUSE"}]},
  {"name": "Killing", "ty": "SERVICE", "handlers": [{"name": "run", "retryPolicyMaxAttempts": 2, "retryPolicyOnMaxAttempts": "KILL"}]},
  {"name": "Counter", "ty": "VIRTUAL_OBJECT", "handlers": [{"name": "add"}, {"name": "see", "ty": "SHARED"}]},
  {"name": "Flow", "ty": "WORKFLOW", "handlers": [{"name": "run", "ty": "WORKFLOW", "workflowCompletionRetention": 1800000}, {"name": "see", "ty": "SHARED"}]}]}$m$) \g /dev/null

-- submit: what there is to refuse
SELECT is(pg_temp.told('SELECT restate_submit(' || v.arguments || ')'), v.said, 'submit ' || v.arguments)
FROM (VALUES ($$NULL, 'run'$$, 'PT400 invalid_query_parameter'), ($$'Order', NULL$$, 'PT400 invalid_query_parameter'),
  ($$'None', 'run'$$, 'PT404 handler_not_found'), ($$'Order', 'none'$$, 'PT404 handler_not_found'),
  ($$'Order', 'run', key => 'k'$$, 'PT422 invalid_body'), ($$'Counter', 'add'$$, 'PT422 invalid_body'), ($$'Counter', 'see'$$, 'PT422 invalid_body'),
  ($$'Flow', 'run'$$, 'PT422 invalid_body'), ($$'Flow', 'run', key => 'k', idempotency_key => 'i'$$, 'PT422 invalid_body'),
  ($$'Order', 'run', idempotency_key => ''$$, 'PT422 command_not_allowed'),
  ($$'Counter', 'add', key => repeat('k', 16385)$$, 'PT422 invalid_body'),
  ($$'Order', 'run', idempotency_key => repeat('k', 16385)$$, 'PT422 invalid_body'),
  ($$'Order', 'run', headers => '{}'$$, 'PT422 invalid_body'), ($$'Order', 'run', headers => '[1]'$$, 'PT422 invalid_body'),
  ($$'Order', 'run', headers => '"x"'$$, 'PT422 invalid_body'), ($$'Order', 'run', headers => '[{"name": "a"}]'$$, 'PT422 invalid_body'),
  ($$'Order', 'run', headers => '[{"name": "a", "value": 1}]'$$, 'PT422 invalid_body'),
  ($$'Order', 'run', run_at => 'infinity'$$, 'PT400 invalid_query_parameter'), ($$'Order', 'run', run_at => '-infinity'$$, 'PT400 invalid_query_parameter'),
  ($$'Order', 'run', claim_for => ''$$, 'PT400 invalid_query_parameter')) AS v (arguments, said);
SELECT is((SELECT count(*) FROM restate.invocation), 0::bigint, 'what is refused leaves nothing');
SELECT is((SELECT count(*) FROM restate.object_key), 0::bigint, 'and no object key');

-- submit: what is stored
SELECT is(pg_temp.submit('plain', 'Order', 'run', claim_for => NULL), 'accepted', 'a service');
SELECT is(pg_temp.status('plain'), 'ready', 'is ready');
SELECT is((SELECT j.entry_json::jsonb FROM restate.sys_journal AS j WHERE j.id = pg_temp.id('plain')),
  '{"Command": {"Input": {"headers": [], "payload": [49], "name": ""}}}', 'its input is the first entry');
SELECT is((SELECT concat_ws(' ', invoked_by, target, target_service_ty, journal_size, journal_commands_size, completion_retention, journal_retention)
  FROM restate.sys_invocation WHERE id = pg_temp.id('plain')), 'ingress Order/run service 1 1 24:00:00 24:00:00', 'what is known of it');
SELECT is((SELECT j.entry_json::jsonb #> '{Command,Input,headers}' FROM restate_submit('Order', 'run', headers => '[{"name": "a", "value": "b"}]') AS s
  JOIN LATERAL (SELECT * FROM restate.sys_journal AS j WHERE j.id = s.id) AS j ON true), NULL, 'a statement does not see what it submits');
SELECT is((SELECT string_agg(j.entry_json::jsonb #>> '{Command,Input,headers}', '' ORDER BY j.id) FROM restate.sys_journal AS j WHERE j.id <> pg_temp.id('plain')),
  '[{"name": "a", "value": "b"}]', 'headers are in the input');
SELECT is(pg_temp.claim('Order', 10), 'Order/run plain', 'both are claimed');
SELECT is(pg_temp.complete('Order/run', 1, 'output 50'), 'completed', 'and one completes');

-- claim: what there is to refuse
SELECT is(pg_temp.told('SELECT count(*) FROM restate_claim(' || v.arguments || ')'), v.said, 'claim ' || v.arguments)
FROM (VALUES ($$NULL, '{Order}'$$, 'PT400 invalid_query_parameter'), ($$'', '{Order}'$$, 'PT400 invalid_query_parameter'),
  ($$'w', NULL$$, 'PT400 invalid_query_parameter'), ($$'w', '{Order}', 0$$, 'PT400 invalid_query_parameter'), ($$'w', '{Order}', 10001$$, 'PT400 invalid_query_parameter'),
  ($$'w', '{Order}', NULL$$, 'PT400 invalid_query_parameter'), ($$'w', '{}'$$, '0'), ($$'w', '{NULL}'$$, '0'), ($$'w', '{None}'$$, '0'), ($$'w', '{Order}', 10000$$, '0')) AS v (arguments, said);
SELECT is(pg_temp.told($$SELECT restate_heartbeat(NULL)$$), 'PT400 invalid_query_parameter', 'a heartbeat without a name');
SELECT is(pg_temp.told($$SELECT restate_heartbeat('')$$), 'PT400 invalid_query_parameter', 'or with an empty one');

-- every function that an attempt calls, by who calls: each must be the running attempt
SELECT pg_temp.submit('other', 'Order', 'run') \g /dev/null
CREATE FUNCTION pg_temp.calls(id restate_invocation_id, attempt bigint) RETURNS text LANGUAGE sql AS $$
  SELECT string_agg(DISTINCT pg_temp.told(format('SELECT %s', c)), ', ')
  FROM unnest(ARRAY[format('count(*) FROM restate_append(%L, %L, 1, pg_temp.entries(''run 1''))', id, attempt),
    format('restate_suspend(%L, %L, ''{1}'', NULL, NULL, 1)', id, attempt), format('restate_complete(%L, %L, 1, pg_temp.entries(''output 1''))', id, attempt),
    format('restate_fail_attempt(%L, %L, ''m'')', id, attempt), format('count(*) FROM restate_append(%L, %L, 1, pg_temp.entries(''call Order/run 1 2''))', id, attempt)]) AS c
$$;
SELECT is(pg_temp.calls(NULL, 1), 'PT400 invalid_invocation_id', 'calls of no invocation');
SELECT is(pg_temp.calls(pg_temp.id('plain'), NULL), 'PT400 invalid_query_parameter', 'calls of no attempt');
SELECT is(pg_temp.calls(restate_new_invocation_id(), 1), 'PT404 invocation_not_found', 'calls of an invocation that is not there');
SELECT is(pg_temp.calls(n.id, m.attempt), 'PT409 attempt_lost', 'calls of another attempt') FROM named AS n, named AS m WHERE n.name = 'plain' AND m.name = 'other';
SELECT is(pg_temp.calls(pg_temp.id('plain'), 0), 'PT409 attempt_lost', 'calls of attempt 0');
SELECT is(pg_temp.calls(n.id, n.attempt), 'PT409 attempt_lost', 'calls of one that has completed') FROM named AS n WHERE n.name = 'Order/run';

-- and in each other state, with the attempt that it had
CREATE FUNCTION pg_temp.lost(name text, state text) RETURNS SETOF text LANGUAGE sql AS $$
  SELECT is(pg_temp.status($1), state, name || ' is ' || state)
  UNION ALL SELECT is((SELECT pg_temp.calls(n.id, coalesce(n.attempt, 1)) FROM named AS n WHERE n.name = $1), 'PT409 attempt_lost', 'calls of one that is ' || state)
  UNION ALL SELECT is((SELECT pg_temp.calls(n.id, 0) FROM named AS n WHERE n.name = $1), 'PT409 attempt_lost', 'calls of attempt 0 of one that is ' || state)
$$;
SELECT pg_temp.submit(v.name, v.service, v.handler, v.key, NULL, CASE WHEN v.name = 'scheduled' THEN now() + interval '1 h' END)
FROM (VALUES ('ready', 'Order', 'run', NULL), ('suspended', 'Order', 'run', NULL), ('backing-off', 'Order', 'run', NULL), ('paused', 'Order', 'run', NULL),
  ('killed', 'Order', 'run', NULL), ('scheduled', 'Order', 'run', NULL), ('held', 'Counter', 'add', 'a'), ('pending', 'Counter', 'add', 'a')) AS v (name, service, handler, key) \g /dev/null
SELECT is(pg_temp.append('ready', 1, 'run 1', 'ran 1 1'), '1; 2', 'a run with its result');
SELECT is(pg_temp.suspend('ready', '{1}'), 'ready', 'to suspend on what has come is to be ready');
SELECT is(pg_temp.append('suspended', 1, 'sleep 1 1h'), '1', 'a sleep');
SELECT is(pg_temp.suspend('suspended', '{1}', '{1}'), 'suspended', 'to suspend on what has not');
SELECT is(pg_temp.fail('backing-off'), 'backing-off', 'to fail');
SELECT is(restate_pause(pg_temp.id('paused')), 'pausing', 'a pause is asked for');
SELECT is(pg_temp.fail('paused'), 'paused', 'and is there when the attempt ends');
SELECT is(restate_kill(pg_temp.id('killed')), 'killed', 'to kill');
SELECT pg_temp.lost(v.name, v.state) FROM (VALUES ('ready', 'ready'), ('suspended', 'suspended'), ('backing-off', 'backing-off'), ('paused', 'paused'), ('killed', 'completed'),
  ('scheduled', 'scheduled'), ('pending', 'pending')) AS v (name, state);
SELECT pg_temp.well('calls in each state');

-- what is asked of those in other states goes through to the next call
SELECT is(pg_temp.claim('Order', 10), 'ready', 'of those the ready one is claimed');
SELECT is(restate_cancel(pg_temp.id('ready')), 'signalled', 'cancelled while it runs');
SELECT is(pg_temp.append('ready', 2, 'run 2', 'ran 2 2'), '4; 5', 'its next call finds the signal in the journal before it');
SELECT is(pg_temp.suspend('ready', '{9}', '{1}', 3), 'ready', 'a signal that the attempt did not know counts');
SELECT is(pg_temp.claim('Order', 10), 'ready', 'it is claimed again');
SELECT is(pg_temp.suspend('ready', NULL, '{1}', 6), 'suspended', 'a signal that it knew does not');
SELECT is(restate_cancel(pg_temp.id('ready')), 'signalled', 'the next one');
SELECT is(pg_temp.status('ready'), 'ready', 'wakes it');
SELECT is(restate_pause(pg_temp.id('ready')), 'paused', 'what is ready is paused at once');
SELECT is(pg_temp.claim('Order', 10), '', 'and not claimed');
SELECT is(restate_resume(pg_temp.id('ready')), 'resumed', 'resumed');
SELECT is(pg_temp.claim('Order', 10), 'ready', 'it is claimed');
SELECT is(restate_pause(pg_temp.id('ready')), 'pausing', 'a pause in the attempt');
SELECT is(pg_temp.append('ready', 3, 'run 3'), '7', 'does not end it');
SELECT is(pg_temp.suspend('ready', '{3}'), 'paused', 'but comes with its end, by suspension');
SELECT is(restate_resume(pg_temp.id('ready')) || ' ' || pg_temp.claim('Order', 10), 'resumed ready', 'and again');
SELECT is(restate_pause(pg_temp.id('ready')) || ' ' || restate_resume(pg_temp.id('ready')), 'pausing resumed', 'a pause is taken back');
SELECT is(pg_temp.suspend('ready', '{3}'), 'suspended', 'then it is suspended');
SELECT is(restate_resume(pg_temp.id('ready')) || ' ' || pg_temp.claim('Order', 10), 'resumed ready', 'a suspended one is resumed');
SELECT is(restate_pause(pg_temp.id('ready')) || ' ' || pg_temp.complete('ready', 4, 'output 1'), 'pausing completed', 'what completes is not paused');
SELECT is(pg_temp.output('ready'), 'completed 01', 'it has its result');
SELECT is(pg_temp.told(format('SELECT restate_suspend(%L, %s, NULL, NULL, NULL, 1)', n.id, n.attempt)), 'PT422 command_not_allowed', 'to wait for nothing')
FROM named AS n WHERE n.name = 'other';
SELECT is(pg_temp.told(format('SELECT restate_suspend(%L, %s, %s)', n.id, n.attempt, v.rest)), 'PT400 invalid_query_parameter', 'suspend ' || v.rest)
FROM named AS n, (VALUES ($$'{-1}', NULL, NULL, 1$$), ($$'{NULL}', NULL, NULL, 1$$), ($$'{1}', NULL, NULL, NULL$$), ($$'{1}', NULL, NULL, -1$$), ($$NULL, '{4294967296}', NULL, 1$$),
  ($$NULL, NULL, '{NULL}', 1$$)) AS v (rest) WHERE n.name = 'other';
SELECT is(pg_temp.complete('other'), 'PT422 command_not_allowed', 'to complete without an output');
SELECT is(pg_temp.told(format('SELECT restate_complete(%L, %s, NULL, pg_temp.entries(''output 1''))', n.id, n.attempt)), 'PT400 invalid_query_parameter', 'entries without a number')
FROM named AS n WHERE n.name = 'other';
SELECT is(pg_temp.append('other', 1, 'output 1'), '1', 'an output');
SELECT is(pg_temp.complete('other'), 'completed', 'by itself, then the end');
SELECT pg_temp.well('asking');

-- repetitions
SELECT pg_temp.submit('replay', 'Order', 'run') \g /dev/null
SELECT is(pg_temp.append('replay', 1, 'run 1 a', 'ran 1 7', 'sleep 2 -1s', 'call Order/run 3 4', 'eager k 1'), 'PT422 command_not_allowed', 'one that is refused');
SELECT is(pg_temp.journal('replay'), 'Input', 'refuses all');
SELECT is((SELECT count(*) FROM restate.invocation WHERE invoked_by_id = pg_temp.id('replay')), 0::bigint, 'and submits nothing');
SELECT is(pg_temp.append('replay', 1, 'run 1 a', 'ran 1 7', 'sleep 2 -1s'), '1; 2; 3 -> 4 slept', 'steps');
SELECT is(pg_temp.append('replay', 1, 'run 1 a', 'ran 1 7', 'sleep 2 -1s'), '1 again; 2 again; 3 again -> 4 slept', 'the same again');
SELECT is(pg_temp.append('replay', 2, 'sleep 2 5h', 'run 5 b'), '3 again -> 4 slept; 5', 'the second again, of another time, and one that is new');
SELECT is(pg_temp.append('replay', 4, 'ran 5 1'), '6', 'a result by itself');
SELECT is(pg_temp.append('replay', 4, 'ran 5 1'), '6 again', 'again');
SELECT is(pg_temp.append('replay', v.first, VARIADIC v.said), 'PT409 journal_mismatch', v.what)
FROM (VALUES (1, ARRAY['run 1 b'], 'another name'), (1, '{run 2 a}', 'another completion'), (1, '{sleep 1 1h}', 'another command'), (5, '{run 6}', 'a gap'),
  (-1, '{run 1 a}', 'a number below 0'), (0, '{run 1 a}', 'the input as a run'), (1, '{run 1 a,ran 1 8}', 'another result'), (4, '{ran 5 2}', 'another result by itself'),
  (4, '{ran 9 1}', 'a result that nothing asked for'), (4, '{run 9,ran 9 1,ran 9 2}', 'two results in one call'),
  (4, '{sleep 9 1h,ran 9 1}', 'the result of a sleep')) AS v (first, said, what);
SELECT is(pg_temp.append('replay', 4, 'input'), 'PT422 command_not_allowed', 'an input');
SELECT is(pg_temp.journal('replay'), 'Input, 1 Run, <Run 1, 2 Sleep, <Sleep 2, 5 Run, <Run 5', 'nothing has come of that');
SELECT is(pg_temp.complete('replay', 3, 'run 5 b', 'output 1'), 'completed', 'completed with a repetition before');
SELECT pg_temp.well('repetitions');

-- exclusive handlers: first in, first out
SELECT is(pg_temp.submit('third', 'Counter', 'add', 'a'), 'accepted', 'one waits');
SELECT is(pg_temp.submit('shared', 'Counter', 'see', 'a'), 'accepted and runs', 'a shared one does not');
SELECT is(pg_temp.submit('elsewhere', 'Counter', 'add', 'b'), 'accepted and runs', 'nor one of another key');
SELECT is(pg_temp.claim('Counter', 10), '', 'nothing is there to be claimed');
SELECT is(pg_temp.complete('held', 1, 'output 1'), 'completed', 'the holder completes');
SELECT is(pg_temp.status('pending') || ' ' || pg_temp.status('third'), 'ready pending', 'the next is ready, the last still waits');
SELECT is(restate_kill(pg_temp.id('pending')) || pg_temp.claim('Counter', 10), 'killedthird', 'to kill the holder hands on the key');
SELECT is(pg_temp.submit('fourth', 'Counter', 'add', 'a') || restate_cancel(pg_temp.id('fourth')), 'acceptedremoved', 'one leaves the inbox');
SELECT pg_temp.well('handing on');

-- state
SELECT is(pg_temp.append('third', 1, 'get n 1', 'keys 2', 'set n 5', 'set m 6', 'get n 3', 'keys 4', 'clear n', 'get n 5', 'clear-all', 'keys 6', 'set z 1', 'set a 2', 'keys 7'),
  '1 -> 2 void; 3 -> 4 []; 5; 6; 7 -> 8 [5]; 9 -> 10 ["m", "n"]; 11; 12 -> 13 void; 14; 15 -> 16 []; 17; 18; 19 -> 20 ["a", "z"]', 'state is read as it was written');
SELECT is((SELECT string_agg(s.key || '=' || s.value::text, ' ' ORDER BY s.key) FROM restate.object_state AS s), 'a=\x02 z=\x01', 'and is there at once');
SELECT is(pg_temp.append('third', 11, 'set z 1', 'set a 2', 'keys 7', 'clear z'), '17 again; 18 again; 19 again -> 20 ["a", "z"]; 21', 'what is repeated is not written again');
SELECT is((SELECT string_agg(s.key, ' ') FROM restate.object_state AS s), 'a', 'what is new is');
SELECT is(pg_temp.append('shared', 1, 'get a 1', 'keys 2'), '1 -> 2 [2]; 3 -> 4 ["a"]', 'a shared handler reads');
SELECT is(pg_temp.append('shared', 3, w), 'PT422 command_not_allowed', 'a shared handler and ' || w) FROM unnest('{set a 1,clear a,clear-all}'::text[]) AS w;
SELECT is(pg_temp.append('plain', 1, w), 'PT422 command_not_allowed', 'a service and ' || w) FROM unnest('{set a 1,get a 1,keys 1,clear a,clear-all,eager a 1}'::text[]) AS w;
SELECT is(pg_temp.complete('third', 15, 'clear-all', 'output 1') || pg_temp.told('SELECT count(*) FROM restate.object_state'), 'completed0', 'a completion that clears');
SELECT is(pg_temp.complete('shared', 3, 'output 1') || pg_temp.complete('elsewhere', 1, 'output 1'), 'completedcompleted', 'the others end');
SELECT pg_temp.well('state');

-- idempotency keys, workflows
SELECT is(pg_temp.submit('once', 'Order', 'run', NULL, 'i'), 'accepted and runs', 'of an idempotency key');
SELECT is(pg_temp.submit('twice', 'Order', 'run', NULL, 'i'), 'previously_accepted', 'the second');
SELECT ok(pg_temp.id('once') = pg_temp.id('twice'), 'is the first');
SELECT is(pg_temp.complete('once', 1, 'output 3') || ' ' || pg_temp.submit('twice', 'Order', 'run', NULL, 'i') || ' ' || pg_temp.output('twice'),
  'completed previously_accepted completed 03', 'and has its result');
DELETE FROM named WHERE name = 'twice';
SELECT is(pg_temp.submit('keyed', 'Counter', 'add', 'c', 'i') || '/' || pg_temp.submit('keyed', 'Counter', 'add', 'c', 'i') || '/' || pg_temp.submit('keyed2', 'Counter', 'add', 'd', 'i'),
  'accepted and runs/previously_accepted/accepted and runs', 'of an object key it is another');
SELECT is(pg_temp.submit('flow', 'Flow', 'run', 'f') || '/' || pg_temp.submit('flow', 'Flow', 'run', 'f') || '/' || pg_temp.submit('see', 'Flow', 'see', 'f'),
  'accepted and runs/previously_accepted/accepted and runs', 'a workflow runs once');
SELECT is(pg_temp.complete('flow', 1, 'set s 1', 'output 4') || '/' || pg_temp.submit('flow', 'Flow', 'run', 'f'), 'completed/previously_accepted', 'also when it has completed');
SELECT pg_temp.well('keys');

-- calls
SELECT pg_temp.submit('caller', 'Order', 'run', claim_for => 'w') \g /dev/null
SELECT is(pg_temp.append('caller', 1, 'call Counter/e/add 1 2') ~ '^1 -> 2 inv_1\w+$', true, 'a call is answered with the id of the callee');
SELECT is(pg_temp.suspend('caller', '{2}') || pg_temp.claim('Counter'), 'suspendedCounter/e/add', 'the caller waits, the callee runs');
SELECT is((SELECT concat_ws(' ', invoked_by, invoked_by_service_name, invoked_by_target, pg_temp.labelled(invoked_by_id::text)) FROM restate.invocation WHERE id = pg_temp.id('Counter/e/add')), 'service Order Order/run caller', 'who has called');
SELECT is(pg_temp.complete('Counter/e/add', 1, 'output fails') || pg_temp.status('caller'), 'completedready', 'its end wakes the caller');
SELECT is(pg_temp.brought_at('caller', 3), '409 no way', 'with its result');
SELECT is((SELECT entry_json::jsonb #> '{Notification,Completion,Call,result,Failure,metadata}' FROM restate.sys_journal WHERE id = pg_temp.id('caller') AND index = 3),
  '[{"key": "a", "value": "b"}]', 'and its metadata');
SELECT is(pg_temp.claim('Order'), 'caller', 'the caller goes on');
SELECT is(pg_temp.append('caller', 2, 'call Order/run 3 4 idem=i'), '4 -> 5 once, 6 [3]', 'a call that joins what has completed is answered at once');
SELECT is(pg_temp.append('caller', 3, 'call Counter/c/add 5 6 idem=i', 'call Counter/c/add 7 8 idem=i'), '7 -> 8 keyed; 9 -> 10 keyed', 'one that joins what runs waits');
SELECT is(pg_temp.append('caller', 5, 'call Flow/f/run 9 10'), '11 -> 12 flow, 13 409 the workflow has been run before', 'a workflow that has run');
SELECT is(pg_temp.append('caller', 6, 'send Flow/f/run 11'), '14 -> 15 flow', 'is accepted without an answer');
SELECT is(pg_temp.append('caller', 7, w), 'PT404 handler_not_found', w) FROM unnest('{call None/run 12 13,call Order/none 12 13,call Order/k/run 12 13,send None/run 12}'::text[]) AS w;
SELECT is(pg_temp.append('caller', 7, 'call Order/run 12 13 idem='), 'PT422 command_not_allowed', 'an empty idempotency key');
SELECT is(pg_temp.complete('keyed', 1, 'output 5'), 'completed', 'the joined one ends');
SELECT is((SELECT string_agg(j.completion_id || pg_temp.brought(s.entry_json::jsonb), ' ' ORDER BY j.index) FROM restate.journal AS j JOIN restate.sys_journal AS s USING (id, index)
  WHERE j.id = pg_temp.id('caller') AND j.index > 15), '6[5] 8[5]', 'both calls have its result, once');
SELECT is(pg_temp.append('caller', 7, 'send Order/run 12 1h', 'send Counter/d/add 13', 'send Counter/d/add 14 1h') ~ '^18 -> 19 inv_1\w+; 20 -> 21 inv_1\w+; 22 -> 23 inv_1\w+$', true, 'sends');
SELECT is((SELECT string_agg(i.status, ' ' ORDER BY i.status, i.target_service_name) FROM restate.invocation AS i WHERE i.invoked_by_id = pg_temp.id('caller') AND i.completed_at IS NULL),
  'pending scheduled scheduled', 'one waits for its key, two for their time');
INSERT INTO named VALUES ('unknown', restate_new_invocation_id());
SELECT is(pg_temp.append('caller', 10, 'attach flow 20', 'result-of flow 21', 'attach keyed2 22', 'result-of keyed2 23', 'attach unknown 24', 'result-of unknown 25'),
  '24 -> 25 [4]; 26 -> 27 [4]; 28; 29 -> 30 void; 31 -> 32 404 not found; 33 -> 34 404 not found', 'attached to what has completed, what has not, and what is not there');
SELECT is(pg_temp.complete('keyed2', 1, 'output 6') || pg_temp.brought_at('caller'),
  'completed[6]', 'which answers when it does');
SELECT is(pg_temp.append('caller', 16, 'attach caller 30'), '36', 'attached to itself');
SELECT is(pg_temp.suspend('caller', '{30}') || restate_kill(pg_temp.id('caller')), 'suspendedkilled', 'which would wait for ever, but for a kill');
SELECT is((SELECT count(*) FROM restate.waiter), 0::bigint, 'nobody waits any more');
SELECT pg_temp.well('calls');

-- a callee that is killed, cancelled in the inbox, removed at its end
SELECT pg_temp.submit('holder', 'Counter', 'add', 'g'), pg_temp.submit('caller', 'Order', 'run') \g /dev/null
SELECT is(pg_temp.append('caller', 1, 'call Counter/g/add 1 2', 'call Gone/run 3 4', 'call Order/run 5 6') IS NOT NULL, true, 'three calls');
INSERT INTO named SELECT i.target_service_name || '-callee', i.id FROM restate.invocation AS i WHERE i.invoked_by_id = pg_temp.id('caller');
SELECT is(pg_temp.append('caller', 4, 'cancel Counter-callee'), '7', 'a callee in the inbox is cancelled by its caller');
SELECT is(pg_temp.journal('caller'), 'Input, 1 Call, <CallInvocationId 1, 3 Call, <CallInvocationId 3, 5 Call, <CallInvocationId 5, SendSignal, <Call 2', 'and has answered');
SELECT is(pg_temp.status('Counter-callee'), 'gone', 'it is gone');
SELECT is(pg_temp.suspend('caller', '{4,6}'), 'suspended', 'the caller waits for the others');
SELECT is(pg_temp.claim('Gone Order', 2), 'Gone-callee Order-callee', 'which run');
SELECT is(pg_temp.complete('Gone-callee', 1, 'output 1') || pg_temp.status('Gone-callee') || pg_temp.status('caller'), 'completedgoneready', 'one is not kept, its caller is answered');
SELECT is(pg_temp.claim('Order') || pg_temp.suspend('caller', '{6}') || restate_kill(pg_temp.id('Order-callee')) || pg_temp.status('caller'), 'callersuspendedkilledready', 'a kill answers too');
SELECT is(pg_temp.brought_at('caller'), '409 killed', 'by what it says');
SELECT is(pg_temp.claim('Order') || pg_temp.complete('caller', 5, 'output 1') || pg_temp.complete('holder', 1, 'output 1'), 'callercompletedcompleted', 'all end');
SELECT pg_temp.well('callees that end otherwise');

-- time
SELECT is(pg_temp.tick(v.rest), 'PT400 invalid_query_parameter', 'tick ' || v.rest) FROM (VALUES ('NULL'), ('0'), ('10001'), ('silence => NULL')) AS v (rest);
DELETE FROM restate.timer;
-- what waited for these is run elsewhere
UPDATE restate.invocation SET is_foreign = true WHERE status IN ('suspended', 'backing-off');
DELETE FROM restate.invocation WHERE status = 'scheduled';
SELECT is((SELECT concat_ws(' ', done, next_due) FROM restate_tick()), '0', 'nothing is due');
SELECT is(pg_temp.submit('later', 'Counter', 'add', 'h', run_at => now() + interval '1 h'), 'accepted', 'for later');
SELECT is(pg_temp.status('later') || ' ' || pg_temp.timers('later'), 'scheduled schedule 01:00:00', 'is scheduled');
SELECT is(pg_temp.submit('past', 'Counter', 'add', 'h', run_at => now() - interval '1 h'), 'accepted and runs', 'for before runs at once');
SELECT is((SELECT concat_ws(' ', done, next_due = now() + interval '1 h') FROM restate_tick()), '0 t', 'it is known when the next is due');
SELECT is(pg_temp.pass('1 h') || pg_temp.tick() || pg_temp.status('later'), '1pending', 'its time comes: it waits for the key');
SELECT is(pg_temp.complete('past', 1, 'output 1') || pg_temp.claim('Counter'), 'completedlater', 'and gets it');
SELECT pg_temp.submit('sleeper', 'Order', 'run') \g /dev/null
SELECT is(pg_temp.append('sleeper', 1, 'sleep 1 1h', 'sleep 2 2h', 'sleep 3 0s'), '1; 2; 3 -> 4 slept', 'sleeps');
SELECT is(pg_temp.timers('sleeper') IS NOT NULL AND pg_temp.suspend('sleeper', '{1,2}') = 'suspended', true, 'are waited for');
SELECT is(pg_temp.pass('1 h') || pg_temp.tick() || pg_temp.status('sleeper'), '1ready', 'one ends');
SELECT is(pg_temp.pass('1 h') || pg_temp.tick() || pg_temp.journal('sleeper'), '1Input, 1 Sleep, 2 Sleep, 3 Sleep, <Sleep 3, <Sleep 1, <Sleep 2', 'the other, while it is ready');
SELECT is(pg_temp.claim('Order') || pg_temp.append('sleeper', 4, 'sleep 4 1h') || pg_temp.complete('sleeper', 5, 'output 1'), 'sleeper7completed', 'it ends while it sleeps');
SELECT is(pg_temp.pass('1 h') || pg_temp.tick(), '0', 'of which nothing comes');
SELECT is((SELECT count(*) FROM restate.timer WHERE id = pg_temp.id('sleeper') AND kind = 'sleep'), 0::bigint, 'and no timer is left');
SELECT pg_temp.well('sleeps');

-- failures
SELECT pg_temp.submit('failing', 'Pausing', 'run') \g /dev/null
SELECT is(pg_temp.fail('failing', 'first', $$, 503, 'RT0007', command_index => 0, command_name => 'n', command_type => 'Input'$$), 'backing-off', 'the first attempt fails');
SELECT is((SELECT concat_ws(' | ', status, retry_count, last_failure, last_failure_error_code, last_failure_related_command_index, last_failure_related_command_name, last_failure_related_command_type)
  FROM restate.sys_invocation WHERE id = pg_temp.id('failing')), 'backing-off | 1 | [503] first | RT0007 | 0 | n | Input', 'what is shown of it');
SELECT is(pg_temp.timers('failing'), 'retry 00:00:01', 'after the initial interval');
SELECT is(pg_temp.tick() || pg_temp.claim('Pausing'), '0', 'not before');
SELECT is(pg_temp.pass('1 s') || pg_temp.tick() || pg_temp.claim('Pausing'), '1failing', 'the second');
SELECT is(pg_temp.fail('failing') || pg_temp.timers('failing'), 'backing-offretry 00:00:03', 'after three times as long');
SELECT is(restate_resume(pg_temp.id('failing')) || coalesce(pg_temp.timers('failing'), '') || pg_temp.claim('Pausing'), 'resumedfailing', 'a resume is an attempt at once, the first again');
SELECT is(pg_temp.fail('failing') || pg_temp.timers('failing'), 'backing-offretry 00:00:01', 'with the initial interval');
SELECT is(pg_temp.pass('1 s') || pg_temp.tick() || pg_temp.claim('Pausing') || pg_temp.fail('failing') || pg_temp.timers('failing'), '1failingbacking-offretry 00:00:03', 'then three times that');
SELECT is(pg_temp.pass('3 s') || pg_temp.tick() || pg_temp.claim('Pausing') || pg_temp.fail('failing') || pg_temp.timers('failing'), '1failingbacking-offretry 00:00:05', 'then the most');
SELECT is(pg_temp.pass('5 s') || pg_temp.tick() || pg_temp.claim('Pausing') || pg_temp.fail('failing'), '1failingpaused', 'the fourth is the last');
SELECT is(pg_temp.timers('failing'), NULL, 'it waits for nothing');
SELECT is(restate_resume(pg_temp.id('failing')) || pg_temp.claim('Pausing') || pg_temp.fail('failing', 'm', $$, retry_after => '7 s'$$) || pg_temp.timers('failing'),
  'resumedfailingbacking-offretry 00:00:07', 'a worker says itself when to try again');
SELECT is(restate_kill(pg_temp.id('failing')) || pg_temp.timers('failing'), 'killedexpiry 1 day', 'killed while it waits for a retry');
SELECT is(pg_temp.told(format('SELECT restate_fail_attempt(%L, %s, %s)', n.id, n.attempt, v.rest)), 'PT400 invalid_query_parameter', 'fail ' || v.rest)
FROM named AS n, (VALUES ('NULL'), ($$'m', -1$$), ($$'m', 65536$$)) AS v (rest) WHERE n.name = 'plain';
SELECT pg_temp.submit('caller', 'Order', 'run') \g /dev/null
SELECT is(pg_temp.append('caller', 1, 'call Killing/run 1 2') IS NOT NULL AND pg_temp.suspend('caller', '{2}') = 'suspended', true, 'one calls who is killed by its policy');
SELECT is(pg_temp.claim('Killing') || pg_temp.fail('Killing/run') , 'Killing/runbacking-off', 'which fails');
SELECT is(pg_temp.pass('500 ms') || pg_temp.tick() || pg_temp.claim('Killing') || pg_temp.fail('Killing/run', 'boom', ', 418'), '1Killing/runcompleted', 'twice');
SELECT is(pg_temp.output('Killing/run'), 'completed [418] boom', 'its last failure is its result');
SELECT is(pg_temp.claim('Order') || pg_temp.brought_at('caller', 3), 'caller418 boom', 'and that of the call');
SELECT is(pg_temp.complete('caller', 2, 'output 1'), 'completed', 'its caller goes on');
SELECT pg_temp.well('failures');

-- events of failures
SELECT pg_temp.submit('noisy', 'Order', 'run') \g /dev/null
SELECT is(string_agg(pg_temp.fail('noisy', m) || restate_resume(pg_temp.id('noisy')) || pg_temp.claim('Order'), ' '), 'backing-offresumednoisy backing-offresumednoisy', 'two failures')
FROM unnest('{a,b}'::text[]) AS m;
SELECT is((SELECT string_agg(event_json::jsonb ->> 'error_message', ' ' ORDER BY event_index) FROM restate.journal_event WHERE id = pg_temp.id('noisy')), 'a b', 'are two events');
SELECT is(pg_temp.complete('noisy', 1, 'output 1'), 'completed', 'it ends');

-- silent workers
SELECT pg_temp.submit('orphan', 'Order', 'run', claim_for => 'never-heard-of') \g /dev/null
SELECT ok(EXISTS (SELECT FROM restate.worker WHERE name = 'never-heard-of'), 'who is handed an attempt is known');
SELECT is(pg_temp.tick(), '0', 'a worker is not silent at once');
UPDATE restate.worker SET last_seen = last_seen - interval '1 min' WHERE name = 'never-heard-of';
UPDATE restate.invocation SET last_start_at = last_start_at - interval '20 s' WHERE id = pg_temp.id('orphan');
SELECT is(pg_temp.tick($$silence => '1 h'$$) || pg_temp.status('orphan'), '0running', 'nor for less than is allowed');
SELECT is(pg_temp.tick($$silence => '178000000 years'$$) || pg_temp.status('orphan'), '0running', 'nor by who allows more than there can have been');
SELECT is(pg_temp.tick() || pg_temp.status('orphan'), '1ready', 'its attempt is taken');
SELECT is((SELECT pg_temp.calls(n.id, n.attempt) FROM named AS n WHERE n.name = 'orphan'), 'PT409 attempt_lost', 'and is lost to it');
SELECT is(pg_temp.claim('Order', worker => 'never-heard-of'), 'orphan', 'it claims again after its silence');
UPDATE restate.worker SET last_seen = last_seen - interval '1 min' WHERE name = 'never-heard-of';
SELECT is(pg_temp.tick() || pg_temp.status('orphan'), '0running', 'an attempt that has just started is not taken, though nothing else was heard');
UPDATE restate.invocation SET last_start_at = last_start_at - interval '20 s' WHERE id = pg_temp.id('orphan');
SELECT is(restate_heartbeat('never-heard-of')::text || pg_temp.tick() || pg_temp.status('orphan'), '0running', 'nor one of who lives');
UPDATE restate.worker SET last_seen = last_seen - interval '1 min' WHERE name = 'never-heard-of';
SELECT is(restate_pause(pg_temp.id('orphan')) || pg_temp.tick() || pg_temp.status('orphan'), 'pausing1paused', 'what is taken is paused where that was asked for');
SELECT is(restate_resume(pg_temp.id('orphan')) || pg_temp.claim('Order') || pg_temp.complete('orphan', 1, 'output 1'), 'resumedorphancompleted', 'and goes on');
SELECT pg_temp.well('silence');

-- a worker ends
SELECT is(pg_temp.told($$SELECT restate_leave(NULL)$$) || '/' || pg_temp.told($$SELECT restate_leave('')$$), 'PT400 invalid_query_parameter/PT400 invalid_query_parameter', 'nobody ends');
SELECT is(pg_temp.told($$SELECT restate_leave('w', 0)$$) || '/' || pg_temp.told($$SELECT restate_leave('w', NULL)$$), 'PT400 invalid_query_parameter/PT400 invalid_query_parameter', 'nothing is given back');
SELECT is(restate_leave('who is that'), 0::bigint, 'one who was never heard of has nothing');
SELECT is(pg_temp.submit('leaves ' || i, 'Order', 'run', claim_for => 'ends'), 'accepted and runs', 'one that it runs') FROM generate_series(1, 3) AS i;
SELECT is(restate_pause(pg_temp.id('leaves 3')), 'pausing', 'one is to pause');
SELECT is(restate_leave('another') || pg_temp.status('leaves 1'), '0running', 'what it runs is not another''s to give back');
SELECT is(restate_leave('ends', 2), 2::bigint, 'as many are given back as it says');
SELECT is((SELECT count(*) FROM restate.worker WHERE name = 'ends'), 1::bigint, 'it is known as long as it has some');
SELECT is(restate_leave('ends', 2), 1::bigint, 'then the rest');
-- as in transactions of their own, one after the other
UPDATE restate.runnable AS r SET ready_at = now() - (10 - right(n.name, 1)::int) * interval '1 ms' FROM named AS n WHERE n.id = r.id AND n.name LIKE 'leaves _';
UPDATE restate.invocation AS i SET modified_at = r.ready_at FROM restate.runnable AS r JOIN named AS n ON n.id = r.id WHERE i.id = r.id AND n.name LIKE 'leaves _';
SELECT is((SELECT count(*) FROM restate.worker WHERE name = 'ends'), 0::bigint, 'and it is not known any more');
SELECT is(concat_ws(' ', pg_temp.status('leaves 1'), pg_temp.status('leaves 2'), pg_temp.status('leaves 3')), 'ready ready paused', 'they are ready, or paused');
SELECT is((SELECT string_agg(DISTINCT concat_ws('/', i.retry_count, i.last_failure), ',') FROM restate.sys_invocation AS i JOIN named AS n ON n.id = i.id WHERE n.name LIKE 'leaves%'), '1', 'no attempt has failed');
SELECT is((SELECT pg_temp.calls(n.id, n.attempt) FROM named AS n WHERE n.name = 'leaves 1'), 'PT409 attempt_lost', 'what it still sends is refused');
SELECT is(pg_temp.claim('Order', worker => 'next') || pg_temp.complete('leaves 1', 1, 'output 1'), 'leaves 1completed', 'another one goes on');
SELECT is(pg_temp.claim('Order', worker => 'ends') || restate_leave('ends') || pg_temp.status('leaves 2'), 'leaves 21ready', 'it may come back, and end again');
SELECT is(restate_resume(pg_temp.id('leaves 3')) || pg_temp.claim('Order', 2) || pg_temp.complete('leaves 2', 1, 'output 1') || pg_temp.complete('leaves 3', 1, 'output 1'), 'resumedleaves 2 leaves 3completedcompleted', 'all complete');
SELECT pg_temp.well('leave');

-- hold
SELECT is(pg_temp.told($$SELECT restate_hold(NULL)$$) || '/' || pg_temp.told($$SELECT restate_hold('')$$), 'PT400 invalid_query_parameter/PT400 invalid_query_parameter', 'to hold nothing');
SELECT is(restate_hold('Order', 'why') || restate_hold('Order') || restate_release('None'), 'heldunchangedunchanged', 'a service is held, once');
SELECT is(pg_temp.submit('held-back', 'Order', 'run'), 'accepted', 'what comes meanwhile is not handed out');
SELECT is(pg_temp.status('held-back') || pg_temp.claim('Order Counter', 10), 'ready', 'nor claimed');
SELECT is(pg_temp.append('plain', 1, 'run 1', 'ran 1 1'), '1; 2', 'what runs goes on');
SELECT is(restate_release('Order') || pg_temp.claim('Order Counter', 10), 'releasedheld-back', 'released, it is claimed');
SELECT is(pg_temp.complete('held-back', 1, 'output 1'), 'completed', 'and completes');

-- fairness: each service has its share
SELECT pg_temp.submit('o' || n, 'Order', 'run', claim_for => NULL) FROM generate_series(1, 5) AS n ORDER BY n \g /dev/null
SELECT pg_temp.submit('k1', 'Kept', 'run', claim_for => NULL) \g /dev/null
UPDATE restate.invocation SET modified_at = modified_at + interval '1 s' WHERE id = pg_temp.id('k1');
UPDATE restate.runnable SET ready_at = ready_at + interval '1 s' WHERE id = pg_temp.id('k1');
SELECT ok('k1' = ANY (string_to_array(pg_temp.claim('Order Kept', 2), ' ')), 'the one of the second service is among the first two');
SELECT is(cardinality(string_to_array(pg_temp.claim('Order Kept', 10), ' ')), 4, 'then all the rest');
SELECT is(string_agg(DISTINCT pg_temp.complete(n.name, 1, 'output 1'), ' '), 'completed', 'they complete') FROM named AS n WHERE n.name ~ '^(o\d|k1)$';

-- retention
DELETE FROM restate.timer;
CREATE FUNCTION pg_temp.kept(name text, service text, key text DEFAULT NULL, idempotency_key text DEFAULT NULL) RETURNS text LANGUAGE plpgsql AS $$
BEGIN
  PERFORM pg_temp.submit(name, service, 'run', key, idempotency_key);
  RETURN (SELECT concat_ws(' ', i.completion_retention, i.journal_retention) FROM restate.invocation AS i WHERE i.id = pg_temp.id(name)) || '; '
    || pg_temp.complete(name, 1, 'output 1') || ' ' || pg_temp.status(name) || ' ' || coalesce(pg_temp.journal(name), 'no journal') || coalesce('; ' || pg_temp.timers(name), '');
END $$;
SELECT is(pg_temp.kept('r1', 'Order'), '24:00:00 24:00:00; completed completed Input, Output; expiry 1 day', 'a service keeps both as long as journals');
SELECT is(pg_temp.kept('r2', 'Gone'), '00:00:00 00:00:00; completed gone no journal', 'or nothing');
SELECT is(pg_temp.kept('r3', 'Brief', NULL, 'i'), '01:00:00 00:00:00; completed completed no journal; expiry 01:00:00', 'with an idempotency key the result is kept longer');
SELECT is(pg_temp.kept('r4', 'Brief'), '00:00:00 00:00:00; completed gone no journal', 'without one not');
SELECT is(pg_temp.kept('r5', 'Kept', NULL, 'i'), '01:00:00 01:00:00; completed completed Input, Output; expiry 01:00:00', 'the journal no longer than the result');
SELECT is(pg_temp.kept('r6', 'Kept'), '02:00:00 02:00:00; completed completed Input, Output; expiry 02:00:00', 'else both as long as the journal');
SELECT is(pg_temp.kept('r7', 'Flow', 'r'), '00:30:00 00:30:00; completed completed Input, Output; expiry 00:30:00', 'the run of a workflow as it says itself');
SELECT is(pg_temp.kept('r8', 'Gone', NULL, 'i') || pg_temp.submit('r8', 'Gone', 'run', NULL, 'i', claim_for => NULL), '00:00:00 00:00:00; completed gone no journalaccepted', 'what is not kept is not joined');
SELECT is(restate_kill(pg_temp.id('r8')) || pg_temp.status('r8'), 'killedgone', 'nor kept when it is killed');
SELECT is(pg_temp.submit('asleep', 'Order', 'run', run_at => now() + interval '1 h') || pg_temp.pass('1 h'), 'accepted', 'the time comes');
SET LOCAL restate_admin.retention = off;
SELECT is(t.done || coalesce(t.next_due::text, ' never') || pg_temp.status('r3') || pg_temp.status('asleep'), '1 nevercompletedready', 'what is kept stays where nothing expires, the rest is done')
FROM restate_tick() AS t;
RESET restate_admin.retention;
SELECT is(pg_temp.tick() || (SELECT string_agg(pg_temp.status('r' || n), ' ' ORDER BY n) FROM generate_series(1, 7) AS n),
  '3completed gone gone gone gone completed gone', 'what was kept for long enough goes');
SELECT is(pg_temp.pass('1 h') || pg_temp.tick() || (SELECT string_agg(pg_temp.status('r' || n), ' ' ORDER BY n) FROM generate_series(1, 7) AS n),
  '1completed gone gone gone gone gone gone', 'and then the next');
SELECT pg_temp.well('retention');

-- bounded: the longest due first
SELECT pg_temp.submit('s' || n, 'Order', 'run', run_at => now() + n * interval '1 min') FROM generate_series(1, 3) AS n \g /dev/null
SELECT is(pg_temp.pass('1 h') || pg_temp.tick('2') || (SELECT string_agg(pg_temp.status('s' || n), ' ' ORDER BY n) FROM generate_series(1, 3) AS n), '2ready ready scheduled', 'two of three');
SELECT is(pg_temp.tick('2') || pg_temp.status('s3'), '1ready', 'and the third');
SELECT pg_temp.well('all of it');

-- a completion is asked for once: who waits with one that was asked for before is refused
SELECT pg_temp.submit('asks', 'Order', 'run') \g /dev/null
SELECT is(pg_temp.append('asks', 1, 'attach plain 1', 'run 5') ~ '^1', true, 'two ask');
SELECT is(pg_temp.told(format('SELECT count(*) FROM restate_append(%L, %s, 3, pg_temp.entries(%L))', n.id, n.attempt, e)), 'PT409 journal_mismatch', e || ' is refused')
FROM named AS n, unnest(ARRAY['attach plain 1', 'attach plain 5', 'call Order/run 5 6', 'call Order/run 6 5', 'call Order/run 7 7', 'send Order/run 4', 'result-of plain 3', 'run 5', 'run 4', 'sleep 1 1h']) AS e WHERE n.name = 'asks';
SELECT is(pg_temp.append('asks', 3, 'attach plain 6') ~ '^3', true, 'the next is not');
SELECT is((SELECT i.asked_completion_id FROM restate.invocation AS i WHERE i.id = pg_temp.id('asks')), 6::bigint, 'the row tells the last');
UPDATE restate.invocation AS i SET asked_completion_id = NULL WHERE i.id = pg_temp.id('asks');
SELECT is(pg_temp.told(format('SELECT count(*) FROM restate_append(%L, %s, 4, pg_temp.entries(%L))', n.id, n.attempt, 'run 6')), 'PT409 journal_mismatch', 'else the journal does') FROM named AS n WHERE n.name = 'asks';
SELECT is(pg_temp.append('asks', 4, 'run 8'), '4', 'the next of these is not');
SELECT is((SELECT i.asked_completion_id FROM restate.invocation AS i WHERE i.id = pg_temp.id('asks')), 8::bigint, 'and the row tells again');

-- what a session keeps of a handler holds only as long as the same is registered
CREATE FUNCTION pg_temp.kept_for(name text, retention interval) RETURNS interval LANGUAGE plpgsql AS $$
BEGIN
  UPDATE restate.service_revision AS r SET journal_retention = retention WHERE r.service_name = 'Order';
  PERFORM pg_temp.submit(name, 'Order', 'run');
  RETURN (SELECT i.journal_retention FROM restate.invocation AS i WHERE i.id = pg_temp.id(name));
END $$;
SELECT is(pg_temp.kept_for('kept ' || n, r), coalesce(r, '1 day'), 'kept for ' || coalesce(r::text, 'the default'))
FROM unnest('{NULL, NULL, 2 days, 2 days, 0, NULL, 2 days}'::interval[]) WITH ORDINALITY AS u (r, n);
SELECT is(pg_temp.kept_for('kept at last', NULL), interval '1 day', 'kept for the default at last');

-- the id of an awakeable is that which the functions read
SELECT is(restate_awakeable_id(NULL, 17) IS NULL AND restate_awakeable_id(pg_temp.id('plain'), NULL) IS NULL, true, 'none of null');
SELECT is(restate_awakeable_id(pg_temp.id('plain'), n), 'sign_1' || rtrim(translate(replace(encode(restate_invocation_id_send(pg_temp.id('plain')) || int4send((n - CASE WHEN n > 2147483647 THEN 4294967296 ELSE 0 END)::int), 'base64'), E'\n', ''), '+/', '-_'), '='), 'the id of signal ' || n)
FROM unnest('{17, 18, 65536, 4294967295}'::bigint[]) AS n;
SELECT is(pg_temp.told(format('SELECT restate_awakeable_id(%L, %s)', pg_temp.id('plain'), n)), 'PT400 invalid_query_parameter', 'none of signal ' || n)
FROM unnest('{-1, 16, 4294967296}'::bigint[]) AS n;
SELECT is(pg_temp.told(format('SELECT restate_resolve_awakeable(%L)', restate_awakeable_id(pg_temp.id('plain'), 17))), 'signalled', 'it is resolved by it');

-- what has come under an id that another had does not get what that waited for
SELECT pg_temp.submit('target', 'Order', 'run') \g /dev/null
SELECT pg_temp.submit('again', 'Order', 'run', NULL, 'again'), pg_temp.submit('promised', 'Flow', 'see', 'again', 'again') \g /dev/null
SELECT is(pg_temp.append('again', 1, 'attach target 1', 'sleep 2 1h', 'call Order/run 3 4 idem=called'), '1; 2; 3 -> 4 Order/run', 'one that waits')
FROM (SELECT pg_temp.submit('Order/run', 'Order', 'run', NULL, 'called')) AS s;
SELECT is(pg_temp.told(format($q$SELECT count(*) FROM restate_append(%L, %s, 1, ARRAY['{"Command": {"GetPromise": {"key": "p", "completion_id": 1, "name": ""}}}'::jsonb])$q$, n.id, n.attempt)),
  '1', 'and one that waits for a promise') FROM named AS n WHERE n.name = 'promised';
SELECT is((SELECT string_agg(k.outcome || ' ' || p.outcome, ', ') FROM unnest(ARRAY['again', 'promised']) AS name, LATERAL (SELECT restate_kill(pg_temp.id(name)) AS outcome) AS k,
  LATERAL (SELECT restate_purge(pg_temp.id(name)) AS outcome WHERE k.outcome <> '') AS p), 'killed purged, killed purged', 'have gone');
SELECT is(pg_temp.submit('again', 'Order', 'run', NULL, 'again') || ', ' || pg_temp.submit('promised', 'Flow', 'see', 'again', 'again'), 'accepted and runs, accepted and runs', 'and come again');
SELECT pg_temp.pass('1 h') \g /dev/null
SELECT pg_temp.tick() \g /dev/null
SELECT is(pg_temp.journal('again'), 'Input', 'the sleep of the former one ends unseen');
SELECT is(pg_temp.append('again', 1, 'attach target 1'), '1', 'it attaches as that did');
SELECT is(pg_temp.complete('target', 1, 'output 1'), 'completed', 'what both were attached to ends');
SELECT is(pg_temp.journal('again'), 'Input, 1 AttachInvocation, <AttachInvocation 1', 'it is answered once');
SELECT is(restate_resolve_promise('Flow', 'again', 'p', 'x') || ' ' || pg_temp.journal('promised'), 'completed Input', 'a promise answers none that has not asked');
SELECT pg_temp.submit('target', 'Order', 'run') \g /dev/null
SELECT is(pg_temp.append('again', 2, 'attach target 5'), '3', 'of another it waits for the result');
SELECT is(restate_kill(pg_temp.id('again')) || ' ' || restate_purge(pg_temp.id('again')) || ' ' || pg_temp.submit('again', 'Order', 'run', NULL, 'again'), 'killed purged accepted and runs', 'it goes, and comes again');
SELECT is(pg_temp.complete('target', 1, 'output 1') || ' ' || pg_temp.journal('again'), 'completed Input', 'that does not come to its successor');
SELECT pg_temp.well('coming again');

-- what the functions say of a result
SELECT is(pg_temp.told(format('SELECT status FROM restate_wait(%L, %L)', pg_temp.id('killed'), v.timeout)), 'completed', 'it is there, whoever would wait for ' || v.timeout)
FROM (VALUES ('178000000 years'), ('-178000000 years')) AS v (timeout);
SELECT is(pg_temp.told('SELECT restate_output(NULL)') || '/' || pg_temp.told('SELECT restate_output(restate_new_invocation_id())'), 'PT404 invocation_not_found/PT404 invocation_not_found', 'the result of what is not there');
SELECT is(pg_temp.output('plain'), 'running', 'of what runs');
SELECT is(pg_temp.output('killed'), 'completed [409] killed', 'of what was killed');

-- what is awaited, repeated or brought is looked up, however long the journal is
CREATE FUNCTION pg_temp.fetched() RETURNS bigint LANGUAGE sql VOLATILE AS $$
  SELECT idx_tup_fetch FROM pg_stat_xact_all_tables WHERE relid = 'restate.journal'::regclass
$$;
CREATE FUNCTION pg_temp.sleeps(label text, from_number integer, how_many integer) RETURNS text LANGUAGE sql VOLATILE AS $$
  SELECT pg_temp.append(label, from_number, VARIADIC array_agg(format('sleep %s 1h', n) ORDER BY n)) FROM generate_series(from_number, from_number + how_many - 1) AS n
$$;
SELECT pg_temp.submit('long', 'Order', 'run') \g /dev/null
SELECT pg_temp.sleeps('long', 1, 300), pg_temp.append('long', 301, 'run 301') \g /dev/null
SELECT pg_temp.fetched() AS before \gset
SELECT pg_temp.sleeps('long', 1, 300) \g /dev/null
SELECT cmp_ok(pg_temp.fetched() - :before, '<', 3000::bigint, 'a repetition reads each command a few times');
SELECT pg_temp.fetched() AS before \gset
SELECT pg_temp.append('long', 302, 'ran 301 1') \g /dev/null
SELECT cmp_ok(pg_temp.fetched() - :before, '<', 30::bigint, 'the result of a run only what is near the end');
SELECT pg_temp.fetched() AS before \gset
SELECT is(pg_temp.suspend('long', (SELECT array_agg(n) FROM generate_series(1, 300) AS n)::text), 'suspended', 'it waits for all of them');
SELECT cmp_ok(pg_temp.fetched() - :before, '<', 3000::bigint, 'and none of them has the whole journal read');

SELECT * FROM finish();
ROLLBACK;
