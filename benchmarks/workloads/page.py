"""The first visit to JupyterLab, in Chromium, through TLS."""

from __future__ import annotations

import time
from collections import Counter

from playwright.async_api import Browser, Page

from benchmarks.browser import chromium
from benchmarks.plan import Metric, Sample, Workload
from benchmarks.sides.side import PASSWORD, Side
from benchmarks.workloads.starts import people

WAIT_MS = 120_000
SHOWN, BYTES, ANSWERS = "launcher shown", "bytes from the server", "answers"
USABLE = "launcher shown, from the address"
LAUNCHER = ".jp-LauncherCard"


async def from_the_address(side: Side, sample: Sample) -> None:
    """Type the hub's address into a browser that never was there; one server waits."""
    await side.keep_ready(1)
    try:
        async with chromium() as browser:
            context = await browser.new_context(ignore_https_errors=True, base_url=side.url)
            page = await context.new_page()
            with sample.measured():
                began = time.monotonic()
                await page.goto("/")
                await page.locator(LAUNCHER).first.wait_for(timeout=WAIT_MS)
                sample.add(USABLE, time.monotonic() - began)
    finally:
        await side.keep_ready(0)


async def first_page(side: Side, sample: Sample) -> None:
    """Open JupyterLab of a running server in a browser that never was there."""
    name = people(1)[0]
    async with side.hub() as hub:
        await hub.start([name])
    async with chromium() as browser:
        with sample.measured():
            await _visit(browser, side, name, sample)


async def _visit(browser: Browser, side: Side, name: str, sample: Sample) -> None:
    context = await browser.new_context(ignore_https_errors=True, base_url=side.url)
    page = await context.new_page()
    await page.goto("/hub/login?next=/hub/home")
    await page.locator("#username_input").fill(name)
    await page.locator("#password_input").fill(PASSWORD)
    await page.locator("#login_submit").click()
    await page.wait_for_url("**/hub/home")
    sizes = await _count(page, f"/user/{name}/")
    began = time.monotonic()
    await page.goto(f"/user/{name}/lab")
    await page.locator(LAUNCHER).first.wait_for(timeout=WAIT_MS)
    sample.add(SHOWN, time.monotonic() - began)
    await page.wait_for_load_state("networkidle")
    sample.add(BYTES, sum(sizes.values()) / 1e6)
    sample.add(ANSWERS, len(sizes))


async def _count(page: Page, part: str) -> Counter[str]:
    """Return what will hold the bytes on the wire of each answer from *part*."""
    client = await page.context.new_cdp_session(page)
    await client.send("Network.enable")
    sizes: Counter[str] = Counter()
    wanted: set[str] = set()

    def answered(event: dict[str, dict[str, str]]) -> None:
        if part in event["response"]["url"]:
            wanted.add(str(event["requestId"]))

    def finished(event: dict[str, float]) -> None:
        if str(event["requestId"]) in wanted:
            sizes[str(event["requestId"])] = int(event["encodedDataLength"])

    client.on("Network.responseReceived", answered)
    client.on("Network.loadingFinished", finished)
    return sizes


WORKLOADS = (
    Workload(
        "first-page",
        "JupyterLab of a running server opened in a Chromium that never was there.",
        (Metric(SHOWN, "s"), Metric(BYTES, "MB"), Metric(ANSWERS, "requests")),
        first_page,
        people(1),
        shows=f"{BYTES}, median",
    ),
    Workload(
        "first-visit",
        "A visitor without an account types the address; in Chromium, with one server waiting.",
        (Metric(USABLE, "s", ("median", "max")),),
        from_the_address,
        shows=f"{USABLE}, median",
        visitors=True,
    ),
)
