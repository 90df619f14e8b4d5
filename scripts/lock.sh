#!/bin/sh
# Refresh every lock: the newest releases that each .in file of requirements/ and the
# proxy's package.json admit, with hashes.
set -eu
cd "$(dirname "$0")/../requirements"

# Hashes of PyPI's own files only, whatever indexes this machine is set up with.
unset PIP_FIND_LINKS PIP_EXTRA_INDEX_URL PIP_INDEX_URL UV_INDEX UV_DEFAULT_INDEX UV_FIND_LINKS
export PIP_CONFIG_FILE=/dev/null
INDEX=https://pypi.org/simple
# One name for the host's certificate authorities is enough: pip and npm have their own.
if [ -n "${SSL_CERT_FILE:-}" ]; then export PIP_CERT="$SSL_CERT_FILE" NODE_EXTRA_CA_CERTS="$SSL_CERT_FILE"; fi

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

# hub comes first: notebook, gateway and test are constrained by hub.txt, and workshop by
# notebook.txt.
lock build --universal --python-version 3.11
lock npm --universal --python-version 3.13
lock hub --universal --python-version 3.13 --overrides overrides.in
lock notebook --universal --python-version 3.13 --overrides overrides.in
lock workshop --universal --python-version 3.13 --overrides overrides.in
lock gateway --universal --python-version 3.13
lock test --universal --python-version 3.11

"$venv/bin/pip" install -q --index-url "$INDEX" --require-hashes -r npm.txt
cd ../images/proxy
rm -f package-lock.json
# This machine's npm settings could leave addresses or hashes out.
NPM_CONFIG_USERCONFIG="$venv/user" NPM_CONFIG_GLOBALCONFIG="$venv/global" PATH="$venv/bin:$PATH" \
    npm install --package-lock-only --ignore-scripts --omit=dev --no-audit --no-fund \
    --no-update-notifier --silent --registry https://registry.npmjs.org/
