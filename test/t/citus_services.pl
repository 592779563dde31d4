# Services written with Restate's SDK on tables that Citus distributes: a gateway on the
# coordinator and one on a worker register them, take calls and run them, each for the other.
use strict;
use warnings;
use Cwd;
use JSON::PP;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use RestateCitus;
use RestateGateway;
use RestateIngress;
use RestateServices;
use Test::More;

my $why_not = no_citus();
plan skip_all => $why_not if $why_not;

my $top = getcwd();
my @nodes = new_citus();
my ($coordinator) = @nodes;
my $json = JSON::PP->new->allow_nonref->canonical;
my @json = ('Content-Type: application/json');

$coordinator->safe_psql('postgres', 'SELECT FROM restate_distribute()');
$coordinator->safe_psql('postgres', slurp_file("$top/examples/gateway_roles.sql") . slurp_file("$top/examples/gateway_worker_role.sql"));
# what the roles need, on every node
$coordinator->safe_psql('postgres', 'SELECT FROM restate_distribute()');

# Starts a gateway that does all of it on a node; returns its ingress.
sub start_all
{
	my ($node) = @_;
	my $database = 'host=' . $node->host . ' port=' . $node->port . ' dbname=postgres';

	return start_ingress($node, "--db=$database user=restate_gateway", "--query-db=$database user=restate_gateway_reader",
		"--ingress-db=$database user=restate_gateway_ingress", "--worker-db=$database user=restate_gateway_worker", '--clock');
}

# Calls a handler; returns status and body.
sub answered
{
	my ($ingress, $path, $body, @headers) = @_;
	my $answer = call($ingress, 'POST', $path, $body, (defined $body ? @json : ()), @headers);

	return $answer ? "$answer->{status} $answer->{body}" : 'none';
}

# Returns status and body of what was called before.
sub answer_of
{
	my ($answer) = map { read_answer($_, 'POST', 60) } @_;

	return $answer ? "$answer->{status} $answer->{body}" : 'none';
}

my @ingresses = map { start_all($_) } @nodes[ 0, 1 ];
my $turn = 0;

# the next of the two
sub next_ingress { return $ingresses[ $turn++ % 2 ] }

my $service = start_service('h2');
my $answer = json_request($ingresses[1]{gateway}, 'POST', '/deployments', $json->encode({ uri => $service->{url} }));
is($answer->{status}, 201, 'a deployment is registered on a worker') or diag($answer->{body});

for my $i (0, 1)
{
	my $at = $i == 0 ? 'at the coordinator' : 'at a worker';
	my $ingress = $ingresses[$i];

	is(answered($ingress, '/Work/greet', qq("Ann$i")), qq(200 "Ann$i A 3"), "$at: steps, a sleep, and a call of an object");
	is(join(' ', map { answered($ingress, '/Work/echo', $_) } 1 .. 5), join(' ', map { "200 $_" } 1 .. 5), "$at: calls of a handler that is known");
	my @adds = map { call_later($ingress, 'POST', "/Counter/line$i/add", '1', @json) } 1 .. 10;
	is(join(' ', sort { $a <=> $b } map { (read_answer($_, 'POST', 60) // {})->{body} // 'none' } @adds), join(' ', 1 .. 10), "$at: calls of one object, one after the other");
	is(answered($ingress, '/Work/relay', undef), '409 {"code":409,"message":"no way","metadata":{"a":"b"}}', "$at: a failure of a callee is the caller's");
	is(answered($ingress, "/Flow/w$i/run/send", '"order"') =~ /^202 / ? 1 : 0, 1, "$at: a workflow is sent");
	my $attached = call_later($ingresses[ 1 - $i ], 'GET', "/restate/workflow/Flow/w$i/attach");
	is(answered($ingress, "/Flow/w$i/approve", '"yes"'), '200 "yes"', "$at: its promise is resolved");
	is(answer_of($attached), '200 "order yes"', 'and who attached to it at the other gateway has its result');
}
is(answered(next_ingress(), '/Counter/a/add', '2') . answered(next_ingress(), '/Counter/a/add', '3') . answered(next_ingress(), '/Counter/a/total', undef),
	'200 2200 5200 5', 'an object has one state');

# one idempotency key at both
my @asked = map { call_later(next_ingress(), 'POST', '/Counter/once/add', '1', @json, 'Idempotency-Key: one') } 1 .. 10;
my %answers;
$answers{ answer_of($_) }++ for @asked;
is_deeply(\%answers, { '200 1' => 10 }, 'ten requests of one idempotency key, at both, have one answer');

# the service is killed and comes again
my @waiting = map { call_later(next_ingress(), 'POST', '/Work/chain', qq({"name": "m$_-", "ms": 300}), @json) } 1 .. 6;
await_step($service, "begin m$_-1") for 1 .. 6;
kill_service($service);
start_service('h2', undef, $service);
is(join(' ', map { answer_of($_) } @waiting), join(' ', ('200 6') x 6), 'what a service ran as it was killed goes on with the next');

# a cancel, a kill and a restart, by the other gateway
for my $operation ([ 'cancel', 202 ], [ 'kill', 200 ])
{
	my ($name, $status) = @$operation;
	my $sent = $json->decode(call(next_ingress(), 'POST', '/Work/calls/send')->{body});

	ok(wait_until(sub { status_of($nodes[2], $sent->{invocationId}) =~ /running|suspended/ }, 60), 'one that sleeps for a day');
	my $waits = call_later($ingresses[ $turn % 2 ], 'GET', "/restate/invocation/$sent->{invocationId}/attach");
	is(request(next_ingress()->{gateway}, 'PATCH', "/invocations/$sent->{invocationId}/$name")->{status}, $status, "$name is taken");
	like(answer_of($waits), qr/^409 /, 'and whoever waits for it is told');
}
my ($done) = $nodes[2]->safe_psql('postgres', "SELECT id FROM restate.sys_invocation WHERE target = 'Work/greet' AND status = 'completed' ORDER BY created_at") =~ /^(\S+)/;
my $steps = steps_done($service)->{'end one Ann0'};
$answer = request($ingresses[1]{gateway}, 'PATCH', "/invocations/$done/restart-as-new?from=4");
is($answer->{status}, 200, 'one is restarted from an index');
is(settled($nodes[2], $json->decode($answer->{body})->{new_invocation_id}, undef, 60), '"Ann0 A 6"', 'and runs to its end');
is(steps_done($service)->{'end one Ann0'}, $steps, 'without the steps that it kept');

my @many = map { call_later(next_ingress(), 'POST', '/Work/steps', '10', @json) } 1 .. 20;
is((grep { answer_of($_) eq '200 45' } @many), 20, 'twenty calls of ten steps have their answers');

# a gateway that is killed leaves what it ran to the other
my $left = call_later($ingresses[0], 'POST', '/Work/chain/send', '{"name": "l", "ms": 200}', @json, 'Idempotency-Key: left');
like(answer_of($left), qr/^202 /, 'one is sent');
await_step($service, 'begin l1');
kill 'KILL', $ingresses[0]{gateway}{pid};
waitpid $ingresses[0]{gateway}{pid}, 0;
is(answered($ingresses[1], '/Work/chain', '{"name": "l", "ms": 200}', 'Idempotency-Key: left'), '200 6', 'what a gateway ran as it was killed ends at the other');
is(stop_gateway($ingresses[1]{gateway}), 0, 'which ends well');
is($nodes[2]->safe_psql('postgres', 'SELECT * FROM restate_verify()'), '', 'nothing is broken by it');

done_testing();
