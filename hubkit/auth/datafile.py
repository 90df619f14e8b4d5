"""The small SQLite files in the data volume: made once, opened by several processes."""

from __future__ import annotations

import sqlite3
import threading
import time
import weakref
from collections.abc import Iterator
from contextlib import closing, contextmanager
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
            self._database = self._opened()
        return self._database

    def _opened(self) -> sqlite3.Connection:
        if self._database:
            self._database.close()
            self._database = None
        make(self._path, self._tables, self._wait)
        self._inode = _inode(self._path)
        opened = sqlite3.connect(
            self._path, timeout=self._wait, isolation_level=None, check_same_thread=False
        )
        weakref.finalize(self, opened.close)
        return opened


def _inode(path: Path) -> tuple[int, int] | None:
    try:
        found = path.stat()
    except FileNotFoundError:
        return None
    return found.st_dev, found.st_ino
