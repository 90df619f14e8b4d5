"""The SQLite files in the data volume."""

import sqlite3
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing

import pytest

from hubkit.auth import datafile

TABLES = "CREATE TABLE IF NOT EXISTS things (name TEXT);"


def test_begun_at_once(tmp_path):
    """Many that make the file at the same moment all find it made."""
    for number in range(20):
        path, gate = tmp_path / f"{number}.sqlite", threading.Barrier(8)

        def begin(_, path=path, gate=gate):
            gate.wait()
            datafile.make(path, TABLES, 5.0)
            with closing(sqlite3.connect(path, timeout=5.0)) as database:
                database.execute("INSERT INTO things VALUES ('one')")
                database.commit()

        with ThreadPoolExecutor(8) as pool:
            list(pool.map(begin, range(8)))
        with closing(sqlite3.connect(path)) as database:
            assert database.execute("SELECT count(*) FROM things").fetchone() == (8,)
            assert database.execute("PRAGMA journal_mode").fetchone() == ("wal",)


def test_made_again(tmp_path):
    """What is in the file stays."""
    path = tmp_path / "a.sqlite"
    datafile.make(path, TABLES, 1.0)
    with closing(sqlite3.connect(path)) as database:
        database.execute("INSERT INTO things VALUES ('one')")
        database.commit()

    datafile.make(path, TABLES, 1.0)

    with closing(sqlite3.connect(path)) as database:
        assert database.execute("SELECT name FROM things").fetchall() == [("one",)]


def test_stays_locked(tmp_path):
    """It waits as long as it was told, then says so."""
    path = tmp_path / "a.sqlite"
    with closing(sqlite3.connect(path, isolation_level=None)) as holder:
        holder.execute("BEGIN EXCLUSIVE")
        with pytest.raises(sqlite3.OperationalError, match="locked"):
            datafile.make(path, TABLES, 0.05)


def test_no_folder(tmp_path):
    """What waiting does not mend is said at once."""
    with pytest.raises(sqlite3.OperationalError, match="unable to open"):
        datafile.make(tmp_path / "nowhere" / "a.sqlite", TABLES, 60.0)
