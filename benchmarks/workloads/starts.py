"""Starts: one after the other, many at once, and next to something that is stuck."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Sequence

import aiohttp

from benchmarks.client.hub import NotInTime
from benchmarks.client.kernel import CellFailed
from benchmarks.client.visitor import Spans, StartFailed, Visitor
from benchmarks.plan import STATISTICS, Metric, Sample, Workload
from benchmarks.sides.side import PASSWORD, Side

READY, LAB, RESULT = "server ready", "JupyterLab's page", "first cell's result"
SPANS = (Metric(READY, "s"), Metric(LAB, "s"), Metric(RESULT, "s", STATISTICS))
BROKEN = (StartFailed, CellFailed, NotInTime, aiohttp.ClientError, TimeoutError)
SIGN_INS = 4  # at once; they are not what is measured
COLD_STARTS, OTHERS = 4, 4
SETTLED = 0.5  # seconds until what is stuck has begun to be


def people(count: int, kind: str = "u") -> tuple[str, ...]:
    """Return names of *count* users."""
    return tuple(f"{kind}{number:02d}" for number in range(1, count + 1))


def note(sample: Sample, spans: Spans) -> None:
    """Add one user's way to their first result."""
    sample.add(READY, spans.ready)
    sample.add(LAB, spans.lab)
    sample.add(RESULT, spans.result)


async def signed_in(
    stack: contextlib.AsyncExitStack, side: Side, names: Sequence[str]
) -> list[Visitor]:
    """Return visitors who are signed in, until *stack* is closed."""
    visitors = [await stack.enter_async_context(Visitor(side, name)) for name in names]
    gate = asyncio.Semaphore(SIGN_INS)

    async def enter(visitor: Visitor) -> None:
        async with gate:
            await visitor.sign_in(PASSWORD)

    await asyncio.gather(*map(enter, visitors))
    return visitors


async def first_cells(visitors: Sequence[Visitor], sample: Sample) -> None:
    """Let all start at the same moment; their websockets stay open."""

    async def one(visitor: Visitor) -> None:
        try:
            spans, _ = await visitor.first_cell()
        except BROKEN as error:
            sample.fail(f"{visitor.name}: {error}")
        else:
            note(sample, spans)

    await asyncio.gather(*map(one, visitors))


async def cold(side: Side, sample: Sample) -> None:
    """Start servers one after the other, each stopped before the next."""
    async with contextlib.AsyncExitStack() as stack:
        for visitor in await signed_in(stack, side, people(COLD_STARTS)):
            with sample.measured():
                await first_cells([visitor], sample)
            await side.stop_all()


def burst(count: int) -> Callable[[Side, Sample], Awaitable[None]]:
    """Return the start of *count* servers at the same moment."""

    async def run(side: Side, sample: Sample) -> None:
        async with contextlib.AsyncExitStack() as stack:
            visitors = await signed_in(stack, side, people(count))
            with sample.measured():
                await first_cells(visitors, sample)

    return run


async def hung_pull(side: Side, sample: Sample) -> None:
    """Start others while the pull of one user's image hangs."""
    registry = side.common.registry
    registry.hang()
    async with contextlib.AsyncExitStack() as stack:
        stack.callback(registry.let_go)
        visitors = await signed_in(stack, side, people(OTHERS))
        hub = await stack.enter_async_context(side.hub())
        hung = asyncio.create_task(hub.ask("POST", "/users/hung01/server"))
        try:
            await asyncio.wait_for(registry.asked.wait(), 30)
            await asyncio.sleep(SETTLED)
            await _with_limit(visitors, sample)
        finally:
            registry.let_go()
            await asyncio.gather(hung, return_exceptions=True)


async def stuck_stop(side: Side, sample: Sample) -> None:
    """Start others while one container does not react to its stop."""
    async with contextlib.AsyncExitStack() as stack:
        visitors = await signed_in(stack, side, people(OTHERS))
        hub = await stack.enter_async_context(side.hub())
        await hub.start(["stuck01"])
        stuck = asyncio.create_task(hub.ask("DELETE", "/users/stuck01/server"))
        try:
            await asyncio.sleep(SETTLED)
            await _with_limit(visitors, sample)
        finally:
            await asyncio.gather(stuck, return_exceptions=True)


LIMIT = 30  # seconds others wait at most while something is stuck; then they count as failed


async def _with_limit(visitors: Sequence[Visitor], sample: Sample) -> None:
    with sample.measured():
        task = asyncio.create_task(first_cells(visitors, sample))
        done, _ = await asyncio.wait([task], timeout=LIMIT)
        if done:
            return
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
    missing = len(visitors) - len(sample.values.get(RESULT, ()))
    for _ in range(missing):
        sample.add(RESULT, LIMIT)
        sample.fail(f"no result within {LIMIT} s")


STUCK = (Metric(RESULT, "s", ("median", "max")),)
WORKLOADS = (
    Workload(
        "cold",
        f"{COLD_STARTS} users, one after the other, from nothing to the first cell's result.",
        SPANS,
        cold,
        people(COLD_STARTS),
        shows=f"{RESULT}, median",
    ),
    *(
        Workload(
            f"burst{count}",
            f"{count} users ask for a server at the same moment.",
            SPANS,
            burst(count),
            people(count),
            shows=f"{RESULT}, max",
        )
        for count in (10, 50)
    ),
    Workload(
        "hung-pull",
        f"{OTHERS} users start while the pull of another's image hangs (at most {LIMIT} s).",
        STUCK,
        hung_pull,
        (*people(OTHERS), "hung01"),
        cpu=False,
        shows=f"{RESULT}, max",
    ),
    Workload(
        "stuck-stop",
        f"{OTHERS} users start while another's container ignores that it is stopped.",
        STUCK,
        stuck_stop,
        (*people(OTHERS), "stuck01"),
        cpu=False,
        shows=f"{RESULT}, max",
    ),
)
