from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, sync_playwright

from tests.support import Stack

NAMES = ("chromium", "chromium-browser", "google-chrome")
FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--disable-background-networking"]
SECONDS = 60


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """A real Chromium without a window."""
    path = next(filter(None, map(shutil.which, NAMES)), None)
    assert path, "no Chromium on PATH"
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=path, args=FLAGS)
        yield started
        started.close()


@pytest.fixture
def page(browser: Browser, stack: Stack, tmp_path: Path) -> Iterator[Page]:
    """A visitor who never was here; a picture is kept where the test fails."""
    # The stack's certificate is self-signed: a person would accept it once.
    context = browser.new_context(ignore_https_errors=True, base_url=stack.url)
    context.set_default_timeout(SECONDS * 1000)
    visitor = context.new_page()
    yield visitor
    visitor.screenshot(path=tmp_path / "last.png")
    context.close()
