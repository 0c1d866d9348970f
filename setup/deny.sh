#!/usr/bin/env bash
# cargo-deny, in a version of its own in the cache folder: setup/deny.sh bans licenses sources
set -euo pipefail
# shellcheck source=env.sh
. "$(dirname "${BASH_SOURCE[0]}")/env.sh"
cd "$root"

version=0.20.2
tool=$cache/tools/cargo-deny-$version/bin/cargo-deny
if [ ! -x "$tool" ]; then
  say "building cargo-deny $version (once, some minutes)"
  work=$cache/tools/cargo-deny-$version.work
  rm -rf "$work"
  # Unoptimised: it runs for a second, and is built on every new machine.
  CARGO_PROFILE_RELEASE_OPT_LEVEL=0 CARGO_PROFILE_RELEASE_LTO=off CARGO_PROFILE_RELEASE_CODEGEN_UNITS=256 \
    CARGO_TARGET_DIR="$cache/tools/build" \
    cargo install cargo-deny --version "$version" --locked --no-default-features --root "$work" \
    || fail "cargo-deny could not be built (cargo's words stand above): is there a network?"
  rm -rf "$cache/tools/build" "${tool%/bin/*}"
  mv "$work" "${tool%/bin/*}"
fi
exec "$tool" --workspace check "$@"
