"""What the hub's metrics say about the start queue."""

from __future__ import annotations

import asyncio

from prometheus_client import CollectorRegistry

from hubkit.services import start_metrics
from hubkit.spawner.turns import Turns


async def test_gauges():
    """Who starts and who waits, as it is at the moment of the scrape."""
    registry, turns = CollectorRegistry(auto_describe=True), Turns(1)
    start_metrics.configure(turns, registry)

    def scrape() -> tuple[float | None, float | None]:
        names = ("hubkit_starts_running", "hubkit_starts_queued")
        running, queued = (registry.get_sample_value(name) for name in names)
        return running, queued

    async def start() -> None:
        async with turns.turn(print):
            await asyncio.sleep(60)

    assert scrape() == (0, 0)
    starts = [asyncio.ensure_future(start()) for _ in range(3)]
    await asyncio.sleep(0)
    assert scrape() == (1, 2)
    for one in starts:
        one.cancel()
    await asyncio.wait(starts)
    assert scrape() == (0, 0)
