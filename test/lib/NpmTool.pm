package NpmTool;

# Programs that are on npm and in no Debian package: "make check" installs them,
# pinned, and says in NPM_TOOLS where.

use strict;
use warnings;
use Exporter 'import';
use Test::More;

our @EXPORT = qw(npm_tool npm_file);

# Returns the path of a program.  Without it the test is skipped, and fails in
# continuous integration.
sub npm_tool
{
	my ($name) = @_;
	my $path = ($ENV{NPM_TOOLS} // '') . "/node_modules/.bin/$name";

	return -x $path ? $path : missing($name);
}

# Returns the path of a file of a package, which node runs or loads: of a second
# version of a package the programs are not where npm_tool finds them.  Without
# it as above.
sub npm_file
{
	my ($name) = @_;
	my $path = ($ENV{NPM_TOOLS} // '') . "/node_modules/$name";

	return -e $path ? $path : missing($name);
}

# Skips the test that needs it.
sub missing
{
	my ($name) = @_;
	my $reason = "$name is not there: " . (-d ($ENV{NPM_TOOLS} // '') ? 'npm could not install it' : 'it is on npm, which is not there');

	die "$reason\n" if $ENV{CI};
	plan skip_all => $reason;
}

1;
