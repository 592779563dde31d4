# The console's files, served from the program: each as it is in the tree, with a policy
# that lets the page have nothing else, to everybody.
use strict;
use warnings;

use Cwd;
use JSON::PP;
use PostgreSQL::Test::Utils;
use Test::More;

use RestateGateway;
use RestateNode;

my $node = new_node('http_console');
grant_roles($node);
my $top = getcwd() . '/src/gateway/console';
my $gateway = start_gateway($node, '--reason-header=X-Why "quoted"');
my %types = (html => 'text/html; charset=utf-8', css => 'text/css; charset=utf-8', mjs => 'text/javascript; charset=utf-8', svg => 'image/svg+xml');
my @names = map { s{.*/}{}r } glob "$top/*";
my %headers = (
	'cache-control' => 'no-cache',
	'content-security-policy' => "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types 'none'",
	'cross-origin-opener-policy' => 'same-origin',
	'cross-origin-resource-policy' => 'same-origin',
	'referrer-policy' => 'no-referrer',
	'x-content-type-options' => 'nosniff');

# Returns those of an answer's headers that are of the console.
sub policy
{
	my ($answer) = @_;

	return { map { $_ => $answer->{headers}{$_} } keys %headers };
}

# each file

cmp_ok(scalar @names, '>', 10, 'the tree has the files');
my %tags;
for my $name (@names)
{
	my $answer = request($gateway, 'GET', "/console/$name");
	my ($suffix) = $name =~ /\.(\w+)$/;

	is("$answer->{status} $answer->{headers}{'content-type'}", "200 $types{$suffix}", "$name is served");
	ok($answer->{body} eq slurp_file("$top/$name"), 'as it is in the tree');
	is_deeply(policy($answer), \%headers, 'with the policy');
	$tags{ $answer->{headers}{etag} } = $name;
}
is(scalar keys %tags, scalar @names, 'each has a tag of its own');
my $page = request($gateway, 'GET', '/console/');
is($page->{body}, slurp_file("$top/index.html"), 'the page is that of the path');
is(request($gateway, 'GET', '/v3/console/')->{body}, $page->{body}, 'below a version, too');
is(request($gateway, 'GET', '/console/%61pp.mjs?x=1')->{body}, slurp_file("$top/app.mjs"), 'a name may be escaped, and a query means nothing');

# HEAD, and what the client has

my $head = request($gateway, 'HEAD', '/console/');
is($head->{body}, '', 'HEAD has no body');
delete $_->{headers}{date} for $head, $page;
is_deeply($head->{headers}, $page->{headers}, 'and the headers of GET');
my $tag = $page->{headers}{etag};
for ([ $tag, 304 ], [ "\"x\", W/$tag", 304 ], [ '*', 304 ], [ '"x"', 200 ])
{
	my ($known, $status) = @$_;
	my $answer = request($gateway, 'GET', '/console/', undef, "If-None-Match: $known");

	is($answer ? $answer->{status} : 'none', $status, "If-None-Match: $known") if $status == 200;
	next if $status == 200;
	my $socket = open_connection($gateway);
	send_bytes($socket, "GET /console/ HTTP/1.1\r\nHost: localhost\r\nIf-None-Match: $known\r\n\r\nGET /live HTTP/1.1\r\nHost: localhost\r\n\r\n");
	$answer = read_answer($socket, 'HEAD');
	is("$answer->{status} $answer->{headers}{etag}", "304 $tag", "If-None-Match: $known");
	is_deeply(policy($answer), \%headers, 'the policy stands there as well');
	is(read_answer($socket)->{status}, 200, 'and the next answer follows');
}

# nothing else

for my $path ('app.mjs/', 'app.mjs/x', 'nothing.mjs', '../routes.c', '%2e%2e%2froutes.c', 'app.mjs%00', 'APP.MJS', 'console.c', ('x' x 300), '%ff', '/index.html', '.')
{
	my $answer = request($gateway, 'GET', "/console/$path");

	is(told($answer), '404 route_not_found', "$path is none of them");
	is($answer->{headers}{'content-security-policy'}, $headers{'content-security-policy'}, 'which is said under the policy');
	is($answer->{headers}{etag}, undef, 'without a tag');
}
is(told(request($gateway, $_, '/console/')), '405 method_not_allowed', "$_ is not served") for qw(POST PUT DELETE OPTIONS);
for my $method (qw(GET HEAD))
{
	my $answer = request($gateway, $method, '/console');

	is("$answer->{status} $answer->{headers}{location} [$answer->{body}]", '308 console/ []', "$method of the path without a slash leads there");
}
is(request($gateway, 'GET', '/consolex')->{status}, 404, 'another path is another path');

# what the page is told

my $settings = request($gateway, 'GET', '/console/settings.json');
is($settings->{headers}{'content-type'}, 'application/json', 'the settings are JSON');
is_deeply(decode_json($settings->{body}), { needs_token => JSON::PP::false, has_queries => JSON::PP::true, reason_header => 'X-Why "quoted"' }, 'how the gateway was started');
is_deeply(policy($settings), \%headers, 'with the policy');
is($settings->{headers}{etag}, undef, 'and no tag: another start has others');
my ($served) = request($gateway, 'GET', '/metrics')->{body} =~ m{^restate_gateway_requests_total\{method="GET",route="/console/\{file\}",status="200"\} (\d+)$}m;
cmp_ok($served // 0, '>=', scalar @names, 'files are counted as one route');

# who may

is(exchange($gateway, "GET /console/ HTTP/1.1\r\nHost: elsewhere.example\r\nConnection: close\r\n\r\n")->{status}, 421, 'for a foreign name nothing is served');
my $token = 'a token of many characters';
my $file = PostgreSQL::Test::Utils::tempdir . '/token';
append_to_file($file, "$token\n");
my $guarded = start_gateway($node, "--token-file=$file", '--query-db=');
is(request($guarded, 'GET', $_)->{status}, 200, "without the token: $_") for '/console/', '/console/app.mjs', '/console/settings.json';
my $told = request($guarded, 'GET', '/console/settings.json')->{body};
is(decode_json($told)->{needs_token}, JSON::PP::true, 'the page is told that it needs one');
unlike($told, qr/many characters/, 'and not which');
is(request($guarded, 'GET', $_)->{status}, 401, "not without it: $_") for '/version', '/admin/invocations/inv_1/explain';

# what the files have in them: nothing that the policy would forbid, nor a way to put
# markup into the page

for my $name (@names)
{
	my $text = slurp_file("$top/$name");

	unlike($text, qr/\b(?:innerHTML|outerHTML|insertAdjacentHTML|createContextualFragment|DOMParser|srcdoc|setHTML\w*|eval|Function)\b|\bdocument\.write/, "$name makes no markup of text");
	unlike($text =~ s{xmlns="http://www\.w3\.org/2000/svg"}{}r, qr{\b(?:https?|wss?|data|javascript):|//\w+\.\w}, 'and names no other place') unless $name eq 'api.mjs';
	next unless $name =~ /\.(?:html|svg)$/;
	unlike($text, qr/<style|\sstyle=|\son\w+=|<script(?![^>]*\ssrc=)/, 'and has no script or style in it');
}

done_testing();
