# Eight clients call every operation on fifty invocations that share object
# keys and call each other, while they are executed: no deadlock, no effect
# lost or made twice, every invariant held.  HOT_SECONDS says for how long.
use strict;
use warnings;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use RestateLoad;
use RestateNode;
use Test::More;
use Time::HiRes qw(sleep time);

my $seconds = $ENV{HOT_SECONDS} || 60;
my $node = new_node('hot', "max_connections = 30\ndeadlock_timeout = 100ms\nlog_statement = none");
my $load = new_load($node, seed => load_seed(), hold => 0.4);

my $start = time;
my $clients = start_clients($load, 8, $seconds);
my $watched = 0;
my @broken;
while (time < $start + $seconds)
{
	sleep 3;
	push @broken, $node->safe_psql('postgres', $RestateLoad::verify);
	$watched++;
}
stop_clients($clients);
my $took = time - $start;
is(join('', @broken), '', "every invariant holds, each of $watched times while it went on");

my @problems = account($load, $clients);
is(join("\n", @problems[ 0 .. ($#problems < 20 ? $#problems : 20) ]), '', 'all that was acknowledged happened, once, and nothing else');

my %by_state = %{ $load->{by_state} };
diag(sprintf 'in %d s: %d calls, %.0f/s, with %d effects, %d to be run again (40001); %s', $took, $load->{acknowledged},
	$load->{acknowledged} / $took, $load->{effects}, $by_state{40001} // 0, join ', ', map { "$_: $by_state{$_}" } sort keys %by_state);
is($by_state{'40P01'} // 0, 0, 'no deadlock');
is(join(' ', grep { !/^(?:00000|rolled back|PT\d\d\d|40001)$/ } sort keys %by_state), '', 'no other error of the server');
cmp_ok($by_state{40001} // 0, '<=', $load->{acknowledged} / 100, 'an operation hardly ever has to be run again');
cmp_ok($load->{effects}, '>', 1000, 'enough was done');
my $log = slurp_file($node->logfile);
ok($log !~ /deadlock detected/, 'nor is there one in the log');
ok($log !~ /PANIC|TRAP|terminated by signal/, 'nor a crash');
test_every_effect($node);

done_testing();
