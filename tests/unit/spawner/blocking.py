"""Calls of the engine that take as long as a test wants."""

from __future__ import annotations

import asyncio
import threading

LONG = 30.0  # seconds no test takes


class Blocked:
    """A call that has begun and does not end before it is let go."""

    def __init__(self, log=None, name="blocked"):
        self.begun, self.go, self.ended = threading.Event(), threading.Event(), threading.Event()
        self.log, self.name = log if log is not None else [], name

    def __call__(self):
        self.log.append(f"{self.name} begins")
        self.begun.set()
        self.go.wait(LONG)
        self.log.append(f"{self.name} ends")
        self.ended.set()
        return self.name

    async def has_begun(self):
        assert await asyncio.to_thread(self.begun.wait, LONG)


def run(calls, key, call, *args, limit=LONG):
    """Ask for a call now, as a task that has already begun to wait."""
    return asyncio.ensure_future(calls.run(key, call, *args, limit=limit))


async def settled():
    """Let every task and callback that can run do so."""
    for _ in range(5):
        await asyncio.sleep(0)
