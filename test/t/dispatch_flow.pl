# Handlers send, and are sent, more than the gateway may keep, whether it claims them or is given
# them by who submits: it holds them back, and in the end all is stored and answered.
use strict;
use warnings;

use Cwd;
use PostgreSQL::Test::Utils;
use RestateGateway;
use RestateIngress;
use RestateNode;
use RestateServices;
use Test::More;
use Time::HiRes qw(sleep time);

my $top = getcwd();
my $node = new_node('flow', "fsync = off\nmax_connections = 60\nmax_wal_size = '2GB'");
$node->safe_psql('postgres', slurp_file("$top/examples/gateway_roles.sql") . slurp_file("$top/examples/gateway_worker_role.sql"));
$node->safe_psql('postgres', 'CREATE ROLE gateway LOGIN; CREATE ROLE reader LOGIN');
start_clock($node, '1 hour');
my $mib = 1024 * 1024;

# Returns how much memory the gateway has had at most, in MiB.
sub peak
{
	my ($gateway) = @_;
	my ($kib) = slurp_file("/proc/$gateway->{pid}/status") =~ /VmHWM:\s+(\d+)/;

	return $kib / 1024;
}

# Returns how many bytes are in flight.
sub in_flight
{
	my ($gateway) = @_;

	return metrics($gateway)->{restate_gateway_bytes_in_flight} // 0;
}

# Returns whether nothing is in flight any more.
sub is_done { return $node->safe_psql('postgres', 'SELECT count(*) FROM restate.invocation WHERE completed_at IS NULL') eq '0' }

for my $mode (qw(h2 h1))
{
	my $service = start_service($mode);
	register($node, $service, '{"breaking": true}');
	my $gateway = start_dispatcher($node, '--in-flight=8');
	my $go = PostgreSQL::Test::Utils::tempdir() . '/go';
	my ($handlers, $size) = (40, 3 * $mib);
	my $begin = peak($gateway);

	# they send while the database takes nothing
	submit($node, 'Work', 'pour', qq({"name": "$_", "n": 1, "size": $size, "go": "$go"})) for 1 .. $handlers;
	ok(wait_until(sub { keys %{ steps_done($service) } >= 2 * $handlers && $node->safe_psql('postgres', "SELECT count(*) FROM restate.journal WHERE name = 'ready' AND entry_type = 'Notification: Run' OR name = 'big0'") >= $handlers }), "$mode: handlers are about to send");
	my $session = open_sql($node);
	sql($session, 'BEGIN; LOCK TABLE restate.journal IN EXCLUSIVE MODE');
	append_to_file($go, '');
	ok(wait_until(sub { in_flight($gateway) >= 8 * $mib }), "$mode: as much as may be is in flight");
	# it stays as it is
	my $before = -1;
	ok(wait_until(sub { my $now = in_flight($gateway); my $is_same = $now == $before; $before = $now; sleep 0.3; return $is_same }), "$mode: and no more comes");
	cmp_ok($before, '<=', 8 * $mib + $size + $handlers * 0.4 * $mib, "$mode: but what each may send ahead");
	sql($session, 'COMMIT');
	ok(wait_until(\&is_done, 240), "$mode: they go on when it takes something again");
	is($node->safe_psql('postgres', "SELECT count(*), min(convert_from(completion_payload, 'UTF8')), max(convert_from(completion_payload, 'UTF8')) FROM restate.invocation WHERE target_handler_name = 'pour' AND completed_at IS NOT NULL AND pinned_deployment_id = (SELECT deployment_id FROM restate.service_revision WHERE service_name = 'Work' ORDER BY revision DESC LIMIT 1)"),
		"$handlers|$size|$size", "$mode: and all is stored");
	cmp_ok(peak($gateway) - $begin, '<', $handlers * $size / $mib, "$mode: all together was never there at once");
	ok(wait_until(sub { in_flight($gateway) == 0 }), "$mode: in the end nothing is in flight");
	is(stop_gateway($gateway), 0, "$mode: it ends well");

	# they read nothing of what is sent to them; in HTTP/1.1 the system's buffers take all of that
	if ($mode eq 'h1')
	{
		kill_service($service);
		next;
	}
	$gateway = start_dispatcher($node, '--in-flight=8');
	is(settled($node, submit($node, 'Work', 'echo', '"first"')), '"first"', "$mode: the service is there");
	kill 'STOP', $service->{pid};
	$node->safe_psql('postgres', "SELECT count(*) FROM generate_series(1, 60) AS i, LATERAL restate_submit('Work', 'length', convert_to('\"' || repeat('x', 2000000) || '\"', 'UTF8'), idempotency_key => '$mode ' || i) AS s");
	ok(wait_until(sub { in_flight($gateway) >= 8 * $mib }), "$mode: as much as may be waits to be sent");
	$before = -1;
	ok(wait_until(sub { my $now = in_flight($gateway); my $is_same = $now == $before; $before = $now; sleep 1.2; return $is_same }), "$mode: and no more is claimed");
	cmp_ok($before, '<=', 8 * $mib + 16 * 2000000, "$mode: than at once");
	kill 'CONT', $service->{pid};
	ok(wait_until(\&is_done, 240), "$mode: when it reads again all is run");
	is($node->safe_psql('postgres', "SELECT count(*), min(convert_from(completion_payload, 'UTF8')), max(convert_from(completion_payload, 'UTF8')) FROM restate.invocation WHERE idempotency_key LIKE '$mode %'"), '60|2000000|2000000', "$mode: and well");
	is(stop_gateway($gateway), 0, "$mode: it ends well");
	kill_service($service);
}

# what is called comes with the call as long as there is room
{
	my $service = start_service('h2');
	register($node, $service, '{"breaking": true}');
	my $database = 'host=' . $node->host . ' port=' . $node->port . ' dbname=postgres';
	my $ingress = start_ingress($node,
		"--db=$database user=restate_gateway", "--query-db=$database user=restate_gateway_reader",
		"--ingress-db=$database user=restate_gateway_ingress", "--worker-db=$database user=restate_gateway_worker", '--in-flight=8');
	my $gateway = $ingress->{gateway};
	my $given = sub { return metrics($gateway)->{restate_gateway_given_total} };
	my @json = ('Content-Type: application/json');
	my ($calls, $size) = (60, 2000000);
	my $before = -1;

	# until it is known how small requests are that is not much; then the service stands still
	ok(wait_until(sub { my $was = $given->(); call($ingress, 'POST', '/Work/echo', '1', @json); return $given->() > $was }), 'a call is given');
	kill 'STOP', $service->{pid};
	my @sockets = map { call_later($ingress, 'POST', '/Work/length', '"' . 'x' x $size . '"', @json) } 1 .. $calls;
	ok(wait_until(sub { $node->safe_psql('postgres', "SELECT count(*) FROM restate.invocation WHERE target_handler_name = 'length' AND completed_at IS NULL") == $calls }), 'all calls are submitted');
	ok(wait_until(sub { in_flight($gateway) >= 8 * $mib }), 'of which as much is given as may be in flight');
	ok(wait_until(sub { my $now = in_flight($gateway); my $is_same = $now == $before; $before = $now; sleep 1.2; return $is_same }), 'and no more');
	cmp_ok($before, '<=', 8 * $mib + 16 * $size, 'than at once');
	kill 'CONT', $service->{pid};
	is(join(' ', map { my $answer = read_answer($_, 'POST'); $answer ? "$answer->{status} $answer->{body}" : 'none' } @sockets), join(' ', ("200 $size") x $calls), 'when it reads again all are answered');
	ok(wait_until(sub { in_flight($gateway) == 0 }), 'and in the end nothing is in flight');
	is(stop_gateway($gateway), 0, 'it ends well');
	kill_service($service);
}
is($node->safe_psql('postgres', 'SELECT * FROM restate_verify()'), '', 'nothing is broken');

done_testing();
