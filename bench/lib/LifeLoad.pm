# What the modules of the part life share.
package LifeLoad;

use strict;
use warnings;

use Cwd qw(abs_path);
use Exporter qw(import);
use File::Basename qw(dirname);
use File::Temp qw(tempdir);
use List::Util qw(max min);

use Bench qw(query new_database run_pgbench);

our @EXPORT_OK = qw(life_database cost cost_of_statement $payload $bytes);

my $bench = dirname(dirname(abs_path(__FILE__)));
my $work = tempdir(CLEANUP => 1);

# 100 bytes, and the same as JSON has them
our $payload = '\\x' . '31' x 100;
our $bytes = '[' . join(',', (49) x 100) . ']';

# Makes a database with what life.sql has.
sub life_database
{
	my ($name) = @_;
	new_database($name);
	query("\\i $bench/life.sql");
	return;
}

# Runs a script of pgbench with so many clients, each so many transactions after some
# that are not counted, in which plans are made.  Returns the microseconds from one
# transaction to the next, of all clients together: between the end of the last one that
# is not counted and the first client's end.
sub cost
{
	my (%do) = @_;
	my $warm = 20;
	my $prefix = "$work/log";
	run_pgbench($do{script}, '-l', "--log-prefix=$prefix", '-c', $do{clients}, '-j', $do{clients} > 2 ? 2 : $do{clients},
		'-t', $warm + $do{transactions}, map { ('-D', "'$_=$do{variables}{$_}'") } sort keys %{ $do{variables} });
	my %ends;
	for my $log (glob "$prefix.*")
	{
		open my $in, '<', $log or die "$log: $!";
		while (my $line = <$in>)
		{
			my ($client, undef, undef, undef, $seconds, $us) = split ' ', $line;
			push @{ $ends{$client} }, $seconds + $us / 1e6;
		}
		close $in;
		unlink $log;
	}
	my $from = max map { $_->[ $warm - 1 ] } values %ends;
	my $to = min map { $_->[-1] } values %ends;
	my $count = grep { $_ > $from && $_ <= $to } map { @$_ } values %ends;
	die "only $count transactions of $do{clients} clients at the same time" if $count < $do{transactions} / 4;
	return 1e6 * ($to - $from) / $count;
}

# Runs a script of pgbench and returns the mean milliseconds of the statement in it that
# matches; the first calls of each client, in which plans are made, are not counted.
sub cost_of_statement
{
	my ($pattern, $script, @options) = @_;
	my $ms;
	for my $line (run_pgbench(<<"END", '-r', '-D', 'n=0', @options))
\\set n :n + 1
\\if :n <= 10
$script\\else
$script\\endif
END
	{
		my ($found, $text) = $line =~ /^\s+(\d+\.\d+)\s+\d+\s+(.*)/ or next;
		$ms = $found if $text =~ $pattern;
	}
	return $ms // die "pgbench printed no latency of $pattern";
}

1;
