#!/usr/bin/env bash
# What `make peers` compares with: Mosquitto and InfluxDB 1 as Debian has them, and a Python environment of its own in the cache folder.
# Prints the environment's interpreter.
set -euo pipefail
here=$(dirname "${BASH_SOURCE[0]}")
# shellcheck source=env.sh
. "$here/env.sh"
# shellcheck source=debian.sh
. "$here/debian.sh"

packages=
{ have mosquitto || [ -x /usr/sbin/mosquitto ]; } || packages="$packages mosquitto"
have influxd || packages="$packages influxdb"
python3 -c 'import venv, ensurepip' 2>/dev/null || packages="$packages python3 python3-venv"
# shellcheck disable=SC2086
[ -z "$packages" ] || install_packages 'the peers of the bench' $packages >&2

wanted=$root/bench/peers/requirements.txt
venv=$cache/peers
if ! cmp -s "$wanted" "$venv/requirements.txt"; then
  say 'making the Python environment of the peers'
  rm -rf "$venv"
  python3 -m venv "$venv"
  "$venv/bin/pip" install --quiet --disable-pip-version-check --requirement "$wanted" >&2
  cp "$wanted" "$venv/requirements.txt"
fi
printf '%s\n' "$venv/bin/python"
