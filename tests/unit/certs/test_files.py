"""Files are whole or not there, private, and of one generation."""

from __future__ import annotations

import os
import stat
import threading
from pathlib import Path

import pytest

from hubkit.certs import files


def mode(path):
    return stat.S_IMODE(path.stat().st_mode)


@pytest.fixture(autouse=True)
def open_umask():
    """Whoever calls may have any umask."""
    before = os.umask(0)
    yield
    os.umask(before)


def test_modes(tmp_path):
    """Nobody else may read a file or look into a folder."""
    files.replace_folder(tmp_path / "a" / "ada", {"key.pem": b"k"}, tmp_path / "a" / "old" / "ada")

    assert mode(tmp_path / "a") == mode(tmp_path / "a" / "ada") == 0o700
    assert mode(tmp_path / "a" / "ada" / "key.pem") == 0o600


def test_write_replaces(tmp_path):
    """A file is replaced, also where an earlier run left a piece of one."""
    (tmp_path / "f").write_bytes(b"old")
    (tmp_path / ".f.part").write_bytes(b"half")

    files.write(tmp_path / "f", b"new")

    assert [(path.name, path.read_bytes()) for path in tmp_path.iterdir()] == [("f", b"new")]


def test_write_fails_whole(tmp_path, monkeypatch):
    """A disk that is full leaves the old file and no half one."""
    (tmp_path / "f").write_bytes(b"old")
    monkeypatch.setattr(os, "fsync", refuse)

    with pytest.raises(OSError, match="No space"):
        files.write(tmp_path / "f", b"new")

    assert [(path.name, path.read_bytes()) for path in tmp_path.iterdir()] == [("f", b"old")]


def refuse(*args):
    raise OSError(28, "No space left on device")


def test_folder_keeps_one_backup(tmp_path):
    """The generation before the present one is kept, older ones are not."""
    folder, keep = tmp_path / "ada", tmp_path / ".previous" / "ada"
    for content in (b"1", b"2", b"3"):
        files.replace_folder(folder, {"key.pem": content}, keep)

    assert (folder / "key.pem").read_bytes() == b"3"
    assert (keep / "key.pem").read_bytes() == b"2"
    assert sorted(path.name for path in tmp_path.iterdir()) == [".previous", "ada"]


def test_folder_fails_whole(tmp_path, monkeypatch):
    """If the new files cannot be written, the old ones are in place and nothing is left over."""
    folder, keep = tmp_path / "ada", tmp_path / ".previous" / "ada"
    files.replace_folder(folder, {"key.pem": b"1"}, keep)
    monkeypatch.setattr(os, "fsync", refuse)

    with pytest.raises(OSError, match="No space"):
        files.replace_folder(folder, {"key.pem": b"2"}, keep)

    assert [path.name for path in tmp_path.iterdir()] == ["ada"]
    assert (folder / "key.pem").read_bytes() == b"1"


def test_folder_comes_back(tmp_path, monkeypatch):
    """If the new folder cannot be moved into place, the old one is there again."""
    folder, keep = tmp_path / "ada", tmp_path / ".previous" / "ada"
    files.replace_folder(folder, {"key.pem": b"1"}, keep)
    rename = Path.rename

    def fails(path, target):
        if path.name == ".ada.part":
            raise OSError(5, "Input/output error")
        return rename(path, target)

    monkeypatch.setattr(Path, "rename", fails)
    with pytest.raises(OSError, match="Input"):
        files.replace_folder(folder, {"key.pem": b"2"}, keep)

    assert (folder / "key.pem").read_bytes() == b"1"


def test_remove(tmp_path):
    """A folder is gone with all it held; one that is not there is no error."""
    (tmp_path / "ada").mkdir()
    (tmp_path / "ada" / "key.pem").touch()

    files.remove(tmp_path / "ada")
    files.remove(tmp_path / "ada")

    assert not list(tmp_path.iterdir())


def hold(folder, log):
    with files.locked(folder):
        log.append("in")


def test_one_at_a_time(tmp_path):
    """A second command waits until the first is done."""
    log = []
    other = threading.Thread(target=hold, args=(tmp_path / "secrets", log))
    with files.locked(tmp_path / "secrets"):
        other.start()
        other.join(0.3)
        assert other.is_alive()
        assert not log
    other.join(10)

    assert log == ["in"]
