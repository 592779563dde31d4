# The disk fills up while eight clients call every operation: the disk of the
# tables, that of the WAL, and one that has both.  Where the server can go on, a
# call that finds no room fails with 53100, where it cannot, with the
# connection; none is half done, and after room was made all goes on.  Needs
# small disks of its own, which run-faults mounts.
use strict;
use warnings;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use RestateLoad;
use RestateNode;
use Test::More;
use Time::HiRes qw(sleep time);

plan skip_all => 'no mount namespace to be had here: "unshare --mount true" fails for this user' unless $ENV{DISKS};

my $seed = load_seed();
my %seen;

# Starts a server with its data, its WAL or both on a small disk.
sub node_on
{
	my ($what) = @_;
	my $node = PostgreSQL::Test::Cluster->new($what);
	my @extra = ('--wal-segsize=1');

	if ($what ne 'wal')
	{
		mkdir "$ENV{DISKS}/data/$what" or die "cannot make a directory: $!";
		symlink "$ENV{DISKS}/data/$what", $node->data_dir or die "cannot make a link: $!";
	}
	push @extra, '--waldir', "$ENV{DISKS}/wal/$what" if $what eq 'wal';
	push @extra, '--waldir', $node->basedir . '/wal' if $what eq 'tables';
	$node->init(extra => \@extra);
	$node->append_conf('postgresql.conf',
		"max_connections = 30\nlog_statement = none\nmin_wal_size = 2MB\nmax_wal_size = 1GB\nautovacuum = off");
	$node->start;
	$node->safe_psql('postgres', 'CREATE EXTENSION restate_admin');
	return $node;
}

# Fills a disk but for some kilobytes.
sub fill
{
	my ($disk, $left) = @_;
	my ($free) = `df --output=avail -k $disk` =~ /(\d+)\s*\z/;

	open my $out, '>', "$disk/filler" or die "cannot write $disk/filler: $!";
	print $out "\0" x 1024 for 1 .. $free - $left;
	close $out;
	return;
}

# Returns when the server has gone down.
sub down
{
	my ($node) = @_;
	my $file = $node->data_dir . '/postmaster.pid';
	my ($pid) = -e $file ? slurp_file($file) =~ /^(\d+)/ : ();
	my $end = time + 60;

	sleep 0.1 while $pid && kill(0, $pid) && time < $end;
	$node->{_pid} = undef;
	return;
}

for my $what (qw(tables wal both))
{
	my $disk = $ENV{DISKS} . ($what eq 'wal' ? '/wal' : '/data');
	my $node = node_on($what);
	my $load = new_load($node, seed => $seed, size => 300);
	my $clients = start_clients($load, 8, 120);

	# until somebody finds no room
	sleep 1;
	fill($disk, 1500);
	my $end = time + 60;
	my $log = '';
	sleep 0.2 while time < $end && ($log = slurp_file($node->logfile)) !~ /No space left on device/;
	like($log, qr/No space left on device/, "$what: the disk is full");
	# until many have found none, or the server has gone down, as it does where it cannot write its WAL
	$end = time + 30;
	sleep 0.2 while time < $end && ($log = slurp_file($node->logfile)) !~ /PANIC/ && (() = $log =~ /No space left/g) < 1000;
	my $up = $log !~ /PANIC/;
	if ($up)
	{
		is($node->safe_psql('postgres', "SELECT count(*) FROM ($RestateLoad::verify) AS v"), '0', "$what: on a full disk every invariant holds");
	}
	else { down($node) }
	unlink "$disk/filler" or die "cannot remove $disk/filler: $!";
	sleep 1 if $up;
	stop_clients($clients, 1);
	ok($up || $node->start, "$what: there is room again");
	my @problems = account($load, $clients);
	is(join("\n", @problems[ 0 .. ($#problems < 10 ? $#problems : 10) ]), '', "$what: all or nothing of each call, and what was acknowledged");
	my %by_state = %{ $load->{by_state} };
	diag(sprintf '%s: %s; %d calls acknowledged, %d lost; %s', $what, $up ? 'the server stayed up' : 'the server went down',
		$load->{acknowledged}, $load->{lost_done} + $load->{lost_undone}, join ', ', map { "$_: $by_state{$_}" } sort keys %by_state);
	$seen{$what} = $load->{failed};
	is(join(' ', grep { !/^(?:00000|PT\d\d\d|40001|53100|08...)$/ } sort keys %by_state), '', "$what: no other error");
	$clients = start_clients($load, 8, 1.5);
	stop_clients($clients);
	is(join("\n", account($load, $clients)), '', "$what: then all goes on");
	# nothing more is asked of it, and its small disk need not have room for a last checkpoint
	$node->stop('immediate');
}
is(join(' ', grep { !$seen{tables}{53100}{$_} } map { ($_, "${_}_batch") } qw(purge_journal delete_invocation restart_as_new cancel kill purge pause resume)),
	'', 'calls of each operation failed with 53100');
isnt($seen{wal}{'08006'}, undef, 'and with the connection');
done_testing();
