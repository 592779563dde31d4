# Workers under load: eight connections call all that is called about invocations
# which run, at random, while workers die, replies are lost and clocks jump
# (test/lib/WorkerLoad.pm); then what has happened must add up.  SEED, which is
# printed, makes the same choices again; LOAD_SECONDS is how long.
use strict;
use warnings;
use PostgreSQL::Test::Cluster;
use RestateLoad qw(load_seed);
use RestateNode;
use Test::More;
use WorkerLoad;

my $node = new_node('main', "deadlock_timeout = 200ms\nlog_min_messages = error\n");
my $load = new_worker_load($node, seed => load_seed());

stop_workers(start_workers($load, 8, $ENV{LOAD_SECONDS} || 20));
still_well($load, 'when the load has ended');
run_to_the_end($load);
test_worker_load($load);
done_testing();
