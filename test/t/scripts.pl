# What the scripts promise: all that is missing for the build is named at once,
# a PostgreSQL that has everything is preferred, and of a suite that runs out of
# time the tests that had ended count.
use strict;
use warnings;

use Cwd;
use File::Temp ();
use IPC::Run ();
use Test::More;

my $top = getcwd();
my $tmp = File::Temp->newdir(TMPDIR => 1);

# Runs a command in a shell; returns how it ended and what it printed.
sub shell
{
	my ($command) = @_;
	my $output = '';

	IPC::Run::run([ 'bash', '-c', $command ], '<', \'', '>&', \$output);
	return ($? >> 8, $output);
}

# Makes a program.
sub program
{
	my ($file, $text) = @_;

	open my $out, '>', $file or die "$file: $!";
	print $out $text;
	close $out;
	chmod 0755, $file;
	return $file;
}

# Makes a pg_config of a version that has neither headers nor programs.
sub bare_pg_config
{
	my ($dir, $major) = @_;

	mkdir $dir;
	return program("$dir/pg_config",
		"#!/bin/sh\ncase \$1 in --version) echo PostgreSQL $major.1 ;; --cc) echo gcc ;; *) echo $dir/nothing ;; esac\n");
}

my $needs = "'$top/packaging/needs'";
my $bare = bare_pg_config("$tmp/bare", 15);
my ($code, $output) = shell("PG_CONFIG=$bare CC=no-such-compiler $needs say extension gateway server no-such-program");
is($code, 0, 'what is missing can be told');
like($output, qr/^missing: .*headers of PostgreSQL 15, no-such-compiler, .*programs of PostgreSQL 15, no-such-program; Debian's packages: postgresql-server-dev-15 gcc .*postgresql-15 no-such-program\n\z/,
	'all of it is named, in one line');
($code, $output) = shell("PG_CONFIG=$bare $needs packages extension server");
is($output, "postgresql-server-dev-15\npostgresql-15\n", 'what is there is not asked for');
($code, $output) = shell('PG_CONFIG=' . bare_pg_config("$tmp/old", 14) . " $needs say extension");
is("$code $output", "1 PostgreSQL 14 is none of 15 to 19\n", 'one that is too old is refused');
($code, $output) = shell("PG_CONFIG=$tmp/absent $needs say extension");
is("$code $output", "1 PG_CONFIG=$tmp/absent cannot be run\n", 'one that is not there is refused');
($code, $output) = shell("unset PG_CONFIG; PATH=$tmp/bare:\$PATH $needs find extension");
SKIP:
{
	skip 'there is no other PostgreSQL where it would be found', 1 unless glob '/usr/lib/postgresql/*/include/server/postgres.h /usr/include/postgresql/*/server/postgres.h';
	unlike($output, qr/^\Q$bare\E$/, 'one that has everything is preferred to the one on the PATH');
}
($code, $output) = shell("make PG_CONFIG=$bare");
like($output, qr/missing: .*headers of PostgreSQL 15[,;]/, 'make names what is missing');
is(scalar split(/\n/, $output), 1, 'in one line') or diag($output);

# a test that ends, one that skips, and one that does not end
program("$tmp/1.t", "print qq(1..2\\nok 1\\nok 2 # SKIP no\\n)");
program("$tmp/2.t", "print qq(1..0 # SKIP nothing here\\n)");
program("$tmp/3.t", "\$| = 1; print qq(1..2\\nok 1\\n); sleep 60");
my $common = ". '$top/test/lib/common.sh'; set +e; PERL5LIB='$top/test/lib' run_for";
my $tally = "rc=\$?; echo \"\$rc: \$(tally_of $tmp/log \$rc)\"";
($code, $output) = shell("$common 60 $tmp/log prove --formatter=Tally --trap $tmp/1.t $tmp/2.t; $tally");
is($output, "0: 1 passed, 0 failed, 2 skipped\n", 'what is skipped is counted as that');
($code, $output) = shell("$common 15 $tmp/log prove --formatter=Tally --trap --jobs=2 $tmp/1.t $tmp/2.t $tmp/3.t; $tally");
is($output, "124: 1 passed, 1 failed, 2 skipped\n", 'out of time, what has ended counts, and the rest has failed');

done_testing();
