"""Containers are removed, or the engine says why not."""

from __future__ import annotations

import pytest
from docker.errors import APIError

from hubkit.spawner import removing
from tests.unit.pool.engine import FakeEngine, refusal


@pytest.fixture
def engine():
    return FakeEngine()


@pytest.mark.parametrize("status", [404, 409], ids=["gone", "being removed"])
async def test_removed_already(engine, status):
    """What somebody else removes is as good as removed."""
    engine.refuses["remove_container"] = [refusal(status)]

    await removing.remove(engine, "x")


async def test_not_removed(engine):
    engine.refuses["remove_container"] = [refusal(500)]

    with pytest.raises(APIError):
        await removing.remove(engine, "x")
