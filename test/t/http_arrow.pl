# POST /query as a stream in Arrow's format, read by apache-arrow: every type,
# the same rows as in JSON, in bounded memory, and what breaks it off.
use strict;
use warnings;
use Cwd;
use IO::Socket::INET;
use IPC::Open2 ();
use IPC::Run ();
use JSON::PP;
use NpmTool;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use RestateGateway;
use RestateNode;
use Test::More;
use Time::HiRes qw(sleep time);

$ENV{NODE_PATH} = npm_file('apache-arrow') =~ s{/apache-arrow$}{}r;
my $arrow = 'application/vnd.apache.arrow.stream';
my ($from_reader, $to_reader);
IPC::Open2::open2($from_reader, $to_reader, 'node', getcwd() . '/test/lib/arrow.js');
$to_reader->autoflush(1);
my $directory = PostgreSQL::Test::Utils::tempdir;
my $json = JSON::PP->new->utf8->canonical->allow_nonref;
my $node = new_node('http_arrow', 'log_statement = none');
grant_roles($node);
load_example($node);
my $gateway = start_gateway($node, '--query-pool=1');

# Sends a query and returns status, media type, how curl ended (18: the answer
# was broken off) and a file with the body.
sub ask
{
	my ($query, @curl) = @_;
	my $file = "$directory/answer";
	my $out;

	unlink $file;
	IPC::Run::run([ 'curl', '-sS', '-m', 300, '-o', $file, '-w', '%{http_code} %{content_type}', '-H', 'Content-Type: application/json',
			'-d', '@-', @curl, "http://127.0.0.1:$gateway->{port}/query" ], '<', \$json->encode({ query => $query }), '>', \$out, '2>', \my $errors);
	my ($status, $type) = split / /, $out, 2;
	return { status => $status, type => $type, ended => $? >> 8, file => $file };
}

# What apache-arrow reads in the answer.
sub read_arrow
{
	my ($answer, $wanted) = @_;

	return { error => "$answer->{status} $answer->{type}" } unless $answer->{status} == 200 && $answer->{type} eq $arrow;
	local $SIG{PIPE} = 'IGNORE';
	print {$to_reader} ($wanted // 'rows') . " $answer->{file}\n";
	return $json->decode(readline($from_reader) // die 'the reader has ended');
}

sub arrow_of
{
	my ($query, $wanted) = @_;
	my $answer = ask($query);
	my $read = read_arrow($answer, $wanted);

	$read->{error} //= "curl ended with $answer->{ended}" if $answer->{ended};
	return $read;
}

# Status and category of an answer that is an error, or "broken off".
sub refusal
{
	my ($answer) = @_;

	return 'broken off' if $answer->{ended} == 18 && $answer->{status} == 200;
	my $error = eval { $json->decode(slurp_file($answer->{file})) } // {};
	return "$answer->{status} $answer->{type} " . ($error->{restate_code} // 'no category');
}

# The columns' types, as text.
sub types
{
	my ($query) = @_;
	my $read = arrow_of($query);

	return $read->{error} // join ', ', map { "$_->[0] $_->[1]" } @{ $read->{fields} };
}

# The values of all rows, as JSON.
sub rows
{
	my ($query) = @_;
	my $read = arrow_of($query);

	return $read->{error} // $json->encode($read->{rows});
}

# what Accept is

for my $case (
	[ 'none', $arrow, 'Accept;' ],
	map({ [ $_, $arrow, "Accept: $_" ] } '*/*', $arrow, 'application/*', 'Application/JSON', 'application/json;q=1', 'application/json, */*',
		'text/html', 'text/plain, application/json', 'application/json; charset=utf-8', 'no media type'),
	[ 'application/json', 'application/json', 'Accept: application/json' ],
	[ 'blanks around it', 'application/json', 'Accept:   application/json  ' ])
{
	my ($name, $type, $header) = @$case;
	is(ask('SELECT 1 AS n', '-H', $header)->{type}, $type, "Accept is $name");
}
is(ask('SELECT 1 AS n', '-H', 'Accept:')->{type}, $arrow, 'without Accept');
is(request($gateway, 'HEAD', '/query')->{status}, 405, 'HEAD is not served');
is(request($gateway, 'POST', '/query', '{"query":"SELECT 1"}', "Accept: $arrow")->{headers}{'content-type'}, 'application/json', 'what is refused is refused in JSON');

# types

my $every = q~SELECT true AS a, 1::int2 AS b, 2 AS c, 3::int8 AS d, 4::oid AS e, 1.25::float4 AS f, 1.1::float8 AS g, 1.50 AS h, 'x' AS i, 'y'::name AS j,
	'\x00ff'::bytea AS k, date '2026-01-02' AS l, timestamptz '2026-01-02 03:04:05.678999+02' AS m, timestamp '2026-01-02 03:04:05.678' AS n,
	interval '1 day 2 hours 0.5 seconds' AS o, ARRAY[1,NULL,3] AS p, ARRAY[4]::bigint[] AS q, ARRAY['a',NULL,'NULL','"\{,} '] AS r,
	'{"a": [1]}'::jsonb AS s, '{"b":2}'::json AS t, 'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11'::uuid AS u, time '01:02:03' AS v, 'inv_1'::varchar AS w~;
is(types($every), join(', ', qw(a=Bool b=Int64 c=Int64 d=Int64 e=Int64 f=Float32 g=Float64 h=Float64 i=LargeUtf8 j=LargeUtf8 k=LargeBinary l=Date32<DAY>),
		'm=Timestamp<MILLISECOND, +00:00>', qw(n=Timestamp<MILLISECOND> o=Duration<MILLISECOND> p=List<Int64> q=List<Int64> r=List<LargeUtf8>),
		map { "$_=LargeUtf8" } 's' .. 'w') =~ s/=/ /gr, 'each type has its own');
my $values = q([[true,"1","2","3","4",1.25,1.1,1.5,"x","y","00ff",1767312000000,1767315845678,1767323045678,"93600500",["1",null,"3"],["4"],["a",null,"NULL","\"\\\\{,} "],)
  . q("{\"a\": [1]}","{\"b\":2}","a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11","01:02:03","inv_1"]]);
is(rows($every), $values, 'and its values');
my $null = '[' . join(',', ('null') x 23) . ']';
is(rows("SELECT t.* FROM generate_series(1, 3) AS s (number) LEFT JOIN ($every) t ON number <> 2 ORDER BY number"),
	'[' . join(',', substr($values, 1, -1), $null, substr($values, 1, -1)) . ']', 'each can be null');
is(rows("SELECT t.* FROM generate_series(1, 1030) AS s (number) LEFT JOIN ($every) t ON false"), '[' . join(',', ($null) x 1030) . ']', 'for whole batches');
is(types('SELECT NULL AS a, count(*) AS b, sum(n) AS c, avg(n) AS d FROM generate_series(1::bigint, 2) n'), 'a LargeUtf8, b Int64, c Float64, d Float64',
	'what is computed goes by its type');
is(rows(q{SELECT 9223372036854775807, -9223372036854775808, 'NaN'::float8, '-Infinity'::numeric, 1e300::float8, 0.1::numeric, '-32768'::int2}),
	'[["9223372036854775807","-9223372036854775808","NaN","-Infinity",1e+300,0.1,"-32768"]]', 'the ends of numbers');
is(rows(q{SELECT timestamptz '1969-12-31 23:59:59.9999+00', timestamptz '0001-01-01 00:00:00+00', timestamptz '0044-03-15 12:00:00+00 BC',
	timestamptz '9999-12-31 23:59:59.999+00', 'infinity'::timestamptz, '-infinity'::date, date '0001-12-31 BC', date '2000-02-29'}),
	'[[-1,-62135596800000,-63517780800000,253402300799999,null,null,-62135683200000,951782400000]]', 'times before 1970 and our era; what is endless is null');
is(rows(q{SELECT interval '0', interval '-1.5 seconds', interval '1 year 2 months', interval '-3 days 04:05:06.789', interval '1 week'}),
	'[["0","-1500","36741600000","-244493211","604800000"]]', 'intervals');
is(rows(q{SELECT '{}'::int[], '{}'::text[], ARRAY[NULL]::bigint[], ''::text, ''::bytea}), '[[[],[],[null],"",""]]', 'what is empty');
is(rows("SELECT extract(epoch FROM i)::bigint * 1000 - 36741600000 FROM (SELECT interval '1 year 2 months') AS t (i)"), '[["0"]]',
	'a year and a month are as long as in SQL');
is(rows(q{SELECT 1 AS a, 2 AS a, 3 AS a_2}), '[["1","2","3"]]', 'columns of one name');
is(types(qq{SELECT 1 AS a, 2 AS a, 3 AS a_2, 4 AS "\x{e4}""\\"}), "a Int64, a_2 Int64, a_2_2 Int64, \x{e4}\"\\ Int64", 'have names of their own');
is(types('SELECT ' . join ', ', map { "$_ AS c$_" } 1 .. 1600), join(', ', map { "c$_ Int64" } 1 .. 1600), '1600 columns');

# the columns of the views

my %declared = (
	(map { $_ => 'Uint64' } qw(partition_key retry_count sequence_number revision key_length value_length last_failure_related_entry_index last_failure_related_command_index)),
	(map { $_ => 'Uint32' } qw(pinned_service_protocol_version journal_size journal_commands_size index version after_journal_entry_index
		min_service_protocol_version max_service_protocol_version)),
	(map { $_ => 'Timestamp<MILLISECOND, +00:00>' } qw(created_at modified_at inboxed_at scheduled_at scheduled_start_at running_at completed_at last_start_at
		next_retry_at sleep_wakeup_at appended_at at)),
	(map { $_ => 'Duration<MILLISECOND>' } qw(completion_retention journal_retention)),
	(map { $_ => 'List<Uint32>' } qw(suspended_waiting_for_completions suspended_waiting_for_signals)),
	(map { $_ => 'Bool' } qw(completed public in_flight drained)),
	'sys_deployment.in_flight' => 'Int64',
	(map { $_ => 'LargeBinary' } qw(value completion_success_value raw)),
	# of ours alone
	(map { $_ => 'Int64' } qw(last_failure_related_journal_index payload_length completion_id result_completion_id audit_id)));
my @views = split /\n/, $node->safe_psql('postgres', q{SELECT relname FROM pg_class WHERE relnamespace = 'restate'::regnamespace AND relkind = 'v' AND relname <> 'stuck_elsewhere' ORDER BY 1});

# A value of an Arrow stream as JSON has it, below a millisecond cut off.
sub as_json
{
	my ($value, $type) = @_;

	return undef unless defined $value;
	return POSIX::strftime('%Y-%m-%dT%H:%M:%S', gmtime int($value / 1000)) . sprintf '.%03dZ', $value % 1000 if $type =~ /^Timestamp/;
	return 'PT' . $value / 1000 . 'S' if $type =~ /^Duration/;
	return $type eq 'Bool' ? ($value ? 1 : 0) : ref $value ? [ map { defined $_ ? "$_" : undef } @$value ] : "$value";
}

# A value of the JSON, the same way.
sub of_json
{
	my ($value, $type) = @_;

	return undef unless defined $value;
	return $value =~ s/(?:(\.\d{1,3})\d*)?Z$/sprintf '.%sZ', substr(($1 \/\/ '.') . '000', 1, 3)/er if $type =~ /^Timestamp/;
	return $type eq 'Bool' ? ($value ? 1 : 0) : ref $value eq 'ARRAY' ? [ map { defined $_ ? "$_" : undef } @$value ] : ref $value ? $json->encode($value) : "$value";
}

my $compared = 0;
for my $view (@views)
{
	my $query = "SELECT * FROM $view";
	my $read = arrow_of($query);
	my $answer = ask($query, '-H', 'Accept: application/json');
	my $rows = $json->decode(slurp_file($answer->{file}))->{rows};
	my @fields = @{ $read->{fields} // [] };

	# what Restate does not have it does not declare
	is(join(', ', map { "$_->[0] $_->[1]" } @fields), join(', ', map { "$_->[0] " . ($declared{"$view.$_->[0]"} // $declared{ $_->[0] } // 'LargeUtf8') } @fields),
		"$view: the types are those that Restate declares") unless $view =~ /^sys_(?:bulk_job|deployment_blocker|stuck)$/;
	my @wanted = map { my $row = $_; [ map { of_json($row->{ $_->[0] }, $_->[1]) } @fields ] } @$rows;
	my @got = map { my $row = $_; [ map { as_json($row->[$_], $fields[$_][1]) } 0 .. $#fields ] } @{ $read->{rows} // [] };
	# JSON as text keeps its blanks
	for my $list (\@wanted, \@got)
	{
		@$list = sort map { $json->encode([ map { defined $_ && !ref $_ && /^[\[{]/ ? eval { $json->decode($_) } // $_ : $_ } @$_ ]) } @$list;
	}
	is_deeply(\@got, \@wanted, "$view: the rows are the same as in JSON");
	$compared += @got;
}
cmp_ok($compared, '>', 40, 'there were rows to compare');
is(types('SELECT s.k AS a, s.j FROM (SELECT partition_key AS k, journal_size AS j FROM sys_invocation ORDER BY id LIMIT 3) s'), 'a Uint64, j Uint32',
	'a column keeps its type under another name and in a subquery');
is(types('WITH w AS (SELECT index AS i, 1 AS index FROM sys_journal) SELECT * FROM w'), 'i Uint32, index Int64', 'what only has its name does not get it');
is(rows('SELECT max(partition_key) = 18446744073709551615, restate_partition_key_unsigned(-1) FROM sys_invocation')  =~ s/false|true/x/r, '[[x,1.84467440737096e+19]]',
	'a number that is computed is a double');

# how many rows, and how wide

for my $count (0, 1, 1023, 1024, 1025, 2048, 2049)
{
	my $read = arrow_of("SELECT n, n::text AS t, n % 2 = 0 AS b, ARRAY[n, n] AS l FROM generate_series(1, $count) n");
	# the reader makes a batch of nothing
	my @batches = ((1024) x int($count / 1024), $count % 1024 || ($count ? () : 0));

	is($json->encode([ @$read{qw(error batches rows)} ]),
		$json->encode([ undef, \@batches, [ map { [ "$_", "$_", ($_ % 2 ? JSON::PP::false : JSON::PP::true), [ "$_", "$_" ] ] } 1 .. $count ] ]), "$count rows");
}
my $read = arrow_of("SELECT n AS a, repeat(n::text, 100000) AS b, decode(repeat('0f', 50000), 'hex') AS c FROM generate_series(1, 30) n", 'digest');
is_deeply($read->{digest}[1], [ 30, 0, $node->safe_psql('postgres', q{SELECT md5(string_agg(repeat(n::text, 100000) || E'\n', '' ORDER BY n)) FROM generate_series(1, 30) n}) ],
	'wide text is whole');
is_deeply($read->{digest}[2], [ 30, 0, $node->safe_psql('postgres', q{SELECT md5(string_agg(repeat('0f', 50000) || E'\n', '')) FROM generate_series(1, 30) n}) ], 'so are bytes');
cmp_ok(scalar @{ $read->{batches} // [] }, '>', 3, 'in more batches than they have rows for');
is(arrow_of("SELECT repeat('x', 60*1024*1024) AS a, 1 AS b", 'digest')->{digest}[1][0], 1, 'a row of 60 MiB');
is(refusal(ask("SELECT repeat('x', 70*1024*1024) AS a")), '400 application/json result_too_large', 'one of 70 MiB is refused');

# errors

is(refusal(ask('SELECT 1/(n - 1000) FROM generate_series(1, 2000) n')), '400 application/json invalid_query', 'an error in the first batch is an answer');
my $answer = ask("SELECT n, 1/(n - 5000) AS x, 'a-payload'::text AS t FROM generate_series(1, 10000) n");
is(refusal($answer), 'broken off', 'one behind it breaks the stream off');
log_says($gateway, qr/event=stream_broken rows=4999 reason="?22012"?/, 'which is logged');
is(read_arrow($answer)->{error} // 'no end was missed', 'no end was missed', 'the batches before it were sent');
like(join(' ', @{ read_arrow($answer)->{batches} }), qr/^(?:1024 ?){4}$/, 'and no part of one');
is(refusal(ask($_->[1])), "$_->[2] application/json $_->[3]", $_->[0])
  for [ 'no statement', '', 400, 'invalid_query' ], [ 'a statement without rows', 'CREATE TABLE t ()', 400, 'invalid_query' ],
  [ 'two statements', 'SELECT 1; SELECT 2', 400, 'invalid_query' ], [ 'a table that is not to be read', 'SELECT * FROM restate.invocation', 403, 'invalid_query' ],
  [ 'an array of two dimensions', 'SELECT ARRAY[[1],[2]]', 400, 'invalid_query' ], [ 'one that counts from 0', q{SELECT '[0:0]={1}'::int[]}, 400, 'invalid_query' ],
  [ 'another style', q{SELECT set_config('DateStyle', 'German', true), now()}, 400, 'invalid_query' ],
  [ 'another encoding', q{SELECT set_config('client_encoding', 'LATIN1', true), U&'\00e9'}, 400, 'invalid_query' ],
  [ 'bytes that are escaped', q{SELECT set_config('bytea_output', 'escape', true), '\x00ff'::bytea}, 400, 'invalid_query' ];
is(rows(q{SELECT set_config('TimeZone', 'Asia/Kathmandu', true) = '', timestamptz '2026-01-02 03:04:05+00'}), '[[false,1767323045000]]', 'another zone is the same time');
is(rows(q{SELECT set_config('work_mem', '77MB', false)}), '[["77MB"]]', 'what a query sets');
isnt(rows(q{SELECT current_setting('work_mem')}), '[["77MB"]]', 'is gone for the next one');
unlike(gateway_log($gateway), qr/a-payload|SELECT/, 'no payload and no query is logged');

# clients that leave, and slow ones; there is one session, which the next query needs

my $endless = 'SELECT n AS a, repeat(n::text, 20) AS b FROM (SELECT generate_series(1, 1000000000) AS n) s';
my $active = "SELECT count(*) FROM pg_stat_activity WHERE usename = 'reader' AND state = 'active' AND query NOT LIKE 'DISCARD%'";

sub begin_stream
{
	my ($query, @headers) = @_;
	my $body = $json->encode({ query => $query });
	my $socket = open_connection($gateway);

	setsockopt $socket, Socket::SOL_SOCKET(), Socket::SO_RCVBUF(), 65536;
	send_bytes($socket, join("\r\n", 'POST /query HTTP/1.1', 'Host: gateway', 'Content-Type: application/json', 'Content-Length: ' . length $body, @headers, '', $body));
	return $socket;
}

# Reads so many bytes, or all there are.
sub take
{
	my ($socket, $wanted) = @_;
	my $got = '';

	while (length $got < $wanted && sysread $socket, my $part, 65536)
	{
		$got .= $part;
	}
	return $got;
}

my $leaver = begin_stream($endless);
like(take($leaver, 300_000), qr{^HTTP/1.1 200 OK\r\n.*\r\nTransfer-Encoding: chunked\r\n}s, 'a stream that would not end');
close $leaver;
is(rows('SELECT 1'), '[["1"]]', 'when its client leaves the next is served');
$leaver = begin_stream($endless);
ok(wait_until(sub { $node->safe_psql('postgres', "SELECT count(*) FROM pg_stat_activity WHERE usename = 'reader' AND wait_event = 'ClientWrite'") }),
	'while a client does not read, the database waits');
close $leaver;
is(rows('SELECT 1'), '[["1"]]', 'when that leaves, too');
$leaver = begin_stream($endless);
take($leaver, 1000);
is(rows('SELECT 1'), '[["1"]]', 'one that stays and does not read has to leave the session to others');
log_says($gateway, qr/event=stream_broken rows=\d+ reason="the client takes nothing, and others wait"/, 'which is logged');
like(take($leaver, 1e9), qr/^(?s:.*)(?<!\r\n0\r\n\r\n)$/, 'and sees the stream broken off');
close $leaver;
$leaver = begin_stream(q{SELECT n, CASE WHEN n > 3000 THEN pg_sleep(60)::text END FROM generate_series(1, 3001) n});
take($leaver, 1000);
close $leaver;
is(rows('SELECT 1'), '[["1"]]', 'and one that leaves while the database computes');
ok(wait_until(sub { $node->safe_psql('postgres', $active) eq '0' }), 'none of them is left running');

my $kept = begin_stream('SELECT 1 AS n');
my $first = '';
$first .= take($kept, 1) while $first !~ /\r\n0\r\n\r\n$/;
send_bytes($kept, "GET /live HTTP/1.1\r\nHost: gateway\r\nConnection: close\r\n\r\n");
like(take($kept, 1e6), qr{^HTTP/1.1 200 OK\r\n}, 'after a stream the connection serves the next request');

is(refusal(ask("SELECT n, pg_terminate_backend(CASE WHEN n = 5000 THEN pg_backend_pid() END) FROM generate_series(1, 10000) n")), 'broken off',
	'the end of the session breaks the stream off');
is(rows('SELECT 1'), '[["1"]]', 'the next has a new one');

# HTTP/1.0 has no chunks: there an answer that is broken off would look like a whole one
$answer = ask('SELECT n FROM generate_series(1, 5000) n', '--http1.0');
is_deeply(read_arrow($answer)->{batches}, [ 1024, 1024, 1024, 1024, 904 ], 'over HTTP/1.0 an answer is sent in one piece');
is(refusal(ask('SELECT 1/(n - 5000) FROM generate_series(1, 10000) n', '--http1.0')), '400 application/json invalid_query', 'an error is an answer then, too');
is(refusal(ask(q{SELECT repeat('x', 1000000) FROM generate_series(1, 70)}, '--http1.0')), '400 application/json result_too_large', 'and 64 MiB are the most');
is(stop_gateway($gateway), 0, 'the gateway ends well');

# limits

$gateway = start_gateway($node, '--query-pool=1', '--query-row-limit=3000');
is(arrow_of('SELECT generate_series(1, 3000)', 'digest')->{digest}[0][0], 3000, 'as many rows as are allowed');
is(refusal(ask('SELECT generate_series(1, 3001)')), 'broken off', 'one more breaks the stream off');
log_says($gateway, qr/event=stream_broken rows=3000 reason="the query returns more than 3000 rows"/, 'which says so in the log');
is(stop_gateway($gateway), 0, 'the gateway ends well');
$gateway = start_gateway($node, '--query-pool=1', '--request-timeout=3');
is(refusal(ask('SELECT pg_sleep(60)')), '503 application/json query_timeout', 'a query that is too slow is refused');
is(refusal(ask('SELECT n, CASE WHEN n > 2000 THEN pg_sleep(60)::text END FROM generate_series(1, 2100) n')), 'broken off', 'one that has begun is broken off');
$leaver = begin_stream($endless =~ s/1000000000/2900/r =~ s/20/20000/r);
log_says($gateway, qr/event=stream_broken rows=\d+ reason="the query took too long"/, 'the time goes on while a client does not read');
like(take($leaver, 1e9), qr/^HTTP.*(?<!\r\n0\r\n\r\n)$/s, 'which is told by the stream being broken off');
is(rows('SELECT 1'), '[["1"]]', 'and the next is served');
is(stop_gateway($gateway), 0, 'the gateway ends well');
$gateway = start_gateway($node, '--query-row-limit=100');
is(refusal(ask('SELECT generate_series(1, 101)')), '400 application/json result_too_large', 'too many rows for less than a batch are refused');

# a million rows

is(stop_gateway($gateway), 0, 'the gateway ends well');
$gateway = start_gateway($node, '--request-timeout=600');
my $memory = sub { slurp_file("/proc/$gateway->{pid}/status") =~ /^Vm$_[0]:\s+(\d+)/m ? $1 : 0 };
my $million = q{SELECT n AS a, CASE WHEN n % 3 > 0 THEN 'row ' || n END AS b, CASE WHEN n % 5 > 0 THEN ARRAY[n, NULL, -n]::bigint[] END AS c, to_timestamp(n) AS d
	FROM generate_series(1, 1000000) n};
is(rows('SELECT 1'), '[["1"]]', 'a query before');
my $before = $memory->('RSS');
$read = arrow_of($million, 'digest');
is($json->encode($read->{digest} // $read), $node->safe_psql('postgres', q{
	SELECT json_build_array(
	  json_build_array(count(*), 0, md5(string_agg(n || E'\n', '' ORDER BY n))),
	  json_build_array(count(*), count(*) FILTER (WHERE n % 3 = 0), md5(string_agg(CASE WHEN n % 3 > 0 THEN 'row ' || n || E'\n' END, '' ORDER BY n))),
	  json_build_array(count(*), count(*) FILTER (WHERE n % 5 = 0), md5(string_agg(CASE WHEN n % 5 > 0 THEN n || ',,-' || n || E'\n' END, '' ORDER BY n))),
	  json_build_array(count(*), 0, md5(string_agg(n || E'000\n', '' ORDER BY n))))
	FROM generate_series(1, 1000000) n}) =~ s/ //gr, 'a million rows are read back equal');
SKIP:
{
	skip 'below valgrind memory is another', 1 if $ENV{VALGRIND};
	cmp_ok($memory->('HWM') - $before, '<', 8_000, 'and take less than 8 MB');
}

# two streams, of which one is not read, do not hold up each other, nor what else is served
my @streams = map { begin_stream($endless) } 1, 2;
take($streams[1], 1_000_000);
is(request($gateway, 'GET', '/live')->{status}, 200, 'beside streams others are served');
is(length take($streams[1], 5_000_000) >= 5_000_000, 1, 'a stream goes on beside one that is not read');
SKIP:
{
	skip 'below valgrind memory is another', 1 if $ENV{VALGRIND};
	cmp_ok($memory->('HWM') - $before, '<', 16_000, 'memory stays bounded');
}
close $_ for @streams;
my $draining = begin_stream('SELECT n, repeat(n::text, 1000) FROM generate_series(1, 5000) n');
take($draining, 1000);
kill 'TERM', $gateway->{pid};
like(take($draining, 1e9), qr/\r\n0\r\n\r\n$/, 'a stream is sent to its end while the gateway stops');
is(stop_gateway($gateway), 0, 'which ends well');

$node->stop;
done_testing();
