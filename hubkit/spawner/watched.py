"""Watching a server: unknown is not stopped, a moved one is followed, a dead one is explained."""

from __future__ import annotations

import asyncio
from typing import Any

from hubkit.spawner import removing
from hubkit.spawner.complaints import Attempt
from hubkit.spawner.engine import is_silence
from hubkit.spawner.explained import ExplainedServer
from hubkit.spawner.failures import short_of_memory

AGAIN = 5.0  # seconds until an engine that did not answer is asked again
UNKNOWN = "The engine does not say whether %s runs, so it counts as before: %s"


class WatchedServer(ExplainedServer):
    """Tells a server that has ended from one the engine says nothing about."""

    _starting = False
    _short = ""  # what to say of a program that the memory limit ended

    async def notices(self) -> list[str]:
        """Return what the user should know about their server, for the home page."""
        return [self._short] if self._short else []

    async def poll(self) -> str | int | None:
        """Return None while the server runs, or nobody knows; else how it ended.

        What ended by itself is written down with its last words, and its container removed.
        """
        if self._undoing:
            await asyncio.wait([self._undoing])
        try:
            found = await self.get_object()
            if found is None:
                return 0
            state = found["State"]
            if state["Running"]:
                self._short = short_of_memory(Attempt.of(found, self.port), state)
                await self.runs(found)
                return None
            if not self._starting and self.remove:
                await self._bury(found)
        except Exception as error:
            self.log.warning(UNKNOWN, self._log_name, error, exc_info=not is_silence(error))
            return None
        return f"ExitCode={state['ExitCode']}, FinishedAt={state['FinishedAt']}"

    async def runs(self, found: dict[str, Any]) -> None:
        """Take note of another address, which a container has after it was restarted.

        Args:
            found: The engine's answer about this server's container, which runs.
        """
        server = self.server
        if server is None or self._starting or not self.use_internal_ip:
            return
        network = found["NetworkSettings"]["Networks"].get(self.network_name) or {}
        address = network.get("IPAddress")
        if address and (address, self.port) != (server.ip, server.port):
            self.log.warning("%s moved from %s to %s", self._log_name, server.ip, address)
            # A hub that was killed during a start kept a port it had made up.
            server.ip, server.port = address, self.port
            self.user.db.commit()

    async def _bury(self, found: dict[str, Any]) -> None:
        await self.died(found)
        await removing.remove(self, found["Id"])
        self.object_id = ""

    async def stop(self, now: bool = False) -> None:
        """Stop the server; an engine that does not answer is asked until it does.

        JupyterHub takes a stop that failed for one that worked.
        """
        while True:
            try:
                if await self.get_object():  # an id alone may be another's by now
                    await super().stop(now)
            except Exception as error:
                if not is_silence(error):
                    raise
                self.log.warning("%s is not stopped yet: %s", self._log_name, error)
                await asyncio.sleep(AGAIN)
            else:
                return
