package RestateGateway;

# What the tests of the gateway share: a gateway on a free port with the roles
# it needs, requests that go out byte for byte, and a psql that stays open.

use strict;
use warnings;
use Cwd;
use Exporter 'import';
use IO::Select;
use IO::Socket::INET;
use IPC::Open3 ();
use POSIX ();
use Test::More ();
use Time::HiRes qw(sleep time);

our @EXPORT = qw(grant_roles start_gateway stop_gateway gateway_log gateway_alive
  open_connection send_bytes read_answer exchange request json_request begin_request await_arrival told wait_until becomes log_says open_sql sql metrics keep_busy);

# seconds for what must come true, and comes in a moment where the machine has nothing else to do
our $patience = 60;

our $program = getcwd() . '/restate-gateway';
my %started;

# Makes the role that the gateway works as and the one its queries run as.
sub grant_roles
{
	my ($node) = @_;

	$node->safe_psql('postgres', <<'SQL');
CREATE ROLE gateway LOGIN;
CREATE ROLE reader LOGIN;
SELECT format('GRANT EXECUTE ON FUNCTION %s TO gateway', oid::regprocedure) FROM pg_proc
WHERE pronamespace = 'pg_catalog'::regnamespace
  AND proname ~ '^restate_((purge_journal|delete_invocation|restart_as_new|cancel|kill|purge|pause|resume)(_batch)?|joined|backlog)$' \gexec
SELECT format('GRANT USAGE ON SCHEMA %I TO reader', nspname) FROM pg_namespace WHERE nspname IN ('restate', 'restate_query') \gexec
SELECT format('GRANT SELECT ON %s TO reader', oid::regclass) FROM pg_class
WHERE relnamespace = 'restate'::regnamespace AND relkind = 'v' \gexec
-- every node of Citus is to know of it
SELECT 'SELECT FROM restate_distribute()' WHERE restate.is_distributed() \gexec
SQL
	return;
}

# Starts a gateway for the node; the rest of the arguments are its options,
# ours if they do not say otherwise.  Returns what the other functions take.
sub start_gateway
{
	my ($node, @options) = @_;
	my $host = $node->host;
	my $port = $node->port;
	my $run = ref $options[0] ? shift @options : {};

	push @options, "--db=host=$host port=$port dbname=postgres user=gateway" unless grep { /^--db=/ } @options;
	push @options, "--query-db=host=$host port=$port dbname=postgres user=reader"
	  unless grep { /^--query-db/ } @options;
	# what the requests of the tests call it, and the public name of some
	push @options, '--host=gateway,g' unless grep { /^--(?:host|token-file)=/ } @options;
	for (1 .. 20)
	{
		my $free = IO::Socket::INET->new(LocalAddr => '127.0.0.1', Listen => 1) or die "no free port: $!";
		my $listen = $free->sockport;
		close $free;
		my $log = "$PostgreSQL::Test::Utils::log_path/gateway_" . $node->name . "_$listen.log";
		my $gateway = { port => $listen, log => $log };

		# that of one that had the port before
		unlink $log;
		$gateway->{pid} = fork // die "cannot fork: $!";
		if ($gateway->{pid} == 0)
		{
			open STDERR, '>', $log or POSIX::_exit(9);
			open STDOUT, '>&', \*STDERR or POSIX::_exit(9);
			$ENV{$_} = $run->{$_} for keys %$run;
			{ no warnings 'exec'; exec($run->{PROGRAM} // $program, "--listen=127.0.0.1:$listen", @options); }
			POSIX::_exit(9);
		}
		$started{ $gateway->{pid} } = $$;
		my $has_ended = 0;
		wait_until(sub { gateway_log($gateway) =~ /event=started/ || ($has_ended = waitpid($gateway->{pid}, POSIX::WNOHANG()) == $gateway->{pid}) });
		return $gateway if !$has_ended && gateway_log($gateway) =~ /event=started/;
		delete $started{ $gateway->{pid} };
		# another took the port
		next if gateway_log($gateway) =~ /cannot listen/;
		die "the gateway does not start: " . gateway_log($gateway);
	}
	die 'no port for the gateway';
}

END
{
	local $?;
	my @left = grep { $started{$_} == $$ } keys %started;

	# one that is killed tells nothing of what it has covered
	if ($ENV{COVERAGE})
	{
		kill 'TERM', @left;
		wait_until(sub { !(@left = grep { waitpid($_, POSIX::WNOHANG()) == 0 } @left) });
	}
	kill 'KILL', @left;
}

# Sends SIGTERM and returns how the gateway ended, as $?, or "stuck" where it
# does not within a minute or two.
sub stop_gateway
{
	my ($gateway) = @_;

	delete $started{ $gateway->{pid} };
	return $gateway->{ended} if defined $gateway->{ended};
	kill 'TERM', $gateway->{pid};
	return $gateway->{ended} if wait_until(sub { !gateway_alive($gateway) }, 2 * $patience);
	kill 'KILL', $gateway->{pid};
	waitpid($gateway->{pid}, 0);
	return $gateway->{ended} = 'stuck';
}

# Returns all that the gateway has logged.
sub gateway_log
{
	my ($gateway) = @_;

	open my $in, '<', $gateway->{log} or return '';
	local $/;
	return <$in> // '';
}

sub gateway_alive
{
	my ($gateway) = @_;

	return 0 if defined $gateway->{ended};
	return 1 if waitpid($gateway->{pid}, POSIX::WNOHANG()) != $gateway->{pid};
	$gateway->{ended} = $?;
	return 0;
}

sub open_connection
{
	my ($gateway) = @_;

	return IO::Socket::INET->new(PeerAddr => '127.0.0.1', PeerPort => $gateway->{port}, Proto => 'tcp', Timeout => $patience);
}

# Sends all of the bytes; returns false where the other end has closed.
sub send_bytes
{
	my ($socket, $bytes) = @_;
	my $sent = 0;
	my $writable = IO::Select->new($socket);
	my $end = time + $patience;

	local $SIG{PIPE} = 'IGNORE';
	while ($sent < length $bytes)
	{
		return 0 if time > $end || !$writable->can_write($end - time);
		# send() of IO::Socket dies where the other end has reset the connection
		my $n = syswrite $socket, substr($bytes, $sent, 65536);
		return 0 unless defined $n;
		$sent += $n;
	}
	return 1;
}

# Reads one answer from a connection: its status, headers by their names in
# lower case, body, and whether the connection was closed after it.  undef where
# none came.  What was read beyond it is kept for the next call.
sub read_answer
{
	my ($socket, $method) = @_;
	my $buffer = ${*$socket}{rest} // '';
	my $readable = IO::Select->new($socket);
	my $end = time + $patience;
	my $closed = 0;
	my %answer;

	while (1)
	{
		if (!$answer{status} && $buffer =~ s{\AHTTP/1\.[01] (\d{3})[^\r\n]*\r\n(.*?)\r?\n\r?\n}{}s)
		{
			my ($status, $headers) = ($1, $2);

			# 100 Continue is no answer
			next if $status < 200;
			%answer = (status => $status, headers => {}, body => '', head => $headers);
			for my $line (split /\r\n/, $headers)
			{
				my ($name, $value) = $line =~ /^([^:]+):\s*(.*?)\s*$/ or next;
				$answer{headers}{ lc $name } = $value;
			}
			$answer{length} = ($method // '') eq 'HEAD' ? 0 : $answer{headers}{'content-length'};
		}
		if ($answer{status} && defined $answer{length} && length $buffer >= $answer{length})
		{
			$answer{body} = substr $buffer, 0, $answer{length};
			${*$socket}{rest} = substr $buffer, $answer{length};
			return \%answer;
		}
		if ($closed)
		{
			return undef unless $answer{status};
			return undef if defined $answer{length} && length $buffer < $answer{length};
			$answer{body} = $buffer;
			return \%answer;
		}
		return undef if time > $end || !$readable->can_read($end - time);
		my $n = sysread $socket, my $part, 65536;
		if (!$n) { $closed = 1 }
		else { $buffer .= $part }
	}
}

# Sends bytes on a connection of their own and returns the answer.
sub exchange
{
	my ($gateway, $bytes, $method) = @_;
	my $socket = open_connection($gateway) or return undef;

	send_bytes($socket, $bytes);
	my $answer = read_answer($socket, $method);
	close $socket;
	return $answer;
}

# Sends a request as it is given; headers is an array of lines.
sub request
{
	my ($gateway, $method, $target, $body, @headers) = @_;

	return exchange($gateway, join("\r\n", "$method $target HTTP/1.1", 'Host: gateway', 'Connection: close',
			(defined $body ? 'Content-Length: ' . length $body : ()), @headers, '', $body // ''), $method);
}

# Sends JSON, and asks for it.
sub json_request
{
	my ($gateway, $method, $target, $body, @headers) = @_;

	push @headers, 'Accept: application/json' unless grep { /^Accept:/i } @headers;
	return request($gateway, $method, $target, $body, 'Content-Type: application/json', @headers);
}

# Sends a request on a connection of its own, without waiting for the answer, and
# returns that.
sub begin_request
{
	my ($gateway, $method, $target, @headers) = @_;
	my $socket = open_connection($gateway);

	send_bytes($socket, join("\r\n", "$method $target HTTP/1.1", 'Host: gateway', @headers, '', ''));
	return $socket;
}

# Returns when the gateway has read what has been sent to it: it reads of one connection after
# the other, and accepts them in their order.
sub await_arrival
{
	my ($gateway) = @_;

	request($gateway, 'GET', '/live') for 1 .. 3;
	return;
}

# Returns status and category of an answer.
sub told
{
	my ($answer) = @_;

	return 'none' unless $answer;
	my ($category) = $answer->{body} =~ /"restate_code":"(\w+)"/;
	return join ' ', $answer->{status}, $category // ();
}

# Returns whether something becomes true within some seconds.
sub wait_until
{
	my ($condition, $seconds) = @_;
	my $end = time + ($seconds // $patience);

	until ($condition->())
	{
		return 0 if time > $end;
		sleep 0.05;
	}
	return 1;
}

# One test: what a function returns becomes what it is to be, or matches it.
sub becomes
{
	my ($get, $wanted, $name) = @_;
	my $is_pattern = ref $wanted eq 'Regexp';
	my $is;
	# a failure is told of the line that calls
	local $Test::Builder::Level = $Test::Builder::Level + 1;

	wait_until(sub { $is = $get->(); return defined $is && ($is_pattern ? $is =~ $wanted : $is eq $wanted) });
	return $is_pattern ? Test::More::like($is, $wanted, $name) : Test::More::is($is, $wanted, $name);
}

# One test: the gateway logs what matches, which it may do a moment after its answer.
sub log_says
{
	my ($gateway, $pattern, $name) = @_;
	local $Test::Builder::Level = $Test::Builder::Level + 1;

	return becomes(sub { gateway_log($gateway) }, $pattern, $name);
}

# Returns the metrics: values by name with labels.
sub metrics
{
	my ($gateway, @headers) = @_;
	my $answer = request($gateway, 'GET', '/metrics', undef, @headers);

	return { ($answer ? $answer->{body} : '') =~ /^([a-z_]+(?:\{[^}\n]*\})?) (\S+)$/mg };
}

# Has one request of a gateway, which was started with much time for each, last
# until what is returned is called, so that lanes carry all others.
sub keep_busy
{
	my ($gateway, $node) = @_;
	my $target = '/invocations/inv_1' . '0' x 33 . '/pause';

	request($gateway, 'PATCH', $target);
	my $process = $node->safe_psql('postgres', "SELECT pid FROM pg_stat_activity WHERE usename = 'gateway' AND query LIKE '%restate_pause(%'");
	kill 'STOP', $process;
	my $lasting = begin_request($gateway, 'PATCH', $target);
	wait_until(sub { request($gateway, 'PATCH', $target); return (metrics($gateway)->{restate_gateway_joined_calls_total} // 0) > 0 })
	  or die 'the lanes are not used';
	return sub {
		kill 'CONT', $process;
		return read_answer($lasting, 'PATCH');
	};
}

# Starts a psql that stays open.
sub open_sql
{
	my ($node, $database) = @_;
	my $session = {};

	open my $errors, '>', ($session->{errors} = "$PostgreSQL::Test::Utils::log_path/sql_$$.log") or die $!;
	$session->{pid} = IPC::Open3::open3($session->{in}, $session->{out}, '>&' . fileno $errors,
		'psql', '-XAtq', '-v', 'ON_ERROR_STOP=1', '-d', $node->connstr($database // 'postgres'), '-f', '-');
	$session->{in}->autoflush(1);
	return $session;
}

# Runs SQL in it and returns what it printed.
sub sql
{
	my ($session, $sql) = @_;
	my $result = '';

	print { $session->{in} } "$sql\n;\n\\echo END-OF-ANSWER\n";
	while (my $line = readline $session->{out})
	{
		if ($line eq "END-OF-ANSWER\n")
		{
			chomp $result;
			return $result;
		}
		$result .= $line;
	}
	open my $errors, '<', $session->{errors} or die $!;
	local $/;
	die 'SQL failed: ' . readline $errors;
}

1;
