"""The main job, as people do it: a browser, a sign-in, a server, a running cell."""

from __future__ import annotations

import re
import uuid

import pytest
from playwright.sync_api import Page, expect

from tests.e2e import lab
from tests.support import Stack, run

pytestmark = pytest.mark.e2e


@pytest.fixture(scope="module")
def first_link(stack: Stack) -> str:
    """The link `make up` printed for the first administrator."""
    found = re.search(r"First sign-in:\s+(https://\S+)", stack.said)
    assert found, stack.said
    return found[1]


def test_first_sign_in_a_cell_a_file_and_the_file_again_after_stop_and_start(
    stack: Stack, first_link: str, page: Page
):
    """What `make up` prints leads into JupyterLab; what is saved there stays."""
    lab.choose_password(page, first_link)
    page.get_by_role("button", name="Start My Server").click()
    lab.wait_for_lab(page)

    assert lab.compute(page, "6*7") == "42"
    expect(page.get_by_text("Jupyter news")).to_have_count(0)
    lab.save_as(page, "answer.ipynb")

    page.goto("/hub/home")
    page.get_by_role("button", name="Stop My Server").click()
    page.get_by_role("button", name="Start My Server").click(timeout=lab.START_MS)
    lab.wait_for_lab(page)
    expect(page.locator(".jp-DirListing-item", has_text="answer.ipynb")).to_be_visible()

    home = f"{stack.project}-user-first"
    saved = run("docker", "run", "--rm", "-v", f"{home}:/home:ro", "hubkit-base", "ls", "/home")
    assert "answer.ipynb" in saved.stdout


def test_the_admin_console_adds_a_user_who_signs_in_and_removes_them(
    stack: Stack, admin: object, page: Page
):
    """A second person comes in through the console, works, and goes again."""
    name = f"bob{uuid.uuid4().hex[:6]}"
    lab.sign_in(page, "admin", "/hub/admin")
    page.get_by_role("button", name="Add Users").click()
    page.locator("textarea").fill(name)
    page.get_by_role("button", name="Add Users").last.click()
    page.get_by_text(name).first.wait_for()

    visitor = page.context.browser.new_context(ignore_https_errors=True, base_url=stack.url)
    other = visitor.new_page()
    other.goto("/hub/login")
    other.get_by_role("link", name="Choose a password").click()
    other.locator("#username_input").fill(name)
    other.locator("#password_input").fill(lab.PASSWORD)
    other.locator("#password_confirmation_input").fill(lab.PASSWORD)
    other.locator("#signup_submit").click()
    expect(other.get_by_text("You can sign in now")).to_be_visible()
    lab.sign_in(other, name)
    lab.wait_for_lab(other)
    assert lab.compute(other, "7*6") == "42"

    page.goto("/hub/admin")
    row = page.get_by_role("row").filter(has_text=name).first
    row.get_by_role("button", name="Stop Server").click()
    row.get_by_role("button", name="Start Server").wait_for()
    row.get_by_role("button", name="Edit User").click()
    page.get_by_role("button", name="Delete User").click()
    expect(page.get_by_text(name)).to_have_count(0)

    lab.sign_in(other, name)
    expect(other.locator(".login_error")).to_be_visible()
    assert stack.inspect(f"{stack.project}-user-{name}")["Name"]
    visitor.close()


def test_a_first_visit_to_jupyterlab_is_compressed(stack: Stack, admin: object, page: Page):
    """What the edge sends for a first visit is a fraction of what the server sends."""
    sizes: dict[str, int] = {}
    urls: dict[str, str] = {}
    client = page.context.new_cdp_session(page)
    client.send("Network.enable")
    client.on(
        "Network.responseReceived", lambda e: urls.update({e["requestId"]: e["response"]["url"]})
    )
    client.on(
        "Network.loadingFinished", lambda e: sizes.update({e["requestId"]: e["encodedDataLength"]})
    )
    lab.sign_in(page, "admin")
    lab.wait_for_lab(page)
    page.wait_for_load_state("networkidle")

    from_server = [size for request, size in sizes.items() if "/user/" in urls.get(request, "")]
    assert len(from_server) > 50
    assert sum(from_server) <= 1.6e6, f"{sum(from_server) / 1e6:.2f} MB"


def test_the_pages_work_without_an_error_in_the_console(stack: Stack, admin: object, page: Page):
    """Sign-in, home and admin pages load whole: no script fails, nothing is missing."""
    wrong: list[str] = []
    page.on("pageerror", lambda error: wrong.append(str(error)))
    page.on("response", lambda a: wrong.append(f"{a.status} {a.url}") if a.status >= 400 else None)

    lab.sign_in(page, "admin", "/hub/home")
    page.goto("/hub/admin")
    page.goto("/hub/token")
    page.goto("/hub/authorize")
    page.goto("/hub/change-password")

    assert wrong == []
