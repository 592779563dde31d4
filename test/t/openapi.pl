# The OpenAPI document is valid, describes the routes that are served and no
# others, and names the errors that there are.
use strict;
use warnings;

use Cwd;
use IPC::Run ();
use JSON::PP;
use PostgreSQL::Test::Utils;
use Test::More;

use NpmTool;
use RestateGateway;
use RestateNode;

my $validator = npm_tool('validate-api');
my $top = getcwd();
my $text = slurp_file("$top/src/gateway/openapi.json");
my $document = decode_json($text);

# Runs the validator on a document; returns its exit code and what it printed.
sub validate
{
	my ($json) = @_;
	my $file = PostgreSQL::Test::Utils::tempdir . '/openapi.json';
	my $output = '';

	append_to_file($file, $json);
	IPC::Run::run([ $validator, $file ], '<', \'', '>&', \$output);
	return ($?, $output);
}

my ($status, $output) = validate($text);
is($status, 0, 'the document is valid OpenAPI') or diag($output);
(my $dangling = $text) =~ s{#/components/schemas/Handler"}{#/components/schemas/Nothing"};
($status) = validate($dangling);
isnt($status, 0, 'the validator finds a dangling reference');
(my $malformed = $text) =~ s/"in": "path"/"in": "nowhere"/;
($status) = validate($malformed);
isnt($status, 0, 'the validator finds a malformed parameter');

# every reference has its component, and every component is referred to
my %referred = map { $_ => 1 } $text =~ m{"\$ref": "#/components/(\w+/\w+)"}g;
my %defined;
for my $kind (grep { $_ ne 'securitySchemes' } keys %{ $document->{components} })
{
	$defined{"$kind/$_"} = 1 for keys %{ $document->{components}{$kind} };
}
is_deeply([ sort keys %referred ], [ sort keys %defined ], 'components are those that are referred to');

my ($version) = slurp_file("$top/restate_admin.control") =~ /^default_version *= *'(.*)'/m;
is($document->{info}{version}, $version, 'the document has the version of the control file');

# the routes in the source, with the names of parameters left out
my $routes = slurp_file("$top/src/gateway/routes.c");
my %served;
$served{"PATCH /invocations/{}/$1"} = 1 while $routes =~ /^\tOPERATION\(\s*"([\w-]+)"/mg;
$served{"POST /internal/invocations_batch_operations/$1"} = 1 while $routes =~ /^\tBATCH\(\s*"([\w-]+)"/mg;
$served{"GET /admin/invocations/{}/$1"} = 1 while $routes =~ /^\tASK\(\s*"([\w-]+)"/mg;
$served{"$1 /deployments/{}"} = 1 while $routes =~ /^\tUPDATE\("(\w+)"/mg;
$served{"$1 /admin/bulk-jobs/{}$2"} = 1 while $routes =~ /^\tBULK\("(\w+)", \S+,\s+"([^"]*)"/mg;
while ($routes =~ /^\t(?:\{\.method = "(\w+)",\s.*?\.pattern = "|(READ)\(\s*SEGMENTS\(.*?\),\s+"|NOT_BUILT\(\s*"(\w+)",\s+SEGMENTS\(.*?\),\s+")(\/[^"]+)"/smg)
{
	my ($method, $pattern) = ($1 // $3 // 'GET', $4);
	$served{"$method " . $pattern =~ s/\{\w+\}/{}/gr} = 1;
}
my %documented;
my @operations;
for my $path (sort keys %{ $document->{paths} })
{
	for my $method (sort keys %{ $document->{paths}{$path} })
	{
		$documented{ uc($method) . ' ' . $path =~ s/\{\w+\}/{}/gr } = 1;
		push @operations, [ uc $method, $path, $document->{paths}{$path}{$method} ];
	}
}
is_deeply([ sort keys %documented ], [ sort keys %served ], 'the document has the routes of the source');

# the categories in the source
my %categories;
my $sources = join '', map { slurp_file($_) } glob("$top/src/gateway/*.c");
$categories{$1} = 1 while $sources =~ /answer_error\([^;"]*?"([a-z_]+)"/g;
$categories{$1} = 1 while $sources =~ /\.missing = "([a-z_]+)"/g;
$categories{$1} = 1 while $sources =~ /^#define INVALID_QUERY "([a-z_]+)"/mg;
my $outcomes = slurp_file("$top/src/types/outcome.c");
$categories{$1} = 1 while $outcomes =~ /\{"([a-z_]+)", [45]\d\d,/g;
# what an attempt of an invocation is refused with, which has no path
delete @categories{qw(attempt_lost command_not_allowed journal_mismatch)};
# and what a registration is refused with, which has codes of Restate's
delete @categories{qw(breaking_change unsupported_protocol reserved_name)};
# nor is a store distributed by a path
delete $categories{citus_not_ready};
my %named;
for my $description (map { $_ =~ /"description": "((?:[^"\\]|\\.)*)"/ ? $1 : () } split /\n/, $text)
{
	$named{$1} = 1 while $description =~ /[(, ]`([a-z]+(?:_[a-z]+)*)`(?=[,)])/g;
}
delete @named{qw(cancel kill purge)};
delete @named{ grep { /^sys_/ } keys %named };
is_deeply([ sort keys %named ], [ sort keys %categories ], 'the document names the categories of the source');

# what the gateway says
my $node = new_node('openapi');
load_example($node);
$node->safe_psql('postgres', slurp_file("$top/examples/gateway_roles.sql"));
my $database = 'host=' . $node->host . ' port=' . $node->port . ' dbname=postgres';
my $gateway = start_gateway($node, "--db=$database user=restate_gateway", "--query-db=$database user=restate_gateway_reader");

my $answer = request($gateway, 'GET', '/openapi');
is($answer->{body}, $text, 'GET /openapi serves the document');
is($answer->{headers}{'content-type'}, 'application/json', 'GET /openapi serves it as JSON');

my %parameter = (invocation_id => inv('unknown'), deployment => 'dp_10000000000000000000old', service => 'Svc', handler => 'run',
	subscription => 'sub_10000000000000000000000', job => '00000000-0000-0000-0000-000000000000');
for my $operation (@operations)
{
	my ($method, $path, $described) = @$operation;
	my $json = $path eq '/query' ? '{"query": "SELECT id FROM sys_invocation"}' : '{"invocation_ids": []}';
	my $is_post = $method eq 'POST';

	for my $prefix ('', '/v2', '/v3')
	{
		my $url = $prefix . $path =~ s/\{(\w+)\}/$parameter{$1}/gr;
		my $got = $is_post ? json_request($gateway, $method, $url, $json) : request($gateway, $method, $url);
		my $body = $got->{body} =~ /^\{/ ? decode_json($got->{body}) : {};

		ok($described->{responses}{ $got->{status} } && ($body->{restate_code} // '') ne 'route_not_found',
			"$method $prefix$path answers with a documented status")
		  or diag("$got->{status} $got->{body}");
	}
	# what is deprecated is of version 2
	my $url = ($described->{deprecated} ? '/v2' : '') . $path =~ s/\{(\w+)\}/$parameter{$1}/gr;
	my $other = request($gateway, 'OPTIONS', $url);
	is($other->{status}, 405, "OPTIONS $path is 405");
	like($other->{headers}{allow} // '', qr/\b$method\b/, "OPTIONS $path is told that $method is served");
}
is(request($gateway, 'GET', '/nothing')->{status}, 404, 'another path is 404');

# required fields, of the answers that have any
sub required
{
	my ($schema) = @_;

	$schema = $document->{components}{schemas}{ $schema->{'$ref'} =~ s{.*/}{}r } if $schema->{'$ref'};
	return $schema;
}

# Returns where a value lacks a field that its schema requires, or has one of
# another type.
sub lacks
{
	my ($value, $schema, $where) = @_;
	my @found;

	$schema = required($schema);
	if (ref $value eq 'HASH')
	{
		push @found, "$where.$_" for grep { !exists $value->{$_} } @{ $schema->{required} // [] };
		for my $name (grep { exists $value->{$_} } keys %{ $schema->{properties} // {} })
		{
			push @found, lacks($value->{$name}, $schema->{properties}{$name}, "$where.$name");
		}
	}
	elsif (ref $value eq 'ARRAY')
	{
		push @found, "$where: is an array" unless ($schema->{type} // '') eq 'array';
		push @found, map { lacks($value->[$_], $schema->{items}, "${where}[$_]") } 0 .. $#$value if $schema->{items};
	}
	elsif (defined $value && !ref $value && $schema->{pattern})
	{
		push @found, "$where: $value" unless $value =~ /$schema->{pattern}/;
	}
	elsif (defined $value && !ref $value && $schema->{enum})
	{
		push @found, "$where: $value" unless grep { $_ eq $value } @{ $schema->{enum} };
	}
	return @found;
}

is(json_request($gateway, 'POST', '/admin/bulk-jobs', '{"operation": "purge", "filter": {"service": "Svc"}}')->{status}, 201, 'there is a bulk job');
for my $case (
	[ GET => '/services', '/services' ],
	[ GET => '/services/Wf', '/services/{service}' ],
	[ GET => '/deployments', '/deployments' ],
	[ GET => '/deployments/dp_10000000000000000000new', '/deployments/{deployment}' ],
	[ GET => '/admin/stuck', '/admin/stuck' ],
	[ GET => '/admin/deployments/dp_10000000000000000000old/blockers', '/admin/deployments/{deployment}/blockers' ],
	[ GET => '/services/Svc/handlers', '/services/{service}/handlers' ],
	[ GET => '/services/Svc/handlers/run', '/services/{service}/handlers/{handler}' ],
	[ GET => '/subscriptions', '/subscriptions' ],
	[ GET => '/cluster-health', '/cluster-health' ],
	[ GET => '/version', '/version' ],
	[ PATCH => '/invocations/' . inv('done') . '/restart-as-new', '/invocations/{invocation_id}/restart-as-new' ],
	[ POST => '/query', '/query', '{"query": "SELECT id, status FROM sys_invocation"}' ],
	[ POST => '/admin/bulk-jobs', '/admin/bulk-jobs', '{"operation": "purge", "filter": {"service": "Svc"}, "options": {"dry_run": true}}' ],
	[ GET => '/admin/bulk-jobs', '/admin/bulk-jobs' ],
	[ POST => '/internal/invocations_batch_operations/restart-as-new',
		'/internal/invocations_batch_operations/restart-as-new',
		encode_json({ invocation_ids => [ inv('done'), inv('running') ] }) ],
	[ POST => '/internal/invocations_batch_operations/purge',
		'/internal/invocations_batch_operations/purge',
		encode_json({ invocation_ids => [ inv('old'), inv('running') ] }) ])
{
	my ($method, $url, $path, $body) = @$case;
	my $got = $body ? json_request($gateway, $method, $url, $body) : request($gateway, $method, $url);
	my $schema = $document->{paths}{$path}{ lc $method }{responses}{200}{content}{'application/json'}{schema};

	is($got->{status}, 200, "$method $url succeeds");
	is_deeply([ lacks(decode_json($got->{body}), $schema, '') ], [], "$method $url answers in the documented form");
}

stop_gateway($gateway);
$node->stop;
done_testing();
