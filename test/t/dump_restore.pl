# A dump takes the data along, with what users have granted and built upon it.
use strict;
use warnings;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use RestateNode;
use Test::More;

my $node = new_node('main');
my $dir = $node->basedir;

load_example($node);
add_live($node);
$node->safe_psql('postgres', <<"SQL");
CREATE ROLE operator;
CREATE ROLE reader;
CREATE ROLE owner;
GRANT EXECUTE ON FUNCTION restate_purge_journal(restate_invocation_id) TO operator;
GRANT USAGE ON SCHEMA restate TO reader;
GRANT SELECT ON restate.sys_invocation, restate.sys_journal TO reader;
GRANT SELECT ON restate_api.invocations TO reader;
SELECT restate_purge_journal('${\ inv('old')}');
SELECT restate_kill('${\ inv('parent')}');
SELECT restate_restart_as_new('${\ inv('done')}', 1, 'keep', 'once');
SELECT restate_restart_as_new('${\ inv('finished', 'a')}', 0, 'keep');
CREATE TABLE orders (
  number integer PRIMARY KEY,
  invocation restate_invocation_id UNIQUE,
  partition_key bigint GENERATED ALWAYS AS (restate_partition_key_of_id(invocation)) STORED,
  deployments restate_deployment_id[]
);
INSERT INTO orders VALUES (1, '${\ inv('done')}', DEFAULT, '{dp_10000000000000000000old,NULL}'),
  (2, '${\ inv('holder', 'a')}', DEFAULT, '{}');
CREATE INDEX ON orders USING hash (invocation);
CREATE INDEX ON orders ((invocation::text)) WHERE invocation > '${\ inv('done')}' AND NOT invocation LIKE '%x';
ALTER TABLE orders ADD CHECK (invocation <> 'none'::text AND invocation ~ '^inv_1');
CREATE OPERATOR CLASS upward FOR TYPE restate_invocation_id USING btree AS OPERATOR 1 <, OPERATOR 2 <=, OPERATOR 3 =, OPERATOR 4 >=, OPERATOR 5 >,
  FUNCTION 1 restate.invocation_id_cmp(restate_invocation_id, restate_invocation_id);
CREATE INDEX ON orders (invocation upward);
CREATE TABLE parts (invocation restate_invocation_id) PARTITION BY HASH (invocation);
CREATE TABLE part_0 PARTITION OF parts FOR VALUES WITH (MODULUS 2, REMAINDER 0);
CREATE TABLE part_1 PARTITION OF parts FOR VALUES WITH (MODULUS 2, REMAINDER 1);
INSERT INTO parts SELECT id FROM restate.invocation;
CREATE TABLE times (at restate.instant PRIMARY KEY, lasts restate.duration, CHECK (at < 'infinity' AND lasts >= 'PT0S'));
CREATE INDEX ON times USING hash (lasts);
INSERT INTO times VALUES ('2024-01-01T00:00:00.123456Z', '1 day 0.000001 s'), ('0044-03-15 00:00:00+00 BC', '1 month');
INSERT INTO times SELECT created_at, completion_retention FROM restate_api.invocations WHERE id = '${\ inv('done')}';
CREATE VIEW daily AS SELECT date_trunc('day', created_at, 'UTC') AS day, max(completion_retention), count(*) FROM restate_api.invocations GROUP BY 1;
CREATE VIEW order_status AS SELECT number, status FROM orders JOIN restate.sys_invocation ON id = invocation;
CREATE FUNCTION stop_order(number integer) RETURNS text LANGUAGE sql
BEGIN ATOMIC SELECT restate_cancel(invocation) FROM orders WHERE orders.number = stop_order.number; END;
SQL

my $contents = digest($node);
my $orders = "SELECT number, invocation, partition_key, deployments FROM orders ORDER BY number";
my $parts = 'SELECT tableoid::regclass, invocation FROM parts ORDER BY 2';
my $times = 'SELECT at, lasts FROM times ORDER BY at; SELECT * FROM daily ORDER BY 1';
my $statuses = 'SELECT number, status FROM order_status ORDER BY number';
my $granted = <<'SQL';
SELECT p.oid::regprocedure || ': ' || a.grantee::regrole FROM pg_proc p, aclexplode(proacl) a
WHERE p.proname LIKE 'restate%' AND a.grantee NOT IN (0, p.proowner)
UNION ALL SELECT c.oid::regclass || ': ' || a.grantee::regrole FROM pg_class c, aclexplode(relacl) a
WHERE c.relnamespace IN ('restate'::regnamespace, 'restate_api'::regnamespace) AND a.grantee <> c.relowner
UNION ALL SELECT nspname || ': ' || a.grantee::regrole FROM pg_namespace n, aclexplode(nspacl) a
WHERE n.nspname = 'restate' AND a.grantee <> n.nspowner
UNION ALL SELECT 'public: ' || count(*) FROM pg_proc p, aclexplode(coalesce(proacl, acldefault('f', proowner))) a
WHERE a.grantee = 0 AND p.prosecdef AND (p.proname LIKE 'restate\_%' OR p.pronamespace = 'restate'::regnamespace)
ORDER BY 1
SQL
my $last = 'SELECT max(audit_id) FROM restate.audit';
my %expected = map { $_ => $node->safe_psql('postgres', $_) } ($orders, $parts, $times, $statuses, $granted, $last);
like($expected{$granted}, qr/^public: 0$/m, 'nothing that acts is granted to everybody');
unlike($contents, qr/^\w+ 0 /m, 'every table has rows to dump');

# The ways of a dump: how it is written, and how it is read into a database.
my %ways = (
	plain => sub {
		$node->command_ok([ 'pg_dump', '--no-sync', '-d', $node->connstr('postgres'), '-f', "$dir/plain.sql" ], 'pg_dump writes plain SQL');
		$node->command_ok([ 'psql', '-qX', '-v', 'ON_ERROR_STOP=1', '-d', $node->connstr(shift), '-f', "$dir/plain.sql" ], 'psql reads it');
	},
	inserts => sub {
		$node->command_ok([ 'pg_dump', '--no-sync', '--column-inserts', '-d', $node->connstr('postgres'), '-f', "$dir/inserts.sql" ], 'pg_dump writes inserts');
		$node->command_ok([ 'psql', '-qX', '-v', 'ON_ERROR_STOP=1', '-1', '-d', $node->connstr(shift), '-f', "$dir/inserts.sql" ], 'psql reads them');
	},
	custom => sub {
		$node->command_ok([ 'pg_dump', '--no-sync', '-Fc', '-d', $node->connstr('postgres'), '-f', "$dir/custom" ], 'pg_dump writes an archive');
		$node->command_ok([ 'pg_restore', '--exit-on-error', '-d', $node->connstr(shift), "$dir/custom" ], 'pg_restore reads it');
	},
	directory => sub {
		$node->command_ok([ 'pg_dump', '--no-sync', '-Fd', '-j2', '-d', $node->connstr('postgres'), '-f', "$dir/directory" ], 'pg_dump writes a directory');
		$node->command_ok([ 'pg_restore', '-j2', '--exit-on-error', '-d', $node->connstr(shift), "$dir/directory" ], 'pg_restore reads it');
	});

for my $way (sort keys %ways)
{
	$node->safe_psql('postgres', "CREATE DATABASE $way TEMPLATE template0");
	$ways{$way}->($way);
	is(digest($node, $way), $contents, "$way: the contents are the same");
	is($node->safe_psql($way, 'SELECT count(*) FROM restate_verify()'), '0', "$way: all is well");
	is($node->safe_psql($way, $orders), $expected{$orders}, "$way: so is a table of the user's own");
	is($node->safe_psql($way, $parts), $expected{$parts}, "$way: and one in parts by the hash of its ids");
	is($node->safe_psql($way, $times), $expected{$times}, "$way: and one of times and durations");
	is($node->safe_psql($way, $statuses), $expected{$statuses}, "$way: and a view");
	is($node->safe_psql($way, $granted), $expected{$granted}, "$way: what was granted is granted");
	is($node->safe_psql($way, $last), $expected{$last}, "$way: the audit's rows have the numbers that they had");

	# operations go on
	is($node->safe_psql($way, "SELECT restate_restart_as_new('" . inv('done') . "', 1, 'keep', 'once') = (SELECT id FROM restate.sys_invocation WHERE restarted_from = '" . inv('done') . "')"),
		't', "$way: a restart is the one made before");
	is($node->safe_psql($way, 'SELECT stop_order(2)'), 'signalled', "$way: a function of the user's own works");
	is($node->safe_psql($way, "SELECT restate_kill('" . inv('holder', 'a') . "'); SELECT invocation_id FROM restate.sys_keyed_service_status"),
		"killed\n" . inv('first', 'a'), "$way: an inbox moves on");
	is($node->safe_psql($way, "SELECT string_agg(operation, ', ' ORDER BY audit_id) FROM restate.sys_audit WHERE audit_id > $expected{$last}"),
		'cancel, kill', "$way: new audit rows come after them");
	is($node->safe_psql($way, 'SET ROLE operator; SELECT restate_purge_journal(\'' . inv('done') . "')"), 'purged', "$way: a grantee can act");
	is($node->safe_psql($way, 'SET ROLE reader; SELECT count(*) > 10 FROM restate.sys_invocation'), 't', "$way: a reader can read");
	is($node->safe_psql($way, 'SELECT count(*) FROM restate_verify()'), '0', "$way: and all is well");
}
is(digest($node), $contents, 'the dumped database is as it was');

# the schema alone, and over what is there
$node->safe_psql('postgres', 'CREATE DATABASE bare TEMPLATE template0');
$node->command_ok([ 'pg_dump', '--no-sync', '--schema-only', '-d', $node->connstr('postgres'), '-f', "$dir/bare.sql" ], 'pg_dump writes the schema alone');
$node->command_ok([ 'psql', '-qX', '-v', 'ON_ERROR_STOP=1', '-d', $node->connstr('bare'), '-f', "$dir/bare.sql" ], 'psql reads it');
unlike(digest($node, 'bare'), qr/^\w+ [1-9]/m, 'a schema alone has no rows');
$node->command_ok([ 'pg_restore', '--clean', '--if-exists', '--exit-on-error', '-d', $node->connstr('bare'), "$dir/custom" ],
	'pg_restore puts a dump in its place');
is(digest($node, 'bare'), $contents, 'with the same contents');

done_testing();
