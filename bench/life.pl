# Invocations that run: what a step, an invocation, a claim and a tick cost, and how many
# workflows a worker gets done beside another engine's.  LIFE_ROWS in the environment
# names those of its modules to run: steps plain claims ticks workflows.
use strict;
use warnings;

use LifeClaims;
use LifePlain;
use LifeSteps;
use LifeTicks;
use LifeWorkflows;

my $quick = @ARGV && $ARGV[0] eq '--quick';
my %measure = (
	steps => \&LifeSteps::measure,
	plain => \&LifePlain::measure,
	claims => \&LifeClaims::measure,
	ticks => \&LifeTicks::measure,
	workflows => \&LifeWorkflows::measure);

for my $rows (split ' ', $ENV{LIFE_ROWS} || 'steps plain claims ticks workflows')
{
	die "LIFE_ROWS: there are no $rows\n" unless $measure{$rows};
	$measure{$rows}->($quick);
}
