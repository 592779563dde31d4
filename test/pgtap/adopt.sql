-- restate_adopt: what was imported in flight runs here from then on, and not before.
BEGIN;
SELECT no_plan();
SELECT FROM restate_register_deployment('worker:w', '{"services": [{"name": "S", "ty": "SERVICE", "handlers": [{"name": "run"}]}]}');

CREATE TEMP TABLE named (name text PRIMARY KEY, id restate_invocation_id);
-- Imports an invocation with a journal of an input and the entries.
CREATE FUNCTION pg_temp.import(name text, status text, rest jsonb DEFAULT '{}', VARIADIC entries jsonb[] DEFAULT '{}') RETURNS void LANGUAGE sql AS $$
  INSERT INTO named SELECT $1, restate_import_invocation(jsonb_build_object('id', restate_new_invocation_id(), 'status', $2,
    'target_service_name', 'S', 'target_handler_name', 'run', 'target_service_ty', 'service') || $3,
    CASE WHEN $2 <> 'scheduled' THEN (SELECT jsonb_agg(jsonb_build_object('index', e.place - 1, 'entry_json', e.entry) ORDER BY e.place)
      FROM unnest('{"Command": {"Input": {"headers": [], "payload": [1], "name": ""}}}'::jsonb || entries) WITH ORDINALITY AS e (entry, place)) END)
$$;
CREATE FUNCTION pg_temp.sleep(completion_id int, seconds int) RETURNS jsonb LANGUAGE sql AS $$
  SELECT jsonb_build_object('Command', jsonb_build_object('Sleep', jsonb_build_object('completion_id', completion_id, 'name', '',
    'wake_up_time', floor(extract(epoch FROM now() + seconds * interval '1 s') * 1000)::bigint)))
$$;
CREATE FUNCTION pg_temp.slept(completion_id int) RETURNS jsonb LANGUAGE sql AS $$
  SELECT jsonb_build_object('Notification', jsonb_build_object('Completion', jsonb_build_object('Sleep', jsonb_build_object('completion_id', completion_id))))
$$;
SELECT pg_temp.import('scheduled', 'scheduled', jsonb_build_object('scheduled_start_at', now() + interval '1 h')) \g /dev/null
SELECT pg_temp.import('whenever', 'scheduled') \g /dev/null
SELECT pg_temp.import('ready', 'ready') \g /dev/null
SELECT pg_temp.import('running', 'running', '{}', pg_temp.sleep(1, 60), pg_temp.slept(1), pg_temp.sleep(2, 120), pg_temp.sleep(3, -1)) \g /dev/null
SELECT pg_temp.import('pausing', 'running') \g /dev/null
SELECT pg_temp.import('backing-off', 'backing-off', jsonb_build_object('next_retry_at', now() + interval '1 h')) \g /dev/null
SELECT pg_temp.import('retried', 'backing-off') \g /dev/null
SELECT pg_temp.import('suspended', 'suspended', '{"suspended_waiting_for_completions": [1]}', pg_temp.sleep(1, 60)) \g /dev/null
SELECT pg_temp.import('paused', 'paused') \g /dev/null
SELECT pg_temp.import('completed', 'completed', '{"completion_result": "success"}') \g /dev/null
SELECT is(restate_pause(n.id), 'pausing', 'one is to pause') FROM named AS n WHERE n.name = 'pausing';

-- before: nothing of it runs
SELECT is((SELECT count(*) FROM restate_claim('w', '{S}', 100)), 0::bigint, 'nothing is claimed');
SELECT is(string_agg(t.kind::text, ' '), 'expiry', 'only the retention of what has completed is waited for') FROM restate.timer AS t;
SELECT is((restate_tick()).done, 0::bigint, 'nothing is due');
SELECT is_empty('SELECT * FROM restate_verify()', 'all is well');

SELECT is(restate_adopt(NULL) + restate_adopt('{}') + restate_adopt(ARRAY[NULL]::restate_invocation_id[]) + restate_adopt(ARRAY[restate_new_invocation_id()]), 0::bigint, 'nothing is adopted of nothing');
SELECT is(restate_adopt(ARRAY(SELECT n.id FROM named AS n) || ARRAY(SELECT n.id FROM named AS n) || NULL), 9::bigint, 'each is, once, but for the one that has completed');
SELECT is(restate_adopt(ARRAY(SELECT n.id FROM named AS n)), 0::bigint, 'and not again');
SELECT results_eq($$SELECT n.name, i.status FROM named AS n JOIN restate.invocation AS i USING (id) ORDER BY n.name COLLATE "C"$$,
  $$VALUES ('backing-off', 'backing-off'), ('completed', 'completed'), ('paused', 'paused'), ('pausing', 'paused'), ('ready', 'ready'),
    ('retried', 'backing-off'), ('running', 'ready'), ('scheduled', 'scheduled'), ('suspended', 'suspended'), ('whenever', 'scheduled')$$,
  'an attempt that ran elsewhere is over');
SELECT results_eq($$SELECT n.name, t.kind::text, t.completion_id, make_interval(secs => round(extract(epoch FROM t.due_at - now()))) FROM named AS n JOIN restate.timer AS t USING (id) WHERE t.kind <> 'expiry' ORDER BY n.name COLLATE "C", 2, 3$$,
  $$VALUES ('backing-off', 'retry', -1::bigint, interval '1 h'), ('retried', 'retry', -1, interval '0'), ('running', 'sleep', 2, interval '120 s'), ('running', 'sleep', 3, interval '-1 s'),
    ('scheduled', 'schedule', -1, interval '1 h'), ('suspended', 'sleep', 1, interval '60 s'), ('whenever', 'schedule', -1, interval '0')$$,
  'what is waited for is due when it was');
SELECT results_eq($$SELECT a.operation, a.outcome, count(*) FROM restate.audit AS a WHERE a.operation = 'adopt' GROUP BY 1, 2$$,
  $$VALUES ('adopt', 'adopted', 9::bigint)$$, 'the audit has it');
SELECT is_empty('SELECT * FROM restate_verify()', 'all is well');

-- after: it runs
SELECT is((SELECT count(*) FROM restate_claim('w', '{S}', 100)), 2::bigint, 'what is ready is claimed');
SELECT is((restate_tick()).done, 3::bigint, 'a sleep, a start and a retry are due');
SELECT is((SELECT count(*) FROM restate_claim('w', '{S}', 100)), 2::bigint, 'and what has become ready by that');
SELECT is_empty('SELECT * FROM restate_verify()', 'all is well');

SELECT * FROM finish();
ROLLBACK;
