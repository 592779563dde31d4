# The README is a path that can be walked: its commands are run in its order, in
# one shell that starts in a clone, with nothing set up before.  Blocks of text
# are compared with what the commands or the SQL before them printed.
#
# It runs as root too.  Where there is no npm, the tour of a service is left out, as the
# README says, but in continuous integration.
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

# What differs from run to run: generated ids, times, ports, the directory.
sub masked
{
	my ($text) = @_;

	$text =~ s/\b(inv|dp)_1[0-9A-Za-z]{20,33}\b/$1_1.../g;
	$text =~ s/\b\d{4}-\d\d-\d\dT[\d:.]+Z \([^)]* ago\)/TIME/g;
	$text =~ s{http://127\.0\.0\.1:\d+}{http://127.0.0.1:PORT}g;
	$text =~ s{/tmp\S*/restate_admin\.\w+}{DIR}g;
	$text =~ s/[ \t]+$//mg;
	$text =~ s/\n+\z//;
	return $text;
}

# Returns a section of the README, up to the next of its level.
my $readme = slurp('README.md');
sub section
{
	my ($title) = @_;

	my ($text) = $readme =~ /^## \Q$title\E\n(.*?)(?=^## |\z)/ms or die "the README has no section $title";
	return $text;
}

# Returns the first indented block of a section.
sub indented
{
	my ($title) = @_;

	my ($block) = section($title) =~ /\n\n((?:    [^\n]*\n)+)/ or die "$title has no commands";
	return $block =~ s/^    //mgr;
}

# Runs the blocks of a section in order and compares what they print: sh in the shell, what
# is SQL without other commands between in one psql.  Where a block looks at what is about to
# happen it looks again, as a reader would.
sub walk
{
	my ($title) = @_;
	my $marker = '-- end of block';
	my @blocks;

	my $text = section($title);
	while ($text =~ /^```(sh|sql)\n(.*?)^```\n(?:\n```text\n(.*?)^```\n)?/msg)
	{
		push @blocks, { language => $1, commands => $2, expected => $3 // '' };
	}
	while (@blocks)
	{
		my $first = $blocks[0];
		if ($first->{language} eq 'sh')
		{
			my ($tries, $output) = (0);
			do
			{
				sleep 1 if $tries;
				(undef, $output) = shell($first->{commands});
			} while ($first->{commands} =~ /^psql/ && masked($output) ne masked($first->{expected}) && ++$tries < 60);
			is(masked($output), masked($first->{expected}), "$title: " . $first->{commands} =~ s/\n.*//sr);
			shift @blocks;
			next;
		}
		my @together;
		push @together, shift @blocks while @blocks && $blocks[0]{language} eq 'sql';
		open my $script, '>', "$tmp/tour.sql" or die $!;
		print $script map { "$_->{commands}\\echo $marker\n" } @together;
		close $script;
		my (undef, $output) = shell("psql -X -v VERBOSITY=default -f $tmp/tour.sql");
		$output =~ s/^psql:[^ ]*: //mg;
		my @outputs = split /^\Q$marker\E\n/m, $output;
		is(masked($outputs[$_] // ''), masked($together[$_]{expected}), "$title: " . $together[$_]{commands} =~ s/\n.*//sr) for 0 .. $#together;
	}
	return;
}

# what to try; curl tells of its progress where nobody looks on
shell(q{curl() { command curl -sS "$@"; }});
my @commands = split /\n/, indented('Try it');
is($commands[0], 'make run', 'make run is the first command');
my ($code, $run) = shell('make run');
is($code, 0, 'make run') or diag($run);
for my $command (@commands[1 .. $#commands])
{
	($code, my $output) = shell($command);
	is($code, 0, $command) or diag($output);
}

# the tour, and what is told of the gateway with what that has left
SKIP:
{
	my ($none) = shell('! command -v npm');
	skip 'there is no npm', 1 if $none == 0 && !$ENV{CI};
	my ($tour) = $readme =~ /^```console\n(.*?)^```\n/ms or die 'the README shows no tour';
	my ($walked) = $run =~ /^(\$ eval .*?)^go on with:/ms;
	is(masked($walked // $run), masked($tour), 'make run walks the tour that the README shows');
	walk('Ten minutes');
	walk('Services and the gateway');
}

# the worker
($code, my $output) = shell(indented('Workers in SQL'));
is($code, 0, 'the worker is shown') or diag($output);

# on a server of the reader's: what is built is there, and the ports are others here
my @blocks = section('On a server of yours') =~ /\n\n((?:    [^\n]*\n)+)/g;
my $start = $blocks[1] =~ s/^    //mgr;
my @free = map { IO::Socket::INET->new(LocalAddr => '127.0.0.1', Listen => 1) or die "no free port: $!" } 1, 2;
my ($admin, $ingress) = map { '127.0.0.1:' . $_->sockport } @free;
close $_ for @free;
$start =~ s/127\.0\.0\.1:8080/$ingress/ or die 'no ingress is started';
$start =~ s/^(restate-gateway (?:.*\\\n)*.*)$/$1 --listen=$admin >$tmp\/gateway.log 2>&1 &/m or die 'no gateway is started';
($code, $output) = shell("$start gateway=\$!\ncommand curl -f -s --retry 60 --retry-delay 1 --retry-connrefused -o /dev/null $admin/health && curl -f $ingress/restate/health");
like("$code $output", qr/^0 (?:[A-Z ]+\n)+\{"services": \[\]\}$/, 'the gateway starts, reaches its database and takes calls') or diag(slurp("$tmp/gateway.log"));
shell('kill $gateway; wait $gateway');

# roles, as a file and as they are shown
my $privileges = section('Privileges');
($code, $output) = shell(indented('Privileges'));
is("$code $output", '0 ' . join('', $output =~ /^(?:CREATE ROLE|GRANT)\n/mg), 'the roles are made');
like($output, qr/^CREATE ROLE$/m, 'there are some');
my ($grants) = $privileges =~ /^```sql\n(.*?)^```\n/ms or die 'the README shows no roles';
open my $script, '>', "$tmp/grants.sql" or die $!;
print $script $grants;
close $script;
($code, $output) = shell("psql -qX -v ON_ERROR_STOP=1 -d orders -f $tmp/grants.sql");
is("$code $output", '0 ', 'what is shown of the roles can be run');

# what doc/production.md tells of
my $production = slurp('doc/production.md');
($code, $output) = shell('pg_dump -n restate | grep -c "^COPY restate"; pg_dump -e restate_admin -n public | grep -c "^COPY restate"');
my ($without, $with) = split /\n/, $output;
is($without, 0, 'a dump of the schema holds no table, as is warned');
cmp_ok($with, '>', 5, 'one with the extension holds them');
my ($purge) = $production =~ /^  ```text\n(.*?)^  ```$/ms or die 'there is nothing on how to purge';
open $script, '>', "$tmp/purge.sql" or die $!;
print $script "UPDATE restate.invocation SET completed_at = '2020-01-01', created_at = '2020-01-01' WHERE status = 'completed';\n", $purge;
close $script;
($code, $output) = shell("psql -XAtq -v ON_ERROR_STOP=1 -f $tmp/purge.sql");
like("$code $output", qr/^0 purged\|[1-9]\d*\n$/, 'what is beyond its retention is purged');
($code, $output) = shell('psql -Xq -d orders -c "SHOW restate_admin.reason"; ' .
	q{psql -XAtq -d orders -c "ALTER DATABASE orders SET session_preload_libraries = 'restate_admin'" && psql -XAtq -d orders -c 'SHOW restate_admin.audit'});
like($output, qr/^ERROR:  unrecognized configuration parameter "restate_admin.reason"\non\n$/, 'settings are known once the library is loaded');

($code, $output) = shell('make stop');
is($code, 0, 'make stop') or diag($output);
close $in;
waitpid $pid, 0;
done_testing();
