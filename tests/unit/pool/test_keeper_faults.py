"""What goes wrong with containers of the pool: said, tried again, and nothing is left."""

from __future__ import annotations

import asyncio
import logging

import pytest

from hubkit.pool import blueprint, keeper
from hubkit.pool.pool import PATIENCE
from hubkit.spawner.calls import EngineSilent
from tests.unit.pool.conftest import LAB
from tests.unit.pool.engine import IMAGE, cold, refusal


async def test_obstacle(site, caplog):
    """Where volumes cannot be mounted later nothing waits, and the log says why once."""
    lab = site(1)
    await lab.work()
    lab.source.known["lab:1"] = blueprint.of(
        cold(inspected={**IMAGE, "Config": {"Volumes": {"/home/jovyan/work": {}}}})
    )

    await lab.work()
    await lab.work()

    assert not lab.engine.containers
    assert caplog.text.count("the image declares a volume") == 1
    [view] = lab.pool.views()
    assert "declares a volume" in view.trouble


async def test_unknown_start(site):
    """What cannot be learned now changes nothing that was known."""
    lab = site(1)
    await lab.work()
    lab.source.known["lab:1"] = refusal(404)

    await lab.work()

    assert [one.key for one in lab.pool.members] == [LAB.key]
    [view] = lab.pool.views()
    assert view.trouble.startswith("what a start needs is not known")


async def test_never_ready(site, caplog):
    """An image that cannot wait is tried seldom, leaves nothing, and the log says why."""
    lab = site(1)
    lab.engine.log = b"hubkit: /bin/x names no Python: it cannot be started ahead\n"

    async def dies(identity):
        lab.engine.containers[identity]["State"].update(Running=False, StartedAt="t")

    lab.engine._start = dies
    await lab.work()
    await lab.settle()

    assert lab.engine.asked.count("create_container") == 1
    assert not lab.engine.containers
    assert "names no Python" in caplog.text
    [view] = lab.pool.views()
    assert "names no Python" in view.trouble

    lab.pool.clock.now += keeper.AFTER_FAILURE
    await lab.work()
    assert lab.engine.asked.count("create_container") == 2


async def test_never_ready_nor_removed(site, caplog):
    """Why it never waited is said all the same, and the next look removes it."""
    lab = site(1)
    lab.engine.log = b"hubkit: no Python\n"

    async def dies(identity):
        lab.engine.containers[identity]["State"].update(Running=False, StartedAt="t")

    lab.engine._start = dies
    lab.engine.refuses["remove_container"] = [refusal(500)]

    await lab.work()
    assert "did not come to wait: hubkit: no Python" in caplog.text
    await lab.settle()

    assert lab.engine.asked.count("create_container") == 1
    assert not lab.engine.containers


async def test_creation_that_fails(site):
    """A refusal of the engine leaves nothing, and what comes later is another try."""
    lab = site(1)
    lab.engine.refuses["start"] = [refusal(500)]

    with pytest.raises(type(refusal(500))):
        await lab.work()
    await lab.work()

    assert len(lab.engine.containers) == len(lab.pool.members) == 1


async def test_creation_answered_too_late(site):
    """A container the engine made after its time was up does not stay behind."""
    lab = site(1)
    create = lab.engine._create_container

    async def late(**words):
        await create(**words)
        raise EngineSilent("", 60, begun=True)

    lab.engine._create_container = late
    with pytest.raises(EngineSilent):
        await lab.work()
    lab.engine._create_container = create

    await lab.work()

    assert lab.engine.names == [one.name for one in lab.pool.members]
    assert len(lab.engine.names) == 1


async def test_cancelled(site):
    """A hub that stops while a container is made leaves no half of one."""
    lab = site(1)
    stays = asyncio.Event()

    async def forever(identity, tail):
        await stays.wait()

    lab.engine._logs = forever
    running = asyncio.create_task(lab.work())
    while "logs" not in lab.engine.asked:
        await asyncio.sleep(0)
    running.cancel()

    with pytest.raises(asyncio.CancelledError):
        await running
    assert not lab.engine.containers


async def test_without_mounter(site, caplog):
    """Without a mounter nobody gets one; those that wait are kept for a while."""
    lab = site(1)
    await lab.work()
    lab.mounter.why = "the mounter does not answer"

    await lab.work()
    assert lab.pool.take(LAB.key) is None
    assert len(lab.pool.members) == 1

    lab.pool.clock.now += PATIENCE + 1
    await lab.work()
    assert not lab.engine.containers

    lab.mounter.why = ""
    await lab.settle()
    assert lab.pool.take(LAB.key)


async def test_quiet(site, caplog):
    """A pool that is full does nothing but look."""
    lab = site(1)
    await lab.work()
    before = len(lab.engine.asked)
    caplog.clear()
    with caplog.at_level(logging.INFO):
        await lab.work()

    assert set(lab.engine.asked[before:]) == {"containers", "inspect_container"}
    assert not caplog.records


async def test_one_that_cannot_be_removed(site, caplog):
    """It holds up neither those that are missing nor the look at the others, and goes later."""
    lab = site(1)
    await lab.work()
    [stuck] = lab.engine.containers
    lab.pool.members.drop(stuck)
    lab.pool.discard(stuck)
    lab.engine.refuses["remove_container"] = [refusal(500)]

    await lab.work()

    assert len(lab.pool.members) == 1
    assert "is removed later" in caplog.text
    assert list(lab.engine.containers) == [one.id for one in lab.pool.members]
