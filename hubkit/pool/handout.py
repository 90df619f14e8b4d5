"""Make a waiting container somebody's server, step by step.

The order matters. What is begun is written down first, so that a hub that is killed knows
it afterwards; the name comes last, because it says whose the container is. A container
with a name of the pool is nobody's, whatever was done to it, and is removed.
"""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import PurePosixPath
from typing import Any, Protocol

from docker.errors import NotFound

from hubkit.errors import HubkitError
from hubkit.pool import spares
from hubkit.pool.members import Member
from hubkit.pool.spares import Engine
from hubkit.spawner import fresh, pki
from hubkit.values import Mount
from hubkit.warden.refusals import Reason, Refused

LONGEST = 32 * 2**10  # bytes of an identity: half of what a pipe takes at once


class Unfit(HubkitError):
    """A member is not what it was when it began to wait."""


class Mounter(Protocol):
    """What mounts into running containers; see `hubkit.warden.client.MounterClient`."""

    async def unsupported(self) -> str:
        """Return why nothing can be mounted, or ""."""

    async def untouched(self, container: str) -> bool:
        """Return whether nothing was ever mounted into a container, nor said to it."""

    async def close(self, container: str, ports: Sequence[int]) -> None:
        """Let nobody outside of a container reach more of it than *ports*."""

    async def mount(self, container: str, user: str, mounts: Sequence[Mount], told: str) -> None:
        """Mount volumes into a container, then write a line to its standard input."""


@dataclass(frozen=True)
class Handed:
    """What is written down of a container that becomes somebody's server.

    Attributes:
        id: The container's.
        started: When its process was started, in the engine's words.
    """

    id: str
    started: str


@dataclass(frozen=True)
class Guest:
    """Who moves in, and what with.

    Attributes:
        user: The hub user.
        name: What the server's container is called.
        image: The image its server is started with.
        mounts: ``docker.types.Mount``s, the home first.
        new_folders: Targets of volumes that do not exist yet or were never given to the
            image's user.
        env: The server's environment.
        limits: Words for `docker.APIClient.update_container`.
        labels: Of the container that fills new volumes.
        folder: Where `files` are placed, for the user alone.
        files: Names → content.
        runs_as: Number the server's processes run as; "" for the image's own user.
    """

    user: str
    name: str
    image: str
    mounts: Sequence[Mapping[str, Any]]
    new_folders: Sequence[str]
    env: Mapping[str, Any] = field(repr=False)
    limits: Mapping[str, Any]
    labels: Mapping[str, str]
    folder: PurePosixPath
    files: Mapping[str, bytes] = field(default_factory=dict, repr=False)
    runs_as: str = ""


async def hand_out(
    engine: Engine,
    mounter: Mounter,
    member: Member,
    guest: Guest,
    write_down: Callable[[Handed], Awaitable[None]],
) -> None:
    """Make *member* the server of *guest*; what it serves is not waited for.

    Args:
        engine: Is asked about this container in order.
        mounter: Mounts the volumes.
        member: Taken from the pool; on any error to be removed.
        guest: Who gets it.
        write_down: Called once the volumes are there and before they are mounted; returns
            when the hub's database has it.

    Raises:
        Unfit: The member was restarted, or does not run.
        Refused: The mounter refused, or did not answer.
        EngineError: The engine did not answer in time.
        docker.errors.APIError: The engine refused.
    """
    if len(identity(guest.env)) > LONGEST:
        raise Unfit("the server's environment is too long to be told")
    started = await _check(engine, member)
    if guest.new_folders:
        await _make_volumes(engine, guest)
    await write_down(Handed(member.id, started))
    await engine.docker("update_container", member.id, **guest.limits)
    if guest.files:
        place = (pki.place, engine.client, member.id, guest.folder, guest.files)
        await engine.asking("put_archive", *place)
    await _mount(engine, mounter, member, guest)
    await engine.docker("rename", member.id, guest.name)


def identity(env: Mapping[str, Any]) -> str:
    """Return the line a waiting server is told who it is with: it becomes its environment."""
    told = {name: str(value) for name, value in env.items() if value is not None}
    return json.dumps({"env": told})


async def _check(engine: Engine, member: Member) -> str:
    try:
        found = await engine.docker("inspect_container", member.id)
    except NotFound:
        raise Unfit("it is gone") from None
    if why := spares.unfit(found, member):
        raise Unfit(why)
    return member.started


async def _make_volumes(engine: Engine, guest: Guest) -> None:
    """Let the engine make and fill what is missing, as it would at a cold start."""
    made = (engine.client, guest.image, guest.mounts, guest.new_folders, guest.labels)
    await engine.asking("create_container", fresh.make_volumes, *made, guest.runs_as)


async def _mount(engine: Engine, mounter: Mounter, member: Member, guest: Guest) -> None:
    mounts = [
        Mount(one["Source"], one["Target"], bool(one.get("ReadOnly")))
        for one in guest.mounts
        if one["Type"] == "volume"
    ]
    asked = (member.id, guest.user, mounts, identity(guest.env))
    try:
        await mounter.mount(*asked)
    except Refused as refused:
        if refused.reason != Reason.EMPTY:
            raise
        await _make_volumes(engine, guest)
        await mounter.mount(*asked)
