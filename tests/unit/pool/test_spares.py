"""What the engine says of containers, and what the pool makes of it."""

from __future__ import annotations

import pytest

from hubkit.pool import spares
from tests.unit.pool.conftest import LAB
from tests.unit.pool.engine import FakeEngine


@pytest.fixture
def engine():
    return FakeEngine()


async def test_make(engine):
    """A member is what the engine says it is once it waits."""
    member = await spares.make(engine, LAB, "kit")

    found = engine.containers[member.id]
    assert found["Name"] == f"/{member.name}"
    assert (member.image, member.key) == ("lab:1", LAB.key)
    assert member.started == found["State"]["StartedAt"]


async def test_waits_until_it_waits(engine, monkeypatch):
    """However long the imports take, it is not a member before."""
    monkeypatch.setattr(spares, "BETWEEN", 0)
    said = [b"", b"importing", b"importing\nhubkit: waiting\n"]

    async def logs(identity, tail):
        assert tail == spares.LINES
        return said.pop(0)

    engine._logs = logs
    await spares.make(engine, LAB, "kit")

    assert not said


async def test_too_late(engine, monkeypatch):
    """One that never waits is removed, and its last words are kept."""
    monkeypatch.setattr(spares, "READY", -1)
    engine.log = b"one\ntwo\nthree\nfour\n"

    with pytest.raises(spares.NeverReady, match="two / three / four"):
        await spares.make(engine, LAB, "kit")
    assert not engine.containers


async def test_ended_at_once(engine, monkeypatch):
    """A mark in the log of a container that has ended means nothing."""

    async def start(identity):
        engine.containers[identity]["State"]["Running"] = False

    engine._start = start

    with pytest.raises(spares.NeverReady, match="hubkit: waiting"):
        await spares.make(engine, LAB, "kit")


async def test_servers(engine):
    """Servers count from wherever they come; what waits, or has ended, does not."""
    kit = {"hubkit.hub": "kit"}
    engine.add("kit-jupyter-ada", kit)
    engine.add("kit-jupyter-bob", {**kit, "hubkit.pool": "k"})
    engine.add("kit-jupyter-eve", kit, Running=False)
    engine.add("kit-pool-0000000a", {**kit, "hubkit.pool": "k"})
    engine.add("shop-jupyter-ada", {"hubkit.hub": "shop"})

    assert await spares.servers(engine, "kit") == 2


@pytest.mark.parametrize(
    ("names", "found"),
    [
        pytest.param(["/other/alias", "/kit-pool-0000000a"], 1, id="linked to"),
        pytest.param([], 0, id="being removed"),
        pytest.param(None, 0, id="without"),
    ],
)
async def test_names(engine, names, found):
    """Only its own name says what a container is."""

    async def containers(**_):
        return [{"Id": "x", "Names": names, "Labels": {"hubkit.pool": "k"}}]

    engine._containers = containers

    assert len(await spares.ours(engine, "kit")) == found
