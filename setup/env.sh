# The environment of every build. Sourced by the set-up and by with.sh.
# shellcheck shell=bash

# shellcheck source=say.sh
. "$(dirname "${BASH_SOURCE[0]}")/say.sh"

# rustup's folder is not in PATH in a fresh shell, nor in most CI runners.
if ! have cargo && [ -x "${CARGO_HOME:-$HOME/.cargo}/bin/cargo" ]; then
  export PATH="${CARGO_HOME:-$HOME/.cargo}/bin:$PATH"
fi

# A CI run starts from a fresh clone: what cargo made for the last one is kept outside it.
if [ -n "${CI:-}" ] && [ -z "${CARGO_TARGET_DIR:-}" ]; then
  export CARGO_TARGET_DIR="$cache/target"
fi

# rust-toolchain.toml names a version. Where rustup may download nothing and knows that version
# by another name ("stable", say), the toolchain that is there is used if it is new enough.
if [ -z "${RUSTUP_TOOLCHAIN:-}" ] && [ "${RUSTUP_AUTO_INSTALL:-1}" = 0 ] && have rustup \
  && ! (cd "$root" && rustc --version) >/dev/null 2>&1; then
  for name in $(rustup toolchain list 2>/dev/null | awk '{ print $1 }'); do
    case $name in *nightly* | *beta*) continue ;; esac
    found=$(rustc "+$name" --version 2>/dev/null | awk '{ print $2 }')
    if [ -n "$found" ] && at_least "$wanted_rust" "$found"; then
      export RUSTUP_TOOLCHAIN=$name
      break
    fi
  done
  unset name found
fi
