# shellcheck shell=bash
# What the scripts share that build the extension, stage it and start private
# servers: sourced, under "set -euo pipefail".

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd -P)
umask 022

# Neither make's job server nor the caller's libpq settings reach what we run.
unset MAKEFLAGS MFLAGS MAKELEVEL MAKEOVERRIDES
for name in "${!PG@}"; do
  [ "$name" = PG_CONFIG ] || unset "$name"
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

# Runs apt-get without questions, again if a mirror fails.
apt_get() {
  local try
  for try in 1 2 3; do
    as_root env DEBIAN_FRONTEND=noninteractive apt-get -q -y -o Acquire::Retries=3 \
      -o DPkg::Lock::Timeout=300 "$@" </dev/null && return
    sleep $((try * 5))
  done
  return 1
}

# Installs those of the packages that are missing.  Without apt it leaves them
# to the user: the build says what it does not find.
need_packages() {
  local package log missing=()
  command -v dpkg-query >/dev/null && command -v apt-get >/dev/null || return 0
  for package; do
    dpkg-query -W -f '${Status}\n' "$package" 2>/dev/null | grep -q 'ok installed' ||
      missing+=("$package")
  done
  [ ${#missing[@]} -gt 0 ] || return 0
  if [ "$(id -u)" != 0 ] && ! command -v sudo >/dev/null; then
    die "please install these packages, or run this as root: ${missing[*]}"
  fi
  echo "installing ${missing[*]}"
  log=$(mktemp)
  if ! { apt_get update && apt_get install --no-install-recommends "${missing[@]}"; } >"$log" 2>&1; then
    cat "$log" >&2
    die "could not install ${missing[*]}"
  fi
  rm -f "$log"
}

# Installs packages from npm, with their versions given, below a directory.
# Where that fails their programs are not there, and the log beside tells why.
need_npm() {
  local dir=$1
  shift
  mkdir -p "$dir"
  if ! command -v node >/dev/null || ! command -v npm >/dev/null; then
    need_packages nodejs npm
  fi
  npm install --prefix "$dir" --no-audit --no-fund --ignore-scripts --fetch-retries=2 \
    --fetch-retry-maxtimeout=10000 "$@" >"$dir/log" 2>&1 </dev/null || cat "$dir/log" >&2
}

# Succeeds if the PostgreSQL of this pg_config can be built against and started.
# Debian's client package has pgxs.mk and pg_config, but not the headers.
usable() {
  local pgxs
  pgxs=$("$1" --pgxs 2>/dev/null) && [ -e "$pgxs" ] && [ -x "$("$1" --bindir)/postgres" ] &&
    [ -e "$("$1" --includedir-server)/postgres.h" ]
}

# Prints the pg_config to use: the caller's, else that of 15, else of the newest
# version there is.
find_pg_config() {
  local candidate candidates=(/usr/lib/postgresql/{15,18,17,16}/bin/pg_config pg_config)
  [ -z "${PG_CONFIG:-}" ] || candidates=("$PG_CONFIG")
  for candidate in "${candidates[@]}"; do
    if usable "$candidate"; then
      command -v "$candidate"
      return
    fi
  done
  return 1
}

# Prints the major version that apt offers: 15, else the newest we support.
packaged_major() {
  local major
  for major in 15 18 17 16; do
    if apt-cache show "postgresql-server-dev-$major" >/dev/null 2>&1; then
      echo "$major"
      return
    fi
  done
  return 1
}

# Makes sure of a PostgreSQL and of what the build needs, and sets pg_config,
# pg_bin (its programs) and pg_major.
need_postgres() {
  local major
  if ! pg_config=$(find_pg_config); then
    [ -z "${PG_CONFIG:-}" ] || die "no server with its build files at PG_CONFIG=$PG_CONFIG"
    command -v apt-get >/dev/null || die "no PostgreSQL 15 to 18 found: set PG_CONFIG"
    if ! major=$(packaged_major); then
      { [ "$(id -u)" = 0 ] || command -v sudo >/dev/null; } && apt_get update >/dev/null
      major=$(packaged_major) || die "apt offers none of PostgreSQL 15 to 18: set PG_CONFIG"
    fi
    need_packages "postgresql-$major" "postgresql-server-dev-$major"
    pg_config=$(find_pg_config) || die "no usable PostgreSQL after installing $major"
  fi
  need_packages gcc libc6-dev libxxhash-dev libmicrohttpd-dev libpq-dev libjansson-dev
  pg_bin=$("$pg_config" --bindir)
  pg_major=$("$pg_config" --version | sed 's/[^0-9]*\([0-9]*\).*/\1/')
}

# Runs make on our Makefile in a build directory.
build_make() {
  local dir=$1
  shift
  make -s -C "$dir" -f "$root/Makefile" PG_CONFIG="$pg_config" with_llvm=no \
    ${CC:+CC="$CC"} ${UBSAN:+UBSAN="$UBSAN"} ${COVERAGE:+COVERAGE="$COVERAGE"} "$@"
}

# Prints the settings that make a server find the extension staged below a
# directory without installing it.
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

# Makes a directory of the server's user that nobody else can enter, with a
# path short enough for a socket, and prints it.
private_dir() {
  local dir
  dir=$(mktemp -d /tmp/restate_admin.XXXXXX)
  if [ "$(id -u)" = 0 ]; then
    chown "$server_user:" "$dir"
  fi
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
  printf '#!/bin/sh\nexec valgrind %s --leak-check=full --errors-for-leak-kinds=definite %s/restate-admin-http "$@"\n' \
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

# Stops the server of start_server; does nothing if it does not run.
stop_server() {
  local dir=$1
  if [ -e "$dir/data/postmaster.pid" ]; then
    as_server "$dir/bin/pg_ctl" -D "$dir/data" -m immediate -s -w stop ||
      echo "the server in $dir does not stop" >&2
  fi
}

# Copies the tree, without what was built or run in it, to a directory of the
# server's user.
copy_tree() {
  mkdir "$1"
  tar -C "$root" --exclude=./.git --exclude=./.run --exclude=./tmp_check --exclude='*.o' \
    --exclude='*.so' -cf - . | tar -C "$1" -xf - --no-same-owner
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

# Prints "N passed, N failed" of a log of prove with --formatter=Tally; the
# second argument is what prove returned.
tally_of() {
  local passed failed
  passed=$(sed -n 's/^tally: \([0-9]*\) passed, .*/\1/p' "$1")
  failed=$(sed -n 's/^tally: .* passed, \([0-9]*\) failed/\1/p' "$1")
  if [ "$2" != 0 ] && [ "${failed:-0}" = 0 ]; then
    failed=1
  fi
  echo "${passed:-0} passed, ${failed:-0} failed"
}
