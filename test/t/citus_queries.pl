# On tables that Citus distributes, calls go to shards: how many queries they take, that a
# transaction is open when they lock, and on how many nodes it commits.
use strict;
use warnings;
use PostgreSQL::Test::Cluster;
use Test::More;
use RestateCitus;

my $why_not = no_citus();
plan skip_all => $why_not if $why_not;

my $shards = 4; # as in new_citus
my ($coordinator, $worker, $other) = new_citus(settings => "citus.local_hostname = '$PostgreSQL::Test::Cluster::test_pghost'\n");

# Runs SQL on a node, the coordinator if none is told; returns what it says to the other
# nodes for it, and has Citus run on itself, a line each.
sub said
{
	my ($sql, $node) = @_;
	my (undef, undef, $said) = ($node // $coordinator)->psql('postgres',
		"SET client_min_messages = log; SET citus.log_remote_commands = on; SET citus.log_local_commands = on; $sql");

	return join "\n", grep { /ERROR|issuing|executing the command locally/ } split /\n/, $said;
}

# Returns how often something is said.
sub count_of
{
	my ($what, $said) = @_;

	return scalar(() = $said =~ /$what/g);
}

# Returns the first of the invocations with these numbers that is on the worker.
sub of_worker
{
	my ($first, $last) = @_;
	my ($id) = split /\n/, $coordinator->safe_psql('postgres', 'SELECT t.id FROM public.target AS t JOIN pg_dist_placement AS p'
		  . " ON p.shardid = get_shard_id_for_distribution_column('restate.invocation', restate_partition_key_of_id(t.id))"
		  . " JOIN pg_dist_node AS n ON n.groupid = p.groupid WHERE t.n BETWEEN $first AND $last AND n.nodeport = " . $worker->port . ' ORDER BY t.n');

	return $id;
}

$coordinator->safe_psql('postgres', <<'SQL');
SELECT FROM restate_distribute();
SELECT FROM restate_register_deployment('worker:w', '{"services": [{"name": "Svc", "ty": "SERVICE", "handlers": [{"name": "run"}]}]}');
CREATE TABLE public.target (n serial, id restate_invocation_id);
DO $$
DECLARE
  s record;
BEGIN
  FOR i IN 1 .. 90 LOOP
    SELECT * INTO s FROM restate_submit('Svc', 'run', claim_for => 'w');
    PERFORM restate_complete(s.id, s.attempt, 1, ARRAY[jsonb '{"Command": {"Output": {"result": {"Success": [1]}, "name": ""}}}']);
    INSERT INTO public.target (id) VALUES (s.id);
  END LOOP;
END $$;
SQL
my @ids = split /\n/, $coordinator->safe_psql('postgres', 'SELECT id FROM public.target ORDER BY n');
is($coordinator->safe_psql('postgres', "SELECT count(DISTINCT get_shard_id_for_distribution_column('restate.invocation', restate_partition_key_of_id(id))) FROM public.target WHERE n BETWEEN 11 AND 60"),
	$shards, 'the invocations are in all shards');

# one invocation
my $said = said("SELECT restate_purge_journal('$ids[0]')");
like($said, qr/issuing BEGIN.*\n.*touched AS \(DELETE.*run_on_shard.*\n.*issuing SELECT restate\.run_on_shard.*\n.*issuing COMMIT/, 'a purge begins a transaction, locks and tells Citus of it, writes, and commits');
is(count_of('issuing', $said), 4, 'and says nothing else') or diag($said);
is(count_of('PREPARE', $said), 0, 'in one phase');
is($coordinator->safe_psql('postgres', "SELECT journal_size FROM restate.invocation WHERE id = '$ids[0]'"), '0', 'which has purged it');

# What every node has is read without Citus, but in a transaction block.
$said = said(q{SELECT FROM restate_submit('Svc', 'run'); SELECT FROM restate_submit('Svc', 'run')});
is(count_of('locally', $said =~ s/^.*?issuing COMMIT//sr), 0, 'a submission reads what is registered without a query') or diag($said);
is(count_of('issuing', $said), 2 * 3, 'and takes three round trips') or diag($said);
$said = said(q{BEGIN; SELECT FROM restate_submit('Svc', 'run'); COMMIT});
cmp_ok(count_of('locally', $said), '>=', 1, 'in a transaction block Citus reads it') or diag($said);

# On the node that has the shard, Citus is asked once to run something on it.
my $here = of_worker(4, 60);
$said = said("SELECT restate_purge_journal('$here')", $worker);
is(count_of('locally: DELETE', $said), 1, 'a purge on the node that has the shard tells Citus of it') or diag($said);
is(count_of('locally: .*run_on_shard', $said), 1, 'locks by it, and writes without it') or diag($said);
is(count_of('issuing', $said), 0, 'and has nothing to say to other nodes') or diag($said);
is($coordinator->safe_psql('postgres', "SELECT journal_size FROM restate.invocation WHERE id = '$here'"), '0', 'which has purged it');

# many
for my $operation (qw(restart_as_new purge_journal))
{
	$said = said("SELECT count(*) FILTER (WHERE ok) FROM restate_${operation}_batch(ARRAY(SELECT id FROM public.target WHERE n BETWEEN 11 AND 60))");
	cmp_ok(count_of('run_on_shard', $said), '<=', 3 * $shards, "a batch, $operation, takes a few queries for each shard") or diag($said);
	is(count_of('issuing WITH touched', $said), $shards, 'of each of which Citus is told once') or diag($said);
	is(count_of('PREPARE TRANSACTION', $said), 2, 'and commits in two phases on two nodes') or diag($said);
}
is($coordinator->safe_psql('postgres', "SELECT count(*) FROM restate.invocation WHERE restarted_from IS NOT NULL"), '50', 'all are restarted');
is($coordinator->safe_psql('postgres', "SELECT count(*) FROM restate.journal AS j JOIN public.target AS t ON t.id = j.id WHERE t.n BETWEEN 11 AND 60"), '0', 'and purged');

# What was told in a part of the transaction that is rolled back, Citus has forgotten.
$said = said("BEGIN; SAVEPOINT a; SELECT restate_purge_journal('$ids[1]'); ROLLBACK TO a; SELECT restate_purge_journal('$ids[1]'); SELECT restate_purge_journal('$ids[1]'); COMMIT");
is(count_of('issuing WITH touched', $said), 2, 'Citus is told again after a rollback, and then no more') or diag($said);
$said = said("BEGIN; SAVEPOINT a; SELECT restate_purge_journal('$ids[2]'); RELEASE a; SELECT restate_purge_journal('$ids[2]'); COMMIT; SELECT restate_purge_journal('$ids[2]')");
is(count_of('issuing WITH touched', $said), 2, 'once in a transaction with parts that stay, and once in the next') or diag($said);

# Citus is told of a shard once, whatever the keys that are locked and written.
$coordinator->safe_psql('postgres', q{SELECT count(restate_submit('Svc', 'run')) FROM generate_series(1, 40)});
$said = said("SELECT count(*) FROM restate_claim('w', '{Svc}', 1)");
is(count_of('issuing WITH touched', $said), 1, 'a claim among many of a shard tells Citus of it once') or diag($said);

# A node claims from its own shards before those of others, which it does not forget.
$coordinator->safe_psql('postgres', q{SELECT count(restate_submit('Svc', 'run')) FROM generate_series(1, 400)});
my $claims = join ' ', map { q{SELECT id FROM restate_claim('w', '{Svc}', 1);} } 1 .. 4 * $shards;
my $claimed = join ', ', map { "'$_'" } split /\n/, $worker->safe_psql('postgres', $claims);
is($coordinator->safe_psql('postgres', 'SELECT count(*), count(*) FILTER (WHERE n.nodeport = ' . $worker->port . ') FROM restate.invocation AS i JOIN pg_dist_placement AS p'
	. " ON p.shardid = get_shard_id_for_distribution_column('restate.invocation', i.partition_key) JOIN pg_dist_node AS n ON n.groupid = p.groupid WHERE i.id IN ($claimed)"),
	(4 * $shards) . '|' . (3 * $shards + $shards / 2), 'of four claims three begin with the shards of the node, and one with any');

# A session goes on when a shard that it has asked is moved to another node, and back.
{
	my $id = of_worker(61, 90);
	my $shard = $coordinator->safe_psql('postgres', "SELECT get_shard_id_for_distribution_column('restate.invocation', restate_partition_key_of_id('$id'))");
	my $call = "SELECT restate_restart_as_new('$id');\n";
	my $move = sub {
		my ($from, $to) = @_;
		return sprintf qq{\\! psql -qXAt -d "%s" -c "SELECT 'moved' || citus_move_shard_placement(%d, '%s', %d, '%s', %d, 'block_writes')"\n},
		  $coordinator->connstr('postgres'), $shard, map { ($_->host, $_->port) } $from, $to;
	};

	for my $node ($coordinator, $worker, $other)
	{
		my $restarts = $node->safe_psql('postgres', $call . $move->($worker, $other) . $call . $call . $move->($other, $worker) . $call . $call);

		like($restarts, qr/^inv_.*\nmoved\ninv_.*\ninv_.*\nmoved\ninv_.*\ninv_\S+$/, 'a shard moves there and back under a session of ' . $node->name);
	}
	is($coordinator->safe_psql('postgres', "SELECT count(*) FROM restate.invocation WHERE restarted_from = '$id'"), 15, 'and all that was asked of it was done');
}

# What is asked is checked.
like(said(q{SELECT restate.run_on_shard(1, '\x302e312e3000', 0)}), qr/ERROR:  a node with version 0\.1\.0 of restate_admin's library asks one/, 'a node of another version is refused');
my $version = unpack 'H*', $coordinator->safe_psql('postgres', q{SELECT extversion FROM pg_extension WHERE extname = 'restate_admin'}) . "\0";
like(said("SELECT restate.run_on_shard(1, '\\x${version}000000', 0)"), qr/ERROR:  a request with 0 calls/, 'and so is a request for nothing');
like(said("SELECT restate.run_on_shard(1, '\\x${version}000001ffff', 0)"), qr/ERROR:  a request for statement 65535/, 'or for what there is not');
is($coordinator->safe_psql('postgres', 'SELECT * FROM restate_verify()'), '', 'all is sound');

done_testing();
