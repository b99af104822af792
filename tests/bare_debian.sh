#!/bin/sh
# bare_debian.sh [FOLDER]: what the README promises, on a machine with nothing: a fresh Debian 12
# below FOLDER (/var/tmp), a copy of the tree, `./dev run` and a curl, then `./dev test`. Needs root,
# debootstrap and a Debian mirror (MIRROR), 2 GB and a quarter of an hour. Whatever happens, all its
# processes and mounts end with it, since they live in namespaces of their own, and so do its files.
set -eu
tree=$(cd "$(dirname "$0")/.." && pwd)
mirror=${MIRROR:-http://deb.debian.org/debian}

say() { printf '== %s\n' "$*"; }
fail() { printf 'bare_debian: %s\n' "$*" >&2; exit 1; }

# inside COMMAND...: in the bare machine, with nothing of this one's environment but its proxies.
inside() {
  chroot "$root" /usr/bin/env -i HOME=/root PATH=/usr/sbin:/usr/bin:/sbin:/bin LC_ALL=C.UTF-8 \
    ${http_proxy:+http_proxy="$http_proxy"} ${https_proxy:+https_proxy="$https_proxy"} \
    sh -c 'cd /margay && exec "$@"' sh "$@"
}

make_machine() {
  say "installing Debian 12 into $root"
  debootstrap --variant=minbase bookworm "$root" "$mirror" >"$root.log" 2>&1 ||
    { tail -n 20 "$root.log" >&2; fail 'debootstrap failed'; }
  mount -t proc proc "$root/proc"
  cp -L /etc/resolv.conf "$root/etc/resolv.conf"
  mkdir "$root/margay"
  # Neither builds nor anything else that git does not know: as if it had been cloned.
  git -c safe.directory="$tree" -C "$tree" ls-files -z --cached --others --exclude-standard |
    tar -C "$tree" --null -T - -cf - | tar -C "$root/margay" --no-same-owner -xf -
}

try_run() {
  say './dev run'
  inside ./dev run -Dport=0 >"$root/run.log" 2>&1 </dev/null &
  server=$!
  port=
  until [ -n "$port" ]; do
    kill -0 "$server" 2>/dev/null || { tail -n 40 "$root/run.log" >&2; fail './dev run ended'; }
    sleep 1
    port=$(sed -n 's/.*listening on http:.*:\([0-9][0-9]*\)$/\1/p' "$root/run.log" | head -n 1)
  done
  grep -E '^== |listening' "$root/run.log"
  say "curl '127.0.0.1:$port/hello?name=you'"
  answer=$(inside curl -sS "127.0.0.1:$port/hello?name=you") || fail 'curl failed'
  printf '%s\n' "$answer"
  [ "$answer" = 'hello, you' ] || fail "the answer is not 'hello, you'"
  inside build/container/margay status
  inside build/container/margay stop
  wait "$server" || fail "the server ended with $?"
}

if [ "${1-}" = --in-namespace ]; then
  root=$2
  make_machine
  try_run
  say './dev test'
  inside ./dev test
  exit
fi

[ "$(id -u)" -eq 0 ] || fail 'must be root, for chroot'
for tool in debootstrap unshare git tar; do
  command -v "$tool" >/dev/null || fail "$tool is missing: apt-get install debootstrap git util-linux"
done
root=$(mktemp -d "${1:-/var/tmp}/bare-debian.XXXXXX")
chmod 755 "$root"
child=
end() {
  [ -z "$child" ] || kill "$child" 2>/dev/null || true
  wait
  rm -rf "$root" "$root.log"
}
trap end EXIT
trap 'exit 1' INT TERM HUP
unshare --mount --pid --fork --kill-child "$0" --in-namespace "$root" &
child=$!
status=0
wait "$child" || status=$?
child=
exit "$status"
