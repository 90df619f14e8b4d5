#!/bin/sh
# Check what the Caddyfile is given, then start Caddy on it.
set -eu

FILES=/run/hubkit/edge

stop() {
    echo "edge: $1" >&2
    exit 1
}

export TLS="${TLS:-files}" HUB_DOMAIN="${HUB_DOMAIN:-}" BACKEND="${BACKEND:-proxy:8000}"
export UPLOAD_LIMIT="${UPLOAD_LIMIT:-1G}" ACME_EMAIL="${ACME_EMAIL:-}" ACME_CA="${ACME_CA:-}"

case $TLS in
files)
    for file in jupyterhub.crt jupyterhub.key; do
        [ -r "$FILES/$file" ] || stop "TLS=files needs $FILES/$file, readable by uid $(id -u)."
    done
    ;;
acme)
    [ -n "$HUB_DOMAIN" ] || stop "TLS=acme needs HUB_DOMAIN, the name the certificate is for."
    # A private ACME server's own root certificate; the system's stay trusted as well.
    if [ -s "$FILES/acme-ca.crt" ]; then export SSL_CERT_FILE="$FILES/acme-ca.crt"; fi
    ;;
*) stop "TLS=$TLS is neither files nor acme." ;;
esac

# The redirect names the port that is published on the host, unless it is the usual one.
case ${HTTPS_PORT:-443} in
443) export REDIRECT_PORT= ;;
*) export REDIRECT_PORT=":$HTTPS_PORT" ;;
esac

case ${CORS_ORIGINS:-} in
'') pattern='^$' ;;
'*') pattern='.' ;;
*[!][A-Za-z0-9:/.,_\ -]*)
    echo "edge: CORS_ORIGINS=$CORS_ORIGINS has something else than origins: none of them counts here." >&2
    pattern='^$'
    ;;
*) pattern="(?i)^($(echo "$CORS_ORIGINS" | tr -d ' ' | sed 's#/*,#,#g; s#[,/]*$##; s#:443,#,#g; s#:443$##; s/[].[]/\\&/g; s/,/|/g'))\$" ;;
esac
export CORS_PATTERN="$pattern"

# Docker may hand every container the site's outgoing proxy; it is not for the backend.
export NO_PROXY="${NO_PROXY:+$NO_PROXY,}${BACKEND%:*}"

exec caddy run --config /etc/caddy/Caddyfile --adapter caddyfile
