# Claims: of few that are ready and of many, and beside a snapshot that is held.
package LifeClaims;

use strict;
use warnings;

use IPC::Open2 qw(open2);

use Bench qw(query drop_database settle compare progress in_turn);
use LifeLoad qw(life_database cost_of_statement);

# Measures claims of one and of fifty, where few and where many are ready, and many have
# completed.
sub measure
{
	my ($quick) = @_;
	by_size($quick);
	with_snapshot($quick);
	return;
}

# Measures claims by how many are ready: what is claimed is submitted anew, untimed.
sub by_size
{
	my ($quick) = @_;
	my $completed = $quick ? 100_000 : 10_000_000;
	my %ready = (small => 100, large => $quick ? 100_000 : 1_000_000);
	life_database('bench_small');
	progress("$completed completed invocations to make");
	add(100_000, 'completed') for 1 .. $completed / 100_000;
	add($ready{small}, 'ready');
	settle();
	$ENV{PGDATABASE} = 'postgres';
	query('CREATE DATABASE bench_large TEMPLATE bench_small');
	$ENV{PGDATABASE} = 'bench_large';
	progress("$ready{large} ready ones to make");
	add(($ready{large} > 100_000 ? 100_000 : $ready{large}), 'ready') for 1 .. ($ready{large} / 100_000 || 1);
	settle();
	for my $max (1, 50)
	{
		progress("claims of $max");
		my $values = in_turn($quick ? 3 : 9, map {
			my $size = $_;
			$size => sub {
				$ENV{PGDATABASE} = "bench_$size";
				query('VACUUM restate.runnable');
				return cost_of_statement(qr/restate_claim/, <<"END", '-t', 100);
SELECT count(*) FROM restate_claim('life', '{Life}', $max);
SELECT count(s.id) FROM generate_series(1, $max) AS n, LATERAL restate_submit('Life', 'run', int8send(n)) AS s;
END
			} } keys %ready);
		compare($values, 'large', 'small', part => 'life', what => "a claim of $max, $ready{large} ready against $ready{small}",
			goal => { op => '<=', ratio => 1.3 }, note => "claims: $completed have completed");
	}
	drop_database("bench_$_") for keys %ready;
	return;
}

# Adds invocations.
sub add
{
	my ($count, $status) = @_;
	query("SET synchronous_commit = off; SELECT bench.add_invocations($count, '$status')");
	return;
}

# Measures claims at 1,000 a second while a snapshot is held that sees all that was
# claimed in ten minutes: they are claimed at once.
sub with_snapshot
{
	my ($quick) = @_;
	my $dead = $quick ? 60_000 : 600_000;
	my $seconds = $quick ? 5 : 40;
	life_database('bench_snapshot');
	my $values = in_turn($quick ? 1 : 3, map {
		my $way = $_;
		$way => sub {
			my ($round) = @_;
			progress("claims, snapshot: $way");
			add(20_000, 'ready') for 1 .. $dead / 20_000;
			my ($pid, $in, $out);
			if ($way eq 'held')
			{
				$pid = open2($out, $in, qw(psql -qXAt));
				$in->autoflush;
				print $in "BEGIN ISOLATION LEVEL REPEATABLE READ; SELECT count(*) FROM restate.worker;\n";
				<$out>;
			}
			query(join '', map { "SELECT count(*) FROM restate_claim('life', '{Life}', 10000);\n" } 1 .. $dead / 10_000);
			# as autovacuum would have by now
			query('VACUUM ANALYZE restate.runnable; VACUUM restate.invocation');
			my $ms = cost_of_statement(qr/restate_claim/, <<'END', '-c', 4, '-j', 2, '-R', 1000, '-T', $seconds);
SELECT count(id) FROM restate_submit('Life', 'run', int8send(1));
SELECT count(*) FROM restate_claim('life', '{Life}');
END
			if ($pid)
			{
				close $in;
				waitpid $pid, 0;
			}
			query('VACUUM restate.runnable; VACUUM restate.invocation');
			return $ms;
		} } qw(held none));
	compare($values, 'held', 'none', part => 'life', what => "a claim at 1,000 a second, a snapshot held for $dead claims",
		goal => { op => '<=', ratio => 3 });
	drop_database('bench_snapshot');
	return;
}

1;
