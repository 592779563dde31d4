# The recorded requests to the ingress, replayed on tables that Citus distributes over two
# workers: ingress_conformance.pl, with a gateway on the coordinator.
use strict;
use warnings;
use RestateCitus;

run_on_citus('t/ingress_conformance');
