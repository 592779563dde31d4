# What is made of a server while eight clients call every operation: a dump
# that is restored, a base backup, a standby that is promoted when the primary
# is killed, and then pg_upgrade.  In each copy every call is there wholly or
# not at all, with all that was acknowledged before, and the invariants hold.
# NEW_PG_CONFIG is the server to upgrade to, the same if it is not set.
use strict;
use warnings;
use Cwd;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use RestateLoad;
use RestateNode;
use Test::More;
use Time::HiRes qw(sleep time);

my $seed = load_seed();
srand($seed);
my $quiet = "max_connections = 40\nlog_statement = none";
my $node = new_node('upgrade', $quiet, allows_streaming => 1);
my $load = new_load($node, seed => $seed, size => 200, keys => 12, pause => 0.005);

# Passes if an account adds up.
sub adds_up
{
	my ($what, @problems) = @_;

	is(join("\n", @problems[ 0 .. ($#problems < 10 ? $#problems : 10) ]), '', $what);
	return;
}

# Returns the columns, constraints, indexes, types and operators of the extension in a
# database.  Of views, functions and grants a dump brings back the same in other words.
sub shapes
{
	return grep { /^relation [^,]*, (?:column|constraint|index) |^(?:cast|operator|type) / } catalog(@_);
}

my $clients = start_clients($load, 8, 120);
sleep 2;

# a dump, of a moment of the load
my $before = time;
$node->command_ok([ 'pg_dump', '--no-sync', '-Fc', '-d', $node->connstr('postgres'), '-f', $node->basedir . '/dump' ], 'pg_dump under load');
$node->safe_psql('postgres', 'CREATE DATABASE restored TEMPLATE template0');
$node->command_ok([ 'pg_restore', '--exit-on-error', '-d', $node->connstr('restored'), $node->basedir . '/dump' ], 'pg_restore');
adds_up('the restored dump is a moment of it', account_of_copy($load, node => $node, database => 'restored', before => $before));

# a base backup
$before = time;
$node->backup('backup');
my $backup = PostgreSQL::Test::Cluster->new('backup');
$backup->init_from_backup($node, 'backup');
$backup->start;
adds_up('so is a base backup', account_of_copy($load, node => $backup, before => $before));
$backup->stop('immediate');

# a synchronous standby: it has all that is acknowledged
my $standby = PostgreSQL::Test::Cluster->new('standby');
$standby->init_from_backup($node, 'backup', has_streaming => 1);
$standby->start;
$node->append_conf('postgresql.conf', "synchronous_standby_names = '*'");
$node->reload;
$node->poll_query_until('postgres', "SELECT sync_state = 'sync' AND state = 'streaming' FROM pg_stat_replication") or die 'no synchronous standby';
sleep 3;
$node->stop('immediate');
stop_clients($clients, 1);
$standby->promote;
$load->{node} = $standby;
adds_up('a promoted standby has all that was acknowledged', account($load, $clients));
$clients = start_clients($load, 8, 2);
stop_clients($clients);
adds_up('and goes on', account($load, $clients));
cmp_ok($load->{effects}, '>', 1000, 'enough was done');

# pg_upgrade, with an example of everything, and with older releases
$standby->safe_psql('postgres', 'CREATE DATABASE example');
$standby->safe_psql('example', 'CREATE EXTENSION restate_admin');
load_example($standby, 'example');
add_live($standby, 'example');
my ($version) = slurp_file('restate_admin.control') =~ /^default_version *= *'(.*)'/m;
my %older = map { m{restate_admin--([^-]+)\.sql$} && $1 ne $version ? ("older_$1" => $1) : () } glob 'sql/released/*.sql';
for my $database (sort keys %older)
{
	$standby->safe_psql('postgres', "CREATE DATABASE \"$database\"");
	$standby->safe_psql($database, "CREATE EXTENSION restate_admin VERSION '$older{$database}'");
	load_example($standby, $database);
	# it has a function that pg_upgrade cannot create
	$standby->safe_psql($database, 'ALTER EXTENSION restate_admin UPDATE') if $older{$database} eq '0.1.0';
}
my @databases = ('postgres', 'example', sort keys %older);
# what the older ones do not have
my @new_here = (@live_tables, qw(is_foreign has_waiters asked_completion_id is_moved));
my %contents = map { $_ => digest($standby, $_, $older{$_} ? @new_here : ()) } @databases;
unlike($contents{example}, qr/^\w+ 0 /m, 'every table has rows to upgrade');

# pg_upgrade wants page checksums in both or in neither; from 18 on they are the default
my $checksums = $standby->safe_psql('postgres', 'SHOW data_checksums');
my $new = PostgreSQL::Test::Cluster->new('new', $ENV{NEW_INSTALL} ? (install_path => $ENV{NEW_INSTALL}) : ());
$new->init(extra => [ '--encoding', 'UTF8', $checksums eq 'on' ? '--data-checksums' : $new->pg_version >= 18 ? '--no-data-checksums' : () ]);
$new->append_conf('postgresql.conf', $quiet);
if ($ENV{NEW_INSTALL})
{
	$new->adjust_conf('postgresql.conf', $_, undef) for qw(extension_destdir extension_control_path dynamic_library_path);
	$new->append_conf('postgresql.conf', $ENV{NEW_SETTINGS});
}
$standby->stop;
my $tree = getcwd();
chdir $new->basedir or die "cannot go to the new server: $!";
$new->command_ok([ $new->installed_command('pg_upgrade'), '--no-sync', '--old-datadir', $standby->data_dir, '--new-datadir', $new->data_dir,
		'--old-bindir', $standby->config_data('--bindir'), '--new-bindir', $new->config_data('--bindir'), '--socketdir', $new->host,
		'--old-port', $standby->port, '--new-port', $new->port ], 'pg_upgrade');
chdir $tree or die "cannot go back: $!";
$new->start;
is(digest($new, $_, $older{$_} ? @new_here : ()), $contents{$_}, "$_ is as it was") for @databases;
$new->safe_psql('postgres', 'CREATE DATABASE fresh');
$new->safe_psql('fresh', 'CREATE EXTENSION restate_admin');
my @fresh = shapes($new, 'fresh');
cmp_ok(scalar @fresh, '>', 300, 'a new installation has its columns, constraints and so on');
is(catalog_difference(\@fresh, [ shapes($new, 'example') ]), '', 'what was upgraded has the same');
for my $database (sort keys %older)
{
	$new->safe_psql($database, 'ALTER EXTENSION restate_admin UPDATE');
	is(digest($new, $database, @new_here), $contents{$database}, "$database is as it was, updated");
	is(catalog_difference(\@fresh, [ shapes($new, $database) ]), '', "$database has those of a new installation");
}
is($new->safe_psql($_, "SELECT count(*) FROM ($RestateLoad::verify) AS v"), '0', "all is well in $_") for @databases;
$load->{node} = $new;
adds_up('all that was acknowledged is there', account($load));
$clients = start_clients($load, 8, 2);
stop_clients($clients);
adds_up('and more is done', account($load, $clients));
is(join(' ', grep { !/^(?:00000|PT\d\d\d|40001|08...)$/ } sort keys %{ $load->{by_state} }), '', 'no other error of the server');
my %by_state = %{ $load->{by_state} };
diag(sprintf '%d calls with %d effects; %s', $load->{acknowledged}, $load->{effects}, join ', ', map { "$_: $by_state{$_}" } sort keys %by_state);
done_testing();
