# Provides Rust's standard library for the browser (wasm32-unknown-unknown). Sourced.
#
# Three ways, the first that works: the installed toolchain has it; rustup adds it; or, where rustup
# may download nothing (RUSTUP_AUTO_INSTALL=0) or there is no rustup, Debian's Rust with sources
# builds it once into the cache folder. app/xtask/src/toolchain.rs chooses in the same order.
# shellcheck shell=bash

debian_rust='rustc-web cargo-web rust-web-src rust-web-llvm lld-22'
browser_target=wasm32-unknown-unknown

toolchain_has_browser_std() {
  compgen -G "$(cd "$root" && rustc --print sysroot)/lib/rustlib/$browser_target/lib/libstd-*.rlib" >/dev/null
}

# Debian's programs themselves, never rustup's proxies of the same name.
debian_env() {
  env -u RUSTUP_TOOLCHAIN -u CARGO -u RUSTFLAGS -u CARGO_ENCODED_RUSTFLAGS -u CARGO_TARGET_DIR -u CARGO_BUILD_TARGET \
    PATH=/usr/bin:/bin RUSTC=/usr/bin/rustc RUSTC_BOOTSTRAP=1 "$@"
}

build_browser_std() {
  local version=$1 sysroot=$2 work target part
  say "building Rust's standard library for the browser with Debian's Rust $version (once, about a minute)"
  work=$(mktemp -d "$cache/browser-std.XXXXXX")
  # shellcheck disable=SC2064
  trap "rm -rf '$work'" EXIT INT TERM
  mkdir "$work/src"
  echo '#![no_std]' >"$work/src/lib.rs"
  cat >"$work/Cargo.toml" <<'TOML'
[package]
name = "nothing"
version = "0.0.0"
edition = "2021"
[workspace]
[profile.release]
opt-level = "s"
panic = "abort"
TOML
  # With bitcode: the release bundle is optimised as a whole, std included.
  (cd "$work" && debian_env RUSTFLAGS=-Cembed-bitcode=yes /usr/bin/cargo build --quiet --release \
    -Zbuild-std=std,panic_abort --target "$browser_target") \
    || fail "Debian's Rust could not build the standard library (its words stand above): is there a network?"

  target=$work/sysroot/lib/rustlib/$browser_target/lib
  mkdir -p "$target"
  cp "$work/target/$browser_target/release/deps/"*.rlib "$target/"
  rm -f "$target"/libnothing-*.rlib
  # The host's own parts (build scripts, macros) are linked from where Debian keeps them.
  for part in "$(debian_env /usr/bin/rustc --print sysroot)"/lib/rustlib/*; do
    [ "$(basename "$part")" = "$browser_target" ] || ln -s "$part" "$work/sysroot/lib/rustlib/"
  done
  rm -rf "$sysroot"
  mkdir -p "$(dirname "$sysroot")"
  mv "$work/sysroot" "$sysroot"
  rm -rf "$work"
  trap - EXIT INT TERM
}

provide_browser_std() {
  local version sysroot missing package
  toolchain_has_browser_std && return 0

  if have rustup && [ "${RUSTUP_AUTO_INSTALL:-1}" != 0 ]; then
    say "adding Rust's standard library for the browser by rustup"
    (cd "$root" && rustup target add "$browser_target") >&2 \
      || fail "rustup could not add $browser_target: is there a network? Try: rustup target add $browser_target"
    return 0
  fi

  missing=
  for package in $debian_rust; do
    [ "$(dpkg-query -W -f '${Status}' "$package" 2>/dev/null)" = 'install ok installed' ] || missing="$missing $package"
  done
  # shellcheck disable=SC2086
  [ -z "$missing" ] || install_packages "Rust's standard library for the browser" $missing

  version=$(debian_env /usr/bin/rustc --version | awk '{ print $2 }')
  at_least "$wanted_rust" "$version" || fail "Debian's Rust is $version, $wanted_rust is needed: its newer packages come from the suite \
bookworm-security. Add that to the sources of apt, run apt-get update, and: apt-get install $debian_rust"
  sysroot=$cache/browser-sysroot/$version
  [ -d "$sysroot" ] || build_browser_std "$version" "$sysroot"
}
