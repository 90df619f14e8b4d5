"""Containers of the pool on the engine: made, looked at, found again and removed."""

from __future__ import annotations

import asyncio
import contextlib
import secrets
import time
from collections.abc import Callable, Mapping
from typing import Any, Protocol

from docker.errors import APIError, NotFound

from hubkit import names
from hubkit.errors import EngineError
from hubkit.pool.blueprint import WAITING_SHARES, Blueprint
from hubkit.pool.members import Member
from hubkit.spawner import fresh, injection, labels, removing

MARK = b"hubkit: waiting"  # the launcher's, on standard error
BETWEEN = 0.2  # seconds between two looks whether the mark is there
READY = 120.0  # seconds a container may take until then
LINES = 20  # at the end of the log


class Engine(Protocol):
    """The Docker engine, asked in threads; spawners are such ones, too."""

    @property
    def client(self) -> Any:
        """A ``docker.APIClient``."""

    async def docker(self, method: str, *args: Any, **kwargs: Any) -> Any:
        """Call *method* of the client."""

    async def asking(self, method: str, call: Callable[..., Any], *args: Any) -> Any:
        """Run *call* with the time limit of *method*."""


class NeverReady(EngineError):
    """A container of the pool did not come to wait; the message has its last words."""


async def make(engine: Engine, blueprint: Blueprint, project: str) -> Member:
    """Return a new member once its server's modules are imported and it waits.

    Raises:
        NeverReady: It ended, or took too long.
        docker.errors.APIError: The engine refused.

    Whatever happens, no container is left that is not returned, if the engine removes it.
    """
    name = names.pool_member(project, secrets.token_hex(names.RANDOM // 2))
    begun = time.time()  # a drain from now on means it, too
    created = await engine.docker("create_container", **blueprint.create(name, project))
    identity: str = created["Id"]
    try:
        points = (fresh.make_mount_points, engine.client, identity, blueprint.folders)
        await engine.asking("put_archive", *points)
        for folder in blueprint.bare:
            own = (fresh.make_own_folder, engine.client, identity, folder)
            await engine.asking("put_archive", *own, "user" in blueprint.words)
        await engine.docker("put_archive", identity, "/", injection.archive())
        await engine.docker("start", identity)
        started = await _waiting(engine, identity)
    except BaseException:
        with contextlib.suppress(APIError):  # then the next look at the pool finds it
            await asyncio.shield(removing.remove(engine, identity))
        raise
    return Member(identity, name, blueprint.image, blueprint.key, begun, started)


async def _waiting(engine: Engine, identity: str) -> str:
    """Return when the process was started, once it waits."""
    clock = asyncio.get_running_loop().time
    late = clock() + READY
    while True:
        log: bytes = await engine.docker("logs", identity, tail=LINES)
        marked = MARK in log
        state = (await engine.docker("inspect_container", identity))["State"]
        if not state["Running"] or clock() > late:
            break
        if marked:
            return str(state["StartedAt"])
        await asyncio.sleep(BETWEEN)
    last = log.decode(errors="replace").strip().splitlines()[-3:]
    raise NeverReady(" / ".join(last) or "it said nothing")


async def is_well(engine: Engine, member: Member) -> bool:
    """Return whether *member* waits as it did when it was made."""
    try:
        found = await engine.docker("inspect_container", member.id)
    except NotFound:
        return False
    return unfit(found, member) == ""


def unfit(found: Mapping[str, Any], member: Member) -> str:
    """Return why *member* must not become a server, "" if it may.

    Args:
        found: The engine's answer about its container.
        member: As it was when it began to wait.
    """
    state = found["State"]
    if not state["Running"] or state.get("Paused") or state.get("Restarting"):
        return "it does not run"
    if state["StartedAt"] != member.started or found.get("RestartCount"):
        return "it was restarted"
    if found["Name"].lstrip("/") != member.name:
        return "it was renamed"
    return ""


async def ours(engine: Engine, project: str) -> list[dict[str, Any]]:
    """Return what the engine's list says of all that wait, or were left half given away.

    Those that became somebody's server have its name, and are not among them; those that
    an earlier run of the hub made to fill a volume are.
    """
    marks = [f"{labels.HUB}={project}", labels.POOL]
    listed = await engine.docker("containers", all=True, filters={"label": marks})
    return [
        one
        for one in listed
        if names.is_pool_member(_name(one), project) or _is_left_filler(one["Labels"])
    ]


def _is_left_filler(marks: Mapping[str, str]) -> bool:
    return marks[labels.POOL] == labels.FILLER and marks.get(labels.RUN) != labels.THIS_RUN


async def servers(engine: Engine, project: str) -> int:
    """Return how many servers of users run."""
    listed = await engine.docker("containers", filters={"label": f"{labels.HUB}={project}"})
    return sum(not names.is_pool_member(_name(one), project) for one in listed)


async def found_again(
    engine: Engine, listed: Mapping[str, Any], images: Mapping[str, str]
) -> Member | None:
    """Return a container that an earlier run of the hub made as a member, None if it is none.

    The first thing a hand-out does is to set the limits; where they are those of a
    container that waits, none of the user's files was placed. That no volume was mounted,
    only the mounter can say.

    Args:
        engine: Is asked about it.
        listed: One of `ours`.
        images: Keys of the blueprints of today → image.
    """
    key = listed["Labels"][labels.POOL]
    if key not in images:
        return None
    try:
        found = await engine.docker("inspect_container", listed["Id"])
        log = await engine.docker("logs", listed["Id"], tail=LINES)
    except NotFound:
        return None
    started = str(found["State"]["StartedAt"])
    made = float(listed["Created"])
    member = Member(listed["Id"], _name(listed), images[key], key, made, started)
    begun = found["HostConfig"]["CpuShares"] != WAITING_SHARES
    return None if begun or MARK not in log or unfit(found, member) else member


def _name(listed: Mapping[str, Any]) -> str:
    # Links would add names with another slash.
    own = [name[1:] for name in listed["Names"] or () if name.count("/") == 1]
    return own[0] if own else ""
