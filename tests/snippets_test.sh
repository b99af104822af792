#!/bin/sh
# snippets_test.sh ROOT CC CXX: compiles each block of code that README.md, docs/plugins.md and docs/dispatcher.md
# show.
set -eu
root=$1 cc=$2 cxx=$3
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT INT TERM

# One file for each block, named after the page and the line it begins at.
for page in README.md docs/plugins.md docs/dispatcher.md; do
  awk -v to="$work/$(basename "$page" .md)" '
    /^```(c|cpp)$/ { file = to "-" NR "." substr($0, 4); next }
    /^```/ { file = "" }
    file != "" { print > file }' "$root/$page"
done

cat >"$work/before.h" <<'END'
#include <margay/plugin.h>
#include <array>
#include <atomic>
#include <chrono>
#include <optional>
#include <stdexcept>
#include <string>
#include <vector>
END

passed=0
failed=0
for block in "$work"/*.c "$work"/*.cpp; do
  case $block in
    *.c) set -- "$cc" -std=c11 -pedantic-errors ;;
    *) set -- "$cxx" -std=c++20 -include "$work/before.h" ;;
  esac
  if "$@" -fsyntax-only -Wall -Wextra -Werror -Wno-missing-field-initializers \
    -Wno-unused-private-field -I "$root/endpoints/api" "$block"; then
    passed=$((passed + 1))
  else
    printf 'does not compile: %s\n' "${block##*/}" >&2
    failed=$((failed + 1))
  fi
done
printf '%d compile, %d do not\n' "$passed" "$failed"
[ "$failed" -eq 0 ] && [ "$passed" -gt 8 ]
