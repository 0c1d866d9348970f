# Checks that Rust is there and new enough. Sourced.
# shellcheck shell=bash

check_rust() {
  local found why
  have cargo && have rustc || fail "Rust is missing: install rustup (https://rustup.rs), or any Rust from $wanted_rust on"
  # In this folder rustup installs by itself what rust-toolchain.toml asks for.
  if ! why=$( (cd "$root" && rustc --version) 2>&1); then
    printf '%s\n' "$why" | tail -n 3 >&2
    if [ "${RUSTUP_AUTO_INSTALL:-1}" = 0 ]; then
      fail "Rust $wanted_rust is not installed and RUSTUP_AUTO_INSTALL=0 forbids fetching it: install a Rust from $wanted_rust on"
    fi
    fail "rustup could not provide Rust $wanted_rust: is there a network? Try: rustup toolchain install $wanted_rust"
  fi
  found=$(cd "$root" && rustc --version | awk '{ print $2 }')
  at_least "$wanted_rust" "$found" || fail "Rust $found is too old, $wanted_rust is needed. Try: rustup toolchain install $wanted_rust"
}

# Downloads the crates, so that a missing network is told here and not by a compiler.
fetch_crates() {
  local stamp target
  stamp=$cache/stamps/crates-$(sha256sum "$root/Cargo.lock" | cut -c 1-16)
  [ -e "$stamp" ] && return 0
  target=$(rustc -vV | sed -n 's/^host: //p')
  say "downloading crates"
  (cd "$root" && cargo fetch --quiet --target "$target" --target wasm32-unknown-unknown) \
    || fail "cargo could not download the crates (its words stand above): is there a network?"
  mkdir -p "$cache/stamps"
  date | write_file "$stamp"
}
