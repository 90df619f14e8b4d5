"""A hub that knows thousands of people, and one that hears from hundreds of servers."""

from __future__ import annotations

import asyncio
import datetime as dt
import time

from benchmarks import engine
from benchmarks.client.hub import Hub
from benchmarks.plan import Metric, Sample, Workload
from benchmarks.sides.side import HEALTHY_SECONDS, Side
from benchmarks.workloads.starts import people

USERS, BATCH, PAGE, TIMES = 5000, 100, 200, 20
CREATED, EVERYBODY, ONE_PAGE = "all users made", "all users listed", f"a page of {PAGE} users"
ONE, ACTIVE, START = "one user", "users with a server", "hub killed and healthy again"

SECONDS, REPORTS, ASKED = 20, 20, 10  # for how long; reports and questions a second
ANSWER, REPORT = "GET /hub/api/user", "report of activity"


async def many(side: Side, sample: Sample) -> None:
    """Make the users once, then ask for them in the ways the hub's pages do."""
    async with side.hub() as hub:
        if CREATED not in side.memo:
            side.memo[CREATED] = await _create(hub)
        sample.add(CREATED, side.memo[CREATED])
        with sample.measured():
            pages = [
                await _milliseconds(hub, "/users", {"limit": str(PAGE), "offset": str(offset)})
                for offset in range(0, USERS, PAGE)
            ]
            sample.add(EVERYBODY, sum(pages) / 1000)
            sample.add(ONE_PAGE, *pages)
            for _ in range(TIMES):
                sample.add(ONE, await _milliseconds(hub, "/users/many00042", {}))
                sample.add(ACTIVE, await _milliseconds(hub, "/users", {"state": "active"}))
            await engine.docker("kill", "--signal", "KILL", side.hub_container)
            began = time.monotonic()
            await engine.docker("start", side.hub_container)
            await hub.healthy(HEALTHY_SECONDS)
            sample.add(START, time.monotonic() - began)


async def _create(hub: Hub) -> float:
    began = time.monotonic()
    for first in range(0, USERS, BATCH):
        names = [f"many{number:05d}" for number in range(first, first + BATCH)]
        await hub.ask("POST", "/users", json={"usernames": names})
    return time.monotonic() - began


async def _milliseconds(hub: Hub, path: str, params: dict[str, str]) -> float:
    began = time.perf_counter()
    await hub.ask("GET", path, params=params)
    return 1000 * (time.perf_counter() - began)


async def activity(side: Side, sample: Sample) -> None:
    """Let reports of activity come in steadily, and ask the hub something meanwhile."""
    async with side.hub() as hub:
        with sample.measured():
            reports = asyncio.create_task(_report(hub, sample))
            for _ in range(SECONDS * ASKED):
                sample.add(ANSWER, await _milliseconds(hub, "/user", {}))
                await asyncio.sleep(1 / ASKED)
            await reports


async def _report(hub: Hub, sample: Sample) -> None:
    names = people(10)
    for number in range(SECONDS * REPORTS):
        body = {"last_activity": f"{dt.datetime.now(dt.UTC):%Y-%m-%dT%H:%M:%SZ}"}
        began = time.perf_counter()
        path = f"/users/{names[number % len(names)]}/activity"
        status, _ = await hub.ask("POST", path, json=body)
        sample.add(REPORT, 1000 * (time.perf_counter() - began))
        if status != 200:
            sample.fail(f"activity: {status}")
        await asyncio.sleep(1 / REPORTS)


TAIL = ("median", "p95")
WORKLOADS = (
    Workload(
        "activity",
        f"{REPORTS} reports of activity a second for {SECONDS} s, as of thousands of servers.",
        (Metric(ANSWER, "ms", TAIL), Metric(REPORT, "ms", TAIL)),
        activity,
        people(10),
        shows=f"{ANSWER}, p95",
    ),
    Workload(
        "users5000",
        f"A hub with {USERS:,} users: made, listed, asked for, and with the hub's start.",
        (
            Metric(CREATED, "s"),
            Metric(EVERYBODY, "s"),
            Metric(ONE_PAGE, "ms", TAIL),
            Metric(ONE, "ms", TAIL),
            Metric(ACTIVE, "ms", TAIL),
            Metric(START, "s"),
        ),
        many,
        people(1),
        shows=f"{EVERYBODY}, median",
    ),
)
