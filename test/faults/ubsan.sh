#!/bin/bash
# The suites that run in a server, with an extension that was built with UBSan
# and ends its server where it finds anything, as TAP.
set -uo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.." || exit 1
# shellcheck source=test/lib/suites_as_tap.sh
. test/lib/suites_as_tap.sh

UBSAN=1 SUITE='regress isolation pgtap' suites_as_tap ubsan
