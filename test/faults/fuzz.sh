#!/bin/bash
# Each fuzzer of test/run-fuzz with RUNS_EACH inputs, or for SECONDS_EACH
# seconds, a minute if neither is said, as TAP.
set -uo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.." || exit 1

count=0
while IFS= read -r line; do
  case $line in
    'ok   '*)
      count=$((count + 1))
      name=${line#ok   }
      echo "ok $count - ${name%%:*}: nothing is found"
      echo "# ${line#ok   }"
      ;;
    'FAIL '*)
      count=$((count + 1))
      name=${line#FAIL }
      echo "not ok $count - ${name%%:*}: nothing is found"
      echo "# ${line#FAIL }"
      ;;
    *) echo "# $line" ;;
  esac
done < <(SECONDS_EACH=${SECONDS_EACH:-60} test/run-fuzz 2>&1)
echo "1..$count"
[ "$count" -gt 0 ]
