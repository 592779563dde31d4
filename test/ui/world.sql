-- Loads world.json: a shop with two deployments, three services and invocations in
-- every state, as a real server has run them.  Run from the top of the tree.
\set ON_ERROR_STOP on
\set world `cat test/ui/world.json`

INSERT INTO restate.deployment
SELECT d.* FROM jsonb_populate_recordset(NULL::restate.deployment, :'world'::jsonb -> 'deployments') AS d;

-- both serve all of it
INSERT INTO restate.service_revision (service_name, revision, deployment_id, ty, handlers, settings)
SELECT s.service_name, row_number() OVER (PARTITION BY s.service_name ORDER BY d.created_at), d.id, s.ty, s.handlers, s.settings
FROM restate.deployment d,
  jsonb_to_recordset(:'world'::jsonb -> 'services') AS s (service_name text, ty text, handlers jsonb, settings jsonb);

SELECT count(restate_import_invocation(i -> 'invocation', i -> 'journal')) AS invocations
FROM jsonb_array_elements(:'world'::jsonb -> 'invocations') AS i;

INSERT INTO restate.journal_event (id, partition_key, event_index, after_journal_entry_index, appended_at, event_type, event_json)
SELECT i.id, restate_partition_key_of_id(i.id), e.n - 1, e.after_journal_entry_index, e.appended_at, e.event_type, e.event_json
FROM jsonb_array_elements(:'world'::jsonb -> 'invocations') AS f (invocation),
  LATERAL (SELECT (f.invocation #>> '{invocation,id}')::restate_invocation_id) AS i (id),
  ROWS FROM (jsonb_to_recordset(f.invocation -> 'events')
    AS (after_journal_entry_index bigint, appended_at timestamptz, event_type text, event_json jsonb)) WITH ORDINALITY
    AS e (after_journal_entry_index, appended_at, event_type, event_json, n);

INSERT INTO restate.object_state (service_name, service_key, key, partition_key, value)
SELECT s.service_name, s.service_key, s.key, restate_partition_key_of_key(s.service_key), convert_to(s.value, 'UTF8')
FROM jsonb_to_recordset(:'world'::jsonb -> 'state') AS s (service_name text, service_key text, key text, value text);

INSERT INTO restate.promise (service_name, service_key, key, partition_key, completed, completion_success_value)
SELECT p.service_name, p.service_key, p.key, restate_partition_key_of_key(p.service_key), p.completed, convert_to(p.value, 'UTF8')
FROM jsonb_to_recordset(:'world'::jsonb -> 'promises') AS p (service_name text, service_key text, key text, completed boolean, value text);
