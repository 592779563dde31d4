# The gateway calls services at https addresses: it registers them, in the way of HTTP that
# they agree on, and runs their handlers; and none whose certificate is not good.
use strict;
use warnings;

use Cwd;
use JSON::PP;
use PostgreSQL::Test::Utils;
use RestateCertificates;
use RestateGateway;
use RestateIngress;
use RestateNode;
use RestateServices;
use Test::More;

my $top = getcwd();
my $dir = make_certificates();
my $node = new_node('tls', 'fsync = off');
my $database = 'host=' . $node->host . ' port=' . $node->port . ' dbname=postgres';
my $json = JSON::PP->new->allow_nonref->canonical;

$node->safe_psql('postgres', slurp_file("$top/examples/gateway_roles.sql") . slurp_file("$top/examples/gateway_worker_role.sql"));
my @options = (
	"--db=$database user=restate_gateway", "--query-db=$database user=restate_gateway_reader",
	"--ingress-db=$database user=restate_gateway_ingress", "--worker-db=$database user=restate_gateway_worker", '--clock');
my $ingress = start_ingress($node, @options, "--deployment-ca-file=$dir/ca.pem");
my $gateway = $ingress->{gateway};

# Starts a service with a certificate.
sub start_secure
{
	my ($mode, $certificate, $before) = @_;

	local $ENV{TLS_CERTIFICATE} = "$dir/$certificate.pem";
	local $ENV{TLS_KEY} = "$dir/$certificate.key";
	return start_service($mode, undef, $before);
}

# Registers an address; returns the status and what is told.
sub registered
{
	my ($url, $options) = @_;
	my $answer = json_request($gateway, 'POST', '/deployments', $json->encode({ uri => $url, breaking => JSON::PP::true, %{ $options // {} } }));

	return ($answer->{status}, $json->decode($answer->{body}));
}

# Calls a handler; returns status and body.
sub answered
{
	my ($path, $body) = @_;
	my $answer = call($ingress, 'POST', $path, $body, 'Content-Type: application/json');

	return $answer ? "$answer->{status} $answer->{body}" : 'none';
}

my $last;
for ([ 'h2tls', 'HTTP/2.0', 'BidiStream' ], [ 'h2halftls', 'HTTP/2.0', 'RequestResponse' ], [ 'h1halftls', 'HTTP/1.1', 'RequestResponse' ], [ 'h1tls', 'HTTP/1.1', 'BidiStream' ])
{
	my ($mode, $http, $protocol) = @$_;
	my $service = start_secure($mode, 'good');
	my ($status, $body) = registered($service->{url});

	is($status, 201, "$mode: it is registered") or diag explain $body;
	my $document = $json->decode(request($gateway, 'GET', "/deployments/$body->{id}")->{body});
	is("$document->{http_version} $document->{protocol_type} $document->{uri}", "$http $protocol $service->{url}/", "$mode: as it answers");
	is(answered('/Work/greet', qq("$mode")), qq(200 "$mode A 3"), "$mode: a handler of several steps");
	is(answered('/Counter/' . $mode . '/add', '5'), '200 8', "$mode: an object");
	my @many = map { call_later($ingress, 'POST', '/Work/steps', '10', 'Content-Type: application/json') } 1 .. 20;
	is((grep { my $a = read_answer($_, 'POST'); $a && "$a->{status} $a->{body}" eq '200 45' } @many), 20, "$mode: many at a time");
	is(steps_done($service)->{"end two $mode"}, 1, "$mode: each step once");
	my $large = '"' . ('x' x 1000000) . '"';
	is(answered('/Work/echo', $large), "200 $large", "$mode: much goes both ways");
	kill_service($last) if $last;
	$last = $service;
}

# Certificates that are not good, and servers without: why is told, and nothing is registered
for ([ 'expired', qr/certificate of localhost is not accepted: certificate has expired/ ], [ 'other', qr/certificate of localhost is not accepted: hostname mismatch/ ],
	[ 'self', qr/certificate of localhost is not accepted: self-signed certificate/ ])
{
	my ($certificate, $why) = @$_;
	my $service = start_secure('h2tls', $certificate);
	my ($status, $body) = registered($service->{url});

	is("$status $body->{restate_code}", '500 META0003', "$certificate: it is not registered");
	like($body->{message}, $why, "$certificate: and why is told");
	kill_service($service);
}
my $plain = start_service('h2');
my ($status, $body) = registered($plain->{url} =~ s/^http:/https:/r);
is("$status $body->{restate_code}", '500 META0003', 'one that speaks no TLS');
like($body->{message}, qr/TLS handshake/, 'is told so');
($status, $body) = registered($last->{url} =~ s/^https:/http:/r);
is("$status $body->{restate_code}", '500 META0014', 'nor is one in TLS called without');
my $count = $node->safe_psql('postgres', "SELECT count(*) FROM restate.sys_deployment WHERE NOT endpoint ~ '$last->{port}'");
is($count, 3, 'nothing of it is registered');

# A certificate that is good no more fails the attempt, until there is another
kill_service($last);
start_secure('h1tls', 'expired', $last);
my $id = submit($node, 'Work', 'echo', '"again"');
is(settled($node, $id, qr/^backing-off RT0010 .*expired/), 'backing-off RT0010 [500 Internal] the certificate of localhost is not accepted: certificate has expired', 'an attempt fails, with what is wrong');
kill_service($last);
start_secure('h1tls', 'good', $last);
is(settled($node, $id), '"again"', 'and goes well when that is mended');

is(stop_gateway($gateway), 0, 'it ends well');
$ingress = eval { start_ingress($node, @options, "--deployment-ca-file=$dir/nothing.pem") };
like($@, qr/the certificates cannot be read.*nothing\.pem.*No such file or directory/, 'certificates that are not there are told of at the start');

is($node->safe_psql('postgres', 'SELECT * FROM restate_verify()'), '', 'nothing is broken');
done_testing();
