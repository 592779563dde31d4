# Operations that wait for a lock end when statement_timeout or lock_timeout
# says so, with the server's own error and nothing changed.
use strict;
use warnings;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use RestateNode;
use Test::More;

my $node = new_node('main', 'deadlock_timeout = 10s');
load_example($node);

# the row of an invocation, and an object key
sub row
{
	my ($id) = @_;

	return "SELECT FROM restate.invocation WHERE id = '$id' FOR UPDATE";
}
my $key = "SELECT FROM restate.object_key WHERE service_key = 'a' FOR UPDATE";

my @cases = (
	[ 'purge_journal', inv('done'), row(inv('done')) ],
	[ 'delete_invocation', inv('running'), row(inv('running')) ],
	[ 'restart_as_new', inv('done'), row(inv('done')) ],
	[ 'restart_as_new of an object', inv('finished', 'a'), $key ],
	[ 'cancel', inv('running'), row(inv('running')) ],
	[ 'cancel of one in an inbox', inv('first', 'a'), $key ],
	[ 'kill', inv('running'), row(inv('running')) ],
	[ 'kill with a callee', inv('parent'), row(inv('child')) ],
	[ 'kill of a callee', inv('child'), row(inv('parent')) ],
	[ 'kill of a holder', inv('holder', 'a'), $key ],
	[ 'kill of a holder, whose next is', inv('holder', 'a'), row(inv('first', 'a')) ],
	[ 'purge', inv('done'), row(inv('done')) ],
	[ 'pause', inv('running'), row(inv('running')) ],
	[ 'resume', inv('paused'), row(inv('paused')) ]);
my %timeouts = (statement_timeout => '57014', lock_timeout => '55P03');

for my $case (@cases)
{
	my ($name, $id, $lock) = @$case;
	my ($operation) = $name =~ /^(\w+)/;
	my $before = digest($node);

	# a prepared transaction holds its locks without a session
	$node->safe_psql('postgres', "BEGIN; $lock; PREPARE TRANSACTION 'holder'");
	for my $timeout (sort keys %timeouts)
	{
		is(error_of($node, "SET $timeout = '100ms'; SELECT restate_$operation('$id')"),
			$timeouts{$timeout}, "$name: $timeout ends the wait");
		is(error_of($node, "SET $timeout = '100ms'; SELECT restate_${operation}_batch(ARRAY['" . inv('absent') . "', '$id']::restate_invocation_id[])"),
			$timeouts{$timeout}, "$name, in a batch: $timeout ends the wait");
	}
	# the session goes on
	my ($rc, $stdout, $stderr) = $node->psql('postgres',
		"SET lock_timeout = '100ms';\nSELECT restate_$operation('$id');\nSHOW search_path;\nSELECT restate_kill('" . inv('absent') . "')",
		on_error_stop => 0, extra_params => [ '-v', 'VERBOSITY=verbose' ]);
	like($stderr, qr/55P03.*PT404/s, "$name: the session goes on");
	like($stdout, qr/"\$user", public/, "$name: the search path is as it was");
	$node->safe_psql('postgres', "ROLLBACK PREPARED 'holder'");
	is(digest($node), $before, "$name: nothing has changed");
	is(error_of($node, "BEGIN; SELECT restate_$operation('$id'); ROLLBACK"), 'ok', "$name: nothing is left in the way");
}
is($node->safe_psql('postgres', 'SELECT count(*) FROM restate_verify()'), '0', 'all is well');

# a batch that takes longer than it may changes nothing either
$node->safe_psql('postgres', <<'SQL');
INSERT INTO restate.invocation (id, partition_key, status, target_service_name, target_handler_name, target_service_ty, invoked_by, journal_size, journal_commands_size)
SELECT id, restate_partition_key_of_id(id), 'running', 'Svc', 'run', 'service', 'ingress', 1, 1
FROM (SELECT restate_workflow_invocation_id('many', n::text) AS id FROM generate_series(1, 50000) AS n) AS s;
INSERT INTO restate.journal (id, partition_key, index, entry_type)
SELECT restate_workflow_invocation_id('many', n::text), restate_partition_key_of_id(restate_workflow_invocation_id('many', n::text)), 0, 'Command: Input'
FROM generate_series(1, 50000) AS n;
SQL
is(error_of($node, "SET statement_timeout = '150ms'; SELECT count(*) FROM restate_kill_batch(ARRAY(SELECT id FROM restate.invocation WHERE status = 'running'))"),
	'57014', 'statement_timeout ends work that takes too long');
is($node->safe_psql('postgres', "SELECT count(*) FROM restate.invocation WHERE status = 'completed' AND completion_failure IS NOT NULL"),
	'0', 'of which nothing is done');

done_testing();
