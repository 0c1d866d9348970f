#!/usr/bin/env bash
# Tries the description of the interface with odd requests against a program that is built: setup/openapi.sh PROGRAM
set -euo pipefail
here=$(dirname "${BASH_SOURCE[0]}")
# shellcheck source=env.sh
. "$here/env.sh"
# shellcheck source=python.sh
. "$here/python.sh"

python=$(provide_requirements "$root/tests/openapi")
exec "$python" -B "$root/tests/openapi/run.py" "$@"
