#!/bin/sh
# The shell parts: they parse, they refuse what they do not know, and the closing line can fail.
set -eu
cd "$1"
broken() { printf 'dev_test: %s\n' "$*" >&2; exit 1; }
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

for script in dev .ci/run tests/*.sh tests/*/*.sh tests/browser/run conf/install_once plugins/stage; do sh -n "$script"; done

./dev help >"$work/help"
for command in run test browser asan tsan fuzz bench format install; do
  grep -q "^  $command " "$work/help" || broken "help does not name $command"
done
! ./dev no-such-command >/dev/null 2>&1 || broken 'an unknown command is taken'
! ./dev fuzz soon >/dev/null 2>&1 || broken 'fuzz takes a word for its seconds'
! ./dev install relative/path >/dev/null 2>&1 || broken 'install takes a relative prefix'

# closes EXIT-STATUS LINE LOG: what summary.py makes of a log.
closes() {
  status=0
  printf '%s' "$3" >"$work/log"
  line=$(python3 tests/summary.py "$work/log" 2>/dev/null) || status=$?
  if [ "$status" -ne "$1" ] || [ "$line" != "$2" ]; then broken "summary says '$line' ($status), not '$2' ($1)"; fi
}
closes 0 '3 passed, 0 failed' \
  '{"result":"OK","stdout":"[doctest] test cases: 3 | 3 passed | 0 failed | 1 skipped\n"}'
closes 1 '1 passed, 2 failed' \
  '{"result":"FAIL","stdout":"[doctest] test cases: 3 | 1 passed | 2 failed | 0 skipped\n"}'
closes 1 '3 passed, 1 failed' \
  '{"result":"FAIL","stdout":"[doctest] test cases: 3 | 3 passed | 0 failed | 0 skipped\n"}'
closes 1 '1 passed, 1 failed' '{"result":"OK","stdout":""}
{"result":"TIMEOUT","stdout":""}'
closes 1 '0 passed, 1 failed' ''
closes 1 '0 passed, 1 failed' '{"result":"OK","stdout":"[doctest] doctest version is \"2.4.9\"\n"}'
closes 1 '23 passed, 1 failed' '{"result":"FAIL","stdout":"# tests 24\n# suites 0\n# pass 23\n# fail 1\n"}'
printf '{"name":"wire","result":"TIMEOUT","returncode":-9,"duration":300.2,"stdout":"one\\ntwo"}' >"$work/log"
words=$(python3 tests/summary.py "$work/log" 2>&1 >/dev/null || true)
[ "$words" = 'failed: wire: TIMEOUT, exit -9, after 300 s
    one
    two' ] || broken "a failed test's last words are '$words'"
closes 0 'not run: page: chromium is missing
1 passed, 0 failed' '{"name":"page","result":"SKIP","stdout":"chromium is missing\n"}
{"result":"OK","stdout":""}'
