#!/bin/sh
# install_test.sh BUILD-FOLDER: what somebody does who has never seen the tree. Installs Margay below
# a folder of its own, writes a plugin with it, drops that into a running server, and talks to it.
set -eu
build=$1
work=$(mktemp -d)
server=
# Kills only what was started here, and only when a step failed.
trap '[ -z "$server" ] || kill -9 "$server" 2>/dev/null || true; rm -rf "$work"' EXIT
trap 'exit 1' INT TERM

broken() {
  printf 'install_test: %s\n' "$*" >&2
  for log in "$work"/*.log; do [ ! -f "$log" ] || { echo "-- $log"; tail -n 30 "$log"; } >&2; done
  exit 1
}

# expect STATUS TEXT COMMAND...: the exit status, and a text on stdout or stderr.
expect() {
  status=$1 text=$2
  shift 2
  got=0
  "$@" >"$work/output" 2>&1 </dev/null || got=$?
  [ "$got" -eq "$status" ] || broken "$* ended with $got, not $status: $(cat "$work/output")"
  grep -qF -e "$text" "$work/output" || broken "$* does not say '$text' but: $(cat "$work/output")"
}

# await WHAT COMMAND...: until the command succeeds; gives up after 30 s.
await() {
  what=$1 rounds=600
  shift
  until "$@" >/dev/null 2>&1; do
    rounds=$((rounds - 1))
    [ "$rounds" -gt 0 ] || broken "$what did not happen"
    sleep 0.05
  done
}

# starts a server in $work/site with LOG; the caller waits for what it needs.
start() {
  "$margay" run -c "$site/conf/server.xml" --log-level warn --log-level margay=info >"$work/$1.log" 2>&1 </dev/null &
  server=$!
}

answers() { [ "$(curl -sf "http://127.0.0.1:$port/greet/?name=you")" = "$1" ]; }

# --- install
DESTDIR=$work/root meson install -C "$build" --no-rebuild --quiet >"$work/install.log" 2>&1 ||
  broken 'meson install failed'
margay=$(find "$work/root" -type f -path '*/bin/margay')
prefix=${margay%/bin/margay}
for file in include/margay/plugin.h share/margay/plugin.map share/pkgconfig/margay.pc \
  share/margay/server.xml share/margay/app.xml \
  share/margay/js/margay.js share/man/man1/margay.1 lib/systemd/system/margay.service; do
  [ -f "$prefix/$file" ] || broken "$file is not installed"
done
grep -q "^ExecStart=/.*/bin/margay run$" "$prefix/lib/systemd/system/margay.service" ||
  broken 'the unit does not start the program'
edited=$(find "$work/root" -type f -path '*/etc/margay/server.xml')
expect 0 'all is well' "$margay" check -c "$edited" -b "$work/empty"
echo '<!-- mine -->' >>"$edited"
DESTDIR=$work/root meson install -C "$build" --no-rebuild --quiet >"$work/install.log" 2>&1
grep -q 'mine' "$edited" || broken 'an edited server.xml is overwritten'

# --- usage
expect 0 'Exit status' "$margay" --help
expect 0 'plugin ABI' "$margay" version
expect 2 "did you mean 'status'" "$margay" statsu
expect 2 'write -Dname=value' "$margay" check -Dnonsense
expect 0 'port="8081"' "$margay" config -c "$edited" -Dport=8081
expect 0 'port="8082"' "$margay" config -c "$edited" -D port=8082
expect 2 'cannot be opened' "$margay" run -c "$work/none.xml"
expect 2 "'loud' is none of trace" "$margay" run --log-level margay.server=loud

# --- new: builds outside the tree, with the installed files alone
PKG_CONFIG_PATH=$prefix/share/pkgconfig
export PKG_CONFIG_PATH
cd "$work"
expect 0 'greet is ready' "$margay" new endpoint greet
expect 1 'ever overwritten' "$margay" new endpoint greet
expect 2 'is not a name' "$margay" new endpoint ../greet
expect 2 'is not a name' "$margay" new filter Greet
expect 2 'choose another name' "$margay" new filter test
expect 0 'is ready' "$margay" new filter my-stamp --directory "$work/stamp"
expect 0 'is ready' "$margay" new websocket my-talk --directory "$work/talk"
for name in greet stamp talk; do
  { meson setup "$name/build" "$name" --prefix "$work/apps/$name" -Dwerror=true &&
    meson install -C "$name/build"; } >"$work/build.log" 2>&1 || broken "$name does not build"
done
expect 0 'endpoint greet' "$margay" abi apps/greet/lib/greet.so
expect 0 'filter my-stamp' "$margay" abi apps/stamp/lib/my-stamp.so
expect 0 'websocket my-talk: loop; takes text' "$margay" abi apps/talk/lib/my-talk.so
mkdir -p "$work/conf"
echo '<Server><Service><Connector port="0"/><Engine><Host name="localhost"/></Engine></Service></Server>' \
  >"$work/conf/server.xml"
expect 0 'all is well' "$margay" check -c "$work/conf/server.xml"
expect 1 'refused' "$margay" abi "$prefix/share/margay/plugin.map"

# --- a server that is empty at first
site=$work/site
mkdir -p "$site/conf" "$site/apps"
server_xml() {
  cat >"$site/conf/new" <<END
<Server $1>
  <Service>
    <Connector port="0" address="127.0.0.1"/>
    <Engine><Host name="localhost"/></Engine>
  </Service>
</Server>
END
  mv "$site/conf/new" "$site/conf/server.xml"
}
server_xml 'control="run/margay.sock"'
set -- -c "$site/conf/server.xml"
expect 1 'no server is running' "$margay" status "$@"
start first
await 'the start' "$margay" status "$@"
expect 0 'no applications' "$margay" status "$@"
port=$("$margay" status "$@" | sed -n 's/^connector .*:\([0-9]*\): .*/\1/p')
expect 1 'another server is running' "$margay" run "$@"

# --- deploy by dropping a folder in
cp -R apps/greet "$site/apps/.greet" && mv "$site/apps/.greet" "$site/apps/greet"
await 'the deployment' answers 'hello, you'
cp -R apps/stamp "$site/apps/"
expect 0 'is in use' "$margay" reload "$@"
curl -sfi "http://127.0.0.1:$port/stamp/" | grep -qi '^x-filtered-by: my-stamp' ||
  broken 'the filter does not filter'
expect 0 '/greet: available' "$margay" status "$@"

# --- reload, and what fails on the way
sed -i 's/value="hello"/value="bonjour"/' "$site/apps/greet/app.xml"
expect 0 'is in use' "$margay" reload "$@"
answers 'bonjour, you' || broken 'the changed manifest is not in use after the reload'
cp "$site/apps/greet/app.xml" "$work/good.xml"
sed -i 's/library="greet"/library="great"/' "$site/apps/greet/app.xml"
expect 1 "did you mean 'greet'" "$margay" reload "$@"
expect 1 'the earlier one goes on' "$margay" reload "$@"
answers 'bonjour, you' || broken 'a reload that failed took the application away'
cp "$work/good.xml" "$site/apps/greet/app.xml"
server_xml 'control="run/margay.sock" nonsense="1"'
expect 1 "'nonsense' is not known" "$margay" reload "$@"
server_xml 'control="run/margay.sock"'
expect 0 'is in use' "$margay" reload "$@"

# ended: the server is gone, having said 0.
ended() {
  ! kill -0 "$server" 2>/dev/null || [ "$(sed 's/.*) //; s/ .*//' "/proc/$server/stat")" = Z ] ||
    broken 'stop came back before the server was gone'
  got=0
  wait "$server" || got=$?
  server=
  [ "$got" -eq 0 ] || broken "the server ended with $got"
}

# --- stop
expect 0 'stopped' "$margay" stop "$@"
ended
[ ! -e "$site/run/margay.sock" ] || broken 'the control socket is left behind'
expect 1 'no server is running' "$margay" stop "$@"

# --- without a control socket: signals and the pid file
server_xml 'pidFile="margay.pid"'
start second
await 'the second start' "$margay" status "$@"
expect 0 "running, pid $server" "$margay" status "$@"
expect 0 'the log says' "$margay" reload "$@"
await 'the reload by a signal' grep -q 'mapping 2 is in use' "$work/second.log"
expect 0 'stopped' "$margay" stop "$@"
ended
# A number that a killed server left behind may be anybody's.
echo $$ >"$site/margay.pid"
expect 1 'another program' "$margay" stop "$@"
server_xml ''
expect 2 'write control=' "$margay" stop "$@"
