"""Memory of an idle user."""

from __future__ import annotations

import asyncio
import contextlib
import os

from benchmarks import memory
from benchmarks.plan import Metric, Sample, Workload
from benchmarks.sides.side import Side
from benchmarks.workloads.starts import people, signed_in

USERS, QUIET = 5, 5.0  # the latter in seconds
IDLE, IDLE_PSS = "idle server, cgroup", "idle server, PSS"
KERNEL, KERNEL_PSS = "with one kernel, cgroup", "with one kernel, PSS"
PARTS = "the hub's own containers"


async def idle_users(side: Side, sample: Sample) -> None:
    """Look at servers nobody uses, then at the same with a kernel each."""
    async with contextlib.AsyncExitStack() as stack:
        hub = await stack.enter_async_context(side.hub())
        await hub.start(people(USERS))
        await asyncio.sleep(QUIET)
        await _look(side, sample, IDLE, IDLE_PSS)
        for visitor in await signed_in(stack, side, people(USERS)):
            await visitor.open_lab()
            await (await visitor.kernel()).run("1+1")
        await asyncio.sleep(QUIET)
        await _look(side, sample, KERNEL, KERNEL_PSS)
        sample.add(PARTS, sum(await memory.cgroup(await side.own())))


async def _look(side: Side, sample: Sample, charged: str, proportional: str) -> None:
    names = await side.servers()
    sample.add(charged, *await memory.cgroup(names))
    if os.geteuid() == 0:
        sample.add(proportional, *[await memory.pss(name) for name in names])


WORKLOADS = (
    Workload(
        "memory",
        f"{USERS} users with an idle server, then with an idle kernel as well.",
        tuple(Metric(name, "MiB") for name in (IDLE, IDLE_PSS, KERNEL, KERNEL_PSS, PARTS)),
        idle_users,
        people(USERS),
        cpu=False,
        shows=f"{IDLE}, median",
    ),
)
