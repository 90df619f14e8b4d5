"""A hub that answers the requests of the service, as JupyterHub does."""

from __future__ import annotations

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from hubkit import stack
from hubkit.services import hubapi

TOKEN = "a1b2"


class FakeHub:
    """Users with servers and tokens.

    Attributes:
        users: Name → the names of active servers → what each is pending, or None.
        tokens: Name → ids of tokens.
        refuses: How many requests to stop each server is answered 500, as a start that
            is interrupted is.
        asked: Method and path of each request but those that list tokens.
    """

    def __init__(self):
        self.users, self.tokens, self.refuses, self.asked = {}, {}, {}, []
        self.status, self.never_stop = 0, set()

    def app(self):
        app = web.Application(middlewares=[self._checked])
        app.router.add_get("/hub/api/users", self.list_users)
        app.router.add_delete("/hub/api/users/{name}/server", self.stop)
        app.router.add_delete("/hub/api/users/{name}/servers/{server}", self.stop)
        app.router.add_get("/hub/api/users/{name}/tokens", self.list_tokens)
        app.router.add_delete("/hub/api/users/{name}/tokens/{id}", self.delete_token)
        return app

    @web.middleware
    async def _checked(self, request, handler):
        assert request.headers["Authorization"] == f"token {TOKEN}"
        self.asked.append(f"{request.method} {request.rel_url.raw_path}")
        if self.status:
            return web.Response(status=self.status)
        return await handler(request)

    async def list_users(self, request):
        assert request.headers["Accept"] == hubapi.PAGINATED["Accept"]
        offset, limit = int(request.query["offset"]), int(request.query["limit"])
        active = request.query.get("state") == "active"
        names = [name for name, servers in self.users.items() if servers or not active]
        items = [
            {
                "name": name,
                "admin": name == "boss",
                "servers": {key: {"pending": value} for key, value in self.users[name].items()},
            }
            for name in names[offset : offset + limit]
        ]
        more = {"offset": offset + limit} if offset + limit < len(names) else None
        return web.json_response({"items": items, "_pagination": {"next": more}})

    async def stop(self, request):
        name, server = request.match_info["name"], request.match_info.get("server", "")
        if self.refuses.get((name, server), 0):
            self.refuses[name, server] -= 1
            return web.Response(status=500)
        if (name, server) not in self.never_stop:
            self.users[name].pop(server, None)
        return web.Response(status=204)

    async def list_tokens(self, request):
        self.asked.pop()
        name = request.match_info["name"]
        if name not in self.users:
            return web.json_response({}, status=404)
        return web.json_response({"api_tokens": [{"id": one} for one in self.tokens.get(name, [])]})

    async def delete_token(self, request):
        tokens = self.tokens.get(request.match_info["name"], [])
        if request.match_info["id"] not in tokens:
            return web.json_response({}, status=404)
        if request.match_info["id"].startswith("oauth"):
            tokens[:] = [one for one in tokens if not one.startswith("oauth")]
        else:
            tokens.remove(request.match_info["id"])
        return web.Response(status=204)


@pytest.fixture
def fake():
    return FakeHub()


@pytest.fixture
async def hub(fake, tmp_path, monkeypatch):
    """Return the hub's API as the service sees it."""
    monkeypatch.setattr(stack, "SERVICE_TOKEN", tmp_path / "service-token")
    stack.SERVICE_TOKEN.write_text(f"{TOKEN}\n")
    async with (
        TestServer(fake.app()) as server,
        hubapi.connected(str(server.make_url("/hub/api"))) as hub,
    ):
        yield hub
