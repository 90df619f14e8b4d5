#!/bin/sh
# Measure hubkit against stock JupyterHub with DockerSpawner, both started for it.
#
#   WORKLOADS  names, or "all"; nothing: the short form
#   ROUNDS     how often each; the first is dropped
#   IMAGE      notebook image of both sides; nothing: the kit's own
set -eu
cd "$(dirname "$0")/.."
. scripts/say.sh

scripts/test.sh packages
scripts/engine.sh </dev/null
scripts/base-image.sh
case " ${WORKLOADS:-} " in
*" first-page "* | *" first-visit "* | *" all "*) scripts/test.sh browser ;;
esac
# shellcheck disable=SC2086 # a list of words on purpose
exec .venv/bin/python -m benchmarks ${ROUNDS:+--rounds "$ROUNDS"} ${IMAGE:+--image "$IMAGE"} ${WORKLOADS:-}
