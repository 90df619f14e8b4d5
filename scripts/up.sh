#!/bin/sh
# From nothing to a running hub. Every step may be repeated and interrupted: it does what
# is missing and nothing else, and nothing starts before everything was checked.
set -eu
cd "$(dirname "$0")/.."
. scripts/say.sh

# A hub of this name that runs from another folder is somebody's; ours would replace it.
mine_or_nobodys() {
    project=$(setting COMPOSE_PROJECT_NAME jupyterhub)
    other=$(docker ps --all --filter "label=com.docker.compose.project=$project" \
        --format '{{.Label "com.docker.compose.project.working_dir"}}' |
        grep -v -x -F -e "$PWD" -e '' | head -n 1 || true)
    [ -z "$other" ] || fail "a hub named $project was started from $other." \
        "Set COMPOSE_PROJECT_NAME in .env to another name, or stop that one: docker compose -p $project down"
}

plain_env
scripts/engine.sh
scripts/base-image.sh
mine_or_nobodys
scripts/build.sh hub
HUBKIT_FILES_ONLY=1 scripts/hubkit.sh prepare
# Whoever keeps the accounts may be down; a hub that started before stays usable.
scripts/hubkit.sh check --skip-images --offline >/dev/null
scripts/build.sh others
scripts/build.sh notebook
scripts/hubkit.sh check --rest

start() {
    docker compose up --detach --remove-orphans --quiet-pull "$@" 2>"$LOG" && return
    cat "$LOG" >&2
    docker compose logs --no-log-prefix --tail 20 init >&2
    fail "the stack did not start." "The reason is above; 'make up' again is safe."
}

gateway_answers() {
    for _ in $(seq 60); do
        docker compose exec -T kernel-gateway python -Im hubkit_gateway.health >/dev/null 2>&1 && return
        sleep 1
    done
    return 1
}

# Compose leaves the proxy alone unless its image or its settings changed; with init's it
# makes all parts anew.
proxy_stays() {
    for part in init:hub proxy:proxy; do
        made=$(docker compose ps --all --quiet "${part%:*}") && [ -n "$made" ] || return 1
        [ "$(docker inspect --format "$AS_MADE" "$made")" = "$(docker compose config --hash "${part%:*}" |
            cut -d ' ' -f 2) $(docker image inspect --format '{{.Id}}' "$project-${part#*:}")" ] || return 1
    done
}
AS_MADE='{{index .Config.Labels "com.docker.compose.config-hash"}} {{index .Config.Labels "com.docker.compose.image"}}'

say "starting"
LOG=$(mktemp)
trap 'rm -f "$LOG"' EXIT
# The hub before a new proxy: it gets the address it had, where servers that were left
# running remember it.
servers_left() { [ -n "$(docker ps --quiet --filter "label=hubkit.hub=$project")" ]; }
! servers_left || proxy_stays || start jupyterhub
start
# Compose leaves it alone once its profile is switched off.
with_gateway || docker compose rm --stop --force kernel-gateway >/dev/null 2>&1
say "waiting for the hub to answer"
scripts/hubkit.sh wait || {
    docker compose ps --all >&2
    docker compose logs --tail 15 >&2
    fail "the stack was started but the hub does not answer." "Its containers' last words are above."
}
if with_gateway; then
    # Compose gives init what is in .env alone.
    [ -z "${KG_AUTH_TOKEN:-}${KG_AUTH_TOKEN_FILE:-}" ] || hand_out ||
        fail "the kernel gateway was not given its token." "'docker compose run --rm init' says why."
    say "waiting for the kernel gateway to answer"
    gateway_answers || {
        docker compose logs --no-log-prefix --tail 15 kernel-gateway >&2
        fail "the hub runs, but the kernel gateway does not answer." "Its last words are above."
    }
fi
docker compose exec -T jupyterhub hubkit welcome
