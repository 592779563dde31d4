# Several gateways run handlers, and some of them, or the database, go away meanwhile.
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
register($node, $service);

# Two gateways: each invocation is run once, and each step
start_clock($node, '5 seconds');
my @gateways = map { start_dispatcher($node, '--worker-slots=20') } 1, 2;
$node->safe_psql('postgres', "SELECT count(*) FROM generate_series(1, 300) AS i, LATERAL restate_submit('Work', 'steps', '10', idempotency_key => 'two ' || i) AS s");
ok(wait_until(sub { $node->safe_psql('postgres', 'SELECT count(*) FROM restate.invocation WHERE completed_at IS NULL') eq '0' }, 120), 'two gateways run what there is');
is($node->safe_psql('postgres', "SELECT count(*), min(n), max(n) FROM (SELECT count(*) AS n FROM restate.journal GROUP BY id) AS j"), '300|22|22', 'each journal is whole and has each step once');
my @ran;
becomes(sub { @ran = map { scalar(() = gateway_log($_) =~ /event=attempt .*outcome=completed/g) } @gateways; return $ran[0] + $ran[1] }, 300, 'each was run once');
cmp_ok($ran[$_], '>', 0, 'and each gateway has run some') for 0, 1;
stop_gateway($gateways[1]);

# A call from one attempt to another, and an object with many who wait
my $id = submit($node, 'Work', 'greet', '"two"');
is(settled($node, $id), '"two A 3"', 'one is enough');

# A gateway is killed in each step, and another takes over when it is silent
$id = submit($node, 'Work', 'chain', '{"name": "k", "ms": 0, "hangs": [1, 2, 3]}');
my $gateway = $gateways[0];
for my $step (1 .. 3)
{
	ok(await_step($service, "begin k$step"), "step $step begins");
	kill 'KILL', $gateway->{pid};
	ok(wait_until(sub { !gateway_alive($gateway) }), 'the gateway is killed');
	$gateway = start_dispatcher($node);
}
is(settled($node, $id), '6', 'another one goes on');
is(entry_types($node, $id), 'Input Run N:Run Run N:Run Run N:Run Output', 'each step is stored once');

# One stands still for long, and comes back: what it ran is another's
$id = submit($node, 'Work', 'chain', '{"name": "s", "ms": 1000}');
await_step($service, 'begin s1');
kill 'STOP', $gateway->{pid};
my $second = start_dispatcher($node);
is(settled($node, $id), '6', 'while one stands still another takes over');
kill 'CONT', $gateway->{pid};
log_says($gateway, qr/event=attempt id=$id .*outcome=attempt_lost/, 'and it learns that its attempt is lost');
is(settled($node, submit($node, 'Work', 'echo', '1')), '1', 'both go on');
is(stop_gateway($second), 0, 'one ends');

# The database restarts while a step is done, and while none is
$id = submit($node, 'Work', 'chain', '{"name": "d", "ms": 400}');
await_step($service, 'begin d2');
stop_clock($node);
$node->stop('immediate');
sleep 1;
$node->start;
# longer than the server may take to start, while nobody can say that he lives
start_clock($node, '1 hour');
is(settled($node, $id), '6', 'the database has restarted');
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
is(stop_gateway($gateway), 0, 'a gateway that is asked to end does so');
like(status_of($node, $id), qr/^(ready|completed|suspended)/, 'what ran has not failed');
is(status_of($node, $waiting), 'suspended', 'what waited is suspended');
$gateway = start_dispatcher($node);
is(settled($node, $id), '6', 'the next one goes on with it');
$done = steps_done($service);
is(join(' ', map { $done->{"end e$_"} } 1 .. 3), '1 1 1', 'without doing anything again');

is($node->safe_psql('postgres', 'SELECT * FROM restate_verify()'), '', 'all is well');
done_testing();
