# Bodies, their types, and parameters that can be written in several ways: as
# Restate's server takes them, which was asked.
use strict;
use warnings;
use JSON::PP;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use RestateGateway;
use RestateNode;
use Test::More;

my $node = new_node('http_bodies', 'log_statement = none');
grant_roles($node);
load_example($node);
my $gateway = start_gateway($node);
my $json = JSON::PP->new->utf8->allow_nonref;
my $batch = '/internal/invocations_batch_operations';
my ($unknown, $done) = map { inv($_) } qw(unknown done);
my ($old, $new) = map { 'dp_10000000000000000000' . $_ } qw(old new);

# types

for my $case (
	[ 'application/json', 200 ], [ 'application/json ', 200 ], [ ' application/json', 200 ], [ 'APPLICATION/JSON', 200 ],
	[ 'application/json;charset=utf-8', 200 ], [ 'application/json; charset=utf-8', 200 ], [ 'application/json;charset="utf-8; \"x"', 200 ],
	[ 'application/json;a=b;c=d', 200 ], [ 'application/json;', 200 ], [ 'application/json; ', 200 ], [ 'application/json;a=b;', 200 ],
	[ 'application/vnd.x+json', 200 ], [ 'application/vnd.x+JSON', 200 ], [ 'application/problem+json+json', 200 ], [ 'application/json+xml', 200 ],
	[ 'application/json ; charset=utf-8', 415 ], [ "application/json\t;a=b", 415 ], [ 'application/vnd.x+json ;a=b', 415 ],
	[ 'application/json;;', 415 ], [ 'application/json; charset', 415 ], [ 'application/json; =x', 415 ], [ 'application/json;a="b', 415 ],
	[ 'application/json x', 415 ], [ 'application/json, text/plain', 415 ], [ 'application/x+json+y', 415 ], [ 'application/+json', 415 ],
	[ 'application/jsonx', 415 ], [ 'application/x-json', 415 ], [ 'text/json', 415 ], [ '/json', 415 ], [ 'application/', 415 ],
	[ 'application', 415 ], [ 'application / json', 415 ], [ '', 415 ])
{
	my ($type, $want) = @$case;
	for my $request ([ "$batch/kill", '{"invocation_ids":[]}' ], [ '/query', '{"query":"SELECT 1"}' ])
	{
		is(request($gateway, 'POST', @$request, "Content-Type: $type")->{status}, $want, "$request->[0]: type '$type' is $want");
	}
}

# fields that are there twice, and NULs

for my $case (
	[ 'ids twice', 'kill', '{"invocation_ids":[],"invocation_ids":[]}', '422 invalid_body' ],
	[ 'one of them escaped', 'kill', '{"invocation_ids":[],"invocation\u005fids":[]}', '422 invalid_body' ],
	[ 'with more between them', 'kill', ' { "a" : {"invocation_ids":[1]}, "invocation_ids" : [] , "b":["{","\"]"], "invocation_ids" : [] } ', '422 invalid_body' ],
	[ 'broken after that', 'kill', '{"invocation_ids":[],"invocation_ids":[]', '422 invalid_body' ],
	[ 'a deployment twice', 'resume', '{"invocation_ids":[],"deployment":null,"deployment":null}', '422 invalid_body' ],
	[ 'a deployment twice where none is taken', 'kill', '{"invocation_ids":[],"deployment":null,"deployment":null}', '200' ],
	[ 'what nobody reads twice', 'kill', '{"invocation_ids":[],"x":null,"x":null}', '200' ],
	[ 'twice further in', 'kill', '{"invocation_ids":[],"x":{"invocation_ids":1,"invocation_ids":2}}', '200' ],
	[ 'twice in a list', 'kill', '[[],{"invocation_ids":1,"invocation_ids":2}]', '422 invalid_body' ],
	[ 'what nobody reads twice, then broken', 'kill', '{"invocation_ids":[],"x":1,"x":1', '400 invalid_body' ],
	[ 'a NUL for an id', 'kill', '{"invocation_ids":["inv_1\u0000"]}', '422 invalid_body' ],
	[ 'a NUL after an id', 'kill', "{\"invocation_ids\":[\"$unknown\\u0000\"]}", '422 invalid_body' ],
	[ 'a NUL in what nobody reads', 'kill', '{"invocation_ids":[],"x":"\u0000"}', '200' ],
	[ 'a NUL in a deployment', 'resume', '{"invocation_ids":[],"deployment":"keep\u0000"}', '400 invalid_deployment_id' ],
	[ 'an unpaired surrogate for an id', 'kill', '{"invocation_ids":["\ud800"]}', '400 invalid_body' ])
{
	my ($what, $operation, $body, $want) = @$case;

	is(told(json_request($gateway, 'POST', "$batch/$operation", $body)), $want, "$operation: $what: $want");
}
is(told(json_request($gateway, 'POST', '/query', '{"query":"SELECT 1","query":"SELECT 2"}')), '422 invalid_body', 'a query twice');
is(told(json_request($gateway, 'POST', '/query', '{"query":"SELECT 1\u0000"}')), '400 invalid_body', 'a query with a NUL');

# the deployment, an object whose field Id is one, as a query parameter

sub restarted_on
{
	my ($query, $id) = @_;
	my $answer = request($gateway, 'PATCH', '/invocations/' . ($id // $done) . "/restart-as-new?$query");
	my $restarted = eval { $json->decode($answer->{body})->{new_invocation_id} } or return told($answer);

	return $node->safe_psql('postgres', "SELECT pinned_deployment_id FROM restate.sys_invocation WHERE id = '$restarted'");
}

is(restarted_on("deployment=$old"), $old, 'a restart on a deployment');
is(restarted_on('deployment=latest'), $new, 'and on the latest');
for my $form ('Id=', 'deployment[Id]=', 'deployment.Id=', 'deployment%5BId%5D=', 'I%64=')
{
	is(restarted_on("$form$old"), $old, "$form is understood");
	is(restarted_on("a=b&$form$old&from=0"), $old, 'wherever it stands');
	is(restarted_on("$form$_"), '400 invalid_deployment_id', "$form$_ is none") for 'keep', 'latest', '', 'nonsense', 'dp_1';
	is(restarted_on("$form$old&deployment=$old"), '400 invalid_query_parameter', "$form is not given twice") for 1;
	is(restarted_on("$form$old&$form$old"), '400 invalid_query_parameter', 'nor like this');
	is(restarted_on("Id=$old&deployment.Id=$old"), '400 invalid_query_parameter', 'nor in two ways');
	is(told(request($gateway, 'PATCH', '/invocations/' . inv('paused') . "/resume?${form}dp_1")), '400 invalid_deployment_id', 'a resume understands it, too');
}
like(restarted_on("deployment=$_"), qr/^400 /, "deployment=$_ is refused") for "Id,$old", "%7B%22Id%22%3A%22$old%22%7D", "Id%3D$old";

# a batch of restarts that is sent again

sub batch_of
{
	my ($ids, $deployment, @headers) = @_;
	my $answer = json_request($gateway, 'POST', "$batch/restart-as-new", $json->encode({ invocation_ids => $ids, deployment => $deployment }), @headers);

	return $answer->{status} == 200 ? $json->decode($answer->{body}) : told($answer);
}
my $key = 'Idempotency-Key: batch-17';
my $first = batch_of([ $done, inv('old') ], undef, $key);
is(scalar @{ $first->{succeeded} }, 2, 'a batch of restarts with a key');
is_deeply(batch_of([ $done, inv('old') ], undef, $key), $first, 'the same again gives the same new invocations');
isnt(batch_of([$done], undef, 'Idempotency-Key: another')->{succeeded}[0]{new_invocation_id}, $first->{succeeded}[0]{new_invocation_id}, 'another key gives others');
isnt(batch_of([$done], undef)->{succeeded}[0]{new_invocation_id}, $first->{succeeded}[0]{new_invocation_id}, 'and so does none');
my $other = batch_of([$done], $old, $key);
my $in_sql = $node->safe_psql('postgres', "SELECT coalesce(new_id::text, 'failed') FROM restate_restart_as_new_batch(ARRAY['$done']::restate_invocation_id[], NULL, '$old', 'batch-17')");
is($other->{failed}[0] ? 'failed' : $other->{succeeded}[0]{new_invocation_id}, $in_sql, 'the same key with another deployment is what it is in SQL');
is(batch_of([$done], undef, "Idempotency-Key: \xff"), '400 invalid_query_parameter', 'a key that is not UTF-8');
is($json->decode(request($gateway, 'PATCH', "/invocations/$done/restart-as-new", undef, $key)->{body})->{new_invocation_id},
	$first->{succeeded}[0]{new_invocation_id}, 'a single restart with the key is the same');
is($node->safe_psql('postgres', 'SELECT count(*) FROM restate_verify()'), '0', 'all is well at the end');
is(stop_gateway($gateway), 0, 'the gateway ends well');
done_testing();
