"""What one start says about itself, for as many pages as watch it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

BETWEEN = 0.5  # seconds between two events of one step, e.g. of a pull


class Progress:
    """The steps of one start, from its first to the last one so far.

    A page that begins to watch late is told them all. Of a step that reports again and
    again, such as a pull, only the newest report counts.
    """

    def __init__(self) -> None:
        self._steps: list[tuple[str, int, str]] = []
        self._ended = False
        self._changed = asyncio.Event()

    def say(self, step: str, percent: int, message: str) -> None:
        """Report *message*, in place of what *step* said before if it is the current one.

        Args:
            step: A word for the step; another word begins another line of the log.
            percent: How much of the whole start is done.
            message: A sentence for the user.
        """
        new = (step, percent, message)
        if self._steps and self._steps[-1] == new:
            return
        if self._steps and self._steps[-1][0] == step:
            self._steps.pop()
        self._steps.append(new)
        self._wake()

    @property
    def ended(self) -> bool:
        """Whether nothing more will be reported."""
        return self._ended

    def end(self) -> None:
        """Say that nothing more will be reported."""
        self._ended = True
        self._wake()

    def _wake(self) -> None:
        changed, self._changed = self._changed, asyncio.Event()
        changed.set()

    async def events(self) -> AsyncIterator[dict[str, Any]]:
        """Yield JupyterHub's progress events until the start has ended."""
        index, last = 0, None  # the step that was shown last
        while True:
            changed, steps = self._changed, self._steps[index:]
            if steps and steps[0] is last:
                steps.pop(0)
                index += bool(steps)
            for step in steps:
                yield {"progress": step[1], "message": step[2]}
            if steps:
                index, last = index + len(steps) - 1, steps[-1]
            if changed is not self._changed:
                continue
            if self._ended:
                return
            await changed.wait()
            if not self._ended and len(self._steps) == index + 1:
                await asyncio.sleep(BETWEEN)
