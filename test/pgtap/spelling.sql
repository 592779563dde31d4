-- Times and durations of schema restate_api: their text, whatever the session's
-- settings, and that a reader can do with them all that timestamptz and interval
-- can.
BEGIN;
\ir ../../examples/postgrest/roles.sql
SELECT plan(426);

-- settings that would have the server write all of it otherwise
SET TimeZone = 'America/New_York';
SET DateStyle = 'German';
SET IntervalStyle = 'postgres_verbose';

-- texts

CREATE TABLE spelled_time (value text, want text);
INSERT INTO spelled_time VALUES
  ('2024-01-01 00:00:00+00', '2024-01-01T00:00:00Z'),
  ('2024-07-01 02:00:00.5+02', '2024-07-01T00:00:00.5Z'),
  ('2026-11-28T22:54:37.317Z', '2026-11-28T22:54:37.317Z'),
  ('2026-11-28T22:54:37.000001Z', '2026-11-28T22:54:37.000001Z'),
  ('2026-11-28T22:54:37.120Z', '2026-11-28T22:54:37.12Z'),
  ('1969-12-31T23:59:59.999999Z', '1969-12-31T23:59:59.999999Z'),
  ('0001-01-01T00:00:00Z', '0001-01-01T00:00:00Z'),
  ('10000-01-01T00:00:00Z', '10000-01-01T00:00:00Z'),
  ('294276-12-31T23:59:59.999999Z', '294276-12-31T23:59:59.999999Z'),
  ('0044-03-15 00:00:00+00 BC', '0044-03-15 00:00:00+00 BC'),
  ('4714-11-24 00:00:00+00 BC', '4714-11-24 00:00:00+00 BC'),
  ('infinity', 'infinity'), ('-infinity', '-infinity'),
  -- what has no zone is in the session's, also in the hour that a clock has twice
  ('2024-01-01', '2024-01-01T05:00:00Z'),
  ('2024-11-03 01:30:00', '2024-11-03T06:30:00Z'),
  ('2024-11-03 01:30:00 EDT', '2024-11-03T05:30:00Z');
CREATE TABLE spelled_duration (value text, want text);
INSERT INTO spelled_duration VALUES
  ('1 day', 'PT86400S'), ('PT86400S', 'PT86400S'), ('24:00:00', 'PT86400S'), ('PT24H', 'PT86400S'), ('P1D', 'PT86400S'),
  ('0', 'P0D'), ('300 ms', 'PT0.3S'), ('0.000001', 'PT0.000001S'), ('10 s', 'PT10S'), ('100 days 0.05 s', 'PT8640000.05S'),
  ('-5 s', '-PT5S'), ('-PT5S', '-PT5S'), ('PT-5S', '-PT5S'), ('-0.5 s', '-PT0.5S'), ('-1 day 1 s', '-PT86399S'), ('1 day -0.25 s', 'PT86399.75S'),
  -- no length of its own, or one that no interval of seconds has
  ('1 month', 'P1M'), ('1 year 2 mons -3 days 4 h', 'P1Y2M-3DT4H'), ('P1M', 'P1M'), ('200000000 days', 'P200000000D'), ('-200000000 days', 'P-200000000D'),
  ('-2562047788 h -54.775808 s', 'PT-2562047788H-54.775808S');

SELECT is(value::restate.instant::text, want, format('%s is %s', value, want)) FROM spelled_time;
SELECT is(want::restate.instant::timestamptz, value::timestamptz, format('%s is read as what it was', want)) FROM spelled_time;
SELECT is(to_json(value::restate.instant)::text || to_jsonb(value::restate.instant), format('"%s""%1$s"', want), format('%s in JSON', want)) FROM spelled_time;
SELECT is(restate.instant_send(value::restate.instant), timestamptz_send(value::timestamptz), format('the binary form of %s', want)) FROM spelled_time;
SELECT is(value::restate.duration::text, want, format('%s is %s', value, want)) FROM spelled_duration;
SELECT is(want::restate.duration::interval, value::restate.duration::interval, format('%s is read as what it was', want)) FROM spelled_duration;
SELECT is(to_json(value::restate.duration)::text || to_jsonb(value::restate.duration), format('"%s""%1$s"', want), format('%s in JSON', want)) FROM spelled_duration;
SELECT is(restate.duration_send(value::restate.duration), interval_send(value::interval), format('the binary form of %s', want)) FROM spelled_duration WHERE value <> '-PT5S';
SELECT is((ARRAY[NULL, value::restate.instant])::text, format(CASE WHEN want LIKE '% %' THEN '{NULL,"%s"}' ELSE '{NULL,%s}' END, want), format('an array of %s', want)) FROM spelled_time;

SELECT throws_ok(format('SELECT %L::restate.%I', value, type), code, NULL, format('%s is no %s', value, type)) FROM (VALUES
  ('', 'instant', '22007'), ('x', 'instant', '22007'), ('2024-13-01', 'instant', '22008'), ('300000-01-01', 'instant', '22008'), ('PT1S', 'instant', '22007'),
  ('', 'duration', '22007'), ('x', 'duration', '22007'), ('--PT5S', 'duration', '22007'), ('-PTxS', 'duration', '22007'),
  ('999999999999 years', 'duration', '22015')) AS t (value, type, code);
SELECT throws_ok($$SELECT NULL::restate.instant(3)$$, '42601', NULL, 'a time has no precision');

SELECT current_setting('server_version_num')::int >= 160000 AS soft, current_setting('server_version_num')::int >= 170000 AS endless \gset
\if :soft
SELECT is(pg_input_is_valid(value, 'restate.' || type), valid, format('%s is %s %s, softly', value, CASE WHEN valid THEN 'a' ELSE 'no' END, type)) FROM (VALUES
  ('2024-01-01', 'instant', true), ('x', 'instant', false), ('2024-13-01', 'instant', false),
  ('PT5S', 'duration', true), ('-PT5S', 'duration', true), ('x', 'duration', false), ('-PTxS', 'duration', false), ('999999999999 years', 'duration', false)) AS t (value, type, valid);
\else
SELECT skip('this server has no soft errors', 8);
\endif
\if :endless
SELECT is(value::restate.duration::text, value, format('a duration of %s', value)) FROM unnest('{infinity,-infinity}'::text[]) AS value;
\else
SELECT skip('this server has no infinite intervals', 2);
\endif

-- through the views

INSERT INTO restate.deployment (id, ty, endpoint, min_service_protocol_version, max_service_protocol_version, created_at)
VALUES ('dp_1000000000000000000000x', 'http', 'http://x', 5, 6, '2024-01-01 00:00:00Z');
SELECT restate_import_invocation(jsonb_build_object('id', 'inv_1' || lpad(name, 33, '0'), 'status', 'completed', 'completion_result', 'success',
    'target_service_name', 'Svc', 'target_handler_name', 'run', 'target_service_ty', 'service', 'created_at', created, 'modified_at', '2026-11-28T22:54:37.317Z',
    'completion_retention', 'PT86400S', 'journal_retention', 'PT0.5S'),
  jsonb '[{"index": 0, "appended_at": "2026-11-28T22:54:37.5Z", "entry_json": {"Command": {"Input": {"headers": [], "payload": [1], "name": ""}}}}]')
FROM (VALUES ('first', '2024-01-01T00:00:00Z'), ('second', '2025-01-01T12:00:00.25Z'), ('third', '2026-06-01T12:00:00Z')) AS v (name, created) \g /dev/null

-- What a query finds, run as a reader who has no right to schema restate.
CREATE FUNCTION read_as(query text, role text DEFAULT 'restate_web_reader') RETURNS text LANGUAGE plpgsql AS $$
DECLARE
  found text;
BEGIN
  PERFORM set_config('role', role, true), set_config('search_path', 'restate_api, public', true);
  EXECUTE query INTO found;
  PERFORM set_config('role', 'none', true), set_config('search_path', 'public', true);
  RETURN found;
EXCEPTION WHEN OTHERS THEN
  RETURN SQLSTATE || ' ' || SQLERRM;
END $$;

-- every column that is a time or a duration
SELECT is_empty($$
  SELECT attrelid::regclass, attname FROM pg_attribute
  WHERE attrelid IN (SELECT oid FROM pg_class WHERE relnamespace = 'restate_api'::regnamespace AND relkind = 'v')
    AND atttypid IN ('timestamptz'::regtype, 'timestamp'::regtype, 'interval'::regtype)$$, 'no column of restate_api has a type that sessions spell as they like');
SELECT is_empty($$
  SELECT r.relname, a.attname FROM (VALUES ('invocations', 'sys_invocation'), ('journal', 'sys_journal'), ('journal_events', 'sys_journal_events'),
      ('inbox', 'sys_inbox'), ('keyed_service_status', 'sys_keyed_service_status'), ('deployments', 'sys_deployment'),
      ('services', 'sys_service'), ('state', 'state'), ('promises', 'sys_promise'), ('audit', 'sys_audit')) AS v (name, source)
  JOIN pg_class AS r ON r.relnamespace = 'restate_api'::regnamespace AND r.relname = v.name
  JOIN pg_class AS s ON s.relnamespace = 'restate'::regnamespace AND s.relname = v.source
  JOIN pg_attribute AS b ON b.attrelid = s.oid AND b.attnum > 0
  LEFT JOIN pg_attribute AS a ON a.attrelid = r.oid AND a.attnum = b.attnum
  WHERE (b.attname, CASE b.atttypid WHEN 'timestamptz'::regtype THEN 'restate.instant'::regtype WHEN 'interval'::regtype THEN 'restate.duration'::regtype ELSE b.atttypid END)
    IS DISTINCT FROM (a.attname, a.atttypid)$$, 'the views have the columns of those that they show, in their order');

SELECT is(read_as($$SELECT json_agg(x) FROM (SELECT created_at, modified_at, completion_retention, journal_retention FROM invocations ORDER BY created_at LIMIT 1) AS x$$),
  '[{"created_at":"2024-01-01T00:00:00Z","modified_at":"2026-11-28T22:54:37.317Z","completion_retention":"PT86400S","journal_retention":"PT0.5S"}]', 'rows of invocations as PostgREST has them written');
SELECT is(read_as($$SELECT row_to_json(x) FROM (SELECT id, created_at FROM deployments) AS x$$),
  '{"id":"dp_1000000000000000000000x","created_at":"2024-01-01T00:00:00Z"}', 'of deployments');
SELECT is(read_as($$SELECT to_jsonb(x) ->> 'appended_at' FROM journal AS x WHERE id = 'inv_10000000000000000000000000000first'$$), '2026-11-28T22:54:37.5Z', 'of the journal, whole rows');

-- PostgREST's filters and orders, whose literals have no type
SELECT is(read_as('SELECT string_agg(ltrim(right(id::text, 33), ''0''), '' '' ORDER BY ' || ordering || ') FROM invocations WHERE ' || filter), want, format('%s by %s', filter, ordering)) FROM (VALUES
  ($$"created_at" > '2024-01-01T00:00:00Z'$$, '"created_at"', 'second third'), ($$"created_at" >= '2024-01-01T00:00:00Z'$$, '"created_at" DESC', 'third second first'),
  ($$"created_at" = '2025-01-01T12:00:00.25Z'$$, 'id', 'second'), ($$"created_at" <> '2025-01-01 12:00:00.25+00'$$, 'created_at', 'first third'),
  ($$"created_at" < '2025-01-01 07:00:00.251'$$, 'created_at', 'first second'), ($$"created_at" IN ('2024-01-01T00:00:00Z', '2026-06-01T12:00:00Z')$$, 'created_at', 'first third'),
  ($$"created_at" = ANY ('{"2024-01-01T00:00:00Z"}')$$, 'id', 'first'), ($$NOT "created_at" <= '2025-12-31'$$, 'created_at', 'third'), ($$"scheduled_at" IS NULL$$, 'created_at', 'first second third'),
  ($$"created_at" IS DISTINCT FROM '2024-01-01T00:00:00Z'$$, 'created_at', 'second third'), ($$"completion_retention" = 'PT86400S'$$, 'created_at NULLS FIRST', 'first second third'),
  ($$"completion_retention" = '1 day' AND "journal_retention" < '00:00:01'$$, 'journal_retention, created_at', 'first second third'), ($$"completion_retention" > 'P1D'$$, 'id', NULL),
  ($$"created_at" = (SELECT max(created_at) FROM invocations)$$, 'id', 'third')) AS t (filter, ordering, want);
-- and parameters, which are sent without one too
PREPARE filtered (unknown, unknown, unknown) AS SELECT FROM restate_api.invocations WHERE created_at > $1 AND completion_retention = $2 AND created_at = ANY ($3);
SELECT is(parameter_types, '{timestamptz, interval, timestamptz[]}', 'a parameter beside a column has the server''s type') FROM pg_prepared_statements WHERE name = 'filtered';
SELECT matches(read_as($$SELECT count(*) FROM invocations WHERE created_at > 'no time'$$), '^22007 ', 'a literal that is no time is refused');

-- Expressions find the functions and operators of timestamptz and interval: the
-- same as over the view with these types.  Those that take any type give a time.
CREATE TABLE expression (n int GENERATED ALWAYS AS IDENTITY, expression text);
INSERT INTO expression (expression) VALUES
  ($$created_at > '2024-06-01'$$), ($$'2024-06-01' < created_at$$), ($$created_at > date '2024-06-01'$$), ($$created_at < current_date$$), ($$created_at > timestamp '2024-06-01'$$),
  ('created_at < now()'), ('now() > created_at'), ('created_at = created_at'), ('created_at < modified_at'), ($$created_at BETWEEN '2024-01-01' AND now()$$),
  ($$created_at IN ('2024-01-01', now())$$), ('created_at = ANY (ARRAY[now()])'), ($$created_at <> ALL ('{2024-01-01}'::timestamptz[])$$), ('created_at IS NOT DISTINCT FROM modified_at'),
  ($$nullif(created_at, '2024-01-01')$$), ('nullif(created_at, modified_at)'), ('coalesce(completed_at, created_at)'), ('coalesce(completed_at, now())'), ($$coalesce(scheduled_at, '2024-01-01')$$),
  ('CASE WHEN true THEN created_at ELSE now() END'), ($$CASE created_at WHEN '2024-01-01T00:00:00Z' THEN 1 ELSE 2 END$$),
  ('greatest(created_at, modified_at)'), ('greatest(created_at, now())'), ($$least(created_at, '2020-01-01')$$),
  ($$date_trunc('hour', created_at)$$), ($$date_trunc('hour', created_at, 'UTC')$$), ($$date_bin('1 hour', created_at, '2020-01-01')$$), ('extract(epoch FROM created_at)'), ($$date_part('year', created_at)$$),
  ($$created_at + interval '1 day'$$), ($$created_at + '1 day'$$), ($$created_at - interval '1 day'$$), ($$interval '1 day' + created_at$$), ('created_at + completion_retention'), ('created_at - completion_retention'),
  ('completion_retention + created_at'), ('now() + completion_retention'), ('now() - completion_retention'), ('current_date + completion_retention'),
  ('now() - created_at'), ('created_at - now()'), ('modified_at - created_at'), ($$created_at - '2024-01-01'$$), ($$created_at - date '2024-01-01'$$),
  ($$created_at AT TIME ZONE 'UTC'$$), ($$created_at AT TIME ZONE interval '1 hour'$$),
  ('created_at::date'), ('created_at::time'), ('created_at::timetz'), ('created_at::timestamp'), ('created_at::timestamptz'), ('created_at::timestamptz(0)'), ('created_at::timestamp(0)'), ('date(created_at)'),
  ('age(created_at)'), ('age(now(), created_at)'), ('age(modified_at, created_at)'), ('isfinite(created_at)'), ($$to_char(created_at, 'YYYY-MM-DD HH24:MI')$$),
  ($$(created_at, modified_at) OVERLAPS ('2024-01-01'::timestamptz, now())$$), ('(created_at, completion_retention) OVERLAPS (modified_at, completion_retention)'),
  ('tstzrange(created_at, modified_at)'), ('tstzrange(created_at, now()) @> modified_at::timestamptz'), ($$width_bucket(created_at, ARRAY['2024-06-01'::timestamptz])$$),
  ('ARRAY[created_at, modified_at]'), ('array_append(ARRAY[now()], created_at)'),
  ('extract(epoch FROM completion_retention)'), ($$date_part('hour', completion_retention)$$), ('completion_retention * 2'), ('2 * completion_retention'), ('completion_retention / 2'),
  ('completion_retention + journal_retention'), ('completion_retention - journal_retention'), ($$completion_retention + '1 day'$$), ($$completion_retention - interval '1 h'$$), ('- completion_retention'),
  ($$completion_retention > '1 hour'$$), ($$interval '1 hour' < completion_retention$$), ('completion_retention > journal_retention'), ($$completion_retention IN ('PT86400S', '2 days')$$),
  ($$completion_retention BETWEEN 'PT1S' AND 'PT100000S'$$), ('coalesce(completion_retention, journal_retention)'), ($$coalesce(completion_retention, interval '1 h')$$),
  ('greatest(completion_retention, journal_retention)'), ('justify_hours(completion_retention)'), ($$date_trunc('hour', completion_retention)$$), ($$to_char(completion_retention, 'HH24:MI')$$),
  ('completion_retention::time'), ('completion_retention::interval'), ('completion_retention::interval(0)'), ('isfinite(completion_retention)'),
  -- of all rows
  ('max(created_at)'), ('min(created_at)'), ('count(DISTINCT created_at)'), ('array_agg(created_at ORDER BY created_at)'), ('sum(completion_retention)'), ('avg(completion_retention)'),
  ('max(completion_retention)'), ('sum(now() - created_at)'), ('avg(modified_at - created_at)'), ('percentile_disc(0.5) WITHIN GROUP (ORDER BY created_at)'),
  ('percentile_cont(0.5) WITHIN GROUP (ORDER BY completion_retention)'), ('mode() WITHIN GROUP (ORDER BY created_at)'), ($$rank('2024-06-01') WITHIN GROUP (ORDER BY created_at)$$);
CREATE FUNCTION type_of(expression text, view text) RETURNS text LANGUAGE sql VOLATILE AS $$
  SELECT read_as(format('SELECT pg_typeof(v) FROM (SELECT %s AS v FROM %s) AS s LIMIT 1', expression, view), CASE WHEN view LIKE 'restate.%' THEN 'none' ELSE 'restate_web_reader' END)
$$;
SELECT is(type_of(expression, 'invocations'),
  CASE WHEN expression ~ '^(coalesce\(c.*_(at|retention)\)|coalesce\(s|CASE created_at WHEN true|greatest\(.*_(at|retention)\)|least|ARRAY|array_agg|mode|percentile_disc)'
    THEN replace(replace(type_of(expression, 'restate.sys_invocation'), 'timestamp with time zone', 'restate.instant'), 'interval', 'restate.duration')
    ELSE type_of(expression, 'restate.sys_invocation') END,
  format('the type of %s', expression)) FROM expression ORDER BY n;
SELECT is(read_as(format('SELECT string_agg(v::text, '', '') FROM (SELECT %s AS v FROM invocations) AS s', expression)),
  read_as(format('SELECT string_agg(v::%s::text, '', '') FROM (SELECT %s AS v FROM restate.sys_invocation) AS s', type_of(expression, 'invocations'), expression), 'none'),
  format('the value of %s', expression)) FROM expression ORDER BY n;
SELECT is(read_as('SELECT count(*) FROM (SELECT created_at, completion_retention FROM invocations UNION SELECT now(), interval ''1 day'' UNION ALL SELECT created_at, journal_retention FROM invocations) AS s'), '7', 'UNION with what the server has');
SELECT is(read_as('SELECT count(*) FROM (SELECT DISTINCT created_at, completion_retention FROM invocations) AS s'), '3', 'DISTINCT');
SELECT is(read_as('SELECT max(n) FROM (SELECT count(*) AS n FROM invocations GROUP BY completion_retention) AS s'), '3', 'GROUP BY');
SELECT is(read_as('SELECT count(*) FROM invocations AS a JOIN invocations AS b USING (created_at, completion_retention)'), '3', 'a join');
SELECT is(read_as('SELECT string_agg(n::text, '','' ORDER BY created_at) FROM (SELECT created_at, count(*) OVER (ORDER BY created_at RANGE BETWEEN ''400 days'' PRECEDING AND CURRENT ROW) AS n FROM invocations) AS s'), '1,2,1', 'a window as long as a duration');
SELECT is(read_as('SELECT string_agg(lag::text, '','') FROM (SELECT lag(created_at) OVER (ORDER BY created_at) FROM invocations) AS s'), '2024-01-01T00:00:00Z,2025-01-01T12:00:00.25Z', 'the row before');
-- what a caller's time or date is compared with by an operator for any type needs the cast
SELECT is(read_as($$SELECT count(*) FROM invocations WHERE created_at::timestamptz <@ tstzrange('2024-06-01', '2026-01-01')$$), '1', 'in a range');

-- a caller's own table

CREATE TABLE noted (at restate.instant, lasts restate.duration DEFAULT '1 day');
INSERT INTO noted (at) VALUES (now()), ('2024-01-01T00:00:00Z'), (timestamptz '2024-06-01 00:00:00Z');
INSERT INTO noted SELECT created_at, completion_retention FROM restate.sys_invocation;
SELECT is((SELECT count(*) FROM noted WHERE at = ANY (SELECT created_at FROM restate.sys_invocation) AND lasts = interval '24 h'), 4::bigint, 'takes what the server''s types have');

-- settings change how nothing of it is written

CREATE TABLE setting_of (zone text, date text, interval text);
INSERT INTO setting_of SELECT * FROM unnest('{UTC,Asia/Kolkata,Europe/Berlin}'::text[]) AS z, unnest('{ISO,German,"SQL, MDY",Postgres}'::text[]) AS d, unnest('{postgres,sql_standard,iso_8601,postgres_verbose}'::text[]) AS i;
CREATE FUNCTION written(zone text, date text, "interval" text) RETURNS text LANGUAGE plpgsql AS $$
BEGIN
  PERFORM set_config('timezone', zone, true), set_config('datestyle', date, true), set_config('intervalstyle', "interval", true);
  RETURN read_as('SELECT json_agg(x ORDER BY x.id) FROM (SELECT * FROM invocations) AS x') || read_as('SELECT json_agg(x) FROM deployments AS x');
END $$;
SELECT is(count(DISTINCT written(zone, date, "interval")), 1::bigint, 'no setting of a session changes a row') FROM setting_of;

SELECT * FROM finish();
ROLLBACK;
