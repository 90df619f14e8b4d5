"""The hub is killed while people work."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Sequence

from benchmarks import engine
from benchmarks.client.hub import LOOK, PROBE
from benchmarks.client.kernel import Kernel
from benchmarks.client.visitor import Visitor
from benchmarks.plan import Metric, Sample, Workload
from benchmarks.sides.side import Side
from benchmarks.workloads.starts import people, signed_in

SERVERS, SECONDS = 30, 60
HEALTHY, BACK, CUT = "hub healthy", "every server reachable", "websockets cut"


async def restart(side: Side, sample: Sample) -> None:
    """Kill the hub with SIGKILL, start it again, and see who noticed."""
    async with contextlib.AsyncExitStack() as stack:
        hub = await stack.enter_async_context(side.hub())
        await hub.start(people(SERVERS))
        visitors = await signed_in(stack, side, people(SERVERS))
        kernels = [await _working(visitor) for visitor in visitors]
        with sample.measured():
            await engine.docker("kill", "--signal", "KILL", side.hub_container)
            began = time.monotonic()
            await engine.docker("start", side.hub_container)
            back = asyncio.create_task(_all_back(visitors, began))
            while not await hub.is_healthy() and time.monotonic() - began < SECONDS:
                await asyncio.sleep(PROBE)
            sample.add(HEALTHY, time.monotonic() - began)
            sample.add(BACK, await back)
        open_still = await asyncio.gather(*(kernel.is_open() for kernel in kernels))
        sample.add(CUT, open_still.count(False))


async def _working(visitor: Visitor) -> Kernel:
    await visitor.open_lab()
    kernel = await visitor.kernel()
    await kernel.run("1+1")
    return kernel


async def _all_back(visitors: Sequence[Visitor], began: float) -> float:
    for visitor in visitors:
        while await visitor.get("api/status") != 200 and time.monotonic() - began < SECONDS:
            await asyncio.sleep(LOOK)
    return time.monotonic() - began


WORKLOADS = (
    Workload(
        "hub-restart",
        f"The hub is killed (SIGKILL) and started again, with {SERVERS} servers at work.",
        (Metric(HEALTHY, "s"), Metric(BACK, "s"), Metric(CUT, f"of {SERVERS}")),
        restart,
        people(SERVERS),
        cpu=False,
        shows=f"{HEALTHY}, median",
    ),
)
