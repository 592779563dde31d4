-- Whatever a caller sets up, the operations do the same, and nothing of the
-- caller's runs with the owner's rights.
SELECT current_user AS me \gset
CREATE ROLE restate_test_hostile LOGIN;
DO $$
DECLARE
  function regprocedure;
BEGIN
  FOR function IN SELECT oid FROM pg_proc WHERE proname LIKE 'restate\_%' AND pronamespace = 'pg_catalog'::regnamespace AND prosecdef LOOP
    EXECUTE format('GRANT EXECUTE ON FUNCTION %s TO restate_test_hostile', function);
  END LOOP;
END $$;
GRANT USAGE ON SCHEMA restate TO restate_test_hostile;
GRANT USAGE ON TYPE restate.entry_type TO restate_test_hostile;
CREATE SCHEMA hostile AUTHORIZATION restate_test_hostile;

CREATE FUNCTION load() RETURNS void LANGUAGE sql SET search_path = pg_catalog, pg_temp AS $$
  INSERT INTO restate.deployment (id, ty, endpoint, min_service_protocol_version, max_service_protocol_version)
  VALUES ('dp_10000000000000000000new', 'http', 'http://new', 5, 7);
  INSERT INTO restate.service_revision (service_name, revision, deployment_id, ty)
  VALUES ('Svc', 1, 'dp_10000000000000000000new', 'service'), ('Obj', 1, 'dp_10000000000000000000new', 'virtual_object');
  SELECT restate_import_invocation(jsonb_build_object('id', CASE WHEN starts_with(name, 'of') THEN 'inv_1dceKvwtEc2n' ELSE 'inv_100000000000' END
        || lpad(name, 22, '0'), 'status', status, 'completion_result', CASE status WHEN 'completed' THEN 'success' END,
      'target_service_name', CASE WHEN starts_with(name, 'of') THEN 'Obj' ELSE 'Svc' END,
      'target_service_key', CASE WHEN starts_with(name, 'of') THEN 'a' END, 'target_handler_name', 'run',
      'target_service_ty', CASE WHEN starts_with(name, 'of') THEN 'virtual_object' ELSE 'service' END,
      'target_handler_ty', CASE WHEN starts_with(name, 'of') THEN 'exclusive' END,
      'pinned_deployment_id', 'dp_10000000000000000000new', 'pinned_service_protocol_version', 6,
      'invoked_by', CASE name WHEN 'child' THEN 'service' END, 'invoked_by_id', CASE name WHEN 'child' THEN 'inv_1000000000000000000000000000parent' END,
      'suspended_waiting_for_signals', CASE name WHEN 'suspended' THEN jsonb '[1]' END),
    CASE WHEN status = 'completed' THEN jsonb '[{"index": 0, "entry_json": {"Command": {"Input": {"headers": [], "payload": [1], "name": ""}}}},
      {"index": 1, "entry_json": {"Command": {"Run": {"completion_id": 1, "name": "r"}}}},
      {"index": 2, "entry_json": {"Notification": {"Completion": {"Run": {"completion_id": 1, "result": {"Success": [2]}}}}}}]'
    WHEN name = 'parent' THEN jsonb '[{"index": 0, "entry_json": {"Command": {"Input": {"headers": [], "payload": [1], "name": ""}}}},
      {"index": 1, "entry_json": {"Command": {"Call": {"request": {"invocation_id": "inv_10000000000000000000000000000child",
        "invocation_target": {"Service": {"name": "Svc", "handler": "run"}}, "parameter": [], "headers": []},
        "invocation_id_completion_id": 1, "result_completion_id": 2, "name": ""}}}}]' END)
  FROM (VALUES ('done', 'completed'), ('old', 'completed'), ('gone', 'completed'), ('running', 'running'), ('paused', 'paused'),
    ('scheduled', 'scheduled'), ('suspended', 'suspended'), ('parent', 'running'), ('child', 'running'),
    ('ofholder', 'running'), ('offirst', 'pending'), ('ofsecond', 'pending'), ('ofdone', 'completed')) AS v (name, status);
$$;
-- everything that there is afterwards, new ids and times apart
CREATE FUNCTION digest() RETURNS text LANGUAGE sql SET search_path = pg_catalog, pg_temp
SET timezone = 'UTC' SET datestyle = 'ISO' SET intervalstyle = 'postgres' SET bytea_output = 'hex' SET extra_float_digits = 1 AS $$
  SELECT md5(string_agg(line, E'\n' ORDER BY line COLLATE "C")) || ' ' || count(*) FROM (
    SELECT (to_jsonb(i) - ARRAY['created_at', 'modified_at', 'running_at', 'inboxed_at', 'completed_at', 'random_seed', 'last_entry_at']
      - CASE WHEN i.restarted_from IS NULL THEN '' ELSE 'id' END)::text
    FROM restate.invocation AS i
    UNION ALL SELECT (to_jsonb(j) - ARRAY['appended_at'] - CASE WHEN i.restarted_from IS NULL THEN '' ELSE 'id' END)::text
    FROM restate.journal AS j LEFT JOIN restate.invocation AS i USING (id, partition_key)
    UNION ALL SELECT (to_jsonb(k) - CASE WHEN i.restarted_from IS NULL THEN '' ELSE 'holder' END)::text
    FROM restate.object_key AS k LEFT JOIN restate.invocation AS i ON i.id = k.holder
    UNION ALL SELECT (to_jsonb(a) - ARRAY['audit_id', 'at', 'new_id'])::text FROM restate.audit AS a
    UNION ALL SELECT to_jsonb(v)::text FROM restate_verify() AS v) AS lines (line);
$$;
GRANT EXECUTE ON FUNCTION load, digest TO restate_test_hostile;
ALTER FUNCTION load SECURITY DEFINER;
ALTER FUNCTION digest SECURITY DEFINER;
-- what is done, without a name or an operator that a search path could turn
SELECT $$BEGIN;
SELECT public.load();
SELECT pg_catalog.restate_purge_journal('inv_1000000000000000000000000000000old');
SELECT pg_catalog.restate_purge('inv_100000000000000000000000000000gone');
SELECT pg_catalog.restate_restart_as_new('inv_100000000000000000000000000000done', 1, 'latest', 'r') IS NOT NULL AS restarted;
SELECT pg_catalog.restate_restart_as_new('inv_100000000000000000000000000000done', 1, 'latest', 'r') IS NOT NULL AS restarted;
SELECT pg_catalog.restate_restart_as_new('inv_1dceKvwtEc2n0000000000000000ofdone', 2) IS NOT NULL AS restarted;
SELECT pg_catalog.restate_cancel('inv_1000000000000000000000000suspended');
SELECT pg_catalog.restate_cancel('inv_1000000000000000000000000scheduled');
SELECT pg_catalog.restate_pause('inv_100000000000000000000000000running');
SELECT pg_catalog.restate_resume('inv_1000000000000000000000000000paused', 'latest');
SELECT pg_catalog.restate_kill('inv_1dceKvwtEc2n000000000000000offirst');
SELECT pg_catalog.restate_delete_invocation('inv_1dceKvwtEc2n00000000000000ofholder', 'kill');
SELECT ordinality, ok, category, outcome FROM pg_catalog.restate_kill_batch(ARRAY['inv_10000000000000000000000000000child', 'inv_1000000000000000000000000000parent', NULL]::pg_catalog.restate_invocation_id[]);
SELECT ordinality, ok, category, outcome FROM pg_catalog.restate_restart_as_new_batch(ARRAY['inv_100000000000000000000000000000done', 'inv_1000000000000000000000000000000old']::pg_catalog.restate_invocation_id[], 1, 'latest', 'r');
SELECT pg_catalog.restate_import_invocation('{"id": "inv_10000000000000000000000000000added", "status": "ready", "target_service_name": "Svc", "target_handler_name": "run", "target_service_ty": "service", "completion_retention": "P1DT1H", "created_at": "2026-01-02T03:04:05Z"}');
SELECT * FROM pg_catalog.restate_verify();$$ AS operations \gset

-- as it should be
SET SESSION AUTHORIZATION restate_test_hostile;
:operations
SELECT digest() AS expected \gset
ROLLBACK;
SELECT :'expected' <> '' AS digested, split_part(:'expected', ' ', 2) AS lines;

-- a schema full of traps: whatever of it runs says so
CREATE FUNCTION hostile.trap() RETURNS void LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION 'hostile code ran as %', current_user;
END $$;
DO $$
DECLARE
  type text;
  operator text;
BEGIN
  FOREACH type IN ARRAY ARRAY['bigint', 'integer', 'text', 'boolean', 'bytea', 'jsonb', 'numeric', 'interval', 'timestamptz', 'name', 'bigint[]',
      'restate_invocation_id', 'restate_deployment_id', 'restate.entry_type'] LOOP
    EXECUTE format('CREATE FUNCTION hostile.compare(%1$s, %1$s) RETURNS boolean LANGUAGE plpgsql AS
      ''BEGIN PERFORM hostile.trap(); RETURN true; END''', type);
    FOREACH operator IN ARRAY ARRAY['=', '<>', '<', '<=', '>', '>='] LOOP
      EXECUTE format('CREATE OPERATOR hostile.%1$s (LEFTARG = %2$s, RIGHTARG = %2$s, FUNCTION = hostile.compare)', operator, type);
    END LOOP;
    EXECUTE format('CREATE FUNCTION hostile.combine(%1$s, %1$s) RETURNS %1$s LANGUAGE plpgsql AS
      ''BEGIN PERFORM hostile.trap(); RETURN $1; END''', type);
    FOREACH operator IN ARRAY ARRAY['+', '-', '*', '/', '||', '%'] LOOP
      EXECUTE format('CREATE OPERATOR hostile.%1$s (LEFTARG = %2$s, RIGHTARG = %2$s, FUNCTION = hostile.combine)', operator, type);
    END LOOP;
  END LOOP;
END $$;
CREATE FUNCTION hostile.compare(integer, bigint) RETURNS boolean LANGUAGE plpgsql AS 'BEGIN PERFORM hostile.trap(); RETURN true; END';
CREATE OPERATOR hostile.= (LEFTARG = integer, RIGHTARG = bigint, FUNCTION = hostile.compare);
CREATE FUNCTION hostile.pick(jsonb, text) RETURNS text LANGUAGE plpgsql AS 'BEGIN PERFORM hostile.trap(); RETURN $2; END';
CREATE OPERATOR hostile.->> (LEFTARG = jsonb, RIGHTARG = text, FUNCTION = hostile.pick);
CREATE FUNCTION hostile.unnest(anyarray) RETURNS SETOF anyelement LANGUAGE plpgsql AS 'BEGIN PERFORM hostile.trap(); END';
CREATE FUNCTION hostile.now() RETURNS timestamptz LANGUAGE plpgsql AS 'BEGIN PERFORM hostile.trap(); END';
CREATE FUNCTION hostile.step(bigint) RETURNS bigint LANGUAGE plpgsql AS 'BEGIN PERFORM hostile.trap(); END';
CREATE AGGREGATE hostile.count(*) (SFUNC = hostile.step, STYPE = bigint);
CREATE FUNCTION hostile.jsonb_build_object(text, jsonb) RETURNS jsonb LANGUAGE plpgsql AS 'BEGIN PERFORM hostile.trap(); END';
CREATE FUNCTION hostile.jsonb_array_elements(jsonb) RETURNS SETOF jsonb LANGUAGE plpgsql AS 'BEGIN PERFORM hostile.trap(); END';
CREATE FUNCTION hostile.jsonb_typeof(jsonb) RETURNS text LANGUAGE plpgsql AS 'BEGIN PERFORM hostile.trap(); END';
CREATE FUNCTION hostile.format(text, VARIADIC text[]) RETURNS text LANGUAGE plpgsql AS 'BEGIN PERFORM hostile.trap(); END';
CREATE FUNCTION hostile.restate_partition_key_of_id(restate_invocation_id) RETURNS bigint LANGUAGE plpgsql AS 'BEGIN PERFORM hostile.trap(); END';
CREATE FUNCTION hostile.restate_partition_key_of_key(text) RETURNS bigint LANGUAGE plpgsql AS 'BEGIN PERFORM hostile.trap(); END';
CREATE FUNCTION hostile.restate_random_seed() RETURNS bigint LANGUAGE plpgsql AS 'BEGIN PERFORM hostile.trap(); END';
CREATE TABLE hostile.pg_extension (extname text, extversion text);
CREATE TABLE hostile.invocation (id text, status text);
CREATE DOMAIN hostile.restate_invocation_id AS text;
CREATE DOMAIN hostile.text AS name;
CREATE DOMAIN hostile.jsonb AS pg_catalog.text;
-- it is a trap
SET search_path TO hostile, pg_catalog;
SELECT now();
SELECT 'a'::pg_catalog.text = 'b'::pg_catalog.text;
SELECT count(*) FROM pg_catalog.pg_class;

-- set after the first call in the session
:operations
SELECT public.digest() OPERATOR(pg_catalog.=) :'expected' AS the_same;
ROLLBACK;

-- set when the plans are made anew, because a table has changed
RESET SESSION AUTHORIZATION;
RESET search_path;
ALTER TABLE restate.invocation ADD COLUMN hostile text;
ALTER TABLE restate.invocation DROP COLUMN hostile;
ALTER TABLE restate.journal ADD COLUMN hostile text;
ALTER TABLE restate.journal DROP COLUMN hostile;
ALTER TABLE restate.object_key ADD COLUMN hostile text;
ALTER TABLE restate.object_key DROP COLUMN hostile;
SET SESSION AUTHORIZATION restate_test_hostile;
SET search_path TO hostile, pg_catalog;
:operations
SELECT public.digest() OPERATOR(pg_catalog.=) :'expected' AS the_same;
ROLLBACK;

-- set before the first call
\c
SET SESSION AUTHORIZATION restate_test_hostile;
SET search_path TO hostile, pg_catalog;
:operations
SELECT public.digest() OPERATOR(pg_catalog.=) :'expected' AS the_same;
ROLLBACK;

-- temporary objects
SET search_path TO pg_temp, hostile, pg_catalog;
CREATE TEMP TABLE invocation (id pg_catalog.text, status pg_catalog.text);
CREATE TEMP TABLE journal (id pg_catalog.text);
CREATE TEMP TABLE object_key (id pg_catalog.text);
CREATE TEMP TABLE audit (id pg_catalog.text);
CREATE TEMP TABLE pg_extension (extname pg_catalog.text, extversion pg_catalog.text);
CREATE TEMP TABLE pg_dist_partition (logicalrelid pg_catalog.regclass);
CREATE TEMP VIEW pg_class AS SELECT 1 AS oid;
CREATE DOMAIN pg_temp.restate_invocation_id AS pg_catalog.text;
CREATE DOMAIN pg_temp.text AS pg_catalog.name;
CREATE DOMAIN pg_temp.bigint AS pg_catalog.name;
CREATE FUNCTION pg_temp.unnest(anyarray) RETURNS SETOF anyelement LANGUAGE plpgsql AS 'BEGIN PERFORM hostile.trap(); END';
CREATE FUNCTION pg_temp.now() RETURNS timestamptz LANGUAGE plpgsql AS 'BEGIN PERFORM hostile.trap(); END';
:operations
SELECT public.digest() OPERATOR(pg_catalog.=) :'expected' AS the_same;
ROLLBACK;
DISCARD TEMP;
-- the search path is the caller's own again, after an error too
SELECT pg_catalog.restate_kill('inv_1000000000000000000000000000absent');
SHOW search_path;
RESET search_path;

-- settings: each alone, in a session that has plans and in one that has none
CREATE FUNCTION hostile.exercise(setting text, value text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
  answer text;
BEGIN
  PERFORM set_config(setting, value, true);
  PERFORM public.load();
  PERFORM restate_purge_journal('inv_1000000000000000000000000000000old');
  PERFORM restate_purge('inv_100000000000000000000000000000gone');
  PERFORM restate_restart_as_new('inv_100000000000000000000000000000done', 1, 'latest', 'r');
  PERFORM restate_restart_as_new('inv_100000000000000000000000000000done', 1, 'latest', 'r');
  PERFORM restate_restart_as_new('inv_1dceKvwtEc2n0000000000000000ofdone', 2);
  PERFORM restate_cancel('inv_1000000000000000000000000suspended');
  PERFORM restate_cancel('inv_1000000000000000000000000scheduled');
  PERFORM restate_pause('inv_100000000000000000000000000running');
  PERFORM restate_resume('inv_1000000000000000000000000000paused', 'latest');
  PERFORM restate_kill('inv_1dceKvwtEc2n000000000000000offirst');
  PERFORM restate_delete_invocation('inv_1dceKvwtEc2n00000000000000ofholder', 'kill');
  PERFORM restate_kill_batch(ARRAY['inv_10000000000000000000000000000child', 'inv_1000000000000000000000000000parent', NULL]::restate_invocation_id[]);
  PERFORM restate_restart_as_new_batch(ARRAY['inv_100000000000000000000000000000done', 'inv_1000000000000000000000000000000old']::restate_invocation_id[], 1, 'latest', 'r');
  PERFORM restate_import_invocation('{"id": "inv_10000000000000000000000000000added", "status": "ready", "target_service_name": "Svc", "target_handler_name": "run", "target_service_ty": "service", "completion_retention": "P1DT1H", "created_at": "2026-01-02T03:04:05Z"}');
  answer := public.digest();
  RAISE EXCEPTION USING MESSAGE = answer, ERRCODE = 'PT200';
EXCEPTION
  WHEN undefined_object THEN RETURN NULL;
  WHEN OTHERS THEN RETURN SQLERRM;
END $$;
CREATE TABLE hostile.setting (name text, value text);
INSERT INTO hostile.setting VALUES
  ('enable_seqscan', 'off'), ('enable_indexscan', 'off'), ('enable_bitmapscan', 'off'), ('enable_indexonlyscan', 'off'),
  ('enable_nestloop', 'off'), ('enable_hashjoin', 'off'), ('enable_mergejoin', 'off'), ('enable_hashagg', 'off'), ('enable_sort', 'off'),
  ('enable_material', 'off'), ('enable_memoize', 'off'), ('enable_tidscan', 'off'),
  ('plan_cache_mode', 'force_generic_plan'), ('plan_cache_mode', 'force_custom_plan'),
  ('from_collapse_limit', '1'), ('join_collapse_limit', '1'), ('geqo_threshold', '2'), ('geqo_seed', '0.5'), ('cursor_tuple_fraction', '0.0001'),
  ('force_parallel_mode', 'on'), ('debug_parallel_query', 'on'), ('parallel_setup_cost', '0'), ('min_parallel_table_scan_size', '0'),
  ('work_mem', '64kB'), ('hash_mem_multiplier', '1'), ('jit', 'off'),
  ('row_security', 'off'), ('transform_null_equals', 'on'), ('array_nulls', 'off'), ('quote_all_identifiers', 'on'),
  ('standard_conforming_strings', 'off'), ('backslash_quote', 'off'), ('escape_string_warning', 'on'),
  ('datestyle', 'SQL, DMY'), ('datestyle', 'German'), ('intervalstyle', 'sql_standard'), ('intervalstyle', 'iso_8601'),
  ('bytea_output', 'escape'), ('extra_float_digits', '-15'), ('xmlbinary', 'hex'), ('timezone', 'Asia/Kathmandu'), ('timezone_abbreviations', 'India'),
  ('check_function_bodies', 'off'), ('constraint_exclusion', 'on'), ('default_table_access_method', 'heap'),
  ('gin_fuzzy_search_limit', '1'), ('client_min_messages', 'error'), ('synchronous_commit', 'off'),
  ('search_path', ''), ('restate_admin.notify', 'on'), ('restate_admin.reason', '');
-- 19 knows strings of the standard only
DELETE FROM hostile.setting WHERE name = 'standard_conforming_strings' AND current_setting('server_version_num')::int >= 190000;
SELECT name, value, hostile.exercise(name, value) FROM hostile.setting WHERE hostile.exercise(name, value) <> :'expected';
SELECT count(*) >= 50 AS settings FROM hostile.setting;
\c - :me
SET SESSION AUTHORIZATION restate_test_hostile;
SELECT name, value, hostile.exercise(name, value) FROM hostile.setting WHERE hostile.exercise(name, value) <> :'expected';

\c - :me
SELECT * FROM restate_verify();
TRUNCATE restate.invocation, restate.runnable, restate.timer, restate.waiter, restate.journal, restate.journal_event, restate.object_key, restate.audit, restate.deployment, restate.service_revision;
SET client_min_messages TO warning;
DROP SCHEMA hostile CASCADE;
DROP FUNCTION load, digest;
DROP OWNED BY restate_test_hostile;
DROP ROLE restate_test_hostile;
