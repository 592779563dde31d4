-- What registers and removes deployments: what is stored and shown of a manifest,
-- what is refused and where, and what holds for the invocations of a handler.
BEGIN;
SELECT no_plan();

-- The error of a statement, its category and message with ids as ID; or what
-- it returns.
CREATE FUNCTION pg_temp.told(statement text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
  state text; category text; message text; result text;
BEGIN
  EXECUTE statement INTO result;
  RETURN regexp_replace(result, '(inv|dp)_1\w+', 'ID', 'g');
EXCEPTION WHEN OTHERS THEN
  GET STACKED DIAGNOSTICS state = RETURNED_SQLSTATE, category = CONSTRAINT_NAME, message = MESSAGE_TEXT;
  RETURN concat_ws(' ', state, nullif(category, ''), regexp_replace(message, '(inv|dp)_1\w+', 'ID', 'g'));
END $$;

-- Registers; the deployment by the name that it first had here, and whether it is new.
CREATE TEMP TABLE named (id restate_deployment_id, name text);
CREATE FUNCTION pg_temp.registered(endpoint text, services jsonb, options jsonb DEFAULT '{}') RETURNS text LANGUAGE plpgsql AS $$
DECLARE
  made record;
BEGIN
  SELECT * INTO made FROM restate_register_deployment(endpoint, jsonb_build_object('services', services), options);
  -- of a dry run nothing is there
  INSERT INTO named SELECT made.id, endpoint
  WHERE made.id IN (SELECT d.id FROM restate.deployment AS d) AND made.id NOT IN (SELECT n.id FROM named AS n);
  RETURN format('%s %s', coalesce((SELECT n.name FROM named AS n WHERE n.id = made.id), endpoint), CASE WHEN made.created THEN 'new' ELSE 'known' END);
END $$;

-- Every revision that there is, with its handlers.
CREATE FUNCTION pg_temp.revisions() RETURNS text LANGUAGE sql AS $$
  SELECT string_agg(format('%s %s: %s on %s', r.service_name, r.revision,
      (SELECT string_agg(h ->> 'name', ' ') FROM jsonb_array_elements(r.handlers) AS h), n.name), '; ' ORDER BY r.service_name, r.revision)
  FROM restate.service_revision AS r LEFT JOIN named AS n ON n.id = r.deployment_id
$$;

-- A manifest with all that there may be in one, and what Restate's server 1.6.2
-- shows of it, the handlers by name; the words of an info are ours.
SELECT $m${"protocolMode": "REQUEST_RESPONSE", "minProtocolVersion": 5, "maxProtocolVersion": 6, "services": [
  {"name": "Order", "ty": "WORKFLOW", "documentation": "doc", "metadata": {"a": "b"}, "inactivityTimeout": 90061001, "abortTimeout": 0, "journalRetention": 3600000, "idempotencyRetention": 7200000, "enableLazyState": true, "ingressPrivate": true, "retryPolicyInitialInterval": 100, "retryPolicyMaxInterval": 10000, "retryPolicyMaxAttempts": 5, "retryPolicyExponentiationFactor": 1.5, "retryPolicyOnMaxAttempts": "KILL", "handlers": [
    {"name": "run", "ty": "WORKFLOW", "workflowCompletionRetention": 86400000, "documentation": "hd", "metadata": {"x": "y"}, "inactivityTimeout": 1, "abortTimeout": 604800000, "journalRetention": 0, "enableLazyState": false, "ingressPrivate": true, "retryPolicyInitialInterval": 1, "retryPolicyMaxInterval": 2, "retryPolicyMaxAttempts": 0, "retryPolicyExponentiationFactor": 3, "retryPolicyOnMaxAttempts": "PAUSE", "input": {"required": true, "contentType": "application/json", "jsonSchema": {"type": "string", "title": "T"}}, "output": {"contentType": "application/json", "setContentTypeIfEmpty": true, "jsonSchema": {"type": "object", "title": "O"}}},
    {"name": "stat", "ty": "SHARED", "input": {"required": false, "contentType": "application/json"}, "output": {"setContentTypeIfEmpty": false}},
    {"name": "bare", "ty": "SHARED"}]},
  {"name": "Plain", "ty": "SERVICE", "handlers": [
    {"name": "a"},
    {"name": "b", "input": {}, "output": {}},
    {"name": "d", "input": {"required": false}, "output": {"jsonSchema": {"type": "string"}}},
    {"name": "e", "input": {"jsonSchema": {"type": "string"}}},
    {"name": "f", "input": {"required": true, "contentType": "a/b"}},
    {"name": "g", "idempotencyRetention": 60000, "retryPolicyMaxAttempts": 3},
    {"name": "h", "input": {"required": false, "contentType": "*/*"}},
    {"name": "i", "input": {"required": true, "contentType": "text/*", "jsonSchema": {"type": "string"}}, "output": {"setContentTypeIfEmpty": true}}]},
  {"name": "Obj", "ty": "VIRTUAL_OBJECT", "handlers": [
    {"name": "add"},
    {"name": "get", "ty": "SHARED"},
    {"name": "x", "ty": "EXCLUSIVE"}]}]}$m$::jsonb AS manifest, $s$[
  {"name": "Obj", "ty": "VirtualObject", "revision": 1, "public": true, "idempotency_retention": "1d", "journal_retention": "1d", "inactivity_timeout": "0s", "abort_timeout": "10m", "enable_lazy_state": false, "retry_policy": {"initial_interval": "500ms", "exponentiation_factor": 2.0, "max_attempts": 70, "max_interval": "1m", "on_max_attempts": "Pause"}, "handlers": [
    {"name": "add", "ty": "Exclusive", "public": true, "input_description": "*/*", "output_description": "application/json", "retry_policy": {"max_attempts": null}},
    {"name": "get", "ty": "Shared", "public": true, "input_description": "*/*", "output_description": "application/json", "retry_policy": {"max_attempts": null}},
    {"name": "x", "ty": "Exclusive", "public": true, "input_description": "*/*", "output_description": "application/json", "retry_policy": {"max_attempts": null}}]},
  {"name": "Order", "ty": "Workflow", "documentation": "doc", "metadata": {"a": "b"}, "revision": 1, "public": false, "idempotency_retention": "2h", "workflow_completion_retention": "1d", "journal_retention": "1h", "inactivity_timeout": "0s", "abort_timeout": "0s", "enable_lazy_state": true, "info": [{"code": "RT0021", "message": "The inactivity timeout of the service, 1d 1h 1m 1s 1ms, has no effect: its deployment answers only once it has the whole request."}], "retry_policy": {"initial_interval": "100ms", "exponentiation_factor": 1.5, "max_attempts": 5, "max_interval": "10s", "on_max_attempts": "Kill"}, "handlers": [
    {"name": "bare", "ty": "Shared", "public": false, "input_description": "*/*", "output_description": "application/json", "retry_policy": {"max_attempts": null}},
    {"name": "run", "ty": "Workflow", "documentation": "hd", "metadata": {"x": "y"}, "journal_retention": "0s", "abort_timeout": "7d", "enable_lazy_state": false, "info": [{"code": "RT0021", "message": "The inactivity timeout of the handler, 1ms, has no effect: its deployment answers only once it has the whole request."}], "public": false, "input_description": "JSON 'T'", "output_description": "JSON 'O'", "input_json_schema": {"title": "T", "type": "string"}, "output_json_schema": {"title": "O", "type": "object"}, "retry_policy": {"initial_interval": "1ms", "exponentiation_factor": 3.0, "max_attempts": 1, "max_interval": "2ms", "on_max_attempts": "Pause"}},
    {"name": "stat", "ty": "Shared", "public": false, "input_description": "application/json", "output_description": "none", "retry_policy": {"max_attempts": null}}]},
  {"name": "Plain", "ty": "Service", "revision": 1, "public": true, "idempotency_retention": "1d", "journal_retention": "1d", "inactivity_timeout": "0s", "abort_timeout": "10m", "enable_lazy_state": false, "retry_policy": {"initial_interval": "500ms", "exponentiation_factor": 2.0, "max_attempts": 70, "max_interval": "1m", "on_max_attempts": "Pause"}, "handlers": [
    {"name": "a", "public": true, "input_description": "*/*", "output_description": "application/json", "retry_policy": {"max_attempts": null}},
    {"name": "b", "public": true, "input_description": "none", "output_description": "none", "retry_policy": {"max_attempts": null}},
    {"name": "d", "public": true, "input_description": "none", "output_description": "none", "retry_policy": {"max_attempts": null}},
    {"name": "e", "public": true, "input_description": "none", "output_description": "application/json", "retry_policy": {"max_attempts": null}},
    {"name": "f", "public": true, "input_description": "a/b", "output_description": "application/json", "retry_policy": {"max_attempts": null}},
    {"name": "g", "idempotency_retention": "1m", "public": true, "input_description": "*/*", "output_description": "application/json", "retry_policy": {"max_attempts": 3}},
    {"name": "h", "public": true, "input_description": "*/*", "output_description": "application/json", "retry_policy": {"max_attempts": null}},
    {"name": "i", "public": true, "input_description": "JSON string", "output_description": "none", "input_json_schema": {"type": "string"}, "retry_policy": {"max_attempts": null}}]}]$s$::jsonb AS shown INTO TEMP recorded;

SELECT id AS recorded_id, created AS recorded_created
FROM recorded, restate_register_deployment('HTTP://127.0.0.1:19180', manifest, '{"use_http_11": true, "sdk_version": "fake/1", "additional_headers": {"X-Ab": "c"}, "metadata": {"m": "n"}}') \gset
SELECT ok(:'recorded_created', 'what was not registered is new');
SELECT is(d.document - '{id,created_at,services}'::text[], '{"uri": "http://127.0.0.1:19180/", "protocol_type": "RequestResponse", "http_version": "HTTP/1.1",
  "min_protocol_version": 5, "max_protocol_version": 6, "sdk_version": "fake/1", "additional_headers": {"X-Ab": "c"}, "metadata": {"m": "n"}}'::jsonb, 'the deployment is shown')
FROM restate.admin_deployment AS d WHERE id = :'recorded_id';
SELECT is((SELECT s.document - 'deployment_id' FROM restate.admin_service AS s WHERE s.name = r.shown ->> 'name'), r.shown, format('%s is shown as by Restate', r.shown ->> 'name'))
FROM (SELECT jsonb_array_elements(shown) FROM recorded) AS r (shown);
SELECT is((SELECT d.manifest FROM restate.deployment AS d WHERE d.id = :'recorded_id'), manifest, 'the manifest is kept as it came') FROM recorded;

-- what holds for the invocations of a handler

CREATE FUNCTION pg_temp.holds(service text, handler text, deployment restate_deployment_id DEFAULT NULL) RETURNS jsonb LANGUAGE sql AS $$
  SELECT to_jsonb(h) - 'deployment_id' FROM restate.handler_of(service, handler, deployment) AS h
$$;
SET LOCAL intervalstyle = 'postgres';
SELECT is(pg_temp.holds('Order', 'run'), '{"revision": 1, "service_ty": "workflow", "handler_ty": "workflow", "public": false, "completion_retention": "24:00:00",
  "idempotency_retention": "02:00:00", "journal_retention": "00:00:00", "inactivity_timeout": "00:00:00", "abort_timeout": "7 days", "enable_lazy_state": false,
  "retry_initial_interval": "00:00:00.001", "retry_factor": 3, "retry_max_interval": "00:00:00.002", "retry_max_attempts": 1, "retry_on_max_attempts": "pause",
  "min_protocol_version": 5, "max_protocol_version": 6, "body": {"input": {"required": true, "hasSchema": true, "contentType": "application/json"},
  "output": {"contentType": "application/json", "setContentTypeIfEmpty": true}}}', 'what the handler says goes first');
SELECT is(pg_temp.holds('Order', 'stat'), '{"revision": 1, "service_ty": "workflow", "handler_ty": "shared", "public": false, "completion_retention": "02:00:00",
  "idempotency_retention": "02:00:00", "journal_retention": "01:00:00", "inactivity_timeout": "00:00:00", "abort_timeout": "00:00:00", "enable_lazy_state": true,
  "retry_initial_interval": "00:00:00.1", "retry_factor": 1.5, "retry_max_interval": "00:00:10", "retry_max_attempts": 5, "retry_on_max_attempts": "kill",
  "min_protocol_version": 5, "max_protocol_version": 6, "body": {"input": {"required": false, "contentType": "application/json"}, "output": {"setContentTypeIfEmpty": false}}}', 'then what its service says');
SELECT is(pg_temp.holds('Obj', 'add') - 'inactivity_timeout', '{"revision": 1, "service_ty": "virtual_object", "handler_ty": "exclusive", "public": true, "completion_retention": "1 day",
  "idempotency_retention": "1 day", "journal_retention": "1 day", "abort_timeout": "00:10:00", "enable_lazy_state": false,
  "retry_initial_interval": "00:00:00.5", "retry_factor": 2, "retry_max_interval": "00:01:00", "retry_max_attempts": 70, "retry_on_max_attempts": "pause",
  "min_protocol_version": 5, "max_protocol_version": 6, "body": null}', 'then the default');
SELECT is(pg_temp.holds(service, handler) -> what, value, format('%s of %s/%s', what, service, handler))
FROM (VALUES ('Obj', 'get', 'handler_ty', '"shared"'::jsonb), ('Plain', 'a', 'handler_ty', 'null'), ('Plain', 'a', 'service_ty', '"service"'),
  ('Plain', 'g', 'retry_max_attempts', '3'), ('Plain', 'g', 'completion_retention', '"00:01:00"'), ('Plain', 'nope', 'revision', NULL), ('Nope', 'a', 'revision', NULL),
  ('Plain', NULL, 'revision', NULL)) AS v (service, handler, what, value);

-- rows that nobody registered
INSERT INTO restate.deployment (id, ty, endpoint, min_service_protocol_version, max_service_protocol_version)
SELECT id::restate_deployment_id, 'http', 'http://hand:' || place, 5, 7 FROM unnest('{dp_1000000000000000000000a,dp_1000000000000000000000b}'::text[]) WITH ORDINALITY AS t (id, place);
INSERT INTO named VALUES ('dp_1000000000000000000000a', 'a'), ('dp_1000000000000000000000b', 'b'), ('dp_1000000000000000000gone', 'gone'), (:'recorded_id', 'recorded');
INSERT INTO restate.service_revision (service_name, revision, deployment_id, ty, public, handlers, idempotency_retention, settings) VALUES
  ('Hand', 1, 'dp_1000000000000000000000a', 'virtual_object', true, '[{"name": "one"}]', '2 hours', '{}'),
  ('Hand', 2, 'dp_1000000000000000000000b', 'virtual_object', false, '[{"name": "two", "ty": "SHARED", "abort_timeout": "1m", "public": true}, {"name": "two"}, 1, {"ty": "Shared"}, {"name": "both"}]', NULL,
    '{"inactivity_timeout": "1d 1h 1m 1s 1ms", "abort_timeout": "5m", "idempotency_retention": "3h", "journal_retention": "4h", "retry_policy": {"max_attempts": null}}'),
  ('Hand', 3, 'dp_1000000000000000000gone', 'virtual_object', true, '[{"name": "three"}]', NULL, '{}');
SELECT is(pg_temp.holds(service, handler, deployment::restate_deployment_id) -> what, value, format('%s of %s/%s on %s', what, service, handler, coalesce(deployment, 'any')))
FROM (VALUES ('Hand', 'three', NULL, 'revision', NULL::jsonb), ('Hand', 'one', NULL, 'revision', NULL), ('Hand', 'one', 'dp_1000000000000000000000a', 'revision', '1'),
  ('Hand', 'three', 'dp_1000000000000000000gone', 'revision', NULL), ('Hand', 'one', 'dp_1000000000000000000000b', 'revision', NULL),
  ('Hand', 'one', 'dp_1000000000000000000000a', 'handler_ty', '"exclusive"'), ('Hand', 'one', 'dp_1000000000000000000000a', 'completion_retention', '"02:00:00"'),
  ('Hand', 'one', 'dp_1000000000000000000000a', 'max_protocol_version', '7'),
  ('Hand', 'two', NULL, 'revision', '2'), ('Hand', 'two', NULL, 'handler_ty', '"shared"'), ('Hand', 'two', NULL, 'abort_timeout', '"00:01:00"'), ('Hand', 'two', NULL, 'public', 'true'),
  ('Hand', 'both', NULL, 'public', 'false'), ('Hand', 'both', NULL, 'abort_timeout', '"00:05:00"'), ('Hand', 'both', NULL, 'inactivity_timeout', '"1 day 01:01:01.001"'),
  ('Hand', 'both', NULL, 'idempotency_retention', '"03:00:00"'), ('Hand', 'both', NULL, 'journal_retention', '"04:00:00"'), ('Hand', 'both', NULL, 'retry_max_attempts', 'null'),
  ('Hand', 'both', NULL, 'retry_factor', '2')) AS v (service, handler, deployment, what, value);
UPDATE restate.service_revision SET settings = '{"abort_timeout": "9m"}' WHERE service_name = 'Hand' AND revision = 2;
SELECT is(pg_temp.holds('Hand', 'both') ->> 'abort_timeout', '00:09:00', 'a change by hand holds');

-- revisions

DELETE FROM restate.service_revision;
SELECT is(pg_temp.registered('worker:a', '[{"name": "Order", "ty": "WORKFLOW", "handlers": [{"name": "run"}]}, {"name": "S", "ty": "SERVICE", "handlers": [{"name": "x"}, {"name": "y"}]}]'), 'worker:a new', 'a worker');
SELECT is(pg_temp.revisions(), 'Order 1: run on worker:a; S 1: x y on worker:a', 'its services have their first revision');
SELECT is((SELECT jsonb_build_array(d.ty, d.endpoint, d.http_version, d.protocol_type, d.min_service_protocol_version, d.max_service_protocol_version) FROM restate.deployment AS d WHERE d.endpoint = 'worker:a'),
  '["worker", "worker:a", null, null, 5, 6]', 'it is of type worker, and speaks versions 5 and 6');
SELECT is(d.document -> 'uri', '"worker:a"', 'it is shown') FROM restate.admin_deployment AS d JOIN named USING (id) WHERE name = 'worker:a';
SELECT is(pg_temp.registered('worker:a', '[{"name": "S", "ty": "SERVICE", "handlers": [{"name": "y"}, {"name": "x"}]}, {"name": "Order", "ty": "WORKFLOW", "handlers": [{"name": "run"}]}]', '{"force": true}'),
  'worker:a known', 'again, in another order');
SELECT is(pg_temp.revisions(), 'Order 1: run on worker:a; S 1: x y on worker:a', 'what is equal gets no revision');
SELECT is(pg_temp.registered('worker:a', '[{"name": "S", "ty": "SERVICE", "handlers": [{"name": "z"}]}]', options::jsonb), 'worker:a known', format('another manifest, %s: the known one', options))
FROM unnest('{"{}",NULL,"{\"breaking\": true}","{\"force\": null}","{\"force\": true, \"dry_run\": true}"}'::text[]) AS options;
SELECT is(pg_temp.revisions(), 'Order 1: run on worker:a; S 1: x y on worker:a', 'and nothing has changed');
SELECT is(pg_temp.registered('worker:b', '[{"name": "S", "ty": "SERVICE", "handlers": [{"name": "x"}, {"name": "y"}]}]', '{"dry_run": true}'), 'worker:b new', 'a new one, dry');
SELECT is(count(*), 0::bigint, 'nothing came of it') FROM restate.deployment WHERE endpoint = 'worker:b';
SELECT is(pg_temp.registered('worker:b', '[{"name": "S", "ty": "SERVICE", "handlers": [{"name": "x"}, {"name": "y"}]}]'), 'worker:b new', 'the same from another endpoint');
SELECT is(pg_temp.revisions(), 'Order 1: run on worker:a; S 1: x y on worker:a; S 2: x y on worker:b', 'is the next revision');
SELECT is(pg_temp.registered('worker:a', '[{"name": "S", "ty": "SERVICE", "handlers": [{"name": "x"}, {"name": "z"}]}, {"name": "New", "ty": "SERVICE", "handlers": []}]', '{"force": true}'), 'worker:a known', 'with force');
SELECT is(pg_temp.revisions(), 'New 1:  on worker:a; S 2: x y on worker:b; S 3: x z on worker:a', 'what differs gets its next revision, what is left out goes');
SELECT is(pg_temp.registered('worker:c', '[{"name": "S", "ty": "SERVICE", "handlers": [{"name": "x"}, {"name": "z"}, {"name": "more"}]}]'), 'worker:c new', 'more handlers break nothing');
SELECT is(pg_temp.told($$SELECT * FROM restate_register_deployment('worker:d', '{"services": [{"name": "Ok", "ty": "SERVICE", "handlers": []}, {"name": "S", "ty": "SERVICE", "handlers": [{"name": "z"}]}]}', '{"dry_run": true}')$$),
  'PT409 breaking_change service S would lose handlers of its revision 4: "more, x"', 'less do');
SELECT is(pg_temp.told($$SELECT * FROM restate_register_deployment('worker:d', '{"services": [{"name": "S", "ty": "VIRTUAL_OBJECT", "handlers": [{"name": "x"}, {"name": "z"}, {"name": "more"}]}]}')$$),
  'PT409 breaking_change service S is a service in its revision 4, and would be a virtual_object', 'so does another type');
SELECT is(count(*), 0::bigint, 'nothing came of it') FROM restate.deployment WHERE endpoint = 'worker:d';
SELECT is(pg_temp.registered('worker:d', '[{"name": "S", "ty": "VIRTUAL_OBJECT", "handlers": [{"name": "z"}]}]', '{"breaking": true}'), 'worker:d new', 'unless asked for');
SELECT is(pg_temp.registered('worker:e', '[{"name": "S", "ty": "SERVICE", "handlers": []}]', '{"force": true}'), 'worker:e new', 'or with force');
SELECT is(pg_temp.revisions(), 'New 1:  on worker:a; S 2: x y on worker:b; S 3: x z on worker:a; S 4: more x z on worker:c; S 5: z on worker:d; S 6:  on worker:e', 'revisions go on');
SELECT is(pg_temp.registered('http://hand:1', '[]'), 'a known', 'a deployment inserted by hand is known by its endpoint');
SELECT is(pg_temp.registered('http://hand:1', '[]', '{"force": true}'), 'a known', 'and registered with force');
SELECT is((SELECT d.endpoint FROM restate.deployment AS d WHERE d.id = 'dp_1000000000000000000000a'), 'http://hand:1/', 'as others are');
SELECT is(pg_temp.registered('http://hand:1/v2', '[]'), 'http://hand:1/v2 new', 'another path is another deployment');
SELECT is((SELECT string_agg(DISTINCT problem, ' ') FROM restate_verify()), NULL, 'all is well');

-- update: of worker:c, with S in its revision 4; nothing of it lasts

SAVEPOINT before_updates;
CREATE FUNCTION pg_temp.updated(name text, options jsonb, services jsonb DEFAULT NULL, more jsonb DEFAULT '{}') RETURNS text LANGUAGE sql AS $$
  SELECT pg_temp.told(format('SELECT d ->> ''uri'' FROM restate_update_deployment(%L, %L, %L) AS d', (SELECT n.id FROM named AS n WHERE n.name = $1), options,
    jsonb_build_object('services', services) || more)) WHERE services IS NOT NULL
  UNION ALL SELECT pg_temp.told(format('SELECT d ->> ''uri'' FROM restate_update_deployment(%L, %L) AS d', (SELECT n.id FROM named AS n WHERE n.name = $1), options))
  WHERE services IS NULL
$$;
SELECT is(pg_temp.updated('worker:c', '{}'), 'worker:c', 'an update of nothing');
SELECT is(pg_temp.updated('worker:c', '{"endpoint": "worker:moved"}'), 'worker:moved', 'one of its place');
SELECT is(pg_temp.updated('worker:c', '{"endpoint": "worker:a"}'), 'worker:a', 'which may be that of another');
SELECT ok(pg_temp.registered('worker:a', '[]') LIKE '% known', 'and is known then');
SELECT is(pg_temp.updated('worker:c', '{"endpoint": "worker:moved", "dry_run": true}'), 'worker:moved', 'a dry run tells what would be');
SELECT is((SELECT d.endpoint FROM restate.deployment AS d JOIN named AS n USING (id) WHERE n.name = 'worker:c'), 'worker:a', 'and leaves it');
SELECT is(pg_temp.updated('worker:c', '{"endpoint": "http://127.0.0.1:1/"}'), 'PT400 deployment_incompatible deployment ID is at an endpoint of another kind than: "http://127.0.0.1:1/"', 'a worker stays one');
SELECT is(pg_temp.updated('http://hand:1/v2', '{"endpoint": "worker:x"}'), 'PT400 deployment_incompatible deployment ID is at an endpoint of another kind than: "worker:x"', 'and so does what is asked over HTTP');
SELECT is(pg_temp.updated('worker:c', '{"use_http_11": true}') || '/' || pg_temp.updated('worker:c', '{"additional_headers": {"a": "b"}}'), 'PT400 deployment_incompatible deployment ID is not asked over HTTP/PT400 deployment_incompatible deployment ID is not asked over HTTP', 'which a worker is not');
SELECT is(pg_temp.updated('http://hand:1/v2', '{"additional_headers": {"a": "b"}, "use_http_11": true}'), 'http://hand:1/v2', 'headers');
SELECT is((SELECT concat_ws(' ', d.http_version, d.additional_headers) FROM restate.deployment AS d JOIN named AS n USING (id) WHERE n.name = 'http://hand:1/v2'), 'HTTP/1.1 {"a": "b"}', 'are kept');
SELECT is(pg_temp.updated('worker:c', '{"overwrite": true}'), 'PT422 invalid_body the option overwrite needs a manifest', 'nothing is overwritten with nothing');
SELECT is(pg_temp.updated('worker:c', '{"foo": 1}'), 'PT422 invalid_body the options has an unknown field: "foo"', 'an option that there is not');
SELECT is(pg_temp.told($$SELECT restate_update_deployment(NULL, '{}')$$), 'PT400 invalid_deployment_id the deployment id is null', 'null is no id');
SELECT is(pg_temp.told($$SELECT restate_update_deployment('dp_11111111111111111111111', '{}')$$), 'PT404 unknown_deployment deployment ID is not registered', 'nor is another one');
SELECT is(pg_temp.updated('worker:c', '{}', '[{"name": "S S"}]'), 'worker:a', 'without overwrite the services of a manifest are not looked at');
SELECT is(pg_temp.updated('worker:c', '{}', '[]', '{"maxProtocolVersion": 5}'), 'PT400 deployment_incompatible deployment ID speaks versions 5 to 6 of the service protocol, and would speak 5 to 5', 'but the versions are');
CREATE TEMP TABLE before_it AS SELECT pg_temp.revisions() AS told;
SELECT is(pg_temp.updated('worker:c', '{"overwrite": true}', '[{"name": "S S", "ty": "SERVICE", "handlers": []}]') ~ '^PT422 invalid_body the name', true, 'with it they are');
SELECT is(pg_temp.revisions(), told, 'what is refused changes nothing') FROM before_it;
SELECT is(pg_temp.updated('worker:c', '{"overwrite": true}', '[{"name": "S", "ty": "VIRTUAL_OBJECT", "handlers": [{"name": "other"}]}, {"name": "Late", "ty": "SERVICE", "handlers": []}]'), 'worker:a', 'overwrite');
SELECT is(regexp_replace(pg_temp.revisions(), 'Late 1:  on worker:c; ', ''), replace(told, 'more x z on worker:c', 'other on worker:c'), 'a service keeps its revision, and another gets its first') FROM before_it;
SELECT isnt(regexp_replace(pg_temp.revisions(), 'Late 1:  on worker:c; ', ''), pg_temp.revisions(), 'which is there');
SELECT is(pg_temp.updated('worker:c', '{"overwrite": true}', '[]'), 'worker:a', 'and what is not in the manifest');
SELECT doesnt_match(pg_temp.revisions(), 'worker:c', 'is served no more');
SELECT is((SELECT string_agg(a.outcome, ' ') FROM restate.audit AS a WHERE a.operation = 'update_deployment'), 'changed changed changed changed changed changed changed', 'the audit has those that took effect');
ROLLBACK TO before_updates;

-- removal

INSERT INTO restate.invocation (id, partition_key, status, target_service_name, target_handler_name, target_service_ty, invoked_by, pinned_deployment_id, pinned_service_protocol_version, completion_result, completed_at)
SELECT i.id, restate_partition_key_of_id(i.id), i.status, 'S', 'x', 'service', 'ingress', n.id, 6, CASE i.status WHEN 'completed' THEN 'success' END, CASE i.status WHEN 'completed' THEN now() END
FROM named AS n
JOIN (VALUES ('worker:b', 'completed', 2), ('worker:c', 'paused', 1), ('worker:d', 'running', 12)) AS p (name, status, copies) USING (name)
CROSS JOIN LATERAL (SELECT ('inv_1' || lpad(right(p.name, 1) || g, 33, '0'))::restate_invocation_id, p.status FROM generate_series(10, 9 + p.copies) AS g) AS i (id, status);
SELECT is(string_agg(format('%s %s %s', n.name, d.in_flight, d.drained), ', ' ORDER BY n.name), 'a 0 t, b 0 t, http://hand:1/v2 0 t, recorded 0 t, worker:a 0 f, worker:b 0 t, worker:c 1 f, worker:d 12 f, worker:e 0 f', 'what is drained')
FROM restate.sys_deployment AS d JOIN named AS n USING (id);
CREATE FUNCTION pg_temp.removed(name text, force text DEFAULT '') RETURNS text LANGUAGE sql AS $$
  SELECT pg_temp.told(format('SELECT restate_remove_deployment(%L%s)', (SELECT n.id FROM named AS n WHERE n.name = $1), force))
$$;
SELECT is(pg_temp.removed('worker:d'), 'PT409 deployment_in_use deployment ID is in use by 12 invocations', 'one that invocations in flight are pinned to is not removed');
SELECT is(pg_temp.removed('worker:c', ', NULL'), 'PT409 deployment_in_use deployment ID is in use by 1 invocation', 'nor for null');
DO $$
DECLARE
  said text; hint text;
BEGIN
  PERFORM restate_remove_deployment((SELECT n.id FROM named AS n WHERE n.name = 'worker:d'));
EXCEPTION WHEN OTHERS THEN
  GET STACKED DIAGNOSTICS said = PG_EXCEPTION_DETAIL, hint = PG_EXCEPTION_HINT;
  CREATE TEMP TABLE refusal AS SELECT said, hint;
END $$;
SELECT is(said, 'deployment_in_use: Not completed, and pinned to it, are 12, the first of them: ' || (SELECT string_agg('inv_1' || lpad('d' || g, 33, '0'), ', ') FROM generate_series(10, 19) AS g) || '.', 'the first ten are told')
FROM refusal;
SELECT is(hint, 'Wait until they have completed, or cancel them; with force it is removed all the same, and they run again only once they are resumed on another deployment.', 'and what to do') FROM refusal;
SELECT is(pg_temp.removed('worker:b'), 'removed', 'one with completed invocations is removed');
SELECT is(pg_temp.removed('worker:b'), 'PT404 unknown_deployment deployment ID is not registered', 'once');
SELECT is(pg_temp.told('SELECT restate_remove_deployment(NULL)'), 'PT400 invalid_deployment_id the deployment id is null', 'null is no id');
SELECT is(pg_temp.removed('worker:e'), 'removed', 'the latest too');
SELECT is((SELECT s.revision FROM restate.sys_service AS s WHERE s.name = 'S'), 5::bigint, 'the one before it serves then');
SELECT is(pg_temp.removed('worker:d', ', true'), 'removed', 'with force whatever is pinned to it');
SELECT is(pg_temp.revisions(), 'New 1:  on worker:a; S 3: x z on worker:a; S 4: more x z on worker:c', 'their revisions are gone');
SELECT is((SELECT count(*) FROM restate_verify() WHERE problem = 'pinned_without_deployment'), 12::bigint, 'verify tells of those that are pinned to it');

-- what is refused

CREATE FUNCTION pg_temp.of_manifest(manifest text) RETURNS text LANGUAGE sql AS $$
  SELECT pg_temp.told(format('SELECT * FROM restate_register_deployment(%L, %L, %L)', 'worker:x', manifest, '{"dry_run": true}'))
$$;
CREATE FUNCTION pg_temp.of_service(service text) RETURNS text LANGUAGE sql AS $$
  SELECT pg_temp.of_manifest(format('{"services": [{"name": "F", "ty": "SERVICE", "handlers": []}, %s]}', service))
$$;
CREATE FUNCTION pg_temp.of_handler(handler text, ty text) RETURNS text LANGUAGE sql AS $$
  SELECT pg_temp.of_service(format('{"name": "G", "ty": "%s", "handlers": [%s]}', ty, handler))
$$;
SELECT is(pg_temp.of_manifest(manifest), refused, coalesce(manifest, 'null'))
FROM (VALUES
  (NULL, 'PT422 invalid_body the manifest must be a JSON object'), ('[]', 'PT422 invalid_body the manifest must be a JSON object'), ('null', 'PT422 invalid_body the manifest must be a JSON object'),
  ('{}', 'PT422 invalid_body the manifest has no services'), ('{"services": null}', 'PT422 invalid_body the manifest has no services'),
  ('{"services": {}}', 'PT422 invalid_body services of the manifest must be an array, and is: "{}"'),
  ('{"services": [], "service": 1}', 'PT422 invalid_body the manifest has an unknown field: "service"'),
  ('{"services": [], "protocolMode": "OTHER"}', 'PT422 invalid_body protocolMode of the manifest must be BIDI_STREAM or REQUEST_RESPONSE, and is: "OTHER"'),
  ('{"services": [], "minProtocolVersion": 2, "maxProtocolVersion": 4}', 'PT422 unsupported_protocol the manifest speaks versions 2 to 4 of the service protocol: 5 or 6 must be among them'),
  ('{"services": [], "minProtocolVersion": 7, "maxProtocolVersion": 9}', 'PT422 unsupported_protocol the manifest speaks versions 7 to 9 of the service protocol: 5 or 6 must be among them'),
  ('{"services": [], "minProtocolVersion": 6, "maxProtocolVersion": 5}', 'PT422 invalid_body the manifest has a minProtocolVersion, 6, above its maxProtocolVersion, 5'),
  ('{"services": [], "maxProtocolVersion": 0}', 'PT422 invalid_body maxProtocolVersion of the manifest must be a whole number from 1 to 2147483647, and is: "0"'),
  ('{"services": [], "maxProtocolVersion": 6.5}', 'PT422 invalid_body maxProtocolVersion of the manifest must be a whole number from 1 to 2147483647, and is: "6.5"'),
  ('{"services": [{"name": "A", "ty": "SERVICE", "handlers": []}, {"name": "A", "ty": "WORKFLOW", "handlers": []}]}', 'PT422 invalid_body the manifest has more than one service of a name: "A"'),
  ('{"services": [], "maxProtocolVersion": 7}', 'ID'), ('{"services": []}', 'ID')) AS v (manifest, refused);
SELECT is(pg_temp.of_manifest(jsonb_build_object('services', jsonb_build_array(jsonb_build_object('name', 'A', 'ty', 'SERVICE', 'handlers', '[]'::jsonb, 'documentation', repeat('x', 4194304))))::text),
  'PT422 invalid_body the manifest has more than 4194304 bytes', 'a manifest has no end of bytes');
SELECT is(pg_temp.of_service(service), replace(refused, 'BAD', 'PT422 invalid_body'), service)
FROM (VALUES
  ('1', 'BAD services[1] must be a JSON object'), ('{}', 'BAD the name of services[1] must have a letter, then letters, digits, dots, - and _, 255 in all, and is: "null"'),
  ('{"name": 1}', 'BAD name of services[1] must be a string, and is: "1"'),
  ('{"name": "a b"}', 'BAD the name of services[1] must have a letter, then letters, digits, dots, - and _, 255 in all, and is: "a b"'),
  ('{"name": "__a"}', 'BAD the name of services[1] must have a letter, then letters, digits, dots, - and _, 255 in all, and is: "__a"'),
  ('{"name": "a\ufffd"}', 'BAD the name of services[1] must have a letter, then letters, digits, dots, - and _, 255 in all, and is: "a\xef\xbf\xbd"'),
  ('{"name": "restateful"}', 'PT422 reserved_name the name of services[1] is reserved: "restateful"'), ('{"name": "OpenApi"}', 'PT422 reserved_name the name of services[1] is reserved: "OpenApi"'),
  ('{"name": "G"}', 'BAD services[1], G, has no ty'), ('{"name": "G", "ty": "SERVICE"}', 'BAD services[1], G, has no handlers'),
  ('{"name": "G", "ty": "service", "handlers": []}', 'BAD ty of services[1] must be SERVICE or VIRTUAL_OBJECT or WORKFLOW, and is: "service"'),
  ('{"name": "G", "ty": "SERVICE", "handlers": {}}', 'BAD handlers of services[1] must be an array, and is: "{}"'),
  ('{"name": "G", "ty": "SERVICE", "handlers": [], "workflowCompletionRetention": 1}', 'BAD services[1] has an unknown field: "workflowCompletionRetention"'),
  ('{"name": "G", "ty": "SERVICE", "handlers": [], "abortTimeout": -5}', 'BAD abortTimeout of services[1] must be a whole number of milliseconds from 0 to 9007199254740991, and is: "-5"'),
  ('{"name": "G", "ty": "SERVICE", "handlers": [], "abortTimeout": 9007199254740992}', 'BAD abortTimeout of services[1] must be a whole number of milliseconds from 0 to 9007199254740991, and is: "9007199254740992"'),
  ('{"name": "G", "ty": "SERVICE", "handlers": [], "abortTimeout": "1m"}', 'BAD abortTimeout of services[1] must be a whole number of milliseconds from 0 to 9007199254740991, and is: "1m"'),
  ('{"name": "G", "ty": "SERVICE", "handlers": [], "retryPolicyExponentiationFactor": 0}', 'BAD retryPolicyExponentiationFactor of services[1] must be a number above 0, up to 1000000, and is: "0"'),
  ('{"name": "G", "ty": "SERVICE", "handlers": [], "retryPolicyMaxAttempts": 1.5}', 'BAD retryPolicyMaxAttempts of services[1] must be a whole number from 0 to 9007199254740991, and is: "1.5"'),
  ('{"name": "G", "ty": "SERVICE", "handlers": [], "retryPolicyOnMaxAttempts": "STOP"}', 'BAD retryPolicyOnMaxAttempts of services[1] must be PAUSE or KILL, and is: "STOP"'),
  ('{"name": "G", "ty": "SERVICE", "handlers": [], "metadata": {"a": 1}}', 'BAD metadata of services[1] must be an object of strings, and is: "{\x22a\x22: 1}"'),
  ('{"name": "G", "ty": "SERVICE", "handlers": [], "enableLazyState": "yes"}', 'BAD enableLazyState of services[1] must be true or false, and is: "yes"'),
  ('{"name": "G", "ty": "WORKFLOW", "handlers": [{"name": "run"}, {"name": "ask"}]}', 'BAD services[1], G, has 2 handlers that are the run of the workflow: give the others the ty SHARED'),
  ('{"name": "G", "ty": "SERVICE", "handlers": [{"name": "x"}, {"name": "y"}, {"name": "x"}]}', 'BAD services[1], G, has more than one handler of a name: "x"'),
  ('{"name": "G", "ty": "SERVICE", "ingressPrivate": true, "handlers": [{"name": "x", "ingressPrivate": false}]}', 'BAD services[1].handlers[0], x of G, cannot be public in a private service'),
  ('{"name": "G", "ty": "WORKFLOW", "handlers": [{"name": "run", "workflowCompletionRetention": 1}, {"name": "ask", "ty": "SHARED"}], "abortTimeout": 9007199254740991, "metadata": null}', 'ID'),
  ('{"name": "_1.-_", "ty": "SERVICE", "handlers": [{"name": "_1_"}]}', 'ID')) AS v (service, refused);
SELECT is(pg_temp.of_handler(handler, ty), replace(refused, 'BAD', 'PT422 invalid_body'), ty || ' ' || handler)
FROM (VALUES
  ('SERVICE', '[]', 'BAD services[1].handlers[0] must be a JSON object'),
  ('SERVICE', '{}', 'BAD the name of services[1].handlers[0] must have a letter, then letters, digits and _, 255 in all, and is: "null"'),
  ('SERVICE', '{"name": "a-b"}', 'BAD the name of services[1].handlers[0] must have a letter, then letters, digits and _, 255 in all, and is: "a-b"'),
  ('SERVICE', '{"name": "x", "handler": 1}', 'BAD services[1].handlers[0] has an unknown field: "handler"'),
  ('SERVICE', '{"name": "x", "ty": "EXCLUSIVE"}', 'BAD ty of services[1].handlers[0] must be SHARED, and is: "EXCLUSIVE"'),
  ('VIRTUAL_OBJECT', '{"name": "x", "ty": "WORKFLOW"}', 'BAD ty of services[1].handlers[0] must be EXCLUSIVE or SHARED, and is: "WORKFLOW"'),
  ('WORKFLOW', '{"name": "x", "ty": "EXCLUSIVE"}', 'BAD ty of services[1].handlers[0] must be WORKFLOW or SHARED, and is: "EXCLUSIVE"'),
  ('WORKFLOW', '{"name": "x", "ty": "SHARED", "workflowCompletionRetention": 1}', 'BAD services[1].handlers[0], x of G, has a workflowCompletionRetention, but is not the run of a workflow'),
  ('SERVICE', '{"name": "x", "workflowCompletionRetention": 1}', 'BAD services[1].handlers[0], x of G, has a workflowCompletionRetention, but is not the run of a workflow'),
  ('SERVICE', '{"name": "x", "input": 1}', 'BAD input of services[1].handlers[0] must be an object, and is: "1"'),
  ('SERVICE', '{"name": "x", "input": {"required": 1}}', 'BAD required of input of services[1].handlers[0], x of G, must be true or false, and is: "1"'),
  ('SERVICE', '{"name": "x", "output": {"required": true}}', 'BAD output of services[1].handlers[0], x of G, has an unknown field: "required"'),
  ('SERVICE', '{"name": "x", "ty": "SHARED"}', 'ID'), ('SERVICE', '{"name": "x", "ty": null, "input": null, "output": {"jsonSchema": true}}', 'ID')) AS v (ty, handler, refused);
SELECT is(pg_temp.told(format('SELECT * FROM restate_register_deployment(%L, %L, %L)', endpoint, '{"services": []}', '{"dry_run": true}')), replace(refused, 'BAD',
    'PT422 invalid_body the endpoint must be worker:NAME, http://... or https://... without query, fragment and user, and is:'), coalesce(endpoint, 'null'))
FROM (VALUES (NULL, 'BAD "null"'), ('', 'BAD ""'), ('worker:', 'BAD "worker:"'), ('worker:a b', 'BAD "worker:a b"'), ('worker://a', 'BAD "worker://a"'), ('ftp://a/', 'BAD "ftp://a/"'),
  ('http://', 'BAD "http://"'), ('http://a?b', 'BAD "http://a?b"'), ('http://a/#b', 'BAD "http://a/#b"'), ('http://me:secret@a/', 'BAD "http://me:secret@a/"'), ('http://a/ b', 'BAD "http://a/ b"'),
  (E'http://a/\n', 'BAD "http://a/\x0a"'), ('arn:aws:lambda:x', 'BAD "arn:aws:lambda:x"'), ('http://a/' || repeat('x', 2000), 'PT422 invalid_body the endpoint has more than 2000 characters'),
  ('https://[::1]:9080/a/b', 'ID'), ('worker:_a.b-1', 'ID')) AS v (endpoint, refused);
SELECT is(pg_temp.told(format('SELECT * FROM restate_register_deployment(%L, %L, %L)', endpoint, '{"services": []}', options)), 'PT422 invalid_body ' || refused, options)
FROM (VALUES ('http://h/', '[]', 'the options must be a JSON object'), ('http://h/', '{"forced": true}', 'the options has an unknown field: "forced"'),
  ('http://h/', '{"force": 1}', 'force of the options must be true or false, and is: "1"'), ('http://h/', '{"additional_headers": {"a": 1}}', 'additional_headers of the options must be an object of strings, and is: "{\x22a\x22: 1}"'),
  ('worker:h', '{"use_http_11": true}', 'the options use_http_11 and additional_headers are for endpoints of HTTP alone'),
  ('worker:h', '{"additional_headers": {"a": "b"}}', 'the options use_http_11 and additional_headers are for endpoints of HTTP alone')) AS v (endpoint, options, refused);
-- JSON with an escape of what no text can hold gets a sign in its place, and is no name
SELECT is(pg_temp.told($$SELECT * FROM restate_register_deployment('worker:x', restate.storable_json('{"services": [{"name": "a\u0000"}]}'))$$),
  'PT422 invalid_body the name of services[0] must have a letter, then letters, digits, dots, - and _, 255 in all, and is: "a\xef\xbf\xbd"', 'a name with NUL');

SELECT * FROM finish();
ROLLBACK;
