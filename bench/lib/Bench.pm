# What the parts of bench/run share: databases filled with invocations, and
# calls timed by pgbench.
package Bench;

use strict;
use warnings;

use Exporter qw(import);
use File::Basename qw(dirname);
use Cwd qw(abs_path);
use File::Temp qw(tempdir);
use JSON::PP;
use Time::HiRes ();

our @EXPORT_OK = qw(median quantile query new_database drop_database prepare forget settle time_calls
  time_alternately time_in_transaction time_on_ids run_pgbench compare record progress in_turn wait_while_it_goes_on);

my $bench = dirname(dirname(abs_path(__FILE__)));
my $work = tempdir(CLEANUP => 1);
my $json = JSON::PP->new->canonical->utf8;

$| = 1;

# Says how far it is.
sub progress
{
	my ($text) = @_;
	my ($sec, $min, $hour) = localtime;
	printf STDERR "%02d:%02d:%02d %s\n", $hour, $min, $sec, $text;
	return;
}

# Waits until something is done, for as long as it goes on: look returns whether
# it is done, and how far it is.  Dies if it is no further after PATIENCE seconds
# (600, if the environment does not say).
sub wait_while_it_goes_on
{
	my ($what, $look) = @_;
	my $patience = $ENV{PATIENCE} || 600;
	my $last = '';
	my $since = my $told = Time::HiRes::time();

	while (1)
	{
		my ($done, $how_far) = $look->();
		return if $done;
		$how_far //= '';
		($last, $since) = ($how_far, Time::HiRes::time()) if $how_far ne $last;
		if (Time::HiRes::time() - $told > 30)
		{
			progress("$what: $how_far");
			$told = Time::HiRes::time();
		}
		die "$what: no further than '$last' for $patience seconds\n" if Time::HiRes::time() - $since > $patience;
		Time::HiRes::sleep(0.1);
	}
}

# Returns the median.
sub median
{
	return quantile(0.5, @_);
}

# Returns the quantile of the values, between two of them where it falls
# between.
sub quantile
{
	my ($part, @values) = @_;
	@values = sort { $a <=> $b } @values;
	my $place = $part * $#values;
	my $below = int $place;
	return $values[$below] if $below == $#values;
	return $values[$below] + ($place - $below) * ($values[ $below + 1 ] - $values[$below]);
}

# Prints a measurement.
sub record
{
	my (%record) = @_;
	print $json->encode(\%record), "\n";
	return;
}

# Runs SQL in the database of the environment and returns its lines of output.
# Dies if it fails.
sub query
{
	my ($sql) = @_;
	my $file = "$work/query.sql";
	open my $out, '>', $file or die "$file: $!";
	print $out $sql;
	close $out or die "$file: $!";
	my @lines = `psql -qXAt -v ON_ERROR_STOP=1 -f $file 2>&1`;
	die "psql: @lines\nin $sql\n" if $?;
	chomp @lines;
	return @lines;
}

# Makes a database with the extension and the functions of the benchmarks, which
# are ours if no other directory is said, and goes there.
sub new_database
{
	my ($name, $from) = @_;
	$from //= $bench;
	local $ENV{PGOPTIONS} = '-c client_min_messages=warning';
	{
		local $ENV{PGDATABASE} = 'postgres';
		query("CREATE DATABASE $name");
	}
	$ENV{PGDATABASE} = $name;
	query("CREATE EXTENSION restate_admin;\n\\i $from/data.sql\n\\i $from/plpgsql.sql\n");
	return;
}

# Removes a database.
sub drop_database
{
	my ($name) = @_;
	$ENV{PGDATABASE} = 'postgres';
	query("DROP DATABASE $name WITH (FORCE)");
	return;
}

# Adds invocations of a status, with journals of so many entries and payloads
# of so many bytes.  Returns the number of the first; the others follow.
sub prepare
{
	my ($count, $status, $entries, $bytes) = @_;
	my ($first) = query("SELECT bench.prepare($count, '$status', $entries, $bytes)");
	return $first;
}

# Removes all invocations, and what is known of them.
sub forget
{
	my @tables = map { "restate.$_" } qw(invocation runnable timer waiter journal journal_event audit);
	# an older version, measured against, lacks some
	my ($there) = query("SELECT string_agg(t, ', ') FROM unnest('{bench.target," . join(',', @tables) . "}'::text[]) AS t WHERE to_regclass(t) IS NOT NULL");

	query("TRUNCATE $there");
	return;
}

# Brings the server to rest after data was loaded.
sub settle
{
	query('VACUUM ANALYZE; CHECKPOINT');
	return;
}

# Runs pgbench commands on each of the invocations from a first one on, and
# returns the mean milliseconds of the commands.  They find the invocation's id
# in :id, its partition key in :key and a fresh id in :new_id, which are read
# before them, untimed.
#
# Some calls before the first timed one make plans and fill caches.
sub time_calls
{
	my (%do) = @_;
	my $clients = $do{clients} // 1;
	my $warm = $do{warm} // 0;
	my @lines = run_pgbench(<<"END", '-r', '-c', $clients, '-j', $clients > 2 ? 2 : $clients, '-t', $warm + $do{calls},
\\set n :n + $clients
\\set mine :n + :client_id
SELECT id, partition_key AS key, restate_new_invocation_id(partition_key) AS new_id
  FROM bench.target WHERE n = :mine \\gset
\\if :n < :timed_from
$do{commands}\\else
$do{commands}\\endif
END
		'-D', 'n=' . ($do{first} - $clients), '-D', 'timed_from=' . ($do{first} + $warm * $clients));
	my ($timed, $sum) = (0, 0);
	for my $line (@lines)
	{
		my ($ms, $text) = $line =~ /^\s+(\d+\.\d+)\s+\d+\s+(.*)/ or next;
		$timed = 0 if $text =~ /^\\endif/;
		$sum += $ms if $timed;
		$timed = 1 if $text =~ /^\\else/;
	}
	die "pgbench printed no latencies:\n@lines" unless $sum > 0;
	return $sum;
}

# Runs pgbench with a script and options and returns its lines of output.  Dies
# unless every transaction succeeded.
sub run_pgbench
{
	my ($script, @options) = @_;
	my $file = "$work/script.sql";
	open my $out, '>', $file or die "$file: $!";
	print $out $script;
	close $out or die "$file: $!";
	# what few calls would spend on planning, many do not
	local $ENV{PGOPTIONS} = $ENV{BENCH_PGOPTIONS} // '-c plan_cache_mode=force_generic_plan';
	my @lines = `pgbench -n -M prepared @options -f $file 2>$work/errors`;
	if ($? || grep { /number of failed transactions: [1-9]/ } @lines)
	{
		open my $errors, '<', "$work/errors" or die "$work/errors: $!";
		die "pgbench failed:\n", @lines, <$errors>;
	}
	return @lines;
}

# Times calls of several variants one after the other in one session, again and
# again, each call in a transaction of its own.  variants are pairs of a name and
# pgbench commands as for time_calls.  Each call is on an invocation that is the
# next of the pool.  Returns for each name a list of milliseconds, the medians of
# so many groups of calls.
sub time_alternately
{
	my (%do) = @_;
	my @variants = @{ $do{variants} };
	my $kinds = 2 * @variants;
	my $script = <<"END";
\\set kind :step % $kinds
\\set step :step + 1
\\if :kind % 2 = 0
\\set mine $do{first} + :i % $do{pool}
\\set i :i + 1
SELECT id, partition_key AS key, restate_new_invocation_id(partition_key) AS new_id
  FROM bench.target WHERE n = :mine \\gset
END
	$script .= "\\elif :kind = " . (2 * $_ + 1) . "\n$variants[$_][1]" for 0 .. $#variants;
	my $prefix = "$work/log";
	my $warm = 3;
	run_pgbench("$script\\endif\n", '-l', "--log-prefix=$prefix", '-t', ($warm + $do{calls}) * $kinds, '-D', 'step=0',
		'-D', 'i=0');
	my ($log) = glob "$prefix.*";
	open my $in, '<', $log or die "$log: $!";
	my @ms = map { (split)[2] / 1000 } <$in>;
	close $in;
	unlink $log;
	# every other transaction but looks an invocation up
	@ms = @ms[ map { 2 * $_ + 1 } $warm * @variants .. @ms / 2 - 1 ];
	die 'pgbench logged ' . @ms . ' calls' if @ms != $do{calls} * @variants;
	my %times;
	for my $place (0 .. $#variants)
	{
		my @of = @ms[ map { $_ * @variants + $place } 0 .. $do{calls} - 1 ];
		$times{ $variants[$place][0] } = [ groups($do{groups}, @of) ];
	}
	return \%times;
}

# Returns the medians of so many groups that the values fall into, in their
# order.
sub groups
{
	my ($groups, @values) = @_;
	my $size = int(@values / $groups) || 1;
	my @medians;
	push @medians, median(splice @values, 0, $size) while @values >= $size && @medians < $groups;
	return @medians;
}

# Times statements of several names one after the other, again and again, all
# in one transaction.  A statement makes $2 calls, on the invocations from number
# $1 on, and counts them.  Returns for each name a list of milliseconds a call.
sub time_in_transaction
{
	my (%do) = @_;
	my @names = sort keys %{ $do{statements} };
	my $statements = join ', ', map { "'$do{statements}{$_}'" } @names;
	local $ENV{PGOPTIONS} = '-c plan_cache_mode=force_generic_plan';
	my @lines = query("SELECT * FROM bench.time_in_transaction(ARRAY[$statements], $do{first}, $do{calls}, $do{groups})");
	my %times;
	for my $line (@lines)
	{
		my ($place, $ms) = split /\|/, $line;
		push @{ $times{ $names[ $place - 1 ] } }, $ms + 0;
	}
	return \%times;
}

# Returns the milliseconds of a statement over :'ids', an array of the ids of
# invocations from a first one on, as a transaction of its own.  The same
# statement over a few before those makes plans and fills caches.
sub time_on_ids
{
	my (%do) = @_;
	my $last = $do{first} + $do{warm} - 1;
	my @lines = query(join '', "\\timing on\n", map { <<"END" } [ $do{first}, $last ], [ $last + 1, $last + $do{count} ]);
SELECT array_agg(id ORDER BY n) AS ids FROM bench.target WHERE n BETWEEN $_->[0] AND $_->[1] \\gset
$do{statement};
END
	die "not $do{count} done: @lines" unless $lines[-2] eq $do{count};
	my ($ms) = $lines[-1] =~ /^Time: ([\d.]+) ms/ or die "no time: @lines";
	return $ms;
}

# Runs each of the measurements, one after the other, so many rounds, and
# returns for each name its list of values.  Each gets the number of the round.
sub in_turn
{
	my ($rounds, %measure) = @_;
	my %values;
	for my $round (1 .. $rounds)
	{
		# the first of one round is the last of another
		my @names = sort keys %measure;
		@names = reverse @names if $round % 2 == 0;
		push @{ $values{$_} }, $measure{$_}->($round) for @names;
	}
	return \%values;
}

# Prints the measurement of one name's values against another's.
sub compare
{
	my ($values, $ours, $theirs, %record) = @_;
	my @pairs = map { [ $values->{$ours}[$_], $values->{$theirs}[$_] ] } 0 .. $#{ $values->{$ours} };
	record(ours => $ours, theirs => $theirs, better => 'lower', unit => 'ms', %record, pairs => \@pairs);
	return;
}

1;
