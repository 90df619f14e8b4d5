"""Visitors without an account, for programs: an API beside the hub, and the end of visits.

The hub admits a visitor and starts their server (`hubkit.auth.visiting`); this service is
what the world outside asks for it, and what ends visits. It may do no more than that: it
can neither make other users nor read anybody's token.
"""

from __future__ import annotations

import sys
from typing import Any

from hubkit import services, stack
from hubkit.auth import ledger
from hubkit.auth.visiting import SCOPE
from hubkit.pool import control
from hubkit.settings import Settings

NAME = "temporary"
PORT = 8082
SCOPES = [
    SCOPE,
    "list:users",
    "read:users:activity",
    "read:servers",
    "delete:servers",
    "delete:users",
]
# tmpnb's own addresses, so that what was written for it finds this.
PATHS = (
    "/api/spawn",
    "/api/stats",
    "/api/visitors",
    "/api/pool",
    "/api/openapi.json",
    "/stats",
    "/info",
)
BINDER = "/build"
NEEDED = (
    "hub_domain",
    "https_port",
    "docker_notebook_image",
    "start_timeout",
    "temporary_capacity",
    "temporary_per_address",
    "temporary_image",
    "temporary_idle_timeout",
    "temporary_max_age",
    "temporary_api_token",
    "temporary_admin_token",
    "cors_origins",
    "frame_ancestors",
)


def configure(c: Any, env: Settings) -> None:
    """Add the service to the hub's where AUTH admits visitors."""
    if "temporary" not in env.auth:
        return
    places = [str(PORT), str(ledger.FILE), str(control.SOCKET)]
    target = f"http://{stack.HUB_HOST}:{PORT}"
    service = {
        "name": NAME,
        "url": target,
        # -P: not the checkout, which is the working directory, but what is installed.
        "command": [sys.executable, "-P", "-m", "hubkit.services.temporary", *places],
        "environment": written(env),
        "display": False,
    }
    services.add(c, service, SCOPES)
    routes = {f"{path}/": target for path in (*PATHS, BINDER)}
    c.Proxy.extra_routes = {**c.Proxy.get("extra_routes", {}), **routes}


def written(env: Settings) -> dict[str, str]:
    """Return the settings the service reads, as they would be written; secrets, too.

    A process the hub starts is given no other part of the hub's environment.
    """
    found = {}
    for name in NEEDED:
        value = getattr(env, name)
        text = ",".join(value) if isinstance(value, tuple) else str(value)
        if text:
            found[name.upper()] = text
    return found
