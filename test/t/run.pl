# make run: with npm a service of Restate's SDK runs and is shown at work, without it a worker is
# shown; what it prints can be tried as it is printed; run again it says what has ended, and starts that
# again with all that was there; and make stop leaves nothing behind.
use strict;
use warnings;

use Cwd;
use File::Basename;
use IPC::Run ();
use PostgreSQL::Test::Utils;
use Test::More;

my $cluster = getcwd() . '/test/cluster';
my $stage = PostgreSQL::Test::Utils::tempdir() . '/stage';

# a test that ends early leaves nothing either
END
{
	local $?;
	shell("'$cluster' stop") if $cluster;
}

# Runs a command in a shell and returns its exit code and what it printed.
sub shell
{
	my ($command) = @_;
	my $output = '';

	local $ENV{PGPORT};
	delete $ENV{PGPORT};
	IPC::Run::run([ 'bash', '-c', $command ], '<', \'', '>&', \$output);
	return ($? >> 8, $output);
}

# Runs a command in a shell that "make env" was evaluated in; returns what it printed.
sub in_env
{
	my ($command) = @_;

	my (undef, $output) = shell(qq{eval "\$('$cluster' env)" && $command});
	chomp $output;
	return $output;
}

# Starts, and returns what that printed.
sub start
{
	my ($title) = @_;

	my ($code, $output) = shell("'$cluster' start");
	is($code, 0, "$title: it succeeds") or diag($output);
	return $output;
}

# Stops, which leaves neither processes nor files.
sub stop
{
	my ($title) = @_;
	my $dir = in_env('echo $PGHOST');
	my @pids = split /\n/, in_env('head -qn 1 $PGHOST/*.pid $PGHOST/service/*.pid $PGHOST/data/postmaster.pid 2>/dev/null');

	cmp_ok(scalar @pids, '>=', 2, "$title: processes run");
	is((shell("'$cluster' stop"))[0], 0, "$title: stopping succeeds");
	is(scalar(grep { -e "/proc/$_" && (eval { slurp_file("/proc/$_/cmdline") } // '') =~ /\Q$dir\E/ } @pids), 0, "$title: they have ended");
	ok(!-e $dir, "$title: the files are gone");
	return;
}

# without npm: all other programs are found
my $programs = PostgreSQL::Test::Utils::tempdir();
for my $program (reverse map { glob "$_/*" } split /:/, $ENV{PATH})
{
	my $name = basename($program);
	unlink "$programs/$name";
	symlink $program, "$programs/$name" if $name ne 'npm';
}
{
	local $ENV{PATH} = $programs;
	my $output = start('without npm');
	like($output, qr/^no service is started: npm is not there; a worker in Python is shown instead$/m, 'it says that there is no npm');
	like($output, qr/^1\. A worker starts.*^ +problems that restate_verify\(\) finds: 0$/ms, 'it shows workers');
	unlike($output, qr/INGRESS/, 'it tells of no call that nobody takes');
	my ($default) = slurp_file(getcwd() . '/restate_admin.control') =~ /default_version = '(.*)'/;
	like(in_env(q{psql -XAtc "SELECT extversion FROM pg_extension WHERE extname = 'restate_admin'" && restate-gateway --version}),
		qr/^\Q$default\E\n.*\Q$default\E/, 'its shell has the database and the gateway');
	like(in_env(q{curl -sS $RESTATE_ADMIN_URL/query --json '{"query": "SELECT count(*) AS orders FROM sys_invocation WHERE target = '"'Order/place'"'"}'}),
		qr/^\{"rows":\[\{"orders":3\}\]\}$/, 'the gateway has what the worker has done');
	$output = start('without npm, again');
	like($output, qr/^PostgreSQL  runs: .*\ngateway     runs: .*\n\n/m, 'it says that all of it runs');
	unlike($output, qr/worker/, 'and shows nothing again');
	# it is built once
	in_env("cp -R \$PGHOST/stage '$stage'");
	stop('without npm');
}
local $ENV{STAGE} = $stage;

SKIP:
{
	if ((shell('command -v npm'))[0] != 0)
	{
		die "there is no npm\n" if $ENV{CI};
		skip 'there is no npm', 1;
	}

	# a tour that fails, where it starts the service again
	my $failing = PostgreSQL::Test::Utils::tempdir();
	my (undef, $make) = shell('command -v make');
	chomp $make;
	append_to_file("$failing/make", qq{#!/bin/sh\n[ "\$1" != run ] || exit 3\nexec $make "\$@"\n});
	chmod 0755, "$failing/make";
	my ($code, $output);
	{
		local $ENV{PATH} = "$failing:$ENV{PATH}";
		($code, $output) = shell("'$cluster' start");
	}
	is($code, 1, 'a tour that fails: make run does') or diag($output);
	like($output, qr/^service     started, registered: .*^\$ make run \| grep service\nthis went wrong: .*\nthe tour has failed, /ms, 'it says where');
	unlike($output, qr/grep "the lamp"/, 'and goes no further');
	my ($next) = $output =~ /(^go on with: .*)/ms;
	$output = start('after that');
	like($output, qr/^PostgreSQL  runs: .*\ngateway     runs: .*\nservice     did not run, started again, registered: .*\n\n\Q$next\E\z/, 'what is started was left, and there is no second tour');
	my ($lines) = $next =~ /^go on with:    (eval .*?)^see: /ms;
	(undef, my $tried) = shell("cd '" . getcwd() . "'\n$lines");
	like($tried, qr/"receipt":"1 book, 1250 EUR","left":8\}.*\|.*Orders\/place.*\| completed/s, 'what it says can be tried');

	# each part is killed, and all of them
	for my $killed (['service/orders'], ['gateway'], ['PostgreSQL'], [ 'service/orders', 'gateway', 'PostgreSQL' ])
	{
		my $title = "@$killed killed";
		for my $part (@$killed)
		{
			my $file = $part eq 'PostgreSQL' ? 'data/postmaster.pid' : "$part.pid";
			in_env(qq{kill -9 \$(head -n 1 "\$PGHOST/$file")});
		}
		$output = start($title);
		my @again = map { /^(\w+)/ } grep { /did not run, started again/ } split /\n/, $output;
		is_deeply([ sort @again ], [ sort map { s{/.*}{}r } @$killed ], "$title: it says so");
		like(in_env(q{curl -sS --retry 5 --retry-all-errors "$INGRESS/Orders/place" --json '{"item": "book", "price": 1}'}), qr/"receipt":"1 book, 1 EUR"/, "$title: a call is answered");
	}
	is(in_env(q{psql -XAtc "SELECT convert_from(value, 'UTF8') FROM restate.state WHERE service_key = 'book'"}), 4, 'nothing is lost');
	stop('with npm');

	# one that succeeds
	$output = start('the tour');
	unlike($output, qr/wrong/, 'nothing goes wrong');
	is(in_env(q{grep -c 'charges 4900 for the lamp' "$SERVICE/orders.log"}), 1, 'the service is killed, and the card charged once');
	unlike(in_env(q{cat "$SERVICE/orders2.log"}), qr/lamp/, 'no step is done again on the second version');
	my ($first, $second) = map { s/\s//gr } map { in_env(qq{cat "\$SERVICE/$_.ports"}) } 'orders', 'orders2';
	is(in_env(q{psql -XAt -c "SELECT from_index, d.endpoint, convert_from(o.value, 'UTF8')
		FROM restate.sys_invocation AS i, restate_lineage(i.id) AS l JOIN restate.sys_deployment AS d ON d.id = l.deployment_id, restate_output(l.id) AS o
		WHERE i.idempotency_key = 'order-1' ORDER BY l.depth"}),
		qq{|http://127.0.0.1:$first/|{"receipt":"1 lamp, 4900 EUR","left":9}\n7|http://127.0.0.1:$second/|{"receipt":"1 lamp, 49 EUR","left":9}},
		'the order goes on where it was, and is restarted on the second version');
	is(in_env(q{psql -XAt -c 'SELECT * FROM restate_verify()'}), '', 'no invariant is broken');
	stop('the tour');
}

done_testing();
