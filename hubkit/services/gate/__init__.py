"""The hub's sign-in for programs that know none: SERVER_COMMAND.

In each server's container an edge of its own stands before the program (`hubkit.spawner.program`)
and asks here about every request. Nothing is decided by any right of this service's: it does
what JupyterHub's own server would do, with the token and OAuth client of the server that asks.
"""

from __future__ import annotations

import json
import sys
from typing import Any

from hubkit import framing, services, stack
from hubkit.settings import Settings

NAME = "gate"

# What a server says of itself, in headers: as JupyterHub tells it to every server.
TOKEN, CLIENT, CALLBACK = "X-Hubkit-Token", "X-Hubkit-Client", "X-Hubkit-Callback"
PREFIX, SCOPES = "X-Hubkit-Prefix", "X-Hubkit-Scopes"
METHOD, URI = "X-Forwarded-Method", "X-Forwarded-Uri"  # of the request that is asked about


def configure(c: Any, env: Settings) -> None:
    """Add the service to the hub's where programs run in Jupyter's place."""
    if not env.server_command:
        return
    cookies = framing.cookie_options(env.frame_ancestors, env.hub_domain)
    service = {
        "name": NAME,
        # -P: not the checkout, which is the working directory, but what is installed.
        "command": [sys.executable, "-P", "-m", "hubkit.services.gate", str(stack.GATE_PORT)],
        "environment": {"JUPYTERHUB_COOKIE_OPTIONS": json.dumps(cookies)} if cookies else {},
        "display": False,
    }
    services.add(c, service, [])
