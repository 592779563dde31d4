package WorkerLoad;

# A load of everything that is called about invocations which run: clients that
# submit, claim, append, suspend, complete and fail, answer, signal, tick and do
# every operation, at random.  Their workers die in the midst of it, replies are
# lost and calls made again, clocks jump, attempts are taken from workers that live.
# Then what is in flight is run to its end, and what has happened must add up.
#
# All of its SQL is in a form that Citus plans too: tables are joined by the partition key
# as well, and what is to be called for what a query finds gets that in an array; what
# would be refused without OFFSET 0, which has Citus work the array out first.

use strict;
use warnings;
use DBI;
use Digest::MD5 qw(md5);
use Exporter 'import';
use JSON::PP;
use POSIX ();
use PostgreSQL::Test::Utils;
use RestateLoad qw(load_seed connect_to);
use RestateNode qw(nodes_of);
use Test::More ();
use Time::HiRes qw(sleep time);

our @EXPORT = qw(new_worker_load start_workers stop_workers still_well run_to_the_end test_worker_load);

my $json = JSON::PP->new->canonical;
my @services = qw(Root Leaf Counter Gone Brief Flow);

# Those that keep nothing, or not for long.
my %short = map { $_ => 1 } qw(Gone Brief);

# What a connection that was lost, or could not be made, is told.
my $lost = qr/^(?:08...|57P0[123])$/;

# And what one is told that lost its own connection to another node, as an internal error.
my $lost_between = qr/server closed the connection unexpectedly|connection not open|connection marked as essential|postmaster was shut down/;

# Calls of workers; the others are of operators and of those who have something run.
my $of_workers = qr/^(?:submit|claim|append|suspend|complete|fail|fetch|tick|heartbeat|read|signal|answer|promise|hold|jump)$/;

# Registers the services in database postgres of the node; returns the load.  Options:
# seed; crashes: the server may go away at any time.
sub new_worker_load
{
	my ($node, %options) = @_;

	$node->safe_psql('postgres', <<'SQL');
SELECT FROM restate_register_deployment('worker:w', '{"services": [
  {"name": "Root", "ty": "SERVICE", "handlers": [{"name": "run", "retryPolicyInitialInterval": 1, "retryPolicyMaxInterval": 8, "retryPolicyMaxAttempts": 5, "retryPolicyOnMaxAttempts": "PAUSE"}]},
  {"name": "Leaf", "ty": "SERVICE", "handlers": [{"name": "run", "retryPolicyInitialInterval": 1, "retryPolicyMaxInterval": 8, "retryPolicyMaxAttempts": 3, "retryPolicyOnMaxAttempts": "KILL"}]},
  {"name": "Counter", "ty": "VIRTUAL_OBJECT", "handlers": [{"name": "add", "retryPolicyInitialInterval": 1, "retryPolicyMaxInterval": 8}, {"name": "see", "ty": "SHARED"}]},
  {"name": "Gone", "ty": "SERVICE", "handlers": [{"name": "run", "journalRetention": 0, "idempotencyRetention": 0}]},
  {"name": "Brief", "ty": "SERVICE", "handlers": [{"name": "run", "journalRetention": 20, "idempotencyRetention": 60}]},
  {"name": "Flow", "ty": "WORKFLOW", "handlers": [{"name": "run", "ty": "WORKFLOW"}, {"name": "see", "ty": "SHARED"}]}]}');
-- what was submitted, in the transaction that did it
CREATE TABLE submission (tag text, id restate_invocation_id, partition_key bigint, service text, PRIMARY KEY (tag, partition_key));
-- what the handlers do with each step, in the transaction of the step
CREATE TABLE effect (id restate_invocation_id, partition_key bigint, created_at timestamptz, number bigint, last boolean,
  PRIMARY KEY (id, created_at, number, partition_key));
-- in which order they were started
CREATE TABLE started (id restate_invocation_id, partition_key bigint, place timestamptz DEFAULT clock_timestamp(), PRIMARY KEY (id, partition_key));
-- whom they ask to be answered, and whom they cancel
CREATE TABLE awakeable (awakeable text, partition_key bigint, PRIMARY KEY (awakeable, partition_key));
CREATE TABLE cancelled (id restate_invocation_id, partition_key bigint, PRIMARY KEY (id, partition_key));
-- Moves all that is to come, as of what is in flight, nearer or away; locks each as an
-- operation on it does, and looks only then for what there is to move.  The addition of
-- an interval is not immutable, which an UPDATE of shards asks for.
CREATE FUNCTION moved(at timestamptz, by interval) RETURNS timestamptz IMMUTABLE LANGUAGE plpgsql AS 'BEGIN RETURN at + by; END';
CREATE PROCEDURE jump(INOUT by interval) LANGUAGE plpgsql AS $$
DECLARE
  target restate_invocation_id;
BEGIN
  FOREACH target IN ARRAY ARRAY(SELECT id FROM restate.invocation WHERE completed_at IS NULL) LOOP
    PERFORM FROM restate.invocation AS i WHERE i.id = target AND i.partition_key = restate_partition_key_of_id(target) FOR UPDATE;
    UPDATE restate.timer AS t SET due_at = moved(t.due_at, by) WHERE t.id = target AND t.partition_key = restate_partition_key_of_id(target);
    UPDATE restate.invocation AS i SET next_retry_at = moved(i.next_retry_at, by)
    WHERE i.id = target AND i.partition_key = restate_partition_key_of_id(target) AND i.next_retry_at IS NOT NULL;
    UPDATE restate.invocation AS i SET scheduled_start_at = moved(i.scheduled_start_at, by)
    WHERE i.id = target AND i.partition_key = restate_partition_key_of_id(target) AND i.status = 'scheduled';
    COMMIT;
  END LOOP;
END $$;
SQL
	$node->safe_psql('postgres', <<'SQL') if $ENV{ON_CITUS};
SELECT create_distributed_table(t, 'partition_key', colocate_with => 'restate.invocation')
FROM unnest('{submission,effect,started,awakeable,cancelled}'::text[]) AS t;
SQL
	return { node => $node, nodes => [ nodes_of($node) ], clients => [], count => {}, %options };
}

# Returns a number below the limit that depends on nothing but what is given.
sub chosen
{
	my ($limit, @of) = @_;

	return unpack('N', md5(join '/', @of)) % $limit;
}

# Writes a line about what was done.
sub write_down
{
	my ($client, %what) = @_;

	print { $client->{log} } $json->encode(\%what) . "\n";
	return;
}

# Runs a statement; returns its rows, or undef for an error, which is noted, unless it
# is of a category that is expected.  Dies where the connection is lost.
sub run
{
	my ($client, $what, $sql, @values) = @_;
	my $dbh = $client->{dbh};
	my $rows = $dbh->selectall_arrayref($sql, undef, @values);

	return $rows if $rows && !$dbh->err;
	# a ping has them forgotten
	my ($state, $message, $category) = ($dbh->state, $dbh->errstr, $dbh->pg_error_field('constraint') // '');

	die "lost\n" if $state =~ $lost || ($state eq 'XX000' && $message =~ $lost_between) || !$dbh->ping;
	$client->{refusal} = $category || $state;
	write_down($client, what => 'error', of => $what, state => $state, category => $category, message => $message);
	return;
}

# Ends or begins a transaction.  What a commit has come to that failed is not known.
sub transaction
{
	my ($client, $command) = @_;

	die "lost\n" unless $client->{dbh}->do($command) || ($command ne 'COMMIT' && $client->{dbh}->ping);
	return;
}

# Makes a call once more, as one does whose first reply was lost.  Returns whether
# this happens, and what is said then.
sub again
{
	my ($client, $what, $sql, @values) = @_;

	return 0 if rand() >= 0.1 || $client->{careful};
	write_down($client, what => 'called again');
	return (1, run($client, $what, $sql, @values));
}

sub wrong
{
	my ($client, $text) = @_;

	write_down($client, what => 'wrong', text => $text);
	return;
}

# Connects, as a worker that is new.  A server that is down is waited for.
sub connect_client
{
	my ($client) = @_;
	my $until = time + 60;

	eval { $client->{dbh}->disconnect } if $client->{dbh};
	undef $client->{dbh};
	while (!$client->{dbh})
	{
		my $nodes = $client->{load}{nodes};

		$client->{dbh} = eval { connect_to($nodes->[ rand @$nodes ], 'postgres') };
		last if $client->{dbh};
		die $@ if !$client->{load}{crashes} || time > $until;
		return if $client->{stop} && ${ $client->{stop} };
		sleep 0.05;
	}
	$client->{worker} = "worker $client->{number}." . ++$client->{life};
	run($client, 'heartbeat', 'SELECT restate_heartbeat(?)', $client->{worker});
	return;
}

# Ends the connection as a worker does that is killed.
sub die_now
{
	my ($client) = @_;

	write_down($client, what => 'died');
	die "lost\n";
}

# A name that is new, and the same for the same seed.
sub fresh
{
	my ($client) = @_;

	return "$client->{load}{seed}.$client->{number}." . ++$client->{names};
}

# What a command waits for: completions, a signal by its index, or by its name.
sub awaited_by
{
	my ($kind, $command) = @_;

	return { completion => $command->{completion_id} } if $kind =~ /^(?:Sleep|AttachInvocation|GetPromise)$/;
	return { completion => $command->{result_completion_id} } if $kind eq 'Call';
	return { signal => 17 } if $kind eq 'Run' && $command->{name} eq 'awakeable';
	return { name => 'go' } if $kind eq 'Run' && $command->{name} eq 'listen';
	return;
}

# Returns the entries of the command of that number.  What they are hangs on the input
# of the invocation, which names it, not on its id.
sub step
{
	my ($client, $attempt) = @_;
	my ($name, $service, $handler, $number) = @$attempt{qw(name service handler number)};
	my $first = 3 * $number;
	my $result = { Success => [ $number % 256 ] };
	my @kinds = (qw(Run Run Run Sleep Call Call Send State Awakeable Listen Attach OutputOf Promise Signal));
	my $kind = $number > 1 + chosen(5, $name, 'size') ? 'Output' : $kinds[ chosen(scalar @kinds, $name, $number) ];
	my %callee = (Root => [qw(Leaf Counter Gone Flow Brief)], Counter => [qw(Leaf Gone)], Flow => [qw(Leaf Counter)]);
	my $is_shared = $handler eq 'see';
	my $command = sub { return { Command => { $_[0] => { name => '', %{ $_[1] } } } } };

	return ($command->('Output', { result => { Failure => { code => 409, message => 'cancelled' } } })) if $attempt->{cancelled};
	return ($command->('Output', { result => $result })) if $kind eq 'Output';
	$kind = 'Run' if $kind =~ /Call|Send/ && !$callee{$service} || $kind eq 'State' && ($service ne 'Counter' || $is_shared)
	  || $kind eq 'Promise' && $service ne 'Flow' || $kind eq 'Attach' && !@{ $client->{ids} };
	return ($command->('Run', { completion_id => $first, name => $kind eq 'Awakeable' ? 'awakeable' : $kind eq 'Listen' ? 'listen' : "step $number" }),
		{ Notification => { Completion => { Run => { completion_id => $first, result => $result } } } }) if $kind =~ /Run|Awakeable|Listen/;
	return ($command->('Sleep', { completion_id => $first, wake_up_time => int(1000 * time) + chosen(30, $name, $number, 'sleep') })) if $kind eq 'Sleep';
	return ($command->('SetState', { key => 's' . chosen(3, $name, $number, 'state'), value => [$number] }),
		$command->('GetLazyStateKeys', { completion_id => $first })) if $kind eq 'State';
	return ($command->('CompletePromise', { key => 'p', completion_id => $first, value => $result })) if $kind eq 'Promise' && $is_shared;
	return ($command->(chosen(2, $name, $number, 'peek') ? 'PeekPromise' : 'GetPromise', { key => 'p', completion_id => $first })) if $kind eq 'Promise';
	if ($kind =~ /Attach|OutputOf|Signal/)
	{
		my $other = $client->{ids}[ rand @{ $client->{ids} } ] // $attempt->{id};

		return ($command->('SendSignal', { target_invocation_id => $other, signal_id => chosen(3, $name, $number) ? { Name => 'go' } : { Index => 1 }, result => 'Void' }))
		  if $kind eq 'Signal';
		return ($command->($kind eq 'Attach' ? 'AttachInvocation' : 'GetInvocationOutput', { target => { InvocationId => $other }, completion_id => $first }));
	}
	my $callee = $callee{$service}[ chosen(scalar @{ $callee{$service} }, $name, $number, 'callee') ];
	my $key = ($callee eq 'Flow' ? 'f' : 'k') . chosen($callee eq 'Flow' ? 20 : 4, $name, $number, 'key');
	my %request = (parameter => [ unpack 'C*', "$name/$number" ], invocation_target => $callee eq 'Counter' ? { VirtualObject => { name => $callee, key => $key, handler => 'add' } }
		: $callee eq 'Flow' ? { Workflow => { name => $callee, key => $key, handler => 'run' } } : { Service => { name => $callee, handler => 'run' } });
	$request{idempotency_key} = 'i' . chosen(10, $name, $number, 'join') if $callee =~ /Leaf|Brief|Gone/ && chosen(2, $name, $number, 'joined');
	return ($command->('OneWayCall', { request => \%request, invocation_id_completion_id => $first, invoke_time => chosen(2, $name, $number, 'later') ? int(1000 * time) + 20 : 0 }))
	  if $kind eq 'Send';
	return ($command->('Call', { request => \%request, invocation_id_completion_id => $first, result_completion_id => $first + 1 }));
}

# Takes what the journal has in: what has arrived, and what the last command waits for.
sub take_in
{
	my ($attempt, @entries) = @_;

	for my $entry (sort { $a->{index} <=> $b->{index} } @entries)
	{
		my ($completion) = values %{ $entry->{entry_json}{Notification}{Completion} // {} };
		my $signal = $entry->{entry_json}{Notification}{Signal};

		$attempt->{completions}{ $completion->{completion_id} } = 1 if $completion;
		$attempt->{signals}{ $signal->{id}{Index} // $signal->{id}{Name} } = 1 if $signal;
		$attempt->{cancelled} = 1 if $signal && ($signal->{id}{Index} // 0) == 1;
		$attempt->{known} = $entry->{index} + 1 if $entry->{index} >= $attempt->{known};
		my ($kind, $command) = %{ $entry->{entry_json}{Command} // {} } or next;
		$attempt->{awaited} = awaited_by($kind, $command);
	}
	return;
}

# Whether what the attempt waits for has not come.
sub must_wait
{
	my ($attempt) = @_;
	my $awaited = $attempt->{awaited} or return 0;

	return 0 if $attempt->{cancelled};
	return !$attempt->{completions}{ $awaited->{completion} } if defined $awaited->{completion};
	return !$attempt->{signals}{ $awaited->{signal} // $awaited->{name} };
}

# Ends the attempt by a call that ends it once: again, it is lost.
sub end_by
{
	my ($client, $what, $sql, @values) = @_;
	my $rows = run($client, $what, $sql, @values) or return;
	my ($called, $more) = again($client, $what, $sql, @values);

	wrong($client, "to $what $values[0] was done twice: " . $json->encode($more)) if $called && $more;
	return $rows;
}

# Runs an attempt to its end, or until its worker dies or loses it.
sub run_attempt
{
	my ($client, $id, $fence, $name, $service, $handler, $created_at, $number, $journal) = @_;
	my $attempt = { id => $id, name => $name, service => $service, handler => $handler, number => $number, known => 0 };
	my $risk = !$client->{careful};

	take_in($attempt, map { $json->decode($_) } @{ $journal // [] });
	for (1 .. 30)
	{
		my $chance = $risk ? rand() : 1;

		die_now($client) if $chance < 0.01;
		return end_by($client, 'fail', "SELECT restate_fail_attempt(?, ?, 'at random')", $id, $fence) if $chance < 0.06;
		if ($chance < 0.15)
		{
			my $rows = run($client, 'fetch', 'SELECT index, entry_json FROM restate_fetch(?, ?, ?)', $id, $fence, $attempt->{known} - 1) or return;
			take_in({ %$attempt, awaited => undef }, ());
			my $awaited = $attempt->{awaited};
			take_in($attempt, map { { index => $_->[0], entry_json => $json->decode($_->[1]) } } @$rows);
			$attempt->{awaited} = $awaited;
		}
		if (must_wait($attempt))
		{
			my $awaited = $attempt->{awaited};

			return end_by($client, 'suspend', 'SELECT restate_suspend(?, ?, ?, ?, ?, ?)', $id, $fence, defined $awaited->{completion} ? [ $awaited->{completion} ] : undef,
				[ 1, $awaited->{signal} // () ], $awaited->{name} ? [ $awaited->{name} ] : undef, $attempt->{known});
		}
		my @entries = step($client, $attempt);
		my $is_last = exists $entries[0]{Command}{Output};
		my @values = ($id, $fence, $attempt->{number}, [ map { $json->encode($_) } @entries ]);
		my $append = 'SELECT index, repeated, answers FROM restate_append(?, ?, ?, ?::jsonb[])';
		my $complete = 'SELECT restate_complete(?, ?, ?, ?::jsonb[])';

		transaction($client, 'BEGIN');
		my $rows = $is_last ? run($client, 'complete', $complete, @values) : run($client, 'append', $append, @values);
		if (!$rows || !run($client, 'read', 'INSERT INTO effect VALUES (?, restate_partition_key_of_id(?), ?, ?, ?) RETURNING 1', $id, $id, $created_at, $attempt->{number}, $is_last ? 't' : 'f'))
		{
			transaction($client, 'ROLLBACK');
			return;
		}
		my $awaited = awaited_by(%{ $entries[-1]{Command} // $entries[0]{Command} });
		run($client, 'read', q(INSERT INTO awakeable VALUES (restate_awakeable_id(?, 17), restate_partition_key_of_id(?)) ON CONFLICT DO NOTHING RETURNING 1), $id, $id) if $awaited && $awaited->{signal};
		my $signal = $entries[0]{Command}{SendSignal};
		run($client, 'read', 'INSERT INTO cancelled VALUES (?, restate_partition_key_of_id(?)) ON CONFLICT DO NOTHING RETURNING 1', ($signal->{target_invocation_id}) x 2)
		  if $signal && $signal->{signal_id}{Index};
		die_now($client) if $risk && rand() < 0.01;
		transaction($client, 'COMMIT');
		die_now($client) if $risk && rand() < 0.01;
		my ($called, $repeated) = $is_last ? again($client, 'complete', $complete, @values) : again($client, 'append', $append, @values);
		wrong($client, "$id completed twice") if $called && $is_last && $repeated;
		return if $is_last;
		return if $called && !$repeated;
		wrong($client, "a repetition of command $attempt->{number} of $id is none: " . $json->encode($repeated))
		  if $called && (grep({ !$_->[1] } @$repeated) || "@{[ map { $_->[0] } @$repeated ]}" ne "@{[ map { $_->[0] } @$rows ]}");
		my @answers = map { $json->decode($_) } map { @{ $_->[2] // [] } } @$rows;
		# what came between was not seen: it is not known yet
		$attempt->{known} = $rows->[-1][0] + 1 if $rows->[0][0] == $attempt->{known} && $rows->[-1][0] == $rows->[0][0] + $#$rows;
		my $known = $attempt->{known};
		take_in($attempt, @answers);
		$attempt->{known} = $known;
		$attempt->{awaited} = $awaited;
		$attempt->{number} += grep { $_->{Command} } @entries;
	}
	return;
}

# Notes in the transaction that some are started; returns when each was created.
sub note_start
{
	my ($client, @ids) = @_;

	run($client, 'read', 'INSERT INTO started (id, partition_key) VALUES (?, restate_partition_key_of_id(?)) ON CONFLICT DO NOTHING RETURNING 1', $_, $_) for @ids;
	return map { @$_ } @{ run($client, 'read', 'SELECT id, created_at FROM restate.invocation WHERE id = ANY (?)', \@ids) // [] };
}

# Claims and runs attempts.
sub work
{
	my ($client, $max) = @_;

	transaction($client, 'BEGIN');
	my $rows = run($client, 'claim', 'SELECT id, attempt, encode(input, \'escape\'), service, handler, commands, journal FROM restate_claim(?, ?, ?)',
		$client->{worker}, \@services, $max);
	if (!$rows) { transaction($client, 'ROLLBACK'); return 0; }
	my %created = note_start($client, map { $_->[0] } @$rows);
	transaction($client, 'COMMIT');
	# of a claim whose reply was lost nobody knows the attempts: they are those of a worker that is gone
	die_now($client) if @$rows && !$client->{careful} && rand() < 0.01;
	for my $claimed (@$rows)
	{
		my ($id, $fence, $name, $service, $handler, $commands, $journal) = @$claimed;

		run_attempt($client, $id, $fence, $name, $service, $handler, $created{$id}, $commands, $journal);
	}
	return scalar @$rows;
}

sub submit
{
	my ($client) = @_;
	my $service = (qw(Root Root Root Counter Counter Leaf Gone Flow Brief))[ rand 9 ];
	my $handler = $service eq 'Counter' ? (qw(add add add see))[ rand 4 ] : $service eq 'Flow' ? (qw(run see))[ rand 2 ] : 'run';
	my $key = $service eq 'Counter' ? 'k' . int rand 4 : $service eq 'Flow' ? 'f' . int rand 20 : undef;
	my $once = $service ne 'Flow' && rand() < 0.3 ? 'i' . int rand 10 : undef;
	my $later = rand() < 0.1 ? '20 ms' : undef;
	my $claim_for = rand() < 0.3 ? $client->{worker} : undef;
	my $tag = fresh($client);
	my @call = ('SELECT id, outcome, attempt FROM restate_submit(?, ?, convert_to(?, \'UTF8\'), ?, NULL, ?, now() + ?::interval, ?)',
		$service, $handler, $tag, $key, $once, $later, $claim_for);
	my $began = time;

	transaction($client, 'BEGIN');
	my $rows = run($client, 'submit', @call);
	if (!$rows) { transaction($client, 'ROLLBACK'); return; }
	my ($id, $outcome, $fence) = @{ $rows->[0] };
	run($client, 'read', 'INSERT INTO submission VALUES (?, ?, restate_partition_key_of_id(?), ?) RETURNING 1', $tag, $id, $id, $service);
	my %created = $fence ? note_start($client, $id) : ();
	write_down($client, what => 'submitting', tag => $tag);
	if (rand() < 0.05)
	{
		transaction($client, 'ROLLBACK');
		write_down($client, what => 'taken back', tag => $tag, id => $id, is_new => $outcome eq 'accepted' && !defined $once && $service ne 'Flow' ? 1 : 0);
		return;
	}
	transaction($client, 'COMMIT');
	write_down($client, what => 'submitted', tag => $tag, id => $id, outcome => $outcome, service => $service, handler => $handler, key => $key,
		began => $began, ended => time, fresh => !$later && $outcome eq 'accepted' ? 1 : 0);
	push @{ $client->{ids} }, $id;
	shift @{ $client->{ids} } if @{ $client->{ids} } > 40;
	if ($once && !$fence)
	{
		my ($called, $more) = again($client, 'submit', @call);
		# what keeps no result may be gone by now, and is another then
		wrong($client, "$id was submitted twice with one key") if $called && $more && ($more->[0][0] ne $id || $more->[0][1] ne 'previously_accepted' && !$short{$service} && !was_removed($client, $id));
		return if $called && $more && $more->[0][2];
	}
	run_attempt($client, $id, $fence, $tag, $service, $handler, $created{$id}, 1, []) if $fence;
	return;
}

# Whether an operator has removed it.
sub was_removed
{
	my ($client, $id) = @_;

	return @{ run($client, 'read', q(SELECT 1 FROM restate.audit WHERE id = ? AND outcome IN ('removed', 'purged')), $id) // [] };
}

sub administer
{
	my ($client) = @_;
	my $ids = run($client, 'read', 'SELECT id FROM restate.invocation ORDER BY random() LIMIT ?', rand() < 0.2 ? 4 : 1) or return;
	my @ids = map { $_->[0] } @$ids or return;
	my $operation = (qw(cancel cancel kill pause pause resume resume resume purge purge_journal restart_as_new))[ rand 11 ];

	if ($operation eq 'restart_as_new' && @ids == 1)
	{
		my @call = ('SELECT restate_restart_as_new(?, ?, NULL, ?)', $ids[0], int rand 4, fresh($client));
		my $rows = run($client, $operation, @call) or return;
		my ($called, $more) = again($client, $operation, @call);

		wrong($client, "the restart $rows->[0][0] was made twice, as $more->[0][0] too") if $called && $more && $more->[0][0] ne $rows->[0][0] && !was_removed($client, $rows->[0][0]);
		return;
	}
	return run($client, $operation, "SELECT restate_$operation(?)", $ids[0]) if @ids == 1;
	return run($client, "${operation}_batch", "SELECT ok FROM restate_${operation}_batch(?)", \@ids);
}

# Answers somebody who waits: awakeables, signals, promises; also too late, and twice.
sub answer
{
	my ($client) = @_;
	my $choice = rand();
	my @call;

	if ($choice < 0.5)
	{
		my $found = run($client, 'read', 'SELECT awakeable FROM awakeable ORDER BY random() LIMIT 1') or return;
		@call = !@$found ? () : rand() < 0.8 ? ('answer', 'SELECT restate_resolve_awakeable(?, ?)', $found->[0][0], 'yes') : ('answer', 'SELECT restate_reject_awakeable(?, ?)', $found->[0][0], 'no');
	}
	elsif ($choice < 0.8)
	{
		my $found = run($client, 'read', 'SELECT id FROM restate.invocation WHERE completed_at IS NULL ORDER BY random() LIMIT 1') or return;
		@call = ('signal', 'SELECT restate_signal(?, ?)', $found->[0][0], 'go') if @$found;
	}
	else { @call = ('promise', 'SELECT restate_resolve_promise(?, ?, ?)', 'Flow', 'f' . int rand 20, 'p') }
	return unless @call && run($client, @call);
	return again($client, @call);
}

# One connection's part of the load, until it is told to stop.
sub client
{
	my ($client, $end) = @_;

	while (!${ $client->{stop} } && time < $end)
	{
		my $choice = rand();
		my $went = eval {
			connect_client($client) unless $client->{dbh};
			last unless $client->{dbh};
			run($client, 'heartbeat', 'SELECT restate_heartbeat(?)', $client->{worker});
			if ($choice < 0.22) { submit($client) }
			elsif ($choice < 0.70) { work($client, 1 + int rand 4) }
			elsif ($choice < 0.80) { run($client, 'tick', "SELECT restate_tick(?, '1 s')", 1 + int rand 50) }
			elsif ($choice < 0.88) { answer($client) }
			elsif ($choice < 0.89) { run($client, 'hold', "SELECT restate_hold(?)", $services[ rand @services ]) }
			elsif ($choice < 0.90) { run($client, 'hold', "SELECT restate_release(s) FROM unnest(?::text[]) AS s", \@services) }
			# takes every attempt, whose workers go on as if they had been away
			elsif ($choice < 0.915) { run($client, 'tick', q(SELECT restate_tick(1000, '0 s'))) }
			elsif ($choice < 0.92) { run($client, 'jump', 'CALL jump(?)', rand() < 0.5 ? '-1 h' : '1 h') }
			else { administer($client) }
			1;
		};
		next if $went;
		die $@ if $@ ne "lost\n";
		eval { $client->{dbh}->disconnect };
		undef $client->{dbh};
		# another server may be down, without which nothing goes on
		sleep 0.05 if $client->{load}{crashes};
	}
	return;
}

# Starts clients, each a process with a connection, for so many seconds at most.
sub start_workers
{
	my ($load, $count, $seconds) = @_;
	my @pids;

	for (1 .. $count)
	{
		my $number = 1 + @{ $load->{clients} };
		my $file = $load->{node}->basedir . "/worker.$number";
		my $pid = fork // die "cannot fork: $!";

		if ($pid == 0)
		{
			my $stop = 0;
			my $client = new_client($load, $number, $file, stop => \$stop);
			local $SIG{TERM} = sub { $stop = 1 };

			srand($load->{seed} + $number);
			eval { client($client, time + $seconds); 1 } or wrong($client, "client $number died: $@");
			POSIX::_exit(0);
		}
		push @pids, $pid;
		push @{ $load->{clients} }, $file;
	}
	return \@pids;
}

sub new_client
{
	my ($load, $number, $file, %more) = @_;

	open my $log, '>', $file or die "cannot write $file: $!";
	$log->autoflush(1);
	return { load => $load, number => $number, life => 0, names => 0, ids => [], log => $log, %more };
}

# Waits for the clients, first asking them to end if told so.
sub stop_workers
{
	my ($pids, $now) = @_;

	if ($now) { kill 'TERM', @$pids }
	waitpid $_, 0 for @$pids;
	return;
}

# What nobody may find where no call is under way, as SQL without rows.
my @unwell = (<<'SQL', <<'SQL', <<'SQL', <<'SQL');
SELECT concat_ws(' ', v.problem, v.id, v.detail) FROM restate_verify() AS v LIMIT 10
SQL
WITH live AS MATERIALIZED (
  SELECT id FROM restate.invocation WHERE completed_at IS NULL
), waiting AS MATERIALIZED (
  SELECT c.id, c.index, c.completion_id, c.result_completion_id, coalesce(c.invoked_id, (c.meta #>> '{target,InvocationId}')::restate_invocation_id) AS target
  FROM restate.invocation AS i
  JOIN restate.journal AS c ON c.id = i.id AND c.partition_key = i.partition_key AND c.entry_type IN ('Command: Call', 'Command: AttachInvocation')
  WHERE i.status = 'suspended' AND coalesce(c.result_completion_id, c.completion_id) = ANY (i.suspended_waiting_for_completions)
)
SELECT concat_ws(' ', 'suspended, though its callee is no more in flight:', w.id, w.index, w.completion_id, w.result_completion_id)
FROM waiting AS w WHERE w.target NOT IN (SELECT id FROM live) LIMIT 10
SQL
SELECT 'effect of a step that the journal lacks: ' || e.id || ' ' || e.number
FROM effect AS e JOIN restate.invocation AS i USING (id, partition_key, created_at)
WHERE i.journal_size > 0 AND e.number >= i.journal_commands_size LIMIT 10
SQL
SELECT 'run without its effect: ' || j.id || ' ' || j.number
FROM (SELECT j.id, j.partition_key, i.created_at, j.entry_type, row_number() OVER (PARTITION BY j.partition_key, j.id ORDER BY j.index) - 1 AS number
  FROM restate.journal AS j JOIN restate.invocation AS i USING (id, partition_key) WHERE restate.is_command(j.entry_type) AND i.restarted_from IS NULL) AS j
WHERE j.entry_type = 'Command: Run'
  AND NOT EXISTS (SELECT FROM effect AS e WHERE e.id = j.id AND e.partition_key = j.partition_key AND e.created_at = j.created_at AND e.number = j.number) LIMIT 10
SQL

# Tests, while nothing is called, that all is well.
sub still_well
{
	my ($load, $when) = @_;
	my $found = join "\n", grep { $_ ne '' } map { $load->{node}->safe_psql('postgres', $_) } @unwell;
	my $is_well = Test::More::is($found, '', "all is well $when");

	tell_of($load, $found =~ /inv_\w+/g) unless $is_well;
	return $is_well;
}

# Says all that is known of some invocations.
sub tell_of
{
	my ($load, @ids) = @_;
	my %seen;

	for my $id (grep { !$seen{$_}++ } @ids)
	{
		last if keys %seen > 3;
		Test::More::diag($load->{node}->safe_psql('postgres', <<"SQL"));
SELECT 'row ' || jsonb_strip_nulls(to_jsonb(i))::text FROM (SELECT * FROM restate.invocation WHERE id = '$id' OFFSET 0) AS i;
SELECT concat_ws(' ', 'journal', index, entry_type, completion_id, result_completion_id, invoked_id, signal_index, signal_name, j.name, meta, appended_at) FROM restate.journal AS j WHERE id = '$id' ORDER BY index;
SELECT concat_ws(' ', 'audit', at, operation, outcome, caused_by, new_id) FROM restate.audit WHERE '$id' IN (id, new_id) ORDER BY audit_id;
SELECT concat_ws(' ', 'effect', number, last, created_at) FROM effect WHERE id = '$id' ORDER BY created_at, number;
SELECT concat_ws(' ', 'submission', tag) FROM submission WHERE id = '$id';
SELECT 'waiter ' || w::text FROM (SELECT * FROM restate.waiter WHERE '$id' IN (target, caller) OFFSET 0) AS w;
SELECT 'timer ' || t::text FROM (SELECT * FROM restate.timer WHERE id = '$id' OFFSET 0) AS t;
SQL
		Test::More::diag(join '', map { my $file = $_; map { "$file: $_\n" } grep { /$id/ } split /\n/, slurp_file($file) } @{ $load->{clients} });
	}
	return;
}

# Tests that what is in flight can be run to its end, with workers that live.
sub run_to_the_end
{
	my ($load) = @_;
	my $file = $load->{node}->basedir . '/worker.last';
	my $client = new_client($load, 'last', $file, careful => 1);
	my $until = time + 300;
	my ($left, $idle) = (0, 0);

	connect_client($client);
	run($client, 'hold', "SELECT restate_release(s) FROM unnest(?::text[]) AS s", \@services);
	while (time < $until)
	{
		run($client, 'jump', q(CALL jump('-2 h')));
		run($client, 'resume', q(SELECT FROM restate_resume_batch(ARRAY(SELECT id FROM restate.invocation WHERE status = 'paused' OFFSET 0))));
		run($client, 'tick', q(SELECT restate_tick(10000, '0 s')));
		($left) = map { $_->[0] } @{ run($client, 'read', 'SELECT count(*) FROM restate.invocation WHERE completed_at IS NULL') };
		last unless $left;
		$idle = work($client, 100) ? 0 : $idle + 1;
		next if $idle < 3;
		# nothing runs: whoever waits for somebody outside is answered; then, whoever waits for himself, or in a circle, is cancelled
		my $answered = run($client, 'signal', q(SELECT restate_signal(id, 'go') FROM unnest(ARRAY(SELECT id FROM restate.invocation WHERE status = 'suspended' AND suspended_waiting_for_names IS NOT NULL OFFSET 0)) AS id));
		push @$answered, @{ run($client, 'answer', q(SELECT restate_signal(id, index => 17) FROM unnest(ARRAY(SELECT id FROM restate.invocation WHERE status = 'suspended' AND 17 = ANY (suspended_waiting_for_signals) OFFSET 0)) AS id)) };
		push @$answered, @{ run($client, 'promise', q(SELECT restate_resolve_promise('Flow', service_key, 'p') FROM unnest(ARRAY(SELECT DISTINCT service_key FROM restate.promise_waiter OFFSET 0)) AS service_key)) };
		next if @$answered;
		run($client, 'cancel', q(SELECT FROM restate_cancel_batch(ARRAY(SELECT id FROM restate.invocation WHERE status = 'suspended' OFFSET 0))));
		$load->{cancelled_at_last}++;
	}
	close $client->{log};
	push @{ $load->{clients} }, $file;
	Test::More::is($left, 0, 'what was in flight has come to its end')
	  or tell_of($load, split /\n/, $load->{node}->safe_psql('postgres', 'SELECT id FROM restate.invocation WHERE completed_at IS NULL'));
	return;
}

# Tests that all that has happened adds up.
sub test_worker_load
{
	my ($load) = @_;
	my $node = $load->{node};
	my (@notes, %errors, @wrong, %count);
	my $rows = sub { return split /\n/, $node->safe_psql('postgres', $_[0]) };

	push @notes, map { $json->decode($_) } grep { /\}\z/ } split /\n/, slurp_file($_) for @{ $load->{clients} };
	for my $note (@notes)
	{
		$count{ $note->{what} }++;
		push @wrong, $note->{text} if $note->{what} eq 'wrong';
		next if $note->{what} ne 'error';
		$count{ $note->{category} }++;
		# what an operator is refused, or a worker that lost its attempt; what has gone meanwhile
		next if $note->{state} =~ /^PT4/ && ($note->{of} !~ $of_workers || $note->{category} eq 'attempt_lost' || ($note->{category} eq 'invocation_not_found' && $note->{of} ne 'submit'));
		$errors{"$note->{of}: $note->{state} $note->{message}" =~ s/inv_\w+/ID/gr}++;
	}
	Test::More::diag(join ', ', map { "$_ $count{$_}" } grep { $_ ne '' } sort keys %count);
	Test::More::is(join("\n", map { "$errors{$_} times $_" } sort keys %errors), '', 'no error but refusals that are due');
	Test::More::is_deeply(\@wrong, [], 'nothing else was wrong');
	still_well($load, 'at the end');

	# what was submitted is there, or was removed by an operation, or was not kept for longer
	my %gone = map { $_ => 1 } $rows->(q(SELECT id FROM restate.audit WHERE outcome IN ('removed', 'purged') UNION SELECT id FROM cancelled));
	my %ended = map { $_ => 1 } $rows->(q(SELECT id FROM effect WHERE last UNION SELECT id FROM restate.audit WHERE outcome = 'killed'));
	my %there = map { $_ => 1 } $rows->('SELECT id FROM restate.invocation');
	my %stored = map { (split /\|/)[ 0, 1 ] } $rows->('SELECT tag, id FROM submission');
	my @submitted = grep { $_->{what} eq 'submitted' } @notes;
	Test::More::cmp_ok(scalar @submitted, '>', 100, 'there was a load');
	Test::More::is_deeply([ map { $_->{id} } grep { ($stored{ $_->{tag} } // '') ne $_->{id} } @submitted ], [], 'each submission that was acknowledged is committed');
	Test::More::is($node->safe_psql('postgres', <<'SQL'), '', 'each that was committed is accounted for');
SELECT s.id, s.service FROM submission AS s
WHERE NOT EXISTS (SELECT FROM restate.invocation AS i WHERE i.id = s.id AND i.partition_key = s.partition_key)
  AND NOT EXISTS (SELECT FROM restate.audit AS a WHERE a.id = s.id AND a.partition_key = s.partition_key AND a.outcome IN ('removed', 'purged'))
  AND NOT EXISTS (SELECT FROM cancelled AS c WHERE c.id = s.id AND c.partition_key = s.partition_key)
  AND NOT (s.service IN ('Gone', 'Brief') AND (EXISTS (SELECT FROM effect AS e WHERE e.id = s.id AND e.partition_key = s.partition_key AND e.last)
    OR EXISTS (SELECT FROM restate.audit AS a WHERE a.id = s.id AND a.partition_key = s.partition_key AND a.outcome = 'killed')))
LIMIT 5
SQL
	Test::More::is_deeply([ grep { $there{$_} || $ended{$_} } map { $_->{id} } grep { $_->{what} eq 'taken back' && $_->{is_new} } @notes ], [], 'none that was taken back is there');
	Test::More::is($node->safe_psql('postgres', <<'SQL'), '', 'nothing is there that nobody submitted');
SELECT i.id, i.target_service_name FROM restate.invocation AS i
WHERE i.invoked_by = 'ingress' AND NOT EXISTS (SELECT FROM submission AS s WHERE s.id = i.id AND s.partition_key = i.partition_key) LIMIT 5
SQL

	# who waits is answered once: twice is what restate_verify() finds
	Test::More::is($node->safe_psql('postgres', <<'SQL'), '', 'who has completed with an output was answered by all for whom it waited');
SELECT c.id, c.entry_type, coalesce(c.result_completion_id, c.completion_id), count(n.id)
FROM restate.journal AS c
JOIN restate.invocation AS i ON i.id = c.id AND i.partition_key = c.partition_key AND i.completed_at IS NOT NULL AND i.completion_failure IS NULL
LEFT JOIN restate.journal AS n ON n.id = c.id AND n.partition_key = c.partition_key AND NOT restate.is_command(n.entry_type) AND n.completion_id = coalesce(c.result_completion_id, c.completion_id)
WHERE c.entry_type IN ('Command: Call', 'Command: AttachInvocation', 'Command: Sleep', 'Command: GetPromise')
GROUP BY 1, 2, 3 HAVING count(n.id) <> 1 LIMIT 5
SQL
	# a timer of one that has ended is there until it is due
	$node->safe_psql('postgres', q(UPDATE restate.timer SET due_at = now() - interval '1 h' WHERE kind <> 'expiry'; SELECT restate_tick(10000)));
	Test::More::is($node->safe_psql('postgres', <<'SQL'), '0|0|0|0|0', 'nobody waits, nothing can run, no key is held, nothing is due but what is kept');
SELECT (SELECT count(*) FROM restate.waiter), (SELECT count(*) FROM restate.promise_waiter), (SELECT count(*) FROM restate.runnable),
  (SELECT count(*) FROM restate.object_key WHERE holder IS NOT NULL), (SELECT count(*) FROM restate.timer WHERE kind <> 'expiry')
SQL

	# first in, first out: of two on one key, one of which was there before the other came
	my %place = map { (split /\|/)[ 0, 1 ] } $rows->('SELECT id, (extract(epoch FROM place) * 1000000)::bigint FROM started');
	my @fresh = grep { $_->{fresh} && $_->{service} eq 'Counter' && $_->{handler} eq 'add' && $place{ $_->{id} } && !$gone{ $_->{id} } } @submitted;
	my @swapped;
	for my $first (@fresh)
	{
		push @swapped, map { "$_->{id} before $first->{id}" }
		  grep { $_->{key} eq $first->{key} && $_->{began} > $first->{ended} && $place{ $_->{id} } < $place{ $first->{id} } } @fresh;
	}
	Test::More::is_deeply(\@swapped, [], 'each key has taken them in their order');
	Test::More::cmp_ok(scalar @fresh, '>', 10, 'of which there were some');
	for my $server (@{ $load->{nodes} })
	{
		# what Citus waits for is an error once its postmaster is killed, also while it ends for
		# that, and when the transaction is committed here and not yet on other nodes
		my $log = slurp_file($server->logfile) =~ s/PANIC:  (?:ERRORDATA_STACK_SIZE exceeded|cannot abort transaction \d+, it was already committed)//gr;
		my @crashes = $log =~ /.*(?:PANIC:|TRAP:|was terminated by signal (?!9)|deadlock detected|distributed deadlock).*/g;

		Test::More::is("@crashes", '', 'the log of ' . $server->name . ' has no deadlock and no crash');
	}
	return;
}

1;
