-- restate.sys_stuck has what is late by its own measure, once a reason, and nothing else;
-- restate.sys_deployment_blocker what a deployment is still needed for.
BEGIN;
\ir ../conformance/world.sql

-- one in each state, which has just come to it and runs here

SELECT deploy('old', '[5,8)', '{Svc}'), deploy('dp', '[5,8)', '{Svc,Obj}') \g /dev/null
SELECT name_it('nobody', restate_new_invocation_id()::text) \g /dev/null
\set pinned 'jsonb_build_object(''pinned_deployment_id'', dp(''old''), ''pinned_service_protocol_version'', 6)'
SELECT make('ready', 'Svc/steps', 'ready'), make('begun', 'Svc/steps', 'ready', :pinned), make('running', 'Svc/steps', 'running', :pinned),
  make('retrying', 'Svc/steps', 'backing-off', :pinned), make('paused', 'Svc/steps', 'paused', :pinned),
  make('scheduled', 'Svc/steps', 'scheduled', '{"scheduled_start_at": true}'), make('done', 'Svc/steps', 'completed', :pinned || '{"journal": ["Command: Input"]}'),
  make('asleep', 'Svc/steps', 'suspended', :pinned || '{"journal": ["Command: Input", "Command: Sleep completion_id=1"], "suspended_waiting_for_completions": [1]}'),
  make('holder', 'Obj/k/steps', 'suspended', '{"suspended_waiting_for_signals": [17]}'),
  make('first', 'Obj/k/steps', 'pending'), make('second', 'Obj/k/steps', 'pending'), make('alone', 'Obj/l/steps', 'suspended', '{"suspended_waiting_for_signals": [17]}'),
  make('callee3', 'Svc/steps', 'scheduled', '{"scheduled_start_at": true}'),
  make('caller', 'Svc/steps', 'suspended', '{"suspended_waiting_for_completions": [2, 4], "journal": ["Command: Input",
    "Command: Call invocation_id_completion_id=1 result_completion_id=2", "Notification: CallInvocationId for=1",
    "Command: Call invocation_id_completion_id=3 result_completion_id=4", "Notification: CallInvocationId for=3"]}') \g /dev/null
SELECT name_it('callee1', (SELECT invoked_id::text FROM restate.journal WHERE id = inv('caller') AND index = 1)), make('callee1', 'Svc/steps', 'scheduled', '{"scheduled_start_at": true}') \g /dev/null
SELECT restate_adopt(ARRAY[inv('ready'), inv('begun')]) \g /dev/null
UPDATE restate.invocation SET is_foreign = NULL, modified_at = now(), created_at = now(), running_at = now(),
  inboxed_at = CASE WHEN status = 'pending' THEN now() END, last_entry_at = now(),
  next_retry_at = CASE WHEN status = 'backing-off' THEN now() + interval '1 minute' END, scheduled_start_at = CASE WHEN status = 'scheduled' THEN now() + interval '1 day' END,
  attempt = CASE WHEN status = 'running' THEN 1 END, worker_name = CASE WHEN status = 'running' THEN 'w' END
WHERE status <> 'completed';
UPDATE restate.runnable SET ready_at = now();
INSERT INTO restate.worker VALUES ('w', now());

-- What is stuck after some statements, which are taken back.
CREATE FUNCTION found(statements text, shown text DEFAULT 'coalesce(labelled(s.id::text), s.target)') RETURNS text LANGUAGE plpgsql AS $$
DECLARE
  told text;
BEGIN
  EXECUTE statements;
  EXECUTE format($q$SELECT string_agg(concat_ws(' ', s.reason, %s), ', ' ORDER BY s.reason COLLATE "C", labelled(s.id::text) COLLATE "C") FROM restate.sys_stuck AS s$q$, shown) INTO told;
  IF EXISTS (SELECT FROM restate.sys_stuck AS s WHERE (s.id IS NULL) <> (s.reason = 'service_held') OR s.since IS NULL OR s.age <> now() - s.since
      OR s.age < restate.stuck_after(s.reason) OR coalesce(length(s.detail), 0) < 5 OR s.target IS NULL OR s.target_service_name IS NULL)
    OR EXISTS (SELECT FROM restate.sys_stuck AS s GROUP BY s.reason, s.id, s.target HAVING count(*) > 1)
  THEN
    told := told || ', of which one lacks something or comes twice';
  END IF;
  RAISE EXCEPTION USING ERRCODE = 'UNDO0';
EXCEPTION WHEN SQLSTATE 'UNDO0' THEN
  RETURN coalesce(told, 'nothing');
END $$;

CREATE TABLE late (n int GENERATED ALWAYS AS IDENTITY, statements text, want text, rule text);
\set aged 'UPDATE restate.invocation SET modified_at = now() - interval '
INSERT INTO late (statements, want, rule) VALUES
  ('SELECT 1', 'nothing', 'what has just begun'),
  ($$UPDATE restate.invocation SET created_at = '2026-01-01', running_at = '2026-01-01' WHERE status <> 'completed'$$, 'nothing', 'what is old and goes on'),
  (:'aged' || $$'59 seconds' WHERE id = inv('ready')$$, 'nothing', 'ready for less than a minute'),
  (:'aged' || $$'1 minute' WHERE id = inv('ready')$$, 'unclaimed ready', 'ready for a minute'),
  (:'aged' || $$'1 minute' WHERE status = 'ready'; INSERT INTO restate.held_service VALUES ('Svc', 'for now', now(), 'somebody')$$, 'nothing', 'of a service that is held'),
  (:'aged' || $$'1 minute' WHERE status = 'ready'; INSERT INTO restate.held_service VALUES ('Svc', 'for now', now() - interval '10 minutes', 'somebody')$$, 'service_held Svc', 'of one that is held for long'),
  ($$INSERT INTO restate.held_service VALUES ('Obj', 'for now', '2026-01-01', 'somebody')$$, 'nothing', 'one that is held while nothing of it could run'),
  (:'aged' || $$'1 minute' WHERE status = 'ready'; DELETE FROM restate.service_revision WHERE service_name = 'Svc'$$, 'unclaimed begun, unserved ready', 'ready, of a service that nothing serves, if it has not begun'),
  (:'aged' || $$'1 minute' WHERE status = 'ready'; DELETE FROM restate.deployment WHERE id = dp('dp')$$, 'unclaimed begun, unclaimed ready', 'of one that an older deployment serves'),
  (:'aged' || $$'59 seconds' WHERE status = 'ready'; DELETE FROM restate.deployment; UPDATE restate.invocation SET pinned_deployment_id = NULL, pinned_service_protocol_version = NULL$$, 'nothing', 'not at once'),
  (:'aged' || $$'1 minute' WHERE status = 'ready'; DELETE FROM restate.deployment; UPDATE restate.invocation SET pinned_deployment_id = NULL, pinned_service_protocol_version = NULL WHERE id <> inv('begun')$$,
    'deployment_gone begun, unserved ready', 'of which no revision has its deployment'),
  ($$DELETE FROM restate.deployment WHERE id = dp('old')$$, 'deployment_gone asleep, deployment_gone begun, deployment_gone paused, deployment_gone retrying, deployment_gone running', 'pinned to what is gone, at once'),
  ($$UPDATE restate.invocation SET next_retry_at = now() - interval '59 seconds' WHERE id = inv('retrying')$$, 'nothing', 'a retry that has just come due'),
  ($$UPDATE restate.invocation SET next_retry_at = now() - interval '1 minute' WHERE id = inv('retrying')$$, 'overdue retrying', 'a retry that was due a minute ago'),
  ($$UPDATE restate.invocation SET scheduled_start_at = now() - interval '1 minute' WHERE id = inv('scheduled')$$, 'overdue scheduled', 'a start'),
  ($$INSERT INTO restate.timer SELECT 'sleep', now() - interval '59 seconds', id, 1, partition_key FROM restate.invocation WHERE id = inv('asleep')$$, 'nothing', 'a sleep that is just over'),
  ($$INSERT INTO restate.timer SELECT 'sleep', now() - n * interval '1 minute', id, n, partition_key, random_seed FROM restate.invocation, generate_series(1, 3) AS n WHERE id = inv('asleep')$$, 'overdue asleep', 'sleeps, once'),
  ($$INSERT INTO restate.timer SELECT 'sleep', now() - interval '1 minute', id, 1, partition_key, random_seed + 1 FROM restate.invocation WHERE id = inv('asleep')$$, 'nothing', 'the sleep of one that had the same id'),
  ($$INSERT INTO restate.timer SELECT k, now() - interval '1 minute', id, 1, partition_key FROM restate.invocation, unnest('{sleep,expiry}'::restate.timer_kind[]) AS k WHERE id = inv('done')$$, 'nothing', 'what is due of one that has completed'),
  ($$UPDATE restate.invocation SET next_retry_at = now() - interval '1 minute' WHERE id = inv('retrying'); INSERT INTO restate.timer SELECT 'sleep', now() - interval '1 minute', id, 1, partition_key FROM restate.invocation WHERE id = inv('retrying')$$,
    'overdue retrying', 'a retry and a sleep, once'),
  ($$UPDATE restate.invocation SET last_entry_at = now() - interval '599 seconds' WHERE id = inv('retrying')$$, 'nothing', 'trying again for less than ten minutes'),
  ($$UPDATE restate.invocation SET last_entry_at = now() - interval '10 minutes' WHERE id = inv('retrying')$$, 'retrying retrying', 'trying again for ten minutes'),
  ($$UPDATE restate.invocation SET last_entry_at = NULL, running_at = NULL, created_at = now() - interval '10 minutes' WHERE id = inv('retrying')$$, 'retrying retrying', 'since it was created, where no entry is known'),
  ($$UPDATE restate.invocation SET last_entry_at = now() - interval '10 minutes', entry_retry_count = 3 WHERE id IN (inv('running'), inv('ready'), inv('asleep'))$$, 'retrying ready, retrying running', 'and where just the next attempt runs'),
  ($$UPDATE restate.invocation SET last_entry_at = '2026-01-01', last_failure = 'long ago' WHERE id IN (inv('running'), inv('asleep'), inv('ready'))$$, 'nothing', 'one whose attempt takes long, without a failure since its last entry'),
  (:'aged' || $$'10 minutes' WHERE id IN (inv('paused'), inv('asleep'))$$, 'paused paused', 'paused for ten minutes'),
  ($$UPDATE restate.invocation SET last_entry_at = now() - interval '10 minutes' WHERE id = inv('paused')$$, 'nothing', 'just paused'),
  ($$UPDATE restate.invocation SET last_entry_at = now() - interval '10 minutes', entry_retry_count = 70 WHERE id = inv('paused')$$, 'paused paused', 'just paused after it has failed for ten minutes'),
  ($$UPDATE restate.worker SET last_seen = now() - restate.worker_silence() + interval '1 second'$$, 'nothing', 'a worker that may yet be heard of'),
  ($$UPDATE restate.worker SET last_seen = now() - restate.worker_silence()$$, 'worker_silent running', 'one that is silent'),
  ($$UPDATE restate.worker SET last_seen = '2026-01-01'; UPDATE restate.invocation SET worker_name = 'w' WHERE id = inv('asleep')$$, 'worker_silent running', 'what it does not run any more'),
  ($$DELETE FROM restate.worker$$, 'worker_gone running', 'one that is not known'),
  ($$DELETE FROM restate.worker; UPDATE restate.invocation SET worker_name = NULL WHERE id = inv('running')$$, 'worker_gone running', 'one that has no name'),
  ($$DELETE FROM restate.worker; UPDATE restate.invocation SET attempt = NULL, worker_name = NULL WHERE id = inv('running')$$, 'nothing', 'an attempt elsewhere'),
  (:'aged' || $$'59 minutes', is_foreign = true, last_entry_at = '2026-01-01' WHERE status <> 'completed'; DELETE FROM restate.worker; DELETE FROM restate.deployment; DELETE FROM restate.runnable$$, 'nothing', 'what may run elsewhere'),
  (:'aged' || $$'59 minutes', inboxed_at = now() - interval '1 hour', is_foreign = true WHERE id IN (inv('holder'), inv('first'), inv('caller')); DELETE FROM restate.invocation WHERE id = inv('callee3')$$, 'nothing', 'also as a holder or a caller'),
  (:'aged' || $$'1 hour', is_foreign = true WHERE id IN (inv('running'), inv('paused'), inv('done'))$$, 'not_adopted paused, not_adopted running', 'for an hour'),
  (:'aged' || $$'10 minutes' WHERE id IN (inv('holder'), inv('alone'))$$, 'nothing', 'a holder that stands still, while others have just come'),
  ($$UPDATE restate.invocation SET inboxed_at = now() - interval '1 hour' WHERE status = 'pending'$$, 'nothing', 'one that has just come to stand still, for which others wait'),
  (:'aged' || $$'10 minutes' WHERE id IN (inv('holder'), inv('alone')); UPDATE restate.invocation SET inboxed_at = now() - interval '1 hour' WHERE id = inv('first')$$, 'key_blocked holder', 'a holder that stands still and lets others wait'),
  (:'aged' || $$'10 minutes', inboxed_at = now() - interval '1 hour' WHERE id IN (inv('holder'), inv('first')); UPDATE restate.invocation SET status = 'running', suspended_waiting_for_signals = NULL WHERE id = inv('holder')$$,
    'nothing', 'one that runs'),
  ($$DELETE FROM restate.invocation WHERE id = inv('callee3')$$, 'callee_gone caller', 'one that waits for a callee that is gone'),
  ($$DELETE FROM restate.invocation WHERE id IN (inv('callee1'), inv('callee3'))$$, 'callee_gone caller', 'or for two, once'),
  ($$DELETE FROM restate.invocation WHERE id = inv('callee3'); UPDATE restate.invocation SET suspended_waiting_for_completions = '{2}' WHERE id = inv('caller')$$, 'nothing', 'one that waits for another'),
  ($$DELETE FROM restate.invocation WHERE id = inv('callee3'); UPDATE restate.invocation SET status = 'paused', suspended_waiting_for_completions = NULL WHERE id = inv('caller')$$, 'nothing', 'one that is not suspended');

SELECT plan((SELECT count(*) FROM late)::int + 27);
SELECT is(found(statements), want, format('%s: %s', rule, want)) FROM late ORDER BY n;
SELECT set_eq($$SELECT DISTINCT (regexp_matches(want, '([a-z_]+) \w+', 'g'))[1] FROM late$$,
  $$SELECT (regexp_matches(prosrc, 'WHEN ''([a-z_]+)''', 'g'))[1] FROM (SELECT pg_get_functiondef('restate.stuck_after(text)'::regprocedure)) AS f (prosrc)$$, 'every reason that has a measure was seen');
SELECT is(restate.stuck_after('another'), NULL, 'another reason has none');

-- what is told
SELECT is(found($$UPDATE restate.invocation SET last_entry_at = now() - interval '1 hour', entry_retry_count = 3, retry_count = 4, last_failure = '[500] boom' WHERE id = inv('retrying')$$,
  $$'of ' || s.target || ' ' || s.status || ' ' || s.age || ' ' || s.retry_count || ' ' || s.detail || '; ' || labelled(s.deployment_id::text)$$),
  'retrying of Svc/steps backing-off 01:00:00 4 3 attempts have failed since it last got on: [500] boom; old', 'of what is tried again: how often, and the failure');
SELECT is(found($$UPDATE restate.invocation SET last_entry_at = now() - interval '1 hour', entry_retry_count = 1 WHERE id = inv('retrying')$$, 's.detail'), 'retrying 1 attempt has failed since it last got on: no failure is known', 'one attempt');
SELECT is(found($$UPDATE restate.invocation SET last_entry_at = now() - interval '1 hour', entry_retry_count = 9, last_failure = '[500] boom' WHERE id = inv('paused')$$, $$s.age || ' ' || s.detail$$),
  'paused 01:00:00 it waits to be resumed, after [500] boom', 'of what is paused by its failures: that, and since when');
SELECT is(found($$UPDATE restate.worker SET last_seen = now() - interval '1 hour'$$, $$s.worker_name || ' ' || s.age || ' ' || s.detail$$),
  'worker_silent w 01:00:00 worker w is not heard of, and no restate_tick() has taken the attempt', 'of a silent worker: which');
SELECT is(found($$DELETE FROM restate.invocation WHERE id = inv('callee3')$$, $$labelled(s.related_id::text) || ' ' || labelled(s.detail)$$),
  'callee_gone callee3 it waits for callee3, called at index 3, which is not there', 'of a callee that is gone: which, and the command');
SELECT is(found(:'aged' || $$'1 hour', inboxed_at = now() - interval '2 hours' WHERE id IN (inv('holder'), inv('first'), inv('second'))$$, $$labelled(s.related_id::text) || ' ' || s.waiting || ' ' || s.target_service_key || ' ' || s.age$$),
  'key_blocked first 2 k 01:00:00', 'of a key: who is first, how many wait, since when both');
SELECT is(found($$INSERT INTO restate.held_service VALUES ('Svc', 'the bank is closed', now() - interval '1 hour', 'ann')$$, $$s.waiting || ' ' || s.detail$$),
  'service_held 2 held by ann: the bank is closed', 'of a held service: by whom, why, how many wait');
SELECT is(found($$INSERT INTO restate.held_service VALUES ('Svc', NULL, now() - interval '1 hour', 'ann')$$, 's.detail'), 'service_held held by ann', 'without a reason');
SELECT is(found($$INSERT INTO restate.timer SELECT 'sleep', now() - n * interval '1 hour', id, n, partition_key FROM restate.invocation, generate_series(1, 3) AS n WHERE id = inv('asleep')$$, $$s.age || ' ' || s.detail$$),
  'overdue 03:00:00 3 sleeps are over, and no restate_tick() has come to it', 'of sleeps: the first');
SELECT is(found($$DELETE FROM restate.deployment WHERE id = dp('old'); UPDATE restate.invocation SET pinned_deployment_id = NULL, pinned_service_protocol_version = NULL WHERE id <> inv('begun')$$, 'labelled(s.detail)'),
  'deployment_gone it is pinned to old, which is not registered', 'of a deployment that is gone: which');

-- who may read the view needs nothing else
CREATE ROLE stuck_reader;
GRANT stuck_reader TO CURRENT_USER;
GRANT USAGE ON SCHEMA restate, restate_api TO stuck_reader;
GRANT SELECT ON restate.sys_stuck, restate_api.stuck, restate.sys_deployment_blocker, restate_api.deployment_blockers TO stuck_reader;
UPDATE restate.invocation SET modified_at = now() - interval '90 seconds' WHERE id = inv('ready');
UPDATE restate.invocation SET modified_at = now() - interval '1 hour', inboxed_at = now() - interval '1 hour' WHERE id IN (inv('holder'), inv('first'));
SELECT inv('ready') AS ready \gset
SET ROLE stuck_reader;
SELECT results_eq('SELECT reason FROM restate.sys_stuck ORDER BY since', $$VALUES ('key_blocked'), ('unclaimed')$$, 'a reader of the view reads it');
SELECT results_eq(format('SELECT reason FROM restate.sys_stuck WHERE id = %L', :'ready'), $$VALUES ('unclaimed')$$, 'by id');
SELECT results_eq($$SELECT reason FROM restate.sys_stuck WHERE target_service_name = 'Obj'$$, $$VALUES ('key_blocked')$$, 'by service');
SELECT is_empty($$SELECT FROM restate.sys_stuck WHERE reason = 'paused'$$, 'by reason');
SELECT results_eq($$SELECT to_jsonb(s) ->> 'age' FROM restate_api.stuck AS s WHERE reason = 'unclaimed'$$, $$VALUES ('PT90S')$$, 'through PostgREST its age is a duration');
SELECT matches((SELECT to_jsonb(s) ->> 'since' FROM restate_api.stuck AS s WHERE reason = 'unclaimed'), '^\d{4}-\d\d-\d\dT[\d:.]+Z$', 'and since when a time');
SELECT results_eq('SELECT count(*) FROM restate_api.deployment_blockers', 'SELECT count(*) FROM restate.sys_deployment_blocker', 'as are blockers');
RESET ROLE;

-- what deployments are needed for
CREATE VIEW blocker AS
SELECT labelled(b.deployment_id::text) AS deployment, b.blocker, b.service_name, b.status, b.count, labelled(b.oldest_id::text) AS oldest FROM restate.sys_deployment_blocker AS b;
UPDATE restate.invocation SET created_at = now() - interval '1 day', pinned_deployment_id = dp('old'), pinned_service_protocol_version = 6 WHERE id IN (inv('begun'), inv('caller'));
SELECT set_eq($$SELECT * FROM blocker WHERE deployment = 'old'$$,
  $$VALUES ('old', 'pinned', 'Svc', 'ready', 1::bigint, 'begun'), ('old', 'pinned', 'Svc', 'running', 1, 'running'), ('old', 'pinned', 'Svc', 'backing-off', 1, 'retrying'),
    ('old', 'pinned', 'Svc', 'paused', 1, 'paused'), ('old', 'pinned', 'Svc', 'suspended', 2, 'caller')$$, 'an older deployment: what is pinned to it');
UPDATE restate.invocation SET created_at = now() - interval '1 hour' WHERE id IN (inv('callee3'), inv('second'));
SELECT set_eq($$SELECT * FROM blocker WHERE deployment = 'dp'$$,
  $$VALUES ('dp', 'latest', 'Svc', NULL, NULL::bigint, NULL), ('dp', 'latest', 'Obj', NULL, NULL, NULL), ('dp', 'unpinned', 'Svc', 'ready', 1, 'ready'), ('dp', 'unpinned', 'Svc', 'scheduled', 3, 'callee3'),
    ('dp', 'unpinned', 'Obj', 'suspended', 2, 'alone'), ('dp', 'unpinned', 'Obj', 'pending', 2, 'second')$$,
  'the latest: what will run on it, and its services') FROM (SELECT name_it('alone', least(inv('alone'), inv('holder'))::text), name_it('holder', greatest(inv('alone'), inv('holder'))::text)) AS named;
SELECT is((SELECT min(b.oldest_at) FROM restate.sys_deployment_blocker AS b WHERE b.deployment_id = dp('old')), now() - interval '1 day', 'and since when');
SELECT set_eq('SELECT id FROM restate.sys_deployment WHERE NOT drained', 'SELECT DISTINCT deployment_id FROM restate.sys_deployment_blocker', 'what is not drained has blockers');
DELETE FROM restate.invocation WHERE pinned_deployment_id = dp('old') AND status <> 'completed' AND id <> inv('begun');
DELETE FROM restate.deployment WHERE id = dp('old');
SELECT results_eq($$SELECT * FROM blocker WHERE deployment = 'old'$$, $$VALUES ('old', 'pinned', 'Svc', 'ready', 1::bigint, 'begun')$$, 'one that is gone: what is still pinned to it');
SELECT restate_kill(inv('begun')) \g /dev/null
SELECT is_empty($$SELECT * FROM blocker WHERE deployment = 'old'$$, 'until it is killed');
SELECT set_eq('SELECT id FROM restate.sys_deployment WHERE NOT drained', 'SELECT DISTINCT deployment_id FROM restate.sys_deployment_blocker', 'what is drained has none');
SELECT deploy('next', '[5,8)', '{Svc}') \g /dev/null
SELECT set_eq($$SELECT blocker, service_name FROM blocker WHERE deployment = 'next'$$, $$VALUES ('latest', 'Svc'), ('unpinned', 'Svc'), ('unpinned', 'Svc'), ('unpinned', 'Svc')$$, 'what has not begun goes to the next');

SELECT * FROM finish();
ROLLBACK;
