"""A B A B: both sides take turns, and whoever waits is paused."""

from __future__ import annotations

import asyncio
import traceback
from collections.abc import Sequence

from benchmarks.plan import Sample, Workload
from benchmarks.sides.kit import Kit
from benchmarks.sides.side import Side
from benchmarks.sides.stock import Stock
from benchmarks.terminal import say

SECONDS = 900  # until a workload is given up, once on one side


class Turns:
    """The two sides, of which one runs at a time.

    Args:
        stock: Stands in the first column.
        kit: Stands in the second.
    """

    def __init__(self, stock: Stock, kit: Kit):
        self._stock, self._kit = stock, kit
        self._paused: Side | None = None

    async def play(self, workload: Workload, rounds: int) -> tuple[list[Sample], list[Sample]]:
        """Run *workload* in turn; return the samples of both columns."""
        say(f"{workload.name}: {workload.says}")
        found: tuple[list[Sample], list[Sample]] = ([], [])
        for number in range(rounds):
            for column, (name, samples) in enumerate(zip(workload.compares, found, strict=True)):
                sample = await self._once(workload, column)
                samples.append(sample)
                dropped = " (dropped)" if number == 0 and rounds > 1 else ""
                say(f"  round {number + 1}/{rounds}{dropped} {name:7} {_shown(workload, sample)}")
        return found

    async def _once(self, workload: Workload, column: int) -> Sample:
        side: Side = self._kit if column or workload.on_stock else self._stock
        run = workload.on_stock if workload.on_stock and not column else workload.run
        await self._only(side)
        sample = Sample()
        try:
            async with asyncio.timeout(SECONDS):
                await run(side, sample)
        except Exception as error:  # noqa: BLE001 (one side's failure is a result)
            sample.fail(f"{type(error).__name__}: {error}")
            sample.notes += [traceback.format_exc(), await side.last_words()]
        try:
            await side.stop_all()
        except TimeoutError:
            sample.fail("servers could not be stopped afterwards")
        for reason in sample.notes[:3]:
            say(f"    {reason}")
        return sample

    async def _only(self, side: Side) -> None:
        """Let *side* run and the other do nothing."""
        other: Side = self._stock if side is self._kit else self._kit
        if self._paused is other:
            return
        if self._paused is side:
            await side.resume()
        await other.pause()
        self._paused = other


def _shown(workload: Workload, sample: Sample) -> str:
    parts = []
    for metric in workload.metrics:
        values: Sequence[float] = sorted(sample.values.get(metric.name, ()))
        if values:
            middle = values[len(values) // 2]
            parts.append(f"{metric.name} {middle:.3g} {metric.unit}")
    parts += [f"{sample.failures} failed"] if sample.failures else []
    return "; ".join(parts)
