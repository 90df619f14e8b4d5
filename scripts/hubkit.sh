#!/bin/sh
# Run `hubkit …` from the hub's image on this checkout: with the engine's socket, in the
# host's network (only there are the ports visible). HUBKIT_FILES_ONLY=1: without both,
# as the account that called, for commands that write files.
# `hubkit users …` about people who are in runs in the hub's container; what edits the
# userlist runs on the checkout, and the running hub is told. So does what changes
# certificates for the kernel gateway; the running parts are then given them.
set -eu
called_from=$PWD table=
# `users import FILE`: opened before the folder changes; the container reads it as "-".
case "${1:-} ${2:-} ${3:--}" in
"users import -"*) ;;
"users import "*)
    table=$3
    [ -f "$table" ] && [ -r "$table" ] ||
        { printf 'hubkit: %s is no file that can be read.\n' "$table" >&2; exit 1; }
    exec <"$table"
    ;;
esac
cd "$(dirname "$0")/.."
. scripts/say.sh

edits= input= p12= ca= password= terminal=
case "${1:-} ${2:-}" in
"users list" | "users sync" | "users block" | "users unblock" | "users release" | "users invite" | "servers why" | "pool list" | "pool drain" | "pool resize")
    hub_runs || fail "the hub does not run." "Start it with 'make up'."
    in_hub "$@"
    exit
    ;;
"users add" | "users remove" | "users admin" | "users import")
    case " $* " in *" -h "* | *" --help "*) ;; *) edits=userlist ;; esac
    [ "$2" != import ] || input=yes
    HUBKIT_FILES_ONLY=1
    ;;
"certs init-ca" | "certs issue" | "certs import" | "certs renew" | "certs revoke" | "certs server")
    case " $* " in *" -h "* | *" --help "*) ;; *) edits=certs ;; esac
    HUBKIT_FILES_ONLY=1
    ;;
"users "* | "certs "* | "tmpnb-import "* | "workshop "*) HUBKIT_FILES_ONLY=1 ;;
esac
if [ "${1:-} ${2:-} $edits" = "certs import certs" ]; then
    . scripts/import-files.sh
    if [ -z "$password$input" ] && [ -t 0 ]; then terminal=yes; fi # it asks for the password
fi

image="$(setting COMPOSE_PROJECT_NAME jupyterhub)-hub"
docker image inspect "$image" >/dev/null 2>&1 ||
    fail "the hub's image is not built yet." "Run 'make up' or 'make build'."

if [ -n "$table" ]; then
    shift 3
    set -- users import - --called "${table##*/}" "$@"
fi
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
for file in "$p12" "$ca" "$password"; do
    case $file in
    "" | -) ;;
    *) set -- --mount "type=bind,source=$file,target=$file,readonly" "$@" ;;
    esac
done
set -- run --rm --read-only --tmpfs /tmp --security-opt no-new-privileges \
    ${input:+--interactive} ${terminal:+--interactive --tty} "$@"
[ -n "$edits" ] || exec docker "$@"
if [ "$edits" = userlist ] && hub_runs </dev/null; then
    # What changed is said once, by the hub it counts for.
    edited=$(docker "$@")
    in_hub users sync </dev/null || {
        ended=$?
        printf '%s\n' "$edited"
        exit "$ended"
    }
    exit
fi
docker "$@"
if [ "$edits" = userlist ]; then
    say "the hub does not run; the userlist counts from its next start"
elif ! hub_runs; then
    say "the hub does not run; its next start hands the files out"
else
    hand_out || fail "the files are made, but the running hub was not given them." \
        "'docker compose run --rm init' says why; then 'make reload'."
    say "the hub has the files; a server gets its own at its next start"
fi
