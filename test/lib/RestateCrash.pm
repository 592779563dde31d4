package RestateCrash;

# Kills a server, all its processes, or one of them, and has it recover.

use strict;
use warnings;
use Exporter 'import';
use PostgreSQL::Test::Utils;
use Time::HiRes qw(sleep time);

our @EXPORT = qw(kill_and_recover kill_processes kill_server start_again);

# Returns the processes of the server below its postmaster, with their titles.
sub processes
{
	my ($postmaster) = @_;
	my %titles;

	for my $line (split /\n/, `ps -o pid=,args= --ppid $postmaster`)
	{
		my ($pid, $title) = $line =~ /^\s*(\d+)\s+(.*)$/ or next;
		$titles{$pid} = $title;
	}
	return %titles;
}

# Makes commits wait for a standby that there is not, so that calls have
# happened and are not answered, and returns when some wait.
sub hold_answers
{
	my ($node) = @_;

	$node->append_conf('postgresql.conf', "synchronous_standby_names = 'nobody'");
	$node->reload;
	$node->poll_query_until('postgres', "SELECT count(*) > 0 FROM pg_stat_activity WHERE wait_event = 'SyncRep'")
	  or die 'commits do not wait';
	sleep 0.3;
	return;
}

# Kills with SIGKILL, and returns when the server is up again: the postmaster alone;
# everything; a backend, or an auxiliary process, after which the server starts anew by
# itself; or everything while calls have happened and are unanswered.
sub kill_and_recover
{
	my ($node, $kind) = @_;

	hold_answers($node) if $kind eq 'unanswered';
	my ($postmaster) = slurp_file($node->data_dir . '/postmaster.pid') =~ /^(\d+)/;
	my %titles = processes($postmaster);
	my @backends = sort grep { $titles{$_} =~ /\[local\]/ } keys %titles;
	my @others = sort grep { $titles{$_} !~ /\[local\]/ } keys %titles;

	if ($kind eq 'backend' || $kind eq 'auxiliary')
	{
		my @among = $kind eq 'backend' ? @backends : @others;
		my $pid = $among[ rand @among ] or die "nothing to kill: " . join ', ', values %titles;

		kill_processes($node, $pid, @backends);
		return;
	}
	kill_server($node, $kind eq 'postmaster');
	$node->adjust_conf('postgresql.conf', 'synchronous_standby_names', undef) if $kind eq 'unanswered';
	start_again($node);
	return;
}

# Kills the first of these backends or other processes of a server with SIGKILL, which ends
# them all, and returns when it has started anew by itself.
sub kill_processes
{
	my ($node, @pids) = @_;
	my $end = time + 60;

	kill 'KILL', $pids[0];
	# of one that is still there the server does not know that it has died
	sleep 0.02 while time < $end && kill 0, @pids;
	# a client that is refused at once may not take the query any more, which is an error of its own
	until (eval { ($node->psql('postgres', 'SELECT true'))[0] == 0 })
	{
		die 'the server does not recover' if time > $end + 60;
		sleep 0.1;
	}
	return;
}

# Kills a server with SIGKILL, its postmaster alone if asked to, and returns when it is gone.
sub kill_server
{
	my ($node, $alone) = @_;
	my ($postmaster) = slurp_file($node->data_dir . '/postmaster.pid') =~ /^(\d+)/;
	my %titles;

	# stopped it starts no process that would be left, and wait for ever for a lock of one that is gone
	kill 'STOP', $postmaster unless $alone;
	%titles = processes($postmaster);
	kill 'KILL', $postmaster, ($alone ? () : keys %titles);
	# it can start once the last of the old processes is gone
	for (1 .. 1200)
	{
		last unless kill 0, $postmaster, keys %titles;
		sleep 0.05;
	}
	$node->{_pid} = undef;
	return;
}

# Starts a server that was killed.
sub start_again
{
	my ($node) = @_;

	$node->start(fail_ok => 1) or do { sleep 1; $node->start };
	return;
}

1;
