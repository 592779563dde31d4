-- One operation on several invocations, as calls of their own would do it.
\set VERBOSITY terse
CREATE FUNCTION ids(VARIADIC names text[]) RETURNS restate_invocation_id[] LANGUAGE sql IMMUTABLE AS $$
  SELECT array_agg(('inv_1' || lpad(name, 33, '0'))::restate_invocation_id ORDER BY n) FROM unnest(names) WITH ORDINALITY AS t (name, n)
$$;
CREATE VIEW audited AS
SELECT operation, parameters, ltrim(substr(id::text, 6), '0') AS id, outcome, claimed_subject, reason FROM restate.audit ORDER BY audit_id;
SELECT restate_import_invocation(jsonb_build_object('id', 'inv_1' || lpad(name, 33, '0'), 'status', status,
    'completion_result', CASE status WHEN 'completed' THEN 'success' END,
    'target_service_name', 'Svc', 'target_handler_name', 'run', 'target_service_ty', 'service'),
  '[{"index": 0, "entry_json": {"Command": {"Input": {"headers": [], "payload": [52, 50], "name": ""}}}}]')
FROM (VALUES ('one', 'completed'), ('two', 'completed'), ('three', 'completed'), ('four', 'completed'),
 ('running', 'running'), ('walking', 'running'), ('backing', 'paused'))
  AS v (name, status) \g /dev/null

-- a row for each, in order; null, unknown and repeated ids among them
SELECT * FROM restate_joined('purge_journal', ids('two', 'running', 'absent', NULL, 'one', 'two', NULL, 'absent'));
-- arrays of any shape; no elements, no array
SELECT ordinality, status, outcome FROM restate_joined('pause', ARRAY[ids('running', 'absent'), ids('backing', 'running')], subjects => '{{a,b},{c,d}}');
SELECT * FROM restate_joined('kill', '{}');
SELECT * FROM restate_joined('kill', NULL);
SELECT * FROM restate_joined('kill', NULL, reasons => '{}');

-- parameters of its own for each, and who asks and why; what an element does not say, the session does
SET request.jwt.claims = '{"sub": "session"}';
SET restate_admin.reason = 'of the session';
TRUNCATE restate.audit;
SELECT ordinality, status, category, message, outcome, new_id IS NOT NULL AS new
FROM restate_joined('restart_as_new', ids('three', 'four', 'one', 'absent', 'running', 'walking', 'backing'), froms => '{0,NULL,0,-1,0,3,0}',
  deployments => ARRAY['latest', NULL, 'latest', NULL, 'nowhere', 'keep', 'latest'], request_ids => ARRAY['a', 'b', NULL, NULL, NULL, repeat('x', 256), ''],
  subjects => '{ada,NULL,bob,bob,bob,bob,""}', reasons => '{NULL,"ticket 7","",x,x,x,x}');
SELECT ordinality, status, category, message, outcome
FROM restate_joined('delete_invocation', ids('three', 'running', 'walking', 'backing', 'two'), modes => '{purge,cancel,Kill,NULL,everything}', subjects => '{"","Ada L.",NULL,x,x}');
SELECT ordinality, status, category, message, outcome
FROM restate_joined('resume', ids('backing', 'running', 'one'), deployments => '{keep,dp_1,latest}', reasons => '{"",NULL,x}');
SELECT * FROM audited;
RESET request.jwt.claims;
RESET restate_admin.reason;

-- what a caller of this gets wrong concerns all
SELECT * FROM restate_joined(NULL, ids('one'));
SELECT * FROM restate_joined('destroy', ids('one'));
SELECT * FROM restate_joined('Kill', ids('one'));
SELECT * FROM restate_joined('delete_invocation', ids('one', 'two'), modes => '{purge}');
SELECT * FROM restate_joined('delete_invocation', ids('one', 'two'), modes => '{}');
SELECT * FROM restate_joined('purge', ids('one', 'two'), subjects => '{a,b,c}');
SELECT * FROM restate_joined('purge', ids('one', 'two'), reasons => '{{a}}');
SELECT * FROM restate_joined('purge', NULL, reasons => '{a}');
SELECT * FROM restate_joined('purge', ids('one', 'two'), modes => '{NULL,purge}');
SELECT * FROM restate_joined('resume', ids('one', 'two'), froms => '{0,0}');
SELECT status FROM restate_joined('purge', ids('absent', 'absent'), modes => '{NULL,NULL}', froms => '{NULL,NULL}', deployments => '{NULL,NULL}', request_ids => '{NULL,NULL}');
SELECT * FROM restate_joined('kill', array_fill((ids('one'))[1], ARRAY[1001]));
SELECT status, count(*) FROM restate_joined('kill', array_fill((ids('absent'))[1], ARRAY[1000])) GROUP BY status ORDER BY status;
SELECT status, count(*) FROM restate_joined('restart_as_new', ARRAY(SELECT restate_workflow_invocation_id('no', n::text) FROM generate_series(1, 1000) AS n),
  request_ids => ARRAY(SELECT n::text FROM generate_series(1, 1000) AS n)) GROUP BY status;

-- an error that is no refusal undoes all of it
CREATE FUNCTION object() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF new.id = (public.ids('walking'))[1] AND new.pause_requested THEN
    RAISE 'not that one';
  END IF;
  RETURN new;
END
$$;
CREATE TRIGGER object BEFORE UPDATE ON restate.invocation FOR EACH ROW EXECUTE FUNCTION object();
UPDATE restate.invocation SET status = 'running', pause_requested = false, journal_size = 1, journal_commands_size = 1,
  completed_at = NULL, completion_result = NULL, completion_failure = NULL WHERE id = ANY (ids('running', 'walking'));
SELECT * FROM restate_joined('pause', ids('running', 'walking', 'absent'));
SELECT * FROM restate_joined('pause', ids('running'));
-- as does a trigger that keeps what was there
CREATE OR REPLACE FUNCTION object() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RETURN CASE WHEN new.id <> (public.ids('walking'))[1] THEN new END;
END
$$;
SELECT * FROM restate_joined('resume', ids('running', 'walking', 'absent'));
SELECT * FROM restate_joined('pause', ids('running', 'walking'));
SELECT status, pause_requested FROM restate.invocation WHERE id = ANY (ids('running', 'walking'));
DROP TRIGGER object ON restate.invocation;
DROP FUNCTION object;

-- with the audit off there is none
SET restate_admin.audit = off;
TRUNCATE restate.audit;
SELECT * FROM restate_joined('purge', ids('four', 'one'), subjects => '{a,b}');
SELECT * FROM audited;
RESET restate_admin.audit;

TRUNCATE restate.invocation, restate.runnable, restate.timer, restate.waiter, restate.journal, restate.journal_event, restate.audit;
DROP VIEW audited;
DROP FUNCTION ids;
