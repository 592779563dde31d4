# Gateways are asked to end while they run handlers and while clients wait at their
# ingress: what they run is others' at once, and each call is answered.  The clock takes
# nothing from who is silent, so that nothing but what a gateway gives back goes on.
use strict;
use warnings;

use Cwd;
use JSON::PP;
use PostgreSQL::Test::Utils;
use POSIX ();
use RestateGateway;
use RestateIngress;
use RestateNode;
use RestateServices;
use Test::More;
use Time::HiRes qw(sleep time);

my $top = getcwd();
my $node = new_node('drain', "fsync = off\nmax_connections = 80");
my $database = 'host=' . $node->host . ' port=' . $node->port . ' dbname=postgres';
my @json = ('Content-Type: application/json');

$node->safe_psql('postgres', slurp_file("$top/examples/gateway_roles.sql") . slurp_file("$top/examples/gateway_worker_role.sql"));
my $service = start_service('h2');
register($node, $service);
start_clock($node, '1 hour');

# Starts a gateway that does all but the clock.
sub start
{
	my @options = @_;

	return start_ingress($node, "--db=$database user=restate_gateway", "--query-db=$database user=restate_gateway_reader",
		"--ingress-db=$database user=restate_gateway_ingress", "--worker-db=$database user=restate_gateway_worker", @options);
}

# What a handler does goes on for longer than the gateway has time
my $first = start('--drain-timeout=6');
my $long = call_later($first, 'POST', '/Work/chain', '{"name": "g", "ms": 0, "hangs": [2]}', @json, 'Idempotency-Key: g');
ok(await_step($service, 'begin g2'), 'a handler is in its second step');
my $kept = open_connection($first);
my $kept_admin = open_connection($first->{gateway});
send_bytes($_, "GET /live HTTP/1.1\r\nHost: gateway\r\n\r\n") for $kept_admin;
read_answer($kept_admin, 'GET');
my $second = start();
kill 'TERM', $first->{gateway}{pid};
log_says($first->{gateway}, qr/event=stopping/, 'its gateway is asked to end');

# meanwhile
is(told(request($first->{gateway}, 'GET', '/health')), '503 not_ready', 'it says that it is not ready');
send_bytes($kept_admin, "GET /health HTTP/1.1\r\nHost: gateway\r\n\r\n");
is(told(read_answer($kept_admin, 'GET')), '503 not_ready', 'on a connection that was there, too');
is(request($first->{gateway}, 'GET', '/live')->{status}, 200, 'it lives still');
my $answer = call($first, 'GET', '/restate/health');
is($answer->{status}, 503, 'its ingress is not ready either');
$answer = call($first, 'POST', '/Work/echo', '1', @json, 'Idempotency-Key: late');
is("$answer->{status} $answer->{headers}{'retry-after'}", '503 1', 'who calls it anew is told to come again');
like($answer->{body}, qr/nothing was done/, 'and that nothing was done');
is($node->safe_psql('postgres', "SELECT count(*) FROM restate.invocation WHERE idempotency_key = 'late'"), '0', 'which is so');
is(told(request($first->{gateway}, 'PATCH', '/invocations/inv_1' . '0' x 33 . '/cancel')), '503 unavailable', 'so of operations');

# then
$answer = read_answer($long, 'POST');
is("$answer->{status} $answer->{headers}{'retry-after'}", '503 1', 'who waits is told to come again when its time is over');
like($answer->{body}, qr/goes on/, 'and that the invocation goes on');
my $id = $answer->{headers}{'x-restate-id'};
is(stop_gateway($first->{gateway}), 0, 'it ends');
log_says($first->{gateway}, qr/event=gave_back attempts=1\n/, 'and has given back what it ran');
log_says($first->{gateway}, qr/event=attempt id=$id .*outcome=given_back/, 'with a line of the attempt');
$answer = call($second, 'GET', "/restate/invocation/$id/attach");
is("$answer->{status} $answer->{body}", '200 6', 'the other one has run it to its end');
is($node->safe_psql('postgres', "SELECT count(*) FROM restate.journal_event WHERE id = '$id'"), '0', 'and no attempt has failed');
is(entry_types($node, $id), 'Input Run N:Run Run N:Run Run N:Run Output', 'each step is stored once');
is(steps_done($service)->{'end g1'}, 1, 'and what was stored was not done again');
becomes(sub { $node->safe_psql('postgres', 'SELECT count(*) FROM restate.worker') }, '1', 'of the workers one is left');

# Without the right to leave it ends all the same, and the others take over as from one that died
$node->safe_psql('postgres', 'REVOKE EXECUTE ON FUNCTION restate_leave FROM restate_gateway_worker');
$first = start('--drain-timeout=1');
kill 'STOP', $second->{gateway}{pid};
$long = call_later($first, 'POST', '/Work/chain', '{"name": "r", "ms": 0, "hangs": [1]}', @json, 'Idempotency-Key: r');
ok(await_step($service, 'begin r1'), 'another one');
is(stop_gateway($first->{gateway}), 0, 'it ends');
kill 'CONT', $second->{gateway}{pid};
log_says($first->{gateway}, qr/event=leave_failed .*permission denied.*outcome=given_back/s, 'and says what it may not do');
is($node->safe_psql('postgres', "SELECT status FROM restate.invocation WHERE idempotency_key = 'r'"), 'running', 'what it ran is nobody else\'s yet');
$node->safe_psql('postgres', "UPDATE restate.worker SET last_seen = last_seen - interval '2 hours'; UPDATE restate.invocation SET last_start_at = last_start_at - interval '2 hours' WHERE idempotency_key = 'r'");
$answer = call($second, 'POST', '/Work/chain', '{"name": "r", "ms": 0, "hangs": [1]}', @json, 'Idempotency-Key: r');
is("$answer->{status} $answer->{body}", '200 6', 'until it was silent for long enough');
$node->safe_psql('postgres', 'GRANT EXECUTE ON FUNCTION restate_leave TO restate_gateway_worker');

# Two gateways are restarted one after the other under load
my @gateways = ($second, start());
my $dir = PostgreSQL::Test::Utils::tempdir();
my $calls = 25;
my $enough = "$dir/enough";
my @clients;

# Tells the clients where the gateways are.
sub tell_places
{
	open my $out, '>', "$dir/places.new" or die $!;
	print $out join(' ', map { $_->{port} } @gateways);
	close $out;
	rename "$dir/places.new", "$dir/places" or die $!;
	return;
}

# Calls handlers, each until it is answered, at any gateway, until that is enough; returns
# 0 if all went well, and leaves in a file how many it has called.
sub client
{
	my ($number) = @_;
	my $wrong = 0;

	my $call = 0;
	while ($call < $calls || !-e $enough)
	{
		$call++;
		my $body = '{"name": "c' . "$number-$call-" . '", "ms": 40}';
		my $got = 'none';

		for my $try (1 .. 200)
		{
			my @places = split / /, slurp_file("$dir/places");
			my $reply = eval { call({ port => $places[ ($number + $try) % @places ] }, 'POST', '/Work/chain', $body, @json, "Idempotency-Key: $number-$call") };

			$got = $reply ? "$reply->{status} $reply->{body}" : 'none';
			last if $reply && $reply->{status} != 503;
			sleep 0.05;
		}
		next if $got eq '200 6';
		print STDERR "call $number-$call: $got\n";
		$wrong++;
	}
	append_to_file("$dir/made.$number", $call);
	return $wrong;
}

tell_places();
for my $number (1 .. 6)
{
	my $pid = fork // die "cannot fork: $!";

	POSIX::_exit(client($number) ? 1 : 0) if $pid == 0;
	push @clients, $pid;
}
my $restarts = 0;
my $left = @clients;
my $bad = 0;
while ($left > 0)
{
	my $turn = $restarts++ % 2;

	# it is busy
	wait_until(sub { (my @ended = gateway_log($gateways[$turn]{gateway}) =~ /event=attempt /g) >= 5 }, 5);
	is(stop_gateway($gateways[$turn]{gateway}), 0, "restart $restarts: it ends well");
	$gateways[$turn] = start();
	tell_places();
	append_to_file($enough, '') if $restarts == 2;
	for my $client (@clients)
	{
		next unless $client && waitpid($client, POSIX::WNOHANG()) == $client;
		$bad++ if $?;
		$left--;
		$client = 0;
	}
}
is($bad, 0, 'each call is answered, with its result');
my $made = 0;
$made += slurp_file("$dir/made.$_") for 1 .. 6;
my $done = steps_done($service);
my @more = grep { /^end c\d/ && $done->{$_} != 1 } keys %$done;
is(scalar(grep { /^end c\d/ } keys %$done), $made * 3, 'all steps are done');
is("@more", '', 'each of them once');
is($node->safe_psql('postgres', "SELECT count(*), count(*) FILTER (WHERE completion_result = 'success') FROM restate.invocation WHERE idempotency_key ~ '^\\d+-\\d+\$'"), "$made|$made", 'each call is one invocation');
is($node->safe_psql('postgres', "SELECT DISTINCT n FROM (SELECT count(*) AS n FROM restate.journal JOIN restate.invocation USING (id) WHERE idempotency_key ~ '^\\d+-\\d+\$' GROUP BY id) AS j"), '8', 'and each journal has each step once');
is($node->safe_psql('postgres', 'SELECT * FROM restate_verify()'), '', 'nothing is broken');

done_testing();
