# The ingress while invocations run: requests that wait, all at once, again, at two
# gateways, for what is killed, removed or not kept; clients that leave; what the server
# is asked meanwhile.
use strict;
use warnings;
use JSON::PP;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use RestateGateway;
use RestateIngress;
use RestateNode;
use Test::More;
use Time::HiRes qw(sleep time);

my $node = new_node('ingress', 'log_statement = none');
grant_roles($node);
grant_ingress($node);
register_handlers($node);
my $ingress = start_ingress($node);
my $json = JSON::PP->new->allow_nonref->canonical;
my @json = ('Content-Type: application/json');

# Returns what SQL returns.
sub query
{
	return $node->safe_psql('postgres', $_[0]);
}

# Waits until a query returns this.
sub comes
{
	my ($sql, $want) = @_;

	return wait_until(sub { query($sql) eq $want });
}

# Returns how many requests of the gateway wait.
sub waiting
{
	return metrics($_[0]{gateway})->{restate_gateway_waiting_requests};
}

# Returns status, body and whether the answer says that it expires.
sub short
{
	my ($answer) = @_;

	return 'none' unless $answer;
	return join ' ', $answer->{status}, $answer->{body} =~ s/[{](?:"code":(\d+),)?"message":"[^"]*"/'{' . (defined $1 ? "$1 " : '') . 'message'/er,
	  $answer->{headers}{'idempotency-expires'} ? 'expires' : ();
}

# nothing runs yet: all of these wait

my @early = map { call_later($ingress, 'POST', '/Rules/echo', '"same"', @json, 'Idempotency-Key: fifty') } 1 .. 50;
ok(wait_until(sub { (waiting($ingress) // 0) == 50 }), 'fifty requests of one idempotency key wait');
is(query('SELECT count(*) FROM restate.invocation'), 1, 'for one invocation');
is(query('SELECT cardinality(awaited_by) FROM restate.invocation'), 1, 'at one gateway');
becomes(sub { query("SELECT count(*) FROM pg_stat_activity WHERE usename = 'ingress' AND state <> 'idle'") }, 0, 'and no session is busy');
my $attached = call_later($ingress, 'GET', '/restate/invocation/Rules/echo/fifty/attach');
is(short(call($ingress, 'GET', '/restate/invocation/Rules/echo/fifty/output')), '470 {message}', 'there is no output');
my $worker = start_worker($node);
my %answers = map { short(read_answer($_)) => 1 } @early;
is(join('|', sort keys %answers), '200 "same"', 'each gets the same answer');
is(short(read_answer($attached)), '200 "same"', 'and so does one who attached');
is(short(call($ingress, 'GET', '/restate/invocation/Rules/echo/fifty/output')), '200 "same" expires', 'then there is an output');
is(short(call($ingress, 'GET', '/restate/invocation/Rules/echo/fifty/attach')), '200 "same" expires', 'and who attaches has it at once');
is(short(call($ingress, 'POST', '/Rules/echo', '"other"', @json, 'Idempotency-Key: fifty')), '200 "same" expires', 'and who calls again');
becomes(sub { waiting($ingress) }, 0, 'nobody waits any more');

# many at once

%answers = map { short($_) => 1 } many_calls($ingress, 50, 'POST', '/Obj/counter/echo', '1', @json);
is(join('|', keys %answers), '200 1', 'fifty calls of one object');
is(query("SELECT count(*) FROM restate.invocation WHERE target_service_key = 'counter'"), 50, 'are fifty invocations');

# failures, for who waits and for who comes later

my $refused = call($ingress, 'POST', '/Rules/fail', '', 'Idempotency-Key: f');
is($refused->{body}, '{"code":409,"message":"no way","metadata":{"a":"b","c":"d"}}', 'a failure comes with its metadata');
is(call($ingress, 'POST', '/Rules/fail', '', 'Idempotency-Key: f')->{body}, $refused->{body}, 'and so it does again');
query("SELECT restate_purge_journal('$refused->{headers}{'x-restate-id'}')");
is(call($ingress, 'GET', "/restate/invocation/$refused->{headers}{'x-restate-id'}/attach")->{body}, $refused->{body}, 'and without its journal');

# what is not kept reaches who waits for it

stop_worker($node, $worker);
for my $case ([ 'no retention', 'ret0', sub { $worker = start_worker($node) }, '200 "ok"' ],
	[ 'a kill while it waits in an inbox', 'inbox', sub { query("SELECT restate_kill(id) FROM restate.invocation WHERE status = 'pending'") }, '409 {409 message}' ],
	[ 'a cancel likewise', 'inbox', sub { query("SELECT restate_cancel(id) FROM restate.invocation WHERE status = 'pending'") }, '409 {409 message}' ],
	[ 'a kill while it is suspended', 'wait', sub { query("SELECT restate_kill(id) FROM restate.invocation WHERE status = 'suspended' AND target_handler_name = 'wait' AND target_service_name = 'Rules'") }, '409 {409 message}' ],
	[ 'a kill while it is scheduled', 'scheduled', sub { query("SELECT restate_kill(id) FROM restate.invocation WHERE status = 'scheduled'") }, '409 {409 message}' ])
{
	my ($what, $kind, $end, $want) = @$case;
	my $socket;

	if ($kind eq 'inbox')
	{
		call($ingress, 'POST', '/Obj/held/wait/send', '');
		comes("SELECT count(*) > 0 FROM restate.invocation WHERE status = 'suspended' AND target_service_key = 'held'", 't');
		$socket = call_later($ingress, 'POST', '/Obj/held/echo', '');
	}
	elsif ($kind eq 'scheduled')
	{
		call($ingress, 'POST', '/Rules/echo/send?delay=1h', '', 'Idempotency-Key: later');
		$socket = call_later($ingress, 'GET', '/restate/invocation/Rules/echo/later/attach');
	}
	else { $socket = call_later($ingress, 'POST', "/Rules/$kind", '', "Idempotency-Key: $kind") }
	wait_until(sub { waiting($ingress) == 1 });
	comes("SELECT count(*) > 0 FROM restate.invocation WHERE status = 'suspended' AND target_service_name = 'Rules'", 't') if $kind eq 'wait';
	$end->();
	is(short(read_answer($socket)), $want, "who waits is told the end: $what");
}
cmp_ok(query('SELECT count(*) FROM restate.undelivered_result'), '>=', 3, 'what was not kept is kept for a moment');
query("UPDATE restate.undelivered_result SET completed_at = now() - interval '61 seconds'");
ok(comes('SELECT count(*) FROM restate.undelivered_result', 0), 'and not for long');

# workflows, awakeables, delays

my $run = call_later($ingress, 'POST', '/Wfw/w/wait', '');
comes("SELECT count(*) FROM restate.invocation WHERE status = 'suspended' AND target_service_name = 'Wfw'", 1);
is(short(call($ingress, 'POST', '/Wfw/w/wait', '')), '409 {409 message}', 'a workflow runs once');
like(call($ingress, 'POST', '/Wfw/w/wait/send', '')->{body}, qr/"status":"PreviouslyAccepted"/, 'which a send is told');
my $awaits = call_later($ingress, 'GET', '/restate/workflow/Wfw/w/attach');
wait_until(sub { waiting($ingress) == 2 });
my $awakeable = query("SELECT restate_awakeable_id(id, 17) FROM restate.invocation WHERE target_service_name = 'Wfw'");
my $resolved = call($ingress, 'POST', "/restate/awakeables/$awakeable/resolve", "\0\xff", 'Content-Type: x/y');
is("$resolved->{status} $resolved->{body}", '202 ', 'an awakeable is resolved');
is(read_answer($_)->{body}, "\0\xff", 'with bytes, which come back') for $run, $awaits;
is(call($ingress, 'POST', "/restate/a/$awakeable/reject", 'late')->{status}, 202, 'too late is no error');
is(call($ingress, 'POST', '/restate/awakeables/sign_1nope/resolve', '')->{status}, 400, 'an id that is none is');
is(call($ingress, 'POST', '/restate/awakeables/prom_1' . substr($awakeable, 6) . '/resolve', '')->{status}, 400, 'and one of an older kind');
is(call($ingress, 'GET', "/restate/awakeables/$awakeable/resolve")->{status}, 405, 'nor with GET');
is(call($ingress, 'POST', "/restate/awakeables/$awakeable/other", '')->{status}, 404, 'nor in another way');
my $rejected = call_later($ingress, 'POST', '/Rules/wait', '', 'Idempotency-Key: rejected');
comes("SELECT count(*) FROM restate.invocation WHERE status = 'suspended' AND idempotency_key = 'rejected'", 1);
$awakeable = query("SELECT restate_awakeable_id(id, 17) FROM restate.invocation WHERE idempotency_key = 'rejected'");
call($ingress, 'POST', "/restate/awakeables/$awakeable/reject", "no\xff\0");
is(read_answer($rejected)->{body}, "{\"code\":500,\"message\":\"no\xef\xbf\xbd\xef\xbf\xbd\"}", 'one that is rejected has a message, whatever bytes it was');
my $sent = time;
my $accepted = $json->decode(call($ingress, 'POST', '/Rules/echo/send?delay=700ms', '"d"', @json, 'Idempotency-Key: delayed')->{body});
is($accepted->{status}, 'Accepted', 'a send with a delay');
is(call($ingress, 'GET', "/restate/invocation/$accepted->{invocationId}/attach")->{body}, '"d"', 'is run');
cmp_ok(time - $sent, '>=', 0.7, 'after that');

# clients that leave

my $left = call_later($ingress, 'POST', '/Rules/wait', '', 'Idempotency-Key: left');
wait_until(sub { waiting($ingress) == 1 });
close $left;
ok(wait_until(sub { waiting($ingress) == 0 }), 'a client that leaves waits no more');
ok(comes("SELECT status FROM restate.invocation WHERE idempotency_key = 'left'", 'suspended'), 'and changes nothing');
my $back = call_later($ingress, 'POST', '/Rules/wait', '', 'Idempotency-Key: left');
wait_until(sub { waiting($ingress) == 1 });

# a second gateway, at which the same is waited for

my $second = start_ingress($node);
my $other = call_later($second, 'POST', '/Rules/wait', '', 'Idempotency-Key: left');
wait_until(sub { waiting($second) == 1 });
is(query("SELECT cardinality(awaited_by) FROM restate.invocation WHERE idempotency_key = 'left'"), 2, 'two gateways wait');
$awakeable = query("SELECT restate_awakeable_id(id, 17) FROM restate.invocation WHERE idempotency_key = 'left'");
call($second, 'POST', "/restate/awakeables/$awakeable/resolve", '7');
is(read_answer($_)->{body}, '7', 'and both have the result') for $back, $other;

# one that is killed takes its own clients along, and no others

my $lost = call_later($second, 'POST', '/Rules/wait', '', 'Idempotency-Key: kept');
$other = call_later($ingress, 'POST', '/Rules/wait', '', 'Idempotency-Key: kept');
wait_until(sub { waiting($second) == 1 && waiting($ingress) == 1 });
kill 'KILL', $second->{gateway}{pid};
waitpid $second->{gateway}{pid}, 0;
$second->{gateway}{ended} = 9;
is(read_answer($lost), undef, 'a gateway that is killed answers nobody');
$second = start_ingress($node);
$back = call_later($second, 'GET', '/restate/invocation/Rules/wait/kept/attach');
wait_until(sub { waiting($second) == 1 });
comes("SELECT status FROM restate.invocation WHERE idempotency_key = 'kept'", 'suspended');
$awakeable = query("SELECT restate_awakeable_id(id, 17) FROM restate.invocation WHERE idempotency_key = 'kept'");
call($second, 'POST', "/restate/awakeables/$awakeable/resolve", '8');
is(read_answer($_)->{body}, '8', 'but those of another one wait on, and it can be attached to') for $other, $back;

# what tells that there is a result

query("ALTER DATABASE postgres SET restate_admin.notify = 'off'");
stop_worker($node, $worker);
$worker = start_worker($node);
is(short(call($ingress, 'POST', '/Rules/echo', '1', @json)), '200 1', 'without notifications results are found by asking');
query('ALTER DATABASE postgres RESET restate_admin.notify');
stop_worker($node, $worker);
$worker = start_worker($node);
query("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = 'ingress' AND query LIKE '%LISTEN%'");
is(short(call($ingress, 'POST', '/Rules/echo', '2', @json)), '200 2', 'and when the session that listens was lost');
my $listener = open_sql($node);
my $told_of = call_later($ingress, 'POST', '/Rules/wait', '', 'Idempotency-Key: told');
comes("SELECT status FROM restate.invocation WHERE idempotency_key = 'told'", 'suspended');
sql($listener, "SELECT format('LISTEN %I', restate_ingress_channel(awaited_by[1])) FROM restate.invocation WHERE idempotency_key = 'told' \\gexec");
$awakeable = query("SELECT restate_awakeable_id(id, 17) FROM restate.invocation WHERE idempotency_key = 'told'");
call($ingress, 'POST', "/restate/awakeables/$awakeable/resolve", '3');
is(read_answer($told_of)->{body}, '3', 'a result that is awaited');
becomes(sub { sql($listener, 'SELECT 1') }, qr/notification "restate_ingress_\w+" with payload "inv_/, 'is notified of');
sql($listener, "SELECT FROM restate_submit('Rules', 'echo', idempotency_key => 'unawaited')");
comes("SELECT status FROM restate.invocation WHERE idempotency_key = 'unawaited'", 'completed');
unlike(sql($listener, 'SELECT 1'), qr/notification/, 'and one that nobody awaits is not');

# limits, and what is no request of the ingress

is(short(call($ingress, 'POST', '/Rules/any_req', 'x' x (31 * 1048576 + 1), @json)), '413 {message}', 'a body that is too large');
is(call($ingress, 'POST', '/Nope/any_req', 'x' x (31 * 1048576 + 1), @json)->{status}, 404, 'but first of all there must be the handler');
is(length call($ingress, 'POST', '/Rules/echo', 'x' x 65536, @json)->{body}, 65536, 'a large one comes back');
is(short(call($ingress, 'POST', '/Rules/echo', '', map { "x-$_: 1" } 1 .. 99)), '431 {message}', 'too many headers');
is(short(request({ %$ingress }, 'POST', '/Rules/echo', '1', @json, 'Origin: http://evil.example')), '403 {message}', 'a page of another origin');
is(short(exchange($ingress, "POST /Rules/echo HTTP/1.1\r\nHost: evil.example\r\nConnection: close\r\nContent-Length: 0\r\n\r\n")), '421 {message}', 'another host');
is(short(exchange($ingress, "POST /Rules/echo HTTP/1.1\r\nHost: gateway\r\nContent-Length: 1\r\nContent-Length: 1\r\n\r\n1")), '400 {message}', 'two lengths');
is(short(exchange($ingress, "POST /Rules/echo HTTP/1.1\r\nHost: gateway\r\nConnection: close\r\nTransfer-Encoding: chunked\r\nContent-Type: a/b\r\n\r\n2\r\n\"c\r\n1\r\n\"\r\n0\r\n\r\n")), '200 "c"', 'a body in chunks');
is(call($ingress, 'GET', '/deployments')->{status}, 404, 'the Admin API is not served here');
is(request($ingress->{gateway}, 'POST', '/Rules/echo', '')->{status}, 404, 'nor the ingress there');
my $token = $node->basedir . '/token';
open my $out, '>', $token or die $!;
print $out "0123456789abcdef\n";
close $out;
my $guarded = start_ingress($node, "--ingress-token-file=$token");
is(short(call($guarded, 'POST', '/Rules/headers', '1', @json)), '401 {message}', 'a token is asked for');
my $passed_on = call($guarded, 'POST', '/Rules/headers', '1', @json, 'Authorization: Bearer 0123456789abcdef', 'Origin: http://a.example', 'Host: a.example');
is($passed_on->{status}, 400, 'two hosts are refused with it, too');
$passed_on = call($guarded, 'POST', '/Rules/headers', '1', @json, 'Authorization: Bearer 0123456789abcdef', 'Origin: http://a.example');
is($passed_on->{status}, 200, 'with it any page is served');
is($passed_on->{headers}{'access-control-allow-origin'}, 'http://a.example', 'and may read the answer');
unlike($passed_on->{body}, qr/authorization/, 'and no handler is told the token');
is(call($guarded, 'OPTIONS', '/Rules/echo', undef, 'Origin: http://a.example', 'Access-Control-Request-Method: POST')->{status}, 200, 'a page may ask whether it may');
is(request($guarded->{gateway}, 'GET', '/version')->{status}, 200, 'the Admin API beside it asks for none');

# many that wait, and an end

my $before = rss($ingress);
my @many = map { call_later($ingress, 'POST', "/Rules/wait", '', 'Idempotency-Key: many') } 1 .. 2000;
ok(wait_until(sub { waiting($ingress) == 2000 }), '2,000 clients wait');
my $each = (rss($ingress) - $before) / 2000;
note(sprintf 'a waiting client takes %.1f KiB', $each);
cmp_ok($each, '<', 25, 'each takes no more than a 10,000th of 256 MiB') unless $ENV{VALGRIND} || $ENV{UBSAN};
cmp_ok(query("SELECT count(*) FROM pg_stat_activity WHERE usename = 'ingress'"), '<=', 27, 'in the few sessions that three gateways have');
comes("SELECT status FROM restate.invocation WHERE idempotency_key = 'many'", 'suspended');
$awakeable = query("SELECT restate_awakeable_id(id, 17) FROM restate.invocation WHERE idempotency_key = 'many'");
call($second, 'POST', "/restate/awakeables/$awakeable/resolve", '9');
%answers = ();
$answers{ short(read_answer($_, 'POST')) }++ for @many;
is(join('|', %answers), '200 9|2000', 'and each has its answer');

my $last = call_later($second, 'POST', '/Rules/wait', '', 'Idempotency-Key: last');
my $short = start_ingress($node, '--request-timeout=3');
my $told = call_later($short, 'POST', '/Rules/wait', '', 'Idempotency-Key: last');
wait_until(sub { waiting($second) == 1 && waiting($short) == 1 });
is(stop_gateway($short->{gateway}), 0, 'a gateway that is stopped does not wait for ever');
is(short(read_answer($told)), '503 {message}', 'but tells who waits');
comes("SELECT status FROM restate.invocation WHERE idempotency_key = 'last'", 'suspended');
$awakeable = query("SELECT restate_awakeable_id(id, 17) FROM restate.invocation WHERE idempotency_key = 'last'");
kill 'TERM', $second->{gateway}{pid};
wait_until(sub { gateway_log($second->{gateway}) =~ /event=stopping/ });
call($ingress, 'POST', "/restate/awakeables/$awakeable/resolve", '10');
is(read_answer($last)->{body}, '10', 'one that ends answers who still waits');
stop_worker($node, $worker);
is(stop_gateway($_->{gateway}), 0, 'the gateways end well') for $second, $guarded, $ingress;
is(query('SELECT * FROM restate_verify()'), '', 'the store is sound');
done_testing();

# Returns how much memory the gateway has, in KiB.
sub rss
{
	my ($kb) = slurp_file("/proc/$_[0]{gateway}{pid}/status") =~ /^VmRSS:\s+(\d+)/m;

	return $kb;
}
