-- The data: deployments and the services they serve, invocations and their
-- journals, object keys, state and promises, and the audit.
--
-- partition_key, the id's first 64 bits as a signed number, stands in every
-- per-invocation table and at the end of its primary key, so that the tables
-- can be distributed by it.  Nothing here has a trigger, and nothing on the
-- path of a journal append has a foreign key.

CREATE TYPE restate.entry_type AS ENUM (
  'Command: Input', 'Command: Output', 'Command: Run', 'Command: Sleep',
  'Command: Call', 'Command: OneWayCall', 'Command: SendSignal',
  'Command: AttachInvocation', 'Command: GetInvocationOutput',
  'Command: CompleteAwakeable', 'Command: GetEagerState',
  'Command: GetEagerStateKeys', 'Command: GetLazyState',
  'Command: GetLazyStateKeys', 'Command: SetState', 'Command: ClearState',
  'Command: ClearAllState', 'Command: GetPromise', 'Command: PeekPromise',
  'Command: CompletePromise',
  'Notification: Run', 'Notification: Sleep', 'Notification: Call',
  'Notification: CallInvocationId', 'Notification: AttachInvocation',
  'Notification: GetInvocationOutput', 'Notification: GetLazyState',
  'Notification: GetLazyStateKeys', 'Notification: GetPromise',
  'Notification: PeekPromise', 'Notification: CompletePromise',
  'Notification: Signal');
COMMENT ON TYPE restate.entry_type IS
'The kinds of journal entry: commands a handler issued, notifications it received. The commands sort first.';

CREATE FUNCTION restate.default_retention() RETURNS interval
  LANGUAGE SQL IMMUTABLE PARALLEL SAFE
  RETURN interval '1 day';
COMMENT ON FUNCTION restate.default_retention() IS
'How long the result and the journal of a completed invocation are kept where nothing else is said.';

CREATE FUNCTION restate.duration_text(duration interval) RETURNS text
  LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
  RETURN (
    SELECT coalesce(string_agg(n || unit, ' ' ORDER BY place) FILTER (WHERE n > 0), '0s')
    FROM (SELECT round(extract(epoch FROM duration) * 1000)::bigint) AS d(ms)
    CROSS JOIN LATERAL (VALUES
      (1, ms / 86400000, 'd'), (2, ms / 3600000 % 24, 'h'), (3, ms / 60000 % 60, 'm'),
      (4, ms / 1000 % 60, 's'), (5, ms % 1000, 'ms')) AS p(place, n, unit));
COMMENT ON FUNCTION restate.duration_text(interval) IS
'A duration as the Admin API writes it: 1d, 10m, 1h 30m, 300ms.';

CREATE FUNCTION restate.default_settings() RETURNS jsonb
  LANGUAGE SQL IMMUTABLE PARALLEL SAFE
  RETURN jsonb '{"inactivity_timeout": "1m", "abort_timeout": "10m", "enable_lazy_state": false,
    "retry_policy": {"initial_interval": "500ms", "exponentiation_factor": 2.0, "max_attempts": 70, "max_interval": "1m",
      "on_max_attempts": "Pause"}}';
COMMENT ON FUNCTION restate.default_settings() IS
'The settings of a service that says nothing of them, as the Admin API shows them. Retentions are apart, in restate.default_retention.';

CREATE FUNCTION restate.handler_ty(service_ty text, registered text) RETURNS text
  LANGUAGE SQL IMMUTABLE CALLED ON NULL INPUT PARALLEL SAFE
  RETURN CASE WHEN service_ty = 'service' THEN NULL
    WHEN registered IS NOT NULL THEN lower(registered)
    WHEN service_ty = 'virtual_object' THEN 'exclusive'
    ELSE service_ty END;
COMMENT ON FUNCTION restate.handler_ty(text, text) IS
'Of which kind a handler is, as restate.invocation.target_handler_ty: null for a service; else what it is registered as, which is exclusive on a virtual object and the run on a workflow where nothing is said.';

CREATE FUNCTION restate.default_duration(path text[]) RETURNS interval
  LANGUAGE SQL IMMUTABLE STRICT PARALLEL SAFE
  RETURN (restate.default_settings() #>> path)::interval;
COMMENT ON FUNCTION restate.default_duration(text[]) IS
'A duration of restate.default_settings, by its path. Of a constant path it is a constant of the plan.';

CREATE FUNCTION restate.handler_options(handlers jsonb, settings jsonb) RETURNS jsonb
  LANGUAGE SQL IMMUTABLE CALLED ON NULL INPUT PARALLEL SAFE
  RETURN (
    WITH service AS (
      SELECT o.settings, coalesce(nullif(o.settings -> 'retry_policy', 'null'), '{}') AS retry_policy
      FROM (SELECT CASE jsonb_typeof($2) WHEN 'object' THEN $2 ELSE '{}' END) AS o (settings)
    ), handler AS (
      SELECT h.handler, coalesce(nullif(h.handler -> 'retry_policy', 'null'), '{}') AS retry_policy, h.place
      FROM jsonb_array_elements(CASE jsonb_typeof($1) WHEN 'array' THEN $1 ELSE '[]' END) WITH ORDINALITY AS h (handler, place)
      WHERE jsonb_typeof(h.handler) = 'object' AND h.handler ->> 'name' IS NOT NULL)
    SELECT jsonb_build_object(
      'service', (
        SELECT coalesce(jsonb_object_agg(e.key, e.value), '{}')
        FROM service AS s, jsonb_each(s.settings) AS e
        WHERE e.key IN ('idempotency_retention', 'journal_retention', 'workflow_completion_retention')),
      'handlers', (
        SELECT coalesce(jsonb_object_agg(h.handler ->> 'name', (
            SELECT coalesce(jsonb_object_agg(e.key, e.value), '{}')
            FROM (
              SELECT e.key, e.value, restate.default_settings() -> e.key
              FROM jsonb_each(s.settings || jsonb_strip_nulls(h.handler)) AS e
              WHERE e.key IN ('inactivity_timeout', 'abort_timeout', 'enable_lazy_state')
              UNION ALL
              SELECT e.key, e.value, NULL
              FROM jsonb_each(h.handler) AS e
              WHERE e.key IN ('ty', 'public', 'idempotency_retention', 'journal_retention')
              UNION ALL
              -- null is without end of a service, and nothing of a handler
              SELECT 'retry_policy', jsonb_object_agg(e.key, e.value), NULL
              FROM jsonb_each(s.retry_policy || jsonb_strip_nulls(h.retry_policy)) AS e
              WHERE e.value IS DISTINCT FROM restate.default_settings() -> 'retry_policy' -> e.key
              HAVING count(*) > 0) AS e (key, value, by_default)
            WHERE e.value IS DISTINCT FROM e.by_default) ORDER BY h.place DESC), '{}')
        FROM handler AS h, service AS s)));
COMMENT ON FUNCTION restate.handler_options(jsonb, jsonb) IS
'What of a revision''s handlers and settings holds for invocations, where it is not the default: {"service": {its retentions}, "handlers": {name: {what holds for the handler}}}. What a handler says goes before what its service says; of several handlers of a name the first counts.';

CREATE TABLE restate.deployment (
  id restate_deployment_id PRIMARY KEY,
  ty text NOT NULL,
  endpoint text NOT NULL,
  created_at timestamptz NOT NULL DEFAULT now(),
  min_service_protocol_version integer NOT NULL,
  max_service_protocol_version integer NOT NULL,
  sdk_version text,
  http_version text,
  protocol_type text,
  additional_headers jsonb,
  metadata jsonb,
  manifest jsonb,
  is_moved boolean,
  CONSTRAINT deployment_rules CHECK (restate.check_deployment(
    ty, min_service_protocol_version, max_service_protocol_version))
);
REVOKE ALL ON restate.deployment FROM PUBLIC;
-- one deployment an endpoint, of those that are where they were registered
CREATE UNIQUE INDEX deployment_registered_idx ON restate.deployment (endpoint) WHERE manifest IS NOT NULL AND is_moved IS NOT TRUE;
COMMENT ON TABLE restate.deployment IS
'The registered deployments: endpoints that serve handlers.';
COMMENT ON CONSTRAINT deployment_rules ON restate.deployment IS
'The rules of a row, which restate.rules lists; the error names the rule that is broken.';
COMMENT ON COLUMN restate.deployment.protocol_type IS
'BidiStream or RequestResponse, of an endpoint of HTTP; null is BidiStream.';
COMMENT ON COLUMN restate.deployment.additional_headers IS
'The headers that each request to the endpoint has, an object of strings.';
COMMENT ON COLUMN restate.deployment.metadata IS
'What who registered it noted, an object of strings.';
COMMENT ON COLUMN restate.deployment.manifest IS
'The manifest that its services are of, as it came; null for a row that restate_register_deployment did not write.';
COMMENT ON COLUMN restate.deployment.is_moved IS
'Whether restate_update_deployment has brought it to another endpoint, which may be that of another deployment. Null: it has not.';

CREATE TABLE restate.service_revision (
  service_name text NOT NULL,
  revision bigint NOT NULL,
  deployment_id restate_deployment_id NOT NULL,
  ty text NOT NULL,
  public boolean NOT NULL DEFAULT true,
  handlers jsonb NOT NULL DEFAULT '[]',
  idempotency_retention interval,
  journal_retention interval,
  workflow_completion_retention interval,
  settings jsonb NOT NULL DEFAULT '{}',
  options jsonb GENERATED ALWAYS AS (restate.handler_options(handlers, settings)) STORED,
  bodies jsonb,
  PRIMARY KEY (service_name, revision),
  CONSTRAINT service_revision_rules CHECK (restate.check_service_revision(
    service_name, revision, ty, handlers, settings))
);
REVOKE ALL ON restate.service_revision FROM PUBLIC;
CREATE INDEX service_revision_deployment_id_idx ON restate.service_revision (deployment_id);
COMMENT ON TABLE restate.service_revision IS
'Which deployment serves a service: one row a revision, the highest being the latest.';
COMMENT ON CONSTRAINT service_revision_rules ON restate.service_revision IS
'The rules of a row, which restate.rules lists; the error names the rule that is broken.';
COMMENT ON COLUMN restate.service_revision.deployment_id IS
'The deployment that serves this revision. No foreign key: a parallel pg_restore loads the tables in any order. A revision whose deployment is gone serves nothing.';
COMMENT ON COLUMN restate.service_revision.handlers IS
'The handlers as the Admin API shows them: an array of objects with name, ty and so on.';
COMMENT ON COLUMN restate.service_revision.settings IS
'Further fields of the service as the Admin API shows it, such as inactivity_timeout.';
COMMENT ON COLUMN restate.service_revision.bodies IS
'What the handlers say of their input and output, but for the schemas: {name: {"input": .., "output": ..}} as restate.manifest_bodies has it; null where nothing is known.';
COMMENT ON COLUMN restate.service_revision.options IS
'What of handlers and settings holds for invocations, as restate.handler_options puts it together: what restate.handler_of reads, whatever else the handlers say of themselves.';

CREATE TABLE restate.invocation (
  id restate_invocation_id NOT NULL,
  partition_key bigint NOT NULL,
  status text NOT NULL,
  target_service_name text NOT NULL,
  target_service_key text,
  target_handler_name text NOT NULL,
  target_service_ty text NOT NULL,
  target_handler_ty text,
  idempotency_key text,
  invoked_by text NOT NULL,
  invoked_by_id restate_invocation_id,
  invoked_by_service_name text,
  invoked_by_target text,
  invoked_by_subscription_id text,
  restarted_from restate_invocation_id,
  request_id text,
  pinned_deployment_id restate_deployment_id,
  pinned_service_protocol_version integer,
  journal_size bigint NOT NULL DEFAULT 0,
  journal_commands_size bigint NOT NULL DEFAULT 0,
  created_at timestamptz NOT NULL DEFAULT now(),
  created_using_restate_version text,
  modified_at timestamptz NOT NULL DEFAULT now(),
  inboxed_at timestamptz,
  scheduled_at timestamptz,
  scheduled_start_at timestamptz,
  running_at timestamptz,
  completed_at timestamptz,
  completion_retention interval NOT NULL DEFAULT restate.default_retention(),
  journal_retention interval NOT NULL DEFAULT restate.default_retention(),
  -- what a suspended invocation waits for, each a u32
  suspended_waiting_for_completions bigint[],
  suspended_waiting_for_signals bigint[],
  inbox_sequence_number bigint,
  pause_requested boolean NOT NULL DEFAULT false,
  retry_count bigint,
  last_start_at timestamptz,
  next_retry_at timestamptz,
  last_attempt_deployment_id restate_deployment_id,
  last_attempt_server text,
  last_failure text,
  last_failure_error_code text,
  last_failure_related_command_index bigint,
  last_failure_related_command_name text,
  last_failure_related_command_type text,
  completion_result text,
  completion_failure text,
  completion_payload bytea,
  random_seed bigint NOT NULL DEFAULT restate_random_seed(),
  trace_id text,
  -- the input of an invocation that has not started: no journal holds it yet
  input_headers jsonb,
  input_payload bytea,
  -- of what executes it
  attempt bigint,
  worker_name text,
  attempt_count bigint,
  entry_retry_count bigint,
  last_entry_at timestamptz,
  suspended_waiting_for_names text[],
  retained_from timestamptz,
  completion_failure_metadata jsonb,
  has_waiters boolean,
  is_foreign boolean,
  asked_completion_id bigint,
  awaited_by text[],

  PRIMARY KEY (id, partition_key),
  CONSTRAINT invocation_rules CHECK (restate.check_invocation(
    id, partition_key, status, target_service_key, target_service_ty, target_handler_ty,
    invoked_by, restarted_from, request_id, pinned_deployment_id, pinned_service_protocol_version,
    journal_size, journal_commands_size, completion_retention, journal_retention,
    suspended_waiting_for_completions, suspended_waiting_for_signals, inbox_sequence_number,
    retry_count, completion_result, completion_failure, input_headers, idempotency_key, completed_at))
) WITH (fillfactor = 85);
REVOKE ALL ON restate.invocation FROM PUBLIC;
COMMENT ON TABLE restate.invocation IS
'One row an invocation, with the columns of Restate''s sys_invocation under their names.';
COMMENT ON CONSTRAINT invocation_rules ON restate.invocation IS
'The rules of a row, which restate.rules lists; the error names the rule that is broken.';
COMMENT ON COLUMN restate.invocation.target_handler_ty IS
'exclusive or shared for a virtual object, workflow (the run) or shared for a workflow, null for a service.';
COMMENT ON COLUMN restate.invocation.request_id IS
'What makes a restart repeatable: one restart of an original carries it.';
COMMENT ON COLUMN restate.invocation.inbox_sequence_number IS
'The place in the inbox of the object key, while pending.';
COMMENT ON COLUMN restate.invocation.pause_requested IS
'A pause waits for the attempt that is running to end.';
COMMENT ON COLUMN restate.invocation.attempt IS
'The attempt that is running, a random number: what is done in its name carries it. Null where none runs, or one elsewhere.';
COMMENT ON COLUMN restate.invocation.worker_name IS
'The worker that runs the attempt.';
COMMENT ON COLUMN restate.invocation.attempt_count IS
'How many attempts there have been since it was last suspended or resumed: what the retry policy counts. Null: none. retry_count goes on when it is resumed, and begins again when it is suspended.';
COMMENT ON COLUMN restate.invocation.entry_retry_count IS
'How many attempts have failed since the last entry of the journal. Null: none.';
COMMENT ON COLUMN restate.invocation.last_entry_at IS
'When an attempt, or what it waits for, last appended an entry.';
COMMENT ON COLUMN restate.invocation.suspended_waiting_for_names IS
'The signals by name that a suspended invocation waits for.';
COMMENT ON COLUMN restate.invocation.retained_from IS
'From when retention counts, if not from completed_at.';
COMMENT ON COLUMN restate.invocation.completion_failure_metadata IS
'What the failure says beside its code and message: an array of objects with key and value.';
COMMENT ON COLUMN restate.invocation.has_waiters IS
'Whether restate.waiter may have rows of who waits for its result. Null: it has none.';
COMMENT ON COLUMN restate.invocation.is_foreign IS
'It was in flight when it was imported or upgraded: it may run elsewhere, and nothing runs it here until it is adopted. Null: it was not.';
COMMENT ON COLUMN restate.invocation.asked_completion_id IS
'The last completion that a command of its journal has asked for, which is the highest; -1 for none. Null: the journal tells.';
COMMENT ON COLUMN restate.invocation.awaited_by IS
'The gateways that have had requests waiting for its result. Null: none.';
COMMENT ON COLUMN restate.invocation.last_failure_related_command_index IS
'Which command the last failure is about, counted among the commands of the journal alone, the input being 0. It is no journal index.';

-- the inbox of an object key, first in first out; the partition key finds it
CREATE UNIQUE INDEX invocation_inbox_idx ON restate.invocation
  (partition_key, target_service_name COLLATE "C", inbox_sequence_number, restate.indexed_key(target_service_key))
  WHERE inbox_sequence_number IS NOT NULL;
-- What is not completed, for operators and runtimes.  The status is in no index,
-- neither as a key nor in a predicate, so that its changes are HOT.
CREATE INDEX invocation_in_flight_idx ON restate.invocation (target_service_name)
  WHERE completed_at IS NULL;
-- the restarts of an original, no two with the same request id
CREATE UNIQUE INDEX invocation_restarted_from_idx ON restate.invocation
  (restarted_from, request_id COLLATE "C", partition_key)
  WHERE restarted_from IS NOT NULL;
-- the invocations of a service, and of one object key, which may be of any length
CREATE INDEX invocation_target_idx ON restate.invocation (target_service_name, target_handler_name);
CREATE INDEX invocation_target_key_idx ON restate.invocation USING spgist (target_service_key)
  WHERE target_service_key IS NOT NULL;

CREATE TABLE restate.journal (
  id restate_invocation_id NOT NULL,
  partition_key bigint NOT NULL,
  index bigint NOT NULL,
  appended_at timestamptz NOT NULL DEFAULT now(),
  completion_id bigint,
  result_completion_id bigint,
  signal_index bigint,
  entry_type restate.entry_type NOT NULL,
  version integer NOT NULL DEFAULT 2,
  invoked_id restate_invocation_id,
  name text,
  signal_name text,
  meta jsonb NOT NULL DEFAULT '{}',
  payload bytea,
  PRIMARY KEY (id, index, partition_key),
  CONSTRAINT journal_rules CHECK (restate.check_journal(
    id, partition_key, index, completion_id, result_completion_id, signal_index, meta))
);
REVOKE ALL ON restate.journal FROM PUBLIC;
-- the completion that a command waits for; the condition is that of a
-- notification, NOT restate.is_command()
CREATE INDEX journal_completion_idx ON restate.journal (id, completion_id, partition_key)
  WHERE completion_id IS NOT NULL AND entry_type >= 'Notification: Run';
-- whom an invocation called
CREATE INDEX journal_invoked_idx ON restate.journal (id, invoked_id, partition_key)
  WHERE invoked_id IS NOT NULL;
COMMENT ON TABLE restate.journal IS
'The journal entries of each invocation: the input at index 0, then commands and notifications without a gap.';
COMMENT ON CONSTRAINT journal_rules ON restate.journal IS
'The rules of a row, which restate.rules lists; the error names the rule that is broken.';
COMMENT ON COLUMN restate.journal.completion_id IS
'On a command the completion it waits for, on a notification the one it brings.';
COMMENT ON COLUMN restate.journal.result_completion_id IS
'The second completion of a Call, its result; the first brings the id of the callee.';
COMMENT ON COLUMN restate.journal.meta IS
'The entry without its bytes and without what has a column of its own.';

CREATE TABLE restate.journal_event (
  id restate_invocation_id NOT NULL,
  partition_key bigint NOT NULL,
  event_index bigint NOT NULL,
  after_journal_entry_index bigint NOT NULL,
  appended_at timestamptz NOT NULL DEFAULT now(),
  event_type text NOT NULL,
  event_json jsonb NOT NULL,
  PRIMARY KEY (id, event_index, partition_key),
  CONSTRAINT journal_event_rules CHECK (restate.check_journal_event(
    id, partition_key, event_index, after_journal_entry_index, event_json))
);
REVOKE ALL ON restate.journal_event FROM PUBLIC;
COMMENT ON TABLE restate.journal_event IS
'What happened beside the journal, such as a failed attempt. Never copied by a restart.';
COMMENT ON CONSTRAINT journal_event_rules ON restate.journal_event IS
'The rules of a row, which restate.rules lists; the error names the rule that is broken.';

-- The keys of objects, states and promises are longer than an entry of a btree can
-- be, and no primary key takes an expression: uniqueness is that of an index on
-- restate.indexed_key(), and logical replication finds the rows by all they have.

CREATE TABLE restate.object_key (
  service_name text NOT NULL,
  service_key text NOT NULL,
  partition_key bigint NOT NULL,
  holder restate_invocation_id,
  next_sequence_number bigint NOT NULL DEFAULT 0,
  has_queued_state boolean,
  CONSTRAINT object_key_rules CHECK (restate.check_object_key(service_key, partition_key))
) WITH (fillfactor = 70);
REVOKE ALL ON restate.object_key FROM PUBLIC;
ALTER TABLE restate.object_key REPLICA IDENTITY FULL;
-- the partition key finds a key, the rest makes it one
CREATE UNIQUE INDEX object_key_unique_idx ON restate.object_key
  (partition_key, service_name COLLATE "C", restate.indexed_key(service_key));
CREATE INDEX object_key_service_key_idx ON restate.object_key USING spgist (service_key);
COMMENT ON TABLE restate.object_key IS
'The keys of virtual objects: who holds each, and the counter that orders its inbox.';
COMMENT ON CONSTRAINT object_key_rules ON restate.object_key IS
'The rules of a row, which restate.rules lists; the error names the rule that is broken.';

COMMENT ON COLUMN restate.object_key.has_queued_state IS
'Whether restate.queued_state may have rows of this key. Null: it has none.';

CREATE TABLE restate.object_state (
  service_name text NOT NULL,
  service_key text NOT NULL,
  key text NOT NULL,
  partition_key bigint NOT NULL,
  value bytea NOT NULL,
  CONSTRAINT object_state_rules CHECK (restate.check_object_state(service_key, partition_key, key))
);
REVOKE ALL ON restate.object_state FROM PUBLIC;
ALTER TABLE restate.object_state REPLICA IDENTITY FULL;
CREATE UNIQUE INDEX object_state_unique_idx ON restate.object_state
  (partition_key, service_name COLLATE "C", restate.indexed_key(service_key, key));
CREATE INDEX object_state_service_key_idx ON restate.object_state USING spgist (service_key);
COMMENT ON TABLE restate.object_state IS
'The state of virtual objects and workflows. Read it through restate.state.';
COMMENT ON CONSTRAINT object_state_rules ON restate.object_state IS
'The rules of a row, which restate.rules lists; the error names the rule that is broken.';

CREATE TABLE restate.promise (
  service_name text NOT NULL,
  service_key text NOT NULL,
  key text NOT NULL,
  partition_key bigint NOT NULL,
  completed boolean NOT NULL DEFAULT false,
  completion_success_value bytea,
  completion_failure text,
  CONSTRAINT promise_rules CHECK (restate.check_promise(
    service_key, partition_key, completed, completion_success_value, completion_failure, key))
);
REVOKE ALL ON restate.promise FROM PUBLIC;
ALTER TABLE restate.promise REPLICA IDENTITY FULL;
CREATE UNIQUE INDEX promise_unique_idx ON restate.promise
  (partition_key, service_name COLLATE "C", restate.indexed_key(service_key, key));
CREATE INDEX promise_service_key_idx ON restate.promise USING spgist (service_key);
COMMENT ON TABLE restate.promise IS
'The durable promises of workflows.';
COMMENT ON CONSTRAINT promise_rules ON restate.promise IS
'The rules of a row, which restate.rules lists; the error names the rule that is broken.';

CREATE FUNCTION restate.new_audit_id() RETURNS bigint
  LANGUAGE C VOLATILE STRICT PARALLEL RESTRICTED
  AS 'MODULE_PATHNAME', 'restate_new_audit_id';
COMMENT ON FUNCTION restate.new_audit_id() IS
'A new number for a row of the audit: 52 bits of microseconds since 2000, then 11 bits of the backend, and greater than each before it in this session. Backends of one server that live at the same time make different ones, as long as there can be no more than 2,048 of them. Error: sequence_generator_limit_exceeded, 2200H, after the year 2142.';

CREATE TABLE restate.audit (
  audit_id bigint NOT NULL DEFAULT restate.new_audit_id(),
  partition_key bigint NOT NULL,
  id restate_invocation_id,
  at timestamptz NOT NULL,
  operation text NOT NULL,
  parameters jsonb NOT NULL,
  outcome text NOT NULL,
  new_id restate_invocation_id,
  caused_by restate_invocation_id,
  role_name text NOT NULL,
  session_user_name text NOT NULL,
  claimed_subject text,
  reason text,
  PRIMARY KEY (audit_id, partition_key),
  CONSTRAINT audit_rules CHECK (restate.check_audit(partition_key, id, parameters))
);
REVOKE ALL ON restate.audit FROM PUBLIC;
CREATE INDEX audit_id_idx ON restate.audit (id);
-- what a restart is of, also when that is gone
CREATE INDEX audit_new_id_idx ON restate.audit (new_id) WHERE new_id IS NOT NULL;
CREATE INDEX audit_at_idx ON restate.audit USING brin (at);
COMMENT ON TABLE restate.audit IS
'One row for every operation that took effect, written in its transaction. Rows outlive the invocation.';
COMMENT ON COLUMN restate.audit.id IS
'The invocation; null for what was done with a bulk job, a deployment, a service or the state of an object, which parameters name.';
COMMENT ON COLUMN restate.audit.audit_id IS
'Orders the rows by the time at which they were made, as restate.new_audit_id() makes it. Rows of before 0.3.0 have small numbers, from a sequence.';
COMMENT ON CONSTRAINT audit_rules ON restate.audit IS
'The rules of a row, which restate.rules lists; the error names the rule that is broken.';
COMMENT ON COLUMN restate.audit.claimed_subject IS
'The sub of request.jwt.claims. Whoever can set that setting can claim any subject.';
COMMENT ON COLUMN restate.audit.caused_by IS
'The invocation that the operation named, where it reached this one through it.';
