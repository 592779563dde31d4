# What operators ask before they act, below /admin/: the answers are what the functions
# say, and they come with a role that has EXECUTE on those alone.
use strict;
use warnings;

use Cwd;
use JSON::PP;
use PostgreSQL::Test::Utils;
use Test::More;

use RestateGateway;
use RestateNode;

my $node = new_node('http_answers');
load_example($node);
$node->safe_psql('postgres', slurp_file(getcwd() . '/examples/gateway_roles.sql'));
my $database = 'host=' . $node->host . ' port=' . $node->port . ' dbname=postgres';
my $gateway = start_gateway($node, "--db=$database user=restate_gateway", "--query-db=$database user=restate_gateway_reader");
my @accept = ('Accept: application/json');

# Sends a GET about an invocation.
sub ask
{
	my ($name, $path, @headers) = @_;

	return request($gateway, 'GET', '/admin/invocations/' . inv($name) . "/$path", undef, @headers);
}

# Returns what a query of one JSON value gives.
sub query
{
	my ($sql) = @_;

	return decode_json($node->safe_psql('postgres', "SET timezone = 'UTC'; $sql"));
}

# what is said now does not hang on the time at which it is asked
sub timeless
{
	my ($text) = @_;

	return $text =~ s/ \((?:in [^()]*|[^()]* ago)\)//gr =~ s/"at": "[^"]*Z", //r =~ s/\n+\z//r;
}

# explain
for my $name (qw(done running scheduled retrying suspended parent))
{
	my $answer = ask($name, 'explain');
	is($answer->{headers}{'content-type'}, 'text/plain; charset=utf-8', "$name is explained in text");
	is(timeless($answer->{body}), timeless($node->safe_psql('postgres', "SELECT restate_explain('" . inv($name) . "')")), 'which is that of the function');
	$answer = ask($name, 'explain', @accept);
	is($answer->{headers}{'content-type'}, 'application/json', 'and in JSON');
	my ($got, $want) = (decode_json($answer->{body}), query("SELECT restate_explain_json('" . inv($name) . "')"));
	delete $_->{at} for $got, $want;
	is_deeply($got, $want, 'likewise');
}
is(ask('done', 'explain', "Accept: $_")->{headers}{'content-type'} =~ s/;.*//r, /json/ ? 'application/json' : 'text/plain', "Accept: $_")
  for '*/*', 'text/plain', 'text/html, */*', 'application/json;q=0.9, text/html', 'text/html,application/json';

# restarts
for my $case ([ 'done', '' ], [ 'done', '?from=2' ], [ 'done', '?from=3&deployment=keep' ], [ 'done', '?from=4' ], [ 'done', '?at=name:r' ], [ 'done', '?at=name%3Ar%231' ],
	[ 'running', '' ], [ 'done', '?at=name:nothing' ], [ 'done', '?deployment=dp_10000000000000000000new' ])
{
	my ($name, $query) = @$case;
	my %given = $query =~ /[?&](\w+)=([^&]*)/g;
	s/%([0-9A-F]{2})/chr hex $1/ge for values %given;
	my $arguments = join ', ', map { qq("$_" => '$given{$_}') } sort keys %given;
	my $answer = ask($name, "preview-restart$query");

	is($answer->{status}, 200, "a preview of $name$query");
	is_deeply(decode_json($answer->{body}),
		query("SELECT to_jsonb(p) FROM restate_preview_restart('" . inv($name) . "'" . ($arguments && ", $arguments") . ') AS p'), 'says what the function says');
}
is_deeply(decode_json(ask('done', 'restart-point?at=last_completed')->{body}), { from => 2 }, 'a point');

# operations, and whom they reach
for my $case ([ 'parent', 'operation=kill', q{'kill', ids} ], [ 'done', 'operation=kill', q{'kill', ids} ], [ 'done', 'operation=restart_as_new&from=2&deployment=keep', q{'restart_as_new', ids, NULL, 2, 'keep'} ],
	[ 'absent', 'operation=purge', q{'purge', ids} ])
{
	my ($name, $query, $arguments) = @$case;
	my $answer = ask($name, "dry-run?$query");
	my $ids = "ARRAY['" . inv($name) . "']::restate_invocation_id[]";

	is($answer->{status}, 200, "a dry run of $name, $query");
	is_deeply(decode_json($answer->{body})->{rows}, query('SELECT json_agg(r) FROM restate_dry_run(' . $arguments =~ s/ids/$ids/r . ') AS r'), 'says what the function says');
}
cmp_ok(scalar @{ decode_json(ask('parent', 'dry-run?operation=kill')->{body})->{rows} }, '>', 1, 'others among it');
is(told(ask('done', "dry-run$_")), '400 invalid_query_parameter', "dry-run$_ is refused") for '', '?operation=', '?operation=explode', '?operation=kill&from=1', '?operation=kill&operation=kill', '?operation=restart_as_new&from=x';
is(told(ask('done', 'dry-run?operation=resume&deployment=x')), '400 invalid_deployment_id', 'and an id that is none');
my $answer = request($gateway, 'PATCH', '/invocations/' . inv('done') . '/restart-as-new?from=2&deployment=keep', '');
my $new = decode_json($answer->{body})->{new_invocation_id};
is($answer->{status}, 200, 'a restart from there');

# trees
my $lineage = decode_json(request($gateway, 'GET', "/admin/invocations/$new/lineage")->{body});
is_deeply([ map { [ @$_{qw(depth id status from_index role_name)} ] } @{ $lineage->{rows} } ],
	[ [ 0, inv('done'), 'completed', undef, undef ], [ 1, $new, 'ready', 2, 'restate_gateway' ] ], 'the lineage');
is(request($gateway, 'PATCH', '/invocations/' . inv('done') . '/purge', '')->{status}, 200, 'the original is purged');
is_deeply([ map { [ @$_{qw(depth id status)} ] } @{ decode_json(ask('done', 'lineage')->{body})->{rows} } ],
	[ [ 0, inv('done'), undef ], [ 1, $new, 'ready' ] ], 'and its lineage is still known');
is_deeply([ map { [ @$_{qw(depth relation id command_index)} ] } @{ decode_json(ask('child', 'call-tree')->{body})->{rows} } ],
	[ [ -1, 'caller', inv('parent'), undef ], [ 0, 'self', inv('child'), 1 ] ], 'the tree of calls');

# what is stuck, and what a deployment is needed for: by the role that reads
$node->safe_psql('postgres', "UPDATE restate.invocation SET is_foreign = NULL, modified_at = now() - interval '1 hour', created_at = now() - interval '1 hour', running_at = NULL, last_entry_at = NULL, last_failure = 'boom', next_retry_at = now() + interval '1 day'"
	  . " WHERE id IN ('" . inv('paused') . "', '" . inv('retrying') . "'); INSERT INTO restate.held_service VALUES ('Svc', 'too slow', now() - interval '1 hour', 'ann')");
for my $case ([ '', [ qw(retrying paused service_held) ] ], [ '?reason=paused', ['paused'] ], [ '?service=Svc&reason=retrying', ['retrying'] ], [ '?service=Obj', [] ], [ '?reason=unserved', [] ])
{
	my ($query, $reasons) = @$case;
	my $answer = request($gateway, 'GET', "/admin/stuck$query");

	is($answer->{status}, 200, "what is stuck$query");
	# the restart is among it after a minute
	is_deeply([ sort map { $_->{reason} } grep { ($_->{id} // '') ne $new } @{ decode_json($answer->{body})->{rows} } ], [ sort @$reasons ], 'is what there is');
}
my ($paused) = @{ decode_json(request($gateway, 'GET', '/admin/stuck?reason=paused')->{body})->{rows} };
is(join(' ', @$paused{qw(id target status)}), inv('paused') . ' Svc/run paused', 'with its columns');
like("$paused->{since} $paused->{age}", qr/^\d{4}-\d\d-\d\dT[\d:.]+Z PT3[67]\d\d(\.\d+)?S$/, 'times and durations as a query spells them');
my @sinces = map { $_->{since} } @{ decode_json(request($gateway, 'GET', '/admin/stuck')->{body})->{rows} };
is_deeply(\@sinces, [ sort @sinces ], 'the longest first');
my $old = 'dp_10000000000000000000old';
my $blockers = decode_json(request($gateway, 'GET', "/admin/deployments/$old/blockers")->{body});
is_deeply($blockers->{rows}, query("SELECT jsonb_agg(to_jsonb(b) - 'deployment_id' ORDER BY b.blocker, b.service_name, b.status) FROM restate_api.deployment_blockers AS b WHERE b.deployment_id = '$old'"),
	'what a deployment is needed for');
is_deeply([ grep { $_->{status} eq 'paused' } @{ $blockers->{rows} } ],
	[ { blocker => 'pinned', service_name => 'Svc', status => 'paused', count => 1, oldest_id => inv('paused'), oldest_at => $paused->{since} } ], 'by service and status, with an example');
ok(!$blockers->{drained}, 'so that it is not drained');
$node->safe_psql('postgres', "INSERT INTO restate.deployment (id, ty, endpoint, min_service_protocol_version, max_service_protocol_version) VALUES ('dp_1000000000000000drained', 'http', 'http://drained', 5, 6)");
is_deeply(decode_json(request($gateway, 'GET', '/admin/deployments/dp_1000000000000000drained/blockers')->{body}), { drained => JSON::PP::true, rows => [] }, 'one that is needed for nothing is');
$node->safe_psql('postgres', "DELETE FROM restate.deployment WHERE id = '$old'");
is_deeply(decode_json(request($gateway, 'GET', "/admin/deployments/$old/blockers")->{body}), $blockers, 'one that is gone is found while something is pinned to it');
is(told(request($gateway, 'GET', "/admin/$_->[0]")), $_->[1], "$_->[0] is $_->[1]")
  for [ 'deployments/dp_10000000000000000000abc/blockers', '404 deployment_not_found' ], [ 'deployments/x/blockers', '400 invalid_path' ], [ 'stuck?reason=x', '400 invalid_query_parameter' ],
  [ 'stuck?reason=', '400 invalid_query_parameter' ], [ 'stuck?service=a&service=b', '400 invalid_query_parameter' ], [ 'deployments', '404 route_not_found' ], [ 'stuck/x', '404 route_not_found' ];
my $documented = decode_json(slurp_file(getcwd() . '/src/gateway/openapi.json'))->{components}{schemas}{StuckReason}{enum};
is_deeply([ sort @$documented ], query(q{SELECT jsonb_agg(m[1] ORDER BY m[1] COLLATE "C") FROM regexp_matches(pg_get_functiondef('restate.stuck_after(text)'::regprocedure), 'WHEN ''([a-z_]+)''', 'g') AS m}),
	'the reasons are documented');

# what is refused
is(told(ask($_->[0], $_->[1])), $_->[2], "$_->[1] of $_->[0] is $_->[2]")
  for (map { [ 'absent', $_, '404 invocation_not_found' ] } qw(explain preview-restart restart-point?at=last_completed lineage call-tree)),
  [ 'gone', 'restart-point', '400 invalid_query_parameter' ], [ 'gone', 'restart-point?at=', '400 invalid_query_parameter' ],
  [ 'gone', 'restart-point?at=a&at=b', '400 invalid_query_parameter' ], [ 'gone', 'restart-point?at=name:x', '422 restart_point_not_found' ],
  [ 'running', 'restart-point?at=last_failure', '409 still_running' ], [ 'scheduled', 'restart-point?at=last_failure', '425 not_started' ],
  [ 'gone', 'preview-restart?from=x', '400 invalid_query_parameter' ], [ 'gone', 'preview-restart?from=1&at=last_failure', '400 invalid_query_parameter' ],
  [ 'gone', 'preview-restart?deployment=x', '400 invalid_deployment_id' ], [ 'gone', 'nothing', '404 route_not_found' ];
is(told(request($gateway, 'GET', "/admin/invocations/x/$_")), '400 invalid_invocation_id', "$_ of no id")
  for qw(explain preview-restart dry-run?operation=kill restart-point?at=last_completed lineage call-tree);
$answer = request($gateway, 'PATCH', '/admin/invocations/' . inv('gone') . '/explain', '');
is("$answer->{status} $answer->{headers}{allow}", '405 GET,HEAD', 'it is asked with GET');
is(request($gateway, 'HEAD', '/admin/invocations/' . inv('gone') . '/explain')->{status}, 200, 'or HEAD');
is(request($gateway, 'GET', '/v3/admin/invocations/' . inv('gone') . '/explain')->{status}, 200, 'below a version too');

$node->safe_psql('postgres', 'REVOKE EXECUTE ON FUNCTION restate_explain, restate_lineage FROM restate_gateway');
is(told(ask('gone', $_)), '403 forbidden', "$_ without the privilege is 403") for qw(explain lineage);
$node->safe_psql('postgres', 'REVOKE SELECT ON restate.sys_stuck, restate.sys_deployment_blocker FROM restate_gateway_reader');
is(told(request($gateway, 'GET', "/admin/$_")), '403 forbidden', "$_ without the privilege is 403") for 'stuck', "deployments/$old/blockers";
is(request($gateway, 'GET', '/health')->{status}, 200, 'and /health asks for none of them');
stop_gateway($gateway);
done_testing();
