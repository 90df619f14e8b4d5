"""How long a cell takes, through TLS and both proxies."""

from __future__ import annotations

import asyncio

from benchmarks.client.kernel import Kernel, Ran
from benchmarks.client.visitor import Visitor
from benchmarks.plan import Metric, Sample, Workload
from benchmarks.sides.side import PASSWORD, Side
from benchmarks.workloads.starts import people

TIMES, WARM = 30, 3
PAUSE = 0.1  # seconds between two cells: a person's next cell does not push the last one's end
CODE = {
    "1+1, to its result": ("1+1", "output"),
    "1+1, to idle": ("1+1", "idle"),
    "print, to idle": ("print(1)", "idle"),
    "20 flushes, to idle": ("for i in range(20): print(i, flush=True)", "idle"),
}
SHOWN = ("median", "p95")


async def cells(side: Side, sample: Sample) -> None:
    """Run each kind of cell again and again on one kernel."""
    async with Visitor(side, people(1)[0]) as visitor:
        await visitor.sign_in(PASSWORD)
        _, kernel = await visitor.first_cell()
        for code in {code for code, _ in CODE.values()}:
            for _ in range(WARM):
                await kernel.run(code)
            with sample.measured():
                ran = [await paced(kernel, code) for _ in range(TIMES)]
            for name, (of, until) in CODE.items():
                if of == code:
                    sample.add(name, *(1000 * getattr(one, until) for one in ran))


async def paced(kernel: Kernel, code: str) -> Ran:
    """Run a cell after a person's pause."""
    await asyncio.sleep(PAUSE)
    return await kernel.run(code)


WORKLOADS = (
    Workload(
        "cells",
        f"{TIMES} cells of each kind, one after the other, on one kernel, through TLS.",
        tuple(Metric(name, "ms", SHOWN) for name in CODE),
        cells,
        people(1),
        shows="1+1, to idle, median",
    ),
)
