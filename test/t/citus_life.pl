# On tables that Citus distributes over nodes invocations run as on one server, whichever
# node is called: each call below goes to the next one.
use strict;
use warnings;
use IPC::Run ();
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;
use RestateCitus;

my $why_not = no_citus();
plan skip_all => $why_not if $why_not;

my @nodes = new_citus();
my $turn = 0;
$nodes[0]->safe_psql('postgres', 'SELECT FROM restate_distribute()');

# Runs SQL on the next node and returns what it prints.
sub call
{
	my ($sql) = @_;

	return $nodes[ $turn++ % @nodes ]->safe_psql('postgres', $sql);
}

# Submits an invocation; returns its id.
sub submit
{
	my ($arguments) = @_;

	return call("SELECT id FROM restate_submit($arguments)");
}

# Claims what is ready of services; returns the attempts by id.
sub claim
{
	my ($services, $max) = @_;

	return map { split /\|/ } split /\n/, call("SELECT id, attempt FROM restate_claim('w', '{$services}', " . ($max // 10) . ')');
}

# Returns an entry's JSON as an SQL array.
sub entries
{
	return 'ARRAY[' . join(', ', map { "'$_'::jsonb" } @_) . ']';
}

sub output
{
	my ($byte) = @_;

	return qq({"Command": {"Output": {"result": {"Success": [$byte]}, "name": ""}}});
}

sub call_of
{
	my ($target, $first) = @_;

	return sprintf '{"Command": {"Call": {"request": {"invocation_target": %s, "parameter": [49], "headers": []}, "invocation_id_completion_id": %d, "result_completion_id": %d, "name": ""}}}',
		$target, $first, $first + 1;
}

sub status
{
	my ($id) = @_;

	return call("SELECT status FROM restate.sys_invocation WHERE id = '$id'");
}

sub is_well
{
	my ($name) = @_;

	is(call('SELECT * FROM restate_verify()'), '', "all is sound: $name");
	return;
}

my $service = '{"Service": {"name": "Svc", "handler": "run"}}';

is(call(<<'SQL'), 't', 'a deployment is registered');
SELECT created FROM restate_register_deployment('worker:w', '{"services": [
  {"name": "Svc", "ty": "SERVICE", "handlers": [{"name": "run", "retryPolicyInitialInterval": 1, "retryPolicyMaxAttempts": 20, "retryPolicyOnMaxAttempts": "KILL"}]},
  {"name": "Callee", "ty": "SERVICE", "handlers": [{"name": "run"}]},
  {"name": "Gone", "ty": "SERVICE", "handlers": [{"name": "run", "journalRetention": 0, "idempotencyRetention": 0}]},
  {"name": "Obj", "ty": "VIRTUAL_OBJECT", "handlers": [{"name": "add"}, {"name": "get", "ty": "SHARED"}]},
  {"name": "Flow", "ty": "WORKFLOW", "handlers": [{"name": "run"}, {"name": "look", "ty": "SHARED"}]}]}')
SQL
is(call('SELECT string_agg(name, \',\' ORDER BY name) FROM restate.sys_service'), 'Callee,Flow,Gone,Obj,Svc', 'every node knows its services');
call("SELECT restate_heartbeat('w')") for @nodes;

# a life from its submission to its result
{
	my $id = submit("'Svc', 'run', '1'");
	my %attempt = claim('Svc');

	ok($attempt{$id}, 'it is claimed on another node');
	like(call("SELECT * FROM restate_append('$id', $attempt{$id}, 1, "
		. entries('{"Command": {"Run": {"completion_id": 1, "name": "a"}}}', '{"Notification": {"Completion": {"Run": {"completion_id": 1, "result": {"Success": [7]}}}}}') . ')'),
		qr/^1\|1\|f\|\S*\n2\|2\|f\|$/, 'a step is appended on the third');
	is(call("SELECT index FROM restate_fetch('$id', $attempt{$id}, 1)"), '2', 'which all fetch');
	my (undef, undef, $error) = $nodes[1]->psql('postgres', "SELECT restate_complete('$id', " . ($attempt{$id} + 1) . ')');
	like($error, qr/attempt/, 'another attempt is refused');
	is(call("SELECT restate_complete('$id', $attempt{$id}, (SELECT journal_commands_size FROM restate.sys_invocation WHERE id = '$id'), " . entries(output(9)) . ')'),
		'completed', 'it completes');
	is(call("SELECT status, value FROM restate_output('$id')"), 'completed|\x09', 'and has its result everywhere');
	is(call("SELECT status FROM restate_wait('$id', '1 s')"), 'completed', 'which is waited for');

	# the same in frames: a run and its result, an output, the end
	$id = submit("'Svc', 'run', claim_for => 'w'");
	my $attempt = call("SELECT attempt FROM restate.invocation WHERE id = '$id'");
	my $push = "SELECT ok, status, commands, entries FROM restate_push(ARRAY['$id']::restate_invocation_id[], '{$attempt}', ARRAY['\\x%s'::bytea])";
	is(call(sprintf $push, '0411000000000002580100050000000000050801720131'), 't||2|3', 'frames are pushed');
	is(call(sprintf $push, '04010000000000027200' . '0003000000000000'), 't|completed|3|4', 'and end it');
}
is_well('a life');

# Sleeps end, attempts are tried again, schedules start, silent workers lose what they run.
{
	my $id = submit("'Svc', 'run'");
	my %attempt = claim('Svc');

	call("SELECT FROM restate_append('$id', $attempt{$id}, 1, " . entries('{"Command": {"Sleep": {"wake_up_time": ' . (time + 1) . '000, "completion_id": 1, "name": ""}}}') . ')');
	is(call("SELECT restate_suspend('$id', $attempt{$id}, '{1}', NULL, NULL, 2)"), 'suspended', 'it sleeps');
	ok($nodes[2]->poll_query_until('postgres', "SELECT done > 0 OR status = 'ready' FROM restate_tick(), restate.sys_invocation WHERE id = '$id'"), 'a sleep ends');
	%attempt = claim('Svc');
	is(call("SELECT restate_fail_attempt('$id', $attempt{$id}, 'no', retry_after => '0 s')"), 'backing-off', 'an attempt fails');
	is(call("SELECT count(*) FROM restate.sys_journal_events WHERE id = '$id'"), '1', 'which is noted');
	call('SELECT FROM restate_tick()');
	is(status($id), 'ready', 'it is tried again');
	%attempt = claim('Svc');
	ok($attempt{$id}, 'by whom claims it');
	call("SELECT FROM restate_tick(1000, '0 s')");
	is(status($id), 'ready', 'a worker that is silent loses it');
	%attempt = claim('Svc');
	is(call("SELECT restate_fail_attempt('$id', $attempt{$id}, 'no')"), 'backing-off', 'once more');
	my $later = submit("'Svc', 'run', run_at => now() - interval '1 s'");
	ok(status($later) =~ /^(ready|scheduled)$/, 'a schedule');
	call('SELECT FROM restate_tick()');
	is(status($later), 'ready', 'starts when it is due');
	is(call("SELECT next_due IS NOT NULL FROM restate_tick()"), 't', 'it is told when the next is');
	call("SELECT restate_kill('$_')") for $id, $later;
}
is_well('timers');

# Calls reach other partitions, and their results come back.
{
	my $caller = submit("'Svc', 'run'");
	my %attempt = claim('Svc');

	call("SELECT FROM restate_append('$caller', $attempt{$caller}, 1, "
		. entries(call_of('{"Service": {"name": "Callee", "handler": "run"}}', 1), call_of('{"VirtualObject": {"name": "Obj", "key": "a", "handler": "add"}}', 3)) . ')');
	is(call("SELECT restate_suspend('$caller', $attempt{$caller}, '{2}', NULL, NULL, 10)"), 'suspended', 'a caller waits');
	my %callee = claim('Callee,Obj');
	is(scalar(keys %callee), 2, 'its callees are claimed');
	is(call("SELECT restate_complete('$_', $callee{$_}, 1, " . entries(output(1)) . ')'), 'completed', 'and complete') for keys %callee;
	is(status($caller), 'ready', 'which wakes it');
	%attempt = claim('Svc');
	is(call("SELECT count(*) FROM restate.sys_journal WHERE id = '$caller' AND entry_type = 'Notification: Call'"), '2', 'it has their results');
	my $other = submit("'Callee', 'run'");
	call("SELECT FROM restate_append('$caller', $attempt{$caller}, 3, " . entries(call_of('{"Service": {"name": "Callee", "handler": "run"}}', 5)) . ')');
	my ($child) = split /\n/, call("SELECT id FROM restate.sys_invocation WHERE invoked_by_id = '$caller' AND status = 'ready'");
	is(call("SELECT restate_cancel('$caller')"), 'signalled', 'a caller is cancelled');
	is(call("SELECT restate_kill('$caller')"), 'killed', 'and killed');
	is(status($child), 'completed', 'with its callee') or diag($child);
	is(status($other), 'ready', 'and no other');
	call("SELECT restate_kill('$other')");
}
is_well('calls');

# The invocations of one key run one after the other, with its state.
{
	my @ids = map { submit("'Obj', 'add', key => 'k'") } 1 .. 3;
	my %attempt = claim('Obj');

	is(join(' ', keys %attempt), $ids[0], 'the first of a key runs alone');
	my $first = $attempt{ $ids[0] };
	call("SELECT FROM restate_append('$ids[0]', $first, 1, " . entries('{"Command": {"SetState": {"key": "n", "value": [5], "name": ""}}}') . ')');
	my ($next, $attempt, $values) = split /\|/, call("SELECT next_id, next_attempt, state_values FROM restate_complete_and_claim('$ids[0]', $first, 'w', 2, " . entries(output(1)) . ')');
	is($next, $ids[1], 'who completes it gets the next');
	is($values, '{"\\\\x05"}', 'with the state');
	like(call("SELECT FROM restate_append('$ids[1]', $attempt, 1, " . entries('{"Command": {"GetLazyState": {"key": "n", "completion_id": 1, "name": ""}}}', '{"Command": {"ClearAllState": {"name": ""}}}') . ')') . call("SELECT restate_complete('$ids[1]', $attempt, 3, " . entries(output(1)) . ')'), qr/completed/, 'it uses that');
	is(call("SELECT count(*) FROM restate.state WHERE service_key = 'k'"), '0', 'and clears it');
	is(call("SELECT restate_modify_state('Obj', 'k', '{m}', '{x}')"), 'queued', 'it is changed from outside, once the key is free');
	%attempt = claim('Obj');
	is(call("SELECT restate_complete('$ids[2]', $attempt{$ids[2]}, 1, " . entries(output(1)) . ')'), 'completed', 'the last completes');
	is(call("SELECT key, value FROM restate.state WHERE service_key = 'k'"), 'm|\x78', 'then it is changed');
}
is_well('objects');

# Workflows, promises, awakeables and signals.
{
	my $run = submit("'Flow', 'run', key => 'f'");
	my %attempt = claim('Flow');

	is(call("SELECT id, outcome FROM restate_submit('Flow', 'run', key => 'f')"), "$run|previously_accepted", 'a workflow runs once');
	call("SELECT FROM restate_append('$run', $attempt{$run}, 1, " . entries('{"Command": {"GetPromise": {"key": "p", "completion_id": 1, "name": ""}}}') . ')');
	is(call("SELECT restate_suspend('$run', $attempt{$run}, '{1}', NULL, NULL, 2)"), 'suspended', 'it waits for a promise');
	is(call("SELECT restate_resolve_promise('Flow', 'f', 'p', 'x')"), 'completed', 'which is resolved');
	is(call("SELECT restate_resolve_promise('Flow', 'f', 'p', 'y')"), 'unchanged', 'once');
	is(status($run), 'ready', 'and wakes it');
	%attempt = claim('Flow');
	is(call("SELECT restate_suspend('$run', $attempt{$run}, NULL, '{17}', NULL, 10)"), 'suspended', 'it waits for an awakeable');
	is(call("SELECT restate_resolve_awakeable(restate_awakeable_id('$run', 17), 'x')"), 'signalled', 'which is resolved');
	%attempt = claim('Flow');
	is(call("SELECT restate_suspend('$run', $attempt{$run}, NULL, NULL, '{go}', 10)"), 'suspended', 'it waits for a signal');
	is(call("SELECT restate_signal('$run', 'go')"), 'signalled', 'which comes');
	%attempt = claim('Flow');
	is(call("SELECT restate_complete('$run', $attempt{$run}, 2, " . entries(output(1)) . ')'), 'completed', 'it completes');
	is(call("SELECT restate_purge('$run')"), 'purged', 'and is purged with its promise');
	is(call('SELECT count(*) FROM restate.promise'), '0', 'of which nothing is left');
}
is_well('workflows');

# The ingress, and what is not kept.
{
	is(call("SELECT status, id IS NOT NULL FROM restate_ingress_submit('{Svc,run}', NULL, 'POST', NULL, 'application/json', '[]', NULL, 'i', 'x', false, 'g')"), '|t', 'a request is submitted');
	is(call("SELECT status, id IS NOT NULL FROM restate_ingress_submit('{Svc,run}', NULL, 'POST', NULL, 'application/json', '[]', NULL, 'i', 'x', false, 'h')"), '|t', 'and joined');
	is(call("SELECT status FROM restate_ingress_attach('{invocation,Svc,run,i,output}', 'GET', 'g')"), '470', 'it has no result yet');
	my %attempt = claim('Svc');
	my ($id) = keys %attempt;
	my $seed = call("SELECT random_seed FROM restate.invocation WHERE id = '$id'");
	is(call("SELECT count(*) FROM restate_ingress_results(ARRAY['$id']::restate_invocation_id[], '{$seed}')"), '0', 'nor is it among results');
	call("SELECT restate_complete('$id', $attempt{$id}, 1, " . entries(output(65)) . ')');
	is(call("SELECT place, status, answer FROM restate_ingress_results(ARRAY['$id']::restate_invocation_id[], '{$seed}')"), '1|200|\x41', 'then it has one');
	is(call("SELECT status, answer FROM restate_ingress_attach('{invocation,Svc,run,i,attach}', 'GET', 'g')"), '200|\x41', 'which is attached to');
	is(call('SELECT restate_ingress_health()'), '{"services": ["Callee", "Flow", "Gone", "Obj", "Svc"]}', 'the services that can be called');

	my $seen = call("SELECT id FROM restate_ingress_submit('{Gone,run}', NULL, 'POST', NULL, 'application/json', '[]', NULL, NULL, 'x', false, 'g')");
	$seed = call("SELECT random_seed FROM restate.invocation WHERE id = '$seen'");
	%attempt = claim('Gone');
	call("SELECT restate_complete('$seen', $attempt{$seen}, 1, " . entries(output(66)) . ')');
	is(call("SELECT count(*) FROM restate.invocation WHERE id = '$seen'"), '0', 'what is not kept goes');
	is(call("SELECT place, status, answer FROM restate_ingress_results(ARRAY['$seen', '$id']::restate_invocation_id[], '{$seed,0}')"), "1|200|\\x42\n" . '2|404|\x' . unpack('H*', '{"code":404,"message":"the invocation is gone, and with it its result"}'), 'but for who waits');

	# attempts that come with the submit; what a push makes ready is claimed after it
	my $object = "restate_ingress_submit('{Obj,given,add}', 'given', 'POST', NULL, 'application/json', '[]', NULL, NULL, 'x', false, 'g', 'w')";
	my ($given, $attempt, $rest) = split /\|/, call("SELECT s.id, s.attempt, concat_ws(' ', s.attempts, s.commands, s.entries, octet_length(s.request) > 0, s.made_ready) FROM $object AS s"), 3;
	is($rest, '1 1 1 t f', 'a submit to an object gives its attempt');
	is(call("SELECT s.attempt, s.made_ready FROM $object AS s"), '|f', 'the next one waits for its key');
	is(call("SELECT p.ok, p.status, p.result, p.made_ready, p.attempt FROM restate_push_and_claim(ARRAY['$given']::restate_invocation_id[], ARRAY[$attempt]::bigint[], ARRAY['\\x040100000000000572030a01310003000000000000'::bytea], NULL, NULL, NULL, 'w', 10, (SELECT array_agg(d.id) FROM restate.deployment AS d)) AS p"),
		't|completed|\x31|t|', 'a push tells the value, and that something is ready');
	%attempt = claim('Obj');
	is(keys %attempt, 1, 'which is claimed');
	call("SELECT restate_complete('$_', $attempt{$_}, 1, " . entries(output(65)) . ')') for keys %attempt;
	my ($paths, $methods, $types, $headers) = map { "array_fill('$_'::text, '{2}')" } '{Svc,run}', 'POST', 'application/json', '[]';
	my ($place, $one, $its) = split /\|/, call("SELECT s.ordinality, s.id, s.attempt FROM restate_ingress_submit_joined($paths, array_fill(NULL::text, '{2}'), $methods, $types, $headers, array_fill(NULL::text, '{2}'), array_fill('x'::bytea, '{2}'), 'g', 'w', NULL, 2) AS s");
	is($place, '1', 'of several requests one is submitted, and the others are left to be submitted alone');
	is(call("SELECT restate_complete('$one', $its, 1, " . entries(output(65)) . ')'), 'completed', 'with its attempt');
}
is_well('the ingress');

# Two nodes submit under the same keys at once: each key is one invocation.
{
	my @outs = ('') x 2;
	my $script = join '', map { "SELECT id, outcome FROM restate_submit('Callee', 'run', idempotency_key => 'race $_');\n" } 1 .. 40;
	my @scripts = ($script) x 2;
	my @running = map {
		my $node = $nodes[ $_ + 1 ];
		IPC::Run::start([ 'psql', '-qXAt', '-d', $node->connstr('postgres') ], '<', \$scripts[$_], '>', \$outs[$_], '2>&1');
	} 0, 1;

	$_->finish for @running;
	my @first = split /\n/, $outs[0];
	my @second = split /\n/, $outs[1];
	is(scalar(@first), 40, 'all were submitted') or diag($outs[0]);
	is(join(' ', map { s/\|.*//r } @first), join(' ', map { s/\|.*//r } @second), 'both have the same ids') or diag($outs[1]);
	is(scalar(grep { ($first[$_] =~ /\|accepted$/ ? 1 : 0) + ($second[$_] =~ /\|accepted$/ ? 1 : 0) != 1 } 0 .. $#first), 0, 'each was accepted once');
	call("SELECT count(restate_kill(id)) FROM (SELECT id FROM restate.sys_invocation WHERE target_service_name = 'Callee' AND status = 'ready' OFFSET 0) AS i");
}
is_well('a race');

# A service that is held is held on every node; a partition with much to do keeps no other
# waiting, on whatever node it is: each fourth claim takes the shards in turn.
{
	my @hot = map { submit("'Obj', 'get', key => 'hot'") } 1 .. 80;
	my @others = map { submit("'Callee', 'run', '$_'") } 1 .. 4;

	is(call("SELECT restate_hold('Obj')"), 'held', 'a service is held');
	is(scalar(my %none = claim('Obj')), 0, 'nothing of it is claimed');
	is(call("SELECT restate_release('Obj')"), 'released', 'until it is released');
	my $claims = join '', map { "SELECT service FROM restate_claim('w', '{Obj,Callee}', 1);\n" } 1 .. 4 * 4 * @others;
	my $elsewhere = call("SELECT count(*) FROM (SELECT partition_key FROM restate.invocation WHERE target_service_name = 'Callee' AND status = 'ready' OFFSET 0) AS i"
		. " WHERE get_shard_id_for_distribution_column('restate.invocation', partition_key) <> get_shard_id_for_distribution_column('restate.invocation', restate_partition_key_of_id('$hot[0]'))");
	my %claimed = (Callee => 0);

	$claimed{$_}++ for split /\n/, call($claims);
	cmp_ok($claimed{Callee}, '>=', $elsewhere, 'what other shards have is claimed before all of a hot one') or diag(explain(\%claimed));
	call("SELECT restate_kill('$_')") for @hot, @others;
}
is_well('claims');

# What concerns one partition commits on its node alone.
{
	my $id = submit("'Svc', 'run'");
	my %attempt = claim('Svc');
	my $step = "SELECT FROM restate_append('$id', $attempt{$id}, %d, " . entries('{"Command": {"Run": {"completion_id": %d, "name": "a"}}}') . ')';
	my $number = 0;

	for my $node (@nodes)
	{
		$number++;
		unlike(two_phases($node, sprintf($step, $number, $number)), qr/PREPARE TRANSACTION/, 'a step on ' . $node->name);
		unlike(two_phases($node, "SELECT FROM restate_submit('Svc', 'run')"), qr/PREPARE TRANSACTION/, 'a submission');
		unlike(two_phases($node, "SELECT count(*) FROM restate_claim('w', '{Svc}', 1)"), qr/PREPARE TRANSACTION/, 'a claim of one');
	}
	unlike(two_phases($nodes[1], "SELECT restate_complete('$id', $attempt{$id}, 4, " . entries(output(1)) . ')'), qr/PREPARE TRANSACTION/, 'a completion');
	unlike(two_phases($nodes[2], "SELECT restate_purge_journal('$id')"), qr/PREPARE TRANSACTION/, 'a purge');
}

# Returns what a node says to the others for a statement, on a session that has called before.
sub two_phases
{
	my ($node, $sql) = @_;
	my (undef, undef, $said) = $node->psql('postgres',
		"SELECT restate_heartbeat('w'); SET client_min_messages = log; SET citus.log_remote_commands = on; $sql");

	return $said;
}
is_well('the end');

done_testing();
