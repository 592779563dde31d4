# What operators ask, among a million invocations of which two thousand are in flight: each
# answer, each view and each recipe of doc/operations.md finds its rows by an index, and a
# recipe by those that it names.
use strict;
use warnings;

use Cwd;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use RestateNode;
use RestatePlans;
use Test::More;

my $node = new_node('main', $plan_settings . <<'CONF');
max_wal_size = 8GB
maintenance_work_mem = 256MB
CONF

$node->safe_psql('postgres', slurp_file(getcwd() . '/test/lib/million.sql'));
$node->command_ok([ 'psql', '-XAtq', '-f', getcwd() . '/examples/operations.sql', 'postgres' ], 'among them the night of the recipes');
is($node->safe_psql('postgres', "SELECT count(*) >= 1000000, count(*) FILTER (WHERE completed_at IS NULL) BETWEEN 2000 AND 2100 FROM restate.invocation"), 't|t', 'there is a million of them, few in flight');

# answers, of one that has completed and of some in flight; as the operations do
my %of = map { my ($name, $condition) = @$_; $name => $node->safe_psql('postgres', "SELECT id FROM restate.invocation WHERE $condition LIMIT 1") }
  [ done => "status = 'completed' AND journal_size = 10 AND target_service_name = 'Svc2'" ], [ suspended => "completed_at IS NULL AND status = 'suspended' AND target_service_name = 'Svc0'" ],
  [ retrying => "completed_at IS NULL AND status = 'backing-off'" ], [ pending => "completed_at IS NULL AND status = 'pending'" ], [ restart => 'restarted_from IS NOT NULL' ];
for my $call (map({ ("explain('$of{$_}')", "explain_json('$of{$_}')", "call_tree('$of{$_}')") } sort keys %of),
	"preview_restart('$of{done}', 4)", "preview_restart('$of{done}', at => 'last_failure')", "preview_restart('$of{suspended}')",
	map({ "restart_point('$of{done}', '$_')" } 'last_completed', 'name:step', 'time:2099-01-01T00:00:00Z'),
	"lineage('$of{done}')", "lineage('$of{restart}')", "dry_run('kill', ARRAY['$of{suspended}', '$of{pending}']::restate_invocation_id[])")
{
	my @plans = plans_of($node, "SELECT restate_$call");

	cmp_ok(scalar @plans, '>', 1, "$call: its statements are seen");
	is(join("\n", map { whole($_, 'runnable') } @plans), '', "$call: nothing is read whole");
}

# views
for my $case (
	[ 'SELECT * FROM restate.sys_stuck ORDER BY since', 'in_flight', 'timer' ],
	[ "SELECT * FROM restate.sys_stuck WHERE id = '$of{suspended}'", 'pkey' ],
	[ "SELECT * FROM restate.sys_stuck WHERE target_service_name = 'Svc0'", 'in_flight' ],
	[ "SELECT * FROM restate.sys_stuck WHERE reason = 'callee_gone'", 'in_flight', 'journal_' ],
	[ "SELECT * FROM restate.sys_stuck WHERE reason = 'key_blocked'", 'in_flight', 'inbox' ],
	[ "SELECT * FROM restate.sys_stuck WHERE reason = 'service_held'", 'in_flight' ],
	[ 'SELECT count(*) FROM restate.sys_stuck', 'in_flight' ],
	[ 'SELECT * FROM restate_api.stuck ORDER BY since LIMIT 10', 'in_flight' ],
	[ 'SELECT * FROM restate.sys_deployment_blocker', 'in_flight' ],
	[ "SELECT * FROM restate.sys_deployment_blocker WHERE deployment_id = 'dp_10000000000000000000new'", 'in_flight' ],
	[ 'SELECT * FROM restate_api.deployment_blockers', 'in_flight' ],
	[ 'SELECT id, drained FROM restate.sys_deployment', 'in_flight' ])
{
	my ($query, @wanted) = @$case;
	my @plans = plans_of($node, $query);
	my $used = join ' ', indexes(@plans);

	is(join("\n", map { whole($_, 'runnable') } @plans), '', "$query: nothing is read whole");
	like($used, qr/$_/, "$query: by $_") for @wanted;
}

# recipes: the plans of all that each runs, in one psql
my $doc = slurp_file('doc/operations.md');
my ($marker, @recipes) = ('-- recipe ', split /^(?=## \d+ )/m, $doc);
# what is never executed is known only once it has run
my $script = "SET auto_explain.log_analyze = on;\nSET auto_explain.log_min_duration = 0;\n";
for my $recipe (@recipes)
{
	my ($number) = $recipe =~ /^## (\d+) / or next;

	$script .= "SELECT '$marker$number';\n" . join '', map { s/\n\\watch .*//r . ";\n" } $recipe =~ /^```sql\n(.*?)^```$/msg;
}
my $offset = -s $node->logfile;
$node->psql('postgres', $script, on_error_stop => 0);
my %plans;
my $number;
for my $plan (plans_logged($node, $offset))
{
	$number = $1, next if $plan =~ /Query Text: SELECT '\Q$marker\E(\d+)'/;
	push @{ $plans{$number} }, $plan if defined $number;
}
for my $recipe (grep { /^## \d+ / } @recipes)
{
	my ($number, $title) = $recipe =~ /^## (\d+) (.*)$/m;
	my ($named) = $recipe =~ /^(Reads `.*?)(?:\n\n|\z)/ms or fail("$title names its indexes");
	my %used = map { $_ => 1 } indexes(@{ $plans{$number} });

	is(join("\n", map { whole($_, qw(runnable waiter kept bulk_target)) } @{ $plans{$number} }), '', "$title: nothing is read whole");
	is(join(' ', grep { !$used{$_} } $named =~ /`(\w+_(?:idx|pkey))`/g), '', "$title: by the indexes that it names") or diag("it uses @{[ sort keys %used ]}");
}

done_testing();
