package RestateCitus;

# What the tests on Citus share: a coordinator and workers with both extensions,
# and what tells where a transaction went.

use strict;
use warnings;
use Exporter 'import';
use PostgreSQL::Test::Cluster;

our @EXPORT = qw(no_citus new_citus every_node);

# Returns why there can be no test on Citus, or undef where there can.
sub no_citus
{
	my $config = $ENV{PG_CONFIG} || 'pg_config';
	chomp(my $share = `"$config" --sharedir`);

	return -e "$share/extension/citus.control" ? undef : 'Citus is not installed for this PostgreSQL';
}

# Starts a coordinator and as many workers, which know each other and have both
# extensions in database postgres, the tables as local ones.  Of the options, workers:
# how many; settings: of every server; name: what their names begin with.  Returns the
# coordinator and the workers.
sub new_citus
{
	my (%options) = @_;
	my @nodes;

	for my $number (0 .. ($options{workers} // 2))
	{
		my $node = PostgreSQL::Test::Cluster->new(($options{name} // 'citus') . ($number ? "_worker$number" : '_coordinator'));

		start_node($node, $options{settings});
		push @nodes, $node;
	}
	my $coordinator = $nodes[0];
	$coordinator->safe_psql('postgres', sprintf q{SELECT citus_set_coordinator_host('%s', %d)}, $coordinator->host, $coordinator->port);
	add_node($coordinator, $_) for @nodes[1 .. $#nodes];
	# the other nodes get it from there
	$coordinator->safe_psql('postgres', 'CREATE EXTENSION restate_admin');
	return @nodes;
}

# Starts a server that can be a node, with Citus alone.
sub start_node
{
	my ($node, $settings) = @_;

	$node->init;
	$node->append_conf('postgresql.conf', <<'CONF' . ($settings // ''));
shared_preload_libraries = 'citus'
citus.node_conninfo = 'sslmode=prefer'
citus.shard_count = 4
max_prepared_transactions = 50
max_connections = 100
wal_level = logical
CONF
	$node->start;
	$node->safe_psql('postgres', 'CREATE EXTENSION citus');
	return;
}

# Makes a server of start_node a worker.
sub add_node
{
	my ($coordinator, $node) = @_;

	$coordinator->safe_psql('postgres', sprintf q{SELECT citus_add_node('%s', %d)}, $node->host, $node->port);
	return;
}

# Runs SQL on each of the nodes and returns what each has printed.
sub every_node
{
	my ($sql, @nodes) = @_;

	return map { $_->safe_psql('postgres', $sql) } @nodes;
}

1;
