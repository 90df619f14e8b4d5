"""Tar archives, as the engine takes them to place files into a container."""

from __future__ import annotations

import io
import tarfile
from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True)
class Entry:
    """A file or a folder of an archive.

    Attributes:
        name: Its path below where the archive is put.
        mode: Its permissions.
        content: Of a file; None for a folder.
        uid: Number of its owner.
        gid: Number of its group.
    """

    name: str
    mode: int
    content: bytes | None = None
    uid: int = 0
    gid: int = 0


def packed(entries: Iterable[Entry]) -> bytes:
    """Return a tar archive of *entries*, in their order."""
    with io.BytesIO() as buffer:
        with tarfile.open(fileobj=buffer, mode="w") as tar:
            for one in entries:
                info = tarfile.TarInfo(one.name)
                info.mode, info.uid, info.gid = one.mode, one.uid, one.gid
                info.size = len(one.content or b"")
                if one.content is None:
                    info.type = tarfile.DIRTYPE
                tar.addfile(info, io.BytesIO(one.content or b""))
        return buffer.getvalue()
