# Nodes of a Citus cluster are killed while invocations run: workers.pl, with the tables
# distributed over two workers and connections to all three nodes.
use strict;
use warnings;
use RestateCitus;

run_on_citus('faults/workers');
