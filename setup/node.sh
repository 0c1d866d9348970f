# Checks Node and installs the npm packages of the lock file. Sourced.
# shellcheck shell=bash

check_node() {
  local least=$1 major
  have node && have npm || fail "Node and npm are missing: install Node $least or newer (https://nodejs.org)"
  major=$(node -p 'process.versions.node.split(".")[0]')
  [ "$major" -ge "$least" ] || fail "Node $major is too old for $2, Node $least or newer is needed (https://nodejs.org)"
}

install_npm_packages() {
  local key stamp log
  key=$(cat "$root/package.json" "$root/package-lock.json" "$root/.npmrc" | sha256sum | cut -c 1-16)-$(node -p 'process.platform + "-" + process.arch')
  # Inside node_modules, which npm ci removes first: a stamp never outlives what it speaks of.
  stamp=$root/node_modules/.vigia-complete
  if [ "$(cat "$stamp" 2>/dev/null)" = "$key" ]; then return 0; fi
  say "installing npm packages"
  log=$(mktemp)
  # No install scripts: some packages would fetch programs of their own.
  if ! (cd "$root" && npm ci --ignore-scripts --no-progress --prefer-offline) >"$log" 2>&1; then
    tail -n 8 "$log" >&2
    fail "npm ci failed (its last lines stand above): is there a network? Run it again by: npm ci --ignore-scripts"
  fi
  rm -f "$log"
  printf '%s\n' "$key" | write_file "$stamp"
}
