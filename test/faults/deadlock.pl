# Every pair of operations, on one invocation, as a batch or joined, beside a
# runtime: six clients run these on the same few invocations, in any order.  The
# operations are rolled back, so that each pair finds the same; only the
# runtime's object keys come and go.  No pair ever deadlocks.
# DEADLOCK_TRANSACTIONS says how many transactions a client runs of a pair.
use strict;
use warnings;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use RestateLoad;
use RestateNode;
use Test::More;

my $transactions = $ENV{DEADLOCK_TRANSACTIONS} || 30;
my $seed = load_seed();
srand($seed);
my $node = new_node('deadlock', "max_connections = 30\ndeadlock_timeout = 20ms\nlog_statement = none");

# Returns how many invocations there are in each status.
sub statuses
{
	return { map { split /\|/ } split /\n/, $node->safe_psql('postgres', 'SELECT status, count(*) FROM restate.invocation GROUP BY 1') };
}

# A load leaves invocations in every state that share object keys and call each
# other.  Some more complete on four keys, and those that nobody holds are
# forgotten: a restart makes them.
my $load = new_load($node, seed => $seed, size => 60, keys => 5);
stop_clients(start_clients($load, 4, 6));
for (1 .. 10)
{
	last if keys %{ statuses() } >= 4;
	stop_clients(start_clients($load, 4, 2));
}
$node->safe_psql('postgres', <<'SQL');
SELECT load.add('object', k, 'all', NULL) FROM unnest(ARRAY['w', 'x', 'y', 'z']) AS k, generate_series(1, 3);
SELECT restate_kill_batch(ARRAY(SELECT id FROM restate.invocation WHERE target_service_key IN ('w', 'x', 'y', 'z')));
DELETE FROM restate.object_key WHERE holder IS NULL;
CREATE TABLE pool AS SELECT row_number() OVER () AS n, i.id, i.target_service_key AS key FROM restate.invocation AS i;
CREATE FUNCTION try(action text, seed float8) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
  ids restate_invocation_id[];
BEGIN
  PERFORM setseed(seed);
  ids := ARRAY(SELECT id FROM pool ORDER BY random() LIMIT 8);
  IF action = 'use_key' THEN
    PERFORM load.lock_key(key) FROM (SELECT key FROM pool WHERE key IS NOT NULL ORDER BY random() LIMIT 1) AS one;
  ELSIF action = 'forget_key' THEN
    DELETE FROM restate.object_key WHERE holder IS NULL
      AND service_key = (SELECT key FROM pool WHERE key IS NOT NULL ORDER BY random() LIMIT 1);
  ELSIF action = 'joined' THEN
    PERFORM restate_joined(o.operation, ids, modes => CASE WHEN o.operation = 'delete_invocation' THEN o.modes END)
    FROM (SELECT (ARRAY['purge_journal', 'delete_invocation', 'restart_as_new', 'cancel', 'kill', 'purge', 'pause', 'resume'])[1 + floor(random() * 8)] AS operation,
      ARRAY['purge', 'cancel', 'kill', 'purge', 'cancel', 'kill', 'purge', 'kill'] AS modes) AS o;
  ELSIF action LIKE '%_batch' THEN
    EXECUTE format('SELECT count(*) FROM restate_%s($1)', action) USING ids;
  ELSE
    EXECUTE format('SELECT restate_%s($1)', action) USING ids[1];
  END IF;
EXCEPTION
  -- refused, or more kept coming within reach
  WHEN OTHERS THEN
    IF SQLSTATE NOT LIKE 'PT%' AND SQLSTATE <> '40001' THEN
      RAISE;
    END IF;
END
$$;
SQL
my $statuses = statuses();
cmp_ok(scalar(keys %$statuses), '>=', 4, 'there are invocations in ' . join(', ', map { "$_: $statuses->{$_}" } sort keys %$statuses));
is($node->safe_psql('postgres', "SELECT string_agg(problem, ', ') FROM ($RestateLoad::verify) AS v"), '', 'every invariant holds');
cmp_ok($node->safe_psql('postgres', <<'SQL'), '>=', 2, 'some object keys are to be made');
SELECT count(DISTINCT key) FROM pool WHERE key NOT IN (SELECT service_key FROM restate.object_key)
SQL
my $digest = digest($node, 'postgres');

my @actions = ('joined', map { ($_, "${_}_batch") } qw(purge_journal delete_invocation restart_as_new cancel kill purge pause resume));
my $dir = $node->basedir;
for my $action (@actions)
{
	open my $script, '>', "$dir/$action.sql" or die "$!";
	print $script "\\set seed random(0, 1000000)\nBEGIN;\nSELECT try('$action', :seed / 1000000.0);\nROLLBACK;\n";
	close $script;
}
# a key is used for a moment in each transaction
open my $runtime, '>', "$dir/runtime.sql" or die "$!";
print $runtime "\\set seed random(0, 1000000)\nBEGIN;\nSELECT try('use_key', :seed / 1000000.0);\n\\sleep 4 ms\nCOMMIT;\n",
  "SELECT try('forget_key', :seed / 2000000.0);\nSELECT try('use_key', :seed / 3000000.0);\nSELECT try('forget_key', :seed / 4000000.0);\n";
close $runtime;
my @deadlocks;
my $pairs = 0;
for my $i (0 .. $#actions)
{
	for my $j ($i .. $#actions)
	{
		my ($out, $err);
		my $log_size = -s $node->logfile;
		my $done = PostgreSQL::Test::Utils::run_log([ 'pgbench', '-n', '-c', 6, '-j', 1, '-t', $transactions, '--random-seed', $seed,
			'-f', "$dir/$actions[$i].sql", '-f', "$dir/$actions[$j].sql", '-f', "$dir/runtime.sql", $node->connstr('postgres') ], '>', \$out, '2>', \$err);
		my $log = substr slurp_file($node->logfile), $log_size;

		push @deadlocks, "$actions[$i], $actions[$j]: " . (($log =~ /(deadlock detected.*)/s)[0] // $err)
		  if !$done || $log =~ /deadlock detected/ || $out =~ /number of failed transactions: [1-9]/;
		$pairs++;
	}
}
is(join("\n", @deadlocks), '', "no deadlock, nor another error, of $pairs pairs");
$node->safe_psql('postgres', 'DELETE FROM restate.object_key WHERE holder IS NULL');
is(digest($node, 'postgres'), $digest, 'nothing has changed');

done_testing();
