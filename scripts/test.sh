#!/bin/sh
# Run the tests, after setting up all they need: packages in .venv, the Docker engine,
# Chromium. Says at the end which tiers ran; with CI=true a tier that could not run fails.
#
#   test.sh            all tiers        test.sh unit|signin|docker|e2e|lint    one of them
#   test.sh thorough                    what the docker tier leaves to the day before a release
#   test.sh packages|browser            only set that up
set -eu
cd "$(dirname "$0")/.."
. scripts/say.sh

BIN=.venv/bin
PAIR='--numprocesses 2 --dist loadfile' # each file's tests in order of their own, on one stack
THREE='--numprocesses 3 --dist loadfile' # who waits for the engine leaves a processor free
BUNDLE=$(setting CA_BUNDLE /etc/ssl/certs/ca-certificates.crt)
missing=''
ran=''
left=''

packages() {
    command -v python3 >/dev/null 2>&1 || fail "python3 (3.11 or newer) is needed to run the tests."
    stamp=.venv/locked
    if ! cmp -s requirements/test.txt "$stamp" 2>/dev/null; then
        say "installing the tests' packages into .venv"
        rm -rf .venv
        python3 -m venv .venv || fail "python3 has no venv module." "Install it, e.g. apt-get install python3-venv"
        $BIN/pip --quiet --disable-pip-version-check install --require-hashes -r requirements/build.txt
        SSL_CERT_FILE=$BUNDLE $BIN/uv --quiet --no-config pip install --python $BIN/python \
            --require-hashes -r requirements/test.txt
        # As in the hub's image: its import is half of a hub's start, and no event needs it.
        $BIN/uv --quiet --no-config pip uninstall --python $BIN/python rfc3987-syntax
        echo "$PWD" >"$($BIN/python -c 'import site; print(site.getsitepackages()[0])')/hubkit-checkout.pth"
        cp requirements/test.txt "$stamp"
    fi
}

engine() {
    scripts/engine.sh </dev/null && scripts/base-image.sh
}

browser() {
    for name in chromium chromium-browser google-chrome; do
        command -v "$name" >/dev/null 2>&1 && return 0
    done
    [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null 2>&1 || return 1
    say "installing Chromium"
    apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -qq -y --no-install-recommends chromium >/dev/null
}

tier() { # 'NAME…' WORD…: run these tiers' tests
    names=$1
    shift
    say "tier $names"
    # shellcheck disable=SC2046 # a word for each
    $BIN/python -m pytest $(printf 'tests/%s ' $names) "$@"
    ran="$ran $names"
}

lint() {
    $BIN/ruff check .
    $BIN/ruff format --check .
    $BIN/mypy
    ran="$ran lint"
}

absent() { missing="$missing
  $1: $2"; }

with_engine() {
    engine || absent 'docker, e2e' 'no Docker engine'
    [ -z "$missing" ]
}

docker_tier() {
    tier docker $THREE -m 'not thorough'
    left="; left to 'scripts/test.sh thorough': the tests with that mark"
}

with_browser() {
    if browser; then tier e2e $PAIR; else absent e2e 'no Chromium, and it cannot be installed here'; fi
}

packages
case ${1:-all} in
packages) exit 0 ;;
browser)
    browser || fail "no Chromium, and it cannot be installed here."
    exit 0
    ;;
unit) tier unit $PAIR ;;
signin) tier signin $PAIR ;;
lint) lint ;;
docker) if with_engine; then docker_tier; fi ;;
thorough) if with_engine; then tier docker $THREE -m thorough; fi ;;
e2e) if with_engine; then with_browser; fi ;;
all)
    lint
    tier 'unit signin' $THREE # the one waits while the other computes
    if with_engine; then
        docker_tier
        with_browser
    fi
    ;;
*) fail "no such tier: $1" ;;
esac
say "ran:$ran$left"
if [ -n "$missing" ]; then
    say "could not run:$missing" >&2
    [ -z "${CI:-}" ] || exit 1
fi
