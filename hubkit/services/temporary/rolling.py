"""The rolling drain: all that wait in the hub's pool are replaced, without a gap."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

from hubkit.pool import control
from hubkit.pool.nobody import for_visitors
from hubkit.services.temporary.handing import Desk, Refusal

UNKNOWN = "Nothing waits with the image {image!r}; there are: {known}."
NONE = "Nothing waits: {why}."
LONGEST = 128  # characters shown of what was asked


class Rolling:
    """Asks the hub's pool, as `hubkit pool drain` does.

    Args:
        path: The pool's socket.
        desk: Knows the words that stand for images.
    """

    def __init__(self, path: Path, desk: Desk):
        self._path, self._desk = path, desk

    async def drain(self, asked: str) -> dict[str, Any]:
        """Have what waits replaced, and return ``drained``: how many are.

        Args:
            asked: An image, or the word for one; "" for all images.

        Raises:
            Refusal: Nothing ever waits with this image.
            HubkitError: The hub does not answer.
        """
        found = await self._ask(do="list")
        images = [str(one["image"]) for one in found["images"]]
        if asked:
            image = self._desk.images.get(asked, asked)
            meant = [one for one in images if one in (image, for_visitors(image))]
            if not meant:
                known = ", ".join(images) or found["why"] or "none yet"
                raise Refusal(400, "image", UNKNOWN.format(image=asked[:LONGEST], known=known))
            images = meant
        answers = [await self._ask(do="drain", image=one) for one in images]
        told: dict[str, Any] = {"drained": sum(int(one["count"]) for one in answers)}
        if not told["drained"] and found["why"]:
            told["message"] = NONE.format(why=found["why"])
        return told

    async def _ask(self, **asked: Any) -> dict[str, Any]:
        return await asyncio.to_thread(control.ask, self._path, **asked)
