# kill -9 of the server, of all its processes and of single ones at random
# moments while eight clients call every operation: each call happened wholly
# or not at all, each acknowledged one happened, every invariant holds, and a
# restart that is called again with its request id is not made twice.
# ROUNDS says how often.
use strict;
use warnings;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use RestateCrash;
use RestateLoad;
use RestateNode;
use Test::More;
use Time::HiRes qw(sleep time);

my $rounds = $ENV{ROUNDS} || 30;
my $seed = load_seed();
srand($seed);
# the test nodes are made to stay down after a crash
my $node = new_node('kill', "max_connections = 40\nrestart_after_crash = on\nlog_statement = none", allows_streaming => 1);
my $load = new_load($node, seed => $seed, size => 150, keys => 12, batch => 30, runtime => 0.3, hold => 0.15, repeatable => 0.9,
	operations => [ ('restart_as_new') x 5 ]);
my @kinds = qw(postmaster everything backend auxiliary unanswered);
my @left;
my %killed;

my ($calls_again, $made_before) = (0, 0);
for my $round (1 .. $rounds)
{
	@left = @kinds unless @left;
	my $kind = splice @left, rand @left, 1;
	my $clients = start_clients($load, 8, 60);

	await_calls($clients, 5);
	sleep rand() * 0.9;
	kill_and_recover($node, $kind);
	stop_clients($clients, 1);
	$killed{$kind}++;
	my @problems = account($load, $clients);
	is(join("\n", @problems[ 0 .. ($#problems < 10 ? $#problems : 10) ]), '', "round $round, kill of $kind: all or nothing of each call, and what was acknowledged");

	# restarts that nobody answered, once more
	for my $call (lost_restarts($load))
	{
		my ($again, $before) = call_again($load, $call);
		is($again, '', "round $round: $call->{tag}, called again, restarts nothing twice");
		$calls_again++;
		$made_before += $before;
	}
	last if @problems;
}

diag(sprintf '%s; %d calls acknowledged, %d lost: %d of these had happened; %d of the lost restarts called again, %d of these had happened',
	join(', ', map { "$_: $killed{$_}" } sort keys %killed), $load->{acknowledged}, $load->{lost_done} + $load->{lost_undone},
	$load->{lost_done}, $calls_again, $made_before);
is(join(' ', grep { !/^(?:00000|rolled back|PT\d\d\d|40001|08...|57P0\d)$/ } sort keys %{ $load->{by_state} }), '', 'calls end well or with the connection');
is($load->{by_state}{'40P01'} // 0, 0, 'no deadlock');
cmp_ok($load->{lost_done} + $load->{lost_undone}, '>=', $rounds, 'calls were cut off');
cmp_ok($load->{lost_done}, '>=', $killed{unanswered} // 0, 'some of which had happened');
cmp_ok($load->{acknowledged}, '>=', 40 * $rounds, 'and enough were not');
test_every_effect($node);
done_testing();
