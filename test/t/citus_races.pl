# On tables that Citus distributes over nodes, sessions on different nodes that are after the
# same are told what they are told on one server.
use strict;
use warnings;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;
use RestateCitus;

my $why_not = no_citus();
plan skip_all => $why_not if $why_not;

my @nodes = new_citus();
$nodes[0]->safe_psql('postgres', 'SELECT FROM restate_distribute()');
$nodes[0]->safe_psql('postgres', <<'SQL');
SELECT FROM restate_register_deployment('worker:w', '{"services": [
  {"name": "Svc", "ty": "SERVICE", "handlers": [{"name": "run"}]}, {"name": "Flow", "ty": "WORKFLOW", "handlers": [{"name": "run", "ty": "WORKFLOW"}]}]}');
SQL

# Returns when a session on the node waits for a lock of another.
sub await_lock
{
	my ($node) = @_;

	$node->poll_query_until('postgres', "SELECT count(*) > 0 FROM citus_lock_waits") or die 'nobody waits';
	return;
}

# Of two that submit what is joined, one submits it.
for my $call ("'Flow', 'run', key => 'f'", "'Svc', 'run', idempotency_key => 'i'")
{
	for my $end (qw(COMMIT ROLLBACK))
	{
		my @sessions = map { $_->background_psql('postgres', on_error_stop => 0) } @nodes[ 1, 2 ];
		my ($id, $outcome) = split /\|/, $sessions[0]->query("BEGIN; SELECT id, outcome FROM restate_submit($call)");

		is($outcome, 'accepted', "$call is submitted");
		$sessions[1]->query_until(qr/begins/, "\\echo begins\nSELECT outcome, id = '$id' FROM restate_submit($call);\n");
		await_lock($nodes[0]);
		$sessions[0]->query("$end");
		like($sessions[1]->query('SELECT'), $end eq 'COMMIT' ? qr/previously_accepted\|t/ : qr/^accepted\|/m, "and by the other after $end, or not");
		$_->quit for @sessions;
		$nodes[0]->safe_psql('postgres', 'SELECT FROM restate_kill_batch(ARRAY(SELECT id FROM restate.sys_invocation OFFSET 0)); SELECT FROM restate_purge_batch(ARRAY(SELECT id FROM restate.sys_invocation OFFSET 0))');
	}
}

is($nodes[0]->safe_psql('postgres', 'SELECT * FROM restate_verify()'), '', 'all is sound');
done_testing();
