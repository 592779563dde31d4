# The limits of what runs at a time hold at each moment: what a claim that is under way may
# bring counts, and so does what was offered to those who submit and push.
use strict;
use warnings;

use Cwd;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use RestateGateway;
use RestateIngress;
use RestateNode;
use RestateServices;
use Test::More;

my $top = getcwd();
my $node = new_node('main', "fsync = off\nrestate_admin.notify = all");
my $database = 'host=' . $node->host . ' port=' . $node->port . ' dbname=postgres';
my @json = ('Content-Type: application/json');

$node->safe_psql('postgres', slurp_file("$top/examples/gateway_roles.sql") . slurp_file("$top/examples/gateway_worker_role.sql"));
my $service = start_service('h2');
register($node, $service, '{}');

# Returns how many steps were under way at once, at most.
sub most_at_once
{
	my ($now, $most) = (0, 0);

	for (split /\n/, slurp_file($service->{steps}))
	{
		$now++ if /^begin /;
		$now-- if /^end /;
		$most = $now if $now > $most;
	}
	return $most;
}

for my $limit ('deployment', 'worker')
{
	my $ingress = start_ingress($node, "--db=$database user=restate_gateway", "--ingress-db=$database user=restate_gateway_ingress",
		"--worker-db=$database user=restate_gateway_worker", "--$limit-slots=2");
	my $done = "SELECT count(*) FROM restate.invocation WHERE target_handler_name = 'chain' AND completed_at IS NULL";

	# the deployment is known, and there is room: from now on attempts are offered
	is(call($ingress, 'POST', '/Work/echo', '"a"', @json)->{status}, 200, 'a call is answered');
	append_to_file($service->{steps}, '');
	# who starts an attempt writes that the worker lives
	my $held = open_sql($node);
	sql($held, 'BEGIN; SELECT FROM restate.worker FOR UPDATE');
	$node->safe_psql('postgres', qq(SELECT restate_submit('Work', 'chain', '{"name": "$limit$_", "ms": 300}') FROM generate_series(1, 2))) for 1, 2;
	ok(wait_until(sub { $node->safe_psql('postgres', "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND usename = 'restate_gateway_worker'") > 0 }, 30), "--$limit-slots: a claim is under way");
	my @calls = map { call_later($ingress, 'POST', '/Work/chain/send', qq({"name": "$limit-$_", "ms": 300}), @json) } 1, 2;
	# they are there, or wait as the claim does
	ok(wait_until(sub { $node->safe_psql('postgres', "SELECT ($done) + (SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND usename = 'restate_gateway_ingress')") >= 5 }, 30), 'others are submitted meanwhile');
	sql($held, 'COMMIT');
	close $held->{in};
	is(read_answer($_, 'POST')->{status}, 202, 'one is taken') for @calls;
	ok(wait_until(sub { $node->safe_psql('postgres', $done) eq '0' }, 60), 'all are run');
	cmp_ok(most_at_once(), '<=', 2, "and never more than two at a time");
	is(stop_gateway($ingress->{gateway}), 0, 'it ends');
}
is($node->safe_psql('postgres', 'SELECT * FROM restate_verify()'), '', 'all is well');

done_testing();
