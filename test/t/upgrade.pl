# From every earlier release, with data: until ALTER EXTENSION ... UPDATE each
# operation says that this is due and changes nothing; after it the catalog is
# that of a new installation and the data is as it was.
use strict;
use warnings;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use RestateNode;
use Test::More;

my ($version) = slurp_file('restate_admin.control') =~ /^default_version *= *'(.*)'/m;
my @releases = sort grep { $_ ne $version } map { m{restate_admin--([^-]+)\.sql$} ? $1 : () } glob 'sql/released/*.sql';
isnt("@releases", '', 'there are earlier releases');

my $node = new_node('upgrade');
my $dir = $node->basedir;
load_example($node);
$node->safe_psql('postgres', 'CREATE DATABASE demo');
$node->safe_psql('demo', 'CREATE EXTENSION restate_admin');
$node->command_ok([ 'psql', '-qX', '-d', $node->connstr('demo'), '-o', "$dir/demo.out", '-f', 'examples/demo.sql' ], 'the demo runs');
# what no earlier release has, and what only in this one an operation writes
my @new_here = (@live_tables, qw(is_foreign has_waiters asked_completion_id is_moved));
my %contents;
for my $data (qw(postgres demo))
{
	$node->command_ok([ 'pg_dump', '--no-sync', '--data-only', '-d', $node->connstr($data), '-f', "$dir/$data.sql" ], "the data of $data is dumped");
	$contents{$data} = digest($node, $data, @new_here);
}
my $contents = $contents{postgres};
# a result is kept from the update on
my $updated = digest($node, 'postgres', 'due_at');
my @new = catalog($node);
cmp_ok(scalar @new, '>', 300, 'a new installation has its catalog');

# Returns a dump of data without the tables and columns that a database does not
# have, which hold nothing that it could.
sub known_columns
{
	my ($database, $dump) = @_;
	my %known = map { $_ => 1 } split /\n/, $node->safe_psql($database,
		"SELECT attrelid::regclass || '.' || attname FROM pg_attribute WHERE attrelid::regclass::text LIKE 'restate.%'");

	$dump =~ s{^COPY (\S+) \((.*?)\) FROM stdin;\n(.*?)^\\\.\n}{
		my ($table, $rows) = ($1, $3);
		my @columns = split /, /, $2;
		my @kept = grep { $known{"$table.$columns[$_]"} } 0 .. $#columns;
		@kept == 0 ? '' : "COPY $table (" . join(', ', @columns[@kept]) . ") FROM stdin;\n"
			. join('', map { join("\t", (split /\t/, $_, -1)[@kept]) . "\n" } split /\n/, $rows) . "\\.\n";
	}gems;
	return $dump;
}

# What a user has built on ids: it goes on after an update, and tells the same.
my $built = <<'SQL';
CREATE TABLE noted (id restate_invocation_id PRIMARY KEY, deployment restate_deployment_id, CHECK (id > 'inv_1000000000000000000000000000000000'));
CREATE INDEX ON noted USING hash (deployment);
CREATE VIEW compared AS SELECT a.id, restate_invocation_id_cmp(a.id, b.id), restate_invocation_id_send(b.id) FROM noted AS a JOIN noted AS b ON a.id <= b.id;
CREATE TABLE parts (id restate_invocation_id) PARTITION BY HASH (id);
CREATE TABLE part_0 PARTITION OF parts FOR VALUES WITH (MODULUS 2, REMAINDER 0);
CREATE TABLE part_1 PARTITION OF parts FOR VALUES WITH (MODULUS 2, REMAINDER 1);
INSERT INTO noted SELECT id, 'dp_17vd9cnbTaGkyORdBSqu98Z' FROM restate.invocation;
INSERT INTO parts SELECT id FROM restate.invocation;
SQL
my $told = "SELECT * FROM compared ORDER BY 1, 3; SELECT tableoid::regclass, id FROM parts ORDER BY id;
SET enable_seqscan = off; SELECT count(*) FROM noted WHERE deployment = 'dp_17vd9cnbTaGkyORdBSqu98Z' AND id > ANY (SELECT id FROM noted)";

# What is granted on the views for PostgREST and on the functions that restart, and whose
# they are, with the roles that cannot be dropped for that.
my $given = <<'SQL';
SELECT c.relname, c.relowner::regrole::text, c.relacl::text, '' FROM pg_class AS c WHERE c.relnamespace = 'restate_api'::regnamespace AND c.relkind = 'v'
-- what the release has
AND c.relname NOT IN ('stuck', 'deployment_blockers', 'bulk_jobs')
UNION ALL
SELECT c.relname, a.attname::text, a.attacl::text, '' FROM pg_class AS c JOIN pg_attribute AS a ON a.attrelid = c.oid
WHERE c.relnamespace = 'restate_api'::regnamespace AND c.relkind = 'v' AND a.attacl IS NOT NULL
UNION ALL
SELECT c.relname, d.objsubid::text, d.refobjid::regrole::text, d.deptype::text FROM pg_shdepend AS d JOIN pg_class AS c ON c.oid = d.objid
WHERE d.dbid = (SELECT oid FROM pg_database WHERE datname = current_database()) AND d.classid = 'pg_class'::regclass AND c.relnamespace = 'restate_api'::regnamespace
UNION ALL
SELECT p.proname, p.proowner::regrole::text, p.proacl::text, '' FROM pg_proc AS p WHERE p.proname IN ('restate_restart_as_new', 'restate_restart_as_new_batch')
UNION ALL
SELECT p.proname, d.objsubid::text, d.refobjid::regrole::text, d.deptype::text FROM pg_shdepend AS d JOIN pg_proc AS p ON p.oid = d.objid
WHERE d.dbid = (SELECT oid FROM pg_database WHERE datname = current_database()) AND d.classid = 'pg_proc'::regclass AND p.proname ~ '^restate_restart_as_new'
ORDER BY 1, 2, 3, 4
SQL
# What of it a dump brings back: whose a member of an extension is, it does not.
my $readable = <<'SQL';
SELECT c.relname::text, g.grantee::regrole::text, g.is_grantable FROM pg_class AS c, aclexplode(c.relacl) AS g
WHERE c.relnamespace = 'restate_api'::regnamespace AND g.grantee IN ('api_reader'::regrole, 'api_guest'::regrole)
UNION ALL
SELECT c.relname || '.' || a.attname, g.grantee::regrole::text, g.is_grantable FROM pg_class AS c JOIN pg_attribute AS a ON a.attrelid = c.oid, aclexplode(a.attacl) AS g
WHERE c.relnamespace = 'restate_api'::regnamespace
UNION ALL
SELECT p.proname::text, g.grantee::regrole::text, g.is_grantable FROM pg_proc AS p, aclexplode(p.proacl) AS g
WHERE p.proname ~ '^restate_restart_as_new' AND g.grantee IN ('api_reader'::regrole, 'api_guest'::regrole)
ORDER BY 1, 2
SQL
$node->safe_psql('postgres', 'CREATE ROLE api_reader; CREATE ROLE api_guest; CREATE ROLE api_owner');
# Writes that break a rule each, of those that are functions in 0.2.0, by the
# rule's name.
my %breaks = (
	invocation_status_check => "invocation SET status = 'asleep', completed_at = NULL, completion_result = NULL, completion_failure = NULL",
	invocation_completion_check => "invocation SET completion_failure = 'x', completion_result = NULL",
	invocation_target_check => "invocation SET target_service_ty = 'lambda'",
	invocation_invoked_by_check => "invocation SET invoked_by = 'nobody'",
	invocation_pinned_check => 'invocation SET pinned_service_protocol_version = -1',
	invocation_journal_check => 'invocation SET journal_size = -1',
	invocation_retention_check => "invocation SET journal_retention = '-1 day'",
	invocation_input_headers_check => "invocation SET input_headers = '{}'",
	journal_numbers_check => 'journal SET signal_index = -1',
	journal_meta_check => "journal SET meta = '[]'");
my $rules = join "\n", sort keys %breaks;

# Returns the names of the rules that these writes are told to break.
sub rules_broken
{
	my ($database) = @_;
	my ($rc, $out, $err) = $node->psql($database, join('', map { "UPDATE restate.$breaks{$_};\n" } sort keys %breaks),
		on_error_stop => 0, extra_params => [ '-v', 'VERBOSITY=verbose' ]);

	return join "\n", $err =~ /^CONSTRAINT NAME:  (\w+)$/mg;
}

for my $release (@releases)
{
	my $database = "from_$release";

	$node->safe_psql('postgres', "CREATE DATABASE \"$database\"");
	$node->safe_psql($database, "CREATE EXTENSION restate_admin VERSION '$release'");
	append_to_file("$dir/$database.sql", known_columns($database, slurp_file("$dir/postgres.sql")));
	$node->command_ok([ 'psql', '-qX', '-v', 'ON_ERROR_STOP=1', '-d', $node->connstr($database), '-f', "$dir/$database.sql" ],
		"$release: the data is loaded");
	is(digest($node, $database, @new_here), $contents, "$release: it is as it was");

	my %arguments = map { $_ => '' } qw(purge_journal restart_as_new cancel kill purge pause resume);
	$arguments{delete_invocation} = ", 'kill'";
	for my $operation (sort keys %arguments)
	{
		for my $call ("restate_$operation('" . inv('done') . "'$arguments{$operation})",
			"restate_${operation}_batch(ARRAY['" . inv('done') . "', '" . inv('running') . "']::restate_invocation_id[]$arguments{$operation})")
		{
			my ($rc, $out, $err) = $node->psql($database, "SELECT $call", extra_params => [ '-v', 'VERBOSITY=verbose' ]);
			like($err, qr/ERROR:  55000: extension restate_admin is installed at version \Q$release\E, but its library is version \Q$version\E\nHINT:  Run ALTER EXTENSION restate_admin UPDATE/,
				"$release: $call says what is due");
		}
	}
	is(rules_broken($database), $rules, "$release: its rules hold meanwhile") if $release eq '0.2.0';
	is(digest($node, $database, @new_here), $contents, "$release: nothing has changed");

	$node->safe_psql($database, $built);
	my $before = $node->safe_psql($database, $told);
	my ($rc, $out, $err) = $node->psql($database, 'ALTER EXTENSION restate_admin UPDATE');
	is($rc, 0, "$release: it is updated");
	like($err, qr/WARNING:  (?:01000: )?\d+ completed invocations will be removed by restate_tick\(\), from \d+-.* to \d+-.*\nHINT:  Set restate_admin\.retention to off/, "$release: and says what will expire");
	is($node->safe_psql($database, $told), $before, "$release: after the update what a user has built on ids tells the same");
	is(catalog_difference(\@new, [ catalog($node, $database) ]), '', "$release: after the update the catalog is that of a new installation");
	is(rules_broken($database), $rules, "$release: the rules hold after it");
	is(digest($node, $database, 'due_at'), $updated, "$release: the data is as if it had been imported");
	$node->safe_psql('postgres', "CREATE DATABASE \"${database}_again\"");
	$node->command_ok([ 'pg_dump', '--no-sync', '-Fc', '-d', $node->connstr($database), '-f', "$dir/$database.dump" ], "$release: and can be dumped");
	$node->command_ok([ 'pg_restore', '--exit-on-error', '-d', $node->connstr("${database}_again"), "$dir/$database.dump" ], "$release: and restored");
	is($node->safe_psql("${database}_again", $told), $before, "$release: to what it was");
	is($node->safe_psql($database, 'SELECT count(*) FROM restate_verify()'), '0', "$release: all is well");
	is($node->safe_psql($database, "SELECT restate_kill('" . inv('holder', 'a') . "'), restate_purge('" . inv('done') . "')"),
		'killed|purged', "$release: operations run");
	is($node->safe_psql($database, 'SELECT count(*) FROM restate_verify()'), '0', "$release: and all is well");

	# with what was changed by operations
	$node->safe_psql('postgres', "CREATE DATABASE \"${database}_demo\"");
	$node->safe_psql("${database}_demo", "CREATE EXTENSION restate_admin VERSION '$release'");
	append_to_file("$dir/${database}_demo.sql", known_columns("${database}_demo", slurp_file("$dir/demo.sql")));
	$node->command_ok([ 'psql', '-qX', '-v', 'ON_ERROR_STOP=1', '-d', $node->connstr("${database}_demo"), '-f', "$dir/${database}_demo.sql" ],
		"$release: the demo's data is loaded");
	$node->safe_psql("${database}_demo", 'ALTER EXTENSION restate_admin UPDATE');
	is(digest($node, "${database}_demo", @new_here), $contents{demo}, "$release: after the update it is as it was");
	is($node->safe_psql("${database}_demo", 'SELECT count(*) FROM restate_verify()'), '0', "$release: all is well there");

	# what is granted on the views for PostgREST, and built on them
	my $api = "${database}_api";
	$node->safe_psql('postgres', "CREATE DATABASE \"$api\"");
	$node->safe_psql($api, <<"SQL");
CREATE EXTENSION restate_admin VERSION '$release';
GRANT USAGE ON SCHEMA restate_api TO api_reader;
GRANT SELECT ON restate_api.invocations TO api_reader WITH GRANT OPTION;
GRANT EXECUTE ON FUNCTION restate_restart_as_new TO api_reader WITH GRANT OPTION;
GRANT EXECUTE ON FUNCTION restate_restart_as_new_batch TO api_guest;
SET ROLE api_reader;
GRANT SELECT ON restate_api.invocations TO api_guest;
GRANT EXECUTE ON FUNCTION restate_restart_as_new TO api_guest;
RESET ROLE;
GRANT SELECT (at, operation) ON restate_api.audit TO api_guest;
GRANT SELECT ON restate_api.services TO api_guest;
ALTER VIEW restate_api.inbox OWNER TO api_owner;
ALTER FUNCTION restate_restart_as_new_batch OWNER TO api_owner;
CREATE FUNCTION again(id restate_invocation_id) RETURNS restate_invocation_id BEGIN ATOMIC SELECT restate_restart_as_new(id, 0); END;
CREATE VIEW recent AS SELECT id FROM restate_api.journal WHERE appended_at > now() - interval '1 day';
CREATE VIEW registered AS SELECT max(created_at) FROM restate_api.deployments;
SQL
	my ($was_given, $was_readable) = map { $node->safe_psql($api, $_) } $given, $readable;
	($rc, $out, $err) = $node->psql($api, 'ALTER EXTENSION restate_admin UPDATE');
	like($err, qr/ERROR:  views of schema restate_api get columns of other types, and other objects are built on them\nDETAIL:  (?=.*view public\.recent depends on view restate_api\.journal\n)(?=.*view public\.registered depends on view restate_api\.deployments\n).*HINT:  Keep the definitions of these objects, drop them, update, and create them again\./s,
		"$release: what is built on the views for PostgREST is named");
	is($node->safe_psql($api, $given), $was_given, "$release: and nothing is changed");
	(undef, undef, $err) = $node->psql($api, 'BEGIN; DROP VIEW recent, registered; ALTER EXTENSION restate_admin UPDATE');
	like($err, qr/ERROR:  restate_restart_as_new and restate_restart_as_new_batch get another argument, and other objects are built on them\nDETAIL:  function (?:public\.)?again\(.*\nHINT:  Keep the definitions/,
		"$release: and so is what is built on restarts");
	$node->safe_psql($api, 'DROP FUNCTION again(restate_invocation_id)');
	$node->safe_psql($api, 'CREATE TEMP TABLE kept AS SELECT pg_get_viewdef(\'recent\') AS definition; DROP VIEW recent, registered; ALTER EXTENSION restate_admin UPDATE;'
		  . " DO \$\$ BEGIN EXECUTE 'CREATE VIEW recent AS ' || (SELECT definition FROM kept); END \$\$; SELECT * FROM recent");
	is($node->safe_psql($api, $given), $was_given, "$release: grants and owners of the views for PostgREST stay");
	$node->safe_psql('postgres', "CREATE DATABASE \"${api}_again\"");
	$node->command_ok([ 'pg_dump', '--no-sync', '-Fc', '-d', $node->connstr($api), '-f', "$dir/$api.dump" ], "$release: a dump of them");
	$node->command_ok([ 'pg_restore', '--exit-on-error', '-d', $node->connstr("${api}_again"), "$dir/$api.dump" ], "$release: is restored");
	is($node->safe_psql("${api}_again", $readable), $was_readable, "$release: with what was granted");

	# a session that knows the older version finds out
	$node->safe_psql('postgres', "CREATE DATABASE \"${database}_open\"");
	is($node->safe_psql("${database}_open", "CREATE EXTENSION restate_admin VERSION '$release'; ALTER EXTENSION restate_admin UPDATE;"
			. " SELECT count(*) FROM restate_kill_batch('{}'); SELECT extversion FROM pg_extension WHERE extname = 'restate_admin'"),
		"0\n$version", "$release: one session installs, updates and goes on");

	# rows of the audit that a sequence has numbered
	$node->safe_psql('postgres', "CREATE DATABASE \"${database}_audit\"");
	$node->safe_psql("${database}_audit", <<"SQL");
CREATE EXTENSION restate_admin VERSION '$release';
GRANT USAGE ON SEQUENCE restate.audit_audit_id_seq TO PUBLIC;
INSERT INTO restate.audit (id, partition_key, at, operation, parameters, outcome, role_name, session_user_name)
SELECT id, restate_partition_key(id), now() - (4 - n) * interval '1 day', 'old ' || n, '{}', 'done', 'r', 'r'
FROM generate_series(1, 3) AS n, restate_new_invocation_id() AS id;
ALTER EXTENSION restate_admin UPDATE;
SQL
	load_example($node, "${database}_audit");
	is($node->safe_psql("${database}_audit", "SELECT restate_kill('" . inv('ready') . "'), restate_kill('" . inv('running') . "');"
			. " SELECT string_agg(concat_ws(' ', operation, CASE WHEN audit_id < 10 THEN audit_id END), ', ' ORDER BY audit_id) FROM restate.sys_audit"),
		"killed|killed\nold 1 1, old 2 2, old 3 3, kill, kill", "$release: old rows of the audit keep their numbers, and new ones come after them");
	is($node->safe_psql("${database}_audit", "SELECT restate_purge_audit(now() - interval '36 hours'), to_regclass('restate.audit_audit_id_seq');"
			. " SELECT string_agg(operation, ', ' ORDER BY audit_id) FROM restate.sys_audit"),
		"2|\nold 3, kill, kill", "$release: and are purged by their time");
}

# Another session updates, to a version that comes after this library's: an open
# one notices at its next call, and goes on when it is back.  The script is put
# where the server looks for it.
my $stage = $node->safe_psql('postgres', "SELECT current_setting('extension_destdir', true)");
my ($sharedir) = `pg_config --sharedir` =~ /(\S+)/;
my $scripts = "$stage$sharedir/extension";
my $step = "$scripts/restate_admin--$version--99.0.0.sql";
my $back = "$scripts/restate_admin--99.0.0--$version.sql";
SKIP:
{
	skip 'the server looks for extensions only where they are installed', 5 unless $stage && -w $scripts;
	append_to_file($step, "ALTER FUNCTION pg_catalog.restate_verify() COST 100001;\n");
	append_to_file($back, "ALTER FUNCTION pg_catalog.restate_verify() COST 100000;\n");
	my $open = $node->background_psql('postgres', on_error_stop => 0);
	my $call = "SELECT count(*) FROM restate_pause_batch('{}');";
	my $call_of_two = "\\set VERBOSITY verbose\nBEGIN; $call $call COMMIT;";

	is($open->query($call_of_two =~ s/\n/ \\;\n/r) =~ tr/0//, 2, 'an open session goes on');
	$node->safe_psql('postgres', "ALTER EXTENSION restate_admin UPDATE TO '99.0.0'");
	$open->{stderr} = '';
	$open->query($call);
	like($open->{stderr}, qr/extension restate_admin is installed at version 99\.0\.0, but its library is version \Q$version\E/,
		'after an update by another it is told');
	like($open->{stderr}, qr/reconnect/, 'and what to do');
	$open->{stderr} = '';
	$node->safe_psql('postgres', "ALTER EXTENSION restate_admin UPDATE TO '$version'");
	is($open->query($call), '0', 'when the versions fit again, it goes on');
	is($open->{stderr}, '', 'without a word');
	$open->quit;
	unlink $step, $back;
}

done_testing();
