# How many statements a push takes: as many for many attempts as for one.  What a step locks
# and writes takes none, unless something of the user's has a part in it; the rows are the same.
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
	is(statements($count, 1, 1, 'first'), '', "a step of $count");
	is(statements($count, 2, 3, 'second'), '', "the next one of $count");
	is(statements($count, 2, 3, 'suspend'), 'read arrivals', "a suspension of $count");
}
is(statements(1, 2, 3, 'output', 'end'), '', 'an output and the end');
is(statements(8, 2, 3, 'output', 'end'), 'read many', 'of 8');

# what tables may have besides, and which statements a step takes then
$node->safe_psql('postgres', q{CREATE FUNCTION nothing() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END'; CREATE ROLE one});
my $rows = step('')->{rows};
like($rows, qr/^0 Command: Input.*1 Command: Run .*2 Notification: Run.*, running 3 2 1$/s, 'a step is written');
for my $case (
	[ 'an index of what changes', 'CREATE INDEX ON restate.invocation (journal_size)', '' ],
	[ 'a constraint', 'ALTER TABLE restate.journal ADD CHECK (index < 100)', '' ],
	[ 'a dropped column, and one with a default', 'ALTER TABLE restate.journal ADD a int; ALTER TABLE restate.journal DROP a; ALTER TABLE restate.journal ADD b int DEFAULT 7 NOT NULL', '' ],
	[ 'a default that is worked out', 'ALTER TABLE restate.journal ADD b float DEFAULT random()', 'the work' ],
	[ 'a generated column', 'ALTER TABLE restate.journal ADD b bigint GENERATED ALWAYS AS (index + 1) STORED', 'the work' ],
	[ 'one of invocations', 'ALTER TABLE restate.invocation ADD b bigint GENERATED ALWAYS AS (journal_size + 1) STORED', 'lock one, the work' ],
	[ 'a trigger of statements', 'CREATE TRIGGER t AFTER INSERT ON restate.journal EXECUTE FUNCTION nothing()', 'the work' ],
	[ 'one on invocations', 'CREATE TRIGGER t AFTER UPDATE ON restate.invocation FOR EACH ROW EXECUTE FUNCTION nothing()', 'lock one, the work' ],
	# the keys of two entries are looked up in it
	[ 'a foreign key', 'ALTER TABLE restate.journal ADD FOREIGN KEY (id, partition_key) REFERENCES restate.invocation', 'lock one, the work, the work, the work' ],
	[ 'row security', 'ALTER TABLE restate.journal ENABLE ROW LEVEL SECURITY', 'the work' ],
	[ 'a rule', 'CREATE RULE r AS ON UPDATE TO restate.journal DO INSTEAD NOTHING', 'the work' ],
	[ 'a child', 'CREATE TABLE child () INHERITS (restate.invocation)', 'lock one, the work' ])
{
	my ($what, $change, $statements) = @$case;
	my $done = step($change);

	is($done->{statements}, $statements, "$what: its statements");
	is($done->{rows}, $rows, "$what: its rows");
}
like(step('ALTER TABLE restate.journal ADD CONSTRAINT few CHECK (index < 2) NOT VALID')->{said}, qr/ERROR: .* violates check constraint "few"/, 'a constraint is held');
like(step(q{DELETE FROM restate.journal WHERE index > 0; CREATE UNIQUE INDEX one_run ON restate.journal (partition_key) WHERE entry_type = 'Command: Run'; INSERT INTO restate.journal (id, partition_key, index, entry_type) SELECT id, restate_partition_key_of_id(id), 9, 'Command: Run' FROM a})->{said},
	qr/ERROR: .* violates unique constraint "one_run"/, 'so is an index of one part of the rows');
like(step('ALTER TABLE restate.journal OWNER TO one; REVOKE INSERT ON restate.journal FROM one; GRANT SELECT, INSERT, UPDATE ON restate.invocation TO one; GRANT USAGE ON SCHEMA restate TO one; ALTER FUNCTION restate_push(restate_invocation_id[], bigint[], bytea[], bigint[], bigint[], text[]) OWNER TO one')->{said},
	qr/ERROR: .*permission denied for table journal/, 'and a privilege is needed');
like(step('SET TRANSACTION READ ONLY')->{said}, qr/ERROR: .*in a read-only transaction/, 'and a transaction that writes');
is(step('CREATE INDEX i ON restate.invocation (journal_size); SET LOCAL enable_seqscan = off', 'SELECT count(*) FROM restate.invocation JOIN a USING (id) WHERE journal_size = 3')->{checked}, '1', 'an index of what changes has it');
is(step('ALTER TABLE restate.journal ADD b int DEFAULT 7', 'SELECT sum(b) FROM restate.journal JOIN a USING (id)')->{checked}, '21', 'a default is written');

done_testing();

# Does a step after a change in its transaction, which is rolled back; returns what it said,
# the names of its statements, the rows it has left, and the answer of a query.
sub step
{
	my ($change, $query) = @_;
	$query //= 'SELECT 0';
	my (undef, $out, $said) = $node->psql('postgres', <<"SQL", on_error_stop => 1);
\\set SHOW_CONTEXT always
SET client_min_messages = warning;
CREATE TEMP TABLE a AS SELECT s.id, s.attempt FROM restate_submit('Svc', 'run', claim_for => 'w') AS s;
GRANT SELECT ON a TO PUBLIC;
LOAD 'auto_explain';
BEGIN;
$change;
SET LOCAL auto_explain.log_min_duration = 0;
SET LOCAL auto_explain.log_nested_statements = on;
SET LOCAL client_min_messages = log;
SELECT ok FROM restate_push((SELECT array_agg(id) FROM a), (SELECT array_agg(attempt) FROM a), ARRAY['\\x$frames{first}'::bytea]);
SET LOCAL client_min_messages = warning;
SELECT string_agg(concat_ws(' ', j.index, j.entry_type, j.name, j.version, j.completion_id, j.meta, j.payload, j.appended_at = now()), ', ' ORDER BY j.index)
  FROM restate.journal AS j JOIN a USING (id);
SELECT concat_ws(' ', status, journal_size, journal_commands_size, asked_completion_id) FROM restate.invocation JOIN a USING (id);
$query;
ROLLBACK;
SQL
	my ($ok, $journal, $invocation, $checked) = split /\n/, $out;

	return {
		said => $said, checked => $checked,
		statements => join(', ', $said =~ /restate_admin statement "([^"]+)"/g),
		rows => join(', ', $journal // '', $invocation // '') };
}
