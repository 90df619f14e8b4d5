#!/bin/sh
# Start the proxy. Arguments are passed on, e.g. --log-level debug.
set -eu

TOKEN_FILE=/run/hubkit/proxy/token

# With an empty token configurable-http-proxy would let anybody change its routes.
CONFIGPROXY_AUTH_TOKEN=$(cat "$TOKEN_FILE" 2>/dev/null | tr -d '[:space:]')
if [ -z "$CONFIGPROXY_AUTH_TOKEN" ]; then
    echo "proxy: $TOKEN_FILE is missing, unreadable or empty; run 'make up', which makes it." >&2
    exit 1
fi
export CONFIGPROXY_AUTH_TOKEN

# proxy-api is this container's own name on the control network: the API that changes
# routes listens there only, out of reach of the users' network.
# The default target is the route the hub adds anyway; given here, a restarted proxy
# shows the hub's pages at once, not from the hub's next check of its routes.
# The edge alone says who asks and over which scheme: what the proxy would append to its
# X-Forwarded headers is the edge's own address, and http.
exec configurable-http-proxy \
    --ip 0.0.0.0 --port 8000 \
    --api-ip proxy-api --api-port 8001 \
    --default-target http://jupyterhub:8081 \
    --error-target http://jupyterhub:8081/hub/error \
    --no-x-forward \
    "$@"
