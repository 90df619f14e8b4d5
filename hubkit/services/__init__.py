"""Services the hub starts beside itself."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any


def add(c: Any, service: dict[str, Any], scopes: Sequence[str]) -> None:
    """Add *service* to the hub's, with a role of its own that may do no more than *scopes*."""
    role = {"name": service["name"], "scopes": list(scopes), "services": [service["name"]]}
    c.JupyterHub.services = [*c.JupyterHub.get("services", []), service]
    if scopes:
        c.JupyterHub.load_roles = [*c.JupyterHub.get("load_roles", []), role]
