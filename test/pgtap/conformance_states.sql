-- Every operation on an invocation in every state: the outcome or the error,
-- and all that it changes in the tables.
BEGIN;
\ir ../conformance/world.sql

SELECT deploy('dpA', '[5,8)', '{Svc,Obj,Wf}'), deploy('dpB', '[5,8)', '{Svc,Obj,Wf}') \g /dev/null

-- the operations

CREATE TABLE operation (operation text PRIMARY KEY, expression text NOT NULL);
INSERT INTO operation VALUES
  ('purge journal', 'restate_purge_journal(inv(''self''))'),
  ('delete', 'restate_delete_invocation(inv(''self''))'),
  ('delete kill', 'restate_delete_invocation(inv(''self''), ''kill'')'),
  ('delete purge', 'restate_delete_invocation(inv(''self''), ''purge'')'),
  ('restart', 'restate_restart_as_new(inv(''self''))'),
  ('kill', 'restate_kill(inv(''self''))'),
  ('cancel', 'restate_cancel(inv(''self''))'),
  ('purge', 'restate_purge(inv(''self''))'),
  ('pause', 'restate_pause(inv(''self''))'),
  ('resume', 'restate_resume(inv(''self''))');

-- the states

CREATE TABLE state (state text PRIMARY KEY, target text, status text, facts jsonb);
INSERT INTO state
SELECT state, target, status,
  CASE WHEN status IN ('pending', 'scheduled') THEN '{}'
    ELSE jsonb_build_object('pinned_deployment_id', dp('dpA'), 'pinned_service_protocol_version', 6) END || facts::jsonb
FROM (VALUES
  ('completed, success', 'Svc/steps', 'completed', '{"journal": ["Command: Input", "Command: Run ''a'' completion_id=1", "Notification: Run for=1", "Command: Output"]}'),
  ('completed, failure', 'Svc/steps', 'completed', '{"completion_result": "failure", "completion_failure": "[418] boom", "journal": ["Command: Input", "Command: Output"]}'),
  ('completed, killed', 'Svc/steps', 'completed', '{"completion_result": "failure", "completion_failure": "[409] killed", "journal": ["Command: Input"]}'),
  ('completed, no journal kept', 'Svc/steps', 'completed', '{"journal_retention": "PT0S"}'),
  ('completed, journal purged', 'Svc/steps', 'completed', '{}'),
  ('completed, object', 'Obj/k/steps', 'completed', '{"journal": ["Command: Input", "Command: SetState", "Command: Output"]}'),
  ('completed, workflow', 'Wf/w/run', 'completed', '{"journal": ["Command: Input", "Command: Output"]}'),
  ('running', 'Svc/steps', 'running', '{"retry_count": 1, "journal": ["Command: Input", "Command: Run ''a'' completion_id=1"]}'),
  ('ready', 'Svc/steps', 'ready', '{}'),
  ('suspended', 'Svc/steps', 'suspended', '{"suspended_waiting_for_completions": [2], "suspended_waiting_for_signals": [1], "journal": ["Command: Input", "Command: Sleep completion_id=2"]}'),
  ('suspended, deaf to cancel', 'Svc/steps', 'suspended', '{"suspended_waiting_for_completions": [], "suspended_waiting_for_signals": [17]}'),
  ('backing off', 'Svc/steps', 'backing-off', '{"retry_count": 3, "last_start_at": true, "next_retry_at": true, "last_failure": "[500] boom", "last_failure_error_code": "RT0007", "last_attempt_server": "s", "last_failure_related_command_index": 1, "last_failure_related_command_name": "a", "last_failure_related_command_type": "Run"}'),
  ('paused', 'Svc/steps', 'paused', '{"retry_count": 3, "last_failure": "[500] boom"}'),
  ('running, to be paused', 'Svc/steps', 'running', '{"pause_requested": true}'),
  ('scheduled', 'Svc/steps', 'scheduled', '{"scheduled_at": true, "scheduled_start_at": true}'),
  ('scheduled, object', 'Obj/k/steps', 'scheduled', '{"scheduled_at": true, "scheduled_start_at": true}'),
  ('inboxed', 'Obj/k/steps', 'pending', '{"inboxed_at": true}'),
  ('inboxed with a journal', 'Obj/k/steps', 'pending', '{"inboxed_at": true, "journal": ["Command: Input", "Command: Run ''a'' completion_id=1", "Notification: Run for=1"]}'),
  ('unknown', NULL, NULL, '{}')
) AS s (state, target, status, facts);

-- Makes the invocation "self" in a state, with what a purge must take along
-- and with neighbours that nothing may touch.
CREATE FUNCTION set_up(state text) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
  self restate_invocation_id;
  s state;
BEGIN
  SELECT * INTO STRICT s FROM state WHERE state.state = set_up.state;
  PERFORM make('neighbour', 'Svc/steps', 'running');
  INSERT INTO restate.object_state (service_name, service_key, key, partition_key, value)
    SELECT service, key, 'v', restate_partition_key_of_key(key), '1' FROM (VALUES ('Wf', 'w'), ('Wf', 'other'), ('Obj', 'k')) AS t (service, key);
  INSERT INTO restate.promise (service_name, service_key, key, partition_key)
    SELECT 'Wf', key, 'p', restate_partition_key_of_key(key) FROM unnest('{w,other}'::text[]) AS key;
  IF s.target LIKE 'Obj/%' AND s.status = 'pending' THEN
    PERFORM make('holder', 'Obj/k/steps', 'running');
    PERFORM make('ahead', 'Obj/k/steps', 'pending');
  END IF;
  IF s.status IS NULL THEN
    PERFORM name_it('self', restate_new_invocation_id()::text);
  ELSE
    PERFORM make('self', s.target, s.status, s.facts);
    self := inv('self');
    PERFORM FROM restate.journal AS j WHERE j.id = self;
    IF FOUND AND s.status <> 'pending' THEN
      INSERT INTO restate.journal_event (id, partition_key, event_index, after_journal_entry_index, event_type, event_json)
        SELECT id::restate_invocation_id, restate_partition_key_of_id(id::restate_invocation_id), 0, 0, 'TransientError', '{}'
        FROM label WHERE label IN ('self', 'neighbour');
    END IF;
  END IF;
END $$;

-- the outcomes

CREATE TABLE cell (operation text, state text, result text, changes text, wrong text, broken text);

-- Runs an operation on an invocation in a state, and takes all of it back.
CREATE FUNCTION run_cell(operation text, state text) RETURNS cell LANGUAGE plpgsql AS $$
DECLARE
  result jsonb;
  c cell := (operation, state, NULL, NULL, NULL, NULL);
BEGIN
  PERFORM set_up(state);
  PERFORM remember();
  result := call((SELECT o.expression FROM operation AS o WHERE o.operation = run_cell.operation));
  c.result := coalesce(result ->> 'value', result ->> 'category');
  IF result ? 'category' THEN
    c.wrong := wrong_error(result, result ->> 'category', inv('self')::text);
  ELSIF operation = 'restart' THEN
    PERFORM name_it('new', c.result);
    c.result := 'restarted';
  END IF;
  c.changes := regexp_replace(changes(), ' random_seed=-?\d+', '', 'g');
  c.broken := broken();
  RAISE EXCEPTION USING ERRCODE = 'UNDO0';
EXCEPTION WHEN SQLSTATE 'UNDO0' THEN
  RETURN c;
END $$;

INSERT INTO cell SELECT c.* FROM operation AS o CROSS JOIN state AS s CROSS JOIN LATERAL run_cell(o.operation, s.state) AS c;

-- what the outcomes are to be

CREATE TABLE expected (operations text[], states text[], result text, changes text);

CREATE FUNCTION states(pattern text) RETURNS text[] LANGUAGE sql STABLE AS $$
  SELECT array_agg(state) FROM state WHERE state ~ pattern
$$;

\set all '{purge journal,delete,delete kill,delete purge,restart,kill,cancel,purge,pause,resume}'
\set end '{delete,delete kill,kill,cancel}'
\set kept '^completed, (success|failure|killed|object|workflow)'
\set started '^(running|ready|suspended|backing|paused)'
\set waiting '^(scheduled|inboxed)'

INSERT INTO expected VALUES
  (:'all', '{unknown}', 'invocation_not_found', ''),
  ('{delete,delete kill,kill,cancel,resume}', states('^completed'), 'already_completed', ''),
  ('{restart}', states('^completed, (no journal|journal purged)'), 'input_not_available', ''),
  ('{restart}', '{"completed, workflow"}', 'restart_not_supported', ''),
  ('{restart}', states(:'started'), 'still_running', ''),
  ('{restart,resume}', states(:'waiting'), 'not_started', ''),
  ('{purge journal,purge}', states(:'started') || states(:'waiting'), 'not_completed', ''),
  ('{pause}', states('^completed') || states(:'waiting'), 'not_running', ''),
  ('{delete purge}', states(:'started') || states(:'waiting'), 'unchanged', ''),
  ('{purge journal}', states('^completed, (no journal|journal purged)'), 'unchanged', ''),
  ('{pause}', states('^(suspended|paused)'), 'unchanged', ''),
  ('{resume}', '{running,ready}', 'unchanged', ''),
  ('{pause}', '{"running, to be paused"}', 'pausing', ''),

  -- purging
  ('{purge journal}', '{"completed, success"}', 'purged', $$- event self/0
~ invocation self: journal_commands_size=0 journal_size=0
- journal self/0
- journal self/1
- journal self/2
- journal self/3$$),
  ('{purge journal}', '{"completed, object"}', 'purged', $$- event self/0
~ invocation self: journal_commands_size=0 journal_size=0
- journal self/0
- journal self/1
- journal self/2$$),
  ('{purge journal}', '{"completed, failure","completed, workflow"}', 'purged', $$- event self/0
~ invocation self: journal_commands_size=0 journal_size=0
- journal self/0
- journal self/1$$),
  ('{purge journal}', '{"completed, killed"}', 'purged', $$- event self/0
~ invocation self: journal_commands_size=0 journal_size=0
- journal self/0$$),
  ('{purge,delete purge}', '{"completed, success"}', 'purged', $$- event self/0
- invocation self
- journal self/0
- journal self/1
- journal self/2
- journal self/3$$),
  ('{purge,delete purge}', '{"completed, object"}', 'purged', $$- event self/0
- invocation self
- journal self/0
- journal self/1
- journal self/2$$),
  ('{purge,delete purge}', '{"completed, workflow"}', 'purged', $$- event self/0
- invocation self
- journal self/0
- journal self/1
- promise Wf/w/p
- state Wf/w/v$$),
  ('{purge,delete purge}', '{"completed, failure"}', 'purged', $$- event self/0
- invocation self
- journal self/0
- journal self/1$$),
  ('{purge,delete purge}', '{"completed, killed"}', 'purged', $$- event self/0
- invocation self
- journal self/0$$),
  ('{purge,delete purge}', states('^completed, (no journal|journal purged)'), 'purged', '- invocation self'),

  -- ending
  ('{kill,delete kill}', '{"backing off"}', 'killed', '~ invocation self: completed_at=now completion_failure=[409] killed completion_result=failure last_attempt_server= last_failure= last_failure_error_code= last_failure_related_command_index= last_failure_related_command_name= last_failure_related_command_type= last_start_at= modified_at=now next_retry_at= retry_count= status=completed'),
  ('{kill,delete kill}', '{paused}', 'killed', '~ invocation self: completed_at=now completion_failure=[409] killed completion_result=failure modified_at=now status=completed'),
  ('{kill,delete kill}', '{"running, to be paused"}', 'killed', '~ invocation self: completed_at=now completion_failure=[409] killed completion_result=failure modified_at=now pause_requested=false status=completed'),
  ('{kill,delete kill}', '{running}', 'killed', '~ invocation self: completed_at=now completion_failure=[409] killed completion_result=failure modified_at=now retry_count= status=completed'),
  ('{kill,delete kill}', states('^suspended'), 'killed', '~ invocation self: completed_at=now completion_failure=[409] killed completion_result=failure modified_at=now status=completed suspended_waiting_for_completions= suspended_waiting_for_signals='),
  ('{kill,delete kill}', '{ready}', 'killed', '~ invocation self: completed_at=now completion_failure=[409] killed completion_result=failure modified_at=now status=completed'),
  (:'end', '{scheduled,"scheduled, object",inboxed}', 'removed', '- invocation self'),
  (:'end', '{inboxed with a journal}', 'removed', $$- invocation self
- journal self/0
- journal self/1
- journal self/2$$),
  ('{cancel,delete}', '{ready,"suspended, deaf to cancel",backing off,"running, to be paused"}', 'signalled', $$~ invocation self: journal_size=2
+ journal self/1: appended_at=now entry_type=Notification: Signal meta={"result": "Void"} signal_index=1 version=2$$),
  ('{cancel,delete}', '{running}', 'signalled', $$~ invocation self: journal_size=3
+ journal self/2: appended_at=now entry_type=Notification: Signal meta={"result": "Void"} signal_index=1 version=2$$),
  ('{cancel,delete}', '{suspended}', 'signalled', $$~ invocation self: journal_size=3 modified_at=now status=ready suspended_waiting_for_completions= suspended_waiting_for_signals=
+ journal self/2: appended_at=now entry_type=Notification: Signal meta={"result": "Void"} signal_index=1 version=2$$),
  ('{cancel,delete}', '{paused}', 'signalled', $$~ invocation self: journal_size=2 modified_at=now status=ready
+ journal self/1: appended_at=now entry_type=Notification: Signal meta={"result": "Void"} signal_index=1 version=2$$),

  -- pausing and resuming
  ('{pause}', '{running}', 'pausing', '~ invocation self: pause_requested=true'),
  ('{pause}', '{backing off}', 'paused', $$+ event self/1: after_journal_entry_index=0 appended_at=now event_json={"ty": "Paused", "last_failure": {}} event_type=Paused
~ invocation self: modified_at=now next_retry_at= status=paused$$),
  ('{pause}', '{ready}', 'paused', $$+ event self/1: after_journal_entry_index=0 appended_at=now event_json={"ty": "Paused"} event_type=Paused
~ invocation self: modified_at=now status=paused$$),
  ('{resume}', '{backing off}', 'resumed', '~ invocation self: modified_at=now next_retry_at= status=ready'),
  ('{resume}', states('^suspended'), 'resumed', '~ invocation self: modified_at=now status=ready suspended_waiting_for_completions= suspended_waiting_for_signals='),
  ('{resume}', '{paused}', 'resumed', '~ invocation self: modified_at=now status=ready'),
  ('{resume}', '{"running, to be paused"}', 'resumed', '~ invocation self: pause_requested=false'),

  -- restarting, from the input
  ('{restart}', '{"completed, success","completed, failure","completed, killed"}', 'restarted', $$+ invocation new: completion_retention=1 day created_at=now invoked_by=restart_as_new journal_commands_size=1 journal_retention=1 day journal_size=1 modified_at=now pause_requested=false pinned_deployment_id=dpB pinned_service_protocol_version=6 restarted_from=self running_at=now status=ready target_handler_name=steps target_service_name=Svc target_service_ty=service
+ journal new/0: appended_at=2026-01-02T00:00:00+00:00 entry_type=Command: Input meta={"headers": [{"name": "h", "value": "v"}]} name= payload=\x31 version=2$$),
  ('{restart}', '{"completed, object"}', 'restarted', $$+ invocation new: completion_retention=1 day created_at=now invoked_by=restart_as_new journal_commands_size=1 journal_retention=1 day journal_size=1 modified_at=now pause_requested=false pinned_deployment_id=dpB pinned_service_protocol_version=6 restarted_from=self running_at=now status=ready target_handler_name=steps target_handler_ty=exclusive target_service_key=k target_service_name=Obj target_service_ty=virtual_object
+ journal new/0: appended_at=2026-01-02T00:00:00+00:00 entry_type=Command: Input meta={"headers": [{"name": "h", "value": "v"}]} name= payload=\x31 version=2
+ key Obj/k: holder=new next_sequence_number=0$$);

CREATE VIEW checked AS
SELECT c.*, e.result AS want_result, e.changes AS want_changes
FROM cell AS c
LEFT JOIN expected AS e ON c.operation = ANY (e.operations) AND c.state = ANY (e.states);

SELECT plan((2 * (SELECT count(*) FROM cell) + 4)::int);

SELECT is((SELECT count(*) FROM cell), (SELECT count(*) FROM operation) * (SELECT count(*) FROM state),
  'every operation was run in every state');
SELECT is((SELECT count(*) FROM checked), (SELECT count(*) FROM cell),
  'one outcome is expected of each operation in each state');

SELECT is(result || coalesce(': ' || wrong, ''), want_result, format('%s of %s: %s', operation, state, want_result))
FROM checked ORDER BY operation, state;

SELECT is(changes, want_changes, format('%s of %s: changes %s', operation, state,
  CASE WHEN want_changes = '' THEN 'nothing' ELSE 'what it says' END))
FROM checked ORDER BY operation, state;

SELECT is((SELECT string_agg(DISTINCT broken, '; ') FROM cell), '', 'nothing is broken by any of them');
SELECT is_empty('SELECT * FROM restate_verify()', 'nothing is broken at the end');

SELECT * FROM finish();
ROLLBACK;
