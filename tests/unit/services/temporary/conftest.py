"""The service before a hub and a pool of a few lines."""

from __future__ import annotations

from dataclasses import dataclass, field

import aiohttp
import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer

from hubkit.auth.ledger import Ledger
from hubkit.errors import HubkitError
from hubkit.pool import control
from hubkit.pool.pool import View
from hubkit.services.temporary.api import API
from hubkit.services.temporary.ending import Ending, Limits
from hubkit.services.temporary.handing import Desk, Hub
from hubkit.services.temporary.rolling import Rolling
from hubkit.settings import Settings
from hubkit.visitors import image_names

SCOPES = {"of-an-administrator": ["admin:servers", "admin:users"], "of-ada": ["self"]}


@dataclass
class FakePool:
    """What waits, by image."""

    waiting: dict[str, int] = field(default_factory=dict)
    unsupported: str = ""
    drained: list[str] = field(default_factory=list)

    def views(self):
        return [View(image, n, n, 0, 0, self.unsupported) for image, n in self.waiting.items()]

    def drain(self, image):
        if image not in self.waiting:
            raise HubkitError("nothing waits for it")
        self.drained.append(image)
        return self.waiting[image]


async def whoami(request):
    """Answer as JupyterHub's `/user` does."""
    token = request.headers["Authorization"].removeprefix("token ")
    if token not in SCOPES:
        return web.json_response({}, status=403)
    return web.json_response({"name": "somebody", "scopes": SCOPES[token]})


@pytest.fixture
def pool():
    return FakePool()


@pytest.fixture
async def served(pool, tmp_path):
    """Return a function that starts the service with these settings, and returns a client."""
    socket, closing = tmp_path / "pool.socket", []
    app = web.Application()
    app.router.add_get("/hub/api/user", whoami)
    async with (
        TestServer(app) as hub_server,
        aiohttp.ClientSession(headers={"Authorization": "token of-the-service"}) as session,
        await control.serve(pool, socket),
    ):

        async def serve(**environ):
            env = Settings.from_env({"AUTH": "temporary", **environ})
            hub = Hub(session, str(hub_server.make_url("/hub/api")))
            ledger = Ledger(tmp_path / "visitors.sqlite", env.temporary_capacity)
            desk = Desk(hub, ledger, env, image_names(env.temporary_image))
            ending = Ending(hub, ledger, Limits(0, 0))
            api = API(desk, ending, Rolling(socket, desk), env)
            client = TestClient(TestServer(api.application()))
            await client.start_server()
            closing.append(client)
            return client

        serve.socket = socket
        yield serve
        for client in closing:
            await client.close()
