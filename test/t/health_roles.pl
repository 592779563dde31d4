# /health looks at each role that the gateway works with: what one lacks is said, and that it
# cannot log in; and it is ready again once that is mended.
use strict;
use warnings;

use Cwd;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use RestateGateway;
use RestateIngress;
use RestateNode;
use Test::More;

my $top = getcwd();
my $node = new_node('health_roles', 'fsync = off');
my $database = 'host=' . $node->host . ' port=' . $node->port . ' dbname=postgres';

$node->safe_psql('postgres', slurp_file("$top/examples/gateway_roles.sql") . slurp_file("$top/examples/gateway_worker_role.sql"));
my $ingress = start_ingress($node,
	"--db=$database user=restate_gateway", "--query-db=$database user=restate_gateway_reader",
	"--ingress-db=$database user=restate_gateway_ingress", "--worker-db=$database user=restate_gateway_worker", '--clock');
my $gateway = $ingress->{gateway};

# Returns what a route of the gateway says of how it is.
sub health
{
	my $answer = request($gateway, 'GET', $_[0] // '/health');

	return "$answer->{status} $answer->{body}";
}

# Returns the answer where something is missing.
sub lacks
{
	my ($what) = @_;

	return qq(503 {"message":"$what","restate_code":"not_ready"});
}

is(health(), '200 ', 'with all that the examples grant it is ready');
like(health('/cluster-health'), qr/^200 /, 'so is the cluster');
for ((map { [ $_, 'ingress' ] } qw(restate_ingress_submit restate_ingress_attach restate_ingress_results restate_ingress_awakeable restate_ingress_health)),
	map { [ $_, 'worker' ] } qw(restate_claim restate_push restate_push_and_claim restate_fail_attempt restate_heartbeat restate.sys_deployment restate.admin_deployment))
{
	my ($what, $of) = @$_;
	my $role = "restate_gateway_$of";
	my $privilege = $what =~ /\./ ? "SELECT ON $what" : "EXECUTE ON FUNCTION $what";
	my $message = "role $role of --$of-db may not use $what";

	$node->safe_psql('postgres', "REVOKE $privilege FROM $role");
	is(health(), lacks($message), "without a right on $what");
	is(health('/cluster-health'), lacks($message), 'nor is the cluster');
	$node->safe_psql('postgres', "GRANT $privilege TO $role");
	is(health(), '200 ', 'with it it is ready again');
}
log_says($gateway, qr/event=not_ready error="role restate_gateway_worker of --worker-db may not use restate_push"\n.*event=ready /s, 'the log says it, and that it is over');

# a role that cannot log in, when its sessions are gone
for ([ 'restate_gateway_ingress', '--ingress-db' ], [ 'restate_gateway_worker', '--worker-db' ])
{
	my ($role, $option) = @$_;

	$node->safe_psql('postgres', "ALTER ROLE $role NOLOGIN");
	$node->safe_psql('postgres', "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = '$role'");
	ok(wait_until(sub { health() eq lacks("the database cannot be reached with $option") }), "$role cannot log in") or diag(health());
	$node->safe_psql('postgres', "ALTER ROLE $role LOGIN");
	ok(wait_until(sub { health() eq '200 ' }), 'and can again') or diag(health());
}
is(stop_gateway($gateway), 0, 'it ends');

done_testing();
