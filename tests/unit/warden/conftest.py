"""A warden on loopback before an engine on a unix socket, both real servers."""

from __future__ import annotations

import pytest
from aiohttp import web

from hubkit.warden.app import make_app

TOKEN = "0123456789abcdef"
VERSION = {"Version": "26.1", "ApiVersion": "1.45", "MinAPIVersion": "1.24"}


class Engine:
    """An engine on a unix socket that remembers each request and lets a test answer some."""

    def __init__(self):
        self.asked, self.answers = [], {}

    async def answer(self, request):
        body = await request.read()
        self.asked.append((request.method, request.raw_path, dict(request.headers), body))
        path = request.path.removeprefix("/v1.45")
        if path in self.answers:
            return await self.answers[path](request)
        if path == "/_ping":
            return web.Response(text="OK")
        return web.json_response(VERSION, headers={"Docker-Experimental": "false"})


@pytest.fixture
async def serve():
    """Return a function that serves an application and stops it after the test."""
    runners = []

    async def start(app, make_site):
        runner = web.AppRunner(app, shutdown_timeout=0.1)
        await runner.setup()
        runners.append(runner)
        await make_site(runner).start()
        return runner

    yield start
    for runner in reversed(runners):
        await runner.cleanup()


@pytest.fixture
async def engine(serve, tmp_path):
    """Return an engine listening on a socket of its own."""
    made = Engine()
    app = web.Application(client_max_size=2**30)
    app.router.add_route("*", "/{path:.*}", made.answer)
    made.runner = await serve(app, lambda runner: web.UnixSite(runner, tmp_path / "docker.sock"))
    return made


@pytest.fixture
async def warden(serve, tmp_path):
    """Return the address of a warden before the socket of *engine*, which need not be there."""
    app = make_app(str(tmp_path / "docker.sock"), TOKEN)
    runner = await serve(app, lambda runner: web.TCPSite(runner, "127.0.0.1", 0))
    return f"127.0.0.1:{runner.addresses[0][1]}"
