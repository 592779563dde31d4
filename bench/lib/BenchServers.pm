# What the parts share that measure a gateway beside Restate's own server: programs in
# the background, requests one by one, and the load of many clients.
package BenchServers;

use strict;
use warnings;

use Cwd qw(abs_path);
use Exporter qw(import);
use File::Basename qw(dirname);
use HTTP::Tiny;
use IO::Socket::INET;
use JSON::PP;
use List::Util qw(max min);
use POSIX ();
use Time::HiRes qw(sleep);

use Bench qw(query progress quantile wait_while_it_goes_on);

our @EXPORT_OK = qw(work_in copied install spawn end pid_of free_ports wait_for wait_for_url read_file write_file
  get post rows start_restate restate_version gateway_database start_gateway processor_time run_lists speed_of);

my $root = dirname(dirname(dirname(abs_path(__FILE__))));
my $npm = "$root/.run/npm";
my @owner = (stat $ENV{SERVER_DIR})[ 4, 5 ];
my $json = JSON::PP->new->canonical;
my $http = HTTP::Tiny->new(timeout => $ENV{PATIENCE} || 600);
my $main = $$;
my ($dir, %pid);

# Makes the directory below the server's that all works in; returns it.
sub work_in
{
	my ($name) = @_;

	$dir = "$ENV{SERVER_DIR}/$name";
	mkdir $dir or die "$dir: $!\n";
	chown @owner, $dir;
	return $dir;
}

# Copies files of the tree, or of its packages of npm, to where the servers' user can
# read and run them, whoever owns the tree; returns the place of the first.
sub copied
{
	my (@files) = @_;

	for my $file (@files)
	{
		my $from = $file =~ /^node_modules/ ? "$npm/$file" : "$root/$file";

		system('mkdir', '-p', dirname("$dir/$file")) == 0 or die "cannot copy $file\n";
		system('cp', '-r', $from, dirname("$dir/$file") . '/') == 0 or die "cannot copy $file\n";
	}
	return "$dir/$files[0]";
}

# The version of Restate's server.
sub restate_version
{
	return '1.6.2';
}

# Installs what sends requests, Restate's server, and further packages of npm, each with
# its version behind an @.
sub install
{
	my (@packages) = @_;

	system('bash', '-c', <<'SH', $root, $npm, '@restatedev/restate-server@' . restate_version(), @packages) == 0 or die "cannot install what is needed\n";
set -euo pipefail
. "$0/test/lib/common.sh"
dir=$1
shift
{
  need_packages wrk curl
  missing=()
  for package; do
    grep -qs "\"version\": *\"${package##*@}\"" "$dir/node_modules/${package%@*}/package.json" || missing+=("$package")
  done
  if [ ${#missing[@]} -gt 0 ] || ! command -v node >/dev/null; then
    need npm
    need_npm "$dir" "$@"
  fi
} >&2
SH
	return;
}

# Starts a program in the background, as the servers' user, with its output in a log.
sub spawn
{
	my ($name, @command) = @_;
	my $log = "$dir/$name.log";

	write_file($log);
	@command = ('setpriv', "--reuid=$owner[0]", "--regid=$owner[1]", '--init-groups', @command) if $> == 0;
	my $child = fork // die "cannot fork: $!\n";
	if ($child == 0)
	{
		open STDIN, '<', '/dev/null';
		open STDOUT, '>>', $log or POSIX::_exit(9);
		open STDERR, '>&', \*STDOUT;
		chdir $dir;
		{ no warnings 'exec'; exec @command; }
		POSIX::_exit(9);
	}
	$pid{$name} = $child;
	return;
}

# Ends a program of spawn.
sub end
{
	my ($name) = @_;
	my $child = delete $pid{$name} or return;

	kill 'TERM', $child;
	for (1 .. 100)
	{
		return if waitpid($child, POSIX::WNOHANG()) == $child;
		sleep 0.05;
	}
	kill 'KILL', $child;
	waitpid $child, 0;
	return;
}

END
{
	local $?;
	if ($$ == $main)
	{
		end($_) for keys %pid;
	}
}

# Returns the process of a program of spawn.
sub pid_of
{
	return $pid{ $_[0] };
}

# Returns a number of ports that are free.
sub free_ports
{
	my @sockets = map { IO::Socket::INET->new(LocalAddr => '127.0.0.1', Listen => 1) or die "no free port: $!\n" } 1 .. $_[0];

	return map { $_->sockport } @sockets;
}

# Waits until a program of spawn is ready.
sub wait_for
{
	my ($name, $ready) = @_;

	wait_while_it_goes_on("$name is not ready", sub {
		die "$name has ended\n" . read_file("$dir/$name.log") if waitpid($pid{$name}, POSIX::WNOHANG()) == $pid{$name};
		return ($ready->(), -s "$dir/$name.log");
	});
	return;
}

# Waits until a URL of it is answered with success.
sub wait_for_url
{
	my ($name, $url) = @_;

	wait_for($name, sub { return $http->get($url)->{success} });
	return;
}

sub read_file
{
	my ($path) = @_;

	open my $in, '<', $path or die "cannot read $path: $!\n";
	local $/;
	return <$in> // '';
}

sub write_file
{
	my ($path, @text) = @_;

	open my $out, '>', $path or die "cannot write $path: $!\n";
	print $out @text;
	close $out or die "cannot write $path: $!\n";
	return;
}

# Returns what a URL is answered with, as text.
sub get
{
	my ($url) = @_;
	my $answer = $http->get($url);

	die "GET $url: $answer->{status} $answer->{content}\n" unless $answer->{success};
	return $answer->{content};
}

# Sends JSON and returns what is answered, as text.
sub post
{
	my ($url, $document) = @_;
	my $answer = $http->post($url, { headers => { 'Content-Type' => 'application/json', Accept => 'application/json' },
			content => $json->encode($document) });

	die "POST $url: $answer->{status} $answer->{content}\n" unless $answer->{success};
	return $answer->{content};
}

# Returns the rows of a query to an Admin API.
sub rows
{
	my ($url, $sql) = @_;

	return @{ $json->decode(post("$url/query", { query => $sql }))->{rows} };
}

# Starts the real server under a name, with its defaults, but for ports and further lines
# of its configuration: first, of what is in no section, and last.  Returns where its Admin API,
# its ingress and its metrics are.
sub start_restate
{
	my ($name, %more) = @_;
	my ($admin, $ingress, $node) = free_ports(3);
	my $program = "$dir/restate-server";

	-x $program or system('cp', glob("$npm/node_modules/\@restatedev/restate-server-*/bin/restate-server"), $program) == 0
	  or die "cannot install restate-server\n";
	write_file("$dir/$name.toml", <<"TOML");
disable-telemetry = true
listen-mode = "tcp"
bind-ip = "127.0.0.1"
bind-port = $node
advertised-host = "127.0.0.1"
base-dir = "$dir/$name"
log-disable-ansi-codes = true
@{[ $more{first} // '' ]}
[admin]
bind-ip = "127.0.0.1"
bind-port = $admin
[ingress]
bind-ip = "127.0.0.1"
bind-port = $ingress
@{[ $more{last} // '' ]}
TOML
	mkdir "$dir/$name";
	chown @owner, "$dir/$name";
	spawn($name, $program, '--no-logo', '--config-file', "$dir/$name.toml");
	wait_for_url($name, "http://127.0.0.1:$admin/health");
	wait_for_url($name, "http://127.0.0.1:$ingress/restate/health");
	return ("http://127.0.0.1:$admin", "http://127.0.0.1:$ingress", "http://127.0.0.1:$node/metrics");
}

# Makes a database with the extension and the gateway's roles, and goes there.
sub gateway_database
{
	my ($name, @roles) = @_;

	{
		local $ENV{PGDATABASE} = 'postgres';
		query("CREATE DATABASE $name");
	}
	$ENV{PGDATABASE} = $name;
	query("CREATE EXTENSION restate_admin;\n" . join '', map { "\\i $root/examples/$_.sql\n" } 'gateway_roles', @roles);
	return;
}

# Starts the gateway under a name, with its defaults and further options; returns where
# its Admin API is.
sub start_gateway
{
	my ($name, @options) = @_;
	my ($port) = free_ports(1);

	chomp(my $bindir = `pg_config --bindir`);
	spawn($name, "$ENV{SERVER_DIR}/stage$bindir/restate-gateway", "--listen=127.0.0.1:$port",
		"--db=host=$ENV{PGHOST} dbname=$ENV{PGDATABASE} user=restate_gateway",
		"--query-db=host=$ENV{PGHOST} dbname=$ENV{PGDATABASE} user=restate_gateway_reader", @options);
	wait_for_url($name, "http://127.0.0.1:$port/health");
	return "http://127.0.0.1:$port";
}

# Returns the seconds of processor time that processes have used, those that they have
# started and waited for among them, and of a server of PostgreSQL its backends.
sub processor_time
{
	my (@of) = @_;
	my $ticks = POSIX::sysconf(POSIX::_SC_CLK_TCK());
	my %children;
	my %used;

	for my $stat (glob '/proc/[0-9]*/stat')
	{
		open my $in, '<', $stat or next;
		my $line = <$in> // next;
		my ($of, $rest) = $line =~ /^(\d+) .*\) (.*)/s or next;
		my @field = split / /, $rest;

		push @{ $children{ $field[1] } }, $of;
		$used{$of} = ($field[11] + $field[12] + $field[13] + $field[14]) / $ticks;
	}
	my $sum = 0;
	while (defined(my $one = shift @of))
	{
		$sum += $used{$one} // 0;
		push @of, @{ $children{$one} // [] };
	}
	return $sum;
}

# Has clients send requests, one after the other each, for as long as there are
# requests in their lists; returns for each client a list of when each request
# was sent, its status, and the microseconds until it was answered.  Dies where one
# failed.
sub run_lists
{
	my ($url, $body, @lists) = @_;
	my @logs = map { "$dir/client$_.log" } 0 .. $#lists;

	for my $client (0 .. $#lists)
	{
		unlink $logs[$client];
		write_file("$dir/client$client.list", map { "$_\n" } @{ $lists[$client] });
	}
	my $child = fork // die "cannot fork: $!\n";
	if ($child == 0)
	{
		open STDOUT, '>', "$dir/wrk.log" or POSIX::_exit(9);
		open STDERR, '>&', \*STDOUT;
		{ no warnings 'exec'; exec 'wrk', '-t', scalar @lists, '-c', scalar @lists, '-d', 864_000, '--timeout', $ENV{PATIENCE} || 600, '-s',
			  "$root/bench/http_load.lua", $url, '--', "$dir/client", $body // (); }
		POSIX::_exit(9);
	}
	# wrk itself goes on until its time is over; how far it is, the bytes tell that it has read
	my $all_sent = eval {
		wait_while_it_goes_on("$url: $lists[0][0] and so on", sub {
			die "$url: $lists[0][0] and so on: not answered\n", read_file("$dir/wrk.log") if waitpid($child, POSIX::WNOHANG()) == $child;
			return (!(grep { !-e $_ } @logs), (read_file("/proc/$child/io") =~ /^rchar: (\d+)/)[0]);
		});
		1;
	};
	my $error = $@;
	kill 'TERM', $child;
	waitpid $child, 0;
	die $error unless $all_sent;
	my @sent = map { [ map { [ split /\t/ ] } split /\n/, read_file($_) ] } @logs;
	for my $client (0 .. $#lists)
	{
		my @failed = grep { $_->[1] !~ /^2/ } @{ $sent[$client] };

		die "$url: $lists[$client][0]: ", scalar @failed, " requests failed, with $failed[0][1]\n" if @failed;
		die "$url: not all requests were sent\n" if @{ $sent[$client] } != @{ $lists[$client] };
	}
	return @sent;
}

# Returns of what clients have sent, as run_lists returns it, the requests per second while
# all were at work, and median and 99th percentile of their times in milliseconds.
sub speed_of
{
	my ($what, @sent) = @_;
	my $from = max(map { $_->[0][0] } @sent);
	my $to = min(map { $_->[-1][0] + $_->[-1][2] } @sent);
	my @all = map { @$_ } @sent;
	my $ended = grep { $_->[0] + $_->[2] > $from && $_->[0] + $_->[2] <= $to } @all;
	my @times = sort { $a <=> $b } map { $_->[2] / 1000 } @all;

	if ($ended < @all / 4)
	{
		# a busy machine lets some begin when others are done: what all took counts then
		progress("$what: the clients hardly worked at the same time");
		$from = min(map { $_->[0] } @all);
		$to = max(map { $_->[0] + $_->[2] } @all);
		$ended = @all;
	}
	return { rate => $ended / ($to - $from) * 1e6, p50 => quantile(0.5, @times), p99 => quantile(0.99, @times) };
}

1;
