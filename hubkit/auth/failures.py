"""How often somebody may fail to sign in: per name, per address, and for both together.

Kept in memory and bounded; a restart of the hub forgets it. The tightest rule is that
for a name from one address, so that a stranger elsewhere cannot lock a name's owner out
with a few tries.
"""

from __future__ import annotations

import time
from collections import OrderedDict
from collections.abc import Callable, Iterator
from dataclasses import dataclass

WINDOW = 300.0  # seconds in which failures are counted
MOST_KEYS = 20_000  # oldest are forgotten first; bounds the memory to a few megabytes


@dataclass(frozen=True)
class Rule:
    """At most *failures* within `WINDOW` for one key of *kind*."""

    kind: str
    failures: int


RULES = (Rule("both", 10), Rule("name", 50), Rule("address", 100))


class Failures:
    """Counts failed sign-ins.

    Args:
        clock: Returns seconds that only grow.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic):
        self._clock = clock
        # kind and value → when the window began, and how many failed in it
        self._counts: OrderedDict[tuple[str, ...], tuple[float, int]] = OrderedDict()

    def wait(self, name: str, address: str) -> int:
        """Return the seconds *name* at *address* has to wait; 0 where they may try."""
        longest = 0.0
        for rule, key in _keys(name, address):
            began, count = self._counts.get(key, (0.0, 0))
            if count >= rule.failures:
                longest = max(longest, began + WINDOW - self._clock())
        return int(longest) + 1 if longest > 0 else 0

    def add(self, name: str, address: str) -> None:
        """Count one failure."""
        now = self._clock()
        for rule, key in _keys(name, address):
            began, count = self._counts.pop(key, (now, 0))
            if now - began >= WINDOW:
                began, count = now, 0
            # Whoever reaches the limit waits a whole window from there.
            self._counts[key] = (now if count + 1 == rule.failures else began, count + 1)
        while len(self._counts) > MOST_KEYS:
            self._counts.popitem(last=False)

    def clear(self, name: str, address: str) -> None:
        """Forget the failures of *name* at *address*, who got it right."""
        self._counts.pop(("both", name, address), None)


def _keys(name: str, address: str) -> Iterator[tuple[Rule, tuple[str, ...]]]:
    values = {"both": (name, address), "name": (name,), "address": (address,)}
    for rule in RULES:
        yield rule, (rule.kind, *values[rule.kind])
