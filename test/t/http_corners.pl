# What no recorded exchange reaches: privileges and locks that are missing, a
# gateway for operations alone, odd requests, options.
use strict;
use warnings;
use IPC::Run ();
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use RestateGateway;
use RestateNode;
use Test::More;

my $node = new_node('http_corners', 'log_statement = none');
grant_roles($node);
load_example($node);
my $digest = digest($node);
my $database = 'host=' . $node->host . ' port=' . $node->port . ' dbname=postgres';
my $gateway = start_gateway($node);
my ($done, $running, $unknown) = map { inv($_) } qw(done running unknown);
my $batch = '/internal/invocations_batch_operations';

# requests

for my $case (
	[ 'a query whose answer can be anything', 'POST', '/query', '{"query":"SELECT 1"}', [ 'Content-Type: application/json', 'Accept: text/html, */*' ], '200' ],
	[ 'or any of its kind', 'POST', '/query', '{"query":"SELECT 1"}', [ 'Content-Type: application/json', 'Accept: application/*' ], '200' ],
	[ 'or empty', 'POST', '/query', '{"query":"SELECT 1"}', [ 'Content-Type: application/json', 'Accept:' ], '200' ],
	[ 'or something else', 'POST', '/query', '{"query":"SELECT 1"}', [ 'Content-Type: application/json', 'Accept: text/html' ], '200' ],
	[ 'a type built on JSON', 'POST', '/query', '{"query":"SELECT 1"}', ['Content-Type: application/x+json; charset=utf-8'], '200' ],
	[ 'a type that only looks like it', 'POST', '/query', '{"query":"SELECT 1"}', ['Content-Type: application/x-json'], '415 unsupported_media_type' ],
	[ 'nor of that class', 'POST', '/query', '{"query":"SELECT 1"}', ['Content-Type: application_/x+json'], '415 unsupported_media_type' ],
	[ 'nor longer', 'POST', '/query', '{"query":"SELECT 1"}', ['Content-Type: application/jsonx'], '415 unsupported_media_type' ],
	[ 'none at all', 'POST', '/query', '{"query":"SELECT 1"}', [], '415 unsupported_media_type' ],
	[ 'a body that is no object', 'POST', "$batch/kill", '7', ['Content-Type: application/json'], '422 invalid_body' ],
	[ 'an array that is too short', 'POST', "$batch/resume", "[[\"$unknown\"]]", ['Content-Type: application/json'], '422 invalid_body' ],
	[ 'and one as it should be', 'POST', "$batch/resume", "[[\"$unknown\"], null]", ['Content-Type: application/json'], '200' ],
	[ 'with the deployment that is pinned', 'POST', "$batch/resume", "{\"invocation_ids\":[\"$unknown\"],\"deployment\":{\"Keep\":null}}", ['Content-Type: application/json'], '200' ],
	[ 'or the latest', 'POST', "$batch/resume", "{\"invocation_ids\":[\"$unknown\"],\"deployment\":{\"Latest\":null}}", ['Content-Type: application/json'], '200' ],
	[ 'or one that there is not', 'POST', "$batch/resume", "{\"invocation_ids\":[\"$unknown\"],\"deployment\":{\"Other\":null}}", ['Content-Type: application/json'], '422 invalid_body' ],
	[ 'no ids', 'POST', "$batch/kill", '{"invocation_ids":[]}', ['Content-Type: application/json'], '200' ],
	[ 'an index with a sign', 'PATCH', "/invocations/$unknown/restart-as-new?from=%2B1", undef, [], '404 invocation_not_found' ],
	[ 'a sign alone', 'PATCH', "/invocations/$unknown/restart-as-new?from=%2B", undef, [], '400 invalid_query_parameter' ],
	[ 'an index given twice', 'PATCH', "/invocations/$unknown/restart-as-new?from=1&from=1", undef, [], '400 invalid_query_parameter' ],
	[ 'a deployment given twice', 'PATCH', "/invocations/$unknown/restart-as-new?deployment=a&deployment=b", undef, [], '400 invalid_query_parameter' ],
	[ 'in a resume, too', 'PATCH', "/invocations/$unknown/resume?deployment=a&deployment=b", undef, [], '400 invalid_query_parameter' ],
	[ 'a parameter with a NUL', 'PATCH', "/invocations/$unknown/resume?deployment=a%00", undef, [], '400 invalid_query_parameter' ],
	[ 'a parameter that is not UTF-8', 'PATCH', "/invocations/$unknown/resume?deployment=%ff", undef, [], '400 invalid_query_parameter' ],
	[ 'a key that is not UTF-8', 'PATCH', "/invocations/$unknown/restart-as-new", undef, ["Idempotency-Key: \xff"], '400 invalid_query_parameter' ],
	[ 'an id with a NUL', 'PATCH', "/invocations/$unknown%00/kill", undef, [], '400 invalid_invocation_id' ],
	[ 'a service with a NUL', 'GET', '/services/Svc%00', undef, [], '404 service_not_found' ],
	[ 'a service that is not UTF-8', 'GET', '/services/%e0%80%80', undef, [], '400 invalid_path' ],
	[ 'nor with a surrogate', 'GET', '/services/%ed%a0%80', undef, [], '400 invalid_path' ],
	[ 'nor past the last character', 'GET', '/services/%f4%90%80%80', undef, [], '400 invalid_path' ],
	[ 'nor cut off', 'GET', '/services/%c3', undef, [], '400 invalid_path' ],
	[ 'a service of four bytes', 'GET', '/services/%F0%9f%98%80', undef, [], '404 service_not_found' ],
	[ 'an escape that is none', 'GET', '/services/%zz%', undef, [], '404 service_not_found' ],
	[ 'a path that is too long', 'GET', '/a/b/c/d/e/f/g/h/i/j', undef, [], '404 route_not_found' ],
	[ 'a version and no more', 'GET', '/v3', undef, [], '404 route_not_found' ],
	[ 'an absolute target', 'GET', 'http://gateway/version', undef, [], '200' ],
	[ 'one without a path', 'GET', 'http://gateway', undef, [], '404 route_not_found' ],
	[ 'a fragment', 'GET', '/version#a', undef, [], '200' ],
	[ 'a token where none is asked for', 'GET', '/version', undef, ['Authorization: Bearer x'], '200' ],
	[ 'two hosts', 'GET', '/version', undef, [ 'Host: a', 'Host: b' ], '400 invalid_request' ])
{
	my ($what, $method, $target, $body, $headers, $want) = @$case;

	is(told(request($gateway, $method, $target, $body, @$headers)), $want, "$method $target: $what");
}

is(json_request($gateway, 'POST', '/query', '{"query":"SELECT ARRAY[\'a\', NULL, \'NULL\', \'b\\\\\"{},\', \'\'], ARRAY[[\'a\']], ARRAY[1, NULL], ARRAY[[1]], \'NaN\'::float8"}')->{body},
	'{"rows":[{"array":["a",null,"NULL","b\\\\\"{},",""],"array_2":"{{a}}","array_3":[1,null],"array_4":"{{1}}","float8":"NaN"}]}', 'arrays and what is no number');

# privileges, locks, a gateway for operations alone

my $powerless = start_gateway($node, "--db=$database user=reader", '--pool=1');
is(told(request($powerless, 'PATCH', "/invocations/$unknown/kill")), '403 forbidden', 'an operation without the privilege');
is(told(json_request($powerless, 'POST', "$batch/kill", "{\"invocation_ids\":[\"$unknown\"]}")), '403 forbidden', 'and a batch');
is(told(request($powerless, 'PATCH', "/invocations/$unknown/restart-as-new")), '403 forbidden', 'and a restart');

$node->safe_psql('postgres', q{ALTER ROLE gateway SET lock_timeout = '100ms'});
my $alone = start_gateway($node, "--db=$database user=gateway", '--query-db=', '--pool=1', '--log-level=debug');
is(told(request($alone, 'GET', '/services')), '503 unavailable', 'there are no reads without --query-db');
is(told(json_request($alone, 'POST', '/query', '{"query":"SELECT 1"}')), '503 unavailable', 'nor queries');
is(request($alone, 'GET', '/health')->{status}, 200, 'but health');
is(request($alone, 'GET', '/metrics')->{status}, 200, 'and metrics');
my $sql = open_sql($node);
sql($sql, "BEGIN; SELECT 1 FROM restate.invocation WHERE id = '$running' FOR UPDATE");
my $answer = request($alone, 'PATCH', "/invocations/$running/kill");
is(told($answer), '503 unavailable', 'a lock that is not to be had');
is($answer->{headers}{'retry-after'}, 1, 'may be had later');
sql($sql, 'ROLLBACK');

# options

for my $refused (
	[ 'a level that there is not', '--log-level=loud' ],
	[ 'a number too small', '--pool=0' ],
	[ 'no room for the largest body', '--request-bodies=31' ],
	[ 'a number too large', '--pool=1001' ],
	[ 'a number too large to read', '--pool=99999999999999999999' ],
	[ 'a number with more behind it', '--pool=1x' ],
	[ 'no number', '--pool=' ],
	[ 'fewer lanes than none', '--lanes=-1' ],
	[ 'too many lanes', '--lanes=1001' ],
	[ 'an argument', 'here' ],
	[ 'an address without a port', '--listen=127.0.0.1' ],
	[ 'a port without an address', '--listen=:9070' ],
	[ 'an address that is too long', '--listen=' . '1' x 64 . ':9070' ],
	[ 'a name for an address', '--listen=example:9070' ],
	[ 'half a bracket', '--listen=[::1:9070' ],
	[ 'a URL without a scheme', '--ingress-url=127.0.0.1:8080' ],
	[ 'a URL of another', '--ingress-url=ftp://orders.example/' ],
	[ 'a URL without a host', '--ingress-url=https:///orders' ],
	[ 'a URL with a blank', '--ingress-url=http://a b/' ],
	[ 'a URL that is not ASCII', "--ingress-url=http://\xe4/" ],
	[ 'no URL', '--ingress-url=' ])
{
	my ($what, @options) = @$refused;

	IPC::Run::run([ $RestateGateway::program, @options ], '<', \undef, '>', \my $out, '2>', \my $err, IPC::Run::timeout($PostgreSQL::Test::Utils::timeout_default));
	is($? >> 8, 2, "the gateway does not start with $what");
}
for my $named ('RESTATE_GATEWAY_POOL', 'RESTATE_ADMIN_HTTP_POOL')
{
	IPC::Run::run([ 'env', "$named=none", $RestateGateway::program ], '<', \undef, '>', \my $out, '2>', \my $err, IPC::Run::timeout($PostgreSQL::Test::Utils::timeout_default));
	is($? >> 8, 2, "nor with an option of the environment that it would not take, as $named");
}
IPC::Run::run([ 'env', 'RESTATE_GATEWAY_POOL=none', 'RESTATE_ADMIN_HTTP_POOL=1', $RestateGateway::program ],
	'<', \undef, '>', \my $out, '2>', \my $err, IPC::Run::timeout($PostgreSQL::Test::Utils::timeout_default));
is($? >> 8, 2, "today's name of an option counts before the former");
is(stop_gateway($_), 0, 'the gateway ends well') for $gateway, $powerless, $alone;
for my $address ('localhost', '[::1]')
{
	my $at = start_gateway($node, "--listen=$address:0", '--query-db=');

	is(stop_gateway($at), 0, "it listens at $address");
}
is(digest($node), $digest, 'nothing has changed in the tables');
done_testing();
