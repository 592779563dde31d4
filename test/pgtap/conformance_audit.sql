-- The audit: a row for each operation that took effect, and who asked for it.
BEGIN;
\ir ../conformance/world.sql

SELECT deploy('dp', '[5,8)', '{Svc,Obj}') \g /dev/null
\set pinned 'jsonb_build_object(''pinned_deployment_id'', dp(''dp''), ''pinned_service_protocol_version'', 6)'
SET restate_admin.audit = on;

-- The rows that an expression leaves, after some statements; all taken back.
CREATE FUNCTION audited(statements text, expression text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
  before bigint;
  told text;
BEGIN
  EXECUTE statements;
  before := (SELECT coalesce(max(audit_id), 0) FROM restate.audit);
  PERFORM call(expression);
  SELECT string_agg(labelled(concat_ws(' ', a.id, a.operation, a.parameters, a.outcome,
      CASE WHEN a.new_id IS NOT NULL THEN CASE WHEN EXISTS (SELECT FROM restate.invocation AS i WHERE i.id = a.new_id AND i.restarted_from = a.id AND i.partition_key = a.partition_key) THEN 'new' ELSE 'wrong new' END END,
      CASE WHEN a.caused_by IS NOT NULL THEN 'caused by ' || a.caused_by END)), E'\n' ORDER BY a.audit_id)
    INTO told FROM restate.audit AS a WHERE a.audit_id > before;
  RAISE EXCEPTION USING ERRCODE = 'UNDO0';
EXCEPTION WHEN SQLSTATE 'UNDO0' THEN
  RETURN coalesce(told, 'nothing');
END $$;

SELECT make('done', 'Svc/s', 'completed', :pinned || '{"journal": ["Command: Input", "Command: Output"]}'), make('purged', 'Svc/s', 'completed', :pinned),
  make('running', 'Svc/s', 'running', :pinned), make('paused', 'Svc/s', 'paused', :pinned), make('scheduled', 'Svc/s', 'scheduled'),
  make('holder', 'Obj/k/s', 'running'), make('waiting', 'Obj/k/s', 'pending') \g /dev/null
SELECT name_it('unknown', restate_new_invocation_id()::text) \g /dev/null

SELECT plan(50);

-- what leaves a row

SELECT is(audited('SELECT 1', expression), want, format('%s: %s', expression, replace(want, E'\n', ', '))) FROM (VALUES
  ('restate_purge_journal(inv(''done''))', 'done purge_journal {} purged'),
  ('restate_purge(inv(''done''))', 'done purge {} purged'),
  ('restate_delete_invocation(inv(''done''), ''Purge'')', 'done delete_invocation {"mode": "purge"} purged'),
  ('restate_delete_invocation(inv(''running''))', 'running delete_invocation {"mode": "cancel"} signalled'),
  ('restate_delete_invocation(inv(''running''), ''kill'')', 'running delete_invocation {"mode": "kill"} killed'),
  ('restate_cancel(inv(''running''))', 'running cancel {} signalled'),
  ('restate_cancel(inv(''scheduled''))', 'scheduled cancel {} removed'),
  ('restate_kill(inv(''paused''))', 'paused kill {} killed'),
  ('restate_kill(inv(''holder''))', 'holder kill {} killed'),
  ('restate_pause(inv(''running''))', 'running pause {} pausing'),
  ('restate_resume(inv(''paused''))', 'paused resume {} resumed'),
  ('restate_resume(inv(''paused''), ''Keep'')', 'paused resume {"deployment": "Keep"} resumed'),
  ('restate_restart_as_new(inv(''done''))', 'done restart_as_new {} restarted new'),
  ('restate_restart_as_new(inv(''done''), 1, ''latest'', ''r"1'')', 'done restart_as_new {"from": 1, "deployment": "latest", "request_id": "r\"1", "resolved_deployment": "dp"} restarted new'),
  -- nothing done, nothing recorded
  ('restate_purge_journal(inv(''purged''))', 'nothing'), ('restate_pause(inv(''paused''))', 'nothing'), ('restate_resume(inv(''running''))', 'nothing'),
  ('restate_delete_invocation(inv(''running''), ''purge'')', 'nothing'),
  -- nor what was refused
  ('restate_purge(inv(''running''))', 'nothing'), ('restate_kill(inv(''done''))', 'nothing'), ('restate_cancel(inv(''unknown''))', 'nothing'),
  ('restate_delete_invocation(inv(''running''), ''x'')', 'nothing'), ('restate_restart_as_new(inv(''done''), 9)', 'nothing'), ('restate_kill(NULL)', 'nothing'),
  -- a batch leaves one for each that took effect
  ('SELECT count(*) FROM restate_cancel_batch(ARRAY[inv(''waiting''), inv(''unknown''), inv(''running''), inv(''running''), NULL])',
    E'waiting cancel {} removed\nrunning cancel {} signalled\nrunning cancel {} signalled')) AS t (expression, want);

SELECT is(audited('SELECT restate_pause(inv(''running''))', 'restate_pause(inv(''running''))'), 'nothing', 'a pause that was asked for already leaves none');
SELECT is(audited('SELECT restate_restart_as_new(inv(''done''), NULL, NULL, ''r'')', 'restate_restart_as_new(inv(''done''), NULL, NULL, ''r'')'), 'nothing',
  'a restart that was made already leaves none');

-- callees

\set family 'SELECT name_it(''callee2'', restate_new_invocation_id()::text), name_it(''callee4'', restate_new_invocation_id()::text), make(''caller'', ''Svc/s'', ''running'', ''{"journal": ["Command: Input", "Command: Call invocation_id_completion_id=2 result_completion_id=3", "Command: OneWayCall invocation_id_completion_id=4"]}''), make(''callee2'', ''Svc/s'', ''running''), make(''callee4'', ''Svc/s'', ''scheduled'')'
SELECT is(audited(:'family', 'restate_kill(inv(''caller''))'), E'caller kill {} killed\ncallee2 kill {} killed caused by caller\ncallee4 kill {} removed caused by caller',
  'kill leaves one for each callee, with its cause');
SELECT is(audited(:'family', 'SELECT count(*) FROM restate_kill_batch(ARRAY[inv(''callee2''), inv(''caller'')])'),
  E'callee2 kill {} killed\ncaller kill {} killed\ncallee4 kill {} removed caused by caller', 'a callee that was named itself has no other cause');
SELECT is(audited(:'family', 'restate_cancel(inv(''caller''))'), 'caller cancel {} signalled', 'cancel leaves none for callees');

-- who, when and why

CREATE ROLE conformance_operator;
GRANT conformance_operator TO CURRENT_USER;
GRANT USAGE ON SCHEMA conformance TO conformance_operator;
GRANT SELECT ON conformance.label TO conformance_operator;
GRANT EXECUTE ON FUNCTION restate_pause(restate_invocation_id), restate_resume(restate_invocation_id, text) TO conformance_operator;

-- Pauses and resumes with some settings; what the last row says of that.
CREATE FUNCTION who(settings text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
  told text;
BEGIN
  EXECUTE settings;
  PERFORM restate_resume(inv('paused'));
  EXECUTE 'RESET ROLE';
  SELECT format('%s %s %s %s', a.role_name, a.session_user_name = session_user, coalesce(a.claimed_subject, 'nobody'), coalesce(a.reason, 'no reason'))
    INTO told FROM restate.sys_audit AS a WHERE a.id = inv('paused') ORDER BY a.audit_id DESC LIMIT 1;
  RAISE EXCEPTION USING ERRCODE = 'UNDO0';
EXCEPTION WHEN SQLSTATE 'UNDO0' THEN
  RETURN coalesce(told, 'no row');
END $$;

SELECT is(who('SELECT 1'), format('%s t nobody no reason', current_user), 'the role and the session''s');
SELECT is(who('SET ROLE conformance_operator'), 'conformance_operator t nobody no reason', 'the role that was set');
SELECT is(who('SET restate_admin.reason = ''because'''), format('%s t nobody because', current_user), 'the reason');
SELECT is(who('SET restate_admin.reason = '''''), format('%s t nobody no reason', current_user), 'an empty one is none');
SELECT is(who(format('SELECT set_config(''request.jwt.claims'', %L, true)', claims)), format('%s t %s no reason', current_user, want), format('claims %s: %s', left(to_json(claims)::text, 60), want))
FROM (VALUES
  ('{"sub": "alice"}', 'alice'), ('{"role": "r", "sub": "b\u00f6b \"x\""}', U&'b\00F6b "x"'), ('{"sub": "a", "sub": "b"}', 'b'),
  ('{"inner": {"sub": "mallory"}}', 'nobody'), ('[{"sub": "mallory"}]', 'nobody'), ('{"sub": 1}', 'nobody'), ('{"sub": null}', 'nobody'),
  ('{"sub": ["x"]}', 'nobody'), ('{"sub": "x"', 'nobody'), ('no JSON', 'nobody'), ('', 'nobody')) AS t (claims, want);

SELECT is((SELECT bool_and(a.at = now()) FROM restate.audit AS a), NULL, 'nothing is left of all that');
SELECT restate_purge(inv('done')) \g /dev/null
SELECT is((SELECT array_agg(a.at = now()) FROM restate.sys_audit AS a WHERE a.id = inv('done')), '{t}', 'the time is that of the transaction, and the row outlives the invocation');

-- off

SELECT is(who('SET restate_admin.audit = off'), 'no row', 'without the audit there is no row');
SELECT throws_ok('SET ROLE conformance_operator; SET restate_admin.audit = off', '42501', NULL, 'an operator cannot turn it off');
RESET ROLE;

SELECT is_empty('SELECT * FROM restate_verify()', 'nothing is broken at the end');

SELECT * FROM finish();
ROLLBACK;
