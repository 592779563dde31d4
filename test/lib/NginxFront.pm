package NginxFront;

# An nginx with the configuration of examples/postgrest on a loopback port, as
# the user of the test and below a directory of its own, and in the test itself
# a stand-in for PostgREST that records what arrives and answers what it is
# told to.

use strict;
use warnings;
use IO::Select;
use IO::Socket::INET;
use POSIX ':sys_wait_h';
use Time::HiRes qw(sleep time);

# Returns the path of nginx, or nothing.
sub find_nginx
{
	for my $dir (split(/:/, $ENV{PATH} // ''), '/usr/sbin', '/usr/local/sbin', $ENV{NGINX_DIR} // ())
	{
		return "$dir/nginx" if -x "$dir/nginx";
	}
	return;
}

# Returns a socket that listens on a free port of the loopback interface.
sub listen_somewhere
{
	return IO::Socket::INET->new(
		Listen => 64, LocalAddr => '127.0.0.1', Proto => 'tcp', ReuseAddr => 1)
	  || die "cannot listen: $@";
}

# Starts nginx below a directory, with the configuration file of the example.
sub new
{
	my ($class, $dir, $example) = @_;
	my $self = bless {
		dir => $dir, upstream => listen_somewhere(), connections => [],
		reply => "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", arrived => []
	}, $class;

	mkdir $dir;
	for (1 .. 5)
	{
		$self->configure($example);
		return $self if $self->start;
		# another has taken the port
		last if slurp("$dir/error.log") !~ /Address already in use/;
	}
	die "nginx does not start: " . slurp("$dir/output");
}

# Writes its configuration, with a port that is free.
sub configure
{
	my ($self, $example) = @_;
	my $dir = $self->{dir};
	my $reserved = listen_somewhere();
	my $text = slurp($example);

	$self->{port} = $reserved->sockport;
	($text =~ s/\b127\.0\.0\.1:9070\b/127.0.0.1:$self->{port}/) == 1 || die 'no listen in the example';
	($text =~ s/\b127\.0\.0\.1:3000\b/'127.0.0.1:' . $self->{upstream}->sockport/e) == 1 || die 'no upstream in the example';
	spew("$dir/restate.conf", $text);
	spew("$dir/nginx.conf", <<"CONF" . join('', map { "  ${_}_temp_path $dir/$_;\n" } qw(client_body proxy fastcgi uwsgi scgi)) . "}\n");
daemon off;
worker_processes 1;
pid $dir/pid;
error_log $dir/error.log info;
events { worker_connections 256; }
http {
  access_log off;
  include $dir/restate.conf;
CONF
	return;
}

# Starts nginx and waits until it answers; returns false where it ends instead.
sub start
{
	my ($self) = @_;
	my $nginx = find_nginx() or die 'nginx is not installed';
	my $end = time + 60;

	defined($self->{pid} = fork) || die "cannot fork: $!";
	if ($self->{pid} == 0)
	{
		open STDOUT, '>', "$self->{dir}/output" or die;
		open STDERR, '>&', \*STDOUT or die;
		exec $nginx, '-p', $self->{dir}, '-c', "$self->{dir}/nginx.conf", '-e', "$self->{dir}/error.log"
		  or die "cannot run $nginx: $!";
	}
	while (time < $end)
	{
		return 0 if waitpid($self->{pid}, WNOHANG) != 0;
		return 1 if -e "$self->{dir}/pid" && IO::Socket::INET->new(PeerAddr => '127.0.0.1', PeerPort => $self->{port});
		sleep 0.05;
	}
	die 'nginx does not answer';
}

# Stops nginx.
sub stop
{
	my ($self) = @_;

	return unless $self->{pid};
	kill 'TERM', $self->{pid};
	waitpid $self->{pid}, 0;
	delete $self->{pid};
	return;
}

sub DESTROY
{
	my ($self) = @_;

	local $?;
	$self->stop;
	return;
}

# Sends the bytes of a request, plays the part of PostgREST meanwhile, and
# returns what came back: status, reason, headers (lower case, a list each) and
# body.  What reached PostgREST is in arrived, a list of the same with method and
# target.
sub exchange
{
	my ($self, $bytes, %option) = @_;
	my $client = IO::Socket::INET->new(PeerAddr => '127.0.0.1', PeerPort => $self->{port})
	  || die "cannot connect: $@";
	my $came = '';
	my $deadline = time + 60;

	local $SIG{PIPE} = 'IGNORE';
	$self->{arrived} = [];
	$client->blocking(0);
	while (time < $deadline)
	{
		my $select = IO::Select->new($client, map { $_->{socket} } @{ $self->{connections} });
		$select->add($self->{upstream}) if $self->{upstream};
		my ($readable, $writable) =
		  IO::Select->select($select, length $bytes ? IO::Select->new($client) : undef, undef, 1);

		if (@{ $writable || [] })
		{
			my $sent = syswrite $client, $bytes;
			# who refuses a request need not read it all
			$bytes = defined $sent ? substr($bytes, $sent) : $!{EAGAIN} ? $bytes : '';
		}
		for my $socket (@{ $readable || [] })
		{
			if ($socket == $client)
			{
				my $n = sysread $client, $came, 65536, length $came;
				next if !defined $n && $!{EAGAIN};
				return parse($came) unless $n;
			}
			elsif ($self->{upstream} && $socket == $self->{upstream})
			{
				push @{ $self->{connections} }, { socket => scalar $self->{upstream}->accept, buffer => '' };
			}
			else
			{
				$self->serve($socket);
			}
		}
	}
	die 'no answer in time';
}

# Reads from a connection of nginx, and answers when a request is complete.
sub serve
{
	my ($self, $socket) = @_;
	my ($connection) = grep { $_->{socket} == $socket } @{ $self->{connections} };

	if (!sysread $socket, $connection->{buffer}, 65536, length $connection->{buffer})
	{
		@{ $self->{connections} } = grep { $_ != $connection } @{ $self->{connections} };
		return;
	}
	my $request = parse($connection->{buffer});
	return unless $request->{complete};
	$connection->{buffer} = '';
	push @{ $self->{arrived} }, $request;
	syswrite $socket, $self->{reply};
	return;
}

# Takes a message apart.
sub parse
{
	my ($bytes) = @_;
	my ($head, $body) = $bytes =~ /\A(.*?)\r\n\r\n(.*)\z/s or return { status => 0, headers => {}, body => $bytes };
	my ($first, @lines) = split /\r\n/, $head;
	my %message = (headers => {}, head => $head, body => $body);

	for (@lines)
	{
		my ($name, $value) = /\A([^:]+):\s*(.*)\z/ or next;
		push @{ $message{headers}{ lc $name } }, $value;
	}
	if ($first =~ m{\AHTTP/1\.[01] (\d+) ?(.*)\z})
	{
		@message{qw(status reason)} = ($1, $2);
	}
	else
	{
		@message{qw(method target)} = split / /, $first;
	}
	$message{complete} = length $body >= (first_of(\%message, 'content-length') // 0);
	if ((first_of(\%message, 'transfer-encoding') // '') eq 'chunked')
	{
		my $rest = $body;
		$message{body} = '';
		while ($rest =~ s/\A([0-9a-fA-F]+)\r\n//)
		{
			$message{body} .= substr $rest, 0, hex $1;
			$rest = substr $rest, 2 + hex $1;
		}
	}
	return \%message;
}

# Returns the first value of a header, or nothing.
sub first_of
{
	my ($message, $name) = @_;
	my $values = $message->{headers}{$name};

	return $values ? $values->[0] : undef;
}

sub slurp
{
	my ($file) = @_;

	open my $in, '<', $file or die "cannot read $file: $!";
	local $/;
	return scalar <$in>;
}

sub spew
{
	my ($file, $text) = @_;

	open my $out, '>', $file or die "cannot write $file: $!";
	print {$out} $text;
	close $out or die "cannot write $file: $!";
	return;
}

1;
