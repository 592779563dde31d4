# The console in a browser, served by a gateway whose database has a shop in it: what it
# finds, what it tells of one invocation, restarts that are looked at before they are
# made, operations, bulk jobs; with keyboard, mouse and finger, in both schemes, on a
# narrow screen, with a token, and with names and payloads that would be scripts.
use strict;
use warnings;

use Cwd;
use JSON::PP;
use PostgreSQL::Test::Utils;
use Test::More;

use RestateGateway;
use RestateNode;
use RestateUi;

start_browser('plain');
my $top = getcwd();
my $node = new_node('console');
$node->safe_psql('postgres', slurp_file("$top/examples/gateway_roles.sql"));
$node->safe_psql('postgres', slurp_file("$top/test/ui/world.sql"));
my $database = 'host=' . $node->host . ' port=' . $node->port . ' dbname=postgres';
my @roles = ("--db=$database user=restate_gateway", "--query-db=$database user=restate_gateway_reader");
my $gateway = start_gateway($node, @roles, '--reason-header=X-Reason');
my $url = "http://127.0.0.1:$gateway->{port}";
my $console = "$url/console/";
my $json = JSON::PP->new->utf8->canonical;

sub in_tables { return $node->safe_psql('postgres', $_[0]) }

my @ids = map { $_->{invocation}{id} } @{ $json->decode(slurp_file("$top/test/ui/world.json"))->{invocations} };
my ($placed, $refused, $paused, $backing_off, $awaiting, $holding, $waiting) = @ids[ 0, 6, 7, 8, 11, 13, 14 ];

# Loads an invocation of the shop from JSON.
sub import_one
{
	my ($invocation, @journal) = @_;
	my %of_all = (
		target_service_ty => 'service', invoked_by => 'ingress', created_at => '2026-11-28T23:40:50.616Z', completed_at => '2026-11-28T23:40:51.751Z',
		completion_retention => 'PT86400S', journal_retention => 'PT86400S', status => 'completed', completion_result => 'failure',
		pinned_deployment_id => 'dp_14pgYWTzH5wkNnBdCyGqsNz', pinned_service_protocol_version => 6);
	my $index = 0;
	my @entries = map { { index => $index++, appended_at => '2026-11-28T23:40:50.653Z', entry_json => $_ } } @journal;

	my $key = $invocation->{target_service_key};
	my $id = in_tables('SELECT ' . (defined $key ? "restate_keyed_invocation_id(\$\$$key\$\$)" : 'restate_new_invocation_id()'));

	return in_tables(sprintf 'SELECT restate_import_invocation(%s, %s)', map { '$json$' . $json->encode($_) . '$json$' } { id => $id, %of_all, %$invocation }, \@entries);
}

sub input { return { Command => { Input => { headers => [ @_ > 1 ? { name => $_[1], value => $_[1] } : () ], payload => [ unpack 'C*', $_[0] ], name => '' } } } }

sub step { return { Command => { Run => { completion_id => $_[0], name => $_[1] } } } }

sub stepped { return { Notification => { Completion => { Run => { completion_id => $_[0], result => $_[1] } } } } }

# killed in its sleep, after which it has charged already
my $lacking = import_one({ target_service_name => 'Orders', target_handler_name => 'place', completion_failure => '[409] killed' },
	input('{}'), step(1, 'reserve stock'), stepped(1, { Success => [ 49 ] }), { Command => { Sleep => { wake_up_time => 1795905650706, completion_id => 2, name => 'settle' } } },
	step(3, 'charge'), stepped(3, { Success => [ 49 ] }));
my ($first, $second) = ('dp_14pgYWTzH5wkNnBdCyGqsNz', 'dp_16QsquwRqViWIFF9sJlmaCB');

sub shown { return browser('read', of => $_[0] // 'main') }

# Opens a page of the console and waits until it shows something.  What is only another
# fragment is no other page to the browser.
sub page
{
	my ($fragment, $until) = @_;

	browser('open', url => 'about:blank', until => 'body');
	browser('open', url => "$console$fragment", until => $until);
	return;
}

sub invocation { return page("#/invocation/$_[0]", $_[1] // '#operations') }

sub evaluate { return browser('evaluate', script => $_[0]) }

# Nothing has gone wrong in the browser since this was last asked, no violation of the
# policy either, but for answers that are named.
sub all_is_well
{
	my ($what, $but) = @_;
	my @faults = grep { !$but || ($_ !~ $but && !/^console: Failed to load resource/) } @{ browser('faults') };

	is_deeply(\@faults, [], "$what: nothing goes wrong");
	return;
}

sub escaped { return $_[0] =~ s/([^\w.,-])/sprintf '%%%02X', ord $1/ger }

# Returns what was sent that may change something.
sub sent { return join ', ', grep { !m{^POST /query} } @{ browser('requests') } }

# the list

page('', '#results-count');
becomes(sub { browser('attribute', of => '#nav-find', name => 'aria-current') }, 'page', 'the first page is the list');
my $all = in_tables('SELECT count(*) FROM restate.sys_invocation');
becomes(sub { shown('#results-count') }, $all, 'all invocations are listed');
becomes(sub { shown('#results') }, qr/\b$_\b/, "with their status: $_") for qw(succeeded failed suspended scheduled pending running backing-off paused);
becomes(sub { shown('.where') }, qr/postgres 0\.\d/, 'the head names the database and the version');
my %lists = (
	'service=Cart' => "target_service_name = 'Cart'",
	'handler=place' => "target_handler_name = 'place'",
	'key_prefix=car' => "starts_with(target_service_key, 'car')",
	'status=completed' => "status = 'completed'",
	'status=in-flight' => "status <> 'completed'",
	'status=paused' => "status = 'paused'",
	"deployment=$first" => "pinned_deployment_id = '$first'",
	'failure=' . escaped('out of') => "completion_failure LIKE '%out of%'",
	'failure=bank' => "last_failure LIKE '%bank%' OR completion_failure LIKE '%bank%'",
	'created_after=' . escaped('2026-11-28T22:40:51') => "created_at >= '2026-11-28T22:40:51Z'",
	'created_before=' . escaped('2026-11-28T22:40:51') => "created_at < '2026-11-28T22:40:51Z'",
	'completed_after=' . escaped('2026-11-28T22:40:51') => "completed_at >= '2026-11-28T22:40:51Z'",
	'service=Orders&status=completed&completed_before=2027-01-01T00%3A00' => "target_service_name = 'Orders' AND status = 'completed'");
for my $filter (sort keys %lists)
{
	my $count = in_tables("SELECT count(*) FROM restate.sys_invocation WHERE $lists{$filter}");

	page("#/find?$filter", '#results-count');
	becomes(sub { shown('#results-count') }, $count, "$filter: $count");
	cmp_ok($count, '<', $all, 'which is not all');
}
for my $hostile (q{O'Reilly}, q{\\' OR true --}, q{%_}, q{"; SELECT 1}, "\x{e4}")
{
	page('#/find?' . join('&', map { "$_=" . escaped($hostile =~ s/\x{e4}/\xc3\xa4/r) } qw(service handler key_prefix failure)), '#results-count');
	becomes(sub { shown('#results-count') }, 0, "text is text: " . ($hostile =~ s/[^ -~]/?/gr));
}
all_is_well('the list');

# typed, by keyboard alone
page('', '#filter-service');
browser('focus', on => '#filter-service');
browser('type', into => '#filter-service', text => 'Cart');
browser('press', key => 'Enter');
browser('wait', until => '#results-count:text-is("' . in_tables("SELECT count(*) FROM restate.sys_invocation WHERE target_service_name = 'Cart'") . '")');
becomes(sub { browser('url') }, qr{#/find\?service=Cart$}, 'what is asked for is in the address');
becomes(sub { browser('focused') }, 'filter-service', 'who filters stays where they are');
browser('back', until => "#results-count:text-is(\"$all\")");
becomes(sub { evaluate('document.getElementById("filter-service").value') }, '', 'the way back leads back');
all_is_well('a filter by keyboard');

# more than one page of them
in_tables(q{SELECT count(restate_submit('Orders', 'work', 'null', NULL, NULL)) FROM generate_series(1, 60)});
page('', '#more');
becomes(sub { shown('#results-count') }, qr/^the newest 50; there are more$/, 'a first part says that it is one');
becomes(sub { browser('count', of => '#results tbody tr') }, 50, 'and has so many');
browser('click', on => '#more', until => '#results-count:text-is("' . ($all + 60) . '")');
becomes(sub { browser('count', of => '#results tbody tr') }, $all + 60, 'then the rest');
in_tables(q{SELECT count(outcome) FROM restate_purge_batch(ARRAY(SELECT id FROM restate_kill_batch(ARRAY(SELECT id FROM restate.sys_invocation WHERE status = 'ready' AND target_handler_name = 'work'))))});

# what is stuck stands first, where the database can tell
my $has_stuck = in_tables(q{SELECT to_regclass('restate.sys_stuck') IS NOT NULL}) eq 't';
page('', '#results-count');
if ($has_stuck)
{
	my @stuck = split /\n/, in_tables('SELECT DISTINCT id FROM restate.sys_stuck WHERE id IS NOT NULL');

	browser('wait', until => '#stuck');
	cmp_ok(scalar @stuck, '>', 0, 'there is something stuck');
	becomes(sub { shown('#stuck') }, qr/Stuck \d+/, 'which is shown first');
	browser('wait', until => '#results tr.stuck');
	becomes(sub { browser('count', of => '#results tr.stuck') }, scalar @stuck, 'and marked in the list');
	ok(evaluate('document.querySelector("#results tbody tr").classList.contains("stuck")'), 'at its head');
}
else
{
	becomes(sub { browser('count', of => '#stuck') }, 0, 'where nothing tells what is stuck nothing is said of it');
}
all_is_well('what is stuck');

# one invocation

page('', '#go-id');
browser('type', into => '#go-id', text => " $placed ");
browser('press', key => 'Enter');
browser('wait', until => '#journal-rows');
becomes(sub { browser('url') }, qr{#/invocation/$placed$}, 'an id leads to its page');
becomes(sub { shown('.headline') }, qr{Orders/place succeeded \Q$placed\E}, 'which says what it is');
becomes(sub { shown('#standing') }, $_, "where it stands: $_") for qr/Completed 2?\S+ .* ago/, qr/9080\S*, revision 1/, qr/11 entries, 6 of them commands/, qr/a request to the ingress/;
becomes(sub { browser('count', of => '#journal-rows > li.command, #journal-rows > li.notification') }, 11, 'every entry has its row');
becomes(sub { shown('#journal-rows > li >> nth=1') }, qr/^1 Run reserve stock .*\+\d+ ms$/, 'with its name and time');
becomes(sub { shown('#journal-rows > li >> nth=2') }, qr/of 1 Run .reserve stock/, 'and of which command it is');
browser('click', on => '#entry-0', until => '#journal-rows pre >> text=customer');
becomes(sub { shown('#journal-rows pre') }, qr/"customer": "ann"/, 'its payload');
becomes(sub { browser('attribute', of => '#entry-0', name => 'aria-expanded') }, 'true', 'is said to be open');
browser('click', on => '#entry-0');
becomes(sub { browser('count', of => '#journal-rows pre') }, 0, 'and is closed again');
becomes(sub { shown('#lineage') }, qr/not restarted/, 'it was not restarted');
becomes(sub { shown('#calls') }, qr{this one.*Cart/ann/add.*Orders/receipt}, 'whom it has called');
is(browser('attribute', of => '#standing dd time', name => 'datetime') =~ /Z$/ ? 1 : 0, 1, 'times are of UTC');
becomes(sub { browser('attribute', of => '#standing dd time', name => 'title') }, qr/here$/, 'and what they are here is told as well');
browser('click', on => '#calls a[href*="invocation"]', until => 'h1:text-is("Cart/ann/add")');
browser('wait', until => 'h1:focus');
pass('who follows a link goes on at the heading');
invocation($paused);
becomes(sub { shown('#standing') }, $_, "a paused one: $_") for qr/somebody who resumes it/, qr/the bank does not answer/;
becomes(sub { shown('#op-pause-verdict') }, qr/would be unchanged/, 'what each operation would do');
invocation($waiting);
becomes(sub { shown('#waits') }, qr/the key .carl. of Cart, which is held by/, 'what one waits for');
ok(evaluate('document.getElementById("op-restart").disabled'), 'what would be refused cannot be asked for');
becomes(sub { shown('#op-restart-verdict') }, qr/not_started|still_running/, 'and why is said');
page('#/invocation/inv_1hH0jXSbfnFa4N0g7Fl4rnPbG0gPwalDzz', '.problem');
page('#/invocation/' . 'inv_1' . '0' x 33, '.problem');
becomes(sub { shown() }, qr/invocation_not_found/, 'one that is not there');
page('#/nowhere', 'h1:text-is("Nothing here")');
all_is_well('an invocation', qr{^40[04] GET /admin/invocations/inv_1\w+/(?:explain|lineage)$});

# the mark: what it says of each index is what the function says

sub preview
{
	my ($id, $from, $deployment) = @_;

	return $json->decode(in_tables("SELECT to_json(p) FROM restate_preview_restart('$id', $from, '$deployment') AS p"));
}

# Waits until the mark tells of an index, and returns what it tells.
sub told_of
{
	my ($index) = @_;

	browser('wait', until => "#restart-mark[aria-valuenow=\"$index\"]");
	browser('wait', until => '#restart-outcome:not([aria-busy])');
	browser('wait', until => "#restart-mark[aria-valuetext*=\": \"]");
	return browser('attribute', of => '#restart-mark', name => 'aria-valuetext');
}

# Compares what is shown with what the function says.
sub shows_preview
{
	my ($id, $index, $deployment) = @_;
	my $told = told_of($index);
	my $preview = preview($id, $index, $deployment // 'latest');
	my %fates = %{ evaluate('Object.fromEntries([...document.querySelectorAll("#journal-rows li[data-index]")].map((row) => [row.dataset.index, row.dataset.fate ?? null]))') };

	if (!$preview->{ok})
	{
		like($told, qr/\Q: refused, $preview->{message}\E; the nearest that works is \Q$preview->{nearest}\E$/, "behind $index: refused");
		becomes(sub { shown('#restart-outcome') }, qr/\Q$preview->{message}\E.*\Q$preview->{category}\E/, 'why');
		is_deeply([ grep { $fates{$_} } keys %fates ], [ $preview->{lacking_index} // () ], 'and which entry is to blame');
		ok(evaluate('document.getElementById("restart-do").disabled'), 'it cannot be made');
		return;
	}
	my %carried = map { $_ => 1 } @{ $preview->{completions} };
	my $commands = in_tables("SELECT coalesce(json_agg(index), '[]') FROM restate.sys_journal WHERE id = '$id' AND entry_type LIKE 'Command%'");
	my %is_command = map { $_ => 1 } @{ $json->decode($commands) };

	like($told, qr/: keeps $preview->{copied} entr\w+ and @{[ scalar @{ $preview->{completions} } ]} completions? that follow, runs $preview->{runs_again} commands? again$/, "behind $index: told");
	is_deeply(\%fates, { map { $_ => $_ <= $index ? 'kept' : $carried{$_} ? 'carried' : $is_command{$_} ? 'again' : 'dropped' } keys %fates }, 'and shown on each row');
	is(scalar(grep { $_ eq 'again' } values %fates), $preview->{runs_again}, 'as many run again');
	becomes(sub { shown('#restart-outcome') }, qr/on revision $preview->{revision}\b/, 'on the deployment');
	ok(!evaluate('document.getElementById("restart-do").disabled'), 'it can be made');
	return;
}

# Returns where the mark has come to when it was pulled to an entry: there, or beside it,
# as rows give way to the mark.
sub pulled_to
{
	my ($how, $index) = @_;
	my $before = browser('attribute', of => '#restart-mark', name => 'aria-valuenow');

	browser($how, from => '#restart-mark .knob', to => "#journal-rows > li[data-index=\"$index\"]");
	browser('wait', until => "#restart-mark:not([aria-valuenow=\"$before\"])");
	my $now = browser('attribute', of => '#restart-mark', name => 'aria-valuenow');
	cmp_ok(abs($now - $index), '<=', 1, "$how: the mark follows to $index");
	return $now;
}

invocation($placed, '#op-restart');
browser('focus', on => '#op-restart');
browser('press', key => 'Enter');
browser('wait', until => '#restart-mark');
told_of(0);
becomes(sub { browser('focused') }, 'restart-mark', 'the mark has the focus');
becomes(sub { browser('attribute', of => '#restart-mark', name => 'role') }, 'slider', 'and is a slider');
is(join(' ', map { browser('attribute', of => '#restart-mark', name => "aria-$_") } qw(valuemin valuemax orientation)), '0 10 vertical', 'along the journal');
shows_preview($placed, 0);
for my $index (1 .. 10)
{
	browser('press', key => 'ArrowDown');
	shows_preview($placed, $index);
}
browser('press', key => 'ArrowDown');
like(told_of(10), qr/^behind entry 10 Output/, 'it ends at the last entry');
browser('press', key => $_->[0]), like(told_of($_->[1]), qr/^behind entry $_->[1] /, "$_->[0] leads to $_->[1]") for [ 'Home', 0 ], [ 'PageDown', 10 ], [ 'ArrowUp', 9 ], [ 'ArrowLeft', 8 ], [ 'ArrowRight', 9 ], [ 'PageUp', 0 ], [ 'End', 10 ];
shows_preview($placed, pulled_to('drag', 4));
browser('click', on => '#journal-rows > li[data-index="2"] .what');
shows_preview($placed, 2);
shows_preview($placed, pulled_to('swipe', 6));
browser('fill', into => '#restart-from', text => '5');
browser('press', key => 'Tab');
shows_preview($placed, 5);
browser('choose', in => '#restart-deployment', value => 'keep');
browser('wait', until => '#restart-outcome >> text=on revision 1');
shows_preview($placed, 5, 'keep');
browser('choose', in => '#restart-deployment', value => $second);
browser('wait', until => '#restart-outcome >> text=on revision 2');
becomes(sub { browser('url') }, qr{#/invocation/$placed\?from=5&deployment=$second$}, 'where the mark is is in the address');
browser('reload', until => '#restart-mark[aria-valuenow="5"]');
shows_preview($placed, 5, $second);
browser('click', on => '#point-completed');
told_of(in_tables("SELECT restate_restart_point('$placed', 'last_completed')"));
all_is_well('the mark');
browser('click', on => '#point-failure', until => '#restart-outcome .problem');
becomes(sub { shown('#restart-outcome') }, qr/restart_point_not_found/, 'a point that is not there');
all_is_well('a point', qr{^422 GET /admin/invocations/$placed/restart-point$});

# an index that is refused, and the nearest that works
my $nearest = preview($lacking, 5, 'latest')->{nearest};
page("#/invocation/$lacking?from=5", '#restart-nearest');
shows_preview($lacking, 5);
becomes(sub { shown('#restart-outcome') }, qr/Entry 3, Sleep .settle., has no completion/, 'in words');
ok(evaluate('document.getElementById("restart-mark").classList.contains("refused")'), 'the mark shows it, too');
browser('click', on => '#restart-nearest');
shows_preview($lacking, $nearest);
becomes(sub { browser('focused') }, 'restart-mark', 'and the mark goes there');
all_is_well('an index that is refused');

# the restart, left, then made, once

sub restarts { return in_tables("SELECT count(*) FROM restate.sys_invocation WHERE restarted_from = '$_[0]'") }

page("#/invocation/$placed?from=4&deployment=$second", '#restart-do:enabled');
browser('requests');
browser('focus', on => '#restart-do');
browser('press', key => 'Enter');
browser('wait', until => 'dialog[open] #confirm-do:enabled');
becomes(sub { shown('dialog') }, $_, "it asks: $_") for qr{Restart Orders/place as new\?}, qr/5 kept/, qr/commands run again/, qr/The original stays as it is/;
browser('press', key => 'Escape');
browser('wait', until => 'dialog', state => 'detached');
becomes(sub { browser('focused') }, 'restart-do', 'who leaves it is where they were');
browser('click', on => '#restart-do', until => 'dialog[open]');
browser('click', on => '#confirm-leave');
browser('wait', until => 'dialog', state => 'detached');
is(sent(), '', 'and nothing was sent');
is(restarts($placed), 0, 'nor done');
browser('lose', method => 'PATCH');
browser('click', on => '#restart-do', until => 'dialog[open]');
browser('type', into => '#confirm-reason', text => 'again');
browser('press', key => 'Enter');
browser('wait', until => 'dialog .problem');
becomes(sub { shown('dialog') }, qr/does not answer.*tried again without harm/, 'when the answer is lost that is said');
is(restarts($placed), 1, 'it was made');
browser('click', on => '#confirm-do', until => '#restart-outcome .made');
is(restarts($placed), 1, 'and is not made again when it is tried again');
my $new = in_tables("SELECT id FROM restate.sys_invocation WHERE restarted_from = '$placed'");
becomes(sub { shown('#restart-outcome') }, qr/Restarted as \Q$new\E/, 'it leads there');
becomes(sub { in_tables("SELECT pinned_deployment_id, journal_size FROM restate.sys_invocation WHERE id = '$new'") }, "$second|" . (5 + @{ preview($placed, 4, $second)->{completions} }), 'it is the one that was shown');
is($node->safe_psql('postgres', "SELECT reason FROM restate.sys_audit WHERE new_id = '$new'"), 'again', 'the audit has the reason');
browser('wait', until => "#lineage >> text=" . substr($new, -6));
becomes(sub { shown('#lineage') }, qr/this one.*from 4/, 'and the tree of restarts has it');
is(sent(), join(', ', ("PATCH /invocations/$placed/restart-as-new?from=4&deployment=$second") x 2), 'two requests');
all_is_well('a restart', qr/^console: Failed to load resource/);

# operations: what else is reached, and a reason

invocation($holding);
browser('click', on => '#op-kill', until => 'dialog #reached');
becomes(sub { shown('dialog') }, $_, "kill: $_") for qr{Kill Cart/carl/add\?|Kill Cart/carl/\w+\?}, qr/1 other invocation changes too: 1 started/, qr/cannot be taken back/;
becomes(sub { shown('#confirm-do') }, 'Kill it, and change 1 other', 'the button has the number');
browser('requests');
browser('click', on => '#confirm-do');
becomes(sub { evaluate('document.getElementById("confirm-reason").validity.valueMissing') }, JSON::PP::true, 'it wants a reason');
is(sent(), '', 'before which nothing is sent');
browser('press', key => 'Escape');
browser('wait', until => 'dialog', state => 'detached');
becomes(sub { in_tables("SELECT status FROM restate.sys_invocation WHERE id = '$holding'") }, 'suspended', 'left, it is as it was');
browser('focus', on => '#op-kill');
browser('press', key => 'Enter');
browser('wait', until => '#confirm-do:enabled');
browser('type', into => '#confirm-reason', text => "it hangs, caf\x{e9} \x{2713}");
browser('press', key => 'Enter');
browser('wait', until => '.headline .badge:text-is("failed")');
is(sent(), "PATCH /invocations/$holding/kill", 'then it is killed');
becomes(sub { in_tables("SELECT completion_failure FROM restate.sys_invocation WHERE id = '$holding'") }, '[409] killed', 'in the tables, too');
becomes(sub { in_tables("SELECT invocation_id FROM restate.sys_keyed_service_status WHERE service_key = 'carl'") }, $waiting, 'and the next has its key');
becomes(sub { in_tables("SELECT reason FROM restate.sys_audit WHERE id = '$holding' AND operation = 'kill'") }, "it hangs, caf\xc3\xa9 \xe2\x9c\x93", 'the audit has the reason');

# Does an operation that destroys nothing, or with a reason.
sub act
{
	my ($id, $operation, $reason) = @_;

	invocation($id);
	browser('click', on => "#op-$operation", until => '#confirm-do:enabled');
	browser('type', into => '#confirm-reason', text => $reason) if $reason;
	browser('requests');
	browser('click', on => '#confirm-do');
	browser('wait', until => '.notice');
	return sent();
}

invocation($paused);
browser('click', on => '#op-resume', until => '#confirm-do:enabled');
browser('choose', in => '#confirm-deployment', value => $second);
browser('requests');
browser('click', on => '#confirm-do');
browser('wait', until => '.headline .badge:text-is("ready")');
is(sent(), "PATCH /invocations/$paused/resume?deployment=$second", 'resume, on another deployment');
becomes(sub { in_tables("SELECT status, pinned_deployment_id FROM restate.sys_invocation WHERE id = '$paused'") }, "ready|$second", 'it goes on there');
is(act($backing_off, 'pause'), "PATCH /invocations/$backing_off/pause", 'pause');
becomes(sub { in_tables("SELECT status FROM restate.sys_invocation WHERE id = '$backing_off'") }, 'paused', 'it is paused');
is(act($awaiting, 'cancel', 'not wanted'), "PATCH /invocations/$awaiting/cancel", 'cancel');
browser('wait', until => '#journal-rows >> text=signal Cancel');
is(act($refused, 'purge_journal', 'old'), "PATCH /invocations/$refused/purge-journal", 'purge journal');
becomes(sub { in_tables("SELECT count(*) FROM restate.sys_journal WHERE id = '$refused'") }, 0, 'it is gone');
is(act($refused, 'purge', 'old'), "PATCH /invocations/$refused/purge", 'purge');
browser('wait', until => 'main .problem');
becomes(sub { shown() }, qr/invocation_not_found/, 'it is no more');
becomes(sub { in_tables("SELECT count(*) FROM restate.sys_invocation WHERE id = '$refused'") }, 0, 'in the tables neither');
all_is_well('operations', qr{^404 GET /admin/invocations/$refused/(?:explain|lineage)$});

# what is in progress is asked for again, and not while nobody looks

invocation($waiting);
evaluate('window.asked = 0; window.open = 0; const real = window.fetch; window.fetch = async (...all) => { asked += 1; open += 1; try { return await real(...all); } finally { open -= 1; } }');
in_tables("SELECT restate_pause('$waiting')");
browser('wait', until => '.headline .badge:text-is("paused")');
pass('a page follows what becomes of its invocation');
evaluate('Object.defineProperty(document, "hidden", { configurable: true, get: () => window.isHidden ?? true }); document.dispatchEvent(new Event("visibilitychange"))');
# what it was in the midst of comes to its end
my $asked;
wait_until(sub { my $before = $asked // -1; $asked = evaluate('new Promise((resolve) => { setTimeout(() => resolve(open === 0 ? asked : -2), 500); })'); return $asked == $before });
evaluate('new Promise((resolve) => { setTimeout(resolve, 3500); })');
in_tables("SELECT restate_resume('$waiting')");
is(evaluate('asked'), $asked, 'while it is hidden it asks for nothing');
evaluate('window.isHidden = false; document.dispatchEvent(new Event("visibilitychange"))');
browser('wait', until => '.headline .badge:text-is("ready")');
pass('and when it is seen again it knows more');
all_is_well('progress');

# names, payloads and failures that would be scripts

my $script = q{<img src=x onerror="document.title='taken'"><script>document.title='taken'</script>};
my $failure = { Failure => { code => 500, message => $script } };
my $hostile = import_one({
		target_service_name => $script, target_handler_name => $script, target_service_key => $script, target_service_ty => 'virtual_object', target_handler_ty => 'exclusive',
		completion_failure => "[500] $script", idempotency_key => $script,
	},
	input($script, $script), step(1, $script), stepped(1, $failure), { Command => { Output => { result => $failure, name => '' } } });
page('#/find?failure=' . escaped($script), '#results-count');
becomes(sub { shown('#results-count') }, 1, 'one whose names are scripts is found');
browser('click', on => '#results a', until => '#journal-rows');
browser('click', on => '#entry-0', until => '#journal-rows pre');
browser('click', on => '#entry-2', until => '#journal-rows li[data-index="2"] pre');
browser('click', on => '#op-restart', until => '#restart-mark');
browser('press', key => 'End');
told_of(3);
browser('click', on => '#op-purge', until => '#confirm-do:enabled');
becomes(sub { browser('count', of => 'main img, main script, dialog img, dialog script') }, 0, 'no element is made of them');
becomes(sub { shown() }, qr/\Q<img src=x onerror="document.title='taken'">\E/, 'they are shown as they are');
becomes(sub { browser('attribute', of => '#restart-mark', name => 'aria-valuetext') }, qr/^behind entry 3/, 'on the mark, too');
becomes(sub { evaluate('document.title') }, qr/Console$/, 'and nothing of them was run');
browser('press', key => 'Escape');
all_is_well('hostile names');

# both schemes are readable, and a narrow screen is wide enough

# Returns texts whose contrast with what is behind them is too low.
sub faint
{
	return evaluate(<<'JS');
(() => {
  const parse = (text) => (text.match(/[\d.]+/g) ?? []).map(Number);
  const scaled = (text) => { const [r, g, b, a = 1] = parse(text); return text.startsWith('color(') ? [r * 255, g * 255, b * 255, a] : [r, g, b, a]; };
  const over = ([r, g, b, a], [R, G, B]) => [r * a + R * (1 - a), g * a + G * (1 - a), b * a + B * (1 - a), 1];
  const light = ([r, g, b]) => [r, g, b].map((v) => v / 255).map((v) => (v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4)).reduce((sum, v, i) => sum + v * [0.2126, 0.7152, 0.0722][i], 0);
  const behind = (element) => {
    if (!element) return [255, 255, 255, 1];
    const own = scaled(getComputedStyle(element).backgroundColor);
    return own[3] >= 1 ? own : over(own, behind(element.parentElement));
  };
  const found = new Set();
  for (const element of document.querySelectorAll('body *')) {
    const style = getComputedStyle(element);
    if (![...element.childNodes].some((node) => node.nodeType === 3 && node.data.trim() !== '')) continue;
    if (!element.checkVisibility() || element.matches(':disabled, .unseen, .unseen *, .skip, option, [data-fate="dropped"] *') || element.closest('button:disabled')) continue;
    const ground = behind(element);
    const [a, b] = [light(over(scaled(style.color), ground)), light(ground)].sort((x, y) => y - x);
    const ratio = (a + 0.05) / (b + 0.05);
    if (ratio < 4.5) found.add(`${element.tagName} ${element.className} ${element.textContent.slice(0, 30)} ${ratio.toFixed(2)}`);
  }
  return [...found];
})()
JS
}

# Tests that every text of what is shown stands out in both schemes, and notes their grounds.
sub stands_out
{
	my ($name, $grounds) = @_;

	for my $scheme (qw(dark light))
	{
		my $faint;
		browser('scheme', scheme => $scheme);
		wait_until(sub { !@{ $faint = faint() } });
		is_deeply($faint, [], "$scheme, $name: every text stands out");
		$grounds->{$scheme} = evaluate('getComputedStyle(document.body).backgroundColor');
	}
	return;
}

my %pages = ('list' => [ '', '#results-count' ], 'invocation' => [ "#/invocation/$placed", '#calls' ], 'mark' => [ "#/invocation/$placed?from=4", '#restart-do:enabled' ], 'refusal' => [ "#/invocation/$lacking?from=5", '#restart-nearest' ],
	'hostile' => [ "#/invocation/$hostile?from=1", '#restart-outcome' ], 'paused' => [ "#/invocation/$backing_off", '#calls' ]);
my $has_jobs = in_tables(q{SELECT to_regclass('restate.sys_bulk_job') IS NOT NULL}) eq 't';
%pages = (%pages, 'jobs' => [ '#/jobs', '#jobs > *' ], 'new job' => [ '#/jobs/new', '#job-count' ]) if $has_jobs;
my %grounds;
for my $name (sort keys %pages)
{
	page(@{ $pages{$name} });
	stands_out($name, \%grounds);
	for my $width (360, 768, 1024)
	{
		browser('size', width => $width, height => 740);
		becomes(sub { browser('overflow') }, 0, "$name is not wider than $width");
	}
	browser('size', width => 1400);
}
invocation($placed);
browser('click', on => '#op-purge', until => '#confirm-do:enabled');
stands_out('a dialog', \%grounds);
browser('press', key => 'Escape');
isnt($grounds{light}, $grounds{dark}, 'the schemes differ');
browser('size', width => 360, height => 740);
invocation($placed);
browser('click', on => '#op-purge', until => '#confirm-do:enabled');
becomes(sub { browser('overflow') }, 0, 'nor is a dialog');
browser('press', key => 'Escape');
browser('wait', until => 'dialog', state => 'detached');
page("#/invocation/$placed?from=1", '#restart-do:enabled');
evaluate('document.querySelector("#restart-mark").scrollIntoView({ block: "center" })');
shows_preview($placed, pulled_to('swipe', 3));
browser('size', width => 1400);
all_is_well('schemes and widths');

# where one can go by keyboard it is seen, and everything has a name

page("#/invocation/$placed?from=4", '#restart-do:enabled');
becomes(sub { evaluate('[...document.querySelectorAll("button, a[href], input, select, [tabindex=\"0\"]")].filter((e) => e.checkVisibility() && !(e.labels?.length || e.getAttribute("aria-label") || e.getAttribute("aria-labelledby") || e.textContent.trim())).map((e) => e.outerHTML).join()') } , '', 'every control has a name');
becomes(sub { evaluate('[...document.querySelectorAll("[aria-labelledby], [aria-controls], [aria-describedby]")].flatMap((e) => ["aria-labelledby", "aria-controls", "aria-describedby"].map((name) => e.getAttribute(name))).filter((id) => id && !document.getElementById(id)).join()') }, '', 'and what names it is there');
becomes(sub { evaluate('[...document.querySelectorAll("[id]")].map((e) => e.id).filter((id, i, all) => all.indexOf(id) !== i).join()') }, '', 'no id stands for two things');
becomes(sub { evaluate('["header", "nav", "main", "h1"].map((name) => document.querySelectorAll(name).length).join(" ")') }, '1 1 1 1', 'the page has its landmarks');
evaluate('document.activeElement.blur()');
my (%reached, @unseen);
for (1 .. 80)
{
	browser('press', key => 'Tab');
	my $at = evaluate('(() => { const e = document.activeElement; const s = getComputedStyle(e); const k = e.querySelector(".knob"); return { id: e.id, body: e === document.body, seen: s.outlineStyle !== "none" && s.outlineWidth !== "0px" || Boolean(k && getComputedStyle(k).boxShadow.includes("4px")) }; })()');
	last if $at->{body};
	$reached{ $at->{id} } = 1;
	push @unseen, $at->{id} unless $at->{seen};
}
is_deeply([ grep { !$reached{$_} } qw(skip nav-find nav-jobs go-id restart-from restart-deployment restart-do restart-mark entry-0 entry-10 op-purge) ], [], 'Tab reaches all of it');
is_deeply(\@unseen, [], 'and where it is is always seen');

# no clipboard is needed, and no other place
is_deeply([ grep { $_ ne $url && $_ ne 'null' } @{ browser('origins') } ], [], 'the page has asked nobody else');
all_is_well('the keyboard');

# bulk jobs

if ($has_jobs)
{
	bulk_jobs();
}
else
{
	page('#/jobs', '#jobs .nothing');
	becomes(sub { shown('#jobs') }, qr/no bulk jobs/, 'where there are no bulk jobs that is said');
	all_is_well('no bulk jobs', qr{^404 GET /admin/bulk-jobs$});
}

# a token

my $token_file = PostgreSQL::Test::Utils::tempdir . '/token';
my $token = "a token of many ch\xc3\xa4racters";
append_to_file($token_file, "$token\n");
my $guarded = start_gateway($node, @roles, "--token-file=$token_file");
my $there = "http://127.0.0.1:$guarded->{port}/console/#/find?status=paused";
browser('open', url => $there, until => 'dialog input');
becomes(sub { shown('dialog') }, qr/asks for a token/, 'a gateway that wants a token is told one');
all_is_well('before there is a token');
browser('type', into => 'dialog input', text => 'a wrong one of many characters');
browser('press', key => 'Enter');
browser('wait', until => 'dialog .problem');
becomes(sub { shown('dialog') }, qr/refuses that token/, 'a wrong one is refused');
browser('type', into => 'dialog input', text => "a token of many ch\x{e4}racters");
browser('press', key => 'Enter');
browser('wait', until => '#results-count');
becomes(sub { shown('#results-count') }, in_tables("SELECT count(*) FROM restate.sys_invocation WHERE status = 'paused'"), 'with it all is shown');
all_is_well('a wrong token', qr{^401 });
browser('reload', until => '#results-count');
becomes(sub { browser('count', of => 'dialog') }, 0, 'it is kept for the tab');
becomes(sub { evaluate('[localStorage.length, document.cookie].join()') }, '0,', 'and nowhere else');
browser('open', url => 'about:blank', until => 'body');
browser('open', url => $there =~ s/find.*/invocation\/$backing_off/r, until => '#op-purge, #op-kill');
browser('click', on => '#op-kill', until => 'dialog');
becomes(sub { shown('dialog') }, qr/No reason is recorded: the gateway was started without --reason-header/, 'without the header no reason is asked for');
browser('press', key => 'Escape');
browser('wait', until => 'dialog', state => 'detached');
browser('click', on => '#forget', until => 'dialog input');
becomes(sub { evaluate('sessionStorage.length') }, 0, 'and it is forgotten on demand');
browser('click', on => 'dialog button:has-text("Not now")', until => 'h1:text-is("Nothing to show")');
browser('click', on => 'main button', until => 'dialog input');
pass('without it nothing is shown, and it can be given later');
all_is_well('the token', qr{^401 });

done_testing();

# A job that is counted first, started, run, paused, resumed and aborted.
sub bulk_jobs
{
	my $ready = q{target_handler_name = 'work' AND status = 'ready'};

	in_tables(q{SELECT count(restate_submit('Orders', 'work', 'null')) FROM generate_series(1, 1200)});
	my $many = in_tables("SELECT count(*) FROM restate.sys_invocation WHERE $ready");
	page('#/jobs', '#jobs .nothing');
	becomes(sub { shown('#jobs') }, qr/There are none/, 'first there are none');

	# counted
	page('#/find?handler=work&status=ready', '#more');
	browser('click', on => '#to-job', until => '#job-count');
	is(join(' ', map { evaluate("document.getElementById('filter-$_').value") } qw(handler status)), 'work ready', 'a job takes the filter of the list');
	browser('choose', in => '#job-operation', value => 'kill');
	browser('focus', on => '#filter-handler');
	browser('press', key => 'Enter');
	browser('wait', until => '#dry-run');
	becomes(sub { shown('#dry-run') }, qr/@{[ $many =~ s{(\d)(\d{3})$}{$1,$2}r ]} invocations match: @{[ $many =~ s{(\d)(\d{3})$}{$1,$2}r ]} would be done/, 'what it would do is counted');
	becomes(sub { in_tables("SELECT count(*) FROM restate.sys_invocation WHERE $ready") }, $many, 'which changes nothing');
	becomes(sub { in_tables('SELECT count(*) FROM restate.sys_bulk_job') }, 0, 'and makes no job');
	browser('type', into => '#filter-service', text => 'x');
	becomes(sub { browser('count', of => '#dry-run') }, 0, 'a count is of the filter that was counted');
	browser('fill', into => '#filter-service', text => '');
	browser('click', on => '#job-count', until => '#dry-run');

	# left, then started
	browser('requests');
	browser('click', on => '#job-start', until => 'dialog[open]');
	becomes(sub { shown('dialog') }, $_, "it asks: $_") for qr/Start: kill\?/, qr/On 1,2\d\d invocations?:.*Handler work.*Status ready/, qr/cannot be taken back/, qr/kill 1,2\d\d$/;
	browser('press', key => 'Escape');
	browser('wait', until => 'dialog', state => 'detached');
	is(sent(), '', 'left, it is not started');
	browser('click', on => '#job-start', until => 'dialog[open]');
	browser('click', on => '#confirm-do');
	is(sent(), '', 'nor without a reason');
	browser('type', into => '#confirm-reason', text => 'a batch gone wrong');
	browser('press', key => 'Enter');
	browser('wait', until => '#job-percent');
	is(sent(), 'POST /admin/bulk-jobs', 'then it is');
	my ($job) = browser('url') =~ m{#/jobs/([\w-]+)$};
	becomes(sub { in_tables("SELECT operation, reason, matched, state FROM restate.sys_bulk_job WHERE job = '$job'") }, "kill|a batch gone wrong|$many|running", 'the job is what was asked for');
	becomes(sub { shown('#job-percent') }, '0%', 'it is at its beginning');
	becomes(sub { shown('#job-about') }, qr/Handler work.*a batch gone wrong.*restate_gateway/, 'what it is, why, and who');

	# paused, resumed, run, aborted
	browser('click', on => '#job-pause', until => '.headline .badge:text-is("paused")');
	becomes(sub { in_tables("SELECT state FROM restate.sys_bulk_job WHERE job = '$job'") }, 'paused', 'pause');
	becomes(sub { browser('count', of => '#job-run') }, 0, 'while it is paused there is nothing to run');
	browser('click', on => '#job-resume', until => '.headline .badge:text-is("running")');
	becomes(sub { in_tables("SELECT state FROM restate.sys_bulk_job WHERE job = '$job'") }, 'running', 'resume');
	browser('click', on => '#job-run', until => '.counts [data-part=done] strong:text-is("1,000")');
	my $left = in_tables("SELECT remaining FROM restate.sys_bulk_job WHERE job = '$job'");
	becomes(sub { shown('.counts') }, "1,000 done 0 failed 0 no longer matched $left to be done", 'a batch, and how far it is');
	becomes(sub { browser('attribute', of => '#job-progress .progress', name => 'aria-valuetext') }, '1,000 of ' . ($many =~ s/(\d)(\d{3})$/$1,$2/r), 'the bar says it, too');
	browser('click', on => '#job-abort', until => 'dialog[open]');
	becomes(sub { shown('dialog') }, qr/1,000 are done and stay done\. $left are left as they are/, 'abort tells what stays');
	browser('press', key => 'Escape');
	browser('wait', until => 'dialog', state => 'detached');
	becomes(sub { in_tables("SELECT state FROM restate.sys_bulk_job WHERE job = '$job'") }, 'running', 'left, it goes on');
	in_tables("SELECT state FROM restate_bulk_run('$job', 50)");
	browser('wait', until => '.counts [data-part=done] strong:text-is("1,050")');
	pass('the page follows what others do to it');
	browser('click', on => '#job-abort', until => 'dialog[open]');
	browser('type', into => '#confirm-reason', text => 'enough');
	browser('press', key => 'Enter');
	browser('wait', until => '.headline .badge:text-is("aborted")');
	becomes(sub { in_tables("SELECT count(*) FROM restate.sys_invocation WHERE $ready") }, $left - 50, 'what was left is as it was');
	becomes(sub { browser('count', of => '#job-progress button') }, 0, 'and nothing more can be done to the job');
	all_is_well('a bulk job');

	# one with failures
	page('#/jobs/new?service=Cart&operation=cancel', '#job-count');
	browser('click', on => '#job-count', until => '#dry-run');
	my $completed = in_tables(q{SELECT count(*) FROM restate.sys_invocation WHERE target_service_name = 'Cart' AND status = 'completed'});
	my $cart = in_tables(q{SELECT count(*) FROM restate.sys_invocation WHERE target_service_name = 'Cart'});
	becomes(sub { shown('#dry-run') }, qr/$cart invocations match: @{[ $cart - $completed ]} would be done, $completed refused\..*already completed $completed/, 'what would fail is counted by category');
	browser('click', on => '#job-start', until => 'dialog[open]');
	browser('type', into => '#confirm-reason', text => 'closing');
	browser('press', key => 'Enter');
	browser('wait', until => '#job-run');
	browser('click', on => '#job-run', until => '.headline .badge:text-is("done")');
	becomes(sub { shown('#job-percent') }, '100%', 'it is done');
	becomes(sub { shown('#job-failures') }, qr/already completed $completed inv_1\S+ it has completed already/, 'failures by category, each with one that failed');
	browser('click', on => '#job-failures a', until => '#operations');
	pass('which leads there');

	# options, all, and what is wrong
	page('#/jobs/new?operation=restart_as_new', '#job-count');
	becomes(sub { browser('count', of => '[name=from], [name=at], [name=on]') }, 3, 'a restart has options');
	browser('click', on => '#job-count', until => '#counts .problem');
	becomes(sub { shown('#counts') }, qr/invalid_query_parameter/, 'an empty filter is refused');
	all_is_well('an empty filter', qr{^400 POST /admin/bulk-jobs$});
	browser('click', on => '#job-all');
	ok(evaluate('document.getElementById("filter-service").disabled'), 'all is all, whatever the filter says');
	browser('fill', into => '[name=at]', text => 'last_completed');
	browser('click', on => '#job-count', until => '#dry-run');
	my $dry = $json->decode(in_tables(q{SELECT to_json(b) FROM restate_bulk_start('restart_as_new', '{"all": true}', '{"dry_run": true, "at": "last_completed"}') AS b}));
	becomes(sub { shown('#dry-run') =~ s/,//gr }, qr/$dry->{matched} invocations match: $dry->{done} would be done $dry->{failed} refused/, 'as the function counts');

	# the list
	page('#/jobs', '#jobs table');
	becomes(sub { browser('count', of => '#jobs tbody tr') }, 2, 'the list has them');
	becomes(sub { shown('#jobs') }, $_, "with $_") for qr/aborted kill .*Handler work .*87%|8\d% of 1,2\d\d/, qr/done cancel .*Service Cart .*100% of $cart $completed /;
	browser('click', on => "#jobs a[href*=\"$job\"]", until => '#job-percent');
	page('#/jobs/00000000-0000-0000-0000-000000000000', 'main .problem');
	becomes(sub { shown() }, qr/bulk_job_not_found/, 'one that is not there');
	for (["#/jobs/$job", '#job-percent'], ['#/jobs', '#jobs table'])
	{
		page(@$_);
		stands_out($_->[0], {});
		browser('size', width => 360, height => 740);
		becomes(sub { browser('overflow') }, 0, "$_->[0] is not wider than 360");
		browser('size', width => 1400);
	}
	all_is_well('bulk jobs', qr{^404 GET /admin/bulk-jobs/0000});
	return;
}
