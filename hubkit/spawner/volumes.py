"""Which volumes a server mounts, and whether an existing one is its user's."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from hubkit.errors import NotYours
from hubkit.spawner import labels
from hubkit.values import Mount


def home_mount(name: str, target: str, project: str, user: str) -> dict[str, Any]:
    """Return the mount of a home; an engine that makes the volume labels it, too."""
    return {
        "type": "volume",
        "source": name,
        "target": target,
        "labels": labels.of_home(project, user),
    }


def extra_mount(volume: Mount) -> dict[str, Any]:
    """Return the mount of a further volume or host folder."""
    return {
        "type": "bind" if volume.source.startswith("/") else "volume",
        "source": volume.source,
        "target": volume.target,
        "read_only": volume.read_only,
    }


def require_own(
    volume: Mapping[str, Any], project: str, user: str, *, recorded: bool, adopt: bool
) -> None:
    """Raise unless *volume*, an answer of the engine, is *user*'s home.

    Args:
        volume: The existing volume.
        project: The hub's project.
        user: The user's name now.
        recorded: Whether the hub's database says this volume is this user's home.
        adopt: Whether a volume without our labels may become a home.

    Raises:
        NotYours: It belongs to another hub, another user or somebody unknown.
    """
    name, found = volume["Name"], labels.read(volume)
    hub = found.get(labels.HUB)
    if hub not in (None, project):
        raise NotYours(
            f"volume {name} belongs to the hub '{hub}'. It was left untouched; give this hub "
            "another COMPOSE_PROJECT_NAME."
        )
    if recorded:
        return
    if hub is None and not adopt:
        raise NotYours(
            f"volume {name} exists but was not made by this hub. It was left untouched. If it "
            "is this user's home from an earlier deployment, set ADOPT_VOLUMES=true; if not, "
            f"rename or remove it: docker volume rm {name}"
        )
    if hub == project and found.get(labels.USER) != user:
        raise NotYours(
            f"volume {name} is the home of the user '{found.get(labels.USER)}'. It was left "
            "untouched; an administrator has to decide whose it is."
        )
