"""The SQLite files in the data volume."""

import sqlite3
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing

import pytest

from hubkit.auth.datafile import DataFile

TABLES = "CREATE TABLE IF NOT EXISTS things (name TEXT);"


def test_begun_at_once(tmp_path):
    """Many that make the file at the same moment all find it made."""
    for number in range(20):
        path, gate = tmp_path / f"{number}.sqlite", threading.Barrier(8)

        def begin(_, path=path, gate=gate):
            gate.wait()
            add(DataFile(path, TABLES, 5.0), "one")

        with ThreadPoolExecutor(8) as pool:
            list(pool.map(begin, range(8)))
        with closing(sqlite3.connect(path)) as database:
            assert database.execute("SELECT count(*) FROM things").fetchone() == (8,)
            assert database.execute("PRAGMA journal_mode").fetchone() == ("wal",)


def test_made_again(tmp_path):
    """What is in the file stays."""
    path = tmp_path / "a.sqlite"
    add(DataFile(path, TABLES, 1.0), "one")

    assert names(DataFile(path, TABLES, 1.0)) == ["one"]


def test_stays_locked(tmp_path):
    """It waits as long as it was told, then says so."""
    path = tmp_path / "a.sqlite"
    with closing(sqlite3.connect(path, isolation_level=None)) as holder:
        holder.execute("BEGIN EXCLUSIVE")
        with pytest.raises(sqlite3.OperationalError, match="locked"):
            DataFile(path, TABLES, 0.05)


def test_no_folder(tmp_path):
    """What waiting does not mend is said at once."""
    with pytest.raises(sqlite3.OperationalError, match="unable to open"):
        DataFile(tmp_path / "nowhere" / "a.sqlite", TABLES, 60.0)


def names(file):
    with file.reading() as database:
        return [name for (name,) in database.execute("SELECT name FROM things").fetchall()]


def change(file, *statements):
    with file.changing() as database:
        for one in statements:
            database.execute(one)


def add(file, name):
    with file.changing() as database:
        database.execute("INSERT INTO things VALUES (?)", (name,))


def test_what_another_process_changed(tmp_path):
    """It is seen at once, though the file stays open."""
    path = tmp_path / "a.sqlite"
    file, other = DataFile(path, TABLES, 1.0), DataFile(path, TABLES, 1.0)

    add(other, "one")
    add(file, "two")

    assert names(file) == names(other) == ["one", "two"]


@pytest.mark.parametrize("first", ["INSERT INTO things VALUES ('one')", "ROLLBACK"])
def test_undone(tmp_path, first):
    """What is raised undoes the changes, if SQLite has not; the next ones are kept."""
    file = DataFile(tmp_path / "a.sqlite", TABLES, 1.0)

    with pytest.raises(sqlite3.OperationalError, match="no such"):
        change(file, first, "INSERT INTO missing VALUES (1)")
    add(file, "two")

    assert names(file) == ["two"]


def test_another_file_in_its_place(tmp_path):
    """Without the log of the one before it counts at once; nothing goes into that one."""
    path, backup = tmp_path / "a.sqlite", tmp_path / "b.sqlite"
    add(DataFile(backup, TABLES, 1.0), "kept")
    file = DataFile(path, TABLES, 1.0)
    add(file, "lost")

    for ending in ("-wal", "-shm"):
        path.with_name(path.name + ending).unlink(missing_ok=True)
    backup.replace(path)
    add(file, "after")

    assert names(DataFile(path, TABLES, 1.0)) == names(file) == ["kept", "after"]


def test_away_for_a_while(tmp_path):
    """What could not be opened is opened once it can be."""
    folder = tmp_path / "data"
    folder.mkdir()
    file = DataFile(folder / "a.sqlite", TABLES, 1.0)
    add(file, "one")

    folder.rename(tmp_path / "elsewhere")
    with pytest.raises(sqlite3.OperationalError, match="unable to open"):
        names(file)
    (tmp_path / "elsewhere").rename(folder)

    assert names(file) == ["one"]


def test_removed(tmp_path):
    """It is made again, as at a start of the hub."""
    file = DataFile(tmp_path / "a.sqlite", TABLES, 1.0)
    add(file, "one")

    for one in tmp_path.iterdir():
        one.unlink()

    assert names(file) == []


def test_many_threads(tmp_path):
    """Each change is there once, whoever makes it."""
    file = DataFile(tmp_path / "a.sqlite", TABLES, 5.0)

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda number: add(file, str(number)), range(80)))

    assert sorted(names(file), key=int) == [str(number) for number in range(80)]


def test_let_go(tmp_path):
    """Who does not need it any more leaves the file whole, without its log."""
    path = tmp_path / "a.sqlite"
    file = DataFile(path, TABLES, 1.0)
    add(file, "one")
    assert path.with_name("a.sqlite-wal").exists()

    del file

    assert [one.name for one in tmp_path.iterdir()] == ["a.sqlite"]
