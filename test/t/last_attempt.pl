# What sys_invocation shows of the last attempt and its failure: the same as Restate's own
# server does that runs the same service, but where that forgets and these tables do not.
use strict;
use warnings;

use Cwd;
use HTTP::Tiny;
use JSON::PP;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use RestateGateway;
use RestateIngress;
use RestateNode;
use RestateServer;
use RestateServices;
use Test::More;

my $top = getcwd();
my $http = HTTP::Tiny->new;
my $json = JSON::PP->new->canonical->allow_nonref;
my @json = ('content-type' => 'application/json', accept => 'application/json');
my $server = start_bare_restate(PostgreSQL::Test::Utils::tempdir() . '/real');
my $node = new_node('last_attempt', 'fsync = off');
my $database = 'host=' . $node->host . ' port=' . $node->port . ' dbname=postgres';

$node->safe_psql('postgres', slurp_file("$top/examples/gateway_roles.sql") . slurp_file("$top/examples/gateway_worker_role.sql"));
my $ingress = start_ingress($node,
	"--db=$database user=restate_gateway", "--query-db=$database user=restate_gateway_reader",
	"--ingress-db=$database user=restate_gateway_ingress", "--worker-db=$database user=restate_gateway_worker", '--clock');
my %sides = (
	real => { url => $server->{url}, ingress => $server->{ingress} },
	ours => { url => "http://127.0.0.1:$ingress->{gateway}{port}", ingress => "http://127.0.0.1:$ingress->{port}" });

my @columns = qw(status retry_count last_attempt_server last_failure last_failure_error_code
  last_failure_related_command_index last_failure_related_command_name last_failure_related_command_type
  last_failure_related_entry_index last_failure_related_entry_name last_failure_related_entry_type);
# of these only whether they are there
my @there = qw(last_start_at next_retry_at last_attempt_deployment_id);

# Returns the columns of a handler's invocation, as lines; of a stack trace its first line.
sub row_of
{
	my ($side, $handler) = @_;
	my $query = 'SELECT ' . join(', ', @columns, @there) . " FROM sys_invocation WHERE target_handler_name = '$handler'";
	my ($row) = @{ restate_rows($side, $query) };
	my ($trace) = ($row->{last_failure} // '') =~ /\n\s*(at )/;

	$row->{last_failure} = ($row->{last_failure} =~ s/\n.*//sr) . ($trace ? ' at' : '') if defined $row->{last_failure};
	return join "\n", (map { "$_: " . ($row->{$_} // 'null') } @columns), map { "$_: " . (defined $row->{$_} ? 'there' : 'null') } @there;
}

# Has a handler called on both sides, and waits until its row matches there, a pattern or one
# for each side.
sub both
{
	my ($handler, $pattern, $body) = @_;
	my %rows;

	for my $side (sort keys %sides)
	{
		my $sent = $http->post("$sides{$side}{ingress}/Work/$handler/send", defined $body ? { content => $body, headers => {@json} } : {});

		die "$side: $sent->{status} $sent->{content}" unless $sent->{success};
		my $of_side = ref $pattern eq 'HASH' ? $pattern->{$side} : $pattern;
		wait_until(sub { ($rows{$side} = row_of($sides{$side}, $handler)) =~ $of_side }) or diag("$side: $handler does not come so far");
	}
	return \%rows;
}

for my $side (values %sides)
{
	$side->{service} = start_service('h2');
	my $answer = $http->post("$side->{url}/deployments", { content => $json->encode({ uri => $side->{service}{url} }), headers => {@json} });
	die "$answer->{status} $answer->{content}" unless $answer->{success};
}

my $server_is = qr/^last_attempt_server: restate-sdk-typescript/m;
for (
	[ falls => qr/backing-off/, 'it throws at once' ], [ falls_behind => qr/backing-off/, 'it throws behind a step' ],
	[ falls_within => qr/backing-off/, 'a step throws' ], [ sleeps => $server_is, 'it runs, and sleeps' ],
	[ ask => $server_is, 'it runs, and waits' ], [ stored => qr/status: completed/, 'it has completed', '3' ],
	[ flaky => qr/status: completed/, 'it has completed, in the third attempt, with a failure' ],
	[ refuse => qr/status: completed/, 'it has failed for good' ], [ chain => $server_is, 'it is in a step', '{"name": "c", "ms": 600000}' ])
{
	my ($handler, $pattern, $what, $body) = @$_;
	my $rows = both($handler, $pattern, $body);

	is($rows->{ours}, $rows->{real}, "$handler: $what");
}

# What the other server keeps in memory until an invocation stands still, the tables keep
# until it has completed
my $rows = both('throws', qr/status: paused/);
like($rows->{real}, qr/^retry_count: null\nlast_attempt_server: null\nlast_failure: null$/m, 'of one that is paused the real server tells nothing');
like($rows->{ours}, qr/^retry_count: 3\nlast_attempt_server: restate-sdk-typescript\S+\nlast_failure: \[500 Internal\] plain at\nlast_failure_error_code: RT0007$/m, 'the tables do');
my %has_got_on = (real => qr/^last_failure: null$/m, ours => qr/^last_failure: \[500 Internal\] stumbled at$/m);
$rows = both('stumbles', { map { $_ => qr/retry_count: 2\n(?s:.*)$has_got_on{$_}/ } keys %has_got_on }, '600000');
like($rows->{real}, $has_got_on{real}, 'of one that has got on, nothing of the failure before that');
like($rows->{ours}, $has_got_on{ours}, 'the tables do');

# The deployment is gone, all at once: each attempt on it has failed, and is tried again
for my $side (sort keys %sides)
{
	kill_service($sides{$side}{service});
	for my $handler (qw(chain sleeps ask stumbles))
	{
		ok(wait_until(sub { row_of($sides{$side}, $handler) =~ /^status: (?:backing-off|running)\nretry_count: (?!1\n)\d+\nlast_attempt_server: restate-sdk-typescript\S+\nlast_failure: \[500 Internal\] .*\nlast_failure_error_code: RT0010$/m }), "$side: the deployment of $handler is gone")
		  or diag(row_of($sides{$side}, $handler));
	}
}
is($node->safe_psql('postgres', 'SELECT * FROM restate_verify()'), '', 'all is well');
stop_restate($server);

done_testing();
