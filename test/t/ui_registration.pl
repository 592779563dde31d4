# Restate's web UI 1.6.2 in a browser registers, changes and removes what serves
# handlers, and edits the state of objects, at the gateway.
use strict;
use warnings;

use Cwd;
use IPC::Run ();
use JSON::PP;
use PostgreSQL::Test::Utils;
use Test::More;

use RestateGateway;
use RestateNode;
use RestateUi;

start_browser();
my $files = ui_files();
my $top = getcwd();
my $node = new_node('ui_registration');
$node->safe_psql('postgres', slurp_file("$top/examples/gateway_roles.sql"));
my $database = 'host=' . $node->host . ' port=' . $node->port . ' dbname=postgres';
my $gateway = start_gateway($node, "--db=$database user=restate_gateway", "--query-db=$database user=restate_gateway_reader", "--ui-dir=$files");
my $url = "http://127.0.0.1:$gateway->{port}";
my $json = JSON::PP->new->utf8->canonical;

# what is registered: two places, the second with one more handler
my $dir = PostgreSQL::Test::Utils::tempdir;
my ($out, $err) = ('', '');
my $peer = IPC::Run::start([ 'node', 'test/lib/discoverable.mjs', $dir ], '<', \undef, '>', \$out, '2>', \$err);
END
{
	local $?;
	$peer->kill_kill if $peer;
}
$peer->pump until $out =~ /\n/ || !$peer->pumpable;
my ($port) = $out =~ /^(\d+) /m or die "what is asked has not started: $err\n";
serves('shop', 'buy');
serves('shop2', 'buy', 'sell');

page('/ui/overview?register-deployment=true', 'input[name=endpoint]');
browser('fill', into => 'input[name=endpoint]', text => "http://127.0.0.1:$port/shop");
browser('click', on => '[role=dialog] button[type=submit]:has-text("Next")', until => '[role=dialog] button:has-text("Confirm")');
becomes(sub { browser('read', of => '[role=dialog]') }, qr/Shop.*buy/i, 'it shows what would be registered');
is(in_tables('SELECT count(*) FROM restate.deployment'), 0, 'and nothing is yet');
browser('requests');
browser('click', on => '[role=dialog] button[type=submit]:has-text("Confirm")', until => 'main >> text=/shop');
is(requests(), 'POST /deployments', 'register');
my $id = in_tables("SELECT id FROM restate.deployment WHERE endpoint = 'http://127.0.0.1:$port/shop'");
is(in_tables("SELECT string_agg(service_name || revision, ' ') FROM restate.service_revision WHERE deployment_id = '$id'"), 'Shop1', 'it is registered');
all_is_well('a registration');

# what holds for a service

page('/ui/overview?service-access=Shop', '[role=dialog] input[name=public]');
browser('press_on', on => '[role=dialog] input[name=public][value=false]', key => 'Space');
is(confirm('Save'), 'PATCH /services/Shop', 'access');
page('/ui/overview?service-retention=Shop', '[role=dialog] input[name=idempotency_retention]');
browser('fill', into => '[role=dialog] input[name=idempotency_retention]', text => '2h');
is(confirm('Save'), 'PATCH /services/Shop', 'retention');
page('/ui/overview?service-timeout=Shop', '[role=dialog] input[name=abort_timeout]');
browser('fill', into => '[role=dialog] input[name=abort_timeout]', text => '90s');
is(confirm('Save'), 'PATCH /services/Shop', 'timeouts');
is(in_tables(q(SELECT public, idempotency_retention, settings ->> 'abort_timeout' FROM restate.service_revision)), 'f|02:00:00|1m 30s', 'they are as was said');
all_is_well('a service');

# the state of an object

$node->safe_psql('postgres', q(SELECT restate_modify_state('Shop', 'k', ARRAY['count'], ARRAY['7'::bytea])));
page('/ui/state/Shop', 'main >> text=count');
browser('click', on => 'tbody button[aria-haspopup=true]', until => '[role=menu]');
browser('click', on => '[role=menu] >> text=Edit', until => '[role=dialog] [role=code] >> text=count');
browser('click', on => '[role=dialog] [role=code] >> text=7');
browser('press', key => 'End');
browser('press', key => 'Backspace');
browser('press', key => '8');
is(confirm('Save'), 'POST /services/Shop/state', 'edit');
is(in_tables(q(SELECT convert_from(value, 'UTF8') FROM restate.object_state WHERE service_key = 'k')), '8', 'the state is another');
page('/ui/state/Shop', 'main >> text=count');
browser('click', on => 'tbody button[aria-haspopup=true]', until => '[role=menu]');
browser('click', on => '[role=menu] >> text=Delete', until => '[role=dialog] input[name=confirm]');
browser('fill', into => '[role=dialog] input[name=confirm]', text => 'delete');
is(confirm('Delete'), 'POST /services/Shop/state', 'delete');
is(in_tables(q(SELECT count(*) FROM restate.object_state)), 0, 'there is none');
all_is_well('a state');

# the headers of a deployment, and its end

page("/ui/overview?update-deployment=$id", '[role=dialog] input[name=key]');
browser('fill', into => '[role=dialog] input[name=key]', text => 'x-shop');
browser('fill', into => '[role=dialog] input[name=value]', text => 'open');
browser('click', on => '[role=dialog] button[type=submit]:has-text("Next")', until => '[role=dialog] button:has-text("Confirm")');
is(confirm('Confirm'), "PATCH /deployments/$id", 'update');
is(in_tables("SELECT additional_headers FROM restate.deployment WHERE id = '$id'"), '{"x-shop": "open"}', 'it has the header');
page("/ui/overview?deleteDeployment=$id", '[role=dialog] input[name=confirm]');
browser('fill', into => '[role=dialog] input[name=confirm]', text => 'delete');
is(confirm('Delete'), "DELETE /deployments/$id?force=true", 'delete');
is(in_tables('SELECT count(*) FROM restate.deployment'), 0, 'it is gone');
all_is_well('a deployment');

done_testing();

# Has the place serve an object with these handlers.
sub serves
{
	my ($place, @handlers) = @_;

	append_to_file("$dir/$place", $json->encode({ status => 200, type => 'application/vnd.restate.endpointmanifest.v4+json',
		body => $json->encode({ protocolMode => 'BIDI_STREAM', minProtocolVersion => 5, maxProtocolVersion => 6,
			services => [ { name => 'Shop', ty => 'VIRTUAL_OBJECT', handlers => [ map { { name => $_ } } @handlers ] } ] }) }));
	return;
}

# Opens a page and waits until it shows something.
sub page
{
	my ($path, $until) = @_;

	browser('open', url => $url . $path, until => $until);
	return;
}

# Presses the button that confirms a dialog, and returns what was sent.
sub confirm
{
	my ($button) = @_;

	browser('requests');
	browser('click', on => "[role=dialog] button[type=submit]:has-text(\"$button\")");
	browser('wait', until => '[role=dialog]', state => 'detached');
	return requests();
}

# Nothing has gone wrong in the browser since this was last asked.
sub all_is_well
{
	my ($what) = @_;

	is_deeply(browser('faults'), [], "$what: nothing goes wrong");
	return;
}

# Returns what the page has sent, but for what it reads.
sub requests { return join ', ', grep { !m{^POST /query} } @{ browser('requests') } }

sub in_tables { return $node->safe_psql('postgres', $_[0]) }
