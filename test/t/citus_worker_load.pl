# Workers under load, as worker_load.pl has them, on tables that Citus distributes over two
# workers: the connections are to all three nodes.
use strict;
use warnings;
use RestateCitus;

run_on_citus('t/worker_load');
