"""Edit the file `userlist`: one edit after the other, each whole or not at all.

Mode and owner stay as they were.
"""

from __future__ import annotations

import errno
import fcntl
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from hubkit.errors import ConfigError, HubkitError
from hubkit.listing import UNCHANGED, Difference
from hubkit.userlist import Userlist

# Of a file system that locks no folders, as some over the network do not.
NO_LOCKS = {errno.EBADF, errno.ENOLCK, errno.ENOTSUP, errno.ENOSYS}
ELSEWHERE = "the userlist cannot be written in here; on the hub's machine: {words}"


def edit(path: Path, change: Callable[[str], str], words: str) -> Difference:
    """Replace what the file at *path* says by what *change* makes of it.

    Args:
        path: The userlist.
        change: Returns the new text for the old.
        words: What to run where the file can be written, for the message if it cannot here.

    Raises:
        ConfigError: The file is wrong, or would be; nothing was changed.
        HubkitError: The file cannot be written.
    """
    if not path.parent.is_dir():
        raise HubkitError(ELSEWHERE.format(words=words))
    try:
        with _alone(path.resolve().parent):
            return _edit(path, change)
    except ConfigError as error:
        raise ConfigError(error.problems, UNCHANGED) from None
    except OSError as error:
        said = ELSEWHERE.format(words=words)
        raise HubkitError(f"{path}: {error.strerror}; {said}") from error


def _edit(path: Path, change: Callable[[str], str]) -> Difference:
    before = Userlist.read(path)
    text = path.read_bytes().decode("utf-8")
    changed = change(text)
    after = Userlist.parse(changed)
    if changed != text:
        replace(path.resolve(), changed.encode("utf-8"))
    return Difference.between(before, after)


@contextmanager
def _alone(folder: Path) -> Iterator[None]:
    """Wait until nobody else edits a file in *folder*.

    The folder is locked because the file itself is replaced by every edit.
    """
    opened = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        try:
            fcntl.flock(opened, fcntl.LOCK_EX)
        except OSError as error:
            if error.errno not in NO_LOCKS:
                raise
        yield
    finally:
        os.close(opened)


def replace(path: Path, content: bytes) -> None:
    """Let the file at *path* hold *content*, in one step; mode and owner stay.

    Raises:
        OSError: It is not there, or cannot be written; it is as it was.
    """
    part = path.with_name(f".{path.name}.part")
    part.unlink(missing_ok=True)
    was = path.stat()
    try:
        with part.open("xb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        if os.geteuid() == 0:
            os.chown(part, was.st_uid, was.st_gid)
        part.chmod(was.st_mode & 0o7777)
        part.rename(path)
    finally:
        part.unlink(missing_ok=True)
