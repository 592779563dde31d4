# Single calls: the extension's functions against the floor, which is the same
# locks and row changes as prepared statements in one round trip, and against
# the same operation in PL/pgSQL (plpgsql.sql).
#
# Before anything is timed, each variant is called on twins, and what they leave
# in the tables is compared.
use strict;
use warnings;

use Cwd qw(abs_path);
use File::Basename qw(dirname);

use Bench qw(query new_database drop_database prepare forget settle time_calls time_alternately
  time_in_transaction compare progress in_turn);
use BenchCalls qw(commands);

my $quick = @ARGV && $ARGV[0] eq '--quick';
my @variants = qw(ours floor plpgsql);
my %notes = (
	floor => 'floor: the locks and row changes alone, as prepared statements in one pipeline',
	plpgsql => 'plpgsql: bench/plpgsql.sql, the same operation with the same checks');

# entries, bytes of a payload, calls of each variant by one client
my @shapes = $quick
  ? ([ 12, 100, 900 ], [ 1002, 100, 60 ])
  : ([ 12, 100, 9000 ], [ 102, 100, 2700 ], [ 1002, 100, 540 ], [ 10_002, 100, 72 ],
	[ 12, 10_240, 1800 ], [ 1002, 10_240, 36 ]);
my $groups = $quick ? 15 : 36;
# several clients: rounds, and calls of each client in a round
my ($rounds, $calls_each) = $quick ? (3, 100) : (9, 500);
my @operations = (
	{ name => 'purge_journal', label => 'purge_journal', status => 'completed', uses_up => 1 },
	{ name => 'restart_as_new', label => 'restart from 0', status => 'completed', from => sub { 0 } },
	{ name => 'restart_as_new', label => 'restart from last', status => 'completed', from => sub { $_[0] - 1 } },
	{ name => 'delete_kill', label => 'delete kill', status => 'running', uses_up => 1 });

new_database('bench_calls');
check_same($_) for @operations;
check_scene();
for my $operation (@operations)
{
	for my $shape (@shapes)
	{
		measure($operation, @$shape);
		next unless $shape->[0] == 12 && $shape->[1] == 100;
		measure_clients($operation, $_, $shape->[0]) for $quick ? 8 : (2, 8);
		measure_in_transaction($operation, $shape->[0], $shape->[2]);
	}
}
drop_database('bench_calls');

# Dies unless all variants of an operation leave the same in the tables.
sub check_same
{
	my ($operation) = @_;
	my %left;
	for my $variant (@variants)
	{
		my $first = prepare(3, $operation->{status}, 12, 100);
		my $from = $operation->{from} && $operation->{from}->(12);
		time_calls(first => $first, calls => 3, commands => commands($operation->{name}, $variant, $from));
		$left{$variant} = join "\n", query("SELECT bench.trace($first, 3)");
	}
	for my $variant (@variants)
	{
		next if $left{$variant} eq $left{ours};
		die "$operation->{name} by $variant leaves:\n$left{$variant}\nours leaves:\n$left{ours}\n";
	}
	return;
}

# Dies unless ours and the competitor play the same scene (same.sql) to the
# same end.
sub check_scene
{
	query('\\i ' . dirname(abs_path($0)) . '/same.sql');
	my %end;
	for my $variant (
		[ ours => 'restate_purge_journal', 'restate_restart_as_new', 'bench.kill_by_ours' ],
		[ plpgsql => 'bench.purge_journal', 'bench.restart_as_new', 'bench.delete_kill' ])
	{
		my ($name, @functions) = @$variant;
		my @lines = sort +query('BEGIN; SELECT bench.play(' . join(', ', map { "'$_'" } @functions) . '); ROLLBACK');
		$end{$name} = { map { $_ => 1 } @lines };
		die "the scene of $name is empty" unless @lines > 50;
	}
	my @differ = ((map { "ours: $_" } grep { !$end{plpgsql}{$_} } sort keys %{ $end{ours} }),
		map { "plpgsql: $_" } grep { !$end{ours}{$_} } sort keys %{ $end{plpgsql} });
	die join("\n", 'ours and plpgsql differ:', map { substr $_, 0, 1000 } @differ), "\n" if @differ;
	return;
}

# Times single calls of one client, each a transaction of its own.
sub measure
{
	my ($operation, $entries, $bytes, $calls) = @_;
	my $what = sprintf '%s, %d entries%s, 1 client', $operation->{label}, $entries, $bytes == 100 ? '' : ' of 10 KB';
	progress($what);
	my $from = $operation->{from} && $operation->{from}->($entries);
	my %values;
	# each variant comes first, second and last for a third of the time
	for my $turn (0 .. $#variants)
	{
		my $share = $calls / @variants;
		forget();
		my $pool = $operation->{uses_up} ? (3 + $share) * @variants : 3;
		my $first = prepare($pool, $operation->{status}, $entries, $bytes);
		# company, so that statistics are not of a table all but empty
		prepare(1000, 'completed', 12, 100);
		settle();
		my $times = time_alternately(first => $first, pool => $pool, calls => $share, groups => $groups / @variants,
			variants => [ map { [ $_, commands($operation->{name}, $_, $from) ] }
				  @variants[ map { ($turn + $_) % @variants } 0 .. $#variants ] ]);
		push @{ $values{$_} }, @{ $times->{$_} } for @variants;
	}
	my %plot = $bytes == 100
	  ? (plot => { name => $operation->{label}, x => $entries, series => 'restate_admin' }) : ();
	compare(\%values, 'ours', 'floor', part => 'calls', what => $what, %plot, goal => { op => '<=', ratio => 1.10 },
		note => $notes{floor});
	compare(\%values, 'ours', 'plpgsql', part => 'calls', what => $what, %plot, goal => { op => '<=', ratio => 0.8 },
		note => $notes{plpgsql});
	return;
}

# Times single calls of several clients at once.
sub measure_clients
{
	my ($operation, $clients, $entries) = @_;
	my $what = "$operation->{label}, $entries entries, $clients clients";
	progress($what);
	my $from = $operation->{from} && $operation->{from}->($entries);
	my $warm = 3;
	my $each = ($calls_each + $warm) * $clients;
	forget();
	my $next = prepare($operation->{uses_up} ? $each * $rounds * @variants : $each, $operation->{status}, $entries, 100);
	settle();
	my $values = in_turn($rounds, map {
		my $variant = $_;
		$variant => sub {
			my $first = $next;
			$next += $each if $operation->{uses_up};
			return time_calls(first => $first, calls => $calls_each, warm => $warm, clients => $clients,
				commands => commands($operation->{name}, $variant, $from));
		} } @variants);
	compare($values, 'ours', 'floor', part => 'calls', what => $what, note => $notes{floor});
	compare($values, 'ours', 'plpgsql', part => 'calls', what => $what, goal => { op => '<=', ratio => 0.8 },
		note => $notes{plpgsql});
	return;
}

# Times many calls in one transaction, which leaves out commit and network.
sub measure_in_transaction
{
	my ($operation, $entries, $calls) = @_;
	my $what = "$operation->{label}, $entries entries, without commit";
	progress($what);
	my $from = $operation->{from} && $operation->{from}->($entries);
	my $size = $calls / $groups;
	my %statements;
	for my $variant (qw(ours plpgsql))
	{
		my ($function) = commands($operation->{name}, $variant, $from) =~ /^SELECT (.*);$/;
		$function =~ s/:id\b/id/;
		$function =~ s/'/''/g;
		$statements{$variant} = "SELECT count($function) FROM bench.target WHERE n >= \$1 AND n < \$1 + \$2";
	}
	forget();
	my $first = prepare($size * ($groups + 1) * keys %statements, $operation->{status}, $entries, 100);
	settle();
	my $values = time_in_transaction(first => $first, calls => $size, groups => $groups, statements => \%statements);
	compare($values, 'ours', 'plpgsql', part => 'calls', what => $what, goal => { op => '<=', ratio => 0.8 },
		note => 'without commit: a call among many in one transaction, network and commit left out');
	return;
}
