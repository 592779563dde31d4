# The worker that people copy, killed at each of its statements: what it
# did in the database happened exactly once, no step is done again that the journal
# has, and all journals are as if nothing had happened.  And what it is shown with.
use strict;
use warnings;

use IPC::Run ();
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use RestateNode;
use Test::More;

IPC::Run::run([ '/usr/bin/python3', '-c', 'import psycopg' ], '<', \undef, '>&', \my $missing)
	or plan skip_all => 'there is no psycopg for /usr/bin/python3';

my $node = new_node('main');
$ENV{PGHOST} = $node->host;
$ENV{PGPORT} = $node->port;
$ENV{PGDATABASE} = 'postgres';
# what is imported would be compiled, and left in the tree
$ENV{PYTHONDONTWRITEBYTECODE} = 1;

sub query
{
	my ($sql) = @_;

	return $node->safe_psql('postgres', $sql);
}

query(q{CREATE TABLE account (owner text PRIMARY KEY, balance integer CHECK (balance >= 0)); INSERT INTO account VALUES ('shop', 0)});
my ($output, $errors);
IPC::Run::run([ '/usr/bin/python3', 'test/lib/worker_points.py' ], '<', \undef, '>', \$output, '2>', \$errors);
is("$?$errors", '0', 'each order is run to its end, wherever a worker was killed');
my $points = int $output;
cmp_ok($points, '>', 25, 'a worker was killed at many points');
# one order was not disturbed, and one was taken from a worker that stood still
my $orders = $points + 2;
is(query(q{SELECT count(*), sum(balance) FROM account WHERE owner <> 'shop'}), "$orders|0", 'each customer paid once');
is(query(q{SELECT balance FROM account WHERE owner = 'shop'}), 10 * $orders, 'the shop got each payment once');
is(query(q{SELECT target_service_name, count(*), count(DISTINCT journal), count(*) FILTER (WHERE completion_result = 'success')
FROM (SELECT i.target_service_name, i.completion_result, string_agg(concat_ws(' ', e.index, e.entry_type, e.name, e.completion_id), ',' ORDER BY e.index) AS journal
	FROM restate.sys_invocation AS i JOIN restate.sys_journal AS e ON e.id = i.id GROUP BY i.id, i.target_service_name, i.completion_result) AS j
GROUP BY 1 ORDER BY 1}), join("\n", map { "$_|$orders|1|$orders" } 'Counter', 'Order', 'Parcel'),
	'all journals of a handler are the same');
is(query(q{SELECT convert_from(value, 'UTF8') FROM restate.object_state}), $orders, 'the counter has counted each order');
is(query(q{SELECT count(DISTINCT n), min(n), max(n) FROM (SELECT (convert_from((restate_output(id)).value, 'UTF8')::jsonb -> 'number')::int
	FROM restate.sys_invocation WHERE target_service_name = 'Order') AS r (n)}), "$orders|1|$orders", 'each has a number of its own');
is(query('SELECT count(*) FROM restate_verify()'), '0', 'all is well');

# what is asked for from outside while a worker runs
query(q{INSERT INTO account VALUES ('ann', 30)});
my $said = '';
# long enough to kill it in
local $ENV{STEP_SECONDS} = 4;
my $worker = IPC::Run::start([ 'examples/worker/worker.py' ], '<', \undef, '>&', \$said, IPC::Run::timeout($PostgreSQL::Test::Utils::timeout_default));
my $submit = q{SELECT (restate_submit('Order', 'place', '{"customer": "ann", "item": "%s", "price": 10}')).id};
my $killed = query(sprintf $submit, 'lamp');
$worker->pump until $said =~ /pays 10 for the lamp/ || !$worker->pumpable;
is(query("SELECT restate_kill('$killed')"), 'killed', 'a running order can be killed');
my $cancelled = query(sprintf $submit, 'clock');
$worker->pump until $said =~ /packs the clock/ || !$worker->pumpable;
is(query("SELECT restate_cancel('$cancelled')"), 'signalled', 'a running order can be cancelled');
ok($node->poll_query_until('postgres', "SELECT status = 'completed' FROM restate_output('$cancelled')"), 'and ends');
is(query("SELECT failure FROM restate_output('$killed') UNION ALL SELECT failure FROM restate_output('$cancelled')"),
	"[409] killed\n[409] cancelled", 'with these failures');
is(query(q{SELECT balance FROM account WHERE owner = 'ann'}), '20', 'the one that was killed in its payment has paid nothing');
unlike($said, qr/packs the lamp|prints the label/, 'neither went on');
ok($worker->pumpable, 'the worker goes on');
$worker->signal('KILL');
$worker->finish;
is(query('SELECT count(*) FROM restate_verify()'), '0', 'all is well');

# the demo
delete $ENV{STEP_SECONDS};
IPC::Run::run([ 'examples/worker/demo.sh' ], '<', \undef, '>&', \$output, IPC::Run::timeout($PostgreSQL::Test::Utils::timeout_default));
is($?, 0, 'the demo runs') or diag($output);
like($output, qr/^2\. .*\n.*: ann 100, shop 0\n3\. .*\n(?:   worker .*\n)+.*\n.*: ann 80, shop 20\n4\. .*\n   worker .*receipt.*\n.*: ann 80, shop 20\n   order 1: .*\n   order 2: .*\n.*: 0\n\z/m,
	'and shows what it says') or diag($output);
is(query(q{SELECT count(*) FROM restate.sys_invocation WHERE restarted_from IS NOT NULL AND status = 'completed'}), '1', 'the restart has completed');

done_testing();
