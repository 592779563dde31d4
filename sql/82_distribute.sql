-- Distributing the tables over the nodes of a Citus cluster: see doc/citus.md.

CREATE FUNCTION restate_distribute() RETURNS TABLE (object text, outcome text)
  LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE ROWS 20
  SET search_path = pg_catalog, pg_temp
AS $function$
#variable_conflict use_column
DECLARE
  known record;
  missing record;
BEGIN
  IF to_regclass('pg_catalog.pg_dist_partition') IS NULL THEN
    PERFORM restate.refuse('citus_not_ready', 'extension citus is not installed in this database');
  END IF;
  IF NOT pg_catalog.citus_is_coordinator() THEN
    PERFORM restate.refuse('citus_not_ready', 'this node is not the coordinator');
  END IF;
  IF NOT EXISTS (SELECT FROM pg_catalog.pg_dist_node AS n WHERE n.groupid = 0) THEN
    PERFORM restate.refuse('citus_not_ready', 'the coordinator is not known to itself',
      hint => 'Run citus_set_coordinator_host() with an address that the workers reach it at.');
  END IF;

  -- what has a partition key goes by it, all of one key to the same node; what has none
  -- is small, and on every node, to be joined there
  FOR known IN
    SELECT c.oid, format('%I.%I', s.nspname, c.relname) AS name, p.partmethod,
      EXISTS (SELECT FROM pg_attribute AS a WHERE a.attrelid = c.oid AND a.attname = 'partition_key') AS has_key
    FROM pg_class AS c
    JOIN pg_namespace AS s ON s.oid = c.relnamespace
    JOIN pg_depend AS d ON d.classid = 'pg_class'::regclass AND d.objid = c.oid AND d.deptype = 'e'
    JOIN pg_extension AS e ON d.refclassid = 'pg_extension'::regclass AND e.oid = d.refobjid AND e.extname = 'restate_admin'
    LEFT JOIN pg_catalog.pg_dist_partition AS p ON p.logicalrelid = c.oid
    WHERE c.relkind = 'r'
    ORDER BY has_key, c.oid <> 'restate.invocation'::regclass, c.relname
  LOOP
    object := known.name;
    outcome := 'unchanged';
    IF known.partmethod IS NULL THEN
      IF NOT known.has_key THEN
        PERFORM pg_catalog.create_reference_table(known.oid);
        outcome := 'on every node';
      ELSE
        PERFORM pg_catalog.create_distributed_table(known.oid, 'partition_key', colocate_with =>
          CASE known.oid WHEN 'restate.invocation'::regclass THEN 'none' ELSE 'restate.invocation' END);
        outcome := 'by partition_key';
      END IF;
      -- the rows are in the shards by now; what they were copied from would be dumped with them
      PERFORM pg_catalog.truncate_local_data_after_distributing_table(known.oid);
    END IF;
    RETURN NEXT;
  END LOOP;

  -- A reader of a view reads the shards with rights of its own, and the names of what the
  -- view calls.
  FOR missing IN
    WITH RECURSIVE read (view, relation) AS (
      SELECT w.ev_class, r.refobjid
      FROM pg_rewrite AS w
      JOIN pg_depend AS r ON r.classid = 'pg_rewrite'::regclass AND r.objid = w.oid AND r.refclassid = 'pg_class'::regclass AND r.refobjid <> w.ev_class
      JOIN pg_depend AS d ON d.classid = 'pg_class'::regclass AND d.objid = w.ev_class AND d.deptype = 'e'
      JOIN pg_extension AS e ON d.refclassid = 'pg_extension'::regclass AND e.oid = d.refobjid AND e.extname = 'restate_admin'
      UNION
      SELECT read.view, r.refobjid
      FROM read
      JOIN pg_rewrite AS w ON w.ev_class = read.relation
      JOIN pg_depend AS r ON r.classid = 'pg_rewrite'::regclass AND r.objid = w.oid AND r.refclassid = 'pg_class'::regclass AND r.refobjid <> w.ev_class
    ), reader (role, view) AS (
      SELECT a.grantee, v.oid
      FROM pg_class AS v
      CROSS JOIN LATERAL aclexplode(v.relacl) AS a
      WHERE a.privilege_type = 'SELECT' AND a.grantee <> v.relowner
    ), wanted (role, what) AS (
      SELECT DISTINCT g.role, 'SELECT ON ' || t.oid::regclass
      FROM reader AS g
      JOIN read ON read.view = g.view
      JOIN pg_class AS t ON t.oid = read.relation AND t.relkind = 'r'
      WHERE NOT EXISTS (SELECT FROM aclexplode(t.relacl) AS a WHERE a.privilege_type = 'SELECT' AND a.grantee = g.role)
      UNION
      SELECT g.role, 'USAGE ON SCHEMA restate'
      FROM reader AS g
      JOIN read ON read.view = g.view
      JOIN pg_namespace AS s ON s.nspname = 'restate'
      WHERE NOT EXISTS (SELECT FROM aclexplode(s.nspacl) AS a WHERE a.privilege_type = 'USAGE' AND a.grantee = g.role)
    )
    SELECT w.what, CASE w.role WHEN 0 THEN 'PUBLIC' ELSE w.role::regrole::text END AS role FROM wanted AS w ORDER BY 2, 1
  LOOP
    EXECUTE format('GRANT %s TO %s', missing.what, missing.role);
    object := missing.what;
    outcome := 'granted to ' || missing.role;
    RETURN NEXT;
  END LOOP;
END
$function$;
REVOKE ALL ON FUNCTION restate_distribute() FROM PUBLIC;
COMMENT ON FUNCTION restate_distribute() IS
'Distributes the tables over the nodes of a Citus cluster, with what is in them.';
