# One gateway does all of it: services written with Restate's SDK are registered over
# HTTP, called through the ingress, run by the dispatcher, and woken by the clock; with
# what a gateway is started with if nothing else is said, notifications too.
use strict;
use warnings;

use Cwd;
use JSON::PP;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use RestateGateway;
use RestateIngress;
use RestateNode;
use RestateServices;
use Test::More;
use Time::HiRes qw(sleep time);

my $top = getcwd();
my $node = new_node('services', 'fsync = off');
my $database = 'host=' . $node->host . ' port=' . $node->port . ' dbname=postgres';
my $json = JSON::PP->new->allow_nonref->canonical;
my @json = ('Content-Type: application/json');

$node->safe_psql('postgres', slurp_file("$top/examples/gateway_roles.sql") . slurp_file("$top/examples/gateway_worker_role.sql"));
my @options = (
	"--db=$database user=restate_gateway", "--query-db=$database user=restate_gateway_reader",
	"--ingress-db=$database user=restate_gateway_ingress", "--worker-db=$database user=restate_gateway_worker", '--clock');
my $ingress = start_ingress($node, @options);
my $gateway = $ingress->{gateway};

# Calls a handler; returns status and body.
sub answered
{
	my ($path, $body, @headers) = @_;
	my $answer = call($ingress, 'POST', $path, $body, (defined $body ? @json : ()), @headers);

	return $answer ? "$answer->{status} $answer->{body}" : 'none';
}

my $service = start_service('h2');
my $answer = json_request($gateway, 'POST', '/deployments', $json->encode({ uri => $service->{url} }));
is($answer->{status}, 201, 'a deployment is registered over HTTP');
is(join(' ', sort map { $_->{name} } @{ $json->decode($answer->{body})->{services} }), 'Counter Flow Work', 'with its services');

is(answered('/Work/greet', '"Ann"'), '200 "Ann A 3"', 'steps, a sleep, and a call of an object');

# what is called is run at once where it is called
my $given = sub { return metrics($gateway)->{restate_gateway_given_total} };
my $before = $given->();
is(join(' ', map { answered('/Work/echo', $_) } 1 .. 10), join(' ', map { "200 $_" } 1 .. 10), 'calls of a handler that is known');
cmp_ok($given->() - $before, '>', 0, 'begin with the call that submits them');
$before = $given->();
my @adds = map { call_later($ingress, 'POST', '/Counter/line/add', '1', @json) } 1 .. 20;
is(join(' ', sort { $a <=> $b } map { read_answer($_, 'POST')->{body} } @adds), join(' ', 1 .. 20), 'calls of one object, one after the other');
cmp_ok($given->() - $before, '>', 1, 'begin with the push that ends the one before');

is(answered('/Counter/a/add', '2'), '200 2', 'an object has a state');
is(answered('/Counter/a/add', '3'), '200 5', 'which stays');
is(answered('/Counter/a/total', undef), '200 5', 'and is read by a shared handler');
is(answered('/Work/relay', undef), '409 {"code":409,"message":"no way","metadata":{"a":"b"}}', 'a failure of a callee is the caller\'s');

# the same idempotency key is the same invocation, however many ask at once
my @asked = map { call_later($ingress, 'POST', '/Counter/once/add', '1', @json, 'Idempotency-Key: one') } 1 .. 20;
my %answers;
$answers{ join ' ', @{ read_answer($_, 'POST') }{qw(status body)} }++ for @asked;
is_deeply(\%answers, { '200 1' => 20 }, 'twenty requests of one idempotency key have one answer');

# what waits while the service is gone goes on with another
my $waits = call_later($ingress, 'POST', '/Work/chain', '{"name": "k", "ms": 300}', @json);
# the second begins when the first is stored
await_step($service, 'begin k2');
kill_service($service);
start_service('h2', undef, $service);
$answer = read_answer($waits, 'POST');
is("$answer->{status} $answer->{body}", '200 6', 'a request waits while its service is killed and comes again');
is(steps_done($service)->{'end k1'}, 1, 'a step that was done is not done again');

# and so does all of it that runs at the time
my @waiting = map { call_later($ingress, 'POST', '/Work/chain', qq({"name": "m$_-", "ms": 300}), @json) } 1 .. 10;
await_step($service, "begin m$_-1") for 1 .. 10;
kill_service($service);
start_service('h2', undef, $service);
is((grep { my $a = read_answer($_, 'POST'); ($a->{body} // '') eq '6' } @waiting), 10, 'so do ten that it ran at once');

# a workflow, attached to, and a promise
is(answered('/Flow/w/run/send', '"order"') =~ /^202 / ? 1 : 0, 1, 'a workflow is sent');
my $attached = call_later($ingress, 'GET', '/restate/workflow/Flow/w/attach');
is(answered('/Flow/w/approve', '"yes"'), '200 "yes"', 'its promise is resolved');
$answer = read_answer($attached, 'GET');
is("$answer->{status} $answer->{body}", '200 "order yes"', 'and who attached has its result');

# a sleep of a day is cancelled over the admin port
my $sent = $json->decode(call($ingress, 'POST', '/Work/calls/send')->{body});
ok(wait_until(sub { status_of($node, $sent->{invocationId}) =~ /running|suspended/ }), 'one that sleeps for a day');
my $cancelled = call_later($ingress, 'GET', "/restate/invocation/$sent->{invocationId}/attach");
is(request($gateway, 'PATCH', "/invocations/$sent->{invocationId}/cancel")->{status}, 202, 'is cancelled');
$answer = read_answer($cancelled, 'GET');
like("$answer->{status} $answer->{body}", qr/^409 /, 'and whoever waits for it is told');

# restarted from an index on the deployment that is latest then, and run to its end
my ($done) = $node->safe_psql('postgres', "SELECT id FROM restate.sys_invocation WHERE target = 'Work/greet' AND status = 'completed'") =~ /^(\S+)/;
my $steps = steps_done($service)->{'end one Ann'};
$answer = request($gateway, 'PATCH', "/invocations/$done/restart-as-new?from=4");
is($answer->{status}, 200, 'one is restarted from an index');
my $again = $json->decode($answer->{body})->{new_invocation_id};
is(settled($node, $again), '"Ann A 6"', 'and runs to its end');
is(steps_done($service)->{'end one Ann'}, $steps, 'without the steps that it kept');

# what the deployment is told beside the input: the cluster, and the trace of the request
is(steps_done($service)->{'discovered by postgres'}, 1, 'a deployment is told which cluster asks for its manifest');
my $trace = '0af7651916cd43dd8448eb211c80319c';
for ([ "00-$trace-b7ad6b7169203331-01", qr/^00-$trace-(?!b7ad6b7169203331|0{16})[0-9a-f]{16}-01$/, 'a trace' ], [ "cc-$trace-b7ad6b7169203331-01-more", qr/^00-$trace-[0-9a-f]{16}-01$/, 'one of a later version' ],
	(map { [ $_->[0], undef, $_->[1] ] } [ "00-$trace-0000000000000000-01", 'one without a parent' ], [ '00-' . '0' x 32 . '-b7ad6b7169203331-01', 'one without an id' ], [ uc "00-$trace-b7ad6b7169203331-01", 'one in capitals' ],
		[ "ff-$trace-b7ad6b7169203331-01", 'one of no version' ], [ "00-$trace-b7ad6b7169203331-01-more", 'one that is too long' ], [ "00-$trace", 'half of one' ], [ undef, 'none' ]))
{
	my ($parent, $expected, $name) = @$_;
	my $told = call($ingress, 'POST', '/Work/attempt', undef, (defined $parent ? "traceparent: $parent" : ()), 'tracestate: vendor=1,other=2');
	my ($cluster, $id, $got, $state) = @{ $json->decode($told->{body}) };

	is("$cluster $id", "postgres $told->{headers}{'x-restate-id'}", "$name: cluster and invocation are told");
	$expected ? like($got, $expected, "$name: is passed on, with the attempt as the parent") : is($got, undef, "$name: is not passed on");
	is($state, $expected ? 'vendor=1,other=2' : undef, "$name: so is its state");
}

# many at a time
my @many = map { call_later($ingress, 'POST', '/Work/steps', '10', @json) } 1 .. 50;
is((grep { my $a = read_answer($_, 'POST'); "$a->{status} $a->{body}" eq '200 45' } @many), 50, 'fifty calls of ten steps have their answers');
is($node->safe_psql('postgres', 'SELECT * FROM restate_verify()'), '', 'nothing is broken by it');

# a gateway that is stopped answers what it can, and hands the rest over
my $slow = call_later($ingress, 'POST', '/Work/chain', '{"name": "d", "ms": 200}', @json);
await_step($service, 'begin d1');
kill 'TERM', $gateway->{pid};
$answer = read_answer($slow, 'POST');
ok(!defined $answer || $answer->{status} =~ /^(?:200|503)$/, 'a request is answered while its gateway ends, or told to come again');
waitpid $gateway->{pid}, 0;
is($?, 0, 'which it does without an error');
$ingress = start_ingress($node, @options);
my ($chain) = $node->safe_psql('postgres', "SELECT id FROM restate.sys_invocation WHERE target = 'Work/chain' ORDER BY created_at DESC LIMIT 1");
is(settled($node, $chain), '6', 'another one brings it to its end');
is($node->safe_psql('postgres', 'SELECT * FROM restate_verify()'), '', 'and nothing is broken');

done_testing();
