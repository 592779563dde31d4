-- Journal entries: an example of every kind comes back as it went in, and
-- what is no entry is refused.
SET datestyle TO ISO;
SET intervalstyle TO postgres;

CREATE TEMP TABLE example (entry jsonb, lite jsonb);
INSERT INTO example VALUES
('{"Command":{"Input":{"headers":[{"name":"a","value":"b"}],"payload":[0,10,100,255],"name":""}}}',
 '{"Command":{"Input":{}}}'),
('{"Command":{"Output":{"result":{"Success":[123,125]},"name":"out"}}}',
 '{"Command":{"Output":{"result":"Success"}}}'),
('{"Command":{"Output":{"result":{"Failure":{"code":500,"message":"no \"way\"","metadata":[{"key":"k","value":"v"}]}},"name":""}}}',
 '{"Command":{"Output":{"result":"Failure"}}}'),
('{"Command":{"Run":{"completion_id":4294967295,"name":"écrire"}}}',
 '{"Command":{"Run":{"completion_id":4294967295,"name":"écrire"}}}'),
('{"Command":{"Run":{"completion_id":0,"name":""}}}',
 '{"Command":{"Run":{"completion_id":0}}}'),
('{"Command":{"Sleep":{"wake_up_time":1795226701127,"completion_id":1,"name":""}}}',
 '{"Command":{"Sleep":{"wake_up_time":1795226701127,"completion_id":1}}}'),
('{"Command":{"Sleep":{"wake_up_time":18446744073709551615,"completion_id":1,"name":"for ever"}}}',
 '{"Command":{"Sleep":{"wake_up_time":18446744073709551615,"completion_id":1,"name":"for ever"}}}'),
('{"Command":{"Call":{"request":{"invocation_id":"inv_1klTLrqq7Xg96nsHVH6rhLKzxlUVpEmFe9","invocation_target":{"VirtualObject":{"name":"Obj","key":"k/1","handler":"add","handler_ty":"Exclusive"}},"span_context":{"span_context":{"trace_id":[0,1],"trace_flags":0},"cause":null},"parameter":[],"headers":[{"name":"h","value":""}],"idempotency_key":"ik","completion_retention_duration":{"secs":86400,"nanos":0},"journal_retention_duration":{"secs":0,"nanos":1},"of_a_later_version":{"x":[1.5,true]}},"invocation_id_completion_id":2,"result_completion_id":3,"name":""}}}',
 '{"Command":{"Call":{"invocation_id":"inv_1klTLrqq7Xg96nsHVH6rhLKzxlUVpEmFe9","invocation_target":{"VirtualObject":{"name":"Obj","key":"k/1","handler":"add","handler_ty":"Exclusive"}},"invocation_id_completion_id":2,"result_completion_id":3}}}'),
('{"Command":{"OneWayCall":{"request":{"invocation_id":"inv_1klTLrqq7Xg96nsHVH6rhLKzxlUVpEmFe9","invocation_target":{"Workflow":{"name":"Wf","key":"k","handler":"run"}},"span_context":{},"parameter":[34,34],"headers":[],"idempotency_key":null},"invoke_time":1795230302153,"invocation_id_completion_id":1,"name":"send"}}}',
 '{"Command":{"OneWayCall":{"invocation_id":"inv_1klTLrqq7Xg96nsHVH6rhLKzxlUVpEmFe9","invocation_target":{"Workflow":{"name":"Wf","key":"k","handler":"run"}},"invoke_time":1795230302153,"invocation_id_completion_id":1,"name":"send"}}}'),
('{"Command":{"SendSignal":{"target_invocation_id":"inv_1klTLrqq7Xg96nsHVH6rhLKzxlUVpEmFe9","signal_id":{"Index":1},"result":"Void","name":""}}}',
 '{"Command":{"SendSignal":{"target_invocation_id":"inv_1klTLrqq7Xg96nsHVH6rhLKzxlUVpEmFe9","signal_id":{"Index":1},"result":"Void"}}}'),
('{"Command":{"SendSignal":{"target_invocation_id":"inv_1klTLrqq7Xg96nsHVH6rhLKzxlUVpEmFe9","signal_id":{"Name":"go"},"result":{"Success":[1]},"name":""}}}',
 '{"Command":{"SendSignal":{"target_invocation_id":"inv_1klTLrqq7Xg96nsHVH6rhLKzxlUVpEmFe9","signal_id":{"Name":"go"},"result":"Success"}}}'),
('{"Command":{"AttachInvocation":{"target":{"InvocationId":"inv_1klTLrqq7Xg96nsHVH6rhLKzxlUVpEmFe9"},"completion_id":7,"name":""}}}',
 '{"Command":{"AttachInvocation":{"target":{"InvocationId":"inv_1klTLrqq7Xg96nsHVH6rhLKzxlUVpEmFe9"},"completion_id":7}}}'),
('{"Command":{"GetInvocationOutput":{"target":{"Workflow":{"service_name":"Wf","key":"k"}},"completion_id":8,"name":""}}}',
 '{"Command":{"GetInvocationOutput":{"target":{"Workflow":{"service_name":"Wf","key":"k"}},"completion_id":8}}}'),
('{"Command":{"CompleteAwakeable":{"id":"sign_1abc","result":{"Success":[]},"name":""}}}',
 '{"Command":{"CompleteAwakeable":{"id":"sign_1abc","result":"Success"}}}'),
('{"Command":{"GetEagerState":{"key":"v","result":"Void","name":""}}}',
 '{"Command":{"GetEagerState":{"key":"v","result":"Void"}}}'),
('{"Command":{"GetEagerStateKeys":{"state_keys":["a","b"],"name":""}}}',
 '{"Command":{"GetEagerStateKeys":{}}}'),
('{"Command":{"GetLazyState":{"key":"v","completion_id":1,"name":"n"}}}',
 '{"Command":{"GetLazyState":{"key":"v","completion_id":1}}}'),
('{"Command":{"GetLazyStateKeys":{"completion_id":3,"name":""}}}',
 '{"Command":{"GetLazyStateKeys":{"completion_id":3}}}'),
('{"Command":{"SetState":{"key":"v","value":[53],"name":""}}}',
 '{"Command":{"SetState":{"key":"v"}}}'),
('{"Command":{"ClearState":{"key":"v","name":""}}}',
 '{"Command":{"ClearState":{"key":"v"}}}'),
('{"Command":{"ClearAllState":{"name":""}}}',
 '{"Command":{"ClearAllState":{}}}'),
('{"Command":{"GetPromise":{"key":"p","completion_id":1,"name":""}}}',
 '{"Command":{"GetPromise":{"key":"p","completion_id":1}}}'),
('{"Command":{"PeekPromise":{"key":"p","completion_id":2,"name":""}}}',
 '{"Command":{"PeekPromise":{"key":"p","completion_id":2}}}'),
('{"Command":{"CompletePromise":{"key":"p","value":{"Success":[116]},"completion_id":3,"name":""}}}',
 '{"Command":{"CompletePromise":{"key":"p","completion_id":3}}}'),
('{"Command":{"CompletePromise":{"key":"p","value":{"Failure":{"code":1,"message":""}},"completion_id":3,"name":""}}}',
 '{"Command":{"CompletePromise":{"key":"p","completion_id":3}}}'),
('{"Notification":{"Completion":{"Run":{"completion_id":1,"result":{"Success":[34,65,34]}}}}}',
 '{"Notification":{"ty":{"Completion":"Run"},"id":{"CompletionId":1},"result":"Success"}}'),
('{"Notification":{"Completion":{"Sleep":{"completion_id":1}}}}',
 '{"Notification":{"ty":{"Completion":"Sleep"},"id":{"CompletionId":1},"result":"Void"}}'),
('{"Notification":{"Completion":{"Call":{"completion_id":3,"result":{"Failure":{"code":409,"message":"killed"}}}}}}',
 '{"Notification":{"ty":{"Completion":"Call"},"id":{"CompletionId":3},"result":"Failure"}}'),
('{"Notification":{"Completion":{"CallInvocationId":{"completion_id":2,"invocation_id":"inv_1klTLrqq7Xg96nsHVH6rhLKzxlUVpEmFe9"}}}}',
 '{"Notification":{"ty":{"Completion":"CallInvocationId"},"id":{"CompletionId":2},"result":"InvocationId"}}'),
('{"Notification":{"Completion":{"AttachInvocation":{"completion_id":7,"result":{"Success":[]}}}}}',
 '{"Notification":{"ty":{"Completion":"AttachInvocation"},"id":{"CompletionId":7},"result":"Success"}}'),
('{"Notification":{"Completion":{"GetInvocationOutput":{"completion_id":8,"result":"Void"}}}}',
 '{"Notification":{"ty":{"Completion":"GetInvocationOutput"},"id":{"CompletionId":8},"result":"Void"}}'),
('{"Notification":{"Completion":{"GetLazyState":{"completion_id":1,"result":"Void"}}}}',
 '{"Notification":{"ty":{"Completion":"GetLazyState"},"id":{"CompletionId":1},"result":"Void"}}'),
('{"Notification":{"Completion":{"GetLazyStateKeys":{"completion_id":3,"state_keys":["v"]}}}}',
 '{"Notification":{"ty":{"Completion":"GetLazyStateKeys"},"id":{"CompletionId":3},"result":"StateKeys"}}'),
('{"Notification":{"Completion":{"GetPromise":{"completion_id":1,"result":{"Success":[1,2]}}}}}',
 '{"Notification":{"ty":{"Completion":"GetPromise"},"id":{"CompletionId":1},"result":"Success"}}'),
('{"Notification":{"Completion":{"PeekPromise":{"completion_id":2,"result":"Void"}}}}',
 '{"Notification":{"ty":{"Completion":"PeekPromise"},"id":{"CompletionId":2},"result":"Void"}}'),
('{"Notification":{"Completion":{"CompletePromise":{"completion_id":3,"result":"Void"}}}}',
 '{"Notification":{"ty":{"Completion":"CompletePromise"},"id":{"CompletionId":3},"result":"Void"}}'),
('{"Notification":{"Signal":{"id":{"Index":17},"result":"Void"}}}',
 '{"Notification":{"ty":"Signal","id":{"SignalIndex":17},"result":"Void"}}'),
('{"Notification":{"Signal":{"id":{"Name":"x"},"result":{"Success":[255]}}}}',
 '{"Notification":{"ty":"Signal","id":{"SignalName":"x"},"result":"Success"}}');

-- the columns, and both forms from them
\pset format unaligned
SELECT p.entry_type, p.name, p.completion_id AS cid, p.result_completion_id AS rcid, p.invoked_id,
       p.signal_index AS sig, p.signal_name AS signame, p.meta, p.payload,
       r.json::jsonb = e.entry AS same, r.lite::jsonb = e.lite AS same_lite
FROM example AS e
CROSS JOIN LATERAL restate.parse_entry(e.entry) AS p
CROSS JOIN LATERAL (SELECT
  restate.entry_json(p.entry_type, p.name, p.completion_id, p.result_completion_id, p.invoked_id,
    p.signal_index, p.signal_name, p.meta, p.payload) AS json,
  restate.entry_lite_json(p.entry_type, p.name, p.completion_id, p.result_completion_id, p.invoked_id,
    p.signal_index, p.signal_name, p.meta) AS lite) AS r
ORDER BY p.entry_type, e.entry;
\pset format aligned
-- every kind was there
SELECT unnest(enum_range(NULL::restate.entry_type)) AS without_example
EXCEPT SELECT p.entry_type FROM example AS e, restate.parse_entry(e.entry) AS p;

-- as text: fields in their natural order, no spaces
SELECT restate.entry_json('Command: Sleep', 'n', 5, NULL, NULL, NULL, NULL, '{"wake_up_time": 7, "later": [1, {"a": null}]}', NULL);
SELECT restate.entry_json('Command: Input', '', NULL, NULL, NULL, NULL, NULL,
  '{"headers": [{"name": "h", "value": "v"}]}', '\x00096364ff');
-- no bytes are not the same as an array of none
SELECT restate.entry_json('Command: SetState', '', NULL, NULL, NULL, NULL, NULL, '{"key": "k"}', payload)
FROM (VALUES (''::bytea), (NULL)) AS s(payload);
-- what is null is left out
SELECT restate.entry_json('Notification: Run', NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL) AS json,
       restate.entry_lite_json('Notification: Run', NULL, NULL, NULL, NULL, NULL, NULL, NULL) AS lite,
       restate.entry_json(NULL, 'n', 1, NULL, NULL, NULL, NULL, '{}', NULL) IS NULL AS without_type,
       restate.parse_entry(NULL) IS NULL AS without_entry;

-- a megabyte
WITH big AS (
  SELECT decode(string_agg(md5(i::text), '' ORDER BY i), 'hex') AS payload
  FROM generate_series(1, 65536) AS i
), json AS (
  SELECT payload, restate.entry_json('Command: SetState', '', NULL, NULL, NULL, NULL, NULL, '{"key": "k"}', payload) AS json
  FROM big
)
SELECT length(j.payload) AS bytes, length(j.json) > 3 * length(j.payload) AS spelled_out,
       p.payload = j.payload AS same
FROM json AS j, restate.parse_entry(j.json::jsonb) AS p;

-- what else is in meta
SELECT p.entry_type, restate.invoked_target(p.entry_type, p.meta) AS invoked_target,
       restate.sleep_wakeup_at(p.entry_type, p.meta) AT TIME ZONE 'UTC' AS sleep_wakeup_at,
       restate.promise_name(p.entry_type, p.meta) AS promise_name
FROM example AS e, restate.parse_entry(e.entry) AS p
WHERE p.entry_type IN ('Command: Sleep', 'Command: Call', 'Command: OneWayCall', 'Command: GetPromise',
  'Command: PeekPromise', 'Command: CompletePromise', 'Command: SetState')
ORDER BY p.entry_type, e.entry;
SELECT restate.sleep_wakeup_at('Command: Sleep', meta) AT TIME ZONE 'UTC' AS sleep_wakeup_at
FROM (VALUES ('{"wake_up_time": 0}'::jsonb), ('{"wake_up_time": 4102444800123}'),
             ('{"wake_up_time": 9224318015999001}'), ('{"wake_up_time": "soon"}'), ('{}'), (NULL)) AS s(meta);

-- refusals: the state, the category and the message
CREATE FUNCTION refusal(statement text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
  state text; category text; message text;
BEGIN
  EXECUTE statement;
  RETURN 'accepted';
EXCEPTION WHEN OTHERS THEN
  GET STACKED DIAGNOSTICS state = RETURNED_SQLSTATE, category = CONSTRAINT_NAME, message = MESSAGE_TEXT;
  RETURN state || ' ' || category || ': ' || message;
END $$;

SELECT refusal(format('SELECT restate.parse_entry(%L)', entry)) AS refusal
FROM (VALUES
  (1, 'null'), (2, '1'), (3, '[]'), (4, '"Command"'), (5, '{}'), (6, '[{"Command":{"ClearAllState":{}}}]'),
  (7, '{"Command":{"ClearAllState":{}},"Notification":{}}'),
  (8, '{"Command":{}}'), (9, '{"Command":"ClearAllState"}'), (10, '{"Command":{"ClearAllState":[]}}'),
  (11, '{"Event":{"TransientError":{}}}'), (12, '{"Command":{"clearallstate":{}}}'),
  (13, '{"Command":{"Signal":{}}}'), (14, '{"Notification":{"Run":{}}}'),
  (15, '{"Notification":{"Completion":{"Signal":{}}}}'),
  (16, '{"Command":{"é\"\\\n":{}}}'),
  (17, '{"Command":{"ClearAllState":{"name":1}}}'), (18, '{"Command":{"ClearAllState":{"name":null}}}'),
  (20, '{"Command":{"Run":{"name":""}}}'), (21, '{"Command":{"Run":{"completion_id":null,"name":""}}}'),
  (22, '{"Command":{"Run":{"completion_id":"1","name":""}}}'),
  (23, '{"Command":{"Run":{"completion_id":-1,"name":""}}}'),
  (24, '{"Command":{"Run":{"completion_id":4294967296,"name":""}}}'),
  (25, '{"Command":{"Run":{"completion_id":1.5,"name":""}}}'),
  (26, '{"Command":{"Run":{"completion_id":1e400,"name":""}}}'),
  (27, '{"Command":{"Run":{"completion_id":[1],"name":""}}}'),
  (30, '{"Command":{"Input":{"headers":[],"name":""}}}'),
  (31, '{"Command":{"Input":{"payload":null,"name":""}}}'),
  (32, '{"Command":{"Input":{"payload":"MTI=","name":""}}}'),
  (33, '{"Command":{"Input":{"payload":{},"name":""}}}'),
  (34, '{"Command":{"Input":{"payload":[256],"name":""}}}'),
  (35, '{"Command":{"Input":{"payload":[1,-1],"name":""}}}'),
  (36, '{"Command":{"Input":{"payload":[1.0],"name":""}}}'),
  (37, '{"Command":{"Input":{"payload":[0.4],"name":""}}}'),
  (38, '{"Command":{"Input":{"payload":["1"],"name":""}}}'),
  (39, '{"Command":{"Input":{"payload":[[1]],"name":""}}}'),
  (40, '{"Command":{"Input":{"payload":[1e300],"name":""}}}'),
  (41, '{"Command":{"Input":{"payload":[1,null,true],"name":""}}}'),
  (42, '{"Command":{"Input":{"headers":{},"payload":[],"name":""}}}'),
  (43, '{"Command":{"Input":{"headers":[{"name":"a"}],"payload":[],"name":""}}}'),
  (44, '{"Command":{"Input":{"headers":["a"],"payload":[],"name":""}}}'),
  (50, '{"Command":{"Output":{"name":""}}}'), (51, '{"Command":{"Output":{"result":"Void","name":""}}}'),
  (52, '{"Command":{"Output":{"result":"Success","name":""}}}'),
  (53, '{"Command":{"Output":{"result":{"Success":[],"Failure":{}},"name":""}}}'),
  (54, '{"Command":{"Output":{"result":{"Failure":{"code":1}},"name":""}}}'),
  (55, '{"Command":{"Output":{"result":{"Failure":{"code":65536,"message":""}},"name":""}}}'),
  (56, '{"Command":{"Output":{"result":{"Failure":"no"},"name":""}}}'),
  (57, '{"Command":{"Output":{"result":{"Other":[]},"name":""}}}'),
  (58, '{"Notification":{"Completion":{"CompletePromise":{"completion_id":1,"result":{"Success":[]}}}}}'),
  (60, '{"Command":{"Call":{"request":[],"invocation_id_completion_id":1,"result_completion_id":2,"name":""}}}'),
  (61, '{"Command":{"Call":{"request":{"invocation_id":"inv_1","invocation_target":{"Service":{"name":"a","handler":"b"}},"parameter":[]},"invocation_id_completion_id":1,"result_completion_id":2,"name":""}}}'),
  (62, '{"Command":{"Call":{"request":{"invocation_id":"inv_1klTLrqq7Xg96nsHVH6rhLKzxlUVpEmFe9","invocation_target":{"VirtualObject":{"name":"a","handler":"b"}},"parameter":[]},"invocation_id_completion_id":1,"result_completion_id":2,"name":""}}}'),
  (63, '{"Command":{"Call":{"request":{"invocation_id":"inv_1klTLrqq7Xg96nsHVH6rhLKzxlUVpEmFe9","invocation_target":{"Service":{"name":"a","handler":"b"}},"parameter":[]},"invocation_id_completion_id":1,"name":""}}}'),
  (64, '{"Command":{"Call":{"request":{"invocation_target":{"Service":{"name":"a","handler":"b"}},"parameter":[]},"invocation_id_completion_id":1,"result_completion_id":2,"name":""}}}'),
  (65, '{"Command":{"Call":{"request":{"invocation_id":7,"invocation_target":{"Service":{"name":"a","handler":"b"}},"parameter":[]},"invocation_id_completion_id":1,"result_completion_id":2,"name":""}}}'),
  (70, '{"Notification":{"Signal":{"id":17,"result":"Void"}}}'),
  (71, '{"Notification":{"Signal":{"id":{"Index":4294967296},"result":"Void"}}}'),
  (72, '{"Notification":{"Signal":{"id":{"Index":1,"Name":"x"},"result":"Void"}}}'),
  (73, '{"Notification":{"Signal":{"id":{"Name":1},"result":"Void"}}}'),
  (74, '{"Command":{"SendSignal":{"target_invocation_id":"inv_2klTLrqq7Xg96nsHVH6rhLKzxlUVpEmFe9","signal_id":{"Index":1},"result":"Void","name":""}}}'),
  (75, '{"Command":{"SendSignal":{"target_invocation_id":"inv_1klTLrqq7Xg96nsHVH6rhLKzxlUVpEmFe9","signal_id":{"Idx":1},"result":"Void","name":""}}}'),
  (80, '{"Command":{"Sleep":{"wake_up_time":-1,"completion_id":1,"name":""}}}'),
  (81, '{"Command":{"Sleep":{"wake_up_time":18446744073709551616,"completion_id":1,"name":""}}}'),
  (82, '{"Command":{"AttachInvocation":{"target":{"InvocationId":"x"},"completion_id":1,"name":""}}}'),
  (83, '{"Command":{"AttachInvocation":{"target":{"Service":{}},"completion_id":1,"name":""}}}'),
  (84, '{"Command":{"GetEagerStateKeys":{"state_keys":["a",1],"name":""}}}'),
  (85, '{"Command":{"SetState":{"key":1,"value":[],"name":""}}}')
) AS s(n, entry)
ORDER BY n;

-- importing an invocation
SELECT restate_import_invocation('{"id": "inv_19qkKbljHNpH0RZGEObhMhTgZGfKFLT2EN", "status": "completed",
    "completion_result": "success", "partition_key": 17676356601837177000, "target": "EntrySvc/echo",
    "target_service_name": "EntrySvc", "target_handler_name": "echo", "target_service_ty": "service",
    "completion_retention": "PT86400S", "journal_retention": "P0D", "journal_size": 99}',
  '[{"index": 1, "entry_json": {"Command":{"Output":{"result":{"Success":[34,34]},"name":""}}}},
    {"index": 0, "version": 2, "entry_type": "Command: Input", "appended_at": "2026-11-21T02:05:00.667Z",
     "entry_json": "{\"Command\":{\"Input\":{\"headers\":[],\"payload\":[49],\"name\":\"\"}}}"}]');
SELECT status, target_handler_ty, invoked_by, journal_size, journal_commands_size, completion_retention,
       journal_retention, completion_payload
FROM restate.invocation WHERE target_service_name = 'EntrySvc';
SELECT index, entry_type, version, name, meta, payload, appended_at AT TIME ZONE 'UTC' AS appended_at
FROM restate.journal WHERE id = 'inv_19qkKbljHNpH0RZGEObhMhTgZGfKFLT2EN' AND index = 0;

-- an object key: its holder, its inbox, what is scheduled, what a shared handler does
CREATE FUNCTION object_invocation(status text, more jsonb DEFAULT '{}') RETURNS restate_invocation_id
LANGUAGE sql AS $$
  SELECT restate_import_invocation(jsonb_build_object('id', restate_keyed_invocation_id('k'), 'status', status,
    'target_service_name', 'EntryObj', 'target_service_key', 'k', 'target_handler_name', 'add',
    'target_service_ty', 'virtual_object', 'target_handler_ty', 'exclusive') || more)
$$;
SELECT regexp_replace(refusal($$SELECT object_invocation('pending')$$), 'inv_\w+', 'ID') AS before_the_holder;
SELECT object_invocation('suspended', '{"suspended_waiting_for_completions": [2], "suspended_waiting_for_signals": [1]}') IS NOT NULL AS holder;
SELECT object_invocation('inboxed', '{"input_payload": [1,2], "input_headers": [{"name":"a","value":"b"}]}') IS NOT NULL AS first;
SELECT object_invocation('pending') IS NOT NULL AS second;
SELECT object_invocation('scheduled', '{"scheduled_start_at": "2030-01-01T00:00:00Z"}') IS NOT NULL AS scheduled;
SELECT object_invocation('invoked', '{"target_handler_ty": "shared"}') IS NOT NULL AS shared;
SELECT status, target_handler_ty, inbox_sequence_number, journal_size, suspended_waiting_for_completions AS completions,
       suspended_waiting_for_signals AS signals, input_headers, input_payload
FROM restate.invocation WHERE target_service_name = 'EntryObj' ORDER BY status, inbox_sequence_number;
SELECT i.status AS holder_status, k.next_sequence_number
FROM restate.object_key AS k JOIN restate.invocation AS i ON i.id = k.holder
WHERE k.service_name = 'EntryObj';
SELECT regexp_replace(refusal($$SELECT object_invocation('running')$$), 'inv_\w+', 'ID') AS held;

-- a workflow: the run is known by its id
SELECT restate_import_invocation(jsonb_build_object('id', id, 'status', 'invoked', 'target_service_name', 'EntryWf',
  'target_service_key', 'w', 'target_handler_name', 'h', 'target_service_ty', 'workflow')) = id AS imported
FROM (VALUES (restate_workflow_invocation_id('EntryWf', 'w')), (restate_keyed_invocation_id('w'))) AS s(id);
SELECT status, target_handler_ty, id = restate_workflow_invocation_id('EntryWf', 'w') AS is_run
FROM restate.invocation WHERE target_service_name = 'EntryWf' ORDER BY target_handler_ty;

-- refused imports, which change nothing
CREATE TEMP TABLE counts AS SELECT (SELECT count(*) FROM restate.invocation) AS invocations,
  (SELECT count(*) FROM restate.journal) AS entries, (SELECT sum(next_sequence_number) FROM restate.object_key) AS places;
WITH base (doc, input) AS (VALUES (
  jsonb '{"id": "inv_1klTLrqq7Xg96nsHVH6rhLKzxlUVpEmFe9", "status": "completed", "completion_result": "success",
    "target_service_name": "EntrySvc", "target_handler_name": "echo", "target_service_ty": "service"}',
  jsonb '{"index": 0, "entry_json": {"Command":{"Input":{"headers":[],"payload":[],"name":""}}}}'))
SELECT n, refusal(format('SELECT restate_import_invocation(%L, %L)', doc, journal)) AS refusal
FROM (
  SELECT n, base.doc || more AS doc, NULL::jsonb AS journal FROM base, (VALUES
    (1, '{"id": "inv_19qkKbljHNpH0RZGEObhMhTgZGfKFLT2EN"}'::jsonb), (2, '{"id": null}'), (3, '{"id": "inv_x"}'),
    (4, '{"status": "running "}'), (5, '{"status": null}'), (6, '{"status": "pending"}'),
    (7, '{"completion_result": null}'), (8, '{"completion_result": "failure"}'), (9, '{"target_service_ty": "lambda"}'),
    (10, '{"target_service_ty": "virtual_object"}'), (11, '{"target_service_key": "k"}'),
    (12, '{"target_handler_name": null}'), (13, '{"created_at": "yesterday, perhaps"}'), (14, '{"completion_retention": "P1X"}'),
    (15, '{"pinned_deployment_id": "dp_x"}'), (16, '{"pinned_deployment_id": "dp_12z4obQIq1qdu0Lzrk75AL7"}'),
    (17, '{"invoked_by": "nobody"}'), (18, '{"restarted_from": "inv_1klTLrqq7Xg96nsHVH6rhLKzxlUVpEmFe9"}'),
    (19, '{"status": "suspended", "completion_result": null, "suspended_waiting_for_completions": [4294967296]}'),
    (20, '{"status": "suspended", "completion_result": null, "suspended_waiting_for_signals": [null]}'),
    (21, '{"status": "suspended", "completion_result": null, "suspended_waiting_for_signals": 1}'),
    (22, '{"status": "scheduled", "completion_result": null, "input_payload": "x"}'),
    (23, '{"status": "ready", "completion_result": null, "input_headers": [1]}'),
    (24, '{"retry_count": 99999999999999999999}'), (25, '{"target_handler_ty": "exclusive"}')) AS v(n, more)
  UNION ALL
  SELECT n, base.doc, CASE WHEN n < 40 THEN more ELSE jsonb_build_array(base.input) || more END FROM base, (VALUES
    (30, '{}'::jsonb), (31, '1'), (32, '[1]'), (33, '[{}]'), (34, '[{"index": 0}]'), (35, '[{"index": 0, "entry_json": 1}]'),
    (36, '[{"index": 0, "entry_json": "{"}]'), (37, '[{"index": 0, "entry_json": "{}"}]'),
    (38, '[{"index": 0, "entry_json": {"Command":{"ClearAllState":{"name":""}}}}]'),
    (40, '{"index": 2, "entry_json": {"Command":{"ClearAllState":{"name":""}}}}'),
    (41, '{"index": 0, "entry_json": {"Command":{"ClearAllState":{"name":""}}}}'),
    (42, '{"index": 0.5, "entry_json": {"Command":{"ClearAllState":{"name":""}}}}'),
    (43, '{"index": "1", "entry_json": {"Command":{"ClearAllState":{"name":""}}}}'),
    (44, '{"index": 1, "version": 1, "entry_json": {"Command":{"ClearAllState":{"name":""}}}}'),
    (45, '{"index": 1, "entry_type": "Command: Run", "entry_json": {"Command":{"ClearAllState":{"name":""}}}}'),
    (46, '{"index": 1, "appended_at": "x", "entry_json": {"Command":{"ClearAllState":{"name":""}}}}')) AS v(n, more)
  UNION ALL SELECT 50, NULL, NULL
  UNION ALL SELECT 51, '[]', NULL
  UNION ALL SELECT 52, base.doc || '{"status": "scheduled", "completion_result": null}', jsonb_build_array(base.input) FROM base
) AS s
ORDER BY n;
SELECT c = counts AS unchanged FROM counts, (SELECT (SELECT count(*) FROM restate.invocation),
  (SELECT count(*) FROM restate.journal), (SELECT sum(next_sequence_number) FROM restate.object_key)) AS c;

-- who may do what: entries anyone who may use the schema, imports the owner
CREATE ROLE regress_entry_reader;
GRANT USAGE ON SCHEMA restate TO regress_entry_reader;
SET ROLE regress_entry_reader;
SELECT restate_import_invocation('{}');
SELECT restate.entry_json(p.entry_type, p.name, NULL, NULL, NULL, NULL, NULL, p.meta, p.payload) AS json,
       restate.entry_lite_json(p.entry_type, p.name, NULL, NULL, NULL, NULL, NULL, p.meta) AS lite
FROM restate.parse_entry('{"Command":{"SetState":{"key":"k","value":[1],"name":""}}}') AS p;
RESET ROLE;

DROP OWNED BY regress_entry_reader;
DROP ROLE regress_entry_reader;
DELETE FROM restate.journal AS j USING restate.invocation AS i
WHERE j.id = i.id AND i.target_service_name LIKE 'Entry%';
DELETE FROM restate.invocation WHERE target_service_name LIKE 'Entry%';
DELETE FROM restate.object_key WHERE service_name LIKE 'Entry%';
DROP FUNCTION refusal(text), object_invocation(text, jsonb);

-- What entries of each type are, and which ids they have: exactly one choice of
-- them fits.
SELECT t.type, restate.is_command(t.type) AS is_command, f.ids
FROM unnest(enum_range(NULL::restate.entry_type)) AS t (type)
CROSS JOIN LATERAL (SELECT string_agg(coalesce(nullif(concat_ws(', ', 'completion ' || c, 'result ' || r, 'callee ' || left(i, 3)), ''), 'none'), ' | ') AS ids
  FROM (VALUES (NULL), (1)) AS completion (c), (VALUES (NULL), (2)) AS result (r),
    (VALUES (NULL), ('inv_1000000000000000000000000000000000')) AS callee (i)
  WHERE restate.entry_ids_fit(t.type, c, r, i::restate_invocation_id)) AS f
ORDER BY t.type;
SELECT restate.entry_ids_fit(NULL, 1, 2, NULL) IS NULL AS untyped, restate.is_command(NULL) IS NULL AS no_command;
