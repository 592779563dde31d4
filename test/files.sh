#!/bin/bash
# What can be told from the tree alone, as TAP.  Runs in the root of a built
# tree.
set -euo pipefail

count=0

# One test: passes if nothing was found.  The rest of the arguments are what
# was found.
none() {
  local rule=$1
  shift
  count=$((count + 1))
  if [ $# = 0 ]; then
    echo "ok $count - $rule"
  else
    echo "not ok $count - $rule"
    printf '#   %s\n' "$@"
  fi
}

shopt -s nullglob

missing=()
orphans=()
for file in test/sql/*.sql test/specs/*.spec; do
  name=${file##*/}
  # the driver makes empty ones, so that pg_regress can show the output
  [ -s "expected/${name%.*}.out" ] || missing+=("$file")
done
for file in expected/*.out; do
  name=${file##*/}
  name=${name%.out}
  # NAME_1.out and so on are further outputs of NAME
  name=${name%_[0-9]}
  [ -e "test/sql/$name.sql" ] || [ -e "test/specs/$name.spec" ] || orphans+=("$file")
done
none 'each SQL file and spec has its expected output' "${missing[@]}"
none 'each expected output has its test' "${orphans[@]}"

misnamed=()
for file in test/specs/*.spec; do
  [[ $file == test/specs/iso_* ]] || misnamed+=("$file")
done
for file in test/sql/iso_*.sql; do
  misnamed+=("$file")
done
none 'iso_ begins the names of specs, and of nothing else' "${misnamed[@]}"

stray=()
for file in test/sql/* test/specs/* test/pgtap/* test/t/*; do
  case $file in
    test/sql/*.sql | test/specs/*.spec | test/pgtap/*.sql | test/t/*.pl) ;;
    *) stray+=("$file") ;;
  esac
done
none 'each file in a test directory is one that its suite runs' "${stray[@]}"

version=$(sed -n "s/^default_version *= *'\(.*\)'/\1/p" restate_admin.control)
mapfile -t found < <(sed -n 's/^ *"version": "\(.*\)".*/\1/p' META.json | grep -Fxv -e "$version" -e 1.0.0)
none 'META.json has the version of the control file' "${found[@]}"
mapfile -t found < <(sed -n 's/^ *"\(file\|docfile\)": "\(.*\)".*/\2/p' META.json | while read -r file; do [ -e "$file" ] || echo "$file"; done)
none 'META.json names files that are there' "${found[@]}"
mapfile -t found < <(head -n 1 debian/changelog | grep -vF "($version-")
none 'the packages of Debian have the version of the control file' "${found[@]}"
mapfile -t found < <(diff <(sed 's/PGVERSION/15/g' debian/control.in) debian/control)
none 'debian/control is that of PostgreSQL 15' "${found[@]}"
found=()
grep -Fq "## [$version]" CHANGELOG.md || found+=("$version")
none 'the changelog has a section for the version' "${found[@]}"

mapfile -t found < <(grep -niE '^ *CREATE OR REPLACE|IF NOT EXISTS +[^( ]' sql/[0-9]*.sql)
none 'the install script replaces nothing that was there before' "${found[@]}"

script=restate_admin--$version.sql
found=()
[ "$(head -n 2 "$script")" = '\echo Use "CREATE EXTENSION restate_admin" to load this file. \quit
SET LOCAL search_path TO pg_catalog, pg_temp;' ] || found+=("$script")
none 'the install script begins with its guard and its search path' "${found[@]}"
found=()
if [ -e "sql/released/$script" ] && ! cmp -s "sql/released/$script" "$script"; then
  found+=("$script: a new version is due in restate_admin.control")
fi
none 'a released install script is what its version still installs' "${found[@]}"

# One test: passes if a file has a text in it, which the third argument names.
quotes() {
  local found=()
  [[ $(<"$1") == *"$2"* ]] || found=("$3")
  none "$1 has $3 as it is" "${found[@]}"
}

quotes doc/http.md "$(<examples/gateway_roles.sql)" examples/gateway_roles.sql
quotes doc/gateway-services.md "$(<examples/gateway_worker_role.sql)" examples/gateway_worker_role.sql
quotes doc/privileges.md "$(<examples/roles.sql)" examples/roles.sql
quotes doc/postgrest.md "$(<examples/postgrest/roles.sql)" examples/postgrest/roles.sql
# shellcheck disable=SC2016
quotes examples/roles.sql "$(sed -n '/^## Privileges/,/^## /{/^```sql$/,/^```$/{/^```/!p}}' README.md)" 'what README.md shows of the roles'
mapfile -t found < <(grep -n 'CREATE ROLE restate_' README.md)
none 'the README makes no role of its own' "${found[@]}"
if [ -x restate-gateway ]; then
  mapfile -t found < <(./restate-gateway --help | grep -oE -- '--[a-z-]+' | sort -u |
    while read -r option; do grep -qF -- "\`$option" doc/http.md || echo "$option"; done)
  none 'doc/http.md has each option of the gateway' "${found[@]}"
fi

echo "1..$count"
