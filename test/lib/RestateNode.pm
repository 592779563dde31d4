package RestateNode;

# What the server tests share: a node with the extension, an example of
# everything in it, and a digest of all that it holds.

use strict;
use warnings;
use Exporter 'import';
use PostgreSQL::Test::Cluster;
use RestateCitus ();

our @EXPORT = qw(new_node nodes_of some_of load_example add_live add_many digest error_of inv catalog catalog_difference @live_tables);

# those of what is in flight
our @live_tables = qw(runnable timer waiter promise_waiter queued_state worker held_service bulk_job bulk_target undelivered_result);
# every table of the extension
our @tables = (qw(deployment service_revision invocation journal journal_event
  object_key object_state promise audit), @live_tables);

# Returns the id that ends in a name, of a plain service or of object key a.
sub inv
{
	my ($name, $key) = @_;

	return 'inv_1' . ('0' x (33 - length $name)) . $name unless $key;
	return 'inv_1dceKvwtEc2n' . ('0' x (22 - length $name)) . $name;
}

# Starts a server with the extension in database postgres; the rest of the
# arguments are settings and options of init.  Where a test is run ON_CITUS it is the
# coordinator of a cluster that has the tables distributed.
sub new_node
{
	my ($name, $settings, %init) = @_;

	return RestateCitus::new_distributed($name, $settings, %init) if $ENV{ON_CITUS};
	my $node = PostgreSQL::Test::Cluster->new($name);

	$node->init(%init);
	$node->append_conf('postgresql.conf', $settings) if $settings;
	$node->start;
	$node->safe_psql('postgres', 'CREATE EXTENSION restate_admin');
	return $node;
}

# Returns all servers that can be asked for what is in one of new_node().
sub nodes_of
{
	my ($node) = @_;

	return $ENV{ON_CITUS} ? @RestateCitus::kept : $node;
}

# Returns one of them, by the random numbers of the test, or now and then all.
sub some_of
{
	my (@nodes) = @_;

	return @nodes > 1 && rand() < 0.2 ? @nodes : $nodes[ rand @nodes ];
}

# Loads an invocation in each state, two object keys and a workflow with what
# belongs to it.
sub load_example
{
	my ($node, $database) = @_;

	$node->safe_psql($database // 'postgres', <<'SQL');
INSERT INTO restate.deployment (id, ty, endpoint, min_service_protocol_version, max_service_protocol_version)
VALUES ('dp_10000000000000000000old', 'http', 'http://old', 5, 6), ('dp_10000000000000000000new', 'http', 'http://new', 5, 7);
INSERT INTO restate.service_revision (service_name, revision, deployment_id, ty, handlers)
VALUES ('Svc', 1, 'dp_10000000000000000000old', 'service', '[]'), ('Svc', 2, 'dp_10000000000000000000new', 'service', '[{"name": "run"}]'),
  ('Obj', 1, 'dp_10000000000000000000new', 'virtual_object', '[]'), ('Wf', 1, 'dp_10000000000000000000new', 'workflow', '[]');
SELECT restate_import_invocation(jsonb_strip_nulls(jsonb_build_object(
    'id', CASE service WHEN 'Svc' THEN 'inv_1' || lpad(name, 33, '0') WHEN 'Obj' THEN 'inv_1dceKvwtEc2n' || lpad(name, 22, '0')
      ELSE restate_workflow_invocation_id('Wf', 'w')::text END,
    'status', status, 'completion_result', CASE status WHEN 'completed' THEN 'success' END, 'target_service_name', service,
    'target_service_key', CASE service WHEN 'Obj' THEN 'a' WHEN 'Wf' THEN 'w' END, 'target_handler_name', 'run',
    'target_service_ty', CASE service WHEN 'Svc' THEN 'service' WHEN 'Obj' THEN 'virtual_object' ELSE 'workflow' END,
    'target_handler_ty', CASE service WHEN 'Obj' THEN 'exclusive' END,
    'pinned_deployment_id', 'dp_10000000000000000000old', 'pinned_service_protocol_version', 6,
    'suspended_waiting_for_signals', CASE status WHEN 'suspended' THEN jsonb '[1]' END,
    'invoked_by', CASE name WHEN 'child' THEN 'service' END, 'invoked_by_id', CASE name WHEN 'child' THEN 'inv_1000000000000000000000000000parent' END)),
  CASE WHEN name = 'parent' THEN jsonb '[{"index": 0, "entry_json": {"Command": {"Input": {"headers": [], "payload": [1], "name": ""}}}},
      {"index": 1, "entry_json": {"Command": {"Call": {"request": {"invocation_id": "inv_10000000000000000000000000000child",
        "invocation_target": {"Service": {"name": "Svc", "handler": "run"}}, "parameter": [], "headers": []},
        "invocation_id_completion_id": 1, "result_completion_id": 2, "name": ""}}}}]'
    WHEN status = 'completed' THEN jsonb '[{"index": 0, "entry_json": {"Command": {"Input": {"headers": [{"name": "a", "value": "b"}], "payload": [1], "name": ""}}}},
      {"index": 1, "entry_json": {"Command": {"Run": {"completion_id": 1, "name": "r"}}}},
      {"index": 2, "entry_json": {"Notification": {"Completion": {"Run": {"completion_id": 1, "result": {"Success": [2]}}}}}},
      {"index": 3, "entry_json": {"Command": {"Output": {"result": {"Success": [0, 255]}, "name": ""}}}}]' END)
FROM (VALUES ('done', 'completed', 'Svc'), ('old', 'completed', 'Svc'), ('gone', 'completed', 'Svc'), ('running', 'running', 'Svc'),
  ('ready', 'ready', 'Svc'), ('retrying', 'backing-off', 'Svc'), ('suspended', 'suspended', 'Svc'), ('paused', 'paused', 'Svc'),
  ('scheduled', 'scheduled', 'Svc'), ('parent', 'running', 'Svc'), ('child', 'running', 'Svc'),
  ('holder', 'running', 'Obj'), ('first', 'pending', 'Obj'), ('second', 'pending', 'Obj'), ('finished', 'completed', 'Obj'),
  ('workflow', 'completed', 'Wf')) AS v (name, status, service);
INSERT INTO restate.object_state (service_name, service_key, key, partition_key, value)
SELECT DISTINCT target_service_name, target_service_key, 'k', partition_key, CASE target_service_key WHEN 'w' THEN bytea 'v' ELSE '\x00ff' END
FROM restate.invocation WHERE target_service_key IS NOT NULL;
INSERT INTO restate.promise (service_name, service_key, key, partition_key, completed, completion_failure)
SELECT target_service_name, target_service_key, 'p', partition_key, true, '[500] no' FROM restate.invocation WHERE target_service_key = 'w';
INSERT INTO restate.journal_event (id, partition_key, event_index, after_journal_entry_index, event_type, event_json)
VALUES ('inv_100000000000000000000000000000done', 0, 0, 1, 'TransientError', '{"error_code": 500}');
SQL
	return;
}

# Adds to the example rows of the tables that it leaves empty.
sub add_live
{
	my ($node, $database) = @_;

	$node->safe_psql($database // 'postgres', <<"SQL");
SELECT restate_restart_as_new('${\ inv('gone')}', 1, 'keep');
INSERT INTO restate.promise_waiter (service_name, service_key, key, partition_key, caller, completion_id)
SELECT service_name, service_key, 'awaited', partition_key, '${\ inv('running')}', 1 FROM restate.promise;
INSERT INTO restate.waiter (target, caller, completion_id, kind, partition_key)
SELECT id, '${\ inv('running')}', 2, 'attach', partition_key FROM restate.invocation WHERE id = '${\ inv('suspended')}';
UPDATE restate.invocation SET has_waiters = true WHERE id = '${\ inv('suspended')}';
INSERT INTO restate.queued_state (service_name, service_key, partition_key, sequence_number, state, queued_at)
SELECT service_name, service_key, partition_key, next_sequence_number - 1, '{"k": "00ff"}', now() FROM restate.object_key;
UPDATE restate.object_key SET has_queued_state = true;
INSERT INTO restate.worker VALUES ('one', now());
INSERT INTO restate.held_service VALUES ('Svc', 'too slow', now(), 'operator');
SELECT FROM restate_bulk_start('purge', '{"all": true}');
INSERT INTO restate.undelivered_result (id, partition_key, random_seed, completed_at, value) VALUES ('${\ inv('lost')}', 0, 7, now(), 'v');
SQL
	return;
}

# Returns a digest of the contents of all tables, without the tables and columns of
# these names.
sub digest
{
	my ($node, $database, @without) = @_;
	my %without = map { $_ => 1 } @without;
	my $columns = join ',', 'options', @without;

	return $node->safe_psql($database // 'postgres',
		join(' UNION ALL ', map {
			"SELECT '$_ ' || count(*) || ' ' || coalesce(md5(string_agg(t.row, E'\\n' ORDER BY t.row COLLATE \"C\")), '')"
				. " FROM (SELECT (jsonb_strip_nulls(to_jsonb(r)) - '{$columns}'::text[])::text AS row FROM restate.$_ AS r) AS t"
		} grep { !$without{$_} } @tables) . ' ORDER BY 1');
}

# Returns all that the extension has made in a database, a line each.
sub catalog
{
	my ($node, $database) = @_;
	my $sql = do { local (@ARGV, $/) = (__FILE__ =~ s{[^/]*\z}{}r) . 'catalog.sql'; <> };

	return split /\n/, $node->safe_psql($database // 'postgres', "SET search_path = '';\n$sql");
}

# Returns the lines of each catalog that the other does not have, the first few.
sub catalog_difference
{
	my ($had, $has) = @_;
	my %had = map { $_ => 1 } @$had;
	my %has = map { $_ => 1 } @$has;

	my @differences = ((map { "missing: $_" } grep { !$has{$_} } @$had), map { "too much: $_" } grep { !$had{$_} } @$has);

	return join "\n", @differences > 20 ? (@differences[ 0 .. 19 ], @differences . ' in all') : @differences;
}

# Runs SQL that is to fail and returns the error's SQLSTATE and, where it has
# one, its category; ok if it does not fail.
sub error_of
{
	my ($node, $sql, $database) = @_;
	my ($rc, $stdout, $stderr) = $node->psql($database // 'postgres', $sql,
		extra_params => [ '-v', 'VERBOSITY=verbose' ]);

	return 'ok' if $rc == 0;
	my ($state) = $stderr =~ /ERROR:  (\w{5}):/;
	my ($category) = $stderr =~ /^CONSTRAINT NAME:  (.*)$/m;
	return join ' ', grep { defined } $state // "no SQLSTATE in: $stderr", $category;
}

1;
