"""Many stops at once."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable

from benchmarks.client.hub import LOOK
from benchmarks.plan import Metric, Sample, Workload
from benchmarks.sides.side import Side
from benchmarks.workloads.starts import people

STOPPED, GONE = "server stopped", "last container gone"
SECONDS = 120


def stops(count: int) -> Callable[[Side, Sample], Awaitable[None]]:
    """Return the stop of *count* running servers at the same moment."""

    async def run(side: Side, sample: Sample) -> None:
        async with side.hub() as hub:
            await hub.start(people(count))
            with sample.measured():
                began = time.monotonic()
                gone = asyncio.create_task(_gone(side, began))
                stopped = await hub.stop(people(count))
                sample.add(GONE, await gone)
        sample.add(STOPPED, *stopped.values())
        for _ in range(count - len(stopped)):
            sample.fail("a server was not stopped")

    return run


async def _gone(side: Side, began: float) -> float:
    while await side.servers() and time.monotonic() - began < SECONDS:
        await asyncio.sleep(LOOK)
    return time.monotonic() - began


WORKLOADS = tuple(
    Workload(
        f"stops{count}",
        f"{count} running servers are stopped at the same moment.",
        (Metric(STOPPED, "s", ("median", "max")), Metric(GONE, "s")),
        stops(count),
        people(count),
        shows=f"{STOPPED}, max",
    )
    for count in (10, 30)
)
