"""The record of failures: kept over restarts, whatever a crash left in its file."""

from __future__ import annotations

import json
from copy import deepcopy
from datetime import UTC, datetime
from types import SimpleNamespace

import pytest
from jupyterhub import orm
from traitlets.config import Config

from hubkit import stack
from hubkit.auth import renames
from hubkit.spawner import record as module
from hubkit.spawner.failures import Failure
from hubkit.spawner.record import Record, read

WHEN = datetime(2026, 5, 1, 10, 0, 3, tzinfo=UTC)


def failure(user="ada", server="", *, sentence="It ended.", log=("one", "two"), died=False):
    return Failure("exit", sentence, log, WHEN, user, server, died)


@pytest.fixture
def path(tmp_path):
    return tmp_path / "failures.log"


@pytest.fixture
def record(path):
    return Record(path)


@pytest.mark.parametrize("name", ["ada", 'a"b', "a\nb", "a\\", "åsa", "%s", "a/b", "\u2028", "😀"])
def test_write(record, path, name):
    """What is written is read again, by this hub, the next one and the command."""
    written = failure(name, name, log=(name, "<b>"), died=True)

    record.write(written)

    assert read(path) == [written]
    assert record.current(name, name) == Record(path).current(name, name) == written
    assert path.stat().st_mode & 0o777 == 0o600


def test_servers_apart(record):
    """One server's failure is not another's."""
    record.write(failure("ada", ""))
    record.write(failure("ada", "gpu", sentence="Another."))

    assert record.current("ada").sentence == "It ended."
    assert record.current("ada", "gpu").sentence == "Another."
    assert record.current("grace") is None


def test_the_last_counts(record, path):
    """Of several failures of a server, pages show the last; the file has all."""
    for number in range(3):
        record.write(failure(sentence=str(number)))

    assert record.current("ada").sentence == "2"
    assert Record(path).current("ada").sentence == "2"
    assert [one.sentence for one in read(path)] == ["0", "1", "2"]


def test_over(record, path):
    """What is over is shown by no page, after a restart neither, and still told on request."""
    record.write(failure())
    record.write(failure("grace"))
    record.over("ada")

    assert record.current("ada") is None
    assert Record(path).current("ada") is None
    assert Record(path).current("grace") == failure("grace")
    assert read(path) == [failure(), failure("grace")]

    record.write(failure(sentence="Again."))
    assert Record(path).current("ada").sentence == "Again."


def test_renamed(record, path):
    """A user's failures go with them; whoever has the old name next sees none."""
    for server in ("", "gpu"):
        record.write(failure("ada", server))
    record.write(failure("grace"))

    record.renamed("ada", "lovelace")

    for known in (record, Record(path)):
        assert [known.current("ada", server) for server in ("", "gpu")] == [None, None]
        assert known.current("lovelace", "gpu") == failure("lovelace", "gpu")
        assert known.current("grace") == failure("grace")


def test_renamed_in_the_console(record, db):
    """It hears of it from the hub's database, as `jupyterhub_config.py` has it."""
    renames.follow(record.renamed)
    user = orm.User(name="ada")
    db.add(user)
    db.commit()
    record.write(failure("ada"))

    user.name = "lovelace"
    db.commit()

    assert record.current("ada") is None
    assert record.current("lovelace") == failure("lovelace")


def test_starts_that_work_write_nothing(record, path):
    """A server that did not fail before leaves no line when it starts."""
    for _ in range(3):
        record.over("ada")
    record.write(failure())
    for _ in range(3):
        record.over("ada")

    assert len(path.read_text().splitlines()) == 2


def test_no_file(record, path):
    """Before anything failed there is no file, and nothing to read."""
    assert (record.current("ada"), read(path), path.exists()) == (None, [], False)


@pytest.mark.parametrize(
    "rest",
    [
        pytest.param(b'{"time": "2026-05-01T10:0', id="cut short"),
        pytest.param(b'{"user": "ada", "server": "", "reason": "x"}\n', id="a field too few"),
        pytest.param(b"[]\n7\n\n\xff\xfe\n", id="no lines of ours"),
        pytest.param(
            b'{"user": ["ada"], "server": "", "time": "2026-05-01T10:00:00+00:00"}\n',
            id="a name that is none",
        ),
        pytest.param(
            b'{"user": "ada", "server": "", "reason": "x", "sentence": "x", "log": [], '
            b'"died": false, "time": "yesterday"}\n',
            id="no time",
        ),
    ],
)
def test_half_written(record, path, rest):
    """A line the hub could not finish costs neither the ones before nor those after it."""
    record.write(failure())
    with path.open("ab") as file:
        file.write(rest)

    after = Record(path)
    assert after.current("ada") == failure()
    after.write(failure("grace"))
    assert read(path) == [failure(), failure("grace")]
    assert Record(path).current("grace") == failure("grace")


def test_it_does_not_fill_the_disk(record, path, tmp_path, monkeypatch):
    """Old failures go; the newest are there, over a change of files, too."""
    monkeypatch.setattr(module, "LARGEST", 2000)
    for number in range(100):
        record.write(failure(f"u{number}"))
        assert read(path)[-1].user == f"u{number}"
        assert Record(path).current(f"u{number}")

    assert {one.name for one in tmp_path.iterdir()} <= {"failures.log", "failures.log.1"}
    assert sum(one.stat().st_size for one in tmp_path.iterdir()) < 2 * 2400


def test_over_in_the_newer_file(record, path, monkeypatch):
    """What is over stays so when its failure is in the older file."""
    monkeypatch.setattr(module, "LARGEST", 10)
    record.write(failure())
    monkeypatch.setattr(module, "LARGEST", 10_000)
    record.over("ada")

    assert Record(path).current("ada") is None


def test_read_while_the_files_change(record, path, monkeypatch):
    """A reader that meets the change of files reads each failure once, and in order."""
    record.write(failure("ada"))
    read_content = module._content

    def rotate(file):
        found = read_content(file)
        if file == path:
            record.write(failure("grace"))
            path.replace(module._older(path))
        return found

    monkeypatch.setattr(module, "_content", rotate)

    assert read(path) == [failure("ada"), failure("grace")]


def test_memory_is_bounded(record, path, monkeypatch):
    """However many servers fail, pages know the newest."""
    monkeypatch.setattr(module, "MOST", 3)
    for number in range(5):
        record.write(failure(f"u{number}"))

    for known in (record, Record(path)):
        assert [bool(known.current(f"u{number}")) for number in range(5)] == [0, 0, 1, 1, 1]


def test_a_disk_that_does_not_take_it(tmp_path, caplog):
    """A failure that cannot be written is known to the pages, and the hub goes on."""
    record = Record(tmp_path / "no folder" / "failures.log")

    record.write(failure())

    assert record.current("ada") == failure()
    assert "cannot be written: No such file or directory" in caplog.text


def test_a_file_that_cannot_be_read(record, path, caplog):
    """The hub goes on without what was; the command is told."""
    path.mkdir()

    assert record.current("ada") is None
    assert "cannot be read: Is a directory" in caplog.text
    with pytest.raises(IsADirectoryError):
        read(path)


@pytest.mark.parametrize(
    ("viewer", "sees"),
    [
        pytest.param(SimpleNamespace(name="ada", admin=False), True, id="their own"),
        pytest.param(SimpleNamespace(name="root", admin=True), True, id="an administrator"),
        pytest.param(SimpleNamespace(name="mallory", admin=False), False, id="another user"),
        pytest.param(SimpleNamespace(name="service", admin=False), False, id="a service"),
        pytest.param(None, False, id="nobody"),
    ],
)
def test_shown_to(record, viewer, sees):
    """A log is its user's: whoever may only open the server does not see it."""
    record.write(failure())

    assert bool(record.shown_to(viewer)("ada", "")) == sees


def test_configure(tmp_path, monkeypatch):
    """Templates are given what the spawner writes into: one record, however it is copied."""
    monkeypatch.setattr(stack, "FAILURES", tmp_path / "failures.log")
    c = Config()
    c.JupyterHub.template_vars = {"sign_in": 1}

    made = module.configure(c)
    made.write(failure())

    variables = deepcopy(c).JupyterHub.template_vars
    assert variables["sign_in"] == 1
    viewer = SimpleNamespace(name="ada", admin=False)
    assert variables["last_failure"](viewer)("ada", "") == failure()


def test_lines(record, path):
    """The file can be read by other programs: one object a line, the time with its zone."""
    record.write(failure(died=True))

    assert json.loads(path.read_text()) == {
        "time": "2026-05-01T10:00:03+00:00",
        "user": "ada",
        "server": "",
        "reason": "exit",
        "died": True,
        "sentence": "It ended.",
        "log": ["one", "two"],
    }
