# The recorded exchanges with the Admin API, replayed on tables that Citus distributes over two
# workers: http_conformance.pl, with a gateway on the coordinator.
use strict;
use warnings;
use RestateCitus;

run_on_citus('t/http_conformance');
