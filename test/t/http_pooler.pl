# Behind PgBouncer in transaction mode, where each transaction gets whichever
# session of the server is free: what is answered is what was asked for.
use strict;
use warnings;
use JSON::PP;
use POSIX ();
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use RestateGateway;
use RestateNode;
use Test::More;
use Time::HiRes qw(sleep time);

my ($pgbouncer) = grep { -x } map { "$_/pgbouncer" } split(/:/, $ENV{PATH} // ''), '/usr/sbin';
plan skip_all => 'there is no pgbouncer' unless $pgbouncer;
my ($version) = `$pgbouncer --version` =~ /(\d+\.\d+)/;
my $tracks = join('', map { sprintf '%03d', $_ } split /\./, $version) ge '001021';

my $node = new_node('http_pooler', "log_statement = none\nmax_connections = 60");
grant_roles($node);
load_example($node);
my $json = JSON::PP->new->utf8;
my $dir = PostgreSQL::Test::Utils::tempdir_short();
my $rounds = 0;

# Starts a pooler with these settings, and a gateway behind it.
sub start_pooler
{
	my ($name, @settings) = @_;
	my $host = $node->host;
	my $port = $node->port;

	mkdir "$dir/$name";
	append_to_file("$dir/$name/users", qq("gateway" ""\n"reader" ""\n));
	append_to_file("$dir/$name/ini", join "\n", '[databases]', "postgres = host=$host port=$port dbname=postgres", '[pgbouncer]',
		'listen_addr =', "unix_socket_dir = $dir/$name", 'listen_port = 6432', 'auth_type = trust', "auth_file = $dir/$name/users",
		'pool_mode = transaction', "logfile = $dir/$name/log", "pidfile = $dir/$name/pid", @settings, '');
	my $pid = fork // die $!;
	if ($pid == 0)
	{
		open STDERR, '>', "$dir/$name/out";
		exec $pgbouncer, '-q', "$dir/$name/ini" or POSIX::_exit(9);
	}
	wait_until(sub { -S "$dir/$name/.s.PGSQL.6432" }) or die 'the pooler does not start';
	my $database = "host=$dir/$name port=6432 dbname=postgres";
	return ($pid, start_gateway($node, '--pool=4', "--db=$database user=gateway", "--query-db=$database user=reader"));
}

sub make_ready
{
	my ($count) = @_;

	return split /\n/, $node->safe_psql('postgres', <<"SQL");
SELECT restate_import_invocation(jsonb_build_object('id', restate_new_invocation_id(), 'status', 'ready',
  'target_service_name', 'Svc', 'target_handler_name', 'run', 'target_service_ty', 'service')) FROM generate_series(1, $count)
SQL
}

my @modes = ([ 'no statements tracked', $tracks ? 'max_prepared_statements = 0' : (), 'default_pool_size = 2', 'server_round_robin = 1' ],
	[ 'the defaults', 'server_round_robin = 0' ], [ 'sessions that live for a moment', 'server_lifetime = 0', 'default_pool_size = 3' ]);
push @modes, map { [ "$_ statements tracked", "max_prepared_statements = $_", 'default_pool_size = 2', 'server_round_robin = 1' ] } 100, 2 if $tracks;
for my $mode (@modes)
{
	my ($what, @settings) = @$mode;
	my ($pooler, $gateway) = start_pooler('p' . $rounds++, @settings);
	my %ids = map { $_ => [ make_ready(40) ] } qw(pause kill cancel);
	my @clients;

	for my $operation (sort keys %ids)
	{
		my $pid = fork // die $!;
		if ($pid == 0)
		{
			for my $id (@{ $ids{$operation} })
			{
				my $answer = request($gateway, 'PATCH', "/invocations/$id/$operation");
				append_to_file("$dir/$gateway->{port}.$operation", ($answer ? $answer->{status} : 'none') . "\n");
				my $query = json_request($gateway, 'POST', '/query', '{"query":"SELECT current_setting(\'search_path\') AS p, id FROM sys_invocation LIMIT 1"}');
				append_to_file("$dir/$gateway->{port}.query", ($query ? "$query->{status} " . ($query->{body} =~ /"p":"([^"]*)"/ ? $1 : '') : 'none') . "\n");
			}
			POSIX::_exit(0);
		}
		push @clients, $pid;
	}
	waitpid $_, 0 for @clients;

	my %answers = map { my $o = $_; $o => join ' ', do { my %s; $s{$_}++ for split /\n/, slurp_file("$dir/$gateway->{port}.$o"); map { "$s{$_} x $_" } sort keys %s } } qw(pause kill cancel query);
	is($answers{pause}, '40 x 202', "$what: each pause is answered so");
	is($answers{kill}, '40 x 200', "$what: each kill");
	is($answers{cancel}, '40 x 202', "$what: each cancel");
	is($answers{query}, '120 x 200 restate_query, pg_catalog, restate', "$what: each query");
	for my $operation (sort keys %ids)
	{
		my $list = join ',', map { "'$_'" } @{ $ids{$operation} };
		is($node->safe_psql('postgres', "SELECT string_agg(DISTINCT operation, ',') || ' ' || count(*) FROM restate.sys_audit WHERE id IN ($list)"),
			"$operation 40", "$what: what was done is what was asked for, $operation");
	}

	# others leave their statements in the sessions, or take all of them away
	my $through = "host=$dir/p" . ($rounds - 1) . ' port=6432 dbname=postgres user=gateway';
	for my $round (1 .. 8)
	{
		system('psql', '-XAtq', '-d', $through, '-o', '/dev/null', '-c', 'DEALLOCATE ALL') if $round % 2;
		my ($id) = make_ready(1);
		my $answer = request($gateway, 'PATCH', "/invocations/$id/" . ($round > 4 ? 'kill' : 'pause'));
		is($answer && $answer->{status}, $round > 4 ? 200 : 202, "$what: a session that has lost its statements serves on, $round");
	}
	is(request($gateway, 'GET', '/health')->{status}, 200, "$what: /health is 200");
	unlike(gateway_log($gateway), qr/event=sql_error/, "$what: no statement has failed");
	is(stop_gateway($gateway), 0, "$what: the gateway ends well");
	kill 'INT', $pooler;
	waitpid $pooler, 0;
}
is($node->safe_psql('postgres', "SELECT count(*) FROM pg_settings WHERE name = 'search_path' AND setting <> reset_val"), '0', 'no setting is left');
is($node->safe_psql('postgres', 'SELECT count(*) FROM restate_verify()'), '0', 'all is well at the end');
done_testing();
