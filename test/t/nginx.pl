# The nginx configuration in front of PostgREST: a real nginx, and a stand-in
# for PostgREST that records what reaches it.  Every path and method, every
# recorded exchange, and what hostile clients send.
use strict;
use warnings;
use Cwd;
use File::Temp ();
use JSON::PP ();
use NginxFront;
use Test::More;

unless (NginxFront::find_nginx())
{
	die "nginx is not there\n" if $ENV{CI};
	plan skip_all => 'nginx is not there';
}

my $json = JSON::PP->new->utf8->allow_nonref;
my $top = getcwd();
my $tmp = File::Temp->newdir(TMPDIR => 1);
my $front = NginxFront->new("$tmp/nginx", "$top/examples/postgrest/nginx.conf");

my $id = 'inv_1gVAx3ge6Eil58M0RjFbGk5lopT1TgLedX';
my $dp = 'dp_16C3gfXSZuAiqpgqthkN1Sh';
my $batches = '/internal/invocations_batch_operations';
my $accepted = "HTTP/1.1 202 Accepted\r\nContent-Length: 0\r\n\r\n";

# Sends a request; the rest of the arguments are header lines.
sub request
{
	my ($method, $target, $body, @headers) = @_;

	push @headers, 'Content-Length: ' . length $body if defined $body && !grep { /^(?:Transfer-Encoding|Content-Length):/i } @headers;
	return $front->exchange(
		join("\r\n", "$method $target HTTP/1.1", 'Host: restate', 'Connection: close', @headers, '', '') . ($body // ''));
}

# Returns the body in chunks.
sub chunked
{
	my ($body) = @_;

	return join('', map { sprintf("%x\r\n%s\r\n", length $_, $_) } unpack('(a65536)*', $body)) . "0\r\n\r\n";
}

# Returns the text with its escapes decoded, and + too where it is of a query.
sub decoded
{
	my ($text, $plus) = @_;

	$text =~ tr/+/ / if $plus;
	$text =~ s/%([0-9A-Fa-f]{2})/chr hex $1/ge;
	return $text;
}

# Returns what reached PostgREST: its function and the form or the body; a
# dash if nothing did.
sub arrived
{
	my @arrived = @{ $front->{arrived} };

	return '-' unless @arrived;
	return scalar(@arrived) . ' requests' if @arrived > 1;
	return "$arrived[0]{method} $arrived[0]{target}" unless "$arrived[0]{method} $arrived[0]{target}" =~ m{^POST /rpc/(\w+)$};
	return "$1 $arrived[0]{body}";
}

# Returns status and category of an answer in the documented form, and what is
# wrong with it if it is not.
sub refusal
{
	my ($answer) = @_;
	my $body = eval { $json->decode($answer->{body}) };

	return "$answer->{status}, not JSON: $answer->{body}" unless ref $body eq 'HASH';
	return "$answer->{status}, with " . join(' ', sort keys %$body) unless join(' ', sort keys %$body) eq 'message restate_code';
	return "$answer->{status} of type " . ($answer->{headers}{'content-type'}[0] // 'none')
	  unless ($answer->{headers}{'content-type'}[0] // '') =~ m{^application/json(;|$)};
	return "$answer->{status} $body->{restate_code}" . join('', map { " allow $_" } @{ $answer->{headers}{allow} || [] });
}

# routes

my %paths = (
	purge_journal => [ PATCH => "/invocations/$id/purge-journal" ],
	delete_invocation => [ DELETE => "/invocations/$id" ],
	restart_as_new => [ PATCH => "/invocations/$id/restart-as-new" ],
	map({ $_ => [ PATCH => "/invocations/$id/$_" ] } qw(kill cancel purge pause resume)),
	map({ tr/-/_/r . '_batch' => [ POST => "$batches/$_" ] } qw(purge-journal restart-as-new kill cancel purge pause resume)));

$front->{reply} = $accepted;
for my $function (sort keys %paths)
{
	my ($method, $path) = @{ $paths{$function} };
	my $batch = $function =~ /_batch$/;
	my $body = $batch ? '{"invocation_ids":["a"]}' : undef;
	my $answer;

	for my $prefix ('', '/v2', '/v3')
	{
		$answer = request($method, "$prefix$path", $body, $batch ? 'Content-Type: application/json' : ());
		is(arrived(), "$function " . ($body // "invocation_id=$id"), "$method $prefix$path is $function");
		is($answer->{status} . $answer->{body}, '202', 'and its answer is passed on');
		ok(!$answer->{headers}{'content-type'}, 'without a content type that it does not have');
	}
	for my $other (grep { $_ ne $method } qw(GET HEAD POST PUT PATCH DELETE OPTIONS TRACE FOO))
	{
		$answer = request($other, $path, $body, 'Content-Type: application/json');
		if ($other eq 'HEAD')
		{
			is("$answer->{status} @{$answer->{headers}{allow}}", "405 $method", "HEAD $path is refused");
		}
		else
		{
			is(refusal($answer), "405 method_not_allowed allow $method", "$other $path is refused");
		}
		is(arrived(), '-', 'and does not get through');
	}
	is(refusal(request($method, "/v1$path", $body)), '400 unsupported_api_version', "/v1$path is no longer served");
	for my $wrong ("$path/", "/v4$path", "/V2$path", "/v2/v2$path", "/$path", uc $path, "$path%2F", "/rpc/$function", "/-/error")
	{
		next if $function eq 'delete_invocation' && $wrong =~ /%2F$/;
		is(refusal(request($method, $wrong, $body)) . arrived(), '404 route_not_found-', "$method $wrong is nothing");
	}
}
is(refusal(request(GET => $_)), '404 route_not_found', "GET $_ is nothing") for '/', '/invocations', '/invocations/', '/v2', '/v2/', '/rpc/', $batches, '/query';
is(refusal(request(GET => "/v1$_")), '400 unsupported_api_version', "GET /v1$_ is no longer served") for '', '/', '/nope', '?x';

# what only answers a question: GET, and HEAD
my %questions = map { $_ => "/admin/invocations/$id/" . tr/_/-/r } qw(explain preview_restart restart_point lineage call_tree);
$front->{reply} = "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n{}";
for my $function (sort keys %questions)
{
	my $path = $questions{$function};
	my $form = "$function invocation_id=$id" . ($function eq 'restart_point' ? '&at=' : '');

	for my $prefix ('', '/v2', '/v3')
	{
		my $answer = request(GET => "$prefix$path");
		is(arrived(), $form, "GET $prefix$path is $function");
		is("$answer->{status}$answer->{body}", '200{}', 'and its answer is passed on');
		$answer = request(HEAD => "$prefix$path");
		is(arrived() . " $answer->{status}$answer->{body}", "$form 200", "HEAD $prefix$path asks the same");
	}
	for my $other (qw(POST PUT PATCH DELETE OPTIONS TRACE FOO))
	{
		is(refusal(request($other, $path)) . arrived(), '405 method_not_allowed allow GET,HEAD-', "$other $path is refused");
	}
	is(refusal(request(GET => $_)) . arrived(), '404 route_not_found-', "GET $_ is nothing")
	  for "$path/", "/admin$path", $path =~ s{^/admin}{}r, uc $path, "/rpc/$function";
	is(refusal(request(GET => "/v1$path")), '400 unsupported_api_version', "/v1$path is no longer served");
	is(refusal(request(GET => $path =~ s/\Q$id/inv%ff/r)) . arrived(), '400 invalid_invocation_id-', "$function of no id");
}
is(refusal(request(DELETE => "/admin/invocations/$id")) . arrived(), '404 route_not_found-', 'nothing is deleted below /admin');
$front->{reply} = $accepted;

# parameters, as the function gets them; "-" if nginx refuses them

my @parameters = (
	[ 'restart-as-new', 'from=3', '&from=3' ],
	[ 'restart-as-new', 'from=0&deployment=keep', '&from=0&deployment=keep' ],
	[ 'restart-as-new', "deployment=$dp&from=3", "&from=3&deployment=$dp" ],
	[ 'restart-as-new', 'a=b&from=4294967295&c', '&from=4294967295' ],
	[ 'restart-as-new', '&&from=3&&', '&from=3' ],
	[ 'restart-as-new', 'from=%33', '&from=%33' ],
	[ 'restart-as-new', 'from=%2B3', '&from=%2B3' ],
	[ 'restart-as-new', 'from=+3', '&from=+3' ],
	[ 'restart-as-new', '%66rom=3', '&from=3' ],
	[ 'restart-as-new', '%66%72%6f%6D=3', '&from=3' ],
	[ 'restart-as-new', 'from=', '&from=' ],
	[ 'restart-as-new', 'deployment=', '&deployment=' ],
	[ 'restart-as-new', 'deployment=&from=', '&from=&deployment=' ],
	[ 'restart-as-new', 'from', '-' ],
	[ 'restart-as-new', 'from&deployment=keep', '-' ],
	[ 'restart-as-new', 'from=3&from=3', '-' ],
	[ 'restart-as-new', 'from=3&x=1&from=0', '-' ],
	[ 'restart-as-new', 'from&from=3', '-' ],
	[ 'restart-as-new', 'from=3&from', '-' ],
	[ 'restart-as-new', 'from=&from=3', '-' ],
	[ 'restart-as-new', 'from=3&%66rom=0', '-' ],
	[ 'restart-as-new', 'fro%6d=3&from=0', '-' ],
	[ 'restart-as-new', "deployment=$dp&deployment=keep", '-' ],
	[ 'restart-as-new', 'deploymen%74=keep&deployment=latest', '-' ],
	[ 'restart-as-new', 'from=3;from=0', '-' ],
	[ 'restart-as-new', 'from=3;deployment=keep', '-' ],
	[ 'restart-as-new', 'from=3=0', '-' ],
	[ 'restart-as-new', 'from=3"', '-' ],
	[ 'restart-as-new', "from=3'", '-' ],
	[ 'restart-as-new', 'from=3\\', '-' ],
	[ 'restart-as-new', 'from=$id', '-' ],
	[ 'restart-as-new', 'from=%', '-' ],
	[ 'restart-as-new', 'from=%zz', '-' ],
	[ 'restart-as-new', 'from=%00', '-' ],
	[ 'restart-as-new', 'from=3%0d%0aX-Evil:%20yes', '-' ],
	[ 'restart-as-new', 'from=%ff', '-' ],
	[ 'restart-as-new', "from=\xff", '-' ],
	[ 'restart-as-new', 'from=!', '-' ],
	[ 'restart-as-new', 'from=3%26mode=kill', '-' ],
	[ 'restart-as-new', 'from=3%26mode%3Dkill', '&from=3%26mode%3Dkill' ],
	[ 'restart-as-new', 'from=3%3Bdeployment', '&from=3%3Bdeployment' ],
	[ 'restart-as-new', "Id=$dp", '-' ],
	[ 'restart-as-new', "from=3&Id=$dp", '-' ],
	[ 'restart-as-new', "deployment[Id]=$dp", '-' ],
	[ 'restart-as-new', "deployment%5BId%5D=$dp", '-' ],
	[ 'restart-as-new', "deployment%5b%49%64%5d=$dp&from=3", '-' ],
	[ 'restart-as-new', "deployment.Id=$dp", '-' ],
	[ 'restart-as-new', "%64eployment%2EId=$dp", '-' ],
	[ 'resume', "deployment=keep&Id=$dp", '-' ],
	[ 'restart-as-new', 'id=3&xId=4&Idx=5', '' ],
	[ 'restart-as-new', 'FROM=3', '' ],
	[ 'restart-as-new', 'xfrom=3', '' ],
	[ 'restart-as-new', 'from[]=3', '' ],
	[ 'restart-as-new', 'from%20=3', '' ],
	[ 'restart-as-new', '?from=3', '' ],
	[ 'restart-as-new', 'x=1?from=3', '' ],
	[ 'restart-as-new', 'x=%26from=3', '' ],
	[ 'restart-as-new', 'x=1;from=3', '' ],
	[ 'restart-as-new', 'mode=kill&mode=', '' ],
	[ 'restart-as-new', 'invocation_id=inv_2', '' ],
	[ 'restart-as-new', 'select=x&columns=y&limit=0', '' ],
	[ 'restart-as-new', 'a=%zz&%ff=1', '' ],
	[ 'restart-as-new', '', '' ],
	[ 'restart-as-new', 'from=' . '1' x 5000, '&from=' . '1' x 5000 ],
	[ 'resume', 'deployment=latest', '&deployment=latest' ],
	[ 'resume', 'from=1&from=2&deployment=keep', '&deployment=keep' ],
	[ 'resume', 'deployment=keep&deployment=keep', '-' ],
	[ 'kill', 'mode=purge&mode=purge&from=3&deployment', '' ],
	[ 'purge-journal', 'mode=kill', '' ],
	[ '', 'mode=kill', '&mode=kill' ],
	[ '', 'mode=Purge&x=y', '&mode=Purge' ],
	[ '', 'mode=', '&mode=' ],
	[ '', 'mode', '-' ],
	[ '', 'mode=kill&mode=kill', '-' ],
	[ '', '%6dode=kill&mod%65=cancel', '-' ],
	[ '', 'm%6Fde=kill', '&mode=kill' ],
	[ '', 'mode=kill,purge', '-' ],
	[ '', 'mode=KILL', '&mode=KILL' ],
	[ '', 'Mode=kill', '' ],
	[ '', 'from=3&deployment=x&deployment=y', '' ]);
for (@parameters)
{
	my ($operation, $query, $form) = @$_;
	my $function = $operation =~ tr/-/_/r || 'delete_invocation';
	my $name = ($operation || 'delete') . " with ?" . (length $query > 80 ? substr($query, 0, 80) . '...' : $query);
	my $answer = request($operation ? 'PATCH' : 'DELETE', "/invocations/$id" . ($operation && "/$operation") . "?$query");

	if ($form eq '-')
	{
		is(refusal($answer) . arrived(), '400 invalid_query_parameter-', "$name is refused");
	}
	else
	{
		is(arrived(), "$function invocation_id=$id$form", "$name is passed on");
	}
}

# those of what only answers
for ([ 'preview-restart', 'from=3&deployment=keep', '&from=3&deployment=keep' ], [ 'preview-restart', 'at=last_failure&from=', '&from=&at=last_failure' ],
	[ 'preview-restart', 'deployment=latest&at=name:charge%232', '&deployment=latest&at=name:charge%232' ], [ 'preview-restart', 'x=at=1', '' ],
	[ 'preview-restart', '%61t=time:2026-11-30T03:00:00.5Z', '&at=time:2026-11-30T03:00:00.5Z' ], [ 'preview-restart', 'at=a&%61%74=b', '-' ],
	[ 'preview-restart', 'at=name%3Aa%20b', '&at=name%3Aa%20b' ], [ 'preview-restart', 'at', '-' ], [ 'preview-restart', 'at=name:%C3%A9', '-' ],
	[ 'preview-restart', 'at=a,b', '-' ], [ 'preview-restart', "Id=$dp", '-' ], [ 'restart-point', 'at=last_completed&from=3', '&at=last_completed' ],
	[ 'restart-point', '', '&at=' ], [ 'restart-point', 'at=', '&at=' ], [ 'restart-point', 'at=a&at=a', '-' ], [ 'restart-point', 'at', '-' ],
	[ 'explain', 'from=3&from=4&at=x&mode=y', '' ], [ 'lineage', 'depth=eq.0&select=id', '' ], [ 'call-tree', 'limit=1', '' ])
{
	my ($question, $query, $form) = @$_;
	my $answer = request(GET => "/admin/invocations/$id/$question?$query");

	if ($form eq '-')
	{
		is(refusal($answer) . arrived(), '400 invalid_query_parameter-', "$question with ?$query is refused");
	}
	else
	{
		is(arrived(), ($question =~ tr/-/_/r) . " invocation_id=$id$form", "$question with ?$query is passed on");
	}
}

# ids

for my $odd (
	"$id%20", 'inv_1%2Fkill', 'x%2fpurge', '%2e%2e', '..', '.', '-', '~', '%69nv_1', 'x%26mode=kill', 'x%26mode%3Dkill',
	'x%27%22', '%25', "$id;", 'x;mode=kill', 'x&mode=kill', 'a=b', '"', "'", '$id', '${id}', '!', '%', '%zz', '%00', '%0d%0aX:%20y',
	'%ff', "\xff", "\xe2\x9c\x93", '%C3%A9', '{id}', '(x)', '*', 'x' x 5000)
{
	my $answer = request(PATCH => "/invocations/$odd/kill");
	my $name = length $odd > 40 ? substr($odd, 0, 40) . '...' : $odd;

	if ($odd =~ /^(?:[\w.~-]|%[2-7][0-9a-f])+$/ai)
	{
		is(arrived(), "kill invocation_id=$odd", "id $name is passed on to be judged");
	}
	else
	{
		# nginx refuses an escape that is none, or of a NUL, before it looks for a route
		like(refusal($answer) . arrived(), qr/^400 (invalid_invocation_id|bad_request)-$/, "id $name is refused");
	}
}
is(refusal(request(PATCH => '/invocations//kill')) . arrived(), '400 invalid_invocation_id-', 'an empty id is refused');
is(refusal(request(PATCH => "/invocations/x%2Fkill")), '405 method_not_allowed allow DELETE', 'an encoded slash makes no other route');
is(refusal(request(PATCH => "/invocations/x%3Ffrom=1/kill%3F")), '404 route_not_found', 'nor does an encoded question mark');
is(refusal(request(PATCH => "/x/../invocations/$id/kill")) . arrived(), '404 route_not_found-', 'nor do dots');
is(refusal(request(PATCH => "/invocations/$id/x/../kill")) . arrived(), '404 route_not_found-', 'nor do dots within');
like(refusal(request(PATCH => '/../../etc/passwd')), qr/^40[04] /, 'nor do more of them');
request(PATCH => "http://elsewhere/invocations/$id/restart-as-new?from=3");
is(arrived(), "restart_as_new invocation_id=$id&from=3", 'a target in absolute form is the same');

# headers

request(PATCH => "/invocations/$id/restart-as-new?from=3", undef, 'Authorization: Bearer a.b.c', 'Idempotency-Key: once "more"');
is($front->{arrived}[0]{headers}{authorization}[0], 'Bearer a.b.c', 'the token is passed on');
is($front->{arrived}[0]{headers}{'idempotency-key'}[0], 'once "more"', 'the idempotency key is passed on');
is($front->{arrived}[0]{headers}{'content-type'}[0], 'application/x-www-form-urlencoded', 'the arguments are a form');
request(PATCH => "/invocations/$id/kill", undef, map { "$_: x" } 'Prefer', 'Accept', 'Accept-Profile', 'Content-Profile', 'Range', 'Range-Unit', 'Cookie', 'X-Evil', 'Content-Type', 'Content-Encoding');
is(join(' ', map { "$_=@{$front->{arrived}[0]{headers}{$_}}" } grep { $_ ne 'host' } sort keys %{ $front->{arrived}[0]{headers} }),
	'accept=application/json content-length=' . length("invocation_id=$id") . ' content-type=application/x-www-form-urlencoded',
	'no other header gets through');
request(POST => "$batches/kill?columns=x", '{}', 'Prefer: tx=rollback', 'Accept: text/csv', 'Content-Profile: other', 'Content-Type: application/json', 'Authorization: Bearer d');
is(join(' ', map { "$_=@{$front->{arrived}[0]{headers}{$_}}" } grep { $_ ne 'host' } sort keys %{ $front->{arrived}[0]{headers} }),
	'accept=application/json authorization=Bearer d content-length=2 content-type=application/json', 'nor for a batch');
is(refusal(request(PATCH => "/invocations/$id/restart-as-new", undef, "Idempotency-Key: a\x01b")) . arrived(), '400 invalid_query_parameter-', 'an idempotency key that is not text is refused');
is(refusal(request(PATCH => "/invocations/$id/restart-as-new", undef, "Idempotency-Key: \xc3\xa9")) . arrived(), '400 invalid_query_parameter-', 'so is one that is not ASCII');
$front->exchange("PATCH /invocations/$id/kill HTTP/1.1\nHost: x\nConnection: close\nIdempotency-Key: a\nX: b\n\n");
is(arrived(), "kill invocation_id=$id", 'bare line feeds smuggle nothing in');

# two requests of one connection share nothing
$front->exchange("PATCH /invocations/$id/restart-as-new?from=3&deployment=keep HTTP/1.1\r\nHost: x\r\nIdempotency-Key: a\r\nAuthorization: b\r\n\r\n"
	  . "PATCH /invocations/x/restart-as-new HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
is(join(' ', map { $_->{body} } @{ $front->{arrived} }), "invocation_id=$id&from=3&deployment=keep invocation_id=x", 'parameters do not outlive their request');
ok(!$front->{arrived}[1]{headers}{'idempotency-key'} && !$front->{arrived}[1]{headers}{authorization}, 'nor do headers');

# bodies

request(PATCH => "/invocations/$id/kill", 'mode=x&invocation_id=other', 'Content-Type: application/x-www-form-urlencoded');
is(arrived(), "kill invocation_id=$id", 'the body of an operation is ignored');
for my $type ('application/json', 'application/json; charset=utf-8', 'Application/JSON', 'application/json;x', 'application/vnd.restate+json')
{
	request(POST => "$batches/kill", '{"a":1}', "Content-Type: $type");
	is(arrived(), 'kill_batch {"a":1}', "a batch of type $type is passed on");
}
for my $type ('text/plain', 'application/jsonx', 'application/x-www-form-urlencoded', 'text/json', 'json', 'application/ json', '')
{
	is(refusal(request(POST => "$batches/kill", '{"a":1}', "Content-Type: $type")) . arrived(), '415 unsupported_media_type-', "a batch of type '$type' is refused");
}
is(refusal(request(POST => "$batches/kill", '{"a":1}')) . arrived(), '415 unsupported_media_type-', 'a batch of no type is refused');
request(POST => "$batches/kill", "4\r\n{\"a\"\r\n3\r\n:1}\r\n0\r\n\r\n", 'Transfer-Encoding: chunked', 'Content-Type: application/json');
is(arrived(), 'kill_batch {"a":1}', 'a batch in chunks is passed on');
my $large = '["' . 'x' x (2 * 1024 * 1024 - 4) . '"]';
request(POST => "$batches/purge", $large, 'Content-Type: application/json');
is(length arrived(), length("purge_batch $large"), 'a batch of 2 MiB is passed on');
is(refusal(request(POST => "$batches/purge", "$large ", 'Content-Type: application/json')) . arrived(), '413 body_too_large-', 'one of more is refused');
is(refusal(request(POST => "$batches/purge", '', "Content-Length: $_", 'Content-Type: application/json')) . arrived(), '413 body_too_large-', "also one that says $_")
  for 2097153, 2097159, 2097160, 2097199, 2097200, 2098000, 2100000, 2999999, 3000000, 9999999, 10000000, '0002097153';
is(refusal(request(POST => "$batches/purge", chunked("$large "), 'Transfer-Encoding: chunked', 'Content-Type: application/json')) . arrived(), '413 body_too_large-', 'also one in chunks');
request(POST => "$batches/restart-as-new", '{"invocation_ids":["a"]}', 'Content-Type: application/json', 'Idempotency-Key: once more');
is($front->{arrived}[0]{headers}{'idempotency-key'}[0], 'once more', 'the idempotency key of a batch is passed on');
is(refusal(request(POST => "$batches/restart-as-new", '{"invocation_ids":["a"]}', 'Content-Type: application/json', "Idempotency-Key: \xc3\xa9")) . arrived(), '400 invalid_query_parameter-', 'one that is not ASCII is refused');
request(PATCH => "/invocations/$id/kill", 'x' x (3 * 1024 * 1024));
is(arrived(), "kill invocation_id=$id", 'the body of an operation is ignored, larger than a batch may be');
request(PATCH => "/invocations/$id/kill", chunked('x' x (3 * 1024 * 1024)), 'Transfer-Encoding: chunked');
is(arrived(), "kill invocation_id=$id", 'so is one in chunks');
request(PATCH => "/invocations/$id/kill", 'x' x (64 * 1024 * 1024));
is(arrived(), "kill invocation_id=$id", 'and one of 64 MiB');
is(refusal(request(PATCH => "/invocations/$id/kill", '', 'Content-Length: 67108865')) . arrived(), '413 body_too_large-', 'beyond which it is refused');
is(refusal(request(POST => "$batches/purge", '', 'Content-Length: 99999999999', 'Content-Type: application/json')) . arrived(), '413 body_too_large-', 'also one that is only announced');

# malformed requests are answered in the documented form

is(refusal(request(PATCH => '/invocations/' . 'a' x 65527 . '/purge-journal')) . arrived(), '414 uri_too_long-', 'a target of 65 KiB is refused');
is(refusal(request(PATCH => "/invocations/$id/kill", undef, 'X: ' . 'a' x 65536)) . arrived(), '400 bad_request-', 'a header of 64 KiB is refused');
is(refusal($front->exchange($_->[1])) . arrived(), '400 bad_request-', "$_->[0] is refused")
  for [ 'a method in lower case', "patch /invocations/$id/kill HTTP/1.1\r\nHost: x\r\n\r\n" ],
  [ 'a space in the path', "PATCH /invocations/a b/kill HTTP/1.1\r\nHost: x\r\n\r\n" ],
  [ 'a request without a host', "PATCH /invocations/$id/kill HTTP/1.1\r\nConnection: close\r\n\r\n" ],
  [ 'a request with two hosts', "PATCH /invocations/$id/kill HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n" ],
  [ 'a request with two lengths', "POST $batches/kill HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab" ],
  [ 'garbage', "\x16\x03\x01\x02\r\n\r\n" ];

# answers of PostgREST are passed on as they are

for my $status ('200 OK', '400 invalid from "x"', '401 Unauthorized', '403 Forbidden', '404 invocation inv_1 not found', '405 Method Not Allowed', '409 x', '410 x',
	'422 x', '425 x', '500 Internal Server Error', '503 cannot run', '504 x')
{
	my $body = '{"code":"PT000","details":null,"hint":null,"message":"m"}';

	$front->{reply} = "HTTP/1.1 $status\r\nContent-Type: application/json; charset=utf-8\r\nContent-Range: 0-0/*\r\nContent-Length: " . length($body) . "\r\n\r\n$body";
	my $answer = request(PATCH => "/invocations/$id/kill");
	is("$answer->{status} $answer->{reason}", $status, "$status is passed on");
	is($answer->{body}, $body, 'with its body');
	ok(!$answer->{headers}{'content-range'}, 'without what is of no use');
}
$front->{reply} = $accepted;

# Every recorded exchange: what nginx is to answer, it answers as expected; all
# else reaches the function with what the client sent.  What that then answers
# and does is compared where there is a database.

my %of_nginx = map { $_ => 1 } qw(route_not_found method_not_allowed unsupported_api_version unsupported_media_type body_too_large);
# What nginx refuses before the function is asked, and so as something else than
# was recorded: recorded as => answered as.
my %early = (
	'other bad_request' => 'a request line with a space',
	'invalid_path bad_request' => 'an escape of a NUL, or one that is none',
	'invalid_invocation_id bad_request' => 'an escape of a NUL, or one that is none',
	'invalid_path invalid_invocation_id' => 'an id with characters that none has',
	'invalid_deployment_id invalid_query_parameter' => 'a parameter with characters that none takes');
my (%skipped, %by_rule, @wrong);
my $run = 0;

# Returns why a recorded exchange has no counterpart here.
sub has_no_counterpart
{
	my ($line) = @_;
	my $path = $line->{request}{path};

	return 'another resource' if $path =~ m{^(?:/v[23])?(?:/(?:query|deployments|services|health|version|openapi|ui|cluster-health|subscriptions)(?:/.*)?|/?)$};
	return 'a target that is recorded in short' if $path =~ /\.\.\.\(\d+\)$/;
	return 'nginx refuses a method in lower case itself' if $line->{request}{method} =~ /[a-z]/;
	return;
}

# Returns what is wrong with an answer of nginx to a recorded exchange: status,
# category, content type, keys and Allow are as expected, in the documented form.
sub wrong_refusal
{
	my ($line, $answer, $category) = @_;
	my $want = { %{ $line->{recorded} }, %{ $line->{expect} || {} } };
	my $recorded = $want->{category} // '';
	my $is = refusal($answer);
	my ($status, $answered) = split / /, $is;
	my $type = $want->{content_type} // 'none';

	# of HEAD there are only the headers
	return $answer->{status} == $want->{status} ? '' : "status $answer->{status}" if $line->{request}{method} eq 'HEAD';
	# every error has the JSON body, those too that were recorded as plain text
	return "recorded as $type" unless $type =~ m{^(?:application/json|text/plain; charset=utf-8)$}
	  || $line->{expect} || $category ne $recorded || $category eq 'other';
	return "recorded with @{ $want->{body_keys} }" if $want->{body_keys} && "@{ $want->{body_keys} }" ne 'message restate_code';
	if ($status eq '400' && (my $why = $early{"$category " . ($answered // '')}))
	{
		$by_rule{$why}++;
		return '';
	}
	my $expected = ($category eq $recorded ? $want->{status} : 400) . " $category"
	  . (defined $want->{allow} ? " allow $want->{allow}" : '');
	return $is eq $expected ? '' : "answered $is, expected $expected";
}

# Replays a recorded exchange and returns what is wrong with it.
sub replay
{
	my ($line) = @_;
	my $request = $line->{request};
	my $want = { %{ $line->{recorded} }, %{ $line->{expect} || {} } };
	my $target = $request->{path} . ($request->{query} // '');
	my $body = $request->{body};
	my ($path, $query) = split /\?/, $target, 2;
	my $operation;

	if (defined $body && !ref $body && $body =~ /^(\d+) x unknown id/)
	{
		$body = { invocation_ids => [ ($id) x $1 ] };
	}
	my %headers = %{ $request->{headers} || {} };
	# a body that is recorded as the text it was has the headers that were recorded
	$headers{'content-type'} //= 'application/json' if ref $body;
	$body = $json->canonical->encode($body) if ref $body;
	for ($target, $path, $query, $body)
	{
		next unless defined;
		s/\{(?:inv|new)[:#][^{}"]*\}/$id/g;
		s/\{dp[:#][^{}"]*\}/$dp/g;
		utf8::encode($_) if utf8::is_utf8($_);
	}
	my $answer = request($request->{method}, $target, $body, map { "$_: $headers{$_}" } sort keys %headers);
	my $arrived = arrived();
	my $category = $want->{category} // '';

	if ($arrived eq '-')
	{
		# an id is exactly its 38 characters, whatever was recorded
		$category = 'invalid_invocation_id'
		  if $category !~ /^invalid_/ && $path =~ m{^(?:/v[23])?/invocations/([^/]*)} && decoded($1) =~ /^\Q$id\E./s;
		return wrong_refusal($line, $answer, $category);
	}
	return "arrived: $arrived" if $of_nginx{$category} || $category eq 'other';
	$path =~ s{^http://[^/]*}{};
	if ($path =~ m{^(?:/v[23])?\Q$batches\E/([a-z-]+)$})
	{
		my $expected = ($1 =~ tr/-/_/r) . '_batch ' . ($body // '');
		return $arrived eq $expected ? '' : "arrived: $arrived";
	}
	$path =~ m{^(?:/v[23])?/invocations/([^/]*)(?:/([a-z-]+))?$} or return "arrived: $arrived";
	my %expected = (invocation_id => decoded($1));
	$operation = ($2 // 'delete-invocation') =~ tr/-/_/r;
	for (split /&/, $query // '')
	{
		my ($name, $value) = map { decoded($_, 1) } split(/=/, $_, 2), '';
		$expected{$name} = $value if $operation eq 'delete_invocation' ? $name eq 'mode'
		  : $operation eq 'restart_as_new' ? $name =~ /^(?:from|deployment)$/ : $operation eq 'resume' && $name eq 'deployment';
	}
	my ($function, $form) = split / /, $arrived, 2;
	my %form = map { my ($name, $value) = split /=/, $_, 2; $name => decoded($value, 1) } split /&/, $form;
	return $function eq $operation && $json->canonical->encode(\%form) eq $json->canonical->encode(\%expected) ? '' : "arrived: $arrived";
}

open my $cases, '<', "$top/test/conformance/cases.jsonl" or die $!;
while (<$cases>)
{
	my $line = $json->decode($_);

	if (my $reason = has_no_counterpart($line))
	{
		$skipped{$reason}++;
		next;
	}
	$run++;
	my $wrong = replay($line);
	push @wrong, "$line->{case}: $wrong" if $wrong;
}
diag sprintf 'replayed %d recorded exchanges, %d as expected', $run, $run - @wrong;
diag "not replayed, $skipped{$_}: $_" for sort keys %skipped;
diag "refused early, $by_rule{$_}: $_" for sort keys %by_rule;
isnt($run, 0, 'there are recorded exchanges to replay');
is(join("\n", @wrong), '', 'each of them is answered by nginx or reaches its function');

# PostgREST is gone

close $_->{socket} for @{ $front->{connections} };
$front->{connections} = [];
close delete $front->{upstream};
my $answer = request(PATCH => "/invocations/$id/kill");
is(refusal($answer), '503 unavailable', 'without PostgREST the answer is 503');
is($answer->{headers}{'retry-after'}[0], 1, 'to be tried again');

# the documentation shows the files as they are

my $doc = NginxFront::slurp("$top/doc/postgrest.md");
isnt(index($doc, NginxFront::slurp("$top/examples/postgrest/$_")), -1, "doc/postgrest.md has $_") for 'roles.sql', 'postgrest.conf';
my %documented = map { $_ => 1 } $doc =~ /[|,] `(\w+)\(invocation_id[,)]/g;
is(join(' ', sort keys %documented), join(' ', sort grep { !/_batch$/ } keys %paths, keys %questions), 'and every function');

$front->stop;
my $log = NginxFront::slurp("$tmp/nginx/error.log");
unlike($log, qr/\[(?:emerg|alert|crit)\]/, 'nginx had nothing alarming to say');
done_testing();
