"""The API: tmpnb's addresses and answers, and BinderHub's event stream."""

from __future__ import annotations

import logging
import sqlite3
from collections.abc import Awaitable, Callable
from importlib import resources
from typing import Any

from aiohttp import web
from prometheus_client import CONTENT_TYPE_LATEST

from hubkit import framing
from hubkit.errors import HubkitError
from hubkit.services.temporary import asking, numbers, openapi
from hubkit.services.temporary.crossing import Crossing, preflight
from hubkit.services.temporary.ending import Ending
from hubkit.services.temporary.handing import SILENT, Desk, Refusal
from hubkit.services.temporary.rolling import Rolling
from hubkit.services.temporary.streaming import Build
from hubkit.settings import Settings
from hubkit.visitors import is_visitor

PREFIX = "/services/temporary"
OFF = "This hub is used by its API only; there are no pages."
NOBODY = "There is no such visitor."
STOPPING = "The server is still stopping; ask again in a moment."
POLICY = "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'"
TYPES = {"info.html": "text/html", "info.js": "text/javascript", "info.css": "text/css"}

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]
log = logging.getLogger("hubkit.temporary")


class API:
    """What is answered under which address.

    Args:
        desk: Hands out servers.
        ending: Ends visits.
        rolling: Replaces what waits.
        env: The settings.
    """

    def __init__(self, desk: Desk, ending: Ending, rolling: Rolling, env: Settings):
        self._desk, self._ending, self._rolling, self._env = desk, ending, rolling, env
        self._crossing = Crossing(env.cors_origins, env.public_url.rstrip("/"))
        self._build = Build(desk, env.temporary_api_token)

    def application(self) -> web.Application:
        """Return the application, at tmpnb's addresses and below `PREFIX`."""
        made = web.Application(middlewares=[self._answered], client_max_size=asking.LARGEST)
        made.on_response_prepare.append(self._prepared)
        for prefix in ("", PREFIX):
            for method, path, handler in self._routes():
                made.router.add_route(method, prefix + path, handler)
                made.router.add_route(method, f"{prefix}{path}/", handler)
            made.router.add_get(f"{prefix}/build/{{provider}}/{{spec:.+}}", self._build.stream)
        made.router.add_get(f"{PREFIX}/metrics", self.metrics)
        for name in TYPES:
            made.router.add_get(f"{PREFIX}/{name}", self.page)
        return made

    def _routes(self) -> list[tuple[str, str, Handler]]:
        return [
            ("POST", "/api/spawn", self.spawn),
            ("GET", "/api/stats", self.stats),
            ("GET", "/stats", self.stats),
            ("GET", "/info", self.page),
            ("GET", "/api/visitors", self.visitors),
            ("DELETE", "/api/visitors/{name}", self.end),
            ("DELETE", "/api/pool", self.drain),
            ("GET", "/api/openapi.json", self.openapi),
        ]

    async def spawn(self, request: web.Request) -> web.StreamResponse:
        """Hand out a server; answer when it is ready."""
        asking.require(request, self._env.temporary_api_token)
        image = await asking.image(request)
        handed = await self._desk.begin(asking.address(request), image)
        async for _ in self._desk.follow(handed):
            pass
        return web.json_response({"url": handed.url, "token": handed.token})

    async def stats(self, _: web.Request) -> web.StreamResponse:
        """Say how many are here; no token is asked for, as in tmpnb."""
        told = numbers.stats(self._desk.ledger, self._desk.usual)
        return web.json_response(told, headers={"Cache-Control": "no-store"})

    async def metrics(self, _: web.Request) -> web.StreamResponse:
        """Say the same to Prometheus."""
        body = numbers.exposition(self._desk.ledger, self._desk.usual, self._desk.images)
        return web.Response(body=body, headers={"Content-Type": CONTENT_TYPE_LATEST})

    async def page(self, request: web.Request) -> web.StreamResponse:
        """Show the numbers to people; off where an API token is set."""
        if self._env.temporary_api_token:
            raise Refusal(403, "pages", OFF)
        name = request.path.rstrip("/").rpartition("/")[2]
        name = name if name in TYPES else "info.html"
        text = (resources.files("hubkit.services.temporary") / name).read_text("utf-8")
        policy = f"{POLICY}; {framing.ancestors(self._env.frame_ancestors)}"
        headers = {framing.POLICY: policy, "Cache-Control": "no-cache"}
        return web.Response(text=text, content_type=TYPES[name], headers=headers)

    async def visitors(self, request: web.Request) -> web.StreamResponse:
        """List who is here, for administrators."""
        await self._administrator(request)
        shown = [vars(one) for one in self._desk.ledger.visits()]
        return web.json_response({"visitors": shown})

    async def end(self, request: web.Request) -> web.StreamResponse:
        """End one visit, for administrators."""
        await self._administrator(request)
        name = request.match_info["name"]
        if not is_visitor(name) or self._desk.ledger.visit(name) is None:
            raise Refusal(404, "visitor", NOBODY)
        if not await self._ending.end(name, "admin"):
            raise Refusal(503, "stopping", STOPPING, 5)
        return web.Response(status=204)

    async def drain(self, request: web.Request) -> web.StreamResponse:
        """Have all servers that wait replaced, each when another one is ready."""
        await self._administrator(request)
        told = await self._rolling.drain(asking.drained(request))
        return web.json_response(told, headers={"Cache-Control": "no-store"})

    async def openapi(self, _: web.Request) -> web.StreamResponse:
        """Describe all this."""
        return web.json_response(openapi.document(self._env.public_url))

    async def _administrator(self, request: web.Request) -> None:
        said = asking.said(request)
        if not said:
            raise asking.no_token()
        if asking.same(said, self._env.temporary_admin_token):
            return
        if not said.isascii() or not await self._desk.hub.administers(said):
            raise asking.wrong_token()

    async def _prepared(self, request: web.Request, response: web.StreamResponse) -> None:
        response.headers.update(self._crossing.headers(request.headers.get("Origin", "")))
        response.headers["X-Content-Type-Options"] = "nosniff"

    @web.middleware
    async def _answered(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        """Answer, in JSON whatever happens."""
        try:
            self._crossing.check(request.headers.get("Origin", ""), hidden=_is_hidden(request))
            return preflight() if request.method == "OPTIONS" else await handler(request)
        except Refusal as refusal:
            return _refused(refusal)
        except web.HTTPException as error:
            return _refused(Refusal(error.status, "refused", f"{error.reason}."))
        except (HubkitError, sqlite3.Error) as error:
            log.warning("%s %s: %s", request.method, request.path, error)
            return _refused(Refusal(503, "failed", SILENT, 10))


def _is_hidden(request: web.Request) -> bool:
    """Return whether another site's page asks for a server by an image's or a frame's address."""
    builds = request.path.removeprefix(PREFIX).startswith("/build/")
    return builds and request.headers.get("Sec-Fetch-Site") == "cross-site"


def _refused(refusal: Refusal) -> web.Response:
    headers: dict[str, Any] = {"Cache-Control": "no-store"}
    if refusal.wait:
        headers["Retry-After"] = str(refusal.wait)
    if refusal.status == 401:
        headers["WWW-Authenticate"] = "token"
    return web.json_response(asking.told(refusal), status=refusal.status, headers=headers)
