"""How long a cell takes, through TLS and both proxies."""

from __future__ import annotations

import asyncio

from benchmarks.client.kernel import Kernel, Ran
from benchmarks.client.visitor import Visitor
from benchmarks.plan import Metric, Sample, Workload
from benchmarks.sides.side import PASSWORD, Side
from benchmarks.workloads.starts import people

TIMES, WARM = 30, 3
PAUSE = 0.1  # seconds between two cells of a person; "Run All Cells" leaves none
FLUSHES = "for i in range(20): print(i, flush=True)"
CODE = {
    "1+1, to its result": ("1+1", "output", 0),
    "1+1, to idle": ("1+1", "idle", 0),
    "print, to idle": ("print(1)", "idle", 0),
    "20 flushes, to idle": (FLUSHES, "idle", 0),
    "1+1 after a pause, to idle": ("1+1", "idle", PAUSE),
    "20 flushes after a pause, to idle": (FLUSHES, "idle", PAUSE),
}
SHOWN = ("median", "p95")


async def cells(side: Side, sample: Sample) -> None:
    """Run each kind of cell again and again on one kernel."""
    async with Visitor(side, people(1)[0]) as visitor:
        await visitor.sign_in(PASSWORD)
        _, kernel = await visitor.first_cell()
        for code, pause in {(code, pause) for code, _, pause in CODE.values()}:
            for _ in range(WARM):
                await kernel.run(code)
            with sample.measured():
                ran = [await paced(kernel, code, pause) for _ in range(TIMES)]
            for name, (of, until, after) in CODE.items():
                if (of, after) == (code, pause):
                    sample.add(name, *(1000 * getattr(one, until) for one in ran))


async def paced(kernel: Kernel, code: str, pause: float) -> Ran:
    """Run a cell *pause* seconds after the one before."""
    if pause:
        await asyncio.sleep(pause)
    return await kernel.run(code)


WORKLOADS = (
    Workload(
        "cells",
        f'{TIMES} cells of each kind, one right after the other as in "Run All Cells", '
        "and with pauses, on one kernel, through TLS.",
        tuple(Metric(name, "ms", SHOWN) for name in CODE),
        cells,
        people(1),
        shows="1+1, to idle, median",
    ),
)
