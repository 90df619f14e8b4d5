from __future__ import annotations

import logging
import os
import shutil
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, sync_playwright

from tests.support import Stack, run, until

LOG = logging.getLogger(__name__)
NAMES = ("chromium", "chromium-browser", "google-chrome")
FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--disable-background-networking"]
SECONDS = 60
FIRST = 4 * int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw"))  # of its own
THIS_HOST, VISITOR = f"10.231.87.{FIRST + 1}", f"10.231.87.{FIRST + 2}"


@pytest.fixture(scope="session")
def stack_settings() -> dict[str, str]:
    return {"POOL_SIZE": "1"}  # as `.env.example` has it


@pytest.fixture(scope="session")
def chromium(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Chromium on a network of its own, as if on another machine.

    On the engine's own network it would drop requests with ERR_NETWORK_CHANGED each
    time a container comes or goes.
    """
    path = next(filter(None, map(shutil.which, NAMES)), None)
    assert path, "no Chromium on PATH"
    assert os.getuid() == 0, "a network namespace for the browser needs root"
    tag = uuid.uuid4().hex[:6]
    space, ours, theirs = f"kit{tag}", f"kit{tag}a", f"kit{tag}b"
    run("ip", "netns", "add", space)
    run("ip", "link", "add", ours, "type", "veth", "peer", "name", theirs, "netns", space)
    # An IPv6 address gets ready a second or two later, which is a change of network as well.
    # A kernel without IPv6 refuses the words and needs them not.
    run("ip", "link", "set", ours, "addrgenmode", "none", check=False)
    run("ip", "-n", space, "link", "set", theirs, "addrgenmode", "none", check=False)
    run("ip", "address", "add", f"{THIS_HOST}/30", "dev", ours)
    run("ip", "-n", space, "address", "add", f"{VISITOR}/30", "dev", theirs)
    run("ip", "link", "set", ours, "up")
    for name in ("lo", theirs):
        run("ip", "-n", space, "link", "set", name, "up")
    until(
        lambda: "state UP" in run("ip", "-n", space, "link", "show", theirs).stdout,
        SECONDS,
        "the browser's network is up",
    )
    script = tmp_path_factory.mktemp("browser") / "chromium"
    script.write_text(f'#!/bin/sh\nexec ip netns exec {space} {path} "$@"\n')
    script.chmod(0o755)
    yield script
    run("ip", "netns", "delete", space)


@pytest.fixture(scope="session")
def browser(chromium: Path) -> Iterator[Browser]:
    """A real Chromium without a window."""
    rules = ",".join(f"MAP {name} {THIS_HOST}" for name in ("localhost", "github.test"))
    flags = [*FLAGS, f"--host-resolver-rules={rules}"]
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=chromium, args=flags)
        yield started
        started.close()


@pytest.fixture
def page(browser: Browser, stack: Stack, tmp_path: Path) -> Iterator[Page]:
    """A visitor who never was here; a picture of the last page is kept.

    What goes wrong in the page is logged, which pytest shows if the test fails.
    """
    # The stack's certificate is self-signed: a person would accept it once.
    context = browser.new_context(ignore_https_errors=True, base_url=stack.url)
    context.set_default_timeout(SECONDS * 1000)
    context.on("requestfailed", lambda failed: LOG.warning("%s: %s", failed.url, failed.failure))
    context.on("weberror", lambda wrong: LOG.warning("%s", wrong.error))
    context.on("console", lambda said: LOG.warning("%s", said.text) if said.type == "error" else 0)
    visitor = context.new_page()
    yield visitor
    visitor.screenshot(path=tmp_path / "last.png")
    context.close()
