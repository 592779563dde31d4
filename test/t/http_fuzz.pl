# Ten thousand malformed requests, from a seed, to a gateway built with the
# sanitizers: each is refused, nothing happens, nothing is leaked.
use strict;
use warnings;
use Cwd;
use IPC::Run ();
use JSON::PP;
use POSIX ();
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use RestateGateway;
use RestateNode;
use Socket ();
use Test::More;
use Time::HiRes qw(sleep time);

my $seed = $ENV{FUZZ_SEED} || 20260121;
my $count = $ENV{FUZZ_COUNT} || 10_000;
# as many at once, for some requests take their time: a client that closes its side is waited for
my $clients = 8;
diag("seed $seed: $count requests; FUZZ_SEED and FUZZ_COUNT choose others");
srand($seed);

# The gateway with sanitizers, in a directory of its own.
my $top = getcwd();
my $dir = PostgreSQL::Test::Utils::tempdir();
my ($compiler, $probe, $made) = ('', '', '');
append_to_file("$dir/probe.c", "int main(void) { return 0; }\n");
IPC::Run::run([ 'cc', '-fsanitize=address,undefined', '-o', "$dir/probe", "$dir/probe.c" ], '>&', \$compiler)
  && IPC::Run::run([ "$dir/probe" ], '>&', \$probe)
  or plan skip_all => "no program can be built with the sanitizers here: $compiler";
mkdir "$dir/build" or die $!;
# where what is covered is counted, the gateway that does
my $counted = $ENV{COVERAGE};
delete local @ENV{qw(MAKEFLAGS MFLAGS MAKELEVEL UBSAN COVERAGE)};
IPC::Run::run([ 'make', '-s', '-j2', '-C', "$dir/build", '-f', "$top/Makefile", 'with_llvm=no', 'ASAN=1', 'restate-gateway' ],
	'>&', \$made)
  or BAIL_OUT("the gateway cannot be built: $made");
my %sanitized = (
	PROGRAM => $counted ? $RestateGateway::program : "$dir/build/restate-gateway",
	ASAN_OPTIONS => 'detect_leaks=1:exitcode=99:quarantine_size_mb=4:malloc_context_size=12:strict_string_checks=1',
	UBSAN_OPTIONS => 'print_stacktrace=1:halt_on_error=1:exitcode=98');

my $node = new_node('http_fuzz', 'log_statement = none');
grant_roles($node);
load_example($node);
my $digest = digest($node);
my $json = JSON::PP->new->utf8->allow_nonref;
my $gateway = start_gateway($node, {%sanitized}, '--pool=2', '--request-timeout=30');

sub pick { return $_[ int rand @_ ] }

sub bytes { return join '', map { chr int rand 256 } 1 .. 1 + int rand $_[0] }

# text that may stand in a request line
sub token { return join '', map { pick('a' .. 'z', 'A' .. 'Z', 0 .. 9, qw(- _ . ~ ! $ & ' * + ; = : @ % /), '%2F', '%00', '%ff', '%C3%A9', '%', '%2', '%zz') } 1 .. 1 + int rand $_[0] }

my @operations = qw(purge-journal restart-as-new cancel kill purge pause resume);
my $unknown = inv('unknown');
my $known = inv('done');
my @paths = ("/invocations/$known", (map { "/invocations/$known/$_" } @operations),
	(map { "/internal/invocations_batch_operations/$_" } @operations),
	qw(/query /deployments /services /subscriptions /health /cluster-health /version /openapi /metrics),
	'/deployments/dp_10000000000000000000old', map { "/services/Svc$_" } '', '/handlers', '/handlers/run', '/openapi', '/state');
my $head = "Host: gateway\r\n";

# A request is [bytes, statuses it may have, method]; no answer but a closed
# connection is allowed where the statuses say "none".
my %kinds = (
	method => sub {
		my $method = pick('PUT', 'FOO', 'OPTIONS', 'TRACE', 'CONNECT', 'get', 'Patch', 'PATCHX', 'X' x (1 + int rand 300), join '', map { pick('A' .. 'Z') } 1 .. 1 + int rand 9);
		return [ "$method " . pick(@paths) . " HTTP/1.1\r\n$head\r\n", '405 501' ];
	},
	path => sub {
		return [ pick(qw(GET PATCH DELETE POST)) . ' /' . pick('', 'x', 'invocation/', 'internal/', 'v4/', 'V2/') . 'zz' . token(40) . " HTTP/1.1\r\n$head\r\n", '404' ];
	},
	id => sub {
		my $id = pick(token(50), substr($known, 0, int rand 38), $known . token(3), 'inv_1' . token(33), 'dp_1' . token(22), '%' x int rand 40);
		return [ "PATCH /invocations/zz$id/" . pick(@operations) . " HTTP/1.1\r\n$head\r\n", '400 404' ];
	},
	parameter => sub {
		my ($method, $path) = @{ pick([ 'PATCH', "/invocations/$unknown/restart-as-new" ], [ 'DELETE', "/invocations/$unknown" ], [ 'PATCH', "/invocations/$unknown/resume" ]) };
		my $query = join '&', map { pick('from', 'mode', 'deployment', 'fr%6fm', 'FROM', token(5)) . pick('=', '', '==', '=+') . pick(token(12), int rand 2**34, '', '+1', '-1', '%2B1', 'latest', 'cancel', '0' x int rand 60) } 0 .. int rand 4;
		$query =~ s/#//g;
		return [ "$method $path?$query HTTP/1.1\r\n$head\r\n", '400 404' ];
	},
	headers => sub {
		my $headers = join '', map { pick(
			sub { bytes(60) =~ s/[\r\n]//gr },
			sub { token(10) . ': ' . bytes(100) =~ s/[\r\n]//gr },
			sub { pick('Accept', 'Authorization', 'Content-Type', 'Idempotency-Key', 'Expect', 'Connection', 'Cookie', 'Host', 'Upgrade', 'TE') . ': ' . bytes(40) =~ s/[\r\n]//gr },
			sub { ' ' . token(10) }, sub { ':' . token(10) }, sub { token(10) . ':' }, sub { 'X: ' . 'y' x int rand 9000 })->() . "\r\n" } 0 .. int rand 12;
		return [ "PATCH /invocations/$unknown/kill HTTP/1.1\r\n$head$headers\r\n", '4.. none', undef, 1 ];
	},
	many_headers => sub {
		return [ "PATCH /invocations/$unknown/kill HTTP/1.1\r\n$head" . join('', map { "X-$_: y\r\n" } 1 .. int rand 3000) . "\r\n", '4.. none' ];
	},
	long_line => sub {
		return [ "PATCH /invocations/zz" . 'a' x (int rand 300_000) . "/kill HTTP/1.1\r\n$head\r\n", '4.. none' ];
	},
	length => sub {
		my $length = pick('-1', 'abc', '', '1e3', '0x10', '99999999999999999999999', '18446744073709551616', '+5', "5\r\nContent-Length: 6", "5\r\nTransfer-Encoding: chunked", ' ', '5,5', '5 5');
		return [ "POST /query HTTP/1.1\r\n${head}Content-Type: application/json\r\nContent-Length: $length\r\n\r\n12345", '4.. none', undef, 1 ];
	},
	chunked => sub {
		my $body = pick('zz', "5\r\nabc", "ffffffffffffffff\r\nabc", "-5\r\nabcde\r\n0\r\n\r\n", "5;x=\"" . token(30) . "\r\nabcde\r\n0\r\n\r\n", "5\r\nabcdeXX0\r\n\r\n", "1\r\n{\r\n0\r\nA: b\r\n" . bytes(20), '');
		return [ "POST /query HTTP/1.1\r\n${head}Content-Type: application/json\r\nTransfer-Encoding: " . pick('chunked', 'Chunked', 'gzip, chunked', token(6)) . "\r\n\r\n$body", '4.. none', undef, 1 ];
	},
	body => sub {
		my $path = pick('/query', map { "/internal/invocations_batch_operations/$_" } @operations);
		my $body = pick(
			sub { bytes(200) }, sub { '[' x int rand 5000 }, sub { '{"invocation_ids":[' . join(',', map { '"' . token(30) . '"' } 0 .. int rand 5) . ']}' },
			sub { '{"invocation_ids":' . pick('null', '{}', '1', '"x"', '[1]', '[null]', '[[]]') . '}' },
			sub { '{"query":' . pick('null', '[]', '1e999', '"\u0000"', '"\ud800"', '{') . '}' },
			sub { $json->encode({ query => 'S' . join '', map { chr 32 + int rand 90 } 1 .. int rand 60 }) },
			sub { '{"invocation_ids":["' . $known . '"],"deployment":' . pick('1', '[]', '{"Keep":1}', '{"x":null}', '{"Keep":null,"Latest":null}') . '}' },
			sub { '' }, sub { 'null' }, sub { '{"a":' x 3000 })->();
		# an operation that takes no deployment does not look at it
		$path = '/internal/invocations_batch_operations/resume' if $body =~ /deployment/;
		my $type = pick('application/json', 'application/json', 'application/json', 'text/plain', bytes(10) =~ s/[\r\n\0]//gr, 'application/+json', 'application/x+json;' . token(5));
		return [ "POST $path HTTP/1.1\r\n${head}Content-Type: $type\r\nContent-Length: " . length($body) . "\r\n\r\n$body", '4..' ];
	},
	truncated => sub {
		my $body = $json->encode({ query => 'SELECT 1' });
		my $whole = "POST /query HTTP/1.1\r\n${head}Content-Type: application/json\r\nContent-Length: " . length($body) . "\r\n\r\n$body";
		return [ substr($whole, 0, int rand(length $whole)), 'none 4..', undef, pick(1, 2) ];
	},
	gone => sub {
		return [ pick("PATCH /invocations/$unknown/kill HTTP/1.1\r\n$head\r\n",
			"POST /query HTTP/1.1\r\n${head}Content-Type: application/json\r\nContent-Length: 35\r\n\r\n" . '{"query":"SELECT pg_sleep(0.001)"}' . ' '), 'none', undef, pick(2, 3) ];
	},
	garbage => sub { return [ 'zz' . bytes(300), 'none 4.. 505', undef, 1 ] },
	version => sub {
		return [ 'PATCH /invocations/' . $unknown . '/kill ' . pick('HTTP/2.0', 'HTTP/0.9', 'HTTP/1.1x', 'HTTP/', 'http/1.1', 'HTTP/1.' . bytes(3) =~ s/[\r\n]//gr, 'HTTP/9', '', 'FTP/1.1', 'HTTP/1.1 HTTP/1.1') . "\r\n$head\r\n", 'none 4.. 505', undef, 1 ];
	},
	space => sub { return [ 'PATCH /invocations/' . $unknown . ' ' . token(8) . "/kill HTTP/1.1\r\n$head\r\n", '4.. none', undef, 1 ] },
	lines => sub { return [ "\r\n" x (int rand 20) . "PATCH /invocations/$unknown/kill HTTP/1.1\n" . pick("Host: g\n\n", "Host: g\r\r\n\n", " folded\r\n$head\r\n", "\n"), '4.. none', undef, 1 ] });
my @kinds = sort keys %kinds;

my $begin = time;
my @reports = map { start_client($_) } 1 .. $clients;
my (%answers, @wrong, $rss);
my $made_requests = 0;
for my $report (@reports)
{
	my $told = $json->decode(readline($report) // '{}');

	$made_requests += $told->{made} // 0;
	$answers{$_} += $told->{answers}{$_} for keys %{ $told->{answers} };
	push @wrong, @{ $told->{wrong} // [] };
	$rss //= $told->{memory};
	close $report;
	wait;
}
note sprintf '%d requests in %.1f s: %s', $made_requests, time - $begin, join ', ', map { "$_: $answers{$_}" } sort keys %answers;
cmp_ok($made_requests, '>=', $count, 'all of them were made');
is(join("\n", map { s/([^ -~])/sprintf '\\x%02x', ord $1/ger } @wrong), '', 'each was refused as it should be');
cmp_ok($answers{$_} // 0, '>=', $count / 1000, "there were answers with $_") for 400, 404, 405, 415, 422;

ok(gateway_alive($gateway), 'the gateway is alive');
my $answer = request($gateway, 'GET', '/health');
is($answer && $answer->{status}, 200, 'and well');
is(request($gateway, 'PATCH', "/invocations/$unknown/kill")->{status}, 404, 'and serves');
is(json_request($gateway, 'POST', '/query', '{"query":"SELECT 1 AS n"}')->{body}, '{"rows":[{"n":1}]}', 'and answers queries');
my $open;
wait_until(sub {
		# besides the one that listens, and those of the pools and of /health to the server
		$open = grep { (readlink($_) // '') =~ /^socket/ } glob "/proc/$gateway->{pid}/fd/*";
		return $open <= 1 + 2 + 2 + 1;
	});
cmp_ok($open, '<=', 1 + 2 + 2 + 1, 'no connection of a client is left');
cmp_ok(memory() - ($rss // 0), '<', 40_000, 'memory has not grown by 40 MB');
is(digest($node), $digest, 'nothing has changed in the tables');
is(() = gateway_log($gateway) =~ /status=500/g, 0, 'there was no internal error');

# clients that leave while they wait for a lock, or stay until the end
my $sql = open_sql($node);
my $running = inv('running');
sql($sql, "BEGIN; SELECT 1 FROM restate.invocation WHERE id = '$running' FOR UPDATE");
my @waiting = map {
	my $socket = open_connection($gateway);
	send_bytes($socket, "PATCH /invocations/$running/" . pick('kill', 'pause', 'cancel') . " HTTP/1.1\r\nHost: g\r\n\r\n" x pick(1, 3));
	$socket
} 1 .. 60;
await_arrival($gateway);
setsockopt $_, Socket::SOL_SOCKET(), Socket::SO_LINGER(), pack('ii', 1, 0) for @waiting[ 0 .. 19 ];
close $_ for @waiting[ 0 .. 39 ];
sleep 0.2;
kill 'TERM', $gateway->{pid};
log_says($gateway, qr/event=stopping/, 'it is told to stop');
ok(gateway_alive($gateway), 'and waits for what is under way');
sql($sql, 'COMMIT');
is(scalar(grep { my $a = read_answer($_, 'PATCH'); $a && $a->{status} =~ /^(?:200|202|409)$/ } @waiting[ 40 .. 59 ]), 20, 'and answers it');
ended_well($gateway, 'the gateway');

# lanes: many clients at once, some of which leave, over sessions that are ended
{
	my $joining = start_gateway($node, {%sanitized}, '--pool=4', '--request-timeout=5', '--person-header=X-Person');
	my @ids = ($unknown, $known, map { inv($_) } qw(old gone running ready suspended paused scheduled));
	my @clients;

	for my $client (1 .. 12)
	{
		my $pid = fork // die $!;
		if ($pid == 0)
		{
			my $wrong = 0;
			srand $client;
			for (1 .. 60)
			{
				my $operation = pick('restart-as-new', 'restart-as-new?from=' . int rand 5, 'pause', 'resume?deployment=' . pick('keep', 'latest', 'x%22%5C'), 'purge-journal', 'cancel');
				my $socket = begin_request($joining, 'PATCH', '/invocations/' . pick(@ids) . "/$operation",
					@{ pick([], [ 'X-Person: ' . pick('a"b', '\\', '{}', 'NULL') ], ['Idempotency-Key: "\\{,']) });
				$wrong++ if rand > 0.1 && told(read_answer($socket, 'PATCH')) !~ /^(?:20[02]|40[049]|410|42[25]|503)\b/;
				close $socket;
			}
			POSIX::_exit($wrong > 0);
		}
		push @clients, $pid;
	}
	for (1 .. 5)
	{
		sleep 0.2;
		$node->safe_psql('postgres', "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE usename = 'gateway'");
	}
	is(scalar(grep { waitpid($_, 0); $? } @clients), 0, 'many clients at once have answers that are to be expected');
	cmp_ok(metrics($joining)->{restate_gateway_joined_requests_total}, '>', 0, 'and were served by lanes');
	ended_well($joining, 'a gateway with lanes');
}

# the same, with more to do than there is time for
my $hurried = start_gateway($node, {%sanitized}, '--pool=1', '--request-timeout=1');
sql($sql, "BEGIN; SELECT 1 FROM restate.invocation WHERE id = '" . inv('ready') . "' FOR UPDATE");
@waiting = map {
	my $socket = open_connection($hurried);
	send_bytes($socket, 'PATCH /invocations/' . inv('ready') . "/kill HTTP/1.1\r\nHost: g\r\n\r\n");
	$socket
} 1 .. 20;
await_arrival($hurried);
close $_ for @waiting[ 0 .. 9 ];
ended_well($hurried, 'a gateway that has to give up');
is(scalar(grep { my $a = read_answer($_, 'PATCH'); $a && $a->{status} == 503 } @waiting[ 10 .. 19 ]), 10, 'and answers 503');
sql($sql, 'COMMIT');
is($node->safe_psql('postgres', 'SELECT count(*) FROM restate_verify()'), '0', 'all is well at the end');
done_testing();

# Starts a client that makes its part of the requests, the same ones for the
# same seed, and reports what came of them as a line of JSON.  Returns where that
# is read.
sub start_client
{
	my ($number) = @_;
	pipe(my $report, my $out) or die $!;
	my $pid = fork // die $!;

	if ($pid)
	{
		close $out;
		return $report;
	}
	srand($seed + 1_000_003 * $number);
	print {$out} $json->encode(make_requests(int(($count + $clients - 1) / $clients)));
	close $out;
	POSIX::_exit(0);
}

# Makes requests, and returns how many, how often there was which answer, what
# was wrong and the memory of the gateway after a quarter of them.
sub make_requests
{
	my ($mine) = @_;
	my (%had, @bad, $connection, $memory);
	my $done = 0;

	while ($done < $mine && @bad <= 20)
	{
		my $kind = pick(@kinds, 'pipeline');
		my @requests = map { $kinds{$_}->() } $kind eq 'pipeline' ? map { pick(qw(method path id parameter body)) } 1 .. 1 + int rand 12 : $kind;

		# what leaves the connection open is sent on one that is kept
		my $special = $kind eq 'pipeline' ? undef : $requests[0][3];
		if ($special || !$connection)
		{
			close $connection if $connection;
			$connection = open_connection($gateway) or last;
		}
		send_bytes($connection, join('', map { $_->[0] } @requests));
		if ($special && $special == 3)
		{
			setsockopt $connection, Socket::SOL_SOCKET(), Socket::SO_LINGER(), pack('ii', 1, 0);
		}
		if ($special && $special >= 2)
		{
			close $connection;
			undef $connection;
			$had{'left'}++;
			$done += @requests;
			next;
		}
		shutdown $connection, 1 if $special;
		for my $request (@requests)
		{
			my $answer = read_answer($connection, undef);
			my $have = $answer ? $answer->{status} : 'none';

			$had{$have}++;
			$done++;
			# who has closed its side is taken for gone after a moment
			my $has_gone = $special && $have eq '503' && $answer->{body} =~ /the client has gone/;
			if (!$has_gone && !grep { $have =~ /^$_$/ } split / /, $request->[1])
			{
				push @bad, "$kind: $have for " . substr($request->[0], 0, 300) . ($answer ? ": $answer->{body}" : '');
			}
			elsif ($answer && ($answer->{headers}{'content-type'} // '') eq 'application/json'
				&& !eval { join(',', sort keys %{ $json->decode($answer->{body}) }) eq 'message,restate_code' })
			{
				push @bad, "$kind: $answer->{body}";
			}
			if (!$answer || ($answer->{headers}{connection} // '') =~ /close/i || $special)
			{
				close $connection;
				undef $connection;
				last;
			}
		}
		$memory //= memory() if $done > $mine / 4;
	}
	return { made => $done, answers => \%had, wrong => \@bad, memory => $memory };
}

# Checks that a gateway ends with 0 and that no sanitizer has found anything.
sub ended_well
{
	my ($ended, $what) = @_;

	is(stop_gateway($ended), 0, "$what exits 0");
	# its own lines may tell of the server's errors
	my @found = gateway_log($ended) =~ /^(?!time=).*(?:Sanitizer|runtime error|Direct leak|ERROR: ).*$/mg;
	is(join("\n", @found), '', 'the sanitizers have found nothing');
	diag(substr gateway_log($ended), -6000) if @found;
	return;
}

# kB that the gateway has in memory.
sub memory
{
	my ($kb) = slurp_file("/proc/$gateway->{pid}/status") =~ /^VmRSS:\s+(\d+)/m;

	return $kb;
}
