-- What holds for every object of the extension, whatever is added to it:
-- comments, privileges, and that a dump takes the data along.
BEGIN;

-- settings are known once the library is loaded
LOAD 'restate_admin';

CREATE TEMP VIEW member AS
SELECT d.classid, d.objid, pg_describe_object(d.classid, d.objid, 0) AS object
FROM pg_depend d
JOIN pg_extension e ON e.oid = d.refobjid
WHERE d.refclassid = 'pg_extension'::regclass
  AND d.deptype = 'e'
  AND e.extname = 'restate_admin';

CREATE TEMP VIEW member_function AS
SELECT p.oid, p.oid::regprocedure::text AS signature, p.prosecdef, p.provolatile,
       EXISTS (SELECT FROM aclexplode(coalesce(p.proacl, acldefault('f', p.proowner))) a
               WHERE a.grantee = 0) AS public
FROM member m
JOIN pg_proc p ON m.classid = 'pg_proc'::regclass AND m.objid = p.oid;

CREATE TEMP VIEW member_relation AS
SELECT c.*
FROM member m
JOIN pg_class c ON m.classid = 'pg_class'::regclass AND m.objid = c.oid;

-- Functions that a type, an operator, an operator class, a cast, a table's check
-- or an index calls: who may use the type or write the table needs them all.
CREATE TEMP VIEW support_function (oid) AS
SELECT unnest(ARRAY[typinput, typoutput, typreceive, typsend, typmodin, typmodout, typanalyze]::oid[])
FROM pg_type WHERE oid IN (SELECT objid FROM member WHERE classid = 'pg_type'::regclass)
UNION SELECT oprcode::oid FROM pg_operator
UNION SELECT amproc::oid FROM pg_amproc
UNION SELECT castfunc FROM pg_cast
UNION SELECT refobjid FROM pg_depend WHERE classid IN ('pg_constraint'::regclass, 'pg_class'::regclass) AND refclassid = 'pg_proc'::regclass;

-- The other functions that everybody may call: they look at their arguments
-- and at nothing else.  All the rest is for those it is granted to.
CREATE TEMP TABLE public_function (signature text PRIMARY KEY);
INSERT INTO public_function VALUES
  ('restate_partition_key_of_id(restate_invocation_id)'),
  ('restate_partition_key_of_key(text)'),
  ('restate_partition_key(restate_invocation_id)'),
  ('restate_partition_key(text)'),
  ('restate_partition_key_unsigned(bigint)'),
  ('restate_random_seed()'),
  ('restate.new_audit_id()'),
  ('restate_new_invocation_id()'),
  ('restate_new_invocation_id(bigint)'),
  ('restate_keyed_invocation_id(text)'),
  ('restate_new_deployment_id()'),
  ('restate_workflow_invocation_id(text,text)'),
  ('restate_idempotent_invocation_id(text,text,text,text)'),
  ('restate.parse_entry(jsonb)'),
  ('restate.parse_entry(text)'),
  ('restate.parse_entry(json)'),
  ('restate.storable_json(text)'),
  ('restate.facts(text,text,text,text,text,bigint,bigint,boolean,restate_deployment_id,integer,interval,interval,boolean,bigint,restate_invocation_id,restate_deployment_id,integer,integer,timestamp with time zone,timestamp with time zone,timestamp with time zone,timestamp with time zone,timestamp with time zone,timestamp with time zone,bigint,bigint,bigint,boolean,boolean,bigint,bigint,text[],text)'),
  ('restate_ingress_channel(text)'),
  ('restate.delivery_time()'),
  ('restate.delay_of(text)'),
  ('restate.input_fault(jsonb,text,boolean)'),
  ('restate.message_document(text)'),
  ('restate.failure_document(text,text,jsonb)'),
  ('restate.result_answer(text,jsonb,bytea)'),
  ('restate.execution_time(timestamp with time zone)'),
  ('restate.expiry_time(timestamp with time zone)'),
  ('restate.manifest_bodies(jsonb)'),
  ('restate.rules()'),
  ('restate.refuse_body(text,text)'),
  ('restate.not_written(text)'),
  ('restate.refuse(text,text,text,text,text)'),
  ('restate.check_fields(jsonb,jsonb,text)'),
  ('restate.check_manifest(jsonb)'),
  ('restate.check_manifest_versions(jsonb)'),
  ('restate.registered_endpoint(text)'),
  ('restate.handler_terms(text,text,boolean,interval,interval,interval,jsonb)'),
  ('restate.manifest_versions(jsonb)'),
  ('restate.milliseconds(text)'),
  ('restate.manifest_options(jsonb,text,boolean)'),
  ('restate.manifest_retry_policy(jsonb)'),
  ('restate.body_description(jsonb,text)'),
  ('restate.manifest_handler(jsonb,jsonb,boolean)'),
  ('restate.manifest_revision(jsonb,boolean)'),
  ('restate.given_duration(jsonb,text)'),
  ('restate.state_version(text[],bytea[])'),
  ('restate.handler_ty(text,text)'),
  ('restate.handler_options(jsonb,jsonb)'),
  -- these read JSON, and ask for the right to call the one that acts
  ('restate_import_invocation(text,text)'),
  ('restate_import_invocation(json,json)'),
  ('restate_import_invocation(jsonb,text)'),
  ('restate_import_invocation(text,jsonb)'),
  ('restate.entry_json(restate.entry_type,text,bigint,bigint,restate_invocation_id,bigint,text,jsonb,bytea)'),
  ('restate.entry_lite_json(restate.entry_type,text,bigint,bigint,restate_invocation_id,bigint,text,jsonb)'),
  ('restate.invoked_target(restate.entry_type,jsonb)'),
  ('restate.sleep_wakeup_at(restate.entry_type,jsonb)'),
  ('restate.promise_name(restate.entry_type,jsonb)'),
  ('restate.api_index(text)'),
  ('restate.api_state_value(jsonb)'),
  ('restate.api_batch_ids(jsonb)'),
  ('restate.api_batch_deployment(jsonb)'),
  ('restate.api_batch_answer(jsonb)'),
  ('restate.api_request_id()'),
  ('restate.was_written(text,boolean)'),
  ('restate.narrowed_by_status(text,timestamp with time zone)'),
  ('restate.utf8_or_null(bytea)'),
  ('restate.has_started(text)'),
  ('restate.no_deployment()'),
  ('restate_worker_channel(text)'),
  ('restate_awakeable_id(restate_invocation_id,bigint)'),
  ('restate.read_numbers(text)'), ('restate.read_names(text)'), ('restate.read_timer_kind(text)'),
  ('restate.stuck_elsewhere_of_nodes()'),
  ('restate.coarse_status(text)'),
  ('restate.status_of(text)'),
  ('restate.is_command(restate.entry_type)'),
  ('restate.microseconds(interval)'),
  ('restate.kept_until(timestamp with time zone,interval)'), ('restate.worker_silence()'), ('restate.bulk_job_retention()'), ('restate.stuck_after(text)'),
  ('restate.attached_to(jsonb)'),
  ('restate.may_be_called_by(restate_invocation_id,restate_invocation_id,text,text)'),
  ('restate.entry_ids_fit(restate.entry_type,bigint,bigint,restate_invocation_id)'),
  ('restate.default_retention()'),
  ('restate.default_settings()'),
  ('restate.default_duration(text[])'),
  ('restate.index_max()'),
  ('restate_query.first_value_step(internal,anyelement)'),
  ('restate_query.last_value_step(internal,anyelement)'),
  ('restate_query.kept_value(internal,anyelement)'),
  ('restate_query.first_value(anyelement)'),
  ('restate_query.last_value(anyelement)'),
  ('restate.duration_text(interval)'),
  ('restate.timestamp_text(timestamp with time zone)'),
  ('restate.service_document(text,bigint,restate_deployment_id,text,boolean,jsonb,interval,interval,interval,jsonb)'),
  ('restate.service_openapi(jsonb)'),
  ('restate.openapi_content(text,jsonb)'),
  ('restate_http_status(text,text)');

SELECT plan(18);

SELECT cmp_ok((SELECT count(*) FROM member), '>', 50::bigint,
  'the extension has members to look at');

-- comments

SELECT is_empty(
  $$SELECT signature FROM member_function WHERE obj_description(oid, 'pg_proc') IS NULL$$,
  'every function has a comment');

SELECT is_empty(
  $$SELECT oid::regclass FROM member_relation
    WHERE relkind IN ('r', 'p', 'v', 'm', 'f') AND obj_description(oid, 'pg_class') IS NULL$$,
  'every table and view has a comment');

SELECT is_empty(
  $$SELECT t.oid::regtype FROM member m
    JOIN pg_type t ON m.classid = 'pg_type'::regclass AND m.objid = t.oid
    LEFT JOIN pg_class c ON c.oid = t.typrelid
    WHERE t.typcategory <> 'A' AND coalesce(c.relkind, 'c') = 'c'
      AND obj_description(t.oid, 'pg_type') IS NULL$$,
  'every type has a comment');

SELECT is_empty(
  $$SELECT m.object FROM member m
    WHERE m.classid IN ('pg_namespace'::regclass, 'pg_operator'::regclass, 'pg_cast'::regclass)
      AND obj_description(m.objid, m.classid::regclass::text::name) IS NULL$$,
  'every schema, operator and cast has a comment');

-- operators

SELECT is_empty(
  $$SELECT o.oid::regoperator FROM member m
    JOIN pg_operator o ON m.classid = 'pg_operator'::regclass AND o.oid = m.objid
    LEFT JOIN pg_operator c ON c.oid = o.oprcom
    LEFT JOIN pg_operator n ON n.oid = o.oprnegate
    -- a pattern has no commutator, what begins with a text no negator
    WHERE o.oprname !~ '[~^]' AND (c.oprcom IS DISTINCT FROM o.oid OR c.oprleft <> o.oprright OR c.oprright <> o.oprleft)
      OR o.oprname <> '^@' AND (n.oprnegate IS DISTINCT FROM o.oid OR n.oprleft <> o.oprleft OR n.oprright <> o.oprright)
      OR o.oprrest::oid = 0 OR o.oprjoin::oid = 0$$,
  'every operator has its commutator, its negator and its estimates');

SELECT is_empty(
  $$SELECT c.conrelid::regclass, c.conname FROM member_relation r JOIN pg_constraint c ON c.conrelid = r.oid
    WHERE c.contype = 'c' AND obj_description(c.oid, 'pg_constraint') IS NULL$$,
  'every CHECK constraint has a comment');

SELECT is_empty(
  $$SELECT name FROM pg_settings
    WHERE name LIKE 'restate\_admin.%' AND coalesce(short_desc, '') = ''$$,
  'every setting has a description');

-- privileges

SELECT is_empty(
  $$SELECT signature FROM public_function
    WHERE signature NOT IN (SELECT signature FROM member_function)$$,
  'every function listed here as public exists');

SELECT is_empty(
  $$SELECT signature FROM member_function
    WHERE NOT public
      AND (signature IN (SELECT signature FROM public_function)
           OR oid IN (SELECT oid FROM support_function))$$,
  'everybody may call what types, operators and views need');

SELECT is_empty(
  $$SELECT signature FROM member_function
    WHERE public
      AND signature NOT IN (SELECT signature FROM public_function)
      AND oid NOT IN (SELECT oid FROM support_function)$$,
  'nobody may call anything else unless it is granted');

SELECT is_empty(
  $$SELECT signature FROM member_function WHERE public AND prosecdef$$,
  'nothing that everybody may call runs as its owner');

SELECT is_empty(
  $$SELECT c.oid::regclass
    FROM member_relation c,
      aclexplode(coalesce(c.relacl, acldefault(CASE c.relkind WHEN 'S' THEN 's' ELSE 'r' END::"char", c.relowner))) a
    WHERE c.relkind <> 'c' AND a.grantee = 0
    UNION
    SELECT t.attrelid::regclass
    FROM pg_attribute t, aclexplode(t.attacl) a
    WHERE t.attrelid IN (SELECT oid FROM member_relation) AND a.grantee = 0$$,
  'no table, view or sequence is granted to everybody');

SELECT is_empty(
  $$SELECT n.nspname
    FROM member m
    JOIN pg_namespace n ON m.classid = 'pg_namespace'::regclass AND m.objid = n.oid,
      aclexplode(coalesce(n.nspacl, acldefault('n', n.nspowner))) a
    WHERE a.grantee = 0$$,
  'no schema is granted to everybody');

SELECT is_empty(
  $$SELECT signature FROM member_function f JOIN pg_proc p USING (oid)
    WHERE p.proleakproof AND f.oid NOT IN (SELECT oid FROM support_function)$$,
  'only comparison and hash functions are leakproof');

-- A body in quotes is read anew in every session, by the settings of that.
SELECT is_empty(
  $$SELECT f.signature FROM member_function f JOIN pg_proc p USING (oid) JOIN pg_language l ON l.oid = p.prolang
    WHERE l.lanname IN ('sql', 'plpgsql') AND p.prosqlbody IS NULL
      AND regexp_replace(p.prosrc, E'\\mE''([^'']|'''')*''', '', 'g') ~ E'\\\\'$$,
  'no function has a backslash in a string that standard_conforming_strings decides on');

-- dump and restore

SELECT is_empty(
  $$SELECT c.oid::regclass FROM member_relation c
    WHERE c.relkind IN ('r', 'p', 'S')
      AND c.oid NOT IN (SELECT unnest(extconfig) FROM pg_extension WHERE extname = 'restate_admin')$$,
  'a dump takes along the rows of every table and the state of every sequence');

SELECT is_empty(
  $$SELECT cfg::regclass FROM pg_extension, unnest(extconfig, extcondition) AS x(cfg, condition)
    WHERE extname = 'restate_admin' AND condition <> ''$$,
  'a dump takes along all of the rows');

SELECT * FROM finish();
ROLLBACK;
