# How many statements a push takes: as many for many attempts as for one.
use strict;
use warnings;
use PostgreSQL::Test::Cluster;
use RestateNode;
use Test::More;

my $node = new_node('main');
$node->safe_psql('postgres', q{SELECT restate_register_deployment('http://localhost:9', '{"services": [{"name": "Svc", "ty": "SERVICE", "handlers": [{"name": "run"}]}]}')});
# a run with its result of completion 1 and of 2, an output, the end, a suspension on completion 1
my %frames = (
	first => '0411000000000002580100050000000000050801720131',
	second => '0411000000000002580200050000000000050802720131',
	output => '0401000000000002' . '7200',
	end => '0003000000000000',
	suspend => '0001000000000004' . '08011001');

# Pushes frames of so many attempts, which have been given so many commands and entries;
# returns the names of the statements that it takes.
sub statements
{
	my ($count, $commands, $known, @names) = @_;
	my $frames = join '', map { $frames{$_} } @names;
	my ($code, $out, $err) = $node->psql('postgres', <<"SQL");
\\set SHOW_CONTEXT always
SET client_min_messages = warning;
CREATE TEMP TABLE a AS SELECT s.id, s.attempt FROM generate_series(1, $count) AS g, LATERAL restate_submit('Svc', 'run', claim_for => 'w' || 0 * g) AS s;
SELECT count(*) FROM restate_push((SELECT array_agg(id) FROM a), (SELECT array_agg(attempt) FROM a), (SELECT array_agg('\\x$frames{first}'::bytea) FROM a)) WHERE $commands > 1;
LOAD 'auto_explain';
SET auto_explain.log_min_duration = 0;
SET auto_explain.log_nested_statements = on;
SET client_min_messages = log;
SELECT count(*) FROM restate_push((SELECT array_agg(id) FROM a), (SELECT array_agg(attempt) FROM a), (SELECT array_agg('\\x$frames'::bytea) FROM a),
  (SELECT array_agg($commands\::bigint) FROM a), (SELECT array_agg($known\::bigint) FROM a));
RESET client_min_messages;
SQL
	my @found = $err =~ /restate_admin statement "([^"]+)"/g;

	return join ', ', @found;
}

for my $count (1, 8)
{
	my $lock = $count == 1 ? 'lock one' : 'lock many';

	is(statements($count, 1, 1, 'first'), "$lock, the work", "a step of $count");
	is(statements($count, 2, 3, 'second'), "$lock, the work", "the next one of $count");
	is(statements($count, 2, 3, 'suspend'), "$lock, read arrivals, the work", "a suspension of $count");
}
is(statements(1, 2, 3, 'output', 'end'), 'lock one to end, the work', 'an output and the end');
is(statements(8, 2, 3, 'output', 'end'), 'read many, lock many, the work', 'of 8');

done_testing();
