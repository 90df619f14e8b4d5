"""The system calls that need no rights."""

from __future__ import annotations

import errno
import os

import pytest

from hubkit.warden import syscalls


@pytest.fixture
def root(tmp_path):
    """Return a descriptor of a folder with a folder, a file and links in it."""
    (tmp_path / "root" / "a" / "b").mkdir(parents=True)
    (tmp_path / "outside").mkdir()
    (tmp_path / "root" / "file").touch()
    (tmp_path / "root" / "link").symlink_to("a")
    (tmp_path / "root" / "away").symlink_to(tmp_path / "outside")
    descriptor = os.open(tmp_path / "root", syscalls.FOLDER)
    yield descriptor
    os.close(descriptor)


@pytest.mark.parametrize("path", ["/a/b", "a/b", "/../../a/./b"])
def test_found(root, tmp_path, path):
    """A path is one within the root, and ``..`` does not lead out of it."""
    found = syscalls.open_within(root, path)

    assert os.path.samestat(os.fstat(found), (tmp_path / "root" / "a" / "b").stat())
    os.close(found)


@pytest.mark.parametrize(
    ("path", "code"),
    [
        ("/link", errno.ELOOP),
        ("/link/b", errno.ELOOP),
        ("/away", errno.ELOOP),
        ("/none", errno.ENOENT),
        ("/../outside", errno.ENOENT),
        ("/file", errno.ENOTDIR),
        ("/file/x", errno.ENOTDIR),
    ],
)
def test_not_found(root, path, code):
    """No link is followed, not even one that stays within."""
    with pytest.raises(OSError, match=r"Errno") as caught:
        syscalls.open_within(root, path)

    assert caught.value.errno == code
