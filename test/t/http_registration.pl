# Registering deployments over HTTP, changing them, services and the state of objects: what
# Restate's server 1.6.2 answered to the same requests, in the order in which they were
# sent, and what else holds here.
use strict;
use warnings;

use IO::Socket::INET;
use IPC::Run;
use JSON::PP;
use PostgreSQL::Test::Utils;
use RestateGateway;
use RestateNode;
use Test::More;

plan skip_all => 'node is not there' if !grep { -x "$_/node" } split /:/, $ENV{PATH};

# Where we depart: status and code, and why.
my $once = 'a name stands once';
my $manifest = 'what is wrong with a manifest has one code';
my $wrong = 'what is given and cannot be is not passed over';
my $text = 'no text of the server\'s has a NUL';
my %departs = (
	'body: ftp' => [ 422, '', 'only http is called' ],
	'body: arn' => [ 501, '', 'no Lambda is called' ],
	'body: arn bad' => [ 501, '', 'no Lambda is called' ],
	'manifest: protocol missing' => [ 201, '', 'versions 5 and 6 are what is meant' ],
	'manifest: mode missing' => [ 201, '', 'both ways at once is what is meant' ],
	'manifest: service twice' => [ 500, 'META0013', $once ],
	'manifest: handler twice' => [ 500, 'META0013', $once ],
	'manifest: handler ty bad' => [ 500, 'META0013', $manifest ],
	'manifest: public handler of private' => [ 500, 'META0013', $manifest ],
	'manifest: workflow two runs' => [ 500, 'META0013', 'a handler of a workflow that says nothing is its run' ],
	'manifest: doc nul' => [ 500, 'META0013', $text ],
	'closes' => [ 500, 'META0014', 'what says nothing may be HTTP/1.1 only' ],
	'with query' => [ 422, '', 'a query is no part of where a deployment is' ],
	'with user' => [ 422, '', 'a URI is shown to whoever may read' ],
	'with fragment' => [ 422, '', 'a fragment is no part of where a deployment is' ],
	'patch Counter: array' => [ 422, '', 'an array has no options' ],
	'patch Counter: idempotency ns' => [ 422, '', 'microseconds are the shortest' ],
	'state: version wrong' => [ 409, 'state_version_mismatch', 'it is known at once' ],
	'state: key nul' => [ 422, '', $text ],
	'state: state key nul' => [ 400, '', $text ],
	'state: twice' => [ 202, '', 'of an entry that stands twice the last counts' ],
	'state: unknown service' => [ 404, 'service_not_found', 'it is known at once' ],
	'state: service of deleted' => [ 202, '', 'another deployment serves it' ],
	'delete: unknown' => [ 404, 'unknown_deployment', 'what is not in use is removed without force' ],
	'delete: not forced, in use' => [ 409, 'deployment_in_use', 'what is not in use is removed without force' ],
	'delete: force=false, in use' => [ 409, 'deployment_in_use', 'what is not in use is removed without force' ],
	'delete: not forced, not in use' => [ 202, '', 'what is not in use is removed without force' ],
	'update: uri number' => [ 422, '', $wrong ],
	'update: uri empty' => [ 422, '', $wrong ],
	'update: use_http_11 text' => [ 422, '', $wrong ],
	'update: uri twice' => [ 422, '', $wrong ],
	'update: uri ftp' => [ 422, '', 'only http is called' ],
	'update: arn bad' => [ 501, '', 'no Lambda is called' ],
	'update: assume role' => [ 501, '', 'no Lambda is called' ],
	'update: http1 stays' => [ 500, 'META0014', 'what breaks off may be HTTP/1.1 only' ],
	'update: http1 alone' => [ 500, 'META0014', 'what breaks off may be HTTP/1.1 only' ],
	'update: use_http_11 alone' => [ 500, 'META0003', 'what is asked for is not passed over, and HTTP/1.1 is not spoken there' ],
	'update: closes' => [ 500, 'META0014', 'what says nothing may be HTTP/1.1 only' ],
	'update: register the uri of two' => [ 200, '', 'of two deployments at one place the newer is meant' ],
	'update: overwrite alone' => [ 200, '', 'it is asked anew, as the description of the API has it' ],
	'delete: forced, not in use' => [ 404, 'unknown_deployment', 'it was removed before, without force' ]);

# an option of the service goes before one of its run, and a change stays with its revision
my %not_compared = map { $_ => 1 } (map { "patch Flow: $_ workflow_completion_retention" } 'workflow', 'workflow null', 'idempotency'),
  map { "patch: service of deleted $_" } qw(abort_timeout idempotency_retention inactivity_timeout journal_retention);

my $json = JSON::PP->new->utf8->canonical->allow_nonref;
my @lines = map { $json->decode($_) } split /\n/, slurp_file('test/conformance/registration.jsonl');
my $dir = PostgreSQL::Test::Utils::tempdir;
my ($out, $err) = ('', '');
my $peer = IPC::Run::start([ 'node', 'test/lib/discoverable.mjs', $dir ], '<', \undef, '>', \$out, '2>', \$err);
END
{
	local $?;
	$peer->kill_kill if $peer;
}
$peer->pump until $out =~ /\n/ || !$peer->pumpable;
my ($h2, $h1, $closes, $mute) = $out =~ /^(\d+) (\d+) (\d+) (\d+)$/m or die "what is asked has not started: $err\n";
# a port that nobody listens at, and nobody else gets
my $silent = IO::Socket::INET->new(LocalAddr => '127.0.0.1', Proto => 'tcp') or die "no free port: $!";
my %port = (h2 => $h2, h1 => $h1, closes => $closes, gone => $silent->sockport);

my $node = new_node('http_registration');
$node->safe_psql('postgres', slurp_file('examples/gateway_roles.sql'));
my $database = 'host=' . $node->host . ' port=' . $node->port . ' dbname=postgres';
my @roles = ("--db=$database user=restate_gateway", "--query-db=$database user=restate_gateway_reader");
my $gateway = start_gateway($node, @roles);
my (%ours, %label);
my $replayed = 0;

for my $line (@lines)
{
	if ($line->{state})
	{
		is($json->encode([ states() ]), $json->encode([ sort { "@$a[0,1,2]" cmp "@$b[0,1,2]" } @{ $line->{state} } ]), 'the state');
		next;
	}
	set_up($line);
	my $answer = replay($line);
	my $departure = $departs{ $line->{case} };
	my ($status, $code) = $departure ? @$departure : ($line->{status}, $line->{restate_code} // '');
	my $body = $answer->{body} eq '' ? {} : $json->decode($answer->{body});

	$replayed++;
	is($answer->{status}, $status, "$line->{case}: the status") or diag($answer->{body});
	is($body->{restate_code}, $code, "$line->{case}: the code") if $code ne '';
	ok(defined $body->{message} && $body->{restate_code} ne 'internal', "$line->{case}: the error is told") if $status >= 400;
	next if $departure || !$answer || $answer->{status} != $status;
	is_like($line, $body, $answer) if $line->{id};
	is_deeply(as_recorded($body), $line->{deployment}, "$line->{case}: the deployment") if $line->{deployment};
	my @options = grep { !$not_compared{"$line->{case} $_"} && $line->{service}{$_} ne '1ns' } sort keys %{ $line->{service} };
	is_deeply({ map { $_ => $body->{$_} } @options }, { map { $_ => $line->{service}{$_} } @options }, "$line->{case}: the service") if @options;
	is_deeply({ map { $_->{name} => $_->{public} } @{ $body->{handlers} } }, $line->{public}, "$line->{case}: who may call which handler") if $line->{public};
}
is($node->safe_psql('postgres', q(SELECT string_agg(problem, ' ') FROM restate_verify() WHERE problem <> 'pinned_without_deployment')), '', 'all is well');

# Does what was done before a case when it was recorded.
sub set_up
{
	my ($line) = @_;

	if ($line->{case} eq 'held: set')
	{
		$ours{"held $_"} = $node->safe_psql('postgres', q(SELECT id FROM restate_submit('Counter', 'add', '1', 'held', claim_for => 'w'))) for 1, 2;
	}
	elsif ($line->{case} eq 'delete: not forced, in use')
	{
		my ($label) = $line->{path} =~ /\{(.*)\}/;
		my $id = $node->safe_psql('postgres', q(SELECT id FROM restate_submit('Counter', 'add', '1', 'inuse', claim_for => 'w')));
		$node->safe_psql('postgres', "UPDATE restate.invocation SET pinned_deployment_id = '$ours{$label}' WHERE id = '$id'");
	}
	return;
}

# Returns the states that there are: of what, the key, and the value in hex.
sub states
{
	my $rows = $node->safe_psql('postgres', q(SELECT service_name, service_key, key, encode(value, 'hex') FROM restate.state
		ORDER BY service_name, service_key COLLATE "C", key COLLATE "C"));

	utf8::decode($rows);
	return map { [ split /\|/, $_, -1 ] } split /\n/, $rows;
}

# Sends the request with our ports and ids in place of those that were recorded.
sub replay
{
	my ($line) = @_;
	my $path = $line->{path};
	my $body = ref $line->{body} ? $json->encode($line->{body}) : $line->{body};

	for ($path, $body // ())
	{
		s/127\.0\.0\.1:\{(\w+)\}/127.0.0.1:$port{$1}/g;
		s/\{(\w+ \d+)\}/$ours{$1}/g;
	}
	utf8::encode($body) if defined $body && !ref $line->{body};
	if ($line->{served} || ($line->{body} // '') =~ /\{h2\}/)
	{
		my $name = $line->{at} // ($json->encode($line->{body}) =~ m{\}/([\w/]*)})[0];
		$name =~ s{/$}{};
		unlink "$dir/$name";
		append_to_file("$dir/$name", $json->encode($line->{served})) if $line->{served};
	}
	return json_request($gateway, $line->{method}, $path, $body);
}

# Returns of a deployment what was recorded of deployments.
sub as_recorded
{
	my ($deployment) = @_;
	my %shown = map { $_ => $deployment->{$_} // {} } qw(uri http_version protocol_type additional_headers metadata);
	my %name = reverse %port;

	$shown{uri} =~ s/127\.0\.0\.1:(\d+)/127.0.0.1:{$name{$1}}/;
	for my $service (@{ $deployment->{services} })
	{
		$shown{services}{ $service->{name} } =
		  { (map { $_ => $service->{$_} } qw(revision ty public journal_retention)), handlers => [ sort map { $_->{name} } @{ $service->{handlers} } ] };
	}
	return { services => {}, %shown };
}

# Tests: the deployment is the one that was recorded, with its services, and where to
# read it.
sub is_like
{
	my ($line, $body, $answer) = @_;
	my $id = $body->{id} // 'none';

	is_deeply([ sort map { $_->{name} } @{ $body->{services} } ], $line->{services}, "$line->{case}: the services");
	like($answer->{headers}{location}, qr{^deployments/dp_1\w{22}$}, "$line->{case}: the location");
	return if $line->{id} eq 'new';
	$ours{ $line->{id} } //= $id;
	is($id, $ours{ $line->{id} }, "$line->{case}: the deployment is $line->{id}");
	return;
}

stop_gateway($gateway);
$node->stop;
done_testing();
