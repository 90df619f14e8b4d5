"""A provider is asked now and then, never for long, and not while it is down."""

from __future__ import annotations

import asyncio

import pytest

from hubkit.auth import recheck as module
from hubkit.auth.recheck import PAUSE, Rechecks

EVERY = 300


class Clock:
    now = 1000.0

    def __call__(self):
        return self.now


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def rechecks(clock):
    return Rechecks(EVERY, clock)


class Provider:
    """Answers with *answer*, once `let` is set; counts how often it was asked."""

    def __init__(self, answer=True):
        self.answer, self.asked, self.let = answer, 0, asyncio.Event()
        self.let.set()

    async def __call__(self):
        self.asked += 1
        await self.let.wait()
        if isinstance(self.answer, Exception):
            raise self.answer
        return self.answer


@pytest.mark.parametrize("answer", [True, False, {"name": "ada"}], ids=str)
async def test_asks(rechecks, answer):
    """What the provider says is what is told."""
    assert await rechecks.ask("ada", Provider(answer)) == answer


async def test_now_and_then(rechecks, clock):
    """Each person is asked about once in the time that was set."""
    provider = Provider()
    assert await rechecks.ask("ada", provider) is True
    clock.now += EVERY - 1
    assert await rechecks.ask("ada", provider) is None
    assert await rechecks.ask("grace", provider) is True
    clock.now += 1
    assert await rechecks.ask("ada", provider) is True
    assert provider.asked == 3


async def test_fresh(rechecks, clock):
    """Who has just signed in is not asked about."""
    provider = Provider()
    rechecks.fresh("ada")
    assert await rechecks.ask("ada", provider) is None
    clock.now += EVERY
    assert await rechecks.ask("ada", provider) is True


async def test_many_pages_one_question(rechecks):
    """Requests at the same time wait for one answer."""
    provider = Provider(False)
    provider.let.clear()
    pages = [asyncio.create_task(rechecks.ask("ada", provider)) for _ in range(5)]
    await asyncio.sleep(0)
    provider.let.set()

    assert await asyncio.gather(*pages) == [False] * 5
    assert provider.asked == 1


async def test_slow(rechecks, clock, monkeypatch):
    """A page does not wait for a slow provider; its answer counts when it comes."""
    monkeypatch.setattr(module, "WAIT", 0.01)
    provider = Provider(False)
    provider.let.clear()

    assert await rechecks.ask("ada", provider) is None
    assert await rechecks.ask("grace", provider) is None  # nobody else is asked about

    provider.let.set()
    await asyncio.sleep(0)
    assert await rechecks.ask("ada", provider) is False
    clock.now += PAUSE
    assert await rechecks.ask("grace", provider) is False
    assert provider.asked == 2


async def test_down(rechecks, clock):
    """A provider that fails changes nothing, and is left alone for a while."""
    provider = Provider(OSError("refused"))
    assert await rechecks.ask("ada", provider) is None
    provider.answer = False
    assert await rechecks.ask("ada", provider) is None
    assert provider.asked == 1

    clock.now += PAUSE

    assert await rechecks.ask("ada", provider) is False
