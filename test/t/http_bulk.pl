# Bulk jobs over HTTP: what starts one, what is refused, and that all else is answered
# with the job, as restate.sys_bulk_job has it.
use strict;
use warnings;

use Cwd;
use JSON::PP;
use PostgreSQL::Test::Utils;
use Test::More;

use RestateGateway;
use RestateNode;

my $node = new_node('http_bulk');
load_example($node);
$node->safe_psql('postgres', slurp_file(getcwd() . '/examples/gateway_roles.sql'));
my $database = 'host=' . $node->host . ' port=' . $node->port . ' dbname=postgres';
my $gateway = start_gateway($node, "--db=$database user=restate_gateway", '--query-db=', '--person-header=X-Person', '--reason-header=X-Reason');

# Sends JSON to a path below that of the jobs.
sub post
{
	my ($path, $body, @headers) = @_;

	return json_request($gateway, 'POST', "/admin/bulk-jobs$path", ref $body ? encode_json($body) : $body, @headers);
}

# Returns the job as the database has it, in JSON.
sub job
{
	my ($id) = @_;

	return decode_json($node->safe_psql('postgres', "SET timezone = 'UTC'; SELECT to_jsonb(j) FROM restate.sys_bulk_job AS j WHERE job = '$id'"));
}

# a dry run
my $answer = post('', { operation => 'purge', filter => { service => 'Svc' }, options => { dry_run => JSON::PP::true } });
is($answer->{status}, 200, 'a dry run');
is_deeply(decode_json($answer->{body}), { job => undef, state => 'dry_run', matched => 11, done => 3, failed => 8, outcomes => { purged => 3 },
	failures => { not_completed => 8 } }, 'says what there would be');
is($node->safe_psql('postgres', 'SELECT count(*) FROM restate.bulk_job'), '0', 'and starts nothing');
is_deeply(decode_json(request($gateway, 'GET', '/admin/bulk-jobs')->{body}), { rows => [] }, 'there is no job');

# a job
$answer = post('', { operation => 'purge', filter => { service => 'Svc' }, reason => 'for good' }, 'X-Person: ada', 'X-Reason: another');
is("$answer->{status} $answer->{headers}{'content-type'}", '201 application/json', 'a job is started');
my $job = decode_json($answer->{body});
my $id = $job->{job};
is_deeply($job, job($id), 'and answered with');
is("@$job{qw(state matched remaining reason role_name claimed_subject)}", 'running 11 11 for good restate_gateway ada', 'as whoever asks');
is_deeply(decode_json(request($gateway, 'GET', "/admin/bulk-jobs/$id")->{body}), job($id), 'it is shown');
is(request($gateway, 'HEAD', "/admin/bulk-jobs/$id")->{status}, 200, 'also to HEAD');
is_deeply(decode_json(request($gateway, 'GET', '/admin/bulk-jobs')->{body}), { rows => [ job($id) ] }, 'and listed');
$answer = post("/$id/run?batch=4", '');
is_deeply(decode_json($answer->{body}), job($id), 'a batch is answered with the job');
is(join(' ', $answer->{status}, @{ job($id) }{qw(batches last_batch_size remaining)}), '200 1 4 7', 'after it');
for my $case ([ pause => 'paused' ], [ pause => 'paused' ], [ run => 'paused' ], [ resume => 'running' ], [ resume => 'running' ], [ run => 'done' ])
{
	my ($verb, $state) = @$case;

	$answer = post("/$id/$verb", '');
	is_deeply([ $answer->{status}, decode_json($answer->{body}) ], [ 200, job($id) ], "$verb is answered with the job");
	is(job($id)->{state}, $state, "which is $state");
}
is(join(' ', @{ job($id) }{qw(done failed remaining)}), '3 8 0', 'and has done what the dry run said');
is(told(post("/$id/$_", '')), '409 bulk_job_ended', "$_ of one that has ended") for qw(pause resume abort);
is(told(post("/$id/run", '')), '200', 'a run does nothing');
my $other = decode_json(post('', '{"operation": "pause", "filter": {"all": true}}', 'X-Reason: of the header')->{body});
is($other->{reason}, 'of the header', 'the reason of the request is the job\'s');
is(decode_json(post("/$other->{job}/abort", '')->{body})->{state}, 'aborted', 'a job is aborted');
is(told(post("/$other->{job}/abort", '')), '200', 'once');
is_deeply([ map { $_->{job} } @{ decode_json(request($gateway, 'GET', '/admin/bulk-jobs')->{body})->{rows} } ], [ $other->{job}, $id ], 'what ended last comes first');

# what is refused
my $some = '"operation": "cancel", "filter": {"service": "Svc"}';
is(told(post('', $_->[0])), $_->[1], "$_->[0] is $_->[1]")
  for [ '', '400 invalid_body' ], [ '{', '400 invalid_body' ], [ '[]', '422 invalid_body' ], [ '{}', '422 invalid_body' ], [ '"x"', '422 invalid_body' ],
  [ '{"operation": "cancel"}', '422 invalid_body' ], [ '{"filter": {"all": true}}', '422 invalid_body' ], [ '{"operation": null, "filter": {"all": true}}', '422 invalid_body' ],
  [ '{"operation": "cancel", "filter": []}', '422 invalid_body' ], [ '{"operation": "cancel", "filter": null}', '422 invalid_body' ],
  [ "{$some, \"options\": []}", '422 invalid_body' ], [ "{$some, \"reason\": 1}", '422 invalid_body' ], [ "{$some, \"filter\": {}}", '422 invalid_body' ],
  [ "{$some, \"reason\": \"a\\u0000b\"}", '422 invalid_body' ], [ '{"operation": "cancel", "filter": {"service": "a\u0000"}}', '422 invalid_body' ],
  [ '{"operation": "cancel", "filter": {"status": ["a\u0000"]}}', '422 invalid_body' ], [ '{"operation": "stop", "filter": {"all": true}}', '400 invalid_query_parameter' ],
  [ '{"operation": "cancel", "filter": {}}', '400 invalid_query_parameter' ], [ '{"operation": "cancel", "filter": {"name": "x"}}', '400 invalid_query_parameter' ],
  [ '{"operation": "cancel", "filter": {"deployment": "x"}}', '400 invalid_deployment_id' ], [ "{$some, \"options\": {\"mode\": \"kill\"}}", '400 invalid_query_parameter' ],
  [ "{$some, \"options\": {\"dry_run\": 1}}", '400 invalid_query_parameter' ],
  [ '{"operation": "cancel", "filter": {"service": "' . 'x' x 70000 . '"}}', '413 body_too_large' ];
is(told(request($gateway, 'POST', '/admin/bulk-jobs', "{$some}")), '415 unsupported_media_type', 'a body of no type');
is(told(post('', "{$some, \"options\": null, \"reason\": null, \"more\": [{}]}")), '201', 'null is nothing, and so is what nobody reads');
is(told(post("/$_->[0]", '')), $_->[1], "$_->[0] is $_->[1]")
  for (map { [ "00000000-0000-0000-0000-000000000000/$_", '404 bulk_job_not_found' ] } qw(run pause resume abort)), [ 'x/run', '400 invalid_path' ], [ "$id%20/run", '400 invalid_path' ],
  [ ('x' x 36) . '/pause', '400 invalid_path' ], [ '0000000000000-0000-0000-000000000000/pause', '400 invalid_path' ], [ substr($id, 0, 35) . '%00/abort', '400 invalid_path' ],
  [ "$id/run?batch=x", '400 invalid_query_parameter' ], [ "$id/run?batch=", '400 invalid_query_parameter' ], [ "$id/run?batch=-1", '400 invalid_query_parameter' ],
  [ "$id/run?batch=0", '400 invalid_query_parameter' ], [ "$id/run?batch=10001", '400 invalid_query_parameter' ], [ "$id/run?batch=99999999999", '400 invalid_query_parameter' ],
  [ "$id/run?batch=1&batch=2", '400 invalid_query_parameter' ], [ "$id/stop", '404 route_not_found' ];
is(told(request($gateway, 'GET', '/admin/bulk-jobs/x')), '400 invalid_path', 'no id');
is(told(request($gateway, 'GET', '/admin/bulk-jobs/00000000-0000-0000-0000-000000000000')), '404 bulk_job_not_found', 'no job');
is(request($gateway, 'DELETE', '/admin/bulk-jobs')->{headers}{allow}, 'POST,GET,HEAD', 'another method');

$node->safe_psql('postgres', 'REVOKE EXECUTE ON FUNCTION restate_bulk_start FROM restate_gateway');
is(told(post('', "{$some}")), '403 forbidden', 'without the privilege');
is($node->safe_psql('postgres', 'SELECT count(*) FROM restate_verify()'), '0', 'nothing is broken');
stop_gateway($gateway);
unlike(gateway_log($gateway), qr/sql_error/, 'and nothing has failed');
done_testing();
