# shellcheck shell=bash
# Installs a release folder as systemd services, upgrades them in place, and removes them. install.sh sources this file and
# gives it HERE, say, fail and arch. A host needs systemd and Debian's essential packages, or their counterparts.

PROGRAMS_DIR=/opt/shipkeeper # VERSION/, current -> VERSION, previous -> VERSION
CONFIG_DIR=/etc/shipkeeper
COLLECTOR_DATA=/var/lib/shipkeeper-collector
AGENT_STATE=/var/lib/shipkeeper-agent
REPOSITORY_DIR=/var/backups/shipkeeper # the one folder that the agent's unit may write besides its state
UNIT_DIR=/etc/systemd/system
COMMAND_DIR=/usr/local/bin
COLLECTOR_USER=shipkeeper-collector
ENROL_SECONDS=60

collector_help() {
  cat <<'TEXT'
usage: ./install.sh collector [--listen ADDRESS:PORT] [--public-url URL]

Installs the collector as a systemd service, or upgrades it; its data and settings stay. As root.

  --listen ADDRESS:PORT   where it listens (default 127.0.0.1:8080)
  --public-url URL        its address as hosts and people reach it, for links in mails
TEXT
}

agent_help() {
  cat <<'TEXT'
usage: ./install.sh agent --collector URL --token TOKEN [--label KEY=VALUE]…

Installs the agent as a systemd service and waits until it is enrolled; or upgrades it: then no flag is needed, and its
state and settings stay. As root.

  --collector URL     the collector's address
  --token TOKEN       from `shipkeeper token create`; - reads it from standard input
  --label KEY=VALUE   what policies select hosts by; may be repeated
TEXT
}

uninstall_help() {
  cat <<'TEXT'
usage: ./install.sh uninstall [--purge]

Removes the services and the programs. Settings (/etc/shipkeeper) and data (/var/lib/shipkeeper-*) stay, and the next
installation goes on with them; --purge removes them, too. Backup repositories are never touched. As root.
TEXT
}

service_collector() {
  local listen='' public_url=''
  while [ $# -gt 0 ]; do
    case "$1" in --*=*) set -- "${1%%=*}" "${1#*=}" "${@:2}" ;; esac
    case "$1" in
      --listen) need_value "$@" && listen=$2 && shift 2 ;;
      --public-url) need_value "$@" && public_url=$2 && shift 2 ;;
      -h | --help) collector_help && return ;;
      *) wrong_usage "collector does not know $1" ;;
    esac
  done
  [[ $listen =~ ^(.+:[0-9]{1,5})?$ ]] || wrong_usage "--listen takes ADDRESS:PORT, such as 0.0.0.0:8080, not $listen"
  [[ $public_url =~ ^(https?://[^[:space:]]+)?$ ]] || wrong_usage "--public-url takes http://… or https://…, not $public_url"

  begin_installation
  local config=$CONFIG_DIR/collector.yaml
  announce_installation collector "$config"

  getent passwd "$COLLECTOR_USER" >/dev/null ||
    useradd --system --user-group --no-create-home --home-dir /nonexistent --shell /usr/sbin/nologin "$COLLECTOR_USER"
  install_release
  [ -e "$config" ] || collector_config | new_file "$config" 640 "root:$COLLECTOR_USER"
  [ -z "$listen" ] || set_key "$config" listen "$listen"
  [ -z "$public_url" ] || set_key "$config" publicUrl "$public_url"
  start_service collector "$config"

  local address token_file
  address=$(get_key "$config" listen)
  token_file=$(get_key "$config" dataDir)/admin.token
  say "the collector $VERSION runs and listens on $address"
  [ ! -e "$token_file" ] || say "  the administrator's token is in $token_file"
  say "  settings: $config    log: journalctl -u shipkeeper-collector"
}

service_agent() {
  local collector='' token='' labels=() label
  while [ $# -gt 0 ]; do
    case "$1" in --*=*) set -- "${1%%=*}" "${1#*=}" "${@:2}" ;; esac
    case "$1" in
      --collector) need_value "$@" && collector=$2 && shift 2 ;;
      --token) need_value "$@" && token=$2 && shift 2 ;;
      --label) need_value "$@" && labels+=("$2") && shift 2 ;;
      -h | --help) agent_help && return ;;
      *) wrong_usage "agent does not know $1" ;;
    esac
  done
  [ "$token" != - ] || IFS= read -r token || true
  [[ $collector =~ ^(https?://[^[:space:]]+)?$ ]] || wrong_usage "--collector takes http://… or https://…, not $collector"
  [[ $token =~ ^(ske_[0-9a-f]{16}_[0-9a-f]{64}(_[0-9a-f]{64})?)?$ ]] ||
    wrong_usage "that is no enrolment token; shipkeeper token create prints one, ske_…"
  for label in "${labels[@]}"; do
    [[ $label =~ ^[A-Za-z0-9._/-]{1,128}=.*$ ]] || wrong_usage "--label takes KEY=VALUE, not $label"
  done

  begin_installation
  local config=$CONFIG_DIR/agent.yaml token_file=$CONFIG_DIR/enrollment-token
  [ -e "$config" ] || [ -n "$collector" ] || wrong_usage "a new agent needs --collector URL"
  is_enrolled || [ -n "$token" ] || [ -s "$token_file" ] || wrong_usage "a host that is not enrolled needs --token TOKEN"
  announce_installation agent "$config"
  [ -S /var/run/docker.sock ] || say "  note: there is no /var/run/docker.sock; the agent waits for Docker"

  install_release
  install -d -m 700 "$REPOSITORY_DIR"
  [ -e "$config" ] || agent_config "$collector" "$token_file" | new_file "$config" 600 root:root
  [ -z "$collector" ] || set_key "$config" collector "$collector"
  for label in "${labels[@]}"; do set_label "$config" "${label%%=*}" "${label#*=}"; done
  if [ -n "$token" ] && is_enrolled; then
    say "this host is enrolled already; the token is not used"
  elif [ -n "$token" ]; then
    echo "$token" | new_file "$token_file" 600 root:root
    SETTINGS_CHANGED=yes
  fi
  start_service agent "$config"

  wait_until_enrolled
  rm -f "$token_file" # it works once, and has
  say "the agent $VERSION runs and is enrolled at $(get_key "$config" collector)"
  say "  settings: $config    limits: $CONFIG_DIR/guardrails.yaml    log: journalctl -u shipkeeper-agent"
}

service_uninstall() {
  local purge=no role
  while [ $# -gt 0 ]; do
    case "$1" in
      --purge) purge=yes && shift ;;
      -h | --help) uninstall_help && return ;;
      *) wrong_usage "uninstall does not know $1" ;;
    esac
  done
  need_root_and_systemd
  one_at_a_time

  say "this removes the services and $PROGRAMS_DIR"
  if [ $purge = yes ]; then
    say "  and, for ever, their settings in $CONFIG_DIR and their data in $COLLECTOR_DATA and $AGENT_STATE"
  else
    say "  and keeps $CONFIG_DIR, $COLLECTOR_DATA and $AGENT_STATE (--purge removes them)"
  fi

  for role in agent collector; do
    local unit=shipkeeper-$role.service
    [ -e "$UNIT_DIR/$unit" ] || continue
    systemctl disable --now --quiet "$unit"
    systemctl reset-failed "$unit" 2>/dev/null || true
    rm -f "${UNIT_DIR:?}/$unit"
    [ $purge = no ] || rm -rf "${UNIT_DIR:?}/$unit.d"
  done
  systemctl daemon-reload
  unlink_commands
  rm -rf "$PROGRAMS_DIR"
  if [ $purge = yes ]; then
    rm -rf "$CONFIG_DIR" "$COLLECTOR_DATA" "$AGENT_STATE"
    rmdir "$REPOSITORY_DIR" 2>/dev/null || true # stays where backups are in it
    ! getent passwd "$COLLECTOR_USER" >/dev/null || userdel "$COLLECTOR_USER"
    say "removed, with settings and data"
  else
    say "removed; settings and data stay"
  fi
}

# --- what both installations share, in the order of its use

# Nothing is changed on the host before this has passed.
begin_installation() {
  need_root_and_systemd
  [ -e "$HERE/RELEASE" ] || fail "$HERE is no release folder; ./install.sh build makes one in dist/"
  VERSION=$(release_value "$HERE" version)
  local release_arch
  release_arch=$(release_value "$HERE" arch)
  [ "$release_arch" = "$(arch)" ] || fail "this release is for $release_arch, and this host is $(arch)"
  (cd "$HERE" && sha256sum --check --quiet --strict SHA256SUMS >&2) ||
    fail "the release in $HERE is damaged: please fetch it again"
  "$HERE/lib/node" --version >/dev/null 2>&1 || fail "the release's runtime does not start here; it needs glibc 2.28 or newer"
  one_at_a_time
  umask 022
  PROGRAMS_CHANGED=no # or yes: what a running service has to take up
  SETTINGS_CHANGED=no
}

need_root_and_systemd() {
  [ "$(id -u)" = 0 ] || fail "this needs root"
  [ -d /run/systemd/system ] || fail "systemd does not run here; without it, start the programs of bin/ by hand"
}

one_at_a_time() {
  exec 9>/run/lock/shipkeeper-install
  flock --nonblock 9 || fail "another installation is running"
}

release_value() { sed -n "s/^$2 //p" "$1/RELEASE"; }

announce_installation() {
  local role=$1 config=$2 current
  current=$(installed_version current)
  say "this installs the $role $VERSION${current:+ (installed now: $current)}"
  say "  programs      $PROGRAMS_DIR/$VERSION, with $PROGRAMS_DIR/current pointing there"
  if [ -e "$config" ]; then say "  settings      $config stays, but for what the flags say"; else say "  settings      $config, new"; fi
  say "  service       shipkeeper-$role.service, enabled and started"
}

installed_version() { [ ! -L "$PROGRAMS_DIR/$1" ] || readlink "$PROGRAMS_DIR/$1"; }

# Copies the release beside what is installed, and then turns to it in one step.
install_release() {
  local target=$PROGRAMS_DIR/$VERSION before
  mkdir -p "$PROGRAMS_DIR" "$CONFIG_DIR" "$COMMAND_DIR"
  if ! is_installed_whole "$target"; then
    PROGRAMS_CHANGED=yes
    copy_release "$PROGRAMS_DIR/.new"
    rm -rf "$target"
    mv -T "$PROGRAMS_DIR/.new" "$target"
  fi
  before=$(installed_version current)
  if [ "$before" != "$VERSION" ]; then
    PROGRAMS_CHANGED=yes
    point "$PROGRAMS_DIR/current" "$VERSION"
    [ -z "$before" ] || point "$PROGRAMS_DIR/previous" "$before"
  fi
  remove_old_releases
  local program
  for program in shipkeeper shipkeeper-agent shipkeeper-collector; do
    if [ -e "$COMMAND_DIR/$program" ] && [ ! -L "$COMMAND_DIR/$program" ]; then
      say "warning: $COMMAND_DIR/$program is not ours and stays"
    else
      point "$COMMAND_DIR/$program" "$PROGRAMS_DIR/current/bin/$program"
    fi
  done
  install -m 644 "$PROGRAMS_DIR/current/packaging/examples/guardrails.yaml" "$CONFIG_DIR/guardrails.example.yaml"
}

is_installed_whole() {
  cmp -s "$HERE/SHA256SUMS" "$1/SHA256SUMS" && (cd "$1" && sha256sum --check --status --strict SHA256SUMS)
}

# Only what the checksums name: who unpacked the release may have put more there.
copy_release() {
  local to=$1 line
  rm -rf "$to"
  mkdir "$to"
  while IFS= read -r line; do
    (cd "$HERE" && cp --parents --no-preserve=ownership -- "${line:66}" "$to/")
  done <"$HERE/SHA256SUMS"
  cp "$HERE/SHA256SUMS" "$to/"
  chmod -R u=rwX,go=rX "$to"
}

point() {
  ln -sfn "$2" "$1.new"
  mv -fT "$1.new" "$1"
}

remove_old_releases() {
  local folder name
  for folder in "$PROGRAMS_DIR"/*/; do
    name=$(basename "$folder")
    case "$name" in
      current | previous | "$(installed_version current)" | "$(installed_version previous)") ;;
      *) rm -rf "${PROGRAMS_DIR:?}/$name" ;;
    esac
  done
}

unlink_commands() {
  local link
  for link in "$COMMAND_DIR"/shipkeeper{,-agent,-collector}; do
    case "$(readlink "$link" || true)" in "$PROGRAMS_DIR"/*) rm -f "$link" ;; esac
  done
}

# Starts the service, or restarts it where something changed. The other service of the same host comes along: it
# lives in the same release.
start_service() {
  local unit=shipkeeper-$1.service config=$2 other=shipkeeper-collector.service changed=$PROGRAMS_CHANGED
  [ "$1" = agent ] || other=shipkeeper-agent.service
  install_unit "$unit" || changed=yes
  if [ -e "$UNIT_DIR/$other" ]; then
    install_unit "$other" || PROGRAMS_CHANGED=yes
  fi
  systemctl daemon-reload
  systemctl enable --quiet "$unit"
  if [ "$PROGRAMS_CHANGED" = yes ] && [ -e "$UNIT_DIR/$other" ]; then
    systemctl try-restart "$other" || say "warning: $other did not start again"
  fi
  if [ "$changed $SETTINGS_CHANGED" = "no no" ] && systemctl is-active --quiet "$unit"; then
    say "nothing has changed, and $unit runs already"
    return
  fi
  systemctl restart "$unit" && return
  show_log "$unit"
  fail "$unit does not start; after a change in $config: systemctl restart $unit"
}

# False where the unit is new or was another.
install_unit() {
  local from=$PROGRAMS_DIR/current/packaging/systemd/$1
  cmp -s "$from" "$UNIT_DIR/$1" && return
  install -m 644 "$from" "$UNIT_DIR/$1"
  return 1
}

show_log() {
  say "the end of its log:"
  journalctl --unit "$1" --lines 10 --no-pager --output cat >&2 || true
}

is_enrolled() { [ -e "$(agent_state_dir)/identity.json" ]; }

agent_state_dir() {
  local folder=''
  [ ! -e "$CONFIG_DIR/agent.yaml" ] || folder=$(get_key "$CONFIG_DIR/agent.yaml" stateDir)
  echo "${folder:-$AGENT_STATE}"
}

wait_until_enrolled() {
  local deadline=$((SECONDS + ENROL_SECONDS)) unit=shipkeeper-agent.service
  is_enrolled || say "waiting until the agent is enrolled"
  until is_enrolled; do
    if [ $SECONDS -ge $deadline ] || systemctl is-failed --quiet $unit || is_refused $unit; then
      show_log $unit
      fail "the agent runs, but it is not enrolled: is the collector's address right, and the token neither used nor expired?"
    fi
    sleep 0.5
  done
}

# What the agent says since its last start, where the collector wants nothing of it: it would not ask again for an hour.
is_refused() {
  local invocation
  invocation=$(systemctl show --property=InvocationID --value "$1")
  journalctl "_SYSTEMD_INVOCATION_ID=$invocation" --output cat 2>/dev/null | grep -q "the collector refused the enrolment"
}

# --- settings

collector_config() {
  cat <<TEXT
# Settings of the Shipkeeper collector. After a change: systemctl restart shipkeeper-collector
listen: "127.0.0.1:8080"
dataDir: "$COLLECTOR_DATA"
TEXT
}

agent_config() {
  cat <<TEXT
# Settings of the Shipkeeper agent. After a change: systemctl restart shipkeeper-agent
collector: $(quoted "$1")
labels: {}
enrollmentTokenFile: "$2"
stateDir: "$AGENT_STATE"

# Where backups go; policies only use these names. Folders outside $REPOSITORY_DIR must be named in the unit, too:
# systemctl edit shipkeeper-agent, with [Service] and ReadWritePaths=/the/folder
# repositories:
#   local:
#     url: $REPOSITORY_DIR/local
#     passwordFile: /etc/shipkeeper/local.password
TEXT
}

# Writes standard input to a file that has its mode and owner from its first moment.
new_file() {
  local file=$1 mode=$2 owner=$3
  rm -f "$file.new"
  install -m "$mode" -o "${owner%:*}" -g "${owner#*:}" /dev/null "$file.new"
  cat >"$file.new"
  mv -fT "$file.new" "$file"
}

# The value of a key at the file's top level that is written on one line.
get_key() { sed -n "s/^$2:[[:space:]]*[\"']\{0,1\}\([^\"'#]*[^\"'#[:space:]]\).*/\1/p" "$1"; }

# Sets a key of the file's top level; every other line stays.
set_key() {
  # shellcheck disable=SC2016 # this is awk
  KEY=$2 VALUE=$(quoted "$3") edit "$1" '
    index($0, ENVIRON["KEY"] ":") == 1 {
      comment = match($0, /[ \t]+#.*$/) ? substr($0, RSTART) : ""
      print ENVIRON["KEY"] ": " ENVIRON["VALUE"] comment
      found = 1
      next
    }
    { print }
    END { if (!found) print ENVIRON["KEY"] ": " ENVIRON["VALUE"] }'
}

# Sets one entry below `labels:`; every other line stays.
set_label() {
  ! grep -qE '^labels:[[:space:]]*(\{[[:space:]]*[^}[:space:]]|[^{#[:space:]])' "$1" ||
    fail "the labels in $1 are written on one line: please add $2 there by hand"
  # shellcheck disable=SC2016 # this is awk
  KEY=$2 VALUE=$(quoted "$3") edit "$1" '
    function entry(indentation) { return indentation "\"" ENVIRON["KEY"] "\": " ENVIRON["VALUE"] }
    function flush() { if (inside && !found) print entry(indentation == "" ? "  " : indentation); found = inside = 0 }
    /^labels:/ { print "labels:"; inside = seen = 1; next }
    /^[^ \t#]/ { if (inside) flush() }
    inside && match($0, /^[ \t]+[^ \t#]/) {
      if (indentation == "") indentation = substr($0, 1, RLENGTH - 1)
      key = substr($0, RLENGTH)
      sub(/[ \t]*:([ \t].*)?$/, "", key)
      gsub(/["\047]/, "", key)
      if (key == ENVIRON["KEY"]) { print entry(indentation); found = 1; next }
    }
    { print }
    END { flush(); if (!seen) { print "labels:"; print entry("  ") } }'
}

# Runs an awk program over a file; the file keeps its mode and owner, and is replaced in one step where it changed.
edit() {
  cp -p "$1" "$1.new"
  awk "$2" "$1" >"$1.new"
  if cmp -s "$1" "$1.new"; then
    rm "$1.new"
  else
    mv -fT "$1.new" "$1"
    SETTINGS_CHANGED=yes
  fi
}

# As YAML writes any text on one line.
quoted() {
  local text=${1//\\/\\\\}
  printf '"%s"' "${text//\"/\\\"}"
}

need_value() { [ $# -ge 2 ] || wrong_usage "$1 needs a value"; }

wrong_usage() {
  say "$1 (--help explains)"
  exit 2
}
