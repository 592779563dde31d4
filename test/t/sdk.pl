# Services of Restate's SDK do on the gateway what they do on Restate's own server: the
# scenarios of test/sdk run on both at the same time, and what callers are answered, the
# journals, the events beside them and the rows of sys_invocation are compared.
#
# SDK_MODES: how the services are served, the words of test/sdk/service.cjs.
use strict;
use warnings;

use NpmTool;
use SdkScenarios;
use Test::More;

my @modes = split ' ', $ENV{SDK_MODES} || 'h2 h2half';

npm_file('@restatedev/restate-sdk-clients');
my ($node, @sides) = both_sides('sdk');

for my $mode (@modes)
{
	cmp_ok(run_scenarios($mode, \@sides, long => $ENV{SDK_MODES} && $mode eq 'h2' ? 1 : 0), '>', 300, "$mode: all of them");
	is($node->safe_psql('postgres', 'SELECT * FROM restate_verify()'), '', "$mode: all is well");
}

done_testing();
