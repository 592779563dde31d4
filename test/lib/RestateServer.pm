package RestateServer;

# Restate's own server, as npm has it, with a small deployment and an invocation
# in each state that lasts; and the same rows in a node of ours.

use strict;
use warnings;
use Cwd;
use Exporter 'import';
use HTTP::Tiny;
use IO::Socket::INET;
use JSON::PP;
use POSIX ();
use Time::HiRes qw(sleep time);

use NpmTool;

our @EXPORT = qw(start_restate start_bare_restate stop_restate restate_rows copy_rows);

my $json = JSON::PP->new->utf8->canonical->allow_nonref;
my $http = HTTP::Tiny->new(timeout => 30);
my %started;

# The invocations: handlers, the states that they come to, and how many there are.
my @requests = (
	[ 'Greeter/greet', 'completed', 5 ], [ 'Greeter/refuse', 'completed', 1 ], [ 'Greeter/stumble', 'backing-off', 1 ],
	[ 'Greeter/nap', 'suspended', 3 ], [ 'Greeter/nap/send?delay=300d', 'scheduled', 3 ],
	[ 'Counter/a/add', 'completed', 1 ], [ 'Counter/a/name', 'completed', 1 ],
	[ 'Counter/b/wait', 'suspended', 1 ], [ 'Counter/b/add', 'pending', 2 ], [ 'Signup/w/run', 'suspended', 1 ]);

# Starts the server and the deployment in a directory, registers one with the
# other and has the invocations made.  Returns the server: url, ingress,
# deployment.
sub start_restate
{
	my ($dir) = @_;
	my $server = { pids => [] };

	mkdir $dir;
	run_in($server, "$dir/deployment", {}, 'node', getcwd() . '/test/lib/deployment.mjs');
	wait_for(sub { slurp("$dir/deployment") =~ /^\d+$/m }, "the deployment does not start");
	my ($port) = slurp("$dir/deployment") =~ /^(\d+)$/m;
	$server->{deployment} = "http://127.0.0.1:$port/";
	run_somewhere($server, $dir);
	# it may not be ready for it at once
	wait_for(sub { post("$server->{url}/deployments", { uri => $server->{deployment} })->{success} },
		"Restate's server does not take the deployment");
	for my $request (@requests)
	{
		my ($handler, $status, $count) = @$request;
		my $path = $handler =~ m{/send} || $status eq 'completed' ? $handler : "$handler/send";
		my ($target) = $handler =~ m{^(.*?)(?:/send.*)?$};

		post("$server->{ingress}/$path", {}) for 1 .. $count;
		wait_for(sub {
				@{ restate_rows($server, "SELECT id FROM sys_invocation WHERE target = '$target' AND status = '$status'") } == $count;
			}, "$target is not $status");
	}
	return $server;
}

# Starts the server alone in a directory.  Returns it as start_restate does.
sub start_bare_restate
{
	my ($dir) = @_;
	my $server = { pids => [] };

	mkdir $dir;
	run_somewhere($server, $dir);
	return $server;
}

# Starts the server alone: one that ends at once found that another had taken a
# port.
sub run_somewhere
{
	my ($server, $dir) = @_;

	for (1 .. 5)
	{
		last if run_server($server, $dir);
	}
	return;
}

# Starts the server alone, on ports that are free now; returns whether it runs.
sub run_server
{
	my ($server, $dir) = @_;
	my ($program) = glob npm_file('@restatedev/restate-server') . '-linux-*/bin/restate-server';
	my ($admin, $ingress, $node) = free_ports(3);
	my $runs = 0;
	my $pid = run_in($server, "$dir/server", {
			RESTATE_LISTEN_MODE => 'tcp', RESTATE_BIND_IP => '127.0.0.1', RESTATE_BIND_PORT => $node,
			RESTATE_ADMIN__BIND_ADDRESS => "127.0.0.1:$admin", RESTATE_INGRESS__BIND_ADDRESS => "127.0.0.1:$ingress",
			RESTATE_BASE_DIR => "$dir/data", RESTATE_DEFAULT_NUM_PARTITIONS => 2, RESTATE_DISABLE_TELEMETRY => 'true' },
		$program, '--no-logo', '--node-name', 'test');

	@$server{qw(url ingress)} = ("http://127.0.0.1:$admin", "http://127.0.0.1:$ingress");
	wait_for(sub {
			$runs = waitpid($pid, POSIX::WNOHANG()) == 0;
			return !$runs || $http->get("$server->{url}/health")->{success};
		}, "Restate's server does not start");
	return $runs;
}

# Ends what start_restate started.
sub stop_restate
{
	my ($server) = @_;

	for my $pid (@{ $server->{pids} })
	{
		kill 'KILL', $pid;
		waitpid $pid, 0;
		delete $started{$pid};
	}
	return;
}

END
{
	local $?;
	kill 'KILL', grep { $started{$_} == $$ } keys %started;
}

# Returns the rows of a query, as hashes.
sub restate_rows
{
	my ($server, $query) = @_;
	my $answer = post("$server->{url}/query", { query => $query });

	die "query: $answer->{status} $answer->{content}" unless $answer->{success};
	return $json->decode($answer->{content})->{rows};
}

# Loads what the server has into a node of ours.
sub copy_rows
{
	my ($server, $node) = @_;
	my @statements;

	for my $deployment (@{ get("$server->{url}/deployments")->{deployments} })
	{
		push @statements, 'INSERT INTO restate.deployment (id, ty, endpoint, created_at, min_service_protocol_version,'
		  . ' max_service_protocol_version, sdk_version, http_version) SELECT d.id::restate_deployment_id, \'http\', d.uri, d.created_at,'
		  . ' d.min_protocol_version, d.max_protocol_version, d.sdk_version, d.http_version FROM jsonb_to_record('
		  . literal($deployment) . ') AS d(id text, uri text, created_at timestamptz, min_protocol_version int,'
		  . ' max_protocol_version int, sdk_version text, http_version text)';
	}
	for my $service (@{ get("$server->{url}/services")->{services} })
	{
		push @statements, 'INSERT INTO restate.service_revision (service_name, revision, deployment_id, ty, public, handlers,'
		  . ' idempotency_retention, journal_retention, workflow_completion_retention, settings)'
		  . ' SELECT s.name, s.revision, s.deployment_id::restate_deployment_id,'
		  . " CASE s.ty WHEN 'VirtualObject' THEN 'virtual_object' ELSE lower(s.ty) END, s.public, s.handlers,"
		  . ' s.idempotency_retention, s.journal_retention, s.workflow_completion_retention,'
		  . " document - '{name,revision,deployment_id,ty,public,handlers,idempotency_retention,journal_retention,workflow_completion_retention}'::text[]"
		  . ' FROM (SELECT ' . literal($service) . ') AS f(document),'
		  . ' jsonb_to_record(document) AS s(name text, revision bigint, deployment_id text, ty text, public boolean, handlers jsonb,'
		  . ' idempotency_retention interval, journal_retention interval, workflow_completion_retention interval)';
	}
	# who waits in an inbox comes after the holder of the key
	for my $invocation (sort { ($a->{status} eq 'pending') <=> ($b->{status} eq 'pending') || $a->{created_at} cmp $b->{created_at} }
		@{ restate_rows($server, 'SELECT * FROM sys_invocation') })
	{
		my $journal = restate_rows($server, "SELECT * FROM sys_journal WHERE id = '$invocation->{id}'");

		# what has not started has no journal to read its input from
		$invocation->{input_payload} = [ unpack 'C*', '{}' ] unless @$journal;
		push @statements, 'SELECT restate_import_invocation(' . literal($invocation) . ', '
		  . (@$journal ? literal($journal) : 'NULL') . ')';
	}
	for my $state (@{ restate_rows($server, 'SELECT service_name, service_key, key, value FROM state') })
	{
		push @statements, 'INSERT INTO restate.object_state (service_name, service_key, key, partition_key, value)'
		  . ' SELECT s.service_name, s.service_key, s.key, restate_partition_key_of_key(s.service_key), decode(s.value, \'hex\')'
		  . ' FROM jsonb_to_record(' . literal($state) . ') AS s(service_name text, service_key text, key text, value text)';
	}
	$node->safe_psql('postgres', join ";\n", 'BEGIN', @statements, 'COMMIT');
	return;
}

# Returns a document as a literal of SQL.
sub literal
{
	my ($document) = @_;

	return '$doc$' . $json->encode($document) . '$doc$::jsonb';
}

# Runs a program in the background, its output in a file; returns its process.
sub run_in
{
	my ($server, $output, $environment, @command) = @_;
	my $pid = fork // die "cannot fork: $!";

	if ($pid == 0)
	{
		open STDOUT, '>', $output or POSIX::_exit(9);
		open STDERR, '>', "$output.log" or POSIX::_exit(9);
		open STDIN, '<', '/dev/null' or POSIX::_exit(9);
		$ENV{$_} = $environment->{$_} for keys %$environment;
		{ no warnings 'exec'; exec @command; }
		POSIX::_exit(9);
	}
	$started{$pid} = $$;
	push @{ $server->{pids} }, $pid;
	return $pid;
}

# Returns ports that are free now.
sub free_ports
{
	my ($count) = @_;
	my @sockets = map { IO::Socket::INET->new(LocalAddr => '127.0.0.1', Listen => 1) || die "no free port: $!" } 1 .. $count;

	return map { $_->sockport } @sockets;
}

# Waits until something is true, for two minutes at most.
sub wait_for
{
	my ($condition, $complaint) = @_;
	my $end = time + 120;

	until ($condition->())
	{
		die "$complaint\n" if time > $end;
		sleep 0.2;
	}
	return;
}

sub get
{
	my ($url) = @_;
	my $answer = $http->get($url);

	die "$url: $answer->{status}" unless $answer->{success};
	return $json->decode($answer->{content});
}

sub post
{
	my ($url, $document) = @_;

	return $http->post($url, { content => $json->encode($document),
			headers => { 'content-type' => 'application/json', accept => 'application/json' } });
}

sub slurp
{
	my ($file) = @_;

	open my $in, '<', $file or return '';
	local $/;
	return scalar(<$in>) // '';
}

1;
