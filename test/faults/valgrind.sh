#!/bin/bash
# A choice of tests, an example of each operation among them, on servers below
# valgrind, as TAP.  VALGRIND=1 make check runs all of them so, which takes
# hours.
set -uo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.." || exit 1
# shellcheck source=test/lib/suites_as_tap.sh
. test/lib/suites_as_tap.sh

VALGRIND=1 SUITE='regress isolation' TESTS=${TESTS:-'api audit batch entry errors ids operations iso_kill_family'} \
  suites_as_tap valgrind
