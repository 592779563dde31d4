-- Distributing the tables over the nodes of a Citus cluster: see doc/citus.md.

CREATE FUNCTION restate.stuck_elsewhere_of_nodes()
  RETURNS TABLE (reason text, id restate_invocation_id, target text, status text, since timestamptz, age interval, detail text,
    target_service_name text, target_service_key text, target_handler_name text, deployment_id restate_deployment_id,
    worker_name text, related_id restate_invocation_id, waiting bigint, retry_count bigint, last_failure text)
  LANGUAGE plpgsql STABLE PARALLEL UNSAFE ROWS 10
  SET search_path = pg_catalog, pg_temp
AS $function$
#variable_conflict use_column
BEGIN
  RETURN QUERY
    WITH c AS MATERIALIZED (
      SELECT i.id, i.partition_key, i.status, i.modified_at, i.target_service_name, i.target_service_key, i.target_handler_name,
        i.pinned_deployment_id, i.worker_name, i.retry_count, i.last_failure, j.invoked_id, j.index,
        restate_partition_key_of_id(j.invoked_id) AS invoked_key
      FROM restate.invocation AS i
      JOIN restate.journal AS j ON j.id = i.id AND j.partition_key = i.partition_key
      WHERE i.completed_at IS NULL AND i.status = 'suspended' AND cardinality(i.suspended_waiting_for_completions) > 0
        AND i.is_foreign IS NOT TRUE AND i.modified_at <= now() - restate.stuck_after('callee_gone')
        AND j.invoked_id IS NOT NULL AND j.entry_type = 'Command: Call' AND j.result_completion_id = ANY (i.suspended_waiting_for_completions)),
    e AS MATERIALIZED (
      SELECT DISTINCT e.id
      FROM restate.invocation AS e
      JOIN c ON e.id = c.invoked_id AND e.partition_key = c.invoked_key)
    SELECT DISTINCT ON (c.id) 'callee_gone', c.id, concat_ws('/', c.target_service_name, c.target_service_key, c.target_handler_name),
      c.status, c.modified_at, now() - c.modified_at, format('it waits for %s, called at index %s, which is not there', c.invoked_id, c.index),
      c.target_service_name, c.target_service_key, c.target_handler_name, c.pinned_deployment_id, c.worker_name,
      c.invoked_id, NULL::bigint, c.retry_count, c.last_failure
    FROM c
    LEFT JOIN e ON e.id = c.invoked_id
    WHERE e.id IS NULL
    ORDER BY c.id, c.index;
  RETURN QUERY
    SELECT 'service_held', NULL::restate_invocation_id, h.service_name, NULL::text, h.held_at, now() - h.held_at,
      concat_ws(': ', 'held by ' || h.role_name, h.reason), h.service_name, NULL::text, NULL::text, NULL::restate_deployment_id,
      NULL::text, NULL::restate_invocation_id, r.waiting, NULL::bigint, NULL::text
    FROM restate.held_service AS h
    JOIN (
      SELECT r.service_name, least(count(*), 1000) AS waiting FROM restate.runnable AS r GROUP BY r.service_name) AS r
      ON r.service_name = h.service_name
    WHERE h.held_at <= now() - restate.stuck_after('service_held');
END
$function$;
COMMENT ON FUNCTION restate.stuck_elsewhere_of_nodes() IS
'The rows of restate.stuck_elsewhere where the tables are distributed. It reads with the rights of its caller.';

CREATE FUNCTION restate.on_workers(command text) RETURNS void
  LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
  SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
  failed record;
BEGIN
  -- each worker keeps it to itself
  SELECT r.nodename, r.nodeport, r.result INTO failed
    FROM pg_catalog.run_command_on_workers(format('DO %L',
      format('BEGIN PERFORM set_config(''citus.enable_ddl_propagation'', ''off'', true); EXECUTE %L; END', command))) AS r
    WHERE NOT r.success LIMIT 1;
  IF FOUND THEN
    PERFORM restate.refuse('citus_not_ready', format('worker %s:%s refused what every node needs', failed.nodename, failed.nodeport), failed.result,
      hint => 'Have both extensions on it in the versions of this node, and repeat.');
  END IF;
END
$function$;
REVOKE ALL ON FUNCTION restate.on_workers(text) FROM PUBLIC;
COMMENT ON FUNCTION restate.on_workers(text) IS
'Runs a command on each worker of a Citus cluster, for restate_distribute(). Error: citus_not_ready 409.';

CREATE FUNCTION restate_distribute() RETURNS TABLE (object text, outcome text)
  LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE ROWS 20
  -- what Citus says of each table is in the rows
  SET search_path = pg_catalog, pg_temp SET client_min_messages = warning
AS $function$
#variable_conflict use_column
DECLARE
  known record;
  missing record;
  given text;
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

  IF NOT EXISTS (SELECT FROM pg_catalog.pg_dist_node AS n WHERE n.shouldhaveshards) THEN
    PERFORM restate.refuse('citus_not_ready', 'no node keeps shards',
      hint => 'Add workers with citus_add_node(), or have the coordinator keep shards with citus_set_node_property().');
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

  -- what takes more than one partition has another form there
  IF pg_get_viewdef('restate.stuck_elsewhere'::regclass) !~ 'of_nodes' THEN
    PERFORM restate.define_stuck_elsewhere(of_nodes => true);
    object := 'restate.stuck_elsewhere';
    outcome := 'by the nodes';
    RETURN NEXT;
  END IF;
  PERFORM restate.on_workers('SELECT restate.define_stuck_elsewhere(of_nodes => true)');

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
      -- what the function reads that stands for a view
      SELECT g.role, 'SELECT ON ' || t.oid::regclass
      FROM reader AS g
      JOIN read ON read.view = g.view AND read.relation = 'restate.stuck_elsewhere'::regclass
      JOIN pg_class AS t ON t.oid = ANY ('{restate.invocation, restate.journal, restate.held_service, restate.runnable}'::regclass[])
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

  -- Citus hands on what is granted on tables; the rest a worker has to be told.
  given := (
    WITH member AS (
      SELECT d.classid, d.objid
      FROM pg_depend AS d
      JOIN pg_extension AS e ON d.refclassid = 'pg_extension'::regclass AND e.oid = d.refobjid AND e.extname = 'restate_admin'
      WHERE d.deptype = 'e'
    ), granted (what, privilege, role) AS (
      SELECT format('SCHEMA %I', s.nspname), a.privilege_type, a.grantee
      FROM member AS m
      JOIN pg_namespace AS s ON m.classid = 'pg_namespace'::regclass AND s.oid = m.objid
      CROSS JOIN LATERAL aclexplode(s.nspacl) AS a
      WHERE a.grantee <> s.nspowner
      UNION ALL
      SELECT c.oid::regclass::text, a.privilege_type, a.grantee
      FROM member AS m
      JOIN pg_class AS c ON m.classid = 'pg_class'::regclass AND c.oid = m.objid AND c.relkind = 'v'
      CROSS JOIN LATERAL aclexplode(c.relacl) AS a
      WHERE a.grantee <> c.relowner
      UNION ALL
      SELECT 'FUNCTION ' || p.oid::regprocedure, a.privilege_type, a.grantee
      FROM member AS m
      JOIN pg_proc AS p ON m.classid = 'pg_proc'::regclass AND p.oid = m.objid AND p.prokind = 'f'
      CROSS JOIN LATERAL aclexplode(p.proacl) AS a
      WHERE a.grantee NOT IN (p.proowner, 0)
    )
    SELECT string_agg(format('GRANT %s ON %s TO %s;', g.privilege, g.what, CASE g.role WHEN 0 THEN 'PUBLIC' ELSE g.role::regrole::text END), ' ')
    FROM granted AS g);
  IF given IS NOT NULL THEN
    PERFORM restate.on_workers(given);
  END IF;
END
$function$;
REVOKE ALL ON FUNCTION restate_distribute() FROM PUBLIC;
COMMENT ON FUNCTION restate_distribute() IS
'Distributes the tables over the nodes of a Citus cluster, with what is in them: what has a partition_key by it, those of one partition on one node; the others, which are small, on every node. Run on the coordinator, by the owner of the tables, while nothing else works with them. Whoever may read a view gets SELECT on the tables that it reads, since Citus reads them with the rights of the reader, and what is granted on functions, views and schemas here is granted on the workers. Returns a row for each table, and for each thing that it granted: object; outcome: by partition_key, on every node, unchanged, or to whom it was granted. Safe to run again, which a new node and a new grant take. restate_undistribute() undoes it. Error: citus_not_ready 409.';
