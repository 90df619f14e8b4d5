"""What a cold start would do, learned from the spawner of a user who does not exist."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from jupyterhub import orm
from jupyterhub.user import User

from hubkit.pool import blueprint
from hubkit.pool.blueprint import Blueprint
from hubkit.spawner import volumes

NAME = "nobody"


def spawner(settings: Mapping[str, Any]) -> Any:
    """Return the spawner of somebody without files, groups and wishes.

    Args:
        settings: The hub's, as its web application has them.
    """
    # Neither is ever added to a session of the database, so neither gets into it.
    somebody = orm.User(name=NAME)
    orm.Spawner(name="", user=somebody)
    return User(somebody, dict(settings)).spawners[""]


class Nobody:
    """Says what is the same in everybody's start.

    Args:
        settings: As for `spawner`.
    """

    def __init__(self, settings: Mapping[str, Any]):
        self._settings = settings

    @property
    def images(self) -> Sequence[str]:
        """The images servers are started with: that of all, and those that may be chosen."""
        one = spawner(self._settings)
        allowed = one.allowed_images
        chosen = allowed.values() if isinstance(allowed, dict) else ()
        return tuple(dict.fromkeys([one.image, *chosen]))

    async def blueprint(self, image: str) -> Blueprint:
        """Return what follows from a cold start with *image*.

        Raises:
            docker.errors.APIError: The engine refused; with the status 404 the image is not
                there yet.
        """
        one = spawner(self._settings)
        one.image = image
        home = volumes.home_mount(NAME, one.notebook_dir, one.project, NAME)
        one.mounts = [home, *map(volumes.extra_mount, one.extra_volumes)]
        return blueprint.of(await one.blueprint_kwargs())
