# What the operations run: which statements, how many, and that each finds its
# rows by an index, whatever the statistics say and however a plan is made.
use strict;
use warnings;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use RestateNode;
use RestatePlans;
use Test::More;

my $node = new_node('main', $plan_settings);

# statistics of a few rows, which have become many
load_example($node);
$node->safe_psql('postgres', 'ANALYZE');
$node->safe_psql('postgres', <<'SQL');
INSERT INTO restate.invocation (id, partition_key, status, target_service_name, target_service_key, target_handler_name,
  target_service_ty, target_handler_ty, invoked_by, restarted_from, request_id, journal_size, journal_commands_size, completion_result, completed_at, inbox_sequence_number)
SELECT v.id, restate_partition_key_of_id(v.id), v.status, v.service, v.key, 'run', CASE WHEN v.key IS NULL THEN 'service' ELSE 'virtual_object' END,
  CASE WHEN v.key IS NOT NULL THEN 'exclusive' END, CASE WHEN v.n % 5 = 4 THEN 'restart_as_new' ELSE 'ingress' END,
  CASE WHEN v.n % 5 = 4 THEN (left(v.id::text, 16) || lpad('original', 22, '0'))::restate_invocation_id END, CASE WHEN v.n % 5 = 4 THEN 'r' || v.n END,
  CASE WHEN v.status = 'pending' THEN 0 ELSE 10 END,
  CASE WHEN v.status = 'pending' THEN 0 ELSE 6 END, CASE v.status WHEN 'completed' THEN 'success' END,
  CASE v.status WHEN 'completed' THEN now() END, CASE v.status WHEN 'pending' THEN v.n END
FROM (SELECT n, restate_workflow_invocation_id('plans', n::text) AS id, 'Svc' || n % 8 AS service, NULL AS key,
        CASE WHEN n % 50 = 1 THEN 'running' WHEN n % 50 = 2 THEN 'backing-off' ELSE 'completed' END AS status
      FROM generate_series(1, 16000) AS n
      UNION ALL
      SELECT n, (left(restate_workflow_invocation_id('Obj', 'key' || n % 400)::text, 16) || lpad(n::text, 22, '0'))::restate_invocation_id,
        'Obj', 'key' || n % 400, CASE WHEN n > 19600 THEN 'running' WHEN n > 19000 THEN 'pending' ELSE 'completed' END
      FROM generate_series(16001, 20000) AS n) AS v;
-- two runs, a one-way call and another run, each with its completion
INSERT INTO restate.journal (id, partition_key, index, entry_type, completion_id, invoked_id)
SELECT i.id, i.partition_key, e.index, e.entry_type::restate.entry_type, CASE WHEN e.index BETWEEN 1 AND 8 THEN (e.index + 1) / 2 END,
  CASE WHEN e.index IN (5, 6) THEN restate_workflow_invocation_id('called', i.id::text) END
FROM restate.invocation AS i,
  unnest('{Command: Input,Command: Run,Notification: Run,Command: Run,Notification: Run,Command: OneWayCall,Notification: CallInvocationId,Command: Run,Notification: Run,Command: Output}'::text[])
  WITH ORDINALITY AS t (entry_type, ordinality), LATERAL (SELECT t.entry_type, t.ordinality - 1 AS index) AS e
WHERE i.journal_size = 10;
INSERT INTO restate.object_key (service_name, service_key, partition_key, holder, next_sequence_number)
SELECT target_service_name, target_service_key, partition_key, id, 100000 FROM restate.invocation
WHERE target_handler_ty = 'exclusive' AND status = 'running' AND target_service_key <> 'a'
UNION ALL SELECT 'Obj', 'free' || n, restate_partition_key_of_key('free' || n), NULL, 3 FROM generate_series(1, 5000) AS n;
INSERT INTO restate.object_state (service_name, service_key, key, partition_key, value)
SELECT 'Obj', 'key' || n, 'value' || k, restate_partition_key_of_key('key' || n), 'v' FROM generate_series(0, 399) AS n, generate_series(1, 20) AS k;
INSERT INTO restate.promise (service_name, service_key, key, partition_key)
SELECT 'Wf', 'key' || n, 'promise', restate_partition_key_of_key('key' || n) FROM generate_series(1, 5000) AS n;
INSERT INTO restate.journal_event (id, partition_key, event_index, after_journal_entry_index, event_type, event_json)
SELECT id, partition_key, 0, 0, 'TransientError', '{}' FROM restate.invocation WHERE target_service_name LIKE 'Svc_';
INSERT INTO restate.audit (id, partition_key, at, operation, parameters, outcome, new_id, role_name, session_user_name)
SELECT coalesce(restarted_from, id), partition_key, now(), CASE WHEN restarted_from IS NULL THEN 'pause' ELSE 'restart_as_new' END, '{}', 'done',
  CASE WHEN restarted_from IS NOT NULL THEN id END, 'somebody', 'somebody' FROM restate.invocation;
SQL
is($node->safe_psql('postgres', 'SELECT count(*) FROM restate_verify()'), '0', 'the data is sound');

my $run = $node->safe_psql('postgres', "SELECT restate_workflow_invocation_id('Wf', 'w')");
my $many = "ARRAY(SELECT restate_workflow_invocation_id('plans', n::text) FROM generate_series(3, 40) AS n)";
my $busy = "ARRAY(SELECT restate_workflow_invocation_id('plans', (50 * n + 1)::text) FROM generate_series(1, 30) AS n)";
my $objects = "ARRAY(SELECT (left(restate_workflow_invocation_id('Obj', 'key' || n % 400)::text, 16) || lpad(n::text, 22, '0'))::restate_invocation_id"
  . " FROM generate_series(19601, 19620) AS n)";
my $restart = "(SELECT min(id::text)::restate_invocation_id FROM restate.invocation WHERE id = restate_workflow_invocation_id('plans', '4'))";
my $original = "(left(restate_workflow_invocation_id('plans', '4')::text, 16) || lpad('original', 22, '0'))::restate_invocation_id";
my $ended_objects = $objects =~ s/19601, 19620/16001, 16020/r;

# With a trigger or row security on the tables all is done by statements; what needs none without is
# in push_statements.pl and life_statements.pl.
$node->safe_psql('postgres', <<'SQL');
CREATE FUNCTION public.do_nothing() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END';
CREATE TRIGGER nothing AFTER UPDATE ON restate.invocation EXECUTE FUNCTION public.do_nothing();
CREATE TRIGGER nothing AFTER INSERT ON restate.journal EXECUTE FUNCTION public.do_nothing();
ALTER TABLE restate.held_service ENABLE ROW LEVEL SECURITY;
SQL

# Each operation, and how many statements it may run.
my @operations = (
	[ "purge_journal('${\ inv('done')}')", 2, 'with a journal' ],
	[ "purge_journal('${\ inv('gone')}')", 2, 'another' ],
	[ "delete_invocation('${\ inv('running')}')", 2, 'to cancel' ],
	[ "delete_invocation('${\ inv('running')}', 'kill')", 2, 'to kill' ],
	[ "delete_invocation('${\ inv('done')}', 'purge')", 2, 'to purge' ],
	[ "delete_invocation('${\ inv('running')}', 'purge')", 1, 'to purge, but running' ],
	[ "cancel('${\ inv('running')}')", 2, 'running' ],
	[ "cancel('${\ inv('scheduled')}')", 2, 'scheduled' ],
	[ "cancel('${\ inv('first', 'a')}')", 5, 'in an inbox' ],
	[ "kill('${\ inv('running')}')", 2, 'alone' ],
	[ "kill('${\ inv('parent')}')", 10, 'with a callee' ],
	[ "kill('${\ inv('child')}')", 8, 'a callee' ],
	[ "kill('${\ inv('holder', 'a')}')", 8, 'holding a key that others wait for' ],
	[ "kill('${\ inv('first', 'a')}')", 6, 'in an inbox' ],
	[ "purge('${\ inv('done')}')", 2, 'of a service' ],
	[ "purge('$run')", 2, 'of a workflow run' ],
	[ "pause('${\ inv('running')}')", 2, 'running' ],
	[ "pause('${\ inv('paused')}')", 1, 'paused already' ],
	[ "resume('${\ inv('paused')}')", 2, 'as it is' ],
	[ "resume('${\ inv('paused')}', 'latest')", 2, 'on another deployment' ],
	[ "restart_as_new('${\ inv('done')}')", 2, 'from the start' ],
	[ "restart_as_new('${\ inv('done')}', 3, 'keep')", 2, 'from the end' ],
	[ "restart_as_new('${\ inv('done')}', 1, 'latest', 'r')", 4, 'with a request id' ],
	[ "restart_as_new('${\ inv('finished', 'a')}', 1)", 7, 'of a busy object key' ],
	[ "purge_journal_batch($many)", 2, 'of many' ],
	[ "purge_batch($many)", 2, 'of many' ],
	[ "cancel_batch($busy)", 3, 'of many' ],
	[ "kill_batch($busy)", 6, 'of many' ],
	[ "kill_batch($objects)", 8, 'of many objects' ],
	[ "pause_batch($busy)", 2, 'of many' ],
	[ "resume_batch(ARRAY(SELECT restate_workflow_invocation_id('plans', (50 * n + 2)::text) FROM generate_series(1, 30) AS n))", 2, 'of many' ],
	[ "restart_as_new_batch($many)", 3, 'of many' ],
	[ "restart_as_new_batch($ended_objects)", 4, 'of many objects' ],
	[ "joined('purge_journal', $many)", 2, 'purge journal' ],
	[ "joined('pause', $busy)", 2, 'pause' ],
	[ "joined('resume', ARRAY['${\ inv('paused')}']::restate_invocation_id[], deployments => '{latest}')", 2, 'resume on another deployment' ],
	[ "joined('cancel', $busy)", 2, 'cancel' ],
	[ "joined('kill', $busy)", 2, 'kill, with callees' ],
	[ "joined('kill', ARRAY['${\ inv('running')}', '${\ inv('ready')}']::restate_invocation_id[])", 2, 'kill' ],
	[ "joined('kill', $objects)", 2, 'kill, of objects' ],
	[ "joined('kill', $many)", 3, 'kill, completed' ],
	[ "joined('restart_as_new', $many)", 2, 'restart' ],
	[ "joined('restart_as_new', ARRAY['${\ inv('done')}']::restate_invocation_id[], froms => '{3}')", 3, 'restart from within the journal' ],
	[ "joined('restart_as_new', ARRAY['${\ inv('done')}']::restate_invocation_id[], froms => '{3}', request_ids => '{r}')", 4, 'the same with a request id' ],
	[ "joined('restart_as_new', $ended_objects)", 5, 'restart, of objects' ],
	[ "purge_audit(now())", 1, 'up to now' ],
	[ "explain('${\ inv('done')}')", 12, 'completed' ],
	[ "explain('${\ inv('parent')}')", 14, 'with a callee' ],
	[ "explain('${\ inv('suspended')}')", 12, 'suspended' ],
	[ "explain_json('${\ inv('first', 'a')}')", 15, 'in an inbox' ],
	[ "preview_restart('${\ inv('done')}', 3)", 5, 'from within the journal' ],
	[ "preview_restart('${\ inv('finished', 'a')}')", 5, 'of an object' ],
	[ "preview_restart('${\ inv('done')}', at => 'last_failure')", 5, 'at the last failure' ],
	[ "restart_point('${\ inv('done')}', 'last_completed')", 3, 'last completed' ],
	[ "restart_point('${\ inv('done')}', 'name:r')", 2, 'a name' ],
	[ "restart_point('${\ inv('done')}', 'time:2099-01-01T00:00:00Z')", 3, 'a time' ],
	[ "lineage($original)", 7, 'of many restarts' ],
	[ "lineage($restart)", 7, 'of one of them' ],
	[ "call_tree('${\ inv('child')}')", 4, 'with a caller' ],
	[ "call_tree(restate_workflow_invocation_id('plans', '1'))", 4, 'with callees' ],
);

# Each function of those who execute invocations, on attempts that run, of a service and
# of an object that has an inbox, and on one that is suspended.
$node->safe_psql('postgres', <<'SQL');
SELECT restate_register_deployment('worker:plans', '{"services": [
  {"name": "Run", "ty": "SERVICE", "handlers": [{"name": "run"}]},
  {"name": "Keyed", "ty": "VIRTUAL_OBJECT", "handlers": [{"name": "run"}]},
  {"name": "Flow", "ty": "WORKFLOW", "handlers": [{"name": "run"}]}]}');
SELECT count(s.id) FROM generate_series(1, 200) AS n, LATERAL restate_submit('Run', 'run', int8send(n)) AS s;
SELECT count(s.id) FROM generate_series(1, 5) AS n, LATERAL restate_submit('Keyed', 'run', key => 'held', claim_for => 'w') AS s;
SQL
my ($runs, $waits, $sleeps) = map { [ split /\|/, $node->safe_psql('postgres', "SELECT id, attempt FROM restate_submit('Run', 'run', claim_for => 'w')") ] } 1 .. 3;
my $keyed = [ split /\|/, $node->safe_psql('postgres', "SELECT id, attempt FROM restate.invocation WHERE target_service_name = 'Keyed' AND status = 'running'") ];
$node->safe_psql('postgres', <<"SQL");
SELECT restate_append('$waits->[0]', $waits->[1], 1, ARRAY['{"Command": {"Sleep": {"wake_up_time": 4102444800000, "completion_id": 1, "name": ""}}}']::jsonb[]);
SELECT restate_append('$sleeps->[0]', $sleeps->[1], 1, ARRAY['{"Command": {"Sleep": {"wake_up_time": '
  || (1000 * extract(epoch FROM now()))::bigint + 500 || ', "completion_id": 1, "name": ""}}}']::jsonb[]);
SELECT restate_suspend('$sleeps->[0]', $sleeps->[1], '{1}', '{1}', NULL, 2);
SELECT pg_sleep(1);
SQL
my $step = q(ARRAY['{"Command": {"Run": {"completion_id": 1, "name": ""}}}', '{"Notification": {"Completion": {"Run": {"completion_id": 1, "result": {"Success": [1]}}}}}']::jsonb[]);
my $output = q(ARRAY['{"Command": {"Output": {"result": {"Success": [1]}, "name": ""}}}']::jsonb[]);
my $call = q(ARRAY['{"Command": {"Call": {"request": {"invocation_target": {"Service": {"name": "Run", "handler": "run"}}, "parameter": []}, "invocation_id_completion_id": 1, "result_completion_id": 2, "name": ""}}}']::jsonb[]);
my $of_one = "'$runs->[0]', $runs->[1]";
my $job = $node->safe_psql('postgres', q{SELECT job FROM restate_bulk_start('purge', '{"service": "Svc1", "status": "completed"}')});
my @functions = (
	[ "submit('Run', 'run', 'a')", 2, 'to a service' ],
	[ "submit('Run', 'run', 'a', claim_for => 'w')", 2, 'which its submitter runs' ],
	[ "submit('Run', 'run', 'a', run_at => 'tomorrow')", 2, 'later' ],
	[ "submit('Run', 'run', 'a', idempotency_key => 'k')", 3, 'with an idempotency key' ],
	[ "submit('Keyed', 'run', 'a', 'new')", 5, 'to an object' ],
	[ "submit('Keyed', 'run', 'a', 'held')", 3, 'to one in use' ],
	[ "submit('Flow', 'run', 'a', 'new')", 3, 'a workflow' ],
	[ "claim('w', '{Run}')", 4, 'one' ],
	[ "claim('w', '{Run}', 50)", 4, 'many' ],
	[ "append($of_one, 1, $step)", 2, 'a step' ],
	[ "append($of_one, 1, $call)", 5, 'a call' ],
	[ "suspend('$waits->[0]', $waits->[1], '{1}', '{1}', NULL, 2)", 3, 'on a sleep' ],
	[ "complete($of_one, 1, $output)", 2, 'with its output' ],
	[ "complete('$keyed->[0]', $keyed->[1], 1, $output)", 6, 'of an object with an inbox' ],
	[ "fail_attempt($of_one, 'failed')", 4, 'to be tried again' ],
	[ "fetch($of_one, 0)", 2, 'what came' ],
	[ "heartbeat('w')", 1, 'of a worker' ],
	[ "tick(1000, '1 day')", 10, 'a sleep that is over' ],
	[ "signal('$runs->[0]', 'signal')", 3, 'to one that runs' ],
	[ "signal('$sleeps->[0]', 'signal')", 3, 'to one that is suspended' ],
	[ "output('$runs->[0]')", 1, 'of one that runs' ],
	[ "bulk_run('$job', 10)", 11, 'a batch of a job' ],
	[ 'bulk_next(10)', 13, 'a batch of a job that is due' ],
);

# Runs the operation and returns the plans of the statements in it.
sub plans_of_call
{
	my ($call, $settings) = @_;
	my @plans = plans_of($node, "SELECT restate_$call", $settings);

	# the call itself is logged last
	pop @plans;
	# what holds for a handler is worked out by functions of SQL, which the planner runs
	# where it needs their value: they are no statements
	@plans = grep { / on \S[^\n]*\(cost=/ } @plans if grep { $_->[0] eq $call } @functions;
	return @plans;
}

# what the transaction has read up to now
my $scans = "SELECT pg_stat_get_xact_numscans('restate.invocation_in_flight_idx'::regclass)";
is($node->safe_psql('postgres', "BEGIN; SELECT FROM restate_tick(1000, '1 day'); $scans; ROLLBACK"), '0', 'a tick does not read what is in flight, unless a worker has died');
cmp_ok($node->safe_psql('postgres', "BEGIN; SELECT FROM restate_tick(1000, '0'); $scans; ROLLBACK"), '>', 0, 'then it does');

my %settings = (
	'' => 'statistics of a few rows, plans as chosen',
	'SET plan_cache_mode = force_custom_plan' => 'statistics of a few rows, custom plans',
	'SET plan_cache_mode = force_generic_plan' => 'statistics of a few rows, generic plans');
for my $round (1, 2)
{
	for my $settings (sort keys %settings)
	{
		for my $operation (@operations, @functions)
		{
			my ($call, $count) = @$operation;
			my $name = $call =~ s/\(.*//sr . " ($operation->[2]), $settings{$settings}";
			my @plans = plans_of_call($call, $settings);
			my @whole = map { whole($_, 'timer') } @plans;

			is(scalar @plans, $count, "$name: $count statements")
			  or diag(map { (/Query Text: (.{0,140})/)[0] . "\n" } @plans);
			is(join("\n", @whole), '', "$name: nothing is read whole");
		}
	}
	$node->safe_psql('postgres', 'ANALYZE');
	s/statistics of a few rows/true statistics/ for values %settings;
}

# whatever a user has told the planner: of a batch too, whose rows are locked in an order
for my $operation (@operations, [ "purge_batch(ARRAY(SELECT id FROM restate.invocation WHERE status = 'completed'))", 2, 'a batch' ])
{
	my @plans = plans_of_call($operation->[0], 'SET enable_sort = off; SET enable_nestloop = off; SET enable_indexscan = off; SET enable_bitmapscan = off');

	is(join("\n", map { whole($_, 'timer') } @plans), '', "$operation->[0] ($operation->[2]), with all turned off: nothing is read whole");
}

done_testing();
