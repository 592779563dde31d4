package RestateCli;

# Restate's command line, as it is published.

use strict;
use warnings;
use Exporter 'import';
use IPC::Run ();
use NpmTool;
use PostgreSQL::Test::Utils;

our @EXPORT = qw(restate_versions run_restate);

# The versions that the tests have, and their programs.
my %file = (1.6 => '@restatedev/restate', 1.7 => 'restate-1.7');
my $home = PostgreSQL::Test::Utils::tempdir;

# Returns the versions; without their programs the test is skipped.
sub restate_versions
{
	npm_file("$_/lib/index.js") for values %file;
	return sort keys %file;
}

# Runs a version for the gateway at a URL; returns its exit code and what it
# printed.
sub run_restate
{
	my ($version, $url, @arguments) = @_;
	my $output = '';

	local $ENV{HOME} = $home;
	local $ENV{RESTATE_CLI_CONFIG_HOME} = "$home/restate";
	local $ENV{RESTATE_ADMIN_URL} = $url;
	local $ENV{DO_NOT_TRACK} = 1;
	local $ENV{RESTATE_DISABLE_TELEMETRY} = 1;
	local $ENV{NO_COLOR} = 1;
	local $ENV{TZ} = 'UTC';
	IPC::Run::run([ 'node', npm_file("$file{$version}/lib/index.js"), @arguments ], '<', \'', '>&', \$output, IPC::Run::timeout($PostgreSQL::Test::Utils::timeout_default));
	return ($? >> 8, $output);
}

1;
