# A database that is not as the server comes: of another encoding, with transactions that
# are serializable by default, and with strings in which a backslash escapes.
use strict;
use warnings;
use Cwd;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use RestateGateway;
use RestateIngress;
use RestateNode;
use Test::More;

my $top = getcwd();
my $node = new_node('other_defaults', 'fsync = off');
my $database = 'host=' . $node->host . ' port=' . $node->port . ' dbname=latin';
my @json = ('Content-Type: application/json');
my $snowman = '%E2%98%83';

$node->safe_psql('postgres', q{CREATE DATABASE latin TEMPLATE template0 ENCODING 'LATIN1' LC_COLLATE 'C' LC_CTYPE 'C'});
$node->safe_psql('latin', 'CREATE EXTENSION restate_admin; ALTER DATABASE latin SET default_transaction_isolation = serializable;'
	# 19 knows strings of the standard only
	  . ($node->pg_version < 19 ? 'ALTER DATABASE latin SET standard_conforming_strings = off;' : ''));
$node->safe_psql('latin', slurp_file("$top/examples/gateway_roles.sql") . slurp_file("$top/examples/gateway_worker_role.sql") . <<'SQL');
SELECT FROM restate_register_deployment('http://127.0.0.1:1', '{"services": [
  {"name": "Orders", "ty": "SERVICE", "handlers": [{"name": "place"}]},
  {"name": "Carts", "ty": "VIRTUAL_OBJECT", "handlers": [{"name": "add"}]}]}');
SQL

is($node->safe_psql('latin', 'SHOW default_transaction_isolation', connstr => "$database user=restate_gateway$_"), 'read committed', "the role restate_gateway$_ waits for rows")
  for '', '_ingress', '_worker';

my $ingress = start_ingress($node, "--db=$database user=restate_gateway", "--query-db=$database user=restate_gateway_reader",
	"--ingress-db=$database user=restate_gateway_ingress");
my $gateway = $ingress->{gateway};

# what the encoding has not

is(told(request($gateway, @$_)), '400 untranslatable_text', "$_->[0] $_->[1]")
  for [ 'GET', "/services/$snowman" ], [ 'PATCH', "/invocations/$snowman/kill" ],
  [ 'POST', '/services/Carts/state', '{"object_key":"\u2603","new_state":{}}', @json ],
  [ 'POST', '/admin/bulk-jobs', '{"operation":"kill","filter":{"service":"\u2603"}}', @json ];
for my $case ([ 'POST', "/Carts/$snowman/add", '1', @json ], [ 'POST', "/Carts/$snowman/add/send", '1', @json ],
	[ 'GET', "/restate/workflow/Flow/$snowman/attach" ])
{
	my $answer = request($ingress, @$case);

	is("$answer->{status} $answer->{body}", qq(400 {"message":"the request has a character that the database's encoding lacks"}), "$case->[0] $case->[1]");
}

# what it has, and delays

is(request($ingress, 'POST', '/Carts/%C3%A9/add/send?delay=1h', '1', @json)->{status}, 202, 'an object whose key it has, in an hour');
is(request($ingress, 'POST', '/Orders/place/send?delay=PT1H', '1', @json)->{status}, 202, 'and in one as ISO 8601 says it');
is($node->safe_psql('latin', 'SELECT count(*) FROM restate.sys_invocation WHERE scheduled_start_at > now() + $$59 min$$'), 2, 'both are scheduled');
is($node->safe_psql('latin', 'SELECT * FROM restate_verify()'), '', 'all is well');
stop_gateway($gateway);
done_testing();
