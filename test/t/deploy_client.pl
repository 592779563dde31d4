# The gateway's client for deployments, alone: what it says of the servers that it meets.
use strict;
use warnings;

use DeployClient;
use IO::Socket::INET;
use Test::More;

my ($h2, $h1, $silent, $garbage) = start_peer();

# Calls that go well, in both ways of HTTP
for (["HTTP/2", $h2, 'h2'], ['HTTP/1.1', $h1, 'h1'])
{
	my ($name, $port, $http) = @$_;
	my $is_h2 = $http eq 'h2';
	my $told = calls($port, $http, [
		'get GET /get?size=1000 1000 1 f', 'empty GET /get 1000 1 f', 'large GET /get?size=1001 1000 1 f', 'status GET /status 10 1 f',
		'hang GET /hang 10 1 fl', 'reset GET /reset 10 1 f', 'missing GET /nothing 10 1 f' ]);
	is($told->{get}, 'complete 200 1000 text/get x/y 1 ', "$name: a request and its answer");
	is($told->{empty}, 'complete 200 0 text/get x/y 1 ', "$name: an answer without a body");
	is($told->{large}, 'too-large 200 0 text/get x/y 1 the answer is too large', "$name: one that is too large");
	is($told->{status}, 'complete 415 0 - - ', "$name: another status");
	is($told->{missing}, 'complete 404 0 - - ', "$name: one more");
	is($told->{hang}, 'late 0 0 - - there was no answer in time', "$name: no answer");
	is($told->{reset}, 'broken 0 0 - - ' . ($is_h2 ? 'the stream was reset: INTERNAL_ERROR' : 'Connection reset by peer'), "$name: a reset");
	$told = calls($port, $http, [ 'cut GET /cut?size=50 200 1 f' ]);
	like($told->{cut}, qr/^broken 200 50 - - the (connection was closed( within the answer)?|stream was reset: .*)$/, "$name: the connection ends in the answer");
	$told = calls($port, $http, [ 'echo POST /echo 3000000 3000000 -', 'piecewise POST /echo 100000 1000 h', 'late POST /late-echo 3000000 3000000 -',
		'left POST /echo 1000000 1000000 r', 'slow POST /echo 1000000 1000000 s' ]);
	is($told->{echo}, 'complete 200 3000000 equal', "$name: much goes both ways at once");
	is($told->{piecewise}, 'complete 200 100000 equal', "$name: each piece when the one before has come back");
	is($told->{late}, 'complete 200 3000000 equal', "$name: all before the answer");
	like($told->{left}, qr/^reset 200/, "$name: one that nobody waits for");
	is($told->{slow}, 'complete 200 1000000 equal', "$name: one that is not taken at once");
}

# Many at once
my $told = calls($h2, 'h2', [ (map { "c$_ POST /echo 20000 2000 h" } 1 .. 200), 'count GET /connections 1000 1 f' ]);
is(scalar(grep { $_ eq 'complete 200 20000 equal' } values %$told), 200, 'many streams over one connection');
$told = calls($h2, 'h2', [ map { "c$_ POST /echo 20000 2000 h" } 1 .. 50 ], 3);
is(scalar(grep { $_ eq 'complete 200 20000 equal' } values %$told), 50, 'a few at a time, and all in the end');
$told = calls($h1, 'h1', [ map { "c$_ POST /echo 20000 2000 h" } 1 .. 50 ], 3);
is(scalar(grep { $_ eq 'complete 200 20000 equal' } values %$told), 50, 'so over connections of HTTP/1.1');

# By name
$told = calls($h2, 'h2', [ 'a GET /get?size=10 100 1 f' ], 10, 'localhost');
is($told->{a}, 'complete 200 10 text/get x/y 1 ', 'a host by its name');
$told = calls(80, 'h2', [ 'a GET /get 100 1 f' ], 10, 'nowhere.invalid');
like($told->{a}, qr/^unreachable 0 0 - - the name nowhere\.invalid is not found: ./, 'one that there is not');

# What is not there, or another thing
my $closed = IO::Socket::INET->new(LocalAddr => '127.0.0.1', Proto => 'tcp') or die "no free port: $!";
my $port = $closed->sockport;
for my $http (qw(h1 h2))
{
	$told = calls($port, $http, [ 'a GET /get 100 1 f', 'b POST /echo 10 10 -' ]);
	is($told->{a}, "unreachable 0 0 - - cannot connect to 127.0.0.1 port $port: Connection refused", "nothing listens: $http");
	is($told->{b}, "unreachable: cannot connect to 127.0.0.1 port $port: Connection refused 0 0 equal", "nor for a stream: $http");
}
$told = calls($h1, 'h2', [ 'a GET /get 100 1 f' ]);
like($told->{a}, qr/^not-http2 0 0 - - (it answers in HTTP\/1.1, not in HTTP\/2|the connection was closed without an answer in HTTP\/2.*)$/, 'HTTP/2 to what speaks HTTP/1.1');
$told = calls($h2, 'h1', [ 'a GET /get 100 1 f' ]);
like($told->{a}, qr/^(malformed|broken) 0 0 - - ./, 'HTTP/1.1 to what speaks HTTP/2');
$told = calls($garbage, 'h2', [ 'a GET /get 100 1 f' ]);
like($told->{a}, qr/^not-http2 0 0 - - ./, 'HTTP/2 to what speaks neither');
$told = calls($garbage, 'h1', [ 'a GET /get 100 1 f' ]);
is($told->{a}, 'malformed 0 0 - - what comes is no HTTP/1.1', 'so HTTP/1.1');
for my $http (qw(h1 h2))
{
	$told = calls($silent, $http, [ 'a GET /get 100 1 fl' ]);
	is($told->{a}, 'late 0 0 - - there was no answer in time', "nothing is said: $http");
}

# URIs
for ([ 'ftp://x', 'the URI must begin with http:// or https://' ], [ 'http://', 'the URI must have a host' ], [ 'https:///a', 'the URI must have a host' ],
	[ 'http://a:b/', 'the port in the URI is no number from 1 to 65535' ], [ 'http://a:70000/', 'the port in the URI is no number from 1 to 65535' ],
	[ 'http://[::1', 'the URI has no ] behind the address' ], [ 'http://me@a/', 'the URI must not have a user in it' ], [ 'http://a/?b', 'the URI must have neither a query nor a fragment' ])
{
	is(calls($_->[0], 'h2', [])->{'refused:'}, $_->[1], "refused: $_->[0]");
}

done_testing();
