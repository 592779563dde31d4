-- The functions that check rows hold what plain SQL would, for every combination
-- of values that there can be of each kind; and who breaks a rule of a table is
-- told which, in words.
BEGIN;
SELECT plan(66);

-- What a table's function is called with where nothing else is said: a sound row.
CREATE TEMP TABLE sound (relation text PRIMARY KEY, values jsonb NOT NULL);
INSERT INTO sound VALUES
  ('invocation', '{"id": "inv_1000000000000000000000000000000000", "partition_key": 0, "status": "ready", "target_service_ty": "service", "invoked_by": "ingress", "journal_size": 0, "journal_commands_size": 0, "completion_retention": "1 day", "journal_retention": "1 day"}'),
  ('journal', '{"id": "inv_1000000000000000000000000000000000", "partition_key": 0, "index": 0, "meta": "{}"}'),
  ('journal_event', '{"id": "inv_1000000000000000000000000000000000", "partition_key": 0, "event_index": 0, "after_journal_entry_index": 0, "event_json": "{}"}'),
  ('promise', '{}'),
  ('deployment', '{"ty": "http", "min_service_protocol_version": 1, "max_service_protocol_version": 1}'),
  ('service_revision', '{"service_name": "Svc", "revision": 1, "ty": "service", "handlers": "[]", "settings": "{}"}');

-- Whether a rule holds for the sound row of its table, changed so.  Raises what
-- else is wrong with it, unless that comes after the rule.
CREATE FUNCTION pg_temp.holds(of_rule text, VARIADIC changes text[]) RETURNS boolean LANGUAGE plpgsql AS $$
DECLARE
  check_name text;
  call text;
  held boolean;
  broken text;
BEGIN
  SELECT 'check_' || relation, string_agg(format('%I => %L', argument, (s.values || jsonb_object(changes)) ->> argument), ', ')
  INTO check_name, call
  FROM restate.rules() AS r JOIN sound AS s USING (relation) JOIN pg_proc AS p ON p.proname = 'check_' || relation, unnest(p.proargnames) AS argument
  WHERE r.rule = of_rule AND p.pronamespace = 'restate'::regnamespace
  GROUP BY relation;
  EXECUTE format('SELECT restate.%I(%s)', check_name, call) INTO STRICT held;
  RETURN held;
EXCEPTION WHEN check_violation THEN
  GET STACKED DIAGNOSTICS broken = CONSTRAINT_NAME;
  IF broken < of_rule COLLATE "C" THEN
    RAISE;
  END IF;
  RETURN broken <> of_rule;
END $$;

CREATE TEMP TABLE status AS SELECT unnest('{NULL,pending,scheduled,ready,running,backing-off,suspended,paused,completed,asleep,""}'::text[]) AS status;
CREATE TEMP TABLE number AS SELECT unnest('{NULL,-9223372036854775808,-1,0,1,4294967295,4294967296,4294967297,9223372036854775807}'::bigint[]) AS n;
CREATE TEMP TABLE something AS SELECT unnest('{NULL,x}'::text[]) AS x;

SELECT is_empty($$SELECT status, p.n, c.a, s.a
  FROM status, (VALUES (NULL), ('0')) AS p (n), (VALUES (NULL), ('{1}')) AS c (a), (VALUES (NULL), ('{1}')) AS s (a)
  WHERE pg_temp.holds('invocation_status_check', 'status', status, 'completion_result', CASE status WHEN 'completed' THEN 'success' END,
      'completed_at', CASE status WHEN 'completed' THEN '2026-01-01' END, 'inbox_sequence_number', p.n, 'suspended_waiting_for_completions', c.a, 'suspended_waiting_for_signals', s.a) IS DISTINCT FROM
    (coalesce(status IN ('pending', 'scheduled', 'ready', 'running', 'backing-off', 'suspended', 'paused', 'completed'), false)
      AND (status = 'pending') = (p.n IS NOT NULL) AND (status = 'suspended' OR c.a IS NULL AND s.a IS NULL))$$,
  'a status, and what there is with it');

SELECT is_empty($$SELECT status, result, x
  FROM status, (VALUES (NULL), ('success'), ('failure'), ('other')) AS r (result), something
  WHERE pg_temp.holds('invocation_completion_check', 'status', status, 'completed_at', CASE status WHEN 'completed' THEN '2026-01-01' END, 'completion_result', result, 'completion_failure', x) IS DISTINCT FROM
    ((status IS NOT DISTINCT FROM 'completed') = (result IS NOT NULL) AND (result IS NULL OR result IN ('success', 'failure'))
      AND (result IS NOT DISTINCT FROM 'failure') = (x IS NOT NULL))$$,
  'a completion, and its failure');

SELECT is_empty($$SELECT status, at
  FROM status, (VALUES (NULL), ('2026-01-01')) AS a (at)
  WHERE pg_temp.holds('invocation_completed_at_check', 'status', status, 'completed_at', at) IS DISTINCT FROM
    ((status IS NOT DISTINCT FROM 'completed') = (at IS NOT NULL))$$,
  'a completion, and its time');

SELECT is_empty($$SELECT service, x, handler
  FROM (VALUES (NULL), ('service'), ('virtual_object'), ('workflow'), ('other')) AS s (service), something,
    (VALUES (NULL), ('exclusive'), ('shared'), ('workflow'), ('other')) AS h (handler)
  WHERE pg_temp.holds('invocation_target_check', 'target_service_ty', service, 'target_service_key', x, 'target_handler_ty', handler) IS DISTINCT FROM coalesce(CASE service
    WHEN 'service' THEN x IS NULL AND handler IS NULL
    WHEN 'virtual_object' THEN x IS NOT NULL AND handler IN ('exclusive', 'shared')
    WHEN 'workflow' THEN x IS NOT NULL AND handler IN ('workflow', 'shared') END, false)$$,
  'a target, with its key and kind of handler');

SELECT is_empty($$SELECT origin, id, x
  FROM (VALUES (NULL), ('ingress'), ('service'), ('subscription'), ('restart_as_new'), ('other')) AS o (origin),
    (VALUES (NULL), ('inv_1000000000000000000000000000000000')) AS r (id), something
  WHERE pg_temp.holds('invocation_invoked_by_check', 'invoked_by', origin, 'restarted_from', id, 'request_id', x) IS DISTINCT FROM coalesce(CASE
    WHEN origin = 'restart_as_new' THEN id IS NOT NULL
    ELSE origin IN ('ingress', 'service', 'subscription') AND id IS NULL AND x IS NULL END, false)$$,
  'an origin, with what belongs to a restart');

SELECT is_empty($$SELECT id, version
  FROM (VALUES (NULL), ('dp_10000000000000000000000')) AS d (id), (VALUES (NULL), (-1), (0), (1), (7)) AS v (version)
  WHERE pg_temp.holds('invocation_pinned_check', 'pinned_deployment_id', id, 'pinned_service_protocol_version', version::text) IS DISTINCT FROM ((id IS NULL) = (version IS NULL) AND (version IS NULL OR version > 0))$$,
  'a pinned deployment, with its version');

SELECT is_empty($$SELECT s.n, c.n FROM number AS s, number AS c
  WHERE pg_temp.holds('invocation_journal_check', 'journal_size', s.n::text, 'journal_commands_size', c.n::text) IS DISTINCT FROM
    (s.n IS NULL OR c.n IS NULL OR (s.n <= 4294967296 AND c.n BETWEEN 0 AND s.n))$$,
  'the size of a journal, and how many of its entries are commands');

SELECT is_empty($$SELECT c.i, j.i
  FROM unnest('{NULL,0,-1us,1us,-1 mon 30 days,1 mon -31 days,1 day,-1 year}'::interval[]) AS c (i),
    unnest('{NULL,0,-1us,1us,-1 mon 30 days,1 mon -31 days,1 day,-1 year}'::interval[]) AS j (i)
  WHERE pg_temp.holds('invocation_retention_check', 'completion_retention', c.i::text, 'journal_retention', j.i::text) IS DISTINCT FROM
    (c.i IS NULL OR j.i IS NULL OR (c.i >= interval '0' AND j.i >= interval '0'))$$,
  'retentions');

SELECT is_empty($$SELECT a.n, b.n, c.n, d.n FROM number AS a, number AS b, number AS c, number AS d
  WHERE pg_temp.holds('journal_numbers_check', 'index', a.n::text, 'completion_id', b.n::text, 'result_completion_id', c.n::text, 'signal_index', d.n::text) IS DISTINCT FROM
    (coalesce(a.n BETWEEN 0 AND 4294967295, true) AND coalesce(b.n BETWEEN 0 AND 4294967295, true)
      AND coalesce(c.n BETWEEN 0 AND 4294967295, true) AND coalesce(d.n BETWEEN 0 AND 4294967295, true))$$,
  'the numbers of an entry');

CREATE TEMP TABLE document AS SELECT unnest(ARRAY['{}', '{"a": 1}', '[]', '[1]', '[[]]', '[{}]', '1', '"a"', 'true', 'null',
  jsonb_build_object('a', repeat('x', 100000)), jsonb_build_array(repeat('y', 100000)),
  (SELECT jsonb_agg(md5(n::text)) FROM generate_series(1, 5000) AS n)]::jsonb[]) AS value;
INSERT INTO document VALUES (NULL);
SELECT is_empty($$SELECT rule, value FROM document, unnest('{journal_meta_check,journal_event_event_json_check,service_revision_settings_check}'::text[]) AS rule
  WHERE pg_temp.holds(rule, substring(rule, '_(event_json|meta|settings)_'), value::text) IS DISTINCT FROM coalesce(jsonb_typeof(value) = 'object', true)$$,
  'a JSON object, however it is stored');
SELECT is_empty($$SELECT rule, value FROM document, unnest('{invocation_input_headers_check,service_revision_handlers_check}'::text[]) AS rule
  WHERE pg_temp.holds(rule, substring(rule, '_(input_headers|handlers)_'), value::text) IS DISTINCT FROM coalesce(jsonb_typeof(value) = 'array', true)$$,
  'a JSON array');

SELECT is_empty($$SELECT rule, n FROM number, (VALUES ('invocation_retry_count_check', 'retry_count', 0, 9223372036854775807), ('service_revision_revision_check', 'revision', 1, 9223372036854775807),
    ('journal_event_event_index_check', 'event_index', 0, 9223372036854775807), ('journal_event_after_journal_entry_index_check', 'after_journal_entry_index', 0, 4294967295)) AS v (rule, name, least, most)
  WHERE pg_temp.holds(rule, name, n::text) IS DISTINCT FROM coalesce(n BETWEEN least AND most, true)$$,
  'a number alone');

SELECT is_empty($$SELECT completed, success, failure
  FROM (VALUES (NULL), (false), (true)) AS c (completed), (VALUES (NULL), (''), ('x')) AS s (success), (VALUES (NULL), (''), ('x')) AS f (failure)
  WHERE pg_temp.holds('promise_completed_check', 'completed', completed::text, 'completion_success_value', success, 'completion_failure', failure) IS DISTINCT FROM
    coalesce(completed = (success IS NOT NULL OR failure IS NOT NULL) AND (success IS NULL OR failure IS NULL), true)$$,
  'a promise, with what completed it');

SELECT is_empty($$SELECT ty FROM unnest('{NULL,http,lambda,other,""}'::text[]) AS ty
  WHERE pg_temp.holds('deployment_ty_check', 'ty', ty) IS DISTINCT FROM coalesce(ty IN ('http', 'lambda'), true)$$, 'a kind of deployment');
SELECT is_empty($$SELECT least, most FROM unnest('{NULL,-1,0,1,2,2147483647}'::integer[]) AS least, unnest('{NULL,-1,0,1,2,2147483647}'::integer[]) AS most
  WHERE pg_temp.holds('deployment_check', 'min_service_protocol_version', least::text, 'max_service_protocol_version', most::text) IS DISTINCT FROM coalesce(most >= least, true)
    OR coalesce(most >= least, true) AND pg_temp.holds('deployment_min_service_protocol_version_check', 'min_service_protocol_version', least::text,
      'max_service_protocol_version', most::text) IS DISTINCT FROM coalesce(least > 0, true)$$, 'its protocol versions');
SELECT is_empty($$SELECT ty FROM unnest('{NULL,service,virtual_object,workflow,other,""}'::text[]) AS ty
  WHERE pg_temp.holds('service_revision_ty_check', 'ty', ty) IS DISTINCT FROM coalesce(ty IN ('service', 'virtual_object', 'workflow'), true)$$, 'a kind of service');
SELECT is_empty($$SELECT name FROM unnest('{NULL,"",a}'::text[]) AS name
  WHERE pg_temp.holds('service_revision_service_name_check', 'service_name', name) IS DISTINCT FROM coalesce(name <> '', true)$$, 'its name');

INSERT INTO sound VALUES ('audit', '{}'), ('object_key', '{}'), ('object_state', '{}');
SELECT is_empty($$SELECT rule, id, key
  FROM (SELECT rule FROM restate.rules() WHERE words = 'partition_key must be that of the id') AS r,
    (VALUES (NULL), ('inv_1000000000000000000000000000000000'), ('inv_1gdoJvdfN2pG0OWsVpOAlm8fkLRTwLMyEb')) AS i (id), (VALUES (NULL), (0)) AS k (key)
  WHERE pg_temp.holds(rule, 'id', id, 'partition_key', key::text) IS DISTINCT FROM coalesce(key = restate_partition_key_of_id(id), true)$$,
  'the partition key of an id');
SELECT is_empty($$SELECT rule, name, key
  FROM (SELECT rule FROM restate.rules() WHERE words = 'partition_key must be that of the service_key') AS r,
    (VALUES (NULL), (''), ('a'), (repeat('key', 1000))) AS i (name), (VALUES (NULL), (0), (restate_partition_key_of_key('a')), (restate_partition_key_of_key(repeat('key', 1000)))) AS k (key)
  WHERE pg_temp.holds(rule, 'service_key', name, 'partition_key', key::text) IS DISTINCT FROM coalesce(key = restate_partition_key_of_key(name), true)$$,
  'the partition key of a service key');

-- what a writer of the tables is told

SELECT is_empty($$SELECT c.conrelid::regclass FROM pg_constraint AS c
  JOIN pg_depend AS d ON d.classid = 'pg_class'::regclass AND d.objid = c.conrelid AND d.deptype = 'e'
  WHERE c.contype = 'c' GROUP BY 1 HAVING count(*) <> 1$$, 'the server reads one constraint of a table');

\set id '''inv_1000000000000000000000000000000000'''
INSERT INTO restate.deployment (id, ty, endpoint, min_service_protocol_version, max_service_protocol_version) VALUES ('dp_10000000000000000000000', 'http', '', 5, 6);
INSERT INTO restate.service_revision (service_name, revision, deployment_id, ty) VALUES ('Svc', 1, 'dp_10000000000000000000000', 'service');
INSERT INTO restate.invocation (id, partition_key, status, target_service_name, target_handler_name, target_service_ty, invoked_by)
VALUES (:id, 0, 'ready', 'Svc', 'run', 'service', 'ingress');
INSERT INTO restate.journal (id, partition_key, index, entry_type) VALUES (:id, 0, 0, 'Command: Input');
INSERT INTO restate.journal_event (id, partition_key, event_index, after_journal_entry_index, event_type, event_json) VALUES (:id, 0, 0, 0, 'Paused', '{}');
INSERT INTO restate.object_key (service_name, service_key, partition_key) VALUES ('Obj', 'a', restate_partition_key_of_key('a'));
INSERT INTO restate.object_state (service_name, service_key, key, partition_key, value) VALUES ('Obj', 'a', 'k', restate_partition_key_of_key('a'), '');
INSERT INTO restate.promise (service_name, service_key, key, partition_key) VALUES ('Wf', 'a', 'p', restate_partition_key_of_key('a'));
INSERT INTO restate.audit (partition_key, id, at, operation, parameters, outcome, role_name, session_user_name)
VALUES (0, :id, now(), 'kill', '{}', 'killed', 'a', 'a');

-- The fields of the error that a statement raises; the message is shown as the
-- rule whose words it is.
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
    CASE WHEN message = (SELECT r.words FROM restate.rules() AS r WHERE r.rule = constraint_name AND r.relation = table_name)
      THEN 'the words of ' || constraint_name ELSE message END, detail);
END $$;

CREATE TEMP TABLE broken (change text, told text);
INSERT INTO broken VALUES
  ('audit SET parameters = ''1''', 'audit the words of audit_parameters_check The row has a single value for parameters.'),
  ('audit SET partition_key = 1', 'audit the words of audit_partition_key_check The row has partition_key 1 in place of 0.'),
  ('deployment SET max_service_protocol_version = 4', 'deployment the words of deployment_check The row has min_service_protocol_version 5 and max_service_protocol_version 4.'),
  ('deployment SET min_service_protocol_version = 0', 'deployment the words of deployment_min_service_protocol_version_check The row has min_service_protocol_version 0.'),
  ('deployment SET ty = ''ftp''', 'deployment the words of deployment_ty_check The row has ty "ftp".'),
  ('invocation SET status = ''asleep''', 'invocation the words of invocation_status_check The row has status "asleep", inbox_sequence_number null, suspended_waiting_for_completions null and suspended_waiting_for_signals null.'),
  ('invocation SET status = E''ready\n\u00e9"''', 'invocation the words of invocation_status_check The row has status "ready\x0a\xc3\xa9\x22", inbox_sequence_number null, suspended_waiting_for_completions null and suspended_waiting_for_signals null.'),
  ('invocation SET inbox_sequence_number = 1', 'invocation the words of invocation_status_check The row has status "ready", inbox_sequence_number set, suspended_waiting_for_completions null and suspended_waiting_for_signals null.'),
  ('invocation SET completion_failure = ''[500] secret''', 'invocation the words of invocation_completion_check The row has status "ready", completion_result null and completion_failure set.'),
  ('invocation SET completed_at = now()', 'invocation the words of invocation_completed_at_check The row has status "ready" and completed_at set.'),
  ('invocation SET idempotency_key = repeat(''x'', 16385)', 'invocation the words of invocation_keys_check The row has one of 16385 bytes.'),
  ('object_key SET service_key = repeat(''x'', 16385)', 'object_key the words of object_key_keys_check The row has one of 16385 bytes.'),
  ('object_state SET key = repeat(''x'', 16385)', 'object_state the words of object_state_keys_check The row has one of 16385 bytes.'),
  ('promise SET key = repeat(''x'', 16385)', 'promise the words of promise_keys_check The row has one of 16385 bytes.'),
  ('invocation SET target_service_ty = ''workflow''', 'invocation the words of invocation_target_check The row has target_service_ty "workflow", target_service_key null and target_handler_ty null.'),
  ('invocation SET target_service_ty = ''lambda''', 'invocation the words of invocation_target_check The row has target_service_ty "lambda", target_service_key null and target_handler_ty null.'),
  ('invocation SET request_id = ''r''', 'invocation the words of invocation_invoked_by_check The row has invoked_by "ingress", restarted_from null and request_id set.'),
  ('invocation SET partition_key = -1', 'invocation the words of invocation_partition_key_check The row has partition_key -1 in place of 0.'),
  ('invocation SET pinned_service_protocol_version = 6', 'invocation the words of invocation_pinned_check The row has pinned_deployment_id null and pinned_service_protocol_version 6.'),
  ('invocation SET journal_commands_size = 1', 'invocation the words of invocation_journal_check The row has journal_size 0 and journal_commands_size 1.'),
  ('invocation SET journal_retention = ''-1 day''', 'invocation the words of invocation_retention_check The row has completion_retention 1 day and journal_retention -1 days.'),
  ('invocation SET retry_count = -1', 'invocation the words of invocation_retry_count_check The row has retry_count -1.'),
  ('invocation SET input_headers = ''{}''', 'invocation the words of invocation_input_headers_check The row has an object for input_headers.'),
  ('journal SET signal_index = -1', 'journal the words of journal_numbers_check The row has index 0, completion_id null, result_completion_id null and signal_index -1.'),
  ('journal SET meta = ''[]''', 'journal the words of journal_meta_check The row has an array for meta.'),
  ('journal SET partition_key = 1', 'journal the words of journal_partition_key_check The row has partition_key 1 in place of 0.'),
  ('journal_event SET after_journal_entry_index = 4294967296', 'journal_event the words of journal_event_after_journal_entry_index_check The row has after_journal_entry_index 4294967296.'),
  ('journal_event SET event_index = -1', 'journal_event the words of journal_event_event_index_check The row has event_index -1.'),
  ('journal_event SET event_json = ''[]''', 'journal_event the words of journal_event_event_json_check The row has an array for event_json.'),
  ('journal_event SET partition_key = 1', 'journal_event the words of journal_event_partition_key_check The row has partition_key 1 in place of 0.'),
  ('object_key SET partition_key = 1', 'object_key the words of object_key_partition_key_check The row has partition_key 1 in place of KEY.'),
  ('object_state SET partition_key = 1', 'object_state the words of object_state_partition_key_check The row has partition_key 1 in place of KEY.'),
  ('promise SET completed = true', 'promise the words of promise_completed_check The row has completed true, completion_success_value null and completion_failure null.'),
  ('promise SET partition_key = 1', 'promise the words of promise_partition_key_check The row has partition_key 1 in place of KEY.'),
  ('service_revision SET handlers = ''{}''', 'service_revision the words of service_revision_handlers_check The row has an object for handlers.'),
  ('service_revision SET revision = 0', 'service_revision the words of service_revision_revision_check The row has revision 0.'),
  ('service_revision SET service_name = ''''', 'service_revision the words of service_revision_service_name_check The row has an empty service_name.'),
  ('service_revision SET settings = ''true''', 'service_revision the words of service_revision_settings_check The row has a single value for settings.'),
  ('service_revision SET ty = ''lambda''', 'service_revision the words of service_revision_ty_check The row has ty "lambda".');
SELECT is(pg_temp.told('UPDATE restate.' || change), '23514 restate.' || replace(told, 'KEY', restate_partition_key_of_key('a')::text), change) FROM broken;
SELECT is_empty($$SELECT rule FROM restate.rules() WHERE NOT EXISTS (SELECT FROM broken WHERE told ~ ('^' || relation || ' the words of ' || rule || ' '))$$,
  'each rule is broken here');

-- of several the first by name, as the server takes constraints
SELECT alike(pg_temp.told('UPDATE restate.invocation SET target_service_ty = ''workflow'', retry_count = -1, status = ''asleep'', pinned_service_protocol_version = 6'),
  '%the words of invocation_pinned_check%', 'the first of several is named');
-- and what is not there at all is the server's to say
SELECT alike(pg_temp.told('UPDATE restate.invocation SET status = NULL'), '23502 %null value in column "status"%', 'a column that must be there');

-- The constraints that a table has when it is written are those that count, also
-- where the session has written it before, and users' own.
DO $$ BEGIN PERFORM restate_register_deployment('worker:checks', '{"services": [{"name": "Checked", "ty": "SERVICE", "handlers": [{"name": "run"}]}]}'); END $$;
SELECT lives_ok($$SELECT restate_submit('Checked', 'run', 'a')$$, 'a submission');
ALTER TABLE restate.journal ADD CONSTRAINT own CHECK (payload <> 'a') NOT VALID;
SELECT throws_ok($$SELECT restate_submit('Checked', 'run', 'a')$$, '23514', NULL, 'a constraint that was added is checked');
ALTER TABLE restate.journal DROP CONSTRAINT own, ADD CONSTRAINT own CHECK (payload <> 'b') NOT VALID;
SELECT throws_ok($$SELECT restate_submit('Checked', 'run', 'b')$$, '23514', NULL, 'so is one in place of it');
SELECT lives_ok($$SELECT restate_submit('Checked', 'run', 'a')$$, 'and the other is not any more');

SELECT * FROM finish();
ROLLBACK;
