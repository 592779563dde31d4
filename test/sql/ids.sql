-- Ids as a person types and sees them.

-- text in, text out
SELECT restate_invocation_id 'inv_1lYGhA16ahyf7N42dgm5tFLK9N8MT7fHC7' AS largest,
       'inv_1000000000000000000000000000000000'::restate_invocation_id AS smallest;
SELECT restate_deployment_id 'dp_17vd9cnbTaGkyORdBSqu98Z' AS deployment;
SELECT restate_invocation_id_send('inv_1cdxoHbOaNXj0Elx01mHFEzzaSopTTCErT') AS invocation_bytes,
       restate_deployment_id_send('dp_17vd9cnbTaGkyORdBSqu98Z') AS deployment_bytes;
SELECT array['inv_1cdxoHbOaNXj0Elx01mHFEzzaSopTTCErT', NULL]::restate_invocation_id[];

-- what is in an id
SELECT restate_partition_key_of_id(id) AS partition_key,
       restate_partition_key_unsigned(restate_partition_key_of_id(id)) AS unsigned
FROM (VALUES (restate_invocation_id 'inv_1cdxoHbOaNXj0Elx01mHFEzzaSopTTCErT'),
             ('inv_1lYGhA16ahyf7N42dgm5tFLK9N8MT7fHC7')) AS s(id);
SELECT restate_partition_key_of_key('obmwprcslb70') AS key_of_an_object;
-- of a literal, a text and a column as of an id
SELECT restate_partition_key_of_id('inv_1cdxoHbOaNXj0Elx01mHFEzzaSopTTCErT') AS literal,
       restate_partition_key_of_id('inv_1cdxoHbOaNXj0Elx01mHFEzzaSopTTCErT'::text) AS text,
       restate_partition_key_of_id(id) AS in_a_column
FROM (VALUES ('inv_1cdxoHbOaNXj0Elx01mHFEzzaSopTTCErT'::varchar)) AS s(id);
SELECT restate_partition_key_of_id('obmwprcslb70');
-- the old names warn, each once in a session, however many rows there are
SELECT count(DISTINCT restate_partition_key('key' || n)) FROM generate_series(1, 1000) AS n;
SELECT restate_partition_key('inv_1cdxoHbOaNXj0Elx01mHFEzzaSopTTCErT') = restate_partition_key_of_key('inv_1cdxoHbOaNXj0Elx01mHFEzzaSopTTCErT') AS hashes_the_text;
SELECT restate_partition_key(id) = restate_partition_key_of_id(id) AS same FROM (VALUES (restate_new_invocation_id()), (restate_new_invocation_id())) AS s(id);

-- ids that follow from what they stand for
SELECT restate_workflow_invocation_id('Wf', 'wfmwprd2bi103') AS workflow_run;
SELECT restate_idempotent_invocation_id('Svc', NULL, 'noret', 'ikmwprb70d1') AS of_a_service,
       restate_idempotent_invocation_id('Obj', 'k', 'add', 'again') AS of_an_object;

-- comparisons, under any search path
SET search_path TO '';
SELECT id = 'inv_1cdxoHbOaNXj0Elx01mHFEzzaSopTTCErT' AS eq, id <> 'inv_1cdxoHbOaNXj0Elx01mHFEzzaSopTTCErT' AS ne,
       id < 'inv_1cdxoHbOaNXj0Elx01mHFEzzaSopTTCErU' AS lt, id <= 'inv_1cdxoHbOaNXj0Elx01mHFEzzaSopTTCErT' AS le,
       id > 'inv_1000000000000000000000000000000000' AS gt, id >= 'inv_1lYGhA16ahyf7N42dgm5tFLK9N8MT7fHC7' AS ge
FROM (VALUES (restate_invocation_id 'inv_1cdxoHbOaNXj0Elx01mHFEzzaSopTTCErT')) AS s(id);
SELECT id = 'dp_17vd9cnbTaGkyORdBSqu98Z' AS eq, id <> 'dp_17vd9cnbTaGkyORdBSqu98Z' AS ne,
       id < 'dp_17N42dgm5tFLK9N8MT7fHC7' AS lt, id >= 'dp_17N42dgm5tFLK9N8MT7fHC7' AS ge
FROM (VALUES (restate_deployment_id 'dp_17vd9cnbTaGkyORdBSqu98Z')) AS s(id);
RESET search_path;

-- texts that are no ids: the fields of the error
CREATE FUNCTION show_error(statement text) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
  state text; category text; message text; detail text; hint text;
BEGIN
  EXECUTE statement;
  RAISE NOTICE 'no error';
EXCEPTION WHEN OTHERS THEN
  GET STACKED DIAGNOSTICS state = RETURNED_SQLSTATE, category = CONSTRAINT_NAME,
    message = MESSAGE_TEXT, detail = PG_EXCEPTION_DETAIL, hint = PG_EXCEPTION_HINT;
  RAISE NOTICE E'% %\n  MESSAGE %\n  DETAIL %\n  HINT %', state, category, message, detail, hint;
END $$;
SELECT show_error($$SELECT restate_invocation_id 'abc'$$);
SELECT show_error($$SELECT restate_deployment_id 'dp_1'$$);

-- the message says what is wrong
CREATE FUNCTION why_not(id text, type regtype) RETURNS text LANGUAGE plpgsql AS $$
BEGIN
  EXECUTE format('SELECT %L::%s', id, type);
  RETURN 'nothing';
EXCEPTION WHEN OTHERS THEN
  RETURN SQLERRM;
END $$;
\set id inv_1cdxoHbOaNXj0Elx01mHFEzzaSopTTCErT
SELECT n, why_not(id, 'restate_invocation_id')
FROM (VALUES
  (1, ''), (2, 'abc'), (3, 'foo_1'), (4, 'inv'), (5, 'inv_'), (6, 'dp_2'), (7, 'dp_1'), (8, 'inv_1cdxoHbOa'), (9, 'inv_1--'),
  (10, 'inv_1-----------abc'), (11, 'inv_1cdxoHbOaNXj-Elx01mHFEzzaSopTTCErT'),
  (12, 'inv_1lYGhA16ahyg7N42dgm5tFLK9N8MT7fHC7'), (13, 'inv_1lYGhA16ahyf7N42dgm5tFLK9N8MT7fHC8'),
  (14, :'id' || '0'), (15, :'id' || '00'), (16, E'a"b\\c\n_1'), (17, repeat('long', 1000)),
  -- another case, prefix, version or separator
  (20, 'INV_1cdxoHbOaNXj0Elx01mHFEzzaSopTTCErT'), (21, 'Inv_1cdxo'), (22, 'inv_2cdxoHbOaNXj0Elx01mHFEzzaSopTTCErT'),
  (23, U&'inv_\00e9'), (24, 'inv-1cdxoHbOaNXj0Elx01mHFEzzaSopTTCErT'), (25, substr(:'id', 6)),
  -- another id
  (30, 'dp_17vd9cnbTaGkyORdBSqu98Z'), (31, 'dp_17vd9'), (32, 'prom_1gVAx3g6sEil58M0RjFbGk5lopT1TgLedX'), (33, 'sign_1'),
  (34, 'sub_1'), (35, 'snap_1'),
  -- blanks around it
  (40, :'id' || ' '), (41, ' ' || :'id'), (42, E'\t' || :'id' || E'\r\n'), (43, E'\f\x0b' || :'id'), (44, :'id' || E'\n'),
  (45, U&'\00a0' || :'id'), (46, :'id' || U&'\200b'), (47, U&'\FEFF' || :'id'), (48, :'id' || U&'\2009'), (49, '   '),
  -- quotes around it
  (50, '"' || :'id' || '"'), (51, '''' || :'id' || ''''), (52, '`' || :'id' || '`'), (53, U&'\201C' || :'id' || U&'\201D'),
  (54, E'\\"' || :'id' || E'\\"'), (55, '"' || :'id' || E'\\n"'), (56, U&'\00ab' || :'id' || U&'\00bb'), (57, '"' || :'id'),
  -- punctuation, or more than that
  (60, :'id' || ','), (61, :'id' || '.'), (62, '(' || :'id' || ')'), (63, '["' || :'id' || '"],'), (64, left(:'id', 20) || U&'\2026'),
  (65, left(:'id', 20) || '...'), (66, ' "inv_1abc",'), (67, 'id=' || :'id'), (68, 'http://host:9070/invocations/' || :'id' || '/kill'),
  (69, :'id' || ',' || :'id'), (70, U&'\2192\2192' || :'id'),
  -- a character within
  (80, overlay(:'id' placing ' ' from 12)), (81, overlay(:'id' placing E'\n' from 12 for 0)), (82, U&'inv_1\00e9dxoHbOaNXj0Elx01mHFEzzaSopTTCErT'),
  (83, overlay(:'id' placing '_' from 38)), (84, overlay(:'id' placing U&'\200d' from 20)), (85, overlay(:'id' placing E'\x01' from 20)),
  -- percent-encoded
  (90, '%22' || :'id' || '%22'), (91, :'id' || '%20'), (92, 'inv%5F1cdxoHbOaNXj0Elx01mHFEzzaSopTTCErT'), (93, :'id' || '%2')) AS s(n, id)
ORDER BY n;
SELECT n, why_not(id, 'restate_deployment_id')
FROM (VALUES (1, 'dp_17vd9cnbTaGkyORdBSqu98'), (2, 'dp_17N42dgm5tFLK9N8MT7fHC8'), (3, 'keep'), (4, :'id'), (5, 'inv_1'),
             (6, ' dp_17vd9cnbTaGkyORdBSqu98Z'), (7, 'DP_17vd9cnbTaGkyORdBSqu98Z'), (8, 'dp_17vd9cnbTaGkyORdBSqu98Z1'),
             (9, '7vd9cnbTaGkyORdBSqu98Z'), (10, 'deployment dp_17vd9cnbTaGkyORdBSqu98Z')) AS s(n, id)
ORDER BY n;

-- order
CREATE TABLE call (n int, id restate_invocation_id, deployment restate_deployment_id);
INSERT INTO call
SELECT n, restate_workflow_invocation_id('Wf', 'key' || n % 700), 'dp_17vd9cnbTaGkyORdBSqu98Z'
FROM generate_series(1, 1000) AS n;
SELECT DISTINCT id FROM call ORDER BY id LIMIT 3;
SELECT DISTINCT id FROM call ORDER BY id DESC LIMIT 3;
SELECT count(DISTINCT id) AS invocations, count(DISTINCT deployment) AS deployments FROM call;

-- joins
SET enable_mergejoin = off;
SET enable_nestloop = off;
EXPLAIN (COSTS OFF) SELECT count(*) FROM call AS a JOIN call AS b USING (id);
SELECT count(*) FROM call AS a JOIN call AS b USING (id);
RESET enable_mergejoin;
SET enable_hashjoin = off;
EXPLAIN (COSTS OFF) SELECT count(*) FROM call AS a JOIN call AS b USING (id);
SELECT count(*) FROM call AS a JOIN call AS b USING (id);
RESET enable_hashjoin;
RESET enable_nestloop;

-- indexes
CREATE INDEX call_id_idx ON call (id);
CREATE INDEX call_deployment_idx ON call USING hash (deployment);
ANALYZE call;
SET enable_seqscan = off;
SET enable_bitmapscan = off;
EXPLAIN (COSTS OFF) SELECT n FROM call WHERE id = restate_workflow_invocation_id('Wf', 'key7') ORDER BY n;
SELECT n FROM call WHERE id = restate_workflow_invocation_id('Wf', 'key7') ORDER BY n;
EXPLAIN (COSTS OFF) SELECT id FROM call ORDER BY id LIMIT 1;
EXPLAIN (COSTS OFF) SELECT count(*) FROM call WHERE deployment = 'dp_17N42dgm5tFLK9N8MT7fHC7';
SELECT count(*) FROM call WHERE deployment = 'dp_17N42dgm5tFLK9N8MT7fHC7';
RESET enable_seqscan;
RESET enable_bitmapscan;

-- the view of a partition key is a plain expression
EXPLAIN (VERBOSE, COSTS OFF) SELECT restate_partition_key_unsigned(n) FROM call;

-- partitions by hash
CREATE TABLE spread (id restate_invocation_id) PARTITION BY HASH (id);
CREATE TABLE spread_0 PARTITION OF spread FOR VALUES WITH (MODULUS 2, REMAINDER 0);
CREATE TABLE spread_1 PARTITION OF spread FOR VALUES WITH (MODULUS 2, REMAINDER 1);
INSERT INTO spread SELECT id FROM call;
SELECT count(*) FROM spread WHERE id = restate_workflow_invocation_id('Wf', 'key7');
EXPLAIN (COSTS OFF) SELECT FROM spread WHERE id = 'inv_1cdxoHbOaNXj0Elx01mHFEzzaSopTTCErT';

-- binary copies
\getenv builddir PG_ABS_BUILDDIR
\set file :builddir '/results/ids.copy'
COPY call TO :'file' (FORMAT binary);
CREATE TABLE copied (LIKE call);
COPY copied FROM :'file' (FORMAT binary);
SELECT count(*) FROM call JOIN copied USING (n, id, deployment);
-- a value of another size is not an id
COPY (SELECT 1, uuid '01a1fbdc-3ba0-5452-b5b7-2c3810ef89f6', uuid '01a1fbdc-3ba0-5452-b5b7-2c3810ef89f6')
  TO :'file' (FORMAT binary);
\set VERBOSITY sqlstate
COPY copied FROM :'file' (FORMAT binary);
\set VERBOSITY default

DROP TABLE call, copied, spread;
DROP FUNCTION show_error, why_not;
