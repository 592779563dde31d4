-- The recorded exchanges with the Admin API, replayed in SQL: each on an
-- invocation made from the facts that were recorded before it, compared with
-- the answer and the facts recorded after it.
BEGIN;
\ir ../conformance/world.sql
\ir ../conformance/replay.sql

\set content `cat test/conformance/cases.jsonl`
CREATE TABLE recorded (n int PRIMARY KEY, line jsonb NOT NULL);
INSERT INTO recorded SELECT n, line::jsonb FROM regexp_split_to_table(:'content', '\n') WITH ORDINALITY AS t (line, n) WHERE line <> '';

INSERT INTO request SELECT u.* FROM recorded AS c CROSS JOIN LATERAL understood(c.n, c.line) AS u;
CREATE TABLE outcome AS
SELECT r.n, r.name, r.operation, r.batch, o.wrong, o.departed
FROM request AS r JOIN recorded AS c USING (n) CROSS JOIN LATERAL replay(c.line, r) AS o
WHERE r.skipped IS NULL;

SELECT plan((SELECT count(*) FROM outcome)::int + 4);

SELECT cmp_ok((SELECT count(*) FROM recorded), '>=', 899::bigint, 'the recorded exchanges are loaded');
SELECT cmp_ok((SELECT count(*) FROM outcome), '>=', 600::bigint, 'most of them are replayed');
SELECT is((SELECT count(DISTINCT operation) FROM outcome), 8::bigint, 'they are of all eight operations');

SELECT is(wrong, '', name) FROM outcome ORDER BY n;

SELECT is_empty('SELECT * FROM restate_verify()', 'nothing is broken at the end');

SELECT diag(format('not expressible in SQL: %s of %s', count(*), skipped)) FROM request WHERE skipped IS NOT NULL GROUP BY skipped ORDER BY count(*) DESC, skipped;
SELECT diag(format('replayed against a documented departure that the line does not mention: %s', string_agg(name, ', ' ORDER BY n)))
FROM outcome WHERE departed;
SELECT diag(format('recorded cases: %s replayed, %s passed, %s not expressible in SQL',
  (SELECT count(*) FROM outcome), (SELECT count(*) FROM outcome WHERE wrong = ''),
  (SELECT count(*) FROM request WHERE skipped IS NOT NULL)));

SELECT * FROM finish();
ROLLBACK;
