# The gateway's clock: what is due is done and bulk jobs are run, by one gateway or by
# several; it asks seldom while nothing is due, goes on after failures, and ends with the
# gateway.
use strict;
use warnings;

use Cwd;
use PostgreSQL::Test::Utils;
use Test::More;
use Time::HiRes qw(time);

use RestateGateway;
use RestateNode;

my $node = new_node('http_clock');
my $manifest = '{"services": [{"name": "Order", "ty": "SERVICE", "handlers": [{"name": "run"}]}]}';
$node->safe_psql('postgres', slurp_file(getcwd() . '/examples/gateway_roles.sql'));
$node->safe_psql('postgres', "SELECT FROM restate_register_deployment('worker:w', '$manifest')");
my @roles = map { ($_->[0] ? "--$_->[0]=" : '') . 'host=' . $node->host . ' port=' . $node->port . " dbname=postgres user=$_->[1]" }
  [ 'db', 'restate_gateway' ], [ 'query-db', 'restate_gateway_reader' ];

# Returns a number of what the clock has done.
sub counted
{
	my ($gateway, $name) = @_;

	return metrics($gateway)->{"restate_gateway_clock_${name}_total"};
}

# Submits so many invocations.
sub submit
{
	my ($count, $more) = @_;

	return $node->safe_psql('postgres', "SELECT count(s.id) FROM generate_series(1, $count) AS n CROSS JOIN LATERAL restate_submit('Order', 'run', n::text::bytea"
		. ($more // '') . ') AS s');
}

# Returns how many invocations have a status.
sub with_status
{
	my ($status) = @_;

	return $node->safe_psql('postgres', "SELECT count(*) FROM restate.invocation WHERE status = '$status'");
}

# without it
my ($code, $output) = (system(qq($RestateGateway::program --clock=maybe 2>/dev/null)) >> 8);
is($code, 2, 'it is on or off');
submit(1, ", run_at => now() + interval '10 ms'");
my $gateway = start_gateway($node, @roles);
is(request($gateway, 'GET', '/health')->{status}, 200, 'a gateway without the clock is well');
is(counted($gateway, 'ticks'), undef, 'and counts nothing of it');
is(with_status('scheduled'), '1', 'what is due is not done');
stop_gateway($gateway);

# with it
$gateway = start_gateway($node, @roles, '--clock');
ok(wait_until(sub { with_status('ready') eq '1' }), 'with it, it is');
ok(wait_until(sub { counted($gateway, 'fired') >= 1 }), 'and is counted');
submit(2, ", run_at => now() + interval '400 ms'");
ok(wait_until(sub { with_status('ready') eq '3' }), 'so is what becomes due later');

# seldom, while there is nothing to do
my $began = time;
my $ticks = counted($gateway, 'ticks');
ok(wait_until(sub { counted($gateway, 'ticks') >= $ticks + 3 }), 'it goes on');
$ticks = counted($gateway, 'ticks') - $ticks;
cmp_ok($ticks, '<=', (time - $began) + 1.5, 'once a second at most');
is(counted($gateway, 'batches'), 0, 'without a batch');
is(counted($gateway, 'failures'), 0, 'or a failure');

# a job
submit(1500);
my $body = '{"operation": "kill", "filter": {"service": "Order", "status": "ready"}, "reason": "closed"}';
my ($id) = json_request($gateway, 'POST', '/admin/bulk-jobs', $body)->{body} =~ /"job": "([-0-9a-f]+)"/;
ok(wait_until(sub { $node->safe_psql('postgres', "SELECT state FROM restate.sys_bulk_job WHERE job = '$id'") eq 'done' }), 'a job is run to its end');
is($node->safe_psql('postgres', "SELECT done, failed, outcomes FROM restate.sys_bulk_job WHERE job = '$id'"), '1503|0|{"killed": 1503}', 'all of it');
is($node->safe_psql('postgres', "SELECT count(*), count(DISTINCT id), min(role_name), min(reason) FROM restate.audit WHERE parameters ->> 'job' = '$id' AND id IS NOT NULL"),
	'1503|1503|restate_gateway|closed', 'once each');
becomes(sub { counted($gateway, 'batch_invocations') }, 1503, 'and is counted');

# several
my @others = map { start_gateway($node, @roles, '--clock=on') } 1 .. 2;
submit(3000);
submit(50, ", run_at => now() + interval '100 ms'");
($id) = json_request($others[0], 'POST', '/admin/bulk-jobs', $body)->{body} =~ /"job": "([-0-9a-f]+)"/;
ok(wait_until(sub { $node->safe_psql('postgres', "SELECT state FROM restate.sys_bulk_job WHERE job = '$id'") eq 'done' }), 'several run a job');
is($node->safe_psql('postgres', "SELECT count(*), count(DISTINCT id) FROM restate.audit WHERE parameters ->> 'job' = '$id' AND id IS NOT NULL"), '3000|3000', 'and none of it twice');
ok(wait_until(sub { with_status('scheduled') eq '0' }), 'what is due is done');
is((grep { counted($_, 'failures') > 0 } $gateway, @others), 0, 'and nothing fails');
is(stop_gateway($_), 0, 'they end') for @others;

# failures
$node->safe_psql('postgres', 'REVOKE EXECUTE ON FUNCTION restate_tick FROM restate_gateway');
ok(wait_until(sub { counted($gateway, 'failures') >= 2 }), 'without the privilege a call fails');
is(() = gateway_log($gateway) =~ /event=clock_failed call=tick sqlstate=42501/g, 1, 'which is logged once');
submit(1);
($id) = json_request($gateway, 'POST', '/admin/bulk-jobs', $body)->{body} =~ /"job": "([-0-9a-f]+)"/;
ok(wait_until(sub { $node->safe_psql('postgres', "SELECT state FROM restate.sys_bulk_job WHERE job = '$id'") eq 'done' }), 'jobs go on');
$node->safe_psql('postgres', 'GRANT EXECUTE ON FUNCTION restate_tick TO restate_gateway');
log_says($gateway, qr/event=clock_goes_on call=tick/, 'and so does it when it is granted');
$node->stop('immediate');
log_says($gateway, qr/event=clock_failed call=\w+ sqlstate=none/, 'without a server it fails');
$node->start;
$ticks = counted($gateway, 'ticks');
ok(wait_until(sub { counted($gateway, 'ticks') > $ticks }), 'and goes on with one');

# the end, while a batch waits for a lock, and then none
submit(500);
my $holder = open_sql($node);
sql($holder, "BEGIN; SELECT count(*) FROM (SELECT FROM restate.invocation WHERE status = 'ready' FOR UPDATE) AS i");
($id) = json_request($gateway, 'POST', '/admin/bulk-jobs', $body)->{body} =~ /"job": "([-0-9a-f]+)"/;
ok($node->poll_query_until('postgres', "SELECT count(*) > 0 FROM pg_stat_activity WHERE usename = 'restate_gateway' AND wait_event_type = 'Lock'"), 'a batch waits');
is(stop_gateway($gateway), 0, 'the gateway ends all the same');
sql($holder, 'ROLLBACK');
log_says($gateway, qr/event=stopped\s*\z/, 'in order');
is($node->safe_psql('postgres', "SELECT state FROM restate.sys_bulk_job WHERE job = '$id'"), 'running', 'and leaves the job to the next');
$gateway = start_gateway($node, @roles, '--clock');
ok(wait_until(sub { $node->safe_psql('postgres', "SELECT state FROM restate.sys_bulk_job WHERE job = '$id'") eq 'done' }), 'which goes on with it');
is($node->safe_psql('postgres', 'SELECT count(*) FROM restate_verify()'), '0', 'nothing is broken');
stop_gateway($gateway);
done_testing();
