# What an operation has acknowledged is there after a crash; what it has not,
# is there whole or not at all.
use strict;
use warnings;
use IPC::Run;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use RestateNode;
use Test::More;

my $node = new_node('main');
load_example($node);

# one of each, and a transaction that is prepared
$node->safe_psql('postgres', join ';', map { "SELECT restate_$_" } (
	"purge_journal('" . inv('old') . "')",
	"purge('" . inv('gone') . "')",
	"cancel('" . inv('suspended') . "')",
	"cancel('" . inv('scheduled') . "')",
	"kill('" . inv('parent') . "')",
	"kill('" . inv('holder', 'a') . "')",
	"pause('" . inv('retrying') . "')",
	"resume('" . inv('paused') . "', 'latest')",
	"restart_as_new('" . inv('done') . "', 2, 'keep', 'again')",
	"restart_as_new_batch(ARRAY['" . inv('done') . "', '" . inv('finished', 'a') . "']::restate_invocation_id[])",
	"delete_invocation('" . inv('ready') . "', 'kill')"));
my $before = digest($node);
$node->safe_psql('postgres', "BEGIN; SELECT restate_purge('" . inv('done') . "'); PREPARE TRANSACTION 'purge'");
$node->stop('immediate');
$node->start;
is(digest($node), $before, 'everything acknowledged is there after a crash');
is($node->safe_psql('postgres', 'SELECT count(*) FROM restate_verify()'), '0', 'and all is well');
$node->safe_psql('postgres', "COMMIT PREPARED 'purge'");
is($node->safe_psql('postgres', "SELECT count(*) FROM restate.sys_invocation WHERE id = '" . inv('done') . "'"),
	'0', 'an operation in a prepared transaction is there once that is committed');
is($node->safe_psql('postgres', "SELECT count(*) FROM restate.sys_invocation WHERE restarted_from = '" . inv('done') . "'"),
	'2', 'with what went before it');

# crashes while restarts and kills go on
my $script = $node->basedir . '/restarts.sql';
my $original = inv('finished', 'a');
append_to_file($script, <<"SQL" x 20000);
SELECT 'new ' || restate_restart_as_new('$original', 2, 'keep');
SELECT 'killed ' || id FROM (SELECT id, restate_kill(id) FROM (SELECT id FROM restate.sys_inbox LIMIT 1) AS i) AS k;
SQL
for my $round (1 .. 3)
{
	my ($out, $err) = ('', '');
	my $session = IPC::Run::start(
		[ 'psql', '-XAtq', '-d', $node->connstr('postgres'), '-f', $script ],
		'<', \undef, '>', \$out, '2>', \$err, IPC::Run::timeout($PostgreSQL::Test::Utils::timeout_default));

	# until some are acknowledged
	$session->pump until (() = $out =~ /^new .*\n/mg) >= 20 || !$session->pumpable;
	$node->stop('immediate');
	$session->finish;
	# the last line may be cut off
	$out =~ s/[^\n]*\z//;
	my @new = $out =~ /^new (inv_\w{34})$/mg;
	my @killed = $out =~ /^killed (inv_\w{34})$/mg;
	$node->start;
	cmp_ok(scalar @new, '>=', 20, "round $round: restarts were acknowledged");
	my %is_killed = map { $_ => 1 } @killed;
	my @alive = grep { !$is_killed{$_} } @new;
	my $list = join ', ', map { "'$_'" } @alive;
	# the one operation on the way may have happened to one of them
	cmp_ok($node->safe_psql('postgres', "SELECT count(*) FROM restate.sys_invocation WHERE id IN ($list)"),
		'>=', @alive - 1, "round $round: all of them are there") if @alive;
	is($node->safe_psql('postgres', "SELECT count(*) FROM restate.sys_invocation WHERE id IN (" . join(', ', map { "'$_'" } @killed) . ')'),
		'0', "round $round: those killed in the inbox are gone") if @killed;
	is($node->safe_psql('postgres', "SELECT count(*) FROM restate.sys_audit WHERE new_id IN (" . join(', ', map { "'$_'" } @new) . ')'),
		scalar @new, "round $round: each is in the audit");
	is($node->safe_psql('postgres', 'SELECT count(*) FROM restate_verify()'), '0', "round $round: all is well");
}

done_testing();
