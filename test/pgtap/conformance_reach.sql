-- What an operation does beside the invocation that it names: object keys and
-- their inboxes, callees, callers, retentions, the state of workflows.
BEGIN;
\ir ../conformance/world.sql

-- A caller with calls to named callees, the entries of which have ids from 2 on:
-- callee2 is called with the result 3, callee4 with 5, callee6 one-way.
CREATE FUNCTION make_caller(label text, status text, facts jsonb DEFAULT '{}', target text DEFAULT 'Svc/caller', answered text[] DEFAULT '{}')
  RETURNS void LANGUAGE plpgsql AS $$
BEGIN
  PERFORM name_it(l, CASE l WHEN 'callee4' THEN restate_keyed_invocation_id('k') ELSE restate_new_invocation_id() END::text)
    FROM unnest('{callee2,callee4,callee6}'::text[]) AS l WHERE inv(l) IS NULL;
  PERFORM make(label, target, status, facts || jsonb_build_object('journal', to_jsonb(ARRAY['Command: Input',
    'Command: Call invocation_id_completion_id=2 result_completion_id=3', 'Notification: CallInvocationId for=2',
    'Command: Call invocation_id_completion_id=4 result_completion_id=5', 'Notification: CallInvocationId for=4',
    'Command: OneWayCall invocation_id_completion_id=6', 'Notification: CallInvocationId for=6'] || answered)));
END $$;

\set killed 'completed_at=now completion_failure=[409] killed completion_result=failure modified_at=now'
\set answer 'entry_type=Notification: Call meta={"result": {"Failure": {"code": 409, "message": "killed"}}} version=2'
\set cancelled 'entry_type=Notification: Call meta={"result": {"Failure": {"code": 409, "message": "cancelled"}}} version=2'
\set called '''{"invoked_by": "service", "invoked_by_service_name": "Svc"}''::jsonb || jsonb_build_object(''invoked_by_id'', inv(''caller''))'

SELECT plan(51);

-- retentions

SELECT is(effect($$SELECT make('i', 'Svc/s', 'running', '{"completion_retention": "PT0S"}')$$, 'restate_kill(inv(''i''))'),
  E'killed\n- invocation i\n- journal i/0', 'killed: without a completion retention nothing is left');
SELECT is(effect($$SELECT make('i', 'Svc/s', 'paused', '{"completion_retention": "PT0S", "journal_retention": "PT0S"}');
    INSERT INTO restate.journal_event SELECT inv('i'), restate_partition_key_of_id(inv('i')), 0, 0, now(), 'Paused', '{}'$$,
    'restate_delete_invocation(inv(''i''), ''kill'')'),
  E'killed\n- event i/0\n- invocation i\n- journal i/0', 'killed: nor are events');
SELECT is(effect($$SELECT make('i', 'Svc/s', 'running', '{"journal_retention": "PT0S"}');
    INSERT INTO restate.journal_event SELECT inv('i'), restate_partition_key_of_id(inv('i')), 0, 0, now(), 'Paused', '{}'$$, 'restate_kill(inv(''i''))'),
  E'killed\n- event i/0\n~ invocation i: completed_at=now completion_failure=[409] killed completion_result=failure journal_commands_size=0 journal_size=0 modified_at=now status=completed\n- journal i/0',
  'killed: without a journal retention the journal is gone');
SELECT is(effect($$SELECT make('i', 'Svc/s', 'running', '{"idempotency_key": "ik"}')$$,
    'restate_kill(inv(''i'')) || (SELECT idempotency_key FROM restate.invocation WHERE id = inv(''i''))'),
  E'killedik\n~ invocation i: ' || :'killed' || ' status=completed', 'killed: the idempotency key stays');

-- object keys

\set object 'SELECT make(''holder'', ''Obj/k/s'', ''suspended'', ''{"suspended_waiting_for_signals": [1]}''), make(''first'', ''Obj/k/s'', ''pending'', ''{"inboxed_at": true}''), make(''second'', ''Obj/k/s'', ''pending''), make(''peek'', ''Obj/k/peek'', ''running''), make(''other'', ''Obj/other/s'', ''running''), make(''later'', ''Obj/k/s'', ''scheduled'');'
SELECT is(effect(:'object', 'restate_kill(inv(''holder''))'),
  E'killed\n~ invocation first: inbox_sequence_number= input_headers= input_payload= journal_commands_size=1 journal_size=1 modified_at=now running_at=now status=ready\n'
  || '~ invocation holder: ' || :'killed' || E' status=completed suspended_waiting_for_signals=\n'
  || '+ journal first/0: appended_at=now entry_type=Command: Input meta={"headers": []} name= payload=\x version=2' || E'\n'
  || '~ key Obj/k: holder=first',
  'kill of the holder: the key goes to the first in the inbox, whose input becomes its journal');
SELECT is(effect(:'object' || $$ UPDATE restate.invocation SET input_headers = '[{"name": "h", "value": "v"}]', input_payload = '\x31' WHERE id = inv('first'); SELECT restate_kill(inv('holder'))$$,
    '(SELECT entry_json::jsonb FROM restate.sys_journal WHERE id = inv(''first''))'),
  '{"Command": {"Input": {"name": "", "headers": [{"name": "h", "value": "v"}], "payload": [49]}}}', 'the input is what it was called with');
SELECT is(effect(:'object' || $$ SELECT restate_kill(inv('holder')), restate_kill(inv('first'))$$, 'restate_kill(inv(''second''))'),
  E'killed\n~ invocation second: ' || replace(:'killed', ' modified_at=now', '') || E' status=completed\n~ key Obj/k: holder=', 'after the last of the inbox the key is free');
SELECT is(effect(:'object', 'restate_kill(inv(''first''))'), E'removed\n- invocation first', 'kill of one in the inbox: it is gone, the holder keeps the key');
SELECT is(effect(:'object', 'restate_cancel(inv(''second''))'), E'removed\n- invocation second', 'cancel of one in the inbox: the same');
SELECT is(effect(:'object', 'restate_kill(inv(''later''))'), E'removed\n- invocation later', 'kill of one scheduled on a key that is held: it is gone');
SELECT is(effect(:'object', 'restate_kill(inv(''peek''))'), E'killed\n~ invocation peek: ' || :'killed' || ' status=completed',
  'kill of a shared handler: the key is not touched');
SELECT is(effect(:'object', 'restate_cancel(inv(''holder''))'),
  E'signalled\n~ invocation holder: journal_size=2 modified_at=now status=ready suspended_waiting_for_signals=\n'
  || '+ journal holder/1: appended_at=now entry_type=Notification: Signal meta={"result": "Void"} signal_index=1 version=2',
  'cancel of the holder: it keeps the key until it ends');
SELECT is(effect(:'object' || $$ SELECT restate_kill(inv('holder')), name_it('new', restate_restart_as_new(inv('holder'))::text)$$,
    '(SELECT array_agg(i.id || '' '' || i.sequence_number ORDER BY i.sequence_number)::text FROM restate.sys_inbox AS i)'),
  '{"second 1","new 2"}', 'restart on a key that is held: it waits behind the others');
SELECT is(effect(:'object' || $$ SELECT restate_kill(inv('holder')), name_it('new', restate_restart_as_new(inv('holder'))::text), restate_kill(inv('first')), restate_kill(inv('second'))$$,
    '(SELECT status || '' '' || journal_size FROM restate.invocation WHERE id = inv(''new''))'),
  'ready 1', 'a restart that waited starts with the journal that it was made with');
SELECT is(effect($$SELECT make('done', 'Obj/k/s', 'completed', '{"journal": ["Command: Input"]}'); SELECT name_it('new', restate_restart_as_new(inv('done'))::text)$$,
    '(SELECT holder::text FROM restate.object_key)'),
  'new', 'restart on a key that is free: it takes the key');
SELECT is(effect($$SELECT make('done', 'Obj/k/peek', 'completed', '{"journal": ["Command: Input"]}'), make('holder', 'Obj/k/s', 'running'); SELECT name_it('new', restate_restart_as_new(inv('done'))::text)$$,
    '(SELECT status FROM restate.invocation WHERE id = inv(''new'')) || '' '' || (SELECT holder FROM restate.object_key)'),
  'ready holder', 'restart of a shared handler: it starts beside the holder');

-- callees

\set family 'SELECT make_caller(''caller'', ''suspended'', ''{"suspended_waiting_for_completions": [3, 5], "suspended_waiting_for_signals": [1]}''), make(''callee2'', ''Svc/s'', ''running'', ' :called '), make(''callee4'', ''Obj/k/s'', ''suspended'', ''{"suspended_waiting_for_signals": [1]}'' || ' :called '), make(''callee6'', ''Svc/s'', ''scheduled'', ' :called '), make(''next'', ''Obj/k/s'', ''pending''), make(''stranger'', ''Svc/s'', ''running'');'
\set woken 'journal_size=8 modified_at=now status=ready suspended_waiting_for_completions= suspended_waiting_for_signals='
\set started 'inbox_sequence_number= input_headers= input_payload= journal_commands_size=1 journal_size=1 modified_at=now running_at=now status=ready'

SELECT is(effect(:'family', 'restate_kill(inv(''caller''))'),
  E'killed\n~ invocation callee2: ' || :'killed' || E' status=completed\n~ invocation callee4: ' || :'killed' || E' status=completed suspended_waiting_for_signals=\n'
  || E'- invocation callee6\n~ invocation caller: ' || :'killed' || E' status=completed suspended_waiting_for_completions= suspended_waiting_for_signals=\n'
  || '~ invocation next: ' || :'started' || E'\n'
  || E'+ journal next/0: appended_at=now entry_type=Command: Input meta={"headers": []} name= payload=\\x version=2\n~ key Obj/k: holder=next',
  'kill reaches called and one-way called callees and frees their keys; a callee not started is gone');
SELECT is(effect(:'family', 'restate_delete_invocation(inv(''caller''), ''kill'')'), effect(:'family', 'restate_kill(inv(''caller''))'),
  'delete with kill does the same');
SELECT is(effect(:'family', 'restate_cancel(inv(''caller''))'),
  E'signalled\n~ invocation caller: ' || :'woken' || E'\n'
  || '+ journal caller/7: appended_at=now entry_type=Notification: Signal meta={"result": "Void"} signal_index=1 version=2',
  'cancel leaves the callees to the handler');
SELECT is(effect(:'family' || $$ SELECT make('grandchild', 'Svc/s', 'backing-off');
    INSERT INTO restate.journal (id, partition_key, index, entry_type, completion_id, invoked_id, name)
      SELECT inv('callee2'), restate_partition_key_of_id(inv('callee2')), 1, 'Command: OneWayCall', 2, inv('grandchild'), '';
    UPDATE restate.invocation SET journal_size = 2, journal_commands_size = 2 WHERE id = inv('callee2')$$, 'restate_kill(inv(''caller''))')
  ~ ('^killed\n.*~ invocation grandchild: ' || regexp_replace(:'killed', '([][])', '\\\1', 'g') || ' status=completed\n'), true,
  'kill reaches the callees of callees');
SELECT is(effect(:'family' || $$ SELECT restate_kill(inv('callee2')), restate_kill(inv('callee4')), restate_kill(inv('callee6'));
    UPDATE restate.invocation SET modified_at = '2026-01-03 00:00:00Z' WHERE id = inv('caller')$$, 'restate_kill(inv(''caller''))'),
  E'killed\n~ invocation caller: ' || :'killed' || ' status=completed', 'completed callees, and those that are gone, are passed over');
SELECT is(effect($$SELECT make_caller('caller', 'running')$$, 'restate_kill(inv(''caller''))'),
  E'killed\n~ invocation caller: ' || :'killed' || ' status=completed', 'callees that were never there are passed over');
SELECT is(effect(:'family' || $$ UPDATE restate.invocation SET completion_retention = '0' WHERE id IN (inv('callee2'), inv('caller'))$$, 'restate_kill(inv(''caller''))')
  ~ '^killed\n- invocation callee2\n.*- invocation callee6\n- invocation caller\n.*- journal callee2/0\n- journal caller/0\n', true,
  'of those that keep nothing nothing is left');
SELECT is(effect(:'family' || $$ SELECT make_caller('second', 'running', '{}', 'Obj/z/s')$$, 'restate_kill(inv(''second''))')
  ~ '^killed\n~ invocation callee2: .*\n- invocation callee6\n~ invocation caller: journal_size=9 .*\n~ key Obj/z: holder=$', true,
  'whom the journal names is a callee, whoever called first; that caller is answered');
SELECT is(effect($$SELECT make_caller('caller', 'running'); UPDATE restate.journal SET invoked_id = inv('caller') WHERE id = inv('caller') AND invoked_id IS NOT NULL$$,
    'restate_kill(inv(''caller''))'),
  E'killed\n~ invocation caller: ' || :'killed' || ' status=completed', 'one that called itself is killed once');
SELECT is(effect($$SELECT make_caller('caller', 'running'), make_caller('callee2', 'running'); UPDATE restate.journal SET invoked_id = inv('caller')
    WHERE id = inv('callee2') AND completion_id = 2; SELECT restate.add_waiters(NULL)$$, 'restate_kill(inv(''callee2''))'),
  E'killed\n~ invocation callee2: ' || :'killed' || E' status=completed\n~ invocation caller: ' || :'killed' || ' status=completed',
  'two that called each other are both killed');

-- callers

SELECT is(effect(:'family', 'restate_kill(inv(''callee2''))'),
  E'killed\n~ invocation callee2: ' || :'killed' || E' status=completed\n~ invocation caller: ' || :'woken' || E'\n'
  || '+ journal caller/7: appended_at=now completion_id=3 ' || :'answer', 'kill of a callee: the caller gets the failure and wakes');
SELECT is(effect(:'family', 'restate_kill(inv(''callee4''))'),
  E'killed\n~ invocation callee4: ' || :'killed' || E' status=completed suspended_waiting_for_signals=\n~ invocation caller: ' || :'woken' || E'\n'
  || '~ invocation next: ' || :'started' || E'\n+ journal caller/7: appended_at=now completion_id=5 ' || :'answer' || E'\n'
  || E'+ journal next/0: appended_at=now entry_type=Command: Input meta={"headers": []} name= payload=\\x version=2\n~ key Obj/k: holder=next',
  'kill of a callee that holds a key: both follow');
SELECT is(effect(:'family', 'restate_kill(inv(''callee6''))'), E'removed\n- invocation callee6', 'a one-way callee has nobody to answer');
SELECT is(effect(:'family' || $$ UPDATE restate.invocation SET suspended_waiting_for_completions = '{5}' WHERE id = inv('caller')$$, 'restate_kill(inv(''callee2''))'),
  E'killed\n~ invocation callee2: ' || :'killed' || E' status=completed\n~ invocation caller: journal_size=8\n'
  || '+ journal caller/7: appended_at=now completion_id=3 ' || :'answer', 'a caller that waits for something else gets the failure and stays suspended');
SELECT is(effect(replace(:'family', '''suspended'', ''{"suspended_waiting_for_completions": [3, 5], "suspended_waiting_for_signals": [1]}''', '''' || status || ''''), 'restate_kill(inv(''callee2''))'),
  E'killed\n~ invocation callee2: ' || :'killed' || E' status=completed\n~ invocation caller: journal_size=8\n'
  || '+ journal caller/7: appended_at=now completion_id=3 ' || :'answer', format('a caller that is %s gets the failure', status))
FROM unnest('{running,ready,backing-off,paused}'::text[]) AS status;
SELECT is(effect(:'family' || $$ SELECT restate_kill(inv('callee4'))$$, 'restate_delete_invocation(inv(''callee2''), ''kill'')'),
  E'killed\n~ invocation callee2: ' || :'killed' || E' status=completed\n~ invocation caller: journal_size=9\n'
  || '+ journal caller/8: appended_at=now completion_id=3 ' || :'answer', 'a second callee is answered after the first');
SELECT is(effect($$SELECT make_caller('caller', 'suspended', '{"suspended_waiting_for_completions": [5]}', 'Svc/caller', '{Notification: Call for=3}'),
    make('callee2', 'Svc/s', 'running', $$ || :'called' || ')', 'restate_kill(inv(''callee2''))'),
  E'killed\n~ invocation callee2: ' || :'killed' || ' status=completed', 'a call that is answered already is not answered again');
SELECT is(effect($$SELECT make_caller('caller', 'completed'), make('callee2', 'Svc/s', 'running', $$ || :'called' || ')', 'restate_kill(inv(''callee2''))'),
  E'killed\n~ invocation callee2: ' || :'killed' || ' status=completed', 'a completed caller gets nothing');
SELECT is(effect(replace(:'family', '''callee2'', ''Svc/s'', ''running''', '''callee2'', ''Svc/s'', ''scheduled'''), 'restate_cancel(inv(''callee2''))'),
  E'removed\n- invocation callee2\n~ invocation caller: ' || :'woken' || E'\n+ journal caller/7: appended_at=now completion_id=3 ' || :'cancelled',
  'cancel of a callee that has not started: the caller is told that it was cancelled');
SELECT is(effect(replace(:'family', '''callee2'', ''Svc/s'', ''running''', '''callee2'', ''Svc/s'', ''scheduled'''), 'restate_kill(inv(''callee2''))'),
  E'removed\n- invocation callee2\n~ invocation caller: ' || :'woken' || E'\n+ journal caller/7: appended_at=now completion_id=3 ' || :'answer',
  'kill of one: that it was killed');
SELECT is(effect(:'family' || $$ SELECT make('waiting', 'Obj/k/s', 'pending', $$ || :'called' || $$); UPDATE restate.journal SET invoked_id = inv('waiting') WHERE id = inv('caller') AND completion_id = 2; SELECT restate.add_waiters(NULL)$$,
    'restate_cancel(inv(''waiting''))'),
  E'removed\n~ invocation caller: ' || :'woken' || E'\n- invocation waiting\n+ journal caller/7: appended_at=now completion_id=3 ' || :'cancelled',
  'so with one in an inbox');
SELECT is(effect(:'family', 'restate_cancel(inv(''callee2''))'),
  E'signalled\n~ invocation callee2: journal_size=2\n+ journal callee2/1: appended_at=now entry_type=Notification: Signal meta={"result": "Void"} signal_index=1 version=2',
  'cancel of a callee that has started is for it to answer');

-- workflows

\set workflow 'INSERT INTO restate.object_state SELECT ''Wf'', k, ''s'', restate_partition_key_of_key(k), ''1'' FROM unnest(''{w,other}''::text[]) AS k; INSERT INTO restate.promise SELECT ''Wf'', k, ''p'', restate_partition_key_of_key(k) FROM unnest(''{w,other}''::text[]) AS k;'
SELECT is(effect(:'workflow' || $$SELECT make('status', 'Wf/w/status', 'completed', '{"journal": ["Command: Input"]}')$$, 'restate_purge(inv(''status''))'),
  E'purged\n- invocation status\n- journal status/0', 'purge of a shared handler of a workflow: state and promises stay');
SELECT is(effect(:'workflow' || $$SELECT make('run', 'Wf/w/run', 'completed'), make('status', 'Wf/w/status', 'running')$$, 'restate_purge(inv(''run''))'),
  E'purged\n- invocation run\n- promise Wf/w/p\n- state Wf/w/s', 'purge of the run: state and promises of its key are gone');
SELECT is(effect(:'workflow' || $$SELECT make('run', 'Wf/w/run', 'running', '{"completion_retention": "PT0S"}')$$, 'restate_kill(inv(''run''))'),
  E'killed\n- invocation run\n- journal run/0\n- promise Wf/w/p\n- state Wf/w/s', 'kill of a run that keeps nothing: so are they');
SELECT is(effect(:'workflow' || $$SELECT make('run', 'Wf/w/run', 'running')$$, 'restate_kill(inv(''run''))'),
  E'killed\n~ invocation run: ' || :'killed' || ' status=completed', 'kill of a run that is kept: they stay');
SELECT is(effect(:'workflow' || $$SELECT make('run', 'Wf/w/run', 'completed', '{"journal": ["Command: Input"]}')$$, 'restate_purge_journal(inv(''run''))'),
  E'purged\n~ invocation run: journal_commands_size=0 journal_size=0\n- journal run/0', 'purge of the journal of a run: they stay');
SELECT is(effect(:'workflow' || $$SELECT make('o', 'Obj/w/s', 'completed')$$, 'restate_purge(inv(''o''))'),
  E'purged\n- invocation o', 'purge of an invocation of an object: state is not its own');

-- a restart in an inbox has a journal, and with it callees

SELECT make('holder', 'Obj/k/s', 'running');
SELECT make_caller('original', 'completed', '{"pinned_deployment_id": "dp_10000000000000000000old", "pinned_service_protocol_version": 6}', 'Obj/k/caller', '{Notification: Call for=3,Notification: Call for=5}');
SELECT make('callee6', 'Svc/s', 'running');
SELECT name_it(l, restate_restart_as_new(inv('original'), 6, 'keep')::text) FROM unnest('{restart,another}'::text[]) AS l;
SELECT is(call($$restate_kill(inv('another')) || ' ' || (SELECT status FROM restate.invocation WHERE id = inv('callee6'))$$) ->> 'value', 'removed running',
  'killed in the inbox, it goes alone');
SELECT is((SELECT string_agg(outcome, ' ' ORDER BY ordinality) FROM restate_kill_batch(ARRAY[inv('holder'), inv('restart')])), 'killed killed',
  'in a batch, started by the kill of the holder, it is killed');
SELECT is(call($$(SELECT status FROM restate.invocation WHERE id = inv('callee6'))$$) ->> 'value', 'completed', 'with its callees');

SELECT is_empty('SELECT * FROM restate_verify()', 'nothing is broken at the end');

SELECT * FROM finish();
ROLLBACK;
