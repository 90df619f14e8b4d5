#!/bin/sh
# Save every image of the stack, and the base they are built from, in one file for a machine
# without a network, with its checksum beside it: save.sh [FILE [MORE IMAGES …]]
# scripts/load.sh FILE takes it in there.
set -eu
called_from=$PWD
cd "$(dirname "$0")/.."
. scripts/say.sh

project=$(setting COMPOSE_PROJECT_NAME jupyterhub)
file=${1:-$project-images.tar.gz}
[ $# = 0 ] || shift
case $file in
/*) ;;
*) file=$called_from/$file ;;
esac
folder=$(dirname "$file") name=$(basename "$file")
{ [ -d "$folder" ] && [ -w "$folder" ] && [ ! -d "$file" ]; } ||
    fail "$file cannot be written." "Name a file in a folder that is there and yours: scripts/save.sh FILE"

# The base is found by the name of the image it was made of, where that is here as well.
python=$(setting PYTHON_IMAGE python:3.13.5-slim-trixie)
if docker image inspect "$python" >/dev/null 2>&1; then set -- "$python" "$@"; fi
visitors=$(setting TEMPORARY_IMAGE "")
IFS=,
for image in $visitors; do set -- "$image" "$@"; done
unset IFS
if with_gateway; then set -- "$project-kernel-gateway" "$@"; fi
set -- hubkit-base "$project-hub" "$project-proxy" "$project-edge" \
    "$(setting DOCKER_NOTEBOOK_IMAGE hubkit-notebook:latest)" "$@"
missing=
for image in "$@"; do
    docker image inspect "$image" >/dev/null 2>&1 || missing="$missing $image"
done
[ -z "$missing" ] || fail "not here, so not saved:$missing" \
    "'make build' builds or pulls the stack's own; then try again."

# Without a terminal, nobody watches the bytes.
pass_on() { if [ -t 2 ]; then dd bs=1M status=progress; else cat; fi; }

part=$file.part
trap 'rm -f "$part" "$part.failed" "$part.sum"' EXIT
trap 'exit 130' INT TERM
say "saving $# images into $file (some minutes)"
for image in "$@"; do say "  $image"; done
rm -f "$part.failed"
# The status of a pipe is that of its last command alone.
{ { docker save "$@" || : >"$part.failed"; } | pass_on | gzip -1 >"$part"; } ||
    fail "$file was not written." "Free some space ('df -h $folder' shows how much there is), then try again."
[ ! -e "$part.failed" ] || fail "the engine did not give all images; its reason is above." \
    "Free some space ('docker system df' shows what takes it), then try again."
sum=$(sha256sum <"$part" | cut -d ' ' -f 1)
printf '%s  %s\n' "$sum" "$name" >"$part.sum"
mv "$part.sum" "$file.sha256"
mv "$part" "$file"
say "saved $(du -h "$file" | cut -f 1); take $name, $name.sha256 and this folder to the other machine,"
say "there: scripts/load.sh $name"
