#!/bin/sh
# Run `hubkit …` from the hub's image on this checkout: with the engine's socket, in the
# host's network (only there are the ports visible). HUBKIT_FILES_ONLY=1: without both,
# as the account that called, for commands that write files.
set -eu
cd "$(dirname "$0")/.."
. scripts/say.sh

image="$(setting COMPOSE_PROJECT_NAME jupyterhub)-hub"
docker image inspect "$image" >/dev/null 2>&1 ||
    fail "the hub's image is not built yet." "Run 'make up' or 'make build'."

set -- "$image" hubkit "$@"
# Settings given in the shell win over .env; only names are passed, never values.
for name in $(sed -n 's/^\([A-Z_]*\)=.*/\1/p' .env.example); do
    set -- --env "$name" --env "${name}_FILE" "$@"
done
if [ -n "${HUBKIT_FILES_ONLY:-}" ]; then
    set -- --user "$(id -u):$(id -g)" --network none --volume "$PWD:/kit" "$@"
else
    socket=$(setting DOCKER_SOCKET /var/run/docker.sock)
    [ -S "$socket" ] || fail "DOCKER_SOCKET=$socket is no socket." \
        "Name the engine's socket in .env; 'docker context inspect' shows where it is."
    set -- --user 0:0 --network host --volume "$PWD:/kit:ro" \
        --volume "$socket:/var/run/docker.sock" "$@"
fi
exec docker run --rm --read-only --tmpfs /tmp --security-opt no-new-privileges "$@"
