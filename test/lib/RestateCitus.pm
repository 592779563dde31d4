package RestateCitus;

# What the tests on Citus share: a coordinator and workers with both extensions,
# and what tells where a transaction went.

use strict;
use warnings;
use Exporter 'import';
use PostgreSQL::Test::Cluster;
use Test::More ();

our @EXPORT = qw(no_citus new_citus new_database every_node run_on_citus settle);

# Returns why there can be no test on Citus, or undef where there can.
sub no_citus
{
	my $config = $ENV{PG_CONFIG} || 'pg_config';
	chomp(my $share = `"$config" --sharedir`);

	return -e "$share/extension/citus.control" ? undef : 'Citus is not installed for this PostgreSQL';
}

# Starts a coordinator and as many workers, which know each other and have both
# extensions in database postgres, the tables as local ones.  Of the options, workers:
# how many; settings: of every server; init: options of it; name: what their names begin with.  Returns the
# coordinator and the workers.
sub new_citus
{
	my (%options) = @_;
	my @nodes;

	for my $number (0 .. ($options{workers} // 2))
	{
		my $node = PostgreSQL::Test::Cluster->new(($options{name} // 'citus') . ($number ? "_worker$number" : '_coordinator'));

		start_node($node, $options{settings}, %{ $options{init} // {} });
		push @nodes, $node;
	}
	join_nodes('postgres', @nodes);
	# the other nodes get it from there
	$nodes[0]->safe_psql('postgres', 'CREATE EXTENSION restate_admin');
	return @nodes;
}

# Starts a cluster with the tables distributed over its workers; returns the coordinator.
sub new_distributed
{
	my ($name, $settings, %init) = @_;
	# the workers are known to nobody else, and end with the test
	our @kept = new_citus(name => $name, settings => $settings, init => \%init);

	$kept[0]->safe_psql('postgres', 'SELECT FROM restate_distribute()');
	return $kept[0];
}

# Runs another test, t/NAME or faults/NAME, which has a distributed cluster where it has a
# server otherwise.
sub run_on_citus
{
	my ($test) = @_;
	my $why_not = no_citus();

	Test::More::plan(skip_all => $why_not) if $why_not;
	$ENV{ON_CITUS} = 1;
	do "./test/$test.pl";
	die $@ if $@;
	return;
}

# Makes another database on the coordinator and the workers, without the extension.
sub new_database
{
	my ($database, @nodes) = @_;

	$_->safe_psql('postgres', "CREATE DATABASE \"$database\"") for @nodes;
	join_nodes($database, @nodes);
	return;
}

# Makes a cluster of a database that coordinator and workers have.
sub join_nodes
{
	my ($database, $coordinator, @workers) = @_;

	$_->safe_psql($database, 'CREATE EXTENSION citus') for $coordinator, @workers;
	$coordinator->safe_psql($database, sprintf q{SELECT citus_set_coordinator_host('%s', %d)}, $coordinator->host, $coordinator->port);
	$coordinator->safe_psql($database, sprintf q{SELECT citus_add_node('%s', %d)}, $_->host, $_->port) for @workers;
	return;
}

# Starts a server that can be a node.
sub start_node
{
	my ($node, $settings, %init) = @_;

	$node->init(%init);
	$node->append_conf('postgresql.conf', ($settings // '') . <<'CONF');

shared_preload_libraries = 'citus'
citus.node_conninfo = 'sslmode=prefer'
citus.shard_count = 4
max_prepared_transactions = 50
max_connections = 100
wal_level = logical
CONF
	$node->start;
	return;
}

# Waits, after a node was killed, until each transaction that was committed in two phases has
# ended on all nodes.  A server alone has none.
sub settle
{
	for my $node (@_ > 1 ? @_ : ())
	{
		$node->poll_query_until('postgres', 'SELECT recover_prepared_transactions() >= 0 AND NOT EXISTS (SELECT FROM pg_prepared_xacts)')
		  or die 'prepared transactions stay on ' . $node->name;
	}
	return;
}

# Runs SQL on each of the nodes and returns what each has printed.
sub every_node
{
	my ($sql, @nodes) = @_;

	return map { $_->safe_psql('postgres', $sql) } @nodes;
}

1;
