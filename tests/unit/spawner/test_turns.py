"""The start queue: bounded, in order, and each who waits knows its place."""

from __future__ import annotations

import asyncio

import pytest

from hubkit.spawner.turns import Turns


class Start:
    """A start that takes its turn and holds it until it is let go."""

    def __init__(self, turns, tell=None):
        self.places, self.began, self.go = [], False, asyncio.Event()
        self.task = asyncio.ensure_future(self._run(turns, tell or self.places.append))

    async def _run(self, turns, tell):
        async with turns.turn(tell):
            self.began = True
            await self.go.wait()


async def settled():
    for _ in range(5):
        await asyncio.sleep(0)


async def started(turns, count):
    """Return *count* starts, asked for one after the other."""
    made = [Start(turns) for _ in range(count)]
    await settled()
    return made


async def test_free_at_once():
    """Who finds a free slot is told nothing."""
    turns = Turns(2)

    starts = await started(turns, 2)

    assert [start.began for start in starts] == [True, True]
    assert [start.places for start in starts] == [[], []]
    assert (turns.taken, turns.waiting) == (2, 0)


async def test_places():
    """Each who waits is told its place, and again when it moves up."""
    turns = Turns(1)
    starts = await started(turns, 4)
    assert (turns.taken, turns.waiting) == (1, 3)

    for start in starts:
        assert start.began
        start.go.set()
        await settled()

    assert [start.places for start in starts] == [[], [1], [2, 1], [3, 2, 1]]
    assert (turns.taken, turns.waiting) == (0, 0)


async def test_no_one_slips_in():
    """Who comes when a slot becomes free stands behind those who wait."""
    turns = Turns(1)
    holder, waiting = await started(turns, 2)

    holder.task.cancel()
    late = Start(turns)
    await settled()

    assert (waiting.began, late.began) == (True, False)
    assert late.places[-1] == 1


async def test_cancelled_while_waiting():
    """Who gives up leaves no gap: the others move up."""
    turns = Turns(1)
    starts = await started(turns, 4)

    starts[1].task.cancel()
    await settled()

    assert [start.places for start in starts[2:]] == [[2, 1], [3, 2]]
    assert (turns.taken, turns.waiting) == (1, 2)


async def test_cancelled_at_the_moment_its_turn_came():
    """A slot given to one who was cancelled meanwhile goes to the next."""
    turns = Turns(1)
    holder, chosen, after = await started(turns, 3)
    holder.go.set()
    while turns.waiting == 2:
        await asyncio.sleep(0)

    chosen.task.cancel()  # its turn has come, and it has not run since
    await settled()

    assert chosen.task.cancelled()
    assert (chosen.began, after.began) == (False, True)
    assert (turns.taken, turns.waiting) == (1, 0)


async def test_failed_start():
    """A start that fails gives its slot back."""
    turns = Turns(1)

    with pytest.raises(ZeroDivisionError):
        async with turns.turn(print):
            raise ZeroDivisionError

    assert turns.taken == 0


async def test_tell_fails():
    """Where telling fails, only that start fails."""
    turns = Turns(1)
    holder = Start(turns)
    await settled()
    unlucky = Start(turns, tell={}.__getitem__)
    waiting = Start(turns)
    await settled()

    assert isinstance(unlucky.task.exception(), KeyError)
    assert waiting.places[-1] == 1
    holder.go.set()
    await settled()
    assert waiting.began


async def test_more_slots():
    """New slots go to those who wait, in order."""
    turns = Turns(1)
    starts = await started(turns, 4)

    turns.resize(3)
    await settled()

    assert [start.began for start in starts] == [True, True, True, False]
    assert starts[3].places == [3, 1]


async def test_fewer_slots():
    """With fewer slots nobody loses a turn; fewer get one."""
    turns = Turns(2)
    starts = await started(turns, 3)
    turns.resize(1)

    starts[0].go.set()
    await settled()
    assert not starts[2].began

    starts[1].go.set()
    await settled()
    assert starts[2].began
