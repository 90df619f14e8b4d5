"""Which visitors are on the hub, since when and from where: the one truth about room.

A small SQLite file in the data volume, as the register is, so that the hub and the service
beside it count the same visitors, a claim is made whole or not at all, and a visitor's age
outlives a restart of the hub.
"""

from __future__ import annotations

import math
import time
from bisect import bisect_left
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path

from hubkit import stack
from hubkit.auth.datafile import DataFile
from hubkit.auth.failures import place

FILE = stack.DATA / "visitors.sqlite"
WAIT = 5.0  # seconds for another process that writes; its writes take milliseconds
BUCKETS = (0.1, 0.2, 0.3, 0.5, 0.75, 1.0, 2.0, 3.0, 5.0, 10.0, 30.0, 60.0, 120.0)  # seconds
FULL, ADDRESS = "full", "address"
RETRY = {FULL: 10, ADDRESS: 30}  # seconds until it is worth trying again
TABLES = """
CREATE TABLE IF NOT EXISTS visitors (
    name TEXT PRIMARY KEY,
    address TEXT NOT NULL,
    since REAL NOT NULL,
    image TEXT NOT NULL,
    ready REAL NOT NULL DEFAULT 0
);
CREATE TABLE IF NOT EXISTS counts (
    what TEXT PRIMARY KEY,
    value REAL NOT NULL
);
"""
COUNT = "INSERT INTO counts VALUES (?, ?) ON CONFLICT (what) DO UPDATE SET value = value + ?"


def of_image(what: str, image: str) -> str:
    """Return the name of the count *what* of one image.

    A file an earlier version wrote has the counts of all images together only, and an
    earlier version passes over these.

    Args:
        what: Such as ``refused_full``.
        image: What was asked for; "" for the usual one.
    """
    return f"{what} {image}"


class NoRoom(Exception):
    """A visitor could not be admitted.

    Attributes:
        why: ``full``, or ``address`` where their address has as many as one may have.
        wait: Seconds until it is worth trying again.
    """

    def __init__(self, why: str):
        super().__init__(why)
        self.why, self.wait = why, RETRY[why]


@dataclass(frozen=True)
class Visit:
    """One visitor.

    Attributes:
        name: The hub user.
        address: Where they came from.
        since: When they were admitted, seconds since 1970.
        image: What their server was asked to run; empty for the usual one.
        ready: When their server was first ready, likewise; 0 for not yet.
    """

    name: str
    address: str
    since: float
    image: str = ""
    ready: float = 0.0


class Ledger:
    """The visitors of one hub.

    Args:
        path: The file; made where missing.
        capacity: Visitors at a time.
        per_address: Of those, from one address; 0 for no limit of its own.
    """

    def __init__(self, path: Path, capacity: int, per_address: int = 0):
        self.capacity, self.per_address = capacity, per_address
        self._file = DataFile(path, TABLES, WAIT)

    def admit(self, name: str, address: str, image: str = "") -> None:
        """Count *name* as a visitor from now on.

        Raises:
            NoRoom: There are as many as there may be; this is counted as a refusal.
        """
        why = ""
        with self._file.changing() as database:
            rows = database.execute("SELECT address FROM visitors").fetchall()
            here = sum(place(one) == place(address) for (one,) in rows)
            if len(rows) >= self.capacity:
                why = FULL
            elif self.per_address and here >= self.per_address:
                why = ADDRESS
            counted = [f"refused_{why}", of_image(f"refused_{why}", image)] if why else ["admitted"]
            for what in counted:
                database.execute(COUNT, (what, 1, 1))
            if not why:
                row = (name, address, time.time(), image)
                database.execute(
                    "INSERT INTO visitors (name, address, since, image) VALUES (?, ?, ?, ?)", row
                )
        if why:
            raise NoRoom(why)

    def is_ready(self, name: str) -> None:
        """Remember that the server of *name* is ready; the first time is the hand-out."""
        now = time.time()
        with self._file.changing() as database:
            found = database.execute(
                "SELECT since, image FROM visitors WHERE name = ? AND NOT ready", (name,)
            ).fetchone()
            if not found:
                return
            since, image = found
            database.execute("UPDATE visitors SET ready = ? WHERE name = ?", (now, name))
            seconds = max(now - since, 0.0)
            at = bisect_left(BUCKETS, seconds)
            bucket = BUCKETS[at] if at < len(BUCKETS) else math.inf
            for what, value in ((f"handout_{bucket}", 1), ("handout_seconds", seconds)):
                for each in (what, of_image(what, image)):
                    database.execute(COUNT, (each, value, value))

    def leave(self, name: str) -> None:
        """Make room: *name* is gone, or never came."""
        with self._file.changing() as database:
            database.execute("DELETE FROM visitors WHERE name = ?", (name,))

    def keep(self, there: Collection[str], since: dict[str, float] | None = None) -> None:
        """Count visitors the file does not know, as it does after it was lost.

        Args:
            there: Names of visitors the hub has.
            since: When each came, seconds since 1970; now where it is not said.
        """
        known = {one.name for one in self.visits()}
        with self._file.changing() as database:
            for name in set(there) - known:
                row = (name, "", (since or {}).get(name, time.time()), "")
                database.execute(
                    "INSERT OR IGNORE INTO visitors (name, address, since, image) "
                    "VALUES (?, ?, ?, ?)",
                    row,
                )

    def visits(self) -> list[Visit]:
        """Return all visitors, the oldest first."""
        with self._file.reading() as database:
            rows = database.execute(
                "SELECT name, address, since, image, ready FROM visitors ORDER BY since, name"
            ).fetchall()
        return [Visit(*row) for row in rows]

    def visit(self, name: str) -> Visit | None:
        """Return the visitor called *name*, or None."""
        return next((one for one in self.visits() if one.name == name), None)

    def count(self, what: str) -> None:
        """Add one to a count of this hub's whole life."""
        with self._file.changing() as database:
            database.execute(COUNT, (what, 1, 1))

    def counts(self) -> dict[str, float]:
        """Return the counts of this hub's whole life: ``admitted``, ``refused_full``, ….

        Those that are told apart by image are there once more for each; see `of_image`.
        """
        with self._file.reading() as database:
            return dict(database.execute("SELECT what, value FROM counts").fetchall())
