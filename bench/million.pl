# Invocations that are submitted, claimed, run and completed, and expire, so many that
# what grows with each would show: 100,000 of them, 20,000 if quick, a million with
# LIVES=1000000.  Four connections do it, each step a transaction of its own, with
# autovacuum as it is by default; results are kept for a second.
#
# The run is cut into ten equal parts, and the last third of these held against the
# third to fifth: once what the first ones left has been vacuumed, the size of tables and
# indexes, the memory of a backend and the rows that a life reads stay, which tells that
# no plan has turned. The time of a life hangs on what else the machine does.
# The shorter it is the less that says: autovacuum comes once a minute.
use strict;
use warnings;

use Bench qw(query new_database drop_database record progress);
use DBI;
use POSIX ();
use Time::HiRes qw(time);

my $quick = @ARGV && $ARGV[0] eq '--quick';
my $lives = $ENV{LIVES} || ($quick ? 20_000 : 100_000);
my $parts = 10;
my $clients = 4;
my $batch = 5;
my %measured;

new_database('bench_million');
query(<<'SQL');
SELECT FROM restate_register_deployment('worker:bench', '{"services": [
  {"name": "Life", "ty": "SERVICE", "handlers": [{"name": "run", "journalRetention": 1000}]}]}');
SQL

my @workers = map { start($_) } 1 .. $clients;
for my $part (1 .. $parts)
{
	my %before = state();
	my $began = time;

	print { $_->{in} } "go\n" for @workers;
	my @told = map { scalar readline $_->{out} } @workers;
	my $seconds = time - $began;
	my %after = state();

	die "a worker has failed\n" if grep { !defined || !/^\d+ \d+$/ } @told;
	my ($memory, $used) = map { my $i = $_; (sort { $b <=> $a } map { (split)[$i] } @told)[0] } 0, 1;
	push @{ $measured{'tables and indexes'} }, $after{bytes} / 1e6;
	push @{ $measured{'memory of a backend'} }, $memory / 1e6;
	push @{ $measured{'memory contexts of a backend'} }, $used / 1e6;
	push @{ $measured{'time of a life'} }, 1000 * $seconds * $clients / ($lives / $parts);
	push @{ $measured{'rows that a life reads'} }, ($after{reads} - $before{reads}) / ($lives / $parts);
	progress(sprintf 'part %d of %d: %.0f lives a second, %.1f MB (%s), backend %.1f MB (%.2f MB in contexts), %.0f rows read a life, %d rows live, vacuumed %d times',
		$part, $parts, $lives / $parts / $seconds, $after{bytes} / 1e6, $after{largest}, $memory / 1e6, $used / 1e6,
		($after{reads} - $before{reads}) / ($lives / $parts), $after{live}, $after{vacuums});
}
close $_->{in} for @workers;
waitpid $_->{pid}, 0 for @workers;

my %unit = ('tables and indexes' => 'MB', 'memory of a backend' => 'MB', 'memory contexts of a backend' => 'MB', 'time of a life' => 'ms', 'rows that a life reads' => 'rows');
for my $what (sort keys %measured)
{
	my @values = @{ $measured{$what} };

	record(part => 'million', what => "$what, of $lives lives", ours => 'the last of ten parts', theirs => 'the third to fifth', unit => $unit{$what}, better => 'lower',
		pairs => [ map { [ $values[ 7 + $_ ], $values[ 2 + $_ ] ] } 0 .. 2 ], $what =~ /time/ ? () : (goal => { op => '<=', ratio => $what =~ /contexts/ ? 1.05 : 1.25 }));
}
my ($wrong) = query('SELECT count(*) FROM restate_verify()');
die "$wrong rows of restate_verify()\n" if $wrong;
drop_database('bench_million');

# Connects to the database.
sub connected
{
	return DBI->connect("dbi:Pg:dbname=$ENV{PGDATABASE}", '', '', { RaiseError => 1, PrintError => 0, AutoCommit => 1 });
}

# The size of everything, what was read of it, and how often it was vacuumed.
sub state
{
	my $dbh = connected();
	$dbh->do('SELECT pg_stat_clear_snapshot()');
	my %state;
	@state{qw(bytes reads vacuums live)} = $dbh->selectrow_array(<<'SQL');
SELECT sum(pg_total_relation_size(s.relid)), sum(s.seq_tup_read + coalesce(s.idx_tup_fetch, 0)), sum(s.autovacuum_count), (SELECT count(*) FROM restate.invocation)
FROM pg_stat_user_tables AS s WHERE s.schemaname = 'restate'
SQL
	$state{largest} = join ', ', map { "$_->[0] $_->[1]" } @{ $dbh->selectall_arrayref(<<'SQL') };
SELECT s.relname, pg_size_pretty(pg_total_relation_size(s.relid)) FROM pg_stat_user_tables AS s WHERE s.schemaname = 'restate'
ORDER BY pg_total_relation_size(s.relid) DESC LIMIT 4
SQL
	$dbh->disconnect;
	return %state;
}

# Starts a worker, which does its share of a part whenever it is told to go, and tells
# the memory of its backend then.
sub start
{
	my ($number) = @_;
	pipe my $read_go, my $go or die "pipe: $!";
	pipe my $told, my $tell or die "pipe: $!";
	my $pid = fork // die "fork: $!";

	if ($pid)
	{
		close $read_go;
		close $tell;
		$go->autoflush(1);
		return { pid => $pid, in => $go, out => $told };
	}
	close $go;
	close $told;
	$tell->autoflush(1);
	my $dbh = connected();
	while (readline $read_go)
	{
		eval { live($dbh, "worker $number", $lives / $parts / $clients); 1 } or do {
			print STDERR "worker $number: $@";
			POSIX::_exit(1);
		};
		printf $tell "%d %d\n", private_bytes($dbh->{pg_pid}), $dbh->selectrow_array('SELECT sum(used_bytes) FROM pg_backend_memory_contexts');
	}
	POSIX::_exit(0);
}

# The bytes that a process has for itself.
sub private_bytes
{
	my ($pid) = @_;
	my $bytes = 0;

	open my $in, '<', "/proc/$pid/smaps_rollup" or die "smaps_rollup: $!";
	/^Private_(?:Clean|Dirty):\s+(\d+) kB/ and $bytes += 1024 * $1 while readline $in;
	close $in;
	return $bytes;
}

# So many lives: submitted, claimed some at a time, a step and the output each, and now
# and then a tick, which has those go that were kept for long enough.
sub live
{
	my ($dbh, $name, $count) = @_;
	my $submit = $dbh->prepare_cached(q(SELECT id FROM restate_submit('Life', 'run', ?)));
	my $claim = $dbh->prepare_cached(q(SELECT id, attempt FROM restate_claim(?, '{Life}', ?)));
	my $append = $dbh->prepare_cached('SELECT index FROM restate_append(?, ?, 1, ?)');
	my $complete = $dbh->prepare_cached('SELECT restate_complete(?, ?, 2, ?)');
	my $tick = $dbh->prepare_cached(q(SELECT done FROM restate_tick(1000, '1 h')));
	my $payload = 'x' x 100;
	my $bytes = join ',', (120) x 100;
	my @step = (qq({"Command": {"Run": {"completion_id": 1, "name": "step"}}}),
		qq({"Notification": {"Completion": {"Run": {"completion_id": 1, "result": {"Success": [$bytes]}}}}}));
	my @output = (qq({"Command": {"Output": {"result": {"Success": [$bytes]}, "name": ""}}}));

	$dbh->do('SELECT restate_heartbeat(?)', undef, $name);
	for my $done (1 .. $count / $batch)
	{
		$dbh->selectall_arrayref($submit, undef, $payload) for 1 .. $batch;
		for my $claimed (@{ $dbh->selectall_arrayref($claim, undef, $name, $batch) })
		{
			$dbh->selectall_arrayref($append, undef, @$claimed, \@step);
			$dbh->selectall_arrayref($complete, undef, @$claimed, \@output);
		}
		$dbh->selectall_arrayref($tick) if $done % 4 == 0;
	}
	return;
}
