-- The functions that check rows hold what plain SQL would, for every combination
-- of values that there can be of each kind; and what breaks a rule is told it in
-- words.
BEGIN;
SELECT plan(26);

-- Whether a check holds: one that does not raises its violation.
CREATE FUNCTION pg_temp.holds(check_name text, VARIADIC args text[]) RETURNS boolean LANGUAGE plpgsql AS $$
DECLARE
  held boolean;
BEGIN
  EXECUTE format('SELECT restate.%I(%s)', check_name, (SELECT string_agg(quote_nullable(a), ', ' ORDER BY n) FROM unnest(args) WITH ORDINALITY AS u (a, n)))
    INTO held;
  RETURN CASE held WHEN false THEN NULL ELSE held END;
EXCEPTION WHEN check_violation THEN
  RETURN false;
END $$;

CREATE TEMP TABLE status AS SELECT unnest('{NULL,pending,scheduled,ready,running,backing-off,suspended,paused,completed,asleep,""}'::text[]) AS status;
CREATE TEMP TABLE number AS SELECT unnest('{NULL,-9223372036854775808,-1,0,1,4294967295,4294967296,4294967297,9223372036854775807}'::bigint[]) AS n;
CREATE TEMP TABLE something AS SELECT unnest('{NULL,x}'::text[]) AS x;

SELECT is_empty($$SELECT status, p.n, c.a, s.a
  FROM status, (VALUES (NULL), ('0')) AS p (n), (VALUES (NULL), ('{1}')) AS c (a), (VALUES (NULL), ('{1}')) AS s (a)
  WHERE pg_temp.holds('check_status', status, p.n, c.a, s.a) IS DISTINCT FROM
    (coalesce(status IN ('pending', 'scheduled', 'ready', 'running', 'backing-off', 'suspended', 'paused', 'completed'), false)
      AND (status = 'pending') = (p.n IS NOT NULL) AND (status = 'suspended' OR c.a IS NULL AND s.a IS NULL))$$,
  'a status, and what there is with it');

SELECT is_empty($$SELECT status, result, x
  FROM status, (VALUES (NULL), ('success'), ('failure'), ('other')) AS r (result), something
  WHERE pg_temp.holds('check_completion', status, result, x) IS DISTINCT FROM
    ((status IS NOT DISTINCT FROM 'completed') = (result IS NOT NULL) AND (result IS NULL OR result IN ('success', 'failure'))
      AND (result IS NOT DISTINCT FROM 'failure') = (x IS NOT NULL))$$,
  'a completion, and its failure');

SELECT is_empty($$SELECT service, x, handler
  FROM (VALUES (NULL), ('service'), ('virtual_object'), ('workflow'), ('other')) AS s (service), something,
    (VALUES (NULL), ('exclusive'), ('shared'), ('workflow'), ('other')) AS h (handler)
  WHERE pg_temp.holds('check_target', service, x, handler) IS DISTINCT FROM coalesce(CASE service
    WHEN 'service' THEN x IS NULL AND handler IS NULL
    WHEN 'virtual_object' THEN x IS NOT NULL AND handler IN ('exclusive', 'shared')
    WHEN 'workflow' THEN x IS NOT NULL AND handler IN ('workflow', 'shared') END, false)$$,
  'a target, with its key and kind of handler');

SELECT is_empty($$SELECT origin, id, x
  FROM (VALUES (NULL), ('ingress'), ('service'), ('subscription'), ('restart_as_new'), ('other')) AS o (origin),
    (VALUES (NULL), ('inv_1000000000000000000000000000000000')) AS r (id), something
  WHERE pg_temp.holds('check_invoked_by', origin, id, x) IS DISTINCT FROM coalesce(CASE
    WHEN origin = 'restart_as_new' THEN id IS NOT NULL
    ELSE origin IN ('ingress', 'service', 'subscription') AND id IS NULL AND x IS NULL END, false)$$,
  'an origin, with what belongs to a restart');

SELECT is_empty($$SELECT id, version
  FROM (VALUES (NULL), ('dp_10000000000000000000000')) AS d (id), (VALUES (NULL), (-1), (0), (1), (7)) AS v (version)
  WHERE pg_temp.holds('check_pinned', id, version::text) IS DISTINCT FROM ((id IS NULL) = (version IS NULL) AND (version IS NULL OR version > 0))$$,
  'a pinned deployment, with its version');

SELECT is_empty($$SELECT s.n, c.n FROM number AS s, number AS c
  WHERE s.n IS NOT NULL AND c.n IS NOT NULL
    AND pg_temp.holds('check_journal_size', s.n::text, c.n::text) IS DISTINCT FROM (s.n <= 4294967296 AND c.n BETWEEN 0 AND s.n)$$,
  'the size of a journal, and how many of its entries are commands');

SELECT is_empty($$SELECT c.i, j.i
  FROM unnest('{0,-1us,1us,-1 mon 30 days,1 mon -31 days,1 day,-1 year}'::interval[]) AS c (i),
    unnest('{0,-1us,1us,-1 mon 30 days,1 mon -31 days,1 day,-1 year}'::interval[]) AS j (i)
  WHERE pg_temp.holds('check_retention', c.i::text, j.i::text) IS DISTINCT FROM (c.i >= interval '0' AND j.i >= interval '0')$$,
  'retentions');

SELECT is_empty($$SELECT a.n, b.n, c.n, d.n FROM number AS a, number AS b, number AS c, number AS d
  WHERE pg_temp.holds('check_entry_numbers', a.n::text, b.n::text, c.n::text, d.n::text) IS DISTINCT FROM
    (coalesce(a.n BETWEEN 0 AND 4294967295, true) AND coalesce(b.n BETWEEN 0 AND 4294967295, true)
      AND coalesce(c.n BETWEEN 0 AND 4294967295, true) AND coalesce(d.n BETWEEN 0 AND 4294967295, true))$$,
  'the numbers of an entry');

CREATE TEMP TABLE document AS SELECT unnest(ARRAY['{}', '{"a": 1}', '[]', '[1]', '[[]]', '[{}]', '1', '"a"', 'true', 'null',
  jsonb_build_object('a', repeat('x', 100000)), jsonb_build_array(repeat('y', 100000)),
  (SELECT jsonb_agg(md5(n::text)) FROM generate_series(1, 5000) AS n)]::jsonb[]) AS value;
SELECT is_empty($$SELECT value FROM document WHERE pg_temp.holds('check_json_object', value::text) IS DISTINCT FROM (jsonb_typeof(value) = 'object')$$,
  'a JSON object, however it is stored');
SELECT is_empty($$SELECT value FROM document WHERE pg_temp.holds('check_json_array', value::text) IS DISTINCT FROM (jsonb_typeof(value) = 'array')$$,
  'a JSON array');

-- what a writer of the tables is told

\set id '''inv_1000000000000000000000000000000000'''
INSERT INTO restate.invocation (id, partition_key, status, target_service_name, target_handler_name, target_service_ty, invoked_by)
VALUES (:id, 0, 'ready', 'Svc', 'run', 'service', 'ingress');
INSERT INTO restate.journal (id, partition_key, index, entry_type) VALUES (:id, 0, 0, 'Command: Input');
INSERT INTO restate.audit (partition_key, id, at, operation, parameters, outcome, role_name, session_user_name)
VALUES (0, :id, now(), 'kill', '{}', 'killed', 'a', 'a');

-- The fields of the error that a statement raises; the rule is shown as the
-- constraint whose comment it is.
CREATE FUNCTION pg_temp.told(statement text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
  state text; schema_name text; table_name text; constraint_name text; message text; detail text;
BEGIN
  EXECUTE statement;
  RETURN 'done';
EXCEPTION WHEN OTHERS THEN
  GET STACKED DIAGNOSTICS state = RETURNED_SQLSTATE, schema_name = SCHEMA_NAME, table_name = TABLE_NAME,
    constraint_name = CONSTRAINT_NAME, message = MESSAGE_TEXT, detail = PG_EXCEPTION_DETAIL;
  RETURN concat_ws(' ', state, format('%s.%s', schema_name, table_name),
    CASE WHEN message = (SELECT obj_description(c.oid, 'pg_constraint') FROM pg_constraint AS c
        WHERE c.conname = constraint_name AND c.conrelid = to_regclass(format('%I.%I', schema_name, table_name)))
      THEN 'the words of ' || constraint_name ELSE message END, detail);
END $$;

SELECT is(pg_temp.told('UPDATE restate.' || change), '23514 restate.' || told, told)
FROM (VALUES
  ('invocation SET status = ''asleep''', 'invocation the words of invocation_status_check The row has status "asleep", inbox_sequence_number null, suspended_waiting_for_completions null and suspended_waiting_for_signals null.'),
  ('invocation SET status = E''ready\n\u00e9"''', 'invocation the words of invocation_status_check The row has status "ready\x0a\xc3\xa9\x22", inbox_sequence_number null, suspended_waiting_for_completions null and suspended_waiting_for_signals null.'),
  ('invocation SET inbox_sequence_number = 1', 'invocation the words of invocation_status_check The row has status "ready", inbox_sequence_number set, suspended_waiting_for_completions null and suspended_waiting_for_signals null.'),
  ('invocation SET completion_failure = ''[500] secret''', 'invocation the words of invocation_completion_check The row has status "ready", completion_result null and completion_failure set.'),
  ('invocation SET target_service_ty = ''workflow''', 'invocation the words of invocation_target_check The row has target_service_ty "workflow", target_service_key null and target_handler_ty null.'),
  ('invocation SET target_service_ty = ''lambda''', 'invocation the words of invocation_target_check The row has target_service_ty "lambda", target_service_key null and target_handler_ty null.'),
  ('invocation SET request_id = ''r''', 'invocation the words of invocation_invoked_by_check The row has invoked_by "ingress", restarted_from null and request_id set.'),
  ('invocation SET pinned_service_protocol_version = 6', 'invocation the words of invocation_pinned_check The row has pinned_deployment_id null and pinned_service_protocol_version 6.'),
  ('invocation SET journal_commands_size = 1', 'invocation the words of invocation_journal_check The row has journal_size 0 and journal_commands_size 1.'),
  ('invocation SET journal_retention = ''-1 day''', 'invocation the words of invocation_retention_check The row has completion_retention 1 day and journal_retention -1 days.'),
  ('invocation SET input_headers = ''{}''', 'invocation the words of invocation_input_headers_check The row has an object for input_headers.'),
  ('journal SET signal_index = -1', 'journal the words of journal_numbers_check The row has index 0, completion_id null, result_completion_id null and signal_index -1.'),
  ('journal SET meta = ''[]''', 'journal the words of journal_meta_check The row has an array for meta.'),
  ('audit SET parameters = ''1''', 'audit the words of audit_parameters_check The row has a single value for parameters.')
) AS v (change, told);

-- without the words the server says which constraint it is, as before
COMMENT ON CONSTRAINT invocation_pinned_check ON restate.invocation IS NULL;
SELECT is(restate.check_pinned(NULL, 6), false, 'a rule without words is broken silently');
SELECT throws_ok('UPDATE restate.invocation SET pinned_service_protocol_version = 6', '23514',
  'new row for relation "invocation" violates check constraint "invocation_pinned_check"', 'and the server names it');

SELECT * FROM finish();
ROLLBACK;
