#!/usr/bin/env bash
# Shipkeeper's one script: shows it, tests it, runs it, builds it, installs it. Every command may be repeated.
set -euo pipefail

CALLER=$PWD # paths in arguments are the caller's
HERE=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
NODE_VERSION=24.21.0
PNPM_VERSION=10.34.9

usage() {
  cat <<'TEXT'
usage: ./install.sh COMMAND [ARGS…]

  from a checkout
    demo [--hosts N] [--containers N] [--once] [--json FILE] [--port P]
                        start real Docker hosts, run one maintenance cycle on them, print the fleet report
    test [ARGS…]        install what is missing, run every check and test (ARGS go to the test runner)
    run PROGRAM ARGS…   run shipkeeper, shipkeeper-agent or shipkeeper-collector in the foreground
    build               make dist/shipkeeper-<version>-linux-<arch>.tar.gz
    bench               measure, and print ratios

  from a release folder, as root
    collector [--listen ADDRESS:PORT] [--public-url URL]
    agent --collector URL --token TOKEN [--label KEY=VALUE]…
    uninstall [--purge] remove the services; --purge also removes their data
TEXT
}

say() { printf 'shipkeeper: %s\n' "$*" >&2; }
fail() { say "$*"; exit 1; }

arch() {
  case "$(uname -m)" in
    x86_64) echo x64 ;;
    aarch64) echo arm64 ;;
    *) fail "there is no Node.js package for $(uname -m); x86_64 and aarch64 are supported" ;;
  esac
}

# Debian packages that are missing, as root; elsewhere a sentence that says what to install.
need_packages() {
  local missing=() package
  for package in "$@"; do
    dpkg-query -W -f='${Status}' "$package" 2>/dev/null | grep -q '^install ok installed' || missing+=("$package")
  done
  [ ${#missing[@]} -eq 0 ] && return
  [ "$(id -u)" = 0 ] || fail "please install as root: apt-get install ${missing[*]}"
  command -v apt-get >/dev/null || fail "no apt-get here; please install the counterparts of: ${missing[*]}"
  say "installing from Debian: ${missing[*]}"
  ( # a shell of its own, since a trap does not outlive the exec that may follow
    # No service may start by itself: the lab starts its own engines, and stops them again.
    guard=/usr/sbin/policy-rc.d
    [ -e "$guard" ] || { trap 'rm -f "$guard"' EXIT; printf '#!/bin/sh\nexit 101\n' >"$guard"; chmod 755 "$guard"; }
    apt-get update -qq
    DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${missing[@]}" >/dev/null
  )
}

lab_packages() {
  need_packages docker.io iptables iproute2 busybox-static e2fsprogs restic
}

test_packages() {
  lab_packages
  need_packages chromium docker-registry fonts-dejavu-core mmdebstrap openssh-client openssh-server openssl \
    postgresql-15 python3 rclone skopeo
}

need_checkout() {
  [ -e "$HERE/pnpm-lock.yaml" ] || fail "'$1' needs a checkout; this is a release: collector, agent or uninstall"
}

# Node.js and pnpm from the npm registry, into the checkout; no system-wide change.
bootstrap() {
  local tools="$HERE/.tools/node-$NODE_VERSION-pnpm-$PNPM_VERSION"
  if [ ! -e "$tools/ok" ]; then
    command -v npm >/dev/null || need_packages npm
    say "installing Node.js $NODE_VERSION and pnpm $PNPM_VERSION into .tools"
    rm -rf "$tools"
    mkdir -p "$tools"
    echo '{"private":true}' >"$tools/package.json" # keeps npm from installing into a parent project
    npm install --prefix "$tools" --ignore-scripts --no-audit --no-fund --loglevel=error \
      "node-linux-$(arch)@$NODE_VERSION" "pnpm@$PNPM_VERSION" >&2
    touch "$tools/ok"
  fi
  local node
  node="$tools/node_modules/node-linux-$(arch)"
  export PATH="$node/bin:$tools/node_modules/.bin:$PATH"
  export npm_config_nodedir="$node" # headers, for any native build
  cd "$HERE"
  if [ ! -e node_modules/.modules.yaml ] || [ pnpm-lock.yaml -nt node_modules/.modules.yaml ]; then
    say "installing npm packages"
    CI=true pnpm install --frozen-lockfile --reporter=silent >&2 ||
      CI=true pnpm install --frozen-lockfile >&2
    touch node_modules/.modules.yaml
  fi
}

command_test() {
  test_packages
  bootstrap
  pnpm run --silent check
  exec pnpm exec vitest run "$@"
}

command_demo() {
  lab_packages
  bootstrap
  cd "$CALLER"
  exec node "$HERE/demo/src/main.ts" "$@"
}

command_run() {
  bootstrap >/dev/null
  local program=${1:-}
  shift || true
  cd "$CALLER"
  case "$program" in
    shipkeeper) exec node "$HERE/packages/cli/src/main.ts" "$@" ;;
    shipkeeper-agent) exec node "$HERE/agent/src/main.ts" "$@" ;;
    shipkeeper-collector) exec node "$HERE/collector/src/main.ts" "$@" ;;
    *) fail "run what? shipkeeper, shipkeeper-agent or shipkeeper-collector, not '$program'" ;;
  esac
}

command=${1:-help}
shift || true
case "$command" in
  test | demo | run | bench | build) need_checkout "$command" ;; # before anything is installed
esac
case "$command" in
  test) command_test "$@" ;;
  demo) command_demo "$@" ;;
  run) command_run "$@" ;;
  bench) lab_packages; bootstrap; exec node test/bench/run.ts "$@" ;;
  build) bootstrap; exec node scripts/build-release.ts "$@" ;;
  collector | agent | uninstall)
    # shellcheck source=packaging/service.sh
    . "$HERE/packaging/service.sh"
    "service_$command" "$@"
    ;;
  help | -h | --help) usage ;;
  *)
    usage >&2
    exit 2
    ;;
esac
