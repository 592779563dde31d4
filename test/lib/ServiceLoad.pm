package ServiceLoad;

# Clients of services, each a process that calls handlers of dispatch_service.cjs through
# the ingress of one gateway or another, with an idempotency key a call, and asks again
# until it has an answer: whatever dies meanwhile, a call is answered, and by the same
# result.  What they were answered is written to files, and read there.

use strict;
use warnings;
use Exporter 'import';
use POSIX ();
use PostgreSQL::Test::Utils;
use RestateGateway;
use Time::HiRes qw(sleep time);

our @EXPORT = qw(new_service_load start_callers stop_callers answers calls_answered wrong_answers);

# Makes a load on the ingresses at these ports; its names begin with a word.
sub new_service_load
{
	my ($word, @ports) = @_;

	return { word => $word, ports => \@ports, dir => PostgreSQL::Test::Utils::tempdir(), callers => [] };
}

# Starts so many clients.
sub start_callers
{
	my ($load, $count) = @_;

	for my $number (1 .. $count)
	{
		my $pid = fork // die "cannot fork: $!";
		if ($pid == 0)
		{
			eval { call_on($load, $number) };
			append_to_file("$load->{dir}/$number", "error\t$@") if $@;
			# nothing of the test's own is to be ended
			POSIX::_exit(0);
		}
		push @{ $load->{callers} }, $pid;
	}
	return;
}

# Asks the clients to end, each once its call is answered, and waits for that.
sub stop_callers
{
	my ($load) = @_;

	append_to_file("$load->{dir}/stop", "\n");
	waitpid $_, 0 for splice @{ $load->{callers} };
	return;
}

# Makes one call after the other until it is to end.
sub call_on
{
	my ($load, $number) = @_;

	srand($number);
	for (my $n = 1 ; !-e "$load->{dir}/stop" ; $n++)
	{
		my $name = "$load->{word}-$number-$n-";
		my ($handler, $input) = $n % 2 ? ('chain', qq({"name": "$name", "ms": 3})) : ('greet', qq("$name"));
		my ($answer, $tries) = insist($load, $handler, $input, $name);

		append_to_file("$load->{dir}/$number", join("\t", $handler, $name, $tries, $answer) . "\n");
	}
	return;
}

# Makes a call, again and again until it is answered; returns status and body, and how
# often it was made.
sub insist
{
	my ($load, $handler, $input, $name) = @_;
	my @ports = @{ $load->{ports} };
	my $last = 'none';
	my $end = time + 120;
	my $tries = 0;

	while (time < $end)
	{
		my $answer = request({ port => $ports[ rand @ports ] }, 'POST', "/Work/$handler", $input, 'Content-Type: application/json', "Idempotency-Key: $name");

		$tries++;
		if ($answer)
		{
			$last = "$answer->{status} $answer->{body}";
			# not now: the same call once more does no harm
			return ($last, $tries) if $answer->{status} != 503;
		}
		sleep 0.1;
	}
	return ($last, $tries);
}

# Returns what the clients were answered: handler, name, tries and answer of each call.
sub answers
{
	my ($load) = @_;

	return map { [ split /\t/ ] } map { /^\d+$/ ? split(/\n/, slurp_file("$load->{dir}/$_")) : () } slurp_dir($load->{dir});
}

# Returns how many calls were answered.
sub calls_answered
{
	my ($load) = @_;

	return scalar(() = answers($load));
}

# Returns the first of the answers that are not what the handler gives.
sub wrong_answers
{
	my ($load) = @_;
	my @wrong = grep { my ($handler, $name, $tries, $answer) = @$_; ($answer // '') ne ($handler eq 'chain' ? '200 6' : qq(200 "$name A 3")) } answers($load);

	return join "\n", map { join ' ', @$_ } @wrong[ 0 .. ($#wrong < 9 ? $#wrong : 9) ];
}

1;
