# A request has one deadline, from its arrival: what has not begun by then, or
# whose client has gone, is not done; a server that does not answer is not
# waited for.
use strict;
use warnings;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use RestateGateway;
use RestateNode;
use Socket ();
use Test::More;
use Time::HiRes qw(sleep time);

my $node = new_node('http_deadlines', 'log_statement = none');
grant_roles($node);
load_example($node);
my $sql = open_sql($node);
my $done = inv('done');
my $running = inv('running');

sub count { return $node->safe_psql('postgres', "SELECT count(*) $_[0]") }

# How many sessions of the gateway wait for a lock.
sub blocked { return count("FROM pg_stat_activity WHERE usename = 'gateway' AND wait_event_type = 'Lock'") }

sub restarts { return count("FROM restate.invocation WHERE restarted_from = '$done'") }

sub hold { return sql($sql, "BEGIN; SELECT 1 FROM restate.invocation WHERE id IN ('$done', '$running') ORDER BY id FOR UPDATE") }

sub release { return sql($sql, 'ROLLBACK') }

# The one that waits for a lock, and those that wait for it
{
	my $gateway = start_gateway($node, '--pool=1', '--request-timeout=2');
	my $begin = time;

	hold();
	my @waiting = map { begin_request($gateway, 'PATCH', "/invocations/$done/restart-as-new") } 0 .. 3;
	my @answers = map { told(read_answer($_, 'PATCH')) } @waiting;
	my $took = time - $begin;
	is($answers[0], '503 unavailable', 'a statement is ended before its deadline');
	is($_, '503 unavailable', 'what has waited until then is refused') for @answers[ 1 .. 3 ];
	# each after the other would take 8 s
	ok($took > 1.2 && $took < 7, "at the deadline: $took s");
	release();
	is(request($gateway, 'PATCH', '/invocations/' . inv('paused') . '/pause')->{status}, 200, 'then others are served');
	is(restarts(), 0, 'none of it was done');
	is(stop_gateway($gateway), 0, 'the gateway ends well');

	# a request that comes later has its own time
	$gateway = start_gateway($node, '--pool=1', '--request-timeout=5');
	hold();
	my $first = begin_request($gateway, 'PATCH', "/invocations/$done/restart-as-new");
	sleep 3;
	my $second = begin_request($gateway, 'PATCH', '/invocations/' . inv('paused') . '/pause');
	is(told(read_answer($first, 'PATCH')), '503 unavailable', 'the first is given up');
	is(told(read_answer($second, 'PATCH')), '200', 'and the second served in what is left of its own time');
	release();
	is(stop_gateway($gateway), 0, 'the gateway ends well');
}

# Clients that go while theirs runs, or waits
for my $how ('close', 'reset', 'half')
{
	my $gateway = start_gateway($node, '--pool=4', '--request-timeout=20');

	hold();
	for my $try (1 .. 6)
	{
		my $client = begin_request($gateway, 'PATCH', "/invocations/$done/restart-as-new");
		ok(wait_until(sub { blocked() >= 1 }), "$how: try $try begins") if $try <= 1;
		sleep 0.1;
		setsockopt $client, Socket::SOL_SOCKET(), Socket::SO_LINGER(), pack('ii', 1, 0) if $how eq 'reset';
		if ($how eq 'half') { shutdown $client, 1; is(told(read_answer($client, 'PATCH')), '503 unavailable', "$how: is told") if $try == 1 }
		close $client;
	}
	ok(wait_until(sub { blocked() == 0 }), "$how: what ran for clients that have gone is ended");
	release();
	is(request($gateway, 'PATCH', '/invocations/' . inv('paused') . '/pause')->{status}, 200, "$how: others are served");
	is(restarts(), 0, "$how: nothing was done for them");
	is(stop_gateway($gateway), 0, "$how: the gateway ends well");
}

# One that only says that it has sent all
{
	my $gateway = start_gateway($node, '--pool=1');
	request($gateway, 'PATCH', "/invocations/$running/pause");
	# which may be longer now and then
	becomes(sub {
			my $socket = open_connection($gateway);
			send_bytes($socket, "GET /services/Svc HTTP/1.1\r\nHost: gateway\r\n\r\n");
			shutdown $socket, 1;
			return told(read_answer($socket, 'GET'));
		}, '200', 'a client that closes its side is answered if that takes no longer than a moment');
	is(stop_gateway($gateway), 0, 'the gateway ends well');
}

# A server that does not answer
{
	my $gateway = start_gateway($node, '--pool=2', '--request-timeout=2');

	is(request($gateway, 'GET', '/health')->{status}, 200, 'all is well');
	is(request($gateway, 'PATCH', '/invocations/' . inv('paused') . '/pause')->{status}, 200, 'and served');
	my @processes = split /\n/, $node->safe_psql('postgres', "SELECT pid FROM pg_stat_activity WHERE usename = 'gateway'");
	unshift @processes, slurp_file($node->data_dir . '/postmaster.pid') =~ /^(\d+)/;
	kill 'STOP', @processes;
	my $begin = time;
	my @asked = map { begin_request($gateway, @$_) } [ 'PATCH', "/invocations/$done/restart-as-new" ],
	  [ 'PATCH', '/invocations/' . inv('ready') . '/pause' ], [ 'PATCH', '/invocations/' . inv('retrying') . '/pause' ],
	  [ 'GET', '/services' ], [ 'GET', '/health' ];
	is(request($gateway, 'GET', '/live')->{status}, 200, 'the gateway lives');
	my @answers = map { read_answer($_, 'PATCH') } @asked;
	my $took = time - $begin;
	kill 'CONT', @processes;
	# each after the other would take 10 s
	ok($took > 1.5 && $took < 9, "each is answered at its deadline: $took s");
	is(told($answers[0]), '503 outcome_unknown', 'what was sent may be carried out');
	like($answers[0]{body}, qr/it may have been carried out/, 'and that is said');
	like(told($_), qr/^503 (?:overloaded|unavailable|outcome_unknown)$/, 'the others are 503') for @answers[ 1 .. 4 ];
	is($_->{headers}{'retry-after'}, '1', 'with Retry-After') for @answers;
	ok(wait_until(sub { (request($gateway, 'GET', '/health') // { status => 0 })->{status} == 200 }), 'all is well again when the server answers');
	is(request($gateway, 'PATCH', '/invocations/' . inv('paused') . '/pause')->{status}, 200, 'and served');
	is(stop_gateway($gateway), 0, 'the gateway ends well');
}

# The gateway ends in time, too, without an answer
{
	my $gateway = start_gateway($node, '--pool=1', '--request-timeout=2');

	is(request($gateway, 'GET', '/health')->{status}, 200, 'all is well');
	request($gateway, 'PATCH', '/invocations/' . inv('paused') . '/pause');
	my @processes = split /\n/, $node->safe_psql('postgres', "SELECT pid FROM pg_stat_activity WHERE usename = 'gateway'");
	unshift @processes, slurp_file($node->data_dir . '/postmaster.pid') =~ /^(\d+)/;
	kill 'STOP', @processes;
	my @waiting = map { begin_request($gateway, 'PATCH', '/invocations/' . inv('paused') . '/pause') } 0 .. 3;
	await_arrival($gateway);
	my $ended = stop_gateway($gateway);
	kill 'CONT', @processes;
	is($ended, 0, 'a gateway whose server does not answer ends well');
	like(told(read_answer($_, 'PATCH')), qr/^503 /, 'its clients are told') for @waiting;
}

is(count('FROM restate_verify()'), '0', 'all is well at the end');
done_testing();
