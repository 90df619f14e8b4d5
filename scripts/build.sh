#!/bin/sh
# Build images of the kit: `hub`, `others` (proxy, edge, a kernel gateway if the stack has one),
# `notebook` or `workshop`. Prints the end of the log of a build
# that fails and nothing of one that works but which image is being built.
set -eu
cd "$(dirname "$0")/.."
. scripts/say.sh

LOG=$(mktemp)
trap 'rm -f "$LOG"' EXIT
project=$(setting COMPOSE_PROJECT_NAME jupyterhub)
bundle=$(setting CA_BUNDLE /etc/ssl/certs/ca-certificates.crt)

build() { # TAG DOCKERFILE [OPTION …]
    tag=$1 dockerfile=$2
    shift 2
    say "building $tag"
    if DOCKER_BUILDKIT=1 docker build --progress plain --tag "$tag" --file "$dockerfile" \
        --secret "id=ca_bundle,src=$bundle" "$@" . >"$LOG" 2>&1; then
        return
    fi
    refused_by_workshop "$tag"
    tail -n 40 "$LOG" >&2
    if grep -qi 'no space left' "$LOG"; then
        fail "$tag was not built: the disk is full. Nothing was started, nothing is lost." \
            "Free some space ('docker system df' shows what takes it), then run 'make up' again."
    fi
    fail "$tag was not built; the end of its log is above. Nothing was started, nothing is lost." \
        "Mend the cause and run 'make up' again: what was built is kept."
}

# What images/workshop says of what it was told is all there is to know.
refused_by_workshop() { # TAG
    reasons=$(sed -n 's/^#[0-9]* [0-9.]* workshop: //p' "$LOG")
    [ -n "$reasons" ] || return 0
    set -f
    IFS='
'
    # shellcheck disable=SC2086 # one word for each line
    fail "$1 was not built. Servers go on with the image they have." $reasons
}

# The lessons are cloned anew each time.
build_workshop() {
    build hubkit-notebook:latest images/notebook/Dockerfile
    told=$(scripts/hubkit.sh workshop --arguments "$(date +%s)")
    set --
    while IFS= read -r one; do set -- "$@" --build-arg "$one"; done <<END
$told
END
    build hubkit-workshop:latest images/workshop/Dockerfile --build-context site=site "$@"
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
workshop) build_workshop ;;
notebook)
    case ",$(setting TEMPORARY_IMAGE "")," in
    *,hubkit-workshop,* | *,hubkit-workshop:latest,*)
        docker image inspect hubkit-workshop:latest >/dev/null 2>&1 || build_workshop ;;
    esac
    image=$(setting DOCKER_NOTEBOOK_IMAGE hubkit-notebook:latest)
    case $image in
    hubkit-notebook | hubkit-notebook:*) build "$image" images/notebook/Dockerfile ;;
    hubkit-workshop | hubkit-workshop:latest)
        # One that is there stays: whoever keeps the lessons may be away.
        if ! docker image inspect "$image" >/dev/null 2>&1 || [ "${2:-}" = --pull ]; then
            build_workshop
        fi
        ;;
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
