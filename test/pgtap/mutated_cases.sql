-- What the replay of the recorded exchanges is worth: recorded lines with one
-- field changed, of each kind a few.  conformance_cases has them as they were.
BEGIN;
\ir ../conformance/world.sql
\ir ../conformance/rules.sql
\ir ../conformance/replay.sql
\ir ../conformance/mutations.sql
\set seed 7
\set each 2

\set content `cat test/conformance/cases.jsonl`
CREATE TABLE recorded (n int PRIMARY KEY, line jsonb NOT NULL);
INSERT INTO recorded SELECT n, line::jsonb FROM regexp_split_to_table(:'content', '\n') WITH ORDINALITY AS t (line, n) WHERE line <> '';
INSERT INTO request SELECT u.* FROM recorded AS c CROSS JOIN LATERAL understood(c.n, c.line) AS u;

CREATE TABLE tried AS
SELECT m.what, m.n, o.wrong, CASE WHEN o.wrong = '' THEN m.rule END AS rule
FROM chosen_mutations(:seed, :each, ARRAY(SELECT r.n FROM request AS r WHERE r.not_in_sql IS NULL)) AS m
JOIN request AS r USING (n) CROSS JOIN LATERAL replay(m.mutated, r) AS o;

SELECT plan((SELECT count(DISTINCT what) FROM tried)::int + 1);

SELECT isnt((SELECT count(*) FROM tried WHERE wrong <> ''), 0::bigint, 'there are recorded exchanges to change');
SELECT is(string_agg(r.name, ', ' ORDER BY r.n) FILTER (WHERE t.wrong = '' AND t.rule IS NULL), NULL, 'noticed: ' || t.what)
FROM tried AS t JOIN request AS r USING (n) GROUP BY t.what ORDER BY t.what;

SELECT diag(format('not noticed by rule, %s: %s (%s)', count(*), rule, string_agg(DISTINCT what, ', '))) FROM tried WHERE rule IS NOT NULL GROUP BY rule ORDER BY rule;
SELECT diag(format('recorded lines with one field changed: %s replayed, %s noticed, %s left by a rule', count(*),
  count(*) FILTER (WHERE wrong <> ''), count(rule))) FROM tried;

SELECT * FROM finish();
ROLLBACK;
