#!/bin/sh
# Build images of the kit: `hub`, `others` (proxy, edge, a kernel gateway if the stack has one)
# or `notebook`. Prints the whole log of a build
# that fails and nothing of one that works but which image is being built.
set -eu
cd "$(dirname "$0")/.."
. scripts/say.sh

LOG=$(mktemp)
trap 'rm -f "$LOG"' EXIT
project=$(setting COMPOSE_PROJECT_NAME jupyterhub)
bundle=$(setting CA_BUNDLE /etc/ssl/certs/ca-certificates.crt)

build() { # TAG DOCKERFILE
    say "building $1"
    if DOCKER_BUILDKIT=1 docker build --progress plain --tag "$1" --file "$2" \
        --secret "id=ca_bundle,src=$bundle" . >"$LOG" 2>&1; then
        return
    fi
    tail -n 40 "$LOG" >&2
    if grep -qi 'no space left' "$LOG"; then
        fail "$1 was not built: the disk is full. Nothing was started, nothing is lost." \
            "Free some space ('docker system df' shows what takes it), then run 'make up' again."
    fi
    fail "$1 was not built; the end of its log is above. Nothing was started, nothing is lost." \
        "Mend the cause and run 'make up' again: what was built is kept."
}

[ -r "$bundle" ] || fail "CA_BUNDLE=$bundle cannot be read." \
    "Name the file with this machine's certificate authorities in .env, e.g. /etc/pki/tls/certs/ca-bundle.crt"

case $1 in
hub) build "$project-hub" Dockerfile.jupyterhub ;;
others)
    build "$project-proxy" images/proxy/Dockerfile
    build "$project-edge" images/edge/Dockerfile
    if with_gateway; then build "$project-kernel-gateway" images/kernel-gateway/Dockerfile; fi
    ;;
notebook)
    image=$(setting DOCKER_NOTEBOOK_IMAGE hubkit-notebook:latest)
    case $image in
    hubkit-notebook | hubkit-notebook:*) build "$image" images/notebook/Dockerfile ;;
    *)
        if docker image inspect "$image" >/dev/null 2>&1 && [ "${2:-}" != --pull ]; then
            exit 0
        fi
        say "pulling $image"
        if ! docker pull "$image"; then
            docker image inspect "$image" >/dev/null 2>&1 ||
                fail "DOCKER_NOTEBOOK_IMAGE=$image could not be pulled." \
                    "Check its name, log in with 'docker login', or load it by hand: docker load < image.tar"
            say "no registry gave $image: the one on this machine is used"
        fi
        ;;
    esac
    ;;
esac
