# kill -9 of the server, of all its processes and of single ones at random
# moments while eight clients call every operation: each call happened wholly
# or not at all, each acknowledged one happened, every invariant holds, and a
# restart that is called again with its request id is not made twice.
# ROUNDS says how often.
use strict;
use warnings;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
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

# Returns the processes of the server below its postmaster, with their titles.
sub processes
{
	my ($postmaster) = @_;
	my %titles;

	for my $line (split /\n/, `ps -o pid=,args= --ppid $postmaster`)
	{
		my ($pid, $title) = $line =~ /^\s*(\d+)\s+(.*)$/ or next;
		$titles{$pid} = $title;
	}
	return %titles;
}

# Makes commits wait for a standby that there is not, so that calls have
# happened and are not answered, and returns when some wait.
sub hold_answers
{
	$node->append_conf('postgresql.conf', "synchronous_standby_names = 'nobody'");
	$node->reload;
	$node->poll_query_until('postgres', "SELECT count(*) > 0 FROM pg_stat_activity WHERE wait_event = 'SyncRep'")
	  or die 'commits do not wait';
	sleep 0.3;
	return;
}

# Kills as the round wants it, and returns when the server is up again.
sub kill_and_recover
{
	my ($kind) = @_;

	hold_answers() if $kind eq 'unanswered';
	my $data = $node->data_dir;
	my ($postmaster) = slurp_file("$data/postmaster.pid") =~ /^(\d+)/;
	my %titles = processes($postmaster);
	my @backends = sort grep { $titles{$_} =~ /\[local\]/ } keys %titles;
	my @others = sort grep { $titles{$_} !~ /\[local\]/ } keys %titles;

	if ($kind eq 'backend' || $kind eq 'auxiliary')
	{
		my @among = $kind eq 'backend' ? @backends : @others;
		my $pid = $among[ rand @among ] or die "nothing to kill: " . join ', ', values %titles;

		kill 'KILL', $pid;
		# the server starts anew by itself: wait for the last of the old processes
		my $end = time + 60;
		sleep 0.02 while time < $end && kill 0, @backends;
		$node->poll_query_until('postgres', 'SELECT true') or die 'the server does not recover';
		return;
	}
	kill 'KILL', $postmaster, ($kind eq 'postmaster' ? () : keys %titles);
	# it can start once the last of the old processes is gone
	for (1 .. 1200)
	{
		last unless kill 0, $postmaster, keys %titles;
		sleep 0.05;
	}
	$node->{_pid} = undef;
	$node->adjust_conf('postgresql.conf', 'synchronous_standby_names', undef) if $kind eq 'unanswered';
	$node->start(fail_ok => 1) or do { sleep 1; $node->start };
	return;
}

my ($calls_again, $made_before) = (0, 0);
for my $round (1 .. $rounds)
{
	@left = @kinds unless @left;
	my $kind = splice @left, rand @left, 1;
	my $clients = start_clients($load, 8, 60);

	sleep 0.3 + rand() * 0.9;
	kill_and_recover($kind);
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
cmp_ok($load->{acknowledged}, '>=', 100 * $rounds, 'and enough were not');
test_every_effect($node);
done_testing();
