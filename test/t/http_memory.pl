# What a gateway keeps of connections that are open and idle: little, however
# many there are and whatever their requests were.
use strict;
use warnings;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use RestateGateway;
use RestateNode;
use Test::More;

my $count = 2000;
my $each = 500;
my $most_kept = 512;
my ($files) = `sh -c 'ulimit -Hn'` =~ /(\d+|unlimited)/;
plan skip_all => 'memory below valgrind is not that of the gateway' if $ENV{VALGRIND};
plan skip_all => "only $files files may be open" if $files ne 'unlimited' && $files < $count + 2000;

my $node = new_node('http_memory', 'log_statement = none');
grant_roles($node);
load_example($node);
my $digest = digest($node);
my $gateway = start_gateway($node);
my $unknown = inv('unknown');
my $query = '{"query":"SELECT 1 AS n"}';
my $head = "Host: gateway\r\n";
my @requests = (
	[ "GET /version HTTP/1.1\r\n$head\r\n", 200 ],
	[ "PATCH /invocations/$unknown/kill HTTP/1.1\r\n$head\r\n", 404 ],
	[ "POST /query HTTP/1.1\r\n${head}Content-Type: application/json\r\nAccept: application/json\r\nContent-Length: " . length($query) . "\r\n\r\n$query", 200, '{"rows":[{"n":1}]}' ],
	[ 'GET /services/' . 'a' x 60_000 . " HTTP/1.1\r\n$head\r\n", 404 ],
	[ "GET /version HTTP/1.1\r\n$head" . "X: y\r\n" x 500 . "\r\n", 200 ],
	# after empty lines
	[ "\r\n" x 2048 . "GET /version HTTP/1.1\r\n$head\r\n", 200 ],
	[ "\r\n" x 20_480 . "GET /version HTTP/1.1\r\n$head\r\n", 200 ]);

sub resident
{
	my ($kb) = slurp_file("/proc/$gateway->{pid}/status") =~ /^VmRSS:\s+(\d+)/m;

	return $kb;
}

# Starts a client that makes a request on each of its connections whenever it is
# told to, and then says how many answers were as they should be.
sub start_client
{
	my ($mine) = @_;
	pipe(my $orders, my $boss) or die $!;
	pipe(my $reports, my $client) or die $!;
	my $pid = fork // die $!;

	if ($pid)
	{
		$boss->autoflush(1);
		return { pid => $pid, boss => $boss, reports => $reports };
	}
	close $boss;
	$client->autoflush(1);
	my @sockets;
	my $made = 0;
	while (readline $orders)
	{
		my $good = 0;
		for my $i (0 .. $mine - 1)
		{
			my $request = $requests[ $made++ % @requests ];
			my $answer;
			# where this takes long, the gateway has shut one that was idle for 30 seconds
			for (1, 2)
			{
				$sockets[$i] //= open_connection($gateway) or last;
				send_bytes($sockets[$i], $request->[0]);
				last if $answer = read_answer($sockets[$i]);
				undef $sockets[$i];
			}
			next unless $answer;
			$good++ if $answer->{status} == $request->[1] && $answer->{body} eq ($request->[2] // $answer->{body});
		}
		print {$client} "$good\n";
	}
	POSIX::_exit(0);
}

# what the gateway takes for itself, and for the first of its requests
request($gateway, 'GET', '/version') for 1 .. 3;
json_request($gateway, 'POST', '/query', $query) for 1 .. 20;
my $before = resident();
my @clients = map { start_client($each) } 1 .. $count / $each;

for my $round (1, 2)
{
	print { $_->{boss} } "go\n" for @clients;
	my $good = 0;
	$good += readline $_->{reports} for @clients;
	is($good, $count, "round $round: each of $count connections has its answer");
	my $kb = resident() - $before;
	note sprintf '%d idle connections take %d kB', $count, $kb;
	cmp_ok($kb, '<', $most_kept * 96 + $count * 8, "round $round: together they take less than 8 kB each, but for the last $most_kept");
}
close $_->{boss} for @clients;
waitpid $_->{pid}, 0 for @clients;
is(digest($node), $digest, 'nothing has changed in the tables');
is(stop_gateway($gateway), 0, 'the gateway ends well');
done_testing();
