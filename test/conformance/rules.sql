-- The rules by which a recorded exchange is held against what happens here:
-- what SQL cannot express, in what this project departs where the line does not
-- say so itself ("expect" in a line wins over all of them), and what of the
-- recorded facts is the work of the runtime, which the real server had and a
-- replay has not.  All that no rule is about has to be as recorded.
--
-- A rule goes by the request, the state, the recorded facts and the labels in
-- them, never by a case's name.  Included after world.sql.

CREATE TABLE request (
  n int PRIMARY KEY,
  name text NOT NULL,
  operation text,        -- null: not a request that these rules are about
  batch boolean NOT NULL DEFAULT false,
  id text,               -- ids are as recorded: with labels for ids; null: not text
  ids text[],
  parameters jsonb NOT NULL DEFAULT '{}',   -- name: the values given, null for what is not text
  mode text, "from" bigint, deployment text,
  not_in_sql text        -- why SQL cannot express it
);

-- An id is exactly its 38 characters; the real server ignores what follows them.
CREATE FUNCTION is_id(text) RETURNS boolean LANGUAGE sql IMMUTABLE AS $$
  SELECT $1 ~ '^(\{(inv|new)[:#][^{}]*\}|inv_1[0-9A-Za-z]{33})$'
$$;
CREATE FUNCTION is_id_and_more(text) RETURNS boolean LANGUAGE sql IMMUTABLE AS $$
  SELECT $1 ~ '^(\{(inv|new)[:#][^{}]*\}|inv_1[0-9A-Za-z]{33})(.|\n)'
$$;

-- Why SQL cannot express a request, null if it can.
CREATE FUNCTION not_in_sql(line jsonb, r request) RETURNS text LANGUAGE sql IMMUTABLE AS $$
  SELECT CASE
    WHEN r.operation IS NULL THEN 'routes, methods and other resources'
    WHEN r.batch AND jsonb_typeof(line #> '{request,body}') = 'string' AND cardinality(r.ids) > 1000 THEN 'the limits of a batch body'
    WHEN r.batch AND jsonb_typeof(line #> '{request,body}') = 'string' AND r.ids IS NULL
      THEN 'the content type and the syntax of a batch body'
    WHEN r.batch AND r.ids IS NULL THEN 'the shape of a batch body'
    WHEN NOT r.batch AND r.id IS NULL OR r.parameters @? '$.*[*] ? (@ == null)' THEN 'text that is not UTF-8 or has a NUL'
    WHEN r.parameters @? 'strict $.* ? (@.size() > 1)' THEN 'a parameter given twice'
    WHEN r.parameters ? 'from' AND r."from" IS NULL THEN 'a "from" that is no bigint'
    WHEN r.parameters ? 'mode' AND NOT is_id(r.id) AND r.mode NOT IN ('cancel', 'Cancel', 'kill', 'Kill', 'purge', 'Purge')
      THEN 'which of two malformed texts is refused'
  END
$$;

-- what is answered

-- The answers of the Admin API to what SQL returns.  "unchanged" of a delete is
-- that of an invocation in flight that was to be purged.
CREATE TABLE answer (operation text, outcome text, status int NOT NULL, PRIMARY KEY (operation, outcome));
INSERT INTO answer VALUES
  ('purge-journal', 'purged', 200), ('purge-journal', 'unchanged', 200), ('restart-as-new', 'restarted', 200),
  ('delete', 'signalled', 202), ('delete', 'removed', 202), ('delete', 'killed', 202), ('delete', 'purged', 202), ('delete', 'unchanged', 202),
  ('cancel', 'signalled', 202), ('cancel', 'removed', 200), ('kill', 'killed', 200), ('kill', 'removed', 200), ('purge', 'purged', 200),
  ('pause', 'pausing', 202), ('pause', 'paused', 202), ('pause', 'unchanged', 200),
  ('resume', 'resumed', 200), ('resume', 'unchanged', 200);

-- The answer over HTTP that a result of call() stands for; outcome is that of a
-- single operation that succeeded.
CREATE FUNCTION answer_of(r request, result jsonb, outcome text) RETURNS jsonb LANGUAGE sql STABLE AS $$
  SELECT CASE
    -- ids are cast before the call, whereas over HTTP they are part of the body
    WHEN r.batch AND result ->> 'category' = 'invalid_invocation_id' THEN
      '{"status": 422, "category": "invalid_body", "content_type": "application/json", "keys": ["message", "restate_code"]}'
    WHEN result ? 'category' THEN jsonb_build_object('category', result -> 'category', 'content_type', 'application/json',
      'status', (SELECT c.status FROM category AS c WHERE c.name = result ->> 'category'), 'keys', '["message", "restate_code"]'::jsonb)
    WHEN r.batch THEN
      '{"status": 200, "category": null, "content_type": "application/json", "keys": ["failed", "succeeded"]}'
    ELSE jsonb_build_object('category', NULL,
        'status', (SELECT a.status FROM answer AS a WHERE a.operation = r.operation AND a.outcome = answer_of.outcome))
      || CASE WHEN r.operation = 'restart-as-new' THEN '{"content_type": "application/json", "keys": ["new_invocation_id"]}'
        ELSE '{"content_type": null, "keys": null}' END::jsonb
  END
$$;

CREATE FUNCTION sorted_keys(document jsonb) RETURNS jsonb LANGUAGE sql IMMUTABLE AS $$
  SELECT CASE WHEN jsonb_typeof(document) = 'object' THEN (SELECT coalesce(jsonb_agg(k ORDER BY k COLLATE "C"), '[]') FROM jsonb_object_keys(document) AS k) END
$$;

-- The answer that a line wants: category, status, content type and the keys of
-- its body, null for none.  before: the facts of the invocation, if any.
CREATE FUNCTION wanted(line jsonb, r request, before jsonb) RETURNS jsonb LANGUAGE plpgsql STABLE AS $$
DECLARE
  recorded CONSTANT jsonb := line -> 'recorded';
  expected CONSTANT jsonb := coalesce(line -> 'expect', '{}');
  body CONSTANT jsonb := nullif(recorded -> 'body', 'null');
  category text := coalesce(expected ->> 'category', recorded ->> 'category');
  status int := coalesce(expected ->> 'status', recorded ->> 'status');
  departed CONSTANT text := CASE
    WHEN expected ? 'category' THEN NULL
    WHEN NOT r.batch AND r.operation IS NOT NULL AND is_id_and_more(r.id) AND coalesce(category, '') NOT LIKE 'invalid\_%'
      THEN 'invalid_invocation_id'
    WHEN r.batch AND category IS NULL AND EXISTS (SELECT FROM unnest(r.ids) AS id WHERE is_id_and_more(id)) THEN 'invalid_body'
    -- a delete says what it found
    WHEN r.operation IS DISTINCT FROM 'delete' OR category IS NOT NULL THEN NULL
    WHEN before IS NULL OR before ->> 'exists' = 'false' THEN 'invocation_not_found'
    WHEN before ->> 'status' = 'completed' AND lower(coalesce(r.mode, 'cancel')) <> 'purge' THEN 'already_completed'
  END;
BEGIN
  IF departed IS NOT NULL THEN
    RETURN jsonb_build_object('category', departed, 'content_type', 'application/json', 'keys', '["message", "restate_code"]'::jsonb,
      'status', CASE departed WHEN 'invalid_body' THEN 422 ELSE (SELECT c.status FROM category AS c WHERE c.name = departed) END,
      'departed', true);
  END IF;
  RETURN jsonb_build_object('category', category, 'status', status,
    'content_type', CASE
      WHEN expected ? 'content_type' THEN expected -> 'content_type'
      WHEN expected ? 'category' THEN '"application/json"'
      -- every error has the JSON body: those that were recorded as plain text too
      WHEN category IS NOT NULL AND NOT recorded ? 'body_keys' AND recorded ->> 'content_type' = 'text/plain; charset=utf-8'
        THEN '"application/json"'
      ELSE recorded -> 'content_type' END,
    'keys', CASE
      WHEN recorded ? 'body_keys' THEN (SELECT jsonb_agg(k ORDER BY k COLLATE "C") FROM jsonb_array_elements_text(recorded -> 'body_keys') AS k)
      WHEN category IS NOT NULL AND (expected ? 'category' OR recorded ->> 'content_type' IS DISTINCT FROM 'application/json')
        THEN '["message", "restate_code"]'
      -- a long answer was recorded by its lengths
      WHEN r.batch AND body ? 'failed_len' THEN '["failed", "succeeded"]'
      ELSE sorted_keys(body) END);
END $$;

-- The lists of a batch's answer as they are compared: new ids and the words of
-- an error are their own server's.
CREATE FUNCTION comparable_lists(answer jsonb) RETURNS jsonb LANGUAGE sql IMMUTABLE AS $$
  SELECT coalesce(jsonb_object_agg(key, CASE
    WHEN jsonb_typeof(value) = 'array' THEN (SELECT coalesce(jsonb_agg(comparable ORDER BY n), '[]')
      FROM (SELECT n, CASE WHEN jsonb_typeof(e) <> 'object' THEN e
          ELSE e || CASE WHEN e ->> 'new_invocation_id' ~ '^(\{new[:#]|\{inv#|inv_1)' THEN '{"new_invocation_id": "another"}' ELSE '{}' END::jsonb
            || CASE WHEN jsonb_typeof(e -> 'error') = 'string' THEN '{"error": "words"}' ELSE '{}' END::jsonb END AS comparable
        FROM jsonb_array_elements(value) WITH ORDINALITY AS t (e, n)) AS elements)
    WHEN key = 'first_failed' AND jsonb_typeof(value -> 'error') = 'string' THEN value || '{"error": "words"}'
    ELSE value END), '{}')
  FROM jsonb_each(answer)
$$;

-- what became of invocations

-- Recorded facts in the form of facts().  An Input of the server's old table
-- ("v1") is a Command: Input here, and counts as one.
CREATE FUNCTION recorded_facts(facts jsonb) RETURNS jsonb LANGUAGE sql IMMUTABLE AS $$
  SELECT facts || CASE WHEN facts ? 'completion_retention' THEN jsonb_build_object(
      'completion_retention', (facts ->> 'completion_retention')::interval) ELSE '{}' END
    || CASE WHEN facts ? 'journal_retention' THEN jsonb_build_object(
      'journal_retention', (facts ->> 'journal_retention')::interval) ELSE '{}' END
    || CASE WHEN facts #>> '{journal,0}' = '0: v1 Input' THEN jsonb_build_object(
      'journal_commands_size', (facts ->> 'journal_commands_size')::int + 1,
      'journal', jsonb_set(facts -> 'journal', '{0}', '"0: v1 Command: Input"')) ELSE '{}' END
$$;

-- In what the facts differ, "key: have x, want y"; null if in nothing.
CREATE FUNCTION differences(have jsonb, want jsonb) RETURNS text LANGUAGE sql IMMUTABLE AS $$
  SELECT string_agg(format('%s: have %s, want %s', key, coalesce(h.value::text, 'nothing'), coalesce(w.value::text, 'nothing')), '; ')
  FROM jsonb_each(have) AS h FULL JOIN jsonb_each(want) AS w USING (key)
  WHERE h.value IS DISTINCT FROM w.value
$$;

CREATE FUNCTION selected(facts jsonb, keys text[]) RETURNS jsonb LANGUAGE sql IMMUTABLE AS $$
  SELECT coalesce(jsonb_object_agg(key, value), '{}') FROM jsonb_each(facts) WHERE key = ANY (keys)
$$;

-- Whether the lines begin with those others.
CREATE FUNCTION begins_with(lines jsonb, others jsonb) RETURNS boolean LANGUAGE sql IMMUTABLE AS $$
  SELECT coalesce(bool_and(o.line IS NOT DISTINCT FROM lines -> (o.n::int - 1)), true)
  FROM jsonb_array_elements(others) WITH ORDINALITY AS o (line, n)
$$;

-- Of the runtime's facts those of an attempt: how many, how the last one failed,
-- and where.  Their values cannot be foretold.
CREATE FUNCTION of_attempts() RETURNS text[] LANGUAGE sql IMMUTABLE AS $$
  SELECT '{retry_count,last_failure,last_failure_error_code,last_attempt_deployment_id,last_failure_related_command_index,last_failure_related_command_type}'::text[]
$$;

-- All that the runtime changes while it executes an invocation.
CREATE FUNCTION of_a_run() RETURNS text[] LANGUAGE sql IMMUTABLE AS $$
  SELECT of_attempts() || '{view_status,status,completion_result,completion_failure,running_at,completed_at,journal,journal_size,journal_commands_size,suspended_waiting_for_completions,suspended_waiting_for_signals}'::text[]
$$;

-- Why the recorded facts are none that the runtime can have made of these, by
-- executing the invocation for a while; '' if they are.  What it does not change
-- is compared; what it does is held to what each status implies, the journal to
-- begin with the one here and to be counted right.  What is left to it is how the
-- run went on: its status, further entries, its result, the facts of attempts.
CREATE FUNCTION not_went_on(have jsonb, recorded jsonb) RETURNS text LANGUAGE plpgsql STABLE AS $$
DECLARE
  run text[] := of_a_run();
  status CONSTANT text := coalesce(recorded ->> 'view_status', 'none');
  lines CONSTANT jsonb := coalesce(recorded -> 'journal', '[]');
  commands CONSTANT bigint := (SELECT count(*) FROM jsonb_array_elements_text(lines) AS l WHERE l ~ 'v[12] Command: ');
  wrong text[];
  -- what the server's old table holds are no signals; they are kept beside it
  copied CONSTANT jsonb := CASE WHEN lines ->> 0 LIKE '0: v1 %' THEN jsonb_path_query_array(have -> 'journal', '$[*] ? (!(@ like_regex "Notification: Signal"))')
    -- an Input of it is written anew when a deployment is pinned
    ELSE replace((have -> 'journal')::text, '"0: v1 ', '"0: v2 ')::jsonb END;
  -- a run pins the newest deployment that serves the service, unless one is pinned
  pins CONSTANT boolean := NOT have ? 'pinned_deployment_id';
BEGIN
  IF pins THEN
    run := run || '{pinned_deployment_id,pinned_service_protocol_version}'::text[];
    wrong := wrong || CASE WHEN recorded ? 'pinned_deployment_id' IS DISTINCT FROM recorded ? 'pinned_service_protocol_version' THEN 'pinned by half' END
      || CASE WHEN recorded ? 'pinned_deployment_id' AND NOT EXISTS (
            SELECT FROM restate.deployment AS d
            WHERE d.id = newest_deployment(split_part(have ->> 'target', '/', 1)) AND labelled(d.id::text) = recorded ->> 'pinned_deployment_id'
              AND (recorded ->> 'pinned_service_protocol_version')::int BETWEEN d.min_service_protocol_version AND d.max_service_protocol_version)
          THEN format('pinned to %s, protocol %s', recorded ->> 'pinned_deployment_id', recorded ->> 'pinned_service_protocol_version') END;
  END IF;
  wrong := wrong || ARRAY[
    differences(have - run, recorded - run),
    CASE WHEN status NOT IN ('ready', 'running', 'backing-off', 'suspended', 'paused', 'completed') THEN 'view_status ' || status END,
    CASE WHEN recorded ->> 'status' IS DISTINCT FROM CASE WHEN status IN ('suspended', 'paused', 'completed') THEN status ELSE 'invoked' END
      THEN format('status %s of one that is %s', recorded ->> 'status', status) END,
    CASE WHEN recorded -> 'running_at' IS DISTINCT FROM 'true' THEN 'running_at' END,
    CASE WHEN CASE WHEN status = 'completed' THEN recorded -> 'completed_at' IS DISTINCT FROM 'true' ELSE recorded ? 'completed_at' END
      THEN 'completed_at' END,
    CASE WHEN CASE WHEN status = 'completed' THEN coalesce(recorded ->> 'completion_result', 'none') NOT IN ('success', 'failure')
        ELSE recorded ? 'completion_result' END THEN 'completion_result' END,
    CASE WHEN CASE WHEN recorded ->> 'completion_result' = 'failure' THEN coalesce(recorded ->> 'completion_failure', '') !~ '^\[\d+( [^]]*)?\] .'
        ELSE recorded ? 'completion_failure' END THEN 'completion_failure' END,
    -- a journal that is not kept goes at the end
    CASE WHEN NOT (status = 'completed' AND (recorded ->> 'journal_retention')::interval = '0' AND lines = '[]')
        AND NOT begins_with(lines, copied)
      THEN format('the recorded journal %s does not begin with %s', lines, copied) END,
    (SELECT 'journal line ' || l FROM jsonb_array_elements_text(lines) WITH ORDINALITY AS t (l, n)
      WHERE l !~ ('^' || n - 1 || ': v[12] (Command|Notification): \w+( .*)?$') LIMIT 1),
    differences(selected(recorded, '{journal_size,journal_commands_size}'),
      jsonb_build_object('journal_size', jsonb_array_length(lines), 'journal_commands_size', commands)),
    CASE WHEN recorded ? 'suspended_waiting_for_completions' IS DISTINCT FROM (status = 'suspended')
      OR recorded ? 'suspended_waiting_for_signals' IS DISTINCT FROM (status = 'suspended') THEN 'suspended_waiting_for' END,
    CASE WHEN status = 'suspended' AND (recorded -> 'suspended_waiting_for_completions' = '[]' AND recorded -> 'suspended_waiting_for_signals' = '[]'
        OR jsonb_typeof(recorded -> 'suspended_waiting_for_completions') <> 'array' OR jsonb_typeof(recorded -> 'suspended_waiting_for_signals') <> 'array'
        -- a run can be cancelled whatever it waits for
        OR NOT recorded -> 'suspended_waiting_for_signals' @> '1'
        OR EXISTS (SELECT FROM jsonb_array_elements_text(recorded -> 'suspended_waiting_for_completions') AS c
          WHERE NOT EXISTS (SELECT FROM jsonb_array_elements_text(lines) AS l WHERE l ~ ('completion_id=' || c || '\M'))
            OR EXISTS (SELECT FROM jsonb_array_elements_text(lines) AS l WHERE l ~ (' for=' || c || '$'))))
      THEN 'suspended on what it does not wait for' END,
    -- what was not tried again has not failed in another way
    CASE WHEN have ->> 'view_status' = status AND have -> 'retry_count' = recorded -> 'retry_count'
      THEN differences(selected(have, of_attempts()), selected(recorded, of_attempts())) END,
    CASE WHEN status NOT IN ('running', 'backing-off', 'paused', 'ready') THEN differences(selected(recorded, of_attempts()), '{}') END,
    CASE WHEN status = 'backing-off' AND NOT (recorded ?& '{retry_count,last_failure}') THEN 'backing off without a failure' END,
    CASE WHEN recorded ? 'retry_count' AND coalesce((recorded ->> 'retry_count')::int, 0) < 1 THEN 'retry_count' END,
    CASE WHEN recorded ? 'last_failure' AND coalesce(recorded ->> 'last_failure', '') !~ '^\[\d+( [^]]*)?\] .' THEN 'last_failure' END,
    CASE WHEN recorded ? 'last_attempt_deployment_id' AND coalesce(recorded ->> 'last_attempt_deployment_id', '') !~ '^\{dp[:#]' THEN 'last_attempt_deployment_id' END,
    CASE WHEN recorded ? 'last_failure_related_command_index'
        AND NOT coalesce((recorded ->> 'last_failure_related_command_index')::int BETWEEN 0 AND commands, false)
      THEN 'last_failure_related_command_index' END];
  RETURN array_to_string(wrong, '; ');
END $$;

-- What is not as recorded of an invocation afterwards.  While it runs, or waits
-- to run or to be tried again, the real runtime goes on with it.
CREATE FUNCTION wrong_after(have jsonb, recorded jsonb) RETURNS text LANGUAGE sql STABLE AS $$
  SELECT CASE
    WHEN have = recorded THEN ''
    -- what is not retained is gone once it has completed
    WHEN recorded ->> 'exists' = 'false' AND have ->> 'view_status' IN ('ready', 'running', 'backing-off')
      AND (have ->> 'completion_retention')::interval = '0' THEN ''
    WHEN have ->> 'view_status' IN ('ready', 'running', 'backing-off') THEN not_went_on(have, recorded)
    ELSE coalesce(differences(have, recorded), 'no facts') END
$$;

-- The deployment that a run of the service is pinned to.
CREATE FUNCTION newest_deployment(service text) RETURNS restate_deployment_id LANGUAGE plpgsql STABLE AS $$
BEGIN
  RETURN (
  SELECT r.deployment_id FROM restate.service_revision AS r WHERE r.service_name = service ORDER BY r.revision DESC LIMIT 1);
END $$;

-- The pinned deployment that a request leaves to an invocation with these facts,
-- and the protocol, which is kept.  What was never pinned is left so.
CREATE FUNCTION pinned_by(r request, before jsonb, nothing_means text) RETURNS jsonb LANGUAGE sql STABLE AS $$
  SELECT CASE WHEN before ? 'pinned_deployment_id' THEN
    selected(before, '{pinned_service_protocol_version}') || jsonb_build_object('pinned_deployment_id',
      CASE lower(coalesce(r.deployment, nothing_means))
        WHEN 'keep' THEN before ->> 'pinned_deployment_id'
        WHEN 'latest' THEN labelled(newest_deployment(split_part(before ->> 'target', '/', 1))::text)
        ELSE r.deployment END)
    ELSE '{}' END
$$;

-- The lines that a restart copies: those up to "from", and of the rest the
-- completions that commands among them wait for.
CREATE FUNCTION copied_lines(lines jsonb, "from" bigint) RETURNS jsonb LANGUAGE sql IMMUTABLE AS $$
  WITH l AS (
    SELECT n - 1 AS index, regexp_replace(line, '^\d+: ', '') AS line
    FROM jsonb_array_elements_text(lines) WITH ORDINALITY AS t (line, n)
  ), awaited AS (
    SELECT m[1] AS completion_id
    FROM l CROSS JOIN LATERAL regexp_matches(l.line, 'completion_id=(\d+)', 'g') AS m
    WHERE l.index BETWEEN 1 AND "from"
  ), copied AS (
    SELECT l.line, row_number() OVER (ORDER BY l.index) - 1 AS index FROM l
    WHERE l.index <= "from" OR substring(l.line FROM ' for=(\d+)') IN (SELECT completion_id FROM awaited)
  )
  SELECT jsonb_agg(format('%s: %s', index, line) ORDER BY index) FROM copied
$$;

-- The facts of the new invocation of a restart as the call leaves it.
CREATE FUNCTION restarted(r request, original jsonb, waits boolean) RETURNS jsonb LANGUAGE sql STABLE AS $$
  SELECT selected(original, '{exists,target,completion_retention,journal_retention,created_using_restate_version}')
    || jsonb_build_object('invoked_by', 'restart_as_new', 'restarted_from', r.id, 'journal', copied)
    -- one that waits shows neither sizes nor a deployment
    || CASE WHEN waits THEN '{"view_status": "pending", "status": "inboxed", "inboxed_at": true}'
      ELSE '{"view_status": "ready", "status": "invoked", "running_at": true}'::jsonb
        || jsonb_build_object('journal_size', jsonb_array_length(copied),
          'journal_commands_size', (SELECT count(*) FROM jsonb_array_elements_text(copied) AS l WHERE l ~ 'v[12] Command: '))
        || pinned_by(r, original, 'latest') END
  FROM (SELECT copied_lines(original -> 'journal', coalesce(r."from", 0))) AS c (copied)
$$;

-- What is not as recorded of the new invocation of a restart.
CREATE FUNCTION wrong_restart(line jsonb, r request, original jsonb, new_id restate_invocation_id)
  RETURNS text LANGUAGE plpgsql AS $$
DECLARE
  have CONSTANT jsonb := facts(new_id);
  recorded jsonb := recorded_facts(line -> 'after_new');
BEGIN
  -- labels that are mere numbers do not name the same in all parts of a line
  IF r.id LIKE '{inv#%' AND recorded ->> 'restarted_from' LIKE '{inv#%' THEN
    recorded := recorded || jsonb_build_object('restarted_from', r.id);
  END IF;
  RETURN concat_ws('; ',
    differences(have, restarted(r, original, have ->> 'view_status' = 'pending')),
    -- nothing was recorded of one that went to a dead deployment
    nullif(CASE WHEN recorded IS NOT NULL THEN wrong_after(have, recorded) END, ''),
    CASE WHEN line #>> '{recorded,body,new_invocation_id}' !~ '^\{(new[:#]|inv#)' THEN 'another new_invocation_id' END,
    CASE WHEN restate_partition_key_of_id(new_id) IS DISTINCT FROM
        (SELECT restate_partition_key_of_id(i.restarted_from) FROM restate.invocation AS i WHERE i.id = new_id)
      THEN 'another partition key' END,
    -- random choices are repeated if there is anything to repeat
    CASE WHEN (SELECT n.random_seed = o.random_seed FROM restate.invocation AS n JOIN restate.invocation AS o
        ON o.id = n.restarted_from AND o.partition_key = n.partition_key
      WHERE n.id = new_id) IS DISTINCT FROM (coalesce(r."from", 0) > 0) THEN 'random_seed' END);
END $$;

-- The facts of an invocation as a call with this outcome leaves it; null for what
-- the recorded facts alone can tell.
CREATE FUNCTION left_by(r request, before jsonb, outcome text) RETURNS jsonb LANGUAGE sql STABLE AS $$
  SELECT CASE
    WHEN outcome IN ('purged', 'removed', 'killed', 'paused') THEN NULL
    ELSE w.facts || CASE
      WHEN outcome = 'resumed' OR outcome = 'signalled' AND (before ->> 'view_status' = 'paused'
        OR before ->> 'view_status' = 'suspended' AND before -> 'suspended_waiting_for_signals' @> '1')
      THEN '{"view_status": "ready", "status": "invoked", "suspended_waiting_for_completions": null, "suspended_waiting_for_signals": null}'
      ELSE '{}' END::jsonb
  END
  FROM (SELECT CASE outcome
      WHEN 'signalled' THEN before || jsonb_build_object('journal_size', (before ->> 'journal_size')::int + 1,
        'journal', before -> 'journal' || to_jsonb(format('%s: v2 Notification: Signal SignalIndex=1', jsonb_array_length(before -> 'journal'))))
      WHEN 'resumed' THEN before || pinned_by(r, before, 'keep')
      ELSE before END) AS w (facts)
$$;

-- What is not as recorded after a call that succeeded with this outcome.
CREATE FUNCTION wrong_effect(line jsonb, r request, id restate_invocation_id, before jsonb, outcome text) RETURNS text LANGUAGE sql STABLE AS $$
  SELECT concat_ws('; ',
    CASE WHEN l.facts IS NOT NULL THEN differences(have, jsonb_strip_nulls(l.facts)) END,
    nullif(wrong_after(have, coalesce(recorded_facts(line -> 'after'), before)), ''),
    CASE WHEN outcome = 'unchanged' AND changes() <> '' THEN 'changed ' || changes() END)
  FROM facts(id) AS have, left_by(r, before, outcome) AS l (facts)
$$;
