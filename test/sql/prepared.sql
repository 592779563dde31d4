-- Operations in transactions that are prepared.  Needs a server that allows them.
CREATE FUNCTION loaded(id text, status text) RETURNS void LANGUAGE sql
BEGIN ATOMIC
  SELECT restate_import_invocation(jsonb_build_object('id', id, 'status', status,
    'target_service_name', 'Svc', 'target_handler_name', 'run', 'target_service_ty', 'service'));
END;
INSERT INTO restate.deployment (id, ty, endpoint, min_service_protocol_version, max_service_protocol_version)
VALUES ('dp_10000000000000000000new', 'http', 'http://new', 5, 7);
INSERT INTO restate.service_revision (service_name, revision, deployment_id, ty)
VALUES ('Svc', 1, 'dp_10000000000000000000new', 'service');

-- a prepared transaction
SELECT loaded('inv_100000000000000000000000000000late', 'running') \g /dev/null
BEGIN;
SELECT restate_kill('inv_100000000000000000000000000000late');
SELECT restate_restart_as_new('inv_100000000000000000000000000000late') IS NOT NULL AS restarted;
PREPARE TRANSACTION 'kill';
SELECT status FROM restate.sys_invocation WHERE id = 'inv_100000000000000000000000000000late';
COMMIT PREPARED 'kill';
SELECT status FROM restate.sys_invocation WHERE id = 'inv_100000000000000000000000000000late';
SELECT count(*) FROM restate.sys_invocation WHERE restarted_from = 'inv_100000000000000000000000000000late';
BEGIN;
SELECT restate_purge('inv_100000000000000000000000000000late');
PREPARE TRANSACTION 'purge';
ROLLBACK PREPARED 'purge';
SELECT restate_purge('inv_100000000000000000000000000000late');
-- notifications and prepared transactions do not go together
BEGIN;
SET LOCAL restate_admin.notify = on;
SELECT loaded('inv_100000000000000000000000000000wake', 'paused') \g /dev/null
SELECT restate_resume('inv_100000000000000000000000000000wake');
PREPARE TRANSACTION 'resume';
-- without anything to start there is no notification
BEGIN;
SET LOCAL restate_admin.notify = on;
SELECT loaded('inv_100000000000000000000000000000wake', 'running') \g /dev/null
SELECT restate_kill('inv_100000000000000000000000000000wake');
PREPARE TRANSACTION 'kill';
ROLLBACK PREPARED 'kill';

SELECT * FROM restate_verify();
TRUNCATE restate.invocation, restate.runnable, restate.timer, restate.waiter, restate.journal, restate.journal_event, restate.object_key, restate.audit, restate.deployment, restate.service_revision;
DROP FUNCTION loaded;
