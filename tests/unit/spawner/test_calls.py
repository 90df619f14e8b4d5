"""Calls of the engine: in order for one container, beside each other for all, never for ever."""

from __future__ import annotations

import asyncio
import threading

import pytest

from hubkit.errors import EngineError
from hubkit.spawner.calls import Calls, EngineSilent, limit_of

LONG = 30.0  # seconds no test takes
SOON = 0.05


class Blocked:
    """A call that has begun and does not end before it is let go."""

    def __init__(self, log=None, name="blocked"):
        self.begun, self.go, self.ended = threading.Event(), threading.Event(), threading.Event()
        self.log, self.name = log if log is not None else [], name

    def __call__(self):
        self.log.append(f"{self.name} begins")
        self.begun.set()
        self.go.wait(LONG)
        self.log.append(f"{self.name} ends")
        self.ended.set()
        return self.name

    async def has_begun(self):
        assert await asyncio.to_thread(self.begun.wait, LONG)


@pytest.fixture
def blocked():
    """Return a function that makes calls that block; they are let go at the end."""
    made = []

    def make(*args):
        made.append(Blocked(*args))
        return made[-1]

    yield make
    for call in made:
        call.go.set()


@pytest.fixture
def calls():
    return Calls(threads=4)


def run(calls, key, call, *args, limit=LONG):
    """Ask for a call now, as a task that has already begun to wait."""
    return asyncio.ensure_future(calls.run(key, call, *args, limit=limit))


async def settled():
    """Let every task and callback that can run do so."""
    for _ in range(5):
        await asyncio.sleep(0)


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
