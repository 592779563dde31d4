# Sessions of the gateway outlive no change of the extension: dropped and made
# again, updated, replaced below them; and /health says what is missing.
use strict;
use warnings;
use IO::Select;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use RestateGateway;
use RestateNode;
use Test::More;
use Time::HiRes qw(sleep time);

my $node = new_node('http_renewal', 'log_statement = none');
my $top = $RestateGateway::program =~ s{/[^/]*$}{}r;

sub health { return request($_[0], 'GET', '/health') }

# What each kind of request is answered with.
sub all_kinds
{
	my ($gateway) = @_;
	my $unknown = inv('unknown');

	return join ', ', map { told($_) } request($gateway, 'PATCH', "/invocations/$unknown/kill"), request($gateway, 'DELETE', "/invocations/$unknown"),
	  request($gateway, 'PATCH', "/invocations/$unknown/restart-as-new"),
	  json_request($gateway, 'POST', '/internal/invocations_batch_operations/kill', "{\"invocation_ids\":[\"$unknown\"]}"),
	  request($gateway, 'GET', '/services'), request($gateway, 'GET', '/deployments/dp_1' . '0' x 22),
	  json_request($gateway, 'POST', '/query', "{\"query\":\"SELECT id FROM sys_invocation WHERE id = '$unknown'\"}"),
	  json_request($gateway, 'POST', '/query', "{\"query\":\"SELECT restate_partition_key_unsigned(-1)\"}");
}
my $as_ever = '404 invocation_not_found, 404 invocation_not_found, 404 invocation_not_found, 200, 200, 404 deployment_not_found, 200, 200';

# Sessions with everything prepared, in as many of the pool as there are.
sub warm
{
	my ($gateway) = @_;

	is(all_kinds($gateway), $as_ever, 'everything is served') for 1 .. 2;
	return;
}

sub grant
{
	my ($database) = @_;

	my $roles = slurp_file("$top/examples/gateway_roles.sql") =~ s/^CREATE ROLE/-- /mgr;

	# an older extension does not have all of it
	my %there = map { $_ => 1 } split /\n/, $node->safe_psql($database // 'postgres', <<'SQL');
SELECT 'restate.' || relname FROM pg_class WHERE relnamespace = 'restate'::regnamespace
UNION ALL SELECT nspname FROM pg_namespace UNION ALL SELECT DISTINCT proname FROM pg_proc WHERE proname ~ '^restate_'
SQL
	$roles =~ s/(?<=GRANT SELECT ON\n)(.*?)(?=\nTO)/join ', ', grep { $there{$_} } $1 =~ m{restate\.\w+}g/se;
	$roles =~ s/, restate_query TO/ TO/ unless $there{restate_query};
	$roles =~ s/(?<=GRANT EXECUTE ON FUNCTION\n)(.*?)(?=\nTO)/join ', ', grep { $there{$_} } map { m{restate_\w+}g } grep { !m{--} } split m{\n}, $1/gse;
	# nor anything of the ingress
	$roles =~ s/^GRANT EXECUTE ON FUNCTION\n\nTO \w+;$//mg;
	$node->safe_psql($database // 'postgres', $roles);
	return;
}

$node->safe_psql('postgres', slurp_file("$top/examples/gateway_roles.sql"));
my $database = 'host=' . $node->host . ' port=' . $node->port . ' dbname=postgres';
my @roles = ("--db=$database user=restate_gateway", "--query-db=$database user=restate_gateway_reader");
my $gateway = start_gateway($node, @roles, '--pool=3', '--query-pool=2');
warm($gateway);
is(told(health($gateway)), '200', '/health is 200');

for my $change (
	[ 'dropped and made again', 'DROP EXTENSION restate_admin CASCADE; CREATE EXTENSION restate_admin' ],
	[ 'and once more', 'DROP EXTENSION restate_admin CASCADE; CREATE EXTENSION restate_admin' ])
{
	my ($what, $sql) = @$change;

	$node->safe_psql('postgres', $sql);
	grant();
	is(all_kinds($gateway), $as_ever, "the extension is $what: the first request of each kind is served") for 1 .. 2;
	is(told(health($gateway)), '200', 'and /health is 200');
}
unlike(gateway_log($gateway), qr/status=500/, 'nobody was answered 500');

# without the extension
$node->safe_psql('postgres', 'DROP EXTENSION restate_admin CASCADE');
my $answer = health($gateway);
is(told($answer), '503 not_ready', 'without the extension /health is 503');
like($answer->{body}, qr/no extension restate_admin/, 'and says so');
is(told(request($gateway, 'GET', '/live')), '200', 'but the gateway lives');
is(told(request($gateway, 'PATCH', '/invocations/' . inv('unknown') . '/kill')), '503 unavailable', 'an operation is 503');
$node->safe_psql('postgres', 'CREATE EXTENSION restate_admin');
grant();
is(told(health($gateway)), '200', 'with it all is well');
is(all_kinds($gateway), $as_ever, 'and served');
log_says($gateway, qr/event=not_ready error="the database has no extension restate_admin"\n.*event=ready/s, 'the log has both');

# without a privilege
my @functions = slurp_file("$top/examples/gateway_roles.sql") =~ /\b(restate_\w+)(?=,| *\nTO restate_gateway)/g;
# without the joined call all can be served, without the answers, bulk jobs, the clock,
# registration and what waits all but those, and the ingress is another role's
@functions = grep { !/^restate_(?:gateway|ingress|joined|explain|preview|restart_point|lineage|call_tree|dry_run|bulk|backlog|tick|register|update|remove|modify)/ } @functions;
cmp_ok(scalar @functions, '>=', 15, 'the operations are known');
for my $function (@functions)
{
	$node->safe_psql('postgres', "REVOKE EXECUTE ON FUNCTION $function FROM restate_gateway");
	$answer = health($gateway);
	is(told($answer), '503 not_ready', "without $function /health is 503");
	like($answer->{body}, qr/role restate_gateway may not execute \Q$function\E"/, 'and says which');
	$node->safe_psql('postgres', "GRANT EXECUTE ON FUNCTION $function TO restate_gateway");
}
is(told(health($gateway)), '200', 'with all of them it is 200');

# while all sessions are busy, and with many who ask
my $sql = open_sql($node);
load_example($node);
sql($sql, "BEGIN; SELECT 1 FROM restate.invocation WHERE id = '" . inv('running') . "' FOR UPDATE");
my @waiting = map { my $s = open_connection($gateway); send_bytes($s, 'PATCH /invocations/' . inv('running') . "/kill HTTP/1.1\r\nHost: g\r\n\r\n"); $s } 1 .. 10;
await_arrival($gateway);
is(told(health($gateway)), '200', 'while all sessions are busy /health is answered') for 1 .. 5;
ok(!IO::Select->new(@waiting)->can_read(0), 'which they stay all the time');
sql($sql, 'ROLLBACK');
like(told(read_answer($_, 'PATCH')), qr/^(?:200|409)/, 'and so are they, later') for @waiting;
is(stop_gateway($gateway), 0, 'the gateway ends well');

# an older extension, updated below the gateway
$node->safe_psql('postgres', 'CREATE DATABASE older');
$node->safe_psql('older', "CREATE EXTENSION restate_admin VERSION '0.2.0'");
grant('older');
$gateway = start_gateway($node, map { s/dbname=postgres/dbname=older/r } @roles);
is(all_kinds($gateway) =~ s/^(?:503 unavailable, ){4}//r, '200, 404 deployment_not_found, 200, 200', 'before the update the library does not work on the tables, and that is 503')
  for 1 .. 2;
$answer = health($gateway);
is(told($answer), '503 not_ready', '/health is 503');
like($answer->{body}, qr/installed at version 0\.2\.0, but its library is version/, 'and says why');
$node->safe_psql('older', 'ALTER EXTENSION restate_admin UPDATE');
grant('older');
is(all_kinds($gateway), $as_ever, 'it is updated: the first request of each kind is served') for 1 .. 2;
is(told(health($gateway)), '200', 'and /health is 200');

# one of another version than any that fits
for my $version ('0.1.9', '99.0.0')
{
	$node->safe_psql('older', "UPDATE pg_extension SET extversion = '$version' WHERE extname = 'restate_admin'");
	$answer = health($gateway);
	is(told($answer), '503 not_ready', "version $version of the extension does not fit");
	like($answer->{body}, qr/version \Q$version\E, and the gateway, [\d.]+, works with [\d.]+ to [\d.]+"/, 'and which do is said');
	log_says($gateway, qr/event=not_ready error="[^"]*\Q$version\E/, 'in the log, too');
}
is(stop_gateway($gateway), 0, 'the gateway ends well');
done_testing();
