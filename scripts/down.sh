#!/bin/sh
# Stop the stack. Data stays; so do users' servers, unless SERVERS=stop.
set -eu
cd "$(dirname "$0")/.."
. scripts/say.sh

project=$(setting COMPOSE_PROJECT_NAME jupyterhub)
servers() { docker ps "$@" --filter "label=hubkit.hub=$project" --format '{{.Names}}'; }

if [ "${SERVERS:-keep}" = stop ]; then
    docker compose --progress quiet stop jupyterhub # or its pool puts new ones in their place
    servers | sed 's/^/hubkit: stopping /'
    servers | xargs -r docker stop >/dev/null
    servers --all | xargs -r docker rm >/dev/null # their volumes stay
fi
# With the profile, so that a gateway switched off in .env since goes, too.
docker compose --progress quiet --profile gateway down --remove-orphans
running=$(servers | grep -v "^$project-pool-[0-9a-f]\{8\}\$" || true) # the rest waits for nobody
if [ -n "$running" ]; then
    say "users' servers left running, for the next 'make up' (SERVERS=stop make down stops them):"
    printf '%s\n' "$running" | sed 's/^/  /'
else
    say "no user's server was left running"
fi
if with_gateway; then say "kernels on the kernel gateway were ended; accounts and homes there are kept"; fi
say "kept: all homes, the hub's data, secrets/ and .env"
