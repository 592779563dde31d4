-- Sets of invocations to run operations over: random ones that call and queue
-- behind each other, and those that are most at risk.  Included after world.sql.

SELECT setseed(0.4711) \g /dev/null
SELECT deploy('dpA', '[5,8)', '{Svc,Obj,Wf}'), deploy('dpB', '[6,8)', '{Svc,Obj}'), deploy('dpOld', '[5,6)') \g /dev/null

-- a set: the invocations to make, and the labels to run over
CREATE TABLE invocation_set (name text PRIMARY KEY, made jsonb, labels text[]);

-- The entries of one that made these calls, of which some are answered.
CREATE FUNCTION calling(callees int, answered boolean) RETURNS jsonb LANGUAGE sql IMMUTABLE AS $$
  SELECT '["Command: Input", "Command: Run ''a'' completion_id=100", "Notification: Run for=100"]'::jsonb || coalesce(jsonb_agg(line ORDER BY n, part), '[]')
  FROM generate_series(1, callees) AS n
  CROSS JOIN LATERAL (VALUES
    (1, CASE WHEN n % 3 = 0 THEN format('Command: OneWayCall invocation_id_completion_id=%s', 2 * n)
      ELSE format('Command: Call invocation_id_completion_id=%s result_completion_id=%s', 2 * n, 2 * n + 1) END),
    (2, format('Notification: CallInvocationId for=%s', 2 * n)),
    (3, CASE WHEN answered AND n % 3 <> 0 THEN format('Notification: Call for=%s', 2 * n + 1) END)) AS l (part, line)
  WHERE line IS NOT NULL
$$;

-- A random set.
CREATE FUNCTION random_set(size int) RETURNS jsonb LANGUAGE plpgsql AS $$
DECLARE
  result jsonb := '[]';
  one jsonb;
  target text;
  status text;
  caller int;
  held jsonb := '{}';
BEGIN
  FOR i IN 1..size LOOP
    target := (ARRAY['Svc/steps', 'Svc/steps', 'Svc/steps', 'Obj/k1/steps', 'Obj/k1/steps', 'Obj/k2/steps', 'Obj/k2/peek', format('Wf/w%s/run', i)])[1 + floor(random() * 8)];
    status := (ARRAY['running', 'ready', 'suspended', 'backing-off', 'paused', 'scheduled', 'completed', 'completed', 'pending', 'pending'])[1 + floor(random() * 10)];
    IF status = 'pending' AND target !~ '^Obj.*steps$' THEN
      status := 'suspended';
    END IF;
    IF target ~ '^Obj.*steps$' THEN
      -- the first that can hold the key does, the rest wait
      IF held ? target THEN
        status := CASE WHEN status IN ('completed', 'scheduled') THEN status ELSE 'pending' END;
      ELSIF status NOT IN ('completed', 'scheduled') THEN
        status := CASE WHEN status = 'pending' THEN 'running' ELSE status END;
        held := held || jsonb_build_object(target, i);
      END IF;
    END IF;
    one := jsonb_build_object('label', 'i' || i, 'target', target, 'status', status,
      'completion_retention', CASE WHEN random() < 0.2 THEN 'PT0S' ELSE 'P1D' END,
      'journal_retention', CASE WHEN random() < 0.3 THEN 'PT0S' ELSE 'P1D' END,
      'pause_requested', status = 'running' AND random() < 0.3,
      'waits_for_cancel', random() < 0.6, 'answered', random() < 0.2,
      'has_journal', random() < 0.8, 'pinned', random() < 0.8);
    caller := 1 + floor(random() * i * 1.3);
    IF caller < i AND result -> (caller - 1) ->> 'status' NOT IN ('pending', 'scheduled') THEN
      one := one || jsonb_build_object('caller', 'i' || caller);
    END IF;
    result := result || jsonb_build_array(one);
  END LOOP;
  RETURN result;
END $$;

-- Makes the invocations of a set.
CREATE FUNCTION make_set(made jsonb) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
  called restate_invocation_id;
  calling restate_invocation_id;
  m jsonb;
  callee record;
  part text[];
  facts jsonb;
  callees int;
BEGIN
  FOR m IN SELECT * FROM jsonb_array_elements(made) LOOP
    part := string_to_array(m ->> 'target', '/');
    PERFORM name_it(m ->> 'label', CASE WHEN part[1] = 'Wf' THEN restate_workflow_invocation_id('Wf', part[2])::text
      WHEN cardinality(part) = 3 THEN restate_keyed_invocation_id(part[2])::text ELSE restate_new_invocation_id()::text END);
  END LOOP;
  PERFORM name_it('unknown', restate_new_invocation_id()::text);
  FOR m IN SELECT * FROM jsonb_array_elements(made) LOOP
    callees := (SELECT count(*) FROM jsonb_array_elements(made) AS c WHERE c -> 'caller' = m -> 'label');
    facts := selected(m, '{completion_retention,journal_retention,pause_requested}');
    IF m ->> 'status' NOT IN ('pending', 'scheduled') THEN
      IF m ->> 'pinned' IS DISTINCT FROM 'false' THEN
        facts := facts || jsonb_build_object('pinned_deployment_id', dp('dpA'), 'pinned_service_protocol_version', 6);
      END IF;
      IF m ->> 'status' <> 'completed' OR m ->> 'has_journal' IS DISTINCT FROM 'false' OR callees > 0 THEN
        facts := facts || jsonb_build_object('journal', calling(callees, m -> 'answered' = 'true'));
      END IF;
      IF m ->> 'status' = 'suspended' THEN
        facts := facts || jsonb_build_object(
          'suspended_waiting_for_completions', (SELECT coalesce(jsonb_agg(2 * n + 1), '[]') FROM generate_series(1, callees) AS n
            WHERE n % 3 <> 0 AND m -> 'answered' IS DISTINCT FROM 'true'),
          'suspended_waiting_for_signals', CASE WHEN m -> 'waits_for_cancel' = 'true' THEN '[1]' ELSE '[17]' END::jsonb);
      END IF;
    END IF;
    IF m ? 'caller' THEN
      facts := facts || jsonb_build_object('invoked_by', 'service', 'invoked_by_id', inv(m ->> 'caller'));
    END IF;
    PERFORM make(m ->> 'label', m ->> 'target', m ->> 'status', facts);
  END LOOP;
  -- the callees that the journals speak of are these
  FOR callee IN
    SELECT c ->> 'label' AS label, c ->> 'caller' AS caller, row_number() OVER (PARTITION BY c -> 'caller' ORDER BY n) AS n
    FROM jsonb_array_elements(made) WITH ORDINALITY AS t (c, n) WHERE c ? 'caller'
  LOOP
    called := inv(callee.label);
    calling := inv(callee.caller);
    UPDATE restate.journal AS j SET invoked_id = called
      WHERE j.id = calling AND j.completion_id = 2 * callee.n AND j.invoked_id IS NOT NULL;
  END LOOP;
  -- and it is these that are waited for
  DELETE FROM restate.waiter;
  PERFORM restate.add_waiters(NULL);
END $$;

CREATE FUNCTION selected(facts jsonb, keys text[]) RETURNS jsonb LANGUAGE sql IMMUTABLE AS $$
  SELECT coalesce(jsonb_object_agg(key, value), '{}') FROM jsonb_each(facts) WHERE key = ANY (keys)
$$;

-- All that came of an operation.
CREATE TABLE result (answers text, changes text, audit text, broken text);

CREATE FUNCTION take_result(answers jsonb) RETURNS result LANGUAGE plpgsql AS $$
DECLARE
  r result;
  a jsonb;
BEGIN
  -- a restart is named by the first that it answers
  FOR a IN SELECT * FROM jsonb_array_elements(answers) LOOP
    IF a ->> 'new_id' IS NOT NULL AND NOT EXISTS (SELECT FROM label WHERE id = a ->> 'new_id') THEN
      PERFORM name_it('new' || (a ->> 'ordinality'), a ->> 'new_id');
    END IF;
  END LOOP;
  r.answers := (SELECT string_agg(labelled(e::text), E'\n' ORDER BY n) FROM jsonb_array_elements(answers) WITH ORDINALITY AS t (e, n));
  -- a key that nobody ever held is as good as none: a refused restart can leave one
  r.changes := ltrim(regexp_replace(changes(), E' random_seed=-?\\d+|(^|\n)\\+ key [^\n]*: next_sequence_number=0(?=\n|$)', '', 'g'), E'\n');
  r.audit := (SELECT string_agg(labelled(format('%s %s %s %s %s %s %s %s', a2.operation, a2.id, a2.parameters, a2.outcome, a2.new_id, a2.caused_by,
      a2.claimed_subject, a2.reason)), E'\n' ORDER BY audit_id)
    FROM (SELECT * FROM restate.audit OFFSET 0) AS a2);
  r.broken := broken();
  RETURN r;
END $$;

-- the sets at risk
\set parent '{"label": "parent", "target": "Svc/steps", "status": "suspended"}'
\set child '{"label": "child", "target": "Obj/k/steps", "status": "running", "caller": "parent"}'
\set grandchild '{"label": "grandchild", "target": "Svc/steps", "status": "paused", "caller": "child"}'
\set next '{"label": "next", "target": "Obj/k/steps", "status": "pending"}'
\set last '{"label": "last", "target": "Obj/k/steps", "status": "pending", "caller": "parent"}'
\set family '[' :parent ',' :child ',' :grandchild ',' :next ',' :last ']'
INSERT INTO invocation_set VALUES
  ('parent before child', :'family', '{parent,child}'),
  ('child before parent', :'family', '{child,parent}'),
  ('grandchild first', :'family', '{grandchild,child,parent}'),
  ('holder before inboxed', :'family', '{child,next}'),
  ('inboxed before holder', :'family', '{next,child}'),
  ('the whole inbox from behind', :'family', '{last,next,child}'),
  ('the whole inbox in order', :'family', '{child,next,last}'),
  ('all of it twice, nulls and unknown ids between', :'family', '{child,NULL,child,next,unknown,last,last,unknown,parent,NULL,parent,next,grandchild,grandchild}'),
  ('no elements', :'family', '{}'),
  ('null only', :'family', '{NULL,NULL}'),
  ('two completed of one object key', '[{"label": "a", "target": "Obj/k/steps", "status": "completed"}, {"label": "b", "target": "Obj/k/steps", "status": "completed"}]', '{b,a,a,b}'),
  ('two completed of one object key that is held', '[{"label": "a", "target": "Obj/k/steps", "status": "completed"}, {"label": "b", "target": "Obj/k/steps", "status": "completed"}, {"label": "h", "target": "Obj/k/steps", "status": "running"}, {"label": "q", "target": "Obj/k/steps", "status": "pending"}]', '{b,h,a,a,q,b}'),
  ('keeping nothing', '[{"label": "h", "target": "Obj/k/steps", "status": "running", "completion_retention": "PT0S"}, {"label": "q", "target": "Obj/k/steps", "status": "pending", "completion_retention": "PT0S"}, {"label": "r", "target": "Obj/k/steps", "status": "pending", "journal_retention": "PT0S"}]', '{h,q,r,h}');

INSERT INTO invocation_set
SELECT format('random %s', n), random_set(6 + n % 9), '{}' FROM generate_series(1, 14) AS n;
UPDATE invocation_set SET labels = ARRAY(
  SELECT CASE WHEN r < 0.06 THEN NULL WHEN r < 0.1 THEN 'unknown' ELSE 'i' || (1 + floor(random() * jsonb_array_length(made))) END
  FROM (SELECT random() AS r FROM generate_series(1, jsonb_array_length(made) + 4)) AS t)
WHERE name LIKE 'random %';
