"""Starts with hubkit's warm pool, beside stock's, which has none."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Awaitable, Callable

from benchmarks.client.hub import PROBE, SECONDS, Hub
from benchmarks.plan import Metric, Sample, Workload
from benchmarks.sides.side import Side
from benchmarks.workloads.starts import READY, RESULT, SPANS, first_cells, people, signed_in

STARTS = 6  # one after the other; five rounds make thirty
BY_API, FIRST = "ready by the API", 10
FIRST_RESULTS = f"result of the first {FIRST}"


async def start_by_api(hub: Hub, name: str) -> float:
    """Return the seconds from the request for a server until the hub says it is ready.

    Raises:
        TimeoutError: It did not become ready.
    """
    began = time.perf_counter()
    async with asyncio.timeout(SECONDS):
        status, _ = await hub.ask("POST", f"/users/{name}/server")
        while status != 201:
            await asyncio.sleep(PROBE)
            _, user = await hub.ask("GET", f"/users/{name}")
            status = 201 if user["servers"].get("", {}).get("ready") else 202
    return time.perf_counter() - began


async def warm(side: Side, sample: Sample) -> None:
    """Start servers one after the other; before each the pool is full again."""
    async with contextlib.AsyncExitStack() as stack:
        stack.push_async_callback(side.keep_ready, 0)
        hub = await stack.enter_async_context(side.hub())
        for visitor in await signed_in(stack, side, people(STARTS)):
            await side.keep_ready(1)
            with sample.measured():
                await first_cells([visitor], sample)
            await hub.stop([visitor.name])
            await side.keep_ready(1)
            sample.add(BY_API, await start_by_api(hub, visitor.name))
            await hub.stop([visitor.name])


def burst(count: int, pool: int) -> Callable[[Side, Sample], Awaitable[None]]:
    """Return the start of *count* servers at the same moment, of which *pool* wait."""

    async def run(side: Side, sample: Sample) -> None:
        async with contextlib.AsyncExitStack() as stack:
            stack.push_async_callback(side.keep_ready, 0)
            visitors = await signed_in(stack, side, people(count))
            await side.keep_ready(pool)
            with sample.measured():
                await first_cells(visitors, sample)
            sample.add(FIRST_RESULTS, *sorted(sample.values.get(RESULT, ()))[:FIRST])

    return run


WORKLOADS = (
    Workload(
        "warm",
        f"{STARTS} users, one after the other, with one server waiting for each.",
        (*SPANS, Metric(BY_API, "s", ("median", "p95", "max"))),
        warm,
        people(STARTS),
        shows=f"{RESULT}, median",
    ),
    *(
        Workload(
            f"burst{count}-pool{pool}",
            f"{count} users ask for a server at the same moment; {pool} wait.",
            (Metric(READY, "s", ("median", "max")), *SPANS[1:], Metric(FIRST_RESULTS, "s")),
            burst(count, pool),
            people(count),
            shows=f"{RESULT}, max",
        )
        for count, pool in ((30, 30), (50, 10))
    ),
)
