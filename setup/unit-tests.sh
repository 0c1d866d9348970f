#!/usr/bin/env bash
# Rust's tests, in the dev profile: with overflow checks and debug assertions, and compiled quickly.
# (The 500 dependencies cost 3.6 CPU minutes more than sharing the release profile's, once; each later run of the
# tests costs less, for our own crates are compiled anew by every run and for every kind of test.)
set -euo pipefail
# shellcheck source=env.sh
. "$(dirname "${BASH_SOURCE[0]}")/env.sh"
cd "$root"

if cargo nextest --version >/dev/null 2>&1; then
  cargo nextest run --workspace --no-fail-fast "$@"
  # nextest leaves out the examples in the documentation.
  cargo test --workspace --doc --quiet
else
  cargo test --workspace --no-fail-fast "$@"
fi
