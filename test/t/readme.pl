# The README is a path that can be walked: its commands are run in its order, in
# one shell that starts in a clone, with nothing set up before.  Blocks of text
# are compared with what the SQL before them printed, and so is what the console
# blocks say that the gateway answers.
#
# It runs as root too.
use strict;
use warnings;

use Cwd;
use File::Temp ();
use IO::Socket::INET;
use IPC::Open2 ();
use Test::More;

my $tmp = File::Temp->newdir(TMPDIR => 1);
my ($in, $out);
my $pid = IPC::Open2::open2($out, $in, 'bash', '--norc');
$in->autoflush(1);
print $in "exec 2>&1\nunset PGHOST PGPORT PGUSER PGDATABASE\n";

# Runs commands in the shell; returns how the last ended and what they printed.
sub shell
{
	my ($commands) = @_;
	my $output = '';

	print $in "{ $commands\n} </dev/null\necho \"END-OF-COMMAND \$?\"\n";
	while (my $line = readline $out)
	{
		return ($2, $output . $1) if $line =~ /^(.*)END-OF-COMMAND (\d+)$/;
		$output .= $line;
	}
	return (-1, $output);
}

sub slurp
{
	my ($file) = @_;

	open my $handle, '<', $file or die "$file: $!";
	local $/;
	return readline $handle;
}

# generated ids differ from run to run
sub masked
{
	my ($text) = @_;

	$text =~ s/\binv_1[0-9A-Za-z]{33}\b/inv_1.../g;
	$text =~ s/[ \t]+$//mg;
	$text =~ s/\n+\z/\n/;
	return $text;
}

my $readme = slurp('README.md');
my ($try) = $readme =~ /^## Try it\n.*?\n\n((?:    [^\n]*\n)+)/ms or die 'the README has nothing to try';
my ($tour) = $readme =~ /^## Five minutes\n(.*?)^## /ms or die 'the README has no tour';
my ($http) = $readme =~ /^## Over HTTP\n(.*?)^## /ms or die 'the README has no tour over HTTP';
my ($privileges) = $readme =~ /^## Privileges\n(.*?)^## /ms or die 'the README has no roles';

# what to try
my @commands = grep { length } map { s/^    //r } split /\n/, $try;
is($commands[0], 'make run', 'make run is the first command');
for my $command (@commands)
{
	my ($code, $output) = shell($command);
	is($code, 0, $command) or diag($output);
}

# the tour, in one psql
my @blocks;
while ($tour =~ /^```sql\n(.*?)^```\n(?:\n```text\n(.*?)^```\n)?/msg)
{
	push @blocks, { sql => $1, expected => $2 };
}
cmp_ok(scalar @blocks, '>=', 5, 'the README has its tour');
my $marker = '-- end of block';
open my $script, '>', "$tmp/tour.sql" or die $!;
print $script map { "$_->{sql}\\echo $marker\n" } @blocks;
close $script;
my (undef, $output) = shell("psql -qX -v VERBOSITY=default -d orders -f $tmp/tour.sql");
$output =~ s/^psql:[^ ]*: //mg;
my @outputs = split /^\Q$marker\E\n/m, $output;
for my $i (0 .. $#blocks)
{
	is(masked($outputs[$i] // ''), masked($blocks[$i]{expected} // ''),
		'block ' . ($i + 1) . ' prints what the README says');
}

# the worker
my ($run) = $readme =~ /^## Run invocations\n.*?\n\n((?:    [^\n]*\n)+)/ms or die 'the README runs no invocations';
my ($ran, $shown) = shell($run);
is($ran, 0, 'the worker is shown') or diag($shown);

# the gateway, on a port that is free here
my $free = IO::Socket::INET->new(LocalAddr => '127.0.0.1', Listen => 1) or die "no free port: $!";
my $address = '127.0.0.1:' . $free->sockport;
close $free;
my ($start) = $http =~ /\n\n((?:    .*\n)+)/ or die 'the README does not start the gateway';
$start =~ s/^    //mg;
$start =~ s/^(restate-gateway (?:.*\\\n)*.*)$/$1 --listen=$address >$tmp\/gateway.log 2>&1 &/m or die 'no gateway is started';
my $code;
($code, $output) = shell("$start gateway=\$!\ncurl -fsS --retry 20 --retry-delay 1 --retry-connrefused -o /dev/null $address/health");
is($code, 0, 'the gateway starts and reaches its database') or diag($output, slurp("$tmp/gateway.log"));
unlike($output, qr/ERROR/, 'its roles are made without an error');

# the id that the README's session made is another one in ours
my ($theirs) = $tour =~ /^ (inv_1\w{33}) +\| f .*?not_completed/m;
(undef, my $ours) = shell(q{psql -XAtq -d orders -c 'SELECT id FROM restate.invocation WHERE restarted_from IS NOT NULL'});
chomp $ours;
my @requests;
while ($http =~ /^```console\n(.*?)^```\n/msg)
{
	push @requests, grep { length } split /^\$ /m, $1;
}
cmp_ok(scalar @requests, '>=', 5, 'the README has its tour over HTTP');
for my $request (@requests)
{
	my ($line, $expected) = split /\n/, $request, 2;
	(my $run = $line) =~ s/localhost:9070/$address/;
	$run =~ s/\Q$theirs\E/$ours/;
	$run =~ s/^curl/curl -sS/;
	(undef, my $printed) = shell($run);
	is(masked("$printed\n"), masked($expected), $line);
}
shell('kill $gateway; wait $gateway');

# roles, as a file and as they are shown
my ($make_roles) = $privileges =~ /\n\n((?:    .*\n)+)/ or die 'the README makes no roles';
($code, $output) = shell($make_roles);
is("$code $output", '0 ' . join('', $output =~ /^(?:CREATE ROLE|GRANT)\n/mg), 'the roles are made');
like($output, qr/^CREATE ROLE$/m, 'there are some');
my ($grants) = $privileges =~ /^```sql\n(.*?)^```\n/ms or die 'the README shows no roles';
open $script, '>', "$tmp/grants.sql" or die $!;
print $script $grants;
close $script;
($code, $output) = shell("psql -qX -v ON_ERROR_STOP=1 -d orders -f $tmp/grants.sql");
is("$code $output", '0 ', 'what is shown of the roles can be run');

# what "Before you rely on it" tells of
($code, $output) = shell('pg_dump -n restate | grep -c "^COPY restate"; pg_dump -e restate_admin -n public | grep -c "^COPY restate"');
my ($without, $with) = split /\n/, $output;
is($without, 0, 'a dump of the schema holds no table, as the README warns');
cmp_ok($with, '>', 5, 'one with the extension holds them, as the README says');
my ($purge) = $readme =~ /^  ```text\n(.*?)^  ```$/ms or die 'the README does not say how to purge';
open $script, '>', "$tmp/purge.sql" or die $!;
print $script "UPDATE restate.invocation SET completed_at = '2020-01-01', created_at = '2020-01-01' WHERE status = 'completed';\n", $purge;
close $script;
($code, $output) = shell("psql -XAtq -v ON_ERROR_STOP=1 -d orders -f $tmp/purge.sql");
like("$code $output", qr/^0 purged\|[1-9]\d*\n$/, 'what is beyond its retention is purged');
($code, $output) = shell('psql -Xq -d orders -c "SHOW restate_admin.reason"; ' .
	q{psql -XAtq -d orders -c "ALTER DATABASE orders SET session_preload_libraries = 'restate_admin'" && psql -XAtq -d orders -c 'SHOW restate_admin.audit'});
like($output, qr/^ERROR:  unrecognized configuration parameter "restate_admin.reason"\non\n$/, 'settings are known once the library is loaded');

($code, $output) = shell('make stop');
is($code, 0, 'make stop') or diag($output);
close $in;
waitpid $pid, 0;
done_testing();
