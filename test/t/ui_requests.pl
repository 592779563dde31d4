# What Restate's web UI 1.6.2 asks for, request by request: test/ui/requests.json
# has the forms of its requests and what Restate's own server answered to them
# when it held the invocations of test/ui/world.json.  Here they are answered
# with the same rows; columns that only we have are looked at by name.
use strict;
use warnings;

use Cwd;
use JSON::PP;
use PostgreSQL::Test::Utils;
use Test::More;

use RestateGateway;
use RestateNode;

my $top = getcwd();
my $json = JSON::PP->new->utf8->canonical->allow_nonref;
my $recorded = $json->decode(slurp_file("$top/test/ui/requests.json"));
my $node = new_node('ui_requests');
$node->safe_psql('postgres', slurp_file("$top/examples/gateway_roles.sql"));
$node->safe_psql('postgres', slurp_file("$top/test/ui/world.sql"));
is($node->safe_psql('postgres', 'SELECT * FROM restate_verify()'), '', 'the shop is sound');
my $database = 'host=' . $node->host . ' port=' . $node->port . ' dbname=postgres';
my $gateway = start_gateway($node, "--db=$database user=restate_gateway", "--query-db=$database user=restate_gateway_reader");
my @ids = map { $_->{invocation}{id} } @{ $json->decode(slurp_file("$top/test/ui/world.json"))->{invocations} };
my %number = map { $ids[$_] => $_ } 0 .. $#ids;

# The columns of sys_journal that Restate's server leaves null in journals of
# version 2.
my %ours = map { $_ => 1 } qw(completed completion_id result_completion_id sleep_wakeup_at invoked_id invoked_target promise_name payload_length partition_key);

# Sends a request as the UI does.
sub ask
{
	my ($method, $path, $body) = @_;
	my @headers = ('Accept: application/json', "Origin: http://gateway", 'Sec-Fetch-Site: same-origin');

	push @headers, 'Content-Type: application/json' if defined $body;
	return request($gateway, $method, $path, $body, @headers);
}

# Returns the rows of a query.
sub rows
{
	my ($query) = @_;
	my $answer = ask('POST', '/query', $json->encode({ query => $query })) or return ['no answer'];

	return ["$answer->{status} $answer->{body}"] if $answer->{status} != 200 || $answer->{headers}{'content-type'} ne 'application/json';
	return $json->decode($answer->{body})->{rows};
}

# Returns the value with what is JSON in its texts read, times and durations in
# one spelling, and without what tells nothing: how long it took up to now.
sub comparable
{
	my ($value, $key) = @_;

	return [ map { comparable($_) } @$value ] if ref $value eq 'ARRAY';
	return { map { $_ => comparable($value->{$_}, $_) } grep { $_ ne 'duration' } keys %$value } if ref $value eq 'HASH';
	return $json->decode($value) if defined $value && ($key // '') =~ /^(?:entry|entry_lite|event)_json$/;
	return ($1 // 0) * 86400 + ($2 // 0) * 3600 + ($3 // 0) * 60 + ($4 // 0)
	  if defined $value && $value =~ /^P(?:(\d+)D)?(?:T(?:(\d+)H)?(?:(\d+)M)?(?:([\d.]+)S)?)?$/;
	return $value =~ s/\.?0+Z$/Z/r if defined $value && $value =~ /^\d{4}-\d\d-\d\dT[\d:]+\.\d+Z$/;
	return $value;
}

# Returns rows of a journal without the columns that only we fill.
sub of_both
{
	my ($rows, $theirs) = @_;
	my %named = map { $_ => 1 } map { keys %$_ } grep { ref } @$theirs;

	return [ map { my $row = $_; ref $row ? { map { $_ => $row->{$_} } grep { $named{$_} || !$ours{$_} } keys %$row } : $row } @$rows ];
}

# Returns what of a document Restate's server shows as well.
sub shared_part
{
	my ($ours, $theirs) = @_;

	if (ref $theirs eq 'HASH' && ref $ours eq 'HASH')
	{
		return { map { $_ => shared_part($ours->{$_}, $theirs->{$_}) } grep { exists $ours->{$_} } keys %$theirs };
	}
	if (ref $theirs eq 'ARRAY' && ref $ours eq 'ARRAY')
	{
		my @theirs = in_order($theirs);
		my @ours = in_order($ours);

		return [ map { shared_part($ours[$_], $theirs[$_]) } 0 .. $#ours ];
	}
	return $ours;
}

# Returns the elements by their names, which tell no order.
sub in_order
{
	my ($list) = @_;

	return sort { name_of($a) cmp name_of($b) } @$list;
}

sub name_of
{
	my ($value) = @_;

	return ref $value eq 'HASH' ? $value->{name} // $value->{id} // '' : $value;
}

# Returns the document with each list in the order of names.
sub ordered
{
	my ($value) = @_;

	return [ map { ordered($_) } in_order($value) ] if ref $value eq 'ARRAY';
	return { map { $_ => ordered($value->{$_}) } keys %$value } if ref $value eq 'HASH';
	return $value;
}

# the list of invocations, whatever it is filtered and sorted by

for my $list (@{ $recorded->{lists} })
{
	my $what = $list->{where} || 'no filter';
	my $found = rows("SELECT id from sys_invocation $list->{where} ORDER BY modified_at DESC LIMIT 250");

	is_deeply([ sort { $a <=> $b } map { ref ? $number{ $_->{id} } : $_ } @$found ], $list->{invocations}, "the invocations of $what");
	is_deeply(rows("SELECT COUNT(1) as total_count FROM (SELECT * FROM sys_invocation LIMIT 50000) $list->{where}"),
		[ { total_count => scalar @{ $list->{invocations} } } ], "their number");
	is(scalar @{ rows("SELECT id from sys_invocation $list->{where} LIMIT 100") }, scalar @{ $list->{invocations} }, 'and without an order');
}

my $shown = rows("SELECT $recorded->{columns} from sys_invocation WHERE id IN (" . join(', ', map { "'$_'" } @ids) . ') ORDER BY modified_at DESC');
like($_->{duration} // '', qr/^P(?=.)(\d+D)?(T[\dHM.S]+)?$/, "how long $_->{target} has taken") for @$shown;
is_deeply([ map { comparable($_) } sort { $number{ $a->{id} } <=> $number{ $b->{id} } } @$shown ], comparable($recorded->{invocations}), 'all that the list shows of them');

my %row = map { $_->{id} => $_ } @{ $recorded->{invocations} };
for my $query (@{ $recorded->{sorts} })
{
	my ($column, $direction) = $query =~ /ORDER BY (\w+) (ASC|DESC)/;
	my @got = map { ref ? $_->{id} : $_ } @{ rows($query) };
	# those that are under way take longer from one moment to the next
	my @keys = map { key_of($_, $column) } grep { $column ne 'duration' || ($row{$_} && $row{$_}{completed_at}) } @got;
	my @sorted = sort { $a =~ /^[\d.]+$/ ? $a <=> $b : $a cmp $b } grep { defined } @keys;
	my @nulls = grep { !defined } @keys;

	is(scalar @got, scalar @ids, "all of them by $column $direction");
	is_deeply(\@keys, $direction eq 'ASC' ? [ @sorted, @nulls ] : [ @nulls, reverse @sorted ], 'in that order, nulls as the largest');
}

# Returns what an invocation is sorted by.
sub key_of
{
	my ($id, $column) = @_;
	my $row = $row{$id} or return $id;

	return $row->{$column} if $column ne 'duration';
	my ($from, $to) = map { /T(\d+):(\d+):([\d.]+)Z/ ? $1 * 3600 + $2 * 60 + $3 : 0 } @$row{qw(created_at completed_at)};
	return sprintf '%.3f', $to - $from;
}

# invocations with their journals, events, payloads; objects, their queues and states

for my $query (@{ $recorded->{queries} })
{
	my $got = rows($query->{query});
	my $name = $query->{query} =~ s/\s+/ /gr;

	$name = substr($name, 0, 60) . ' … ' . substr($name, -90) if length $name > 155;
	next if defined $query->{count} && is(scalar @$got, $query->{count}, $name);
	my $theirs = $query->{rows};
	$got = of_both($got, $theirs) if $name =~ /sys_journal\b/;
	($got, $theirs) = map { comparable($_) } $got, $theirs;
	if ($name !~ /ORDER BY/)
	{
		$_ = [ sort { $json->encode($a) cmp $json->encode($b) } @$_ ] for $got, $theirs;
	}
	is_deeply($got, $theirs, $name) or diag($query->{query});
}

# documents

for my $document (@{ $recorded->{documents} })
{
	my $answer = ask('GET', $document->{path});

	is($answer->{status}, $document->{status}, "$document->{path} answers");
	next unless $document->{answer};
	my $got = $json->decode($answer->{body});
	is_deeply(ordered(comparable(shared_part($got, $document->{answer}))), ordered(comparable($document->{answer})), 'with what the UI shows');
}
like($json->decode(ask('GET', '/version')->{body})->{version}, qr/^1\.(?:[6-9]|\d\d)\./, 'the version is one that the UI offers all of it for');
my $openapi = $json->decode(ask('GET', '/services/Orders/openapi')->{body});
like($openapi->{openapi} // '', qr/^3\.1/, 'a service is described');
ok((grep { m{^/Orders/place\b} } keys %{ $openapi->{paths} // {} }), 'by its handlers');

done_testing();
