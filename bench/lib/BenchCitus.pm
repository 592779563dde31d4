# Nodes with Citus: a coordinator and workers, servers of their own beside the one in
# SERVER_DIR, on this machine.
package BenchCitus;

use strict;
use warnings;

use Exporter qw(import);
use IO::Socket::INET;

use Bench qw(query);

our @EXPORT_OK = qw(no_citus);

# Returns why there can be no nodes, or undef where there can.
sub no_citus
{
	chomp(my $share = `pg_config --sharedir`);
	return -e "$share/extension/citus.control" ? undef : 'Citus is not installed for this PostgreSQL';
}

# how many clusters there have been, each in a directory of its own
my $made = 0;

# Starts a coordinator and as many workers, with the extension and nothing distributed.
sub new
{
	my ($class, $workers) = @_;
	my $self = bless { dir => "$ENV{SERVER_DIR}/citus" . $made++, nodes => [] }, $class;
	$self->{owner} = [ (stat $ENV{SERVER_DIR})[ 4, 5 ] ];
	mkdir $self->{dir} or die "$self->{dir}: $!";
	chown @{ $self->{owner} }, $self->{dir};
	$self->add_node for 0 .. $workers;
	my ($coordinator, @others) = @{ $self->{nodes} };
	on($coordinator, sub {
		query("SELECT citus_set_coordinator_host('$coordinator->{PGHOST}', $coordinator->{PGPORT})");
		query("SELECT citus_add_node('$_->{PGHOST}', $_->{PGPORT})") for @others;
		query('CREATE EXTENSION restate_admin');
	});
	return $self;
}

# Starts one more server.
sub add_node
{
	my ($self) = @_;
	my $data = "$self->{dir}/" . @{ $self->{nodes} };
	my $socket = IO::Socket::INET->new(Listen => 1, LocalAddr => '127.0.0.1') or die "no port: $!";
	my $port = $socket->sockport;
	close $socket;
	$self->run("initdb -D $data -A trust -U postgres -N --locale=C.UTF-8 -E UTF8");
	open my $in, '<', "$ENV{SERVER_DIR}/data/postgresql.conf" or die "postgresql.conf: $!";
	open my $out, '>>', "$data/postgresql.conf" or die "postgresql.conf: $!";
	print $out grep { /^(extension|dynamic_library)/ } <$in>;
	print $out <<"END";
listen_addresses = ''
port = $port
unix_socket_directories = '$self->{dir}'
shared_preload_libraries = 'citus'
citus.node_conninfo = 'sslmode=prefer'
citus.shard_count = 12
max_prepared_transactions = 100
max_connections = 200
max_wal_size = '4GB'
END
	close $out or die "postgresql.conf: $!";
	$self->run("pg_ctl -D $data -l $data.log -s -w start");
	my $node = { PGHOST => $self->{dir}, PGPORT => $port, PGDATABASE => 'postgres', data => $data };
	push @{ $self->{nodes} }, $node;
	on($node, sub { query('CREATE EXTENSION citus') });
	return;
}

# Ends all servers.
sub stop
{
	my ($self) = @_;
	$self->run("pg_ctl -D $_->{data} -s -w -m immediate stop") for @{ $self->{nodes} };
	return;
}

# Does something with the libpq environment of a node, and if it is said in another
# database.  What that returns is returned.
sub on
{
	my ($node, $do, $database) = @_;
	local @ENV{qw(PGHOST PGPORT PGDATABASE)} = (@$node{qw(PGHOST PGPORT)}, $database // $node->{PGDATABASE});
	return $do->();
}

# Runs a shell command as the servers' user.  Dies if it fails.
sub run
{
	my ($self, $command) = @_;
	my ($user, $group) = @{ $self->{owner} };
	my $as = $> == 0 ? "setpriv --reuid=$user --regid=$group --init-groups" : '';
	my $said = `cd / && $as sh -c '$command' </dev/null 2>&1`;
	die "$command: $said" if $?;
	return;
}

1;
