# Restarts at an index of a journal of 10,002 entries: what they cost against a
# restart at the same index of a journal that ends right after, which tells
# whether the rest of the journal costs anything, and against one at 0.  Without
# the commit, which costs the same for all of them.
use strict;
use warnings;

use Bench qw(new_database drop_database prepare forget settle time_in_transaction compare progress);

my $quick = @ARGV && $ARGV[0] eq '--quick';
# the index, and calls in each of the groups
my @plans = $quick ? ([ 0, 30 ], [ 10, 20 ], [ 100, 5 ], [ 1000, 1 ], [ 10_000, 1 ])
  : ([ 0, 100 ], [ 10, 60 ], [ 100, 15 ], [ 1000, 3 ], [ 10_000, 1 ]);
my $groups = $quick ? 9 : 25;

new_database('bench_index');
for my $plan (@plans)
{
	my ($index, $calls) = @$plan;
	my $at = "restart at $index of 10,002";
	progress($at);
	forget();
	my $long = prepare(2, 'completed', 10_002, 100);
	my $short = prepare(1, 'completed', $index + 2, 100);
	settle();
	# journals are only read: the same one is restarted again and again
	my %statements = map {
		my ($name, $n, $from) = @$_;
		$name => "SELECT count(restate_restart_as_new(id, $from)) FROM bench.target CROSS JOIN generate_series(1, \$2) WHERE n = $n"
	} [ long => $long, $index ], [ short => $short, $index ], [ at_0 => $long + 1, 0 ];
	my $values = time_in_transaction(first => 0, calls => $calls, groups => $groups, statements => \%statements);
	compare($values, 'long', 'at_0', part => 'index', what => "$at, against at 0",
		plot => { name => 'restart at an index', axis => 'entries copied', x => $index + 1,
			series => 'at the index, of a journal of 10,002' });
	compare($values, 'long', 'short', part => 'index', what => "$at, against of " . ($index + 2),
		goal => { op => '<=', ratio => 1.3 }, note => 'short: a journal that ends right after the index')
	  if $index < 10_000;
}
drop_database('bench_index');
