"""Ask a provider again, now and then, whether somebody still belongs.

A page never waits long for it, and a provider that is down changes nothing: whoever was
in stays in until it answers again.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import Any

from tornado.log import app_log

from hubkit.auth.outage import Outage

WAIT = 3.0  # seconds a page may wait for the provider
PAUSE = 60.0  # seconds nobody asks a provider that is down, or about whom it fails

Answer = bool | dict[str, Any]  # what JupyterHub's refresh_user returns
_Told = tuple[float, Answer | Exception]  # when, and what


class Rechecks:
    """Who was looked up when.

    Args:
        every: Seconds between two looks at one person.
        clock: Returns seconds that only grow.
    """

    def __init__(self, every: float, clock: Callable[[], float] = time.monotonic):
        self._every, self._clock = every, clock
        self._asked: dict[str, float] = {}
        self._running: dict[str, asyncio.Task[_Told]] = {}
        self._paused_until = 0.0
        self._not_before: dict[str, float] = {}

    def fresh(self, name: str) -> None:
        """Remember that *name* has proved just now who they are."""
        self._asked[name] = self._clock()
        self._not_before.pop(name, None)
        self._running.pop(name, None)

    async def ask(self, name: str, look: Callable[[], Awaitable[Answer]]) -> Answer | None:
        """Return what *look* says of *name*; None where it need not or cannot say now."""
        if name not in self._running:
            if not self._is_due(name):
                return None
            self._running[name] = asyncio.ensure_future(self._outcome(look))
        task = self._running[name]
        await asyncio.wait({task}, timeout=WAIT)
        if not task.done():
            self._paused_until = self._clock() + PAUSE
            app_log.warning("The sign-in provider is slow; %s stays signed in", name)
            return None
        self._running.pop(name, None)
        finished, outcome = task.result()
        if isinstance(outcome, Exception):
            self._failed(name, outcome)
            return None
        if self._clock() - finished > self._every:
            return await self.ask(name, look)  # nobody came for it while it was true
        self._asked[name] = finished
        return outcome

    def _is_due(self, name: str) -> bool:
        now = self._clock()
        waits = max(self._paused_until, self._not_before.get(name, now))
        return now >= waits and now - self._asked.get(name, -self._every) >= self._every

    def _failed(self, name: str, error: Exception) -> None:
        app_log.warning("The sign-in provider cannot be asked about %s: %s", name, error)
        self._not_before[name] = self._clock() + PAUSE
        # What fails for one person alone must not spare the others.
        if isinstance(error, (Outage, OSError)) or getattr(error, "status_code", 0) >= 500:
            self._paused_until = self._clock() + PAUSE

    async def _outcome(self, look: Callable[[], Awaitable[Answer]]) -> _Told:
        told: Answer | Exception
        try:
            told = await look()
        except Exception as error:  # noqa: BLE001 (whatever a provider's library raises)
            told = error
        return self._clock(), told
