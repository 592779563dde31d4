# Every block of doc/runtime.md runs as it stands, in its order, in one psql; those
# for pg_cron where that is installed, whose clock then runs for real.
use strict;
use warnings;

use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use RestateNode;
use Test::More;

(my $sharedir = `pg_config --sharedir`) =~ s/\s+\z//;
my $has_cron = -e "$sharedir/extension/pg_cron.control";
my $node = new_node('main');
if ($has_cron)
{
	# its jobs reach no server at first: a full minute may begin at any time
	$node->append_conf('postgresql.conf', "shared_preload_libraries = 'pg_cron'\ncron.database_name = 'postgres'\ncron.host = '/nonexistent'");
	$node->restart;
}

my $doc = slurp_file('doc/runtime.md');
my @blocks = $doc =~ /^```sql\n(.*?)^```$/msg;
cmp_ok(scalar @blocks, '>=', 15, 'the document has its blocks');
my @run = grep { $has_cron || !/cron/ } @blocks;
my $script = $node->basedir . '/blocks.sql';
append_to_file($script, join '', map { "\\echo -- block $_\n$run[$_ - 1]" } 1 .. @run);
my ($code, $output, $errors) = $node->psql('postgres', "\\i $script", on_error_stop => 1);
is("$code$errors", '0', 'each runs') or diag($output);
my @printed = split /^-- block \d+(?:\n|\z)/m, $output, -1;
is($printed[-1], '', 'all is well at the end');
is($node->safe_psql('postgres', 'SELECT string_agg(balance::text, \',\' ORDER BY owner) FROM account'), '90,10', 'the step has happened');
like($output, qr/\|previously_accepted$/m, 'the same idempotency key is the same invocation');
like($output, qr/^suspended$/m, 'an attempt that waits is suspended');
like($output, qr/^completed\n.*^backing-off\n.*^paused\nresumed\nkilled\nheld\nreleased\n.*^suspended\nsignalled\nready\n/ms, 'each call does what it is shown for');
is($node->safe_psql('postgres', q{SELECT string_agg(target_handler_name || ' ' || status, ', ' ORDER BY target_handler_name, status) FROM restate.invocation}),
	'add scheduled, nightly scheduled, place completed, place ready, place running, print running, total completed', 'and nothing else has happened');

SKIP:
{
	skip 'there is no pg_cron', 2 unless $has_cron;
	is($node->safe_psql('postgres', 'SELECT count(*) FROM cron.job'), '3', 'pg_cron has its jobs');
	$node->safe_psql('postgres', "UPDATE cron.job SET nodename = '" . $node->host . "'");
	# at the next full minute it takes the attempt whose worker is silent
	ok($node->poll_query_until('postgres', q{SELECT count(*) = 0 FROM restate.invocation WHERE status = 'running'}), 'pg_cron is the clock');
}

done_testing();
