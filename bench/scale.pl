# Single operations in a database of ten million journal rows (a million if
# quick) against one of 100,000, on invocations at random places of both.
#
# All is in memory: the indexes in the server's, the rest in the system's.  No
# page has to be written to the WAL as a whole, for nothing was checkpointed
# since it was made; the last measurement, without a goal, is with a checkpoint
# right before it, after which each page that is new to the WAL goes there
# whole.
use strict;
use warnings;

use Bench qw(median query new_database drop_database prepare time_calls time_in_transaction compare progress
  in_turn);
use BenchCalls qw(commands);

my $quick = @ARGV && $ARGV[0] eq '--quick';
my $rounds = $quick ? 3 : 9;
my $calls = $quick ? 100 : 200;
my $warm = 5;
my %rows = (large => $quick ? 1_000_000 : 10_000_000, small => 100_000);
my @operations = (
	{ name => 'purge_journal', label => 'purge_journal', status => 'completed' },
	{ name => 'restart_as_new', label => 'restart from 0', status => 'completed', from => 0 },
	{ name => 'restart_as_new', label => 'restart from last', status => 'completed', from => 11 },
	{ name => 'delete_kill', label => 'delete kill', status => 'running', calls => 30 },
	{ name => 'purge_journal', label => 'purge_journal after a checkpoint', status => 'completed', checkpoint => 1 });

fill($_) for sort keys %rows;
measure($_) for @operations;
drop_database("bench_$_") for sort keys %rows;

# Makes a database with so many journal rows, nine in ten of them of completed
# invocations.
sub fill
{
	my ($size) = @_;
	my $left = int($rows{$size} / 12);
	new_database("bench_$size");
	query("CREATE EXTENSION pg_prewarm; ALTER DATABASE bench_$size SET synchronous_commit = off");
	while ($left > 0)
	{
		my $count = $left > 20_000 ? 20_000 : $left;
		progress(sprintf '%s: %d invocations to make', $size, $left);
		prepare(int(0.9 * $count), 'completed', 12, 100);
		prepare(int(0.1 * $count), 'running', 12, 100);
		$left -= $count;
	}
	query(<<"END");
ALTER DATABASE bench_$size RESET synchronous_commit;
VACUUM ANALYZE;
SELECT pg_prewarm(c.oid, CASE c.relkind WHEN 'i' THEN 'buffer' ELSE 'read' END)
  FROM pg_class AS c WHERE c.relnamespace = 'restate'::regnamespace AND c.relkind IN ('r', 'i');
END
	return;
}

# Measures an operation in both databases, with the commit and without.
sub measure
{
	my ($operation) = @_;
	my $count = $operation->{calls} // $calls;
	my @same = (part => 'scale', $operation->{checkpoint} ? () : (goal => { op => '<=', ratio => 1.3 }));
	my $what = "$operation->{label}, $rows{large} rows against $rows{small}";
	progress($operation->{label});

	choose($operation, $rounds * ($count + $warm));
	my $values = in_turn($rounds, map {
		my $size = $_;
		$size => sub {
			my ($round) = @_;
			$ENV{PGDATABASE} = "bench_$size";
			query('CHECKPOINT') if $operation->{checkpoint};
			return time_calls(first => 1 + ($round - 1) * ($count + $warm), calls => $count, warm => $warm,
				commands => commands($operation->{name}, 'ours', $operation->{from}));
		} } keys %rows);
	compare($values, 'large', 'small', @same, what => $what);
	return if $operation->{checkpoint};

	my $group = int($count / 10);
	my ($function) = commands($operation->{name}, 'ours', $operation->{from}) =~ /^SELECT (.*);$/;
	$function =~ s/:id\b/id/;
	$function =~ s/'/''/g;
	choose($operation, $rounds * 11 * $group);
	$values = in_turn($rounds, map {
		my $size = $_;
		$size => sub {
			my ($round) = @_;
			$ENV{PGDATABASE} = "bench_$size";
			my $times = time_in_transaction(first => 1 + ($round - 1) * 11 * $group, calls => $group, groups => 10,
				statements => { call => "SELECT count($function) FROM bench.target WHERE n >= \$1 AND n < \$1 + \$2" });
			return median(@{ $times->{call} });
		} } keys %rows);
	compare($values, 'large', 'small', @same, what => "$what, without commit");
	return;
}

# Chooses so many invocations at random in each database, numbered from 1 on.
sub choose
{
	my ($operation, $wanted) = @_;
	for my $size (keys %rows)
	{
		$ENV{PGDATABASE} = "bench_$size";
		my ($found) = query(<<"END");
TRUNCATE bench.target RESTART IDENTITY;
INSERT INTO bench.target (id, partition_key)
  SELECT i.id, i.partition_key FROM restate.invocation AS i
  WHERE i.status = '$operation->{status}' AND i.journal_size > 10 AND i.restarted_from IS NULL
  ORDER BY random() LIMIT $wanted;
ANALYZE bench.target;
SELECT count(*) FROM bench.target;
END
		die "$wanted invocations are wanted for $operation->{label} in $size, $found are there" if $found < $wanted;
	}
	return;
}
