-- The recorded exchanges with the Admin API, replayed in SQL: each on an
-- invocation made from the facts that were recorded before it, compared with
-- the answer and the facts recorded after it.
BEGIN;
\ir ../conformance/world.sql
\ir ../conformance/rules.sql
\ir ../conformance/replay.sql

\set content `cat test/conformance/cases.jsonl`
CREATE TABLE recorded (n int PRIMARY KEY, line jsonb NOT NULL);
INSERT INTO recorded SELECT n, line::jsonb FROM regexp_split_to_table(:'content', '\n') WITH ORDINALITY AS t (line, n) WHERE line <> '';

INSERT INTO request SELECT u.* FROM recorded AS c CROSS JOIN LATERAL understood(c.n, c.line) AS u;
CREATE TABLE outcome AS
SELECT r.n, r.name, r.operation, r.batch, o.wrong, o.departed
FROM request AS r JOIN recorded AS c USING (n) CROSS JOIN LATERAL replay(c.line, r) AS o
WHERE r.not_in_sql IS NULL;

SELECT plan((SELECT count(*) FROM outcome)::int + 3);

SELECT isnt((SELECT count(*) FROM outcome), 0::bigint, 'there are recorded exchanges to replay');
SELECT set_eq('SELECT DISTINCT operation FROM outcome', 'SELECT DISTINCT operation FROM request WHERE operation IS NOT NULL',
  'they are of every operation that was recorded');

SELECT is(wrong, '', name) FROM outcome ORDER BY n;

SELECT is_empty('SELECT * FROM restate_verify()', 'nothing is broken at the end');

SELECT diag(format('not expressible in SQL: %s of %s', count(*), not_in_sql)) FROM request WHERE not_in_sql IS NOT NULL
GROUP BY not_in_sql ORDER BY count(*) DESC, not_in_sql;
SELECT diag(format('replayed against a documented departure that the line does not mention: %s', string_agg(name, ', ' ORDER BY n)))
FROM outcome WHERE departed;
SELECT diag(format('recorded cases: %s replayed, %s passed, %s not expressible in SQL',
  (SELECT count(*) FROM outcome), (SELECT count(*) FROM outcome WHERE wrong = ''),
  (SELECT count(*) FROM request WHERE not_in_sql IS NOT NULL)));

SELECT * FROM finish();
ROLLBACK;
