"""Connections to a hub on this machine: past loopback, certificate checked."""

from __future__ import annotations

import socket
import ssl

import aiohttp
from aiohttp.abc import AbstractResolver, ResolveResult

PER_HOST = 6  # connections at a time, as browsers have them over HTTP/1.1
SECONDS = 300  # until a request is given up

# Who connects while a container is coming back would try again after 1, 3, 7, 15 seconds.
IMPATIENT = aiohttp.ClientTimeout(total=2, sock_connect=0.25)


class Here(AbstractResolver):
    """Answer every name with one address."""

    def __init__(self, address: str):
        self._address = address

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        """Return the address for *host*."""
        return [
            ResolveResult(
                hostname=host, host=self._address, port=port, family=family, proto=0, flags=0
            )
        ]

    async def close(self) -> None:
        """Nothing is open."""


def session(
    tls: ssl.SSLContext, address: str, *, limit: int = PER_HOST, headers: dict[str, str] | None
) -> aiohttp.ClientSession:
    """Return a browser's cookies and connections, none yet."""
    connector = aiohttp.TCPConnector(ssl=tls, resolver=Here(address), limit=0, limit_per_host=limit)
    timeout = aiohttp.ClientTimeout(total=SECONDS)
    return aiohttp.ClientSession(connector=connector, timeout=timeout, headers=headers or {})
