#!/bin/sh
# Copies the files of Restate's web UI from a server that serves them, for --ui-dir
# of restate-gateway:
#
#   copy_ui.sh http://127.0.0.1:9070 DIR
#
# It asks for the start page and then for every name that it finds in what it
# has got.  A server answers with its start page to what it does not have, so
# what only looks like the name of a file is left out.
set -eu
[ $# = 2 ] || {
  echo "usage: $0 http://HOST:PORT DIR" >&2
  exit 2
}
server=${1%/}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
trap 'exit 1' HUP INT TERM
mkdir -p "$2"
cd "$2"

# Prints the names in the files of this list: whole paths, those that scripts
# load, and those beside a style sheet.
names_in() {
  while read -r file; do
    case $file in
      */*) beside=${file%/*}/ ;;
      *) beside= ;;
    esac
    case $file in
      *.html | *.js | *.css | *.svg | *.webmanifest)
        grep -aoE '/ui/[A-Za-z0-9_./-]+\.[a-z0-9]+' "$file" | sed 's|^/ui/||' || true
        grep -aoE "[\"'\`]assets/[A-Za-z0-9_./-]+\.[a-z0-9]+" "$file" | cut -c2- || true
        grep -aoE "[\"'\`(]\./[A-Za-z0-9_-]+(\.[A-Za-z0-9_-]+)*\.[a-z0-9]+" "$file" | sed "s|^...|$beside|" || true
        grep -aoE "url\([\"']?[A-Za-z0-9_][A-Za-z0-9_./-]*\.[a-z0-9]+" "$file" | sed "s|^url([\"']*|$beside|" || true
        ;;
    esac
  done <"$1"
}

: >"$work/asked"
echo index.html >"$work/names"
while [ -s "$work/names" ]; do
  sed "s|.*|url = \"$server/ui/&\"\noutput = \"&\"|" "$work/names" >"$work/curl"
  curl -fsS --retry 20 --retry-delay 1 --retry-connrefused --create-dirs -K "$work/curl" -w '%{content_type}|%{filename_effective}\n' >"$work/got"
  grep -v '^text/html.*|index.html$' "$work/got" | sed -n 's/^text\/html[^|]*|//p' | while read -r page; do rm "$page"; done
  sed -n -e '/^text\/html[^|]*|index.html$/s/.*|//p' -e '/^text\/html/!s/.*|//p' "$work/got" >"$work/files"
  sort -o "$work/asked" "$work/asked" "$work/names"
  names_in "$work/files" | grep -vF .. | sort -u | comm -23 - "$work/asked" >"$work/names"
done
echo "$(find . -type f | wc -l) files in $2"
