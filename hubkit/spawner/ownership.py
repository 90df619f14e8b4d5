"""Give a brand-new volume to the user its server runs as.

Docker makes the mount point of a new volume root's when the image has no such folder,
and a server without capabilities could then never write to it. The folder's owner is
set through the engine's archive calls, before the container is started.
"""

from __future__ import annotations

import io
import tarfile
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import PurePosixPath
from typing import IO, Any

from hubkit import stack
from hubkit.spawner.archives import Entry, packed

DIRECTORY_MODE = 0o755


def give_folder(client: Any, container: str, folder: str, *, taken: bool = False) -> None:
    """Make the container's user the owner of *folder* if root is.

    Args:
        client: A ``docker.APIClient``.
        container: Id of a container that was created and not yet started.
        folder: Absolute path of a mounted volume nobody has written to.
        taken: Whether it is also taken from anybody else, whom the image gave it to.

    Raises:
        docker.errors.APIError: The engine refused.
    """
    uid, gid = user_of(client, container)
    first = _first(client, container, folder) if uid else None
    if first is None or first.uid == uid or (first.uid and not taken):
        return
    path, mode = PurePosixPath(folder), first.mode & 0o7777 if first.uid else DIRECTORY_MODE
    client.put_archive(
        container, str(path.parent), packed([Entry(path.name, mode, None, uid, gid)])
    )


def give_empty(client: Any, container: str, folder: str) -> None:
    """Make the container's user the owner of *folder* again where nothing is in it.

    The engine gives an empty volume to the image's user whenever it creates a container.

    Args:
        client: A ``docker.APIClient``.
        container: Id of a container that was created and not yet started.
        folder: Absolute path of a mounted volume.

    Raises:
        docker.errors.APIError: The engine refused.
    """
    uid, gid = user_of(client, container)
    with _archive(client, container, folder) as tar:
        first, second = tar.next(), tar.next()
    if first is None or second is not None or first.uid in {0, uid}:
        return
    path = PurePosixPath(folder)
    sent = packed([Entry(path.name, first.mode & 0o7777, None, uid, gid)])
    client.put_archive(container, str(path.parent), sent)


def give_content(client: Any, container: str, folder: str) -> None:
    """Make the container's user the owner of *folder* and of all in it that has its owner.

    Args:
        client: A ``docker.APIClient``.
        container: Id of a container that was created and not yet started, in which nothing
            but volumes nobody has written to is mounted: all in *folder* is written anew.
        folder: Absolute path of one of them.

    Raises:
        docker.errors.APIError: The engine refused.
    """
    uid, gid = user_of(client, container)
    former = _first(client, container, folder).uid
    if uid in {0, former}:
        return
    # A hub's /tmp is in its memory.
    with tempfile.TemporaryFile(dir=stack.DATA if stack.DATA.is_dir() else None) as kept:
        with _archive(client, container, folder) as given:
            _rewrite(given, kept, former, (uid, gid))
        kept.seek(0)
        client.put_archive(container, str(PurePosixPath(folder).parent), kept)


def _rewrite(given: tarfile.TarFile, kept: IO[bytes], former: int, owner: tuple[int, int]) -> None:
    with tarfile.open(fileobj=kept, mode="w") as written:
        for entry in given:
            if entry.uid == former:
                entry.uid, entry.gid = owner
                entry.uname = entry.gname = ""
            written.addfile(entry, given.extractfile(entry) if entry.isreg() else None)


def user_of(client: Any, container: str) -> tuple[int, int]:
    """Return the numeric user and group that *container* runs as."""
    user = client.inspect_container(container)["Config"]["User"]
    return owner(user, _file(client, container, "/etc/passwd") if user else "")


def owner(user: str, passwd: str) -> tuple[int, int]:
    """Return the numeric user and group of an image's ``USER``.

    Args:
        user: ``""``, ``name``, ``uid``, ``name:group`` or ``uid:gid``; a group given by
            name is read as the user's own group.
        passwd: Text of the image's ``/etc/passwd``.
    """
    name, _, group = user.partition(":")
    for line in passwd.splitlines():
        fields = line.split(":")
        if len(fields) > 3 and name in (fields[0], fields[2]):
            return int(fields[2]), int(group) if group.isdigit() else int(fields[3])
    uid = int(name) if name.isdigit() else 0
    return uid, int(group) if group.isdigit() else 0


@contextmanager
def _archive(client: Any, container: str, path: str) -> Iterator[tarfile.TarFile]:
    """Read what the engine sends of *path* as it comes: a home may be large."""
    chunks = client.get_archive(container, path)[0]
    try:
        with tarfile.open(fileobj=_Stream(chunks), mode="r|") as tar:
            yield tar
    finally:
        chunks.close()


class _Stream(io.RawIOBase):
    """Chunks of bytes as a file that is read once."""

    def __init__(self, chunks: Iterator[bytes]):
        self._chunks, self._rest = chunks, b""

    def readable(self) -> bool:
        return True

    def read(self, size: int = -1) -> bytes:
        while not 0 <= size <= len(self._rest):
            chunk = next(self._chunks, b"")
            if not chunk:
                break
            self._rest += chunk
        size = len(self._rest) if size < 0 else size
        found, self._rest = self._rest[:size], self._rest[size:]
        return found


def _first(client: Any, container: str, path: str) -> tarfile.TarInfo:
    with _archive(client, container, path) as tar:
        entry = tar.next()
    if entry is None:
        raise FileNotFoundError(path)
    return entry


def _file(client: Any, container: str, path: str) -> str:
    with _archive(client, container, path) as tar:
        entry = tar.next()
        content = tar.extractfile(entry) if entry else None
        return content.read().decode("utf-8", "replace") if content else ""
