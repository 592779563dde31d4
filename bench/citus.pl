# Tables that Citus distributes against local ones: calls, and batches of 1,000, on a
# coordinator with two workers, in turn with the same on a database of the coordinator in
# which nothing is distributed.  Then the steps of a second on one, two and three workers,
# with clients that are connected to all of them alike, and run what they have claimed there.
#
# All nodes are on this machine: what more machines bring is not measured.  CITUS_ROWS in
# the environment names what is: calls batches steps.
use strict;
use warnings;

use Bench qw(query settle time_on_ids run_pgbench compare record progress in_turn);
use BenchCitus qw(no_citus);

my $quick = @ARGV && $ARGV[0] eq '--quick';
my $rounds = $quick ? 3 : 9;
my $entries = 12;
my $warm = 100; # calls, or invocations of a batch, that have each shard make its plans
my $completed = '{"Command": {"Output": {"result": {"Success": [49]}, "name": ""}}}';
my $step = q(ARRAY['{"Command": {"Run": {"completion_id": 6, "name": "a"}}}', '{"Notification": {"Completion": {"Run": {"completion_id": 6, "result": {"Success": [7]}}}}}']::jsonb[]);
my @calls = (
	{ what => 'purge journal', status => 'completed', call => 'restate_purge_journal(:id)' },
	{ what => 'restart from 0', status => 'completed', call => 'restate_restart_as_new(:id)' },
	{ what => 'kill', status => 'running', call => 'restate_kill(:id)' },
	{ what => 'step', status => 'running', call => "count(*) FROM restate_append(:id, :attempt, 6, $step)" },
	{ what => 'submit', status => 'completed', call => "count(*) FROM restate_submit('Svc', 'run', 'x')" },
	{ what => 'claim of one', status => 'ready', call => "count(*) FROM restate_claim('w', '{Svc}', 1)" });
my %measure = (calls => \&measure_calls, batches => \&measure_batches, steps => \&measure_steps);
my ($citus, %next);

die no_citus() . "\n" if no_citus();
for my $rows (split ' ', $ENV{CITUS_ROWS} || 'calls batches steps')
{
	die "CITUS_ROWS: there are no $rows\n" unless $measure{$rows};
	$measure{$rows}->();
}
$citus->stop if $citus;

# Starts a coordinator and two workers, and in a database of its own the local tables.
sub begin
{
	return if $citus;
	progress('a coordinator and two workers');
	$citus = BenchCitus->new(2);
	BenchCitus::on($citus->{nodes}[0], sub {
		query('CREATE DATABASE plain');
		query('SELECT FROM restate_distribute()');
		register();
	});
	on_side('local', sub { query('CREATE EXTENSION restate_admin'); register() });
	return;
}

# Does something in the database of a side.
sub on_side
{
	my ($side, $do) = @_;
	return BenchCitus::on($citus->{nodes}[0], $do, $side eq 'local' ? 'plain' : undef);
}

# Registers what is run, and makes the table that names invocations.
sub register
{
	query(<<'END');
SELECT FROM restate_register_deployment('worker:w', '{"services": [{"name": "Svc", "ty": "SERVICE", "handlers": [{"name": "run"}]}]}');
CREATE SCHEMA bench;
CREATE TABLE bench.target (n serial PRIMARY KEY, id restate_invocation_id, attempt bigint);
END
	return;
}

# Adds so many invocations that are completed, running, or ready; returns the number of
# the first.
sub fill
{
	my ($count, $status) = @_;
	my ($first) = query('SELECT coalesce(max(n), 0) + 1 FROM bench.target');
	my $claimed_for = $status eq 'ready' ? 'NULL' : "'w'";
	query(<<"SQL");
DO \$\$
DECLARE
  s record;
  entries jsonb[] := ARRAY(SELECT e.entry FROM generate_series(1, ($entries - 2) / 2) AS g (n) CROSS JOIN LATERAL (VALUES
    (1, jsonb_build_object('Command', jsonb_build_object('Run', jsonb_build_object('completion_id', g.n, 'name', 'a')))),
    (2, jsonb_build_object('Notification', jsonb_build_object('Completion', jsonb_build_object('Run', jsonb_build_object('completion_id', g.n, 'result', jsonb '{"Success": [7]}')))))
    ) AS e (place, entry) ORDER BY g.n, e.place);
BEGIN
  FOR i IN 1 .. $count LOOP
    SELECT * INTO s FROM restate_submit('Svc', 'run', 'x', claim_for => $claimed_for);
    INSERT INTO bench.target (id, attempt) VALUES (s.id, s.attempt);
    IF s.attempt IS NOT NULL THEN
      PERFORM restate_append(s.id, s.attempt, 1, entries);
    END IF;
    IF '$status' = 'completed' THEN
      PERFORM restate_complete(s.id, s.attempt, 1 + cardinality(entries) / 2, ARRAY[jsonb '$completed']);
    END IF;
    IF i % 100 = 0 THEN
      COMMIT;
    END IF;
  END LOOP;
END
\$\$;
SQL
	return $first;
}

sub measure_calls
{
	my $count = $quick ? 50 : 200;

	begin();
	for my $operation (@calls)
	{
		progress($operation->{what});
		for my $side (qw(distributed local))
		{
			$next{$side} = on_side($side, sub { fill($rounds * ($count + $warm), $operation->{status}) });
			on_side($side, \&settle);
		}
		my $values = in_turn($rounds, map {
			my $side = $_;
			$side => sub {
				my $first = $next{$side};
				$next{$side} += $count + $warm;
				return on_side($side, sub { time_of_call($operation->{call}, $first, $count, $warm) });
			} } qw(distributed local));
		compare($values, 'distributed', 'local', part => 'citus', what => "$operation->{what}, $entries entries",
			goal => { op => '<=', ratio => 3 });
	}
	return;
}

# Returns the mean milliseconds of calls on invocations from a first one on, one after the
# other, after some that make plans.
sub time_of_call
{
	my ($call, $first, $count, $warm) = @_;
	my $last = $first + $warm + $count - 1;
	my $from = $first + $warm;
	local $ENV{BENCH_PGOPTIONS} = '';
	my ($ms) = map { /^\s+(\d+\.\d+)\s+\d+\s+SELECT .*restate_/ ? $1 : () } reverse run_pgbench(<<"END", '-r', '-t', $warm + $count, '-D', "n=$first");
SELECT id, attempt FROM bench.target WHERE n = :n \\gset
\\set n :n + 1
\\if :n <= $from
SELECT $call;
\\else
SELECT $call;
\\endif
END
	return $ms // die "pgbench printed no latency";
}

sub measure_batches
{
	my $count = 1000;
	my $batch_rounds = $quick ? 2 : 5;

	begin();
	for my $operation (qw(restart_as_new purge_journal))
	{
		progress("batch of $count, $operation");
		for my $side (qw(distributed local))
		{
			$next{$side} = on_side($side, sub { fill($batch_rounds * ($count + $warm), 'completed') });
			on_side($side, \&settle);
		}
		my $values = in_turn($batch_rounds, map {
			my $side = $_;
			$side => sub {
				my $first = $next{$side};
				$next{$side} += $count + $warm;
				return on_side($side, sub {
					return time_on_ids(first => $first, warm => $warm, count => $count,
						statement => "SELECT count(*) FILTER (WHERE ok) FROM restate_${operation}_batch(:'ids')");
				});
			} } qw(distributed local));
		compare($values, 'distributed', 'local', part => 'citus', what => "batch of $count, $operation",
			goal => { op => '<=', ratio => 2 });
	}
	return;
}

sub measure_steps
{
	my $seconds = $quick ? 5 : 20;
	my $clients = 6;

	for my $workers (1 .. 3)
	{
		progress("steps on $workers workers");
		my $nodes = BenchCitus->new($workers);
		BenchCitus::on($nodes->{nodes}[0], sub {
			query('SELECT FROM restate_distribute()');
			register();
			fill(20 * $clients, 'ready');
		});
		record(part => 'citus', what => "steps, $clients clients, $workers workers", unit => 'steps/s', better => 'higher',
			values => [ steps_in_a_second($nodes, $seconds, $clients) ]);
		$nodes->stop;
	}
	return;
}

# Returns how many steps a second so many clients get done together, which are connected to
# the workers in turn, each with an attempt that it has claimed.
sub steps_in_a_second
{
	my ($nodes, $seconds, $count) = @_;
	my (undef, @workers) = @{ $nodes->{nodes} };
	my $file = "$ENV{SERVER_DIR}/step.sql";
	my $sum = 0;
	my @clients;

	open my $script, '>', $file or die "$file: $!";
	print $script <<'END';
SELECT count(*) FROM restate_append(':id', :attempt, :n, ARRAY[format('{"Command": {"Run": {"completion_id": %s, "name": "a"}}}', :n), format('{"Notification": {"Completion": {"Run": {"completion_id": %s, "result": {"Success": [7]}}}}}', :n)]::jsonb[]);
\set n :n + 1
END
	close $script or die "$file: $!";
	for my $place (0 .. $count - 1)
	{
		push @clients, BenchCitus::on($workers[ $place % @workers ], sub {
			my ($id, $attempt) = map { split /\|/ } query(q{SELECT id, attempt FROM restate_claim('w', '{Svc}', 1)});
			open my $client, '-|', "pgbench -n -T $seconds -D id=$id -D attempt=$attempt -D n=1 -f $file 2>&1" or die "pgbench: $!";
			return $client;
		});
	}
	for my $client (@clients)
	{
		my @lines = <$client>;
		my ($tps) = join('', @lines) =~ /^tps = ([\d.]+)/m;
		die "pgbench failed:\n@lines" unless close($client) && $tps;
		$sum += $tps;
	}
	return $sum;
}
