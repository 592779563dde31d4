-- Ids against recorded ones: each real id in both forms, the ids that follow
-- from a key, each text that is refused; and what new ids promise.
BEGIN;

CREATE TEMP TABLE real_id (kind text, id text, partition_key text, uuid text, note text);
\copy real_id FROM 'test/conformance/ids.tsv' (HEADER)
CREATE TEMP TABLE odd_id (kind text, utf8 text, category text, name text);
\copy odd_id FROM 'test/conformance/malformed_ids.tsv' (HEADER)

-- the errors of reading a text: ok, or the category, and what is wrong with
-- the form of the error itself
CREATE FUNCTION pg_temp.reading(kind text, id text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
  state text; category text; message text; detail text; hint text;
BEGIN
  EXECUTE format('SELECT %L::restate_%s_id', id, kind);
  RETURN 'ok';
EXCEPTION WHEN OTHERS THEN
  GET STACKED DIAGNOSTICS state = RETURNED_SQLSTATE, category = CONSTRAINT_NAME,
    message = MESSAGE_TEXT, detail = PG_EXCEPTION_DETAIL, hint = PG_EXCEPTION_HINT;
  RETURN category
    || CASE WHEN state <> 'PT400' THEN ' but state ' || state ELSE '' END
    || CASE WHEN message !~ '^[\x20-\x7e]+$' THEN ' but message not one printable line' ELSE '' END
    || CASE WHEN length(message) > 400 THEN ' but message too long' ELSE '' END
    || CASE WHEN message NOT LIKE 'invalid ' || kind || ' id "%": %' THEN ' but message ' || message ELSE '' END
    || CASE WHEN NOT starts_with(detail, category || ': ') THEN ' but detail ' || detail ELSE '' END
    || CASE WHEN hint = '' THEN ' but no hint' ELSE '' END;
END $$;

-- what can be read: valid UTF-8 without a NUL
CREATE TEMP TABLE readable_id AS
SELECT kind, convert_from(decode(utf8, 'hex'), 'UTF8') AS id, category, name
FROM odd_id
WHERE category <> 'invalid_path' AND utf8 !~ '^(..)*00';

SELECT plan((49 + (SELECT count(*) FROM readable_id))::int);

SELECT isnt((SELECT count(*) FROM real_id), 0::bigint, 'the recorded ids are loaded');
SELECT isnt((SELECT count(*) FROM readable_id), 0::bigint, 'the recorded texts are loaded');
SELECT diag(count(*) || ' texts left to the HTTP tests: they are not UTF-8, or hold a NUL')
FROM odd_id WHERE category = 'invalid_path' OR utf8 ~ '^(..)*00';

-- both forms
SELECT is_empty($$
  SELECT id FROM real_id
  WHERE kind <> 'dp'
    AND restate_invocation_id_send(id::restate_invocation_id)
      <> int8send((partition_key::numeric - CASE WHEN partition_key::numeric < 2^63 THEN 0 ELSE 2^64::numeric END)::bigint)
        || decode(uuid, 'hex')$$,
  'the bytes of an invocation id are its partition key and its uuid');
SELECT is_empty($$
  SELECT id FROM real_id
  WHERE kind = 'dp' AND encode(restate_deployment_id_send(id::restate_deployment_id), 'hex') <> uuid$$,
  'the bytes of a deployment id are its uuid');
SELECT is_empty($$
  SELECT id FROM real_id
  WHERE kind <> 'dp' AND id::restate_invocation_id::text IS DISTINCT FROM id
    OR kind = 'dp' AND id::restate_deployment_id::text IS DISTINCT FROM id$$,
  'an id reads back as it was written');
SELECT is_empty($$
  SELECT id FROM real_id
  WHERE kind <> 'dp'
    AND restate_partition_key_unsigned(restate_partition_key_of_id(id::restate_invocation_id))
      IS DISTINCT FROM partition_key::numeric$$,
  'the partition key of an id, shown unsigned');
SELECT is_empty($$
  WITH ids AS (SELECT restate_new_invocation_id() AS id FROM generate_series(1, 20000))
  SELECT id FROM ids
  WHERE id::text::restate_invocation_id IS DISTINCT FROM id OR length(id::text) <> 38$$,
  'new invocation ids have 38 characters and read back as they were written');
SELECT is_empty($$
  WITH ids AS (SELECT restate_new_deployment_id() AS id FROM generate_series(1, 20000))
  SELECT id FROM ids
  WHERE id::text::restate_deployment_id IS DISTINCT FROM id OR length(id::text) <> 26$$,
  'new deployment ids have 26 characters and read back as they were written');

-- ids that follow from a key
SELECT cmp_ok((SELECT count(*) FROM real_id WHERE note ~ 'target=Wf/'), '>', 0::bigint,
  'there are recorded runs of workflows');
SELECT is_empty($$
  SELECT id FROM real_id, regexp_match(note, 'target=(Wf)/([^/ ]+)/run') AS target
  WHERE note ~ 'target=Wf/'
    AND restate_workflow_invocation_id(target[1], target[2])::text IS DISTINCT FROM id$$,
  'the run of a workflow has the recorded id');
SELECT cmp_ok((SELECT count(*) FROM real_id WHERE note ~ 'idempotency_key='), '>', 0::bigint,
  'there are recorded calls with an idempotency key');
SELECT is_empty($$
  SELECT id FROM real_id, regexp_match(note, 'target=([^/ ]+)/([^/ ]+) idempotency_key=([^ ]+)') AS target
  WHERE note ~ 'idempotency_key='
    AND restate_idempotent_invocation_id(target[1], NULL, target[2], target[3])::text IS DISTINCT FROM id$$,
  'a call with an idempotency key has the recorded id');
SELECT is_empty($$
  SELECT id FROM real_id, regexp_match(note, 'target=([^/ ]+)/([^/ ]+)/([^/ ]+)') AS target
  WHERE target IS NOT NULL
    AND restate_partition_key_of_key(target[2]) IS DISTINCT FROM restate_partition_key_of_id(id::restate_invocation_id)$$,
  'the partition key of an object key is the recorded one');
SELECT is_empty($$
  SELECT id FROM real_id, regexp_match(note, 'restarted_from=([^ ]+)') AS original
  WHERE original IS NOT NULL
    AND restate_partition_key_of_id(original[1]::restate_invocation_id)
      IS DISTINCT FROM restate_partition_key_of_id(id::restate_invocation_id)$$,
  'a recorded restart kept the partition key');
SELECT is(restate_partition_key_of_id(restate_keyed_invocation_id('obmwprcslb70')),
  restate_partition_key_of_key('obmwprcslb70'), 'a new id of a key is in the partition of the key');
SELECT is(restate_partition_key_of_id(restate_idempotent_invocation_id('Obj', 'k', 'h', 'i')),
  restate_partition_key_of_key('k'), 'an idempotent call of an object is in the partition of its key');
SELECT is(
  substr(restate_invocation_id_send(restate_idempotent_invocation_id('Obj', 'k', 'h', 'i')), 9),
  substr(sha256('ik,Obj,k,h,i'), 1, 16), 'an idempotent call of an object is named by its key as well');
SELECT is(
  substr(restate_invocation_id_send(restate_workflow_invocation_id('Wf', U&'\00e9\2713')), 9),
  substr(sha256(convert_to(U&'wf,Wf,\00e9\2713', 'UTF8')), 1, 16), 'names are hashed as UTF-8');
SELECT isnt(restate_idempotent_invocation_id('Obj', '', 'h', 'i'),
  restate_idempotent_invocation_id('Obj', NULL, 'h', 'i'), 'an empty object key is not the lack of one');
SELECT ok(restate_idempotent_invocation_id(NULL, 'k', 'h', 'i') IS NULL
  AND restate_idempotent_invocation_id('s', 'k', NULL, 'i') IS NULL
  AND restate_idempotent_invocation_id('s', 'k', 'h', NULL) IS NULL
  AND restate_workflow_invocation_id(NULL, 'k') IS NULL
  AND restate_workflow_invocation_id('s', NULL) IS NULL
  AND restate_keyed_invocation_id(NULL) IS NULL
  AND restate_new_invocation_id(NULL) IS NULL
  AND restate_partition_key_of_key(NULL::text) IS NULL
  AND restate_partition_key_of_id(NULL::restate_invocation_id) IS NULL
  AND restate_partition_key_unsigned(NULL) IS NULL, 'null in, null out');

-- the clock in an id
SELECT is_empty($$
  SELECT id FROM real_id,
    regexp_match(note, '(?:created_at=([^ ]+) uuid_top48_is_created_ms=true|uuid_top48_ms=([^ ]+))') AS at
  WHERE at IS NOT NULL
    AND abs(('x' || lpad(left(uuid, 12), 16, '0'))::bit(64)::bigint
      - extract(epoch FROM coalesce(at[1], at[2])::timestamptz) * 1000) > 10$$,
  'the first 48 bits of a recorded uuid are the milliseconds at which it was made');
SELECT cmp_ok(
  abs(('x' || lpad(encode(substr(restate_deployment_id_send(restate_new_deployment_id()), 1, 6), 'hex'), 16, '0'))::bit(64)::bigint
    - extract(epoch FROM clock_timestamp()) * 1000), '<', 60000::numeric,
  'the first 48 bits of a new uuid are the milliseconds of the clock');

-- new ids
CREATE TEMP TABLE new_id AS
SELECT n, restate_new_invocation_id(42) AS id FROM generate_series(1, 100000) AS n;
SELECT is_empty('SELECT n FROM (SELECT n, id, lag(id) OVER (ORDER BY n) AS last FROM new_id) AS s WHERE id <= last',
  '100000 new ids of one partition key grow');
SELECT is((SELECT count(DISTINCT id) FROM new_id), 100000::bigint, 'and none of them repeats');
SELECT is((SELECT array_agg(DISTINCT restate_partition_key_of_id(id)) FROM new_id), '{42}'::bigint[],
  'and all keep the partition key');
SELECT is_empty('WITH ids AS (SELECT n, restate_new_deployment_id() AS id FROM generate_series(1, 10000) AS n)
  SELECT n FROM (SELECT n, id, lag(id) OVER (ORDER BY n) AS last FROM ids) AS s WHERE id <= last',
  'new deployment ids grow');
SELECT cmp_ok((SELECT count(DISTINCT restate_partition_key_of_id(restate_new_invocation_id())) FROM generate_series(1, 1000)),
  '=', 1000::bigint, 'new ids without a key are in random partitions');
SELECT is((SELECT array_agg(DISTINCT restate_partition_key_of_id(restate_new_invocation_id(key)))
           FROM (VALUES (-1::bigint), (-9223372036854775808), (0), (9223372036854775807)) AS s(key)),
  '{-9223372036854775808,-1,0,9223372036854775807}'::bigint[], 'every partition key is kept');
SELECT cmp_ok((SELECT count(DISTINCT restate_random_seed()) FROM generate_series(1, 1000)),
  '=', 1000::bigint, 'random seeds differ');

-- order and hash
CREATE TEMP TABLE few_keys AS
SELECT restate_new_invocation_id((n % 3 - 1)::bigint) AS id FROM generate_series(1, 30000) AS n ORDER BY random();
CREATE TEMP TABLE many_keys AS
SELECT restate_new_invocation_id() AS id FROM generate_series(1, 130000) AS n ORDER BY random();
SELECT ok((SELECT array_agg(id ORDER BY id) = array_agg(id ORDER BY restate_invocation_id_send(id)) FROM few_keys),
  'ids of few partition keys sort as their bytes do');
SELECT ok((SELECT array_agg(id ORDER BY id DESC) = array_agg(id ORDER BY restate_invocation_id_send(id) DESC) FROM many_keys),
  'ids of many partition keys sort as their bytes do');
SELECT is_empty('SELECT FROM (SELECT id AS a, lead(id) OVER () AS b FROM many_keys LIMIT 2000) AS s
  WHERE (a < b) <> (restate_invocation_id_send(a) < restate_invocation_id_send(b))
     OR (a <= b) <> (b >= a) OR (a > b) <> (b < a) OR (a = b) = (a <> b)
     OR sign(restate.invocation_id_cmp(a, b)) <> -sign(restate.invocation_id_cmp(b, a))',
  'the comparison operators agree with each other');
SELECT is_empty('SELECT FROM (SELECT restate_new_deployment_id() AS a, restate_new_deployment_id() AS b
                 FROM generate_series(1, 1000)) AS s
  WHERE a >= b OR b <= a OR NOT a < b OR NOT a <= b OR NOT b > a OR a = b OR NOT a <> b OR a <> a
     OR restate.deployment_id_cmp(a, b) >= 0',
  'and so do those of deployment ids');
SELECT is((SELECT count(DISTINCT restate.invocation_id_hash(id)) > 29900 FROM few_keys), true,
  'invocation ids spread over the hashes');
SELECT is_empty('SELECT id FROM few_keys
  WHERE restate.invocation_id_hash_extended(id, 0)::bit(64) << 32
     <> restate.invocation_id_hash(id)::bit(32)::bit(64)',
  'the low half of the hash with seed 0 is the hash');
SELECT is_empty('SELECT id FROM (SELECT restate_new_deployment_id() AS id FROM generate_series(1, 1000)) AS s
  WHERE restate.deployment_id_hash_extended(id, 0)::bit(64) << 32
     <> restate.deployment_id_hash(id)::bit(32)::bit(64)',
  'of deployment ids as well');

-- ids beside text: recorded texts and borders, each with where it must stand
CREATE TEMP TABLE beside AS
SELECT text, head, head <> text AS is_id
FROM (
  SELECT id AS text, CASE kind WHEN 'dp' THEN 'dp_1' ELSE 'inv_1' END AS head FROM real_id
  UNION
  SELECT id, CASE WHEN category <> 'ok' THEN id WHEN kind = 'deployment' THEN 'dp_1' ELSE 'inv_1' END FROM readable_id
    WHERE id NOT IN (SELECT r.id FROM real_id AS r)
  UNION
  SELECT text, text FROM unnest(ARRAY['', ' ', 'dp_0', 'dp_1', 'dp_1!', 'dp_1~', 'dp_2', 'inv_0~', 'inv_1', 'inv_1 ', 'inv_1~', 'inv_2', 'inv', 'i', 'zz', 'A', U&'\00e9', repeat('x', 100000)]) AS text
) AS s;
-- an id of one kind is among the refused texts of the other
DELETE FROM beside WHERE NOT is_id AND 'ok' IN (pg_temp.reading('invocation', text), pg_temp.reading('deployment', text));
SELECT ok(count(*) > 100 AND count(*) FILTER (WHERE is_id AND head = 'dp_1') > 0 AND count(*) = count(DISTINCT text), 'there are texts to compare')
FROM beside;
SELECT is_empty($$
  SELECT left(text, 60), stands, must_be FROM (
    SELECT text, row_number() OVER (ORDER BY text USING #<#) AS stands,
      row_number() OVER (ORDER BY head COLLATE "C", NOT is_id, CASE WHEN NOT is_id THEN '' WHEN head = 'dp_1' THEN restate_deployment_id_send(text)
        ELSE restate_invocation_id_send(text) END) AS must_be
    FROM beside) AS s
  WHERE stands <> must_be$$,
  'texts stand by their bytes, ids together where what they begin with stands');
SELECT is_empty($$
  SELECT a.text, b.text FROM beside AS a, beside AS b, LATERAL (SELECT restate.id_text_cmp(a.text, b.text) AS cmp) AS c
  WHERE (a.text #<# b.text) <> (cmp < 0) OR (a.text #<=# b.text) <> (cmp <= 0) OR (a.text #=# b.text) <> (cmp = 0)
    OR (a.text #<># b.text) <> (cmp <> 0) OR (a.text #>=# b.text) <> (cmp >= 0) OR (a.text #># b.text) <> (cmp > 0)
    OR (a.text #=# b.text) <> (a.text = b.text) OR sign(cmp) <> -sign(restate.id_text_cmp(b.text, a.text))$$,
  'the operators of texts agree with each other, and a text equals itself alone');
SELECT is_empty(replace(replace($$
  SELECT a.id, b.text FROM (SELECT text, text::restate_KIND_id AS id FROM beside WHERE is_id AND head = 'HEAD') AS a, beside AS b
  WHERE (a.id < b.text) <> (a.text #<# b.text) OR (a.id <= b.text) <> (a.text #<=# b.text) OR (a.id = b.text) <> (a.text #=# b.text)
    OR (a.id <> b.text) <> (a.text #<># b.text) OR (a.id >= b.text) <> (a.text #>=# b.text) OR (a.id > b.text) <> (a.text #># b.text)
    OR (b.text < a.id) <> (b.text #<# a.text) OR (b.text <= a.id) <> (b.text #<=# a.text) OR (b.text = a.id) <> (b.text #=# a.text)
    OR (b.text <> a.id) <> (b.text #<># a.text) OR (b.text >= a.id) <> (b.text #>=# a.text) OR (b.text > a.id) <> (b.text #># a.text)
    OR sign(restate.KIND_id_cmp_text(a.id, b.text)) <> sign(restate.id_text_cmp(a.text, b.text))
    OR sign(restate.text_cmp_KIND_id(b.text, a.id)) <> sign(restate.id_text_cmp(b.text, a.text))$$, 'KIND', kind), 'HEAD', head),
  'text and a ' || kind || ' id compare as the text of the id does')
FROM (VALUES ('invocation', 'inv_1'), ('deployment', 'dp_1')) AS kinds (kind, head);
SELECT is_empty($$
  SELECT a.text FROM beside AS a, beside AS b
  WHERE a.is_id AND b.is_id AND a.head = b.head
    AND (a.text #<# b.text) <> CASE a.head WHEN 'dp_1' THEN a.text::restate_deployment_id < b.text::restate_deployment_id
      ELSE a.text::restate_invocation_id < b.text::restate_invocation_id END$$,
  'and as ids among each other');
SELECT is_empty($$
  SELECT text FROM beside, unnest('{0,1,-7}'::bigint[]) AS seed
  WHERE is_id AND head = 'inv_1' AND (restate.id_text_hash(text) <> restate.invocation_id_hash(text)
      OR restate.id_text_hash_extended(text, seed) <> restate.invocation_id_hash_extended(text, seed))
    OR is_id AND head = 'dp_1' AND (restate.id_text_hash(text) <> restate.deployment_id_hash(text)
      OR restate.id_text_hash_extended(text, seed) <> restate.deployment_id_hash_extended(text, seed))$$,
  'the text of an id has the hash of the id');
SELECT is((SELECT count(DISTINCT restate.id_text_hash(text)) FROM beside), (SELECT count(*) FROM beside), 'other texts have their own');

-- the catalog
SELECT is((SELECT array_agg(amvalidate(oid)) FROM pg_opclass WHERE opcname ~ '^restate_.*_id_ops$'),
  '{t,t,t,t}'::boolean[], 'the operator classes are complete');
SELECT set_eq($$
  SELECT typname, typlen, typalign::text, typbyval FROM pg_type
  WHERE typname ~ '^restate_.*_id$' AND typnamespace = 'pg_catalog'::regnamespace$$,
  $$VALUES ('restate_invocation_id'::name, 24::smallint, 'c', false), ('restate_deployment_id', 16, 'c', false)$$,
  'the types need 24 and 16 bytes, without padding');
SELECT is_empty($$
  SELECT proname FROM pg_proc
  WHERE pronamespace = 'pg_catalog'::regnamespace AND proname ~ '^restate_((invocation|deployment)_id|text|id_text)_'
    AND proleakproof <> (proname ~ '_(lt|le|eq|ne|ge|gt|cmp|hash|hash_extended)(_text|_invocation_id|_deployment_id)?$')$$,
  'what compares and hashes is leakproof, and nothing else');

-- texts that are no ids, and the odd ones that are
SELECT is(pg_temp.reading(kind, id), category, name) FROM readable_id ORDER BY kind, name;
SELECT is(pg_temp.reading('invocation', '') || ', ' || pg_temp.reading('deployment', ''),
  'invalid_invocation_id, invalid_deployment_id', 'an empty text is no id');

-- soft errors, where the server has them
SELECT current_setting('server_version_num')::int >= 160000 AS soft \gset
\if :soft
SELECT is(
  (SELECT array[sql_error_code, detail] FROM pg_input_error_info('inv_2', 'restate_invocation_id')),
  (SELECT array['PT400', detail] FROM pg_input_error_info('inv_', 'restate_invocation_id')),
  'a soft error carries the fields of its category');
\else
SELECT skip('this server has no soft errors', 1);
\endif

SELECT * FROM finish();
ROLLBACK;
