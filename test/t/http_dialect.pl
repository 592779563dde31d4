# What POST /query understands of queries that are written for Restate's own
# server, what it refuses, and that any other query is what it is in PostgreSQL.
use strict;
use warnings;

use Cwd;
use IPC::Run ();
use JSON::PP;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

use RestateGateway;
use RestateNode;

my $node = new_node('http_dialect', 'log_statement = none');
load_example($node);
$node->safe_psql('postgres', slurp_file(getcwd() . '/examples/gateway_roles.sql'));
my $database = 'host=' . $node->host . ' port=' . $node->port . ' dbname=postgres';
my $gateway = start_gateway($node, '--query-pool=1', "--db=$database user=restate_gateway", "--query-db=$database user=restate_gateway_reader");
my $json = JSON::PP->new->utf8->canonical->allow_nonref;

# Sends a query and returns the answer.
sub query
{
	my ($text, $to) = @_;

	return json_request($to // $gateway, 'POST', '/query', $json->encode({ query => $text }));
}

# Returns the rows as they are written, or status and category.
sub rows
{
	my ($text, $to) = @_;
	my $answer = query($text, $to);

	return $answer->{status} == 200 && $answer->{body} =~ /\A\{"rows":(.*)\}\z/s ? $1 : told($answer);
}

# Restate's own clients: what they send, with the columns that they read.
open my $file, '<:raw', getcwd() . '/test/conformance/client_queries.jsonl' or die $!;
for my $line (readline $file)
{
	my $sent = $json->decode($line);
	my $answer = query($sent->{query});
	my $rows = $answer->{status} == 200 ? $json->decode($answer->{body})->{rows} : [];
	my %columns = map { $_ => 1 } @{ $sent->{columns} };
	my @others = grep { !$columns{$_} } map { keys %$_ } @$rows;

	ok($answer->{status} == 200 && @$rows == $sent->{rows} && !@others, "$sent->{client} sends: " . substr($sent->{query} =~ s/\s+/ /gr, 0, 60) . '…')
	  or diag("$answer->{status}, " . @$rows . " rows, also @others\n$sent->{query}\n" . substr($answer->{body}, 0, 300));
}
close $file;

$node->safe_psql('postgres', "UPDATE restate.invocation SET idempotency_key = 'ik' WHERE id = '" . inv('done') . "';"
	  . " UPDATE restate.invocation SET retry_count = 3, created_at = '2026-01-02Z' WHERE id = '" . inv('retrying') . "'");
my ($done, $retrying, $parent) = map { inv($_) } qw(done retrying parent);
my $old = 'dp_10000000000000000000old';
my $one = '[{"n":1}]';

# What is understood, and the rows.
for my $understood (
	# one equals sign for two
	[ "SELECT id FROM sys_invocation WHERE status == 'backing-off'", qq([{"id":"$retrying"}]) ],
	[ 'SELECT 1==1 AS a, 1==-1 AS b, NOT 1 == 2 AS c, 1 + 1 == 2 AS d', '[{"a":true,"b":false,"c":true,"d":true}]' ],
	[ q{SELECT 'a' || 'b' == 'a' || 'b' AS a}, '[{"a":true}]' ],
	[ "SELECT id FROM sys_invocation WHERE id=='$done'", qq([{"id":"$done"}]) ],
	# no alias
	[ 'SELECT n FROM (SELECT 1 AS n)', $one ],
	[ 'SELECT n FROM (VALUES (1)) AS v (n)', $one ],
	[ 'SELECT count(*) AS n FROM (VALUES (1))', $one ],
	[ 'SELECT n, m FROM (SELECT 1 AS n), (SELECT 2 AS m)', '[{"n":1,"m":2}]' ],
	[ 'SELECT n, m FROM (SELECT 1 AS n) JOIN (SELECT 2 AS m) ON m == n + 1 WHERE n < 2', '[{"n":1,"m":2}]' ],
	[ 'SELECT n FROM (SELECT n FROM (SELECT 1 AS n) WHERE n = 1) LIMIT 1', $one ],
	[ 'SELECT n FROM ((SELECT 1 AS n) UNION (SELECT 1)) ORDER BY n', $one ],
	[ 'SELECT n FROM ((SELECT 1 AS n) CROSS JOIN (SELECT 2 AS m))', $one ],
	[ 'SELECT n FROM (((SELECT 1 AS n)))', $one ],
	[ 'SELECT n FROM (WITH a AS (SELECT 1 AS n) SELECT * FROM a)', $one ],
	[ 'SELECT n FROM (SELECT 1 AS n) UNION ALL SELECT m FROM (SELECT 2 AS m) ORDER BY 1', '[{"n":1},{"n":2}]' ],
	[ 'SELECT n FROM (SELECT 1 AS n), LATERAL (SELECT n + 1 AS m) WHERE m = 2', $one ],
	[ 'SELECT (SELECT n FROM (SELECT 1 AS n)) AS n', $one ],
	[ 'SELECT 1 AS n WHERE 1 IN (SELECT m FROM (SELECT 1 AS m))', $one ],
	[ 'SELECT n FROM (SELECT 1 AS n) /* ) */ WHERE n = 1 -- (', $one ],
	[ "SELECT extract(day FROM (SELECT date '2026-01-02'))::int - 1 AS n FROM (SELECT 3)", $one ],
	[ 'SELECT 1 AS n FROM (SELECT 3) WHERE 1 IS DISTINCT FROM (SELECT 2)', $one ],
	# its columns by the name of the table in it
	[ "SELECT count(*) AS n FROM (SELECT * FROM sys_invocation inv LIMIT 50) WHERE inv.status = 'backing-off'", $one ],
	[ "SELECT count(*) AS n FROM (SELECT * FROM sys_invocation LIMIT 50) WHERE sys_invocation.status = 'backing-off'", $one ],
	[ "SELECT count(*) AS n FROM (SELECT * FROM (SELECT * FROM sys_invocation AS inv LIMIT 50) LIMIT 50) WHERE inv.status = 'backing-off'", $one ],
	[ 'SELECT a.n, b.n AS m FROM (SELECT 1 AS n) AS a, (SELECT 2 AS n) b', '[{"n":1,"m":2}]' ],
	# names
	[ "SELECT FIRST_VALUE(id ORDER BY created_at ASC) AS id FROM sys_invocation", qq([{"id":"$retrying"}]) ],
	[ "SELECT last_value(status ORDER BY created_at DESC) AS s, sum(retry_count) AS r, CAST(NULL AS STRING) AS n FROM sys_invocation", '[{"s":"backing-off","r":3}]' ],
	[ 'SELECT first_value(n) OVER (ORDER BY n DESC) AS n FROM (VALUES (1), (2)) AS v (n)', '[{"n":2},{"n":2}]' ],
	[ "SELECT count(*) AS n FROM sys_journal WHERE raw IS NOT NULL", '[{"n":0}]' ],
	[ 'SELECT invocation_id, service_name, service_handler, idempotency_key FROM sys_idempotency',
		qq([{"invocation_id":"$done","service_name":"Svc","service_handler":"run","idempotency_key":"ik"}]) ],
	[ 'SELECT id, in_flight, retry_count FROM sys_invocation_state WHERE NOT in_flight', qq([{"id":"$retrying","in_flight":false,"retry_count":3}]) ],
	[ "SELECT COUNT(*) AS n FROM information_schema.columns WHERE table_name = 'sys_journal' AND column_name IN ('version', 'entry_json', 'raw')", '[{"n":3}]' ],
	# ids and any text
	( map { [ "SELECT count(*) AS n FROM sys_invocation WHERE $_", $one ] } "id = '$done'", "id IN ('$done', 'no id', '')", "'$done' = id",
		"id = ANY ('{$done,no id}')", "id LIKE '%0done'",
		"id = 'nothing' OR id = 'no id' OR id = '$done'", "CASE id WHEN 'no id' THEN false WHEN '$done' THEN true END", "id IS NOT DISTINCT FROM '$done' AND id IS DISTINCT FROM 'no id'",
		"id = E'\\x69nv\\x5f1' OR id = U&'d!0061t!+000061' UESCAPE '!' OR id = \$x\$y\$x\$ OR id = '$done'", "id IN ('é', '$done') AND 'é' <> id" ),
	( map { [ "SELECT count(*) AS n FROM sys_invocation WHERE $_", '[{"n":0}]' ] } "id = 'no id'", "id IN ('no id')", "invoked_by_id = 'nothing'",
		qq("restarted_from" = 'x'), "pinned_deployment_id = 'no deployment'", "id NOT IN ('no id', '$done') AND id = '$done'", "id = '$old'", "id <> 'no id' AND id = ''" ),
	[ "SELECT count(*) AS n FROM sys_invocation WHERE id != 'no id' AND pinned_deployment_id <> 'none'", '[{"n":13}]' ],
	# times
	[ "SELECT id FROM sys_invocation WHERE created_at < '2026-01-02T00:00:00.001Z' AND created_at >= '2026-01-02T01:00:00+01:00'", qq([{"id":"$retrying"}]) ],
	[ "SELECT count(*) AS n FROM sys_invocation WHERE created_at > now() - INTERVAL '1 hour' AND id = '$done'", $one ],
	[ "SELECT count(*) AS n FROM sys_invocation WHERE completion_retention = 'PT86400S' AND journal_retention <= INTERVAL '24' HOUR AND id = '$done'", $one ],
	[ "SELECT COALESCE(completed_at, now()) - created_at > INTERVAL '0' AS d FROM sys_invocation WHERE id = '$retrying'", '[{"d":true}]' ],
	# what is in quotes and comments
	[ q{SELECT '==' AS a, '''==' AS b, E'\'==' AS c, $$==$$ AS d, $x$ $$==' $x$ AS e, U&'\003d==' AS f, "==" AS g /* == /* == */ == */ FROM (SELECT 1 AS "==") -- ==},
		'[{"a":"==","b":"\'==","c":"\'==","d":"==","e":" $$==\' ","f":"===","g":1}]' ],
	[ "SELECT 'a'\n  -- and more\n  '==' AS a, E'\\\\'\n'\\'==' AS b, B'1' || X'1' AS c, N'==' AS d, 'FROM (SELECT 1)' AS e",
		'[{"a":"a==","b":"\\\\\'==","c":"10001","d":"==","e":"FROM (SELECT 1)"}]' ],
	[ q{SELECT n AS "FROM (SELECT 1)" FROM (SELECT 1 AS n)}, '[{"FROM (SELECT 1)":1}]' ])
{
	my ($text, $expected) = @$understood;

	is(rows($text), $expected, "understood: $text");
}
my $tables = $json->decode(rows('SHOW TABLES'));
is_deeply([ sort keys %{ $tables->[0] } ], [qw(table_catalog table_name table_schema table_type)], 'SHOW TABLES has the columns');
is(join(' ', grep { /^s/ } map { $_->{table_name} } @$tables),
	'state sys_bulk_job sys_deployment sys_deployment_blocker sys_idempotency sys_inbox sys_invocation sys_invocation_state sys_invocation_status sys_journal sys_journal_events'
	  . ' sys_keyed_service_status sys_promise sys_service sys_stuck', 'and the views');
is(rows("$_"), rows('SHOW TABLES'), "$_ is the same") for 'show tables ;', "/* all */ Show\n\tTables -- of them";

# What is refused, and what the message names.
for my $refused (
	[ 'SELECT n FROM (SELECT 1 AS n) AS a, (SELECT 2) AS a', 'invalid_query', qr/"a" specified more than once/ ],
	[ 'SELECT 1 = = 1', 'invalid_query', qr/syntax error at or near "="/ ],
	[ 'SELECT 1 === 1', 'invalid_query', qr/operator does not exist: integer === integer/ ],
	[ 'SELECT 1 OPERATOR(pg_catalog.==) 1', 'invalid_query', qr/pg_catalog.==/ ],
	[ 'SELECT inv.id FROM (SELECT id FROM sys_invocation inv), sys_invocation AS other WHERE inv IS NULL', 'invalid_query', qr/inv/ ],
	[ 'SELECT * FROM (SELECT 1', 'invalid_query', qr/syntax error at end of input/ ],
	[ "SELECT 'a", 'invalid_query', qr/unterminated quoted string/ ],
	[ "SELECT coalesce(id, 'none') FROM sys_invocation", 'invalid_query', qr/invalid invocation id "none": it does not begin with inv_1/ ],
	( map { [ "SELECT 1 FROM sys_invocation WHERE $_", 'invalid_query', qr/invalid invocation id/ ] } "id > 'no id'", "'inv_1' <= id", "id BETWEEN '$done' AND 'no id'", "id < ANY ('{no id}')" ),
	[ "SELECT 'x'::restate_invocation_id", 'invalid_query', qr/invalid invocation id "x"/ ],
	[ "SELECT restate_invocation_id 'x'", 'invalid_query', qr/invalid invocation id "x"/ ],
	[ 'SHOW TABLES; SELECT 1', 'invalid_query', qr/multiple commands/ ],
	[ 'SHOW TABLES LIKE x', 'invalid_query', qr/syntax error at or near "LIKE"/ ],
	[ 'SELECT arrow_typeof(1)', 'invalid_query', qr/function arrow_typeof\(integer\) does not exist/ ],
	[ 'SELECT * FROM (SELECT * FROM restate.invocation)', 'invalid_query', qr/permission denied for table invocation/ ],
	[ 'SELECT * FROM (DELETE FROM sys_invocation RETURNING 1)', 'invalid_query', qr/syntax error at or near "FROM"/ ])
{
	my ($text, $category, $message) = @$refused;
	my $answer = query($text);

	like(told($answer), qr/^40[03] $category$/, "refused: $text");
	like($json->decode($answer->{body})->{message}, $message, 'and says why');
}
my $limit = join ' OR ', map { "id = 'no id $_'" } 1 .. 101;
is(rows("SELECT id FROM sys_invocation WHERE $limit"), '400 invalid_query', 'strings that are no ids are taken one by one, 100 of them');
is(rows("SELECT id FROM sys_invocation WHERE " . $limit =~ s/ OR id = 'no id 101'//r), '[]', 'so many are found none for');
is(rows('SELECT id FROM sys_invocation WHERE id IN (' . join(', ', map { "'no id $_'" } 1 .. 5000) . ')'), '[]', 'in one list any number');
is(rows('SELECT ' . '(' x 1000 . '1' . ')' x 1000 . ' AS n'), $one, 'brackets deeper than are followed');

# an id that a query asks for is found by its index, whatever text stands there
add_plans();
for my $condition ("id = '$done'", "id = 'no id'", "id IN ('$done', '$parent')", "id IN ('$done', 'no id')", "id == '$done'", "id = 'no id' OR id = '$done'", "'no id' = id")
{
	my $plan = rows("EXPLAIN SELECT * FROM sys_invocation WHERE $condition");

	like($plan, qr/Index (?:Only )?Scan (?:using|on) invocation_pkey/, "$condition is found by the index");
	unlike($plan, qr/Seq Scan on invocation/, 'and nothing is read whole');
}

# Every query of the other tests says here what it says to the server.
my $whole = start_gateway($node, '--query-pool=1', '--query-db=host=' . $node->host . ' port=' . $node->port . ' dbname=postgres');
my @statements = ordinary_statements();
cmp_ok(scalar @statements, '>', 300, 'there are queries to compare with');
my @direct = directly(@statements);
my @once_more = directly(@statements);
my ($same, $rows, $unsteady) = (0, 0, 0);
for my $i (0 .. $#statements)
{
	if ($direct[$i] ne $once_more[$i])
	{
		$unsteady++;
		next;
	}
	my $answer = query($statements[$i], $whole);
	my $got = $answer->{status} == 200 ? join("\n", map { $_->{t} // '' } @{ $json->decode($answer->{body})->{rows} }) : 'refused';
	# the one thing that is understood and was refused
	my $expected = $direct[$i] =~ /ERROR:  invalid (?:invocation|deployment) id/ && $got eq '' ? '' : $direct[$i] =~ /ERROR:/ ? 'refused' : $direct[$i];

	$rows++ if $got ne 'refused';
	if ($got eq $expected) { $same++ }
	# time has passed, and the server itself says something else by now
	elsif ((directly($statements[$i]))[0] ne $direct[$i]) { $unsteady++ }
	else { fail("the same rows: $statements[$i]"); diag("expected $expected\ngot $got $answer->{body}") }
}
is($same, @statements - $unsteady, 'each has the same rows, or none');
cmp_ok($rows, '>', 100, 'many have rows');
diag("$same queries compared, $rows of them with an answer, $unsteady that differ by themselves");

is(stop_gateway($_), 0, 'the gateway ends well') for $gateway, $whole;
done_testing();

# Adds invocations, so that an index is worth its while.
sub add_plans
{
	$node->safe_psql('postgres', <<'SQL');
INSERT INTO restate.invocation (id, partition_key, status, target_service_name, target_handler_name, target_service_ty, invoked_by, completion_result, completed_at)
SELECT v.id, restate_partition_key_of_id(v.id), 'completed', 'Many', 'run', 'service', 'ingress', 'success', now()
FROM (SELECT restate_workflow_invocation_id('many', n::text) AS id FROM generate_series(1, 5000) AS n) AS v;
ANALYZE restate.invocation;
SQL
	return;
}

# Returns the queries of the tests in SQL, each as one that returns its rows as JSON.
sub ordinary_statements
{
	my @found;

	for my $name (sort glob(getcwd() . '/test/sql/*.sql ' . getcwd() . '/test/pgtap/*.sql'))
	{
		for my $statement (split /;[ \t]*(?:--[^\n]*)?\n/, slurp_file($name))
		{
			$statement =~ s/\A(?:\s+|--[^\n]*\n|\\[^\n]*\n)+//;
			# no variables, commands or tests of psql's, nothing that takes its time
			next if $statement !~ /\A(?:SELECT|WITH|VALUES|TABLE)\b/ || $statement =~ /\\|:['"a-z]|\bINTO\b|\bis_empty|\bfinish\(|\bplan\(|sleep|generate_series\(1, \d{5}/;
			# and all of it, of a string that goes on elsewhere
			next if grep { $_ % 2 } map { scalar(() = $statement =~ /$_/g) } "'", '\$\$', '"';
			next if ($statement =~ tr/(//) != ($statement =~ tr/)//);
			push @found, "SELECT to_json(t)::text AS t FROM ($statement) AS t";
		}
	}
	return @found;
}

# Runs the queries in a psql and returns what each printed.
sub directly
{
	my @queries = @_;
	my @commands = ('-c', "SET search_path = restate_query, pg_catalog, restate; SET TimeZone = 'UTC'; SET IntervalStyle = 'iso_8601'; SET client_min_messages = error");
	my $output = '';

	for my $query (@queries)
	{
		push @commands, '-c', '\\echo ==== NEXT', '-c', 'BEGIN READ ONLY', '-c', $query, '-c', 'ROLLBACK';
	}
	IPC::Run::run([ 'psql', '-XAtq', '-d', $node->connstr('postgres'), @commands ], '<', \'', '>&', \$output);
	my @answers = split /^==== NEXT\n/m, $output;
	shift @answers;
	chomp @answers;
	return @answers;
}
