"""A proxy of a few lines inside the hub's process, for hubs that need no Docker engine."""

from __future__ import annotations

import asyncio
import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import aiohttp
from aiohttp import web
from jupyterhub.proxy import Proxy

HOP = {"connection", "keep-alive", "transfer-encoding", "upgrade", "content-encoding"}
HOP |= {"content-length"}


class TinyProxy(Proxy):
    """Forwards by the longest path that fits; no websockets."""

    should_start = True
    file: Path  # where the routes are written down for the test
    used: Path  # a file of a user's name in this folder says when their server was used

    def __init__(self, **extra: Any):
        super().__init__(**extra)
        self.routes: dict[str, dict[str, Any]] = {}

    async def start(self) -> None:
        application = web.Application(client_max_size=2**24)
        application.router.add_route("*", "/{path:.*}", self._forward)
        runner = web.AppRunner(application, access_log=None)
        await runner.setup()
        here = urlsplit(self.public_url)
        await web.TCPSite(runner, here.hostname, here.port).start()
        self._client = aiohttp.ClientSession(auto_decompress=False)

    def stop(self) -> None:
        asyncio.ensure_future(self._client.close())  # noqa: RUF006 (the hub ends)

    async def add_route(self, routespec: str, target: str, data: dict[str, Any]) -> None:
        self.routes[routespec] = {"routespec": routespec, "target": target, "data": data}
        self.file.write_text(json.dumps(sorted(self.routes)))

    async def delete_route(self, routespec: str) -> None:
        self.routes.pop(routespec, None)
        self.file.write_text(json.dumps(sorted(self.routes)))

    async def get_all_routes(self) -> dict[str, dict[str, Any]]:
        for route in self.routes.values():
            used = self.used / str(route["data"].get("user"))
            if used.is_file():
                when = datetime.fromtimestamp(used.stat().st_mtime, UTC)
                route["data"]["last_activity"] = when.isoformat()
        return self.routes

    async def _forward(self, request: web.Request) -> web.StreamResponse:
        fits = [spec for spec in self.routes if f"{request.path}/".startswith(spec)]
        target = urlsplit(self.routes[max(fits, key=len)]["target"])
        url = f"{target.scheme}://{target.netloc}{request.raw_path}"
        headers = {name: value for name, value in request.headers.items() if name != "Connection"}
        body = await request.read()
        options: dict[str, Any] = {"headers": headers, "data": body, "allow_redirects": False}
        async with self._client.request(request.method, url, **options) as answer:
            kept = [(key, value) for key, value in answer.headers.items() if key.lower() not in HOP]
            made = web.StreamResponse(status=answer.status)
            for key, value in kept:
                made.headers.add(key, value)
            await made.prepare(request)
            async for chunk in answer.content.iter_any():
                await made.write(chunk)
            await made.write_eof()
            return made
