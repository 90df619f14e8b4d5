"""How often somebody may fail to sign in: per name, per address, and for both together.

An attempt counts as a failure from its beginning until it has succeeded: however many are
made at once, no more are tried than the limits allow. Kept in memory and bounded; a
restart of the hub forgets it. A stranger elsewhere cannot lock a name's owner out: the
tightest rule is that for a name from one address, and the one for a name from anywhere
does not apply where its owner signed in before.
"""

from __future__ import annotations

import time
from collections import OrderedDict
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from ipaddress import IPv6Address, ip_address
from typing import Any

WINDOW = 300.0  # seconds in which failures are counted
MOST_KEYS = 20_000  # oldest are forgotten first; bounds the memory to a few megabytes
MOST_PLACES = 10  # addresses remembered for one name


@dataclass(frozen=True)
class Rule:
    """At most *failures* within `WINDOW` for one key of *kind*."""

    kind: str
    failures: int


RULES = (Rule("both", 10), Rule("name", 50), Rule("address", 200))


@dataclass
class _Count:
    """What happened to one key since *began*."""

    began: float
    failures: int = 0
    open: int = 0  # attempts neither taken back nor forgotten with the window
    filled: float = 0.0  # when the failures last became as many as are allowed

    def ends(self, most: int) -> float:
        """Return when this is forgotten: whoever reached the limit waits a window from there."""
        return (self.filled if self.failures >= most else self.began) + WINDOW

    def add(self, most: int, now: float) -> None:
        """Count one attempt."""
        self.failures += 1
        self.open += 1
        if self.failures == most:
            self.filled = now

    def take_back(self) -> None:
        """Forget one attempt."""
        self.failures = max(self.failures - 1, 0)
        self.open -= 1


class Failures:
    """Counts failed sign-ins, and those that are not over.

    An attempt without a name proves nothing and counts nowhere.

    Args:
        clock: Returns seconds that only grow.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic):
        self._clock = clock
        self._counts: OrderedDict[tuple[str, ...], _Count] = OrderedDict()
        # name → where it signed in, last comes last
        self._places: OrderedDict[str, OrderedDict[str, None]] = OrderedDict()

    def begin(self, name: str, address: str) -> int:
        """Return 0 where *name* at *address* may try now, else the seconds to wait.

        What may be tried counts as a failure at once; `success` and `undo` take it back.
        """
        if not name:
            return 0
        wait = self.wait(name, address)
        if not wait:
            self._add(name, address)
            return 0
        for _, key in _keys(name, address):
            if key in self._counts:
                self._counts.move_to_end(key)  # who goes on is not forgotten
        return wait

    def success(self, name: str, address: str) -> None:
        """Take the attempt back, and forget the failures of *name* at *address*."""
        count = self._take_back(name, address)
        if count:
            count.failures = 0
        places = self._places.pop(name, OrderedDict())
        places.pop(place(address), None)
        places[place(address)] = None
        self._places[name] = places
        _shorten(places, MOST_PLACES)
        _shorten(self._places, MOST_KEYS)

    def undo(self, name: str, address: str) -> None:
        """Take the attempt back: that it failed was not the person's fault."""
        self._take_back(name, address)

    def wait(self, name: str, address: str) -> int:
        """Return the seconds *name* at *address* has to wait; 0 where they may try."""
        longest = 0.0
        known = place(address) in self._places.get(name, ())
        for rule, key in _keys(name, address):
            count = self._counts.get(key)
            if count and count.failures >= rule.failures and not (known and rule.kind == "name"):
                longest = max(longest, count.ends(rule.failures) - self._clock())
        return int(longest) + 1 if longest > 0 else 0

    def _add(self, name: str, address: str) -> None:
        now = self._clock()
        for rule, key in _keys(name, address):
            count = self._counts.pop(key, None)
            if count is None or now >= count.ends(rule.failures):
                count = _Count(now)
            count.add(rule.failures, now)
            self._counts[key] = count
        _shorten(self._counts, MOST_KEYS)

    def _take_back(self, name: str, address: str) -> _Count | None:
        """Return the count of *name* at *address*; None where nothing was to take back."""
        both = self._counts.get(("both", name, place(address)))
        if both is None or not both.open:
            return None
        for _, key in _keys(name, address):
            if key in self._counts:
                self._counts[key].take_back()
        return both


def _keys(name: str, address: str) -> Iterator[tuple[Rule, tuple[str, ...]]]:
    here = place(address)
    values = {"both": (name, here), "name": (name,), "address": (here,)}
    for rule in RULES:
        yield rule, (rule.kind, *values[rule.kind])


def place(address: str) -> str:
    """Return what counts as one address: of IPv6 a /64, of which one machine has all."""
    try:
        found = ip_address(address)
    except ValueError:
        return address
    if not isinstance(found, IPv6Address):
        return str(found)
    if found.ipv4_mapped:
        return str(found.ipv4_mapped)
    return str(IPv6Address(int(found) >> 64 << 64))


def _shorten(kept: OrderedDict[Any, Any], most: int) -> None:
    """Forget the oldest of *kept*."""
    while len(kept) > most:
        kept.popitem(last=False)
