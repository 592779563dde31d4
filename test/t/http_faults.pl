# The gateway when things fail: the server stops and starts again under load, its
# sessions are killed, it is a standby; clients are slow, leave, or are too
# many; the gateway is told to stop.
use strict;
use warnings;
use JSON::PP;
use IO::Select;
use IPC::Run ();
use POSIX ();
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use RestateCrash;
use RestateGateway;
use RestateNode;
use Socket ();
use Test::More;
use Time::HiRes qw(sleep time);

my $node = new_node('http_faults', "log_statement = none\nmax_connections = 60\nrestart_after_crash = on", allows_streaming => 1);
grant_roles($node);
load_example($node);
my $json = JSON::PP->new->utf8->allow_nonref;
my $original = inv('done');

sub category
{
	my ($answer) = @_;

	return 'no answer' unless $answer;
	my $error = eval { $json->decode($answer->{body}) } // {};
	return join ' ', $answer->{status}, ref $error eq 'HASH' && $error->{restate_code} ? $error->{restate_code} : ();
}

# How many sockets the gateway has open.
sub sockets
{
	my ($gateway) = @_;

	return scalar grep { (readlink($_) // '') =~ /^socket/ } glob "/proc/$gateway->{pid}/fd/*";
}

# Makes invocations that run, named by a letter and a number.
sub make_running
{
	my ($letter, $count) = @_;

	$node->safe_psql('postgres', <<"SQL");
SELECT count(restate_import_invocation(jsonb_build_object('id', 'inv_1' || lpad('$letter' || n, 33, '0'), 'status', 'running',
  'target_service_name', 'Svc', 'target_handler_name', 'run', 'target_service_ty', 'service')))
FROM generate_series(0, $count - 1) AS n
SQL
	return;
}

# Load, while the server is stopped and started, and its sessions are killed: each
# request with a call of its own, and in lanes.
for my $lanes (0, 2)
{
	my $gateway = start_gateway($node, '--pool=4', "--lanes=$lanes");
	my $letter = $lanes ? 'J' : 'L';
	my $dir = PostgreSQL::Test::Utils::tempdir();
	my $per_client = 3000;
	my @clients;
	my $before = $node->safe_psql('postgres', "SELECT count(*) FROM restate.sys_invocation WHERE restarted_from = '$original'");

	make_running($letter, 8 * $per_client);
	my $begin = time;
	for my $client (0 .. 7)
	{
		my $pid = fork // die $!;
		if ($pid == 0)
		{
			load($gateway, $client, $per_client, $dir, $letter);
			POSIX::_exit(0);
		}
		push @clients, $pid;
	}
	sleep 0.7;
	for my $round (1 .. 2)
	{
		$node->stop($round == 1 ? 'fast' : 'immediate');
		sleep 0.8;
		$node->start;
		ok(wait_until(sub { (request($gateway, 'GET', '/health') // { status => 0 })->{status} == 200 }),
			"round $round: /health is 200 again once the server is back");
		sleep 0.5;
		$node->safe_psql('postgres', "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE usename = 'gateway'");
		sleep 0.5;
		# silent for a while, then one of them killed without a word, which ends them all
		my @sessions = split /\n/, $node->safe_psql('postgres', "SELECT pid FROM pg_stat_activity WHERE usename = 'gateway' ORDER BY query LIKE '%restate_joined%'");
		kill 'STOP', @sessions;
		sleep 0.7;
		kill 'CONT', @sessions;
		kill_processes($node, reverse @sessions) if @sessions;
		ok(wait_until(sub { (request($gateway, 'GET', '/health') // { status => 0 })->{status} == 200 }),
			"round $round: and after a crash");
		sleep 0.5;
	}
	append_to_file("$dir/stop", '');
	waitpid $_, 0 for @clients;

	my (%seen, @new, @killed, %keys);
	for my $client (0 .. 7)
	{
		for (split /\n/, slurp_file("$dir/$client"))
		{
			my ($what, @rest) = split / /;
			$seen{$what}++ if $what ne 'status';
			push @new, [@rest] if $what eq 'new';
			push @killed, $rest[0] if $what eq 'killed';
			$seen{"status $rest[0]"}++ if $what eq 'status';
		}
	}
	note join ', ', map { "$_: $seen{$_}" } sort keys %seen;
	cmp_ok(scalar @new, '>=', 50, 'restarts were answered');
	cmp_ok(scalar @killed, '>=', 50, 'kills were answered');
	cmp_ok($seen{'status 503'} // 0, '>=', 8, 'some were 503');
	is($seen{wrong} // 0, 0, 'each 503 has Retry-After and the documented body, and there was no other status');
	is($seen{lost} // 0, 0, 'none was left without an answer');
	is(join(' ', grep { !/^status (?:200|503|409)$/ } grep { /^status/ } sort keys %seen), '', 'only the statuses that are to be expected');

	my $values = join ',', map { "('$_->[0]', '$_->[1]'::restate_invocation_id)" } @new;
	is($node->safe_psql('postgres', "SELECT count(*) FROM (VALUES $values) AS v (key, id) JOIN restate.sys_invocation AS i USING (id) WHERE i.restarted_from = '$original'"),
		scalar @new, 'each restart that was answered 200 is there');
	is($node->safe_psql('postgres', "SELECT count(*) FROM (VALUES $values) AS v (key, id) WHERE (SELECT count(*) FROM restate.sys_audit AS a WHERE a.new_id = v.id) <> 1"),
		'0', 'and happened once');
	# what is not answered may have happened, each at most once
	my $more = $node->safe_psql('postgres', "SELECT count(*) FROM restate.sys_invocation WHERE restarted_from = '$original'") - $before - @new;
	ok($more >= 0 && $more <= 8, "restarts that happened and were not answered at the end: $more");
	my $list = join ',', map { "'$_'" } @killed;
	is($node->safe_psql('postgres', "SELECT count(*) FROM restate.sys_invocation WHERE id IN ($list) AND completion_result = 'failure'"),
		scalar @killed, 'each kill that was answered 200 is done');
	is($node->safe_psql('postgres', "SELECT count(*) FROM (SELECT FROM restate.sys_audit WHERE id IN ($list) GROUP BY id HAVING count(*) <> 1) AS a"),
		'0', 'and happened once');
	is($node->safe_psql('postgres', 'SELECT count(*) FROM restate_verify()'), '0', 'nothing is half done');
	is(request($gateway, 'GET', '/health')->{status}, 200, 'the gateway is well');
	like(request($gateway, 'GET', '/metrics')->{body}, qr/^restate_gateway_requests_total\{.*status="503"\} [1-9]/m, 'the 503s are counted');
	cmp_ok(metrics($gateway)->{restate_gateway_joined_requests_total} // 0, $lanes ? '>' : '==', 0, $lanes ? 'lanes were used' : 'none was joined');
	is(stop_gateway($gateway), 0, 'and ends well');
	note sprintf 'load: %.1f s', time - $begin;
}

# A client: restarts with a key each, again after a 503, and kills.
sub load
{
	my ($gateway, $client, $count, $dir, $letter) = @_;
	my ($socket, @lines);
	my $send = sub {
		my ($method, $target, @headers) = @_;
		my $answer;

		for (1 .. 200)
		{
			$socket //= open_connection($gateway);
			send_bytes($socket, join("\r\n", "$method $target HTTP/1.1", 'Host: gateway', @headers, '', ''));
			$answer = read_answer($socket, $method);
			push @lines, $answer ? "status $answer->{status}" : 'lost';
			if (!$answer) { close $socket; undef $socket; next }
			undef $socket if ($answer->{headers}{connection} // '') eq 'close';
			return $answer if $answer->{status} != 503;
			push @lines, 'wrong'
			  unless ($answer->{headers}{'retry-after'} // '') eq '1' && $answer->{body} =~ /^\{"message":".*","restate_code":"\w+"\}$/;
			sleep 0.05;
		}
		return $answer;
	};

	for my $n (0 .. $count - 1)
	{
		last if -e "$dir/stop";
		my $answer = $send->('PATCH', "/invocations/$original/restart-as-new", "Idempotency-Key: $letter$client-$n");
		push @lines, $answer->{status} == 200 && $answer->{body} =~ /"new_invocation_id":"(inv_\w+)"/ ? "new $client-$n $1" : 'wrong'
		  if $answer;
		my $id = inv($letter . ($client * $count + $n));
		my $before = @lines;
		$answer = $send->('PATCH', "/invocations/$id/kill");
		# 409: one that was not answered has done it
		push @lines, $answer->{status} == 200 || ($answer->{status} == 409 && @lines - $before > 1) ? "killed $id" : 'wrong' if $answer;
	}
	append_to_file("$dir/$client", join '', map { "$_\n" } @lines);
	return;
}

# A standby
{
	$node->backup('backup');
	my $standby = PostgreSQL::Test::Cluster->new('http_standby');
	$standby->init_from_backup($node, 'backup', has_streaming => 1);
	$standby->start;
	$node->wait_for_catchup($standby);
	my $gateway = start_gateway($standby);

	for my $request (
		[ 'PATCH', "/invocations/$original/purge-journal" ], [ 'DELETE', "/invocations/$original?mode=purge" ],
		[ 'PATCH', "/invocations/$original/restart-as-new" ], [ 'PATCH', '/invocations/' . inv('absent') . '/kill' ])
	{
		my $answer = request($gateway, @$request);
		is(category($answer), '503 read_only', "a standby: $request->[1]");
		is($answer->{headers}{'retry-after'}, '1', 'with Retry-After');
	}
	is(category(json_request($gateway, 'POST', '/internal/invocations_batch_operations/purge', $json->encode({ invocation_ids => [$original] }))),
		'503 read_only', 'a standby: a batch');
	is(json_request($gateway, 'POST', '/query', '{"query":"SELECT count(*) AS n FROM sys_invocation"}')->{status}, 200, 'a standby answers queries');
	is(request($gateway, 'GET', '/services')->{status}, 200, 'and tells its services');
	is(stop_gateway($gateway), 0, 'the gateway of a standby ends well');
	$standby->stop;
}

# No server at all
{
	my $gateway = start_gateway($node, '--db=host=/nonexistent user=x', '--query-db=host=/nonexistent user=x');

	for my $path ('/health', '/deployments')
	{
		my $answer = request($gateway, 'GET', $path);
		is(category($answer), '503 unavailable', "without a server: $path");
		is($answer->{headers}{'retry-after'}, '1', 'with Retry-After');
	}
	is(request($gateway, 'GET', '/version')->{status}, 200, 'the version is told all the same');
	is(category(request($gateway, 'PATCH', '/invocations/abc/kill')), '503 unavailable', 'an operation is 503');
	is(stop_gateway($gateway), 0, 'the gateway ends well');
}

# Queues, and clients that leave
# as many as may wait for a session
my $queue_limit = 768;
make_running('Q', $queue_limit + 20);
my $sql = open_sql($node);
my $held = inv('Q0');

sub hold { return sql($sql, "BEGIN; SELECT 1 FROM restate.invocation WHERE id = '$held' FOR UPDATE") }

sub release { return sql($sql, 'COMMIT') }

# Whether one session of the gateway waits for a lock.
sub one_waits_for_a_lock
{
	return $node->safe_psql('postgres',
		"SELECT count(*) FROM pg_stat_activity WHERE usename = 'gateway' AND wait_event_type = 'Lock'") eq '1';
}

{
	my $gateway = start_gateway($node, '--pool=1');
	my $sockets = sockets($gateway);

	hold();
	my $first = begin_request($gateway, 'PATCH', "/invocations/$held/pause");
	ok(wait_until(\&one_waits_for_a_lock), 'an operation waits for a lock');
	my @waiting = map { begin_request($gateway, 'PATCH', '/invocations/' . inv("Q$_") . '/pause') } 1 .. $queue_limit + 8;
	ok(wait_until(sub { metrics($gateway)->{'restate_gateway_pool_waiting{pool="operations"}'} == $queue_limit }), 'as many as fit wait');
	# they are taken in no certain order
	my @others;
	wait_until(sub { @others = IO::Select->new(@waiting)->can_read(0); @others >= 8 });
	my @refused = grep { $_ } map { read_answer($_, 'PATCH') } @others;
	is(scalar @refused, 8, 'the others are refused at once');
	is(join(' ', map { category($_) . ' ' . ($_->{headers}{'retry-after'} // 'none') } $refused[0], $refused[-1]),
		'503 overloaded 1 503 overloaded 1', 'with 503 and Retry-After');
	is(request($gateway, 'GET', '/version')->{status}, 200, 'what needs no session is answered');
	release();
	is(read_answer($first, 'PATCH')->{status}, 202, 'then the first is answered');
	my %other = map { $_ => 1 } @others;
	my @answered = grep { $_ } map { read_answer($_, 'PATCH') } grep { !$other{$_} } @waiting;
	is(scalar(grep { $_->{status} == 202 } @answered), $queue_limit, 'and those that waited');
	close $_ for @waiting, $first;

	# clients that leave: with a session, in the queue
	hold();
	my @leaving = begin_request($gateway, 'PATCH', "/invocations/$held/kill");
	ok(wait_until(\&one_waits_for_a_lock), 'an operation waits for a lock again');
	push @leaving, map { begin_request($gateway, 'PATCH', '/invocations/' . inv("Q$_") . '/kill') } 1 .. 30;
	ok(wait_until(sub { metrics($gateway)->{'restate_gateway_pool_waiting{pool="operations"}'} >= 30 }), 'some wait again');
	setsockopt $_, Socket::SOL_SOCKET(), Socket::SO_LINGER(), pack('ii', 1, 0) for @leaving[ 10 .. 30 ];
	close $_ for @leaving;
	sleep 0.2;
	ok(gateway_alive($gateway), 'their clients leave');
	ok(wait_until(sub { !one_waits_for_a_lock() }), 'what ran for one of them is ended');
	release();
	is(request($gateway, 'PATCH', '/invocations/' . inv('Q31') . '/kill')->{status}, 200, 'others are served');
	is($node->safe_psql('postgres', "SELECT count(*) FROM restate.sys_invocation WHERE id IN (" . join(',', map { "'" . inv("Q$_") . "'" } 0 .. 30)
			. ") AND status = 'completed'"), '0', 'what they asked for is not done');
	ok(wait_until(sub { sockets($gateway) <= $sockets + 2 }), 'their connections are closed');

	# and on stopping: more waits than can be done in time
	is(stop_gateway($gateway), 0, 'the gateway ends well');
}
{
	my $gateway = start_gateway($node, '--pool=2');

	$node->safe_psql('postgres', "SELECT restate_kill('" . inv("Q$_") . "')") for 0 .. 5;
	hold();
	my @waiting = map { begin_request($gateway, 'PATCH', '/invocations/' . ($_ ? inv("Q$_") : $held) . '/purge') } 0 .. 5;
	ok(wait_until(sub { one_waits_for_a_lock() && (my @answered = IO::Select->new(@waiting[ 1 .. 5 ])->can_read(0)) == 5 }), 'one waits for a lock, and the others do not');
	kill 'TERM', $gateway->{pid};
	log_says($gateway, qr/event=stopping/, 'the gateway is to stop');
	ok(gateway_alive($gateway), 'and waits for what is under way');
	release();
	is(join(' ', map { (read_answer($_, 'PATCH') // { status => 'none' })->{status} } @waiting), '200 200 200 200 200 200', 'that is answered');
	is(stop_gateway($gateway), 0, 'and it exits 0');
	log_says($gateway, qr/event=stopping.*event=stopped/s, 'and says so');
}
make_running('R', 40);
$held = inv('R0');
{
	my $gateway = start_gateway($node, '--pool=1', '--request-timeout=2');

	hold();
	# each waits for that lock until its timeout
	my @waiting = map { begin_request($gateway, 'PATCH', "/invocations/$held/kill") } 0 .. 9;
	my $trickling = open_connection($gateway);
	send_bytes($trickling, "PATCH /invocations/$held/kill HTTP/1.1\r\nHost:");
	await_arrival($gateway);
	is(stop_gateway($gateway), 0, 'a gateway with more to do than there is time for exits 0');
	is(join(' ', do { my %s; $s{ category(read_answer($_, 'PATCH')) }++ for @waiting; sort keys %s }), '503 unavailable', 'and has answered 503');
	release();
	is($node->safe_psql('postgres', "SELECT status FROM restate.sys_invocation WHERE id = '$held'"), 'running', 'and has done nothing');
}

# Slow clients
{
	my $gateway = start_gateway($node, '--pool=2');
	my $sockets = sockets($gateway);
	my $target = "/invocations/$original/pause";
	my @partial = map { my $s = open_connection($gateway); send_bytes($s, substr "PATCH $target HTTP/1.1\r\nHost: gateway\r\n", 0, $_); $s } 0 .. 40;
	my @bodies = map { my $s = open_connection($gateway); send_bytes($s, "POST /query HTTP/1.1\r\nHost: g\r\nContent-Type: application/json\r\nContent-Length: 1000\r\n\r\n{"); $s } 1 .. 20;
	my @deaf = map {
		my $s = open_connection($gateway);
		my $body = '{"query":"SELECT repeat(\'x\', 1000000) FROM generate_series(1, 30)"}';
		send_bytes($s, "POST /query HTTP/1.1\r\nHost: g\r\nContent-Type: application/json\r\nContent-Length: " . length($body) . "\r\n\r\n$body");
		$s
	} 1 .. 3;
	for my $second (1 .. 20)
	{
		send_bytes($_, 'x') for @bodies, @partial[ 5 .. 8 ];
		my $answer = request($gateway, 'PATCH', $target);
		is(category($answer), '409 not_running', "while others are slow, request $second is answered") if $second % 5 == 0 || !$answer;
		sleep 0.1;
	}
	is(json_request($gateway, 'POST', '/query', '{"query":"SELECT 1 AS n"}')->{status}, 200, 'a query is answered, too');
	close $_ for @partial, @bodies, @deaf;
	ok(wait_until(sub { sockets($gateway) <= $sockets + 4 }), 'connections are closed once their clients are gone');

	# as many connections as one address may have
	SKIP:
	{
		skip 'too few open files are allowed', 5 if POSIX::sysconf(POSIX::_SC_OPEN_MAX()) < 1300;
		my @many = grep { $_ } map { open_connection($gateway) } 1 .. 1050;
		cmp_ok(scalar @many, '>=', 1000, 'more connections are opened that send nothing than one address may have');
		is(category(request($gateway, 'PATCH', $target)), '409 not_running', 'a request of the same address is answered');
		sleep 2.1;
		is(request($gateway, 'GET', '/version')->{status}, 200, 'so is one a little later');
		ok(wait_until(sub { sockets($gateway) < 256 + 30 }), 'and the oldest of the silent ones are closed by then');
		close $_ for @many;
		is((request($gateway, 'GET', '/health') // { status => 0 })->{status}, 200, 'requests are answered once they are gone');
		ok(wait_until(sub { sockets($gateway) <= $sockets + 4 }), 'and their connections are closed');
	}
	is(stop_gateway($gateway), 0, 'the gateway ends well');
}

# Requests that another reader might take to end elsewhere
{
	my $gateway = start_gateway($node);
	my $next = "PATCH /invocations/$original/purge HTTP/1.1\r\nHost: g\r\n\r\n";

	for my $unclear (
		[ 'a length and chunks', "Content-Length: 4\r\nTransfer-Encoding: chunked", "0\r\n\r\n" ],
		[ 'chunks and a length', "Transfer-Encoding: chunked\r\nContent-Length: 4", "0\r\n\r\n" ],
		[ 'two lengths', 'Content-Length: 0' . "\r\nContent-Length: " . length $next, '' ],
		[ 'the same length twice', "Content-Length: 0\r\ncontent-length: 0", '' ],
		[ 'chunks twice', "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked", "0\r\n\r\n" ],
		[ 'another coding', 'Transfer-Encoding: gzip, chunked', "0\r\n\r\n" ],
		[ 'a coding like chunked', 'Transfer-Encoding: xchunked', "0\r\n\r\n" ],
		[ 'two hosts', 'Host: h', '' ])
	{
		my ($what, $headers, $body) = @$unclear;
		my $socket = open_connection($gateway);
		send_bytes($socket, "POST /query HTTP/1.1\r\nHost: g\r\n$headers\r\n\r\n$body$next");
		is(category(read_answer($socket, 'POST')), '400 invalid_request', "$what: refused");
		is(read_answer($socket, 'PATCH'), undef, 'and what follows it is not looked at');
	}
	is($node->safe_psql('postgres', "SELECT count(*) FROM restate.sys_invocation WHERE id = '$original'"), '1', 'nothing was purged');
	is(stop_gateway($gateway), 0, 'the gateway ends well');
}

# Tokens, logs, metrics
{
	my $dir = PostgreSQL::Test::Utils::tempdir();
	my $token = 'a-token-that-nobody-guesses-4711';
	append_to_file("$dir/token", "$token\n");
	append_to_file("$dir/short", "short\n");
	append_to_file("$dir/empty", '');
	my $gateway = start_gateway($node, "--token-file=$dir/token");
	my $with = "Authorization: Bearer $token";

	for my $wrong ([], ['Authorization: Bearer wrong'], ["Authorization: Bearer $token "x 2], ["Authorization: Bearer ${token}x"],
		[ 'Authorization: Bearer ' . substr $token, 1 ], ['Authorization: Bearer '], ['Authorization:'], ["Authorization: $token"],
		["Authorization: Basic $token"], [ 'Authorization: Bearer ' . uc $token ], ["X-Authorization: Bearer $token"])
	{
		my $answer = request($gateway, 'GET', '/services', undef, @$wrong);
		is(category($answer), '401 unauthorized', '401 with: ' . ($wrong->[0] // 'no header'));
		is($answer->{headers}{'www-authenticate'}, 'Bearer', 'and what to do');
	}
	for my $path (qw(/version /metrics /openapi /deployments))
	{
		is(category(request($gateway, 'GET', $path)), '401 unauthorized', "$path is not open");
		is(request($gateway, 'GET', $path, undef, $with)->{status}, 200, "$path with the token");
	}
	is(category(request($gateway, 'PATCH', "/invocations/$original/purge")), '401 unauthorized', 'nor are operations');
	is(request($gateway, 'GET', '/health')->{status}, 200, '/health is open');
	is(request($gateway, 'GET', '/services', undef, "authorization: bearer $token")->{status}, 200, 'the names are in any case');
	is(json_request($gateway, 'POST', '/query', '{"query":"SELECT \'a-payload\' AS x"}', $with)->{status}, 200, 'a query with the token');
	request($gateway, 'PATCH', "/invocations/$original/restart-as-new?from=a-parameter", 'a-payload', $with, 'Idempotency-Key: a-payload');
	request($gateway, 'PATCH', '/invocations/a%0Aevent=fake%22%00/kill', undef, $with);

	my $text = request($gateway, 'GET', '/metrics', undef, $with)->{body};
	is(join('|', grep { !/^(?:# (?:HELP|TYPE) \w+ .+|[a-z_]+(?:\{\w+="[^"\\\n]*"(?:,\w+="[^"\\\n]*")*\})? [-+.e\d]+)$/ } split /\n/, $text), '', 'the metrics have their form');
	my %types = $text =~ /^# TYPE (\w+) (\w+)$/mg;
	# what waits in the database may have been told of by now
	delete @types{ grep { /_(?:ready|inbox)_invocations$|_(?:due|late)_timers$/ } keys %types };
	is(join(' ', sort values %types), 'counter counter counter counter counter gauge gauge gauge histogram', 'and types');
	my $metrics = metrics($gateway, $with);
	is($metrics->{'restate_gateway_request_duration_seconds_bucket{method="GET",route="/health",le="+Inf"}'},
		$metrics->{'restate_gateway_request_duration_seconds_count{method="GET",route="/health"}'}, 'buckets add up');
	is($metrics->{'restate_gateway_requests_total{method="GET",route="/services",status="401"}'}, 11, 'what was refused is counted');

	my $log = gateway_log($gateway);
	like($log, qr/event=started version=[\d.]+ libpq=\d+ libmicrohttpd=\S+ listen=127\.0\.0\.1:$gateway->{port}\n/, 'the log begins with versions and the address');
	like($log, qr/event=connected pool=health host="[^"]+" port=\d+ database="postgres" role="gateway" server=[\d.]+\n.*event=ready extension=[\d.]+ fits="[\d.]+ to [\d.]+"\n/s,
		'with the database, and the versions of the extension');
	unlike($log, qr/\Q$token\E|wrong|a-payload|a-parameter/, 'no token, query, key or body is in the log');
	is(join('|', grep { !/^time=\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z level=\w+ event=\w+(?: \w+=(?:"(?:[^"\\]|\\.)*"|[^\s"]+))*$/ } split /\n/, $log), '', 'each line has its form');
	like($log, qr/event=request method=GET route=\/services status=401 duration_ms=[\d.]+ id=- peer=127\.0\.0\.1:\d+$/m, 'a line says what was asked');
	is(() = $log =~ /event=request method=PATCH route=\S+restart-as-new /g, 1, 'there is one for each request');
	is(stop_gateway($gateway), 0, 'the gateway ends well');

	for my $refused (
		[ 'beyond loopback without a token', '--listen=0.0.0.0:0' ],
		[ 'beyond loopback without a token, IPv6', '--listen=[::]:0' ],
		[ 'with a token that is too short', "--token-file=$dir/short" ],
		[ 'with an empty token file', "--token-file=$dir/empty" ],
		[ 'with a token file that is not there', "--token-file=$dir/absent" ],
		[ 'with an option that there is not', '--nonsense' ],
		[ 'with a number that is none', '--pool=x' ])
	{
		my ($what, @options) = @$refused;
		my $rc = IPC::Run::run([ $RestateGateway::program, @options ], '<', \undef, '>', \my $out, '2>', \my $err, IPC::Run::timeout($PostgreSQL::Test::Utils::timeout_default));
		is($? >> 8, 2, "the gateway does not start $what");
		isnt($err, '', 'and says why');
	}
}
is($node->safe_psql('postgres', 'SELECT count(*) FROM restate_verify()'), '0', 'all is well at the end');
done_testing();
