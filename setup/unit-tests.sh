#!/usr/bin/env bash
# Rust's tests, in the dev profile: with overflow checks and debug assertions, and compiled quickly.
# (The 500 dependencies cost 3.6 CPU minutes more than sharing the release profile's, once; each later run of the
# tests costs less, for our own crates are compiled anew by every run and for every kind of test.)
set -euo pipefail
# shellcheck source=env.sh
. "$(dirname "${BASH_SOURCE[0]}")/env.sh"
cd "$root"

# First the examples in the documentation, which nextest leaves out: the last lines shall be those of the many tests.
cargo test --workspace --doc --quiet
# One process per test program, and not one per test: the tests of a program share one PostgreSQL of their own.
cargo test --workspace --no-fail-fast "$@"
