-- Whatever bytes restate_push() is sent: an answer or a refusal, no other error, and all is
-- well afterwards.  Recorded frames and random ones, whole and changed, by a seed that a
-- failure names.
\set QUIET on
SET client_min_messages = warning;
BEGIN;
SELECT plan(6);
\set seed 0.25
SELECT setseed(:seed) \g /dev/null

\set content `cat test/conformance/frames.tsv`
CREATE TEMP TABLE recorded AS SELECT n::int, split_part(line, E'\t', 1) AS message, decode(split_part(line, E'\t', 2), 'hex') AS frame
FROM regexp_split_to_table(:'content', '\n') WITH ORDINALITY AS t (line, n) WHERE line ~ '\t';
SELECT FROM restate_register_deployment('http://localhost:9', $m${"services": [
  {"name": "svc", "ty": "SERVICE", "handlers": [{"name": "greet"}]},
  {"name": "counter", "ty": "VIRTUAL_OBJECT", "handlers": [{"name": "add"}, {"name": "get", "ty": "SHARED"}]},
  {"name": "wf", "ty": "WORKFLOW", "handlers": [{"name": "run", "ty": "WORKFLOW"}, {"name": "done", "ty": "SHARED"}]}]}$m$) \g /dev/null

-- A number below that one.
CREATE FUNCTION pg_temp.below(bound int) RETURNS int LANGUAGE sql VOLATILE AS 'SELECT floor(random() * bound)::int';
CREATE FUNCTION pg_temp.bytes(count int) RETURNS bytea LANGUAGE sql VOLATILE AS $$
  SELECT coalesce(string_agg(set_byte('\x00', 0, pg_temp.below(256)), ''), '') FROM generate_series(1, count)
$$;
CREATE FUNCTION pg_temp.framed(type bytea, body bytea) RETURNS bytea LANGUAGE sql AS $$ SELECT type || '\x0000' || int4send(length(body)) || body $$;
-- The body of a message: fields of small numbers that are often there, of any type.
CREATE FUNCTION pg_temp.body() RETURNS bytea LANGUAGE plpgsql AS $$
DECLARE
  said bytea = '';
  content bytea;
BEGIN
  FOR i IN 1 .. pg_temp.below(5) LOOP
    content := CASE pg_temp.below(8) WHEN 0 THEN 'counter' WHEN 1 THEN 'add' WHEN 2 THEN 'k' WHEN 3 THEN '' WHEN 4 THEN '\x0a0131' WHEN 5 THEN '\x0801120161' WHEN 6 THEN '\x00' ELSE pg_temp.bytes(pg_temp.below(6)) END;
    said := said || set_byte('\x00', 0, ((ARRAY[1, 1, 2, 3, 4, 5, 10, 11, 11, 12, 14, 15])[1 + pg_temp.below(12)] * 8 + 2 * pg_temp.below(2)) & 127);
    said := said || CASE get_byte(said, length(said) - 1) & 7 WHEN 2 THEN set_byte('\x00', 0, length(content)) || content ELSE set_byte('\x00', 0, pg_temp.below(12)) END;
  END LOOP;
  RETURN said;
END $$;
-- A frame: as it was recorded, with some bytes changed, cut off, or made up; or a run with
-- its result, and a suspension on that; or an output and the end.
CREATE FUNCTION pg_temp.frame() RETURNS bytea LANGUAGE plpgsql AS $$
DECLARE
  said bytea;
  body bytea;
BEGIN
  SELECT r.frame INTO said FROM recorded AS r ORDER BY random() LIMIT 1;
  body := substring(said FROM 9);
  CASE pg_temp.below(12)
    WHEN 0, 1, 2 THEN NULL;
    WHEN 3, 4 THEN
      IF body <> '' THEN
        FOR i IN 0 .. pg_temp.below(3) LOOP
          body := set_byte(body, pg_temp.below(length(body)), pg_temp.below(256));
        END LOOP;
        said := pg_temp.framed(substring(said FOR 2), body);
      END IF;
    WHEN 5 THEN said := pg_temp.framed(substring(said FOR 2), substring(body FOR pg_temp.below(length(body) + 1)) || pg_temp.bytes(pg_temp.below(4)));
    WHEN 6 THEN said := substring(said FOR pg_temp.below(length(said) + 1));
    WHEN 7 THEN said := set_byte(said, pg_temp.below(length(said)), pg_temp.below(256));
    WHEN 8 THEN
      body := set_byte('\x00', 0, pg_temp.below(6));
      said := pg_temp.framed('\x0411', '\x58' || body) || pg_temp.framed('\x0005', '\x08' || body || '\x7200') || CASE pg_temp.below(3) WHEN 0 THEN '' ELSE pg_temp.framed('\x0001', '\x08' || body) END;
    WHEN 9 THEN said := pg_temp.framed('\x0401', '\x72030a0131') || pg_temp.framed('\x0003', '');
    ELSE said := pg_temp.framed((ARRAY['\x0001', '\x0002', '\x0003', '\x0005']::bytea[] || (SELECT array_agg(int2send((1024 + t)::int2)) FROM generate_series(0, 20) AS t))[1 + pg_temp.below(25)], pg_temp.body());
  END CASE;
  RETURN said;
END $$;

CREATE TEMP TABLE running (n int PRIMARY KEY, id restate_invocation_id, attempt bigint);
CREATE TEMP TABLE said (round int, ok boolean, category text, error_code text, status text, has_reply boolean, is_running boolean);
CREATE TEMP TABLE raised (round int, error text, frames bytea[]);
DO $$
DECLARE
  state text; message text; frames_ bytea[];
BEGIN
  FOR round IN 1 .. 400 LOOP
    -- eight attempts at a time, of every kind
    INSERT INTO running SELECT g.n, s.id, s.attempt FROM generate_series(1, 8) AS g (n),
      LATERAL restate_submit((ARRAY['svc', 'counter', 'counter', 'wf', 'wf'])[1 + g.n % 5], (ARRAY['greet', 'add', 'get', 'run', 'done'])[1 + g.n % 5], '1',
        CASE WHEN g.n % 5 > 0 THEN 'k' || CASE WHEN g.n % 5 IN (1, 3) THEN round ELSE pg_temp.below(3) END END, claim_for => 'w') AS s
      WHERE s.attempt IS NOT NULL AND NOT EXISTS (SELECT FROM running AS r WHERE r.n = g.n);
    SELECT array_agg((SELECT string_agg(pg_temp.frame(), '') FROM generate_series(0, pg_temp.below(3) + 0 * r.n)) ORDER BY r.n) INTO frames_ FROM running AS r;
    BEGIN
      INSERT INTO said SELECT round, p.ok, p.category, p.error_code, p.status, p.reply IS NOT NULL, p.ok AND p.status IS NULL
        FROM (SELECT array_agg(r.id ORDER BY r.n) AS ids, array_agg(r.attempt + CASE pg_temp.below(30) WHEN 0 THEN 1 ELSE 0 END ORDER BY r.n) AS attempts,
            array_agg(CASE pg_temp.below(4) WHEN 0 THEN pg_temp.below(4) END::bigint ORDER BY r.n) AS first_commands, array_agg(CASE pg_temp.below(2) WHEN 0 THEN pg_temp.below(6) END::bigint ORDER BY r.n) AS known
          FROM running AS r) AS a, restate_push(a.ids, a.attempts, frames_, a.first_commands, a.known) AS p;
    EXCEPTION WHEN OTHERS THEN
      GET STACKED DIAGNOSTICS state = RETURNED_SQLSTATE, message = MESSAGE_TEXT;
      INSERT INTO raised VALUES (round, state || ' ' || message, frames_);
    END;
    DELETE FROM running AS r USING restate.invocation AS i WHERE i.id = r.id AND (i.status <> 'running' OR pg_temp.below(10) = 0);
  END LOOP;
END $$;

SELECT is((SELECT string_agg(r.round || ' ' || r.error || ' ' || r.frames::text, E'\n') FROM (SELECT * FROM raised ORDER BY round LIMIT 3) AS r), NULL, 'no error was raised, by the seed ' || :seed);
SELECT is((SELECT string_agg(DISTINCT s.category, ' ') FROM said AS s WHERE s.category NOT IN ('attempt_lost', 'journal_mismatch', 'command_not_allowed', 'handler_not_found', 'invalid_body', 'invalid_invocation_id')), NULL,
  'what was refused is of our categories');
SELECT is((SELECT string_agg(DISTINCT s.status, ' ' ORDER BY s.status) FROM said AS s), 'backing-off completed ready suspended', 'attempts have ended in every way');
SELECT is((SELECT string_agg(DISTINCT concat_ws(' ', s.category, s.error_code), ', ' ORDER BY concat_ws(' ', s.category, s.error_code)) FROM said AS s WHERE NOT s.ok),
  'attempt_lost, command_not_allowed RT0012, command_not_allowed RT0017, handler_not_found RT0018, invalid_body RT0012, invalid_invocation_id RT0012, journal_mismatch RT0012, journal_mismatch RT0016', 'and were refused for every reason');
SELECT is((SELECT count(*) FROM said AS s WHERE s.has_reply IS DISTINCT FROM s.is_running), 0::bigint, 'who goes on has a reply, and nobody else');
SELECT is((SELECT string_agg(concat_ws(' ', v.problem, v.id, v.detail), '; ') FROM restate_verify() AS v), NULL, 'all is well');
SELECT * FROM finish();
ROLLBACK;
