"""The spawner: DockerSpawner with homes that cannot be lost and containers that are ours."""

from __future__ import annotations

import asyncio
from http import HTTPStatus
from typing import Any

from docker.errors import APIError, NotFound
from traitlets import Bool, Instance, Int, List, Unicode, default

from hubkit import names
from hubkit.errors import NotYours
from hubkit.spawner import homes, labels, limits, ownership, volumes
from hubkit.spawner.remote import RemoteKernels
from hubkit.values import Mount

REMOVAL_TRIES, BETWEEN_TRIES = 20, 0.5  # the latter in seconds


class KitSpawner(RemoteKernels):
    """Start each server in a container of its own, with the user's home in a volume."""

    project = Unicode(
        names.DEFAULT_PROJECT,
        config=True,
        help="""Compose project this hub belongs to; begins every name and marks every label.""",
    )
    extra_volumes = List(
        Instance(Mount),
        config=True,
        help="""`hubkit.values.Mount`s every server mounts besides the home.""",
    )
    adopt_volumes = Bool(
        False,
        config=True,
        help="""Take a volume of the right name as home although this hub did not make it.""",
    )
    delete_user_volumes = Bool(
        False,
        config=True,
        help="""Delete a user's home volume when the user is deleted.""",
    )
    pids_limit = Int(
        1024,
        min=0,
        config=True,
        help="""Processes and threads of one server; 0 for no limit.""",
    )

    _new_folders: tuple[str, ...] = ()  # mount points of volumes made with the container

    @default("remove")
    def _default_remove(self) -> bool:
        # A container kept would keep its image, limits and environment too.
        return True

    @default("http_timeout")
    def _default_http_timeout(self) -> int:
        return int(self.start_timeout)

    @default("object_name")
    def _object_name_default(self) -> str:
        return names.container(self.user.name, self.name, self.project)

    def get_state(self) -> dict[str, Any]:
        """Return what the hub's database keeps of this server, the home's name included."""
        state: dict[str, Any] = super().get_state()
        home = homes.recorded(self.user.orm_user)
        if home and self.name == "":
            state[homes.KEY] = home
        return state

    async def start(self) -> tuple[str, int]:
        """Start the server and return its address and port.

        Raises:
            NotYours: A container or volume of that name is not this user's.
        """
        home = await self._home()
        self.mounts = [
            volumes.home_mount(home, self.notebook_dir, self.project, self.user.name),
            *map(volumes.extra_mount, self.extra_volumes),
        ]
        self._new_folders = await self._missing()
        address: tuple[str, int] = await super().start()
        return address

    async def _missing(self) -> tuple[str, ...]:
        """Return the mount points of volumes that do not exist, or are not known to be right."""
        # A home is written down after it was given to its user, so until then it counts.
        missing = [] if homes.recorded(self.user.orm_user) else [self.notebook_dir]
        for mount in self.mount_binds:
            known = mount["Target"] in missing or mount.get("ReadOnly")
            if known or mount["Type"] != "volume":
                continue
            try:
                await self.docker("inspect_volume", mount["Source"])
            except NotFound:
                missing.append(mount["Target"])
        return tuple(missing)

    async def _home(self) -> str:
        """Return the name of the user's home, after making sure that it is theirs."""
        known = homes.recorded(self.user.orm_user)
        name = known or homes.first_free(self.user.db, self.user.name, self.project)
        try:
            found = await self.docker("inspect_volume", name)
        except NotFound:
            if known:
                raise NotYours(
                    f"volume {name}, the home of '{self.user.name}', is gone. Nothing was put in "
                    "its place: restore it from a backup, or begin with an empty home: "
                    f"docker volume create --label {labels.HUB}={self.project} "
                    f"--label {labels.USER}='{self.user.name}' {name}"
                ) from None
            return name
        volumes.require_own(
            found,
            self.project,
            self.user.name,
            recorded=bool(known),
            adopt=self.adopt_volumes,
        )
        return name

    async def create_object(self) -> dict[str, Any]:
        """Create the container; a home made with it gets its owner and is written down."""
        created = await self._create()
        for folder in self._new_folders:
            await self._in_thread(ownership.give_folder, self.client, created["Id"], folder)
        if not homes.recorded(self.user.orm_user):
            homes.record(self.user.orm_user, self.mounts[0]["source"])
            self.user.db.commit()
        return created

    async def _create(self) -> dict[str, Any]:
        """Create the container, once an earlier one of ours is out of the way."""
        for tries_left in reversed(range(REMOVAL_TRIES)):
            try:
                created: dict[str, Any] = await super().create_object()
            except APIError as error:
                if error.status_code != HTTPStatus.CONFLICT:
                    raise
                # The engine may still be removing the one that was just stopped, whose
                # name stays taken a little longer than it can be inspected.
                found = await self._inspect()
                if tries_left and (found is None or self._is_ours(found)):
                    await asyncio.sleep(BETWEEN_TRIES)
                    continue
                raise NotYours(
                    f"a container named {self.container_name} exists that this hub did not make. "
                    "It was left untouched; rename or remove it: "
                    f"docker rm {self.container_name}"
                ) from error
            return created
        raise AssertionError("unreachable")

    async def get_object(self) -> dict[str, Any] | None:
        """Return this server's container; one of its name that is not ours is none."""
        # Not DockerSpawner's own: it takes an engine that answers 500 for a container gone.
        found = await self._inspect()
        if found is None:
            self.object_id = ""
            return None
        if not self._is_ours(found):
            self.log.warning("Container %s is not ours; leaving it alone", self.container_name)
            self.object_id = ""
            return None
        self.object_id = found["Id"]
        return found

    async def _inspect(self) -> dict[str, Any] | None:
        """Return the container of this server's name, whosever it is."""
        try:
            found: dict[str, Any] = await self.docker("inspect_container", self.object_name)
        except NotFound:
            return None
        return found

    def _is_ours(self, found: dict[str, Any]) -> bool:
        home = homes.recorded(self.user.orm_user)
        return labels.is_server_of(found, self.project, self.user.name, self.name, home)

    def docker(self, method: str, *args: Any, **kwargs: Any) -> Any:
        """Call the engine. Every container is created with our labels and safe limits."""
        if method == "create_container":
            mine = labels.of_server(self.project, self.user.name, self.name)
            kwargs["labels"] = {**(kwargs.get("labels") or {}), **mine}
            kwargs["host_config"] = limits.with_defaults(kwargs["host_config"], self.pids_limit)
        return super().docker(method, *args, **kwargs)

    async def delete_forever(self) -> None:
        """Forget a deleted user's server; the home is deleted only where so configured."""
        home = homes.recorded(self.user.orm_user)
        if self.name or not home or not self.delete_user_volumes:
            return
        try:
            found = await self.docker("inspect_volume", home)
        except NotFound:
            return
        if labels.read(found).get(labels.HUB) != self.project:
            self.log.warning("Volume %s was not made by this hub; it is kept", home)
            return
        await self.docker("remove_volume", home)
        self.log.info("Deleted volume %s, the home of deleted user %s", home, self.user.name)

    def _in_thread(self, call: Any, *args: Any) -> asyncio.Future[Any]:
        return asyncio.wrap_future(self.executor.submit(call, *args))
