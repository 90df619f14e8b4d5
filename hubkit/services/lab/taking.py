"""How files come out of an image: through a container that is made and never started."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import IO, Any

from docker.errors import APIError, NotFound

from hubkit.pool.spares import Engine
from hubkit.services.lab.store import NoFiles
from hubkit.spawner import removing
from hubkit.spawner.labels import FILES

NO_FOLDER = "not a directory"
NEVER_RUN = "hubkit-files"  # in place of a command; an image need not have one


class Taker:
    """Takes folders out of images.

    Args:
        engine: Has the images.
        project: The hub's project, on the containers.
    """

    def __init__(self, engine: Engine, project: str):
        self._engine, self._project = engine, project

    async def tidy(self) -> None:
        """Remove containers an earlier run of the hub left."""
        marks = {"label": f"{FILES}={self._project}"}
        for one in await self._engine.docker("containers", all=True, filters=marks):
            await removing.remove(self._engine, one["Id"])

    async def identity(self, image: str) -> str:
        """Return the image's id; nothing if it is not there, or not yet.

        Raises:
            docker.errors.APIError: The engine refused.
        """
        try:
            return str((await self._engine.docker("inspect_image", image))["Id"])
        except NotFound:
            return ""

    async def take(self, identity: str, folders: Sequence[str], into: IO[bytes]) -> str:
        """Write the first of *folders* that is there as a tar archive, and return which it is.

        Args:
            identity: The image's.
            folders: Absolute paths in it.
            into: A file.

        Raises:
            NoFiles: None is there.
            docker.errors.APIError: The engine refused.
        """
        words = {"command": [NEVER_RUN], "labels": {FILES: self._project}}
        made = await self._engine.docker(
            "create_container", identity, network_disabled=True, **words
        )
        try:
            for folder in folders:
                # The point leads through a link to what it is about.
                given = (_copy, self._engine.client, made["Id"], f"{folder}/.", into)
                if await self._engine.asking("get_archive", *given):
                    return folder
        finally:
            await asyncio.shield(removing.remove(self._engine, made["Id"]))
        raise NoFiles(f"{' or '.join(folders)} is not in it")


def _copy(client: Any, container: str, path: str, into: IO[bytes]) -> bool:
    """Return whether *path* is a folder in *container*, copied *into* a file."""
    try:
        chunks, _ = client.get_archive(container, path)
    except NotFound:
        return False
    except APIError as error:
        # Of a path through a file the engine says so with the status 500.
        if error.is_client_error() or NO_FOLDER in str(error):
            return False
        raise
    for chunk in chunks:
        into.write(chunk)
    into.seek(0)
    return True
