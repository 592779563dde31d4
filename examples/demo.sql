-- The main job on real input: loads a worked example and nine recorded
-- journals, then purges, deletes and restarts; psql shows what changed.  From the top
-- of the source tree, in a database of its own:
--
--   createdb demo && psql -d demo -c 'CREATE EXTENSION restate_admin' -f examples/demo.sql
\set ON_ERROR_STOP on
\set QUIET on
\pset footer off
\pset null ''
SET restate_admin.reason = 'demo';

\set example `cat examples/worked_example.json`
\set journals `cat test/conformance/journals.json`

-- Two deployments serve the services; the second is the newer.
INSERT INTO restate.deployment (id, ty, endpoint, min_service_protocol_version, max_service_protocol_version)
VALUES ('dp_16C3gfXSZuAiqpgqthkN1Sh', 'http', 'http://orders-v1:9080', 5, 6),
       ('dp_16DWfMtbY3OKsLAeDDPzLON', 'http', 'http://orders-v2:9080', 5, 7);
INSERT INTO restate.service_revision (service_name, revision, deployment_id, ty, handlers)
VALUES ('Orders', 1, 'dp_16C3gfXSZuAiqpgqthkN1Sh', 'service', '[{"name": "place"}]'),
       ('Orders', 2, 'dp_16DWfMtbY3OKsLAeDDPzLON', 'service', '[{"name": "place"}]'),
       ('Svc', 1, 'dp_16DWfMtbY3OKsLAeDDPzLON', 'service', '[]'),
       ('Obj', 1, 'dp_16DWfMtbY3OKsLAeDDPzLON', 'virtual_object', '[{"name": "lazy", "ty": "Exclusive"}]'),
       ('Cart', 1, 'dp_16DWfMtbY3OKsLAeDDPzLON', 'virtual_object', '[{"name": "add", "ty": "Exclusive"}]');

SELECT restate_import_invocation(e -> 'invocation', e -> 'journal') AS example
FROM (SELECT :'example'::jsonb) AS j(e) \gset
SELECT count(restate_import_invocation(j -> 'original' -> 'status', j -> 'original' -> 'journal')) AS recorded
FROM jsonb_array_elements(:'journals'::jsonb) AS j \gset

-- A cart, an object: one invocation holds the key, another waits for it.
\set holder inv_15zLKRDvUG3O6wohGrY3MSWjkiZYbQqO2J
\set waiting inv_15zLKRDvUG3O6yhhcXh2m7olGCO8yldxZf
SELECT count(restate_import_invocation(i)) AS carts
FROM jsonb_array_elements('[
  {"id": "inv_15zLKRDvUG3O6wohGrY3MSWjkiZYbQqO2J", "status": "running", "invoked_by": "ingress",
   "target_service_name": "Cart", "target_service_key": "cart-7", "target_handler_name": "add",
   "target_service_ty": "virtual_object"},
  {"id": "inv_15zLKRDvUG3O6yhhcXh2m7olGCO8yldxZf", "status": "pending", "invoked_by": "ingress",
   "target_service_name": "Cart", "target_service_key": "cart-7", "target_handler_name": "add",
   "target_service_ty": "virtual_object"}]'::jsonb) AS i \gset

\echo
\echo 'The invocations:'
SELECT id, target, status, journal_size AS entries, journal_commands_size AS commands
FROM restate.sys_invocation ORDER BY created_at, id;

\echo 'The journal of' :example '(Orders/place):'
SELECT index, entry_type, name, left(entry_lite_json, 90) AS entry_lite_json
FROM restate.sys_journal WHERE id = :'example' ORDER BY index;

\echo 'Restarted from 0, 2, 4 and 10: each new journal holds the entries up to there,'
\echo 'and the completions that their commands still lacked.'
SELECT count(restate_restart_as_new(:'example', "from")) AS restarted
FROM unnest('{0, 2, 4, 10}'::bigint[]) AS "from" \gset
SELECT a.parameters ->> 'from' AS "from", a.new_id, n.status, n.pinned_deployment_id,
  n.journal_size AS entries, n.journal_commands_size AS commands,
  (SELECT string_agg(replace(replace(j.entry_type, 'Command: ', ''), 'Notification: ', 'N:'), ' ' ORDER BY j.index)
   FROM restate.sys_journal j WHERE j.id = a.new_id) AS journal
FROM restate.sys_audit a JOIN restate.sys_invocation n ON n.id = a.new_id
WHERE a.id = :'example' AND a.operation = 'restart_as_new' ORDER BY a.audit_id;

\echo 'The nine recorded ones, each restarted from index 3 in one call; where that lies'
\echo 'past the end, or a completion is missing, that one alone fails:'
SELECT b.ordinality AS "no.", b.id, b.ok, coalesce(b.new_id::text, b.category) AS new_id_or_category
FROM restate_restart_as_new_batch(ARRAY(
  SELECT id FROM restate.sys_invocation WHERE target_service_name IN ('Svc', 'Obj') AND status = 'completed'
  ORDER BY id), 3) AS b;

\echo 'A dry run: what a transaction does, ROLLBACK undoes.'
BEGIN;
SELECT restate_purge_journal(:'example') AS purge_journal;
SELECT journal_size AS entries_inside FROM restate.sys_invocation WHERE id = :'example';
ROLLBACK;
SELECT journal_size AS entries_after FROM restate.sys_invocation WHERE id = :'example';

\echo 'Purged for good, twice; then a restart has no input left.'
SELECT restate_purge_journal(:'example') AS first, restate_purge_journal(:'example') AS second;
\set ON_ERROR_STOP off
SELECT restate_restart_as_new(:'example');
\set ON_ERROR_STOP on

\echo 'Deleting the holder of the key with kill starts the one that waits for it:'
SELECT id, status FROM restate.sys_invocation WHERE target_service_name = 'Cart' ORDER BY id;
SELECT restate_delete_invocation(:'holder', 'kill') AS delete_kill;
SELECT id, status, completion_failure FROM restate.sys_invocation WHERE target_service_name = 'Cart' ORDER BY id;
SELECT restate_delete_invocation(:'waiting') AS delete_cancel, restate_delete_invocation(:'example', 'purge') AS delete_purge;
SELECT index, entry_type, entry_lite_json FROM restate.sys_journal WHERE id = :'waiting' ORDER BY index;

\echo 'What was done, by whom and why:'
SELECT audit_id AS "no.", operation, id, parameters, outcome, role_name, reason FROM restate.sys_audit ORDER BY audit_id;

\echo 'Every invariant holds (no rows):'
SELECT * FROM restate_verify();
