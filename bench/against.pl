# This tree against another one, BASE: the same calls on two servers, the one of
# OURS_DIR and the base's of SERVER_DIR, in turn (A B B A ...), so that what the
# machine does meanwhile meets both.  Runs one of the parts:
#
#   calls     single calls: as a client sees them, and the processor time of the server
#   batch     batches of 1,000, the processor time of the server
#   figures   instructions
#
# Processor time is that of the backend alone, and instructions do not depend at
# all on what else the machine does.
use strict;
use warnings;

use Bench qw(query new_database drop_database prepare forget settle time_calls compare record progress in_turn);
use BenchCalls qw(commands);
use BenchCallgrind;

my $part = shift @ARGV;
my $quick = @ARGV && $ARGV[0] eq '--quick';
my %side = (
	ours => { dir => $ENV{OURS_DIR} },
	base => { dir => $ENV{SERVER_DIR}, bench => "$ENV{BASE_TREE}/bench" });
my $theirs = $ENV{BASE};
my $rounds = $quick ? 5 : 15;
my @operations = (
	{ name => 'purge_journal', label => 'purge_journal', status => 'completed', uses_up => 1 },
	{ name => 'restart_as_new', label => 'restart from 0', status => 'completed', from => 0 },
	{ name => 'restart_as_new', label => 'restart from last', status => 'completed', from => 11 },
	{ name => 'delete_kill', label => 'delete kill', status => 'running', uses_up => 1 });

on($_, sub { new_database('bench_against', $side{$_}{bench}) }) for sort keys %side;
{ calls => \&calls, batch => \&batch, figures => \&figures }->{$part}->();
on($_, sub { drop_database('bench_against') }) for sort keys %side;

# Does something on the server of a side.
sub on
{
	my ($name, $do) = @_;
	local @ENV{qw(PGHOST SERVER_DIR PGDATABASE)} = ($side{$name}{dir}, $side{$name}{dir}, 'bench_against');
	return $do->();
}

# Prepares so many invocations on both sides.
sub prepare_both
{
	my ($count, $status) = @_;
	for my $name (sort keys %side)
	{
		on($name, sub {
			forget();
			$side{$name}{next} = prepare($count, $status, 12, 100);
			settle();
		});
	}
	return;
}

# Measures on both sides in turn; time gets the number of the first invocation
# that is not used up.
sub measure
{
	my ($what, $step, $time) = @_;
	progress($what);
	my $values = in_turn($rounds, map {
		my $name = $_;
		$name => sub {
			my $first = $side{$name}{next};
			$side{$name}{next} += $step;
			return on($name, sub { $time->($first) });
		} } keys %side);
	compare($values, 'ours', 'base', part => $part, what => $what, theirs => $theirs);
	return;
}

# Returns the milliseconds of processor time that the server spends on a
# statement over :'ids', after the same statement over a few others.
sub processor_time
{
	my ($first, $warm, $count, $statement) = @_;
	my $last = $first + $warm - 1;
	my $used = "SELECT split_part(pg_read_file('/proc/self/schedstat'), ' ', 1)::bigint AS used \\gset\n";
	my @lines = query(join '', map { <<"END" } [ $first, $last ], [ $last + 1, $last + $count ]);
SELECT array_agg(id ORDER BY n) AS ids FROM bench.target WHERE n BETWEEN $_->[0] AND $_->[1] \\gset
$used$statement;
SELECT split_part(pg_read_file('/proc/self/schedstat'), ' ', 1)::bigint - :used;
END
	die "not $count done: @lines" unless $lines[-2] eq $count;
	return $lines[-1] / 1e6;
}

sub calls
{
	my ($count, $warm) = ($quick ? 100 : 500, 10);
	for my $operation (@operations)
	{
		my $uses_up = $operation->{uses_up};
		my $step = $uses_up ? $count + $warm : 0;
		my $commands = commands($operation->{name}, 'ours', $operation->{from});
		prepare_both($uses_up ? 2 * $rounds * $step : $count + $warm, $operation->{status});
		measure("$operation->{label}, 12 entries, 1 client", $step,
			sub { time_calls(first => $_[0], calls => $count, warm => $warm, commands => $commands) });
		my ($function) = $commands =~ /^SELECT (.*);$/;
		$function =~ s/:id\b/id/;
		measure("$operation->{label}, 12 entries, processor time", $step, sub {
			return processor_time($_[0], $warm, $count,
				"SELECT count($function) FROM unnest(:'ids'::restate_invocation_id[]) AS t (id)") / $count;
		});
	}
	return;
}

sub batch
{
	my ($count, $warm) = (1000, 10);
	for my $operation (@operations)
	{
		my $uses_up = $operation->{uses_up};
		my ($name, $arguments) = $operation->{name} eq 'delete_kill' ? ('kill', '')
		  : ($operation->{name}, defined $operation->{from} ? ", $operation->{from}" : '');
		prepare_both($uses_up ? $rounds * ($count + $warm) : $count + $warm, $operation->{status});
		measure("batch of $count, $operation->{label}, processor time", $uses_up ? $count + $warm : 0, sub {
			return processor_time($_[0], $warm, $count,
				"SELECT count(*) FILTER (WHERE ok) FROM restate_${name}_batch(:'ids'$arguments)");
		});
	}
	return;
}

# Instructions of a call, from the difference between so many and twice as many.
sub figures
{
	my $count = 100;
	my %callgrind = map { my $name = $_; $name => on($name, sub { BenchCallgrind->new($side{$name}{bench}) }) } sort keys %side;
	for my $operation (@operations)
	{
		progress("instructions of $operation->{label}");
		my ($function) = commands($operation->{name}, 'ours', $operation->{from}) =~ /^SELECT (.*);$/;
		$function =~ s/:id\b/id/;
		my %instructions;
		for my $name (qw(ours base))
		{
			my ($once, $twice) = map {
				$callgrind{$name}->count("SELECT count($function) FROM bench.target WHERE n BETWEEN "
					. $callgrind{$name}->take($operation->{status}, $_), 'PortalRun') } $count, 2 * $count;
			$instructions{$name} = ($twice - $once) / $count;
		}
		record(part => $part, what => "instructions, $operation->{label}, 12 entries", ours => 'ours', theirs => $theirs,
			unit => 'instructions', better => 'lower', pairs => [ [ @instructions{qw(ours base)} ] ]);
	}
	return;
}
