package Tally;

# A prove formatter whose last line is the number of assertions that passed,
# failed and were skipped.  A file that fails otherwise (it dies, or its plan
# does not hold) counts as one failure, and one that is skipped whole as one
# skipped.

use strict;
use warnings;
use parent 'TAP::Formatter::File';

sub summary
{
	my ($self, $aggregate, $interrupted) = @_;
	my ($passed, $failed, $skipped) = (0, 0, 0);

	$self->SUPER::summary($aggregate, $interrupted);
	for my $parser ($aggregate->parsers)
	{
		my $not_ok = scalar $parser->failed;
		my $left_out = scalar $parser->skipped;

		$passed += $parser->passed - $left_out;
		$skipped += $left_out || (defined $parser->skip_all ? 1 : 0);
		$failed += $not_ok || ($parser->has_problems ? 1 : 0);
	}
	print "tally: $passed passed, $failed failed, $skipped skipped\n";
	return;
}

1;
