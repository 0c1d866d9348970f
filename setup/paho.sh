# Provides the Python client that the broker's interoperability suite speaks with, in the cache folder. Sourced.
# shellcheck shell=bash

# app/backend/tests/broker/interop.rs looks for the same version.
paho_version=2.1.0

provide_paho() {
  local place=$cache/tools/paho-mqtt-$paho_version work
  [ ! -x "$place/bin/python" ] || return 0
  say "installing paho-mqtt $paho_version for the tests (once)"
  # Made in its place: a virtual environment knows where it stands. The program that is looked for comes last.
  work=$place/bin/python.new
  rm -rf "$place"
  python3 -m venv "$place" || fail "python3 could not make a virtual environment: install python3-venv"
  mv "$place/bin/python" "$work"
  "$work" -m pip install --quiet --disable-pip-version-check "paho-mqtt==$paho_version" \
    || fail "paho-mqtt could not be installed (pip's words stand above): is there a network?"
  mv "$work" "$place/bin/python"
}
