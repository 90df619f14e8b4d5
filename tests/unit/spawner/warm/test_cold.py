"""Starts that get nothing of the pool are cold, and harm nothing."""

from __future__ import annotations

import pytest

from tests.unit.pool.engine import cold, refusal
from tests.unit.spawner.warming import Spawner


@pytest.mark.parametrize(
    "traits",
    [
        pytest.param({"pool": None}, id="no pool"),
        pytest.param({"pull_policy": "always"}, id="the image may be another by now"),
    ],
)
async def test_cold(spawner, site, traits):
    """Starts that cannot be served are left to be cold, without a call to the engine."""
    before = len(site.engine.asked)

    assert await spawner(**traits).start_warm() is None
    assert len(site.engine.asked) == before


async def test_something_left_behind(spawner, site):
    """Where a container of the server is still there a cold start removes it first."""
    site.engine.add(
        "kit-jupyter-ada", {"hubkit.hub": "kit", "hubkit.user": "ada", "hubkit.server": ""}
    )

    assert await spawner().start_warm() is None
    assert len(site.pool.members) == 1


async def test_another_start(spawner, site, monkeypatch):
    """A start with another command gets no container of the pool."""

    async def other(self):
        return cold(command=["other"])

    monkeypatch.setattr(Spawner, "blueprint_kwargs", other)

    assert await spawner().start_warm() is None
    assert len(site.pool.members) == 1


async def test_unknown_image(spawner, site, monkeypatch):
    """Where the image is missing a cold start pulls it."""

    async def missing(self):
        raise refusal(404)

    monkeypatch.setattr(Spawner, "blueprint_kwargs", missing)

    assert await spawner().start_warm() is None
