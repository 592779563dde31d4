# The recorded exchanges with the Admin API, replayed over HTTP: each on what was
# recorded before it, sent byte for byte, compared with the answer and the facts
# recorded after it; an operation on one invocation a second time, by a lane.
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
	[ qr{^/v2$} => 'a bare version prefix is a redirect to the web user interface' ]);
# what is compared in part only; the rest of the rules are those of rules.sql
my %in_part = (
	version => 'GET /version: there is no ingress, and two fields more',
	cluster => 'GET /cluster-health: the cluster is the database, without metadata servers',
	list => 'GET /deployments, /services: creation times, and the order of services',
	line => 'a request line with a space in its path: libmicrohttpd answers that itself, not in JSON',
	head => 'HEAD: only the headers');

my $node = new_node('http_conformance', 'log_statement = none');
grant_roles($node);
my $sql = open_sql($node);
sql($sql, <<'SQL');
BEGIN;
\ir test/conformance/world.sql
\ir test/conformance/rules.sql
\ir test/conformance/replay.sql
\set content `cat test/conformance/cases.jsonl`
CREATE TABLE recorded (n int PRIMARY KEY, line jsonb NOT NULL);
INSERT INTO recorded SELECT n, line::jsonb FROM regexp_split_to_table(:'content', '\n') WITH ORDINALITY AS t (line, n) WHERE line <> '';
INSERT INTO request SELECT u.* FROM recorded AS c CROSS JOIN LATERAL understood(c.n, c.line) AS u;
\ir test/conformance/http.sql
\ir test/conformance/mutations.sql
COMMIT;
SET search_path = conformance, public;
SET timezone = 'UTC';
SET jit = off;
SET plan_cache_mode = force_custom_plan;
SQL
my $plain = start_gateway($node);
my $busy = start_gateway($node, '--lanes=1', '--request-timeout=3600');
my $gateway = $plain;
my $json = JSON::PP->new->utf8->allow_nonref->canonical;
my @lines = map { $json->decode($_) } split /\n/, slurp_file('test/conformance/cases.jsonl');
my $end_busy = keep_busy($busy, $node);
my ($passed, @run) = (0);
my (%skipped, %partly);

for my $n (1 .. @lines)
{
	my $line = $lines[ $n - 1 ];
	my ($why) = map { $_->[1] } grep { $line->{request}{path} =~ $_->[0] } @left_out;

	if ($why)
	{
		push @{ $skipped{$why} }, $line->{case};
		next;
	}
	push @run, $n;
	# on Citus each takes long: one of the two, in turn
	$gateway = $n % 2 && $line->{request}{path} =~ m{^(?:/v[23])?/invocations/} ? $busy : $plain if $ENV{ON_CITUS};
	my $wrong = replay($n, $line);
	$passed++ if $wrong eq '';
	is($wrong, '', $line->{case});
	next if $ENV{ON_CITUS} || $line->{request}{path} !~ m{^(?:/v[23])?/invocations/};
	$gateway = $busy;
	is(replay($n, $line), '', "$line->{case}, joined");
	$gateway = $plain;
}
cmp_ok(metrics($busy)->{restate_gateway_joined_requests_total}, '>', 100, 'lanes have carried what they can');
is(told($end_busy->()), '404 invocation_not_found', 'and the request that kept them busy is answered');
is(stop_gateway($busy), 0, 'the gateway of the lanes ends well');
isnt(scalar @run, 0, 'there are recorded exchanges to replay');
my %in_part_of = %partly;
$gateway = $plain;
# what is noticed is the same everywhere
is(join(', ', map { @$_ } $_->{missed}), '', "noticed: $_->{what}") for $ENV{ON_CITUS} ? () : try_mutations();
is(sql($sql, 'SELECT count(*) FROM restate_verify()'), '0', 'nothing is broken at the end');
is(stop_gateway($gateway), 0, 'the gateway ends well');

diag(sprintf 'skipped, %d: %s (%s)', scalar @{ $skipped{$_} }, $_, join ', ', @{ $skipped{$_} }) for sort keys %skipped;
diag("compared in part, $in_part_of{$_}: $in_part{$_}") for sort keys %in_part_of;
diag(sprintf 'recorded cases over HTTP: %d run, %d passed, %d skipped', scalar @run, $passed, @lines - @run);
done_testing();

# Replays lines with one field changed, of each change a few; returns for each
# change in which cases it was not noticed, though no rule leaves it out.
sub try_mutations
{
	my (%of, %by_rule);
	my ($seed, $each) = (11, 1);
	my $chosen = $json->decode(sql($sql, "SELECT coalesce(jsonb_agg(m ORDER BY m.what, m.n), '[]') FROM chosen_mutations($seed, $each, '{"
			. join(',', @run) . "}') AS m"));
	my $noticed = 0;

	for my $mutation (@$chosen)
	{
		my ($n, $what) = @$mutation{qw(n what)};
		my $literal = $json->encode($mutation->{mutated}) =~ s/'/''/gr;
		my $missed = $of{$what} //= [];

		sql($sql, "UPDATE recorded SET line = '$literal' WHERE n = $n");
		my $wrong = replay($n, $mutation->{mutated});
		$literal = $json->encode($lines[ $n - 1 ]) =~ s/'/''/gr;
		sql($sql, "UPDATE recorded SET line = '$literal' WHERE n = $n");
		if ($wrong ne '') { $noticed++ }
		elsif (defined $mutation->{rule}) { $by_rule{ $mutation->{rule} }{$what}++ }
		else { push @$missed, $lines[ $n - 1 ]{case} }
	}
	for my $rule (sort keys %by_rule)
	{
		diag("not noticed by rule: $rule (" . join(', ', sort keys %{ $by_rule{$rule} }) . ')');
	}
	diag(sprintf 'recorded lines with one field changed: %d replayed, %d noticed', scalar @$chosen, $noticed);
	return map { { what => $_, missed => $of{$_} } } sort keys %of;
}

# Replays a line; returns what is wrong, '' if nothing.
sub replay
{
	my ($n, $line) = @_;
	my $todo = $json->decode(sql($sql, "SELECT prepare_case($n)"));
	return $todo->{wrong} if defined $todo->{wrong};
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
	# a body that is recorded as the text it was has the headers that were recorded
	$headers{'content-type'} //= 'application/json'
	  if ref $request->{body} || ($request->{body} // '') =~ /^\d+ x unknown id/;
	$headers{'content-length'} = length $body if defined $body;
	my $target = $todo->{path} . ($todo->{query} // '');
	utf8::encode($target);
	my $answer = exchange($gateway,
		join("\r\n", "$request->{method} $target HTTP/1.1", (map { "$_: $headers{$_}" } sort keys %headers), '', $body // ''),
		$request->{method});

	return 'no answer' unless $answer;
	if ($request->{path} =~ /\s/)
	{
		$partly{line}++;
		my ($have, $want) = map { $json->encode($_) } { status => $answer->{status}, category => 'other', content_type => undef }, $line->{recorded};
		return $have eq $want ? '' : "have $have, want $want";
	}
	$partly{head}++ if $request->{method} eq 'HEAD';
	my $document = $answer->{body} eq '' ? undef : eval { $json->decode($answer->{body}) };
	return "no JSON: $answer->{body}" if $answer->{body} ne '' && !ref $document;
	my @wrong = (wrong_allow($line, $answer), wrong_document($line, $document));
	delete @$document{qw(features restate_admin_version)} if $request->{path} =~ m{/version$} && $document;
	my $have = $json->encode({ status => $answer->{status}, content_type => $answer->{headers}{'content-type'}, body => $document });
	$have =~ s/'/''/g;
	push @wrong, sql($sql, "SELECT wrong_answer('$have')");
	return join '; ', grep { $_ ne '' } @wrong;
}

# What is wrong with the methods that an answer allows.
sub wrong_allow
{
	my ($line, $answer) = @_;
	my ($have, $want) = map { join ',', sort split /\s*,\s*/, $_ // '' } $answer->{headers}{allow}, $line->{recorded}{allow};

	return if $have eq $want;
	return "Allow '$have', want '$want'";
}

# What is wrong with a document that was recorded whole, beyond its keys.
sub wrong_document
{
	my ($line, $document) = @_;
	my $want = $line->{recorded}{body};
	my $path = $line->{request}{path} =~ s{^/v[23](?=/)}{}r;

	return if !defined $want || $line->{request}{method} eq 'HEAD' || $path =~ m{^/(?:invocations|internal)/};
	if ($path eq '/version')
	{
		$partly{version}++;
		return map { ($document->{$_} // '') eq ($want->{$_} // '') ? () : $_ } qw(version min_admin_api_version max_admin_api_version);
	}
	if ($path eq '/cluster-health')
	{
		$partly{cluster}++;
		return grep { !exists $document->{$_} } keys %$want;
	}
	$partly{list}++;
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
