"""A warden on loopback before an engine on a unix socket, both real servers."""

from __future__ import annotations

import os
import platform

import aiohttp
import pytest
from aiohttp import web

from hubkit.settings import Settings
from hubkit.warden import mounter
from hubkit.warden.app import make_app
from hubkit.warden.client import MounterClient
from hubkit.warden.rules import Rules
from tests.unit.warden.asked import ID, MEMBER, OTHER, ROOT, VOLUME, Children

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


@pytest.fixture
def children(monkeypatch):
    made = Children()
    monkeypatch.setattr(mounter, "Children", lambda: made)
    return made


@pytest.fixture
def known(engine):
    """Return what the engine knows: path → its document."""
    own = f"/containers/{platform.node()}/json"
    found = {
        "/info": {"DockerRootDir": ROOT, "SecurityOptions": ["name=seccomp,profile=builtin"]},
        own: {"State": {"Pid": os.getpid()}},
        f"/containers/{ID}/json": MEMBER,
        "/volumes/lab-user-ada": VOLUME,
    }

    async def answer(request):
        status, document = 200, found.get(request.path)
        if isinstance(document, int):
            status, document = document, None
        elif document is None:
            status = 404
        return web.json_response(document or {"message": f"no {request.path}"}, status=status)

    for path in (*found, f"/containers/{OTHER}/json", "/volumes/none"):
        engine.answers[path] = answer
    return found


@pytest.fixture
def make_hub(known, children, serve, tmp_path):
    """Return a function that starts a mounter and returns what asks it."""

    async def make(**settings):
        env = {"COMPOSE_PROJECT_NAME": "lab", **settings}
        app = mounter.make_app(Rules.of(Settings.from_env(env)), str(tmp_path / "docker.sock"))
        path = tmp_path / "mounter.sock"
        await serve(app, lambda runner: web.UnixSite(runner, path))
        return MounterClient(path)

    return make


@pytest.fixture
async def hub(make_hub):
    return await make_hub()


@pytest.fixture
async def connector(hub, tmp_path):
    """Return what leads to the mounter without the client."""
    return aiohttp.UnixConnector(str(tmp_path / "mounter.sock"))
