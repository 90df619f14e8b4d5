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

WAIT = 3.0  # seconds a page may wait for the provider
PAUSE = 60.0  # seconds nobody asks a provider that did not answer

Answer = bool | dict[str, Any]  # what JupyterHub's refresh_user returns


class Rechecks:
    """Who was looked up when.

    Args:
        every: Seconds between two looks at one person.
        clock: Returns seconds that only grow.
    """

    def __init__(self, every: float, clock: Callable[[], float] = time.monotonic):
        self._every, self._clock = every, clock
        self._asked: dict[str, float] = {}
        self._running: dict[str, asyncio.Task[Answer | Exception]] = {}
        self._paused_until = 0.0

    def fresh(self, name: str) -> None:
        """Remember that *name* has proved just now who they are."""
        self._asked[name] = self._clock()
        self._running.pop(name, None)

    async def ask(self, name: str, look: Callable[[], Awaitable[Answer]]) -> Answer | None:
        """Return what *look* says of *name*; None where it need not or cannot say now."""
        now = self._clock()
        if name not in self._running:
            if now < self._paused_until or now - self._asked.get(name, -self._every) < self._every:
                return None
            self._running[name] = asyncio.ensure_future(_outcome(look))
        task = self._running[name]
        await asyncio.wait({task}, timeout=WAIT)
        if not task.done():
            self._paused_until = self._clock() + PAUSE
            app_log.warning("The sign-in provider is slow; %s stays signed in", name)
            return None
        self._running.pop(name, None)
        outcome = task.result()
        if isinstance(outcome, Exception):
            self._paused_until = self._clock() + PAUSE
            app_log.warning("The sign-in provider cannot be asked about %s: %s", name, outcome)
            return None
        self._asked[name] = self._clock()
        return outcome


async def _outcome(look: Callable[[], Awaitable[Answer]]) -> Answer | Exception:
    try:
        return await look()
    except Exception as error:  # noqa: BLE001 (whatever a provider's library raises)
        return error
