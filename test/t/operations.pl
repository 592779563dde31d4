# Every recipe of doc/operations.md runs as it stands, in their order, by somebody who may
# do no more than the document says, and prints what the document shows: but for ids and
# times, which differ from night to night.
use strict;
use warnings;

use Cwd;
use IPC::Run ();
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use RestateNode;
use Test::More;

my $node = new_node('main');
$node->safe_psql('postgres', slurp_file(getcwd() . '/examples/roles.sql') . <<'SQL');
CREATE ROLE ann LOGIN IN ROLE restate_operator, restate_reader;
GRANT EXECUTE ON FUNCTION restate_import_invocation(jsonb, jsonb), restate_remove_deployment TO ann;
GRANT CREATE ON SCHEMA public TO ann;
SQL
$node->command_ok([ 'psql', '-XAtq', '-f', getcwd() . '/examples/operations.sql', 'postgres' ], 'the night is made');
is($node->safe_psql('postgres', 'SELECT * FROM restate_verify()'), '', 'and sound');

my $doc = slurp_file('doc/operations.md');
my @blocks;
while ($doc =~ /^```sql\n(.*?)^```\n(?:\n```text\n(.*?)^```\n)?/msg)
{
	my ($sql, $expected, $before) = ($1, $2, $`);
	push @blocks, { sql => $sql, expected => $expected // '', recipe => $before =~ /.*^## (\d+) /ms ? $1 : 0 };
}
my %recipes = map { $_->{recipe} => 1 } @blocks;
is_deeply([ sort { $a <=> $b } keys %recipes ], [ 0 .. 12 ], 'there are twelve recipes, each with something to run');

# What is the same each night.
sub masked
{
	my ($text) = @_;

	$text =~ s/\b(inv|dp)_1\w+/$1_1.../g;
	$text =~ s/\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(?:\.\d+)?(?:Z|\+00| UTC)?/TIME/g;
	$text =~ s/\((?:in )?\d[\ddhms ]*(?: ago)?\)/(AGE)/g;
	$text =~ s/\b\d\d:\d\d:00\b/HH:MM:00/g;
	# each time that \watch prints has its time above it
	$text =~ s/^.*\(every \d+s\)\n\n//mg;
	$text =~ s/[ \t]+$//mg;
	$text =~ s/\n+\z/\n/;
	return $text;
}

# Runs blocks in one psql; returns what each has printed.
sub run_blocks
{
	my $script = join '', map { "$_->{sql}\\echo -- end of block\n" } @_;
	my $output = '';

	IPC::Run::run([ 'psql', '-X', '-v', 'VERBOSITY=default', '-U', 'ann', '-d', $node->connstr('postgres') ], '<', \$script, '>&', \$output);
	return split /^-- end of block\n/m, $output, -1;
}

# Runs a block that goes on for ever, until it prints what it is to print at last.
sub run_watch
{
	my ($block) = @_;
	my ($last) = masked($block->{expected}) =~ /([^\n]*)\n\(1 row\)\n*\z/;
	my $script = "$block->{sql}";
	my $output = '';
	my $psql = IPC::Run::start([ 'psql', '-X', '-U', 'ann', '-d', $node->connstr('postgres') ], '<', \$script, '>&', \$output,
		IPC::Run::timeout($PostgreSQL::Test::Utils::timeout_default));

	eval { $psql->pump until masked($output) =~ /^\Q$last\E\n\(1 row\)$/m; 1 } or diag("$@ $output");
	$psql->kill_kill;
	# it may have gone on
	return masked($output) =~ /\A(.*?^\Q$last\E\n\(1 row\)\n)/ms ? $1 : $output;
}

my @run;
my $first = 0;
for my $i (0 .. $#blocks, undef)
{
	next if defined $i && $blocks[$i]{sql} !~ /\\watch/;
	push @run, run_blocks(@blocks[ $first .. ($i // @blocks) - 1 ]);
	is(pop @run, '', 'all is well at the end') or last;
	last unless defined $i;
	push @run, run_watch($blocks[$i]);
	$first = $i + 1;
}
for my $i (0 .. $#blocks)
{
	my $name = $blocks[$i]{recipe} ? "recipe $blocks[$i]{recipe}" : 'before the recipes';
	is(masked($run[$i] // ''), masked($blocks[$i]{expected}), "$name: $1 prints what the document shows") if $blocks[$i]{sql} =~ /^([^\n]{0,60})/;
}
is($node->safe_psql('postgres', 'SELECT * FROM restate_verify()'), '', 'nothing is broken by it');

done_testing();
