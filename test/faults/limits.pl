# What stops a call on its way: statement_timeout, lock_timeout, a cancel or a
# terminated backend at any moment of every operation, single and in batches; a
# transaction that stands idle for too long; a server without a connection left,
# for clients and for the gateway.  Each is told plainly and leaves nothing half
# done.  LIMITS_SECONDS says how long the first goes on.
use strict;
use warnings;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use RestateGateway;
use RestateLoad;
use RestateNode;
use Test::More;
use Time::HiRes qw(sleep time);

my $seconds = $ENV{LIMITS_SECONDS} || 20;
my $seed = load_seed();
srand($seed);
my $node = new_node('limits', "max_connections = 20\nlog_statement = none\ndeadlock_timeout = 100ms");
my @calls = map { ($_, "${_}_batch") } qw(purge_journal delete_invocation restart_as_new cancel kill purge pause resume);

# Runs a function again and again, with a connection, in a process of its own.
sub in_background
{
	my ($end, $what) = @_;
	my $pid = fork // die "cannot fork: $!";

	return $pid if $pid;
	srand($seed + $$);
	my $dbh = connect_to($node, 'postgres');
	$what->($dbh) while time < $end;
	POSIX::_exit(0);
}

# Timeouts and cancels at any moment
{
	my $load = new_load($node, seed => $seed, size => 120, keys => 6, batch => 40, runtime => 0.3, reconnect => 1, settings => sub {
			my $timeout = rand() < 0.35 ? 'SET statement_timeout = ' . (1 + int rand 5) : rand() < 0.6 ? 'SET lock_timeout = ' . (1 + int rand 4) : ();

			return ('RESET statement_timeout', 'RESET lock_timeout', $timeout ? $timeout : ());
		});
	my $end = time + $seconds;
	my $clients = start_clients($load, 8, $seconds);

	# holds some object keys, then some invocations, for a moment
	my @disturbers = in_background($end, sub {
			my ($dbh) = @_;

			$dbh->begin_work;
			$dbh->do('SELECT FROM restate.object_key WHERE random() < 0.2 ORDER BY service_name, service_key FOR UPDATE') if rand() < 0.6;
			$dbh->do('SELECT FROM restate.invocation WHERE random() < 0.3 ORDER BY id FOR UPDATE');
			sleep 0.002 + rand() * 0.02;
			$dbh->rollback;
			sleep rand() * 0.02;
		});
	# cancels whoever it meets, and now and then ends its connection
	push @disturbers, in_background($end, sub {
			my ($dbh) = @_;
			my $stop = rand() < 0.03 ? 'pg_terminate_backend' : 'pg_cancel_backend';

			$dbh->do("SELECT $stop(pid) FROM pg_stat_activity WHERE state = 'active' AND pid <> pg_backend_pid()"
					. " AND query ~ 'restate_|load.step' ORDER BY random() LIMIT 1");
			sleep rand() * 0.01;
		});
	stop_clients($clients);
	waitpid $_, 0 for @disturbers;

	my @problems = account($load, $clients);
	is(join("\n", @problems[ 0 .. ($#problems < 20 ? $#problems : 20) ]), '', 'all or nothing of each call, and what was acknowledged');
	my %by_state = %{ $load->{by_state} };
	diag(sprintf 'in %d s: %d calls; %s', $seconds, $load->{acknowledged}, join ', ', map { "$_: $by_state{$_}" } sort keys %by_state);
	my @others = grep { !/^(?:00000|PT\d\d\d|57014|55P03|08006|40001)$/ } sort keys %by_state;
	is(join('; ', map { "$_: $load->{said}{$_}" } @others), '', 'no other error, and no deadlock');
	for my $state (qw(57014 55P03))
	{
		is(join(' ', grep { !$load->{failed}{$state}{$_} } @calls), '', "each operation was ended with $state");
	}
	cmp_ok($by_state{'08006'} // 0, '>', 0, 'some backends were terminated');
	is(join(' ', grep { !$load->{failed}{'00000'}{$_} } @calls), '', 'and each operation came to its end');
}

# A transaction that stands idle with an operation in it
{
	my $before = digest($node);
	my $dbh = connect_to($node, 'postgres');
	my ($backend) = $dbh->selectrow_array('SELECT pg_backend_pid()');

	$dbh->do("SET idle_in_transaction_session_timeout = '200ms'");
	$dbh->begin_work;
	ok($dbh->do('SELECT restate_kill_batch(ARRAY(SELECT id FROM restate.invocation))'), 'a transaction kills all there are');
	$node->poll_query_until('postgres', "SELECT NOT EXISTS (SELECT FROM pg_stat_activity WHERE pid = $backend)") or die 'it may stand idle';
	ok(!$dbh->do('COMMIT'), 'and cannot commit, having stood idle');
	like(slurp_file($node->logfile), qr/terminating connection due to idle-in-transaction timeout/, 'as the log says');
	is(digest($node), $before, 'nothing has changed');
	is(error_of($node, "SET lock_timeout = '100ms'; BEGIN; SELECT restate_kill_batch(ARRAY(SELECT id FROM restate.invocation)); ROLLBACK"), 'ok',
		'nothing is left in the way');
	is($node->safe_psql('postgres', "SELECT count(*) FROM ($RestateLoad::verify) AS v"), '0', 'all is well');
}

# No connection left
{
	grant_roles($node);
	my $gateway = start_gateway($node, '--pool=2');
	my $target = $node->safe_psql('postgres', "SELECT load.create('', 'service', NULL, 'all')");
	my $patch = sub { return request($gateway, 'PATCH', "/invocations/$target/" . $_[0]) };

	is($patch->('pause')->{status}, 202, 'the gateway pauses');
	my $before = digest($node);
	$node->append_conf('postgresql.conf', 'log_error_verbosity = verbose');
	$node->reload;
	# takes every connection there is but those that are kept for superusers
	my @taken;
	$node->safe_psql('postgres', "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE usename IN ('gateway', 'reader')");
	$node->safe_psql('postgres', 'CREATE ROLE taker LOGIN');
	while (@taken < 30 && (my $dbh = DBI->connect('dbi:Pg:dbname=postgres;host=' . $node->host . ';port=' . $node->port, 'taker', '', { PrintError => 0 })))
	{
		push @taken, $dbh;
	}
	like($DBI::errstr, qr/FATAL: .*connection slots are reserved|FATAL: .*too many clients/, 'without a connection left a client is told');
	like(slurp_file($node->logfile), qr/FATAL:  53300: /, 'with 53300');
	for my $operation (qw(kill pause resume purge cancel restart-as-new purge-journal))
	{
		my $answer = $patch->($operation);
		is($answer->{status}, 503, "$operation through the gateway is 503");
		like($answer->{headers}{'retry-after'} // '', qr/^\d+$/, 'with Retry-After');
		like($answer->{body}, qr/^\{"message":".+","restate_code":"unavailable"\}$/, 'and says so');
	}
	is(json_request($gateway, 'POST', '/internal/invocations_batch_operations/kill', "{\"invocation_ids\":[\"$target\"]}")->{status}, 503, 'a batch too');
	is(request($gateway, 'DELETE', "/invocations/$target?mode=kill")->{status}, 503, 'and a delete');
	ok(gateway_alive($gateway), 'the gateway goes on');
	is(digest($node), $before, 'nothing has changed');
	$_->disconnect for @taken;
	becomes(sub { $patch->('resume')->{status} }, 200, 'and works again as soon as there are connections');
	is(stop_gateway($gateway), 0, 'the gateway ends well');
	is($node->safe_psql('postgres', "SELECT count(*) FROM ($RestateLoad::verify) AS v"), '0', 'all is well');
}
done_testing();
