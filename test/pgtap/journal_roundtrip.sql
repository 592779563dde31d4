-- Recorded journals: the originals are imported and read back, the restarts'
-- are taken apart and put together again; every entry must come out as the
-- JSON it was recorded with.
BEGIN;

\set content `cat test/conformance/journals.json`
CREATE TEMP TABLE recorded AS
SELECT r ->> 'name' AS name, r -> 'original' AS original, r -> 'restarts' AS restarts
FROM jsonb_array_elements(:'content') AS r;

-- of which kind the object's handler is, no row of the recording tells
INSERT INTO restate.service_revision (service_name, revision, deployment_id, ty, handlers)
SELECT DISTINCT original #>> '{status,target_service_name}', 1, restate_new_deployment_id(), 'virtual_object',
  jsonb_build_array(jsonb_build_object('name', original #>> '{status,target_handler_name}', 'ty', 'Exclusive'))
FROM recorded WHERE original #>> '{status,target_service_ty}' = 'virtual_object';

CREATE TEMP TABLE restart_entry AS
SELECT r.name, t.n AS restart, e.entry
FROM recorded AS r
CROSS JOIN LATERAL jsonb_array_elements(r.restarts) WITH ORDINALITY AS t (restart, n)
CROSS JOIN LATERAL jsonb_array_elements(
  CASE jsonb_typeof(t.restart -> 'new_journal') WHEN 'array' THEN t.restart -> 'new_journal' END) AS e (entry);

SELECT plan(5 + 5 * (SELECT count(*) FROM recorded)::int);

SELECT isnt((SELECT count(*) FROM recorded), 0::bigint, 'the recorded invocations are loaded');
SELECT isnt((SELECT count(*) FROM restart_entry), 0::bigint, 'the journals of the restarts are loaded');

-- the originals, through the tables
SELECT lives_ok(
  format('SELECT restate_import_invocation(%L, %L)', original -> 'status', original -> 'journal'),
  format('%s: the original is imported', name))
FROM recorded ORDER BY name;

SELECT to_regclass('restate.sys_journal') IS NOT NULL AS has_view \gset
\if :has_view
CREATE TEMP VIEW stored AS SELECT * FROM restate.sys_journal;
\else
CREATE TEMP VIEW stored AS
SELECT j.*,
  restate.entry_json(j.entry_type, j.name, j.completion_id, j.result_completion_id, j.invoked_id,
    j.signal_index, j.signal_name, j.meta, j.payload) AS entry_json,
  restate.entry_lite_json(j.entry_type, j.name, j.completion_id, j.result_completion_id, j.invoked_id,
    j.signal_index, j.signal_name, j.meta) AS entry_lite_json
FROM restate.journal AS j;
\endif

SELECT results_eq(
  format($$SELECT index, version, entry_type::text, name, appended_at, entry_json::jsonb, entry_lite_json::jsonb
    FROM stored WHERE id = %L ORDER BY index$$, original ->> 'id'),
  format($$SELECT (e ->> 'index')::bigint, (e ->> 'version')::int, e ->> 'entry_type', e ->> 'name',
      (e ->> 'appended_at')::timestamptz, (e ->> 'entry_json')::jsonb, (e ->> 'entry_lite_json')::jsonb
    FROM jsonb_array_elements(%L) AS e ORDER BY 1$$, original -> 'journal'),
  format('%s: the journal read back is the recorded one', name))
FROM recorded ORDER BY name;

SELECT is(
  (SELECT to_jsonb(i) - ARRAY['partition_key', 'random_seed', 'completion_retention', 'journal_retention',
      'completion_payload', 'target_handler_ty', 'pause_requested', 'created_at', 'modified_at', 'running_at', 'completed_at']
    FROM (SELECT jsonb_strip_nulls(to_jsonb(i)) FROM restate.invocation AS i
      WHERE i.id = (original ->> 'id')::restate_invocation_id) AS s (i)),
  (original -> 'status') - ARRAY['partition_key', 'pk', 'target', 'completion_retention', 'journal_retention',
    'created_at', 'modified_at', 'running_at', 'completed_at'],
  format('%s: the invocation has the recorded facts, sizes among them', name))
FROM recorded ORDER BY name;

SELECT is(
  (SELECT ARRAY[i.created_at, i.modified_at, i.running_at, i.completed_at] FROM restate.invocation AS i
    WHERE i.id = (original ->> 'id')::restate_invocation_id),
  (SELECT array_agg((original -> 'status' ->> k)::timestamptz ORDER BY n)
    FROM unnest(ARRAY['created_at', 'modified_at', 'running_at', 'completed_at']) WITH ORDINALITY AS t (k, n)),
  format('%s: the invocation has the recorded times', name))
FROM recorded ORDER BY name;

SELECT is(
  (SELECT ARRAY[i.completion_retention, i.journal_retention] FROM restate.invocation AS i
    WHERE i.id = (original ->> 'id')::restate_invocation_id),
  ARRAY[original -> 'status' ->> 'completion_retention', original -> 'status' ->> 'journal_retention']::interval[],
  format('%s: the invocation has the recorded retentions', name))
FROM recorded ORDER BY name;

-- the journals of the restarts, without the tables
CREATE TEMP TABLE rendered AS
SELECT r.*, p.entry_type,
  restate.entry_json(p.entry_type, p.name, p.completion_id, p.result_completion_id, p.invoked_id,
    p.signal_index, p.signal_name, p.meta, p.payload) AS entry_json,
  restate.entry_lite_json(p.entry_type, p.name, p.completion_id, p.result_completion_id, p.invoked_id,
    p.signal_index, p.signal_name, p.meta) AS entry_lite_json
FROM restart_entry AS r
CROSS JOIN LATERAL restate.parse_entry((r.entry ->> 'entry_json')::jsonb) AS p;

SELECT is_empty($$SELECT * FROM rendered WHERE entry_type::text <> entry ->> 'entry_type'$$,
  'restarts: every entry is of the recorded type');
SELECT is_empty($$SELECT * FROM rendered WHERE entry_json::jsonb <> (entry ->> 'entry_json')::jsonb$$,
  'restarts: every entry is the recorded one');
SELECT is_empty($$SELECT * FROM rendered WHERE entry_lite_json::jsonb <> (entry ->> 'entry_lite_json')::jsonb$$,
  'restarts: every lite entry is the recorded one');

SELECT diag(format('%s original entries, %s entries of restarts, %s kinds; %s of all are the same text',
  o.entries, r.entries, o.kinds, o.same + r.same))
FROM (
  SELECT count(*) AS entries, count(DISTINCT s.entry_type) AS kinds,
    count(*) FILTER (WHERE s.entry_json = e.entry ->> 'entry_json') AS same
  FROM stored AS s
  JOIN recorded AS r ON (r.original ->> 'id')::restate_invocation_id = s.id
  JOIN LATERAL jsonb_array_elements(r.original -> 'journal') AS e (entry) ON (e.entry ->> 'index')::bigint = s.index
) AS o, (
  SELECT count(*) AS entries, count(*) FILTER (WHERE entry_json = entry ->> 'entry_json') AS same FROM rendered
) AS r;

SELECT * FROM finish();
ROLLBACK;
