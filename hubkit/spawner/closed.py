"""A server that others cannot reach past its own port, which asks for the hub's sign-in."""

from __future__ import annotations

import asyncio
from typing import Any

from traitlets import Instance, Int, List

from hubkit import stack
from hubkit.settings import Settings
from hubkit.spawner.watched import WatchedServer
from hubkit.warden.client import MounterClient
from hubkit.warden.refusals import Refused

LONGEST = 2.0  # seconds a start waits for it; the next look at the server tries again
OPEN = "%s: others on its network reach all its ports: %s"


class ClosedServer(WatchedServer):
    """Has the mounter close the ports of its container, each time it was started."""

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

    _closed: tuple[str, str] | None = None  # a container's id, and when it was started
    _stays_open = ""  # why, as the log has it already

    async def start_object(self) -> None:
        """Start the container, and close its ports."""
        await super().start_object()
        if self._may_close():
            await self.runs(await self.docker("inspect_container", self.object_id))

    async def runs(self, found: dict[str, Any]) -> None:
        """Take note of a running container; close its ports if that was not done yet."""
        await super().runs(found)
        if found["State"]["Running"]:
            await self.close_ports(found["Id"], found["State"]["StartedAt"])

    async def close_ports(self, identity: str, started: str) -> None:
        """Have the ports closed of a container of this server's; the log says if it fails.

        Args:
            identity: The container's id.
            started: When its process was started, in the engine's words.
        """
        if not self._may_close() or self._closed == (identity, started):
            return
        try:
            async with asyncio.timeout(LONGEST):
                await self.closer.close(identity, [self.port, *self.further_ports])
        except (Refused, TimeoutError) as error:
            why = error.message if isinstance(error, Refused) else "the mounter takes too long"
            if why != self._stays_open:
                self.log.warning(OPEN, self._log_name, why)
            self._stays_open = why
        else:
            self._closed, self._stays_open = (identity, started), ""

    def _may_close(self) -> bool:
        return self.closer is not None and self.further_ports is not None


def configure(c: Any, env: Settings) -> None:
    """Close what SERVER_PORTS does not open."""
    c.ClosedServer.further_ports = None if env.server_ports is None else list(env.server_ports)
    c.ClosedServer.closer = MounterClient(stack.MOUNTER)
