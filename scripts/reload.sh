#!/bin/sh
# Hand changed files of secrets/ out again, and apply the userlist. The edge reads its
# certificate at each handshake, the hub its list at each request and a user's certificate
# at each start, the kernel gateway its files every two seconds: nothing is restarted.
set -eu
cd "$(dirname "$0")/.."
. scripts/say.sh

# Whoever has to be thrown out must be, though a directory is down.
scripts/hubkit.sh check --offline --skip-images >/dev/null || fail "nothing was changed: what ran goes on as it was."
hand_out || fail "secrets could not be handed out." "'docker compose run --rm init' says why."
say "the edge now shows secrets/jupyterhub.crt to new visitors"
if hub_runs; then in_hub users sync; fi
