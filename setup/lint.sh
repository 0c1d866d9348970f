#!/usr/bin/env bash
# Formatting, clippy for the server, and no warning when compiled for the browser (its bundle must have been built).
set -euo pipefail
# shellcheck source=env.sh
. "$(dirname "${BASH_SOURCE[0]}")/env.sh"
cd "$root"

cargo fmt --all --check
cargo clippy --workspace --all-targets --quiet -- --deny warnings
# Debian's Rust, with which the browser half may be compiled, has no clippy: there the compiler's own warnings count.
cargo run --quiet --package xtask -- lint
say "no warnings"
