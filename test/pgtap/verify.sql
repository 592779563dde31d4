-- restate_verify() finds each kind of damage, and nothing where there is none.
BEGIN;
\ir ../conformance/world.sql

-- a world with a little of everything

SELECT deploy('dp', '[5,8)', '{Svc,Obj,Wf}') \g /dev/null
SELECT make('done', 'Svc/s', 'completed', jsonb_build_object('pinned_deployment_id', dp('dp'), 'pinned_service_protocol_version', 6) || '{"journal": ["Command: Input", "Command: Run ''a'' completion_id=1", "Notification: Run for=1",
    "Command: Call invocation_id_completion_id=2 result_completion_id=3", "Notification: CallInvocationId for=2", "Notification: Call for=3",
    "Notification: Signal SignalIndex=17", "Command: Output"]}'),
  make('purged', 'Svc/s', 'completed'), make('running', 'Svc/s', 'running', '{"journal": ["Command: Input", "Command: Sleep completion_id=1"]}'),
  make('scheduled', 'Svc/s', 'scheduled'), make('holder', 'Obj/k/s', 'running'), make('first', 'Obj/k/s', 'pending'),
  make('second', 'Obj/k/s', 'pending'), make('object done', 'Obj/k/s', 'completed', '{"journal": ["Command: Input"]}'),
  make('peek', 'Obj/k/peek', 'running'), make('free', 'Obj/free/s', 'running'), make('run', 'Wf/w/run', 'running'),
  make('paused', 'Svc/s', 'paused'),
  -- waits for two completions and the cancel signal, was cancelled once before, and has an awakeable that came
  make('suspended', 'Svc/s', 'suspended', jsonb_build_object('pinned_deployment_id', dp('dp'), 'pinned_service_protocol_version', 6)
    || '{"suspended_waiting_for_completions": [2, 4], "suspended_waiting_for_signals": [1, 18], "journal": ["Command: Input",
    "Command: Run completion_id=1", "Notification: Run for=1", "Command: Sleep completion_id=2", "Notification: Signal SignalIndex=1",
    "Notification: Signal SignalIndex=17", "Command: Call invocation_id_completion_id=3 result_completion_id=4",
    "Notification: CallInvocationId for=3"]}') \g /dev/null
SELECT restate_kill(inv('free')), name_it('restart', restate_restart_as_new(inv('done'), 2)::text), name_it('queued', restate_restart_as_new(inv('object done'))::text) \g /dev/null
INSERT INTO restate.journal_event (id, partition_key, event_index, after_journal_entry_index, event_type, event_json)
VALUES (inv('running'), restate_partition_key_of_id(inv('running')), 0, 0, 'TransientError', '{}');
SELECT name_it('nobody', restate_new_invocation_id()::text), name_it('elsewhere', restate_keyed_invocation_id('other')::text) \g /dev/null

-- Has an invocation run here, as if a worker had started it.
CREATE FUNCTION start(label text) RETURNS void LANGUAGE sql AS $$
  SELECT restate_adopt(ARRAY[inv($1)]);
  UPDATE restate.invocation SET last_start_at = now() WHERE id = inv($1)
$$;

-- The problems found after some statements, which are taken back.
CREATE FUNCTION found(statements text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
  told text;
BEGIN
  EXECUTE statements;
  SELECT string_agg(concat_ws(' ', v.problem, labelled(v.id::text)), ', ' ORDER BY v.problem COLLATE "C", labelled(v.id::text) COLLATE "C") INTO told
    FROM restate_verify() AS v;
  IF EXISTS (SELECT FROM restate_verify() AS v WHERE length(v.detail) < 5
    OR v.id IS NULL AND v.problem NOT IN ('revision_without_deployment', 'bulk_job_wrong', 'queued_state_stalled')) THEN
    told := told || ', without an id or a detail';
  END IF;
  RAISE EXCEPTION USING ERRCODE = 'UNDO0';
EXCEPTION WHEN SQLSTATE 'UNDO0' THEN
  RETURN coalesce(told, 'nothing');
END $$;

CREATE TABLE damage (n int GENERATED ALWAYS AS IDENTITY, statements text, want text, rule text);
\set sizes ' UPDATE restate.invocation AS i SET (journal_size, journal_commands_size) = (SELECT count(*), count(*) FILTER (WHERE j.entry_type < ''Notification: Run'') FROM restate.journal AS j WHERE j.id = i.id)'
INSERT INTO damage (statements, want, rule) VALUES
  ($$DELETE FROM restate.invocation WHERE id = inv('done')$$, 'journal_without_invocation done', 'a journal of none'),
  ($$DELETE FROM restate.journal WHERE id = inv('running'); DELETE FROM restate.invocation WHERE id = inv('running')$$, 'events_without_invocation running', 'events of none'),
  ($$UPDATE restate.invocation SET journal_size = 9 WHERE id = inv('done')$$, 'journal_size done', 'a size that is too large'),
  ($$UPDATE restate.invocation SET journal_commands_size = 3 WHERE id = inv('done')$$, 'journal_size done', 'too few commands'),
  ($$UPDATE restate.invocation SET journal_size = 0, journal_commands_size = 0 WHERE id = inv('done')$$, 'journal_size done', 'no size where there is a journal'),
  ($$UPDATE restate.invocation SET journal_size = 1 WHERE id = inv('purged')$$, 'journal_size purged', 'a size where there is no journal'),
  ($$UPDATE restate.invocation SET journal_size = 1, journal_commands_size = 1 WHERE id = inv('scheduled')$$, 'journal_size scheduled', 'a size before the start'),
  ($$UPDATE restate.journal SET index = 8 WHERE id = inv('done') AND index = 6$$, 'journal_gap done', 'a gap'),
  ($$UPDATE restate.journal SET index = index + 1 WHERE id = inv('restart') AND index = 2; UPDATE restate.journal SET index = 4294967295 WHERE id = inv('restart') AND index = 3$$, 'journal_gap restart', 'a gap before the last index possible'),
  ($$DELETE FROM restate.journal WHERE id = inv('done') AND index = 0; $$ || :'sizes', 'journal_gap done', 'a journal without its first entry'),
  ($$UPDATE restate.journal SET entry_type = 'Command: SetState' WHERE id = inv('done') AND index = 0$$, 'input_misplaced done', 'a journal that begins with something else'),
  ($$UPDATE restate.journal SET entry_type = 'Command: Input' WHERE id = inv('done') AND index = 7$$, 'input_misplaced done', 'a second input'),
  ($$DELETE FROM restate.journal WHERE id = inv('peek'); $$ || :'sizes', 'input_missing peek', 'one that runs without an input'),
  ($$UPDATE restate.journal SET completion_id = 1 WHERE id = inv('done') AND index = 5$$, 'completion_repeated done', 'a completion that came twice'),
  ($$UPDATE restate.journal SET completion_id = 77 WHERE id = inv('done') AND index = 2$$, 'completion_unasked done', 'a completion that nobody waits for'),
  ($$UPDATE restate.journal SET index = 99 WHERE id = inv('done') AND index = 1; UPDATE restate.journal SET index = 1 WHERE id = inv('done') AND index = 2; UPDATE restate.journal SET index = 2 WHERE id = inv('done') AND index = 99$$,
    'completion_unasked done', 'a completion before its command'),
  ($$UPDATE restate.journal SET completion_id = NULL WHERE id = inv('running') AND index = 1$$, 'entry_malformed running', 'a command without its completion id'),
  ($$UPDATE restate.journal SET completion_id = 77 WHERE id = inv('done') AND index = 7$$, 'entry_malformed done', 'a command with one too many'),
  ($$UPDATE restate.journal SET completion_id = 77 WHERE id = inv('done') AND index = 6$$, 'completion_unasked done, entry_malformed done', 'a signal with one'),
  ($$UPDATE restate.journal SET result_completion_id = NULL WHERE id = inv('done') AND index = 3$$, 'completion_unasked done, entry_malformed done', 'a call without its result''s'),
  ($$UPDATE restate.journal SET result_completion_id = 78 WHERE id = inv('running') AND index = 1$$, 'entry_malformed running', 'another command with one'),
  ($$UPDATE restate.journal SET invoked_id = NULL WHERE id = inv('done') AND index = 3$$, 'entry_malformed done', 'a call without its callee'),
  ($$UPDATE restate.journal SET invoked_id = NULL WHERE id = inv('done') AND index = 4$$, 'entry_malformed done', 'the notification of it'),
  ($$UPDATE restate.journal SET invoked_id = inv('done') WHERE id = inv('done') AND index = 5$$, 'entry_malformed done', 'another notification with one'),
  ($$UPDATE restate.object_key SET holder = inv('nobody') WHERE service_key = 'free'$$, 'key_held_by_other nobody', 'a key that none holds'),
  ($$UPDATE restate.object_key SET holder = inv('free') WHERE service_key = 'free'$$, 'key_held_by_other free', 'a key of one that completed'),
  ($$UPDATE restate.object_key SET holder = inv('running') WHERE service_key = 'free'$$, 'key_held_by_other running', 'a key of one that is no object''s'),
  ($$UPDATE restate.object_key SET holder = inv('first') WHERE service_key = 'k'$$, 'key_held_by_other first, key_not_held holder', 'a key of one that waits for it'),
  ($$UPDATE restate.object_key SET holder = inv('peek') WHERE service_key = 'k'$$, 'key_held_by_other peek, key_not_held holder', 'a key of a shared handler'),
  ($$UPDATE restate.object_key SET holder = inv('holder') WHERE service_key = 'free'$$, 'key_held_by_other holder', 'two keys of one'),
  ($$UPDATE restate.object_key SET holder = NULL WHERE service_key = 'k'$$, 'inbox_stalled first, inbox_stalled queued, inbox_stalled second, key_not_held holder', 'a key that is free though one runs'),
  ($$DELETE FROM restate.object_key WHERE service_key = 'k'$$, 'inbox_stalled first, inbox_stalled queued, inbox_stalled second, key_not_held holder', 'a key without a row'),
  ($$SELECT make('other', 'Obj/free/s', 'running'); UPDATE restate.invocation SET target_service_key = 'k', partition_key = partition_key WHERE id = inv('other'); UPDATE restate.object_key SET holder = NULL WHERE service_key = 'free'$$,
    'key_moved other, key_not_held other', 'two that run on one key'),
  ($$UPDATE restate.object_key SET next_sequence_number = 2 WHERE service_key = 'k'$$, 'inbox_order queued', 'a counter behind the inbox'),
  ($$UPDATE restate.invocation SET target_handler_ty = 'shared' WHERE id = inv('first')$$, 'inbox_without_key first', 'a shared handler that waits'),
  ($$UPDATE restate.invocation SET status = 'pending', inbox_sequence_number = 0 WHERE id = inv('scheduled')$$, 'inbox_without_key scheduled', 'a service that waits'),
  ($$UPDATE restate.invocation SET restarted_from = inv('elsewhere') WHERE id = inv('restart')$$, 'restart_moved restart', 'a restart with another partition key'),
  ($$UPDATE restate.invocation SET target_service_key = 'x' WHERE id = inv('object done')$$, 'key_moved object done', 'an id that is not of its key'),
  ($$UPDATE restate.invocation SET target_service_key = 'x' WHERE id = inv('run')$$, 'key_moved run', 'of a workflow neither'),
  ($$UPDATE restate.invocation SET suspended_waiting_for_completions = '{2, 1}' WHERE id = inv('suspended')$$, 'wakeup_lost suspended', 'one that waits for a completion that is there'),
  ($$UPDATE restate.invocation SET suspended_waiting_for_completions = '{4, 3}' WHERE id = inv('suspended')$$, 'wakeup_lost suspended', 'for the id of a callee that is there'),
  ($$INSERT INTO restate.journal (id, partition_key, index, entry_type, completion_id) VALUES (inv('suspended'), restate_partition_key_of_id(inv('suspended')), 8, 'Notification: Call', 4); $$ || :'sizes',
    'wakeup_lost suspended', 'a completion that came and woke nobody'),
  ($$UPDATE restate.invocation SET suspended_waiting_for_signals = '{17}' WHERE id = inv('suspended')$$, 'wakeup_lost suspended', 'one that waits for an awakeable that has come'),
  ($$UPDATE restate.invocation SET suspended_waiting_for_completions = NULL, suspended_waiting_for_signals = NULL WHERE id = inv('suspended')$$, 'suspended_on_nothing suspended', 'one that waits for nothing'),
  ($$UPDATE restate.invocation SET suspended_waiting_for_completions = '{}', suspended_waiting_for_signals = '{}' WHERE id = inv('suspended')$$, 'suspended_on_nothing suspended', 'one that waits for none of both'),
  ($$UPDATE restate.invocation SET pause_requested = true WHERE id = inv('paused')$$, 'pause_left paused', 'a pause asked of one that is paused'),
  ($$UPDATE restate.invocation SET pause_requested = true WHERE id = inv('suspended')$$, 'pause_left suspended', 'one that was suspended though it was to be paused'),
  ($$DELETE FROM restate.service_revision; DELETE FROM restate.deployment$$, 'pinned_without_deployment suspended', 'a deployment removed below one in flight'),
  ($$UPDATE restate.invocation SET pinned_deployment_id = restate_new_deployment_id(), pinned_service_protocol_version = 6, last_start_at = now() WHERE id IN (inv('done'), inv('restart'))$$,
    'pinned_without_deployment restart, runnable_wrong restart, runnable_wrong restart', 'a restart that was attempted on a deployment that is gone'),
  ($$INSERT INTO restate.service_revision (service_name, revision, deployment_id, ty) VALUES ('Gone', 1, restate_new_deployment_id(), 'service')$$, 'revision_without_deployment', 'a revision that nothing serves'),
  ($$DELETE FROM restate.runnable WHERE id = inv('restart')$$, 'runnable_wrong restart', 'one that is ready and cannot be claimed'),
  ($$UPDATE restate.runnable SET ready_at = ready_at - interval '1 second' WHERE id = inv('restart')$$, 'runnable_wrong restart, runnable_wrong restart', 'one that can be claimed in another place than it is in'),
  ($$UPDATE restate.invocation SET status = 'paused' WHERE id = inv('restart')$$, 'runnable_wrong restart', 'one that can be claimed though it is paused'),
  ($$INSERT INTO restate.waiter VALUES (inv('done'), inv('running'), 1, 'call', restate_partition_key_of_id(inv('done')))$$, 'waiter_wrong done', 'one that waits for what has completed'),
  ($$INSERT INTO restate.waiter VALUES (inv('paused'), inv('running'), 1, 'call', restate_partition_key_of_id(inv('paused')))$$, 'waiter_wrong paused', 'one whom nobody would answer'),
  ($$UPDATE restate.invocation SET attempt = 1 WHERE id = inv('paused')$$, 'attempt_wrong paused', 'an attempt of one that is paused'),
  ($$SELECT start('peek'); UPDATE restate.invocation SET status = 'running' WHERE id = inv('peek'); DELETE FROM restate.runnable WHERE id = inv('peek')$$, 'attempt_wrong peek', 'one that runs without an attempt'),
  ($$UPDATE restate.invocation SET attempt = 1, worker_name = 'gone', is_foreign = NULL WHERE id = inv('peek')$$, 'worker_missing peek', 'an attempt whose worker is not known'),
  ($$UPDATE restate.invocation SET asked_completion_id = 9 WHERE id = inv('suspended')$$, 'asked_wrong suspended', 'a completion said to be asked for that was not'),
  ($$UPDATE restate.invocation SET asked_completion_id = 3 WHERE id = inv('suspended')$$, 'asked_wrong suspended', 'the second completion of a call not said to be asked for'),
  ($$UPDATE restate.invocation SET asked_completion_id = -1 WHERE id = inv('running')$$, 'asked_wrong running', 'a completion that was asked for and is said not to be'),
  ($$UPDATE restate.invocation SET asked_completion_id = 0 WHERE id = inv('peek')$$, 'asked_wrong peek', 'a completion where the journal asks for none'),
  ($$SELECT start('suspended'); DELETE FROM restate.timer WHERE kind = 'sleep'$$, 'answer_lost suspended', 'a sleep that does not end'),
  ($$SELECT start('suspended'); UPDATE restate.timer SET completion_id = 3 WHERE kind = 'sleep'$$, 'answer_lost suspended', 'a sleep that ends as another'),
  ($$SELECT start('suspended'); DELETE FROM restate.waiter WHERE caller = inv('suspended')$$, 'answer_lost suspended', 'a call whose result is not sent'),
  ($$SELECT start('suspended'); UPDATE restate.journal SET completion_id = 2 WHERE id = inv('suspended') AND index = 7; UPDATE restate.journal SET completion_id = 5 WHERE id = inv('suspended') AND index = 3$$,
    'answer_lost suspended, answer_lost suspended, completion_unasked suspended, wakeup_lost suspended', 'a callee whose id is not told'),
  ($$UPDATE restate.invocation SET is_foreign = NULL, scheduled_start_at = now() + interval '1 day' WHERE id = inv('scheduled')$$, 'timer_missing scheduled', 'a start that is not due'),
  ($$UPDATE restate.invocation SET status = 'backing-off', next_retry_at = now(), is_foreign = NULL, last_start_at = now() WHERE id = inv('peek'); INSERT INTO restate.timer SELECT 'retry', now() + interval '1 second', id, -1, partition_key FROM restate.invocation WHERE id = inv('peek')$$,
    'timer_missing peek', 'a retry that is due at another time'),
  ($$INSERT INTO restate.promise VALUES ('Wf', 'w', 'p', restate_partition_key_of_key('w'), true, 'v'); INSERT INTO restate.promise_waiter VALUES ('Wf', 'w', 'p', restate_partition_key_of_key('w'), inv('run'), 1)$$,
    'promise_waiter_wrong run', 'one that waits for a promise that is completed'),
  ($$INSERT INTO restate.undelivered_result (id, partition_key, random_seed, completed_at, value) SELECT id, partition_key, random_seed, now(), 'v' FROM restate.invocation WHERE id = inv('peek')$$,
    'result_early peek', 'a result of what has not completed'),
  ($$SELECT FROM restate_bulk_start('cancel', '{"all": true}'); DELETE FROM restate.bulk_target WHERE id = inv('running')$$, 'bulk_job_wrong', 'a bulk job that has lost some of its set'),
  ($$SELECT FROM restate_bulk_start('cancel', '{"all": true}'); UPDATE restate.bulk_job SET state = 'aborted'$$, 'bulk_job_wrong', 'a set that is left of a bulk job which has ended'),
  ($$SELECT FROM restate_bulk_start('cancel', '{"all": true}'); DELETE FROM restate.bulk_job$$, 'bulk_job_wrong', 'a set of no bulk job'),
  ($$INSERT INTO restate.queued_state VALUES ('None', 'k', restate_partition_key_of_key('k'), 0, '{}', NULL, now())$$, 'queued_state_stalled', 'a change of a state for a key that nobody holds');

SELECT plan((SELECT count(*) FROM damage)::int + 16);

SELECT is(found('SELECT 1'), 'nothing', 'nothing where nothing is broken');
SELECT is(found('DELETE FROM restate.journal; DELETE FROM restate.journal_event; DELETE FROM restate.invocation; DELETE FROM restate.object_key; DELETE FROM restate.runnable'), 'nothing', 'nothing where nothing is');

-- what is no damage
SELECT is(found($$DELETE FROM restate.service_revision; DELETE FROM restate.deployment; SELECT restate_kill(inv('suspended'));
  SELECT restate_restart_as_new(inv('done'), 2, 'keep')$$), 'nothing', 'a restart may be kept on a deployment that is removed');
SELECT is(found($$UPDATE restate.invocation SET suspended_waiting_for_signals = '{1}' WHERE id = inv('suspended')$$), 'nothing',
  'a cancel signal may be waited for again: it is taken once');
SELECT is(found($$UPDATE restate.invocation SET suspended_waiting_for_completions = NULL WHERE id = inv('suspended')$$), 'nothing', 'signals alone can be waited for');
SELECT is(found($$UPDATE restate.invocation SET suspended_waiting_for_signals = NULL WHERE id = inv('suspended')$$), 'nothing', 'completions alone too');
SELECT is(found($$UPDATE restate.invocation SET pause_requested = true WHERE id = inv('running')$$), 'nothing', 'a pause may wait for one that runs');
SELECT is(found($$INSERT INTO restate.worker VALUES ('silent', '2026-01-02'); UPDATE restate.invocation SET attempt = 1, worker_name = 'silent', is_foreign = NULL WHERE id = inv('peek')$$), 'nothing',
  'a worker may be silent: a tick takes its attempts');
SELECT is(found($$SELECT start('suspended'), start('scheduled'), start('running')$$), 'nothing', 'what is adopted has what it waits for');
SELECT is(found($$UPDATE restate.invocation SET asked_completion_id = CASE id WHEN inv('suspended') THEN 4 WHEN inv('done') THEN 2 ELSE -1 END WHERE id IN (inv('suspended'), inv('done'), inv('peek'))$$), 'nothing', 'what was asked for last may be said, and of one that has completed nothing relies on it');
SELECT is(found($$SELECT start('running'); UPDATE restate.journal SET entry_type = 'Command: Run' WHERE id = inv('running') AND index = 1; DELETE FROM restate.timer WHERE kind = 'sleep'$$), 'nothing', 'a run is up to the attempt');

SELECT is(found(statements), want, format('%s: %s', rule, want)) FROM damage ORDER BY n;

SELECT is_empty($$SELECT (regexp_matches((SELECT prosrc FROM pg_proc WHERE oid = 'restate_verify()'::regprocedure), '(?:SELECT |ARRAY\[|, )''([a-z]+(?:_[a-z]+)+)''', 'g'))[1]
  EXCEPT SELECT regexp_split_to_table(regexp_replace(want, '([a-z_]+) [^,]*', '\1', 'g'), ', ') FROM damage$$, 'every kind of damage was planted');
SELECT cmp_ok((SELECT count(DISTINCT m) FROM regexp_matches((SELECT prosrc FROM pg_proc WHERE oid = 'restate_verify()'::regprocedure), '(?:SELECT |ARRAY\[|, )''([a-z]+(?:_[a-z]+)+)''', 'g') AS m), '>=', 17::bigint,
  'the kinds are read from the function');
SELECT is_empty($$SELECT * FROM restate_verify()$$, 'it stays so under another search path') FROM set_config('search_path', 'conformance, pg_temp, public', true);

-- and it is granted
CREATE ROLE conformance_verifier;
GRANT conformance_verifier TO CURRENT_USER;
SET ROLE conformance_verifier;
SELECT has_function_privilege('restate_verify()', 'EXECUTE') AS may \gset
RESET ROLE;
SELECT is(:'may'::text, 'f', 'it is not for everybody');

SELECT is_empty('SELECT * FROM restate_verify()', 'nothing is broken at the end');

SELECT * FROM finish();
ROLLBACK;
