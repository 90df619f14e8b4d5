"""The warden: with the hub's token a request reaches the engine, without it nothing does."""

from __future__ import annotations

import asyncio
import json

import aiohttp
import pytest
from aiohttp import web
from yarl import URL

from hubkit.warden.app import CHUNK

TOKEN = "0123456789abcdef"
BEARER = {"Authorization": f"Bearer {TOKEN}"}
VERSION = {"Version": "26.1", "ApiVersion": "1.45", "MinAPIVersion": "1.24"}


@pytest.fixture
async def ask(warden):
    """Return a function that asks the warden, with the token unless other headers are given."""
    async with aiohttp.ClientSession(auto_decompress=False) as session:

        def request(method="GET", path="/version", *, headers=BEARER, **rest):
            url = URL(f"http://{warden}{path}", encoded=True)
            return session.request(method, url, headers=headers, **rest)

        yield request


async def test_passed_on(engine, ask):
    """A request with the token reaches the engine, and its answer comes back as it is."""
    async with ask() as answer:
        assert (answer.status, await answer.json()) == (200, VERSION)
        assert answer.headers["Docker-Experimental"] == "false"

    [(method, path, _, body)] = engine.asked
    assert (method, path, body) == ("GET", "/version", b"")


@pytest.mark.parametrize("method", ["GET", "HEAD", "POST", "PUT", "DELETE"])
async def test_methods(engine, ask, method):
    """Every method is passed on."""
    async with ask(method) as answer:
        assert answer.status == 200

    assert engine.asked[0][0] == method


@pytest.mark.parametrize(
    "path",
    [
        "/v1.45/images/json?filters=%7B%22label%22%3A%5B%22a%3Db%22%5D%7D",
        "/v1.45/images/quay.io%2Fjupyter%2Flab%3A1/json",
        "/containers/a%20b/archive?path=%2Fhome%2F%C3%A5&x=1+2&x=%2B",
        "/a//b/../c?d",
    ],
)
async def test_raw_path(engine, ask, path):
    """Path and query arrive byte for byte, quoted as they were."""
    async with ask(path=path) as answer:
        await answer.read()

    assert engine.asked[0][1] == path


async def test_headers(engine, ask):
    """What the message says is passed on; what is meant for the warden is not."""
    sent = {"X-Registry-Auth": "e30=", "Content-Type": "application/x-tar", "Te": "trailers"}
    async with ask("POST", headers={**BEARER, **sent}, data=b"x"):
        pass

    _, _, got, _ = engine.asked[0]
    assert got["X-Registry-Auth"] == "e30="
    assert got["Content-Type"] == "application/x-tar"
    assert "Authorization" not in got
    assert "Te" not in got
    assert TOKEN not in str(got)


async def test_body(engine, ask):
    """A body larger than any buffer arrives whole, whether its length was told or not."""
    whole = bytes(range(256)) * (CHUNK // 64)

    async def pieces():
        for start in range(0, len(whole), 50_000):
            yield whole[start : start + 50_000]

    for data in (whole, pieces()):
        async with ask("PUT", data=data):
            pass

    assert [body == whole for *_, body in engine.asked] == [True, True]


@pytest.mark.parametrize("status", [201, 204, 304, 307, 404, 409, 500])
async def test_status(engine, ask, status):
    """The engine's status and message are the warden's; a redirect is not followed."""
    body = None if status in (204, 304) else json.dumps({"message": "so"}).encode()

    async def answer(request):
        return web.Response(status=status, body=body, headers={"Location": "/other"})

    engine.answers["/x"] = answer
    async with ask("POST", "/x", allow_redirects=False) as got:
        assert (got.status, await got.read()) == (status, body or b"")

    assert len(engine.asked) == 1


async def test_compressed(engine, ask):
    """A compressed answer is passed on as it is."""

    async def answer(request):
        response = web.json_response(VERSION)
        response.enable_compression(web.ContentCoding.gzip)
        return response

    engine.answers["/x"] = answer
    async with ask(path="/x", headers={**BEARER, "Accept-Encoding": "gzip"}) as got:
        assert got.headers["Content-Encoding"] == "gzip"
        assert (await got.read())[:2] == b"\x1f\x8b"


WRONG = {
    "none": {},
    "empty": {"Authorization": ""},
    "another": {"Authorization": "Bearer fedcba9876543210"},
    "the beginning": {"Authorization": f"Bearer {TOKEN[:-1]}"},
    "more": {"Authorization": f"Bearer {TOKEN}0"},
    "no word": {"Authorization": TOKEN},
    "another word": {"Authorization": f"Basic {TOKEN}"},
    "another header": {"X-Token": f"Bearer {TOKEN}"},
    "letters": {"Authorization": "Bearer åäö"},
}


@pytest.mark.parametrize("headers", WRONG.values(), ids=WRONG)
@pytest.mark.parametrize("path", ["/version", "/_ping", "/", "//version"])
async def test_refused(engine, ask, path, headers):
    """Without the very token nothing reaches the engine, not even a look at its version."""
    async with ask("POST", path, headers=headers, data=b"x") as answer:
        assert answer.status == 403
        assert await answer.json() == {"message": "the warden serves the hub only"}

    assert engine.asked == []


async def test_refused_bytes(engine, warden):
    """Bytes that are no text are refused like any other wrong token."""
    reader, writer = await asyncio.open_connection(*warden.split(":"))
    writer.write(b"GET /version HTTP/1.0\r\nAuthorization: Bearer \xff\xfe\r\n\r\n")
    answer = await reader.read()
    writer.close()
    await writer.wait_closed()

    assert answer.startswith(b"HTTP/1.0 403")
    assert engine.asked == []


async def test_streams(engine, ask):
    """An answer that goes on, as of logs, arrives piece by piece and not at its end."""
    said = asyncio.Event()

    async def answer(request):
        response = web.StreamResponse()
        await response.prepare(request)
        await response.write(b"first")
        await said.wait()
        await response.write(b"second")
        return response

    engine.answers["/events"] = answer
    async with asyncio.timeout(5), ask(path="/events") as got:
        assert await got.content.readany() == b"first"
        said.set()
        assert await got.content.read() == b"second"


async def test_broken_off(engine, ask):
    """An answer the engine breaks off is not passed off as a whole one."""

    async def answer(request):
        response = web.StreamResponse()
        await response.prepare(request)
        await response.write(b"half")
        request.transport.abort()
        return response

    engine.answers["/export"] = answer
    with pytest.raises(aiohttp.ClientPayloadError):
        async with ask(path="/export") as got:
            await got.read()


async def test_no_engine(ask):
    """Without an engine the answer says so, with what to look at."""
    async with ask() as answer:
        assert answer.status == 503
        message = (await answer.json())["message"]

    assert message == "the Docker engine does not answer; is it running on the host?"


async def test_engine_comes_back(engine, ask, serve, tmp_path):
    """After the engine was restarted requests reach it again."""
    async with ask() as answer:
        assert answer.status == 200
    await engine.runner.cleanup()
    async with ask() as answer:
        assert answer.status == 503

    app = web.Application()
    app.router.add_route("*", "/{path:.*}", engine.answer)
    await serve(app, lambda runner: web.UnixSite(runner, tmp_path / "docker.sock"))

    async with ask() as answer:
        assert answer.status == 200
