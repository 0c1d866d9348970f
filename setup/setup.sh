#!/usr/bin/env bash
# Makes the machine ready: `setup.sh build` for make run, build and dev; `setup.sh test` for make test too.
# It may be run at any time and be interrupted at any time: it looks at what is there and adds what is not.
set -euo pipefail
here=$(dirname "${BASH_SOURCE[0]}")
# shellcheck source=env.sh
. "$here/env.sh"
# shellcheck source=debian.sh
. "$here/debian.sh"
# shellcheck source=rust.sh
. "$here/rust.sh"
# shellcheck source=browser-std.sh
. "$here/browser-std.sh"
# shellcheck source=python.sh
. "$here/python.sh"
# shellcheck source=node.sh
. "$here/node.sh"

level=${1:-build}
case $level in build | test) ;; *) fail "unknown level '$level': say build or test" ;; esac

# One set-up at a time: two checkouts share the cache.
mkdir -p "$cache" || fail "cannot make the cache folder $cache: make it writable, or name another one in VIGIA_CACHE"
if have flock; then
  exec 9>"$cache/lock"
  flock --nonblock 9 || { say 'waiting for another set-up'; flock 9; }
fi

# What a killed set-up left behind.
allow_services
rm -rf "$cache"/browser-std.??????

add() { packages="$packages $*"; }

packages=
{ have cc && printf '#include <stdio.h>\n' | cc -E - >/dev/null 2>&1; } || add gcc libc6-dev
have pkg-config || add pkg-config
# shellcheck disable=SC2086
[ -z "$packages" ] || install_packages 'building' $packages

if [ "$level" = test ]; then
  packages=
  { have initdb || compgen -G '/usr/lib/postgresql/*/bin/initdb' >/dev/null; } || add postgresql
  { have mosquitto || [ -x /usr/sbin/mosquitto ]; } || add mosquitto
  have mosquitto_pub || add mosquitto-clients
  have chromium || add chromium
  { have python3 && python3 -c 'import ensurepip, venv' 2>/dev/null; } || add python3 python3-venv
  # shellcheck disable=SC2086
  [ -z "$packages" ] || install_packages 'the tests' $packages
fi

check_rust
if [ "$level" = test ]; then check_node 20 'the browser tests (Playwright)'; else check_node 18 'the browser bundle'; fi
provide_browser_std
if [ "$level" = test ]; then
  provide_python paho-mqtt "$paho_version"
  provide_python aiosmtpd "$aiosmtpd_version"
  provide_requirements "$root/tests/openapi" >/dev/null
fi
install_npm_packages
fetch_crates
say "ready to $level"
