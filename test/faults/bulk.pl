# A bulk job of 100,000 restarts, run by two clients, while the server is killed in its
# midst: by kill -9 of all its processes, of the postmaster alone, and of who runs it.
# Each batch happened wholly or not at all, the job goes on where it was, and nothing is
# done twice, which the audit and the restarts themselves tell.
use strict;
use warnings;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use RestateCrash;
use RestateNode;
use Test::More;
use Time::HiRes qw(sleep time);

my $size = 100_000;
# the test nodes are made to stay down after a crash
my $node = new_node('bulk', "restart_after_crash = on\nlog_statement = none\nlog_min_messages = error\nmax_wal_size = 4GB\n", allows_streaming => 1);
my $manifest = '{"services": [{"name": "Order", "ty": "SERVICE", "handlers": [{"name": "run"}]}]}';
$node->safe_psql('postgres', <<"SQL");
SELECT FROM restate_register_deployment('worker:w', '$manifest');
INSERT INTO restate.invocation (id, partition_key, status, target_service_name, target_handler_name, target_service_ty, invoked_by,
    created_at, completed_at, completion_result, journal_size, journal_commands_size)
  SELECT i.id, restate_partition_key_of_id(i.id), 'completed', 'Order', 'run', 'service', 'ingress', now() - interval '1 h', now(), 'success', 1, 1
  FROM (SELECT restate_new_invocation_id() FROM generate_series(1, $size)) AS i (id);
INSERT INTO restate.journal (id, partition_key, index, entry_type, meta)
  SELECT i.id, i.partition_key, 0, 'Command: Input', '{"headers": []}' FROM restate.invocation AS i;
VACUUM ANALYZE restate.invocation, restate.journal;
SQL
my $job = $node->safe_psql('postgres', q{SELECT job FROM restate_bulk_start('restart_as_new', '{"service": "Order"}', reason => 'the crash')});

# Returns what the job has done.
sub done
{
	return $node->safe_psql('postgres', "SELECT done FROM restate.sys_bulk_job WHERE job = '$job'");
}

# Starts a client that runs batches until it is killed, whatever becomes of its sessions.
sub start_runner
{
	my $connection = $node->connstr('postgres');
	my $pid = fork // die "cannot fork: $!";

	return $pid if $pid;
	open STDOUT, '>', '/dev/null';
	open STDERR, '>', '/dev/null';
	while (1)
	{
		system('psql', '-Xq', '-d', $connection, '-c', "DO \$\$ BEGIN FOR i IN 1 .. 20 LOOP PERFORM restate_bulk_run('$job', 500); COMMIT; END LOOP; END \$\$");
		sleep 0.05;
	}
}

my @runners = map { start_runner() } 1 .. 2;
for my $case ([ 0.05, 'everything' ], [ 0.2, 'postmaster' ], [ 0.4, 'backend' ], [ 0.6, 'everything' ])
{
	my ($part, $kind) = @$case;
	my $end = time + 120;

	sleep 0.05 while time < $end && done() < $part * $size;
	sleep rand() * 0.3;
	kill_and_recover($node, $kind);
	my ($state, $done, $remaining, $recorded, $twice) = split /\|/, $node->safe_psql('postgres', <<"SQL");
BEGIN ISOLATION LEVEL REPEATABLE READ;
SELECT state, done, remaining, (SELECT count(*) FROM restate.audit WHERE operation = 'restart_as_new' AND parameters ->> 'job' = '$job'),
  (SELECT count(*) - count(DISTINCT restarted_from) FROM restate.invocation WHERE restarted_from IS NOT NULL)
FROM restate.sys_bulk_job WHERE job = '$job';
COMMIT;
SQL
	is($state, 'running', "$kind is killed in the midst of it");
	is("$done $twice " . ($done + $remaining), "$recorded 0 $size", 'and each batch has happened wholly or not at all');
}
ok($node->poll_query_until('postgres', "SELECT state = 'done' FROM restate.sys_bulk_job WHERE job = '$job'"), 'it is run to its end');
kill 'KILL', @runners;
waitpid $_, 0 for @runners;
is($node->safe_psql('postgres', "SELECT done, failed, passed_over, remaining, outcomes FROM restate.sys_bulk_job WHERE job = '$job'"), "$size|0|0|0|{\"restarted\": $size}", 'all of it');
is($node->safe_psql('postgres', "SELECT count(*), count(DISTINCT id), count(DISTINCT new_id), min(reason) FROM restate.audit WHERE operation = 'restart_as_new'"), "$size|$size|$size|the crash", 'each is recorded once');
is($node->safe_psql('postgres', 'SELECT count(*), count(DISTINCT restarted_from) FROM restate.invocation WHERE restarted_from IS NOT NULL'), "$size|$size", 'and was restarted once');
is($node->safe_psql('postgres', "SELECT string_agg(operation || ' ' || outcome, ', ' ORDER BY audit_id) FROM restate.audit WHERE operation LIKE 'bulk%'"), 'bulk_start running, bulk_end done', 'the job has one start and one end');
is($node->safe_psql('postgres', 'SELECT count(*) FROM restate_verify()'), '0', 'nothing is broken');
done_testing();
