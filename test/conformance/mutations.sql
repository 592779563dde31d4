-- Recorded lines with one field changed, by which the replays are tried: each has
-- to be noticed, except where a rule leaves that field to what is not here.
-- Included after replay.sql.

-- Other values in place of a recorded one, of the same kind where that matters.
CREATE FUNCTION others(field text, value jsonb) RETURNS SETOF jsonb LANGUAGE sql IMMUTABLE AS $$
  SELECT o FROM unnest(CASE
    WHEN field = 'category' THEN ARRAY[to_jsonb(CASE WHEN value = '"still_running"' THEN 'not_started' ELSE 'still_running' END)]
    WHEN field = 'content_type' THEN ARRAY['"text/html"', 'null']::jsonb[]
    WHEN field = 'allow' THEN ARRAY['"TRACE"']::jsonb[]
    WHEN field = 'view_status' THEN ARRAY(SELECT to_jsonb(s) FROM unnest('{completed,suspended,paused,running,pending,scheduled}'::text[]) AS s)
    WHEN field = 'status' AND jsonb_typeof(value) = 'string' THEN ARRAY(SELECT to_jsonb(s) FROM unnest('{completed,suspended,invoked,inboxed}'::text[]) AS s)
    WHEN field = 'completion_result' THEN ARRAY['"success"', '"failure"']::jsonb[]
    WHEN field LIKE '%\_retention' THEN ARRAY['"PT1S"']::jsonb[]
    WHEN value #>> '{}' LIKE '{dp%' THEN ARRAY['"{dp:DEAD}"', '"{dp:mutant}"']::jsonb[]
    WHEN value #>> '{}' ~ '^\{(inv|new)' THEN ARRAY['"{inv:mutant}"']::jsonb[]
    WHEN field = 'journal' THEN ARRAY[jsonb_insert(value, '{0}', '"0: v2 Command: Sleep completion_id=77"'), value || '["99: v2 Command: Output"]',
      value - -1, CASE WHEN value <> '[]' THEN jsonb_set(value, '{0}', '"0: v2 Command: Sleep completion_id=77"') END]
    WHEN jsonb_typeof(value) = 'array' THEN ARRAY[value || '[99]', value - -1]
    WHEN jsonb_typeof(value) = 'number' THEN ARRAY[to_jsonb((value #>> '{}')::numeric + 1)]
    WHEN jsonb_typeof(value) = 'string' THEN ARRAY[to_jsonb((value #>> '{}') || ' 2')]
  END) AS o
  WHERE o <> value OR value IS NULL
$$;

-- The lines that have one field of a line changed, removed or added; what says
-- which, after the paths of its parent.
CREATE FUNCTION mutations(line jsonb) RETURNS TABLE (what text, mutated jsonb) LANGUAGE sql IMMUTABLE AS $$
  WITH part (path) AS (
    VALUES ('{recorded}'::text[]), ('{expect}'), ('{before}'), ('{after}'), ('{after_new}'),
      ('{recorded,body}'), ('{recorded,body,succeeded,0}'), ('{recorded,body,failed,0}'), ('{recorded,body,first_failed}')
  ), field AS (
    SELECT p.path || f.key AS path, f.key, f.value
    FROM part AS p CROSS JOIN LATERAL jsonb_each(line #> p.path) AS f
    WHERE jsonb_typeof(line #> p.path) = 'object' AND jsonb_typeof(f.value) <> 'object'
      -- a long list was made whole, and is seen by its first element
      AND (p.path <> '{recorded,body}' OR f.key NOT IN ('deployments', 'services', 'subscriptions'))
  ), missing AS (
    SELECT p.path || m.key AS path, m.value::jsonb
    FROM part AS p CROSS JOIN (VALUES ('category', '"still_running"'), ('more', '1'), ('idempotency_key', '"mutant"'), ('completion_result', '"success"'),
      ('completed_at', 'true'), ('inboxed_at', 'true'), ('scheduled_at', 'true'), ('restarted_from', '"{inv:mutant}"'), ('invoked_by_id', '"{inv:mutant}"'),
      ('retry_count', '7'), ('journal_size', '7'), ('pinned_deployment_id', '"{dp:DEAD}"'), ('suspended_waiting_for_signals', '[1]')) AS m (key, value)
    WHERE jsonb_typeof(line #> p.path) = 'object' AND NOT line #> p.path ? m.key
      AND CASE WHEN p.path IN ('{after}', '{after_new}') THEN m.key NOT IN ('category', 'more') AND line #> p.path ->> 'exists' = 'true'
        WHEN p.path = '{recorded}' THEN m.key = 'category' AND NOT line ? 'expect'
        WHEN p.path = '{recorded,body}' THEN m.key = 'more' END
  )
  SELECT 'changed ' || array_to_string(path, '.'), jsonb_set(line, path, o) FROM field CROSS JOIN LATERAL others(key, value) AS o
  -- an error that is expected is JSON, whether it says so or not
  UNION ALL SELECT 'removed ' || array_to_string(path, '.'), line #- path FROM field
    WHERE path <> '{expect,content_type}' AND value <> 'null'
  UNION ALL SELECT 'added ' || array_to_string(path, '.'), jsonb_set(line, path, value) FROM missing
  UNION ALL SELECT 'gone ' || path[1], jsonb_set(line, path, '{"exists": false, "journal": []}')
    FROM part WHERE path IN ('{after}', '{after_new}') AND line #> path ->> 'exists' = 'true'
  UNION ALL SELECT 'there after', jsonb_set(line, '{after}', line -> 'before')
    FROM (SELECT) AS one WHERE line #>> '{after,exists}' = 'false' AND line #>> '{before,exists}' = 'true'
$$;

-- The rule that leaves a changed field to what is not here, or null: it has to be
-- noticed.
CREATE FUNCTION left_by_rule(line jsonb, r request, what text) RETURNS text LANGUAGE sql STABLE AS $$
  SELECT CASE
    WHEN part = 'recorded' AND wanted(line, r, recorded_facts(line -> 'before')) ? 'departed' THEN 'a departure wins over it'
    WHEN part = 'recorded' AND (line -> 'expect' ? field OR line -> 'expect' ? 'category' AND field IN ('content_type', 'body_keys'))
      THEN 'what is expected wins over it'
    WHEN part = 'expect' AND change = 'removed' AND line -> 'expect' -> field = line -> 'recorded' -> field THEN 'what is expected was recorded too'
    WHEN part = 'expect' AND change = 'removed' AND wanted(line - 'expect', r, recorded_facts(line -> 'before')) ? 'departed'
      THEN 'a departure is taken as documented, whether the line says so or not'
    WHEN part = 'recorded' AND line #>> '{request,method}' = 'HEAD' AND field IN ('category', 'body_keys', 'body') THEN 'of HEAD there are only the headers'
    WHEN part = 'expect' AND line #>> '{request,method}' = 'HEAD' AND field = 'category' THEN 'of HEAD there are only the headers'
    WHEN what LIKE '% recorded.body.ingress_endpoint' THEN 'there is no ingress'
    WHEN what LIKE '% recorded.body.cluster_name' OR what LIKE '% recorded.body.metadata_cluster_health%' THEN 'the cluster is the database'
    WHEN what LIKE 'changed recorded.body.%.error' OR what = 'changed recorded.body.error' THEN 'the words of an error are ours'
    -- facts before are what the fixture is made of
    WHEN part = 'before' AND (line -> 'after' -> field IS DISTINCT FROM line -> 'before' -> field) THEN 'it is what is gone or changed by the call'
    WHEN field = ANY (of_attempts()) AND runs THEN 'how the runtime tried'
    WHEN field IN ('completion_failure') AND runs AND change = 'changed' THEN 'how the handler failed'
    WHEN field IN ('suspended_waiting_for_signals', 'suspended_waiting_for_completions') AND runs AND (change = 'changed' OR part = 'before')
      THEN 'what the handler waits for'
    WHEN part = 'before' AND field = 'view_status' AND runs THEN 'where the run was'
    WHEN field IN ('pinned_service_protocol_version', 'pinned_deployment_id') AND runs AND NOT line -> 'before' ? 'pinned_deployment_id' THEN 'what the runtime pins'
  END
  FROM (SELECT split_part(what, ' ', 1), split_part(split_part(what, ' ', 2), '.', 1), split_part(what, '.', 2),
    CASE WHEN what LIKE '% after\_new%' THEN line #>> '{after_new,view_status}' <> 'pending'
      ELSE line #>> '{before,view_status}' IN ('running', 'backing-off', 'suspended', 'paused') AND line #>> '{after,exists}' = 'true' END
  ) AS w (change, part, field, runs)
$$;

-- Of each change, those of so many of the lines that have it, chosen by a seed.
CREATE FUNCTION chosen_mutations(seed int, each int, lines int[])
  RETURNS TABLE (n int, what text, mutated jsonb, rule text) LANGUAGE plpgsql STABLE AS $$
BEGIN
  RETURN QUERY SELECT c.n, m.what, m.mutated, left_by_rule(c.line, r, m.what)
  FROM (
    SELECT l.n, m.what, m.mutated, row_number() OVER (PARTITION BY m.what ORDER BY md5(format('%s %s %s', seed, l.n, m.mutated))) AS place
    FROM recorded AS l CROSS JOIN LATERAL mutations(l.line) AS m
    WHERE l.n = ANY (lines)) AS m
  JOIN recorded AS c USING (n) JOIN request AS r USING (n)
  WHERE m.place <= each;
END $$;
