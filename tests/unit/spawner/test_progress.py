"""What one start says about itself."""

from __future__ import annotations

import asyncio

import pytest

from hubkit.spawner import progress as module
from hubkit.spawner.progress import Progress


@pytest.fixture
def progress(monkeypatch):
    monkeypatch.setattr(module, "BETWEEN", 0)
    return Progress()


async def said(progress):
    return [event["message"] async for event in progress.events()]


async def test_a_late_page_is_told_everything_once(progress):
    """Steps that are over stay; of one that repeats itself the newest report is shown."""
    progress.say("queue", 1, "two are before you")
    progress.say("queue", 1, "you are next")
    progress.say("create", 70, "creating")
    progress.end()

    assert await said(progress) == ["you are next", "creating"]


async def test_pages_that_watch_see_each_change(progress):
    """Every page gets every step; what is said twice is shown once."""
    watching = [asyncio.create_task(said(progress)) for _ in range(2)]
    for step, message in (("pull", "1 MB"), ("pull", "2 MB"), ("pull", "2 MB"), ("create", "c")):
        await asyncio.sleep(0.001)
        progress.say(step, 10, message)
        for _ in range(5):
            await asyncio.sleep(0)
    progress.end()

    assert await asyncio.gather(*watching) == [["1 MB", "2 MB", "c"]] * 2


async def test_the_end_is_noticed_by_who_waits(progress):
    watching = asyncio.create_task(said(progress))
    await asyncio.sleep(0.001)

    progress.end()

    assert await asyncio.wait_for(watching, 5) == []


async def test_events_are_jupyterhubs(progress):
    progress.say("create", 70, "creating")
    progress.end()

    events = [event async for event in progress.events()]

    assert events == [{"progress": 70, "message": "creating"}]
