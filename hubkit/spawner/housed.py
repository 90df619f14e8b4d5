"""A server's volumes: the home that is its user's for ever, and what else is mounted."""

from __future__ import annotations

from typing import Any

from docker.errors import NotFound
from tornado.web import HTTPError
from traitlets import Bool, Instance, List

from hubkit.errors import NotYours
from hubkit.spawner import fresh, homes, labels, ownership, volumes
from hubkit.spawner.remote import RemoteKernels
from hubkit.values import Mount


class HousedServer(RemoteKernels):
    """Mounts the home that is on record, and never anybody else's."""

    extra_volumes = List(
        Instance(Mount),
        config=True,
        help="""`hubkit.values.Mount`s every server mounts besides the home.""",
    )
    host_directories = List(
        Instance(Mount),
        config=True,
        help="""Folders of the host every server mounts, visitors' as well as everybody's.""",
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
    home_found: dict[str, Any] | None = None  # the engine's answer about an existing home
    _new_folders: tuple[str, ...] = ()  # mount points of volumes made with the container

    def get_state(self) -> dict[str, Any]:
        """Return what the hub's database keeps of this server, the home's name included."""
        state: dict[str, Any] = super().get_state()
        home = homes.recorded(self.user.orm_user)
        if home and self.name == "":
            state[homes.KEY] = home
        return state

    async def prepare_mounts(self) -> None:
        """Set `mounts`, after making sure that the home is this user's.

        Raises:
            NotYours: The home is not this user's, or is gone.
        """
        home = await self._home()
        self.mounts = [
            volumes.home_mount(home, self.notebook_dir, self.project, self.user.name),
            *map(volumes.extra_mount, [*self.extra_volumes, *self.host_directories]),
        ]
        self._new_folders = await self._missing()

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
        self.home_found = None
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
        self.home_found = found
        return name

    async def create_object(self) -> dict[str, Any]:
        """Create the container; a home made with it gets its owner and is written down.

        Raises:
            NotYours: A container of that name is not this server's.
            SpawnException: The user has no certificate the gateway would take.
        """
        if self.server_user:
            await self._give_volumes()
        created: dict[str, Any] = await super().create_object()
        written = self._written() if self.server_user else []
        for give, folders in (
            (ownership.give_folder, self._new_folders),
            (ownership.give_empty, written),
        ):
            for folder in folders:
                await self.asking("put_archive", give, self.client, created["Id"], folder)
        if not homes.recorded(self.user.orm_user):
            homes.record(self.user.orm_user, self.mounts[0]["source"])
            self.user.db.commit()
        return created

    def _written(self) -> list[str]:
        """Return where volumes are mounted that the server may write to."""
        volume = [one for one in self.mount_binds if one["Type"] == "volume"]
        return [one["Target"] for one in volume if not one.get("ReadOnly")]

    async def _give_volumes(self) -> None:
        """Give what the image put into new volumes to the server's user, who is another.

        Not in the server's own container: folders of the host may be mounted within.
        """
        if folders := self.filled_folders():
            marks = labels.of_filler(self.project)
            made = (self.client, self.image, self.mount_binds, folders, marks)
            await self.asking("create_container", fresh.make_volumes, *made, self.server_user)

    def filled_folders(self) -> tuple[str, ...]:
        """Return the mount points of volumes that have nothing but what the image put there.

        A home that exists may be somebody's for years, though nobody wrote down whose.
        """
        kept = {self.notebook_dir} if self.home_found else set()
        return tuple(one for one in self._new_folders if one not in kept)

    async def rename(self, old_name: str, new_name: str) -> None:
        """Refuse another name for a default server: the record of the home is kept with it.

        Raises:
            HTTPError: It is the default server.
        """
        if not old_name or not new_name:
            raise HTTPError(400, "The default server cannot be renamed: the home is with it.")

    async def delete_forever(self) -> None:
        """Forget a deleted user's server; the home is deleted only where so configured."""
        if self.record:
            self.record.over(self.user.name, self.name)
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
