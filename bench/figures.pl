# Figures that tell of more than time: instructions, which do not depend on what
# else the machine does, bytes of WAL, the share of HOT updates, bloat, and the
# memory of a backend.
use strict;
use warnings;

use Bench qw(query new_database drop_database prepare forget settle time_calls compare record progress in_turn
  run_pgbench);
use BenchCalls qw(commands);
use BenchCallgrind;

my $quick = @ARGV && $ARGV[0] eq '--quick';
my @operations = (
	{ name => 'purge_journal', label => 'purge_journal', status => 'completed' },
	{ name => 'restart_as_new', label => 'restart from 0', status => 'completed', from => 0 },
	{ name => 'restart_as_new', label => 'restart from last', status => 'completed', from => 11 },
	{ name => 'delete_kill', label => 'delete kill', status => 'running' });

instructions();
new_database('bench_figures');
wal_and_hot($_) for @operations;
memory($quick ? 20_000 : 1_000_000);
bloat($quick ? 40_000 : 1_000_000);
drop_database('bench_figures');

# Counts instructions with callgrind: of the id type's functions, and of single
# calls beside PL/pgSQL's.  What is done once falls out of the difference
# between so many calls and twice as many.
sub instructions
{
	my $count = 100;
	my $callgrind = BenchCallgrind->new;
	my $first = 1;
	for my $way (qw(in out))
	{
		progress("instructions of id $way");
		my ($once, $twice) = map {
			$callgrind->count("SELECT count(id::text::restate_invocation_id) FROM generate_series(1, $_), bench.target WHERE n = 1",
				"restate_invocation_id_$way") } $count, 2 * $count;
		record(part => 'figures', what => "instructions, id $way" . 'put', unit => 'instructions',
			values => [ ($twice - $once) / $count ]);
	}
	for my $operation (@operations)
	{
		progress("instructions of $operation->{label}");
		my @values;
		for my $variant (qw(ours plpgsql))
		{
			my ($function) = commands($operation->{name}, $variant, $operation->{from}) =~ /^SELECT (.*);$/;
			$function =~ s/:id\b/id/;
			my @counts;
			for my $calls ($count, 2 * $count)
			{
				push @counts, $callgrind->count("SELECT count($function) FROM bench.target WHERE n BETWEEN "
					. $callgrind->take($operation->{status}, $calls), 'PortalRun');
			}
			push @values, ($counts[1] - $counts[0]) / $count;
		}
		record(part => 'figures', what => "instructions, $operation->{label}, 12 entries", ours => 'ours',
			theirs => 'plpgsql', unit => 'instructions', better => 'lower', pairs => [ \@values ],
			goal => { op => '<=', ratio => 0.8 });
	}
	return;
}

# Measures the WAL that calls write beside that of the floor, and the share of
# their updates of restate.invocation that is HOT.  No page goes to the WAL as a
# whole: none was checkpointed since it was made.
sub wal_and_hot
{
	my ($operation) = @_;
	my ($rounds, $calls) = (3, 300);
	my @hot;
	progress("WAL of $operation->{label}");
	forget();
	my $next = prepare($rounds * 2 * $calls, $operation->{status}, 12, 100);
	query('VACUUM ANALYZE');
	my $values = in_turn($rounds, map {
		my $variant = $_;
		$variant => sub {
			my ($updated, $hot, $lsn) = counters();
			time_calls(first => $next, calls => $calls,
				commands => commands($operation->{name}, $variant, $operation->{from}));
			$next += $calls;
			my ($updated_then, $hot_then, $lsn_then) = counters();
			push @hot, 100 * ($hot_then - $hot) / ($updated_then - $updated)
			  if $variant eq 'ours' && $updated_then > $updated;
			my ($bytes) = query("SELECT round(('$lsn_then'::pg_lsn - '$lsn'::pg_lsn) / $calls)");
			return $bytes + 0;
		} } qw(ours floor));
	compare($values, 'ours', 'floor', part => 'figures', what => "WAL, $operation->{label}, 12 entries", unit => 'bytes');
	record(part => 'figures', what => "HOT updates, $operation->{label}", unit => '%', values => \@hot) if @hot;
	return;
}

# Returns how many updates of restate.invocation there were, how many of them
# HOT, and the end of the WAL.
sub counters
{
	return split /\|/, (query(<<'END'))[0];
SELECT n_tup_upd, n_tup_hot_upd, pg_current_wal_insert_lsn() FROM pg_stat_user_tables
  WHERE relid = 'restate.invocation'::regclass;
END
}

# Measures what memory a backend has after many calls beside what it had after
# a tenth of them: restarts of one invocation that are killed, purged and removed
# again.
sub memory
{
	my ($calls) = @_;
	my $transactions = $calls / 4;
	my $early = $transactions / 10;
	progress("memory after $calls calls");
	# plans are made anew whenever autovacuum has analyzed a table, which takes
	# memory for a moment: that is to have happened before the first look
	forget();
	my $first = prepare(1, 'completed', 12, 100);
	query(<<'END');
DROP TABLE IF EXISTS bench.memory;
CREATE TABLE bench.memory (at bigint GENERATED ALWAYS AS IDENTITY, contexts bigint, anonymous bigint);
END
	run_pgbench(<<"END", '-t', $transactions, '-D', 'n=0');
\\set n :n + 1
\\if :n = 1
SET synchronous_commit = off;
SELECT id FROM bench.target WHERE n = $first \\gset
\\endif
SELECT restate_restart_as_new(:id, 11) AS new_id \\gset
SELECT restate_delete_invocation(:new_id, 'kill');
SELECT restate_purge_journal(:new_id);
SELECT restate_purge(:new_id);
\\if :n = $early - 1
ANALYZE;
\\endif
\\if :n = $early - 1 or :n = $early or :n = $transactions
INSERT INTO bench.memory (contexts, anonymous)
  SELECT (SELECT sum(total_bytes) FROM pg_backend_memory_contexts),
    substring(pg_read_file('/proc/self/status') FROM 'RssAnon:\\s+(\\d+)')::bigint;
\\endif
END
	for my $of ([ contexts => 'memory contexts', 'bytes' ], [ anonymous => 'memory not shared', 'kB' ])
	{
		my ($column, $what, $unit) = @$of;
		# the first look itself takes memory
		my (undef, $before, $after) = query("SELECT $column FROM bench.memory ORDER BY at");
		record(part => 'figures', what => "$what of a backend, $calls calls against " . 4 * $early, ours => 'after',
			theirs => 'before', unit => $unit, better => 'lower', pairs => [ [ $after + 0, $before + 0 ] ],
			goal => { op => '<=', ratio => 1.05 });
	}
	return;
}

# Measures how tables and indexes grow under many purges, of journals that are
# filled again each time, while autovacuum runs.
sub bloat
{
	my ($purges) = @_;
	my $count = 20_000;
	forget();
	my $first = prepare($count, 'completed', 12, 100);
	query('VACUUM ANALYZE; CREATE TABLE bench.entry AS SELECT * FROM restate.journal');
	my %before = sizes();
	my %largest = %before;
	my $began = time;
	for my $done (1 .. $purges / $count)
	{
		progress('purged ' . $done * $count) if $done % 10 == 0;
		query(<<'END');
DO $$
BEGIN
  FOR i IN 0 .. 19 LOOP
    PERFORM restate_purge_journal_batch(ARRAY(SELECT id FROM bench.target ORDER BY n OFFSET i * 1000 LIMIT 1000));
    COMMIT;
  END LOOP;
END $$;
INSERT INTO restate.journal SELECT * FROM bench.entry;
UPDATE restate.invocation SET journal_size = 12, journal_commands_size = 7;
END
		my %now = sizes();
		for my $name (keys %now)
		{
			$largest{$name} = $now{$name} if $now{$name} > $largest{$name};
		}
	}
	record(part => 'figures', what => "rate of the $purges purges that follow", unit => 'purges/s',
		values => [ $purges / (time - $began || 1) ]);
	for my $name (sort keys %before)
	{
		record(part => 'figures', what => "$name, largest in $purges purges", ours => 'after', theirs => 'fresh',
			unit => 'MB', better => 'lower', pairs => [ [ map { $_ / 2**20 } $largest{$name}, $before{$name} ] ],
			note => 'fresh: the size of the same rows before the purges, of 20,000 journals that are filled again after each; autovacuum looks for work once a minute');
	}
	return;
}

# Returns the sizes of the tables that a purge changes, and of their indexes.
sub sizes
{
	return map { split /\|/ } query(<<'END');
SELECT 'size of ' || c.relname, pg_relation_size(c.oid)
FROM pg_class AS c JOIN pg_index AS i ON c.oid IN (i.indrelid, i.indexrelid)
WHERE i.indrelid IN ('restate.invocation'::regclass, 'restate.journal'::regclass) AND pg_relation_size(c.oid) > 100000
GROUP BY c.oid, c.relname;
END
}
