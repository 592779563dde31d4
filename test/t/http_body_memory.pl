# All bodies of requests together take no more memory than --request-bodies says, whoever
# sends them and however slowly: what finds no room is refused, and small requests are
# served meanwhile.  Whatever becomes of a request, what its body took is given back.
use strict;
use warnings;
use IO::Select;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use RestateGateway;
use RestateIngress;
use RestateNode;
use Test::More;

my $mib = 1024 * 1024;
# what is not counted of each
my $free = 16 * 1024;
# what is counted of a body of more than 8 MiB, up to 16
my $large = 16 * $mib - $free;
my $many = 40;
my $echo = '/Rules/echo/send';
my $kill = '/internal/invocations_batch_operations/kill';
my $node = new_node('http_body_memory', 'log_statement = none');
grant_roles($node);
grant_ingress($node);
register_handlers($node);
my $ingress = start_ingress($node, '--request-bodies=32', '--request-timeout=600');
my $gateway = $ingress->{gateway};
my $sql = open_sql($node);
my $refused = qr/^503 1 \{"message":"the bodies of other requests .*nothing was done"\}$/;

# How much the bodies take, as the gateway says.
sub held
{
	return metrics($gateway)->{restate_gateway_request_body_bytes};
}

# A body of so many bytes.
sub body
{
	my ($len) = @_;

	return '"' . 'x' x ($len - 2) . '"';
}

# Begins a request that says how long its body is, and sends so much of it.
sub begin_long
{
	my ($target, $len, $part, @headers) = @_;
	my $body = body($len);
	my $call = { socket => open_connection($ingress), rest => substr $body, $part };

	send_bytes($call->{socket}, join "\r\n", "POST $target HTTP/1.1", 'Host: gateway', 'Content-Type: application/json', "Content-Length: $len", @headers, '', substr $body, 0, $part);
	return $call;
}

# Begins a request that does not say how long its body is, and sends so much of it.
sub begin_chunked
{
	my ($port, $target, $len) = @_;
	my $call = { socket => open_connection($port), rest => "0\r\n\r\n" };

	send_bytes($call->{socket}, join "\r\n", "POST $target HTTP/1.1", 'Host: gateway', 'Content-Type: application/json', 'Transfer-Encoding: chunked', '', '');
	send_chunk($call, $len);
	return $call;
}

# Sends so much more of it.
sub send_chunk
{
	my ($call, $len) = @_;

	return send_bytes($call->{socket}, sprintf("%x\r\n", $len) . 'x' x $len . "\r\n");
}

# Sends a query of more than 64 KiB, and returns the connection that its answer will come on.
sub begin_query
{
	my ($query, @headers) = @_;
	my $body = '{"query":"' . $query . ' ' x 100_000 . '"}';
	my $socket = open_connection($gateway);

	send_bytes($socket, join "\r\n", 'POST /query HTTP/1.1', 'Host: gateway', 'Content-Type: application/json', 'Content-Length: ' . length $body, @headers, '', $body);
	return $socket;
}

# Sends the rest of the body, and returns the answer.
sub end_call
{
	my ($call) = @_;

	send_bytes($call->{socket}, $call->{rest});
	return read_answer($call->{socket});
}

# Status, when to come again, and what an answer has of a refusal.
sub short
{
	my ($answer) = @_;

	return 'none' unless $answer;
	return join ' ', $answer->{status}, $answer->{headers}{'retry-after'} // '-', $answer->{status} == 503 ? $answer->{body} : ();
}

# Has no invocation come into being until the transaction ends.
sub lock_invocations
{
	return sql($sql, 'BEGIN; LOCK TABLE restate.invocation IN SHARE MODE');
}

# bodies that are sent slowly

is(held(), 0, 'at first there is nothing');
my ($first, $second) = map { begin_chunked($ingress, $echo, 9 * $mib) } 1 .. 2;
becomes(sub { held() }, 2 * $large, 'two bodies that have not arrived take all there is');
is(short(call($ingress, 'POST', $echo, body(10_000), 'Content-Type: application/json')), '202 -', 'a small one is served');
is(call($ingress, 'GET', '/restate/health')->{status}, 200, 'the ingress is healthy');
is(request($gateway, 'GET', $_)->{status}, 200, "and so is what $_ asks for") for '/health', '/live';
is(request($gateway, 'GET', '/health', 'x' x 100_000)->{status}, 200, 'though it has a body');
like(short(end_call(begin_long($echo, 9 * $mib, $mib))), $refused, 'a third long one is refused');
like(short(end_call(begin_chunked($ingress, $echo, $mib))), $refused, 'and so is one that does not say how long it is');
is(held(), 2 * $large, 'nothing is kept of them');
like(short(read_answer(begin_long($echo, 9 * $mib, 0, 'Expect: 100-continue')->{socket})), $refused, 'a client that waits for a sign need not send its');
send_chunk($first, 8 * $mib);
becomes(sub { held() }, $large, 'one of the two gives back what it had when more of it comes');
like(short(end_call($first)), $refused, 'and is refused');
is(short(end_call($second)), '202 -', 'so that there is room for the other');
becomes(sub { held() }, 0, 'which has given all back, its connection still open');
is(short(end_call(begin_long($echo, 9 * $mib, $mib))), '202 -', 'what was refused is taken when it comes again');
is($node->safe_psql('postgres', 'SELECT count(*) FROM restate.invocation'), 3, 'what was refused has made no invocation');

# the largest that there may be, and what is larger

is(short(end_call(begin_long($echo, 31 * $mib, $mib))), '202 -', 'the largest body has room, where there is no other');
is(held(), 0, 'and is given back');
my $larger = begin_chunked($gateway, $kill, $mib);
becomes(sub { held() }, 2 * $mib - $free, 'one at the admin port, of which it is not known yet that it is too large');
send_chunk($larger, 2 * $mib);
becomes(sub { held() }, 0, 'nothing is kept of it once it is');
is(told(end_call($larger)), '413 body_too_large', 'and it is refused for that');
is(end_call(begin_chunked($ingress, $echo, 33 * $mib))->{status}, 413, 'one at the ingress is, too');
is(held(), 0, 'which has given all back');

# the bound is that of both ports

my $ids = '{"invocation_ids":[],"x":"' . 'x' x 60_000 . '"}';
my $holds = begin_long($echo, 20 * $mib, 17 * $mib);
becomes(sub { held() }, 32 * $mib - $free, 'one body takes all there is');
my $answer = json_request($gateway, 'POST', $kill, $ids);
is(told($answer), '503 overloaded', 'a long body at the admin port is refused');
is($answer->{headers}{'retry-after'}, 1, 'for now');
close $holds->{socket};
becomes(sub { held() }, 0, 'what was held by a client that has gone is given back');
is(json_request($gateway, 'POST', $kill, $ids)->{status}, 200, 'and there is room for it');
is(held(), 0, 'of what is answered there is nothing');

# what is carried out, waits or is read

my $waits = begin_long('/Rules/echo', 9 * $mib, 9 * $mib);
becomes(sub { metrics($gateway)->{restate_gateway_waiting_requests} }, 1, 'a call waits for its result');
is(held(), 0, 'for which its body is not needed');
close $waits->{socket};
lock_invocations();
my @calls = map { begin_long($echo, 60_000, 60_000) } 1 .. 20;
becomes(sub { held() }, 20 * (64 * 1024 - $free), 'calls of which some are carried out, alone and in lanes, and others wait for it');
close $_->{socket} for splice @calls, 0, 5;
sql($sql, 'COMMIT');
is(join(' ', map { short(read_answer($_->{socket})) } @calls), join(' ', ('202 -') x 15), 'each is carried out');
becomes(sub { held() }, 0, 'all have given back what they had, those whose clients have gone, too');
is($node->safe_psql('postgres', 'SELECT count(DISTINCT xmin::text) < count(*) FROM restate.invocation'), 't', 'some went together');
my $reads = begin_query('SELECT i AS n FROM generate_series(1, 100000000) AS i');
becomes(sub { held() }, 128 * 1024 - $free, 'a query runs whose rows nobody reads');
close $reads;
becomes(sub { held() }, 0, 'its client has gone');
$reads = begin_query("SELECT repeat('x', 40000000) AS x", 'Accept: application/json');
ok(IO::Select->new($reads)->can_read($RestateGateway::patience), 'an answer begins to come');
is(held(), 0, 'while it is read nothing is held');
is(length read_answer($reads)->{body}, length('{"rows":[{"x":""}]}') + 40_000_000, 'it is whole');

# many at once

SKIP:
{
	skip 'memory below valgrind is not that of the gateway', 3 if $ENV{VALGRIND};
	@calls = map { begin_chunked($ingress, $echo, 5 * $mib) } 1 .. $many;
	await_arrival($ingress);
	my ($kb) = slurp_file("/proc/$gateway->{pid}/status") =~ /^VmRSS:\s+(\d+)/m;
	note "$many bodies of which 5 MiB have come: $kb kB resident, of which ", held(), ' bytes count';
	cmp_ok($kb, '<', 120 * 1024, "of $many bodies of which 5 MiB have come no more is kept");
	cmp_ok(held(), '<=', 32 * $mib, 'than there is room for');
	cmp_ok(held(), '>=', 8 * $mib - $free, 'and not all are refused');
	close $_->{socket} for @calls;
}
becomes(sub { held() }, 0, 'in the end nothing is held');
is(stop_gateway($gateway), 0, 'the gateway ends well');

# what is not carried out in time

$ingress = start_ingress($node, '--request-bodies=32', '--request-timeout=3');
$gateway = $ingress->{gateway};
lock_invocations();
@calls = map { begin_long($echo, 9 * $mib, 9 * $mib) } 1 .. 2;
like(short(read_answer($_->{socket})), qr/^503 1 (?!.*bodies of other)/, 'a call has had room, and its time is over') for @calls;
becomes(sub { held() }, 0, 'what they had is given back');
sql($sql, 'COMMIT');
is(short(end_call(begin_long($echo, 9 * $mib, $mib))), '202 -', 'so that others are served');
is(stop_gateway($gateway), 0, 'the gateway ends well');
done_testing();
