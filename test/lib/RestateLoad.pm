package RestateLoad;

# A load of every operation for the fault tests: clients that each call what a
# generator of random numbers says, and write down what they call and what they
# are told; and the account of it, which runs the model (RestateModel) through
# all that the audit says has happened.

use strict;
use warnings;
use DBI;
use Exporter 'import';
use File::Path qw(make_path);
use JSON::PP;
use POSIX ();
use RestateModel;
use Test::More ();
use Time::HiRes qw(sleep time);

our @EXPORT = qw(load_seed new_load connect_to start_clients await_calls stop_clients account account_of_copy lost_restarts call_again
  test_every_effect);

my $json = JSON::PP->new;
my @operations = qw(purge_journal delete_invocation restart_as_new cancel kill purge pause resume);
my %is_operation = map { $_ => 1 } @operations;

# An operation finds something to do on one in these states.
my %suits = (
	purge_journal => qr/^completed/, purge => qr/^completed/, restart_as_new => qr/^completed/,
	cancel => qr/^(?!completed)/, kill => qr/^(?!completed)/, delete_invocation => qr/./,
	pause => qr/^(?:ready|running|backing-off)/, resume => qr/^(?:paused|backing-off|suspended|running)/,
	claim => qr/^ready/, start => qr/^scheduled/, retry => qr/^backing-off/, wake => qr/^suspended/,
	map({ $_ => qr/^running/ } qw(run sleep call send suspend fail finish)));

# How often a step is tried, of the steps of the runtime.
my @steps = ((qw(claim run finish)) x 5, qw(sleep call call send suspend suspend wake wake fail retry retry start));

# What is broken.  The runtime of this load writes the tables by itself, without attempts and timers:
# a step of it is what ends a sleep, and begins the next attempt.
our $verify = "SELECT * FROM restate_verify() WHERE problem NOT IN ('answer_lost', 'attempt_wrong', 'timer_missing')";

# What a connection that was lost, or could not be made, is told.
my $lost = qr/^(?:08...|57P0[123]|53300)$/;

# Returns the seed of a test's random numbers: SEED, or a new one.
sub load_seed
{
	my $seed = $ENV{SEED} || int(rand(2**31));

	Test::More::diag("SEED=$seed");
	return $seed;
}

# Puts the runtime into database postgres of the node; returns the account.
# Options: how many invocations there are about, how many object keys, how many
# a batch has at most, which part of the calls are steps of the runtime, how
# many restarts have a request id, operations to call more often, how many calls
# are in a transaction that stays open for a moment, the time between two calls,
# whether to reconnect, and a function that returns SQL to run before each call.
sub new_load
{
	my ($node, %options) = @_;
	my $here = (__FILE__ =~ s{/lib/[^/]*\z}{}r);

	$node->safe_psql('postgres', do { local (@ARGV, $/) = "$here/faults/load.sql"; <> });
	return new_account(node => $node, clients => [], size => 50, keys => 6, batch => 8, runtime => 0.45, repeatable => 0.5,
		operations => [], hold => 0, %options);
}

# Begins an account of a database.
sub new_account
{
	return { database => 'postgres', model => RestateModel->new, seen => 0, calls => {}, created => {}, by_state => {}, said => {}, problems => [],
		lost_restarts => [], acknowledged => 0, lost_done => 0, lost_undone => 0, effects => 0, @_ };
}

# Connects to a database of the node; dies where that does not succeed.
sub connect_to
{
	my ($node, $database) = @_;
	my $dbh = DBI->connect("dbi:Pg:dbname=$database;host=" . $node->host . ';port=' . $node->port, '', '',
		{ PrintError => 0, RaiseError => 0, AutoCommit => 1, PrintWarn => 0, pg_enable_utf8 => 0 });

	die 'cannot connect: ' . ($DBI::state // '') . " $DBI::errstr\n" unless $dbh;
	return $dbh;
}

# Starts clients, each a process with a connection, which go on for some seconds
# or until stop_clients().  A client whose connection is lost ends, or makes a
# new one where the load has it so.  Returns what stop_clients() takes.
sub start_clients
{
	my ($load, $count, $seconds) = @_;
	my $dir = $load->{node}->basedir . '/load';
	my @clients;

	make_path($dir);
	for (1 .. $count)
	{
		my $number = 1 + @{ $load->{clients} };
		my $log = "$dir/$number";
		my $pid = fork // die "cannot fork: $!";

		if ($pid == 0)
		{
			my $end = time + $seconds;

			eval { run_client($load, $number, $log, $end); 1 } or do {
				open my $out, '>>', $log;
				print $out "died\t$@";
				close $out;
			};
			POSIX::_exit(0);
		}
		push @clients, { number => $number, pid => $pid, log => $log };
		push @{ $load->{clients} }, $clients[-1];
	}
	return \@clients;
}

# Returns when each of the clients has been answered so often.
sub await_calls
{
	my ($clients, $count) = @_;
	my $end = time + 60;

	for my $client (@$clients)
	{
		sleep 0.05 while time < $end && (() = (-e $client->{log} ? do { local (@ARGV, $/) = $client->{log}; <> } : '') =~ /^done\t/mg) < $count;
	}
	return;
}

# Waits for the clients to end, first asking them to if told so.
sub stop_clients
{
	my ($clients, $now) = @_;

	if ($now) { kill 'TERM', $_->{pid} for @$clients }
	waitpid $_->{pid}, 0 for @$clients;
	return;
}

# One client: its log has a line "call" before and a line "done" after each
# call, with a tag that the audit has as the reason.
sub run_client
{
	my ($load, $number, $file, $end) = @_;
	my $stop = 0;
	local $SIG{TERM} = sub { $stop = 1 };

	srand($load->{seed} + $number);
	open my $log, '>', $file or die "cannot write $file: $!";
	$log->autoflush(1);
	my $dbh;
	my $calls = 0;
	my @known;

	while (!$stop && time < $end)
	{
		my $tag = "$number-" . ++$calls;

		sleep $load->{pause} if $load->{pause};
		$dbh //= connect_to(@$load{qw(node database)});
		if ($calls % 8 == 1)
		{
			my $rows = $dbh->selectall_arrayref('SELECT id, status, journal_size FROM restate.invocation ORDER BY id');
			@known = @$rows if $rows;
		}
		my @call = choose($load, $tag, \@known);
		my $state = perform($load, $dbh, $log, $tag, @call);
		# what makes a restart repeatable
		$state = perform($load, $dbh, $log, "${tag}a", @call)
		  if $call[0] eq 'restart_as_new' && $call[2]{request_id} && $state eq '00000' && rand() < 0.3;
		next if $state !~ $lost;
		last unless $load->{reconnect};
		undef $dbh;
	}
	close $log;
	return;
}

# Chooses a call: its operation, ids, parameters and whether it is a batch; or
# a step of the runtime.
sub choose
{
	my ($load, $tag, $known) = @_;

	if (@$known < $load->{size} && rand() < 0.3)
	{
		my $kind = (qw(service service scheduled object object object shared workflow))[ rand 8 ];
		return ('create', [], details($load, $tag, $kind), 0);
	}
	if (rand() < $load->{runtime} && @$known)
	{
		my $step = $steps[ rand @steps ];
		my $id = pick($known, $step, 1) or return ('create', [], details($load, $tag, 'service'), 0);

		return ($step, [$id], { protocol => rand() < 0.9 ? 6 : 5 }, 0) if $step eq 'claim';
		return ($step, [$id], details($load, $tag, (qw(service service scheduled object object))[ rand 5 ]), 0)
		  if ($step eq 'call' || $step eq 'send');
		return ($step, [$id], {}, 0);
	}
	my @among = (@operations, @{ $load->{operations} });
	my $operation = $among[ rand @among ];

	# restarts and calls make more and more
	$operation = 'purge' if @$known > 1.2 * $load->{size} && rand() < 0.5;
	my $batch = rand() < 0.3;
	my @ids = grep { $_ } map { pick($known, $operation, rand() < 0.85) } 1 .. ($batch ? 1 + int rand $load->{batch} : 1);
	my %parameters;

	if ($operation eq 'restart_as_new')
	{
		my ($size) = map { $_->[2] } grep { @ids && $_->[0] eq $ids[0] } @$known;
		$parameters{from} = rand() < 0.3 ? 0 : int rand(($size // 0) + 1) if rand() < 0.8;
		$parameters{deployment} = rand() < 0.5 ? 'keep' : 'latest' if rand() < 0.6;
		$parameters{request_id} = "request-$tag" if rand() < $load->{repeatable};
	}
	$parameters{mode} = (qw(cancel kill purge purge))[ rand 4 ] if $operation eq 'delete_invocation';
	$parameters{deployment} = (qw(keep latest))[ rand 2 ] if $operation eq 'resume' && rand() < 0.5;
	return ($operation, \@ids, \%parameters, $batch || !@ids);
}

sub details
{
	my ($load, $tag, $kind) = @_;
	my $key = $kind eq 'workflow' ? "w$tag" : $kind eq 'object' || $kind eq 'shared' ? 'k' . int rand $load->{keys} : undef;

	return { kind => $kind, key => $key, retention => $kind eq 'workflow' || rand() < 0.9 ? 'all' : (qw(no_journal nothing))[ rand 2 ] };
}

# Picks an id, of those that suit the operation if asked to.
sub pick
{
	my ($known, $operation, $suiting) = @_;
	my @among = $suiting ? grep { $_->[1] =~ $suits{$operation} } @$known : @$known;

	return @among ? $among[ rand @among ][0] : undef;
}

# Runs one call and writes it down.  Returns its SQLSTATE.
sub perform
{
	my ($load, $dbh, $log, $tag, $operation, $ids, $parameters, $batch) = @_;
	my ($sql, @values);
	my %casts = (from => '"from" => ?::bigint', mode => 'mode => ?', deployment => 'deployment => ?', request_id => 'request_id => ?');
	my @names = sort keys %$parameters;

	print $log join("\t", 'call', $tag, $operation, $batch ? 1 : 0, join(',', @$ids), $json->encode($parameters)) . "\n";
	if ($suits{$operation} && !$is_operation{$operation})
	{
		($sql, @values) = ('SELECT 1, NULL, load.step(?, ?, ?, ?::jsonb), NULL', $tag, $ids->[0], $operation, $json->encode($parameters));
	}
	elsif ($operation eq 'create')
	{
		($sql, @values) = ('SELECT 1, NULL, load.create(?, ?, ?, ?), NULL', $tag, @$parameters{qw(kind key retention)});
	}
	else
	{
		my $arguments = join ', ', '?' . ($batch ? '::restate_invocation_id[]' : ''), map { $casts{$_} } @names;
		@values = ($batch ? '{' . join(',', @$ids) . '}' : $ids->[0], @$parameters{@names});
		$sql = $batch ? "SELECT ok::int, category, outcome, new_id FROM restate_${operation}_batch($arguments) ORDER BY ordinality"
		  : $operation eq 'restart_as_new' ? "SELECT 1, NULL, NULL, restate_$operation($arguments)"
		  : "SELECT 1, NULL, restate_$operation($arguments), NULL";
		$dbh->do(join ';', $load->{settings} ? $load->{settings}->() : (), "SET restate_admin.reason = '$tag'")
		  or return done($log, $tag, not_called($dbh));
	}
	# some transactions stay open for a moment, and some are rolled back then
	my $ends = rand() >= $load->{hold} ? '' : rand() < 0.2 ? 'ROLLBACK' : 'COMMIT';
	$dbh->do('BEGIN') if $ends;
	my $statement = $dbh->prepare_cached($sql);
	my $rows = $statement && $statement->execute(@values) ? $statement->fetchall_arrayref : undef;
	if ($rows && !$statement->err)
	{
		sleep rand() * 0.004 if $ends;
		if (!$ends || $dbh->do($ends))
		{
			return done($log, $tag, $ends eq 'ROLLBACK' ? 'rolled back' : '00000',
				map { RestateModel::result($_->[0], $_->[1] // '', $_->[2], $_->[3]) } @$rows);
		}
	}
	my $state = $dbh->state;
	my $message = ($dbh->errstr // '') =~ s/\s+/ /gr;
	my $category = $state =~ /^PT/ ? $dbh->pg_error_field('constraint') : '';
	$dbh->do('ROLLBACK') if $ends;
	return done($log, $tag, $state, RestateModel::result(0, $category // ''), $message)
	  if $state =~ /^PT/ || $dbh->ping;
	return done($log, $tag, '08006', '', $message);
}

# Returns the SQLSTATE of what failed before a call.
sub not_called
{
	my ($dbh) = @_;
	my $state = $dbh->state;

	return ($dbh->ping ? $state : '08006', 'not called');
}

sub done
{
	my ($log, $tag, $state, @results) = @_;

	print $log join("\t", 'done', $tag, time, $state, @results) . "\n";
	return $state;
}

# Reads what clients have written down into the account.  Of a line that is cut
# off, nothing counts.
sub read_logs
{
	my ($load, $clients) = @_;

	for my $client (@$clients)
	{
		open my $in, '<', $client->{log} or die "no log of client $client->{number}: $!";
		while (my $line = <$in>)
		{
			last unless $line =~ s/\n\z//;
			my ($what, $tag, @rest) = split /\t/, $line, -1;

			if ($what eq 'call')
			{
				my ($operation, $batch, $ids, $parameters) = @rest;
				$load->{calls}{$tag} = { tag => $tag, operation => $operation, batch => $batch, ids => [ split /,/, $ids ],
					parameters => $json->decode($parameters) };
			}
			elsif ($what eq 'done')
			{
				my ($at, $state, @results) = @rest;
				my $call = $load->{calls}{$tag};
				@$call{qw(at state results)} = ($at, $state, \@results);
				$load->{by_state}{$state}++;
				$load->{said}{$state} //= "$call->{operation}: $results[-1]" if @results;
				$load->{failed}{$state}{ $call->{operation} . ($call->{batch} ? '_batch' : '') }++ unless "@results" eq 'not called';
			}
			elsif ($what eq 'died') { push @{ $load->{problems} }, "client $client->{number}: $tag" unless $tag =~ /cannot connect/ }
		}
		close $in;
	}
	return;
}

# Accounts for a copy of the load's database, in which all must be that was
# acknowledged before some time.
sub account_of_copy
{
	my ($load, %where) = @_;

	return account(new_account(%where), $load->{clients});
}

# Accounts for all that has happened since the last time, when nothing happens
# any more.  Returns what does not add up.
sub account
{
	my ($load, $clients) = @_;
	my $model = $load->{model};
	my @problems;

	read_logs($load, $clients // []);
	push @problems, splice @{ $load->{problems} };
	my $dbh = connect_to(@$load{qw(node database)});
	my $rows = $dbh->selectall_arrayref(<<'SQL', undef, $load->{seen}, $load->{seen}) or die $dbh->errstr;
SELECT audit_id, reason, operation, id, outcome, new_id, caused_by, parameters FROM restate.audit WHERE audit_id > ?
UNION ALL SELECT seq, tag, action, id, NULL, NULL, NULL, detail FROM load.log WHERE seq > ?
ORDER BY 1
SQL
	my (%rows_of, @order);
	for my $row (@$rows)
	{
		my $tag = $row->[1] // '';
		push @order, $tag unless $rows_of{$tag};
		push @{ $rows_of{$tag} }, $row;
		$load->{seen} = $row->[0];
	}

	# each call that had effects, in the order of those
	for my $tag (@order)
	{
		my @rows = @{ $rows_of{$tag} };
		my $call = delete $load->{calls}{$tag};

		if (!$call)
		{
			push @problems, "$tag: $rows[0][2] of $rows[0][3] took effect, which nobody called, or did so twice";
			next;
		}
		$load->{effects} += @rows;
		$call->{lost} = !defined $call->{state} || $call->{state} =~ $lost;
		$load->{ $call->{lost} ? 'lost_done' : 'acknowledged' }++;
		note_lost($load, $call) if $call->{lost};
		my $problem = eval { $rows[0][4] ? account_operation($load, $call, @rows) : account_step($load, $call, @rows) } // $@;
		push @problems, "$tag: $call->{operation} of @{ $call->{ids} }: $problem" if $problem ne '';
	}

	# and those that had none
	for my $tag (sort keys %{ $load->{calls} })
	{
		my $call = delete $load->{calls}{$tag};
		my @took_effect = ($call->{state} // '') =~ /^00/ ? grep { takes_effect($load, $_, $call) } @{ $call->{results} } : ();

		push @problems, "$tag: $call->{operation} of @{ $call->{ids} }: acknowledged as @took_effect, did not happen"
		  if @took_effect && $call->{at} < ($load->{before} // 'inf');
		$call->{lost} = !defined $call->{state} || $call->{state} =~ $lost;
		$load->{ $call->{lost} ? 'lost_undone' : 'acknowledged' }++;
		note_lost($load, $call) if $call->{lost};
	}

	my %model = map { $_ => 1 } $model->lines;
	my $tables = $dbh->selectcol_arrayref($RestateModel::tables) or die $dbh->errstr;
	push @problems, map { "not expected in the tables: $_" } grep { !delete $model{$_} } @$tables;
	push @problems, map { "not found in the tables: $_" } sort keys %model;
	my $broken = $dbh->selectcol_arrayref("SELECT concat_ws(' ', problem, id, detail) FROM ($verify) AS v") or die $dbh->errstr;
	push @problems, map { "restate_verify(): $_" } @$broken;
	$dbh->disconnect;
	return @problems;
}

sub note_lost
{
	my ($load, $call) = @_;

	push @{ $load->{lost_restarts} }, $call if $call->{parameters}{request_id};
	return;
}

# Returns the calls of the last account that nobody answered and that can be
# made again: restarts with a request id.
sub lost_restarts
{
	my ($load) = @_;

	return splice @{ $load->{lost_restarts} };
}

# Calls a restart again, the way a client does who got no answer, and accounts
# for it.  Returns what is wrong, and whether the restart was there already.
sub call_again
{
	my ($load, $call) = @_;
	my ($node, $tag) = ($load->{node}, "$call->{tag}-again");
	my $dbh = connect_to($node, $load->{database});
	my $log = $node->basedir . "/load/$tag";
	my %made = map { @$_ } @{ $dbh->selectall_arrayref('SELECT restarted_from, id FROM restate.invocation WHERE request_id = ?',
			undef, $call->{parameters}{request_id}) };

	open my $out, '>', $log or die "cannot write $log: $!";
	perform($load, $dbh, $out, $tag, @$call{qw(operation ids parameters batch)});
	close $out;
	my @problems = account($load, [ { number => 0, log => $log } ]);
	push @problems, 'made twice' if grep { $_ > 1 } @{ $dbh->selectcol_arrayref(
			'SELECT count(*) FROM restate.invocation WHERE request_id = ? GROUP BY restarted_from', undef, $call->{parameters}{request_id}) };
	my %now = map { @$_ } @{ $dbh->selectall_arrayref('SELECT restarted_from, id FROM restate.invocation WHERE request_id = ?',
			undef, $call->{parameters}{request_id}) };
	push @problems, "the restart of $_ is another now" for grep { ($now{$_} // '') ne $made{$_} } sort keys %made;
	return (join("\n", @problems), %made ? 1 : 0);
}

# Whether a result says that something happened, which must have left a trace.
sub takes_effect
{
	my ($load, $result, $call) = @_;
	my ($ok, undef, $outcome, $new_id) = split /:/, $result, -1;

	return $outcome if !$is_operation{ $call->{operation} };
	return 0 if !$ok;
	return !$load->{created}{$new_id} if $new_id;
	return $outcome !~ /^(?:unchanged|pausing)\z/;
}

# A call of an operation against its rows in the audit; returns what is wrong.
sub account_operation
{
	my ($load, $call, @rows) = @_;
	my @new_ids = map { $_->[5] // () } @rows;
	my %parameters = %{ $call->{parameters} };

	$load->{created}{$_} = 1 for @new_ids;
	return "the audit calls it $rows[0][2]" if grep { $_->[2] ne $call->{operation} } @rows;
	my @recorded = map { $json->decode($_->[7]) } @rows;
	my @deployments = map { delete $_->{resolved_deployment} // '' } @recorded;
	for my $recorded (@recorded)
	{
		return 'the audit has other parameters' if grep { ($parameters{$_} // '') ne ($recorded->{$_} // '') } keys %parameters, keys %$recorded;
	}
	my ($results, $effects) = $load->{model}->operation($call->{operation}, $call->{ids}, \%parameters, \@new_ids);
	my $audit = join ', ', map { join ' ', map { $_ // '-' } @$_[ 3, 4, 5, 6 ] } @rows;

	return "the audit has $audit, not " . join ', ', @$effects if $audit ne join ', ', @$effects;
	# a restart that can be asked for again says what deployment was found
	for my $i (grep { $parameters{request_id} } 0 .. $#rows)
	{
		my $begun_on = $load->{model}{invocations}{ $rows[$i][5] }{begun_on};
		return "the audit has deployment '$deployments[$i]', not '$begun_on'" if $deployments[$i] ne $begun_on;
	}
	return '' if $call->{lost};
	return "took effect, but was answered $call->{state} @{ $call->{results} }" if $call->{state} !~ /^00/;
	# one call on one does not tell whether the restart was there before
	my @told = @{ $call->{results} };
	my @expected = $call->{operation} eq 'restart_as_new' && !$call->{batch} ? map { s/restarted|unchanged//r } @$results : @$results;
	return "answered @told, not @expected" if "@told" ne "@expected";
	return '';
}

# Two tests: the load has reached every effect that an operation can have.
sub test_every_effect
{
	my ($node) = @_;

	Test::More::is($node->safe_psql('postgres', "SELECT string_agg(DISTINCT operation || ' ' || outcome, ', ' ORDER BY operation || ' ' || outcome) FROM restate.audit"),
		'cancel removed, cancel signalled, delete_invocation killed, delete_invocation purged, delete_invocation removed, delete_invocation signalled, '
		  . 'kill killed, kill removed, pause paused, pause pausing, purge purged, purge_journal purged, restart_as_new restarted, resume resumed',
		'each operation took each of its effects');
	Test::More::cmp_ok($node->safe_psql('postgres', 'SELECT count(*) FROM restate.audit WHERE caused_by IS NOT NULL'), '>', 10, 'and kills went on to callees');
	return;
}

# A step of the runtime.
sub account_step
{
	my ($load, $call, $row, @more) = @_;

	return 'logged twice' if @more;
	$load->{model}->step($row->[2], $row->[3], $json->decode($row->[7]));
	return "took effect, but was answered $call->{state} @{ $call->{results} }" if !$call->{lost} && $call->{state} !~ /^00/;
	return '';
}

1;
