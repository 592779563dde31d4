# shellcheck shell=bash
# Runs test/run-suites, with what is set for it, and prints a line of TAP for
# each suite: sourced by parts of test/run-faults.  The argument says what the
# suites are run with, and names the directory of their results.

suites_as_tap() {
  local with=$1 line count=0
  while IFS= read -r line; do
    if [[ $line =~ ^[a-z_]+:\ ([0-9]+)\ passed,\ ([0-9]+)\ failed,\ ([0-9]+)\ skipped$ ]]; then
      count=$((count + 1))
      [ "${BASH_REMATCH[1]}${BASH_REMATCH[3]}" != 00 ] && [ "${BASH_REMATCH[2]}" = 0 ] || printf 'not '
      echo "ok $count - with $with, $line"
    else
      echo "# $line"
    fi
  done < <(RESULTS=$PWD/tmp_check/$with test/run-suites 2>&1)
  # a build that fails is no suite
  if [ "$count" = 0 ]; then
    count=1
    echo "not ok 1 - with $with, the suites run"
  fi
  echo "1..$count"
}
