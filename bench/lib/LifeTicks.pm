# A tick that ends a thousand sleeps, where there are few timers and where there are many.
package LifeTicks;

use strict;
use warnings;

use Bench qw(query drop_database settle compare progress in_turn);
use LifeLoad qw(life_database);

# Measures the tick.
sub measure
{
	my ($quick) = @_;
	my $due = 1000;
	my %timers = (few => 0, many => $quick ? 100_000 : 1_000_000);
	for my $size (sort keys %timers)
	{
		life_database("bench_$size");
		progress("$timers{$size} timers to make");
		query("SELECT bench.add_timers($timers{$size})");
		settle();
	}
	my $values = in_turn($quick ? 5 : 15, map {
		my $size = $_;
		$size => sub {
			$ENV{PGDATABASE} = "bench_$size";
			my @lines = query(<<"END");
SELECT bench.add_invocations($due, 'suspended');
SELECT done FROM restate_tick($due);
SELECT bench.add_invocations($due, 'suspended');
VACUUM ANALYZE;
\\timing on
SELECT done FROM restate_tick($due);
END
			die "not $due done: @lines" unless $lines[-2] eq $due;
			my ($ms) = $lines[-1] =~ /^Time: ([\d.]+) ms/ or die "no time: @lines";
			return $ms;
		} } keys %timers);
	compare($values, 'many', 'few', part => 'life', what => "a tick, $due timers due, of $timers{many} others against none",
		goal => { op => '<=', ratio => 1.3 });
	drop_database("bench_$_") for keys %timers;
	return;
}

1;
