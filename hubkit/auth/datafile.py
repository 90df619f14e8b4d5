"""The small SQLite files in the data volume: made once, opened by several processes."""

from __future__ import annotations

import sqlite3
import threading
import time
import weakref
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

PAUSE = 0.01  # seconds between two tries


class DataFile:
    """One such file, which stays open.

    To open it for each question costs more than the question, and whoever closes a file
    last moves its write-ahead log into it: milliseconds for each change. It is opened again
    if another file, without a log beside it, lies in its place.

    Args:
        path: The file; made where missing.
        tables: SQL that changes nothing where they are there.
        wait: Seconds for other processes to finish.

    Raises:
        sqlite3.OperationalError: The file cannot be opened, or stays locked.
    """

    def __init__(self, path: Path, tables: str, wait: float):
        self._path, self._tables, self._wait = path, tables, wait
        self._lock = threading.Lock()  # one connection, several threads
        self._database: sqlite3.Connection | None = None
        self._inode: tuple[int, int] | None = None
        self._current()

    @contextmanager
    def reading(self) -> Iterator[sqlite3.Connection]:
        """Yield the file as it is now."""
        with self._lock:
            yield self._current()

    @contextmanager
    def changing(self) -> Iterator[sqlite3.Connection]:
        """Yield the file with nobody else writing; what is raised undoes the changes."""
        with self.reading() as database:
            try:
                database.execute("BEGIN IMMEDIATE")
                yield database
                database.execute("COMMIT")
            except BaseException:
                database.rollback()  # where SQLite has not undone it itself
                raise

    def _current(self) -> sqlite3.Connection:
        if self._database is None or _inode(self._path) != self._inode:
            if self._database:
                self._database.close()
                self._database = None
            before = _inode(self._path)
            self._database = self._opened()
            self._inode = before or _inode(self._path)
            weakref.finalize(self, self._database.close)
        return self._database

    def _opened(self) -> sqlite3.Connection:
        """Return the file with its tables, and so that who reads never waits.

        SQLite's own time limit does not cover the change to its write-ahead log: of two
        processes that begin at once, one is told at once that the file is locked.
        """
        end = time.monotonic() + self._wait
        while True:
            try:
                return self._connected()
            except sqlite3.OperationalError as error:
                busy = error.sqlite_errorcode & 0xFF in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED)
                if not busy or time.monotonic() > end:
                    raise
            time.sleep(PAUSE)

    def _connected(self) -> sqlite3.Connection:
        opened = sqlite3.connect(
            self._path, timeout=self._wait, isolation_level=None, check_same_thread=False
        )
        try:
            opened.execute("PRAGMA journal_mode = WAL")
            opened.executescript(self._tables)
        except BaseException:
            opened.close()
            raise
        return opened


def _inode(path: Path) -> tuple[int, int] | None:
    try:
        found = path.stat()
    except FileNotFoundError:
        return None
    return found.st_dev, found.st_ino
