-- What \df shows a user who looks for the functions of the extension: what one
-- calls, and none of the functions behind types and operators.
\pset format unaligned
\pset tuples_only on
\df restate_*
\pset tuples_only off
-- also where the schema is on the search path
SET search_path = restate, public;
SELECT count(*) FROM pg_proc WHERE proname LIKE 'restate\_%' AND pronamespace <> 'pg_catalog'::regnamespace;
-- every function in pg_catalog is called restate_...
SELECT p.oid::regprocedure FROM pg_proc AS p JOIN pg_depend AS d ON d.classid = 'pg_proc'::regclass AND d.objid = p.oid
JOIN pg_extension AS e ON d.refclassid = 'pg_extension'::regclass AND e.oid = d.refobjid
WHERE e.extname = 'restate_admin' AND p.pronamespace = 'pg_catalog'::regnamespace AND p.proname NOT LIKE 'restate\_%';
