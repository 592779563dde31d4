# The tour in README.md prints what it says: its sql blocks are run in one
# session, and each text block is compared with what the block before printed.
use strict;
use warnings;

use Cwd;
use IPC::Run ();
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $top = getcwd();
my $readme = slurp_file("$top/README.md");

my @blocks;
while ($readme =~ /^```sql\n(.*?)^```\n(?:\n```text\n(.*?)^```\n)?/msg)
{
	push @blocks, { sql => $1, expected => $2 };
}
cmp_ok(scalar @blocks, '>=', 6, 'the README has its tour');

my $node = PostgreSQL::Test::Cluster->new('readme');
$node->init;
$node->start;
$node->safe_psql('postgres', 'CREATE EXTENSION restate_admin');

# generated ids differ from run to run
sub masked
{
	my ($text) = @_;
	$text =~ s/\binv_1[0-9A-Za-z]{33}\b/inv_1.../g;
	$text =~ s/[ \t]+$//mg;
	$text =~ s/\n+\z/\n/;
	return $text;
}

my $marker = '-- end of block';
my $script = join '', map { "$_->{sql}\\echo $marker\n" } @blocks;
my $output = '';
IPC::Run::run(
	[ 'psql', '-qX', '-v', 'VERBOSITY=default', '-d', $node->connstr('postgres'), '-f', '-' ],
	'<', \$script, '>&', \$output);
$output =~ s/^psql:<stdin>:\d+: //mg;
my @outputs = split /^\Q$marker\E\n/m, $output;

for my $i (0 .. $#blocks)
{
	is(masked($outputs[$i] // ''), masked($blocks[$i]{expected} // ''),
		'block ' . ($i + 1) . ' prints what the README says');
}

$node->stop;
done_testing();
