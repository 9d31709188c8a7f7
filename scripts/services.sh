#!/usr/bin/env bash
# Installs what the tests and the oracle can use beside npm's packages, from a Debian-like distribution: redis-server, postgresql,
# strace and chromium. Quiet, and does nothing where all of it is there already. No service is left running: a run starts its own.
set -euo pipefail

missing=()
command -v redis-server >/dev/null || command -v valkey-server >/dev/null || missing+=(redis-server)
command -v postgres >/dev/null || compgen -G '/usr/lib/postgresql/*/bin/postgres' >/dev/null || missing+=(postgresql)
command -v strace >/dev/null || missing+=(strace)
# The demo's tests look in these places.
[ -x /usr/bin/chromium ] || [ -x /usr/bin/google-chrome ] || missing+=(chromium)
[ "${#missing[@]}" -gt 0 ] || exit 0

if [ "$(id -u)" -ne 0 ] || ! command -v apt-get >/dev/null; then
  echo "services: cannot install ${missing[*]} here: expected root and apt-get; what needs them will be skipped" >&2
  exit 0
fi

# Debian starts a service as soon as it is installed, unless this says no (101).
policy=/usr/sbin/policy-rc.d
if [ ! -e "$policy" ]; then
  printf '#!/bin/sh\nexit 101\n' >"$policy"
  chmod +x "$policy"
  trap 'rm -f "$policy"' EXIT
fi
# PostgreSQL's package makes a cluster of its own, which nobody here uses.
if [ ! -e /etc/postgresql-common/createcluster.conf ]; then
  mkdir -p /etc/postgresql-common
  echo 'create_main_cluster = false' >/etc/postgresql-common/createcluster.conf
fi

log=$(mktemp)
apt-get update -qq >"$log" 2>&1 || tail -n 5 "$log" >&2
# One by one: a distribution that lacks one of them (Ubuntu has no chromium but a snap) may have the others.
for package in "${missing[@]}"; do
  if ! DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "$package" >"$log" 2>&1; then
    tail -n 5 "$log" >&2
    echo "services: could not install $package; what needs it will be skipped" >&2
  fi
done
rm -f "$log"
