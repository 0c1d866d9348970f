#!/usr/bin/env bash
# Runs one command in the environment of the builds: setup/with.sh cargo build
set -euo pipefail
# shellcheck source=env.sh
. "$(dirname "${BASH_SOURCE[0]}")/env.sh"
cd "$root"
exec "$@"
