-- The parameters of operations: which values are taken, what the others are
-- refused as, in which order, and what a deployment and a request id do.
BEGIN;
\ir ../conformance/world.sql

SELECT deploy('old', '[5,6)', '{Svc,Gone}'), deploy('pinned', '[5,8)', '{Svc}'), deploy('newest', '[6,8)', '{Svc}'), deploy('foreign', '[5,8)', '{Other}') \g /dev/null
SELECT name_it('gone', restate_new_deployment_id()::text), name_it('unknown', restate_new_invocation_id()::text) \g /dev/null

\set pinned 'jsonb_build_object(''pinned_deployment_id'', dp(''pinned''), ''pinned_service_protocol_version'', 6)'
SELECT make('done', 'Svc/s', 'completed', :pinned || '{"journal": ["Command: Input", "Command: Run completion_id=1", "Notification: Run for=1", "Command: Run completion_id=2"]}'),
  make('purged', 'Svc/s', 'completed', :pinned),
  make('workflow', 'Wf/w/run', 'completed', :pinned || '{"journal": ["Command: Input"]}'),
  make('workflow purged', 'Wf/v/run', 'completed', :pinned),
  make('shared', 'Wf/w/status', 'completed', :pinned || '{"journal": ["Command: Input"]}'),
  make('unpinned', 'Svc/s', 'completed', '{"journal": ["Command: Input", "Command: Run completion_id=1"]}'),
  make('of protocol 5', 'Svc/s', 'completed', jsonb_build_object('pinned_deployment_id', dp('pinned'), 'pinned_service_protocol_version', 5,
    'journal', '["Command: Input", "Command: Run completion_id=1", "Notification: Run for=1"]'::jsonb)),
  make('on gone', 'Svc/s', 'completed', jsonb_build_object('pinned_deployment_id', dp('gone'), 'pinned_service_protocol_version', 6, 'journal', '["Command: Input"]'::jsonb)),
  make('of none', 'Nobody/s', 'completed', :pinned || '{"journal": ["Command: Input"]}'),
  make('running', 'Svc/s', 'running', :pinned), make('ready', 'Svc/s', 'ready', :pinned), make('backing off', 'Svc/s', 'backing-off', :pinned),
  make('paused', 'Svc/s', 'paused', :pinned), make('suspended', 'Svc/s', 'suspended', :pinned || '{"suspended_waiting_for_signals": [1]}'),
  make('paused unpinned', 'Svc/s', 'paused'), make('suspended unpinned', 'Svc/s', 'suspended', '{"suspended_waiting_for_signals": [1]}'),
  make('paused of none', 'Nobody/s', 'paused', :pinned), make('paused of protocol 5', 'Svc/s', 'paused', jsonb_build_object(
    'pinned_deployment_id', dp('pinned'), 'pinned_service_protocol_version', 5)),
  make('scheduled', 'Svc/s', 'scheduled') \g /dev/null
-- by a word that none of the labels has
UPDATE label SET label = replace(label, ' ', '_');

-- what a call gives: its value, or its category and what is wrong with the error
CREATE FUNCTION gives(expression text) RETURNS text LANGUAGE sql AS $$
  SELECT CASE WHEN r ? 'value' OR r ->> 'category' = '' THEN labelled(coalesce(r ->> 'value', r ->> 'message'))
    ELSE concat_ws(': ', r ->> 'category', wrong_error(r, r ->> 'category')) END
  FROM call(expression) AS r
$$;

-- what a restart gives: its deployment, protocol version and journal size
CREATE FUNCTION restart_gives(label text, arguments text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
  r CONSTANT jsonb := call(format('restate_restart_as_new(inv(%L)%s)', label, arguments));
BEGIN
  IF r ? 'category' THEN
    RETURN concat_ws(': ', r ->> 'category', wrong_error(r, r ->> 'category',
      CASE WHEN r ->> 'category' LIKE 'invalid%' THEN '' ELSE inv(label)::text END));
  END IF;
  RETURN (SELECT concat_ws(' ', labelled(pinned_deployment_id::text), pinned_service_protocol_version, 'size', journal_size)
    FROM restate.invocation WHERE id = (r ->> 'value')::restate_invocation_id);
END $$;

CREATE TABLE "case" (n int GENERATED ALWAYS AS IDENTITY, label text, arguments text, want text, rule text);

SELECT plan(166);

-- nulls

SELECT is(gives(format('restate_%s(NULL)', o)), 'invalid_invocation_id', format('%s of a null id is refused', o))
FROM unnest('{purge_journal,delete_invocation,restart_as_new,cancel,kill,purge,pause,resume}'::text[]) AS o;
SELECT is(gives('restate_delete_invocation(NULL, NULL)'), 'invalid_query_parameter', 'a malformed parameter is refused before a null id');
SELECT is(gives('restate_restart_as_new(NULL, -1)'), 'invalid_query_parameter', 'also of a restart');
SELECT is(gives('restate_resume(NULL, ''x'')'), 'invalid_deployment_id', 'also of a resume');

-- mode

SELECT is(effect('SELECT 1', format('restate_delete_invocation(inv(''running''), %L)', mode)) ~ want, true, format('mode %s: %s', mode, want))
FROM (VALUES ('cancel', '^signalled'), ('Cancel', '^signalled'), ('kill', '^killed'), ('Kill', '^killed'), ('purge', '^unchanged$'), ('Purge', '^unchanged$')) AS t (mode, want);
SELECT is(gives(format('restate_delete_invocation(inv(%L), %L)', label, mode)), 'invalid_query_parameter', format('mode %s of %s is refused', left(to_json(mode)::text, 40), label))
FROM unnest('{running,unknown}'::text[]) AS label, unnest(ARRAY['CANCEL', 'KILL', 'pURGE', '', ' kill', 'kill ', E'kill\n', 'kill,purge', 'purge-journal', E'k\u00efll', repeat('kill', 1000), NULL]) AS mode;
SELECT is(effect('SELECT 1', 'restate_delete_invocation(inv(''running''))'), effect('SELECT 1', 'restate_delete_invocation(inv(''running''), ''cancel'')'),
  'cancel is the mode if none is given');
SELECT is(length(call(format('restate_delete_invocation(inv(''running''), %L)', repeat('x', 100000))) ->> 'message') < 150, true, 'of a long mode the message has little');
SELECT is(call(format('restate_delete_invocation(inv(''running''), %L)', E'a"b\nc\\d')) ->> 'message' LIKE '%\\x22%\\x0a%\\x5c%', true, 'of an odd mode it has it escaped');

-- from

INSERT INTO "case" (label, arguments, want, rule) VALUES
  ('done', '', 'newest 6 size 1', 'no from is 0'),
  ('done', ', NULL', 'newest 6 size 1', 'nor a null one'),
  ('done', ', 0', 'newest 6 size 1', '0 is the input'),
  ('done', ', 2', 'newest 6 size 3', 'up to an index'),
  ('done', ', 3', 'journal_prefix_incomplete', 'a command that lacks its completion'),
  ('done', ', 4', 'journal_index_out_of_range', 'the first index past the end'),
  ('done', ', 4294967295', 'journal_index_out_of_range', 'the last possible'),
  ('done', ', 4294967296', 'invalid_query_parameter', 'more than 32 bits'),
  ('done', ', -1', 'invalid_query_parameter', 'less than 0'),
  ('done', ', 9223372036854775807', 'invalid_query_parameter', 'the largest bigint'),
  ('done', ', -9223372036854775808', 'invalid_query_parameter', 'the smallest bigint'),
-- deployments of a restart
  ('done', ', 0, NULL', 'newest 6 size 1', 'no deployment is the latest'),
  ('done', ', 0, ''latest''', 'newest 6 size 1', 'latest'),
  ('done', ', 0, ''Latest''', 'newest 6 size 1', 'Latest'),
  ('done', ', 2, ''keep''', 'pinned 6 size 3', 'keep'),
  ('done', ', NULL, ''Keep''', 'pinned 6 size 1', 'Keep'),
  ('done', ', 0, dp(''newest'')::text', 'newest 6 size 1', 'an id'),
  ('done', ', 0, dp(''foreign'')::text', 'foreign 6 size 1', 'an id of a deployment that does not serve the service'),
  ('done', ', 0, dp(''gone'')::text', 'deployment_not_found', 'an id of none'),
  ('done', ', 0, dp(''old'')::text', 'deployment_incompatible', 'an id of one that is too old'),
  ('of_protocol_5', '', 'deployment_incompatible', 'the latest is too new'),
  ('of_protocol_5', ', 0, ''keep''', 'pinned 5 size 1', 'the protocol version is kept'),
  ('of_protocol_5', ', 0, dp(''old'')::text', 'old 5 size 1', 'so it is on another deployment'),
  ('of_protocol_5', ', 1, ''keep''', 'restart_not_supported', 'no part of a journal of protocol 5'),
  ('of_protocol_5', ', 99, ''keep''', 'restart_not_supported', 'whatever the index'),
  ('on_gone', ', 0, ''keep''', 'gone 6 size 1', 'keep one that was removed'),
  ('on_gone', '', 'newest 6 size 1', 'leave one that was removed'),
  ('on_gone', ', 0, dp(''gone'')::text', 'deployment_not_found', 'ask for one that was removed'),
  ('of_none', '', 'deployment_not_found', 'latest where nobody serves the service'),
  ('of_none', ', 0, ''keep''', 'pinned 6 size 1', 'keep where nobody serves the service'),
  ('unpinned', '', 'size 1', 'never pinned'),
  ('unpinned', ', 0, ''latest''', 'size 1', 'never pinned, latest'),
  ('unpinned', ', 0, ''keep''', 'deployment_not_changeable', 'never pinned, keep'),
  ('unpinned', ', 0, dp(''newest'')::text', 'deployment_not_changeable', 'never pinned, an id'),
  ('unpinned', ', 0, dp(''gone'')::text', 'deployment_not_changeable', 'never pinned, an id of none'),
  ('unpinned', ', 1', 'restart_not_supported', 'never pinned, an index'),
  ('unpinned', ', 1, ''keep''', 'restart_not_supported', 'never pinned, an index and keep'),
-- the order of the checks
  ('unknown', ', -1, ''x''', 'invalid_query_parameter', 'from before deployment'),
  ('unknown', ', 0, ''x''', 'invalid_deployment_id', 'deployment before the invocation'),
  ('unknown', ', 99, dp(''gone'')::text', 'invocation_not_found', 'the invocation before all that is about it'),
  ('scheduled', ', 99, dp(''gone'')::text', 'not_started', 'its state next'),
  ('running', ', 99, dp(''gone'')::text', 'still_running', 'its state next'),
  ('purged', ', 99, dp(''gone'')::text', 'input_not_available', 'then the journal'),
  ('workflow_purged', ', 99', 'input_not_available', 'then the journal, of workflows too'),
  ('workflow', ', 99, dp(''gone'')::text', 'restart_not_supported', 'then what it is'),
  ('shared', ', 99, dp(''gone'')::text', 'restart_not_supported', 'a shared handler of a workflow is one'),
  ('done', ', 99, dp(''gone'')::text', 'deployment_not_found', 'then the deployment'),
  ('done', ', 99, dp(''old'')::text', 'deployment_incompatible', 'then its protocols'),
  ('done', ', 99, ''keep''', 'journal_index_out_of_range', 'then the index');
SELECT is(restart_gives(label, arguments), want, format('restart of %s%s: %s', label, arguments, rule)) FROM "case" ORDER BY n;

SELECT is(restart_gives('done', format(', 0, %L', d)), 'invalid_deployment_id', format('restart on %L is refused', left(d, 40)))
FROM unnest(ARRAY['', 'KEEP', 'LATEST', ' keep', 'keep ', 'null', 'Id', 'dp_1', 'dp_1abc', 'dp_2' || substr(dp('pinned')::text, 5), dp('pinned') || 'x', 'DP' || substr(dp('pinned')::text, 3),
  inv('done')::text, 'dp_1' || repeat('Z', 22), E'\u2713', repeat('dp_1', 10000)]) AS d;

-- deployments of a resume

CREATE FUNCTION resume_gives(label text, deployment text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
  told text;
BEGIN
  told := gives(format('restate_resume(inv(%L), %s)', label, deployment));
  told := (SELECT concat_ws(' ', told, status, labelled(pinned_deployment_id::text), pinned_service_protocol_version) FROM restate.invocation WHERE id = inv(label));
  RAISE EXCEPTION USING ERRCODE = 'UNDO0';
EXCEPTION WHEN SQLSTATE 'UNDO0' THEN
  RETURN told;
END $$;

SELECT is(resume_gives(label, deployment), want, format('resume of %s on %s', label, deployment))
FROM (VALUES
  ('paused', 'NULL', 'resumed ready pinned 6'), ('paused', '''keep''', 'resumed ready pinned 6'), ('paused', '''Keep''', 'resumed ready pinned 6'),
  ('paused', '''latest''', 'resumed ready newest 6'), ('suspended', '''Latest''', 'resumed ready newest 6'),
  ('suspended', 'dp(''foreign'')::text', 'resumed ready foreign 6'), ('paused', 'dp(''newest'')::text', 'resumed ready newest 6'),
  ('paused', 'dp(''gone'')::text', 'deployment_not_found paused pinned 6'), ('suspended', 'dp(''old'')::text', 'deployment_incompatible suspended pinned 6'),
  ('paused_of_protocol_5', '''latest''', 'deployment_incompatible paused pinned 5'), ('paused_of_protocol_5', 'dp(''old'')::text', 'resumed ready old 5'),
  ('paused_of_none', '''latest''', 'deployment_not_found paused pinned 6'), ('paused_of_none', '''keep''', 'resumed ready pinned 6'),
  ('backing_off', '''latest''', 'deployment_not_changeable backing-off pinned 6'), ('backing_off', 'dp(''gone'')::text', 'deployment_not_changeable backing-off pinned 6'),
  ('backing_off', '''keep''', 'resumed ready pinned 6'),
  ('running', '''keep''', 'unchanged running pinned 6'), ('running', '''latest''', 'deployment_not_changeable running pinned 6'),
  ('ready', '''keep''', 'unchanged ready pinned 6'), ('ready', 'dp(''newest'')::text', 'deployment_not_changeable ready pinned 6'),
  ('paused_unpinned', 'NULL', 'resumed ready'), ('paused_unpinned', '''keep''', 'resumed ready'), ('suspended_unpinned', '''latest''', 'resumed ready'),
  ('paused_unpinned', 'dp(''newest'')::text', 'deployment_not_changeable paused'),
  ('done', 'dp(''gone'')::text', 'already_completed completed pinned 6'), ('scheduled', '''latest''', 'not_started scheduled'),
  ('paused', '''KEEP''', 'invalid_deployment_id paused pinned 6'), ('done', '''''', 'invalid_deployment_id completed pinned 6')) AS t (label, deployment, want);

-- request ids: the same one for the same original gives the same restart

CREATE FUNCTION again(label text, request_id text, "from" bigint DEFAULT NULL, deployment text DEFAULT NULL) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
  r CONSTANT jsonb := call(format('restate_restart_as_new(inv(%L), %L, %L, %L)', label, "from", deployment, request_id));
BEGIN
  IF r ? 'category' THEN
    RETURN concat_ws(': ', r ->> 'category', wrong_error(r, r ->> 'category'));
  END IF;
  IF NOT EXISTS (SELECT FROM label AS l WHERE l.id = r ->> 'value') THEN
    PERFORM name_it('restart ' || (SELECT count(*) + 1 FROM label AS l WHERE l.label LIKE 'restart %'), r ->> 'value');
  END IF;
  RETURN labelled(r ->> 'value');
END $$;

SELECT make('again', 'Svc/s', 'completed', :pinned || '{"journal": ["Command: Input", "Command: Output"]}'), make('else', 'Svc/s', 'completed', :pinned || '{"journal": ["Command: Input"]}') \g /dev/null
SELECT count(*) AS audited FROM restate.audit \gset
SELECT is(again('again', 'a'), 'restart 1', 'a request id is new');
SELECT is(again('again', 'a'), 'restart 1', 'it gives the same again');
SELECT is(again('again', 'a', 0, 'latest'), 'restart 1', 'in other words too');
SELECT is(again('again', 'a', 0, dp('newest')::text), 'restart 1', 'on the same deployment by its id');
SELECT is(again('again', 'a', 1), 'request_id_conflict', 'from another index it is refused');
SELECT is(again('again', 'a', 0, 'keep'), 'request_id_conflict', 'on another deployment too');
SELECT is(again('again', 'a', 0, dp('old')::text), 'request_id_conflict', 'which need not suit');
SELECT is(again('again', 'a', 0, dp('gone')::text), 'request_id_conflict', 'nor exist');
SELECT is(again('again', 'b'), 'restart 2', 'another gives another');
SELECT is(again('else', 'a'), 'restart 3', 'it is an original''s own');
SELECT is(again('again', 'A'), 'restart 4', 'case counts');
SELECT is(again('again', NULL) || again('again', NULL), 'restart 5restart 6', 'without one each is new');
SELECT is((SELECT count(*) - :audited FROM restate.audit), 6::bigint, 'the repeated ones left no record');
SELECT is(again('again', ''), 'invalid_query_parameter', 'an empty one is refused');
SELECT is(again('again', repeat('x', 256)), 'invalid_query_parameter', 'one of 256 bytes is refused');
SELECT is(again('again', repeat('x', 255)), 'restart 7', 'one of 255 bytes is not');
SELECT is(restate_purge_journal(inv('again')) || ' ' || again('again', 'a'), 'purged restart 1', 'it gives the same after the original''s journal was purged');
SELECT is(again('again', 'c'), 'input_not_available', 'another does not');
SELECT is(again('again', 'a', 2), 'request_id_conflict', 'but not another then');
SELECT is(restate_purge(inv('again')) || ' ' || again('again', 'a'), 'purged restart 1', 'it gives the same after the original was purged');
SELECT is(again('again', 'a', 2), 'request_id_conflict', 'nor another then');
SELECT is(again('again', 'a', 0, dp('old')::text), 'request_id_conflict', 'nor one on another deployment');
SELECT is(again('again', 'c'), 'invocation_not_found', 'another does not then');
SELECT is(again('unknown', 'a'), 'invocation_not_found', 'nor of an unknown one');
SELECT is(restate_kill(inv('restart 3')) || ' ' || again('else', 'a'), 'killed restart 3', 'it gives the same after the restart was killed');
SELECT is(restate_purge(inv('restart 3')) || ' ' || again('else', 'a'), 'purged restart 8', 'after the restart was purged it is new again');
SELECT is((SELECT array_agg(labelled(restarted_from::text) || ' ' || coalesce(left(request_id, 3), 'none') ORDER BY labelled(id::text))::text FROM restate.invocation
    WHERE id IN (SELECT id::restate_invocation_id FROM label WHERE label LIKE 'restart %')),
  '{"again a","again b","again A","again none","again none","again xxx","else a"}', 'every restart has its request id');
SELECT is((SELECT string_agg(outcome || ' ' || labelled(new_id::text), ', ' ORDER BY n) FROM restate_restart_as_new_batch(ARRAY[inv('else'), inv('done'), inv('else')], 0, NULL, 'a')
    WITH ORDINALITY AS t (ordinality, id, ok, category, message, outcome, new_id, n) WHERE id = inv('else')), 'unchanged restart 8, unchanged restart 8', 'a batch with a request id that was used');

SELECT is_empty('SELECT * FROM restate_verify()', 'nothing is broken at the end');

SELECT * FROM finish();
ROLLBACK;
