# A gateway on any node of a Citus cluster answers as one on a server of its own.
use strict;
use warnings;
use Cwd;
use JSON::PP;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use RestateCitus;
use RestateGateway;
use RestateNode;
use Test::More;

my $why_not = no_citus();
plan skip_all => $why_not if $why_not;

my $plain = new_node('plain');
my @nodes = new_citus();

$nodes[0]->safe_psql('postgres', 'SELECT FROM restate_distribute()');
for my $node ($plain, $nodes[0])
{
	load_example($node);
	grant_roles($node);
}
my $alone = start_gateway($plain);
my @gateways = map { start_gateway($_) } @nodes;

# Returns status and body of an answer, without times and ids that are made.
sub shown
{
	my ($answer) = @_;

	return "$answer->{status} " . ($answer->{body} =~ s/\d{4}-\d\d-\d\dT[\d:.]+(?:Z|\+00:00)?/TIME/gr =~ s/("new_invocation_id":")\w+/$1NEW/gr);
}

# what reads, on each
for my $path ('/services', '/services/Svc', '/services/Svc/handlers', '/services/Svc/handlers/run', '/services/Gone', '/deployments',
	'/deployments/dp_10000000000000000000old', '/deployments/dp_10000000000000000000gon', '/admin/stuck', '/health')
{
	my $expected = shown(json_request($alone, 'GET', $path));

	is(shown(json_request($_, 'GET', $path)), $expected, "GET $path") for @gateways;
}
for my $query ('SELECT id, status, target FROM sys_invocation ORDER BY id', 'SELECT status, count(*) AS n FROM sys_invocation_status GROUP BY status ORDER BY status',
	"SELECT index, entry_type, completed FROM sys_journal WHERE id = '" . inv('done') . "' ORDER BY index",
	'SELECT service_name, service_key, key, value_utf8 FROM state ORDER BY service_name, service_key', 'SELECT id, endpoint FROM sys_deployment ORDER BY id',
	'SELECT name, revision FROM sys_service ORDER BY name',
	"SELECT i.id, j.index FROM sys_invocation i JOIN sys_journal j ON j.id = i.id AND j.partition_key = i.partition_key WHERE i.status = 'completed' ORDER BY i.id, j.index")
{
	my $body = encode_json({ query => $query });
	my $expected = shown(json_request($alone, 'POST', '/query', $body));

	like($expected, qr/^200 /, "the query is answered: $query");
	is(shown(json_request($_, 'POST', '/query', $body)), $expected, $query) for @gateways;
}

# what changes something, by a node each
my @changes = (
	[ 'PATCH', '/invocations/' . inv('running') . '/cancel' ], [ 'PATCH', '/invocations/' . inv('paused') . '/resume' ],
	[ 'PATCH', '/invocations/' . inv('holder', 'a') . '/kill' ], [ 'PATCH', '/invocations/' . inv('ready') . '/pause' ],
	[ 'PATCH', '/invocations/' . inv('old') . '/restart-as-new?from=1' ], [ 'DELETE', '/invocations/' . inv('suspended') . '?mode=kill' ],
	[ 'PATCH', '/invocations/' . inv('done') . '/purge-journal' ], [ 'PATCH', '/invocations/' . inv('gone') . '/purge' ],
	[ 'PATCH', '/invocations/' . inv('missing') . '/kill' ],
	[ 'POST', '/internal/invocations_batch_operations/kill', { invocation_ids => [ inv('parent'), inv('child'), inv('retrying'), inv('missing') ] } ],
	[ 'POST', '/internal/invocations_batch_operations/purge', { invocation_ids => [ inv('parent'), inv('child') ] } ]);
my $turn = 0;
for my $change (@changes)
{
	my ($method, $path, $document) = @$change;
	my $body = $document && encode_json($document);

	is(shown(json_request($gateways[ $turn++ % @gateways ], $method, $path, $body)), shown(json_request($alone, $method, $path, $body)), "$method $path");
}
is($nodes[0]->safe_psql('postgres', 'SELECT status, count(*) FROM restate.invocation GROUP BY 1 ORDER BY 1'),
	$plain->safe_psql('postgres', 'SELECT status, count(*) FROM restate.invocation GROUP BY 1 ORDER BY 1'), 'the same has become of all of them');
is($nodes[0]->safe_psql('postgres', 'SELECT * FROM restate_verify()'), '', 'nothing is broken');
is(stop_gateway($_), 0, 'the gateway ends well') for $alone, @gateways;

done_testing();
