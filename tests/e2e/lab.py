"""What a person does in the hub's pages and in JupyterLab."""

from __future__ import annotations

import contextlib
import re

from playwright.sync_api import Page, expect
from playwright.sync_api import TimeoutError as NotYet

from tests.person import PASSWORD

START_MS = 120_000
TRIES, TRY_MS = 8, 5_000


def choose_password(page: Page, link: str) -> None:
    """Open a one-time link and set the password, which signs in."""
    page.goto(link)
    page.get_by_label("Password", exact=True).fill(PASSWORD)
    page.get_by_label("The same once more").fill(PASSWORD)
    page.get_by_role("button", name="Set password").click()
    expect(page).to_have_url(re.compile(r"/hub/home"))


def sign_in(page: Page, name: str, target: str = "") -> None:
    """Sign in; without a target JupyterHub starts the server and opens JupyterLab."""
    page.goto(f"/hub/login?next={target}")
    page.get_by_label("Username").fill(name)
    page.locator("#password_input").fill(PASSWORD)
    page.get_by_role("button", name="Sign in", exact=True).click()


def wait_for_lab(page: Page) -> None:
    """Return when JupyterLab shows its launcher or a notebook."""
    page.wait_for_url(re.compile(r"/user/[^/]+/lab"), timeout=START_MS)
    page.locator("#jp-main-dock-panel").wait_for(timeout=START_MS)
    page.locator(".jp-LauncherCard, .jp-Notebook").first.wait_for(timeout=START_MS)


def compute(page: Page, code: str) -> str:
    """Open a new notebook, run one cell and return what it shows."""
    page.locator('.jp-LauncherCard[data-category="Notebook"]').first.click()
    page.locator('.jp-Notebook-ExecutionIndicator[data-status="idle"]').wait_for()
    cell = page.locator(".jp-Notebook .jp-Cell .cm-content").first
    cell.click()
    page.keyboard.type(code)
    output = page.locator(".jp-OutputArea-output").first
    for _ in range(TRIES):
        # What is run while JupyterLab is still connecting is lost, as it is for a person.
        cell.click()
        page.keyboard.press("Control+Enter")
        with contextlib.suppress(NotYet):
            output.wait_for(timeout=TRY_MS)
            break
    return output.inner_text().strip()


def save_as(page: Page, name: str) -> None:
    """Save the notebook, giving it the name the dialog asks for."""
    page.keyboard.press("Control+s")
    dialog = page.locator(".jp-Dialog input").first
    dialog.fill(name)
    page.locator(".jp-Dialog .jp-mod-accept").click()
    page.locator(".jp-DirListing-item", has_text=name).wait_for()
