# POST /query: what its rows look like, what it refuses, and that nothing of a
# query is left for the next, however it is meant.
use strict;
use warnings;
use JSON::PP;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use RestateGateway;
use RestateNode;
use Test::More;

my $node = new_node('http_query', 'log_statement = none');
grant_roles($node);
load_example($node);
$node->safe_psql('postgres', 'GRANT CREATE, TEMPORARY ON DATABASE postgres TO PUBLIC');
# one session, so that each query meets what the one before left
my $gateway = start_gateway($node, '--query-pool=1', '--query-row-limit=100');
my $json = JSON::PP->new->utf8->canonical->allow_nonref;
my $sql = open_sql($node);

sub query
{
	my ($text, @headers) = @_;

	return json_request($gateway, 'POST', '/query', $json->encode({ query => $text }), @headers);
}

# The rows as they are written, or status and category.
sub rows
{
	my ($text) = @_;
	my $answer = query($text) or return 'no answer';

	return $1 if $answer->{status} == 200 && $answer->{body} =~ /\A\{"rows":(.*)\}\z/s && eval { $json->decode($answer->{body}) };
	return "$answer->{status} $answer->{body}" if $answer->{status} == 200;
	my $error = eval { $json->decode($answer->{body}) } // {};
	return "$answer->{status} " . ($error->{restate_code} // 'no category');
}

# types

is(rows('SELECT 1 AS a, NULL AS b, true AS c, false AS d'), '[{"a":1,"c":true,"d":false}]', 'nulls are left out');
is(rows('SELECT NULL AS a'), '[{}]', 'a row of nulls is there');
is(rows('SELECT 1 WHERE false'), '[]', 'no rows are rows');
is(rows('SELECT 9007199254740993::bigint AS a, 1.50::numeric AS b, 1e300::float8 AS c, 7::oid AS d, -3::smallint AS e'),
	'[{"a":9007199254740993,"b":1.50,"c":1e+300,"d":7,"e":-3}]', 'numbers are numbers');
is(rows(q{SELECT 'NaN'::float8 AS a, '-Infinity'::float4 AS b, 'NaN'::numeric AS c}),
	'[{"a":"NaN","b":"-Infinity","c":"NaN"}]', 'what JSON has no number for is text');
is(rows(q{SELECT '2026-01-02 03:04:05.678901+02'::timestamptz AS a, '2026-01-02 03:04:05'::timestamp AS b, 'infinity'::timestamptz AS c, '0044-03-15 00:00:00+00 BC'::timestamptz AS d}),
	'[{"a":"2026-01-02T01:04:05.678901Z","b":"2026-01-02T03:04:05Z","c":"infinity","d":"0044-03-15 00:00:00+00 BC"}]',
	'timestamps are RFC 3339 in UTC');
is(rows(q{SELECT interval '1 day 2 hours' AS a, interval '0' AS b, '300 ms'::interval AS c, date '2026-01-02' AS d}),
	'[{"a":"PT93600S","b":"P0D","c":"PT0.3S","d":"2026-01-02"}]', 'durations are seconds in ISO 8601');
is(rows(q{SELECT interval '-90 minutes' AS a, interval '1 month 1 day' AS b, interval '1 day -0.25 s' AS c, interval '10 s' AS d}),
	'[{"a":"-PT5400S","b":"P1M1D","c":"PT86399.75S","d":"PT10S"}]', 'but for one with months, which has no length');
# the types of the views for PostgREST have the same text, which here is any type's
for my $pair ([ 'timestamptz', 'restate.instant',
		'2024-01-01 00:00:00+00', '2026-01-02 03:04:05.678901+02', '2026-01-02 03:04:05.670Z', '10000-01-01 00:00:00Z', '0044-03-15 00:00:00+00 BC', 'infinity', '-infinity' ],
	[ 'interval', 'restate.duration', '1 day 2 hours', '0', '300 ms', '-90 minutes', '1 month 1 day', '1 year -2 h', '1 day -0.25 s', '-1 day 1 s' ])
{
	my ($type, $spelled, @values) = @$pair;
	my $list = join ', ', map { "('$_')" } @values;

	is(rows("SELECT v::$spelled AS a FROM (VALUES $list) AS t (v)"), rows("SELECT v::$type AS a FROM (VALUES $list) AS t (v)"), "$spelled is spelled as $type");
}
is(rows(q{SELECT ARRAY[1,NULL,3]::bigint[] AS a, '{}'::int[] AS b, ARRAY['x','y"'',',NULL,'NULL',''] AS c, ARRAY[[1],[2]] AS d}),
	q([{"a":[1,null,3],"b":[],"c":["x","y\"',",null,"NULL",""],"d":"{{1},{2}}"}]), 'arrays are arrays');
is(rows(q{SELECT '\x00ff'::bytea AS a, '{"x": [1, null]}'::jsonb AS b, '{"y":1}'::json AS c}),
	'[{"a":"00ff","b":{"x": [1, null]},"c":{"y":1}}]', 'bytes are text in hex, JSON is JSON');
is(rows(q{SELECT E'a\nb\t"\\\\\x7f\u00e9' AS "k\"}), qq([{"k\\\\":"a\\u000ab\\u0009\\"\\\\\\u007f\xc3\xa9"}]), 'text and names of columns are escaped');
is(rows(q{SELECT 1 AS "a""b"}), '[{"a\"b":1}]', 'a name with a quote is escaped');
my $key = $node->safe_psql('postgres', "SELECT partition_key FROM restate.sys_invocation WHERE id = '" . inv('done') . "'");
is(rows("SELECT partition_key, id, status, idempotency_key FROM sys_invocation WHERE id = '" . inv('done') . "'"),
	qq([{"partition_key":$key,"id":"@{[inv('done')]}","status":"completed"}]), 'an invocation; its key is a number');
is(rows("SELECT restate_partition_key_unsigned(-1) AS a"), '[{"a":18446744073709551615}]', 'an unsigned 64-bit key is a number');
like(rows("SELECT id, created_at, completion_retention FROM restate.sys_invocation WHERE id = '" . inv('done') . "'"),
	qr/"created_at":"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d[.\d]*Z","completion_retention":"P/, 'with its schema, too');

# ids beside text

my $found = qq([{"id":"@{[inv('done')]}"}]);
for my $condition (
	"id = '@{[inv('done')]}'", "id = '@{[inv('done')]}'::text", "'@{[inv('done')]}'::varchar = id", "id IN ('no id'::text, '@{[inv('done')]}')",
	"id = ANY (ARRAY['no id', '@{[inv('done')]}']::text[])", "id LIKE 'inv\\_1%done'", "id ILIKE 'INV%DONE'", "id SIMILAR TO 'inv_1(0)+done'", "id ~ '0done\$'",
	"id ^@ 'inv_1' AND id NOT LIKE '%o_d' AND id NOT ILIKE '%ING' AND id !~ 'done.' AND id > 'inv_1'::text IS FALSE AND id LIKE '%done'",
	"id IN (SELECT substr(t, 2) FROM (VALUES (' @{[inv('done')]}'), (' no id')) AS v (t))",
	"id LIKE '%done' AND pinned_deployment_id LIKE 'dp\\_1%old' AND pinned_deployment_id <> 'no id'::text")
{
	is(rows("SELECT id FROM sys_invocation WHERE $condition"), $found, "found where $condition");
}
is(rows("SELECT id FROM sys_invocation WHERE id = 'no id'::text OR id LIKE 'no id'"), '[]', 'text that is no id finds none');
is(rows("SELECT id FROM sys_invocation WHERE id = ' @{[inv('done')]}'"), '[]', 'nor does a literal that is none');
like(query("SELECT ' @{[inv('done')]}'::restate_invocation_id")->{body}, qr/it begins with a space; the rest is an id/, 'what is to be an id and is none is told what is wrong');

for my $view (qw(sys_invocation sys_invocation_status sys_invocation_state sys_idempotency sys_journal sys_journal_events sys_inbox sys_keyed_service_status
	sys_deployment sys_service state sys_promise sys_audit sys_stuck sys_deployment_blocker admin_deployment admin_service))
{
	like(rows("SELECT * FROM $view"), qr/^\[/, "$view can be read");
}

# limits

is(scalar(() = rows('SELECT generate_series(1, 100)') =~ /\{/g), 100, 'as many rows as are allowed');
is(rows('SELECT generate_series(1, 101)'), '400 result_too_large', 'one more is an error');
is(rows('SELECT generate_series(1, 1000000000)'), '400 result_too_large', 'a billion rows are an error, and are not waited for');
is(rows("SELECT repeat('x', 1000000) FROM generate_series(1, 100)"), '400 result_too_large', 'so are too many bytes');
my $patient = $gateway;
$gateway = start_gateway($node, '--query-pool=1', '--request-timeout=2');
is(rows('SELECT pg_sleep(600)'), '503 query_timeout', 'pg_sleep ends at the timeout');
is(rows("SELECT set_config('statement_timeout', '0', false), pg_sleep(600)"), '503 query_timeout', 'whatever it sets');
is(rows('SELECT count(*) FROM generate_series(1, 10000000000)'), '503 query_timeout', 'so does a long count');
is(rows('EXPLAIN ANALYZE SELECT pg_sleep(600)'), '503 query_timeout', 'and EXPLAIN ANALYZE');
is(query('SELECT pg_sleep(600)')->{headers}{'retry-after'}, '1', 'which says when to try again');
is(stop_gateway($gateway), 0, 'the gateway ends well');

# however large a row is, and without keeping the memory
$gateway = start_gateway($node, '--query-pool=1', '--query-row-limit=100');
my $resident = sub { slurp_file("/proc/$gateway->{pid}/status") =~ /^Vm$_[0]:\s+(\d+)/m ? $1 : 0 };
my $before = $resident->('RSS');
is(rows($_), '400 result_too_large', "$_: too large")
  for "SELECT repeat('x', 70*1024*1024) AS a", "SELECT repeat('x', 30*1024*1024) AS a FROM generate_series(1, 3)",
  "SELECT repeat('x', 250*1024*1024) AS a", "SELECT repeat(E'\\x01', 12*1024*1024) AS a",
  "SELECT repeat('x', 64*1024*1024 - 17) AS a",
  "SELECT repeat('\"', 34*1024*1024) AS a";
is(length query("SELECT repeat('x', 64*1024*1024 - 19) AS a")->{body}, 64 * 1024 * 1024, 'as large an answer as may be');
SKIP:
{
	skip 'below valgrind memory is another', 2 if $ENV{VALGRIND};
	cmp_ok($resident->('HWM'), '<', 700_000, 'memory stays bounded');
	# the answer is freed when its connection has ended
	wait_until(sub { $resident->('RSS') - $before < 60_000 });
	cmp_ok($resident->('RSS') - $before, '<', 60_000, 'and is given back');
}

is(stop_gateway($gateway), 0, 'the gateway ends well');
$gateway = $patient;

# two columns of one name
is(rows('SELECT 1 AS a, 2 AS a, 3 AS a_2, 4 AS a, NULL AS a'), '[{"a":1,"a_2":2,"a_2_2":3,"a_3":4}]', 'no column is lost for its name');

# what is refused

my $open = "SELECT count(*) FROM pg_stat_activity WHERE usename = 'reader'";
my $digest = digest($node);
my $done = inv('done');
for my $refused (
	[ 'several statements', 'SELECT 1; SELECT 2', 400 ],
	[ 'a statement after another and an empty one', 'SELECT 1;; SELECT 2', 400 ],
	[ 'nothing', '', 400 ],
	[ 'a comment', '-- SELECT 1', 400 ],
	[ 'COPY to the client', 'COPY (SELECT 1) TO STDOUT', 400 ],
	[ 'COPY from the client', 'COPY restate.invocation FROM STDIN', 400 ],
	[ 'COPY to a program', "COPY (SELECT 1) TO PROGRAM 'true'", 400 ],
	[ 'DO', 'DO $$ BEGIN NULL; END $$', 400 ],
	[ 'BEGIN', 'BEGIN', 400 ],
	[ 'COMMIT', 'COMMIT', 400 ],
	[ 'COMMIT AND CHAIN', 'COMMIT AND CHAIN', 400 ],
	[ 'ROLLBACK', 'ROLLBACK', 400 ],
	[ 'PREPARE', 'PREPARE x AS SELECT 1', 400 ],
	[ 'EXECUTE of what is not there', 'EXECUTE x', 400 ],
	[ 'DECLARE', 'DECLARE c CURSOR WITH HOLD FOR SELECT 1', 400 ],
	[ 'FETCH of what is not there', 'FETCH ALL FROM c', 400 ],
	[ 'LISTEN', 'LISTEN x', 400 ],
	[ 'NOTIFY', 'NOTIFY x', 400 ],
	[ 'SET', 'SET work_mem = 64', 400 ],
	[ 'SET ROLE', 'SET ROLE postgres', 400 ],
	[ 'SET SESSION AUTHORIZATION', 'SET SESSION AUTHORIZATION postgres', 400 ],
	[ 'RESET ALL', 'RESET ALL', 400 ],
	[ 'DISCARD ALL', 'DISCARD ALL', 400 ],
	[ 'LOCK', 'LOCK TABLE restate.invocation', 400 ],
	[ 'a temporary table', 'CREATE TEMP TABLE t AS SELECT 1', 400 ],
	[ 'SELECT INTO', 'SELECT 1 AS a INTO TEMP t', 400 ],
	[ 'a schema', 'CREATE SCHEMA s', 400 ],
	[ 'a parameter', 'SELECT $1::int', 400 ],
	[ 'a parameter of no type', 'SELECT $1', 400 ],
	[ 'a syntax error', 'SELEKT 1', 400 ],
	[ 'a division by zero', 'SELECT 1/0', 400 ],
	[ 'a row lock', 'SELECT 1 FROM sys_invocation FOR UPDATE', 403 ],
	[ 'INSERT with RETURNING', "INSERT INTO state VALUES ('a') RETURNING 1", 400 ],
	[ 'a table', 'SELECT * FROM restate.invocation', 403 ],
	[ 'a table by query_to_xml', "SELECT query_to_xml('SELECT * FROM restate.invocation', true, true, '')", 403 ],
	[ 'DELETE by query_to_xml', "SELECT query_to_xml('DELETE FROM restate.invocation RETURNING 1', true, true, '')", 400 ],
	[ 'COMMIT by query_to_xml', "SELECT query_to_xml('COMMIT', true, true, '')", 400 ],
	[ 'a read-write transaction', "SELECT set_config('transaction_read_only', 'off', false)", 400 ],
	[ 'another role', "SELECT set_config('role', 'postgres', false)", 403 ],
	[ 'another user', "SELECT set_config('session_authorization', 'postgres', false)", 403 ],
	[ 'a file', "SELECT pg_read_file('postgresql.conf')", 403 ],
	[ 'a directory', "SELECT pg_ls_dir('.')", 403 ],
	[ 'lo_import', "SELECT lo_import('/etc/passwd')", 403 ],
	[ 'passwords', 'SELECT * FROM pg_authid', 403 ],
	[ 'pg_reload_conf', 'SELECT pg_reload_conf()', 403 ],
	[ 'a setting that is not for all', "SELECT current_setting('data_directory')", 403 ],
	[ 'the session of a superuser', "SELECT pg_terminate_backend(" . sql($sql, 'SELECT pg_backend_pid()') . ')', 403 ],
	[ 'purge', "SELECT restate_purge('$done')", 403 ],
	[ 'kill', "SELECT restate_kill('$done')", 403 ],
	[ 'purge_journal', "SELECT restate_purge_journal('$done')", 403 ],
	[ 'restart', "SELECT restate_restart_as_new('$done')", 403 ],
	[ 'batch', "SELECT * FROM restate_purge_batch(ARRAY['$done']::restate_invocation_id[])", 403 ],
	[ 'verify', 'SELECT * FROM restate_verify()', 403 ],
	[ 'import', "SELECT restate_import_invocation('{}')", 403 ])
{
	my ($what, $text, $status) = @$refused;
	like(rows($text), qr/^$status (?:invalid_query|forbidden)$/, "$what is refused");
}
is(digest($node), $digest, 'and nothing has changed');

# what is left

sub leaves_nothing
{
	my ($what, $text, $check, $nothing) = @_;

	query($text);
	is(rows($check), $nothing, "nothing is left of $what");
}
my $settings = q{SELECT current_setting('search_path') AS p, current_setting('TimeZone') AS z, current_setting('statement_timeout') AS t,
  current_setting('default_transaction_read_only') AS r, current_setting('client_encoding') AS e, current_user AS u, session_user AS s,
  current_setting('DateStyle') AS d, current_setting('bytea_output') AS b, current_setting('IntervalStyle') AS i};
my $expected = rows($settings);
like($expected, qr/"p":"restate_query, pg_catalog, restate".*"z":"UTC","t":"30s","r":"on","e":"UTF8","u":"reader","s":"reader"/s, 'the settings are ours');
for my $setting (
	[ search_path => 'pg_catalog' ], [ TimeZone => 'Asia/Kolkata' ], [ statement_timeout => '0' ], [ DateStyle => 'German' ],
	[ default_transaction_read_only => 'off' ], [ client_encoding => 'LATIN1' ], [ bytea_output => 'escape' ],
	[ IntervalStyle => 'postgres' ])
{
	leaves_nothing("$setting->[0] set", "SELECT set_config('$setting->[0]', '$setting->[1]', false)", $settings, $expected);
	leaves_nothing("$setting->[0] set in XML", "SELECT query_to_xml('SELECT set_config(''$setting->[0]'', ''$setting->[1]'', false)', true, true, '')", $settings, $expected);
}
leaves_nothing('a setting of its own', "SELECT set_config('my.own', 'x', false)", "SELECT nullif(current_setting('my.own', true), '') AS x", '[{}]');
leaves_nothing('an advisory lock', 'SELECT pg_advisory_lock(42), pg_advisory_lock_shared(43)', "SELECT count(*) AS n FROM pg_locks WHERE locktype = 'advisory'", '[{"n":0}]');
leaves_nothing('a seed', 'SELECT setseed(0.5)', 'SELECT 1 AS n', '[{"n":1}]');
leaves_nothing('a large object', 'SELECT lo_create(4242)', 'SELECT count(*) AS n FROM pg_largeobject_metadata', '[{"n":0}]');
leaves_nothing('a notification', "SELECT pg_notify('x', 'y')", 'SELECT count(*) AS n FROM pg_listening_channels()', '[{"n":0}]');
leaves_nothing('a snapshot', 'SELECT pg_export_snapshot()', 'SELECT count(*) AS n FROM pg_prepared_statements', '[{"n":0}]');
leaves_nothing('prepared statements', 'SELECT 1', q{SELECT count(*) AS n FROM pg_prepared_statements WHERE name <> ''}, '[{"n":0}]');
leaves_nothing('cursors', 'SELECT 1', q{SELECT count(*) AS n FROM pg_cursors WHERE name <> ''}, '[{"n":0}]');
leaves_nothing('its own end', 'SELECT pg_terminate_backend(pg_backend_pid())', 'SELECT 1 AS n', '[{"n":1}]');
leaves_nothing('a cancel of itself', 'SELECT pg_cancel_backend(pg_backend_pid()), pg_sleep(1)', 'SELECT 1 AS n', '[{"n":1}]');
# the answer comes before the session says so of itself
becomes(sub { sql($sql, "$open AND state <> 'idle'") }, '0', 'the session is idle');
becomes(sub { sql($sql, "SELECT count(*) FROM pg_stat_activity WHERE usename = 'reader'") }, '1', 'and the only one');
is(rows(q{SELECT set_config('client_encoding', 'LATIN1', false), chr(233) AS a}), '400 invalid_query', 'rows in another encoding are refused');
is(rows(q{SELECT set_config('TimeZone', '<A"B>-05:30', false) AS z, '2026-01-02 00:00:00+00'::timestamptz AS a}),
	'[{"z":"<A\"B>-05:30","a":"2026-01-02 05:30:00+05:30"}]', 'a time of the zone that a query sets is not said to be UTC');
is(rows(q{SELECT set_config('bytea_output', 'escape', false) AS o, ''::bytea AS a, 'x'::bytea AS b, '\x00'::bytea AS c}),
	'[{"o":"escape","a":"","b":"x","c":"\\\\000"}]', 'bytes in a form that a query sets');
like(rows(q{SELECT set_config('DateStyle', 'SQL', false), '2026-01-02 00:00:00+00'::timestamptz AS a}), qr{"a":"01/02/2026 00:00:00 UTC"}, 'nor one of another style');

# other reads on the same session
for my $path (qw(/deployments /services /deployments/dp_10000000000000000000old /services/Svc))
{
	is(request($gateway, 'GET', $path)->{status}, 200, "$path");
	is(rows('SELECT 1 AS n'), '[{"n":1}]', "a query after $path");
	is(request($gateway, 'GET', $path)->{status}, 200, "$path after a query");
}

# what else returns rows
like(rows('EXPLAIN SELECT 1'), qr/QUERY PLAN/, 'EXPLAIN is shown');
like(rows('SHOW search_path'), qr/restate/, 'SHOW is shown');
is(rows('VALUES (1), (2)'), '[{"column1":1},{"column1":2}]', 'VALUES are shown');
is(rows('SELECT 1 AS n;'), '[{"n":1}]', 'a semicolon at the end is nothing');

# the request

sub status_of
{
	my ($answer) = @_;
	my $error = eval { $json->decode($answer->{body}) } // {};

	return $answer ? "$answer->{status} " . ($error->{restate_code} // '') : 'no answer';
}
my $body = '{"query":"SELECT 1 AS n"}';
is(status_of(request($gateway, 'POST', '/query', $body)), '415 unsupported_media_type', 'no content type');
is(status_of(request($gateway, 'POST', '/query', $body, 'Content-Type: text/plain')), '415 unsupported_media_type', 'another content type');
is(request($gateway, 'POST', '/query', $body, 'Content-Type: application/json; charset=utf-8')->{status}, 200, 'a charset is no matter');
is(query('SELECT 1')->{headers}{'content-type'}, 'application/json', 'the answer is JSON');
for my $wrong (
	[ 'no JSON', '{{{', 400 ], [ 'no body', '', 400 ], [ 'an array', '["SELECT 1"]', 422 ], [ 'a text', '"SELECT 1"', 422 ],
	[ 'null', 'null', 422 ], [ 'no query', '{}', 422 ], [ 'a query of null', '{"query":null}', 422 ],
	[ 'a query that is a number', '{"query":1}', 422 ], [ 'a NUL in JSON', '{"query":"SELECT \u0000"}', 400 ],
	[ 'a NUL', "{\"query\":\"SELECT \0\"}", 400 ], [ 'invalid UTF-8', "{\"query\":\"SELECT '\xff'\"}", 400 ],
	[ 'an unpaired surrogate', '{"query":"SELECT \'\ud800\'"}', 400 ], [ 'garbage after it', "${body}x", 400 ],
	[ 'deep nesting', '[' x 100000, 400 ])
{
	is(status_of(json_request($gateway, 'POST', '/query', $wrong->[1])), "$wrong->[2] invalid_body", "a body with $wrong->[0]");
}
is(status_of(query('SELECT 1 /* ' . ('x' x 1048576) . ' */')), '413 body_too_large', 'a body of more than 1 MiB');
is(status_of(query('SELECT 1 /* ' . ('x' x 1000000) . ' */')), '200 ', 'one of less');
is(request($gateway, 'POST', '/v3/query', $body, 'Content-Type: application/json')->{status}, 200, 'under a version prefix');

is(rows('SELECT 1 AS n'), '[{"n":1}]', 'after all that a query is answered');
is(sql($sql, 'SELECT count(*) FROM restate_verify()'), '0', 'and all is well');
unlike(gateway_log($gateway), qr/SELECT/, 'no query is in the log');
is(stop_gateway($gateway), 0, 'the gateway ends well');
done_testing();
