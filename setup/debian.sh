# Installs Debian packages, without letting any of them start a service. Sourced.
# shellcheck shell=bash

as_root() {
  if [ "$(id -u)" = 0 ]; then "$@"; else sudo -n "$@"; fi
}

# The mark tells a leftover of an interrupted set-up from a file of the machine's owner.
policy=/usr/sbin/policy-rc.d
policy_mark='# vigia setup: no service is started while packages are installed'

forbid_services() {
  # shellcheck disable=SC2016
  as_root sh -c 'test -e "$1" || { printf "#!/bin/sh\n%s\nexit 101\n" "$2" >"$1" && chmod 755 "$1"; }' sh "$policy" "$policy_mark"
  trap allow_services EXIT INT TERM
}

allow_services() {
  if grep -qsxF "$policy_mark" "$policy"; then as_root rm -f "$policy"; fi
  if [ -e "$main_cluster" ]; then as_root rm -f "$main_cluster"; fi
}

apt_install() {
  as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -q --no-install-recommends --no-remove \
    -o DPkg::Lock::Timeout=300 "$@"
}

# Keeps PostgreSQL's packages from making a database of their own: the tests make private ones.
main_cluster=/etc/postgresql-common/createcluster.d/vigia-setup.conf

forbid_main_cluster() {
  as_root mkdir -p "$(dirname "$main_cluster")"
  printf 'create_main_cluster = false\n' | as_root tee "$main_cluster" >/dev/null
}

# Installed as tools, not as services: nothing of it shall take a port after the next boot.
disable_services() {
  have systemctl || return 0
  local unit
  for unit in influxdb mosquitto postgresql; do
    case " $* " in *" $unit "*) as_root systemctl disable --quiet "$unit.service" >/dev/null 2>&1 || true ;; esac
  done
}

# install_packages "what for" package...
install_packages() {
  local why=$1 log
  shift
  if ! have apt-get; then
    fail "missing: $*  ($why). This system has no apt-get: install them, or your system's packages of the same tools, and start again"
  fi
  if [ "$(id -u)" != 0 ] && ! sudo -n true 2>/dev/null; then
    fail "missing: $*  ($why). Run: sudo apt-get install $*"
  fi
  say "installing Debian packages for $why: $*"
  forbid_services
  forbid_main_cluster
  log=$(mktemp)
  # What an interrupted installation left half done.
  if [ -n "$(dpkg --audit 2>/dev/null)" ]; then
    as_root env DEBIAN_FRONTEND=noninteractive dpkg --configure -a >>"$log" 2>&1 || true
  fi
  # An old list names packages that are gone, or older than the ones that are needed.
  if ! as_root apt-get update -q -o APT::Update::Error-Mode=any >>"$log" 2>&1; then
    say "apt-get update failed (no network?): trying with the list of packages that is here"
  fi
  if ! apt_install "$@" >>"$log" 2>&1; then
    tail -n 12 "$log" >&2
    fail "apt-get install failed (its last lines stand above). Is there a network? Try it by hand: apt-get install $*"
  fi
  rm -f "$log"
  disable_services "$@"
  allow_services
  trap - EXIT INT TERM
  hash -r
}
