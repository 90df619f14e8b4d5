"""Noticing that a server answers, or that it never will."""

from __future__ import annotations

import asyncio
import socket
from contextlib import asynccontextmanager, suppress

import pytest

from hubkit.spawner import readiness
from hubkit.spawner.readiness import Died, NotReady, wait_until_ready

LONG = 30.0  # seconds no test takes
OK = b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"


@pytest.fixture
def port():
    """Return a port of loopback on which nothing listens."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        return server.getsockname()[1]


@pytest.fixture(autouse=True)
def often(monkeypatch):
    """Ask often whether the server still runs, so that tests are quick."""
    monkeypatch.setattr(readiness, "ALIVE_EVERY", 0.01)


@asynccontextmanager
async def listening(port, *answers, host="127.0.0.1"):
    """Serve *answers*, one a connection and the last for all further ones.

    None accepts and says nothing; yields the requests.
    """
    requests, left, serving = [], list(answers), set()

    async def serve(reader, writer):
        serving.add(asyncio.current_task())
        answer = left.pop(0) if len(left) > 1 else left[0]
        requests.append(await reader.readuntil(b"\r\n\r\n"))
        if answer is None:
            await reader.read()
        else:
            writer.write(answer)
        writer.close()
        with suppress(ConnectionError):
            await writer.wait_closed()

    async with await asyncio.start_server(serve, host, port):
        yield requests
        await asyncio.gather(*serving)


async def runs():
    """Say that the server still runs."""


def waiting(port, *, limit=LONG, alive=runs):
    wait = wait_until_ready("127.0.0.1", port, "/user/ada/api", limit=limit, alive=alive)
    return asyncio.ensure_future(wait)


async def test_answers(port):
    """A server that answers is asked once, for the path."""
    async with listening(port, OK) as requests:
        await waiting(port)

    [request] = requests
    assert request.startswith(b"GET /user/ada/api HTTP/1.1\r\n")
    assert f"Host: 127.0.0.1:{port}\r\n".encode() in request


async def test_headers(port):
    """What is asked with a token is asked as whoever has it."""
    told = {"Authorization": "token a1"}
    async with listening(port, OK) as requests:
        await wait_until_ready("127.0.0.1", port, "/", told, limit=LONG, alive=runs)

    assert b"\r\nAuthorization: token a1\r\n" in requests[0]


async def test_begins_to_listen_later(port):
    """A server that listens only after a while is noticed."""
    ready = waiting(port)
    await asyncio.sleep(0.05)
    assert not ready.done()

    async with listening(port, OK):
        await ready


async def test_listens_before_it_answers(port):
    """One request waits while the server loads, and is answered as soon as it has."""
    with socket.create_server(("127.0.0.1", port)) as server:
        ready = waiting(port)
        await asyncio.sleep(0.05)
        assert not ready.done()
        server.setblocking(False)

        connection, _ = server.accept()
        connection.sendall(OK)
        await ready
        connection.close()
        with pytest.raises(BlockingIOError):
            server.accept()


@pytest.mark.parametrize("status", [200, 302, 403, 404, 499])
async def test_any_word_of_the_server(port, status):
    """Below 500 any answer proves that the server works."""
    async with listening(port, f"HTTP/1.0 {status} Whatever\r\n\r\n".encode()):
        await waiting(port)


@pytest.mark.parametrize(
    "answer",
    [
        pytest.param(b"HTTP/1.1 503 Service Unavailable\r\n\r\n", id="503"),
        pytest.param(b"HTTP/1.1 500\r\n\r\n", id="500 without words"),
        pytest.param(b"", id="closed"),
        pytest.param(b"SSH-2.0-OpenSSH_9.2\r\n", id="no HTTP"),
        pytest.param(b"HTTP/1.1 soon\r\n\r\n", id="no number"),
        pytest.param(b"x" * 10_000, id="no line"),
    ],
)
async def test_tried_again(port, answer):
    """What is no answer of a working server is tried again."""
    async with listening(port, answer, answer, OK) as requests:
        await waiting(port)

    assert len(requests) == 3


async def test_answer_in_pieces(port):
    """A status line counts once it is whole."""

    async def serve(reader, writer):
        for piece in (b"HT", b"TP/1.1 2", b"00 OK\r\n\r\n"):
            writer.write(piece)
            await writer.drain()
            await asyncio.sleep(0.01)
        writer.close()
        ended.set()

    ended = asyncio.Event()
    async with await asyncio.start_server(serve, "127.0.0.1", port):
        await waiting(port)
        await ended.wait()


async def test_a_dead_connection(port, monkeypatch):
    """A connection on which nothing comes is given up for another one."""
    monkeypatch.setattr(readiness, "ANSWERING", 0.02)

    async with listening(port, None, OK) as requests:
        await waiting(port)

    assert len(requests) == 2


async def test_ipv6(port):
    """A container may have an IPv6 address."""
    if not socket.has_ipv6:
        pytest.skip("no IPv6 here")
    try:
        socket.create_server(("::1", port), family=socket.AF_INET6).close()
    except OSError:
        pytest.skip("no IPv6 here")

    async with listening(port, OK, host="::1") as requests:
        await wait_until_ready("::1", port, "/", limit=LONG, alive=runs)

    assert f"Host: [::1]:{port}\r\n".encode() in requests[0]


@pytest.mark.parametrize("value", [0, "ExitCode=1"])
async def test_died(port, value):
    """A server that has ended is not waited for; any value but None says so."""
    values = iter([None, None, value])

    async def alive():
        return next(values)

    with pytest.raises(Died) as died:
        await waiting(port, alive=alive)

    assert died.value.value == value


async def test_alive_fails(port):
    """What *alive* raises ends the wait."""

    async def alive():
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await waiting(port, alive=alive)


async def test_a_slow_look_delays_nothing(port):
    """While *alive* takes its time, the server is tried."""
    asked, cancelled = asyncio.Event(), asyncio.Event()

    async def alive():
        asked.set()
        try:
            await asyncio.Event().wait()
        finally:
            cancelled.set()

    ready = waiting(port, alive=alive)
    await asked.wait()
    async with listening(port, OK):
        await ready

    assert cancelled.is_set()


@pytest.mark.parametrize(
    ("answer", "opened", "status", "words"),
    [
        pytest.param(None, True, None, "listens there says nothing", id="silent"),
        pytest.param(b"HTTP/1.1 503 No\r\n\r\n", True, 503, "HTTP 503", id="failing"),
    ],
)
async def test_not_ready(port, answer, opened, status, words):
    """Who waited too long is told what was found at the port."""
    async with listening(port, answer):
        with pytest.raises(NotReady, match=words) as late:
            await waiting(port, limit=0.1)

    assert (late.value.opened, late.value.status) == (opened, status)


async def test_never_opened(port):
    """A port on which nothing ever listened is told from one that says nothing."""
    with pytest.raises(NotReady, match=f"port {port} within 0.1 s: nothing listens") as late:
        await waiting(port, limit=0.1)

    assert not late.value.opened


async def test_cancelled(port):
    """A wait that is cancelled leaves no task behind."""
    before = asyncio.all_tasks()
    async with listening(port, None) as requests:
        ready = waiting(port)
        while not requests:
            await asyncio.sleep(0.01)
        ready.cancel()
        await asyncio.wait({ready})
        assert ready.cancelled()
        assert not {task for task in asyncio.all_tasks() - before if "_Door" in str(task)}
