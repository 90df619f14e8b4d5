"""How long a cell takes, through TLS and both proxies."""

from __future__ import annotations

import asyncio
import json
import statistics

from benchmarks import engine
from benchmarks.client.kernel import Kernel, Ran
from benchmarks.client.visitor import Visitor
from benchmarks.plan import Metric, Sample, Workload
from benchmarks.sides.side import FILES, PASSWORD, Side
from benchmarks.workloads.starts import people

TIMES, WARM = 30, 3
PAUSE = 0.1  # seconds between two cells of a person; "Run All Cells" leaves none
FLUSHES = "for i in range(20): print(i, flush=True)"
WHOLE = "1+1, to idle"
CODE = {
    "1+1, to its result": ("1+1", "output", 0),
    WHOLE: ("1+1", "idle", 0),
    "print, to idle": ("print(1)", "idle", 0),
    "20 flushes, to idle": (FLUSHES, "idle", 0),
    "1+1 after a pause, to idle": ("1+1", "idle", PAUSE),
    "20 flushes after a pause, to idle": (FLUSHES, "idle", PAUSE),
}
OWN = f"{WHOLE}, over the kernel's own sockets"
BEYOND = f"{WHOLE}, beyond the kernel's own time"
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
    await beyond(side, sample)


async def beyond(side: Side, sample: Sample) -> None:
    """Ask a kernel in the same container without a server, which shows what the way costs."""
    [container] = await side.servers()
    program, words = (FILES / "kernel.py").read_text(), ("1+1", str(WARM), str(TIMES))
    said = await engine.docker("exec", "-i", container, "python3", "-", *words, given=program)
    own = json.loads(said)
    sample.add(OWN, *own)
    sample.add(BEYOND, *(taken - statistics.median(own) for taken in sample.values[WHOLE]))


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
        (*(Metric(name, "ms", SHOWN) for name in (*CODE, OWN)), Metric(BEYOND, "ms")),
        cells,
        people(1),
        shows="1+1, to idle, median",
    ),
)
