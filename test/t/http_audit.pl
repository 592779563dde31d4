# Who asked for an operation and why, from headers into the audit: off unless
# the gateway is told to trust them.
use strict;
use warnings;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use RestateGateway;
use RestateNode;
use Test::More;

my $node = new_node('http_audit', 'log_statement = none');
grant_roles($node);
load_example($node);
my @headers = ('X-Person: Ann "A" \\ Ο', 'X-Reason: ticket 4711');
my $done = inv('done');

# The audit's last line on an invocation: subject, reason.
sub last_of
{
	my ($id) = @_;

	return $node->safe_psql('postgres', "SELECT coalesce(claimed_subject, '-') || '|' || coalesce(reason, '-') FROM restate.sys_audit WHERE id = '$id' ORDER BY audit_id DESC LIMIT 1");
}

my $plain = start_gateway($node);
is(request($plain, 'PATCH', "/invocations/$done/restart-as-new", undef, @headers)->{status}, 200, 'a restart by a gateway that was told nothing');
is(last_of($done), '-|-', 'names nobody');
is(stop_gateway($plain), 0, 'the gateway ends well');

my $gateway = start_gateway($node, '--pool=1', '--person-header=X-Person', '--reason-header=x-reason');
for my $case (
	[ 'both', \@headers, "Ann \"A\" \\ Ο|ticket 4711" ], [ 'neither', [], '-|-' ], [ 'a person alone', ['X-Person: Ann'], 'Ann|-' ],
	[ 'neither again', [], '-|-' ], [ 'a reason alone', ['X-Reason: because'], '-|because' ], [ 'and neither', [], '-|-' ])
{
	my ($what, $sent, $want) = @$case;

	is(request($gateway, 'PATCH', "/invocations/$done/restart-as-new", undef, @$sent)->{status}, 200, "a restart with $what");
	is(last_of($done), $want, 'is in the audit so');
}
is(request($gateway, 'PATCH', '/invocations/' . inv('running') . '/kill', undef, @headers)->{status}, 200, 'a kill');
is(last_of(inv('running')), "Ann \"A\" \\ Ο|ticket 4711", 'is, too');
is(json_request($gateway, 'POST', '/internal/invocations_batch_operations/kill', '{"invocation_ids":["' . inv('ready') . '"]}', @headers)->{status}, 200, 'a batch');
is(last_of(inv('ready')), "Ann \"A\" \\ Ο|ticket 4711", 'is, too');
like(request($gateway, 'PATCH', '/invocations/' . inv('unknown') . '/kill', undef, @headers)->{body}, qr/invocation_not_found/, 'what is refused is refused as ever');
like(request($gateway, 'PATCH', "/invocations/$done/kill", undef, "X-Person: \xff")->{body}, qr/invalid_query_parameter/, 'a person that is no text is 400');
unlike(gateway_log($gateway), qr/Ann|4711/, 'neither is in the log');
is($node->safe_psql('postgres', 'SELECT count(*) FROM restate_verify()'), '0', 'all is well at the end');
is(stop_gateway($gateway), 0, 'the gateway ends well');
done_testing();
