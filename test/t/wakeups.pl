# What becomes ready, due or done by the gateway itself, or by others who notify, is seen to
# at once: with the polls that would cover for a lost wake-up a day apart, all of it is done
# all the same, and no poll was for it.  And what a gateway costs that has nothing to do.
use strict;
use warnings;

use Cwd;
use JSON::PP;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use RestateGateway;
use RestateIngress;
use RestateNode;
use RestateServices;
use Test::More;
use Time::HiRes qw(sleep);

my $top = getcwd();
my $node = new_node('wakeups', "fsync = off\nshared_preload_libraries = 'pg_stat_statements'");
my $database = 'host=' . $node->host . ' port=' . $node->port . ' dbname=postgres';
my $json = JSON::PP->new->allow_nonref->canonical;
my @json = ('Content-Type: application/json');
my @options = (
	"--db=$database user=restate_gateway", "--query-db=$database user=restate_gateway_reader",
	"--ingress-db=$database user=restate_gateway_ingress", "--worker-db=$database user=restate_gateway_worker", '--clock');

$node->safe_psql('postgres', slurp_file("$top/examples/gateway_roles.sql") . slurp_file("$top/examples/gateway_worker_role.sql"));
my $service = start_service('h2');
register($node, $service, '{}');

# Polls a day apart: the first comes after more than an hour
{
	my $ingress = start_ingress($node, @options, '--poll=86400');
	my $gateway = $ingress->{gateway};
	my $polls = sub {
		my $metrics = metrics($gateway);
		return join ' ', map { $metrics->{qq(restate_gateway_asks_total{for="$_",reason="poll"})} // 0 } qw(claim tick result news);
	};
	my $answered = sub {
		my ($path, $body) = @_;
		my $answer = call($ingress, 'POST', $path, $body, (defined $body ? @json : ()));

		return $answer ? "$answer->{status} $answer->{body}" : 'none';
	};

	ok(wait_until(sub { my $m = metrics($gateway); return ($m->{'restate_gateway_listening{for="ingress"}'} // 0) && ($m->{'restate_gateway_listening{for="dispatcher"}'} // 0) }), 'it is told of what others do');
	is($answered->('/Work/echo', '"a"'), '200 "a"', 'a call is claimed at once, and its result answered');
	is($answered->('/Work/greet', '"b"'), '200 "b A 3"', 'so are a sleep, and a call of another handler and its result');
	is($answered->('/Work/stored', '3'), '200 3', 'and one that suspends at each step');
	like($answered->('/Work/relay', undef), qr/^409 /, 'a failure of a callee');
	is($answered->('/Work/flaky', undef), '500 {"code":500,"message":"boom"}', 'one that is tried again');
	like($answered->('/Work/echo/send?delay=300ms', '"later"'), qr/^202 /, 'one that starts later');
	ok(wait_until(sub { $node->safe_psql('postgres', "SELECT count(*) FROM restate.invocation WHERE target_handler_name = 'echo' AND completed_at IS NOT NULL") eq '2' }), 'does');

	# an awakeable, by the ingress: of one that runs, and of one that has suspended
	for my $handler (qw(ask ask_suspended))
	{
		my $waiting = call_later($ingress, 'POST', "/Work/$handler", '');
		my $awakeable;
		ok(wait_until(sub { ($awakeable = $node->safe_psql('postgres', "SELECT convert_from(payload, 'UTF8')::jsonb ->> 0 FROM restate.journal AS j JOIN restate.invocation AS i USING (id) WHERE i.target_handler_name = '$handler' AND entry_type = 'Notification: Run'")) ne '' }), "$handler waits");
		wait_until(sub { $node->safe_psql('postgres', "SELECT status FROM restate.invocation WHERE target_handler_name = '$handler'") eq 'suspended' }) if $handler eq 'ask_suspended';
		is(call($ingress, 'POST', "/restate/awakeables/$awakeable/resolve", '"yes"', @json)->{status}, 202, 'it is resolved');
		my $answer = read_answer($waiting, 'POST');
		is($answer && "$answer->{status} $answer->{body}", '200 "yes"', 'and goes on');
	}

	# what an operator does at the admin port
	my ($id) = $node->safe_psql('postgres', "SELECT id FROM restate.invocation WHERE target_handler_name = 'greet'");
	my $new = $json->decode(request($gateway, 'PATCH', "/invocations/$id/restart-as-new")->{body})->{new_invocation_id};
	is(settled($node, $new), '"b A 6"', 'one that is restarted runs');

	# what others do who notify the one that it concerns
	my $sleeps = call_later($ingress, 'POST', '/Work/sleeps', '');
	ok(wait_until(sub { $node->safe_psql('postgres', "SELECT count(*) FROM restate.journal WHERE id = (SELECT id FROM restate.invocation WHERE target_handler_name = 'sleeps')") == 2 }), 'one sleeps for a day');
	$node->safe_psql('postgres', "SELECT restate_cancel(id) FROM restate.invocation WHERE target_handler_name = 'sleeps'");
	my $answer = read_answer($sleeps, 'POST');
	like($answer && "$answer->{status} $answer->{body}", qr/^409 /, 'and is cancelled in SQL');

	is($polls->(), '0 0 0 0', 'no poll was for any of it');
	ok(wait_until(sub { (metrics($gateway)->{"restate_gateway_asks_total{for=\"$_->[0]\",reason=\"$_->[1]\"}"} // 0) > 0 }), "$_->[0] was asked for because of $_->[1]")
	  for [ 'claim', 'own' ], [ 'result', 'own' ], [ 'tick', 'own' ], [ 'tick', 'due' ], [ 'news', 'notified' ];
	is($node->safe_psql('postgres', 'SELECT * FROM restate_verify()'), '', 'all is well');
	is(stop_gateway($gateway), 0, 'it ends');
}

# Nothing to do: statements in ten seconds, of all roles of the gateway
{
	my $ingress = start_ingress($node, @options);
	my $statements = "SELECT sum(s.calls), extract(epoch FROM clock_timestamp()) FROM pg_stat_statements AS s JOIN pg_roles AS r ON r.oid = s.userid WHERE r.rolname LIKE 'restate\\_gateway%'";
	my ($calls, $at, $now_calls, $now);

	$node->safe_psql('postgres', 'CREATE EXTENSION pg_stat_statements');
	wait_until(sub { (metrics($ingress->{gateway})->{'restate_gateway_listening{for="dispatcher"}'} // 0) == 1 });
	# claims get seldom as long as they find nothing
	wait_until(sub { (metrics($ingress->{gateway})->{'restate_gateway_asks_total{for="claim",reason="poll"}'} // 0) >= 7 });
	($calls, $at) = split /\|/, $node->safe_psql('postgres', $statements);
	wait_until(sub { ($now_calls, $now) = split /\|/, $node->safe_psql('postgres', $statements); return $now - $at > 10 });
	my $rate = ($now_calls - $calls) / ($now - $at);
	cmp_ok($rate, '>', 0.5, 'its statements are counted');
	cmp_ok($rate, '<', 5, 'an idle gateway with all that it can do sends fewer than five statements a second') or diag($node->safe_psql('postgres', 'SELECT calls, query FROM pg_stat_statements ORDER BY calls DESC LIMIT 10'));
	note(sprintf '%.2f statements a second', $rate);
	is(stop_gateway($ingress->{gateway}), 0, 'it ends');
}

done_testing();
