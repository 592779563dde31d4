# A plain invocation, from its submission to its completion: three transactions, or two
# where the submitter runs it.
#
# The floor is the rows that these change in our tables, each transaction a statement or
# a pipeline of prepared ones, hence one round trip.
package LifePlain;

use strict;
use warnings;

use Bench qw(query drop_database settle compare progress in_turn);
use LifeLoad qw(life_database cost $payload $bytes);

my $complete = <<"END";
SELECT restate_complete(:id, :attempt, 1, ARRAY['{"Command": {"Output": {"result": {"Success": $bytes}, "name": ""}}}'::jsonb]);
END

# adds an invocation in a status and its input, and returns its id
my $create = <<'END';
WITH i AS (
  INSERT INTO restate.invocation (id, partition_key, status, target_service_name, target_handler_name, target_service_ty,
      invoked_by, journal_size, journal_commands_size, running_at, last_start_at, attempt, worker_name)
    SELECT s.id, restate_partition_key_of_id(s.id), STATUS, 'Life', 'run', 'service', 'ingress', 1, 1, now(), NULL, ATTEMPT
    FROM (SELECT restate_new_invocation_id() AS id OFFSET 0) AS s RETURNING id, partition_key)
END
my $input = <<'END';
  INSERT INTO restate.journal (id, partition_key, index, appended_at, entry_type, name, meta, payload)
    SELECT id, partition_key, 0, now(), 'Command: Input', '', '{"headers": []}', :payload::bytea FROM i
END
my $floor_complete = <<'END';
\startpipeline
UPDATE restate.invocation SET status = 'completed', modified_at = now(), completed_at = now(), attempt = NULL,
    worker_name = NULL, journal_size = 2, journal_commands_size = 2, completion_result = 'success', completion_payload = :payload::bytea
  WHERE id = :id AND partition_key = :key AND attempt = :attempt;
INSERT INTO restate.journal (id, partition_key, index, appended_at, entry_type, name, payload)
  VALUES (:id, :key, 1, now(), 'Command: Output', '', :payload::bytea);
INSERT INTO restate.timer (due_at, kind, id, completion_id, partition_key)
  VALUES (now() + interval '1 day', 'expiry', :id, -1, :key);
\endpipeline
END

my %scripts = (
	three => {
		ours => "SELECT id FROM restate_submit('Life', 'run', :payload::bytea);\n"
		  . "SELECT id, attempt, input FROM restate_claim('life', '{Life}') \\gset\n$complete",
		floor => $create =~ s/STATUS/'ready'/r =~ s/ATTEMPT/NULL, NULL/r . ", j AS (\n$input)\n" . <<'END' . $floor_complete },
INSERT INTO restate.runnable (service_name, ready_at, id, partition_key) SELECT 'Life', now(), id, partition_key FROM i;
\set attempt random(1, 9000000000000000000)
WITH q AS (SELECT id, partition_key, ready_at FROM restate.runnable WHERE service_name = 'Life'
  ORDER BY ready_at, id LIMIT 1 FOR UPDATE SKIP LOCKED),
d AS (DELETE FROM restate.runnable AS r USING q
  WHERE r.service_name = 'Life' AND r.ready_at = q.ready_at AND r.id = q.id AND r.partition_key = q.partition_key),
j AS (SELECT j.payload FROM q JOIN restate.journal AS j USING (id, partition_key))
UPDATE restate.invocation AS i SET status = 'running', modified_at = now(), attempt = :attempt, worker_name = 'life', last_start_at = now()
  FROM q, j WHERE i.id = q.id AND i.partition_key = q.partition_key RETURNING i.id, i.partition_key AS key, j.payload AS read \gset
END
	two => {
		ours => "SELECT id, attempt FROM restate_submit('Life', 'run', :payload::bytea, claim_for => 'life') \\gset\n$complete",
		floor => "\\set attempt random(1, 9000000000000000000)\n"
		  . $create =~ s/STATUS/'running'/r =~ s/ATTEMPT/:attempt, 'life'/r . ", j AS (\n$input)\n"
		  . "SELECT id, partition_key AS key FROM i \\gset\n$floor_complete" });

my %names = (three => 'a plain invocation', two => 'a plain invocation, with claim_for');

# Measures what an invocation costs, and what it leaves behind.
sub measure
{
	my ($quick) = @_;
	my $rounds = $quick ? 3 : 9;
	my $note = 'floor of an invocation: the same rows in our tables, in as many transactions';
	life_database('bench_life');
	# so that each finds one, also where the others have claimed what it submitted
	query("SELECT bench.add_invocations(100, 'ready')");
	for my $way (qw(three two))
	{
		for my $clients (1, 8)
		{
			my $transactions = ($quick ? 800 : 4000) / ($clients + 1);
			my %spent;
			progress("$names{$way}, $clients clients");
			my $values = in_turn($rounds, map {
				my $variant = $_;
				$variant => sub {
					settle();
					my $before = counters();
					my $us = cost(script => $scripts{$way}{$variant}, clients => $clients, transactions => int $transactions,
						variables => { payload => $payload });
					my $after = counters();
					push @{ $spent{$_}{$variant} }, ($after->{$_} - $before->{$_}) / ($clients * (20 + int $transactions)) for keys %$after;
					return $us;
				} } qw(ours floor));
			my $what = "$names{$way}, " . ($clients == 1 ? '1 client' : "$clients clients");
			compare($values, 'ours', 'floor', part => 'life', what => $what, unit => 'us',
				goal => { op => '<=', ratio => 1.25 }, note => $note);
			next if $clients > 1;
			compare($spent{$_}, 'ours', 'floor', part => 'life', what => "$_ of $names{$way}", unit => $_ eq 'WAL' ? 'bytes' : '')
			  for sort keys %spent;
		}
	}
	drop_database('bench_life');
	return;
}

# Returns what was spent so far in the database: bytes of WAL, rows that have become
# dead, and commits.
sub counters
{
	my ($wal, $dead, $commits) = split /\|/, (query(<<'END'))[0];
SELECT pg_current_wal_insert_lsn() - '0/0', (SELECT sum(n_tup_upd + n_tup_del) FROM pg_stat_user_tables WHERE schemaname = 'restate'),
  (SELECT xact_commit FROM pg_stat_database WHERE datname = current_database());
END
	return { WAL => $wal, 'dead rows' => $dead, commits => $commits };
}

1;
