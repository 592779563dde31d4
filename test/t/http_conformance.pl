# The recorded exchanges with the Admin API, replayed over HTTP: each on what was
# recorded before it, sent byte for byte, compared with the answer and the facts
# recorded after it.
use strict;
use warnings;
use JSON::PP;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use RestateGateway;
use RestateNode;
use Test::More;

# what was recorded and is not served here, by why
my @left_out = (
	[ qr{^/(?:ui/?)?$} => 'the web user interface and the redirect to it are not part of this' ],
	[ qr{^/v2$} => 'a bare version prefix is a redirect to the web user interface' ],
	[ qr{^/cluster-health$} => 'there is no cluster to tell about' ],
	[ qr{^/subscriptions$} => 'there are no subscriptions here' ]);
# what is compared in part only
my %in_part = (
	version => 'GET /version: the version and the ingress are ours',
	order => 'GET /deployments, /services: creation times, and the order of services',
	allow => 'Allow of /deployments: POST, which registers one, is not served here',
	other => 'a request line that is none: libmicrohttpd answers that itself, not in JSON',
	body => 'GET /query, /services and so on with HEAD: only the headers');

my $node = new_node('http_conformance', 'log_statement = none');
grant_roles($node);
my $sql = open_sql($node);
sql($sql, <<'SQL');
BEGIN;
\ir test/conformance/world.sql
\ir test/conformance/replay.sql
\set content `cat test/conformance/cases.jsonl`
CREATE TABLE recorded (n int PRIMARY KEY, line jsonb NOT NULL);
INSERT INTO recorded SELECT n, line::jsonb FROM regexp_split_to_table(:'content', '\n') WITH ORDINALITY AS t (line, n) WHERE line <> '';
INSERT INTO request SELECT u.* FROM recorded AS c CROSS JOIN LATERAL understood(c.n, c.line) AS u;
\ir test/conformance/http.sql
COMMIT;
SET search_path = conformance, public;
SET timezone = 'UTC';
SET jit = off;
SQL
my $gateway = start_gateway($node);
my $json = JSON::PP->new->utf8->allow_nonref->canonical;
my @lines = map { $json->decode($_) } split /\n/, slurp_file('test/conformance/cases.jsonl');
my ($run, $passed) = (0, 0);
my (%skipped, %partly);

cmp_ok(scalar @lines, '>=', 899, 'the recorded exchanges are there');
for my $n (1 .. @lines)
{
	my $line = $lines[ $n - 1 ];
	my ($why) = map { $_->[1] } grep { $line->{request}{path} =~ $_->[0] } @left_out;

	next if $ENV{ONLY} && $line->{case} !~ /$ENV{ONLY}/;
	if ($why)
	{
		push @{ $skipped{$why} }, $line->{case};
		next;
	}
	$run++;
	my $wrong = replay($n, $line);
	$passed++ if $wrong eq '';
	is($wrong, '', $line->{case});
}
is(sql($sql, 'SELECT count(*) FROM restate_verify()'), '0', 'nothing is broken at the end');
is(stop_gateway($gateway), 0, 'the gateway ends well');

diag(sprintf 'skipped, %d: %s (%s)', scalar @{ $skipped{$_} }, $_, join ', ', @{ $skipped{$_} }) for sort keys %skipped;
diag("compared in part, $partly{$_}: $in_part{$_}") for sort keys %partly;
diag(sprintf 'recorded cases over HTTP: %d run, %d passed, %d skipped', $run, $passed, @lines - $run);
done_testing();

# Replays a line; returns what is wrong, '' if nothing.
sub replay
{
	my ($n, $line) = @_;
	my $todo = $json->decode(sql($sql, "SELECT prepare_case($n)"));
	my $request = $line->{request};
	my $body = $todo->{body};
	my %headers = (host => 'gateway', connection => 'close', %{ $request->{headers} // {} });

	sql($sql, 'SELECT remember()');
	# recorded by its length
	$todo->{path} =~ s{a+\.\.\.\((\d+)\)$}{'a' x ($1 - length '/invocations//purge-journal') . '/purge-journal'}e;
	if (defined $body && $body =~ /^(\d+) x unknown id/)
	{
		$body = $json->encode({ invocation_ids => [ ($todo->{unknown}) x $1 ] });
	}
	elsif (defined $body && $body =~ /^\((\d+) bytes\)$/)
	{
		$body = 'x' x $1;
	}
	elsif (defined $body)
	{
		utf8::encode($body);
	}
	$headers{'content-type'} //= 'application/json'
	  if defined $body && $line->{case} !~ /no-content-type|no-ct$/;
	$headers{'content-length'} = length $body if defined $body;
	# only HTTP/1.0 has requests without a host
	my $version = $line->{case} eq 'raw-no-host' ? '1.0' : '1.1';
	delete $headers{host} if $version eq '1.0';
	my $target = $todo->{path} . ($todo->{query} // '');
	utf8::encode($target);
	my $answer = exchange($gateway,
		join("\r\n", "$request->{method} $target HTTP/$version", (map { "$_: $headers{$_}" } sort keys %headers), '', $body // ''),
		$request->{method});

	return 'no answer' unless $answer;
	if (($line->{recorded}{category} // '') eq 'other')
	{
		$partly{other}++;
		return $answer->{status} == $line->{recorded}{status} ? '' : "status $answer->{status}";
	}
	my @wrong = wrong_form($line, $answer);
	my $document = $answer->{body} eq '' ? undef : eval { $json->decode($answer->{body}) };
	push @wrong, "no JSON: $answer->{body}" if $answer->{body} ne '' && !defined $document && $answer->{body} ne 'null';
	push @wrong, wrong_document($line, $document) unless @wrong;
	my $literal = defined $document ? $json->encode($document) : undef;
	$literal =~ s/'/''/g if defined $literal;
	push @wrong, sql($sql, "SELECT wrong_answer($answer->{status}, " . (defined $literal ? "'$literal'" : 'NULL') . ')');
	return join '; ', grep { $_ ne '' } @wrong;
}

# What is wrong with the headers of an answer and the keys of an error.
sub wrong_form
{
	my ($line, $answer) = @_;
	my $head = $line->{request}{method} eq 'HEAD';
	my $type = $answer->{headers}{'content-type'};
	my @wrong;

	if (!$head)
	{
		my $want = $answer->{body} eq '' ? undef : 'application/json';
		push @wrong, 'content type ' . ($type // 'none') unless ($type // '') eq ($want // '');
		push @wrong, 'an error without a body' if $answer->{status} >= 400 && $answer->{body} eq '';
		push @wrong, 'a body where none was recorded'
		  if $answer->{status} < 400 && $answer->{body} ne '' && !defined $line->{recorded}{content_type};
	}
	elsif ($answer->{status} < 300)
	{
		$partly{body}++;
		push @wrong, 'content type ' . ($type // 'none')
		  unless ($type // '') eq ($line->{recorded}{content_type} // '');
	}
	if ($answer->{status} >= 400 && $answer->{body} ne '')
	{
		my $error = eval { $json->decode($answer->{body}) };
		push @wrong, "keys of the error: $answer->{body}"
		  unless ref $error eq 'HASH' && join(',', sort keys %$error) eq 'message,restate_code';
	}
	my ($have, $want) = map { join ',', sort split /\s*,\s*/, $_ // '' } $answer->{headers}{allow}, $line->{recorded}{allow};
	if ($want eq 'GET,HEAD,POST' && $have eq 'GET,HEAD')
	{
		$partly{allow}++;
	}
	elsif ($have ne $want)
	{
		push @wrong, "Allow '$have', want '$want'";
	}
	return @wrong;
}

# What is wrong with a document that was recorded whole.
sub wrong_document
{
	my ($line, $document) = @_;
	my $want = $line->{recorded}{body};

	return if ref $want ne 'HASH' || $line->{request}{method} eq 'HEAD' || $line->{request}{path} =~ m{^/(?:invocations|internal)/};
	if ($want->{min_admin_api_version})
	{
		$partly{version}++;
		return map { $document->{$_} == $want->{$_} ? () : $_ } qw(min_admin_api_version max_admin_api_version);
	}
	$partly{order}++;
	my $text = $json->encode($document);
	$text =~ s/'/''/g;
	my ($have, $wanted) = map { $json->encode(sorted($_)) } $json->decode(sql($sql, "SELECT labelled('$text')")), $want;
	return $have eq $wanted ? () : "have $have, want $wanted";
}

# The document without times, its arrays of what has a name sorted by it.
sub sorted
{
	my ($value) = @_;

	if (ref $value eq 'HASH')
	{
		return { map { $_ => $_ eq 'created_at' ? '{ts}' : sorted($value->{$_}) } keys %$value };
	}
	if (ref $value eq 'ARRAY')
	{
		my @sorted = map { sorted($_) } @$value;
		@sorted = sort { $a->{name} cmp $b->{name} } @sorted if @sorted && ref $sorted[0] eq 'HASH' && exists $sorted[0]{name};
		return \@sorted;
	}
	return $value;
}
