package RestatePlans;

# The plans of the statements that a call or a query runs, as auto_explain logs them, and
# whether one reads a whole table.

use strict;
use warnings;
use Exporter 'import';
use PostgreSQL::Test::Utils;

our @EXPORT = qw($plan_settings whole indexes plans_of plans_logged);

# of the server
our $plan_settings = <<'CONF';
autovacuum = off
session_preload_libraries = 'auto_explain'
auto_explain.log_nested_statements = on
auto_explain.log_format = 'text'
auto_explain.log_timing = off
max_parallel_workers_per_gather = 0
CONF

# What indexes begin with, after the partition key if that comes first: a
# condition on it is what makes a scan of an index short.
my $leading = qr/\bat [<>] |\b(?:id|job|new_id|target|restarted_from|status|kind|(?:target_)?service_key|(?:target_)?service_name(?:\)::text)?) = /;

# Returns the nodes of a plan that read a whole table, or a whole index, other than one of
# those, of which there are few rows here too.
sub whole
{
	my ($plan, @few) = @_;
	# deployments, services, workers, bulk jobs and results not fetched are few, and so is what is in flight, which is
	# read where a worker has died, or an operator asks
	my $few = join '|', qw(deployment service_revision held_service worker undelivered_result bulk_job bulk_job_running_idx invocation_in_flight_idx), @few;
	# a node's own lines end where the next one begins
	my @nodes = split /^(?=[^\n]*\(cost=)/m, $plan;

	return grep {
		!/ Scan (?:\S+ \S+ )?on (?:$few|pg_\w+)\b/ && !/\(never executed\)/
		  && !/ Scan using invocation_in_flight_idx on /
		  && (/Seq Scan/ || (/(?:Index|Index Only|Bitmap Index) Scan/ && !/Index Cond: .*$leading/))
	} @nodes;
}

# Returns the names of the indexes that plans use.
sub indexes
{
	my %indexes;

	for my $plan (@_)
	{
		$indexes{$1} = 1 while $plan =~ /Scan(?: Backward)? using (\S+) on /g;
		$indexes{$1} = 1 while $plan =~ /Bitmap Index Scan on (\S+)/g;
	}
	return sort keys %indexes;
}

# Returns the plans in the server's log from an offset on, and where it ends.
sub plans_logged
{
	my ($node, $offset) = @_;
	my $log = substr(slurp_file($node->logfile), $offset);
	my @plans = split /^[^\t\n][^\n]*LOG:  duration: [^\n]* plan:\n/m, $log;

	shift @plans;
	# what follows a plan's lines is no part of it
	s/\n[^\t].*//s for @plans;
	return @plans;
}

# Runs a query in a transaction that is rolled back, and returns the plans of the
# statements in it, its own the last.
sub plans_of
{
	my ($node, $query, $settings) = @_;
	my $offset = -s $node->logfile;

	# the first call of a session checks the installed version
	$node->safe_psql('postgres',
		"SET auto_explain.log_min_duration = -1; SELECT restate_purge_journal_batch(NULL);"
		. ' ' . ($settings // '') . "; BEGIN; SET auto_explain.log_min_duration = 0; $query; SET auto_explain.log_min_duration = -1; ROLLBACK");
	my @plans = plans_logged($node, $offset);
	die "the last statement logged is not the query: $plans[-1]" if !@plans || index($plans[-1], $query) < 0;
	return @plans;
}

1;
