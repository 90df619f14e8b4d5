"""The start queue: so many starts at once, the others know their place."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

Tell = Callable[[int], object]


@dataclass(eq=False)
class _Waiter:
    place: int = 0  # 1 = next; 0 once its turn has come
    changed: asyncio.Event = field(default_factory=asyncio.Event)


class Turns:
    """Gives out a number of slots, in the order in which they were asked for.

    Args:
        slots: How many may be taken at once, 1 or more.
    """

    def __init__(self, slots: int):
        self._slots = slots
        self._taken = 0
        self._waiting: list[_Waiter] = []

    @property
    def taken(self) -> int:
        """How many have their turn."""
        return self._taken

    @property
    def waiting(self) -> int:
        """How many wait for theirs."""
        return len(self._waiting)

    def resize(self, slots: int) -> None:
        """Change the number of slots; fewer take effect as turns end."""
        self._slots = slots
        self._grant()

    @asynccontextmanager
    async def turn(self, tell: Tell) -> AsyncIterator[None]:
        """Hold a slot; wait for it if none is free.

        Args:
            tell: Called with the place in the queue, 1 for the next, whenever it changes;
                never if a slot is free at once. What it raises ends the wait.
        """
        waiter = self._enter()
        try:
            while waiter.place:
                waiter.changed.clear()
                tell(waiter.place)
                await waiter.changed.wait()
            yield
        finally:
            self._leave(waiter)

    def _enter(self) -> _Waiter:
        waiter = _Waiter()
        self._waiting.append(waiter)
        self._grant()
        return waiter

    def _leave(self, waiter: _Waiter) -> None:
        if waiter in self._waiting:
            self._waiting.remove(waiter)
        else:
            self._taken -= 1
        self._grant()

    def _grant(self) -> None:
        """Give free slots to who is next, and everybody else a place."""
        while self._waiting and self._taken < self._slots:
            self._taken += 1
            self._place(self._waiting.pop(0), 0)
        for place, waiter in enumerate(self._waiting, start=1):
            self._place(waiter, place)

    @staticmethod
    def _place(waiter: _Waiter, place: int) -> None:
        if waiter.place != place:
            waiter.place = place
            waiter.changed.set()
