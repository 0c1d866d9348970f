#!/usr/bin/env bash
# What `make lighthouse` needs beside the tools of every build: Lighthouse itself, by its lock file.
set -euo pipefail
here=$(dirname "${BASH_SOURCE[0]}")
# shellcheck source=env.sh
. "$here/env.sh"

folder=$root/bench/lighthouse
if ! cmp -s "$folder/package-lock.json" "$folder/node_modules/.locked"; then
  say 'installing Lighthouse'
  (cd "$folder" && npm install --ignore-scripts --no-progress --silent)
  cp "$folder/package-lock.json" "$folder/node_modules/.locked"
fi
