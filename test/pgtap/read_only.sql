-- Every view of the extension only reads: whatever is added to it.
BEGIN;

CREATE TEMP VIEW member_view AS
SELECT c.oid::regclass AS view, (SELECT a.attname FROM pg_attribute a WHERE a.attrelid = c.oid AND a.attnum = 1) AS first
FROM pg_depend d
JOIN pg_class c ON d.classid = 'pg_class'::regclass AND c.oid = d.objid
WHERE d.refclassid = 'pg_extension'::regclass AND d.deptype = 'e' AND c.relkind IN ('v', 'm')
  AND d.refobjid = (SELECT oid FROM pg_extension WHERE extname = 'restate_admin');

-- What a statement raises, and to which hint it leads; null if it runs.
CREATE FUNCTION pg_temp.refusal(statement text, OUT state text, OUT told text, OUT hint text) LANGUAGE plpgsql AS $$
BEGIN
  EXECUTE statement;
EXCEPTION WHEN OTHERS THEN
  GET STACKED DIAGNOSTICS state = RETURNED_SQLSTATE, told = MESSAGE_TEXT, hint = PG_EXCEPTION_HINT;
END $$;

-- Statements that write, with and without a row to write to; COPY has no row
-- here either.
CREATE TEMP VIEW written AS
SELECT v.view, v.view::text || ': ' || s.what AS what, r.*
FROM member_view v
CROSS JOIN LATERAL (VALUES
  ('INSERT', format('INSERT INTO %s DEFAULT VALUES', v.view)),
  ('INSERT of no row', format('INSERT INTO %s SELECT * FROM %1$s WHERE false', v.view)),
  ('UPDATE', format('UPDATE %s SET %I = %2$I', v.view, v.first)),
  ('UPDATE of no row', format('UPDATE %s SET %I = %2$I WHERE false', v.view, v.first)),
  ('DELETE', format('DELETE FROM %s', v.view)),
  ('DELETE of no row', format('DELETE FROM %s WHERE false', v.view)),
  ('COPY', format('COPY %s FROM PROGRAM ''true''', v.view))) AS s (what, statement)
CROSS JOIN LATERAL pg_temp.refusal(s.statement) AS r;

SELECT plan(10);

SELECT cmp_ok((SELECT count(*) FROM member_view), '>=', 25::bigint, 'the views are found');
SELECT is_empty($$SELECT what, state, told FROM written WHERE state IS DISTINCT FROM '55000'$$, 'each write to a view is refused, also by its owner, also of no row');
SELECT is_empty($$SELECT what, told FROM written WHERE told !~ '^cannot (insert into|update|delete from) view "[a-z_]+"$'$$, 'the refusal says what cannot be done');
SELECT is_empty($$SELECT what, hint FROM written WHERE hint !~ '(restate_[a-z_]+\(\)|table restate\.|tables restate\.|adds a row|stays as it is)'$$,
  'and the hint what to do instead');
-- the functions and tables that the hints name are there
SELECT is_empty($$SELECT DISTINCT m[1] FROM written, regexp_matches(hint, '(restate_[a-z_]+)\(\)', 'g') AS m
  WHERE m[1] NOT IN (SELECT proname FROM pg_proc WHERE pronamespace = 'pg_catalog'::regnamespace)$$, 'the functions that hints name exist');
SELECT is_empty($$SELECT DISTINCT m[1] FROM written, regexp_matches(hint, '(restate\.[a-z_]+)', 'g') AS m WHERE to_regclass(m[1]) IS NULL$$,
  'the tables that hints name exist');
SELECT is((pg_temp.refusal('DELETE FROM restate.sys_invocation')).hint,
  'restate_purge() removes a completed invocation, restate_delete_invocation() cancels, kills or purges one.', 'a DELETE of invocations is led to what deletes one');
SELECT is((pg_temp.refusal('MERGE INTO restate.sys_invocation AS i USING (SELECT 1) AS one ON true WHEN MATCHED THEN DELETE')).state
  IN ('0A000', '42809', '55000'), true, 'MERGE is refused, up to version 16 by the server');
SELECT is((pg_temp.refusal('TRUNCATE restate.sys_invocation')).state, '42809', 'so is TRUNCATE, by the server');

-- a view that leaves rows out: WHERE, JOIN or DISTINCT outside its subqueries; one
-- condition is true of every row
SELECT set_eq($$SELECT view::text FROM member_view JOIN pg_class c ON c.oid = view WHERE 'security_barrier=true' = ANY (c.reloptions)$$,
  $$SELECT view::text FROM member_view WHERE regexp_replace(pg_get_viewdef(view, true), 'WHERE restate.narrowed_by_status\([a-z_., ]*\);', '') ~ '(?n)^ {1,7}(WHERE|(LEFT )?JOIN|DISTINCT ON|FROM \( SELECT DISTINCT)|^ SELECT DISTINCT'$$,
  'each view that leaves rows out is a security barrier');

SELECT * FROM finish();
ROLLBACK;
