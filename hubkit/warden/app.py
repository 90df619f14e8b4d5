"""Pass requests that carry the hub's token on to the Docker engine's socket."""

from __future__ import annotations

import hmac
import logging

from aiohttp import ClientError, ClientSession, ClientTimeout, UnixConnector, web
from aiohttp.typedefs import Handler, Middleware
from yarl import URL

log = logging.getLogger("hubkit.warden")

# Headers that speak of one connection, not of the message: RFC 9110 section 7.6.1.
CONNECTION = {"connection", "keep-alive", "te", "trailer", "transfer-encoding", "upgrade"}
OURS = {"host", "authorization", "proxy-authenticate", "proxy-authorization", "content-length"}
HOP_BY_HOP = CONNECTION | OURS
CHUNK = 64 * 2**10  # bytes
SESSION: web.AppKey[ClientSession] = web.AppKey("session", ClientSession)


def make_app(socket: str, token: str) -> web.Application:
    """Return the warden's application.

    Args:
        socket: Path of the engine's socket.
        token: What a request must carry as ``Authorization: Bearer …``.
    """

    async def connect(app: web.Application) -> None:
        app[SESSION] = ClientSession(
            connector=UnixConnector(socket, limit=0),
            timeout=ClientTimeout(total=None),
            auto_decompress=False,
        )

    async def disconnect(app: web.Application) -> None:
        await app[SESSION].close()

    app = web.Application(middlewares=[_guard(token)], client_max_size=2**40)
    app.on_startup.append(connect)
    app.on_cleanup.append(disconnect)
    app.router.add_route("*", "/{path:.*}", forward)
    return app


def _guard(token: str) -> Middleware:
    expected = f"Bearer {token}".encode()

    @web.middleware
    async def guard(request: web.Request, handler: Handler) -> web.StreamResponse:
        given = request.headers.get("Authorization", "").encode("utf-8", "surrogateescape")
        if not hmac.compare_digest(given, expected):
            log.warning("refused %s %s from %s", request.method, request.path, request.remote)
            return web.json_response({"message": "the warden serves the hub only"}, status=403)
        return await handler(request)

    return guard


async def forward(request: web.Request) -> web.StreamResponse:
    """Send one request to the engine and stream its answer back."""
    kept = {k: v for k, v in request.headers.items() if k.lower() not in HOP_BY_HOP}
    body = request.content.iter_chunked(CHUNK) if request.can_read_body else None
    url = URL(f"http://docker{request.rel_url.raw_path_qs}", encoded=True)
    try:
        answer = await request.app[SESSION].request(
            request.method, url, headers=kept, data=body, allow_redirects=False
        )
    except ClientError as error:
        log.error("the Docker engine did not answer: %s", error)
        message = "the Docker engine does not answer; is it running on the host?"
        return web.json_response({"message": message}, status=503)
    async with answer:
        passed = {k: v for k, v in answer.headers.items() if k.lower() not in HOP_BY_HOP}
        response = web.StreamResponse(status=answer.status, headers=passed)
        await response.prepare(request)
        async for chunk in answer.content.iter_any():
            await response.write(chunk)
        await response.write_eof()
        return response
