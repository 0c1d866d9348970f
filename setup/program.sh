#!/usr/bin/env bash
# Builds the program: setup/program.sh release. The bundle must be in target/site, for it goes into the program.
set -euo pipefail
# shellcheck source=env.sh
. "$(dirname "${BASH_SOURCE[0]}")/env.sh"
cd "$root"

cargo build --release --package vigia --bin vigia

# Where cargo compiles elsewhere, the program still stands where people and tests look for it.
built=${CARGO_TARGET_DIR:-target}/release/vigia
if [ ! "$built" -ef target/release/vigia ]; then
  mkdir -p target/release
  # By rename: a program that is running is not written over.
  cp "$built" target/release/vigia.part
  mv -f target/release/vigia.part target/release/vigia
fi
