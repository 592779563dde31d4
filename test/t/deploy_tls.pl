# The gateway's client for deployments in TLS: what is agreed on, and whose certificates
# are good.
use strict;
use warnings;

use DeployClient;
use PostgreSQL::Test::Utils;
use RestateCertificates;
use Test::More;

my $dir = make_certificates();
my ($plain, undef, $silent, undef, $h2, $h1, $either, $untold, $asks, $old, $expired, $other, $self, $closes) = start_peer($dir);

# Makes calls to a port of this machine in TLS.
sub secure_calls
{
	my ($port, $http, $calls, $host, $ca) = @_;

	return calls('https://' . ($host // 'localhost') . ":$port/base", $http, $calls, 1000, undef, $ca // "$dir/ca.pem");
}

# What is agreed on
for ([ $h2, 'h2', 'HTTP/2' ], [ $h2, 'any', 'HTTP/2, by choice' ], [ $h1, 'h1', 'HTTP/1.1' ], [ $h1, 'any', 'HTTP/1.1, by choice' ], [ $either, 'h1', 'HTTP/1.1, of two' ],
	[ $either, 'any', 'HTTP/2, of two' ], [ $untold, 'any', 'HTTP/1.1, without ALPN' ], [ $untold, 'h1', 'HTTP/1.1, asked for without ALPN' ])
{
	my ($port, $http, $name) = @$_;
	my $told = secure_calls($port, $http, [ 'get GET /get?size=1000 1000 1 f', 'large GET /get?size=1000001 1000 1 f', 'hang GET /hang 10 1 fl', 'reset GET /reset 10 1 f' ]);
	is($told->{get}, 'complete 200 1000 text/get x/y 1 ', "$name: a request and its answer");
	is($told->{large}, 'too-large 200 0 text/get x/y 1 the answer is too large', "$name: one that is too large");
	is($told->{hang}, 'late 0 0 - - there was no answer in time', "$name: no answer");
	like($told->{reset}, qr/^broken 0 0 - - (the stream was reset: INTERNAL_ERROR|the connection was closed.*|Connection reset by peer)$/, "$name: a reset");
	$told = secure_calls($port, $http, [ 'cut GET /cut?size=50 200 1 f' ]);
	like($told->{cut}, qr/^broken 200 50 - - (the connection was closed.*|the stream was reset: .*)$/, "$name: the connection ends in the answer");
	$told = secure_calls($port, $http, [ 'echo POST /echo 3000000 3000000 -', 'piecewise POST /echo 100000 1000 h', 'late POST /late-echo 3000000 3000000 -',
		'left POST /echo 1000000 1000000 r', 'slow POST /echo 1000000 1000000 s' ]);
	is($told->{$_->[0]}, "complete 200 $_->[1] equal", "$name: $_->[0]") for [ 'echo', 3000000 ], [ 'piecewise', 100000 ], [ 'late', 3000000 ], [ 'slow', 1000000 ];
	like($told->{left}, qr/^reset 200/, "$name: one that nobody waits for");
}
my $told = secure_calls($h2, 'h2', [ (map { "c$_ POST /echo 20000 2000 h" } 1 .. 200) ]);
is(scalar(grep { $_ eq 'complete 200 20000 equal' } values %$told), 200, 'many streams over one connection');
$told = secure_calls($h2, 'h2', [ 'ip GET /get?size=10 10 1 f' ], '127.0.0.1');
is($told->{ip}, 'complete 200 10 text/get x/y 1 ', 'an address that the certificate is for');

# Another way of HTTP than the one that is asked for
$told = secure_calls($h1, 'h2', [ 'a GET /get 100 1 f' ]);
like($told->{a}, qr/^(not-http2 0 0 - - it does not agree on HTTP\/2 in TLS|unreachable 0 0 - - the TLS handshake has failed: .*no application protocol)$/, 'HTTP/2 of what speaks HTTP/1.1');
$told = secure_calls($h2, 'h1', [ 'a GET /get 100 1 f' ]);
unlike($told->{a}, qr/^complete/, 'HTTP/1.1 of what speaks HTTP/2');
$told = secure_calls($untold, 'h2', [ 'a GET /get 100 1 f' ]);
is($told->{a}, 'not-http2 0 0 - - it does not agree on HTTP/2 in TLS', 'HTTP/2 without ALPN');

# Certificates that are not good: nothing is sent
my $name = 'unreachable 0 0 - - the certificate of';
for my $http (qw(h2 any))
{
	is(secure_calls($expired, $http, ['a GET /get 100 1 f'])->{a}, "$name localhost is not accepted: certificate has expired", "expired: $http");
	is(secure_calls($other, $http, ['a GET /get 100 1 f'])->{a}, "$name localhost is not accepted: hostname mismatch", "of another host: $http");
	is(secure_calls($self, $http, ['a GET /get 100 1 f'])->{a}, "$name localhost is not accepted: self-signed certificate", "signed by itself: $http");
}
is(secure_calls($other, 'h2', ['a GET /get 100 1 f'], '127.0.0.1')->{a}, "$name 127.0.0.1 is not accepted: IP address mismatch", 'of another address');
is(secure_calls($self, 'h2', [ 'a GET /get?size=10 100 1 f' ], 'localhost', "$dir/self.pem")->{a}, 'complete 200 10 text/get x/y 1 ', 'one that is trusted itself');
like(calls("https://localhost:$h2/base", 'h2', [ 'a GET /get 100 1 f', 'b POST /echo 10 10 -' ])->{a}, qr/^$name localhost is not accepted: (unable to get local issuer certificate|self-signed certificate in certificate chain)$/, 'of whom the system knows nothing');

# Handshakes that come to nothing
is(secure_calls($closes, 'h2', ['a GET /get 100 1 f'])->{a}, 'unreachable 0 0 - - the connection was closed in the TLS handshake', 'it closes');
$ENV{CONNECT_MS} = 2000;
is(secure_calls($silent, 'any', ['b POST /echo 10 10 -'])->{b}, 'unreachable: the TLS handshake was not done in time 0 0 equal', 'it never answers');
delete $ENV{CONNECT_MS};
like(secure_calls($old, 'h2', ['a GET /get 100 1 f'])->{a}, qr/^unreachable 0 0 - - the TLS handshake has failed: ./, 'it knows old versions alone');
like(secure_calls($asks, 'h2', ['a GET /get 100 1 f'])->{a}, qr/^broken 0 0 - - (TLS has failed: .*certificate|the connection was closed|Connection reset)/, 'it asks for a certificate');
like(secure_calls($plain, 'any', ['a GET /get 100 1 f'])->{a}, qr/^unreachable 0 0 - - the (TLS handshake has failed: .|connection was closed in the TLS handshake)/, 'it knows no TLS');
is(secure_calls($h2, 'h2', [], 'localhost', '/nonexistent')->{'refused:'} // '', 'No such file or directory', 'certificates that are not there');

done_testing();
