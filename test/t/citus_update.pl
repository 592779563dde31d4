# Tables that were distributed over the nodes of a Citus cluster by hand, with what an
# earlier release had in them, are updated where they are; and restate_undistribute()
# takes back what restate_distribute() has distributed.
use strict;
use warnings;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use RestateCitus;
use RestateNode;
use Test::More;

my $why_not = no_citus();
plan skip_all => $why_not if $why_not;

my ($version) = slurp_file('restate_admin.control') =~ /^default_version *= *'(.*)'/m;
my @releases = sort grep { $_ ne $version } map { m{restate_admin--([^-]+)\.sql$} ? $1 : () } glob 'sql/released/*.sql';
# what no earlier release has
my @new_here = (@live_tables, qw(is_foreign has_waiters asked_completion_id));
my @nodes = new_citus();
my $citus = $nodes[0];
my @new = catalog($citus);

# Returns what Citus has of its own about the tables, on all nodes: how many tables and
# shards it knows, and tables that are shards.
sub left
{
	my ($database) = @_;

	return join ' ', map { $_->safe_psql($database, <<'SQL') } @nodes;
SELECT (SELECT count(*) FROM pg_dist_partition), (SELECT count(*) FROM pg_dist_shard), count(*) FROM pg_class WHERE relnamespace = 'restate'::regnamespace AND relname ~ '_\d{6,}$'
SQL
}

for my $release (@releases)
{
	my $database = "from_$release";

	new_database($database, @nodes);
	$citus->safe_psql($database, "CREATE EXTENSION restate_admin VERSION '$release'");
	load_example($citus, $database);
	$citus->safe_psql($database, <<'SQL');
INSERT INTO restate.audit (id, partition_key, at, operation, parameters, outcome, role_name, session_user_name)
SELECT id, restate_partition_key(id), now(), 'old ' || n, '{}', 'done', 'r', 'r' FROM generate_series(1, 3) AS n, restate_new_invocation_id() AS id;
-- the rows stay in the tables of this node, too
SELECT create_reference_table('restate.deployment'), create_reference_table('restate.service_revision');
SELECT create_distributed_table('restate.' || t, 'partition_key') FROM unnest('{invocation,journal,journal_event,object_key,object_state,promise,audit}'::text[]) AS t;
UPDATE restate.object_state SET value = 'of the shards';
SQL
	my $contents = digest($citus, $database, @new_here);

	# what cannot be done leaves all as it was
	$nodes[2]->stop;
	my ($rc, undef, $err) = $citus->psql($database, 'ALTER EXTENSION restate_admin UPDATE');
	isnt($rc, 0, "$release: without one of the nodes it is not updated");
	$nodes[2]->start;
	is($citus->safe_psql($database, "SELECT extversion FROM pg_extension WHERE extname = 'restate_admin'"), $release, "$release: and stays what it is");
	is(digest($citus, $database, @new_here), $contents, "$release: with what is in it");

	($rc, undef, $err) = $citus->psql($database, 'ALTER EXTENSION restate_admin UPDATE');
	is($rc, 0, "$release: what was distributed is updated") or diag($err);
	like($err, qr/WARNING:  (?:01000: )?the tables were distributed over nodes, and are on this one now/, "$release: and says that it is not distributed any more");
	is(left($database), '0|0|0 0|0|0 0|0|0', "$release: no shards are left");
	is(digest($citus, $database, @new_here), $contents, "$release: the data is what it was");
	is(catalog_difference(\@new, [ catalog($_, $database) ]), '', "$release: " . $_->name . ' has the catalog of a new installation') for @nodes;
	is($citus->safe_psql($database, 'SELECT problem FROM restate_verify()'), '', "$release: all is well");

	$citus->safe_psql($database, 'SELECT FROM restate_distribute()');
	is($citus->safe_psql($database, 'SELECT problem FROM restate_verify()'), '', "$release: so it is when it is distributed again");
	is(digest($citus, $database, @new_here), $contents, "$release: with the same data");
	is($nodes[1]->safe_psql($database, "SELECT restate_kill('" . inv('holder', 'a') . "'), restate_restart_as_new('" . inv('old') . "', 1) <> '" . inv('old') . "'"),
		'killed|t', "$release: operations run on a worker");
	is($citus->safe_psql($database, "SELECT restate_purge('" . inv('done') . "')"), 'purged', "$release: and on the coordinator");
	is($citus->safe_psql($database, 'SELECT count(*) FROM restate.audit'), '6', "$release: and are in the audit, with what was there");
	is($citus->safe_psql($database, 'SELECT problem FROM restate_verify()'), '', "$release: and all is well");
}

# and back
load_example($citus);
add_live($citus);
my $contents = digest($citus);
unlike($contents, qr/^\w+ 0 /m, 'every table has rows');
is($citus->safe_psql('postgres', 'SELECT count(*) FROM restate_undistribute()'), '0', 'where nothing is distributed nothing is taken back');
is($citus->safe_psql('postgres', "SELECT count(*) FROM restate_distribute() WHERE outcome IN ('by partition_key', 'on every node')"), '19', 'they are distributed');
is(digest($nodes[1]), $contents, 'with what is in them');
is(error_of($nodes[1], 'SELECT FROM restate_undistribute()'), 'PT409 citus_not_ready', 'a worker takes nothing back');
$citus->safe_psql('postgres', 'CREATE ROLE stranger; GRANT EXECUTE ON FUNCTION restate_undistribute TO stranger');
is(error_of($citus, 'SET ROLE stranger; SELECT FROM restate_undistribute()'), '42501', 'nor does who does not own the tables');
is($citus->safe_psql('postgres', 'BEGIN; SELECT count(*) FROM restate_undistribute(); ROLLBACK; SELECT restate.is_distributed()'), "19\nt", 'it is taken back and rolled back');
is(digest($nodes[2]), $contents, 'which leaves all as it was');
is($citus->safe_psql('postgres', "SELECT object, outcome FROM restate_undistribute() WHERE object ~ '\\.(invocation|bulk_job)\$'"),
	"restate.bulk_job|1 rows\nrestate.invocation|17 rows", 'it is taken back');
is(left('postgres'), '0|0|0 0|0|0 0|0|0', 'no shards are left');
is(digest($citus), $contents, 'with what is in it');
is(catalog_difference(\@new, [ map { s/,?stranger=X\/\w+//r } catalog($citus) ]), '', 'the catalog is that of a new installation');
is($citus->safe_psql('postgres', 'SELECT problem FROM restate_verify()'), '', 'all is well');
is($citus->safe_psql('postgres', "SELECT restate_kill('" . inv('running') . "'), restate_purge('" . inv('done') . "'), restate.is_distributed()"), 'killed|purged|f', 'operations run');
is($citus->safe_psql('postgres', 'BEGIN; TRUNCATE restate.invocation; ROLLBACK; SELECT count(*) FROM restate.invocation'), '16', 'the tables are tables again');

# A later release: what is distributed is taken back, updated and distributed.  The script is
# put where the servers look for it.
$citus->safe_psql('postgres', 'SELECT FROM restate_distribute()');
my $scripts = $citus->safe_psql('postgres', "SELECT current_setting('extension_destdir', true)") . (`$ENV{PG_CONFIG} --sharedir` =~ s/\s+//r) . '/extension';
my $step = "$scripts/restate_admin--$version--99.0.0.sql";
SKIP:
{
	skip 'the server looks for extensions only where they are installed', 5 unless -w $scripts;
	$contents = digest($citus);
	append_to_file($step, "ALTER TABLE restate.invocation ADD COLUMN later integer DEFAULT 7, ADD CHECK (later > 0);\n");
	isnt($citus->psql('postgres', "ALTER EXTENSION restate_admin UPDATE TO '99.0.0'"), 0, 'a step that changes a distributed table is refused');
	is(digest($citus), $contents, 'and changes nothing');
	is($citus->safe_psql('postgres', "SELECT count(*) FROM restate_undistribute(); ALTER EXTENSION restate_admin UPDATE TO '99.0.0'; SELECT count(*) FROM restate_distribute()"),
		"19\n20", 'taken back, it is updated and distributed');
	unlink $step;
	is(join(' ', every_node('SELECT sum(later) FROM restate.invocation', @nodes)), join(' ', (16 * 7) x 3), 'every node has what is new');
	is(digest($nodes[1], 'postgres', 'later'), $contents, 'and what there was');
}

done_testing();
