"""Place a user's certificate files into a container that was not started yet.

They lie in the container's own layer and go with it. The engine sets owner and mode, so
that the user alone can read them; no volume, label or environment ever holds them.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import PurePosixPath
from typing import Any

from hubkit.spawner.archives import Entry, packed
from hubkit.spawner.ownership import user_of

FOLDER_MODE, FILE_MODE = 0o500, 0o400


def place(client: Any, container: str, folder: PurePosixPath, files: Mapping[str, bytes]) -> None:
    """Write *files* into *folder* of *container*, readable by the image's user alone.

    Args:
        client: A ``docker.APIClient``.
        container: Id of a container that was created and not yet started.
        folder: Absolute path; made where missing.
        files: Names without a folder → content.

    Raises:
        docker.errors.APIError: The engine refused.
    """
    uid, gid = user_of(client, container)
    client.put_archive(container, str(folder.parent), archive(folder.name, files, uid, gid))


def archive(folder: str, files: Mapping[str, bytes], uid: int, gid: int) -> bytes:
    """Return a tar file of *folder* with *files* in it, owned by *uid* and *gid*."""
    files_in = [
        Entry(f"{folder}/{name}", FILE_MODE, content, uid, gid)
        for name, content in sorted(files.items())
    ]
    return packed([Entry(folder, FOLDER_MODE, None, uid, gid), *files_in])
