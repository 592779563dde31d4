package NpmTool;

# Programs that are on npm and in no Debian package: "make check" installs them,
# pinned, and says in NPM_TOOLS where.

use strict;
use warnings;
use Exporter 'import';
use Test::More;

our @EXPORT = qw(npm_tool);

# Returns the path of a program.  Without it the test is skipped, and fails in
# continuous integration.
sub npm_tool
{
	my ($name) = @_;
	my $path = ($ENV{NPM_TOOLS} // '') . "/node_modules/.bin/$name";

	return $path if -x $path;
	my $reason = "$name is not there: " . (-d ($ENV{NPM_TOOLS} // '') ? 'npm could not install it' : 'it is on npm, which is not there');
	die "$reason\n" if $ENV{CI};
	plan skip_all => $reason;
}

1;
