"""BinderHub's event stream, so that a page with thebe works unchanged.

Nothing is built: the spec in the address chooses an image whose name is that of the
repository, and gets the usual one where there is none. Phases and keys are BinderHub's
(https://binderhub.readthedocs.io/en/latest/api.html).
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from typing import Any
from urllib.parse import unquote

from aiohttp import web

from hubkit.services.temporary import asking
from hubkit.services.temporary.handing import Desk, Handed, Refusal

HEARTBEAT = 30.0  # seconds; keeps proxies from closing a silent stream
NEVER = 10**7  # milliseconds until a browser asks again by itself
HEADERS = {
    "Content-Type": "text/event-stream",
    "Cache-Control": "no-cache",
    "X-Accel-Buffering": "no",
}


class Build:
    """Streams the start of a server.

    Args:
        desk: Hands out servers.
        token: What has to be said as ``build_token`` or in a header; "" for nothing.
    """

    def __init__(self, desk: Desk, token: str):
        self._desk, self._token = desk, token

    async def stream(self, request: web.Request) -> web.StreamResponse:
        """Answer with events until the server is ready, or cannot be.

        A refusal is an event as well: a browser's EventSource reads nothing else.
        """
        asking.require(request, self._token, request.query.get("build_token", ""))
        stream = web.StreamResponse(headers=HEADERS)
        await stream.prepare(request)
        await stream.write(f"retry: {NEVER}\n\n".encode())
        beating = asyncio.ensure_future(_beat(stream))
        try:
            async for event in self._events(request):
                await stream.write(f"data: {json.dumps(event)}\n\n".encode())
        finally:
            beating.cancel()
        await stream.write_eof()
        return stream

    async def _events(self, request: web.Request) -> AsyncIterator[dict[str, Any]]:
        image = self.image(request.match_info["spec"])
        try:
            handed = await self._desk.begin(asking.address(request), image)
            shown = self._desk.images.get(image, self._desk.usual)
            yield {"phase": "built", "imageName": shown, "message": f"Found {shown}.\n"}
            yield {"phase": "launching", "message": "Launching the server…\n"}
            async for message in self._desk.follow(handed):
                yield {"phase": "launching", "message": f"{message}\n"}
        except Refusal as refusal:
            yield {"phase": "failed", "message": f"{refusal.message}\n", "status": refusal.word}
            return
        yield _ready(handed, request)

    def image(self, spec: str) -> str:
        """Return the word of the image that *spec*, such as ``org/repo/ref``, names, or ""."""
        words = [unquote(one) for one in spec.split("/")]
        return next((one for one in words if one in self._desk.images), "")


def _ready(handed: Handed, request: web.Request) -> dict[str, Any]:
    spec = f"{request.match_info['provider']}/{request.match_info['spec']}"
    return {
        "phase": "ready",
        "message": f"The server is running at {handed.url}\n",
        "url": handed.url,
        "token": handed.token,
        "image": handed.image,
        "repo_url": "",
        "binder_ref_url": "",
        "binder_launch_host": "",
        "binder_request": f"v2/{spec}",
        "binder_persistent_request": f"v2/{spec}",
    }


async def _beat(stream: web.StreamResponse) -> None:
    while True:
        await asyncio.sleep(HEARTBEAT)
        await stream.write(b":heartbeat\n\n")
