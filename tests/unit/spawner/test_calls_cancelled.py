"""Calls of the engine that nobody waits for any more: none is lost, none is in the way."""

from __future__ import annotations

import asyncio

import pytest

from hubkit.spawner.calls import EngineSilent
from tests.unit.spawner.blocking import LONG, run, settled

SOON = 0.05


async def test_cancelled_before_it_began(calls, blocked):
    """A call taken back in time never runs, and who is behind it moves up."""
    first, log = blocked(), []
    waiting = run(calls, "ada", first)
    await first.has_begun()
    taken_back = run(calls, "ada", log.append, "taken back")
    behind = run(calls, "ada", log.append, "behind")
    await settled()

    taken_back.cancel()
    await settled()
    first.go.set()
    await asyncio.gather(waiting, behind)

    assert taken_back.cancelled()
    assert log == ["behind"]


async def test_cancelled_at_the_moment_its_turn_came(calls, blocked):
    """A cancelled call does not begin, even if its task has not yet run since."""
    made, log = [blocked() for _ in range(4)], []
    stuck = [run(calls, str(index), call) for index, call in enumerate(made)]
    for call in made:
        await call.has_begun()
    taken_back = run(calls, "ada", log.append, "taken back")
    behind = run(calls, "ada", log.append, "behind")
    await settled()

    for call in made:
        call.go.set()
    for call in made:
        call.ended.wait(LONG)  # holds up the loop: all that ended is reported to it at once
    taken_back.cancel()
    await asyncio.gather(*stuck, behind)

    assert log == ["behind"]


async def test_many_cancelled_at_once(calls, blocked):
    """However many callers vanish in one moment, the next one is served."""
    made = [blocked() for _ in range(4)]
    stuck = [run(calls, str(index), call) for index, call in enumerate(made)]
    gone = [run(calls, f"gone {index}", str) for index in range(3000)]
    last = run(calls, "ada", lambda: "answer")
    await settled()

    for call in made:
        call.go.set()
    for task in gone:
        task.cancel()

    assert await last == "answer"
    await asyncio.gather(*stuck)
    assert not calls._lines


async def test_cancelled_after_it_began(calls, blocked):
    """What began goes on; the next call of the container waits for its end."""
    log = []
    create = blocked(log, "create")
    given_up = run(calls, "ada", create)
    await create.has_begun()
    given_up.cancel()
    remove = run(calls, "ada", log.append, "remove")
    await settled()
    assert given_up.cancelled()
    assert log == ["create begins"]

    create.go.set()
    await remove

    assert log == ["create begins", "create ends", "remove"]


async def test_timed_out_after_it_began(calls, blocked):
    """The next call of a container waits for the end of one that nobody waits for any more."""
    log = []
    create = blocked(log, "create")
    with pytest.raises(EngineSilent):
        await calls.run("ada", create, limit=SOON)
    remove = run(calls, "ada", log.append, "remove")
    await settled()
    assert log == ["create begins"]

    create.go.set()
    await remove

    assert log == ["create begins", "create ends", "remove"]


async def test_an_error_nobody_waits_for(calls, blocked, caplog):
    """A call that fails after its caller has gone is no event for the log."""
    stuck = blocked()
    given_up = run(calls, "ada", lambda: 1 / stuck().count("x"))
    await stuck.has_begun()
    given_up.cancel()

    stuck.go.set()
    await calls.drained("ada")

    assert not caplog.records
