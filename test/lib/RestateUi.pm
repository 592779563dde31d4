package RestateUi;

# Restate's web UI: its files, as Restate's own server has them in it, and a
# browser that shows them.  The server is on npm, the browser is Debian's.

use strict;
use warnings;
use Cwd;
use Exporter 'import';
use IPC::Open2;
use IPC::Run ();
use JSON::PP;
use POSIX ();
use PostgreSQL::Test::Utils;
use Test::More;
use Time::HiRes qw(sleep);

use NpmTool;
use RestateServer;

our @EXPORT = qw(ui_files start_browser browser);

my $json = JSON::PP->new->utf8->canonical->allow_nonref;
my ($from_browser, $to_browser, $pid, $pictures);

# Copies the UI's files into a new directory, from a server that is started for
# it and ended.  Returns the directory.
sub ui_files
{
	my $dir = PostgreSQL::Test::Utils::tempdir;
	my $server = start_bare_restate("$dir/restate");
	my $output = '';

	IPC::Run::run([ getcwd() . '/examples/copy_ui.sh', $server->{url}, "$dir/ui" ], '<', \'', '>&', \$output) or die "the files are not copied: $output";
	stop_restate($server);
	return "$dir/ui";
}

# Starts a browser; plain, if what is shown has its policy kept.  Without one the test
# is skipped, and fails in continuous integration.
sub start_browser
{
	my ($plain) = @_;
	my ($chromium) = grep { -x } map { "$_/chromium" } split /:/, $ENV{PATH};

	npm_tool('playwright-core');
	if (!$chromium)
	{
		die "chromium is not there\n" if $ENV{CI};
		plan skip_all => 'chromium is not there';
	}
	$pictures = $PostgreSQL::Test::Utils::log_path;
	$pid = open2($from_browser, $to_browser, 'node', getcwd() . '/test/ui/browser.mjs', $ENV{NPM_TOOLS}, $chromium, $plain // ());
	$to_browser->autoflush(1);
	return;
}

# Has the browser do something, and returns what it answers; what it cannot do
# ends the test, with a picture of the page in the directory of logs.
sub browser
{
	my ($do, %with) = @_;
	my $answer = told($do, %with);

	return $answer->{ok} unless $answer->{error};
	told('picture', file => "$pictures/ui_browser.png");
	my $faults = told('faults')->{ok} // [];
	binmode STDERR, ':utf8';
	die join "\n", "the browser cannot $do " . $json->encode(\%with) . ": $answer->{error}", "the page: $answer->{page}", @$faults, '';
}

sub told
{
	my ($do, %with) = @_;

	local $SIG{PIPE} = 'IGNORE';
	local $SIG{ALRM} = sub { die "the browser does not answer\n" };
	alarm 600;
	print {$to_browser} $json->encode({ do => $do, %with }) . "\n" or die "the browser has ended\n";
	my $line = <$from_browser> // die "the browser has ended\n";
	alarm 0;
	return $json->decode($line);
}

END
{
	local $?;
	if ($pid)
	{
		# at the end of its input it closes the browser
		close $to_browser;
		for (1 .. 100)
		{
			last if waitpid($pid, POSIX::WNOHANG()) == $pid;
			kill 'TERM', $pid if $_ == 90;
			sleep 0.1;
		}
	}
}

1;
