# Every command of Restate's command line, of two versions: what it prints and how
# it exits against the gateway, beside the same against Restate's own server, which
# has the same rows.
use strict;
use warnings;

use Cwd;
use IPC::Run ();
use PostgreSQL::Test::Utils;
use Test::More;

use NpmTool;
use RestateGateway;
use RestateNode;
use RestateServer;

# the programs themselves, which those that npm starts start
my %program = ('1.6.2' => npm_file('@restatedev/restate') . '-linux-*/bin/restate',
	'1.7.12' => npm_file('restate-1.7') . '/node_modules/@restatedev/restate-linux-*/bin/restate');
($program{$_}) = glob $program{$_} for keys %program;
my $home = PostgreSQL::Test::Utils::tempdir;
my $server = start_restate("$home/server");
my $node = new_node('cli_commands');
copy_rows($server, $node);
$node->safe_psql('postgres', slurp_file(getcwd() . '/examples/gateway_roles.sql'));
my $database = 'host=' . $node->host . ' port=' . $node->port . ' dbname=postgres';
my $gateway = start_gateway($node, "--db=$database user=restate_gateway", "--query-db=$database user=restate_gateway_reader");
my $url = "http://127.0.0.1:$gateway->{port}";
my ($deployment) = map { $_->{id} } @{ restate_rows($server, 'SELECT id FROM sys_deployment') };
is($node->safe_psql('postgres', 'SELECT count(*) FROM restate_verify()'), 0, 'the copy is sound');

# an editor that changes what it is given
append_to_file("$home/editor", "#!/bin/sh\nsed -i 's/3/4/; s/^# *public = true/public = false/' \"\$1\"\n");
chmod 0755, "$home/editor";

# the paths of deployments that were registered at both
my @registered;

# Starts a version of the program with the admin service at a URL.
sub begin
{
	my ($version, $at, $output, @arguments) = @_;

	local $ENV{HOME} = $home;
	local $ENV{RESTATE_CLI_CONFIG_HOME} = "$home/restate";
	local $ENV{RESTATE_ADMIN_URL} = $at;
	local $ENV{DO_NOT_TRACK} = 1;
	local $ENV{RESTATE_DISABLE_TELEMETRY} = 1;
	local $ENV{NO_COLOR} = 1;
	local $ENV{TZ} = 'UTC';
	local $ENV{EDITOR} = "$home/editor";
	local $ENV{VISUAL} = "$home/editor";
	return IPC::Run::start([ $program{$version}, @arguments ], '<', \'', '>&', $output, IPC::Run::timeout($PostgreSQL::Test::Utils::timeout_default));
}

# Runs it; returns its exit code and what it printed.
sub restate
{
	my ($version, $at, @arguments) = @_;
	my $output = '';
	my $run = begin($version, $at, \$output, @arguments);

	$run->finish;
	return ($run->result(0), $output);
}

# Returns the lines of an output without what differs from one moment, or from one
# server, to the next.  Their order is that of hash tables in parts, and so is
# that of the services of a deployment, of which the first is on its line, and of
# the keys of a state.
sub normalised
{
	my ($output, $at) = @_;
	my $warning = qr/Could not verify the admin API version/;

	# the 1.7 says this of its own server of 1.6, and nothing of ours
	$output =~ s/^[^\n]*\n[^\n]*$warning[^\n]*\n[^\n]*\n[^\n]*\n//mg;
	$output =~ s{\Q$at\E(?:/v3(?=/))?}{URL}g;
	$output =~ s/^Error: \S+ (?:.* does not exist|no such service: .*|not found in the schema registry: .*)$/Error: MISSING/mg;
	# the words after a code are each server's own
	$output =~ s/^((?:Error:)? *META\d+ ).*(?:\nReason: .*)?$/$1/mg;
	$output =~ s/^ Advertised ingress address .*\n//m;
	$output =~ s/^( +Protocol Style: ).*/$1/mg;
	$output =~ s/ (?=- \w+ \[\d+\])/\n/g;
	$output =~ s/(?<=\[)(\w+(?:, \w+)+)(?=\])/join ', ', sort split m{, }, $1/ge;
	# what is less than some seconds is "now" to the program
	$output =~ s/\bnow\b|\b\d+ (?:years?|months?|weeks?|days?|hours?|minutes?|seconds?|ms)\b(?:(?:,| and) \d+ \w+)*/DURATION/g;
	# said of what has been suspended for some seconds, which pass between the two
	$output =~ s/DURATION(?: ago)?\. The (?:key|lock) will not be released until this invocation is complete/DURATION ago/g;
	$output =~ s/(?<=took )[\d.]+\S*s\b/DURATION/g;
	return join "\n", sort grep { /\S/ } map { s/\s+/ /gr } split /\n/, $output;
}

# One test: a command does the same at both, and succeeds or fails as expected.
sub same
{
	my ($version, $expected_code, @arguments) = @_;
	my ($output, $their_output) = ('', '');
	my @runs = (begin($version, $url, \$output, @arguments), begin($version, $server->{url}, \$their_output, @arguments));
	my ($code, $their_code) = map { $_->finish; $_->result(0) } @runs;
	my ($ours, $theirs) = (normalised($output, $url), normalised($their_output, $server->{url}));

	# a deployment that each has registered has an id and a time of its own
	s/dp_1\w{22}/DEPLOYMENT/g, s/\w+ \d+ \w+ \d+ \d\d:\d\d:\d\d \+00:00/TIME/g for $arguments[0] eq 'deployments' && @registered ? ($ours, $theirs) : ();
	# of a restart only the new id differs
	s/(?<= )inv_1\w{33} *$/NEW/mg for $arguments[1] eq 'restart-as-new' ? ($ours, $theirs) : ();
	is("exit $code\n$ours", "exit $their_code\n$theirs", "$version: @arguments: as Restate's server");
	is($code, $expected_code, "$version: @arguments: exit code $expected_code");
	unlike($output, qr/Could not verify/, "$version: @arguments: the version is known");
	return;
}

# Returns the ids of the invocations with a target in a status, as both have them.
sub ids
{
	my ($target, $status) = @_;

	return split /\n/, $node->safe_psql('postgres',
		"SELECT id FROM restate.sys_invocation WHERE target = '$target' AND status = '$status' ORDER BY created_at, id");
}

my %ids = (completed => [ ids('Greeter/greet', 'completed') ], suspended => [ ids('Greeter/nap', 'suspended') ],
	scheduled => [ ids('Greeter/nap', 'scheduled') ], pending => [ ids('Counter/b/add', 'pending') ]);
my $unknown = inv('unknown');

for my $version (sort keys %program)
{
	# what reads
	same($version, 0, 'whoami');
	same($version, 0, 'services', 'list');
	same($version, 0, 'services', 'list', '--public-only');
	same($version, 0, 'services', 'describe', $_) for qw(Greeter Counter Signup);
	same($version, 1, 'services', 'describe', 'Nope');
	same($version, 0, 'services', 'config', 'view', $_) for qw(Greeter Signup);
	same($version, 0, 'deployments', 'list');
	same($version, 0, 'deployments', 'describe', $deployment);
	same($version, 1, 'deployments', 'describe', 'dp_10000000000000000000old');
	same($version, 0, 'state', 'get', 'Counter', 'a');
	same($version, 0, 'state', 'get', 'Counter', 'a', @$_) for ['--plain'], ['--binary'];
	same($version, 0, 'state', 'get', 'Counter', 'nothing');

	# what reads through queries
	same($version, 0, 'services', 'status', @$_) for [], ['Greeter'], ['Counter'], ['Signup'];
	same($version, 0, 'deployments', 'list', '--extra');
	same($version, 0, 'deployments', 'describe', $deployment, '--extra');
	same($version, 1, 'deployments', 'remove', $deployment, '--yes');
	same($version, 0, 'invocations', 'list', @$_)
	  for [], ['--all'], [ '--all', '--oldest-first' ], [ '--service', 'Greeter' ], [ '--handler', 'nap' ], [ '--key', 'b' ],
	  [ '--status', 'suspended' ], [ '--status', 'completed' ], [ '--status', 'backing-off' ], [ '--deployment', $deployment ],
	  ['--virtual-objects-only'], ['--zombie'], [ '--all', '--limit', '2' ];
	same($version, 0, 'invocations', 'describe', $_)
	  for $ids{completed}[0], $ids{suspended}[0], $ids{scheduled}[0], $ids{pending}[0], ids('Greeter/refuse', 'completed'),
	  ids('Greeter/stumble', 'backing-off'), ids('Counter/b/wait', 'suspended'), ids('Signup/w/run', 'suspended');
	same($version, 1, 'invocations', 'describe', $unknown);
	same($version, 0, 'sql', @$_, 'SELECT id, target, status, journal_size, completion_failure FROM sys_invocation ORDER BY target, created_at')
	  for [], ['--json'], ['--jsonl'];
	same($version, 0, 'sql', 'SELECT id, index, entry_type, name FROM sys_journal ORDER BY id, index');
	same($version, 0, 'sql', 'SELECT count(*) AS n FROM sys_invocation WHERE status = \'none\'');
	my ($code, $output) = restate($version, $url, 'sql', 'SELECT nothing FROM sys_invocation');
	ok($code == 1 && $output =~ /^Error: invalid_query .*nothing/m, "$version: sql tells what is wrong with a query") or diag("exit $code\n$output");
}
same('1.7.12', 0, 'invocations', 'list', '--completion-result', $_) for 'failure', 'success';

# operations; a version takes ids that the other has left
for my $version (sort keys %program)
{
	same($version, 1, 'invocations', $_, $unknown, '--yes') for qw(cancel kill purge restart-as-new resume);
	same($version, 1, 'invocations', 'purge', $ids{suspended}[0], '--yes');
	same($version, 1, 'invocations', 'resume', $ids{scheduled}[0], '--yes');
	same($version, 1, 'invocations', 'restart-as-new', $ids{scheduled}[0], '--yes');
	same($version, 1, 'invocations', 'kill', $ids{completed}[0], '--yes');
	same($version, 0, 'invocations', 'restart-as-new', $ids{completed}[0], '--yes');
	same($version, 0, 'invocations', 'cancel', pop @{ $ids{scheduled} }, '--yes');
	same($version, 0, 'invocations', 'kill', pop @{ $ids{suspended} }, '--yes');
	same($version, 0, 'invocations', 'kill', pop @{ $ids{pending} }, '--yes');
	same($version, 0, 'invocations', 'purge', pop @{ $ids{completed} }, '--yes');
}

# the 1.7 takes its own server of 1.6 for one that cannot pause
same('1.6.2', 1, 'invocations', 'pause', $_, '--yes') for $unknown, $ids{scheduled}[0];
for my $id ($unknown, $ids{scheduled}[0])
{
	my ($code, $output) = restate('1.7.12', $url, 'invocations', 'pause', $id, '--yes');
	ok($code == 1 && $output =~ /^Error: No invocations found for query \Q$id\E!/m, '1.7.12: pause finds none to pause') or diag("exit $code\n$output");
}
my ($stumbling) = ids('Greeter/stumble', 'backing-off');
my ($code, $output) = restate('1.7.12', $url, 'invocations', 'pause', $stumbling, '--yes');
ok($code == 0 && $output =~ /^\[OK\]: /m, '1.7.12: pause succeeds') or diag("exit $code\n$output");
is(scalar ids('Greeter/stumble', 'paused'), 1, '1.7.12: pause pauses');

# what changes services and states; a server takes a change of state before it has done it
for my $version (sort keys %program)
{
	same($version, 0, 'services', 'config', 'patch', 'Greeter', '--public', 'false', '--idempotency-retention', '2h', '--abort-timeout', '90s', '--yes');
	same($version, 0, 'services', 'config', 'view', 'Greeter');
	same($version, 0, 'services', 'config', 'patch', 'Greeter', '--public', 'true', '--yes');
	same($version, 0, 'services', 'config', 'edit', 'Greeter', '--yes');
	same($version, 0, 'services', 'list');
	same($version, 1, 'services', 'config', 'patch', 'Nope', '--public', 'false', '--yes');
	same($version, 0, 'state', 'edit', 'Counter', 'a', '--yes');
	settle();
	same($version, 0, 'state', 'get', 'Counter', 'a');
	same($version, 0, 'state', 'patch', 'Counter', 'a', '--patch', '[{"op": "replace", "path": "/count", "value": 3}]', '--yes');
	settle();
	same($version, 0, 'state', 'get', 'Counter', 'a');
	same($version, 0, 'state', 'edit', 'Counter', "new-$version", '--force', '--yes');
	same($version, 1, 'state', 'clear', 'Counter/nothing', '--yes');
}
same('1.6.2', 0, 'state', 'clear', 'Counter/a', '--yes');
settle();
same('1.7.12', 0, 'state', 'get', 'Counter', 'a');
is($node->safe_psql('postgres', q(SELECT string_agg(outcome, ' ' ORDER BY audit_id) FROM restate.sys_audit WHERE operation = 'modify_state')),
	'changed changed changed changed changed', 'each change of a state is in the audit');

# Waits until both have the same state, for ten seconds at most.
sub settle
{
	my $ours = $node->safe_psql('postgres', q(SELECT string_agg(service_key || key || encode(value, 'hex'), ' ' ORDER BY service_key, key) FROM restate.state));

	wait_until(sub {
		join(' ', sort map { "$_->{service_key}$_->{key}$_->{value}" } @{ restate_rows($server, 'SELECT service_key, key, value FROM state') }) eq join ' ', sort split / /, $ours;
	});
	return;
}

# what registers and removes deployments
my $at = $server->{deployment};
for my $version (sort keys %program)
{
	push @registered, "v2-$version";
	same($version, 0, 'deployments', 'register', $at, '--yes') if $version eq '1.6.2';
	same($version, 0, 'deployments', 'register', "${at}v2-$version", '--yes');
	same($version, 1, 'deployments', 'register', "${at}less", '--yes') if $version eq '1.6.2';
	same($version, 1, 'deployments', 'register', "${at}nowhere", '--yes');
	same($version, 1, 'deployments', 'register', 'http://127.0.0.1:1', '--yes');
	same($version, 1, 'deployments', 'register', 'nowhere', '--yes');
	same($version, 0, 'deployments', 'list');
}
# an equal service keeps its revision here; 1.7 forces where it takes a server for an older one
for my $version (sort keys %program)
{
	my ($code, $output) = restate($version, $url, 'deployments', 'register', "${at}v2-$version", '--force', '--yes', '--metadata', "by=$version", '--extra-header', "X-By=$version");
	ok($code == 0 && $output =~ /^\[OK\]: /m, "$version: deployments register --force succeeds") or diag("exit $code\n$output");
	is($node->safe_psql('postgres', "SELECT additional_headers->>'x-by', metadata->>'by', sdk_version, count(r) FROM restate.deployment AS d JOIN restate.service_revision AS r ON r.deployment_id = d.id WHERE endpoint = '${at}v2-$version' GROUP BY 1, 2, 3"),
		"$version|$version|test/1.0|3", "$version: what it says is stored");
	my $id = $node->safe_psql('postgres', "SELECT id FROM restate.deployment WHERE endpoint = '${at}v2-$version'");
	($code, $output) = restate($version, $url, 'deployments', 'describe', $id);
	ok($code == 0 && $output =~ /x-by/i, "$version: deployments describe shows the header") or diag("exit $code\n$output");
	($code, $output) = restate($version, $url, 'deployments', 'remove', $id, '--yes');
	is($code, $version eq '1.6.2' ? 0 : 1, "$version: deployments remove removes what serves nothing any more, and no other") or diag("exit $code\n$output");
	($code, $output) = restate($version, $url, 'deployments', 'remove', $id, '--force', '--yes');
	is($code, $version eq '1.6.2' ? 1 : 0, "$version: deployments remove --force removes any") or diag("exit $code\n$output");
}
is($node->safe_psql('postgres', q(SELECT count(*) FROM restate.deployment WHERE endpoint LIKE '%v2%')), 0, 'they are removed');
is($node->safe_psql('postgres', 'SELECT count(*) FROM restate_verify()'), 0, 'every invariant holds');
is(stop_gateway($gateway), 0, 'the gateway ends with exit code 0');
stop_restate($server);
$node->stop;
done_testing();
