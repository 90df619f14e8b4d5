#!/bin/sh
# Refresh every lock of requirements/: the newest releases each .in file admits, with hashes.
set -eu
cd "$(dirname "$0")/../requirements"

# Hashes of PyPI's own files only, whatever indexes this machine is set up with.
unset PIP_FIND_LINKS PIP_EXTRA_INDEX_URL PIP_INDEX_URL UV_INDEX UV_DEFAULT_INDEX UV_FIND_LINKS
export PIP_CONFIG_FILE=/dev/null
INDEX=https://pypi.org/simple

venv=$(mktemp -d)
trap 'rm -rf "$venv"' EXIT INT TERM
python3 -m venv "$venv"
"$venv/bin/pip" install -q --index-url "$INDEX" --require-hashes -r build.txt

lock() {
    name=$1
    shift
    "$venv/bin/uv" pip compile --quiet --no-config --upgrade --generate-hashes \
        --default-index "$INDEX" --custom-compile-command 'make lock' \
        "$@" "$name.in" --output-file "$name.txt"
}

# hub comes first: notebook and test are constrained by hub.txt.
lock build --universal --python-version 3.11
lock npm --universal --python-version 3.13
lock hub --universal --python-version 3.13
lock notebook --universal --python-version 3.13
lock test --universal --python-version 3.11
