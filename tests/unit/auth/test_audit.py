"""What is written down about sign-ins, and how it is kept from growing."""

from __future__ import annotations

import json
import time
from datetime import UTC, datetime, timedelta

import pytest

from hubkit.auth import audit as module
from hubkit.auth.audit import Audit, shortened


@pytest.fixture
def path(tmp_path):
    return tmp_path / "sign-ins.log"


@pytest.fixture
def audit(path):
    return Audit(path)


def lines(path):
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def test_write(audit, path):
    """A line says who, from where, by which way, how it ended and why."""
    audit.write("refused", name="ada", address="1.2.3.4", way="github", reason="no")
    audit.write("signed-in", name="ada", address="1.2.3.4", way="native")

    first, second = lines(path)
    when = datetime.fromisoformat(first.pop("time"))
    assert abs(datetime.now(UTC) - when) < timedelta(minutes=1)
    assert first == {
        "result": "refused",
        "name": "ada",
        "address": "1.2.3.4",
        "way": "github",
        "reason": "no",
    }
    assert set(second) == {"time", "result", "name", "address", "way"}


def test_nothing_until_somebody_comes(audit, path):
    """No file is made before there is a line."""
    assert not path.exists()


@pytest.mark.parametrize("name", ['a"b', "a\nb", "a\\", "åsa", "%s", "a\x00b", "\u2028"])
def test_names_do_not_forge_lines(audit, path, name):
    """Whatever is typed as a name is one field of one line."""
    audit.write("failed", name=name, address="", way="native")

    [line] = lines(path)
    assert line["name"] == name


def test_long_names_are_cut(audit, path):
    """A megabyte of a name leaves a few letters."""
    audit.write("failed", name="x" * 2**20, address="", way="native")

    assert path.stat().st_size < 300
    assert lines(path)[0]["name"] == f"{'x' * 64}… (1048576 characters)"
    assert shortened("x" * 64) == "x" * 64


def test_it_does_not_fill_the_disk(tmp_path, path, monkeypatch):
    """Old lines go; the newest are there."""
    monkeypatch.setattr(module, "LARGEST", 1000)
    audit = Audit(path)
    for number in range(200):
        audit.write("failed", name=str(number), address="1.2.3.4", way="native")

    files = sorted(tmp_path.iterdir())
    assert len(files) == module.KEPT + 1
    assert sum(file.stat().st_size for file in files) <= 1000 * len(files)
    assert lines(path)[-1]["name"] == "199"


def test_an_open_page_is_one_line_a_minute(audit, path, monkeypatch):
    """The end of a session is written once, however often its page asks again."""
    now = 1000.0
    monkeypatch.setattr(time, "monotonic", lambda: now)
    for _ in range(50):
        audit.write("ended", name="ada", address="1.2.3.4", way="native")
    audit.write("ended", name="grace", address="1.2.3.4", way="native")
    now += module.ONCE_IN
    audit.write("ended", name="ada", address="1.2.3.4", way="native")

    assert [line["name"] for line in lines(path)] == ["ada", "grace", "ada"]
