#!/usr/bin/env bash
# Feeds the decoders whatever makes them take another way: setup/fuzz.sh [SECONDS], for each target one after the other; 900
# each when not told, an hour in all.
# cargo-fuzz is built in the cache folder on first use. No nightly toolchain: coverage is a switch of LLVM's that the compiler
# hands on when it is told to behave as its own bootstrap does; without a sanitizer nothing else of nightly is needed, and the
# crate forbids unsafe code, so a sanitizer would find little.
set -euo pipefail
# shellcheck source=env.sh
. "$(dirname "${BASH_SOURCE[0]}")/env.sh"
cd "$root/fuzz"

seconds=${1:-900}
version=0.13.1
tool=$cache/tools/cargo-fuzz-$version/bin/cargo-fuzz
if [ ! -x "$tool" ]; then
  say "building cargo-fuzz $version (once, a minute or two)"
  CARGO_PROFILE_RELEASE_OPT_LEVEL=0 CARGO_TARGET_DIR="$cache/tools/build" \
    cargo install cargo-fuzz --version "$version" --locked --root "${tool%/bin/*}" \
    || fail "cargo-fuzz could not be built (cargo's words stand above): is there a network?"
  rm -rf "$cache/tools/build"
fi
export RUSTC_BOOTSTRAP=1
export CARGO_TARGET_DIR=$cache/fuzz
export PATH="${tool%/*}:$PATH"
for target in decode line_protocol routes mqtt; do
  mkdir -p "corpus/$target"
  say "fuzzing $target for $seconds s"
  nice -n 19 cargo fuzz run --sanitizer none "$target" "corpus/$target" "seeds/$target" -- \
    -max_total_time="$seconds" -max_len=4096 -print_final_stats=1
done
