#!/bin/sh
# Run `hubkit …` from the hub's image on this checkout: with the engine's socket, in the
# host's network (only there are the ports visible). HUBKIT_FILES_ONLY=1: without both,
# as the account that called, for commands that write files.
set -eu
cd "$(dirname "$0")/.."
. scripts/say.sh

image="$(setting COMPOSE_PROJECT_NAME jupyterhub)-hub"
docker image inspect "$image" >/dev/null 2>&1 || fail "the hub's image is not built yet." "Run 'make up' or 'make build'."

# Settings given in the shell win over .env; only names are passed, never values.
exported=$(sed -n 's/^#\{0,1\} \{0,1\}\([A-Z][A-Z_]*\)=.*/--env \1 --env \1_FILE/p' .env.example)

if [ -n "${HUBKIT_FILES_ONLY:-}" ]; then
    access="--user $(id -u):$(id -g) --network none --volume $PWD:/kit"
else
    socket=$(setting DOCKER_SOCKET /var/run/docker.sock)
    access="--user 0:0 --network host --volume $PWD:/kit:ro --volume $socket:/var/run/docker.sock"
fi
# shellcheck disable=SC2086 # lists of words on purpose
exec docker run --rm --read-only --tmpfs /tmp --security-opt no-new-privileges \
    $access $exported "$image" hubkit "$@"
