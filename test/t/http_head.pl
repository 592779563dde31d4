# The head of a request: what is refused before anything else is looked at, and
# how often it is answered; hosts, origins and where the gateway listens.
use strict;
use warnings;
use IO::Socket::UNIX;
use IPC::Run ();
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use RestateGateway;
use RestateNode;
use Socket ();
use Test::More;

my $node = new_node('http_head', 'log_statement = none');
grant_roles($node);
load_example($node);
my $digest = digest($node);
my $gateway = start_gateway($node);
my $dir = PostgreSQL::Test::Utils::tempdir_short();
my $batch = '/internal/invocations_batch_operations';
my $unknown = inv('unknown');

# Sends bytes and returns the statuses of all that comes back until the other
# end closes, and the category of the last.
sub statuses
{
	my ($bytes, $at) = @_;
	my $socket = open_connection($at // $gateway);
	my $all = '';

	send_bytes($socket, $bytes);
	while (IO::Select->new($socket)->can_read($RestateGateway::patience) && sysread $socket, my $part, 65536)
	{
		$all .= $part;
	}
	close $socket;
	my ($category) = $all =~ /"restate_code":"(\w+)"\}\z/;
	return join ' ', $all =~ m{^HTTP/1\.1 (\d+)}mg, $category // ();
}

my $head = "Host: localhost\r\nConnection: close\r\n";
my $json = "Content-Type: application/json\r\n";
my $after = "GET /version HTTP/1.1\r\n$head\r\n";

for my $case (
	[ 'a head as it should be', "GET /version HTTP/1.1\r\n$head\r\n", '200' ],
	[ 'blanks around values', "GET /version HTTP/1.1\r\nHost: \t localhost \t\r\nX:\r\nConnection:close\r\n\r\n", '200' ],
	[ 'empty lines before it', "\r\n\r\nGET /version HTTP/1.1\r\n$head\r\n", '200' ],
	[ 'a query in the target', "GET /version?a=b&c&=d&%00 HTTP/1.1\r\n$head\r\n", '200' ],
	[ 'many headers', "GET /version HTTP/1.1\r\n" . join('', map { "X-$_: y\r\n" } 1 .. 200) . "$head\r\n", '200' ],
	[ 'cookies', "GET /version HTTP/1.1\r\nCookie: a=b; c=\"d\"; e\r\n$head\r\n", '200' ],
	[ 'lines that end in LF', "GET /version HTTP/1.1\nHost: localhost\nConnection: close\n\n$after", '400 invalid_request' ],
	[ 'a request line that ends in LF', "GET /version HTTP/1.1\n$head\r\n$after", '400 invalid_request' ],
	[ 'a header that ends in LF', "GET /version HTTP/1.1\r\nX: y\n$head\r\n$after", '400 invalid_request' ],
	[ 'a last header that ends in LF', "GET /version HTTP/1.1\r\n${head}X: y\n\r\n$after", '400 invalid_request' ],
	[ 'an empty line that ends in LF', "GET /version HTTP/1.1\r\n$head\n$after", '400 invalid_request' ],
	[ 'a CR in a value', "GET /version HTTP/1.1\r\nX: a\rb\r\n$head\r\n$after", '400 invalid_request' ],
	[ 'a NUL in a value', "GET /version HTTP/1.1\r\nX: a\0b\r\n$head\r\n$after", '400 invalid_request' ],
	[ 'a NUL at the end of a value', "GET /version HTTP/1.1\r\nX: a\0\r\n$head\r\n$after", '400 invalid_request' ],
	[ 'NULs that hide a header', "GET /version HTTP/1.1\r\nX: a\0\0Y: b\r\n$head\r\n$after", '400 invalid_request' ],
	[ 'a NUL in the target', "GET /version?\0 HTTP/1.1\r\n$head\r\n$after", '400 invalid_request' ],
	[ 'a NUL in the path', "PATCH /invocations/$unknown\0/kill HTTP/1.1\r\n$head\r\n$after", '400 invalid_request' ],
	[ 'a folded header', "GET /version HTTP/1.1\r\nX: a\r\n b\r\n$head\r\n$after", '400 invalid_request' ],
	[ 'no host', "GET /version HTTP/1.1\r\nConnection: close\r\n\r\n$after", '400 invalid_request' ],
	[ 'no host in HTTP/1.0', "GET /version HTTP/1.0\r\n\r\n", '200' ],
	[ 'two hosts', "GET /version HTTP/1.1\r\nHost: localhost\r\n$head\r\n$after", '400 invalid_request' ],
	[ 'as long a target as may be', 'GET /services/' . 'a' x (65534 - 10) . " HTTP/1.1\r\n$head\r\n", '404 service_not_found' ],
	[ 'one that is longer', 'GET /services/' . 'a' x (65535 - 10) . " HTTP/1.1\r\n$head\r\n", '414 target_too_long' ],
	[ 'one of 70 KB', 'GET /services/' . 'a' x 70_000 . " HTTP/1.1\r\n$head\r\n", '414 target_too_long' ],
	# bodies
	[ 'a sign to send a body', "POST $batch/kill HTTP/1.1\r\n$head${json}Expect: 100-continue\r\nContent-Length: 21\r\n\r\n{\"invocation_ids\":[]}", '100 200' ],
	[ 'none for one of another type', "POST $batch/kill HTTP/1.1\r\n${head}Content-Type: text/plain\r\nExpect: 100-continue\r\nContent-Length: 21\r\n\r\n", '415 unsupported_media_type' ],
	[ 'none for one that is too large', "POST $batch/kill HTTP/1.1\r\n$head${json}Expect: 100-continue\r\nContent-Length: 99999999\r\n\r\n", '413 body_too_large' ],
	[ 'none where nothing is served', "POST /nothing HTTP/1.1\r\n${head}Expect: 100-continue\r\nContent-Length: 21\r\n\r\n", '404 route_not_found' ],
	[ 'none for another method', "PUT /query HTTP/1.1\r\n${head}Expect: 100-continue\r\nContent-Length: 21\r\n\r\n", '405 method_not_allowed' ],
	[ 'a gzip body', "POST $batch/kill HTTP/1.1\r\n$head${json}Content-Encoding: gzip\r\nContent-Length: 21\r\n\r\n{\"invocation_ids\":[]}", '415 unsupported_media_type' ],
	[ 'a body that is not encoded', "POST $batch/kill HTTP/1.1\r\n$head${json}Content-Encoding: identity\r\nContent-Length: 21\r\n\r\n{\"invocation_ids\":[]}", '200' ])
{
	my ($what, $bytes, $want) = @$case;

	is(statuses($bytes), $want, "$what: $want");
}

# hosts and origins, without a token

sub asked
{
	my ($host, $origin, $at) = @_;

	return statuses("GET /version HTTP/1.1\r\nHost: $host\r\nConnection: close\r\n" . (defined $origin ? "Origin: $origin\r\n" : '') . "\r\n", $at);
}

my $plain = start_gateway($node, '--host=admin.example,other.example');
is(asked($_, undef, $plain), '200', "host $_ is served")
  for 'localhost', 'LOCALHOST:1', '127.0.0.1', "127.0.0.1:$plain->{port}", '127.8.9.10', '[::1]', '[::1]:9070', 'admin.example', 'Other.Example:80';
is(asked($_, undef, $plain), '421 wrong_host', "host '$_' is not")
  for 'evil.example', 'localhost.evil.example', '127.0.0.1.evil.example', 'evil.example:9070', 'xlocalhost', '', ':9070', 'localhost:x',
  '[::1', '1.example', 'admin.example.', 'evil.example:127.0.0.1';
is(statuses("GET http://evil.example/version HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n", $plain), '421 wrong_host', 'nor one in the target');
is(asked('localhost:9070', $_, $plain), '403 foreign_origin', "origin $_ is not served")
  for 'http://evil.example', 'null', '', 'http://localhost', 'http://localhost:3000', 'http://127.0.0.1:9070', 'https://admin.example.evil.example';
is(asked('localhost:9070', $_, $plain), '200', "origin $_ is") for 'http://localhost:9070', 'HTTP://LOCALHOST:9070', 'https://admin.example';
is(statuses("PATCH /invocations/" . inv('running') . "/kill HTTP/1.1\r\nHost: evil.example\r\nConnection: close\r\n\r\n", $plain), '421 wrong_host', 'no operation is run for a page of a name that points here');
is(statuses("GET /health HTTP/1.1\r\nHost: evil.example\r\nConnection: close\r\n\r\n", $plain), '421 wrong_host', 'nor its health told');

append_to_file("$dir/token", "a-token-that-nobody-guesses\n");
my $guarded = start_gateway($node, "--token-file=$dir/token");
is(statuses("GET /version HTTP/1.1\r\nHost: evil.example\r\nOrigin: http://evil.example\r\nAuthorization: Bearer a-token-that-nobody-guesses\r\nConnection: close\r\n\r\n", $guarded),
	'200', 'who knows the token may come from anywhere');

# where it listens

is(stop_gateway($_), 0, 'the gateway ends well') for $gateway, $plain, $guarded;
my $log = "$dir/log";
my $database = 'host=' . $node->host . ' port=' . $node->port . ' dbname=postgres user=gateway';
my $notify = IO::Socket::UNIX->new(Type => Socket::SOCK_DGRAM(), Local => "$dir/notify") or die "no socket: $!";

sub run_at
{
	my ($listen) = @_;
	my $pid = fork // die $!;

	if ($pid == 0)
	{
		open STDERR, '>', $log or POSIX::_exit(9);
		$ENV{NOTIFY_SOCKET} = "$dir/notify";
		exec $RestateGateway::program, "--listen=$listen", "--db=$database", '--request-timeout=7' or POSIX::_exit(9);
	}
	my $message = '';
	recv $notify, $message, 200, 0 if IO::Select->new($notify)->can_read($RestateGateway::patience);
	is($message, 'READY=1', "listening at $listen it says when it is ready");
	return $pid;
}

sub ended
{
	my ($pid) = @_;
	my $message = '';

	kill 'TERM', $pid;
	recv $notify, $message, 200, 0 if IO::Select->new($notify)->can_read($RestateGateway::patience);
	like($message, qr/^STOPPING=1\nEXTEND_TIMEOUT_USEC=(?:[89]|1\d)000000$/, 'and how long its end may take: longer than a request');
	waitpid $pid, 0;
	return $?;
}

my $pid = run_at('127.0.0.1:0');
my ($port) = slurp_file($log) =~ /event=started .*listen=127\.0\.0\.1:(\d+)/;
ok($port, 'port 0 is one that is free, and the log says which');
is(statuses("GET /version HTTP/1.1\r\n$head\r\n", { port => $port }), '200', 'where it is served');
my $taken = '';
IPC::Run::run([ $RestateGateway::program, "--listen=127.0.0.1:$port" ], '2>', \$taken);
is($? >> 8, 1, 'another gateway does not start there');
like($taken, qr/event=start_failed .*listen=127\.0\.0\.1:$port reason="Address already in use"/, 'and says why');
is(ended($pid), 0, 'it ends well');

for my $time ('new', 'left by a gateway that was killed')
{
	$pid = run_at("$dir/socket");
	my $socket = IO::Socket::UNIX->new(Peer => "$dir/socket") or die "cannot connect: $!";
	send_bytes($socket, "GET /version HTTP/1.1\r\n$head\r\n");
	is((read_answer($socket, 'GET') // {})->{status}, 200, "a socket in the file system, $time, is served");
	is((stat "$dir/socket")[2] & 0777, 0660, 'for user and group alone');
	next if $time ne 'new';
	kill 'KILL', $pid;
	waitpid $pid, 0;
}
is(ended($pid), 0, 'its gateway ends well');
ok(!-e "$dir/socket", 'and removes it');
is(digest($node), $digest, 'nothing has changed in the tables');
done_testing();
