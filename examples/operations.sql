-- A bad night in a shop, to try the recipes of doc/operations.md on: in a database that
-- has the extension and is of no other use.
--
--   createdb night && psql -d night -c 'CREATE EXTENSION restate_admin' -f examples/operations.sql
--
-- What happened is done by the functions that workers call; the hours that have passed
-- since are written to the tables, which nobody does to a database that is in use.
\set ON_ERROR_STOP on
\set QUIET on
BEGIN;

SELECT id AS v1 FROM restate_register_deployment('worker:shop-v1', '{"services": [
  {"name": "Orders", "ty": "SERVICE", "handlers": [{"name": "place"}]},
  {"name": "Refunds", "ty": "SERVICE", "handlers": [{"name": "ask"}]},
  {"name": "Mails", "ty": "SERVICE", "handlers": [{"name": "send"}]},
  {"name": "Carts", "ty": "VIRTUAL_OBJECT", "handlers": [{"name": "add"}]}]}') \gset

-- two orders reserved their stock; the bank is closed: one has given up, one tries again
\set reserved '{"Command": {"Run": {"completion_id": 1, "name": "reserve stock"}}}'
\set reserved_ok '{"Notification": {"Completion": {"Run": {"completion_id": 1, "result": {"Success": [49]}}}}}'
\set charged '{"Command": {"Run": {"completion_id": 2, "name": "charge card"}}}'
\set charged_not '{"Notification": {"Completion": {"Run": {"completion_id": 2, "result": {"Failure": {"code": 500, "message": "the bank is closed"}}}}}}'
\set gave_up '{"Command": {"Output": {"result": {"Failure": {"code": 500, "message": "the bank is closed"}}, "name": ""}}}'
SELECT id AS failed, attempt FROM restate_submit('Orders', 'place', '{"order": 17}', claim_for => 'shop 1') \gset
SELECT restate_complete(:'failed', :attempt, 1, ARRAY[:'reserved', :'reserved_ok', :'charged', :'charged_not', :'gave_up']::jsonb[]) \g /dev/null
SELECT id AS retrying, attempt FROM restate_submit('Orders', 'place', '{"order": 18}', claim_for => 'shop 1') \gset
SELECT index FROM restate_append(:'retrying', :attempt, 1, ARRAY[:'reserved', :'reserved_ok', :'charged']::jsonb[]) \g /dev/null
SELECT restate_fail_attempt(:'retrying', :attempt, 'the bank is closed', retry_after => '1 day',
  command_index => 2, command_name => 'charge card', command_type => 'Run') \g /dev/null

-- a worker died with an order
SELECT id AS left_alone FROM restate_submit('Orders', 'place', '{"order": 19}', claim_for => 'shop 2') \gset

-- a cart was paused, and others wait for it
SELECT id AS cart, attempt FROM restate_submit('Carts', 'add', '{"sku": 1}', 'c-7', claim_for => 'shop 1') \gset
SELECT restate_pause(:'cart'), restate_fail_attempt(:'cart', :attempt, 'out of memory') \g /dev/null
SELECT restate_submit('Carts', 'add', format('{"sku": %s}', n)::bytea, 'c-7') FROM generate_series(2, 4) AS n \g /dev/null

-- refunds that nobody has approved; the last is of today
SELECT id, restate_suspend(id, attempt, NULL, '{1, 17}', NULL, 1)
FROM (SELECT s.id, s.attempt FROM generate_series(1, 4) AS n, LATERAL restate_submit('Refunds', 'ask', int4send(n), claim_for => 'shop 1') AS s OFFSET 0) AS s \g /dev/null

-- mails that were sent long ago, and one with a journal that has grown
SELECT restate_complete(id, attempt, 1, ARRAY['{"Command": {"Output": {"result": {"Success": []}, "name": ""}}}']::jsonb[])
FROM (SELECT s.id, s.attempt FROM generate_series(1, 25) AS n, LATERAL restate_submit('Mails', 'send', int4send(n), claim_for => 'shop 1') AS s OFFSET 0) AS s \g /dev/null
SELECT id AS large, attempt FROM restate_submit('Mails', 'send', '{"list": "all"}', claim_for => 'shop 1') \gset
SELECT count(index) FROM restate_append(:'large', :attempt, 1, ARRAY(
  SELECT e FROM generate_series(1, 200) AS n, LATERAL (VALUES
    (jsonb_build_object('Command', jsonb_build_object('Run', jsonb_build_object('completion_id', n, 'name', 'page ' || n)))),
    (jsonb_build_object('Notification', jsonb_build_object('Completion', jsonb_build_object('Run', jsonb_build_object('completion_id', n,
      'result', jsonb_build_object('Success', to_jsonb(array_fill(49, ARRAY[n * 10]))))))))) AS v (e))) \g /dev/null
SELECT restate_suspend(:'large', :attempt, NULL, '{1, 17}', NULL, 1) \g /dev/null

-- version 2 was deployed an hour ago
SELECT id AS v2 FROM restate_register_deployment('worker:shop-v2', '{"services": [
  {"name": "Orders", "ty": "SERVICE", "handlers": [{"name": "place"}]},
  {"name": "Refunds", "ty": "SERVICE", "handlers": [{"name": "ask"}]},
  {"name": "Mails", "ty": "SERVICE", "handlers": [{"name": "send"}]},
  {"name": "Carts", "ty": "VIRTUAL_OBJECT", "handlers": [{"name": "add"}]}]}') \gset

-- how long ago all of that was
CREATE FUNCTION pg_temp.age_of(id restate_invocation_id, age interval) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
  UPDATE restate.invocation AS i SET created_at = i.created_at - age, modified_at = i.modified_at - age, running_at = i.running_at - age,
    inboxed_at = i.inboxed_at - age, last_start_at = i.last_start_at - age, last_entry_at = i.last_entry_at - age,
    completed_at = i.completed_at - age, retained_from = i.retained_from - age
    WHERE i.id = $1;
  UPDATE restate.journal AS j SET appended_at = j.appended_at - age WHERE j.id = $1;
END $$;
SELECT pg_temp.age_of(i.id, CASE i.target_service_name
    WHEN 'Orders' THEN CASE i.id WHEN :'failed' THEN interval '2 hours' WHEN :'retrying' THEN '45 minutes' ELSE '5 minutes' END
    WHEN 'Carts' THEN CASE i.id WHEN :'cart' THEN interval '35 minutes' ELSE '20 minutes' END
    WHEN 'Mails' THEN CASE i.id WHEN :'large' THEN interval '3 hours' ELSE '40 days' END
    ELSE CASE (SELECT count(*) FROM restate.invocation AS o WHERE o.target_service_name = 'Refunds' AND o.id < i.id) WHEN 0 THEN interval '2 hours' ELSE '3 days' END END)
FROM restate.invocation AS i WHERE i.target_service_name IN ('Orders', 'Refunds', 'Mails', 'Carts') \g /dev/null
UPDATE restate.invocation SET retry_count = 12, attempt_count = 12, entry_retry_count = 12 WHERE id = :'retrying';
UPDATE restate.worker SET last_seen = now() - interval '5 minutes' WHERE name = 'shop 2';
UPDATE restate.deployment SET created_at = now() - CASE id WHEN :'v1' THEN interval '30 days' ELSE '1 hour' END;
COMMIT;
ANALYZE;
