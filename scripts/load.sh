#!/bin/sh
# Take in the images that scripts/save.sh saved: load.sh FILE. Nothing is loaded from a file
# that is not, to the last byte, what was saved.
set -eu
called_from=$PWD
cd "$(dirname "$0")/.."
. scripts/say.sh

project=$(setting COMPOSE_PROJECT_NAME jupyterhub)
file=${1:-$project-images.tar.gz}
case $file in
/*) ;;
*) file=$called_from/$file ;;
esac
name=$(basename "$file")
for one in "$file" "$file.sha256"; do
    { [ -f "$one" ] && [ -r "$one" ]; } || fail "$one is no file that can be read." \
        "Copy both here, FILE and FILE.sha256, and name the first: scripts/load.sh FILE"
done

say "checking $name"
expected=$(cut -d ' ' -f 1 "$file.sha256" | head -n 1)
case $expected in
*[!0-9a-f]* | '') fail "$name.sha256 holds no checksum." "Copy it again from where $name was saved." ;;
esac
found=$(sha256sum <"$file" | cut -d ' ' -f 1)
[ "$found" = "$expected" ] || fail "$name is not what was saved: it is damaged or not whole. Nothing was loaded." \
    "Copy it again, with $name.sha256." "expected $expected" "found    $found"

say "loading the images (some minutes)"
docker load --input "$file" || fail "the engine did not take the images; its reason is above." \
    "Free some space ('docker system df' shows what takes it), then try again: nothing is lost."
docker image inspect "$project-hub" >/dev/null 2>&1 ||
    fail "the images are loaded, but none is called $project-hub." \
        "They are of another project: set COMPOSE_PROJECT_NAME in .env to the first part of their names."
HUBKIT_FILES_ONLY=1 scripts/hubkit.sh prepare
say "all images are here; now: docker compose up -d"
