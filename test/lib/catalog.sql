-- All that the extension has made, a line for each thing and each part of it,
-- as far as it can differ between a server that installed this version and one
-- that came to it by steps.  Run under an empty search_path.

WITH member AS (
  SELECT d.classid, d.objid
  FROM pg_catalog.pg_depend AS d
  WHERE d.refclassid = 'pg_catalog.pg_extension'::pg_catalog.regclass AND d.deptype = 'e'
    AND d.refobjid = (SELECT oid FROM pg_catalog.pg_extension WHERE extname = 'restate_admin')
), relation AS (
  SELECT c.* FROM member AS m JOIN pg_catalog.pg_class AS c ON c.oid = m.objid
  WHERE m.classid = 'pg_catalog.pg_class'::pg_catalog.regclass
), line (about, what, is_so) AS (
  -- every member, and what is said of it
  SELECT i.type || ' ' || i.identity, 'comment', pg_catalog.obj_description(m.objid, m.classid::pg_catalog.regclass::name)
  FROM member AS m, LATERAL pg_catalog.pg_identify_object(m.classid, m.objid, 0) AS i
  UNION ALL
  SELECT i.type || ' ' || i.identity, 'rights at first', concat_ws(' ', p.privtype, p.objsubid, p.initprivs::text)
  FROM member AS m
  JOIN pg_catalog.pg_init_privs AS p ON p.classoid = m.classid AND p.objoid = m.objid,
    LATERAL pg_catalog.pg_identify_object(m.classid, m.objid, 0) AS i
  UNION ALL
  SELECT 'function ' || p.oid::pg_catalog.regprocedure, 'definition',
    concat_ws(E'\n', p.proacl::text, p.prosupport::text, CASE p.prokind WHEN 'a' THEN 'aggregate' ELSE pg_catalog.pg_get_functiondef(p.oid) END)
  FROM member AS m JOIN pg_catalog.pg_proc AS p ON p.oid = m.objid
  WHERE m.classid = 'pg_catalog.pg_proc'::pg_catalog.regclass
  UNION ALL
  SELECT 'type ' || t.oid::pg_catalog.regtype, 'definition', concat_ws(' ', t.typtype, t.typcategory, t.typispreferred, t.typlen,
    t.typbyval, t.typalign, t.typstorage, t.typdelim, t.typelem::pg_catalog.regtype, t.typarray::pg_catalog.regtype, t.typinput,
    t.typoutput, t.typreceive, t.typsend, t.typmodin, t.typmodout, t.typanalyze, t.typsubscript, t.typcollation, t.typacl::text,
    (SELECT string_agg(e.enumlabel, ', ' ORDER BY e.enumsortorder) FROM pg_catalog.pg_enum AS e WHERE e.enumtypid = t.oid))
  FROM member AS m JOIN pg_catalog.pg_type AS t ON t.oid = m.objid
  WHERE m.classid = 'pg_catalog.pg_type'::pg_catalog.regclass
  UNION ALL
  SELECT 'operator ' || o.oid::pg_catalog.regoperator, 'definition', concat_ws(' ', o.oprkind, o.oprcanmerge, o.oprcanhash,
    o.oprresult::pg_catalog.regtype, o.oprcom::pg_catalog.regoperator, o.oprnegate::pg_catalog.regoperator, o.oprcode, o.oprrest, o.oprjoin)
  FROM member AS m JOIN pg_catalog.pg_operator AS o ON o.oid = m.objid
  WHERE m.classid = 'pg_catalog.pg_operator'::pg_catalog.regclass
  UNION ALL
  SELECT 'operator family ' || f.opfname, am.amname || ' operators', concat_ws(' ', a.amopstrategy, a.amoppurpose,
    a.amopopr::pg_catalog.regoperator, a.amoplefttype::pg_catalog.regtype, a.amoprighttype::pg_catalog.regtype)
  FROM member AS m
  JOIN pg_catalog.pg_opfamily AS f ON f.oid = m.objid
  JOIN pg_catalog.pg_am AS am ON am.oid = f.opfmethod
  JOIN pg_catalog.pg_amop AS a ON a.amopfamily = f.oid
  WHERE m.classid = 'pg_catalog.pg_opfamily'::pg_catalog.regclass
  UNION ALL
  SELECT 'operator family ' || f.opfname, am.amname || ' functions', concat_ws(' ', a.amprocnum, a.amproc::pg_catalog.regprocedure,
    a.amproclefttype::pg_catalog.regtype, a.amprocrighttype::pg_catalog.regtype)
  FROM member AS m
  JOIN pg_catalog.pg_opfamily AS f ON f.oid = m.objid
  JOIN pg_catalog.pg_am AS am ON am.oid = f.opfmethod
  JOIN pg_catalog.pg_amproc AS a ON a.amprocfamily = f.oid
  WHERE m.classid = 'pg_catalog.pg_opfamily'::pg_catalog.regclass
  UNION ALL
  SELECT 'operator class ' || c.opcname, 'definition', concat_ws(' ', am.amname, c.opcfamily, c.opcintype::pg_catalog.regtype,
    c.opcdefault, c.opckeytype::pg_catalog.regtype) FROM (
      SELECT o.opcname, o.opcmethod, o.opcintype, o.opcdefault, o.opckeytype, f.opfname AS opcfamily
      FROM member AS m
      JOIN pg_catalog.pg_opclass AS o ON o.oid = m.objid
      JOIN pg_catalog.pg_opfamily AS f ON f.oid = o.opcfamily
      WHERE m.classid = 'pg_catalog.pg_opclass'::pg_catalog.regclass) AS c
  JOIN pg_catalog.pg_am AS am ON am.oid = c.opcmethod
  UNION ALL
  SELECT 'cast ' || k.castsource::pg_catalog.regtype || ' as ' || k.casttarget::pg_catalog.regtype, 'definition',
    concat_ws(' ', k.castfunc::pg_catalog.regprocedure, k.castcontext, k.castmethod)
  FROM member AS m JOIN pg_catalog.pg_cast AS k ON k.oid = m.objid
  WHERE m.classid = 'pg_catalog.pg_cast'::pg_catalog.regclass
  UNION ALL
  SELECT 'schema ' || n.nspname, 'rights', n.nspacl::text
  FROM member AS m JOIN pg_catalog.pg_namespace AS n ON n.oid = m.objid
  WHERE m.classid = 'pg_catalog.pg_namespace'::pg_catalog.regclass
  -- relations and what belongs to them
  UNION ALL
  SELECT 'relation ' || r.oid::pg_catalog.regclass, 'itself', concat_ws(' ', r.relkind, r.relpersistence, r.relreplident,
    r.relrowsecurity, r.relforcerowsecurity, r.reloptions::text, r.relacl::text,
    CASE r.relkind WHEN 'v' THEN pg_catalog.pg_get_viewdef(r.oid) END,
    (SELECT concat_ws(' ', s.seqtypid::pg_catalog.regtype, s.seqstart, s.seqincrement, s.seqmax, s.seqmin, s.seqcache, s.seqcycle)
      FROM pg_catalog.pg_sequence AS s WHERE s.seqrelid = r.oid))
  FROM relation AS r
  UNION ALL
  SELECT 'relation ' || r.oid::pg_catalog.regclass, 'column ' || a.attname,
    concat_ws(' ', row_number() OVER (PARTITION BY r.oid ORDER BY a.attnum), pg_catalog.format_type(a.atttypid, a.atttypmod),
      CASE WHEN a.attnotnull THEN 'not null' END, a.attidentity, a.attgenerated, a.attstorage, a.attcompression, a.attstattarget,
      a.attcollation, a.attacl::text, pg_catalog.pg_get_expr(d.adbin, d.adrelid), pg_catalog.col_description(r.oid, a.attnum))
  FROM relation AS r
  JOIN pg_catalog.pg_attribute AS a ON a.attrelid = r.oid AND a.attnum > 0 AND NOT a.attisdropped
  LEFT JOIN pg_catalog.pg_attrdef AS d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
  UNION ALL
  SELECT 'relation ' || r.oid::pg_catalog.regclass, 'constraint ' || k.conname,
    concat_ws(' ', pg_catalog.pg_get_constraintdef(k.oid), k.convalidated, k.connoinherit, k.condeferrable,
      pg_catalog.obj_description(k.oid, 'pg_constraint'))
  FROM relation AS r JOIN pg_catalog.pg_constraint AS k ON k.conrelid = r.oid
  UNION ALL
  SELECT 'relation ' || r.oid::pg_catalog.regclass, 'index ' || i.indexrelid::pg_catalog.regclass,
    concat_ws(' ', pg_catalog.pg_get_indexdef(i.indexrelid), i.indisvalid, i.indisclustered, i.indisreplident,
      pg_catalog.obj_description(i.indexrelid, 'pg_class'))
  FROM relation AS r JOIN pg_catalog.pg_index AS i ON i.indrelid = r.oid
  UNION ALL
  SELECT 'relation ' || r.oid::pg_catalog.regclass, 'trigger ' || t.tgname, pg_catalog.pg_get_triggerdef(t.oid)
  FROM relation AS r JOIN pg_catalog.pg_trigger AS t ON t.tgrelid = r.oid AND NOT t.tgisinternal
  UNION ALL
  SELECT 'relation ' || r.oid::pg_catalog.regclass, 'statistics ' || s.stxname, pg_catalog.pg_get_statisticsobjdef(s.oid)
  FROM relation AS r JOIN pg_catalog.pg_statistic_ext AS s ON s.stxrelid = r.oid
  -- the extension itself
  UNION ALL
  SELECT 'extension', 'itself', concat_ws(' ', e.extversion, e.extrelocatable, e.extnamespace::pg_catalog.regnamespace,
    pg_catalog.obj_description(e.oid, 'pg_extension'))
  FROM pg_catalog.pg_extension AS e WHERE e.extname = 'restate_admin'
  UNION ALL
  SELECT 'extension', 'dumps the rows of', k.config::pg_catalog.regclass || ' ' || k.condition
  FROM pg_catalog.pg_extension AS e, unnest(e.extconfig, e.extcondition) AS k (config, condition)
  WHERE e.extname = 'restate_admin'
)
SELECT about || ', ' || what || ': ' || coalesce(replace(is_so, E'\n', ' '), '-') AS line
FROM line
ORDER BY line;
