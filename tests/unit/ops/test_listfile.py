"""The file is edited whole or not at all, and stays the file it was."""

from __future__ import annotations

import errno
import os
import stat
from concurrent.futures import ThreadPoolExecutor
from time import sleep

import pytest

from hubkit import listing
from hubkit.errors import ConfigError, HubkitError
from hubkit.listing import Difference
from hubkit.ops import listfile

WORDS = "scripts/hubkit.sh users add"


@pytest.fixture
def path(tmp_path):
    made = tmp_path / "userlist"
    made.write_text("ada admin\n")
    made.chmod(0o644)
    return made


def add(name):
    return lambda text: listing.add(text, {name: False})


def test_edit(path):
    """The change is written, the mode kept, and nothing left beside it."""
    path.chmod(0o664)

    assert listfile.edit(path, add("lin"), WORDS) == Difference(added=("lin",))

    assert path.read_text() == "ada admin\nlin\n"
    assert stat.S_IMODE(path.stat().st_mode) == 0o664
    assert [one.name for one in path.parent.iterdir()] == ["userlist"]


def test_line_ends_and_marks_stay(path):
    """Bytes that are not about the change stay."""
    path.write_bytes(b"\xef\xbb\xbfada admin\r\n")

    listfile.edit(path, add("lin"), WORDS)

    assert path.read_bytes() == b"\xef\xbb\xbfada admin\r\nlin\r\n"


def test_no_change(path):
    """Where nothing changes the file is not written."""
    before = path.stat()

    assert listfile.edit(path, add("Ada"), WORDS) == Difference()

    assert path.stat() == before


def test_a_link_stays_one(path, tmp_path):
    """The file a link leads to is edited."""
    link = tmp_path / "link"
    link.symlink_to("userlist")

    listfile.edit(link, add("lin"), WORDS)

    assert link.is_symlink()
    assert path.read_text() == "ada admin\nlin\n"


@pytest.mark.parametrize(
    "content",
    [
        pytest.param("ada admin\na/b\n", id="a wrong line"),
        pytest.param("ada\n", id="no administrator"),
    ],
)
def test_a_wrong_file(path, content):
    """A file that is wrong already is not edited; what is wrong is said."""
    path.write_text(content)

    with pytest.raises(ConfigError, match=r"^1 problem \(nothing was changed\)"):
        listfile.edit(path, add("lin"), WORDS)

    assert path.read_text() == content


def test_no_file(path):
    """A file that is not there is not made."""
    path.unlink()

    with pytest.raises(ConfigError, match="no such file"):
        listfile.edit(path, add("lin"), WORDS)

    assert not path.exists()


def test_a_failure_leaves_the_file(path, monkeypatch):
    """A full disk leaves the old list, whole."""

    def full(_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)

    with pytest.raises(HubkitError, match="No space left on device"):
        listfile.edit(path, add("lin"), WORDS)

    assert path.read_text() == "ada admin\n"
    assert [one.name for one in path.parent.iterdir()] == ["userlist"]


def test_elsewhere(tmp_path):
    """Where no checkout is, what to type on the host is said."""
    with pytest.raises(HubkitError, match=f"on the hub's machine: {WORDS}$"):
        listfile.edit(tmp_path / "kit" / "userlist", add("lin"), WORDS)


def test_two_at_once(path):
    """Of two edits at the same time none is lost."""

    def slowly(name):
        def change(text):
            sleep(0.2)
            return listing.add(text, {name: False})

        return listfile.edit(path, change, WORDS)

    with ThreadPoolExecutor() as pool:
        done = list(pool.map(slowly, ["lin", "grace"]))

    assert sorted(path.read_text().split()) == ["ada", "admin", "grace", "lin"]
    assert {one.added for one in done} == {("lin",), ("grace",)}


def test_no_locks(path, monkeypatch):
    """Where the file system has no locks the list is edited all the same."""

    def none(*_):
        raise OSError(errno.ENOLCK, "No locks available")

    monkeypatch.setattr(listfile.fcntl, "flock", none)

    assert listfile.edit(path, add("lin"), WORDS) == Difference(added=("lin",))
