# On tables that Citus distributes over two workers every operation does what it
# does on a server of its own, whichever node it is called on.
use strict;
use warnings;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;
use RestateCitus;
use RestateNode;

my $why_not = no_citus();
plan skip_all => $why_not if $why_not;

my $plain = new_node('plain');
my @nodes = new_citus();
my $citus = $nodes[0];
$citus->safe_psql('postgres', 'SELECT FROM restate_distribute()');

# Returns the import of an invocation that runs or waits, with a journal that
# calls another and has not its result.
sub caller_of
{
	my ($name, $callee, $status) = @_;

	return sprintf <<'SQL', inv($name), $status, $status eq 'suspended' ? 'suspended_waiting_for_completions' : 'unknown', $callee;
SELECT restate_import_invocation('{"id": "%s", "status": "%s", "%s": [2], "target_service_name": "Svc", "target_handler_name": "run", "target_service_ty": "service"}',
  '[{"index": 0, "entry_json": {"Command": {"Input": {"headers": [], "payload": [], "name": ""}}}},
    {"index": 1, "entry_json": {"Command": {"Call": {"request": {"invocation_id": "%s", "invocation_target": {"VirtualObject": {"name": "Obj", "key": "a", "handler": "peek"}},
      "parameter": [], "headers": []}, "invocation_id_completion_id": 1, "result_completion_id": 2, "name": ""}}}}]');
SQL
}

# Returns the import of a callee on object key a, in another partition than its
# caller.
sub callee_of
{
	my ($name, $caller) = @_;

	return sprintf <<'SQL', inv($name, 'a'), inv($caller);
SELECT restate_import_invocation('{"id": "%s", "status": "running", "target_service_name": "Obj", "target_service_key": "a", "target_handler_name": "peek",
  "target_service_ty": "virtual_object", "target_handler_ty": "shared", "invoked_by": "service", "invoked_by_id": "%s"}');
SQL
}

for my $node ($plain, $citus)
{
	load_example($node);
	for ([ 'waits', 'awaited', 'suspended' ], [ 'boss', 'helper', 'running' ], [ 'asks', 'answers', 'suspended' ])
	{
		my ($caller, $callee, $status) = @$_;

		$node->safe_psql('postgres', caller_of($caller, inv($callee, 'a'), $status) . callee_of($callee, $caller));
	}
	# completed, and has both of its completions after its commands
	$node->safe_psql('postgres', sprintf <<'SQL', inv('late'));
SELECT restate_import_invocation('{"id": "%s", "status": "completed", "completion_result": "success", "target_service_name": "Svc",
  "target_handler_name": "run", "target_service_ty": "service", "pinned_deployment_id": "dp_10000000000000000000old", "pinned_service_protocol_version": 6}',
  '[{"index": 0, "entry_json": {"Command": {"Input": {"headers": [], "payload": [], "name": ""}}}},
    {"index": 1, "entry_json": {"Command": {"Run": {"completion_id": 1, "name": "a"}}}},
    {"index": 2, "entry_json": {"Command": {"Run": {"completion_id": 2, "name": "b"}}}},
    {"index": 3, "entry_json": {"Command": {"Run": {"completion_id": 3, "name": "c"}}}},
    {"index": 4, "entry_json": {"Notification": {"Completion": {"Run": {"completion_id": 2, "result": {"Success": [2]}}}}}},
    {"index": 5, "entry_json": {"Notification": {"Completion": {"Run": {"completion_id": 1, "result": {"Success": [1]}}}}}}]');
SQL
}
cmp_ok($citus->safe_psql('postgres', q{SELECT count(DISTINCT get_shard_id_for_distribution_column('restate.invocation', partition_key)) FROM restate.invocation}),
	'>', 1, 'the invocations are in several shards');

# Returns the text with "new" for each id that has no name.
sub with_names
{
	my ($text) = @_;

	$text =~ s/\b(inv_1\w+)/$1 =~ m{^inv_1(0{8}|dceKvwtEc2n)0+[a-z]+$} ? $1 : 'new'/ge;
	return $text;
}

# Returns what a statement gives: its rows, or the error's SQLSTATE and category.
sub result_of
{
	my ($node, $sql) = @_;
	my ($rc, $stdout) = $node->psql('postgres', $sql);

	return with_names($rc == 0 ? $stdout : error_of($node, $sql));
}

# Returns what is in the tables but for times, random numbers and the ids that
# are made.
sub contents
{
	my ($node) = @_;

	return join "\n", sort split /\n/, with_names($node->safe_psql('postgres', <<'SQL'));
SELECT 'invocation', id, status, target_service_name, restarted_from, request_id, journal_size, journal_commands_size, pause_requested,
  pinned_deployment_id, inbox_sequence_number, completion_failure, suspended_waiting_for_completions, input_payload FROM restate.invocation;
SELECT 'journal', id, index, entry_type, completion_id, signal_index, meta, payload FROM restate.journal;
SELECT 'event', id, event_index FROM restate.journal_event;
SELECT 'key', service_key, holder, next_sequence_number FROM restate.object_key;
SELECT 'state', service_key, key FROM restate.object_state;
SELECT 'promise', service_key, key FROM restate.promise;
SELECT 'audit', id, operation, parameters, outcome, new_id, caused_by FROM restate.audit;
SQL
}

# all that are in a state, as an array that is read before the call
sub in_state
{
	return "(SELECT array_agg(id ORDER BY id) FROM restate.sys_invocation WHERE status = '$_[0]')";
}

my @statements = (
	(map { my $id = inv($_); "SELECT restate_purge_journal('$id')" } qw(done done nobody running)),
	(map { "SELECT restate_purge('$_')" } inv('done'), inv('done'), 'inv_1cQNZJ2myUr13RSmuUy3yB7eVRLIK1saux'),
	"SELECT restate_delete_invocation('" . inv('gone') . "', 'purge')",
	(map { "SELECT restate_restart_as_new('" . inv('old') . "'$_)" } '', ', 1', ', 2', ', 3', ', 9', ", deployment => 'latest'",
		", request_id => 'r'", ", request_id => 'r'", ", 1, request_id => 'r'", ", 1, 'dp_10000000000000000000new', 's'", ", 1, 'dp_10000000000000000000new', 's'"),
	(map { "SELECT restate_restart_as_new('" . inv('late') . "', $_)" } 1, 2, 3),
	"SELECT restate_restart_as_new('" . inv('finished', 'a') . "')",
	"SELECT restate_pause('" . inv('running') . "')", "SELECT restate_pause('" . inv('ready') . "')",
	"SELECT restate_resume('" . inv('ready') . "', 'latest')", "SELECT restate_resume('" . inv('paused') . "')",
	(map { "SELECT restate_cancel('" . inv($_) . "')" } qw(running suspended scheduled retrying)),
	"SELECT restate_delete_invocation('" . inv('retrying') . "')",
	"SELECT restate_delete_invocation('" . inv('retrying') . "', 'kill')",
	# callers, callees and inboxes in other partitions
	"SELECT restate_kill('" . inv('awaited', 'a') . "')",
	"SELECT restate_kill('" . inv('boss') . "')",
	"SELECT restate_cancel('" . inv('first', 'a') . "')",
	"SELECT restate_kill('" . inv('holder', 'a') . "')",
	"SELECT restate_restart_as_new('" . inv('finished', 'a') . "')",
	"SELECT restate_kill('" . inv('second', 'a') . "')",
	# batches, of whatever is there by now
	"SELECT ok, category, outcome FROM restate_kill_batch(ARRAY['" . join("', '", inv('answers', 'a'), inv('child'), inv('parent')) . "']::restate_invocation_id[])",
	'SELECT count(*), ok, category, outcome FROM restate_pause_batch(' . in_state('ready') . ') GROUP BY 2, 3, 4 ORDER BY 2, 3, 4',
	'SELECT count(*), ok, category, outcome FROM restate_resume_batch(' . in_state('paused') . ') GROUP BY 2, 3, 4 ORDER BY 2, 3, 4',
	'SELECT count(*), ok, category, outcome FROM restate_cancel_batch(' . in_state('ready') . ') GROUP BY 2, 3, 4 ORDER BY 2, 3, 4',
	'SELECT count(*), ok, category, outcome FROM restate_kill_batch(' . in_state('ready') . ') GROUP BY 2, 3, 4 ORDER BY 2, 3, 4',
	'SELECT count(*), ok, category, outcome FROM restate_restart_as_new_batch(' . in_state('completed') . ', 1) GROUP BY 2, 3, 4 ORDER BY 2, 3, 4',
	"SELECT count(*), ok, category, outcome FROM restate_restart_as_new_batch(" . in_state('completed') . ", request_id => 't') GROUP BY 2, 3, 4 ORDER BY 2, 3, 4",
	"SELECT count(*), ok, category, outcome FROM restate_restart_as_new_batch(" . in_state('completed') . ", request_id => 't') GROUP BY 2, 3, 4 ORDER BY 2, 3, 4",
	"SELECT count(*), status, category, outcome FROM restate_joined('pause', " . in_state('ready') . ') GROUP BY 2, 3, 4 ORDER BY 2, 3, 4',
	"SELECT count(*), status, category, outcome FROM restate_joined('restart_as_new', " . in_state('completed') . ') GROUP BY 2, 3, 4 ORDER BY 2, 3, 4',
	"SELECT count(*), status, category, outcome FROM restate_joined('purge_journal', " . in_state('completed') . ') GROUP BY 2, 3, 4 ORDER BY 2, 3, 4',
	"SELECT count(*), ok, category, outcome FROM restate_delete_invocation_batch(" . in_state('completed') . ", 'purge') GROUP BY 2, 3, 4 ORDER BY 2, 3, 4",
	# views
	"SELECT status, journal_size, target FROM restate.sys_invocation WHERE id = '" . inv('running') . "'",
	"SELECT entry_type, completed FROM restate.sys_journal WHERE id = '" . inv('asks') . "' ORDER BY index",
	'SELECT status, count(*) FROM restate.sys_invocation_status GROUP BY 1 ORDER BY 1',
	'SELECT service_key, count(*) FROM restate.sys_inbox GROUP BY 1',
	'SELECT operation, outcome, count(*) FROM restate.sys_audit GROUP BY 1, 2 ORDER BY 1, 2',
	"SELECT restate_purge_audit(now() - interval '1 day')", 'SELECT restate_purge_audit(now()) > 0');

# each from the next node
my $turn = 0;
for my $sql (@statements)
{
	is(result_of($nodes[$turn++ % @nodes], $sql), result_of($plain, $sql), $sql =~ s/\(SELECT array_agg.*?'(\w+)'\)/all $1/r);
}
is(contents($citus), contents($plain), 'the tables are alike in the end');

# what else operators call, on each node: explanations, previews, bulk jobs, registrations
my @others = (
	(map { "SELECT count(*) > 0 FROM $_('" . inv('running') . "')" } qw(restate_explain restate_lineage restate_call_tree)),
	"SELECT restate_explain_json('" . inv('running') . "') ->> 'status'",
	"SELECT status, outcome FROM restate_dry_run('purge', ARRAY['" . inv('running') . "']::restate_invocation_id[])",
	"SELECT restate_register_deployment('worker:w', '{\"services\": [{\"name\": \"New\", \"ty\": \"VIRTUAL_OBJECT\", \"handlers\": [{\"name\": \"run\"}]}]}') IS NOT NULL",
	"SELECT restate_modify_service('New', '{\"journal_retention\": \"1h\"}') ->> 'journal_retention'",
	"SELECT restate_modify_state('New', 'b', '{x}', ARRAY['\\x00'::bytea])",
	"SELECT restate_remove_deployment((SELECT id FROM restate.sys_deployment WHERE endpoint = 'worker:w'))",
	'SELECT * FROM restate_backlog() ORDER BY 1, 2', 'SELECT * FROM restate_backlog(1) ORDER BY 1, 2',
	"SELECT restate_hold('Svc', 'slow')", "SELECT restate_release('Svc')",
	'SELECT restate_adopt((' . "SELECT array_agg(id) FROM restate.sys_invocation WHERE status = 'running'))",
	"SELECT state, matched, done FROM restate_bulk_start('cancel', '{\"service\": \"Svc\", \"status\": \"running\"}', '{\"dry_run\": true}')",
	"SELECT state, matched FROM restate_bulk_start('kill', '{\"service\": \"Obj\", \"status\": [\"pending\", \"ready\"]}')",
	'SELECT state, done, failed, remaining FROM restate_bulk_run((SELECT job FROM restate.sys_bulk_job), 2)',
	'SELECT restate_bulk_pause((SELECT job FROM restate.sys_bulk_job))',
	'SELECT restate_bulk_resume((SELECT job FROM restate.sys_bulk_job))',
	'SELECT state, done, failed, remaining FROM restate_bulk_next()',
	'SELECT restate_bulk_abort((SELECT job FROM restate.sys_bulk_job))',
	# the bulk form by filter
	"SELECT ok, outcome FROM restate_kill_batch(ARRAY(SELECT id FROM restate.sys_invocation WHERE target_service_name = 'Svc' AND status = 'paused' ORDER BY id LIMIT 2))");
$plain->safe_psql('postgres', "SELECT FROM restate_resume_batch(" . in_state('paused') . "), restate_pause_batch(" . in_state('ready') . ")");
$citus->safe_psql('postgres', "SELECT FROM restate_resume_batch(" . in_state('paused') . "), restate_pause_batch(" . in_state('ready') . ")");
for my $sql (@others)
{
	is(result_of($nodes[$turn++ % @nodes], $sql), result_of($plain, $sql), $sql);
}
my @views = split /\n/, $plain->safe_psql('postgres', q{SELECT oid::regclass FROM pg_class WHERE relkind = 'v'
  AND relnamespace IN ('restate'::regnamespace, 'restate_api'::regnamespace) ORDER BY 1});
for my $view (@views)
{
	my $sql = "SELECT count(*) FROM (SELECT * FROM $view) AS v";

	is(join(' ', every_node($sql, @nodes)), join(' ', ($plain->safe_psql('postgres', $sql)) x @nodes), "each node reads $view");
}

# what a transaction does on one partition commits there
my $done = $citus->safe_psql('postgres', sprintf <<'SQL', inv('onepart'));
SELECT restate_import_invocation('{"id": "%s", "status": "completed", "completion_result": "success", "target_service_name": "Svc",
  "target_handler_name": "run", "target_service_ty": "service", "pinned_deployment_id": "dp_10000000000000000000old", "pinned_service_protocol_version": 6}',
  '[{"index": 0, "entry_json": {"Command": {"Input": {"headers": [], "payload": [], "name": ""}}}},
    {"index": 1, "entry_json": {"Command": {"Run": {"completion_id": 1, "name": "a"}}}},
    {"index": 2, "entry_json": {"Notification": {"Completion": {"Run": {"completion_id": 1, "result": {"Success": [1]}}}}}}]');
SQL
for my $call ("restate_restart_as_new('$done', 1)", "restate_purge_journal('$done')", "restate_purge('$done')")
{
	my (undef, undef, $log) = $citus->psql('postgres', "SET citus.log_remote_commands = on; SET client_min_messages = log; SELECT $call");

	like($log, qr/issuing COMMIT/, "$call commits on a node");
	unlike($log, qr/PREPARE TRANSACTION/, 'and on no other');
}

# who may do what
$citus->safe_psql('postgres', 'CREATE ROLE reading LOGIN; GRANT USAGE ON SCHEMA restate TO reading; GRANT SELECT ON restate.sys_invocation TO reading;'
	. 'CREATE ROLE operating LOGIN; GRANT EXECUTE ON FUNCTION restate_cancel TO operating');
is(result_of($nodes[1], 'SET ROLE operating; SELECT restate_cancel(NULL)'), '42501', 'a worker knows nothing of what was granted on the coordinator');
is($citus->safe_psql('postgres', q{SELECT object, outcome FROM restate_distribute() WHERE outcome <> 'unchanged' ORDER BY 1}),
	"SELECT ON restate.invocation|granted to reading\nSELECT ON restate.journal|granted to reading", 'restate_distribute() hands it on');
is($citus->safe_psql('postgres', q{SELECT count(*) FROM restate_distribute() WHERE outcome <> 'unchanged'}), '0', 'and does nothing more the next time');
for my $node (@nodes)
{
	is(result_of($node, 'SET ROLE operating; SELECT restate_cancel(NULL)'), 'PT400 invalid_invocation_id', 'the operator calls functions');
	is(result_of($node, 'SET ROLE reading; SELECT count(*) > 0 FROM restate.sys_invocation'), "t", 'and the reader reads the view');
}
is(error_of($nodes[1], 'SELECT FROM restate_distribute()'), 'PT409 citus_not_ready', 'a worker does not distribute');
is(error_of($plain, 'SELECT FROM restate_distribute()'), 'PT409 citus_not_ready', 'nor a server without Citus');

# a dump takes all of it, which is how it is undone
my $dump = PostgreSQL::Test::Utils::tempdir() . '/dump';
my $before = digest($citus);
$citus->command_ok([ 'pg_dump', '-Fc', '-e', 'restate_admin', '-n', 'restate', '-f', $dump, $citus->connstr('postgres') ], 'a dump of the extension');
$plain->safe_psql('postgres', 'CREATE DATABASE restored');
$plain->command_ok([ 'pg_restore', '-x', '-d', $plain->connstr('restored'), $dump ], 'is restored where there is no Citus');
is(digest($plain, 'restored'), $before, 'with all that there was');
is($citus->safe_psql('postgres', 'SELECT * FROM restate_verify()'), '', 'nothing is broken');
$citus->safe_psql('postgres', sprintf "UPDATE restate.invocation SET journal_size = 7 WHERE id = '%s' AND partition_key = 0", inv('running'));
is($citus->safe_psql('postgres', 'SELECT problem, id FROM restate_verify()'), 'journal_size|' . inv('running'), 'restate_verify() finds what is');

done_testing();
