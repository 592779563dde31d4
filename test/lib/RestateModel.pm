package RestateModel;

# What the operations are to do, written a second time and plainly: a model of
# the tables in memory.  The fault tests run through it all that the audit and
# the log of the small runtime (faults/load.sql) say has happened, in order, and
# compare it with the tables.

use strict;
use warnings;

my $latest = 'dp_10000000000000000000new';
my $first = 'dp_10000000000000000000old';

sub new
{
	my ($class) = @_;

	return bless { invocations => {}, keys => {}, flows => {} }, $class;
}

# An entry of a journal, in the form of load.entry().
sub entry
{
	my ($type, $completion, $result, $invoked, $signal) = @_;

	return join '|', $type, map { $_ // '' } $completion, $result, $invoked, $signal;
}

sub has_started { return $_[0]{status} ne 'pending' && $_[0]{status} ne 'scheduled' }
sub in_flight { return has_started($_[0]) && $_[0]{status} ne 'completed' }

# Returns the completions that a journal has, by their ids.
sub completions
{
	my ($journal) = @_;

	return map { /^Notification: \w+\|(\d+)/ ? ($1 => 1) : () } @$journal;
}

# Returns the completions that a command waits for.
sub awaited
{
	my ($entry) = @_;
	my ($type, $completion, $result) = split /\|/, $entry;

	return $type =~ /^Command/ ? grep { defined && $_ ne '' } $completion, $result : ();
}

sub object_key
{
	my ($self, $key) = @_;

	return $self->{keys}{$key} //= { holder => '', next => 0, inbox => [] };
}

sub set_status
{
	my ($self, $invocation, $status) = @_;

	$invocation->{status} = $status;
	$invocation->{waits} = $invocation->{signals} = '' if $status ne 'suspended';
	return;
}

# Makes an invocation; an exclusive one takes its key, or the key's next place.
sub enter
{
	my ($self, $id, %with) = @_;
	my $invocation = { status => 'ready', key => '', kind => 'service', journal => [], caller => '', pause => 0, waits => '',
		signals => '', place => '', result => '', deployment => '', protocol => '', original => '', request => '',
		retention => 'all', events => 0, %with };

	die "$id exists already\n" if $self->{invocations}{$id};
	if ($invocation->{kind} eq 'object')
	{
		my $key = $self->object_key($invocation->{key});

		if ($key->{holder})
		{
			$invocation->{status} = 'pending';
			$invocation->{place} = $key->{next}++;
			push @{ $key->{inbox} }, $id;
		}
		else { $key->{holder} = $id }
	}
	$self->{invocations}{$id} = $invocation;
	return $invocation;
}

sub add
{
	my ($self, $id, $detail, $caller) = @_;
	my $kind = $detail->{kind};
	my $invocation = $self->enter($id, kind => $kind, key => $detail->{key} // '', retention => $detail->{retention},
		caller => $caller // '');

	$invocation->{status} = 'scheduled' if $kind eq 'scheduled';
	$invocation->{journal} = [ entry('Command: Input') ] if has_started($invocation);
	$self->{flows}{ $detail->{key} } = 1 if $kind eq 'workflow';
	return;
}

# Takes the invocation and all that is its own away.
sub remove
{
	my ($self, $id) = @_;
	my $invocation = delete $self->{invocations}{$id};

	if ($invocation->{kind} eq 'object')
	{
		my $key = $self->object_key($invocation->{key});
		$key->{inbox} = [ grep { $_ ne $id } @{ $key->{inbox} } ];
	}
	delete $self->{flows}{ $invocation->{key} } if $invocation->{kind} eq 'workflow' && has_started($invocation);
	return;
}

sub drop_journal
{
	my ($self, $invocation) = @_;

	$invocation->{journal} = [];
	$invocation->{events} = 0;
	return;
}

# Gives the key that the invocation holds to the next in its inbox.
sub release_key
{
	my ($self, $id, $invocation) = @_;

	return if $invocation->{kind} ne 'object' || $self->object_key($invocation->{key})->{holder} ne $id;
	my $key = $self->object_key($invocation->{key});
	$key->{holder} = shift @{ $key->{inbox} } // '';
	return unless $key->{holder};
	my $next = $self->{invocations}{ $key->{holder} };
	$self->set_status($next, 'ready');
	$next->{place} = '';
	$next->{journal} = [ entry('Command: Input') ] unless @{ $next->{journal} };
	return;
}

# Answers the calls of the caller that wait for the invocation's result.
sub answer_caller
{
	my ($self, $id, $invocation) = @_;
	my $caller = $self->{invocations}{ $invocation->{caller} };

	return unless $caller && $caller->{status} ne 'completed';
	my %has = completions($caller->{journal});
	for my $entry (@{ $caller->{journal} })
	{
		my ($type, $completion, $result, $invoked) = split /\|/, $entry;

		next if $type ne 'Command: Call' || $invoked ne $id || $has{$result};
		push @{ $caller->{journal} }, entry('Notification: Call', $result);
		$self->set_status($caller, 'ready') if grep { $_ eq $result } split /,/, $caller->{waits};
	}
	return;
}

# Ends one that has started, as its retention says.
sub complete
{
	my ($self, $id, $invocation, $result) = @_;

	$self->set_status($invocation, 'completed');
	$invocation->{pause} = 0;
	$invocation->{result} = $result;
	$self->release_key($id, $invocation);
	$self->answer_caller($id, $invocation);
	if ($invocation->{retention} eq 'nothing') { $self->remove($id) }
	elsif ($invocation->{retention} ne 'all') { $self->drop_journal($invocation) }
	return;
}

# What the runtime did: dies where the model is not in the state for it.
sub step
{
	my ($self, $action, $id, $detail) = @_;

	return $self->add($id, $detail) if $action eq 'create';
	my %from = (claim => 'ready', start => 'scheduled', retry => 'backing-off', wake => 'suspended');
	my $invocation = $self->{invocations}{$id} or die "$action of $id, which is gone\n";
	my $journal = $invocation->{journal};
	my $number = 2 * @$journal + 1;
	my $from = $from{$action} // 'running';

	die "$action of $id, which is $invocation->{status}\n" if $invocation->{status} ne $from;
	if ($action eq 'claim')
	{
		$self->set_status($invocation, 'running');
		$invocation->{deployment} ||= $first;
		$invocation->{protocol} ||= $detail->{protocol};
	}
	elsif ($action eq 'start')
	{
		$self->set_status($invocation, 'ready');
		push @$journal, entry('Command: Input');
	}
	elsif ($action eq 'retry') { $self->set_status($invocation, 'ready') }
	elsif ($action eq 'run') { push @$journal, entry('Command: Run', $number), entry('Notification: Run', $number) }
	elsif ($action eq 'sleep') { push @$journal, entry('Command: Sleep', $number) }
	elsif ($action eq 'call' || $action eq 'send')
	{
		my $callee = $detail->{callee};

		push @$journal, $action eq 'call' ? entry('Command: Call', $number, $number + 1, $callee)
		  : entry('Command: OneWayCall', $number, undef, $callee);
		push @$journal, entry('Notification: CallInvocationId', $number, undef, $callee);
		$self->add($callee, $detail, $id);
	}
	elsif ($action eq 'suspend' || $action eq 'fail')
	{
		my $next = $action eq 'fail' ? 'backing-off' : 'suspended';

		$invocation->{events}++ if $action eq 'fail';
		$next = 'paused' if $invocation->{pause};
		$self->set_status($invocation, $next);
		$invocation->{pause} = 0;
		if ($next eq 'suspended')
		{
			my %has = completions($journal);

			$invocation->{waits} = join ',', grep { !$has{$_} } map { awaited($_) } @$journal;
			$invocation->{signals} = '1';
		}
	}
	elsif ($action eq 'wake')
	{
		my %waits = map { $_ => 1 } split /,/, $invocation->{waits};
		my ($completion) = map { /^Command: Sleep\|(\d+)/ && $waits{$1} ? $1 : () } @$journal;

		push @$journal, entry('Notification: Sleep', $completion);
		$self->set_status($invocation, 'ready');
	}
	elsif ($action eq 'finish')
	{
		push @$journal, entry('Command: Output');
		$self->complete($id, $invocation, 'success');
	}
	else { die "unknown step $action\n" }
	return;
}

# Runs an operation over ids, one after the other.  new_ids has the ids that
# restarts are to give out, in order.  Returns a result for each id, in the form
# of result(), and the rows that the audit is to get.
sub operation
{
	my ($self, $operation, $ids, $parameters, $new_ids) = @_;
	my (@results, @effects);

	$operation = $parameters->{mode} eq 'purge' ? 'delete_purge' : $parameters->{mode} if $operation eq 'delete_invocation';
	for my $id (@$ids)
	{
		my $invocation = $self->{invocations}{$id};
		my @effects_of_it;
		my ($outcome, $took_effect, $new_id);

		if ($operation eq 'restart_as_new')
		{
			($outcome, $took_effect, $new_id) = $self->restart($id, $parameters, $new_ids);
		}
		elsif (!$invocation) { $outcome = \'invocation_not_found' }
		else
		{
			($outcome, $took_effect) = $self->$operation($id, $invocation, $parameters, \@effects_of_it);
		}
		push @results, ref $outcome ? result(0, $$outcome) : result(1, '', $outcome, $new_id);
		push @effects, join(' ', $id, $outcome, $new_id // '-', '-') if $took_effect;
		push @effects, map { "$_->[0] $_->[1] - $id" } @effects_of_it;
	}
	return (\@results, \@effects);
}

sub result
{
	my ($ok, $category, $outcome, $new_id) = @_;

	return join ':', $ok, $category, $outcome // '', $new_id // '';
}

sub cancel
{
	my ($self, $id, $invocation) = @_;

	return \'already_completed' if $invocation->{status} eq 'completed';
	return ($self->remove_unstarted($id, $invocation), 1) unless has_started($invocation);
	push @{ $invocation->{journal} }, entry('Notification: Signal', undef, undef, undef, 1);
	$self->set_status($invocation, 'ready')
	  if $invocation->{status} eq 'paused' || ($invocation->{status} eq 'suspended' && $invocation->{signals} eq '1');
	return ('signalled', 1);
}

sub remove_unstarted
{
	my ($self, $id, $invocation) = @_;

	$self->answer_caller($id, $invocation);
	$self->remove($id);
	return 'removed';
}

sub kill
{
	my ($self, $id, $invocation, $parameters, $effects) = @_;

	return \'already_completed' if $invocation->{status} eq 'completed';
	my @callers = [ @{ $invocation->{journal} } ];
	my $outcome = $self->kill_one($id, $invocation);
	@callers = () if $outcome eq 'removed';
	while (my $journal = shift @callers)
	{
		for my $entry (@$journal)
		{
			my (undef, undef, undef, $callee_id) = $entry =~ /^Command: (?:OneWay)?Call\|/ ? split /\|/, $entry : next;
			my $callee = $self->{invocations}{$callee_id};

			next if !$callee || $callee->{status} eq 'completed';
			push @callers, [ @{ $callee->{journal} } ] if has_started($callee);
			push @$effects, [ $callee_id, $self->kill_one($callee_id, $callee) ];
		}
	}
	return ($outcome, 1);
}

sub kill_one
{
	my ($self, $id, $invocation) = @_;

	return $self->remove_unstarted($id, $invocation) unless has_started($invocation);
	$self->complete($id, $invocation, '[409] killed');
	return 'killed';
}

sub purge_journal
{
	my ($self, $id, $invocation) = @_;

	return \'not_completed' if $invocation->{status} ne 'completed';
	return 'unchanged' unless @{ $invocation->{journal} };
	$self->drop_journal($invocation);
	return ('purged', 1);
}

sub purge
{
	my ($self, $id, $invocation) = @_;

	return \'not_completed' if $invocation->{status} ne 'completed';
	$self->remove($id);
	return ('purged', 1);
}

sub delete_purge
{
	my ($self, $id, $invocation) = @_;

	return 'unchanged' if $invocation->{status} ne 'completed';
	return $self->purge($id, $invocation);
}

sub pause
{
	my ($self, $id, $invocation) = @_;
	my $status = $invocation->{status};

	return \'not_running' if !in_flight($invocation);
	if ($status eq 'running')
	{
		my $was = $invocation->{pause};

		$invocation->{pause} = 1;
		return ('pausing', !$was);
	}
	return 'unchanged' if $status eq 'suspended' || $status eq 'paused';
	$self->set_status($invocation, 'paused');
	$invocation->{events}++;
	return ('paused', 1);
}

sub resume
{
	my ($self, $id, $invocation, $parameters) = @_;
	my $status = $invocation->{status};
	my $moves = ($parameters->{deployment} || 'keep') ne 'keep';

	return \'not_started' unless has_started($invocation);
	return \'already_completed' if $status eq 'completed';
	return \'deployment_not_changeable' if $moves && $status ne 'paused' && $status ne 'suspended';
	$invocation->{deployment} = $latest if $moves && $invocation->{deployment};
	if ($status eq 'ready' || $status eq 'running')
	{
		my $was = $invocation->{pause};

		$invocation->{pause} = 0;
		return $was ? ('resumed', 1) : 'unchanged';
	}
	$self->set_status($invocation, 'ready');
	return ('resumed', 1);
}

sub restart
{
	my ($self, $id, $parameters, $new_ids) = @_;
	my $original = $self->{invocations}{$id};
	my $request = $parameters->{request_id} // '';
	my $from = $parameters->{from} || 0;
	my $keeps = ($parameters->{deployment} || 'latest') eq 'keep';

	if ($request ne '')
	{
		my ($before) = grep { $self->{invocations}{$_}{original} eq $id && $self->{invocations}{$_}{request} eq $request }
		  keys %{ $self->{invocations} };
		if ($before)
		{
			my $restart = $self->{invocations}{$before};
			my $begins_on = !$original ? $restart->{begun_on} : !$original->{deployment} ? '' : $keeps ? $original->{deployment} : $latest;

			return \'request_id_conflict' if $restart->{from} != $from || $restart->{begun_on} ne $begins_on;
			return ('unchanged', 0, $before);
		}
	}
	return \'invocation_not_found' unless $original;
	return \'not_started' unless has_started($original);
	return \'still_running' if $original->{status} ne 'completed';
	my @journal = @{ $original->{journal} };
	return \'input_not_available' unless @journal;
	return \'restart_not_supported' if $original->{kind} eq 'workflow';
	return \'restart_not_supported' if !$original->{deployment} && $from > 0;
	return \'deployment_not_changeable' if !$original->{deployment} && $keeps;
	return \'restart_not_supported' if $from > 0 && $original->{protocol} < 6;
	return \'journal_index_out_of_range' if $from >= @journal;

	my @needed = map { awaited($_) } @journal[ 1 .. $from ];
	my %has = completions(\@journal);
	return \'journal_prefix_incomplete' if grep { !$has{$_} } @needed;
	my %needed = map { $_ => 1 } @needed;
	my $new_id = shift @$new_ids // die "restart of $id, for which there is no new id\n";
	my $begins_on = !$original->{deployment} ? '' : $keeps ? $original->{deployment} : $latest;
	$self->enter($new_id, kind => $original->{kind} eq 'scheduled' ? 'service' : $original->{kind}, key => $original->{key},
		retention => $original->{retention}, original => $id, request => $request, protocol => $original->{protocol},
		deployment => $begins_on, begun_on => $begins_on, from => $from,
		journal => [ @journal[ 0 .. $from ],
			grep { /^Notification: \w+\|(\d+)/ && $needed{$1} } @journal[ $from + 1 .. $#journal ] ]);
	return ('restarted', 1, $new_id);
}

# All of it as lines, in the form of tables().
sub lines
{
	my ($self) = @_;
	my @lines;

	for my $id (keys %{ $self->{invocations} })
	{
		my $i = $self->{invocations}{$id};

		push @lines, join ' ', $id, $i->{status}, $i->{key}, $i->{kind} eq 'scheduled' ? 'service' : $i->{kind},
		  map({ "$_=$i->{$_}" } qw(caller waits signals place result deployment protocol original request events)),
		  "pause=" . ($i->{pause} ? 1 : 0), 'size=' . @{ $i->{journal} },
		  'commands=' . grep({ /^Command/ } @{ $i->{journal} }), @{ $i->{journal} };
	}
	for my $name (keys %{ $self->{keys} })
	{
		my $key = $self->{keys}{$name};

		push @lines, "key $name $key->{holder} $key->{next}" if $key->{holder} || $key->{next};
	}
	push @lines, map { ("state $_", "promise $_") } keys %{ $self->{flows} };
	return sort @lines;
}

# The same of the tables, as a query.
our $tables = <<'SQL';
SELECT concat_ws(' ', i.id, i.status, coalesce(i.target_service_key, ''),
    CASE WHEN i.target_handler_ty = 'exclusive' THEN 'object' ELSE coalesce(i.target_handler_ty, 'service') END,
    'caller=' || coalesce(i.invoked_by_id::text, ''),
    'waits=' || coalesce(array_to_string(i.suspended_waiting_for_completions, ','), ''),
    'signals=' || coalesce(array_to_string(i.suspended_waiting_for_signals, ','), ''),
    'place=' || coalesce(i.inbox_sequence_number::text, ''),
    'result=' || coalesce(i.completion_failure, i.completion_result, ''),
    'deployment=' || coalesce(i.pinned_deployment_id::text, ''),
    'protocol=' || coalesce(i.pinned_service_protocol_version::text, ''),
    'original=' || coalesce(i.restarted_from::text, ''), 'request=' || coalesce(i.request_id, ''),
    'events=' || (SELECT count(*) FROM restate.journal_event AS e WHERE e.id = i.id),
    'pause=' || i.pause_requested::int, 'size=' || i.journal_size, 'commands=' || i.journal_commands_size,
    (SELECT string_agg(load.entry(j), ' ' ORDER BY j.index) FROM restate.journal AS j WHERE j.id = i.id))
FROM restate.invocation AS i
UNION ALL SELECT concat_ws(' ', 'key', service_key, coalesce(holder::text, ''), next_sequence_number)
FROM restate.object_key WHERE holder IS NOT NULL OR next_sequence_number > 0
UNION ALL SELECT 'state ' || service_key FROM restate.object_state
UNION ALL SELECT 'promise ' || service_key FROM restate.promise
UNION ALL SELECT 'orphan ' || id FROM (SELECT id FROM restate.journal UNION SELECT id FROM restate.journal_event) AS j
WHERE NOT EXISTS (SELECT FROM restate.invocation AS i WHERE i.id = j.id)
SQL

1;
