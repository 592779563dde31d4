# Several gateways run handlers, and some of them, or the database, go away meanwhile.
#
# SDK_MODES: if it is there, with 1,000 invocations in place of 300.
use strict;
use warnings;

use Cwd;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use RestateGateway;
use RestateNode;
use RestateServices;
use Test::More;
use Time::HiRes qw(sleep time);

my $top = getcwd();
my $node = new_node('main', "max_connections = 60\nrestart_after_crash = on");
$node->safe_psql('postgres', slurp_file("$top/examples/gateway_roles.sql"));
$node->safe_psql('postgres', slurp_file("$top/examples/gateway_worker_role.sql"));
$node->safe_psql('postgres', 'CREATE ROLE gateway LOGIN; CREATE ROLE reader LOGIN');
my $service = start_service('h2');
# as many as will do where nobody waits for it, and all where somebody does
my $many = $ENV{SDK_MODES} ? 1000 : 300;
my $id;
my $gateway;

start_clock($node, '5 seconds');
run_by_two(start_service('h2half'), 'h2half', $many, 3);
run_by_two($service, 'h2', $many, 10);
$gateway = start_dispatcher($node);

# A call from one attempt to another
is(settled($node, submit($node, 'Work', 'greet', '"two"')), '"two A 3"', 'one is enough');

# The database restarts while a step is done, and while none is
$id = submit($node, 'Work', 'chain', '{"name": "d", "ms": 400}');
await_step($service, 'begin d2');
stop_clock($node);
$node->stop('immediate');
sleep 1;
$node->start;
start_clock($node, '10 seconds');
is(settled($node, $id, undef, 60), '6', 'the database has restarted');
my $done = steps_done($service);
is(join(' ', map { $done->{"end d$_"} } 1 .. 3), '1 1 1', 'and no step was done again');
is(entry_types($node, $id), 'Input Run N:Run Run N:Run Run N:Run Output', 'nor stored');

# Its sessions are lost again and again, in whatever they do
stop_clock();
start_clock($node, '5 seconds');
$node->safe_psql('postgres', "SELECT count(*) FROM generate_series(1, 200) AS i, LATERAL restate_submit('Work', 'steps', '10', idempotency_key => 'lost ' || i) AS s");
my $lost = 0;
for (1 .. 20)
{
	$lost += $node->safe_psql('postgres', "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE usename = 'restate_gateway_worker' AND random() < 0.5");
	sleep 0.1;
}
cmp_ok($lost, '>', 0, 'sessions are lost');
ok(wait_until(sub { $node->safe_psql('postgres', 'SELECT count(*) FROM restate.invocation WHERE completed_at IS NULL') eq '0' }, 120), 'all is run to its end');
is($node->safe_psql('postgres', "SELECT count(*), min(n), max(n) FROM (SELECT count(*) AS n FROM restate.journal JOIN restate.invocation USING (id) WHERE idempotency_key LIKE 'lost %' GROUP BY id) AS j"), '200|22|22', 'each journal has each step once');
is($node->safe_psql('postgres', "SELECT count(*) FROM restate.invocation WHERE idempotency_key LIKE 'lost %' AND completion_result <> 'success'"), '0', 'and none has failed');

# Without notifications
$node->append_conf('postgresql.conf', 'restate_admin.notify = off');
$node->reload;
$id = submit($node, 'Work', 'ask');
my $awakeable;
wait_until(sub { ($awakeable = $node->safe_psql('postgres', "SELECT convert_from(payload, 'UTF8')::jsonb ->> 0 FROM restate.journal WHERE id = '$id' AND entry_type = 'Notification: Run'")) ne '' });
$node->safe_psql('postgres', "SELECT restate_resolve_awakeable('$awakeable', '\"late\"')");
is(settled($node, $id), '"late"', 'what nobody tells is asked for');
$node->append_conf('postgresql.conf', 'restate_admin.notify = delivery');
$node->reload;

# It is asked to end: what runs may end, what waits suspends, nothing begins
my $waiting = submit($node, 'Work', 'ask');
$id = submit($node, 'Work', 'chain', '{"name": "e", "ms": 300}');
await_step($service, 'begin e1');
wait_until(sub { entry_types($node, $waiting) eq 'Input Run N:Run' });
my $other = submit($node, 'Counter', 'add', '1', 'e');
settled($node, $other);
is(stop_gateway($gateway, 30), 0, 'a gateway that is asked to end does so');
like(status_of($node, $id), qr/^(ready|completed|suspended)/, 'what ran has not failed');
is(status_of($node, $waiting), 'suspended', 'what waited is suspended');
$gateway = start_dispatcher($node);
is(settled($node, $id), '6', 'the next one goes on with it');
$done = steps_done($service);
is(join(' ', map { $done->{"end e$_"} } 1 .. 3), '1 1 1', 'without doing anything again');

is($node->safe_psql('postgres', 'SELECT * FROM restate_verify()'), '', 'all is well');
done_testing();

# Runs many invocations by two gateways, each with so many steps; kills one of them in each
# step of another, and has one stand still.
sub run_by_two
{
	my ($deployment, $mode, $count, $steps) = @_;
	my $entries = 2 + 2 * $steps;

	register($node, $deployment);
	my @gateways = map { start_dispatcher($node, '--worker-slots=20') } 1, 2;
	$node->safe_psql('postgres', "SELECT count(*) FROM generate_series(1, $count) AS i, LATERAL restate_submit('Work', 'steps', '$steps', idempotency_key => '$mode ' || i) AS s");
	ok(wait_until(sub { $node->safe_psql('postgres', 'SELECT count(*) FROM restate.invocation WHERE completed_at IS NULL') eq '0' }, 600), "$mode: two gateways run what there is");
	is($node->safe_psql('postgres', "SELECT count(*), min(n), max(n) FROM (SELECT count(*) AS n FROM restate.journal JOIN restate.invocation USING (id) WHERE idempotency_key LIKE '$mode %' GROUP BY id) AS j"),
		"$count|$entries|$entries", "$mode: each journal is whole and has each step once");
	my @ran;
	becomes(sub { @ran = map { scalar(() = gateway_log($_) =~ /event=attempt .*outcome=completed/g) } @gateways; return $ran[0] + $ran[1] }, $count, "$mode: each was completed once");
	cmp_ok($ran[$_], '>', 0, "$mode: and each gateway has run some") for 0, 1;
	stop_gateway($gateways[1]);

	# another takes over when the one that is killed is silent
	my $killed = submit($node, 'Work', 'chain', qq({"name": "$mode k", "ms": 0, "hangs": [1, 2, 3]}));
	my $last = $gateways[0];
	for my $step (1 .. 3)
	{
		ok(await_step($deployment, "begin $mode k$step"), "$mode: step $step begins");
		kill 'KILL', $last->{pid};
		ok(wait_until(sub { !gateway_alive($last) }), "$mode: the gateway is killed");
		$last = start_dispatcher($node);
	}
	is(settled($node, $killed), '6', "$mode: another one goes on");
	is(entry_types($node, $killed), 'Input Run N:Run Run N:Run Run N:Run Output', "$mode: each step is stored once");

	# one stands still for long, and comes back: what it ran is another's
	my $still = submit($node, 'Work', 'chain', qq({"name": "$mode s", "ms": 1000}));
	await_step($deployment, "begin $mode s1");
	kill 'STOP', $last->{pid};
	my $second = start_dispatcher($node);
	is(settled($node, $still), '6', "$mode: while one stands still another takes over");
	kill 'CONT', $last->{pid};
	log_says($last, qr/event=attempt id=$still .*outcome=attempt_lost/, "$mode: and it learns that its attempt is lost");
	is(entry_types($node, $still), 'Input Run N:Run Run N:Run Run N:Run Output', "$mode: nothing of it is stored");
	is(settled($node, submit($node, 'Work', 'echo', '1')), '1', "$mode: both go on");
	is(stop_gateway($_), 0, "$mode: each ends") for $last, $second;
	return;
}
