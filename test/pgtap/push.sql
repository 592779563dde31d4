-- What attempts send in the service protocol's frames, and what they are given in them:
-- restate_push(), restate_claim() and restate_fetch() with frames.
BEGIN;
SELECT no_plan();
SET LOCAL client_min_messages = warning;

-- the wire: a number, a field that is one, one that has bytes or a text, a frame
CREATE FUNCTION pg_temp.varint(left_ numeric) RETURNS bytea LANGUAGE plpgsql AS $$
DECLARE
  said bytea = '';
BEGIN
  WHILE left_ > 127 LOOP
    said := said || set_byte('\x00', 0, (left_ % 128)::int | 128);
    left_ := div(left_, 128);
  END LOOP;
  RETURN said || set_byte('\x00', 0, left_::int);
END $$;
CREATE FUNCTION pg_temp.n(field int, value numeric) RETURNS bytea LANGUAGE sql AS 'SELECT pg_temp.varint(field * 8) || pg_temp.varint(value)';
CREATE FUNCTION pg_temp.b(field int, value bytea) RETURNS bytea LANGUAGE sql AS 'SELECT pg_temp.varint(field * 8 + 2) || pg_temp.varint(length(value)) || value';
CREATE FUNCTION pg_temp.t(field int, value text) RETURNS bytea LANGUAGE sql AS $$ SELECT pg_temp.b(field, convert_to(value, 'UTF8')) $$;
CREATE FUNCTION pg_temp.f(type text, VARIADIC parts bytea[] DEFAULT '{}') RETURNS bytea LANGUAGE sql AS $$
  SELECT decode(type, 'hex') || '\x0000' || int4send(length(p)) || p FROM (SELECT coalesce(string_agg(x, '' ORDER BY o), '') AS p FROM unnest(parts) WITH ORDINALITY AS u (x, o)) AS v
$$;
-- messages
CREATE FUNCTION pg_temp.value(field int, content bytea) RETURNS bytea LANGUAGE sql AS 'SELECT pg_temp.b(field, pg_temp.b(1, content))';
CREATE FUNCTION pg_temp.failure(field int, code int, message bytea) RETURNS bytea LANGUAGE sql AS 'SELECT pg_temp.b(field, pg_temp.n(1, code) || pg_temp.b(2, message))';
CREATE FUNCTION pg_temp.run(id int, name text DEFAULT '') RETURNS bytea LANGUAGE sql AS $$ SELECT pg_temp.f('0411', pg_temp.n(11, id), pg_temp.t(12, name)) $$;
CREATE FUNCTION pg_temp.ran(id int, value bytea DEFAULT '1') RETURNS bytea LANGUAGE sql AS $$ SELECT pg_temp.f('0005', pg_temp.n(1, id), pg_temp.b(14, value)) $$;
CREATE FUNCTION pg_temp.sleep(id int, length interval DEFAULT '1 h') RETURNS bytea LANGUAGE sql AS $$
  SELECT pg_temp.f('040c', pg_temp.n(1, floor(extract(epoch FROM now() + length) * 1000)), pg_temp.n(11, id)) $$;
CREATE FUNCTION pg_temp.output(value bytea DEFAULT '1') RETURNS bytea LANGUAGE sql AS $$ SELECT pg_temp.f('0401', pg_temp.value(14, value)) $$;
CREATE FUNCTION pg_temp.call(service text, handler text, key text, id int, idempotency_key text DEFAULT NULL) RETURNS bytea LANGUAGE sql AS $$
  SELECT pg_temp.f('040d', pg_temp.t(1, service), pg_temp.t(2, handler), pg_temp.b(3, '1'), pg_temp.t(5, key),
    CASE WHEN idempotency_key IS NULL THEN '' ELSE pg_temp.t(6, idempotency_key) END, pg_temp.n(10, id), pg_temp.n(11, id + 1)) $$;
CREATE FUNCTION pg_temp.suspension(completions int[], signals int[] DEFAULT '{1}') RETURNS bytea LANGUAGE sql AS $$
  SELECT pg_temp.f('0001', pg_temp.b(1, (SELECT coalesce(string_agg(pg_temp.varint(c), ''), '') FROM unnest(completions) AS c)),
    pg_temp.b(2, (SELECT coalesce(string_agg(pg_temp.varint(c), ''), '') FROM unnest(signals) AS c))) $$;
CREATE FUNCTION pg_temp.error(code int, message text) RETURNS bytea LANGUAGE sql AS $$ SELECT pg_temp.f('0002', pg_temp.n(1, code), pg_temp.t(2, message)) $$;
CREATE FUNCTION pg_temp.end_() RETURNS bytea LANGUAGE sql AS $$ SELECT pg_temp.f('0003') $$;

-- Frames as text: the type of each and its bytes.
CREATE FUNCTION pg_temp.shown(frames bytea) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
  at int = 0;
  len int;
  said text[] = '{}';
BEGIN
  WHILE at < length(frames) LOOP
    len := ('x' || encode(substring(frames FROM at + 5 FOR 4), 'hex'))::bit(32)::int;
    said := said || (encode(substring(frames FROM at + 1 FOR 2), 'hex') || ' ' || encode(substring(frames FROM at + 9 FOR len), 'hex'));
    at := at + 8 + len;
  END LOOP;
  RETURN array_to_string(said, '; ');
END $$;

-- Invocations by name; of each the attempt that was started last.
CREATE TEMP TABLE named (name text PRIMARY KEY, id restate_invocation_id, attempt bigint);
CREATE FUNCTION pg_temp.id(text) RETURNS restate_invocation_id LANGUAGE sql VOLATILE AS 'SELECT n.id FROM named AS n WHERE n.name = $1';
CREATE FUNCTION pg_temp.attempt(text) RETURNS bigint LANGUAGE sql VOLATILE AS 'SELECT n.attempt FROM named AS n WHERE n.name = $1';
CREATE FUNCTION pg_temp.labelled(said text) RETURNS text LANGUAGE plpgsql VOLATILE AS $$
DECLARE
  known named;
BEGIN
  FOR known IN SELECT * FROM named LOOP
    said := replace(replace(said, known.id::text, known.name), encode(known.id::text::bytea, 'hex'), '<' || known.name || '>');
  END LOOP;
  RETURN said;
END $$;
CREATE FUNCTION pg_temp.start(name text, service text DEFAULT 'Order', handler text DEFAULT 'run', key text DEFAULT NULL, input bytea DEFAULT '1') RETURNS void LANGUAGE sql AS $$
  INSERT INTO named AS n SELECT name, s.id, s.attempt FROM restate_submit(service, handler, input, key, claim_for => 'w') AS s
    ON CONFLICT ON CONSTRAINT named_pkey DO UPDATE SET id = excluded.id, attempt = excluded.attempt
$$;
-- What a statement returns, or the SQLSTATE and category of its error.
CREATE FUNCTION pg_temp.told(statement text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
  state text; category text; result text;
BEGIN
  EXECUTE statement INTO result;
  RETURN result;
EXCEPTION WHEN OTHERS THEN
  GET STACKED DIAGNOSTICS state = RETURNED_SQLSTATE, category = CONSTRAINT_NAME;
  RETURN concat_ws(' ', state, nullif(category, ''));
END $$;
-- Pushes frames of one attempt: what became of it, and the frames that go back.
CREATE FUNCTION pg_temp.push(name text, frames bytea, first bigint DEFAULT NULL, known bigint DEFAULT NULL) RETURNS text LANGUAGE sql VOLATILE AS $$
  SELECT pg_temp.labelled(concat_ws(' ', CASE WHEN p.ok THEN 'ok' END, p.category, p.error_code, p.status,
    CASE WHEN p.ok THEN p.commands || '/' || p.entries END, '-> ' || nullif(pg_temp.shown(p.reply), '')))
  FROM named AS n, restate_push(ARRAY[n.id], ARRAY[n.attempt], ARRAY[frames], ARRAY[first], ARRAY[known]) AS p WHERE n.name = $1
$$;
CREATE FUNCTION pg_temp.why(name text, frames bytea, first bigint DEFAULT NULL) RETURNS text LANGUAGE sql VOLATILE AS $$
  SELECT p.message FROM named AS n, restate_push(ARRAY[n.id], ARRAY[n.attempt], ARRAY[frames], ARRAY[first]) AS p WHERE n.name = $1
$$;
CREATE FUNCTION pg_temp.status(name text) RETURNS text LANGUAGE sql VOLATILE AS 'SELECT i.status FROM restate.invocation AS i WHERE i.id = pg_temp.id($1)';
CREATE FUNCTION pg_temp.journal(name text) RETURNS text LANGUAGE sql VOLATILE AS $$
  SELECT string_agg(regexp_replace(j.entry_type::text, '(C|N)[a-z]*: ', CASE WHEN restate.is_command(j.entry_type) THEN '' ELSE '<' END), ' ' ORDER BY j.index)
  FROM restate.journal AS j WHERE j.id = pg_temp.id($1)
$$;
CREATE FUNCTION pg_temp.well(after text) RETURNS text LANGUAGE sql AS $$
  SELECT is((SELECT string_agg(concat_ws(' ', v.problem, pg_temp.labelled(v.id::text), v.detail), '; ') FROM restate_verify() AS v), NULL, 'all is well after ' || after)
$$;

SELECT FROM restate_register_deployment('http://localhost:9', $m${"minProtocolVersion": 5, "maxProtocolVersion": 7, "services": [
  {"name": "Order", "ty": "SERVICE", "handlers": [{"name": "run"}]},
  {"name": "Killing", "ty": "SERVICE", "handlers": [{"name": "run", "retryPolicyMaxAttempts": 1, "retryPolicyOnMaxAttempts": "KILL"}]},
  {"name": "Lazy", "ty": "VIRTUAL_OBJECT", "enableLazyState": true, "handlers": [{"name": "add"}]},
  {"name": "Counter", "ty": "VIRTUAL_OBJECT", "handlers": [{"name": "add"}, {"name": "see", "ty": "SHARED"}]},
  {"name": "Flow", "ty": "WORKFLOW", "handlers": [{"name": "run", "ty": "WORKFLOW"}, {"name": "see", "ty": "SHARED"}]}]}$m$, '{"metadata": {}}') \g /dev/null

-- a step, and the same again
SELECT pg_temp.start('a') \g /dev/null
SELECT is(pg_temp.push('a', pg_temp.run(1, 'one') || pg_temp.ran(1, '41')), 'ok 2/3 -> 8011 08012a040a023431', 'a run with its result, which goes back');
SELECT is(pg_temp.push('a', pg_temp.run(1, 'one') || pg_temp.ran(1, '41'), 1, 1), 'ok 2/3 -> 8011 08012a040a023431', 'the same again is a repetition, with the same reply');
SELECT is(pg_temp.push('a', pg_temp.run(1, 'two') || pg_temp.ran(1, '41'), 1, 1), 'journal_mismatch RT0016', 'of another name it is none');
SELECT is(pg_temp.push('a', pg_temp.ran(1, '42')), 'journal_mismatch RT0016', 'nor another result');
SELECT is(pg_temp.push('a', pg_temp.run(3), 3), 'journal_mismatch RT0016', 'nor a gap');
SELECT is(pg_temp.push('a', pg_temp.ran(9)), 'journal_mismatch RT0012', 'a result that nothing asked for');
SELECT is(pg_temp.push('a', pg_temp.run(2, 'two')), 'ok 3/4', 'a run by itself');
SELECT is(pg_temp.push('a', pg_temp.f('0005', pg_temp.n(1, 2), pg_temp.failure(15, 409, 'no'))), 'ok 3/5 -> 8011 08023207089903' || '12026e6f', 'and its failure');
SELECT is(pg_temp.push('a', ''), 'ok 3/5', 'nothing is nothing');
SELECT is(pg_temp.push('a', '', known => 3), 'ok 3/5 -> 8011 0802320708990312026e6f', 'but asks for what came since');
SELECT is(restate_signal(pg_temp.id('a'), 'go', 'x'), 'signalled', 'what others append');
SELECT is(pg_temp.push('a', pg_temp.run(3) || pg_temp.ran(3), 3, 5), 'ok 4/8 -> fbff 1a02676f2a030a0178; 8011 08032a030a0131', 'comes in the order of the journal');
SELECT is((SELECT string_agg(concat_ws(' ', f.index, f.entry_json, pg_temp.shown(f.frame)), ', ' ORDER BY f.index) FROM named AS n, restate_fetch(n.id, n.attempt, 3, true) AS f WHERE n.name = 'a'),
  '4 8011 0802320708990312026e6f, 5 fbff 1a02676f2a030a0178, 7 8011 08032a030a0131', 'fetched as frames too, without commands');
SELECT is(pg_temp.push('a', pg_temp.output('42') || pg_temp.end_() || '\xffff'), 'ok completed 5/9', 'the output, and the end; what is behind it is ignored');
SELECT is((SELECT convert_from(o.value, 'UTF8') FROM restate_output(pg_temp.id('a')) AS o), '42', 'is the result');
SELECT is(pg_temp.push('a', pg_temp.output('42') || pg_temp.end_(), 4), 'attempt_lost', 'then the attempt is over');
SELECT pg_temp.well('a life in frames');

-- the ends
SELECT pg_temp.start(n) FROM unnest('{s1,s2,s3,s4,e1,e2,e3,e4,e5,k,p}'::text[]) AS n \g /dev/null
SELECT is(pg_temp.push('s1', pg_temp.run(1) || pg_temp.ran(1) || pg_temp.suspension('{1}')), 'ok ready 2/3', 'a suspension on what has just come is none');
SELECT is(pg_temp.push('s2', pg_temp.sleep(1) || pg_temp.suspension('{1}'), known => 1), 'ok suspended 2/2', 'a suspension');
SELECT is((SELECT concat_ws(' ', suspended_waiting_for_completions, suspended_waiting_for_signals) FROM restate.invocation WHERE id = pg_temp.id('s2')), '{1} {1}', 'on what it says');
SELECT is(pg_temp.push('s3', pg_temp.f('0001')), 'command_not_allowed RT0012', 'a suspension on nothing');
SELECT is(pg_temp.push('s3', pg_temp.sleep(1) || pg_temp.f('0001')), 'command_not_allowed RT0012', 'refuses what came with it');
SELECT is(pg_temp.journal('s3'), 'Input', 'which is not there');
SELECT is(pg_temp.push('s3', pg_temp.f('0001', pg_temp.t(3, 'go'), pg_temp.t(3, 'stop'))), 'ok suspended 1/1', 'a suspension on names');
SELECT is(restate_signal(pg_temp.id('s3'), 'stop') || ' ' || pg_temp.status('s3'), 'signalled ready', 'either of which wakes it');
SELECT is(restate_cancel(pg_temp.id('s4')), 'signalled', 'one that is cancelled');
SELECT is(pg_temp.push('s4', pg_temp.sleep(1) || pg_temp.suspension('{1}'), known => 2), 'ok suspended 2/3', 'and knows it is suspended');
SELECT is(pg_temp.push('e1', pg_temp.end_()), 'command_not_allowed RT0012', 'an end without an output');
SELECT is(pg_temp.push('e1', pg_temp.run(1) || pg_temp.end_()), 'command_not_allowed RT0012', 'whatever comes before it');
SELECT is(pg_temp.journal('e1'), 'Input', 'is not appended');
SELECT is(pg_temp.push('e1', pg_temp.output('')), 'ok 2/2', 'an output that is empty');
SELECT is(pg_temp.push('e1', pg_temp.end_()), 'ok completed 2/2', 'then the end by itself');
SELECT pg_temp.start('e7') \g /dev/null
SELECT is(pg_temp.push('e7', pg_temp.output('7')) || ', ' || pg_temp.push('e7', pg_temp.output('7') || pg_temp.end_(), 1), 'ok 2/2, ok completed 2/2', 'an output again, with the end');
SELECT is((SELECT convert_from(o.value, 'UTF8') FROM restate_output(pg_temp.id('e7')) AS o), '7', 'is the result');
SELECT is(pg_temp.push('e2', pg_temp.f('0401', pg_temp.b(15, pg_temp.n(1, 409) || pg_temp.t(2, 'no way') || pg_temp.b(3, pg_temp.t(1, 'a') || pg_temp.t(2, 'b')))) || pg_temp.end_()), 'ok completed 2/2', 'a failure');
SELECT is((SELECT concat_ws(' ', completion_failure, completion_failure_metadata) FROM restate.invocation WHERE id = pg_temp.id('e2')), '[409] no way [{"key": "a", "value": "b"}]', 'with what it says');
SELECT is(pg_temp.push('e3', pg_temp.run(1) || pg_temp.f('0002', pg_temp.n(1, 500), pg_temp.t(2, 'boom'), pg_temp.t(3, 'at line 1'), pg_temp.n(4, 1), pg_temp.t(5, 'one'), pg_temp.n(6, 1041), pg_temp.n(8, 5000))),
  'ok RT0007 backing-off 2/2', 'an error, after a step');
SELECT is((SELECT concat_ws(' | ', last_failure, last_failure_error_code, last_failure_related_command_index, last_failure_related_command_name, last_failure_related_command_type, next_retry_at - now())
  FROM restate.invocation WHERE id = pg_temp.id('e3')), E'[500 Internal] boom\nat line 1 | RT0007 | 1 | one | Run | 00:00:05', 'is kept as what the last attempt failed with');
SELECT is((SELECT e.event_json::jsonb - 'ty' FROM restate.journal_event AS e WHERE e.id = pg_temp.id('e3')),
  '{"error_code": 500, "error_message": "boom", "error_stacktrace": "at line 1", "restate_doc_error_code": "RT0007", "related_command_index": 1, "related_command_name": "one", "related_command_type": "Run"}', 'and as an event');
SELECT is(pg_temp.push(v.name, pg_temp.error(v.code, 'm')), 'ok ' || v.error_code || ' backing-off 1/1', 'an error ' || v.code) FROM (VALUES ('e4', 570, 'RT0016'), ('e5', 571, 'RT0012')) AS v (name, code, error_code);
SELECT is((SELECT string_agg(i.last_failure_error_code, ' ' ORDER BY n.name) FROM named AS n JOIN restate.invocation AS i USING (id) WHERE n.name IN ('e4', 'e5')), 'RT0016 RT0012', 'by which an SDK says that the journal is another');
SELECT pg_temp.start('e6') \g /dev/null
SELECT is((SELECT p.next_retry_at - now() FROM restate_push(ARRAY[pg_temp.id('e6')], ARRAY[pg_temp.attempt('e6')], ARRAY[pg_temp.error(70000, 'm')]) AS p), '0.5 s', 'when the next attempt comes');
SELECT is((SELECT last_failure FROM restate.invocation WHERE id = pg_temp.id('e6')), '[500 Internal] m', 'a code that none can have');
SELECT is((SELECT string_agg(last_failure, ', ' ORDER BY last_failure) FROM restate.invocation WHERE id IN (pg_temp.id('e4'), pg_temp.id('e5'))), '[570 Journal mismatch] m, [571 Protocol violation] m', 'codes have names');
SELECT pg_temp.start('k1', 'Killing') \g /dev/null
SELECT is(pg_temp.push('k1', pg_temp.f('0002', pg_temp.n(1, 500), pg_temp.t(2, 'boom'), pg_temp.t(3, 'at line 1'))), 'ok RT0007 completed 1/1', 'after the last attempt it can be the end');
SELECT is((SELECT o.failure FROM restate_output(pg_temp.id('k1')) AS o), '[500] boom', 'by the failure');
SELECT is(restate_pause(pg_temp.id('p')) || ' ' || pg_temp.push('p', pg_temp.error(500, 'm')), 'pausing ok RT0007 paused 1/1', 'or it is paused');
CREATE FUNCTION pg_temp.event(name text) RETURNS jsonb LANGUAGE sql VOLATILE AS 'SELECT e.event_json FROM restate.journal_event AS e WHERE e.id = pg_temp.id($1) ORDER BY e.event_index DESC LIMIT 1';
SELECT is(pg_temp.event('p'), '{"ty": "Paused", "last_failure": {"error_code": 500, "error_message": "m", "restate_doc_error_code": "RT0007"}}', 'which an event tells, with what it has failed by');
SELECT pg_temp.start('p2') \g /dev/null
SELECT is(restate_pause(pg_temp.id('p2')) || ' ' || pg_temp.push('p2', pg_temp.run(1) || pg_temp.ran(1)), 'pausing ok pausing 2/3 -> 8011 08012a030a0131', 'one that goes on is told that it is to pause');
SELECT is(pg_temp.push('p2', '', 2, 2), 'ok pausing 2/3 -> 8011 08012a030a0131', 'also where it asks for news');
SELECT is(pg_temp.push('p2', pg_temp.suspension('{1}'), known => 3), 'ok paused 2/3', 'it pauses when it suspends');
SELECT is(pg_temp.event('p2'), '{"ty": "Paused"}', 'which an event tells, too');
SELECT pg_temp.well('ends');

-- what each message is for: the same entries as JSON come to the same journal
CREATE TEMP TABLE example (n int GENERATED ALWAYS AS IDENTITY, service text, handler text, entries jsonb[], frames bytea[]);
CREATE FUNCTION pg_temp.command(kind text, body text) RETURNS jsonb LANGUAGE sql AS $$ SELECT jsonb_build_object('Command', jsonb_build_object(kind, body::jsonb)) $$;
SELECT pg_temp.start('waits') \g /dev/null
SELECT pg_temp.start('ended') \g /dev/null
SELECT pg_temp.push('ended', pg_temp.output('7') || pg_temp.end_()) \g /dev/null
INSERT INTO example (service, handler, entries, frames) SELECT v.service, v.handler, ARRAY[pg_temp.command(v.kind, v.body)], ARRAY[v.frame]
FROM (VALUES
  ('Order', 'run', 'Run', '{"completion_id": 1, "name": "r"}', pg_temp.run(1, 'r')),
  ('Order', 'run', 'Sleep', '{"completion_id": 1, "wake_up_time": 4102444800000, "name": "n"}', pg_temp.f('040c', pg_temp.n(1, 4102444800000), pg_temp.n(11, 1), pg_temp.t(12, 'n'))),
  ('Order', 'run', 'Sleep', '{"completion_id": 1, "wake_up_time": 18446744073709551615}', pg_temp.f('040c', pg_temp.n(1, 18446744073709551615), pg_temp.n(11, 1))),
  ('Order', 'run', 'Sleep', '{"completion_id": 4294967295, "wake_up_time": 1}', pg_temp.f('040c', pg_temp.n(1, 1), pg_temp.n(11, 4294967295))),
  ('Order', 'run', 'Output', '{"result": {"Success": [0, 255]}}', pg_temp.f('0401', pg_temp.value(14, '\x00ff'))),
  ('Order', 'run', 'Output', '{"result": {"Failure": {"code": 409, "message": "no"}}}', pg_temp.f('0401', pg_temp.failure(15, 409, 'no'))),
  ('Order', 'run', 'Call', '{"request": {"invocation_target": {"Service": {"name": "Order", "handler": "run"}}, "parameter": [49]}, "invocation_id_completion_id": 1, "result_completion_id": 2}',
    pg_temp.call('Order', 'run', '', 1)),
  ('Order', 'run', 'Call', '{"request": {"invocation_target": {"VirtualObject": {"name": "Counter", "key": "k", "handler": "add"}}, "parameter": [49], "headers": [{"name": "b", "value": "1"}, {"name": "a", "value": "2"}]}, "invocation_id_completion_id": 1, "result_completion_id": 2, "name": "c"}',
    pg_temp.f('040d', pg_temp.t(1, 'Counter'), pg_temp.t(2, 'add'), pg_temp.b(3, '1'), pg_temp.b(4, pg_temp.t(1, 'b') || pg_temp.t(2, '1')), pg_temp.b(4, pg_temp.t(1, 'a') || pg_temp.t(2, '2')), pg_temp.t(5, 'k'), pg_temp.n(10, 1), pg_temp.n(11, 2), pg_temp.t(12, 'c'))),
  ('Order', 'run', 'Call', '{"request": {"invocation_target": {"VirtualObject": {"name": "Counter", "key": "", "handler": "see"}}, "parameter": [49]}, "invocation_id_completion_id": 1, "result_completion_id": 2}',
    pg_temp.call('Counter', 'see', '', 1)),
  ('Order', 'run', 'OneWayCall', '{"request": {"invocation_target": {"Workflow": {"name": "Flow", "key": "w", "handler": "see"}}, "parameter": [49], "idempotency_key": "i"}, "invoke_time": 4102444800000, "invocation_id_completion_id": 1}',
    pg_temp.f('040e', pg_temp.t(1, 'Flow'), pg_temp.t(2, 'see'), pg_temp.b(3, '1'), pg_temp.n(4, 4102444800000), pg_temp.t(6, 'w'), pg_temp.t(7, 'i'), pg_temp.n(10, 1))),
  ('Order', 'run', 'SendSignal', format('{"target_invocation_id": "%s", "signal_id": {"Name": "go"}, "result": {"Success": [1]}}', pg_temp.id('waits')),
    pg_temp.f('0410', pg_temp.t(1, pg_temp.id('waits')::text), pg_temp.t(3, 'go'), pg_temp.value(5, '\x01'))),
  ('Order', 'run', 'SendSignal', format('{"target_invocation_id": "%s", "signal_id": {"Index": 1}, "result": "Void"}', pg_temp.id('waits')),
    pg_temp.f('0410', pg_temp.t(1, pg_temp.id('waits')::text), pg_temp.n(2, 1), pg_temp.b(4, ''))),
  ('Order', 'run', 'SendSignal', format('{"target_invocation_id": "%s", "signal_id": {"Index": 17}, "result": {"Failure": {"code": 1, "message": "f"}}}', pg_temp.id('waits')),
    pg_temp.f('0410', pg_temp.t(1, pg_temp.id('waits')::text), pg_temp.n(2, 17), pg_temp.failure(6, 1, 'f'))),
  ('Order', 'run', 'AttachInvocation', format('{"target": {"InvocationId": "%s"}, "completion_id": 1}', pg_temp.id('ended')), pg_temp.f('0412', pg_temp.t(1, pg_temp.id('ended')::text), pg_temp.n(11, 1))),
  ('Order', 'run', 'AttachInvocation', '{"target": {"Workflow": {"service_name": "Flow", "key": "none"}}, "completion_id": 1}', pg_temp.f('0412', pg_temp.b(4, pg_temp.t(1, 'Flow') || pg_temp.t(2, 'none')), pg_temp.n(11, 1))),
  ('Order', 'run', 'GetInvocationOutput', '{"target": {"IdempotentRequest": {"service_name": "Order", "service_key": null, "service_handler": "run", "idempotency_key": "i"}}, "completion_id": 1}',
    pg_temp.f('0413', pg_temp.b(3, pg_temp.t(1, 'Order') || pg_temp.t(3, 'run') || pg_temp.t(4, 'i')), pg_temp.n(11, 1))),
  ('Order', 'run', 'GetInvocationOutput', '{"target": {"IdempotentRequest": {"service_name": "Counter", "service_key": "k", "service_handler": "add", "idempotency_key": "i"}}, "completion_id": 1}',
    pg_temp.f('0413', pg_temp.b(3, pg_temp.t(1, 'Counter') || pg_temp.t(2, 'k') || pg_temp.t(3, 'add') || pg_temp.t(4, 'i')), pg_temp.n(11, 1))),
  ('Order', 'run', 'CompleteAwakeable', '{"id": "sign_1ASNFZ4mrze_-3LqYdlQyEA_ty6mHZUMhAAAAEQ", "result": {"Success": []}}', pg_temp.f('0414', pg_temp.t(1, 'sign_1ASNFZ4mrze_-3LqYdlQyEA_ty6mHZUMhAAAAEQ'), pg_temp.b(2, ''))),
  ('Counter', 'add', 'GetLazyState', '{"key": "s", "completion_id": 1}', pg_temp.f('0402', pg_temp.t(1, 's'), pg_temp.n(11, 1))),
  ('Counter', 'add', 'GetLazyStateKeys', '{"completion_id": 1}', pg_temp.f('0406', pg_temp.n(11, 1))),
  ('Counter', 'add', 'SetState', '{"key": "s", "value": [1, 2]}', pg_temp.f('0403', pg_temp.t(1, 's'), pg_temp.value(3, '\x0102'))),
  ('Counter', 'add', 'ClearState', '{"key": "s"}', pg_temp.f('0404', pg_temp.t(1, 's'))),
  ('Counter', 'add', 'ClearAllState', '{}', pg_temp.f('0405')),
  ('Counter', 'see', 'GetEagerState', '{"key": "s", "result": "Void"}', pg_temp.f('0407', pg_temp.t(1, 's'), pg_temp.b(13, ''))),
  ('Counter', 'see', 'GetEagerState', '{"key": "s", "result": {"Success": []}}', pg_temp.f('0407', pg_temp.t(1, 's'), pg_temp.b(14, ''))),
  ('Counter', 'see', 'GetEagerStateKeys', '{"state_keys": ["a", "b"]}', pg_temp.f('0408', pg_temp.b(14, pg_temp.t(1, 'a') || pg_temp.t(1, 'b')))),
  ('Flow', 'run', 'GetPromise', '{"key": "p", "completion_id": 1}', pg_temp.f('0409', pg_temp.t(1, 'p'), pg_temp.n(11, 1))),
  ('Flow', 'see', 'PeekPromise', '{"key": "p", "completion_id": 1}', pg_temp.f('040a', pg_temp.t(1, 'p'), pg_temp.n(11, 1))),
  ('Flow', 'see', 'CompletePromise', '{"key": "p", "value": {"Success": [1]}, "completion_id": 1}', pg_temp.f('040b', pg_temp.t(1, 'p'), pg_temp.value(2, '\x01'), pg_temp.n(11, 1))),
  ('Flow', 'see', 'CompletePromise', '{"key": "p", "value": {"Failure": {"code": 1, "message": "f"}}, "completion_id": 1}', pg_temp.f('040b', pg_temp.t(1, 'p'), pg_temp.failure(3, 1, 'f'), pg_temp.n(11, 1)))
) AS v (service, handler, kind, body, frame);
INSERT INTO example (service, handler, entries, frames) VALUES ('Order', 'run',
  ARRAY[pg_temp.command('Run', '{"completion_id": 1}'), '{"Notification": {"Completion": {"Run": {"completion_id": 1, "result": {"Success": []}}}}}'], ARRAY[pg_temp.run(1), pg_temp.f('0005', pg_temp.n(1, 1), pg_temp.b(14, ''))]),
  ('Order', 'run', ARRAY[pg_temp.command('Run', '{"completion_id": 1}'), '{"Notification": {"Completion": {"Run": {"completion_id": 1, "result": {"Failure": {"code": 5, "message": "f", "metadata": [{"key": "a", "value": "b"}]}}}}}}'],
    ARRAY[pg_temp.run(1), pg_temp.f('0005', pg_temp.n(1, 1), pg_temp.b(15, pg_temp.n(1, 5) || pg_temp.t(2, 'f') || pg_temp.b(3, pg_temp.t(1, 'a') || pg_temp.t(2, 'b'))))]);
SELECT is((SELECT string_agg(t::text, ', ') FROM unnest(enum_range(NULL::restate.entry_type)) AS t
  WHERE (restate.is_command(t) AND t <> 'Command: Input' OR t = 'Notification: Run')
    AND NOT EXISTS (SELECT FROM example AS e, unnest(e.entries) AS x WHERE x #> ARRAY['Command', replace(t::text, 'Command: ', '')] IS NOT NULL OR (t = 'Notification: Run' AND x ? 'Notification'))),
  NULL, 'there is an example of each that an attempt sends');

-- The journal, with names for what is random.
CREATE FUNCTION pg_temp.written(invocation restate_invocation_id) RETURNS jsonb LANGUAGE sql VOLATILE AS $$
  SELECT jsonb_agg(jsonb_build_array(j.index, j.entry_type, j.name, regexp_replace(j.entry_json, 'inv_1\w{33}', CASE WHEN j.entry_json ~ 'target_invocation_id|InvocationId' AND j.entry_type::text ~ 'Command' THEN '\&' ELSE 'inv' END, 'g')::jsonb) ORDER BY j.index)
  FROM restate.sys_journal AS j WHERE j.id = invocation
$$;
CREATE TEMP TABLE compared (n int, as_json jsonb, as_frames jsonb, again text, answered text, answers text);
DO $$
DECLARE
  e example; made restate_invocation_id; attempt bigint; json jsonb; frames jsonb; again text; answered text; answers text;
BEGIN
  FOR e IN SELECT * FROM example ORDER BY n LOOP
    BEGIN
      SELECT s.id, s.attempt INTO made, attempt FROM restate_submit(e.service, e.handler, '1', CASE WHEN e.service <> 'Order' THEN 'k' || e.n END, claim_for => 'w') AS s;
      PERFORM restate_append(made, attempt, 1, e.entries);
      json := pg_temp.written(made);
      SELECT p.ok || coalesce(' ' || p.message, '') INTO again
        FROM restate_push(ARRAY[made], ARRAY[attempt], ARRAY[(SELECT string_agg(f, '' ORDER BY o) FROM unnest(e.frames) WITH ORDINALITY AS u (f, o))], '{1}', '{1}') AS p;
      again := again || ' ' || (pg_temp.written(made) = json);
      RAISE 'undone' USING ERRCODE = 'ZZ000';
    EXCEPTION WHEN SQLSTATE 'ZZ000' THEN
    END;
    BEGIN
      SELECT s.id, s.attempt INTO made, attempt FROM restate_submit(e.service, e.handler, '1', CASE WHEN e.service <> 'Order' THEN 'k' || e.n END, claim_for => 'w') AS s;
      SELECT pg_temp.shown(p.reply) INTO answered
        FROM restate_push(ARRAY[made], ARRAY[attempt], ARRAY[(SELECT string_agg(f, '' ORDER BY o) FROM unnest(e.frames) WITH ORDINALITY AS u (f, o))]) AS p;
      frames := pg_temp.written(made);
      SELECT pg_temp.shown(string_agg(restate.entry_frame(j.entry_type, j.name, j.completion_id, j.result_completion_id, j.invoked_id, j.signal_index, j.signal_name, j.meta, j.payload), '' ORDER BY j.index))
        INTO answers FROM restate.journal AS j WHERE j.id = made AND NOT restate.is_command(j.entry_type);
      RAISE 'undone' USING ERRCODE = 'ZZ000';
    EXCEPTION WHEN SQLSTATE 'ZZ000' THEN
    END;
    INSERT INTO compared VALUES (e.n, json, frames, again, answered, answers);
  END LOOP;
END $$;
SELECT is(c.as_frames, c.as_json, 'as a frame and as JSON: ' || left(e.entries[1]::text, 100)) FROM compared AS c JOIN example AS e USING (n) ORDER BY n;
SELECT cmp_ok(jsonb_array_length(c.as_json), '>', 1, 'it is appended: ' || left(e.entries[1]::text, 100)) FROM compared AS c JOIN example AS e USING (n) ORDER BY n;
SELECT is(c.again, 'true true', 'a frame repeats what JSON has appended: ' || left(e.entries[1]::text, 100)) FROM compared AS c JOIN example AS e USING (n) ORDER BY n;
SELECT is(coalesce(c.answered, ''), coalesce(c.answers, ''), 'what answers it goes back: ' || left(e.entries[1]::text, 100)) FROM compared AS c JOIN example AS e USING (n) ORDER BY n;
SELECT is(pg_temp.push('waits', ''), 'ok 1/1', 'nothing is left of them');
SELECT pg_temp.well('each message');

-- what comes back, byte for byte
SELECT pg_temp.start('obj', 'Counter', 'add', 'r') \g /dev/null
SELECT is(pg_temp.push('obj', pg_temp.f('0403', pg_temp.t(1, 's'), pg_temp.value(3, '5')) || pg_temp.f('0402', pg_temp.t(1, 's'), pg_temp.n(11, 1)) || pg_temp.f('0402', pg_temp.t(1, 'none'), pg_temp.n(11, 2))
  || pg_temp.f('0406', pg_temp.n(11, 3))), 'ok 5/8 -> 8002 08012a030a0135; 8002 08022200; 8006 08038a01030a0173', 'state');
SELECT pg_temp.push('obj', pg_temp.call('Order', 'run', '', 4)) AS called \gset
INSERT INTO named SELECT 'callee', c.id, c.attempt FROM restate_claim('w', '{Order}', 100) AS c JOIN restate.invocation AS i USING (id) WHERE i.invoked_by_id = pg_temp.id('obj');
SELECT is(pg_temp.labelled(:'called'), 'ok 6/10 -> 800e 0804820126<callee>', 'the id of a callee');
SELECT is(pg_temp.push('callee', pg_temp.output('9') || pg_temp.end_()), 'ok completed 2/2', 'who completes');
SELECT is(pg_temp.push('obj', pg_temp.sleep(6, '-1 h'), known => 10), 'ok 7/13 -> 800d 08052a030a0139; 800c 08062200', 'its result, and a sleep that is over');

-- what is refused
SELECT pg_temp.start('r1') \g /dev/null
SELECT pg_temp.start('r2', 'Counter', 'see', 'r') \g /dev/null
SELECT is(pg_temp.push(v.name, v.frames), v.said, 'refused: ' || v.what)
FROM (VALUES
  ('r1', substring(pg_temp.run(1) FROM 1 FOR 7), 'invalid_body RT0012', 'a frame without its head'),
  ('r1', substring(pg_temp.run(1) FROM 1 FOR 9), 'invalid_body RT0012', 'half a frame'),
  ('r1', pg_temp.run(1) || '\x04', 'invalid_body RT0012', 'a part of a second one'),
  ('r1', '\x0411000002000001'::bytea, 'invalid_body RT0012', 'a frame of more than 32 MiB'),
  ('r1', pg_temp.f('0415'), 'invalid_body RT0012', 'no message'),
  ('r1', pg_temp.f('fc00'), 'invalid_body RT0012', 'a message of others'),
  ('r1', '\x0411800000000000'::bytea, 'invalid_body RT0012', 'flags'),
  ('r1', pg_temp.f('0411', '\xff'), 'invalid_body RT0012', 'no protobuf'),
  ('r1', pg_temp.f('0000'), 'command_not_allowed RT0012', 'a Start'),
  ('r1', pg_temp.f('0400', pg_temp.b(14, '')), 'command_not_allowed RT0012', 'an Input'),
  ('r1', pg_temp.f('8011', pg_temp.n(1, 1), pg_temp.b(5, '')), 'command_not_allowed RT0012', 'a notification'),
  ('r1', pg_temp.f('fbff', pg_temp.n(2, 1), pg_temp.b(4, '')), 'command_not_allowed RT0012', 'a signal'),
  ('r1', pg_temp.f('0004'), 'command_not_allowed RT0012', 'an acknowledgement'),
  ('r1', pg_temp.f('0412', pg_temp.t(1, 'inv_2'), pg_temp.n(11, 1)), 'invalid_invocation_id RT0012', 'a malformed id'),
  ('r1', pg_temp.f('0410', pg_temp.t(1, 'x'), pg_temp.n(2, 1), pg_temp.b(4, '')), 'invalid_invocation_id RT0012', 'another one'),
  ('r1', pg_temp.f('0414', pg_temp.t(1, 'x'), pg_temp.b(2, '')), 'invalid_body RT0012', 'a malformed id of an awakeable'),
  ('r1', pg_temp.f('0401', pg_temp.failure(15, 65536, 'm')), 'invalid_body RT0012', 'a code of a failure'),
  ('r1', pg_temp.call('None', 'run', '', 1), 'handler_not_found RT0018', 'a call of no service'),
  ('r1', pg_temp.call('Order', 'none', '', 1), 'handler_not_found RT0018', 'or no handler'),
  ('r1', pg_temp.call('Order', 'run', 'k', 1), 'invalid_body RT0017', 'a call of a service with a key'),
  ('r1', pg_temp.call('Order', 'run', '', 1, ''), 'command_not_allowed RT0017', 'or an empty idempotency key'),
  ('r1', pg_temp.call('Flow', 'run', 'k', 1, 'i'), 'invalid_body RT0017', 'a call of a run with one'),
  ('r1', pg_temp.f('0403', pg_temp.t(1, 's'), pg_temp.value(3, '5')), 'command_not_allowed RT0017', 'state of a service'),
  ('r2', pg_temp.f('0403', pg_temp.t(1, 's'), pg_temp.value(3, '5')), 'command_not_allowed RT0017', 'state changed by a shared handler'),
  ('r1', pg_temp.f('0409', pg_temp.t(1, 'p'), pg_temp.n(11, 1)), 'command_not_allowed RT0017', 'a promise of no workflow'),
  ('r1', pg_temp.f('0403', pg_temp.t(1, repeat('k', 16385)), pg_temp.value(3, '5')), 'invalid_body RT0012', 'a key that is too long'),
  ('r1', pg_temp.f('0403', pg_temp.b(1, '\xff'), pg_temp.value(3, '5')), 'invalid_body RT0012', 'a key that is no text'),
  ('r1', pg_temp.f('0411', pg_temp.n(11, 1), pg_temp.b(12, '\x6100')), 'invalid_body RT0012', 'NUL in a name'),
  ('r1', pg_temp.f('0403', pg_temp.b(1, '\x6100'), pg_temp.value(3, '5')), 'invalid_body RT0012', 'in a key'),
  ('r1', pg_temp.f('0414', pg_temp.b(1, '\x00'), pg_temp.b(2, '')), 'invalid_body RT0012', 'in an id'),
  ('r1', pg_temp.f('040d', pg_temp.b(1, '\x00')), 'invalid_body RT0012', 'in a service'),
  ('r1', pg_temp.f('040e', pg_temp.t(1, 'Order'), pg_temp.t(2, 'run'), pg_temp.b(5, pg_temp.b(1, '\x00') || pg_temp.t(2, 'v'))), 'invalid_body RT0012', 'in a header'),
  ('r1', pg_temp.f('0410', pg_temp.t(1, pg_temp.id('r1')::text), pg_temp.b(3, '\x00'), pg_temp.b(4, '')), 'invalid_body RT0012', 'in the name of a signal'),
  ('r1', pg_temp.f('0001', pg_temp.b(3, '\x00')), 'invalid_body RT0012', 'in one that is waited for'),
  ('r1', pg_temp.f('0410', pg_temp.t(1, pg_temp.id('r1')::text), pg_temp.n(2, 17), pg_temp.failure(6, 1, '\x00')), 'invalid_body RT0012', 'in a failure that is sent'),
  ('r1', pg_temp.f('0401', pg_temp.b(15, pg_temp.b(3, pg_temp.b(1, '\x00')))), 'invalid_body RT0012', 'in what a failure says beside its message'),
  ('r1', pg_temp.f('0408', pg_temp.b(14, (SELECT string_agg('\x0a00'::bytea, '') FROM generate_series(1, 65537)))), 'invalid_body RT0012', 'a list that is too long'),
  ('r1', pg_temp.f('0001', pg_temp.b(1, (SELECT string_agg('\x01'::bytea, '') FROM generate_series(1, 65537)))), 'invalid_body RT0012', 'one of what is waited for'),
  ('r1', (SELECT string_agg(pg_temp.run(i), '') FROM generate_series(1, 10001) AS i), 'invalid_body RT0012', 'more frames than one call takes')) AS v (name, frames, said, what);
SELECT is(pg_temp.journal(n), 'Input', 'nothing of it is there') FROM unnest('{r1,r2}'::text[]) AS n;
SELECT is((SELECT count(*) FROM restate.invocation WHERE invoked_by_id = pg_temp.id('r1')), 0::bigint, 'nor what it called');
SELECT is(pg_temp.why('r1', pg_temp.run(1) || pg_temp.f('0411', pg_temp.n(11, 1), pg_temp.b(12, '\x6100'))), 'frame 2: Command: Run: name has a character that no text of the database can hold', 'a message names the frame and its field');
SELECT is(pg_temp.why('r1', pg_temp.run(1) || '\x04'), 'frame 2: it is not all there', 'or what is wrong with it');
SELECT is(pg_temp.push('r1', pg_temp.f('0401', pg_temp.failure(15, 1, '\x610062'))), 'ok 2/2', 'NUL in the message of an output');
SELECT is((SELECT j.meta #>> '{result,Failure,message}' FROM restate.journal AS j WHERE j.id = pg_temp.id('r1') AND j.index = 1), U&'a\FFFDb', 'is replaced');
SELECT is(pg_temp.push('r1', pg_temp.run(1) || pg_temp.f('0005', pg_temp.n(1, 1), pg_temp.failure(15, 1, '\x00'))), 'ok 3/4 -> 8011 0801320708011203efbfbd', 'so is that of a run');
SELECT is(pg_temp.push('r1', pg_temp.f('0002', pg_temp.n(1, 1), pg_temp.b(2, '\x00'), pg_temp.b(3, '\x00'), pg_temp.b(5, '\x00'))), 'ok RT0007 backing-off 3/4', 'and that of an error');
SELECT is((SELECT concat_ws(' ', last_failure, last_failure_related_command_name) FROM restate.invocation WHERE id = pg_temp.id('r1')), U&'[1] \FFFD' || E'\n' || U&'\FFFD \FFFD', 'with all else that it says');
SELECT pg_temp.well('refusals');

-- the arguments
SELECT is(pg_temp.told($q$SELECT string_agg(concat_ws(' ', p.ordinality, p.ok, p.category, p.error_code), ', ') FROM restate_push($q$ || v.arguments || ') AS p'), v.said, 'push ' || v.arguments)
FROM (VALUES ($$NULL, NULL, NULL$$, NULL), ($$'{}', '{}', '{}'$$, NULL), ($$'{NULL}', '{1}', '{""}'$$, '1 f invalid_invocation_id'),
  ($$ARRAY[restate_new_invocation_id()], '{NULL}', '{""}'$$, '1 f invalid_query_parameter'), ($$ARRAY[restate_new_invocation_id()], '{1}', '{NULL}'$$, '1 f invalid_query_parameter'),
  ($$ARRAY[restate_new_invocation_id()], '{1}', '{""}', '{-1}'$$, '1 f invalid_query_parameter'), ($$ARRAY[restate_new_invocation_id()], '{1}', '{""}', NULL, '{-1}'$$, '1 f invalid_query_parameter'),
  ($$ARRAY[restate_new_invocation_id()], '{1}', '{""}', '{NULL}', '{NULL}'$$, '1 f invocation_not_found'),
  ($$'{NULL}', '{}', '{""}'$$, 'PT400 invalid_query_parameter'), ($$'{NULL}', '{1}', NULL$$, 'PT400 invalid_query_parameter'), ($$'{}', '{1}', '{}'$$, 'PT400 invalid_query_parameter'),
  ($$'{NULL}', '{1}', '{""}', '{}'$$, 'PT400 invalid_query_parameter'), ($$'{NULL}', '{1}', '{""}', NULL, '{1,2}'$$, 'PT400 invalid_query_parameter')) AS v (arguments, said);

-- many at once: each by itself
CREATE FUNCTION pg_temp.push_all(names text[], frames bytea[]) RETURNS text LANGUAGE sql VOLATILE AS $$
  SELECT string_agg(concat_ws(' ', names[p.ordinality], CASE WHEN p.ok THEN 'ok' END, p.category, p.status, p.commands || '/' || p.entries), ', ' ORDER BY p.ordinality)
  FROM (SELECT array_agg(coalesce(n.id, restate_new_invocation_id()) ORDER BY u.o) AS ids, array_agg(coalesce(n.attempt, 1) ORDER BY u.o) AS attempts
      FROM unnest(names) WITH ORDINALITY AS u (name, o) LEFT JOIN named AS n USING (name)) AS a,
    LATERAL restate_push(a.ids, a.attempts, frames) AS p
$$;
SELECT pg_temp.start(n) FROM unnest('{m1,m2,m3,m4,m5}'::text[]) AS n \g /dev/null
UPDATE named SET attempt = attempt + 1 WHERE name = 'm2';
SELECT is(pg_temp.push_all('{m1,m2,none,m3,m4}', ARRAY[pg_temp.run(1), pg_temp.run(1), pg_temp.run(1), '\x01', pg_temp.run(1) || pg_temp.ran(1)]),
  'm1 ok 2/2, m2 attempt_lost, none invocation_not_found, m3 invalid_body, m4 ok 2/3', 'one is lost, one is not there, one is refused');
UPDATE named SET attempt = attempt - 1 WHERE name = 'm2';
SELECT is((SELECT string_agg(pg_temp.journal(n), ', ' ORDER BY n) FROM unnest('{m1,m2,m3,m4}'::text[]) AS n), 'Input Run, Input, Input, Input Run <Run', 'the others are appended to');
SELECT is(pg_temp.push_all('{m1,m2,m3,m1}', ARRAY[pg_temp.ran(1) || pg_temp.output() || pg_temp.end_(), pg_temp.sleep(1) || pg_temp.suspension('{1}'), pg_temp.error(500, 'm'), pg_temp.run(2)]),
  'm1 ok completed 3/4, m2 ok suspended 2/2, m3 ok backing-off 1/1, m1 invalid_query_parameter', 'ends of each kind; an attempt twice');
SELECT pg_temp.well('many');
SELECT pg_temp.start(n) FROM unnest('{x1,x2,x3}'::text[]) AS n \g /dev/null
SELECT pg_temp.start('y', 'Counter', 'see', 'y') \g /dev/null
SELECT is(pg_temp.push_all('{x1,x2,x3,y}', ARRAY[
    pg_temp.f('0410', pg_temp.t(1, pg_temp.id('x2')::text), pg_temp.t(3, 'go'), pg_temp.b(4, '')),
    pg_temp.f('0412', pg_temp.t(1, pg_temp.id('x3')::text), pg_temp.n(11, 1)) || pg_temp.f('0001', pg_temp.n(1, 1), pg_temp.t(3, 'go')),
    pg_temp.output('3') || pg_temp.end_(),
    pg_temp.f('0413', pg_temp.t(1, pg_temp.id('x3')::text), pg_temp.n(11, 1))]),
  'x1 ok 2/2, x2 ok ready 2/4, x3 ok completed 2/2, y ok 2/3', 'one signals the second, which attaches to the third: as if one after the other');
SELECT is(pg_temp.journal('x2'), 'Input <Signal AttachInvocation <AttachInvocation', 'what came of it is in its order');
SELECT is((SELECT encode(j.payload, 'escape') FROM restate.journal AS j WHERE j.id = pg_temp.id('y') AND j.index = 2), '3', 'the last one has the result');
SELECT pg_temp.well('crossing');

-- who waits for one that ends in the same call, and the next of its object
SELECT pg_temp.start('c', 'Counter', 'add', 'z') \g /dev/null
SELECT pg_temp.start('d', 'Counter', 'add', 'z') \g /dev/null
SELECT pg_temp.start('w1') \g /dev/null
SELECT is(pg_temp.push('w1', pg_temp.f('0412', pg_temp.t(1, pg_temp.id('c')::text), pg_temp.n(11, 1)) || pg_temp.suspension('{1}')), 'ok suspended 2/2', 'one waits');
SELECT is(pg_temp.push_all('{m4,c}', ARRAY[pg_temp.run(2), pg_temp.output('5') || pg_temp.end_()]), 'm4 ok 3/4, c ok completed 2/2', 'for one that completes beside another');
SELECT is(pg_temp.status('w1') || ' ' || pg_temp.status('d'), 'ready ready', 'it wakes, and so does the next of the object');
SELECT pg_temp.well('an end beside another');

-- what is refused has made neither object keys nor promises
SELECT pg_temp.start('f', 'Flow', 'run', 'f') \g /dev/null
SELECT is(pg_temp.push_all('{f,m5}', ARRAY[pg_temp.f('0409', pg_temp.t(1, 'p'), pg_temp.n(11, 1)) || pg_temp.ran(9), pg_temp.call('Counter', 'add', 'made', 1)]), 'f journal_mismatch, m5 ok 2/3', 'a promise, and a result of no run');
SELECT is((SELECT count(*) FROM restate.promise WHERE service_key = 'f'), 0::bigint, 'leave no promise');
SELECT is(pg_temp.push_all('{f,m5}', ARRAY[pg_temp.f('040b', pg_temp.t(1, 'p'), pg_temp.value(2, '1'), pg_temp.n(11, 1)) || pg_temp.f('0409', pg_temp.t(1, 'p'), pg_temp.n(11, 2)), pg_temp.call('Counter', 'add', 'unmade', 3) || pg_temp.ran(9)]),
  'f ok 3/5, m5 journal_mismatch', 'a call of an object, and a result of no run');
SELECT is((SELECT string_agg(service_key, ' ') FROM restate.object_key WHERE service_key LIKE '%made'), 'made', 'leave no object key');
SELECT pg_temp.start('g', 'Flow', 'see', 'f') \g /dev/null
SELECT is(pg_temp.push_all('{f,g}', ARRAY[pg_temp.f('0409', pg_temp.t(1, 'q'), pg_temp.n(11, 3)) || pg_temp.suspension('{3}'), pg_temp.f('040b', pg_temp.t(1, 'q'), pg_temp.value(2, '1'), pg_temp.n(11, 1))]),
  'f ok suspended 4/7, g ok 2/3', 'one waits for a promise that the next one completes');
SELECT is(pg_temp.status('f'), 'ready', 'and wakes');
-- state of one object, of two at once
SELECT pg_temp.start('o1', 'Counter', 'add', 'both') \g /dev/null
SELECT pg_temp.start('o2', 'Counter', 'see', 'both') \g /dev/null
SELECT is(pg_temp.push_all('{o1,o2}', ARRAY[pg_temp.f('0403', pg_temp.t(1, 's'), pg_temp.value(3, '5')), pg_temp.f('0402', pg_temp.t(1, 's'), pg_temp.n(11, 1))]), 'o1 ok 2/2, o2 ok 2/3', 'one sets state that the next one reads');
SELECT is((SELECT encode(j.payload, 'escape') FROM restate.journal AS j WHERE j.id = pg_temp.id('o2') AND j.index = 2), '5', 'as it is then');
SELECT is(pg_temp.push_all('{o1,o2}', ARRAY[pg_temp.f('0405') || pg_temp.f('0403', pg_temp.t(1, 't'), pg_temp.value(3, '6')), pg_temp.f('0406', pg_temp.n(11, 2))]), 'o1 ok 4/4, o2 ok 3/5', 'one clears all of it');
SELECT is((SELECT j.meta::text FROM restate.journal AS j WHERE j.id = pg_temp.id('o2') AND j.index = 4), '{"state_keys": ["t"]}', 'before the next one asks');
SELECT pg_temp.well('sharing');

-- what an attempt begins with: Start, with the state of its object, and all entries
SELECT restate_hold(s) FROM unnest('{Order,Flow}'::text[]) AS s \g /dev/null
CREATE FUNCTION pg_temp.claimed(service text) RETURNS text LANGUAGE sql VOLATILE AS $$
  SELECT string_agg(concat_ws(' | ', c.commands || '/' || c.entries, c.journal IS NULL, c.protocol_version, encode(c.input, 'escape'),
    replace(pg_temp.shown(c.request), encode(restate_invocation_id_send(c.id), 'hex') || '1226' || encode(c.id::text::bytea, 'hex'), '<id>')), ', ')
  FROM restate_claim('w', ARRAY[service], frames => true) AS c
$$;
-- Submits, with a seed that is known.
CREATE FUNCTION pg_temp.submit(name text, service text, handler text, key text, seed bigint) RETURNS void LANGUAGE sql VOLATILE AS $$
  INSERT INTO named SELECT name, s.id FROM restate_submit(service, handler, 'in', key, '[{"name": "a", "value": "b"}]') AS s;
  UPDATE restate.invocation SET random_seed = seed WHERE id = pg_temp.id(name)
$$;
CREATE FUNCTION pg_temp.state(service text, key text, name text, value bytea) RETURNS void LANGUAGE sql VOLATILE AS $$
  INSERT INTO restate.object_state (service_name, service_key, key, partition_key, value) SELECT service, key, name, i.partition_key, value FROM restate.invocation AS i WHERE i.target_service_name = service AND i.target_service_key = key LIMIT 1
$$;
SELECT pg_temp.submit('q1', 'Killing', 'run', NULL, -1) \g /dev/null
SELECT is(pg_temp.claimed('Killing'), '1/1 | t | 6 | in | 0000 0a18<id>1801280148ffffffffffffffffff01; 0400 0a060a01611201627204' || '0a02696e', 'of a service: partial, without state; the seed is a u64');
SELECT pg_temp.submit('q2', 'Counter', 'see', 'st', 1) \g /dev/null
SELECT pg_temp.state('Counter', 'st', 'y', '\x00ff'), pg_temp.state('Counter', 'st', 'x', '') \g /dev/null
UPDATE restate.invocation SET last_entry_at = now() - interval '1.5 s', entry_retry_count = 2 WHERE id = pg_temp.id('q2');
SELECT is((SELECT string_agg(x, ' ') FROM (SELECT pg_temp.claimed('Counter') AS x FROM generate_series(1, 10)) AS c WHERE x ~ '02737438'), '1/1 | t | 6 | in | 0000 0a18<id>1801220' || '3' || '0a0178' || '22070a01791202' || '00ff' || '3202737438024' || '0dc0b' || '4801; 0400 0a060a016112016272040a02696e',
  'of an object: its key, all of its state, how many attempts failed since the last entry, how long ago');
SELECT pg_temp.submit('q3', 'Lazy', 'add', 'l', 1) \g /dev/null
SELECT pg_temp.state('Lazy', 'l', 'x', '1') \g /dev/null
SELECT is(pg_temp.claimed('Lazy'), '1/1 | t | 6 | in | 0000 0a18<id>1801280132016c4801; 0400 0a060a016112016272040a02696e', 'of one that asks for its state: partial');
SELECT pg_temp.submit('q4', 'Counter', 'see', 'big', 1) \g /dev/null
SELECT pg_temp.state('Counter', 'big', 'x', decode(repeat('00', 1048576), 'hex')) \g /dev/null
SELECT is(pg_temp.claimed('Counter'), '1/1 | t | 6 | in | 0000 0a18<id>1801280132036269674801; 0400 0a060a016112016272040a02696e', 'of more than 1 MiB of it: partial too');

-- The commands of a real SDK, written as it wrote them.
\set content `cat test/conformance/frames.tsv`
CREATE TEMP TABLE recorded AS SELECT n, split_part(line, E'\t', 1) AS message, decode(split_part(line, E'\t', 2), 'hex') AS frame
FROM regexp_split_to_table(:'content', '\n') WITH ORDINALITY AS t (line, n) WHERE line ~ '\t';
SELECT cmp_ok((SELECT count(*) FROM recorded), '>', 40::bigint, 'there are recorded frames');
SELECT FROM restate_register_deployment('http://localhost:10', $m${"services": [
  {"name": "svc", "ty": "SERVICE", "handlers": [{"name": "greet"}, {"name": "slow"}]},
  {"name": "counter", "ty": "VIRTUAL_OBJECT", "handlers": [{"name": "add"}, {"name": "get", "ty": "SHARED"}]},
  {"name": "wf", "ty": "WORKFLOW", "handlers": [{"name": "run", "ty": "WORKFLOW"}, {"name": "done", "ty": "SHARED"}]}]}$m$) \g /dev/null
CREATE TEMP TABLE written (n bigint, said text, frame bytea);
DO $$
DECLARE
  r record; made restate_invocation_id; attempt bigint; said text; wrote bytea;
BEGIN
  FOR r IN SELECT * FROM recorded WHERE message ~ 'Command' AND message NOT IN ('Command: Input', 'Command: CompleteAwakeable') LOOP
    BEGIN
      SELECT s.id, s.attempt INTO made, attempt FROM restate_submit(CASE WHEN r.message ~ 'Promise' THEN 'wf' ELSE 'counter' END, CASE WHEN r.message ~ 'Promise' THEN 'done' ELSE 'add' END, '1', 'k', claim_for => 'w') AS s;
      SELECT coalesce(p.message, 'taken') INTO said FROM restate_push(ARRAY[made], ARRAY[attempt], ARRAY[r.frame]) AS p;
      SELECT restate.entry_frame(j.entry_type, j.name, j.completion_id, j.result_completion_id, j.invoked_id, j.signal_index, j.signal_name, j.meta, j.payload) INTO wrote
        FROM restate.journal AS j WHERE j.id = made AND j.index = 1;
      RAISE 'undone' USING ERRCODE = 'ZZ000';
    EXCEPTION WHEN SQLSTATE 'ZZ000' THEN
    END;
    INSERT INTO written VALUES (r.n, said, wrote);
  END LOOP;
END $$;
SELECT is(w.said, 'taken', 'recorded and taken: ' || r.message) FROM written AS w JOIN recorded AS r USING (n) ORDER BY n;
SELECT is(encode(w.frame, 'hex'), encode(r.frame, 'hex'), 'recorded, and written again: ' || r.message) FROM written AS w JOIN recorded AS r USING (n) ORDER BY n;
SELECT pg_temp.start('last', 'svc', 'greet') \g /dev/null
SELECT is(pg_temp.push('last', r.frame), 'invalid_body RT0012', 'of a malformed id of an awakeable Restate says the same') FROM recorded AS r WHERE r.message = 'Command: CompleteAwakeable';
SELECT pg_temp.well('all');

-- a push that starts what it makes ready, and tells other attempts of the worker
CREATE FUNCTION pg_temp.handed(names text[], frames bytea[], max int DEFAULT 9, deployments restate_deployment_id[] DEFAULT NULL) RETURNS text LANGUAGE plpgsql VOLATILE AS $$
DECLARE
  said text;
BEGIN
  CREATE TEMP TABLE handed ON COMMIT DROP AS SELECT p.*, row_number() OVER () AS place
    FROM restate_push_and_claim((SELECT array_agg(n.id ORDER BY u.o) FROM unnest(names) WITH ORDINALITY AS u (name, o) JOIN named AS n USING (name)),
      (SELECT array_agg(n.attempt ORDER BY u.o) FROM unnest(names) WITH ORDINALITY AS u (name, o) JOIN named AS n USING (name)), frames, NULL, NULL, NULL,
      'w', max, coalesce(deployments, (SELECT array_agg(d.id) FROM restate.deployment AS d))) AS p;
  UPDATE named AS n SET attempt = h.attempt FROM handed AS h WHERE h.id = n.id AND h.attempt IS NOT NULL;
  INSERT INTO named SELECT concat(h.service, row_number() OVER ()), h.id, h.attempt FROM handed AS h WHERE h.attempt IS NOT NULL AND h.id NOT IN (SELECT n.id FROM named AS n);
  SELECT string_agg(CASE WHEN h.ordinality IS NOT NULL THEN concat_ws(' ', h.category, h.error_code, h.status, CASE WHEN h.made_ready THEN 'more' END)
      WHEN h.known_before IS NOT NULL THEN concat(n.name, ' is told ', h.known_before, '/', h.entries, ' ', pg_temp.shown(h.reply))
      ELSE concat_ws(' ', n.name, 'starts', h.commands || '/' || h.entries, 'attempt', h.attempt_count) END, ', ' ORDER BY h.place) INTO said
    FROM handed AS h JOIN named AS n USING (id);
  DROP TABLE handed;
  RETURN pg_temp.labelled(said);
END $$;
SELECT restate_release(s) FROM unnest('{Order,Flow}'::text[]) AS s \g /dev/null
SELECT pg_temp.start('h1') \g /dev/null
SELECT is(pg_temp.handed('{h1}', ARRAY[pg_temp.call('Counter', 'add', 'hand', 1)]), ', Counter1 starts 1/1 attempt 1', 'a callee');
SELECT is((SELECT concat_ws(' ', i.status, i.worker_name, i.retry_count, i.last_start_at IS NOT NULL) FROM restate.invocation AS i WHERE i.id = pg_temp.id('Counter1')), 'running w 1 t', 'runs');
SELECT is((SELECT count(*) FROM restate.runnable AS r WHERE r.id = pg_temp.id('Counter1')), 0::bigint, 'and is not to be looked for');
SELECT pg_temp.start('h2', 'Counter', 'add', 'hand') \g /dev/null
SELECT is(pg_temp.status('h2'), 'pending', 'one waits for its object');
SELECT is(pg_temp.handed('{Counter1}', ARRAY[pg_temp.output('5') || pg_temp.end_()]), 'completed, h1 is told 3/4 800d 08022a030a0135, h2 starts 1/1 attempt 1', 'its end tells who called, and starts that one');
SELECT is(pg_temp.handed('{h1,h2}', ARRAY[pg_temp.call('Order', 'run', '', 3), pg_temp.output() || pg_temp.end_()], 9, '{}'), 'more, completed more', 'on another deployment nothing is started');
SELECT is((SELECT count(*) FROM restate.runnable AS r JOIN restate.invocation AS i USING (id) WHERE i.invoked_by_id = pg_temp.id('h1')), 1::bigint, 'but is to be claimed');
SELECT is((SELECT restate_hold('Order')), 'held', 'nor of a service that is held');
SELECT is(pg_temp.handed('{h1}', ARRAY[pg_temp.call('Order', 'run', '', 5)]), 'more', 'is anything started');
SELECT is((SELECT restate_release('Order')), 'released', 'it is released');
SELECT is(pg_temp.handed('{h1}', ARRAY[pg_temp.call('Order', 'run', '', 7) || pg_temp.call('Order', 'run', '', 9)], 1), 'more, Order1 starts 1/1 attempt 1', 'no more are started than are asked for');
SELECT is(pg_temp.handed('{h1}', ARRAY[pg_temp.suspension('{8,10}')]), 'suspended', 'a caller suspends');
SELECT is(pg_temp.handed('{Order1}', ARRAY[pg_temp.output('6') || pg_temp.end_()]), 'completed, h1 starts 6/13 attempt 1', 'the end of whom it waits for starts it anew');
SELECT is(pg_temp.handed('{h1}', ARRAY[pg_temp.suspension('{8,10}')]), 'ready, h1 starts 6/13 attempt 1', 'and so does a suspension on what is there');
SELECT is((SELECT concat_ws(' ', i.status, i.retry_count) FROM restate.invocation AS i WHERE i.id = pg_temp.id('h1')), 'running 1', 'which is its first attempt since');
SELECT is(pg_temp.told(format('SELECT count(*) FROM restate_push_and_claim(%L, %L, %L, NULL, NULL, NULL, %L, %s, %L)', '{}', '{}', '{}', w, m, d)), 'PT400 invalid_query_parameter', why)
  FROM (VALUES (NULL, '1', '{}', 'without a worker'), ('', '1', '{}', 'with an empty one'), ('w', '0', '{}', 'for none'), ('w', 'NULL', '{}', 'for how many is not said'), ('w', '1', NULL, 'on no deployments')) AS v (w, m, d, why);
SELECT pg_temp.well('what was handed over');

SELECT * FROM finish();
ROLLBACK;
