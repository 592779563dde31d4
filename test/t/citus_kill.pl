# A node of a Citus cluster is killed with SIGKILL while the others call: each call has
# happened wholly or not at all, what needs the node fails and can be called again, and what
# does not goes on.
use strict;
use warnings;
use IPC::Run ();
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;
use Time::HiRes qw(sleep);
use RestateCitus;
use RestateCrash;
use RestateGateway;

my $why_not = no_citus();
plan skip_all => $why_not if $why_not;

my ($coordinator, $stays, $dies) = new_citus(settings => "citus.recover_2pc_interval = '1s'\ncitus.node_connection_timeout = '5s'\n");
$coordinator->safe_psql('postgres', 'SELECT FROM restate_distribute()');
$coordinator->safe_psql('postgres', <<'SQL');
SELECT FROM restate_register_deployment('worker:w', '{"services": [
  {"name": "Svc", "ty": "SERVICE", "handlers": [{"name": "run"}]}, {"name": "Obj", "ty": "VIRTUAL_OBJECT", "handlers": [{"name": "add"}]}]}');
-- Runs what is ready, each with a call to another partition, in one transaction.
CREATE FUNCTION public.run_some() RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE
  c record;
  done bigint := 0;
BEGIN
  FOR c IN SELECT * FROM restate_claim('w', '{Svc,Obj}', 2) LOOP
    IF c.service = 'Svc' THEN
      PERFORM restate_append(c.id, c.attempt, 1, ARRAY[jsonb_build_object('Command', jsonb_build_object('OneWayCall', jsonb_build_object(
        'request', jsonb_build_object('invocation_target', jsonb_build_object('VirtualObject', jsonb_build_object('name', 'Obj', 'key', 'k' || c.attempt % 7, 'handler', 'add')),
          'parameter', jsonb '[]', 'headers', jsonb '[]'), 'invoke_time', 0, 'invocation_id_completion_id', 1, 'name', '')))]);
    END IF;
    PERFORM restate_complete(c.id, c.attempt, c.commands + (c.service = 'Svc')::integer,
      ARRAY[jsonb '{"Command": {"Output": {"result": {"Success": [1]}, "name": ""}}}']);
    done := done + 1;
  END LOOP;
  RETURN done;
END $$;
SQL
grant_roles($coordinator);

# Starts a client of a node that submits, runs and kills; what it prints goes to a file.  It
# has no pipe, which a server that is started meanwhile would hold open.
sub start_client
{
	my ($node, $name) = @_;
	my $client = { script => $coordinator->basedir . "/$name.sql", out => $coordinator->basedir . "/$name.out" };

	append_to_file($client->{script}, join '', map { <<"SQL" } 1 .. 30);
SELECT 'accepted $name.$_', id FROM restate_submit('Svc', 'run', idempotency_key => '$name.$_');
SELECT 'ran', public.run_some();
SELECT 'killed', count(restate_kill(i.id)) FROM (SELECT id FROM restate.sys_invocation WHERE idempotency_key = '$name.' || ($_ - 5) AND status = 'ready' OFFSET 0) AS i;
SELECT 'ran', public.run_some();
SQL

	$client->{run} = IPC::Run::start([ 'psql', '-qXAt', '-v', 'VERBOSITY=verbose', '-d', $node->connstr('postgres'), '-f', $client->{script} ],
		'<', '/dev/null', '>', $client->{out}, '2>&1');
	return $client;
}

# Waits until each client has said so often that something was accepted.
sub wait_for
{
	my ($count, @clients) = @_;

	for my $client (@clients)
	{
		sleep 0.05 while (() = slurp_file($client->{out}) =~ /accepted/g) < $count;
	}
	return;
}

# keys that tell which node has their shard
my %on = map { reverse split /\|/ } split /\n/, $coordinator->safe_psql('postgres', <<'SQL');
SELECT DISTINCT ON (n.nodeport) k.key, n.nodeport FROM generate_series(1, 100) AS k (key)
JOIN pg_dist_placement AS p ON p.shardid = get_shard_id_for_distribution_column('restate.invocation', k.key)
JOIN pg_dist_node AS n ON n.groupid = p.groupid
SQL
my %id = map { $_->name => $coordinator->safe_psql('postgres', sprintf q{SELECT restate_new_invocation_id(%d)}, $on{ $_->port }) } $stays, $dies;

my @clients = (start_client($coordinator, 'a'), start_client($stays, 'b'));
wait_for(5, @clients);
kill_server($dies);

my $gateway = start_gateway($coordinator);
my (undef, undef, $error) = $coordinator->psql('postgres', "SELECT restate_kill('$id{ $dies->name }')", extra_params => [ '-v', 'VERBOSITY=verbose' ]);
like($error, qr/ERROR:  (?:08|57P|53)\w+:/, 'what needs the node fails as what passes');
my $answer = request($gateway, 'DELETE', "/invocations/$id{ $dies->name }?mode=kill");
is($answer->{status}, 503, 'which is 503 over HTTP');
ok($answer->{headers}{'retry-after'}, 'with when to try again') or diag(explain($answer));
(undef, undef, $error) = $coordinator->psql('postgres', "SELECT restate_kill('$id{ $stays->name }')");
like($error, qr/not found/, 'what does not need it is answered');

start_again($dies);
for my $client (@clients)
{
	$client->{run}->finish;
	$client->{said} = slurp_file($client->{out});
}
pass('the clients come to their end');
stop_gateway($gateway);

my %states;
# Citus calls a connection that breaks while it waits for an answer an internal error
$states{$_}++ for map { $_->{said} =~ /ERROR:  (?!XX000: (?:server closed the connection unexpectedly|connection not open))(\w{5}):/g } @clients;
is(join(' ', grep { !/^(?:08...|57...|53...|40001|PT4..)$/ } sort keys %states), '', 'no call has failed otherwise') or diag(explain(\%states));
is($states{'40P01'} // 0, 0, 'no deadlock');
cmp_ok(scalar(map { $_->{said} =~ /accepted/g } @clients), '>=', 10, 'calls went on');
settle($coordinator, $stays, $dies);
is($coordinator->safe_psql('postgres', 'SELECT * FROM restate_verify()'), '', 'nothing is half done');

# what was accepted is there
my %accepted = map { $_->{said} =~ /accepted (\S+)\|(\S+)/g } @clients;
my $known = join ', ', map { "('$_', '$accepted{$_}'::restate_invocation_id)" } sort keys %accepted;
is($coordinator->safe_psql('postgres', "SELECT string_agg(v.key, ' ') FROM (VALUES $known) AS v (key, id) WHERE v.id NOT IN (SELECT id FROM restate.invocation)"), '', 'what was accepted is there');

# the rest runs to its end
for (1 .. 1000)
{
	last if $dies->safe_psql('postgres', 'SELECT public.run_some()') eq '0';
}
$coordinator->safe_psql('postgres', "SELECT FROM restate_tick(1000, '0 s')");
for (1 .. 1000)
{
	last if $stays->safe_psql('postgres', 'SELECT public.run_some()') eq '0';
}
is($coordinator->safe_psql('postgres', 'SELECT status, count(*) FROM restate.sys_invocation GROUP BY 1') =~ s/\|\d+$//r, 'completed', 'and all of it completes');
is($coordinator->safe_psql('postgres', 'SELECT * FROM restate_verify()'), '', 'in order');

done_testing();
