# Counts the instructions that SQL takes, in a server of its own that is run in
# single-user mode under callgrind.
package BenchCallgrind;

use strict;
use warnings;

use Bench qw(query new_database prepare);

# Makes the server, beside the one in SERVER_DIR, with the database that the
# counted statements run in; from is as for new_database.
sub new
{
	my ($class, $from) = @_;
	my $self = bless { dir => "$ENV{SERVER_DIR}/callgrind", taken => {} }, $class;
	$self->{owner} = [ (stat $ENV{SERVER_DIR})[ 4, 5 ] ];
	mkdir $self->{dir} or die "$self->{dir}: $!";
	chown @{ $self->{owner} }, $self->{dir};
	$self->run("initdb -D $self->{dir}/data -A trust -U postgres -N --locale=C.UTF-8 -E UTF8");

	open my $in, '<', "$ENV{SERVER_DIR}/data/postgresql.conf" or die "postgresql.conf: $!";
	open my $out, '>', "$self->{dir}/data/postgresql.conf" or die "postgresql.conf: $!";
	print $out grep { /^(extension|dynamic_library|listen|port)/ } <$in>;
	print $out "unix_socket_directories = '$self->{dir}'\nfsync = off\nautovacuum = off\nmax_connections = 10\n",
	  "plan_cache_mode = force_generic_plan\n";
	close $out or die "postgresql.conf: $!";
	$self->run("pg_ctl -D $self->{dir}/data -l $self->{dir}/log -s -w start");
	local @ENV{qw(PGHOST PGDATABASE)} = ($self->{dir}, 'postgres');
	my $filled = eval {
		new_database('counted', $from);
		$self->{next}{$_} = prepare(2000, $_, 12, 100) for qw(completed running);
		query('VACUUM ANALYZE');
		1;
	};
	my $error = $@;
	$self->run("pg_ctl -D $self->{dir}/data -s -w -m fast stop");
	die $error unless $filled;
	return $self;
}

# Takes so many fresh invocations of a status; returns the SQL of their range.
sub take
{
	my ($self, $status, $count) = @_;
	my $first = $self->{next}{$status};
	$self->{next}{$status} += $count;
	return "$first AND $first + $count - 1";
}

# Runs a statement and returns the instructions that were spent in a function of
# the server's and what it calls.
sub count
{
	my ($self, $sql, $function) = @_;
	my $said = $self->run("valgrind --tool=callgrind --callgrind-out-file=/dev/null --toggle-collect=$function"
		. " \$(pg_config --bindir)/postgres --single -D $self->{dir}/data counted", $sql);
	die "the statement failed: $said" if $said =~ /ERROR|FATAL/;
	my ($count) = $said =~ /Collected : (\d+)/ or die "callgrind counted nothing: $said";
	die "nothing was spent in $function" unless $count > 0;
	return $count;
}

# Runs a shell command as the server's user; returns what it says.  Dies if it
# fails.
sub run
{
	my ($self, $command, $input) = @_;
	my $file = "$self->{dir}/input";
	open my $out, '>', $file or die "$file: $!";
	print $out "$input\n" if defined $input;
	close $out or die "$file: $!";
	my ($user, $group) = @{ $self->{owner} };
	my $as = $> == 0 ? "setpriv --reuid=$user --regid=$group --init-groups" : '';
	my $said = `cd / && $as sh -c '$command' <$file 2>&1`;
	die "$command: $said" if $?;
	return $said;
}

1;
