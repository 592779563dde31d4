# The gateway runs handlers of services that are written with Restate's SDK and unchanged:
# in HTTP/2 and HTTP/1.1, whether they read a request whole before they answer it or not.
use strict;
use warnings;

use Cwd;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use RestateGateway;
use RestateNode;
use RestateServices;
use Test::More;
use Time::HiRes qw(sleep time);

my $top = getcwd();
my $node = new_node('main', "fsync = off\nmax_connections = 60\nrestate_admin.notify = all");
$node->safe_psql('postgres', slurp_file("$top/examples/gateway_roles.sql"));
$node->safe_psql('postgres', slurp_file("$top/examples/gateway_worker_role.sql"));
$node->safe_psql('postgres', 'CREATE ROLE gateway LOGIN; CREATE ROLE reader LOGIN');
start_clock($node, '10 seconds');
my $gateway = start_dispatcher($node);
my $n = 0;

# Returns a name that no other part of the test has.
sub name { return 'n' . $n++ }

for my $mode (qw(h2 h2half h1 h1half))
{
	my $half = $mode =~ /half/;
	my $service = start_service($mode);
	my $deployment = register($node, $service, '{"breaking": true}');
	my ($run, $id);

	# steps, a sleep, a call of an object
	my $name = name();
	$id = submit($node, 'Work', 'greet', qq("$name"));
	is(settled($node, $id), qq("$name A 3"), "$mode: steps, a sleep and a call");
	is(entry_types($node, $id), 'Input Run N:Run Run N:Run Run N:Run Sleep N:Sleep Call N:CallInvocationId N:Call Output', "$mode: its journal");
	my $done = steps_done($service);
	is(join(' ', map { "$_ $done->{$_}" } sort grep { !/^discovered / } keys %$done), join(' ', map { "$_ $name 1" } 'begin one', 'begin three', 'begin two', 'end one', 'end three', 'end two'), "$mode: each step was done once");

	# an awakeable, resolved while it is waited for, and twice
	$id = submit($node, 'Work', 'ask');
	my $awakeable;
	ok(wait_until(sub { ($awakeable = $node->safe_psql('postgres', "SELECT convert_from(payload, 'UTF8')::jsonb ->> 0 FROM restate.journal WHERE id = '$id' AND entry_type = 'Notification: Run'")) ne '' }), "$mode: an awakeable has an id");
	ok(wait_until(sub { status_of($node, $id) eq ($half ? 'suspended' : 'running') }), "$mode: and is waited for");
	is($node->safe_psql('postgres', "SELECT restate_resolve_awakeable('$awakeable', '\"yes\"')"), 'signalled', "$mode: it is resolved");
	is(settled($node, $id), '"yes"', "$mode: and who waited has its answer");
	$id = submit($node, 'Work', 'ask_late');
	wait_until(sub { ($awakeable = $node->safe_psql('postgres', "SELECT convert_from(payload, 'UTF8')::jsonb ->> 0 FROM restate.journal WHERE id = '$id' AND entry_type = 'Notification: Run' ORDER BY index LIMIT 1")) ne '' });
	await_step($service, 'begin wait');
	$node->safe_psql('postgres', "SELECT restate_resolve_awakeable('$awakeable', '\"early\"')");
	is(settled($node, $id), '"early"', "$mode: one that is resolved before it is waited for");

	# failures
	$id = submit($node, 'Work', 'relay');
	is(settled($node, $id), '[409] no way', "$mode: a failure through a caller");
	is($node->safe_psql('postgres', "SELECT completion_failure_metadata FROM restate.invocation WHERE id = '$id'"), '[{"key": "a", "value": "b"}]', "$mode: with what it says beside");
	$id = submit($node, 'Work', 'flaky');
	is(settled($node, $id), '[500] boom', "$mode: a run that is given up");
	is(steps_done($service)->{'end boom'}, 3, "$mode: after as many attempts as it says");
	$id = submit($node, 'Work', 'throws');
	like(settled($node, $id, qr/^paused/), qr/^paused/, "$mode: a handler that fails is paused");
	like(status_of($node, $id), qr/^paused RT0007 \[500 Internal\] plain/, "$mode: with what it says");
	is(steps_done($service)->{'end throws'}, 3, "$mode: after its attempts");
	$name = name();
	$id = submit($node, 'Counter', 'fails', undef, $name);
	is(settled($node, $id), '[500] after the write', "$mode: an object that fails");
	is(settled($node, submit($node, 'Counter', 'total', undef, $name)), '100', "$mode: has written before");
	like(settled($node, submit($node, 'Work', 'nul'), qr/^backing-off/), qr/^backing-off/, "$mode: a name with NUL in it");
	like($node->safe_psql('postgres', "SELECT string_agg(last_failure_error_code || last_failure, '') FROM restate.sys_invocation WHERE target_handler_name = 'nul' AND status <> 'completed'"), qr/^RT0012.*name has a character/, "$mode: is refused in words");
	$node->safe_psql('postgres', "SELECT restate_kill(id) FROM restate.sys_invocation WHERE target_handler_name = 'nul' AND status <> 'completed'");

	# several at once
	is(settled($node, submit($node, 'Work', 'all')), '[1,2,"slept"]', "$mode: several things at once");
	$name = name();
	my @adds = map { submit($node, 'Counter', 'add', 1, $name) } 1 .. 30;
	is(settled($node, $adds[-1]), '30', "$mode: calls of one object");
	is(join(' ', map { result_of($node, $_) } @adds), join(' ', 1 .. 30), "$mode: in their order");
	my @ids = split /\n/, $node->safe_psql('postgres', "SELECT s.id FROM generate_series(1, 100) AS i, LATERAL restate_submit('Work', 'steps', '5', idempotency_key => '$name ' || i) AS s");
	is(settled($node, $ids[$_], undef, 120), '10', "$mode: one of a hundred") for 0, 50, 99;
	ok(wait_until(sub { $node->safe_psql('postgres', "SELECT count(*) FROM restate.invocation WHERE target_handler_name = 'steps' AND completed_at IS NULL") eq '0' }), "$mode: all hundred");

	# a promise
	$name = name();
	$id = submit($node, 'Flow', 'run', '"it"', $name);
	is(settled($node, submit($node, 'Flow', 'approve', '"now"', $name)), '"now"', "$mode: a promise is kept");
	is(settled($node, $id), '"it now"', "$mode: and who waited goes on");

	# cancelled
	for my $handler (qw(sleeps calls ask))
	{
		$id = submit($node, 'Work', $handler);
		wait_until(sub { $node->safe_psql('postgres', "SELECT count(*) FROM restate.journal WHERE id = '$id'") > ($handler eq 'ask' ? 2 : 1) });
		$node->safe_psql('postgres', "SELECT restate_cancel('$id')");
		like(settled($node, $id), qr/^\[409\]/, "$mode: $handler is cancelled");
	}
	becomes(sub { $node->safe_psql('postgres', "SELECT count(*) FROM restate.invocation WHERE target_handler_name = 'sleeps' AND completed_at IS NULL") }, '0', "$mode: and so is who was called");

	# killed while it runs: the attempt is lost, and what it does comes too late
	$name = name();
	$id = submit($node, 'Work', 'chain', qq({"name": "$name", "ms": 5000}));
	await_step($service, "begin ${name}1");
	$node->safe_psql('postgres', "SELECT restate_kill('$id')");
	log_says($gateway, qr/event=attempt id=$id .*outcome=attempt_lost/, "$mode: what is killed is left");

	# large things
	my $large = 'x' x 1_000_000;
	my $echo = submit($node, 'Work', 'echo', qq("$large"));
	is(length settled($node, $echo), 1_000_002, "$mode: a megabyte there and back");

	# timeouts
	$id = submit($node, 'Work', 'hangs');
	like(settled($node, $id, qr/^paused/), qr/^paused/, "$mode: a handler that hangs");
	like(status_of($node, $id), qr/^paused RT0001 /, "$mode: is given up after its timeouts");
	$id = submit($node, 'Work', 'waits');
	log_says($gateway, qr/event=attempt id=$id .*outcome=suspended/, "$mode: one that waits is asked to suspend");
	is(settled($node, $id), '1', "$mode: and goes on");
	is(settled($node, submit($node, 'Work', 'stored', 4)), '6', "$mode: one that suspends at each step");

	# the service dies in each step
	$name = name();
	$id = submit($node, 'Work', 'chain', qq({"name": "$name", "ms": 0, "hangs": [1, 2, 3]}));
	for my $step (1 .. 3)
	{
		await_step($service, "begin $name$step");
		kill_service($service);
		start_service($mode, 'A', $service);
	}
	is(settled($node, $id), '6', "$mode: the service is killed in each step");
	is(entry_types($node, $id), 'Input Run N:Run Run N:Run Run N:Run Output', "$mode: its journal");
	$done = steps_done($service);
	is(join(' ', map { $done->{"begin $name$_"} . $done->{"end $name$_"} } 1 .. 3), '21 21 21', "$mode: each step was begun twice and done once");

	# it is down, and comes back
	kill_service($service);
	$id = submit($node, 'Work', 'echo', '"back"');
	like(settled($node, $id, qr/^backing-off RT0010 .*cannot connect/), qr/^backing-off RT0010 \[500 Internal\] cannot connect to 127.0.0.1 port $service->{port}: Connection refused/, "$mode: the service is down, and that is said");
	start_service($mode, 'A', $service);
	is(settled($node, $id), '"back"', "$mode: and comes back");

	# the code is another one
	$id = submit($node, 'Work', 'changed');
	ok(wait_until(sub { entry_types($node, $id) eq 'Input Run N:Run Sleep' }), "$mode: one sleeps");
	kill_service($service);
	start_service($mode, 'B', $service);
	$node->safe_psql('postgres', "SELECT restate_pause('$id')") if $half;
	$node->safe_psql('postgres', "SELECT restate_resume('$id')") if $half;
	like(settled($node, $id, qr/^backing-off RT0016 /), qr/^backing-off RT0016 /, "$mode: its code is another one, and that is said");
	$node->safe_psql('postgres', "SELECT restate_kill('$id')");
	becomes(sub { $node->safe_psql('postgres', "SELECT count(*) FROM restate.invocation WHERE completed_at IS NULL AND status <> 'paused'") }, '0', "$mode: nothing is left");
	is($node->safe_psql('postgres', 'SELECT * FROM restate_verify()'), '', "$mode: all is well");
	kill_service($service);
}

# What answers badly: the handler's name says how
my %expected = (
	status_404 => [ 'RT0012', 'the deployment answers with status 404' ], status_413 => [ 'RT0019', 'the deployment answers with status 413' ],
	status_415 => [ 'RT0015', 'the deployment answers with status 415' ], status_500 => [ 'RT0012', 'the deployment answers with status 500' ],
	status_503 => [ 'RT0010', 'the deployment answers with status 503' ], status_429 => [ 'RT0010', 'the deployment answers with status 429' ],
	type => [ 'RT0012', 'the deployment answers with another content type than application/vnd.restate.invocation.v6' ],
	garbage => [ 'RT0003', 'the handler has sent a message of more than 32 MiB' ], unknown => [ 'RT0012', '.*Input is not sent by who runs a handler' ],
	long => [ 'RT0003', 'the handler has sent a message of more than 32 MiB' ], nothing => [ 'RT0012', 'the answer ended without End, Suspension or Error' ],
	half => [ 'RT0012', 'the answer ended without End, Suspension or Error' ], cut => [ 'RT0010', '(the connection was closed|.*reset|the stream was reset).*' ],
	hang => [ 'RT0001', 'the handler has sent nothing for too long, and has not ended when it was asked to' ]);
my @good = qw(slowly more headers open);
my @ports = bad_service();
for my $http (0, 1)
{
	my $kind = $http ? 'HTTP/1.1' : 'HTTP/2';
	my $handlers = join ', ', map { '{"name": "' . $_ . '", "retryPolicyMaxAttempts": 1' . ($_ eq 'hang' ? ', "inactivityTimeout": 200, "abortTimeout": 300' : '') . '}' } @good, keys %expected;
	$node->safe_psql('postgres', "SELECT restate_register_deployment('http://127.0.0.1:$ports[$http]', '{\"minProtocolVersion\": 5, \"maxProtocolVersion\": 6, \"services\": [{\"name\": \"Bad$http\", \"ty\": \"SERVICE\", \"handlers\": [$handlers]}]}', '{\"use_http_11\": "
		. ($http ? 'true' : 'false') . ", \"additional_headers\": {\"X-Extra\": \"A\", \"Host\": \"nonsense\"}}')");
	my %id = map { $_ => submit($node, "Bad$http", $_) } grep { $_ ne 'cut' } @good, keys %expected;
	for my $handler (sort grep { $_ ne 'cut' } keys %expected)
	{
		settled($node, $id{$handler}, qr/^(paused|completed)/);
		like(status_of($node, $id{$handler}), qr/^paused $expected{$handler}[0] \[500 Internal\] $expected{$handler}[1]$/, "$kind: $handler");
	}
	is(settled($node, $id{$_}), '7', "$kind: $_ is good enough") for @good;
	# the end of its connection may be that of others
	$id{cut} = submit($node, "Bad$http", 'cut');
	settled($node, $id{cut}, qr/^(paused|completed)/);
	like(status_of($node, $id{cut}), qr/^paused $expected{cut}[0] \[500 Internal\] $expected{cut}[1]$/, "$kind: cut");
	is(entry_types($node, $id{$_}), 'Input Run N:Run', "$kind: what came before the end of $_ is kept") for qw(cut half);
}

# A kind of HTTP that is not spoken
$node->safe_psql('postgres', "SELECT restate_register_deployment('http://127.0.0.1:$ports[1]/other', '{\"minProtocolVersion\": 5, \"maxProtocolVersion\": 6, \"services\": [{\"name\": \"Other\", \"ty\": \"SERVICE\", \"handlers\": [{\"name\": \"slowly\", \"retryPolicyMaxAttempts\": 1}]}]}')");
my $other = submit($node, 'Other', 'slowly');
settled($node, $other, qr/^paused/);
like(status_of($node, $other), qr/^paused RT0010 .*register the deployment with use_http_11 if it speaks HTTP\/1.1 only$/, 'HTTP/2 to what speaks HTTP/1.1');

is($node->safe_psql('postgres', 'SELECT * FROM restate_verify()'), '', 'all is well');
is(stop_gateway($gateway), 0, 'the gateway ends');
unlike(gateway_log($gateway), qr/push_failed|claim_failed|fail_failed/, 'no call of it was refused');

done_testing();
