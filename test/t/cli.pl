# Restate's own command line, as it is published, against the gateway: what it
# says, how it exits, and what is in the tables afterwards.
use strict;
use warnings;

use Cwd;
use PostgreSQL::Test::Utils;
use Test::More;

use RestateCli;
use RestateGateway;
use RestateNode;

my ($version) = restate_versions();
my $home = PostgreSQL::Test::Utils::tempdir;
my $node = new_node('cli');
load_example($node);
$node->safe_psql('postgres', slurp_file(getcwd() . '/examples/gateway_roles.sql'));
my $database = 'host=' . $node->host . ' port=' . $node->port . ' dbname=postgres';
my @roles = ("--db=$database user=restate_gateway", "--query-db=$database user=restate_gateway_reader");
my $gateway = start_gateway($node, @roles);
my $url = "http://127.0.0.1:$gateway->{port}";

# One test: the program succeeds and prints what matches.
sub succeeds
{
	my ($arguments, $expected, $rule) = @_;
	my ($code, $output) = run_restate($version, $url, @$arguments);

	ok($code == 0 && $output =~ $expected, $rule) or diag("exit $code\n$output");
	return $output;
}

# One test: the program says that there is no such invocation in a state that
# it could do this to, and changes nothing.
sub refuses
{
	my ($operation, $id, $rule) = @_;
	my $before = digest($node);
	my ($code, $output) = run_restate($version, $url, 'invocations', $operation, $id, '--yes');

	ok($code != 0 && $output =~ /^Error: No invocations found for query \Q$id\E!/m && digest($node) eq $before, $rule)
	  or diag("exit $code\n$output");
	return;
}

# One test: a query on the tables returns what is expected.
sub holds
{
	my ($sql, $expected, $rule) = @_;

	is($node->safe_psql('postgres', $sql), $expected, $rule);
	return;
}

succeeds(['whoami'], qr/^\[OK\]: Admin Service '\Q$url\E\/?' is healthy!/m, 'whoami finds the gateway healthy');
my $services = succeeds([ 'services', 'list' ], qr/^ \[public\] +Svc +2 +HTTP +dp_10000000000000000000new/m,
	'services list shows a service at its latest revision');
like($services, qr/^ \[public\] +Obj +1 +virtual object /m, 'services list knows virtual objects');
like($services, qr/^ \[public\] +Wf +1 +workflow /m, 'services list knows workflows');
succeeds([ 'services', 'describe', 'Wf' ], qr/^ Endpoint: +http:\/\/new\//m, 'services describe shows the deployment');
succeeds([ 'deployments', 'list' ], qr/^ http:\/\/old\/ +HTTP +dp_10000000000000000000old .* - Svc \[1\]/m,
	'deployments list shows each deployment with its services');
succeeds([ 'deployments', 'describe', 'dp_10000000000000000000old' ],
	qr/Latest 2 is in deployment ID dp_10000000000000000000new/,
	'deployments describe knows the later revision');

my $unknown = inv('unknown');
refuses($_, $unknown, "$_ says that there is no such invocation") for qw(restart-as-new purge cancel kill pause resume);
refuses('restart-as-new', inv('running'), 'restart-as-new refuses a running invocation');
refuses('purge', inv('running'), 'purge refuses a running invocation');
refuses('cancel', inv('done'), 'cancel refuses a completed invocation');
refuses('kill', inv('done'), 'kill refuses a completed invocation');
refuses('pause', inv('suspended'), 'pause refuses a suspended invocation');
refuses('resume', inv('scheduled'), 'resume refuses an invocation that has not started');

my $restarted = succeeds([ 'invocations', 'restart-as-new', inv('done'), '--yes' ],
	qr/^\[OK\]: Restarted 1 invocations/m, 'restart-as-new succeeds');
my ($new) = $restarted =~ /^ \Q${\inv('done')}\E +(inv_1\w{33})/m;
holds("SELECT status, invoked_by, restarted_from FROM restate.invocation WHERE id = '" . ($new // $unknown) . "'",
	'ready|restart_as_new|' . inv('done'), 'restart-as-new shows the id of the new invocation');

succeeds([ 'invocations', 'purge', inv('old'), '--yes' ], qr/^\[OK\]: /m, 'purge succeeds');
holds("SELECT count(*) FROM restate.invocation WHERE id = '" . inv('old') . "'", 0, 'purge removes the invocation');

succeeds([ 'invocations', 'cancel', inv('running'), '--yes' ], qr/^\[OK\]: /m, 'cancel succeeds');
holds("SELECT entry_type, signal_index FROM restate.journal WHERE id = '" . inv('running') . "' ORDER BY index",
	"Command: Input|\nNotification: Signal|1", 'cancel appends the signal');

succeeds([ 'invocations', 'kill', inv('parent'), '--yes' ], qr/^\[OK\]: /m, 'kill succeeds');
holds("SELECT status, completion_failure FROM restate.invocation WHERE id IN ('"
	  . inv('parent') . "', '" . inv('child') . "')",
	"completed|[409] killed\ncompleted|[409] killed", 'kill ends the invocation and the one it called');

succeeds([ 'invocations', 'pause', inv('retrying'), '--yes' ], qr/^\[OK\]: /m, 'pause succeeds');
holds("SELECT status FROM restate.invocation WHERE id = '" . inv('retrying') . "'", 'paused',
	'pause pauses an invocation that backs off');

succeeds([ 'invocations', 'resume', inv('paused'), '--yes' ], qr/^\[OK\]: /m, 'resume succeeds');
holds("SELECT status FROM restate.invocation WHERE id = '" . inv('paused') . "'", 'ready', 'resume makes it ready');

succeeds([ 'invocations', 'resume', inv('suspended'), '--deployment', 'dp_10000000000000000000new', '--yes' ],
	qr/^\[OK\]: /m, 'resume on another deployment succeeds');
holds("SELECT pinned_deployment_id FROM restate.invocation WHERE id = '" . inv('suspended') . "'",
	'dp_10000000000000000000new', 'resume moves the invocation to the deployment');

succeeds([ 'invocations', 'kill', 'Obj/a/run', '--yes' ], qr/^\[OK\]: /m, 'kill of all on an object key succeeds');
holds("SELECT count(*) FROM restate.invocation WHERE target_service_name = 'Obj' AND status <> 'completed'",
	0, 'kill ends each of them');
holds('SELECT problem, id FROM restate_verify()', '', 'every invariant holds');
is(stop_gateway($gateway), 0, 'the gateway ends with exit code 0');

# with a token
my $token = 'correct-horse-battery';
PostgreSQL::Test::Utils::append_to_file("$home/token", "$token\n");
$gateway = start_gateway($node, @roles, "--token-file=$home/token");
$url = "http://127.0.0.1:$gateway->{port}";
{
	local $ENV{RESTATE_AUTH_TOKEN} = $token;
	succeeds([ 'services', 'list' ], qr/^ \[public\] +Svc /m, 'the token lets the program in');
	succeeds([ 'invocations', 'restart-as-new', inv('done'), '--yes' ], qr/^\[OK\]: Restarted 1/m,
		'the token is sent with operations');
}
for my $wrong (undef, 'correct-horse-batterx')
{
	local $ENV{RESTATE_AUTH_TOKEN} = $wrong;
	delete $ENV{RESTATE_AUTH_TOKEN} unless defined $wrong;
	my ($code, $output) = run_restate($version, $url, 'services', 'list');
	ok($code != 0 && $output =~ /401|[Uu]nauthorized|token/,
		'the program says that it was not let in ' . (defined $wrong ? 'with another token' : 'without a token'))
	  or diag("exit $code\n$output");
}
unlike(gateway_log($gateway), qr/\Q$token\E/, 'the token is not logged');

stop_gateway($gateway);
$node->stop;
done_testing();
