# The tour in README.md prints what it says: its sql blocks are run in one
# session, and each text block is compared with what the block before printed;
# then the commands of its console blocks are run against the gateway.
use strict;
use warnings;

use Cwd;
use IPC::Run ();
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

use RestateGateway;

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

# the id that the README's session made is another one in ours
my ($restarted) = $readme =~ /^ inv_1\w+ +\| f .*?not_completed/m ? $& =~ /(inv_1\w{33})/ : ();
my $ours = $node->safe_psql('postgres', 'SELECT id FROM restate.invocation WHERE restarted_from IS NOT NULL');
my @commands;
while ($readme =~ /^```console\n(.*?)^```\n/msg)
{
	push @commands, grep { length } split /^\$ /m, $1;
}
cmp_ok(scalar @commands, '>=', 5, 'the README has its tour over HTTP');

$node->safe_psql('postgres', slurp_file("$top/examples/gateway_roles.sql"));
my $database = 'host=' . $node->host . ' port=' . $node->port . ' dbname=postgres';
my $gateway = start_gateway($node, "--db=$database user=restate_gateway", "--query-db=$database user=restate_gateway_reader");
for my $command (@commands)
{
	my ($line, $expected) = split /\n/, $command, 2;
	(my $run = $line) =~ s/localhost:9070/127.0.0.1:$gateway->{port}/;
	$run =~ s/\Q$restarted\E/$ours/;
	$run =~ s/^curl/curl -sS/;
	my $printed = '';
	IPC::Run::run([ 'sh', '-c', $run ], '<', \'', '>&', \$printed);
	is(masked("$printed\n"), masked($expected), $line);
}

stop_gateway($gateway);
$node->stop;
done_testing();
