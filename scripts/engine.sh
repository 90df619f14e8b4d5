#!/bin/sh
# Find a Docker engine with Compose v2 and BuildKit; where there is none, install
# and start the distribution's own. An engine that answers is never touched.
set -eu
cd "$(dirname "$0")/.."
. scripts/say.sh

INSTALL_PAGE=https://docs.docker.com/engine/install/
ENGINE_LOG=/var/log/dockerd.log
START_SECONDS=60

engine_answers() { docker version --format '{{.Server.Version}}' >/dev/null 2>&1; }

require_plugins() {
    docker compose version >/dev/null 2>&1 ||
        fail "the engine works, but 'docker compose' (Compose v2) is missing." \
            "Install your distribution's docker-compose-v2 or docker-compose-plugin package: $INSTALL_PAGE"
    docker buildx version >/dev/null 2>&1 ||
        fail "the engine works, but 'docker buildx' (BuildKit) is missing." \
            "Install your distribution's docker-buildx or docker-buildx-plugin package: $INSTALL_PAGE"
}

# An engine may be installed but stopped, or out of reach for this account.
explain_unreachable() {
    if [ -n "${DOCKER_HOST:-}" ]; then
        fail "no Docker engine answers at DOCKER_HOST=$DOCKER_HOST." \
            "Start that engine, or unset DOCKER_HOST to use the one on this machine."
    fi
    if [ "$(id -u)" != 0 ]; then
        if [ -S /var/run/docker.sock ]; then
            fail "a Docker engine runs here, but this account may not use it." \
                "Run 'sudo usermod -aG docker $(id -un)', log in again, then 'make up'."
        fi
        fail "no Docker engine answers, and installing one needs root." \
            "Run 'sudo make up', or install Docker yourself: $INSTALL_PAGE"
    fi
}

consent() {
    [ -t 0 ] || return 0
    printf 'hubkit: no Docker engine answers. Install %s from %s packages now? [Y/n] ' "$1" "$2"
    read -r answer
    case $answer in '' | [Yy]*) ;; *) fail "nothing was installed." "Install Docker yourself: $INSTALL_PAGE" ;; esac
}

# Debian 12 has Compose v1 and no BuildKit plugin: these four packages alone come from
# Debian 13. The pin keeps every other package, the C library included, where it is.
add_next_debian() {
    keyring=/usr/share/keyrings/debian-archive-keyring.gpg
    cat >/etc/apt/sources.list.d/hubkit-docker.sources <<SOURCES
Types: deb
URIs: $(debian_mirror)
Suites: trixie
Components: main
Signed-By: $keyring
SOURCES
    cat >/etc/apt/preferences.d/hubkit-docker <<'PIN'
Package: *
Pin: release n=trixie
Pin-Priority: -1

Package: docker.io docker-cli docker-compose docker-buildx
Pin: release n=trixie
Pin-Priority: 990
PIN
}

# The mirror this machine already uses, so that a site's own mirror serves this too.
debian_mirror() {
    mirror=$(apt-get indextargets --format '$(REPO_URI)' 'Created-By: Packages' 2>/dev/null |
        grep -E '/debian/?$' | head -n 1)
    printf '%s' "${mirror:-http://deb.debian.org/debian}"
}

install_engine() {
    . /etc/os-release
    case "${ID:-}:${VERSION_ID:-}" in
    debian:12) packages='docker.io docker-cli docker-compose docker-buildx' ;;
    debian:1[3-9] | debian:) packages='docker.io docker-cli docker-compose docker-buildx' ;;
    ubuntu:2[2-9].*) packages='docker.io docker-compose-v2 docker-buildx' ;;
    *) fail "no Docker engine answers; on ${PRETTY_NAME:-this system} install it as Docker describes: $INSTALL_PAGE" ;;
    esac
    consent 'one' "${PRETTY_NAME:-the distribution}'s"
    say "no Docker engine answers: installing $packages"
    [ "${ID}:${VERSION_ID:-}" != debian:12 ] || add_next_debian
    apt-get update -qq
    # shellcheck disable=SC2086 # a list of words on purpose
    DEBIAN_FRONTEND=noninteractive apt-get install -qq -y --no-install-recommends \
        $packages iptables ca-certificates >/dev/null
}

start_engine() {
    if [ -d /run/systemd/system ]; then
        systemctl enable --now docker >/dev/null 2>&1 || true
    elif ! engine_answers; then
        say "no service manager runs here: starting dockerd itself (log: $ENGINE_LOG)"
        rm -f /var/run/docker.pid
        setsid dockerd >>"$ENGINE_LOG" 2>&1 </dev/null &
    fi
    waited=0
    until engine_answers; do
        [ "$waited" -lt "$START_SECONDS" ] ||
            fail "the Docker engine was started but does not answer after $START_SECONDS s." \
                "Its own words are in $ENGINE_LOG or 'journalctl -u docker'."
        sleep 1
        waited=$((waited + 1))
    done
}

if ! engine_answers; then
    explain_unreachable
    command -v dockerd >/dev/null 2>&1 || install_engine
    start_engine
    say "Docker engine $(docker version --format '{{.Server.Version}}') is running"
fi
require_plugins
