"""Sees to it that what is laid out are the files of today's images."""

from __future__ import annotations

import asyncio
import hashlib
import logging
from collections.abc import Sequence
from tarfile import TarError
from typing import Protocol

from hubkit.services.lab.store import NoFiles, Store
from hubkit.services.lab.taking import Taker

log = logging.getLogger("tornado.application")  # JupyterHub's own takes it in

FIRST = 10.0  # seconds after the hub is up; its services and the pool come first
LOOK = 30.0  # seconds between two looks at which images there are


class Guest(Protocol):
    """Somebody who starts a server."""

    @property
    def images(self) -> Sequence[str]:
        """The images offered to them."""


class Offered:
    """The images of several guests, each once.

    Args:
        guests: Those who are asked.
    """

    def __init__(self, guests: Sequence[Guest]):
        self._guests = guests

    @property
    def images(self) -> Sequence[str]:
        """The images offered to anybody."""
        return tuple(dict.fromkeys(image for one in self._guests for image in one.images))


class Keeper:
    """Takes the files of images that have not been seen, and forgets those not used any more.

    Args:
        store: Where they are laid out.
        taker: Takes them.
        source: Says which images there are.
        folders: Where in an image they may be; none at all lays out nothing.
    """

    def __init__(self, store: Store, taker: Taker, source: Guest, folders: Sequence[str]):
        self._store, self._taker, self._source = store, taker, source
        self._folders = folders
        self._refused: set[str] = set()
        self._trouble = ""

    async def run(self) -> None:
        """Keep it so until cancelled. Nothing that goes wrong here is more than slower pages."""
        begun = False
        await asyncio.sleep(FIRST)
        while True:
            try:
                if not begun:
                    await asyncio.to_thread(self._store.tidy)
                    await self._taker.tidy()
                    begun = True
                await self.look()
                self._trouble = ""
            except Exception as error:  # noqa: BLE001 (servers give out their files themselves)
                self._say(f"{type(error).__name__}: {error}")
            await asyncio.sleep(LOOK)

    def _say(self, trouble: str) -> None:
        if trouble != self._trouble:
            log.warning("JupyterLab's files are laid out later: %s", trouble)
        self._trouble = trouble

    async def look(self) -> None:
        """Take what is missing, and give out what is there.

        Raises:
            OSError: The volume cannot be written.
            docker.errors.APIError: The engine refused.
        """
        keys = []
        for image in self._source.images if self._folders else ():
            identity = await self._taker.identity(image)
            if identity:
                keys.append(await self._learn(image, identity))
        await asyncio.to_thread(self._store.serve, keys)

    async def _learn(self, image: str, identity: str) -> str:
        """Return the key of an image, whose files are there by then if it has any."""
        key = hashlib.sha256(" ".join([identity, *self._folders]).encode()).hexdigest()[:16]
        if key in self._refused or self._store.has(key):
            return key
        with self._store.spool() as archive:
            try:
                folder = await self._taker.take(identity, self._folders, archive)
                found = await asyncio.to_thread(self._store.put, key, archive)
            except (NoFiles, TarError) as refused:
                self._refused.add(key)
                self._refuse(image, refused)
            else:
                log.info("The edge gives out %s files of %s in %s", found, folder, image)
        return key

    def _refuse(self, image: str, refused: Exception) -> None:
        one = self._folders[0] if len(self._folders) == 1 else "auto"
        log.error(
            "STATIC_FILES=%s: nothing of %s is given out by the edge: %s. Its servers do it "
            "themselves. Write the folder of JupyterLab's files in this image, or off.",
            *(one, image, refused),
        )
