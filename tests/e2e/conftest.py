from __future__ import annotations

import logging
import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, sync_playwright

from tests.elsewhere import Elsewhere
from tests.support import Stack

LOG = logging.getLogger(__name__)
NAMES = ("chromium", "chromium-browser", "google-chrome")
FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--disable-background-networking"]
SECONDS = 60


@pytest.fixture(scope="session")
def stack_settings() -> dict[str, str]:
    return {"POOL_SIZE": "1"}  # as `.env.example` has it


@pytest.fixture(scope="session")
def elsewhere() -> Iterator[Elsewhere]:
    """A network as of another machine, for the browser.

    On the engine's own network it would drop requests with ERR_NETWORK_CHANGED each
    time a container comes or goes.
    """
    assert os.getuid() == 0, "a network namespace for the browser needs root"
    made = Elsewhere()
    yield made
    made.remove()


@pytest.fixture(scope="session")
def chromium(elsewhere: Elsewhere, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Chromium there."""
    path = next(filter(None, map(shutil.which, NAMES)), None)
    assert path, "no Chromium on PATH"
    script = tmp_path_factory.mktemp("browser") / "chromium"
    script.write_text(f'#!/bin/sh\nexec ip netns exec {elsewhere.name} {path} "$@"\n')
    script.chmod(0o755)
    return script


@pytest.fixture(scope="session")
def browser(chromium: Path, elsewhere: Elsewhere) -> Iterator[Browser]:
    """A real Chromium without a window."""
    rules = ",".join(f"MAP {name} {elsewhere.this_host}" for name in ("localhost", "github.test"))
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
