-- The operations as a person types them at psql.
\set done inv_100000000000000000000000000000done
\set old inv_1000000000000000000000000000000old
\set running inv_100000000000000000000000000running
\set suspended inv_1000000000000000000000000suspended
\set paused inv_1000000000000000000000000000paused
\set retrying inv_10000000000000000000000000retrying
\set scheduled inv_1000000000000000000000000scheduled
\set parent inv_1000000000000000000000000000parent
\set child inv_10000000000000000000000000000child
\set holder inv_1dceKvwtEc2n0000000000000000holder
\set first inv_1dceKvwtEc2n00000000000000000first
\set second inv_1dceKvwtEc2n0000000000000000second
SELECT restate_workflow_invocation_id('Wf', 'w') AS run \gset

INSERT INTO restate.deployment (id, ty, endpoint, min_service_protocol_version, max_service_protocol_version)
VALUES ('dp_10000000000000000000old', 'http', 'http://old', 5, 6), ('dp_10000000000000000000new', 'http', 'http://new', 5, 7);
INSERT INTO restate.service_revision (service_name, revision, deployment_id, ty)
VALUES ('Svc', 1, 'dp_10000000000000000000old', 'service'), ('Svc', 2, 'dp_10000000000000000000new', 'service'),
       ('Obj', 1, 'dp_10000000000000000000new', 'virtual_object'), ('Wf', 1, 'dp_10000000000000000000new', 'workflow');

CREATE FUNCTION loaded(id text, status text, target text, journal jsonb DEFAULT NULL, more jsonb DEFAULT '{}')
RETURNS void LANGUAGE sql
BEGIN ATOMIC
  SELECT restate_import_invocation(jsonb_build_object(
      'id', id, 'status', status, 'target_service_name', split_part(target, '/', 1),
      'target_service_key', nullif(split_part(target, '/', 2), ''), 'target_handler_name', split_part(target, '/', 3),
      'target_service_ty', CASE split_part(target, '/', 1) WHEN 'Svc' THEN 'service' WHEN 'Obj' THEN 'virtual_object' ELSE 'workflow' END,
      'target_handler_ty', CASE split_part(target, '/', 1) WHEN 'Obj' THEN 'exclusive' END,
      'completion_result', CASE WHEN status = 'completed' THEN 'success' END,
      'pinned_deployment_id', 'dp_10000000000000000000old', 'pinned_service_protocol_version', 6) || more,
    (SELECT jsonb_agg(jsonb_build_object('index', n - 1, 'entry_json', e) ORDER BY n)
     FROM jsonb_array_elements(journal) WITH ORDINALITY AS t (e, n)));
END;

-- eleven entries: a sleep, a call and two runs, whose completions come in between
\set example '[{"Command":{"Input":{"headers":[{"name":"a","value":"b"}],"payload":[52,50],"name":""}}}, {"Command":{"Sleep":{"wake_up_time":1795226701127,"completion_id":1,"name":""}}}, {"Command":{"Call":{"request":{"invocation_id":"inv_1000000000000000000000000000000old","invocation_target":{"Service":{"name":"Svc","handler":"run"}},"parameter":[],"headers":[]},"invocation_id_completion_id":2,"result_completion_id":3,"name":""}}}, {"Notification":{"Completion":{"CallInvocationId":{"completion_id":2,"invocation_id":"inv_1000000000000000000000000000000old"}}}}, {"Command":{"Run":{"completion_id":4,"name":"first"}}}, {"Notification":{"Completion":{"Run":{"completion_id":4,"result":{"Success":[49]}}}}}, {"Notification":{"Completion":{"Call":{"completion_id":3,"result":{"Success":[50]}}}}}, {"Notification":{"Completion":{"Sleep":{"completion_id":1}}}}, {"Command":{"Run":{"completion_id":5,"name":"second"}}}, {"Notification":{"Completion":{"Run":{"completion_id":5,"result":{"Success":[51]}}}}}, {"Command":{"Output":{"result":{"Success":[52]},"name":""}}}]'
\set called '[{"Command":{"Input":{"headers":[],"payload":[],"name":""}}}, {"Command":{"Call":{"request":{"invocation_id":"inv_10000000000000000000000000000child","invocation_target":{"Service":{"name":"Svc","handler":"run"}},"parameter":[],"headers":[]},"invocation_id_completion_id":1,"result_completion_id":2,"name":""}}}]'
SELECT loaded(:'done', 'completed', 'Svc//run', :'example'),
       loaded(:'old', 'completed', 'Svc//run'),
       loaded(:'running', 'running', 'Svc//run'),
       loaded(:'suspended', 'suspended', 'Svc//run', NULL, '{"suspended_waiting_for_signals": [1]}'),
       loaded(:'paused', 'paused', 'Svc//run'),
       loaded(:'retrying', 'backing-off', 'Svc//run', NULL, '{"retry_count": 3, "last_failure": "no route"}'),
       loaded(:'scheduled', 'scheduled', 'Svc//run'),
       loaded(:'parent', 'running', 'Svc//run', :'called'),
       loaded(:'child', 'running', 'Svc//run', NULL, jsonb_build_object('invoked_by', 'service', 'invoked_by_id', :'parent')),
       loaded(:'holder', 'running', 'Obj/a/add'), loaded(:'first', 'pending', 'Obj/a/add'), loaded(:'second', 'pending', 'Obj/a/add'),
       loaded(:'run', 'completed', 'Wf/w/run') \g /dev/null
CREATE VIEW invocation AS
SELECT replace(right(id::text, 22), '0', '') AS id, status, completion_failure AS failure,
       journal_size AS size, journal_commands_size AS commands
FROM restate.sys_invocation WHERE restarted_from IS NULL AND target_service_name <> 'Wf';
SELECT * FROM invocation ORDER BY id;

-- a transaction that is rolled back is a dry run
BEGIN;
SELECT restate_purge_journal(:'done');
SELECT restate_kill(:'parent');
SELECT restate_kill(:'holder');
SELECT restate_restart_as_new(:'parent') IS NOT NULL AS restarted;
SELECT * FROM invocation WHERE status <> 'running' OR size <> 1 ORDER BY id;
ROLLBACK;
SELECT count(*) FROM restate.sys_audit;
SELECT count(*) FROM restate.sys_invocation WHERE restarted_from IS NOT NULL;

-- restart as new: from the input alone, and from within the journal
SELECT restate_restart_as_new(:'done') AS fresh \gset
SELECT restate_restart_as_new(:'done', 2) AS again \gset
SELECT status, target, invoked_by, restarted_from = :'done' AS of_original, pinned_deployment_id,
       pinned_service_protocol_version AS protocol, journal_size, journal_commands_size
FROM restate.sys_invocation WHERE restarted_from = :'done' ORDER BY journal_size;
SELECT index, entry_type, name, completed FROM restate.sys_journal WHERE id = :'again' ORDER BY index;
SELECT restate_restart_as_new(id => :'done', "from" => 10, deployment => 'keep', request_id => 'monday') AS named \gset
SELECT restate_restart_as_new(:'done', 10, 'keep', 'monday') = :'named' AS the_same;
SELECT journal_size, pinned_deployment_id FROM restate.sys_invocation WHERE id = :'named';
SELECT restate_restart_as_new(:'done', 11);
SELECT restate_restart_as_new(:'old');
SELECT restate_restart_as_new(:'run');
SELECT restate_restart_as_new(:'running');

-- purge the journal: all else stays
SELECT restate_purge_journal(:'done');
SELECT restate_purge_journal(:'done');
SELECT restate_purge_journal(:'running');
SELECT status, completion_result, pinned_deployment_id, journal_size, journal_commands_size
FROM restate.sys_invocation WHERE id = :'done';
SELECT count(*) FROM restate.sys_journal WHERE id = :'done';
SELECT restate_restart_as_new(:'done');

-- cancel and kill
SELECT restate_cancel(:'running');
SELECT index, entry_type, entry_json FROM restate.sys_journal WHERE id = :'running' ORDER BY index DESC LIMIT 1;
SELECT restate_cancel(:'suspended');
SELECT restate_cancel(:'scheduled');
SELECT restate_cancel(:'scheduled');
SELECT restate_kill(:'parent');
SELECT restate_kill(:'child');
SELECT restate_kill(:'holder');
SELECT index, entry_type FROM restate.sys_journal WHERE id = :'first';
SELECT invocation_id FROM restate.sys_keyed_service_status;
SELECT id FROM restate.sys_inbox;
SELECT * FROM invocation ORDER BY id;

-- pause and resume
SELECT restate_pause(:'retrying');
SELECT restate_resume(:'retrying', 'latest');
SELECT status, pinned_deployment_id, retry_count FROM restate.sys_invocation WHERE id = :'retrying';
SELECT restate_pause(:'running');
SELECT restate_pause(:'running');
SELECT restate_resume(:'running');
SELECT restate_resume(:'running');
SELECT restate_resume(:'paused', 'dp_10000000000000000000new');
SELECT restate_pause(:'scheduled');

-- delete
SELECT restate_delete_invocation(:'paused');
SELECT restate_delete_invocation(:'paused', 'purge');
SELECT restate_delete_invocation(:'paused', mode => 'kill');
SELECT restate_delete_invocation(:'paused', 'Purge');
SELECT restate_delete_invocation(:'paused', 'purge');
SELECT restate_delete_invocation(:'old', 'now');
SELECT restate_purge(:'old');
INSERT INTO restate.object_state (service_name, service_key, key, partition_key, value)
VALUES ('Wf', 'w', 'k', restate_partition_key_of_key('w'), 'v');
INSERT INTO restate.promise (service_name, service_key, key, partition_key) VALUES ('Wf', 'w', 'p', restate_partition_key_of_key('w'));
SELECT restate_purge(:'run');
SELECT (SELECT count(*) FROM restate.state) AS states, (SELECT count(*) FROM restate.sys_promise) AS promises;

-- an error takes back the savepoint, not the transaction
BEGIN;
SELECT restate_kill(:'retrying');
SAVEPOINT before;
SELECT restate_purge(:'running');
ROLLBACK TO before;
SELECT restate_purge(:'retrying');
ROLLBACK TO before;
SELECT restate_restart_as_new(:'retrying', deployment => 'keep', request_id => 'r') IS NOT NULL AS restarted;
COMMIT;
SELECT * FROM invocation WHERE id = 'retrying';

-- several in one statement, and from a query
SELECT restate_kill(id), restate_purge(id) FROM restate.invocation WHERE id = :'first';
SELECT outcome, count(*) FROM restate_cancel_batch(ARRAY(
  SELECT id FROM restate.sys_invocation WHERE status = 'ready' AND target_service_name = 'Svc' LIMIT 100))
GROUP BY outcome;
CREATE TABLE report AS SELECT id, restate_kill(id) AS outcome FROM restate.sys_invocation WHERE status <> 'completed';
SELECT outcome, count(*) FROM report GROUP BY outcome;

-- a read-only transaction
\set SHOW_CONTEXT never
\set VERBOSITY sqlstate
SELECT loaded('inv_100000000000000000000000000000last', 'completed', 'Svc//run', :'example') \g /dev/null
BEGIN READ ONLY;
SELECT restate_purge('inv_100000000000000000000000000000last');
ROLLBACK;
BEGIN READ ONLY;
SELECT restate_restart_as_new('inv_100000000000000000000000000000last');
ROLLBACK;
BEGIN READ ONLY;
SELECT restate_kill('inv_100000000000000000000000000000last');
ROLLBACK;
BEGIN READ ONLY;
SELECT * FROM restate_purge_journal_batch(ARRAY['inv_100000000000000000000000000000last']::restate_invocation_id[]);
ROLLBACK;
\set VERBOSITY default
SELECT * FROM invocation WHERE id = 'last';

SELECT * FROM restate_verify();
TRUNCATE restate.invocation, restate.runnable, restate.timer, restate.waiter, restate.journal, restate.journal_event, restate.object_key, restate.audit, restate.deployment, restate.service_revision;
DROP VIEW invocation;
DROP TABLE report;
DROP FUNCTION loaded;
