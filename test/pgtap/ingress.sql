-- What the ingress goes by, in SQL alone: delays, the rules of an input, answers, and
-- calls whose arguments are null.
BEGIN;
SELECT plan(72);

SELECT is(restate.delay_of(d.text), d.ms * interval '1 millisecond', format('delay %s', d.text))
FROM (VALUES ('2s', 2000), ('PT2S', 2000), ('pt2s', 2000), ('P1D', 86400000), ('PT0.5S', 500), ('PT0,5S', 500), ('P1W', 604800000),
  ('P1DT1H', 90000000), ('60 sec', 60000), ('60000ms', 60000), ('1h 30m', 5400000), ('1h30m', 5400000), ('1h, 30m', 5400000), ('1.5h', 5400000),
  ('2days', 172800000), ('1wk', 604800000), ('1 minute', 60000), ('2millis', 2), ('500us', 0), ('1500us', 1), ('10ns', 0), ('2s ', 2000), ('+2s', 2000),
  ('0', 0), ('0s', 0), ('00:00:02', 2000), ('0:0:2.5', 2500), ('2s 500ms', 2500), ('PT1.5H', 5400000), ('1', NULL), ('', NULL), ('abc', NULL), (' 2s', NULL),
  ('1y', NULL), ('P1Y', NULL), ('P1M', NULL), ('1month', NULL), ('1M', NULL), ('2S', NULL), ('-2s', NULL), ('-PT2S', NULL), ('1s1s', NULL), ('1m 1h', NULL),
  ('1e3s', NULL), ('1h,30m', NULL), ('1 hour ago', NULL), ('P', NULL), ('PT', NULL), ('P1DT', NULL), ('1.5d', NULL), ('1.5h 2m', NULL), ('2s,', NULL),
  ('PT999999999999S', NULL), ('999999999999999999999999h', NULL), ('1:2', NULL)) AS d (text, ms);

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
SELECT * FROM finish();
ROLLBACK;
