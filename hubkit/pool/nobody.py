"""What a cold start would do, learned from the spawner of a user who does not exist."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from jupyterhub import orm
from jupyterhub.user import User

from hubkit import visitors
from hubkit.pool import blueprint
from hubkit.pool.blueprint import Blueprint
from hubkit.spawner import volumes

NAME = "nobody"
VISITOR = f"{visitors.PREFIX}nobodyyet"
FOR_VISITORS = " (visitors)"  # after an image's name, where visitors are not the only guests


def spawner(settings: Mapping[str, Any], name: str = NAME) -> Any:
    """Return the spawner of somebody without files, groups and wishes.

    Args:
        settings: The hub's, as its web application has them.
        name: Of that user; `VISITOR` for one without an account.
    """
    # Neither is ever added to a session of the database, so neither gets into it.
    somebody = orm.User(name=name)
    orm.Spawner(name="", user=somebody)
    return User(somebody, dict(settings)).spawners[""]


class Nobody:
    """Says what is the same in everybody's start.

    Args:
        settings: As for `spawner`.
        name: As for `spawner`.
    """

    def __init__(self, settings: Mapping[str, Any], name: str = NAME):
        self._settings, self._name = settings, name

    @property
    def images(self) -> Sequence[str]:
        """The images servers are started with: the usual one, and those that may be chosen."""
        offered: Sequence[str] = spawner(self._settings, self._name).offered_images
        return offered

    async def blueprint(self, image: str) -> Blueprint:
        """Return what follows from a cold start with *image*.

        Raises:
            docker.errors.APIError: The engine refused; with the status 404 the image is not
                there yet.
        """
        one = spawner(self._settings, self._name)
        if one.homeless:
            await one.prepare_mounts()
        else:
            home = volumes.home_mount(NAME, one.notebook_dir, one.project, NAME)
            shared = [*one.extra_volumes, *one.host_directories]
            one.mounts = [home, *map(volumes.extra_mount, shared)]
        one.image = image
        return blueprint.of(await one.blueprint_kwargs())


class Several:
    """Says what is the same in the starts of people with an account, and in those of visitors.

    What waits for the ones is of no use to the others, so each have their own.

    Args:
        people: Of those with an account.
        visitors: Of those without.
    """

    def __init__(self, people: Nobody, visitors: Nobody):
        self._people, self._visitors = people, visitors

    @property
    def images(self) -> Sequence[str]:
        """The images of both; those of visitors have `FOR_VISITORS` after their names."""
        return (*self._people.images, *map(for_visitors, self._visitors.images))

    async def blueprint(self, image: str) -> Blueprint:
        """Return what follows from a cold start with *image*, one of `images`.

        Raises:
            docker.errors.APIError: As for `Nobody.blueprint`.
        """
        name = image.removesuffix(FOR_VISITORS)
        if name == image:
            return await self._people.blueprint(image)
        return replace(await self._visitors.blueprint(name), image=image)


def for_visitors(image: str) -> str:
    """Return what the pool calls *image* where it waits for visitors, and others have accounts."""
    return f"{image}{FOR_VISITORS}"


def guests(settings: Mapping[str, Any], ways: Sequence[str]) -> list[Nobody]:
    """Return whoever may come: somebody with an account, a visitor, or both.

    Args:
        settings: As for `spawner`.
        ways: The words of AUTH.
    """
    people = [NAME] if set(ways) != {"temporary"} else []
    visitor = [VISITOR] if "temporary" in ways else []
    return [Nobody(settings, name) for name in (*people, *visitor)]


def anybody(settings: Mapping[str, Any], ways: Sequence[str]) -> Nobody | Several:
    """Return `guests` as one."""
    found = guests(settings, ways)
    return Several(*found) if len(found) > 1 else found[0]
