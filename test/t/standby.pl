# A standby refuses every operation before it does anything, and answers
# questions.
use strict;
use warnings;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use RestateNode;
use Test::More;

my $primary = new_node('primary', '', allows_streaming => 1);
load_example($primary);
$primary->backup('backup');
my $standby = PostgreSQL::Test::Cluster->new('standby');
$standby->init_from_backup($primary, 'backup', has_streaming => 1);
$standby->start;
$primary->safe_psql('postgres', "SELECT restate_kill('" . inv('ready') . "')");
$primary->wait_for_catchup($standby);

my %operations = (
	purge_journal => inv('done'),
	delete_invocation => inv('running'),
	restart_as_new => inv('done'),
	cancel => inv('running'),
	kill => inv('parent'),
	purge => inv('old'),
	pause => inv('running'),
	resume => inv('paused'));
for my $operation (sort keys %operations)
{
	my $id = $operations{$operation};

	is(error_of($standby, "SELECT restate_$operation('$id')"), 'PT503 read_only', "$operation is refused on a standby");
	is(error_of($standby, "SELECT restate_$operation('" . inv('absent') . "')"),
		'PT503 read_only', "$operation is refused before the invocation is looked for");
	is(error_of($standby, "SELECT restate_${operation}_batch(ARRAY['$id']::restate_invocation_id[])"),
		'PT503 read_only', "${operation}_batch is refused on a standby");
	is(error_of($standby, "SELECT restate_${operation}_batch('{}')"),
		'PT503 read_only', "${operation}_batch of nothing is refused on a standby");
	my $mode = $operation eq 'delete_invocation' ? ", modes => '{cancel}'" : '';

	is(error_of($standby, "SELECT restate_joined('$operation', ARRAY['$id']::restate_invocation_id[]$mode)"),
		'PT503 read_only', "a joined $operation is refused on a standby");
}
is($standby->safe_psql('postgres', "SELECT ok, outcome FROM restate_dry_run('kill', ARRAY['$operations{kill}']::restate_invocation_id[])"),
	$primary->safe_psql('postgres', "SELECT ok, outcome FROM restate_dry_run('kill', ARRAY['$operations{kill}']::restate_invocation_id[])"), 'a dry run tells the same on a standby');
for my $question ("restate_explain_json('$operations{kill}') - 'at'", "(restate_preview_restart('$operations{purge_journal}', 1))::text",
	"restate_restart_point('$operations{purge_journal}', 'last_completed')", "(SELECT count(*) FROM restate_lineage('$operations{kill}'))",
	"(SELECT count(*) FROM restate_call_tree('$operations{kill}'))")
{
	is($standby->safe_psql('postgres', "SELECT $question"), $primary->safe_psql('postgres', "SELECT $question"), "the same on a standby: $question");
}
like($standby->safe_psql('postgres', "SELECT restate_explain('$operations{kill}')"), qr/^Invocation $operations{kill} of Svc/, 'and an explanation in text');
is(error_of($standby, 'SELECT restate_purge_audit(NULL)'), 'PT503 read_only', 'so is a purge of the audit, before it looks at what it is given');
is(error_of($standby, "SELECT restate_import_invocation('{\"id\": \"" . inv('new') . "\", \"status\": \"ready\", \"target_service_name\": \"Svc\", \"target_handler_name\": \"run\", \"target_service_ty\": \"service\"}')"),
	'25006', 'an import is refused on a standby');

is($standby->safe_psql('postgres', "SELECT status FROM restate.sys_invocation WHERE id = '" . inv('ready') . "'"),
	'completed', 'a standby shows what an operation on the primary did');
is($standby->safe_psql('postgres', "SELECT outcome FROM restate.sys_audit"), 'killed', 'a standby shows the audit');
is($standby->safe_psql('postgres', "SELECT count(*) FROM restate.sys_journal WHERE entry_json IS NULL"), '0', 'a standby renders journals');
is($standby->safe_psql('postgres', 'SELECT count(*) FROM restate_verify()'), '0', 'a standby can be verified');
is(digest($standby), digest($primary), 'a standby has what the primary has');

$standby->promote;
for my $operation (sort keys %operations)
{
	is(error_of($standby, "SELECT restate_$operation('$operations{$operation}')"),
		($operation eq 'restart_as_new' ? 'PT410 input_not_available' : 'ok'), "$operation runs once the standby is promoted");
}
is($standby->safe_psql('postgres', 'SELECT count(*) FROM restate_verify()'), '0', 'all is well after that');

done_testing();
