"""Calls of the engine: in order for one container, beside each other for all, never for ever."""

from __future__ import annotations

import asyncio
import threading

import pytest

from hubkit.errors import EngineError
from hubkit.spawner.calls import Calls, EngineSilent, limit_of
from tests.unit.spawner.blocking import LONG, run, settled

SOON = 0.05


async def test_result(calls):
    """A caller gets what the call returns, with the arguments it gave."""
    assert await calls.run("ada", "{}-{b}".format, "a", limit=LONG, b="c") == "a-c"


async def test_error(calls):
    """A caller gets the call's own error."""
    with pytest.raises(ZeroDivisionError):
        await calls.run("ada", lambda: 1 / 0, limit=LONG)


async def test_order_of_one_container(calls, blocked):
    """Calls of one key run one after the other, in the order they were asked for."""
    log = []
    made = [blocked(log, name) for name in "abc"]
    tasks = [run(calls, "ada", call) for call in made]

    await made[0].has_begun()
    for call in reversed(made):
        call.go.set()
    await asyncio.gather(*tasks)

    assert log == [f"{name} {what}" for name in "abc" for what in ("begins", "ends")]


async def test_others_do_not_wait(calls, blocked):
    """A stuck call of one container, and those behind it, delay nobody else."""
    stuck = blocked()
    waiting = [run(calls, "ada", stuck), *(run(calls, "ada", str) for _ in range(10))]
    await stuck.has_begun()

    assert await calls.run("bob", lambda: "answer", limit=LONG) == "answer"
    assert not any(task.done() for task in waiting)

    stuck.go.set()
    await asyncio.gather(*waiting)


async def test_no_key_no_order(calls, blocked):
    """Calls without a key run beside each other."""
    made = [blocked() for _ in range(4)]
    tasks = [run(calls, "", call) for call in made]

    for call in made:
        await call.has_begun()
        call.go.set()
    await asyncio.gather(*tasks)


async def test_bounded(calls, blocked):
    """No more calls run than there are threads; the rest follow in order."""
    log = []
    made = [blocked(log, name) for name in "abcd"]
    tasks = [run(calls, call.name, call) for call in made]
    for call in made:
        await call.has_begun()
    more = [run(calls, name, log.append, name) for name in "efg"]
    await settled()
    assert len(log) == 4

    made[2].go.set()
    await asyncio.gather(*more)

    assert log[4:] == ["c ends", "e", "f", "g"]
    for call in made:
        call.go.set()
    await asyncio.gather(*tasks)


async def test_silent(calls, blocked):
    """Who waits longer than the limit gets an error that says so."""
    stuck = blocked()

    with pytest.raises(EngineSilent, match=r"about ada within 0.05 s") as silent:
        await calls.run("ada", stuck, limit=SOON)

    assert isinstance(silent.value, EngineError)
    assert silent.value.begun


async def test_behind_a_silent_one(calls, blocked):
    """All behind a stuck call get their error too; none of them ever runs."""
    stuck, log = blocked(), []
    first = run(calls, "ada", stuck, limit=SOON)
    behind = [run(calls, "ada", log.append, "ran", limit=SOON) for _ in range(5)]

    assert isinstance((await asyncio.gather(first, return_exceptions=True))[0], EngineSilent)
    late = run(calls, "ada", log.append, "ran", limit=SOON)
    answers = await asyncio.gather(*behind, late, return_exceptions=True)

    assert [(type(answer), answer.begun) for answer in answers] == [(EngineSilent, False)] * 6
    stuck.go.set()
    await calls.drained("ada")
    assert not log


async def test_a_slow_call_is_no_silence(calls, blocked):
    """The clock of a call does not run while an earlier one keeps its own limit."""
    slow = blocked()
    first = run(calls, "ada", slow)
    second = run(calls, "ada", lambda: "answer", limit=SOON)
    await asyncio.sleep(2 * SOON)
    assert not second.done()

    slow.go.set()

    assert await second == "answer"
    await first


async def test_waiting_for_a_thread_is_silence(calls, blocked):
    """When all threads are stuck, callers get their errors, and nothing piles up."""
    made = [blocked() for _ in range(4)]
    stuck = [run(calls, str(index), call) for index, call in enumerate(made)]
    for call in made:
        await call.has_begun()

    late = [calls.run(f"late {i}", str, limit=SOON) for i in range(50)]
    answers = await asyncio.gather(*late, return_exceptions=True)

    assert {(type(answer), answer.begun) for answer in answers} == {(EngineSilent, False)}
    assert len(calls._lines) == 4
    assert not calls._ready
    for call in made:
        call.go.set()
    await asyncio.gather(*stuck)


async def test_in_time_however_late_the_loop_looks(calls, blocked):
    """An answer that came in time counts, though the loop was held up beyond the limit."""
    quick = blocked()
    task = run(calls, "ada", quick, limit=0.01)
    await asyncio.sleep(0)
    quick.begun.wait(LONG)
    quick.go.set()
    quick.ended.wait(LONG)
    threading.Event().wait(SOON)

    assert await task == "blocked"


async def test_drained(calls, blocked):
    """Whoever waits for a container's calls waits for those without a caller as well."""
    stuck = blocked()
    given_up = run(calls, "ada", stuck)
    await stuck.has_begun()
    given_up.cancel()
    drained = asyncio.ensure_future(calls.drained("ada"))
    await settled()
    assert not drained.done()

    stuck.go.set()
    await drained
    await calls.drained("ada")

    assert stuck.ended.is_set()


async def test_nothing_is_kept(calls):
    """Containers come and go for years."""
    for index in range(100):
        await calls.run(f"jupyter-{index}", str, limit=LONG)
    await asyncio.gather(*(calls.run("", str, limit=LONG) for _ in range(100)))

    assert not calls._lines
    assert not calls._ready
    assert calls._running == 0


def test_made_without_a_loop():
    """It can be made before a loop runs, and then serve it."""
    calls = Calls()

    assert asyncio.run(calls.run("ada", lambda: 1, limit=LONG)) == 1


@pytest.mark.parametrize(
    ("method", "limit"),
    [("inspect_image", 10), ("logs", 20), ("update_container", 20), ("stop", 60), ("new", 60)],
)
def test_limits(method, limit):
    assert limit_of(method) == limit
