# Workflows a second: a worker in JavaScript on pg (life_worker.mjs) against
# @dbos-inc/dbos-sdk (life_dbos.mjs), one process each, on the same server.
package LifeWorkflows;

use strict;
use warnings;

use Cwd qw(abs_path);
use File::Basename qw(dirname);

use Bench qw(query new_database drop_database compare record progress in_turn median);

my $bench = dirname(dirname(abs_path(__FILE__)));
my $root = dirname($bench);
my $npm = "$root/.run/npm_life";
my %versions = (pg => '8.23.1', '@dbos-inc/dbos-sdk' => '5.3.0');
my $note = "dbos: \@dbos-inc/dbos-sdk $versions{'@dbos-inc/dbos-sdk'}, on the same server; both of one process, which submits what it runs";

# Measures both, with their default of ten connections.
sub measure
{
	my ($quick) = @_;
	install();
	local $ENV{NPM_DIR} = $npm;
	local $ENV{NODE_NO_WARNINGS} = 1;
	local $ENV{DBOS_URL} = "postgresql://$ENV{PGUSER}:x\@localhost:5432/bench_dbos?host=$ENV{PGHOST}";
	{
		local $ENV{PGDATABASE} = 'postgres';
		query('CREATE DATABASE bench_dbos');
	}
	new_database('bench_life');
	for my $steps (1, 10)
	{
		for my $concurrency (1, 8, 64)
		{
			progress("workflows of $steps steps, $concurrency at a time");
			my $values = in_turn($quick ? 1 : 5, map {
				my $program = "life_$_.mjs";
				$_ => sub { return (run_workflows($program, $concurrency, $steps, $quick ? 3 : 10))[0] } } qw(worker dbos));
			compare($values, 'worker', 'dbos', part => 'life', what => "workflows of $steps steps, $concurrency at a time", unit => '/s',
				better => 'higher', goal => { op => '>=', ratio => 2 }, note => $note);
		}
	}
	stays_flat() unless $quick;
	drop_database('bench_life');
	drop_database('bench_dbos');
	return;
}

# Measures ten minutes of workflows, each by itself.
sub stays_flat
{
	progress('ten minutes of workflows');
	my @minutes = run_workflows('life_worker.mjs', 8, 10, (60) x 10);
	record(part => 'life', what => 'workflows of 10 steps, minute ' . ($_ + 1), unit => '/s', values => [ $minutes[$_] ])
	  for 0 .. $#minutes;
	record(part => 'life', what => 'workflows of 10 steps, the last three minutes against the first', unit => '/s', ours => 'last',
		theirs => 'first', better => 'higher', pairs => [ [ median(@minutes[ -3 .. -1 ]), median(@minutes[ 0 .. 2 ]) ] ],
		goal => { op => '>=', ratio => 0.9 });
	return;
}

# Runs a program and returns what it prints: workflows a second.
sub run_workflows
{
	my ($program, @arguments) = @_;
	my @lines = `node $bench/$program @arguments`;
	die "$program @arguments failed: @lines\n" if $? || grep { !/^[\d.]+$/ } @lines;
	return map { $_ + 0 } @lines;
}

# Installs the packages, unless they are there.
sub install
{
	my @packages = map { "$_\@$versions{$_}" } sort keys %versions;
	system('bash', '-c', <<'SH', $root, $npm, @packages) == 0 or die "cannot install what is needed\n";
set -euo pipefail
. "$0/test/lib/common.sh"
dir=$1
shift
{
  need npm
  if [ "$(cat "$dir/installed" 2>/dev/null)" != "$*" ]; then
    need_npm "$dir" "$@"
    [ -d "$dir/node_modules/pg" ] && [ -d "$dir/node_modules/@dbos-inc" ]
    echo "$*" >"$dir/installed"
  fi
} >&2
SH
	return;
}

1;
