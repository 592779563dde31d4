# kill -9 of the server, of all its processes and of single ones at random moments,
# and a restart in between, while eight connections run invocations and do all else
# that is called about them (test/lib/WorkerLoad.pm).  After each the tables are
# sound; at the end what is in flight is run to its end, and all that has happened
# adds up: what was committed is there, each step was taken once.  ROUNDS says how
# often.  Where it is run ON_CITUS, by citus_workers.pl, it is a node that is killed, or all.
use strict;
use warnings;
use PostgreSQL::Test::Cluster;
use RestateCitus;
use RestateCrash;
use RestateLoad qw(load_seed);
use RestateNode;
use Test::More;
use Time::HiRes qw(sleep);
use WorkerLoad;

my $rounds = $ENV{ROUNDS} || 10;
my $seed = load_seed();
srand($seed);
# the test nodes are made to stay down after a crash
my $node = new_node('workers', "max_connections = 100\nrestart_after_crash = on\ndeadlock_timeout = 200ms\nlog_statement = none\nlog_min_messages = error\n",
	allows_streaming => 1);
my $load = new_worker_load($node, seed => $seed, crashes => 1);
my @kinds = qw(postmaster everything backend auxiliary unanswered restart);
my @left;

for my $round (1 .. $rounds)
{
	@left = @kinds unless @left;
	my $kind = splice @left, rand @left, 1;
	my $clients = start_workers($load, 8, 60);

	sleep 1 + rand() * 1.5;
	for my $struck (some_of(nodes_of($node)))
	{
		diag("round $round: $kind of " . $struck->name);
		$kind eq 'restart' ? $struck->restart : kill_and_recover($struck, $kind);
	}
	# they go on where they were
	sleep 0.5;
	stop_workers($clients, 1);
	settle(nodes_of($node));
	still_well($load, "after round $round, $kind") or last;
}
run_to_the_end($load);
test_worker_load($load);
done_testing();
