# A step: a command and its completion, appended in one call and committed.
#
# The floor is one update in place and two inserts of 100 bytes, prepared, in one round
# trip, in tables that have nothing but a primary key; in our tables is the same with the
# constraints and indexes that these have.  Ours is restate_append, with entries of JSON;
# frames is restate_push, with those of the service protocol.  In calls of 8 the floor is
# one update of eight rows and one insert of sixteen; ours are eight steps in one
# restate_push.
package LifeSteps;

use strict;
use warnings;

use Bench qw(query drop_database settle compare progress in_turn);
use LifeLoad qw(life_database cost $payload $bytes);

my $command = q(format('{"Command": {"Run": {"completion_id": %s, "name": "step"}}}', :n::text)::jsonb);
my $result = qq(format('{"Notification": {"Completion": {"Run": {"completion_id": %s, "result": {"Success": $bytes}}}}}', :n::text)::jsonb);

# a Run command of completion 1 and its result of 100 bytes, and both of completion n
my $frames = '\\x0411000000000008' . '58016204' . '73746570' . '0005000000000068' . '08017264' . '31' x 100;
my $framed = 'set_byte(set_byte(:frames::bytea, 9, :n), 25, :n)';

# the attempts that a client uses, for a hundred steps each
my $steps_each = 100;

my %notes = (
	floor => 'floor of a step: an update in place and two inserts of 100 bytes, as prepared statements in one round trip',
	'in our tables' => 'in our tables: the floor of a step with the constraints and indexes of restate.invocation and restate.journal');

# Returns what begins a step: the client's next attempt in its time, and n, the number
# of the step.
sub attempt
{
	my ($columns) = @_;
	return <<"END";
\\set n :done % $steps_each + 1
\\if :n = 1
\\set mine :first + :client_id * :each + :done / $steps_each
SELECT $columns FROM bench.attempt WHERE n = :mine \\gset
\\endif
\\set done :done + 1
\\set index 2 * :n - 1
\\set next :index + 1
\\set size :index + 2
END
}

# The same of eight attempts, which the columns are aggregates of.
sub eight
{
	my ($columns) = @_;
	return attempt($columns) =~ s/n = :mine/n BETWEEN 8 * :mine AND 8 * :mine + 7/r;
}

my %scripts = (
	ours => attempt('id, attempt') . "SELECT index FROM restate_append(:id, :attempt, :n, ARRAY[$command, $result]);\n",
	frames => attempt('id, attempt')
	  . "SELECT ok, commands, entries FROM restate_push(ARRAY[:id::restate_invocation_id], ARRAY[:attempt::bigint], ARRAY[$framed], ARRAY[:n::bigint]);\n",
	floor => attempt('raw, attempt') . <<'END',
\startpipeline
UPDATE bench.floor_invocation SET entries = :size, commands = :n + 1, last_entry_at = now() WHERE id = :raw::bytea AND attempt = :attempt;
INSERT INTO bench.floor_journal (id, index, appended_at, payload) VALUES (:raw::bytea, :index, now(), :payload::bytea);
INSERT INTO bench.floor_journal (id, index, appended_at, payload) VALUES (:raw::bytea, :next, now(), :payload::bytea);
\endpipeline
END
	'in our tables' => attempt('id, partition_key AS key, attempt') . <<'END');
\startpipeline
UPDATE restate.invocation SET journal_size = :size, journal_commands_size = :n + 1, last_entry_at = now() WHERE id = :id AND partition_key = :key AND attempt = :attempt;
INSERT INTO restate.journal (id, partition_key, index, appended_at, entry_type, name, completion_id, payload) VALUES (:id, :key, :index, now(), 'Command: Run', 'step', :n, :payload::bytea);
INSERT INTO restate.journal (id, partition_key, index, appended_at, entry_type, completion_id, payload) VALUES (:id, :key, :next, now(), 'Notification: Run', :n, :payload::bytea);
\endpipeline
END

# the same of eight attempts at once
my %of_eight = (
	ours => eight('array_agg(id) AS ids, array_agg(attempt) AS attempts')
	  . "SELECT ok, commands, entries FROM restate_push(:ids::restate_invocation_id[], :attempts::bigint[], array_fill($framed, ARRAY[8]), array_fill(:n::bigint, ARRAY[8]));\n",
	floor => eight('array_agg(raw) AS ids, array_agg(attempt) AS attempts') . <<'END');
\startpipeline
UPDATE bench.floor_invocation AS i SET entries = :size, commands = :n + 1, last_entry_at = now()
  FROM unnest(:ids::bytea[], :attempts::bigint[]) AS v (id, attempt) WHERE i.id = v.id AND i.attempt = v.attempt;
INSERT INTO bench.floor_journal (id, index, appended_at, payload)
  SELECT v.id, e.index, now(), :payload::bytea FROM unnest(:ids::bytea[]) AS v (id), (VALUES (:index::bigint), (:next::bigint)) AS e (index);
\endpipeline
END

# Measures steps of several workers, and of calls of eight.
sub measure
{
	my ($quick) = @_;
	my $rounds = $quick ? 3 : 9;
	life_database('bench_life');
	for my $clients (1, 8, 32)
	{
		my $values = rounds($rounds, $clients, ($quick ? 2000 : 8000) / ($clients + 4), 1, %scripts);
		my $workers = $clients == 1 ? '1 worker' : "$clients workers";
		compare($values, 'ours', 'floor', part => 'life', what => "a step, $workers", unit => 'us',
			goal => { op => '<=', ratio => 1.25 }, note => $notes{floor});
		compare($values, 'frames', 'floor', part => 'life', what => "a step in frames, $workers", unit => 'us',
			goal => { op => '<=', ratio => 1.25 }, note => $notes{floor});
		compare($values, 'ours', 'in our tables', part => 'life', what => "a step, $workers", unit => 'us',
			note => $notes{'in our tables'});
	}
	for my $clients (1, 2)
	{
		my $values = rounds($rounds, $clients, $quick ? 150 : 600, 8, %of_eight);
		compare($values, 'ours', 'floor', part => 'life', what => 'a step in calls of 8, ' . ($clients == 1 ? '1 connection' : '2 connections'),
			unit => 'us', goal => { op => '<=', ratio => 1.25 }, note => $notes{floor});
	}
	drop_database('bench_life');
	return;
}

# Measures the scripts in turn; returns for each its microseconds a step, of so many in
# a call.
sub rounds
{
	my ($rounds, $clients, $transactions, $in_call, %script) = @_;
	my $each = int(($transactions + 20) / $steps_each) + 1;
	my $attempts = $in_call * ($each * $clients + 1);

	progress("steps, $clients clients, $in_call in a call");
	query("SELECT bench.start_attempts($attempts * $rounds * " . keys(%script) . ')');
	settle();
	my ($next) = query("SELECT max(n) + 1 - $attempts * $rounds * " . keys(%script) . ' FROM bench.attempt');
	return in_turn($rounds, map {
		my $script = $script{$_};
		$_ => sub {
			my $first = $next;
			$next += $attempts;
			return cost(script => $script, clients => $clients, transactions => int $transactions,
				variables => { first => int(($first + $in_call - 1) / $in_call), each => $each, done => 0, payload => $payload, frames => $frames })
			  / $in_call;
		} } keys %script);
}

1;
