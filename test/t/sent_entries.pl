# What a worker sends is read into what the machine takes: test/module shows it to
# SQL.  Every recorded entry, and one of each kind that was not, comes out with the
# columns that the journal has, and the same once it is read back from there.
use strict;
use warnings;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use RestateNode;
use Test::More;

my $pg_config = $ENV{PG_CONFIG} // 'pg_config';
my $headers = qx($pg_config --includedir-server);
my $module = PostgreSQL::Test::Utils::tempdir() . '/sent_entries';
chomp $headers;
# a part of the extension that stands by itself, without what reads frames: no table is read
system_or_bail($ENV{CC} || 'cc', qw(-shared -fPIC -g -Wall -Wextra -Werror -Wno-unused-parameter -Isrc), "-I$headers",
	'-o', "$module.so", 'test/module/sent_entries.c', (grep { !/sent_frames/ } glob('src/worker/sent*.c')), glob('src/types/*.c'), '-lxxhash', '-Wl,-Bsymbolic');

my $node = new_node('main');
$node->safe_psql('postgres', <<"SQL");
CREATE FUNCTION sent_entries(anyarray) RETURNS text[] LANGUAGE C STRICT AS '$module';
CREATE FUNCTION finished_call(anyarray, text, bigint, bigint) RETURNS text LANGUAGE C AS '$module';
CREATE FUNCTION read_row(restate.entry_type, text, bigint, bigint, bigint, text, jsonb, bytea) RETURNS text LANGUAGE C AS '$module';
CREATE FUNCTION sent(entry text) RETURNS jsonb LANGUAGE SQL RETURN (sent_entries(ARRAY[entry]))[1]::jsonb;
CREATE TABLE example (entry text);
SQL

my $id = 'inv_1klTLrqq7Xg96nsHVH6rhLKzxlUVpEmFe9';
my $failure = '{"Failure":{"code":409,"message":"no \\"way\\"","metadata":[{"key":"a","value":"b"}]}}';
my $request = '"request":{"invocation_target":{"VirtualObject":{"name":"Obj","key":"k","handler":"add"}},"parameter":[1,255]}';

# Returns the JSON of a command.
sub command
{
	my ($kind, $fields) = @_;

	return "{\"Command\":{\"$kind\":{$fields}}}";
}

# Returns what a field of an entry is read into.
sub field
{
	my ($entry, $field) = @_;

	return $node->safe_psql('postgres', "SELECT sent(\$e\$$entry\$e\$) ->> '$field'");
}

# Returns the error that reading entries, an array in SQL, ends with.
sub refusal
{
	my ($entries) = @_;

	my ($rc, $stdout, $stderr) = $node->psql('postgres', "SELECT sent_entries($entries)", extra_params => [ '-v', 'VERBOSITY=verbose' ]);

	return $stderr =~ /ERROR:  (\w{5}): (.*)$/m && "$1 $2";
}

# what was recorded, and the kinds that were not
my $recorded = slurp_file('test/conformance/journals.json');
$node->safe_psql('postgres', <<"SQL");
INSERT INTO example SELECT jsonb_path_query(\$r\$$recorded\$r\$::jsonb, '\$[*].original.journal[*].entry_json') #>> '{}';
INSERT INTO example SELECT jsonb_path_query(\$r\$$recorded\$r\$::jsonb, '\$[*].restarts[*].new_journal[*].entry_json') #>> '{}';
SQL
cmp_ok($node->safe_psql('postgres', 'SELECT count(*) FROM example'), '>', 100, 'the recorded entries are there');
my @others = (
	command('Output', "\"result\":$failure"),
	command('Run', '"completion_id":1'),
	command('Run', '"completion_id":1,"name":"n","later":[1,{"a":null}]'),
	command('Sleep', '"wake_up_time":18446744073709551615,"completion_id":1,"later":true'),
	command('SendSignal', "\"target_invocation_id\":\"$id\",\"signal_id\":{\"Index\":1},\"result\":\"Void\""),
	command('SendSignal', "\"target_invocation_id\":\"$id\",\"signal_id\":{\"Name\":\"go\"},\"result\":{\"Success\":[1]}"),
	command('AttachInvocation', "\"target\":{\"InvocationId\":\"$id\"},\"completion_id\":7"),
	command('GetInvocationOutput', '"target":{"Workflow":{"service_name":"Wf","key":"k"}},"completion_id":8'),
	command('CompleteAwakeable', "\"id\":\"sign_1ASNFZ4mrze_-3LqYdlQyEA_ty6mHZUMhAAAAEQ\",\"result\":$failure"),
	command('GetEagerState', '"key":"v","result":"Void"'),
	command('GetEagerStateKeys', '"state_keys":["a","b"]'),
	command('ClearState', '"key":"v"'),
	command('ClearAllState', ''),
	command('GetPromise', '"key":"p","completion_id":1'),
	command('PeekPromise', '"key":"p","completion_id":1'),
	command('CompletePromise', "\"key\":\"p\",\"value\":$failure,\"completion_id\":1"),
	"{\"Notification\":{\"Completion\":{\"Run\":{\"completion_id\":3,\"result\":$failure}}}}",
	'{"Notification":{"Completion":{"AttachInvocation":{"completion_id":3,"result":{"Success":[]}}}}}',
	'{"Notification":{"Completion":{"GetInvocationOutput":{"completion_id":3,"result":"Void"}}}}',
	'{"Notification":{"Completion":{"GetPromise":{"completion_id":3,"result":{"Success":[0]}}}}}',
	'{"Notification":{"Completion":{"PeekPromise":{"completion_id":3,"result":"Void"}}}}',
	'{"Notification":{"Completion":{"CompletePromise":{"completion_id":3,"result":"Void"}}}}',
	'{"Notification":{"Signal":{"id":{"Index":17},"result":{"Success":[1]}}}}',
	'{"Notification":{"Signal":{"id":{"Name":"go"},"result":"Void"}}}');
$node->safe_psql('postgres', join '', map { "INSERT INTO example VALUES (\$e\$$_\$e\$);" } @others);
is($node->safe_psql('postgres', <<'SQL'), '', 'there is an example of every kind');
SELECT unnest(enum_range(NULL::restate.entry_type)) EXCEPT SELECT p.entry_type FROM example AS e, restate.parse_entry(e.entry) AS p
SQL
is($node->safe_psql('postgres', <<'SQL'), '', 'an entry has the columns that the journal has');
SELECT e.entry FROM example AS e, restate.parse_entry(e.entry) AS p, sent(e.entry) AS s
WHERE (s ->> 'type', s ->> 'name', (s ->> 'completion_id')::bigint, (s ->> 'result_completion_id')::bigint, decode(s ->> 'payload', 'hex'))
    IS DISTINCT FROM (p.entry_type::text, CASE WHEN restate.is_command(p.entry_type) THEN coalesce(p.name, '') END,
      p.completion_id, p.result_completion_id, p.payload)
  OR (p.meta ? 'request') <> (s ->> 'meta' IS NULL) OR s ->> 'meta' <> p.meta::text
SQL
is($node->safe_psql('postgres', <<'SQL'), '', 'read back from the journal it is the same');
SELECT e.entry FROM example AS e, restate.parse_entry(e.entry) AS p, sent(e.entry) AS s
WHERE s - ARRAY['promise_key', 'service_name', 'service_ty', 'service_key', 'handler_name', 'idempotency_key', 'headers', 'start_at', 'target']
    - CASE s ->> 'type' WHEN 'Command: CompleteAwakeable' THEN 'signal_index' ELSE '' END
  <> read_row(p.entry_type, p.name, p.completion_id, p.result_completion_id, p.signal_index, p.signal_name, p.meta, p.payload)::jsonb
SQL
is($node->safe_psql('postgres', <<'SQL'), '', 'a call, once it is known who answers, is stored as it was recorded');
SELECT e.entry FROM example AS e, restate.parse_entry(e.entry) AS p
WHERE p.meta ? 'request' AND finished_call(ARRAY[e.entry], NULL, 86400000000, 86400000000) <> p.meta::text
SQL

# calls
my $call = command('Call', "$request,\"invocation_id_completion_id\":1,\"result_completion_id\":2");
my $other = command('Call', '"request":{"invocation_id":null,"invocation_target":{"VirtualObject":{"handler_ty":"Shared","name":"Obj","key":"k","handler":"add"}},'
	  . '"span_context":{},"parameter":[1,255],"headers":[],"idempotency_key":null,"journal_retention_duration":{"secs":1,"nanos":0}},'
	  . '"invocation_id_completion_id":1,"result_completion_id":2');
is(join('|', map { field($call, $_) } qw(service_name service_ty service_key handler_name idempotency_key headers payload start_at name)),
	'Obj|virtual_object|k|add||[]|01ff||', 'whom a call is to');
is(field($call, 'replay_meta'), '{"request": {"headers": [], "idempotency_key": null, "invocation_target": {"VirtualObject": {"key": "k", "name": "Obj", "handler": "add"}}}}',
	'what a replay of a call repeats');
is(field($other, 'replay_meta'), field($call, 'replay_meta'), 'which is not what the worker does not decide');
is($node->safe_psql('postgres', "SELECT finished_call(ARRAY['$other'], 'exclusive', 1500000, 0)"),
	'{"request": {"headers": [], "span_context": {}, "idempotency_key": null, "invocation_target": {"VirtualObject": {"key": "k", "name": "Obj", "handler": "add", "handler_ty": "Exclusive"}}, '
	  . '"journal_retention_duration": {"secs": 0, "nanos": 0}, "completion_retention_duration": {"secs": 1, "nanos": 500000000}}}',
	'it is stored with the kind of handler and the retentions that are registered');
my $send = $request =~ s/]}$/],"headers":[{"name":"b","value":"1"},{"name":"a","value":"2"}],"idempotency_key":"ik"}/r;
$send = command('OneWayCall', "$send,\"invoke_time\":1795230302153,\"invocation_id_completion_id\":1");
is(join('|', map { field($send, $_) } qw(idempotency_key headers)), 'ik|[{"name": "b", "value": "1"}, {"name": "a", "value": "2"}]',
	'its idempotency key, and headers in their order');
is($node->safe_psql('postgres', "SELECT (sent('$send') ->> 'start_at')::timestamptz = '2026-11-21 03:05:02.153+00'"), 't', 'when it starts');
is(field($send =~ s/1795230302153/5/r, 'replay_meta'), field($send, 'replay_meta'), 'a replay may start it at another time');
is($node->safe_psql('postgres', "SELECT finished_call(ARRAY['$send'], 'shared', 0, 0)::jsonb ->> 'invoke_time'"), '1795230302153', 'the time is stored');
is(field($send =~ s/1795230302153/0/r, 'start_at'), '', 'at once is no time');

# results
is(join('|', map { field($others[0], $_) } qw(failure result)),
	'[409] no "way"|{"result": {"Failure": {"code": 409, "message": "no \"way\"", "metadata": [{"key": "a", "value": "b"}]}}}', 'an Output that is a failure');
my ($complete) = grep { /CompletePromise.*value/ } @others;
is(join('|', map { field($complete, $_) } qw(promise_key result)), 'p|' . field($others[0], 'result'), 'what completes a promise is as what answers');
is(field($complete, 'meta'), '{"key": "p", "value": {"Failure": {"code": 409, "message": "no \"way\"", "metadata": [{"key": "a", "value": "b"}]}}}', 'and stored under its name');
is(join('|', map { field('{"Notification":{"Completion":{"Run":{"completion_id":3,"result":{"Success":[]}}}}}', $_) } qw(result value payload)),
	'{}||', 'an empty value is a value');
is($node->safe_psql('postgres', q(SELECT sent('{"Notification":{"Completion":{"Run":{"completion_id":3,"result":{"Success":[]}}}}}') ? 'value')), 't', 'which is there');

# times
is(field(command('Sleep', '"wake_up_time":9224318015999999,"completion_id":1'), 'wake_up_at'), '294276-12-31 23:59:59.999+00', 'the last time there is');
is(field(command('Sleep', '"wake_up_time":9224318016000000,"completion_id":1'), 'wake_up_at'), 'never', 'no time after that is reached');
is(field(command('Sleep', '"wake_up_time":1,"completion_id":1'), 'wake_up_at'), '1970-01-01 00:00:00.001+00', 'a time that is over');
is(field(command('Sleep', '"wake_up_time":1,"completion_id":1,"later":2'), 'replay_meta'), '{"later": 2}', 'a replay may sleep until another time');

# state
is(join('|', map { field(command('GetEagerState', '"key":"v","result":"Void"'), $_) } qw(state_key replay_meta)), 'v|{"key": "v"}', 'a replay takes what was read of the state from the journal');
is(field(command('GetEagerStateKeys', '"state_keys":["a"]'), 'replay_meta'), '{}', 'and its keys');

# whom an entry is about
is(join('|', map { field($others[4], $_) } qw(target signal_index signal_name signal_result)), "$id|1||{\"result\": \"Void\"}", 'who is signalled');
is(join('|', map { field($others[5], $_) } qw(target signal_index signal_name signal_result)), "$id||go|{}", 'also by name');
is(field($others[6], 'target'), $id, 'who is attached to');
is(field($others[7], 'target'), $node->safe_psql('postgres', q(SELECT restate_workflow_invocation_id('Wf', 'k'))), 'be it the run of a workflow');
is(field(command('AttachInvocation', "\"target\":{\"IdempotentRequest\":{\"service_name\":\"S\",\"service_key\":$_->[0],\"service_handler\":\"h\",\"idempotency_key\":\"i\"}},\"completion_id\":7"), 'target'),
	$node->safe_psql('postgres', "SELECT restate_idempotent_invocation_id('S', $_->[1], 'h', 'i')"), "or what a request has made, $_->[2]")
  for [ 'null', 'NULL', 'of a service' ], [ '"k"', "'k'", 'of an object' ];
is($node->safe_psql('postgres', "SELECT encode(restate_invocation_id_send((sent('$others[8]') ->> 'target')::restate_invocation_id), 'hex')"),
	'0123456789abcdeffedcba98765432100fedcba987654321', 'whose awakeable is completed');
is(join('|', map { field($others[8], $_) } qw(signal_index signal_result)), '17|' . field($others[0], 'result'), 'by which signal');
is(field($others[8] =~ s/sign_1/prom_1/r, 'target'), '', 'an old one is nobody\'s');

# refusals
like(refusal(q(ARRAY['{"Command":{"Run":{"completion_id":1}}}', NULL]::jsonb[])), qr/PT422 entry 2 of 2: it is null$/, 'a refusal says which entry it is about');
like(refusal(q(ARRAY['{"Command":{"Run":{"completion_id":1}}}', '{"Command":{"Run":{}}}', '{}']::jsonb[])),
	qr/PT422 entry 2 of 3: journal entry Command: Run: completion_id is missing$/, 'the first that is none');
like(refusal("ARRAY['" . $others[6] =~ s/inv_1/inv_2/r . "']::json[]"), qr/PT400 entry 1 of 1: /, 'also of a malformed id');
like(refusal("ARRAY['" . $others[8] =~ s/sign_1A/sign_1/r . "']"), qr/PT422 entry 1 of 1: journal entry Command: CompleteAwakeable: id must be the text of an awakeable id$/, 'of one of an awakeable');
like(refusal("ARRAY['" . $others[7] =~ s/"key"/"k"/r . "']"), qr/PT422 .*target must be a target with its key$/, 'of a target that is none');
like(refusal("ARRAY[replace('$_->[0]', '\"k\"', to_json(repeat('k', 16385))::text)]"), qr/PT422 .*$_->[1] must be a key of at most 16384 bytes in UTF-8$/, "of a key that is too long, of $_->[2]")
  for [ $call, 'invocation_target', 'an object' ], [ $others[7], 'target', 'a workflow' ], [ command('SetState', '"key":"k","value":[]'), 'key', 'a state' ],
  [ command('GetPromise', '"key":"k","completion_id":1'), 'key', 'a promise' ];
is($node->safe_psql('postgres', q(SELECT sent_entries('{}'::jsonb[]))), '{}', 'no entries are none');
is($node->safe_psql('postgres', q(SELECT sent('{"Command":{"Run":{"completion_id":1,"name":"a\u0000b"}}}') ->> 'name')), "a\x{ef}\x{bf}\x{bd}b", 'what no text can hold is replaced');

done_testing();
