#!/bin/sh
# A workshop, from nothing to a hub that is open to everybody: the image with the lessons,
# visitors without an account, and servers that wait for them. May be repeated, which clones
# the lessons anew. Your own lines of .env stay; what is set in it is said.
set -eu
cd "$(dirname "$0")/.."
. scripts/say.sh

plain_env
scripts/engine.sh
scripts/base-image.sh
scripts/build.sh hub
HUBKIT_FILES_ONLY=1 scripts/hubkit.sh prepare
# With a volume of data the hub was started before, and people may sign in.
data=$(setting DATA_VOLUME_HOST "$(setting COMPOSE_PROJECT_NAME jupyterhub)-data")
set --
if docker volume inspect "$data" >/dev/null 2>&1; then set -- --in-use; fi
scripts/hubkit.sh workshop --try "$@"
# Only a workshop that can be built is written into .env.
scripts/build.sh workshop
scripts/hubkit.sh workshop "$@"
scripts/up.sh
