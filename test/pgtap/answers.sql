-- What operators are told is what then happens: an explanation, a preview of a restart
-- and a restart point against the operations, over states of all kinds and random sets.
-- Then the trees of restarts and of calls.
BEGIN;
\ir ../conformance/world.sql
\ir ../conformance/sets.sql

-- What an operation returned, or what a query on that ($2) then finds, all of which is
-- taken back.
CREATE FUNCTION done(statement text, id restate_invocation_id, then_found text DEFAULT NULL) RETURNS jsonb LANGUAGE plpgsql AS $$
DECLARE
  result jsonb;
BEGIN
  EXECUTE format('SELECT to_jsonb(s) FROM (%s) AS s', statement) INTO result USING ARRAY[id];
  IF then_found IS NOT NULL THEN
    EXECUTE format('SELECT to_jsonb(s) FROM (%s) AS s', then_found) INTO result USING ARRAY[id], result;
  END IF;
  RAISE EXCEPTION USING ERRCODE = 'UNDO0';
EXCEPTION WHEN SQLSTATE 'UNDO0' THEN
  RETURN result;
END $$;

CREATE TABLE compared (name text, what text, told jsonb, done jsonb);

-- What is told of each operation on an invocation, and what it does.
CREATE FUNCTION compare_operations(name text, id restate_invocation_id) RETURNS void LANGUAGE sql AS $$
  INSERT INTO compared
  SELECT $1, concat_ws(' ', o ->> 'operation', o ->> 'mode'), o - '{operation,mode}'::text[],
    done(format('SELECT ok, category, message, outcome FROM restate_%s_batch($1%s)', o ->> 'operation', ', ' || quote_literal(o ->> 'mode')), $2)
  FROM jsonb_array_elements(restate_explain_json($2) -> 'operations') AS o
$$;

-- What is told of restarts from each index, and what comes of them.
CREATE FUNCTION compare_restarts(name text, id restate_invocation_id) RETURNS void LANGUAGE sql AS $$
  INSERT INTO compared
  SELECT $1, format('restart from %s on %s', f, d), to_jsonb(p) - '{from_index,hint,lacking_index,lacking_type,lacking_name,nearest}'::text[],
    done(format('SELECT * FROM restate_restart_as_new_batch($1, %s, %L)', f, d), $2, format($q$
      SELECT b.ok, b.category, b.message, CASE WHEN b.ok THEN %1$s + 1 END AS copied,
        CASE WHEN b.ok THEN (
          SELECT coalesce(array_agg(o.index ORDER BY o.index), '{}') FROM restate.journal AS o JOIN restate.journal AS n USING (completion_id)
          WHERE o.id = $1[1] AND n.id = b.new_id AND n.index > %1$s
            AND o.entry_type >= 'Notification: Run' AND n.entry_type >= 'Notification: Run') END AS completions,
        CASE WHEN b.ok THEN i.journal_commands_size - n.journal_commands_size END AS runs_again,
        c.index AS first_index, c.entry_type AS first_type, nullif(c.name, '') AS first_name, n.status, p.deployment_id,
        (SELECT max(r.revision) FROM restate.service_revision AS r
          WHERE r.service_name = i.target_service_name AND r.deployment_id = p.deployment_id) AS revision
      FROM jsonb_to_record($2) AS b (ok boolean, category text, message text, new_id restate_invocation_id)
      JOIN restate.invocation AS i ON i.id = $1[1]
      LEFT JOIN restate.invocation AS n ON n.id = b.new_id
      LEFT JOIN LATERAL (SELECT coalesce(n.pinned_deployment_id,
        (SELECT l.deployment_id FROM restate.sys_service AS l WHERE b.ok AND l.name = i.target_service_name)) AS deployment_id) AS p ON true
      LEFT JOIN LATERAL (SELECT j.index, j.entry_type, j.name FROM restate.journal AS j
        WHERE b.ok AND j.id = $1[1] AND j.index > %1$s AND restate.is_command(j.entry_type) ORDER BY j.index LIMIT 1) AS c ON true$q$, f))
  FROM unnest(ARRAY[NULL, 'keep', dp('dpOld')::text]) AS d,
    generate_series(0, (SELECT i.journal_size + 1 FROM restate.invocation AS i WHERE i.id = $2)) AS f,
    restate_preview_restart($2, f, d) AS p
$$;

-- that the nearest index works, and is the nearest
CREATE FUNCTION compare_nearest(name text, id restate_invocation_id) RETURNS void LANGUAGE sql AS $$
  INSERT INTO compared
  SELECT $1, format('nearest to %s', f), to_jsonb(p.nearest), (
    SELECT to_jsonb(max(g)) FROM generate_series(0, f - 1) AS g
    WHERE done(format('SELECT ok FROM restate_restart_as_new_batch($1, %s)', g), $2) -> 'ok' = 'true')
  FROM generate_series(0, (SELECT i.journal_size + 1 FROM restate.invocation AS i WHERE i.id = $2)) AS f,
    restate_preview_restart($2, f) AS p
  WHERE NOT p.ok
  UNION ALL
  -- none above works
  SELECT $1, format('above %s', f), 'null', (
    SELECT coalesce(to_jsonb(min(g)), 'null') FROM generate_series(f + 1, i.journal_size + 1) AS g
    WHERE done(format('SELECT ok FROM restate_restart_as_new_batch($1, %s)', g), $2) -> 'ok' = 'true')
  FROM restate.invocation AS i, generate_series(0, i.journal_size + 1) AS f, restate_preview_restart($2, f) AS p
  WHERE i.id = $2 AND NOT p.ok
$$;

-- What a point is said to be, and where a restart there begins.
CREATE FUNCTION compare_points(name text, id restate_invocation_id) RETURNS void LANGUAGE sql AS $$
  INSERT INTO compared
  SELECT $1, 'restart at ' || a,
    coalesce(c -> 'value', c -> 'category'),
    coalesce(nullif(d -> 'parameters' -> 'from', 'null'), d -> 'category')
  FROM restate.invocation AS i, unnest('{last_failure,last_completed,name:a,name:a#2,name:b,time:2026-01-02T00:00:00Z,time:2025-01-01T00:00:00Z}'::text[]) AS a,
    call(format('restate_restart_point(%L, %L)::bigint', $2, a)) AS c,
    done(format('SELECT * FROM restate_restart_as_new_batch($1, deployment => %L, at => %L)',
      CASE WHEN i.pinned_deployment_id IS NOT NULL THEN 'keep' ELSE 'latest' END, a), $2,
      $q$SELECT $2 -> 'category' AS category, (SELECT s.parameters FROM restate.audit AS s WHERE s.new_id::text = $2 ->> 'new_id') AS parameters$q$) AS d
  WHERE i.id = $2
$$;
-- a number that call() has as text
CREATE FUNCTION number(j jsonb) RETURNS jsonb LANGUAGE sql IMMUTABLE AS $$
  SELECT CASE WHEN j #>> '{}' ~ '^\d+$' THEN to_jsonb((j #>> '{}')::bigint) ELSE j END
$$;

-- each state with each kind of target, deployment and journal
CREATE TABLE state AS
SELECT format('%s %s %s %s', status, target, pinned, journal_name) AS name,
  replace(target, '*', (row_number() OVER ())::text) AS target, status, pinned, journal
FROM unnest('{pending,scheduled,ready,running,backing-off,suspended,paused,completed}'::text[]) AS status,
  unnest('{Svc/steps,Obj/k*/steps,Obj/k*/peek,Wf/w*/run,Nowhere/steps}'::text[]) AS target, unnest('{none,dpA,dpOld}'::text[]) AS pinned,
  (VALUES ('purged', '[]'::jsonb),
    ('whole', '["Command: Input", "Command: Run ''a'' completion_id=1", "Command: Run ''b'' completion_id=2", "Notification: Run for=2", "Notification: Run for=1", "Command: Run ''a'' completion_id=3", "Notification: Run for=3", "Command: Output"]'),
    ('cut short', '["Command: Input", "Command: Run ''a'' completion_id=1", "Notification: Run for=1", "Command: Run ''b'' completion_id=2", "Command: Run ''a'' completion_id=3", "Notification: Run for=2"]')
  ) AS j (journal_name, journal)
WHERE NOT (status = 'pending' AND target !~ '^Obj.*steps$');
SELECT make('holder of ' || target, target, 'running') FROM state WHERE status = 'pending' \g /dev/null
CREATE TABLE made (name text, id restate_invocation_id);
INSERT INTO made
SELECT name, make(name, target, status, jsonb_build_object('journal', CASE WHEN status NOT IN ('pending', 'scheduled') THEN journal ELSE '[]' END)
  || CASE status WHEN 'suspended' THEN '{"suspended_waiting_for_completions": [9], "suspended_waiting_for_signals": [17]}' ELSE '{}' END::jsonb
  || CASE WHEN status NOT IN ('pending', 'scheduled') AND pinned <> 'none'
    THEN jsonb_build_object('pinned_deployment_id', dp(pinned), 'pinned_service_protocol_version', CASE pinned WHEN 'dpOld' THEN 5 ELSE 6 END) ELSE '{}' END)
FROM state;
-- some have failed
UPDATE restate.invocation AS i SET last_failure = 'it broke', last_failure_related_command_index = 1 + length(m.name) % 4
  FROM made AS m WHERE i.id = m.id AND m.name LIKE '% dpA %' AND i.status = 'completed';
UPDATE restate.journal AS j SET meta = '{"result": {"Failure": {"code": 500, "message": "no"}}}', payload = NULL
  FROM made AS m WHERE j.id = m.id AND m.name LIKE 'completed % dpOld %' AND j.entry_type = 'Notification: Run' AND j.index = 4;

SELECT count(compare_operations(name, id)) FROM made \g /dev/null
SELECT count(compare_restarts(name, id)), count(compare_nearest(name, id)), count(compare_points(name, id)) FROM made
  WHERE name LIKE 'completed%' OR name LIKE '%Obj%peek dpA whole' \g /dev/null

CREATE FUNCTION compare_set(s invocation_set) RETURNS SETOF compared LANGUAGE plpgsql AS $$
DECLARE
  kept compared[];
BEGIN
  BEGIN
    DELETE FROM compared;
    PERFORM make_set(s.made);
    PERFORM compare_operations(s.name || ', ' || l, inv(l)) FROM (SELECT DISTINCT l FROM unnest(s.labels) AS l) AS l WHERE l IS NOT NULL AND l <> 'unknown';
    PERFORM compare_restarts(s.name || ', ' || l, inv(l)) FROM (SELECT DISTINCT l FROM unnest(s.labels) AS l) AS l WHERE l IS NOT NULL AND l <> 'unknown';
    kept := ARRAY(SELECT c FROM compared AS c);
    RAISE EXCEPTION USING ERRCODE = 'UNDO0';
  EXCEPTION WHEN SQLSTATE 'UNDO0' THEN NULL;
  END;
  RETURN QUERY SELECT * FROM unnest(kept);
END $$;
CREATE TABLE compared_sets AS SELECT c.* FROM invocation_set AS s, compare_set(s) AS c;

SELECT plan(124);
CREATE VIEW all_compared AS SELECT name, what, number(told) AS told, number(done) AS done FROM compared
  UNION ALL SELECT name, what, told, done FROM compared_sets;

SELECT cmp_ok(count(*), '>', 5000::bigint, 'much is compared') FROM all_compared;
SELECT cmp_ok(count(*), '>=', 3::bigint, format('%s is told and comes to pass', what))
FROM (SELECT what, told ->> 'outcome' AS outcome FROM all_compared WHERE told ->> 'ok' = 'true' AND told ? 'outcome') AS o
GROUP BY what ORDER BY what COLLATE "C";
SELECT is_empty($$SELECT * FROM all_compared WHERE told IS DISTINCT FROM done AND what !~ '^(restart from|restart at|nearest|above) ' LIMIT 5$$, 'an explanation tells of each operation what it does');
SELECT is_empty($$SELECT * FROM all_compared WHERE told IS DISTINCT FROM done AND what ~ '^restart from' LIMIT 5$$, 'a preview tells what a restart keeps, and where it runs');
SELECT is_empty($$SELECT * FROM all_compared WHERE told IS DISTINCT FROM done AND what ~ '^nearest' LIMIT 5$$, 'the nearest index is the nearest that works');
SELECT is_empty($$SELECT * FROM all_compared WHERE told IS DISTINCT FROM done AND what ~ '^above' LIMIT 5$$, 'and none above does');
SELECT is_empty($$SELECT * FROM all_compared WHERE told IS DISTINCT FROM done AND what ~ '^restart at' LIMIT 5$$, 'a point is where a restart at it begins');
SELECT bag_has($$SELECT DISTINCT told #>> '{}' FROM all_compared WHERE what ~ '^restart at'$$,
  $$VALUES ('0'), ('1'), ('2'), ('4'), ('6'), ('restart_point_not_found'), ('journal_prefix_incomplete'), ('input_not_available'), ('restart_not_supported'), ('still_running')$$,
  'of all kinds');

CREATE FUNCTION point(name text, at text) RETURNS text LANGUAGE sql AS $$
  SELECT coalesce(c ->> 'value', c ->> 'category') FROM made AS m, call(format('restate_restart_point(%L, %L)', m.id, at)) AS c WHERE m.name = $1
$$;
SELECT is(point('completed Svc/steps dpA ' || journal, at), index, format('%s in a journal that is %s', at, journal))
FROM (VALUES ('whole', 'name:a', '0'), ('whole', 'name:a#2', '4'), ('whole', 'name:b', '1'), ('whole', 'name:a#3', 'restart_point_not_found'), ('whole', 'name:c', 'restart_point_not_found'),
  ('whole', 'last_completed', '6'), ('cut short', 'last_completed', '3'), ('cut short', 'name:a#2', '3'), ('whole', 'time:2026-01-02T00:00:00Z', '7'), ('purged', 'last_completed', 'input_not_available')) AS p (journal, at, index);
UPDATE restate.invocation AS i SET last_failure_related_command_index = NULL FROM made AS m WHERE i.id = m.id;
SELECT is(point('completed Svc/steps dpA whole', 'last_failure'), 'restart_point_not_found', 'nothing has failed');
UPDATE restate.journal AS j SET meta = '{"result": {"Failure": {"code": 500, "message": "no"}}}', payload = NULL
  FROM made AS m WHERE j.id = m.id AND m.name = 'completed Svc/steps dpA whole' AND j.index = 3;
SELECT is(point('completed Svc/steps dpA whole', 'last_failure'), '1', 'before the command whose completion is a failure');
UPDATE restate.invocation AS i SET last_failure_related_command_index = 1 FROM made AS m WHERE i.id = m.id;
SELECT is(point('completed Svc/steps dpA whole', 'last_failure'), '1', 'the last of that and of the one that an attempt failed at');
UPDATE restate.invocation AS i SET last_failure_related_command_index = 3 FROM made AS m WHERE i.id = m.id;
SELECT is(point('completed Svc/steps dpA whole', 'last_failure'), '4', 'in the other order');
UPDATE restate.invocation AS i SET last_failure_related_command_index = 9 FROM made AS m WHERE i.id = m.id;
SELECT is(point('completed Svc/steps dpA whole', 'last_failure'), '7', 'and one that the journal does not have yet');

-- what is told of what an invocation waits for

DO $$ BEGIN PERFORM make_set(made) FROM invocation_set WHERE name = 'parent before child'; END $$;
CREATE FUNCTION waits_of(label text) RETURNS TABLE (wait jsonb) LANGUAGE sql AS $$
  SELECT labelled(w::text)::jsonb FROM jsonb_array_elements(restate_explain_json(inv(label)) -> 'waits_for') WITH ORDINALITY AS t (w, n) ORDER BY n
$$;
SELECT results_eq($$SELECT waits_of('next')$$, $$VALUES ('{"for": "object_key", "service": "Obj", "key": "k", "ahead": 0,
    "holder": {"id": "child", "target": "Obj/k/steps", "status": "running", "since": "2026-01-03T00:00:00Z"}}'::jsonb)$$, 'pending: who holds the key, and since when');
SELECT is((SELECT wait -> 'ahead' FROM waits_of('last')), '1', 'and how many wait before');
SELECT results_eq($$SELECT wait ->> 'for', wait -> 'index', wait ->> 'type', wait #>> '{callee,id}', wait #>> '{callee,status}' FROM waits_of('parent')$$,
  $$VALUES ('command', '3'::jsonb, 'Command: Call', 'child', 'running'), ('command', '5', 'Command: Call', 'last', 'pending'), ('signal', '17', NULL, NULL, NULL)$$,
  'suspended: the commands with their callees, and the signals');
SELECT is(done(format('SELECT restate_resolve_awakeable(%L, ''x'')', (SELECT wait ->> 'awakeable' FROM waits_of('parent') WHERE wait ->> 'for' = 'signal')), inv('parent'),
  'SELECT max(signal_index) AS signal_index FROM restate.journal WHERE id = $1[1]'), '{"signal_index": 17}', 'an awakeable by the id that resolves it');
UPDATE restate.invocation SET suspended_waiting_for_completions = '{99}', suspended_waiting_for_signals = NULL, suspended_waiting_for_names = '{go}' WHERE id = inv('parent');
SELECT results_eq($$SELECT waits_of('parent')$$, $$VALUES ('{"for": "completion", "completion_id": 99}'::jsonb), ('{"for": "signal", "name": "go"}')$$,
  'a completion that no command asks for, and a signal by name');
DELETE FROM restate.invocation WHERE id = inv('last');
UPDATE restate.invocation SET suspended_waiting_for_completions = '{5}' WHERE id = inv('parent');
SELECT is((SELECT wait #> '{callee,status}' FROM waits_of('parent') LIMIT 1), 'null', 'a callee that is gone has no status');
SELECT make('asleep', 'Svc/steps', 'suspended', '{"journal": ["Command: Input", "Command: Sleep completion_id=1", "Command: GetPromise completion_id=2"], "suspended_waiting_for_completions": [1, 2]}') \g /dev/null
SELECT results_eq($$SELECT wait -> 'at', wait -> 'promise' FROM waits_of('asleep')$$, $$VALUES ('"2026-11-21T02:05:01.127Z"'::jsonb, NULL::jsonb), (NULL, '"k"')$$, 'a sleep with its end, a promise with its name');
SELECT make('failing', 'Svc/steps', 'backing-off', '{"journal": ["Command: Input", "Command: Run ''pay'' completion_id=1"], "retry_count": 4, "next_retry_at": "2099-01-01 00:00:00Z", "last_failure": "no\nmoney",
  "last_failure_error_code": "RT0007", "last_failure_related_command_index": 1, "last_failure_related_command_name": "pay", "last_failure_related_command_type": "Run"}') \g /dev/null
SELECT results_eq($$SELECT waits_of('failing')$$, $$VALUES ('{"for": "retry", "at": "2099-01-01T00:00:00Z"}'::jsonb), ('{"for": "command", "index": 1, "name": "pay", "type": "Command: Run"}')$$,
  'backing off: the next attempt, and the command without a completion');
SELECT is(restate_explain_json(inv('failing')) -> 'last_failure', '{"message": "no\nmoney", "error_code": "RT0007", "command_index": 1, "command_name": "pay", "command_type": "Run"}', 'with the last failure');
SELECT make('later', 'Svc/steps', 'scheduled', '{"scheduled_start_at": "2099-01-01 00:00:00Z"}'), make('due', 'Svc/steps', 'ready', '{}') \g /dev/null
SELECT is((SELECT wait FROM waits_of('later')), '{"for": "start", "at": "2099-01-01T00:00:00Z"}', 'scheduled: the time');
SELECT is((SELECT wait FROM waits_of('due')), '{"for": "worker", "service": "Svc"}', 'ready: a worker');
SELECT is((SELECT wait FROM waits_of('grandchild') LIMIT 1), '{"for": "operator"}', 'paused: an operator');
SELECT is(restate_explain_json(inv('due')) #>> '{next,text}', 'Nothing runs it here before restate_adopt takes it on: it may run elsewhere.', 'what is next: of a foreign one');
SELECT restate_adopt(ARRAY[inv('due')]), restate_hold('Svc', 'for now') \g /dev/null
SELECT is(restate_explain_json(inv('due')) #>> '{next,text}', 'No worker gets it before restate_release ends the hold on its service.', 'of a held service');
SELECT is(restate_explain_json(inv('due')) #>> '{held,reason}', 'for now', 'with the reason');
SELECT restate_release('Svc') \g /dev/null
SELECT restate_heartbeat('w'), count(*) FROM restate_claim('w', '{Svc}', 100) \g /dev/null
SELECT is(restate_explain_json(inv('due')) -> 'attempt' ->> 'worker_is_alive', 'true', 'running: its worker is alive');
UPDATE restate.worker SET last_seen = now() - interval '1 minute';
SELECT is(restate_explain_json(inv('due')) -> 'attempt' ->> 'worker_is_alive', 'false', 'or silent');
SELECT matches(restate_explain_json(inv('due')) #>> '{next,text}', 'restate_tick ends the attempt', 'and what becomes of the attempt');
SELECT make('done', 'Svc/steps', 'completed', '{"journal": ["Command: Input", "Command: Output"], "completed_at": "2026-01-03 00:00:00Z", "completion_retention": "P2D", "journal_retention": "P1D"}'
  || jsonb_build_object('pinned_deployment_id', dp('dpA'), 'pinned_service_protocol_version', 6)) \g /dev/null
SELECT is(restate_explain_json(inv('done')) -> 'retention', '{"result": "2d", "journal": "1d", "result_until": "2026-01-05T00:00:00Z", "journal_until": "2026-01-04T00:00:00Z"}', 'completed: until when it is kept');
UPDATE restate.invocation SET completion_retention = '106742486 days', journal_retention = '106742486 days' WHERE id = inv('done');
SELECT is(restate_explain_json(inv('done')) -> 'retention' -> 'result_until', 'null', 'a retention that ends after the last time is without end');
SET LOCAL restate_admin.retention = off;
SELECT is(restate_explain_json(inv('done')) -> 'next', '{"at": null, "text": "It is kept until it is purged: restate_admin.retention is off."}', 'or for ever');
RESET restate_admin.retention;

-- The text says what the JSON form says: each value of that, but for flags, is in it, as
-- long as it is short and of one line.
SELECT is_empty($$
  SELECT l.label, v FROM label AS l
  CROSS JOIN LATERAL (SELECT restate_explain(l.id::restate_invocation_id) AS text, restate_explain_json(l.id::restate_invocation_id) AS json) AS e
  CROSS JOIN LATERAL jsonb_path_query(e.json, 'strict $.** ? (@.type() == "string")') AS v
  WHERE l.label IN ('next', 'parent', 'asleep', 'failing', 'later', 'due', 'grandchild', 'child', 'done')
    AND position(v #>> '{}' IN e.text) = 0
    AND NOT v = ANY (ARRAY[to_jsonb(now()), e.json -> 'at', e.json #> '{attempt,since}', e.json #> '{last_failure,message}', e.json #> '{last_failure,error_code}'])
    AND NOT v <@ '["object_key", "start", "retry", "command", "operator", "service"]'$$, 'the text says what the JSON form does');
SELECT matches(restate_explain(inv('failing')), 'last failure, at command 1, Run pay: no money\n', 'a failure is told on one line');

-- the trees

SELECT make('first', 'Svc/steps', 'completed', jsonb_build_object('pinned_deployment_id', dp('dpA'), 'pinned_service_protocol_version', 6,
  'journal', '["Command: Input", "Command: Run ''a'' completion_id=1", "Notification: Run for=1", "Command: Output"]'::jsonb)) \g /dev/null
SET LOCAL restate_admin.reason = 'because';
SELECT name_it('second', restate_restart_as_new(inv('first'), 1)::text) \g /dev/null
SELECT restate_kill(inv('second')) \g /dev/null
SELECT name_it('third', restate_restart_as_new(inv('second'), at => 'last_completed')::text), name_it('other', restate_restart_as_new(inv('first'), 0, 'keep', 'again')::text) \g /dev/null
SELECT restate_kill(inv('third')) \g /dev/null
SELECT name_it('fourth', restate_restart_as_new(inv('third'))::text) \g /dev/null
CREATE FUNCTION lineage(label text) RETURNS TABLE (depth bigint, label text, of text, status text, from_index bigint, deployment text, who text, why text) LANGUAGE sql AS $$
  SELECT depth, labelled(id::text), labelled(restarted_from::text), status, from_index, labelled(deployment_id::text), role_name, reason FROM restate_lineage(inv(label))
$$;
CREATE FUNCTION whole_lineage(first text, second text, third text) RETURNS TABLE (depth bigint, label text, of text, status text, from_index bigint) LANGUAGE sql AS $$
  VALUES (0::bigint, 'first', NULL, first, NULL::bigint), (1, 'second', 'first', second, 1), (2, 'third', 'second', third, 2),
    (3, 'fourth', 'third', 'ready', 0), (1, 'other', 'first', 'ready', 0)
$$;
SELECT bag_eq($$SELECT depth, label, of, status, from_index FROM lineage('third')$$, $$SELECT * FROM whole_lineage('completed', 'completed', 'completed')$$, 'a tree of restarts');
SELECT results_eq($$SELECT label FROM lineage('first') WHERE label <> 'other'$$, '{first,second,third,fourth}'::text[], 'each stands before its restarts');
SELECT is((SELECT who || ' ' || why FROM lineage('second') WHERE label = 'third'), current_user || ' because', 'who restarted it, and why');
SELECT results_eq($$SELECT labelled(id::text) FROM restate_lineage(inv('second')) WHERE is_self$$, '{second}'::text[], 'the one asked for');
SELECT restate_purge(inv('second')), restate_purge(inv('first')) \g /dev/null
SELECT bag_eq(format($$SELECT depth, label, of, status, from_index FROM lineage(%L)$$, l), $$SELECT * FROM whole_lineage(NULL, NULL, 'completed')$$, 'the same past what is gone, asked of ' || l)
FROM unnest('{first,second,third,fourth,other}'::text[]) AS l;
SELECT is((SELECT deployment FROM lineage('fourth') WHERE label = 'other'), 'dpA', 'a deployment that is kept');
DELETE FROM restate.audit;
SELECT bag_eq($$SELECT depth, label, status, from_index FROM lineage('third')$$, $$VALUES (0::bigint, 'second', NULL, NULL::bigint), (1, 'third', 'completed', NULL), (2, 'fourth', 'ready', NULL)$$, 'without the audit, as far as the tables know');
SELECT is(call($$restate_lineage(inv('first'))$$) ->> 'category', 'invocation_not_found', 'and of one that nothing knows, an error');
-- restored rows can be wrong: one that is a restart of its own restart
UPDATE restate.invocation SET restarted_from = inv('fourth'), invoked_by = 'restart_as_new' WHERE id = inv('third');
SELECT is((SELECT count(*) FROM lineage('third')), 2::bigint, 'a circle ends');
SELECT count(*) FROM restate_restart_as_new_batch(array_fill(inv('done'), '{1100}')) \g /dev/null
SELECT is((SELECT count(*) FROM lineage('done')), 1000::bigint, 'of many the first 1000');

CREATE FUNCTION calls(label text) RETURNS TABLE (depth bigint, relation text, label text, caller text, target text, status text, command_index bigint) LANGUAGE sql AS $$
  SELECT depth, relation, labelled(id::text), labelled(caller::text), target, status, command_index FROM restate_call_tree(inv(label))
$$;
SELECT results_eq($$SELECT * FROM calls('child')$$, $$VALUES (-1::bigint, 'caller', 'parent', NULL, 'Svc/steps', 'suspended', NULL::bigint),
  (0, 'self', 'child', 'parent', 'Obj/k/steps', 'running', 3), (1, 'call', 'grandchild', 'child', 'Svc/steps', 'paused', 3)$$, 'callers above, callees below');
SELECT results_eq($$SELECT depth, label, status FROM calls('parent')$$, $$VALUES (0::bigint, 'parent', 'suspended'), (1, 'child', 'running'), (2, 'grandchild', 'paused'), (1, 'last', NULL)$$,
  'each before its callees, in the order of the calls; one that is gone has no status');
SELECT is((SELECT labelled(string_agg(label, ' ' ORDER BY depth)) FROM calls('grandchild')), 'parent child grandchild', 'from the first caller on');
UPDATE restate.journal SET invoked_id = inv('parent') WHERE id = inv('grandchild') AND index = 1;
UPDATE restate.journal SET entry_type = 'Command: OneWayCall', completion_id = 2, invoked_id = inv('parent'), name = NULL, meta = '{"request": {"invocation_target": {"Service": {"name": "Svc", "handler": "steps"}}}, "invoke_time": 0}'
  WHERE id = inv('grandchild') AND index = 1;
SELECT is((SELECT count(*) FROM calls('parent')), 4::bigint, 'a circle of calls ends');
SELECT is((SELECT relation FROM calls('grandchild') WHERE label = 'parent' AND depth > 0), NULL, 'who is above is not told again below');

-- what is refused, and where it runs
SELECT is(call(format(f, 'inv_1000000000000000000000000000absent')) ->> 'category', 'invocation_not_found', format(f, 'an unknown id'))
FROM unnest('{restate_explain(%L),restate_explain_json(%L),restate_preview_restart(%L),"restate_restart_point(%L, ''last_completed'')",restate_lineage(%L),restate_call_tree(%L)}'::text[]) AS f;
SELECT is(call(format(f, NULL)) ->> 'category', 'invalid_invocation_id', format(f, NULL))
FROM unnest('{restate_explain(%L),restate_explain_json(%L),restate_preview_restart(%L),"restate_restart_point(%L, ''last_completed'')",restate_lineage(%L),restate_call_tree(%L)}'::text[]) AS f;
SELECT is(call(format('restate_restart_point(inv(''done''), %L)', a)) ->> 'category', 'invalid_query_parameter', format('no point: %s', a))
FROM unnest('{NULL,"",3,last,name:,name:#2,name:a#0,name:a#99999999999,time:,time:now,time:2026-01-01,time:2026-13-01T00:00:00Z,time:2026-02-29T00:00:00Z,time:2026-01-01T24:00:00Z,time:2026-01-01T00:00:00,time:2026-01-01T00:00:00+1,time:2026-01-01T00:00:00Zz,time:2026-01-01T00:00:00.Z,time:+026-01-01T00:00:00Z}'::text[]) AS a;
SELECT is(call(format('restate_restart_point(inv(''done''), %L)::bigint', a)) ->> 'value', '1', format('a point: %s', a))
FROM unnest('{time:2026-01-02T00:00:00Z,time:2026-01-02 00:00:00.000000+00,time:2026-01-02T01:30:00.5+01:30,time:2026-02-28T23:59:59-15:59}'::text[]) AS a;
SELECT is(call($$restate_restart_point(inv('done'), 'time:2026-01-02T00:00:00+00:01')$$) ->> 'category', 'restart_point_not_found', 'a minute before there is nothing');
SELECT is(call($$restate_preview_restart(inv('done'), 0, at => 'last_failure')$$) ->> 'message', 'from and at must not both be given', 'an index and a point');
SELECT is(call($$restate_restart_as_new(inv('done'), 0, at => 'last_failure')$$) ->> 'message', 'from and at must not both be given', 'of a restart too');
-- through the schema for PostgREST
SELECT is(restate_api.explain(inv('done')::text), restate_explain_json(inv('done')), 'explain()');
SELECT is(restate_api.preview_restart(inv('done')::text, '+1', 'keep'), (SELECT to_jsonb(p) FROM restate_preview_restart(inv('done'), 1, 'keep') AS p), 'preview_restart()');
SELECT is(call($$restate_api.preview_restart('x', 'y')$$) ->> 'category', 'invalid_query_parameter', 'the index is judged before the id');
SELECT is(restate_api.restart_point(inv('done')::text, 'last_completed'), '{"from": 0}', 'restart_point()');
SELECT is((SELECT count(*) FROM restate_api.lineage(inv('fourth')::text)), 2::bigint, 'lineage()');
SELECT matches((SELECT restarted_at::text FROM restate_api.lineage(inv('fourth')::text) WHERE depth = 1), '^\d+-\d\d-\d\dT\S+Z$', 'with times as the gateway spells them');
SELECT is((SELECT count(*) FROM restate_api.call_tree(inv('child')::text)), 3::bigint, 'call_tree()');
SET LOCAL transaction_read_only = on;
SELECT is(call(format(f, inv('done'))) ->> 'category', NULL, format('in a read-only transaction: %s', f))
FROM unnest('{restate_explain(%L),restate_explain_json(%L),restate_preview_restart(%L),"restate_restart_point(%L, ''last_completed'')",restate_call_tree(%L)}'::text[]) AS f;

SELECT * FROM finish();
ROLLBACK;
