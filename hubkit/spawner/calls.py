"""How the hub calls the engine: in threads, in order for one container, never for ever.

A call of one container waits for the calls of the same container that were asked for before
it, and for nobody else's. What began in a thread cannot be stopped: it goes on after its
caller has given up, and the next call of its container begins only after it has ended, so
that a removal never overtakes the creation it cleans up after.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial
from typing import Any, TypeVar

from hubkit.errors import EngineError

T = TypeVar("T")

THREADS = 64
UNORDERED = ""  # the key of calls that belong to no container

# How the names of docker-py's methods begin, and how many seconds such a call may take.
LIMITS = {"inspect_": 10.0, "logs": 20.0, "rename": 20.0, "update_": 20.0}
OTHERWISE = 60.0  # enough for a stop, which gives a container 10 s before it kills it


def limit_of(method: str) -> float:
    """Return how many seconds a call of *method* of `docker.APIClient` may take."""
    return next((limit for begin, limit in LIMITS.items() if method.startswith(begin)), OTHERWISE)


class EngineSilent(EngineError):
    """The engine did not answer in time.

    Args:
        key: The container the call was about, or ``""``.
        limit: Seconds it had.
        begun: Whether the call had begun: then nobody knows whether it happened or still
            will. A call that had not begun never happens.
    """

    def __init__(self, key: str, limit: float, *, begun: bool):
        self.key, self.limit, self.begun = key, limit, begun
        about = f" about {key}" if key else ""
        super().__init__(f"the Docker engine did not answer a call{about} within {limit:g} s")


@dataclass(eq=False)
class _Call:
    """One call, from the moment it is asked for until it has ended or will never begin."""

    key: str
    work: Callable[[], Any]
    limit: float  # seconds
    answer: asyncio.Future[Any]
    begun: bool = False
    clock: asyncio.TimerHandle | None = None


@dataclass(eq=False)
class _Line:
    """The calls of one key; dictionaries, because any of them may leave at any time."""

    ordered: bool
    under_way: dict[_Call, None] = field(default_factory=dict)  # wait for a thread, or run
    waiting: dict[_Call, None] = field(default_factory=dict)
    overdue: bool = False  # one that runs has used up its time
    empty: asyncio.Event = field(default_factory=asyncio.Event)


class Calls:
    """Runs blocking calls in threads of its own, for one event loop.

    Args:
        threads: How many calls run at the same time; more wait for a thread in the order
            in which their turn came.
    """

    def __init__(self, threads: int = THREADS):
        self._threads = threads
        self._pool = ThreadPoolExecutor(threads, "engine")
        self._lines: dict[str, _Line] = {}
        self._ready: dict[_Call, None] = {}  # their turn has come, they wait for a thread
        self._running = 0

    async def run(
        self, key: str, call: Callable[..., T], /, *args: Any, limit: float, **kwargs: Any
    ) -> T:
        """Return what *call* returns, or raise what it raises.

        A caller that is cancelled before the call began takes it back.

        Args:
            key: The container's name, ``""`` if the order does not matter.
            call: Blocks; runs in a thread.
            *args: For *call*.
            limit: Seconds it may take, waiting for a thread included. The time in which
                earlier calls of the same key keep their own limits does not count.
            **kwargs: For *call*.

        Raises:
            EngineSilent: It took longer.
        """
        loop = asyncio.get_running_loop()
        mine = _Call(key, partial(call, *args, **kwargs), limit, loop.create_future())
        line = self._lines.setdefault(key, _Line(key != UNORDERED))
        line.waiting[mine] = None
        if line.overdue:
            self._start_clock(mine)
        self._advance(line)
        self._fill()
        try:
            answer: T = await mine.answer
            return answer
        finally:
            if not mine.begun:
                self._leave(mine)
                self._fill()

    async def drained(self, key: str) -> None:
        """Return once no call of *key* runs or waits."""
        while line := self._lines.get(key):
            await line.empty.wait()

    def _start_clock(self, call: _Call) -> None:
        if call.clock is None:
            loop = call.answer.get_loop()
            call.clock = loop.call_later(call.limit, self._overdue, call)

    def _overdue(self, call: _Call) -> None:
        """Give up *call*; whoever waits for it in its line has waited long enough as well."""
        line = self._lines[call.key]
        line.overdue = line.overdue or (call.begun and line.ordered)
        for behind in line.waiting:
            self._start_clock(behind)
        if not call.answer.done():
            call.answer.set_exception(EngineSilent(call.key, call.limit, begun=call.begun))
        if not call.begun:
            self._leave(call)
            self._fill()

    def _leave(self, call: _Call) -> None:
        """Take *call*, which has ended or will never begin, out of its line."""
        if call.clock:
            call.clock.cancel()
        line = self._lines.get(call.key)
        if line is None or not (call in line.under_way or call in line.waiting):
            return  # it has left before
        line.under_way.pop(call, None)
        line.waiting.pop(call, None)
        self._ready.pop(call, None)
        if call.begun:
            line.overdue = False
        self._advance(line)
        if not line.under_way:
            del self._lines[call.key]
            line.empty.set()

    def _advance(self, line: _Line) -> None:
        """Let those whose turn has come go for a thread."""
        while line.waiting and not (line.ordered and line.under_way):
            call = next(iter(line.waiting))
            del line.waiting[call]
            line.under_way[call] = self._ready[call] = None
            self._start_clock(call)

    def _fill(self) -> None:
        """Begin calls while there are threads."""
        while self._ready and self._running < self._threads:
            call = next(iter(self._ready))
            del self._ready[call]
            if call.answer.done():  # its caller was cancelled and has not run since
                self._leave(call)
                continue
            call.begun = True
            self._running += 1
            ran = self._pool.submit(call.work)
            ran.add_done_callback(partial(self._report, call))

    def _report(self, call: _Call, ran: Future[Any]) -> None:
        """Tell the event loop, in one step: a clock that runs out next must not be first."""
        with suppress(RuntimeError):  # the loop is closed: the hub has ended
            call.answer.get_loop().call_soon_threadsafe(self._ended, call, ran)

    def _ended(self, call: _Call, ran: Future[Any]) -> None:
        self._running -= 1
        self._leave(call)
        self._fill()
        if call.answer.done():
            return
        error = ran.exception()
        if error:
            call.answer.set_exception(error)
        else:
            call.answer.set_result(ran.result())
