# Restate's web UI 1.6.2 in a browser, with its files served by the gateway and
# nothing between them: every page shows what is in the tables, and every action
# does what it says.
use strict;
use warnings;

use Cwd;
use JSON::PP;
use PostgreSQL::Test::Utils;
use Test::More;

use RestateGateway;
use RestateNode;
use RestateUi;

start_browser();
my $files = ui_files();
my $top = getcwd();
my $node = new_node('ui_browser');
$node->safe_psql('postgres', slurp_file("$top/examples/gateway_roles.sql"));
$node->safe_psql('postgres', slurp_file("$top/test/ui/world.sql"));
# one more deployment, so that one is neither the pinned nor the latest
my ($first, $second, $third) = ('dp_14pgYWTzH5wkNnBdCyGqsNz', 'dp_16QsquwRqViWIFF9sJlmaCB', 'dp_16QsquwRqViWIFF9sJlmaCC');
$node->safe_psql('postgres', <<"SQL");
INSERT INTO restate.deployment (id, ty, endpoint, min_service_protocol_version, max_service_protocol_version)
VALUES ('$third', 'http', 'http://127.0.0.1:9082/', 5, 7);
INSERT INTO restate.service_revision (service_name, revision, deployment_id, ty, handlers, settings)
SELECT service_name, 3, '$third', ty, handlers, settings FROM restate.service_revision WHERE revision = 2;
SQL
my $database = 'host=' . $node->host . ' port=' . $node->port . ' dbname=postgres';
my $gateway = start_gateway($node, "--db=$database user=restate_gateway", "--query-db=$database user=restate_gateway_reader", "--ui-dir=$files");
my $url = "http://127.0.0.1:$gateway->{port}";
my $json = JSON::PP->new->utf8->canonical;
my @ids = map { $_->{invocation}{id} } @{ $json->decode(slurp_file("$top/test/ui/world.json"))->{invocations} };
my ($placed, $refused, $paused, $backing_off, $awaiting, $working, $holding, $waiting, $next, $scheduled) = @ids[ 0, 6, 7, 8, 11, 12, 13, 14, 15, 20 ];

# Opens a page and waits until it shows something.
sub page
{
	my ($path, $until) = @_;

	browser('open', url => $url . $path, until => $until);
	return;
}

sub shown { return browser('read', of => $_[0] // 'main') }

sub in_tables { return $node->safe_psql('postgres', $_[0]) }

# Nothing has gone wrong in the browser since this was last asked, but for the
# status of one kind of request, which the browser also complains of.  The editor
# that shows payloads has an error of its own when it is closed.
sub all_is_well
{
	my ($what, $but) = @_;
	my @faults = grep { $_ ne 'script: Error: Invalid arguments' } grep { !$but || ($_ !~ $but && !/^console: Failed to load resource/) } @{ browser('faults') };

	is_deeply(\@faults, [], "$what: nothing goes wrong");
	return;
}

sub escaped { return $_[0] =~ s/([^\w.,-])/sprintf '%%%02X', ord $1/ger }

# overview, services, deployments

page('/', 'main >> text=http://127.0.0.1:9082/');
becomes(sub { browser('url') }, qr{^\Q$url\E/ui/overview$}, 'the start page is the overview');
becomes(sub { shown() }, qr/\b$_\b/, "it shows $_") for qw(Orders Cart Checkout place hold stage);
becomes(sub { shown('header') }, qr/\bv1\.6\.\d+\b/, 'and a version that all of the UI is for');
page('/ui/overview?service=Orders', 'aside >> text=Retry policy');
becomes(sub { shown('aside') }, $_, "a service: $_")
  for qr/handlers .*\bawait\b.*\bplace\b.*\bwork\b/i, qr/9082\S* rev\. 3 .*9081\S* rev\. 2 .*9080\S* rev\. 1/i, qr/ingress public/i, qr/idempotency 1d journal 1d/i,
  qr/max attempts 70/i;
page('/ui/overview?service=Orders&handler=place', 'aside >> text=place()');
becomes(sub { shown('aside') }, qr/place\(\) .*definition/i, 'a handler');
page("/ui/overview?deployment=$first", 'aside >> text=' . $first);
becomes(sub { shown('aside') }, $_, "a deployment: $_")
  for qr/Cart rev\. 1 Checkout rev\. 1 Orders rev\. 1/i, qr{http version http/1\.1}i, qr/min protocol version 5 max protocol version 7/i, qr{sdk/typescript 1\.17\.2}i;
all_is_well('the overview');

# the list of invocations

page('/ui/invocations', 'main >> text=21 of 21');
becomes(sub { shown() }, qr/Actions 21\b/, 'all invocations are listed');
becomes(sub { shown() }, qr/\b$_\b/, "with their status: $_") for qw(Succeeded Failed Killed Cancelled Suspended Scheduled Pending Running Backing-off Paused);
becomes(sub { shown() }, qr/inv_1lf9\S* .*Orders place.*Scheduled in \d+d/, 'with targets and times');
becomes(sub { scalar(() = shown() =~ /\bCart carl add\b/g) }, 2, 'with keys');
my %lists = (
	'filter_status' => [ { operation => 'NOT_IN', value => ['succeeded'] }, "completion_result IS DISTINCT FROM 'success'" ],
	'filter_deployment' => [ { operation => 'IN', value => [$first] }, "pinned_deployment_id = '$first'" ],
	'filter_idempotency_key' => [ { operation => 'IS NOT NULL' }, 'idempotency_key IS NOT NULL' ],
	'filter_created_at' => [ { operation => 'AFTER', value => '2026-11-28T22:40:51.000Z' }, "created_at > '2026-11-28T22:40:51Z'" ]);
for my $field (sort keys %lists)
{
	my ($filter, $condition) = @{ $lists{$field} };
	my $count = in_tables("SELECT count(*) FROM restate.sys_invocation WHERE $condition");

	page("/ui/invocations?$field=" . escaped($json->encode($filter)), "main >> text=$count of $count");
	becomes(sub { shown() }, qr/Actions $count\b/, "$count where $condition");
}
page('/ui/invocations?sort_field=duration&sort_order=ASC&column=id&column=duration&column=journal_size&column=idempotency_key&column=invoked_by', 'main >> text=21 of 21');
becomes(sub { shown() }, qr/\border-17\b.*\b0\.\d+s\b/, 'other columns, sorted by duration');
browser('click', on => 'text=In-flight invocations', until => 'main >> text=9 of 9');
becomes(sub { browser('url') }, qr/filter_status=/, 'a quick filter');
all_is_well('the list');

# an invocation, its journal and payloads

page("/ui/invocations/$placed", 'main >> text=reserve stock');
becomes(sub { shown() }, $_, "an invocation: $_")
  for qr/Succeeded/, qr/Invocation Id \Q$placed\E/, qr/9080\S* rev\. 1/i, qr/1 run \( "reserve stock" \)/, qr/2 sleep \( "settle" \)/, qr/3 call \( Cart ann \) \.add \(/,
  qr/4 send \( Orders \) \.receipt \(/, qr/5 return\b/;
for (['Input', 0, 'customer'], ['Result', 0, 'reserved'], ['Input', 1, 'tea'], ['Result', 2, 'items'])
{
	my ($button, $which, $word) = @$_;

	browser('click', on => "main button:has-text(\"$button\") >> nth=$which", until => "[role=dialog] >> text=$word");
	becomes(sub { shown('[role=dialog]') }, qr/\b$word\b/, "a payload: $word");
	browser('press', key => 'Escape');
	browser('wait', until => '[role=dialog]', state => 'detached');
}
my @callees;
wait_until(sub { (@callees = grep { /\?invocation=/ } @{ browser('links', of => 'main a') }) == 2 });
is_deeply([ sort map { /invocation=(\w+)/ } @callees ], [ sort @ids[ 1, 2 ] ], 'it leads to its callees');
page("/ui/invocations/$ids[1]", 'main >> text=return');
becomes(sub { shown() }, qr/$_/, "an object's: $_") for qr/getState|get ?\(? ?"items"/i, qr/set/i;
page("/ui/invocations/$paused", 'main >> text=reach the bank');
becomes(sub { shown() }, qr/Paused/, 'a paused one');
browser('click', on => 'main button:has-text("after")', until => '[role=dialog] >> text=the bank does not answer');
becomes(sub { shown('[role=dialog]') }, qr/the bank does not answer/, 'with its failure');
page("/ui/invocations/$next", 'main >> text=Pending');
becomes(sub { shown() }, qr/carl/, 'one that waits in the inbox');
page("/ui/invocations/$waiting", 'main >> text=Pending');
all_is_well('an invocation');

# state

page('/ui/state', 'main >> text=bob');
becomes(sub { browser('url') }, qr{/ui/state/Cart}, 'the first object');
becomes(sub { shown() }, qr/\bann\b.*"tea".*\b7\b.*\bbob\b.*"pot".*\b30\b/, 'the state of objects');
becomes(sub { shown() }, qr/\b2 objects\b/, 'their number');
page('/ui/state/Cart?filter_total=' . escaped($json->encode({ operation => 'EQUALS', value => '30' })), 'main >> text=1 objects');
becomes(sub { shown() }, qr/\bbob\b/, 'found by a value');
page('/ui/state/Checkout', 'main >> text=c-2');
becomes(sub { shown() }, qr/\bc-1\b.*waiting for payment.*\bc-2\b.*paid/, 'the state of workflows');
all_is_well('the state');

# introspection

page('/ui/introspection?query=' . escaped('SELECT target, count(*) AS how_many FROM sys_invocation GROUP BY target ORDER BY 2 DESC, 1'), 'main >> text=results as of');
becomes(sub { shown() }, qr/target how_many .*Orders\/await 3 /, 'what a query returns');
page('/ui/introspection?query=' . escaped('SELECT nothing FROM sys_invocation'), 'text=column "nothing" does not exist');
all_is_well('introspection', qr{^400 POST /query$});

# what is done to one invocation

# Opens the dialog of an action, has one of its choices taken, perhaps, confirms
# it, and returns what was sent.
sub act
{
	my ($id, $dialog, $option) = @_;

	page("/ui/invocations/$id?$dialog", '[role=dialog] button[type=submit]');
	choose($option) if $option;
	return confirm();
}

sub choose
{
	my ($option) = @_;

	browser('click', on => '[role=dialog] button[aria-haspopup=listbox] >> nth=-1', until => '[role=option]');
	browser('click', on => "[role=option]:has-text(\"$option\")");
	return;
}

# Confirms what a dialog asks, and returns what was sent to the gateway.
sub confirm
{
	browser('requests');
	browser('click', on => '[role=dialog] button[type=submit]');
	browser('wait', until => '[role=dialog] button[type=submit]', state => 'detached');
	return join ', ', grep { !m{^POST /query} } @{ browser('requests') };
}

is(act($awaiting, "cancel-invocation=$awaiting"), "PATCH /invocations/$awaiting/cancel", 'cancel');
becomes(sub { in_tables("SELECT entry_type FROM restate.sys_journal WHERE id = '$awaiting' ORDER BY index DESC LIMIT 1") }, 'Notification: Signal', 'its journal has the signal');
is(act($working, "pause-invocation=$working"), "PATCH /invocations/$working/pause", 'pause');
becomes(sub { in_tables("SELECT pause_requested FROM restate.invocation WHERE id = '$working'") }, 't', 'it is asked to pause');
is(act($holding, "kill-invocation=$holding"), "PATCH /invocations/$holding/kill", 'kill');
becomes(sub { in_tables("SELECT status, completion_failure FROM restate.sys_invocation WHERE id = '$holding'") }, 'completed|[409] killed', 'it is killed');
becomes(sub { in_tables("SELECT invocation_id FROM restate.sys_keyed_service_status WHERE service_key = 'carl'") }, $waiting, 'and the next has its key');
is(act($paused, "resume-invocation=$paused", '9081'), "PATCH /invocations/$paused/resume?deployment=$second", 'resume on another deployment');
becomes(sub { in_tables("SELECT status, pinned_deployment_id FROM restate.sys_invocation WHERE id = '$paused'") }, "ready|$second", 'it goes on there');
is(act($backing_off, "retry-now-invocation=$backing_off"), "PATCH /invocations/$backing_off/resume", 'retry now');
becomes(sub { in_tables("SELECT status FROM restate.sys_invocation WHERE id = '$backing_off'") }, 'ready', 'it need not wait');
is(act($refused, "purge-invocation=$refused"), "PATCH /invocations/$refused/purge", 'purge');
becomes(sub { in_tables("SELECT count(*) FROM restate.sys_invocation WHERE id = '$refused'") }, 0, 'it is gone');
# the page of what was purged asks for it again
all_is_well('what is done to one', qr{^404 GET /query/invocations/$refused\b});

# restarts, from an entry on a deployment of the user's choice

page("/ui/invocations/$placed", 'main >> text=reserve stock');
browser('click', on => 'main a:has-text("Restart as new")', until => '[role=dialog] button[type=submit]');
is_deeply([ grep { /\d/ } @{ browser('choices', of => '[role=dialog] select[name=from] option') } ], [ 0, 1, 3, 5, 8 ], 'a restart may begin at each command');
is(act($placed, "restart-new-invocation=$placed&restart-new-invocation-from=5", '9081'), "PATCH /invocations/$placed/restart-as-new?deployment=$second&from=5", 'restart as new');
my $new = in_tables("SELECT id FROM restate.sys_invocation WHERE restarted_from = '$placed'");
becomes(sub { in_tables("SELECT pinned_deployment_id, invoked_by, journal_size FROM restate.sys_invocation WHERE id = '$new'") }, "$second|restart_as_new|8", 'it is made');
browser('wait', until => 'main >> text=reserve stock');
is(browser('url') =~ s{\?.*}{}r, "$url/ui/invocations/$new", 'and shown');
becomes(sub { shown() }, $_, "the restart: $_") for qr/9081\S* rev\. 2/i, qr/3 call \( Cart ann \) \.add \(/;
all_is_well('a restart');

# what is done to many

# Opens the list with a filter and the dialog of an action on all of it.
sub act_on_all
{
	my ($filters, $action, $count) = @_;

	page('/ui/invocations?' . join('&', map { "filter_$_=" . escaped($json->encode({ operation => 'IN', value => $filters->{$_} })) } sort keys %$filters), 'main >> text=recently modified');
	browser('click', on => 'main button:has-text("Actions")', until => '[role=menu]');
	browser('click', on => "[role=menu] [role^=menuitem]:has-text(\"$action\")", until => "[role=dialog] >> text=$count invocation");
	return;
}

act_on_all({ target_handler_name => ['receipt'] }, 'Restart as new', 2);
is(confirm(), 'POST /internal/invocations_batch_operations/restart-as-new', 'restart all');
ok(wait_until(sub { in_tables("SELECT count(*) FROM restate.sys_invocation WHERE restarted_from IN ('$ids[2]', '$ids[5]')") == 2 }), 'they are made');
act_on_all({ target_handler_name => ['receipt'], status => ['ready'] }, 'Cancel', 2);
is(confirm(), 'POST /internal/invocations_batch_operations/cancel', 'cancel all');
ok(wait_until(sub { in_tables("SELECT count(*) FROM restate.sys_journal j JOIN restate.sys_invocation i USING (id) WHERE restarted_from IS NOT NULL AND entry_type = 'Notification: Signal'") == 2 }), 'they are signalled');
act_on_all({ target_handler_name => ['receipt'], status => ['ready'] }, 'Kill', 2);
is(confirm(), 'POST /internal/invocations_batch_operations/kill', 'kill all');
ok(wait_until(sub { in_tables("SELECT count(*) FROM restate.sys_invocation WHERE target_handler_name = 'receipt' AND completion_failure = '[409] killed'") == 2 }), 'they are killed');
act_on_all({ target_handler_name => ['receipt'], status => ['killed'] }, 'Purge', 2);
is(confirm(), 'POST /internal/invocations_batch_operations/purge', 'purge all');
ok(wait_until(sub { in_tables("SELECT count(*) FROM restate.sys_invocation WHERE target_handler_name = 'receipt'") == 2 }), 'they are gone, the others not');
$node->safe_psql('postgres', "UPDATE restate.invocation SET status = 'backing-off', retry_count = 5, next_retry_at = now() + '1 hour' WHERE target_handler_name = 'flaky'");
act_on_all({ target_handler_name => ['flaky'] }, 'Pause', 2);
is(confirm(), 'POST /internal/invocations_batch_operations/pause', 'pause all');
ok(wait_until(sub { in_tables("SELECT string_agg(status, ' ') FROM restate.sys_invocation WHERE target_handler_name = 'flaky'") eq 'paused paused' }), 'they are paused');
act_on_all({ target_handler_name => ['flaky'] }, 'Resume', 2);
choose('Latest');
is(confirm(), 'POST /internal/invocations_batch_operations/resume', 'resume all on the latest deployment');
ok(wait_until(sub { in_tables("SELECT string_agg(status || pinned_deployment_id::text, ' ') FROM restate.sys_invocation WHERE target_handler_name = 'flaky'") eq "ready$third ready$third" }), 'they go on there');
# of those that are paused it asks why
all_is_well('what is done to many', qr{^404 GET /query/invocations/\w+/paused-error$});

done_testing();
