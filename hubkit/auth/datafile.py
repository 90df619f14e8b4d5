"""The small SQLite files in the data volume: made once, opened by several processes."""

from __future__ import annotations

import sqlite3
import time
from contextlib import closing
from pathlib import Path

PAUSE = 0.01  # seconds between two tries


def make(path: Path, tables: str, wait: float) -> None:
    """Make the file with its tables, and so that who reads never waits.

    SQLite's own time limit does not cover the change to its write-ahead log: of two
    processes that begin at once, one is told at once that the file is locked.

    Args:
        path: The file; made where missing.
        tables: SQL that changes nothing where they are there.
        wait: Seconds for other processes to finish.

    Raises:
        sqlite3.OperationalError: The file cannot be opened, or stays locked.
    """
    end = time.monotonic() + wait
    while True:
        try:
            with closing(sqlite3.connect(path, timeout=wait)) as database:
                database.execute("PRAGMA journal_mode = WAL")
                database.executescript(tables)
                return
        except sqlite3.OperationalError as error:
            busy = error.sqlite_errorcode & 0xFF in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED)
            if not busy or time.monotonic() > end:
                raise
        time.sleep(PAUSE)
