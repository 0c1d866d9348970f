# Provides what the tests speak with in Python, each in a virtual environment of its own in the cache folder. Sourced.
# shellcheck shell=bash

# app/backend/tests/broker/interop.rs looks for the same version: the client of the broker's interoperability suite.
paho_version=2.1.0
# app/backend/tests/it/support/smtp.rs, likewise: a mail server.
aiosmtpd_version=1.4.6

# What a folder of scripts needs, by its requirements.txt with every version pinned. Prints the interpreter.
# provide_requirements FOLDER
provide_requirements() {
  local wanted=$1/requirements.txt place work
  place=$cache/tools/python-$(sha256sum "$wanted" | cut -c 1-16)
  if [ ! -x "$place/bin/python" ]; then
    say "installing what ${1#"$root/"} needs (once)"
    work=$place/bin/python.new
    rm -rf "$place"
    python3 -m venv "$place" || fail "python3 could not make a virtual environment: install python3-venv"
    mv "$place/bin/python" "$work"
    "$work" -m pip install --quiet --disable-pip-version-check --no-deps --requirement "$wanted" >&2 \
      || fail "what $wanted names could not be installed (pip's words stand above): is there a network?"
    mv "$work" "$place/bin/python"
  fi
  printf '%s\n' "$place/bin/python"
}

# provide_python PACKAGE VERSION
provide_python() {
  local place=$cache/tools/$1-$2 work
  [ ! -x "$place/bin/python" ] || return 0
  say "installing $1 $2 for the tests (once)"
  # Made in its place: a virtual environment knows where it stands. The program that is looked for comes last.
  work=$place/bin/python.new
  rm -rf "$place"
  python3 -m venv "$place" || fail "python3 could not make a virtual environment: install python3-venv"
  mv "$place/bin/python" "$work"
  "$work" -m pip install --quiet --disable-pip-version-check "$1==$2" \
    || fail "$1 could not be installed (pip's words stand above): is there a network?"
  mv "$work" "$place/bin/python"
}
