-- Taking the tables back from the nodes of a Citus cluster: see doc/citus.md.

CREATE FUNCTION restate.gather() RETURNS TABLE (object text, outcome text)
  LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE ROWS 20
  SET search_path = pg_catalog, pg_temp SET client_min_messages = warning
AS $function$
DECLARE
  tables CONSTANT regclass[] := ARRAY(
    SELECT p.logicalrelid
    FROM pg_catalog.pg_dist_partition AS p
    JOIN pg_depend AS d ON d.classid = 'pg_class'::regclass AND d.objid = p.logicalrelid AND d.deptype = 'e'
    JOIN pg_extension AS e ON d.refclassid = 'pg_extension'::regclass AND e.oid = d.refobjid AND e.extname = 'restate_admin'
    ORDER BY p.logicalrelid::text);
  known record;
  trigger name;
  rows bigint;
BEGIN
  IF tables = '{}' THEN
    RETURN;
  END IF;
  -- on every node, before any is read
  EXECUTE format('LOCK TABLE %s IN ACCESS EXCLUSIVE MODE', array_to_string(tables, ', '));
  -- what is read over several connections to a node cannot be dropped over one of them
  PERFORM set_config('citus.multi_shard_modify_mode', 'sequential', true);
  FOR known IN
    SELECT c.oid, c.oid::regclass::text AS name, s.nspname::text AS schema, c.relname::text AS relation, (
      SELECT string_agg(quote_ident(a.attname), ', ' ORDER BY a.attnum)
      FROM pg_attribute AS a WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped AND a.attgenerated = '') AS columns
    FROM unnest(tables) WITH ORDINALITY AS t (oid, place)
    JOIN pg_class AS c ON c.oid = t.oid
    JOIN pg_namespace AS s ON s.oid = c.relnamespace
    ORDER BY t.place
  LOOP
    EXECUTE format('CREATE TEMPORARY TABLE gathered_rows AS SELECT %s FROM %s', known.columns, known.name);
    -- as when the table is dropped, which itself stays, on every node
    PERFORM pg_catalog.master_remove_distributed_table_metadata_from_workers(known.oid, known.schema, known.relation);
    PERFORM pg_catalog.citus_drop_all_shards(known.oid, known.schema, known.relation);
    PERFORM pg_catalog.master_remove_partition_metadata(known.oid, known.schema, known.relation);
    FOR trigger IN
      SELECT t.tgname FROM pg_trigger AS t WHERE t.tgrelid = known.oid AND t.tgfoid = 'pg_catalog.citus_truncate_trigger()'::regprocedure
    LOOP
      EXECUTE format('DROP TRIGGER %I ON %s', trigger, known.name);
    END LOOP;
    -- what create_distributed_table() has copied to the shards may have been left here
    EXECUTE format('TRUNCATE %s', known.name);
    EXECUTE format('INSERT INTO %1$s (%2$s) OVERRIDING SYSTEM VALUE SELECT %2$s FROM pg_temp.gathered_rows', known.name, known.columns);
    GET DIAGNOSTICS rows = ROW_COUNT;
    DROP TABLE pg_temp.gathered_rows;
    object := known.name;
    outcome := rows || ' rows';
    RETURN NEXT;
  END LOOP;
END
$function$;
REVOKE ALL ON FUNCTION restate.gather() FROM PUBLIC;
COMMENT ON FUNCTION restate.gather() IS
'Takes the tables that Citus distributes back to the coordinator, with what is in them, for restate_undistribute() and for updates of what was distributed. Returns a row for each: object, outcome: how many rows it has.';

CREATE FUNCTION restate_undistribute() RETURNS TABLE (object text, outcome text)
  LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE ROWS 20
  SET search_path = pg_catalog, pg_temp
AS $function$
BEGIN
  IF to_regclass('pg_catalog.pg_dist_partition') IS NULL THEN
    PERFORM restate.refuse('citus_not_ready', 'extension citus is not installed in this database');
  END IF;
  IF NOT pg_catalog.citus_is_coordinator() THEN
    PERFORM restate.refuse('citus_not_ready', 'this node is not the coordinator');
  END IF;
  RETURN QUERY SELECT g.object, g.outcome FROM restate.gather() AS g;
  PERFORM restate.define_stuck_elsewhere(of_nodes => false);
END
$function$;
REVOKE ALL ON FUNCTION restate_undistribute() FROM PUBLIC;
COMMENT ON FUNCTION restate_undistribute() IS
'Undoes restate_distribute(): takes the tables back to the coordinator, with what is in them, in one transaction. Run there, by the owner of the tables; whoever uses them waits. It writes all rows twice, and needs the room. What was granted stays. Returns a row for each table: object; outcome: how many rows it has; none where nothing is distributed. Error: citus_not_ready 409.';
