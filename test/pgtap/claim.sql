-- What a claim takes: by deployment as well as by service, past what cannot start, and
-- with the state that an attempt begins with.
BEGIN;
SELECT no_plan();

CREATE TEMP TABLE named (name text PRIMARY KEY, id restate_invocation_id, attempt bigint);
CREATE TEMP TABLE place (name text PRIMARY KEY, id restate_deployment_id);

-- Registers a deployment of services that each have a handler run.
CREATE FUNCTION pg_temp.register(place text, service text, options jsonb DEFAULT '{}') RETURNS void LANGUAGE sql AS $$
  INSERT INTO place SELECT $1, r.id FROM restate_register_deployment('worker:' || $1, jsonb_build_object('services', jsonb_build_array(
    jsonb_build_object('name', $2, 'ty', CASE WHEN $2 ~ '^Object' THEN 'VIRTUAL_OBJECT' ELSE 'SERVICE' END,
      'handlers', jsonb_build_array(jsonb_build_object('name', 'run') || $3))))) AS r
$$;
CREATE FUNCTION pg_temp.submit(name text, service text, key text DEFAULT NULL, claim_for text DEFAULT NULL) RETURNS void LANGUAGE sql AS $$
  INSERT INTO named SELECT $1, s.id, s.attempt FROM restate_submit($2, 'run', key => $3, claim_for => $4) AS s
$$;
-- Has those that are ready have become so in the order of their names.
CREATE FUNCTION pg_temp.in_order() RETURNS void LANGUAGE sql AS $$
  UPDATE restate.runnable AS r SET ready_at = now() + (right(n.name, 1) || ' s')::interval FROM named AS n WHERE r.id = n.id AND n.name ~ '\d$';
  UPDATE restate.invocation AS i SET modified_at = r.ready_at FROM restate.runnable AS r WHERE r.id = i.id
$$;
-- Has one that runs become ready again, pinned as it is.
CREATE FUNCTION pg_temp.wake(name text) RETURNS text LANGUAGE sql AS $$
  SELECT restate_suspend(n.id, n.attempt, '{1}', NULL, NULL, 1) || ' ' || restate_resume(n.id) FROM named AS n WHERE n.name = $1
$$;
-- Who is claimed, in the order of the claim.
CREATE FUNCTION pg_temp.claim(services text[], max integer, VARIADIC places text[]) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
  c record;
  said text[] = '{}';
BEGIN
  FOR c IN SELECT * FROM restate_claim('w', services, max,
      CASE WHEN places[1] IS NOT NULL THEN ARRAY(SELECT p.id FROM place AS p WHERE p.name = ANY (places)) END) LOOP
    UPDATE named SET attempt = c.attempt WHERE named.id = c.id;
    said := said || (SELECT n.name FROM named AS n WHERE n.id = c.id);
  END LOOP;
  RETURN array_to_string(said, ' ');
END $$;

-- lanes: what is pinned to the first deployment, what is not pinned and goes to the latest
SELECT pg_temp.register('first', 'Order') \g /dev/null
SELECT pg_temp.submit('old ' || n, 'Order', NULL, 'w') FROM generate_series(1, 3) AS n ORDER BY n \g /dev/null
SELECT is(string_agg(DISTINCT pg_temp.wake('old ' || n), ''), 'suspended resumed', 'three are pinned and ready') FROM generate_series(1, 3) AS n;
SELECT pg_temp.register('second', 'Order') \g /dev/null
SELECT pg_temp.submit('new ' || n, 'Order') FROM generate_series(1, 3) AS n ORDER BY n \g /dev/null
SELECT pg_temp.in_order() \g /dev/null
SELECT results_eq($$SELECT p.name, count(*) FROM restate.runnable AS r LEFT JOIN place AS p ON p.id = r.deployment_id GROUP BY 1 ORDER BY 1$$,
  $$VALUES ('first', 3::bigint), (NULL, 3)$$, 'each has its place with its deployment');
SELECT is(pg_temp.claim(NULL, 1, 'second'), 'new 1', 'the latest deployment is given what is not pinned');
SELECT is(pg_temp.claim('{Order}', 1, 'second'), 'new 2', 'of a service too');
SELECT is(pg_temp.claim('{Other}', 9, 'second'), '', 'not of another service');
SELECT is(pg_temp.claim(NULL, 9, 'first'), 'old 1 old 2 old 3', 'the first is given what is pinned to it');
SELECT is(string_agg(DISTINCT pg_temp.wake('old ' || n), ''), 'suspended resumed', 'that becomes ready again') FROM generate_series(1, 3) AS n;
SELECT pg_temp.in_order() \g /dev/null
SELECT ok(pg_temp.claim(NULL, 9, 'first', 'second') IN ('old 1 old 2 new 3 old 3', 'old 1 old 2 old 3 new 3'), 'both are given all, in one order');
SELECT is(pg_temp.claim('{}', 9, 'second'), '', 'no service is none');
SELECT is(pg_temp.claim(NULL, 9, 'unknown'), '', 'no deployment has nothing');
SELECT throws_ok($$SELECT restate_claim('w')$$, 'PT400', NULL, 'neither services nor deployments');
SELECT is_empty('SELECT * FROM restate_verify()', 'all of it is sound');

-- to resume on another deployment is to change the lane
SELECT is(restate_pause(n.id) || restate_fail_attempt(n.id, n.attempt, 'm'), 'pausingpaused', 'one pauses') FROM named AS n WHERE n.name = 'old 1';
SELECT is(restate_resume(n.id, p.id::text), 'resumed', 'and is resumed on the second') FROM named AS n, place AS p WHERE n.name = 'old 1' AND p.name = 'second';
SELECT is(pg_temp.claim(NULL, 9, 'first'), '', 'the first is not given it');
SELECT is(pg_temp.claim(NULL, 9, 'second'), 'old 1', 'the second is');

-- what is ready of a deployment that is gone is not in the way of the rest
SELECT is(string_agg(DISTINCT pg_temp.wake('old ' || n), ''), 'suspended resumed', 'two are ready') FROM generate_series(2, 3) AS n;
INSERT INTO restate.runnable (service_name, deployment_id, ready_at, id, partition_key)
SELECT 'Order', p.id, '2000-01-01', m.id, restate_partition_key_of_id(m.id)
FROM place AS p, (SELECT restate_new_invocation_id() AS id FROM generate_series(1, 1000)) AS m WHERE p.name = 'first';
SELECT isnt(restate_remove_deployment(p.id, true)::text, NULL, 'their deployment goes') FROM place AS p WHERE p.name = 'first';
SELECT pg_temp.submit('last', 'Order') \g /dev/null
SELECT is(pg_temp.claim('{Order}', 9, NULL), 'last', 'what comes later is claimed');
DELETE FROM restate.runnable WHERE ready_at = '2000-01-01';

-- more that are not there any more than are looked at first
SELECT pg_temp.register('third', 'Ghost') \g /dev/null
INSERT INTO restate.runnable (service_name, ready_at, id, partition_key)
SELECT 'Ghost', '2000-01-01', m.id, restate_partition_key_of_id(m.id) FROM (SELECT restate_new_invocation_id() AS id FROM generate_series(1, 1000)) AS m;
SELECT pg_temp.submit('behind', 'Ghost') \g /dev/null
SELECT is(pg_temp.claim('{Ghost}', 1, NULL), 'behind', 'the one behind a thousand is found');
DELETE FROM restate.runnable WHERE ready_at = '2000-01-01';

-- where a great deal that is gone is in front, the session goes by where it has found the first
INSERT INTO restate.runnable (service_name, ready_at, id, partition_key)
SELECT 'Ghost', '2000-01-01', m.id, restate_partition_key_of_id(m.id) FROM (SELECT restate_new_invocation_id() AS id FROM generate_series(1, 50000)) AS m;
DELETE FROM restate.runnable WHERE ready_at = '2000-01-01';
SELECT is(pg_temp.claim('{Ghost}', 1, NULL) || pg_temp.claim('{Ghost}', 1, NULL), '', 'nothing is ready');
SELECT pg_temp.submit('found', 'Ghost') \g /dev/null
SELECT is(pg_temp.claim('{Ghost}', 1, NULL), 'found', 'what becomes ready is found');
SELECT pg_temp.register('sixth', 'Order') \g /dev/null
SELECT pg_temp.submit('another', 'Order') \g /dev/null
SELECT is(pg_temp.claim('{Order}', 1, NULL), 'another', 'of another service too');
SELECT pg_temp.submit('early', 'Ghost') \g /dev/null
UPDATE restate.invocation SET modified_at = '2001-01-01' WHERE id = (SELECT n.id FROM named AS n WHERE n.name = 'early');
UPDATE restate.runnable SET ready_at = '2001-01-01' WHERE id = (SELECT n.id FROM named AS n WHERE n.name = 'early');
CREATE FUNCTION pg_temp.claim_at_last(service text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
  said text;
BEGIN
  FOR i IN 1 .. 1000 LOOP
    said := pg_temp.claim(ARRAY[service], 1, NULL);
    EXIT WHEN said <> '';
    PERFORM pg_sleep(0.1);
  END LOOP;
  RETURN said;
END $$;
SELECT is(pg_temp.claim_at_last('Ghost'), 'early', 'and in the end what was there before, though it was not seen');
SELECT restate_hold('Ghost') \g /dev/null
SELECT pg_temp.submit('held', 'Ghost') \g /dev/null
SELECT is(pg_temp.claim('{Ghost}', 1, NULL) || pg_temp.claim('{Ghost}', 1, NULL) || pg_temp.claim('{Ghost}', 1, NULL), '', 'what is held is not');
SELECT is(restate_release('Ghost') || pg_temp.claim_at_last('Ghost'), 'releasedheld', 'until it is released');

-- the state that an attempt begins with, and what else it is told
CREATE FUNCTION pg_temp.told(service text) RETURNS text LANGUAGE sql AS $$
  SELECT concat_ws(' ', coalesce(c.state_keys::text, 'none'), array_length(c.state_values, 1), c.entry_retries, c.last_entry_at = now(),
    c.inactivity_timeout, c.abort_timeout)
  FROM restate_claim('w', ARRAY[$1]) AS c
$$;
CREATE FUNCTION pg_temp.set(key text, size integer) RETURNS jsonb LANGUAGE sql AS $$
  SELECT jsonb_build_object('Command', jsonb_build_object('SetState', jsonb_build_object('key', $1, 'name', '',
    'value', (SELECT jsonb_agg(0) FROM generate_series(1, $2)))))
$$;
SELECT pg_temp.register('fourth', 'Object', '{"inactivityTimeout": 2000, "abortTimeout": 3000}') \g /dev/null
SELECT pg_temp.register('fifth', 'ObjectLazy', '{"enableLazyState": true}') \g /dev/null
SELECT pg_temp.submit('empty', 'Object', 'e') \g /dev/null
SELECT is(pg_temp.told('Object'), '{} 0 t 00:00:02 00:00:03', 'one without state, and the timeouts of its handler');
SELECT pg_temp.submit('full', 'Object', 'f', 'w') \g /dev/null
SELECT is(count(*)::int, 2, 'two keys are set') FROM named AS n, restate_append(n.id, n.attempt, 1, ARRAY[pg_temp.set('b', 3), pg_temp.set('a', 1)]) WHERE n.name = 'full';
SELECT is(restate_fail_attempt(n.id, n.attempt, 'm', retry_after => '0') || (restate_tick()).done, 'backing-off1', 'it is to be tried again') FROM named AS n WHERE n.name = 'full';
SELECT is(pg_temp.told('Object'), '{a,b} 2 1 t 00:00:02 00:00:03', 'both keys in their order, and one attempt since the last entry');
UPDATE named AS n SET attempt = i.attempt FROM restate.invocation AS i WHERE i.id = n.id AND n.name = 'full';
SELECT is(count(*)::int, 1, 'a large one is set') FROM named AS n, restate_append(n.id, n.attempt, 3, ARRAY[pg_temp.set('c', 1048570)]) WHERE n.name = 'full';
SELECT is(pg_temp.wake('full'), 'suspended resumed', 'it is ready') FROM named AS n WHERE n.name = 'full';
SELECT is(pg_temp.told('Object'), 'none 0 t 00:00:02 00:00:03', 'more than 1 MiB is to be asked for');
SELECT pg_temp.submit('lazy', 'ObjectLazy', 'l') \g /dev/null
SELECT is(pg_temp.told('ObjectLazy'), 'none 0 t 00:01:00 00:10:00', 'and what its handler wants so');
SELECT is(pg_temp.told('Order'), NULL, 'nothing is left of the service');

-- the next of the key comes with the completion of the one before
CREATE FUNCTION pg_temp.output() RETURNS jsonb[] LANGUAGE sql AS $$
  SELECT ARRAY['{"Command": {"Output": {"result": {"Success": [49]}, "name": ""}}}']::jsonb[]
$$;
CREATE FUNCTION pg_temp.pass_on(name text, worker text DEFAULT 'w') RETURNS text LANGUAGE plpgsql AS $$
DECLARE
  c record;
  said text;
  category text;
BEGIN
  FOR c IN SELECT r.* FROM named AS n, restate_complete_and_claim(n.id, n.attempt, worker, 1, pg_temp.output()) AS r WHERE n.name = $1 LOOP
    UPDATE named SET attempt = c.next_attempt WHERE named.id = c.next_id;
    said := concat_ws(' ', said, (SELECT n.name FROM named AS n WHERE n.id = c.next_id), c.key, convert_from(c.input, 'UTF8'), cardinality(c.journal));
  END LOOP;
  RETURN coalesce(said, 'none');
EXCEPTION WHEN SQLSTATE 'PT400' OR SQLSTATE 'PT409' THEN
  GET STACKED DIAGNOSTICS category = CONSTRAINT_NAME;
  RETURN category;
END $$;
SELECT pg_temp.submit('q ' || n, 'Object', 'q', CASE n WHEN 1 THEN 'w' END) FROM generate_series(1, 4) AS n ORDER BY n \g /dev/null
SELECT pg_temp.submit('alone', 'Order', NULL, 'w') \g /dev/null
SELECT is(pg_temp.pass_on('q 1', NULL) || ' ' || pg_temp.pass_on('q 1', ''), 'invalid_query_parameter invalid_query_parameter', 'a worker there must be');
SELECT is(pg_temp.pass_on('q 1'), 'q 2 q  1', 'the second is handed over');
SELECT is(pg_temp.pass_on('q 1'), 'attempt_lost', 'once');
SELECT is(pg_temp.pass_on('q 2'), 'q 3 q  1', 'then the third');
SELECT restate_hold('Object') \g /dev/null
SELECT is(pg_temp.pass_on('q 3'), 'none', 'while the service is held none is');
SELECT is(i.status, 'ready', 'the fourth is ready') FROM named AS n JOIN restate.invocation AS i USING (id) WHERE n.name = 'q 4';
SELECT is(restate_release('Object') || pg_temp.claim('{Object}', 9, NULL), 'releasedq 4', 'and claimed afterwards');
SELECT is(pg_temp.pass_on('q 4'), 'none', 'after the last there is none');
SELECT is(pg_temp.pass_on('alone'), 'none', 'nor without a key');
SELECT results_eq($$SELECT i.status, count(*) FROM named AS n JOIN restate.invocation AS i USING (id) WHERE n.name ~ '^(q|alone)' GROUP BY 1$$, $$VALUES ('completed', 5::bigint)$$, 'all have completed');
SELECT is_empty($$SELECT * FROM restate_verify() WHERE problem <> 'pinned_without_deployment'$$, 'all of it is sound');

SELECT * FROM finish();
ROLLBACK;
