"""A registry whose images never arrive: a layer begins, and no further byte comes."""

from __future__ import annotations

import asyncio
import hashlib
import json
from typing import Self

from aiohttp import web

LAYER_BYTES = 50_000_000
SOME = b"\x1f\x8b\x08\x00" + bytes(1020)
TYPE = "application/vnd.docker.distribution.manifest.v2+json"


def _digest(content: bytes) -> str:
    return f"sha256:{hashlib.sha256(content).hexdigest()}"


class HangingRegistry:
    """Serves one image on loopback, which the engine speaks plain HTTP with."""

    def __init__(self) -> None:
        layers = {"type": "layers", "diff_ids": [_digest(b"never")]}
        self._config = json.dumps({"architecture": "amd64", "os": "linux", "rootfs": layers})
        manifest = {
            "schemaVersion": 2,
            "mediaType": TYPE,
            "config": {
                "mediaType": "application/vnd.docker.container.image.v1+json",
                "size": len(self._config),
                "digest": _digest(self._config.encode()),
            },
            "layers": [
                {
                    "mediaType": "application/vnd.docker.image.rootfs.diff.tar.gzip",
                    "size": LAYER_BYTES,
                    "digest": _digest(b"never arrives"),
                }
            ],
        }
        self._manifest = json.dumps(manifest).encode()
        self._let_go = asyncio.Event()
        self.asked = asyncio.Event()

    async def __aenter__(self) -> Self:
        app = web.Application()
        app.router.add_get("/v2/", self._root)
        app.router.add_get("/v2/{name}/manifests/{reference}", self._image)
        app.router.add_get("/v2/{name}/blobs/{digest}", self._blob)
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=1)
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", 0)
        await site.start()
        self.image = f"127.0.0.1:{self._runner.addresses[0][1]}/never:1"
        return self

    async def __aexit__(self, *error: object) -> None:
        self.let_go()
        await self._runner.cleanup()

    def hang(self) -> None:
        """Let what is pulled from now on hang."""
        self._let_go.clear()
        self.asked.clear()

    def let_go(self) -> None:
        """End all pulls, with an error."""
        self._let_go.set()

    async def _root(self, _: web.Request) -> web.Response:
        return web.Response()

    async def _image(self, _: web.Request) -> web.Response:
        if self._let_go.is_set():
            raise web.HTTPNotFound
        headers = {"Content-Type": TYPE, "Docker-Content-Digest": _digest(self._manifest)}
        return web.Response(body=self._manifest, headers=headers)

    async def _blob(self, request: web.Request) -> web.StreamResponse:
        if self._let_go.is_set():
            raise web.HTTPNotFound
        if request.match_info["digest"] == _digest(self._config.encode()):
            return web.Response(body=self._config.encode())
        answer = web.StreamResponse(headers={"Content-Length": str(LAYER_BYTES)})
        await answer.prepare(request)
        await answer.write(SOME)
        self.asked.set()
        await self._let_go.wait()
        if request.transport:
            request.transport.abort()
        return answer
