# Workers under load: six connections submit, claim, append, suspend, complete and
# fail, tick, and do every admin operation, at random; workers die in the midst of
# it.  Then all that is in flight is run to its end, and what has happened must add
# up.  SEED, which is printed, makes the same choices again; LOAD_SECONDS is how long.
use strict;
use warnings;
use DBI;
use Digest::MD5 qw(md5);
use JSON::PP;
use POSIX ();
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use RestateLoad qw(load_seed connect_to);
use RestateNode;
use Test::More;
use Time::HiRes qw(sleep time);

my $clients = 6;
my $seconds = $ENV{LOAD_SECONDS} // 20;
my $seed = load_seed();
my $json = JSON::PP->new->canonical;
my $node = new_node('main', "deadlock_timeout = 200ms\nlog_min_messages = error\n");
my @services = qw(Root Leaf Counter Gone Flow);

$node->safe_psql('postgres', <<'SQL');
SELECT FROM restate_register_deployment('worker:w', '{"services": [
  {"name": "Root", "ty": "SERVICE", "handlers": [{"name": "run", "retryPolicyInitialInterval": 1, "retryPolicyMaxInterval": 8, "retryPolicyMaxAttempts": 5, "retryPolicyOnMaxAttempts": "PAUSE"}]},
  {"name": "Leaf", "ty": "SERVICE", "handlers": [{"name": "run", "retryPolicyInitialInterval": 1, "retryPolicyMaxInterval": 8, "retryPolicyMaxAttempts": 3, "retryPolicyOnMaxAttempts": "KILL"}]},
  {"name": "Counter", "ty": "VIRTUAL_OBJECT", "handlers": [{"name": "add", "retryPolicyInitialInterval": 1, "retryPolicyMaxInterval": 8}]},
  {"name": "Gone", "ty": "SERVICE", "handlers": [{"name": "run", "journalRetention": 0, "idempotencyRetention": 0}]},
  {"name": "Flow", "ty": "WORKFLOW", "handlers": [{"name": "run", "ty": "WORKFLOW"}]}]}');
-- what the handlers do with each step, in the transaction of the step
CREATE TABLE effect (id restate_invocation_id, number bigint);
-- in which order they were started
CREATE TABLE started (place bigserial, id restate_invocation_id PRIMARY KEY);
SQL

# Returns a number below the limit that depends on nothing but what is given.
sub chosen
{
	my ($limit, @of) = @_;

	return unpack('N', md5(join '/', @of)) % $limit;
}

# Returns the entries of the command of that number, which are always the same, with
# the completion that is waited for, if one is.
sub step
{
	my ($id, $service, $number) = @_;
	my $first = 3 * $number;
	my $result = { Success => [ $number % 256 ] };
	my $kind = $number > 1 + chosen(5, $id, 'size') ? 'Output' : (qw(Run Run Run Sleep Call Call Send State))[ chosen(8, $id, $number) ];
	my %callee = (Root => [qw(Leaf Counter Gone Flow)], Counter => [qw(Leaf Gone)], Flow => [qw(Leaf Counter)]);

	$kind = 'Run' if $kind =~ /Call|Send/ && !$callee{$service} || $kind eq 'State' && $service ne 'Counter';
	return ([ { Command => { Output => { result => $result, name => '' } } } ]) if $kind eq 'Output';
	return ([ { Command => { Run => { completion_id => $first, name => "step $number" } } },
			{ Notification => { Completion => { Run => { completion_id => $first, result => $result } } } } ]) if $kind eq 'Run';
	return ([ { Command => { Sleep => { completion_id => $first, name => '', wake_up_time => int(1000 * time) + chosen(30, $id, $number, 'sleep') } } } ], $first)
	  if $kind eq 'Sleep';
	return ([ { Command => { SetState => { key => 's' . chosen(3, $id, $number, 'state'), value => [$number], name => '' } } },
			{ Command => { GetLazyStateKeys => { completion_id => $first, name => '' } } } ]) if $kind eq 'State';
	my $name = $callee{$service}[ chosen(scalar @{ $callee{$service} }, $id, $number, 'callee') ];
	my $key = ($name eq 'Flow' ? 'f' : 'k') . chosen($name eq 'Flow' ? 20 : 4, $id, $number, 'key');
	my %request = (parameter => [], invocation_target => $name eq 'Counter' ? { VirtualObject => { name => $name, key => $key, handler => 'add' } }
		: $name eq 'Flow' ? { Workflow => { name => $name, key => $key, handler => 'run' } } : { Service => { name => $name, handler => 'run' } });
	$request{idempotency_key} = 'i' . chosen(10, $id, $number, 'join') if $name eq 'Leaf' && chosen(2, $id, $number, 'joined');
	return ([ { Command => { OneWayCall => { request => \%request, invocation_id_completion_id => $first, invoke_time => chosen(2, $id, $number, 'later')
						? int(1000 * time) + 20 : 0, name => '' } } } ]) if $kind eq 'Send';
	return ([ { Command => { Call => { request => \%request, invocation_id_completion_id => $first, result_completion_id => $first + 1, name => '' } } } ], $first + 1);
}

# Writes a line about what was done.
sub write_down
{
	my ($client, %what) = @_;

	print { $client->{log} } $json->encode(\%what) . "\n";
	return;
}

# Runs a statement; returns its rows, or undef for an error, which is noted.
sub run
{
	my ($client, $what, $sql, @values) = @_;
	my $dbh = $client->{dbh};
	my $rows = $dbh->selectall_arrayref($sql, undef, @values);

	return $rows if $rows && !$dbh->err;
	write_down($client, what => 'error', of => $what, state => $dbh->state, category => ($dbh->pg_error_field('constraint') // ''), message => $dbh->errstr);
	return;
}

# Connects, as a worker that is new.
sub connect_client
{
	my ($client) = @_;

	$client->{dbh}->disconnect if $client->{dbh};
	$client->{dbh} = connect_to($node, 'postgres');
	$client->{worker} = "worker $client->{number}." . ++$client->{life};
	run($client, 'heartbeat', 'SELECT restate_heartbeat(?)', $client->{worker});
	return;
}

# Runs an attempt to its end, or until its worker dies or loses it.
sub attempt
{
	my ($client, $claimed, $risk) = @_;
	my ($id, $attempt, $service, $number, $journal) = @$claimed;
	my $dbh = $client->{dbh};
	my %arrived;
	my $awaited;
	my $known = 0;

	for my $entry (map { $json->decode($_) } @{ $journal // [] })
	{
		my ($completion) = values %{ $entry->{entry_json}{Notification}{Completion} // {} };
		$arrived{ $completion->{completion_id} } = 1 if $completion;
		$known = $entry->{index} + 1;
		# the last command may be one that is waited for
		my ($kind, $command) = %{ $entry->{entry_json}{Command} // {} } or next;
		$awaited = $kind eq 'Sleep' ? $command->{completion_id} : $kind eq 'Call' ? $command->{result_completion_id} : undef;
	}
	for (1 .. 30)
	{
		my $chance = $risk ? rand() : 1;

		return die_now($client) if $chance < 0.01;
		return run($client, 'fail', "SELECT restate_fail_attempt(?, ?, 'at random')", $id, $attempt) if $chance < 0.08;
		if (defined $awaited && !$arrived{$awaited} && ($number < 2 || $chance > 0))
		{
			return run($client, 'suspend', 'SELECT restate_suspend(?, ?, ?, ARRAY[1], NULL, ?)', $id, $attempt, [$awaited], $known);
		}
		my ($entries, $next) = step($id, $service, $number);
		my $is_last = exists $entries->[0]{Command}{Output};
		my @values = ($id, $attempt, $number, [ map { $json->encode($_) } @$entries ]);

		$dbh->do('BEGIN');
		my $rows = $is_last ? run($client, 'complete', 'SELECT restate_complete(?, ?, ?, ?::jsonb[])', @values)
		  : run($client, 'append', 'SELECT index, repeated, answers FROM restate_append(?, ?, ?, ?::jsonb[])', @values);
		if (!$rows)
		{
			$dbh->do('ROLLBACK');
			return;
		}
		$dbh->do('INSERT INTO effect VALUES (?, ?)', undef, $id, $number);
		return die_now($client) if $risk && rand() < 0.01;
		$dbh->do('COMMIT');
		return if $is_last;
		return die_now($client) if $risk && rand() < 0.01;
		if ($risk && rand() < 0.1)
		{
			# as after a lost reply
			my $again = run($client, 'append', 'SELECT index, repeated, answers FROM restate_append(?, ?, ?, ?::jsonb[])', @values) or return;
			write_down($client, what => 'wrong', text => "a repetition of command $number of $id is none: " . $json->encode($again))
			  if grep { !$_->[1] } @$again or "@{[ map { $_->[0] } @$again ]}" ne "@{[ map { $_->[0] } @$rows ]}";
		}
		$known = $rows->[-1][0] + 1;
		for my $entry (map { $json->decode($_) } map { @{ $_->[2] // [] } } @$rows)
		{
			my ($completion) = values %{ $entry->{entry_json}{Notification}{Completion} // {} };
			$arrived{ $completion->{completion_id} } = 1 if $completion;
			$known = $entry->{index} + 1 if $entry->{index} >= $known;
		}
		$awaited = $next;
		$number += grep { $_->{Command} } @$entries;
	}
	return;
}

# Ends the connection as a worker does that is killed, and begins another.
sub die_now
{
	my ($client) = @_;

	write_down($client, what => 'died');
	connect_client($client);
	return;
}

# Claims and runs attempts.
sub work
{
	my ($client, $max, $risk) = @_;
	my $dbh = $client->{dbh};

	$dbh->do('BEGIN');
	my $rows = run($client, 'claim', 'SELECT id, attempt, service, commands, journal FROM restate_claim(?, ?, ?)', $client->{worker}, \@services, $max);
	if (!$rows) { $dbh->do('ROLLBACK'); return 0; }
	$dbh->do('INSERT INTO started (id) VALUES (?) ON CONFLICT DO NOTHING', undef, $_->[0]) for @$rows;
	$dbh->do('COMMIT');
	for my $claimed (@$rows)
	{
		my $life = $client->{life};

		attempt($client, $claimed, $risk);
		last if $client->{life} != $life;
	}
	return scalar @$rows;
}

sub submit
{
	my ($client) = @_;
	my $service = (qw(Root Root Root Counter Counter Leaf Gone Flow))[ rand 8 ];
	my $key = $service eq 'Counter' ? 'k' . int rand 4 : $service eq 'Flow' ? 'f' . int rand 20 : undef;
	my $once = $service =~ /Leaf|Counter/ && rand() < 0.3 ? 'i' . int rand 10 : undef;
	my $later = rand() < 0.1 ? '20 ms' : undef;
	my $claim_for = rand() < 0.3 ? $client->{worker} : undef;
	my $began = time;
	my $dbh = $client->{dbh};

	$dbh->do('BEGIN');
	my $rows = run($client, 'submit', 'SELECT id, outcome, attempt FROM restate_submit(?, ?, NULL, ?, NULL, ?, now() + ?::interval, ?)', $service,
		$service eq 'Counter' ? 'add' : 'run', $key, $once, $later, $claim_for);
	if (!$rows) { $dbh->do('ROLLBACK'); return; }
	my ($id, $outcome, $attempt) = @{ $rows->[0] };
	$dbh->do('INSERT INTO started (id) VALUES (?) ON CONFLICT DO NOTHING', undef, $id) if $attempt;
	$dbh->do('COMMIT');
	write_down($client, what => 'submitted', id => $id, outcome => $outcome, service => $service, key => $key, began => $began, ended => time,
		fresh => !$later && $outcome eq 'accepted' ? 1 : 0);
	push @{ $client->{ids} }, $id;
	attempt($client, [ $id, $attempt, $service, 1, [] ], 1) if $attempt;
	return;
}

sub administer
{
	my ($client) = @_;
	my $ids = run($client, 'read', 'SELECT id FROM restate.invocation ORDER BY random() LIMIT ?', rand() < 0.2 ? 4 : 1) or return;
	my @ids = map { $_->[0] } @$ids or return;
	my $operation = (qw(cancel cancel kill pause pause resume resume resume purge purge_journal restart_as_new))[ rand 11 ];

	return run($client, $operation, "SELECT restate_$operation(?)", $ids[0]) if @ids == 1;
	return run($client, "${operation}_batch", "SELECT ok FROM restate_${operation}_batch(?)", \@ids);
}

# One connection's part of the load.
sub client
{
	my ($number) = @_;
	my $client = { number => $number, life => 0, ids => [] };
	my $end = time + $seconds;

	srand($seed + $number);
	open $client->{log}, '>', $node->basedir . "/load.$number" or die "cannot write: $!";
	$client->{log}->autoflush(1);
	connect_client($client);
	while (time < $end)
	{
		my $choice = rand();

		run($client, 'heartbeat', 'SELECT restate_heartbeat(?)', $client->{worker});
		if ($choice < 0.25) { submit($client) }
		elsif ($choice < 0.75) { work($client, 1 + int rand 4, 1) }
		elsif ($choice < 0.88) { run($client, 'tick', "SELECT restate_tick(?, '1 s')", 1 + int rand 50) }
		else { administer($client) }
	}
	return;
}

my @pids;
for my $number (1 .. $clients)
{
	my $pid = fork // die "cannot fork: $!";

	if ($pid == 0)
	{
		eval { client($number); 1 } or do {
			open my $out, '>>', $node->basedir . "/load.$number";
			print $out $json->encode({ what => 'wrong', text => "client $number died: $@" }) . "\n";
			close $out;
		};
		POSIX::_exit(0);
	}
	push @pids, $pid;
}
waitpid $_, 0 for @pids;

# the rest is run to its end
my $last = { number => 'last', life => 0, ids => [] };
open $last->{log}, '>', $node->basedir . '/load.last' or die "cannot write: $!";
$last->{log}->autoflush(1);
connect_client($last);
my $left;
my $until = time + 40;
while (time < $until)
{
	run($last, 'resume', q(SELECT restate_resume(id) FROM restate.invocation WHERE status IN ('paused', 'backing-off')));
	run($last, 'tick', q(SELECT restate_tick(10000, '0 s')));
	next if work($last, 100, 0);
	($left) = map { $_->[0] } @{ run($last, 'read', 'SELECT count(*) FROM restate.invocation WHERE completed_at IS NULL') };
	last unless $left;
	sleep 0.02;
}
is($left, 0, 'what was in flight has come to its end')
  or diag($node->safe_psql('postgres', q(SELECT id, target, status, journal_size FROM restate.sys_invocation WHERE status <> 'completed' LIMIT 20;
	SELECT i.id, i.suspended_waiting_for_completions, (SELECT json_agg(concat_ws(' ', j.index, j.entry_type, j.completion_id, j.result_completion_id, j.invoked_id) ORDER BY j.index)
		FROM restate.journal AS j WHERE j.id = i.id), (SELECT json_agg(w) FROM restate.waiter AS w WHERE w.caller = i.id), (SELECT json_agg(t) FROM restate.timer AS t WHERE t.id = i.id)
	FROM restate.invocation AS i WHERE i.status = 'suspended')));
close $last->{log};

my (@notes, %errors, @wrong, %count);
for my $number (1 .. $clients, 'last')
{
	push @notes, map { $json->decode($_) } split /\n/, slurp_file($node->basedir . "/load.$number");
}
for my $note (@notes)
{
	$count{ $note->{what} }++;
	push @wrong, $note->{text} if $note->{what} eq 'wrong';
	next if $note->{what} ne 'error';
	my $of_admin = $note->{of} !~ /^(?:submit|claim|append|suspend|complete|fail|tick|heartbeat|read)$/;

	$count{ $note->{category} }++;
	next if $note->{state} =~ /^PT4/ && ($of_admin || $note->{category} eq 'attempt_lost' || ($note->{category} eq 'invocation_not_found' && $note->{of} ne 'submit'));
	$errors{"$note->{of}: $note->{state} $note->{message}" =~ s/inv_\w+/ID/gr}++;
}
diag(join ', ', map { "$_ $count{$_}" } sort keys %count);
is_deeply(\%errors, {}, 'no error but refusals that are due');
is_deeply(\@wrong, [], 'nothing else was wrong');
cmp_ok($count{submitted}, '>', 50, 'there was a load');
is($node->safe_psql('postgres', 'SELECT * FROM restate_verify()'), '', 'all is well in the tables');

# what was submitted is there, or was removed by an operation, or is not kept
my %gone = map { $_ => 1 } split /\n/, $node->safe_psql('postgres', q(SELECT id FROM restate.audit WHERE outcome IN ('removed', 'purged')));
my %there = map { $_ => 1 } split /\n/, $node->safe_psql('postgres', q(SELECT id FROM restate.invocation));
my @submitted = grep { $_->{what} eq 'submitted' } @notes;
is_deeply([ map { $_->{id} } grep { !$there{ $_->{id} } && !$gone{ $_->{id} } && $_->{service} ne 'Gone' } @submitted ], [], 'every submission is accounted for');

# each step was taken once, with its effect
# of one that was removed and submitted again, each time
is($node->safe_psql('postgres', q(SELECT id, number, count(*) FROM effect WHERE id NOT IN (SELECT id FROM restate.audit WHERE outcome IN ('removed', 'purged'))
  GROUP BY 1, 2 HAVING count(*) > 1 LIMIT 5)), '', 'no step was appended twice');
is($node->safe_psql('postgres', <<'SQL'), '', 'each run in a journal has had its effect');
SELECT j.id, j.number FROM (
    SELECT j.id, j.entry_type, row_number() OVER (PARTITION BY j.id ORDER BY j.index) - 1 AS number
    FROM restate.journal AS j JOIN restate.invocation AS i USING (id) WHERE restate.is_command(j.entry_type) AND i.restarted_from IS NULL) AS j
WHERE j.entry_type = 'Command: Run' AND NOT EXISTS (SELECT FROM effect AS e WHERE e.id = j.id AND e.number = j.number) LIMIT 5
SQL
is($node->safe_psql('postgres', <<'SQL'), '', 'who has completed with an output was answered, once, by all whom it called');
SELECT c.id, c.result_completion_id, count(n.id)
FROM restate.journal AS c JOIN restate.invocation AS i ON i.id = c.id AND i.completed_at IS NOT NULL AND i.completion_failure IS NULL
LEFT JOIN restate.journal AS n ON n.id = c.id AND n.entry_type = 'Notification: Call' AND n.completion_id = c.result_completion_id
WHERE c.entry_type = 'Command: Call' GROUP BY 1, 2 HAVING count(n.id) <> 1 LIMIT 5
SQL
is($node->safe_psql('postgres', 'SELECT (SELECT count(*) FROM restate.waiter), (SELECT count(*) FROM restate.runnable), (SELECT count(*) FROM restate.object_key WHERE holder IS NOT NULL)'),
	'0|0|0', 'nobody waits, nothing can run, no key is held');
is($node->safe_psql('postgres', q(SELECT * FROM restate.timer WHERE kind <> 'expiry')), '', 'nothing is due but what is kept');

# first in, first out: of two on one key, one of which was there before the other came
my %place = map { split /\|/, $_ } split /\n/, $node->safe_psql('postgres', 'SELECT id, place FROM started');
my @fresh = grep { $_->{fresh} && $_->{service} eq 'Counter' && $place{ $_->{id} } && !$gone{ $_->{id} } } @submitted;
my @swapped;
for my $first (@fresh)
{
	push @swapped, map { "$_->{id} before $first->{id}" }
	  grep { $_->{key} eq $first->{key} && $_->{began} > $first->{ended} && $place{ $_->{id} } < $place{ $first->{id} } } @fresh;
}
is_deeply(\@swapped, [], 'each key has taken them in their order');
cmp_ok(scalar @fresh, '>', 10, 'of which there were some');
done_testing();
