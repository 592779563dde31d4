# Services of Restate's SDK on two gateways, called through both ingresses, while
# kill -9 ends the service, a gateway, a backend or the server, a deployment beside it
# answers in every bad way, and the server stands still: every call is answered, by the
# same result however often it is made, each step is stored once, nothing is left in
# flight, and the tables are sound.  Then what a gateway and its sessions hold does not
# grow, and a thousand invocations that are suspended cost nothing but their rows.
# SERVICES_ROUNDS says how often something is killed, SOAK_SECONDS how long memory is
# watched.
use strict;
use warnings;
use Cwd;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use RestateCrash;
use RestateGateway;
use RestateIngress;
use RestateLoad qw(load_seed);
use RestateNode;
use RestateServices;
use ServiceLoad;
use Test::More;
use Time::HiRes qw(sleep time);

my $rounds = $ENV{SERVICES_ROUNDS} || 30;
my $soak = $ENV{SOAK_SECONDS} || 60;
srand(load_seed());

my $top = getcwd();
# the test nodes are made to stay down after a crash
my $node = new_node('services', "max_connections = 80\nrestart_after_crash = on\nlog_statement = none\n", allows_streaming => 1);
my $database = 'host=' . $node->host . ' port=' . $node->port . ' dbname=postgres';
$node->safe_psql('postgres', slurp_file("$top/examples/gateway_roles.sql") . slurp_file("$top/examples/gateway_worker_role.sql"));
my @options = (
	"--db=$database user=restate_gateway", "--query-db=$database user=restate_gateway_reader",
	"--ingress-db=$database user=restate_gateway_ingress", "--worker-db=$database user=restate_gateway_worker", '--clock');
my @ingresses = map { start_ingress($node, @options) } 1, 2;
my $service = start_service('h2');
register($node, $service);

# What answers badly: each is given up after three attempts.
my @bad = qw(status_404 status_500 status_503 type garbage unknown long nothing half cut hang slowly);
my ($bad_port) = bad_service();
my $handlers = join ', ', map { qq({"name": "$_", "inactivityTimeout": 200, "abortTimeout": 300, "retryPolicyMaxAttempts": 3, "retryPolicyInitialInterval": 100}) } @bad;
$node->safe_psql('postgres', "SELECT restate_register_deployment('http://127.0.0.1:$bad_port', '{\"minProtocolVersion\": 5, \"maxProtocolVersion\": 6, \"services\": [{\"name\": \"Bad\", \"ty\": \"SERVICE\", \"handlers\": [$handlers]}]}')");

# Kills something and has it come back.
my %kill = (
	service => sub { kill_service($service); start_service('h2', undef, $service) },
	gateway => sub {
		my $which = int rand @ingresses;
		my $ingress = $ingresses[$which];

		kill 'KILL', $ingress->{gateway}{pid};
		wait_until(sub { !gateway_alive($ingress->{gateway}) }) or die 'the gateway lives';
		$ingresses[$which] = start_ingress($node, @options, "--ingress=127.0.0.1:$ingress->{port}");
	},
	map { my $kind = $_; ($kind => sub { kill_and_recover($node, $kind) }) } qw(backend postmaster unanswered));

# Returns how many lines of these words the service has written of its steps.
sub steps_like
{
	my ($pattern) = @_;

	return scalar(() = slurp_file($service->{steps}) =~ /$pattern/g);
}

# Returns the processes of the server.
sub server_processes
{
	my ($postmaster) = slurp_file($node->data_dir . '/postmaster.pid') =~ /^(\d+)/;

	return ($postmaster, `ps -o pid= --ppid $postmaster` =~ /(\d+)/g);
}

# Returns whether so many more calls are answered within a minute.
sub answered_again
{
	my ($load, $before) = @_;

	return wait_until(sub { calls_answered($load) >= $before + 10 });
}

my $load = new_service_load('kill', map { $_->{port} } @ingresses);
start_callers($load, 6);
ok(answered_again($load, 0), 'calls are answered');
my @left;
for my $round (1 .. $rounds)
{
	@left = sort keys %kill unless @left;
	my $kind = splice @left, rand @left, 1;
	# in the middle of one step, or right behind it
	my $moment = (qw(begin end))[ $round % 2 ] . ' kill\S*-' . (1 + $round % 3) . '\n';
	my $steps = steps_like($moment);

	$node->safe_psql('postgres', "SELECT restate_submit('Bad', '$bad[ $round % @bad ]', NULL, NULL)");
	wait_until(sub { steps_like($moment) > $steps }) or fail("round $round: $moment has come");
	$kill{$kind}->();
	ok(answered_again($load, calls_answered($load)), "round $round: after a kill of $kind calls are answered") or last;
}

# all that the server is stands still, for longer than a gateway may be silent
my @stopped = server_processes();
kill 'STOP', @stopped;
sleep 20;
kill 'CONT', reverse @stopped;
ok(answered_again($load, calls_answered($load)), 'after the server has stood still for 20 s calls are answered');
stop_callers($load);

my %tries;
$tries{ $_->[2] > 1 ? 'asked again' : 'asked once' }++ for answers($load);
diag(join ', ', map { "$tries{$_} $_" } sort keys %tries);
is(wrong_answers($load), '', 'every call was answered, by the result of its handler');
cmp_ok($tries{'asked again'} // 0, '>', 0, 'some had to be made again');
my $in_flight = "SELECT count(*) FROM restate.sys_invocation WHERE status <> 'completed' AND NOT (target_service_name = 'Bad' AND status = 'paused')";
ok(wait_until(sub { $node->safe_psql('postgres', $in_flight) eq '0' }), 'none is left in flight')
  or diag($node->safe_psql('postgres', "SELECT id, target, status, retry_count, last_failure FROM restate.sys_invocation WHERE status <> 'completed' LIMIT 20"));
is($node->safe_psql('postgres', "SELECT DISTINCT target_handler_name, string_agg(replace(replace(entry_type::text, 'Command: ', ''), 'Notification: ', 'N:'), ' ' ORDER BY index)
	FROM restate.journal JOIN restate.invocation USING (id) WHERE target_service_name = 'Work' GROUP BY id, target_handler_name ORDER BY 1"),
	"chain|Input Run N:Run Run N:Run Run N:Run Output\n"
	  . 'greet|Input Run N:Run Run N:Run Run N:Run Sleep N:Sleep Call N:CallInvocationId N:Call Output', 'each step is stored once');
is($node->safe_psql('postgres', "SELECT count(*) FROM restate.object_state WHERE service_name = 'Counter' AND convert_from(value, 'UTF8') <> '3'"), '0', 'each object was called once');
is($node->safe_psql('postgres', 'SELECT count(*) FROM restate.invocation WHERE idempotency_key IS NOT NULL'), scalar(() = answers($load)), 'each call is one invocation');
is($node->safe_psql('postgres', 'SELECT * FROM restate_verify()'), '', 'nothing is broken');
ok(gateway_alive($_->{gateway}), 'a gateway lives') for @ingresses;

# Returns what a process holds for itself, in KiB.
sub held
{
	my ($pid) = @_;
	my ($size) = (eval { slurp_file("/proc/$pid/status") } // '') =~ /^RssAnon:\s*(\d+)/m;

	return $size // 0;
}

# Returns the middle one of numbers.
sub middle { return (sort { $a <=> $b } @_)[ @_ / 2 ] }

# Memory: of the gateways and of their sessions, each as large as its largest
$load = new_service_load('soak', map { $_->{port} } @ingresses);
start_callers($load, 6);
my (@gateways, @sessions);
# once each session has done what it does
wait_until(sub { calls_answered($load) >= 400 });
for my $part (0 .. 2)
{
	my $end = time + $soak / 3;
	while (time < $end)
	{
		my @pids = split /\n/, $node->safe_psql('postgres', "SELECT pid FROM pg_stat_activity WHERE usename LIKE 'restate\\_gateway%'");
		push @{ $gateways[$part] }, (sort { $b <=> $a } map { held($_->{gateway}{pid}) } @ingresses)[0];
		push @{ $sessions[$part] }, (sort { $b <=> $a } map { held($_) } @pids)[0];
		sleep 0.3;
	}
}
stop_callers($load);
is(wrong_answers($load), '', 'calls are answered while memory is watched');
cmp_ok(calls_answered($load), '>', 50, 'and enough of them');
for ([ 'gateway', \@gateways ], [ 'session', \@sessions ])
{
	my ($what, $sizes) = @$_;
	my ($first, $last) = map { middle(@{ $sizes->[$_] }) } 0, 2;

	diag("$what: $first KiB in the first third, $last KiB in the last, of " . calls_answered($load) . ' calls');
	# a session still meets what it has not planned before
	cmp_ok($last, '<=', 1.5 * $first + 4096, "a $what does not grow");
}

# Suspended invocations: a service that suspends at once wherever it waits
my $half = start_service('h2half');
register($node, $half, '{"breaking": true}');

# What the gateways have done, and what was written, by now.
sub done_by_now
{
	my %sum;

	for my $metrics (map { metrics($_->{gateway}) } @ingresses)
	{
		$sum{$_} += $metrics->{$_} for grep { /^restate_gateway_(?:attempts|claimed|pushes)/ } keys %$metrics;
	}
	$sum{written} = $node->safe_psql('postgres', "SELECT coalesce(sum(n_tup_ins + n_tup_upd + n_tup_del), 0) FROM pg_stat_user_tables WHERE schemaname = 'restate' AND relname <> 'worker'");
	$sum{transactions} = $node->safe_psql('postgres', "SELECT xact_commit FROM pg_stat_database WHERE datname = 'postgres'");
	return \%sum;
}

# Returns how much of each was done in some seconds in which nothing is asked for.
sub done_in
{
	my ($seconds) = @_;
	my ($before, $after);

	# the counters of a session that has nothing more to do arrive after ten seconds
	sleep 11;
	$before = done_by_now();
	sleep $seconds;
	$after = done_by_now();
	return { map { $_ => $after->{$_} - ($before->{$_} // 0) } keys %$after };
}

my $idle = done_in(4);
$node->safe_psql('postgres', "SELECT count(s.id) FROM generate_series(1, 1000) AS n, LATERAL restate_submit('Work', 'sleeps', idempotency_key => 'sleeps ' || n) AS s");
ok(wait_until(sub { $node->safe_psql('postgres', "SELECT count(*) FROM restate.sys_invocation WHERE target_handler_name = 'sleeps' AND status = 'suspended'") eq '1000' }, 120), 'a thousand are suspended');
my $suspended = done_in(4);
is($suspended->{$_}, 0, "no more is done of $_") for sort grep { $_ ne 'transactions' } keys %$suspended;
is(metrics($_->{gateway})->{restate_gateway_attempts_running}, 0, 'none has a stream') for @ingresses;
cmp_ok($suspended->{transactions}, '<=', 1.5 * $idle->{transactions} + 10, 'and the database is asked no more than without them');
is($node->safe_psql('postgres', 'SELECT * FROM restate_verify()'), '', 'all is well');
done_testing();
