"""The pool as a start sees it: asked without waiting, told without being waited for."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from hubkit import schedule
from hubkit.errors import HubkitError
from hubkit.pool.blueprint import Blueprint
from hubkit.pool.handout import Mounter
from hubkit.pool.members import Member, Members

SETTLE = 3.0  # seconds after a start was ready until the next container is made
PATIENCE = 300.0  # seconds without a mounter after which those that wait are given up
OFF = "POOL_SIZE=0"
NOT_YET = "the pool is about to be filled"


class Figures(Protocol):
    """Counts what happens, for the metrics."""

    def handed_out(self, image: str, seconds: float) -> None:
        """Count a start that was served by the pool, from its begin until ready."""

    def refused(self, image: str) -> None:
        """Count a start that would have been, had there been a container ready."""

    def refilled(self, image: str, seconds: float) -> None:
        """Count a container that began to wait, and how long it took."""


@dataclass
class Kind:
    """What is known of one image.

    Attributes:
        blueprint: How its containers are made; None while they cannot be.
        trouble: Why not, or what went wrong last.
        resized: How many an administrator wants, None for what the settings say.
        drained: Those made before are to be replaced; seconds since 1970.
        failures: How many in a row never came to wait.
        pause: None is made until then; the clock is `time.monotonic`.
    """

    blueprint: Blueprint | None = None
    trouble: str = ""
    resized: int | None = None
    drained: float = 0.0
    failures: int = 0
    pause: float = 0.0


@dataclass(frozen=True)
class View:
    """One image of the pool, as `hubkit pool list` shows it.

    Attributes:
        image: Its name.
        size: How many should wait.
        ready: How many do.
        replaced: How many of these will be replaced.
        oldest: Seconds the oldest has waited.
        trouble: What is wrong, "" if nothing is.
    """

    image: str
    size: int
    ready: int
    replaced: int
    oldest: int
    trouble: str


class Pool:
    """Containers of one hub that wait for users; `hubkit.pool.keeper` looks after them.

    Args:
        project: The hub's project.
        size: How many wait, of each image.
        capacity: Waiting containers and running servers together; 0 for no limit.
        max_age: Seconds until one is replaced.
        windows: When more wait.
        clock: Seconds, for all that is about spans of time.
    """

    figures: Figures | None = None
    mounter: Mounter | None = None
    kept: asyncio.Task[None] | None = None  # looks after it

    def __init__(
        self,
        project: str,
        size: int,
        *,
        capacity: int = 0,
        max_age: float = 86400,
        windows: Sequence[schedule.Window] = (),
        clock: Callable[[], float] = time.monotonic,
    ):
        self.project, self.capacity, self.clock = project, capacity, clock
        self._size, self._max_age, self._windows = size, max_age, windows
        self.on = bool(size or windows)
        self.members, self.kinds = Members(), dict[str, Kind]()
        self.unsupported = NOT_YET if self.on else OFF
        self.away: set[str] = set()  # ids of those taken, until they have their servers' names
        self.doomed: set[str] = set()  # ids of those to be removed
        self.hopeless: set[str] = set()  # volumes that cannot be mounted later
        self.woken = asyncio.Event()
        self._starting, self._settled, self._silent_since = 0, 0.0, clock()

    def __deepcopy__(self, memo: object) -> Pool:
        # traitlets copies what is configured; there is one pool.
        return self

    def take(self, key: str) -> Member | None:
        """Return a container for a start with this *key*, which nobody else gets; or None."""
        image = next((image for image in self.kinds if self.key(image) == key), None)
        if image is None or self.unsupported:
            return None
        member = self.members.take(key)
        if member:
            self.away.add(member.id)
        elif self.size(image) and self.figures:
            self.figures.refused(image)
        self.woken.set()
        return member

    def gone(self, identity: str) -> None:
        """Forget a container that was taken: it is a server now, or removed."""
        self.away.discard(identity)

    def discard(self, identity: str) -> None:
        """Have a container removed, as soon as the engine does it."""
        self.doomed.add(identity)
        self.woken.set()

    def key(self, image: str) -> str:
        """Return what a start with *image* needs to be given a container, "" if none is."""
        blueprint = self.kinds[image].blueprint
        return blueprint.key if blueprint else ""

    def support(self, why: str) -> None:
        """Take note of why nothing can be mounted now, "" if it can."""
        if not why:
            self.hopeless.clear()  # who looks again may be luckier
        if why and (not self.unsupported or self.unsupported == NOT_YET):
            self._silent_since = self.clock()
        self.unsupported = why
        self.woken.set()

    @contextlib.contextmanager
    def starting(self) -> Iterator[None]:
        """Make no container while a server starts, queued or not, nor shortly after."""
        self._starting += 1
        self.woken.set()
        try:
            yield
        finally:
            self._starting -= 1
            self._settled = self.clock() + SETTLE
            self.woken.set()

    def quiet_at(self) -> float | None:
        """Return from when on no start is disturbed; None while one is under way."""
        return None if self._starting else self._settled

    def size(self, image: str) -> int:
        """Return how many containers of *image* should wait now."""
        if self.unsupported and self.clock() - self._silent_since > PATIENCE:
            return 0
        resized = self.kinds[image].resized
        if resized is not None:
            return resized
        return schedule.number_at(self._windows, datetime.now().astimezone(), self._size)

    def is_replaced(self, member: Member) -> bool:
        """Return whether another container should take *member*'s place."""
        too_old = time.time() - member.made >= self._max_age
        return too_old or member.made < self.kinds[member.image].drained

    def resize(self, image: str, size: int) -> None:
        """Let *size* containers of *image* wait until the hub is restarted.

        Raises:
            HubkitError: No server is started with this image.
        """
        self._kind(image).resized = size
        self.woken.set()

    def drain(self, image: str) -> int:
        """Have each waiting container of *image* replaced by another; return how many.

        Raises:
            HubkitError: No server is started with this image.
        """
        self._kind(image).drained = time.time()
        self.woken.set()
        return len(self.members.of(image))

    def views(self) -> list[View]:
        """Return what there is of each image."""
        return [self._view(image, kind) for image, kind in self.kinds.items()]

    def _view(self, image: str, kind: Kind) -> View:
        waiting = self.members.of(image)
        oldest = max((time.time() - one.made for one in waiting), default=0)
        return View(
            image,
            self.size(image),
            len(waiting),
            sum(map(self.is_replaced, waiting)),
            int(oldest),
            self.unsupported or kind.trouble,
        )

    def _kind(self, image: str) -> Kind:
        if image in self.kinds:
            return self.kinds[image]
        if not self.on:
            raise HubkitError(f"the pool is off ({OFF}); set another size in .env and 'make up'.")
        known = ", ".join(self.kinds) or "none yet"
        raise HubkitError(f"nothing waits for servers with the image {image}; images are: {known}.")
