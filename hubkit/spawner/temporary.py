"""Servers of visitors without an account: no home, limits and images of their own."""

from __future__ import annotations

import re
from datetime import UTC
from http import HTTPStatus
from typing import Any

from jupyterhub.spawner import SpawnException
from tornado.web import HTTPError
from traitlets import Dict, Float, Int, List, Unicode

from hubkit.launcher import countdown
from hubkit.settings import Settings
from hubkit.spawner import volumes
from hubkit.spawner.housed import HousedServer
from hubkit.visitors import EVERY_ORIGIN, image_names, is_visitor

ONE_SERVER = "A visitor without an account has one server."
NO_IMAGE = "Unknown image {image}; there are: {known}."


class TemporaryServer(HousedServer):
    """Gives a visitor's server no volume: what they write goes with the container."""

    visitor_images = Dict(
        Unicode(),
        config=True,
        help="""Word → image a visitor may ask for; the first is the usual one. Empty: `image`.""",
    )
    visitor_mem_limit = Int(
        None, allow_none=True, config=True, help="""Bytes of memory; None for `mem_limit`."""
    )
    visitor_cpu_limit = Float(
        None, allow_none=True, config=True, help="""Processors; None for `cpu_limit`."""
    )
    visitor_max_age = Int(
        0, min=0, config=True, help="""Seconds a visit lasts, told to the server; 0 for no end."""
    )
    cors_origins = List(
        Unicode(),
        config=True,
        help="""Origins whose pages may use visitors' servers with their token; ``*`` for all.""",
    )

    @property
    def homeless(self) -> bool:
        """Whether this server has no home."""
        return is_visitor(self.user.name)

    @property
    def offered_images(self) -> tuple[str, ...]:
        """The images this user may start, the usual one first."""
        if self.homeless:
            return tuple(self.visitor_images.values()) or (self.image,)
        allowed = self.allowed_images
        chosen = allowed.values() if isinstance(allowed, dict) else ()
        return tuple(dict.fromkeys([self.image, *chosen]))

    def own_folders(self) -> tuple[str, ...]:
        """Return the folders given to the server's user; without a home, that of one, too."""
        found: tuple[str, ...] = super().own_folders()
        return (*found, self.notebook_dir) if self.homeless else found

    async def prepare_mounts(self) -> None:
        """Set `mounts`; a visitor's have no home, and volumes are read-only.

        Raises:
            SpawnException: A visitor asks for a second server.
        """
        if not self.homeless:
            await super().prepare_mounts()
            return
        if self.name:
            raise SpawnException(ONE_SERVER, reason="visitor", status_code=HTTPStatus.FORBIDDEN)
        if self.visitor_images:
            self.image = next(iter(self.visitor_images.values()))
        if self.visitor_mem_limit is not None:
            self.mem_limit = self.visitor_mem_limit or None
        if self.visitor_cpu_limit is not None:
            self.cpu_limit = self.visitor_cpu_limit or None
        shared = map(volumes.extra_mount, self.extra_volumes)
        self.mounts = [{**one, "read_only": True} for one in shared]
        self.mounts += map(volumes.extra_mount, self.host_directories)

    async def check_allowed(self, image: str) -> str:
        """Return the image a visitor's word stands for.

        Raises:
            HTTPError: 400 for one that is not offered.
        """
        if not self.homeless:
            return str(await super().check_allowed(image))
        if image not in self.visitor_images:
            known = ", ".join(self.visitor_images) or self.image
            raise HTTPError(400, NO_IMAGE.format(image=image, known=known))
        return str(self.visitor_images[image])

    async def create_object(self) -> dict[str, Any]:
        """Create the container; without a home there is none to give away.

        Raises:
            NotYours: A container of that name is not this server's.
            SpawnException: The user has no certificate the gateway would take.
        """
        if not self.homeless:
            created: dict[str, Any] = await super().create_object()
            return created
        # Not HousedServer's: there is no home to give away and to write down.
        bare: dict[str, Any] = await super(HousedServer, self).create_object()
        return bare

    def get_env(self) -> dict[str, Any]:
        """Return the server's environment, with the end of a visit that has one."""
        found: dict[str, Any] = super().get_env()
        created = self.user.orm_user.created  # None for who is only imagined
        if self.homeless and self.visitor_max_age and created:
            came = created.replace(tzinfo=UTC).timestamp()
            found[countdown.ENDS] = f"{came + self.visitor_max_age:.0f}"
        return found

    def get_args(self) -> list[str]:
        """Return the server's words, with whose pages may use it."""
        words: list[str] = super().get_args()
        return [*words, *origin_words(self.cors_origins)] if self.homeless else words


def origin_words(origins: list[str]) -> list[str]:
    """Return the words by which Jupyter Server takes requests from pages of *origins*."""
    if not origins:
        return []
    if origins == [EVERY_ORIGIN]:
        return [f"--ServerApp.allow_origin={EVERY_ORIGIN}"]
    pattern = "|".join(map(re.escape, origins))
    return [f"--ServerApp.allow_origin_pat=^({pattern})$"]


def configure(c: Any, env: Settings) -> None:
    """Set what visitors' servers run and how much of the machine they may use."""
    section = c.TemporaryServer
    section.visitor_images = image_names(env.temporary_image)
    section.visitor_mem_limit = env.temporary_mem_limit
    section.visitor_cpu_limit = env.temporary_cpu_limit
    section.visitor_max_age = env.temporary_max_age
    section.cors_origins = list(env.cors_origins)
