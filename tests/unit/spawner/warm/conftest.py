"""Servers that start with a pool in which one waits."""

from __future__ import annotations

import pytest

from hubkit.pool.pool import Pool
from hubkit.spawner import warm
from tests.unit.pool.conftest import Clock, Site
from tests.unit.spawner.warming import Spawner, spawner_of


@pytest.fixture
async def site(monkeypatch):
    """A pool in which one server waits, and what is asked of servers that start."""
    made = Site(Pool("kit", 1, clock=Clock()))
    await made.work()
    monkeypatch.setattr(Spawner, "engine", made.engine)
    made.asked = []

    async def wait_until_ready(*address, **_):
        made.asked.append(address)

    monkeypatch.setattr(warm, "wait_until_ready", wait_until_ready)
    return made


@pytest.fixture
def spawner(db, site):
    """Return a function that makes the spawner of a user's server, as after a restart."""

    def make(name="ada", server="", **traits):
        return spawner_of(db, site, name, server, **traits)

    return make
