# The routes that read, or that are not built yet: what they answer with, and
# what every answer has.
use strict;
use warnings;

use IPC::Run ();
use JSON::PP;
use PostgreSQL::Test::Utils;
use Test::More;

use NpmTool;
use RestateGateway;
use RestateNode;

my $validator = npm_tool('validate-api');
my $node = new_node('http_routes');
load_example($node);
grant_roles($node);
$node->safe_psql('postgres', <<'SQL');
INSERT INTO restate.deployment (id, ty, endpoint, min_service_protocol_version, max_service_protocol_version)
VALUES ('dp_1000000000000000000many', 'http', 'http://many', 5, 6);
INSERT INTO restate.service_revision (service_name, revision, deployment_id, ty, public, settings, handlers)
VALUES ('Many', 3, 'dp_1000000000000000000many', 'service', true, '{"documentation": "Does \"it\"."}', $$[
    {"name": "typed", "input_description": "JSON object", "output_description": "JSON string", "documentation": "Says it.",
      "input_json_schema": {"type": "object"}, "output_json_schema": {"type": "string"}},
    {"name": "text", "input_description": "optional text/plain", "output_description": "application/json"},
    {"name": "mute", "input_description": "none", "output_description": "none"},
    {"name": "an ß/%", "public": false}]$$),
  ('Obj', 2, 'dp_1000000000000000000many', 'virtual_object', true, '{}', '[{"name": "add", "ty": "Exclusive"}, {"name": "get", "ty": "Shared"}]'),
  ('Wf', 2, 'dp_1000000000000000000many', 'workflow', true, '{}', '[{"name": "run", "ty": "Workflow"}, {"name": "peek", "ty": "Shared"}]'),
  ('None', 1, 'dp_1000000000000000000many', 'service', true, '{}', '[]');
SQL
my $gateway = start_gateway($node);

# Returns the document that a path is answered with.
sub document
{
	my ($path) = @_;
	my $answer = request($gateway, 'GET', $path);

	is($answer->{status}, 200, "GET $path succeeds") or diag($answer->{body});
	return decode_json($answer->{body});
}

# /version
my $version = document('/version');
my ($ours) = slurp_file('restate_admin.control') =~ /^default_version *= *'(.*)'/m;
is_deeply($version, { version => '1.6.2', min_admin_api_version => 2, max_admin_api_version => 3, ingress_endpoint => undef,
		features => {}, restate_admin_version => $ours }, '/version tells whose API it is, and our version in a field of its own');

# where the ingress is
my $secret = $node->basedir . '/ingress_token';
append_to_file($secret, "0123456789abcdef\n");
for my $case (
	[ 'an address', qr{^http://127\.0\.0\.1:(\d+)/$}, '--ingress=127.0.0.1:0' ],
	[ 'an address of IPv6', qr{^http://\[::1\]:(\d+)/$}, '--ingress=[::1]:0' ],
	[ 'every address', undef, '--ingress=0.0.0.0:0', "--ingress-token-file=$secret" ],
	[ 'every address of IPv6', undef, '--ingress=[::]:0', "--ingress-token-file=$secret" ],
	[ 'a socket', undef, '--ingress=' . PostgreSQL::Test::Utils::tempdir_short() . '/ingress' ],
	[ 'a URL', qr{^https://orders\.example/$}, '--ingress=127.0.0.1:0', '--ingress-url=https://orders.example/' ],
	[ 'a URL of another', qr{^http://10\.0\.0\.9:8080$}, '--ingress-url=http://10.0.0.9:8080' ])
{
	my ($what, $wanted, @options) = @$case;
	my $with = start_gateway($node, @options);
	my $endpoint = decode_json(request($with, 'GET', '/version')->{body})->{ingress_endpoint};
	if ($wanted)
	{
		like($endpoint, $wanted, "the ingress at $what");
		is($1, (gateway_log($with) =~ / ingress=\S+:(\d+)$/m)[0], 'with its port') if $endpoint =~ $wanted && defined $1;
	}
	else
	{
		is($endpoint, undef, "the ingress at $what");
	}
	is(stop_gateway($with), 0, "and that gateway ends");
}

# Server
my $server = "restate-gateway/$ours";
for my $case (
	[ 'a success', GET => '/live' ], [ 'a read', GET => '/services' ], [ 'HEAD', HEAD => '/services' ],
	[ 'an unknown route', GET => '/nothing' ], [ 'a wrong method', PUT => '/health' ], [ 'an operation', PATCH => '/invocations/x/kill' ],
	[ 'what is not built', PATCH => '/deployments/x' ], [ 'a registration without a body', POST => '/deployments' ], [ 'a target that is too long', GET => '/' . 'a' x 66000 ])
{
	my ($what, $method, $target) = @$case;
	is(request($gateway, $method, $target)->{headers}{server}, $server, "$what is answered with Server");
}
is(exchange($gateway, "GET /live HTTP/1.1\r\nConnection: close\r\n\r\n")->{headers}{server}, $server, 'a head that is refused is answered with Server');

# handlers
my $handlers = document('/services/Many/handlers')->{handlers};
is_deeply($handlers, document('/services/Many')->{handlers}, 'the handlers of a service are those that the service shows');
is(scalar @$handlers, 4, 'all of them');
is_deeply(document('/services/Many/handlers/typed'), $handlers->[0], 'a handler is one of them');
is_deeply(document('/v3/services/Many/handlers/an%20%C3%9F%2F%25')->{public}, JSON::PP::false, 'its name is decoded');
is_deeply(document('/services/None/handlers'), { handlers => [] }, 'a service may have none');
is_deeply([ map { $_->{name} } @{ document('/services/Obj/handlers')->{handlers} } ], [ 'add', 'get' ], 'they are of the latest revision');
for my $case (
	[ '/services/Nope/handlers', '404 service_not_found' ], [ '/services/Nope/openapi', '404 service_not_found' ],
	[ '/services/Nope/handlers/typed', '404 handler_not_found' ], [ '/services/Many/handlers/nope', '404 handler_not_found' ],
	[ '/services/Many/handlers/%00', '404 handler_not_found' ], [ '/services/%00/handlers/typed', '404 handler_not_found' ],
	[ '/services/Many/handlers/%ff', '400 invalid_path' ], [ '/services/%ff/handlers/typed', '400 invalid_path' ],
	[ '/services/Many/handlers/', '404 route_not_found' ], [ '/services//handlers', '404 service_not_found' ],
	[ '/services/Many/nope', '404 route_not_found' ], [ '/services/Many/handlers/typed/x', '404 route_not_found' ],
	[ '/subscriptions/sub_15VqmTOnXH3Vv2pl5HOG7Ua', '404 subscription_not_found' ], [ '/subscriptions/x', '400 invalid_path' ],
	[ '/subscriptions/sub_15VqmTOnXH3Vv2pl5HOG7U', '400 invalid_path' ], [ '/subscriptions/sub_15VqmTOnXH3Vv2pl5HOG7Uaa', '400 invalid_path' ],
	[ '/subscriptions/dp_15VqmTOnXH3Vv2pl5HOG7Ua', '400 invalid_path' ], [ '/subscriptions/sub_1zzzzzzzzzzzzzzzzzzzzzZ', '400 invalid_path' ])
{
	my ($path, $expected) = @$case;
	is(told(request($gateway, 'GET', $path)), $expected, "GET $path is $expected");
}

# the OpenAPI of a service

# Runs the validator on a document; returns its exit code and what it printed.
sub validate
{
	my ($text) = @_;
	my $file = PostgreSQL::Test::Utils::tempdir . '/openapi.json';
	my $output = '';

	append_to_file($file, $text);
	IPC::Run::run([ $validator, $file ], '<', \'', '>&', \$output);
	return ($?, $output);
}

for my $service ('Many', 'Obj', 'Wf', 'None', 'Svc')
{
	my ($status, $output) = validate(request($gateway, 'GET', "/services/$service/openapi")->{body});
	is($status, 0, "the OpenAPI of $service is valid") or diag($output);
}
my $many = document('/services/Many/openapi');
is_deeply($many->{info}, { title => 'Many', version => '3', description => 'Does "it".' }, 'it is about the latest revision');
is_deeply([ grep { /^[ -~]*$/ } sort keys %{ $many->{paths} } ], [
		map({ my $handler = $_; map { "/Many/$handler$_" } '', '/send' } qw(mute text typed)),
		map({ my $handler = $_; map { "/restate/invocation/Many/$handler/{idempotencyKey}/$_" } qw(attach output) } qw(mute text typed)) ],
	'it has the requests of each handler');
is_deeply($many->{paths}{'/Many/typed'}{post}{requestBody}, { content => { 'application/json' => { schema => { type => 'object' } } } },
	'a body has the schema that was registered');
is_deeply($many->{paths}{'/Many/typed'}{post}{responses}{200}{content}, { 'application/json' => { schema => { type => 'string' } } },
	'a result has');
is_deeply([ keys %{ $many->{paths}{'/Many/text'}{post}{requestBody}{content} } ], ['text/plain'], 'a body has the type that was registered');
ok(!exists $many->{paths}{'/Many/mute'}{post}{requestBody}, 'a handler without input takes no body');
ok(!exists $many->{paths}{'/Many/mute'}{post}{responses}{200}{content}, 'one without output returns none');
is_deeply([ sort keys %{ document('/services/Obj/openapi')->{paths} } ], [
		map({ my $handler = $_; map { "/Obj/{key}/$handler$_" } '', '/send' } qw(add get)),
		map({ my $handler = $_; map { "/restate/invocation/Obj/{key}/$handler/{idempotencyKey}/$_" } qw(attach output) } qw(add get)) ],
	'a virtual object has a key');
is_deeply([ sort keys %{ document('/services/Wf/openapi')->{paths} } ], [
		'/Wf/{key}/peek', '/Wf/{key}/peek/send', '/Wf/{key}/run', '/Wf/{key}/run/send',
		'/restate/workflow/Wf/{key}/attach', '/restate/workflow/Wf/{key}/output' ],
	'a workflow is waited for by its key');

# what there is none of, and how all is
is_deeply(document('/subscriptions'), { subscriptions => [] }, 'there are no subscriptions');
is_deeply(document('/subscriptions?sink=service%3A%2F%2FSvc'), { subscriptions => [] }, 'none by a filter either');
is_deeply(document('/cluster-health'), { cluster_name => 'postgres', metadata_cluster_health => undef }, 'the cluster is the database');

# what is not built yet
my $before = digest($node);
for my $case (
	[ POST => '/subscriptions' ], [ DELETE => '/subscriptions/sub_15VqmTOnXH3Vv2pl5HOG7Ua' ])
{
	my ($method, $path) = @$case;
	for my $prefix ('', '/v2', '/v3')
	{
		my $answer = json_request($gateway, $method, "$prefix$path", '{"uri": "http://127.0.0.1:1"}');
		is(told($answer), '501 not_implemented', "$method $prefix$path is not built yet");
		like(decode_json($answer->{body})->{message}, qr/\S+ \S+/, 'and says so');
	}
}
for my $prefix ('', '/v3')
{
	my $answer = json_request($gateway, 'PUT', "$prefix/deployments/dp_10000000000000000000old", '{}');
	is(told($answer) . ' ' . ($answer->{headers}{allow} // ''), '405 method_not_allowed GET,HEAD,DELETE,PATCH', "PUT $prefix/deployments is of version 2 alone");
}
is(digest($node), $before, 'nothing was changed');

# methods
for my $case (
	[ '/deployments', 'GET,HEAD,POST' ], [ '/deployments/x', 'GET,HEAD,DELETE,PATCH' ], [ '/v2/deployments/x', 'GET,HEAD,DELETE,PATCH,PUT' ], [ '/services/x', 'GET,HEAD,PATCH' ],
	[ '/services/x/handlers', 'GET,HEAD' ], [ '/services/x/state', 'POST' ], [ '/subscriptions', 'POST,GET,HEAD' ],
	[ '/subscriptions/x', 'GET,HEAD,DELETE' ], [ '/cluster-health', 'GET,HEAD' ], [ '/query', 'POST' ])
{
	my ($path, $methods) = @$case;
	my $answer = request($gateway, 'OPTIONS', $path);
	is("$answer->{status} $answer->{headers}{allow}", "405 $methods", "$path is served with $methods");
}
stop_gateway($gateway);

# without what they need
my $database = 'host=' . $node->host . ' port=' . $node->port;
$gateway = start_gateway($node, "--db=$database dbname=template1 user=gateway", "--query-db=$database dbname=template1 user=reader");
is(told(request($gateway, 'GET', '/cluster-health')), '503 not_ready', '/cluster-health is 503 where /health is');
stop_gateway($gateway);
my $token = PostgreSQL::Test::Utils::tempdir . '/token';
append_to_file($token, "0123456789abcdef\n");
$gateway = start_gateway($node, "--token-file=$token");
is(told(request($gateway, 'GET', $_)), '401 unauthorized', "GET $_ wants the token")
  for '/cluster-health', '/subscriptions', '/services/Many/handlers', '/services/Many/openapi', '/version';
my $refused = request($gateway, 'POST', '/deployments');
is(told($refused), '401 unauthorized', 'so does a registration');
is($refused->{headers}{server}, $server, 'and the refusal is answered with Server');
stop_gateway($gateway);
$node->stop;
done_testing();
