"""Visits that come and go: what is left of them."""

from __future__ import annotations

import contextlib

from benchmarks import engine, memory
from benchmarks.client.visitor import Visitor
from benchmarks.plan import Metric, Sample, Workload
from benchmarks.sides.side import FILES, Side

VISITS = 100  # a round
USERS, ROUTES, TOKENS = "users", "routes", "tokens"
CONTAINERS, VOLUMES = "containers", "volumes"
HUB = "the hub's memory"


async def before(side: Side, sample: Sample) -> None:
    """Count what there is while nobody is here."""
    await side.keep_ready(1)
    await _count(side, sample)


async def after(side: Side, sample: Sample) -> None:
    """Let visitors come and go, one after the other, then count again."""
    async with contextlib.AsyncExitStack() as stack:
        stack.push_async_callback(side.keep_ready, 0)
        hub = await stack.enter_async_context(side.hub())
        for _ in range(VISITS):
            async with Visitor(side) as visitor:
                await visitor.open_lab()
                await hub.end_visit(visitor.name)
        await side.keep_ready(1)
        await _count(side, sample)


async def _count(side: Side, sample: Sample) -> None:
    async with side.hub() as hub:
        for metric, path in ((USERS, "/users"), (ROUTES, "/proxy")):
            _, found = await hub.ask("GET", path)
            sample.add(metric, len(found))
    sample.add(CONTAINERS, len(await engine.containers(side.project, every=True)))
    code = (FILES / "tokens.py").read_text()
    counted = await engine.docker("exec", side.hub_container, "python", "-c", code)
    sample.add(TOKENS, int(counted))
    volumes = await engine.docker("volume", "ls", "--quiet", "--filter", f"name={side.project}")
    sample.add(VOLUMES, len(volumes.split()))
    sample.add(HUB, *await memory.cgroup([side.hub_container]))


WORKLOADS = (
    Workload(
        "cycles",
        f"{VISITS} visitors come and go; counted before and after. ROUNDS=11 makes a thousand.",
        (
            *(Metric(name, "count") for name in (USERS, ROUTES, TOKENS, CONTAINERS, VOLUMES)),
            Metric(HUB, "MiB"),
        ),
        after,
        compares=("before", "after"),
        on_stock=before,
        cpu=False,
        visitors=True,
    ),
)
