#!/bin/bash
# What each index costs on write and saves on read.
#
#   index_cost.sh [ROUNDS] [NAME]
#
# Runs each workload with an index and without it, in turn, ROUNDS times each
# (11), and prints the medians of the ratios with : without; a ratio above 1 is
# what the index costs, one below 1 what it saves.  Each run is rolled back, so
# that all start from the same rows, and commits are not part of it.  NAME
# keeps to the indexes whose name contains it.  All of it takes some six minutes.
#
# Works in a new database, dropped at the end, of the server that the libpq
# variables (PGHOST, ...) lead to, as a user who may create it and the
# extension.  A private server:
#
#   test/cluster with bench/index_cost.sh
set -euo pipefail

rounds=${1:-11}
name=${2:-}
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd -P)
server_database=${PGDATABASE:-postgres}
export PGDATABASE=restate_bench_$$ PGOPTIONS='-c client_min_messages=warning'
psql=(psql -qXAt -v ON_ERROR_STOP=1)

"${psql[@]}" -d "$server_database" -c "CREATE DATABASE $PGDATABASE"
trap '"${psql[@]}" -d "$server_database" -c "DROP DATABASE $PGDATABASE"' EXIT
"${psql[@]}" -f "$here/index_cost.sql" >/dev/null

# index or primary key, workload, size, and the workload that does the same
# without the index if that is another one
pairs='
journal_pkey append_state 1000
journal_completion_idx append_state 1000
journal_completion_idx append_run 1000
journal_completion_idx append_call 999
journal_completion_idx restart_small 20
journal_completion_idx restart_big_at_3 20
journal_completion_idx restart_big_at_10000 1
journal_completion_idx prefix_by_lookup 3 prefix_by_scan
journal_completion_idx prefix_by_lookup 10000 prefix_by_scan
journal_completion_idx purge_small 20
journal_completion_idx purge_big 1
journal_completion_idx kill_callee 5
journal_completion_idx kill_fan 1
journal_completion_idx see_completed 20
journal_completion_idx see_big_completed 1
journal_completion_idx find_completion 20
journal_invoked_idx append_state 1000
journal_invoked_idx append_call 999
journal_invoked_idx purge_big 1
journal_invoked_idx kill_caller 5
journal_invoked_idx kill_callee 5
journal_invoked_idx kill_fan 1
journal_event_pkey add_events 1000
invocation_pkey create_ready 1000
invocation_inbox_idx create_ready 1000
invocation_inbox_idx create_pending 1000
invocation_inbox_idx kill_holder 5
invocation_in_flight_idx create_ready 1000
invocation_in_flight_idx live 100
invocation_in_flight_idx poll 20
invocation_restarted_from_idx create_ready 1000
invocation_restarted_from_idx create_restarted 1000
invocation_target_idx create_ready 1000
invocation_target_idx live 100
invocation_target_idx see_target 20
invocation_target_key_idx create_ready 1000
invocation_target_key_idx create_pending 1000
object_key_unique_idx add_keys 1000
object_key_service_key_idx add_keys 1000
object_state_unique_idx add_state 1000
object_state_service_key_idx add_state 1000
promise_unique_idx add_promises 1000
promise_service_key_idx add_promises 1000
audit_pkey pause 500
audit_id_idx pause 500
audit_id_idx see_audit_of_one 20
audit_at_idx pause 500
audit_at_idx see_recent_audit 20
deployment_pkey add_deployments 200
service_revision_pkey add_revisions 200
service_revision_deployment_id_idx add_revisions 200
'

# Prints the psql commands that measure one workload with and without an index.
script() {
  local index=$1 workload=$2 size=$3 other=$4 round present run
  for ((round = 1; round <= rounds; round++)); do
    for present in true false; do
      echo "VACUUM;"
      echo "BEGIN;"
      run=$workload
      if [ $present = false ]; then
        echo "SELECT coalesce(
            (SELECT format('ALTER TABLE %s DROP CONSTRAINT %I CASCADE', c.conrelid::regclass, c.conname)
             FROM pg_constraint AS c WHERE c.conindid = 'restate.$index'::regclass AND c.contype = 'p'),
            'DROP INDEX restate.$index') AS drop \\gset"
        echo ":drop;"
        run=$other
      fi
      echo "SELECT us, wal FROM bench.measure('$run', $size) \\gset"
      echo "ROLLBACK;"
      echo "INSERT INTO bench.result VALUES ('$index', '$workload($size)', $round, $present, :us, :wal);"
    done
  done
  echo "VACUUM FULL ANALYZE;"
}

while read -r index workload size other; do
  case $index in
    '') continue ;;
    *"$name"*) script "$index" "$workload" "$size" "${other:-$workload}" | "${psql[@]}" ;;
  esac
done <<<"$pairs"

psql -qX -v ON_ERROR_STOP=1 -P footer=off -P null=- <<'SQL'
WITH paired AS (
  SELECT a.index, a.workload, a.round, a.us / b.us AS time, a.wal / nullif(b.wal, 0) AS wal
  FROM bench.result AS a JOIN bench.result AS b USING (index, workload, round)
  WHERE a.present AND NOT b.present)
SELECT paired.index, workload,
  round(percentile_cont(0.5) WITHIN GROUP (ORDER BY time)::numeric, 2) AS "time",
  round(percentile_cont(0.25) WITHIN GROUP (ORDER BY time)::numeric, 2) || ' .. '
    || round(percentile_cont(0.75) WITHIN GROUP (ORDER BY time)::numeric, 2) AS "middle half",
  round(percentile_cont(0.5) WITHIN GROUP (ORDER BY wal)::numeric, 2) AS "WAL",
  round(s.part, 2) AS "size : table"
FROM paired JOIN bench.size AS s ON s.index = ('restate.' || paired.index)::regclass
GROUP BY paired.index, workload, s.part
ORDER BY paired.index, workload;
SQL
