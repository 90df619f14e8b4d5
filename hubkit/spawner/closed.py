"""A server that others cannot reach past its own port, which asks for the hub's sign-in."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from typing import Any

import requests
from docker.errors import DockerException
from traitlets import Instance, Int, List

from hubkit import stack
from hubkit.errors import EngineError
from hubkit.settings import Settings
from hubkit.spawner.watched import WatchedServer
from hubkit.warden.client import MounterClient
from hubkit.warden.refusals import Reason, Refused

LONGEST = 2.0  # seconds a start waits for it
OPEN = "%s: others on its network reach all its ports: %s"


class ClosedServer(WatchedServer):
    """Has the mounter close the ports of its container, each time it was started.

    A start never fails for them. What could not be closed is tried again at each look.
    """

    further_ports = List(
        Int(),
        default_value=[],  # with allow_none it would be None
        allow_none=True,
        config=True,
        help="""Ports that stay open besides the server's own; None: all do.""",
    )
    closer = Instance(
        MounterClient, allow_none=True, config=True, help="""Who closes them; None: nobody."""
    )

    # A container's id, and when it was started: of whom nothing more is to be done, whose
    # ports were not closed at the last try, and of whom that was logged.
    _settled: tuple[str, str] | None = None
    _missed: tuple[str, str] | None = None
    _told: tuple[str, str] | None = None

    def open_ports(self) -> tuple[int, ...]:
        """Return the ports that stay open where others are closed; none where all are open."""
        if self.closer is None or self.further_ports is None:
            return ()
        return (self.port, *self.further_ports)

    @property
    def is_closed(self) -> bool:
        """Whether the ports of the container were closed when it was started."""
        settled = self._settled
        return settled is not None and settled != self._told and settled[0] == self.object_id

    async def blueprint_kwargs(self) -> dict[str, Any]:
        """Return what a cold start would send to the engine, and as ``open`` the `open_ports`.

        Raises:
            docker.errors.ImageNotFound: The image is not there.
        """
        return {**await super().blueprint_kwargs(), "open": self.open_ports()}

    async def start_object(self) -> None:
        """Start the container, and close its ports."""
        await super().start_object()
        if not self.open_ports():
            return
        # What does not work here the next look sees to.
        with suppress(TimeoutError, DockerException, EngineError, requests.RequestException):
            async with asyncio.timeout(LONGEST):
                await self._close(await self.docker("inspect_container", self.object_id))

    async def runs(self, found: dict[str, Any]) -> None:
        """Take note of a running container; close its ports if that was not done yet."""
        await super().runs(found)
        await self._close(found)

    def are_closed(self, identity: str, started: str) -> None:
        """Take note that somebody else has closed the ports of a container.

        Args:
            identity: Its id.
            started: When its process was started, in the engine's words.
        """
        self._settled = identity, started

    async def _close(self, found: dict[str, Any]) -> None:
        at = found["Id"], found["State"]["StartedAt"]
        ports = self.open_ports()
        if not ports or not found["State"]["Running"] or at == self._settled:
            return
        try:
            await self.closer.close(found["Id"], ports)
        except Refused as refused:
            self._stay_open(at, refused)
        else:
            self._settled, self._told = at, None

    def _stay_open(self, at: tuple[str, str], refused: Refused) -> None:
        """Say it once of each. One failure is none: hub and mounter are started together."""
        final = refused.reason == Reason.NOT_ALLOWED
        if at != self._told and (final or at == self._missed):
            self.log.warning(OPEN, self._log_name, refused.message)
            self._told = at
        self._missed = at
        if final:
            self._settled = at


def configure(c: Any, env: Settings) -> None:
    """Close what SERVER_PORTS does not open."""
    c.ClosedServer.further_ports = None if env.server_ports is None else list(env.server_ports)
    c.ClosedServer.closer = MounterClient(stack.MOUNTER)
