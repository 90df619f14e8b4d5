"""What lies between a browser and a server: requests, websockets, and abandoned ones."""

from __future__ import annotations

import asyncio
import contextlib
import json
import socket
import struct
import time
from pathlib import Path

import aiohttp

from benchmarks import engine, memory
from benchmarks.client import connection
from benchmarks.plan import Metric, Sample, Workload
from benchmarks.sides.side import FILES, Side

PATH = "/services/echo/"
SECONDS, CONNECTIONS = 5, 20
ECHOES, SMALL, LARGE = 300, 200, 20_000  # bytes
ABANDONED, FORGOTTEN = 500, 20  # the latter in seconds
REQUESTS, CONNECT = "requests, kept-alive TLS", "websocket opened"
ECHO, ECHO_LARGE = f"websocket echo, {SMALL} B", f"websocket echo, {LARGE // 1000} kB"
GROWTH, LEFT = "memory after abandoned websockets", "files left open after them"


async def traffic(side: Side, sample: Sample) -> None:
    """Send requests and websocket messages to a backend that only echoes."""
    await _backend(side)
    with sample.measured():
        sample.add(REQUESTS, await _requests(side, sample))
        session = connection.session(side.tls, side.common.address, limit=0, headers=None)
        async with session:
            await _echoes(session, side, sample)
    await _abandon(side, sample)


async def _backend(side: Side) -> None:
    name = f"{side.common.tag}echo"
    if not await engine.containers(name):
        code = (FILES / "echo.js").read_text()
        words = ("run", "--detach", "--name", name, "--network", side.network)
        await engine.docker(*words, "--entrypoint", "node", f"{side.common.tag}stock", "-e", code)
    networks = (await engine.inspect(name))["NetworkSettings"]["Networks"]
    if side.network not in networks:
        await engine.docker("network", "connect", side.network, name)
    await asyncio.sleep(1)


async def _requests(side: Side, sample: Sample) -> float:
    code = (FILES / "load.js").read_text()
    where = (side.common.address, str(side.port), PATH, str(CONNECTIONS), str(SECONDS))
    image = f"{side.common.tag}stock"
    options = ("run", "--rm", "--interactive", "--network", "host", "--entrypoint", "node")
    said = json.loads(await engine.docker(*options, image, "-", *where, given=code))
    if said["bad"]:
        sample.fail(f"{said['bad']} requests were not answered")
    return float(said["good"]) / SECONDS


async def _open(session: aiohttp.ClientSession, side: Side) -> aiohttp.ClientWebSocketResponse:
    return await session.ws_connect(f"{side.url}{PATH}ws", max_msg_size=0)


async def _echoes(session: aiohttp.ClientSession, side: Side, sample: Sample) -> None:
    for _ in range(CONNECTIONS):
        began = time.perf_counter()
        peer = await _open(session, side)
        sample.add(CONNECT, 1000 * (time.perf_counter() - began))
        await peer.close()
    peer = await _open(session, side)
    for metric, size in ((ECHO, SMALL), (ECHO_LARGE, LARGE)):
        content = bytes(size)
        for _ in range(ECHOES):
            began = time.perf_counter()
            await peer.send_bytes(content)
            await peer.receive_bytes()
            sample.add(metric, 1000 * (time.perf_counter() - began))
    await peer.close()


async def _abandon(side: Side, sample: Sample) -> None:
    """Open websockets, vanish without a word, and see what the side still holds later."""
    files, used = await _open_files(side), sum(await memory.cgroup(await side.own()))
    async with connection.session(side.tls, side.common.address, limit=0, headers=None) as session:
        for _ in range(ABANDONED):
            peer = await _open(session, side)
            # The end of the connection is then a reset: no closing frame, no goodbye.
            reset = struct.pack("ii", 1, 0)
            peer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, reset)
    await asyncio.sleep(FORGOTTEN)
    sample.add(LEFT, await _open_files(side) - files)
    sample.add(GROWTH, sum(await memory.cgroup(await side.own())) - used)


async def _open_files(side: Side) -> float:
    count = 0
    for name in await side.own():
        listed = await engine.docker("top", name, "-eo", "pid")
        for pid in listed.split()[1:]:
            with contextlib.suppress(OSError):
                count += len(list(Path(f"/proc/{pid}/fd").iterdir()))
    return float(count)


WORKLOADS = (
    Workload(
        "proxy",
        f"{CONNECTIONS} connections for {SECONDS} s, websocket echoes one after the other, "
        f"{ABANDONED} websockets whose browser vanishes.",
        (
            Metric(REQUESTS, "per s, more is better"),
            Metric(CONNECT, "ms", ("median", "p95")),
            Metric(ECHO, "ms", ("median", "p95")),
            Metric(ECHO_LARGE, "ms", ("median", "p95")),
            Metric(GROWTH, "MiB"),
            Metric(LEFT, "count more"),
        ),
        traffic,
        shows=f"{ECHO}, median",
    ),
)
