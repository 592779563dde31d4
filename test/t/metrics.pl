# What the gateway tells of itself while it runs services: metrics that a scraper can read,
# with the figures of what was done, and a line of the log for each attempt.
use strict;
use warnings;

use Cwd;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use RestateGateway;
use RestateIngress;
use RestateNode;
use RestateServices;
use Test::More;

my $top = getcwd();
my $node = new_node('metrics', 'fsync = off');
my $database = 'host=' . $node->host . ' port=' . $node->port . ' dbname=postgres';
my @json = ('Content-Type: application/json');

$node->safe_psql('postgres', slurp_file("$top/examples/gateway_roles.sql") . slurp_file("$top/examples/gateway_worker_role.sql"));
my $ingress = start_ingress($node,
	"--db=$database user=restate_gateway", "--query-db=$database user=restate_gateway_reader",
	"--ingress-db=$database user=restate_gateway_ingress", "--worker-db=$database user=restate_gateway_worker", '--clock');
my $gateway = $ingress->{gateway};

# Returns the body of an answer of the ingress, with its status where that is not 200.
sub called
{
	my ($path, $body) = @_;
	my $answer = call($ingress, 'POST', $path, $body, (defined $body ? @json : ()));

	return ($answer->{status} == 200 ? '' : "$answer->{status} ") . $answer->{body};
}

# Returns a metric of the handler, and 0 for one that is not told.
sub of_handler
{
	my ($name, $handler, $more) = @_;
	my ($service, $method) = split m{/}, $handler;

	return metrics($gateway)->{ "restate_gateway_$name" . qq({service="$service",handler="$method") . ($more // '') . '}' } // 0;
}

# Returns what is wrong with a text in Prometheus' format, as promtool would say it: each
# metric has HELP and TYPE, once and before its values, which are together; names end as
# their types say; no value is told twice; the buckets of a histogram ascend, up to +Inf,
# which is its count, and it has a sum.
sub complaints
{
	my ($text) = @_;
	my (@wrong, %help, %type, %seen, %closed, %buckets, %counts, %sums);
	my $current = '';

	push @wrong, 'the last line has no end' unless $text =~ /\n\z/;
	for my $line (split /\n/, $text)
	{
		if ($line =~ /^# (HELP|TYPE) ([a-z_][a-z0-9_]*) (.+)$/)
		{
			my ($what, $of, $is) = ($1, $2, $3);
			my $all = $what eq 'HELP' ? \%help : \%type;

			push @wrong, "$what of $of again" if exists $all->{$of};
			push @wrong, "$what of $of behind values of it" if $seen{$of};
			push @wrong, "TYPE of $of is $is" if $what eq 'TYPE' && $is !~ /^(?:counter|gauge|histogram)$/;
			$all->{$of} = $is;
			next;
		}
		my ($name, $labels, $value) = $line =~ /^([a-z_][a-z0-9_]*)(?:\{((?:[a-z_]+="(?:[^"\\\n]|\\[\\"n])*"(?:,(?!\})|(?=\})))*)\})? (\d+(?:\.\d+)?)$/
		  or push(@wrong, "no value: $line"), next;
		my $family = exists $type{$name} ? $name : $name =~ s/_(?:bucket|sum|count)$//r;
		my $type = $type{$family} // 'none';

		push @wrong, "$name has no TYPE or no HELP" unless exists $type{$family} && exists $help{$family};
		push @wrong, "$name is of a $type" if $name ne $family && $type ne 'histogram';
		push @wrong, "$family in two places" if $closed{$family};
		$closed{$current} = 1 if $current ne $family;
		$current = $family;
		$seen{$family} = 1;
		push @wrong, "$name is a $type" if ($type eq 'counter') != ($name =~ /_total$/ ? 1 : 0);
		push @wrong, "twice: $name $labels" if $seen{ "$name " . ($labels // '') }++;
		if ($type eq 'histogram')
		{
			my $of = join ',', $family, grep { !/^le=/ } split /,/, $labels // '';

			if ($name =~ /_bucket$/) { push @{ $buckets{$of} }, [ $labels =~ /le="([^"]+)"/, $value ] }
			elsif ($name =~ /_count$/) { $counts{$of} = $value }
			elsif ($name =~ /_sum$/) { $sums{$of} = $value }
			else { push @wrong, "$name is of a histogram" }
		}
	}
	for my $of (keys %buckets)
	{
		my ($bound, $count) = (-1, 0);

		for (@{ $buckets{$of} })
		{
			my $le = $_->[0] eq '+Inf' ? 9**9**9 : $_->[0];

			push @wrong, "a bucket of $of does not ascend" if $le <= $bound || $_->[1] < $count;
			($bound, $count) = ($le, $_->[1]);
		}
		push @wrong, "$of does not end with its count" unless $bound == 9**9**9 && $count == ($counts{$of} // -1);
		push @wrong, "$of has no sum" unless defined $sums{$of};
	}
	push @wrong, map { "$_ has no bucket" } grep { !$buckets{$_} } keys %counts;
	push @wrong, map { "$_ has HELP only" } grep { !exists $type{$_} } keys %help;
	return join '; ', @wrong;
}

# what the complaints are worth
my $good = join "\n", '# HELP a_total A.', '# TYPE a_total counter', 'a_total{b="c\\"d"} 1', '# HELP h H.', '# TYPE h histogram',
  'h_bucket{b="c",le="1"} 1', 'h_bucket{b="c",le="+Inf"} 2', 'h_sum{b="c"} 0.5', 'h_count{b="c"} 2', '';
is(complaints($good), '', 'a text that is right');
for ([ 'a_total{' => 'a{' ], [ '# HELP a_total A.' => '' ], [ 'a_total{b="c\\"d"} 1' => "a_total 1\na_total 2" ], [ 'a_total{b="c\\"d"' => 'a_total{b="c"d"' ],
	[ '{b="c",le="1"} 1' => '{b="c",le="1"} 3' ], [ '} 2' => '} 1' ], [ 'h_sum{b="c"} 0.5' . "\n" => '' ], [ '# TYPE h histogram' => '# TYPE h gauge' ],
	[ '# TYPE h histogram' => "# TYPE a_total counter\n# TYPE h histogram" ])
{
	isnt(complaints($good =~ s/\Q$_->[0]\E/$_->[1]/r), '', "one with $_->[1]");
}

my $service = start_service('h2');
my $deployment = register($node, $service, '{}');
is(complaints(request($gateway, 'GET', '/metrics')->{body}), '', 'the metrics are right before there is anything to tell');

# a completed one of three steps, a sleep and a call: Run, Run, Run, Sleep, Call, Output
is(called('/Work/greet', '"Ann"'), '"Ann A 3"', 'a handler runs');
becomes(sub { of_handler('attempts_total', 'Work/greet', ',outcome="completed"') }, 1, 'its attempt has completed');
becomes(sub { of_handler('steps_total', 'Work/greet') }, 6, 'with its steps');
becomes(sub { of_handler('attempt_duration_seconds_count', 'Work/greet') }, 1, 'and took its time');
becomes(sub { of_handler('call_duration_seconds_count', 'Work/greet') }, 1, 'and so did the call');
cmp_ok(of_handler('call_duration_seconds_sum', 'Work/greet'), '>', of_handler('attempt_duration_seconds_sum', 'Work/greet') / 2, 'which is not less');
becomes(sub { of_handler('attempts_total', 'Counter/add', ',outcome="completed"') }, 1, 'the handler that it has called too');
becomes(sub { of_handler('call_duration_seconds_count', 'Counter/add') }, 0, 'which nobody has called over the ingress');
is(called('/Counter/some%20key/add', '1'), '1', 'an object is called');
becomes(sub { of_handler('call_duration_seconds_count', 'Counter/add') }, 1, 'now somebody has');
like(called('/Counter/k/add/send', '1'), qr/^202 /, 'a send');
becomes(sub { of_handler('call_duration_seconds_count', 'Counter/add') }, 1, 'is no call');
like(called('/Nobody/nothing', '1'), qr/^404 /, 'what is not registered');
unlike(request($gateway, 'GET', '/metrics')->{body}, qr/Nobody/, 'is counted under no name');

# one that fails, one that suspends, one that is lost
my $throws = submit($node, 'Work', 'throws');
like(settled($node, $throws, qr/^paused/), qr/^paused/, 'a handler that fails');
becomes(sub { of_handler('attempts_total', 'Work/throws', ',outcome="failed"') }, 3, 'has failed three times');
my $waits = submit($node, 'Work', 'waits');
ok(wait_until(sub { of_handler('attempts_total', 'Work/waits', ',outcome="suspended"') == 1 }), 'one that suspends');
my $chain = submit($node, 'Work', 'chain', '{"name": "secret", "ms": 5000}');
await_step($service, 'begin secret1');
my $metrics = metrics($gateway);
cmp_ok($metrics->{restate_gateway_attempts_running}, '>=', 1, 'an attempt is under way');
cmp_ok($metrics->{restate_gateway_deployment_streams}, '>=', 1, 'a stream is open');
is($metrics->{restate_gateway_deployment_connections}, 1, 'on one connection');
becomes(sub { my $all = metrics($gateway); return join ' ', map { $all->{qq(restate_gateway_listening{for="$_"})} // 0 } qw(ingress dispatcher) }, '1 1', 'it is told of what others do');
$node->safe_psql('postgres', "SELECT restate_kill('$chain')");
ok(wait_until(sub { of_handler('attempts_total', 'Work/chain', ',outcome="lost"') == 1 }), 'one that is killed is lost');

# what waits in the database: the gateway asks for it by itself; of names that no manifest
# can have, which rows written by hand may
$node->safe_psql('postgres', <<'SQL');
INSERT INTO restate.deployment (id, ty, endpoint, min_service_protocol_version, max_service_protocol_version)
  VALUES ('dp_16C3gfXSZuAiqpgqthkN1Sh', 'worker', 'worker:none', 5, 6);
INSERT INTO restate.service_revision (service_name, revision, deployment_id, ty, handlers)
  VALUES (E'Idle"\\\n', 1, 'dp_16C3gfXSZuAiqpgqthkN1Sh', 'virtual_object', '[{"name": "h", "ty": "Exclusive"}]');
SELECT count(s.id) FROM generate_series(1, 3) AS n, LATERAL restate_submit(E'Idle"\\\n', 'h', n::text::bytea, 'a') AS s;
SELECT s.id FROM restate_submit(E'Idle"\\\n', 'h', key => 'b') AS s;
SQL
ok(wait_until(sub { (metrics($gateway)->{restate_gateway_inbox_invocations} // 0) == 2 }), 'two wait for their key');
like(request($gateway, 'GET', '/metrics')->{body}, qr/^restate_gateway_ready_invocations\{service="Idle\\"\\\\\\n"\} 2$/m, 'two are ready, by the service, whose name is escaped');
like(request($gateway, 'GET', '/metrics')->{body}, qr/^restate_gateway_$_\{kind="retry"\} \d+$/m, "there are $_") for qw(due_timers late_timers);

# more handlers than have counts of their own
my $handlers = join ', ', map { qq({"name": "status_$_", "retryPolicyMaxAttempts": 1}) } 400 .. 699;
my @ports = bad_service();
$node->safe_psql('postgres', "SELECT FROM restate_register_deployment('http://127.0.0.1:$ports[1]/many', '{\"minProtocolVersion\": 5, \"maxProtocolVersion\": 6, \"services\": [{\"name\": \"Many\", \"ty\": \"SERVICE\", \"handlers\": [$handlers]}]}', '{\"use_http_11\": true}')");
$node->safe_psql('postgres', "SELECT count(s.id) FROM generate_series(400, 699) AS n, LATERAL restate_submit('Many', 'status_' || n) AS s");
ok(wait_until(sub { $node->safe_psql('postgres', "SELECT count(*) FROM restate.invocation WHERE target_service_name = 'Many' AND status = 'paused'") eq '300' }), 'three hundred handlers have run');
my $text;
becomes(sub {
		my %series;
		$text = request($gateway, 'GET', '/metrics')->{body};
		$series{$1} = 1 while $text =~ /^restate_gateway_attempts_total\{(service="[^"]*",handler="[^"]*")/mg;
		return scalar keys %series;
	}, 257, 'and have 256 names, and one for all others');
is(complaints($text), '', 'the metrics are right');

# the log
my $log = gateway_log($gateway);
my ($greet) = $node->safe_psql('postgres', "SELECT id FROM restate.sys_invocation WHERE target = 'Work/greet'");
like($log, qr{level=info event=attempt id=$greet target=Work/greet deployment=$deployment server="restate-sdk-typescript/[\d.]+" attempt=1 outcome=completed duration_ms=\d+ steps=6 error_code=-$}m, 'a line for an attempt');
is(join(' ', map { "$_->[0] $_->[1] $_->[2]" } sort { $a->[1] <=> $b->[1] } map { [/level=(\w+) .*attempt=(\d+) outcome=(\S+) .*error_code=RT0007/] } grep { /event=attempt id=$throws / } split /\n/, $log),
	'warn 1 backing-off warn 2 backing-off warn 3 paused', 'for each that has failed, as a warning');
like($log, qr{event=attempt id=$waits .*outcome=suspended }, 'for one that has suspended');
like($log, qr{event=attempt id=$chain .*outcome=attempt_lost }, 'for one that was lost');
unlike($log, qr/secret|\bAnn\b|some%20key/, 'none has what went to a handler or came from it');

is($node->safe_psql('postgres', 'SELECT * FROM restate_verify()'), '', 'all is well');
done_testing();
