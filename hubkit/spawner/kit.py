"""The spawner: a turn in the queue, a container, its home, and a reason if it does not start."""

from __future__ import annotations

import asyncio
import contextlib
import os
from contextlib import nullcontext as nothing
from typing import Any

from docker.errors import NotFound
from traitlets import Bool, Int, default

from hubkit.spawner import injection
from hubkit.spawner.engine import is_silence
from hubkit.spawner.program import ProgramServer
from hubkit.spawner.progress import Progress
from hubkit.spawner.readiness import wait_until_ready
from hubkit.spawner.turns import Turns

DAY = 86400  # seconds
TURN = 10.0  # seconds after which a server that still does not answer holds up no other
QUEUED, CREATING, STARTING, WAITING = 62, 65, 75, 85  # percent of a start


class KitSpawner(ProgramServer):
    """Start each server in a container of its own, with the user's home in a volume."""

    ready_timeout = Int(
        120,
        min=1,
        config=True,
        help="""Seconds a started container may take until its server answers.

        Neither the wait for a turn nor a pull counts.
        """,
    )
    start_slots = Int(
        0,
        min=0,
        config=True,
        help="""Servers that may start at the same moment; 0: one for each processor.""",
    )
    tuning = Bool(
        True,
        config=True,
        help="""Place the launcher into each container: quicker starts, cells that answer at once.

        See `hubkit.launcher`. False: images run exactly as they are.
        """,
    )
    turns = Turns(1)

    _turn: contextlib.AsyncExitStack | None = None

    @default("start_timeout")
    def _default_start_timeout(self) -> int:
        # JupyterHub counts the wait for a turn and for a pull, too.
        return DAY

    @default("http_timeout")
    def _default_http_timeout(self) -> int:
        return int(self.ready_timeout)

    async def start(self) -> tuple[str, int]:
        """Start the server and return its address and port, once it answers there.

        Raises:
            NotYours: A container or volume of that name is not this user's.
            SpawnException: It did not start; the message says why.
        """
        if self._undoing:
            await asyncio.wait([self._undoing])
        if self.start_progress.ended:
            self._progress = Progress()
        self._starting = True
        try:
            async with contextlib.AsyncExitStack() as self._turn:
                await self.prepare_mounts()
                address = await self.start_warm() or await self._start_cold()
        except BaseException as error:
            raise await self.undone(error) from error
        finally:
            self._starting = False
            self.start_progress.end()
        if self.record:
            self.record.over(self.user.name, self.name)
        return address

    async def _start_cold(self) -> tuple[str, int]:
        address: tuple[str, int] = await super().start()
        await self._answering(*address)
        return address

    async def pull_image(self, image: str) -> None:
        """Make sure that *image* is there; then wait for a turn to start.

        Pulls wait for bytes, starts for processors: only these queue.
        """
        await super().pull_image(image)
        if self._turn is None:
            return  # a hook of the site's pulls ahead
        self.turns.resize(self.start_slots or os.cpu_count() or 1)
        self._turn.enter_context(self.pool.starting() if self.pool else nothing())
        await self._turn.enter_async_context(self.turns.turn(self._tell_place))

    def _tell_place(self, place: int) -> None:
        self.start_progress.say("queue", QUEUED, f"Number {place} in the queue of starts")

    def get_env(self) -> dict[str, Any]:
        """Return the server's environment; with tuning, the launcher is found first."""
        found: dict[str, Any] = super().get_env()
        if self.tuning and self._image:
            inherited = self._image["Config"].get("Env") or ()
            given = [f"{name}={value}" for name, value in found.items()]
            found |= injection.environment([*inherited, *given])
        return found

    async def create_object(self) -> dict[str, Any]:
        """Create the container and place into it what the server needs besides the image.

        Raises:
            NotYours: A container of that name is not this server's.
            SpawnException: The user has no certificate the gateway would take.
        """
        self.start_progress.say("create", CREATING, "Creating the container")
        created: dict[str, Any] = await super().create_object()
        if self.tuning:
            files = (created["Id"], "/", injection.archive())
            await self.docker("put_archive", *files)
        return created

    async def start_object(self) -> None:
        """Start the container."""
        self.start_progress.say("start", STARTING, "Starting the container")
        await super().start_object()

    async def _answering(self, ip: str, port: int) -> None:
        self.start_progress.say("wait", WAITING, "Waiting for the server to answer")
        if self.internal_ssl or self.use_internal_hostname:
            return  # JupyterHub has the certificates and the name, and looks itself
        ready = wait_until_ready(
            ip, port, *self.looked_at, limit=self.ready_timeout, alive=self._ended
        )
        waiting = asyncio.ensure_future(ready)
        try:
            await asyncio.wait([waiting], timeout=TURN)
            if self._turn and not waiting.done():
                await self._turn.aclose()
            await waiting
        finally:
            waiting.cancel()

    async def _ended(self) -> dict[str, Any] | None:
        """Return the container's state if it runs no longer."""
        try:
            found: dict[str, Any] = await self.docker("inspect_container", self.object_id)
        except NotFound:
            return {"Status": "removed"}
        except Exception as error:
            if not is_silence(error):
                raise
            return None
        state: dict[str, Any] = found["State"]
        return None if state["Running"] else state
