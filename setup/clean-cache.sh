#!/usr/bin/env bash
# Removes what the set-up and CI keep outside the checkout. The next run makes it anew.
set -euo pipefail
# shellcheck source=env.sh
. "$(dirname "${BASH_SOURCE[0]}")/env.sh"

# One by one, by name: VIGIA_CACHE may point to a folder that holds other things too.
for part in browser-sysroot stamps target tools; do rm -rf "${cache:?}/$part"; done
rm -f "$cache/lock"
rmdir "$cache" 2>/dev/null || true
say "removed from $cache: browser-sysroot stamps target tools"
