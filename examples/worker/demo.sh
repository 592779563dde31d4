#!/bin/bash
# Orders, and workers that run them: the first is killed in the middle of a step, the
# second takes over, and a completed order is restarted within its journal.
#
#     make run
#     eval "$(make env)"
#     examples/worker/demo.sh
#
# It needs psycopg 3 (Debian: python3-psycopg).  What it makes, besides invocations,
# is in schema worker_demo.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd -P)
export PGOPTIONS="--search_path=worker_demo --client_min_messages=warning"
output=$(mktemp)
worker=
trap 'kill_worker; rm -f "$output"' EXIT
trap 'exit 1' HUP INT TERM

sql() {
  psql -qXAt -F ' ' -v ON_ERROR_STOP=1 "$@"
}

# Starts a worker each of whose steps takes a while; others count as dead after a second.
start_worker() {
  STEP_SECONDS=$1 "$here/worker.py" --silence '1 second' > >(tee -a "$output") &
  worker=$!
}

# Ends the worker as a power cut would.
kill_worker() {
  [ -z "$worker" ] || { kill -9 "$worker" && wait "$worker"; } 2>/dev/null || true
  worker=
}

# Waits, for up to a minute, until a command succeeds.
wait_until() {
  local try
  for ((try = 0; try < 600; try++)); do
    ! "$@" || return 0
    sleep 0.1
  done
  echo "waited in vain: $*" >&2
  exit 1
}

has_said() {
  grep -q "$1" "$output"
}

is_registered() {
  [ "$(sql -c "SELECT count(*) FROM restate.sys_service WHERE name = 'Order'")" = 1 ]
}

are_done() {
  [ "$(sql -c "SELECT count(*) FROM orders, restate_output(invocation) AS o WHERE o.status <> 'completed'")" = 0 ]
}

balances() {
  echo "   balances: $(sql -c "SELECT string_agg(owner || ' ' || balance, ', ' ORDER BY owner) FROM account")"
}

sql <<'SQL'
DROP SCHEMA IF EXISTS worker_demo CASCADE;
CREATE SCHEMA worker_demo;
CREATE TABLE account (owner text PRIMARY KEY, balance integer CHECK (balance >= 0));
CREATE TABLE orders (number integer PRIMARY KEY, item text, invocation restate_invocation_id);
INSERT INTO account VALUES ('ann', 100), ('shop', 0);
SQL

echo "1. A worker starts; two orders are written, and submitted in the same transaction."
start_worker 3
wait_until is_registered
sql <<'SQL'
INSERT INTO orders
SELECT number, item, (restate_submit('Order', 'place', convert_to(
  jsonb_build_object('customer', 'ann', 'item', item, 'price', 10)::text, 'UTF8'))).id
FROM (VALUES (1, 'book'), (2, 'lamp')) AS v (number, item);
SQL
wait_until has_said pays

echo "2. In the middle of that step it is killed with kill -9. Nothing was paid:"
kill_worker
balances

echo "3. A second worker starts, and takes over:"
start_worker 0.1
wait_until are_done
echo "   Each order was paid once, though the first was begun twice:"
balances

from=$(sql -c "SELECT max(index) FROM orders JOIN restate.sys_journal ON id = invocation WHERE number = 1 AND entry_type = 'Command: Call'")
echo "4. Order 1 is restarted from its journal's entry $from, the call of the counter. No step before is done again:"
sql -c "UPDATE orders SET invocation = restate_restart_as_new(invocation, $from) WHERE number = 1"
wait_until are_done
balances
sql -F ', ' <<'SQL'
SELECT '   order ' || number || ': ' || convert_from(value, 'UTF8') FROM orders, restate_output(invocation) ORDER BY number;
SELECT '   problems that restate_verify() finds: ' || count(*) FROM restate_verify();
SQL
