-- psql's \d+ says of each column of a view what it holds.
BEGIN;
SELECT plan(1);
SELECT is_empty($$
  SELECT format('%s.%s', c.relname, a.attname)
  FROM pg_class AS c
  JOIN pg_attribute AS a ON a.attrelid = c.oid AND a.attnum > 0
  WHERE c.relnamespace IN ('restate'::regnamespace, 'restate_api'::regnamespace) AND c.relkind = 'v'
    AND col_description(c.oid, a.attnum) IS NULL $$,
  'each column of a view is commented');
SELECT * FROM finish();
ROLLBACK;
