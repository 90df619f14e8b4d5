"""The labels that say which hub, user and server a container or volume belongs to."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

HUB = "hubkit.hub"
USER = "hubkit.user"
SERVER = "hubkit.server"


def of_server(project: str, user: str, server: str) -> dict[str, str]:
    """Return the labels of the container of *user*'s server (``""``: the default one)."""
    return {HUB: project, USER: user, SERVER: server}


def of_home(project: str, user: str) -> dict[str, str]:
    """Return the labels of *user*'s home volume."""
    return {HUB: project, USER: user}


def read(docker_object: Mapping[str, Any]) -> Mapping[str, str]:
    """Return the labels in an answer of the engine about a container or a volume."""
    holder = docker_object.get("Config", docker_object)
    return holder.get("Labels") or {}
