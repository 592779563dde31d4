# make run: what it prints can be tried as it is printed, it can be run again,
# and make stop leaves nothing behind.
use strict;
use warnings;

use Cwd;
use HTTP::Tiny;
use IPC::Run ();
use PostgreSQL::Test::Utils;
use Test::More;

my $cluster = getcwd() . '/test/cluster';

# Runs a command in a shell and returns its exit code and what it printed.
sub shell
{
	my ($command) = @_;
	my $output = '';

	local $ENV{PGPORT};
	delete $ENV{PGPORT};
	IPC::Run::run([ 'bash', '-c', $command ], '<', \'', '>&', \$output);
	return ($? >> 8, $output);
}

for my $time ('first', 'second')
{
	my ($code, $output) = shell("'$cluster' start");

	is($code, 0, "the $time run succeeds") or diag($output);
	like($output, qr/^1\. A worker starts.*^ +problems that restate_verify\(\) finds: 0$/ms, "the $time run shows workers");
	my @lines = $output =~ /^.* (curl .*)$/mg;
	is(scalar @lines, 3, "the $time run prints three requests");
	my ($rc, $rows) = shell("$lines[0] -fsS");
	like($rows, qr/^\{"rows":\[\{"id":"inv_1.*\}\]\}$/, 'the first lists invocations');
	($rc, my $new) = shell("$lines[1] -fsS");
	like($new, qr/^\{"new_invocation_id":"inv_1\w{33}"\}$/, 'the second restarts one');
	($rc, my $purged) = shell("$lines[2] -fsS");
	like($purged, qr{^HTTP/1.1 200 OK\r$}m, 'the third purges a journal');

	my ($url) = $lines[0] =~ m{(http://127\.0\.0\.1:\d+)};
	($rc, my $env) = shell("'$cluster' env");
	my ($dir) = $env =~ m{^export PGHOST='(/\S+/restate_admin\.\w+)' };
	($rc, my $version) = shell(qq{eval "\$('$cluster' env)" && psql -XAtc "SELECT extversion FROM pg_extension WHERE extname = 'restate_admin'" && restate-gateway --version});
	my ($default) = slurp_file(getcwd() . '/restate_admin.control') =~ /default_version = '(.*)'/;
	like($version, qr/^\Q$default\E\n.*\Q$default\E/, 'its shell has the database and the gateway');
	next if $time eq 'first';
	is((shell("'$cluster' stop"))[0], 0, 'stopping succeeds');
	isnt(HTTP::Tiny->new(timeout => 5)->get("$url/version")->{status}, 200, 'the gateway is gone');
	ok(!-e $dir, 'the files are gone');
}

done_testing();
