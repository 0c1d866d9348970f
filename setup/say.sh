# Words and paths that every part of the set-up shares. Sourced, never run.
# shellcheck shell=bash

say() { printf 'setup: %s\n' "$*" >&2; }

# Ends the set-up with one line that says what is missing and how to mend it.
fail() {
  printf 'setup: %s\n' "$*" >&2
  exit 1
}

have() { command -v "$1" >/dev/null 2>&1; }

# The checkout, however the script was called.
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)

# Everything that is slow to make and belongs to no checkout lives here.
cache=${VIGIA_CACHE:-${XDG_CACHE_HOME:-${HOME:?HOME is not set: set it, or VIGIA_CACHE}/.cache}/vigia}

# Writes stdin to a file in one step, so that an interruption leaves the old file or the new one.
write_file() {
  local tmp
  tmp=$1.tmp.$$
  cat >"$tmp" && mv -f "$tmp" "$1"
}

# The Rust that the project is built with.
wanted_rust=$(sed -n 's/^channel *= *"\(.*\)"/\1/p' "$root/rust-toolchain.toml")

# at_least 1.95.0 1.96.0: is the second version the first or newer?
at_least() { [ "$(printf '%s\n%s\n' "$1" "$2" | sort -V | head -n 1)" = "$1" ]; }
