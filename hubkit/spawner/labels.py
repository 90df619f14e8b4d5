"""The labels that say which hub, user and server a container or volume belongs to."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from typing import Any

from hubkit import names

HUB = "hubkit.hub"
USER = "hubkit.user"
SERVER = "hubkit.server"
POOL = "hubkit.pool"  # the key of its blueprint; whose server it became, its name says
FILLER = "volumes"  # in place of a key, on a container that never runs
RUN = "hubkit.run"  # the run of the hub that made a filler: no other needs it
THIS_RUN = secrets.token_hex(8)
FILES = "hubkit.files"  # of a container that files are taken from, which never runs either


def of_server(project: str, user: str, server: str) -> dict[str, str]:
    """Return the labels of the container of *user*'s server (``""``: the default one)."""
    return {HUB: project, USER: user, SERVER: server}


def of_filler(project: str) -> dict[str, str]:
    """Return the labels of a container that this run of the hub makes to fill volumes."""
    return {HUB: project, POOL: FILLER, RUN: THIS_RUN}


def of_home(project: str, user: str) -> dict[str, str]:
    """Return the labels of *user*'s home volume."""
    return {HUB: project, USER: user}


def read(docker_object: Mapping[str, Any]) -> Mapping[str, str]:
    """Return the labels in an answer of the engine about a container or a volume."""
    holder = docker_object.get("Config", docker_object)
    return holder.get("Labels") or {}


def is_server_of(
    container: Mapping[str, Any], project: str, user: str, server: str, home: str
) -> bool:
    """Return whether *container*, an answer of the engine, is *user*'s server.

    Args:
        container: A container of the right name.
        project: The hub's project.
        user: The user's name now.
        server: The server's name.
        home: The user's home volume, "" before the first start. Where there is one it
            decides, because names change: after a rename the old name may be another's.
    """
    found = read(container)
    if (found.get(HUB), found.get(SERVER)) != (project, server):
        return False
    if not home:
        return found.get(USER) == user
    return any(mount.get("Name") == home for mount in container.get("Mounts") or ())


def is_handed_out(container: Mapping[str, Any], project: str, identity: str) -> bool:
    """Return whether *container*, an answer of the engine, was given away by the pool.

    Labels cannot be changed. What counts is what the hub wrote down, and that the name is not
    the pool's any more: another is given last of all. Who gives it yet another one takes
    nothing away from the server.

    Args:
        container: A container with the label `POOL`.
        project: The hub's project.
        identity: The container's id that is on record for the server, "" for none.
    """
    mine = read(container).get(HUB) == project and container["Id"] == identity
    return bool(mine) and not names.is_pool_member(container["Name"].lstrip("/"), project)
