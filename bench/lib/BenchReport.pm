# What bench/run makes of the measurements: the table, the JSON and the plots.
package BenchReport;

use strict;
use warnings;

use IO::Handle;
use JSON::PP;
use List::Util qw(max);
use Time::HiRes qw(time);

use Bench qw(median quantile query);

my $json = JSON::PP->new->canonical->utf8;

# Starts an empty report, to be written under a name.
sub new
{
	my ($class, $root, $name, $quick) = @_;
	return bless { root => $root, name => $name, quick => $quick, records => [] }, $class;
}

# Adds a measurement, a line as a part prints it.  Dies if it is none.
sub add
{
	my ($self, $line) = @_;
	my $record = eval { $json->decode($line) } or die "not a measurement: $line";
	die "a measurement of nothing: $line" unless $record->{part} && $record->{what} && defined $record->{unit};
	if (my $pairs = $record->{pairs})
	{
		die "no pairs: $line" unless @$pairs;
		my @ratios = map { $_->[0] / $_->[1] } @$pairs;
		$record->{ours_median} = median(map { $_->[0] } @$pairs);
		$record->{theirs_median} = median(map { $_->[1] } @$pairs);
		$record->{ratio} = median(@ratios);
		$record->{quartiles} = [ quantile(0.25, @ratios), quantile(0.75, @ratios) ];
		$record->{met} = met($record->{goal}, $record->{ratio}, 'ratio');
	}
	else
	{
		my @values = @{ $record->{values} // [] } or die "no values: $line";
		$record->{ours_median} = median(@values);
		$record->{quartiles} = [ quantile(0.25, @values), quantile(0.75, @values) ];
		$record->{met} = met($record->{goal}, $record->{ours_median}, 'value');
	}
	push @{ $self->{records} }, $record;
	return;
}

# Returns whether the goal is met; undef where there is none.
sub met
{
	my ($goal, $found, $name) = @_;
	return unless $goal;
	my $limit = $goal->{$name};
	die "a goal without $name" unless defined $limit;
	return ($goal->{op} eq '<=' ? $found <= $limit : $found >= $limit) ? JSON::PP::true : JSON::PP::false;
}

# Returns what the figures depend on.
sub conditions
{
	my %found = (quick => $_[0]{quick} ? JSON::PP::true : JSON::PP::false);
	for my $name (qw(server_version fsync synchronous_commit full_page_writes autovacuum
		shared_buffers max_wal_size))
	{
		($found{$name}) = query("SHOW $name");
	}
	open my $cpus, '<', '/proc/cpuinfo' or die "/proc/cpuinfo: $!";
	$found{cores} = grep { /^processor\s*:/ } <$cpus>;
	close $cpus;
	$found{flush_us} = flush_time();
	return \%found;
}

# Returns the median microseconds of a write that is flushed to disk, which
# each commit waits for.
sub flush_time
{
	my $file = "$ENV{SERVER_DIR}/flush";
	my @times;
	open my $out, '>', $file or die "$file: $!";
	for (1 .. 200)
	{
		my $start = time;
		syswrite($out, 'x' x 8192) == 8192 or die "$file: $!";
		$out->sync or die "$file: $!";
		push @times, (time - $start) * 1e6;
	}
	close $out;
	unlink $file;
	return int median(@times);
}

# Prints the conditions, and how to read the tables.
sub begin
{
	my ($self) = @_;
	my $c = $self->{conditions} = $self->conditions;
	printf "PostgreSQL %s, %d cores, shared_buffers %s, max_wal_size %s\n", $c->{server_version}, $c->{cores},
	  $c->{shared_buffers}, $c->{max_wal_size};
	printf "fsync %s (%s us a flush), synchronous_commit %s, full_page_writes %s, autovacuum %s\n", $c->{fsync},
	  $c->{flush_us}, $c->{synchronous_commit}, $c->{full_page_writes}, $c->{autovacuum};
	print "payloads of journal entries have 100 bytes where nothing else is said\n";
	print "ratio = ours : theirs, the median of pairs measured in turn; beside it the middle half of them\n";
	return;
}

# Prints the table of what has come since the last one, under a part's name, and
# writes all that there is.
sub end_part
{
	my ($self, $part) = @_;
	my @new = @{ $self->{records} }[ ($self->{shown} // 0) .. $#{ $self->{records} } ];
	$self->{shown} = @{ $self->{records} };
	return unless @new;
	my @rows = ([ "-- $part", 'ours', 'theirs', 'ratio', 'middle half', 'goal', '' ], map { row($_) } @new);
	my @widths = map { my $i = $_; max map { length $_->[$i] } @rows } 0 .. 6;
	print "\n";
	for my $row (@rows)
	{
		my $line = join '  ', map { sprintf($_ == 0 || $_ == 6 ? '%-*s' : '%*s', $widths[$_], $row->[$_]) } 0 .. 6;
		$line =~ s/\s+$//;
		print "$line\n";
	}
	my %notes = map { $_->{note} ? ($_->{note} => 1) : () } @new;
	print map { "note: $_\n" } sort keys %notes;
	$self->write_json;
	return;
}

# Prints how many goals are met, and where everything is written.
sub finish
{
	my ($self) = @_;
	my @goals = grep { defined $_->{met} } @{ $self->{records} };
	my @missed = grep { !$_->{met} } @goals;
	printf "\n%d goals, %d met, %d NOT met\n", scalar @goals, @goals - @missed, scalar @missed;
	print "written to $self->{file}\n" if $self->{file};
	return;
}

# Returns a measurement's line of the table.
sub row
{
	my ($r) = @_;
	my $goal = $r->{goal};
	my $spread = join ' .. ', map { $r->{pairs} ? ratio($_) : figure($_) } @{ $r->{quartiles} };
	return [
		$r->{what},
		figure($r->{ours_median}) . " $r->{unit}",
		$r->{pairs} ? figure($r->{theirs_median}) . " $r->{unit}" . ($r->{theirs} ? " ($r->{theirs})" : '') : '',
		$r->{pairs} ? ratio($r->{ratio}) : '',
		$r->{pairs} || @{ $r->{values} } > 1 ? $spread : '',
		$goal ? "$goal->{op} " . figure($goal->{ratio} // $goal->{value}) : '-',
		!$goal ? '-' : $r->{met} ? 'met' : 'NOT met' ];
}

# Returns a ratio with the digits that are worth reading.
sub ratio
{
	my ($value) = @_;
	return sprintf $value < 0.1 ? '%.3f' : $value < 10 ? '%.2f' : '%.1f', $value;
}

# Returns a number with the digits that are worth reading.
sub figure
{
	my ($value) = @_;
	my $size = abs $value;
	return $value if $value =~ /^-?\d+$/ && $size < 1e15;
	my $digits = $size >= 100 ? 0 : $size >= 10 ? 1 : $size >= 0.1 ? 2 : 4;
	return sprintf "%.${digits}f", $value;
}

# Writes all of it to .run/bench/.
sub write_json
{
	my ($self) = @_;
	my $dir = "$self->{root}/.run/bench";
	mkdir $_ for "$self->{root}/.run", $dir;
	my $file = $self->{file} = "$dir/$self->{name}.json";
	open my $out, '>', "$file.new" or die "$file.new: $!";
	print $out JSON::PP->new->canonical->utf8->pretty->encode(
		{ conditions => $self->{conditions}, measurements => $self->{records} });
	close $out or die "$file.new: $!";
	rename "$file.new", $file or die "$file: $!";
	return;
}

# Draws the plots that the measurements are points of, see bench/run.
sub plot
{
	my ($self) = @_;
	my (%plots, %axis);
	for my $r (grep { $_->{plot} } @{ $self->{records} })
	{
		my $p = $r->{plot};
		$axis{ $p->{name} } = $p->{axis} // 'journal entries';
		push @{ $plots{ $p->{name} }{ $p->{series} } }, [ $p->{x}, $r->{ours_median} ];
		push @{ $plots{ $p->{name} }{ $r->{theirs} } }, [ $p->{x}, $r->{theirs_median} ] if $r->{pairs};
	}
	for my $name (sort keys %plots)
	{
		(my $file = "bench_$name.svg") =~ tr/ /_/;
		draw("$self->{root}/doc/$file", $name, $axis{$name}, $plots{$name});
	}
	return;
}

# Draws series of points, both axes logarithmic.
sub draw
{
	my ($file, $name, $axis, $series) = @_;
	open my $plot, '|-', 'gnuplot' or die "gnuplot: $!";
	print $plot <<"END";
set terminal svg noenhanced size 720,420 font 'sans-serif,13' background 'white'
set output '$file'
set title '$name'
set logscale xy
set xlabel '$axis'
set ylabel 'milliseconds a call'
set key left top
set grid
END
	my @names = sort keys %$series;
	print $plot 'plot ', join(', ', map { "'-' using 1:2 with linespoints linewidth 2 title \"$_\"" } @names), "\n";
	for my $one (@names)
	{
		my %at;
		push @{ $at{ $_->[0] } }, $_->[1] for @{ $series->{$one} };
		print $plot map { sprintf "%s %s\n", $_, median(@{ $at{$_} }) } sort { $a <=> $b } keys %at;
		print $plot "e\n";
	}
	close $plot or die "gnuplot failed on $file\n";
	print "drawn: $file\n";
	return;
}

1;
