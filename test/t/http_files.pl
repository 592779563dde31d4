# The files of --ui-dir, served from /ui: what is sent of them, and that nothing
# beside them is, whatever the path says and whatever is in the directory.
use strict;
use warnings;

use IO::Select;
use IPC::Run ();
use POSIX qw(mkfifo);
use PostgreSQL::Test::Utils;
use Test::More;
use Time::HiRes qw(sleep time);

use RestateGateway;
use RestateNode;

my $node = new_node('http_files');
grant_roles($node);
my $top = PostgreSQL::Test::Utils::tempdir;
my $dir = "$top/ui";
my $start_page = "<!DOCTYPE html><title>A page</title>\n";

mkdir $_ or die "$_: $!" for $dir, "$dir/assets", "$dir/assets/deep", "$dir/.git", "$dir/empty", "$top/beside";
my %files = (
	'ui/index.html' => $start_page,
	'ui/assets/app.js' => "export const a = 1;\n",
	'ui/assets/deep/a b+c%.css' => "a { color: red }\n",
	'ui/assets/font.woff2' => join('', map { chr } 0 .. 255),
	'ui/assets/nothing.js' => '',
	'ui/assets/data.unknown' => 'data',
	'ui/assets/no_suffix' => 'none',
	'ui/site.webmanifest' => "{}\n",
	'ui/icon.svg' => "<svg/>\n",
	"ui/assets/\xc3\xa4.js" => "1;\n",
	'ui/.git/config' => 'hidden',
	'ui/.secret' => 'hidden',
	'secret' => 'beside',
	'beside/secret.js' => 'beside');
append_to_file("$top/$_", $files{$_}) for keys %files;
symlink '../../secret', "$dir/assets/link.js" or die $!;
symlink "$top/beside", "$dir/assets/links" or die $!;
symlink 'app.js', "$dir/assets/own_link.js" or die $!;
mkfifo("$dir/assets/pipe.js", 0600) or die $!;
append_to_file("$dir/assets/closed.js", 'closed');
chmod 0, "$dir/assets/closed.js";

my $gateway = start_gateway($node, "--ui-dir=$dir");

# Returns status, type, length of the body or what it is.
sub got
{
	my ($path, $method, @headers) = @_;
	my $answer = request($gateway, $method // 'GET', $path, undef, @headers) or return 'no answer';

	return join ' ', $answer->{status}, $answer->{headers}{'content-type'} // '-', $answer->{body} eq $start_page ? 'start page' : $answer->{body};
}

# what there is

is(got('/ui/'), '200 text/html; charset=utf-8 start page', 'the start page');
is(got('/ui/index.html'), '200 text/html; charset=utf-8 start page', 'by its name, too');
is(got('/ui/assets/app.js'), "200 text/javascript; charset=utf-8 export const a = 1;\n", 'a script');
is(got('/ui/assets/app.js?v=1&x=/../'), "200 text/javascript; charset=utf-8 export const a = 1;\n", 'a query means nothing');
is(got('/ui/assets/deep/a%20b+c%25.css'), "200 text/css; charset=utf-8 a { color: red }\n", 'a name that is escaped');
is(got('/ui/%61ssets/%C3%A4.js'), "200 text/javascript; charset=utf-8 1;\n", 'and one that is not ASCII');
is(got('/ui/assets/font.woff2'), '200 font/woff2 ' . join('', map { chr } 0 .. 255), 'bytes are sent as they are');
is(got('/ui/assets/nothing.js'), '200 text/javascript; charset=utf-8 ', 'a file of no bytes');
is(got('/ui/site.webmanifest'), "200 application/manifest+json {}\n", 'a manifest');
is(got('/ui/icon.svg'), "200 image/svg+xml <svg/>\n", 'a picture');
is(got('/ui/assets/data.unknown'), '200 application/octet-stream data', 'a type that is not known');
is(got('/ui/assets/no_suffix'), '200 application/octet-stream none', 'a name without a suffix');

my $whole = request($gateway, 'GET', '/ui/assets/app.js');
my $head = request($gateway, 'HEAD', '/ui/assets/app.js');
is($head->{body}, '', 'HEAD has no body');
delete $_->{headers}{date} for $whole, $head;
is_deeply($head->{headers}, $whole->{headers}, 'and the headers of GET');
is($whole->{headers}{'cache-control'}, 'no-cache', 'a file is asked for anew');
is($whole->{headers}{'x-content-type-options'}, 'nosniff', 'and is of the type that it is said to be');
is($whole->{headers}{'content-security-policy'}, "frame-ancestors 'self'", 'no other page shows it in a frame');
is($whole->{headers}{'service-worker-allowed'}, '/', 'a service worker may work for all paths');

# what the client has

my $tag = $whole->{headers}{etag};
like($tag, qr/^"[^"]+"$/, 'a file has a tag');
my $socket = open_connection($gateway);
send_bytes($socket, "GET /ui/assets/app.js HTTP/1.1\r\nHost: localhost\r\nIf-None-Match: \"x\", W/$tag\r\n\r\nGET /live HTTP/1.1\r\nHost: localhost\r\n\r\n");
my $same = read_answer($socket, 'HEAD');
is("$same->{status} $same->{headers}{etag}", "304 $tag", 'a client that has the file is told so');
is(read_answer($socket)->{status}, 200, 'and gets the next answer on its connection');
is(got('/ui/assets/app.js', 'GET', 'If-None-Match: "x", W/"y"'), "200 text/javascript; charset=utf-8 export const a = 1;\n", 'one that has another gets it');
isnt(request($gateway, 'HEAD', '/ui/')->{headers}{etag}, $tag, 'files have tags of their own');
append_to_file("$dir/assets/app.js", "more;\n");
is(request($gateway, 'GET', '/ui/assets/app.js', undef, "If-None-Match: $tag")->{status}, 200, 'a file that has changed has another tag');

# all else is a page of the UI

for my $path ('invocations', 'invocations/inv_1abc?a=b', 'state/my.service', 'assets', 'assets/', 'assets/missing.js', '/', 'empty/', 'a/b/c/d/e/f/g/h/i/j',
	'assets/app.js/', 'assets/app.js/x', ('x' x 300), 'assets/%00app.js', 'assets/app.js%00.css')
{
	is(got("/ui/$path"), '200 text/html; charset=utf-8 start page', "the start page for " . substr($path, 0, 40));
}
for my $path ('../secret', 'assets/../../secret', '%2e%2e/secret', '..%2fsecret', '.%2e/secret', 'assets/..%2f..%2fsecret', '/../secret', '%2fetc/passwd', '/etc/passwd',
	'..\\secret', 'assets/%2e%2e/%2e%2e/secret', '.secret', '.git/config', '%2esecret', './index.html', 'assets/./app.js', 'assets//app.js',
	'assets/link.js', 'assets/links/secret.js', 'assets/own_link.js', 'assets/pipe.js', 'assets/closed.js')
{
	next if $path eq 'assets/closed.js' && $> == 0;
	is(got("/ui/$path"), '200 text/html; charset=utf-8 start page', "and for $path");
}
is(got('/ui/', $_), '405 application/json {"message":"the method is not served here","restate_code":"method_not_allowed"}', "$_ is not served")
  for qw(POST PUT DELETE OPTIONS);

# where the UI is

for (['/', '/ui/'], ['/ui', '/ui/'], ['/ui?a=b&c', '/ui/?a=b&c'], ['/?a=%0d%0ab', '/ui/?a=%0d%0ab'], ['/ui?' . 'x' x 3000, '/ui/'])
{
	my ($path, $to) = @$_;
	my $answer = request($gateway, 'GET', $path);

	is("$answer->{status} $answer->{headers}{location} [$answer->{body}]", "308 $to []", 'sent to the UI from ' . substr($path, 0, 20));
}
is(request($gateway, 'GET', '/uix')->{status}, 404, 'another path is another path');
my ($files) = request($gateway, 'GET', '/metrics')->{body} =~ m{^restate_gateway_requests_total\{method="GET",route="/ui/\{file\}",status="200"\} (\d+)$}m;
cmp_ok($files // 0, '>', 20, 'files are counted as one route');

# who may

is(exchange($gateway, "GET /ui/ HTTP/1.1\r\nHost: elsewhere.example\r\nConnection: close\r\n\r\n")->{status}, 421, 'for a foreign name nothing is served');
my $token = 'a token of many characters';
append_to_file("$top/token", "$token\n");
my $guarded = start_gateway($node, "--ui-dir=$dir", "--token-file=$top/token");
is(request($guarded, 'GET', $_)->{status}, 200, "without the token: $_") for '/ui/', '/ui/assets/app.js', '/ui/invocations';
is(request($guarded, 'GET', '/')->{status}, 308, 'and the way there');
is(request($guarded, 'GET', $_)->{status}, 401, "not without it: $_") for '/version', '/deployments', '/openapi';
my $without = start_gateway($node);
is(request($without, $_->[0], $_->[1])->{status}, 404, "without --ui-dir $_->[0] $_->[1] is 404")
  for ['GET', '/'], ['GET', '/ui'], ['GET', '/ui/'], ['GET', '/ui/assets/app.js'], ['POST', '/ui/'];

# how much of it

SKIP:
{
	skip 'below valgrind memory is another', 4 if $ENV{VALGRIND};
	my $resident = sub { slurp_file("/proc/$gateway->{pid}/status") =~ /^VmRSS:\s+(\d+)/m ? $1 : 0 };
	my $files = sub { scalar(() = glob "/proc/$gateway->{pid}/fd/*") };
	open my $large, '>', "$dir/assets/large.png" or die $!;
	truncate $large, 3_000_000_000 or die $!;
	close $large;
	is(request($gateway, 'HEAD', '/ui/assets/large.png')->{headers}{'content-length'}, 3_000_000_000, 'a large file');
	my ($before, $open_before) = ($resident->(), $files->());
	my @slow = map { open_connection($gateway) } 1 .. 140;
	send_bytes($_, "GET /ui/assets/large.png HTTP/1.1\r\nHost: localhost\r\n\r\n") for @slow;
	my %statuses;
	for (@slow)
	{
		IO::Select->new($_)->can_read($RestateGateway::patience) or next;
		sysread $_, my $line, 12;
		$statuses{ substr $line, 9 }++;
	}
	is_deeply(\%statuses, { 200 => 128, 503 => 12 }, 'so many are sent at a time, and to the others it is said');
	cmp_ok($resident->() - $before, '<', 50_000, 'which takes no memory');
	close $_ for @slow;
	wait_until(sub { $files->() <= $open_before + 2 });
	is(got('/ui/'), '200 text/html; charset=utf-8 start page', 'when they have gone there is room again');
}

# a directory that changes, or is none

rename "$dir/index.html", "$dir/index.old" or die $!;
is(got('/ui/'), '404 application/json {"message":"the directory of --ui-dir has no index.html any more","restate_code":"route_not_found"}', 'no start page any more');
rename $dir, "$top/old" or die $!;
is(request($gateway, 'GET', '/ui/')->{status}, 404, 'no directory any more');
mkdir $dir or die $!;
append_to_file("$dir/index.html", $start_page);
is(got('/ui/'), '200 text/html; charset=utf-8 start page', 'another in its place is served');

for (["$top/nowhere", 'No such file or directory'], ["$top/secret", 'Not a directory'], ["$top/old", 'No such file or directory'])
{
	my ($wrong, $reason) = @$_;
	my $output = '';

	IPC::Run::run([ $RestateGateway::program, '--listen=127.0.0.1:0', '--db=', "--ui-dir=$wrong" ], '<', \'', '>&', \$output, IPC::Run::timeout($PostgreSQL::Test::Utils::timeout_default));
	is($? >> 8, 1, "it does not start with $wrong");
	like($output, qr/event=start_failed error="there is no index\.html to serve" ui_dir="\Q$wrong\E" reason="\Q$reason\E"/, 'and says why');
}

done_testing();
