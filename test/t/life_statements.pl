# What submits, starts and completes an invocation takes no statement that locks or writes,
# unless something of the user's has a part in it; the rows are the same.
use strict;
use warnings;
use PostgreSQL::Test::Cluster;
use RestateNode;
use Test::More;

my $node = new_node('main');
$node->safe_psql('postgres', <<'SQL');
SELECT restate_register_deployment('http://localhost:9', '{"services": [{"name": "Svc", "ty": "SERVICE", "handlers": [{"name": "run"}]}]}');
CREATE FUNCTION nothing() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END';
CREATE FUNCTION as_it_is() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN CASE TG_OP WHEN ''DELETE'' THEN OLD ELSE NEW END; END';
CREATE DOMAIN number AS bigint;
SQL

# what is said, with which statements, and which rows there are then; the worker was heard of
my $quiet = 'submit: | claim: read attempts | complete:';
my $plain = life('');
is($plain->{statements}, $quiet, 'neither locks nor writes take a statement');
my $rows = $plain->{rows};
like($rows, qr/^ready\|.*^running\|.*^completed\|/ms, 'an invocation is submitted, started and completed');
like($rows, qr/Command: Input.*Command: Output/s, 'with its journal');
like($rows, qr/expiry/, 'and its timer');
unlike($rows, qr/runnable after claim: [^0]/, 'and can be claimed no more');

# In the order of the statements: submit writes the invocation, its input and its place among those that
# can run; claim reads those, locks and writes; complete locks and writes.
my $submit = 'submit: the work';
my $claim = 'claim: read runnable, lock ready, the work, read attempts';
my $complete = 'complete: lock one to end, the work';
my $all_of_invocations = "$submit | claim: lock ready, the work, read attempts | $complete";
for my $case (
	# what has no part in it
	[ 'an index of what changes', 'CREATE INDEX ON restate.invocation (status)', $quiet ],
	[ 'a constraint', 'ALTER TABLE restate.runnable ADD CHECK (ready_at > to_timestamp(0))', $quiet ],
	[ 'a dropped column, and one with a default', 'ALTER TABLE restate.invocation ADD a int; ALTER TABLE restate.invocation DROP a; ALTER TABLE restate.invocation ADD b int DEFAULT 7 NOT NULL', $quiet ],
	# what has
	[ 'a trigger of rows of invocations', 'CREATE TRIGGER t BEFORE UPDATE ON restate.invocation FOR EACH ROW EXECUTE FUNCTION as_it_is()', $all_of_invocations ],
	[ 'a trigger of statements of timers', 'CREATE TRIGGER t AFTER INSERT ON restate.timer EXECUTE FUNCTION nothing()', 'submit: | claim: read attempts | complete: the work' ],
	[ 'a trigger of what can run', 'CREATE TRIGGER t BEFORE DELETE ON restate.runnable FOR EACH ROW EXECUTE FUNCTION as_it_is()', "$submit | claim: the work, read attempts | complete:" ],
	[ 'a trigger of workers', 'CREATE TRIGGER t BEFORE INSERT ON restate.worker FOR EACH ROW EXECUTE FUNCTION as_it_is()', 'submit: | claim: the work, read attempts | complete:' ],
	[ 'a trigger of the journal', 'CREATE TRIGGER t BEFORE INSERT ON restate.journal FOR EACH ROW EXECUTE FUNCTION as_it_is()', "$submit | claim: read attempts | complete: the work" ],
	[ 'a foreign key to invocations', 'CREATE TABLE mine (id restate_invocation_id, partition_key bigint, FOREIGN KEY (id, partition_key) REFERENCES restate.invocation)', $all_of_invocations ],
	[ 'row security', 'ALTER TABLE restate.runnable ENABLE ROW LEVEL SECURITY', "$submit | claim: read runnable, the work, count runnable, read attempts | complete:" ],
	[ 'row security of what is only read', 'ALTER TABLE restate.held_service ENABLE ROW LEVEL SECURITY', 'submit: | claim: read runnable, read attempts | complete:' ],
	[ 'row security of deployments', 'ALTER TABLE restate.deployment ENABLE ROW LEVEL SECURITY', 'submit: | claim: read runnable, lock ready, read attempts | complete:' ],
	[ 'a rule', 'CREATE RULE r AS ON DELETE TO restate.timer DO INSTEAD NOTHING', 'submit: | claim: read attempts | complete: the work' ],
	[ 'a generated column', 'ALTER TABLE restate.timer ADD b bigint GENERATED ALWAYS AS (completion_id + 1) STORED', 'submit: | claim: read attempts | complete: the work' ],
	[ 'a default that is worked out', 'ALTER TABLE restate.invocation ADD b float DEFAULT random()', "$submit | claim: read attempts | complete:" ],
	[ 'one of a column that a submission leaves out', q{ALTER TABLE restate.invocation ALTER last_failure SET DEFAULT CASE WHEN random() < 0 THEN 'x' END}, "$submit | claim: read attempts | complete:" ],
	[ 'an identity', 'ALTER TABLE restate.timer ADD b bigint GENERATED ALWAYS AS IDENTITY', 'submit: | claim: read attempts | complete: the work' ],
	[ 'a child', 'CREATE TABLE child () INHERITS (restate.runnable)', "$submit | claim: read runnable, the work, read attempts | complete:" ],
	[ 'a partition', 'CREATE TABLE whole (LIKE restate.timer) PARTITION BY LIST (kind); ALTER TABLE whole ATTACH PARTITION restate.timer DEFAULT', 'submit: | claim: read attempts | complete: the work' ],
	[ 'a type that rounds', q{UPDATE pg_attribute SET atttypmod = 6 WHERE attrelid = 'restate.timer'::regclass AND attname = 'due_at'}, 'submit: | claim: read attempts | complete: the work' ],
	[ 'a domain', q{UPDATE pg_attribute SET atttypid = 'number'::regtype WHERE attrelid = 'restate.timer'::regclass AND attname = 'completion_id'}, 'submit: | claim: read attempts | complete: the work' ],
	[ 'another primary key', 'ALTER TABLE restate.timer DROP CONSTRAINT timer_pkey; ALTER TABLE restate.timer ADD CONSTRAINT timer_pkey PRIMARY KEY (due_at, kind, id, completion_id, partition_key)', 'submit: | claim: read attempts | complete: the work' ],
	[ 'no index by deployment', 'DROP INDEX restate.service_revision_deployment_id_idx', 'submit: | claim: read runnable, lock ready, read attempts | complete:' ],
	[ 'a worker that was not heard of', q{DELETE FROM restate.worker}, 'submit: | claim: the work, read attempts | complete:' ],
	[ 'one that was heard of long ago', q{UPDATE restate.worker SET last_seen = now() - interval '2 seconds'}, 'submit: | claim: the work, read attempts | complete:' ])
{
	my ($what, $change, $statements) = @$case;
	my $done = life($change);

	is($done->{statements}, $statements, "$what: its statements");
	is($done->{rows}, $rows, "$what: its rows");
}

# what it raises, as a statement does
for my $case (
	[ 'a constraint', 'ALTER TABLE restate.runnable ADD CONSTRAINT never CHECK (ready_at IS NULL) NOT VALID', qr/violates check constraint "never"/ ],
	[ 'a column that must not be null', 'ALTER TABLE restate.invocation ALTER idempotency_key SET NOT NULL', qr/null value in column "idempotency_key"/ ],
	[ 'a constraint of what is completed', q{ALTER TABLE restate.invocation ADD CONSTRAINT open CHECK (status <> 'completed')}, qr/violates check constraint "open"/ ],
	[ 'an index', 'CREATE UNIQUE INDEX one ON restate.runnable ((true)); INSERT INTO restate.runnable (service_name, ready_at, id, partition_key) SELECT \'x\', now(), i, restate_partition_key_of_id(i) FROM restate_new_invocation_id() AS i', qr/violates unique constraint "one"/ ],
	[ 'a partition of the others', q{CREATE TABLE whole (LIKE restate.timer) PARTITION BY LIST (kind); ALTER TABLE whole ATTACH PARTITION restate.timer FOR VALUES IN ('sleep')}, qr/violates partition constraint/ ],
	[ 'a policy', 'ALTER TABLE restate.runnable ENABLE ROW LEVEL SECURITY; ALTER TABLE restate.runnable FORCE ROW LEVEL SECURITY; CREATE ROLE owner; ALTER TABLE restate.runnable OWNER TO owner; GRANT USAGE ON SCHEMA restate TO owner; GRANT ALL ON ALL TABLES IN SCHEMA restate TO owner; ALTER FUNCTION restate_submit(text, text, bytea, text, jsonb, text, timestamptz, text) OWNER TO owner; GRANT EXECUTE ON ALL FUNCTIONS IN SCHEMA restate TO owner', qr/violates row-level security policy/ ],
	[ 'a privilege', 'CREATE ROLE owner; GRANT USAGE ON SCHEMA restate TO owner; GRANT ALL ON ALL TABLES IN SCHEMA restate TO owner; GRANT EXECUTE ON ALL FUNCTIONS IN SCHEMA restate TO owner; REVOKE INSERT ON restate.runnable FROM owner; ALTER FUNCTION restate_submit(text, text, bytea, text, jsonb, text, timestamptz, text) OWNER TO owner', qr/permission denied for table runnable/ ],
	[ 'a transaction that only reads', 'SET TRANSACTION READ ONLY', qr/in a read-only transaction/ ])
{
	my ($what, $change, $said) = @$case;

	like(life($change)->{said}, qr/ERROR: .*$said/, "$what holds");
}

# what was published tells its subscribers which row it was
like(life('ALTER TABLE restate.runnable DROP CONSTRAINT runnable_pkey; CREATE PUBLICATION p FOR TABLE restate.runnable')->{said},
	qr/ERROR: .*cannot delete from table "runnable" because it does not have a replica identity/, 'a publication holds');
like(life('ALTER TABLE restate.runnable REPLICA IDENTITY NOTHING; CREATE PUBLICATION p FOR TABLE restate.runnable')->{said},
	qr/ERROR: .*cannot delete from table "runnable" because it does not have a replica identity/, 'as it does where the rows are found by their key');
like(life('ALTER TABLE restate.invocation REPLICA IDENTITY NOTHING; CREATE PUBLICATION p FOR TABLE restate.invocation')->{said},
	qr/ERROR: .*cannot update table "invocation" because it does not have a replica identity/, 'and what is changed');

# a call: its caller is submitted and calls, is suspended, and goes on with what the callee completes with
my $call = call('');
unlike($call->{statements}, qr/the work|lock/, 'a call takes none that locks or writes');
like($call->{rows}, qr/Notification: Call.*after call 1.*after end 0/s, 'it is answered, and nobody waits any more');
for my $case (
	[ 'a trigger of who waits', 'CREATE TRIGGER t BEFORE INSERT OR DELETE ON restate.waiter FOR EACH ROW EXECUTE FUNCTION as_it_is()' ],
	[ 'a trigger of the journal', 'CREATE TRIGGER t BEFORE INSERT ON restate.journal FOR EACH ROW EXECUTE FUNCTION as_it_is()' ],
	[ 'a trigger of invocations', 'CREATE TRIGGER t BEFORE UPDATE OR INSERT ON restate.invocation FOR EACH ROW EXECUTE FUNCTION as_it_is()' ],
	[ 'who waits already', q{INSERT INTO restate.waiter (target, caller, completion_id, kind, partition_key) SELECT id, id, 1, 'call', restate_partition_key_of_id(id) FROM restate_new_invocation_id() AS id} ])
{
	my ($what, $change) = @$case;
	my $done = call($change);

	like($done->{statements}, qr/the work/, "$what: a call takes one") if $change =~ /TRIGGER/;
	is($done->{rows}, $call->{rows}, "$what: the rows of a call");
}

done_testing();

# Submits, starts and completes an invocation after a change, in its transaction, which is rolled back;
# returns what was said, the names of the statements, and the rows.
sub life
{
	my ($change) = @_;
	my (undef, $out, $said) = $node->psql('postgres', <<"SQL", on_error_stop => 1);
\\set SHOW_CONTEXT always
SET client_min_messages = warning;
SELECT restate_heartbeat('w');
LOAD 'auto_explain';
BEGIN;
UPDATE restate.worker SET last_seen = now();
$change;
CREATE TEMP TABLE s (id restate_invocation_id, attempt bigint);
GRANT ALL ON s TO PUBLIC;
SET LOCAL auto_explain.log_min_duration = 0;
SET LOCAL auto_explain.log_nested_statements = on;
DO \$\$ BEGIN RAISE WARNING 'at submit'; END \$\$;
SET LOCAL client_min_messages = log;
INSERT INTO s SELECT id FROM restate_submit('Svc', 'run', 'in');
SET LOCAL client_min_messages = warning;
@{[ rows_of('submit') ]}
DO \$\$ BEGIN RAISE WARNING 'at claim'; END \$\$;
SET LOCAL client_min_messages = log;
UPDATE s SET attempt = c.attempt FROM restate_claim('w', NULL, 1, (SELECT array_agg(id) FROM restate.deployment)) AS c WHERE c.id = s.id;
SET LOCAL client_min_messages = warning;
@{[ rows_of('claim') ]}
DO \$\$ BEGIN RAISE WARNING 'at complete'; END \$\$;
SET LOCAL client_min_messages = log;
SELECT restate_complete(id, attempt, 1, ARRAY['{"Command": {"Output": {"result": {"Success": [49]}, "name": ""}}}'::jsonb]) FROM s;
SET LOCAL client_min_messages = warning;
@{[ rows_of('complete') ]}
ROLLBACK;
SQL
	return { said => $said, statements => names_of($said, qw(submit claim complete)), rows => $out };
}

# Has an invocation call another, be suspended, and go on, after a change, in a transaction that is rolled
# back; returns the names of the statements, and the rows of both.
sub call
{
	my ($change) = @_;
	my $rows = q{
SELECT row_number() OVER (ORDER BY c.is_callee), replace((jsonb_strip_nulls(to_jsonb(i)) - '{id,partition_key,attempt,random_seed,pinned_deployment_id,last_attempt_deployment_id,invoked_by_id}'::text[])::text,
    to_jsonb(now()) #>> '{}', 'now') FROM c JOIN restate.invocation AS i USING (id) ORDER BY 1;
SELECT c.is_callee, j.index, j.entry_type, j.completion_id, j.result_completion_id, j.payload, j.meta - 'request' FROM c JOIN restate.journal AS j USING (id) ORDER BY 1, 2;
SELECT c.is_callee, t.kind, t.due_at - now() FROM c JOIN restate.timer AS t USING (id) ORDER BY 1, 2;
SELECT c.is_callee, r.ready_at = now(), r.deployment_id = restate.no_deployment() FROM c JOIN restate.runnable AS r USING (id) ORDER BY 1;
};
	my $waiting = q{SELECT 'after %s ' || count(*), array_agg(w.kind), array_agg(w.completion_id), bool_and(w.caller_seed <> 0) FROM c JOIN restate.waiter AS w ON w.target = c.id;};
	my (undef, $out, $said) = $node->psql('postgres', <<"SQL", on_error_stop => 1);
\\set SHOW_CONTEXT always
SET client_min_messages = warning;
SELECT restate_heartbeat('w');
LOAD 'auto_explain';
BEGIN;
UPDATE restate.worker SET last_seen = now();
CREATE TEMP TABLE c AS SELECT id, attempt, false AS is_callee FROM restate_submit('Svc', 'run', 'in', claim_for => 'w');
$change;
SET LOCAL auto_explain.log_min_duration = 0;
SET LOCAL auto_explain.log_nested_statements = on;
DO \$\$ BEGIN RAISE WARNING 'at call'; END \$\$;
SET LOCAL client_min_messages = log;
SELECT restate_append(id, attempt, 1, ARRAY['{"Command": {"Call": {"request": {"invocation_target": {"Service": {"name": "Svc", "handler": "run"}}, "parameter": [50]}, "invocation_id_completion_id": 1, "result_completion_id": 2, "name": ""}}}'::jsonb]) IS NULL FROM c;
SET LOCAL client_min_messages = warning;
INSERT INTO c SELECT invoked_id, NULL, true FROM restate.journal JOIN c USING (id) WHERE entry_type = 'Command: Call';
$rows@{[ sprintf $waiting, 'call' ]}
DO \$\$ BEGIN RAISE WARNING 'at suspend'; END \$\$;
SET LOCAL client_min_messages = log;
SELECT restate_suspend(id, attempt, '{2}', NULL, NULL, 3) FROM c WHERE NOT is_callee;
SET LOCAL client_min_messages = warning;
$rows
UPDATE c SET attempt = a.attempt FROM restate_claim('w', '{Svc}') AS a WHERE a.id = c.id;
DO \$\$ BEGIN RAISE WARNING 'at end'; END \$\$;
SET LOCAL client_min_messages = log;
SELECT restate_complete(id, attempt, 1, ARRAY['{"Command": {"Output": {"result": {"Success": [49]}, "name": ""}}}'::jsonb]) FROM c WHERE is_callee;
SET LOCAL client_min_messages = warning;
$rows@{[ sprintf $waiting, 'end' ]}
ROLLBACK;
SQL

	return { said => $said, statements => names_of($said, qw(call suspend end)), rows => $out };
}

# Returns the names of the statements of each step.
sub names_of
{
	my ($said, @steps) = @_;
	my @statements;

	for my $step (@steps)
	{
		my ($part) = $said =~ /at $step\b(.*?)(?:WARNING: +at |\z)/s;

		# a statement is told of with each that it runs itself
		my @told = grep { !/^(extension version|read handler|read registered)$/ } ($part // '') =~ /restate_admin statement "([^"]+)"/g;
		push @statements, "$step:" . join ',', map { $_ > 0 && $told[ $_ - 1 ] eq $told[$_] ? () : " $told[$_]" } 0 .. $#told;
	}
	return join ' | ', @statements;
}

# Returns the SQL that shows the rows of the invocation after a step; of ids and random numbers
# only whether they are there.
sub rows_of
{
	my ($step) = @_;

	return <<"SQL";
SELECT i.status, '$step', replace((jsonb_strip_nulls(to_jsonb(i)) - '{id,partition_key,attempt,random_seed,pinned_deployment_id,last_attempt_deployment_id,a,b}'::text[]
    || jsonb_build_object('attempt', i.attempt IS NOT NULL, 'pinned', i.pinned_deployment_id IS NOT NULL,
      'started_on', i.last_attempt_deployment_id = i.pinned_deployment_id, 'seed', i.random_seed <> 0))::text, to_jsonb(now()) #>> '{}', 'now')
  FROM s JOIN restate.invocation AS i USING (id);
SELECT j.index, j.entry_type, j.name, j.version, j.meta, j.payload, j.appended_at = now() FROM s JOIN restate.journal AS j USING (id) ORDER BY j.index;
SELECT t.kind, t.due_at - now(), t.completion_id, t.seed FROM s JOIN restate.timer AS t USING (id);
SELECT 'runnable after $step: ' || count(*), count(*) FILTER (WHERE r.ready_at = now() AND r.deployment_id = restate.no_deployment() AND r.service_name = 'Svc')
  FROM s JOIN restate.runnable AS r USING (id);
SELECT name, last_seen = now() FROM restate.worker WHERE '$step' <> 'submit';
SQL
}
