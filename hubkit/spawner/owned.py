"""A server's container: made with our labels and limits, found again, told from others'."""

from __future__ import annotations

import asyncio
from http import HTTPStatus
from typing import Any

from docker.errors import APIError
from dockerspawner import DockerSpawner
from traitlets import Int, List, Unicode, default

from hubkit import names
from hubkit.errors import NotYours
from hubkit.spawner import fresh, homes, labels, limits, removing
from hubkit.spawner.engine import ParallelEngine

REMOVAL_TRIES, BETWEEN_TRIES = 20, 0.5  # the latter in seconds


class OwnedContainer(ParallelEngine):
    """Adopts and removes no container but its own."""

    project = Unicode(
        names.DEFAULT_PROJECT,
        config=True,
        help="""Compose project this hub belongs to; begins every name and marks every label.""",
    )
    pids_limit = Int(
        1024,
        min=0,
        config=True,
        help="""Processes and threads of one server; 0 for no limit.""",
    )

    cpu_shares = Int(
        0,
        min=0,
        config=True,
        help="""Weight of one server where processors are short; 0 for the engine's own.""",
    )
    server_user = Unicode(
        config=True,
        help="""``uid`` or ``uid:gid`` servers run as; empty: the image's own user.""",
    )
    extra_hosts = List(
        Unicode(),
        config=True,
        help="""``name:address`` pairs every server knows; ``host-gateway`` is this machine.""",
    )

    _only_words = False  # whether to say what would be created, instead of creating it

    @default("remove")
    def _default_remove(self) -> bool:
        # A container kept would keep its image, limits and environment too.
        return True

    @default("object_name")
    def _object_name_default(self) -> str:
        return names.container(self.user.name, self.name, self.project)

    async def docker(self, method: str, *args: Any, **kwargs: Any) -> Any:
        """Call the engine. Every container is created with our labels and safe limits.

        Raises:
            EngineSilent: The engine took longer than such a call may.
            docker.errors.APIError: It refused.
        """
        if method == "create_container":
            mine = labels.of_server(self.project, self.user.name, self.name)
            kwargs["labels"] = {**(kwargs.get("labels") or {}), **mine}
            if self.server_user:
                kwargs.setdefault("user", self.server_user)
            own = (self.pids_limit, self.cpu_shares, self.extra_hosts)
            host = limits.with_defaults(kwargs["host_config"], *own)
            # The hub removes it, once it has read why it ended.
            kwargs["host_config"] = {**host, "AutoRemove": False}
            if self._only_words:
                return kwargs
        return await super().docker(method, *args, **kwargs)

    async def blueprint_kwargs(self) -> dict[str, Any]:
        """Return what a cold start would send to the engine to create the container.

        Beside the words for `docker.APIClient.create_container` stand, as ``inspected``,
        the engine's answer about the image, and as ``bare`` the `own_folders`.

        Raises:
            docker.errors.ImageNotFound: The image is not there.
        """
        self._image = await self.docker("inspect_image", self.image)
        self._only_words = True
        try:
            words = await DockerSpawner.create_object(self)
        finally:
            self._only_words = False
        return {**words, "inspected": self._image, "bare": self.own_folders()}

    def own_folders(self) -> tuple[str, ...]:
        """Return the folders in the container itself that are given to the server's user.

        With another user than the image's that is HOME, where Jupyter writes.
        """
        if not self.server_user or not self._image:
            return ()
        env = dict(line.partition("=")[::2] for line in self._image["Config"].get("Env") or ())
        home = env.get("HOME", "").rstrip("/")
        mounted = {one["Target"] for one in self.mount_binds}
        return (home,) if home.startswith("/") and home not in mounted else ()

    async def get_object(self) -> dict[str, Any] | None:
        """Return this server's container; one of its name that is not ours is none."""
        # Not DockerSpawner's own: it takes an engine that answers 500 for a container gone.
        found = await self.find()
        if found is None:
            self.object_id = ""
            return None
        if not self.is_ours(found):
            self.log.warning("Container %s is not ours; leaving it alone", self.container_name)
            self.object_id = ""
            return None
        self.object_id = found["Id"]
        return found

    def is_ours(self, found: dict[str, Any]) -> bool:
        """Return whether *found*, an answer of the engine, is this server's container."""
        home = homes.recorded(self.user.orm_user)
        return labels.is_server_of(found, self.project, self.user.name, self.name, home)

    async def create_object(self) -> dict[str, Any]:
        """Create the container, once an earlier one of ours is out of the way.

        Raises:
            NotYours: A container of that name is not this server's.
        """
        for tries_left in reversed(range(REMOVAL_TRIES)):
            try:
                created: dict[str, Any] = await super().create_object()
            except APIError as error:
                if error.status_code != HTTPStatus.CONFLICT:
                    raise
                # The engine may still be removing the one that was just stopped, whose
                # name stays taken a little longer than it can be inspected.
                found = await self.find()
                if tries_left and (found is None or self.is_ours(found)):
                    await asyncio.sleep(BETWEEN_TRIES)
                    continue
                raise NotYours(
                    f"a container named {self.container_name} exists that this hub did not make. "
                    "It was left untouched; rename or remove it: "
                    f"docker rm {self.container_name}"
                ) from error
            for folder in self.own_folders():
                make = (fresh.make_own_folder, self.client, created["Id"], folder)
                await self.asking("put_archive", *make, bool(self.server_user))
            return created
        raise AssertionError("unreachable")

    async def remove_object(self) -> None:
        """Remove the container, after ending it if a hub that was killed left it running."""
        await self.stop_object()
        await removing.remove(self, self.object_id)
