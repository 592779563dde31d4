-- Ids beside text: what compares, what matches, what finds a function, and
-- that nothing else has come to mean something else.
CREATE DOMAIN any_id AS restate_invocation_id;
CREATE DOMAIN any_text AS varchar;
CREATE TYPE a_word AS ENUM ('word');
CREATE TABLE thing (
  id restate_invocation_id, same any_id, other restate_invocation_id, deployment restate_deployment_id,
  t text, v varchar(50), c char(38), wide char(50), n name, d any_text, ts text[], vs varchar[], ids restate_invocation_id[],
  junk text, nothing text, dt text, dv varchar, word a_word);
INSERT INTO thing
SELECT id, id, 'inv_1lYGhA16ahyf7N42dgm5tFLK9N8MT7fHC7', 'dp_17vd9cnbTaGkyORdBSqu98Z', id, id, id, id, id, id, ARRAY[id, 'junk', NULL], ARRAY[id],
  ARRAY[id]::restate_invocation_id[], 'junk', NULL, 'dp_17vd9cnbTaGkyORdBSqu98Z', 'dp_17vd9cnbTaGkyORdBSqu98Z', 'word'
FROM (VALUES ('inv_1cdxoHbOaNXj0Elx01mHFEzzaSopTTCErT')) AS s (id);

-- the value of an expression over the table, or its error
CREATE FUNCTION value_of(expression text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
  value text; category text;
BEGIN
  EXECUTE 'SELECT (' || expression || ')::text FROM thing' INTO value;
  RETURN coalesce(value, 'null');
EXCEPTION WHEN OTHERS THEN
  GET STACKED DIAGNOSTICS category = CONSTRAINT_NAME;
  RETURN SQLSTATE || ' ' || coalesce(nullif(category, ''), SQLERRM);
END $$;
\pset format unaligned
\pset tuples_only on
\pset fieldsep ' | '

-- comparison, of an id with text of every type
SELECT x, value_of(x) FROM unnest(ARRAY[
  'id = t', 't = id', 'id = v', 'v = id', 'id = c', 'c = id', 'id = wide', 'id = n', 'n = id', 'id = d', 'd = id', 'same = t', 't = same', 'same = v',
  'id <> t', 't <> id', 'other = t', 't <> other', 'id < t', 'id <= t', 'id > t', 'id >= t', 't < other', 't <= other', 't > other', 't >= other',
  'id = other::text', 'id < other::text', 'id::text = other', 'id::text < other', 'other::text > id',
  'id IS DISTINCT FROM t', 'id IS NOT DISTINCT FROM t', 'id BETWEEN t AND v', 'id BETWEEN ''a''::text AND ''z''::text', 'nullif(id, t)',
  '(id, 1) = (t, 1)', '(id, 1) < (t, 2)',
  'deployment = dt', 'dt = deployment', 'deployment = dv', 'deployment <> dt', 'deployment < dt', 'deployment <= dt', 'deployment > dt', 'deployment >= dt',
  'dt <> deployment', 'dt < deployment', 'dt <= deployment', 'dt > deployment', 'dt >= deployment']) AS x;
-- with text that is no id, which equals none, and stands before or after all
SELECT x, value_of(x) FROM unnest(ARRAY[
  'id = junk', 'id <> junk', 'NOT id = junk', 'junk = id', 'junk <> id', 'id < junk', 'id > junk', 'junk > id', 'id IS DISTINCT FROM junk',
  'id = ''''::text', 'id > ''''::text', 'id < ''inv_1''::text', 'id > ''inv_0''::text', 'id < ''inv_1!''::text', 'id > ''a''::text', 'id < (t || '' '')',
  'id = (t || '' '')', 'id = upper(t)', 'id = (''"'' || t || ''"'')', 'id < dt', 'id > dt', 'id = dt', 'deployment < t', 'deployment = t', 'deployment <> t',
  'deployment = junk', 'deployment > ''dp_0''::text', 'deployment < ''dp_1''::text',
  'id = nothing', 'id <> nothing', 'nothing = id', 'id < nothing', 'id IS DISTINCT FROM nothing', 'deployment = nothing', 'id = NULL::varchar']) AS x;
-- in lists, arrays and queries
SELECT x, value_of(x) FROM unnest(ARRAY[
  'id IN (t)', 'id IN (junk, v)', 'id IN (junk)', 'id NOT IN (junk)', 'id IN (''inv_1cdxoHbOaNXj0Elx01mHFEzzaSopTTCErT'', t)', 'id IN (t, other)',
  'id IN (nothing, t)', 'id NOT IN (junk, nothing)', 'id = ANY(ts)', 'id = ANY(vs)', 'id <> ALL(ts)', 'id <> ALL(ARRAY[junk])', 't = ANY(ids)', 'junk = ANY(ids)',
  'id = ANY(ARRAY[''junk'', ''inv_1cdxoHbOaNXj0Elx01mHFEzzaSopTTCErT'']::text[])', 'id = ANY(ARRAY[t, junk])', 'id = ANY(''{inv_1cdxoHbOaNXj0Elx01mHFEzzaSopTTCErT}''::varchar[])',
  'id = ANY(''{inv_1cdxoHbOaNXj0Elx01mHFEzzaSopTTCErT}'')', 'id = ANY(NULL::text[])', 'id IN (SELECT t FROM thing)', 'id IN (SELECT v FROM thing)',
  'id NOT IN (SELECT junk FROM thing)', 'id IN (SELECT nothing FROM thing)', 't IN (SELECT id FROM thing)', 'junk NOT IN (SELECT id FROM thing)',
  'EXISTS (SELECT FROM thing AS o WHERE o.t = thing.id)', 'deployment IN (dt, junk)', 'deployment = ANY(ARRAY[junk, dv])',
  'CASE id WHEN t THEN 1 ELSE 2 END', 'CASE id WHEN junk THEN 1 ELSE 2 END']) AS x;
-- patterns
SELECT x, value_of(x) FROM unnest(ARRAY[
  'id LIKE ''inv_1cdx%''', 'id LIKE ''inv\_1cdx%''', 'id LIKE ''%x''', 'id LIKE t', 'id LIKE v', 'id LIKE n', 'id LIKE nothing', 'id LIKE NULL', 'id LIKE ''''', 'id LIKE junk',
  'id NOT LIKE ''inv%''', 'id NOT LIKE junk', 'id ILIKE ''INV%''', 'id NOT ILIKE ''INV%''', 'id LIKE ''inv!_1%'' ESCAPE ''!''', 'id LIKE ''inv\''', 'id LIKE ANY (ARRAY[''a'', ''inv%''])',
  'id LIKE ALL (ARRAY[''a'', ''inv%''])', 'id LIKE ANY (''{inv%}'')', 'id NOT LIKE ALL (ts)', 'id SIMILAR TO ''inv_%''', 'id NOT SIMILAR TO ''inv_%''', 'id ~ ''^inv''', 'id ~ t', 'id ~ ''(''', 'id !~ ''^inv''',
  'id ~* ''^INV''', 'id !~* ''^INV''', 'id ^@ ''inv_1c''', 'id ^@ v', 'id ^@ ''''', 'same LIKE ''inv%''', 'id ILIKE ''INV%'' COLLATE "C"',
  'deployment LIKE ''dp%''', 'deployment NOT LIKE ''dp%''', 'deployment ILIKE ''DP%''', 'deployment NOT ILIKE dv', 'deployment ~ dt', 'deployment !~ dt', 'deployment ~* ''^DP''',
  'deployment !~* ''^DP''', 'deployment ^@ ''dp_1''', 'deployment SIMILAR TO ''(dp|inv)_%''', 'deployment LIKE nothing']) AS x;
-- a literal takes the type of an id, and has to be one
SELECT x, value_of(x) FROM unnest(ARRAY[
  'id = ''inv_1cdxoHbOaNXj0Elx01mHFEzzaSopTTCErT''', '''inv_1cdxoHbOaNXj0Elx01mHFEzzaSopTTCErT'' = id', 'id <> ''inv_1lYGhA16ahyf7N42dgm5tFLK9N8MT7fHC7''',
  'id IN (''inv_1cdxoHbOaNXj0Elx01mHFEzzaSopTTCErT'', ''inv_1lYGhA16ahyf7N42dgm5tFLK9N8MT7fHC7'')', 'id = ''nonsense''', 'id < ''nonsense''', '''nonsense'' <> id',
  'id IN (''nonsense'')', 'id = ANY(''{nonsense}'')', 'deployment = ''nonsense''', 'id = NULL', 'id = ''nonsense''::text']) AS x;
-- what an id was good for, it is still
SELECT x, value_of(x) FROM unnest(ARRAY[
  'id || ''x''', '''x'' || id', 'id || t', 't || id', 'id::text', 'CAST(id AS varchar)', 'id::char(5)', 'concat(id, ''x'')', 'concat_ws(''-'', id, t)', 'format(''%s %L'', id, id)', 'quote_literal(id)', 'quote_nullable(id)',
  'to_jsonb(id)', 'jsonb_build_object(''id'', id)', 'coalesce(id, ''inv_1lYGhA16ahyf7N42dgm5tFLK9N8MT7fHC7'')', 'coalesce(NULL, id)', 'CASE WHEN true THEN id ELSE ''inv_1lYGhA16ahyf7N42dgm5tFLK9N8MT7fHC7'' END',
  'greatest(id, other)', 'least(id, ''inv_1000000000000000000000000000000000'')', 'array_append(ids, other)', 'ids || other', 'other || ids', 'ids || ''{}''', 'array_position(ids, id)', 'ids = ARRAY[id]', 'ids && ARRAY[id]', 'ids @> ARRAY[id]',
  '(SELECT id FROM thing UNION SELECT id FROM thing)', '(SELECT id UNION SELECT ''inv_1cdxoHbOaNXj0Elx01mHFEzzaSopTTCErT'')', 'length(id::text)', 'hashtext(id::text) = hashtext(t)', 'pg_typeof(id)', 'restate_partition_key_unsigned(restate_partition_key_of_id(id))']) AS x;
-- what mixes them was, and is, an error
SELECT x, value_of(x) FROM unnest(ARRAY[
  'coalesce(id, t)', 'CASE WHEN true THEN id ELSE t END', 'greatest(id, t)', 'array_append(ids, t)', '(SELECT id UNION SELECT t)', 'id = deployment', 'id = 1', 'id LIKE id', 't LIKE id', 'length(id)', 'restate_kill(n)']) AS x;
-- text beside text is what it was
SELECT x, value_of(x) FROM unnest(ARRAY[
  't = v', 'v = v', 'v = ''junk''', '''junk'' = v', 't = ''junk''', 'c = v', 'wide = c', 'n = t', 'n = ''x''', 'd = d', 'd = ''x''', 'v <> t', 'v < ''zz''', 'v > c', '''a'' = ''b''', '''a'' < ''b''', 'v LIKE ''inv%''', 'v LIKE v', 'c LIKE t', 'n LIKE v', 'd ILIKE ''INV%''', '''a'' LIKE ''a%''', 'v ~ ''^i''', 'v ^@ ''inv''',
  't || v', 'v || v', 'v || ''x''', '''x'' || ''y''', 'c || v', 't || 1', 'ts || t', 'vs || v', 'ts || ts', 'ts = ARRAY[t, junk, NULL]', 'vs = ARRAY[v]', 'vs && ARRAY[v]', 'ts @> vs', 'v = ANY(vs)', 'v = ANY(ts)', 'v IN (''a'', t)', 't IN (v, ''b'')',
  'word = ''word''', 'word::text = t', 'length(v)', 'substring(v, 1, 3)', 'substring(v from ''^...'')', 'upper(v)', 'left(v, 3)', 'position(''_'' in v)', 'strpos(v, ''_'')', 'coalesce(v, t)', 'coalesce(v, ''x'')', 'CASE WHEN true THEN v ELSE t END',
  'greatest(v, t)', 'nullif(v, t)', 'concat(v, t)', 'to_jsonb(v)', 'jsonb_build_object(v, t)', 'jsonb_build_object(v, v) ->> v', 'jsonb_build_object(v, v) ? v', '(SELECT v UNION SELECT t)', '''thing''::text::regclass = ''thing''::regclass', 'md5(v)', 'to_tsvector(''simple'', v) @@ ''x''', 'row(v) = row(t)',
  'restate_partition_key_of_key(v) = restate_partition_key_of_key(t)', 'restate_partition_key_of_id(v) = restate_partition_key_of_id(id)', 'restate_partition_key_of_id(restate_keyed_invocation_id(v)) = restate_partition_key_of_key(v)',
  'restate_workflow_invocation_id(v, ''k'') = restate_workflow_invocation_id(t, ''k'')', 'restate_idempotent_invocation_id(v, NULL, v, ''k'') IS NOT NULL', 'restate_http_status(''kill'', ''killed''::varchar)']) AS x;
-- the old names take the argument that they took
SET client_min_messages TO error;
SELECT x, value_of(x) FROM unnest(ARRAY[
  'restate_partition_key(v) = restate_partition_key_of_key(v)', 'restate_partition_key(t) = restate_partition_key_of_key(t)', 'restate_partition_key(id) = restate_partition_key_of_id(id)', 'restate_partition_key(''a'') = restate_partition_key_of_key(''a'')']) AS x;
RESET client_min_messages;

-- text finds the functions
SELECT x, value_of(x) FROM unnest(ARRAY[
  'restate_kill(t)', 'restate_kill(v)', 'restate_kill(c)', 'restate_kill(d)', 'restate_kill(junk)', 'restate_kill(wide)', 'restate_kill(nothing)', 'restate_kill(dt)', 'restate_cancel(t)', 'restate_purge(v)', 'restate_pause(t)', 'restate_resume(t)', 'restate_resume(v, ''latest'')',
  'restate_purge_journal(t)', 'restate_delete_invocation(t)', 'restate_delete_invocation(v, ''kill''::varchar)', 'restate_restart_as_new(t)', 'restate_restart_as_new(v, 0, ''latest'', v)',
  '(SELECT category FROM restate_kill_batch(ts[1:1]))', '(SELECT category FROM restate_kill_batch(vs))', '(SELECT category FROM restate_kill_batch(ARRAY[t]))', '(SELECT category FROM restate_kill_batch(ARRAY(SELECT v FROM thing)))',
  '(SELECT category FROM restate_kill_batch(ARRAY[junk]))', '(SELECT category FROM restate_restart_as_new_batch(vs, 0))', '(SELECT category FROM restate_kill_batch(NULL::text[]))']) AS x;
\pset tuples_only off
\pset format aligned
CREATE FUNCTION stop(id text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
  copied varchar := id;
BEGIN
  RETURN restate_kill(copied);
END $$;
\set VERBOSITY terse
SELECT stop('inv_1cdxoHbOaNXj0Elx01mHFEzzaSopTTCErT');
SELECT stop('inv_1');
PREPARE stop_text(text) AS SELECT restate_kill($1);
EXECUTE stop_text('inv_1cdxoHbOaNXj0Elx01mHFEzzaSopTTCErT');
EXECUTE stop_text('"inv_1cdxoHbOaNXj0Elx01mHFEzzaSopTTCErT"');
PREPARE stop_varchar(varchar) AS SELECT restate_kill($1);
EXECUTE stop_varchar('inv_1cdxoHbOaNXj0Elx01mHFEzzaSopTTCErT');
PREPARE stop_any AS SELECT restate_kill($1);
SELECT parameter_types FROM pg_prepared_statements WHERE name = 'stop_any';
PREPARE stop_texts(text[]) AS SELECT id, category FROM restate_kill_batch($1);
EXECUTE stop_texts('{inv_1cdxoHbOaNXj0Elx01mHFEzzaSopTTCErT}');
EXECUTE stop_texts('{junk}');
\set VERBOSITY default
-- and the columns that hold an id
CREATE TABLE copied (id restate_invocation_id, deployment restate_deployment_id);
INSERT INTO copied SELECT t, dv FROM thing;
UPDATE copied SET id = (SELECT v FROM thing);
SELECT * FROM copied;

-- under any search path, and whatever the path puts in front
CREATE SCHEMA front;
CREATE FUNCTION front.never(text, text) RETURNS boolean LANGUAGE sql IMMUTABLE RETURN false;
CREATE OPERATOR front.= (LEFTARG = text, RIGHTARG = text, FUNCTION = front.never);
SET search_path TO '';
SELECT id = t AS eq, t <> id AS ne, id LIKE 'inv%' AS like, id ~ '^inv' AS matches, id ^@ 'inv' AS begins FROM public.thing;
SET search_path TO front, pg_catalog, public;
SELECT id = t AS eq, v = id AS also FROM thing;
RESET search_path;

-- plans: the index of an id serves comparison with text, however it is asked for
CREATE TABLE many (id restate_invocation_id PRIMARY KEY, deployment restate_deployment_id);
INSERT INTO many SELECT restate_workflow_invocation_id('Wf', 'key' || n), 'dp_17vd9cnbTaGkyORdBSqu98Z' FROM generate_series(1, 3000) AS n;
CREATE TABLE listed (number int PRIMARY KEY, t text);
INSERT INTO listed SELECT n, CASE WHEN n % 3 = 0 THEN 'junk' || n ELSE restate_workflow_invocation_id('Wf', 'key' || n)::text END FROM generate_series(1, 300) AS n;
ANALYZE many, listed;
PREPARE one(text) AS SELECT count(*) FROM many WHERE id = $1;
PREPARE few(text[]) AS SELECT count(*) FROM many WHERE id = ANY($1);
PREPARE span(text, text) AS SELECT count(*) FROM many WHERE id > $1 AND id <= $2;
PREPARE narrowed(text, text) AS SELECT count(*) FROM many WHERE id = ANY(ARRAY[$1, $2]) AND id > $1 AND id >= 'inv_1000000000000000000000000000000000' AND id < $2 AND $1 < id;
SELECT id::text AS first FROM many ORDER BY id LIMIT 1 \gset
SELECT id::text AS second FROM many ORDER BY id OFFSET 1 LIMIT 1 \gset
SELECT id::text AS tenth FROM many ORDER BY id OFFSET 9 LIMIT 1 \gset
SET enable_bitmapscan TO off;
SET plan_cache_mode TO force_generic_plan;
EXPLAIN (COSTS OFF) EXECUTE one('x');
EXECUTE one(:'tenth');
EXECUTE one('x');
EXECUTE one(NULL);
EXPLAIN (COSTS OFF) EXECUTE few('{}');
EXECUTE few(ARRAY[:'tenth', 'x', :'first', NULL, '', :'tenth']);
EXPLAIN (COSTS OFF) EXECUTE span('x', 'y');
EXECUTE span(:'first', :'tenth');
EXECUTE span('a', 'z');
EXECUTE span('z', 'a');
EXECUTE span('inv_0', 'inv_1!');
SET plan_cache_mode TO force_custom_plan;
EXPLAIN (COSTS OFF) EXECUTE one('x');
EXECUTE few(ARRAY[:'tenth', 'x', :'first', NULL, '', :'tenth']);
EXECUTE span(:'first', :'tenth');
SET enable_seqscan TO off;
EXPLAIN (COSTS OFF) EXECUTE narrowed('x', 'y');
EXECUTE narrowed(:'first', :'tenth');
EXECUTE narrowed(:'second', 'z');
RESET enable_seqscan;
RESET plan_cache_mode;
RESET enable_bitmapscan;

-- joins, of every kind, give the same
CREATE FUNCTION joined(join_method text) RETURNS TABLE (query text, plan text, result bigint) LANGUAGE plpgsql AS $$
DECLARE
  line text;
BEGIN
  PERFORM set_config('enable_' || m, (m = join_method)::text, true) FROM unnest('{hashjoin,mergejoin,nestloop}'::text[]) AS m;
  FOREACH query IN ARRAY ARRAY[
    'many AS m JOIN listed AS l ON m.id = l.t', 'listed AS l JOIN many AS m ON l.t = m.id', 'many AS m LEFT JOIN listed AS l ON l.t = m.id',
    'listed AS l LEFT JOIN many AS m ON l.t = m.id', 'many AS m WHERE id IN (SELECT t FROM listed)', 'many AS m WHERE id NOT IN (SELECT t FROM listed)',
    'listed AS l WHERE t IN (SELECT id FROM many)', 'listed AS l WHERE t NOT IN (SELECT id FROM many)', 'many AS m WHERE EXISTS (SELECT FROM listed WHERE t = id)',
    'listed AS l WHERE NOT EXISTS (SELECT FROM many WHERE t = id)', 'many AS m JOIN listed AS l ON m.id < l.t AND l.number < 10'] LOOP
    plan := NULL;
    FOR line IN EXECUTE 'EXPLAIN (COSTS OFF) SELECT count(*) FROM ' || query LOOP
      plan := coalesce(plan, substring(line FROM 'Hash|Nested Loop|Merge|hashed SubPlan'));
    END LOOP;
    EXECUTE 'SELECT count(*) FROM ' || query INTO result;
    RETURN NEXT;
  END LOOP;
END $$;
SELECT query, plan, result FROM joined('hashjoin');
SELECT query, plan, result FROM joined('nestloop');
SELECT count(*) FROM (SELECT query, result FROM joined('mergejoin') EXCEPT SELECT query, result FROM joined('hashjoin')) AS differences;
EXPLAIN (COSTS OFF) SELECT count(*) FROM many AS m FULL JOIN listed AS l ON m.id = l.t;
SELECT count(*) FROM many AS m FULL JOIN listed AS l ON m.id = l.t;
EXPLAIN (COSTS OFF) SELECT m.id FROM listed AS l JOIN many AS m ON m.id = l.t WHERE l.number = 7;

-- a pattern is put in place of its function, and an index on the text serves it
CREATE INDEX many_text_idx ON many ((id::text) text_pattern_ops);
ANALYZE many;
EXPLAIN (COSTS OFF) SELECT * FROM many WHERE id LIKE 'inv\_1abc%';

-- partitions
CREATE TABLE spread (id restate_invocation_id) PARTITION BY HASH (id);
CREATE TABLE spread_0 PARTITION OF spread FOR VALUES WITH (MODULUS 2, REMAINDER 0);
CREATE TABLE spread_1 PARTITION OF spread FOR VALUES WITH (MODULUS 2, REMAINDER 1);
INSERT INTO spread SELECT id FROM many;
EXPLAIN (COSTS OFF) SELECT FROM spread WHERE id = 'inv_1cdxoHbOaNXj0Elx01mHFEzzaSopTTCErT'::text;
SELECT count(*) FROM listed AS l WHERE EXISTS (SELECT FROM spread AS s WHERE s.id = l.t);
SELECT count(*) FROM spread WHERE id = :'tenth'::text;
CREATE TABLE ranged (id restate_invocation_id) PARTITION BY RANGE (id);
CREATE TABLE ranged_low PARTITION OF ranged FOR VALUES FROM (MINVALUE) TO ('inv_1cdxoHbOaNXj0Elx01mHFEzzaSopTTCErT');
CREATE TABLE ranged_high PARTITION OF ranged FOR VALUES FROM ('inv_1cdxoHbOaNXj0Elx01mHFEzzaSopTTCErT') TO (MAXVALUE);
EXPLAIN (COSTS OFF) SELECT FROM ranged WHERE id < 'inv_1cdxoHbOaNXj0Elx01mHFEzzaSopTTCErT'::text;
EXPLAIN (COSTS OFF) SELECT FROM ranged WHERE id > 'junk'::text;

DROP TABLE thing, copied, many, listed, spread, ranged;
DROP FUNCTION value_of, stop, joined;
DROP OPERATOR front.= (text, text);
DROP FUNCTION front.never;
DROP SCHEMA front;
DROP DOMAIN any_id, any_text;
DROP TYPE a_word;
