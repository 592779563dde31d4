-- What is in flight: who can run, what is due when, who waits for whom, and who
-- runs.  Rows are written with the invocation that they are about, under its lock,
-- and none refers to one that the server would have to look up.

CREATE FUNCTION restate.no_deployment() RETURNS restate_deployment_id
  LANGUAGE sql IMMUTABLE PARALLEL SAFE
  RETURN 'dp_10000000000000000000000'::restate_deployment_id;
COMMENT ON FUNCTION restate.no_deployment() IS
'The id that stands for the deployment of what is not pinned to one: the lowest, which no deployment has.';

CREATE TABLE restate.runnable (
  service_name text COLLATE "C" NOT NULL,
  deployment_id restate_deployment_id NOT NULL DEFAULT restate.no_deployment(),
  ready_at timestamptz NOT NULL,
  id restate_invocation_id NOT NULL,
  partition_key bigint NOT NULL,
  PRIMARY KEY (service_name, deployment_id, ready_at, id, partition_key)
);
REVOKE ALL ON restate.runnable FROM PUBLIC;
COMMENT ON TABLE restate.runnable IS
'The invocations that are ready, in the order in which they became so: what workers claim. One row for each of status ready that is not foreign.';
COMMENT ON COLUMN restate.runnable.deployment_id IS
'The deployment that it is pinned to, or restate.no_deployment().';
COMMENT ON COLUMN restate.runnable.ready_at IS
'Since when it is ready, as modified_at of restate.invocation has it.';

-- types, for a check is read back from its text in each write
CREATE TYPE restate.timer_kind AS ENUM ('sleep', 'schedule', 'retry', 'expiry');
COMMENT ON TYPE restate.timer_kind IS
'What is due: the end of a sleep, a start, a retry, or the end of a retention.';
CREATE TYPE restate.waiter_kind AS ENUM ('call', 'attach');
COMMENT ON TYPE restate.waiter_kind IS
'How somebody waits for a result: it has called, or is attached.';

CREATE TABLE restate.timer (
  kind restate.timer_kind NOT NULL,
  due_at timestamptz NOT NULL,
  id restate_invocation_id NOT NULL,
  completion_id bigint NOT NULL,
  partition_key bigint NOT NULL,
  seed bigint NOT NULL DEFAULT 0,
  PRIMARY KEY (kind, due_at, id, completion_id, partition_key)
);
REVOKE ALL ON restate.timer FROM PUBLIC;
COMMENT ON TABLE restate.timer IS
'What is due when. One whose invocation is gone, or has gone on, finds nothing to do.';
COMMENT ON COLUMN restate.timer.kind IS
'sleep: a Sleep ends. schedule: the start that was asked for. retry: the next attempt. expiry: the journal, or the invocation, was kept long enough.';
COMMENT ON COLUMN restate.timer.completion_id IS
'Of a sleep the completion that ends it, otherwise -1.';
COMMENT ON COLUMN restate.timer.seed IS
'Of a sleep the random_seed of its invocation: another that has got the same id since does not sleep. 0: not known.';

CREATE TABLE restate.waiter (
  target restate_invocation_id NOT NULL,
  caller restate_invocation_id NOT NULL,
  completion_id bigint NOT NULL,
  kind restate.waiter_kind NOT NULL,
  partition_key bigint NOT NULL,
  caller_seed bigint NOT NULL DEFAULT 0,
  PRIMARY KEY (target, caller, completion_id, partition_key)
);
REVOKE ALL ON restate.waiter FROM PUBLIC;
COMMENT ON TABLE restate.waiter IS
'Who waits for the result of an invocation, in the partition of that one: its callers, and those attached to it.';
COMMENT ON COLUMN restate.waiter.completion_id IS
'The completion, in the journal of the caller, that the result becomes.';
COMMENT ON COLUMN restate.waiter.caller_seed IS
'The random_seed of the caller: another that has got the same id since does not wait. 0: not known.';

CREATE TABLE restate.promise_waiter (
  service_name text NOT NULL,
  service_key text NOT NULL,
  key text NOT NULL,
  partition_key bigint NOT NULL,
  caller restate_invocation_id NOT NULL,
  completion_id bigint NOT NULL,
  caller_seed bigint NOT NULL DEFAULT 0
);
REVOKE ALL ON restate.promise_waiter FROM PUBLIC;
ALTER TABLE restate.promise_waiter REPLICA IDENTITY FULL;
CREATE UNIQUE INDEX promise_waiter_unique_idx ON restate.promise_waiter
  (partition_key, service_name COLLATE "C", restate.indexed_key(service_key, key), caller, completion_id);
COMMENT ON TABLE restate.promise_waiter IS
'Who waits for a promise of a workflow.';
COMMENT ON COLUMN restate.promise_waiter.completion_id IS
'The completion, in the journal of the caller, that the promise becomes.';
COMMENT ON COLUMN restate.promise_waiter.caller_seed IS
'As in restate.waiter.';

CREATE TABLE restate.queued_state (
  service_name text NOT NULL,
  service_key text NOT NULL,
  partition_key bigint NOT NULL,
  sequence_number bigint NOT NULL,
  state jsonb NOT NULL,
  version text,
  queued_at timestamptz NOT NULL
);
REVOKE ALL ON restate.queued_state FROM PUBLIC;
ALTER TABLE restate.queued_state REPLICA IDENTITY FULL;
CREATE UNIQUE INDEX queued_state_unique_idx ON restate.queued_state
  (partition_key, service_name COLLATE "C", restate.indexed_key(service_key), sequence_number);
COMMENT ON TABLE restate.queued_state IS
'The changes of the state of objects that wait until an invocation frees the key: restate_modify_state made them.';
COMMENT ON COLUMN restate.queued_state.sequence_number IS
'The place in the inbox of the object key, among the invocations that wait there.';
COMMENT ON COLUMN restate.queued_state.state IS
'What the state is to be: an object with each value in hex.';
COMMENT ON COLUMN restate.queued_state.version IS
'The version of the state that the change is meant for; null: any.';

CREATE TABLE restate.worker (
  name text COLLATE "C" PRIMARY KEY,
  last_seen timestamptz NOT NULL
) WITH (fillfactor = 50);
REVOKE ALL ON restate.worker FROM PUBLIC;
COMMENT ON TABLE restate.worker IS
'The programs that run attempts, and when each was last heard of.';

CREATE TABLE restate.held_service (
  service_name text COLLATE "C" PRIMARY KEY,
  reason text,
  held_at timestamptz NOT NULL,
  role_name text NOT NULL
);
REVOKE ALL ON restate.held_service FROM PUBLIC;
COMMENT ON TABLE restate.held_service IS
'The services of which nothing is claimed.';

CREATE FUNCTION restate.delivery_time() RETURNS interval
  LANGUAGE SQL IMMUTABLE PARALLEL SAFE
  RETURN interval '1 minute';
COMMENT ON FUNCTION restate.delivery_time() IS
'How long a result is kept for the requests that wait for it, where nothing else keeps it.';

CREATE TABLE restate.undelivered_result (
  id restate_invocation_id NOT NULL,
  partition_key bigint NOT NULL,
  random_seed bigint NOT NULL,
  completed_at timestamptz NOT NULL,
  failure text,
  failure_metadata jsonb,
  value bytea,
  PRIMARY KEY (id, random_seed, partition_key)
);
REVOKE ALL ON restate.undelivered_result FROM PUBLIC;
CREATE INDEX undelivered_result_completed_at_idx ON restate.undelivered_result (completed_at);
COMMENT ON TABLE restate.undelivered_result IS
'The results of invocations that were removed as they ended, while requests waited for them: those of a retention of zero, and those that were cancelled or killed before their start. restate_tick() removes what is older than restate.delivery_time().';
COMMENT ON COLUMN restate.undelivered_result.random_seed IS
'Of the invocation: another may have got the same id since.';
