"""Chromium on a network of its own, as if on another machine.

On the engine's own network it drops requests with ERR_NETWORK_CHANGED each time a
container comes or goes. Needs root.
"""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from playwright.async_api import Browser, async_playwright

from benchmarks import engine

NAMES = ("chromium", "chromium-browser", "google-chrome")
FLAGS = ("--no-sandbox", "--disable-gpu", "--disable-quic", "--disable-background-networking")
THIS_HOST, VISITOR = "10.231.88.1", "10.231.88.2"
UP_SECONDS = 30
SPACE = "kitbench"  # one name, because there is one pair of addresses


class NoBrowser(RuntimeError):
    """There is no Chromium on PATH."""


@asynccontextmanager
async def chromium() -> AsyncIterator[Browser]:
    """Start a Chromium to which localhost is this machine.

    Raises:
        NoBrowser: There is none.
        CommandFailed: The network cannot be made, as while another benchmark's is there.
    """
    path = next(filter(None, map(shutil.which, NAMES)), None)
    if path is None:
        raise NoBrowser("no Chromium on PATH")
    with tempfile.TemporaryDirectory() as folder:
        script = Path(folder) / "chromium"
        script.write_text(f'#!/bin/sh\nexec ip netns exec {SPACE} {path} "$@"\n')
        script.chmod(0o755)
        if not await engine.run("ip", "netns", "pids", SPACE, check=False):
            await _disconnect()  # what a run that was killed has left
        await engine.run("ip", "netns", "add", SPACE)
        try:
            await _connect(SPACE)
            rule = f"--host-resolver-rules=MAP localhost {THIS_HOST}"
            async with async_playwright() as playwright:
                browser = await playwright.chromium.launch(
                    executable_path=script, args=[*FLAGS, rule]
                )
                yield browser
                await browser.close()
        finally:
            await _disconnect()


async def _disconnect() -> None:
    await engine.run("ip", "link", "delete", f"{SPACE}a", check=False)
    await engine.run("ip", "netns", "delete", SPACE, check=False)


async def _connect(space: str) -> None:
    ours, theirs = f"{space}a", f"{space}b"
    within = ("ip", "-n", space)
    pair = ("link", "add", ours, "type", "veth", "peer", "name", theirs, "netns", space)
    await engine.run("ip", *pair)
    # An IPv6 address gets ready later, which is a change of network as well.
    await engine.run("ip", "link", "set", ours, "addrgenmode", "none", check=False)
    await engine.run(*within, "link", "set", theirs, "addrgenmode", "none", check=False)
    await engine.run("ip", "address", "add", f"{THIS_HOST}/30", "dev", ours)
    await engine.run(*within, "address", "add", f"{VISITOR}/30", "dev", theirs)
    await engine.run("ip", "link", "set", ours, "up")
    for name in ("lo", theirs):
        await engine.run(*within, "link", "set", name, "up")
    ready = f"until ip -n {space} link show {theirs} | grep -q 'state UP'; do sleep 0.1; done"
    await engine.run("sh", "-c", ready, seconds=UP_SECONDS)
