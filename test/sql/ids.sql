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
SELECT why_not(id, 'restate_invocation_id')
FROM (VALUES (1, ''), (2, 'abc'), (3, 'foo_1'), (4, 'INV_1cdxoHbOaNXj0Elx01mHFEzzaSopTTCErT'),
             (5, 'inv_'), (6, 'dp_2'), (7, 'dp_1'), (8, 'inv_1cdxoHbOa'), (9, 'inv_1--'),
             (10, 'inv_1-----------abc'), (11, 'inv_1cdxoHbOaNXj-Elx01mHFEzzaSopTTCErT'),
             (12, 'inv_1lYGhA16ahyg7N42dgm5tFLK9N8MT7fHC7'), (13, 'inv_1lYGhA16ahyf7N42dgm5tFLK9N8MT7fHC8'),
             (14, 'inv_1cdxoHbOaNXj0Elx01mHFEzzaSopTTCErT0'), (15, 'inv_1cdxoHbOaNXj0Elx01mHFEzzaSopTTCErT '),
             (16, E'a"b\\c\n_1'), (17, repeat('long', 1000))) AS s(n, id)
ORDER BY n;
SELECT why_not(id, 'restate_deployment_id')
FROM (VALUES (1, 'dp_17vd9cnbTaGkyORdBSqu98'), (2, 'dp_17N42dgm5tFLK9N8MT7fHC8'), (3, 'keep'),
             (4, 'inv_1cdxoHbOaNXj0Elx01mHFEzzaSopTTCErT')) AS s(n, id)
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
