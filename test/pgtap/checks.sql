-- The functions that check rows say what plain SQL would, for every combination
-- of values that there can be of each kind.
BEGIN;
SELECT plan(10);

CREATE TEMP TABLE status AS SELECT unnest('{NULL,pending,scheduled,ready,running,backing-off,suspended,paused,completed,asleep,""}'::text[]) AS status;
CREATE TEMP TABLE number AS SELECT unnest('{NULL,-9223372036854775808,-1,0,1,4294967295,4294967296,4294967297,9223372036854775807}'::bigint[]) AS n;
CREATE TEMP TABLE something AS SELECT unnest('{NULL,x}'::text[]) AS x;

SELECT is_empty($$SELECT status, p.n, c.a, s.a
  FROM status, (VALUES (NULL), (0::bigint)) AS p (n), (VALUES (NULL), ('{1}'::bigint[])) AS c (a), (VALUES (NULL), ('{1}'::bigint[])) AS s (a)
  WHERE restate.check_status(status, p.n, c.a, s.a) IS DISTINCT FROM
    (coalesce(status IN ('pending', 'scheduled', 'ready', 'running', 'backing-off', 'suspended', 'paused', 'completed'), false)
      AND (status = 'pending') = (p.n IS NOT NULL) AND (status = 'suspended' OR c.a IS NULL AND s.a IS NULL))$$,
  'a status, and what there is with it');

SELECT is_empty($$SELECT status, result, x
  FROM status, (VALUES (NULL), ('success'), ('failure'), ('other')) AS r (result), something
  WHERE restate.check_completion(status, result, x) IS DISTINCT FROM
    ((status IS NOT DISTINCT FROM 'completed') = (result IS NOT NULL) AND (result IS NULL OR result IN ('success', 'failure'))
      AND (result IS NOT DISTINCT FROM 'failure') = (x IS NOT NULL))$$,
  'a completion, and its failure');

SELECT is_empty($$SELECT service, x, handler
  FROM (VALUES (NULL), ('service'), ('virtual_object'), ('workflow'), ('other')) AS s (service), something,
    (VALUES (NULL), ('exclusive'), ('shared'), ('workflow'), ('other')) AS h (handler)
  WHERE restate.check_target(service, x, handler) IS DISTINCT FROM coalesce(CASE service
    WHEN 'service' THEN x IS NULL AND handler IS NULL
    WHEN 'virtual_object' THEN x IS NOT NULL AND handler IN ('exclusive', 'shared')
    WHEN 'workflow' THEN x IS NOT NULL AND handler IN ('workflow', 'shared') END, false)$$,
  'a target, with its key and kind of handler');

SELECT is_empty($$SELECT origin, id, x
  FROM (VALUES (NULL), ('ingress'), ('service'), ('subscription'), ('restart_as_new'), ('other')) AS o (origin),
    (VALUES (NULL), ('inv_1000000000000000000000000000000000'::restate_invocation_id)) AS r (id), something
  WHERE restate.check_invoked_by(origin, id, x) IS DISTINCT FROM coalesce(CASE
    WHEN origin = 'restart_as_new' THEN id IS NOT NULL
    ELSE origin IN ('ingress', 'service', 'subscription') AND id IS NULL AND x IS NULL END, false)$$,
  'an origin, with what belongs to a restart');

SELECT is_empty($$SELECT id, version
  FROM (VALUES (NULL), ('dp_10000000000000000000000'::restate_deployment_id)) AS d (id), (VALUES (NULL), (-1), (0), (1), (7)) AS v (version)
  WHERE restate.check_pinned(id, version) IS DISTINCT FROM ((id IS NULL) = (version IS NULL) AND (version IS NULL OR version > 0))$$,
  'a pinned deployment, with its version');

SELECT is_empty($$SELECT s.n, c.n FROM number AS s, number AS c
  WHERE s.n IS NOT NULL AND c.n IS NOT NULL
    AND restate.check_journal_size(s.n, c.n) IS DISTINCT FROM (s.n <= 4294967296 AND c.n BETWEEN 0 AND s.n)$$,
  'the size of a journal, and how many of its entries are commands');

SELECT is_empty($$SELECT c.i, j.i
  FROM unnest('{0,-1us,1us,-1 mon 30 days,1 mon -31 days,1 day,-1 year}'::interval[]) AS c (i),
    unnest('{0,-1us,1us,-1 mon 30 days,1 mon -31 days,1 day,-1 year}'::interval[]) AS j (i)
  WHERE restate.check_retention(c.i, j.i) IS DISTINCT FROM (c.i >= interval '0' AND j.i >= interval '0')$$,
  'retentions');

SELECT is_empty($$SELECT a.n, b.n, c.n, d.n FROM number AS a, number AS b, number AS c, number AS d
  WHERE restate.check_entry_numbers(a.n, b.n, c.n, d.n) IS DISTINCT FROM
    (coalesce(a.n BETWEEN 0 AND 4294967295, true) AND coalesce(b.n BETWEEN 0 AND 4294967295, true)
      AND coalesce(c.n BETWEEN 0 AND 4294967295, true) AND coalesce(d.n BETWEEN 0 AND 4294967295, true))$$,
  'the numbers of an entry');

CREATE TEMP TABLE document AS SELECT unnest(ARRAY['{}', '{"a": 1}', '[]', '[1]', '[[]]', '[{}]', '1', '"a"', 'true', 'null',
  jsonb_build_object('a', repeat('x', 100000)), jsonb_build_array(repeat('y', 100000)),
  (SELECT jsonb_agg(md5(n::text)) FROM generate_series(1, 5000) AS n)]::jsonb[]) AS value;
SELECT is_empty($$SELECT value FROM document WHERE restate.check_json_object(value) IS DISTINCT FROM (jsonb_typeof(value) = 'object')$$,
  'a JSON object, however it is stored');
SELECT is_empty($$SELECT value FROM document WHERE restate.check_json_array(value) IS DISTINCT FROM (jsonb_typeof(value) = 'array')$$,
  'a JSON array');

SELECT * FROM finish();
ROLLBACK;
