# Older releases of Restate's SDK: services of each do on the gateway what they do on
# Restate's own server.  The oldest speaks version 5 of the protocol.
#
# SDK_VERSIONS: which, the oldest if not said.
use strict;
use warnings;

use NpmTool;
use SdkScenarios;
use Test::More;

my @versions = split ' ', $ENV{SDK_VERSIONS} || 'sdk-1.7';

npm_file($_) for @versions;
my ($node, @sides) = both_sides('sdk_versions');

for my $version (@versions)
{
	cmp_ok(run_scenarios('h2', \@sides, topics => [qw(steps state flows)], tag => $version, env => { SDK => $version }), '>', 40, "$version: all of them");
	is($node->safe_psql('postgres', "SELECT DISTINCT pinned_service_protocol_version FROM restate.invocation WHERE target_service_key LIKE '$version%' AND completion_result = 'success'"),
		$version eq 'sdk-1.7' ? '5' : '6', "$version: the version of the protocol");
	is($node->safe_psql('postgres', 'SELECT * FROM restate_verify()'), '', "$version: all is well");
}

done_testing();
