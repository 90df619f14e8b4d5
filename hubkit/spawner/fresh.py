"""Have the engine itself make what a container of the pool cannot get from it later.

A server that starts cold finds a new volume filled with what its image has in that place,
and a mount point where the image has none. The engine does both when it creates and starts
a container with the volume, so a container is created for it and thrown away unstarted.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import PurePosixPath
from typing import Any

from docker.errors import NotFound

from hubkit.spawner import ownership
from hubkit.spawner.archives import Entry, packed

MODE = 0o755  # of a mount point, as the engine makes it; it belongs to root


def make_volumes(  # noqa: PLR0917 (called in a thread, by position)
    client: Any,
    image: str,
    mounts: Sequence[Mapping[str, Any]],
    new_folders: Iterable[str],
    labels: Mapping[str, str],
    user: str = "",
) -> None:
    """Make the volumes of *mounts* that are missing, and fill those that are empty.

    Afterwards they are as a cold start with the same mounts would have made them.

    Args:
        client: A ``docker.APIClient``.
        image: The server's image.
        mounts: ``docker.types.Mount``s of the server.
        new_folders: Targets of those that are given to the server's user.
        labels: Of the container that is created and removed, by which one that an
            interrupted run left behind is found.
        user: Number the server runs as, where it is not the image's own; then all that the
            image put into a new volume is given as well.

    Raises:
        docker.errors.APIError: The engine refused.
    """
    folders = list(new_folders)
    with _unstarted(client, image, mounts, labels) as created:
        for folder in () if user else folders:
            ownership.give_folder(client, created, folder)
    written = [one for one in mounts if one["Type"] == "volume" and not one.get("ReadOnly")]
    for one in written if user else ():
        # Each alone: what is mounted below a volume is not given with it.
        with _unstarted(client, image, [one], labels, user=user) as created:
            new = one["Target"] in folders
            give = ownership.give_content if new else ownership.give_empty
            give(client, created, one["Target"])


@contextmanager
def _unstarted(
    client: Any,
    image: str,
    mounts: Sequence[Mapping[str, Any]],
    labels: Mapping[str, str],
    **words: str,
) -> Iterator[str]:
    host_config = client.create_host_config(mounts=list(mounts))
    common = {"command": ["true"], "labels": dict(labels), "host_config": host_config}
    created: str = client.create_container(image, **common, **words)["Id"]
    try:
        yield created
    finally:
        client.remove_container(created, v=False)


def make_mount_points(client: Any, container: str, folders: Iterable[str]) -> None:
    """Make the folders that the image lacks, for volumes that are mounted later.

    Args:
        client: A ``docker.APIClient``.
        container: Id of a container that was created and not yet started.
        folders: Absolute paths.

    Raises:
        docker.errors.APIError: The engine refused.
    """
    for folder in map(PurePosixPath, folders):
        missing = [
            path for path in (folder, *folder.parents) if not _is_there(client, container, path)
        ]
        if missing:
            existing = missing[-1].parent
            made = [Entry(str(one.relative_to(existing)), MODE) for one in reversed(missing)]
            client.put_archive(container, str(existing), packed(made))


def make_own_folder(client: Any, container: str, folder: str, taken: bool = False) -> None:
    """Make a folder in the container itself, and give it to the user the server runs as.

    Args:
        client: A ``docker.APIClient``.
        container: Id of a container that was created and not yet started.
        folder: Its absolute path; where the image has it, only its owner may change.
        taken: Whether it is also taken from another user than root.

    Raises:
        docker.errors.APIError: The engine refused.
    """
    make_mount_points(client, container, [folder])
    ownership.give_folder(client, container, folder, taken=taken)


def _is_there(client: Any, container: str, path: PurePosixPath) -> bool:
    try:
        chunks, _ = client.get_archive(container, str(path))
    except NotFound:
        return False
    chunks.close()
    return True
