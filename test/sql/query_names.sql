-- Names that queries written for Restate's server use, looked up as the gateway does.
SET search_path = restate_query, pg_catalog, restate;

SELECT first_value(n ORDER BY n DESC) AS first, last_value(n ORDER BY n DESC) AS last, first_value(t ORDER BY n) AS text, last_value(t ORDER BY n) AS last_text,
  first_value(t ORDER BY t NULLS FIRST) AS null_is_first, last_value(t ORDER BY t NULLS LAST) AS null_is_last
FROM (VALUES (1, 'a'), (2, NULL), (3, 'c')) AS v (n, t);
SELECT first_value(n) AS of_no_row, last_value(t) AS text_of_no_row FROM (SELECT 1, 'a') AS v (n, t) WHERE false;
SELECT g, first_value(id ORDER BY n) AS id, first_value(at ORDER BY n DESC) AS at, first_value(a ORDER BY n) AS a, last_value(f ORDER BY n) AS f, count(*)
FROM (SELECT n % 3 AS g, n, ('inv_1' || lpad(n::text, 33, '0'))::restate_invocation_id AS id, '2026-01-01Z'::timestamptz + n * interval '1 day' AS at,
    ARRAY[n, n + 1] AS a, n / 2.0 AS f FROM generate_series(1, 9) AS n) AS v
GROUP BY g ORDER BY g;
-- however many values were there before
SELECT length(first_value(repeat('x', n) ORDER BY n DESC)) AS first, length(last_value(repeat('x', n) ORDER BY n)) AS last FROM generate_series(1, 5000) AS n;
-- over a window they are what the server has by that name
SELECT count(*) AS differences FROM (
  SELECT first_value(t) OVER w AS a, pg_catalog.first_value(t) OVER w AS b, last_value(t) OVER w AS c, pg_catalog.last_value(t) OVER w AS d
  FROM (SELECT n, CASE WHEN n % 4 > 0 THEN 'text ' || n END FROM generate_series(1, 100) AS n) AS v (n, t)
  WINDOW w AS (PARTITION BY n % 3 ORDER BY n ROWS BETWEEN 2 PRECEDING AND 1 FOLLOWING)
  UNION ALL
  SELECT first_value(t) OVER w, pg_catalog.first_value(t) OVER w, last_value(t) OVER w, pg_catalog.last_value(t) OVER w
  FROM (SELECT n, CASE WHEN n % 4 > 0 THEN 'text ' || n END FROM generate_series(1, 100) AS n) AS v (n, t) WINDOW w AS (ORDER BY n / 5)) AS v
WHERE a IS DISTINCT FROM b OR c IS DISTINCT FROM d;
SELECT CAST(NULL AS STRING) AS nothing, CAST(1 AS STRING) || 'x' AS text, pg_typeof(CAST(1 AS STRING) || 'x') AS type;
-- an alias, or the server's own name by its schema, is as it was
SELECT first_value FROM (SELECT 1 AS first_value) AS v;
SELECT restate_query.kept_value(NULL::text, 1);
-- nobody sees the names but who is let in
CREATE ROLE restate_test_asker;
SET ROLE restate_test_asker;
SELECT restate_query.first_value(1);
RESET ROLE;
GRANT USAGE ON SCHEMA restate_query TO restate_test_asker;
SET ROLE restate_test_asker;
SELECT restate_query.first_value(n) FROM (SELECT 1 AS n) AS v;
CREATE FUNCTION restate_query.mine() RETURNS int LANGUAGE sql RETURN 1;
RESET ROLE;
DROP OWNED BY restate_test_asker;
DROP ROLE restate_test_asker;
