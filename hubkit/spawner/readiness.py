"""Noticing that a server answers, within milliseconds, for many servers at once."""

from __future__ import annotations

import asyncio
import errno
import socket
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from ipaddress import ip_address
from types import MappingProxyType
from typing import NoReturn

from hubkit.errors import HubkitError

BETWEEN = 0.015  # seconds between two tries
AFTER_AN_ANSWER = 0.1  # seconds more, where there was one that said "not yet"
ALIVE_EVERY = 1.0  # seconds between two questions whether the server still runs
CONNECTING = 1.0  # seconds for a connection within one host
ANSWERING = 10.0  # seconds for an answer; a busy server answers late, a dead connection never
SERVER_ERROR = 500
STATUS_LINE = 4096  # bytes, more than any

NONE: Mapping[str, str] = MappingProxyType({})

Alive = Callable[[], Awaitable[object]]


class Died(HubkitError):
    """The server has ended before it answered.

    Args:
        value: What said so: whatever *alive* returned, e.g. a poll's status.
    """

    def __init__(self, value: object):
        self.value = value
        super().__init__(f"the server ended before it answered: {value}")


class NotReady(HubkitError):
    """The server did not answer in time.

    Args:
        port: Where it should have.
        limit: Seconds it had.
        opened: Whether something ever listened there.
        status: The HTTP status of its last answer, always 500 or more; None without one.
    """

    def __init__(self, port: int, limit: float, *, opened: bool, status: int | None):
        self.port, self.limit, self.opened, self.status = port, limit, opened, status
        found = "nothing listens there"
        if opened:
            found = f"the answer is HTTP {status}" if status else "what listens there says nothing"
        super().__init__(f"no server answered on port {port} within {limit:g} s: {found}")


async def wait_until_ready(
    ip: str, port: int, path: str, headers: Mapping[str, str] = NONE, *, limit: float, alive: Alive
) -> None:
    """Return once the server answers an HTTP request with a status below 500.

    Any such status counts: a 403 proves that the server works.

    Args:
        ip: Address, IPv4 or IPv6; no name.
        port: Where the server will listen.
        path: What is asked for, e.g. ``/user/ada/api``.
        headers: Of the request.
        limit: Seconds to wait in total.
        alive: Called about every second; returns None while the server runs or nobody
            knows. May take its time: the server is tried meanwhile.

    Raises:
        Died: *alive* returned something else.
        NotReady: The server did not answer in time.
        ValueError: *ip* is no address.
    """
    door = _Door(ip, port, path, headers)
    knocking = asyncio.ensure_future(door.wait())
    watching = asyncio.ensure_future(_watch(alive))
    both = {knocking, watching}
    try:
        await asyncio.wait(both, timeout=limit, return_when=asyncio.FIRST_COMPLETED)
        if knocking.done():
            knocking.result()
        elif watching.done():
            watching.result()
        else:
            raise NotReady(port, limit, opened=door.opened, status=door.status)
    finally:
        for task in both:
            task.cancel()
        await asyncio.gather(*both, return_exceptions=True)


async def _watch(alive: Alive) -> NoReturn:
    while True:
        await asyncio.sleep(ALIVE_EVERY)
        ended = await alive()
        if ended is not None:
            raise Died(ended)


class _Door:
    """One server's port, knocked at until somebody answers.

    Bare sockets, because a refused try costs a fifth of what asyncio's streams take, and
    fifty starting servers are three thousand tries in a second.
    """

    def __init__(self, ip: str, port: int, path: str, headers: Mapping[str, str]):
        ipv6 = ip_address(ip).version == 6
        self._family = socket.AF_INET6 if ipv6 else socket.AF_INET
        self._address = (ip, port)
        host = f"[{ip}]" if ipv6 else ip
        lines = f"GET {path} HTTP/1.1", f"Host: {host}:{port}", "Accept: */*", "Connection: close"
        more = (f"{name}: {value}" for name, value in headers.items())
        self._request = "\r\n".join([*lines, *more, "", ""]).encode()
        self.opened = False
        self.status: int | None = None

    async def wait(self) -> None:
        """Return once the server has answered."""
        while True:
            with suppress(OSError):  # refused, unreachable, cut off, too late
                status = await self._knock()
                if status and status < SERVER_ERROR:
                    return
                self.status = status or self.status
                if status:  # to ask costs somebody more than a refused try
                    await asyncio.sleep(AFTER_AN_ANSWER)
            await asyncio.sleep(BETWEEN)

    async def _knock(self) -> int | None:
        """Return the status of one answer, None if it was no HTTP.

        Raises:
            OSError: There was none.
        """
        with socket.socket(self._family, socket.SOCK_STREAM | socket.SOCK_NONBLOCK) as sock:
            pending = sock.connect_ex(self._address)
            # A refusal is mostly known by now.
            error = sock.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR) or pending
            if error and error != errno.EINPROGRESS:
                raise OSError(error, "no connection")
            try:
                return await self._ask(sock, connected=not pending)
            except (TimeoutError, asyncio.CancelledError):
                # asyncio forgets a socket one step later, and closing frees its number.
                await asyncio.sleep(0)
                raise

    async def _ask(self, sock: socket.socket, *, connected: bool) -> int | None:
        loop = asyncio.get_running_loop()
        if not connected:
            async with asyncio.timeout(CONNECTING):
                await loop.sock_connect(sock, self._address)
        self.opened = True
        async with asyncio.timeout(ANSWERING):
            await loop.sock_sendall(sock, self._request)
            return await _status(loop, sock)


async def _status(loop: asyncio.AbstractEventLoop, sock: socket.socket) -> int | None:
    answer = b""
    while b"\n" not in answer and len(answer) < STATUS_LINE:
        chunk = await loop.sock_recv(sock, STATUS_LINE)
        if not chunk:
            break
        answer += chunk
    version, _, rest = answer.partition(b" ")
    code = rest[:3]
    return int(code) if version.startswith(b"HTTP/") and code.isdigit() else None
