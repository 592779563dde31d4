# Lanes: what waits for the database at the same moment is carried out by one
# call, each request with the outcome that it has alone; nobody waits for another's
# lock, and what cannot go with others goes alone.
use strict;
use warnings;
use IO::Select;
use POSIX ();
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use RestateCrash;
use RestateGateway;
use RestateNode;
use Socket ();
use Test::More;
use Time::HiRes qw(sleep time);

my $node = new_node('http_lanes', "log_statement = none\nmax_connections = 60\nrestart_after_crash = on");
grant_roles($node);
load_example($node);
my $sql = open_sql($node);
my ($old, $new) = map { "dp_10000000000000000000$_" } qw(old new);
my $sets = 0;
my @lanes;

# Makes a set of invocations, named by a number and what they are: in some states,
# and some more for each operation.
sub make_set
{
	my $set = 'S' . $sets++;

	$node->safe_psql('postgres', <<"SQL");
SELECT count(restate_import_invocation(jsonb_strip_nulls(jsonb_build_object('id', 'inv_1' || lpad('$set' || name, 33, '0'), 'status', status,
    'completion_result', CASE status WHEN 'completed' THEN 'success' END, 'target_service_name', 'Svc', 'target_handler_name', 'run',
    'target_service_ty', 'service', 'pinned_deployment_id', '$old', 'pinned_service_protocol_version', 6)),
  CASE status WHEN 'completed' THEN jsonb '[{"index": 0, "entry_json": {"Command": {"Input": {"headers": [], "payload": [1], "name": ""}}}},
      {"index": 1, "entry_json": {"Command": {"Output": {"result": {"Success": [0]}, "name": ""}}}}]' END))
FROM (SELECT prefix || n AS name, status FROM (VALUES ('d', 'completed'), ('r', 'running'), ('p', 'paused'), ('w', 'ready'), ('s', 'scheduled')) AS v (prefix, status),
    generate_series(0, 9) AS n) AS v
SQL
	return sub { return inv($set . $_[0]) };
}

# A gateway that is never idle: one request waits for a lock, alone; and the lanes
# have their sessions.
my $held = inv('ready');

sub start_busy
{
	my @options = @_;
	my $gateway = start_gateway($node, '--pool=6', grep { defined } @options);

	sql($sql, "BEGIN; SELECT 1 FROM restate.invocation WHERE id = '$held' FOR UPDATE");
	$gateway->{waits} = begin_request($gateway, 'PATCH', "/invocations/$held/pause");
	wait_until(sub { count("pg_stat_activity WHERE usename = 'gateway' AND wait_event_type = 'Lock'") == 1 }) or die 'nothing waits';
	is(told(request($gateway, 'PATCH', '/invocations/' . inv('paused') . '/pause')), '200', 'what comes then does not wait');
	@lanes = split /\n/, $node->safe_psql('postgres', "SELECT pid FROM pg_stat_activity WHERE usename = 'gateway' AND query LIKE '%restate_joined%'");
	return $gateway;
}

sub stop_busy
{
	my ($gateway) = @_;

	sql($sql, 'ROLLBACK');
	is(told(read_answer($gateway->{waits}, 'PATCH')), '202', 'what waited for the lock is answered when that is released');
	sql($sql, "SELECT restate_resume('$held')");
	is(stop_gateway($gateway), 0, 'the gateway ends well');
	return;
}

# The same where what waits for the lock has been too late.
sub end_late
{
	my ($gateway) = @_;

	is(told(read_answer($gateway->{waits}, 'PATCH')), '503 unavailable', 'what waits alone for a lock is ended at its deadline');
	sql($sql, 'ROLLBACK');
	is(stop_gateway($gateway), 0, 'the gateway ends well');
	return;
}

sub count { return $node->safe_psql('postgres', "SELECT count(*) FROM $_[0]") }

sub counted { return map { $_[0]{"restate_gateway_joined_$_"} } 'calls_total', 'requests_total', 'alone_total{reason="busy"}', 'alone_total{reason="failed"}' }

# How much has been joined since: calls, requests, busy ones, failed ones.
sub joined_since
{
	my ($gateway, @before) = @_;
	my @now = counted(metrics($gateway));

	return join ' ', map { $now[$_] - $before[$_] } 0 .. $#now;
}

# Has the lanes' sessions stop, and a lane begin a call that so does not end.
sub jam
{
	my ($gateway) = @_;
	my ($calls) = counted(metrics($gateway));

	kill 'STOP', @lanes;
	my @jams = map { begin_request($gateway, 'PATCH', '/invocations/' . inv('paused') . '/pause') } @lanes;
	wait_until(sub { (counted(metrics($gateway)))[0] == $calls + @lanes }) or die 'the lanes are not jammed';
	return @jams;
}

# Begins requests, which wait.
sub begin_waiting
{
	my ($gateway, @requests) = @_;
	my $waiting = metrics($gateway)->{'restate_gateway_pool_waiting{pool="operations"}'};
	my @begun;

	for my $request (@requests)
	{
		push @begun, begin_request($gateway, @$request);
		$waiting++;
		wait_until(sub { metrics($gateway)->{'restate_gateway_pool_waiting{pool="operations"}'} == $waiting }) or die "@$request does not wait";
	}
	return @begun;
}

sub go_on { return kill 'CONT', @lanes }

# Status and body of an answer, with the ids of a set by their names.
sub outcome
{
	my ($answer) = @_;

	return 'none' unless $answer;
	return "$answer->{status} " . $answer->{body} =~ s/inv_10*(?:S\d+)?(\w+)/length $1 > 12 ? 'new' : $1/egr;
}

# What happens to requests that go together is what happens to each alone
{
	my $joining = start_busy('--lanes=1');
	my $single = start_gateway($node, '--lanes=0');
	my ($one, $other) = (make_set(), make_set());
	my @kinds = (
		[ map { [ 'PATCH', $_, 'kill' ] } qw(r0 d0 w0 s0 none r1 p0 r0) ],
		[ map { [ 'PATCH', $_, 'cancel' ] } qw(r2 d0 w1 s1 none p1 r2) ],
		[ map { [ 'PATCH', $_, 'pause' ] } qw(r3 d0 p2 s2 none w2 r3) ],
		[ map { [ 'PATCH', @$_ ] } [ 'p3', 'resume' ], [ 'p4', "resume?deployment=$new" ], [ 'p5', 'resume?deployment=keep' ], [ 'p6', 'resume?deployment=latest' ],
			[ 'p7', 'resume?deployment=dp_10000000000000000000non' ], [ 'p8', 'resume?deployment=nonsense' ], [ 'd0', 'resume' ], [ 'none', 'resume' ], [ 'r4', 'resume' ] ],
		[ map { [ 'PATCH', @$_ ] } [ 'd0', 'restart-as-new' ], [ 'd1', 'restart-as-new?from=1' ], [ 'd2', 'restart-as-new?from=7' ], [ 'd3', 'restart-as-new?from=%2b1' ],
			[ 'd4', "restart-as-new?deployment=$new" ], [ 'd5', 'restart-as-new?deployment=keep&from=1' ], [ 'd6', 'restart-as-new?deployment=x"y' ],
			[ 'd7', 'restart-as-new', 'Idempotency-Key: a "b" \\c, {d} ä' ], [ 'd8', 'restart-as-new', 'Idempotency-Key: NULL' ],
			[ 'd8', 'restart-as-new', 'Idempotency-Key: NULL' ], [ 'd9', 'restart-as-new', 'Idempotency-Key: ' . 'x' x 256 ],
			[ 'r4', 'restart-as-new' ], [ 's3', 'restart-as-new' ], [ 'none', 'restart-as-new' ] ],
		[ map { [ 'DELETE', @$_ ] } [ 'r5', '' ], [ 'r6', '?mode=kill' ], [ 'r7', '?mode=Cancel' ], [ 'd8', '?mode=purge' ], [ 'd9', '?mode=kill' ], [ 'w3', '?mode=Purge' ],
			[ 'none', '?mode=purge' ], [ 's4', '' ] ],
		[ map { [ 'PATCH', $_, 'purge-journal' ] } qw(d0 d1 r8 d2 none d0) ],
		[ map { [ 'PATCH', $_, 'purge' ] } qw(d0 d1 r8 d3 none d0) ]);

	for my $kind (@kinds)
	{
		my @requests = map { my ($set) = $_; [ map { my ($method, $name, $rest, @headers) = @$_; [ $method, '/invocations/' . $set->($name) . ($rest =~ /^\?|^$/ ? $rest : "/$rest"), @headers ] } @$kind ] } $one, $other;
		my ($what) = map { s/\?.*//r } $kind->[0][2] || 'delete';
		my @jams = jam($joining);
		my @before = counted(metrics($joining));
		my @begun = begin_waiting($joining, @{ $requests[0] });

		go_on();
		my @joined = map { outcome(read_answer($_, 'PATCH')) } @begun;
		my @single = map { my ($method, $target, @headers) = @$_; outcome(request($single, $method, $target, undef, @headers)) } @{ $requests[1] };
		is($joined[$_], $single[$_], "$what: " . join ' ', @{ $kind->[$_] }) for 0 .. $#single;
		my ($calls, $carried, $busy, $failed) = split / /, joined_since($joining, @before);
		is("$calls $carried $failed", '1 ' . @begun . ' 0', "$what: all went together");
		read_answer($_, 'PATCH') for @jams;
	}
	my $differ = $node->safe_psql('postgres', <<'SQL');
WITH facts AS (
  SELECT substr(regexp_replace(coalesce(i.restarted_from, i.id)::text, '^inv_10*', ''), 2, 1) AS set, regexp_replace(coalesce(i.restarted_from, i.id)::text, '^inv_10*S\d', '') AS name,
    i.restarted_from IS NULL AS is_original, i.status, i.completion_failure, i.journal_size, i.pinned_deployment_id,
    (SELECT string_agg(concat_ws(' ', operation, parameters, outcome, role_name), ', ' ORDER BY audit_id) FROM restate.sys_audit AS a WHERE a.id = i.id) AS audit
  FROM restate.sys_invocation AS i WHERE coalesce(i.restarted_from, i.id)::text ~ '^inv_10*S[01]')
SELECT string_agg(f::text, E'\n') FROM (
  (SELECT 'joined', name, is_original, status, completion_failure, journal_size, pinned_deployment_id, audit FROM facts WHERE set = '0'
   EXCEPT ALL SELECT 'joined', name, is_original, status, completion_failure, journal_size, pinned_deployment_id, audit FROM facts WHERE set = '1')
  UNION ALL (SELECT 'single', name, is_original, status, completion_failure, journal_size, pinned_deployment_id, audit FROM facts WHERE set = '1'
   EXCEPT ALL SELECT 'single', name, is_original, status, completion_failure, journal_size, pinned_deployment_id, audit FROM facts WHERE set = '0')) AS f
SQL
	is($differ, '', 'and has left the same');
	stop_busy($joining);
	is(stop_gateway($single), 0, 'the gateway ends well');
}

# What others have locked is sent alone, and nobody waits for it
{
	my $gateway = start_busy('--lanes=2');
	my $set = make_set();
	my $other = open_sql($node);
	my @before = counted(metrics($gateway));

	sql($other, "BEGIN; SELECT 1 FROM restate.invocation WHERE id IN ('" . join("', '", map { $set->("r$_") } 0 .. 3) . "') FOR UPDATE");
	my @busy = map { begin_request($gateway, 'PATCH', '/invocations/' . $set->("r$_") . '/kill') } 0 .. 1;
	# more than there are other sessions
	push @busy, map { begin_request($gateway, 'PATCH', '/invocations/' . $set->("r$_") . '/kill') } 2, 3, 2, 3;
	ok(wait_until(sub { joined_since($gateway, @before) =~ / 6 0$/ }), 'what is locked was sent alone');
	is(told(request($gateway, 'PATCH', '/invocations/' . $set->("r$_") . '/kill')), '200', 'others are answered meanwhile') for 4 .. 7;
	ok(!IO::Select->new(@busy)->can_read(0), 'and those are not');
	is(count("pg_stat_activity WHERE usename = 'gateway' AND wait_event_type = 'Lock' AND query LIKE '%restate_joined%'"), '0', 'no lane waits for a lock');
	sql($other, 'COMMIT');
	is(join(' ', sort map { told(read_answer($_, 'PATCH')) } @busy), '200 200 200 200 409 already_completed 409 already_completed', 'then they are, each once');
	stop_busy($gateway);
}

# An error that is no refusal is that of one
{
	my $gateway = start_busy('--lanes=1');
	my $set = make_set();

	$node->safe_psql('postgres', <<"SQL");
CREATE FUNCTION public.no() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RAISE EXCEPTION \$\$not this one\$\$; END';
CREATE CONSTRAINT TRIGGER no AFTER UPDATE ON restate.invocation DEFERRABLE INITIALLY DEFERRED FOR EACH ROW
  WHEN (NEW.id = '@{[$set->('r2')]}') EXECUTE FUNCTION public.no();
CREATE TRIGGER no_at_once AFTER UPDATE ON restate.invocation FOR EACH ROW WHEN (NEW.id = '@{[$set->('p2')]}') EXECUTE FUNCTION public.no();
SQL
	for my $case ([ 'kill', 'r', 'at the commit' ], [ 'resume', 'p', 'before it' ])
	{
		my ($operation, $names, $when) = @$case;
		my @jams = jam($gateway);
		my @before = counted(metrics($gateway));
		my @begun = begin_waiting($gateway, map { [ 'PATCH', '/invocations/' . $set->("$names$_") . "/$operation" ] } 0 .. 5);

		go_on();
		is(join(', ', map { told(read_answer($_, 'PATCH')) } @begun), '200, 200, 500 internal, 200, 200, 200', "an error $when is that of one request");
		is(joined_since($gateway, @before), '1 6 0 6', 'each was sent alone');
		read_answer($_, 'PATCH') for @jams;
	}
	log_says($gateway, qr/event=joined_failed requests=6 sqlstate=P0001 error="not this one"/, 'the log says so');
	is(count("restate.sys_invocation WHERE id::text ~ '0S\\d+r[0-5]\$' AND id::text LIKE '%" . substr($set->('r'), -3, 2) . "r_' AND status = 'completed'"), '5', 'and done once');
	stop_busy($gateway);
	$node->safe_psql('postgres', 'DROP FUNCTION public.no CASCADE');
}

# Clients that go: while theirs waits, and while it runs
{
	my $gateway = start_busy('--lanes=1');
	my $set = make_set();
	my @jams = jam($gateway);
	my @begun = begin_waiting($gateway, map { [ 'PATCH', '/invocations/' . $set->("r$_") . '/kill' ] } 0 .. 4);

	close $begun[$_] for 1, 3;
	ok(wait_until(sub { metrics($gateway)->{'restate_gateway_pool_waiting{pool="operations"}'} == 3 }), 'what waits for clients that have gone is dropped');
	# one whose request has been sent is not
	close $jams[0];
	sleep 0.3;
	go_on();
	is(join(' ', map { told(read_answer($begun[$_], 'PATCH')) } 0, 2, 4), '200 200 200', 'the others are answered');
	is(join(' ', map { $node->safe_psql('postgres', "SELECT status FROM restate.sys_invocation WHERE id = '" . $set->("r$_") . "'") } 0 .. 4),
		'completed running completed running completed', 'and theirs alone is done');

	# one of several in a call that has been sent
	my $other = open_sql($node);
	@jams = jam($gateway);
	@begun = begin_waiting($gateway, map { [ 'PATCH', '/invocations/' . $set->("r$_") . '/kill' ] } 5 .. 8);
	$node->safe_psql('postgres', <<"SQL");
CREATE FUNCTION public.wait() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN PERFORM pg_advisory_xact_lock(4711); RETURN NULL; END';
CREATE TRIGGER wait AFTER UPDATE ON restate.invocation FOR EACH ROW WHEN (NEW.id = '@{[$set->('r6')]}') EXECUTE FUNCTION public.wait();
SQL
	sql($other, 'BEGIN; SELECT pg_advisory_xact_lock(4711)');
	go_on();
	ok(wait_until(sub { count("pg_stat_activity WHERE usename = 'gateway' AND wait_event = 'advisory'") == 1 }), 'a call runs for four clients');
	close $begun[2];
	sleep 0.4;
	is(count("pg_stat_activity WHERE usename = 'gateway' AND wait_event = 'advisory'"), '1', 'it goes on when one of them has gone');
	sql($other, 'COMMIT');
	is(join(' ', map { told(read_answer($begun[$_], 'PATCH')) } 0, 1, 3), '200 200 200', 'and the others are answered');
	unlike(gateway_log($gateway), qr/joined_failed/, 'none was cancelled');
	stop_busy($gateway);
	$node->safe_psql('postgres', 'DROP FUNCTION public.wait CASCADE');
}

# Deadlines
{
	my $gateway = start_busy('--lanes=1', '--request-timeout=6');
	my $set = make_set();
	my $other = open_sql($node);

	# a call that takes too long: the first member's time ends it, the others go alone
	$node->safe_psql('postgres', <<"SQL");
CREATE FUNCTION public.wait() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN PERFORM pg_advisory_xact_lock(4711); RETURN NULL; END';
CREATE TRIGGER wait AFTER UPDATE ON restate.invocation FOR EACH ROW WHEN (NEW.id = '@{[$set->('r0')]}') EXECUTE FUNCTION public.wait();
SQL
	sql($other, 'BEGIN; SELECT pg_advisory_xact_lock(4711)');
	my @jams = jam($gateway);
	my @begun = begin_waiting($gateway, [ 'PATCH', '/invocations/' . $set->('r0') . '/kill' ]);
	sleep 3;
	push @begun, begin_waiting($gateway, map { [ 'PATCH', '/invocations/' . $set->("r$_") . '/kill' ] } 1 .. 2);
	go_on();
	is(join(', ', map { told(read_answer($_, 'PATCH')) } @begun), '503 unavailable, 200, 200', 'the time of one member ends its part alone');
	sql($other, 'COMMIT');
	is($node->safe_psql('postgres', "SELECT status FROM restate.sys_invocation WHERE id = '" . $set->('r0') . "'"), 'running', 'and nothing of that is done');
	end_late($gateway);
	$node->safe_psql('postgres', 'DROP FUNCTION public.wait CASCADE');

	# a server that does not answer
	$gateway = start_busy('--lanes=1', '--request-timeout=4');
	@jams = jam($gateway);
	@begun = begin_waiting($gateway, map { [ 'PATCH', '/invocations/' . $set->("r$_") . '/kill' ] } 3 .. 5);
	is(told(read_answer($jams[0], 'PATCH')), '503 outcome_unknown', 'what was sent may be carried out');
	like(told(read_answer($_, 'PATCH')), qr/^200$|^503 unavailable$/, 'what waited is served in another session, or was not sent') for @begun;
	go_on();
	is(told(request($gateway, 'PATCH', '/invocations/' . $set->('r6') . '/kill')), '200', 'the lane has another session');
	end_late($gateway);
}

# A lane's session is lost under its call
{
	my $gateway = start_busy('--lanes=1');
	my $set = make_set();

	# before its commit
	my @jams = jam($gateway);
	my @begun = begin_waiting($gateway, map { [ 'PATCH', '/invocations/' . $set->("r$_") . '/kill' ] } 0 .. 3);
	$node->safe_psql('postgres', <<"SQL");
CREATE FUNCTION public.wait() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN PERFORM pg_sleep(3600); RETURN NULL; END';
CREATE TRIGGER wait AFTER UPDATE ON restate.invocation FOR EACH ROW WHEN (NEW.id = '@{[$set->('r3')]}') EXECUTE FUNCTION public.wait();
SQL
	go_on();
	ok(wait_until(sub { count("pg_stat_activity WHERE usename = 'gateway' AND wait_event = 'PgSleep'") == 1 }), 'a call runs for four clients');
	# killed without a word: the server starts anew, too
	kill_processes($node, @lanes);
	is(join(', ', map { told(read_answer($_, 'PATCH')) } @begun), join(', ', ('503 outcome_unknown') x 4), 'each of them is told that nobody can tell');
	close $gateway->{waits};
	ok(wait_until(sub { (request($gateway, 'GET', '/health') // { status => 0 })->{status} == 200 }), 'all is well again');
	is($node->safe_psql('postgres', "SELECT count(*) FROM restate.sys_invocation WHERE id::text LIKE '%" . substr($set->('r'), -4) . "_' AND status = 'completed'"), '0',
		'and it is not sent again');
	is(stop_gateway($gateway), 0, 'the gateway ends well');
	$node->safe_psql('postgres', 'DROP FUNCTION public.wait CASCADE');
	$sql = open_sql($node);
}

# Each has its own line in the audit
{
	my $gateway = start_busy('--lanes=1', '--person-header=X-Person', '--reason-header=X-Reason');
	my $set = make_set();
	my @jams = jam($gateway);
	my @begun = begin_waiting($gateway, map { [ 'PATCH', '/invocations/' . $set->("r$_->[0]") . '/kill', @$_[ 1 .. $#$_ ] ] }
		[ 0, 'X-Person: Ann "A" \\ {x},', 'X-Reason: ticket 4711' ], [1], [ 2, 'X-Person: NULL' ], [ 3, 'X-Reason: because' ]);

	go_on();
	is(join(' ', map { told(read_answer($_, 'PATCH')) } @begun), '200 200 200 200', 'requests of several persons');
	is($node->safe_psql('postgres', "SELECT string_agg(concat_ws('|', right(id::text, 2), coalesce(claimed_subject, '-'), coalesce(reason, '-')), E'\\n' ORDER BY id) FROM restate.sys_audit WHERE id::text LIKE '%" . substr($set->('r'), -4) . "_'"),
		"r0|Ann \"A\" \\ {x},|ticket 4711\nr1|-|-\nr2|NULL|-\nr3|-|because", 'are in the audit so');
	read_answer($_, 'PATCH') for @jams;
	stop_busy($gateway);
}

# Without the function, or the right to call it, each request has its own call
{
	my $set = make_set();
	my $n = 0;

	for my $case ([ 'REVOKE EXECUTE ON FUNCTION restate_joined FROM gateway', 'GRANT EXECUTE ON FUNCTION restate_joined TO gateway' ],
		[ 'ALTER FUNCTION restate_joined RENAME TO restate_unjoined', 'ALTER FUNCTION restate_unjoined RENAME TO restate_joined' ])
	{
		my ($without, $with) = @$case;

		$node->safe_psql('postgres', $without);
		my $gateway = start_gateway($node, '--lanes=1');
		log_says($gateway, qr/event=ready/, "$without: the gateway is ready");
		sql($sql, "BEGIN; SELECT 1 FROM restate.invocation WHERE id = '$held' FOR UPDATE");
		my $waits = begin_request($gateway, 'PATCH', "/invocations/$held/pause");
		is(told(request($gateway, 'PATCH', '/invocations/' . $set->('r' . $n++) . '/kill')), '200', 'requests are served') for 1 .. 2;
		is(join(' ', counted(metrics($gateway))), '0 0 0 0', 'each with a call of its own');
		is(scalar(() = gateway_log($gateway) =~ /event=no_lanes/g), 1, 'and the log says so, once');

		$node->safe_psql('postgres', $with);
		is(request($gateway, 'GET', '/health')->{status}, 200, "$with: it is looked for again with /health");
		is(told(request($gateway, 'PATCH', '/invocations/' . $set->('r' . $n++) . '/kill')), '200', 'requests are served');
		is(join(' ', counted(metrics($gateway))), '1 1 0 0', 'by lanes');

		# gone while the gateway runs
		$node->safe_psql('postgres', $without);
		is(told(request($gateway, 'PATCH', '/invocations/' . $set->('r' . $n++) . '/kill')), '200', "$without: requests are served all the same");
		$node->safe_psql('postgres', $with);
		sql($sql, 'ROLLBACK');
		is(told(read_answer($waits, 'PATCH')), $n < 5 ? '202' : '200', 'what waited is answered');
		is(stop_gateway($gateway), 0, 'the gateway ends well');
	}
}

# Many clients at once
for my $options (['--lanes=2'], [ '--lanes=1', '--pool=2' ], ['--lanes=0'])
{
	my $gateway = start_gateway($node, @$options);
	my ($clients, $each) = (24, 60);
	my @ids = split /\n/, $node->safe_psql('postgres', <<"SQL");
SELECT restate_import_invocation(jsonb_build_object('id', restate_new_invocation_id(), 'status', 'running',
  'target_service_name', 'Svc', 'target_handler_name', 'run', 'target_service_ty', 'service')) FROM generate_series(1, $clients * $each)
SQL
	my @pids;

	for my $client (1 .. $clients)
	{
		my @mine = splice @ids, 0, $each;
		my $pid = fork // die $!;
		if ($pid == 0)
		{
			my $socket = open_connection($gateway);
			my $wrong = 0;
			for my $n (0 .. $#mine)
			{
				my ($operation, $want) = $n % 3 == 0 ? ('pause', '202') : $n % 3 == 1 ? ('kill', '200') : ('purge', '409 not_completed');
				send_bytes($socket, "PATCH /invocations/$mine[$n]/$operation HTTP/1.1\r\nHost: gateway\r\n\r\n");
				my $told = told(read_answer($socket, 'PATCH'));
				next if $told eq $want;
				$wrong++;
				diag("$operation: $told");
			}
			POSIX::_exit($wrong > 0);
		}
		push @pids, $pid;
	}
	is(scalar(grep { waitpid($_, 0); $? } @pids), 0, "@$options: each of many clients has the answers to what it asked for");
	my ($calls, $requests) = counted(metrics($gateway));
	if ($options->[0] eq '--lanes=0') { is($calls, undef, 'nothing is joined') }
	else { cmp_ok($requests, '>', $calls, "$requests requests went together in $calls calls") }
	is(stop_gateway($gateway), 0, 'the gateway ends well');
}

is(count('restate_verify()'), '0', 'all is well at the end');
done_testing();
