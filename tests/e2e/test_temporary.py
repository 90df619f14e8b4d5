"""Visitors without an account, in a real browser."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, Page, Request, expect

from tests.e2e import lab
from tests.e2e.conftest import FLAGS, SECONDS
from tests.elsewhere import Elsewhere
from tests.support import Stack, until
from tests.visits import opened

pytestmark = pytest.mark.e2e

VISITOR = re.compile(r"/user/(tmp-[a-z0-9]{12})/lab")
BOOK, STRANGER = "https://book.test", "https://stranger.test"
FRAME = '<!doctype html><title>A page</title><iframe src="{url}" width="900" height="600"></iframe>'


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """A hub for visitors, which pages of one other site may show."""
    settings = {
        "TEMPORARY_PER_ADDRESS": "0",
        "TEMPORARY_MAX_AGE": "590",  # ten minutes before the end a line is shown
        "FRAME_ANCESTORS": BOOK,
    }
    with opened(tmp_path_factory.mktemp("visitors"), **settings) as made:
        yield made


@pytest.fixture
def asked(page: Page) -> list[Request]:
    """Every request the page makes, of its frames and workers as well."""
    found: list[Request] = []

    def note(one: Request) -> None:
        found.append(one)

    page.context.on("request", note)
    return found


def third_parties(asked: list[Request], *own: str) -> set[str]:
    """Return the hosts of requests to anybody but those in *own*."""
    parts = (urlsplit(one.url) for one in asked)
    return {one.netloc for one in parts if one.scheme in {"http", "https", "ws", "wss"}} - set(own)


def whose(page: Page) -> str:
    """Return the visitor whose JupyterLab is open."""
    found = VISITOR.search(page.url)
    assert found, page.url
    return found[1]


def test_a_visit(stack: Stack, page: Page, asked: list[Request]):
    """The address alone leads into JupyterLab, which computes, and says when it will end."""
    page.goto("/")
    lab.wait_for_lab(page)
    name = whose(page)

    line = page.locator("#hubkit-countdown")
    expect(line).to_be_visible()
    expect(line).to_have_text(re.compile(r"^This temporary server ends in \d:\d\d\. Download"))
    first = line.inner_text()
    expect(line).not_to_have_text(first)  # it counts
    page.goto("/")
    lab.wait_for_lab(page)
    assert whose(page) == name
    assert lab.compute(page, "6*7") == "42"
    assert third_parties(asked, urlsplit(stack.url).netloc) == set()


def test_a_stale_link(stack: Stack, page: Page, asked: list[Request]):
    """Its page says that the server is gone, and opens the document in a fresh one by itself."""
    page.goto("/user/tmp-abcdefghijkl/lab/tree/x.ipynb?a=b#c")
    expect(page.get_by_role("heading", name="This server is gone")).to_be_visible()

    page.wait_for_url(
        re.compile(r"/user/tmp-(?!abcdefghijkl)[a-z0-9]{12}/lab/tree/x\.ipynb\?a=b#c$"),
        timeout=lab.START_MS,
        wait_until="commit",
    )

    page.locator("#jp-main-dock-panel").wait_for(timeout=lab.START_MS)
    assert third_parties(asked, urlsplit(stack.url).netloc) == set()


@pytest.mark.parametrize(
    "path", ["/info", "/hub/home", "/hub/token", "/hub/nowhere", "/user/tmp-abcdefghijkl/lab"]
)
def test_no_third_party(stack: Stack, page: Page, asked: list[Request], path: str):
    """No page of the hub or of the service asks anybody else for anything."""
    page.goto(path)
    page.wait_for_load_state("load")

    assert asked
    assert third_parties(asked, urlsplit(stack.url).netloc) == set()


def test_numbers(stack: Stack, page: Page):
    """The service's page says how many places there are, and draws it."""
    page.goto("/info")

    said = re.compile(r"^\d+ of 30 places are free, \d+ used, \d+ starting, \d+ refused so far\.$")
    expect(page.locator("#numbers")).to_have_text(said)
    for line in ("free", "used", "refused"):
        expect(page.locator(f"#{line}")).to_have_attribute("d", re.compile(r"L\d"))  # it goes on


def test_links(stack: Stack, page: Page):
    """Each kind of link opens its document, in the server there is; what follows # stays."""
    page.goto("/")
    lab.wait_for_lab(page)
    name = whose(page)
    assert lab.compute(page, "open('x.csv', 'w').write('a,b')") == "3"
    page.keyboard.press("Control+s")

    page.goto("/notebooks/Untitled.ipynb#a")
    page.locator(".jp-Notebook").wait_for(timeout=lab.START_MS)
    assert page.url == f"{stack.url}/user/{name}/notebooks/Untitled.ipynb#a"
    page.goto("/tree")
    page.locator(".jp-DirListing-item", has_text="x.csv").wait_for(timeout=lab.START_MS)
    answer = page.request.get("/files/x.csv")
    assert (answer.status, answer.text()) == (200, "a,b")
    page.goto("/spawn/lab/tree/Untitled.ipynb?a=b")
    lab.wait_for_lab(page)
    page.locator(".jp-Notebook").wait_for(timeout=lab.START_MS)
    assert whose(page) == name


@pytest.fixture
def reader(browser: Browser, chromium: Path, elsewhere: Elsewhere, stack: Stack) -> Iterator[Page]:
    """Somebody who reads a page with a frame in it.

    Playwright has Chromium refuse storage to frames of other sites, without which JupyterLab
    does not open; people's Chromium keeps it apart for each site, and so does this one.
    """
    rules = f"--host-resolver-rules=MAP localhost {elsewhere.this_host}"
    # Of two such switches the last counts, not Playwright's own.
    flags = [*FLAGS, rules, "--disable-features=Translate"]
    started = browser.browser_type.launch(executable_path=chromium, args=flags)
    context = started.new_context(ignore_https_errors=True, base_url=stack.url)
    context.set_default_timeout(SECONDS * 1000)
    yield context.new_page()
    started.close()


def show(page: Page, site: str, url: str) -> None:
    """Open a page of *site* that shows *url* in a frame."""
    page.route(
        f"{site}/**",
        lambda route: route.fulfill(content_type="text/html", body=FRAME.format(url=url)),
    )
    # The hub of the tests has a private address, which pages of the internet may ask only
    # with the person's consent.
    page.context.grant_permissions(["local-network-access"], origin=site)
    page.goto(f"{site}/page.html")


def test_in_a_frame(stack: Stack, reader: Page):
    """A page of FRAME_ANCESTORS shows a visit, from the first redirect to a kernel that runs.

    Debian's Chromium keeps no cookies of other sites but those that say `Partitioned`.
    """
    show(reader, BOOK, stack.url)

    frame = reader.frame_locator("iframe")
    frame.locator("#jp-main-dock-panel").wait_for(timeout=lab.START_MS)
    frame.locator('.jp-LauncherCard[data-category="Notebook"]').first.click()
    # In a frame the notebook's bar may be too short to show it.
    idle = frame.locator('.jp-Notebook-ExecutionIndicator[data-status="idle"]')
    idle.wait_for(state="attached")
    cookies = {one["name"]: one["sameSite"] for one in reader.context.cookies()}
    assert cookies
    assert set(cookies.values()) == {"None"}
    before = login(reader)
    assert before

    reader.evaluate("url => document.querySelector('iframe').src = url", f"{stack.url}/hub/logout")

    until(lambda: login(reader) != before, 10, "the frame is signed out")


def login(page: Page) -> set[str]:
    """Return what signs the browser in, in frames and outside of them."""
    return {one["value"] for one in page.context.cookies() if one["name"] == "jupyterhub-hub-login"}


@pytest.mark.parametrize("path", ["/", "/hub/home", "/info"])
def test_in_a_strangers_frame(stack: Stack, page: Page, path: str):
    """A page of another site shows nothing: neither the hub's pages nor the service's."""
    with page.expect_console_message(lambda said: "frame-ancestors" in said.text):
        show(page, STRANGER, f"{stack.url}{path}")

    expect(page.frame_locator("iframe").locator("#jp-main-dock-panel")).to_have_count(0)
