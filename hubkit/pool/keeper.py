"""Sees to it that the right containers wait: the loop that carries out the plan."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from typing import Any, Protocol

from docker.errors import APIError

from hubkit.pool import spares
from hubkit.pool.blueprint import Blueprint
from hubkit.pool.handout import Mounter
from hubkit.pool.members import Member
from hubkit.pool.plan import Plan, Spare, plan
from hubkit.pool.pool import Kind, Pool
from hubkit.pool.spares import Engine
from hubkit.spawner import removing
from hubkit.spawner.calls import EngineSilent
from hubkit.spawner.engine import is_silence
from hubkit.warden.refusals import Refused

log = logging.getLogger("tornado.application")  # JupyterHub's own takes it in

LOOK = 30.0  # seconds between two looks at those that wait
SOON = 5.0  # seconds until the next one after something was wrong
ARRIVAL = 30.0  # seconds the mounter may need to be there after the hub
AFTER_FAILURE, LONGEST = 30.0, 600.0  # seconds until a container that failed is tried again


class Source(Protocol):
    """Says what a cold start would do."""

    @property
    def images(self) -> Sequence[str]:
        """The images servers are started with."""

    async def blueprint(self, image: str) -> Blueprint:
        """Return what follows from a cold start with *image*."""


class Keeper:
    """Makes, looks at and removes the containers of a pool, one at a time.

    Args:
        pool: What others ask.
        engine: Where the containers are.
        mounter: Without it nobody can move in.
        source: What they are made from.
    """

    def __init__(self, pool: Pool, engine: Engine, mounter: Mounter, source: Source):
        self._pool, self._engine, self._mounter, self._source = pool, engine, mounter, source
        self._next_look, self._servers = 0.0, 0
        pool.mounter = mounter

    async def run(self) -> None:
        """Keep the pool as it should be, until cancelled; its containers then go on waiting."""
        await self._arrive()
        while True:
            await self._until_done(self.look)
            if not self._pool.on:
                return
            while self._pool.clock() < self._next_look:
                await self._until_done(self.work)
                await self._rest()

    async def _arrive(self) -> None:
        """Wait a little for the mounter, which says what an earlier run of the hub left."""
        late = self._pool.clock() + ARRIVAL
        while self._pool.on and await self._mounter.unsupported():
            if self._pool.clock() > late:
                return
            await asyncio.sleep(1)

    async def _until_done(self, step: Callable[[], Awaitable[None]]) -> None:
        while True:
            try:
                await step()
            except Exception as error:
                if is_silence(error):
                    log.warning("The pool is looked after later: %s", error)
                else:
                    log.exception("The pool is looked after later")
                await asyncio.sleep(SOON)
            else:
                return

    async def look(self) -> None:
        """Learn what is true now: of the mounter, the images, and those that wait."""
        pool = self._pool
        if pool.on:
            pool.support(await self._mounter.unsupported())
            for image in self._source.images:
                await self._learn(image, pool.kinds.setdefault(image, Kind()))
        # Whatever else has a name of the pool, nobody knows: an earlier run of the hub made
        # it, or a call the engine answered too late.
        known = {member.id for member in pool.members} | pool.away | pool.doomed
        for listed in await spares.ours(self._engine, pool.project):
            if listed["Id"] not in known:
                await self._adopt(listed)
        for member in pool.members:
            if not await spares.is_well(self._engine, member) and pool.members.drop(member.id):
                log.warning("%s waits no longer; another takes its place", member.name)
                pool.discard(member.id)
        self._next_look = pool.clock() + (SOON if pool.unsupported else LOOK)

    async def _learn(self, image: str, kind: Kind) -> None:
        try:
            found = await self._source.blueprint(image)
        except Exception as error:
            if is_silence(error):
                raise
            trouble = f"what a start needs is not known: {error}"
        else:
            trouble = found.obstacle
            if not kind.blueprint or kind.blueprint.key != found.key:
                kind.failures, kind.pause = 0, 0.0
            kind.blueprint = None if found.obstacle else found
        if trouble and trouble != kind.trouble:
            log.warning("No container of %s waits: %s", image, trouble)
        if trouble or not kind.failures:
            kind.trouble = trouble

    async def _adopt(self, listed: Mapping[str, Any]) -> None:
        """Let a container wait that was not made by this run, or remove it."""
        pool = self._pool
        keys = {pool.key(image): image for image in pool.kinds}
        member = await spares.found_again(self._engine, listed, keys)
        if member and not pool.unsupported and await self._mounter.untouched(member.id):
            pool.members.add(await self._closed(member))
            log.info("%s goes on waiting", member.name)
            return
        if await self._removed(listed["Id"]):
            log.info("Removed %s, which is no good any more", listed["Names"][0].lstrip("/"))

    async def work(self) -> None:
        """Remove what has to go, and make one container if one is missing and nobody starts."""
        pool = self._pool
        pool.woken.clear()
        for identity in tuple(pool.doomed):
            if await self._removed(identity):
                pool.away.discard(identity)
        if pool.capacity:
            self._servers = await spares.servers(self._engine, pool.project)
        await self._shed()
        # Where there is no room for all, each image gets some.
        scarce_first = sorted(pool.kinds, key=lambda one: len(pool.members.of(one)))
        for image in scarce_first:
            kind, planned = pool.kinds[image], self._plan(image, self._room())
            if planned.start and kind.blueprint and self._may_make(kind):
                await self._make(kind, kind.blueprint)
                pool.woken.set()
                return

    async def _shed(self) -> None:
        """Remove what is not to wait any more; where room is short, of each image in turn."""
        pool = self._pool
        while True:
            room = self._room()
            step = room if room is None else max(room, -1)
            most_first = sorted(pool.kinds, key=lambda one: -len(pool.members.of(one)))
            planned = (self._plan(one, step).remove for one in most_first)
            gone = next(filter(None, planned), ())
            if not gone:
                return
            for identity in filter(pool.members.drop, gone):
                await self._removed(identity)

    async def _removed(self, identity: str) -> bool:
        """Return whether a container is gone; one that cannot be removed now is doomed."""
        self._pool.doomed.add(identity)
        try:
            await removing.remove(self._engine, identity)
        except (APIError, EngineSilent) as error:  # it may be the only one in trouble
            log.warning("The container %s is removed later: %s", identity[:12], error)
            return False
        self._pool.doomed.discard(identity)
        return True

    def _room(self) -> int | None:
        """Return how many more may wait, less than 0 for too many; None for no limit."""
        pool = self._pool
        taken = self._servers + len(pool.members) + len(pool.doomed)
        return pool.capacity - taken if pool.capacity else None

    def _plan(self, image: str, room: int | None) -> Plan:
        pool, key, now = self._pool, self._pool.key(image), time.time()
        waiting = [
            Spare(one.id, now - one.made, bool(key) and one.key == key, pool.is_replaced(one))
            for one in pool.members.of(image)
        ]
        return plan(waiting, pool.size(image) if key else 0, room)

    def _may_make(self, kind: Kind) -> bool:
        quiet = self._pool.quiet_at()
        if quiet is None or self._pool.unsupported:
            return False
        return self._pool.clock() >= max(quiet, kind.pause)

    async def _make(self, kind: Kind, blueprint: Blueprint) -> None:
        pool, begin = self._pool, self._pool.clock()
        try:
            member = await spares.make(self._engine, blueprint, pool.project)
        except (spares.NeverReady, APIError) as error:
            if is_silence(error) and not isinstance(error, spares.NeverReady):
                raise
            pause = min(LONGEST, AFTER_FAILURE * 2**kind.failures)
            kind.failures += 1
            kind.pause, kind.trouble = pool.clock() + pause, f"it does not come to wait: {error}"
            log.warning("A container of %s did not come to wait: %s", blueprint.image, error)
            return
        kind.failures, kind.trouble = 0, ""
        pool.members.add(await self._closed(member))
        log.info("%s waits for somebody, with %s", member.name, member.image)
        if pool.figures:
            pool.figures.refilled(member.image, pool.clock() - begin)

    async def _closed(self, member: Member) -> Member:
        """Return *member* with its ports closed, which the hand-out then need not wait for.

        Where that cannot be done, its server tries again.
        """
        blueprint = self._pool.kinds[member.image].blueprint
        if not blueprint or not blueprint.open:
            return member
        try:
            await self._mounter.close(member.id, blueprint.open)
        except Refused as refused:
            log.info("The ports of %s stay open until it serves: %s", member.name, refused.message)
            return member
        return replace(member, closed=True)

    async def _rest(self) -> None:
        """Wait until something happens, or what had to wait may be done."""
        pool, until = self._pool, self._next_look
        quiet = pool.quiet_at()
        if quiet is not None and not pool.unsupported:
            room = self._room()
            missing = [
                kind.pause for image, kind in pool.kinds.items() if self._plan(image, room).start
            ]
            until = min([until, *(max(quiet, pause) for pause in missing)])
        with suppress(TimeoutError):
            async with asyncio.timeout(max(0.0, until - pool.clock())):
                await pool.woken.wait()
