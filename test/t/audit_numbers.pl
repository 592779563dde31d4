# Sessions that write the audit at the same moment give their rows numbers that differ,
# however many each makes: restarts of one invocation never meet in them.
use strict;
use warnings;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use RestateNode;
use Test::More;

my $node = new_node('audit_numbers', 'fsync = off');
my $script = $node->basedir . '/numbers.sql';
my ($sessions, $turns, $each) = (8, 10, 10_000);

append_to_file($script, "INSERT INTO number SELECT restate.new_audit_id(), pg_backend_pid() FROM generate_series(1, $each);\n");
$node->safe_psql('postgres', 'CREATE UNLOGGED TABLE number (id bigint, session integer)');
$node->command_ok([ 'pgbench', '-n', '-c', $sessions, '-t', $turns, '-f', $script, $node->connstr('postgres') ], 'sessions make numbers at the same time');
my $made = $sessions * $turns * $each;
is($node->safe_psql('postgres', 'SELECT count(*), count(DISTINCT session) FROM number'), "$made|$sessions", 'all of them');
is($node->safe_psql('postgres', 'SELECT count(*) - count(DISTINCT id) FROM number'), '0', 'none is made twice');
# in a few microseconds several sessions have made one
cmp_ok($node->safe_psql('postgres', 'SELECT count(*) FROM (SELECT FROM number GROUP BY id >> 11 HAVING count(*) > 1) AS met'), '>', 100, 'though they have met');

done_testing();
