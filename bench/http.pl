# HTTP: the gateway against Restate's own server, purges and restarts one by one
# from 1, 8 and 64 clients, and batches of 1,000.
#
# Both sides hold the same invocations under the same ids: Restate's server has
# run them all, on a deployment that is stopped before anything is measured, and
# the tables have copies of what its /query says of them.  Every round works on
# invocations that no earlier one touched, on one side after the other.  The
# clients are threads of wrk, each with one connection and a list of its own
# (http_load.lua); requests per second are counted while all of them are at work.
# Afterwards both sides are asked whether what was measured has happened.
#
# The server keeps its defaults, which are durable, but for this: an invocation
# whose deployment cannot be reached is tried again only after an hour, so that
# its restarts of one round do not burden the next.
use strict;
use warnings;

use JSON::PP;
use List::Util qw(shuffle);
use POSIX ();
use Time::HiRes qw(sleep time);

use Bench qw(query record progress wait_while_it_goes_on);
use BenchServers qw(work_in copied install spawn end pid_of free_ports wait_for read_file write_file
  post rows start_restate restate_version gateway_database start_gateway run_lists speed_of);

my $quick = @ARGV && $ARGV[0] eq '--quick';
my $version = restate_version();
my $service = 'Bench';
my $batch_size = 1000;
my $warm_up = 400;
# of each length of journal: rounds, and invocations for each number of clients
# in a round
my @plans = $quick
  ? ({ entries => 12, rounds => 2, ids => { 1 => 200, 8 => 1600, 64 => 3200 }, batch => 1 })
  : ( { entries => 12, rounds => 5, ids => { 1 => 1000, 8 => 3000, 64 => 6400 }, batch => 1 },
	{ entries => 102, rounds => 5, ids => { 1 => 200, 8 => 1600, 64 => 3200 } },
	{ entries => 1002, rounds => 5, ids => { 1 => 40, 8 => 200 } });

# fewer of them on a slow machine: HTTP_ENTRIES="12 102" HTTP_ROUNDS=2
if (my %wanted = map { $_ => 1 } split ' ', $ENV{HTTP_ENTRIES} // '')
{
	@plans = grep { $wanted{ $_->{entries} } } @plans;
	die "HTTP_ENTRIES=\"$ENV{HTTP_ENTRIES}\" leaves nothing to measure\n" unless @plans;
}
if ($ENV{HTTP_ROUNDS})
{
	$_->{rounds} = $ENV{HTTP_ROUNDS} for @plans;
}

my $dir = work_in('http');
my $json = JSON::PP->new->canonical;
my ($deployment_id, $ingress, $note);
my %side;

$SIG{INT} = $SIG{TERM} = $SIG{HUP} = sub { exit 1 };
set_up();
measure($_) for @plans;
exit 0;

# Returns the ids of the invocations that a condition holds for, in random order:
# the server returns those of a partition together, and would work on one
# partition at a time.
sub ids_where
{
	my ($name, $condition) = @_;

	return shuffle(post("$side{$name}/query", { query => "SELECT id FROM sys_invocation WHERE $condition" }) =~ /\b(inv_\w+)/g);
}

# Starts both sides and has them hold the same invocations.
sub set_up
{
	progress('starting both sides');
	install();
	gateway_database('bench_http');
	start_theirs();
	$side{ours} = start_gateway('ours');
	load();
	warm_up();
	return;
}

# Starts the real server, with a long pause before an invocation whose deployment cannot be
# reached is tried again, and the deployment.
sub start_theirs
{
	my ($port) = free_ports(1);

	($side{theirs}, $ingress) = start_restate('theirs', last => <<'TOML');
[default-retry-policy]
initial-interval = "1h"
max-interval = "1h"
TOML
	copied('test/lib/service_protocol.mjs');
	spawn('deployment', 'node', copied('bench/http_deployment.mjs'), $port, map { ($_->{entries} - 2) / 2 } @plans);
	wait_for('deployment', sub { return read_file("$dir/deployment.log") =~ /listening/ });
	$deployment_id = $json->decode(post("$side{theirs}/deployments", { uri => "http://127.0.0.1:$port" }))->{id};
	return;
}

# Has the real server run all the invocations, copies them into our tables, and
# deals them out to the rounds.
sub load
{
	# files of WAL to reuse, which a server has that did not start just now; making
	# one takes longer than a request
	my $files = $quick ? 32 : 200;
	query(<<"SQL");
SELECT count(pg_logical_emit_message(false, '', '')), count(pg_switch_wal()) FROM generate_series(1, $files);
CHECKPOINT;
SQL
	write_file("$dir/input.json", '"', 'x' x 98, '"');
	for my $plan (@plans)
	{
		my $entries = $plan->{entries};
		my $a_round = ($plan->{batch} ? $batch_size : 0);
		$a_round += $_ for values %{ $plan->{ids} };
		# the last op of each removes what the others keep
		$a_round *= 2 unless $quick;
		my $count = $warm_up + $a_round * $plan->{rounds};
		my $handler = 'runs' . ($entries - 2) / 2;

		progress("creating $count invocations with journals of $entries entries");
		my @lists;
		push @{ $lists[ $_ % 32 ] }, "POST /$service/$handler/send" for 1 .. $count;
		run_lists($ingress, "$dir/input.json", @lists);
		wait_while_it_goes_on("completed invocations of $count", sub {
			my %state = state_of('theirs');

			return (($state{"completed $entries"} // 0) == $count, join ', ', map { "$state{$_} $_" } sort keys %state);
		});
		my @ids = ids_where('theirs', "journal_size = $entries");
		copy(\@ids);
		$plan->{unused} = \@ids;
	}
	end('deployment');
	query('VACUUM ANALYZE');
	chomp(my $filesystem = `df --output=fstype $dir | tail -n 1`);
	$note = "restate-server $version with its defaults, which are durable (24 partitions, the log flushed before an answer), its"
	  . " deployment stopped; the gateway with its defaults; both on $filesystem; results of 100 bytes";
	return;
}

# Copies invocations of the real server, all of one form, into our tables.
sub copy
{
	my ($ids) = @_;
	my $first = $ids->[0];
	my ($invocation) = rows($side{theirs}, "SELECT * FROM sys_invocation WHERE id = '$first'");
	my @journal = rows($side{theirs},
		"SELECT index, version, entry_type, entry_json, appended_at, name FROM sys_journal WHERE id = '$first' ORDER BY index");
	my $documents = sprintf "'%s', '%s'", map { s/'/''/gr } $json->encode($invocation), $json->encode(\@journal);
	my $tables = join "\n", map { <<"SQL" } qw(invocation journal);
SELECT format('INSERT INTO restate.%1\$I SELECT %2\$s FROM restate.%1\$I AS t, ids AS n WHERE t.id = %3\$L AND n.id <> t.id',
  relname, string_agg(CASE attname
      WHEN 'id' THEN 'n.id'
      WHEN 'partition_key' THEN 'restate_partition_key_of_id(n.id)'
      ELSE format('t.%I', attname) END, ', ' ORDER BY attnum), '$first')
FROM pg_class JOIN pg_attribute ON attrelid = pg_class.oid
WHERE relnamespace = 'restate'::regnamespace AND relname = '$_' AND attnum > 0 AND NOT attisdropped
GROUP BY relname \\gexec
SQL

	query(<<"SQL");
INSERT INTO restate.deployment (id, ty, endpoint, min_service_protocol_version, max_service_protocol_version)
VALUES ('$deployment_id', 'http', 'http://127.0.0.1:1', 5, 6) ON CONFLICT DO NOTHING;
INSERT INTO restate.service_revision (service_name, revision, deployment_id, ty)
VALUES ('$service', 1, '$deployment_id', 'service') ON CONFLICT DO NOTHING;
CREATE TEMPORARY TABLE ids (id restate_invocation_id);
COPY ids FROM stdin;
@{[ join "\n", @$ids ]}
\\.
SELECT restate_import_invocation($documents) \\g /dev/null
$tables
SQL
	return;
}

# Has every connection of both sides work on invocations that are not measured.
sub warm_up
{
	for my $plan (@plans)
	{
		my @ids = splice @{ $plan->{unused} }, 0, $warm_up;

		progress("warming up with journals of $plan->{entries} entries");
		for my $name (qw(ours theirs))
		{
			for my $path ('restart-as-new', 'restart-as-new?from=' . ($plan->{entries} - 1), 'purge-journal', 'purge')
			{
				run_clients($name, 8, $path, \@ids);
			}
			remove_restarts($name);
		}
	}
	return;
}

# Measures everything for journals of one length and prints the records.
sub measure
{
	my ($plan) = @_;
	my $entries = $plan->{entries};
	my @single = ([ 'restart from 0', 'restart-as-new' ], [ 'restart from the last entry', 'restart-as-new?from=' . ($entries - 1) ],
		[ 'purge_journal', 'purge-journal' ]);
	my @batch = ([ 'restart from 0', 'restart-as-new' ], [ 'purge_journal', 'purge-journal' ]);
	my @removal = $quick ? () : ([ 'purge', 'purge' ]);
	my (%pairs, @order);
	my $add = sub {
		my ($what, $kind, @pair) = @_;
		push @order, [ $what, $kind ] unless $pairs{"$what$kind"};
		push @{ $pairs{"$what$kind"} }, [ map { 0 + sprintf '%.4g', $_ } @pair ];
	};

	for my $round (1 .. $plan->{rounds})
	{
		# the first of one round is the last of another
		my @sides = $round % 2 ? qw(ours theirs) : qw(theirs ours);
		progress("$entries entries, round $round of $plan->{rounds}");
		for my $clients (sort { $b <=> $a } keys %{ $plan->{ids} })
		{
			for my $operations (\@single, \@removal)
			{
				next unless @$operations;
				my @ids = splice @{ $plan->{unused} }, 0, $plan->{ids}{$clients};
				for my $operation (@$operations)
				{
					my $what = "$operation->[0], $entries entries, $clients client" . ($clients > 1 ? 's' : '');
					my %seen = map { $_ => run_checked($_, $operation->[1], $entries, \@ids,
							sub { run_clients($_[0], $clients, $operation->[1], \@ids) }) } @sides;
					$add->($what, $_, $seen{ours}{$_}, $seen{theirs}{$_}) for qw(rate p50 p99);
				}
				remove_restarts($_) for qw(ours theirs);
			}
		}
		next unless $plan->{batch};
		for my $operations (\@batch, \@removal)
		{
			next unless @$operations;
			my @ids = splice @{ $plan->{unused} }, 0, $batch_size;
			for my $operation (@$operations)
			{
				my %seen = map { $_ => run_checked($_, $operation->[1], $entries, \@ids,
						sub { run_batch($_[0], $operation->[1], \@ids) }) } @sides;
				$add->("batch $operation->[0] of $batch_size, $entries entries", 'batch', $seen{ours}, $seen{theirs});
			}
			remove_restarts($_) for qw(ours theirs);
		}
	}
	for (@order)
	{
		my ($what, $kind) = @$_;
		my %record = (part => 'http', what => $what, ours => 'gateway', theirs => "restate-server $version",
			pairs => $pairs{"$what$kind"}, note => $note);
		# restarts and purges of journals, however many ask for them
		my ($clients) = $what =~ /(\d+) clients?/;
		if ($kind eq 'rate')
		{
			@record{qw(unit better)} = ('requests/s', 'higher');
			$record{goal} = { op => '>=', ratio => $clients == 8 ? 2 : 4 } if $clients > 1;
		}
		elsif ($kind eq 'batch')
		{
			@record{qw(unit better)} = ('ms', 'lower');
			$record{goal} = { op => '<=', ratio => 0.1 };
		}
		else
		{
			$record{what} .= ", $kind";
			@record{qw(unit better)} = ('ms', 'lower');
			$record{goal} = { op => '<=', ratio => 0.8 };
		}
		record(%record);
	}
	return;
}

# Runs a measurement on one side and returns what it returns, if all of it has
# happened: the numbers of invocations have changed as the operation has it.
sub run_checked
{
	my ($name, $path, $entries, $ids, $run) = @_;
	my %before = state_of($name);

	settle() if $name eq 'theirs';
	my $result = $run->($name);
	my %expected =
	    $path eq 'purge-journal' ? ("completed $entries" => -@$ids, 'completed 0' => scalar @$ids)
	  : $path eq 'purge' ? ("completed $entries" => -@$ids)
	  : ('in flight ' . ($path =~ /=/ ? $entries : 1) => scalar @$ids);
	# what has been answered may be seen a little later
	wait_while_it_goes_on("$name: $path: more or less than was asked for has happened", sub {
		my %after = state_of($name);
		my %change = map { $_ => ($after{$_} // 0) - ($before{$_} // 0) } keys %before, keys %after;
		my @wrong = grep { ($change{$_} // 0) != ($expected{$_} // 0) } keys %{ { %change, %expected } };

		return (!@wrong, join ', ', map { sprintf '%d %s instead of %d', $change{$_} // 0, $_, $expected{$_} // 0 } sort @wrong);
	});
	return $result;
}

# Returns how many invocations there are, by whether they are completed and by
# the size of their journal.
sub state_of
{
	my ($name) = @_;
	my %count;

	for my $row (rows($side{$name}, 'SELECT status, journal_size, count(*) AS n FROM sys_invocation GROUP BY status, journal_size'))
	{
		$count{ ($row->{status} eq 'completed' ? 'completed ' : 'in flight ') . $row->{journal_size} } += $row->{n};
	}
	return %count;
}

# Removes what restarts have made, so that every round finds the same.
sub remove_restarts
{
	my ($name) = @_;
	for my $step ([ kill => "status <> 'completed'" ], [ purge => 'restarted_from IS NOT NULL' ])
	{
		my ($operation, $condition) = @$step;

		# the server refuses what it is too busy for
		wait_while_it_goes_on("$name: cannot $operation what was restarted", sub {
			my @ids = ids_where($name, $condition);
			my $left = @ids;

			while (my @some = splice @ids, 0, 500)
			{
				post("$side{$name}/internal/invocations_batch_operations/$operation", { invocation_ids => \@some });
			}
			return ($left == 0, "$left left");
		});
	}
	return;
}

# Waits until the real server has nothing left to do: it goes on trying to
# reach the deployment after it has answered.
sub settle
{
	my $ticks = POSIX::sysconf(POSIX::_SC_CLK_TCK());
	my $used = sub { my @field = split / /, read_file('/proc/' . pid_of('theirs') . '/stat') =~ s/.*\) //sr; ($field[11] + $field[12]) / $ticks };
	my $before = $used->();

	for (1 .. 50)
	{
		sleep 0.2;
		my $now = $used->();
		return if $now - $before < 0.03;
		$before = $now;
	}
	return;
}

# Has clients send PATCH requests for invocations, each client for its share of
# them, and returns requests per second while all were at work, and median and
# 99th percentile of their times in milliseconds.
sub run_clients
{
	my ($name, $clients, $path, $ids) = @_;
	my @lists;

	push @{ $lists[ $_ % $clients ] }, "PATCH /invocations/$ids->[$_]/$path" for 0 .. $#$ids;
	return speed_of("$name: $path", run_lists($side{$name}, undef, @lists));
}

# Sends all invocations in one batch and returns the milliseconds that it took.
sub run_batch
{
	my ($name, $operation, $ids) = @_;

	write_file("$dir/batch.json", $json->encode({ invocation_ids => $ids }));
	my $printed = `curl -sS -o '$dir/batch.answer' -w '%{http_code} %{time_total}' -H 'Content-Type: application/json' \\
		--data-binary '\@$dir/batch.json' '$side{$name}/internal/invocations_batch_operations/$operation'`;

	my ($seconds) = $printed =~ /^200 (.*)/ or die "$name: batch $operation: $printed\n";
	die "$name: batch $operation: some failed\n" if @{ $json->decode(read_file("$dir/batch.answer"))->{failed} };
	return $seconds * 1000;
}
