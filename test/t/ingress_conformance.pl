# What Restate's server 1.6.2 answered to requests to its ingress, replayed: the same
# handlers, run by a worker in SQL, the same requests in the same order; status,
# content-type, headers and, but for the words of a message, the body are the same.
use strict;
use warnings;
use JSON::PP;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use RestateGateway;
use RestateIngress;
use RestateNode;
use Test::More;
use Time::HiRes qw(time);

# where we answer another thing, and why
my %departures = (
	'path /Obj/a%00b/echo' => [ 400, 'text in PostgreSQL has no NUL' ],
	'idempotent empty' => [ 400, 'an empty idempotency key is none that a client meant' ],
	'idempotent blank' => [ 400, 'nor is a blank one' ],
	'attach id inv_10000000000000000000000000000000000' => [ 400, 'an id is exactly its 38 characters' ],
	'output id inv_10000000000000000000000000000000000' => [ 400, 'an id is exactly its 38 characters' ],
	'cors OPTIONS /Rules/echo 3 null' => [ 403, 'a page without an origin is foreign' ],
	'path ' => [ undef, 'libmicrohttpd answers a request line without a target itself' ],
	'cors OPTIONS * 0' => [ undef, 'libmicrohttpd answers a target that is no path itself' ]);
# the metadata of a failure is there for who comes later, too; theirs is not
my %keeps_metadata = map { $_ => 1 } 'idempotent failure 2', 'attach failure', 'output failure';

my $node = new_node('ingress_conformance', 'log_statement = none');
grant_roles($node);
grant_ingress($node);
register_handlers($node);
my $worker = start_worker($node);
my $ingress = start_ingress($node, '--host=gateway,a.example');
my $json = JSON::PP->new->allow_nonref->canonical;
my ($passed, %left_out) = (0);

for my $line (split /\n/, slurp_file('test/conformance/ingress.jsonl'))
{
	my $case = $json->decode($line);
	$case->{case} .= ' null' if grep { $_->[1] eq 'null' } @{ $case->{headers} // [] };
	my ($want_status, $why) = @{ $departures{ $case->{case} } // [ $case->{status} ] };
	my $at = time;

	if ($why && !defined $want_status)
	{
		$left_out{$why}++;
		next;
	}
	# a send is served before the next request comes
	if ($case->{case} =~ /^idempotent send 2|^headers of a send result/)
	{
		wait_until(sub { !$node->safe_psql('postgres', "SELECT count(*) FROM restate.invocation WHERE completed_at IS NULL AND idempotency_key IN ('k2', 'hs1')") });
	}
	my $answer = request($ingress, $case->{method}, $case->{path}, $case->{body}, map { "$_->[0]: $_->[1]" } @{ $case->{headers} // [] });
	my @wrong = faults($case, $answer, $want_status, $why, $at);

	if (@wrong) { fail("$case->{case}: " . join '; ', @wrong) }
	else { $passed++ }
	last if $ENV{STOP_AT} && $case->{case} eq $ENV{STOP_AT};
}
cmp_ok($passed, '>', 440, 'the answers are those recorded');
note("left out: $_") for sort keys %left_out;
stop_worker($node, $worker);
is(stop_gateway($ingress->{gateway}), 0, 'the gateway ends well');
is($node->safe_psql('postgres', 'SELECT * FROM restate_verify()'), '', 'the store is sound');
done_testing();

# Returns JSON in one form, with the services in an order of their names.
sub plain
{
	my $document = $json->decode($_[0]);

	$document->{services} = [ sort @{ $document->{services} } ] if ref $document eq 'HASH';
	return $json->encode($document);
}

# Returns what of the answer is not as it is to be.
sub faults
{
	my ($case, $answer, $status, $why, $at) = @_;
	my @wrong;
	my $compare = sub {
		my ($what, $is, $want) = @_;
		push @wrong, "$what is " . ($is // 'nothing') . ', not ' . ($want // 'nothing') if ($is // "\0") ne ($want // "\0");
	};

	return 'there is no answer' unless $answer;
	$compare->('the status', $answer->{status}, $status);
	$compare->('vary', $answer->{headers}{vary}, 'origin, access-control-request-method, access-control-request-headers');
	$compare->('credentials', $answer->{headers}{'access-control-allow-credentials'}, 'true');
	return @wrong if $why;
	$compare->($_, $answer->{headers}{$_}, $case->{cors}{$_}) for map { "access-control-allow-$_" } qw(origin methods headers);
	$compare->('the type', $answer->{headers}{'content-type'}, $case->{type});
	$compare->('that it has an id', $answer->{headers}{'x-restate-id'} ? 1 : 0, $case->{id} ? 1 : 0);
	$compare->('that it expires', ($answer->{headers}{'idempotency-expires'} // '') =~ /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}\+00:00$/ ? 1 : 0, $case->{expires} ? 1 : 0);
	return @wrong if $case->{method} eq 'HEAD' || $status == 204;
	if ($case->{keys})
	{
		my $document = eval { $json->decode($answer->{body}) };
		my %keys = map { $_ => 1 } @{ $case->{keys} };

		return (@wrong, "the body is $answer->{body}") unless ref $document eq 'HASH';
		$keys{metadata} = 1 if $keeps_metadata{ $case->{case} };
		$compare->('the keys', join(' ', sort keys %$document), join ' ', sort keys %keys);
		$compare->($_, $json->encode($document->{$_}), $json->encode($case->{values}{$_})) for keys %{ $case->{values} // {} };
		if (defined $case->{delay})
		{
			my ($till) = $document->{executionTime} =~ /^(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{9})Z$/ or return (@wrong, "the time is $document->{executionTime}");
			my $ms = $node->safe_psql('postgres', "SELECT round(extract(epoch FROM timestamptz '${till}Z') * 1000 - $at * 1000)");
			push @wrong, "it starts after $ms ms, not $case->{delay}" if $ms < $case->{delay} - 1 || $ms > $case->{delay} + 30_000;
		}
	}
	elsif ($case->{case} =~ /^headers|headers/ || $case->{path} eq '/restate/health')
	{
		$compare->('the body', map { plain($_) } $answer->{body}, $case->{content});
	}
	else { $compare->('the body', $answer->{body}, $case->{content} // '') }
	return @wrong;
}
