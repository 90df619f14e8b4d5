"""Visits without an account, beside those of tmpauthenticator with DockerSpawner."""

from __future__ import annotations

import contextlib
from collections.abc import Awaitable, Callable

from benchmarks.client.visitor import Visitor
from benchmarks.plan import Metric, Sample, Workload
from benchmarks.sides.side import Side
from benchmarks.workloads.starts import READY, RESULT, SPANS, first_cells

VISITS, CROWDS = 6, (10, 30)


async def visits(side: Side, sample: Sample) -> None:
    """Let visitors come one after the other; for each one server waits."""
    async with contextlib.AsyncExitStack() as stack:
        stack.push_async_callback(side.keep_ready, 0)
        for _ in range(VISITS):
            await side.keep_ready(1)
            async with Visitor(side) as visitor:
                with sample.measured():
                    await first_cells([visitor], sample)
            await side.stop_all()


def crowd(count: int) -> Callable[[Side, Sample], Awaitable[None]]:
    """Return the visit of *count* at the same moment, with as many servers waiting."""

    async def run(side: Side, sample: Sample) -> None:
        async with contextlib.AsyncExitStack() as stack:
            stack.push_async_callback(side.keep_ready, 0)
            visitors = [await stack.enter_async_context(Visitor(side)) for _ in range(count)]
            await side.keep_ready(count)
            with sample.measured():
                await first_cells(visitors, sample)

    return run


WORKLOADS = (
    Workload(
        "visits",
        f"{VISITS} visitors without an account, one after the other, with one server waiting.",
        (Metric(READY, "s", ("median", "p95", "max")), *SPANS[1:]),
        visits,
        shows=f"{RESULT}, median",
        visitors=True,
    ),
    *(
        Workload(
            f"visits{count}",
            f"{count} visitors without an account at the same moment; {count} servers wait.",
            (Metric(READY, "s", ("median", "max")), *SPANS[1:]),
            crowd(count),
            shows=f"{RESULT}, max",
            visitors=True,
        )
        for count in CROWDS
    ),
)
