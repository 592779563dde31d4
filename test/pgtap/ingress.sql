-- What the ingress goes by, in SQL alone: delays, the rules of an input, answers, calls whose
-- arguments are null, and attempts that come with a submit or a push.
BEGIN;
SELECT plan(91);

SELECT is(restate.delay_of(d.text), d.ms * interval '1 millisecond', format('delay %s', d.text))
FROM (VALUES ('2s', 2000), ('PT2S', 2000), ('pt2s', 2000), ('P1D', 86400000), ('PT0.5S', 500), ('PT0,5S', 500), ('P1W', 604800000),
  ('P1DT1H', 90000000), ('60 sec', 60000), ('60000ms', 60000), ('1h 30m', 5400000), ('1h30m', 5400000), ('1h, 30m', 5400000), ('1.5h', 5400000),
  ('2days', 172800000), ('1wk', 604800000), ('1 minute', 60000), ('2millis', 2), ('500us', 0), ('1500us', 1), ('10ns', 0), ('2s ', 2000), ('+2s', 2000),
  ('0', 0), ('0s', 0), ('00:00:02', 2000), ('0:0:2.5', 2500), ('2s 500ms', 2500), ('PT1.5H', 5400000), ('1', NULL), ('', NULL), ('abc', NULL), (' 2s', NULL),
  ('1y', NULL), ('P1Y', NULL), ('P1M', NULL), ('1month', NULL), ('1M', NULL), ('2S', NULL), ('-2s', NULL), ('-PT2S', NULL), ('1s1s', NULL), ('1m 1h', NULL),
  ('1e3s', NULL), ('1h,30m', NULL), ('1 hour ago', NULL), ('P', NULL), ('PT', NULL), ('P1DT', NULL), ('1.5d', NULL), ('1.5h 2m', NULL), ('2s,', NULL),
  ('PT999999999999S', NULL), ('999999999999999999999999h', NULL), ('1:2', NULL)) AS d (text, ms);

SELECT is(restate.delay_of(text), NULL, 'a delay of very many digits is none')
FROM (VALUES ('0.' || repeat('1', 20000) || 's'), (repeat('0', 60000) || '1s')) AS d (text);

SELECT is(restate.input_fault(r.rules::jsonb, r.media, r.is_empty) IS NULL, r.ok, format('%s takes %s, %s', r.rules, r.media, r.is_empty))
FROM (VALUES (NULL, NULL, true, true), (NULL, NULL, false, false), (NULL, 'a/b', false, true), ('{}', NULL, true, true), ('{}', 'a/b', true, false),
  ('{"required": true}', 'a/b', false, false), ('{"contentType": "text/*", "required": true}', 'text/x; y=z', true, true),
  ('{"contentType": "text/*", "required": true}', 'textual/x', true, false), ('{"contentType": "a/b", "hasSchema": true}', 'a/b', true, false)) AS r (rules, media, is_empty, ok);

SELECT is(status || ' ' || convert_from(answer, 'UTF8'), want, format('an answer of %s', failure))
FROM (VALUES ('[409] no "way"', '409 {"code":409,"message":"no \"way\""}'), ('[99] x', '500 {"code":99,"message":"x"}'), ('[1000] x', '500 {"code":1000,"message":"x"}'),
  ('x', '500 {"code":500,"message":"x"}'), (NULL, '200 ')) AS f (failure, want), restate.result_answer(failure, NULL, NULL);

SELECT is((SELECT count(*) FROM restate_ingress_results(NULL, NULL)), 0::bigint, 'no ids have no results');
SELECT is((SELECT status FROM restate_ingress_submit(NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL)), 404, 'no path has no handler');
SELECT is((SELECT status FROM restate_ingress_attach(NULL, NULL, NULL)), 400, 'nor an invocation');

-- a submit gives the attempt, with what a claim would give
CREATE TEMPORARY TABLE at AS SELECT id FROM restate_register_deployment('http://at', '{"services": [
  {"name": "Plain", "ty": "SERVICE", "handlers": [{"name": "run", "inactivityTimeout": 5000}]},
  {"name": "Thing", "ty": "VIRTUAL_OBJECT", "handlers": [{"name": "run"}]},
  {"name": "Flow", "ty": "WORKFLOW", "handlers": [{"name": "run", "ty": "WORKFLOW"}]}], "protocolMode": "BIDI_STREAM", "minProtocolVersion": 5, "maxProtocolVersion": 7}');
SELECT is((SELECT s.attempt IS NULL AND s.request IS NULL AND s.made_ready FROM restate_ingress_submit('{Plain,run}', NULL, 'POST', NULL, 'text/plain', NULL, NULL, NULL, 'in', false, 'g', 'w', '{}') AS s), true,
  'none where the worker runs on no deployment of it');
CREATE TEMPORARY TABLE given AS SELECT s.*, s.id::restate_invocation_id AS of FROM (VALUES ('{Plain,run}'::text[], NULL), ('{Thing,k,run}', 'k')) AS p (path, key),
  LATERAL restate_ingress_submit(p.path, p.key, 'POST', NULL, 'text/plain', '[{"name": "a", "value": "b"}]', NULL, NULL, 'in', false, 'g', 'w', (SELECT array_agg(at.id) FROM at)) AS s;
SELECT is(s.attempt IS NOT NULL AND NOT s.made_ready AND s.status IS NULL, true, format('an attempt of %s comes with its submit', s.service)) FROM given AS s;
SELECT is(concat_ws(' ', s.service, s.handler, s.deployment, s.protocol_version, s.attempts, s.inactivity_timeout, s.abort_timeout, s.commands, s.entries),
    concat_ws(' ', a.service, a.handler, a.deployment, a.protocol_version, a.attempts, a.inactivity_timeout, a.abort_timeout, a.commands, a.entries), format('as a claim of %s has it', s.service))
  FROM given AS s, LATERAL restate.attempts_of(ARRAY[s.of], true) AS a;
SELECT is(s.request, a.request, format('with the request of %s', s.service)) FROM given AS s, LATERAL restate.attempts_of(ARRAY[s.of], true) AS a;
SELECT is((SELECT s.attempt IS NULL AND NOT s.made_ready FROM restate_ingress_submit('{Thing,k,run}', 'k', 'POST', NULL, 'text/plain', NULL, NULL, NULL, 'in', false, 'g', 'w') AS s), true,
  'the second of an object gets none, and is not ready');

-- a push that completes tells the value, and starts what it makes ready
CREATE TEMPORARY TABLE pushed AS SELECT p.* FROM given AS s, LATERAL restate_push_and_claim(ARRAY[s.of], ARRAY[s.attempt],
  ARRAY['\x040100000000000572030a01310003000000000000'::bytea], NULL, NULL, ARRAY['sdk/1'], 'w', 10, (SELECT array_agg(at.id) FROM at)) AS p WHERE s.service = 'Thing';
SELECT is((SELECT concat_ws(' ', ok, status, convert_from(result, 'UTF8'), made_ready, attempt IS NULL) FROM pushed WHERE ordinality = 1), 't completed 1 f t', 'a push that completes tells the value, and that nothing waits for a claim');
SELECT is((SELECT seed FROM pushed WHERE ordinality = 1), (SELECT seed FROM given WHERE service = 'Thing'), 'with the seed that the request waits by');
SELECT is((SELECT string_agg(concat_ws(' ', service, attempt IS NOT NULL, attempt_count, request IS NOT NULL), ', ' ORDER BY service) FROM pushed WHERE ordinality IS NULL), 'Thing t 1 t', 'and starts what it has made ready, and no more');
SELECT is((SELECT concat_ws(' ', p.ok, p.commands, p.made_ready) FROM given AS s, LATERAL restate_push_and_claim(ARRAY[s.of], ARRAY[s.attempt], ARRAY['\x040100000000000572030a0131'::bytea], NULL, NULL, ARRAY['sdk/2'], 'w', 10, '{}') AS p
  WHERE s.service = 'Plain'), 't 2 f', 'one that makes nothing ready says so');
SELECT is((SELECT i.last_attempt_server FROM restate.invocation AS i JOIN given AS s ON s.of = i.id WHERE s.service = 'Plain'), 'sdk/2', 'and says what answers');

-- several in one call
CREATE TEMPORARY TABLE joined AS SELECT * FROM restate_ingress_submit_joined(ARRAY['{Thing,z,run}', '{Plain,run}', '{Thing,y,run}', '{Flow,w,run}', '{None,run}', '{Thing,z,run}'],
  ARRAY['z', NULL, 'y', 'w', NULL, 'z'], array_fill('POST'::text, '{6}'), array_fill('text/plain'::text, '{6}'), array_fill('[]'::text, '{6}'), array_fill(NULL::text, '{6}'), array_fill('in'::bytea, '{6}'), 'g', 'w', (SELECT array_agg(at.id) FROM at), 3);
SELECT is((SELECT string_agg(concat_ws(' ', ordinality, status, attempt IS NOT NULL), ', ' ORDER BY ordinality) FROM joined), '1 f, 2 t, 3 t, 5 404 f, 6 f', 'each has its answer, but what is left out; some get attempts');
SELECT is((SELECT count(*) FROM restate.invocation AS i JOIN joined AS j ON j.id = i.id::text WHERE i.awaited_by = '{g}'), 4::bigint, 'and is awaited');
SELECT is((SELECT string_agg(i.status, ' ' ORDER BY j.ordinality) FROM restate.invocation AS i JOIN joined AS j ON j.id = i.id::text WHERE j.service = 'Thing' AND i.target_service_key = 'z'), 'ready pending', 'those of one key in their order');
SELECT is((SELECT count(*) FROM restate_ingress_submit_joined(NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL)), 0::bigint, 'none of none');
SELECT * FROM finish();
ROLLBACK;
