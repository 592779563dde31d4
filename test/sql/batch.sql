-- Many invocations in one call: a row for each, in order, with the result of
-- doing one after the other.
CREATE FUNCTION id(name text) RETURNS restate_invocation_id LANGUAGE sql IMMUTABLE STRICT AS $$
  SELECT (CASE WHEN starts_with(name, 'of') THEN 'inv_1dceKvwtEc2n' ELSE 'inv_100000000000' END || lpad(name, 22, '0'))::restate_invocation_id
$$;
CREATE FUNCTION loaded() RETURNS void LANGUAGE sql AS $$
  TRUNCATE restate.invocation, restate.runnable, restate.timer, restate.waiter, restate.journal, restate.journal_event, restate.object_key, restate.audit;
  SELECT restate_import_invocation(jsonb_build_object('id', id(name), 'status', status, 'completion_result', CASE status WHEN 'completed' THEN 'success' END,
      'target_service_name', CASE WHEN starts_with(name, 'of') THEN 'Obj' ELSE 'Svc' END,
      'target_service_key', CASE WHEN starts_with(name, 'of') THEN 'a' END, 'target_handler_name', 'run',
      'target_service_ty', CASE WHEN starts_with(name, 'of') THEN 'virtual_object' ELSE 'service' END,
      'target_handler_ty', CASE WHEN starts_with(name, 'of') THEN 'exclusive' END),
    CASE WHEN status = 'completed' THEN jsonb '[{"index": 0, "entry_json": {"Command": {"Input": {"headers": [], "payload": [1], "name": ""}}}}]'
    WHEN name = 'parent' THEN jsonb '[{"index": 0, "entry_json": {"Command": {"Input": {"headers": [], "payload": [1], "name": ""}}}},
      {"index": 1, "entry_json": {"Command": {"Call": {"request": {"invocation_id": "inv_10000000000000000000000000000child",
        "invocation_target": {"Service": {"name": "Svc", "handler": "run"}}, "parameter": [], "headers": []},
        "invocation_id_completion_id": 1, "result_completion_id": 2, "name": ""}}}}]' END)
  FROM (VALUES ('one', 'completed'), ('two', 'completed'), ('three', 'completed'), ('running', 'running'), ('paused', 'paused'), ('scheduled', 'scheduled'),
    ('parent', 'running'), ('child', 'running'), ('ofholder', 'running'), ('offirst', 'pending'), ('ofsecond', 'pending'), ('ofthird', 'pending'),
    ('ofdone', 'completed'), ('ofold', 'completed')) AS v (name, status);
$$;
CREATE FUNCTION ids(VARIADIC names text[]) RETURNS restate_invocation_id[] LANGUAGE sql IMMUTABLE AS $$
  SELECT array_agg(id(name) ORDER BY n) FROM unnest(names) WITH ORDINALITY AS t (name, n)
$$;
CREATE VIEW state AS
SELECT CASE WHEN restarted_from IS NULL THEN '' ELSE 'restart of ' END || replace(right(coalesce(restarted_from, id)::text, 22), '0', '') AS id,
       status, completion_failure AS failure, inbox_sequence_number AS place, journal_size AS size
FROM restate.invocation ORDER BY 1, 4;

-- the shape: ordinality, id, ok, category, message, outcome, new_id
SELECT loaded() \g /dev/null
SELECT * FROM restate_purge_journal_batch(ids('one', NULL, 'absent', 'running', 'one'));
SELECT pg_get_function_result('restate_purge_journal_batch(restate_invocation_id[])'::regprocedure);
SELECT count(DISTINCT pg_get_function_result(oid)) AS shapes, count(*) AS functions FROM pg_proc WHERE proname LIKE 'restate\_%\_batch';
-- nothing asked for
SELECT count(*) FROM restate_purge_batch('{}');
SELECT count(*) FROM restate_kill_batch(NULL);
SELECT count(*) FROM restate_restart_as_new_batch(NULL, 1, 'latest', 'r');
SELECT * FROM restate_cancel_batch(ARRAY[NULL]::restate_invocation_id[]);
-- the parameters are for all, and wrong for all
SELECT * FROM restate_delete_invocation_batch(ids('one'), 'erase');
SELECT * FROM restate_restart_as_new_batch(ids('one'), -1);
SELECT * FROM restate_resume_batch('{}', 'somewhere');
-- arrays of any shape
SELECT ordinality, ok, outcome FROM restate_purge_journal_batch(ARRAY[ids('two', 'three'), ids('two', 'one')]);
SELECT ordinality, ok, outcome FROM restate_purge_journal_batch('[5:6]={inv_1000000000000000000000000000000two,inv_10000000000000000000000000000three}');

-- each operation
SELECT loaded() \g /dev/null
SELECT ordinality, ok, category, outcome FROM restate_purge_batch(ids('one', 'one', 'running', 'two'));
SELECT ordinality, ok, category, outcome FROM restate_delete_invocation_batch(ids('scheduled', 'running', 'scheduled', 'three'));
SELECT ordinality, ok, category, outcome FROM restate_delete_invocation_batch(ids('running', 'three'), mode => 'purge');
SELECT ordinality, ok, category, outcome FROM restate_pause_batch(ids('running', 'running', 'paused', 'ofdone', 'offirst'));
SELECT ordinality, ok, category, outcome FROM restate_resume_batch(ids('paused', 'running', 'paused', 'ofdone', 'offirst'));
SELECT ordinality, ok, category, outcome FROM restate_cancel_batch(ids('paused', 'running', 'running', 'offirst', 'ofthird', 'ofthird', 'absent'));
SELECT * FROM state;
SELECT * FROM restate_verify();

-- one object key: each kill makes way for the next in the inbox, which the following one then ends
SELECT loaded() \g /dev/null
SELECT ordinality, ok, category, outcome FROM restate_kill_batch(ids('ofholder', 'offirst', 'ofthird'));
SELECT * FROM state WHERE id LIKE 'of%';
SELECT replace(right(holder::text, 22), '0', '') AS holder FROM restate.object_key;
SELECT * FROM restate_verify();
SELECT loaded() \g /dev/null
SELECT ordinality, ok, category, outcome FROM restate_kill_batch(ids('ofthird', 'offirst', 'ofholder', 'ofsecond', 'ofholder'));
SELECT * FROM state WHERE id LIKE 'of%';
SELECT holder FROM restate.object_key;
SELECT * FROM restate_verify();
-- a caller and its callee, in both orders
SELECT loaded() \g /dev/null
SELECT ordinality, ok, category, outcome FROM restate_kill_batch(ids('parent', 'child'));
SELECT loaded() \g /dev/null
SELECT ordinality, ok, category, outcome FROM restate_kill_batch(ids('child', 'parent'));
SELECT * FROM state WHERE id IN ('parent', 'child');

-- restarts: of one key, placed in the order asked for; an original twice is two restarts
SELECT loaded() \g /dev/null
SELECT ordinality, ok, category, outcome, new_id IS NOT NULL AS new, new_id = id AS same
FROM restate_restart_as_new_batch(ids('ofold', 'one', 'ofdone', 'running', 'one', 'absent', 'scheduled', NULL));
SELECT * FROM state WHERE id LIKE 'restart%';
SELECT * FROM restate_verify();
-- with a request id it is one, of each original
CREATE TABLE answer AS SELECT * FROM restate_restart_as_new_batch(ids('two', 'three', 'two', 'ofold'), request_id => 'nightly');
INSERT INTO answer SELECT * FROM restate_restart_as_new_batch(ids('ofold', 'two'), request_id => 'nightly');
SELECT ordinality, replace(right(id::text, 22), '0', '') AS id, outcome, dense_rank() OVER (ORDER BY replace(right(id::text, 22), '0', ''), new_id) AS new
FROM answer ORDER BY 2, 1, 3;
-- the key is free again: the first of the batch takes it
SELECT loaded() \g /dev/null
SELECT ok FROM restate_kill_batch(ids('ofholder', 'offirst', 'ofsecond', 'ofthird')) \g /dev/null
SELECT ok, outcome FROM restate_restart_as_new_batch(ids('ofold', 'ofdone', 'ofold'));
SELECT * FROM state WHERE id LIKE 'restart%';
SELECT i.restarted_from FROM restate.object_key k JOIN restate.invocation i ON i.id = k.holder;
SELECT * FROM restate_verify();

-- by filter, in a query, with a limit
SELECT loaded() \g /dev/null
SELECT outcome, count(*) FROM restate_purge_batch(ARRAY(
  SELECT id FROM restate.sys_invocation WHERE status = 'completed' AND target_service_name = 'Svc' ORDER BY id LIMIT 2)) GROUP BY outcome;
SELECT count(*) FROM restate.invocation WHERE status = 'completed';
-- as rows of a join, and in the target list
SELECT i.status, b.outcome FROM restate_pause_batch(ids('running', 'paused')) AS b JOIN restate.sys_invocation i USING (id) ORDER BY b.ordinality;
SELECT (restate_resume_batch(ids('running'))).outcome;
-- failures alone make no error; raising one undoes all
DO $$
DECLARE
  failed text;
BEGIN
  SELECT string_agg(message, '; ' ORDER BY ordinality) INTO failed FROM restate_kill_batch(ids('running', 'ofdone', 'absent')) WHERE NOT ok;
  IF failed IS NOT NULL THEN
    RAISE EXCEPTION 'nothing was killed: %', failed;
  END IF;
END $$;
SELECT status FROM restate.sys_invocation WHERE id = id('running');

-- ten thousand
SELECT loaded() \g /dev/null
INSERT INTO restate.invocation (id, partition_key, status, target_service_name, target_handler_name, target_service_ty, invoked_by, journal_size, journal_commands_size)
SELECT id, restate_partition_key_of_id(id), 'running', 'Svc', 'run', 'service', 'ingress', 1, 1
FROM (SELECT restate_workflow_invocation_id('many', n::text) AS id FROM generate_series(1, 10000) AS n) AS s;
INSERT INTO restate.journal (id, partition_key, index, entry_type)
SELECT id, partition_key, 0, 'Command: Input' FROM restate.invocation WHERE id = ANY (
  SELECT restate_workflow_invocation_id('many', n::text) FROM generate_series(1, 10000) AS n);
SELECT outcome, count(*) FROM restate_kill_batch(ARRAY(SELECT restate_workflow_invocation_id('many', n::text) FROM generate_series(10000, 1, -1) AS n)) GROUP BY outcome;
SELECT bool_and(id = restate_workflow_invocation_id('many', ordinality::text)) AS in_order, count(new_id), count(DISTINCT new_id)
FROM restate_restart_as_new_batch(ARRAY(SELECT restate_workflow_invocation_id('many', n::text) FROM generate_series(1, 10000) AS n));
SELECT outcome, count(*) FROM restate_purge_batch(ARRAY(SELECT id FROM restate.invocation WHERE status = 'completed')) GROUP BY outcome;
SELECT status, count(*) FROM restate.invocation GROUP BY status ORDER BY status;
SELECT * FROM restate_verify();

TRUNCATE restate.invocation, restate.runnable, restate.timer, restate.waiter, restate.journal, restate.journal_event, restate.object_key, restate.audit;
DROP VIEW state;
DROP TABLE answer;
DROP FUNCTION loaded, ids, id;
