"""The load generator: what it sends, and what it reads from pages."""

from __future__ import annotations

import asyncio
import json
import socket

import aiohttp
import pytest
from aiohttp import web

from benchmarks.client import connection
from benchmarks.client.kernel import PROTOCOL, CellFailed, Kernel, packed, request, unpacked
from benchmarks.client.visitor import EVENTS
from benchmarks.hanging import HangingRegistry


def test_a_cell_is_an_execute_request():
    """With an identity of its own."""
    message = request("1+1", "session")

    assert message["header"]["msg_id"] != request("1+1", "session")["header"]["msg_id"]
    assert message["header"]["msg_type"] == "execute_request"
    assert message["content"]["code"] == "1+1"


def test_a_message_is_laid_out_as_jupyter_servers_own():
    """jupyter_server 2.21's `serialize_msg_to_ws_v1` made these bytes."""
    message = {"header": {"a": 1}, "parent_header": {}, "metadata": {}, "content": {"b": "x"}}
    numbers = (6, 56, 61, 69, 71, 73, 83)
    said = b"".join(number.to_bytes(8, "little") for number in numbers)
    said += b'shell{"a": 1}{}{}{"b": "x"}'

    assert packed("shell", message) == said
    assert unpacked(said) == ("shell", message)


def test_the_address_of_the_progress_is_on_the_page():
    """The page of a start says where its events come from."""
    page = 'var evtSource = new EventSource("/hub/api/users/u01/server/progress?_xsrf=abc");'

    assert EVENTS.search(page)[1] == "/hub/api/users/u01/server/progress?_xsrf=abc"


async def test_every_name_leads_to_one_address():
    """People type a name; the port is reached past loopback."""
    [found] = await connection.Here("10.1.2.3").resolve("localhost", 443)

    assert (found["hostname"], found["host"], found["port"]) == ("localhost", "10.1.2.3", 443)


async def served(handler):
    app = web.Application()
    app.router.add_get("/", handler)
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    return runner, f"http://127.0.0.1:{runner.addresses[0][1]}/"


def answering(protocols, kinds):
    """Return a kernel that speaks *protocols* and answers each cell with messages of *kinds*."""

    async def handler(asked):
        peer = web.WebSocketResponse(protocols=protocols)
        await peer.prepare(asked)
        async for said in peer:
            cell = unpacked(said.data)[1] if protocols else json.loads(said.data)
            for kind, content in kinds:
                header = {"msg_type": kind}
                message = {"header": header, "parent_header": cell["header"], "metadata": {}}
                message["content"] = content
                if protocols:
                    await peer.send_bytes(packed("iopub", message))
                else:
                    await peer.send_json({**message, "channel": "iopub"})
            if not kinds:
                await peer.close()
        return peer

    return handler


async def ran(protocols, *kinds):
    runner, url = await served(answering(protocols, kinds))
    opening = {"protocols": [PROTOCOL]}
    try:
        async with aiohttp.ClientSession() as session, session.ws_connect(url, **opening) as peer:
            raw = peer.get_extra_info("socket")
            assert raw.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)
            return await Kernel(peer, "kernel", "session").run("1+1")
    finally:
        await runner.cleanup()


IDLE = ("status", {"execution_state": "idle"})
protocols = pytest.mark.parametrize("protocols", [[PROTOCOL], []], ids=["JupyterLab's", "JSON"])


@protocols
async def test_a_cell_ends_when_the_kernel_is_idle(protocols):
    """The result is there before; the client itself delays nothing."""
    cell = await ran(
        protocols, ("status", {"execution_state": "busy"}), ("execute_result", {}), IDLE
    )

    assert 0 < cell.output <= cell.idle


@protocols
async def test_a_cell_without_output_ends_too(protocols):
    """Its output is as old as its end."""
    cell = await ran(protocols, IDLE)

    assert cell.output == cell.idle > 0


@protocols
@pytest.mark.parametrize(
    "kinds",
    [
        pytest.param([("error", {"ename": "NameError", "evalue": "x"}), IDLE], id="an error"),
        pytest.param([], id="a closed websocket"),
    ],
)
async def test_a_cell_that_fails_says_so(kinds, protocols):
    """No failure is taken for a quick answer."""
    with pytest.raises(CellFailed):
        await ran(protocols, *kinds)


async def test_the_registry_begins_a_layer_and_never_ends_it():
    """A pull sees bytes and then none, until it is let go; then there is no such image."""
    async with HangingRegistry() as registry, aiohttp.ClientSession() as session:
        host, name = registry.image.removesuffix(":1").split("/")
        url = f"http://{host}/v2/{name}"
        async with session.get(f"{url}/manifests/1") as answer:
            manifest = json.loads(await answer.read())
        async with session.get(f"{url}/blobs/{manifest['config']['digest']}") as answer:
            assert len(await answer.read()) == manifest["config"]["size"]
        async with session.get(f"{url}/blobs/{manifest['layers'][0]['digest']}") as answer:
            await registry.asked.wait()
            await answer.content.readexactly(1024)
            with pytest.raises(TimeoutError):
                await asyncio.wait_for(answer.content.read(1), 0.2)
            registry.let_go()
            with pytest.raises(aiohttp.ClientError):
                await answer.content.read(1)
        async with session.get(f"{url}/manifests/1") as answer:
            assert answer.status == 404
