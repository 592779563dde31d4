package Tally;

# A prove formatter whose last line is the number of assertions that passed
# and failed.  A file that fails otherwise (it dies, or its plan does not hold)
# counts as one failure.

use strict;
use warnings;
use parent 'TAP::Formatter::File';

sub summary
{
	my ($self, $aggregate, $interrupted) = @_;
	my ($passed, $failed) = (0, 0);

	$self->SUPER::summary($aggregate, $interrupted);
	for my $parser ($aggregate->parsers)
	{
		my $not_ok = scalar $parser->failed;

		$passed += scalar $parser->passed;
		$failed += $not_ok || ($parser->has_problems ? 1 : 0);
	}
	print "tally: $passed passed, $failed failed\n";
	return;
}

1;
