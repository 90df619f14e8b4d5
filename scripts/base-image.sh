#!/bin/sh
# Make the tag hubkit-base, the one image every image of the kit is built from:
# PYTHON_IMAGE as it is loaded here, else pulled, else an equivalent Debian made here.
set -eu
cd "$(dirname "$0")/.."
. scripts/say.sh

BASE=hubkit-base
SUITE=trixie # Python 3.13, as in the default PYTHON_IMAGE
PULL_SECONDS=600
wanted=$(setting PYTHON_IMAGE python:3.13.5-slim-trixie)

made_for() { docker image inspect --format '{{index .Config.Labels "hubkit.stands-in-for"}}' "$BASE" 2>/dev/null || true; }

pull() {
    say "pulling $wanted"
    timeout "$PULL_SECONDS" docker pull --quiet "$wanted" >/dev/null 2>&1
}

# docker import makes an image of a file system; nothing of the host but its Debian
# mirror and archive keys goes into it.
debootstrap_base() {
    [ "$(id -u)" = 0 ] || fail "no registry gave $wanted, and making a Debian base here needs root." \
        "Run 'sudo make up', or load the image by hand: docker load < image.tar"
    if ! command -v debootstrap >/dev/null 2>&1; then
        command -v apt-get >/dev/null 2>&1 ||
            fail "no registry gave $wanted, and this system has no debootstrap." \
                "Load the image by hand: docker load < image.tar"
        export DEBIAN_FRONTEND=noninteractive
        packages='debootstrap debian-archive-keyring'
        # shellcheck disable=SC2086 # a list of words on purpose
        apt-get install -qq -y --no-install-recommends $packages >/dev/null 2>&1 ||
            { apt-get update -qq && apt-get install -qq -y --no-install-recommends $packages >/dev/null; }
    fi
    root=$(mktemp -d)
    trap 'rm -rf "$root" "$root".*' EXIT INT TERM
    say "no registry gave $wanted: making an equivalent base from Debian $SUITE (about a minute)"
    debootstrap --variant=minbase --include=ca-certificates,python3,python3-venv \
        "$SUITE" "$root" >"$root.log" 2>&1 ||
        fail "debootstrap could not make a Debian base: $(tail -n 1 "$root.log")" \
            "Check that the Debian mirror is reachable, or load $wanted by hand: docker load < image.tar"
    # As python:slim has it: security fixes reach the packages the images add.
    printf 'deb http://deb.debian.org/debian-security %s-security main\n' "$SUITE" \
        >"$root/etc/apt/sources.list.d/security.list"
    rm -rf "$root"/var/lib/apt/lists/* "$root"/var/cache/apt/*.bin "$root"/var/cache/apt/archives/*.deb "$root.log"
    tar -C "$root" --one-file-system -cf "$root.tar" .
    docker import \
        --change 'ENV PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin LANG=C.UTF-8' \
        --change 'CMD ["python3"]' \
        --change "LABEL hubkit.stands-in-for=$wanted" "$root.tar" "$BASE" >/dev/null
}

if docker image inspect "$wanted" >/dev/null 2>&1; then
    docker tag "$wanted" "$BASE"
elif [ "$(made_for)" = "$wanted" ]; then
    :
elif pull; then
    docker tag "$wanted" "$BASE"
else
    debootstrap_base
fi
