#!/bin/sh
# Hand changed files of secrets/ out again, and apply the userlist. The edge reads its
# certificate at each handshake, the hub its list at each request: nothing is restarted.
set -eu
cd "$(dirname "$0")/.."
. scripts/say.sh

# Whoever has to be thrown out must be, though a directory is down.
scripts/hubkit.sh check --offline --skip-images >/dev/null || fail "nothing was changed: what ran goes on as it was."
docker compose run --rm --no-deps --quiet-pull init >/dev/null 2>&1 ||
    fail "secrets could not be handed out." "'docker compose run --rm init' says why."
say "the edge now shows secrets/jupyterhub.crt to new visitors"
if hub_runs; then in_hub users sync; fi
