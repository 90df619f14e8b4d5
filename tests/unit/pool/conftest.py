"""A pool with a clock that is set by hand, and what looks after it."""

from __future__ import annotations

from dataclasses import dataclass, field

import pytest

from hubkit.pool import blueprint
from hubkit.pool.keeper import Keeper
from hubkit.pool.pool import SETTLE, Pool
from tests.unit.pool.engine import FakeEngine, FakeMounter, FakeSource, cold

LAB = blueprint.of(cold())


@dataclass
class Site:
    """A hub's pool, its engine and its mounter."""

    pool: Pool
    engine: FakeEngine = field(default_factory=FakeEngine)
    mounter: FakeMounter = field(default_factory=FakeMounter)

    def __post_init__(self):
        self.source = FakeSource(LAB)
        self.begin_anew(self.pool)

    def begin_anew(self, pool):
        """Let another run of the hub look after what there is."""
        self.pool = pool
        self.keeper = Keeper(pool, self.engine, self.mounter, self.source)

    async def work(self, rounds=20):
        """Look, and then do all that there is to do."""
        await self.keeper.look()
        for _ in range(rounds):
            await self.keeper.work()

    async def settle(self):
        """Let the time pass that a start is given, and do all that there is to do."""
        self.pool.clock.now += SETTLE
        await self.work()

    def spare(self, key=LAB.key, name="kit-pool-0000000a", **state):
        """Let there be a container an earlier run of the hub made."""
        return self.engine.add(name, {"hubkit.hub": "kit", "hubkit.pool": key}, **state)


class Clock:
    now = 1000.0

    def __call__(self):
        return self.now


@pytest.fixture
async def site():
    """Return a function that makes a pool, by default of two."""

    def make(size=2, **options):
        return Site(Pool("kit", size, clock=Clock(), **options))

    return make
