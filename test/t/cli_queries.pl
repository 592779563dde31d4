# What Restate's own command lines, of both versions, read as a stream in
# Arrow's format: their queries, and what they make of the answers.
use strict;
use warnings;
use Cwd;
use JSON::PP;
use PostgreSQL::Test::Utils;
use RestateCli;
use RestateGateway;
use RestateNode;
use Test::More;

my @versions = restate_versions();
my $node = new_node('cli_queries');
load_example($node);
$node->safe_psql('postgres', slurp_file(getcwd() . '/examples/gateway_roles.sql'));
my $database = 'host=' . $node->host . ' port=' . $node->port . ' dbname=postgres';
my $gateway = start_gateway($node, "--db=$database user=restate_gateway", "--query-db=$database user=restate_gateway_reader");
my $url = "http://127.0.0.1:$gateway->{port}";
my $id = inv('suspended');
my $created = $node->safe_psql('postgres', "SELECT to_char(date_trunc('milliseconds', created_at AT TIME ZONE 'UTC'), 'YYYY-MM-DD\"T\"HH24:MI:SS.MS\"Z\"') FROM restate.sys_invocation WHERE id = '$id'");
my $query = "SELECT id, status, partition_key, journal_size, created_at, suspended_waiting_for_signals, completion_retention, completed_at, status = 'paused' AS paused FROM sys_invocation WHERE id = '$id'";
my $object = { id => $id, status => 'suspended', partition_key => 0, journal_size => 1, created_at => $created, suspended_waiting_for_signals => [1], completion_retention => 'PT86400S', paused => JSON::PP::false };

# JSON without what surrounds it.
sub decoded
{
	my ($output) = @_;
	my ($text) = $output =~ /^([\[{].*[\]}])/m;

	return eval { decode_json($text) } // $output;
}

for my $version (@versions)
{
	my $succeeds = sub {
		my ($expected, $rule, @arguments) = @_;
		my ($code, $output) = run_restate($version, $url, @arguments);

		ok($code == 0 && $output =~ $expected, "$version: $rule") or diag("exit $code\n$output");
	};

	$succeeds->(qr/^ ID +STATUS +PARTITION_KEY .*\n \Q$id\E +suspended +0 +1 +\Q$created\E .* PT86400S +false /m, 'sql prints a table', 'sql', $query);
	for my $case ([ '--json', [$object] ], [ '--jsonl', $object ])
	{
		my ($code, $output) = run_restate($version, $url, 'sql', $case->[0], $query);
		is_deeply(decoded($output), $case->[1], "$version: sql $case->[0] prints the row") or diag("exit $code\n$output");
	}
	$succeeds->(qr/^3000 rows\. /m, 'sql reads more than a batch', 'sql', '--jsonl', 'SELECT n, n::text AS t FROM generate_series(1, 3000) n');
	$succeeds->(qr/^0 rows\. /m, 'and no rows', 'sql', 'SELECT * FROM sys_invocation WHERE false');
	$succeeds->(qr/^1 rows\. /m, 'and every type', 'sql', '--jsonl', q{SELECT 1.5 AS a, date '2026-01-02' AS b, localtimestamp AS c, ARRAY['x', NULL] AS d, '\x00'::bytea AS e, NULL AS f, 1::real AS g});
	my ($code, $output) = run_restate($version, $url, 'sql', 'SELECT nothing');
	ok($code != 0 && $output =~ /column "nothing" does not exist/, "$version: sql prints an error of the database") or diag("exit $code\n$output");
	($code, $output) = run_restate($version, $url, 'sql', '--jsonl', 'SELECT 1/(n - 3000) AS x FROM generate_series(1, 5000) n');
	isnt($code, 0, "$version: sql fails where the stream is broken off") or diag($output);
	$succeeds->(qr/ http:\/\/old\/ +HTTP +Draining +8 +dp_10000000000000000000old /, 'deployments list --extra counts invocations', 'deployments', 'list', '--extra');
	$succeeds->(qr/^ Invocations: +8 /m, 'deployments describe --extra, too', 'deployments', 'describe', 'dp_10000000000000000000old', '--extra');
	$succeeds->(qr/Status: +suspended .*#0 .* Command: Input/s, 'invocations describe shows the journal', 'invocations', 'describe', $id);
}

is(stop_gateway($gateway), 0, 'the gateway ends well');
$node->stop;
done_testing();
